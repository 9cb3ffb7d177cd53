/* tui/pane_timeline.c: history and pending in one list. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "tui/detail_doc.h"
#include "tui/flow.h"

#define MAX_LABEL    16
#define MAX_BANNERS  5
#define MAX_BANNER_H 12
#define STATE_W      13
#define WHEN_W       17
#define BY_W         12
#define TOOK_W       10
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
    struct ui_pane base;
    struct ui_list list;
    uint32_t *view; /* rows on the screen -> indices in the snapshot's timeline */
    size_t n_view;
    enum order order;
    struct ls_buf filter;
    int label_w, name_w; /* widest, within bounds */
    bool has_when, has_by, has_took, is_placed;
    struct ui_doc *banners;
    enum theme_role banner_roles[MAX_BANNER_H];
    int banner_h; /* rows above the list */
    int w;
};

static struct timeline *self_of(struct ui_pane *p)
{
    return (struct timeline *)p;
}

static const struct ls_entry *entry_at(const struct timeline *t, size_t row)
{
    const struct ls_snapshot *s = app_snap(t->base.app);

    return s && row < t->n_view ? &s->timeline.e.v[t->view[row]] : NULL;
}

/* --- what is shown ------------------------------------------------------------------------------------------------ */

static bool contains(const char *text, const char *needle)
{
    return text && strcasestr(text, needle) != NULL;
}

static bool matches(const struct timeline *t, const struct ls_entry *e)
{
    return t->filter.len == 0 || contains(e->label, t->filter.ptr) || contains(e->name, t->filter.ptr) ||
           contains(ls_state_name(e->state), t->filter.ptr);
}

static void add_to_view(struct timeline *t, const struct ls_snapshot *s, size_t at, int state)
{
    const struct ls_entry *e = &s->timeline.e.v[at];

    if ((state < 0 || (int)e->state == state) && matches(t, e))
        t->view[t->n_view++] = (uint32_t)at;
}

static void build_view(struct timeline *t)
{
    const struct ls_snapshot *s = app_snap(t->base.app);
    size_t n = s ? s->timeline.e.n : 0;

    free(t->view);
    t->view = ls_calloc(n + 1, sizeof(*t->view));
    t->n_view = 0;
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
    ui_list_set_count(&t->list, t->n_view);
}

/* The row of an entry, or the nearest that is shown. */
static size_t row_of(const struct timeline *t, long index)
{
    size_t best = 0;
    long best_d = -1;

    for (size_t i = 0; i < t->n_view; i++) {
        long d = labs((long)t->view[i] - index);

        if (best_d < 0 || d < best_d) {
            best = i;
            best_d = d;
        }
    }
    return best;
}

static void tell_selection(struct timeline *t)
{
    app_select(t->base.app, t->n_view ? (long)t->view[t->list.cursor] : -1);
}

static void go_index(struct timeline *t, long index)
{
    ui_list_go(&t->list, row_of(t, index));
    tell_selection(t);
}

