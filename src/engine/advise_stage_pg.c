/* Where PostgreSQL's candidates are tried: a clone in a scratch database, or HypoPG in a session of the target, which leaves nothing behind. */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

struct pg_stage {
    struct adv_stage s; /* first */
    struct ls_scratch scratch;
    bool has_scratch;
};

/* --- real indexes */

static enum ls_rc take_names(struct adv_job *j, struct ls_db *db, const struct ls_usage_table *t, const char *name, struct adv_made *out, struct ls_err *err)
{
    struct ls_buf q = LS_BUF_INIT;
    struct ls_result r;
    struct ls_param p = {.kind = LS_PARAM_TEXT};
    enum ls_rc rc = ls_sql_ident2(&q, t->schema, name, err);

    (void)j;
    p.text = q.ptr;
    if (rc == LS_OK)
        rc = ls_db_query(db,
                         "SELECT c.relname, pg_catalog.pg_relation_size(c.oid) FROM pg_catalog.pg_class c WHERE c.oid = $1::regclass OR c.oid IN (SELECT "
                         "relid FROM pg_catalog.pg_partition_tree($1::regclass))",
                         &p, 1, &r, err);
    if (rc == LS_OK) {
        for (size_t i = 0; i < r.n_rows; i++) {
            *LS_VEC_PUSH(&out->names) = ls_strdup(ls_result_get(&r, i, 0));
            out->bytes += strtoll(ls_result_get(&r, i, 1), NULL, 10);
        }
        ls_result_release(&r);
    }
    ls_buf_release(&q);
    return rc;
}

static bool has_expression(const struct adv_cand *c)
{
    for (uint32_t i = 0; i < c->n_keys; i++)
        if (c->keys[i].column == NULL)
            return true;
    return c->predicate[0] != '\0';
}

static enum ls_rc make_real(struct adv_job *j, struct adv_stage *s, uint32_t cand, struct adv_made *out, struct ls_err *err)
{
    const struct adv_cand *c = &j->cands.v[cand];
    const struct ls_usage_table *t = &j->u->tables[c->table];
    char *name = ls_asprintf("lockstep_advice_%u", cand);
    struct ls_buf sql = LS_BUF_INIT;
    enum ls_rc rc = adv_create_sql(j, c, c->table, name, &sql, err);

    if (rc == LS_OK)
        rc = ls_db_exec(s->db, sql.ptr, sql.len, NULL, 0, NULL, err);
    if (rc == LS_OK)
        rc = take_names(j, s->db, t, name, out, err);
    if (rc == LS_OK && has_expression(c)) { /* an expression has statistics by its index alone */
        ls_buf_clear(&sql);
        ls_buf_adds(&sql, "ANALYZE ");
        rc = ls_sql_ident2(&sql, t->schema, t->name, err);
        if (rc == LS_OK)
            rc = ls_db_exec(s->db, sql.ptr, sql.len, NULL, 0, NULL, err);
    }
    out->schema = t->schema;
    out->cand = cand;
    ls_buf_release(&sql);
    free(name);
    return rc;
}

static void drop_real(struct adv_stage *s, struct adv_made *m)
{
    char *name = ls_asprintf("lockstep_advice_%u", m->cand);
    struct ls_buf sql = LS_BUF_INIT;

    ls_buf_adds(&sql, "DROP INDEX IF EXISTS ");
    if (m->names.n > 0 && ls_sql_ident2(&sql, m->schema, name, NULL) == LS_OK)
        (void)!ls_db_exec(s->db, sql.ptr, sql.len, NULL, 0, NULL, NULL);
    ls_buf_release(&sql);
    free(name);
}

/* --- hypothetical ones */

static bool is_below(const struct ls_usage *u, uint32_t table, uint32_t root)
{
    for (; table != LS_NO_USAGE; table = u->tables[table].parent)
        if (table == root)
            return true;
    return false;
}

static enum ls_rc make_one_hypo(struct adv_job *j, struct adv_stage *s, const struct adv_cand *c, uint32_t table, struct adv_made *out, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT, call = LS_BUF_INIT;
    struct ls_param p = {.kind = LS_PARAM_TEXT};
    struct ls_result r;
    enum ls_rc rc = adv_create_sql(j, c, table, NULL, &sql, err);

    p.text = sql.ptr;
    ls_buf_addf(&call, "SELECT h.indexname, %s.hypopg_relation_size(h.indexrelid), h.indexrelid FROM %s.hypopg_create_index($1) h", s->hypo_schema, s->hypo_schema);
    if (rc == LS_OK)
        rc = ls_db_query(s->db, call.ptr, &p, 1, &r, err);
    if (rc == LS_OK) {
        for (size_t i = 0; i < r.n_rows; i++) {
            *LS_VEC_PUSH(&out->names) = ls_strdup(ls_result_get(&r, i, 0));
            *LS_VEC_PUSH(&out->oids) = ls_strdup(ls_result_get(&r, i, 2));
            out->bytes += strtoll(ls_result_get(&r, i, 1), NULL, 10);
        }
        ls_result_release(&r);
    }
    ls_buf_release(&sql);
    ls_buf_release(&call);
    return rc;
}

