#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

#define SMALL_BYTES        (64 * LS_IX_KIB) /* of a few pages a comparison says nothing */
#define MANY_KEYS          8u
#define WIDE_KEY           256
#define BLOAT_SHARE        0.5
#define BLOAT_BYTES        (10 * LS_IX_MIB)
#define SQLITE_BLOAT_PAGES 256
#define HOT_SHARE          0.5
#define FEW_SCANS          50

static bool is_there(const struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];

    return !ix->is_dropped[i] && x->is_valid && x->is_live && !x->is_building && !x->is_partitioned;
}

/* --- IX14 bloat --- */

struct bloat {
    double share;
    enum ls_bloat how;
};

/* What was measured, then the size a row right after a build that lockstep saw, then the estimate (indexes.md 2.3). */
static struct bloat bloat_of(const struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    double built = ix->h->past[i].built_bytes_per_row, bytes = (double)ix->use[i].bytes;
    struct bloat b = {x->bloat, x->bloat_how};

    if (x->bloat_how != LS_BLOAT_MEASURED && built > 0 && x->rows > 0 && bytes > 0) {
        b.share = 1 - built * x->rows / bytes;
        b.share = b.share < 0 ? 0 : b.share;
        b.how = LS_BLOAT_BASELINE;
    }
    return b;
}

static bool is_bloated(const struct ls_ix *ix, uint32_t i, struct bloat b)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];

    if (b.how == LS_BLOAT_UNKNOWN || b.share <= BLOAT_SHARE)
        return false;
    return ix->is_pg ? ix->use[i].bytes > BLOAT_BYTES : x->pages >= SQLITE_BLOAT_PAGES;
}

static const char *const hows[] = {
    [LS_BLOAT_UNKNOWN] = "",
    [LS_BLOAT_MEASURED] = "the index was read",
    [LS_BLOAT_BASELINE] = "against its size a row right after it was built",
    [LS_BLOAT_ESTIMATE] = "an estimate from statistics",
};

void ls_ix_rule_bloat(struct ls_ix *ix)
{
    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        struct bloat b = is_there(ix, i) ? bloat_of(ix, i) : (struct bloat){.share = -1};
        int64_t bytes = ix->use[i].bytes;
        struct ls_index_verdict *v;

        if (!is_there(ix, i) || !is_bloated(ix, i, b))
            continue;
        v = ls_ix_add(ix, LS_IX_BLOAT, LS_SEV_WARNING, b.how == LS_BLOAT_MEASURED ? LS_CONF_MEASURED : LS_CONF_ESTIMATED,
                      ix->u->indexes[i].table, i);
        v->title = ls_arena_printf(ix->arena, "%.0f %% of it is empty", 100 * b.share);
        v->evidence = ls_arena_printf(
            ix->arena, "%s, of which a rebuild gives back about %s (%s: %s)", ls_ix_size(ix->arena, bytes),
            ls_ix_size(ix->arena, bytes >= 0 ? (int64_t)(b.share * (double)bytes) : -1), ls_bloat_name(b.how), hows[b.how]);
        if (ix->is_pg) {
            ls_ix_fix_reindex(ix, v);
        } else {
            v->fix = LS_FIX_VACUUM;
            v->price =
                "VACUUM writes the whole file anew: nobody else writes until it ends, and it needs the file's size once more";
        }
    }
}

/* --- IX13 oversized --- */

static void oversized(struct ls_ix *ix, uint32_t i, const char *title, const char *evidence)
{
    struct ls_index_verdict *v = ls_ix_add(ix, LS_IX_OVERSIZED, LS_SEV_INFO, LS_CONF_CERTAIN, ix->u->indexes[i].table, i);

    v->title = title;
    v->evidence = evidence;
}

static const struct ls_usage_key *wide_key(const struct ls_usage_index *x)
{
    for (uint32_t k = 0; k < x->n_keys; k++)
        if (x->keys[k].avg_width > WIDE_KEY)
            return &x->keys[k];
    return NULL;
}

void ls_ix_rule_oversized(struct ls_ix *ix)
{
    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];
        const struct ls_usage_table *t = &ix->u->tables[x->table];
        const struct ls_usage_key *wide = wide_key(x);
        int64_t bytes = ix->use[i].bytes;

        if (!is_there(ix, i) || is_bloated(ix, i, bloat_of(ix, i)))
            continue;
        if (x->n_keys > MANY_KEYS)
            oversized(ix, i, ls_arena_printf(ix->arena, "%u key columns", x->n_keys),
                      ls_arena_printf(ix->arena,
                                      "(%s), %s: what is only read belongs into INCLUDE, what is never searched for out of it",
                                      ls_ix_columns(ix->arena, x), ls_ix_size(ix->arena, bytes)));
        else if (wide && strcmp(x->method, "btree") == 0)
            oversized(ix, i,
                      ls_arena_printf(ix->arena, "its keys are wide: %s has %d bytes on average", wide->text, wide->avg_width),
                      ls_arena_printf(ix->arena, "%s; for equality alone an index of a hash is much smaller",
                                      ls_ix_size(ix->arena, bytes)));
        else if (bytes >= SMALL_BYTES && t->bytes > 0 && bytes > t->bytes)
            oversized(
                ix, i, "it is larger than its table",
                ls_arena_printf(ix->arena, "%s, of a table of %s", ls_ix_size(ix->arena, bytes), ls_ix_size(ix->arena, t->bytes)));
    }
}

/* --- IX15 hot-blocked: a line of cost, never a fix --- */

static const char *updated_column(const struct ls_ix *ix, uint32_t i, const struct ls_query **by)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    const struct ls_workload *w = ix->o->workload;

    for (uint32_t q = 0; w && q < w->n_queries; q++) {
        if (!ls_ix_query_names(ix, q, x->table))
            continue;
        for (uint32_t k = 0; k < x->n_keys; k++) {
            if (x->keys[k].column && ls_ix_query_updates(ix->u, &w->queries[q], x->keys[k].column)) {
                *by = &w->queries[q];
                return x->keys[k].column;
            }
        }
    }
    return NULL;
}

void ls_ix_rule_hot(struct ls_ix *ix)
{
    for (uint32_t i = 0; ix->is_pg && i < ix->u->n_indexes; i++) {
        const struct ls_usage_table *t = &ix->u->tables[ix->u->indexes[i].table];
        double share = ls_usage_hot_share(t);
        const struct ls_query *by = NULL;
        const char *column;
        struct ls_index_verdict *v;

        if (!is_there(ix, i) || share < 0 || share >= HOT_SHARE || ix->use[i].scans < 0 || ix->use[i].scans > FEW_SCANS ||
            ix->u->indexes[i].is_unique)
            continue;
        column = updated_column(ix, i, &by);
        if (!column)
            continue;
        v = ls_ix_add(ix, LS_IX_HOT_BLOCKED, LS_SEV_INFO, LS_CONF_ESTIMATED, ix->u->indexes[i].table, i);
        v->title = ls_arena_printf(ix->arena, "updates of %s write every index of %s", column, ls_ix_table_label(ix->arena, t));
        v->evidence =
            ls_arena_printf(ix->arena, "query: %s\n%.0f %% of %" PRId64 " updates were HOT; %" PRId64 " scan%s of this index",
                            by->name, 100 * share, t->updated, ix->use[i].scans, ix->use[i].scans == 1 ? "" : "s");
        v->window = ls_ix_use_window(ix, i);
    }
}
