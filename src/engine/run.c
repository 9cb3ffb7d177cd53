#include <config.h>

#include "engine/run_priv.h"

#include <string.h>

#include "engine/plan_priv.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/mem.h"

/* A blocked waiter would deadlock CREATE INDEX CONCURRENTLY of the holder (safety.md 0.4): the lock is only ever asked for. */
#define LOCK_POLL_MS 250

static const char *const verdict_names[] = {[LS_VERDICT_NOTHING] = "nothing",
                                            [LS_VERDICT_DONE] = "done",
                                            [LS_VERDICT_ROLLED_BACK] = "rolled-back",
                                            [LS_VERDICT_DIRTY] = "dirty",
                                            [LS_VERDICT_UNKNOWN] = "unknown"};

const char *ls_verdict_name(enum ls_verdict v)
{
    return verdict_names[v];
}

void ls_run_report_init(struct ls_run_report *r)
{
    memset(r, 0, sizeof(*r));
    r->failed_step = r->failed_op = -1;
    ls_err_init(&r->err);
    ls_buf_init(&r->applied);
    ls_buf_init(&r->next);
}

void ls_run_report_release(struct ls_run_report *r)
{
    ls_err_release(&r->err);
    ls_buf_release(&r->applied);
    ls_buf_release(&r->next);
}

int ls_rc_exit_code(enum ls_rc rc)
{
    static const struct {
        enum ls_rc rc;
        int code;
    } codes[] = {{LS_OK, 0},        {LS_E_USAGE, 2},   {LS_E_REFUSED, 3}, {LS_E_CHANGED, 3},   {LS_E_BUSY, 3},
                 {LS_E_PARTIAL, 4}, {LS_E_UNKNOWN, 5}, {LS_E_DRIFT, 6},   {LS_E_CANCELLED, 75}};

    for (size_t i = 0; i < LS_ARRAY_LEN(codes); i++)
        if (codes[i].rc == rc)
            return codes[i].code;
    return 1;
}

/* --- the operators' lock -------------------------------------------------------------------------------------------------------------------- */

/* The ledger as far as the keys need it: where the plan says it is. */
static int find_keys(struct ls_runner *r, const struct ls_format *f, int64_t keys[4])
{
    struct ls_ledger where = {.location = r->plan->ledger};
    int n;
    const char *dot = strchr(r->plan->ledger, '.');
    char *schema = dot != NULL ? ls_strndup(r->plan->ledger, (size_t)(dot - r->plan->ledger)) : NULL;

    where.schema = schema;
    n = f->lock_keys(r->s->db, &r->s->opts, &where, keys);
    free(schema);
    return n;
}

/* A tool that runs as our child takes its own lock itself: held by us, it would wait for its parent for ever. Ours, which stand in front of it, keep two
 * of us apart. That we had it says that nobody else has; whoever comes in between meets the tool. */
static enum ls_rc leave_to_child(struct ls_runner *r, struct ls_err *err)
{
    int64_t own[4];
    int n = find_keys(r, &ls_format_lockstep, own);
    enum ls_rc rc = LS_OK;

    if (r->plan->steps.n == 0 || ls_step_child(&r->plan->steps.v[0]) == NULL || n >= r->n_keys)
        return LS_OK;
    rc = ls_db_unlock(r->s->db, r->keys + n, r->n_keys - n, err);
    r->n_keys = n;
    return rc;
}

static enum ls_rc take_lock(struct ls_runner *r, struct ls_err *err)
{
    int64_t until = ls_mono_ms() + r->s->p.lock_wait_ms;
    struct ls_buf holder = LS_BUF_INIT;
    bool got = false;
    enum ls_rc rc;

    r->n_keys = find_keys(r, r->format, r->keys);
    for (;;) {
        int64_t asked_us = ls_mono_us();

        rc = ls_db_try_lock(r->s->db, r->keys, r->n_keys, &got, err);
        r->trip_us = ls_mono_us() - asked_us;
        if (rc != LS_OK || got)
            break;
        ls_buf_clear(&holder);
        rc = ls_db_lock_holder(r->s->db, r->keys, r->n_keys, &holder, err);
        if (rc != LS_OK)
            break;
        ls_run_event(r, LS_EV_LOCK_WAIT, holder.ptr, NULL);
        if (ls_mono_ms() >= until) {
            rc = ls_err_set(err, LS_E_BUSY, "another operator or tool holds the migration lock: %s", holder.len > 0 ? holder.ptr : "it was just released");
            ls_err_hint(err, "wait for it to finish, then run this again");
            break;
        }
        if (!ls_session_sleep(r->s, LOCK_POLL_MS)) {
            rc = ls_err_set(err, LS_E_CANCELLED, "stopped while waiting for the migration lock");
            break;
        }
    }
    r->is_locked = rc == LS_OK && got;
    ls_buf_release(&holder);
    return rc == LS_OK ? leave_to_child(r, err) : rc;
}

