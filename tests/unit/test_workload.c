/* engine/workload.h: queries out of a file, their remarks and parameters; pg_stat_statements where the server has it. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/workload.h"
#include "support/pg.h"
#include "support/skip.h"

static char dir[] = "lockstep-workload-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return ls_remove_tree(dir, NULL) == LS_OK ? 0 : -1;
}

static enum ls_rc load_rc(const char *text, enum ls_dialect d, struct ls_workload *w, struct ls_err *err)
{
    char *path = ls_path_join(dir, "w.sql");
    enum ls_rc rc;

    assert_int_equal(ls_file_write_atomic(path, text, strlen(text), 0600, NULL), LS_OK);
    rc = ls_workload_load(path, d, w, err);
    free(path);
    return rc;
}

static void load(const char *text, enum ls_dialect d, struct ls_workload *w)
{
    struct ls_err err = LS_ERR_INIT;

    if (load_rc(text, d, w, &err) != LS_OK)
        fail_msg("%s", err.message);
}

/* Expects that error at w.sql:PLACE. */
static void refused(const char *text, enum ls_dialect d, const char *place, const char *words)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_workload w;
    char *start = ls_asprintf("%s/w.sql:%s: ", dir, place);

    assert_int_equal(load_rc(text, d, &w, &err), LS_E_INPUT);
    if (strncmp(err.message, start, strlen(start)) != 0 || strstr(err.message, words) == NULL)
        fail_msg("expected \"%s...%s\", got \"%s\"", start, words, err.message);
    free(start);
    ls_err_release(&err);
}

static void test_remarks(void **state)
{
    struct ls_workload w;

    (void)state;
    load("-- the queries of the feed\n\n"
         "-- name: recent memories\n-- frequency: 20/s\n-- sample: 42, 'it''s', NULL\n-- sample: -7, '', 1.5\n"
         "SELECT * FROM memories\n WHERE user_id = ? AND kind = ? LIMIT ?; -- frequency: 9/s\n"
         "-- frequency: 48/d\nUPDATE memories SET kind = 'x' WHERE id = :id;\nSELECT 1",
         LS_DIALECT_SQLITE, &w);
    assert_int_equal(w.n_queries, 3);
    assert_string_equal(w.source, "w.sql");
    assert_string_equal(w.queries[0].name, "recent memories");
    assert_true(w.queries[0].has_frequency && w.queries[0].per_hour > 71999 && w.queries[0].per_hour < 72001);
    assert_int_equal(w.queries[0].line, 7);
    assert_true(w.queries[0].is_read);
    assert_string_equal(w.queries[0].verb, "SELECT");
    assert_int_equal(w.queries[0].n_params, 3);
    assert_int_equal(w.queries[0].n_samples, 2);
    assert_string_equal(w.queries[0].samples[0].values[0], "42");
    assert_true(w.queries[0].samples[0].is_number[0]);
    assert_string_equal(w.queries[0].samples[0].values[1], "it's");
    assert_false(w.queries[0].samples[0].is_number[1]);
    assert_null(w.queries[0].samples[0].values[2]);
    assert_string_equal(w.queries[0].samples[1].values[0], "-7");
    assert_string_equal(w.queries[0].samples[1].values[1], "");
    assert_string_equal(w.queries[0].text, "SELECT * FROM memories\n WHERE user_id = ?1 AND kind = ?2 LIMIT ?3");
    assert_string_equal(w.queries[1].name, "query at line 10");
    assert_true(w.queries[1].per_hour > 1.99 && w.queries[1].per_hour < 2.01);
    assert_false(w.queries[1].is_read);
    assert_string_equal(w.queries[1].verb, "UPDATE");
    assert_string_equal(w.queries[1].text, "UPDATE memories SET kind = 'x' WHERE id = ?1");
    assert_false(w.queries[2].has_frequency);
    assert_true(w.queries[2].per_hour > 0.99 && w.queries[2].per_hour < 1.01);
    assert_int_equal(w.notes.d.n, 0);
    ls_workload_release(&w);
}

