/* What a run has done, in plain sentences: what is applied, what is not, what the ledger says, what can be done next. */
#include <config.h>

#include "engine/run_priv.h"

#include <stdarg.h>
#include <string.h>

static void LS_PRINTF(2, 3) line(struct ls_buf *out, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(out, fmt, ap);
    va_end(ap);
    ls_buf_addc(out, '\n');
}

/* --- what was done --------------------------------------------------------------------------------------------------------------------------- */

static const char *done_word(const struct ls_step *s)
{
    if (s->kind == LS_STEP_RECORD)
        return s->direction == LS_UP ? "Marked applied" : "Marked pending";
    return s->direction == LS_UP ? "Applied" : "Taken back";
}

/* Names up to six of them, else the first and the last. */
static void add_labels(struct ls_buf *out, const struct ls_plan *p, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (to - from > 6 && i == from + 1) {
            ls_buf_addf(out, " to %s (%zu)", p->steps.v[to - 1].label, to - from);
            return;
        }
        ls_buf_addf(out, "%s%s", i > from ? ", " : "", p->steps.v[i].label);
    }
}

static size_t n_rows_written(const struct ls_step *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->ops.n; i++)
        n += s->ops.v[i].kind == LS_OP_LEDGER && s->ops.v[i].expect_rows == 1;
    return n;
}

/* Steps that go the same way, as one line. */
static void tell_done(struct ls_runner *r)
{
    const struct ls_plan *p = r->plan;
    size_t n = (size_t)r->rep->n_steps_done, to;

    if (p->action == LS_ACTION_IMPORT && n > 0) {
        size_t rows = n_rows_written(&p->steps.v[0]);

        line(&r->rep->applied, "Imported: %zu version%s of %s.", rows, rows == 1 ? "" : "s", p->steps.v[0].name);
        return;
    }
    for (size_t from = 0; from < n; from = to) {
        for (to = from + 1; to < n && p->steps.v[to].direction == p->steps.v[from].direction; to++)
            ;
        ls_buf_addf(&r->rep->applied, "%s: ", done_word(&p->steps.v[from]));
        add_labels(&r->rep->applied, p, from, to);
        ls_buf_adds(&r->rep->applied, ".\n");
    }
    if (n == 0)
        line(&r->rep->applied, "Nothing was %s.", p->action == LS_ACTION_DOWN ? "taken back" : p->action == LS_ACTION_UP ? "applied" : "done");
}

/* --- what a failure left ------------------------------------------------------------------------------------------------------------------------ */

static bool is_golang(const struct ls_runner *r)
{
    return r->format == &ls_format_golang_migrate;
}

/* Whether the body is one text, and whether a transaction of ours is around it. */
static bool has_batch(const struct ls_step *s, bool *in_tx)
{
    *in_tx = false;
    for (size_t i = 0; i < s->ops.n; i++) {
        if (s->ops.v[i].kind == LS_OP_BATCH)
            return true;
        *in_tx = s->ops.v[i].kind == LS_OP_BEGIN || (*in_tx && s->ops.v[i].kind != LS_OP_COMMIT);
    }
    return false;
}

/* The body is known to be in or out as a whole, as golang-migrate's is. */
static bool is_whole(const struct ls_runner *r, const struct ls_step *s)
{
    bool in_tx;

    return is_golang(r) || (has_batch(s, &in_tx) && (in_tx || r->s->dialect == LS_DIALECT_POSTGRES));
}

static bool has_class(const struct ls_step *s, enum ls_dialect d, enum ls_tx_class tx)
{
    for (size_t i = 0; i < s->ops.n; i++) {
        const struct ls_op *op = &s->ops.v[i];

        for (int k = 0; op->kind == LS_OP_BATCH && k < op->n_pieces; k++)
            if (ls_sql_tx_class(d, op->sql + op->pieces[k].start, op->pieces[k].end - op->pieces[k].start) == tx)
                return true;
    }
    return false;
}

