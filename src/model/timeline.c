#include <config.h>

#include "lockstep/model/timeline.h"

#include <inttypes.h>
#include <string.h>

#include "lockstep/base/find.h"
#include "model/join.h"

/* What the join needs to know about the whole ledger. */
struct join {
    const struct ls_migrations *m;
    const struct ls_ledger *l;
    const struct ls_timeline_rules *rules;
    struct ls_timeline *out;
    const bool *in_heads; /* HEADS: by migration index, whether a head or an ancestor of one; else NULL */
    long newest;          /* position of the last entry that the ledger counts as applied; -1 none */
    int label_width;      /* of numbers that the folder pads with zeros; 0: it pads none */
    const char *inferred; /* tool_would of what is only taken for applied; the same text for each */
};

/* --- states --------------------------------------------------------------------------------------------------------------------------- */

static enum ls_mig_kind kind_of(const struct ls_entry *e)
{
    return e->migration != NULL ? e->migration->kind : e->row->kind;
}

/* Whether it has a place among the versions: what is newest and what is out of order is asked of these only. */
static bool is_in_order(const struct ls_entry *e)
{
    enum ls_mig_kind k = kind_of(e);

    return k == LS_KIND_VERSIONED || k == LS_KIND_BASELINE;
}

static bool row_counts_as_applied(const struct ls_ledger *l, const struct ls_ledger_row *row)
{
    if (row == NULL || row->is_nil)
        return false;
    /* A dirty cursor is neither: what is below it is assumed applied, the version itself is in between. */
    return row->state == LS_ROW_APPLIED || (l->shape == LS_LEDGER_CURSOR && !l->cursor_is_nil);
}

static bool is_inferred(const struct join *j, const struct ls_entry *e)
{
    const struct ls_ledger *l = j->l;

    if (j->in_heads != NULL)
        return e->migration != NULL && j->in_heads[e->migration - j->m->m.v];
    return l->shape == LS_LEDGER_CURSOR && l->has_cursor && !l->cursor_is_nil && e->version < l->cursor;
}

static bool is_modified(const struct join *j, const struct ls_migration *m, const struct ls_ledger_row *row)
{
    const char *own = m->checksum != NULL ? m->checksum : m->up.sha256;

    if (!j->rules->has_checksums)
        return false;
    if (j->rules->is_modified != NULL)
        return j->rules->is_modified(m, row);
    return row->checksum != NULL && own[0] != '\0' && strcmp(row->checksum, own) != 0;
}

static enum ls_state state_with_row(const struct join *j, const struct ls_migration *m, const struct ls_ledger_row *row)
{
    if (row->state == LS_ROW_ROLLED_BACK)
        return LS_STATE_ROLLED_BACK;
    if (m == NULL)
        return row->kind == LS_KIND_BASELINE ? LS_STATE_APPLIED : LS_STATE_MISSING;
    if (!is_modified(j, m, row))
        return LS_STATE_APPLIED;
    return m->kind == LS_KIND_REPEATABLE ? LS_STATE_PENDING : LS_STATE_MODIFIED;
}

static bool is_out_of_order(const struct join *j, const struct ls_entry *e, long at)
{
    if (j->l->shape == LS_LEDGER_HEADS || !is_in_order(e))
        return false;
    if (j->l->shape == LS_LEDGER_HIGH_WATER)
        return j->l->has_high_water && e->version <= j->l->high_water;
    return at < j->newest;
}

static enum ls_state state_of(const struct join *j, const struct ls_entry *e, long at)
{
    const struct ls_ledger_row *row = e->row;

    if (row != NULL && (row->state == LS_ROW_FAILED || row->state == LS_ROW_UNKNOWN))
        return LS_STATE_DIRTY;
    if (e->migration != NULL && (e->migration->flags & LS_MIG_DUPLICATE) != 0)
        return LS_STATE_DUPLICATE;
    if (row != NULL)
        return state_with_row(j, e->migration, row);
    if (is_inferred(j, e))
        return LS_STATE_APPLIED;
    return is_out_of_order(j, e, at) ? LS_STATE_OUT_OF_ORDER : LS_STATE_PENDING;
}

