/* cli/cmd_plan.c: the dry run. */
#include <config.h>

#include "cli/cmd.h"

#include <stdlib.h>
#include <string.h>

/* `plan`, `plan up [N]`, `plan down [N]`, `plan to VERSION` */
static enum ls_rc read_request(struct cli_ctx *ctx, struct ls_plan_request *req)
{
    const char *what = ctx->words.n_args > 0 ? ctx->words.args[0] : "up";
    const char *arg = ctx->words.n_args > 1 ? ctx->words.args[1] : NULL;

    if (strcmp(what, "up") == 0) {
        req->action = LS_ACTION_UP;
        return cli_count_arg(ctx, arg, -1, &req->count);
    }
    if (strcmp(what, "down") == 0) {
        req->action = LS_ACTION_DOWN;
        return cli_count_arg(ctx, arg, 1, &req->count);
    }
    if (strcmp(what, "to") == 0 && arg) {
        req->action = LS_ACTION_TO;
        req->count = -1;
        req->version = arg;
        return LS_OK;
    }
    (void)ls_err_set(&ctx->error, LS_E_USAGE, strcmp(what, "to") == 0 ? "plan to wants a VERSION" : "plan wants up, down or to, not '%s'", what);
    ls_err_hint(&ctx->error, "usage: lockstep plan [up [N] | down [N] | to VERSION]");
    return LS_E_USAGE;
}

/* What the steps' own tool says that it would run. Not for every step there is a way to ask. */
static enum ls_rc add_previews(struct cli_ctx *ctx, const struct ls_plan *plan, struct ls_buf *sql)
{
    json_t *all = ctx->root ? json_array() : NULL;
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; rc == LS_OK && i < plan->steps.n; i++) {
        const struct ls_step *s = &plan->steps.v[i];
        const struct ls_child_cmd *cmd = ls_step_child(s);
        struct ls_buf text = LS_BUF_INIT;

        if (cmd && cmd->preview_argv)
            rc = ls_plan_preview(ctx->session, plan, (int)i, &text, &ctx->error);
        if (rc == LS_OK && all) {
            json_t *o = json_object();

            cli_json_set(o, "version", s->id);
            cli_json_set(o, "sql", cmd && cmd->preview_argv ? text.ptr : NULL);
            (void)json_array_append_new(all, o);
        } else if (rc == LS_OK && cmd && cmd->preview_argv) {
            char *label = cli_clean(ctx, s->label);

            ls_buf_addf(sql, "\n-- %s, as %s says it:\n%s", label, cmd->tool, text.ptr ? text.ptr : "");
            free(label);
        } else if (rc == LS_OK && cmd) {
            char *label = cli_clean(ctx, s->label);

            ls_buf_addf(sql, "\n-- %s: %s cannot say beforehand what it runs\n", label, cmd->tool);
            free(label);
        }
        ls_buf_release(&text);
    }
    if (all)
        (void)json_object_set_new(ctx->root, "preview", all);
    return rc;
}

int cli_cmd_plan(struct cli_ctx *ctx)
{
    struct ls_plan_request req = {.out_of_order = cli_has(ctx, CLI_O(OUT_OF_ORDER))};
    struct ls_plan *plan = NULL;
    struct ls_buf sql = LS_BUF_INIT;

    if (read_request(ctx, &req) != LS_OK || cli_snapshot(ctx) != LS_OK ||
        ls_plan_make(ctx->session, ctx->snap, &req, &plan, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    if (!ctx->root && plan->steps.n > 0)
        ls_plan_print_sql(plan, cli_dialect(ctx), &sql);
    if (cli_has(ctx, CLI_O(RUN_TOOL)) && add_previews(ctx, plan, &sql) != LS_OK) {
        ls_buf_release(&sql);
        ls_plan_free(plan);
        return cli_fail(ctx);
    }
    if (ctx->root) {
        (void)json_object_set_new(ctx->root, "target", cli_json_target(ctx));
        (void)json_object_set_new(ctx->root, "plan", cli_json_plan(plan, cli_dialect(ctx), true));
    } else if (plan->steps.n == 0) {
        cli_say(ctx, "plan: nothing to do");
    } else {
        /* To a file or a program go the bytes that would run; a terminal gets them harmless. */
        if (ctx->io->out_is_tty)
            cli_lines(ctx, ctx->out, "", sql.ptr);
        else
            cli_data(ctx, sql.ptr, sql.len);
        if (!ctx->quiet)
            cli_findings(ctx, ctx->err, plan);
    }
    ls_buf_release(&sql);
    ls_plan_free(plan);
    return 0;
}
