/* The promises of lockstep/db/db.h, each over both drivers. Transactions and waiting are in
 * test_db_tx.c, what only one of them has in the files beside it. */
#include <config.h>

#include "contract/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* --- facts, values ------------------------------------------------------------------------------------------------------- */

static void info_is_complete(void **state)
{
    FIX(f);
    const struct ls_db_info *i = ls_db_info(f->db);

    assert_int_equal(i->dialect, f->dialect);
    assert_int_equal(ls_db_dialect(f->db), f->dialect);
    assert_true(ls_db_is_alive(f->db));
    assert_false(i->is_read_only || i->in_recovery || i->is_pooled);
    assert_true(i->database[0] && i->role[0]);
    if (IS_PG(f)) {
        assert_memory_equal(i->server, "PostgreSQL ", 11);
        assert_true(i->server_version > 90000);
        assert_string_equal(i->security, "socket");
        assert_int_equal(i->host[0], '/');
        if (getenv("LS_TEST_PG_PORT") && strcmp(getenv("LS_TEST_PG_PORT"), "5432") != 0)
            fix_assert_has(i->host, getenv("LS_TEST_PG_PORT")); /* the port is not the usual one */
        assert_string_equal(i->role, "postgres");
        assert_true(strlen(i->system_id) > 10);
        assert_string_equal(i->journal_mode, "");
        assert_int_equal(i->backend_pid, atoi(fix_get(f->db, "select pg_backend_pid()")));
        assert_string_equal(i->database, fix_get(f->db, "select current_database()"));
    } else {
        assert_memory_equal(i->server, "SQLite 3.", 9);
        assert_true(i->server_version > 3000000);
        assert_string_equal(i->security, "file");
        assert_string_equal(i->host, "");
        assert_string_equal(i->system_id, "");
        assert_string_equal(i->journal_mode, "delete");
        assert_string_equal(i->database, f->url + strlen("sqlite:"));
    }
}

static void null_is_not_empty(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;

    fix_assert_ok(ls_db_query(f->db, "select null as a, '' as b, 'text' as c union all select 'x', null, ''", NULL, 0, &r, &err),
                  &err);
    assert_int_equal(r.n_cols, 3);
    assert_int_equal(r.n_rows, 2);
    assert_string_equal(r.names[0], "a");
    assert_string_equal(r.names[2], "c");
    assert_null(ls_result_get(&r, 0, 0));
    assert_string_equal(ls_result_get(&r, 0, 1), "");
    assert_string_equal(ls_result_get(&r, 0, 2), "text");
    assert_string_equal(ls_result_get(&r, 1, 0), "x");
    assert_null(ls_result_get(&r, 1, 1));
    assert_string_equal(ls_result_get(&r, 1, 2), "");
    /* outside of the result */
    assert_null(ls_result_get(&r, 2, 0));
    assert_null(ls_result_get(&r, 0, 3));
    assert_null(ls_result_get(&r, 0, -1));
    ls_result_release(&r);
    assert_int_equal(r.n_rows, 0);
}

static void query_without_rows(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;

    fix_assert_ok(ls_db_query(f->db, "select 1 as one where 1 = 0", NULL, 0, &r, &err), &err);
    assert_int_equal(r.n_rows, 0);
    assert_int_equal(r.n_cols, 1);
    assert_string_equal(r.names[0], "one");
    ls_result_release(&r);
    fix_assert_ok(ls_db_query(f->db, "create table q(a int)", NULL, 0, &r, &err), &err);
    assert_int_equal(r.n_rows, 0);
    assert_int_equal(r.n_cols, 0);
    ls_result_release(&r);
    assert_int_equal(ls_db_query(f->db, "select * from nosuch", NULL, 0, &r, &err), LS_E_SQL);
    assert_null(r.arena);
    ls_err_release(&err);
}

