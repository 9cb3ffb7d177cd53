/* tui/term.h: the terminal. term_curses.c behind it is the one file that includes curses.h. One terminal per process: the crash
 * path needs to find it. */
#ifndef LS_TUI_TERM_H
#define LS_TUI_TERM_H

#include "lockstep/base/err.h"
#include "tui/key.h"
#include "tui/surface.h"

enum term_depth { TERM_MONO, TERM_16, TERM_256, TERM_PALETTE /* 256 slots that can be given any colour */, TERM_DIRECT };

struct term;
struct term_params {
    const char *term, *colorterm; /* TERM, COLORTERM; may be NULL */
    bool no_color;                /* NO_COLOR is set and not empty */
    int in_fd, out_fd;
};

/* Takes the terminal over: raw-ish modes, alternate screen, keypad, mouse, bracketed paste. Signal handlers must be in place before
 * (V16: ncurses leaves those alone that are not default). LS_E_UNSUPPORTED for an unknown TERM. */
LS_MUST_CHECK enum ls_rc term_open(const struct term_params *params, struct term **out, struct ls_err *err);
/* Gives it back. NULL is fine. */
void term_close(struct term *t);
bool term_is_ascii(const struct term *t); /* the locale is not UTF-8 */
enum term_depth term_depth(const struct term *t);
int term_fd(const struct term *t);
void term_set_theme(struct term *t, const struct theme *theme);
void term_size(struct term *t, int *w, int *h);
/* Asks the kernel for the size again; true when it changed. */
bool term_refresh_size(struct term *t);
/* Paints what differs from the last painted screen. cursor_x < 0 hides the cursor. */
void term_paint(struct term *t, const struct ui_grid *g, int cursor_x, int cursor_y);
void term_redraw(struct term *t); /* the next paint starts from an empty screen */
/* The next key, mouse event or paste that has arrived; false when there is none now. Never waits (but up to 25 ms behind a lone
 * Esc). */
bool term_read(struct term *t, struct ui_event *ev);
void term_flush_input(struct term *t); /* forgets what was typed ahead */
void term_suspend(struct term *t);     /* gives the terminal back for a while */
void term_resume(struct term *t);
/* The terminal is gone: nothing is written any more. */
void term_set_dead(struct term *t);
bool term_is_dead(const struct term *t);

/* Async-signal-safe: gives the terminal back with a prepared string and the saved modes, from a crash handler or the out-of-memory
 * hook. */
void term_emergency_restore(void);

#endif
