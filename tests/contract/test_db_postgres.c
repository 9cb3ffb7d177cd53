/* What db.h promises of PostgreSQL alone. */
#include <config.h>

#include "contract/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "support/pg.h"

/* --- connecting ---------------------------------------------------------------------------------------------------------- */

/* The TCP address with its password replaced; skips where there is none. */
static char *tcp_url(const char *userinfo)
{
    const char *url = test_pg_tcp_url();

    if (!url)
        test_skip("no loopback port for the server");
    return ls_asprintf("postgres://%s%s", userinfo, strchr(url, '@'));
}

static void wrong_password_is_auth(void **state)
{
    FIX(f);
    char *url = tcp_url("lockstep_pw:s3cret-wrong");
    int64_t start = ls_mono_ms();

    fix_open_fails(f, (struct ls_db_params){.url = url}, LS_E_AUTH);
    assert_string_equal(f->err.sqlstate, "28P01");
    fix_assert_has(f->err.message, "password authentication failed");
    assert_null(strstr(f->err.message, "s3cret"));
    assert_null(strstr(f->err.message, "28P01:")); /* verbosity was for us, not for the reader */
    assert_null(strstr(f->err.message, "LOCATION"));
    assert_non_null(f->err.hint);
    assert_true(ls_mono_ms() - start < 3000);
    free(url);
}

static void missing_password_is_auth(void **state)
{
    FIX(f);
    char *url = tcp_url("lockstep_pw");

    fix_open_fails(f, (struct ls_db_params){.url = url}, LS_E_AUTH);
    assert_non_null(f->err.hint);
    free(url);
}

static void passfile_gives_the_password(void **state)
{
    FIX(f);
    const char *password = getenv("LS_TEST_PG_PASSWORD");
    char *bare = tcp_url("lockstep_pw");
    char *file = ls_path_join(f->dir, "passfile");
    char *url = ls_asprintf("%s?passfile=%s", bare, file);
    char *line = ls_asprintf("*:*:*:lockstep_pw:%s\n", password);
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_file_write_new(file, line, strlen(line), 0600, &err), &err);

    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url});

    assert_string_equal(ls_db_info(db)->role, "lockstep_pw");
    assert_string_equal(ls_db_info(db)->security, "plain");
    fix_assert_has(ls_db_info(db)->host, "127.0.0.1:");
    ls_db_close(db);
    free(bare);
    free(file);
    free(url);
    free(line);
}

static void service_file_gives_the_address(void **state)
{
    FIX(f);
    char *file = ls_path_join(f->dir, "services");
    char *text = ls_asprintf("[here]\nhost=%s\nport=%s\nuser=postgres\ndbname=%s\n", getenv("LS_TEST_PG_HOST"), getenv("LS_TEST_PG_PORT"),
                             ls_db_info(f->db)->database);
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_file_write_new(file, text, strlen(text), 0600, &err), &err);
    setenv("PGSERVICEFILE", file, 1);

    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = "service=here"});

    assert_string_equal(ls_db_info(db)->database, ls_db_info(f->db)->database);
    ls_db_close(db);
    fix_open_fails(f, (struct ls_db_params){.url = "service=nowhere"}, LS_E_USAGE);
    fix_assert_has(f->err.message, "nowhere");
    unsetenv("PGSERVICEFILE");
    free(file);
    free(text);
}

static void keyword_string_connects(void **state)
{
    FIX(f);
    char *url = ls_asprintf("host='%s' port=%s user=postgres dbname='%s'", getenv("LS_TEST_PG_HOST"), getenv("LS_TEST_PG_PORT"),
                            ls_db_info(f->db)->database);
    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url});

    assert_string_equal(ls_db_info(db)->database, ls_db_info(f->db)->database);
    ls_db_close(db);
    free(url);
}

static void nobody_listens(void **state)
{
    FIX(f);
    int64_t start = ls_mono_ms();

    fix_open_fails(f, (struct ls_db_params){.url = "postgres://u:s3cret@127.0.0.1:1/x"}, LS_E_CONNECT);
    assert_null(strstr(f->err.message, "s3cret"));
    assert_non_null(f->err.hint);
    fix_open_fails(f, (struct ls_db_params){.url = "host=/nonexistent-folder dbname=x"}, LS_E_CONNECT);
    assert_true(ls_mono_ms() - start < 2000);
}

