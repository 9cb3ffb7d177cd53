/* tui/surface.c: cells, clipping, text. */
#include <config.h>

#include "tui/surface.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

static const struct ui_cell blank = {.width = 1, .role = ROLE_TEXT, .base = ROLE_TEXT};

void ui_grid_init(struct ui_grid *g, int w, int h, bool ascii)
{
    memset(g, 0, sizeof(*g));
    ls_buf_init(&g->pool);
    g->ascii = ascii;
    ui_grid_resize(g, w, h);
}

void ui_grid_release(struct ui_grid *g)
{
    free(g->cells);
    ls_buf_release(&g->pool);
    memset(g, 0, sizeof(*g));
}

void ui_grid_resize(struct ui_grid *g, int w, int h)
{
    g->w = w > 0 ? w : 0;
    g->h = h > 0 ? h : 0;
    free(g->cells);
    g->cells = ls_calloc((size_t)g->w * (size_t)g->h + 1, sizeof(*g->cells));
    ui_grid_clear(g);
}

void ui_grid_clear(struct ui_grid *g)
{
    size_t n = (size_t)g->w * (size_t)g->h;

    for (size_t i = 0; i < n; i++)
        g->cells[i] = blank;
    ls_buf_clear(&g->pool);
}

const char *ui_cell_text(const struct ui_grid *g, const struct ui_cell *c)
{
    return c->len <= UI_CELL_INLINE ? c->u.inl : g->pool.ptr + c->u.pool;
}

bool ui_cell_equal(const struct ui_grid *ga, const struct ui_cell *a, const struct ui_grid *gb, const struct ui_cell *b)
{
    return a->len == b->len && a->width == b->width && a->role == b->role && a->base == b->base &&
           memcmp(ui_cell_text(ga, a), ui_cell_text(gb, b), a->len) == 0;
}

struct ui_surface ui_surface_of(struct ui_grid *g)
{
    return (struct ui_surface){.grid = g, .x = 0, .y = 0, .w = g->w, .h = g->h};
}

struct ui_surface ui_surface_sub(const struct ui_surface *s, int x, int y, int w, int h)
{
    struct ui_surface out = {.grid = s->grid};
    int x1 = x + w, y1 = y + h;

    if (x < 0)
        x = 0;
    if (y < 0)
        y = 0;
    if (x1 > s->w)
        x1 = s->w;
    if (y1 > s->h)
        y1 = s->h;
    out.x = s->x + x;
    out.y = s->y + y;
    out.w = x1 > x ? x1 - x : 0;
    out.h = y1 > y ? y1 - y : 0;
    return out;
}

static struct ui_cell *cell_at(const struct ui_surface *s, int x, int y)
{
    if (x < 0 || y < 0 || x >= s->w || y >= s->h)
        return NULL;
    return &s->grid->cells[(size_t)(s->y + y) * (size_t)s->grid->w + (size_t)(s->x + x)];
}

/* Takes a cell out of a wide grapheme that it is half of, so that no half is left behind. */
static void break_wide(struct ui_surface *s, int x, int y)
{
    struct ui_cell *c = &s->grid->cells[(size_t)(s->y + y) * (size_t)s->grid->w + (size_t)(s->x + x)];
    int gx = s->x + x;

    if (c->width == 0 && gx > 0) {
        c[-1].len = 0;
        c[-1].width = 1;
        c->width = 1;
    } else if (c->width == 2 && gx + 1 < s->grid->w) {
        c[1].len = 0;
        c[1].width = 1;
    }
}

static void put(struct ui_surface *s, int x, int y, const char *g, size_t len, int width, struct ui_style st)
{
    struct ui_cell *c = cell_at(s, x, y);

    if (!c)
        return;
    break_wide(s, x, y);
    if (width == 2) {
        if (x + 1 >= s->w) {
            len = 0;
            width = 1;
        } else {
            break_wide(s, x + 1, y);
        }
    }
    if (len == 1 && *g == ' ')
        len = 0;
    if (len > 255)
        len = 0;
    c->len = (uint8_t)len;
    c->width = (uint8_t)width;
    c->role = (uint8_t)st.role;
    c->base = (uint8_t)st.base;
    if (len <= UI_CELL_INLINE) {
        memcpy(c->u.inl, g, len);
    } else {
        c->u.pool = (uint32_t)s->grid->pool.len;
        ls_buf_add(&s->grid->pool, g, len);
    }
    if (width == 2)
        c[1] = (struct ui_cell){.width = 0, .role = (uint8_t)st.role, .base = (uint8_t)st.base};
}

void ui_fill(struct ui_surface *s, int x, int y, int w, int h, struct ui_style st)
{
    for (int j = y; j < y + h; j++) {
        for (int i = x; i < x + w; i++)
            put(s, i, j, " ", 1, 1, st);
    }
}

