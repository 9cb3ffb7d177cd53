/* The revision graph: its order, its heads, what is wrong with it, and what an up or a down makes of the heads in the ledger. */
#include <config.h>

#include "format/alembic.h"

#include <string.h>

#include "format/scan.h"
#include "format/tree.h"
#include "lockstep/base/find.h"
#include "lockstep/base/mem.h"

/* --- ids --------------------------------------------------------------------------------------------------- */

/* The migrations of one id; more than one when it was given twice. */
struct node {
    const struct ls_migration *m; /* the first of them */
    long index;                   /* of it, in the order before the sort */
    size_t n_members;
    size_t waits_for; /* edges to nodes that have no place yet */
    bool is_placed;
};
struct graph {
    struct ls_migrations *all;
    struct node *nodes; /* sorted by id */
    size_t n;
    long *by_id; /* indices of migrations, sorted by id, then index */
};

static int compare_ids(const void *a, const void *b, void *ctx)
{
    const struct ls_migrations *all = ctx;
    long i = *(const long *)a, k = *(const long *)b;
    int c = strcmp(all->m.v[i].id, all->m.v[k].id);

    return c != 0 ? c : i < k ? -1 : i > k;
}

static void graph_make(struct graph *g, struct ls_migrations *all)
{
    *g = (struct graph){.all = all};
    g->by_id = ls_calloc(all->m.n + 1, sizeof(*g->by_id));
    g->nodes = ls_calloc(all->m.n + 1, sizeof(*g->nodes));
    for (size_t i = 0; i < all->m.n; i++)
        g->by_id[i] = (long)i;
    qsort_r(g->by_id, all->m.n, sizeof(*g->by_id), compare_ids, all);
    for (size_t i = 0; i < all->m.n; i++) {
        const struct ls_migration *m = &all->m.v[g->by_id[i]];

        if (g->n == 0 || strcmp(g->nodes[g->n - 1].m->id, m->id) != 0)
            g->nodes[g->n++] = (struct node){.m = m, .index = (long)i};
        g->nodes[g->n - 1].n_members++;
    }
}

static void graph_release(struct graph *g)
{
    free(g->nodes);
    free(g->by_id);
}

static struct node *find(const struct graph *g, const char *id)
{
    size_t at;

    LS_FIND_FIRST(at, g->n, strcmp(g->nodes[at].m->id, id) < 0);
    return at < g->n && strcmp(g->nodes[at].m->id, id) == 0 ? &g->nodes[at] : NULL;
}

static struct ls_migration *member(const struct graph *g, const struct node *n, size_t k)
{
    return &g->all->m.v[g->by_id[(size_t)n->index + k]];
}

static bool holds(const char *const *list, const char *word)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

/* --- what is wrong ----------------------------------------------------------------------------------------- */

static struct ls_diag *complain(struct ls_migrations *all, struct ls_migration *m, enum ls_severity severity, const char *code,
                                int line, const char *text)
{
    struct ls_diag *d = ls_scan_diag(all, severity, code, m->up.path, "%s", text);

    d->version = m->label;
    d->line = line;
    return d;
}

static void find_duplicates(struct graph *g)
{
    struct ls_arena *a = g->all->arena;

    for (size_t i = 0; i < g->n; i++) {
        const struct ls_migration *first = member(g, &g->nodes[i], 0);

        for (size_t k = 0; k < g->nodes[i].n_members && g->nodes[i].n_members > 1; k++) {
            struct ls_migration *m = member(g, &g->nodes[i], k);

            m->flags |= LS_MIG_DUPLICATE;
            if (k > 0)
                complain(g->all, m, LS_SEV_ERROR, "duplicate-version", 0,
                         ls_arena_printf(a, "revision %s is also that of %s: alembic warns, and takes the one that it reads last",
                                         m->id, first->up.path))
                    ->hint = "give one of them an id of its own";
        }
    }
}

static const struct ls_migration *label_owner(const struct graph *g, const char *label)
{
    for (size_t i = 0; i < g->n; i++)
        if (holds(g->nodes[i].m->labels, label))
            return g->nodes[i].m;
    return NULL;
}

