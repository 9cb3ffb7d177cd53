/* Candidates out of places: each equality, all of them, with the order or one range behind; the order alone (indexes.md 3.2.2). */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

void adv_places_release(adv_places *p)
{
    for (size_t i = 0; i < p->n; i++) {
        LS_VEC_RELEASE(&p->v[i].eq);
        LS_VEC_RELEASE(&p->v[i].range);
        LS_VEC_RELEASE(&p->v[i].params);
        LS_VEC_RELEASE(&p->v[i].sort);
    }
    LS_VEC_RELEASE(p);
}

static bool is_same_key(const struct adv_key *a, const struct adv_key *b)
{
    return strcmp(a->text, b->text) == 0;
}

void adv_term_add(struct adv_place *p, bool is_range, const struct adv_term *t)
{
    struct adv_term *v = is_range ? p->range.v : p->eq.v;
    size_t n = is_range ? p->range.n : p->eq.n;

    if (t->param > 0)
        *LS_VEC_PUSH(&p->params) = *t;
    for (size_t i = 0; i < n; i++)
        if (is_same_key(&v[i].key, &t->key)) {
            v[i].is_const = v[i].is_const || t->is_const;
            if (v[i].predicate != NULL && (t->predicate == NULL || strcmp(v[i].predicate, t->predicate) != 0))
                v[i].predicate = NULL;
            return;
        }
    if (is_range)
        *LS_VEC_PUSH(&p->range) = *t;
    else
        *LS_VEC_PUSH(&p->eq) = *t;
}

/* --- one candidate */

static bool has_key(const struct adv_cand *c, const struct adv_key *k)
{
    for (uint32_t i = 0; i < c->n_keys; i++)
        if (is_same_key(&c->keys[i], k))
            return true;
    return false;
}

static void push(struct adv_cand *c, const struct adv_key *k)
{
    if (c->n_keys < ADV_KEYS && !has_key(c, k))
        c->keys[c->n_keys++] = *k;
}

static const char *id_of(struct ls_arena *a, const struct adv_cand *c)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out;

    ls_buf_addf(&b, "%u", c->table);
    for (uint32_t i = 0; i < c->n_keys; i++)
        ls_buf_addf(&b, "|%s%s", c->keys[i].text, c->keys[i].suffix);
    ls_buf_addf(&b, "?%s", c->predicate);
    out = ls_arena_strn(a, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

static void offer(struct adv_job *j, struct adv_query *q, struct adv_cand *c)
{
    uint32_t at = 0;

    if (c->n_keys == 0)
        return;
    c->predicate = c->predicate != NULL ? c->predicate : "";
    c->id = id_of(j->arena, c);
    while (at < j->cands.n && strcmp(j->cands.v[at].id, c->id) != 0)
        at++;
    if (at == j->cands.n) {
        if (adv_is_there(j->u, c))
            return;
        *LS_VEC_PUSH(&j->cands) = *c;
    }
    j->cands.v[at].has_sort = j->cands.v[at].has_sort || c->has_sort;
    for (size_t i = 0; i < q->cands.n; i++)
        if (q->cands.v[i] == at)
            return;
    *LS_VEC_PUSH(&q->cands) = at;
}

/* All of one direction is written ascending: it is read backwards. Where the place of NULLs is not the default one, or directions differ, it stays as the
 * query has it. */
static void push_sort(struct adv_cand *c, const struct adv_place *p)
{
    bool is_all_desc = true;

    for (size_t i = 0; i < p->sort.n; i++)
        is_all_desc = is_all_desc && (has_key(c, &p->sort.v[i]) || strcmp(p->sort.v[i].suffix, " DESC") == 0);
    for (size_t i = 0; i < p->sort.n; i++) {
        struct adv_key k = p->sort.v[i];

        if (is_all_desc)
            k.suffix = "";
        c->has_sort = c->has_sort || !has_key(c, &k);
        push(c, &k);
    }
}

/* --- sets of equalities */

struct set {
    const struct adv_term *t[ADV_EQS];
    size_t n;
};

static struct adv_cand from_set(const struct adv_place *p, const struct set *s)
{
    struct adv_cand c = {.table = p->table};

    for (size_t i = 0; i < s->n; i++)
        push(&c, &s->t[i]->key);
    return c;
}

static void offer_set(struct adv_job *j, struct adv_query *q, const struct adv_place *p, const struct set *s)
{
    struct adv_cand c = from_set(p, s);

    offer(j, q, &c);
    for (size_t i = 0; i < p->range.n; i++) {
        c = from_set(p, s);
        push(&c, &p->range.v[i].key);
        offer(j, q, &c);
    }
    if (p->sort.n > 0) {
        c = from_set(p, s);
        push_sort(&c, p);
        if (c.has_sort)
            offer(j, q, &c);
    }
}

static int by_distinct(const void *a, const void *b)
{
    const struct adv_term *const *x = a, *const *y = b;

    if ((*x)->distinct > (*y)->distinct || (*x)->distinct < (*y)->distinct)
        return (*x)->distinct > (*y)->distinct ? -1 : 1;
    return *x < *y ? -1 : 1; /* as the query has them */
}

/* A join by what is unique has its index already, and nothing behind it would narrow it more. */
static bool is_unique_join(const struct adv_job *j, uint32_t table, const struct adv_term *t)
{
    const struct ls_usage_table *u = &j->u->tables[table];

    if (t->is_const || t->key.column == NULL)
        return false;
    for (uint32_t i = u->first_index; i < u->first_index + u->n_indexes; i++) {
        const struct ls_usage_index *x = &j->u->indexes[i];

        if (x->is_unique && x->is_valid && x->n_keys == 1 && x->predicate[0] == '\0' && x->keys[0].column != NULL && strcmp(x->keys[0].column, t->key.column) == 0)
            return true;
    }
    return u->rowid_alias != NULL && strcmp(u->rowid_alias, t->key.column) == 0;
}

enum { CONST_ONLY = 1, NO_NULLS = 2 };

/* "deleted_at IS NULL": most rows fulfil it, and PostgreSQL reads no order behind such a key. */
static bool is_null_test(const struct adv_term *t)
{
    static const char end[] = " IS NULL";
    size_t n = t->predicate == NULL ? 0 : strlen(t->predicate);

    return n >= strlen(end) && strcmp(t->predicate + n - strlen(end), end) == 0;
}

bool adv_has_needless_null_test(const struct adv_query *q, const struct adv_cand *c)
{
    for (size_t k = 0; k < q->places.n; k++) {
        const struct adv_place *p = &q->places.v[k];
        bool has_other = false, has_test = false;

        for (size_t i = 0; p->table == c->table && i < p->eq.n; i++) {
            has_other = has_other || (p->eq.v[i].is_const && !is_null_test(&p->eq.v[i]));
            has_test = has_test || (is_null_test(&p->eq.v[i]) && has_key(c, &p->eq.v[i].key));
        }
        if (has_other && has_test)
            return true;
    }
    return false;
}

static bool is_offered(const struct adv_job *j, uint32_t table, const struct adv_term *t, unsigned which)
{
    if ((which & NO_NULLS) && is_null_test(t))
        return false;
    return t->is_const || (!(which & CONST_ONLY) && !is_unique_join(j, table, t));
}

/* The most distinct ones, and once more as the query has them. */
static void offer_all(struct adv_job *j, struct adv_query *q, const struct adv_place *p, unsigned which)
{
    const struct adv_term **list = ls_calloc(p->eq.n + 1, sizeof(*list));
    struct set s = {.n = 0};
    size_t n = 0;

    for (size_t i = 0; i < p->eq.n; i++)
        if (is_offered(j, p->table, &p->eq.v[i], which))
            list[n++] = &p->eq.v[i];
    for (size_t i = 0; i < n && i < ADV_EQS; i++)
        s.t[s.n++] = list[i];
    if (n > 1)
        qsort(list, n, sizeof(*list), by_distinct);
    struct set distinct = {.n = s.n};

    for (size_t i = 0; i < s.n; i++)
        distinct.t[i] = list[i];
    if (n > 0) {
        offer_set(j, q, p, &distinct);
        offer_set(j, q, p, &s);
    }
    free(list);
}

/* A condition that is the same in two queries of the workload, while no other asks for another value, can be the index's own: the rest of the keys, for the
 * rows that fulfil it (IX11). How many queries have it. */
static uint32_t n_with_predicate(const struct adv_job *j, uint32_t table, const struct adv_term *of)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        bool has = false;

        for (size_t k = 0; k < j->queries[i].places.n; k++) {
            const struct adv_place *p = &j->queries[i].places.v[k];

            for (size_t t = 0; p->table == table && t < p->eq.n; t++) {
                if (!is_same_key(&p->eq.v[t].key, &of->key))
                    continue;
                if (p->eq.v[t].predicate == NULL || strcmp(p->eq.v[t].predicate, of->predicate) != 0)
                    return 0;
                has = true;
            }
        }
        n += has ? 1 : 0;
    }
    return n;
}

