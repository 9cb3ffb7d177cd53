#include <config.h>

#include "engine/dirty_priv.h"

#include "engine/session_priv.h"
#include "lockstep/sql/split.h"

enum { FIRST_LINE_MAX = 160 };

static const char *first_line(struct ls_arena *a, const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] != '\n' && text[n] != '\r' && n < FIRST_LINE_MAX)
        n++;
    while (n > 0 && n < len && ((unsigned char)text[n] & 0xc0) == 0x80) /* not within a character */
        n--;
    return n < len ? ls_arena_printf(a, "%.*s ...", (int)n, text) : ls_arena_strn(a, text, n);
}

static bool names(const struct ls_trace *t, const char *object)
{
    if (strcmp(t->object, object) == 0)
        return true;
    for (const char *const *also = t->also; also != NULL && *also != NULL; also++)
        if (strcmp(*also, object) == 0)
            return true;
    return false;
}

/* Of one object that two statements name, the catalogue shows only where they ended. */
static void drop_shared(struct ls_arena *a, struct ls_reading *r)
{
    for (size_t i = 0; i < r->stmts.n; i++) {
        struct ls_reading_stmt *x = &r->stmts.v[i];
        bool is_shared = false;

        for (size_t k = 0; k < r->stmts.n && x->trace.object[0] != '\0'; k++)
            is_shared = is_shared || (k != i && names(&r->stmts.v[k].trace, x->trace.object));
        if (!is_shared || x->trace.verdict == LS_TRACE_INVALID)
            continue;
        x->trace.verdict = LS_TRACE_UNKNOWN;
        x->trace.says = ls_arena_printf(a, "cannot be known: another statement of the file is about %s too", x->trace.object);
    }
}

/* Statements run in order and the first error ends it: one that is applied vouches for those before it, one that is not for those
 * behind it. */
static void infer(struct ls_reading *r)
{
    size_t last_applied = 0, first_absent = r->stmts.n;

    for (size_t i = 0; i < r->stmts.n; i++) {
        enum ls_trace_verdict v = r->stmts.v[i].trace.verdict;

        if (v == LS_TRACE_APPLIED)
            last_applied = i + 1;
        if (v == LS_TRACE_INVALID)
            last_applied = last_applied > i ? last_applied : i; /* begun: so the ones before it ran */
        if (v == LS_TRACE_ABSENT && first_absent == r->stmts.n)
            first_absent = i;
    }
    for (size_t i = 0; i < r->stmts.n && last_applied <= first_absent; i++) {
        struct ls_reading_stmt *x = &r->stmts.v[i];

        if (x->trace.verdict != LS_TRACE_UNKNOWN)
            continue;
        x->is_inferred = i < last_applied || i > first_absent;
        if (i < last_applied) {
            x->trace.verdict = LS_TRACE_APPLIED;
            x->trace.says = "applied (inferred: a later statement is)";
        } else if (i > first_absent) {
            x->trace.verdict = LS_TRACE_ABSENT;
            x->trace.says = "not applied (inferred: an earlier statement is not)";
        }
    }
}

/* What the journal saw: the statements in front of the one that failed had ended, the ones behind it were never sent. What the
 * catalogue shows to the contrary was there before, or was done by hand since. */
static void believe_journal(struct ls_arena *a, struct ls_reading *r, int failed_stmt, bool may_be_done)
{
    for (size_t i = 0; i < r->stmts.n; i++) {
        struct ls_trace *t = &r->stmts.v[i].trace;
        int no = (int)i + 1;

        if (no == failed_stmt && may_be_done)
            continue; /* what the catalogue shows of it, if anything */
        if (no == failed_stmt && t->verdict == LS_TRACE_APPLIED) {
            t->verdict = LS_TRACE_UNKNOWN;
            t->says = ls_arena_printf(a,
                                      "cannot be known: by the journal it failed, and the catalogue shows what it would have done "
                                      "(%s): that was so before, "
                                      "or was done since",
                                      t->object);
        } else if (no == failed_stmt && t->verdict == LS_TRACE_UNKNOWN) {
            t->verdict = LS_TRACE_ABSENT;
            t->says = "not applied (journal): this is the one that failed";
        } else if (no < failed_stmt && t->verdict == LS_TRACE_UNKNOWN) {
            t->verdict = LS_TRACE_APPLIED;
            t->says = "applied (journal): it ended before the one that failed";
        } else if (no > failed_stmt && t->verdict == LS_TRACE_UNKNOWN) {
            t->verdict = LS_TRACE_ABSENT;
            t->says = "not applied (journal): an earlier one failed";
        }
    }
}