static void parameters_arrive(void **state)
{
    FIX(f);
    static const struct ls_param values[] = {
        {LS_PARAM_TEXT, "it's $1; -- \"ä\"\n"},
        {LS_PARAM_INT, "-9223372036854775808"},
        {LS_PARAM_BOOL, "true"},
        {LS_PARAM_INT, "18446744073709551615"},
        {LS_PARAM_NULL, NULL},
    };
    const char *insert = IS_PG(f) ? "insert into p values ($1, $2, $3, $4, $5)" : "insert into p values (?1, ?2, ?3, ?4, ?5)";
    struct ls_err err = LS_ERR_INIT;
    struct ls_exec_info info;
    struct ls_result r;

    fix_ok(f->db, IS_PG(f) ? "create table p(t text, i bigint, b boolean, u numeric(20), n int)"
                           : "create table p(t text, i bigint, b boolean, u text, n int)");
    fix_assert_ok(ls_db_exec(f->db, insert, strlen(insert), values, 5, &info, &err), &err);
    assert_int_equal(info.rows, 1);

    const char *select = IS_PG(f) ? "select * from p where i = $1 and t = $2" : "select * from p where i = ?1 and t = ?2";
    struct ls_param where[] = {values[1], values[0]};

    fix_assert_ok(ls_db_query(f->db, select, where, 2, &r, &err), &err);
    assert_int_equal(r.n_rows, 1);
    assert_string_equal(ls_result_get(&r, 0, 0), values[0].text);
    assert_string_equal(ls_result_get(&r, 0, 1), values[1].text);
    assert_string_equal(ls_result_get(&r, 0, 2), IS_PG(f) ? "t" : "1");
    assert_string_equal(ls_result_get(&r, 0, 3), values[3].text);
    assert_null(ls_result_get(&r, 0, 4));
    ls_result_release(&r);

    /* A value can never be a second statement. */
    struct ls_param evil = {LS_PARAM_TEXT, "'; drop table p; --"};

    select = IS_PG(f) ? "select count(*) from p where t = $1" : "select count(*) from p where t = ?1";
    fix_assert_ok(ls_db_query(f->db, select, &evil, 1, &r, &err), &err);
    assert_string_equal(ls_result_get(&r, 0, 0), "0");
    ls_result_release(&r);
    assert_string_equal(fix_get(f->db, "select count(*) from p"), "1");
    /* The number of values has to fit. */
    assert_int_equal(ls_db_exec(f->db, insert, strlen(insert), values, 4, NULL, &err), LS_E_SQL);
    ls_err_release(&err);
}

/* --- exec ---------------------------------------------------------------------------------------------------------------- */

static void exec_counts_rows(void **state)
{
    FIX(f);
    struct ls_exec_info info = fix_ok(f->db, "create table t(a int primary key, b text)");

    assert_false(info.has_rows || info.all_true);
    info = fix_ok(f->db, "insert into t values (1, 'x'), (2, 'y'), (3, 'z')");
    assert_int_equal(info.rows, 3);
    assert_string_equal(info.tag, IS_PG(f) ? "INSERT 0 3" : "");
    assert_false(info.has_rows);
    assert_int_equal(fix_ok(f->db, "update t set b = 'n' where a > 1").rows, 2);
    assert_int_equal(fix_ok(f->db, "update t set b = 'n' where a > 10").rows, 0);
    assert_int_equal(fix_ok(f->db, "delete from t where a = 1").rows, 1);
    info = fix_ok(f->db, "select a from t");
    assert_int_equal(info.rows, 2);
    assert_true(info.has_rows);
    info = fix_ok(f->db, "insert into t values (4, 'r') returning a");
    assert_int_equal(info.rows, 1);
    assert_true(info.has_rows);
    assert_true(info.all_true);
}

static void truth_of_rows(void **state)
{
    FIX(f);
    static const struct {
        const char *sql;
        bool is_true;
    } cases[] = {
        {"select 1", true},
        {"select true", true},
        {"select 't'", true},
        {"select 'true', 7, -1, 2.5", true},
        {"select 1 union all select 2", true},
        {"select 0", false},
        {"select false", false},
        {"select null", false},
        {"select 1, null", false},
        {"select 1, 0", false},
        {"select 1 union all select 0", false},
        {"select 0 union all select 1", false},
        {"select 0.0", false},
        {"select 'x'", false},
        {"select ''", false},
        {"select 'nan'", false},
        {"select '1x'", false},
        {"select 1 where 1 = 0", false}, /* no row is no proof */
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_exec_info info = fix_ok(f->db, cases[i].sql);

        if (info.all_true != cases[i].is_true)
            print_error("%s\n", cases[i].sql);
        assert_true(info.has_rows);
        assert_int_equal(info.all_true, cases[i].is_true);
    }
}

