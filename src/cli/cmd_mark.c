/* cli/cmd_mark.c: record without running. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

int cli_cmd_mark(struct cli_ctx *ctx)
{
    struct ls_plan_request req = {.count = -1};
    const char *word = ctx->words.n_args > 1 ? ctx->words.args[1] : "";

    if (cli_has(ctx, CLI_O(IMPORT))) {
        if (ctx->words.n_args > 0)
            return cli_fail_with(ctx, LS_E_USAGE, "mark --import takes the whole table over and wants no VERSION");
        req.action = LS_ACTION_IMPORT;
        return cli_apply(ctx, &req);
    }
    if (ctx->words.n_args < 2 || (strcmp(word, "applied") != 0 && strcmp(word, "pending") != 0)) {
        ls_err_hint(&ctx->error, "usage: lockstep mark VERSION applied|pending");
        return cli_fail_with(ctx, LS_E_USAGE, "mark wants a VERSION and applied or pending");
    }
    req.action = strcmp(word, "applied") == 0 ? LS_ACTION_MARK_APPLIED : LS_ACTION_MARK_PENDING;
    req.version = ctx->words.args[0];
    return cli_apply(ctx, &req);
}
