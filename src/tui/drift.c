/* tui/drift.c: whether the database still is what its applied migrations promise: a count in the header and a banner, without being
 * asked. */
#include <config.h>

#include "config/diff_opts.h"
#include "tui/diff_choices.h"
#include "tui/diffref.h"

#define REST_MS      1500 /* after the last snapshot: what the operator does comes first */
#define MAX_REPLAYED 300  /* applied migrations; more are compared when the Diff pane asks for it */

/* PostgreSQL: only where somebody said where a scratch database may be made; a throw-away cluster costs too much for what nobody
 * asked for. */
static bool has_cheap_scratch(const struct app *a, const struct ls_snapshot *s)
{
    return s->info.dialect == LS_DIALECT_SQLITE || config_scratch_url(&a->project, &a->request) ||
           (a->target.is_scratch_ok && !a->target.params.is_protected);
}

void drift_soon(struct app *a)
{
    const struct ls_snapshot *s = app_snap(a);

    a->drift_due_ms = 0;
    if (!s || !s->has_db || !s->format || !(s->format->caps & LS_CAP_NATIVE_APPLY) || !has_cheap_scratch(a, s) || s->ledger.dirty)
        return;
    if (s->timeline.count[LS_STATE_APPLIED] == 0 || s->timeline.count[LS_STATE_APPLIED] > MAX_REPLAYED)
        return;
    a->drift_due_ms = a->now_ms + REST_MS;
}

void drift_set(struct app *a, const struct ls_diff *d)
{
    long n = 0;

    for (int i = 0; i < LS_N_IMPACTS; i++)
        n += (long)d->n_by_impact[i];
    if (n != a->drift)
        a->needs_layout = true;
    a->drift = n;
    a->needs_paint = true;
}

static void on_drift(struct app *a, struct diffref *r, const struct ls_err *err)
{
    (void)err; /* nobody asked; the Diff pane says why it cannot be told */
    if (r)
        drift_set(a, &r->diff);
    diffref_put(r);
}

void drift_look(struct app *a)
{
    struct diff_choices said = {0};
    struct ls_diff_opts opts = {0};

    diff_choices_begin(&said, &a->project, NULL, &opts);
    if (!app_is_busy(a))
        (void)job_diff(a, "migrations", "live", &opts, true, on_drift);
    diff_choices_end(&said);
}
