/* tui/list_pane.h: what the panes that show a list have in common: the cursor, a filter, keys and mouse for both, and a document about
 * the row under the cursor. A pane has it as its first member, and names in a struct list_parts what is its own. */
#ifndef LS_TUI_LIST_PANE_H
#define LS_TUI_LIST_PANE_H

#include "tui/doc.h"
#include "tui/pane.h"

struct list_pane;

struct list_parts {
    void (*filtered)(struct list_pane *l); /* the filter is another: makes the rows again, tells list how many there are */
    void (*moved)(struct list_pane *l);    /* the cursor may be on another row; may be NULL */
    void (*open)(struct list_pane *l);     /* the key on the row under the cursor */
    void (*click)(struct list_pane *l);    /* a double click on it; NULL: as open */
    bool (*on_action)(struct list_pane *l, enum ui_action act); /* the pane's further keys, as in struct ui_pane_ops; may be NULL */
};

struct list_pane {
    struct ui_pane pane;
    const struct list_parts *parts;
    struct ui_list list;
    int top; /* lines above the list */
    struct ls_buf filter;
    LS_VEC(uint32_t) shown; /* what the filter leaves, where rows are places in something */
    struct ui_doc *doc; /* about doc_of: beside the list (doc_w > 0), or below it; NULL: there is no room, or nothing to be said */
    struct ui_view view;
    long doc_of;
    int list_w, doc_w;
};

/* A pane of `size` bytes, the rest of them zero. */
void *list_pane_new(size_t size, const struct ui_pane_ops *ops, const struct list_parts *parts, struct app *app);
void list_pane_free(struct list_pane *l); /* and the pane that begins with it */

/* For the pane's table. */
bool list_pane_on_action(struct ui_pane *p, enum ui_action act);
bool list_pane_on_event(struct ui_pane *p, const struct ui_event *ev);
void list_pane_layout(struct ui_pane *p, int w, int h); /* the list has all that is below its top */
void list_pane_follow(struct list_pane *l);             /* .moved, where there is a document: layout makes it */

void list_pane_filter(struct list_pane *l, const char *text);
const char *list_pane_needle(const struct list_pane *l); /* to be shown where it matches; NULL: none */

/* What the document has of the width, 0: nothing; with another one it is made again. */
void list_pane_split(struct list_pane *l, int w, int doc_w);
/* Whether the document is to be made: it was dropped, or is about another row. */
bool list_pane_turn(struct list_pane *l, long of);
void list_pane_drop_doc(struct list_pane *l);
void list_pane_draw_beside(const struct list_pane *l, struct ui_surface *s);

#endif
