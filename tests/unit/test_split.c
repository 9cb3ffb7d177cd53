/* Splitting: every sentence of the contract in lockstep/sql/split.h and each reason to refuse a text. */
#include <config.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/split.h"
#include "support/scale.h"

#define PG LS_DIALECT_POSTGRES
#define SL LS_DIALECT_SQLITE

/* "first|second|!kind line"; a '|' inside a statement does not occur below. */
static void describe(struct ls_buf *out, enum ls_dialect d, const char *text, size_t len)
{
    struct ls_stmts s;
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc = ls_sql_split(d, text, len, &s, &err);
    for (size_t i = 0; i < s.n; i++) {
        int line, col;
        ls_buf_addf(out, "%s%.*s", out->len ? "|" : "", (int)(s.v[i].end - s.v[i].start), text + s.v[i].start);
        ls_sql_place(text, len, s.v[i].start, &line, &col);
        assert_int_equal(s.v[i].line, line);
        assert_int_equal(s.v[i].col, col);
        assert_int_equal(s.v[i].tx, ls_sql_tx_class(d, text + s.v[i].start, s.v[i].end - s.v[i].start));
    }
    assert_int_equal(rc, s.error == LS_SPLIT_OK ? LS_OK : LS_E_INPUT);
    assert_int_equal(err.code, rc);
    if (rc != LS_OK) {
        struct ls_buf message = LS_BUF_INIT;
        ls_buf_addf(out, "%s!%s %d", out->len ? "|" : "", ls_split_error_name(s.error), s.error_line);
        ls_buf_addf(&message, "%d: %s", s.error_line, ls_split_error_text(s.error));
        assert_string_equal(err.message, message.ptr);
        assert_string_equal(err.hint, ls_split_error_hint(s.error));
        assert_int_equal(err.line, s.error_line);
        assert_true(s.error_offset < len);
        ls_buf_release(&message);
    }
    ls_err_release(&err);
    ls_stmts_release(&s);
}

struct row {
    enum ls_dialect d;
    const char *text, *expected;
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ls_buf got = LS_BUF_INIT;
        describe(&got, rows[i].d, rows[i].text, strlen(rows[i].text));
        if (strcmp(got.ptr, rows[i].expected) != 0)
            fail_msg("row %zu: %s\n  got      %s\n  expected %s", i, rows[i].text, got.ptr, rows[i].expected);
        ls_buf_release(&got);
    }
}

static void test_statements(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {PG, "", ""},
        {PG, " \n\t", ""},
        {PG, ";;; ;", ""},
        {PG, "-- only\n/* comments */", ""},
        {SL, "-- only\n/* comments", ""},
        {PG, "SELECT 1", "SELECT 1"},
        {PG, "SELECT 1; SELECT 2 ;\n", "SELECT 1|SELECT 2"},
        {PG, "/* a */ SELECT /* b */ 1 /* c */ ; -- d\nSELECT 2 -- e", "SELECT /* b */ 1|SELECT 2"},
        {PG, ";; -- x\n;SELECT 1;;;", "SELECT 1"},
        {SL, "SELECT 1;\r\nSELECT\r\n2\r\n;", "SELECT 1|SELECT\r\n2"},
        {PG, "\xEF\xBB\xBFSELECT 1", "SELECT 1"},
        {SL, "\xEF\xBB\xBF-- c\nSELECT 1", "SELECT 1"},
        {PG, "\xEF\xBB\xBF", ""},
        {PG, "SELECT ';' || E'\\';' || \";\" || $$;$$ || $a$;$a$",
         "SELECT ';' "
         "|| E'\\';' || \";\" || $$;$$ || $a$;$a$"},
    };
    check_rows(rows, LS_ARRAY_LEN(rows));
}

