#include <config.h>

#include "format/ops.h"

#include <string.h>

struct ls_op *ls_ops_add(struct ls_plan_ctx *ctx, struct ls_step *step, enum ls_op_kind kind)
{
    struct ls_op *op = step != NULL ? LS_VEC_PUSH(&step->ops) : LS_VEC_PUSH(&ctx->plan->setup);

    op->kind = kind;
    op->expect_rows = -1;
    return op;
}

static void fill(struct ls_plan_ctx *ctx, struct ls_op *op, enum ls_op_kind kind, const char *sql, const struct ls_param *params, int n_params)
{
    struct ls_param *own = n_params > 0 ? ls_ops_params(ctx, n_params) : NULL;

    /* The values may be of a ledger or a folder that the plan outlives. */
    for (int i = 0; i < n_params; i++)
        own[i] = (struct ls_param){params[i].kind, ls_arena_str(ctx->plan->arena, params[i].text)};
    op->kind = kind;
    op->expect_rows = -1;
    op->sql = sql;
    op->len = sql != NULL ? strlen(sql) : 0;
    op->params = own;
    op->n_params = n_params;
}

struct ls_op *ls_ops_sql(struct ls_plan_ctx *ctx, struct ls_step *step, enum ls_op_kind kind, const char *sql, const struct ls_param *params,
                         int n_params)
{
    struct ls_op *op = ls_ops_add(ctx, step, kind);

    fill(ctx, op, kind, sql, params, n_params);
    return op;
}

void ls_ops_fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *sql, const struct ls_param *params, int n_params)
{
    ls_ops_sql(ctx, step, LS_OP_EXPECT, sql, params, n_params)->expect = ctx->dialect == LS_DIALECT_POSTGRES ? "t" : "1";
}

void ls_ops_batch(struct ls_plan_ctx *ctx, struct ls_step *step)
{
    const struct ls_stmts *stmts = ctx->stmts;
    size_t n = stmts != NULL ? stmts->n : 0;
    struct ls_piece *pieces = LS_ARENA_ARRAY(ctx->plan->arena, struct ls_piece, n + 1);
    struct ls_op *op = ls_ops_add(ctx, step, LS_OP_BATCH);

    for (size_t i = 0; i < n; i++)
        pieces[i] = (struct ls_piece){stmts->v[i].start, stmts->v[i].end, stmts->v[i].line, stmts->v[i].col};
    op->sql = step->text;
    op->len = step->text_len;
    op->stmt_no = op->col = 1;
    op->line = step->line > 0 ? step->line : 1;
    op->pieces = pieces;
    op->n_pieces = (int)n;
}

void ls_ops_statements(struct ls_plan_ctx *ctx, struct ls_step *step)
{
    const struct ls_stmts *stmts = ctx->stmts;

    for (size_t i = 0; stmts != NULL && i < stmts->n; i++) {
        struct ls_op *op = ls_ops_add(ctx, step, LS_OP_STATEMENT);

        op->sql = step->text + stmts->v[i].start;
        op->len = stmts->v[i].end - stmts->v[i].start;
        op->stmt_no = (int)i + 1;
        op->line = stmts->v[i].line;
        op->col = stmts->v[i].col;
    }
}

/* The statement in front of a new one, where both lie in the step's text: its number and place are gone on from, so that many pieces stay quick. */
static const struct ls_op *piece_before(const struct ls_step *step, size_t start)
{
    for (size_t i = step->ops.n; i-- > 0;) {
        const struct ls_op *op = &step->ops.v[i];

        if (op->kind == LS_OP_STATEMENT)
            return op->sql >= step->text && op->sql <= step->text + start ? op : NULL;
    }
    return NULL;
}

static int count_pieces(const struct ls_step *step)
{
    int n = 0;

    for (size_t i = 0; i < step->ops.n; i++)
        n += step->ops.v[i].kind == LS_OP_STATEMENT;
    return n;
}

struct ls_op *ls_ops_piece(struct ls_plan_ctx *ctx, struct ls_step *step, size_t start, size_t end)
{
    const struct ls_op *before = piece_before(step, start);
    size_t from = before != NULL ? (size_t)(before->sql - step->text) : 0, bol = start;
    int no = before != NULL ? before->stmt_no + 1 : count_pieces(step) + 1;
    int line = before != NULL ? before->line : step->line > 0 ? step->line : 1, unused;
    struct ls_op *op = ls_ops_add(ctx, step, LS_OP_STATEMENT);

