#include <config.h>

#include "engine/numbers.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

#define LARGEST_COUNT 1000000 /* what is larger counts seconds, or days */

uint64_t ls_number_in(const char *text)
{
    uint64_t n = 0;

    for (; (*text >= '0' && *text <= '9') || *text == '-'; text++) {
        if (*text == '-')
            continue;
        if (n > (uint64_t)(INT64_MAX - 9) / 10)
            return n;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    return n;
}

/* "0002", "2024-01-01-000000", "1_a.sql"; not "1.1", which is another version than 1. */
static bool has_number(const struct ls_migration *m)
{
    size_t n = strspn(m->label, "0123456789-");

    return m->kind == LS_KIND_VERSIONED && (m->up.path != NULL || m->down.path != NULL) && n > 0 && m->label[0] != '-' &&
           (m->label[n] == '\0' || m->label[n] == '_');
}

static int by_number(const void *pa, const void *pb)
{
    const struct ls_number *a = pa, *b = pb;

    return a->n != b->n ? (a->n > b->n) - (a->n < b->n) : (a->at > b->at) - (a->at < b->at);
}

void ls_numbers_read(const struct ls_snapshot *snap, struct ls_numbers *out)
{
    const struct ls_timeline *t = &snap->timeline;

    *out = (struct ls_numbers){0};
    if (snap->format->layout == NULL && !snap->format->rules->is_numeric)
        return;
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].migration != NULL && has_number(t->e.v[i].migration))
            *LS_VEC_PUSH(&out->v) = (struct ls_number){ls_number_in(t->e.v[i].migration->label), i};
    if (out->v.n > 1)
        qsort(out->v.v, out->v.n, sizeof(out->v.v[0]), by_number);
}

bool ls_numbers_are_counted(const struct ls_numbers *n)
{
    size_t steps = 0, by_one = 0;

    for (size_t i = 1; i < n->v.n; i++) {
        if (n->v.v[i].n == n->v.v[i - 1].n)
            continue;
        steps++;
        by_one += n->v.v[i].n == n->v.v[i - 1].n + 1;
    }
    return steps >= 2 && n->v.v[n->v.n - 1].n < LARGEST_COUNT && 2 * by_one >= steps;
}

size_t ls_numbers_same(const struct ls_numbers *n, size_t at)
{
    size_t k = at + 1;

    while (k < n->v.n && n->v.v[k].n == n->v.v[at].n)
        k++;
    return k - at;
}

void ls_numbers_release(struct ls_numbers *n)
{
    LS_VEC_RELEASE(&n->v);
}