static void offer_partial(struct adv_job *j, struct adv_query *q, const struct adv_place *p, const struct adv_term *of)
{
    struct adv_cand c = {.table = p->table, .predicate = of->predicate};

    for (size_t i = 0; i < p->eq.n && c.n_keys < ADV_EQS; i++)
        if (&p->eq.v[i] != of && p->eq.v[i].is_const && p->eq.v[i].predicate == NULL)
            push(&c, &p->eq.v[i].key);
    push_sort(&c, p);
    if (c.n_keys == 0 && p->range.n > 0)
        push(&c, &p->range.v[0].key);
    if (c.n_keys == 0)
        push(&c, &of->key);
    offer(j, q, &c);
}

static void offer_place(struct adv_job *j, struct adv_query *q, const struct adv_place *p)
{
    struct set none = {.n = 0};

    for (size_t i = 0; i < p->eq.n; i++) {
        struct set one = {.t = {&p->eq.v[i]}, .n = 1};
        struct adv_cand c = from_set(p, &one);

        offer(j, q, &c);
    }
    offer_all(j, q, p, CONST_ONLY);
    offer_all(j, q, p, CONST_ONLY | NO_NULLS);
    offer_all(j, q, p, 0);
    offer_all(j, q, p, NO_NULLS);
    offer_set(j, q, p, &none);
    for (size_t i = 0; i < p->eq.n; i++)
        if (p->eq.v[i].predicate != NULL && n_with_predicate(j, p->table, &p->eq.v[i]) >= 2 &&
            adv_share(j, p->table, p->eq.v[i].predicate) <= ADV_PARTIAL)
            offer_partial(j, q, p, &p->eq.v[i]);
}

void adv_cands_make(struct adv_job *j)
{
    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        struct adv_query *q = &j->queries[i];

        for (size_t k = 0; !q->is_out && k < q->places.n; k++)
            for (size_t t = 0; t < q->places.v[k].eq.n; t++) {
                struct adv_term *term = &q->places.v[k].eq.v[t];

                if (term->key.column != NULL)
                    term->distinct = adv_distinct(j, q->places.v[k].table, term->key.column);
            }
    }
    for (uint32_t i = 0; i < j->workload->n_queries; i++)
        for (size_t k = 0; !j->queries[i].is_out && k < j->queries[i].places.n; k++)
            offer_place(j, &j->queries[i], &j->queries[i].places.v[k]);
}
