/* What db.h promises of PostgreSQL alone: its errors, COPY, notices, locks. */
#include <config.h>

#include "contract/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"

static void error_fields_are_kept(void **state)
{
    FIX(f);

    fix_fails(f, f->db,
              "do $$ begin raise exception 'main' using detail = 'the detail', hint = 'the hint', errcode = 'LS001'; end $$",
              LS_E_SQL);
    assert_string_equal(f->err.message, "main");
    assert_string_equal(f->err.sqlstate, "LS001");
    assert_string_equal(f->err.hint, "the hint");
    fix_assert_has(f->err.detail, "the detail");
    fix_assert_has(f->err.detail, "CONTEXT: PL/pgSQL function");
    /* A position in a query inside is not one in ours. */
    fix_fails(f, f->db, "do $$ begin execute 'selec 1'; end $$", LS_E_SQL);
    assert_int_equal(f->err.offset, -1);
    fix_assert_has(f->err.detail, "QUERY: selec 1");
}

static void codes_of_states(void **state)
{
    FIX(f);
    static const struct {
        const char *state;
        enum ls_rc rc;
    } cases[] = {{"42501", LS_E_RIGHTS}, {"25006", LS_E_RIGHTS}, {"55P03", LS_E_BUSY}, {"40P01", LS_E_BUSY}, {"53100", LS_E_IO},
                 {"28000", LS_E_AUTH},   {"08006", LS_E_SQL},    {"57014", LS_E_SQL},  {"40001", LS_E_SQL}};

    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char sql[128];

        snprintf(sql, sizeof(sql), "do $$ begin raise exception 'x' using errcode = '%s'; end $$", cases[i].state);
        fix_fails(f, f->db, sql, cases[i].rc);
        assert_string_equal(f->err.sqlstate, cases[i].state);
    }
    assert_true(ls_db_is_alive(f->db));
}

static void rights_are_rights(void **state)
{
    FIX(f);

    fix_ok(f->db, "create table t(a int)");
    fix_ok(f->db, "set role lockstep_pw");
    fix_fails(f, f->db, "select * from t", LS_E_RIGHTS);
    assert_string_equal(f->err.sqlstate, "42501");
}

static void statement_timeout_is_no_cancel(void **state)
{
    FIX(f);
    struct ls_db *db = fix_open(f, (struct ls_db_params){.statement_timeout_ms = 100});

    fix_fails(f, db, "select pg_sleep(30)", LS_E_SQL);
    assert_string_equal(f->err.sqlstate, "57014");
    fix_assert_has(f->err.hint, "statement_timeout");
    ls_db_close(db);
}

static void copy_does_not_hang(void **state)
{
    FIX(f);
    static const char in[] = "copy t from stdin";
    static const char *const out[] = {"copy t to stdout", "copy (select generate_series(1, 3000000)) to stdout"};

    fix_ok(f->db, "create table t(a int)");
    fix_ok(f->db, "insert into t select generate_series(1, 1000)");
    fix_fails(f, f->db, in, LS_E_UNSUPPORTED);
    assert_non_null(f->err.hint);
    ls_err_release(&f->err);
    assert_int_equal(ls_db_exec_batch(f->db, in, strlen(in), NULL, &f->err), LS_E_UNSUPPORTED);
    /* What is copied out is dropped, like the rows of a query. */
    for (size_t i = 0; i < LS_ARRAY_LEN(out); i++) {
        struct ls_exec_info info;

        ls_err_release(&f->err);
        fix_assert_ok(ls_db_exec(f->db, out[i], strlen(out[i]), NULL, 0, &info, &f->err), &f->err);
        assert_int_equal(info.rows, i == 0 ? 1000 : 3000000);
        fix_assert_ok(ls_db_exec_batch(f->db, out[i], strlen(out[i]), NULL, &f->err), &f->err);
        assert_string_equal(fix_get(f->db, "select count(*) from t"), "1000");
    }
}

/* One query is one transaction: whether it was committed must be what it answered. */
static void copy_out_in_a_batch_is_what_it_says(void **state)
{
    FIX(f);
    static const char good[] = "create table n1(); copy (select 1) to stdout; create table n2()",
                      bad[] = "create table n3(); copy (select 1 / 0) to stdout";

    fix_assert_ok(ls_db_exec_batch(f->db, good, strlen(good), NULL, &f->err), &f->err);
    assert_int_equal(ls_db_exec_batch(f->db, bad, strlen(bad), NULL, &f->err), LS_E_SQL);
    assert_string_equal(f->err.sqlstate, "22012");
    assert_string_equal(fix_get(f->db, "select string_agg(relname, ',' order by 1) from pg_class where relname like 'n_'"), "n1,n2");
}