static enum ls_rc make_hypo(struct adv_job *j, struct adv_stage *s, uint32_t cand, struct adv_made *out, struct ls_err *err)
{
    const struct adv_cand *c = &j->cands.v[cand];
    enum ls_rc rc = LS_OK;

    out->is_hypo = true;
    if (j->u->tables[c->table].kind != 'p')
        return make_one_hypo(j, s, c, c->table, out, err);
    for (uint32_t i = 0; i < j->u->n_tables && rc == LS_OK; i++)
        if (j->u->tables[i].kind == 'r' && is_below(j->u, i, c->table))
            rc = make_one_hypo(j, s, c, i, out, err);
    return rc;
}

static void drop_hypo(struct adv_stage *s, const struct adv_made *m)
{
    char *sql = ls_asprintf("SELECT %s.hypopg_drop_index($1::oid)", s->hypo_schema);

    for (size_t i = 0; i < m->oids.n; i++) {
        const struct ls_param p = {LS_PARAM_TEXT, m->oids.v[i]};

        (void)!ls_db_exec(s->db, sql, strlen(sql), &p, 1, NULL, NULL);
    }
    free(sql);
}

static enum ls_rc make(struct adv_job *j, struct adv_stage *s, uint32_t cand, struct adv_made *out, struct ls_err *err)
{
    return s->is_hypo ? make_hypo(j, s, cand, out, err) : make_real(j, s, cand, out, err);
}

static void drop(struct adv_job *j, struct adv_stage *s, struct adv_made *m)
{
    (void)j;
    if (m->is_hypo)
        drop_hypo(s, m);
    else
        drop_real(s, m);
}

/* --- the clone */

/* Its schema, quoted; NULL: it is not there. */
static const char *find_hypopg(struct adv_job *j, struct ls_db *db)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_result r;
    const char *out = NULL;

    if (ls_db_query(db, "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'",
                    NULL, 0, &r, NULL) != LS_OK)
        return NULL;
    if (ls_result_get(&r, 0, 0) != NULL && ls_sql_ident(&b, ls_result_get(&r, 0, 0), NULL) == LS_OK)
        out = ls_arena_str(j->arena, b.ptr);
    ls_result_release(&r);
    ls_buf_release(&b);
    return out;
}

static bool on_wait(void *ctx)
{
    return side_tick(((struct adv_job *)ctx)->side);
}

/* What the planner goes by on the target, and where it looks for names. */
static void take_settings(struct adv_job *j, struct ls_db *to)
{
    struct ls_result r;

    if (ls_db_query(j->db,
                    "SELECT name, setting FROM pg_catalog.pg_settings WHERE context IN ('user', 'superuser') AND (category LIKE 'Query Tuning%' OR name IN "
                    "('search_path', 'work_mem', 'hash_mem_multiplier', 'effective_io_concurrency', 'DateStyle', 'IntervalStyle', 'TimeZone'))",
                    NULL, 0, &r, NULL) != LS_OK)
        return;
    for (size_t i = 0; i < r.n_rows; i++) {
        const struct ls_param p[] = {{LS_PARAM_TEXT, ls_result_get(&r, i, 0)}, {LS_PARAM_TEXT, ls_result_get(&r, i, 1)}};

        (void)!ls_db_exec(to, "SELECT pg_catalog.set_config($1, $2, false)", 43, p, 2, NULL, NULL);
    }
    ls_result_release(&r);
}

/* A partition comes with its parent and all of that one's others. */
static void widen(const struct adv_job *j, bool *tables)
{
    for (uint32_t i = 0; i < j->u->n_tables; i++)
        for (uint32_t k = 0; k < j->u->n_tables && !tables[i]; k++)
            tables[i] = j->touched[k] && (i == k || is_below(j->u, i, k));
}

static int64_t bytes_of(struct adv_job *j, const bool *tables)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < j->u->n_tables; i++) {
        const struct ls_param p[] = {{LS_PARAM_TEXT, j->u->tables[i].schema}, {LS_PARAM_TEXT, j->u->tables[i].name}};
        struct ls_result r;

        if (!tables[i] || j->u->tables[i].kind != 'r' ||
            ls_db_query(j->db,
                        "SELECT pg_catalog.pg_table_size(c.oid) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
                        "n.nspname = $1 AND c.relname = $2",
                        p, 2, &r, NULL) != LS_OK)
            continue;
        sum += ls_result_get(&r, 0, 0) != NULL ? strtoll(ls_result_get(&r, 0, 0), NULL, 10) : 0;
        ls_result_release(&r);
    }
    return sum;
}

