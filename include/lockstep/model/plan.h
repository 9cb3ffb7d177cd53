/* lockstep/model/plan.h: what an action would run, complete and in order, made before anything is written.
 * A plan lives in one arena, is frozen once its digest is set, and may be handed to another thread. */
#ifndef LOCKSTEP_MODEL_PLAN_H
#define LOCKSTEP_MODEL_PLAN_H

#include "lockstep/base/arena.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/vec.h"
#include "lockstep/model/migration.h"

enum ls_param_kind {
    LS_PARAM_NULL,
    LS_PARAM_TEXT,
    LS_PARAM_INT,
    LS_PARAM_BOOL,
    LS_PARAM_BLOB,    /* bytea, BLOB */
    LS_PARAM_RUNTIME  /* text is one of the words below: the engine puts its value there when it sends the op */
};
struct ls_param {
    enum ls_param_kind kind;
    const char *text;  /* INT: decimal digits with an optional '-'; BOOL: "true" or "false"; BLOB: hex digits, two a byte, nothing in front */
};

/* Values that are known only when an op is sent. A RUNTIME parameter's text is one of these; no name out of a folder can become one by accident.
 * (LS_PARAM_DURATION_MS is taken as an INT parameter too.) Printed as NULL, or as an expression of SQL that gives such a value;
 * the UUID as one that is made of the plan's digest. */
#define LS_PARAM_DURATION_MS "@duration_ms" /* INT: milliseconds since the step began */
#define LS_PARAM_DURATION_NS "@duration_ns" /* INT: nanoseconds since the step began */
#define LS_PARAM_UUID4       "@uuid4"       /* TEXT: a random UUID; the same one in every op of a step, its on_failure too */
#define LS_PARAM_NOW_MS      "@now_ms"      /* INT: milliseconds since 1970, our clock, when the op is sent */
#define LS_PARAM_NOW_ISO     "@now_iso"     /* TEXT: 2026-11-29T16:38:44.123+00:00 */
#define LS_PARAM_NOW_SQL     "@now_sql"     /* TEXT: 2026-11-29 16:38:44 (UTC), as SQLite's CURRENT_TIMESTAMP */
#define LS_PARAM_STARTED_MS  "@started_ms"  /* INT: milliseconds since 1970 when the step began */
#define LS_PARAM_STARTED_ISO "@started_iso" /* TEXT: as NOW_ISO */
#define LS_PARAM_ERROR       "@error"       /* TEXT: why the step failed; in on_failure only, else NULL */

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
    uint64_t version;            /* number, where the format has one */
    const char *id, *label, *name;
    const char *path;            /* file that runs, NULL = none (the tool runs an empty body) */
    const char *sha256;          /* of the bytes that will run, NULL for RECORD */
    const char *text;            /* the section's bytes (the whole file, or the span of it), lent to ops and screens; NULL = none */
    size_t text_len;
    int line;                    /* line of the file that text begins in, from 1 */
    enum ls_tx_policy policy;
    const char *tx_note;         /* one sentence: how it meets transactions and what a failure leaves */
    LS_VEC(struct ls_op) ops;    /* v lives in the plan's memory: released by ls_plan_free */
    /* What the tool writes when the body fails: LEDGER ops, with BEGIN and COMMIT where they need a transaction. Sent after the rollback, when a
     * statement or batch of this step was refused or cancelled and the connection still lives. When they were sent, the database is dirty. */
    LS_VEC(struct ls_op) on_failure;
    /* The steps that share one transaction with it, itself among them: plan indices. Set by the engine (ls_plan_group) from where BEGIN and COMMIT stand;
     * tx_first == tx_last: it shares with none. Nothing of tx_first..tx_last stays unless the COMMIT in tx_last succeeds. */
    int tx_first, tx_last;
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
    const char *id;          /* TO, MARK: which, NULL with to_nothing = before the first */
    uint64_t version;        /* its number, where the format has one */
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
/* Sets tx_first and tx_last of every step. */
void ls_plan_group(struct ls_plan *p);
/* Hash of everything that will be sent and of what it was made from. */
void ls_plan_digest(const struct ls_plan *p, char hex[LS_SHA256_HEX]);

#endif
