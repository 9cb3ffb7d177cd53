/* cli/cmd_run.c: up, down, to: the three ways to say what to run. */
#include <config.h>

#include "cli/cmd.h"

int cli_cmd_up(struct cli_ctx *ctx)
{
    struct ls_plan_request req = {.action = LS_ACTION_UP, .out_of_order = cli_has(ctx, CLI_O(OUT_OF_ORDER))};

    if (cli_count_arg(ctx, ctx->words.args[0], -1, &req.count) != LS_OK)
        return cli_fail(ctx);
    return cli_apply(ctx, &req);
}

int cli_cmd_down(struct cli_ctx *ctx)
{
    struct ls_plan_request req = {.action = LS_ACTION_DOWN};

    if (cli_count_arg(ctx, ctx->words.args[0], 1, &req.count) != LS_OK)
        return cli_fail(ctx);
    return cli_apply(ctx, &req);
}

int cli_cmd_to(struct cli_ctx *ctx)
{
    const struct ls_plan_request req = {.action = LS_ACTION_TO, .count = -1, .version = ctx->words.args[0],
                                        .out_of_order = cli_has(ctx, CLI_O(OUT_OF_ORDER))};

    return cli_apply(ctx, &req);
}
