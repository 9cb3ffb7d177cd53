/* tui/surface.h: a grid of cells that panes draw into; painting it is term.h's work.
 *
 * A struct ui_surface is a window on a grid: it is passed by value-like pointer, clips everything, and never fails. Coordinates are
 * relative to it. Text goes through ls_ui_text here, whatever it is, so that nothing of a file or a server can steer the terminal;
 * what the sanitiser made visible is drawn in the token role. A cell's look is two roles: `role` says what the text is, `base` what
 * it lies on (the cursor row, a dialog); a colour that the role leaves at default comes from the base. */
#ifndef LS_TUI_SURFACE_H
#define LS_TUI_SURFACE_H

#include "config/theme.h"
#include "lockstep/base/base.h"
#include "lockstep/base/buf.h"

#define UI_CELL_INLINE 12

struct ui_cell {
    union {
        char inl[UI_CELL_INLINE]; /* len <= UI_CELL_INLINE */
        uint32_t pool;            /* else: offset in the grid's pool */
    } u;
    uint8_t len;        /* bytes of the grapheme; 0: blank, or the right half of a wide one */
    uint8_t width;      /* 1, 2; 0: right half of a wide one */
    uint8_t role, base; /* enum theme_role */
};

struct ui_grid {
    int w, h;
    bool ascii; /* a C locale: lines and glyphs are ASCII */
    struct ui_cell *cells;
    struct ls_buf pool;
};

void ui_grid_init(struct ui_grid *g, int w, int h, bool ascii);
void ui_grid_release(struct ui_grid *g);
void ui_grid_resize(struct ui_grid *g, int w, int h); /* blank afterwards */
void ui_grid_clear(struct ui_grid *g);
const char *ui_cell_text(const struct ui_grid *g, const struct ui_cell *c); /* c->len bytes, not NUL-terminated */
bool ui_cell_equal(const struct ui_grid *ga, const struct ui_cell *a, const struct ui_grid *gb, const struct ui_cell *b);

struct ui_rect {
    int x, y, w, h;
};

struct ui_surface {
    struct ui_grid *grid;
    int x, y, w, h; /* in the grid; already clipped to it */
};

struct ui_surface ui_surface_of(struct ui_grid *g);
struct ui_surface ui_surface_sub(const struct ui_surface *s, int x, int y, int w, int h);

/* A style: what it is, and what it lies on. */
struct ui_style {
    enum theme_role role, base;
};
#define UI_ROLE(r)  ((struct ui_style){.role = (r), .base = ROLE_TEXT})
#define UI_ON(r, b) ((struct ui_style){.role = (r), .base = (b)})

void ui_fill(struct ui_surface *s, int x, int y, int w, int h, struct ui_style st);
/* Draws a line of text from x, at most max_w cells (-1: to the edge); what does not fit ends in "…". Returns the cells used. */
int ui_text(struct ui_surface *s, int x, int y, int max_w, const char *text, size_t len, struct ui_style st);
int ui_str(struct ui_surface *s, int x, int y, int max_w, const char *text, struct ui_style st); /* NULL draws nothing */
int ui_strf(struct ui_surface *s, int x, int y, int max_w, struct ui_style st, const char *fmt, ...) LS_PRINTF(6, 7);
/* Draws text that is sanitised already (a ui_doc's), skipping the first `skip` cells; cuts without a mark. Returns the cells used.
 */
int ui_raw(struct ui_surface *s, int x, int y, int max_w, int skip, const char *text, size_t len, struct ui_style st);
/* As ui_str, with each occurrence of needle (ASCII case-insensitive; NULL or "" none) in the match role. */
int ui_str_match(struct ui_surface *s, int x, int y, int max_w, const char *text, const char *needle, struct ui_style st);
/* "2026-11-29T16:38:44.123Z" as "2026-11-29 16:38" or, with seconds, "2026-11-29 16:38:44"; what is no time is drawn as it is. NULL
 * draws nothing. */
int ui_when(struct ui_surface *s, int x, int y, const char *when, bool seconds, struct ui_style st);

enum ui_line { UI_LINE_H, UI_LINE_V, UI_LINE_TL, UI_LINE_TR, UI_LINE_BL, UI_LINE_BR, UI_LINE_LT, UI_LINE_RT };
const char *ui_line_glyph(enum ui_line l, bool ascii);
void ui_hline(struct ui_surface *s, int x, int y, int w, struct ui_style st);
void ui_vline(struct ui_surface *s, int x, int y, int h, struct ui_style st);
/* A box along the surface's edge, with a title in the upper line (may be NULL), and filled inside. */
void ui_box(struct ui_surface *s, const char *title, enum theme_role base, struct ui_style border);
/* A bar of w cells, `done` of `total` filled; total <= 0 draws a marker that moves with `tick`. */
void ui_progress(struct ui_surface *s, int x, int y, int w, int64_t done, int64_t total, unsigned tick, enum theme_role base);
/* A scroll mark in column x: which part of `total` rows is seen. Draws nothing when all is seen. */
void ui_scrollbar(struct ui_surface *s, int x, int y, int h, size_t top, size_t seen, size_t total, struct ui_style st);

/* Appends the screen as text for tests: each row between bars, then the same rows with a letter for each style, then what the
 * letters mean. */
void ui_grid_dump(const struct ui_grid *g, struct ls_buf *out);

#endif
