#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

#include <pthread.h>

/* --- golang-migrate ---------------------------------------------------------------------------------------------------------------------- */

static void golang_folder(struct ops *o)
{
    ops_put(o, "migrations/000001_init.up.sql", "CREATE TABLE a (id int);\n");
    ops_put(o, "migrations/000001_init.down.sql", "DROP TABLE a;\n");
    ops_put(o, "migrations/000002_b.up.sql", "CREATE TABLE b (id int);\nCREATE TABLE b2 (id int);\n");
    ops_put(o, "migrations/000002_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
}

static const char *cursor(bool pg)
{
    return pg ? "SELECT string_agg(version || '/' || dirty, ',') FROM schema_migrations"
              : "SELECT group_concat(version || '/' || CASE dirty WHEN 1 THEN 'true' WHEN 0 THEN 'false' END) FROM schema_migrations";
}

static const char *tables(bool pg)
{
    return pg ? "SELECT coalesce(string_agg(relname, ',' ORDER BY relname), '') FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE relkind = 'r' AND nspname = 'public' AND relname NOT IN ('schema_migrations', 'lockstep_journal')"
              : "SELECT coalesce(group_concat(name), '') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' "
                "AND name NOT IN ('schema_migrations', 'lockstep_journal') ORDER BY name)";
}

static void golang_up_and_down(bool pg)
{
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    eng_is(&o, cursor(pg), "1/false");
    eng_is(&o, tables(pg), "a");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, cursor(pg), "2/false");
    eng_is(&o, tables(pg), "a,b,b2");
    eng_states(&o, "000001 applied, 000002 applied");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, cursor(pg), "1/false");
    eng_is(&o, tables(pg), "a");
    eng_run(&o, LS_ACTION_TO, 0, "2");
    eng_is(&o, cursor(pg), "2/false");
    eng_run(&o, LS_ACTION_TO, 0, "none");
    eng_is(&o, cursor(pg), "");
    eng_is(&o, tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(golang_up_and_down)

/* formats.md 4.1: what the tool itself makes. */
static void golang_ledger_is_the_tools_own(bool pg)
{
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    if (pg) {
        eng_is(&o,
               "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull, ', ' ORDER BY attnum) "
               "FROM pg_attribute WHERE attrelid = 'public.schema_migrations'::regclass AND attnum > 0",
               "version bigint true, dirty boolean true");
        eng_is(&o, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'public.schema_migrations'::regclass", "PRIMARY KEY (version)");
    } else {
        eng_is(&o, "SELECT sql FROM sqlite_schema WHERE name = 'schema_migrations'", "CREATE TABLE schema_migrations (version uint64,dirty bool)");
        eng_is(&o, "SELECT sql FROM sqlite_schema WHERE name = 'version_unique'", "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)");
        eng_is(&o, "SELECT typeof(version) || ' ' || typeof(dirty) FROM schema_migrations", "integer integer");
    }
    ops_close(&o);
}
ENG_BOTH(golang_ledger_is_the_tools_own)

static void golang_failed_up_is_dirty(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    golang_folder(&o);
    ops_put(&o, "migrations/10_c.up.sql", "CREATE TABLE c (id int);\n\nCREATE TABLE a (id int);\nCREATE TABLE d (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.verdict, LS_VERDICT_DIRTY);
    assert_int_equal(rep.n_steps_done, 2);
    assert_int_equal(rep.failed_step, 2);
    assert_int_equal(rep.failed_stmt, 2);
    assert_int_equal(rep.failed_line, 3);
    eng_has(rep.err.message, "migrations/10_c.up.sql:3:");
    eng_has(rep.err.message, "(statement 2 of 3)");
    eng_has(rep.applied.ptr, "Applied: 000001, 000002.");
    eng_has(rep.applied.ptr, "nothing of it is in the database");
    eng_has(rep.applied.ptr, "version 10, dirty");
    eng_has(rep.next.ptr, "lockstep mark 10 pending");
    ls_run_report_release(&rep);
    eng_is(&o, cursor(pg), "10/true");
    eng_is(&o, tables(pg), "a,b,b2");
    eng_states(&o, "000001 applied, 000002 applied, 10 dirty");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Dirty database version 10. Fix and force version.");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "Dirty database version 10");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "10");
    eng_is(&o, cursor(pg), "2/false");
    ops_put(&o, "migrations/10_c.up.sql", "CREATE TABLE c (id int);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, cursor(pg), "10/false");
    ops_close(&o);
}
ENG_BOTH(golang_failed_up_is_dirty)

/* Failed down of 2 -> (1,true); failed down of the first -> (-1,true) (observed, formats.md 4.1). */
static void golang_failed_down_is_dirty_at_the_target(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    golang_folder(&o);
    ops_put(&o, "migrations/000001_init.down.sql", "DROP TABLE nowhere;\n");
    ops_put(&o, "migrations/000002_b.down.sql", "DROP TABLE b;\nDROP TABLE nowhere;\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.applied.ptr, "Nothing was taken back.");
    eng_has(rep.next.ptr, "lockstep mark 000002 applied, then lockstep down 1");
    ls_run_report_release(&rep);
    eng_is(&o, cursor(pg), "1/true");
    eng_is(&o, tables(pg), "a,b,b2");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_is(&o, cursor(pg), "2/false");
    ops_put(&o, "migrations/000002_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.n_steps_done, 1);
    ls_run_report_release(&rep);
    eng_is(&o, cursor(pg), "-1/true");
    eng_states(&o, "-1 dirty, 000001 pending, 000002 pending");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Dirty database version -1");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "000001");
    eng_is(&o, cursor(pg), "1/false");
    ops_close(&o);
}
ENG_BOTH(golang_failed_down_is_dirty_at_the_target)

/* A version with no up (or no down) file is run as an empty migration and the cursor moves. */
static void golang_missing_half_moves_the_cursor(bool pg)
{
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.down.sql", "DROP TABLE a;\n");
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE b (id int);\n");
    ops_put(&o, "migrations/3_empty.up.sql", "-- nothing here\n");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    eng_is(&o, cursor(pg), "1/false");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, cursor(pg), "3/false");
    eng_run(&o, LS_ACTION_DOWN, 2, NULL);
    eng_is(&o, cursor(pg), "1/false");
    eng_is(&o, tables(pg), "b");
    ops_close(&o);
}
ENG_BOTH(golang_missing_half_moves_the_cursor)

static void golang_concurrently_alone_in_its_file(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    golang_folder(&o);
    ops_put(&o, "migrations/3_i.up.sql", "CREATE INDEX CONCURRENTLY a_id ON a (id);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass", "t");
    ops_put(&o, "migrations/4_i.up.sql", "SELECT 1;\nCREATE INDEX CONCURRENTLY b_id ON b (id);\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "migrations/4_i.up.sql:2: statement 2 of 2 cannot run together");
    ops_close(&o);
}

/* A dump's first file empties the search_path for the session: the ledger is written by its full name, and later reads are not bent by it. */
static void session_settings_do_not_leak_into_reads(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    ops_put(&o, "migrations/1_a.up.sql", "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a (id int);\n");
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE public.b (id int);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "1 applied, 2 applied");
    ops_close(&o);
}

/* --- lockstep's own format ------------------------------------------------------------------------------------------------------------------ */

static void lockstep_folder(struct ops *o)
{
    ops_put(o, "migrations/001_init.up.sql", "-- Makes a.\nCREATE TABLE a (id int);\n");
    ops_put(o, "migrations/001_init.down.sql", "DROP TABLE a;\n");
    ops_put(o, "migrations/002_b.up.sql", "CREATE TABLE b (id int);\nCREATE TABLE b2 (id int);\n");
    ops_put(o, "migrations/002_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
}

static const char *statuses(bool pg)
{
    return pg ? "SELECT string_agg(version || ' ' || status, ', ' ORDER BY version) FROM schema_migrations"
              : "SELECT group_concat(version || ' ' || status, ', ') FROM (SELECT * FROM schema_migrations ORDER BY version)";
}

static void lockstep_up_and_down(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, statuses(pg), "1 applied, 2 applied");
    eng_is(&o, "SELECT name || '|' || description || '|' || applied_by || '|' || checksum FROM schema_migrations WHERE version = 1",
           "init|Makes a.|tester|d822892488cd91394a8cc0cf177ac3464b3cf70687017357e74795dd7715cc7a");
    eng_is(&o, "SELECT count(*) FROM schema_migrations WHERE duration_ms >= 0 AND applied_at IS NOT NULL", "2");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, statuses(pg), "1 applied, 2 rolled_back");
    eng_is(&o, tables(pg), "a");
    eng_states(&o, "001 applied, 002 rolled-back");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, statuses(pg), "1 applied, 2 applied");
    eng_run(&o, LS_ACTION_TO, 0, "001");
    eng_is(&o, statuses(pg), "1 applied, 2 rolled_back");
    ops_close(&o);
}
ENG_BOTH(lockstep_up_and_down)

static void lockstep_failure_leaves_nothing(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    ops_put(&o, "migrations/003_bad.up.sql", "CREATE TABLE c (id int);\nCREATE TABLE d (id int);\n  CRATE TABLE e (id int);\nSELECT 1;\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_FAILED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 2);
    assert_int_equal(rep.failed_stmt, 3);
    assert_int_equal(rep.failed_line, 3);
    assert_int_equal(rep.failed_col, 3);
    eng_has(rep.err.message, "migrations/003_bad.up.sql:3:3: ");
    eng_has(rep.err.message, "\"CRATE\"");
    eng_has(rep.err.message, "(statement 3 of 4)");
    eng_has(rep.applied.ptr, "Applied: 001, 002.");
    eng_has(rep.applied.ptr, "rolled back: nothing of it is in the database");
    eng_has(rep.applied.ptr, "says about 003: nothing, so it is pending");
    eng_has(rep.next.ptr, "Mend ");
    ls_run_report_release(&rep);
    eng_is(&o, statuses(pg), "1 applied, 2 applied");
    eng_is(&o, tables(pg), "a,b,b2");
    eng_states(&o, "001 applied, 002 applied, 003 pending");
    ops_close(&o);
}
ENG_BOTH(lockstep_failure_leaves_nothing)

static void no_transaction_goes_through(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql",
            pg ? "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n" : "-- lockstep: no-transaction\nVACUUM;\n");
    ops_put(&o, "migrations/003_n.down.sql", pg ? "-- lockstep: no-transaction\nDROP INDEX CONCURRENTLY a_id;\n" : "-- lockstep: no-transaction\nVACUUM;\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, statuses(pg), "1 applied, 2 applied, 3 applied");
    eng_is(&o, "SELECT count(*) FROM schema_migrations WHERE version = 3 AND duration_ms IS NOT NULL AND checksum IS NOT NULL", "1");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, statuses(pg), "1 applied, 2 applied, 3 rolled_back");
    ops_close(&o);
}
ENG_BOTH(no_transaction_goes_through)

static void no_transaction_failure_is_dirty(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql", "-- lockstep: no-transaction\nCREATE TABLE n1 (id int);\nCREATE TABLE a (id int);\nCREATE TABLE n3 (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.verdict, LS_VERDICT_DIRTY);
    assert_int_equal(rep.failed_stmt, 2);
    eng_has(rep.applied.ptr, "Statement 1 of 3 took effect and stays.");
    eng_has(rep.applied.ptr, "says about 003: failed");
    eng_has(rep.next.ptr, "lockstep mark 003 pending");
    ls_run_report_release(&rep);
    eng_is(&o, statuses(pg), "1 applied, 2 applied, 3 failed");
    eng_is(&o, tables(pg), "a,b,b2,n1");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "version 003 is dirty");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "3");
    eng_is(&o, statuses(pg), "1 applied, 2 applied, 3 applied");
    ops_close(&o);
}
ENG_BOTH(no_transaction_failure_is_dirty)

/* A deferred constraint is found before the ledger row is written, and named with its file. */
static void deferred_errors_come_before_the_row(void **state)
{
    struct ls_run_report rep;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    ops_put(&o, "migrations/1_d.up.sql",
            "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE k (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO k VALUES (7);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_FAILED);
    assert_string_equal(rep.err.sqlstate, "23503");
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    eng_is(&o, tables(true), "");
    eng_is(&o, "SELECT count(*) FROM schema_migrations", "0");
    ops_close(&o);
}

/* Statically refused, so only what text does not show can escape: here a trigger that rolls back. */
static void escape_from_the_transaction_is_seen(void **state)
{
    struct ls_run_report rep;
    struct ops o;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/1_e.up.sql", "CREATE TABLE e (id int);\nCOMMIT;\nCREATE TABLE f (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.verdict, LS_VERDICT_DIRTY);
    eng_has(rep.err.message, "escaped its transaction");
    ls_run_report_release(&rep);
    eng_is(&o, cursor(false), "1/true");
    ops_close(&o);
}

static void a_rollback_by_sqlite_itself(void **state)
{
    struct ls_run_report rep;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_r.up.sql",
            "CREATE TABLE r (id int);\nCREATE TRIGGER t BEFORE INSERT ON r BEGIN SELECT RAISE(ROLLBACK, 'no'); END;\n"
            "INSERT INTO r VALUES (1);\nCREATE TABLE s (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_FAILED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.failed_stmt, 3);
    ls_run_report_release(&rep);
    eng_is(&o, tables(false), "");
    eng_is(&o, "SELECT count(*) FROM schema_migrations", "0");
    ops_close(&o);
}

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
    lockstep_folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    ops_put(&o, "migrations/001_init.up.sql", "CREATE TABLE other (id int);\n");
    expect_changed(&o, plan);
    eng_is(&o, tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(changed_file_is_refused)

static void changed_ledger_is_refused(bool pg)
{
    struct ops o;
    struct ls_plan *plan;

    ops_open(&o, "golang-migrate", pg);
    golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "UPDATE schema_migrations SET version = 2");
    expect_changed(&o, plan);
    eng_is(&o, tables(pg), "a");
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
    golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, 1, NULL, &hooks, &rep), LS_E_CHANGED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    eng_is(&o, cursor(pg), "7/false");
    eng_is(&o, tables(pg), "a");
    ops_close(&o);
}
ENG_BOTH(the_fence_stops_what_changed_meanwhile)

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
    lockstep_folder(&o);
    /* begin 001, statement, begin 002, statement 1, statement 2: stopped */
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(s.asked, 5);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 1);
    eng_has(rep.applied.ptr, "Stopped at: the up of 002.");
    ls_run_report_release(&rep);
    eng_is(&o, tables(pg), "a");
    eng_is(&o, statuses(pg), "1 applied");
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
    golang_folder(&o);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    eng_is(&o, cursor(pg), "");
    eng_is(&o, tables(pg), "");
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
    eng_is(&o, tables(pg), "");
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
    golang_folder(&o);
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

