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
/* Row of a click at line y of the list, or -1. */
long ui_list_row_at(const struct ui_list *l, int y);
void ui_list_wheel(struct ui_list *l, int lines);
/* What the mouse does to a list whose first line is y0: the wheel moves, a click goes to its row. Returns the row that was clicked twice, or -1. */
long ui_list_mouse(struct ui_list *l, const struct ui_event *ev, int y0);

#endif
