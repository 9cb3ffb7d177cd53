/* Sending a step's ops. Runs of ops that need no answer in between go out in one pipeline (run_group.c); COMMIT goes alone, after every answer before
 * it was checked. */
#include <config.h>

#include "engine/run_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/mem.h"

/* A blocked statement is looked into after so long, and then so often; another connection asks. */
#define WATCH_MS         1000
#define COMMIT_BUSY_MS   10000 /* SQLite: how long a reader may keep COMMIT waiting */
#define COMMIT_RETRY_MS  50

static const struct ls_op *ops_of(const struct ls_runner *r, int step, int *n)
{
    if (step < 0) {
        *n = (int)r->plan->setup.n;
        return r->plan->setup.v;
    }
    *n = (int)r->plan->steps.v[step].ops.n;
    return r->plan->steps.v[step].ops.v;
}

/* --- events and callbacks ---------------------------------------------------------------------------------------------------------------- */

static void emit(struct ls_runner *r, struct ls_event *ev)
{
    if (r->hooks == NULL || r->hooks->on_event == NULL)
        return;
    ev->plan = r->plan;
    ev->step = r->step;
    r->hooks->on_event(r->hooks->ctx, ev);
}

void ls_run_event(struct ls_runner *r, enum ls_event_kind kind, const char *text, const struct ls_err *err)
{
    struct ls_event ev = {.kind = kind, .op = r->op, .rows = -1, .text = text, .err = err};

    if (kind == LS_EV_RUN_END || kind == LS_EV_LOCK_WAIT)
        ev.elapsed_us = ls_mono_us() - r->run_began_us;
    else if (kind == LS_EV_STEP_END)
        ev.elapsed_us = ls_mono_us() - r->step_began_us;
    emit(r, &ev);
}

void ls_run_op_begin(struct ls_runner *r, int op)
{
    struct ls_event ev = {.kind = LS_EV_OP_BEGIN, .op = op, .rows = -1};

    r->op = op;
    emit(r, &ev);
}

void ls_run_op_end(struct ls_runner *r, int op, int64_t rows, bool is_timed, const struct ls_err *err)
{
    struct ls_event ev = {.kind = LS_EV_OP_END, .op = op, .rows = rows, .err = err};

    ev.elapsed_us = is_timed ? ls_mono_us() - r->op_began_us : -1;
    r->op = op;
    emit(r, &ev);
}

void ls_run_on_notice(void *ctx, const char *severity, const char *text)
{
    struct ls_runner *r = ctx;
    char *line = ls_asprintf("%s: %s", severity, text);

    ls_run_event(r, LS_EV_NOTICE, line, NULL);
    free(line);
}

static void ask_blockers(struct ls_runner *r)
{
    struct ls_db_params params = {.url = r->s->url, .read_only = true, .connect_timeout_ms = 2000, .lock_timeout_ms = 1000,
                                  .statement_timeout_ms = 2000, .answer_ms = 2500};

    ls_buf_clear(&r->blockers);
    if (r->watcher == NULL && ls_db_open(&params, &r->watcher, NULL) != LS_OK)
        r->watcher_failed = true;
    else if (ls_db_blockers(r->watcher, ls_db_info(r->s->db)->backend_pid, &r->blockers, NULL) != LS_OK)
        r->watcher_failed = true;
}

void ls_run_on_busy(void *ctx, const struct ls_db_busy *busy)
{
    struct ls_runner *r = ctx;

    r->busy = *busy;
    r->is_busy = true;
}

static bool is_committing(const struct ls_runner *r)
{
    int n;
    const struct ls_op *ops = ops_of(r, r->step, &n);

    return r->op_began_us != 0 && r->op >= 0 && r->op < n && ops[r->op].kind == LS_OP_COMMIT;
}

/* SQLite does not say who has the file: what that one does, and how long it is waited for. */
static void tell_busy(struct ls_runner *r, struct ls_event *ev)
{
    struct ls_buf text = LS_BUF_INIT;
    char *file = ls_db_url_database(r->s->url), waited[LS_ISO_LEN], limit[LS_ISO_LEN];
    int64_t waited_ms = r->busy.waited_ms, limit_ms = r->busy.limit_ms;

    if (r->op_began_us == 0)
        ev->elapsed_us = waited_ms * 1000;
    if (is_committing(r) && limit_ms < COMMIT_BUSY_MS) { /* it is asked again and again (commit_or_resolve) */
        waited_ms = ev->elapsed_us / 1000;
        limit_ms = COMMIT_BUSY_MS;
    }
    ls_duration_text(waited_ms, waited);
    ls_duration_text(limit_ms, limit);
    ls_buf_addf(&text, "another connection that %s %s: waited %s, gives up after %s", r->busy.is_reader ? "reads" : "writes to", file, waited, limit);
    ev->text = text.ptr;
    emit(r, ev);
    ls_buf_release(&text);
    free(file);
}

