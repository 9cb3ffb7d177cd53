#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

#define COST_SAVING     0.25 /* of a plan's cost: below that it is noise */
#define MEASURED_SAVING 0.5  /* of buffers or steps, at least halved */
#define GAINS_SHOWN     5

static const struct ls_query *query_of(const struct ls_ix *ix, uint32_t q)
{
    return ix->o->workload && q < ix->o->workload->n_queries ? &ix->o->workload->queries[q] : NULL;
}

/* --- IX08 missing, IX09 orderby-mismatch, IX11 partial-constant --- */

static double best_saving(const struct ls_advice *a)
{
    double best = a->n_gains == 0 ? a->saving : 0;

    for (uint32_t g = 0; g < a->n_gains; g++)
        best = a->gains[g].saving > best ? a->gains[g].saving : best;
    return best;
}

/* "recent memories: 3229 -> 28 buffers, 12.2 -> 0.1 ms" */
static void add_gain(const struct ls_ix *ix, const struct ls_gain *g, struct ls_buf *b)
{
    const struct ls_query *q = query_of(ix, g->query);
    const struct ls_explained *x = &g->before, *y = &g->after;

    ls_buf_addf(b, "%s%s", b->len > 0 ? "\n" : "", q ? q->name : "query");
    if (y->n_nodes == 0) {
        ls_buf_adds(b, ": not costed");
        return;
    }
    ls_buf_adds(b, ": ");
    ls_explained_change(x, y, b);
    if (g->saving > 0)
        ls_buf_addf(b, " (%.0f %% less)", 100 * g->saving);
}

static const char *gains(const struct ls_ix *ix, const struct ls_advice *a)
{
    struct ls_buf b = LS_BUF_INIT;

    for (uint32_t g = 0; g < a->n_gains && g < GAINS_SHOWN; g++)
        add_gain(ix, &a->gains[g], &b);
    if (a->n_gains > GAINS_SHOWN)
        ls_buf_addf(&b, "\nand %u more", a->n_gains - GAINS_SHOWN);
    if (a->level == LS_ADVICE_STRUCTURAL)
        ls_buf_addf(&b, "%sstructural only: neither costed nor measured", b.len > 0 ? "\n" : "");
    return ls_ix_take(ix->arena, &b);
}

/* A warning is what holds by numbers; what was measured and does not halve the work, or was never costed, is for information. */
static bool weigh(const struct ls_advice *a, enum ls_severity *severity, enum ls_confidence *confidence)
{
    double saving = best_saving(a);

    *severity = LS_SEV_INFO;
    if (a->level == LS_ADVICE_STRUCTURAL) {
        *confidence = LS_CONF_STRUCTURAL;
        return true;
    }
    if (saving < COST_SAVING)
        return false;
    *confidence = a->level == LS_ADVICE_MEASURED ? LS_CONF_MEASURED : LS_CONF_COSTED;
    if (a->level == LS_ADVICE_COSTED || saving >= MEASURED_SAVING)
        *severity = LS_SEV_WARNING;
    return true;
}

/* What the advice makes needless goes only where nothing else needs it. */
static void replace_old(struct ls_ix *ix, struct ls_index_verdict *v, const struct ls_advice *a)
{
    uint32_t old = a->replaces;
    const struct ls_usage_fk *fk;
    const char *created = v->undo, *price = v->price;

    if (v->fix != LS_FIX_CREATE || old >= ix->u->n_indexes || ix->is_dropped[old] || ix->u->indexes[old].is_unique ||
        ls_ix_need(ix, old) || !ls_ix_hand_over(ix, old))
        return;
    fk = ls_ix_only_for_fk(ix, old);
    if (fk && !ls_ix_spec_serves_fk(ix->arena, a->spec, fk))
        return;
    v->index = old;
    ls_ix_fix_drop(ix, v);
    v->fix = LS_FIX_REPLACE;
    v->undo = ls_arena_printf(ix->arena, "%s %s", v->undo, created);
    v->price = ls_arena_printf(ix->arena, "%s; then %s is dropped, which gives back %s", price,
                               ls_ix_label(ix->arena, &ix->u->indexes[old]), ls_ix_size(ix->arena, ix->use[old].bytes));
    if (!v->ignored)
        ls_ix_set_dropped(ix, old);
}

static const char *object_of(struct ls_ix *ix, const struct ls_index_spec *s)
{
    uint32_t t = ls_usage_find_table(ix->u, s->schema, s->table);
    struct ls_buf b = LS_BUF_INIT;

    ls_buf_addf(&b, "%s(", t != LS_NO_USAGE ? ls_ix_table_label(ix->arena, &ix->u->tables[t]) : s->table);
    for (uint32_t k = 0; k < s->n_keys; k++)
        ls_buf_addf(&b, "%s%s", k > 0 ? ", " : "", s->keys[k]);
    ls_buf_addc(&b, ')');
    if (s->predicate && s->predicate[0] != '\0')
        ls_buf_addf(&b, " WHERE %s", s->predicate);
    return ls_ix_take(ix->arena, &b);
}

