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

void job_post(void *job)
{
    struct job *j = job;

    if (j->conn && j->conn->worker)
        task_worker_post(j->conn->worker, &j->task);
    else
        j->task.done(&j->task, true);
}