void ls_run_on_wait(void *ctx)
{
    struct ls_runner *r = ctx;
    struct ls_event ev = {.kind = LS_EV_WAIT, .op = r->op, .rows = -1};
    bool is_busy = r->is_busy;
    int64_t now = ls_mono_ms();

    r->is_busy = false;
    if (r->hooks == NULL || r->hooks->on_event == NULL || (r->op_began_us == 0 && !is_busy))
        return;
    ev.elapsed_us = ls_mono_us() - r->op_began_us;
    if (is_busy) {
        tell_busy(r, &ev);
        return;
    }
    if (ev.elapsed_us >= WATCH_MS * 1000 && now - r->watched_ms >= WATCH_MS && !r->watcher_failed && r->s->dialect == LS_DIALECT_POSTGRES) {
        r->watched_ms = now;
        ask_blockers(r);
    }
    ev.text = r->blockers.len > 0 && ev.elapsed_us >= WATCH_MS * 1000 ? r->blockers.ptr : NULL;
    emit(r, &ev);
}

/* --- the gate ---------------------------------------------------------------------------------------------------------------------------- */

static enum ls_rc stopped(struct ls_err *err)
{
    return ls_err_set(err, LS_E_CANCELLED, "stopped by the operator");
}

static enum ls_gate wait_at_gate(struct ls_runner *r, int step, int op)
{
    int64_t from = ls_mono_us(), paused_us;
    enum ls_gate answer = r->hooks->gate(r->hooks->ctx, r->plan, step, op);

    paused_us = ls_mono_us() - from;
    r->run_began_us += paused_us;
    r->step_began_us += paused_us;
    return answer;
}

enum ls_rc ls_run_ask_gate(struct ls_runner *r, int step, int op, struct ls_err *err)
{
    if (op <= r->asked_up_to)
        return LS_OK;
    if (ls_session_cancelled(r->s))
        return stopped(err);
    if (r->hooks != NULL && r->hooks->gate != NULL && wait_at_gate(r, step, op) == LS_GATE_STOP)
        return stopped(err);
    /* The operator may have waited long, and pressed cancel instead. */
    return ls_session_cancelled(r->s) ? stopped(err) : LS_OK;
}

/* An intent goes out only together with its body: who stops here leaves nothing behind. So the first statement behind an intent asks before the
 * intent's transaction begins. */
static enum ls_rc ask_first(struct ls_runner *r, int step, struct ls_err *err)
{
    int n, first = -1;
    bool has_intent = false;
    const struct ls_op *ops = ops_of(r, step, &n);
    enum ls_rc rc = ls_run_ask_gate(r, step, 0, err);

    for (int i = 0; first < 0 && i < n; i++) {
        if (ls_run_is_body(&ops[i]) || ops[i].kind == LS_OP_CHILD)
            first = i;
        has_intent = has_intent || (first < 0 && (ops[i].kind == LS_OP_COMMIT || ops[i].kind == LS_OP_FILE));
    }
    r->asked_up_to = 0;
    if (rc != LS_OK || first < 0 || !has_intent)
        return rc;
    rc = ls_run_ask_gate(r, step, first, err);
    r->asked_up_to = first;
    return rc;
}

/* A fence on a ledger in another file. */
static enum ls_rc send_elsewhere(struct ls_runner *r, const struct ls_op *ops, int i, struct ls_err *err)
{
    struct ls_exec_info info = {.rows = -1};
    enum ls_rc rc = ls_run_ask_file(&ops[i], &info, err);

    if (rc == LS_OK)
        rc = ls_run_check_answer(r, &ops[i], &info, err);
    if (rc != LS_OK)
        r->failed_op = i;
    ls_run_op_begin(r, i);
    ls_run_op_end(r, i, info.rows, true, rc != LS_OK ? err : NULL);
    return rc;
}

/* --- statements ------------------------------------------------------------------------------------------------------------------------- */

static bool is_last_body(const struct ls_op *ops, int i, int n)
{
    for (int k = i + 1; k < n; k++)
        if (ls_run_is_body(&ops[k]))
            return false;
    return true;
}

/* Outside of a transaction of ours a file may have its own, from one statement to another. */
static enum ls_rc check_tx(struct ls_runner *r, const struct ls_op *op, bool was_in_tx, bool is_last, struct ls_err *err)
{
    enum ls_tx_status now = ls_db_tx_status(r->s->db);
    const struct ls_step *s = &r->plan->steps.v[r->step];

