/* Rows handed from one server to another. */
#include <config.h>

#include "db/postgres/pg_internal.h"

#include <string.h>

#include "lockstep/db/copy.h"

enum { TELL_BYTES = 1 << 20, FLUSH_BYTES = 1 << 18 };

/* Sends it and waits until the server is ready to copy that way. */
static enum ls_rc begin(struct pg *c, struct pg_call *k, const char *sql, ExecStatusType wanted, struct ls_err *err)
{
    enum ls_rc rc = pg_check(c, err);
    PGresult *res = NULL;

    if (rc != LS_OK)
        return rc;
    pg_call_init(k, sql, strlen(sql));
    if (!PQsendQueryParams(c->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
        return pg_err_lost(c, err);
    rc = pg_flush(c, k, err);
    if (rc == LS_OK)
        rc = pg_next_result(c, k, &res, err);
    if (rc == LS_OK && (res == NULL || PQresultStatus(res) != wanted))
        rc = res != NULL ? pg_err_result(c, k, res, err) : ls_err_set(err, LS_E_INTERNAL, "the server did not begin to copy");
    PQclear(res);
    return rc;
}

/* Results to their end; the first error is kept. What is still being copied out is dropped. */
static enum ls_rc finish(struct pg *c, struct pg_call *k, struct ls_err *err)
{
    enum ls_rc first = LS_OK;
    PGresult *res;

    do {
        enum ls_rc rc = pg_next_result(c, k, &res, first == LS_OK ? err : NULL);

        if (rc == LS_OK && res != NULL && PQresultStatus(res) == PGRES_COPY_OUT) {
            rc = pg_drop_copy_out(c, k, err);
        } else if (rc == LS_OK && res != NULL && PQresultStatus(res) == PGRES_COPY_IN) {
            (void)PQputCopyEnd(c->conn, "it was stopped"); /* a second time after a full buffer */
        } else if (rc == LS_OK && res != NULL && PQresultStatus(res) != PGRES_COMMAND_OK) {
            rc = pg_err_result(c, k, res, first == LS_OK ? err : NULL);
        }
        first = first == LS_OK ? rc : first;
        PQclear(res);
    } while (res != NULL && !c->is_dead);
    return first;
}

struct flow {
    struct pg *from, *to;
    struct pg_call out, in;
    int64_t bytes, told, unsent;
    ls_progress_fn progress;
    void *ctx;
    bool is_refused; /* the reader of the rows is done with them */
};

static enum ls_rc put(struct flow *f, const char *data, int len, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;
    bool is_broken = false;
    int put;

    while (rc == LS_OK && !is_broken && (put = PQputCopyData(f->to->conn, data, len)) != 1) {
        if (put < 0) { /* the server has said no to a row */
            f->is_refused = true;
            rc = finish(f->to, &f->in, err);
            return rc != LS_OK ? rc : ls_err_set(err, LS_E_SQL, "the rows were refused");
        }
        rc = pg_wait_input(f->to, &f->in, &is_broken, err);
    }
    if (rc != LS_OK || is_broken)
        return rc != LS_OK ? rc : pg_err_lost(f->to, err);
    f->bytes += len;
    f->unsent += len;
    if (f->unsent >= FLUSH_BYTES) { /* what is buffered stays small */
        rc = pg_flush(f->to, &f->in, err);
        f->unsent = 0;
    }
    if (rc == LS_OK && f->bytes - f->told >= TELL_BYTES) {
        f->told = f->bytes;
        if (f->progress != NULL && !f->progress(f->ctx, f->bytes, 0))
            rc = ls_err_set(err, LS_E_CANCELLED, "stopped by the operator");
    }
    return rc;
}

/* *is_done: the last row was handed on. */
static enum ls_rc pump(struct flow *f, bool *is_done, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;
    bool is_broken = false;

    *is_done = false;
    while (rc == LS_OK && !is_broken) {
        char *data = NULL;
        int n = PQgetCopyData(f->from->conn, &data, 1);

        if (n > 0) {
            rc = put(f, data, n, err);
            PQfreemem(data);
        } else if (n == 0) {
            rc = pg_wait_input(f->from, &f->out, &is_broken, err);
        } else {
            *is_done = n == -1;
            break; /* finish() knows whether it ended well */
        }
    }
    return rc == LS_OK && is_broken ? pg_err_lost(f->from, err) : rc;
}

enum ls_rc pg_copy_rows(struct ls_db *from, const char *out, struct ls_db *to, const char *in, ls_progress_fn progress, void *ctx, int64_t *bytes,
                        struct ls_err *err)
{
    struct flow f = {.from = pg_of(from), .to = pg_of(to), .progress = progress, .ctx = ctx};
    bool is_done = false, is_copying;
    enum ls_rc rc = begin(f.from, &f.out, out, PGRES_COPY_OUT, err), end;

    if (rc != LS_OK) {
        (void)!finish(f.from, &f.out, NULL);
        return rc;
    }
    rc = begin(f.to, &f.in, in, PGRES_COPY_IN, err);
    is_copying = rc == LS_OK;
    if (rc == LS_OK)
        rc = pump(&f, &is_done, err);
    /* The source is asked to end what nobody wants any more: its rows may be many. */
    if (!is_done)
        pg_send_cancel(f.from, &f.out);
    /* Whether the source came to its end or failed is told behind its last row: before that the other side must not be told that all is there. */
    end = finish(f.from, &f.out, rc == LS_OK ? err : NULL);
    rc = rc == LS_OK ? end : rc;
    is_copying = is_copying && !f.is_refused;
    while (is_copying && !f.to->is_dead && PQputCopyEnd(f.to->conn, is_done && rc == LS_OK ? NULL : "stopped") == 0) {
        bool is_broken = false;

        if (pg_wait_input(f.to, &f.in, &is_broken, NULL) != LS_OK || is_broken)
            break;
    }
    if (!f.is_refused)
        end = finish(f.to, &f.in, rc == LS_OK ? err : NULL);
    if (bytes != NULL)
        *bytes = f.bytes;
    return rc == LS_OK ? end : rc;
}
