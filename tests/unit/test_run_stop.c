/* A run that is asked to stop at the moments when nothing is being sent. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
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

/* An operator who looks at each statement before it runs. */
struct thinker {
    int64_t paused_us, step_us; /* at gates; of the step, as its end told it */
};

static enum ls_gate think(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct thinker *t = ctx;
    int64_t from = ls_mono_us(), now = from;

    (void)plan;
    (void)step;
    (void)op;
    for (; now - from < 200000; now = ls_mono_us())
        (void)poll(NULL, 0, 20);
    t->paused_us += now - from;
    return LS_GATE_GO;
}

static void keep_step_time(void *ctx, const struct ls_event *ev)
{
    struct thinker *t = ctx;

    if (ev->kind == LS_EV_STEP_END)
        t->step_us = ev->elapsed_us;
}

static void duration_is_at_most(const struct ops *o, int64_t ms, const char *sql)
{
    char *told = ops_get(o, sql);

    assert_in_range(strtoll(told, NULL, 10), 0, ms);
    free(told);
}

/* What a migration is said to take is the time at work. */
static void pauses_do_not_count(bool pg)
{
    struct thinker t = {0};
    struct ls_run_hooks hooks = {.on_event = keep_step_time, .gate = think, .ctx = &t};
    struct ls_run_report rep;
    int64_t began, work_ms;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    began = ls_mono_us();
    assert_int_equal(eng_try(&o, LS_ACTION_UP, 1, NULL, &hooks, &rep), LS_OK);
    work_ms = (ls_mono_us() - began - t.paused_us) / 1000;
    assert_true(t.paused_us >= 400000);
    assert_in_range(rep.elapsed_ms, 0, work_ms);
    assert_in_range(t.step_us, 0, (work_ms + 1) * 1000);
    duration_is_at_most(&o, work_ms, "SELECT duration_ms FROM schema_migrations");
    duration_is_at_most(&o, work_ms, "SELECT duration_ms FROM lockstep_journal WHERE event = 'applied'");
    duration_is_at_most(&o, work_ms, "SELECT duration_ms FROM lockstep_journal WHERE event = 'run_end'");
    ls_run_report_release(&rep);
    ops_close(&o);
}
ENG_BOTH(pauses_do_not_count)

/* While the server commits: what it does cannot be stopped any more, and is not said to have been. */
static void cancel_in_commit(void *ctx, const struct ls_event *ev)
{
    struct stopper *s = ctx;

    if (ev->kind != LS_EV_WAIT || ev->step < 0 || ev->op < 0 || ev->plan->steps.v[ev->step].ops.v[ev->op].kind != LS_OP_COMMIT)
        return;
    s->asked++;
    ls_session_cancel(s->session);
}

/* Behind the last statement: what has run is written down, too late for stopping. */
static void cancel_behind_the_body(void *ctx, const struct ls_event *ev)
{
    struct stopper *s = ctx;

    if (ev->kind != LS_EV_OP_END || ev->step < 0 || ev->plan->steps.v[ev->step].ops.v[ev->op].kind != LS_OP_BATCH)
        return;
    s->asked++;
    ls_session_cancel(s->session);
}

/* The ledger's last word takes half a second: as it is written, or as it is committed. */
static void cancel_too_late(bool in_commit)
{
    struct stopper s = {0};
    struct ls_run_hooks hooks = {.on_event = in_commit ? cancel_in_commit : cancel_behind_the_body, .ctx = &s};
    struct ls_run_report rep;
    struct ops o;

    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    eng_golang_folder(&o);
    ops_sql(&o, "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null);"
                "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF NOT NEW.dirty THEN PERFORM pg_sleep(0.5); END IF; RETURN NULL; END $$;");
    ops_sql(&o, in_commit ? "CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON schema_migrations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
                            " EXECUTE FUNCTION dawdle();"
                          : "CREATE TRIGGER dawdle AFTER INSERT ON schema_migrations FOR EACH ROW EXECUTE FUNCTION dawdle();");
    s.session = o.s;
    assert_int_equal(eng_try(&o, LS_ACTION_UP, 1, NULL, &hooks, &rep), LS_OK);
    assert_true(s.asked > 0);
    assert_int_equal(rep.verdict, LS_VERDICT_DONE);
    ls_run_report_release(&rep);
    eng_is(&o, eng_cursor(true), "1/false");
    ops_close(&o);
}

