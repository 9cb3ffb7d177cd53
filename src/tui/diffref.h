/* tui/diffref.h: two catalogues and what differs between them, for the Diff pane. */
#ifndef LS_TUI_DIFFREF_H
#define LS_TUI_DIFFREF_H

#include "lockstep/diff/diff.h"
#include "tui/app.h"
#include "tui/jobs.h"

/* Nothing in it changes but the last two: a worker may read it while it holds one of refs. Counted in the UI thread only, as catref. */
struct diffref {
    struct catref *a, *b;
    struct ls_diff diff;
    int refs;
    bool is_replaced; /* the pane shows another one by now, or none */
};
/* Takes both catalogues and compares them; any thread. */
struct diffref *diffref_new(struct ls_catalog *a, struct ls_catalog *b, const struct ls_diff_opts *opts);
struct diffref *diffref_get(struct diffref *r);
void diffref_put(struct diffref *r); /* NULL is fine */
/* The same two catalogues compared with other options, at once: a new one. */
struct diffref *diffref_again(const struct diffref *r, const struct ls_diff_opts *opts);

typedef void (*job_diff_fn)(struct app *a, struct diffref *r, const struct ls_err *err); /* r is the callee's; NULL: err says why */
/* Loads both sides (as `lockstep diff` names them) and compares them, in a worker; false: not now. Choices are copied. is_quiet: no
 * words on the message line meanwhile. */
bool job_diff(struct app *a, const char *side_a, const char *side_b, const struct ls_diff_opts *opts, bool is_quiet,
              job_diff_fn done);
void job_diff_cancel(struct app *a);

/* job_ddl.c: the statements of a difference of r (x NULL: of all), made by a worker that no connection keeps waiting. They are shown, or written to a new
 * file at path, when they are made, but for those of a comparison that was replaced meanwhile. One at a time; says so. */
void job_ddl(struct app *a, struct diffref *r, const struct ls_difference *x, const struct ls_diff_opts *compared, const char *path);

/* drift.c: looks for it a moment after a snapshot where that costs little (SQLite, or a scratch is configured; not too many
 * migrations), and tells a->drift. */
void drift_soon(struct app *a);
void drift_look(struct app *a);
/* A comparison of `migrations` with `live` was made: its count goes to the header and the banner. */
void drift_set(struct app *a, const struct ls_diff *d);
void pane_diff_set(struct app *a, struct diffref *r); /* takes it; for tests */

#endif
