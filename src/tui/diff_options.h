/* tui/diff_options.h: what is compared at all, chosen from a menu. */
#ifndef LS_TUI_DIFF_OPTIONS_H
#define LS_TUI_DIFF_OPTIONS_H

#include "lockstep/diff/diff.h"
#include "tui/app.h"

/* Opens the menu; a choice turns one of the flags and calls changed. opts must outlive the menu. */
void diff_options_open(struct app *a, struct ls_diff_opts *opts, void (*changed)(struct app *a));
/* Appends ", with owners, without comments" for what is not the default. */
void diff_options_words(const struct ls_diff_opts *opts, struct ls_buf *out);

#endif