static void read_only_runs_nothing(bool pg)
{
    struct ls_run_report rep;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    ls_session_set_read_only(o.s, true);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_E_REFUSED);
    ls_run_report_release(&rep);
    eng_is(&o, tables(pg), "");
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
    lockstep_folder(&o);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CONNECT);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 1);
    eng_has(rep.applied.ptr, "Applied: 001.");
    eng_has(rep.applied.ptr, "says about 002: nothing, so it is pending");
    ls_run_report_release(&rep);
    eng_is(&o, statuses(true), "1 applied");
    eng_is(&o, tables(true), "a");
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
    lockstep_folder(&o);
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
    lockstep_folder(&o);
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

/* --- marks and import ------------------------------------------------------------------------------------------------------------------------ */

static void marks_write_only_the_ledger(bool pg)
{
    struct ops o;
    struct ls_plan *plan;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_is(&o, statuses(pg), "2 applied");
    eng_is(&o, tables(pg), "");
    eng_states(&o, "001 out-of-order, 002 applied");
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    assert_int_equal(plan->steps.n, 0);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "002_b");
    eng_is(&o, statuses(pg), "2 rolled_back");
    eng_refused(&o, LS_ACTION_MARK_APPLIED, 0, "99", LS_E_NOT_FOUND, "no migration \"99\"");
    /* Accepting a file that was changed after it was applied. */
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/001_init.up.sql", "CREATE TABLE a (id bigint);\n");
    eng_states(&o, "001 modified, 002 applied");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "1");
    eng_states(&o, "001 applied, 002 applied");
    ops_close(&o);
}
ENG_BOTH(marks_write_only_the_ledger)

