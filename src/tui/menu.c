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
    int body_h;
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

/* First row of the choices on the screen; each takes two rows (label, note). */
static int list_y(const struct menu *u)
{
    return u->box.y + 1 + u->body_h + (u->body_h ? 1 : 0);
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
    if (ev->mouse == UI_MOUSE_WHEEL_UP || ev->mouse == UI_MOUSE_WHEEL_DOWN) {
        ui_view_scroll(&u->view, u->body, ev->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3);
    } else {
        long row = ui_list_row_at(&u->list, (ev->y - list_y(u)) / 2);

        if (ev->y >= list_y(u) && row >= 0) {
            if ((size_t)row == u->list.cursor || ev->mouse == UI_MOUSE_DOUBLE) {
                finish(u, (int)row);
                return true;
            }
            ui_list_go(&u->list, (size_t)row);
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
    }
}

static void layout(struct ui_modal *m, int w, int h)
{
    struct menu *u = self_of(m);
    int bw = w - 4 < MAX_W ? w - 4 : MAX_W, rows = (int)u->n * 2;
    int body = u->body ? (int)u->body->lines.n : 0, room;

    if (rows > h - 6)
        rows = (h - 6) / 2 * 2;
    room = h - 2 - 2 - rows - 1;
    if (body > room)
        body = room > 0 ? room : 0;
    u->body_h = body;
    u->box = (struct ui_rect){.w = bw, .h = 2 + body + (body ? 1 : 0) + rows};
    u->box.x = (w - bw) / 2;
    u->box.y = (h - u->box.h) / 2;
    ui_list_layout(&u->list, rows / 2);
    ui_view_layout(&u->view, u->body, body);
}

static void draw_choice(const struct menu *u, struct ui_surface *s, size_t i, int y, enum theme_role base)
{
    bool is_at = i == u->list.cursor;
    enum theme_role on = is_at ? ROLE_CURSOR : base;
    const struct ui_choice *c = &u->choices[i];
    int x = 1;

    ui_fill(s, 1, y, s->w - 2, 1, UI_ON(on, on));
    x += ui_str(s, x, y, -1, is_at ? app_glyph(u->base.app, "▸ ", "> ") : "  ", UI_ON(on, on));
    if (c->key)
        x += ui_strf(s, x, y, -1, UI_ON(ROLE_HINT_KEY, on), "%c ", c->key);
    (void)ui_str(s, x, y, s->w - x - 2, c->label, UI_ON(ROLE_TEXT, on));
    if (c->note)
        (void)ui_str(s, 5, y + 1, s->w - 7, c->note, UI_ON(ROLE_DIM, base));
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
        ui_hline(&s, 1, y++, s.w - 2, UI_ON(ROLE_BORDER, base));
    }
    for (int i = 0; i < u->list.h; i++) {
        size_t at = u->list.top + (size_t)i;

        if (at < u->n)
            draw_choice(u, &s, at, y + 2 * i, base);
    }
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
    ui_list_go(&u->list, spec->start);
    app_push_modal(app, &u->base);
    app->wishes |= APP_WISH_FLUSH;
}
