#include <config.h>

#include "db/postgres/pg_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

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

/* --- what may look up a name -------------------------------------------------------------------------------------------------------------- */

/* One call of libpq: the first one, by ci, or a later one of conn. Which of them looks up a name nobody can break off: what it works with is its own. */
struct dial {
    struct pg_conninfo ci;
    PGconn *conn;
    PostgresPollingStatusType want;
};

static void run_dial(void *arg)
{
    struct dial *d = arg;

    if (d->conn) {
        d->want = PQconnectPoll(d->conn);
    } else {
        d->conn = PQconnectStartParams(d->ci.keywords, d->ci.values, 0);
        d->want = PGRES_POLLING_WRITING;
    }
}

static void drop_dial(void *arg)
{
    struct dial *d = arg;

    PQfinish(d->conn);
    pg_conninfo_release(&d->ci);
    free(d);
}

/* Waits for a call that runs aside. */
static enum ls_rc wait_aside(struct pg *c, struct pg_aside *aside, int64_t deadline, int64_t *last, struct ls_err *err)
{
    while (!pg_aside_wait(aside, LS_DB_TICK_MS)) {
        if (ls_db_tick(&c->db, last))
            return ls_err_set(err, LS_E_CANCELLED, "connecting was cancelled");
        if (ls_mono_ms() < deadline)
            continue;
        ls_err_set(err, LS_E_CONNECT, "the server's address could not be looked up within the connect timeout");
        ls_err_hint(err, "the name service does not answer: check the host's name and the network, or write the numeric address");
        return LS_E_CONNECT;
    }
    return LS_OK;
}

/* Makes the call, and takes its connection. What is not waited for any more goes to its end by itself. */
static enum ls_rc make_call(struct pg *c, struct dial *d, bool may_block, int64_t deadline, int64_t *last, struct ls_err *err)
{
    struct pg_aside *aside = may_block ? pg_aside_begin(run_dial, drop_dial, d) : NULL;
    enum ls_rc rc = LS_OK;

    c->conn = NULL;
    if (aside)
        rc = wait_aside(c, aside, deadline, last, err);
    else
        run_dial(d);
    if (rc == LS_OK) {
        c->conn = d->conn;
        c->want = d->want;
        d->conn = NULL;
    }
    if (aside)
        pg_aside_end(aside);
    else
        drop_dial(d);
    return rc;
}

static enum ls_rc poll_once(struct pg *c, bool may_block, int64_t deadline, int64_t *last, struct ls_err *err)
{
    struct dial *d = ls_calloc(1, sizeof(*d));

    d->conn = c->conn;
    return make_call(c, d, may_block, deadline, last, err);
}

/* What the last of the words says; "" where it is left to the environment or a service. */
static const char *word_of(const struct pg_conninfo *ci, const char *keyword)
{
    const char *value = "";

    for (int i = 0; ci->keywords[i]; i++)
        if (strcmp(ci->keywords[i], keyword) == 0)
            value = ci->values[i];
    return value;
}

static bool is_name(const char *host)
{
    return *host != '/' && *host != '@';
}

static enum ls_rc start(struct pg *c, struct pg_conninfo *ci, int64_t deadline, int64_t *last, struct ls_err *err)
{
    struct dial *d = ls_calloc(1, sizeof(*d));
    bool may_block = *word_of(ci, "hostaddr") == '\0' && is_name(word_of(ci, "host"));

    d->ci = *ci;
    *ci = (struct pg_conninfo){0};
    return make_call(c, d, may_block, deadline, last, err);
}

/* The next host's name is looked up when the one before has not answered. */
static bool has_more_hosts(PGconn *conn)
{
    PQconninfoOption *all = PQconninfo(conn);
    bool found = false;

    for (const PQconninfoOption *o = all; o && o->keyword; o++)
        found = found || (strcmp(o->keyword, "host") == 0 && o->val && strchr(o->val, ',') != NULL);
    PQconninfoFree(all);
    return found;
}

static enum ls_rc connect_all(struct pg *c, struct pg_conninfo *ci, const struct ls_db_params *params, struct ls_err *err)
{
    int64_t last = ls_mono_ms();
    int64_t deadline = last + (params->connect_timeout_ms > 0 ? params->connect_timeout_ms : DEFAULT_CONNECT_MS);
    enum ls_rc rc = start(c, ci, deadline, &last, err);
    bool may_block;

    if (rc != LS_OK)
        return rc;
    if (!c->conn)
        return ls_err_set(err, LS_E_IO, "out of memory while connecting");
    /* From the URL, PGPASSWORD, a password file or a service. */
    if (PQpass(c->conn) && *PQpass(c->conn))
        ls_secret_seen();
    if (PQstatus(c->conn) == CONNECTION_BAD)
        return pg_err_start(c->conn, err);
    PQsetNoticeReceiver(c->conn, on_notice, c);
    PQsetErrorVerbosity(c->conn, PQERRORS_VERBOSE); /* pg_err_connect finds the SQLSTATE in it */
    may_block = has_more_hosts(c->conn);
    do {
        rc = wait_connect(c, c->want, deadline, &last, err);
        if (rc == LS_OK)
            rc = poll_once(c, may_block, deadline, &last, err);
        if (rc != LS_OK)
            return rc;
    } while (c->want == PGRES_POLLING_READING || c->want == PGRES_POLLING_WRITING);
    if (c->want != PGRES_POLLING_OK)
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
    rc = connect_all(c, &ci, params, err);
    pg_conninfo_release(&ci);
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