static void legacy_cursor_is_imported_once(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    ops_put(&o, "migrations/003_c.up.sql", "CREATE TABLE c (id int);\n");
    ops_sql(&o, "CREATE TABLE schema_version (version int); INSERT INTO schema_version VALUES (2);");
    snap = ops_snapshot(&o);
    assert_true(snap->ledger.has_legacy);
    eng_has(snap->legacy_note, "schema_version");
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "lockstep mark --import");
    eng_run(&o, LS_ACTION_IMPORT, 0, NULL);
    eng_is(&o, statuses(pg), "1 applied, 2 applied");
    eng_is(&o, "SELECT count(*) FROM schema_migrations WHERE description = 'imported from schema_version' AND applied_at IS NULL AND checksum IS NULL", "2");
    eng_is(&o, "SELECT version FROM schema_version", "2");
    eng_states(&o, "001 applied, 002 applied, 003 pending");
    eng_refused(&o, LS_ACTION_IMPORT, 0, NULL, LS_E_NOT_FOUND, "imported before");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, tables(pg), "c,schema_version");
    ops_close(&o);
}
ENG_BOTH(legacy_cursor_is_imported_once)

static void legacy_list_loses_nothing(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    lockstep_folder(&o);
    ops_sql(&o, "CREATE TABLE schema_version (version int); INSERT INTO schema_version VALUES (2); INSERT INTO schema_version VALUES (40);");
    eng_run(&o, LS_ACTION_IMPORT, 0, NULL);
    eng_is(&o, statuses(pg), "2 applied, 40 applied");
    eng_states(&o, "001 out-of-order, 002 applied, 40 missing");
    ops_close(&o);
}
ENG_BOTH(legacy_list_loses_nothing)

