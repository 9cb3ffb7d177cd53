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

/* What a step's child has left, by its exit status and the ledger. */
enum ls_child_end {
    LS_CHILD_NOT_STARTED,
    LS_CHILD_MOVED,      /* the ledger says what it must say */
    LS_CHILD_UNMOVED,    /* the ledger is as it was before */
    LS_CHILD_ODD,        /* it has moved, and says something else */
    LS_CHILD_UNREAD      /* it could not be read again */
};

/* For a plan that no ls_plan_request makes: instead of making it again under the lock, `again` is asked whether everything is still as it was when
 * the plan was made. opts: of the plan's ledger, which may be another one than the session's. */
struct ls_run_check {
    enum ls_rc (*again)(void *ctx, struct ls_err *err);
    void *ctx;
    const struct ls_format_opts *opts;
};

struct ls_runner {
    struct ls_session *s;
    const struct ls_plan *plan;
    const struct ls_run_check *check; /* NULL: the plan is made again */
    const struct ls_run_hooks *hooks;
    struct ls_run_report *rep;
    const struct ls_format *format;
    struct ls_journal_writer journal;
    bool has_journal;
    bool is_out_of_reach; /* the server was lost, and did not answer when it was called again */
    int64_t keys[4];
    int n_keys;
    bool is_locked;
    int step, op;                 /* what is being done; -1 none */
    int failed_op;                /* the op that the database refused; -1: none, or stopped before one */
    int64_t run_began_us, step_began_us; /* moved on by each pause at a gate: what is counted from them is work */
    int64_t op_began_us;
    int64_t step_began_wall_us;
    int64_t trip_us;              /* there and back, as asking for the operators' lock took */
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
    struct ls_db_busy busy;       /* SQLite, while is_busy: what on_wait is about to tell */
    bool is_busy;
    enum ls_child_end child_end;  /* of the step's child */
    char child_says[96];          /* "alembic 1.8.1" */
    char child_status[48];        /* "status 1", "signal 15" */
    char *child_detail;           /* for the journal; freed by the run */
    enum ls_outcome lost;         /* what became of a COMMIT whose answer was lost */
    bool was_lost;
    struct ls_run_file {
        bool is_locked;
        int lock_fd;
        bool is_marked;           /* the step's mark stands in the file */
        bool was_there;           /* before the mark, with the text `before` */
        struct ls_buf before;
        char now[LS_SHA256_HEX];  /* of the file as this run left it; "" = it has not written it */
    } file;
};

/* --- run.c --- */
/* ls_run with another check; check may be NULL. */
enum ls_rc ls_run_checked(struct ls_session *s, const struct ls_plan *plan, const struct ls_run_check *check, const struct ls_run_hooks *hooks,
                          struct ls_run_report *report);

/* --- run_ops.c --- */
void ls_run_event(struct ls_runner *r, enum ls_event_kind kind, const char *text, const struct ls_err *err);
/* Sends ops in order until the end or the first failure. step -1: the plan's setup. */
LS_MUST_CHECK enum ls_rc ls_run_ops(struct ls_runner *r, int step, struct ls_err *err);
void ls_run_rollback(struct ls_runner *r);
/* The driver's callbacks while a run goes on. */
void ls_run_on_wait(void *ctx);
void ls_run_on_busy(void *ctx, const struct ls_db_busy *busy);
void ls_run_on_notice(void *ctx, const char *severity, const char *text);

void ls_run_op_begin(struct ls_runner *r, int op);
void ls_run_op_end(struct ls_runner *r, int op, int64_t rows, bool is_timed, const struct ls_err *err);
LS_MUST_CHECK enum ls_rc ls_run_ask_gate(struct ls_runner *r, int step, int op, struct ls_err *err);

/* --- run_group.c --- */
static inline bool ls_run_is_body(const struct ls_op *op)
{
    return op->kind == LS_OP_STATEMENT || op->kind == LS_OP_BATCH;
}
/* Sends ops[from..] up to the next COMMIT, or statement unless they go together; *next gets where to go on. */
LS_MUST_CHECK enum ls_rc ls_run_group(struct ls_runner *r, const struct ls_op *ops, int n, int from, int *next, struct ls_err *err);
/* Whether an op did what the plan says it must. */
LS_MUST_CHECK enum ls_rc ls_run_check_answer(struct ls_runner *r, const struct ls_op *op, const struct ls_exec_info *info, struct ls_err *err);
/* LS_E_PARTIAL: op ended the transaction that is around its file. */
enum ls_rc ls_run_escaped(struct ls_runner *r, const struct ls_op *op, struct ls_err *err);

/* --- run_child.c --- */
/* Runs ops[i], a CHILD, and reads the ledger again. LS_OK: it has moved to what it must say, and the child said so too, or was stopped too late. */
LS_MUST_CHECK enum ls_rc ls_run_child(struct ls_runner *r, const struct ls_op *ops, int n, int i, struct ls_err *err);
/* Asks a condition of another SQLite file, read-only (op->in_file). */
LS_MUST_CHECK enum ls_rc ls_run_ask_file(const struct ls_op *op, struct ls_exec_info *info, struct ls_err *err);
/* The condition behind a child that ended well does not hold. */
enum ls_rc ls_run_child_unproved(struct ls_runner *r, struct ls_err *err);
/* What the journal says beside a step that a child runs. */
const char *ls_run_child_detail(struct ls_runner *r, const struct ls_step *s);
/* Sentences for the report of a step whose child failed. */
void ls_run_child_tell(struct ls_runner *r, const struct ls_step *s);
void ls_run_child_next(struct ls_runner *r, const struct ls_step *s);

/* --- run_params.c --- */
/* A step begins: its clock starts, and it has no UUID yet. */
void ls_run_step_clock(struct ls_runner *r);
/* Whether it has such parameters. */
bool ls_run_is_filled(const struct ls_op *op);
/* The op's parameters with the values of this moment put in, to be freed; NULL: none is needed. */
struct ls_param *ls_run_fill(struct ls_runner *r, const struct ls_op *op);

/* --- run_file.c: a ledger that is a text file --- */
/* Keeps other operators out of the file that the plan writes (FILE.lock, flock); nothing when it writes none. */
LS_MUST_CHECK enum ls_rc ls_run_file_lock(struct ls_runner *r, struct ls_err *err);
void ls_run_file_release(struct ls_runner *r);
LS_MUST_CHECK enum ls_rc ls_run_file_edit(struct ls_runner *r, const struct ls_op *op, struct ls_err *err);
/* Takes the step's mark back: the file is as it was. False: it could not, and the mark stays. */
bool ls_run_file_undo(struct ls_runner *r);

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