static void a_commit_is_not_cancelled(void **state)
{
    (void)state;
    cancel_too_late(true);
}

static void a_completion_is_not_cancelled(void **state)
{
    (void)state;
    cancel_too_late(false);
}

#ifdef LS_WITH_SQLITE
/* A reader keeps SQLite's COMMIT from its lock, with no busy timeout at all, and goes when it is in the way (V14). */
struct reader {
    const char *url;
    struct ls_db *db;
    atomic_bool gave_up;
};

static bool is_in_the_way(const char *url)
{
    struct ls_db_params p = {.url = url, .busy_timeout_ms = -1};
    struct ls_db *db = NULL;
    struct ls_result r = {0};
    /* Behind the lock of a writer that waits for its readers nobody new comes in. */
    bool is = ls_db_open(&p, &db, NULL) == LS_E_BUSY || ls_db_query(db, "SELECT count(*) FROM sqlite_schema", NULL, 0, &r, NULL) == LS_E_BUSY;

    ls_result_release(&r);
    ls_db_close(db);
    return is;
}

static void *leave_when_in_the_way(void *arg)
{
    struct reader *r = arg;
    int64_t until = ls_mono_ms() + 8000;

    while (!is_in_the_way(r->url) && ls_mono_ms() < until)
        sched_yield();
    atomic_store(&r->gave_up, ls_mono_ms() < until);
    ls_db_rollback(r->db);
    return NULL;
}

static void commit_waits_for_a_reader(void **state)
{
    struct ls_db_params p = {0};
    struct reader reader = {0};
    struct ls_session_params sp;
    struct ls_session *quick;
    struct ls_snapshot *snap = NULL;
    struct ls_plan *plan = NULL;
    struct ls_plan_request req = {.action = LS_ACTION_UP, .count = 1};
    struct ls_run_report rep;
    struct ls_result r = {0};
    pthread_t thread;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    o.no_journal = true;
    ops_session(&o, "lockstep");
    eng_lockstep_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    sp = *ls_session_params(o.s);
    sp.busy_timeout_ms = -1;
    quick = ls_session_new(&sp);
    ops_ok(ls_session_snapshot(quick, &snap, err));
    ops_ok(ls_plan_make(quick, snap, &req, &plan, err));
    p.url = reader.url = o.url;
    p.read_only = true;
    ops_ok(ls_db_open(&p, &reader.db, err));
    ops_ok(ls_db_begin(reader.db, err));
    ops_ok(ls_db_query(reader.db, "SELECT count(*) FROM schema_migrations", NULL, 0, &r, err));
    ls_result_release(&r);
    assert_int_equal(pthread_create(&thread, NULL, leave_when_in_the_way, &reader), 0);
    assert_int_equal(ls_run(quick, plan, NULL, &rep), LS_OK);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&reader.gave_up));
    ls_run_report_release(&rep);
    ls_db_close(reader.db);
    ls_plan_free(plan);
    ls_snapshot_free(snap);
    ls_session_free(quick);
    eng_is(&o, eng_statuses(false), "1 applied, 2 applied");
    ops_close(&o);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(cancel_while_asked),
        ENG_BOTH_TESTS(cancel_between_steps),
        ENG_BOTH_TESTS(pauses_do_not_count),
        cmocka_unit_test(a_commit_is_not_cancelled),
        cmocka_unit_test(a_completion_is_not_cancelled),
#ifdef LS_WITH_SQLITE
        cmocka_unit_test(commit_waits_for_a_reader),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
