#include <config.h>

#include "lockstep/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts); /* cannot fail for these two clocks */
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t ls_mono_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000;
}

int64_t ls_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

int64_t ls_wall_us(void)
{
    return now_us(CLOCK_REALTIME);
}

static struct tm utc(int64_t wall_us)
{
    int64_t s = wall_us / 1000000 - (wall_us % 1000000 < 0); /* towards the past, also before 1970 */
    time_t t = (time_t)s;
    struct tm tm;

    if (!gmtime_r(&t, &tm)) /* only when time_t is too small for it */
        tm = (struct tm){.tm_year = 70, .tm_mday = 1};
    tm.tm_year += 1900;
    tm.tm_mon += 1;
    return tm;
}

void ls_iso_utc(int64_t wall_us, char out[LS_ISO_LEN])
{
    struct tm t = utc(wall_us);

    snprintf(out, LS_ISO_LEN, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

void ls_stamp_utc(int64_t wall_us, char out[LS_ISO_LEN])
{
    struct tm t = utc(wall_us);

    snprintf(out, LS_ISO_LEN, "%04d%02d%02d%02d%02d%02d", t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* |v| without overflow at INT64_MIN. */
static uint64_t magnitude(int64_t v)
{
    return v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v;
}

/* Cut, never rounded up: 59.96 s is "59.9 s", not "60.0 s". */
void ls_duration_text(int64_t ms, char out[LS_ISO_LEN])
{
    const char *sign = ms < 0 ? "-" : "";
    uint64_t v = magnitude(ms);
    uint64_t s = v / 1000;

    if (v < 1000)
        snprintf(out, LS_ISO_LEN, "%s%" PRIu64 " ms", sign, v);
    else if (s < 60)
        snprintf(out, LS_ISO_LEN, "%s%" PRIu64 ".%" PRIu64 " s", sign, s, v % 1000 / 100);
    else if (s < 3600)
        snprintf(out, LS_ISO_LEN, "%s%" PRIu64 " min %02" PRIu64 " s", sign, s / 60, s % 60);
    else
        snprintf(out, LS_ISO_LEN, "%s%" PRIu64 " h %02" PRIu64 " min", sign, s / 3600, s % 3600 / 60);
}

void ls_size_text(int64_t bytes, char out[LS_ISO_LEN])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    const char *sign = bytes < 0 ? "-" : "";
    uint64_t v = magnitude(bytes);
    unsigned u = 0;

    while (v >> (10 * u) >= 1024)
        u++;
    if (u == 0) {
        snprintf(out, LS_ISO_LEN, "%s%" PRIu64 " B", sign, v);
        return;
    }
    uint64_t whole = v >> (10 * u);
    uint64_t part = v >> (10 * (u - 1)) & 1023; /* 1024ths of the unit */

    snprintf(out, LS_ISO_LEN, "%s%" PRIu64 ".%" PRIu64 " %s", sign, whole, part * 10 / 1024, units[u]);
}
