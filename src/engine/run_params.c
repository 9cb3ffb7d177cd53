/* Values that are known only when an op is sent (model/plan.h). */
#include <config.h>

#include "engine/run_priv.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"

#define WORD_LEN 48 /* every value but the error fits */

/* Version 4, variant 1 (RFC 9562). Without the system's random numbers, the hash of what no other run has at the same moment. */
static void make_uuid(struct ls_runner *r)
{
    unsigned char b[32];

    if (getentropy(b, 16) != 0) {
        struct {
            int64_t wall, mono;
            const void *self;
            long pid, step;
        } seed = {ls_wall_us(), ls_mono_us(), r, (long)getpid(), r->step};

        ls_sha256_raw(&seed, sizeof(seed), b);
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(r->uuid, sizeof(r->uuid), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5], b[6],
             b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void ls_run_step_clock(struct ls_runner *r)
{
    r->step_began_us = ls_mono_us();
    r->step_began_wall_us = ls_wall_us();
    r->uuid[0] = '\0';
}

/* 2026-11-29T16:38:44.123+00:00 */
static void iso(int64_t wall_us, char out[WORD_LEN])
{
    char seconds[LS_ISO_LEN];

    ls_iso_utc(wall_us, seconds);
    snprintf(out, WORD_LEN, "%.19s.%03d+00:00", seconds, (int)(wall_us / 1000 % 1000));
}

static void sql_time(int64_t wall_us, char out[WORD_LEN])
{
    char seconds[LS_ISO_LEN];

    ls_iso_utc(wall_us, seconds);
    snprintf(out, WORD_LEN, "%.10s %.8s", seconds, seconds + 11);
}

static void put(struct ls_runner *r, struct ls_param *p, char word[WORD_LEN])
{
    const char *name = p->text;
    int64_t us = ls_mono_us() - r->step_began_us;

    *p = (struct ls_param){LS_PARAM_INT, word};
    if (strcmp(name, LS_PARAM_DURATION_MS) == 0) {
        snprintf(word, WORD_LEN, "%" PRId64, us / 1000);
    } else if (strcmp(name, LS_PARAM_DURATION_NS) == 0) {
        snprintf(word, WORD_LEN, "%" PRId64, us * 1000);
    } else if (strcmp(name, LS_PARAM_NOW_MS) == 0) {
        snprintf(word, WORD_LEN, "%" PRId64, ls_wall_us() / 1000);
    } else if (strcmp(name, LS_PARAM_STARTED_MS) == 0) {
        snprintf(word, WORD_LEN, "%" PRId64, r->step_began_wall_us / 1000);
    } else if (strcmp(name, LS_PARAM_UUID4) == 0) {
        if (r->uuid[0] == '\0')
            make_uuid(r);
        *p = (struct ls_param){LS_PARAM_TEXT, r->uuid};
    } else if (strcmp(name, LS_PARAM_ERROR) == 0) {
        *p = (struct ls_param){r->error_text != NULL ? LS_PARAM_TEXT : LS_PARAM_NULL, r->error_text};
    } else {
        p->kind = LS_PARAM_TEXT;
        if (strcmp(name, LS_PARAM_NOW_SQL) == 0)
            sql_time(ls_wall_us(), word);
        else
            iso(strcmp(name, LS_PARAM_STARTED_ISO) == 0 ? r->step_began_wall_us : ls_wall_us(), word);
    }
}

static bool is_runtime(const struct ls_param *p)
{
    return p->kind == LS_PARAM_RUNTIME || (p->kind == LS_PARAM_INT && strcmp(p->text, LS_PARAM_DURATION_MS) == 0);
}

bool ls_run_is_filled(const struct ls_op *op)
{
    bool has = false;

    for (int i = 0; i < op->n_params; i++)
        has = has || is_runtime(&op->params[i]);
    return has;
}

struct ls_param *ls_run_fill(struct ls_runner *r, const struct ls_op *op)
{
    size_t n = (size_t)op->n_params;
    struct ls_param *out;
    char *words;

    if (!ls_run_is_filled(op))
        return NULL;
    out = ls_calloc(n, sizeof(*out) + WORD_LEN);
    words = (char *)(out + n);
    for (size_t i = 0; i < n; i++) {
        out[i] = op->params[i];
        if (is_runtime(&out[i]))
            put(r, &out[i], words + i * WORD_LEN);
    }
    return out;
}
