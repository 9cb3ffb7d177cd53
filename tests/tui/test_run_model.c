/* The stepper's data: from the engine's events to the state of each row. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tui/scene.h"

static void event(struct run_model *m, enum ls_event_kind kind, int step, int op, const struct ls_err *err)
{
    struct ls_event ev = {.kind = kind, .step = step, .op = op, .elapsed_us = 1500, .rows = 3, .err = err};

    run_model_event(m, &ev, 100);
}

static enum run_state state_of(const struct run_model *m, int step, int op)
{
    long row = run_model_find(m, step, op);

    assert_true(row >= 0);
    return m->rows.v[row].state;
}

static void begin(struct run_model *m, struct planref *p)
{
    run_model_init(m);
    run_model_set_plan(m, p);
    planref_put(p);
    run_model_start(m, RUN_MODE_ON, 0);
}

static void test_rows_show_what_matters(void **state)
{
    struct run_model m;

    (void)state;
    begin(&m, scene_plan(false));
    /* step, begin, two statements, ledger, commit; step, begin, statement, ledger, commit: the journal's place is no row */
    assert_int_equal(m.rows.n, 6 + 5);
    assert_int_equal(m.rows.v[0].kind, RUN_ROW_STEP);
    assert_int_equal(run_model_find(&m, 0, 4), -1);
    assert_int_equal(run_model_find(&m, 1, -1), 6);
    assert_int_equal(run_model_find(&m, 7, 0), -1);
    run_model_release(&m);
}

static void test_a_good_run(void **state)
{
    struct run_model m;

    (void)state;
    begin(&m, scene_plan(false));
    event(&m, LS_EV_STEP_BEGIN, 0, -1, NULL);
    event(&m, LS_EV_TX_BEGIN, 0, 0, NULL);
    assert_true(m.tx_open);
    event(&m, LS_EV_OP_BEGIN, 0, 1, NULL);
    assert_int_equal(state_of(&m, 0, 1), RUN_RUNNING);
    assert_int_equal(m.current, run_model_find(&m, 0, 1));
    event(&m, LS_EV_OP_END, 0, 1, NULL);
    assert_int_equal(state_of(&m, 0, 1), RUN_DONE);
    assert_int_equal(m.rows.v[run_model_find(&m, 0, 1)].rows, 3);
    event(&m, LS_EV_TX_COMMIT, 0, 5, NULL);
    assert_false(m.tx_open);
    assert_int_equal(state_of(&m, 0, 5), RUN_DONE);
    event(&m, LS_EV_STEP_END, 0, -1, NULL);
    assert_int_equal(state_of(&m, 0, -1), RUN_DONE);
    assert_int_equal(m.n_steps_done, 1);
    run_model_release(&m);
}

static void test_a_failure_takes_back_what_its_transaction_did(void **state)
{
    struct run_model m;
    struct ls_err bad = LS_ERR_INIT;
    struct ls_run_report r;

    (void)state;
    begin(&m, scene_plan(false));
    (void)ls_err_set(&bad, LS_E_SQL, "no such thing");
    event(&m, LS_EV_STEP_BEGIN, 0, -1, NULL);
    event(&m, LS_EV_TX_BEGIN, 0, 0, NULL);
    event(&m, LS_EV_OP_BEGIN, 0, 1, NULL);
    event(&m, LS_EV_OP_END, 0, 1, NULL);
    event(&m, LS_EV_OP_BEGIN, 0, 2, NULL);
    event(&m, LS_EV_OP_END, 0, 2, &bad);
    event(&m, LS_EV_TX_ROLLBACK, 0, -1, NULL);
    event(&m, LS_EV_STEP_END, 0, -1, &bad);
    assert_int_equal(state_of(&m, 0, 1), RUN_ROLLED_BACK);
    assert_int_equal(state_of(&m, 0, 2), RUN_FAILED);
    assert_string_equal(m.error_text, "no such thing");
    ls_run_report_init(&r);
    r.failed_step = 0;
    r.failed_op = 2;
    ls_err_move(&r.err, &bad);
    run_model_finish(&m, &r);
    assert_int_equal(m.phase, RUN_PHASE_FINISHED);
    assert_int_equal(state_of(&m, 0, -1), RUN_FAILED);
    assert_int_equal(state_of(&m, 0, 3), RUN_NOT_RUN);
    assert_int_equal(state_of(&m, 1, -1), RUN_NOT_RUN);
    assert_int_equal(m.current, run_model_find(&m, 0, 2));
    ls_run_report_release(&r);
    run_model_release(&m);
}