static void give_lock_back(struct ls_runner *r)
{
    struct ls_err err = LS_ERR_INIT;

    if (!r->is_locked || r->s->db == NULL || !ls_db_is_alive(r->s->db))
        return;
    if (ls_db_unlock(r->s->db, r->keys, r->n_keys, &err) != LS_OK)
        ls_run_event(r, LS_EV_NOTICE, err.message, NULL);
    ls_err_release(&err);
    r->is_locked = false;
}

/* --- the plan, made again under the lock ------------------------------------------------------------------------------------------------------ */

static enum ls_rc changed(const char *why, struct ls_err *err)
{
    ls_err_set(err, LS_E_CHANGED, "the database or the files have changed since the plan was made; nothing was run%s%s", why != NULL ? ": " : "",
               why != NULL ? why : "");
    ls_err_hint(err, "look at the state again and make a new plan");
    return LS_E_CHANGED;
}

static enum ls_rc plan_again(struct ls_runner *r, struct ls_err *err)
{
    const struct ls_plan *p = r->plan;
    struct ls_plan_goal goal = {p->action, p->count, p->id, p->to_nothing, p->out_of_order};
    struct ls_snapshot *snap = NULL;
    struct ls_plan *again = NULL;
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = ls_session_snapshot_as(r->s, r->format, &snap, err);

    if (rc != LS_OK)
        goto out;
    rc = ls_plan_build(r->s, snap, &goal, &again, &own);
    if (rc == LS_E_CANCELLED || rc == LS_E_CONNECT)
        ls_err_move(err, &own);
    else if (rc != LS_OK)
        rc = changed(own.message, err);
    else if (strcmp(again->digest, p->digest) != 0)
        rc = changed(NULL, err);
out:
    ls_err_release(&own);
    ls_plan_free(again);
    ls_snapshot_free(snap);
    return rc;
}

/* --- the run ---------------------------------------------------------------------------------------------------------------------------------- */

static enum ls_rc begin_journal(struct ls_runner *r, struct ls_err *err)
{
    struct ls_journal_entry e = {.event = "run_begin", .duration_ms = -1};
    char detail[128];
    enum ls_rc rc;

    if (!r->s->p.journal)
        return LS_OK;
    rc = ls_journal_open(&r->journal, r->s->db, r->s->p.operator_name, r->plan->digest, err);
    snprintf(detail, sizeof(detail), "%s, %zu step%s", ls_action_name(r->plan->action), r->plan->steps.n, r->plan->steps.n == 1 ? "" : "s");
    e.detail = detail;
    if (rc == LS_OK)
        rc = ls_journal_write(&r->journal, r->s->db, &e, err);
    r->has_journal = rc == LS_OK;
    if (rc == LS_OK)
        snprintf(r->rep->run_id, sizeof(r->rep->run_id), "%s", r->journal.run_id);
    return rc;
}

/* A COMMIT's answer was lost, and it was found to be done; the connection that held the operators' lock is gone. Nothing failed, and no step is
 * under way. */
static enum ls_rc stop_between(struct ls_runner *r, size_t next, struct ls_err *err)
{
    const struct ls_plan *p = r->plan;

    r->step = r->op = r->failed_op = -1;
    r->phase = LS_PHASE_FRESH;
    ls_err_set(err, LS_E_CONNECT, "the connection was lost while %s%s was being committed; it was committed, and the run stopped there",
               next > 0 ? "" : "the new ledger ", next > 0 ? p->steps.v[next - 1].label : p->ledger);
    ls_err_hint(err, "Run it again: it goes on with %s.", p->steps.v[next].label);
    return LS_E_CONNECT;
}

static enum ls_rc run_steps(struct ls_runner *r, struct ls_err *err)
{
    const struct ls_plan *p = r->plan;
    enum ls_rc rc = p->setup.n > 0 ? ls_run_ops(r, -1, err) : LS_OK;

    if (rc != LS_OK)
        ls_err_wrap(err, "making the ledger %s", p->ledger);
    LS_FAULT("setup-done");
    for (size_t i = 0; rc == LS_OK && i < p->steps.n; i++) {
        if (r->was_lost)
            return stop_between(r, i, err);
        r->step = (int)i;
        r->op = -1;
        r->phase = LS_PHASE_FRESH;
        r->stmts_done = 0;
        r->child_end = LS_CHILD_NOT_STARTED;
        ls_run_step_clock(r);
        ls_run_event(r, LS_EV_STEP_BEGIN, NULL, NULL);
        rc = ls_run_ops(r, (int)i, err);
        if (rc == LS_OK) {
            r->n_open += r->in_tx;
            r->rep->n_steps_done += !r->in_tx;
            ls_run_event(r, LS_EV_STEP_END, NULL, NULL);
        }
    }
    if (rc == LS_OK && r->in_tx)
        rc = ls_err_set(err, LS_E_INTERNAL, "the plan ends inside a transaction: everything in it was rolled back");
    return rc;
}