static void exec_takes_one_statement(void **state)
{
    FIX(f);
    static const char *const fine[] = {
        "", " ", "-- nothing", "/* nothing */ ;", "select 1;", "select 1 ; -- done", "select 1;\n/* x */\n;"};

    ls_err_release(&f->err);
    assert_int_not_equal(ls_db_exec(f->db, "create table a1(x int); create table a2(x int)", 46, NULL, 0, NULL, &f->err), LS_OK);
    fix_fails(f, f->db, "select * from a1", LS_E_SQL);
    for (size_t i = 0; i < LS_ARRAY_LEN(fine); i++)
        fix_ok(f->db, fine[i]);
    /* len counts, not a NUL */
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_db_exec(f->db, "select 1 garbage garbage", 8, NULL, 0, NULL, &err), &err);
}

static void nul_bytes_are_refused(void **state)
{
    FIX(f);
    static const char text[] = "create table n1(a int);\0 create table n2(a int)";
    struct ls_db_call call = {text, sizeof(text) - 1, NULL, 0};
    int failed = -1;

    ls_err_release(&f->err);
    assert_int_equal(ls_db_exec(f->db, text, sizeof(text) - 1, NULL, 0, NULL, &f->err), LS_E_INPUT);
    assert_int_equal(f->err.offset, 23);
    ls_err_release(&f->err);
    assert_int_equal(ls_db_exec_batch(f->db, text, sizeof(text) - 1, NULL, &f->err), LS_E_INPUT);
    ls_err_release(&f->err);
    assert_int_equal(ls_db_pipeline(f->db, &call, 1, NULL, &failed, &f->err), LS_E_INPUT);
    assert_int_equal(failed, 0);
    fix_fails(f, f->db, "select * from n1", LS_E_SQL);
}

static void errors_have_a_place(void **state)
{
    FIX(f);
    const char *sql = "select 'ää€😀' frm frm frm";

    fix_fails(f, f->db, sql, LS_E_SQL);
    assert_string_equal(f->err.sqlstate, IS_PG(f) ? "42601" : "");
    fix_assert_has(f->err.message, "frm");
    assert_int_equal(f->err.offset, strstr(sql, "frm frm frm") + 4 - sql); /* bytes, not characters */
    /* An error that has none must not keep the last one's. */
    fix_ok(f->db, "create table u(a int primary key)");
    fix_ok(f->db, "insert into u values (1)");
    fix_fails(f, f->db, "insert into u values (1)", LS_E_SQL);
    assert_int_equal(f->err.offset, -1);
    assert_string_equal(f->err.sqlstate, IS_PG(f) ? "23505" : "");
    if (IS_PG(f))
        fix_assert_has(f->err.detail, "(a)=(1)");
    else
        fix_assert_has(f->err.message, "1555"); /* the extended code */
    /* At the end of the text. */
    fix_fails(f, f->db, "select * from", LS_E_SQL);
    assert_true(f->err.offset == 13 || !IS_PG(f));
}

static void big_result_is_dropped(void **state)
{
    FIX(f);
    const char *sql = IS_PG(f) ? "select i, repeat('x', 200) from generate_series(1, 400000) i"
                               : "with recursive c(i) as (select 1 union all select i + 1 from c limit 400000) select i, "
                                 "printf('%.*c', 200, 'x') from c";
    struct rusage before, after;

    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(fix_ok(f->db, sql).rows, 400000);
    getrusage(RUSAGE_SELF, &after);
#ifndef LS_SANITIZED
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 * 1024); /* KiB; the rows are 80 MB */
#endif
}

/* --- batch, pipeline ----------------------------------------------------------------------------------------------------- */

static void batch_stops_at_first_error(void **state)
{
    FIX(f);
    const char *sql =
        "create table b1(a int); -- ä\ninsert into b1 values (1);\ninsert into nosuch values ('ä');\ncreate table b2(a int);";
    struct ls_exec_info info;

    ls_err_release(&f->err);
    assert_int_equal(ls_db_exec_batch(f->db, sql, strlen(sql), &info, &f->err), LS_E_SQL);
    assert_int_equal(f->err.statement, 3);
    /* the name itself on PostgreSQL, the statement on SQLite */
    assert_in_range(f->err.offset, strstr(sql, "insert into nosuch") - sql - 1, strstr(sql, "nosuch") - sql);
    fix_fails(f, f->db, "select * from b2", LS_E_SQL);
    if (IS_PG(f)) /* one implicit transaction */
        fix_fails(f, f->db, "select * from b1", LS_E_SQL);
    else
        assert_string_equal(fix_get(f->db, "select count(*) from b1"), "1");
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
}