/* An id, a branch label, or the beginning of one id. NULL: none. */
static const char *resolve_dependency(const struct graph *g, const char *word)
{
    const struct ls_migration *owner;
    const char *hit = NULL;

    if (find(g, word) != NULL)
        return word;
    owner = label_owner(g, word);
    if (owner != NULL)
        return owner->id;
    for (size_t i = 0; i < g->n && strlen(word) >= 4; i++)
        if (strncmp(g->nodes[i].m->id, word, strlen(word)) == 0) {
            if (hit != NULL)
                return NULL;
            hit = g->nodes[i].m->id;
        }
    return hit;
}

static void resolve_depends(struct graph *g, struct ls_migration *m)
{
    size_t n = 0, kept = 0;
    const char **out;

    while (m->depends != NULL && m->depends[n] != NULL)
        n++;
    if (n == 0)
        return;
    out = LS_ARENA_ARRAY(g->all->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *id = resolve_dependency(g, m->depends[i]);

        if (id != NULL) {
            out[kept++] = id;
            continue;
        }
        m->flags |= LS_MIG_BROKEN;
        complain(g->all, m, LS_SEV_ERROR, "unknown-dependency", 0,
                 ls_arena_printf(g->all->arena, "depends_on names %s, which no file is: alembic fails with every command",
                                 m->depends[i]))
            ->hint = "bring that file back, or take the dependency out";
    }
    m->depends = kept > 0 ? out : NULL;
}

static void check_parents(struct graph *g, struct ls_migration *m, int line)
{
    for (const char *const *p = m->parents; p != NULL && *p != NULL; p++) {
        if (find(g, *p) != NULL)
            continue;
        m->flags |= LS_MIG_BROKEN;
        complain(g->all, m, LS_SEV_ERROR, "unknown-parent", line,
                 ls_arena_printf(g->all->arena, "down_revision names %s, which no file is: alembic fails with every command", *p))
            ->hint = "bring that file back, or name the revision that this one follows";
    }
}

static void check_labels(struct graph *g, struct ls_migration *m)
{
    for (const char *const *l = m->labels; l != NULL && *l != NULL; l++) {
        const struct ls_migration *owner = label_owner(g, *l);

        if (owner != NULL && strcmp(owner->id, m->id) != 0)
            complain(g->all, m, LS_SEV_ERROR, "duplicate-label", 0,
                     ls_arena_printf(g->all->arena,
                                     "the branch label %s is also that of revision %s: alembic fails with every command", *l,
                                     owner->id));
    }
}

/* --- order ------------------------------------------------------------------------------------------------- */

struct queue {
    struct node **v;
    size_t n;
};

static bool is_earlier(const struct node *a, const struct node *b)
{
    const char *at = a->m->authored_at != NULL ? a->m->authored_at : "", *bt = b->m->authored_at != NULL ? b->m->authored_at : "";
    int c = strcmp(at, bt);

    return c != 0 ? c < 0 : strcmp(a->m->id, b->m->id) < 0;
}

static void push(struct queue *q, struct node *x)
{
    size_t i = q->n++;

    for (; i > 0 && is_earlier(x, q->v[(i - 1) / 2]); i = (i - 1) / 2)
        q->v[i] = q->v[(i - 1) / 2];
    q->v[i] = x;
}

static struct node *pop(struct queue *q)
{
    struct node *top = q->v[0], *last = q->v[--q->n];
    size_t i = 0;

    for (size_t k; (k = 2 * i + 1) < q->n; i = k) {
        if (k + 1 < q->n && is_earlier(q->v[k + 1], q->v[k]))
            k++;
        if (!is_earlier(q->v[k], last))
            break;
        q->v[i] = q->v[k];
    }
    if (q->n > 0)
        q->v[i] = last;
    return top;
}

/* The edges downwards: of all members, parents first. */
struct edge {
    struct node *from, *to; /* from needs to */
};
typedef LS_VEC(struct edge) edges;

static int compare_edges(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    return x->to < y->to ? -1 : x->to > y->to;
}

static void list_edges(struct graph *g, edges *out)
{
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < g->nodes[i].n_members; k++) {
            const struct ls_migration *m = member(g, &g->nodes[i], k);
            const char *const *lists[] = {m->parents, m->depends};

            for (size_t l = 0; l < LS_ARRAY_LEN(lists); l++)
                for (const char *const *id = lists[l]; id != NULL && *id != NULL; id++) {
                    struct node *to = find(g, *id);

                    if (to == NULL)
                        continue;
                    *LS_VEC_PUSH(out) = (struct edge){&g->nodes[i], to};
                    g->nodes[i].waits_for++;
                }
        }
    if (out->n > 0)
        qsort(out->v, out->n, sizeof(*out->v), compare_edges);
}