static void test_what_is_left_out_is_noted(void **state)
{
    struct ls_workload w;

    (void)state;
    load("CREATE TABLE t(a);\nSELECT a FROM t;\n-- freqency: 3/h\nVACUUM;\nWITH x AS (SELECT 1) SELECT * FROM x;\n-- name: alone\n", LS_DIALECT_SQLITE, &w);
    assert_int_equal(w.n_queries, 2);
    assert_true(w.queries[1].is_read);
    assert_int_equal(w.notes.d.n, 4);
    assert_string_equal(w.notes.d.v[0].code, "not-a-query");
    assert_int_equal(w.notes.d.v[0].line, 1);
    assert_string_equal(w.notes.d.v[1].code, "unknown-remark");
    assert_int_equal(w.notes.d.v[1].line, 3);
    assert_non_null(strstr(w.notes.d.v[1].message, "frequency"));
    assert_int_equal(w.notes.d.v[2].line, 4);
    assert_string_equal(w.notes.d.v[3].code, "remark-alone");
    assert_int_equal(w.notes.d.v[3].line, 6);
    ls_workload_release(&w);
}

static void test_errors_have_their_place(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_workload w;
    char *path = ls_path_join(dir, "nothing.sql");

    (void)state;
    refused("SELECT 1;\nSELECT 'open", LS_DIALECT_POSTGRES, "2:8", "a string is opened here");
    refused("-- frequency: often\nSELECT 1", LS_DIALECT_POSTGRES, "1:15", "'often' is no frequency");
    refused("-- sample: 1, x\nSELECT ?, ?", LS_DIALECT_POSTGRES, "1:15", "a value is");
    refused("-- sample: 1,\nSELECT ?", LS_DIALECT_POSTGRES, "1:13", "a value is");
    refused("-- sample: 1, 2\nSELECT ?", LS_DIALECT_POSTGRES, "1:12", "2 values for a query with 1 parameter");
    refused("SELECT 1;\n\n SELECT $0", LS_DIALECT_POSTGRES, "3:9", "numbered from 1");
    refused("SELECT ?99999999999", LS_DIALECT_SQLITE, "1:8", "numbered from 1");
    assert_int_equal(ls_workload_load(path, LS_DIALECT_SQLITE, &w, &err), LS_E_NOT_FOUND);
    ls_err_release(&err);
    free(path);
}

static void one(const char *sql, enum ls_dialect d, const char *text, int n_params)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_workload w;

    if (ls_workload_one(sql, strlen(sql), d, &w, &err) != LS_OK)
        fail_msg("%s: %s", sql, err.message);
    assert_string_equal(w.queries[0].text, text);
    assert_int_equal(w.queries[0].n_params, n_params);
    ls_workload_release(&w);
}

static void test_parameters_are_found_by_tokens(void **state)
{
    (void)state;
    one("SELECT '?', \"a?\", ? -- ?\n, :x::int, :x", LS_DIALECT_POSTGRES, "SELECT '?', \"a?\", $1 -- ?\n, $2::int, $2", 2);
    one("SELECT * FROM t WHERE a=? AND b=:name AND c = @name", LS_DIALECT_POSTGRES, "SELECT * FROM t WHERE a=$1 AND b=$2 AND c = $3", 3);
    one("SELECT a[1:2], a[x:y], b::text FROM t WHERE id = $2", LS_DIALECT_POSTGRES, "SELECT a[1:2], a[x:y], b::text FROM t WHERE id = $2", 2);
    one("SELECT * FROM t WHERE data ? 'k' AND data ?| ARRAY[?] AND d @> ? AND @ x = 1", LS_DIALECT_POSTGRES,
        "SELECT * FROM t WHERE data ? 'k' AND data ?| ARRAY[$1] AND d @> $2 AND @ x = 1", 2);
    one("SELECT * FROM t WHERE (data) ? 'k' AND a IN (?, ?) LIMIT ?", LS_DIALECT_POSTGRES, "SELECT * FROM t WHERE (data) ? 'k' AND a IN ($1, $2) LIMIT $3", 3);
    one("SELECT $$ ? $$, E'\\'?', ?2", LS_DIALECT_POSTGRES, "SELECT $$ ? $$, E'\\'?', $2", 2);
    one("SELECT [a?], `b?`, '?', ?, ?5, :n, @n, $n, ? /* ? */ AS z", LS_DIALECT_SQLITE, "SELECT [a?], `b?`, '?', ?1, ?5, ?6, ?7, ?8, ?9 /* ? */ AS z", 9);
    one("SELECT :n, ?, :n", LS_DIALECT_SQLITE, "SELECT ?1, ?2, ?1", 2);
}

