/* tui/job_backup.c: backups: made, listed, read back, pruned. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/flow.h"
#include "tui/jobs.h"

struct job_backup {
    struct job job;
    struct ls_backups list;
    char *name, *dir;
    bool then_confirm;
    long keep;
    bool dry_run;
    struct ls_buf removed;
};

struct progress_message {
    struct app *app;
    char text[64];
    int64_t done, total;
};

static void on_progress_message(void *ctx, void *msg)
{
    struct app *a = ctx;
    struct progress_message *m = msg;

    if (a->progress.is_on) {
        (void)snprintf(a->progress.text, sizeof(a->progress.text), "%s", m->text);
        a->progress.done = m->done;
        a->progress.total = m->total;
        a->needs_paint = true;
    }
    free(m);
}

static void on_event(void *ctx, const struct ls_event *ev)
{
    struct job_backup *j = ctx;
    struct progress_message *m;

    if (ev->kind != LS_EV_PROGRESS)
        return;
    m = ls_calloc(1, sizeof(*m));
    (void)snprintf(m->text, sizeof(m->text), "%s", ev->text ? ev->text : "working");
    m->done = ev->done;
    m->total = ev->total;
    mailbox_post(j->job.app->mail, on_progress_message, j->job.app, m);
}

static void progress_on(struct app *a, const char *text)
{
    a->progress.is_on = true;
    a->progress.done = a->progress.total = 0;
    (void)snprintf(a->progress.text, sizeof(a->progress.text), "%s", text);
    a->needs_paint = true;
}

static void release(struct job_backup *j)
{
    ls_backups_release(&j->list);
    ls_buf_release(&j->removed);
    free(j->name);
    free(j->dir);
    job_free(j);
}

static struct job_backup *new_job(struct app *a, struct conn *c, void (*run)(struct task *), void (*done)(struct task *, bool))
{
    struct job_backup *j = job_new(a, sizeof(*j), c, run, done);

    j->dir = ls_strdup(a->target.params.backup_dir ? a->target.params.backup_dir : "backups");
    ls_buf_init(&j->removed);
    return j;
}

/* --- list --------------------------------------------------------------------------------------------------------- */

static void list_run(struct task *t)
{
    struct job_backup *j = (struct job_backup *)t;

    j->job.rc = ls_backup_list(j->dir, &j->list, &j->job.err);
}

static void list_done(struct task *t, bool is_stale)
{
    struct job_backup *j = (struct job_backup *)t;
    struct app *a = j->job.app;

    if (!is_stale && j->job.rc == LS_OK) {
        ls_backups_release(&a->backups);
        a->backups = j->list;
        memset(&j->list, 0, sizeof(j->list));
        a->has_backups = true;
        a->panes[UI_PANE_BACKUPS]->ops->refresh(a->panes[UI_PANE_BACKUPS]);
        a->needs_layout = a->needs_paint = true;
    } else if (!is_stale) {
        app_say_err(a, &j->job.err);
    }
    /* The confirmation names the backup, so it comes behind the list. */
    if (!is_stale && j->then_confirm)
        flow_after_backup(a, true);
    release(j);
}

static void list_then(struct app *a, bool then_confirm)
{
    struct conn *c = conn_idle(a);
    struct job_backup *j = c ? new_job(a, c, list_run, list_done) : NULL;

    if (!j)
        return;
    j->then_confirm = then_confirm;
    job_post(j);
}

void job_backups_list(struct app *a)
{
    list_then(a, false);
}

/* --- make --------------------------------------------------------------------------------------------------------- */

static void make_run(struct task *t)
{
    struct job_backup *j = (struct job_backup *)t;
    struct ls_backup_options opt = {0};
    struct ls_run_hooks hooks = {.on_event = on_event, .ctx = j};

    j->job.rc = ls_backup_create(j->job.session, &opt, &hooks, &j->list, &j->job.err);
}

static void make_done(struct task *t, bool is_stale)
{
    struct job_backup *j = (struct job_backup *)t;
    struct app *a = j->job.app;

    if (!is_stale) {
        a->progress.is_on = false;
        flow_question_over(a);
        a->needs_paint = true;
        ls_session_clear_cancel(j->job.session); /* a cancel that came too late is not meant for what comes next */
        if (j->job.rc == LS_OK) {
            a->backup_is_fresh = true;
            app_say(a, ROLE_GOOD, "backup %s: %s", j->list.b.n ? j->list.b.v[0].name : "made",
                    j->list.b.n ? j->list.b.v[0].state : "written");
        } else if (j->job.rc == LS_E_CANCELLED) {
            app_say(a, ROLE_WARNING, "the backup was cancelled; it left nothing that looks complete");
        } else {
            app_show_err(a, "The backup failed; it left nothing that looks complete", &j->job.err);
        }
        list_then(a, j->then_confirm && j->job.rc == LS_OK);
    }
    release(j);
}

