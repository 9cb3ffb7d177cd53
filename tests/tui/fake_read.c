/* The reading jobs of the console, answered at once with what a test has put there: linked in front of src/tui/job_read.c. */
#include <config.h>

#include <string.h>

#include "tui/detail_doc.h"
#include "tui/diffref.h"
#include "tui/jobs.h"
#include "tui/scene.h"

static const struct ls_journal *journal;

void scene_set_journal(const struct ls_journal *j)
{
    journal = j;
}

void job_journal(struct app *a, job_journal_fn done)
{
    struct ls_journal copy = {.arena = ls_arena_new()};

    if (journal) {
        copy.exists = journal->exists;
        copy.first_broken_seq = journal->first_broken_seq;
        for (size_t i = 0; i < journal->rows.n; i++)
            *LS_VEC_PUSH(&copy.rows) = journal->rows.v[i];
    }
    done(a, &copy, NULL);
}

void job_detail(struct app *a, long index, int width, job_detail_fn done)
{
    done(a, index, width, a->snap, detail_doc(a->snap->snap, &a->snap->snap->timeline.e.v[index], width, a->is_ascii));
}

void job_verify(struct app *a)
{
    app_say(a, ROLE_INFO, "verify was asked for");
}

/* Nothing is loaded in a test: the pane says that it reads. */
bool job_diff(struct app *a, const char *side_a, const char *side_b, const struct ls_diff_opts *opts, bool is_quiet, job_diff_fn done)
{
    (void)is_quiet;
    (void)a;
    (void)side_a;
    (void)side_b;
    (void)opts;
    (void)done;
    return true;
}

void job_diff_cancel(struct app *a)
{
    app_say(a, ROLE_INFO, "cancel was asked for");
}
