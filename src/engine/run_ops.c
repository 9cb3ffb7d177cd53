/* Sending a step's ops. Runs of ops that need no answer in between go out in one pipeline; COMMIT goes alone, after every answer before it was
 * checked. */
#include <config.h>

#include "engine/run_priv.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

#define MAX_PIPELINE 64
/* A migration of at most so many bytes may travel in one pipeline with its ledger row. */
#define MAX_TOGETHER ((size_t)64 * 1024)
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

static bool is_body(const struct ls_op *op)
{
    return op->kind == LS_OP_STATEMENT || op->kind == LS_OP_BATCH;
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
        ev.elapsed_us = (ls_mono_ms() - r->run_began_ms) * 1000;
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
    struct ls_db_params params = {.url = r->s->url, .read_only = true, .connect_timeout_ms = 2000, .lock_timeout_ms = 1000, .statement_timeout_ms = 2000};

    ls_buf_clear(&r->blockers);
    if (r->watcher == NULL && ls_db_open(&params, &r->watcher, NULL) != LS_OK)
        r->watcher_failed = true;
    else if (ls_db_blockers(r->watcher, ls_db_info(r->s->db)->backend_pid, &r->blockers, NULL) != LS_OK)
        r->watcher_failed = true;
}

void ls_run_on_wait(void *ctx)
{
    struct ls_runner *r = ctx;
    struct ls_event ev = {.kind = LS_EV_WAIT, .op = r->op, .rows = -1};
    int64_t now = ls_mono_ms();

    if (r->hooks == NULL || r->hooks->on_event == NULL || r->op_began_us == 0)
        return;
    ev.elapsed_us = ls_mono_us() - r->op_began_us;
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

enum ls_rc ls_run_ask_gate(struct ls_runner *r, int step, int op, struct ls_err *err)
{
    if (op <= r->asked_up_to)
        return LS_OK;
    if (ls_session_cancelled(r->s))
        return stopped(err);
    if (r->hooks != NULL && r->hooks->gate != NULL && r->hooks->gate(r->hooks->ctx, r->plan, step, op) == LS_GATE_STOP)
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
        if (is_body(&ops[i]) || ops[i].kind == LS_OP_CHILD)
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

/* --- pipelines of ledger, fence and journal ----------------------------------------------------------------------------------------------- */

struct group {
    struct ls_db_call calls[MAX_PIPELINE];
    struct ls_exec_info infos[MAX_PIPELINE];
    int ops[MAX_PIPELINE];      /* index of the op that each call is for */
    int n;
    struct ls_param *filled[MAX_PIPELINE]; /* parameters with the values of the moment put in */
};

static void add_journal(struct ls_runner *r, struct group *g, const struct ls_op *ops, int i, int n)
{
    const struct ls_step *s = &r->plan->steps.v[r->step];
    struct ls_buf name = LS_BUF_INIT;
    struct ls_journal_entry e = {.version = s->label, .direction = s->direction == LS_UP ? "up" : "down", .result = "ok"};
    bool is_last = true;

    for (int k = i + 1; k < n; k++)
        is_last = is_last && ops[k].kind != LS_OP_JOURNAL;
    e.event = !is_last ? "intent" : s->kind == LS_STEP_RECORD ? "recorded" : s->direction == LS_UP ? "applied" : "reverted";
    e.duration_ms = is_last ? (ls_mono_us() - r->step_began_us) / 1000 : -1;
    if (!is_last)
        e.result = NULL;
    if (s->kind == LS_STEP_RECORD)
        e.detail = ls_action_name(r->plan->action);
    else if (ls_step_child(s) != NULL)
        e.detail = ls_run_child_detail(r, s);
    ls_ui_text_line(&name, s->name);
    e.name = name.ptr;
    g->calls[g->n] = ls_journal_row_call(&r->journal, &e);
    ls_buf_release(&name);
}

static void add_call(struct ls_runner *r, struct group *g, const struct ls_op *ops, int i, int n)
{
    const struct ls_op *op = &ops[i];
    struct ls_db_call *call = &g->calls[g->n];

    if (op->kind == LS_OP_JOURNAL && (!r->has_journal || r->step < 0))
        return;
    g->ops[g->n] = i;
    g->filled[g->n] = NULL;
    *call = (struct ls_db_call){op->sql, op->len, op->params, op->n_params};
    if (op->kind == LS_OP_BEGIN)
        *call = r->s->dialect == LS_DIALECT_SQLITE ? (struct ls_db_call){"BEGIN IMMEDIATE", 15, NULL, 0} : (struct ls_db_call){"BEGIN", 5, NULL, 0};
    else if (op->kind == LS_OP_JOURNAL)
        add_journal(r, g, ops, i, n);
    else if ((g->filled[g->n] = ls_run_fill(r, op)) != NULL)
        call->params = g->filled[g->n];
    g->n++;
}

static const char *label_of(const struct ls_runner *r)
{
    return r->step >= 0 ? r->plan->steps.v[r->step].label : "the ledger";
}

static enum ls_rc escaped(struct ls_runner *r, const struct ls_op *op, struct ls_err *err)
{
    r->escaped = true;
    r->in_tx = false;
    ls_err_set(err, LS_E_PARTIAL, "%s:%d: the migration escaped its transaction at statement %d: what came before it may stay",
               r->plan->steps.v[r->step].path, op->line, op->stmt_no);
    ls_err_hint(err, "a statement ended the transaction that was around the file: look for what commits or rolls back in it");
    return LS_E_PARTIAL;
}

static enum ls_rc check_answer(struct ls_runner *r, const struct ls_op *op, const struct ls_exec_info *info, struct ls_err *err)
{
    static const char *const ends[] = {"COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION", "PREPARE TRANSACTION"};

    for (size_t i = 0; op->kind == LS_OP_STATEMENT && i < LS_ARRAY_LEN(ends); i++)
        if (strcmp(info->tag, ends[i]) == 0)
            return escaped(r, op, err);
    if (op->kind == LS_OP_EXPECT && !(info->has_rows && info->rows == 1 && info->all_true)) {
        if (r->phase == LS_PHASE_BODY_DONE && r->step >= 0 && ls_step_child(&r->plan->steps.v[r->step]) != NULL)
            return ls_run_child_unproved(r, err);
        ls_err_set(err, LS_E_CHANGED, "the ledger %s no longer says about %s what the plan was made from", r->plan->ledger, label_of(r));
        ls_err_hint(err, "somebody else changed it: look at the state again and make a new plan");
        return LS_E_CHANGED;
    }
    if (op->kind == LS_OP_LEDGER && op->expect_rows >= 0 && info->rows != op->expect_rows) {
        ls_err_set(err, LS_E_CHANGED, "the ledger's row for %s was not as expected: %" PRId64 " rows were hit instead of %ld", label_of(r), info->rows,
                   op->expect_rows);
        ls_err_hint(err, "somebody else changed it: look at the state again and make a new plan");
        return LS_E_CHANGED;
    }
    return LS_OK;
}

static void wrap_group_error(struct ls_runner *r, const struct ls_op *op, struct ls_err *err)
{
    if (is_body(op))
        return; /* placed in its file later */
    if (op->kind == LS_OP_JOURNAL)
        ls_err_wrap(err, "writing the journal about %s", label_of(r));
    else if (op->kind == LS_OP_BEGIN)
        ls_err_wrap(err, "beginning a transaction for %s", label_of(r));
    else
        ls_err_wrap(err, "on the ledger %s, for %s", r->plan->ledger, label_of(r));
}

/* Whether the statements of a step may be sent in one pipeline with the ops around them: nobody wants to be asked in between, the server stops at the first
 * error by itself, everything is one transaction, its answers are all looked at before COMMIT is sent, and none of them takes long. */
static bool goes_together(const struct ls_runner *r, const struct ls_op *ops, int n)
{
    size_t bytes = 0;
    int n_commits = 0;

    if (r->step < 0 || r->in_tx || r->s->dialect != LS_DIALECT_POSTGRES || n > MAX_PIPELINE || (r->hooks != NULL && r->hooks->gate != NULL))
        return false;
    /* Statements in front of the BEGIN commit on their own: in a pipeline they would be one transaction. */
    if (ops[0].kind != LS_OP_BEGIN)
        return false;
    for (int i = 0; i < n; i++) {
        bytes += ops[i].len;
        n_commits += ops[i].kind == LS_OP_COMMIT;
        /* The ledger's and the journal's rows tell how long it took, and go out with it: so only where that is next to nothing. */
        if (ops[i].kind == LS_OP_STATEMENT && !ops[i].is_brief)
            return false;
        /* libpq has no way out of a COPY inside a pipeline. */
        if (ops[i].kind == LS_OP_CHILD || ops[i].kind == LS_OP_BATCH || (ops[i].kind == LS_OP_STATEMENT && ops[i].len >= 4 && strncasecmp(ops[i].sql, "copy", 4) == 0))
            return false;
    }
    return n_commits == 1 && bytes <= MAX_TOGETHER;
}

static void answer_group(struct ls_runner *r, const struct ls_op *ops, const struct group *g, int failed, enum ls_rc *rc, struct ls_err *err)
{
    /* The line went dead: how far the server came is not known, and nothing of it was to be committed yet. */
    bool is_cut = *rc == LS_E_CONNECT && (failed < 0 || err->sqlstate[0] == '\0');

    if (is_cut && r->step >= 0)
        ls_err_wrap(err, "sending %s", label_of(r));
    for (int k = 0; k < g->n; k++) {
        const struct ls_op *op = &ops[g->ops[k]];
        bool is_end;

        if (*rc == LS_OK)
            *rc = check_answer(r, op, &g->infos[k], err);
        else if (k == failed && !is_cut)
            wrap_group_error(r, op, err);
        is_end = *rc != LS_OK && (failed < 0 || k >= failed);
        if (is_end && is_cut)
            return;
        if (is_end)
            r->failed_op = g->ops[k];
        if (op->kind != LS_OP_BEGIN) {
            ls_run_op_begin(r, g->ops[k]);
            ls_run_op_end(r, g->ops[k], g->infos[k].rows, !is_body(op), is_end ? err : NULL);
        }
        if (is_end)
            return;
    }
}

/* Where no lock keeps other operators out, the journal's head is known only inside of the transaction. */
static bool follows(const struct ls_runner *r)
{
    return r->has_journal && r->step >= 0 && r->s->dialect == LS_DIALECT_SQLITE;
}

static bool goes_alone(const struct ls_op *op)
{
    return op->kind == LS_OP_COMMIT || op->kind == LS_OP_CHILD || op->kind == LS_OP_FILE || op->in_file != NULL;
}

/* Sends ops[from..] up to the next COMMIT, or statement unless they go together; *next gets where to go on. */
static enum ls_rc send_group(struct ls_runner *r, const struct ls_op *ops, int n, int from, int *next, struct ls_err *err)
{
    struct group g = {.n = 0};
    bool together = goes_together(r, ops, n);
    int i = from, failed = -1;
    enum ls_tx_status status;
    enum ls_rc rc;

    for (; i < n && g.n < MAX_PIPELINE && !goes_alone(&ops[i]) && (together || !is_body(&ops[i])) && (i == from || ops[i].kind != LS_OP_BEGIN); i++) {
        if (i > from && ops[i - 1].kind == LS_OP_BEGIN && follows(r))
            break;
        add_call(r, &g, ops, i, n);
    }
    *next = i;
    r->op = from;
    if (ops[from].kind == LS_OP_BEGIN) {
        ls_run_event(r, LS_EV_TX_BEGIN, NULL, NULL);
        LS_FAULT("begin");
    }
    r->op_began_us = ls_mono_us();
    rc = g.n == 0 ? LS_OK : ls_db_pipeline(r->s->db, g.calls, g.n, g.infos, &failed, err);
    status = ls_db_tx_status(r->s->db);
    r->in_tx = status == LS_TXS_OPEN || status == LS_TXS_FAILED;
    LS_FAULT("ledger");
    answer_group(r, ops, &g, failed, &rc, err);
    if (rc == LS_OK && ops[from].kind == LS_OP_BEGIN && follows(r))
        rc = ls_journal_follow(&r->journal, r->s->db, err);
    if (rc == LS_OK && together && status != LS_TXS_OPEN)
        rc = escaped(r, &ops[i - 1], err);
    for (int k = 0; k < g.n; k++)
        free(g.filled[k]);
    return rc;
}

/* A fence on a ledger in another file. */
static enum ls_rc send_elsewhere(struct ls_runner *r, const struct ls_op *ops, int i, struct ls_err *err)
{
    struct ls_exec_info info = {.rows = -1};
    enum ls_rc rc = ls_run_ask_file(&ops[i], &info, err);

    if (rc == LS_OK)
        rc = check_answer(r, &ops[i], &info, err);
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
        if (is_body(&ops[k]))
            return false;
    return true;
}

/* Outside of a transaction of ours a file may have its own, from one statement to another. */
static enum ls_rc check_tx(struct ls_runner *r, const struct ls_op *op, bool was_in_tx, bool is_last, struct ls_err *err)
{
    enum ls_tx_status now = ls_db_tx_status(r->s->db);
    const struct ls_step *s = &r->plan->steps.v[r->step];

    if (was_in_tx && now != LS_TXS_OPEN)
        return escaped(r, op, err);
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
        if (is_body(&ops[k]) || ops[k].kind == LS_OP_CHILD)
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
        if (is_body(&ops[i])) {
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
            rc = send_group(r, ops, n, i, &i, err);
            ls_session_shield(r->s, false);
        }
    }
    r->op_began_us = 0;
    watch_client(r, true);
    return rc;
}
