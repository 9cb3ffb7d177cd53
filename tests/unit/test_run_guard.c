#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

#include <pthread.h>

/* --- the plan no longer fits ----------------------------------------------------------------------------------------------------------------- */

static void expect_changed(struct ops *o, struct ls_plan *plan)
{
    struct ls_run_report rep;

    assert_int_equal(ls_run(o->s, plan, NULL, &rep), LS_E_CHANGED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 0);
    eng_has(rep.err.message, "nothing was run");
    ls_run_report_release(&rep);
    ls_plan_free(plan);
}

static void changed_file_is_refused(bool pg)
{
    struct ops o;
    struct ls_plan *plan;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    ops_put(&o, "migrations/001_init.up.sql", "CREATE TABLE other (id int);\n");
    expect_changed(&o, plan);
    eng_is(&o, eng_tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(changed_file_is_refused)

static void changed_ledger_is_refused(bool pg)
{
    struct ops o;
    struct ls_plan *plan;

    ops_open(&o, "golang-migrate", pg);
    eng_golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "UPDATE schema_migrations SET version = 2");
    expect_changed(&o, plan);
    eng_is(&o, eng_tables(pg), "a");
    ops_close(&o);
}
ENG_BOTH(changed_ledger_is_refused)

/* Between the look under the lock and the transaction: the fence inside sees it. */
static enum ls_gate change_ledger(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)plan;
    (void)step;
    if (op == 0)
        ops_sql(ctx, "UPDATE schema_migrations SET version = 7");
    return LS_GATE_GO;
}

static void the_fence_stops_what_changed_meanwhile(bool pg)
{
    struct ls_run_report rep;
    struct ops o;
    struct ls_run_hooks hooks = {.gate = change_ledger, .ctx = &o};

    ops_open(&o, "golang-migrate", pg);
    eng_golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, 1, NULL, &hooks, &rep), LS_E_CHANGED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    eng_is(&o, eng_cursor(pg), "7/false");
    eng_is(&o, eng_tables(pg), "a");
    ops_close(&o);
}
ENG_BOTH(the_fence_stops_what_changed_meanwhile)

/* Somebody who does not ask for the lock writes the version's row when the step has begun: exactly one row must be hit. */
static void write_row(void *ctx, const struct ls_event *ev)
{
    if (ev->kind == LS_EV_STEP_BEGIN)
        ops_sql(ctx, "INSERT INTO schema_migrations (version, name, status) VALUES (2, 'b', 'applied')");
}

static enum ls_gate go(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)ctx;
    (void)plan;
    (void)step;
    (void)op;
    return LS_GATE_GO;
}

static void the_row_is_a_fence(bool pg)
{
    for (int is_stepped = 0; is_stepped < 2; is_stepped++) {
        struct ls_run_report rep;
        struct ops o;
        struct ls_run_hooks hooks = {.on_event = write_row, .gate = is_stepped ? go : NULL, .ctx = &o};

        ops_open(&o, "lockstep", pg);
        eng_lockstep_folder(&o);
        eng_run(&o, LS_ACTION_UP, 1, NULL);
        assert_int_equal(eng_try(&o, LS_ACTION_UP, 1, NULL, &hooks, &rep), LS_E_CHANGED);
        assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
        ls_run_report_release(&rep);
        eng_is(&o, eng_tables(pg), "a");
        ops_close(&o);
    }
}
ENG_BOTH(the_row_is_a_fence)

/* --- the gate, cancel, the lock ------------------------------------------------------------------------------------------------------------ */

struct stopper {
    int stop_at; /* the n-th question is answered with STOP */
    int asked;
};

static enum ls_gate stop_at(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct stopper *s = ctx;

    (void)plan;
    (void)step;
    (void)op;
    return ++s->asked == s->stop_at ? LS_GATE_STOP : LS_GATE_GO;
}

