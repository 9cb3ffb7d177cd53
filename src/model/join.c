#include <config.h>

#include "model/join.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/find.h"

/* An id and where it is: sorted, an index to look ids up in. */
struct key {
    const char *id;
    size_t at;
};

static int compare_keys(const void *pa, const void *pb)
{
    const struct key *a = pa, *b = pb;
    int c = strcmp(a->id, b->id);

    return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

static void sort_keys(struct key *keys, size_t n)
{
    if (n > 0)
        qsort(keys, n, sizeof(*keys), compare_keys);
}

/* The first key with that id, or n. */
static size_t find_key(const struct key *keys, size_t n, const char *id)
{
    size_t at;

    LS_FIND_FIRST(at, n, strcmp(keys[at].id, id) < 0);
    return at < n && strcmp(keys[at].id, id) == 0 ? at : n;
}

void ls_join_rows(struct ls_arena *arena, const struct ls_ledger *l, struct ls_row_groups *out)
{
    size_t n = 0, max = l->rows.n;
    struct key *keys = LS_ARENA_ARRAY(arena, struct key, max + 1);
    const struct ls_ledger_row **sorted = LS_ARENA_ARRAY(arena, const struct ls_ledger_row *, max + 1);

    *out = (struct ls_row_groups){LS_ARENA_ARRAY(arena, struct ls_row_group, max + 1), 0};
    for (size_t i = 0; i < max; i++)
        if (!l->rows.v[i].is_nil && l->rows.v[i].state != LS_ROW_MARKER)
            keys[n++] = (struct key){l->rows.v[i].id, i};
    sort_keys(keys, n);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = &l->rows.v[keys[i].at];
        if (i == 0 || strcmp(keys[i - 1].id, keys[i].id) != 0)
            out->v[out->n++].rows = &sorted[i];
        out->v[out->n - 1].n++;
    }
}

static struct ls_row_group *find_group(const struct ls_row_groups *groups, const char *id)
{
    size_t at;

    LS_FIND_FIRST(at, groups->n, strcmp(groups->v[at].rows[0]->id, id) < 0);
    return at < groups->n && strcmp(groups->v[at].rows[0]->id, id) == 0 ? &groups->v[at] : NULL;
}

const struct ls_row_group **ls_join_match(struct ls_arena *arena, const struct ls_migrations *m, struct ls_row_groups *groups)
{
    const struct ls_row_group **of = LS_ARENA_ARRAY(arena, const struct ls_row_group *, m->m.n + 1);

    for (size_t i = 0; i < m->m.n; i++) {
        struct ls_row_group *g = find_group(groups, m->m.v[i].id);

        of[i] = g;
        if (g != NULL)
            g->has_file = true;
    }
    return of;
}

/* --- rows without a file ---------------------------------------------------------------------------------------------------------------- */

static int place_by_version(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    return (row->version > m->version) - (row->version < m->version);
}

int ls_place_by_id(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    return strcmp(row->id, m->id);
}

typedef int (*place_fn)(const struct ls_ledger_row *row, const struct ls_migration *m);

static size_t place_of(const struct ls_migrations *m, place_fn place, const struct ls_ledger_row *row)
{
    size_t at;

    if (place == NULL)
        return m->m.n;
    LS_FIND_FIRST(at, m->m.n, place(row, &m->m.v[at]) >= 0);
    return at;
}

/* By place; at one place by number; then as the ledger has them. */
static int compare_missing(const void *pa, const void *pb)
{
    const struct ls_missing *a = pa, *b = pb;
    const struct ls_ledger_row *ra = a->group->rows[a->group->n - 1], *rb = b->group->rows[b->group->n - 1];

    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (ra->version != rb->version)
        return ra->version < rb->version ? -1 : 1;
    return (ra > rb) - (ra < rb);
}

struct ls_missing *ls_join_missing(struct ls_arena *arena, const struct ls_migrations *m, const struct ls_timeline_rules *rules,
                                   const struct ls_row_groups *groups, size_t *n)
{
    place_fn place = rules->place != NULL ? rules->place : rules->is_numeric ? place_by_version : NULL;
    struct ls_missing *out = LS_ARENA_ARRAY(arena, struct ls_missing, groups->n + 1);

    *n = 0;
    for (size_t i = 0; i < groups->n; i++) {
        const struct ls_row_group *g = &groups->v[i];
        const struct ls_ledger_row *newest = g->rows[g->n - 1];

        if (!g->has_file && newest->state != LS_ROW_DELETED)
            out[(*n)++] = (struct ls_missing){g, place_of(m, place, newest)};
    }
    if (*n > 0)
        qsort(out, *n, sizeof(*out), compare_missing);
    return out;
}

/* --- heads ------------------------------------------------------------------------------------------------------------------------------ */

struct walk {
    const struct key *keys;
    size_t n;
    bool *seen;
    size_t *todo, n_todo;
};

static void visit(struct walk *w, const char *id)
{
    /* Duplicates of an id are all of them meant. */
    for (size_t k = find_key(w->keys, w->n, id); k < w->n && strcmp(w->keys[k].id, id) == 0; k++) {
        if (w->seen[w->keys[k].at])
            continue;
        w->seen[w->keys[k].at] = true;
        w->todo[w->n_todo++] = w->keys[k].at;
    }
}

static void visit_all(struct walk *w, const char *const *ids)
{
    for (; ids != NULL && *ids != NULL; ids++)
        visit(w, *ids);
}

const bool *ls_join_heads(struct ls_arena *arena, const struct ls_migrations *m, const struct ls_ledger *l)
{
    struct key *keys = LS_ARENA_ARRAY(arena, struct key, m->m.n + 1);
    struct walk w = {.keys = keys, .n = m->m.n, .seen = LS_ARENA_ARRAY(arena, bool, m->m.n + 1), .todo = LS_ARENA_ARRAY(arena, size_t, m->m.n + 1)};

    for (size_t i = 0; i < m->m.n; i++)
        keys[i] = (struct key){m->m.v[i].id, i};
    sort_keys(keys, m->m.n);
    for (size_t i = 0; i < l->heads.n; i++)
        visit(&w, l->heads.v[i]);
    while (w.n_todo > 0) {
        const struct ls_migration *next = &m->m.v[w.todo[--w.n_todo]];

        visit_all(&w, next->parents);
        visit_all(&w, next->depends);
    }
    return w.seen;
}

const long *ls_join_index(const struct ls_timeline *t)
{
    struct key *keys = LS_ARENA_ARRAY(t->arena, struct key, t->e.n + 1);
    long *out = LS_ARENA_ARRAY(t->arena, long, t->e.n + 1);

    for (size_t i = 0; i < t->e.n; i++)
        keys[i] = (struct key){t->e.v[i].id, i};
    sort_keys(keys, t->e.n);
    for (size_t i = 0; i < t->e.n; i++)
        out[i] = (long)keys[i].at;
    return out;
}
