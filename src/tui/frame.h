/* tui/frame.h: what frame.c and app.c agree on. */
#ifndef LS_TUI_FRAME_H
#define LS_TUI_FRAME_H

#include "tui/app.h"

int app_split_at(const struct app *a);      /* width of the timeline when the detail stands beside it, else 0 */
int app_tab_at(const struct app *a, int x); /* the pane whose tab is at that column, or -1 */

#endif
