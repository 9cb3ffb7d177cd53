/* tui/run_model.c: the stepper's data. */
#include <config.h>

#include "tui/run_model.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

#define MAX_NOTICES 200
#define MAX_PIECES  400 /* of one batch, as rows of their own */

static const struct {
    const char *word, *glyph, *ascii;
} states[] = {
#define X(e, w, g, a) [RUN_##e] = {w, g, a},
    RUN_STATES(X)
#undef X
};

const char *run_state_word(enum run_state s)
{
    return states[s].word;
}

const char *run_state_glyph(enum run_state s, bool ascii)
{
    return ascii ? states[s].ascii : states[s].glyph;
}

struct planref *planref_new(struct ls_plan *plan)
{
    struct planref *p = ls_calloc(1, sizeof(*p));

    p->plan = plan;
    p->refs = 1;
    return p;
}

struct planref *planref_of_report(struct ls_dirty_report *report, size_t choice)
{
    struct planref *p = planref_new(report->choices.v[choice].plan);

    p->report = report;
    return p;
}

struct planref *planref_get(struct planref *p)
{
    if (p)
        p->refs++;
    return p;
}

void planref_put(struct planref *p)
{
    if (!p || --p->refs > 0)
        return;
    if (p->report) {
        ls_dirty_report_release(p->report);
        free(p->report);
    } else {
        ls_plan_free(p->plan);
    }
    free(p);
}

void run_model_init(struct run_model *m)
{
    memset(m, 0, sizeof(*m));
    m->current = -1;
    ls_run_report_init(&m->report);
}

static void clear(struct run_model *m)
{
    planref_put(m->plan);
    LS_VEC_RELEASE(&m->rows);
    free(m->step_row);
    free(m->lock_wait);
    free(m->blocked_by);
    free(m->error_text);
    for (size_t i = 0; i < m->notices.n; i++)
        free(m->notices.v[i].text);
    LS_VEC_RELEASE(&m->notices);
    ls_run_report_release(&m->report);
}

void run_model_release(struct run_model *m)
{
    clear(m);
    memset(m, 0, sizeof(*m));
}

/* Fences and the journal's place are the engine's business; they are in the plan's SQL, not among the rows. */
static bool is_shown(const struct ls_op *op, bool is_delegated)
{
    if (is_delegated) /* the transactions are the journal's */
        return op->kind == LS_OP_CHILD;
    return op->kind != LS_OP_EXPECT && op->kind != LS_OP_JOURNAL;
}

static void add_row(struct run_model *m, enum run_row_kind kind, int step, int op, int piece)
{
    *LS_VEC_PUSH(&m->rows) = (struct run_row){.kind = kind, .step = step, .op = op, .piece = piece, .elapsed_us = -1, .rows = -1};
}

static void add_ops(struct run_model *m, const struct ls_op *ops, size_t n, int step)
{
    bool is_delegated = step >= 0 && ls_step_child(&m->plan->plan->steps.v[step]) != NULL;

    for (size_t i = 0; i < n; i++) {
        if (!is_shown(&ops[i], is_delegated))
            continue;
        add_row(m, step < 0 ? RUN_ROW_SETUP : RUN_ROW_OP, step, (int)i, -1);
        if (ops[i].kind != LS_OP_BATCH)
            continue;
        for (int k = 0; k < ops[i].n_pieces && k < MAX_PIECES; k++)
            add_row(m, RUN_ROW_PIECE, step, (int)i, k);
    }
}

void run_model_set_plan(struct run_model *m, struct planref *p)
{
    planref_get(p);
    clear(m);
    run_model_init(m);
    m->plan = p;
    if (!p)
        return;
    m->phase = RUN_PHASE_PREVIEW;
    m->step_row = ls_calloc(p->plan->steps.n + 1, sizeof(size_t));
    add_ops(m, p->plan->setup.v, p->plan->setup.n, -1);
    for (size_t i = 0; i < p->plan->steps.n; i++) {
        const struct ls_step *st = &p->plan->steps.v[i];

        m->step_row[i] = m->rows.n;
        add_row(m, RUN_ROW_STEP, (int)i, -1, -1);
        add_ops(m, st->ops.v, st->ops.n, (int)i);
    }
}

void run_model_start(struct run_model *m, enum run_mode mode, int64_t now_ms)
{
    m->phase = RUN_PHASE_RUNNING;
    m->mode = mode;
    m->op_started_ms = now_ms;
}

long run_model_find(const struct run_model *m, int step, int op)
{
    size_t from = 0;

    if (!m->plan || step >= (int)m->plan->plan->steps.n)
        return -1;
    if (step >= 0)
        from = m->step_row[step];
    for (size_t i = from; i < m->rows.n && m->rows.v[i].step == step; i++) {
        if (m->rows.v[i].op == op && m->rows.v[i].kind != RUN_ROW_PIECE)
            return (long)i;
    }
    return -1;
}

