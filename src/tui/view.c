/* tui/view.c: scrolling in a document, and drawing the part that is seen. */
#include <config.h>

#include "tui/doc.h"

#include "lockstep/base/text.h"

#define MAX_LEFT 4000

void ui_view_layout(struct ui_view *v, const struct ui_doc *d, int h)
{
    size_t n = d ? d->lines.n : 0;
    size_t last;

    v->pos.h = h > 0 ? h : 0;
    v->pos.n = n;
    last = n > (size_t)v->pos.h ? n - (size_t)v->pos.h : 0;
    if (v->pos.cursor > last)
        v->pos.cursor = last;
    v->pos.top = v->pos.cursor;
}

void ui_view_scroll(struct ui_view *v, const struct ui_doc *d, long lines)
{
    long to = (long)v->pos.cursor + lines;

    v->pos.cursor = to < 0 ? 0 : (size_t)to;
    ui_view_layout(v, d, v->pos.h);
}

bool ui_view_action(struct ui_view *v, const struct ui_doc *d, enum ui_action a)
{
    long h = v->pos.h > 1 ? v->pos.h : 1;

    switch (a) {
    case UI_ACT_UP:
        ui_view_scroll(v, d, -1);
        return true;
    case UI_ACT_DOWN:
        ui_view_scroll(v, d, 1);
        return true;
    case UI_ACT_PAGE_UP:
        ui_view_scroll(v, d, -h);
        return true;
    case UI_ACT_PAGE_DOWN:
        ui_view_scroll(v, d, h);
        return true;
    case UI_ACT_HALF_UP:
        ui_view_scroll(v, d, -(h / 2));
        return true;
    case UI_ACT_HALF_DOWN:
        ui_view_scroll(v, d, h / 2);
        return true;
    case UI_ACT_TOP:
        v->left = 0;
        ui_view_scroll(v, d, -(long)v->pos.cursor);
        return true;
    case UI_ACT_BOTTOM:
        ui_view_scroll(v, d, (long)v->pos.n);
        return true;
    case UI_ACT_LEFT:
        v->left = v->left > 8 ? v->left - 8 : 0;
        return true;
    case UI_ACT_RIGHT:
        v->left = v->left < MAX_LEFT ? v->left + 8 : MAX_LEFT;
        return true;
    default:
        return false;
    }
}

void ui_view_next_mark(struct ui_view *v, const struct ui_doc *d)
{
    size_t n = d ? d->lines.n : 0;

    for (size_t i = 1; i <= n; i++) {
        size_t at = (v->pos.cursor + i) % n;

        if (d->lines.v[at].is_mark) {
            size_t before = v->pos.cursor;

            v->pos.cursor = at;
            ui_view_layout(v, d, v->pos.h);
            /* At the end of the text the last marks cannot come to the top: go round. */
            if (v->pos.cursor == before && at > before)
                v->pos.cursor = 0;
            return;
        }
    }
}

static void draw_line(const struct ui_view *v, const struct ui_doc_line *l, struct ui_surface *s, int y, enum theme_role base)
{
    int x = 0, skip = v->left;
    uint32_t from = 0;

    for (uint32_t i = 0; i < l->n_spans && x < s->w; i++) {
        uint32_t end = l->spans[i].end;

        if (skip > 0) {
            int width = ls_text_width(l->text + from, end - from);

            if (width <= skip) {
                skip -= width;
                from = end;
                continue;
            }
        }
        x += ui_raw(s, x, y, -1, skip, l->text + from, end - from, UI_ON(l->spans[i].role, base));
        skip = 0;
        from = end;
    }
}

bool ui_view_has_more_right(const struct ui_view *v, const struct ui_doc *d, int w)
{
    for (size_t i = v->pos.cursor; i < v->pos.n && i < v->pos.cursor + (size_t)v->pos.h; i++) {
        if (ls_text_width(d->lines.v[i].text, d->lines.v[i].len) - v->left > w)
            return true;
    }
    return false;
}

void ui_view_draw(const struct ui_view *v, const struct ui_doc *d, struct ui_surface *s, enum theme_role base)
{
    size_t n = d ? d->lines.n : 0;
    struct ui_surface body = ui_surface_sub(s, 0, 0, s->w - 1, s->h);

    for (int y = 0; y < s->h; y++) {
        size_t at = v->pos.cursor + (size_t)y;

        if (at < n)
            draw_line(v, &d->lines.v[at], &body, y, base);
    }
    ui_scrollbar(s, s->w - 1, 0, s->h, v->pos.cursor, (size_t)s->h, n, UI_ON(ROLE_BORDER, base));
}

void ui_view_draw_more(const struct ui_view *v, const struct ui_keymap *keys, struct ui_surface *s, int x, int y, enum theme_role base)
{
    size_t seen = v->pos.top + (size_t)v->pos.h;
    struct ls_buf b = LS_BUF_INIT;

    if (seen < v->pos.n) {
        ui_keymap_keys(keys, UI_ACT_PAGE_DOWN, 1, &b);
        (void)ui_strf(s, x, y, s->w - x - 2, UI_ON(ROLE_WARNING, base), " %s: %zu more line%s ", b.ptr, v->pos.n - seen, v->pos.n - seen == 1 ? "" : "s");
    }
    ls_buf_release(&b);
}

bool ui_view_mouse(struct ui_view *v, const struct ui_doc *d, const struct ui_event *ev)
{
    if (ev->mouse != UI_MOUSE_WHEEL_UP && ev->mouse != UI_MOUSE_WHEEL_DOWN)
        return false;
    ui_view_scroll(v, d, ev->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3);
    return true;
}
