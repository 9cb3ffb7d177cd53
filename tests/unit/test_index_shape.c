/* IX10, IX12 to IX14, IX18: what statistics, sizes and kinds say. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/index_kit.h"

static struct ls_usage_index *one(struct kit *k, enum ls_dialect d)
{
    kit_open(k, d);
    kit_table(k, "memories", 100000);
    return kit_index(k, "memories_user", "user_id");
}

static const struct ls_index_verdict *judged(struct kit *k, enum ls_verdict_id id)
{
    kit_judge(k);
    return kit_find(k, id, NULL);
}

/* --- IX10 --- */

/* SQLite's statistics do not tell: only what was counted on a copy does. */
static void nulls_that_were_counted(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_SQLITE);
    struct ls_null_count n[1] = {{0.75, 8 * KIT_MIB}};
    const struct ls_index_verdict *v;

    (void)state;
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    k.o.advices = &k.a;
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    k.a.nulls = n;
    v = judged(&k, LS_IX_PARTIAL_NULLS);
    assert_int_equal(v->confidence, LS_CONF_MEASURED);
    assert_string_equal(v->title, "75 % of its entries are NULL");
    assert_non_null(strstr(v->evidence, "(user_id), 2.0 MiB; without them about 512.0 KiB"));
    assert_non_null(strstr(v->price, "then the old one is dropped"));
    x->bytes = x->pages = -1; /* the report was asked for no sizes */
    assert_non_null(strstr(judged(&k, LS_IX_PARTIAL_NULLS)->evidence, "(user_id), 8.0 MiB; without them about 2.0 MiB"));
    n[0].bytes = KIT_MIB - 1;
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    n[0] = (struct ls_null_count){-1, -1};
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    kit_close(&k);
}

static void partial_nulls(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES), saved;
    struct ls_usage_key *key = kit_key(x, 0);
    const struct ls_index_verdict *v;

    (void)state;
    key->has_stats = true;
    key->null_frac = 0.5;
    v = judged(&k, LS_IX_PARTIAL_NULLS);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->title, "50 % of its entries are NULL");
    assert_string_equal(v->evidence,
                        "(user_id), 2.0 MiB; without them about 1.0 MiB\n"
                        "no workload is given: a query that asks for IS NULL, or sorts all rows by it, would need the whole index");
    assert_int_equal(v->fix, LS_FIX_REPLACE);
    assert_string_equal(v->create->predicate, "user_id IS NOT NULL");
    assert_string_equal(v->create->keys[0], "user_id");
    assert_string_equal(v->create->name, "idx_memories_user_id_not_null");
    assert_string_equal(
        v->undo,
        "CREATE INDEX memories_user ON memories (user_id); DROP INDEX CONCURRENTLY \"public\".\"idx_memories_user_id_not_null\";");
    kit_query(&k, "q", "SELECT * FROM memories WHERE user_id = $1");
    assert_int_equal(judged(&k, LS_IX_PARTIAL_NULLS)->severity, LS_SEV_WARNING);
    k.q[0].text = "SELECT * FROM memories m WHERE m.user_id IS NULL";
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    k.q[0].text = "SELECT * FROM memories m WHERE m.user_id IS NOT NULL AND x IS NULL";
    assert_non_null(judged(&k, LS_IX_PARTIAL_NULLS));
    k.q[0].text = "SELECT * FROM other WHERE user_id IS NULL";
    assert_non_null(judged(&k, LS_IX_PARTIAL_NULLS));
    saved = *x;
    key->null_frac = 0.4999;
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    key->null_frac = 0.5;
    x->bytes = KIT_MIB;
    assert_non_null(judged(&k, LS_IX_PARTIAL_NULLS));
    x->bytes = KIT_MIB - 1;
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    *x = saved;
    x->predicate = "(user_id > 0)";
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    *x = saved;
    x->is_unique = true;
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    *x = saved;
    key->has_stats = false;
    assert_null(judged(&k, LS_IX_PARTIAL_NULLS));
    kit_close(&k);
}

/* --- IX12 --- */

