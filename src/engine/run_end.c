/* When a run does not go well: the answer to a COMMIT that was lost, what a failure means, and the journal's last words. */
#include <config.h>

#include "engine/run_priv.h"

#include <string.h>
#include <time.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"

#define RESOLVE_MS       30000
#define RESOLVE_PAUSE_MS 250

/* --- the answer that was lost (reliability.md 2.3, protocol R) ------------------------------------------------------------------------------ */

bool ls_run_has_row(const struct ls_runner *r)
{
    return r->has_journal && r->journal.next_seq > r->journal.seq;
}

/* Not ls_session_sleep: a cancel does not end this. */
static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* Whether the server still works for the connection that was lost: until then its transaction may yet be committed. */
static bool is_backend_there(struct ls_runner *r, int pid)
{
    struct ls_result res = {0};
    char digits[16];
    struct ls_param p = {LS_PARAM_INT, digits};
    bool is_there = true;

    snprintf(digits, sizeof(digits), "%d", pid);
    if (ls_db_query(r->s->db, "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = $1", &p, 1, &res, NULL) == LS_OK)
        is_there = res.n_rows > 0;
    ls_result_release(&res);
    return is_there;
}

/* One look on a fresh connection; RUNNING: look again. */
static enum ls_outcome look_postgres(struct ls_runner *r, const char *system_id, int pid)
{
    enum ls_outcome outcome = LS_OUTCOME_RUNNING;
    bool is_there = false;

    if (ls_session_connect_as(r->s, false, NULL) != LS_OK)
        return LS_OUTCOME_RUNNING;
    /* Another server answers at the same address: it knows nothing of that transaction. */
    if (strcmp(system_id, ls_db_info(r->s->db)->system_id) != 0)
        return LS_OUTCOME_UNKNOWN;
    if (!ls_run_has_row(r))
        return ls_db_xact_outcome(r->s->db, r->xact_id, &outcome, NULL) == LS_OK ? outcome : LS_OUTCOME_RUNNING;
    if (is_backend_there(r, pid) || ls_journal_has_pending(&r->journal, r->s->db, &is_there, NULL) != LS_OK)
        return LS_OUTCOME_RUNNING;
    return is_there ? LS_OUTCOME_COMMITTED : LS_OUTCOME_ABORTED;
}

static enum ls_outcome resolve_postgres(struct ls_runner *r, const char *system_id, int pid)
{
    int64_t until = ls_mono_ms() + RESOLVE_MS;

    if (!ls_run_has_row(r) && r->xact_id[0] == '\0')
        return LS_OUTCOME_ABORTED; /* no number was given to it: it had written nothing */
    for (;; pause_ms(RESOLVE_PAUSE_MS)) {
        enum ls_outcome outcome = look_postgres(r, system_id, pid);

        if (outcome != LS_OUTCOME_RUNNING)
            return outcome;
        if (ls_mono_ms() > until)
            return LS_OUTCOME_UNKNOWN;
    }
}

/* The fence of the transaction that was being committed: it holds exactly as long as the transaction's own ledger write is not there. */
static const struct ls_op *fence_before(const struct ls_runner *r)
{
    const struct ls_op *ops = r->step < 0 ? r->plan->setup.v : r->plan->steps.v[r->step].ops.v;
    int i = r->op;

    /* The transaction may have begun in an earlier step. */
    for (int step = r->step;;) {
        for (; i >= 0 && ops[i].kind != LS_OP_BEGIN; i--)
            if (ops[i].kind == LS_OP_EXPECT)
                return &ops[i];
        if (i >= 0 || step <= 0)
            return NULL;
        step--;
        ops = r->plan->steps.v[step].ops.v;
        i = (int)r->plan->steps.v[step].ops.n - 1;
    }
}

/* Without a fence and without a journal the ledger itself tells: that it is there, for its setup; that it is no longer dirty, for the completion. */
static enum ls_outcome ask_ledger(struct ls_runner *r)
{
    enum ls_outcome outcome = LS_OUTCOME_UNKNOWN;
    struct ls_ledger l = {0};

    if (r->format->ledger_read(r->s->db, &r->s->opts, &l, NULL) == LS_OK) {
        if (r->step < 0)
            outcome = l.exists ? LS_OUTCOME_COMMITTED : LS_OUTCOME_ABORTED;
        else if (r->phase == LS_PHASE_BODY_DONE)
            outcome = l.dirty ? LS_OUTCOME_ABORTED : LS_OUTCOME_COMMITTED;
    }
    ls_ledger_release(&l);
    return outcome;
}