void job_backup(struct app *a, bool then_confirm)
{
    struct job_backup *j = new_job(a, a->main, make_run, make_done);

    j->then_confirm = then_confirm;
    progress_on(a, "backup");
    job_post(j);
}

/* --- read back ---------------------------------------------------------------------------------------------------- */

/* Reading back needs no database, so nothing of the session would see that ^C cancelled it. */
static enum ls_gate check_gate(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct job_backup *j = ctx;

    (void)plan;
    (void)step;
    (void)op;
    return ls_session_cancelled(j->job.session) ? LS_GATE_STOP : LS_GATE_GO;
}

static void check_run(struct task *t)
{
    struct job_backup *j = (struct job_backup *)t;
    struct ls_run_hooks hooks = {.on_event = on_event, .gate = check_gate, .ctx = j};

    j->job.rc = ls_backup_verify(j->dir, j->name, &hooks, &j->job.err);
}

static void check_done(struct task *t, bool is_stale)
{
    struct job_backup *j = (struct job_backup *)t;
    struct app *a = j->job.app;

    if (!is_stale) {
        a->progress.is_on = false;
        flow_question_over(a);
        a->needs_paint = true;
        ls_session_clear_cancel(j->job.session);
        if (j->job.rc == LS_E_CANCELLED)
            app_say(a, ROLE_WARNING, "reading %s back was cancelled", j->name);
        else if (j->job.rc == LS_OK)
            app_say(a, ROLE_GOOD, "%s was read back whole: every file has its size and SHA-256", j->name);
        else
            app_show_err(a, "The backup is not good", &j->job.err);
        job_backups_list(a);
    }
    release(j);
}

void job_backup_verify(struct app *a, const char *name)
{
    struct job_backup *j = new_job(a, a->main, check_run, check_done);

    j->name = ls_strdup(name);
    progress_on(a, "read back");
    job_post(j);
}

/* --- prune -------------------------------------------------------------------------------------------------------- */

static void prune_run(struct task *t)
{
    struct job_backup *j = (struct job_backup *)t;

    j->job.rc = ls_backup_prune(j->dir, j->keep, -1, j->dry_run, &j->removed, &j->job.err);
}

static void on_prune_confirmed(struct app *a, void *ctx, int choice, const struct ui_grant *grant)
{
    long keep = (long)(intptr_t)ctx;

    if (choice == 1)
        job_backup_prune(a, keep, false, grant);
}

static void ask_prune(struct app *a, struct job_backup *j)
{
    struct ui_doc *d;
    const char *database = app_database(a);

    if (a->target.params.is_protected && !*database) {
        app_say(a, ROLE_WARNING, "this environment is protected, and without a connection its database has no name to type");
        return;
    }
    d = ui_doc_new(a->is_ascii);
    struct ui_confirm_spec spec = {
        .title = "Remove old backups", .verb = "Remove", .danger = UI_DANGER_DESTRUCTIVE, .done = on_prune_confirmed,
        .must_type = a->target.params.is_protected ? database : NULL};

    ui_doc_textf(d, ROLE_TEXT, "The newest %ld stay. These are removed from %s:", j->keep, j->dir);
    ui_doc_blank(d);
    ui_doc_text(d, ROLE_DANGER, j->removed.ptr);
    spec.body = d;
    spec.ctx = (void *)(intptr_t)j->keep;
    ui_confirm_open(a, &spec);
}

static void prune_done(struct task *t, bool is_stale)
{
    struct job_backup *j = (struct job_backup *)t;
    struct app *a = j->job.app;

    if (!is_stale) {
        if (j->job.rc != LS_OK)
            app_say_err(a, &j->job.err);
        else if (j->removed.len == 0)
            app_say(a, ROLE_INFO, "nothing to remove: there are no more than %ld", j->keep);
        else if (j->dry_run)
            ask_prune(a, j);
        else
            app_say(a, ROLE_GOOD, "old backups were removed");
        job_backups_list(a);
    }
    release(j);
}

void job_backup_prune(struct app *a, long keep, bool dry_run, const struct ui_grant *grant)
{
    struct job_backup *j;

    if (!dry_run && (!grant || !grant->is_given))
        return;
    j = new_job(a, a->main, prune_run, prune_done);
    j->keep = keep;
    j->dry_run = dry_run;
    job_post(j);
}
