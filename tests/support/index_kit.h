/* Usage by hand, for the rules about indexes: a few tables with indexes and foreign keys, all of them in good order and in use, and
 * a history that goes back 30 days. A test spoils one thing and judges.
 *
 *     struct kit k;
 *     kit_open(&k, LS_DIALECT_POSTGRES);
 *     kit_table(&k, "memories", 100000);
 *     kit_index(&k, "memories_user", "user_id, updated_at DESC")->scans = 0;
 *     kit_judge(&k);
 *     const struct ls_index_verdict *v = kit_find(&k, LS_IX_UNUSED, "memories_user");
 *     kit_close(&k);
 *
 * Tables and the indexes of a table have to be added in the order of their names. */
#ifndef TESTS_SUPPORT_INDEX_KIT_H
#define TESTS_SUPPORT_INDEX_KIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/index.h"

#define KIT_DAY INT64_C(86400000000)
#define KIT_MIB (INT64_C(1024) * 1024)
#define KIT_NOW INT64_C(1796083200000000) /* 2026-12-01T00:00:00Z */

struct kit {
    struct ls_usage u;
    struct ls_usage_table t[16];
    struct ls_usage_index x[32];
    struct ls_usage_fk f[16];
    struct ls_past past[32];
    struct ls_history h;
    struct ls_verdict_opts o;
    struct ls_verdicts out;
    struct ls_query q[8];
    struct ls_workload w;
    struct ls_explained plans[8];
    bool uses[8 * 32];
    struct ls_advices a;
    struct ls_arena *arena;
};

static inline void kit_open(struct kit *k, enum ls_dialect d)
{
    memset(k, 0, sizeof(*k));
    k->arena = ls_arena_new();
    k->u = (struct ls_usage){.dialect = d,
                             .database = "app",
                             .server = "",
                             .system_id = "",
                             .server_version = 150004,
                             .taken_us = KIT_NOW,
                             .stats_reset_us = KIT_NOW - 30 * KIT_DAY,
                             .has_stat1 = true,
                             .tables = k->t,
                             .indexes = k->x,
                             .fks = k->f};
    k->h = (struct ls_history){
        .past = k->past, .window_from_us = KIT_NOW - 30 * KIT_DAY, .window = "since 2026-11-01 (30 days): test"};
    k->w = (struct ls_workload){.dialect = d, .source = "lockstep.workload.sql", .queries = k->q};
    k->a = (struct ls_advices){.plans = k->plans, .uses = k->uses, .how = "test"};
}

static inline void kit_close(struct kit *k)
{
    if (k->out.arena)
        ls_verdicts_release(&k->out);
    ls_arena_free(k->arena);
}

static inline struct ls_usage_table *kit_table(struct kit *k, const char *name, double rows)
{
    struct ls_usage_table *t = &k->t[k->u.n_tables++];

    *t = (struct ls_usage_table){.schema = k->u.dialect == LS_DIALECT_SQLITE ? "main" : "public",
                                 .name = name,
                                 .kind = 'r',
                                 .parent = LS_NO_USAGE,
                                 .rows = rows,
                                 .bytes = 100 * KIT_MIB,
                                 .live = (int64_t)rows,
                                 .last_analyze_us = KIT_NOW - KIT_DAY,
                                 .first_index = k->u.n_indexes,
                                 .first_fk = k->u.n_fks};
    return t;
}

/* keys: "a, b DESC, (lower(c))". On the table that was added last. */
static inline struct ls_usage_index *kit_index(struct kit *k, const char *name, const char *keys)
{
    struct ls_usage_index *x = &k->x[k->u.n_indexes];
    struct ls_usage_key *key = LS_ARENA_ARRAY(k->arena, struct ls_usage_key, 12);
    bool is_pg = k->u.dialect == LS_DIALECT_POSTGRES;
    char *copy = ls_arena_str(k->arena, keys), *rest = copy, *word;

    *x = (struct ls_usage_index){
        .table = k->u.n_tables - 1,
        .schema = is_pg ? "public" : "main",
        .name = name,
        .definition = ls_arena_printf(k->arena, "CREATE INDEX %s ON %s (%s)", name, k->t[k->u.n_tables - 1].name, keys),
        .constraint = "",
        .method = "btree",
        .predicate = "",
        .options = "",
        .tablespace = "",
        .comment = "",
        .keys = key,
        .is_immediate = true,
        .is_valid = true,
        .is_ready = true,
        .is_live = true,
        .parent = LS_NO_USAGE,
        .scans = is_pg ? 1000 : -1,
        .bytes = 2 * KIT_MIB,
        .pages = 256,
        .rows = k->t[k->u.n_tables - 1].rows,
        .bloat = -1,
        .oid = 1000 + k->u.n_indexes,
        .stat1 = is_pg ? NULL : ls_arena_printf(k->arena, "%.0f 1", k->t[k->u.n_tables - 1].rows)};
    while ((word = strsep(&rest, ","))) {
        struct ls_usage_key *one = &key[x->n_keys++];
        char *desc;

        word += strspn(word, " ");
        desc = strstr(word, " DESC");
        if (desc)
            *desc = '\0';
        *one = (struct ls_usage_key){.text = word,
                                     .column = word[0] == '(' ? NULL : word,
                                     .type = is_pg ? "integer" : "INTEGER",
                                     .opclass = is_pg ? "int4_ops" : "",
                                     .collation = "",
                                     .collation_of_column = "",
                                     .is_default_opclass = true,
                                     .is_desc = desc != NULL,
                                     .is_nulls_first = desc != NULL,
                                     .n_distinct = -1,
                                     .avg_width = 4};
        x->has_expression = x->has_expression || word[0] == '(';
    }
    k->past[k->u.n_indexes] = (struct ls_past){.per_hour = -1, .built_bytes_per_row = -1};
    k->u.n_indexes++;
    k->t[k->u.n_tables - 1].n_indexes++;
    return x;
}

