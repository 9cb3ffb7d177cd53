/* tui/list.c: moving in a list. */
#include <config.h>

#include "tui/list.h"

static void keep_in_view(struct ui_list *l)
{
    size_t h = l->h > 0 ? (size_t)l->h : 1;

    if (l->cursor < l->top)
        l->top = l->cursor;
    if (l->cursor >= l->top + h)
        l->top = l->cursor - h + 1;
    if (l->n > h && l->top > l->n - h)
        l->top = l->n - h;
    if (l->n <= h)
        l->top = 0;
}

void ui_list_set_count(struct ui_list *l, size_t n)
{
    l->n = n;
    if (l->cursor >= n)
        l->cursor = n ? n - 1 : 0;
    keep_in_view(l);
}

void ui_list_layout(struct ui_list *l, int h)
{
    l->h = h > 0 ? h : 0;
    keep_in_view(l);
}

void ui_list_go(struct ui_list *l, size_t row)
{
    l->cursor = row < l->n ? row : l->n ? l->n - 1 : 0;
    keep_in_view(l);
}

void ui_list_center(struct ui_list *l)
{
    size_t half = (size_t)(l->h > 0 ? l->h : 0) / 2;

    l->top = l->cursor > half ? l->cursor - half : 0;
    keep_in_view(l);
}

static void move(struct ui_list *l, long by)
{
    long to = (long)l->cursor + by;

    ui_list_go(l, to < 0 ? 0 : (size_t)to);
}

/* A page keeps its place on the screen, as in a pager: the view moves with the cursor. */
static void page(struct ui_list *l, long by)
{
    long top = (long)l->top + by;

    l->top = top < 0 ? 0 : (size_t)top;
    move(l, by);
}

bool ui_list_action(struct ui_list *l, enum ui_action a)
{
    long h = l->h > 1 ? l->h : 1, half = h > 1 ? h / 2 : 1;

    switch (a) {
    case UI_ACT_UP:
        move(l, -1);
        return true;
    case UI_ACT_DOWN:
        move(l, 1);
        return true;
    case UI_ACT_PAGE_UP:
        page(l, -h);
        return true;
    case UI_ACT_PAGE_DOWN:
        page(l, h);
        return true;
    case UI_ACT_HALF_UP:
        page(l, -half);
        return true;
    case UI_ACT_HALF_DOWN:
        page(l, half);
        return true;
    case UI_ACT_TOP:
        ui_list_go(l, 0);
        return true;
    case UI_ACT_BOTTOM:
        ui_list_go(l, l->n ? l->n - 1 : 0);
        return true;
    default:
        return false;
    }
}

static long row_at(const struct ui_list *l, int y)
{
    size_t row;

    if (y < 0 || y >= l->h)
        return -1;
    row = l->top + (size_t)y;
    return row < l->n ? (long)row : -1;
}

long ui_list_mouse(struct ui_list *l, const struct ui_event *ev, int y0)
{
    long row = row_at(l, ev->y - y0);

    if (ev->mouse == UI_MOUSE_WHEEL_UP || ev->mouse == UI_MOUSE_WHEEL_DOWN) {
        move(l, ev->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3);
        return -1;
    }
    if (row >= 0)
        ui_list_go(l, (size_t)row);
    return ev->mouse == UI_MOUSE_DOUBLE ? row : -1;
}

enum theme_role ui_list_bar(struct ui_surface *s, int y, int w, bool is_at)
{
    const struct ui_style bar = UI_ON(ROLE_CURSOR, ROLE_CURSOR);

    if (!is_at)
        return ROLE_TEXT;
    ui_fill(s, 0, y, w, 1, bar);
    (void)ui_str(s, 0, y, 1, s->grid->ascii ? ">" : "▸", bar);
    return ROLE_CURSOR;
}

void ui_list_draw(const struct ui_list *l, struct ui_surface *s,
                  void (*draw_row)(const void *ctx, struct ui_surface *s, int y, size_t row, bool is_at), const void *ctx)
{
    for (int y = 0; y < s->h && l->top + (size_t)y < l->n; y++)
        draw_row(ctx, s, y, l->top + (size_t)y, l->top + (size_t)y == l->cursor);
}

void ui_list_scrollbar(const struct ui_list *l, struct ui_surface *s)
{
    ui_scrollbar(s, s->w - 1, 0, s->h, l->top, (size_t)s->h, l->n, UI_ROLE(ROLE_BORDER));
}