/* The one sentence that says what of a body that was sent whole is in the database after it failed. */
static void tell_whole_body(struct ls_runner *r, const struct ls_step *s)
{
    struct ls_buf *out = &r->rep->applied;
    bool is_pg = r->s->dialect == LS_DIALECT_POSTGRES;

    if (r->phase == LS_PHASE_INTENT && is_pg)
        line(out, "Its file was not sent: nothing of it is in the database.");
    else if (r->phase == LS_PHASE_BODY_DONE)
        line(out, "Its file ran to its end and stays; only the ledger was not told.");
    else if (!is_pg && r->was_lost && r->lost == LS_OUTCOME_UNKNOWN)
        line(out, "Its file ran in a transaction of its own, whose COMMIT ended in an error: all of it is in the database, or nothing. Look before you go on.");
    else if (!is_pg)
        line(out, "Its file ran in a transaction of its own, which was rolled back: nothing of it is in the database.");
    else if (r->was_cut)
        line(out, "The connection was lost while the file was running: the server may have finished it after that, or not. Look before you go on.");
    else if (has_class(s, LS_DIALECT_POSTGRES, LS_TX_CONTROLS))
        line(out, "The file has transaction commands of its own: what was committed before the failure stays.");
    else if (has_class(s, LS_DIALECT_POSTGRES, LS_TX_FORBIDS))
        line(out, "It is one statement that runs outside of transactions: it can leave something unfinished behind, such as an invalid index.");
    else
        line(out, "PostgreSQL ran the file as one implicit transaction: nothing of it is in the database.");
}

/* A statement by itself is a transaction by itself, but for those that PostgreSQL makes of several. */
static bool is_unfinished(const struct ls_runner *r, const struct ls_step *s)
{
    const struct ls_op *op = r->failed_op >= 0 && (size_t)r->failed_op < s->ops.n ? &s->ops.v[r->failed_op] : NULL;

    return r->s->dialect == LS_DIALECT_POSTGRES &&
           (op == NULL || op->sql == NULL || ls_sql_tx_class(LS_DIALECT_POSTGRES, op->sql, op->len) == LS_TX_FORBIDS);
}

static void tell_no_tx(struct ls_runner *r, const struct ls_step *s)
{
    struct ls_buf *out = &r->rep->applied;

    if (r->phase == LS_PHASE_BODY_DONE)
        line(out, "All its statements took effect and stay; only the ledger was not told.");
    else if (r->stmts_done == 0)
        line(out, "None of its %d statements took effect before the failure.", s->n_statements);
    else if (r->stmts_done == 1)
        line(out, "Statement 1 of %d took effect and stays.", s->n_statements);
    else
        line(out, "Statements 1 to %d of %d took effect and stay.", r->stmts_done, s->n_statements);
    if (r->was_cut) {
        line(out, "The connection was lost while statement %d was running: the server may have finished it after that, or not. Look before you go on.",
             r->rep->failed_stmt);
        return;
    }
    if (r->may_be_done) {
        line(out, "Statement %d ended in an error that does not tell whether it was done. Look before you go on.", r->rep->failed_stmt);
        return;
    }
    if (r->phase != LS_PHASE_BODY_DONE && r->rep->failed_stmt > r->stmts_done + 1) {
        line(out, "Statements %d to %d were in a transaction of the file's own, which was rolled back.", r->stmts_done + 1, r->rep->failed_stmt - 1);
        return;
    }
    if (r->rep->failed_stmt > 0 && is_unfinished(r, s))
        line(out, "Statement %d failed; as it runs outside of transactions it can leave something unfinished behind, such as an invalid index.",
             r->rep->failed_stmt);
    else if (r->rep->failed_stmt > 0)
        line(out, "Statement %d failed, and left nothing of itself.", r->rep->failed_stmt);
}

/* The steps in front of it that were in the same transaction. */
static void tell_shared(struct ls_runner *r)
{
    struct ls_buf *out = &r->rep->applied;
    size_t from = (size_t)r->rep->n_steps_done, to = from + (size_t)r->rep->n_steps_undone;

    if (to == from)
        return;
    ls_buf_adds(out, r->rep->verdict == LS_VERDICT_UNKNOWN ? "In the same transaction, so not known either: "
                     : r->escaped                          ? "In the same transaction, so they may stay too: "
                                                           : "Rolled back with it, as they were in the same transaction: ");
    add_labels(out, r->plan, from, to);
    ls_buf_adds(out, ".\n");
}

