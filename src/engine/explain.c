/* A query explained: what both databases share. */
#include <config.h>

#include "engine/explain_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

static bool is_whole(const char *text)
{
    size_t sign = text[0] == '-' ? 1 : 0, digits = strspn(text + sign, "0123456789");

    return digits > 0 && digits < 19 && text[sign + digits] == '\0';
}

struct ls_param *ex_params(struct ls_arena *arena, const struct ls_query *q, uint32_t sample)
{
    size_t n = q->n_params > 0 ? (size_t)q->n_params : 0;
    struct ls_param *p = LS_ARENA_ARRAY(arena, struct ls_param, n + 1);
    const struct ls_sample *s = sample < q->n_samples ? &q->samples[sample] : NULL;

    for (size_t i = 0; i < n; i++) {
        const char *v = s != NULL ? s->values[i] : NULL;

        p[i] = (struct ls_param){.kind = LS_PARAM_NULL};
        if (v != NULL)
            p[i] = (struct ls_param){.kind = s->is_number != NULL && s->is_number[i] && is_whole(v) ? LS_PARAM_INT : LS_PARAM_TEXT, .text = v};
    }
    return p;
}

enum ls_rc ex_place(const struct ls_query *q, struct ls_err *why, struct ls_err *err)
{
    enum ls_rc rc = why->code == LS_E_SQL || why->code == LS_E_INPUT ? LS_E_INPUT : why->code;
    int line, col;

    if (err == NULL) {
        ls_err_release(why);
        return rc;
    }
    ls_query_place(q, why->offset, &line, &col);
    ls_err_move(err, why);
    err->code = rc;
    err->line = line;
    err->col = col;
    if (q->path != NULL)
        ls_err_wrap(err, "%s:%d:%d", q->path, line, col);
    return rc;
}

void ex_freeze(struct ls_explained *out, ex_nodes *nodes)
{
    out->n_nodes = (uint32_t)nodes->n;
    out->nodes = nodes->n > 0 ? ls_arena_dup(out->arena, nodes->v, nodes->n * sizeof(*nodes->v)) : NULL;
    LS_VEC_RELEASE(nodes);
}

enum ls_rc ex_explain(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out, json_t **root,
                      struct ls_err *err)
{
    static const struct ls_explain_opts none = {.sample = UINT32_MAX};
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc;

    if (root != NULL)
        *root = NULL;
    if (opts == NULL)
        opts = &none;
    *out = (struct ls_explained){.arena = ls_arena_new(),
                                 .dialect = ls_db_dialect(db),
                                 .cost = -1,
                                 .ms = -1,
                                 .buffers = -1,
                                 .steps = -1,
                                 .fullscan_steps = -1,
                                 .sorts = -1,
                                 .autoindexes = -1,
                                 .rows = -1,
                                 .how = "not run"};
    rc = out->dialect == LS_DIALECT_POSTGRES ? ex_pg(db, q, opts, out, root, &why) : ex_lite(db, q, opts, out, &why);
    if (rc != LS_OK) {
        rc = ex_place(q, &why, err);
        ls_explained_release(out);
    }
    ls_err_release(&why);
    return rc;
}

enum ls_rc ls_explain(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out, struct ls_err *err)
{
    return ex_explain(db, q, opts, out, NULL, err);
}

void ls_explained_release(struct ls_explained *e)
{
    ls_arena_free(e->arena);
    memset(e, 0, sizeof(*e));
}
