/* tui/dispatch.c: from an action to what it does. The flags of the table are enforced here: what writes is refused while the
 * console is read-only or another run is going on; what must be confirmed has no other way than a dialog's grant (jobs.h asks for
 * it). */
#include <config.h>

#include "tui/flow.h"
#include "tui/jobs.h"

/* --- what works here and now -------------------------------------------------------------------------------------- */

static bool entry_is_waiting(const struct ls_entry *e)
{
    return e && e->migration &&
           (e->state == LS_STATE_PENDING || e->state == LS_STATE_ROLLED_BACK || e->state == LS_STATE_OUT_OF_ORDER);
}

static bool entry_is_in(const struct ls_entry *e)
{
    return e && (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED);
}

static bool can_migrate(const struct app *a, enum ui_action act)
{
    const struct ls_snapshot *s = app_snap(a);
    const struct ls_entry *e = app_entry(a);

    if (!s || !s->has_db)
        return false;
    switch (act) {
    case UI_ACT_APPLY_NEXT:
    case UI_ACT_APPLY_ALL:
        return s->timeline.next_pending >= 0 && !s->ledger.dirty;
    case UI_ACT_APPLY_TO:
        return entry_is_waiting(e) && !s->ledger.dirty;
    case UI_ACT_DOWN_LAST:
        return s->timeline.newest_applied >= 0 && !s->ledger.dirty;
    case UI_ACT_DOWN_TO:
        return entry_is_in(e) && !s->ledger.dirty && s->timeline.newest_applied > a->selected;
    case UI_ACT_MARK:
        return e != NULL;
    case UI_ACT_RESOLVE:
        return s->ledger.dirty || s->timeline.count[LS_STATE_DIRTY] > 0;
    case UI_ACT_IMPORT:
        return s->ledger.has_legacy;
    default:
        return true;
    }
}

static bool is_dirty(const struct ls_snapshot *s)
{
    return s && (s->ledger.dirty || s->timeline.count[LS_STATE_DIRTY] > 0);
}

static bool can_run(const struct app *a, enum ui_action act)
{
    const struct run_model *m = &a->run;
    bool is_on = m->phase == RUN_PHASE_RUNNING && !m->is_stopping;

    switch (act) {
    case UI_ACT_STEP:
        return is_on && m->is_at_gate;
    case UI_ACT_RUN_ON:
        return is_on && m->mode != RUN_MODE_ON;
    case UI_ACT_PAUSE:
        return is_on && m->mode == RUN_MODE_ON;
    case UI_ACT_STOP:
        return is_on;
    case UI_ACT_START:
        return m->phase == RUN_PHASE_PREVIEW && m->plan->plan->steps.n > 0;
    case UI_ACT_RETRY:
        return m->phase == RUN_PHASE_FINISHED && m->report.err.code != LS_OK && !is_dirty(app_snap(a));
    case UI_ACT_LEAVE:
        return m->phase == RUN_PHASE_FINISHED;
    case UI_ACT_SQL:
        return m->phase != RUN_PHASE_NONE;
    default:
        return true;
    }
}

static bool is_run_key(enum ui_action act)
{
    return act == UI_ACT_STEP || act == UI_ACT_RUN_ON || act == UI_ACT_PAUSE || act == UI_ACT_STOP || act == UI_ACT_START ||
           act == UI_ACT_RETRY || act == UI_ACT_LEAVE || act == UI_ACT_SQL;
}

bool app_can(const struct app *a, enum ui_action act)
{
    const struct ui_action_info *info = ui_action_info(act);
    const struct ui_pane *p = a->panes[a->focus];

    if ((info->flags & UI_NEEDS_DB) && a->phase != APP_READY)
        return false;
    if ((info->flags & UI_WRITES) && (app_is_read_only(a) || app_is_busy(a)))
        return false;
    if (act == UI_ACT_ARM)
        return a->target.params.is_protected && !a->is_armed && a->phase == APP_READY && !app_is_busy(a);
    if (act == UI_ACT_ENV)
        return a->project.envs.n > 1 && !app_is_busy(a);
    if ((act == UI_ACT_BACKUP || act == UI_ACT_VERIFY) && app_is_busy(a))
        return false;
    if (act == UI_ACT_SPLIT)
        return a->w >= UI_SPLIT_MIN_W;
    if (is_run_key(act))
        return can_run(a, act);
    if ((info->flags & UI_NEEDS_DB) && !can_migrate(a, act))
        return false;
    return a->modal || !p->ops->can || p->ops->can(p, act);
}

