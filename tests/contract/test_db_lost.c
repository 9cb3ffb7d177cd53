/* Losing the server: killed, cut, behind a pooler; and what became of the transaction. */
#include <config.h>

#include "contract/fixture.h"
#include "contract/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"

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

        snprintf(sql, sizeof(sql), "select pg_terminate_backend(%d)", ls_db_info(db)->backend_pid);
        fix_ok(f->db, sql);
        fix_ok(f->db, "create or replace function wait_for_end(int) returns void language plpgsql as $$begin for i in 1..1000 loop "
                      "exit when not exists (select from pg_stat_activity where pid = $1); perform pg_stat_clear_snapshot(), pg_sleep(0.01); "
                      "end loop; end$$");
        snprintf(sql, sizeof(sql), "select wait_for_end(%d)", ls_db_info(db)->backend_pid);
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
    fix_ok(f->db,
           "create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()");
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
    /* The backend says farewell before it ends its transaction. */
    int64_t end = ls_mono_ms() + FIX_LONG_MS;
    do
        fix_assert_ok(ls_db_xact_outcome(f->db, xid, &outcome, &err), &err);
    while (outcome == LS_OUTCOME_RUNNING && ls_mono_ms() < end);
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
    fix_ok(db,
           "create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()");
    fix_assert_ok(ls_db_begin(db, &err), &err);
    fix_ok(db, "insert into t values (1)");
    stop = true;
    fix_assert_ok(ls_db_commit(db, &err), &err);
    stop = false;
    assert_string_equal(fix_get(db, "select count(*) from t"), "1");
    ls_db_close(db);
}

/* A connection through the proxy. */
static char *url_through(struct fix *f, struct proxy *p)
{
    return ls_asprintf("postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable&gssencmode=disable", proxy_port(p), ls_db_info(f->db)->database);
}

static struct ls_db *open_through(struct fix *f, struct proxy *p)
{
    char *url = url_through(f, p);
    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url});

    free(url);
    return db;
}

static struct proxy *proxy(struct proxy_rules rules)
{
    struct proxy *p = proxy_start(getenv("LS_TEST_PG_HOST"), getenv("LS_TEST_PG_PORT"), rules);

    if (!p)
        test_skip("no loopback port");
    return p;
}

static void a_pooler_is_noticed(void **state)
{
    FIX(f);
    struct proxy *p = proxy((struct proxy_rules){.changes_pid = true});
    struct ls_db *db = open_through(f, p);

    assert_true(ls_db_info(db)->is_pooled);
    assert_int_equal(ls_db_info(db)->backend_pid, atoi(fix_get(db, "select pg_backend_pid()"))); /* the true one */
    ls_db_close(db);
    proxy_stop(p);
}

/* What is set in a session behind a pooler, the next client of that session has. A read-only connection is one all the same. */
static void a_pooler_keeps_no_settings(void **state)
{
    static const char *const settings[] = {"default_transaction_read_only", "lock_timeout", "statement_timeout"};
    FIX(f);
    struct proxy *p = proxy((struct proxy_rules){.changes_pid = true});
    char *url = url_through(f, p);

    fix_ok(f->db, "create table t(a int)");
    for (int is_declared = 0; is_declared < 2; is_declared++) {
        struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url, .read_only = true, .is_pooled_ok = is_declared, .lock_timeout_ms = 4711, .statement_timeout_ms = 47110});
        struct ls_err err = LS_ERR_INIT;

        assert_true(ls_db_info(db)->is_pooled && ls_db_info(db)->is_read_only);
        for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
            char *sql = ls_asprintf("select setting <> boot_val from pg_settings where name = '%s'", settings[i]);

            assert_string_equal(fix_get(db, sql), is_declared ? "t" : "f");
            free(sql);
        }
        fix_fails(f, db, "insert into t values (1)", LS_E_RIGHTS);
        assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
        assert_int_equal(ls_db_exec_batch(db, "insert into t values (1)", 24, NULL, NULL), LS_E_RIGHTS);
        assert_int_equal(ls_db_pipeline(db, &(struct ls_db_call){"insert into t values (1)", 24, NULL, 0}, 1, NULL, NULL, NULL), LS_E_RIGHTS);
        fix_assert_ok(ls_db_begin(db, &err), &err);
        fix_fails(f, db, "insert into t values (1)", LS_E_RIGHTS);
        ls_db_rollback(db);
        assert_string_equal(fix_get(db, "select count(*) from t"), "0");
        ls_db_close(db);
    }
    free(url);
    proxy_stop(p);
}

/* The line is cut at COMMIT: before it arrived, or after the server had done it. Both look the same from here. */
static void cut_at_commit_is_unknown(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;

    fix_ok(f->db, "create table t(a int)");
    for (int arrives = 0; arrives < 2; arrives++) {
        struct proxy *p =
            proxy((struct proxy_rules){.drop_at = arrives ? NULL : "COMMIT", .swallow_after = arrives ? "COMMIT" : NULL});
        struct ls_db *db = open_through(f, p);
        enum ls_outcome outcome = LS_OUTCOME_RUNNING;
        int64_t end = ls_mono_ms() + FIX_LONG_MS;
        char xid[32];

        assert_false(ls_db_info(db)->is_pooled);
        fix_assert_ok(ls_db_begin(db, &err), &err);
        fix_ok(db, "insert into t values (1)");
        fix_assert_ok(ls_db_xact_id(db, xid, &err), &err);
        assert_int_equal(ls_db_commit(db, &err), LS_E_UNKNOWN);
        assert_null(strchr(err.message, '\n'));
        fix_assert_has(err.detail, "terminated abnormally");
        ls_err_release(&err);
        assert_false(ls_db_is_alive(db));
        assert_int_equal(ls_db_tx_status(db), LS_TXS_UNKNOWN);
        ls_db_close(db);
        do /* the server may still be ending the session */
            fix_assert_ok(ls_db_xact_outcome(f->db, xid, &outcome, &err), &err);
        while (outcome == LS_OUTCOME_RUNNING && ls_mono_ms() < end);
        assert_int_equal(outcome, arrives ? LS_OUTCOME_COMMITTED : LS_OUTCOME_ABORTED);
        assert_string_equal(fix_get(f->db, "select count(*) from t"), arrives ? "1" : "0");
        proxy_stop(p);
    }
}

