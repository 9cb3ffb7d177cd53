/* What can come between a plan and its run, and between the run and the journal's last rows: a stop, a file that is no longer the
 * same, a ledger that is no longer the same, a session that was switched to reading only, another operator who has the lock now. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

/* --- a stop ---------------------------------------------------------------------------------------------------------------- */

static void forget_events(void *ctx, const struct ls_event *ev)
{
    int *n = ctx;

    *n += ev->kind == LS_EV_RUN_BEGIN || ev->kind == LS_EV_TX_BEGIN;
}

/* Nothing at all is written: neither the ledger nor the journal is made. */
static void a_stop_in_front_of_the_run(bool pg)
{
    int n_begun = 0;
    struct ls_run_hooks hooks = {.on_event = forget_events, .ctx = &n_begun};
    struct ls_run_report rep;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    ls_session_cancel(o.s);
    assert_int_equal(ls_run(o.s, plan, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 0);
    assert_int_equal(n_begun, 0);
    assert_string_equal(rep.run_id, "");
    ls_run_report_release(&rep);
    eng_is(&o,
           pg ? "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace" : "SELECT count(*) FROM sqlite_schema",
           "0");
    /* It was for this run: the next one goes through. */
    assert_false(ls_session_cancelled(o.s));
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_OK);
    ls_run_report_release(&rep);
    ls_plan_free(plan);
    ops_close(&o);
}
ENG_BOTH(a_stop_in_front_of_the_run)

/* --- another file, another ledger ------------------------------------------------------------------------------------------ */

static void expect_no_plan(struct ops *o, const struct ls_snapshot *snap, const char *words)
{
    struct ls_plan_request req = {.action = LS_ACTION_UP, .count = -1};
    struct ls_err err = LS_ERR_INIT;
    struct ls_plan *plan = NULL;

    assert_int_equal(ls_plan_make(o->s, snap, &req, &plan, &err), LS_E_CHANGED);
    eng_has(err.message, words);
    assert_null(plan);
    ls_err_release(&err);
}

/* The folder was looked at, and the file is another one when its text is loaded. */
static void a_file_that_changes_under_the_plan(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    eng_lockstep_folder(&o);
    snap = ops_snapshot(&o);
    ops_put(&o, "migrations/002_b.up.sql", "DROP TABLE a;\n");
    expect_no_plan(&o, snap, "migrations/002_b.up.sql has changed since it was read before");
    ls_snapshot_free(snap);
    ops_close(&o);
}

/* A part of a file: the file is too short for it now. */
static void a_file_that_shrinks_under_the_plan(void **state)
{
    struct ls_section section = {.start = 12, .end = 30, .line = 2};
    struct ls_source src;
    struct ls_err why = LS_ERR_INIT;
    struct ops o;
    char *path;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "part.sql", "-- one line\nSELECT 1;SELECT 2;\n-- more\n");
    path = ops_path(&o, "part.sql");
    section.path = path;
    ops_ok(ls_source_load(&section, LS_DIALECT_SQLITE, NULL, &src, err));
    assert_string_equal(src.text.ptr, "SELECT 1;SELECT 2;");
    assert_int_equal(src.stmts->n, 2);
    assert_int_equal(src.stmts->v[0].line, 2);
    /* The same length, other bytes: only the hash tells. */
    ops_put(&o, "part.sql", "-- one line\nSELECT 1;SELECT 3;\n-- more\n");
    {
        char *want = ls_strdup(src.sha256);

        ls_source_release(&src);
        assert_int_equal(ls_source_load(&section, LS_DIALECT_SQLITE, want, &src, &why), LS_E_CHANGED);
        ls_source_release(&src);
        ls_err_release(&why);
        free(want);
    }
    ops_put(&o, "part.sql", "-- one line\nSELECT 1;\n");
    assert_int_equal(ls_source_load(&section, LS_DIALECT_SQLITE, NULL, &src, &why), LS_E_CHANGED);
    eng_has(why.message, "part.sql has changed");
    ls_source_release(&src);
    ls_err_release(&why);
    free(path);
    ops_close(&o);
}

