/* engine/run_priv.h: one run's state, shared by run.c (lock, plan again, loop), run_ops.c (sending), run_end.c (failures, lost answers) and
 * run_report.c (words). */
#ifndef LOCKSTEP_SRC_ENGINE_RUN_PRIV_H
#define LOCKSTEP_SRC_ENGINE_RUN_PRIV_H

#include "engine/journal_priv.h"
#include "engine/session_priv.h"
#include "lockstep/engine/run.h"

/* In the message of a failure, behind "(statement 3 of 5": dirty.c reads it back from the journal. */
#define LS_RUN_MAY_BE_DONE ", which may have been done"

/* How far a step has come; what a failure means follows from it. */
enum ls_step_phase {
    LS_PHASE_FRESH,      /* nothing of it is committed */
    LS_PHASE_INTENT,     /* its intent is committed, its body was not sent */
    LS_PHASE_BODY,       /* some of its body was sent outside of a transaction of ours */
    LS_PHASE_BODY_DONE   /* all of it was answered well; only the completion is missing */
};

struct ls_runner {
    struct ls_session *s;
    const struct ls_plan *plan;
    const struct ls_run_hooks *hooks;
    struct ls_run_report *rep;
    const struct ls_format *format;
    struct ls_journal_writer journal;
    bool has_journal;
    int64_t keys[4];
    int n_keys;
    bool is_locked;
    int step, op;                 /* what is being done; -1 none */
    int failed_op;                /* the op that the database refused; -1: none, or stopped before one */
    int64_t run_began_ms, step_began_us, op_began_us;
    int64_t step_began_wall_us;
    char uuid[40];                /* of the step, once an op has asked for it */
    const char *error_text;       /* while on_failure is sent */
    int n_open;                   /* steps that ended well and whose transaction goes on in the next one */
    bool told_failure;            /* the step's on_failure was sent */
    enum ls_step_phase phase;
    bool in_tx;
    int asked_up_to;              /* ops of the step up to here passed the gate already */
    int stmts_done;               /* statements of the step that took effect outside of a transaction of ours */
    bool was_cut;                 /* the line went dead under a statement of the body: the server may have finished it, or not */
    bool may_be_done;             /* it committed on its own, and its error does not tell whether it was done: cut off, or the disk failed */
    bool is_unwatched;            /* the server goes on when we are gone */
    bool escaped;                 /* a statement ended our transaction: what came before it may stay */
    char xact_id[32];
    struct ls_db *watcher;        /* asks who blocks us; opened when something takes long */
    bool watcher_failed;
    int64_t watched_ms;
    struct ls_buf blockers;
    enum ls_outcome lost;         /* what became of a COMMIT whose answer was lost */
    bool was_lost;
};

/* --- run_ops.c --- */
void ls_run_event(struct ls_runner *r, enum ls_event_kind kind, const char *text, const struct ls_err *err);
/* Sends ops in order until the end or the first failure. step -1: the plan's setup. */
LS_MUST_CHECK enum ls_rc ls_run_ops(struct ls_runner *r, int step, struct ls_err *err);
void ls_run_rollback(struct ls_runner *r);
/* The driver's callbacks while a run goes on. */
void ls_run_on_wait(void *ctx);
void ls_run_on_notice(void *ctx, const char *severity, const char *text);

/* --- run_params.c --- */
/* A step begins: its clock starts, and it has no UUID yet. */
void ls_run_step_clock(struct ls_runner *r);
/* The op's parameters with the values of this moment put in, to be freed; NULL: none is needed. */
struct ls_param *ls_run_fill(struct ls_runner *r, const struct ls_op *op);

/* --- run_end.c --- */
/* Whether the open transaction holds a row for the journal. */
bool ls_run_has_row(const struct ls_runner *r);
/* After LS_E_UNKNOWN from a COMMIT: asks the database, at most 30 s long. */
enum ls_outcome ls_run_resolve(struct ls_runner *r);
/* Sets verdict, code, place and message of a failed run and writes the journal's row about it. */
void ls_run_fail(struct ls_runner *r, struct ls_err *err);
void ls_run_journal_end(struct ls_runner *r);

/* --- run_report.c --- */
/* Fills report->applied and report->next. Reads the ledger again where the run failed. */
void ls_run_tell(struct ls_runner *r);

#endif
