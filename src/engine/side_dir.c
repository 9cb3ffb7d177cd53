/* A folder of migrations, replayed in a scratch through the engine itself: the format's own plan, run as `up` would run it, without
 * journal and without questions. What the tool writes into its ledger there is left out when the scratch is read. */
#include <config.h>

#include "engine/run_priv.h"
#include "engine/side_priv.h"

#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/refs.h"
#include "lockstep/sql/quote.h"

#define MAX_ROLES 50 /* that migrations name and the scratch lacks */

struct replay {
    struct side_job *j;
    const char *dir, *version;      /* version NULL: all */
    const struct ls_format *format; /* NULL: found out */
    const char *format_name, *ledger_table;
    const struct ls_timeline *applied; /* only what this one counts as applied; NULL: everything */
    const char *source;
    struct ls_scratch scratch;
};

/* --- what is replayed
 * ---------------------------------------------------------------------------------------------------------------------------- */

static bool counts_as_applied(const struct ls_timeline *t, const char *id)
{
    long i = ls_timeline_find_id(t, id);
    enum ls_state s = i >= 0 ? t->e.v[i].state : LS_STATE_PENDING;

    return s == LS_STATE_APPLIED || s == LS_STATE_MODIFIED || s == LS_STATE_DIRTY;
}

/* Leaves in the snapshot what the other timeline counts as applied, and joins it again. */
static void keep_applied(const struct replay *r, struct ls_snapshot *snap)
{
    struct ls_migrations *m = &snap->migrations;
    size_t n = 0;

    for (size_t i = 0; i < m->m.n; i++)
        if (counts_as_applied(r->applied, m->m.v[i].id))
            m->m.v[n++] = m->m.v[i];
    m->m.n = n;
    ls_timeline_release(&snap->timeline);
    ls_timeline_build(m, &snap->ledger, snap->format->rules, &snap->timeline);
}

static enum ls_rc check_replayable(const struct ls_snapshot *snap, struct ls_err *err)
{
    const struct ls_format *f = snap->format;

    for (size_t i = 0; i < snap->migrations.m.n; i++) {
        const struct ls_migration *m = &snap->migrations.m.v[i];

        if (m->lang == LS_LANG_SQL && !(m->flags & LS_MIG_DYNAMIC))
            continue;
        ls_err_set(err, LS_E_UNSUPPORTED, "%s cannot be replayed: %s", m->up.path != NULL ? m->up.path : m->label,
                   m->lang == LS_LANG_CODE            ? "it is a program, and only its own tool can run it"
                   : m->lang == LS_LANG_CLIENT_SCRIPT ? "it is a script for a client program"
                                                      : "it has placeholders that only its own tool fills");
        ls_err_hint(err, "apply it with %s to a database, and compare with that one", f->title);
        return LS_E_UNSUPPORTED;
    }
    if (!(f->caps & LS_CAP_NATIVE_APPLY)) {
        ls_err_set(err, LS_E_UNSUPPORTED, "migrations of %s cannot be replayed: only the tool itself can run them", f->title);
        ls_err_hint(err, "apply them with %s to a database, and compare with that one", f->title);
        return LS_E_UNSUPPORTED;
    }
    return LS_OK;
}

/* --- the run
 * -------------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc as_it_is(void *ctx, struct ls_err *err)
{
    (void)ctx;
    (void)err;
    return LS_OK; /* nobody else knows of this database */
}

static void on_event(void *ctx, const struct ls_event *ev)
{
    struct side_job *j = ctx;

    if (ev->kind == LS_EV_STEP_BEGIN)
        (void)side_tell(j, "replaying", ev->step, ev->plan != NULL ? (int64_t)ev->plan->steps.n : 0);
    else if (ev->kind == LS_EV_WAIT)
        (void)side_tick(j);
}

static enum ls_gate gate(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)plan;
    (void)step;
    (void)op;
    return side_tick(ctx) ? LS_GATE_GO : LS_GATE_STOP;
}

