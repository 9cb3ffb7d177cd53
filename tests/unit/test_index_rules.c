/* IX05, IX06, IX16: what the catalogue says; names and order of verdicts. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/index_kit.h"

static void one(struct kit *k, enum ls_dialect d)
{
    kit_open(k, d);
    kit_table(k, "t", 100000);
    kit_index(k, "t_x", "x");
}

static const struct ls_index_verdict *judged(struct kit *k, enum ls_verdict_id id)
{
    kit_judge(k);
    return kit_find(k, id, NULL);
}

static void names(void **state)
{
    enum ls_verdict_id id;

    (void)state;
    assert_string_equal(ls_verdict_code(LS_IX_UNUSED), "IX01");
    assert_string_equal(ls_verdict_word(LS_IX_FK_UNENFORCED), "fk-unenforced");
    assert_string_equal(ls_verdict_meaning(LS_IX_BLOAT), "much of it is empty");
    assert_true(ls_verdict_find("ix07", &id) && id == LS_IX_FK_UNINDEXED);
    assert_true(ls_verdict_find("Duplicate", &id) && id == LS_IX_DUPLICATE);
    assert_false(ls_verdict_find("IX19", &id));
    assert_string_equal(ls_confidence_name(LS_CONF_UNCONFIRMED), "unconfirmed");
}

static void nothing_to_say(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    kit_close(&k);
    one(&k, LS_DIALECT_SQLITE);
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    k.u.n_tables = k.u.n_indexes = 0; /* an empty database */
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    kit_close(&k);
}

static void worst_first(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    kit_index(&k, "t_y", "y")->is_valid = false;
    kit_index(&k, "t_z", "z")->is_valid = false;
    k.x[2].is_unique = true;
    k.x[0].scans = 3;
    kit_judge(&k);
    assert_int_equal(k.out.n, 3);
    assert_string_equal(k.out.v[0].object, "t_z");
    assert_int_equal(k.out.v[0].severity, LS_SEV_ERROR);
    assert_string_equal(k.out.v[1].object, "t_y");
    assert_string_equal(k.out.v[2].object, "t_x");
    kit_close(&k);
}

/* --- IX05 --- */

static void invalid(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.x[0].is_valid = false;
    v = judged(&k, LS_IX_INVALID);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(v->confidence, LS_CONF_CERTAIN);
    assert_string_equal(v->title, "its build failed: no query uses it");
    assert_string_equal(v->evidence, "(x), 2.0 MiB, not valid, no build of it is running; every write still goes into it");
    assert_int_equal(v->fix, LS_FIX_REINDEX);
    assert_string_equal(v->price, "REINDEX INDEX CONCURRENTLY: blocks no writes; needs up to 2.0 MiB beside the old one until it "
                                  "ends; a failure leaves an index NAME_ccnew");
    k.x[0].is_ready = false;
    k.x[0].is_unique = true;
    v = judged(&k, LS_IX_INVALID);
    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_string_equal(v->evidence, "(x), 2.0 MiB, not valid, no build of it is running; writes do not go into it any more\n"
                                     "it was to be unique: rows that were there before it may be twice");
    kit_close(&k);
}

static void leftovers(void **state)
{
    static const struct {
        const char *name, *title;
        enum ls_fix_kind fix;
    } cases[] = {
        {"t_x_ccnew", "left over from a REINDEX CONCURRENTLY that failed; the index it was to replace is still in use",
         LS_FIX_DROP},
        {"t_x_ccnew12", "left over from a REINDEX CONCURRENTLY that failed; the index it was to replace is still in use",
         LS_FIX_DROP},
        {"t_x_ccold", "left over from a REINDEX CONCURRENTLY: the old index, which it could not drop", LS_FIX_DROP},
        {"t_x_ccnew0", "left over from a REINDEX CONCURRENTLY that failed; the index it was to replace is still in use",
         LS_FIX_DROP},
        {"t_x_ccold9", "left over from a REINDEX CONCURRENTLY: the old index, which it could not drop", LS_FIX_DROP},
        {"77", "its build failed: no query uses it", LS_FIX_REINDEX},
        {"t_x_ccnewer", "its build failed: no query uses it", LS_FIX_REINDEX},
        {"_ccnew", "its build failed: no query uses it", LS_FIX_REINDEX},
    };
    struct kit k;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        const struct ls_index_verdict *v;

        one(&k, LS_DIALECT_POSTGRES);
        k.x[0].is_valid = false;
        k.x[0].name = cases[i].name;
        v = judged(&k, LS_IX_INVALID);
        assert_string_equal(v->title, cases[i].title);
        assert_int_equal(v->fix, cases[i].fix);
        assert_string_equal(v->undo, "");
        kit_close(&k);
    }
}

