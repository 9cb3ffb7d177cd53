#include <config.h>

#include "engine/index_priv.h"

#include <string.h>
#include <strings.h>

/* --- one index instead of another: the reference query of indexes.md 2.1 over plain data --- */

static bool is_usable(const struct ls_usage_index *x)
{
    return x->is_valid && x->is_ready && x->is_live && !x->is_building;
}

static bool is_same_key(const struct ls_usage_key *a, const struct ls_usage_key *b)
{
    return strcmp(a->text, b->text) == 0 && strcmp(a->opclass, b->opclass) == 0 && strcmp(a->collation, b->collation) == 0;
}

/* 0 neither, 1 the same order, 2 the same read backwards. SQLite sorts NULL as the smallest value: DESC says it all. */
static int direction(const struct ls_usage *u, const struct ls_usage_index *a, const struct ls_usage_index *b)
{
    bool is_pg = u->dialect == LS_DIALECT_POSTGRES, same = true, flipped = true;

    for (uint32_t i = 0; i < a->n_keys; i++) {
        bool desc = a->keys[i].is_desc != b->keys[i].is_desc, nulls = a->keys[i].is_nulls_first != b->keys[i].is_nulls_first;

        same = same && !desc && !(is_pg && nulls);
        flipped = flipped && desc && (!is_pg || nulls);
    }
    return same ? 1 : flipped ? 2 : 0;
}

static bool has_column(const struct ls_usage_index *x, const char *text)
{
    for (uint32_t i = 0; i < x->n_keys; i++)
        if (strcmp(x->keys[i].text, text) == 0)
            return true;
    for (uint32_t i = 0; i < x->n_include; i++)
        if (strcmp(x->include[i], text) == 0)
            return true;
    return false;
}

static bool is_same_include(const struct ls_usage_index *a, const struct ls_usage_index *b)
{
    if (a->n_include != b->n_include)
        return false;
    for (uint32_t i = 0; i < a->n_include; i++)
        if (strcmp(a->include[i], b->include[i]) != 0)
            return false;
    return true;
}

/* A constraint stands on it, or needs it as what it points at. */
static bool has_constraint(const struct ls_usage_index *x)
{
    return x->constraint[0] != '\0' || x->is_fk_target;
}

static bool keeps_unique(const struct ls_usage *u, const struct ls_usage_index *a, const struct ls_usage_index *b)
{
    if (!a->is_unique)
        return true;
    return b->is_unique && a->n_keys == b->n_keys && a->is_nulls_not_distinct == b->is_nulls_not_distinct &&
           (b->is_immediate || u->dialect == LS_DIALECT_SQLITE);
}

/* Of two that are the same the newer one goes, unless the older one is worth less. */
static bool is_the_other_way(const struct ls_usage_index *a, const struct ls_usage_index *b)
{
    return a->n_keys == b->n_keys && is_same_include(a, b) &&
           !(b->is_primary || has_constraint(b) || (b->is_unique && !a->is_unique)) && a->oid < b->oid;
}

enum ls_ix_cover ls_ix_covers(const struct ls_usage *u, uint32_t ia, uint32_t ib)
{
    const struct ls_usage_index *a = &u->indexes[ia], *b = &u->indexes[ib];
    int way;

    if (ia == ib || a->table != b->table || !is_usable(a) || !is_usable(b) || a->n_keys > b->n_keys || a->n_keys == 0)
        return LS_COVER_NONE;
    if (strcmp(a->method, b->method) != 0 || strcmp(a->predicate, b->predicate) != 0)
        return LS_COVER_NONE;
    if (a->is_primary || a->is_exclusion || has_constraint(a) || a->is_replica_identity || a->is_partition)
        return LS_COVER_NONE;
    for (uint32_t i = 0; i < a->n_keys; i++)
        if (!is_same_key(&a->keys[i], &b->keys[i]))
            return LS_COVER_NONE;
    for (uint32_t i = 0; i < a->n_include; i++)
        if (!has_column(b, a->include[i]))
            return LS_COVER_NONE;
    way = direction(u, a, b);
    if (way == 0 || (a->n_keys < b->n_keys && strcmp(a->method, "btree") != 0) || !keeps_unique(u, a, b) || is_the_other_way(a, b))
        return LS_COVER_NONE;
    if (a->n_keys < b->n_keys)
        return LS_COVER_PREFIX;
    if (way == 2)
        return LS_COVER_MIRROR;
    return is_same_include(a, b) ? LS_COVER_SAME : LS_COVER_INCLUDE;
}

/* --- foreign keys --- */

/* SQLite's names are the same in any case. */
static bool is_of_fk(const struct ls_usage *u, const struct ls_usage_fk *fk, const char *column)
{
    for (uint32_t i = 0; i < fk->n_columns; i++)
        if (column && (u->dialect == LS_DIALECT_SQLITE ? strcasecmp(fk->columns[i], column) : strcmp(fk->columns[i], column)) == 0)
            return true;
    return false;
}

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text), t = strlen(tail);

    return n >= t && strcmp(text + n - t, tail) == 0;
}

/* The key of that column in the index that the reader found to serve the foreign key; NULL. */
static const struct ls_usage_key *proven_key(const struct ls_usage *u, const struct ls_usage_fk *fk, const char *column)
{
    const struct ls_usage_index *x = fk->index < u->n_indexes ? &u->indexes[fk->index] : NULL;

    for (uint32_t i = 0; x && i < x->n_keys; i++)
        if (x->keys[i].column && strcmp(x->keys[i].column, column) == 0)
            return &x->keys[i];
    return NULL;
}

