/* tui/signals.h: signals become bytes in the wake pipe, next to the mailbox's. Handlers do nothing else (reliability.md 5.7). */
#ifndef LS_TUI_SIGNALS_H
#define LS_TUI_SIGNALS_H

#include "lockstep/base/err.h"

/* Bytes that arrive in the pipe. */
enum {
    UI_SIG_MAIL = 'm',
    UI_SIG_WINCH = 'W',
    UI_SIG_TERM = 'T',
    UI_SIG_HUP = 'H',
    UI_SIG_INT = 'I',
    UI_SIG_TSTP = 'Z',
    UI_SIG_CONT = 'C'
};

/* Makes the pipe (non-blocking, close-on-exec) and installs the handlers; call before term_open. fds[0] is for reading, fds[1] for
 * mailbox_new. SIGPIPE and SIGXFSZ are ignored; a crash gives the terminal back first. */
LS_MUST_CHECK enum ls_rc ui_signals_open(int fds[2], struct ls_err *err);
/* Puts the former handlers back and closes the pipe. */
void ui_signals_close(int fds[2]);
/* In a child before exec: the handlers of before, an empty mask. */
void ui_signals_default(void);
/* Stops the process as ^Z would, and returns when it goes on. */
void ui_signals_stop_self(void);

#endif
