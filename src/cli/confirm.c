/* cli/confirm.c: nothing is written before someone agreed to what was shown. */
#include <config.h>

#include "cli/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/text.h"

/* A word of a shell's command line: hints are copied from the screen, and the name is the choice of whoever made the database. */
char *cli_shell_word(const char *text)
{
    struct ls_buf b = LS_BUF_INIT;

    if (text[0] != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-") == strlen(text)) {
        ls_buf_adds(&b, text);
        return ls_buf_detach(&b);
    }
    ls_buf_addc(&b, '\'');
    for (; *text; text++)
        ls_buf_adds(&b, *text == '\'' ? "'\\''" : (char[]){*text, '\0'});
    ls_buf_addc(&b, '\'');
    return ls_buf_detach(&b);
}

static void hint_name(struct cli_ctx *ctx, const char *before)
{
    char *word = cli_shell_word(cli_database_name(ctx));

    ls_err_hint(&ctx->error, "%s--yes --confirm %s", before, word);
    free(word);
}

static enum ls_rc nobody_to_ask(struct cli_ctx *ctx, const char *what)
{
    (void)ls_err_set(&ctx->error, LS_E_REFUSED, "%s: nobody can be asked without a terminal; nothing was written", what);
    if (ctx->target.params.is_protected)
        hint_name(ctx, "to write without asking: ");
    else
        ls_err_hint(&ctx->error, "--yes writes without asking");
    return LS_E_REFUSED;
}

static bool ask(struct cli_ctx *ctx, const char *text, const char *must_type)
{
    char *wrapped = cli_wrap(text, ctx->io->err_width);
    bool is_yes = ctx->io->confirm(ctx->io->confirm_ctx, wrapped, must_type);

    free(wrapped);
    return is_yes;
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
        hint_name(ctx, "name the database as well: ");
        return LS_E_REFUSED;
    }
    if (!ctx->io->confirm)
        return nobody_to_ask(ctx, what);
    if (ask(ctx, text, is_protected && !said ? name : NULL))
        return LS_OK;
    return ls_err_set(&ctx->error, LS_E_REFUSED, "%s: not confirmed; nothing was written", what);
}

bool cli_ask(struct cli_ctx *ctx, const char *text)
{
    return ctx->io->confirm && ask(ctx, text, NULL);
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

static void ask_for_name(const char *name)
{
    struct ls_buf clean = LS_BUF_INIT;

    ls_ui_text_line(&clean, name);
    (void)fprintf(stderr, "Type the database's name, %s, to go on: ", clean.ptr);
    ls_buf_release(&clean);
}

/* A text that asks by itself what yes and no mean. */
static bool is_question(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && text[len - 1] == '?';
}

bool cli_tty_confirm(void *ctx, const char *text, const char *must_type)
{
    char answer[512];

    (void)ctx;
    (void)fputs(text, stderr);
    if (must_type)
        ask_for_name(must_type);
    else
        (void)fputs(is_question(text) ? " [y/N] " : "Go on? [y/N] ", stderr);
    (void)fflush(stderr);
    if (!read_answer(answer, sizeof(answer))) {
        (void)fputc('\n', stderr);
        return false;
    }
    if (must_type)
        return strcmp(answer, must_type) == 0;
    return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0;
}
