/* The search for indexes that a workload lacks: what each query asks of its tables, candidates, a stage to try them on, and what is left of them. */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/workload_priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/db/lite.h"

#define MAX_BYTES ((int64_t)2 * 1024 * 1024 * 1024)

const char *ls_advice_level_name(enum ls_advice_level l)
{
    static const char *const names[] = {"structural", "costed", "measured"};

    return names[l];
}

bool adv_tell(struct adv_job *j, const char *what, int64_t done, int64_t total)
{
    return side_tell(j->side, what, done, total);
}

void adv_note(struct adv_job *j, enum ls_severity severity, const char *code, const struct ls_query *q, const char *hint, const char *fmt, ...)
{
    struct ls_diag *d = LS_VEC_PUSH(&j->out->notes.d);
    struct ls_buf b = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    if (q != NULL)
        ls_buf_addf(&b, "%s: ", q->name);
    ls_buf_vaddf(&b, fmt, ap);
    va_end(ap);
    *d = (struct ls_diag){.severity = severity,
                          .code = code,
                          .path = q != NULL ? ls_arena_str(j->arena, q->path) : NULL,
                          .line = q != NULL ? q->line : 0,
                          .message = ls_arena_str(j->arena, b.ptr),
                          .hint = ls_arena_str(j->arena, hint)};
    ls_buf_release(&b);
}

void adv_note_err(struct adv_job *j, enum ls_severity severity, const char *code, const struct ls_query *q, const char *what, const char *hint,
                  const struct ls_err *why)
{
    const char *text = why->message != NULL ? why->message : ls_rc_name(why->code);
    char *place = ls_asprintf("%s:%d:%d: ", q->path != NULL ? q->path : "", why->line, why->col);
    bool is_placed = q->path != NULL && strncmp(text, place, strlen(place)) == 0;

    adv_note(j, severity, code, q, hint != NULL ? hint : why->hint, "%s: %s", what, is_placed ? text + strlen(place) : text);
    if (is_placed)
        j->out->notes.d.v[j->out->notes.d.n - 1].line = why->line;
    free(place);
}

void adv_made_release(struct adv_made *m)
{
    for (size_t i = 0; i < m->names.n; i++)
        free(m->names.v[i]);
    LS_VEC_RELEASE(&m->names);
    for (size_t i = 0; i < m->oids.n; i++)
        free(m->oids.v[i]);
    LS_VEC_RELEASE(&m->oids);
    m->bytes = 0;
}

/* --- what the target does now */

/* Names of indexes are unique in a schema only. A bitmap's index stands below the scan that says which table it is. */
static bool is_on_table(const struct adv_job *j, const struct ls_explained *e, uint32_t node, uint32_t table)
{
    struct ls_buf label = LS_BUF_INIT;
    const char *relation;
    bool is;

    if (j->dialect == LS_DIALECT_SQLITE)
        return true;
    while (node != LS_NO_USAGE && e->nodes[node].relation[0] == '\0')
        node = e->nodes[node].parent;
    if (node == LS_NO_USAGE)
        return true;
    relation = e->nodes[node].relation;
    ls_usage_table_label(&j->u->tables[table], &label);
    is = strncmp(relation, label.ptr, label.len) == 0 && (relation[label.len] == '\0' || relation[label.len] == ' ');
    ls_buf_release(&label);
    return is;
}

void adv_mark_uses(struct adv_job *j, const struct ls_explained *e, bool *uses)
{
    for (uint32_t n = 0; n < e->n_nodes; n++)
        for (uint32_t i = 0; e->nodes[n].index[0] != '\0' && i < j->u->n_indexes; i++) {
            if (strcmp(j->u->indexes[i].name, e->nodes[n].index) != 0 || !is_on_table(j, e, n, j->u->indexes[i].table))
                continue;
            for (uint32_t k = i; k != LS_NO_USAGE; k = j->u->indexes[k].parent)
                uses[k] = true;
        }
}

