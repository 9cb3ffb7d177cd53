/* tui/pane_diff.c: two sides, what differs between them, and what each difference would do. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "tui/diff_choices.h"
#include "tui/diff_ddl.h"
#include "tui/diff_doc.h"
#include "tui/diff_filter.h"
#include "tui/diff_options.h"
#include "tui/diff_rows.h"
#include "tui/diff_sides.h"
#include "tui/diffref.h"
#include "tui/jobs.h"
#include "tui/list_pane.h"

#define SPLIT_MIN_W 110
#define IMPACT_W    14

struct diff {
    struct list_pane base; /* the document is about a difference, by its place */
    char *sides[2], *labels[2]; /* as they were said, and as they may be shown */
    struct diffref *ref;
    struct diff_rows rows;
    struct diff_filter filter;
    struct diff_decided decided;
    struct ls_diff_opts opts; /* the flags only */
    struct snapref *seen;     /* the snapshot at the last comparison: another one means that something ran */
    char *error;
    bool is_loading, is_asked_for; /* is_asked_for: somebody wanted it, so it is read again by itself */
    bool is_due;                   /* what is being read is not what is wanted any more */
    bool is_stopped;               /* by the operator */
    bool columns;                  /* side by side instead of one below the other */
    int doc_h;
};

static struct diff *self_of(struct ui_pane *p)
{
    return (struct diff *)p;
}

static const struct ls_difference *at_row(const struct diff *s, size_t row)
{
    return s->ref && row < s->rows.rows.n && s->rows.rows.v[row].index >= 0 ? &s->ref->diff.d.v[s->rows.rows.v[row].index] : NULL;
}

