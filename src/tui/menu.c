/* tui/menu.c: a choice among a few, with words for each. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/app.h"

#define MAX_W 100

struct menu {
    struct ui_modal base;
    struct ls_arena *arena;
    const char *title;
    struct ui_doc *body;
    struct ui_choice *choices;
    size_t n;
    enum ui_danger danger;
    ui_menu_fn done;
    void *ctx;
    void (*free_ctx)(void *ctx);
    bool is_finished;
    struct ui_list list;
    struct ui_view view;
    struct ui_rect box;
    int body_h, list_h;
    struct ui_doc *lines; /* the choices, wrapped to the box */
    size_t *first;        /* line of each choice; n + 1 of them */
    size_t top;           /* first line seen */
};

static struct menu *self_of(struct ui_modal *m)
{
    return (struct menu *)m;
}

static void finish(struct menu *u, int index)
{
    struct app *a = u->base.app;
    ui_menu_fn done = u->done;
    void *ctx = u->ctx;
    void (*free_ctx)(void *) = u->free_ctx;

    u->is_finished = true;
    app_pop_modal(a);
    if (done)
        done(a, ctx, index);
    if (free_ctx)
        free_ctx(ctx);
}

static int list_y(const struct menu *u)
{
    return u->box.y + 1 + u->body_h + (u->body_h ? 1 : 0);
}

/* The choice whose lines hold row y of the list, or -1. */
static int choice_at(const struct menu *u, int y)
{
    size_t line = u->top + (size_t)(y < 0 ? 0 : y);

    for (size_t i = 0; y >= 0 && y < u->list_h && i < u->n; i++) {
        if (line >= u->first[i] && line < u->first[i + 1])
            return (int)i;
    }
    return -1;
}

static void show_cursor(struct menu *u)
{
    size_t from = u->first[u->list.cursor], to = u->first[u->list.cursor + (u->n ? 1 : 0)];

    if (from < u->top)
        u->top = from;
    if (to > u->top + (size_t)u->list_h)
        u->top = to - (size_t)u->list_h;
}

static bool on_event(struct ui_modal *m, const struct ui_event *ev)
{
    struct menu *u = self_of(m);

    if (ev->kind == UI_EV_KEY && ev->key > 0x20 && ev->key < 0x7f) {
        for (size_t i = 0; i < u->n; i++) {
            if (u->choices[i].key == (char)ev->key) {
                finish(u, (int)i);
                return true;
            }
        }
    }
    if (ev->kind != UI_EV_MOUSE)
        return false;
    if (!ui_view_mouse(&u->view, u->body, ev)) {
        int at = choice_at(u, ev->y - list_y(u));

        if (at >= 0) {
            if ((size_t)at == u->list.cursor || ev->mouse == UI_MOUSE_DOUBLE) {
                finish(u, at);
                return true;
            }
            ui_list_go(&u->list, (size_t)at);
        }
    }
    m->app->needs_paint = true;
    return true;
}

static void on_action(struct ui_modal *m, enum ui_action act)
{
    struct menu *u = self_of(m);

    switch (act) {
    case UI_ACT_ACCEPT:
        if (u->n > 0)
            finish(u, (int)u->list.cursor);
        break;
    case UI_ACT_CLOSE:
        finish(u, -1);
        break;
    case UI_ACT_PAGE_UP:
    case UI_ACT_PAGE_DOWN:
    case UI_ACT_HALF_UP:
    case UI_ACT_HALF_DOWN:
    case UI_ACT_LEFT:
    case UI_ACT_RIGHT:
        (void)ui_view_action(&u->view, u->body, act);
        break;
    default:
        (void)ui_list_action(&u->list, act);
        show_cursor(u);
    }
}

static void make_lines(struct menu *u, int width)
{
    ui_doc_free(u->lines);
    u->lines = ui_doc_new(u->base.app->is_ascii);
    for (size_t i = 0; i < u->n; i++) {
        u->first[i] = u->lines->lines.n;
        ui_doc_wrap(u->lines, ROLE_TEXT, width, u->choices[i].key ? 5 : 3, u->choices[i].label);
        ui_doc_wrap(u->lines, ROLE_DIM, width, 5, u->choices[i].note);
    }
    u->first[u->n] = u->lines->lines.n;
}

static void layout(struct ui_modal *m, int w, int h)
{
    struct menu *u = self_of(m);
    int bw = w - 4 < MAX_W ? w - 4 : MAX_W, body, rows, room = h - 5;

    if (u->body)
        ui_dialog_fit(u->body, bw);
    body = u->body ? (int)u->body->lines.n : 0;
    make_lines(u, bw - 4);
    rows = (int)u->lines->lines.n;
    /* The choices first, but a text of some length keeps a few lines. */
    if (rows + body > room && rows > room - 5 && body > 0)
        rows = room - 5 > 2 ? room - 5 : 2;
    if (rows > room)
        rows = room;
    if (body > room - rows)
        body = room - rows > 0 ? room - rows : 0;
    u->body_h = body;
    u->list_h = rows;
    u->box = (struct ui_rect){.w = bw, .h = 2 + body + (body ? 1 : 0) + rows};
    u->box.x = (w - bw) / 2;
    u->box.y = (h - u->box.h) / 2;
    ui_list_layout(&u->list, (int)u->n);
    ui_view_layout(&u->view, u->body, body);
    show_cursor(u);
}

