/* lockstep/engine/run.h: execute a plan, under the operators' lock, journalled. The engine speaks only through events. */
#ifndef LOCKSTEP_ENGINE_RUN_H
#define LOCKSTEP_ENGINE_RUN_H

#include "lockstep/engine/plan.h"

enum ls_event_kind {
    LS_EV_LOCK_WAIT,     /* text: who holds it; elapsed_ms */
    LS_EV_RUN_BEGIN,
    LS_EV_STEP_BEGIN,
    LS_EV_TX_BEGIN,
    LS_EV_OP_BEGIN,      /* a statement, batch or ledger op is about to be sent */
    LS_EV_OP_END,        /* elapsed_us, rows; err when it failed */
    LS_EV_TX_COMMIT,     /* committed */
    LS_EV_TX_ROLLBACK,
    LS_EV_NOTICE,        /* text: the server's words, raw */
    LS_EV_WAIT,          /* about every 100 ms while the server works; elapsed_us of the op; text: who blocks us, or NULL. Step and op -1: before
                          * the run begins, another connection has the SQLite file */
    LS_EV_STEP_END,      /* its ops are done; of a step that shares a transaction with later ones, nothing is committed yet */
    LS_EV_STEP_UNDONE,   /* a step that had ended went back with the transaction that it shared with a later one */
    LS_EV_RUN_END,
    LS_EV_PROGRESS       /* backup: done of total */
};
struct ls_event {
    enum ls_event_kind kind;
    const struct ls_plan *plan;
    int step, op;        /* indices; -1 none; op counts in step->ops; step -1 with op >= 0: plan->setup */
    int64_t elapsed_us;  /* OP_END: -1 when the statement travelled in one pipeline with others (no gate was set), so that nobody timed it alone */
    int64_t rows;        /* -1 unknown */
    int64_t done, total;
    const char *text;
    const struct ls_err *err;
};

enum ls_gate { LS_GATE_GO, LS_GATE_STOP };
struct ls_run_hooks {
    void (*on_event)(void *ctx, const struct ls_event *ev);   /* in the run's thread; copy what you keep */
    /* Before each step (its first op, a BEGIN) and before each statement or batch. May wait for the operator. STOP rolls back the open transaction.
     * Where an intent is committed before the body (golang-migrate, no-transaction), the body's first gate is asked before the intent goes out, so that
     * stopping there leaves nothing; the completion behind a body that ran is not asked about. */
    enum ls_gate (*gate)(void *ctx, const struct ls_plan *plan, int step, int op);
    void *ctx;
};

enum ls_verdict {
    LS_VERDICT_NOTHING,      /* nothing had to be done */
    LS_VERDICT_DONE,
    LS_VERDICT_ROLLED_BACK,  /* failed or stopped; what was in flight left nothing */
    LS_VERDICT_DIRTY,        /* failed; the ledger says dirty/failed, or part of a migration stays */
    LS_VERDICT_UNKNOWN       /* the answer to COMMIT was lost and the server could not be asked */
};
const char *ls_verdict_name(enum ls_verdict v);

struct ls_run_report {
    enum ls_verdict verdict;
    int n_steps_done;             /* committed */
    int n_steps_undone;           /* had ended well, in a transaction that was rolled back with the step that failed */
    int failed_step, failed_op;   /* -1 none */
    int failed_stmt;              /* statement number in its file, 0 unknown */
    int failed_line, failed_col;  /* in its file */
    int64_t elapsed_ms;           /* at work: without the pauses at gates, as the ledger's and the journal's durations */
    struct ls_err err;            /* why, when it did not finish */
    struct ls_buf applied;        /* for people: what is applied now, what is not, what the ledger says; lines */
    struct ls_buf next;           /* for people: what can be done next; lines */
    char run_id[40];              /* journal key, "" without journal */
};
void ls_run_report_init(struct ls_run_report *r);
void ls_run_report_release(struct ls_run_report *r);
/* The error's hint is all that can be done next: who shows both says it twice. */
bool ls_run_next_is_hint(const struct ls_run_report *r);

/* Takes the lock, makes the plan again from the ledger and files as they are now and refuses with LS_E_CHANGED when the digest differs,
 * runs it, releases the lock. Returns report->err.code. The session must be writable. hooks may be NULL. */
enum ls_rc ls_run(struct ls_session *s, const struct ls_plan *plan, const struct ls_run_hooks *hooks, struct ls_run_report *report);

/* LS_E_REFUSED when the connection goes through a pooler and nobody declared that it may be written through: session locks and settings mean nothing
 * where a pooler gives each transaction another session (reliability.md F7). ls_run asks this itself; faces ask it before they ask the operator. */
LS_MUST_CHECK enum ls_rc ls_run_check_pooler(const struct ls_session_params *p, const struct ls_db_info *info, struct ls_err *err);

/* Exit code of reliability.md 5.7 for a finished run or a refused plan: 0 done, 1 failed and rolled back, 2 usage, 3 refused, 4 partly applied,
 * 5 commit unknown, 6 drift, 75 interrupted. */
int ls_rc_exit_code(enum ls_rc rc);

#endif