static const char *title(struct ls_ix *ix, const struct ls_advice *a, enum ls_verdict_id id)
{
    const struct ls_query *q = a->n_gains > 0 ? query_of(ix, a->gains[0].query) : NULL;
    const char *name = q ? q->name : NULL;

    if (id == LS_IX_ORDER_BY && name)
        return ls_arena_printf(ix->arena, "\"%s\" finds its rows by an index and sorts them; one index does both", name);
    if (id == LS_IX_PARTIAL_CONSTANT)
        return ls_arena_printf(ix->arena, "%u quer%s always ask%s for one constant: an index of those rows alone would do",
                               a->n_gains, a->n_gains == 1 ? "y" : "ies", a->n_gains == 1 ? "s" : "");
    if (!name)
        return "a query of the workload lacks an index";
    return a->n_gains > 1 ? ls_arena_printf(ix->arena, "\"%s\" and %u more quer%s lack an index", name, a->n_gains - 1,
                                            a->n_gains == 2 ? "y" : "ies")
                          : ls_arena_printf(ix->arena, "\"%s\" lacks an index", name);
}

void ls_ix_rule_advice(struct ls_ix *ix)
{
    const struct ls_advices *all = ix->o->advices;

    for (uint32_t i = 0; all && i < all->n; i++) {
        const struct ls_advice *a = &all->a[i];
        enum ls_verdict_id id = a->is_partial ? LS_IX_PARTIAL_CONSTANT : a->is_order_by ? LS_IX_ORDER_BY : LS_IX_MISSING;
        enum ls_severity severity;
        enum ls_confidence confidence;
        struct ls_index_verdict *v;

        if (!weigh(a, &severity, &confidence) || ls_ix_exists(ix->u, a->spec) != LS_NO_USAGE)
            continue;
        v = ls_ix_add_object(ix, id, severity, confidence, ls_usage_find_table(ix->u, a->spec->schema, a->spec->table),
                             object_of(ix, a->spec));
        v->advice = a;
        v->title = title(ix, a, id);
        v->evidence = gains(ix, a);
        ls_ix_fix_create(ix, v, a->spec, a->bytes, a->write_cost);
        replace_old(ix, v, a);
    }
}

/* --- IX17 auto-index --- */

static const struct ls_advice *advice_for(const struct ls_ix *ix, uint32_t query)
{
    const struct ls_advices *all = ix->o->advices;

    for (uint32_t i = 0; i < all->n; i++)
        for (uint32_t g = 0; g < all->a[i].n_gains; g++)
            if (all->a[i].gains[g].query == query)
                return &all->a[i];
    return NULL;
}

/* The node that names it: "SEARCH c USING AUTOMATIC COVERING INDEX (parent_id=?)". */
static const struct ls_node *automatic(const struct ls_explained *e)
{
    for (uint32_t n = 0; n < e->n_nodes; n++)
        if (strstr(e->nodes[n].what, "AUTOMATIC") || strstr(e->nodes[n].detail, "AUTOMATIC") ||
            strstr(e->nodes[n].index, "AUTOMATIC"))
            return &e->nodes[n];
    return NULL;
}

/* The fix is the index that IX08 proposes for the same query: one verdict makes it. */
void ls_ix_rule_autoindex(struct ls_ix *ix)
{
    const struct ls_advices *all = ix->o->advices;

    for (uint32_t p = 0; !ix->is_pg && all && p < all->n_plans; p++) {
        const struct ls_explained *e = &all->plans[p];
        const struct ls_query *q = query_of(ix, p);
        const struct ls_node *node = automatic(e);
        const struct ls_advice *a = advice_for(ix, p);
        struct ls_index_verdict *v;
        uint32_t t;

        if (!node && e->autoindexes <= 0)
            continue;
        t = node ? ls_usage_find_table(ix->u, NULL, node->relation) : LS_NO_USAGE;
        v = ls_ix_add_object(ix, LS_IX_AUTO_INDEX, LS_SEV_WARNING, e->is_measured ? LS_CONF_MEASURED : LS_CONF_COSTED, t,
                             t != LS_NO_USAGE ? ls_ix_table_label(ix->arena, &ix->u->tables[t])
                             : q              ? q->name
                                              : "query");
        v->title = ls_arena_printf(ix->arena, "\"%s\" builds an index each time it runs", q ? q->name : "query");
        v->evidence =
            e->autoindexes > 0
                ? ls_arena_printf(ix->arena, "%" PRId64 " row%s put into an automatic index in one run", e->autoindexes, e->autoindexes == 1 ? " was" : "s were")
                : "the plan says AUTOMATIC INDEX";
        v->advice = a;
        v->price = a ? ls_arena_printf(ix->arena, "see the advice for %s", object_of(ix, a->spec)) : "";
    }
}
