/* tui/job_schema.c: the catalogue of the target, read by a worker. */
#include <config.h>

#include <stdlib.h>

#include "lockstep/base/mem.h"
#include "lockstep/db/catalog.h"
#include "tui/jobs.h"

struct catref *catref_new(struct ls_catalog *c)
{
    struct catref *r = ls_calloc(1, sizeof(*r));

    r->c = c;
    r->refs = 1;
    return r;
}

struct catref *catref_get(struct catref *r)
{
    r->refs++;
    return r;
}

void catref_put(struct catref *r)
{
    if (!r || --r->refs > 0)
        return;
    ls_catalog_free(r->c);
    free(r);
}

struct job_schema {
    struct job job;
    struct ls_catalog *c;
    job_schema_fn fn;
};

static void schema_run(struct task *t)
{
    struct job_schema *j = (struct job_schema *)t;
    const struct ls_catalog_opts opts = {.with_sizes = true, .with_definitions = true};

    j->job.rc = ls_session_connect(j->job.session, &j->job.err);
    if (j->job.rc == LS_OK)
        j->job.rc = ls_db_catalog(ls_session_db(j->job.session), &opts, &j->c, &j->job.err);
}

static void schema_done(struct task *t, bool is_stale)
{
    struct job_schema *j = (struct job_schema *)t;

    if (is_stale)
        ls_catalog_free(j->c);
    else
        j->fn(j->job.app, j->c ? catref_new(j->c) : NULL, &j->job.err);
    job_free(j);
}

bool job_schema(struct app *a, job_schema_fn done)
{
    struct conn *c = conn_idle(a);
    struct job_schema *j;

    if (!c || a->phase != APP_READY)
        return false;
    j = job_new(a, sizeof(*j), c, schema_run, schema_done);
    j->fn = done;
    job_post(j);
    return true;
}