static void tell_failed_step(struct ls_runner *r, const struct ls_step *s)
{
    struct ls_buf *out = &r->rep->applied;
    bool is_import = r->plan->action == LS_ACTION_IMPORT;
    const char *way = is_import ? "import" : s->kind == LS_STEP_RECORD ? "mark" : s->direction == LS_UP ? "up" : "down";
    size_t left = r->plan->steps.n - (size_t)r->rep->failed_step - 1;

    line(out, r->rep->err.code == LS_E_CANCELLED ? "Stopped at: the %s of %s." : "Failed: the %s of %s.", way, is_import ? s->name : s->label);
    if (r->child_end != LS_CHILD_UNREAD && r->rep->verdict == LS_VERDICT_UNKNOWN)
        line(out, "Its COMMIT was sent and the answer was lost; the database could not be asked what became of it.");
    else if (ls_step_child(s) != NULL)
        ls_run_child_tell(r, s);
    else if (r->escaped)
        line(out, "A statement ended the transaction around it: what came before that statement may stay.");
    else if (r->rep->verdict == LS_VERDICT_ROLLED_BACK)
        line(out, "Its transaction was rolled back: nothing of it is in the database.");
    else if (r->told_failure && r->phase == LS_PHASE_FRESH)
        line(out, "Its transaction was rolled back: nothing of it is in the database. The ledger was told that it failed, as the tool does it.");
    else if (r->file.is_marked && r->phase == LS_PHASE_INTENT && s->policy == LS_POLICY_TX)
        line(out, "Its transaction was rolled back: nothing of it is in the database. The line that says it was begun could not be taken out of the list.");
    else if (is_whole(r, s))
        tell_whole_body(r, s);
    else
        tell_no_tx(r, s);
    tell_shared(r);
    if (left > 0)
        line(out, "Not begun: %zu more.", left);
}

/* --- the ledger now ------------------------------------------------------------------------------------------------------------------------------ */

static void tell_ledger(struct ls_runner *r)
{
    struct ls_buf *out = &r->rep->applied;
    const struct ls_step *s = r->rep->failed_step >= 0 ? &r->plan->steps.v[r->rep->failed_step] : NULL;
    struct ls_ledger l = {0};
    const struct ls_ledger_row *row = NULL;

    if (r->format == NULL || ls_session_connect_to_read(r->s, NULL) != LS_OK || r->format->ledger_read(r->s->db, &r->s->opts, &l, NULL) != LS_OK) {
        line(out, "The ledger could not be read again.");
        ls_ledger_release(&l);
        return;
    }
    for (size_t i = 0; s != NULL && i < l.rows.n; i++)
        if (strcmp(l.rows.v[i].id, s->id) == 0)
            row = &l.rows.v[i];
    if (!l.exists)
        line(out, "There is no ledger.");
    else if (l.shape == LS_LEDGER_CURSOR && l.rows.n > 0)
        line(out, "The ledger %s says: version %s, %s.", l.location, l.rows.v[0].id, l.dirty ? "dirty" : "clean");
    else if (l.shape == LS_LEDGER_CURSOR)
        line(out, "The ledger %s says: no version is applied.", l.location);
    else if (s != NULL && s->kind == LS_STEP_MIGRATE)
        line(out, "The ledger %s says about %s: %s.", l.location, s->label, row != NULL && row->raw_status != NULL ? row->raw_status : "nothing, so it is pending");
    ls_ledger_release(&l);
}

/* --- what next ------------------------------------------------------------------------------------------------------------------------------------ */

