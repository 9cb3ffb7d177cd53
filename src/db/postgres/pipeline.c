#include <config.h>

#include "db/postgres/pg_internal.h"

#include <stdlib.h>

#include "lockstep/base/mem.h"

static enum ls_rc send_all(struct pg *c, struct pg_call *k, const struct ls_db_call *calls, int n, struct ls_err *err)
{
    int ok = PQenterPipelineMode(c->conn);

    for (int i = 0; ok && i < n; i++) {
        int n_params = calls[i].params ? calls[i].n_params : 0;
        const char **values = pg_values(calls[i].params, n_params);

        ls_buf_clear(&c->text);
        ls_buf_add(&c->text, calls[i].sql, calls[i].len);
        ok = PQsendQueryParams(c->conn, c->text.ptr, n_params, NULL, values, NULL, NULL, 0);
        free(values);
    }
    ok = ok && PQpipelineSync(c->conn);
    if (ok)
        return pg_flush(c, k, err);
    if (PQstatus(c->conn) == CONNECTION_BAD)
        return pg_err_lost(c, err);
    c->is_dead = true; /* half a pipeline is in libpq: there is no way back */
    return ls_err_set(err, LS_E_INTERNAL, "the statements could not be sent: %s", PQerrorMessage(c->conn));
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

enum ls_rc pg_pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed,
                       struct ls_err *err)
{
    struct pg *c = pg_of(db);
    struct pg_call k;
    bool is_synced = false;
    enum ls_rc first = pg_check(c, err);

    if (first != LS_OK)
        return first;
    pg_call_init(&k, calls[0].sql, calls[0].len);
    first = send_all(c, &k, calls, n, err);
    for (int i = 0; i <= n && !is_synced && !c->is_dead; i++) { /* n is the sync */
        struct ls_exec_info scratch = {.rows = -1};
        enum ls_rc rc;

        k.sql = i < n ? calls[i].sql : NULL;
        k.len = i < n ? calls[i].len : 0;
        k.set_rows = 0;
        rc = read_one(c, &k, infos && i < n ? &infos[i] : &scratch, &is_synced, first == LS_OK ? err : NULL);
        if (rc != LS_OK && first == LS_OK) {
            first = rc;
            if (failed)
                *failed = i < n ? i : n - 1;
        }
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
