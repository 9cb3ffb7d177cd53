#include <config.h>

#include "db/postgres/pg_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

/* *is_preparing: a prepare goes in front, which has an answer of its own. */
static int send_one(struct pg *c, const struct ls_db_call *call, bool *is_preparing)
{
    struct pg_prepared *p = pg_find_prepared(c, call);
    int n_params = call->params ? call->n_params : 0, ok = 1;
    const char **values = pg_values(call->params, n_params);

    ls_buf_clear(&c->text);
    ls_buf_add(&c->text, call->sql, call->len);
    if (p && !p->is_sent) {
        *is_preparing = p->is_sent = true;
        ok = PQsendPrepare(c->conn, p->name, c->text.ptr, 0, NULL);
    }
    if (ok && p)
        ok = PQsendQueryPrepared(c->conn, p->name, n_params, values, NULL, NULL, 0);
    else if (ok)
        ok = PQsendQueryParams(c->conn, c->text.ptr, n_params, NULL, values, NULL, NULL, 0);
    free(values);
    return ok;
}

static enum ls_rc end_sending(struct pg *c, struct pg_call *k, bool ok, const char *what, struct ls_err *err)
{
    if (ok)
        return pg_flush(c, k, err);
    if (PQstatus(c->conn) == CONNECTION_BAD)
        return pg_err_lost(c, err);
    c->is_dead = true; /* half a pipeline is in libpq: there is no way back */
    return ls_err_set(err, LS_E_INTERNAL, "the %s could not be sent: %s", what, PQerrorMessage(c->conn));
}

static enum ls_rc send_all(struct pg *c, struct pg_call *k, const struct ls_db_call *calls, int n, bool *is_preparing,
                           struct ls_err *err)
{
    int ok = PQenterPipelineMode(c->conn);

    for (int i = 0; i < n; i++)
        pg_guard_prepared(c, calls[i].sql, calls[i].len);
    for (int i = 0; ok && i < n; i++)
        ok = send_one(c, &calls[i], &is_preparing[i]);
    ok = ok && PQpipelineSync(c->conn);
    return end_sending(c, k, ok, "statements", err);
}

/* One statement's results; *is_synced: what arrived was the end of the pipeline. */
static enum ls_rc read_one(struct pg *c, struct pg_call *k, struct ls_exec_info *info, bool *is_synced, struct ls_err *err)
{
    enum ls_rc first = LS_OK;

    for (;;) {
        struct ls_err *to = first == LS_OK ? err : NULL;
        PGresult *res;
        enum ls_rc rc = pg_next_result(c, k, &res, to);

        if (rc != LS_OK)
            return first == LS_OK ? rc : first;
        if (!res)
            return first;

        ExecStatusType status = PQresultStatus(res);

        if (status == PGRES_PIPELINE_SYNC)
            *is_synced = true;
        else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            c->is_dead = true; /* libpq has no way out of a copy inside a pipeline */
            rc = ls_err_set(to, LS_E_UNSUPPORTED, "COPY from or to the client cannot be run here; connection given up");
        } else if (status != PGRES_PIPELINE_ABORTED)
            rc = pg_take_result(c, k, res, NULL, info, to);
        PQclear(res);
        first = first == LS_OK ? rc : first;
        if (*is_synced || c->is_dead || PQstatus(c->conn) == CONNECTION_BAD)
            return first;
    }
}

static enum ls_rc read_answers(struct pg *c, struct pg_call *k, bool has_prepare, struct ls_exec_info *info, bool *is_synced,
                               struct ls_err *err)
{
    struct ls_exec_info scratch = {.rows = -1};
    enum ls_rc first = has_prepare ? read_one(c, k, &scratch, is_synced, err) : LS_OK, rc = LS_OK;

    k->set_rows = 0;
    if (!*is_synced && !c->is_dead && PQstatus(c->conn) == CONNECTION_OK)
        rc = read_one(c, k, info, is_synced, first == LS_OK ? err : NULL);
    return first == LS_OK ? rc : first;
}

static enum ls_rc pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed, struct ls_err *err)
{
    struct pg *c = pg_of(db);
    bool *is_preparing;
    struct pg_call k;
    bool is_synced = false;
    enum ls_rc first = pg_check(c, err);

