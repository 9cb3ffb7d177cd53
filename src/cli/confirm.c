/* cli/confirm.c: nothing is written before someone agreed to what was shown. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

static enum ls_rc nobody_to_ask(struct cli_ctx *ctx, const char *what)
{
    (void)ls_err_set(&ctx->error, LS_E_REFUSED, "%s: nobody can be asked without a terminal; nothing was written", what);
    if (ctx->target.params.is_protected)
        ls_err_hint(&ctx->error, "--yes --confirm %s writes without asking", cli_database_name(ctx));
    else
        ls_err_hint(&ctx->error, "--yes writes without asking; `lockstep plan` shows what");
    return LS_E_REFUSED;
}

enum ls_rc cli_confirm(struct cli_ctx *ctx, const char *text, const char *what)
{
    const char *name = cli_database_name(ctx);
    const char *said = cli_has(ctx, CLI_O(CONFIRM)) ? ctx->v->text[CLI_OPT_CONFIRM] : NULL;
    bool is_protected = ctx->target.params.is_protected;

    if (said && strcmp(said, name) != 0) {
        (void)ls_err_set(&ctx->error, LS_E_REFUSED, "--confirm says '%s', but the database is '%s'; nothing was written", said, name);
        return LS_E_REFUSED;
    }
    if (cli_has(ctx, CLI_O(YES))) {
        if (!is_protected || said)
            return LS_OK;
        (void)ls_err_set(&ctx->error, LS_E_REFUSED, "%s: this environment is protected, and --yes is not enough; nothing was written", what);
        ls_err_hint(&ctx->error, "name the database as well: --yes --confirm %s", name);
        return LS_E_REFUSED;
    }
    if (!ctx->io->confirm)
        return nobody_to_ask(ctx, what);
    if (ctx->io->confirm(ctx->io->confirm_ctx, text, is_protected && !said ? name : NULL))
        return LS_OK;
    return ls_err_set(&ctx->error, LS_E_REFUSED, "%s: not confirmed; nothing was written", what);
}

bool cli_ask(struct cli_ctx *ctx, const char *text)
{
    return ctx->io->confirm && ctx->io->confirm(ctx->io->confirm_ctx, text, NULL);
}

/* The answer's line without its end; false at the end of input. */
static bool read_answer(char *buf, size_t size)
{
    if (!fgets(buf, (int)size, stdin))
        return false;
    size_t len = strcspn(buf, "\r\n");
    if (!buf[len]) { /* the line is longer than any answer: read it away */
        for (int c = getchar(); c != EOF && c != '\n';)
            c = getchar();
    }
    buf[len] = '\0';
    return true;
}

bool cli_tty_confirm(void *ctx, const char *text, const char *must_type)
{
    char answer[512];

    (void)ctx;
    (void)fputs(text, stderr);
    if (must_type)
        (void)fprintf(stderr, "Type the database's name, %s, to go on: ", must_type);
    else
        (void)fputs("Go on? [y/N] ", stderr);
    (void)fflush(stderr);
    if (!read_answer(answer, sizeof(answer))) {
        (void)fputc('\n', stderr);
        return false;
    }
    if (must_type)
        return strcmp(answer, must_type) == 0;
    return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0;
}
