/* tui/diff_ddl.h: the statements of a comparison, as `lockstep diff --ddl` prints them. */
#ifndef LS_TUI_DIFF_DDL_H
#define LS_TUI_DIFF_DDL_H

#include "lockstep/diff/diff.h"
#include "tui/app.h"

/* Asks whether those of x (NULL: only all), of all differences, or a file; what is shown is made now, so d may go. */
void diff_ddl_open(struct app *a, const struct ls_diff *d, const struct ls_difference *x, const struct ls_diff_opts *compared);

#endif
