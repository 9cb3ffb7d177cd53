#include <config.h>

#include "engine/plan_priv.h"

#include <string.h>

#include "engine/delegate.h"
#include "engine/session_priv.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/settle.h"

struct maker {
    const struct ls_snapshot *snap;
    const struct ls_plan_goal *goal;
    struct ls_plan *plan;
    struct ls_plan_ctx ctx;
};

static bool is_mark(enum ls_action a)
{
    return a == LS_ACTION_MARK_APPLIED || a == LS_ACTION_MARK_PENDING;
}

static bool is_applied(const struct ls_entry *e)
{
    return e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED || e->state == LS_STATE_MISSING;
}

static enum ls_rc refuse_foreign(const struct ls_snapshot *snap, struct ls_err *err)
{
    const struct ls_ledger *l = &snap->ledger;
    const struct ls_format *other = ls_format_find(l->foreign);

    ls_err_set(err, LS_E_REFUSED, "the table %s belongs to %s, not to %s", l->location, l->foreign, snap->format->title);
    if (other != NULL)
        ls_err_hint(err, "work in that tool's format (--format %s), or give this format another ledger table", other->name);
    else
        ls_err_hint(err, "this build does not operate that tool's ledger: leave the table to it, and give this format another ledger table");
    return LS_E_REFUSED;
}

/* Half of the files may have other names than the ledger knows. */
static enum ls_rc refuse_unfinished(const struct ls_snapshot *snap, struct ls_err *err)
{
    char *path = ls_path_join(snap->migrations.dir, LS_SETTLE_INTENT);
    enum ls_rc rc = LS_OK;

    if (ls_path_exists(path)) {
        rc = ls_err_set(err, LS_E_REFUSED, "a settlement of this folder was broken off: %s", path);
        ls_err_hint(err, "lockstep conflicts says how to bring it to its end, or back");
    }
    free(path);
    return rc;
}

static enum ls_rc resolve(const struct ls_snapshot *snap, const struct ls_plan_request *req, struct ls_plan_goal *goal, struct ls_err *err)
{
    enum ls_rc rc;
    long at = -1;

    *goal = (struct ls_plan_goal){.action = req->action, .count = req->count, .out_of_order = req->out_of_order};
    if (req->action != LS_ACTION_TO && !is_mark(req->action))
        return LS_OK;
    if (req->action == LS_ACTION_TO && ls_plan_means_heads(snap, req->version)) {
        goal->action = LS_ACTION_UP;
        goal->count = -1;
        return LS_OK;
    }
    rc = ls_plan_resolve(snap, req->version, &at, err);
    goal->to_nothing = at < 0;
    goal->id = at >= 0 ? snap->timeline.e.v[at].id : NULL;
    return rc;
}

/* --- steps ----------------------------------------------------------------------------------------------------------------------------- */

static struct ls_step *push_step(struct maker *mk, enum ls_step_kind kind, enum ls_direction dir, const struct ls_entry *e)
{
    struct ls_plan *p = mk->plan;
    struct ls_step *step = LS_VEC_PUSH(&p->steps);

    step->kind = kind;
    step->direction = dir;
    step->tx_note = "";
    step->line = 1;
    if (e != NULL) {
        step->version = e->version;
        step->id = ls_arena_str(p->arena, e->migration != NULL ? e->migration->id : e->row->id);
        step->label = ls_arena_str(p->arena, e->label);
        step->name = ls_arena_str(p->arena, e->name);
    } else {
        step->id = "-1";
        step->label = "none";
        step->name = "";
    }
    mk->ctx.prev = p->steps.n > 1 ? &p->steps.v[p->steps.n - 2] : NULL;
    mk->ctx.stmts = NULL;
    return step;
}

/* A format that cuts the text itself, or puts values into it first, does not need ours to understand it. */
static enum ls_rc load(struct maker *mk, const struct ls_migration *m, const struct ls_section *section, struct ls_source *src, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    bool is_lenient = (mk->snap->format->caps & (LS_CAP_OWN_SPLIT | LS_CAP_DELEGATE)) != 0 || (m->flags & LS_MIG_DYNAMIC) != 0;
    enum ls_rc rc = ls_source_load(section, mk->ctx.dialect, section->sha256, src, &own);

    if (rc == LS_E_INPUT && src->sha256[0] != '\0' && is_lenient)
        rc = LS_OK;
    else if (rc != LS_OK && err != NULL)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}