static void close_stage(struct adv_stage *s)
{
    struct pg_stage *p = (struct pg_stage *)s;

    if (p->has_scratch) {
        ls_db_close(s->db);
        ls_scratch_close(&p->scratch);
    } else if (s->hypo_schema != NULL && ls_db_is_alive(s->db)) { /* this connection goes on */
        char *sql = ls_asprintf("SELECT %s.hypopg_reset()", s->hypo_schema);

        (void)!ls_db_exec(s->db, sql, strlen(sql), NULL, 0, NULL, NULL);
        free(sql);
    }
    free(p);
}

static enum ls_rc open_clone(struct adv_job *j, struct pg_stage *p, double *share, struct ls_err *err)
{
    static const char setup[] = "SET maintenance_work_mem = '128MB'; SET synchronous_commit = off; SET check_function_bodies = off; SET client_min_messages = "
                                "warning";
    bool *tables = ls_calloc(j->u->n_tables + 1, sizeof(*tables));
    struct ls_db_params params = {.application_name = "lockstep advise", .on_wait = on_wait, .ctx = j};
    int64_t bytes;
    enum ls_rc rc = ls_scratch_open(j->w, LS_DIALECT_POSTGRES, ls_db_info(j->db)->server_version, &p->scratch, err);

    widen(j, tables);
    bytes = bytes_of(j, tables);
    *share = bytes > j->opts.max_bytes ? (double)j->opts.max_bytes / (double)bytes : 1;
    p->has_scratch = rc == LS_OK;
    params.url = p->scratch.url;
    if (rc == LS_OK)
        rc = ls_db_open(&params, &p->s.db, err);
    if (rc == LS_OK)
        rc = ls_db_exec_batch(p->s.db, setup, sizeof(setup) - 1, NULL, err);
    if (rc == LS_OK)
        rc = adv_clone(j, p->s.db, tables, *share, err);
    if (rc == LS_OK) {
        (void)!ls_db_exec_batch(p->s.db, "CREATE EXTENSION IF NOT EXISTS hypopg", 37, NULL, NULL); /* pg_dump's script emptied search_path: it goes into public */
        take_settings(j, p->s.db);
        p->s.hypo_schema = find_hypopg(j, p->s.db);
        p->s.is_hypo = p->s.hypo_schema != NULL;
    }
    free(tables);
    return rc;
}

static enum ls_rc try_clone(struct adv_job *j, struct adv_stage **out, struct ls_err *err)
{
    struct pg_stage *p = ls_calloc(1, sizeof(*p));
    struct ls_err why = LS_ERR_INIT;
    double share = 1;
    enum ls_rc rc;

    p->s = (struct adv_stage){.can_run = true, .is_clone = true, .make = make, .drop = drop, .close = close_stage};
    rc = open_clone(j, p, &share, &why);
    if (rc == LS_OK) {
        p->s.how = share < 1 ? ls_arena_printf(j->arena, "measured on a clone of %s with %.1f %% of the rows", ls_db_info(j->db)->database, share * 100)
                             : ls_arena_printf(j->arena, "measured on a clone of %s", ls_db_info(j->db)->database);
        *out = &p->s;
        if (share < 1)
            adv_note(j, LS_SEV_WARNING, "sampled", NULL, NULL, "the tables are too large to be copied whole: the clone has %.1f %% of their rows", share * 100);
    } else {
        p->s.hypo_schema = NULL;
        close_stage(&p->s);
        if (rc == LS_E_CANCELLED || !ls_db_is_alive(j->db)) {
            if (err != NULL)
                ls_err_move(err, &why);
        } else {
            adv_note(j, LS_SEV_WARNING, "no-clone", NULL, why.hint, "nothing was measured: %s", why.message);
            rc = LS_OK;
        }
    }
    ls_err_release(&why);
    return rc;
}

enum ls_rc adv_stage_pg(struct adv_job *j, struct adv_stage **out, struct ls_err *err)
{
    const char *schema;
    struct pg_stage *p;
    enum ls_rc rc = LS_OK;

    *out = NULL;
    if (j->opts.measure && !j->opts.on_target)
        rc = try_clone(j, out, err);
    if (rc != LS_OK || *out != NULL)
        return rc;
    if (ls_db_info(j->db)->is_pooled) { /* the next statement may be another session's, which knows nothing of them */
        adv_note(j, LS_SEV_INFO, "pooled", NULL, "connect to the server itself", "nothing was costed: through a pooler HypoPG's indexes do not last");
        return LS_OK;
    }
    schema = find_hypopg(j, j->db);
    if (schema == NULL) {
        if (j->u->hypopg_available)
            adv_note(j, LS_SEV_INFO, "hypopg-available", NULL, "CREATE EXTENSION hypopg", "HypoPG could cost indexes here: it is installed on the server, but not in this database");
        return LS_OK;
    }
    p = ls_calloc(1, sizeof(*p));
    p->s = (struct adv_stage){.db = j->db, .is_hypo = true, .hypo_schema = schema, .how = "costed by HypoPG", .make = make, .drop = drop, .close = close_stage};
    *out = &p->s;
    return LS_OK;
}