int ui_raw(struct ui_surface *s, int x, int y, int max_w, int skip, const char *text, size_t len, struct ui_style st)
{
    int used = 0, room = s->w - x;

    if (max_w < 0 || max_w > room)
        max_w = room;
    if (y < 0 || y >= s->h)
        return 0;
    while (len > 0 && used < max_w) {
        int cells = 1;
        size_t n = ls_text_next(text, len, &cells);

        if (skip > 0) {
            /* A wide one cut by the left edge leaves a blank half. */
            skip -= cells;
            if (skip < 0) {
                put(s, x + used, y, " ", 1, 1, st);
                used++;
                skip = 0;
            }
        } else if (cells > 0) {
            if (used + cells > max_w)
                break;
            put(s, x + used, y, text, n, cells, st);
            used += cells;
        }
        text += n;
        len -= n;
    }
    return used;
}

/* Grapheme by grapheme, so that what the sanitiser rewrote gets the token role. */
static int draw_foreign(struct ui_surface *s, int x, int y, int max_w, const char *text, size_t len, struct ui_style st)
{
    struct ls_buf one = LS_BUF_INIT;
    unsigned flags = s->grid->ascii ? LS_UI_TEXT_ASCII : 0;
    int used = 0;

    while (len > 0 && used < max_w) {
        int cells;
        size_t n = ls_text_next(text, len, &cells);
        struct ui_style look = st;

        ls_buf_clear(&one);
        if (ls_ui_text(&one, text, n, flags) > 0)
            look.role = ROLE_TOKEN;
        used += ui_raw(s, x + used, y, max_w - used, 0, one.ptr, one.len, look);
        text += n;
        len -= n;
    }
    ls_buf_release(&one);
    return used;
}

static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
            return false;
    }
    return true;
}

int ui_text(struct ui_surface *s, int x, int y, int max_w, const char *text, size_t len, struct ui_style st)
{
    int room = s->w - x, width, used;

    if (max_w < 0 || max_w > room)
        max_w = room;
    if (max_w <= 0 || len == 0 || y < 0 || y >= s->h)
        return 0;
    if (is_plain(text, len)) {
        width = len > (size_t)max_w ? max_w + 1 : (int)len;
        used = ui_raw(s, x, y, max_w, 0, text, len, st);
    } else {
        struct ls_buf clean = LS_BUF_INIT;

        /* More than fits is not worth cleaning: a grapheme is rarely longer than 16 bytes for each cell. */
        size_t cap = (size_t)max_w * 64 + 64;
        size_t n = len > cap ? cap : len;
        size_t tokens = ls_ui_text(&clean, text, n, s->grid->ascii ? LS_UI_TEXT_ASCII : 0);

        width = n < len ? max_w + 1 : ls_text_width(clean.ptr, clean.len);
        if (tokens > 0)
            used = draw_foreign(s, x, y, max_w, text, n, st);
        else
            used = ui_raw(s, x, y, max_w, 0, clean.ptr, clean.len, st);
        ls_buf_release(&clean);
    }
    if (width > max_w) {
        /* The mark takes the last cell; a wide grapheme there gives up both of its own. */
        put(s, x + max_w - 1, y, s->grid->ascii ? "~" : "…", s->grid->ascii ? 1 : 3, 1, st);
        return max_w;
    }
    return used;
}

int ui_str(struct ui_surface *s, int x, int y, int max_w, const char *text, struct ui_style st)
{
    return text ? ui_text(s, x, y, max_w, text, strlen(text), st) : 0;
}

int ui_strf(struct ui_surface *s, int x, int y, int max_w, struct ui_style st, const char *fmt, ...)
{
    struct ls_buf b = LS_BUF_INIT;
    va_list ap;
    int used;

    va_start(ap, fmt);
    ls_buf_vaddf(&b, fmt, ap);
    va_end(ap);
    used = ui_text(s, x, y, max_w, b.ptr, b.len, st);
    ls_buf_release(&b);
    return used;
}

static bool same_letters(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char p = (unsigned char)a[i], q = (unsigned char)b[i];

        if (p >= 'A' && p <= 'Z')
            p = (unsigned char)(p + 32);
        if (q >= 'A' && q <= 'Z')
            q = (unsigned char)(q + 32);
        if (p != q)
            return false;
    }
    return true;
}

int ui_str_match(struct ui_surface *s, int x, int y, int max_w, const char *text, const char *needle, struct ui_style st)
{
    int used = ui_str(s, x, y, max_w, text, st);
    size_t len, n;

    if (!text || !needle || !*needle || !is_plain(text, strlen(text)))
        return used;
    len = strlen(text);
    n = strlen(needle);
    for (size_t i = 0; i + n <= len && (int)i < used; i++) {
        if (!same_letters(text + i, needle, n))
            continue;
        for (size_t k = i; k < i + n && (int)k < used; k++) {
            struct ui_cell *c = cell_at(s, x + (int)k, y);

            if (c)
                c->role = ROLE_MATCH;
        }
        i += n - 1;
    }
    return used;
}