    if (was_in_tx && now != LS_TXS_OPEN)
        return ls_run_escaped(r, op, err);
    if (!was_in_tx && is_last && now != LS_TXS_IDLE) {
        ls_err_set(err, LS_E_PARTIAL, "%s: the migration left a transaction open at its end; it was rolled back", s->path);
        ls_err_hint(err, "the file begins a transaction and does not commit it");
        return LS_E_PARTIAL;
    }
    return LS_OK;
}

/* What is in a transaction the server shall roll back when we are gone, and asks once a second whether we are (setup.c). What is not, it shall
 * finish: broken off, an index that is built concurrently stays invalid (reliability.md F2, V9). Servers before 14 have no such setting. */
static void watch_client(struct ls_runner *r, bool is_watched)
{
    static const char on[] = "SELECT pg_catalog.set_config('client_connection_check_interval', '1s', false)",
                      off[] = "SELECT pg_catalog.set_config('client_connection_check_interval', '0', false)";

    if (r->is_unwatched != is_watched || r->s->dialect != LS_DIALECT_POSTGRES || !ls_db_is_alive(r->s->db) ||
        ls_db_tx_status(r->s->db) != LS_TXS_IDLE)
        return;
    if (ls_db_exec(r->s->db, is_watched ? on : off, strlen(is_watched ? on : off), NULL, 0, NULL, NULL) == LS_OK)
        r->is_unwatched = !is_watched;
}

static bool outlives_us(const struct ls_runner *r, const struct ls_op *op)
{
    if (r->plan->steps.v[r->step].policy == LS_POLICY_NO_TX)
        return true;
    return op->kind == LS_OP_BATCH && op->n_pieces == 1 &&
           ls_sql_tx_class(r->s->dialect, op->sql + op->pieces[0].start, op->pieces[0].end - op->pieces[0].start) == LS_TX_FORBIDS;
}

static enum ls_rc send_body(struct ls_runner *r, const struct ls_op *ops, int n, int i, struct ls_err *err)
{
    const struct ls_op *op = &ops[i];
    bool was_in_tx = r->in_tx;
    struct ls_exec_info info = {.rows = -1};
    enum ls_rc rc = ls_run_ask_gate(r, r->step, i, err);

    if (rc != LS_OK)
        return rc;
    if (!was_in_tx && r->phase < LS_PHASE_BODY)
        r->phase = LS_PHASE_BODY;
    if (!was_in_tx && outlives_us(r, op))
        watch_client(r, false);
    r->op_began_us = ls_mono_us();
    ls_run_op_begin(r, i);
    LS_FAULT("stmt");
    if (op->kind == LS_OP_BATCH)
        rc = ls_db_exec_batch(r->s->db, op->sql, op->len, &info, err);
    else
        rc = ls_db_exec(r->s->db, op->sql, op->len, NULL, 0, &info, err);
    LS_FAULT("body-sent");
    if (rc == LS_OK)
        rc = check_tx(r, op, was_in_tx, is_last_body(ops, i, n), err);
    else if (was_in_tx && ls_db_is_alive(r->s->db) && ls_db_tx_status(r->s->db) == LS_TXS_IDLE)
        r->in_tx = false; /* SQLite rolled it back by itself */
    ls_run_op_end(r, i, info.rows, true, rc != LS_OK ? err : NULL);
    if (rc != LS_OK) {
        r->failed_op = i;
        /* SQLite ran them one by one: those in front of it stay. */
        if (!was_in_tx && op->kind == LS_OP_BATCH && r->s->dialect == LS_DIALECT_SQLITE && err != NULL && err->statement > 1)
            r->stmts_done += err->statement - 1;
        return rc;
    }
    if (!was_in_tx) {
        /* In a transaction of the file's own nothing has happened yet. */
        if (ls_db_tx_status(r->s->db) == LS_TXS_IDLE)
            r->stmts_done = op->stmt_no - 1 + (op->kind == LS_OP_BATCH ? op->n_pieces : 1);
        r->phase = is_last_body(ops, i, n) ? LS_PHASE_BODY_DONE : LS_PHASE_BODY;
    }
    return LS_OK;
}

/* --- COMMIT ------------------------------------------------------------------------------------------------------------------------------ */

static bool has_body_before(const struct ls_op *ops, int i)
{
    for (int k = 0; k < i; k++)
        if (ls_run_is_body(&ops[k]) || ops[k].kind == LS_OP_CHILD)
            return true;
    return false;
}

static enum ls_rc commit_or_resolve(struct ls_runner *r, struct ls_err *err)
{
    int64_t until = ls_mono_ms() + COMMIT_BUSY_MS;
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = ls_db_commit(r->s->db, &own);