static inline struct ls_usage_key *kit_key(struct ls_usage_index *x, uint32_t at)
{
    return (struct ls_usage_key *)(uintptr_t)&x->keys[at]; /* made by kit_index, so it may be changed */
}

static inline const char *const *kit_words(struct kit *k, const char *text, uint32_t *n)
{
    const char **list = LS_ARENA_ARRAY(k->arena, const char *, 12);
    char *rest = ls_arena_str(k->arena, text), *word;

    *n = 0;
    while ((word = strsep(&rest, ","))) {
        word += strspn(word, " ");
        list[(*n)++] = word;
    }
    return list;
}

/* Opens it, with a table t and its indexes a and b. */
static inline void kit_two(struct kit *k, const char *a, const char *b)
{
    kit_open(k, LS_DIALECT_POSTGRES);
    kit_table(k, "t", 1000);
    kit_index(k, "a", a);
    kit_index(k, "b", b);
}

/* Of the table that was added last, to table `ref` (its place; LS_NO_USAGE none). Validated, enforced, and served by nothing. */
static inline struct ls_usage_fk *kit_fk(struct kit *k, const char *name, const char *columns, uint32_t ref)
{
    struct ls_usage_fk *f = &k->f[k->u.n_fks++];
    uint32_t n;

    *f = (struct ls_usage_fk){.table = k->u.n_tables - 1,
                              .name = name,
                              .ref_schema = "public",
                              .ref_table = ref != LS_NO_USAGE ? k->t[ref].name : "gone",
                              .ref = ref,
                              .on_delete = "NO ACTION",
                              .on_update = "NO ACTION",
                              .is_validated = true,
                              .is_enforced = true,
                              .is_parent_unique = true,
                              .index = LS_NO_USAGE,
                              .orphans = -1};
    f->columns = kit_words(k, columns, &n);
    f->ref_columns = kit_words(k, "id, id2, id3", &f->n_columns);
    f->n_columns = n;
    k->t[k->u.n_tables - 1].n_fks++;
    return f;
}

/* A query of the workload, planned by nothing yet. */
static inline uint32_t kit_query(struct kit *k, const char *name, const char *sql)
{
    static const struct ls_node scan = {.parent = LS_NO_USAGE, .what = "Seq Scan", .relation = "", .index = "", .detail = ""};
    uint32_t at = k->w.n_queries++;

    k->q[at] = (struct ls_query){.name = name, .sql = sql, .text = sql, .per_hour = 1, .verb = "", .mean_ms = -1, .calls = -1};
    k->plans[at] = (struct ls_explained){
        .dialect = k->u.dialect, .nodes = &scan, .n_nodes = 1, .cost = -1, .buffers = -1, .steps = -1, .ms = -1, .autoindexes = -1};
    k->a.n_plans = k->w.n_queries;
    k->o.workload = &k->w;
    return at;
}

/* Also hands the plans on; n_plans * n_indexes, so all indexes have to be there. */
static inline void kit_uses(struct kit *k, uint32_t query, uint32_t index)
{
    k->uses[(size_t)query * k->u.n_indexes + index] = true;
    k->o.advices = &k->a;
}

/* Fills in what is not said of the past: seen for the first time now, in a window that begins where the history's does. */
static inline void kit_judge(struct kit *k)
{
    if (k->out.arena)
        ls_verdicts_release(&k->out);
    k->h.n_past = k->u.n_indexes;
    for (uint32_t i = 0; i < k->u.n_indexes; i++) {
        struct ls_past *p = &k->past[i];

        p->scans_in_window = k->x[i].scans;
        p->counted_from_us = p->counted_from_us ? p->counted_from_us : k->h.window_from_us;
        p->first_seen_us = p->first_seen_us ? p->first_seen_us : KIT_NOW;
    }
    ls_verdicts_make(&k->u, &k->h, &k->o, &k->out);
}

/* object NULL: any. */
static inline const struct ls_index_verdict *kit_find(const struct kit *k, enum ls_verdict_id id, const char *object)
{
    for (uint32_t i = 0; i < k->out.n; i++)
        if (k->out.v[i].id == id && (!object || strcmp(k->out.v[i].object, object) == 0))
            return &k->out.v[i];
    return NULL;
}

static inline uint32_t kit_count(const struct kit *k, enum ls_verdict_id id)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < k->out.n; i++)
        n += k->out.v[i].id == id;
    return n;
}

/* Every verdict on a line of stderr, for a test that fails. */
static inline void kit_print(const struct kit *k)
{
    for (uint32_t i = 0; i < k->out.n; i++) {
        const struct ls_index_verdict *v = &k->out.v[i];

        fprintf(stderr, "# %s %s %s %s: %s\n#   %s\n#   %s | %s | %s\n", ls_verdict_code(v->id), ls_severity_name(v->severity),
                ls_confidence_name(v->confidence), v->object, v->title, v->evidence, v->window, v->price, v->undo);
    }
}

#endif
