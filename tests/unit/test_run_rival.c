/* Somebody else writes to the same SQLite file while a run is under way. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

struct rival {
    struct ls_db *db;
    bool is_done;
};

/* The run waits for the lock: now the rival is through. */
static void commit_when_waited_for(void *ctx, const struct ls_event *ev)
{
    struct rival *r = ctx;

    if (ev->kind != LS_EV_WAIT || r->is_done)
        return;
    r->is_done = true;
    ops_ok(ls_db_commit(r->db, err));
}

/* The write lock is taken at BEGIN, before the fence looks: what the rival wrote is seen, and neither keeps the other from going on. */
static void the_lock_comes_before_the_fence(void **state)
{
    static const char row[] = "INSERT INTO schema_migrations (version, name, status) VALUES (2, 'b', 'applied')";
    struct ls_db_params p = {0};
    struct rival r = {0};
    struct ls_run_hooks hooks = {.on_event = commit_when_waited_for, .ctx = &r};
    struct ls_run_report rep;
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    o.no_journal = true; /* its first row would wait, before the plan's own lock */
    ops_session(&o, "lockstep");
    eng_lockstep_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &r.db, err));
    ops_ok(ls_db_begin(r.db, err));
    ops_ok(ls_db_exec(r.db, row, strlen(row), NULL, 0, NULL, err));
    assert_int_equal(ls_run(o.s, plan, &hooks, &rep), LS_E_CHANGED);
    assert_true(r.is_done);
    ls_run_report_release(&rep);
    ls_db_close(r.db);
    ls_plan_free(plan);
    eng_is(&o, eng_tables(false), "a");
    eng_is(&o, eng_statuses(false), "1 applied, 2 applied");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lock_comes_before_the_fence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
