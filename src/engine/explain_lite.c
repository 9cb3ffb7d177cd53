/* SQLite: EXPLAIN QUERY PLAN's rows are the tree; what it took are the counters of a run. */
#include <config.h>

#include "engine/explain_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/db/lite.h"

/* Words that begin a line, longest first where one begins with another; behind some of them stands a table. */
static const struct {
    const char *words;
    bool has_table;
} heads[] = {
    {"SEARCH TABLE", true}, {"SCAN TABLE", true}, {"SCAN SUBQUERY", true}, {"SEARCH SUBQUERY", true}, {"SEARCH", true},
    {"SCAN CONSTANT ROW", false}, {"SCAN", true}, {"CO-ROUTINE", true}, {"MATERIALIZE", true}, {"BLOOM FILTER ON", true},
    {"USE TEMP B-TREE", false},
};

static struct ls_node new_node(void)
{
    return (struct ls_node){.parent = LS_NO_USAGE,
                            .relation = "",
                            .index = "",
                            .detail = "",
                            .cost = -1,
                            .rows = -1,
                            .actual_rows = -1,
                            .loops = -1,
                            .removed = -1,
                            .ms = -1,
                            .buffers = -1,
                            .self = -1};
}

static size_t head_of(const char *text, bool *has_table)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(heads); i++) {
        size_t n = strlen(heads[i].words);

        if (strncmp(text, heads[i].words, n) == 0 && (text[n] == ' ' || text[n] == '\0')) {
            *has_table = heads[i].has_table;
            return n;
        }
    }
    *has_table = false;
    return strlen(text);
}

/* "SEARCH m USING INDEX i (user_id=?)": the words around INDEX are the database's, names are anything. */
static void read_line(struct ls_arena *a, const char *text, struct ls_node *n)
{
    static const char *const kinds[] = {" USING COVERING INDEX ", " USING INDEX ", " USING AUTOMATIC PARTIAL COVERING INDEX", " USING AUTOMATIC COVERING INDEX",
                                        " USING INTEGER PRIMARY KEY", " USING PRIMARY KEY", " USING ROWID SEARCH", " VIRTUAL TABLE INDEX "};
    bool has_table;
    size_t head = head_of(text, &has_table);
    const char *rest = text + head, *using = NULL, *open;

    n->what = ls_arena_strn(a, text, head);
    while (*rest == ' ')
        rest++;
    if (!has_table) {
        n->detail = ls_arena_str(a, rest);
        return;
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(kinds) && using == NULL; i++) {
        using = strstr(rest, kinds[i]);
        if (using == NULL)
            continue;
        n->relation = ls_arena_strn(a, rest, (size_t)(using - rest));
        rest = using + strlen(kinds[i]);
        open = strstr(rest, " (");
        if (i == 0 || i == 1)
            n->index = ls_arena_strn(a, rest, open != NULL ? (size_t)(open - rest) : strlen(rest));
        if (i < 2)
            rest = open != NULL ? open + 1 : "";
        n->what = ls_arena_printf(a, "%s%.*s", n->what, (int)(strlen(kinds[i]) - (kinds[i][strlen(kinds[i]) - 1] == ' ')), kinds[i]);
    }
    if (using == NULL) {
        open = strstr(rest, " LEFT-JOIN");
        n->relation = ls_arena_strn(a, rest, open != NULL ? (size_t)(open - rest) : strlen(rest));
        rest = open != NULL ? open : "";
    }
    while (*rest == ' ')
        rest++;
    n->detail = ls_arena_str(a, rest);
}

struct lines {
    LS_VEC(long) ids;
    ex_nodes nodes;
};

