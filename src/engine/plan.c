#include <config.h>

#include "engine/plan_priv.h"

#include <inttypes.h>
#include <string.h>

#include "engine/session_priv.h"
#include "lockstep/base/mem.h"

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

static bool is_runnable(const struct maker *mk, const struct ls_entry *e)
{
    if (e->migration == NULL)
        return false;
    return e->state == LS_STATE_PENDING || e->state == LS_STATE_ROLLED_BACK ||
           (e->state == LS_STATE_OUT_OF_ORDER && mk->snap->format->rules->runs_out_of_order);
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

/* --- the version that a request names --------------------------------------------------------------------------------------------------- */

/* "7", "007", "007_add_email". */
static bool parse_version(const char *text, uint64_t *out)
{
    uint64_t v = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        if (v > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return p != text && (*p == '\0' || *p == '_');
}

static enum ls_rc resolve(const struct ls_snapshot *snap, const struct ls_plan_request *req, struct ls_plan_goal *goal, struct ls_err *err)
{
    const struct ls_timeline *t = &snap->timeline;
    bool is_number;

    *goal = (struct ls_plan_goal){.action = req->action, .count = req->count};
    if (req->action != LS_ACTION_TO && !is_mark(req->action))
        return LS_OK;
    if (req->version == NULL || req->version[0] == '\0')
        return ls_err_set(err, LS_E_USAGE, "which version? None was named");
    is_number = parse_version(req->version, &goal->version);
    if (is_number && ls_timeline_find(t, goal->version) >= 0)
        return LS_OK;
    if (strcmp(req->version, "none") == 0 || strcmp(req->version, "-1") == 0 || (is_number && goal->version == 0)) {
        goal->to_nothing = true;
        goal->version = 0;
        return LS_OK;
    }
    for (size_t i = 0; i < t->e.n; i++) {
        if (strcmp(t->e.v[i].label, req->version) != 0 && strcmp(t->e.v[i].name, req->version) != 0)
            continue;
        goal->version = t->e.v[i].version;
        return LS_OK;
    }
    ls_err_set(err, LS_E_NOT_FOUND, "there is no migration \"%s\" in %s, and no such version in the ledger", req->version, snap->migrations.dir);
    ls_err_hint(err, "versions are named as the list shows them; \"none\" means before the first one");
    return LS_E_NOT_FOUND;
}

/* --- steps ----------------------------------------------------------------------------------------------------------------------------- */

static struct ls_step *push_step(struct maker *mk, enum ls_step_kind kind, enum ls_direction dir, const struct ls_entry *e)
{
    struct ls_plan *p = mk->plan;
    struct ls_step *step = LS_VEC_PUSH(&p->steps);

    step->kind = kind;
    step->direction = dir;
    step->tx_note = "";
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

static enum ls_rc add_run(struct maker *mk, enum ls_direction dir, const struct ls_entry *e, const struct ls_entry *prev_applied, struct ls_err *err)
{
    struct ls_step *step = push_step(mk, LS_STEP_MIGRATE, dir, e);
    const struct ls_section *section = e->migration == NULL ? NULL : dir == LS_UP ? &e->migration->up : &e->migration->down;
    struct ls_arena *arena = mk->plan->arena;
    struct ls_source src = {.text = LS_BUF_INIT};
    enum ls_rc rc = LS_OK;

    step->is_half = e->migration != NULL && (dir == LS_UP ? &e->migration->down : &e->migration->up)->path == NULL;
    if (section != NULL && section->path != NULL) {
        rc = ls_source_load(section, mk->ctx.dialect, section->sha256, &src, err);
        step->path = ls_arena_str(arena, section->path);
        step->text = ls_arena_strn(arena, src.text.ptr, src.text.len);
        step->text_len = src.text.len;
        step->sha256 = ls_arena_str(arena, src.sha256);
        mk->ctx.stmts = src.stmts;
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
    long i = mk->goal->to_nothing ? -1 : ls_timeline_find(t, mk->goal->version);
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

static enum ls_rc add_downs(struct maker *mk, long count, uint64_t above, bool is_all, struct ls_err *err)
{
    const struct ls_timeline *t = &mk->snap->timeline;
    enum ls_rc rc = LS_OK;
    size_t i = t->e.n;

    while (rc == LS_OK && i-- > 0 && count != 0) {
        const struct ls_entry *e = &t->e.v[i], *below = NULL;

        if (!is_applied(e) || (!is_all && e->version <= above))
            continue;
        for (size_t k = i; below == NULL && k-- > 0;)
            if (is_applied(&t->e.v[k]) && t->e.v[k].migration != NULL)
                below = &t->e.v[k];
        rc = add_run(mk, LS_DOWN, e, below, err);
        count -= count > 0;
    }
    return rc;
}

static enum ls_rc add_ups(struct maker *mk, long count, uint64_t up_to, bool is_all, struct ls_err *err)
{
    const struct ls_timeline *t = &mk->snap->timeline;
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; rc == LS_OK && i < t->e.n && count != 0; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if (!is_runnable(mk, e) || (!is_all && e->version > up_to))
            continue;
        rc = add_run(mk, LS_UP, e, NULL, err);
        count -= count > 0;
    }
    return rc;
}

static enum ls_rc add_to(struct maker *mk, struct ls_err *err)
{
    const struct ls_plan_goal *g = mk->goal;
    long i = ls_timeline_find(&mk->snap->timeline, g->version);
    enum ls_rc rc;

    if (g->to_nothing)
        return add_downs(mk, -1, 0, true, err);
    if (i >= 0 && mk->snap->timeline.e.v[i].migration == NULL) {
        ls_err_set(err, LS_E_REFUSED, "version %s has no file in %s", mk->snap->timeline.e.v[i].label, mk->snap->migrations.dir);
        ls_err_hint(err, "bring its files back, or choose a version that has them");
        return LS_E_REFUSED;
    }
    rc = add_downs(mk, -1, g->version, false, err);
    return rc == LS_OK ? add_ups(mk, -1, g->version, false, err) : rc;
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
    if (g->action == LS_ACTION_IMPORT || is_mark(g->action))
        return add_record(mk, err);
    rc = snap->format->check_runnable(&snap->timeline, &snap->ledger, g->action == LS_ACTION_DOWN ? LS_DOWN : LS_UP, err);
    if (rc != LS_OK)
        return rc;
    if (g->action == LS_ACTION_UP)
        return add_ups(mk, g->count, 0, true, err);
    if (g->action == LS_ACTION_DOWN)
        return add_downs(mk, g->count, 0, true, err);
    return add_to(mk, err);
}

enum ls_rc ls_plan_build(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_goal *goal, struct ls_plan **out,
                         struct ls_err *err)
{
    struct ls_plan *p = ls_plan_new();
    struct maker mk = {.snap = snap, .goal = goal, .plan = p};
    enum ls_rc rc = LS_OK;

    *out = NULL;
    p->action = goal->action;
    p->count = goal->count;
    p->version = goal->version;
    p->to_nothing = goal->to_nothing;
    p->format = ls_arena_str(p->arena, snap->format->name);
    p->target = ls_arena_str(p->arena, snap->target_label);
    p->ledger = ls_arena_str(p->arena, snap->ledger.location != NULL ? snap->ledger.location : "");
    ls_ledger_fingerprint(&snap->ledger, p->ledger_fingerprint);
    mk.ctx = (struct ls_plan_ctx){.plan = p,
                                  .dialect = s->dialect,
                                  .opts = &s->opts,
                                  .timeline = &snap->timeline,
                                  .ledger = &snap->ledger,
                                  .operator_name = ls_arena_str(p->arena, s->p.operator_name)};
    if (!snap->has_db)
        rc = ls_err_set(err, LS_E_CONNECT, "no database was read, so there is nothing to plan against");
    else if (snap->ledger.foreign != NULL)
        rc = refuse_foreign(snap, err);
    if (rc == LS_OK)
        rc = add_steps(&mk, err);
    if (rc == LS_OK && p->steps.n > 0 && !snap->ledger.exists)
        rc = snap->format->plan_setup(&mk.ctx, err);
    if (rc != LS_OK) {
        ls_plan_free(p);
        return rc;
    }
    ls_plan_digest(p, p->digest);
    *out = p;
    return LS_OK;
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
