/* format/record.h: what tools have in common that write a ledger's row beside a migration: SQL with a table's name in it, and the ops
 * around that. */
#ifndef LOCKSTEP_SRC_FORMAT_RECORD_H
#define LOCKSTEP_SRC_FORMAT_RECORD_H

#include "lockstep/format/format.h"

/* SQL of ours: '@' becomes the table's name, "?1" stays on SQLite and becomes "$1" on PostgreSQL. */
const char *ls_record_sql(const struct ls_plan_ctx *ctx, const char *text, const char *table);
/* A LEDGER op of that; rows: how many it must hit, -1 any. */
void ls_record_write(struct ls_plan_ctx *ctx, struct ls_step *step, const char *text, const char *table,
                     const struct ls_param *params, int n_params, long rows);
/* A fence of that: a query of one boolean. */
void ls_record_fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *text, const char *table,
                     const struct ls_param *params, int n_params);
/* The fence: a row whose `column` is the key is there, or is not. */
void ls_record_there(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *column, struct ls_param key,
                     bool is_there);
/* BEGIN, and the table locked, for tools without advisory locks: LOCK TABLE ... IN SHARE ROW EXCLUSIVE MODE, so that a rival's INSERT
 * waits. Not on SQLite, whose BEGIN IMMEDIATE keeps everybody out. table as ls_table_sql_of gives it. */
void ls_record_open(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table);
/* Both. */
void ls_record_begin(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *column, struct ls_param key,
                     bool is_there);
/* JOURNAL, COMMIT. */
void ls_record_end(struct ls_plan_ctx *ctx, struct ls_step *step);
/* The ledger's table made, in a transaction; LS_E_INPUT when table is NULL. */
LS_MUST_CHECK enum ls_rc ls_record_setup(struct ls_plan_ctx *ctx, const char *text, const char *table);
/* Nothing is applied any more: all rows that are known deleted, in a transaction. */
void ls_record_forget(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table);
/* The step's text as one op; nothing when it holds no statement, which databases take as well. */
void ls_record_body(struct ls_plan_ctx *ctx, struct ls_step *step);
/* LS_E_REFUSED for what cannot stand in the transaction that the tool puts around a file: statements that forbid one, and its own
 * BEGIN or COMMIT. */
LS_MUST_CHECK enum ls_rc ls_record_refuse_tx(const struct ls_plan_ctx *ctx, const struct ls_step *step, const char *tool,
                                             const char *way_out, struct ls_err *err);
/* LS_E_REFUSED with the first diagnostic of that code: "PATH:LINE: message". */
LS_MUST_CHECK enum ls_rc ls_record_refuse_diag(const struct ls_plan_ctx *ctx, const char *code, struct ls_err *err);
/* Applied in the sense of the ledger: a row that counts. */
bool ls_record_is_applied(const struct ls_entry *e);
/* Up to its first '_' in one string, what follows in the other ("" when there is none). */
void ls_record_cut_name(struct ls_arena *arena, const char *file, const char **head, const char **tail);

#endif