static void test_postgres(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* comments nest; CR ends "--" */
        {PG, "SELECT 1 /* a /* ; */ ; */; SELECT 2", "SELECT 1|SELECT 2"},
        {PG, "SELECT 1 -- a;\r; SELECT 2", "SELECT 1|SELECT 2"},
        /* E'' continues over a newline */
        {PG, "SELECT E'a'\n'\\';'; SELECT 2", "SELECT E'a'\n'\\';'|SELECT 2"},
        {PG, "SELECT E'a' '\\'; SELECT 2", "SELECT E'a' '\\'|SELECT 2"},
        {PG, "SELECT '\\'; SELECT 2", "SELECT '\\'|SELECT 2"},
        /* '$' inside identifiers and $1 open nothing */
        {PG, "SELECT a$b$; SELECT c$b$", "SELECT a$b$|SELECT c$b$"},
        {PG, "SELECT $1; SELECT $2", "SELECT $1|SELECT $2"},
        {PG, "SELECT $1$;$ $2", "SELECT $1$|$ $2"},
        {PG, "DO $do$ BEGIN PERFORM $$;$$; END $do$; SELECT 1", "DO $do$ BEGIN PERFORM $$;$$; END $do$|SELECT 1"},
        /* operators stop before comments */
        {PG, "SELECT 1 *-- ;\n2; SELECT 3", "SELECT 1 *-- ;\n2|SELECT 3"},
        {PG, "SELECT 1 +/* ; */2; SELECT 3", "SELECT 1 +/* ; */2|SELECT 3"},
        /* brackets hide ';' */
        {PG, "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
         "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)|SELECT 3"},
        {PG, "SELECT a[1;2]; SELECT 2", "SELECT a[1;2]|SELECT 2"},
        {PG, "SELECT (1; SELECT 2", "SELECT (1; SELECT 2"},
        {PG, "SELECT 1)); SELECT 2", "SELECT 1))|SELECT 2"},
        /* a BEGIN without a routine is a statement */
        {PG, "BEGIN; SELECT 1; END; SELECT 2", "BEGIN|SELECT 1|END|SELECT 2"},
        {PG, "BEGIN ATOMIC; SELECT 1", "BEGIN ATOMIC|SELECT 1"},
        {PG, "CREATE TABLE atomic (a int); BEGIN; SELECT 1; COMMIT", "CREATE TABLE atomic (a int)|BEGIN|SELECT 1|COMMIT"},
        {PG, "SELECT 1 AS \"BEGIN\"; SELECT 2", "SELECT 1 AS \"BEGIN\"|SELECT 2"},
        {PG, "COPY t TO STDOUT; SELECT 1", "COPY t TO STDOUT|SELECT 1"},
        {PG, "COPY t FROM '/x'; SELECT 1", "COPY t FROM '/x'|SELECT 1"},
        {PG, "COPY (SELECT a FROM stdin) TO '/x'; SELECT 1", "COPY (SELECT a FROM stdin) TO '/x'|SELECT 1"},
        {PG, "SELECT a FROM stdin; SELECT 1", "SELECT a FROM stdin|SELECT 1"},
        {PG, "COPY t FROM \"stdin\"; SELECT 1", "COPY t FROM \"stdin\"|SELECT 1"},
    };
    check_rows(rows, LS_ARRAY_LEN(rows));
}

#define F "CREATE FUNCTION f() RETURNS int LANGUAGE sql "
static void test_begin_atomic(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {PG, F "BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3", F "BEGIN ATOMIC SELECT 1; SELECT 2; END|SELECT 3"},
        {PG, F "BEGIN ATOMIC END; SELECT 3", F "BEGIN ATOMIC END|SELECT 3"},
        {PG, F "begin /* x */ atomic select case when true then 1 end; end; select 3",
         F "begin /* x */ atomic select case when true then 1 end; end|select 3"},
        {PG, F "BEGIN ATOMIC SELECT CASE a WHEN 1 THEN CASE WHEN b THEN 2 END END; SELECT a AS end; END; SELECT 3",
         F "BEGIN ATOMIC SELECT CASE a WHEN 1 THEN CASE WHEN b THEN 2 END END; SELECT a AS end; END|SELECT 3"},
        {PG, "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END; SELECT 3",
         "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END|SELECT 3"},
        {PG, F "BEGIN ATOMIC ;; SELECT 1;; END; SELECT 3", F "BEGIN ATOMIC ;; SELECT 1;; END|SELECT 3"},
        /* one body in another */
        {PG, F "BEGIN ATOMIC CREATE FUNCTION g() BEGIN ATOMIC SELECT 1; END; SELECT 2; END; SELECT 3",
         F "BEGIN ATOMIC CREATE FUNCTION g() BEGIN ATOMIC SELECT 1; END; SELECT 2; END|SELECT 3"},
        /* names that look like it */
        {PG, "CREATE FUNCTION f(begin atomic) RETURNS int AS 'x' LANGUAGE sql; SELECT 3",
         "CREATE FUNCTION f(begin atomic) RETURNS int AS 'x' LANGUAGE sql|SELECT 3"},
        {PG, "CREATE FUNCTION begin.atomic() RETURNS int AS 'x' LANGUAGE sql; SELECT 3",
         "CREATE FUNCTION begin.atomic() RETURNS int AS 'x' LANGUAGE sql|SELECT 3"},
        {PG, "CREATE FUNCTION f() RETURNS int AS 'begin atomic' LANGUAGE sql; SELECT 3",
         "CREATE FUNCTION f() RETURNS int AS 'begin atomic' LANGUAGE sql|SELECT 3"},
        {PG, F "RETURN 1; SELECT 3", F "RETURN 1|SELECT 3"},
        {PG, "CREATE TABLE t (a int) BEGIN ATOMIC; SELECT 3", "CREATE TABLE t (a int) BEGIN ATOMIC|SELECT 3"},
        {PG, "CREATE OR FUNCTION f() BEGIN ATOMIC; SELECT 3", "CREATE OR FUNCTION f() BEGIN ATOMIC|SELECT 3"},
        {PG, "CREATE \"OR\" REPLACE FUNCTION f() BEGIN ATOMIC; SELECT 3",
         "CREATE \"OR\" REPLACE FUNCTION f() BEGIN ATOMIC|SELECT 3"},
        {PG, F "BEGIN ATOMIC SELECT (1; END; SELECT 2", "!unterminated_body 1"},
        {PG, F "BEGIN ATOMIC \"END\"; END; SELECT 2", F "BEGIN ATOMIC \"END\"; END|SELECT 2"},
    };
    check_rows(rows, LS_ARRAY_LEN(rows));
}

