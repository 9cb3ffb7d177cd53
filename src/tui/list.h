/* tui/list.h: where a list stands: cursor, first row seen, height. It holds no rows: drawing ten thousand costs what is seen. */
#ifndef LS_TUI_LIST_H
#define LS_TUI_LIST_H

#include "tui/action.h"
#include "tui/key.h"
#include "tui/surface.h"

struct ui_list {
    size_t n, cursor, top;
    int h; /* rows seen; set by ui_list_layout */
};

void ui_list_set_count(struct ui_list *l, size_t n); /* keeps the cursor inside */
void ui_list_layout(struct ui_list *l, int h);       /* keeps the cursor in view */
void ui_list_go(struct ui_list *l, size_t row);
void ui_list_center(struct ui_list *l); /* the cursor in the middle of what is seen */
/* Moves by an action (up, page-down, top ...); false when it is none. */
bool ui_list_action(struct ui_list *l, enum ui_action a);
/* What the mouse does to a list whose first line is y0: the wheel moves, a click goes to its row. Returns the row that was clicked twice, or -1. */
long ui_list_mouse(struct ui_list *l, const struct ui_event *ev, int y0);

/* The cursor's bar and mark in a line of w cells. Returns what the row's words stand on. */
enum theme_role ui_list_bar(struct ui_surface *s, int y, int w, bool is_at);
/* Each row that is seen, by draw_row. */
void ui_list_draw(const struct ui_list *l, struct ui_surface *s,
                  void (*draw_row)(const void *ctx, struct ui_surface *s, int y, size_t row, bool is_at), const void *ctx);
void ui_list_scrollbar(const struct ui_list *l, struct ui_surface *s); /* in its last column */

#endif
