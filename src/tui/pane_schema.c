/* tui/pane_schema.c: what the database has: a tree of its objects, and everything about the one under the cursor. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/jobs.h"
#include "tui/list_pane.h"
#include "tui/schema_doc.h"
#include "tui/schema_tree.h"

#define SPLIT_MIN_W 100
#define NAME_W      30

struct schema {
    struct list_pane base; /* the document is about a fact, by its place in the catalogue */
    struct catref *cat; /* NULL: not read yet */
    struct ls_catalog_state *state; /* of its reading, for the next one; NULL: there is none, or a job has it */
    struct schema_tree tree;
    char *error;
    bool is_asked;
    bool is_due; /* it was wanted again while it was being read: what comes may be older than what was wanted */
    char *definition;       /* the server's own, of the routine that was looked at last */
    uint32_t definition_of; /* LS_NO_FACT: of none */
    bool is_defining, opens_when_defined;
    struct snapref *seen; /* the snapshot at the last reading: with another one, something ran */
};

static struct schema *self_of(struct ui_pane *p)
{
    return (struct schema *)p;
}

static const struct schema_row *row_at(const struct schema *s, size_t row)
{
    return row < s->tree.rows.n ? &s->tree.rows.v[row] : NULL;
}

static const struct ls_fact *fact_at(const struct schema *s, size_t row)
{
    const struct schema_row *r = row_at(s, row);

    return r && r->kind != SCHEMA_ROW_GROUP ? &s->cat->c->facts[r->fact] : NULL;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void make_rows(struct schema *s)
{
    if (!s->cat)
        return;
    schema_tree_rows(&s->tree, s->base.filter.ptr);
    ui_list_set_count(&s->base.list, s->tree.rows.n);
    s->base.pane.app->needs_layout = s->base.pane.app->needs_paint = true;
}

/* The cursor stays on its object, wherever that is now. */
static void find_again(struct schema *s, const struct ls_fact *was)
{
    const struct ls_fact *now = ls_catalog_find(s->cat->c, was->kind, was->schema, was->parent, was->name);

    for (size_t i = 0; now && i < s->tree.rows.n; i++)
        if (s->tree.rows.v[i].kind != SCHEMA_ROW_GROUP && &s->cat->c->facts[s->tree.rows.v[i].fact] == now) {
            ui_list_go(&s->base.list, i);
            return;
        }
}

static void refresh(struct ui_pane *p);

static void take_schema(struct app *a, struct catref *cat, struct ls_catalog_state *state, const struct ls_err *err)
{
    struct schema *s = self_of(a->panes[UI_PANE_SCHEMA]);
    struct schema_tree tree;
    const struct ls_fact *was;
    struct catref *old;

    s->is_asked = false;
    ls_catalog_state_free(s->state);
    s->state = state;
    free(s->error);
    s->error = cat || err->code == LS_OK ? NULL : ls_strdup(err->message ? err->message : ls_rc_name(err->code));
    a->needs_paint = true;
    if (s->error && s->cat) /* what was read before stays */
        app_say(a, ROLE_ERROR, "the schema could not be read again: %s", s->error);
    if (!cat)
        return;
    was = s->cat ? fact_at(s, s->base.list.cursor) : NULL;
    old = s->cat;
    schema_tree_init(&tree, cat->c);
    schema_tree_keep(&tree, &s->tree);
    schema_tree_release(&s->tree);
    s->tree = tree;
    s->cat = cat;
    free(s->definition);
    s->definition = NULL;
    s->definition_of = LS_NO_FACT;
    list_pane_drop_doc(&s->base);
    make_rows(s);
    if (was)
        find_again(s, was);
    else if (!old && s->base.list.cursor == 0 && s->tree.rows.n > 1)
        ui_list_go(&s->base.list, 1); /* a title has nothing to show */
    catref_put(old);
}

/* cat NULL: it is as it was, or could not be read. */
static void on_schema(struct app *a, struct catref *cat, struct ls_catalog_state *state, const struct ls_err *err)
{
    struct ui_pane *p = a->panes[UI_PANE_SCHEMA];

    take_schema(a, cat, state, err);
    if (self_of(p)->is_due)
        refresh(p);
}

static void refresh(struct ui_pane *p)
{
    struct schema *s = self_of(p);

    if (p->app->focus != UI_PANE_SCHEMA || !p->app->mail)
        return;
    s->is_due = s->is_asked;
    if (s->is_asked)
        return;
    /* Somebody else may have changed it: the database is asked whenever the pane comes to the front, and what changed is read again.
     * When something ran here, sizes are others too. */
    s->is_asked = job_schema(p->app, &s->state, !s->cat || p->app->snap != s->seen, on_schema);
    if (!s->is_asked)
        return;
    snapref_put(s->seen);
    s->seen = p->app->snap ? snapref_get(p->app->snap) : NULL;
}

void pane_schema_set(struct app *a, struct catref *cat)
{
    on_schema(a, cat, NULL, NULL);
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

static void draw_group(const struct schema *s, struct ui_surface *sf, int y, const struct schema_row *r, enum theme_role on)
{
    const struct ls_fact *f = &s->cat->c->facts[r->fact];

    (void)ui_strf(sf, 1, y, sf->w - 2, UI_ON(ROLE_TITLE, on), "%s%s%s%s (%u)",
                  schema_tree_is_shut(&s->tree, r->fact) && s->base.filter.len == 0 ? "+ " : "", f->schema, f->schema[0] ? ": " : "",
                  r->n == 1 ? ls_fact_kind_name(f->kind) : ls_fact_kind_plural(f->kind), (unsigned)r->n);
}

static void draw_row(const void *ctx, struct ui_surface *sf, int y, size_t row, bool is_at)
{
    const struct schema *s = ctx;
    const struct schema_row *r = row_at(s, row);
    bool is_child = r->kind == SCHEMA_ROW_CHILD;
    enum theme_role on = ui_list_bar(sf, y, sf->w - 1, is_at);
    const struct ls_fact *f = fact_at(s, row);
    struct ls_buf note = LS_BUF_INIT;
    int x = is_child ? 5 : 3, used;

    if (!f) {
        draw_group(s, sf, y, r, on);
        return;
    }
    if (!is_child && r->n > 0)
        (void)ui_str(sf, 1, y, 1, s->tree.is_open[r->fact] ? "-" : "+", UI_ON(ROLE_DIM, on));
    used = ui_str_match(sf, x, y, sf->w - x - 1, f->name, list_pane_needle(&s->base), UI_ON(is_child ? ROLE_TEXT : ROLE_TITLE, on));
    schema_row_note(s->cat->c, f, &note);
    x += (used < NAME_W ? NAME_W : used) + 2 - (is_child ? 2 : 0);
    if (note.len > 0 && x < sf->w - 4)
        (void)ui_str(sf, x, y, sf->w - x - 1, note.ptr, UI_ON(ls_fact_get(f, LS_A_NOT_VALID) ? ROLE_WARNING : ROLE_DIM, on));
    ls_buf_release(&note);
}

static const char *nothing_words(const struct schema *s)
{
    if (s->error && !s->cat)
        return s->error;
    if (!s->cat)
        return s->base.pane.app->phase == APP_READY ? "Reading the schema" : "Not connected";
    if (s->tree.rows.n == 0)
        return s->base.filter.len ? "Nothing matches. Esc drops the filter." : "The database has no objects of its own.";
    return NULL;
}

static void draw(const struct ui_pane *p, struct ui_surface *sf)
{
    const struct schema *s = (const struct schema *)p;
    struct ui_surface list = ui_surface_sub(sf, 0, 0, s->base.list_w, sf->h);
    const char *words = nothing_words(s);

    if (words)
        (void)ui_str(sf, 2, 1, -1, words, UI_ROLE(s->error ? ROLE_ERROR : ROLE_DIM));
    ui_list_draw(&s->base.list, &list, draw_row, s);
    ui_list_scrollbar(&s->base.list, &list);
    list_pane_draw_beside(&s->base, sf);
}

/* Routines: what is made here of their attributes is less than what the server says. */
static bool wants_definition(const struct schema *s, const struct ls_fact *f)
{
    return s->cat->c->dialect == LS_DIALECT_POSTGRES && (f->kind == LS_FACT_FUNCTION || f->kind == LS_FACT_PROCEDURE) &&
           s->definition_of != ls_catalog_index(s->cat->c, f);
}

static const char *definition_of(const struct schema *s, const struct ls_fact *f)
{
    return s->definition_of == ls_catalog_index(s->cat->c, f) ? s->definition : NULL;
}

static void open_entry(struct list_pane *l);

static void on_definition(struct app *a, const struct catref *cat, uint32_t fact, const char *text)
{
    struct schema *s = self_of(a->panes[UI_PANE_SCHEMA]);
    const struct ls_fact *f = s->cat ? fact_at(s, s->base.list.cursor) : NULL;
    bool opens = s->opens_when_defined;

    s->is_defining = s->opens_when_defined = false;
    if (cat != s->cat)
        return;
    free(s->definition);
    s->definition = text ? ls_strdup(text) : NULL;
    s->definition_of = fact;
    list_pane_drop_doc(&s->base);
    a->needs_layout = a->needs_paint = true;
    if (opens && f && ls_catalog_index(s->cat->c, f) == fact && !a->modal)
        open_entry(&s->base);
}

static void ask_definition(struct schema *s, const struct ls_fact *f)
{
    if (!s->is_defining && wants_definition(s, f))
        s->is_defining = job_definition(s->base.pane.app, s->cat, ls_catalog_index(s->cat->c, f), on_definition);
}

/* The document beside the list follows the cursor: it is made of what is in memory. */
static void follow(struct schema *s)
{
    const struct ls_fact *f = s->cat ? fact_at(s, s->base.list.cursor) : NULL;

    if (s->base.doc_w <= 0 || !list_pane_turn(&s->base, f ? (long)ls_catalog_index(s->cat->c, f) : -1) || !f)
        return;
    ask_definition(s, f);
    s->base.doc = schema_doc(s->cat->c, f, definition_of(s, f), s->base.pane.app->is_ascii, s->base.doc_w - 2);
}

static void layout(struct ui_pane *p, int w, int h)
{
    struct schema *s = self_of(p);

    list_pane_split(&s->base, w, w >= SPLIT_MIN_W ? w / 2 : 0);
    list_pane_layout(p, w, h);
    follow(s);
    if (s->base.doc)
        ui_view_layout(&s->base.view, s->base.doc, h);
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct schema *s = (const struct schema *)p;

    if (!s->cat)
        return;
    ls_buf_addf(out, "%u objects", (unsigned)s->cat->c->n_facts);
    if (s->base.filter.len > 0)
        ls_buf_addf(out, ", filter '%s'", s->base.filter.ptr);
    ls_buf_addf(out, "  %s", s->cat->c->server);
    if (s->cat->c->notes.d.n > 0)
        ls_buf_addf(out, "  %zu left out: v", s->cat->c->notes.d.n);
    if (s->is_asked)
        ls_buf_adds(out, "  reading");
    else if (s->error)
        ls_buf_adds(out, "  OLD: could not be read again");
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

static void go_fact(struct schema *s, uint32_t fact)
{
    size_t row;

    ls_buf_clear(&s->base.filter);
    row = schema_tree_find(&s->tree, fact);
    ui_list_set_count(&s->base.list, s->tree.rows.n);
    if (row != (size_t)-1)
        ui_list_go(&s->base.list, row);
    s->base.pane.app->needs_layout = s->base.pane.app->needs_paint = true;
}

struct targets {
    struct catref *cat;
    uint32_t facts[64];
    size_t n;
};

static void on_target(struct app *a, void *ctx, int index)
{
    struct schema *s = self_of(a->panes[UI_PANE_SCHEMA]);
    const struct targets *t = ctx;

    if (index >= 0 && t->cat == s->cat)
        go_fact(s, t->facts[index]);
}

static void free_targets(void *ctx)
{
    struct targets *t = ctx;

    catref_put(t->cat);
    free(t);
}

static void add_targets(struct targets *t, struct ui_choice *choices, struct ls_arena *arena, const struct ls_fact *f, bool needs)
{
    const struct ls_catalog *c = t->cat->c;
    uint32_t n, self = ls_catalog_index(c, f);
    const struct ls_dep *deps = needs ? ls_catalog_needs(c, self, &n) : ls_catalog_needed_by(c, self, &n);

    for (uint32_t i = 0; i < n && t->n < LS_ARRAY_LEN(t->facts); i++) {
        uint32_t other = needs ? deps[i].to : deps[i].from;
        struct ls_buf label = LS_BUF_INIT;

        if (c->facts[other].parent_ix == self)
            continue;
        ls_fact_label(&c->facts[other], true, &label);
        choices[t->n].label = ls_arena_printf(arena, "%s %s", needs ? "needs    " : "needed by", label.ptr);
        t->facts[t->n++] = other;
        ls_buf_release(&label);
    }
}

/* A table's own dependencies, and those of its constraints (foreign keys) and triggers. */
static void open_targets(struct schema *s)
{
    const struct ls_fact *f = s->cat ? fact_at(s, s->base.list.cursor) : NULL;
    struct targets *t;
    struct ui_choice choices[64] = {{0}};
    struct ui_menu_spec spec = {.title = "Go to", .choices = choices, .done = on_target, .free_ctx = free_targets};
    struct ls_arena *arena = ls_arena_new();
    static const enum ls_fact_kind kinds[] = {LS_FACT_CONSTRAINT, LS_FACT_TRIGGER, LS_FACT_COLUMN};

    if (!f) {
        ls_arena_free(arena);
        return;
    }
    t = ls_calloc(1, sizeof(*t));
    t->cat = catref_get(s->cat);
    for (int needs = 1; needs >= 0; needs--) {
        add_targets(t, choices, arena, f, needs);
        for (size_t k = 0; k < LS_ARRAY_LEN(kinds) && f->parent[0] == '\0'; k++) {
            uint32_t n;
            const struct ls_fact *some = ls_catalog_children(s->cat->c, f, kinds[k], &n);

            for (uint32_t i = 0; i < n; i++)
                add_targets(t, choices, arena, &some[i], needs);
        }
    }
    spec.ctx = t;
    spec.n = t->n;
    if (t->n > 0) {
        ui_menu_open(s->base.pane.app, &spec);
    } else {
        app_say(s->base.pane.app, ROLE_INFO, "nothing depends on it, and it depends on nothing");
        free_targets(t);
    }
    ls_arena_free(arena);
}

/* Right opens an object, left closes it, or goes up to the object of what hangs below it. */
static bool fold(struct schema *s, bool open)
{
    const struct schema_row *r = s->cat ? row_at(s, s->base.list.cursor) : NULL;

    if (!r)
        return true;
    /* Left on a child goes to its object, on a shut object to the title. */
    if (!open && (r->kind == SCHEMA_ROW_CHILD || (r->kind == SCHEMA_ROW_OBJECT && !s->tree.is_open[r->fact]))) {
        size_t at = s->base.list.cursor;

        while (at > 0 && s->tree.rows.v[at].kind >= r->kind)
            at--;
        ui_list_go(&s->base.list, at);
        s->base.pane.app->needs_layout = s->base.pane.app->needs_paint = true;
        return true;
    }
    if (schema_tree_toggle(&s->tree, s->base.list.cursor, open))
        make_rows(s);
    return true;
}

static void open_entry(struct list_pane *l)
{
    struct schema *s = self_of(&l->pane);
    const struct ls_fact *f = s->cat ? fact_at(s, s->base.list.cursor) : NULL;
    struct ls_buf label = LS_BUF_INIT;

    if (!f) {
        (void)fold(s, schema_tree_is_shut(&s->tree, s->tree.rows.n ? row_at(s, s->base.list.cursor)->fact : 0));
        return;
    }
    ask_definition(s, f);
    s->opens_when_defined = s->is_defining && wants_definition(s, f);
    if (s->opens_when_defined) /* it opens when the server has answered */
        return;
    ls_fact_label(f, true, &label);
    ui_viewer_open(s->base.pane.app, label.ptr,
                   schema_doc(s->cat->c, f, definition_of(s, f), s->base.pane.app->is_ascii, ui_dialog_width(s->base.pane.app)));
    ls_buf_release(&label);
}

static void filtered(struct list_pane *l)
{
    make_rows(self_of(&l->pane));
    if (l->filter.len > 0) { /* the first that was found, its title in view */
        l->list.top = 0;
        ui_list_go(&l->list, l->list.n > 1 ? 1 : 0);
    }
}

static void toggle_row(struct list_pane *l)
{
    struct schema *s = self_of(&l->pane);
    const struct schema_row *r = row_at(s, l->list.cursor);

    if (r)
        (void)fold(s, r->kind == SCHEMA_ROW_GROUP ? schema_tree_is_shut(&s->tree, r->fact) : !s->tree.is_open[r->fact]);
}

static bool on_action(struct list_pane *l, enum ui_action act)
{
    struct schema *s = self_of(&l->pane);

    switch (act) {
    case UI_ACT_LEFT:
    case UI_ACT_RIGHT:
        return fold(s, act == UI_ACT_RIGHT);
    case UI_ACT_FOLLOW:
        open_targets(s);
        return true;
    case UI_ACT_LEFT_OUT:
        ui_notes_open(l->pane.app, s->cat ? &s->cat->c->notes : NULL);
        return true;
    default:
        return false;
    }
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct schema *s = (const struct schema *)p;

    if (act == UI_ACT_LEFT_OUT)
        return s->cat && s->cat->c->notes.d.n > 0;
    if (act == UI_ACT_OPEN)
        return s->cat && s->tree.rows.n > 0;
    if (act == UI_ACT_FOLLOW)
        return s->cat && fact_at(s, s->base.list.cursor) != NULL;
    return true;
}

static const struct list_parts parts = {
    .filtered = filtered, .moved = list_pane_follow, .open = open_entry, .click = toggle_row, .on_action = on_action};

static struct ui_pane *open_pane(struct app *app)
{
    struct schema *s = list_pane_new(sizeof(*s), &pane_schema_ops, &parts, app);

    s->definition_of = LS_NO_FACT;
    return &s->base.pane;
}

static void close_pane(struct ui_pane *p)
{
    struct schema *s = self_of(p);

    schema_tree_release(&s->tree);
    ls_catalog_state_free(s->state);
    catref_put(s->cat);
    snapref_put(s->seen);
    free(s->definition);
    free(s->error);
    list_pane_free(&s->base);
}

const struct ui_pane_ops pane_schema_ops = {
    .title = "Schema",
    .context = UI_CX_SCHEMA,
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
