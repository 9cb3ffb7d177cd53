/* lockstep/engine/explain.h: how the database would run, or ran, a query: its plan as a tree of nodes, the same for both databases. */
#ifndef LOCKSTEP_ENGINE_EXPLAIN_H
#define LOCKSTEP_ENGINE_EXPLAIN_H

#include "lockstep/engine/workload.h"

/* One node, in the order of a walk from the root (parents first). Numbers that are not known are -1. */
struct ls_node {
    uint32_t parent;           /* LS_NO_USAGE at the root */
    int depth;
    const char *what;          /* "Index Scan", "Sort"; SQLite: "SEARCH", "USE TEMP B-TREE" */
    const char *relation;      /* "memories", "public.memories m"; "" none */
    const char *index;         /* "" none */
    const char *detail;        /* conditions, keys: "user_id = $1", "updated_at DESC"; "" none */
    double cost;               /* total, with its children; PostgreSQL */
    double rows, actual_rows, loops, removed; /* removed: by its filter, a loop */
    double ms;                 /* with its children, over all loops */
    int64_t buffers;           /* hit + read, with its children */
    double self;               /* share of the whole that is its own, 0..1: of buffers when measured, else of cost; -1 */
};
struct ls_explained {
    struct ls_arena *arena;
    enum ls_dialect dialect;
    const struct ls_node *nodes;
    uint32_t n_nodes;
    double cost;               /* PostgreSQL; -1 */
    bool is_measured;          /* it ran */
    double ms;                 /* best of the rounds; -1 */
    int64_t buffers;           /* PostgreSQL: hit + read of one run; -1 */
    int64_t steps;             /* SQLite: VM_STEP of one run; -1 */
    int64_t fullscan_steps, sorts, autoindexes, rows; /* SQLite's counters; rows returned */
    const char *how;           /* "generic plan", "with sample 1", "not run" */
    bool is_timed_out;         /* the run took longer than it may: SQLite's counts are those until then; of PostgreSQL only the plan is known */
};
struct ls_explain_opts {
    bool run;                  /* run it and count (EXPLAIN ANALYZE, BUFFERS; SQLite steps it to the end). Only what is_read, unless is_clone; never what calls a
                                * function that may do anything (volatile: dblink, pg_notify): `how` says so then */
    bool is_clone;             /* the database is a throw-away copy: writing statements may run, rolled back */
    int rounds;                /* 0: 5 */
    uint32_t sample;           /* which of the query's samples; n_samples or more: a generic plan (PostgreSQL), NULLs (SQLite) */
    int timeout_ms;            /* 0: 30 s a run; no further round begins when all together took as long */
};
/* LS_E_INPUT with the database's message, at the query's file and line where it has one. Nothing stays: the transaction is rolled back. */
LS_MUST_CHECK enum ls_rc ls_explain(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out,
                                    struct ls_err *err);
void ls_explained_release(struct ls_explained *e);
/* A line a node: bar of its self share, what, relation, index, rows estimated and actual with the factor between them. Appends raw text. width: columns to
 * use, 0 = 100. `ascii`: nothing beyond ASCII. */
struct ls_buf;
void ls_explained_print(const struct ls_explained *e, int width, bool ascii, struct ls_buf *out);
/* Before and after in two columns, or one below the other where `width` is too narrow (0: one below the other). Appends raw text. */
void ls_explained_print_two(const struct ls_explained *before, const struct ls_explained *after, int width, bool ascii, struct ls_buf *out);
/* "0.004 ms", "12.2 ms": as many digits as a short time needs. Appends. */
void ls_explained_ms(double ms, struct ls_buf *out);
/* "25 of 326 buffers, 0.060 ms (was 0.860 ms)" or "170 steps (was 30809)": what it took, in one line; `before` may be NULL. */
void ls_explained_sum(const struct ls_explained *e, const struct ls_explained *before, struct ls_buf *out);
/* "3229 -> 28 buffers, 12.2 ms -> 0.1 ms", "305561 -> 170 steps, ...", "cost 4504 -> 70": the two compared, or nothing where they cannot be. Appends. */
void ls_explained_change(const struct ls_explained *before, const struct ls_explained *after, struct ls_buf *out);

#endif
