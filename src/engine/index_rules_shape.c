#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NULLS_SHARE      0.5
#define NULLS_BYTES      (1 * LS_IX_MIB)
#define FEW_VALUES       10.0
#define FREQUENT_SHARE   0.3
#define FEW_VALUES_ROWS  10000.0
#define SQLITE_FEW_SHARE 0.1 /* rows of one value, of all rows */
#define SQLITE_FEW_ROWS  1000.0
#define FEW_SCANS        50

static bool is_usable(const struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];

    return !ix->is_dropped[i] && x->is_valid && x->is_ready && x->is_live && !x->is_building && x->n_keys > 0;
}

/* Sets the fix that makes spec and drops the verdict's index then. */
static void replace(struct ls_ix *ix, struct ls_index_verdict *v, const struct ls_index_spec *spec, int64_t bytes)
{
    const char *undo;

    ls_ix_fix_drop(ix, v);
    undo = v->undo;
    v->fix = LS_FIX_NONE;
    ls_ix_fix_create(ix, v, spec, bytes, ix->is_pg ? "then DROP INDEX CONCURRENTLY of the old one" : "then the old one is dropped");
    if (v->fix == LS_FIX_NONE)
        return;
    v->fix = LS_FIX_REPLACE;
    v->undo = ls_arena_printf(ix->arena, "%s %s", undo, v->undo);
    if (!v->ignored)
        ls_ix_set_dropped(ix, v->index);
}

static struct ls_index_spec *spec_like(struct ls_ix *ix, uint32_t i, const char *key, const char *tail)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    const struct ls_usage_table *t = &ix->u->tables[x->table];
    struct ls_index_spec *s = LS_ARENA_NEW(ix->arena, struct ls_index_spec);
    const char **keys = LS_ARENA_ARRAY(ix->arena, const char *, 1);
    const char *words[2] = {x->keys[0].column ? x->keys[0].column : "expr", tail};

    keys[0] = key;
    s->schema = t->schema;
    s->table = t->name;
    s->method = x->method;
    s->keys = keys;
    s->n_keys = 1;
    s->predicate = "";
    s->name = ls_ix_new_name(ix, t->schema, t->name, words, 2);
    return s;
}

/* --- IX10 partial-nulls --- */

static bool is_null_asked(const struct ls_ix *ix, uint32_t table, const char *column)
{
    const struct ls_workload *w = ix->o->workload;

    for (uint32_t q = 0; w && q < w->n_queries; q++)
        if (ls_ix_query_names(ix, q, table) && ls_ix_query_is_null(ix->u, &w->queries[q], column))
            return true;
    return false;
}

/* As PostgreSQL's statistics say, or as it was counted on a copy; -1 not known. */
static double null_share(const struct ls_ix *ix, uint32_t i, int64_t *bytes)
{
    const struct ls_usage_key *k = ix->u->indexes[i].keys;
    const struct ls_null_count *n = ix->o->advices && ix->o->advices->nulls ? &ix->o->advices->nulls[i] : NULL;

    *bytes = ix->use[i].bytes >= 0 || !n ? ix->use[i].bytes : n->bytes;
    if (ix->is_pg)
        return k->has_stats ? k->null_frac : -1;
    return n ? n->share : -1;
}

static bool may_be_partial(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];

    return is_usable(ix, i) && x->n_keys == 1 && x->n_include == 0 && x->predicate[0] == '\0' && !x->is_unique && !x->is_partitioned && x->keys[0].column &&
           !ls_ix_need(ix, i) && !is_null_asked(ix, x->table, x->keys[0].column);
}

void ls_ix_rule_nulls(struct ls_ix *ix)
{
    bool has_workload = ix->o->workload && ix->o->workload->n_queries > 0;

    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];
        const struct ls_usage_key *k = x->keys;
        struct ls_index_verdict *v;
        struct ls_index_spec *spec;
        int64_t bytes, rest;
        double share;

        if (!may_be_partial(ix, i))
            continue;
        share = null_share(ix, i, &bytes);
        if (share < NULLS_SHARE || bytes < NULLS_BYTES || !ls_ix_hand_over(ix, i))
            continue;
        rest = (int64_t)((1 - share) * (double)bytes);
        v = ls_ix_add(ix, LS_IX_PARTIAL_NULLS, has_workload ? LS_SEV_WARNING : LS_SEV_INFO, ix->is_pg ? LS_CONF_ESTIMATED : LS_CONF_MEASURED, x->table, i);
        v->title = ls_arena_printf(ix->arena, "%.0f %% of its entries are NULL", 100 * share);
        v->evidence = ls_arena_printf(
            ix->arena, "(%s), %s; without them about %s\n%s", k->text, ls_ix_size(ix->arena, bytes), ls_ix_size(ix->arena, rest),
            has_workload
                ? "no query of the workload asks for IS NULL"
                : "no workload is given: a query that asks for IS NULL, or sorts all rows by it, would need the whole index");
        spec = spec_like(ix, i, k->text, "not_null");
        spec->predicate = ls_arena_printf(ix->arena, "%s IS NOT NULL", k->text);
        replace(ix, v, spec, rest);
    }
}