    if (first != LS_OK)
        return first;
    is_preparing = ls_calloc((size_t)n, sizeof(*is_preparing));
    pg_call_init(&k, calls[0].sql, calls[0].len);
    first = send_all(c, &k, calls, n, is_preparing, err);
    for (int i = 0; i <= n && !is_synced && !c->is_dead; i++) { /* n is the sync */
        struct ls_exec_info scratch = {.rows = -1};
        enum ls_rc rc;

        k.sql = i < n ? calls[i].sql : NULL;
        k.len = i < n ? calls[i].len : 0;
        rc = read_answers(c, &k, i < n && is_preparing[i], infos && i < n ? &infos[i] : &scratch, &is_synced,
                          first == LS_OK ? err : NULL);
        if (rc != LS_OK && first == LS_OK) {
            first = rc;
            if (failed)
                *failed = i < n ? i : n - 1;
        }
        if (PQstatus(c->conn) == CONNECTION_BAD)
            break;
    }
    free(is_preparing);
    /* What was to be prepared behind the failure is not there; and the failure may be that one is gone. */
    if (first != LS_OK)
        pg_forget_prepared(c);
    if (PQstatus(c->conn) == CONNECTION_BAD)
        return first != LS_OK ? (c->is_dead = true, first) : pg_err_lost(c, err);
    if (!c->is_dead && !PQexitPipelineMode(c->conn)) {
        c->is_dead = true;
        return first != LS_OK ? first : ls_err_set(err, LS_E_INTERNAL, "the pipeline did not end: %s", PQerrorMessage(c->conn));
    }
    return first;
}

enum ls_rc pg_pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed, struct ls_err *err)
{
    enum ls_rc rc;
    bool fence = pg_fence(pg_of(db), &rc, err);

    return rc == LS_OK ? pg_unfence(pg_of(db), fence, pipeline(db, calls, n, infos, failed, err)) : rc;
}

/* --- queries --- */

static enum ls_rc send_queries(struct pg *c, struct pg_call *k, const char *const *sql, int n, struct ls_err *err)
{
    int ok = PQenterPipelineMode(c->conn);

    for (int i = 0; ok && i < n; i++)
        ok = PQsendQueryParams(c->conn, sql[i], 0, NULL, NULL, NULL, NULL, 0);
    ok = ok && PQpipelineSync(c->conn);
    return end_sending(c, k, ok, "queries", err);
}

enum ls_rc pg_pipeline_rows(struct pg *c, const char *const *sql, int n, void (*take)(void *ctx, int i, const PGresult *res),
                            void *ctx, int *failed, struct ls_err *err)
{
    enum ls_rc first = pg_check(c, err);
    bool is_synced = false;
    struct pg_call k;

    if (first != LS_OK)
        return first;
    pg_call_init(&k, NULL, 0);
    first = send_queries(c, &k, sql, n, err);
    for (int i = 0; !is_synced && !c->is_dead;) {
        struct ls_err *to = first == LS_OK ? err : NULL;
        PGresult *res;
        enum ls_rc rc;

        k.sql = i < n ? sql[i] : NULL;
        k.len = i < n ? strlen(sql[i]) : 0;
        rc = pg_next_result(c, &k, &res, to);
        if (res == NULL) { /* the end of one query's results, or of the line */
            if (rc == LS_OK && PQstatus(c->conn) == CONNECTION_BAD)
                rc = pg_err_lost(c, to);
            i++;
        } else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
            is_synced = true;
        } else if (PQresultStatus(res) == PGRES_TUPLES_OK && first == LS_OK) {
            take(ctx, i, res);
        } else if (PQresultStatus(res) == PGRES_FATAL_ERROR) {
            rc = pg_err_result(c, &k, res, to);
            *failed = first == LS_OK ? i : *failed;
        }
        PQclear(res);
        first = first == LS_OK ? rc : first;
        if (PQstatus(c->conn) == CONNECTION_BAD)
            break;
    }
    if (PQstatus(c->conn) == CONNECTION_BAD)
        return first != LS_OK ? (c->is_dead = true, first) : pg_err_lost(c, err);
    if (!c->is_dead && !PQexitPipelineMode(c->conn)) {
        c->is_dead = true;
        return first != LS_OK ? first : ls_err_set(err, LS_E_INTERNAL, "the pipeline did not end: %s", PQerrorMessage(c->conn));
    }
    return first;
}