static void batch_places_errors_without_position(void **state)
{
    FIX(f);
    const char *sql = "create table b3(a int primary key);\ninsert into b3 values (1);\n  insert into b3 values (1); select 1";

    ls_err_release(&f->err);
    assert_int_equal(ls_db_exec_batch(f->db, sql, strlen(sql), NULL, &f->err), LS_E_SQL);
    assert_int_equal(f->err.statement, 3);
    assert_in_range(f->err.offset, strstr(sql, ";\n  insert") + 1 - sql, strstr(sql, "  insert") + 2 - sql);
}

static void batch_runs_everything(void **state)
{
    FIX(f);
    const char *sql = "create table b4(a int); insert into b4 values (1), (2);; /* x */ select a from b4 ; select 1";
    struct ls_exec_info info;
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_db_exec_batch(f->db, sql, strlen(sql), &info, &err), &err);
    assert_true(info.has_rows && info.all_true);
    assert_string_equal(fix_get(f->db, "select count(*) from b4"), "2");
    fix_assert_ok(ls_db_exec_batch(f->db, "select 0; select 1", 18, &info, &err), &err);
    assert_false(info.all_true); /* each of them counts */
    fix_assert_ok(ls_db_exec_batch(f->db, " -- nothing", 11, &info, &err), &err);
    assert_false(info.has_rows);
    fix_assert_ok(ls_db_exec_batch(f->db, "", 0, &info, &err), &err);
}

static void pipeline_runs_in_order(void **state)
{
    FIX(f);
    static const struct ls_param one[] = {{LS_PARAM_INT, "41"}};
    struct ls_exec_info infos[5];
    struct ls_err err = LS_ERR_INIT;
    int failed = 7;
    struct ls_db_call calls[] = {
        {"create table l(a int)", 21, NULL, 0},
        {IS_PG(f) ? "insert into l values ($1)" : "insert into l values (?1)", 25, one, 1},
        {"update l set a = a + 1", 22, NULL, 0},
        {"select a from l where a = 42", 28, NULL, 0},
        {"delete from l where a = 0", 25, NULL, 0},
    };

    fix_assert_ok(ls_db_pipeline(f->db, calls, 5, infos, &failed, &err), &err);
    assert_int_equal(failed, -1);
    assert_int_equal(infos[1].rows, 1);
    assert_int_equal(infos[2].rows, 1);
    assert_int_equal(infos[3].rows, 1);
    assert_true(infos[3].has_rows && infos[3].all_true);
    assert_int_equal(infos[4].rows, 0);
    assert_string_equal(infos[2].tag, IS_PG(f) ? "UPDATE 1" : "");
    fix_assert_ok(ls_db_pipeline(f->db, calls, 0, NULL, NULL, &err), &err);
    assert_string_equal(fix_get(f->db, "select a from l"), "42");
}

static void pipeline_names_the_failing_one(void **state)
{
    FIX(f);
    struct ls_db_call calls[] = {
        {"insert into m values (1)", 24, NULL, 0},
        {"insert into m values (2)", 24, NULL, 0},
        {"insert into m values ('ä', nosuch)", 35, NULL, 0},
        {"insert into m values (3)", 24, NULL, 0},
    };
    struct ls_err err = LS_ERR_INIT;
    int failed = -1;

    fix_ok(f->db, "create table m(a int primary key)");
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    ls_err_release(&f->err);
    assert_int_equal(ls_db_pipeline(f->db, calls, 4, NULL, &failed, &f->err), LS_E_SQL);
    assert_int_equal(failed, 2);
    fix_assert_has(f->err.message, IS_PG(f) ? "column" : "nosuch");
    ls_db_rollback(f->db);
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    assert_string_equal(fix_get(f->db, "select count(*) from m"), "0");
}

/* Longer than any buffer in between: both sides have to be served at once. */
static void pipeline_may_be_long(void **state)
{
    FIX(f);
    enum { N = 20000 };
    static const char sql[] =
        "select 'a value that is long enough to fill the buffers of the socket in both directions when it comes many times'";
    struct ls_db_call *calls = calloc(N, sizeof(*calls));
    struct ls_exec_info *infos = calloc(N, sizeof(*infos));
    struct ls_err err = LS_ERR_INIT;

    for (int i = 0; i < N; i++)
        calls[i] = (struct ls_db_call){sql, sizeof(sql) - 1, NULL, 0};
    fix_assert_ok(ls_db_pipeline(f->db, calls, N, infos, NULL, &err), &err);
    assert_int_equal(infos[N - 1].rows, 1);
    free(calls);
    free(infos);
}

/* --- rights, locks, unsupported ------------------------------------------------------------------------------------------ */

