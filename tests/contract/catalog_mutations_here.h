/* tests/contract/catalog_mutations_here.h: the changes of catalog_mutations.h as a server of an older version can make them. */
#ifndef TESTS_CONTRACT_CATALOG_MUTATIONS_HERE_H
#define TESTS_CONTRACT_CATALOG_MUTATIONS_HERE_H

#include "contract/catalog_mutations.h"
#include "support/pg.h"

/* Before version `since` the change whose SQL has these words is made by other SQL (NULL: there is nothing to be changed), and is found as something
 * else (NULL: as the same). */
struct older_mutation {
    int since;
    const char *words, *sql, *finds;
};

/* clang-format off */
static const struct older_mutation older_mutations[] = {
    {0, NULL, NULL, NULL},
};
/* clang-format on */

/* False: no such thing on a server of this major. */
static inline bool mutation_here(const struct mutation *m, int major, struct mutation *out)
{
    *out = *m;
    for (const struct older_mutation *o = older_mutations; o->words != NULL; o++) {
        if (major >= o->since || strstr(m->sql, o->words) == NULL)
            continue;
        if (o->sql == NULL)
            return false;
        *out = (struct mutation){o->sql, o->finds != NULL ? o->finds : m->finds};
        break;
    }
    return true;
}

#endif