/* "FILE:LINE:COL: message", and what a missing extension means. */
static enum ls_rc place_failure(const struct ls_plan *plan, const struct ls_run_report *rep, struct ls_err *err)
{
    const struct ls_step *s =
        rep->failed_step >= 0 && (size_t)rep->failed_step < plan->steps.n ? &plan->steps.v[rep->failed_step] : NULL;
    struct ls_err placed = LS_ERR_INIT;
    const char *message = rep->err.message != NULL ? rep->err.message : "it failed";
    bool is_told = s != NULL && s->path != NULL && strncmp(message, s->path, strlen(s->path)) == 0;

    ls_err_copy(&placed, &rep->err);
    if (s != NULL && s->path != NULL && !is_told) {
        if (rep->failed_line > 0)
            ls_err_wrap(&placed, "%s:%d:%d", s->path, rep->failed_line, rep->failed_col > 0 ? rep->failed_col : 1);
        else
            ls_err_wrap(&placed, "%s", s->path);
    }
    if (strstr(message, "extension") != NULL &&
        (strcmp(placed.sqlstate, "0A000") == 0 || strcmp(placed.sqlstate, "58P01") == 0 || strcmp(placed.sqlstate, "42704") == 0))
        ls_err_detail(&placed, "the scratch server lacks that extension, and so everything behind this place cannot be replayed: "
                               "install it beside the "
                               "server programs, or name a server that has it with --scratch URL");
    /* What stays of it goes with the scratch: nothing is dirty. */
    if (placed.code == LS_E_PARTIAL || placed.code == LS_E_FAILED || placed.code == LS_E_UNKNOWN)
        placed.code = LS_E_SQL;
    enum ls_rc rc = placed.code;

    ls_err_move(err, &placed);
    return rc;
}

/* A role that migrations grant to and that no migration makes: `role "app" does not exist`. In a server of our own it is made. */
static bool make_role(struct replay *r, const struct ls_err *err)
{
    const char *open = err->message != NULL ? strstr(err->message, "role \"") : NULL,
               *close = open != NULL ? strrchr(open + 6, '"') : NULL;
    struct ls_db_params p = {.url = r->scratch.url};
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_db *db = NULL;
    char *name;
    bool ok = false;

    if (!r->scratch.is_own || strcmp(err->sqlstate, "42704") != 0 || close == NULL || close == open + 6)
        return false;
    name = ls_strndup(open + 6, (size_t)(close - open - 6));
    ls_buf_adds(&sql, "CREATE ROLE ");
    if (ls_sql_ident(&sql, name, NULL) == LS_OK && ls_db_open(&p, &db, NULL) == LS_OK)
        ok = ls_db_exec(db, sql.ptr, sql.len, NULL, 0, NULL, NULL) == LS_OK;
    if (ok)
        side_note(r->j, LS_SEV_INFO, "role-made", NULL, 0, NULL,
                  "the role \"%s\" is named, and no migration makes it; it was made in the scratch", name);
    ls_db_close(db);
    ls_buf_release(&sql);
    free(name);
    return ok;
}

/* A ledger that is a text file beside the migrations is the project's, not the scratch's: it is neither read nor written here. */
static void leave_list_alone(struct ls_plan *plan)
{
    for (size_t i = 0; i < plan->steps.n; i++) {
        struct ls_step *st = &plan->steps.v[i];
        size_t n = 0;

        for (size_t k = 0; k < st->ops.n; k++)
            if (st->ops.v[k].kind != LS_OP_FILE)
                st->ops.v[n++] = st->ops.v[k];
        st->ops.n = n;
    }
}

static enum ls_rc run_plan(struct replay *r, struct ls_session *s, const struct ls_plan *plan, struct ls_err *err)
{
    struct ls_run_check check = {.again = as_it_is, .opts = &s->opts};
    struct ls_run_hooks hooks = {.on_event = on_event, .gate = gate, .ctx = r->j};
    struct ls_format_opts opts = s->opts;
    struct ls_run_report rep;
    enum ls_rc rc;

