/* Look-ups, labels and shares of what was read about indexes, over data made by hand. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/model/usage.h"

static const struct ls_usage_table tables[] = {{.schema = "app", .name = "users"},   {.schema = "app", .name = "zebra"}, {.schema = "b", .name = "accounts"},
                                               {.schema = "b", .name = "users"},     {.schema = "public", .name = "Only"},
                                               {.schema = "public", .name = "users"}};
static const struct ls_usage_index indexes[] = {{.table = 0, .schema = "app", .name = "users_pkey"},
                                                {.table = 1, .schema = "app", .name = "a_first"},
                                                {.table = 3, .schema = "b", .name = "users_pkey"},
                                                {.table = 5, .schema = "public", .name = "last"},
                                                {.table = 5, .schema = "public", .name = "users_pkey"}};
static const uint32_t by_name[] = {1, 3, 0, 2, 4};

static struct ls_usage usage(bool is_indexed, enum ls_dialect d)
{
    return (struct ls_usage){.dialect = d, .tables = tables, .n_tables = 6, .indexes = indexes, .n_indexes = 5, .by_name = is_indexed ? by_name : NULL};
}

static void tables_are_found(void **state)
{
    struct ls_usage u = usage(true, LS_DIALECT_POSTGRES);

    (void)state;
    for (uint32_t i = 0; i < u.n_tables; i++)
        assert_int_equal(ls_usage_find_table(&u, tables[i].schema, tables[i].name), i);
    assert_int_equal(ls_usage_find_table(&u, NULL, "users"), 0);
    assert_int_equal(ls_usage_find_table(&u, NULL, "accounts"), 2);
    assert_int_equal(ls_usage_find_table(&u, NULL, "Only"), 4);
    assert_int_equal(ls_usage_find_table(&u, NULL, "only"), LS_NO_USAGE);
    assert_int_equal(ls_usage_find_table(&u, "b", "zebra"), LS_NO_USAGE);
    assert_int_equal(ls_usage_find_table(&u, "zz", "zebra"), LS_NO_USAGE);
    u.dialect = LS_DIALECT_SQLITE;
    assert_int_equal(ls_usage_find_table(&u, NULL, "oNLY"), 4);
    u.n_tables = 0;
    assert_int_equal(ls_usage_find_table(&u, NULL, "users"), LS_NO_USAGE);
    assert_int_equal(ls_usage_find_table(&u, "app", "users"), LS_NO_USAGE);
}

static void indexes_are_found(void **state)
{
    (void)state;
    for (int is_indexed = 0; is_indexed < 2; is_indexed++) {
        struct ls_usage u = usage(is_indexed, LS_DIALECT_POSTGRES);

        for (uint32_t i = 0; i < u.n_indexes; i++)
            assert_int_equal(ls_usage_find_index(&u, indexes[i].schema, indexes[i].name), i);
        assert_int_equal(ls_usage_find_index(&u, NULL, "users_pkey"), 0);
        assert_int_equal(ls_usage_find_index(&u, NULL, "last"), 3);
        assert_int_equal(ls_usage_find_index(&u, NULL, "LAST"), LS_NO_USAGE);
        assert_int_equal(ls_usage_find_index(&u, "b", "last"), LS_NO_USAGE);
        assert_int_equal(ls_usage_find_index(&u, NULL, "zzz"), LS_NO_USAGE);
        assert_int_equal(ls_usage_find_index(&u, NULL, ""), LS_NO_USAGE);
        u.dialect = LS_DIALECT_SQLITE;
        assert_int_equal(ls_usage_find_index(&u, NULL, "LAST"), 3);
        u.n_indexes = 0;
        assert_int_equal(ls_usage_find_index(&u, NULL, "last"), LS_NO_USAGE);
    }
}

static void labels(void **state)
{
    struct ls_buf out = LS_BUF_INIT;

    (void)state;
    ls_usage_table_label(&tables[0], &out);
    ls_buf_adds(&out, " ");
    ls_usage_table_label(&tables[5], &out);
    ls_buf_adds(&out, " ");
    ls_usage_index_label(&indexes[2], &out);
    ls_buf_adds(&out, " ");
    ls_usage_index_label(&indexes[3], &out);
    ls_buf_adds(&out, " ");
    ls_usage_table_label(&(struct ls_usage_table){.schema = "main", .name = "t"}, &out);
    assert_string_equal(out.ptr, "app.users users b.users_pkey last t");
    ls_buf_release(&out);
    assert_string_equal(ls_bloat_name(LS_BLOAT_UNKNOWN), "unknown");
    assert_string_equal(ls_bloat_name(LS_BLOAT_ESTIMATE), "estimate");
}

static void shares(void **state)
{
    (void)state;
    assert_true(ls_usage_index_share(&(struct ls_usage_table){.seq_scans = 1, .idx_scans = 3}) == 0.75);
    assert_true(ls_usage_index_share(&(struct ls_usage_table){.seq_scans = 5, .idx_scans = 0}) == 0);
    assert_true(ls_usage_index_share(&(struct ls_usage_table){.seq_scans = 0, .idx_scans = 0}) == -1);
    assert_true(ls_usage_index_share(&(struct ls_usage_table){.seq_scans = -1, .idx_scans = 4}) == -1);
    assert_true(ls_usage_index_share(&(struct ls_usage_table){.seq_scans = 4, .idx_scans = -1}) == -1);
    assert_true(ls_usage_hot_share(&(struct ls_usage_table){.updated = 8, .hot_updated = 2}) == 0.25);
    assert_true(ls_usage_hot_share(&(struct ls_usage_table){.updated = 0, .hot_updated = 0}) == -1);
    assert_true(ls_usage_hot_share(&(struct ls_usage_table){.updated = -1, .hot_updated = -1}) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables_are_found), cmocka_unit_test(indexes_are_found), cmocka_unit_test(labels),
                                       cmocka_unit_test(shares)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