static void stop_rolls_back(bool pg)
{
    struct stopper s = {.stop_at = 5};
    struct ls_run_hooks hooks = {.gate = stop_at, .ctx = &s};
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    /* begin 001, statement, begin 002, statement 1, statement 2: stopped */
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(s.asked, 5);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 1);
    eng_has(rep.applied.ptr, "Stopped at: the up of 002.");
    ls_run_report_release(&rep);
    eng_is(&o, eng_tables(pg), "a");
    eng_is(&o, eng_statuses(pg), "1 applied");
    ops_close(&o);
}
ENG_BOTH(stop_rolls_back)

/* Before the body of a golang-migrate file nothing is written yet, not even the intent: whoever stops there is not left dirty. */
static void stop_before_the_body_leaves_no_intent(bool pg)
{
    struct stopper s = {.stop_at = 2};
    struct ls_run_hooks hooks = {.gate = stop_at, .ctx = &s};
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    eng_golang_folder(&o);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    eng_is(&o, eng_cursor(pg), "");
    eng_is(&o, eng_tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(stop_before_the_body_leaves_no_intent)

struct canceller {
    struct ls_session *s;
    pthread_t thread;
    bool is_started;
};

static void *cancel_now(void *arg)
{
    ls_session_cancel(arg);
    return NULL;
}

/* The statement is running: the server calls while it does. */
static void cancel_while_waiting(void *ctx, const struct ls_event *ev)
{
    struct canceller *c = ctx;

    if (ev->kind != LS_EV_WAIT || c->is_started)
        return;
    c->is_started = true;
    assert_int_equal(pthread_create(&c->thread, NULL, cancel_now, c->s), 0);
}

static void cancel_ends_a_running_statement(bool pg)
{
    struct canceller c = {0};
    struct ls_run_hooks hooks = {.on_event = cancel_while_waiting, .ctx = &c};
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_put(&o, "migrations/1_slow.up.sql",
            pg ? "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n"
               : "CREATE TABLE slow (id int);\nWITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c;\n");
    c.s = o.s;
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_true(c.is_started);
    pthread_join(c.thread, NULL);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.failed_stmt, 2);
    assert_true(rep.elapsed_ms < 30000);
    ls_run_report_release(&rep);
    eng_is(&o, eng_tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(cancel_ends_a_running_statement)

static void count_waits(void *ctx, const struct ls_event *ev)
{
    int *n = ctx;

    if (ev->kind == LS_EV_LOCK_WAIT) {
        eng_has(ev->text, "pid ");
        ++*n;
    }
}

/* golang-migrate's own key, in the form its command line uses: whoever holds it keeps us out, and we say who. */
static void the_tools_lock_is_respected(void **state)
{
    struct ls_db_params p = {0};
    struct ls_session_params sp;
    struct ls_db *other = NULL;
    struct ls_run_report rep;
    struct ls_plan *plan;
    struct ops o;
    int n_waits = 0;
    struct ls_run_hooks hooks = {.on_event = count_waits, .ctx = &n_waits};
    const char *slash;
    int64_t keys[1];
    bool got = false;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    eng_golang_folder(&o);
    sp = *ls_session_params(o.s);
    sp.lock_wait_ms = 300;
    p.url = o.url;
    ops_ok(ls_db_open(&p, &other, err));
    slash = ls_db_info(other)->database;
    {
        /* crc32("public" NUL "schema_migrations" NUL "/database") * 1486364155 mod 2^32 */
        struct ls_buf b = LS_BUF_INIT;

        ls_buf_add(&b, "public\0schema_migrations", sizeof("public\0schema_migrations"));
        ls_buf_addf(&b, "/%s", slash);
        keys[0] = (int64_t)(uint32_t)(ls_crc32(b.ptr, b.len) * UINT32_C(1486364155));
        ls_buf_release(&b);
    }
    ops_ok(ls_db_try_lock(other, keys, 1, &got, err));
    assert_true(got);
    {
        struct ls_session *s = ls_session_new(&sp), *keep = o.s;

        o.s = s;
        plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
        assert_int_equal(ls_run(s, plan, &hooks, &rep), LS_E_BUSY);
        eng_has(rep.err.message, "holds the migration lock: pid ");
        assert_true(n_waits >= 2);
        ls_run_report_release(&rep);
        ops_ok(ls_db_unlock(other, keys, 1, err));
        assert_int_equal(ls_run(s, plan, NULL, &rep), LS_OK);
        ls_run_report_release(&rep);
        ls_plan_free(plan);
        ls_session_free(s);
        o.s = keep;
    }
    ls_db_close(other);
    eng_is(&o, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
           "0");
    ops_close(&o);
}

static void *cancel_lock_wait(void *arg)
{
    ls_session_cancel(arg);
    return NULL;
}

static void cancel_at_lock_wait(void *ctx, const struct ls_event *ev)
{
    struct canceller *c = ctx;

    if (ev->kind != LS_EV_LOCK_WAIT || c->is_started)
        return;
    c->is_started = true;
    assert_int_equal(pthread_create(&c->thread, NULL, cancel_lock_wait, c->s), 0);
}

/* Two consoles on one database: the second waits, and need not. */
static void waiting_for_the_lock_can_be_given_up(void **state)
{
    struct canceller c = {0};
    struct ls_run_hooks hooks = {.on_event = cancel_at_lock_wait, .ctx = &c};
    struct ls_db_params p = {0};
    struct ls_db *other = NULL;
    struct ls_run_report rep;
    struct ls_snapshot *snap;
    int64_t keys[4];
    bool got = false;
    struct ops o;
    int n;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    eng_lockstep_folder(&o);
    snap = ops_snapshot(&o);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &other, err));
    n = snap->format->lock_keys(other, NULL, &snap->ledger, keys);
    assert_int_equal(n, 1);
    ops_ok(ls_db_try_lock(other, keys, n, &got, err));
    assert_true(got);
    ls_snapshot_free(snap);
    c.s = o.s;
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    pthread_join(c.thread, NULL);
    eng_has(rep.applied.ptr, "Nothing was applied.");
    ls_run_report_release(&rep);
    ls_db_close(other);
    eng_is(&o, eng_tables(true), "");
    ops_close(&o);
}

/* While a statement waits, the event says for whom; when that one lets go, the run goes on. */
static void let_go_when_named(void *ctx, const struct ls_event *ev)
{
    struct ls_db **holder = ctx;

    if (ev->kind != LS_EV_WAIT || ev->text == NULL || *holder == NULL)
        return;
    eng_has(ev->text, "pid ");
    assert_true(ev->elapsed_us >= 1000000);
    ls_db_close(*holder);
    *holder = NULL;
}

static void the_blocker_is_named(void **state)
{
    struct ls_db_params p = {0};
    struct ls_db *holder = NULL;
    struct ls_run_hooks hooks = {.on_event = let_go_when_named, .ctx = &holder};
    struct ls_session_params sp;
    struct ls_run_report rep;
    struct ls_session *keep;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    ops_sql(&o, "CREATE TABLE busy (id int)");
    ops_put(&o, "migrations/1_a.up.sql", "ALTER TABLE busy ADD x int;");
    p.url = o.url;
    ops_ok(ls_db_open(&p, &holder, err));
    ops_ok(ls_db_begin(holder, err));
    ops_ok(ls_db_exec(holder, "SELECT * FROM busy", 18, NULL, 0, NULL, err));
    sp = *ls_session_params(o.s);
    sp.lock_timeout_ms = 60000;
    keep = o.s;
    o.s = ls_session_new(&sp);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_OK);
    assert_null(holder);
    ls_run_report_release(&rep);
    /* Nobody lets go: lock_timeout ends it, and nothing is left. */
    ops_put(&o, "migrations/2_b.up.sql", "ALTER TABLE busy ADD y int;");
    ops_ok(ls_db_open(&p, &holder, err));
    ops_ok(ls_db_begin(holder, err));
    ops_ok(ls_db_exec(holder, "SELECT * FROM busy", 18, NULL, 0, NULL, err));
    ls_session_free(o.s);
    sp.lock_timeout_ms = 200;
    o.s = ls_session_new(&sp);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_FAILED);
    assert_string_equal(rep.err.sqlstate, "55P03");
    ls_run_report_release(&rep);
    ls_db_close(holder);
    ls_session_free(o.s);
    o.s = keep;
    ops_close(&o);
}

