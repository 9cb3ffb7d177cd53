/* lockstep/model/plan.h: what an action would run, complete and in order, made before anything is written.
 * A plan lives in one arena, is frozen once its digest is set, and may be handed to another thread. */
#ifndef LOCKSTEP_MODEL_PLAN_H
#define LOCKSTEP_MODEL_PLAN_H

#include "lockstep/base/arena.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/vec.h"
#include "lockstep/model/migration.h"

enum ls_param_kind { LS_PARAM_NULL, LS_PARAM_TEXT, LS_PARAM_INT, LS_PARAM_BOOL };
struct ls_param {
    enum ls_param_kind kind;
    const char *text;  /* INT: decimal digits with an optional '-'; BOOL: "true" or "false" */
};

/* The text of an INT parameter that the engine replaces, when it sends the op, by the milliseconds since the step began. Printed as NULL. */
#define LS_PARAM_DURATION_MS "@duration_ms"

enum ls_op_kind {
    LS_OP_BEGIN,      /* PostgreSQL BEGIN, SQLite BEGIN IMMEDIATE */
    LS_OP_COMMIT,
    LS_OP_STATEMENT,  /* one statement of the migration */
    LS_OP_BATCH,      /* the migration's whole text as one simple query; SQLite: its statements one after the other */
    LS_OP_LEDGER,     /* SQL of ours or the tool's on its ledger, with bound parameters */
    LS_OP_EXPECT,     /* a fence: query whose first row, columns joined by '|', must equal `expect` ("" = no row), else LS_E_CHANGED */
    LS_OP_JOURNAL     /* where the engine adds its journal row; nothing to print when the journal is off */
};

/* One statement inside a batch, for showing and for placing an error. Offsets in the op's sql. */
struct ls_piece {
    size_t start, end;
    int line, col;    /* in the file */
};

struct ls_op {
    enum ls_op_kind kind;
    const char *sql;      /* NULL for BEGIN, COMMIT, JOURNAL */
    size_t len;
    const struct ls_param *params;
    int n_params;
    const char *expect;   /* EXPECT only */
    long expect_rows;     /* LEDGER: rows that must be affected, -1 = any */
    int stmt_no;          /* STATEMENT: 1-based number in the file; BATCH: number of the first one */
    int line, col;        /* place of the first byte in the file */
    const struct ls_piece *pieces; /* BATCH */
    int n_pieces;
    bool is_destructive;
};

/* Something the operator should know before a plan runs. */
struct ls_finding {
    const char *rule;     /* id of safety.md: "D01", "T01", ... */
    const char *name;     /* "drop-table" */
    enum ls_severity severity;
    int step;             /* index, -1 = the whole plan */
    int stmt_no;          /* 0 = the whole step */
    const char *path;     /* or NULL */
    int line;
    const char *object;   /* or NULL */
    const char *why;
    const char *safer;    /* or NULL */
};

enum ls_step_kind { LS_STEP_MIGRATE, LS_STEP_RECORD /* only the ledger: mark, import */ };

struct ls_step {
    enum ls_step_kind kind;
    enum ls_direction direction;
    uint64_t version;
    const char *id, *label, *name;
    const char *path;            /* file that runs, NULL = none (the tool runs an empty body) */
    const char *sha256;          /* of the bytes that will run, NULL for RECORD */
    const char *text;            /* the file's bytes, lent to ops and screens; NULL = none */
    size_t text_len;
    enum ls_tx_policy policy;
    const char *tx_note;         /* one sentence: how it meets transactions and what a failure leaves */
    LS_VEC(struct ls_op) ops;    /* v lives in the plan's memory: released by ls_plan_free */
    int n_statements;            /* of the migration itself */
    bool is_destructive;
    bool is_half;                /* the folder has no file for the other direction */
};

enum ls_action { LS_ACTION_UP, LS_ACTION_DOWN, LS_ACTION_TO, LS_ACTION_MARK_APPLIED, LS_ACTION_MARK_PENDING, LS_ACTION_IMPORT };
const char *ls_action_name(enum ls_action a); /* "up", "down", "to", "mark-applied", "mark-pending", "import" */

struct ls_plan {
    struct ls_arena *arena;
    enum ls_action action;
    long count;              /* UP, DOWN: how many, -1 all */
    uint64_t version;        /* TO, MARK: which (TO 0 with to_nothing = before the first) */
    bool to_nothing;
    const char *format;      /* its name */
    const char *target;      /* for people: "sqlite app.db", "postgres db at host" */
    const char *ledger;      /* location */
    char ledger_fingerprint[LS_SHA256_HEX];
    LS_VEC(struct ls_step) steps;
    LS_VEC(struct ls_finding) findings;
    LS_VEC(struct ls_op) setup;   /* creates the ledger, when it is not there; run first */
    bool is_destructive;
    char digest[LS_SHA256_HEX];
};
void ls_plan_free(struct ls_plan *p);
struct ls_plan *ls_plan_new(void);
/* Hash of everything that will be sent and of what it was made from. */
void ls_plan_digest(const struct ls_plan *p, char hex[LS_SHA256_HEX]);

#endif
