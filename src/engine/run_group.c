/* Pipelines of ledger, fence and journal, and of brief statements with them. */
#include <config.h>

#include "engine/run_priv.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/text.h"

#define MAX_PIPELINE 64
/* A migration of at most so many bytes may travel in one pipeline with its ledger row. */
#define MAX_TOGETHER ((size_t)64 * 1024)
/* Statements that go out with the rows about them took their time when their answer came later than two round trips and so much more. */
#define LATE_US 20000

struct group {
    struct ls_db_call calls[MAX_PIPELINE];
    struct ls_exec_info infos[MAX_PIPELINE];
    int ops[MAX_PIPELINE];      /* index of the op that each call is for; -1 the savepoint's */
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

static void add_words(struct group *g, const char *sql)
{
    g->ops[g->n] = -1;
    g->filled[g->n] = NULL;
    g->calls[g->n++] = (struct ls_db_call){sql, strlen(sql), NULL, 0};
}

static const char *label_of(const struct ls_runner *r)
{
    return r->step >= 0 ? r->plan->steps.v[r->step].label : "the ledger";
}

enum ls_rc ls_run_escaped(struct ls_runner *r, const struct ls_op *op, struct ls_err *err)
{
    r->escaped = true;
    r->in_tx = false;
    ls_err_set(err, LS_E_PARTIAL, "%s:%d: the migration escaped its transaction at statement %d: what came before it may stay",
               r->plan->steps.v[r->step].path, op->line, op->stmt_no);
    ls_err_hint(err, "a statement ended the transaction that was around the file: look for what commits or rolls back in it");
    return LS_E_PARTIAL;
}

enum ls_rc ls_run_check_answer(struct ls_runner *r, const struct ls_op *op, const struct ls_exec_info *info, struct ls_err *err)
{
    static const char *const ends[] = {"COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION", "PREPARE TRANSACTION"};

    for (size_t i = 0; op->kind == LS_OP_STATEMENT && i < LS_ARRAY_LEN(ends); i++)
        if (strcmp(info->tag, ends[i]) == 0)
            return ls_run_escaped(r, op, err);
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
    if (ls_run_is_body(op))
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

    if (r->step < 0 || r->in_tx || r->s->dialect != LS_DIALECT_POSTGRES || n >= MAX_PIPELINE || (r->hooks != NULL && r->hooks->gate != NULL))
        return false;
    /* Statements in front of the BEGIN commit on their own: in a pipeline they would be one transaction. */
    if (ops[0].kind != LS_OP_BEGIN)
        return false;
    for (int i = 0; i < n; i++) {
        bytes += ops[i].len;
        n_commits += ops[i].kind == LS_OP_COMMIT;
        /* The ledger's and the journal's rows tell how long it took, and go out with it: so only where that is next to nothing, but for locks that
         * others hold (tell_again). */
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
        const struct ls_op *op = g->ops[k] >= 0 ? &ops[g->ops[k]] : NULL;
        bool is_end;

        if (op == NULL) {
            if (k == failed)
                return;
            continue;
        }
        if (*rc == LS_OK)
            *rc = ls_run_check_answer(r, op, &g->infos[k], err);
        else if (k == failed && !is_cut)
            wrap_group_error(r, op, err);
        is_end = *rc != LS_OK && (failed < 0 || k >= failed);
        if (is_end && is_cut)
            return;
        if (is_end)
            r->failed_op = g->ops[k];
        if (op->kind != LS_OP_BEGIN) {
            ls_run_op_begin(r, g->ops[k]);
            ls_run_op_end(r, g->ops[k], g->infos[k].rows, !ls_run_is_body(op), is_end ? err : NULL);
        }
        if (is_end)
            return;
    }
}

/* Of ops that go together, the first that tells how long the statements took, all of it being behind them; else -1. What comes before it stays as it was
 * sent: a ledger's row that tells no time keeps its number of a sequence. */
static int telling_from(const struct ls_runner *r, const struct ls_op *ops, int n)
{
    int first = -1, body = -1;

    for (int i = 0; i < n; i++) {
        if (ls_run_is_body(&ops[i]))
            body = i;
        else if (first < 0 && ((ops[i].kind == LS_OP_JOURNAL && r->has_journal) || ls_run_is_filled(&ops[i])))
            first = i;
    }
    return body >= 0 && first > body ? first : -1;
}

/* Somebody's lock kept the statements waiting, and the rows about them, made before they were sent, say that they took no time: takes these back and
 * sends them again. Two more calls on a bad day are better than a round trip more for each migration on every other one. */
static enum ls_rc tell_again(struct ls_runner *r, const struct ls_op *ops, int n, int from, int to, struct ls_err *err)
{
    struct group g = {.n = 0};
    int failed = -1;
    enum ls_rc rc;

    if (r->has_journal)
        ls_journal_rolled_back(&r->journal);
    add_words(&g, "ROLLBACK TO SAVEPOINT lockstep_told");
    for (int i = from; i < to; i++)
        add_call(r, &g, ops, i, n);
    rc = ls_db_pipeline(r->s->db, g.calls, g.n, g.infos, &failed, err);
    for (int k = 0; k < g.n; k++) {
        bool was_ok = rc == LS_OK;

        if (g.ops[k] >= 0 && was_ok)
            rc = ls_run_check_answer(r, &ops[g.ops[k]], &g.infos[k], err);
        if (g.ops[k] >= 0 && (was_ok ? rc != LS_OK : k == failed)) {
            r->failed_op = g.ops[k];
            wrap_group_error(r, &ops[g.ops[k]], err);
        }
        free(g.filled[k]);
    }
    return rc;
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

enum ls_rc ls_run_group(struct ls_runner *r, const struct ls_op *ops, int n, int from, int *next, struct ls_err *err)
{
    struct group g = {.n = 0};
    bool together = goes_together(r, ops, n);
    int i = from, failed = -1, telling = together ? telling_from(r, ops, n) : -1;
    int64_t took_us;
    enum ls_tx_status status;
    enum ls_rc rc;

    for (; i < n && g.n < MAX_PIPELINE && !goes_alone(&ops[i]) && (together || !ls_run_is_body(&ops[i])) && (i == from || ops[i].kind != LS_OP_BEGIN); i++) {
        if (i > from && ops[i - 1].kind == LS_OP_BEGIN && follows(r))
            break;
        if (i == telling)
            add_words(&g, "SAVEPOINT lockstep_told");
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
    took_us = ls_mono_us() - r->op_began_us;
    status = ls_db_tx_status(r->s->db);
    r->in_tx = status == LS_TXS_OPEN || status == LS_TXS_FAILED;
    LS_FAULT("ledger");
    answer_group(r, ops, &g, failed, &rc, err);
    if (rc == LS_OK && ops[from].kind == LS_OP_BEGIN && follows(r))
        rc = ls_journal_follow(&r->journal, r->s->db, err);
    if (rc == LS_OK && together && status != LS_TXS_OPEN)
        rc = ls_run_escaped(r, &ops[i - 1], err);
    if (rc == LS_OK && telling > from && took_us > 2 * r->trip_us + LATE_US)
        rc = tell_again(r, ops, n, telling, i, err);
    for (int k = 0; k < g.n; k++)
        free(g.filled[k]);
    return rc;
}
