#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

/* --- marks and import ------------------------------------------------------------------------------------------------------------------------ */

static void marks_write_only_the_ledger(bool pg)
{
    struct ops o;
    struct ls_plan *plan;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_is(&o, eng_statuses(pg), "2 applied");
    eng_is(&o, eng_tables(pg), "");
    eng_states(&o, "001 out-of-order, 002 applied");
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    assert_int_equal(plan->steps.n, 0);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "002_b");
    eng_is(&o, eng_statuses(pg), "2 rolled_back");
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
    struct ls_run_report rep;
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ops_put(&o, "migrations/003_c.up.sql", "CREATE TABLE c (id int);\n");
    ops_sql(&o, "CREATE TABLE schema_version (version int); INSERT INTO schema_version VALUES (2);");
    snap = ops_snapshot(&o);
    assert_true(snap->ledger.has_legacy);
    eng_has(snap->legacy_note, "schema_version");
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "lockstep mark --import");
    assert_int_equal(eng_try(&o, LS_ACTION_IMPORT, 0, NULL, NULL, &rep), LS_OK);
    assert_string_equal(rep.applied.ptr, "Imported: 2 versions of schema_version.\n");
    ls_run_report_release(&rep);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied");
    eng_is(&o, "SELECT count(*) FROM schema_migrations WHERE description = 'imported from schema_version' AND applied_at IS NULL AND checksum IS NULL", "2");
    eng_is(&o, "SELECT version FROM schema_version", "2");
    eng_states(&o, "001 applied, 002 applied, 003 pending");
    eng_refused(&o, LS_ACTION_IMPORT, 0, NULL, LS_E_NOT_FOUND, "imported before");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_tables(pg), "c,schema_version");
    ops_close(&o);
}
ENG_BOTH(legacy_cursor_is_imported_once)

static void legacy_list_loses_nothing(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ops_sql(&o, "CREATE TABLE schema_version (version int); INSERT INTO schema_version VALUES (2); INSERT INTO schema_version VALUES (40);");
    eng_run(&o, LS_ACTION_IMPORT, 0, NULL);
    eng_is(&o, eng_statuses(pg), "2 applied, 40 applied");
    eng_states(&o, "001 out-of-order, 002 applied, 040 missing");
    ops_close(&o);
}
ENG_BOTH(legacy_list_loses_nothing)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(marks_write_only_the_ledger),
        ENG_BOTH_TESTS(legacy_cursor_is_imported_once),
        ENG_BOTH_TESTS(legacy_list_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