static void copy_in_a_pipeline_does_not_hang(void **state)
{
    FIX(f);
    static const char *const sql[] = {"copy t from stdin", "copy t to stdout"};

    fix_ok(f->db, "create table t(a int)");
    for (size_t i = 0; i < LS_ARRAY_LEN(sql); i++) {
        struct ls_db *db = fix_open(f, (struct ls_db_params){0});
        struct ls_db_call calls[] = {{"select 1", 8, NULL, 0}, {sql[i], strlen(sql[i]), NULL, 0}, {"select 2", 8, NULL, 0}};
        int failed = -1;

        ls_err_release(&f->err);
        assert_int_not_equal(ls_db_pipeline(db, calls, 3, NULL, &failed, &f->err), LS_OK);
        assert_int_equal(failed, 1);
        ls_db_close(db);
    }
}

static void pipeline_is_one_transaction(void **state)
{
    FIX(f);
    struct ls_db_call calls[] = {{"insert into t values (1)", 24, NULL, 0}, {"insert into t values (1 / 0)", 28, NULL, 0}};
    struct ls_exec_info infos[2];
    int failed = -1;

    fix_ok(f->db, "create table t(a int)");
    ls_err_release(&f->err);
    assert_int_equal(ls_db_pipeline(f->db, calls, 2, infos, &failed, &f->err), LS_E_SQL);
    assert_int_equal(failed, 1);
    assert_string_equal(f->err.sqlstate, "22012");
    assert_string_equal(infos[0].tag, "INSERT 0 1");
    assert_string_equal(fix_get(f->db, "select count(*) from t"), "0");
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
}

static const char add_sql[] = "insert into t values ($1, $2)";

/* One row more through a pipeline, with another statement in front. */
static enum ls_rc add_row(struct fix *f, const char *first, const char *a, const char *b)
{
    struct ls_param p[] = {{LS_PARAM_INT, a}, {b ? LS_PARAM_TEXT : LS_PARAM_NULL, b}};
    struct ls_db_call calls[] = {{first, strlen(first), NULL, 0}, {add_sql, strlen(add_sql), p, 2}};

    ls_err_release(&f->err);
    return ls_db_pipeline(f->db, calls, 2, NULL, NULL, &f->err);
}

static const char prepared_sql[] = "select count(*) from pg_prepared_statements where statement = 'insert into t values ($1, $2)'";

static void what_comes_often_is_prepared(void **state)
{
    FIX(f);

    fix_ok(f->db, "create table t(a int, b text)");
    for (int i = 0; i < 6; i++)
        fix_assert_ok(add_row(f, "select 1", (const char *[]){"1", "2", "3", "4", "5", "6"}[i], i % 2 ? NULL : "x"), &f->err);
    assert_string_equal(fix_get(f->db, "select string_agg(a || coalesce(b, '-'), ' ' order by a) from t"), "1x 2- 3x 4- 5x 6-");
    assert_string_equal(fix_get(f->db, prepared_sql), "1");
    /* The same twice in one pipeline. */
    struct ls_param p[] = {{LS_PARAM_INT, "7"}, {LS_PARAM_TEXT, "y"}};
    struct ls_db_call calls[] = {{"begin", 5, NULL, 0}, {add_sql, strlen(add_sql), p, 2}, {add_sql, strlen(add_sql), p, 2}, {"commit", 6, NULL, 0}};

    fix_ok(f->db, "deallocate all");
    fix_assert_ok(ls_db_pipeline(f->db, calls, 4, NULL, NULL, &f->err), &f->err);
    fix_assert_ok(ls_db_pipeline(f->db, calls, 4, NULL, NULL, &f->err), &f->err);
    assert_string_equal(fix_get(f->db, "select count(*) from t where a = 7"), "4");
}

/* A migration may take prepared statements away; what comes behind it must not notice. */
static void prepared_statements_may_go(void **state)
{
    FIX(f);
    static const char *const gone[] = {"deallocate all", "DO $$ BEGIN EXECUTE 'Deallocate all'; END $$", "discard plans"};

    fix_ok(f->db, "create table t(a int, b text)");
    for (size_t i = 0; i < LS_ARRAY_LEN(gone); i++) {
        for (int k = 0; k < 4; k++)
            fix_assert_ok(add_row(f, "select 1", "1", "x"), &f->err);
        assert_string_equal(fix_get(f->db, prepared_sql), "1");
        if (i % 2)
            fix_ok(f->db, gone[i]);
        fix_assert_ok(add_row(f, gone[i], "1", "x"), &f->err);
    }
    assert_string_equal(fix_get(f->db, "select count(*) from t"), "15");
}

