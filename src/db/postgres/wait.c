#include <config.h>

#include "db/postgres/pg_internal.h"

#include <errno.h>
#include <poll.h>

#include "lockstep/base/clock.h"

void pg_call_init(struct pg_call *k, const char *sql, size_t len)
{
    int64_t now = ls_mono_ms();

    *k = (struct pg_call){.sql = sql, .len = len, .began = now, .last_tick = now};
}

static void run_cancel(void *arg)
{
    char why[256];

    (void)PQcancel(arg, why, (int)sizeof(why));
}

static void drop_cancel(void *arg)
{
    PQfreeCancel(arg);
}

/* PQcancel opens a second connection and waits until the server has taken the request: when it returns, the signal is on its way,
 * so it can not hit a later statement. A server that takes the connection and then says nothing keeps it for ever, so it is done
 * aside. When the request could not be delivered the wait still ends, after PG_CANCEL_GRACE_MS. */
void pg_send_cancel(struct pg *c, struct pg_call *k)
{
    PGcancel *h;

    atomic_store(&c->db.cancel, false); /* pressing again sends another one */
    if (!k->cancel_sent)
        k->cancel_sent = ls_mono_ms() + 1;
    if (c->cancelling != NULL || (h = PQgetCancel(c->conn)) == NULL)
        return;
    c->cancelling = pg_aside_begin(run_cancel, drop_cancel, h);
    if (c->cancelling == NULL) {
        run_cancel(h);
        drop_cancel(h);
    }
}

/* True: no cancel is on its way any more, or none was. */
static bool is_cancel_through(struct pg *c, int wait_ms)
{
    if (c->cancelling == NULL)
        return true;
    if (!pg_aside_wait(c->cancelling, wait_ms))
        return false;
    pg_aside_end(c->cancelling);
    c->cancelling = NULL;
    return true;
}

/* Looks at cancel, on_wait and the times. Not LS_OK: the wait is over and the connection given up. */
static enum ls_rc tick(struct pg *c, struct pg_call *k, struct ls_err *err)
{
    bool wants_end = ls_db_tick(&c->db, &k->last_tick);
    int64_t patience = c->db.params.answer_ms, now;

    if (k->ignores_on_wait) /* asked all the same: it also draws the clock */
        wants_end = atomic_load(&c->db.cancel);

    if (is_cancel_through(c, 0) && wants_end && !k->ignores_cancel && (!k->cancel_sent || atomic_load(&c->db.cancel)))
        pg_send_cancel(c, k);

    now = ls_mono_ms();
    if ((k->deadline && now > k->deadline) || (k->cancel_sent && now > k->cancel_sent + PG_CANCEL_GRACE_MS) ||
        (patience > 0 && now > k->began + patience))
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
    while (rc == LS_OK && !is_broken && !is_cancel_through(c, LS_DB_TICK_MS))
        rc = tick(c, k, err);
    if (rc == LS_OK)
        *res = PQgetResult(c->conn);
    return rc;
}
