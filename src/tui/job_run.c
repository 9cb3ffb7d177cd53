/* tui/job_run.c: the run in its worker, and the gate between the worker and the operator.
 *
 * The gate is a pipe: the worker tells the UI that it waits (through the mailbox, like every event) and reads one byte; the UI
 * writes 'g' (go) or 's' (stop) only for a wait that it was told of. So there is no lock, and no byte is ever left over. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "tui/flow.h"
#include "tui/jobs.h"

struct run_ctl {
    atomic_int mode; /* enum run_mode */
    int gate[2];
    bool skip_next; /* worker only: the statement behind a BEGIN that was let through */
};

struct job_run {
    struct job job;
    struct run_ctl ctl;
    struct planref *plan;
    struct ls_run_report report;
};

/* What crosses: a copy of the event, or "the gate waits at". */
struct run_message {
    struct job_run *run;
    bool is_gate;
    struct ls_event ev;
    char *text;
    struct ls_err err;
};

static struct job_run *running_job(const struct app *a)
{
    return a->run.phase == RUN_PHASE_RUNNING ? a->run_job : NULL;
}

static void answer(struct job_run *j, char byte)
{
    while (write(j->ctl.gate[1], &byte, 1) < 0 && errno == EINTR)
        ;
}

static void let_go(struct app *a, struct job_run *j, char byte)
{
    if (!a->run.is_at_gate)
        return;
    a->run.is_at_gate = false;
    answer(j, byte);
}

static void on_message(void *ctx, void *msg)
{
    struct app *a = ctx;
    struct run_message *m = msg;

    if (!m->is_gate) {
        run_model_event(&a->run, &m->ev, a->now_ms);
    } else {
        run_model_gate(&a->run, m->ev.step, m->ev.op);
        /* The mode may have changed while the message was under way. */
        if (a->run.mode == RUN_MODE_ON)
            let_go(a, m->run, 'g');
        else if (a->run.mode == RUN_MODE_STOP)
            let_go(a, m->run, 's');
    }
    flow_on_run_event(a);
    a->needs_paint = true;
    free(m->text);
    ls_err_release(&m->err);
    free(m);
}

static void post_message(struct job_run *j, const struct ls_event *ev, bool is_gate)
{
    struct run_message *m = ls_calloc(1, sizeof(*m));

    m->run = j;
    m->is_gate = is_gate;
    m->ev = *ev;
    m->text = ls_strdup(ev->text);
    m->ev.text = m->text;
    ls_err_init(&m->err);
    if (ev->err) {
        ls_err_copy(&m->err, ev->err);
        m->ev.err = &m->err;
    }
    mailbox_post(j->job.app->mail, on_message, j->job.app, m);
}

static void on_event(void *ctx, const struct ls_event *ev)
{
    post_message(ctx, ev, false);
}

/* Whether nothing is open before this op: a place to pause at. */
static bool is_between_transactions(const struct ls_plan *plan, int step, int op)
{
    const struct ls_step *st;
    bool is_open = false;

    if (step < 0)
        return true;
    st = &plan->steps.v[step];
    for (int i = 0; i < op && i < (int)st->ops.n; i++) {
        if (st->ops.v[i].kind == LS_OP_BEGIN)
            is_open = true;
        else if (st->ops.v[i].kind == LS_OP_COMMIT)
            is_open = false;
    }
    return !is_open;
}

static enum ls_gate gate(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct job_run *j = ctx;
    struct ls_event ev = {.plan = plan, .step = step, .op = op};
    int mode = atomic_load(&j->ctl.mode);
    char byte = 's';
    ssize_t n;

    if (mode == RUN_MODE_STOP)
        return LS_GATE_STOP;
    if (mode == RUN_MODE_ON || (mode == RUN_MODE_PAUSE && !is_between_transactions(plan, step, op))) {
        j->ctl.skip_next = false;
        return LS_GATE_GO;
    }
    /* One step is a statement; the BEGIN in front of it is no step of its own, so that waiting holds no locks where that can be. */
    if (j->ctl.skip_next) {
        j->ctl.skip_next = false;
        return LS_GATE_GO;
    }
    post_message(j, &ev, true);
    do {
        n = read(j->ctl.gate[0], &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n != 1 || byte != 'g')
        return LS_GATE_STOP;
    if (step >= 0 && plan->steps.v[step].ops.v[op].kind == LS_OP_BEGIN)
        j->ctl.skip_next = true;
    return LS_GATE_GO;
}

static void run_run(struct task *t)
{
    struct job_run *j = (struct job_run *)t;
    struct ls_run_hooks hooks = {.on_event = on_event, .gate = gate, .ctx = j};

    j->job.rc = ls_run(j->job.session, j->plan->plan, &hooks, &j->report);
}

static void run_done(struct task *t, bool is_stale)
{
    struct job_run *j = (struct job_run *)t;
    struct app *a = j->job.app;

    (void)is_stale; /* the run's end is never unimportant */
    if (a->run_job == j) {
        a->run_job = NULL;
        run_model_finish(&a->run, &j->report);
        flow_on_run_end(a);
    }
    planref_put(j->plan);
    ls_run_report_release(&j->report);
    close(j->ctl.gate[0]);
    close(j->ctl.gate[1]);
    job_free(j);
}

void job_run(struct app *a, const struct ui_grant *grant, enum run_mode mode)
{
    struct planref *plan = a->run.plan;
    struct job_run *j;

    if (!plan || !a->main || a->run_job)
        return;
    if (!grant || !grant->is_given || strcmp(grant->digest, plan->plan->digest) != 0) {
        app_say(a, ROLE_ERROR, "nothing was run: what was confirmed is not the plan that is shown");
        return;
    }
    j = job_new(a, sizeof(*j), a->main, run_run, run_done);
    if (pipe2(j->ctl.gate, O_CLOEXEC) != 0) {
        app_say(a, ROLE_ERROR, "nothing was run: no pipe to be had: %s", strerror(errno));
        job_free(j);
        return;
    }
    atomic_init(&j->ctl.mode, mode);
    j->plan = planref_get(plan);
    ls_run_report_init(&j->report);
    a->run_job = j;
    run_model_start(&a->run, mode, a->now_ms);
    job_post(j);
}

void run_ctl_set_mode(struct app *a, enum run_mode mode)
{
    struct job_run *j = running_job(a);

    if (!j || a->run.mode == RUN_MODE_STOP)
        return;
    a->run.mode = mode;
    atomic_store(&j->ctl.mode, mode);
    if (mode == RUN_MODE_ON)
        let_go(a, j, 'g');
    else if (mode == RUN_MODE_STOP)
        let_go(a, j, 's');
}

void run_ctl_step(struct app *a)
{
    struct job_run *j = running_job(a);

    if (!j || a->run.mode == RUN_MODE_STOP)
        return;
    a->run.mode = RUN_MODE_STEP;
    atomic_store(&j->ctl.mode, RUN_MODE_STEP);
    let_go(a, j, 'g');
}

void run_ctl_stop(struct app *a)
{
    struct job_run *j = running_job(a);
    bool was_waiting = a->run.is_at_gate;

    if (!j)
        return;
    a->run.is_stopping = true;
    run_ctl_set_mode(a, RUN_MODE_STOP);
    if (!was_waiting)
        ls_session_cancel(j->job.session);
}