static void draw_line(const struct menu *u, struct ui_surface *s, int y, size_t line, enum theme_role base)
{
    const struct ui_doc_line *l = &u->lines->lines.v[line];
    size_t i = 0;
    bool is_at;
    enum theme_role on;

    while (i + 1 < u->n && line >= u->first[i + 1])
        i++;
    is_at = i == u->list.cursor;
    on = is_at ? ROLE_CURSOR : base;
    ui_fill(s, 1, y, s->w - 2, 1, UI_ON(on, on));
    (void)ui_raw(s, 1, y, s->w - 3, 0, l->text, l->len, UI_ON(l->n_spans ? l->spans[l->n_spans - 1].role : ROLE_TEXT, on));
    if (line != u->first[i])
        return;
    if (is_at)
        (void)ui_str(s, 2, y, 1, app_glyph(u->base.app, "▸", ">"), UI_ON(on, on));
    if (u->choices[i].key)
        (void)ui_strf(s, 4, y, 1, UI_ON(ROLE_HINT_KEY, on), "%c", u->choices[i].key);
}

static void draw(const struct ui_modal *m, struct ui_surface *screen)
{
    const struct menu *u = (const struct menu *)m;
    enum theme_role base = u->danger == UI_DANGER_DESTRUCTIVE ? ROLE_DIALOG_DANGER : ROLE_DIALOG;
    struct ui_surface s = ui_surface_sub(screen, u->box.x, u->box.y, u->box.w, u->box.h);
    struct ui_surface body = ui_surface_sub(&s, 2, 1, s.w - 3, u->body_h);
    int y = 1 + u->body_h;

    ui_box(&s, u->title, base, UI_ON(u->danger == UI_DANGER_NONE ? ROLE_BORDER_FOCUS : ROLE_DANGER, base));
    if (u->body_h) {
        ui_view_draw(&u->view, u->body, &body, base);
        ui_hline(&s, 1, y, s.w - 2, UI_ON(ROLE_BORDER, base));
        ui_view_draw_more(&u->view, &m->app->keys, &s, 2, y++, base);
    }
    for (int i = 0; i < u->list_h; i++) {
        if (u->top + (size_t)i < u->lines->lines.n)
            draw_line(u, &s, y + i, u->top + (size_t)i, base);
    }
    ui_scrollbar(&s, s.w - 2, y, u->list_h, u->top, (size_t)u->list_h, u->lines->lines.n, UI_ON(ROLE_BORDER, base));
}

static void menu_free(struct ui_modal *m)
{
    struct menu *u = self_of(m);

    /* Taken off the stack without an answer, at the end of the console: the context still has its owner. */
    if (!u->is_finished) {
        if (u->done)
            u->done(m->app, u->ctx, -1);
        if (u->free_ctx)
            u->free_ctx(u->ctx);
    }
    ui_doc_free(u->body);
    ui_doc_free(u->lines);
    ls_arena_free(u->arena);
    free(u);
}

static const struct ui_modal_ops menu_ops = {
    .context = UI_CX_MENU,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
    .free = menu_free,
};

void ui_menu_open(struct app *app, const struct ui_menu_spec *spec)
{
    struct menu *u = ls_calloc(1, sizeof(*u));

    u->base.ops = &menu_ops;
    u->arena = ls_arena_new();
    u->title = ls_arena_str(u->arena, spec->title);
    u->body = spec->body;
    u->n = spec->n;
    u->choices = LS_ARENA_ARRAY(u->arena, struct ui_choice, spec->n + 1);
    u->first = LS_ARENA_ARRAY(u->arena, size_t, spec->n + 1);
    for (size_t i = 0; i < spec->n; i++) {
        u->choices[i].key = spec->choices[i].key;
        u->choices[i].label = ls_arena_str(u->arena, spec->choices[i].label);
        u->choices[i].note = ls_arena_str(u->arena, spec->choices[i].note);
    }
    u->danger = spec->danger;
    u->done = spec->done;
    u->ctx = spec->ctx;
    u->free_ctx = spec->free_ctx;
    ui_list_set_count(&u->list, spec->n);
    u->list.h = (int)spec->n;
    ui_list_go(&u->list, spec->start);
    app_push_modal(app, &u->base);
    app->wishes |= APP_WISH_FLUSH;
}
