/* tui/job_ddl.c: the statements that make one side look like the other, made and put in colour by a worker: shown, or written to a file. */
#include <config.h>

#include <stdlib.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/diff/ddl.h"
#include "tui/diffref.h"

#define PAINT_MS 100 /* between two looks at how far it is; what is made sooner is shown without one */

struct job_ddl {
    struct job job;
    struct diffref *ref;           /* it and both catalogues live as long as this */
    const struct ls_difference *x; /* of ref's, or NULL: all */
    struct ls_ddl_opts opts;
    char *path;                    /* NULL: shown */
    bool is_ascii;
    atomic_bool is_stopped;
    atomic_size_t done, total;     /* how far it is */
    int64_t paint_ms;              /* when the screen is told next */
    struct ui_doc *doc;
    size_t n_not_written;
};

/* --- in the worker ------------------------------------------------------------------------------------------------ */

static void on_step_shown(void *ctx, void *msg)
{
    (void)msg;
    ((struct app *)ctx)->needs_paint = true;
}

static bool on_step(void *ctx, size_t done, size_t total)
{
    struct job_ddl *j = ctx;
    int64_t now = ls_mono_ms();

    atomic_store(&j->done, done);
    atomic_store(&j->total, total);
    if (now >= j->paint_ms) {
        j->paint_ms = now + PAINT_MS;
        mailbox_post(j->job.app->mail, on_step_shown, j->job.app, NULL);
    }
    return atomic_load(&j->is_stopped);
}

static size_t make(struct job_ddl *j, struct ls_buf *text)
{
    struct ls_diff narrow;
    size_t n;

    if (!j->x)
        return ls_ddl_diff(&j->ref->diff, &j->opts, text);
    ls_diff_narrow(&j->ref->diff, j->x, &narrow);
    n = ls_ddl_diff(&narrow, &j->opts, text);
    LS_VEC_RELEASE(&narrow.d);
    return n;
}

static void ddl_run(struct task *t)
{
    struct job_ddl *j = (struct job_ddl *)t;
    struct ls_buf text = LS_BUF_INIT;

    j->paint_ms = ls_mono_ms() + PAINT_MS;
    j->n_not_written = make(j, &text);
    if (atomic_load(&j->is_stopped)) {
        j->job.rc = ls_err_set(&j->job.err, LS_E_CANCELLED, "stopped");
    } else if (j->path) {
        j->job.rc = ls_file_write_new(j->path, text.ptr, text.len, 0644, &j->job.err);
    } else {
        j->doc = ui_doc_new(j->is_ascii);
        if (text.len == 0)
            ui_doc_text(j->doc, ROLE_DIM, "There is nothing to do.");
        ui_doc_sql(j->doc, j->ref->b->c->dialect, text.ptr, text.len, 0, 0);
    }
    ls_buf_release(&text);
}

/* --- around it ---------------------------------------------------------------------------------------------------- */

static void say_written(struct app *a, const struct job_ddl *j)
{
    if (j->job.rc != LS_OK)
        app_show_err(a, "The statements could not be written", &j->job.err);
    else if (j->n_not_written > 0)
        app_say(a, ROLE_WARNING, "written, but not complete (%zu without a statement): %s", j->n_not_written, j->path);
    else
        app_say(a, ROLE_GOOD, "written: %s", j->path);
}

static void show(struct app *a, struct job_ddl *j)
{
    size_t n = j->n_not_written;

    if (n > 0)
        app_say(a, ROLE_WARNING, "%zu difference%s no statement: the lines that begin with \"" LS_DDL_NOT_WRITTEN "\" say why", n,
                n == 1 ? " has" : "s have");
    ui_viewer_open(a, j->x ? "Statements of this difference" : "Statements of all differences", j->doc);
    j->doc = NULL;
}

static void say_replaced(struct app *a, const char *path)
{
    app_say(a, ROLE_WARNING, "the sides were compared again meanwhile%s: ask for the statements again", path ? ", and nothing was written" : "");
}

static void answer(struct app *a, struct job_ddl *j)
{
    a->needs_paint = true;
    /* What is in the file already is told whatever came after it. */
    if (j->path && j->job.rc != LS_E_CANCELLED)
        say_written(a, j);
    else if (j->ref->is_replaced)
        say_replaced(a, j->path);
    else if (atomic_load(&j->is_stopped))
        app_say(a, ROLE_WARNING, "stopped: %s", j->path ? "nothing was written" : "the statements are not shown");
    else if (job_may_answer(j, false))
        show(a, j);
}

static void ddl_done(struct task *t, bool is_stale)
{
    struct job_ddl *j = (struct job_ddl *)t;

    j->job.app->ddl = NULL;
    if (!is_stale)
        answer(j->job.app, j);
    ui_doc_free(j->doc);
    diffref_put(j->ref);
    free(j->path);
    job_free(j);
}

void job_ddl(struct app *a, struct diffref *r, const struct ls_difference *x, const struct ls_diff_opts *compared, const char *path)
{
    struct job_ddl *j;

    if (r->is_replaced) /* while it was asked which ones */
        say_replaced(a, path);
    else if (a->ddl)
        app_say(a, ROLE_INFO, "statements are being made already: ^C stops that");
    if (r->is_replaced || a->ddl || !a->mail)
        return;
    j = job_new(a, sizeof(*j), NULL, ddl_run, ddl_done);
    j->ref = diffref_get(r);
    j->x = x;
    j->opts = (struct ls_ddl_opts){.with_owner = compared->with_owner,
                                   .with_rights = compared->with_rights,
                                   .with_order = compared->with_order,
                                   .on_step = on_step,
                                   .ctx = j};
    j->path = path ? ls_strdup(path) : NULL;
    j->is_ascii = a->is_ascii;
    if (!a->writer)
        a->writer = task_worker_new(a->mail);
    a->ddl = j;
    a->needs_paint = true;
    task_worker_post(a->writer, &j->job.task);
}

bool job_ddl_stop(struct app *a)
{
    if (a->ddl)
        atomic_store(&a->ddl->is_stopped, true);
    return a->ddl != NULL;
}

void job_ddl_words(const struct app *a, struct ls_buf *out)
{
    struct job_ddl *j = a->ddl;
    size_t total = j ? atomic_load(&j->total) : 0;

    if (!j)
        return;
    ls_buf_adds(out, "making the statements");
    if (total > 0)
        ls_buf_addf(out, ": %zu %%", atomic_load(&j->done) * 100 / total);
    ls_buf_adds(out, atomic_load(&j->is_stopped) ? ", to be stopped" : "; ^C stops it");
}
