#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "lockstep/base/clock.h"

static void iso(void **state)
{
    static const struct {
        int64_t us;
        const char *iso, *stamp;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z", "19700101000000"},
        {1795970324 * INT64_C(1000000), "2026-11-29T16:38:44Z", "20261129163844"},
        {1795970324 * INT64_C(1000000) + 999999, "2026-11-29T16:38:44Z", "20261129163844"},
        {-1, "1969-12-31T23:59:59Z", "19691231235959"},
        {-1000000, "1969-12-31T23:59:59Z", "19691231235959"},
        {951782400 * INT64_C(1000000), "2000-02-29T00:00:00Z", "20000229000000"},
    };
    char out[LS_ISO_LEN];

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        ls_iso_utc(cases[i].us, out);
        assert_string_equal(out, cases[i].iso);
        ls_stamp_utc(cases[i].us, out);
        assert_string_equal(out, cases[i].stamp);
    }
    ls_iso_utc(INT64_MAX, out); /* fits */
    assert_string_equal(out, "294247-01-10T04:00:54Z");
    ls_iso_utc(INT64_MIN, out);
    assert_string_equal(out, "-290308-12-21T19:59:05Z");
}

static void durations(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0 ms"},
        {412, "412 ms"},
        {999, "999 ms"},
        {1000, "1.0 s"},
        {3449, "3.4 s"},
        {59999, "59.9 s"},
        {60000, "1 min 00 s"},
        {125000, "2 min 05 s"},
        {3599999, "59 min 59 s"},
        {3780000, "1 h 03 min"},
        {360000000, "100 h 00 min"},
        {-1500, "-1.5 s"},
    };
    char out[LS_ISO_LEN];

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        ls_duration_text(cases[i].ms, out);
        assert_string_equal(out, cases[i].text);
    }
    ls_duration_text(INT64_MIN, out);
    assert_string_equal(out, "-2562047788015 h 12 min");
}

static void sizes(void **state)
{
    static const struct {
        int64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {812, "812 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {1048575, "1023.9 KiB"},
        {1048576, "1.0 MiB"},
        {3565158, "3.3 MiB"},
        {3670016, "3.5 MiB"},
        {-2048, "-2.0 KiB"},
        {INT64_C(5) << 40, "5.0 TiB"},
        {INT64_MAX, "7.9 EiB"},
        {INT64_MIN, "-8.0 EiB"},
    };
    char out[LS_ISO_LEN];

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        ls_size_text(cases[i].bytes, out);
        assert_string_equal(out, cases[i].text);
    }
}

static void clocks_run(void **state)
{
    int64_t us = ls_mono_us(), ms = ls_mono_ms();

    (void)state;
    assert_true(ms >= us / 1000);
    assert_true(ms - us / 1000 < 10000);
    while (ls_mono_us() == us)
        ;
    assert_true(ls_mono_us() > us);
    int64_t now = (int64_t)time(NULL);
    int64_t wall = ls_wall_us() / 1000000;

    assert_true(wall - now >= -1 && wall - now < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(clocks_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