/* --- why not ------------------------------------------------------------------------------------------------------ */

static bool refuse(struct app *a, enum ui_action act)
{
    const struct ui_action_info *info = ui_action_info(act);
    struct ls_buf key = LS_BUF_INIT;
    bool is_refused = true;

    if ((info->flags & UI_NEEDS_DB) && a->phase == APP_CONNECTING) {
        app_say_of_phase(a, ROLE_WARNING, "not connected yet", "");
    } else if ((info->flags & UI_NEEDS_DB) && a->phase != APP_READY) {
        app_say_of_phase(a, ROLE_ERROR, a->is_reached ? "not read: " : "not connected: ",
                         a->conn_err.message ? a->conn_err.message : "r tries again");
    } else if ((info->flags & UI_WRITES) && app_is_busy(a)) {
        app_say(a, ROLE_WARNING, "%s is going on: wait for its end, or stop it",
                a->run.phase == RUN_PHASE_RUNNING ? "a run" : a->progress.text);
    } else if ((info->flags & UI_WRITES) && app_is_read_only(a)) {
        ui_keymap_keys(&a->keys, UI_ACT_ARM, 1, &key);
        if (app_is_pooled(a))
            app_say(a, ROLE_WARNING, "read-only: the connection goes through a pooler that is not declared");
        else if (a->target.params.is_protected && !a->is_armed)
            app_say(a, ROLE_WARNING, "read-only: this environment is protected; %s arms the console", key.ptr);
        else
            app_say(a, ROLE_WARNING, "read-only: %s", a->is_armed ? "the server says so" : "the console was started so");
    } else {
        is_refused = false;
    }
    ls_buf_release(&key);
    return is_refused;
}

/* --- the writing ones --------------------------------------------------------------------------------------------- */

static void migrate(struct app *a, enum ui_action act)
{
    const struct ls_entry *e = app_entry(a);
    const struct ls_snapshot *s = app_snap(a);

    if (is_dirty(s) && (act == UI_ACT_APPLY_TO || act == UI_ACT_DOWN_TO)) {
        struct ls_buf key = LS_BUF_INIT;

        ui_keymap_keys(&a->keys, UI_ACT_RESOLVE, 1, &key);
        app_say(a, ROLE_WARNING, "dirty: nothing runs until it is resolved; %s shows the ways out", key.ptr);
        ls_buf_release(&key);
        return;
    }
    switch (act) {
    case UI_ACT_APPLY_NEXT:
        flow_start(a, LS_ACTION_UP, 1, NULL);
        break;
    case UI_ACT_APPLY_ALL:
        flow_start(a, LS_ACTION_UP, -1, NULL);
        break;
    case UI_ACT_DOWN_LAST:
        flow_start(a, LS_ACTION_DOWN, 1, NULL);
        break;
    case UI_ACT_APPLY_TO:
        if (entry_is_waiting(e))
            flow_start(a, LS_ACTION_TO, 0, e->label);
        else
            app_say(a, ROLE_INFO, "the cursor is on no pending migration");
        break;
    case UI_ACT_DOWN_TO:
        if (entry_is_in(e) && s->timeline.newest_applied > a->selected)
            flow_start(a, LS_ACTION_TO, 0, e->label);
        else
            app_say(a, ROLE_INFO, "nothing newer than the cursor is applied, or the cursor is on no applied migration");
        break;
    case UI_ACT_MARK:
        flow_mark(a);
        break;
    case UI_ACT_IMPORT:
        if (s && s->ledger.has_legacy)
            flow_start(a, LS_ACTION_IMPORT, 0, NULL);
        else
            app_say(a, ROLE_INFO, "there is no legacy ledger to import");
        break;
    default:
        break;
    }
}