static void few_values(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES);
    struct ls_usage_key *key = kit_key(x, 0);
    const struct ls_index_verdict *v;

    (void)state;
    x->scans = 50;
    x->bytes = 4096; /* so that IX01 is quiet */
    key->has_stats = true;
    key->n_distinct = 10;
    key->max_mcv = 0.3;
    k.t[0].rows = 10000;
    v = judged(&k, LS_IX_LOW_CARDINALITY);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_string_equal(v->evidence, "user_id has 10 values in about 10000 rows; the most frequent one is 30 % of them\n"
                                     "no workload is given: queries for a rare value may need it");
    k.t[0].rows = 9999;
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    k.t[0].rows = 10000;
    key->n_distinct = 11;
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    key->n_distinct = 10;
    key->max_mcv = 0.2999;
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    key->max_mcv = 0.3;
    x->scans = 51; /* the planner does use it: for a rare value */
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    x->scans = 0;
    x->is_unique = true;
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    x->is_unique = false;
    kit_fk(&k, "fk", "user_id", LS_NO_USAGE)->index = 0;
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    k.u.n_fks = k.t[0].n_fks = 0;
    kit_query(&k, "q", "SELECT 1");
    kit_uses(&k, 0, 0);
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    k.uses[0] = false;
    assert_non_null(strstr(judged(&k, LS_IX_LOW_CARDINALITY)->evidence, "no query of the workload is planned with it"));
    x->n_keys = 2; /* of several columns: only with a workload */
    *kit_key(x, 1) = *key;
    assert_non_null(judged(&k, LS_IX_LOW_CARDINALITY));
    k.o.advices = NULL;
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    kit_close(&k);
}

static void few_values_in_sqlite(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_SQLITE);

    (void)state;
    x->stat1 = "1000 100";
    k.t[0].rows = 1000;
    assert_non_null(strstr(judged(&k, LS_IX_LOW_CARDINALITY)->evidence, "user_id has about 10 values in 1000 rows (sqlite_stat1)"));
    x->stat1 = "1000 99";
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    x->stat1 = "999 500";
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    x->stat1 = "rubbish";
    assert_null(judged(&k, LS_IX_LOW_CARDINALITY));
    kit_close(&k);
}

/* --- IX13, IX14 --- */

static void oversized(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES);
    const struct ls_index_verdict *v;

    (void)state;
    k.t[0].bytes = x->bytes;
    assert_null(judged(&k, LS_IX_OVERSIZED));
    k.t[0].bytes--;
    v = judged(&k, LS_IX_OVERSIZED);
    assert_string_equal(v->title, "it is larger than its table");
    assert_string_equal(v->evidence, "2.0 MiB, of a table of 1.9 MiB");
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->fix, LS_FIX_NONE);
    x->bytes = 64 * 1024;
    k.t[0].bytes = 8192;
    assert_non_null(judged(&k, LS_IX_OVERSIZED));
    x->bytes--;
    assert_null(judged(&k, LS_IX_OVERSIZED));
    kit_key(x, 0)->avg_width = 256;
    assert_null(judged(&k, LS_IX_OVERSIZED));
    kit_key(x, 0)->avg_width = 257;
    assert_string_equal(judged(&k, LS_IX_OVERSIZED)->title, "its keys are wide: user_id has 257 bytes on average");
    kit_close(&k);
    kit_open(&k, LS_DIALECT_SQLITE);
    kit_table(&k, "t", 10);
    kit_index(&k, "i", "a, b, c, d, e, f, g, h");
    assert_null(judged(&k, LS_IX_OVERSIZED));
    kit_close(&k);
    kit_open(&k, LS_DIALECT_SQLITE);
    kit_table(&k, "t", 10);
    kit_index(&k, "i", "a, b, c, d, e, f, g, h, i");
    assert_string_equal(judged(&k, LS_IX_OVERSIZED)->title, "9 key columns");
    kit_close(&k);
}