#define T "CREATE TRIGGER t AFTER INSERT ON a "
static void test_sqlite(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SL, "SELECT 1 -- a;\r; SELECT 2\n; SELECT 3 -- b;\r; SELECT 4", "SELECT 1|SELECT 3"},
        {SL, "SELECT 1 -- a;\r; SELECT 2\n+ 1; SELECT 3", "SELECT 1 -- a;\r; SELECT 2\n+ 1|SELECT 3"},
        {SL, "SELECT 1 /* /* ; */; SELECT 2", "SELECT 1|SELECT 2"},
        {SL, "SELECT 1; /* open ; ", "SELECT 1"},
        {SL, "SELECT $x(a;b); SELECT 2", "SELECT $x(a;b)|SELECT 2"},
        {SL, "SELECT [;], `;`, \";\", ';', x'3b'; SELECT 2", "SELECT [;], `;`, \";\", ';', x'3b'|SELECT 2"},
        {SL, "SELECT $$;$$; SELECT 2", "SELECT $$|$$|SELECT 2"},
        {SL, "SELECT E'\\'; SELECT 2", "SELECT E'\\'|SELECT 2"},
        {SL, "SELECT (1; SELECT 2", "SELECT (1|SELECT 2"},
        {SL, "SELECT \\; SELECT 2", "SELECT \\|SELECT 2"},
        {SL, "COPY t FROM STDIN; SELECT 2", "COPY t FROM STDIN|SELECT 2"},
        /* bodies */
        {SL, T "BEGIN SELECT 1; SELECT 2; END; SELECT 3", T "BEGIN SELECT 1; SELECT 2; END|SELECT 3"},
        {SL, "create temp trigger t after insert on a begin select 1;end;select 3",
         "create temp trigger t after insert on a begin select 1;end|select 3"},
        {SL, "CREATE TEMPORARY TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN SELECT 1; END; SELECT 3",
         "CREATE TEMPORARY TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN SELECT 1; END|SELECT 3"},
        {SL, "EXPLAIN " T "BEGIN SELECT 1; END; SELECT 3", "EXPLAIN " T "BEGIN SELECT 1; END|SELECT 3"},
        {SL, "EXPLAIN QUERY PLAN " T "BEGIN SELECT 1; END; SELECT 3", "EXPLAIN QUERY PLAN " T "BEGIN SELECT 1; END|SELECT 3"},
        {SL, T "BEGIN SELECT CASE WHEN 1 THEN 2 END; UPDATE a SET b = CASE c WHEN 1 THEN 2 END; END; SELECT 3",
         T "BEGIN SELECT CASE WHEN 1 THEN 2 END; UPDATE a SET b = CASE c WHEN 1 THEN 2 END; END|SELECT 3"},
        {SL, T "WHEN CASE WHEN new.a THEN 1 END BEGIN SELECT 1; END; SELECT 3",
         T "WHEN CASE WHEN new.a THEN 1 END BEGIN SELECT 1; END|SELECT 3"},
        {SL, T "WHEN CASE WHEN new.begin THEN begin END BEGIN SELECT 1; SELECT 2; END; SELECT 3",
         T "WHEN CASE WHEN new.begin THEN begin END BEGIN SELECT 1; SELECT 2; END|SELECT 3"},
        {SL, T "WHEN EXISTS (SELECT begin end FROM a) BEGIN SELECT 1; SELECT 2; END; SELECT 3",
         T "WHEN EXISTS (SELECT begin end FROM a) BEGIN SELECT 1; SELECT 2; END|SELECT 3"},
        {SL, "CREATE TRIGGER begin AFTER UPDATE OF end, begin ON begin BEGIN SELECT 1; END; SELECT 3",
         "CREATE TRIGGER begin AFTER UPDATE OF end, begin ON begin BEGIN SELECT 1; END|SELECT 3"},
        {SL, "CREATE TRIGGER main.begin AFTER INSERT ON begin BEGIN SELECT end FROM begin; END; SELECT 3",
         "CREATE TRIGGER main.begin AFTER INSERT ON begin BEGIN SELECT end FROM begin; END|SELECT 3"},
        {SL, "CREATE TRIGGER begin AFTER INSERT ON a; SELECT 3", "CREATE TRIGGER begin AFTER INSERT ON a|SELECT 3"},
        {SL, T "BEGIN END; SELECT 3", T "BEGIN END|SELECT 3"},
        {SL, T "BEGIN SELECT 1; END", T "BEGIN SELECT 1; END"},
        {SL, "CREATE TABLE trigger (a); BEGIN; SELECT 1; END", "CREATE TABLE trigger (a)|BEGIN|SELECT 1|END"},
        {SL, "BEGIN; END; BEGIN IMMEDIATE; COMMIT", "BEGIN|END|BEGIN IMMEDIATE|COMMIT"},
        {SL, "CREATE UNIQUE TRIGGER t BEGIN; SELECT 1", "CREATE UNIQUE TRIGGER t BEGIN|SELECT 1"},
    };
    check_rows(rows, LS_ARRAY_LEN(rows));
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {PG, "SELECT 1;\nSELECT 'a;\n;", "SELECT 1|!unterminated_string 2"},
        {PG, "SELECT 1;\n\nSELECT E'a\\';", "SELECT 1|!unterminated_string 3"},
        {SL, "SELECT 1;\nSELECT 'a;\n;", "SELECT 1|!unterminated_string 2"},
        {PG, "SELECT 1;\nSELECT \"a;\n;", "SELECT 1|!unterminated_identifier 2"},
        {SL, "SELECT 1;\nSELECT `a;\n;", "SELECT 1|!unterminated_identifier 2"},
        {SL, "SELECT 1;\nSELECT [a;\n;", "SELECT 1|!unterminated_identifier 2"},
        {PG, "SELECT 1;\nDO $a$ x $A$;", "SELECT 1|!unterminated_dollar 2"},
        {PG, "SELECT 1;\nSELECT 2;\n/* /* */\n", "SELECT 1|SELECT 2|!unterminated_comment 3"},
        {PG, "SELECT 1;\n" F "\nBEGIN ATOMIC\nSELECT 1;\n", "SELECT 1|!unterminated_body 3"},
        {PG, F "BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END", "!unterminated_body 1"},
        {SL, "SELECT 1;\n" T "\nBEGIN\nSELECT 1;\n", "SELECT 1|!unterminated_body 3"},
        {SL, T "BEGIN SELECT 1 END", "!unterminated_body 1"},
        {PG, "SELECT 1;\n\\connect x\n", "SELECT 1|!psql_meta 2"},
        {PG, "\\restrict abc\nSELECT 1;", "!psql_meta 1"},
        {PG, "SELECT 1 \\g\n", "!psql_meta 1"},
        {PG, "SELECT (1\n, \\x)", "!psql_meta 2"},
        {PG, "SELECT 1;\nCOPY t (a, b) FROM stdin;\n1\t2\n\\.\n", "SELECT 1|!copy_data 2"},
        {PG, "copy public.t from STDOUT", "!copy_data 1"},
        {PG, "COPY t FROM /* x */ STDIN WITH (FORMAT csv)", "!copy_data 1"},
        {PG, "SELECT 1;\nSELECT '\xFF';", "SELECT 1|!bad_utf8 2"},
        {PG, "SELECT 1;\nSELECT '\n\xC3'; '", "SELECT 1|!bad_utf8 3"},
        {PG, "-- caf\xE9\nSELECT 1", "!bad_utf8 1"},
        {PG, "-- \xED\xA0\x80 a surrogate", "!bad_utf8 1"},
        {SL, "SELECT 1;\n\xFE", "SELECT 1|!bad_utf8 2"},
        {PG, "\\x \xFF", "!psql_meta 1"}, /* the first one counts */
    };
    check_rows(rows, LS_ARRAY_LEN(rows));
}