static bool is_runnable(const struct join *j, const struct ls_entry *e)
{
    enum ls_mig_kind k = kind_of(e);

    if (e->migration == NULL || (k != LS_KIND_VERSIONED && k != LS_KIND_REPEATABLE))
        return false;
    return e->state == LS_STATE_PENDING || e->state == LS_STATE_ROLLED_BACK ||
           (e->state == LS_STATE_OUT_OF_ORDER && j->rules->runs_out_of_order);
}

static void judge(struct join *j, struct ls_entry *e, long at)
{
    e->state = state_of(j, e, at);
    if (e->row != NULL)
        e->evidence = LS_EVIDENCE_RECORDED;
    else if (is_inferred(j, e))
        e->evidence = LS_EVIDENCE_INFERRED;
    e->is_runnable = is_runnable(j, e);
    if (j->rules->adjust != NULL)
        j->rules->adjust(j->m, j->l, j->out->arena, e);
    j->out->count[e->state]++;
}

static bool entry_is_applied(const struct join *j, const struct ls_entry *e)
{
    if (e->state == LS_STATE_DIRTY || e->state == LS_STATE_ROLLED_BACK || !is_in_order(e))
        return false;
    return e->row != NULL ? row_counts_as_applied(j->l, e->row) : e->evidence == LS_EVIDENCE_INFERRED;
}

static const char *would(const struct join *j, const struct ls_entry *e, bool is_next)
{
    const struct ls_timeline_rules *r = j->rules;
    bool is_outdated = e->state == LS_STATE_PENDING && e->row != NULL && r->outdated != NULL;
    const char *const text[LS_N_STATES] = {
        [LS_STATE_APPLIED] = e->evidence == LS_EVIDENCE_INFERRED ? j->inferred : r->applied,
        [LS_STATE_PENDING] = is_outdated ? r->outdated : is_next ? r->pending_next : r->pending_later,
        [LS_STATE_ROLLED_BACK] = e->migration == NULL ? "does nothing: its file is gone, and it is taken back" : r->rolled_back,
        [LS_STATE_OUT_OF_ORDER] = r->out_of_order,
        [LS_STATE_MODIFIED] = r->modified,
        [LS_STATE_MISSING] = r->missing,
        [LS_STATE_DUPLICATE] = r->duplicate,
        [LS_STATE_DIRTY] = r->dirty,
    };

    return text[e->state] != NULL ? text[e->state] : "";
}

static const char *inferred_text(const struct join *j)
{
    if (j->rules->inferred != NULL)
        return j->rules->inferred;
    if (j->l->shape == LS_LEDGER_HEADS)
        return "takes it for applied, because a head stands behind it";
    return ls_arena_printf(j->out->arena, "takes it for applied, because its cursor is at %" PRIu64 "; never runs it", j->l->cursor);
}

/* --- building -------------------------------------------------------------------------------------------------------------------------- */

/* "001" beside "012": as many digits as the longest label that begins with a zero has. */
static int padded_width(const struct join *j)
{
    size_t width = 0;

    for (size_t i = 0; j->rules->is_numeric && i < j->m->m.n; i++) {
        const char *label = j->m->m.v[i].label;
        size_t len = strlen(label);

        if (label[0] == '0' && len > width && strspn(label, "0123456789") == len)
            width = len;
    }
    return (int)width;
}

/* What has no file is written as its siblings are: the ledger keeps the number alone. */
static const char *label_of_row(const struct join *j, const struct ls_ledger_row *row)
{
    int len = (int)strlen(row->id);

    if (len >= j->label_width || (int)strspn(row->id, "0123456789") != len)
        return row->id;
    return ls_arena_printf(j->out->arena, "%0*d%s", j->label_width - len, 0, row->id);
}

