/* tui/flow_beside.c: another tool's view of the same project in a second column of the timeline. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/beside.h"
#include "tui/flow.h"
#include "tui/jobs.h"

void beside_release(struct beside *b)
{
    if (!b)
        return;
    ls_beside_release(&b->sides);
    snapref_put(b->snap);
    free(b->right_of);
    free(b);
}

const struct ls_beside_row *beside_row(const struct app *a, size_t entry)
{
    const struct beside *b = a->beside;

    return b && b->snap == a->snap && entry < b->n ? b->right_of[entry] : NULL;
}

/* Takes snap's reference and the sides. */
struct beside *beside_new(struct snapref *snap, const struct ls_beside *sides)
{
    struct beside *b = ls_calloc(1, sizeof(*b));

    b->snap = snap;
    b->sides = *sides;
    b->n = snap->snap->timeline.e.n;
    b->right_of = ls_calloc(b->n + 1, sizeof(struct ls_beside_row *));
    for (size_t i = 0; i < sides->rows.n; i++) {
        const struct ls_beside_row *row = &b->sides.rows.v[i];

        if (row->left)
            b->right_of[row->left - snap->snap->timeline.e.v] = row;
        else
            b->n_only_there++;
    }
    return b;
}

/* --- reading it --------------------------------------------------------------------------------------------------- */

struct job_beside {
    struct job job;
    struct snapref *snap;
    const struct ls_format *other;
    struct ls_beside sides;
};

static void beside_run(struct task *t)
{
    struct job_beside *j = (struct job_beside *)t;

    j->job.rc = ls_beside_read(j->job.session, j->snap->snap, j->other, NULL, &j->sides, &j->job.err);
}

static void beside_done(struct task *t, bool is_stale)
{
    struct job_beside *j = (struct job_beside *)t;
    struct app *a = j->job.app;

    if (is_stale || j->job.rc != LS_OK) {
        if (!is_stale)
            app_show_err(a, "The other side could not be read", &j->job.err);
        else
            ls_beside_release(&j->sides);
        snapref_put(j->snap);
    } else {
        beside_release(a->beside);
        a->beside = beside_new(j->snap, &j->sides);
        app_say(a, a->beside->sides.n_differ ? ROLE_WARNING : ROLE_GOOD, "%s beside %s: %zu of %zu differ", a->beside->sides.right_title,
                a->beside->sides.left_title, a->beside->sides.n_differ, a->beside->sides.rows.n);
    }
    a->needs_layout = a->needs_paint = true;
    job_free(j);
}

static void read_beside(struct app *a, const struct ls_format *other)
{
    struct conn *c = conn_idle(a);
    struct job_beside *j;

    if (!c || !a->snap)
        return;
    j = job_new(a, sizeof(*j), c, beside_run, beside_done);
    j->snap = snapref_get(a->snap);
    j->other = other;
    job_post(j);
}

/* --- choosing it -------------------------------------------------------------------------------------------------- */

static bool can_be_read(const struct ls_format *f)
{
    return !(f->caps & LS_CAP_RECOGNISE_ONLY) && f->scan && f->ledger_read;
}

static void on_format(struct app *a, void *ctx, int index)
{
    const struct ls_format **formats = ctx;

    if (index >= 0)
        read_beside(a, formats[index]);
}

/* What the folder could also be stands first, then every format that can be read. */
void flow_beside(struct app *a)
{
    const struct ls_snapshot *s = app_snap(a);
    const struct ls_format *const *all, **formats;
    struct ui_choice *choices;
    struct ui_menu_spec spec = {.title = "Show beside it the view of", .done = on_format, .free_ctx = free};
    size_t n;

    if (a->beside) {
        beside_release(a->beside);
        a->beside = NULL;
        a->needs_layout = true;
        return;
    }
    if (!s || !s->format || app_is_busy(a))
        return;
    all = ls_formats(&n);
    formats = ls_calloc(n + s->n_detected + 1, sizeof(const struct ls_format *));
    choices = ls_calloc(n + s->n_detected + 1, sizeof(*choices));
    for (size_t i = 0; i < s->n_detected; i++) {
        if (s->detected[i].format == s->format || !can_be_read(s->detected[i].format))
            continue;
        choices[spec.n] = (struct ui_choice){.label = s->detected[i].format->title, .note = s->detected[i].detect.evidence};
        formats[spec.n++] = s->detected[i].format;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_there = all[i] == s->format || !can_be_read(all[i]);

        for (size_t k = 0; k < spec.n && !is_there; k++)
            is_there = formats[k] == all[i];
        if (is_there)
            continue;
        choices[spec.n] = (struct ui_choice){.label = all[i]->title};
        formats[spec.n++] = all[i];
    }
    spec.choices = choices;
    spec.ctx = formats;
    ui_menu_open(a, &spec);
    free(choices);
}
