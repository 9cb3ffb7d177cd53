/* tui/job_diff.c: two sides loaded and compared by a worker. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/side.h"
#include "config/diff_opts.h"
#include "tui/diffref.h"
#include "tui/jobs.h"

struct job_diff {
    struct job job;
    char *sides[2];
    struct ls_diff_opts opts;
    struct ls_arena *arena; /* of the options' strings */
    struct config_request request;
    char *scratch_url;
    bool scratch_on_target;
    LS_VEC(struct config_target *) targets; /* environments that were resolved */
    struct diffref *result;
    bool is_quiet;
    job_diff_fn fn;
};

/* --- in the worker ------------------------------------------------------------------------------------------------ */

static enum ls_rc environment(void *ctx, const char *name, struct ls_session_params *out, struct ls_err *err)
{
    struct job_diff *j = ctx;
    struct config_target *t = ls_calloc(1, sizeof(*t));
    enum ls_rc rc = config_resolve_env(&j->request, &j->job.app->project, name, t, err);

    if (rc != LS_OK) {
        free(t);
        return rc;
    }
    *LS_VEC_PUSH(&j->targets) = t;
    *out = t->params;
    return LS_OK;
}

static void on_event(void *ctx, const struct ls_event *ev)
{
    struct job_diff *j = ctx;

    if (!j->is_quiet)
        job_say_progress(j->job.app, ev);
}

/* A side that does not say its dialect takes the other one's, else the target's. */
static enum ls_rc set_dialect(const struct ls_side_world *world, const struct ls_side sides[2], struct ls_side_opts *opts,
                              struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (int i = 0; i < 2 && rc == LS_OK; i++) {
        bool known = false;
        enum ls_dialect d;

        rc = ls_side_dialect(world, &sides[i], &known, &d, err);
        if (rc != LS_OK || !known || (opts->has_dialect && sides[i].kind == LS_SIDE_FILE)) /* a file of SQL is only guessed at */
            continue;
        if (opts->has_dialect && opts->dialect != d)
            return ls_err_set(err, LS_E_USAGE, "one side is of %s and the other of %s: they cannot be compared",
                              ls_dialect_name(opts->dialect), ls_dialect_name(d));
        opts->has_dialect = true;
        opts->dialect = d;
    }
    if (rc == LS_OK && !opts->has_dialect)
        opts->has_dialect = ls_db_url_dialect(ls_session_params(world->session)->url, &opts->dialect, NULL) == LS_OK;
    /* Its statements are in the file: what is made anew is made with them. */
    opts->with_definitions = opts->has_dialect && opts->dialect == LS_DIALECT_SQLITE;
    return rc;
}

static void diff_run(struct task *t)
{
    struct job_diff *j = (struct job_diff *)t;
    struct ls_run_hooks hooks = {.on_event = on_event, .ctx = j};
    struct ls_side_world world = {.session = j->job.session,
                                  .env = environment,
                                  .env_ctx = j,
                                  .scratch_url = j->scratch_url,
                                  .scratch_on_target = j->scratch_on_target,
                                  .is_kept = true,
                                  .hooks = &hooks};
    struct ls_side_opts opts = {0};
    struct ls_side sides[2] = {{0}};
    struct ls_catalog *c[2] = {NULL, NULL};
    int parsed = 0;

    for (; parsed < 2 && j->job.rc == LS_OK; parsed++)
        j->job.rc = ls_side_parse(j->sides[parsed], &sides[parsed], &j->job.err);
    if (j->job.rc == LS_OK)
        j->job.rc = set_dialect(&world, sides, &opts, &j->job.err);
    for (int i = 0, first = ls_side_first(sides); i < 2 && j->job.rc == LS_OK; i++)
        j->job.rc = ls_side_load(&world, &sides[i ^ first], &opts, &c[i ^ first], &j->job.err);
    if (j->job.rc == LS_OK && c[0]->dialect != c[1]->dialect)
        j->job.rc = ls_err_set(&j->job.err, LS_E_USAGE, "one side is of %s and the other of %s: they cannot be compared",
                               ls_dialect_name(c[0]->dialect), ls_dialect_name(c[1]->dialect));
    if (j->job.rc == LS_OK) {
        j->result = diffref_new(c[0], c[1], &j->opts);
    } else {
        ls_catalog_free(c[0]);
        ls_catalog_free(c[1]);
    }
    ls_side_world_end(&world);
    for (int i = 0; i < parsed; i++)
        ls_side_release(&sides[i]);
}

/* --- around it ---------------------------------------------------------------------------------------------------- */

static void diff_done(struct task *t, bool is_stale)
{
    struct job_diff *j = (struct job_diff *)t;

    if (!is_stale)
        ls_session_clear_cancel(j->job.session); /* it was meant for this one, whether it came in time or not */
    if (is_stale)
        diffref_put(j->result);
    else
        j->fn(j->job.app, j->result, &j->job.err);
    for (size_t i = 0; i < j->targets.n; i++) {
        config_target_release(j->targets.v[i]);
        free(j->targets.v[i]);
    }
    LS_VEC_RELEASE(&j->targets);
    ls_arena_free(j->arena);
    free(j->sides[0]);
    free(j->sides[1]);
    free(j->scratch_url);
    job_free(j);
}

/* The worker reads them while the screen goes on: each text is copied. */
static void copy_options(struct job_diff *j, const struct ls_diff_opts *opts)
{
    struct ls_rename_choice *choices;
    struct ls_diff_ignore *ignore;

    j->arena = ls_arena_new();
    j->opts = *opts;
    choices = LS_ARENA_ARRAY(j->arena, struct ls_rename_choice, opts->n_choices + 1);
    ignore = LS_ARENA_ARRAY(j->arena, struct ls_diff_ignore, opts->n_ignore + 1);
    for (size_t i = 0; i < opts->n_choices; i++)
        choices[i] = (struct ls_rename_choice){ls_arena_str(j->arena, opts->choices[i].from),
                                               ls_arena_str(j->arena, opts->choices[i].to), opts->choices[i].is_accepted};
    for (size_t i = 0; i < opts->n_ignore; i++)
        ignore[i] =
            (struct ls_diff_ignore){ls_arena_str(j->arena, opts->ignore[i].kind), ls_arena_str(j->arena, opts->ignore[i].pattern),
                                    ls_arena_str(j->arena, opts->ignore[i].attr)};
    j->opts.choices = choices;
    j->opts.ignore = ignore;
}

bool job_diff(struct app *a, const char *side_a, const char *side_b, const struct ls_diff_opts *opts, bool is_quiet,
              job_diff_fn done)
{
    /* The second session, so that the timeline goes on meanwhile; a database in memory has only the one. */
    struct conn *c = conn_side(a);
    const char *scratch = config_scratch_url(&a->project, &a->request);
    struct job_diff *j;

    if (!c)
        c = conn_idle(a);
    if (!c)
        return false;
    j = job_new(a, sizeof(*j), c, diff_run, diff_done);
    j->sides[0] = ls_strdup(side_a);
    j->sides[1] = ls_strdup(side_b);
    j->request = a->request;
    j->scratch_url = scratch ? ls_strdup(scratch) : NULL;
    j->scratch_on_target = a->target.is_scratch_ok;
    copy_options(j, opts);
    j->is_quiet = is_quiet;
    j->fn = done;
    job_post(j);
    return true;
}

void job_diff_cancel(struct app *a)
{
    struct conn *c = a->side ? a->side : a->main;

    if (c)
        ls_session_cancel(c->session);
}
