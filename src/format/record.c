#include <config.h>

#include "format/record.h"

#include <string.h>

#include "format/ops.h"

const char *ls_record_sql(const struct ls_plan_ctx *ctx, const char *text, const char *table)
{
    struct ls_buf sql = LS_BUF_INIT;
    const char *out;

    for (const char *p = text; *p != '\0'; p++) {
        size_t n = strcspn(p, "@?");

        ls_buf_add(&sql, p, n);
        p += n;
        if (*p == '\0')
            break;
        if (*p == '@')
            ls_buf_adds(&sql, table);
        else
            ls_buf_addc(&sql, ctx->dialect == LS_DIALECT_POSTGRES ? '$' : '?');
    }
    out = ls_arena_strn(ctx->plan->arena, sql.ptr, sql.len);
    ls_buf_release(&sql);
    return out;
}

void ls_record_write(struct ls_plan_ctx *ctx, struct ls_step *step, const char *text, const char *table,
                     const struct ls_param *params, int n_params, long rows)
{
    ls_ops_sql(ctx, step, LS_OP_LEDGER, ls_record_sql(ctx, text, table), params, n_params)->expect_rows = rows;
}

void ls_record_fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *text, const char *table,
                     const struct ls_param *params, int n_params)
{
    ls_ops_fence(ctx, step, ls_record_sql(ctx, text, table), params, n_params);
}

void ls_record_there(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *column, struct ls_param key,
                     bool is_there)
{
    const char *text =
        ls_arena_printf(ctx->plan->arena, "SELECT %s (SELECT 1 FROM @ WHERE %s = ?1)", is_there ? "EXISTS" : "NOT EXISTS", column);

    ls_record_fence(ctx, step, text, table, &key, 1);
}

void ls_record_open(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    ls_ops_add(ctx, step, LS_OP_BEGIN);
    if (ctx->dialect == LS_DIALECT_POSTGRES)
        ls_record_write(ctx, step, "LOCK TABLE @ IN SHARE ROW EXCLUSIVE MODE", table, NULL, 0, -1);
}

void ls_record_begin(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *column, struct ls_param key,
                     bool is_there)
{
    ls_record_open(ctx, step, table);
    ls_record_there(ctx, step, table, column, key, is_there);
}

void ls_record_end(struct ls_plan_ctx *ctx, struct ls_step *step)
{
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    ls_ops_add(ctx, step, LS_OP_COMMIT);
}

enum ls_rc ls_record_setup(struct ls_plan_ctx *ctx, const char *text, const char *table)
{
    if (table == NULL)
        return LS_E_INPUT;
    ls_ops_add(ctx, NULL, LS_OP_BEGIN);
    ls_record_write(ctx, NULL, text, table, NULL, 0, -1);
    ls_ops_add(ctx, NULL, LS_OP_COMMIT);
    return LS_OK;
}

void ls_record_forget(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    if (ctx->ledger->rows.n == 0)
        return;
    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_record_write(ctx, step, "DELETE FROM @", table, NULL, 0, (long)ctx->ledger->rows.n);
    ls_record_end(ctx, step);
}

void ls_record_body(struct ls_plan_ctx *ctx, struct ls_step *step)
{
    step->n_statements = ctx->stmts != NULL ? (int)ctx->stmts->n : 0;
    if (step->n_statements > 0)
        ls_ops_batch(ctx, step);
}

enum ls_rc ls_record_refuse_tx(const struct ls_plan_ctx *ctx, const struct ls_step *step, const char *tool, const char *way_out,
                               struct ls_err *err)
{
    const char *why = ls_arena_printf(ctx->plan->arena, "cannot run inside the transaction that %s puts around it", tool);
    enum ls_rc rc = ls_ops_refuse_class(ctx, step, LS_TX_FORBIDS, why, way_out, err);

    if (rc != LS_OK)
        return rc;
    why = ls_arena_printf(ctx->plan->arena, "steers transactions itself, inside the one that %s puts around it", tool);
    return ls_ops_refuse_class(ctx, step, LS_TX_CONTROLS, why, way_out, err);
}

enum ls_rc ls_record_refuse_diag(const struct ls_plan_ctx *ctx, const char *code, struct ls_err *err)
{
    const struct ls_diags *diags = ctx->migrations != NULL ? &ctx->migrations->diags : NULL;

    for (size_t i = 0; diags != NULL && i < diags->d.n; i++) {
        const struct ls_diag *d = &diags->d.v[i];

        if (strcmp(d->code, code) != 0)
            continue;
        if (d->line > 0)
            ls_err_set(err, LS_E_REFUSED, "%s:%d: %s", d->path, d->line, d->message);
        else
            ls_err_set(err, LS_E_REFUSED, "%s%s%s", d->path != NULL ? d->path : "", d->path != NULL ? ": " : "", d->message);
        if (d->hint != NULL)
            ls_err_hint(err, "%s", d->hint);
        return LS_E_REFUSED;
    }
    return LS_OK;
}

bool ls_record_is_applied(const struct ls_entry *e)
{
    return e->row != NULL && e->row->state == LS_ROW_APPLIED;
}

void ls_record_cut_name(struct ls_arena *arena, const char *file, const char **head, const char **tail)
{
    size_t n = strcspn(file, "_");

    *head = ls_arena_strn(arena, file, n);
    *tail = ls_arena_str(arena, file[n] == '_' ? file + n + 1 : "");
}
