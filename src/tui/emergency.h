/* tui/emergency.h: what gives the terminal back after a crash, prepared while all is well. term_emergency_restore() of tui/term.h
 * uses it. */
#ifndef LS_TUI_EMERGENCY_H
#define LS_TUI_EMERGENCY_H

#include <stdbool.h>
#include <termios.h>

/* Starts anew, switched off: the terminal and the modes it had. */
void emergency_begin(int fd, const struct termios *modes);
/* Adds a terminfo string without its padding marks ($<5>); NULL adds nothing. */
void emergency_add(const char *s);
/* Whether the terminal is ours now. */
void emergency_arm(bool is_on);

#endif
