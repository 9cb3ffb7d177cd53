/* A workload out of pg_stat_statements: versions 1.8 (PostgreSQL 13) to 1.12. */
#include <config.h>

#include "engine/workload_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

#define PRELOAD "set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, restart the server, "

static enum ls_rc not_there(struct ls_err *err, bool is_available)
{
    ls_err_set(err, LS_E_UNSUPPORTED, "the extension pg_stat_statements is not in this database");
    if (is_available)
        ls_err_hint(err, PRELOAD "and run CREATE EXTENSION pg_stat_statements here; or write the queries into " LS_WORKLOAD_FILE);
    else
        ls_err_hint(err, "install PostgreSQL's contrib package, " PRELOAD "and run CREATE EXTENSION pg_stat_statements here; or write the "
                         "queries into " LS_WORKLOAD_FILE);
    return LS_E_UNSUPPORTED;
}

/* Its schema is quoted into out. */
static enum ls_rc find_schema(struct ls_db *db, struct ls_buf *out, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = ls_db_query(db,
                                "SELECT n.nspname, EXISTS (SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = "
                                "'pg_stat_statements') FROM (SELECT 1) one LEFT JOIN (pg_catalog.pg_extension e JOIN "
                                "pg_catalog.pg_namespace n ON n.oid = e.extnamespace) ON e.extname = 'pg_stat_statements'",
                                NULL, 0, &r, err);

    if (rc != LS_OK)
        return rc;
    const char *schema = ls_result_get(&r, 0, 0), *available = ls_result_get(&r, 0, 1);

    rc = schema == NULL ? not_there(err, available != NULL && available[0] == 't') : ls_sql_ident(out, schema, err);
    ls_result_release(&r);
    return rc;
}

/* Statements on the catalogues are those of tools, lockstep's own among them. Columns that only newer versions have are read through to_jsonb. 13 knows no toplevel, and keeps no moment of its reset: then the server's start. */
static const char list_sql[] =
    "SELECT s.query, pg_catalog.sum(s.calls)::bigint, pg_catalog.sum(t.total), t.hidden FROM %s.pg_stat_statements s, "
    "LATERAL (SELECT pg_catalog.to_jsonb(s) AS j) x, LATERAL (SELECT (x.j->>'total_exec_time')::double precision AS total, "
    "s.query = '<insufficient privilege>' AS hidden, COALESCE((x.j->>'toplevel')::boolean, true) AS toplevel) t "
    "WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND t.toplevel AND s.query !~ "
    "'pg_catalog[.]|pg_stat_statements' "
    "GROUP BY s.query, t.hidden ORDER BY 3 DESC NULLS LAST, 1 LIMIT %d";

static enum ls_rc read_since(struct ls_db *db, const char *schema, double *hours, char day[16])
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r;
    enum ls_rc rc;

    ls_buf_addf(&sql,
                "SELECT EXTRACT(EPOCH FROM pg_catalog.now() - t) / 3600, pg_catalog.to_char(t, 'YYYY-MM-DD') FROM (SELECT "
                "GREATEST(pg_catalog.pg_postmaster_start_time(), stats_reset) AS t FROM %s.pg_stat_statements_info) i",
                schema);
    rc = ls_db_query(db, sql.ptr, NULL, 0, &r, NULL);
    if (rc != LS_OK)
        rc = ls_db_query(db,
                         "SELECT EXTRACT(EPOCH FROM pg_catalog.now() - pg_catalog.pg_postmaster_start_time()) / 3600, "
                         "pg_catalog.to_char(pg_catalog.pg_postmaster_start_time(), 'YYYY-MM-DD')",
                         NULL, 0, &r, NULL);
    ls_buf_release(&sql);
    if (rc != LS_OK)
        return rc;
    const char *h = ls_result_get(&r, 0, 0), *d = ls_result_get(&r, 0, 1);

    *hours = h != NULL ? strtod(h, NULL) : -1;
    snprintf(day, 16, "%.15s", d != NULL ? d : "");
    ls_result_release(&r);
    return LS_OK;
}

