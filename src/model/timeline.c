#include <config.h>

#include "lockstep/model/timeline.h"

#include <inttypes.h>
#include <string.h>

/* What the join needs to know about the whole ledger. */
struct join {
    const struct ls_ledger *l;
    const struct ls_timeline_rules *rules;
    struct ls_timeline *out;
    bool any_applied;
    uint64_t newest;      /* highest version that the ledger counts as applied */
    const char *inferred; /* tool_would of everything below a cursor; the same text for each */
};

static bool row_counts_as_applied(const struct ls_ledger *l, const struct ls_ledger_row *row)
{
    if (row->is_nil)
        return false;
    /* A dirty cursor is neither: what is below it is assumed applied, the version itself is in between. */
    return row->state == LS_ROW_APPLIED || (l->shape == LS_LEDGER_CURSOR && !l->cursor_is_nil);
}

static bool is_below_cursor(const struct join *j, uint64_t version)
{
    return j->l->shape == LS_LEDGER_CURSOR && j->l->has_cursor && !j->l->cursor_is_nil && version < j->l->cursor;
}

static bool checksum_differs(const struct ls_migration *m, const struct ls_ledger_row *row)
{
    return row->checksum != NULL && m->up.sha256[0] != '\0' && strcmp(row->checksum, m->up.sha256) != 0;
}

static enum ls_state state_with_row(const struct join *j, const struct ls_migration *m, const struct ls_ledger_row *row)
{
    if (row->state == LS_ROW_FAILED || row->state == LS_ROW_UNKNOWN)
        return LS_STATE_DIRTY;
    if (row->state == LS_ROW_ROLLED_BACK)
        return LS_STATE_ROLLED_BACK;
    if (m == NULL)
        return LS_STATE_MISSING;
    return j->rules->has_checksums && checksum_differs(m, row) ? LS_STATE_MODIFIED : LS_STATE_APPLIED;
}

static enum ls_state state_of(const struct join *j, const struct ls_migration *m, const struct ls_ledger_row *row, uint64_t version)
{
    if (row != NULL && (row->state == LS_ROW_FAILED || row->state == LS_ROW_UNKNOWN))
        return LS_STATE_DIRTY;
    if (m != NULL && (m->flags & LS_MIG_DUPLICATE) != 0)
        return LS_STATE_DUPLICATE;
    if (row != NULL)
        return state_with_row(j, m, row);
    if (is_below_cursor(j, version))
        return LS_STATE_APPLIED;
    return j->any_applied && version < j->newest ? LS_STATE_OUT_OF_ORDER : LS_STATE_PENDING;
}

static void push(struct join *j, const struct ls_migration *m, const struct ls_ledger_row *row)
{
    struct ls_entry *e = LS_VEC_PUSH(&j->out->e);

    e->migration = m;
    e->row = row;
    e->version = m != NULL ? m->version : row->version;
    e->label = m != NULL ? m->label : row->id;
    e->name = m != NULL ? m->name : row->name != NULL ? row->name : "";
    if (row != NULL && row->is_nil)
        e->name = "before the first migration";
    e->state = state_of(j, m, row, e->version);
    if (row != NULL)
        e->evidence = LS_EVIDENCE_RECORDED;
    else if (is_below_cursor(j, e->version))
        e->evidence = LS_EVIDENCE_INFERRED;
    j->out->count[e->state]++;
}

static void merge(struct join *j, const struct ls_migrations *m)
{
    const struct ls_ledger *l = j->l;
    size_t i = 0, k = 0;

    while (i < m->m.n || k < l->rows.n) {
        const struct ls_migration *mig = i < m->m.n ? &m->m.v[i] : NULL;
        const struct ls_ledger_row *row = k < l->rows.n ? &l->rows.v[k] : NULL;

        if (row != NULL && row->is_nil) {
            if (l->dirty)
                push(j, NULL, row);
            k++;
        } else if (row == NULL || (mig != NULL && mig->version < row->version)) {
            push(j, mig, NULL);
            i++;
        } else if (mig == NULL || row->version < mig->version) {
            push(j, NULL, row);
            k++;
        } else {
            for (; i < m->m.n && m->m.v[i].version == row->version; i++)
                push(j, &m->m.v[i], row);
            for (uint64_t v = row->version; k < l->rows.n && !l->rows.v[k].is_nil && l->rows.v[k].version == v; k++)
                ;
        }
    }
}