static void test_a_stop_is_no_failure(void **state)
{
    struct run_model m;
    struct ls_run_report r;

    (void)state;
    begin(&m, scene_plan(false));
    event(&m, LS_EV_STEP_BEGIN, 0, -1, NULL);
    run_model_gate(&m, 0, 0);
    assert_true(m.is_at_gate);
    assert_int_equal(state_of(&m, 0, 0), RUN_NEXT);
    ls_run_report_init(&r);
    r.failed_step = 0;
    r.failed_op = 0;
    (void)ls_err_set(&r.err, LS_E_CANCELLED, "stopped by the operator");
    run_model_finish(&m, &r);
    assert_int_equal(state_of(&m, 0, -1), RUN_NOT_RUN);
    assert_int_equal(state_of(&m, 0, 0), RUN_NOT_RUN);
    assert_false(m.is_at_gate);
    ls_run_report_release(&r);
    run_model_release(&m);
}

static void test_a_cancelled_statement_says_so(void **state)
{
    struct run_model m;
    struct ls_err bad = LS_ERR_INIT;

    (void)state;
    begin(&m, scene_plan(false));
    (void)ls_err_set(&bad, LS_E_CANCELLED, "canceling statement due to user request");
    event(&m, LS_EV_STEP_BEGIN, 0, -1, NULL);
    event(&m, LS_EV_OP_BEGIN, 0, 1, NULL);
    event(&m, LS_EV_OP_END, 0, 1, &bad);
    assert_int_equal(state_of(&m, 0, 1), RUN_CANCELLED);
    ls_err_release(&bad);
    run_model_release(&m);
}

static void test_waits_and_notices_are_kept(void **state)
{
    struct run_model m;
    struct ls_event ev = {.kind = LS_EV_LOCK_WAIT, .step = -1, .op = -1, .text = "pid 7, user ops"};

    (void)state;
    begin(&m, scene_plan(false));
    run_model_event(&m, &ev, 0);
    assert_string_equal(m.lock_wait, "pid 7, user ops");
    event(&m, LS_EV_OP_BEGIN, 0, 1, NULL);
    assert_null(m.lock_wait);
    ev = (struct ls_event){.kind = LS_EV_WAIT, .step = 0, .op = 1, .text = "pid 9 holds a lock"};
    run_model_event(&m, &ev, 0);
    assert_string_equal(m.blocked_by, "pid 9 holds a lock");
    ev.text = NULL;
    run_model_event(&m, &ev, 0);
    assert_null(m.blocked_by);
    ev = (struct ls_event){.kind = LS_EV_WAIT, .step = -1, .op = -1, .text = "another connection"};
    run_model_event(&m, &ev, 0);
    run_model_gate(&m, 0, 0); /* it is not waited for any more */
    assert_null(m.blocked_by);
    ev = (struct ls_event){.kind = LS_EV_NOTICE, .step = 0, .op = 1, .text = "NOTICE: x"};
    for (int i = 0; i < 1000; i++)
        run_model_event(&m, &ev, 0);
    assert_in_range(m.notices.n, 1, 500);
    run_model_release(&m);
}

static void test_events_outside_a_run_change_nothing(void **state)
{
    struct run_model m;
    struct planref *p = scene_plan(false);

    (void)state;
    run_model_init(&m);
    event(&m, LS_EV_OP_BEGIN, 0, 1, NULL);
    run_model_set_plan(&m, p);
    planref_put(p);
    event(&m, LS_EV_OP_BEGIN, 0, 1, NULL);
    assert_int_equal(state_of(&m, 0, 1), RUN_WAITING);
    run_model_set_plan(&m, NULL);
    assert_int_equal(m.phase, RUN_PHASE_NONE);
    assert_int_equal(run_model_find(&m, 0, 1), -1);
    run_model_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_show_what_matters),
        cmocka_unit_test(test_a_good_run),
        cmocka_unit_test(test_a_failure_takes_back_what_its_transaction_did),
        cmocka_unit_test(test_a_stop_is_no_failure),
        cmocka_unit_test(test_a_cancelled_statement_says_so),
        cmocka_unit_test(test_waits_and_notices_are_kept),
        cmocka_unit_test(test_events_outside_a_run_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
