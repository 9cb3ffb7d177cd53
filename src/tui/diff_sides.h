/* tui/diff_sides.h: what there is to compare, as a menu; anything else is typed. */
#ifndef LS_TUI_DIFF_SIDES_H
#define LS_TUI_DIFF_SIDES_H

#include "tui/app.h"

typedef void (*diff_side_fn)(struct app *a, void *ctx, const char *text);
/* The database, the migrations, the project's environments, backups, and the catalogues, Drizzle snapshots and schema files that
 * lie where they usually lie. The cursor starts on `now`. done gets the side as `lockstep diff` takes it, NULL or "" when the
 * typing was given up; it is not called when the menu is closed. ctx must outlive the menu. */
void diff_sides_open(struct app *a, const char *title, const char *now, diff_side_fn done, void *ctx);
/* What to call a side on the screen: no password. Caller frees. */
char *diff_side_label(const char *text);

#endif