static void bloat(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES);
    const struct ls_index_verdict *v;

    (void)state;
    x->bytes = 10 * KIT_MIB + 1;
    x->bloat = 0.501;
    assert_null(judged(&k, LS_IX_BLOAT)); /* how is not known */
    x->bloat_how = LS_BLOAT_MEASURED;
    v = judged(&k, LS_IX_BLOAT);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(v->confidence, LS_CONF_MEASURED);
    assert_string_equal(v->title, "50 % of it is empty");
    assert_string_equal(v->evidence, "10.0 MiB, of which a rebuild gives back about 5.0 MiB (measured: the index was read)");
    assert_int_equal(v->fix, LS_FIX_REINDEX);
    assert_null(kit_find(&k, LS_IX_OVERSIZED, NULL));
    x->bloat = 0.5;
    assert_null(judged(&k, LS_IX_BLOAT));
    x->bloat = 0.501;
    x->bytes--;
    assert_null(judged(&k, LS_IX_BLOAT));
    x->bytes++;
    x->bloat_how = LS_BLOAT_ESTIMATE;
    assert_int_equal(judged(&k, LS_IX_BLOAT)->confidence, LS_CONF_ESTIMATED);
    x->rows = 100000; /* our own baseline is better than an estimate */
    k.past[0].built_bytes_per_row = 100;
    assert_null(judged(&k, LS_IX_BLOAT));
    k.past[0].built_bytes_per_row = 50;
    assert_non_null(strstr(judged(&k, LS_IX_BLOAT)->evidence, "(baseline: against its size a row right after it was built)"));
    k.past[0].built_bytes_per_row = 53;
    assert_null(judged(&k, LS_IX_BLOAT));
    x->bloat_how = LS_BLOAT_MEASURED; /* and what was read is better than that */
    assert_non_null(judged(&k, LS_IX_BLOAT));
    kit_close(&k);
}

static void bloat_in_sqlite(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_SQLITE);

    (void)state;
    x->bloat = 0.51;
    x->bloat_how = LS_BLOAT_MEASURED;
    x->pages = 256;
    assert_int_equal(judged(&k, LS_IX_BLOAT)->fix, LS_FIX_VACUUM);
    x->pages = 255;
    assert_null(judged(&k, LS_IX_BLOAT));
    kit_close(&k);
}

/* --- IX18 --- */

static void containers(void **state)
{
    static const struct {
        const char *type;
        bool fires;
    } cases[] = {{"text[]", true}, {"jsonb", true}, {"tsvector", true}, {"text", false}, {"json_thing", false}, {"integer", false}};
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES);
    const struct ls_index_verdict *v;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        kit_key(x, 0)->type = cases[i].type;
        assert_int_equal(judged(&k, LS_IX_WRONG_KIND) != NULL, cases[i].fires);
    }
    kit_key(x, 0)->type = "jsonb";
    v = judged(&k, LS_IX_WRONG_KIND);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->confidence, LS_CONF_STRUCTURAL);
    assert_string_equal(v->title, "a btree finds only whole values of jsonb, not what is in them");
    assert_int_equal(v->fix, LS_FIX_REPLACE);
    assert_string_equal(v->create->method, "gin");
    assert_string_equal(v->create->name, "idx_memories_user_id_gin");
    x->scans = 0;
    x->bytes = 4096;
    assert_int_equal(judged(&k, LS_IX_WRONG_KIND)->severity, LS_SEV_WARNING);
    k.past[0].counted_from_us = KIT_NOW - 14 * KIT_DAY + 1;
    assert_int_equal(judged(&k, LS_IX_WRONG_KIND)->severity, LS_SEV_INFO);
    k.past[0].counted_from_us--;
    assert_int_equal(judged(&k, LS_IX_WRONG_KIND)->severity, LS_SEV_WARNING);
    x->is_unique = true;
    assert_null(judged(&k, LS_IX_WRONG_KIND));
    x->is_unique = false;
    x->method = "gin";
    assert_null(judged(&k, LS_IX_WRONG_KIND));
    kit_close(&k);
}

