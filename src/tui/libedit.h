/* tui/libedit.h: libedit, loaded when the ":" prompt is first opened; it brings two libraries more. */
#ifndef TUI_LIBEDIT_H
#define TUI_LIBEDIT_H

#include <histedit.h>
#include <stdbool.h>

#define LIBEDIT_FUNCTIONS(X) \
    X(el_end) X(el_get) X(el_gets) X(el_init) X(el_insertstr) X(el_line) X(el_set) X(history) X(history_end) X(history_init)

struct libedit {
#define X(name) __typeof__(name) *name;
    LIBEDIT_FUNCTIONS(X)
#undef X
};

/* Once in the life of the process, from any thread. False: it is not there, and *why says why (never freed). */
bool libedit_load(const char **why);
/* The table; only after libedit_load() succeeded. */
const struct libedit *libedit(void);

#endif