    op->sql = step->text + start;
    op->len = end - start;
    op->stmt_no = no;
    for (size_t i = from; i < start; i++)
        line += step->text[i] == '\n';
    while (bol > 0 && step->text[bol - 1] != '\n')
        bol--;
    op->line = line;
    ls_sql_place(step->text + bol, step->text_len - bol, start - bol, &unused, &op->col);
    return op;
}

struct ls_op *ls_ops_on_failure(struct ls_plan_ctx *ctx, struct ls_step *step, enum ls_op_kind kind, const char *sql, const struct ls_param *params,
                                int n_params)
{
    struct ls_op *op = LS_VEC_PUSH(&step->on_failure);

    fill(ctx, op, kind, sql, params, n_params);
    return op;
}

struct ls_param *ls_ops_params(struct ls_plan_ctx *ctx, int n)
{
    return LS_ARENA_ARRAY(ctx->plan->arena, struct ls_param, (size_t)n);
}

struct ls_param ls_param_text(const char *text)
{
    return (struct ls_param){text != NULL ? LS_PARAM_TEXT : LS_PARAM_NULL, text};
}

struct ls_param ls_param_int(const char *digits)
{
    return (struct ls_param){LS_PARAM_INT, digits};
}

struct ls_param ls_param_bool(bool value)
{
    return (struct ls_param){LS_PARAM_BOOL, value ? "true" : "false"};
}

struct ls_param ls_param_blob(const char *hex)
{
    return (struct ls_param){hex != NULL ? LS_PARAM_BLOB : LS_PARAM_NULL, hex};
}

struct ls_param ls_param_runtime(const char *word)
{
    return (struct ls_param){LS_PARAM_RUNTIME, word};
}

enum ls_rc ls_ops_refuse_class(const struct ls_plan_ctx *ctx, const struct ls_step *step, enum ls_tx_class tx, const char *why, const char *hint,
                               struct ls_err *err)
{
    for (size_t i = 0; ctx->stmts != NULL && i < ctx->stmts->n; i++) {
        const struct ls_stmt *s = &ctx->stmts->v[i];

        if (s->tx != tx || (ctx->dialect == LS_DIALECT_SQLITE && ls_sql_is_outer_pragma(step->text + s->start, s->end - s->start)))
            continue;
        ls_err_set(err, LS_E_REFUSED, "%s:%d: statement %zu of %zu %s", step->path, s->line, i + 1, ctx->stmts->n, why);
        if (err != NULL) {
            err->statement = (int)i + 1;
            err->line = s->line;
            err->col = s->col;
        }
        ls_err_hint(err, "%s", hint);
        return LS_E_REFUSED;
    }
    return LS_OK;
}

void ls_ops_delegate(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_child_cmd *cmd, struct ls_ops_condition before,
                     struct ls_ops_condition after)
{
    step->policy = LS_POLICY_NO_TX;
    if (step->tx_note == NULL || step->tx_note[0] == '\0')
        step->tx_note = ls_arena_printf(ctx->plan->arena, "%s runs it, on a connection of its own; the ledger is read again behind it%s", cmd->tool,
                                        cmd->is_atomic ? "" : ". A failure may leave a part of it");
    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_ops_fence(ctx, step, before.sql, before.params, before.n_params);
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    ls_ops_add(ctx, step, LS_OP_COMMIT);
    ls_ops_add(ctx, step, LS_OP_CHILD)->child = cmd;
    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_ops_fence(ctx, step, after.sql, after.params, after.n_params);
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    ls_ops_add(ctx, step, LS_OP_COMMIT);
}

void ls_ops_delegate_in_file(struct ls_step *step, const char *file)
{
    for (size_t i = 0; i < step->ops.n; i++)
        if (step->ops.v[i].kind == LS_OP_EXPECT)
            step->ops.v[i].in_file = file;
}

struct ls_ops_condition ls_ops_table_exists(struct ls_plan_ctx *ctx, const char *schema, const char *table, bool exists)
{
    struct ls_param *p = ls_ops_params(ctx, 2);

    p[0] = ls_param_text(table);
    if (ctx->dialect == LS_DIALECT_SQLITE)
        return (struct ls_ops_condition){exists ? "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)"
                                                : "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)",
                                         p, 1};
    p[1] = ls_param_text(schema);
    return (struct ls_ops_condition){exists ? "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE tablename = $1 AND schemaname = $2)"
                                            : "SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE tablename = $1 AND schemaname = $2)",
                                     p, 2};
}