const struct ls_step *run_row_step(const struct run_model *m, const struct run_row *r)
{
    return m->plan && r->step >= 0 ? &m->plan->plan->steps.v[r->step] : NULL;
}

const struct ls_op *run_row_op(const struct run_model *m, const struct run_row *r)
{
    const struct ls_step *st = run_row_step(m, r);

    if (!m->plan || r->op < 0)
        return NULL;
    return st ? &st->ops.v[r->op] : &m->plan->plan->setup.v[r->op];
}

/* A batch's pieces share its fate; only a failure is told apart, by the report. */
static void set_state(struct run_model *m, long row, enum run_state s)
{
    if (row < 0)
        return;
    m->rows.v[row].state = s;
    for (size_t i = (size_t)row + 1; i < m->rows.n && m->rows.v[i].kind == RUN_ROW_PIECE; i++)
        m->rows.v[i].state = s;
}

static void mark_step(struct run_model *m, int step, enum run_state s)
{
    if (m->plan && step >= 0 && step < (int)m->plan->plan->steps.n)
        m->rows.v[m->step_row[step]].state = s;
}

/* What the open transaction had done is undone: everything done since its BEGIN. */
static void roll_back_rows(struct run_model *m, int step)
{
    size_t i = step >= 0 && m->step_row ? m->step_row[step] : 0;
    size_t from = i;

    for (; i < m->rows.n && m->rows.v[i].step == step; i++) {
        const struct ls_op *op = run_row_op(m, &m->rows.v[i]);

        if (op && op->kind == LS_OP_BEGIN)
            from = i;
        if (op && op->kind == LS_OP_COMMIT && m->rows.v[i].state == RUN_DONE)
            from = i + 1;
    }
    for (i = from; i < m->rows.n && m->rows.v[i].step == step; i++) {
        struct run_row *r = &m->rows.v[i];

        if (r->kind != RUN_ROW_STEP && (r->state == RUN_DONE || r->state == RUN_RUNNING))
            r->state = RUN_ROLLED_BACK;
    }
}

static void replace(char **slot, const char *text)
{
    free(*slot);
    *slot = text && *text ? ls_strdup(text) : NULL;
}

static void op_begin(struct run_model *m, const struct ls_event *ev, int64_t now_ms)
{
    long row = run_model_find(m, ev->step, ev->op);

    m->is_at_gate = false;
    if (row < 0)
        return;
    set_state(m, row, RUN_RUNNING);
    m->current = row;
    m->op_started_ms = now_ms;
}

static void op_end(struct run_model *m, const struct ls_event *ev)
{
    long row = run_model_find(m, ev->step, ev->op);
    bool is_bad = ev->err && ev->err->code != LS_OK;

    if (is_bad && ev->err->message)
        replace(&m->error_text, ev->err->message);
    if (row < 0)
        return;
    set_state(m, row, !is_bad ? RUN_DONE : ev->err->code == LS_E_CANCELLED ? RUN_CANCELLED : RUN_FAILED);
    m->rows.v[row].elapsed_us = ev->elapsed_us;
    m->rows.v[row].rows = ev->rows;
}

/* BEGIN and COMMIT have events of their own and no op events. */
static void mark_tx(struct run_model *m, const struct ls_event *ev, enum ls_op_kind kind, enum run_state s)
{
    const struct run_row *r;
    long row = run_model_find(m, ev->step, ev->op);

    if (row >= 0 && (r = &m->rows.v[row]) && run_row_op(m, r) && run_row_op(m, r)->kind == kind)
        set_state(m, row, s);
}

/* A step that had ended went back with the transaction of a later one. */
static void undo_step(struct run_model *m, int step)
{
    roll_back_rows(m, step);
    mark_step(m, step, RUN_ROLLED_BACK);
    m->n_steps_done -= m->n_steps_done > 0;
}

static void keep_notice(struct run_model *m, int step, const char *text)
{
    if (!text)
        return;
    m->n_heard++;
    if (m->notices.n == MAX_NOTICES) { /* the newest ones are those that tell */
        free(m->notices.v[0].text);
        memmove(m->notices.v, m->notices.v + 1, (MAX_NOTICES - 1) * sizeof(*m->notices.v));
        m->notices.n--;
    }
    *LS_VEC_PUSH(&m->notices) = (struct run_notice){step, ls_strdup(text)};
}

/* What is waited for is told again and again: anything else that happens ends the wait. */
static void end_waits(struct run_model *m, bool is_for_lock, bool is_blocked)
{
    if (!is_for_lock)
        replace(&m->lock_wait, NULL);
    if (!is_blocked)
        replace(&m->blocked_by, NULL);
}

