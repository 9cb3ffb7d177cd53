#include <config.h>

#include "db/postgres/pg_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/fault.h"
#include "lockstep/base/mem.h"

enum ls_rc pg_check(struct pg *c, struct ls_err *err)
{
    if (!c->is_dead && PQstatus(c->conn) == CONNECTION_OK)
        return LS_OK;
    c->is_dead = true;
    return ls_err_set(err, LS_E_CONNECT, "the connection is gone");
}

const char **pg_values(const struct ls_param *params, int n_params)
{
    size_t blobs = 0, table = ((size_t)n_params + 1) * sizeof(char *);
    const char **values;
    char *to;

    for (int i = 0; i < n_params; i++)
        blobs += params[i].kind == LS_PARAM_BLOB ? strlen(params[i].text) + 3 : 0;
    /* bytea's hex form needs a prefix: it stands behind the table, in the same block. */
    values = ls_calloc(1, table + blobs);
    to = (char *)values + table;
    for (int i = 0; i < n_params; i++) {
        values[i] = params[i].kind == LS_PARAM_NULL ? NULL : params[i].text;
        if (params[i].kind != LS_PARAM_BLOB)
            continue;
        values[i] = to;
        memcpy(to, "\\x", 2);
        memcpy(to + 2, params[i].text, strlen(params[i].text) + 1);
        to += strlen(params[i].text) + 3;
    }
    return values;
}

/* Types are left to the server: "where version = $1" takes the column's. The extended protocol also refuses a second statement. */
static enum ls_rc send(struct pg *c, struct pg_call *k, const struct ls_param *params, int n_params, struct ls_err *err)
{
    enum ls_rc rc = pg_check(c, err);

    if (rc != LS_OK)
        return rc;
    pg_guard_prepared(c, k->sql, k->len);
    ls_buf_clear(&c->text);
    ls_buf_add(&c->text, k->sql, k->len);

    const char **values = pg_values(params, n_params);
    int ok = k->is_batch ? PQsendQuery(c->conn, c->text.ptr)
                         : PQsendQueryParams(c->conn, c->text.ptr, n_params, NULL, values, NULL, NULL, 0);

    free(values);
    if (c->text.cap > (size_t)1024 * 1024)
        ls_buf_release(&c->text);
    if (ok)
        return pg_flush(c, k, err);
    if (PQstatus(c->conn) == CONNECTION_BAD)
        return pg_err_lost(c, err);
    return ls_err_set(err, LS_E_INTERNAL, "the statement could not be sent: %s", PQerrorMessage(c->conn));
}

static void count_rows(struct pg_call *k, const PGresult *res, struct ls_exec_info *info)
{
    int n = PQntuples(res), cols = PQnfields(res);

    if (!info->has_rows) {
        info->has_rows = true;
        k->is_set_true = true;
    }
    k->set_rows += n;
    k->is_set_true = k->is_set_true && (n == 0 || cols > 0);
    for (int i = 0; k->is_set_true && i < n; i++)
        for (int j = 0; k->is_set_true && j < cols; j++)
            k->is_set_true = !PQgetisnull(res, i, j) && ls_db_text_is_true(PQgetvalue(res, i, j));
}

static void end_statement(struct pg_call *k, PGresult *res, struct ls_exec_info *info)
{
    const char *affected = PQcmdTuples(res);

    snprintf(info->tag, sizeof(info->tag), "%s", PQcmdStatus(res));
    if (PQresultStatus(res) == PGRES_TUPLES_OK) {
        info->rows = k->set_rows;
        info->all_true = k->is_set_true = k->is_set_true && k->set_rows > 0;
        k->set_rows = 0;
    } else {
        info->rows = *affected ? strtoll(affected, NULL, 10) : -1;
    }
    k->n_done++;
}

static void keep_rows(const PGresult *res, struct ls_result *out)
{
    int n = PQntuples(res), cols = PQnfields(res);

    out->arena = ls_arena_new();
    out->n_rows = (size_t)n;
    out->n_cols = cols;
    out->names = LS_ARENA_ARRAY(out->arena, const char *, (size_t)cols + 1);
    out->cells = LS_ARENA_ARRAY(out->arena, const char *, (size_t)n *(size_t)cols + 1);
    for (int j = 0; j < cols; j++)
        out->names[j] = ls_arena_str(out->arena, PQfname(res, j));
    for (int i = 0; i < n; i++)
        for (int j = 0; j < cols; j++)
            if (!PQgetisnull(res, i, j))
                out->cells[(size_t)i * (size_t)cols + (size_t)j] =
                    ls_arena_strn(out->arena, PQgetvalue(res, i, j), (size_t)PQgetlength(res, i, j));
}

/* There is nothing to copy from: the server is told so, and fails the statement. */
static enum ls_rc refuse_copy_in(struct pg *c, struct pg_call *k, struct ls_err *err)
{
    enum ls_rc rc = ls_err_set(err, LS_E_UNSUPPORTED, "COPY FROM STDIN cannot be run here"), wait_rc = LS_OK;
    bool is_broken = false;

    ls_err_hint(err, "write the rows as INSERT statements, or copy from a file that the server can read");
    while (PQputCopyEnd(c->conn, "no data follows: lockstep does not run COPY FROM STDIN") == 0 && wait_rc == LS_OK && !is_broken)
        wait_rc = pg_wait_input(c, k, &is_broken, NULL);
    return rc;
}

enum ls_rc pg_drop_copy_out(struct pg *c, struct pg_call *k, struct ls_err *err)
{
    bool is_broken = false;
    enum ls_rc rc = LS_OK;
    char *data;
    int n;

