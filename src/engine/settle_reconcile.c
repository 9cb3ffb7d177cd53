/* Reconcile: the ledger, and text lists beside the files, are brought to what the database really has. What the catalogue cannot tell stays as it is,
 * unless the operator vouches for it. */
#include <config.h>

#include "engine/settle_evidence.h"
#include "engine/settle_list.h"
#include "engine/settle_priv.h"

#include <string.h>

#include "engine/plan_priv.h"
#include "lockstep/base/mem.h"

struct reconcile {
    struct ls_session *s;
    const struct ls_snapshot *snap;
    struct ls_settlement *t;
    struct ls_evidences all;
    struct ls_text_list list;
    LS_VEC(struct ls_settle_evidence) ev; /* as many as the timeline has entries */
    signed char *chosen;                  /* of each entry: 1 --applied, -1 --pending, 0 neither */
};

static bool is_in_ledger(const struct ls_entry *e)
{
    return e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED || e->state == LS_STATE_MISSING ||
           (e->state == LS_STATE_DUPLICATE && (e->row != NULL || e->evidence == LS_EVIDENCE_INFERRED));
}

static bool is_versioned(const struct ls_entry *e)
{
    return e->migration != NULL && e->migration->kind == LS_KIND_VERSIONED;
}

/* --- the operator's words ------------------------------------------------------------------------------------------------------------------------------ */

static enum ls_rc choose(struct reconcile *r, const char *const *ids, signed char to, struct ls_err *err)
{
    for (; ids != NULL && *ids != NULL; ids++) {
        long at = -1;
        enum ls_rc rc = ls_plan_resolve(r->snap, *ids, &at, err);

        if (rc != LS_OK)
            return rc;
        if (at < 0)
            return ls_err_set(err, LS_E_USAGE, "\"%s\" is no migration", *ids);
        if (r->chosen[at] == -to)
            return ls_err_set(err, LS_E_USAGE, "%s is said to be applied, and to be pending", *ids);
        r->chosen[at] = to;
    }
    return LS_OK;
}

static bool counts(void *ctx, const struct ls_entry *e)
{
    const struct reconcile *r = ctx;
    signed char c = r->chosen[e - r->snap->timeline.e.v];

    return c != 0 ? c > 0 : true; /* a pending one that left something counts as well: what it left is what is seen */
}

/* --- one migration --------------------------------------------------------------------------------------------------------------------------------------- */

static void decide(struct reconcile *r, size_t i)
{
    const struct ls_entry *e = &r->snap->timeline.e.v[i];
    struct ls_settle_evidence ev;
    bool claims = is_in_ledger(e), differs;

    ls_evidence_of(&r->all, i, r->t->arena, e, &ev);
    ev.list_says = ls_text_list_says(&r->list, e);
    ev.is_chosen = r->chosen[i] != 0;
    differs = ev.list_says != NULL && (strcmp(ev.list_says, "applied") == 0) != claims;
    if (ev.is_chosen)
        ev.verdict = (r->chosen[i] > 0) == claims && e->state != LS_STATE_DIRTY ? LS_SETTLE_KEEP : r->chosen[i] > 0 ? LS_SETTLE_RECORD : LS_SETTLE_UNRECORD;
    else if (e->state == LS_STATE_DIRTY)
        ev.verdict = ev.found == LS_FOUND_ALL ? LS_SETTLE_RECORD : ev.found == LS_FOUND_NOTHING ? LS_SETTLE_UNRECORD : LS_SETTLE_ASK;
    else if (ev.found == LS_FOUND_ALL && is_versioned(e))
        ev.verdict = claims ? LS_SETTLE_KEEP : LS_SETTLE_RECORD;
    else if (ev.found == LS_FOUND_NOTHING && is_versioned(e))
        ev.verdict = claims ? LS_SETTLE_UNRECORD : LS_SETTLE_KEEP;
    else
        ev.verdict = ev.found == LS_FOUND_PART || differs ? LS_SETTLE_ASK : LS_SETTLE_KEEP;
    *LS_VEC_PUSH(&r->ev) = ev;
}

