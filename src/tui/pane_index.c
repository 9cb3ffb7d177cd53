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

#define SPLIT_MIN_W  120
#define HEAD_H       2
#define VIEWER_FRAME 7 /* cells that the viewer takes for itself */

struct index_pane {
    struct ui_pane base;
    struct ixref *ix; /* NULL: not read yet */
    struct index_filter filter;
    struct ls_buf text;
    struct index_rows rows;
    struct ui_list list;
    struct ui_doc *doc; /* of the row under the cursor, where there is room beside the list */
    size_t doc_of;
    struct ui_view view;
    char *error;
    bool is_asked, is_measuring;
    char *ignoring;   /* "IX02 idx_old": what a reason is being typed for; another report may come meanwhile */
    bool wants_fresh; /* `refresh` was pressed: what was measured does not stay either */
    bool wants_judgement; /* of what was measured: something is ignored from now on */
    struct snapref *seen; /* the snapshot at the last reading: with another one, something ran */
    int list_w, doc_w;
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
    const struct index_row *r = row_at(s, s->list.cursor);

    return r && r->kind == INDEX_ROW_VERDICT ? &report(s)->verdicts.v[r->n] : NULL;
}

static void drop_doc(struct index_pane *s)
{
    ui_doc_free(s->doc);
    s->doc = NULL;
    s->base.app->needs_layout = s->base.app->needs_paint = true;
}

static void make_rows(struct index_pane *s)
{
    drop_doc(s);
    if (!s->ix)
        return;
    s->filter.text = s->text.len ? s->text.ptr : "";
    index_rows_make(&s->rows, report(s), &s->filter);
    ui_list_set_count(&s->list, s->rows.rows.n);
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

static void on_report(struct app *a, struct ixref *ix, const struct ls_err *err)
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
        app_say(a, ROLE_GOOD, "%s", ix->report.advices.n_plans > 0 ? ix->report.advices.how : "there is no workload to measure: v says why");
    else if (old && old->is_advised)
        app_say(a, ROLE_INFO, "read anew; what was measured was of the state before: a measures again");
    ixref_put(old);
}

/* Since the last reading: what was measured stays while the ledger says the same, for measuring takes long. */
static bool nothing_ran(const struct index_pane *s)
{
    const struct snapref *now = s->base.app->snap;
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

    if (p->app->focus != UI_PANE_INDEX || s->is_asked || !p->app->mail)
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
        app_say(s->base.app, ROLE_INFO, "it is being measured; x stops it");
        return;
    }
    s->is_measuring = job_index(s->base.app, true, on_report);
    s->is_asked = s->is_asked || s->is_measuring;
    if (s->is_measuring)
        app_say(s->base.app, ROLE_INFO, "planning the workload, and measuring on a copy what it lacks; x stops it");
    else
        app_say(s->base.app, ROLE_WARNING, "not now: something else is going on");
}

void pane_index_set(struct app *a, struct ixref *ix)
{
    on_report(a, ix, NULL);
}

/* --- drawing ------------------------------------------------------------------------------------------------------- */

