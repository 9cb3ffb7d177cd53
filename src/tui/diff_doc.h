/* tui/diff_doc.h: one difference as a text. */
#ifndef LS_TUI_DIFF_DOC_H
#define LS_TUI_DIFF_DOC_H

#include "lockstep/diff/diff.h"
#include "tui/doc.h"

/* Both sides' statements, what changed in them, what it would do, who depends on it; of a renaming its evidence. columns: side by side in `width` cells. */
struct ui_doc *diff_doc(const struct ls_diff *d, const struct ls_difference *x, bool ascii, int width, bool columns);
enum theme_role diff_role(enum ls_change c);
enum theme_role impact_role(enum ls_impact i);

#endif