static void next_golang(struct ls_runner *r, const struct ls_step *s)
{
    struct ls_buf *out = &r->rep->next;

    if (r->phase == LS_PHASE_BODY_DONE)
        line(out, "Tell the ledger what is true: lockstep mark %s %s", s->label, s->direction == LS_UP ? "applied" : "pending");
    if (r->phase == LS_PHASE_BODY_DONE)
        return;
    if (s->direction == LS_DOWN && s->is_half) {
        line(out, "There is no up file for %s: the tool ran nothing when it counted it as applied.", s->label);
        line(out, "If nothing else has made its changes, there is nothing to take back: lockstep mark %s pending, then lockstep down", s->label);
        line(out, "If something has, and they are still there: mend %s, lockstep mark %s applied, then lockstep down 1", s->path, s->label);
        return;
    }
    if (s->path != NULL)
        line(out, "Mend %s.", s->path);
    if (s->direction == LS_UP) {
        line(out, "If nothing of %s is in the database: lockstep mark %s pending, then lockstep up", s->label, s->label);
        line(out, "If you completed it by hand: lockstep mark %s applied", s->label);
    } else {
        line(out, "If nothing of %s was taken back: lockstep mark %s applied, then lockstep down 1", s->label, s->label);
        line(out, "If you took it back by hand: lockstep mark %s pending", s->label);
    }
}

static void next_lockstep(struct ls_runner *r, const struct ls_step *s)
{
    struct ls_buf *out = &r->rep->next;
    const char *done = s->direction == LS_UP ? "applied" : "pending", *not_done = s->direction == LS_UP ? "pending" : "applied";

    if (r->escaped) {
        line(out, "Look at what is in the database, and take it back or complete it by hand; then mark %s applied or pending.", s->label);
        return;
    }
    if (r->phase != LS_PHASE_BODY_DONE)
        line(out, "If you take back by hand what took effect: lockstep mark %s %s, mend the file, and run it again", s->label, not_done);
    line(out, "%s: lockstep mark %s %s", r->phase == LS_PHASE_BODY_DONE ? "Tell the ledger what is true" : "If you complete it by hand", s->label, done);
}

static void tell_next(struct ls_runner *r)
{
    const struct ls_step *s = r->rep->failed_step >= 0 ? &r->plan->steps.v[r->rep->failed_step] : NULL;
    const struct ls_step *first = s != NULL ? &r->plan->steps.v[r->rep->n_steps_done] : NULL; /* where it goes on: what was undone too */
    struct ls_buf *out = &r->rep->next;

    if (r->rep->verdict == LS_VERDICT_UNKNOWN)
        line(out, "When the database answers again, look at lockstep status: the ledger says whether it was committed.");
    else if (s != NULL && ls_step_child(s) != NULL && r->rep->verdict == LS_VERDICT_DIRTY)
        ls_run_child_next(r, s);
    else if (s == NULL || r->rep->err.code == LS_E_CHANGED)
        line(out, "%s", r->rep->err.hint != NULL ? r->rep->err.hint : "Remove the cause, then run it again.");
    else if (r->rep->verdict == LS_VERDICT_DIRTY && is_whole(r, s) && !r->escaped)
        next_golang(r, s);
    else if (r->rep->verdict == LS_VERDICT_DIRTY)
        next_lockstep(r, s);
    else if (r->rep->err.code == LS_E_CANCELLED)
        line(out, "Run it again when you are ready: it goes on with %s.", first->label);
    else if (s->path != NULL)
        line(out, "Mend %s or the cause in the database, then run it again: it goes on with %s. Or leave it: the database is as it was before %s.",
             s->path, first->label, first->label);
    else
        line(out, "Remove the cause, then run it again.");
}

bool ls_run_next_is_hint(const struct ls_run_report *r)
{
    size_t len = r->err.hint != NULL ? strlen(r->err.hint) : 0;

    return len > 0 && r->next.len == len + 1 && memcmp(r->next.ptr, r->err.hint, len) == 0;
}

void ls_run_tell(struct ls_runner *r)
{
    struct ls_run_report *rep = r->rep;

    tell_done(r);
    if (rep->err.code == LS_OK)
        return;
    if (rep->failed_step >= 0)
        tell_failed_step(r, &r->plan->steps.v[rep->failed_step]);
    else if (rep->n_steps_done > 0) /* stopped between two steps */
        line(&rep->applied, "Not begun: %zu more.", r->plan->steps.n - (size_t)rep->n_steps_done);
    if (rep->failed_step >= 0)
        tell_ledger(r);
    tell_next(r);
}
