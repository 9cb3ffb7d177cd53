#include <config.h>

#include "lockstep/model/usage.h"

#include <string.h>
#include <strings.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/find.h"

static const char *const bloat_names[] = {
#define X(e, w) [LS_BLOAT_##e] = w,
    LS_BLOATS(X)
#undef X
};

const char *ls_bloat_name(enum ls_bloat b)
{
    return bloat_names[b];
}

void ls_usage_free(struct ls_usage *u)
{
    if (u == NULL)
        return;
    LS_VEC_RELEASE(&u->notes.d);
    ls_arena_free(u->arena); /* u itself is in it */
}

/* SQLite's names are the same in any case of A-Z. */
static int compare(const struct ls_usage *u, const char *a, const char *b)
{
    return u->dialect == LS_DIALECT_SQLITE ? strcasecmp(a, b) : strcmp(a, b);
}

/* schema NULL: any. */
static int compare_table(const struct ls_usage *u, const struct ls_usage_table *t, const char *schema, const char *name)
{
    int c = compare(u, t->schema, schema);

    return c != 0 ? c : compare(u, t->name, name);
}

uint32_t ls_usage_find_table(const struct ls_usage *u, const char *schema, const char *table)
{
    size_t at = 0;

    if (schema == NULL) {
        /* One search for each schema: behind the last table of that is the next one's first. */
        while (at < u->n_tables) {
            const char *s = u->tables[at].schema;
            uint32_t found = ls_usage_find_table(u, s, table);

            if (found != LS_NO_USAGE)
                return found;
            LS_FIND_FIRST(at, u->n_tables, compare(u, u->tables[at].schema, s) <= 0);
        }
        return LS_NO_USAGE;
    }
    LS_FIND_FIRST(at, u->n_tables, compare_table(u, &u->tables[at], schema, table) < 0);
    return at < u->n_tables && compare_table(u, &u->tables[at], schema, table) == 0 ? (uint32_t)at : LS_NO_USAGE;
}

static bool is_index(const struct ls_usage *u, uint32_t at, const char *schema, const char *name)
{
    return compare(u, u->indexes[at].name, name) == 0 && (schema == NULL || compare(u, u->indexes[at].schema, schema) == 0);
}

static bool is_before(const struct ls_usage *u, const struct ls_usage_index *x, const char *schema, const char *name)
{
    int c = compare(u, x->name, name);

    return c == 0 && schema != NULL ? compare(u, x->schema, schema) < 0 : c < 0;
}

/* First of by_name that is not before the name (and the schema). */
static uint32_t first_by_name(const struct ls_usage *u, const char *schema, const char *name)
{
    size_t at;

    LS_FIND_FIRST(at, u->n_indexes, is_before(u, &u->indexes[u->by_name[at]], schema, name));
    return (uint32_t)at;
}

uint32_t ls_usage_find_index(const struct ls_usage *u, const char *schema, const char *index)
{
    if (u->by_name != NULL) {
        uint32_t at = first_by_name(u, schema, index);

        return at < u->n_indexes && is_index(u, u->by_name[at], schema, index) ? u->by_name[at] : LS_NO_USAGE;
    }
    for (uint32_t i = 0; i < u->n_indexes; i++)
        if (is_index(u, i, schema, index))
            return i;
    return LS_NO_USAGE;
}

static void label(const char *schema, const char *name, struct ls_buf *out)
{
    if (schema[0] != '\0' && strcmp(schema, "public") != 0 && strcmp(schema, "main") != 0)
        ls_buf_addf(out, "%s.", schema);
    ls_buf_adds(out, name);
}

void ls_usage_table_label(const struct ls_usage_table *t, struct ls_buf *out)
{
    label(t->schema, t->name, out);
}

void ls_usage_index_label(const struct ls_usage_index *x, struct ls_buf *out)
{
    label(x->schema, x->name, out);
}

double ls_usage_index_share(const struct ls_usage_table *t)
{
    if (t->seq_scans < 0 || t->idx_scans < 0 || t->seq_scans + t->idx_scans == 0)
        return -1;
    return (double)t->idx_scans / (double)(t->seq_scans + t->idx_scans);
}

double ls_usage_hot_share(const struct ls_usage_table *t)
{
    return t->updated > 0 && t->hot_updated >= 0 ? (double)t->hot_updated / (double)t->updated : -1;
}