static void run_key(struct app *a, enum ui_action act)
{
    if (!can_run(a, act))
        return;
    switch (act) {
    case UI_ACT_STEP:
        run_ctl_step(a);
        break;
    case UI_ACT_RUN_ON:
        run_ctl_set_mode(a, RUN_MODE_ON);
        break;
    case UI_ACT_PAUSE:
        run_ctl_set_mode(a, RUN_MODE_PAUSE);
        app_say(a, ROLE_INFO, "pauses before the next transaction");
        break;
    case UI_ACT_STOP:
        flow_stop(a);
        break;
    case UI_ACT_START:
        flow_confirm(a);
        break;
    case UI_ACT_RETRY:
        flow_again(a);
        break;
    case UI_ACT_LEAVE:
        run_model_set_plan(&a->run, NULL);
        app_focus(a, UI_PANE_TIMELINE);
        break;
    case UI_ACT_SQL: {
        struct ls_buf sql = LS_BUF_INIT;
        struct ui_doc *d = ui_doc_new(a->is_ascii);

        ls_plan_print_sql(a->run.plan->plan, app_dialect(a), &sql);
        ui_doc_sql(d, app_dialect(a), sql.ptr, sql.len, 0, 0);
        ls_buf_release(&sql);
        ui_viewer_open(a, "The plan as SQL", d);
        break;
    }
    default:
        break;
    }
}

/* --- the others --------------------------------------------------------------------------------------------------- */

static void refresh_all(struct app *a)
{
    job_snapshot(a);
    job_backups_list(a);
    a->panes[UI_PANE_LOG]->ops->refresh(a->panes[UI_PANE_LOG]);
}

static void toggle_split(struct app *a)
{
    if (a->w < UI_SPLIT_MIN_W) {
        app_say(a, ROLE_INFO, "side by side needs %d columns", UI_SPLIT_MIN_W);
        return;
    }
    a->split_by_hand = true;
    a->is_split = !a->is_split;
    app_focus(a, (enum ui_pane_id)a->focus);
}

static void back_up(struct app *a)
{
    if (app_is_busy(a))
        app_say(a, ROLE_WARNING, "something is going on already");
    else
        job_backup(a, false);
}

static void verify(struct app *a)
{
    if (app_is_busy(a))
        app_say(a, ROLE_WARNING, "something is going on already");
    else
        job_verify(a);
}

static void redraw(struct app *a)
{
    a->wishes |= APP_WISH_REDRAW;
}

/* What works the same in every pane. */
static void general(struct app *a, enum ui_action act)
{
    static const struct {
        enum ui_action act;
        void (*fn)(struct app *a);
    } handlers[] = {
        {UI_ACT_SPLIT, toggle_split}, {UI_ACT_REFRESH, refresh_all},  {UI_ACT_REDRAW, redraw},  {UI_ACT_BACKUP, back_up},
        {UI_ACT_VERIFY, verify},      {UI_ACT_RESOLVE, job_dirty},    {UI_ACT_EDIT, flow_edit}, {UI_ACT_BACKUP_PRUNE, flow_prune},
        {UI_ACT_ARM, flow_arm},       {UI_ACT_ENV, flow_environment}, {UI_ACT_QUIT, flow_quit}, {UI_ACT_COMMAND, ui_prompt_open},
        {UI_ACT_CONFLICTS, flow_conflicts}, {UI_ACT_BESIDE, flow_beside},
    };

    if (act >= UI_ACT_GO_TIMELINE && act <= UI_ACT_HELP)
        app_focus(a, (enum ui_pane_id)(act - UI_ACT_GO_TIMELINE));
    else if (act == UI_ACT_NEXT_PANE || act == UI_ACT_PREV_PANE)
        app_focus(a, (enum ui_pane_id)((a->focus + (act == UI_ACT_NEXT_PANE ? 1 : UI_N_PANES - 1)) % UI_N_PANES));
    else if (act == UI_ACT_BACK)
        app_focus(a, UI_PANE_TIMELINE);
    for (size_t i = 0; i < LS_ARRAY_LEN(handlers); i++) {
        if (handlers[i].act == act)
            handlers[i].fn(a);
    }
}

void app_dispatch(struct app *a, enum ui_action act)
{
    struct ui_modal *m = a->modal;
    struct ui_pane *p = a->panes[a->focus];

    a->needs_paint = true;
    if (act == UI_ACT_REDRAW) {
        general(a, act);
        return;
    }
    if (m) {
        m->ops->on_action(m, act);
        return;
    }
    if (refuse(a, act))
        return;
    if (p->ops->on_action(p, act))
        return;
    if (is_run_key(act))
        run_key(a, act);
    else if (ui_action_info(act)->flags & UI_WRITES)
        migrate(a, act);
    else
        general(a, act);
}
