/* tui/pane_timeline.c: history and pending in one list. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/model/graph.h"
#include "tui/banner.h"
#include "tui/beside.h"
#include "tui/entry.h"
#include "tui/list_pane.h"

#define MAX_LABEL    16
#define STATE_W      13
#define WHEN_W       17
#define BY_W         12
#define TOOK_W       10
#define BESIDE_W      15
#define MIN_NAME     14
#define MAX_NAME     34 /* names up to here are whole before there are further columns */

/* X(enum, words) */
#define ORDERS(X) X(NEWEST, "newest first") X(OLDEST, "oldest first") X(STATE, "most urgent state first")
enum order {
#define X(e, w) ORDER_##e,
    ORDERS(X)
#undef X
        N_ORDERS
};
static const char *const order_words[N_ORDERS] = {
#define X(e, w) [ORDER_##e] = w,
    ORDERS(X)
#undef X
};

struct timeline {
    struct list_pane base; /* shown: indices in the snapshot's timeline */
    enum order order;
    int label_w, name_w; /* widest, within bounds */
    bool has_when, has_by, has_took, is_placed;
    struct ui_banners banners; /* rows above the list */
    struct ls_graph graph;
};

static struct timeline *self_of(struct ui_pane *p)
{
    return (struct timeline *)p;
}

static const struct ls_entry *entry_at(const struct timeline *t, size_t row)
{
    const struct ls_snapshot *s = app_snap(t->base.pane.app);

    return s && row < t->base.shown.n ? &s->timeline.e.v[t->base.shown.v[row]] : NULL;
}

/* --- what is shown ------------------------------------------------------------------------------------------------ */

static bool contains(const char *text, const char *needle)
{
    return text && strcasestr(text, needle) != NULL;
}

#define STATE_FILTER "state:"

static bool matches(const struct timeline *t, const struct ls_entry *e)
{
    if (strncmp(t->base.filter.ptr, STATE_FILTER, strlen(STATE_FILTER)) == 0)
        return strcmp(t->base.filter.ptr + strlen(STATE_FILTER), ls_state_name(e->state)) == 0;
    return t->base.filter.len == 0 || contains(e->label, t->base.filter.ptr) || contains(e->name, t->base.filter.ptr) ||
           contains(ls_state_name(e->state), t->base.filter.ptr);
}

static void add_to_view(struct timeline *t, const struct ls_snapshot *s, size_t at, int state)
{
    const struct ls_entry *e = &s->timeline.e.v[at];

    if ((state < 0 || (int)e->state == state) && matches(t, e))
        *LS_VEC_PUSH(&t->base.shown) = (uint32_t)at;
}

static void build_view(struct timeline *t)
{
    const struct ls_snapshot *s = app_snap(t->base.pane.app);
    size_t n = s ? s->timeline.e.n : 0;

    t->base.shown.n = 0;
    if (t->order == ORDER_STATE) {
        /* The enum of states rises with urgency. */
        for (int state = LS_N_STATES - 1; state >= 0; state--) {
            for (size_t i = n; i-- > 0;)
                add_to_view(t, s, i, state);
        }
    } else {
        for (size_t i = 0; i < n; i++)
            add_to_view(t, s, t->order == ORDER_OLDEST ? i : n - 1 - i, -1);
    }
    ui_list_set_count(&t->base.list, t->base.shown.n);
}

/* The row of an entry, or the nearest that is shown. */
static size_t row_of(const struct timeline *t, long index)
{
    size_t best = 0;
    long best_d = -1;

    for (size_t i = 0; i < t->base.shown.n; i++) {
        long d = labs((long)t->base.shown.v[i] - index);

        if (best_d < 0 || d < best_d) {
            best = i;
            best_d = d;
        }
    }
    return best;
}

static void tell_selection(struct timeline *t)
{
    app_select(t->base.pane.app, t->base.shown.n ? (long)t->base.shown.v[t->base.list.cursor] : -1);
}

static void go_index(struct timeline *t, long index)
{
    ui_list_go(&t->base.list, row_of(t, index));
    tell_selection(t);
}

/* Columns of " [note]"; roughly, as they are only for the width of a column. */
static int note_width(const struct ls_entry *e)
{
    struct ls_buf b = LS_BUF_INIT;
    int w;

    entry_note(e, &b);
    w = b.len > 0 ? (int)b.len + 3 : 0;
    ls_buf_release(&b);
    return w;
}