    while (rc == LS_OK && !is_broken && (n = PQgetCopyData(c->conn, &data, 1)) >= 0) {
        if (n > 0)
            PQfreemem(data);
        else
            rc = pg_wait_input(c, k, &is_broken, err);
    }
    return rc;
}

enum ls_rc pg_take_result(struct pg *c, struct pg_call *k, PGresult *res, struct ls_result *out, struct ls_exec_info *info,
                          struct ls_err *err)
{
    ExecStatusType status = PQresultStatus(res);

    switch (status) {
    case PGRES_SINGLE_TUPLE:
        count_rows(k, res, info);
        return LS_OK;
    case PGRES_TUPLES_OK:
        count_rows(k, res, info);
        end_statement(k, res, info);
        if (out && !out->arena)
            keep_rows(res, out);
        return LS_OK;
    case PGRES_COMMAND_OK:
        end_statement(k, res, info);
        return LS_OK;
    case PGRES_EMPTY_QUERY:
        return LS_OK;
    case PGRES_COPY_IN:
        return refuse_copy_in(c, k, err);
    case PGRES_COPY_OUT:
        return pg_drop_copy_out(c, k, err);
    case PGRES_COPY_BOTH: /* replication only: nothing here asks for it */
        c->is_dead = true;
        return ls_err_set(err, LS_E_UNSUPPORTED, "the server started to replicate; connection given up");
    default:
        return pg_err_result(c, k, res, err);
    }
}

/* Reads one call's results to their end: rows are added to out, or counted and dropped (out NULL). Returns the first error. */
static enum ls_rc drain(struct pg *c, struct pg_call *k, struct ls_result *out, struct ls_exec_info *info, struct ls_err *err)
{
    enum ls_rc first = LS_OK;
    PGresult *res;

    for (;;) {
        struct ls_err *to = first == LS_OK ? err : NULL;
        enum ls_rc rc = pg_next_result(c, k, &res, to);

        if (rc == LS_OK && res)
            rc = pg_take_result(c, k, res, out, info, to);
        first = first == LS_OK ? rc : first;
        if (!res)
            break;
        PQclear(res);
        if (c->is_dead && PQstatus(c->conn) == CONNECTION_OK)
            break; /* given up, not closed: no end is coming */
    }
    if (first == LS_OK && PQstatus(c->conn) == CONNECTION_BAD)
        first = pg_err_lost(c, err);
    return first;
}

enum ls_rc pg_exec_call(struct pg *c, struct pg_call *k, const struct ls_param *params, int n_params, struct ls_exec_info *info,
                        struct ls_err *err)
{
    enum ls_rc rc = send(c, k, params, n_params, err);

    if (rc != LS_OK)
        return rc;
    if (k->is_commit)
        LS_FAULT("db-commit-sent");
    PQsetSingleRowMode(c->conn); /* a huge result passes by row by row */
    return drain(c, k, NULL, info, err);
}

bool pg_fence(struct pg *c, enum ls_rc *rc, struct ls_err *err)
{
    struct ls_exec_info info = {.rows = -1};
    struct pg_call k;

    *rc = LS_OK;
    if (!c->is_fenced || pg_tx_status(&c->db) != LS_TXS_IDLE)
        return false;
    pg_call_init(&k, PG_BEGIN_READ_ONLY, strlen(PG_BEGIN_READ_ONLY));
    *rc = pg_exec_call(c, &k, NULL, 0, &info, err);
    return *rc == LS_OK;
}

enum ls_rc pg_unfence(struct pg *c, bool was_fenced, enum ls_rc rc)
{
    if (was_fenced && !c->is_dead)
        pg_rollback(&c->db);
    return rc;
}

enum ls_rc pg_exec(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                   struct ls_exec_info *info, struct ls_err *err)
{
    enum ls_rc rc;
    bool fence = pg_fence(pg_of(db), &rc, err);
    struct pg_call k;

    if (rc != LS_OK)
        return rc;
    pg_call_init(&k, sql, len);
    return pg_unfence(pg_of(db), fence, pg_exec_call(pg_of(db), &k, params, n_params, info, err));
}

enum ls_rc pg_exec_batch(struct ls_db *db, const char *sql, size_t len, struct ls_exec_info *info, struct ls_err *err)
{
    enum ls_rc rc;
    bool fence = pg_fence(pg_of(db), &rc, err);
    struct pg_call k;

    if (rc != LS_OK)
        return rc;
    pg_call_init(&k, sql, len);
    k.is_batch = true;
    return pg_unfence(pg_of(db), fence, pg_exec_call(pg_of(db), &k, NULL, 0, info, err));
}

enum ls_rc pg_query_call(struct pg *c, struct pg_call *k, const struct ls_param *params, int n_params, struct ls_result *out,
                         struct ls_err *err)
{
    struct ls_exec_info info = {.rows = -1};
    enum ls_rc rc = send(c, k, params, n_params, err);

    return rc == LS_OK ? drain(c, k, out, &info, err) : rc;
}

enum ls_rc pg_query(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                    struct ls_result *out, struct ls_err *err)
{
    enum ls_rc rc;
    bool fence = pg_fence(pg_of(db), &rc, err);
    struct pg_call k;

    if (rc != LS_OK)
        return rc;
    pg_call_init(&k, sql, len);
    k.is_batch = n_params == LS_AS_TEXT;
    return pg_unfence(pg_of(db), fence, pg_query_call(pg_of(db), &k, params, k.is_batch ? 0 : n_params, out, err));
}