/* The first error that the scan had about this migration's file; NULL: none. */
static const struct ls_diag *error_about(const struct ls_migrations *all, const struct ls_migration *m)
{
    for (size_t i = 0; m->up.path != NULL && i < all->diags.d.n; i++) {
        const struct ls_diag *d = &all->diags.d.v[i];

        if (d->severity == LS_SEV_ERROR && d->path != NULL && strcmp(d->path, m->up.path) == 0)
            return d;
    }
    return NULL;
}

static enum ls_rc refuse_unparsed(const struct maker *mk, const struct ls_migration *m, struct ls_err *err)
{
    const struct ls_diag *d = error_about(&mk->snap->migrations, m);

    if (d == NULL) {
        ls_err_set(err, LS_E_REFUSED, "%s could not be understood", m->up.path != NULL ? m->up.path : m->label);
        ls_err_hint(err, "see what verify says about it");
        return LS_E_REFUSED;
    }
    if (d->line > 0)
        ls_err_set(err, LS_E_REFUSED, "%s:%d: %s", d->path, d->line, d->message);
    else
        ls_err_set(err, LS_E_REFUSED, "%s: %s", d->path, d->message);
    if (err != NULL)
        err->line = d->line;
    if (d->hint != NULL)
        ls_err_hint(err, "%s", d->hint);
    return LS_E_REFUSED;
}

static enum ls_rc refuse_code(const struct maker *mk, const struct ls_entry *e, struct ls_err *err)
{
    static const char *const why[] = {[LS_LANG_CLIENT_SCRIPT] = "is a script for the database's own client program",
                                      [LS_LANG_CODE] = "is program code, which only the tool itself can run"};
    const struct ls_migration *m = e->migration;

    bool is_delegated = (mk->snap->format->caps & LS_CAP_DELEGATE) != 0;

    if (m == NULL || ((m->lang == LS_LANG_SQL || is_delegated) && (m->flags & LS_MIG_UNPARSED) == 0))
        return LS_OK;
    if (m->lang == LS_LANG_SQL || is_delegated)
        return refuse_unparsed(mk, m, err);
    ls_err_set(err, LS_E_REFUSED, "%s %s", m->up.path != NULL ? m->up.path : m->label, why[m->lang]);
    ls_err_hint(err, "run it with %s, then go on here", mk->snap->format->title);
    return LS_E_REFUSED;
}

static enum ls_rc add_run(struct maker *mk, enum ls_direction dir, const struct ls_entry *e, const struct ls_entry *prev_applied, struct ls_err *err)
{
    struct ls_step *step = push_step(mk, LS_STEP_MIGRATE, dir, e);
    const struct ls_section *section = e->migration == NULL ? NULL : dir == LS_UP ? &e->migration->up : &e->migration->down;
    struct ls_arena *arena = mk->plan->arena;
    struct ls_source src = {.text = LS_BUF_INIT};
    enum ls_rc rc = refuse_code(mk, e, err);

    if (rc != LS_OK)
        return rc;
    step->is_half = e->migration != NULL && (mk->snap->format->caps & LS_CAP_DOWN) != 0 &&
                    (dir == LS_UP ? &e->migration->down : &e->migration->up)->path == NULL;
    if (section != NULL && section->path != NULL) {
        rc = load(mk, e->migration, section, &src, err);
        step->path = ls_arena_str(arena, section->path);
        step->text = ls_arena_strn(arena, src.text.ptr, src.text.len);
        step->text_len = src.text.len;
        step->line = src.line;
        step->sha256 = ls_arena_str(arena, src.sha256);
        mk->ctx.stmts = (mk->snap->format->caps & LS_CAP_DELEGATE) == 0 ? src.stmts : NULL;
    }
    if (rc == LS_OK)
        rc = mk->snap->format->plan_step(&mk->ctx, step, e, prev_applied, err);
    mk->ctx.stmts = NULL;
    ls_source_release(&src);
    return rc;
}