static void test_nul_byte(void **state)
{
    (void)state;
    static const char text[] = "SELECT 1;\nSELECT 'a\0b';";
    for (int d = 0; d < 2; d++) {
        struct ls_buf got = LS_BUF_INIT;
        describe(&got, (enum ls_dialect)d, text, sizeof text - 1);
        assert_string_equal(got.ptr, "SELECT 1|!nul_byte 2");
        ls_buf_clear(&got);
        describe(&got, (enum ls_dialect)d, "S\0E\0", 4);
        assert_string_equal(got.ptr, "!nul_byte 1");
        ls_buf_release(&got);
    }
}

static void test_places(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBFSELECT '\xC3\xA9'; SELECT 2;\n  SELECT\n3; SELECT 4";
    struct ls_stmts s;
    assert_int_equal(ls_sql_split(PG, text, sizeof text - 1, &s, NULL), LS_OK);
    assert_int_equal(s.n, 4);
    static const int places[][2] = {{1, 1}, {1, 13}, {2, 3}, {3, 4}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(s.v[i].line, places[i][0]);
        assert_int_equal(s.v[i].col, places[i][1]);
    }
    assert_int_equal(s.v[0].start, 3); /* offsets count the BOM */
    assert_int_equal(s.v[0].end, 14);
    ls_stmts_release(&s);
    int line, col;
    ls_sql_place(text, sizeof text - 1, 99999, &line, &col);
    assert_int_equal(line, 3);
    assert_int_equal(col, 12);
    ls_sql_place("", 0, 0, &line, &col);
    assert_true(line == 1 && col == 1);
}