/* Gone behind our back, or prepared behind a failure: the failure is told, and the next try works. */
static void prepared_statements_come_back(void **state)
{
    FIX(f);

    fix_ok(f->db, "create table t(a int, b text)");
    fix_ok(f->db, "create function hidden() returns void language plpgsql as $$ begin execute 'deal' || 'locate all'; end $$");
    for (int k = 0; k < 4; k++)
        fix_assert_ok(add_row(f, "select 1", "1", "x"), &f->err);
    assert_int_equal(add_row(f, "select hidden()", "1", "x"), LS_E_SQL);
    assert_string_equal(f->err.sqlstate, "26000");
    for (int k = 0; k < 2; k++)
        fix_assert_ok(add_row(f, "select 1", "1", "x"), &f->err);
    assert_int_equal(add_row(f, "select 1 / 0", "1", "x"), LS_E_SQL);
    assert_string_equal(f->err.sqlstate, "22012");
    for (int k = 0; k < 4; k++)
        fix_assert_ok(add_row(f, "select 1", "1", "x"), &f->err);
    assert_int_equal(add_row(f, "select 1", "no number", "x"), LS_E_SQL);
    fix_assert_ok(add_row(f, "select 1", "1", "x"), &f->err);
    assert_string_equal(fix_get(f->db, "select count(*) from t"), "11");
}

struct notices {
    int n;
    char last[256], severity[32];
};

static void on_notice(void *ctx, const char *severity, const char *text)
{
    struct notices *n = ctx;

    n->n++;
    snprintf(n->last, sizeof(n->last), "%s", text);
    snprintf(n->severity, sizeof(n->severity), "%s", severity);
}

static void notices_are_heard(void **state)
{
    FIX(f);
    struct notices n = {0};
    struct ls_db *db = fix_open(f, (struct ls_db_params){.on_notice = on_notice, .ctx = &n});

    assert_int_equal(n.n, 0);
    fix_ok(db, "do $$ begin raise notice E'hello \\x1b[31m'; end $$");
    assert_int_equal(n.n, 1);
    assert_string_equal(n.severity, "NOTICE");
    assert_string_equal(n.last, "hello \x1b[31m"); /* raw: whoever shows it makes it safe */
    fix_ok(db, "do $$ begin raise warning 'careful' using detail = 'because'; end $$");
    assert_string_equal(n.severity, "WARNING");
    assert_string_equal(n.last, "careful\nbecause");
    ls_db_close(db);
    fix_ok(f->db, "do $$ begin raise notice 'to nobody'; end $$");
}

/* --- locks --------------------------------------------------------------------------------------------------------------- */

static void locks_exclude_all_or_none(void **state)
{
    FIX(f);
    static const int64_t both[] = {-5, 77}, first[] = {-5}, second[] = {77};
    struct ls_db *other = fix_open(f, (struct ls_db_params){.application_name = "second console"});
    struct ls_err err = LS_ERR_INIT;
    struct ls_buf holder = LS_BUF_INIT;
    char pid[32];
    bool got;

    fix_assert_ok(ls_db_try_lock(other, second, 1, &got, &err), &err);
    assert_true(got);
    fix_assert_ok(ls_db_try_lock(f->db, both, 2, &got, &err), &err);
    assert_false(got);
    /* the first one was given back */
    fix_assert_ok(ls_db_try_lock(other, first, 1, &got, &err), &err);
    assert_true(got);
    fix_assert_ok(ls_db_lock_holder(f->db, both, 2, &holder, &err), &err);
    snprintf(pid, sizeof(pid), "pid %d, user postgres", ls_db_info(other)->backend_pid);
    fix_assert_has(holder.ptr, pid);
    fix_assert_has(holder.ptr, "app second console");
    fix_assert_has(holder.ptr, "since ");
    ls_buf_clear(&holder);
    fix_assert_ok(ls_db_unlock(other, both, 2, &err), &err);
    fix_assert_ok(ls_db_lock_holder(f->db, both, 2, &holder, &err), &err);
    assert_string_equal(holder.ptr, "");
    fix_assert_ok(ls_db_try_lock(f->db, both, 2, &got, &err), &err);
    assert_true(got);
    ls_db_close(other);
    ls_buf_release(&holder);
}

