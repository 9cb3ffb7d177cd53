/* tui/app.c: state, events, layout. */
#include <config.h>

#include "tui/app.h"
#include "tui/beside.h"
#include "tui/diffref.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/frame.h"
#include "tui/jobs.h"

#define TICK_MS        100
#define DETAIL_REST_MS 60 /* side by side, the detail follows when the cursor rests */

static const struct ui_pane_ops *const pane_table[UI_N_PANES] = {
    [UI_PANE_TIMELINE] = &pane_timeline_ops, [UI_PANE_DETAIL] = &pane_detail_ops, [UI_PANE_RUN] = &pane_run_ops,
    [UI_PANE_BACKUPS] = &pane_backups_ops,   [UI_PANE_LOG] = &pane_log_ops, [UI_PANE_SCHEMA] = &pane_schema_ops, [UI_PANE_DIFF] = &pane_diff_ops, [UI_PANE_INDEX] = &pane_index_ops, [UI_PANE_HELP] = &pane_help_ops,
};

void app_init(struct app *a, const struct tui_params *params, bool is_ascii)
{
    memset(a, 0, sizeof(*a));
    a->params = params;
    if (params && params->request)
        a->request = *params->request;
    a->is_ascii = is_ascii;
    a->selected = -1;
    a->drift = -1;
    a->wake_fd = -1;
    a->w = 80;
    a->h = 24;
    ls_buf_init(&a->message);
    ls_err_init(&a->conn_err);
    run_model_init(&a->run);
    ui_keymap_init(&a->keys);
    for (int i = 0; i < UI_N_PANES; i++)
        a->panes[i] = pane_table[i]->open(a);
    a->needs_layout = a->needs_paint = true;
}

void app_release(struct app *a)
{
    while (a->modal)
        app_pop_modal(a);
    for (int i = 0; i < UI_N_PANES; i++)
        a->panes[i]->ops->close(a->panes[i]);
    run_model_release(&a->run);
    beside_release(a->beside);
    snapref_put(a->snap);
    if (a->has_backups)
        ls_backups_release(&a->backups);
    ls_err_release(&a->conn_err);
    ls_buf_release(&a->message);
    free(a->last_version);
    free(a->env);
    free(a->config_home);
    free(a->state_home);
    free(a->label);
    free(a->edit_path);
    memset(a, 0, sizeof(*a));
}

/* --- small facts -------------------------------------------------------------------------------------------------- */

const struct ls_snapshot *app_snap(const struct app *a)
{
    return a->snap ? a->snap->snap : NULL;
}

const struct ls_entry *app_entry(const struct app *a)
{
    const struct ls_snapshot *s = app_snap(a);

    if (!s || a->selected < 0 || (size_t)a->selected >= s->timeline.e.n)
        return NULL;
    return &s->timeline.e.v[a->selected];
}

enum ls_dialect app_dialect(const struct app *a)
{
    const struct ls_snapshot *s = app_snap(a);

    return s ? s->info.dialect : LS_DIALECT_POSTGRES;
}

bool app_is_read_only(const struct app *a)
{
    const struct ls_snapshot *s = app_snap(a);

    return !a->is_armed || app_is_pooled(a) || (s && s->has_db && s->info.is_read_only);
}

bool app_is_pooled(const struct app *a)
{
    const struct ls_snapshot *s = app_snap(a);

    return s && s->has_db && s->info.is_pooled && !a->target.params.is_pooled_ok;
}

bool app_is_busy(const struct app *a)
{
    return a->run.phase == RUN_PHASE_RUNNING || a->progress.is_on;
}

const char *app_database(const struct app *a)
{
    const struct ls_snapshot *s = app_snap(a);
    return s && s->info.database ? ls_db_typed_name(s->info.dialect, s->info.database) : "";
}

const char *app_glyph(const struct app *a, const char *utf8, const char *ascii)
{
    return a->is_ascii ? ascii : utf8;
}

/* --- snapshots ---------------------------------------------------------------------------------------------------- */

struct snapref *snapref_new(struct ls_snapshot *snap)
{
    struct snapref *r = ls_calloc(1, sizeof(*r));

    r->snap = snap;
    r->refs = 1;
    return r;
}

struct snapref *snapref_get(struct snapref *r)
{
    if (r)
        r->refs++;
    return r;
}

void snapref_put(struct snapref *r)
{
    if (!r || --r->refs > 0)
        return;
    ls_snapshot_free(r->snap);
    free(r);
}

void app_set_snapshot(struct app *a, struct snapref *r)
{
    const struct ls_entry *e = app_entry(a);
    char *id = e ? ls_strdup(e->id) : NULL;

    if (a->beside) { /* it stood beside what is gone */
        beside_release(a->beside);
        a->beside = NULL;
    }
    snapref_put(a->snap);
    a->snap = r;
    /* The cursor stays on its migration, wherever that is now. */
    a->selected = id && r ? ls_timeline_find_id(&r->snap->timeline, id) : -1;
    free(id);
    for (int i = 0; i < UI_N_PANES; i++)
        a->panes[i]->ops->refresh(a->panes[i]);
    a->needs_layout = a->needs_paint = true;
}