/* A step that only writes the ledger; one that has nothing to write goes again. */
static enum ls_rc add_record(struct maker *mk, struct ls_err *err)
{
    enum ls_action action = mk->goal->action;
    const struct ls_timeline *t = &mk->snap->timeline;
    const struct ls_format *f = mk->snap->format;
    long i = mk->goal->id != NULL ? ls_timeline_find_id(t, mk->goal->id) : -1;
    const struct ls_entry *e = i >= 0 && action != LS_ACTION_IMPORT ? &t->e.v[i] : NULL;
    struct ls_step *step = push_step(mk, LS_STEP_RECORD, action == LS_ACTION_MARK_PENDING ? LS_DOWN : LS_UP, e);
    enum ls_rc rc;

    if (action == LS_ACTION_IMPORT) {
        step->id = step->label = "import";
        step->name = "schema_version";
        rc = f->plan_import(&mk->ctx, step, err);
    } else {
        rc = f->plan_mark(&mk->ctx, step, e, action == LS_ACTION_MARK_APPLIED && e != NULL, err);
    }
    if (step->ops.n == 0) {
        LS_VEC_RELEASE(&step->ops);
        mk->plan->steps.n--;
    }
    return rc;
}

/* What is in no order cannot be the one that is taken back next. */
static bool can_go_down(const struct maker *mk, const struct ls_entry *e)
{
    return e->migration == NULL ? !mk->snap->format->rules->down_passes_missing : e->migration->kind == LS_KIND_VERSIONED;
}

/* The last applied entry in front of *end, at or behind `from`; *end is moved there. -1: none. */
static long next_below(const struct maker *mk, long *end, long from)
{
    while (--*end >= from)
        if (is_applied(&mk->snap->timeline.e.v[*end]) && can_go_down(mk, &mk->snap->timeline.e.v[*end]))
            return *end;
    return -1;
}

/* The newest applied one with a file in front of an entry. */
static long newest_below(const struct maker *mk, long at)
{
    const struct ls_timeline *t = &mk->snap->timeline;

    while (--at >= 0)
        if (is_applied(&t->e.v[at]) && t->e.v[at].migration != NULL && can_go_down(mk, &t->e.v[at]))
            return at;
    return -1;
}

/* Where a row is among the ledger's rows; an entry without one is older than all. */
static long row_at(const struct maker *mk, const struct ls_entry *e)
{
    return e->row != NULL ? (long)(e->row - mk->snap->ledger.rows.v) : -1;
}

/* The next one to take back: the last applied entry at or behind `from` that was not taken yet; -1 none. */
static long next_down(const struct maker *mk, const bool *taken, long from)
{
    const struct ls_timeline *t = &mk->snap->timeline;
    long best = -1;

    for (long i = (long)t->e.n - 1; i >= from; i--) {
        if (taken[i] || !is_applied(&t->e.v[i]) || !can_go_down(mk, &t->e.v[i]))
            continue;
        if (!mk->snap->format->rules->down_by_ledger)
            return i;
        if (best < 0 || row_at(mk, &t->e.v[i]) > row_at(mk, &t->e.v[best]))
            best = i;
    }
    return best;
}

/* Takes back `count` (-1: all) of the entries from `from` on. */
static enum ls_rc add_downs(struct maker *mk, long count, long from, struct ls_err *err)
{
    const struct ls_timeline *t = &mk->snap->timeline;
    bool *taken = ls_calloc(t->e.n + 1, sizeof(*taken)), by_ledger = mk->snap->format->rules->down_by_ledger;
    enum ls_rc rc = LS_OK;
    long end = (long)t->e.n, i;

    while (rc == LS_OK && count != 0 && (i = by_ledger ? next_down(mk, taken, from) : next_below(mk, &end, from)) >= 0) {
        long below;

        taken[i] = true;
        below = by_ledger ? next_down(mk, taken, 0) : newest_below(mk, i);
        rc = add_run(mk, LS_DOWN, &t->e.v[i], below >= 0 ? &t->e.v[below] : NULL, err);
        count -= count > 0;
    }
    free(taken);
    return rc;
}

/* Runs `count` (-1: all) of the entries up to the one at `last`. */
static enum ls_rc add_ups(struct maker *mk, long count, long last, struct ls_err *err)
{
    const struct ls_timeline *t = &mk->snap->timeline;
    enum ls_rc rc = LS_OK;