void run_model_event(struct run_model *m, const struct ls_event *ev, int64_t now_ms)
{
    if (m->phase != RUN_PHASE_RUNNING)
        return;
    end_waits(m, ev->kind == LS_EV_LOCK_WAIT, ev->kind == LS_EV_WAIT);
    switch (ev->kind) {
    case LS_EV_LOCK_WAIT:
        replace(&m->lock_wait, ev->text ? ev->text : "another operator");
        break;
    case LS_EV_STEP_BEGIN:
        mark_step(m, ev->step, RUN_RUNNING);
        break;
    case LS_EV_TX_BEGIN:
        m->tx_open = true;
        mark_tx(m, ev, LS_OP_BEGIN, RUN_DONE);
        break;
    case LS_EV_OP_BEGIN:
        op_begin(m, ev, now_ms);
        break;
    case LS_EV_OP_END:
        op_end(m, ev);
        break;
    case LS_EV_TX_COMMIT:
        m->tx_open = false;
        mark_tx(m, ev, LS_OP_COMMIT, RUN_DONE);
        break;
    case LS_EV_TX_ROLLBACK:
        m->tx_open = false;
        roll_back_rows(m, ev->step);
        break;
    case LS_EV_NOTICE:
        keep_notice(m, ev->step, ev->text);
        break;
    case LS_EV_WAIT:
        replace(&m->blocked_by, ev->text);
        break;
    case LS_EV_STEP_END:
        mark_step(m, ev->step, ev->err && ev->err->code != LS_OK ? RUN_FAILED : RUN_DONE);
        if (!ev->err || ev->err->code == LS_OK)
            m->n_steps_done++;
        break;
    case LS_EV_STEP_UNDONE:
        undo_step(m, ev->step);
        break;
    case LS_EV_RUN_BEGIN:
    case LS_EV_RUN_END:
    case LS_EV_PROGRESS:
        break;
    }
}

void run_model_gate(struct run_model *m, int step, int op)
{
    long row = run_model_find(m, step, op);

    if (row < 0 && step >= 0 && ls_step_child(&m->plan->plan->steps.v[step])) /* in front of what a tool runs */
        row = (long)m->step_row[step] + 1;
    end_waits(m, false, false);
    m->is_at_gate = true;
    if (row >= 0) {
        set_state(m, row, RUN_NEXT);
        m->current = row;
    }
}

/* The piece of a failed batch that the report points at; those before it ran, those behind did not. */
static void mark_failed_piece(struct run_model *m, long row, int line)
{
    const struct ls_op *op = run_row_op(m, &m->rows.v[row]);
    int hit = -1;

    if (!op || op->kind != LS_OP_BATCH || line <= 0)
        return;
    for (int k = 0; k < op->n_pieces; k++) {
        if (op->pieces[k].line <= line)
            hit = k;
    }
    for (size_t i = (size_t)row + 1; i < m->rows.n && m->rows.v[i].kind == RUN_ROW_PIECE; i++) {
        int k = m->rows.v[i].piece;

        m->rows.v[i].state = k < hit ? RUN_ROLLED_BACK : k == hit ? RUN_FAILED : RUN_NOT_RUN;
    }
}

void run_model_finish(struct run_model *m, struct ls_run_report *report)
{
    ls_run_report_release(&m->report);
    m->report = *report;
    ls_run_report_init(report);
    m->phase = RUN_PHASE_FINISHED;
    m->is_at_gate = m->is_stopping = m->tx_open = false;
    end_waits(m, false, false);
    for (size_t i = 0; i < m->rows.n; i++) {
        struct run_row *r = &m->rows.v[i];

        if (r->state == RUN_WAITING || r->state == RUN_NEXT)
            r->state = RUN_NOT_RUN;
        else if (r->state == RUN_RUNNING)
            r->state = m->report.err.code == LS_OK ? RUN_DONE : m->report.err.code == LS_E_CANCELLED ? RUN_CANCELLED : RUN_FAILED;
    }
    if (m->report.failed_step >= 0) {
        long row = run_model_find(m, m->report.failed_step, m->report.failed_op);
        bool is_stopped = m->report.err.code == LS_E_CANCELLED;

        mark_step(m, m->report.failed_step, is_stopped ? RUN_NOT_RUN : RUN_FAILED);
        if (row >= 0 && !is_stopped) {
            m->rows.v[row].state = RUN_FAILED;
            m->current = row;
            mark_failed_piece(m, row, m->report.failed_line);
        }
    }
    m->n_steps_done = m->report.n_steps_done;
}

size_t run_plan_statements(const struct ls_plan *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->steps.n; i++)
        n += (size_t)p->steps.v[i].n_statements;
    return n;
}
