#include <config.h>

#include "lockstep/model/migration.h"

#include <string.h>

#include "lockstep/base/find.h"

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
    size_t at;

    LS_FIND_FIRST(at, m->m.n, m->m.v[at].version < version);
    return at < m->m.n && m->m.v[at].version == version ? &m->m.v[at] : NULL;
}

const struct ls_migration *ls_migrations_find_id(const struct ls_migrations *m, const char *id)
{
    for (size_t i = 0; i < m->m.n; i++)
        if (strcmp(m->m.v[i].id, id) == 0)
            return &m->m.v[i];
    return NULL;
}