static void read_only_runs_nothing(bool pg)
{
    struct ls_run_report rep;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ls_session_set_read_only(o.s, true);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_E_REFUSED);
    ls_run_report_release(&rep);
    eng_is(&o, eng_tables(pg), "");
    ls_session_set_read_only(o.s, false);
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_OK);
    ls_run_report_release(&rep);
    ls_plan_free(plan);
    ops_close(&o);
}
ENG_BOTH(read_only_runs_nothing)

/* --- connections and files that are not there ------------------------------------------------------------------------------------------------ */

static enum ls_gate end_backend(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)plan;
    if (step == 1 && op > 1)
        ops_sql(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    return LS_GATE_GO;
}

static void a_server_that_goes_away(void **state)
{
    struct ls_run_report rep;
    struct ops o;
    struct ls_run_hooks hooks = {.gate = end_backend, .ctx = &o};

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    eng_lockstep_folder(&o);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CONNECT);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 1);
    eng_has(rep.applied.ptr, "Applied: 001.");
    eng_has(rep.applied.ptr, "says about 002: nothing, so it is pending");
    ls_run_report_release(&rep);
    eng_is(&o, eng_statuses(true), "1 applied");
    eng_is(&o, eng_tables(true), "a");
    /* The journal was told over a new connection. */
    eng_is(&o, "SELECT string_agg(event || coalesce(' ' || result, ''), ', ' ORDER BY seq) FROM lockstep_journal",
           "run_begin, applied ok, failed rolled back, run_end rolled-back");
    ops_close(&o);
}

