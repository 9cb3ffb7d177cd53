/* tui/pane_index.c: how the indexes are used, what is to be said about them, and which the workload lacks. What changes something is the
 * subcommand `index`, whose preview and question come as they do behind ":". */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "tui/index_doc.h"
#include "tui/index_draw.h"
#include "tui/jobs.h"
#include "tui/list_pane.h"

#define SPLIT_MIN_W  120
#define HEAD_H       2
#define VIEWER_FRAME 7 /* cells that the viewer takes for itself */

struct index_pane {
    struct list_pane base; /* the document is about a row */
    struct ixref *ix; /* NULL: not read yet */
    struct index_filter filter;
    struct index_rows rows;
    char *error;
    bool is_asked, is_measuring;
    bool is_due;      /* it was wanted again while it was being read */
    char *ignoring;   /* "IX02 idx_old": what a reason is being typed for; another report may come meanwhile */
    bool wants_fresh; /* `refresh` was pressed: what was measured does not stay either */
    bool wants_judgement; /* of what was measured: something is ignored from now on */
    struct snapref *seen; /* the snapshot at the last reading: with another one, something ran */
};

static struct index_pane *self_of(struct ui_pane *p)
{
    return (struct index_pane *)p;
}

static const struct ls_index_report *report(const struct index_pane *s)
{
    return s->ix ? &s->ix->report : NULL;
}

static const struct index_row *row_at(const struct index_pane *s, size_t row)
{
    return s->ix && row < s->rows.rows.n ? &s->rows.rows.v[row] : NULL;
}

static const struct ls_index_verdict *verdict_at(const struct index_pane *s)
{
    const struct index_row *r = row_at(s, s->base.list.cursor);

    return r && r->kind == INDEX_ROW_VERDICT ? &report(s)->verdicts.v[r->n] : NULL;
}

