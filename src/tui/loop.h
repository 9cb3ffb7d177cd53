/* tui/loop.h: the one loop: poll(terminal, wake pipe, timer) -> event -> app -> paint once. */
#ifndef LS_TUI_LOOP_H
#define LS_TUI_LOOP_H

#include "tui/app.h"
#include "tui/term.h"

/* Runs until the app wants to leave or the terminal is gone and nothing is at work any more. */
void ui_loop(struct app *a, struct term *t, int wake_read_fd);
/* Paints what there is now: the first frame, before any connection. */
void ui_paint(struct app *a, struct term *t);

#endif