/* --- real input -------------------------------------------------------------------------------------------------------------------------------- */

static char *corpus(void)
{
    const char *src = getenv("LS_SRCDIR");
    char *path = ls_asprintf("%s/../shared/corpus/golang-migrate-postgres/concourse", src != NULL ? src : ".");

    if (ls_path_kind(path) == LS_PATH_DIR)
        return path;
    free(path);
    return NULL;
}

/* The folder with one of its two files of version 1626194317 renumbered, as golang-migrate itself would ask for. */
static void copy_corpus(struct ops *o, const char *dir)
{
    struct ls_dir d = {0};

    ops_ok(ls_dir_read(dir, &d, err));
    for (size_t i = 0; i < d.e.n; i++) {
        char *from = ls_path_join(dir, d.e.v[i].name), *to = ls_asprintf("migrations/%s", d.e.v[i].name);
        struct ls_buf text = LS_BUF_INIT;

        if (strncmp(d.e.v[i].name, "1626194317_add_pipeline", 23) == 0)
            to[strlen("migrations/162619431")] = '8';
        ops_ok(ls_file_read(from, 0, 0, &text, err));
        ops_put(o, to, text.ptr);
        ls_buf_release(&text);
        free(from);
        free(to);
    }
    ls_dir_release(&d);
}