/* --- IX12 low-cardinality --- */

/* sqlite_stat1: "ROWS AVG1 ...": AVG1 rows of each value of the first column. */
static bool has_few_values_sqlite(struct ls_ix *ix, const struct ls_usage_index *x, const char **evidence)
{
    char *end;
    double rows = x->stat1 ? strtod(x->stat1, &end) : 0, same = rows > 0 && *end == ' ' ? strtod(end, NULL) : 0;

    if (rows < SQLITE_FEW_ROWS || same / rows < SQLITE_FEW_SHARE)
        return false;
    *evidence =
        ls_arena_printf(ix->arena, "%s has about %.0f values in %.0f rows (sqlite_stat1)", x->keys[0].text, rows / same, rows);
    return true;
}

static bool has_few_values_pg(struct ls_ix *ix, const struct ls_usage_index *x, const char **evidence)
{
    const struct ls_usage_key *k = &x->keys[0];
    double rows = ix->u->tables[x->table].rows;

    if (!k->has_stats || k->n_distinct < 0 || k->n_distinct > FEW_VALUES || k->max_mcv < FREQUENT_SHARE || rows < FEW_VALUES_ROWS)
        return false;
    *evidence = ls_arena_printf(ix->arena, "%s has %.0f value%s in about %.0f rows; the most frequent one is %.0f %% of them",
                                k->text, k->n_distinct, k->n_distinct <= 1 ? "" : "s", rows, 100 * k->max_mcv);
    return true;
}

/* A query that selects a rare value is planned with the index, and counted: then it earns its place. An index of several columns
 * may well begin with such a one: only a workload that never uses it speaks against it. */
void ls_ix_rule_few_values(struct ls_ix *ix)
{
    bool has_plans = ix->o->advices && ix->o->advices->uses && ix->o->advices->n_plans > 0;

    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];
        const char *evidence = "";
        struct ls_index_verdict *v;

        if (!is_usable(ix, i) || x->is_unique || x->is_partitioned || strcmp(x->method, "btree") != 0 || x->predicate[0] != '\0' ||
            (x->n_keys > 1 && !has_plans) || ix->use[i].scans > FEW_SCANS || ls_ix_is_planned(ix, i) || ls_ix_need(ix, i) ||
            ls_ix_only_for_fk(ix, i))
            continue;
        if (!(ix->is_pg ? has_few_values_pg(ix, x, &evidence) : has_few_values_sqlite(ix, x, &evidence)))
            continue;
        v = ls_ix_add(ix, LS_IX_LOW_CARDINALITY, LS_SEV_INFO, LS_CONF_ESTIMATED, x->table, i);
        v->title = "its first column has few values: reading the table is faster for the frequent ones";
        v->evidence = ls_arena_printf(ix->arena, "%s\n%s", evidence,
                                      has_plans ? "no query of the workload is planned with it"
                                                : "no workload is given: queries for a rare value may need it");
        v->window = ix->use[i].scans >= 0 ? ls_ix_use_window(ix, i) : "";
    }
}

/* --- IX18 wrong-kind --- */

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text), t = strlen(tail);

    return n >= t && strcmp(text + n - t, tail) == 0;
}

static bool is_container(const char *type)
{
    return ends_with(type, "[]") || strcmp(type, "jsonb") == 0 || strcmp(type, "tsvector") == 0;
}