static void measure(struct timeline *t)
{
    const struct ls_snapshot *s = app_snap(t->base.pane.app);

    t->label_w = 3;
    t->name_w = MIN_NAME;
    t->has_when = t->has_by = t->has_took = false;
    for (size_t i = 0; s && i < s->timeline.e.n; i++) {
        const struct ls_entry *e = &s->timeline.e.v[i];
        int w = (int)strlen(e->label), name_w = (int)strlen(e->name) + 1 + note_width(e);

        if (w > t->label_w)
            t->label_w = w < MAX_LABEL ? w : MAX_LABEL;
        if (name_w > t->name_w)
            t->name_w = name_w < MAX_NAME ? name_w : MAX_NAME;
        if (e->row) {
            t->has_when = t->has_when || (e->row->applied_at && *e->row->applied_at);
            t->has_by = t->has_by || (e->row->applied_by && *e->row->applied_by);
            t->has_took = t->has_took || e->row->duration_ms >= 0;
        }
    }
}

static void refresh(struct ui_pane *p)
{
    struct timeline *t = self_of(p);
    const struct ls_snapshot *s = app_snap(p->app);
    long keep = p->app->selected;

    measure(t);
    build_view(t);
    ls_graph_release(&t->graph);
    if (s)
        ls_graph_build(&s->timeline, &t->graph);
    if (!s) {
        t->is_placed = false;
        return;
    }
    /* It opens where the work is: at what would run next, else at the newest. */
    bool is_new = !t->is_placed || keep < 0;
    if (is_new)
        keep = s->timeline.next_pending >= 0 ? s->timeline.next_pending : s->timeline.newest_applied;
    t->is_placed = true;
    go_index(t, keep >= 0 ? keep : 0);
    if (is_new)
        ui_list_center(&t->base.list);
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

struct columns {
    int graph_w, beside_w, name_w, when_w, by_w, took_w, would_w;
};

/* Lines between rows mean something only where all rows stand, in their order. */
static bool shows_graph(const struct timeline *t)
{
    const struct ls_snapshot *s = app_snap(t->base.pane.app);

    return t->graph.n_lanes > 0 && t->order != ORDER_STATE && s && t->base.shown.n == s->timeline.e.n;
}

static struct columns fit_columns(const struct timeline *t, int w)
{
    struct columns c = {0};
    int rest = w - 2 - 2 - STATE_W - t->label_w - 2 - t->name_w - 1;

    if (shows_graph(t))
        c.graph_w = ls_graph_width(&t->graph);
    if (t->base.pane.app->beside)
        c.beside_w = BESIDE_W;
    rest -= c.graph_w + c.beside_w;
    if (t->has_when && rest >= WHEN_W) {
        c.when_w = WHEN_W;
        rest -= WHEN_W;
    }
    if (t->has_by && rest >= BY_W + 10) {
        c.by_w = BY_W;
        rest -= BY_W;
    }
    if (t->has_took && rest >= TOOK_W + 6) {
        c.took_w = TOOK_W;
        rest -= TOOK_W;
    }
    if (!t->has_when && rest >= 50) {
        c.would_w = rest - 22;
        rest -= c.would_w;
    }
    c.name_w = t->name_w + rest;
    if (c.name_w < MIN_NAME)
        c.name_w = MIN_NAME;
    return c;
}

static void draw_meta(struct ui_surface *s, int x, int y, const struct columns *c, const struct ls_entry *e)
{
    struct ui_style dim = UI_ROLE(ROLE_DIM);
    char took[LS_ISO_LEN];

    if (e->row && c->when_w)
        (void)ui_when(s, x, y, e->row->applied_at, false, dim);
    x += c->when_w;
    if (e->row && c->by_w)
        (void)ui_str(s, x, y, c->by_w - 1, e->row->applied_by, dim);
    x += c->by_w;
    if (e->row && c->took_w && e->row->duration_ms >= 0) {
        ls_duration_text(e->row->duration_ms, took);
        (void)ui_str(s, x, y, c->took_w - 1, took, dim);
    }
    x += c->took_w;
    if (c->would_w)
        (void)ui_str(s, x, y, c->would_w - 1, e->tool_would, dim);
}

/* What the other tool says of it: "= applied" where both agree, "! pending" where not. */
static void draw_beside(const struct timeline *t, struct ui_surface *s, int x, int y, size_t entry, enum theme_role on)
{
    const struct ls_beside_row *r = beside_row(t->base.pane.app, entry);
    bool differs = !r || r->differs;

    (void)ui_strf(s, x, y, BESIDE_W - 1, UI_ON(differs ? ROLE_WARNING : ROLE_DIM, on), "%s %s", differs ? "!" : "=",
                  r && r->right ? entry_word(r->right, true) : "not there");
}

static void draw_graph(const struct timeline *t, struct ui_surface *s, int x, int y, size_t entry, struct ui_style style)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_graph_row(&t->graph, entry, t->order == ORDER_NEWEST, s->grid->ascii, &b);
    (void)ui_str(s, x, y, -1, b.ptr, style);
    ls_buf_release(&b);
}