static void take_row(struct ls_workload *w, const struct ls_result *r, size_t i, double hours, wl_queries *list)
{
    const char *calls = ls_result_get(r, i, 1), *total = ls_result_get(r, i, 2);
    struct ls_query q = {.mean_ms = -1};
    struct ls_err why = LS_ERR_INIT;
    bool is_planned = false;

    q.sql = ls_arena_str(w->arena, ls_result_get(r, i, 0));
    q.name = ls_arena_printf(w->arena, "statement %zu", list->n + 1);
    q.calls = calls != NULL ? strtoll(calls, NULL, 10) : 0;
    if (wl_query(w, &q, &is_planned, &why) == LS_OK && is_planned) {
        q.mean_ms = total != NULL && q.calls > 0 ? strtod(total, NULL) / (double)q.calls : -1;
        q.has_frequency = hours > 0;
        q.per_hour = q.has_frequency ? (double)q.calls / (hours > 1 ? hours : 1) : 1;
        *LS_VEC_PUSH(list) = q;
    }
    ls_err_release(&why);
}

static enum ls_rc take_rows(struct ls_workload *w, const struct ls_result *r, int limit, double hours, struct ls_err *err)
{
    wl_queries list = {0};
    size_t n_hidden = 0;

    for (size_t i = 0; i < r->n_rows && list.n < (size_t)limit; i++) {
        const char *hidden = ls_result_get(r, i, 3);

        if (hidden != NULL && hidden[0] == 't')
            n_hidden++;
        else if (ls_result_get(r, i, 0) != NULL)
            take_row(w, r, i, hours, &list);
    }
    wl_freeze(w, &list);
    if (n_hidden > 0 && w->n_queries == 0) {
        ls_err_set(err, LS_E_RIGHTS, "this role may not see the statements of others in pg_stat_statements");
        ls_err_hint(err, "GRANT pg_read_all_stats TO the role");
        return LS_E_RIGHTS;
    }
    if (n_hidden > 0)
        wl_note(w, "statements-hidden", NULL, 0, "GRANT pg_read_all_stats TO the role",
                "statements of other roles are hidden from this one, and left out");
    if (w->n_queries == 0)
        wl_note(w, "no-queries", NULL, 0, NULL, "pg_stat_statements has seen no query in this database");
    return LS_OK;
}

enum ls_rc ls_workload_statements(struct ls_db *db, int limit, struct ls_workload *out, struct ls_err *err)
{
    struct ls_buf schema = LS_BUF_INIT, sql = LS_BUF_INIT;
    struct ls_err why = LS_ERR_INIT;
    struct ls_result r = {0};
    double hours = -1;
    char day[16] = "";
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES) {
        ls_err_set(err, LS_E_UNSUPPORTED, "SQLite keeps no list of the statements that it ran");
        ls_err_hint(err, "write the queries into " LS_WORKLOAD_FILE);
        return LS_E_UNSUPPORTED;
    }
    out->arena = ls_arena_new();
    out->dialect = LS_DIALECT_POSTGRES;
    rc = find_schema(db, &schema, &why);
    if (rc == LS_OK) {
        ls_buf_addf(&sql, list_sql, schema.ptr, limit * 4 + 50);
        rc = ls_db_query(db, sql.ptr, NULL, 0, &r, &why);
        if (rc != LS_OK && strcmp(why.sqlstate, "55000") == 0) {
            ls_err_release(&why);
            rc = ls_err_set(&why, LS_E_UNSUPPORTED, "the extension pg_stat_statements is here, but the server has not loaded its library");
            ls_err_hint(&why, PRELOAD "or write the queries into " LS_WORKLOAD_FILE);
        } else if (rc == LS_E_RIGHTS) {
            ls_err_hint(&why, "GRANT SELECT ON pg_stat_statements, and pg_read_all_stats, TO the role");
        }
    }
    if (rc == LS_OK)
        rc = read_since(db, schema.ptr, &hours, day);
    if (rc == LS_OK) {
        out->source = ls_arena_printf(out->arena, "pg_stat_statements%s%s", day[0] != '\0' ? " since " : "", day);
        rc = take_rows(out, &r, limit, hours, &why);
    }
    ls_result_release(&r);
    ls_buf_release(&schema);
    ls_buf_release(&sql);
    if (rc != LS_OK) {
        ls_workload_release(out);
        if (err != NULL)
            ls_err_move(err, &why);
    }
    ls_err_release(&why);
    return rc;
}
