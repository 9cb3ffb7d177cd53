#include <config.h>

#include "lockstep/model/migration.h"

#include <string.h>

void ls_migrations_release(struct ls_migrations *m)
{
    LS_VEC_RELEASE(&m->m);
    LS_VEC_RELEASE(&m->diags.d);
    ls_arena_free(m->arena);
    m->arena = NULL;
    m->dir = NULL;
}

const struct ls_migration *ls_migrations_find(const struct ls_migrations *m, uint64_t version)
{
    size_t lo = 0, hi = m->m.n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (m->m.v[mid].version < version)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < m->m.n && m->m.v[lo].version == version ? &m->m.v[lo] : NULL;
}

const struct ls_migration *ls_migrations_find_id(const struct ls_migrations *m, const char *id)
{
    for (size_t i = 0; i < m->m.n; i++)
        if (strcmp(m->m.v[i].id, id) == 0)
            return &m->m.v[i];
    return NULL;
}