    check.opts = &opts;
    rc = ls_run_checked(s, plan, &check, &hooks, &rep);
    if (rc != LS_OK && !side_tick(r->j))
        rc = side_stopped(err);
    else if (rc != LS_OK)
        rc = place_failure(plan, &rep, err);
    ls_run_report_release(&rep);
    s->hook_ctx = r->j; /* the run has taken it away */
    return rc;
}

static enum ls_rc replay_in(struct replay *r, struct ls_session *s, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_plan_request all = {.action = LS_ACTION_UP, .count = -1}, to = {.action = LS_ACTION_TO, .version = r->version};
    struct ls_snapshot *snap = NULL;
    struct ls_plan *plan = NULL;
    enum ls_rc rc = ls_session_snapshot(s, &snap, err);

    if (rc == LS_OK && r->applied != NULL)
        keep_applied(r, snap);
    if (rc == LS_OK)
        rc = check_replayable(snap, err);
    for (size_t i = 0; rc == LS_OK && i < snap->migrations.diags.d.n; i++) {
        const struct ls_diag *d = &snap->migrations.diags.d.v[i];

        if (d->severity >= LS_SEV_DANGER)
            side_note(r->j, d->severity, d->code, d->path, d->line, d->hint, "%s", d->message);
    }
    if (rc == LS_OK && snap->format_note != NULL)
        side_note(r->j, LS_SEV_INFO, "format-guessed", NULL, 0, NULL, "%s", snap->format_note);
    if (rc == LS_OK)
        rc = ls_plan_make(s, snap, r->version != NULL ? &to : &all, &plan, err);
    if (rc == LS_OK) {
        leave_list_alone(plan);
        rc = run_plan(r, s, plan, err);
    }
    if (rc == LS_E_SQL && err != NULL && ls_session_connect(s, NULL) == LS_OK)
        ls_refs_hint(ls_session_db(s), err);
    if (rc == LS_OK)
        rc = ls_session_connect(s, err);
    if (rc == LS_OK)
        rc = side_read(r->j, s, snap->format, r->ledger_table, r->source, out, err);
    ls_plan_free(plan);
    ls_snapshot_free(snap);
    return rc;
}

static enum ls_rc once(struct replay *r, enum ls_dialect d, bool *again, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_session_params p = {.url_source = "the scratch",
                                  .migrations_dir = r->dir,
                                  .format = r->format,
                                  .format_name = r->format_name,
                                  .ledger_table = r->ledger_table,
                                  .lock_timeout_ms = -1,
                                  .operator_name = "lockstep",
                                  .is_scratch = true,
                                  .is_pooled_ok = true};
    struct ls_session *s;
    enum ls_rc rc = ls_scratch_open(r->j->w, d, r->j->w->server_version, &r->scratch, err);

    *again = false;
    if (rc != LS_OK)
        return rc;
    p.url = r->scratch.url;
    s = side_session(r->j, &p);
    s->opts.dir = ls_arena_printf(s->arena, "%s/.no-list-of-a-scratch", r->dir);
    rc = replay_in(r, s, out, err);
    side_session_end(r->j, s);
    if (rc != LS_OK && err != NULL)
        *again = make_role(r, err);
    ls_scratch_close(&r->scratch);
    return rc;
}

static enum ls_rc replay(struct replay *r, enum ls_dialect d, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    bool again = true;
    enum ls_rc rc = LS_E_INTERNAL;

    for (int i = 0; again && i <= MAX_ROLES; i++) {
        ls_err_release(&own);
        if (!side_tell(r->j, "replaying", 0, 0))
            return side_stopped(err);
        rc = once(r, d, &again, out, &own);
    }
    if (rc != LS_OK && err != NULL)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}

/* --- the two sides
 * -------------------------------------------------------------------------------------------------------------------------------
 */