static bool entry_is_applied(const struct join *j, const struct ls_entry *e)
{
    if (e->state == LS_STATE_DIRTY || e->state == LS_STATE_ROLLED_BACK)
        return false;
    return e->row != NULL ? row_counts_as_applied(j->l, e->row) : e->evidence == LS_EVIDENCE_INFERRED;
}

static bool entry_is_runnable(const struct join *j, const struct ls_entry *e)
{
    if (e->migration == NULL)
        return false;
    return e->state == LS_STATE_PENDING || e->state == LS_STATE_ROLLED_BACK ||
           (e->state == LS_STATE_OUT_OF_ORDER && j->rules->runs_out_of_order);
}

static const char *would(const struct join *j, const struct ls_entry *e, bool is_next)
{
    const struct ls_timeline_rules *r = j->rules;
    const char *const text[LS_N_STATES] = {
        [LS_STATE_APPLIED] = e->evidence == LS_EVIDENCE_INFERRED ? j->inferred : r->applied,
        [LS_STATE_PENDING] = is_next ? r->pending_next : r->pending_later,
        [LS_STATE_ROLLED_BACK] = e->migration == NULL ? "does nothing: its file is gone, and it is taken back" : r->rolled_back,
        [LS_STATE_OUT_OF_ORDER] = r->out_of_order,
        [LS_STATE_MODIFIED] = r->modified,
        [LS_STATE_MISSING] = r->missing,
        [LS_STATE_DUPLICATE] = r->duplicate,
        [LS_STATE_DIRTY] = r->dirty,
    };

    return text[e->state] != NULL ? text[e->state] : "";
}

void ls_timeline_build(const struct ls_migrations *m, const struct ls_ledger *l, const struct ls_timeline_rules *rules,
                       struct ls_timeline *out)
{
    struct join j = {.l = l, .rules = rules, .out = out};

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->newest_applied = out->next_pending = -1;
    for (size_t i = 0; i < l->rows.n; i++) {
        const struct ls_ledger_row *row = &l->rows.v[i];

        if (row_counts_as_applied(l, row) && (!j.any_applied || row->version > j.newest)) {
            j.any_applied = true;
            j.newest = row->version;
        }
    }
    j.inferred = ls_arena_printf(out->arena, "takes it for applied, because its cursor is at %" PRIu64 "; never runs it", l->cursor);
    merge(&j, m);
    for (size_t i = 0; i < out->e.n; i++) {
        struct ls_entry *e = &out->e.v[i];

        if (entry_is_applied(&j, e))
            out->newest_applied = (long)i;
        if (out->next_pending < 0 && entry_is_runnable(&j, e))
            out->next_pending = (long)i;
        e->tool_would = would(&j, e, out->next_pending == (long)i);
    }
}

void ls_timeline_release(struct ls_timeline *t)
{
    LS_VEC_RELEASE(&t->e);
    ls_arena_free(t->arena);
    t->arena = NULL;
}

long ls_timeline_find(const struct ls_timeline *t, uint64_t version)
{
    size_t lo = 0, hi = t->e.n;

    /* The entry of a dirty "-1" row, which has no version, stands in front. */
    if (t->e.n > 0 && t->e.v[0].row != NULL && t->e.v[0].row->is_nil)
        lo = 1;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (t->e.v[mid].version < version)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->e.n && t->e.v[lo].version == version ? (long)lo : -1;
}

uint64_t ls_timeline_free_above(const struct ls_timeline *t, uint64_t version)
{
    while (version < INT64_MAX)
        if (ls_timeline_find(t, ++version) < 0)
            return version;
    return 0;
}
