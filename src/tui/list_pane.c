#include <config.h>

#include "tui/list_pane.h"

#include <stdlib.h>

#include "lockstep/base/mem.h"
#include "tui/app.h"

void *list_pane_new(size_t size, const struct ui_pane_ops *ops, const struct list_parts *parts, struct app *app)
{
    struct list_pane *l = ls_calloc(1, size);

    l->pane.ops = ops;
    l->pane.app = app;
    l->parts = parts;
    l->doc_of = -1;
    ls_buf_init(&l->filter);
    return l;
}

void list_pane_free(struct list_pane *l)
{
    ui_doc_free(l->doc);
    LS_VEC_RELEASE(&l->shown);
    ls_buf_release(&l->filter);
    free(l);
}

/* --- the filter --------------------------------------------------------------------------------------------------- */

void list_pane_filter(struct list_pane *l, const char *text)
{
    ls_buf_clear(&l->filter);
    ls_buf_adds(&l->filter, text ? text : "");
    l->parts->filtered(l);
    l->pane.app->needs_layout = l->pane.app->needs_paint = true;
}

static void on_typed(struct app *a, void *ctx, const char *text)
{
    (void)a;
    list_pane_filter(ctx, text);
}

const char *list_pane_needle(const struct list_pane *l)
{
    return l->filter.len > 0 ? l->filter.ptr : NULL;
}

/* --- keys and mouse ----------------------------------------------------------------------------------------------- */

static void moved(struct list_pane *l)
{
    if (l->parts->moved)
        l->parts->moved(l);
}

bool list_pane_on_action(struct ui_pane *p, enum ui_action act)
{
    struct list_pane *l = (struct list_pane *)p;
    struct ui_input_spec spec = {.label = "/", .text = l->filter.ptr, .on_change = on_typed, .done = on_typed, .ctx = l};

    if (ui_list_action(&l->list, act)) {
        moved(l);
    } else if (act == UI_ACT_OPEN) {
        l->parts->open(l);
    } else if (act == UI_ACT_FILTER) {
        ui_input_open(p->app, &spec);
    } else if (act == UI_ACT_BACK && l->filter.len > 0) {
        list_pane_filter(l, "");
    } else {
        return l->parts->on_action && l->parts->on_action(l, act);
    }
    return true;
}

bool list_pane_on_event(struct ui_pane *p, const struct ui_event *ev)
{
    struct list_pane *l = (struct list_pane *)p;
    bool is_doc = l->doc_w > 0 ? ev->x >= l->list_w : l->doc && ev->y > l->top + l->list.h, is_twice = false;

    if (is_doc)
        (void)ui_view_mouse(&l->view, l->doc, ev);
    else
        is_twice = ui_list_mouse(&l->list, ev, l->top) >= 0;
    moved(l);
    if (is_twice)
        (l->parts->click ? l->parts->click : l->parts->open)(l);
    return true;
}

void list_pane_layout(struct ui_pane *p, int w, int h)
{
    struct list_pane *l = (struct list_pane *)p;

    (void)w;
    ui_list_layout(&l->list, h - l->top);
}

/* --- the document ------------------------------------------------------------------------------------------------- */

void list_pane_follow(struct list_pane *l)
{
    l->pane.app->needs_layout = true;
}

void list_pane_drop_doc(struct list_pane *l)
{
    ui_doc_free(l->doc);
    l->doc = NULL;
}

void list_pane_split(struct list_pane *l, int w, int doc_w)
{
    if (doc_w != l->doc_w)
        list_pane_drop_doc(l);
    l->doc_w = doc_w;
    l->list_w = w - doc_w;
}

bool list_pane_turn(struct list_pane *l, long of)
{
    if (l->doc && l->doc_of == of)
        return false;
    list_pane_drop_doc(l);
    l->doc_of = of;
    l->view = (struct ui_view){.left = 0};
    return true;
}

void list_pane_draw_beside(const struct list_pane *l, struct ui_surface *s)
{
    struct ui_surface doc = ui_surface_sub(s, l->list_w + 1, 0, l->doc_w - 1, s->h);

    if (l->doc && l->doc_w > 0)
        ui_view_draw(&l->view, l->doc, &doc, ROLE_TEXT);
}