static enum ls_outcome resolve_sqlite(struct ls_runner *r)
{
    const struct ls_op *fence = fence_before(r);
    struct ls_param *filled;
    struct ls_exec_info info;
    bool is_there = false;
    enum ls_rc rc;

    ls_session_disconnect(r->s);
    if (ls_session_connect_as(r->s, false, NULL) != LS_OK)
        return LS_OUTCOME_UNKNOWN;
    if (ls_run_has_row(r)) {
        if (ls_journal_has_pending(&r->journal, r->s->db, &is_there, NULL) != LS_OK)
            return LS_OUTCOME_UNKNOWN;
        return is_there ? LS_OUTCOME_COMMITTED : LS_OUTCOME_ABORTED;
    }
    if (fence == NULL)
        return ask_ledger(r);
    filled = ls_run_fill(r, fence);
    rc = ls_db_exec(r->s->db, fence->sql, fence->len, filled != NULL ? filled : fence->params, fence->n_params, &info, NULL);
    free(filled);
    if (rc != LS_OK)
        return LS_OUTCOME_UNKNOWN;
    return info.all_true ? LS_OUTCOME_ABORTED : LS_OUTCOME_COMMITTED;
}

enum ls_outcome ls_run_resolve(struct ls_runner *r)
{
    char *system_id = ls_strdup(ls_db_info(r->s->db)->system_id);
    int pid = ls_db_info(r->s->db)->backend_pid;
    enum ls_outcome outcome;

    r->is_locked = false;
    if (r->s->dialect == LS_DIALECT_SQLITE) {
        outcome = resolve_sqlite(r);
    } else {
        ls_session_disconnect(r->s);
        outcome = resolve_postgres(r, system_id, pid);
    }
    free(system_id);
    return outcome;
}

/* --- what a failure means ------------------------------------------------------------------------------------------------------------------ */

/* Which piece of a batch: as the driver counted, else by the place, else the only one. 0: not known. */
static int piece_of(const struct ls_op *op, const struct ls_err *err)
{
    int found = err->statement;

    if (op->kind == LS_OP_STATEMENT)
        return op->stmt_no;
    for (int i = 0; found == 0 && err->offset >= 0 && i < op->n_pieces; i++)
        if (err->offset < (long)op->pieces[i].end)
            found = i + 1;
    if (found == 0 && op->n_pieces == 1)
        found = 1;
    return found <= op->n_pieces ? found : 0;
}

static void place(struct ls_runner *r, const struct ls_op *op, struct ls_err *err)
{
    const struct ls_step *s = &r->plan->steps.v[r->step];
    int n = piece_of(op, err), line = op->line, col = op->col;

    /* SQLite tells some failures only by where the rest of the text began: the blanks before the statement are not the place. */
    if (op->kind == LS_OP_BATCH && n > 0 && err->offset >= 0 && err->offset < (long)op->pieces[n - 1].start)
        err->offset = (long)op->pieces[n - 1].start;
    if (err->offset >= 0 && (size_t)err->offset <= op->len)
        ls_sql_place(s->text, s->text_len, (size_t)(op->sql - s->text) + (size_t)err->offset, &line, &col);
    else if (op->kind == LS_OP_BATCH && n > 0) {
        line = op->pieces[n - 1].line;
        col = op->pieces[n - 1].col;
    } else if (op->kind == LS_OP_BATCH) {
        line = col = 0;
    }
    if (err->offset >= 0 && (size_t)err->offset <= op->len && s->line > 1)
        line += s->line - 1; /* text is a part of its file */
    r->rep->failed_stmt = err->statement = n;
    r->rep->failed_line = err->line = line;
    r->rep->failed_col = err->col = col;
}

/* "migrations/0007_x.up.sql:12:5: syntax error at "CRATE" (statement 3 of 5)" */
static void word_statement(struct ls_runner *r, struct ls_err *err)
{
    const struct ls_step *s = &r->plan->steps.v[r->step];
    struct ls_buf text = LS_BUF_INIT;

    ls_buf_adds(&text, s->path != NULL ? s->path : s->label);
    if (err->line > 0)
        ls_buf_addf(&text, ":%d:%d", err->line, err->col);
    ls_buf_addf(&text, ": %s", err->message);
    if (err->statement > 0)
        ls_buf_addf(&text, " (statement %d of %d%s)", err->statement, s->n_statements, r->may_be_done ? LS_RUN_MAY_BE_DONE : "");
    free(err->message);
    err->message = ls_buf_detach(&text);
}

static bool is_body_op(const struct ls_op *op)
{
    return op->kind == LS_OP_STATEMENT || op->kind == LS_OP_BATCH;
}

