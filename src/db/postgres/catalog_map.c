/* Which fact an oid stands for. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include "lockstep/base/find.h"
#include "lockstep/base/mem.h"

static size_t slot_of(const struct pgcat *k, uint64_t key)
{
    size_t at = (size_t)((key * 11400714819323198485ULL) >> 32) & (k->n_slots - 1); /* the high bits are the mixed ones */

    while (k->slots[at].key != 0 && k->slots[at].key != key)
        at = (at + 1) & (k->n_slots - 1);
    return at;
}

static void grow(struct pgcat *k)
{
    struct pgcat_slot *old = k->slots;
    size_t n_old = k->n_slots;

    k->n_slots = n_old == 0 ? 1024 : n_old * 2;
    k->slots = ls_calloc(k->n_slots, sizeof(*k->slots));
    for (size_t i = 0; i < n_old; i++)
        if (old[i].key != 0)
            k->slots[slot_of(k, old[i].key)] = old[i];
    free(old);
}

void pgcat_map(struct pgcat *k, enum pgcat_class class, uint32_t oid, uint32_t value)
{
    uint64_t key = (uint64_t) class << 32 | oid;
    size_t at;

    if (value == UINT32_MAX)
        return;
    if (k->n_used * 3 >= k->n_slots * 2)
        grow(k);
    at = slot_of(k, key);
    k->n_used += k->slots[at].key == 0;
    k->slots[at] = (struct pgcat_slot){key, value};
}

uint32_t pgcat_find(const struct pgcat *k, uint32_t class, uint32_t oid)
{
    size_t at;

    if (k->n_slots == 0)
        return UINT32_MAX;
    at = slot_of(k, (uint64_t) class << 32 | oid);
    return k->slots[at].key == 0 ? UINT32_MAX : k->slots[at].value;
}

void pgcat_map_release(struct pgcat *k)
{
    free(k->slots);
    k->slots = NULL;
    k->n_slots = k->n_used = 0;
}

const char *pgcat_schema(const struct pgcat *k, uint32_t oid)
{
    uint32_t at = pgcat_find(k, PGC_SCHEMA, oid);

    return at == UINT32_MAX ? NULL : k->schemas.v[at];
}

bool pgcat_wants_schema(const struct pgcat *k, const char *name)
{
    if (k->opts->schemas == NULL)
        return true;
    for (size_t i = 0; k->opts->schemas[i] != NULL; i++)
        if (strcmp(k->opts->schemas[i], name) == 0)
            return true;
    return false;
}

bool pgcat_is_left_out(const struct pgcat *k, const char *schema, const char *name)
{
    size_t n = strlen(schema);

    for (size_t i = 0; k->opts->without != NULL && k->opts->without[i] != NULL; i++) {
        const char *w = k->opts->without[i];

        if (strcmp(w, name) == 0 || (strncmp(w, schema, n) == 0 && w[n] == '.' && strcmp(w + n + 1, name) == 0))
            return true;
    }
    return false;
}

uint32_t pgcat_rel_of(const struct pgcat *k, uint32_t oid)
{
    return pgcat_find(k, PGC_REL, oid);
}

const struct pgcat_col *pgcat_col_of(const struct pgcat *k, uint32_t rel, int attnum)
{
    const struct pgcat_rel *t = rel == UINT32_MAX ? NULL : &k->rels.v[rel];
    size_t at;

    if (t == NULL)
        return NULL;
    LS_FIND_FIRST(at, t->n_cols, k->cols.v[t->first_col + at].attnum < attnum);
    return at < t->n_cols && k->cols.v[t->first_col + at].attnum == attnum ? &k->cols.v[t->first_col + at] : NULL;
}

uint32_t pgcat_fact_of(const struct pgcat *k, uint32_t class, uint32_t oid, int sub)
{
    const struct pgcat_col *col;

    if (class != PGC_CLASS || sub == 0)
        return pgcat_find(k, class, oid);
    col = pgcat_col_of(k, pgcat_rel_of(k, oid), sub);
    return col == NULL ? pgcat_find(k, class, oid) : col->fact;
}