/* A listener that never answers. */
static int silent_server(char *url, size_t size)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 4) == 0 &&
                getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    snprintf(url, size, "postgres://u:s3cret@127.0.0.1:%d/x", ntohs(a.sin_port));
    return fd;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void connecting_ends_in_time(void **state)
{
    FIX(f);
    char url[128];
    int fd = silent_server(url, sizeof(url));
    int64_t start = ls_mono_ms();

    fix_open_fails(f, (struct ls_db_params){.url = url, .connect_timeout_ms = 300}, LS_E_CONNECT);
    assert_in_range(ls_mono_ms() - start, 300, 2000);
    fix_assert_has(f->err.message, "127.0.0.1");
    start = ls_mono_ms();
    fix_open_fails(f, (struct ls_db_params){.url = url, .on_wait = never}, LS_E_CANCELLED);
    assert_in_range(ls_mono_ms() - start, 50, 2000);
    close(fd);
}

static void missing_database_is_not_found(void **state)
{
    FIX(f);
    char *url = ls_asprintf("postgresql:///no_such_database?host=%s&port=%s&user=postgres", getenv("LS_TEST_PG_HOST"),
                            getenv("LS_TEST_PG_PORT"));

    fix_open_fails(f, (struct ls_db_params){.url = url}, LS_E_NOT_FOUND);
    assert_string_equal(f->err.sqlstate, "3D000");
    free(url);
}

static void bad_addresses_do_not_show_secrets(void **state)
{
    FIX(f);
    static const char *const urls[] = {
        "postgres://u:s3cret@s3cret@127.0.0.1:1/x", "postgres://u:s3cret/s3cret@127.0.0.1:1/x", "postgres://u:s3cret?s3cret@127.0.0.1:1/x",
        "postgres://u:%s3cret@127.0.0.1:1/x",       "postgres://u:s3cret#s3cret@127.0.0.1:1/x", "postgres://u@127.0.0.1:1/x?password=%s3cret",
        "host=127.0.0.1 port=1 password=s3cret s3cret", "password='s3cret host=127.0.0.1",      "password=s3cret foo=s3cret host=127.0.0.1",
        "postgres://u:s3cret@127.0.0.1:s3cret/x",   "password=s3cret port=s3cret host=127.0.0.1",
        "host=127.0.0.1,127.0.0.1 port=1,2,3 password=s3cret", "postgres://u:s3cret@127.0.0.1:1/x?sslmode=s3cret",
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(urls); i++) {
        struct ls_db_params p = {.url = urls[i], .connect_timeout_ms = 500};
        struct ls_db *db = NULL;
        char *label = ls_db_url_label(urls[i]);
        enum ls_rc rc;

        ls_err_release(&f->err);
        rc = ls_db_open(&p, &db, &f->err);
        if (strstr(f->err.message, "s3cret") || strstr(label, "s3cret") || rc == LS_OK)
            print_error("%s: %s: %s\n", urls[i], label, f->err.message);
        assert_true(rc == LS_E_USAGE || rc == LS_E_CONNECT);
        assert_null(strstr(f->err.message, "s3cret"));
        assert_true(!f->err.hint || !strstr(f->err.hint, "s3cret"));
        assert_null(strstr(label, "s3cret"));
        free(label);
    }
}

static void parameters_of_other_tools(void **state)
{
    FIX(f);
    char *url = ls_asprintf("pgx5%s&search_path=%%22a%%20b%%22,c%%5cd&x-multi-statement=true&x-migrations-table=m&pool_max_conns=3",
                            strchr(f->url, ':'));
    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url});

    assert_string_equal(fix_get(db, "show search_path"), "\"a b\",c\\d");
    assert_string_equal(fix_get(db, "show application_name"), "lockstep");
    ls_db_close(db);
    free(url);
    url = ls_asprintf("%s&application_name=from-url&options=-c%%20work_mem%%3D1MB&statement_timeout=12345", f->url);
    db = fix_open(f, (struct ls_db_params){.url = url});
    assert_string_equal(fix_get(db, "show application_name"), "from-url");
    assert_string_equal(fix_get(db, "show work_mem"), "1MB");
    assert_string_equal(fix_get(db, "show statement_timeout"), "12345ms");
    ls_db_close(db);
    free(url);
}

static void settings_are_in_force(void **state)
{
    FIX(f);
    struct ls_db *db = fix_open(f, (struct ls_db_params){
                                       .read_only = true, .lock_timeout_ms = 2500, .statement_timeout_ms = 61000, .application_name = "app x"});

    assert_string_equal(fix_get(db, "show lock_timeout"), "2500ms");
    assert_string_equal(fix_get(db, "show statement_timeout"), "61s");
    assert_string_equal(fix_get(db, "show application_name"), "app x");
    assert_string_equal(fix_get(db, "show default_transaction_read_only"), "on");
    assert_string_equal(fix_get(db, "show client_encoding"), "UTF8");
    assert_string_equal(fix_get(db, "show standard_conforming_strings"), "on");
    if (ls_db_info(db)->server_version >= 140000)
        assert_string_equal(fix_get(db, "show client_connection_check_interval"), "1s");
    ls_db_close(db);
}