static void container(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    bool is_idle = ix->use[i].scans == 0 && ix->now_us - ix->use[i].quiet_since_us >= ix->window_us;
    struct ls_index_verdict *v;
    struct ls_index_spec *spec;

    v = ls_ix_add(ix, LS_IX_WRONG_KIND, is_idle ? LS_SEV_WARNING : LS_SEV_INFO, LS_CONF_STRUCTURAL, x->table, i);
    v->title = ls_arena_printf(ix->arena, "a btree finds only whole values of %s, not what is in them", x->keys[0].type);
    v->evidence = ls_arena_printf(ix->arena, "(%s) is of type %s; searches like @>, && and @@ need gin",
                                  ls_ix_columns(ix->arena, x), x->keys[0].type);
    if (x->n_keys > 1 || x->predicate[0] != '\0' || ls_ix_only_for_fk(ix, i) || !ls_ix_hand_over(ix, i))
        return;
    spec = spec_like(ix, i, x->keys[0].text, "gin");
    spec->method = "gin";
    replace(ix, v, spec, -1);
}

static bool is_text(const char *type)
{
    return strncmp(type, "text", 4) == 0 || strncmp(type, "character", 9) == 0 || strncmp(type, "varchar", 7) == 0;
}

/* An index of the same first column that LIKE can use. */
static bool has_like_index(const struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    const struct ls_usage_table *t = &ix->u->tables[x->table];

    for (uint32_t k = t->first_index; k < t->first_index + t->n_indexes; k++) {
        const struct ls_usage_key *y = ix->u->indexes[k].keys;

        if (ix->u->indexes[k].n_keys == 0 || !y->column || strcmp(y->column, x->keys[0].column) != 0)
            continue;
        if (ix->is_pg ? y->is_pattern_safe || strcmp(ix->u->indexes[k].method, "btree") != 0 : strcasecmp(y->collation, "NOCASE") == 0)
            return true;
    }
    return false;
}

static const char *pattern_ops(const char *type)
{
    if (strncmp(type, "varchar", 7) == 0 || strncmp(type, "character varying", 17) == 0)
        return "varchar_pattern_ops";
    return strncmp(type, "character", 9) == 0 ? "bpchar_pattern_ops" : "text_pattern_ops";
}

static void like(struct ls_ix *ix, uint32_t i, const struct ls_query *q)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    const struct ls_usage_key *k = &x->keys[0];
    struct ls_index_verdict *v = ls_ix_add(ix, LS_IX_WRONG_KIND, LS_SEV_WARNING, LS_CONF_STRUCTURAL, x->table, i);
    struct ls_index_spec *spec;

    v->title = ls_arena_printf(ix->arena, "%s LIKE 'x%%' cannot use it", k->text);
    v->evidence =
        ls_arena_printf(ix->arena, "query: %s\n%s", q->name,
                        ix->is_pg ? "it sorts by the rules of a language; LIKE needs text_pattern_ops, or the collation C"
                                  : "LIKE ignores case: it needs an index with COLLATE NOCASE (or PRAGMA case_sensitive_like)");
    spec =
        spec_like(ix, i, ls_arena_printf(ix->arena, "%s %s", k->text, ix->is_pg ? pattern_ops(k->type) : "COLLATE NOCASE"), "like");
    ls_ix_fix_create(ix, v, spec, ix->use[i].bytes, NULL);
}

static bool is_like_case(const struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_key *k = ix->u->indexes[i].keys;

    if (!k->column || (ix->is_pg && (!is_text(k->type) || strcmp(ix->u->indexes[i].method, "btree") != 0)))
        return false;
    return !has_like_index(ix, i);
}

/* One verdict for a column, at its first index. */
static bool is_first_of_column(const struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];

    for (uint32_t k = ix->u->tables[x->table].first_index; k < i; k++)
        if (ix->u->indexes[k].n_keys > 0 && ix->u->indexes[k].keys[0].column && x->keys[0].column &&
            strcmp(ix->u->indexes[k].keys[0].column, x->keys[0].column) == 0)
            return false;
    return true;
}

void ls_ix_rule_kind(struct ls_ix *ix)
{
    const struct ls_workload *w = ix->o->workload;

    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];

        if (!is_usable(ix, i) || x->is_partition)
            continue;
        if (ix->is_pg && strcmp(x->method, "btree") == 0 && is_container(x->keys[0].type) && !x->is_unique && !x->is_partitioned &&
            !ls_ix_need(ix, i)) {
            container(ix, i);
            continue;
        }
        if (!w || !is_first_of_column(ix, i) || !is_like_case(ix, i))
            continue;
        for (uint32_t q = 0; q < w->n_queries; q++) {
            if (ls_ix_query_names(ix, q, x->table) && ls_ix_query_like_prefix(ix->u, &w->queries[q], x->keys[0].column)) {
                like(ix, i, &w->queries[q]);
                break;
            }
        }
    }
}
