/* tui/draw.c: lines, boxes, bars: what panes and dialogs are framed with; and the screen as text for tests. */
#include <config.h>

#include <string.h>

#include "tui/surface.h"

static const char *const line_glyphs[][2] = {
    [UI_LINE_H] = {"─", "-"},  [UI_LINE_V] = {"│", "|"},  [UI_LINE_TL] = {"┌", "+"}, [UI_LINE_TR] = {"┐", "+"},
    [UI_LINE_BL] = {"└", "+"}, [UI_LINE_BR] = {"┘", "+"}, [UI_LINE_LT] = {"├", "+"}, [UI_LINE_RT] = {"┤", "+"},
};

const char *ui_line_glyph(enum ui_line l, bool ascii)
{
    return line_glyphs[l][ascii];
}

static void line_piece(struct ui_surface *s, int x, int y, enum ui_line l, struct ui_style st)
{
    const char *g = ui_line_glyph(l, s->grid->ascii);

    (void)ui_raw(s, x, y, 1, 0, g, strlen(g), st);
}

void ui_hline(struct ui_surface *s, int x, int y, int w, struct ui_style st)
{
    for (int i = 0; i < w; i++)
        line_piece(s, x + i, y, UI_LINE_H, st);
}

void ui_vline(struct ui_surface *s, int x, int y, int h, struct ui_style st)
{
    for (int j = 0; j < h; j++)
        line_piece(s, x, y + j, UI_LINE_V, st);
}

void ui_box(struct ui_surface *s, const char *title, enum theme_role base, struct ui_style border)
{
    int w = s->w, h = s->h;

    ui_fill(s, 0, 0, w, h, UI_ON(base, base));
    if (w < 2 || h < 2)
        return;
    ui_hline(s, 1, 0, w - 2, border);
    ui_hline(s, 1, h - 1, w - 2, border);
    ui_vline(s, 0, 1, h - 2, border);
    ui_vline(s, w - 1, 1, h - 2, border);
    line_piece(s, 0, 0, UI_LINE_TL, border);
    line_piece(s, w - 1, 0, UI_LINE_TR, border);
    line_piece(s, 0, h - 1, UI_LINE_BL, border);
    line_piece(s, w - 1, h - 1, UI_LINE_BR, border);
    if (title && w > 6) {
        int n = ui_str(s, 3, 0, w - 6, title, UI_ON(ROLE_TITLE, base));

        ui_fill(s, 2, 0, 1, 1, border);
        ui_fill(s, 3 + n, 0, 1, 1, border);
    }
}

void ui_progress(struct ui_surface *s, int x, int y, int w, int64_t done, int64_t total, unsigned tick, enum theme_role base)
{
    const char *full = s->grid->ascii ? "#" : "█", *empty = s->grid->ascii ? "." : "░";
    int filled, from = 0;

    if (w <= 0)
        return;
    if (total > 0) {
        if (done > total)
            done = total;
        filled = (int)(done * w / total);
    } else {
        filled = w < 6 ? 1 : 3;
        from = (int)(tick % (unsigned)w);
    }
    for (int i = 0; i < w; i++) {
        bool on = total > 0 ? i < filled : (i + w - from) % w < filled;
        const char *g = on ? full : empty;

        (void)ui_raw(s, x + i, y, 1, 0, g, strlen(g), on ? UI_ON(ROLE_GOOD, base) : UI_ON(ROLE_DIM, base));
    }
}

int ui_when(struct ui_surface *s, int x, int y, const char *when, bool seconds, struct ui_style st)
{
    size_t n = seconds ? 19 : 16;
    char text[20];

    if (!when)
        return 0;
    if (strlen(when) < n || when[4] != '-' || when[7] != '-' || (when[10] != 'T' && when[10] != ' '))
        return ui_str(s, x, y, (int)n, when, st);
    memcpy(text, when, n);
    text[10] = ' ';
    text[n] = '\0';
    return ui_str(s, x, y, -1, text, st);
}

void ui_scrollbar(struct ui_surface *s, int x, int y, int h, size_t top, size_t seen, size_t total, struct ui_style st)
{
    const char *mark = s->grid->ascii ? "#" : "┃";
    size_t len, at;

    if (h <= 1 || total <= seen || total == 0)
        return;
    len = seen * (size_t)h / total;
    if (len < 1)
        len = 1;
    at = top * ((size_t)h - len) / (total - seen);
    for (size_t i = 0; i < len; i++)
        (void)ui_raw(s, x, y + (int)(at + i), 1, 0, mark, strlen(mark), st);
}

#define DUMP_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The letter of a style, given out in order of first use; '.' is plain text. */
static char style_letter(uint16_t *seen, size_t *n, const struct ui_cell *c)
{
    uint16_t key = (uint16_t)(c->role << 8 | c->base);

    if (c->role == ROLE_TEXT && c->base == ROLE_TEXT)
        return '.';
    for (size_t i = 0; i < *n; i++) {
        if (seen[i] == key)
            return DUMP_LETTERS[i];
    }
    if (*n + 1 >= sizeof(DUMP_LETTERS))
        return '*';
    seen[(*n)++] = key;
    return DUMP_LETTERS[*n - 1];
}

static void dump_row(const struct ui_grid *g, int y, struct ls_buf *out)
{
    ls_buf_addc(out, '|');
    for (int x = 0; x < g->w; x++) {
        const struct ui_cell *c = &g->cells[(size_t)y * (size_t)g->w + (size_t)x];

        if (c->width == 0)
            continue;
        if (c->len == 0)
            ls_buf_addc(out, ' ');
        else
            ls_buf_add(out, ui_cell_text(g, c), c->len);
    }
    ls_buf_adds(out, "|\n");
}

void ui_grid_dump(const struct ui_grid *g, struct ls_buf *out)
{
    uint16_t seen[sizeof(DUMP_LETTERS)];
    size_t n = 0;

    ls_buf_addf(out, "screen %dx%d\n", g->w, g->h);
    for (int y = 0; y < g->h; y++)
        dump_row(g, y, out);
    ls_buf_adds(out, "roles\n");
    for (int y = 0; y < g->h; y++) {
        ls_buf_addc(out, '|');
        for (int x = 0; x < g->w; x++)
            ls_buf_addc(out, style_letter(seen, &n, &g->cells[(size_t)y * (size_t)g->w + (size_t)x]));
        ls_buf_adds(out, "|\n");
    }
    for (size_t i = 0; i < n; i++) {
        enum theme_role role = (enum theme_role)(seen[i] >> 8), base = (enum theme_role)(seen[i] & 255);

        ls_buf_addf(out, "%c %s", DUMP_LETTERS[i], theme_role_name(role));
        if (base != ROLE_TEXT && base != role)
            ls_buf_addf(out, " on %s", theme_role_name(base));
        ls_buf_addc(out, '\n');
    }
}