static size_t first_edge_to(const edges *e, const struct node *to)
{
    size_t at;

    LS_FIND_FIRST(at, e->n, e->v[at].to < to);
    return at;
}

/* Along edges between nodes without a place one comes back to where one was. */
static void tell_cycle(struct graph *g, const edges *e, struct node *start)
{
    struct ls_buf way = LS_BUF_INIT;
    struct node *at = start;
    struct ls_migration *m;

    for (size_t steps = 0; steps < 2 * g->n; steps++) {
        size_t i = 0;

        if (steps >= g->n) { /* in the cycle by now */
            if (steps == g->n)
                start = at;
            ls_buf_addf(&way, "%s needs ", at->m->id);
        }
        while (i < e->n && !(e->v[i].from == at && !e->v[i].to->is_placed))
            i++;
        if (i == e->n)
            break;
        at = e->v[i].to;
        if (steps >= g->n && at == start)
            break;
    }
    m = member(g, start, 0);
    complain(g->all, m, LS_SEV_ERROR, "cycle", 0,
             ls_arena_printf(g->all->arena, "the revisions go round in a circle: %s%s. Alembic fails with every command",
                             way.ptr != NULL ? way.ptr : "", start->m->id));
    ls_buf_release(&way);
}

static void place(struct graph *g, const edges *e, struct node **order)
{
    struct queue q = {.v = ls_calloc(g->n + 1, sizeof(*q.v))};
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++)
        if (g->nodes[i].waits_for == 0)
            push(&q, &g->nodes[i]);
    while (q.n > 0) {
        struct node *x = pop(&q);

        x->is_placed = true;
        order[n++] = x;
        for (size_t i = first_edge_to(e, x); i < e->n && e->v[i].to == x; i++)
            if (--e->v[i].from->waits_for == 0)
                push(&q, e->v[i].from);
    }
    free(q.v);
    bool is_told = false;
    for (size_t i = 0; i < g->n; i++) {
        if (g->nodes[i].is_placed)
            continue;
        if (!is_told)
            tell_cycle(g, e, &g->nodes[i]);
        is_told = true;
        for (size_t k = 0; k < g->nodes[i].n_members; k++)
            member(g, &g->nodes[i], k)->flags |= LS_MIG_BROKEN;
        order[n++] = &g->nodes[i];
    }
}

void ls_alembic_graph(struct ls_migrations *all, const int *lines)
{
    struct graph g;
    edges e = {0};
    struct node **order;
    size_t *from = ls_calloc(all->m.n + 1, sizeof(*from));
    size_t n = 0;

    graph_make(&g, all);
    order = ls_calloc(g.n + 1, sizeof(*order));
    find_duplicates(&g);
    for (size_t i = 0; i < all->m.n; i++) {
        check_parents(&g, &all->m.v[i], lines[i]);
        check_labels(&g, &all->m.v[i]);
    }
    for (size_t i = 0; i < all->m.n; i++)
        resolve_depends(&g, &all->m.v[i]);
    list_edges(&g, &e);
    place(&g, &e, order);
    for (size_t i = 0; i < g.n; i++)
        for (size_t k = 0; k < order[i]->n_members; k++)
            from[n++] = (size_t)(member(&g, order[i], k) - all->m.v);
    ls_scan_reorder(all, from);
    free(from);
    free(order);
    LS_VEC_RELEASE(&e);
    graph_release(&g);
}

/* --- ancestors and heads ----------------------------------------------------------------------------------- */

/* Marks the nodes that `ids` need, themselves among them (is_placed). with_depends: by depends_on too. */
static void mark_ancestors(struct graph *g, const char *const *ids, bool with_depends)
{
    LS_VEC(struct node *) todo = {0};

    for (; ids != NULL && *ids != NULL; ids++) {
        struct node *x = find(g, *ids);

        if (x != NULL && !x->is_placed) {
            x->is_placed = true;
            *LS_VEC_PUSH(&todo) = x;
        }
    }
    while (todo.n > 0) {
        const struct ls_migration *m = todo.v[--todo.n]->m;
        const char *const *lists[] = {m->parents, with_depends ? m->depends : NULL};

        for (size_t l = 0; l < LS_ARRAY_LEN(lists); l++)
            for (const char *const *id = lists[l]; id != NULL && *id != NULL; id++) {
                struct node *x = find(g, *id);

                if (x != NULL && !x->is_placed) {
                    x->is_placed = true;
                    *LS_VEC_PUSH(&todo) = x;
                }
            }
    }
    LS_VEC_RELEASE(&todo);
}