static void make_rows(struct index_pane *s)
{
    list_pane_drop_doc(&s->base);
    s->base.pane.app->needs_layout = s->base.pane.app->needs_paint = true;
    if (!s->ix)
        return;
    s->filter.text = s->base.filter.ptr;
    index_rows_make(&s->rows, report(s), &s->filter);
    ui_list_set_count(&s->base.list, s->rows.rows.n);
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

static void refresh(struct ui_pane *p);

/* No copy could be made: a note says why, and with what it can. */
static bool was_copied(const struct ls_advices *a)
{
    for (size_t i = 0; i < a->notes.d.n; i++)
        if (strcmp(a->notes.d.v[i].code, "no-clone") == 0 || strcmp(a->notes.d.v[i].code, "not-copied") == 0)
            return false;
    return true;
}

static void say_measured(struct app *a, const struct ls_advices *adv)
{
    if (adv->n_plans == 0)
        app_say(a, ROLE_GOOD, "there is no workload to measure: v says why");
    else if (!was_copied(adv))
        app_say(a, ROLE_WARNING, "%s: nothing was measured, v says why", adv->how);
    else
        app_say(a, ROLE_GOOD, "%s", adv->how);
}

static void take_report(struct app *a, struct ixref *ix, const struct ls_err *err)
{
    struct index_pane *s = self_of(a->panes[UI_PANE_INDEX]);
    bool was_measuring = s->is_measuring;
    struct ixref *old = s->ix;

    s->is_asked = s->is_measuring = false;
    free(s->error);
    s->error = ix || err->code == LS_OK ? NULL : ls_strdup(err->message ? err->message : ls_rc_name(err->code));
    a->needs_paint = true;
    if (was_measuring && !ix && err->code == LS_E_CANCELLED)
        app_say(a, ROLE_INFO, "stopped; the copy is removed");
    else if (was_measuring && !ix)
        app_show_err(a, "The workload could not be measured", err);
    else if (s->error && s->ix)
        app_say(a, ROLE_ERROR, "the indexes could not be read again: %s", s->error);
    if (!ix)
        return;
    s->ix = ix;
    make_rows(s);
    if (!old && s->rows.rows.n == 0 && s->filter.view == INDEX_VERDICTS && s->filter.verdict < 0) { /* nothing to be said: what there is */
        s->filter.view = INDEX_USAGE;
        make_rows(s);
    }
    if (was_measuring && s->filter.view == INDEX_USAGE && ix->report.verdicts.n > 0) { /* what was asked for */
        s->filter.view = INDEX_VERDICTS;
        make_rows(s);
    }
    if (was_measuring)
        say_measured(a, &ix->report.advices);
    else if (old && old->is_advised)
        app_say(a, ROLE_INFO, "read anew; what was measured was of the state before: a measures again");
    ixref_put(old);
}

static void on_report(struct app *a, struct ixref *ix, const struct ls_err *err)
{
    struct ui_pane *p = a->panes[UI_PANE_INDEX];

    take_report(a, ix, err);
    if (self_of(p)->is_due)
        refresh(p);
}

/* Since the last reading: what was measured stays while the ledger says the same, for measuring takes long. */
static bool nothing_ran(const struct index_pane *s)
{
    const struct snapref *now = s->base.pane.app->snap;
    char hex[2][LS_SHA256_HEX];

    if (now == s->seen || !now || !s->seen)
        return now == s->seen;
    ls_ledger_fingerprint(&now->snap->ledger, hex[0]);
    ls_ledger_fingerprint(&s->seen->snap->ledger, hex[1]);
    return strcmp(hex[0], hex[1]) == 0;
}

static void refresh(struct ui_pane *p)
{
    struct index_pane *s = self_of(p);

    if (p->app->focus != UI_PANE_INDEX || !p->app->mail)
        return;
    s->is_due = s->is_asked;
    if (s->is_asked)
        return;
    if (s->ix && s->ix->is_advised && !s->wants_fresh && nothing_ran(s)) {
        if (s->wants_judgement)
            job_index_judge(p->app, s->ix);
        s->wants_judgement = false;
        make_rows(s);
        return;
    }
    s->wants_fresh = s->wants_judgement = false;
    s->is_asked = job_index(p->app, false, on_report);
    if (!s->is_asked)
        return;
    snapref_put(s->seen);
    s->seen = p->app->snap ? snapref_get(p->app->snap) : NULL;
}

static void measure(struct index_pane *s)
{
    if (s->is_measuring) {
        app_say(s->base.pane.app, ROLE_INFO, "it is being measured; x stops it");
        return;
    }
    s->is_measuring = job_index(s->base.pane.app, true, on_report);
    s->is_asked = s->is_asked || s->is_measuring;
    if (s->is_measuring)
        app_say(s->base.pane.app, ROLE_INFO, "planning the workload, and measuring on a copy what it lacks; x stops it");
    else
        app_say(s->base.pane.app, ROLE_WARNING, "not now: something else is going on");
}

void pane_index_set(struct app *a, struct ixref *ix)
{
    on_report(a, ix, NULL);
}

/* --- drawing ------------------------------------------------------------------------------------------------------- */

static const char *nothing_words(const struct index_pane *s)
{
    const struct app *a = s->base.pane.app;

    if (s->error && !s->ix)
        return s->error;
    if (!s->ix)
        return a->phase == APP_READY ? "Reading how the indexes are used" : "Not connected";
    if (s->rows.rows.n > 0)
        return NULL;
    if (s->base.filter.len > 0)
        return "Nothing matches. Esc drops the filter.";
    if (s->filter.view == INDEX_VERDICTS)
        return s->rows.n_hidden > 0 ? "Nothing to be said but what is ignored: f shows it." : "Nothing to be said against these indexes.";
    if (s->filter.view == INDEX_QUERIES)
        return "No workload: write queries into lockstep.workload.sql, or install pg_stat_statements (v says how).";
    return "The database has no indexes of its own.";
}

static uint32_t count_of(const struct index_pane *s, int view)
{
    uint32_t n = 0;

    if (view == INDEX_USAGE)
        return report(s)->usage->n_indexes;
    if (view == INDEX_QUERIES)
        return report(s)->workload.n_queries;
    for (uint32_t i = 0; i < report(s)->verdicts.n; i++)
        n += report(s)->verdicts.v[i].ignored == NULL;
    return n;
}

static void draw_views(const struct index_pane *s, struct ui_surface *sf)
{
    int x = 2;

    for (int v = 0; v < INDEX_N_VIEWS; v++) {
        struct ui_style st = UI_ROLE(v == (int)s->filter.view ? ROLE_SELECTED : ROLE_DIM);

        x += ui_strf(sf, x, 0, -1, st, " %s %u ", index_view_name((enum index_view)v), (unsigned)count_of(s, v)) + 1;
    }
}

static void draw_row(const void *look, struct ui_surface *sf, int y, size_t row, bool is_at)
{
    index_draw_row(look, sf, y, row, is_at);
}

static void draw(const struct ui_pane *p, struct ui_surface *sf)
{
    const struct index_pane *s = (const struct index_pane *)p;
    struct ui_surface all = ui_surface_sub(sf, 0, 0, s->base.list_w, sf->h);
    struct ui_surface list = ui_surface_sub(&all, 0, HEAD_H, all.w, sf->h - HEAD_H);
    struct index_view_look look = {.rep = report(s), .rows = &s->rows, .filter = &s->filter, .ascii = p->app->is_ascii};
    const char *words = nothing_words(s);

    if (s->ix) {
        draw_views(s, &all);
        index_draw_head(&look, &all, 1);
    }
    if (words)
        (void)ui_str(&list, 2, 1, list.w - 3, words, UI_ROLE(s->error ? ROLE_ERROR : ROLE_DIM));
    ui_list_draw(&s->base.list, &list, draw_row, &look);
    ui_list_scrollbar(&s->base.list, &list);
    list_pane_draw_beside(&s->base, sf);
}

static struct ui_doc *doc_of(const struct index_pane *s, struct index_row row, int width)
{
    const struct ls_snapshot *snap = app_snap(s->base.pane.app);

    return index_row_doc(report(s), row, snap ? snap->format : NULL, s->base.pane.app->is_ascii, width);
}

static void layout(struct ui_pane *p, int w, int h)
{
    struct index_pane *s = self_of(p);
    const struct index_row *row;

    list_pane_split(&s->base, w, w >= SPLIT_MIN_W ? w * 9 / 20 : 0);
    list_pane_layout(p, w, h);
    row = row_at(s, s->base.list.cursor);
    if (s->base.doc_w > 0 && row && list_pane_turn(&s->base, (long)s->base.list.cursor))
        s->base.doc = doc_of(s, *row, s->base.doc_w - 2);
    if (s->base.doc)
        ui_view_layout(&s->base.view, s->base.doc, h);
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct index_pane *s = (const struct index_pane *)p;
    char size[LS_ISO_LEN];

    if (!s->ix)
        return;
    if (s->filter.view == INDEX_USAGE) {
        ls_size_text(s->rows.total.bytes, size);
        ls_buf_addf(out, "together %s", size);
        if (report(s)->usage->dialect == LS_DIALECT_POSTGRES) {
            ls_buf_adds(out, ", ");
            index_count_text((double)s->rows.total.scans, out);
            ls_buf_adds(out, " scans");
        }
    }
    if (s->filter.view == INDEX_QUERIES && report(s)->workload.source)
        ls_buf_addf(out, "%s", report(s)->workload.source);
    if (s->base.filter.len > 0)
        ls_buf_addf(out, "  filter '%s'", s->base.filter.ptr);
    if (s->filter.verdict >= 0)
        ls_buf_addf(out, "  only %s", ls_verdict_code((enum ls_verdict_id)s->filter.verdict));
    if (s->rows.n_hidden > 0)
        ls_buf_addf(out, "  %u ignored", (unsigned)s->rows.n_hidden);
    if (report(s)->notes.d.n > 0)
        ls_buf_addf(out, "  %zu note%s: v", report(s)->notes.d.n, report(s)->notes.d.n == 1 ? "" : "s");
    if (s->is_measuring)
        ls_buf_adds(out, "  measuring");
    else if (s->is_asked)
        ls_buf_adds(out, "  reading");
    else if (s->error)
        ls_buf_adds(out, "  OLD: could not be read again");
    /* The longest comes last: it is cut first. */
    if (s->filter.view != INDEX_QUERIES && report(s)->verdicts.window && report(s)->verdicts.window[0])
        ls_buf_addf(out, "  %s", report(s)->verdicts.window);
}

/* --- actions ------------------------------------------------------------------------------------------------------- */

static void open_row(struct list_pane *l)
{
    const struct index_pane *s = self_of(&l->pane);
    const struct index_row *r = row_at(s, s->base.list.cursor);
    const struct app *a = s->base.pane.app;

    if (r) /* as wide as the screen where two plans stand side by side then */
        ui_viewer_open(s->base.pane.app, "Indexes", doc_of(s, *r, a->w >= SPLIT_MIN_W ? a->w - VIEWER_FRAME : ui_dialog_width(a)));
}

/* The words of a shell: what is behind `index` is parsed as one. */
static void quote(struct ls_buf *out, const char *text)
{
    ls_buf_addc(out, '\'');
    for (; *text; text++)
        if (*text == '\'')
            ls_buf_adds(out, "'\\''");
        else
            ls_buf_addc(out, *text);
    ls_buf_addc(out, '\'');
}

/* The subcommand that settles the verdict under the cursor: index OPTION 'what'MORE. */
static void settle(struct index_pane *s, const char *option, const char *what, const char *more)
{
    struct ls_buf line = LS_BUF_INIT;

    ls_buf_addf(&line, "index %s ", option);
    quote(&line, what);
    ls_buf_adds(&line, more);
    s->wants_fresh = s->wants_fresh || strcmp(option, "--upkeep") == 0; /* what was measured is of another state then */
    s->wants_judgement = s->wants_judgement || strcmp(option, "--ignore") == 0;
    job_command(s->base.pane.app, line.ptr);
    ls_buf_release(&line);
}

static bool is_upkeep(const struct ls_index_verdict *v)
{
    return v && (v->fix == LS_FIX_REINDEX || v->fix == LS_FIX_ANALYZE || v->fix == LS_FIX_VACUUM);
}

static bool is_migration(const struct ls_index_verdict *v)
{
    return v && v->fix != LS_FIX_NONE && !is_upkeep(v);
}

static void fix(struct index_pane *s, bool upkeep)
{
    const struct ls_index_verdict *v = verdict_at(s);

    if (!v)
        app_say(s->base.pane.app, ROLE_INFO, "put the cursor on a verdict: s goes on to them");
    else if (v->fix == LS_FIX_NONE)
        app_say(s->base.pane.app, ROLE_INFO, "there is nothing to run for it: it is to be judged");
    else if (is_upkeep(v) != upkeep)
        app_say(s->base.pane.app, ROLE_INFO, upkeep ? "this one is mended by a migration: w writes it" : "this one is no migration: u runs it");
    else {
        char *what = ls_asprintf("%s:%s", ls_verdict_code(v->id), v->object);

        settle(s, upkeep ? "--upkeep" : "--fix", what, "");
        free(what);
    }
}

static void on_reason(struct app *a, void *ctx, const char *text)
{
    struct index_pane *s = ctx;
    char *what;

    if (!text)
        return;
    if (text[strspn(text, " ")] == '\0') {
        app_say(a, ROLE_WARNING, "not ignored: the project keeps a reason with it");
        return;
    }
    what = ls_asprintf("%s: %s", s->ignoring, text);
    settle(s, "--ignore", what, " --save");
    free(what);
}

static void ask_reason(struct index_pane *s)
{
    struct ui_input_spec spec = {.label = "Ignore it, because: ", .text = "", .done = on_reason, .ctx = s};
    struct ls_buf pattern = LS_BUF_INIT;

    if (!verdict_at(s))
        app_say(s->base.pane.app, ROLE_INFO, "put the cursor on a verdict: s goes on to them");
    else if (verdict_at(s)->ignored)
        app_say(s->base.pane.app, ROLE_INFO, "it is ignored already: %s", verdict_at(s)->ignored);
    else {
        free(s->ignoring);
        config_index_pattern(verdict_at(s)->object, &pattern);
        s->ignoring = ls_asprintf("%s %s", ls_verdict_code(verdict_at(s)->id), pattern.ptr);
        ls_buf_release(&pattern);
        ui_input_open(s->base.pane.app, &spec);
    }
}

static void on_shown(struct app *a, void *ctx, int index)
{
    struct index_pane *s = ctx;

    (void)a;
    if (index < 0)
        return;
    s->filter.shows_ignored = index == 1 || (index > 1 && s->filter.shows_ignored);
    s->filter.verdict = index < 2 ? -1 : index - 2;
    s->filter.view = INDEX_VERDICTS;
    make_rows(s);
}

static void pick_shown(struct index_pane *s)
{
    struct ui_choice choices[LS_N_VERDICTS + 2] = {{.label = "all verdicts"}, {.label = "all of them, the ignored ones too"}};
    struct ui_menu_spec spec = {.title = "Show", .choices = choices, .n = LS_ARRAY_LEN(choices), .done = on_shown, .ctx = s};
    struct ls_arena *arena = ls_arena_new();

    for (int v = 0; v < LS_N_VERDICTS; v++) {
        uint32_t n = 0;

        for (uint32_t i = 0; s->ix && i < report(s)->verdicts.n; i++)
            n += (int)report(s)->verdicts.v[i].id == v;
        choices[v + 2].label = ls_arena_printf(arena, "%s %s (%u)", ls_verdict_code((enum ls_verdict_id)v), ls_verdict_word((enum ls_verdict_id)v), (unsigned)n);
        choices[v + 2].note = ls_verdict_meaning((enum ls_verdict_id)v);
    }
    ui_menu_open(s->base.pane.app, &spec);
    ls_arena_free(arena);
}

static void filtered(struct list_pane *l)
{
    make_rows(self_of(&l->pane));
    if (l->filter.len > 0)
        ui_list_go(&l->list, 0);
}

static void stop(struct index_pane *s)
{
    if (s->is_measuring)
        job_index_cancel(s->base.pane.app);
    else
        app_say(s->base.pane.app, ROLE_INFO, "nothing is being measured");
}

static void look(struct index_pane *s, enum ui_action act)
{
    if (act == UI_ACT_INDEX_VIEW)
        s->filter.view = (enum index_view)((s->filter.view + 1) % INDEX_N_VIEWS);
    else if (act == UI_ACT_INDEX_SORT)
        s->filter.sort = (enum ls_index_sort)((s->filter.sort + 1) % LS_N_INDEX_SORTS);
    else
        s->filter.is_flat = !s->filter.is_flat;
    if (act != UI_ACT_INDEX_VIEW)
        s->filter.view = INDEX_USAGE;
    make_rows(s);
    ui_list_go(&s->base.list, 0);
}

static bool on_action(struct list_pane *l, enum ui_action act)
{
    struct index_pane *s = self_of(&l->pane);

    switch (act) {
    case UI_ACT_REFRESH:
        s->wants_fresh = true;
        return false; /* the app reads the rest again */
    case UI_ACT_INDEX_VIEW:
    case UI_ACT_INDEX_SORT:
    case UI_ACT_BY_TABLE:
        look(s, act);
        return true;
    case UI_ACT_ADVISE:
        measure(s);
        return true;
    case UI_ACT_STOP_ADVISE:
        stop(s);
        return true;
    case UI_ACT_WRITE_FIX:
    case UI_ACT_UPKEEP:
        fix(s, act == UI_ACT_UPKEEP);
        return true;
    case UI_ACT_IGNORE:
        ask_reason(s);
        return true;
    case UI_ACT_VERDICTS:
        pick_shown(s);
        return true;
    case UI_ACT_LEFT_OUT:
        ui_notes_open(l->pane.app, s->ix ? &report(s)->notes : NULL);
        return true;
    default:
        return false;
    }
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct index_pane *s = (const struct index_pane *)p;

    if (act == UI_ACT_LEFT_OUT)
        return s->ix && report(s)->notes.d.n > 0;
    if (act == UI_ACT_WRITE_FIX)
        return is_migration(verdict_at(s));
    if (act == UI_ACT_UPKEEP)
        return is_upkeep(verdict_at(s));
    if (act == UI_ACT_IGNORE)
        return verdict_at(s) != NULL;
    if (act == UI_ACT_STOP_ADVISE)
        return s->is_measuring;
    if (act == UI_ACT_INDEX_SORT)
        return s->ix && s->filter.view == INDEX_USAGE;
    if (act == UI_ACT_OPEN)
        return row_at(s, s->base.list.cursor) != NULL;
    return true;
}

static const struct list_parts parts = {.filtered = filtered, .moved = list_pane_follow, .open = open_row, .on_action = on_action};

static struct ui_pane *open_pane(struct app *app)
{
    struct index_pane *s = list_pane_new(sizeof(*s), &pane_index_ops, &parts, app);

    s->base.top = HEAD_H;
    s->filter.verdict = -1;
    s->filter.text = "";
    return &s->base.pane;
}

static void close_pane(struct ui_pane *p)
{
    struct index_pane *s = self_of(p);

    index_rows_release(&s->rows);
    ixref_put(s->ix);
    snapref_put(s->seen);
    free(s->error);
    free(s->ignoring);
    list_pane_free(&s->base);
}

const struct ui_pane_ops pane_index_ops = {
    .title = "Indexes",
    .context = UI_CX_INDEX,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = list_pane_on_event,
    .on_action = list_pane_on_action,
    .layout = layout,
    .draw = draw,
    .status = status,
    .can = can,
};
