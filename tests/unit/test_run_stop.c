/* A run that is asked to stop at the moments when nothing is being sent. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

struct stopper {
    int stop_at; /* cancelled at the n-th question; 0: at none */
    int asked;
    struct ls_session *session;
};

/* A cancel that comes while the operator is asked counts more than the answer, and nobody is asked again. */
static enum ls_gate cancel_and_go(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct stopper *s = ctx;

    (void)plan;
    (void)step;
    (void)op;
    if (++s->asked == s->stop_at)
        ls_session_cancel(s->session);
    return LS_GATE_GO;
}

static void cancel_while_asked(bool pg)
{
    struct stopper s = {.stop_at = 2};
    struct ls_run_hooks hooks = {.gate = cancel_and_go, .ctx = &s};
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    s.session = o.s;
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(s.asked, 2);
    assert_int_equal(rep.failed_op, -1); /* the statement was not sent at all */
    ls_run_report_release(&rep);
    eng_is(&o, eng_tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(cancel_while_asked)

/* From an event, when nothing is running: before the next question. */
static void cancel_at_step_end(void *ctx, const struct ls_event *ev)
{
    struct stopper *s = ctx;

    if (ev->kind == LS_EV_STEP_END)
        ls_session_cancel(s->session);
}

static void cancel_between_steps(bool pg)
{
    struct stopper s = {0};
    struct ls_run_hooks hooks = {.on_event = cancel_at_step_end, .gate = cancel_and_go, .ctx = &s};
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    s.session = o.s;
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(s.asked, 2); /* of 001 only */
    ls_run_report_release(&rep);
    eng_is(&o, eng_statuses(pg), "1 applied");
    ops_close(&o);
}
ENG_BOTH(cancel_between_steps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(cancel_while_asked),
        ENG_BOTH_TESTS(cancel_between_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