void app_select(struct app *a, long index)
{
    if (a->selected == index)
        return;
    a->selected = index;
    if (a->is_split)
        a->detail_due_ms = a->now_ms + DETAIL_REST_MS;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

void app_say(struct app *a, enum theme_role role, const char *fmt, ...)
{
    va_list ap;

    ls_buf_clear(&a->message);
    va_start(ap, fmt);
    ls_buf_vaddf(&a->message, fmt, ap);
    va_end(ap);
    a->message_role = role;
    a->message_is_of_phase = false;
    a->needs_paint = true;
}

void app_say_of_phase(struct app *a, enum theme_role role, const char *before, const char *text)
{
    app_say(a, role, "%s%s", before, text);
    a->message_is_of_phase = true;
}

void app_phase_over(struct app *a)
{
    if (a->message_is_of_phase)
        ls_buf_clear(&a->message);
    a->message_is_of_phase = false;
}

void app_say_err(struct app *a, const struct ls_err *err)
{
    if (err->hint)
        app_say(a, ROLE_ERROR, "%s; %s", err->message ? err->message : ls_rc_name(err->code), err->hint);
    else
        app_say(a, ROLE_ERROR, "%s", err->message ? err->message : ls_rc_name(err->code));
}

void app_show_err(struct app *a, const char *title, const struct ls_err *err)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    struct ui_confirm_spec spec = {.title = title, .body = d, .danger = UI_DANGER_CARE};
    int w = ui_dialog_width(a);

    ui_doc_wrap(d, ROLE_TEXT, w, 0, err->message ? err->message : ls_rc_name(err->code));
    if (err->line > 0)
        ui_doc_textf(d, ROLE_DIM, "line %d, column %d", err->line, err->col);
    if (err->sqlstate[0])
        ui_doc_textf(d, ROLE_DIM, "SQLSTATE %s", err->sqlstate);
    if (err->detail) {
        ui_doc_blank(d);
        ui_doc_wrap(d, ROLE_DIM, w, 0, err->detail);
    }
    if (err->hint) {
        ui_doc_blank(d);
        ui_doc_wrap(d, ROLE_INFO, w, 0, err->hint);
    }
    ui_confirm_open(a, &spec);
}

/* --- modals ------------------------------------------------------------------------------------------------------- */

void app_push_modal(struct app *a, struct ui_modal *m)
{
    m->app = a;
    m->below = a->modal;
    a->modal = m;
    a->needs_layout = a->needs_paint = true;
}

void app_pop_modal(struct app *a)
{
    struct ui_modal *m = a->modal;

    if (!m)
        return;
    a->modal = m->below;
    if (a->question == m)
        a->question = NULL;
    m->ops->free(m);
    a->needs_layout = a->needs_paint = true;
}

void app_drop_modal(struct app *a, struct ui_modal *m)
{
    struct ui_modal *above = a->modal;

    if (a->modal == m) {
        app_pop_modal(a);
        return;
    }
    while (above && above->below != m)
        above = above->below;
    if (!above)
        return;
    above->below = m->below;
    if (a->question == m)
        a->question = NULL;
    m->ops->free(m);
}

/* --- layout ------------------------------------------------------------------------------------------------------- */

/* What the panes share between header and hints. */
static struct ui_rect content_rect(const struct app *a)
{
    return (struct ui_rect){.x = 0, .y = 2, .w = a->w, .h = a->h - 4};
}

int app_split_at(const struct app *a)
{
    if (!a->is_split || (a->focus != UI_PANE_TIMELINE && a->focus != UI_PANE_DETAIL))
        return 0;
    return a->w * 45 / 100;
}

static bool is_too_small(const struct app *a)
{
    return a->w < UI_MIN_W || a->h < UI_MIN_H;
}

void app_resize(struct app *a, int w, int h)
{
    bool was_too_small = is_too_small(a);

    a->w = w;
    a->h = h;
    if (was_too_small && !is_too_small(a))
        a->wishes |= APP_WISH_FLUSH; /* typed at what could not be seen: the news of the size overtakes keys */
    if (w < UI_SPLIT_MIN_W)
        a->is_split = false;
    else if (!a->split_by_hand)
        a->is_split = w >= UI_SPLIT_W;
    a->needs_layout = a->needs_paint = true;
}

