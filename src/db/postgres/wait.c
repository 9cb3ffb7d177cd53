#include <config.h>

#include "db/postgres/pg_internal.h"

#include <errno.h>
#include <poll.h>

#include "lockstep/base/clock.h"

void pg_call_init(struct pg_call *k, const char *sql, size_t len)
{
    *k = (struct pg_call){.sql = sql, .len = len, .last_tick = ls_mono_ms()};
}

/* PQcancel opens a second connection and waits until the server has taken the request: when it returns, the signal is on its way,
 * so it can not hit a later statement. On a dead link it ends by tcp_user_timeout (libpq 15 uses it here too). When the request
 * could not be delivered the wait still ends, after PG_CANCEL_GRACE_MS. */
static void send_cancel(struct pg *c, struct pg_call *k)
{
    char why[256];
    PGcancel *h = PQgetCancel(c->conn);

    atomic_store(&c->db.cancel, false); /* pressing again sends another one */
    if (!k->cancel_sent)
        k->cancel_sent = ls_mono_ms() + 1;
    if (h)
        PQcancel(h, why, (int)sizeof(why));
    PQfreeCancel(h);
}

/* Looks at cancel, on_wait and the times. Not LS_OK: the wait is over and the connection given up. */
static enum ls_rc tick(struct pg *c, struct pg_call *k, struct ls_err *err)
{
    bool wants_end = ls_db_tick(&c->db, &k->last_tick);

    if (k->ignores_on_wait) /* asked all the same: it also draws the clock */
        wants_end = atomic_load(&c->db.cancel);

    if (wants_end && !k->ignores_cancel && (!k->cancel_sent || atomic_load(&c->db.cancel)))
        send_cancel(c, k);

    int64_t now = ls_mono_ms();

    if ((k->deadline && now > k->deadline) || (k->cancel_sent && now > k->cancel_sent + PG_CANCEL_GRACE_MS))
        return pg_err_timeout(c, k, err);
    return LS_OK;
}

/* Waits for the socket at most one tick long. False: the link is broken, and what libpq still has is to be read. */
static bool wait_socket(struct pg *c, bool wants_write)
{
    struct pollfd p = {.fd = PQsocket(c->conn), .events = (short)(POLLIN | (wants_write ? POLLOUT : 0))};

    if (p.fd < 0)
        return false;
    if (poll(&p, 1, LS_DB_TICK_MS) < 0)
        return errno == EINTR;
    if (p.revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
        return PQconsumeInput(c->conn) == 1;
    return true;
}

enum ls_rc pg_wait_input(struct pg *c, struct pg_call *k, bool *is_broken, struct ls_err *err)
{
    int left = PQflush(c->conn);
    /* Before the wait: a huge result never waits long, and this is where its reader can be stopped. */
    enum ls_rc rc = tick(c, k, err);

    *is_broken = rc != LS_OK || !wait_socket(c, left > 0);
    return rc;
}

enum ls_rc pg_flush(struct pg *c, struct pg_call *k, struct ls_err *err)
{
    bool is_broken = false;
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && !is_broken && PQflush(c->conn) > 0)
        rc = pg_wait_input(c, k, &is_broken, err);
    return rc; /* a broken link shows when the answer is read */
}

enum ls_rc pg_next_result(struct pg *c, struct pg_call *k, PGresult **res, struct ls_err *err)
{
    bool is_broken = false;
    enum ls_rc rc = tick(c, k, err);

    *res = NULL;
    while (rc == LS_OK && !is_broken && PQisBusy(c->conn))
        rc = pg_wait_input(c, k, &is_broken, err);
    if (rc == LS_OK)
        *res = PQgetResult(c->conn);
    return rc;
}
