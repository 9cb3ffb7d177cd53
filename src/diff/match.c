#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diff/priv.h"
#include "lockstep/base/mem.h"

void diff_pair(struct match *m, uint32_t a, uint32_t b)
{
    m->b_of[a] = b;
    m->a_of[b] = a;
}

/* Both arrays are sorted alike: one pass. */
static void pair_by_name(struct match *m)
{
    uint32_t i = 0, j = 0;

    while (i < m->a->n_facts && j < m->b->n_facts) {
        int c = ls_fact_compare(m->a->dialect, &m->a->facts[i], &m->b->facts[j]);

        if (c == 0)
            diff_pair(m, i++, j++);
        else if (c < 0)
            i++;
        else
            j++;
    }
}

static bool is_system_named(const struct ls_fact *f)
{
    return ls_fact_get(f, LS_A_SYSTEM_NAME) != NULL;
}

/* The run of facts around `at` that share its kind, schema and parent. */
static uint32_t run_end(const struct ls_catalog *c, uint32_t at)
{
    uint32_t end = at + 1;

    while (end < c->n_facts && c->facts[end].kind == c->facts[at].kind && strcmp(c->facts[end].schema, c->facts[at].schema) == 0 &&
           strcmp(c->facts[end].parent, c->facts[at].parent) == 0)
        end++;
    return end;
}

/* Constraints whose names the servers made, of one table: alike is the same, whatever they are called. */
static void pair_constraints(struct match *m, const struct ls_fact *a_first, uint32_t n_a, const struct ls_fact *b_first, uint32_t n_b)
{
    uint32_t a0 = ls_catalog_index(m->a, a_first), b0 = ls_catalog_index(m->b, b_first);

    for (uint32_t i = a0; i < a0 + n_a; i++) {
        if (m->b_of[i] != LS_NO_FACT || !is_system_named(&m->a->facts[i]))
            continue;
        for (uint32_t j = b0; j < b0 + n_b; j++) {
            if (m->a_of[j] == LS_NO_FACT && is_system_named(&m->b->facts[j]) && m->a->facts[i].hash == m->b->facts[j].hash) {
                diff_pair(m, i, j);
                break;
            }
        }
    }
}

static void pair_system_constraints(struct match *m)
{
    uint32_t n_all, n_b;
    const struct ls_fact *all = ls_catalog_kind(m->a, LS_FACT_CONSTRAINT, &n_all);

    for (uint32_t i = 0; i < n_all;) {
        uint32_t first = ls_catalog_index(m->a, &all[i]), end = run_end(m->a, first);
        struct ls_fact key = {.schema = all[i].schema, .name = all[i].parent};
        const struct ls_fact *b = ls_catalog_children(m->b, &key, LS_FACT_CONSTRAINT, &n_b);

        if (n_b > 0)
            pair_constraints(m, &all[i], end - first, b, n_b);
        i += end - first;
    }
}

struct owned {
    const char *by;
    uint32_t fact;
};

static int by_owner(const void *a, const void *b)
{
    return strcmp(((const struct owned *)a)->by, ((const struct owned *)b)->by);
}

/* Sequences that a column owns and the server named: the column says which is which. */
static void pair_system_sequences(struct match *m)
{
    uint32_t n_a, n_b, n = 0;
    const struct ls_fact *a = ls_catalog_kind(m->a, LS_FACT_SEQUENCE, &n_a), *b = ls_catalog_kind(m->b, LS_FACT_SEQUENCE, &n_b);
    struct owned *owned = ls_calloc((size_t)n_b + 1, sizeof(*owned));

    for (uint32_t i = 0; i < n_b; i++)
        if (m->a_of[ls_catalog_index(m->b, &b[i])] == LS_NO_FACT && is_system_named(&b[i]) && ls_fact_get(&b[i], LS_A_OWNED_BY))
            owned[n++] = (struct owned){ls_fact_get(&b[i], LS_A_OWNED_BY), ls_catalog_index(m->b, &b[i])};
    qsort(owned, n, sizeof(*owned), by_owner);
    for (uint32_t i = 0; i < n_a; i++) {
        struct owned key = {ls_fact_get(&a[i], LS_A_OWNED_BY), 0}, *found;

        if (m->b_of[ls_catalog_index(m->a, &a[i])] != LS_NO_FACT || !is_system_named(&a[i]) || !key.by)
            continue;
        found = bsearch(&key, owned, n, sizeof(*owned), by_owner);
        if (found && m->a_of[found->fact] == LS_NO_FACT)
            diff_pair(m, ls_catalog_index(m->a, &a[i]), found->fact);
    }
    free(owned);
}

void diff_pair_children(struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++) {
        uint32_t n_a, n_b, i = 0, j = 0, a0, b0;
        const struct ls_fact *x, *y;

        if (ls_fact_kind_parent((enum ls_fact_kind)k) != LS_FACT_TABLE)
            continue;
        x = ls_catalog_children(m->a, a, (enum ls_fact_kind)k, &n_a);
        y = ls_catalog_children(m->b, b, (enum ls_fact_kind)k, &n_b);
        a0 = ls_catalog_index(m->a, x);
        b0 = ls_catalog_index(m->b, y);
        while (i < n_a && j < n_b) {
            int c = m->a->dialect == LS_DIALECT_SQLITE ? strcasecmp(x[i].name, y[j].name) : strcmp(x[i].name, y[j].name);

            if (c == 0) {
                if (m->b_of[a0 + i] == LS_NO_FACT && m->a_of[b0 + j] == LS_NO_FACT)
                    diff_pair(m, a0 + i, b0 + j);
                i++;
                j++;
            } else if (c < 0) {
                i++;
            } else {
                j++;
            }
        }
        if (k == LS_FACT_CONSTRAINT && n_a > 0 && n_b > 0)
            pair_constraints(m, x, n_a, y, n_b);
    }
}

void diff_match(struct match *m)
{
    m->b_of = ls_malloc(((size_t)m->a->n_facts + 1) * sizeof(*m->b_of));
    m->a_of = ls_malloc(((size_t)m->b->n_facts + 1) * sizeof(*m->a_of));
    m->rename_of = ls_malloc(((size_t)m->a->n_facts + 1) * sizeof(*m->rename_of));
    memset(m->b_of, 0xff, ((size_t)m->a->n_facts + 1) * sizeof(*m->b_of));
    memset(m->a_of, 0xff, ((size_t)m->b->n_facts + 1) * sizeof(*m->a_of));
    memset(m->rename_of, 0xff, ((size_t)m->a->n_facts + 1) * sizeof(*m->rename_of));
    pair_by_name(m);
    pair_system_constraints(m);
    pair_system_sequences(m);
    if (!m->opts->without_renames)
        diff_find_renames(m);
}

void diff_match_release(struct match *m)
{
    free(m->b_of);
    free(m->a_of);
    free(m->rename_of);
    LS_VEC_RELEASE(&m->names);
}