static void push(struct join *j, const struct ls_migration *m, const struct ls_row_group *group, const struct ls_ledger_row *nil)
{
    struct ls_entry *e = LS_VEC_PUSH(&j->out->e);
    const struct ls_ledger_row *row = group != NULL ? group->rows[group->n - 1] : nil;

    e->migration = m;
    if (group != NULL) {
        e->rows = group->rows;
        e->n_rows = group->n;
    }
    e->id = m != NULL ? m->id : row->id;
    e->version = m != NULL ? m->version : row->version;
    e->label = m != NULL ? m->label : label_of_row(j, row);
    e->name = m != NULL ? m->name : row->name != NULL ? row->name : "";
    if (nil != NULL)
        e->name = "before the first migration";
    /* A tombstone is history, and no row any more. */
    e->row = row != NULL && row->state != LS_ROW_DELETED ? row : NULL;
}

/* The "-1" of a dirty cursor stands in front of everything. */
static void push_nil(struct join *j)
{
    for (size_t i = 0; j->l->dirty && i < j->l->rows.n; i++)
        if (j->l->rows.v[i].is_nil)
            push(j, NULL, NULL, &j->l->rows.v[i]);
}

static void push_all(struct join *j)
{
    struct ls_arena *arena = j->out->arena;
    struct ls_row_groups groups;
    struct ls_missing *missing;
    size_t n_missing, k = 0;

    ls_join_rows(arena, j->l, &groups);
    const struct ls_row_group **of = ls_join_match(arena, j->m, &groups);
    missing = ls_join_missing(arena, j->m, j->rules, &groups, &n_missing);
    j->label_width = padded_width(j);
    push_nil(j);
    for (size_t i = 0; i <= j->m->m.n; i++) {
        for (; k < n_missing && missing[k].at == i; k++)
            push(j, NULL, missing[k].group, NULL);
        if (i < j->m->m.n)
            push(j, &j->m->m.v[i], of[i], NULL);
    }
}

void ls_timeline_build(const struct ls_migrations *m, const struct ls_ledger *l, const struct ls_timeline_rules *rules,
                       struct ls_timeline *out)
{
    struct join j = {.m = m, .l = l, .rules = rules, .out = out, .newest = -1};

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->newest_applied = out->next_pending = -1;
    push_all(&j);
    if (l->shape == LS_LEDGER_HEADS)
        j.in_heads = ls_join_heads(out->arena, m, l);
    j.inferred = inferred_text(&j);
    for (size_t i = 0; i < out->e.n; i++)
        if (row_counts_as_applied(l, out->e.v[i].row) && is_in_order(&out->e.v[i]))
            j.newest = (long)i;
    for (size_t i = 0; i < out->e.n; i++)
        judge(&j, &out->e.v[i], (long)i);
    for (size_t i = 0; i < out->e.n; i++) {
        struct ls_entry *e = &out->e.v[i];

        if (entry_is_applied(&j, e))
            out->newest_applied = (long)i;
        if (out->next_pending < 0 && e->is_runnable)
            out->next_pending = (long)i;
        if (e->tool_would == NULL)
            e->tool_would = would(&j, e, out->next_pending == (long)i);
    }
    out->by_id = ls_join_index(out);
}

void ls_timeline_release(struct ls_timeline *t)
{
    LS_VEC_RELEASE(&t->e);
    ls_arena_free(t->arena);
    t->arena = NULL;
}

long ls_timeline_find_id(const struct ls_timeline *t, const char *id)
{
    size_t at;

    LS_FIND_FIRST(at, t->e.n, strcmp(t->e.v[t->by_id[at]].id, id) < 0);
    return at < t->e.n && strcmp(t->e.v[t->by_id[at]].id, id) == 0 ? t->by_id[at] : -1;
}

long ls_timeline_find(const struct ls_timeline *t, uint64_t version)
{
    for (size_t i = 0; i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if (e->version == version && !(e->row != NULL && e->row->is_nil))
            return (long)i;
    }
    return -1;
}

uint64_t ls_timeline_free_above(const struct ls_timeline *t, uint64_t version)
{
    while (version < INT64_MAX)
        if (ls_timeline_find(t, ++version) < 0)
            return version;
    return 0;
}
