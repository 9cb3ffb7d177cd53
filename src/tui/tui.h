/* tui/tui.h: the console's public face. main.c fills struct tui_params and calls tui_main(); nothing else of this folder is for
 * others. */
#ifndef LS_TUI_TUI_H
#define LS_TUI_TUI_H

#include <stdio.h>

#include "config/project.h"
#include "lockstep/base/base.h"

/* What a subcommand line speaks through. All of it is called in the thread that runs the line. */
struct tui_line {
    FILE *out, *err;
    bool (*confirm)(void *ctx, const char *text, const char *must_type); /* blocks that thread only */
    void (*on_session)(void *ctx, struct ls_session *session); /* what to cancel; NULL before it goes */
    bool (*is_cancelled)(void *ctx);
    void (*progress)(void *ctx, const char *text); /* how far it is; "" when that is over */
    void *ctx;
    bool is_unarmed; /* read-only until it is armed: what writes to a database is refused */
};

struct tui_params {
    const struct config_request *request;
    /* Runs one subcommand line ("status --json"), in a worker thread. request is the console's own as it stands now: the operator may
     * have switched to another environment. Returns the exit code. */
    int (*run_line)(void *ctx, const struct config_request *request, const char *line, const struct tui_line *io);
    const char *const *(*complete_words)(size_t *n); /* subcommands and options, for the prompt's completion */
    void *ctx;
};

/* Runs the console until the operator leaves it. Returns the process's exit code (reliability.md 5.7). */
int tui_main(const struct tui_params *params);

/* The action table as text, one action a line: "CONTEXTS<TAB>KEYS<TAB>NAME<TAB>HELP". The man page is made from it. */
void tui_dump_actions(FILE *out);

#endif