static void an_invalid_twin_goes(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    kit_index(&k, "t_x2", "x")->is_valid = false;
    assert_int_equal(judged(&k, LS_IX_INVALID)->fix, LS_FIX_DROP);
    assert_int_equal(kit_find(&k, LS_IX_INVALID, "t_x2")->other, 0);
    assert_int_equal(k.out.n, 1); /* an invalid one is no duplicate */
    assert_string_equal(kit_find(&k, LS_IX_INVALID, "t_x2")->undo, "CREATE INDEX t_x2 ON t (x);");
    for (int i = 0; i < 8; i++) { /* each of these alone makes it another one */
        struct ls_usage_index saved = k.x[1];
        struct ls_usage_key key = saved.keys[0], *other = kit_key(&k.x[1], 0);

        k.x[1].predicate = i == 0 ? "(x > 1)" : "";
        other->opclass = i == 1 ? "text_pattern_ops" : key.opclass;
        other->collation = i == 2 ? "\"C\"" : "";
        other->is_desc = i == 3;
        other->is_nulls_first = i == 4;
        other->text = i == 5 ? "y" : "x";
        k.x[1].method = i == 6 ? "hash" : "btree";
        k.x[1].is_unique = i == 7;
        assert_int_equal(judged(&k, LS_IX_INVALID)->fix, LS_FIX_REINDEX);
        k.x[1] = saved;
        *other = key;
    }
    kit_close(&k);
}

/* Trap 9. */
static void invalid_by_design(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.x[0].is_valid = k.x[0].is_ready = false;
    k.x[0].is_building = true;
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    k.x[0].is_building = false;
    k.x[0].is_live = false; /* on its way out */
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    k.x[0].is_live = true;
    k.t[0].kind = 'p';
    k.x[0].is_partitioned = true; /* ON ONLY the parent: IX06 */
    kit_judge(&k);
    assert_int_equal(kit_count(&k, LS_IX_INVALID), 0);
    kit_close(&k);
}

/* Trap 13. */
static void unsafe_builders(void **state)
{
    static const struct {
        int version;
        bool is_unsafe;
    } cases[] = {{130020, false}, {140000, true}, {140003, true}, {140004, false}, {150004, false}};
    struct kit k;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        one(&k, LS_DIALECT_POSTGRES);
        kit_fk(&k, "fk", "y", LS_NO_USAGE);
        k.x[0].is_valid = false;
        k.u.server_version = cases[i].version;
        kit_judge(&k);
        for (uint32_t n = 0; n < k.out.n; n++)
            assert_int_equal(strstr(k.out.v[n].price, "not CONCURRENTLY: PostgreSQL 14.0 to 14.3 can corrupt such an index") !=
                                 NULL,
                             cases[i].is_unsafe);
        assert_non_null(kit_find(&k, LS_IX_INVALID, NULL));
        assert_non_null(kit_find(&k, LS_IX_FK_UNINDEXED, NULL));
        kit_close(&k);
    }
}

/* --- IX06 --- */

static void unattached(void **state)
{
    static const char *const parts[] = {"p1", "p2", "p3", "p4", "p5", "p6", "p7"};
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "p", 7000)->kind = 'p';
    kit_index(&k, "p_x", "x")->is_partitioned = true;
    k.x[0].is_valid = false;
    for (uint32_t i = 0; i < 7; i++) {
        kit_table(&k, parts[i], 1000)->parent = 0;
        k.t[i + 1].is_partition = true;
    }
    struct ls_usage_index *last = kit_index(&k, "p7_x", "x");

    last->is_partition = true;
    last->parent = 0;
    v = judged(&k, LS_IX_UNATTACHED);
    assert_int_equal(k.out.n, 1);
    assert_string_equal(v->object, "p_x");
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->title, "6 of 7 partitions have no index that belongs to it");
    assert_string_equal(v->evidence, "(x) of p is not valid\nwithout: p1, p2, p3, p4, p5 and 1 more");
    assert_int_equal(v->fix, LS_FIX_ATTACH);
    k.t[6].parent = LS_NO_USAGE;
    v = judged(&k, LS_IX_UNATTACHED);
    assert_string_equal(v->evidence, "(x) of p is not valid\nwithout: p1, p2, p3, p4, p5");
    k.x[0].is_building = true;
    assert_null(judged(&k, LS_IX_UNATTACHED));
    k.x[0].is_building = false;
    k.x[0].is_valid = true;
    assert_null(judged(&k, LS_IX_UNATTACHED));
    k.x[0].is_valid = false;
    k.x[1].is_valid = false; /* every partition has one, but of one it is not valid */
    for (uint32_t i = 1; i < 7; i++)
        k.t[i].parent = LS_NO_USAGE;
    v = judged(&k, LS_IX_UNATTACHED);
    assert_string_equal(v->title, "1 of its partitions' indexes is not valid");
    assert_string_equal(v->evidence, "(x) of p is not valid");
    assert_int_equal(v->fix, LS_FIX_NONE);
    kit_close(&k);
}

