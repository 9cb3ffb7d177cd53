/* tui/conn.c: sessions with their workers, and the snapshot. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/diffref.h"
#include "tui/jobs.h"

static struct conn *conn_new(struct app *a, bool read_only)
{
    struct conn *c = ls_calloc(1, sizeof(*c));
    struct ls_session_params p = a->target.params;

    p.read_only = read_only;
    c->session = ls_session_new(&p);
    c->worker = task_worker_new(a->mail);
    return c;
}

/* A worker may still be inside a call that ends late (a connect to a host that is gone): it is left to end by itself. */
static void conn_end(struct app *a, struct conn **slot)
{
    struct conn *c = *slot;

    *slot = NULL;
    if (!c)
        return;
    task_worker_supersede(c->worker);
    ls_session_cancel(c->session);
    c->next = a->ending;
    a->ending = c;
}

void conn_reap(struct app *a)
{
    struct conn **at = &a->ending;

    while (*at) {
        struct conn *c = *at;

        if (task_worker_is_busy(c->worker)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        task_worker_free(c->worker);
        ls_session_free(c->session);
        free(c);
    }
}

bool conn_open(struct app *a)
{
    if (!a->mail)
        return false;
    a->phase = APP_CONNECTING;
    a->is_armed = !a->target.params.is_protected && !a->target.params.read_only;
    a->main = conn_new(a, !a->is_armed);
    free(a->label);
    a->label = ls_db_url_label(a->target.params.url);
    return true;
}

void conn_close_all(struct app *a)
{
    conn_end(a, &a->main);
    conn_end(a, &a->side);
    a->asking = NULL; /* its answer will be stale */
    conn_reap(a);
}

struct conn *conn_side(struct app *a)
{
    /* Another connection to an in-memory database would see another, empty one. */
    if (!a->mail || !a->target.params.url || strstr(a->target.params.url, ":memory:"))
        return NULL;
    if (!a->side)
        a->side = conn_new(a, true);
    return a->side;
}

struct conn *conn_idle(struct app *a)
{
    if (a->main && app_is_busy(a))
        return conn_side(a);
    return a->main;
}

bool conn_give_up(struct app *a)
{
    if (!a->main || (!a->is_loading && !a->asking))
        return false;
    atomic_store(&a->main->is_given_up, true);
    ls_session_cancel(a->main->session);
    return true;
}

void conn_settle(struct conn *c)
{
    if (c && atomic_exchange(&c->is_given_up, false))
        ls_session_clear_cancel(c->session);
}

/* --- snapshot ----------------------------------------------------------------------------------------------------- */

struct job_snapshot {
    struct job job;
    struct ls_snapshot *snap;
    bool is_reached;
};

static void snapshot_run(struct task *t)
{
    struct job_snapshot *j = (struct job_snapshot *)t;

    j->job.rc = ls_session_snapshot(j->job.session, &j->snap, &j->job.err);
    /* A cancel that came when the run was over already is not about this. */
    if (j->job.rc == LS_E_CANCELLED && !atomic_load(&j->job.conn->is_given_up)) {
        ls_err_release(&j->job.err);
        j->job.rc = ls_session_snapshot(j->job.session, &j->snap, &j->job.err);
    }
    if (j->job.rc == LS_OK)
        return;
    j->is_reached = ls_session_db(j->job.session) && ls_db_is_alive(ls_session_db(j->job.session));
    /* The files can be shown without a database. The first error is the one to tell. */
    if (ls_session_scan(j->job.session, &j->snap, NULL) != LS_OK)
        j->snap = NULL;
}

static void snapshot_done(struct task *t, bool is_stale)
{
    struct job_snapshot *j = (struct job_snapshot *)t;
    struct app *a = j->job.app;

    if (is_stale) {
        ls_snapshot_free(j->snap);
        job_free(j);
        return;
    }
    bool is_due = a->is_due && !atomic_load(&j->job.conn->is_given_up);

    a->is_loading = a->is_due = false;
    conn_settle(j->job.conn);
    ls_err_release(&a->conn_err);
    app_phase_over(a);
    if (j->job.rc == LS_OK) {
        a->phase = APP_READY;
    } else {
        a->phase = APP_FOLDER_ONLY;
        a->is_reached = j->is_reached;
        ls_err_copy(&a->conn_err, &j->job.err);
        app_say_err(a, &j->job.err);
    }
    if (j->snap)
        app_set_snapshot(a, snapref_new(j->snap));
    drift_soon(a);
    a->needs_layout = a->needs_paint = true;
    job_free(j);
    if (is_due)
        job_snapshot(a);
}

void job_snapshot(struct app *a)
{
    struct conn *c = conn_idle(a);

    a->is_due = a->is_loading;
    if (a->is_loading)
        return;
    if (!c) {
        if (a->mail)
            app_say(a, ROLE_INFO, "the screen is read again when the run is over");
        return;
    }
    a->is_loading = true;
    a->needs_paint = true;
    job_post(job_new(a, sizeof(struct job_snapshot), c, snapshot_run, snapshot_done));
}

/* --- read-only and armed ------------------------------------------------------------------------------------------ */

struct job_arm {
    struct job job;
    bool arm;
};

static void arm_run(struct task *t)
{
    struct job_arm *j = (struct job_arm *)t;

    /* The next call connects anew with these rights; it also knows what to do about a file that is not there yet. */
    ls_session_set_read_only(j->job.session, !j->arm);
}

static void arm_done(struct task *t, bool is_stale)
{
    struct job_arm *j = (struct job_arm *)t;
    struct app *a = j->job.app;

    if (!is_stale) {
        a->is_armed = j->arm;
        app_say(a, j->arm ? ROLE_WARNING : ROLE_INFO, "%s", j->arm ? "armed: this console may write now" : "read-only again");
        job_snapshot(a);
        a->needs_layout = a->needs_paint = true;
    }
    job_free(j);
}

void job_arm(struct app *a, bool arm)
{
    struct job_arm *j = job_new(a, sizeof(*j), a->main, arm_run, arm_done);

    j->arm = arm;
    job_post(j);
}