static void read_only_refuses_writes(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;

    fix_ok(f->db, "create table t(a int)");

    struct ls_db *ro = fix_open(f, (struct ls_db_params){.read_only = true});

    assert_true(ls_db_info(ro)->is_read_only);
    assert_string_equal(fix_get(ro, "select count(*) from t"), "0");
    fix_fails(f, ro, "insert into t values (1)", LS_E_RIGHTS);
    fix_fails(f, ro, "create table t2(a int)", LS_E_RIGHTS);
    assert_non_null(f->err.hint);
    fix_assert_ok(ls_db_begin(ro, &err), &err); /* reading in one transaction is fine */
    assert_string_equal(fix_get(ro, "select count(*) from t"), "0");
    fix_assert_ok(ls_db_commit(ro, &err), &err);
    ls_db_close(ro);
    fix_open_fails(f, (struct ls_db_params){.read_only = true, .create = true}, LS_E_USAGE);
}

static void locks_of_one_session(void **state)
{
    FIX(f);
    static const int64_t keys[] = {INT64_MIN, -1, 4711, INT64_MAX};
    struct ls_err err = LS_ERR_INIT;
    struct ls_buf holder = LS_BUF_INIT;
    char xid[32];
    enum ls_outcome outcome = LS_OUTCOME_RUNNING;
    bool got = false;

    fix_assert_ok(ls_db_try_lock(f->db, keys, 4, &got, &err), &err);
    assert_true(got);
    fix_assert_ok(ls_db_unlock(f->db, keys, 4, &err), &err);
    fix_assert_ok(ls_db_lock_holder(f->db, keys, 4, &holder, &err), &err);
    assert_string_equal(holder.ptr, "");
    ls_buf_release(&holder);
    fix_assert_ok(ls_db_xact_id(f->db, xid, &err), &err);
    assert_string_equal(xid, "");
    fix_assert_ok(ls_db_xact_outcome(f->db, "", &outcome, &err), &err);
    assert_int_equal(outcome, LS_OUTCOME_UNKNOWN);
}

static void the_other_drivers_calls_are_unsupported(void **state)
{
    FIX(f);
    struct ls_buf out = LS_BUF_INIT;

    ls_err_release(&f->err);
    if (IS_PG(f))
        assert_int_equal(ls_db_sqlite_backup(f->db, "/nowhere", NULL, NULL, &f->err), LS_E_UNSUPPORTED);
    else
        assert_int_equal(ls_db_blockers(f->db, 1, &out, &f->err), LS_E_UNSUPPORTED);
    ls_buf_release(&out);
}

static void a_null_err_is_fine(void **state)
{
    FIX(f);

    assert_int_equal(ls_db_exec(f->db, "selec", 5, NULL, 0, NULL, NULL), LS_E_SQL);
    assert_int_equal(ls_db_exec_batch(f->db, "select 1; selec", 15, NULL, NULL), LS_E_SQL);
    assert_int_equal(ls_db_commit(f->db, NULL), LS_E_INTERNAL);
}

#define PROMISES(X)                                                                                                                \
    X(info_is_complete)                                                                                                            \
    X(null_is_not_empty)                                                                                                           \
    X(query_without_rows)                                                                                                          \
    X(parameters_arrive)                                                                                                           \
    X(exec_counts_rows)                                                                                                            \
    X(truth_of_rows)                                                                                                               \
    X(exec_takes_one_statement)                                                                                                    \
    X(nul_bytes_are_refused)                                                                                                       \
    X(errors_have_a_place)                                                                                                         \
    X(big_result_is_dropped)                                                                                                       \
    X(batch_stops_at_first_error)                                                                                                  \
    X(batch_places_errors_without_position)                                                                                        \
    X(batch_runs_everything)                                                                                                       \
    X(pipeline_runs_in_order)                                                                                                      \
    X(pipeline_names_the_failing_one)                                                                                              \
    X(pipeline_may_be_long)                                                                                                        \
    X(read_only_refuses_writes)                                                                                                    \
    X(locks_of_one_session)                                                                                                        \
    X(the_other_drivers_calls_are_unsupported)                                                                                     \
    X(a_null_err_is_fine)

#define ON_SQLITE(name)   {"sqlite: " #name, name, fix_setup_sqlite, fix_teardown, NULL},
#define ON_POSTGRES(name) {"postgres: " #name, name, fix_setup_postgres, fix_teardown, NULL},

int main(void)
{
    static const struct CMUnitTest tests[] = {PROMISES(ON_SQLITE) PROMISES(ON_POSTGRES)};

    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
