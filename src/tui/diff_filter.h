/* tui/diff_filter.h: which differences are shown, chosen from a menu of what there is. */
#ifndef LS_TUI_DIFF_FILTER_H
#define LS_TUI_DIFF_FILTER_H

#include "tui/app.h"
#include "tui/diff_rows.h"

/* Opens the menu; a choice changes the filter and calls changed. Both must outlive the menu. */
void diff_filter_open(struct app *a, const struct ls_diff *d, struct diff_filter *filter, void (*changed)(struct app *a));

#endif
