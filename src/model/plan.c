#include <config.h>

#include "lockstep/model/plan.h"
#include "lockstep/base/mem.h"

#include <inttypes.h>

struct ls_plan *ls_plan_new(void)
{
    struct ls_plan *p = ls_calloc(1, sizeof(*p));

    p->arena = ls_arena_new();
    return p;
}

void ls_plan_free(struct ls_plan *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->steps.n; i++)
        LS_VEC_RELEASE(&p->steps.v[i].ops);
    LS_VEC_RELEASE(&p->steps);
    LS_VEC_RELEASE(&p->findings);
    LS_VEC_RELEASE(&p->setup);
    ls_arena_free(p->arena);
    free(p);
}

static void add_int(struct ls_sha256 *h, int64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, value);
    ls_sha256_field(h, text);
}

/* Same shape as ls_sha256_field, for bytes that may hold NUL: their length, then themselves. */
static void add_bytes(struct ls_sha256 *h, const char *bytes, size_t len)
{
    add_int(h, bytes == NULL ? -1 : (int64_t)len);
    if (bytes != NULL)
        ls_sha256_add(h, bytes, len);
}

static void add_op(struct ls_sha256 *h, const struct ls_op *op)
{
    add_int(h, op->kind);
    add_bytes(h, op->sql, op->len);
    add_int(h, op->n_params);
    for (int i = 0; i < op->n_params; i++) {
        add_int(h, op->params[i].kind);
        ls_sha256_field(h, op->params[i].text);
    }
    ls_sha256_field(h, op->expect);
    add_int(h, op->expect_rows);
}

static void add_step(struct ls_sha256 *h, const struct ls_step *s)
{
    add_int(h, s->kind);
    add_int(h, s->direction);
    ls_sha256_field(h, s->id);
    ls_sha256_field(h, s->name);
    ls_sha256_field(h, s->path);
    ls_sha256_field(h, s->sha256);
    add_int(h, s->policy);
    add_int(h, (int64_t)s->ops.n);
    for (size_t i = 0; i < s->ops.n; i++)
        add_op(h, &s->ops.v[i]);
}

void ls_plan_digest(const struct ls_plan *p, char hex[LS_SHA256_HEX])
{
    struct ls_sha256 *h = ls_sha256_new();
    char version[32];

    snprintf(version, sizeof(version), "%" PRIu64, p->version);
    ls_sha256_field(h, "lockstep plan 1");
    ls_sha256_field(h, p->format);
    ls_sha256_field(h, p->target);
    ls_sha256_field(h, p->ledger);
    ls_sha256_field(h, p->ledger_fingerprint);
    add_int(h, p->action);
    add_int(h, p->count);
    ls_sha256_field(h, version);
    add_int(h, p->to_nothing);
    add_int(h, (int64_t)p->setup.n);
    for (size_t i = 0; i < p->setup.n; i++)
        add_op(h, &p->setup.v[i]);
    add_int(h, (int64_t)p->steps.n);
    for (size_t i = 0; i < p->steps.n; i++)
        add_step(h, &p->steps.v[i]);
    ls_sha256_end(h, hex);
}