    for (long i = 0; rc == LS_OK && i <= last && count != 0; i++) {
        if (!t->e.v[i].is_runnable)
            continue;
        rc = add_run(mk, LS_UP, &t->e.v[i], NULL, err);
        count -= count > 0;
    }
    return rc;
}

/* A graph: everything that the goal needs, by parents and depends, is marked. */
static void mark_needed(const struct ls_timeline *t, long at, bool *needed)
{
    long *todo = ls_calloc(t->e.n + 1, sizeof(*todo));
    size_t n = 0;

    todo[n++] = at;
    needed[at] = true;
    while (n > 0) {
        const struct ls_migration *m = t->e.v[todo[--n]].migration;
        const char *const *lists[2] = {m != NULL ? m->parents : NULL, m != NULL ? m->depends : NULL};

        for (size_t k = 0; k < LS_ARRAY_LEN(lists); k++)
            for (const char *const *id = lists[k]; id != NULL && *id != NULL; id++) {
                long i = ls_timeline_find_id(t, *id);

                if (i >= 0 && !needed[i]) {
                    needed[i] = true;
                    todo[n++] = i;
                }
            }
    }
    free(todo);
}

static bool names(const char *const *list, const char *id)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, id) == 0)
            return true;
    return false;
}

static bool names_one(const struct ls_timeline *t, const char *const *list, const bool *set)
{
    for (; list != NULL && *list != NULL; list++) {
        long i = ls_timeline_find_id(t, *list);

        if (i >= 0 && set[i])
            return true;
    }
    return false;
}

/* A graph, and the goal is applied: its children by parents go back, and whatever needs one of those (alembic's downgrade). What stands beside the goal
 * stays as it is. */
static enum ls_rc add_downs_in_graph(struct maker *mk, long at, struct ls_err *err)
{
    const struct ls_timeline *t = &mk->snap->timeline;
    bool *goes = ls_calloc(t->e.n + 1, sizeof(*goes));
    enum ls_rc rc = LS_OK;

    /* Each stands behind what it needs. */
    for (long i = at + 1; i < (long)t->e.n; i++) {
        const struct ls_migration *m = t->e.v[i].migration;

        goes[i] = m != NULL && (names(m->parents, t->e.v[at].id) || names_one(t, m->parents, goes) || names_one(t, m->depends, goes));
    }
    for (long i = (long)t->e.n - 1; rc == LS_OK && i > at; i--)
        if (goes[i] && is_applied(&t->e.v[i]))
            rc = add_run(mk, LS_DOWN, &t->e.v[i], NULL, err);
    free(goes);
    return rc;
}

/* In a graph the ones behind the goal are its descendants, not whatever stands below it in the list. */
static enum ls_rc add_to_in_graph(struct maker *mk, long at, struct ls_err *err)
{
    const struct ls_timeline *t = &mk->snap->timeline;
    bool *needed = ls_calloc(t->e.n + 1, sizeof(*needed));
    enum ls_rc rc = LS_OK;

    if (is_applied(&t->e.v[at])) {
        free(needed);
        return add_downs_in_graph(mk, at, err);
    }
    mark_needed(t, at, needed);
    for (long i = 0; rc == LS_OK && i < (long)t->e.n; i++)
        if (needed[i] && t->e.v[i].is_runnable)
            rc = add_run(mk, LS_UP, &t->e.v[i], NULL, err);
    free(needed);
    return rc;
}

static enum ls_rc add_to(struct maker *mk, struct ls_err *err)
{
    const struct ls_plan_goal *g = mk->goal;
    const struct ls_timeline *t = &mk->snap->timeline;
    long at = g->id != NULL ? ls_timeline_find_id(t, g->id) : -1, behind = at + 1;
    enum ls_rc rc;

    if (g->to_nothing)
        return add_downs(mk, -1, 0, err);
    if (at < 0)
        return ls_err_set(err, LS_E_NOT_FOUND, "there is no migration \"%s\" any more", g->id);
    if (t->e.v[at].migration == NULL) {
        ls_err_set(err, LS_E_REFUSED, "version %s has no file in %s", t->e.v[at].label, mk->snap->migrations.dir);
        ls_err_hint(err, "bring its files back, or choose a version that has them");
        return LS_E_REFUSED;
    }
    if ((mk->snap->format->caps & LS_CAP_DAG) != 0)
        return add_to_in_graph(mk, at, err);
    /* Duplicates of it stand behind it, and are at the same place. */
    while (behind < (long)t->e.n && strcmp(t->e.v[behind].id, g->id) == 0)
        behind++;
    rc = add_downs(mk, -1, behind, err);
    return rc == LS_OK ? add_ups(mk, -1, behind - 1, err) : rc;
}

