/* tui/diff_choices.h: which renamings were decided: in the project file, and in this session. */
#ifndef LS_TUI_DIFF_CHOICES_H
#define LS_TUI_DIFF_CHOICES_H

#include "config/diff_opts.h"
#include "tui/app.h"

/* What the operator decided while the console ran. */
struct diff_decided {
    struct diff_decision {
        char *from, *to;
        bool is_accepted;
    } * v;
    size_t n, cap;
};
void diff_decided_release(struct diff_decided *d);
/* Remembers it and writes it to the project file, as `lockstep diff --accept-rename --save` does. Says on the message line what
 * became of it: without a project file it holds until the console ends. */
void diff_decide(struct app *a, struct diff_decided *d, const struct ls_rename *r, bool accept);

struct diff_choices {
    struct ls_arena *arena;
    struct config_diff_opts given;
};
/* Fills the lists of *out with what the project file and the session (NULL: nothing) say; they live until diff_choices_end. */
void diff_choices_begin(struct diff_choices *c, const struct config_project *p, const struct diff_decided *d,
                        struct ls_diff_opts *out);
void diff_choices_end(struct diff_choices *c);

#endif