static void cut_in_a_statement_is_connect(void **state)
{
    FIX(f);
    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "select 4711"});
    struct ls_db *db = open_through(f, p);

    assert_string_equal(fix_get(db, "select 1"), "1");
    fix_fails(f, db, "select 4711", LS_E_CONNECT);
    assert_string_equal(f->err.sqlstate, "");
    assert_non_null(f->err.hint);
    /* libpq's words are three lines with tabs: the first is the message, the others are one line of the detail. */
    assert_null(strpbrk(f->err.message, "\n\t"));
    fix_assert_has(f->err.message, "server closed the connection unexpectedly");
    fix_assert_has(f->err.detail, "terminated abnormally before or while");
    assert_null(strpbrk(f->err.detail, "\n\t"));
    assert_false(ls_db_is_alive(db));
    ls_db_close(db);
    proxy_stop(p);
}

/* The farewell arrives before the end of the link does: the socket still looks well, and libpq says that no transaction is open. */
static void a_farewell_is_the_end(void **state)
{
    FIX(f);
    struct proxy *p = proxy((struct proxy_rules){.errors_are_fatal = true});
    struct ls_db *db = open_through(f, p);

    assert_true(ls_db_is_alive(db));
    assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
    fix_fails(f, db, "select 1 from nothing_of_this_name", LS_E_CONNECT);
    assert_string_equal(f->err.sqlstate, "42P01");
    assert_false(ls_db_is_alive(db));
    assert_int_equal(ls_db_tx_status(db), LS_TXS_UNKNOWN);
    fix_fails(f, db, "select 1", LS_E_CONNECT); /* although it could be answered */
    ls_db_close(db);
    proxy_stop(p);
}

/* A pipeline that libpq did not take whole cannot be ended: the connection is given up while the server, and libpq, see no harm. */
static void a_line_given_up_knows_no_transaction(void **state)
{
    FIX(f);
    struct ls_db *db = fix_open(f, (struct ls_db_params){0});
    int too_many = 65536; /* parameters: their number is sent in 16 bits */
    struct ls_param *params = ls_calloc((size_t)too_many, sizeof(*params));
    struct ls_db_call call = {"select 1", 8, params, too_many};

    for (int i = 0; i < too_many; i++)
        params[i].kind = LS_PARAM_NULL;
    assert_int_equal(ls_db_pipeline(db, &call, 1, NULL, NULL, NULL), LS_E_INTERNAL);
    assert_false(ls_db_is_alive(db));
    assert_int_equal(ls_db_tx_status(db), LS_TXS_UNKNOWN);
    fix_fails(f, db, "select 1", LS_E_CONNECT);
    ls_db_close(db);
    free(params);
}

/* A line on which nothing comes through, though it looks well: a second connection, which a cancel needs, gets no answer either. */
struct held {
    struct proxy *proxy;
    bool wants_cancel;
    int n_asked;
};

static bool ask_held(void *ctx)
{
    struct held *h = ctx;

    if (!h->wants_cancel)
        return true;
    if (++h->n_asked == 4) {
        proxy_stop(h->proxy);
        h->proxy = NULL;
    }
    return false;
}

static void a_held_line_can_be_waited_for(void **state)
{
    FIX(f);
    struct held h = {.proxy = proxy((struct proxy_rules){.hold_at = "select 4711"})};
    char *url = url_through(f, h.proxy);
    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url, .on_wait = ask_held, .ctx = &h});

    h.wants_cancel = true;
    fix_fails(f, db, "select 4711", LS_E_CONNECT);
    assert_true(h.n_asked >= 4); /* it went on asking while the cancel was on its way */
    assert_null(h.proxy);
    ls_db_close(db);
    free(url);
}

static void patience_for_an_answer_ends(void **state)
{
    FIX(f);
    struct proxy *p = proxy((struct proxy_rules){.hold_at = "select 4711"});
    char *url = url_through(f, p);
    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url, .answer_ms = 300});
    int64_t start = ls_mono_ms();

    assert_string_equal(fix_get(db, "select 1"), "1");
    fix_fails(f, db, "select 4711", LS_E_CONNECT);
    assert_in_range(ls_mono_ms() - start, 300, FIX_SOON_MS);
    fix_assert_has(f->err.message, "did not answer in time");
    assert_false(ls_db_is_alive(db));
    ls_db_close(db);
    free(url);
    proxy_stop(p);
}

#define PG(name)                                                                                                                   \
    {                                                                                                                              \
#name, name, fix_setup_postgres, fix_teardown, NULL                                                                        \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        PG(killed_in_a_statement),       PG(killed_while_idle_or_in_a_pipeline),
        PG(lost_commit_is_unknown),      PG(outcomes_are_told),
        PG(commit_waits_for_its_answer), PG(a_pooler_is_noticed), PG(a_pooler_keeps_no_settings),
        PG(cut_at_commit_is_unknown),    PG(cut_in_a_statement_is_connect),
        PG(a_farewell_is_the_end),       PG(a_line_given_up_knows_no_transaction),
        PG(a_held_line_can_be_waited_for), PG(patience_for_an_answer_ends),
    };

    return cmocka_run_group_tests_name("db lost", tests, NULL, NULL);
}