enum ls_rc side_load_dir(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    const struct ls_session_params *p = ls_session_params(j->w->session);
    struct replay r = {.j = j, .dir = j->side->what, .version = j->side->version};
    enum ls_dialect d = j->opts.dialect;
    bool known = false;
    char *source;
    enum ls_rc rc;

    if (ls_path_kind(r.dir) != LS_PATH_DIR)
        return ls_err_set(err, LS_E_NOT_FOUND, "there is no such folder");
    rc = ls_side_dialect(j->w, j->side, &known, &d, err);
    if (rc != LS_OK)
        return rc;
    if (!known && !j->opts.has_dialect) {
        ls_err_set(err, LS_E_USAGE, "nothing says which database the migrations are for");
        ls_err_hint(err, "say it: --dialect postgres or --dialect sqlite");
        return LS_E_USAGE;
    }
    /* The project's own folder is in the format that the project says; any is in the one that the operator says. */
    if (j->opts.has_format || strcmp(r.dir, p->migrations_dir) == 0) {
        r.format = p->format;
        r.format_name = p->format_name;
    }
    source = r.version != NULL ? ls_asprintf("dir %s at %s", r.dir, r.version) : ls_asprintf("dir %s", r.dir);
    r.source = source;
    rc = replay(&r, d, out, err);
    free(source);
    return rc;
}

/* What the ledger tells that the folder does not. */
static void note_gaps(struct side_job *j, const struct ls_timeline *t)
{
    if (t->count[LS_STATE_MISSING] > 0)
        side_note(j, LS_SEV_WARNING, "missing-file", NULL, 0, NULL,
                  "%zu applied migration%s no file: what %s did is not promised by the others", t->count[LS_STATE_MISSING],
                  t->count[LS_STATE_MISSING] == 1 ? " has" : "s have", t->count[LS_STATE_MISSING] == 1 ? "it" : "they");
    if (t->count[LS_STATE_MODIFIED] > 0)
        side_note(j, LS_SEV_WARNING, "checksum-changed", NULL, 0, NULL,
                  "%zu applied migration%s changed since: the file%s as it is now is replayed", t->count[LS_STATE_MODIFIED],
                  t->count[LS_STATE_MODIFIED] == 1 ? " was" : "s were", t->count[LS_STATE_MODIFIED] == 1 ? "" : "s");
    if (t->count[LS_STATE_DIRTY] > 0)
        side_note(j, LS_SEV_WARNING, "dirty", NULL, 0, "`lockstep status` explains it",
                  "the ledger says dirty: the migration that failed is replayed whole");
}

enum ls_rc side_load_migrations(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_session *s = j->w->session;
    const struct ls_session_params *p = ls_session_params(s);
    struct replay r = {.j = j, .dir = p->migrations_dir, .ledger_table = p->ledger_table};
    struct ls_snapshot *snap = NULL;
    char *source = NULL;
    enum ls_rc rc;

    if (p->url == NULL || p->url[0] == '\0') {
        ls_err_set(err, LS_E_USAGE, "no database is named, and the side `migrations` is what its ledger says was applied");
        ls_err_hint(err, "give --url or -e NAME; or name the folder: dir:%s", p->migrations_dir);
        return LS_E_USAGE;
    }
    rc = ls_session_snapshot(s, &snap, err);
    if (rc != LS_OK)
        return rc;
    note_gaps(j, &snap->timeline);
    r.format = snap->format;
    r.applied = &snap->timeline;
    if (snap->info.dialect == LS_DIALECT_POSTGRES)
        j->w->server_version = snap->info.server_version;
    source = snap->timeline.newest_applied >= 0
                 ? ls_asprintf("migrations in %s at %s", r.dir, snap->timeline.e.v[snap->timeline.newest_applied].label)
                 : ls_asprintf("migrations in %s, none applied", r.dir);
    r.source = source;
    rc = replay(&r, snap->info.dialect, out, err);
    free(source);
    ls_snapshot_free(snap);
    return rc;
}
