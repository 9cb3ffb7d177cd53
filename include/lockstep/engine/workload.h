/* lockstep/engine/workload.h: the statements that a database is asked for: a file of queries, or what pg_stat_statements has seen.
 *
 * lockstep.workload.sql is SQL text, statements ended by ';', with remarks in comments right in front of each:
 *   -- name: recent memories                a name, else "query at LINE"
 *   -- frequency: 1200/h                    N, N/s, N/min, N/h, N/d: how often it runs; 1/h when it is not said
 *   -- sample: 42, 'person', NULL           values for $1, $2 ... (or ?, :name in the order of their first use); may be repeated: another set each
 * Parameters may be $1, ?, ?1, :name or @name on both databases. */
#ifndef LOCKSTEP_ENGINE_WORKLOAD_H
#define LOCKSTEP_ENGINE_WORKLOAD_H

#include "lockstep/db/db.h"
#include "lockstep/model/usage.h"

#define LS_WORKLOAD_FILE "lockstep.workload.sql"

struct ls_sample {
    const char *const *values; /* n_params of the query, as text; NULL = SQL NULL */
    const bool *is_number;     /* n_params: it was written without quotes (SQLite tells 1 from '1') */
};
/* Where a parameter stands in both texts: a place in `text` is found again in `sql`. */
struct ls_query_cut {
    uint32_t sql_start, sql_end, text_start, text_end;
    int param;                 /* its number, from 1 */
};
struct ls_query {
    const char *name;          /* never "" */
    const char *sql;           /* as it was written, without the ';' */
    const char *text;          /* for the database: parameters as $1.. (PostgreSQL), ?1.. (SQLite) */
    int n_params;
    double per_hour;           /* how often */
    bool has_frequency;
    const struct ls_sample *samples;
    uint32_t n_samples;
    int line;                  /* of the file; 0: not from a file */
    const char *verb;          /* "SELECT", "UPDATE" ... */
    bool is_read;              /* SELECT, VALUES, or WITH that writes nothing */
    double mean_ms;            /* pg_stat_statements; -1 */
    int64_t calls;             /* pg_stat_statements; -1 */
    const char *path;          /* the file; NULL: not from a file */
    int col;                   /* of line, where it begins, in characters */
    const struct ls_query_cut *cuts; /* in the order of the text */
    uint32_t n_cuts;
};
struct ls_workload {
    struct ls_arena *arena;
    enum ls_dialect dialect;
    const char *source;        /* "lockstep.workload.sql", "pg_stat_statements since 2026-11-01" */
    const struct ls_query *queries;
    uint32_t n_queries;
    struct ls_diags notes;     /* statements that were left out, with file and line */
};
/* LS_E_INPUT "PATH:LINE:COL: why" for text that cannot be split and remarks that cannot be understood; LS_E_NOT_FOUND: no such file. */
LS_MUST_CHECK enum ls_rc ls_workload_load(const char *path, enum ls_dialect d, struct ls_workload *out, struct ls_err *err);
/* One query that was typed. */
LS_MUST_CHECK enum ls_rc ls_workload_one(const char *sql, size_t len, enum ls_dialect d, struct ls_workload *out, struct ls_err *err);
/* The `limit` statements of this database that took the most time. LS_E_UNSUPPORTED: it is not there, with how to get it as hint; LS_E_RIGHTS. */
LS_MUST_CHECK enum ls_rc ls_workload_statements(struct ls_db *db, int limit, struct ls_workload *out, struct ls_err *err);
void ls_workload_release(struct ls_workload *w);
/* The place of a byte of q->text (< 0: its first one) in the file that it came from; in the query where it came from none. 1-based, col in characters. */
void ls_query_place(const struct ls_query *q, long offset, int *line, int *col);

#endif