/* The end of a transaction that holds all steps. */
static enum ls_rc finish_steps(struct maker *mk, struct ls_err *err)
{
    struct ls_plan *p = mk->plan;

    if (mk->snap->format->plan_finish == NULL || p->steps.n == 0)
        return LS_OK;
    mk->ctx.prev = &p->steps.v[p->steps.n - 1];
    return mk->snap->format->plan_finish(&mk->ctx, &p->steps.v[p->steps.n - 1], err);
}

static enum ls_rc refuse_not_operated(const struct ls_snapshot *snap, struct ls_err *err)
{
    const struct ls_format *f = snap->format;

    ls_err_set(err, (f->caps & LS_CAP_RECOGNISE_ONLY) != 0 ? LS_E_UNSUPPORTED : LS_E_REFUSED, "lockstep does not run the migrations of %s itself", f->title);
    ls_err_hint(err, "use %s for it", f->title);
    return err != NULL ? err->code : LS_E_REFUSED;
}

static enum ls_rc add_steps(struct maker *mk, struct ls_err *err)
{
    const struct ls_snapshot *snap = mk->snap;
    const struct ls_plan_goal *g = mk->goal;
    enum ls_rc rc;

    if (g->action == LS_ACTION_IMPORT && snap->format->plan_import == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "the format %s has nothing to import", snap->format->name);
    if (g->action == LS_ACTION_IMPORT && !snap->ledger.has_legacy)
        return ls_err_set(err, LS_E_NOT_FOUND, "there is no older ledger to import: no table schema_version, or it was imported before");
    if (is_mark(g->action) && snap->format->plan_mark == NULL)
        return refuse_not_operated(snap, err);
    if (g->action == LS_ACTION_IMPORT || is_mark(g->action))
        return add_record(mk, err);
    if ((snap->format->caps & (LS_CAP_NATIVE_APPLY | LS_CAP_DELEGATE)) == 0)
        return refuse_not_operated(snap, err);
    if ((snap->format->caps & LS_CAP_DELEGATE) != 0 && snap->tool_path == NULL)
        return ls_delegate_refuse(snap, err);
    rc = ls_plan_check_whole(snap, err);
    if (rc != LS_OK)
        return rc;
    rc = snap->format->check_runnable == NULL ? LS_OK : snap->format->check_runnable(&snap->timeline, &snap->ledger, g->action == LS_ACTION_DOWN ? LS_DOWN : LS_UP, err);
    if (rc != LS_OK)
        return rc;
    if (g->action == LS_ACTION_UP)
        rc = add_ups(mk, g->count, (long)snap->timeline.e.n - 1, err);
    else if (g->action == LS_ACTION_DOWN)
        rc = add_downs(mk, g->count, 0, err);
    else
        rc = add_to(mk, err);
    return rc == LS_OK ? finish_steps(mk, err) : rc;
}

static uint64_t number_of(const struct ls_snapshot *snap, const char *id)
{
    long i = id != NULL ? ls_timeline_find_id(&snap->timeline, id) : -1;

    return i >= 0 ? snap->timeline.e.v[i].version : 0;
}

static void begin(struct maker *mk, struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_goal *goal)
{
    struct ls_plan *p = ls_plan_new();

    *mk = (struct maker){.snap = snap, .goal = goal, .plan = p};
    p->action = goal->action;
    p->count = goal->count;
    p->id = ls_arena_str(p->arena, goal->id);
    p->version = number_of(snap, goal->id);
    p->to_nothing = goal->to_nothing;
    p->out_of_order = goal->out_of_order;
    p->format = ls_arena_str(p->arena, snap->format->name);
    p->target = ls_arena_str(p->arena, snap->target_label);
    p->ledger = ls_arena_str(p->arena, snap->ledger.location != NULL ? snap->ledger.location : "");
    mk->ctx = (struct ls_plan_ctx){.plan = p,
                                   .dialect = s->dialect,
                                   .opts = &s->opts,
                                   .timeline = &snap->timeline,
                                   .ledger = &snap->ledger,
                                   .migrations = &snap->migrations,
                                   .tool_path = ls_arena_str(p->arena, snap->tool_path),
                                   .tool_dir = ls_arena_str(p->arena, snap->tool_dir),
                                   .info = &snap->info,
                                   .operator_name = ls_arena_str(p->arena, s->p.operator_name)};
}