/* In one transaction any statement that can be looked up speaks for all of them. */
static void infer_whole(struct ls_reading *r)
{
    bool applied = r->extent == LS_EXTENT_WHOLE;

    for (size_t i = 0; i < r->stmts.n && (applied || r->extent == LS_EXTENT_NOTHING); i++) {
        struct ls_reading_stmt *x = &r->stmts.v[i];

        if (x->trace.verdict != LS_TRACE_UNKNOWN)
            continue;
        x->is_inferred = true;
        x->trace.verdict = applied ? LS_TRACE_APPLIED : LS_TRACE_ABSENT;
        x->trace.says = applied ? "applied (inferred: it ran in one transaction with one that is)"
                                : "not applied (inferred: it ran in one transaction with one that is not)";
    }
}

static enum ls_extent extent_of(const struct ls_reading *r)
{
    size_t n[4] = {0};

    for (size_t i = 0; i < r->stmts.n; i++)
        n[r->stmts.v[i].trace.verdict]++;
    if (n[LS_TRACE_INVALID] > 0 || (n[LS_TRACE_APPLIED] > 0 && n[LS_TRACE_ABSENT] > 0))
        return LS_EXTENT_PART;
    /* In one transaction one statement speaks for all, unless it is known that it failed: then what is there was there before. */
    if (r->stmts.n == 0 || ((!r->is_whole || (r->was_refused && n[LS_TRACE_ABSENT] == 0)) && n[LS_TRACE_UNKNOWN] > 0))
        return LS_EXTENT_UNKNOWN;
    if (n[LS_TRACE_APPLIED] > 0)
        return LS_EXTENT_WHOLE;
    return n[LS_TRACE_ABSENT] > 0 ? LS_EXTENT_NOTHING : LS_EXTENT_UNKNOWN;
}

/* One explicit block around everything, as many files of golang-migrate folders have it, is one transaction still. */
static bool is_one_block(const struct ls_stmts *s)
{
    size_t n_controls = 0;

    for (size_t i = 0; i < s->n; i++)
        n_controls += s->v[i].tx == LS_TX_CONTROLS;
    return n_controls == 2 && s->v[0].tx == LS_TX_CONTROLS && s->v[s->n - 1].tx == LS_TX_CONTROLS;
}

static void classify(struct ls_reading *r, const struct ls_stmts *s)
{
    for (size_t i = 0; i < s->n; i++) {
        r->controls_tx = r->controls_tx || s->v[i].tx == LS_TX_CONTROLS;
        r->forbids_tx = r->forbids_tx || s->v[i].tx == LS_TX_FORBIDS;
    }
    r->is_whole = r->section->policy != LS_POLICY_NO_TX && !r->forbids_tx && (!r->controls_tx || is_one_block(s));
    if (s->n == 1 && !r->forbids_tx && !r->controls_tx)
        r->is_whole = true;
}

static enum ls_rc look_at_statements(struct ls_session *s, struct ls_arena *arena, const struct ls_source *src,
                                     struct ls_reading *out, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; rc == LS_OK && i < src->stmts->n; i++) {
        const struct ls_stmt *st = &src->stmts->v[i];
        const char *text = src->text.ptr + st->start;
        size_t len = st->end - st->start;
        struct ls_reading_stmt *x;

        if (st->tx == LS_TX_CONTROLS)
            continue;
        x = LS_VEC_PUSH(&out->stmts);
        x->first_line = first_line(arena, text, len);
        rc = ls_autopsy(ls_session_db(s), s->names, arena, text, len, &x->trace, err);
    }
    return rc;
}

enum ls_rc ls_reading_look(struct ls_session *s, struct ls_arena *arena, const struct ls_migration *m, enum ls_direction direction,
                           int failed_stmt, int n_stmts, bool may_be_done, struct ls_reading *out, struct ls_err *err)
{
    struct ls_source src = {.text = LS_BUF_INIT};
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = LS_OK;

    *out = (struct ls_reading){.migration = m, .direction = direction};
    if (m == NULL)
        return LS_OK;
    out->section = direction == LS_UP ? &m->up : &m->down;
    if (out->section->path == NULL)
        return LS_OK;
    if (ls_source_load(out->section, ls_db_dialect(ls_session_db(s)), NULL, &src, &why) != LS_OK || src.stmts == NULL) {
        out->unreadable = ls_arena_str(arena, why.message != NULL ? why.message : "");
    } else {
        classify(out, src.stmts);
        rc = look_at_statements(s, arena, &src, out, err);
        drop_shared(arena, out);
        out->was_refused = failed_stmt > 0 && !may_be_done;
        if (!out->is_whole && failed_stmt > 0 && n_stmts == (int)out->stmts.n)
            believe_journal(arena, out, failed_stmt, may_be_done);
        if (!out->is_whole)
            infer(out);
        out->extent = extent_of(out);
        if (out->is_whole && !out->was_refused)
            infer_whole(out);
    }
    ls_source_release(&src);
    ls_err_release(&why);
    return rc;
}

void ls_reading_release(struct ls_reading *r)
{
    LS_VEC_RELEASE(&r->stmts);
    *r = (struct ls_reading){0};
}