/* --- statements ---------------------------------------------------------------------------------------------------------- */

static void error_fields_are_kept(void **state)
{
    FIX(f);

    fix_fails(f, f->db, "do $$ begin raise exception 'main' using detail = 'the detail', hint = 'the hint', errcode = 'LS001'; end $$", LS_E_SQL);
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
    static const char *const sql[] = {"copy t from stdin", "copy t to stdout", "copy (select generate_series(1, 3000000)) to stdout"};

    fix_ok(f->db, "create table t(a int)");
    fix_ok(f->db, "insert into t select generate_series(1, 1000)");
    for (size_t i = 0; i < LS_ARRAY_LEN(sql); i++) {
        fix_fails(f, f->db, sql[i], LS_E_UNSUPPORTED);
        assert_non_null(f->err.hint);
        ls_err_release(&f->err);
        assert_int_equal(ls_db_exec_batch(f->db, sql[i], strlen(sql[i]), NULL, &f->err), LS_E_UNSUPPORTED);
        assert_string_equal(fix_get(f->db, "select count(*) from t"), "1000");
    }
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

/* --- losing the server --------------------------------------------------------------------------------------------------- */

struct killer {
    struct ls_db *by;
    int pid;
    bool is_done;
};

/* Called from the victim's wait: its statement is running. */
static bool kill_once(void *ctx)
{
    struct killer *k = ctx;
    char sql[64];

    if (k->by && !k->is_done) {
        k->is_done = true;
        snprintf(sql, sizeof(sql), "select pg_terminate_backend(%d)", k->pid);
        fix_ok(k->by, sql);
    }
    return true;
}

static void killed_in_a_statement(void **state)
{
    FIX(f);
    struct killer k = {0};
    struct ls_db *db = fix_open(f, (struct ls_db_params){.on_wait = kill_once, .ctx = &k});
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_db_begin(db, &err), &err);
    k.pid = ls_db_info(db)->backend_pid;
    k.by = f->db;
    fix_fails(f, db, "select pg_sleep(30)", LS_E_CONNECT);
    assert_string_equal(f->err.sqlstate, "57P01");
    assert_false(ls_db_is_alive(db));
    assert_int_equal(ls_db_tx_status(db), LS_TXS_UNKNOWN);
    /* Everything after it says the same, and nothing hangs. */
    fix_fails(f, db, "select 1", LS_E_CONNECT);
    assert_int_equal(ls_db_begin(db, NULL), LS_E_CONNECT);
    assert_int_equal(ls_db_commit(db, NULL), LS_E_CONNECT);
    assert_int_equal(ls_db_exec_batch(db, "select 1", 8, NULL, NULL), LS_E_CONNECT);
    assert_int_equal(ls_db_pipeline(db, &(struct ls_db_call){"select 1", 8, NULL, 0}, 1, NULL, NULL, NULL), LS_E_CONNECT);
    ls_db_rollback(db);
    ls_db_cancel(db);
    ls_db_close(db);
}

static void killed_while_idle_or_in_a_pipeline(void **state)
{
    FIX(f);

    for (int i = 0; i < 2; i++) {
        struct ls_db *db = fix_open(f, (struct ls_db_params){0});
        struct ls_db_call calls[] = {{"select 1", 8, NULL, 0}, {"select 2", 8, NULL, 0}};
        char sql[128];

        snprintf(sql, sizeof(sql), "select pg_terminate_backend(%d, 10000)", ls_db_info(db)->backend_pid);
        fix_ok(f->db, sql);
        ls_err_release(&f->err);
        if (i == 0)
            fix_fails(f, db, "select 1", LS_E_CONNECT);
        else
            assert_int_equal(ls_db_pipeline(db, calls, 2, NULL, NULL, &f->err), LS_E_CONNECT);
        assert_false(ls_db_is_alive(db));
        ls_db_close(db);
    }
}