/* Shapes that tempt to look again and again; a quadratic splitter needs minutes for one of them. */
static void test_linear(void **state)
{
    (void)state;
    static const struct {
        enum ls_dialect d;
        const char *unit;
        bool whole; /* one statement per unit; else at most one statement, or `error` */
        enum ls_split_error error;
    } shapes[] = {
        {PG, "SELECT 1;", true, LS_SPLIT_OK},
        {PG, "a\n;", true, LS_SPLIT_OK},
        {PG, "\xC3\xA9;", true, LS_SPLIT_OK},
        {PG, "--x\r", false, LS_SPLIT_OK},
        {PG, "'a'\n--\n", false, LS_SPLIT_OK},
        {PG, "'a'--\n-", false, LS_SPLIT_OK},
        {PG, "/*x*/", false, LS_SPLIT_OK},
        {PG, "/*", false, LS_SPLIT_UNTERMINATED_COMMENT},
        {PG, "E'a'  ", false, LS_SPLIT_OK},
        {PG, "(((;", false, LS_SPLIT_OK},
        {PG, "$a", false, LS_SPLIT_OK},
        {PG, "$a$b", false, LS_SPLIT_OK},
        {PG, "REINDEX (a, ", false, LS_SPLIT_OK},
        {PG, "WITH (a) ", false, LS_SPLIT_OK},
        {PG, "CREATE FUNCTION f() BEGIN ATOMIC ", false, LS_SPLIT_UNTERMINATED_BODY},
        {PG, "CREATE FUNCTION f() BEGIN ATOMIC a;", false, LS_SPLIT_UNTERMINATED_BODY},
        {SL, "SELECT 1;", true, LS_SPLIT_OK},
        {SL, "--x\n", false, LS_SPLIT_OK},
        {SL, "[a]", false, LS_SPLIT_OK},
        {SL, "$a(b ", false, LS_SPLIT_OK},
        {SL, "$a::", false, LS_SPLIT_OK},
        {SL, "CREATE TRIGGER t BEGIN SELECT 1;", false, LS_SPLIT_UNTERMINATED_BODY},
    };
    size_t bytes = test_scaled(2 << 20);
    char *text = ls_malloc(bytes);
    for (size_t i = 0; i < LS_ARRAY_LEN(shapes); i++) {
        size_t n = strlen(shapes[i].unit), units = bytes / n;
        for (size_t k = 0; k < units; k++)
            memcpy(text + k * n, shapes[i].unit, n);
        struct ls_stmts s;
        (void)ls_sql_split(shapes[i].d, text, units * n, &s, NULL);
        assert_int_equal(s.error, shapes[i].error);
        if (shapes[i].whole)
            assert_int_equal(s.n, units);
        else
            assert_true(s.n <= 1);
        ls_stmts_release(&s);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements), cmocka_unit_test(test_postgres), cmocka_unit_test(test_begin_atomic),
        cmocka_unit_test(test_sqlite),     cmocka_unit_test(test_refusals), cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_places),     cmocka_unit_test(test_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
