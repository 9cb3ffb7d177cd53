/* format/ops.h: putting a plan's ops together. */
#ifndef LOCKSTEP_SRC_FORMAT_OPS_H
#define LOCKSTEP_SRC_FORMAT_OPS_H

#include "lockstep/format/format.h"

/* Appends an op to step, or to the plan's setup when step is NULL. The pointer is good until the next one is added. */
struct ls_op *ls_ops_add(struct ls_plan_ctx *ctx, struct ls_step *step, enum ls_op_kind kind);
/* An op with SQL of ours; sql lives in the plan's arena, the parameters are copied into it. params may be NULL. */
struct ls_op *ls_ops_sql(struct ls_plan_ctx *ctx, struct ls_step *step, enum ls_op_kind kind, const char *sql, const struct ls_param *params,
                         int n_params);
/* A fence: a query of one boolean; anything but true stops the run before more is sent. */
void ls_ops_fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *sql, const struct ls_param *params, int n_params);
/* The step's text as one op with its pieces (ctx->stmts). */
void ls_ops_batch(struct ls_plan_ctx *ctx, struct ls_step *step);
/* Each statement of the step's text as its own op (ctx->stmts). */
void ls_ops_statements(struct ls_plan_ctx *ctx, struct ls_step *step);

/* A part of step->text (bytes start..end) as its own op, for formats that cut the text themselves; number and line are worked out. */
struct ls_op *ls_ops_piece(struct ls_plan_ctx *ctx, struct ls_step *step, size_t start, size_t end);
/* A step that the tool runs itself (LS_CAP_DELEGATE): `before` is true (a fence), the journal's intent, the child, `after` is true, the journal's row. Both
 * conditions are queries of one boolean; the parameters' n is 0 where there are none. cmd lives in the plan's arena. Sets policy and tx_note when that
 * is not set yet. */
struct ls_ops_condition {
    const char *sql;
    const struct ls_param *params;
    int n_params;
};
void ls_ops_delegate(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_child_cmd *cmd, struct ls_ops_condition before,
                     struct ls_ops_condition after);
/* SQLite: both conditions are asked of this other file, the tool's ledger (struct ls_op, in_file). Behind ls_ops_delegate. */
void ls_ops_delegate_in_file(struct ls_step *step, const char *file);
/* Whether the ledger's table is there, or is not, as such a condition: true while `exists` is how it is. */
struct ls_ops_condition ls_ops_table_exists(struct ls_plan_ctx *ctx, const char *schema, const char *table, bool exists);

/* A ledger op of step->on_failure; as ls_ops_sql. */
struct ls_op *ls_ops_on_failure(struct ls_plan_ctx *ctx, struct ls_step *step, enum ls_op_kind kind, const char *sql, const struct ls_param *params,
                                int n_params);

/* Array of n parameters to fill and pass on. */
struct ls_param *ls_ops_params(struct ls_plan_ctx *ctx, int n);
struct ls_param ls_param_text(const char *text); /* NULL gives SQL NULL; text is lent */
struct ls_param ls_param_int(const char *digits);
struct ls_param ls_param_bool(bool value);
struct ls_param ls_param_blob(const char *hex);     /* NULL gives SQL NULL */
struct ls_param ls_param_runtime(const char *word); /* LS_PARAM_UUID4 ... */

/* LS_E_REFUSED when a statement is of that class (SQLite's outer pragmas, which are in one, are left to the caller): message "FILE:LINE: why", statement number and place set. */
LS_MUST_CHECK enum ls_rc ls_ops_refuse_class(const struct ls_plan_ctx *ctx, const struct ls_step *step, enum ls_tx_class tx, const char *why,
                                             const char *hint, struct ls_err *err);

#endif
