/* Quoting: names and literals as the databases read them back. */
#include <config.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/sql/quote.h"

#ifdef LS_WITH_SQLITE
#include <sqlite3.h>
#endif

static void test_identifiers(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a", "\"a\""},   {"Select", "\"Select\""}, {"a\"b\"", "\"a\"\"b\"\"\""}, {"\xC3\xA9 ;--", "\"\xC3\xA9 ;--\""},
        {"\\", "\"\\\""},
    };
    struct ls_buf out = LS_BUF_INIT;
    for (size_t i = 0; i < LS_ARRAY_LEN(rows); i++) {
        ls_buf_clear(&out);
        assert_int_equal(ls_sql_ident(&out, rows[i][0], NULL), LS_OK);
        assert_string_equal(out.ptr, rows[i][1]);
    }
    ls_buf_clear(&out);
    assert_int_equal(ls_sql_ident2(&out, "s\"", "t", NULL), LS_OK);
    assert_string_equal(out.ptr, "\"s\"\"\".\"t\"");
    ls_buf_clear(&out);
    assert_int_equal(ls_sql_ident2(&out, "", "t", NULL), LS_OK);
    assert_int_equal(ls_sql_ident2(&out, NULL, "u", NULL), LS_OK);
    assert_string_equal(out.ptr, "\"t\"\"u\""); /* appends */
    ls_buf_release(&out);
}

static void test_refused_identifiers(void **state)
{
    (void)state;
    static const char *const rows[] = {"", NULL, "a\xFF", "\xED\xA0\x80"};
    struct ls_buf out = LS_BUF_INIT;
    ls_buf_adds(&out, "kept");
    for (size_t i = 0; i < LS_ARRAY_LEN(rows); i++) {
        struct ls_err err = LS_ERR_INIT;
        assert_int_equal(ls_sql_ident(&out, rows[i], &err), LS_E_INPUT);
        assert_non_null(strstr(err.message, "name"));
        ls_err_release(&err);
        assert_int_equal(ls_sql_ident2(&out, "s", rows[i], NULL), LS_E_INPUT);
    }
    assert_int_equal(ls_sql_ident2(&out, "\xFF", "t", NULL), LS_E_INPUT);
    assert_string_equal(out.ptr, "kept"); /* nothing half-written */
    ls_buf_release(&out);
}

static void test_literals(void **state)
{
    (void)state;
    static const struct {
        enum ls_dialect d;
        const char *text, *sql;
    } rows[] = {
        {LS_DIALECT_POSTGRES, NULL, "NULL"},      {LS_DIALECT_POSTGRES, "", "''"},
        {LS_DIALECT_POSTGRES, "it's", "'it''s'"}, {LS_DIALECT_POSTGRES, "a\\'b", "E'a\\\\''b'"},
        {LS_DIALECT_SQLITE, "a\\'b", "'a\\''b'"}, {LS_DIALECT_SQLITE, NULL, "NULL"},
    };
    for (size_t i = 0; i < LS_ARRAY_LEN(rows); i++) {
        struct ls_buf out = LS_BUF_INIT;
        ls_sql_literal(&out, rows[i].d, rows[i].text);
        assert_string_equal(out.ptr, rows[i].sql);
        ls_buf_release(&out);
    }
}

#ifdef LS_WITH_SQLITE
static void test_sqlite_reads_them_back(void **state)
{
    (void)state;
    static const char *const values[] = {"", "'", "''", "\\", "a\nb", "\"", "\xC3\xA9';--", "[x]", "$1"};
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < LS_ARRAY_LEN(values); i++) {
        struct ls_buf sql = LS_BUF_INIT;
        sqlite3_stmt *st = NULL;
        ls_buf_adds(&sql, "SELECT ");
        ls_sql_literal(&sql, LS_DIALECT_SQLITE, values[i]);
        ls_buf_adds(&sql, " AS ");
        assert_int_equal(ls_sql_ident(&sql, *values[i] ? values[i] : "x", NULL), LS_OK);
        assert_int_equal(sqlite3_prepare_v2(db, sql.ptr, -1, &st, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(st), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(st, 0), values[i]);
        assert_string_equal(sqlite3_column_name(st, 0), *values[i] ? values[i] : "x");
        sqlite3_finalize(st);
        ls_buf_release(&sql);
    }
    sqlite3_close(db);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_refused_identifiers),
        cmocka_unit_test(test_literals),
#ifdef LS_WITH_SQLITE
        cmocka_unit_test(test_sqlite_reads_them_back),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