/* "[repeatable]", "[batch 3]" behind the name, where there is room. */
static void draw_note(struct ui_surface *s, int x, int y, int w, const struct ls_entry *e, struct ui_style style)
{
    struct ls_buf b = LS_BUF_INIT;

    entry_note(e, &b);
    if (b.len > 0 && w > 8)
        (void)ui_strf(s, x + 1, y, w - 1, style, "[%s]", b.ptr);
    ls_buf_release(&b);
}

struct row_ctx {
    const struct timeline *t;
    struct columns c;
};

/* The cursor's look ends behind the name: what lies behind it need not be sent again for each key. */
static void draw_row(const void *ctx, struct ui_surface *s, int y, size_t row, bool is_at)
{
    const struct timeline *t = ((const struct row_ctx *)ctx)->t;
    const struct columns *c = &((const struct row_ctx *)ctx)->c;
    const struct ls_entry *e = entry_at(t, row);
    bool is_read = app_snap(t->base.pane.app)->has_db;
    int x = 2, name_x = 4 + STATE_W + c->beside_w + c->graph_w + t->label_w + 2, used;
    enum theme_role on = ui_list_bar(s, y, name_x + c->name_w - 1, is_at);
    struct ui_style state = UI_ON(state_role(e, is_read), on), text = UI_ON(ROLE_TEXT, on);
    const char *needle = list_pane_needle(&t->base);

    (void)ui_str(s, x, y, 1, entry_glyph(e, is_read, s->grid->ascii), state);
    x += 2;
    (void)ui_str_match(s, x, y, STATE_W - 1, entry_word(e, is_read), needle, state);
    x += STATE_W;
    if (c->beside_w)
        draw_beside(t, s, x, y, t->base.shown.v[row], on);
    x += c->beside_w;
    if (c->graph_w)
        draw_graph(t, s, x, y, t->base.shown.v[row], UI_ON(ROLE_DIM, on));
    x += c->graph_w;
    (void)ui_str_match(s, x, y, t->label_w, e->label, needle, text);
    used = ui_str_match(s, name_x, y, c->name_w - 1, e->name, needle, text);
    draw_note(s, name_x + used, y, c->name_w - 1 - used, e, UI_ON(ROLE_DIM, on));
    draw_meta(s, name_x + c->name_w, y, c, e);
}

static void draw_empty(const struct timeline *t, struct ui_surface *s, int y)
{
    const struct app *a = t->base.pane.app;
    const char *dir = a->target.params.migrations_dir ? a->target.params.migrations_dir : "migrations";

    if (t->base.filter.len > 0) {
        (void)ui_strf(s, 2, y + 1, -1, UI_ROLE(ROLE_DIM), "Nothing matches '%s'. Esc drops the filter.", t->base.filter.ptr);
    } else if (!app_snap(a)) {
        if (a->phase == APP_CONNECTING)
            (void)ui_strf(s, 2, y + 1, -1, UI_ROLE(ROLE_DIM), "Reading %s and %s", dir, a->label ? a->label : "the database");
        else
            (void)ui_str(s, 2, y + 1, -1, "There is nothing to show. r tries again.", UI_ROLE(ROLE_DIM));
    } else {
        (void)ui_strf(s, 2, y + 1, -1, UI_ROLE(ROLE_TEXT), "There are no migrations in %s yet.", dir);
        (void)ui_str(s, 2, y + 2, -1, "  :new add_users    makes the first one", UI_ROLE(ROLE_DIM));
    }
}

static void draw(const struct ui_pane *p, struct ui_surface *s)
{
    const struct timeline *t = (const struct timeline *)p;
    struct ui_surface list = ui_surface_sub(s, 0, t->base.top, s->w, s->h - t->base.top);
    struct row_ctx ctx = {t, fit_columns(t, s->w)};

    banners_draw(&t->banners, s);
    if (t->base.list.n == 0)
        draw_empty(t, &list, 0);
    ui_list_draw(&t->base.list, &list, draw_row, &ctx);
}

