/* engine/index.h, ls_index_spec_sql: one CREATE INDEX for both databases. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lockstep/base/buf.h"
#include "lockstep/engine/index.h"

static const char *const one_key[] = {"\"a b\" DESC"}, *const two_keys[] = {"user_id", "lower(email) NULLS FIRST"};

static void texts(void **state)
{
    static const struct {
        enum ls_dialect d;
        struct ls_index_spec s;
        unsigned how;
        const char *sql;
    } cases[] = {
        {LS_DIALECT_POSTGRES, {"public", "t", "btree", two_keys, 2, "", false, "i"}, 0, "CREATE INDEX \"i\" ON \"public\".\"t\" (user_id, lower(email) NULLS FIRST)"},
        {LS_DIALECT_POSTGRES, {"app", "t\"t", "gin", one_key, 1, "a IS NULL", true, "i"}, LS_SPEC_CONCURRENTLY,
         "CREATE UNIQUE INDEX CONCURRENTLY \"i\" ON \"app\".\"t\"\"t\" USING \"gin\" (\"a b\" DESC) WHERE a IS NULL"},
        {LS_DIALECT_POSTGRES, {"public", "t", NULL, one_key, 1, NULL, false, "i"}, LS_SPEC_ONLY, "CREATE INDEX \"i\" ON ONLY \"public\".\"t\" (\"a b\" DESC)"},
        {LS_DIALECT_POSTGRES, {"public", "t", "btree", one_key, 1, "", false, NULL}, 0, "CREATE INDEX ON \"public\".\"t\" (\"a b\" DESC)"},
        {LS_DIALECT_SQLITE, {"main", "t", "btree", two_keys, 2, "a = 'x'", false, "i"}, 0,
         "CREATE INDEX \"i\" ON \"t\" (user_id, lower(email) NULLS FIRST) WHERE a = 'x'"},
        {LS_DIALECT_SQLITE, {"other", "t", "btree", one_key, 1, "", true, "i"}, 0, "CREATE UNIQUE INDEX \"other\".\"i\" ON \"t\" (\"a b\" DESC)"},
    };
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ls_buf_clear(&b);
        assert_int_equal(ls_index_spec_sql(&b, cases[i].d, &cases[i].s, cases[i].how, NULL), LS_OK);
        assert_string_equal(b.ptr, cases[i].sql);
    }
    ls_buf_release(&b);
}

static void a_name_that_is_none(void **state)
{
    const struct ls_index_spec no_table = {"public", "", "btree", one_key, 1, "", false, "i"}, bad_name = {"public", "t", "btree", one_key, 1, "", false, "\xff"};
    struct ls_buf b = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    ls_buf_adds(&b, "up: ");
    assert_int_equal(ls_index_spec_sql(&b, LS_DIALECT_POSTGRES, &no_table, 0, &err), LS_E_INPUT);
    assert_string_equal(b.ptr, "up: ");
    ls_err_release(&err);
    assert_int_equal(ls_index_spec_sql(&b, LS_DIALECT_SQLITE, &bad_name, 0, &err), LS_E_INPUT);
    assert_string_equal(b.ptr, "up: ");
    ls_err_release(&err);
    ls_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(a_name_that_is_none)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