static enum ls_verdict verdict_of(const struct ls_runner *r)
{
    /* A body between two transactions of the ledger (golang-migrate on SQLite): the intent stays, and says dirty, whatever became of the body. */
    if (r->was_lost && r->lost != LS_OUTCOME_COMMITTED && r->lost != LS_OUTCOME_ABORTED)
        return r->phase == LS_PHASE_INTENT && !r->file.is_marked ? LS_VERDICT_DIRTY : LS_VERDICT_UNKNOWN;
    if (r->child_end == LS_CHILD_UNREAD)
        return LS_VERDICT_UNKNOWN;
    if (r->escaped || r->told_failure)
        return LS_VERDICT_DIRTY;
    return r->phase == LS_PHASE_FRESH ? LS_VERDICT_ROLLED_BACK : LS_VERDICT_DIRTY;
}

static enum ls_rc code_of(const struct ls_runner *r, enum ls_rc cause)
{
    if (r->rep->verdict == LS_VERDICT_UNKNOWN)
        return LS_E_UNKNOWN;
    if (r->rep->verdict == LS_VERDICT_DIRTY)
        return LS_E_PARTIAL;
    return cause == LS_E_CANCELLED || cause == LS_E_CHANGED || cause == LS_E_CONNECT ? cause : LS_E_FAILED;
}

static void write_failure(struct ls_runner *r)
{
    static const char *const words[] = {[LS_VERDICT_NOTHING] = "nothing", [LS_VERDICT_DONE] = "ok", [LS_VERDICT_ROLLED_BACK] = "rolled back",
                                        [LS_VERDICT_DIRTY] = "dirty", [LS_VERDICT_UNKNOWN] = "unknown"};
    const struct ls_step *s = &r->plan->steps.v[r->step];
    struct ls_buf redacted = LS_BUF_INIT, detail = LS_BUF_INIT, name = LS_BUF_INIT;
    struct ls_journal_entry e = {.event = "failed",
                                 .version = s->label,
                                 .direction = s->direction == LS_UP ? "up" : "down",
                                 .result = words[r->rep->verdict],
                                 .duration_ms = (ls_mono_us() - r->step_began_us) / 1000};

    ls_redact(&redacted, r->rep->err.message, strlen(r->rep->err.message));
    ls_ui_text_line(&detail, redacted.ptr);
    ls_ui_text_line(&name, s->name);
    e.detail = detail.ptr;
    e.name = name.ptr;
    if (ls_journal_write(&r->journal, r->s->db, &e, NULL) != LS_OK)
        ls_run_event(r, LS_EV_NOTICE, "WARNING: the journal could not be told about the failure", NULL);
    ls_buf_release(&redacted);
    ls_buf_release(&detail);
    ls_buf_release(&name);
}

/* After a lost connection: the chain may only grow under the lock, and from its head as it is now. */
static bool may_write_journal(struct ls_runner *r)
{
    bool got = false;

    if (!r->has_journal || r->is_out_of_reach)
        return false;
    if (r->is_locked && r->s->db != NULL && ls_db_is_alive(r->s->db))
        return true;
    r->is_locked = false;
    r->is_out_of_reach = ls_session_connect_as(r->s, false, NULL) != LS_OK; /* not to be waited for again */
    if (r->is_out_of_reach || ls_db_try_lock(r->s->db, r->keys, r->n_keys, &got, NULL) != LS_OK || !got)
        return false;
    r->is_locked = true;
    return ls_journal_reread(&r->journal, r->s->db, NULL) == LS_OK;
}

/* The steps that had ended in the transaction that was rolled back. */
static void undo_open(struct ls_runner *r)
{
    int failed = r->step, op = r->op;

    r->rep->n_steps_undone = r->n_open;
    r->op = -1;
    for (int k = 1; k <= r->n_open; k++) {
        r->step = r->rep->n_steps_done + r->n_open - k;
        ls_run_event(r, LS_EV_STEP_UNDONE, NULL, NULL);
    }
    r->step = failed;
    r->op = op;
    r->n_open = 0;
}

static enum ls_rc send_failure_op(struct ls_runner *r, const struct ls_op *op, struct ls_err *err)
{
    struct ls_exec_info info = {.rows = -1};
    struct ls_param *filled;
    enum ls_rc rc;

    if (op->kind == LS_OP_BEGIN)
        return ls_db_begin(r->s->db, err);
    if (op->kind == LS_OP_COMMIT)
        return ls_db_commit(r->s->db, err);
    if (op->sql == NULL)
        return LS_OK;
    filled = ls_run_fill(r, op);
    rc = ls_db_exec(r->s->db, op->sql, op->len, filled != NULL ? filled : op->params, op->n_params, &info, err);
    free(filled);
    if (rc == LS_OK && op->expect_rows >= 0 && info.rows != op->expect_rows)
        rc = ls_err_set(err, LS_E_CHANGED, "the ledger's row was not as expected");
    return rc;
}

