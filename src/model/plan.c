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
    for (size_t i = 0; i < p->steps.n; i++) {
        LS_VEC_RELEASE(&p->steps.v[i].ops);
        LS_VEC_RELEASE(&p->steps.v[i].on_failure);
    }
    LS_VEC_RELEASE(&p->steps);
    LS_VEC_RELEASE(&p->findings);
    LS_VEC_RELEASE(&p->setup);
    ls_arena_free(p->arena);
    free(p);
}

/* As a field of its decimal digits. By hand: a plan of 1,000 steps has 100,000 of them. */
static void add_int(struct ls_sha256 *h, int64_t value)
{
    char text[24], *p = text + sizeof(text) - 1;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

    *p = '\0';
    do
        *--p = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0)
        *--p = '-';
    ls_sha256_field(h, p);
}

/* Same shape as ls_sha256_field, for bytes that may hold NUL: their length, then themselves. */
static void add_bytes(struct ls_sha256 *h, const char *bytes, size_t len)
{
    add_int(h, bytes == NULL ? -1 : (int64_t)len);
    if (bytes != NULL)
        ls_sha256_add(h, bytes, len);
}

static void add_words(struct ls_sha256 *h, const char *const *words)
{
    for (; words != NULL && *words != NULL; words++)
        ls_sha256_field(h, *words);
    ls_sha256_field(h, NULL);
}

/* What the environment's words stand for is no part of it: the target is. */
static void add_child(struct ls_sha256 *h, const struct ls_child_cmd *c)
{
    ls_sha256_field(h, c->tool);
    add_words(h, c->argv);
    ls_sha256_field(h, c->cwd);
    add_int(h, c->n_env);
    for (int i = 0; i < c->n_env; i++) {
        ls_sha256_field(h, c->env[i].name);
        ls_sha256_field(h, c->env[i].text);
        ls_sha256_field(h, c->env[i].word);
    }
    add_int(h, c->is_atomic);
}

static void add_file(struct ls_sha256 *h, const struct ls_file_edit *f)
{
    ls_sha256_field(h, f->path);
    ls_sha256_field(h, f->before);
    for (const char *const *line = f->gone; line != NULL && *line != NULL; line++)
        ls_sha256_field(h, *line);
    ls_sha256_field(h, f->head);
    add_int(h, f->is_mark);
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
    if (op->in_file != NULL)
        ls_sha256_field(h, op->in_file);
    if (op->child != NULL)
        add_child(h, op->child);
    if (op->file != NULL)
        add_file(h, op->file);
}

const struct ls_child_cmd *ls_step_child(const struct ls_step *s)
{
    for (size_t i = 0; i < s->ops.n; i++)
        if (s->ops.v[i].kind == LS_OP_CHILD)
            return s->ops.v[i].child;
    return NULL;
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
    add_int(h, (int64_t)s->on_failure.n);
    for (size_t i = 0; i < s->on_failure.n; i++)
        add_op(h, &s->on_failure.v[i]);
}

/* Whether a transaction is open behind these ops, given whether one was in front of them. */
static bool open_behind(const struct ls_step *s, bool is_open)
{
    for (size_t i = 0; i < s->ops.n; i++)
        is_open = s->ops.v[i].kind == LS_OP_BEGIN || (is_open && s->ops.v[i].kind != LS_OP_COMMIT);
    return is_open;
}

void ls_plan_group(struct ls_plan *p)
{
    int first = 0;
    bool is_open = false;

    for (int i = 0; i < (int)p->steps.n; i++) {
        if (!is_open)
            first = i;
        is_open = open_behind(&p->steps.v[i], is_open);
        for (int k = first; !is_open && k <= i; k++) {
            p->steps.v[k].tx_first = first;
            p->steps.v[k].tx_last = i;
        }
    }
    /* A plan whose last step leaves it open is a format's mistake; the run ends it with a rollback. */
    for (int k = first; is_open && k < (int)p->steps.n; k++) {
        p->steps.v[k].tx_first = first;
        p->steps.v[k].tx_last = (int)p->steps.n - 1;
    }
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
    ls_sha256_field(h, p->id);
    add_int(h, p->to_nothing);
    if (p->out_of_order)
        ls_sha256_field(h, "out of order");
    add_int(h, (int64_t)p->setup.n);
    for (size_t i = 0; i < p->setup.n; i++)
        add_op(h, &p->setup.v[i]);
    add_int(h, (int64_t)p->steps.n);
    for (size_t i = 0; i < p->steps.n; i++)
        add_step(h, &p->steps.v[i]);
    ls_sha256_end(h, hex);
}
