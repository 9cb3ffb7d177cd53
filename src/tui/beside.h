/* tui/beside.h: another tool's view of the project, for a second column of the timeline. */
#ifndef LS_TUI_BESIDE_H
#define LS_TUI_BESIDE_H

#include "lockstep/engine/beside.h"
#include "tui/app.h"

struct beside {
    struct snapref *snap; /* what it was read beside; of another snapshot nothing is shown */
    struct ls_beside sides;
    const struct ls_beside_row **right_of; /* per entry of the snapshot's timeline */
    size_t n, n_only_there;
};
struct beside *beside_new(struct snapref *snap, const struct ls_beside *sides); /* takes both */
void beside_release(struct beside *b);                                        /* NULL is fine */
const struct ls_beside_row *beside_row(const struct app *a, size_t entry);      /* NULL: nothing to show */

#endif