static bool is_applied_now(const struct reconcile *r, size_t i)
{
    const struct ls_settle_evidence *ev = &r->ev.v[i];
    bool claims = is_in_ledger(&r->snap->timeline.e.v[i]);

    return ev->verdict == LS_SETTLE_RECORD || (ev->verdict != LS_SETTLE_UNRECORD && claims);
}

/* --- the ledger's half ------------------------------------------------------------------------------------------------------------------------------------- */

/* A cursor says "everything up to here": what is applied must be the first ones, in order. */
static enum ls_rc record_cursor(struct reconcile *r, struct ls_settle_plan *plan, struct ls_err *err)
{
    const struct ls_timeline *t = &r->snap->timeline;
    long last = -1, changes = 0;

    for (size_t i = 0; i < t->e.n; i++) {
        last = is_applied_now(r, i) ? (long)i : last;
        changes += r->ev.v[i].verdict == LS_SETTLE_RECORD || r->ev.v[i].verdict == LS_SETTLE_UNRECORD;
    }
    if (changes == 0)
        return LS_OK;
    for (long i = 0; i < last; i++)
        if (!is_applied_now(r, (size_t)i)) {
            ls_err_set(err, LS_E_REFUSED, "%s is in the database and %s in front of it is not: %s's ledger is a cursor, and cannot say that", t->e.v[last].label,
                       t->e.v[i].label, r->snap->format->title);
            ls_err_hint(err, "run or take back by hand what is missing, or give %s a later number: lockstep renumber %s", t->e.v[i].label, t->e.v[i].label);
            return LS_E_REFUSED;
        }
    return ls_settle_mark(plan, last >= 0 ? &t->e.v[last] : NULL, last >= 0, err);
}

/* What the tool itself would never write is a finding, and the rest goes on. */
static enum ls_rc record_one(struct reconcile *r, struct ls_settle_plan *plan, size_t i, struct ls_err *err)
{
    struct ls_settle_evidence *ev = &r->ev.v[i];
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;

    if (ev->verdict != LS_SETTLE_RECORD && ev->verdict != LS_SETTLE_UNRECORD)
        return LS_OK;
    rc = ls_settle_mark(plan, &r->snap->timeline.e.v[i], ev->verdict == LS_SETTLE_RECORD, &own);
    if (rc == LS_E_REFUSED || rc == LS_E_UNSUPPORTED) {
        ls_settle_note(r->t, &r->t->findings, LS_SEV_WARNING, "not-writable", ev->path, "%s: %s", ev->label, own.message)->version = ev->label;
        ev->verdict = LS_SETTLE_ASK;
        rc = LS_OK;
    }
    if (rc != LS_OK && err != NULL)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}

static enum ls_rc record(struct reconcile *r, struct ls_err *err)
{
    const struct ls_snapshot *snap = r->snap;
    struct ls_settle_plan plan;
    enum ls_rc rc = LS_OK;

    if (snap->format->plan_mark == NULL)
        return LS_OK;
    ls_settle_plan_begin(&plan, r->s, r->t, snap->format, snap->target_label, &snap->timeline, &snap->ledger, &snap->migrations);
    if (snap->ledger.shape == LS_LEDGER_CURSOR)
        rc = record_cursor(r, &plan, err);
    for (size_t i = 0; rc == LS_OK && i < r->ev.n && snap->ledger.shape != LS_LEDGER_CURSOR; i++)
        rc = record_one(r, &plan, i, err);
    return rc == LS_OK ? ls_settle_plan_end(&plan, err) : rc;
}

/* --- the text lists ------------------------------------------------------------------------------------------------------------------------------------------ */

