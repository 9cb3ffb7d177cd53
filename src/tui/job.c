/* tui/job.c: the common part of jobs. */
#include <config.h>

#include <stdlib.h>

#include "lockstep/base/mem.h"
#include "tui/jobs.h"

void *job_new(struct app *a, size_t size, struct conn *conn, void (*run)(struct task *), void (*done)(struct task *, bool))
{
    struct job *j = ls_calloc(1, size);

    j->task.run = run;
    j->task.done = done;
    j->app = a;
    j->conn = conn;
    j->session = conn ? conn->session : NULL;
    ls_err_init(&j->err);
    return j;
}

void job_free(void *job)
{
    struct job *j = job;

    ls_err_release(&j->err);
    free(j);
}

bool job_may_ask(struct app *a)
{
    if (a->asking)
        app_say(a, ROLE_INFO, "the answer to the key before is on its way");
    return !a->asking;
}

void job_ask(void *job)
{
    struct job *j = job;

    j->app->asking = j;
    job_post(j);
}

bool job_may_answer(void *job, bool is_stale)
{
    struct job *j = job;

    if (j->app->asking == j)
        j->app->asking = NULL;
    if (!is_stale)
        conn_settle(j->conn);
    if (!is_stale && j->app->modal)
        app_say(j->app, ROLE_WARNING, "what was asked for before this dialog was dropped: press its key again");
    return !is_stale && !j->app->modal;
}

void job_post(void *job)
{
    struct job *j = job;

    if (j->conn && j->conn->worker)
        task_worker_post(j->conn->worker, &j->task);
    else
        j->task.done(&j->task, true);
}

static void show_progress(void *ctx, void *msg)
{
    struct app *a = ctx;
    char *text = msg;

    app_say(a, ROLE_INFO, "%s", text);
    a->needs_paint = true;
    free(text);
}

void job_say_progress(struct app *a, const struct ls_event *ev)
{
    if (ev->kind == LS_EV_PROGRESS && ev->text)
        mailbox_post(a->mail, show_progress, a,
                     ev->total > 0 ? ls_asprintf("%s %lld of %lld", ev->text, (long long)ev->done, (long long)ev->total) : ls_strdup(ev->text));
}
