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
 * (LS_PARAM_DURATION_MS is taken as an INT parameter too.) Printed as 0, NULL, or an expression of SQL that gives such a value;
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
    LS_OP_JOURNAL,    /* where the engine adds its journal row; nothing to print when the journal is off */
    LS_OP_CHILD,      /* the tool's own program, `child`; no transaction of ours is open while it runs. sql NULL */
    LS_OP_FILE        /* lines of a text file that is a ledger: `file` says which. sql is the change as a comment, for people */
};

/* A change of whole lines in a text file; every other byte of it stays. The op's parameters, joined by tabs, are the line that is added at the end; none:
 * nothing is added. Written beside it, synced and renamed: the old file or the new one, never a part. */
struct ls_file_edit {
    const char *path;
    const char *before;      /* fence: sha256 of the whole file, "" = there is no file; NULL = not asked, only what is to go must be there */
    const char *const *gone; /* lines without their ends, each of which must be there and goes once; NULL-terminated; or NULL */
    const char *head;        /* what a new file begins with; or NULL */
    bool is_mark;            /* says that a body is about to be sent: an intent. Taken back when nothing of the body stays */
};

/* What a child's environment gets from the engine when it is started, and nobody sees before: no plan, digest, printed SQL, journal or argv.
 * Nothing but a variable's `word` is looked up here; its value is `text` with what the word stands for behind it. */
#define LS_ENV_URL       "@url"       /* postgresql://user:password@host:port/db?name=value; sqlite:///PATH (four slashes: PATH is absolute) */
#define LS_ENV_AUTHORITY "@authority" /* PostgreSQL: as URL without its scheme and password: "//user@host:port/db?name=value"; SQLite: PATH */
#define LS_ENV_PATH      "@path"      /* SQLite: the file's absolute path; PostgreSQL: "" */
#define LS_ENV_PASSWORD  "@password"  /* "" when there is none */
#define LS_ENV_DATABASE  "@database"  /* PostgreSQL: the database's name; SQLite: PATH */
struct ls_child_env {
    const char *name;
    const char *text;  /* or NULL */
    const char *word;  /* one of the words above, or NULL */
};

/* A program to run, without a shell. It inherits lockstep's environment but for the variables in `env`, DATABASE_URL, PG* and LOCKSTEP_*; libpq finds
 * the target in PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD too. */
struct ls_child_cmd {
    const char *tool;                /* for people and the journal: "alembic" */
    const char *const *argv;         /* NULL-terminated; argv[0] is the program's absolute path */
    const char *const *preview_argv; /* NULL, or: prints the SQL that argv would run on standard output, touching no database */
    const char *cwd;                 /* NULL: lockstep's own */
    const struct ls_child_env *env;
    int n_env;
    bool is_atomic;                  /* the tool commits body and ledger together: when the ledger did not move, nothing of the body stays */
    const char *doubt;               /* NULL, or a sentence: what is not known about where it works. Becomes a finding */
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
    const char *in_file;  /* EXPECT on SQLite: the other file that the query is asked of, read-only; one that is not there is an empty database. Or NULL */
    long expect_rows;     /* LEDGER: rows that must be affected, -1 = any */
    int stmt_no;          /* STATEMENT: 1-based number in the file; BATCH: number of the first one */
    int line, col;        /* place of the first byte in the file */
    const struct ls_piece *pieces; /* BATCH */
    int n_pieces;
    const struct ls_file_edit *file; /* FILE */
    bool is_destructive;
    bool is_brief;        /* STATEMENT: by its text it reads and writes no more than a few rows, whatever the tables hold */
    const struct ls_child_cmd *child; /* CHILD */
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

/* The program that runs the step; NULL: lockstep does. */
const struct ls_child_cmd *ls_step_child(const struct ls_step *s);

enum ls_action { LS_ACTION_UP, LS_ACTION_DOWN, LS_ACTION_TO, LS_ACTION_MARK_APPLIED, LS_ACTION_MARK_PENDING, LS_ACTION_IMPORT, LS_ACTION_SETTLE };
const char *ls_action_name(enum ls_action a); /* "up", "down", "to", "mark-applied", "mark-pending", "import", "settle" */

struct ls_plan {
    struct ls_arena *arena;
    enum ls_action action;
    long count;              /* UP, DOWN: how many, -1 all */
    const char *id;          /* TO, MARK: which, NULL with to_nothing = before the first */
    uint64_t version;        /* its number, where the format has one */
    bool to_nothing;
    bool out_of_order;       /* runs what the tool runs late only when it is asked to */
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