static void layout(struct ui_pane *p, int w, int h)
{
    struct timeline *t = self_of(p);

    banners_make(&t->banners, p->app, w, h / 3);
    t->base.top = t->banners.h;
    list_pane_layout(p, w, h);
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct timeline *t = (const struct timeline *)p;
    const struct ls_snapshot *s = app_snap(p->app);

    if (!s)
        return;
    ls_buf_addf(out, "%zu/%zu", t->base.shown.n ? t->base.list.cursor + 1 : 0, t->base.shown.n);
    if (t->base.filter.len > 0)
        ls_buf_addf(out, " of %zu, filter '%s'", s->timeline.e.n, t->base.filter.ptr);
    ls_buf_addf(out, "  %s, %s", s->format ? s->format->title : "", order_words[t->order]);
    if (p->app->beside)
        ls_buf_addf(out, "  beside %s: %zu differ, %zu only there", p->app->beside->sides.other->name, p->app->beside->sides.n_differ,
                    p->app->beside->n_only_there);
    if (s->migrations.diags.d.n > 0)
        ls_buf_addf(out, "  %zu finding%s in the folder: v", s->migrations.diags.d.n, s->migrations.diags.d.n == 1 ? "" : "s");
    if (p->app->is_loading)
        ls_buf_adds(out, "  reading");
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

/* Other rows, or in another order: the cursor stays on its migration. */
static void make_rows(struct list_pane *l)
{
    struct timeline *t = self_of(&l->pane);

    build_view(t);
    go_index(t, l->pane.app->selected);
}

/* A menu of the states that there are, with how many of each. */
static void state_chosen(struct app *a, void *ctx, int index)
{
    struct timeline *t = ctx;
    const struct ls_snapshot *s = app_snap(a);
    struct ls_buf b = LS_BUF_INIT;

    for (int i = 0; s && index > 0 && i < LS_N_STATES; i++)
        if (s->timeline.count[i] > 0 && --index == 0)
            ls_buf_addf(&b, STATE_FILTER "%s", ls_state_name((enum ls_state)i));
    if (index >= 0)
        list_pane_filter(&t->base, b.ptr);
    ls_buf_release(&b);
}

static void choose_state(struct timeline *t)
{
    const struct ls_snapshot *s = app_snap(t->base.pane.app);
    struct ui_choice choices[LS_N_STATES + 1] = {{'a', "every state", NULL}};
    struct ui_menu_spec spec = {.title = "Show only", .choices = choices, .n = 1, .done = state_chosen, .ctx = t};
    char labels[LS_N_STATES][48];

    for (int i = 0; s && i < LS_N_STATES; i++) {
        if (s->timeline.count[i] == 0)
            continue;
        snprintf(labels[i], sizeof(labels[i]), "%s (%zu)", ls_state_name((enum ls_state)i), s->timeline.count[i]);
        choices[spec.n] = (struct ui_choice){(char)('0' + spec.n), labels[i], ls_state_meaning((enum ls_state)i)};
        spec.n++;
    }
    ui_menu_open(t->base.pane.app, &spec);
}

static void jump_done(struct app *a, void *ctx, const char *text)
{
    struct timeline *t = ctx;
    const struct ls_snapshot *s = app_snap(a);

    if (!text || !*text || !s)
        return;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < s->timeline.e.n; i++) {
            const char *label = s->timeline.e.v[i].label;

            if (pass == 0 ? strcmp(label, text) == 0 || strcmp(label + strspn(label, "0"), text) == 0
                          : strncmp(label, text, strlen(text)) == 0) {
                go_index(t, (long)i);
                a->needs_paint = true;
                return;
            }
        }
    }
    app_say(a, ROLE_WARNING, "there is no version '%s'", text);
}

static void next_pending(struct timeline *t)
{
    const struct ls_snapshot *s = app_snap(t->base.pane.app);

    if (s && s->timeline.next_pending >= 0)
        go_index(t, s->timeline.next_pending);
    else
        app_say(t->base.pane.app, ROLE_INFO, "nothing is pending");
}

static void moved(struct list_pane *l)
{
    tell_selection(self_of(&l->pane));
}

static void open_detail(struct list_pane *l)
{
    app_focus(l->pane.app, UI_PANE_DETAIL);
}

static bool on_action(struct list_pane *l, enum ui_action act)
{
    struct timeline *t = self_of(&l->pane);
    struct ui_input_spec jump = {.label = "Jump to version: ", .done = jump_done, .ctx = t};

    switch (act) {
    case UI_ACT_FILTER_STATE:
        choose_state(t);
        return true;
    case UI_ACT_SORT:
        t->order = (enum order)((t->order + 1) % N_ORDERS);
        make_rows(l);
        return true;
    case UI_ACT_JUMP:
        ui_input_open(l->pane.app, &jump);
        return true;
    case UI_ACT_NEXT_PENDING:
        next_pending(t);
        return true;
    case UI_ACT_BACK: /* this is where it would go */
        return true;
    default:
        return false;
    }
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct timeline *t = (const struct timeline *)p;

    return (act != UI_ACT_OPEN && act != UI_ACT_EDIT) || t->base.shown.n > 0;
}

static const struct list_parts parts = {.filtered = make_rows, .moved = moved, .open = open_detail, .on_action = on_action};

static struct ui_pane *open_pane(struct app *app)
{
    struct timeline *t = list_pane_new(sizeof(*t), &pane_timeline_ops, &parts, app);

    return &t->base.pane;
}

static void close_pane(struct ui_pane *p)
{
    struct timeline *t = self_of(p);

    banners_release(&t->banners);
    ls_graph_release(&t->graph);
    list_pane_free(&t->base);
}

const struct ui_pane_ops pane_timeline_ops = {
    .title = "Timeline",
    .context = UI_CX_TIMELINE,
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