static bool has_limit(const struct ls_query *q, const struct ls_explained *e)
{
    struct wl_toks t;
    bool has = false;

    for (uint32_t i = 0; i < e->n_nodes && !has; i++)
        has = strcmp(e->nodes[i].what, "Limit") == 0;
    if (e->dialect == LS_DIALECT_POSTGRES)
        return has;
    wl_toks_init(&t, e->dialect, q->text, strlen(q->text));
    for (size_t i = 0; i < t.t.n && !has; i++)
        has = wl_is(&t, i, "LIMIT");
    wl_toks_release(&t);
    return has;
}

static void leave_out(struct adv_job *j, struct adv_query *q, struct ls_err *why)
{
    q->is_out = true;
    adv_note_err(j, LS_SEV_WARNING, "query-refused", q->q, "left out", NULL, why);
}

static enum ls_rc plan_one(struct adv_job *j, struct ls_lite_stub *stub, uint32_t i, struct ls_explained *plan, bool *uses, struct ls_err *err)
{
    struct adv_query *q = &j->queries[i];
    const struct ls_explain_opts o = {.sample = q->q->n_samples > 0 ? 0 : UINT32_MAX};
    struct ls_err why = LS_ERR_INIT;
    json_t *root = NULL;
    enum ls_rc rc = ex_explain(j->db, q->q, &o, plan, &root, &why);

    if (rc == LS_E_CANCELLED || rc == LS_E_CONNECT) {
        if (err != NULL)
            ls_err_move(err, &why);
    } else if (rc != LS_OK) {
        leave_out(j, q, &why);
        rc = LS_OK;
    } else {
        adv_mark_uses(j, plan, uses);
        q->has_limit = has_limit(q->q, plan);
        if (j->dialect == LS_DIALECT_SQLITE)
            adv_lite_places(j, stub, q);
        else
            adv_pg_places(j, json_object_get(root, "Plan"), q);
    }
    json_decref(root);
    ls_err_release(&why);
    return rc;
}

static enum ls_rc plan_all(struct adv_job *j, struct ls_err *err)
{
    uint32_t n = j->workload->n_queries;
    struct ls_explained *plans = LS_ARENA_ARRAY(j->arena, struct ls_explained, n + 1);
    bool *uses = LS_ARENA_ARRAY(j->arena, bool, (size_t)n *j->u->n_indexes + 1);
    struct ls_lite_stub *stub = NULL;
    enum ls_rc rc = LS_OK;

    j->out->plans = plans;
    j->out->n_plans = n;
    j->out->uses = uses;
    if (j->dialect == LS_DIALECT_SQLITE)
        rc = ls_lite_stub_new(j->db, &stub, err);
    for (uint32_t i = 0; i < n && rc == LS_OK; i++) {
        if (!adv_tell(j, "planning the workload", i, n))
            rc = side_stopped(err);
        else
            rc = plan_one(j, stub, i, &plans[i], uses + (size_t)i * j->u->n_indexes, err);
    }
    ls_lite_stub_free(stub);
    if (rc == LS_OK && j->dialect == LS_DIALECT_SQLITE)
        adv_lite_triggers(j);
    return rc;
}

/* --- what comes out */

static int by_saving(const void *a, const void *b)
{
    const struct ls_gain *x = a, *y = b;

    return (x->saving < y->saving) - (x->saving > y->saving);
}

static bool uses_index_of(const struct adv_job *j, uint32_t query, uint32_t table)
{
    for (uint32_t i = 0; i < j->u->n_indexes; i++)
        if (j->u->indexes[i].table == table && j->out->uses[(size_t)query * j->u->n_indexes + i])
            return true;
    return false;
}

static double weighted_saving(const struct adv_job *j, const struct adv_found *f)
{
    double was = 0, saved = 0;

    for (uint32_t i = 0; i < j->workload->n_queries; i++)
        was += j->queries[i].score > 0 ? j->workload->queries[i].per_hour * j->queries[i].score : 0;
    for (size_t i = 0; i < f->gains.n; i++) {
        uint32_t q = f->gains.v[i].query;

        saved += j->workload->queries[q].per_hour * j->queries[q].score * f->gains.v[i].saving;
    }
    return was > 0 ? saved / was : 0;
}

