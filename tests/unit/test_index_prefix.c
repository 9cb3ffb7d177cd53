/* IX04, a longer index begins with its columns: what sizes say of it, and what was tried. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/index_kit.h"

/* Trap 10: a prefix is named apart, with both sizes, and is a warning only where the longer one is cheap. */
static void a_prefix(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_two(&k, "x", "x, y");
    k.x[1].bytes = 4 * k.x[0].bytes;
    kit_judge(&k);
    v = kit_find(&k, LS_IX_PREFIX, "a");
    assert_non_null(v);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(v->confidence, LS_CONF_STRUCTURAL);
    assert_string_equal(v->title, "b begins with its columns");
    assert_string_equal(v->evidence, "a (x): 2.0 MiB, 1000 scans\nb (x, y): 8.0 MiB, 1000 scans");
    k.x[1].bytes++;
    kit_judge(&k);
    v = kit_find(&k, LS_IX_PREFIX, "a");
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_non_null(
        strstr(v->evidence,
               "\nthe longer one is 4.0 times as large: queries that read many rows by it get slower; compare their plans first"));
    k.x[1].bytes = k.x[1].pages = -1;
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->severity, LS_SEV_INFO);
    kit_close(&k);
}

/* What was tried without it is the proof: no query the worse for it, or one that is. */
static void a_prefix_that_was_tried(void **state)
{
    static const struct ls_node node = {.parent = LS_NO_USAGE, .what = "Index Scan", .relation = "", .index = "a", .detail = ""};
    struct ls_explained with = {.nodes = &node, .n_nodes = 1, .is_measured = true, .steps = -1, .buffers = 120, .cost = -1, .ms = -1}, without = with;
    struct ls_loss losses[6];
    const struct ls_index_verdict *v;
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x, y");
    k.x[1].bytes = 5 * k.x[0].bytes;
    kit_query(&k, "recent", "SELECT 1");
    kit_uses(&k, 0, 0);
    kit_judge(&k);
    assert_non_null(strstr(kit_find(&k, LS_IX_PREFIX, "a")->evidence, "measuring them tells what they do without it"));
    without.buffers = 140;
    losses[0] = (struct ls_loss){.index = 0, .query = 0, .before = with, .after = without};
    losses[1] = (struct ls_loss){.index = 1, .query = 0, .before = with, .after = without, .is_worse = true}; /* of another index */
    k.a.losses = losses;
    k.a.n_losses = 2;
    kit_judge(&k);
    v = kit_find(&k, LS_IX_PREFIX, "a");
    assert_int_equal(v->confidence, LS_CONF_MEASURED);
    assert_int_equal(v->fix, LS_FIX_DROP);
    assert_non_null(strstr(v->evidence, "\n\"recent\" without it: 120 -> 140 buffers\nthe longer one is 5.0 times as large: queries that read many rows by it get slower"));
    assert_null(strstr(v->evidence, "compare their plans"));
    losses[0].is_worse = true;
    kit_judge(&k);
    v = kit_find(&k, LS_IX_PREFIX, "a");
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_string_equal(v->title, "b begins with its columns, but 1 query is the worse without it");
    losses[0].after = (struct ls_explained){0};
    kit_judge(&k);
    assert_non_null(strstr(kit_find(&k, LS_IX_PREFIX, "a")->evidence, "\"recent\" without it: fails, for it names the index"));
    losses[0].after = without;
    losses[0].after.is_timed_out = true;
    kit_judge(&k);
    assert_non_null(strstr(kit_find(&k, LS_IX_PREFIX, "a")->evidence, "without it: was stopped, so much longer does it take"));
    for (int i = 1; i < 6; i++)
        losses[i] = losses[0];
    k.a.n_losses = 6;
    kit_judge(&k);
    assert_non_null(strstr(kit_find(&k, LS_IX_PREFIX, "a")->evidence, "\nand 1 more"));
    kit_close(&k);
}

static void a_prefix_in_sqlite(void **state)
{
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x, y"); /* it ends with the rowid, which orders */
    k.u.dialect = LS_DIALECT_SQLITE;
    k.t[0].rowid_alias = "id";
    kit_judge(&k);
    assert_non_null(strstr(kit_find(&k, LS_IX_PREFIX, "a")->evidence, "\nof one value it gives the rows in the order of id, which the longer one does not"));
    kit_close(&k);
}

static void equals_come_before_what_carries_more(void **state)
{
    static const char *const include[] = {"b"};
    struct kit k;
    struct ls_usage_index *wide;
    const struct ls_index_verdict *v;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 100000);
    kit_index(&k, "i_a", "a");
    kit_index(&k, "i_b", "a");
    wide = kit_index(&k, "i_c", "a");
    wide->include = include;
    wide->n_include = 1;
    wide->bytes = 20 * KIT_MIB; /* too large to do the others' work for nothing */
    kit_judge(&k);
    v = kit_find(&k, LS_IX_DUPLICATE, "i_b");
    assert_non_null(v);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    v = kit_find(&k, LS_IX_PREFIX, "i_a");
    assert_non_null(v);
    assert_int_equal(v->severity, LS_SEV_INFO);
    kit_close(&k);
}

static void the_rows_key_is_certain_though_unused(void **state)
{
    struct kit k;

    (void)state;
    kit_open(&k, LS_DIALECT_SQLITE);
    kit_table(&k, "t", 1000)->rowid_alias = "id";
    kit_index(&k, "i_id", "id");
    kit_query(&k, "other", "SELECT 1 FROM t WHERE x = 1");
    k.plans[0].n_nodes = 1;
    k.a.n_plans = 1;
    k.o.advices = &k.a;
    kit_judge(&k);
    assert_null(kit_find(&k, LS_IX_UNUSED, "i_id"));
    assert_non_null(kit_find(&k, LS_IX_PREFIX, "i_id"));
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_prefix), cmocka_unit_test(a_prefix_that_was_tried), cmocka_unit_test(a_prefix_in_sqlite),
                                       cmocka_unit_test(equals_come_before_what_carries_more),
                                       cmocka_unit_test(the_rows_key_is_certain_though_unused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