static void like(void **state)
{
    static const struct {
        const char *sql;
        bool fires;
    } cases[] = {
        {"SELECT * FROM memories WHERE user_id LIKE 'x%'", true},  {"SELECT * FROM memories m WHERE m.user_id like 'x%y'", true},
        {"SELECT * FROM memories WHERE user_id LIKE '%x'", false}, {"SELECT * FROM memories WHERE user_id LIKE '_x%'", false},
        {"SELECT * FROM memories WHERE user_id LIKE 'x'", false},  {"SELECT * FROM memories WHERE user_id ILIKE 'x%'", false},
        {"SELECT * FROM memories WHERE b LIKE 'x%'", false},       {"SELECT * FROM other WHERE user_id LIKE 'x%'", false},
        {"SELECT * FROM memorial WHERE user_id LIKE 'x%'", false},
    };
    static const char *const values[] = {"abc%"}, *const late[] = {"%abc"};
    static const struct ls_sample sample = {.values = values}, other = {.values = late};
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES);
    const struct ls_index_verdict *v;

    (void)state;
    kit_key(x, 0)->type = "text";
    kit_query(&k, "search", "");
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        k.q[0].text = cases[i].sql;
        if ((judged(&k, LS_IX_WRONG_KIND) != NULL) != cases[i].fires)
            fail_msg("%s", cases[i].sql);
    }
    k.q[0].text = "SELECT * FROM memories WHERE user_id LIKE $1";
    assert_null(judged(&k, LS_IX_WRONG_KIND));
    k.q[0].n_params = 1;
    k.q[0].samples = &sample;
    k.q[0].n_samples = 1;
    v = judged(&k, LS_IX_WRONG_KIND);
    assert_string_equal(v->title, "user_id LIKE 'x%' cannot use it");
    assert_string_equal(v->evidence,
                        "query: search\nit sorts by the rules of a language; LIKE needs text_pattern_ops, or the collation C");
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(v->fix, LS_FIX_CREATE);
    assert_string_equal(v->create->keys[0], "user_id text_pattern_ops");
    k.q[0].samples = &other;
    assert_null(judged(&k, LS_IX_WRONG_KIND));
    k.q[0].samples = &sample;
    kit_key(x, 0)->type = "character varying(20)";
    assert_string_equal(judged(&k, LS_IX_WRONG_KIND)->create->keys[0], "user_id varchar_pattern_ops");
    kit_key(x, 0)->is_pattern_safe = true;
    assert_null(judged(&k, LS_IX_WRONG_KIND));
    kit_key(x, 0)->is_pattern_safe = false;
    kit_key(kit_index(&k, "memories_user2", "user_id"), 0)->is_pattern_safe = true; /* another one serves it */
    kit_key(&k.x[1], 0)->opclass = "text_pattern_ops";
    assert_null(judged(&k, LS_IX_WRONG_KIND));
    kit_close(&k);
}

static void like_in_sqlite(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_SQLITE);
    const struct ls_index_verdict *v;

    (void)state;
    kit_query(&k, "search", "SELECT * FROM memories WHERE user_id LIKE 'x%'");
    v = judged(&k, LS_IX_WRONG_KIND);
    assert_string_equal(v->create->keys[0], "user_id COLLATE NOCASE");
    kit_key(x, 0)->collation = "NOCASE";
    assert_null(judged(&k, LS_IX_WRONG_KIND));
    kit_close(&k);
}

