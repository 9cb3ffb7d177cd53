/* Adopt: a database that has the schema and no ledger gets one that says so, up to a version, with what the catalogue shows beside it. */
#include <config.h>

#include "engine/settle_evidence.h"
#include "engine/settle_priv.h"

#include <string.h>

#include "engine/plan_priv.h"

struct adopt {
    struct ls_session *s;
    const struct ls_snapshot *snap;
    struct ls_settlement *t;
    long at;              /* the entry up to which everything is taken for applied */
};

static bool is_versioned(const struct ls_entry *e)
{
    return e->migration != NULL && e->migration->kind == LS_KIND_VERSIONED;
}

static bool counts(void *ctx, const struct ls_entry *e)
{
    const struct adopt *a = ctx;

    return is_versioned(e) && e - a->snap->timeline.e.v <= a->at;
}

static enum ls_rc check(const struct ls_snapshot *snap, struct ls_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < snap->ledger.rows.n; i++)
        n += snap->ledger.rows.v[i].state != LS_ROW_MARKER && snap->ledger.rows.v[i].state != LS_ROW_DELETED;
    if (!snap->has_db)
        return ls_err_set(err, LS_E_CONNECT, "no database was read, so there is nothing to adopt");
    if (snap->ledger.foreign != NULL) {
        ls_err_set(err, LS_E_REFUSED, "the table %s belongs to %s", snap->ledger.location, snap->ledger.foreign);
        ls_err_hint(err, "convert takes it over into another tool's");
        return LS_E_REFUSED;
    }
    if (n > 0 || snap->ledger.dirty) {
        ls_err_set(err, LS_E_REFUSED, "the ledger %s says already what is applied", snap->ledger.location);
        ls_err_hint(err, "reconcile compares it with what the database has; mark changes one version");
        return LS_E_REFUSED;
    }
    if (snap->format->plan_mark == NULL) {
        ls_err_set(err, LS_E_UNSUPPORTED, "lockstep does not write %s's ledger", snap->format->title);
        ls_err_hint(err, "use %s's own command for it", snap->format->title);
        return LS_E_UNSUPPORTED;
    }
    return LS_OK;
}

static enum ls_rc find_end(struct adopt *a, struct ls_err *err)
{
    const char *words = a->t->request.version;
    enum ls_rc rc;

    if (words == NULL || words[0] == '\0')
        return ls_err_set(err, LS_E_USAGE, "adopt wants the VERSION that the database is at, or `all`");
    if (strcmp(words, "all") == 0) {
        for (a->at = (long)a->snap->timeline.e.n - 1; a->at >= 0 && !is_versioned(&a->snap->timeline.e.v[a->at]); a->at--)
            ;
        return a->at >= 0 ? LS_OK : ls_err_set(err, LS_E_NOT_FOUND, "%s holds no migrations", a->snap->migrations.dir);
    }
    rc = ls_plan_resolve(a->snap, words, &a->at, err);
    if (rc == LS_OK && (a->at < 0 || !is_versioned(&a->snap->timeline.e.v[a->at])))
        rc = ls_err_set(err, LS_E_USAGE, "\"%s\" is no version to adopt the database at", words);
    return rc;
}

static void judge(struct adopt *a, const struct ls_settle_evidence *e, bool is_in)
{
    if (is_in && e->found == LS_FOUND_NOTHING)
        ls_settle_note(a->t, &a->t->findings, LS_SEV_DANGER, "not-there", e->path,
                       "the database has nothing of it, and it would be recorded as applied: it would never run")
            ->version = e->label;
    else if (is_in && e->found == LS_FOUND_PART)
        ls_settle_note(a->t, &a->t->findings, LS_SEV_DANGER, "part-there", e->path, "the database has a part of it only, and it would be recorded as applied")->version =
            e->label;
    else if (!is_in && (e->found == LS_FOUND_ALL || e->found == LS_FOUND_PART))
        ls_settle_note(a->t, &a->t->findings, LS_SEV_WARNING, "there-already", e->path,
                       "the database has %s of it already, and it would stay pending: it would fail when it runs", e->found == LS_FOUND_ALL ? "all" : "a part")
            ->version = e->label;
}

static void look(struct adopt *a, const struct ls_evidences *all)
{
    for (size_t i = 0; i < a->snap->timeline.e.n; i++) {
        const struct ls_entry *e = &a->snap->timeline.e.v[i];
        struct ls_settle_evidence ev;
        bool is_in = (long)i <= a->at;

        if (!is_versioned(e))
            continue;
        ls_evidence_of(all, i, a->t->arena, e, &ev);
        ev.verdict = is_in ? LS_SETTLE_RECORD : LS_SETTLE_KEEP;
        ev.is_chosen = is_in && ev.found != LS_FOUND_ALL;
        judge(a, &ev, is_in);
        if (is_in || ev.found != LS_FOUND_NOTHING)
            *LS_VEC_PUSH(&a->t->evidence) = ev;
    }
}

static enum ls_rc record(struct adopt *a, struct ls_err *err)
{
    const struct ls_timeline *t = &a->snap->timeline;
    struct ls_settle_plan plan;
    enum ls_rc rc = LS_OK;

    ls_settle_plan_begin(&plan, a->s, a->t, a->snap->format, a->snap->target_label, t, &a->snap->ledger, &a->snap->migrations);
    /* A cursor is one row; whoever keeps a row for each gets each. */
    for (long i = a->snap->ledger.shape == LS_LEDGER_CURSOR ? a->at : 0; rc == LS_OK && i <= a->at; i++)
        if (is_versioned(&t->e.v[i]))
            rc = ls_settle_mark(&plan, &t->e.v[i], true, err);
    return rc == LS_OK ? ls_settle_plan_end(&plan, err) : rc;
}

enum ls_rc ls_settle_adopt_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req, struct ls_settlement **out,
                                struct ls_err *err)
{
    struct adopt a = {.s = s, .snap = snap, .at = -1};
    struct ls_evidences all = {0};
    enum ls_rc rc = check(snap, err);

    *out = NULL;
    if (rc != LS_OK)
        return rc;
    a.t = ls_settlement_new(snap, req, LS_SETTLE_ADOPT);
    rc = find_end(&a, err);
    if (rc == LS_OK)
        rc = ls_evidence_read(s, snap, a.t->arena, counts, &a, &all, err);
    if (rc == LS_OK) {
        look(&a, &all);
        rc = record(&a, err);
    }
    ls_evidences_release(&all);
    if (rc != LS_OK) {
        ls_settlement_free(a.t);
        return rc;
    }
    a.t->title = ls_arena_printf(a.t->arena, "The database adopted at %s: everything up to it is recorded as applied", snap->timeline.e.v[a.at].label);
    ls_settle_seal(a.t);
    *out = a.t;
    return LS_OK;
}
