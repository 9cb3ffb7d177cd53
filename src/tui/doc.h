/* tui/doc.h: a frozen text with colours, made by any thread, and a view that scrolls in it.
 *
 * Lines are sanitised and coloured when they are added, so that drawing costs what is seen. Very long lines are broken
 * (UI_DOC_MAX_LINE). */
#ifndef LS_TUI_DOC_H
#define LS_TUI_DOC_H

#include "lockstep/base/arena.h"
#include "lockstep/base/vec.h"
#include "lockstep/sql/dialect.h"
#include "tui/list.h"

#define UI_DOC_MAX_LINE  2000                  /* bytes */
#define UI_DOC_MAX_BYTES ((size_t)1024 * 1024) /* of one text; what follows is named, not shown */

struct ui_span {
    uint32_t end; /* byte offset in the line where it ends */
    enum theme_role role;
};
struct ui_doc_line {
    const char *text;
    uint32_t len;
    uint32_t n_spans;
    const struct ui_span *spans;
    bool is_mark; /* something to jump to: a section's title */
};
struct ui_doc {
    struct ls_arena *arena;
    LS_VEC(struct ui_doc_line) lines;
    bool ascii;
    int wrap; /* ui_doc_sql breaks between tokens at this column; 0: never */
    /* the line being made: */
    struct ls_buf text;
    LS_VEC(struct ui_span) spans;
};

struct ui_doc *ui_doc_new(bool ascii);
void ui_doc_free(struct ui_doc *d); /* NULL is fine */

/* Adds to the current line; text is sanitised, what was rewritten gets the token role; newlines end lines. */
void ui_doc_add(struct ui_doc *d, enum theme_role role, const char *text, size_t len);
void ui_doc_adds(struct ui_doc *d, enum theme_role role, const char *text);
void ui_doc_addf(struct ui_doc *d, enum theme_role role, const char *fmt, ...) LS_PRINTF(3, 4);
void ui_doc_pad(struct ui_doc *d, int cells); /* spaces up to that column */
void ui_doc_end(struct ui_doc *d);            /* ends the line */
void ui_doc_mark(struct ui_doc *d);           /* the line just ended is a mark */

/* Whole lines. */
void ui_doc_text(struct ui_doc *d, enum theme_role role, const char *text);
void ui_doc_textf(struct ui_doc *d, enum theme_role role, const char *fmt, ...) LS_PRINTF(3, 4);
void ui_doc_blank(struct ui_doc *d);
/* A paragraph broken at spaces to at most `cells`, behind `indent` spaces. */
void ui_doc_wrap(struct ui_doc *d, enum theme_role role, int cells, int indent, const char *text);
/* Breaks the lines that are wider than that, at spaces. */
void ui_doc_narrow(struct ui_doc *d, int cells);
/* The same; what goes on below stands at least `hang` cells in. */
void ui_doc_narrow_under(struct ui_doc *d, int cells, int hang);
/* SQL with colours. first_line > 0: line numbers in front, counted from it. */
void ui_doc_sql(struct ui_doc *d, enum ls_dialect dialect, const char *sql, size_t len, int first_line, int indent);

struct ui_view {
    struct ui_list pos; /* cursor = first line seen */
    int left;
};
void ui_view_layout(struct ui_view *v, const struct ui_doc *d, int h);
bool ui_view_action(struct ui_view *v, const struct ui_doc *d, enum ui_action a);
/* The wheel over a document, which may be NULL. False: the event is none for it. */
bool ui_view_mouse(struct ui_view *v, const struct ui_doc *d, const struct ui_event *ev);
void ui_view_scroll(struct ui_view *v, const struct ui_doc *d, long lines);
void ui_view_next_mark(struct ui_view *v, const struct ui_doc *d); /* goes round */
/* Whether a line that is seen goes on beyond the right edge, w cells from the left. */
bool ui_view_has_more_right(const struct ui_view *v, const struct ui_doc *d, int w);
void ui_view_draw(const struct ui_view *v, const struct ui_doc *d, struct ui_surface *s, enum theme_role base);
/* " PgDn: 8 more lines ", where there are; for the rule below a view. */
void ui_view_draw_more(const struct ui_view *v, const struct ui_keymap *keys, struct ui_surface *s, int x, int y, enum theme_role base);

#endif
