/* What one more index costs the statements that write. */
#include <config.h>

#include "engine/advise_priv.h"

#include <string.h>
#include <strings.h>

#include "engine/workload_priv.h"

static bool is_name(const struct wl_toks *t, size_t i, const char *name)
{
    size_t quote, len;

    if (i >= t->t.n)
        return false;
    quote = t->t.v[i].kind == LS_TOK_QUOTED ? 1 : 0;
    len = t->t.v[i].end - t->t.v[i].start - 2 * quote;
    return len == strlen(name) && strncasecmp(t->text + t->t.v[i].start + quote, name, len) == 0;
}

size_t adv_find_target(const struct wl_toks *t, const char *verb, const char *table)
{
    for (size_t i = 0; i < t->t.n; i++) {
        size_t k = i + 1;

        if (!wl_is(t, i, verb))
            continue;
        while (wl_is(t, k, "INTO") || wl_is(t, k, "FROM") || wl_is(t, k, "ONLY") || wl_is(t, k, "OR") || wl_is(t, k, "REPLACE") || wl_is(t, k, "IGNORE"))
            k++;
        if (wl_is_char(t, k + 1, '.'))
            k += 2;
        if (is_name(t, k, table))
            return k;
    }
    return 0;
}

/* Whether the SET list names the column. */
static bool sets(const struct wl_toks *t, size_t from, const char *column)
{
    int depth = 0;

    while (from < t->t.n && !wl_is(t, from, "SET"))
        from++;
    for (size_t i = from; i < t->t.n; i++) {
        depth += wl_is_char(t, i, '(') ? 1 : wl_is_char(t, i, ')') ? -1 : 0;
        if (depth == 0 && i > from && (wl_is(t, i, "WHERE") || wl_is(t, i, "FROM") || wl_is(t, i, "RETURNING")))
            return false;
        if ((i == from + 1 || wl_is_char(t, i - 1, ',') || wl_is_char(t, i - 1, '(')) && is_name(t, i, column))
            return true;
    }
    return false;
}

struct writes {
    uint32_t inserts, updates; /* queries of the workload: updates of the index's own columns */
    double inserts_h, updates_h;
    const char *column;        /* the first that is updated */
    bool has_frequency;
};

static void count(const struct adv_job *j, const struct adv_cand *c, struct writes *w)
{
    const char *table = j->u->tables[c->table].name;

    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        const struct ls_query *q = &j->workload->queries[i];
        struct wl_toks t;
        size_t at;

        if (q->is_read)
            continue;
        wl_toks_init(&t, j->dialect, q->text, strlen(q->text));
        if (adv_find_target(&t, "INSERT", table) != 0 || adv_find_target(&t, "REPLACE", table) != 0) {
            w->inserts++;
            w->inserts_h += q->per_hour;
            w->has_frequency = w->has_frequency || q->has_frequency;
        }
        at = adv_find_target(&t, "UPDATE", table);
        for (uint32_t k = 0; at != 0 && k < c->n_keys; k++)
            if (c->keys[k].column != NULL && sets(&t, at, c->keys[k].column)) {
                w->updates++;
                w->updates_h += q->per_hour;
                w->has_frequency = w->has_frequency || q->has_frequency;
                w->column = c->keys[k].column;
                break;
            }
        wl_toks_release(&t);
    }
}

/* An index that has it already has taken HOT away. */
static bool is_indexed(const struct adv_job *j, const struct ls_usage_table *t, const char *column)
{
    for (uint32_t i = t->first_index; i < t->first_index + t->n_indexes && i < j->u->n_indexes; i++)
        for (uint32_t k = 0; k < j->u->indexes[i].n_keys; k++)
            if (j->u->indexes[i].keys[k].column != NULL && strcmp(j->u->indexes[i].keys[k].column, column) == 0)
                return true;
    return false;
}

const char *adv_write_cost(struct adv_job *j, const struct adv_cand *c, uint32_t n_more)
{
    const struct ls_usage_table *t = &j->u->tables[c->table];
    struct ls_buf b = LS_BUF_INIT;
    struct writes w = {0};
    const char *out;

    count(j, c, &w);
    ls_buf_adds(&b, "each INSERT and DELETE writes one index more");
    if (w.inserts > 0 && w.has_frequency)
        ls_buf_addf(&b, " (%.0f inserts an hour in the workload)", w.inserts_h);
    ls_buf_addf(&b, "; %s then has %u", t->name, t->n_indexes + n_more);
    if (w.updates > 0) {
        ls_buf_addf(&b, "; UPDATE of %s (in %u of %u queries) ", w.column, w.updates, j->workload->n_queries);
        ls_buf_adds(&b, j->dialect == LS_DIALECT_SQLITE || is_indexed(j, t, w.column) ? "writes it too" : "cannot be HOT any more");
    } else if (j->dialect == LS_DIALECT_POSTGRES) {
        ls_buf_adds(&b, "; no query of the workload updates its columns");
    }
    out = ls_arena_strn(j->arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}