void app_layout(struct app *a)
{
    struct ui_rect r = content_rect(a);
    int split = app_split_at(a);

    a->needs_layout = false;
    for (int i = 0; i < UI_N_PANES; i++) {
        int w = r.w;

        if (split && i == UI_PANE_TIMELINE)
            w = split;
        else if (split && i == UI_PANE_DETAIL)
            w = r.w - split - 1;
        a->panes[i]->ops->layout(a->panes[i], w, r.h);
    }
    for (struct ui_modal *m = a->modal; m; m = m->below)
        m->ops->layout(m, a->w, a->h);
    if (split) /* however the half came to be seen: focus, a wider terminal, the operator's key */
        a->panes[UI_PANE_DETAIL]->ops->refresh(a->panes[UI_PANE_DETAIL]);
}

void app_focus(struct app *a, enum ui_pane_id id)
{
    a->focus = (int)id;
    a->needs_layout = a->needs_paint = true;
    if (a->panes[id]->ops->refresh)
        a->panes[id]->ops->refresh(a->panes[id]);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void on_key(struct app *a, const struct ui_event *ev)
{
    struct ui_modal *m = a->modal;
    int context = m ? m->ops->context : (int)a->panes[a->focus]->ops->context;
    enum ui_action act = context < 0 ? UI_ACT_NONE : ui_keymap_find(&a->keys, (enum ui_context)context, ev->key);

    if (a->message.len > 0) {
        ls_buf_clear(&a->message);
        a->needs_paint = true;
    }
    if (m && m->ops->on_event && m->ops->on_event(m, ev))
        return;
    if (act != UI_ACT_NONE)
        app_dispatch(a, act);
}

static void on_mouse(struct app *a, const struct ui_event *ev)
{
    struct ui_rect r = content_rect(a);
    struct ui_event local = *ev;
    int split = app_split_at(a), id = a->focus;

    if (ev->y == 1 && ev->mouse == UI_MOUSE_CLICK && app_tab_at(a, ev->x) >= 0) {
        app_focus(a, (enum ui_pane_id)app_tab_at(a, ev->x));
        return;
    }
    if (ev->y < r.y || ev->y >= r.y + r.h)
        return;
    local.y -= r.y;
    if (split) {
        id = ev->x < split ? UI_PANE_TIMELINE : UI_PANE_DETAIL;
        if (id == UI_PANE_DETAIL)
            local.x -= split + 1;
        if (id != a->focus && ev->mouse == UI_MOUSE_CLICK)
            app_focus(a, (enum ui_pane_id)id);
    }
    if (a->panes[id]->ops->on_event && a->panes[id]->ops->on_event(a->panes[id], &local))
        a->needs_paint = true;
}

/* Nothing is done that cannot be seen: on a screen that is too small only leaving works. */
static bool is_blind(const struct app *a, const struct ui_event *ev)
{
    if (!is_too_small(a))
        return false;
    if (ev->kind == UI_EV_RESIZE || ev->kind == UI_EV_TICK)
        return false;
    return ev->kind != UI_EV_KEY || a->modal || app_is_busy(a) || ui_keymap_find(&a->keys, UI_CX_TIMELINE, ev->key) != UI_ACT_QUIT;
}

void app_event(struct app *a, const struct ui_event *ev)
{
    if (is_blind(a, ev))
        return;
    switch (ev->kind) {
    case UI_EV_KEY:
        on_key(a, ev);
        break;
    case UI_EV_MOUSE:
    case UI_EV_PASTE:
        if (a->modal) {
            if (a->modal->ops->on_event)
                (void)a->modal->ops->on_event(a->modal, ev);
        } else if (ev->kind == UI_EV_MOUSE) {
            on_mouse(a, ev);
        }
        break;
    case UI_EV_RESIZE:
        app_resize(a, ev->x, ev->y);
        break;
    case UI_EV_TICK:
        app_on_tick(a);
        break;
    }
    if (a->needs_layout)
        app_layout(a);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

int app_tick_ms(const struct app *a)
{
    int64_t due = a->detail_due_ms;

    if (a->drift_due_ms && (!due || a->drift_due_ms < due))
        due = a->drift_due_ms;
    if (due)
        return due > a->now_ms ? (int)(due - a->now_ms) : 0;
    /* Nothing moves by itself but what is at work: idle costs nothing. */
    if ((a->run.phase == RUN_PHASE_RUNNING && !a->run.is_at_gate) || a->progress.is_on)
        return TICK_MS;
    return -1;
}

void app_on_tick(struct app *a)
{
    if (a->detail_due_ms && a->now_ms >= a->detail_due_ms) {
        a->detail_due_ms = 0;
        if (a->is_split)
            a->panes[UI_PANE_DETAIL]->ops->refresh(a->panes[UI_PANE_DETAIL]);
    }
    if (a->drift_due_ms && a->now_ms >= a->drift_due_ms) {
        a->drift_due_ms = 0;
        drift_look(a);
    }
    if (app_is_busy(a)) {
        a->tick++;
        a->needs_paint = true;
    }
}