    while (rc == LS_E_BUSY && ls_mono_ms() < until && ls_session_sleep(r->s, COMMIT_RETRY_MS)) {
        ls_err_release(&own);
        rc = ls_db_commit(r->s->db, &own);
    }
    if (rc == LS_E_UNKNOWN) {
        r->was_lost = true;
        r->lost = ls_run_resolve(r);
        r->in_tx = false;
        if (r->lost == LS_OUTCOME_COMMITTED)
            rc = LS_OK;
    }
    if (rc != LS_OK)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}

static enum ls_rc send_commit(struct ls_runner *r, const struct ls_op *ops, int i, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    ls_session_shield(r->s, true);
    r->op = i;
    r->op_began_us = ls_mono_us();
    /* The journal's row in it tells what became of a transaction; without one, its number does, at the price of a round trip. */
    if (r->s->dialect == LS_DIALECT_POSTGRES && !ls_run_has_row(r))
        rc = ls_db_xact_id(r->s->db, r->xact_id, err);
    LS_FAULT("commit-sent");
    if (rc == LS_OK)
        rc = commit_or_resolve(r, err);
    if (rc == LS_OK) {
        r->in_tx = false;
        r->rep->n_steps_done += r->n_open;
        r->n_open = 0;
        if (r->has_journal)
            ls_journal_committed(&r->journal);
        /* The intent of a child is in the journal alone: without its body nothing has happened. */
        if (r->step >= 0)
            r->phase = has_body_before(ops, i) ? LS_PHASE_BODY_DONE : ls_step_child(&r->plan->steps.v[r->step]) ? LS_PHASE_FRESH : LS_PHASE_INTENT;
        if (r->phase <= LS_PHASE_INTENT)
            LS_FAULT("intent-committed");
        else
            LS_FAULT("committed");
        ls_run_event(r, LS_EV_TX_COMMIT, NULL, NULL);
    } else {
        r->failed_op = i;
    }
    ls_session_shield(r->s, false);
    return rc;
}

/* --- a ledger that is a file --------------------------------------------------------------------------------------------------------------- */

static enum ls_rc send_file(struct ls_runner *r, const struct ls_op *ops, int i, struct ls_err *err)
{
    enum ls_rc rc;

    ls_session_shield(r->s, true);
    r->op_began_us = ls_mono_us();
    ls_run_op_begin(r, i);
    rc = ls_run_file_edit(r, &ops[i], err);
    ls_run_op_end(r, i, -1, true, rc != LS_OK ? err : NULL);
    if (rc != LS_OK)
        r->failed_op = i;
    else if (ops[i].file->is_mark)
        r->phase = LS_PHASE_INTENT;
    ls_session_shield(r->s, false);
    return rc;
}

void ls_run_rollback(struct ls_runner *r)
{
    bool was_open = r->in_tx;

    ls_session_shield(r->s, true);
    if (r->s->db != NULL)
        ls_db_rollback(r->s->db);
    ls_session_shield(r->s, false);
    r->in_tx = false;
    if (r->has_journal)
        ls_journal_rolled_back(&r->journal);
    if (was_open)
        ls_run_event(r, LS_EV_TX_ROLLBACK, NULL, NULL);
}

enum ls_rc ls_run_ops(struct ls_runner *r, int step, struct ls_err *err)
{
    int n, i = 0;
    const struct ls_op *ops = ops_of(r, step, &n);
    enum ls_rc rc = LS_OK;

    r->step = step;
    r->op = r->failed_op = -1;
    r->asked_up_to = -1;
    if (step >= 0)
        rc = ask_first(r, step, err);
    while (rc == LS_OK && i < n) {
        if (ls_run_is_body(&ops[i])) {
            rc = send_body(r, ops, n, i++, err);
        } else if (ops[i].kind == LS_OP_CHILD) {
            rc = ls_run_child(r, ops, n, i++, err);
        } else if (ops[i].in_file != NULL) {
            rc = send_elsewhere(r, ops, i++, err);
        } else if (ops[i].kind == LS_OP_FILE) {
            rc = send_file(r, ops, i++, err);
        } else if (ops[i].kind == LS_OP_COMMIT) {
            rc = send_commit(r, ops, i++, err);
            /* The connection that held the operators' lock is gone: whatever comes next would run without it. */
            if (rc == LS_OK && r->was_lost && i < n && ops[i].kind != LS_OP_FILE)
                rc = ls_err_set(err, LS_E_CONNECT, "the connection was lost while a transaction was being committed; it was committed, and nothing more was sent");
        } else {
            /* The completion of what has run already is not to be stopped any more. */
            ls_session_shield(r->s, r->phase == LS_PHASE_BODY_DONE);
            rc = ls_run_group(r, ops, n, i, &i, err);
            ls_session_shield(r->s, false);
        }
    }
    r->op_began_us = 0;
    watch_client(r, true);
    return rc;
}