static void a_lock_of_a_closed_session_is_free(void **state)
{
    FIX(f);
    static const int64_t key[] = {INT64_MIN};
    struct ls_db *other = fix_open(f, (struct ls_db_params){0});
    struct ls_err err = LS_ERR_INIT;
    int64_t end = ls_mono_ms() + FIX_LONG_MS;
    bool got;

    fix_assert_ok(ls_db_try_lock(other, key, 1, &got, &err), &err);
    assert_true(got);
    ls_db_close(other);
    do
        fix_assert_ok(ls_db_try_lock(f->db, key, 1, &got, &err), &err);
    while (!got && ls_mono_ms() < end);
    assert_true(got);
}

static void unlocking_what_is_not_ours_is_an_alarm(void **state)
{
    FIX(f);
    static const int64_t keys[] = {1, 2};
    struct ls_err err = LS_ERR_INIT;
    bool got;

    fix_assert_ok(ls_db_try_lock(f->db, keys, 1, &got, &err), &err);
    assert_int_equal(ls_db_unlock(f->db, keys, 2, &err), LS_E_INTERNAL);
    fix_assert_has(err.hint, "pooler");
    ls_err_release(&err);
    /* what was ours is free all the same */
    assert_string_equal(fix_get(f->db, "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"),
                        "0");
}

struct watcher {
    struct ls_db *by;
    int pid, expect_pid;
    bool has_seen;
    struct ls_buf text;
};

static bool watch(void *ctx)
{
    struct watcher *w = ctx;
    struct ls_err err = LS_ERR_INIT;

    if (!w->by)
        return true;
    if (w->has_seen) /* asked again while the cancel is on its way: nobody may be waiting any more */
        return false;
    ls_buf_clear(&w->text);
    fix_assert_ok(ls_db_blockers(w->by, w->pid, &w->text, &err), &err);
    w->has_seen = w->text.len > 0;
    return !w->has_seen;
}

static void blockers_are_named(void **state)
{
    FIX(f);
    struct watcher w = {.text = LS_BUF_INIT};
    struct ls_db *blocked = fix_open(f, (struct ls_db_params){.lock_timeout_ms = FIX_LONG_MS, .on_wait = watch, .ctx = &w});
    struct ls_db *third = fix_open(f, (struct ls_db_params){0});
    struct ls_err err = LS_ERR_INIT;
    char pid[32];

    fix_ok(f->db, "create table t(a int)");
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    fix_ok(f->db, "lock table t in access exclusive mode");
    w.by = third;
    w.pid = ls_db_info(blocked)->backend_pid;
    fix_fails(f, blocked, "select * from t", LS_E_CANCELLED);
    assert_true(w.has_seen);
    snprintf(pid, sizeof(pid), "pid %d, user postgres", ls_db_info(f->db)->backend_pid);
    fix_assert_has(w.text.ptr, pid);
    fix_assert_has(w.text.ptr, "idle in transaction");
    fix_assert_has(w.text.ptr, "lock table t");
    ls_db_rollback(f->db);
    ls_buf_clear(&w.text);
    fix_assert_ok(ls_db_blockers(third, w.pid, &w.text, &err), &err);
    assert_string_equal(w.text.ptr, "");
    ls_db_close(blocked);
    ls_db_close(third);
    ls_buf_release(&w.text);
}

#define PG(name)                                                                                                                   \
    {                                                                                                                              \
#name, name, fix_setup_postgres, fix_teardown, NULL                                                                        \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        PG(error_fields_are_kept),
        PG(codes_of_states),
        PG(rights_are_rights),
        PG(statement_timeout_is_no_cancel),
        PG(copy_does_not_hang), PG(copy_out_in_a_batch_is_what_it_says),
        PG(copy_in_a_pipeline_does_not_hang),
        PG(pipeline_is_one_transaction),
        PG(what_comes_often_is_prepared),
        PG(prepared_statements_may_go),
        PG(prepared_statements_come_back),
        PG(notices_are_heard),
        PG(locks_exclude_all_or_none),
        PG(a_lock_of_a_closed_session_is_free),
        PG(unlocking_what_is_not_ours_is_an_alarm),
        PG(blockers_are_named),
    };

    return cmocka_run_group_tests_name("db postgres", tests, NULL, NULL);
}
