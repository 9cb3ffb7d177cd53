/* tui/job_plan.c: plans and the ways out of a dirty database, made in the worker. */
#include <config.h>

#include <stdlib.h>

#include "lockstep/base/mem.h"
#include "tui/flow.h"
#include "tui/jobs.h"

struct job_plan {
    struct job job;
    struct ls_snapshot *snap;
    struct ls_plan_request req;
    char *version;
    struct ls_plan *plan;
};

/* Read anew: a file may have been mended, and another operator been there, since the screen was read. */
static void plan_run(struct task *t)
{
    struct job_plan *j = (struct job_plan *)t;

    j->job.rc = ls_session_snapshot(j->job.session, &j->snap, &j->job.err);
    if (j->job.rc == LS_OK)
        j->job.rc = ls_plan_make(j->job.session, j->snap, &j->req, &j->plan, &j->job.err);
}

static void plan_done(struct task *t, bool is_stale)
{
    struct job_plan *j = (struct job_plan *)t;

    if (is_stale)
        ls_snapshot_free(j->snap);
    else if (j->snap) /* screen and plan speak of the same state */
        app_set_snapshot(j->job.app, snapref_new(j->snap));
    if (job_may_answer(j, is_stale))
        flow_on_plan(j->job.app, j->job.rc == LS_OK ? j->plan : NULL, &j->job.err);
    else
        ls_plan_free(j->plan);
    free(j->version);
    job_free(j);
}

void job_plan(struct app *a, const struct ls_plan_request *req)
{
    struct job_plan *j;

    if (!a->snap)
        return;
    j = job_new(a, sizeof(*j), a->main, plan_run, plan_done);
    j->req = *req;
    j->req.version = j->version = ls_strdup(req->version);
    job_ask(j);
}

struct job_dirty {
    struct job job;
    struct snapref *snap;
    struct ls_dirty_report *report;
};

static void dirty_run(struct task *t)
{
    struct job_dirty *j = (struct job_dirty *)t;

    j->report = ls_calloc(1, sizeof(*j->report));
    j->job.rc = ls_dirty_explain(j->job.session, j->snap->snap, j->report, &j->job.err);
}

static void dirty_done(struct task *t, bool is_stale)
{
    struct job_dirty *j = (struct job_dirty *)t;
    struct app *a = j->job.app;
    bool is_shown = job_may_answer(j, is_stale);

    snapref_put(j->snap);
    if (is_shown && j->job.rc == LS_OK) {
        flow_on_dirty(a, j->report);
    } else {
        if (is_shown)
            app_show_err(a, "The dirty database could not be explained", &j->job.err);
        if (j->report)
            ls_dirty_report_release(j->report);
        free(j->report);
    }
    job_free(j);
}

void job_dirty(struct app *a)
{
    struct job_dirty *j;

    if (!a->snap || !job_may_ask(a))
        return;
    j = job_new(a, sizeof(*j), a->main, dirty_run, dirty_done);
    j->snap = snapref_get(a->snap);
    job_ask(j);
}
