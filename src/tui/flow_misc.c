/* tui/flow_misc.c: mark, arm, stop, prune, environment, edit, quit: short ways with a question each. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/flow.h"
#include "tui/jobs.h"

#define KEEP_BACKUPS 5

/* --- mark --------------------------------------------------------------------------------------------------------- */

static void on_mark(struct app *a, void *ctx, int index)
{
    char *version = ctx;

    if (index == 0 || index == 1)
        flow_start(a, index == 0 ? LS_ACTION_MARK_APPLIED : LS_ACTION_MARK_PENDING, 0, version);
}

void flow_mark(struct app *a)
{
    static const struct ui_choice choices[] = {
        {'a', "applied", "The ledger will say that it is in; its SQL is not run"},
        {'p', "pending", "The ledger will say that it is not in; its down SQL is not run"},
        {'c', "leave it", NULL},
    };
    const struct ls_entry *e = app_entry(a);
    char title[128];
    struct ui_menu_spec spec = {
        .title = title, .choices = choices, .n = LS_ARRAY_LEN(choices), .start = 2, .done = on_mark, .free_ctx = free};

    if (!e) {
        app_say(a, ROLE_INFO, "the cursor is on no migration");
        return;
    }
    (void)snprintf(title, sizeof(title), "Mark %s %s as", e->label, e->name);
    spec.ctx = ls_strdup(e->label);
    ui_menu_open(a, &spec);
}

/* --- arm ---------------------------------------------------------------------------------------------------------- */

static void on_arm(struct app *a, void *ctx, int choice, const struct ui_grant *grant)
{
    (void)ctx;
    if (choice == 1 && grant->is_given)
        job_arm(a, true);
}

void flow_arm(struct app *a)
{
    struct ui_confirm_spec spec = {.title = "Arm this console", .verb = "Arm", .danger = UI_DANGER_CARE, .done = on_arm};
    struct ui_doc *d;

    if (app_is_busy(a) || a->phase != APP_READY) {
        app_say(a, ROLE_WARNING, "not now: %s", a->phase != APP_READY ? "nothing was read yet" : "something is going on");
        return;
    }
    if (a->params && a->params->request && a->params->request->read_only) {
        app_say(a, ROLE_WARNING, "this console was started with --read-only");
        return;
    }
    if (!a->target.params.is_protected) {
        app_say(a, ROLE_INFO, "this environment is not protected: there is nothing to arm");
        return;
    }
    if (a->is_armed) {
        job_arm(a, false);
        return;
    }
    d = ui_doc_new(a->is_ascii);
    ui_doc_textf(d, ROLE_TITLE, "%s is protected; the console is read-only until it is armed.", a->env ? a->env : "This target");
    ui_doc_wrap(d, ROLE_TEXT, ui_dialog_width(a), 0,
                "Armed, it may apply, roll back and mark, each after a confirmation in which the database's name must be typed.");
    spec.body = d;
    ui_confirm_open(a, &spec);
}

/* --- stop --------------------------------------------------------------------------------------------------------- */

static void on_stop(struct app *a, void *ctx, int choice, const struct ui_grant *grant)
{
    (void)ctx;
    (void)grant;
    if (choice == 1)
        run_ctl_stop(a);
}

static void ask(struct app *a, const struct ui_confirm_spec *spec, bool leaves)
{
    ui_confirm_open(a, spec);
    a->question = a->modal;
    a->question_leaves = leaves;
}

static struct ui_doc *stop_body(const struct app *a)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);

    ui_doc_textf(d, ROLE_TEXT, "%d of %zu steps are done and stay.", a->run.n_steps_done, a->run.plan->plan->steps.n);
    if (a->run.tx_open)
        ui_doc_wrap(d, ROLE_WARNING, ui_dialog_width(a), 0,
                    "The open transaction is rolled back: what it did so far leaves nothing.");
    else
        ui_doc_wrap(d, ROLE_TEXT, ui_dialog_width(a), 0, "No transaction is open: nothing is taken back.");
    if (!a->run.is_at_gate)
        ui_doc_wrap(d, ROLE_TEXT, ui_dialog_width(a), 0, "The statement that is running is cancelled at the server.");
    ui_doc_wrap(d, ROLE_DIM, ui_dialog_width(a), 0,
                "A statement outside a transaction may have left something: the report says so.");
    return d;
}