static void add_advice(struct adv_job *j, struct adv_found *f, struct ls_advice *out, uint32_t n)
{
    const struct adv_cand *c = &j->cands.v[f->cand];
    struct ls_advice *a = &out[n];
    uint32_t n_more = 1;

    for (uint32_t i = 0; i < n; i++)
        n_more += strcmp(out[i].spec->table, j->u->tables[c->table].name) == 0 && strcmp(out[i].spec->schema, j->u->tables[c->table].schema) == 0;
    *a = (struct ls_advice){.spec = adv_spec(j, c, n, out),
                            .bytes = f->bytes > 0 ? f->bytes : -1,
                            .replaces = adv_replaces(j->u, c),
                            .is_partial = c->predicate[0] != '\0',
                            .saving = weighted_saving(j, f)};
    a->write_cost = adv_write_cost(j, c, n_more);
    if (f->gains.n > 0) {
        qsort(f->gains.v, f->gains.n, sizeof(*f->gains.v), by_saving);
        a->gains = ls_arena_dup(j->arena, f->gains.v, f->gains.n * sizeof(*f->gains.v));
        a->n_gains = (uint32_t)f->gains.n;
        a->level = LS_ADVICE_COSTED;
    }
    for (size_t i = 0; i < f->gains.n; i++) {
        const struct ls_gain *g = &f->gains.v[i];

        if (g->after.is_measured && (g->before.is_measured || g->before.is_timed_out))
            a->level = LS_ADVICE_MEASURED;
        a->is_order_by = a->is_order_by || (c->has_sort && adv_sorts(&g->before) && !adv_sorts(&g->after) && uses_index_of(j, g->query, c->table));
    }
    f->gains.n = 0; /* they belong to the result now */
}

/* The best first, each with what was built for it. Few: nobody has dozens of them built. */
static void sort_found(const struct adv_job *j, struct adv_result *r)
{
    for (size_t i = 1; i < r->f.n; i++)
        for (size_t k = i; k > 0 && weighted_saving(j, &r->f.v[k]) > weighted_saving(j, &r->f.v[k - 1]); k--) {
            struct adv_found f = r->f.v[k];

            r->f.v[k] = r->f.v[k - 1];
            r->f.v[k - 1] = f;
            if (r->made.n == r->f.n) {
                struct adv_made m = r->made.v[k];

                r->made.v[k] = r->made.v[k - 1];
                r->made.v[k - 1] = m;
            }
        }
}

/* What was built for a try stands in the plans by the name that is proposed. */
static void rename_indexes(const struct adv_result *r, const struct ls_advice *all, struct ls_advice *a)
{
    for (uint32_t g = 0; g < a->n_gains; g++) {
        const struct ls_explained *e = &a->gains[g].after;
        struct ls_node *nodes = (struct ls_node *)(uintptr_t)e->nodes; /* adv_copy_plan() made them */

        for (uint32_t i = 0; i < e->n_nodes; i++)
            for (size_t k = 0; k < r->made.n; k++)
                for (size_t m = 0; m < r->made.v[k].names.n; m++)
                    if (strcmp(nodes[i].index, r->made.v[k].names.v[m]) == 0)
                        nodes[i].index = all[k].spec->name;
    }
}

void adv_hand_out(struct adv_job *j, struct adv_result *r)
{
    struct ls_advice *a = LS_ARENA_ARRAY(j->arena, struct ls_advice, r->f.n + 1);

    sort_found(j, r);
    for (size_t i = 0; i < r->f.n; i++)
        add_advice(j, &r->f.v[i], a, (uint32_t)i);
    for (size_t i = 0; i < r->f.n; i++)
        rename_indexes(r, a, &a[i]);
    j->out->a = a;
    j->out->n = (uint32_t)r->f.n;
}

static void by_shape(struct adv_job *j)
{
    struct adv_result r = {0};
    adv_list list = {0};

    adv_pick_structural(j, &list);
    for (size_t i = 0; i < list.n; i++)
        LS_VEC_PUSH(&r.f)->cand = list.v[i];
    adv_hand_out(j, &r);
    j->out->how = "structural only";
    adv_note(j, LS_SEV_INFO, "structural-only", NULL,
             j->dialect == LS_DIALECT_POSTGRES ? "let it be measured on a clone, or run CREATE EXTENSION hypopg in this database" : "let it be measured on a copy",
             "structural only: nothing was measured, and no cost was asked");
    adv_result_release(&r);
    LS_VEC_RELEASE(&list);
}