/* --- IX16 --- */

static void stats_missing(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.t[0].last_analyze_us = 0; /* forgotten by a crash, but the count is there */
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].rows = -1;
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->object, "t");
    assert_string_equal(v->title, "never analysed: the planner guesses");
    assert_string_equal(v->evidence, "100.0 MiB, about 100000 rows, no statistics");
    assert_int_equal(v->fix, LS_FIX_ANALYZE);
    k.t[0].last_analyze_us = KIT_NOW;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].last_analyze_us = 0;
    k.t[0].kind = 'p';
    assert_int_equal(judged(&k, LS_IX_STATS_MISSING)->severity, LS_SEV_INFO);
    k.t[0].kind = 'r';
    k.t[0].live = 0; /* the count is not known yet */
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].live = k.t[0].bytes = 0; /* nothing to know */
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    kit_close(&k);
}

/* What autovacuum would leave alone, what holds a count that a crash took, and what tools keep for themselves. */
static void stats_of_small_tables(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.t[0].last_analyze_us = 0;
    k.t[0].rows = -1;
    k.t[0].bytes = 8192;
    k.t[0].live = 50;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].kind = 'p';
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].kind = 'r';
    k.t[0].live = 51;
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].live = 0;
    k.t[0].bytes = 51 * 8192;
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].name = "lockstep_journal";
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].name = "flyway_schema_history";
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].name = "our_ledger";
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    k.o.ledger_table = "public.our_ledger";
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.o.ledger_table = "other.our_ledger";
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    kit_close(&k);
    one(&k, LS_DIALECT_SQLITE);
    k.t[0].rows = 50;
    k.x[0].stat1 = NULL;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.u.has_stat1 = false;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].rows = 51;
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    k.u.has_stat1 = true;
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    kit_close(&k);
}

static void stats_old(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.t[0].changed_since_analyze = 20000;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].changed_since_analyze = 20001;
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->evidence, "20001 of about 100000 rows (20 %); last on 2026-11-30");
    k.t[0].rows = 100;
    k.t[0].changed_since_analyze = 999;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].changed_since_analyze = 1000;
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    kit_close(&k);
}

static void stats_in_sqlite(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_SQLITE);
    k.t[0].rows = 100;
    k.x[0].stat1 = "1000 3";
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].stat1 = "1001 3";
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->evidence, "sqlite_stat1 says 1001 rows, there are about 100");
    k.x[0].stat1 = "10 3";
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].stat1 = "9 3";
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].predicate = "x > 1"; /* counts its own rows only */
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].predicate = "";
    k.x[0].stat1 = NULL;
    assert_string_equal(judged(&k, LS_IX_STATS_MISSING)->evidence, "sqlite_stat1 has no line for t_x");
    k.u.has_stat1 = false;
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(kit_count(&k, LS_IX_STATS_MISSING), 1);
    assert_int_equal(v->table, LS_NO_USAGE);
    assert_string_equal(v->object, "app");
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->evidence, "there is no sqlite_stat1; 1 table with indexes");
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(nothing_to_say),
        cmocka_unit_test(worst_first),
        cmocka_unit_test(invalid),
        cmocka_unit_test(leftovers),
        cmocka_unit_test(an_invalid_twin_goes),
        cmocka_unit_test(invalid_by_design),
        cmocka_unit_test(unsafe_builders),
        cmocka_unit_test(unattached),
        cmocka_unit_test(stats_missing),
        cmocka_unit_test(stats_of_small_tables),
        cmocka_unit_test(stats_old),
        cmocka_unit_test(stats_in_sqlite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