void flow_stop(struct app *a)
{
    struct ui_confirm_spec spec = {
        .title = "Stop the run", .verb = "Stop", .cancel = "Go on", .danger = UI_DANGER_CARE, .done = on_stop};

    if (a->run.phase != RUN_PHASE_RUNNING || a->question)
        return;
    spec.body = stop_body(a);
    ask(a, &spec, false);
}

void flow_question_again(struct app *a)
{
    if (a->question && !a->question_leaves && a->run.phase == RUN_PHASE_RUNNING)
        ui_confirm_set_body(a->question, stop_body(a));
}

/* --- prune -------------------------------------------------------------------------------------------------------- */

void flow_prune(struct app *a)
{
    if (app_is_busy(a))
        app_say(a, ROLE_WARNING, "something is going on already");
    else
        job_backup_prune(a, KEEP_BACKUPS, true, NULL);
}

/* --- environment -------------------------------------------------------------------------------------------------- */

static void switch_to(struct app *a, const char *name)
{
    struct config_request req = a->request;
    struct config_target target = {0};
    struct ls_err err = LS_ERR_INIT;

    req.env = name;
    req.url = NULL;
    if (config_resolve(&req, &a->project, &target, &err) != LS_OK) {
        app_show_err(a, "The environment cannot be opened", &err);
        ls_err_release(&err);
        return;
    }
    conn_close_all(a);
    (void)job_ddl_stop(a);
    config_target_release(&a->target);
    a->target = target;
    a->request = req;
    free(a->env);
    a->env = ls_strdup(name);
    run_model_set_plan(&a->run, NULL);
    app_set_snapshot(a, NULL);
    a->is_loading = a->is_due = a->backup_is_fresh = false;
    a->drift = -1;
    if (a->has_backups)
        ls_backups_release(&a->backups);
    a->has_backups = false;
    a->wishes |= APP_WISH_THEME;
    if (conn_open(a)) {
        job_snapshot(a);
        job_backups_list(a);
    }
    app_focus(a, UI_PANE_TIMELINE);
}

static void on_environment(struct app *a, void *ctx, int index)
{
    (void)ctx;
    if (index < 0 || (size_t)index >= a->project.envs.n)
        return;
    if (app_is_busy(a))
        app_say(a, ROLE_WARNING, "something is going on: the environment stays");
    else
        switch_to(a, a->project.envs.v[index].name);
}

void flow_environment(struct app *a)
{
    struct ui_menu_spec spec = {.title = "Switch to environment", .done = on_environment};
    struct ui_choice *choices;

    if (a->project.envs.n == 0) {
        app_say(a, ROLE_INFO, "there is no project file with environments");
        return;
    }
    if (app_is_busy(a)) {
        app_say(a, ROLE_WARNING, "not while something is going on");
        return;
    }
    choices = ls_calloc(a->project.envs.n, sizeof(*choices));
    for (size_t i = 0; i < a->project.envs.n; i++) {
        const struct config_env *e = &a->project.envs.v[i];

        choices[i].label = e->name;
        choices[i].note = e->protected_ == 1 ? "protected: opens read-only" : NULL;
        if (a->env && strcmp(a->env, e->name) == 0) {
            spec.start = i;
            choices[i].note = "this one";
        }
    }
    spec.choices = choices;
    spec.n = a->project.envs.n;
    ui_menu_open(a, &spec);
    free(choices);
}

/* --- edit --------------------------------------------------------------------------------------------------------- */

static void wish_edit(struct app *a, const char *path, int line)
{
    free(a->edit_path);
    a->edit_path = ls_strdup(path);
    a->edit_line = line;
    a->wishes |= APP_WISH_EDIT;
}