static void a_sqlite_file_is_made_by_the_first_run_only(void **state)
{
    struct ops o;
    char *path;

    (void)state;
    ops_open(&o, "lockstep", false);
    eng_lockstep_folder(&o);
    path = ops_path(&o, "app.db");
    assert_int_equal(unlink(path), 0);
    eng_states(&o, "001 pending, 002 pending");
    assert_false(ls_path_exists(path));
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    assert_true(ls_path_exists(path));
    eng_states(&o, "001 applied, 002 applied");
    free(path);
    ops_close(&o);
}

static void a_locked_sqlite_file(void **state)
{
    struct ls_db_params p = {0};
    struct ls_session_params sp;
    struct ls_db *other = NULL;
    struct ls_run_report rep;
    struct ls_session *keep;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    eng_lockstep_folder(&o);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &other, err));
    ops_ok(ls_db_begin(other, err));
    sp = *ls_session_params(o.s);
    sp.busy_timeout_ms = 100;
    keep = o.s;
    o.s = ls_session_new(&sp);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_BUSY);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    ls_db_rollback(other);
    ls_db_close(other);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ls_session_free(o.s);
    o.s = keep;
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(changed_file_is_refused),
        ENG_BOTH_TESTS(changed_ledger_is_refused),
        ENG_BOTH_TESTS(the_fence_stops_what_changed_meanwhile),
        ENG_BOTH_TESTS(the_row_is_a_fence),
        ENG_BOTH_TESTS(stop_rolls_back),
        ENG_BOTH_TESTS(stop_before_the_body_leaves_no_intent),
        ENG_BOTH_TESTS(cancel_ends_a_running_statement),
        cmocka_unit_test(the_tools_lock_is_respected),
        cmocka_unit_test(waiting_for_the_lock_can_be_given_up),
        cmocka_unit_test(the_blocker_is_named),
        ENG_BOTH_TESTS(read_only_runs_nothing),
        cmocka_unit_test(a_server_that_goes_away),
        cmocka_unit_test(a_sqlite_file_is_made_by_the_first_run_only),
        cmocka_unit_test(a_locked_sqlite_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