static enum ls_rc build(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_goal *goal, struct ls_plan **out,
                         struct ls_err *err)
{
    struct ls_plan *p;
    struct maker mk;
    enum ls_rc rc = LS_OK;

    *out = NULL;
    begin(&mk, s, snap, goal);
    p = mk.plan;
    ls_ledger_fingerprint(&snap->ledger, p->ledger_fingerprint);
    if (!snap->has_db)
        rc = ls_err_set(err, LS_E_CONNECT, "no database was read, so there is nothing to plan against");
    else if (snap->ledger.foreign != NULL)
        rc = refuse_foreign(snap, err);
    if (rc == LS_OK)
        rc = refuse_unfinished(snap, err);
    if (rc == LS_OK)
        rc = add_steps(&mk, err);
    if (rc == LS_OK && p->steps.n > 0 && !snap->ledger.exists && snap->format->plan_setup != NULL)
        rc = snap->format->plan_setup(&mk.ctx, err);
    if (rc != LS_OK) {
        ls_plan_free(p);
        return rc;
    }
    ls_plan_group(p);
    ls_plan_digest(p, p->digest);
    *out = p;
    return LS_OK;
}

enum ls_rc ls_plan_one(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_entry *e, struct ls_plan **out, struct ls_err *err)
{
    struct ls_plan_goal goal = {.action = LS_ACTION_UP, .count = 1};
    struct maker mk;
    enum ls_rc rc;

    *out = NULL;
    begin(&mk, s, snap, &goal);
    rc = add_run(&mk, LS_UP, e, NULL, err);
    if (rc != LS_OK) {
        ls_plan_free(mk.plan);
        return rc;
    }
    ls_plan_find(mk.plan, snap, s->dialect);
    *out = mk.plan;
    return LS_OK;
}

/* The same snapshot, seen by a tool that was told to run late ones too. Its timeline is to be released. */
static enum ls_rc allow_late(const struct ls_snapshot *snap, struct ls_snapshot *out, struct ls_err *err)
{
    struct ls_timeline_rules rules = *snap->format->rules;

    if (rules.late_option == NULL && !rules.runs_out_of_order) {
        ls_err_set(err, LS_E_REFUSED, "%s has no way to run what is out of order", snap->format->title);
        ls_err_hint(err, "give those migrations newer numbers");
        return LS_E_REFUSED;
    }
    *out = *snap;
    rules.runs_out_of_order = true;
    ls_timeline_build(&snap->migrations, &snap->ledger, &rules, &out->timeline);
    out->timeline.runs_late = true;
    return LS_OK;
}

static enum ls_rc build_late(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_goal *goal, struct ls_plan **out,
                             struct ls_err *err)
{
    struct ls_snapshot late;
    enum ls_rc rc = allow_late(snap, &late, err);

    *out = NULL;
    if (rc != LS_OK)
        return rc;
    rc = build(s, &late, goal, out, err);
    ls_timeline_release(&late.timeline);
    return rc;
}

enum ls_rc ls_plan_build(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_goal *goal, struct ls_plan **out,
                         struct ls_err *err)
{
    return goal->out_of_order ? build_late(s, snap, goal, out, err) : build(s, snap, goal, out, err);
}

enum ls_rc ls_plan_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_request *req, struct ls_plan **out,
                        struct ls_err *err)
{
    struct ls_plan_goal goal;
    enum ls_rc rc;

    *out = NULL;
    rc = resolve(snap, req, &goal, err);
    if (rc == LS_OK)
        rc = ls_plan_build(s, snap, &goal, out, err);
    if (rc == LS_OK)
        ls_plan_find(*out, snap, s->dialect);
    return rc;
}
