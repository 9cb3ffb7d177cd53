#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

#define LOSSES_SHOWN 5
#define WORTH_FACTOR 4 /* a cover of more than that times its size is no cheap replacement (indexes.md 2.2 trap 10) */

/* --- IX02 duplicate, IX03 mirror, IX04 prefix --- */

/* Better covers first: the same before a mirror, one that has to stay anyway, the narrower, the older. */
static bool is_better(struct ls_ix *ix, uint32_t b, enum ls_ix_cover how, uint32_t best, enum ls_ix_cover best_how)
{
    const struct ls_usage_index *x = &ix->u->indexes[b], *y = &ix->u->indexes[best];
    bool must_x = ls_ix_need(ix, b) != NULL, must_y = ls_ix_need(ix, best) != NULL;

    if (how != best_how)
        return how < best_how;
    if (must_x != must_y)
        return must_x;
    if (x->n_keys != y->n_keys)
        return x->n_keys < y->n_keys;
    return x->n_include != y->n_include ? x->n_include < y->n_include : x->oid < y->oid;
}

static uint32_t best_cover(struct ls_ix *ix, uint32_t a, enum ls_ix_cover least, enum ls_ix_cover most, enum ls_ix_cover *how)
{
    const struct ls_usage_table *t = &ix->u->tables[ix->u->indexes[a].table];
    uint32_t best = LS_NO_USAGE;

    *how = LS_COVER_NONE;
    for (uint32_t b = t->first_index; b < t->first_index + t->n_indexes; b++) {
        enum ls_ix_cover c = ix->is_dropped[b] ? LS_COVER_NONE : ls_ix_covers(ix->u, a, b);

        if (c < least || c > most)
            continue;
        if (best == LS_NO_USAGE || is_better(ix, b, c, best, *how)) {
            best = b;
            *how = c;
        }
    }
    return best;
}

/* "idx (user_id), 7.1 MiB, 120 scans" */
static void line(struct ls_ix *ix, struct ls_buf *b, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];

    ls_buf_addf(b, "%s (%s)", ls_ix_label(ix->arena, x), ls_ix_columns(ix->arena, x));
    for (uint32_t k = 0; k < x->n_include; k++)
        ls_buf_addf(b, "%s%s%s", k == 0 ? " INCLUDE (" : ", ", x->include[k], k + 1 == x->n_include ? ")" : "");
    if (x->predicate[0] != '\0')
        ls_buf_addf(b, " WHERE %s", x->predicate);
    ls_buf_addf(b, ": %s", ls_ix_size(ix->arena, ix->use[i].bytes));
    if (ix->use[i].scans >= 0)
        ls_buf_addf(b, ", %" PRId64 " scan%s", ix->use[i].scans, ix->use[i].scans == 1 ? "" : "s");
}

static const struct {
    enum ls_verdict_id id;
    const char *tail; /* of the title, behind the name of the other */
} kinds[] = {
    [LS_COVER_SAME] = {LS_IX_DUPLICATE, "is the same index"},
    [LS_COVER_MIRROR] = {LS_IX_MIRROR, "is the same index, read backwards"},
    [LS_COVER_INCLUDE] = {LS_IX_PREFIX, "has the same columns and carries more"},
    [LS_COVER_PREFIX] = {LS_IX_PREFIX, "begins with its columns"},
};

/* A prefix may earn its place: the narrow one is smaller, and lies better in memory. */
static bool is_cheap(const struct ls_ix *ix, uint32_t a, uint32_t b)
{
    return ix->use[a].bytes > 0 && ix->use[b].bytes >= 0 && ix->use[b].bytes <= WORTH_FACTOR * ix->use[a].bytes;
}

/* What queries do without it, where that was tried. */
struct proof {
    uint32_t n, n_worse;
    bool is_measured;
};

static struct proof proof_of(const struct ls_ix *ix, uint32_t a, struct ls_buf *text)
{
    const struct ls_advices *all = ix->o->advices;
    const struct ls_workload *w = ix->o->workload;
    struct proof p = {.is_measured = true};

    for (uint32_t i = 0; all && i < all->n_losses; i++) {
        const struct ls_loss *l = &all->losses[i];

        if (l->index != a)
            continue;
        p.n++;
        p.n_worse += l->is_worse;
        p.is_measured = p.is_measured && (l->after.n_nodes == 0 || l->after.is_measured || l->after.is_timed_out);
        if (p.n > LOSSES_SHOWN)
            continue;
        ls_buf_addf(text, "\n\"%s\" without it: ", w && l->query < w->n_queries ? w->queries[l->query].name : "query");
        if (l->after.n_nodes == 0)
            ls_buf_adds(text, "fails, for it names the index");
        else if (l->after.is_timed_out)
            ls_buf_adds(text, "was stopped, so much longer does it take");
        else
            ls_explained_change(&l->before, &l->after, text);
    }
    if (p.n > LOSSES_SHOWN)
        ls_buf_addf(text, "\nand %u more", p.n - LOSSES_SHOWN);
    return p;
}

/* It earns its place: nothing is proposed, and the proof is in the evidence. */
static void keeps_its_place(struct ls_ix *ix, struct ls_index_verdict *v, uint32_t a, uint32_t b, const struct proof *p)
{
    v->severity = LS_SEV_INFO;
    v->title = ls_arena_printf(ix->arena, "%s begins with its columns, but %u quer%s the worse without it", ls_ix_label(ix->arena, &ix->u->indexes[b]), p->n_worse,
                               p->n_worse == 1 ? "y is" : "ies are");
    v->window = ix->use[a].scans >= 0 ? ls_ix_use_window(ix, a) : "";
}