static void refuses_the_folder_as_it_is(struct ops *o, const char *dir)
{
    struct ls_session_params sp = *ls_session_params(o->s);
    struct ls_session *keep = o->s;

    sp.migrations_dir = dir;
    o->s = ls_session_new(&sp);
    eng_refused(o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "duplicate migration file: ");
    ls_session_free(o->s);
    o->s = keep;
}

static void a_real_folder_up_and_down(void **state)
{
    char *dir = corpus();
    struct ls_run_report rep;
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    if (dir == NULL) {
        test_skip("the folder of real migrations is not beside the source tree");
        return;
    }
    ops_open(&o, NULL, true);
    refuses_the_folder_as_it_is(&o, dir);
    copy_corpus(&o, dir);
    free(dir);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT string_agg(version || ' ' || dirty, ',') FROM schema_migrations", "1783024587 false");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->format->name, "golang-migrate");
    assert_int_equal(snap->timeline.e.n, 151); /* 149 up files, and two versions that have only a down file */
    assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], 151);
    ls_snapshot_free(snap);
    /* Its own down file is broken: what it drops was made by a program that is not in the folder. */
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.err.message, "1561558376_add_type_to_resources.down.sql:2:");
    eng_has(rep.err.message, "(statement 1 of 1)");
    eng_has(rep.applied.ptr, "Failed: the down of 1561558376.");
    eng_has(rep.applied.ptr, "nothing of it is in the database");
    eng_has(rep.next.ptr, "lockstep mark 1561558376 pending");
    ls_run_report_release(&rep);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "1561558376");
    eng_is(&o, "SELECT dirty FROM schema_migrations", "f");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(golang_up_and_down),
        ENG_BOTH_TESTS(golang_ledger_is_the_tools_own),
        ENG_BOTH_TESTS(golang_failed_up_is_dirty),
        ENG_BOTH_TESTS(golang_failed_down_is_dirty_at_the_target),
        ENG_BOTH_TESTS(golang_missing_half_moves_the_cursor),
        cmocka_unit_test(golang_concurrently_alone_in_its_file),
        cmocka_unit_test(session_settings_do_not_leak_into_reads),
        ENG_BOTH_TESTS(lockstep_up_and_down),
        ENG_BOTH_TESTS(lockstep_failure_leaves_nothing),
        ENG_BOTH_TESTS(no_transaction_goes_through),
        ENG_BOTH_TESTS(no_transaction_failure_is_dirty),
        cmocka_unit_test(deferred_errors_come_before_the_row),
        cmocka_unit_test(escape_from_the_transaction_is_seen),
        cmocka_unit_test(a_rollback_by_sqlite_itself),
        ENG_BOTH_TESTS(changed_file_is_refused),
        ENG_BOTH_TESTS(changed_ledger_is_refused),
        ENG_BOTH_TESTS(the_fence_stops_what_changed_meanwhile),
        ENG_BOTH_TESTS(stop_rolls_back),
        ENG_BOTH_TESTS(stop_before_the_body_leaves_no_intent),
        ENG_BOTH_TESTS(cancel_ends_a_running_statement),
        cmocka_unit_test(the_tools_lock_is_respected),
        ENG_BOTH_TESTS(read_only_runs_nothing),
        cmocka_unit_test(a_server_that_goes_away),
        cmocka_unit_test(a_sqlite_file_is_made_by_the_first_run_only),
        cmocka_unit_test(a_locked_sqlite_file),
        ENG_BOTH_TESTS(marks_write_only_the_ledger),
        ENG_BOTH_TESTS(legacy_cursor_is_imported_once),
        ENG_BOTH_TESTS(legacy_list_loses_nothing),
        cmocka_unit_test(a_real_folder_up_and_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
