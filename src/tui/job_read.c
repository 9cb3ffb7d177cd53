/* tui/job_read.c: reading: the journal, the checks, a migration's files. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/verify.h"
#include "tui/detail_doc.h"
#include "tui/flow.h"
#include "tui/jobs.h"

#define JOURNAL_ROWS 1000

/* --- journal ------------------------------------------------------------------------------------------------------ */

struct job_journal {
    struct job job;
    struct ls_journal journal;
    job_journal_fn fn;
};

static void journal_run(struct task *t)
{
    struct job_journal *j = (struct job_journal *)t;

    j->job.rc = ls_journal_read(j->job.session, JOURNAL_ROWS, &j->journal, &j->job.err);
}

static void journal_done(struct task *t, bool is_stale)
{
    struct job_journal *j = (struct job_journal *)t;

    if (is_stale)
        ls_journal_release(&j->journal);
    else
        j->fn(j->job.app, &j->journal, j->job.rc == LS_OK ? NULL : &j->job.err);
    job_free(j);
}

void job_journal(struct app *a, job_journal_fn done)
{
    struct conn *c = conn_idle(a);
    struct job_journal *j;

    if (!c || a->phase != APP_READY)
        return;
    j = job_new(a, sizeof(*j), c, journal_run, journal_done);
    j->fn = done;
    job_post(j);
}

/* --- detail ------------------------------------------------------------------------------------------------------- */

struct job_detail {
    struct job job;
    struct snapref *snap;
    long index;
    int width;
    bool is_ascii;
    struct ui_doc *doc;
    job_detail_fn fn;
};

static void detail_run(struct task *t)
{
    struct job_detail *j = (struct job_detail *)t;

    j->doc = detail_doc(j->snap->snap, &j->snap->snap->timeline.e.v[j->index], j->width, j->is_ascii);
}

static void detail_done(struct task *t, bool is_stale)
{
    struct job_detail *j = (struct job_detail *)t;

    if (is_stale)
        ui_doc_free(j->doc);
    else
        j->fn(j->job.app, j->index, j->width, j->snap, j->doc);
    snapref_put(j->snap);
    job_free(j);
}

void job_detail(struct app *a, long index, int width, job_detail_fn done)
{
    struct conn *c = app_is_busy(a) || a->phase == APP_CONNECTING ? conn_side(a) : a->main;
    struct job_detail *j;

    if (!c || !a->snap || index < 0 || (size_t)index >= a->snap->snap->timeline.e.n)
        return;
    j = job_new(a, sizeof(*j), c, detail_run, detail_done);
    j->snap = snapref_get(a->snap);
    j->index = index;
    j->width = width;
    j->is_ascii = a->is_ascii;
    j->fn = done;
    job_post(j);
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

struct job_verify {
    struct job job;
    struct snapref *snap;
    struct ls_verify_report report;
};

static void verify_run(struct task *t)
{
    struct job_verify *j = (struct job_verify *)t;

    j->job.rc = ls_verify(j->job.session, j->snap->snap, true, NULL, &j->report, &j->job.err);
}

static enum theme_role role_of(enum ls_severity s)
{
    static const enum theme_role roles[] = {
        [LS_SEV_INFO] = ROLE_INFO, [LS_SEV_WARNING] = ROLE_WARNING, [LS_SEV_DANGER] = ROLE_DANGER, [LS_SEV_ERROR] = ROLE_ERROR};

    return (size_t)s < LS_ARRAY_LEN(roles) ? roles[s] : ROLE_TEXT;
}

static void add_diag(struct ui_doc *d, const struct ls_diag *x)
{
    ui_doc_addf(d, role_of(x->severity), "%-8s", ls_severity_name(x->severity));
    if (x->version)
        ui_doc_addf(d, ROLE_TITLE, "%s ", x->version);
    ui_doc_adds(d, ROLE_TEXT, x->message);
    ui_doc_addf(d, ROLE_DIM, "  (%s)", x->code);
    ui_doc_end(d);
    if (x->path) {
        ui_doc_addf(d, ROLE_DIM, "        %s", x->path);
        if (x->line > 0)
            ui_doc_addf(d, ROLE_DIM, ":%d", x->line);
        ui_doc_end(d);
    }
    if (x->hint)
        ui_doc_textf(d, ROLE_DIM, "        %s", x->hint);
}

static void show_report(struct app *a, const struct ls_verify_report *r)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    bool is_bad = false;

    for (size_t i = 0; i < r->diags.d.n; i++)
        is_bad = is_bad || r->diags.d.v[i].severity >= LS_SEV_DANGER;
    ui_doc_addf(d, is_bad ? ROLE_ERROR : ROLE_GOOD, "%s", is_bad ? "Something is wrong. " : "All is as it should be. ");
    ui_doc_addf(d, ROLE_TEXT, "%d migrations looked at; %d verify statements run, %d of them not true.", r->n_checked,
                r->n_verify_run, r->n_verify_failed);
    ui_doc_end(d);
    ui_doc_blank(d);
    for (size_t i = 0; i < r->diags.d.n; i++)
        add_diag(d, &r->diags.d.v[i]);
    ui_viewer_open(a, "Verify", d);
}

static void verify_done(struct task *t, bool is_stale)
{
    struct job_verify *j = (struct job_verify *)t;
    struct app *a = j->job.app;

    if (!is_stale) {
        a->progress.is_on = false;
        flow_question_over(a);
        /* Differences are an answer, not an error. */
        if (j->job.rc == LS_OK || j->job.rc == LS_E_DRIFT || j->report.diags.d.n > 0)
            show_report(a, &j->report);
        else
            app_show_err(a, "The check could not be made", &j->job.err);
        a->needs_paint = true;
    }
    if (j->report.arena)
        ls_verify_report_release(&j->report);
    snapref_put(j->snap);
    job_free(j);
}

void job_verify(struct app *a)
{
    struct job_verify *j;

    if (!a->snap || !a->main)
        return;
    j = job_new(a, sizeof(*j), a->main, verify_run, verify_done);
    j->snap = snapref_get(a->snap);
    a->progress.is_on = true;
    a->progress.done = a->progress.total = 0;
    (void)snprintf(a->progress.text, sizeof(a->progress.text), "verify");
    job_post(j);
}
