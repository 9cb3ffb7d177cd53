/* What the catalogue shows of each migration, seen together: what a later one took away or made again says nothing about an earlier one. */
#include <config.h>

#include "engine/settle_evidence.h"

#include <string.h>

#include "engine/session_priv.h"
#include "lockstep/base/mem.h"

/* "table users" and "column email of users", "column email of public.users": one is about the other. */
static bool is_about(const char *object, const char *other)
{
    const char *of = strstr(object, " of "), *name = strchr(other, ' ');
    size_t n = of != NULL ? strlen(of + 4) : 0, m = name != NULL ? strlen(name + 1) : 0;

    if (object[0] == '\0' || other[0] == '\0')
        return false;
    if (strcmp(object, other) == 0)
        return true;
    return of != NULL && strncmp(other, "table ", 6) == 0 && n >= m && strcmp(of + 4 + (n - m), name + 1) == 0;
}

/* An object that a later migration names too: what is seen of it is what that one left. */
static bool is_shadowed(const struct ls_evidences *all, size_t from, const struct ls_trace *trace)
{
    for (size_t i = from + 1; i < all->r.n; i++) {
        const struct ls_reading *later = &all->r.v[i];

        for (size_t k = 0; all->counts.v[i] && k < later->stmts.n; k++)
            if (is_about(trace->object, later->stmts.v[k].trace.object) && later->stmts.v[k].trace.verdict != LS_TRACE_ABSENT)
                return true;
    }
    return false;
}

static enum ls_settle_found found_of(const struct ls_reading *r)
{
    size_t n_made = 0, n_there = 0, n_absent = 0, n_unknown = 0, n_part = 0;

    for (size_t i = 0; i < r->stmts.n; i++) {
        const struct ls_trace *t = &r->stmts.v[i].trace;

        n_made += t->makes && t->verdict == LS_TRACE_APPLIED && !r->stmts.v[i].is_inferred;
        n_there += t->verdict == LS_TRACE_APPLIED;
        n_absent += t->verdict == LS_TRACE_ABSENT;
        n_unknown += t->verdict == LS_TRACE_UNKNOWN;
        n_part += t->verdict == LS_TRACE_INVALID;
    }
    if (n_part > 0 || (n_made > 0 && n_absent > 0))
        return LS_FOUND_PART;
    if (n_absent > 0 && n_there == 0)
        return r->is_whole || n_unknown == 0 ? LS_FOUND_NOTHING : LS_FOUND_UNKNOWN;
    /* What only takes away proves nothing: it may never have been there. */
    if (n_made > 0 && n_absent == 0)
        return r->is_whole || n_unknown == 0 ? LS_FOUND_ALL : LS_FOUND_UNKNOWN;
    return LS_FOUND_UNKNOWN;
}

static void shade(struct ls_arena *arena, struct ls_evidences *all, size_t at)
{
    struct ls_reading *r = &all->r.v[at];
    size_t n_left = 0;

    for (size_t i = 0; i < r->stmts.n; i++) {
        struct ls_trace *t = &r->stmts.v[i].trace;

        if (t->object[0] != '\0' && is_shadowed(all, at, t)) {
            t->verdict = LS_TRACE_UNKNOWN;
            t->says = ls_arena_printf(arena, "cannot be known: a later migration is about %s too", t->object);
        } else if (t->object[0] != '\0' && !r->stmts.v[i].is_inferred && t->verdict != LS_TRACE_UNKNOWN) {
            n_left++;
        }
    }
    /* What was inferred from one of those stands on nothing now. */
    for (size_t i = 0; i < r->stmts.n && n_left == 0; i++)
        if (r->stmts.v[i].is_inferred) {
            r->stmts.v[i].trace.verdict = LS_TRACE_UNKNOWN;
            r->stmts.v[i].trace.says = "cannot be known: the catalogue shows nothing of this migration alone";
        }
}

static void keep_statements(struct ls_arena *arena, const struct ls_reading *r, struct ls_settle_evidence *e)
{
    const char **statements = LS_ARENA_ARRAY(arena, const char *, r->stmts.n + 1), **says = LS_ARENA_ARRAY(arena, const char *, r->stmts.n + 1);

    for (size_t i = 0; i < r->stmts.n; i++) {
        statements[i] = r->stmts.v[i].first_line;
        says[i] = r->stmts.v[i].trace.says;
    }
    e->statements = statements;
    e->says = says;
    e->n = r->stmts.n;
}

enum ls_rc ls_evidence_read(struct ls_session *s, const struct ls_snapshot *snap, struct ls_arena *arena, ls_evidence_counts counts, void *ctx,
                            struct ls_evidences *out, struct ls_err *err)
{
    enum ls_rc rc = ls_session_connect_to_read(s, err);

    *out = (struct ls_evidences){0};
    for (size_t i = 0; rc == LS_OK && i < snap->timeline.e.n; i++) {
        const struct ls_entry *e = &snap->timeline.e.v[i];
        struct ls_reading *r = LS_VEC_PUSH(&out->r);
        const struct ls_migration *m = e->migration;

        *LS_VEC_PUSH(&out->counts) = counts(ctx, e);
        *r = (struct ls_reading){0};
        if (m != NULL && m->lang == LS_LANG_SQL && m->kind == LS_KIND_VERSIONED)
            rc = ls_reading_look(s, arena, m, LS_UP, 0, 0, false, r, err);
    }
    for (size_t i = 0; rc == LS_OK && i < out->r.n; i++)
        shade(arena, out, i);
    return rc;
}

void ls_evidence_of(const struct ls_evidences *all, size_t at, struct ls_arena *arena, const struct ls_entry *e, struct ls_settle_evidence *out)
{
    const struct ls_reading *r = &all->r.v[at];
    const struct ls_migration *m = e->migration;

    *out = (struct ls_settle_evidence){.id = ls_arena_str(arena, e->id),
                                       .label = ls_arena_str(arena, e->label),
                                       .name = ls_arena_str(arena, e->name),
                                       .path = ls_arena_str(arena, m != NULL ? m->up.path : NULL),
                                       .found = found_of(r)};
    out->ledger_says = e->evidence == LS_EVIDENCE_INFERRED                                          ? "applied, by its cursor"
                       : e->state == LS_STATE_DIRTY                                                 ? "dirty"
                       : e->row != NULL && (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED) ? "applied"
                       : e->state == LS_STATE_MISSING                                               ? "applied, without a file"
                                                                                                    : "pending";
    keep_statements(arena, r, out);
}

void ls_evidences_release(struct ls_evidences *all)
{
    for (size_t i = 0; i < all->r.n; i++)
        ls_reading_release(&all->r.v[i]);
    LS_VEC_RELEASE(&all->r);
    LS_VEC_RELEASE(&all->counts);
}
