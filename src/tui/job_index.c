/* tui/job_index.c: the index report of the target, made by a worker; with `advise`, the workload is planned and measured on a copy too. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/diff_opts.h"
#include "config/index_opts.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "tui/jobs.h"

void ixref_put(struct ixref *r)
{
    if (!r || --r->refs > 0)
        return;
    ls_index_report_release(&r->report);
    free(r);
}

struct job_index {
    struct job job;
    struct ls_index_request req;
    struct config_index_opts opts; /* what the request borrows */
    char *state_dir, *scratch_url;
    bool scratch_on_target;
    struct ixref *result;
    job_index_fn fn;
};

static void on_event(void *ctx, const struct ls_event *ev)
{
    job_say_progress(((struct job_index *)ctx)->job.app, ev);
}

static void make(struct job_index *j)
{
    struct ls_run_hooks hooks = {.on_event = on_event, .ctx = j};
    struct ls_side_world world = {
        .session = j->job.session, .scratch_url = j->scratch_url, .scratch_on_target = j->scratch_on_target, .hooks = &hooks};

    j->req.advice.hooks = &hooks;
    j->req.now_us = ls_wall_us();
    j->job.rc = ls_index_report_make(&world, &j->req, &j->result->report, &j->job.err);
    ls_side_world_end(&world);
}

/* A connection that was idle may have been closed meanwhile, which shows only when it is used: the next one is a new one. */
static void index_run(struct task *t)
{
    struct job_index *j = (struct job_index *)t;

    for (int tries = 0; tries < 2 && (tries == 0 || j->job.rc == LS_E_CONNECT); tries++) {
        ls_err_release(&j->job.err);
        make(j);
    }
}

static void index_done(struct task *t, bool is_stale)
{
    struct job_index *j = (struct job_index *)t;

    if (!is_stale)
        ls_session_clear_cancel(j->job.session); /* it was meant for this one, whether it came in time or not */
    if (is_stale || j->job.rc != LS_OK) {
        ixref_put(j->result);
        j->result = NULL;
    }
    if (!is_stale)
        j->fn(j->job.app, j->result, &j->job.err);
    config_index_opts_release(&j->opts);
    free(j->state_dir);
    free(j->scratch_url);
    job_free(j);
}

/* Read anew: what was ignored a moment ago stands in the file. */
static void take_project(struct app *a, struct config_index_opts *out)
{
    struct config_project now;
    bool is_read = a->project.path && config_project_load(a->project.path, &now, NULL) == LS_OK;

    config_index_opts_make(is_read ? &now : &a->project, &a->target, out);
    if (is_read)
        config_project_release(&now);
}

void job_index_judge(struct app *a, struct ixref *ix)
{
    struct config_index_opts opts;

    take_project(a, &opts);
    ls_index_report_judge(&ix->report, opts.ignores.v, (uint32_t)opts.ignores.n);
    config_index_opts_release(&opts);
}

bool job_index(struct app *a, bool advise, job_index_fn done)
{
    /* The second session, so that the timeline goes on meanwhile; a database in memory has only the one. */
    struct conn *c = conn_side(a);
    const char *scratch = config_scratch_url(&a->project, &a->request);
    struct job_index *j;

    if (!c)
        c = conn_idle(a);
    if (!c || a->phase != APP_READY)
        return false;
    j = job_new(a, sizeof(*j), c, index_run, index_done);
    j->result = ls_calloc(1, sizeof(*j->result));
    j->result->refs = 1;
    j->result->is_advised = advise;
    j->state_dir = a->state_home ? ls_strdup(a->state_home) : NULL;
    j->scratch_url = scratch ? ls_strdup(scratch) : NULL;
    j->scratch_on_target = a->target.is_scratch_ok;
    take_project(a, &j->opts);
    config_index_lend(&j->opts, &j->req);
    j->req.usage.with_sizes = true;
    j->req.usage.with_orphans = advise; /* looks through whole tables, as measuring does */
    j->req.state_dir = j->state_dir;
    j->req.workload_of_server = true;
    j->req.advise = advise;
    j->req.advice.measure = true;
    j->fn = done;
    job_post(j);
    return true;
}

void job_index_cancel(struct app *a)
{
    struct conn *c = a->side ? a->side : a->main;

    if (c)
        ls_session_cancel(c->session);
}
