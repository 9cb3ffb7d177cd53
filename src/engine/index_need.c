#include <config.h>

#include "engine/index_priv.h"

#include <string.h>

static const char *own_need(struct ls_ix *ix, const struct ls_usage_index *x)
{
    if (x->is_primary)
        return "it is the primary key";
    if (x->is_exclusion)
        return "an exclusion constraint stands on it";
    if (x->constraint[0] != '\0')
        return ls_arena_printf(ix->arena, "the constraint %s stands on it", x->constraint);
    if (x->is_fk_target)
        return "a foreign key of another table points at it";
    if (x->is_replica_identity)
        return "it is the replica identity of the table";
    if (x->is_clustered)
        return "the table is clustered by it";
    if (x->is_in_query)
        return "a view or trigger names it with INDEXED BY";
    return NULL;
}

/* A partitioned table's index takes those of the partitions with it: what one of them is needed for, it is needed for. */
static const char *need(struct ls_ix *ix, uint32_t index)
{
    const char *why = own_need(ix, &ix->u->indexes[index]);

    for (uint32_t i = ix->first_part[index]; !why && i != LS_NO_USAGE; i = ix->next_part[i])
        why = need(ix, i);
    return why;
}

const char *ls_ix_need(struct ls_ix *ix, uint32_t index)
{
    const char *why = need(ix, index);

    return why || !ix->u->indexes[index].is_partition ? why : "it is part of the partitioned table's index";
}

/* Foreign keys of the table and of those that it is a partition of: their look-ups come down to it. */
static const struct ls_usage_fk *own_fk(const struct ls_ix *ix, uint32_t index)
{
    const struct ls_usage *u = ix->u;
    const struct ls_usage_table *own = &u->tables[u->indexes[index].table];
    uint32_t depth = 0;

    for (uint32_t t = u->indexes[index].table; t != LS_NO_USAGE && depth < 32; t = u->tables[t].parent, depth++) {
        for (uint32_t f = 0; f < u->tables[t].n_fks; f++) {
            const struct ls_usage_fk *fk = &u->fks[u->tables[t].first_fk + f];
            bool has_other = false;

            if (!ls_ix_serves_fk(u, index, fk))
                continue;
            for (uint32_t i = own->first_index; i < own->first_index + own->n_indexes && !has_other; i++)
                has_other = i != index && !ix->is_dropped[i] && ls_ix_serves_fk(u, i, fk);
            if (!has_other)
                return fk;
        }
    }
    return NULL;
}

const struct ls_usage_fk *ls_ix_only_for_fk(const struct ls_ix *ix, uint32_t index)
{
    const struct ls_usage_fk *fk = own_fk(ix, index);

    for (uint32_t i = ix->first_part[index]; !fk && i != LS_NO_USAGE; i = ix->next_part[i])
        fk = ls_ix_only_for_fk(ix, i);
    return fk;
}

/* The best of those that stay: the narrowest that is the same, then the narrowest longer one. */
static uint32_t other_cover(const struct ls_ix *ix, uint32_t a, uint32_t except)
{
    const struct ls_usage_table *t = &ix->u->tables[ix->u->indexes[a].table];
    uint32_t best = LS_NO_USAGE;

    for (uint32_t b = t->first_index; b < t->first_index + t->n_indexes; b++) {
        if (b == except || ix->is_dropped[b] || ls_ix_covers(ix->u, a, b) == LS_COVER_NONE)
            continue;
        if (best == LS_NO_USAGE || ix->u->indexes[b].n_keys < ix->u->indexes[best].n_keys)
            best = b;
    }
    return best;
}

static bool hand_over(struct ls_ix *ix, uint32_t index, bool does)
{
    const struct ls_usage_table *t = &ix->u->tables[ix->u->indexes[index].table];
    bool has = true;

    for (uint32_t a = t->first_index; has && a < t->first_index + t->n_indexes; a++) {
        uint32_t b;

        if (!ix->is_dropped[a] || ix->cover[a] != index)
            continue;
        b = other_cover(ix, a, index);
        has = b != LS_NO_USAGE;
        if (does)
            ix->cover[a] = b;
    }
    for (uint32_t i = ix->first_part[index]; has && i != LS_NO_USAGE; i = ix->next_part[i])
        has = hand_over(ix, i, does);
    return has;
}

bool ls_ix_hand_over(struct ls_ix *ix, uint32_t index)
{
    return hand_over(ix, index, false) && hand_over(ix, index, true); /* look first, then do */
}

void ls_ix_set_dropped(struct ls_ix *ix, uint32_t index)
{
    ix->is_dropped[index] = true;
    for (uint32_t i = ix->first_part[index]; i != LS_NO_USAGE; i = ix->next_part[i])
        ls_ix_set_dropped(ix, i);
}

void ls_ix_link_parts(struct ls_ix *ix)
{
    uint32_t n = ix->u->n_indexes;

    ix->first_part = LS_ARENA_ARRAY(ix->arena, uint32_t, n + 1);
    ix->next_part = LS_ARENA_ARRAY(ix->arena, uint32_t, n + 1);
    for (uint32_t i = 0; i < n; i++)
        ix->first_part[i] = LS_NO_USAGE;
    for (uint32_t i = n; i-- > 0;) {
        uint32_t p = ix->u->indexes[i].parent;

        ix->next_part[i] = p < n ? ix->first_part[p] : LS_NO_USAGE;
        if (p < n)
            ix->first_part[p] = i;
    }
}

bool ls_ix_may_drop(struct ls_ix *ix, uint32_t index)
{
    return !ls_ix_need(ix, index) && !ls_ix_only_for_fk(ix, index) && ls_ix_hand_over(ix, index);
}
