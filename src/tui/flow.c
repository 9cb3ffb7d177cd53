/* tui/flow.c: request -> plan -> (backup) -> confirmation -> run -> what now. */
#include <config.h>

#include "tui/flow.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/jobs.h"

static bool runs_sql(const struct ls_plan *p)
{
    for (size_t i = 0; i < p->steps.n; i++) {
        if (p->steps.v[i].kind == LS_STEP_MIGRATE)
            return true;
    }
    return false;
}

static bool is_back(const struct ls_plan *p)
{
    return p->steps.n > 0 && p->steps.v[0].direction == LS_DOWN;
}

/* --- request ------------------------------------------------------------------------------------------------------ */

void flow_start(struct app *a, enum ls_action action, long count, const char *version)
{
    char *copy;

    if (!job_may_ask(a))
        return;
    copy = ls_strdup(version);
    free(a->last_version);
    a->last_version = copy;
    a->last_request = (struct ls_plan_request){.action = action, .count = count, .version = copy};
    a->origin = a->focus;
    app_say(a, ROLE_INFO, "making the plan");
    job_plan(a, &a->last_request);
}

void flow_again(struct app *a)
{
    if (!a->run.plan)
        return;
    flow_start(a, a->last_request.action, a->last_request.count, a->last_version);
}

/* --- confirmation ------------------------------------------------------------------------------------------------- */

static void on_confirmed(struct app *a, void *ctx, int choice, const struct ui_grant *grant)
{
    (void)ctx;
    if (choice == 0) {
        app_say(a, ROLE_INFO, "nothing was done; the plan stays in the Run pane");
        app_focus(a, (enum ui_pane_id)a->origin);
        return;
    }
    app_focus(a, UI_PANE_RUN);
    job_run(a, grant, choice == 1 && runs_sql(a->run.plan->plan) ? RUN_MODE_STEP : RUN_MODE_ON);
}

static void open_confirm(struct app *a)
{
    const struct ls_plan *p = a->run.plan->plan;
    int width = ui_dialog_width(a);
    bool is_sql = runs_sql(p);
    char title[128];
    struct ui_confirm_spec spec = {
        .title = title,
        .body = confirm_body(a, p, width),
        .verb = is_sql ? "Step through" : "Write it",
        .verb2 = is_sql ? (is_back(p) ? "Roll back" : "Apply") : NULL,
        .danger = p->is_destructive               ? UI_DANGER_DESTRUCTIVE
                  : a->target.params.is_protected ? UI_DANGER_CARE
                                                  : UI_DANGER_NONE,
        .must_type = a->target.params.is_protected ? app_database(a) : NULL,
        .digest = p->digest,
        .done = on_confirmed,
    };

    if (is_sql)
        (void)snprintf(title, sizeof(title), "%s %zu migration%s%s", is_back(p) ? "Roll back" : "Apply", p->steps.n,
                       p->steps.n == 1 ? "" : "s", p->is_destructive ? ": DESTROYS DATA" : "");
    else
        (void)snprintf(title, sizeof(title), "Write to the ledger, run nothing");
    ui_confirm_open(a, &spec);
}

static void on_backup_choice(struct app *a, void *ctx, int index)
{
    (void)ctx;
    if (index == 0)
        job_backup(a, true);
    else if (index == 1)
        open_confirm(a);
    else
        app_say(a, ROLE_INFO, "nothing was done; the plan stays in the Run pane");
}

void flow_confirm(struct app *a)
{
    static const struct ui_choice choices[] = {
        {'b', "Back up first, then go on", "The backup is read back whole before the confirmation opens"},
        {'w', "Go on without a backup", "What a destructive statement takes away is then gone for good"},
        {'c', "Do nothing", NULL},
    };
    struct ui_menu_spec spec = {.title = "Protected environment: a backup first?",
                                .choices = choices,
                                .n = LS_ARRAY_LEN(choices),
                                .start = 0,
                                .done = on_backup_choice};

    if (!a->run.plan || a->run.phase == RUN_PHASE_RUNNING)
        return;
    if (!a->target.params.is_protected || a->backup_is_fresh || !runs_sql(a->run.plan->plan)) {
        open_confirm(a);
        return;
    }
    spec.body = ui_doc_new(a->is_ascii);
    struct ls_buf b = LS_BUF_INIT;
    ls_buf_adds(&b, "Backup: ");
    backup_status(a, &b);
    ui_doc_text(spec.body, ROLE_WARNING, b.ptr);
    ls_buf_release(&b);
    ui_menu_open(a, &spec);
}

