/* lockstep/db/lite.h: what only SQLite has: the counters of a statement that ran, and what its planner asks of a table. LS_E_UNSUPPORTED on PostgreSQL
 * and in a build without SQLite. */
#ifndef LOCKSTEP_DB_LITE_H
#define LOCKSTEP_DB_LITE_H

#include "lockstep/db/db.h"

/* sqlite3_stmt_status of one run to the end. The counts repeat exactly on the same data. */
struct ls_lite_counts {
    int64_t steps;          /* of the virtual machine */
    int64_t fullscan_steps; /* to the next row of a table that was read whole */
    int64_t sorts;
    int64_t autoindexes;    /* rows put into indexes made for this run alone */
    int64_t rows;           /* returned */
    int64_t us;
};
/* One statement, stepped to the end; its rows are dropped. timeout_ms 0: none; LS_E_BUSY when it is over: out has what it took until then. */
LS_MUST_CHECK enum ls_rc ls_db_lite_run(struct ls_db *db, const char *sql, const struct ls_param *params, int n_params, int timeout_ms,
                                        struct ls_lite_counts *out, struct ls_err *err);

/* What the planner would like an index for, by table and place in the query (xBestIndex). */
enum ls_lite_op { LS_LITE_EQ, LS_LITE_IN, LS_LITE_IS_NULL, LS_LITE_RANGE, LS_LITE_OTHER };
struct ls_lite_term {
    const char *column;     /* raw; NULL: the rowid */
    enum ls_lite_op op;
    const char *collation;  /* "BINARY", "NOCASE" ... */
    bool is_own_collation;  /* it is the column's */
    bool is_usable;         /* in some order of the tables */
    bool is_constant;       /* compared with a parameter or a literal, not with another table */
    int param;              /* number of the parameter that it is compared with; 0: none, or not known */
    const char *literal;    /* as SQL; NULL: none */
};
struct ls_lite_order {
    const char *column;     /* NULL: the rowid */
    bool is_desc;
};
struct ls_lite_want {
    const char *table;      /* raw */
    const struct ls_lite_term *terms;
    uint32_t n_terms;
    const struct ls_lite_order *order; /* ORDER BY, where the whole of it is this table's */
    uint32_t n_order;
};
struct ls_lite_stub;
/* A database in memory with the tables and views of db, without a row: planning in it tells what is asked of each table. */
LS_MUST_CHECK enum ls_rc ls_lite_stub_new(struct ls_db *db, struct ls_lite_stub **out, struct ls_err *err);
/* wants: in arena, n of them, without repetitions. Parameters are written ?1, ?2 ... in sql, and nowhere else does it hold one. */
LS_MUST_CHECK enum ls_rc ls_lite_stub_ask(struct ls_lite_stub *s, const char *sql, struct ls_arena *arena, const struct ls_lite_want **wants, uint32_t *n,
                                          struct ls_err *err);
void ls_lite_stub_free(struct ls_lite_stub *s); /* NULL is fine */

#endif