/* A row that no step touches: what runs would be the same, but somebody has been here since. */
static void a_ledger_that_changes_under_the_plan(bool pg)
{
    static const char *const changes[] = {
        "UPDATE schema_migrations SET applied_by = 'somebody' WHERE version = 1",
        "UPDATE schema_migrations SET description = 'other words' WHERE version = 1",
        "UPDATE schema_migrations SET duration_ms = 424242 WHERE version = 1",
    };
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    for (size_t i = 0; i < LS_ARRAY_LEN(changes); i++) {
        struct ls_plan *plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
        struct ls_run_report rep;

        ops_sql(&o, changes[i]);
        assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_E_CHANGED);
        eng_has(rep.err.message, "nothing was run");
        ls_run_report_release(&rep);
        ls_plan_free(plan);
        eng_is(&o, eng_statuses(pg), "1 applied");
    }
    ops_close(&o);
}
ENG_BOTH(a_ledger_that_changes_under_the_plan)

/* --- reading only ---------------------------------------------------------------------------------------------------------- */

static bool can_write(struct ops *o)
{
    static const char sql[] = "CREATE TABLE w (i int)";
    bool can;

    ops_ok(ls_session_connect(o->s, err));
    can = ls_db_exec(ls_session_db(o->s), sql, strlen(sql), NULL, 0, NULL, NULL) == LS_OK;
    if (can)
        ops_ok(ls_db_exec(ls_session_db(o->s), "DROP TABLE w", strlen("DROP TABLE w"), NULL, 0, NULL, err));
    return can;
}

/* The connection is another one at once, and not at the next run. */
static void switching_to_reading_only_and_back(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    assert_true(can_write(&o));
    ls_session_set_read_only(o.s, true);
    assert_false(can_write(&o));
    snap = ops_snapshot(&o);
    assert_false(snap->ledger.is_writable);
    ls_snapshot_free(snap);
    assert_false(can_write(&o));
    ls_session_set_read_only(o.s, false);
    assert_true(can_write(&o));
    ops_close(&o);
}
ENG_BOTH(switching_to_reading_only_and_back)

/* --- the lock, after the connection that held it was lost -------------------------------------------------------------------- */

struct rival {
    struct ops *o;
    struct ls_db *db;
    bool is_done;
};

/* The run's session is ended, and another operator has the lock before the run is back. */
static enum ls_gate end_session_and_take_lock(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct ls_db_params p = {0};
    struct rival *r = ctx;
    struct ls_ledger where = {.location = plan->ledger, .schema = "public"};
    int64_t keys[4];
    bool got = false;
    int n;

    if (step != 1 || op < 2 || r->is_done)
        return LS_GATE_GO;
    r->is_done = true;
    ops_sql(
        r->o,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    p.url = r->o->url;
    ops_ok(ls_db_open(&p, &r->db, err));
    n = ls_format_lockstep.lock_keys(r->db, NULL, &where, keys);
    assert_true(n > 0);
    for (int i = 0; !got && i < 1000; i++) {
        ops_ok(ls_db_try_lock(r->db, keys, n, &got, err));
        if (!got)
            usleep(10000);
    }
    assert_true(got);
    return LS_GATE_GO;
}

/* The chain grows under the lock only: somebody else may be writing it. */
static void the_journal_is_not_written_without_the_lock(void **state)
{
    struct ls_run_report rep;
    struct ops o;
    struct rival r = {.o = &o};
    struct ls_run_hooks hooks = {.gate = end_session_and_take_lock, .ctx = &r};

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    eng_lockstep_folder(&o);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CONNECT);
    assert_true(r.is_done);
    assert_int_equal(rep.n_steps_done, 1);
    ls_run_report_release(&rep);
    ls_db_close(r.db);
    eng_is(&o, "SELECT string_agg(event, ', ' ORDER BY seq) FROM lockstep_journal", "run_begin, applied");
    /* And the next run goes on with it. */
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT string_agg(event, ', ' ORDER BY seq) FROM lockstep_journal",
           "run_begin, applied, run_begin, applied, run_end");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(a_stop_in_front_of_the_run),           cmocka_unit_test(a_file_that_changes_under_the_plan),
        cmocka_unit_test(a_file_that_shrinks_under_the_plan), ENG_BOTH_TESTS(a_ledger_that_changes_under_the_plan),
        ENG_BOTH_TESTS(switching_to_reading_only_and_back),   cmocka_unit_test(the_journal_is_not_written_without_the_lock),
    };

    return cmocka_run_group_tests_name("run_before", tests, NULL, NULL);
}