/* COMMIT was sent, a deferred trigger sleeps, the backend is ended: the client cannot know. */
static void lost_commit_is_unknown(void **state)
{
    FIX(f);
    struct killer k = {0};
    struct ls_db *db = fix_open(f, (struct ls_db_params){.on_wait = kill_once, .ctx = &k});
    struct ls_err err = LS_ERR_INIT;
    enum ls_outcome outcome = LS_OUTCOME_RUNNING;
    char xid[32];

    fix_ok(f->db, "create table t(a int)");
    fix_ok(f->db, "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(30); return null; end'");
    fix_ok(f->db, "create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()");
    fix_assert_ok(ls_db_begin(db, &err), &err);
    fix_ok(db, "insert into t values (1)");
    fix_assert_ok(ls_db_xact_id(db, xid, &err), &err);
    assert_true(xid[0] != '\0');
    fix_assert_ok(ls_db_xact_outcome(f->db, xid, &outcome, &err), &err);
    assert_int_equal(outcome, LS_OUTCOME_RUNNING);
    k.pid = ls_db_info(db)->backend_pid;
    k.by = f->db;
    assert_int_equal(ls_db_commit(db, &err), LS_E_UNKNOWN);
    assert_non_null(err.hint);
    ls_err_release(&err);
    assert_false(ls_db_is_alive(db));
    ls_db_close(db);
    fix_assert_ok(ls_db_xact_outcome(f->db, xid, &outcome, &err), &err);
    assert_int_equal(outcome, LS_OUTCOME_ABORTED);
}

static void outcomes_are_told(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;
    enum ls_outcome outcome = LS_OUTCOME_RUNNING;
    char xid[32];

    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    fix_assert_ok(ls_db_xact_id(f->db, xid, &err), &err);
    assert_string_equal(xid, ""); /* nothing written: none assigned */
    fix_ok(f->db, "create table t(a int)");
    fix_assert_ok(ls_db_xact_id(f->db, xid, &err), &err);
    fix_assert_ok(ls_db_commit(f->db, &err), &err);
    fix_assert_ok(ls_db_xact_outcome(f->db, xid, &outcome, &err), &err);
    assert_int_equal(outcome, LS_OUTCOME_COMMITTED);
    fix_assert_ok(ls_db_xact_outcome(f->db, "9999999999", &outcome, &err), &err); /* of another server */
    assert_int_equal(outcome, LS_OUTCOME_UNKNOWN);
}

static bool stop_at_once(void *ctx)
{
    bool *stop = ctx;

    return !*stop;
}

/* on_wait saying no must not cut COMMIT off: its answer is what counts. */
static void commit_waits_for_its_answer(void **state)
{
    FIX(f);
    bool stop = false;
    struct ls_db *db = fix_open(f, (struct ls_db_params){.on_wait = stop_at_once, .ctx = &stop});
    struct ls_err err = LS_ERR_INIT;

    fix_ok(db, "create table t(a int)");
    fix_ok(db, "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.5); return null; end'");
    fix_ok(db, "create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()");
    fix_assert_ok(ls_db_begin(db, &err), &err);
    fix_ok(db, "insert into t values (1)");
    stop = true;
    fix_assert_ok(ls_db_commit(db, &err), &err);
    stop = false;
    assert_string_equal(fix_get(db, "select count(*) from t"), "1");
    ls_db_close(db);
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
    assert_string_equal(fix_get(f->db, "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"), "0");
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

#define PG(name) {#name, name, fix_setup_postgres, fix_teardown, NULL}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        PG(wrong_password_is_auth),
        PG(missing_password_is_auth),
        PG(passfile_gives_the_password),
        PG(service_file_gives_the_address),
        PG(keyword_string_connects),
        PG(nobody_listens),
        PG(connecting_ends_in_time),
        PG(missing_database_is_not_found),
        PG(bad_addresses_do_not_show_secrets),
        PG(parameters_of_other_tools),
        PG(settings_are_in_force),
        PG(error_fields_are_kept),
        PG(codes_of_states),
        PG(rights_are_rights),
        PG(statement_timeout_is_no_cancel),
        PG(copy_does_not_hang),
        PG(copy_in_a_pipeline_does_not_hang),
        PG(pipeline_is_one_transaction),
        PG(notices_are_heard),
        PG(killed_in_a_statement),
        PG(killed_while_idle_or_in_a_pipeline),
        PG(lost_commit_is_unknown),
        PG(outcomes_are_told),
        PG(commit_waits_for_its_answer),
        PG(locks_exclude_all_or_none),
        PG(a_lock_of_a_closed_session_is_free),
        PG(unlocking_what_is_not_ours_is_an_alarm),
        PG(blockers_are_named),
    };

    return cmocka_run_group_tests_name("db postgres", tests, NULL, NULL);
}
