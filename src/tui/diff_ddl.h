/* tui/diff_ddl.h: the statements of a comparison, as `lockstep diff --ddl` prints them. */
#ifndef LS_TUI_DIFF_DDL_H
#define LS_TUI_DIFF_DDL_H

#include "tui/diffref.h"

/* Asks whether those of x (NULL: only all), of all differences, or a file; they are made when that is known. */
void diff_ddl_open(struct app *a, struct diffref *r, const struct ls_difference *x, const struct ls_diff_opts *compared);

#endif