/* As the proven one is; else, on PostgreSQL, the default's "=", which text_pattern_ops has too, under the column's collation
 * (indexes.md 2.2 trap 8). SQLite looks up by the collation of the parent's column, which only the reader knows. */
static bool has_equality(const struct ls_usage *u, const struct ls_usage_fk *fk, const struct ls_usage_key *k)
{
    const struct ls_usage_key *proven = proven_key(u, fk, k->column);
    bool is_own = k->collation[0] == '\0' || strcmp(k->collation, k->collation_of_column) == 0;

    if (proven && strcmp(proven->opclass, k->opclass) == 0 && strcmp(proven->collation, k->collation) == 0)
        return true;
    return u->dialect == LS_DIALECT_POSTGRES && is_own && (k->is_default_opclass || ends_with(k->opclass, "_pattern_ops"));
}

/* "(x IS NOT NULL)" of its one column: a row without a value points at nothing. */
static bool is_not_null_of(const char *predicate, const char *text)
{
    size_t n = strlen(text);
    bool is_wrapped = predicate[0] == '(';
    const char *p = predicate + is_wrapped;

    return strncmp(p, text, n) == 0 && strcmp(p + n, is_wrapped ? " IS NOT NULL)" : " IS NOT NULL") == 0;
}

bool ls_ix_serves_fk(const struct ls_usage *u, uint32_t index, const struct ls_usage_fk *fk)
{
    const struct ls_usage_index *x = &u->indexes[index];
    uint32_t n = fk->n_columns;

    if (!is_usable(x) || n == 0 || x->n_keys < n)
        return false;
    if (index == fk->index) /* found by the reader */
        return true;
    if (strcmp(x->method, "btree") != 0 && !(strcmp(x->method, "hash") == 0 && n == 1))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!is_of_fk(u, fk, x->keys[i].column) || !has_equality(u, fk, &x->keys[i]))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(x->keys[k].column, x->keys[i].column) == 0)
                return false;
    }
    return x->predicate[0] == '\0' || (n == 1 && is_not_null_of(x->predicate, x->keys[0].text));
}

bool ls_ix_spec_serves_fk(struct ls_arena *a, const struct ls_index_spec *s, const struct ls_usage_fk *fk)
{
    if (s->n_keys < fk->n_columns || strcmp(s->method, "btree") != 0 || (s->predicate && s->predicate[0] != '\0'))
        return false;
    for (uint32_t k = 0; k < fk->n_columns; k++) {
        bool is_one = false;

        for (uint32_t c = 0; c < fk->n_columns && !is_one; c++)
            is_one = strcmp(s->keys[k], ls_ix_ident(a, fk->columns[c])) == 0;
        if (!is_one)
            return false;
    }
    return true;
}

/* --- what is there already --- */

/* Compares as far as both go, without quotes and case. */
static bool is_same_text(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '"' || *a == '`')
            a++;
        while (*b == '"' || *b == '`')
            b++;
        if (((*a >= 'A' && *a <= 'Z') ? *a + 32 : *a) != ((*b >= 'A' && *b <= 'Z') ? *b + 32 : *b))
            return false;
        if (*a == '\0')
            return true;
    }
}

static bool is_key(const struct ls_usage *u, const struct ls_usage_key *k, const char *wanted)
{
    struct ls_buf b = LS_BUF_INIT;
    bool is_pg = u->dialect == LS_DIALECT_POSTGRES, is_same;

    ls_buf_adds(&b, k->text);
    if (k->collation[0] != '\0' && strcmp(k->collation, k->collation_of_column) != 0 && !strstr(k->text, " COLLATE "))
        ls_buf_addf(&b, " COLLATE %s", k->collation);
    if (is_pg && k->opclass[0] != '\0' && !k->is_default_opclass)
        ls_buf_addf(&b, " %s", k->opclass);
    if (k->is_desc)
        ls_buf_adds(&b, " DESC");
    if (is_pg && k->is_nulls_first != k->is_desc)
        ls_buf_adds(&b, k->is_nulls_first ? " NULLS FIRST" : " NULLS LAST");
    is_same = is_same_text(b.ptr, wanted);
    ls_buf_release(&b);
    return is_same;
}

uint32_t ls_ix_exists(const struct ls_usage *u, const struct ls_index_spec *spec)
{
    uint32_t t = ls_usage_find_table(u, spec->schema, spec->table);
    const struct ls_usage_table *table = t != LS_NO_USAGE ? &u->tables[t] : NULL;

    for (uint32_t i = 0; table && i < table->n_indexes; i++) {
        const struct ls_usage_index *x = &u->indexes[table->first_index + i];
        bool is_same = (is_usable(x) || x->is_building) && x->n_keys >= spec->n_keys && strcmp(x->method, spec->method) == 0 &&
                       is_same_text(x->predicate, spec->predicate ? spec->predicate : "") &&
                       (!spec->is_unique || (x->is_unique && x->n_keys == spec->n_keys));

        for (uint32_t k = 0; k < spec->n_keys && is_same; k++)
            is_same = is_key(u, &x->keys[k], spec->keys[k]);
        if (is_same)
            return table->first_index + i;
    }
    return LS_NO_USAGE;
}