/* In the Run pane: the file of the step that failed, at the place of the error, or of the step that comes first. */
static bool edit_step(struct app *a)
{
    const struct ls_plan *p = a->run.plan ? a->run.plan->plan : NULL;
    bool is_over = a->run.phase == RUN_PHASE_FINISHED;
    int step = is_over && a->run.report.failed_step >= 0 ? a->run.report.failed_step : 0;

    if (!p || step >= (int)p->steps.n || !p->steps.v[step].path)
        return false;
    wish_edit(a, p->steps.v[step].path, is_over ? a->run.report.failed_line : 1);
    return true;
}

static void on_edit_choice(struct app *a, void *ctx, int index)
{
    char **paths = ctx;

    if (index >= 0)
        wish_edit(a, paths[index], 1);
}

static void free_paths(void *ctx)
{
    char **paths = ctx;

    for (int i = 0; i < 3; i++)
        free(paths[i]);
    free(paths);
}

void flow_edit(struct app *a)
{
    static const char *const names[] = {"up", "down", "verify"};
    const struct ls_entry *e = app_entry(a);
    const struct ls_migration *m = e ? e->migration : NULL;
    struct ui_choice choices[3];
    struct ui_menu_spec spec = {.title = "Edit", .choices = choices, .done = on_edit_choice, .free_ctx = free_paths};
    char **paths;

    if (a->run.phase == RUN_PHASE_RUNNING) {
        app_say(a, ROLE_WARNING, "not while a run is going on");
        return;
    }
    if (a->focus == UI_PANE_RUN && edit_step(a))
        return;
    paths = ls_calloc(3, sizeof(*paths));
    for (size_t i = 0; m && i < 3; i++) {
        const struct ls_section *s = i == 0 ? &m->up : i == 1 ? &m->down : &m->verify;

        if (!s->path)
            continue;
        paths[spec.n] = ls_strdup(s->path);
        choices[spec.n] = (struct ui_choice){.key = names[i][0], .label = names[i], .note = paths[spec.n]};
        spec.n++;
    }
    spec.ctx = paths;
    if (spec.n == 0) {
        app_say(a, ROLE_INFO, "there is no file to edit");
        free_paths(paths);
    } else if (spec.n == 1) {
        wish_edit(a, paths[0], 1);
        free_paths(paths);
    } else {
        ui_menu_open(a, &spec);
    }
}

/* --- quit --------------------------------------------------------------------------------------------------------- */

static void on_quit(struct app *a, void *ctx, int choice, const struct ui_grant *grant)
{
    (void)ctx;
    (void)grant;
    if (choice == 1) {
        a->is_interrupted = true;
        a->exit_code = 75;
        run_ctl_stop(a);
        if (a->run.phase != RUN_PHASE_RUNNING)
            a->should_exit = true;
    }
}

void flow_quit(struct app *a)
{
    struct ui_confirm_spec spec = {.title = "Leave while something is going on",
                                   .verb = "Stop and leave",
                                   .cancel = "Stay",
                                   .danger = UI_DANGER_CARE,
                                   .done = on_quit};
    struct ui_doc *d;

    if (!app_is_busy(a) && !a->command) {
        a->should_exit = true;
        return;
    }
    d = ui_doc_new(a->is_ascii);
    if (a->run.phase == RUN_PHASE_RUNNING)
        ui_doc_wrap(d, ROLE_WARNING, ui_dialog_width(a), 0,
                    "The run stops: a transaction that it has open is rolled back, what is committed stays.");
    else if (a->progress.is_on)
        ui_doc_textf(d, ROLE_WARNING, "%s is cancelled; it leaves nothing that looks complete.", a->progress.text);
    else
        ui_doc_wrap(d, ROLE_WARNING, ui_dialog_width(a), 0, "A subcommand is still running. It is cancelled; a transaction that it has open is rolled back.");
    spec.body = d;
    ask(a, &spec, true);
}

void flow_question_over(struct app *a)
{
    bool is_leaving = a->question_leaves;

    if (!a->question || (!is_leaving && a->run.phase == RUN_PHASE_RUNNING))
        return;
    app_drop_modal(a, a->question);
    if (is_leaving && (app_is_busy(a) || a->command)) /* there is something else */
        flow_quit(a);
}