/* What the tool itself writes when a body fails. */
static void tell_tool(struct ls_runner *r, const struct ls_op *failed, const struct ls_err *why)
{
    const struct ls_step *s = &r->plan->steps.v[r->step];
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc = LS_OK;

    if (s->on_failure.n == 0 || failed == NULL || !is_body_op(failed) || r->s->db == NULL || !ls_db_is_alive(r->s->db))
        return;
    r->error_text = why->message;
    for (size_t i = 0; rc == LS_OK && i < s->on_failure.n; i++)
        rc = send_failure_op(r, &s->on_failure.v[i], &err);
    r->error_text = NULL;
    r->told_failure = rc == LS_OK;
    if (rc != LS_OK) {
        char *text = ls_asprintf("WARNING: the ledger could not be told about the failure: %s", err.message);

        ls_db_rollback(r->s->db);
        ls_run_event(r, LS_EV_NOTICE, text, NULL);
        free(text);
    }
    ls_err_release(&err);
}

/* A mark in a file is no part of the transaction: it goes when nothing of the body stays. */
static void withdraw_mark(struct ls_runner *r, const struct ls_op *op)
{
    bool is_known = !r->was_lost || r->lost == LS_OUTCOME_COMMITTED || r->lost == LS_OUTCOME_ABORTED, is_sent;

    if (!r->file.is_marked || r->step < 0 || r->phase != LS_PHASE_INTENT || r->escaped || !is_known)
        return;
    is_sent = r->plan->steps.v[r->step].policy != LS_POLICY_TX && op != NULL && is_body_op(op);
    if (is_sent)
        return;
    if (ls_run_file_undo(r))
        r->phase = LS_PHASE_FRESH;
    else
        ls_run_event(r, LS_EV_NOTICE, "WARNING: the line that says it was begun could not be taken out of the list", NULL);
}

void ls_run_fail(struct ls_runner *r, struct ls_err *err)
{
    const struct ls_op *op = NULL;

    ls_run_rollback(r);
    undo_open(r);
    ls_session_shield(r->s, true);
    r->rep->failed_step = r->step;
    r->rep->failed_op = r->failed_op;
    if (r->step >= 0 && r->failed_op >= 0)
        op = &r->plan->steps.v[r->step].ops.v[r->failed_op];
    r->was_cut = op != NULL && is_body_op(op) && err->code == LS_E_CONNECT && err->sqlstate[0] == '\0';
    r->may_be_done = r->phase == LS_PHASE_BODY && (r->was_cut || (r->s->dialect == LS_DIALECT_SQLITE && err->code == LS_E_IO));
    if (op != NULL && is_body_op(op) && err->message != NULL && err->code != LS_E_PARTIAL) {
        place(r, op, err);
        word_statement(r, err);
    }
    if (r->step >= 0)
        tell_tool(r, op, err);
    withdraw_mark(r, op);
    if (r->was_lost && r->lost == LS_OUTCOME_ABORTED) {
        ls_err_detail(err, "the %s: the transaction was rolled back",
                      r->s->dialect == LS_DIALECT_SQLITE ? "database was read again" : "server was asked");
        free(err->hint); /* to look oneself: it was looked */
        err->hint = NULL;
    }
    r->rep->verdict = verdict_of(r);
    err->code = code_of(r, err->code);
    ls_err_move(&r->rep->err, err);
    if (r->step >= 0 && may_write_journal(r))
        write_failure(r);
    ls_session_shield(r->s, false);
}

void ls_run_journal_end(struct ls_runner *r)
{
    struct ls_journal_entry e = {.event = "run_end", .result = ls_verdict_name(r->rep->verdict), .duration_ms = (ls_mono_us() - r->run_began_us) / 1000};
    char detail[64];

    if (!may_write_journal(r))
        return;
    ls_session_shield(r->s, true);
    snprintf(detail, sizeof(detail), "%d of %zu step%s", r->rep->n_steps_done, r->plan->steps.n, r->plan->steps.n == 1 ? "" : "s");
    e.detail = detail;
    if (ls_journal_write(&r->journal, r->s->db, &e, NULL) != LS_OK)
        ls_run_event(r, LS_EV_NOTICE, "WARNING: the journal could not be told about the end of the run", NULL);
    ls_session_shield(r->s, false);
}