static enum ls_rc rewrite(struct reconcile *r, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    bool *applied;
    enum ls_rc rc = LS_OK;

    if (!r->list.is_there || r->snap->ledger.shape == LS_LEDGER_FILE)
        return LS_OK;
    applied = ls_calloc(r->ev.n + 1, sizeof(*applied));
    for (size_t i = 0; i < r->ev.n; i++)
        applied[i] = is_applied_now(r, i);
    ls_text_list_rewrite(&r->list, &r->snap->timeline, applied, &text);
    rc = ls_settle_write(r->t, r->list.path, text.ptr, text.len, false, err);
    free(applied);
    ls_buf_release(&text);
    return rc;
}

/* --- all of it ------------------------------------------------------------------------------------------------------------------------------------------------ */

static void keep_evidence(struct reconcile *r)
{
    for (size_t i = 0; i < r->ev.n; i++) {
        const struct ls_settle_evidence *ev = &r->ev.v[i];
        bool differs = ev->list_says != NULL && (strcmp(ev->list_says, "applied") == 0) != is_applied_now(r, i);

        r->t->n_undecided += ev->verdict == LS_SETTLE_ASK;
        if (ev->verdict != LS_SETTLE_KEEP || differs)
            *LS_VEC_PUSH(&r->t->evidence) = *ev;
    }
    if (r->t->n_undecided > 0)
        ls_settle_note(r->t, &r->t->findings, LS_SEV_WARNING, "undecided", NULL,
                       "%zu cannot be decided by what the database shows, and stay%s as the ledger says: --applied ID or --pending ID decides",
                       r->t->n_undecided, r->t->n_undecided == 1 ? "s" : "");
}

static enum ls_rc check(const struct ls_snapshot *snap, struct ls_err *err)
{
    if (!snap->has_db)
        return ls_err_set(err, LS_E_CONNECT, "no database was read, so there is nothing to compare with");
    if (snap->ledger.foreign != NULL) {
        ls_err_set(err, LS_E_REFUSED, "the table %s belongs to %s, not to %s", snap->ledger.location, snap->ledger.foreign, snap->format->title);
        ls_err_hint(err, "name the format that the project uses (--format), or convert the folder");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

static enum ls_rc make(struct reconcile *r, struct ls_err *err)
{
    const struct ls_settle_request *req = &r->t->request;
    enum ls_rc rc;

    r->chosen = ls_calloc(r->snap->timeline.e.n + 1, sizeof(*r->chosen));
    rc = choose(r, req->applied, 1, err);
    if (rc == LS_OK)
        rc = choose(r, req->pending, -1, err);
    if (rc == LS_OK)
        rc = ls_text_list_read(r->snap, r->t->arena, &r->list, err);
    if (rc == LS_OK)
        rc = ls_evidence_read(r->s, r->snap, r->t->arena, counts, r, &r->all, err);
    for (size_t i = 0; rc == LS_OK && i < r->snap->timeline.e.n; i++)
        decide(r, i);
    if (rc == LS_OK)
        rc = record(r, err);
    if (rc == LS_OK)
        rc = rewrite(r, err);
    if (rc == LS_OK)
        keep_evidence(r);
    return rc;
}

enum ls_rc ls_settle_reconcile_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req, struct ls_settlement **out,
                                    struct ls_err *err)
{
    struct reconcile r = {.s = s, .snap = snap};
    enum ls_rc rc = check(snap, err);

    *out = NULL;
    if (rc != LS_OK)
        return rc;
    r.t = ls_settlement_new(snap, req, LS_SETTLE_RECONCILE);
    rc = make(&r, err);
    if (rc == LS_OK) {
        r.t->title = ls_settlement_is_empty(r.t) ? "The ledger says what the database shows, as far as that can be known"
                                                 : "The ledger and the lists brought to what the database shows";
        ls_settle_seal(r.t);
        *out = r.t;
    } else {
        ls_settlement_free(r.t);
    }
    ls_evidences_release(&r.all);
    ls_text_list_release(&r.list);
    LS_VEC_RELEASE(&r.ev);
    free(r.chosen);
    return rc;
}