static void graph_of(struct graph *g, const struct ls_migrations *all)
{
    graph_make(g, (struct ls_migrations *)(uintptr_t)all); /* only read from here on */
}

bool ls_alembic_needs(const struct ls_migrations *all, const char *id, const char *ancestor)
{
    const char *const ids[] = {id, NULL};
    struct graph g;
    const struct node *x;
    bool is_needed;

    graph_of(&g, all);
    mark_ancestors(&g, ids, true);
    x = find(&g, ancestor);
    is_needed = x != NULL && x->is_placed;
    graph_release(&g);
    return is_needed;
}

static bool is_in(const char *const *list, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* Whether an ancestor of m, by down_revision alone, depends on that revision already. */
static bool is_depended_on(const struct graph *g, const struct ls_migration *m, const char *id)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->nodes[i].is_placed && strcmp(g->nodes[i].m->id, m->id) != 0 && holds(g->nodes[i].m->depends, id))
            return true;
    return false;
}

const char *const *ls_alembic_downs(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *m)
{
    const char *const own[] = {m->id, NULL};
    size_t n = 0, max = 0;
    const char **out;
    struct graph g;

    for (const char *const *p = m->parents; p != NULL && *p != NULL; p++)
        max++;
    for (const char *const *p = m->depends; p != NULL && *p != NULL; p++)
        max++;
    out = LS_ARENA_ARRAY(arena, const char *, max + 1);
    for (const char *const *p = m->parents; p != NULL && *p != NULL; p++)
        if (!is_in(out, n, *p))
            out[n++] = *p;
    if (m->depends == NULL)
        return out;
    graph_of(&g, all);
    mark_ancestors(&g, own, false);
    for (const char *const *p = m->depends; *p != NULL; p++)
        if (!is_in(out, n, *p) && !is_depended_on(&g, m, *p))
            out[n++] = *p;
    graph_release(&g);
    return out;
}

bool ls_alembic_has_head(const struct ls_alembic_heads *heads, const char *id)
{
    return is_in(heads->v.v, heads->v.n, id);
}

static void drop_head(struct ls_alembic_heads *heads, const char *id)
{
    size_t kept = 0;

    for (size_t i = 0; i < heads->v.n; i++)
        if (strcmp(heads->v.v[i], id) != 0)
            heads->v.v[kept++] = heads->v.v[i];
    heads->v.n = kept;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_head(struct ls_alembic_heads *heads, const char *id)
{
    if (!ls_alembic_has_head(heads, id))
        *LS_VEC_PUSH(&heads->v) = id;
}

/* Down: of what stands behind it comes back whatever no other head needs. */
static void move_down(const struct ls_migrations *all, const struct ls_migration *m, const char *const *downs,
                      struct ls_alembic_heads *heads)
{
    struct graph g;

    drop_head(heads, m->id);
    if (heads->v.n == 0) { /* a line: nobody else needs anything */
        for (; *downs != NULL; downs++)
            add_head(heads, *downs);
        return;
    }
    graph_of(&g, all);
    *LS_VEC_PUSH(&heads->v) = NULL; /* ends the list for the walk */
    mark_ancestors(&g, heads->v.v, true);
    heads->v.n--;
    for (; *downs != NULL; downs++) {
        const struct node *x = find(&g, *downs);

        if (x == NULL || !x->is_placed)
            add_head(heads, *downs);
    }
    graph_release(&g);
}

void ls_alembic_move(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *m, enum ls_direction dir,
                     struct ls_alembic_heads *heads)
{
    const char *const *downs = ls_alembic_downs(arena, all, m);

    if (dir == LS_DOWN) {
        move_down(all, m, downs, heads);
    } else {
        for (const char *const *d = downs; *d != NULL; d++)
            drop_head(heads, *d);
        add_head(heads, m->id);
    }
    if (heads->v.n > 1)
        qsort(heads->v.v, heads->v.n, sizeof(*heads->v.v), compare_words);
}