static const char *nothing_words(const struct index_pane *s)
{
    const struct app *a = s->base.app;

    if (s->error && !s->ix)
        return s->error;
    if (!s->ix)
        return a->phase == APP_READY ? "Reading how the indexes are used" : "Not connected";
    if (s->rows.rows.n > 0)
        return NULL;
    if (s->text.len > 0)
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

static void draw(const struct ui_pane *p, struct ui_surface *sf)
{
    const struct index_pane *s = (const struct index_pane *)p;
    struct ui_surface all = ui_surface_sub(sf, 0, 0, s->list_w, sf->h);
    struct ui_surface list = ui_surface_sub(&all, 0, HEAD_H, all.w, sf->h - HEAD_H);
    struct index_view_look look = {.rep = report(s), .rows = &s->rows, .filter = &s->filter, .ascii = p->app->is_ascii};
    const char *words = nothing_words(s);

    if (s->ix) {
        draw_views(s, &all);
        index_draw_head(&look, &all, 1);
    }
    if (words)
        (void)ui_str(&list, 2, 1, list.w - 3, words, UI_ROLE(s->error ? ROLE_ERROR : ROLE_DIM));
    for (int y = 0; s->ix && y < list.h; y++) {
        size_t row = s->list.top + (size_t)y;

        if (row < s->rows.rows.n)
            index_draw_row(&look, &list, y, row, row == s->list.cursor);
    }
    ui_scrollbar(&list, list.w - 1, 0, list.h, s->list.top, (size_t)list.h, s->rows.rows.n, UI_ROLE(ROLE_BORDER));
    if (s->doc && s->doc_w > 0) {
        struct ui_surface doc = ui_surface_sub(sf, s->list_w + 1, 0, s->doc_w - 1, sf->h);

        ui_view_draw(&s->view, s->doc, &doc, ROLE_TEXT);
    }
}

static struct ui_doc *doc_of(const struct index_pane *s, struct index_row row, int width)
{
    const struct ls_snapshot *snap = app_snap(s->base.app);

    return index_row_doc(report(s), row, snap ? snap->format : NULL, s->base.app->is_ascii, width);
}

static void layout(struct ui_pane *p, int w, int h)
{
    struct index_pane *s = self_of(p);
    int doc_w = w >= SPLIT_MIN_W ? w * 9 / 20 : 0;
    const struct index_row *row;

    if (doc_w != s->doc_w)
        drop_doc(s);
    s->doc_w = doc_w;
    s->list_w = w - doc_w;
    ui_list_layout(&s->list, h - HEAD_H);
    row = row_at(s, s->list.cursor);
    if (doc_w > 0 && row && (!s->doc || s->doc_of != s->list.cursor)) {
        drop_doc(s);
        s->doc = doc_of(s, *row, doc_w - 2);
        s->doc_of = s->list.cursor;
        s->view = (struct ui_view){.left = 0};
    }
    if (s->doc)
        ui_view_layout(&s->view, s->doc, h);
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
    if (s->text.len > 0)
        ls_buf_addf(out, "  filter '%s'", s->text.ptr);
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

static void open_row(struct index_pane *s)
{
    const struct index_row *r = row_at(s, s->list.cursor);
    const struct app *a = s->base.app;

    if (r) /* as wide as the screen where two plans stand side by side then */
        ui_viewer_open(s->base.app, "Indexes", doc_of(s, *r, a->w >= SPLIT_MIN_W ? a->w - VIEWER_FRAME : ui_dialog_width(a)));
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
    job_command(s->base.app, line.ptr);
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
        app_say(s->base.app, ROLE_INFO, "put the cursor on a verdict: s goes on to them");
    else if (v->fix == LS_FIX_NONE)
        app_say(s->base.app, ROLE_INFO, "there is nothing to run for it: it is to be judged");
    else if (is_upkeep(v) != upkeep)
        app_say(s->base.app, ROLE_INFO, upkeep ? "this one is mended by a migration: w writes it" : "this one is no migration: u runs it");
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
        app_say(s->base.app, ROLE_INFO, "put the cursor on a verdict: s goes on to them");
    else if (verdict_at(s)->ignored)
        app_say(s->base.app, ROLE_INFO, "it is ignored already: %s", verdict_at(s)->ignored);
    else {
        free(s->ignoring);
        config_index_pattern(verdict_at(s)->object, &pattern);
        s->ignoring = ls_asprintf("%s %s", ls_verdict_code(verdict_at(s)->id), pattern.ptr);
        ls_buf_release(&pattern);
        ui_input_open(s->base.app, &spec);
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
    ui_menu_open(s->base.app, &spec);
    ls_arena_free(arena);
}

static void set_text(struct app *a, void *ctx, const char *text)
{
    struct index_pane *s = ctx;

    (void)a;
    ls_buf_clear(&s->text);
    ls_buf_adds(&s->text, text ? text : "");
    make_rows(s);
    if (s->text.len > 0)
        ui_list_go(&s->list, 0);
}

static void stop(struct index_pane *s)
{
    if (s->is_measuring)
        job_index_cancel(s->base.app);
    else
        app_say(s->base.app, ROLE_INFO, "nothing is being measured");
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
    ui_list_go(&s->list, 0);
}

static bool on_action(struct ui_pane *p, enum ui_action act)
{
    struct index_pane *s = self_of(p);
    struct ui_input_spec filter = {.label = "/", .text = s->text.ptr, .on_change = set_text, .done = set_text, .ctx = s};

    if (ui_list_action(&s->list, act)) {
        p->app->needs_layout = true; /* the document follows */
        return true;
    }
    switch (act) {
    case UI_ACT_REFRESH:
        s->wants_fresh = true;
        return false; /* the app reads the rest again */
    case UI_ACT_OPEN:
        open_row(s);
        return true;
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
        ui_notes_open(p->app, s->ix ? &report(s)->notes : NULL);
        return true;
    case UI_ACT_FILTER:
        ui_input_open(p->app, &filter);
        return true;
    case UI_ACT_BACK:
        if (s->text.len == 0)
            return false;
        set_text(p->app, s, "");
        return true;
    default:
        return false;
    }
}

static bool on_event(struct ui_pane *p, const struct ui_event *ev)
{
    struct index_pane *s = self_of(p);

    if (ev->x >= s->list_w)
        (void)ui_view_mouse(&s->view, s->doc, ev);
    else if (ui_list_mouse(&s->list, ev, HEAD_H) >= 0)
        open_row(s);
    p->app->needs_layout = true;
    return true;
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
        return row_at(s, s->list.cursor) != NULL;
    return true;
}

static struct ui_pane *open_pane(struct app *app)
{
    struct index_pane *s = ls_calloc(1, sizeof(*s));

    s->base.ops = &pane_index_ops;
    s->base.app = app;
    s->filter.verdict = -1;
    s->filter.text = "";
    ls_buf_init(&s->text);
    return &s->base;
}

static void close_pane(struct ui_pane *p)
{
    struct index_pane *s = self_of(p);

    index_rows_release(&s->rows);
    ixref_put(s->ix);
    snapref_put(s->seen);
    ui_doc_free(s->doc);
    free(s->error);
    free(s->ignoring);
    ls_buf_release(&s->text);
    free(s);
}

const struct ui_pane_ops pane_index_ops = {
    .title = "Indexes",
    .context = UI_CX_INDEX,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
    .status = status,
    .can = can,
};
