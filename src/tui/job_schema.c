/* tui/job_schema.c: the catalogue of the target, read by a worker. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

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
    struct ls_catalog_state *state;
    bool sizes_too;
    job_schema_fn fn;
};

static void read_once(struct job_schema *j)
{
    struct ls_catalog_opts opts = {.with_sizes = true, .always = j->sizes_too};
    enum ls_catalog_how how;

    j->job.rc = ls_session_connect(j->job.session, &j->job.err);
    if (j->job.rc != LS_OK)
        return;
    /* SQLite has them at hand. PostgreSQL makes each one: they are asked for when they are looked at. */
    opts.with_definitions = ls_db_dialect(ls_session_db(j->job.session)) == LS_DIALECT_SQLITE;
    j->job.rc = ls_db_catalog_refresh(ls_session_db(j->job.session), &opts, &j->state, &j->c, &how, &j->job.err);
}

/* A connection that was idle may have been closed meanwhile, which shows only when it is used: the next one is a new one. */
static void schema_run(struct task *t)
{
    struct job_schema *j = (struct job_schema *)t;

    for (int tries = 0; tries < 2 && (tries == 0 || j->job.rc == LS_E_CONNECT); tries++) {
        ls_err_release(&j->job.err);
        read_once(j);
    }
}

static void schema_done(struct task *t, bool is_stale)
{
    struct job_schema *j = (struct job_schema *)t;

    if (is_stale) {
        ls_catalog_free(j->c);
        ls_catalog_state_free(j->state);
    } else {
        j->fn(j->job.app, j->c ? catref_new(j->c) : NULL, j->state, &j->job.err);
    }
    job_free(j);
}

bool job_schema(struct app *a, struct ls_catalog_state **state, bool sizes_too, job_schema_fn done)
{
    struct conn *c = conn_idle(a);
    struct job_schema *j;

    if (!c || a->phase != APP_READY)
        return false;
    j = job_new(a, sizeof(*j), c, schema_run, schema_done);
    j->fn = done;
    j->state = *state;
    *state = NULL;
    j->sizes_too = sizes_too;
    job_post(j);
    return true;
}

/* --- one definition ----------------------------------------------------------------------------------------------- */

struct job_definition {
    struct job job;
    char *schema, *name, *text;
    struct catref *cat;
    uint32_t fact;
    job_definition_fn fn;
};

/* The name is the one of the catalogue, with argument types as an empty search path shows them. */
#define DEFINITION                                                                                                                 \
    "select pg_catalog.pg_get_functiondef(p.oid) from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = "             \
    "p.pronamespace where "                                                                                                        \
    "n.nspname = $1 and p.prokind <> 'a' and "                                                                                     \
    "p.proname || '(' || pg_catalog.replace(pg_catalog.oidvectortypes(p.proargtypes), ', ', ',') || ')' = $2"

static void definition_run(struct task *t)
{
    struct job_definition *j = (struct job_definition *)t;
    const struct ls_param params[] = {{LS_PARAM_TEXT, j->schema}, {LS_PARAM_TEXT, j->name}};
    struct ls_db *db;
    struct ls_result res;

    j->job.rc = ls_session_connect(j->job.session, &j->job.err);
    if (j->job.rc != LS_OK)
        return;
    db = ls_session_db(j->job.session);
    j->job.rc = ls_db_begin(db, &j->job.err);
    if (j->job.rc == LS_OK)
        j->job.rc = ls_db_exec(db, "set local search_path = ''", 26, NULL, 0, NULL, &j->job.err);
    if (j->job.rc == LS_OK)
        j->job.rc = ls_db_query(db, DEFINITION, params, LS_ARRAY_LEN(params), &res, &j->job.err);
    if (j->job.rc == LS_OK) {
        if (res.n_rows == 1 && ls_result_get(&res, 0, 0))
            j->text = ls_strdup(ls_result_get(&res, 0, 0));
        ls_result_release(&res);
    }
    ls_db_rollback(db);
}

static void definition_done(struct task *t, bool is_stale)
{
    struct job_definition *j = (struct job_definition *)t;

    if (!is_stale)
        j->fn(j->job.app, j->cat, j->fact, j->text);
    catref_put(j->cat);
    free(j->schema);
    free(j->name);
    free(j->text);
    job_free(j);
}

bool job_definition(struct app *a, struct catref *cat, uint32_t fact, job_definition_fn done)
{
    struct conn *c = a->mail ? conn_idle(a) : NULL;
    struct job_definition *j;

    if (!c || a->phase != APP_READY)
        return false;
    j = job_new(a, sizeof(*j), c, definition_run, definition_done);
    j->schema = ls_strdup(cat->c->facts[fact].schema);
    j->name = ls_strdup(cat->c->facts[fact].name);
    j->cat = catref_get(cat);
    j->fact = fact;
    j->fn = done;
    job_post(j);
    return true;
}