static void test_place_in_the_file(void **state)
{
    struct ls_workload w;
    int line, col;

    (void)state;
    load("\n  SELECT :a_long_name,\n :a_long_name, x", LS_DIALECT_POSTGRES, &w);
    assert_string_equal(w.queries[0].text, "SELECT $1,\n $1, x");
    ls_query_place(&w.queries[0], 16, &line, &col); /* the x */
    assert_int_equal(line, 3);
    assert_int_equal(col, 16);
    ls_query_place(&w.queries[0], 7, &line, &col); /* the first $1 */
    assert_int_equal(line, 2);
    assert_int_equal(col, 10);
    ls_query_place(&w.queries[0], -1, &line, &col);
    assert_int_equal(line, 2);
    assert_int_equal(col, 3);
    ls_workload_release(&w);
}

static void test_what_reads(void **state)
{
    static const struct {
        const char *sql;
        bool is_read;
    } cases[] = {{"SELECT 1", true},
                 {"(SELECT 1) UNION (SELECT 2)", true},
                 {"VALUES (1)", true},
                 {"WITH x AS (SELECT 1) SELECT * FROM x", true},
                 {"WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x", false},
                 {"SELECT * INTO n FROM t", false},
                 {"SELECT * FROM t FOR UPDATE", false},
                 {"SELECT * FROM t FOR NO KEY UPDATE", false},
                 {"INSERT INTO t SELECT 1", false},
                 {"DELETE FROM t", false}};

    (void)state;
#ifndef LS_WITH_POSTGRES
    test_skip("this build has no parser of PostgreSQL's");
#endif
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_workload w;

        assert_int_equal(ls_workload_one(cases[i].sql, strlen(cases[i].sql), LS_DIALECT_POSTGRES, &w, NULL), LS_OK);
        if (w.queries[0].is_read != cases[i].is_read)
            fail_msg("%s", cases[i].sql);
        ls_workload_release(&w);
    }
}

static void test_one_query_only(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_workload w;

    (void)state;
    assert_int_equal(ls_workload_one("SELECT 1; SELECT 2", 18, LS_DIALECT_SQLITE, &w, &err), LS_E_INPUT);
    assert_non_null(strstr(err.message, "2 statements"));
    ls_err_release(&err);
    assert_int_equal(ls_workload_one("-- no\n", 6, LS_DIALECT_SQLITE, &w, &err), LS_E_INPUT);
    ls_err_release(&err);
    assert_int_equal(ls_workload_one("DROP TABLE t", 12, LS_DIALECT_SQLITE, &w, &err), LS_E_INPUT);
    assert_non_null(strstr(err.message, "DROP is not planned"));
    ls_err_release(&err);
}

static void test_statements_are_not_there(void **state)
{
    struct ls_db_params p = {0};
    struct ls_err err = LS_ERR_INIT;
    struct ls_workload w;
    struct ls_db *db;
    char *url;

    (void)state;
    if (test_pg_url() == NULL) {
        test_skip(test_pg_skip_reason());
        return;
    }
    url = test_pg_new_database("workload");
    p.url = url;
    assert_int_equal(ls_db_open(&p, &db, NULL), LS_OK);
    assert_int_equal(ls_workload_statements(db, 10, &w, &err), LS_E_UNSUPPORTED);
    assert_non_null(strstr(err.hint, "CREATE EXTENSION pg_stat_statements"));
    ls_err_release(&err);
    ls_db_close(db);
    if (test_pg_exec(url, "CREATE EXTENSION pg_stat_statements")) {
        assert_int_equal(ls_db_open(&p, &db, NULL), LS_OK);
        assert_int_equal(ls_workload_statements(db, 10, &w, &err), LS_E_UNSUPPORTED);
        assert_non_null(strstr(err.message, "not loaded its library"));
        assert_non_null(strstr(err.hint, "shared_preload_libraries"));
        ls_err_release(&err);
        ls_db_close(db);
    }
    test_pg_drop_database(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remarks),
        cmocka_unit_test(test_what_is_left_out_is_noted),
        cmocka_unit_test(test_errors_have_their_place),
        cmocka_unit_test(test_parameters_are_found_by_tokens),
        cmocka_unit_test(test_place_in_the_file),
        cmocka_unit_test(test_what_reads),
        cmocka_unit_test(test_one_query_only),
        cmocka_unit_test(test_statements_are_not_there),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