void flow_after_backup(struct app *a, bool is_ok)
{
    if (is_ok && a->run.phase == RUN_PHASE_PREVIEW)
        open_confirm(a);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

void flow_on_plan(struct app *a, struct ls_plan *plan, const struct ls_err *err)
{
    struct planref *ref;

    ls_buf_clear(&a->message);
    a->needs_layout = a->needs_paint = true;
    if (!plan) {
        app_show_err(a, "No plan: nothing was done", err);
        return;
    }
    if (plan->steps.n == 0) {
        app_say(a, ROLE_INFO, "nothing to do: there is no migration that this would run");
        ls_plan_free(plan);
        return;
    }
    ref = planref_new(plan);
    run_model_set_plan(&a->run, ref);
    planref_put(ref);
    app_focus(a, UI_PANE_RUN);
    flow_confirm(a);
}

void flow_on_run_event(struct app *a)
{
    struct ui_pane *p = a->panes[UI_PANE_RUN];

    p->ops->refresh(p);
    flow_question_again(a);
}

void flow_on_run_end(struct app *a)
{
    const struct ls_run_report *r = &a->run.report;

    flow_question_over(a);
    a->backup_is_fresh = false;
    if (r->err.code == LS_OK)
        app_say(a, ROLE_GOOD, "%s: %d step%s", ls_verdict_name(r->verdict), r->n_steps_done, r->n_steps_done == 1 ? "" : "s");
    else
        app_say(a, ROLE_ERROR, "%s: %s", ls_verdict_name(r->verdict), r->err.message ? r->err.message : ls_rc_name(r->err.code));
    /* The timeline's cursor goes where the work goes on: to what failed, else to what would run next. */
    a->selected = r->failed_step >= 0 && a->snap
                      ? ls_timeline_find_id(&a->snap->snap->timeline, a->run.plan->plan->steps.v[r->failed_step].id)
                      : -1;
    a->panes[UI_PANE_RUN]->ops->refresh(a->panes[UI_PANE_RUN]);
    a->panes[UI_PANE_LOG]->ops->refresh(a->panes[UI_PANE_LOG]);
    job_snapshot(a);
    if (a->is_interrupted)
        a->should_exit = true;
    a->needs_layout = a->needs_paint = true;
}

/* --- dirty -------------------------------------------------------------------------------------------------------- */

static void on_way_out(struct app *a, void *ctx, int index)
{
    struct ls_dirty_report *r = ctx;
    struct planref *ref;

    if (index < 0 || (size_t)index >= r->choices.n) {
        ls_dirty_report_release(r);
        free(r);
        return;
    }
    if (app_is_read_only(a)) {
        app_say(a, ROLE_WARNING, app_is_pooled(a) ? "read-only: the connection goes through a pooler that is not declared" : "read-only: arm the console first");
        ls_dirty_report_release(r);
        free(r);
        return;
    }
    a->origin = a->focus;
    ref = planref_of_report(r, (size_t)index);
    run_model_set_plan(&a->run, ref);
    planref_put(ref);
    app_focus(a, UI_PANE_RUN);
    flow_confirm(a);
}

static struct ui_doc *dirty_body(const struct app *a, const struct ls_dirty_report *r, int width)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);

    d->wrap = width;
    ui_doc_text(d, ROLE_DIM, "The ledger says");
    ui_doc_wrap(d, ROLE_DANGER, width, 2, r->ledger_says);
    if (r->direction_known)
        ui_doc_textf(d, ROLE_TEXT, "It failed on the way %s.", r->direction == LS_UP ? "up" : "down");
    for (size_t i = 0; i < r->facts.n; i++) {
        ui_doc_addf(d, ROLE_TEXT, "%s ", d->ascii ? "*" : "•");
        ui_doc_wrap(d, ROLE_TEXT, width, 2, r->facts.v[i]);
    }
    if (r->statements.n > 0) {
        ui_doc_blank(d);
        ui_doc_textf(d, ROLE_DIM, "Its statements:");
    }
    for (size_t i = 0; i < r->statements.n; i++) {
        ui_doc_addf(d, ROLE_DIM, "%3zu  ", i + 1);
        ui_doc_sql(d, app_dialect(a), r->statements.v[i], strlen(r->statements.v[i]), 0, 0);
        if (i < r->verdicts.n) {
            ui_doc_adds(d, ROLE_DIM, "     ");
            ui_doc_wrap(d, ROLE_DIM, width, 5, r->verdicts.v[i]);
        }
    }
    for (size_t i = 0; i < r->choices.n; i++) {
        struct ls_buf sql = LS_BUF_INIT;

        ui_doc_blank(d);
        ui_doc_addf(d, ROLE_HINT_KEY, "%c ", r->choices.v[i].key);
        ui_doc_wrap(d, ROLE_TITLE, width, 2, r->choices.v[i].title);
        ui_doc_wrap(d, ROLE_TEXT, width, 2, r->choices.v[i].when);
        if (r->choices.v[i].plan)
            ls_plan_print_sql(r->choices.v[i].plan, app_dialect(a), &sql);
        ui_doc_sql(d, app_dialect(a), sql.ptr, sql.len, 0, 4);
        ls_buf_release(&sql);
    }
    return d;
}

void flow_on_dirty(struct app *a, struct ls_dirty_report *report)
{
    int width = ui_dialog_width(a);
    struct ui_choice *choices;
    char title[128];
    struct ui_menu_spec spec = {.title = title, .danger = UI_DANGER_CARE, .done = on_way_out, .ctx = report};

    if (!report->is_dirty) {
        app_say(a, ROLE_GOOD, "the database is not dirty");
        ls_dirty_report_release(report);
        free(report);
        return;
    }
    (void)snprintf(title, sizeof(title), "Dirty at version %s: the ways out", report->version_label ? report->version_label : "?");
    choices = ls_calloc(report->choices.n + 1, sizeof(*choices));
    for (size_t i = 0; i < report->choices.n; i++) {
        choices[i].key = report->choices.v[i].key;
        choices[i].label = report->choices.v[i].title;
        choices[i].note = report->choices.v[i].when;
    }
    choices[report->choices.n] = (struct ui_choice){.key = 'q', .label = "Leave it as it is", .note = "Nothing is written"};
    spec.body = dirty_body(a, report, width);
    spec.choices = choices;
    spec.n = report->choices.n + 1;
    spec.start = report->choices.n;
    ui_menu_open(a, &spec);
    free(choices);
}
