#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

/* --- golang-migrate ---------------------------------------------------------------------------------------------------------------------- */

static void golang_up_and_down(bool pg)
{
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    eng_golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    eng_is(&o, eng_cursor(pg), "1/false");
    eng_is(&o, eng_tables(pg), "a");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_cursor(pg), "2/false");
    eng_is(&o, eng_tables(pg), "a,b,b2");
    eng_states(&o, "000001 applied, 000002 applied");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, eng_cursor(pg), "1/false");
    eng_is(&o, eng_tables(pg), "a");
    eng_run(&o, LS_ACTION_TO, 0, "2");
    eng_is(&o, eng_cursor(pg), "2/false");
    eng_run(&o, LS_ACTION_TO, 0, "none");
    eng_is(&o, eng_cursor(pg), "");
    eng_is(&o, eng_tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(golang_up_and_down)

/* formats.md 4.1: what the tool itself makes. */
static void golang_ledger_is_the_tools_own(bool pg)
{
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    eng_golang_folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    if (pg) {
        eng_is(&o,
               "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull, ', ' ORDER BY attnum) "
               "FROM pg_attribute WHERE attrelid = 'public.schema_migrations'::regclass AND attnum > 0",
               "version bigint true, dirty boolean true");
        eng_is(&o, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype <> 'n' AND conrelid = 'public.schema_migrations'::regclass", "PRIMARY KEY (version)");
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
    eng_golang_folder(&o);
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
    eng_is(&o, eng_cursor(pg), "10/true");
    eng_is(&o, eng_tables(pg), "a,b,b2");
    eng_states(&o, "000001 applied, 000002 applied, 10 dirty");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Dirty database version 10. Fix and force version.");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "Dirty database version 10");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "10");
    eng_is(&o, eng_cursor(pg), "2/false");
    ops_put(&o, "migrations/10_c.up.sql", "CREATE TABLE c (id int);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_cursor(pg), "10/false");
    ops_close(&o);
}
ENG_BOTH(golang_failed_up_is_dirty)

/* Failed down of 2 -> (1,true); failed down of the first -> (-1,true) (observed, formats.md 4.1). */
static void golang_failed_down_is_dirty_at_the_target(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    eng_golang_folder(&o);
    ops_put(&o, "migrations/000001_init.down.sql", "DROP TABLE nowhere;\n");
    ops_put(&o, "migrations/000002_b.down.sql", "DROP TABLE b;\nDROP TABLE nowhere;\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.applied.ptr, "Nothing was taken back.");
    eng_has(rep.next.ptr, "lockstep mark 000002 applied, then lockstep down 1");
    ls_run_report_release(&rep);
    eng_is(&o, eng_cursor(pg), "1/true");
    eng_is(&o, eng_tables(pg), "a,b,b2");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_is(&o, eng_cursor(pg), "2/false");
    ops_put(&o, "migrations/000002_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.n_steps_done, 1);
    ls_run_report_release(&rep);
    eng_is(&o, eng_cursor(pg), "-1/true");
    eng_states(&o, "-1 dirty, 000001 pending, 000002 pending");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Dirty database version -1");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "000001");
    eng_is(&o, eng_cursor(pg), "1/false");
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
    eng_is(&o, eng_cursor(pg), "1/false");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_cursor(pg), "3/false");
    eng_run(&o, LS_ACTION_DOWN, 2, NULL);
    eng_is(&o, eng_cursor(pg), "1/false");
    eng_is(&o, eng_tables(pg), "b");
    ops_close(&o);
}
ENG_BOTH(golang_missing_half_moves_the_cursor)

static void golang_concurrently_alone_in_its_file(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    eng_golang_folder(&o);
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

static void lockstep_up_and_down(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied");
    eng_is(&o, "SELECT name || '|' || description || '|' || applied_by || '|' || checksum FROM schema_migrations WHERE version = 1",
           "init|Makes a.|tester|d822892488cd91394a8cc0cf177ac3464b3cf70687017357e74795dd7715cc7a");
    eng_is(&o, "SELECT count(*) FROM schema_migrations WHERE duration_ms >= 0 AND applied_at IS NOT NULL", "2");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 rolled_back");
    eng_is(&o, eng_tables(pg), "a");
    eng_states(&o, "001 applied, 002 rolled-back");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied");
    eng_run(&o, LS_ACTION_TO, 0, "001");
    eng_is(&o, eng_statuses(pg), "1 applied, 2 rolled_back");
    ops_close(&o);
}
ENG_BOTH(lockstep_up_and_down)

static void lockstep_failure_leaves_nothing(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
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
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied");
    eng_is(&o, eng_tables(pg), "a,b,b2");
    eng_states(&o, "001 applied, 002 applied, 003 pending");
    ops_close(&o);
}
ENG_BOTH(lockstep_failure_leaves_nothing)

static void no_transaction_goes_through(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql",
            pg ? "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n" : "-- lockstep: no-transaction\nVACUUM;\n");
    ops_put(&o, "migrations/003_n.down.sql", pg ? "-- lockstep: no-transaction\nDROP INDEX CONCURRENTLY a_id;\n" : "-- lockstep: no-transaction\nVACUUM;\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied, 3 applied");
    eng_is(&o, "SELECT count(*) FROM schema_migrations WHERE version = 3 AND duration_ms IS NOT NULL AND checksum IS NOT NULL", "1");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied, 3 rolled_back");
    ops_close(&o);
}
ENG_BOTH(no_transaction_goes_through)

static void no_transaction_failure_is_dirty(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql", "-- lockstep: no-transaction\nCREATE TABLE n1 (id int);\nCREATE TABLE a (id int);\nCREATE TABLE n3 (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.verdict, LS_VERDICT_DIRTY);
    assert_int_equal(rep.failed_stmt, 2);
    eng_has(rep.applied.ptr, "Statement 1 of 3 took effect and stays.");
    eng_has(rep.applied.ptr, "Statement 2 failed, and left nothing of itself.");
    eng_has(rep.applied.ptr, "says about 003: failed");
    eng_has(rep.next.ptr, "lockstep mark 003 pending");
    ls_run_report_release(&rep);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied, 3 failed");
    eng_is(&o, eng_tables(pg), "a,b,b2,n1");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "version 003 is dirty");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "3");
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied, 3 applied");
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
    eng_is(&o, eng_tables(true), "");
    eng_is(&o, "SELECT count(*) FROM schema_migrations", "0");
    ops_close(&o);
}

/* What it sends is dropped; in a pipeline libpq would have no way out of it. */
static void copying_out_is_harmless(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    ops_put(&o, "migrations/1_c.up.sql", "CREATE TABLE a (id int);\ncopy (SELECT 1) TO STDOUT;\nCREATE TABLE b (id int);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_tables(true), "a,b");
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
    eng_is(&o, eng_cursor(false), "1/true");
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
    eng_is(&o, eng_tables(false), "");
    eng_is(&o, "SELECT count(*) FROM schema_migrations", "0");
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
        cmocka_unit_test(copying_out_is_harmless),
        cmocka_unit_test(escape_from_the_transaction_is_seen),
        cmocka_unit_test(a_rollback_by_sqlite_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