/* An index for each of the rules, spoilt in each way that makes it none of their business. */
static void what_is_left_alone(void **state)
{
    static const char *const include[] = {"z"};

    (void)state;
    for (int rule = 0; rule < 3; rule++) {
        static const enum ls_verdict_id ids[] = {LS_IX_PARTIAL_NULLS, LS_IX_LOW_CARDINALITY, LS_IX_WRONG_KIND};
        struct kit k;
        struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES), saved;
        struct ls_usage_key *key = kit_key(x, 0);

        x->scans = 20;
        key->has_stats = true;
        key->null_frac = rule == 0 ? 0.9 : 0;
        key->n_distinct = rule == 1 ? 3 : 1000;
        key->max_mcv = 0.9;
        key->type = rule == 2 ? "jsonb" : "integer";
        assert_non_null(judged(&k, ids[rule]));
        saved = *x;
        for (int i = 0; i < 11; i++) {
            x->is_valid = i != 0;
            x->is_ready = i != 1;
            x->is_live = i != 2;
            x->is_building = i == 3;
            x->is_partitioned = i == 4;
            x->is_partition = i == 5;
            x->is_clustered = i == 6;
            x->is_unique = i == 7;
            x->n_keys = i == 8 ? 0 : 1;
            x->predicate = i == 9 && rule < 2 ? "(z > 0)" : "";
            x->method = i == 9 && rule == 2 ? "gist" : i == 10 && rule > 0 ? "brin" : "btree";
            x->include = include;
            x->n_include = i == 10 && rule == 0;
            if (judged(&k, ids[rule]))
                fail_msg("rule %d, way %d", rule, i);
            *x = saved;
        }
        x->scans = 0; /* unused: it goes for that */
        assert_null(judged(&k, ids[rule]));
        assert_non_null(kit_find(&k, LS_IX_UNUSED, NULL));
        x->scans = 20;
        key->has_stats = false;
        assert_int_equal(judged(&k, ids[rule]) != NULL, rule == 2);
        kit_close(&k);
    }
}

static void sizes_of_what_is_not_there(void **state)
{
    static const enum ls_verdict_id ids[] = {LS_IX_OVERSIZED, LS_IX_BLOAT};
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES), saved;

    (void)state;
    x->bytes = 11 * KIT_MIB;
    k.t[0].bytes = KIT_MIB;
    for (int rule = 0; rule < 2; rule++) {
        x->bloat = 0.9;
        x->bloat_how = rule == 1 ? LS_BLOAT_MEASURED : LS_BLOAT_UNKNOWN;
        assert_non_null(judged(&k, ids[rule]));
        saved = *x;
        for (int i = 0; i < 5; i++) {
            x->is_valid = i != 0;
            x->is_live = i != 1;
            x->is_building = i == 2;
            x->is_partitioned = i == 3;
            x->scans = i == 4 ? 0 : 1000; /* unused: it goes */
            assert_null(judged(&k, ids[rule]));
            *x = saved;
        }
    }
    x->bloat_how = LS_BLOAT_UNKNOWN;
    k.t[0].bytes = 0; /* not known, as of an empty table */
    assert_null(judged(&k, LS_IX_OVERSIZED));
    kit_close(&k);
}

/* It may not be replaced where the new one could not do all of its work. */
static void containers_that_stay(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES);

    (void)state;
    kit_key(x, 0)->type = "jsonb";
    x->predicate = "(z > 0)";
    assert_int_equal(judged(&k, LS_IX_WRONG_KIND)->fix, LS_FIX_NONE);
    x->predicate = "";
    kit_fk(&k, "fk", "user_id", LS_NO_USAGE)->index = 0;
    assert_int_equal(judged(&k, LS_IX_WRONG_KIND)->fix, LS_FIX_NONE);
    k.u.n_fks = k.t[0].n_fks = 0;
    x->n_keys = 2;
    *kit_key(x, 1) = x->keys[0];
    assert_int_equal(judged(&k, LS_IX_WRONG_KIND)->fix, LS_FIX_NONE);
    x->n_keys = 1;
    assert_int_equal(judged(&k, LS_IX_WRONG_KIND)->fix, LS_FIX_REPLACE);
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partial_nulls),
        cmocka_unit_test(nulls_that_were_counted),
        cmocka_unit_test(few_values),
        cmocka_unit_test(few_values_in_sqlite),
        cmocka_unit_test(oversized),
        cmocka_unit_test(bloat),
        cmocka_unit_test(bloat_in_sqlite),
        cmocka_unit_test(containers),
        cmocka_unit_test(like),
        cmocka_unit_test(like_in_sqlite),
        cmocka_unit_test(what_is_left_alone),
        cmocka_unit_test(sizes_of_what_is_not_there),
        cmocka_unit_test(containers_that_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