static void measure(struct timeline *t)
{
    const struct ls_snapshot *s = app_snap(t->base.app);

    t->label_w = 3;
    t->name_w = MIN_NAME;
    t->has_when = t->has_by = t->has_took = false;
    for (size_t i = 0; s && i < s->timeline.e.n; i++) {
        const struct ls_entry *e = &s->timeline.e.v[i];
        int w = (int)strlen(e->label), name_w = (int)strlen(e->name) + 1;

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
        ui_list_center(&t->list);
}

/* --- banners ------------------------------------------------------------------------------------------------------ */

/* The first thing about the folder that makes its tool refuse it. */
static const struct ls_diag *folder_error(const struct ls_snapshot *s)
{
    for (size_t i = 0; s && i < s->migrations.diags.d.n; i++) {
        if (s->migrations.diags.d.v[i].severity == LS_SEV_ERROR)
            return &s->migrations.diags.d.v[i];
    }
    return NULL;
}

static void banner_text(const struct app *a, int i, struct ls_buf *out, enum theme_role *role)
{
    const struct ls_snapshot *s = app_snap(a);
    struct ls_buf key = LS_BUF_INIT;
    int n = 0;

    *role = ROLE_BANNER;
    if (a->phase == APP_FOLDER_ONLY && n++ == i) {
        ls_buf_addf(out, "%s: %s", a->is_reached ? "NOT READ" : "NOT CONNECTED",
                    a->conn_err.message ? a->conn_err.message : "only the folder is shown");
    } else if (s && (s->ledger.dirty || s->timeline.count[LS_STATE_DIRTY] > 0) && n++ == i) {
        ui_keymap_keys(&a->keys, UI_ACT_RESOLVE, 1, &key);
        ls_buf_addf(out,
                    "DIRTY: a migration started and did not finish. Nothing runs until it is resolved. Press %s for the way out.",
                    key.ptr);
    } else if (s && s->ledger.foreign && n++ == i) {
        ls_buf_addf(out, "%s belongs to %s, not to %s: nothing is written to it.",
                    s->ledger.location ? s->ledger.location : "the ledger", s->ledger.foreign,
                    s->format ? s->format->title : "this format");
    } else if (folder_error(s) && n++ == i) {
        ls_buf_addf(out, "FOLDER: %s", folder_error(s)->message);
    } else if (s && s->ledger.has_legacy && n++ == i) {
        *role = ROLE_WARNING;
        ui_keymap_keys(&a->keys, UI_ACT_IMPORT, 1, &key);
        ls_buf_addf(out, "A legacy schema_version table is there (%zu versions). Press %s to import it once.",
                    s->ledger.legacy_versions.n, key.ptr);
    } else if (app_is_pooled(a) && n++ == i) {
        *role = ROLE_WARNING;
        ls_buf_adds(out, "This connection goes through a pooler, where session locks do not hold: nothing is written. Use the direct address, or declare a "
                         "pooler that keeps sessions: --pooled, or pooled = yes in lockstep.conf.");
    }
    ls_buf_release(&key);
}

/* What they say is read, not guessed: as many lines as it takes, within reason. */
static void make_banners(struct timeline *t, int w, int max_h)
{
    size_t at = 0;

    ui_doc_free(t->banners);
    t->banners = ui_doc_new(t->base.app->is_ascii);
    for (int n = 0; n < MAX_BANNERS; n++) {
        struct ls_buf b = LS_BUF_INIT;
        enum theme_role role;
        bool has;

        banner_text(t->base.app, n, &b, &role);
        has = b.len > 0;
        if (has)
            ui_doc_wrap(t->banners, role, w - 2, 1, b.ptr);
        for (; at < t->banners->lines.n && at < MAX_BANNER_H; at++)
            t->banner_roles[at] = role;
        ls_buf_release(&b);
        if (!has)
            break;
    }
    t->banner_h = (int)(at < (size_t)max_h ? at : (size_t)max_h);
}

static void draw_banners(const struct timeline *t, struct ui_surface *s)
{
    for (int i = 0; i < t->banner_h; i++) {
        const struct ui_doc_line *l = &t->banners->lines.v[i];
        enum theme_role role = t->banner_roles[i];

        ui_fill(s, 0, i, s->w, 1, UI_ON(role, role));
        (void)ui_raw(s, 0, i, s->w - 1, 0, l->text, l->len, UI_ON(role, role));
    }
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

struct columns {
    int name_w, when_w, by_w, took_w, would_w;
};

static struct columns fit_columns(const struct timeline *t, int w)
{
    struct columns c = {0};
    int rest = w - 2 - 2 - STATE_W - t->label_w - 2 - t->name_w - 1;

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

/* The cursor's look ends behind the name: what lies behind it need not be sent again for each key. */
static void draw_row(const struct timeline *t, struct ui_surface *s, int y, size_t row, const struct columns *c)
{
    const struct ls_entry *e = entry_at(t, row);
    bool is_at = row == t->list.cursor;
    enum theme_role on = is_at ? ROLE_CURSOR : ROLE_TEXT;
    struct ui_style state = UI_ON(state_role(e), on), text = UI_ON(ROLE_TEXT, on);
    const char *needle = t->filter.len ? t->filter.ptr : NULL;
    bool is_inferred = e->state == LS_STATE_APPLIED && e->evidence == LS_EVIDENCE_INFERRED;
    int x = 2, name_x = 4 + STATE_W + t->label_w + 2;

    if (is_at)
        ui_fill(s, 0, y, name_x + c->name_w - 1, 1, UI_ON(on, on));
    if (is_at)
        (void)ui_str(s, 0, y, 1, app_glyph(t->base.app, "▸", ">"), UI_ON(on, on));
    (void)ui_str(s, x, y, 1, ls_state_glyph(e->state, s->grid->ascii), state);
    x += 2;
    (void)ui_str_match(s, x, y, STATE_W - 1, is_inferred ? "applied?" : ls_state_name(e->state), needle, state);
    x += STATE_W;
    (void)ui_str_match(s, x, y, t->label_w, e->label, needle, text);
    (void)ui_str_match(s, name_x, y, c->name_w - 1, e->name, needle, text);
    draw_meta(s, name_x + c->name_w, y, c, e);
}

static void draw_empty(const struct timeline *t, struct ui_surface *s, int y)
{
    const struct app *a = t->base.app;
    const char *dir = a->target.params.migrations_dir ? a->target.params.migrations_dir : "migrations";

    if (t->filter.len > 0) {
        (void)ui_strf(s, 2, y + 1, -1, UI_ROLE(ROLE_DIM), "Nothing matches '%s'. Esc drops the filter.", t->filter.ptr);
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
    struct columns c = fit_columns(t, s->w);

    draw_banners(t, s);
    struct ui_surface list = ui_surface_sub(s, 0, t->banner_h, s->w, s->h - t->banner_h);
    if (t->n_view == 0)
        draw_empty(t, &list, 0);
    for (int y = 0; y < list.h; y++) {
        size_t row = t->list.top + (size_t)y;

        if (row < t->n_view)
            draw_row(t, &list, y, row, &c);
    }
}

static void layout(struct ui_pane *p, int w, int h)
{
    struct timeline *t = self_of(p);

    t->w = w;
    make_banners(t, w, h / 3);
    ui_list_layout(&t->list, h - t->banner_h);
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct timeline *t = (const struct timeline *)p;
    const struct ls_snapshot *s = app_snap(p->app);

    if (!s)
        return;
    ls_buf_addf(out, "%zu/%zu", t->n_view ? t->list.cursor + 1 : 0, t->n_view);
    if (t->filter.len > 0)
        ls_buf_addf(out, " of %zu, filter '%s'", s->timeline.e.n, t->filter.ptr);
    ls_buf_addf(out, "  %s, %s", s->format ? s->format->title : "", order_words[t->order]);
    if (s->migrations.diags.d.n > 0)
        ls_buf_addf(out, "  %zu finding%s in the folder: v", s->migrations.diags.d.n, s->migrations.diags.d.n == 1 ? "" : "s");
    if (p->app->is_loading)
        ls_buf_adds(out, "  reading");
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

static void set_filter(struct app *a, void *ctx, const char *text)
{
    struct timeline *t = ctx;
    long keep = a->selected;

    ls_buf_clear(&t->filter);
    ls_buf_adds(&t->filter, text);
    build_view(t);
    go_index(t, keep);
    a->needs_layout = a->needs_paint = true;
}

static void filter_done(struct app *a, void *ctx, const char *text)
{
    set_filter(a, ctx, text ? text : "");
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
    const struct ls_snapshot *s = app_snap(t->base.app);

    if (s && s->timeline.next_pending >= 0)
        go_index(t, s->timeline.next_pending);
    else
        app_say(t->base.app, ROLE_INFO, "nothing is pending");
}

static bool on_action(struct ui_pane *p, enum ui_action act)
{
    struct timeline *t = self_of(p);
    struct ui_input_spec spec = {.ctx = t};

    if (ui_list_action(&t->list, act)) {
        tell_selection(t);
        return true;
    }
    switch (act) {
    case UI_ACT_OPEN:
        app_focus(p->app, UI_PANE_DETAIL);
        return true;
    case UI_ACT_FILTER:
        spec.label = "/";
        spec.text = t->filter.ptr;
        spec.on_change = set_filter;
        spec.done = filter_done;
        ui_input_open(p->app, &spec);
        return true;
    case UI_ACT_SORT:
        t->order = (enum order)((t->order + 1) % N_ORDERS);
        build_view(t);
        go_index(t, p->app->selected);
        return true;
    case UI_ACT_JUMP:
        spec.label = "Jump to version: ";
        spec.done = jump_done;
        ui_input_open(p->app, &spec);
        return true;
    case UI_ACT_NEXT_PENDING:
        next_pending(t);
        return true;
    case UI_ACT_BACK:
        if (t->filter.len > 0)
            set_filter(p->app, t, "");
        return true;
    default:
        return false;
    }
}

static bool on_event(struct ui_pane *p, const struct ui_event *ev)
{
    struct timeline *t = self_of(p);
    long row = ui_list_row_at(&t->list, ev->y - t->banner_h);

    if (ev->mouse == UI_MOUSE_WHEEL_UP || ev->mouse == UI_MOUSE_WHEEL_DOWN)
        ui_list_wheel(&t->list, ev->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3);
    else if (row >= 0)
        ui_list_go(&t->list, (size_t)row);
    tell_selection(t);
    if (ev->mouse == UI_MOUSE_DOUBLE && row >= 0)
        app_focus(p->app, UI_PANE_DETAIL);
    return true;
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct timeline *t = (const struct timeline *)p;

    return (act != UI_ACT_OPEN && act != UI_ACT_EDIT) || t->n_view > 0;
}

static struct ui_pane *open_pane(struct app *app)
{
    struct timeline *t = ls_calloc(1, sizeof(*t));

    t->base.ops = &pane_timeline_ops;
    t->base.app = app;
    ls_buf_init(&t->filter);
    build_view(t);
    return &t->base;
}

static void close_pane(struct ui_pane *p)
{
    struct timeline *t = self_of(p);

    ui_doc_free(t->banners);
    free(t->view);
    ls_buf_release(&t->filter);
    free(t);
}

const struct ui_pane_ops pane_timeline_ops = {
    .title = "Timeline",
    .context = UI_CX_TIMELINE,
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