static void add_line(struct ls_arena *a, struct lines *l, const struct ls_result *r, size_t i)
{
    struct ls_node n = new_node();
    long parent = strtol(ls_result_get(r, i, 1), NULL, 10);

    read_line(a, ls_result_get(r, i, 3), &n);
    for (size_t k = 0; k < l->ids.n; k++)
        if (l->ids.v[k] == parent && parent != 0) {
            n.parent = (uint32_t)k;
            n.depth = l->nodes.v[k].depth + 1;
        }
    *LS_VEC_PUSH(&l->ids) = strtol(ls_result_get(r, i, 0), NULL, 10);
    *LS_VEC_PUSH(&l->nodes) = n;
}

static enum ls_rc read_plan(struct ls_db *db, const struct ls_query *q, const struct ls_param *params, struct ls_explained *out, struct ls_err *err)
{
    static const char prefix[] = "EXPLAIN QUERY PLAN ";
    struct ls_buf sql = LS_BUF_INIT;
    struct lines l = {0};
    struct ls_result r;
    enum ls_rc rc;

    ls_buf_adds(&sql, prefix);
    ls_buf_adds(&sql, q->text);
    rc = ls_db_query(db, sql.ptr, params, q->n_params, &r, err);
    if (rc != LS_OK && err != NULL && err->offset >= (long)sizeof(prefix) - 1)
        err->offset -= (long)sizeof(prefix) - 1;
    if (rc == LS_OK) {
        for (size_t i = 0; i < r.n_rows && r.n_cols >= 4; i++)
            add_line(out->arena, &l, &r, i);
        ls_result_release(&r);
    }
    ex_freeze(out, &l.nodes);
    LS_VEC_RELEASE(&l.ids);
    ls_buf_release(&sql);
    return rc;
}

static enum ls_rc run_once(struct ls_db *db, const struct ls_query *q, const struct ls_param *params, int timeout_ms, struct ls_lite_counts *k,
                           struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    if (!q->is_read)
        rc = ls_db_begin(db, err);
    if (rc == LS_OK)
        rc = ls_db_lite_run(db, q->text, params, q->n_params, timeout_ms, k, err);
    if (!q->is_read)
        ls_db_rollback(db);
    return rc;
}

static void take_counts(struct ls_explained *out, const struct ls_lite_counts *k)
{
    double ms = (double)k->us / 1000;

    if (!out->is_measured || ms < out->ms)
        out->ms = ms;
    if (!out->is_measured || k->steps < out->steps)
        out->steps = k->steps;
    out->fullscan_steps = k->fullscan_steps;
    out->sorts = k->sorts;
    out->autoindexes = k->autoindexes;
    out->rows = k->rows;
    out->is_measured = true;
}

enum ls_rc ex_lite(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out, struct ls_err *err)
{
    struct ls_param *params = ex_params(out->arena, q, opts->sample);
    int rounds = opts->rounds > 0 ? opts->rounds : EX_ROUNDS, timeout_ms = opts->timeout_ms > 0 ? opts->timeout_ms : EX_TIMEOUT_MS;
    double total_ms = 0;
    enum ls_rc rc = read_plan(db, q, params, out, err);

    if (rc != LS_OK || !opts->run || (!q->is_read && !opts->is_clone))
        return rc;
    for (int i = 0; i < rounds && rc == LS_OK; i++) {
        struct ls_lite_counts k;
        struct ls_err why = LS_ERR_INIT;

        rc = run_once(db, q, params, timeout_ms, &k, &why);
        if (rc == LS_OK || (rc == LS_E_BUSY && k.steps > 0))
            take_counts(out, &k);
        out->is_timed_out = rc == LS_E_BUSY;
        total_ms += out->ms;
        if (rc == LS_OK && total_ms > timeout_ms)
            break;
        if (rc != LS_OK && rc != LS_E_BUSY && err != NULL)
            ls_err_move(err, &why);
        ls_err_release(&why);
    }
    if (rc == LS_E_BUSY)
        rc = LS_OK;
    if (opts->sample < q->n_samples)
        out->how = ls_arena_printf(out->arena, "with sample %u", opts->sample + 1);
    else
        out->how = q->n_params > 0 ? "with NULLs" : "as it is";
    return rc;
}