static void covered(struct ls_ix *ix, uint32_t a, uint32_t b, enum ls_ix_cover how)
{
    bool is_prefix = kinds[how].id == LS_IX_PREFIX, is_earning = is_prefix && !is_cheap(ix, a, b);
    struct proof proof = {0};
    struct ls_index_verdict *v =
        ls_ix_add(ix, kinds[how].id, is_earning ? LS_SEV_INFO : LS_SEV_WARNING,
                  kinds[how].id == LS_IX_PREFIX ? LS_CONF_STRUCTURAL : LS_CONF_CERTAIN, ix->u->indexes[a].table, a);
    struct ls_buf text = LS_BUF_INIT;

    v->other = b;
    v->title = ls_arena_printf(ix->arena, "%s %s%s", ls_ix_label(ix->arena, &ix->u->indexes[b]), kinds[how].tail,
                               how == LS_COVER_SAME && ix->u->indexes[b].is_unique && !ix->u->indexes[a].is_unique ? ", and unique" : "");
    line(ix, &text, a);
    ls_buf_addc(&text, '\n');
    line(ix, &text, b);
    if (is_prefix)
        proof = proof_of(ix, a, &text);
    if (is_earning && ix->use[a].bytes > 0 && ix->use[b].bytes > 0)
        ls_buf_addf(&text, "\nthe longer one is %.1f times as large: queries that read many rows by it get slower%s",
                    (double)ix->use[b].bytes / (double)ix->use[a].bytes, proof.n > 0 ? "" : "; compare their plans first");
    if (proof.n == 0 && ls_ix_is_planned(ix, a))
        ls_buf_adds(&text, "\nqueries of the workload are planned with it now; measuring them tells what they do without it");
    if (proof.n == 0 && how == LS_COVER_PREFIX && ix->u->tables[ix->u->indexes[a].table].rowid_alias) /* SQLite: it ends with the rowid */
        ls_buf_addf(&text, "\nof one value it gives the rows in the order of %s, which the longer one does not", ix->u->tables[ix->u->indexes[a].table].rowid_alias);
    v->evidence = ls_ix_take(ix->arena, &text);
    if (proof.n > 0)
        v->confidence = proof.is_measured ? LS_CONF_MEASURED : LS_CONF_COSTED;
    if (proof.n_worse > 0) {
        keeps_its_place(ix, v, a, b, &proof);
        return;
    }
    v->window = ix->use[a].scans >= 0 ? ls_ix_use_window(ix, a) : "";
    ls_ix_fix_drop(ix, v);
    if (!v->ignored) {
        ls_ix_set_dropped(ix, a);
        ix->cover[a] = b;
    }
}

static void find_covered(struct ls_ix *ix, enum ls_ix_cover least, enum ls_ix_cover most)
{
    /* Longer ones first: what becomes of a cover is known then before what it covers is looked at. */
    for (uint32_t t = 0; t < ix->u->n_tables; t++) {
        const struct ls_usage_table *table = &ix->u->tables[t];
        uint32_t n_keys = 0;

        for (uint32_t i = table->first_index; i < table->first_index + table->n_indexes; i++)
            n_keys = ix->u->indexes[i].n_keys > n_keys ? ix->u->indexes[i].n_keys : n_keys;
        for (uint32_t n = n_keys; n > 0; n--) {
            for (uint32_t a = table->first_index; a < table->first_index + table->n_indexes; a++) {
                enum ls_ix_cover how;
                uint32_t b;

                if (ix->u->indexes[a].n_keys != n || ix->is_dropped[a])
                    continue;
                b = best_cover(ix, a, least, most, &how);
                if (b != LS_NO_USAGE && ls_ix_may_drop(ix, a))
                    covered(ix, a, b, how);
            }
        }
    }
}

/* SQLite: a table is a tree by its rowid already. */
static void find_rowid(struct ls_ix *ix)
{
    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];
        const struct ls_usage_table *t = &ix->u->tables[x->table];
        struct ls_index_verdict *v;

        if (ix->is_dropped[i] || !t->rowid_alias || x->n_keys != 1 || !x->keys[0].column ||
            strcmp(x->keys[0].column, t->rowid_alias) != 0 || x->predicate[0] != '\0' || ls_ix_need(ix, i))
            continue;
        v = ls_ix_add(ix, LS_IX_PREFIX, LS_SEV_WARNING, LS_CONF_CERTAIN, x->table, i);
        v->title = ls_arena_printf(ix->arena, "%s is the table's own key: the table is its index", t->rowid_alias);
        v->evidence = ls_arena_printf(ix->arena, "%s is an INTEGER PRIMARY KEY, the row's own number\n(%s): %s", t->rowid_alias,
                                      ls_ix_columns(ix->arena, x), ls_ix_size(ix->arena, ix->use[i].bytes));
        ls_ix_fix_drop(ix, v);
        ix->is_dropped[i] = !v->ignored;
    }
}

/* What is certain: equals first, for one that carries more is no reason to keep two that are the same. */
void ls_ix_rule_equal(struct ls_ix *ix)
{
    if (!ix->is_pg)
        find_rowid(ix);
    find_covered(ix, LS_COVER_SAME, LS_COVER_MIRROR);
    find_covered(ix, LS_COVER_INCLUDE, LS_COVER_INCLUDE);
}

void ls_ix_rule_prefix(struct ls_ix *ix)
{
    find_covered(ix, LS_COVER_PREFIX, LS_COVER_PREFIX);
}