static void make_rows(struct diff *s)
{
    s->filter.text = s->base.filter.ptr;
    if (s->ref)
        diff_rows_make(&s->rows, &s->ref->diff, &s->filter);
    ui_list_set_count(&s->base.list, s->rows.rows.n);
    if (s->base.list.cursor == 0 && s->rows.rows.n > 1 && s->rows.rows.v[0].index < 0)
        ui_list_go(&s->base.list, 1); /* a title has nothing to show */
    list_pane_drop_doc(&s->base);
    s->base.pane.app->needs_layout = s->base.pane.app->needs_paint = true;
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static void on_diff(struct app *a, struct diffref *r, const struct ls_err *err);

/* Shows r (NULL: nothing). What is still being made of the one before is not wanted any more. */
static void set_ref(struct diff *s, struct diffref *r)
{
    if (s->ref) {
        (void)job_ddl_stop(s->base.pane.app);
        s->ref->is_replaced = true;
    }
    diffref_put(s->ref);
    s->ref = r;
    s->filter.schema = NULL; /* it was a text of the old one */
}

static void start(struct diff *s)
{
    struct app *a = s->base.pane.app;
    struct diff_choices said;
    struct ls_diff_opts opts = s->opts;

    s->is_asked_for = true;
    a->needs_layout = a->needs_paint = true;
    s->is_due = s->is_loading;
    if (s->is_loading)
        return;
    diff_choices_begin(&said, &a->project, &s->decided, &opts);
    s->is_loading = job_diff(a, s->sides[0], s->sides[1], &opts, false, on_diff);
    diff_choices_end(&said);
    snapref_put(s->seen);
    s->seen = a->snap ? snapref_get(a->snap) : NULL;
}

/* The header's count is of the same two sides. */
static void count_drift(const struct diff *s)
{
    if (s->ref && strcmp(s->sides[0], "migrations") == 0 && strcmp(s->sides[1], "live") == 0)
        drift_set(s->base.pane.app, &s->ref->diff);
}

static void on_diff(struct app *a, struct diffref *r, const struct ls_err *err)
{
    struct diff *s = self_of(a->panes[UI_PANE_DIFF]);

    s->is_loading = false;
    if (s->is_due) {
        s->is_due = false;
        diffref_put(r);
        start(s);
        return;
    }
    s->is_stopped = !r && err->code == LS_E_CANCELLED;
    free(s->error);
    s->error = r ? NULL
                 : ls_asprintf("%s%s%s", err->message ? err->message : ls_rc_name(err->code), err->hint ? ". " : "",
                               err->hint ? err->hint : "");
    a->needs_layout = a->needs_paint = true;
    if (!r) {
        /* What was found before stays on the screen; that it is not new must be said. */
        if (s->ref && s->is_stopped)
            app_say(a, ROLE_WARNING, "stopped: what is shown was read before");
        else if (s->ref)
            app_say(a, ROLE_ERROR, "not compared again: %s", s->error);
        return;
    }
    set_ref(s, r);
    count_drift(s);
    make_rows(s);
    ls_buf_clear(&a->message);
}

/* What was compared before is compared again when something ran; coming back to the pane is no reason. */
static void refresh(struct ui_pane *p)
{
    struct diff *s = self_of(p);

    if (s->is_asked_for && p->app->phase == APP_READY && p->app->mail && p->app->snap != s->seen && !app_is_busy(p->app))
        start(s);
}

void pane_diff_set(struct app *a, struct diffref *r)
{
    on_diff(a, r, NULL);
}

static void compare_again(struct diff *s)
{
    struct diff_choices said;
    struct ls_diff_opts opts = s->opts;
    size_t cursor = s->base.list.cursor;

    diff_choices_begin(&said, &s->base.pane.app->project, &s->decided, &opts);
    if (s->ref)
        set_ref(s, diffref_again(s->ref, &opts));
    diff_choices_end(&said);
    count_drift(s);
    make_rows(s);
    if (cursor < s->rows.rows.n)
        ui_list_go(&s->base.list, cursor);
}

static void opts_changed(struct app *a)
{
    compare_again(self_of(a->panes[UI_PANE_DIFF]));
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

static void draw_row(const void *ctx, struct ui_surface *sf, int y, size_t row, bool is_at)
{
    const struct diff *s = ctx;
    const struct ls_difference *x = at_row(s, row);
    enum theme_role on = ui_list_bar(sf, y, sf->w - 1, is_at);
    struct ls_buf text = LS_BUF_INIT;
    char sign[2] = {x ? diff_row_sign(x->change) : ' ', '\0'};
    int indent = x && (x->b ? x->b : x->a)->parent[0] != '\0' ? 4 : 2;

    if (!x) {
        diff_row_title(s->rows.rows.v[row].of, &text);
        (void)ui_str(sf, 2, y, sf->w - 3, text.ptr, UI_ON(ROLE_TITLE, on));
    } else {
        (void)ui_str(sf, indent, y, 1, sign, UI_ON(diff_role(x->change), on));
        diff_row_words(&s->ref->diff, x, &text);
        (void)ui_str_match(sf, indent + 2, y, sf->w - indent - 3 - IMPACT_W, text.ptr, list_pane_needle(&s->base),
                           UI_ON(ROLE_TEXT, on));
        (void)ui_str(sf, sf->w - IMPACT_W - 1, y, IMPACT_W, ls_impact_name(x->impact), UI_ON(impact_role(x->impact), on));
    }
    ls_buf_release(&text);
}

static void draw_words(const struct diff *s, struct ui_surface *sf)
{
    if (s->is_loading && !s->ref) {
        (void)ui_strf(sf, 2, 1, -1, UI_ROLE(ROLE_DIM), "Reading %s and %s. x stops it.", s->labels[0], s->labels[1]);
    } else if (s->is_stopped && !s->ref) {
        (void)ui_strf(sf, 2, 1, -1, UI_ROLE(ROLE_TEXT), "%s  against  %s", s->labels[0], s->labels[1]);
        (void)ui_str(sf, 2, 3, -1, "Stopped. Enter compares them, s picks other sides.", UI_ROLE(ROLE_DIM));
    } else if (s->error && !s->ref) {
        (void)ui_str(sf, 2, 1, -1, "They could not be compared:", UI_ROLE(ROLE_ERROR));
        (void)ui_str(sf, 2, 2, -1, s->error, UI_ROLE(ROLE_TEXT));
    } else if (!s->ref) {
        (void)ui_strf(sf, 2, 1, -1, UI_ROLE(ROLE_TEXT), "%s  against  %s", s->labels[0], s->labels[1]);
        (void)ui_str(sf, 2, 3, -1, "Enter compares them. s picks other sides, o what is compared.", UI_ROLE(ROLE_DIM));
    } else if (s->ref->diff.d.n == 0) {
        (void)ui_strf(sf, 2, 1, -1, UI_ROLE(ROLE_GOOD), "No difference: %s and %s have the same schema.", s->labels[0],
                      s->labels[1]);
    } else {
        (void)ui_str(sf, 2, 1, -1, "Nothing is left of the differences: Esc drops the filter.", UI_ROLE(ROLE_DIM));
    }
}

static void draw_below(const struct diff *s, struct ui_surface *sf)
{
    struct ui_surface doc = ui_surface_sub(sf, 1, sf->h - s->doc_h, sf->w - 2, s->doc_h);

    ui_hline(sf, 0, sf->h - s->doc_h - 1, sf->w, UI_ROLE(ROLE_BORDER));
    ui_view_draw(&s->base.view, s->base.doc, &doc, ROLE_TEXT);
}

static void draw(const struct ui_pane *p, struct ui_surface *sf)
{
    const struct diff *s = (const struct diff *)p;
    struct ui_surface list = ui_surface_sub(sf, 0, 0, s->base.list_w, sf->h - (s->base.doc_w > 0 ? 0 : s->doc_h + (s->doc_h > 0)));

    if (s->rows.rows.n == 0 || !s->ref)
        draw_words(s, sf);
    ui_list_draw(&s->base.list, &list, draw_row, s);
    ui_list_scrollbar(&s->base.list, &list);
    if (s->base.doc_w > 0)
        list_pane_draw_beside(&s->base, sf);
    else if (s->base.doc)
        draw_below(s, sf);
}

static void follow(struct diff *s, int width)
{
    const struct ls_difference *x = at_row(s, s->base.list.cursor);

    if (list_pane_turn(&s->base, x ? s->rows.rows.v[s->base.list.cursor].index : -1) && x)
        s->base.doc = diff_doc(&s->ref->diff, x, s->base.pane.app->is_ascii, width, s->columns);
}

static void layout(struct ui_pane *p, int w, int h)
{
    struct diff *s = self_of(p);
    int doc_w = w >= SPLIT_MIN_W && s->ref ? w / 2 : 0;

    list_pane_split(&s->base, w, doc_w);
    s->doc_h = doc_w > 0 ? h : s->ref && s->rows.rows.n > 0 ? h / 2 - 1 : 0;
    follow(s, doc_w > 0 ? doc_w - 2 : w - 2);
    if (!s->base.doc && doc_w == 0)
        s->doc_h = 0;
    ui_list_layout(&s->base.list, doc_w > 0 ? h : h - s->doc_h - (s->doc_h > 0));
    if (s->base.doc)
        ui_view_layout(&s->base.view, s->base.doc, s->doc_h);
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct diff *s = (const struct diff *)p;

    ls_buf_addf(out, "%s -> %s", s->labels[0], s->labels[1]);
    diff_options_words(&s->opts, out);
    if (s->ref) {
        ls_buf_addf(out, "  %zu difference%s", s->rows.n_shown, s->rows.n_shown == 1 ? "" : "s");
        if (s->rows.n_hidden > 0)
            ls_buf_addf(out, ", %zu hidden", s->rows.n_hidden);
        if (s->ref->diff.notes.d.n > 0)
            ls_buf_addf(out, "  %zu note%s: v", s->ref->diff.notes.d.n, s->ref->diff.notes.d.n == 1 ? "" : "s");
    }
    if (s->base.filter.len > 0)
        ls_buf_addf(out, "  filter '%s'", s->base.filter.ptr);
    if (s->is_loading)
        ls_buf_adds(out, s->ref ? "  reading again: x stops it" : "  reading: x stops it");
    else if (s->error && s->ref)
        ls_buf_adds(out, s->is_stopped ? "  OLD: reading again was stopped" : "  OLD: could not be read again");
}

/* --- choosing sides ----------------------------------------------------------------------------------------------- */

static void set_side(struct diff *s, int i, const char *text)
{
    if (s->sides[i] && strcmp(s->sides[i], text) == 0)
        return;
    free(s->sides[i]);
    free(s->labels[i]);
    s->sides[i] = ls_strdup(text);
    s->labels[i] = diff_side_label(text);
    /* What is shown was between other sides. */
    s->rows.rows.n = 0;
    ui_list_set_count(&s->base.list, 0);
    list_pane_drop_doc(&s->base);
    set_ref(s, NULL);
    s->is_asked_for = false;
    if (s->is_loading)
        job_diff_cancel(s->base.pane.app);
    free(s->error);
    s->error = NULL;
    s->is_stopped = false;
}

static void side_b_done(struct app *a, void *ctx, const char *text)
{
    (void)a;
    if (!text || !*text)
        return;
    set_side(ctx, 1, text);
    start(ctx);
}

static void side_a_done(struct app *a, void *ctx, const char *text)
{
    struct diff *s = ctx;

    if (!text || !*text)
        return;
    set_side(s, 0, text);
    diff_sides_open(a, "with what?", s->sides[1], side_b_done, s);
}

static void pick_sides(struct diff *s)
{
    diff_sides_open(s->base.pane.app, "Compare what ...", s->sides[0], side_a_done, s);
}

/* --- filters ------------------------------------------------------------------------------------------------------ */

static void filter_changed(struct app *a)
{
    make_rows(self_of(a->panes[UI_PANE_DIFF]));
}

static void filtered(struct list_pane *l)
{
    make_rows(self_of(&l->pane));
}

/* --- renamings ---------------------------------------------------------------------------------------------------- */

/* The renaming that the row is about: its own, or one that was rejected. */
static const struct ls_rename *rename_at(const struct diff *s)
{
    const struct ls_difference *x = at_row(s, s->base.list.cursor);

    for (size_t i = 0; x && i < s->ref->diff.renames.n; i++) {
        const struct ls_rename *r = &s->ref->diff.renames.v[i];

        if ((x->a && r->a == x->a) || (x->b && r->b == x->b))
            return r;
    }
    return NULL;
}

static void choose(struct diff *s, bool accept)
{
    const struct ls_rename *r = s->ref ? rename_at(s) : NULL;

    if (!r) {
        app_say(s->base.pane.app, ROLE_INFO, "that is no renaming");
        return;
    }
    diff_decide(s->base.pane.app, &s->decided, r, accept);
    compare_again(s);
}

/* --- export ------------------------------------------------------------------------------------------------------- */

static void export_done(struct app *a, void *ctx, const char *path)
{
    struct diff *s = ctx;
    struct ls_buf text = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    if (!path || !*path || !s->ref)
        return;
    ls_diff_print_markdown(&s->ref->diff, &text);
    if (ls_file_write_new(path, text.ptr, text.len, 0644, &err) == LS_OK)
        app_say(a, ROLE_GOOD, "written: %s", path);
    else
        app_show_err(a, "The report could not be written", &err);
    ls_err_release(&err);
    ls_buf_release(&text);
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

static void stop_or_reject(struct diff *s)
{
    if (s->is_loading)
        job_diff_cancel(s->base.pane.app);
    else
        choose(s, false);
}

static void open_row(struct list_pane *l)
{
    struct diff *s = self_of(&l->pane);
    const struct ls_difference *x = at_row(s, s->base.list.cursor);

    if (!s->ref)
        start(s);
    else if (x)
        ui_viewer_open(s->base.pane.app, ls_change_name(x->change),
                       diff_doc(&s->ref->diff, x, s->base.pane.app->is_ascii, ui_dialog_width(s->base.pane.app), s->columns));
}

static bool on_action(struct list_pane *l, enum ui_action act)
{
    struct diff *s = self_of(&l->pane);
    struct ui_input_spec export = {
        .label = "Write a Markdown report to: ", .text = "schema-diff.md", .done = export_done, .ctx = s};

    switch (act) {
    case UI_ACT_LEFT:
    case UI_ACT_RIGHT:
        return s->base.doc && ui_view_action(&s->base.view, s->base.doc, act);
    case UI_ACT_SIDES:
        pick_sides(s);
        return true;
    case UI_ACT_ACCEPT_RENAME:
        choose(s, true);
        return true;
    case UI_ACT_REJECT_RENAME:
        stop_or_reject(s);
        return true;
    case UI_ACT_DIFF_FILTER:
        if (s->ref)
            diff_filter_open(s->base.pane.app, &s->ref->diff, &s->filter, filter_changed);
        return true;
    case UI_ACT_DIFF_OPTIONS:
        diff_options_open(s->base.pane.app, &s->opts, opts_changed);
        return true;
    case UI_ACT_COLUMNS:
        s->columns = !s->columns;
        list_pane_drop_doc(&s->base);
        s->base.pane.app->needs_layout = true;
        return true;
    case UI_ACT_EXPORT:
        if (s->ref)
            ui_input_open(s->base.pane.app, &export);
        return true;
    case UI_ACT_STATEMENTS:
        if (s->ref)
            diff_ddl_open(s->base.pane.app, s->ref, at_row(s, s->base.list.cursor), &s->opts);
        return true;
    case UI_ACT_LEFT_OUT:
        ui_notes_open(s->base.pane.app, s->ref ? &s->ref->diff.notes : NULL);
        return true;
    default:
        return false;
    }
}

/* Esc ends what is being made before it drops the filter. */
static bool on_any_action(struct ui_pane *p, enum ui_action act)
{
    return (act == UI_ACT_BACK && job_ddl_stop(p->app)) || list_pane_on_action(p, act);
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct diff *s = (const struct diff *)p;

    if (act == UI_ACT_LEFT_OUT)
        return s->ref && s->ref->diff.notes.d.n > 0;
    if (act == UI_ACT_ACCEPT_RENAME)
        return s->ref && rename_at(s) != NULL;
    if (act == UI_ACT_REJECT_RENAME)
        return s->is_loading || (s->ref && rename_at(s) != NULL);
    if (act == UI_ACT_DIFF_FILTER || act == UI_ACT_COLUMNS || act == UI_ACT_EXPORT || act == UI_ACT_STATEMENTS ||
        act == UI_ACT_FILTER)
        return s->ref != NULL;
    return true;
}

static const struct list_parts parts = {.filtered = filtered, .moved = list_pane_follow, .open = open_row, .on_action = on_action};

static struct ui_pane *open_pane(struct app *app)
{
    struct diff *s = list_pane_new(sizeof(*s), &pane_diff_ops, &parts, app);

    s->filter.impact = -1;
    set_side(s, 0, "migrations");
    set_side(s, 1, "live");
    return &s->base.pane;
}

static void close_pane(struct ui_pane *p)
{
    struct diff *s = self_of(p);

    diff_decided_release(&s->decided);
    snapref_put(s->seen);
    diff_rows_release(&s->rows);
    diffref_put(s->ref);
    for (int i = 0; i < 2; i++) {
        free(s->sides[i]);
        free(s->labels[i]);
    }
    free(s->error);
    list_pane_free(&s->base);
}

const struct ui_pane_ops pane_diff_ops = {
    .title = "Diff",
    .context = UI_CX_DIFF,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = list_pane_on_event,
    .on_action = on_any_action,
    .layout = layout,
    .draw = draw,
    .status = status,
    .can = can,
};
