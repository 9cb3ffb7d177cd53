/* What keeps two writers of lockstep's own ledger apart on PostgreSQL, where no fence is asked for first: the key, the table's
 * lock, the status in the row's own write; and that deferred errors come out in front of the row. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

/* --- the key --------------------------------------------------------------------------------------------------------------- */

static int64_t key_of(const char *database, const char *ledger)
{
    struct ls_buf b = LS_BUF_INIT;
    char hex[LS_SHA256_HEX], first[17];
    uint64_t key;
    int64_t as_signed;

    ls_buf_add(&b, "lockstep", sizeof "lockstep");
    ls_buf_add(&b, database, strlen(database) + 1);
    ls_buf_adds(&b, ledger);
    ls_sha256_hex(b.ptr, b.len, hex);
    snprintf(first, sizeof first, "%.16s", hex);
    key = strtoull(first, NULL, 16);
    memcpy(&as_signed, &key, sizeof key);
    ls_buf_release(&b);
    return as_signed;
}

/* It is a promise to every version: another one on the same database must come to the same number. */
static void the_key(void **state)
{
    static const char *const ledgers[] = {"public.schema_migrations", "audit.schema_migrations", "public.other"};
    struct ls_db_params p = {0};
    struct ls_db *db = NULL;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &db, err));
    for (size_t i = 0; i < LS_ARRAY_LEN(ledgers); i++) {
        struct ls_ledger l = {.location = ledgers[i]};
        int64_t keys[4] = {0};

        assert_int_equal(ls_format_lockstep.lock_keys(db, NULL, &l, keys), 1);
        assert_true(keys[0] == key_of(ls_db_info(db)->database, ledgers[i]));
    }
    ls_db_close(db);
    ops_close(&o);
}

/* --- the table's lock ----------------------------------------------------------------------------------------------------------
 */

struct looker {
    struct ops *o;
    int n_looks;
};

/* In front of each statement: the ledger is locked already, so that nobody who does not ask for the key writes it in between. */
static enum ls_gate look_at_locks(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct looker *l = ctx;

    if (plan->steps.v[step].ops.v[op].kind != LS_OP_STATEMENT)
        return LS_GATE_GO;
    l->n_looks++;
    eng_is(l->o,
           "SELECT count(*) FROM pg_locks WHERE relation = 'schema_migrations'::regclass AND mode = 'ShareRowExclusiveLock' AND "
           "granted",
           "1");
    return LS_GATE_GO;
}

static void the_ledger_is_locked_while_it_runs(void **state)
{
    struct ops o;
    struct looker l = {.o = &o};
    struct ls_run_hooks hooks = {.gate = look_at_locks, .ctx = &l};
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    eng_lockstep_folder(&o);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_OK);
    assert_int_equal(l.n_looks, 3);
    ls_run_report_release(&rep);
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, 1, NULL, &hooks, &rep), LS_OK);
    assert_int_equal(l.n_looks, 5);
    ls_run_report_release(&rep);
    ops_close(&o);
}

/* --- the status ------------------------------------------------------------------------------------------------------------------
 */

struct writer {
    struct ops *o;
    const char *sql;
};

static void write_at_begin(void *ctx, const struct ls_event *ev)
{
    struct writer *w = ctx;

    if (ev->kind == LS_EV_STEP_BEGIN)
        ops_sql(w->o, w->sql);
}

/* The row is there, but it says something else than it did: nothing is written over it. On SQLite the fence says so, here the
 * write. */
static void a_row_that_changed_is_not_written_over(bool pg)
{
    static const struct {
        enum ls_action action;
        const char *version, *from, *to, *left;
    } cases[] = {
        {LS_ACTION_UP, NULL, "rolled_back", "applied", "1 applied, 2 applied"},
        {LS_ACTION_UP, NULL, "rolled_back", "failed", "1 applied, 2 failed"},
        {LS_ACTION_DOWN, NULL, "applied", "failed", "1 applied, 2 failed"},
        {LS_ACTION_DOWN, NULL, "applied", "rolled_back", "1 applied, 2 rolled_back"},
        {LS_ACTION_MARK_PENDING, "2", "failed", "applied", "1 applied, 2 applied"},
        {LS_ACTION_MARK_APPLIED, "2", "failed", "rolled_back", "1 applied, 2 rolled_back"},
    };

    struct ops o;
    struct writer w = {.o = &o};
    struct ls_run_hooks hooks = {.on_event = write_at_begin, .ctx = &w};

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_run_report rep;
        char *before, *after;
        enum ls_rc rc;

        eng_run(&o, LS_ACTION_UP, -1, NULL);
        if (cases[i].action == LS_ACTION_UP)
            eng_run(&o, LS_ACTION_DOWN, 1, NULL);
        before = ls_asprintf("UPDATE schema_migrations SET status = '%s' WHERE version = 2", cases[i].from);
        after = ls_asprintf("UPDATE schema_migrations SET status = '%s' WHERE version = 2", cases[i].to);
        ops_sql(&o, before);
        w.sql = after;
        rc = eng_try(&o, cases[i].action, 1, cases[i].version, &hooks, &rep);
        if (rc != LS_E_CHANGED)
            fail_msg("%s from %s to %s: %s", ls_action_name(cases[i].action), cases[i].from, cases[i].to, ls_rc_name(rc));
        assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
        ls_run_report_release(&rep);
        eng_is(&o, eng_statuses(pg), cases[i].left);
        eng_is(&o, eng_tables(pg), cases[i].action == LS_ACTION_UP ? "a" : "a,b,b2");
        free(before);
        free(after);
        ops_sql(&o, "DROP TABLE IF EXISTS b; DROP TABLE IF EXISTS b2; DELETE FROM schema_migrations WHERE version = 2;");
    }
    ops_close(&o);
}
ENG_BOTH(a_row_that_changed_is_not_written_over)

/* --- deferred errors
 * --------------------------------------------------------------------------------------------------------------- */

static void deferred_errors_come_before_the_row(void **state)
{
    struct ls_run_report rep;
    struct ls_plan *plan;
    const struct ls_op *op;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    ops_put(&o, "migrations/001_fk.up.sql",
            "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n"
            "INSERT INTO c VALUES (1);\n");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_E_FAILED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_string_equal(rep.err.sqlstate, "23503");
    assert_int_equal(rep.failed_step, 0);
    assert_true(rep.failed_op >= 0);
    op = &plan->steps.v[0].ops.v[rep.failed_op];
    assert_int_equal(op->kind, LS_OP_LEDGER);
    eng_has(op->sql, "SET CONSTRAINTS ALL IMMEDIATE");
    ls_run_report_release(&rep);
    ls_plan_free(plan);
    eng_is(&o, eng_tables(true), "");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key),
        cmocka_unit_test(the_ledger_is_locked_while_it_runs),
        ENG_BOTH_TESTS(a_row_that_changed_is_not_written_over),
        cmocka_unit_test(deferred_errors_come_before_the_row),
    };

    return cmocka_run_group_tests_name("lockstep_fences", tests, NULL, NULL);
}
