/* tui/diffref.h: two catalogues and what differs between them, for the Diff pane. */
#ifndef LS_TUI_DIFFREF_H
#define LS_TUI_DIFFREF_H

#include "lockstep/diff/diff.h"
#include "tui/app.h"

struct diffref {
    struct ls_catalog *a, *b;
    struct ls_diff diff;
};
void diffref_free(struct diffref *r); /* NULL is fine */

typedef void (*job_diff_fn)(struct app *a, struct diffref *r, const struct ls_err *err); /* r is the callee's; NULL: err says why */
/* Loads both sides (as `lockstep diff` names them) and compares them, in a worker; false: not now. Choices are copied. is_quiet: no
 * words on the message line meanwhile. */
bool job_diff(struct app *a, const char *side_a, const char *side_b, const struct ls_diff_opts *opts, bool is_quiet,
              job_diff_fn done);
void job_diff_cancel(struct app *a);
/* Compares two catalogues that are there already, with other options: at once. */
void diffref_again(struct diffref *r, const struct ls_diff_opts *opts);
/* drift.c: looks for it a moment after a snapshot where that costs little (SQLite, or a scratch is configured; not too many
 * migrations), and tells a->drift. */
void drift_soon(struct app *a);
void drift_look(struct app *a);
/* A comparison of `migrations` with `live` was made: its count goes to the header and the banner. */
void drift_set(struct app *a, const struct ls_diff *d);
void pane_diff_set(struct app *a, struct diffref *r); /* takes it; for tests */

#endif