static void job_release(struct adv_job *j)
{
    for (uint32_t i = 0; j->queries != NULL && i < j->workload->n_queries; i++) {
        adv_places_release(&j->queries[i].places);
        LS_VEC_RELEASE(&j->queries[i].cands);
        ls_explained_release(&j->queries[i].base);
    }
    if (j->stage != NULL)
        j->stage->close(j->stage);
    LS_VEC_RELEASE(&j->cands);
    LS_VEC_RELEASE(&j->distincts);
    free(j->queries);
    free(j->cells);
    free(j->touched);
    LS_VEC_RELEASE(&j->side->notes.d);
}

static enum ls_rc run_job(struct adv_job *j, struct ls_err *err)
{
    enum ls_rc rc = plan_all(j, err);

    if (rc == LS_OK)
        rc = j->dialect == LS_DIALECT_SQLITE ? adv_stage_lite(j, &j->stage, err) : adv_stage_pg(j, &j->stage, err);
    if (rc != LS_OK)
        return rc;
    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        j->queries[i].filled = *j->queries[i].q;
        j->queries[i].score = -1;
        if (j->stage != NULL && j->stage->can_run && !j->queries[i].is_out)
            adv_guess(j, &j->queries[i]);
    }
    adv_cands_make(j);
    if (j->stage == NULL) {
        if (j->workload->n_queries > 0)
            by_shape(j);
        return LS_OK;
    }
    j->out->how = j->stage->how;
    rc = adv_search(j, err);
    if (rc == LS_OK)
        rc = adv_drops(j, err);
    return rc == LS_OK ? adv_count_nulls(j, err) : rc;
}

enum ls_rc ls_advise(struct ls_side_world *world, struct ls_db *db, const struct ls_usage *u, const struct ls_workload *w,
                     const struct ls_advise_opts *opts, struct ls_advices *out, struct ls_err *err)
{
    const struct ls_run_hooks *outer = world->hooks;
    struct side_job side = {.w = world};
    struct adv_job j = {.w = world, .side = &side, .db = db, .u = u, .workload = w, .out = out, .dialect = ls_db_dialect(db)};
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->how = "";
    if (opts != NULL)
        j.opts = *opts;
    j.opts.max_bytes = j.opts.max_bytes > 0 ? j.opts.max_bytes : MAX_BYTES;
    j.opts.rounds = j.opts.rounds > 0 ? j.opts.rounds : EX_ROUNDS;
    j.arena = out->arena;
    side.arena = out->arena;
    j.queries = ls_calloc(w->n_queries + 1, sizeof(*j.queries));
    j.touched = ls_calloc(u->n_tables + 1, sizeof(*j.touched));
    for (uint32_t i = 0; i < w->n_queries; i++)
        j.queries[i].q = &w->queries[i];
    if (j.opts.hooks != NULL)
        world->hooks = j.opts.hooks;
    rc = w->dialect == j.dialect && u->dialect == j.dialect ? run_job(&j, err)
                                                           : ls_err_set(err, LS_E_USAGE, "the workload is of another kind of database");
    if (rc == LS_E_CANCELLED)
        ls_session_clear_cancel(world->session); /* it has had its effect; what follows cleans up */
    job_release(&j);
    world->hooks = outer;
    if (rc != LS_OK)
        ls_advices_release(out);
    return rc;
}

void ls_advices_release(struct ls_advices *a)
{
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = 0; k < a->a[i].n_gains; k++) {
            struct ls_explained before = a->a[i].gains[k].before, after = a->a[i].gains[k].after;

            ls_explained_release(&before);
            ls_explained_release(&after);
        }
    for (uint32_t i = 0; i < a->n_losses; i++) {
        struct ls_explained before = a->losses[i].before, after = a->losses[i].after;

        ls_explained_release(&before);
        ls_explained_release(&after);
    }
    for (uint32_t i = 0; i < a->n_plans; i++) {
        struct ls_explained p = a->plans[i];

        ls_explained_release(&p);
    }
    LS_VEC_RELEASE(&a->notes.d);
    ls_arena_free(a->arena);
    memset(a, 0, sizeof(*a));
}