enum ls_rc ls_run_check_pooler(const struct ls_session_params *p, const struct ls_db_info *info, struct ls_err *err)
{
    if (!info->is_pooled || p->is_pooled_ok)
        return LS_OK;
    ls_err_set(err, LS_E_REFUSED, "this connection goes through a pooler, where locks and settings can land on someone else's session: nothing was run");
    ls_err_hint(err, "name the database's direct address; a pooler that gives each connection a session of its own (session pooling) may be declared: "
                     "--pooled, or pooled = yes in lockstep.conf");
    return LS_E_REFUSED;
}

/* Everything before the first write; a failure here has run nothing. */
static enum ls_rc prepare(struct ls_runner *r, struct ls_err *err)
{
    enum ls_rc rc;

    r->format = r->s->p.format != NULL && strcmp(r->s->p.format->name, r->plan->format) == 0 ? r->s->p.format : ls_format_find(r->plan->format);
    if (r->format == NULL)
        return ls_err_set(err, LS_E_INTERNAL, "the plan's format \"%s\" is not known", r->plan->format);
    if (r->s->p.read_only) {
        ls_err_set(err, LS_E_REFUSED, "the session is read-only: nothing was run");
        ls_err_hint(err, "arm it first");
        return LS_E_REFUSED;
    }
    rc = ls_session_connect_as(r->s, true, err);
    if (rc == LS_OK)
        rc = ls_run_check_pooler(&r->s->p, ls_db_info(r->s->db), err);
    if (rc == LS_OK)
        rc = take_lock(r, err);
    if (rc == LS_OK)
        rc = ls_run_file_lock(r, err);
    if (rc != LS_OK)
        return rc;
    LS_FAULT("lock-taken");
    rc = r->check != NULL ? r->check->again(r->check->ctx, err) : plan_again(r, err);
    if (rc == LS_OK && ls_session_cancelled(r->s))
        rc = ls_err_set(err, LS_E_CANCELLED, "stopped by the operator before anything was run");
    if (rc != LS_OK)
        return rc;
    ls_db_keep_journal(r->s->db);
    return begin_journal(r, err);
}

static void finish(struct ls_runner *r)
{
    struct ls_session *s = r->s;

    r->step = r->op = -1;
    r->op_began_us = 0;
    ls_session_clear_cancel(s); /* it was for what has ended now */
    ls_run_journal_end(r);
    ls_run_file_release(r);
    give_lock_back(r);
    /* A migration may have left settings behind (search_path, role, foreign_keys): they must not reach what is done next. */
    if (s->db != NULL && strcmp(ls_db_info(s->db)->database, ":memory:") != 0)
        ls_session_disconnect(s);
    r->rep->elapsed_ms = (ls_mono_us() - r->run_began_us) / 1000;
    ls_run_tell(r);
    LS_FAULT("run-end");
    ls_run_event(r, LS_EV_RUN_END, NULL, r->rep->err.code != LS_OK ? &r->rep->err : NULL);
}

enum ls_rc ls_run(struct ls_session *s, const struct ls_plan *plan, const struct ls_run_hooks *hooks, struct ls_run_report *report)
{
    return ls_run_checked(s, plan, NULL, hooks, report);
}

enum ls_rc ls_run_checked(struct ls_session *s, const struct ls_plan *plan, const struct ls_run_check *check, const struct ls_run_hooks *hooks,
                          struct ls_run_report *report)
{
    struct ls_runner r = {.s = s, .plan = plan, .hooks = hooks, .rep = report, .step = -1, .op = -1, .failed_op = -1, .blockers = LS_BUF_INIT};
    const struct ls_format_opts opts = s->opts;
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc;

    ls_run_report_init(report);
    r.run_began_us = ls_mono_us();
    report->verdict = LS_VERDICT_NOTHING;
    if (plan->steps.n == 0)
        return LS_OK;
    r.check = check;
    if (check != NULL)
        s->opts = *check->opts;
    s->hook_ctx = &r;
    s->on_wait = ls_run_on_wait;
    s->on_busy = ls_run_on_busy;
    s->on_notice = ls_run_on_notice;
    rc = prepare(&r, &err);
    if (rc == LS_OK) {
        ls_run_event(&r, LS_EV_RUN_BEGIN, NULL, NULL);
        rc = run_steps(&r, &err);
        if (rc == LS_OK)
            report->verdict = LS_VERDICT_DONE;
        else
            ls_run_fail(&r, &err);
    } else {
        report->verdict = LS_VERDICT_ROLLED_BACK;
        ls_err_move(&report->err, &err);
    }
    finish(&r);
    s->opts = opts;
    s->on_wait = NULL;
    s->on_busy = NULL;
    s->on_notice = NULL;
    s->hook_ctx = NULL;
    ls_session_clear_cancel(s);
    ls_db_close(r.watcher);
    ls_buf_release(&r.blockers);
    free(r.child_detail);
    ls_journal_close(&r.journal);
    ls_err_release(&err);
    return report->err.code;
}
