#include <config.h>

#include "db/postgres/pg_internal.h"

#include <errno.h>
#include <poll.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/secret.h"
#include "lockstep/sql/facts.h"

#define DEFAULT_CONNECT_MS 10000

static void pg_close(struct ls_db *db)
{
    struct pg *c = pg_of(db);

    /* The server rolls back what is open. A dead connection's farewell is not waited for: the socket does not block. */
    PQfinish(c->conn);
    ls_buf_release(&c->text);
    pg_forget_prepared(c);
}

static bool pg_is_alive(const struct ls_db *db)
{
    const struct pg *c = (const struct pg *)db;

    return !c->is_dead && PQstatus(c->conn) == CONNECTION_OK;
}

static const struct ls_db_ops pg_ops = {
    .close = pg_close,
    .is_alive = pg_is_alive,
    .query = pg_query,
    .exec = pg_exec,
    .exec_batch = pg_exec_batch,
    .pipeline = pg_pipeline,
    .tx_status = pg_tx_status,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .xact_id = pg_xact_id,
    .xact_outcome = pg_xact_outcome,
    .try_lock = pg_try_lock,
    .unlock = pg_unlock,
    .lock_holder = pg_lock_holder,
    .blockers = pg_blockers,
    .child_conninfo = pg_child_conninfo,
    .catalog = pg_catalog,
    .catalog_refresh = pg_catalog_refresh,
    .usage = pg_usage,
};

/* A notice may be of any length; nobody reads more of it than this. */
#define MAX_NOTICE ((size_t)4096)

static void on_notice(void *arg, const PGresult *res)
{
    struct pg *c = arg;
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    struct ls_buf all = LS_BUF_INIT;

    if (!c->is_ready || !c->db.params.on_notice)
        return;
    ls_buf_adds(&all, text ? text : PQresultErrorMessage(res));
    if (detail)
        ls_buf_addf(&all, "\n%s", detail);
    if (hint)
        ls_buf_addf(&all, "\n%s", hint);
    ls_buf_cap(&all, MAX_NOTICE);
    c->db.params.on_notice(c->db.params.ctx, severity ? severity : "NOTICE", all.ptr);
    ls_buf_release(&all);
}

/* Waits until libpq can go on. */
static enum ls_rc wait_connect(struct pg *c, PostgresPollingStatusType want, int64_t deadline, int64_t *last, struct ls_err *err)
{
    struct pollfd p = {.fd = PQsocket(c->conn), .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT};

    for (;;) {
        int64_t now = ls_mono_ms();
        int n;

        if (ls_db_tick(&c->db, last))
            return ls_err_set(err, LS_E_CANCELLED, "connecting was cancelled");
        if (now >= deadline) {
            const char *host = PQhost(c->conn);

            ls_err_set(err, LS_E_CONNECT, "no answer from %s port %s within the connect timeout",
                       host && *host ? host : "the server", PQport(c->conn));
            ls_err_hint(err, "check host and port in the URL, and that a firewall lets us through");
            return LS_E_CONNECT;
        }
        n = poll(&p, 1, deadline - now < LS_DB_TICK_MS ? (int)(deadline - now) : LS_DB_TICK_MS);
        if (n > 0)
            return LS_OK;
        if (n < 0 && errno != EINTR)
            return ls_err_sys(err, "waiting for the server");
    }
}

static enum ls_rc connect_all(struct pg *c, const struct ls_db_params *params, struct ls_err *err)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    int64_t last = ls_mono_ms();
    int64_t deadline = last + (params->connect_timeout_ms > 0 ? params->connect_timeout_ms : DEFAULT_CONNECT_MS);

    if (PQstatus(c->conn) == CONNECTION_BAD)
        return pg_err_start(c->conn, err);
    PQsetNoticeReceiver(c->conn, on_notice, c);
    PQsetErrorVerbosity(c->conn, PQERRORS_VERBOSE); /* pg_err_connect finds the SQLSTATE in it */
    do {
        enum ls_rc rc = wait_connect(c, want, deadline, &last, err);

        if (rc != LS_OK)
            return rc;
        want = PQconnectPoll(c->conn);
    } while (want == PGRES_POLLING_READING || want == PGRES_POLLING_WRITING);
    if (want != PGRES_POLLING_OK)
        return pg_err_connect(c->conn, err);
    PQsetErrorVerbosity(c->conn, PQERRORS_DEFAULT);
    PQsetnonblocking(c->conn, 1);
    return LS_OK;
}

void ls_pg_preload(void)
{
    enum ls_rc rc = libpq_load(NULL);

    (void)rc; /* ls_pg_open asks again, and says what is wrong */
}

enum ls_rc ls_pg_open(const struct ls_db_params *params, struct ls_db **out, struct ls_err *err)
{
    struct pg_conninfo ci;
    struct pg *c;
    enum ls_rc rc = libpq_load(err);

    /* What is to write must know what a statement does: without the parser less would be known. */
    if (rc == LS_OK && !params->read_only)
        rc = ls_sql_parser_load(err);
    if (rc == LS_OK)
        rc = pg_conninfo_init(&ci, params, err);
    if (rc != LS_OK)
        return rc;
    c = ls_calloc(1, sizeof(*c));
    ls_buf_init(&c->text);
    ls_db_init(&c->db, &pg_ops, params);
    c->db.info.dialect = LS_DIALECT_POSTGRES;
    c->conn = PQconnectStartParams(ci.keywords, ci.values, 0);
    pg_conninfo_release(&ci);
    /* From the URL, PGPASSWORD, a password file or a service. */
    if (c->conn && PQpass(c->conn) && *PQpass(c->conn))
        ls_secret_seen();
    if (!c->conn)
        rc = ls_err_set(err, LS_E_IO, "out of memory while connecting");
    else
        rc = connect_all(c, params, err);
    if (rc == LS_OK)
        rc = pg_setup(c, params, err);
    if (rc != LS_OK) {
        ls_db_close(&c->db);
        return rc;
    }
    c->is_ready = true;
    *out = &c->db;
    return LS_OK;
}
