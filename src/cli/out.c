/* cli/out.c: text for people. Every piece that may hold foreign text passes ls_redact and ls_ui_text on its way out. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"

static unsigned ui_flags(const struct cli_ctx *ctx)
{
    return ctx->io->ascii ? LS_UI_TEXT_ASCII : 0;
}

/* Words, numbers and times: nothing in them can steer a terminal or be a secret, which takes a '=', a quote, an '@', a '/' or a name before a
 * ':'. Lists of thousands of migrations are made of these. */
bool cli_is_plain(const char *text)
{
    bool is_time = text[0] >= '0' && text[0] <= '9';

    for (const char *p = text; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
            is_time = is_time && (*p == 'T' || *p == 'Z');
        else if (!(*p >= '0' && *p <= '9') && *p != ' ' && *p != '_' && !(*p >= '(' && *p <= '.' && *p != '*' && *p != '+') && !(*p == ':' && is_time))
            return false;
    }
    return true;
}

char *cli_clean(const struct cli_ctx *ctx, const char *text)
{
    struct ls_buf hidden = LS_BUF_INIT, out = LS_BUF_INIT;

    if (text && cli_is_plain(text)) {
        ls_buf_adds(&out, text);
    } else if (text) {
        ls_redact(&hidden, text, strlen(text));
        ls_ui_text(&out, hidden.ptr, hidden.len, LS_UI_TEXT_LINE | ui_flags(ctx));
    }
    ls_buf_release(&hidden);
    return ls_buf_detach(&out);
}

void cli_lines(const struct cli_ctx *ctx, FILE *to, const char *indent, const char *text)
{
    struct ls_buf hidden = LS_BUF_INIT, out = LS_BUF_INIT;

    if (!text || !*text)
        return;
    ls_redact(&hidden, text, strlen(text));
    for (const char *p = hidden.ptr; *p;) {
        size_t len = strcspn(p, "\n");

        ls_buf_clear(&out);
        if (len > 0)
            ls_buf_adds(&out, indent);
        ls_ui_text(&out, p, len, LS_UI_TEXT_MULTILINE | ui_flags(ctx));
        (void)fprintf(to, "%s\n", out.ptr);
        p += len + (p[len] == '\n' ? 1 : 0);
    }
    ls_buf_release(&hidden);
    ls_buf_release(&out);
}

static void put_line(const struct cli_ctx *ctx, FILE *to, const char *fmt, va_list ap) LS_PRINTF(3, 0);
static void put_line(const struct cli_ctx *ctx, FILE *to, const char *fmt, va_list ap)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_buf_vaddf(&b, fmt, ap);
    char *clean = cli_clean(ctx, b.ptr);
    (void)fprintf(to, "%s\n", clean);
    free(clean);
    ls_buf_release(&b);
}

void cli_say(struct cli_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    if (ctx->quiet)
        return;
    (void)fflush(ctx->out); /* where both go to one place they stand in the order in which they were said */
    va_start(ap, fmt);
    put_line(ctx, ctx->err, fmt, ap);
    va_end(ap);
}

void cli_warn(struct cli_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put_line(ctx, ctx->err, fmt, ap);
    va_end(ap);
}

void cli_print(struct cli_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put_line(ctx, ctx->out, fmt, ap);
    va_end(ap);
}

void cli_data(struct cli_ctx *ctx, const char *text, size_t len)
{
    (void)fwrite(text, 1, len, ctx->out);
}

void cli_write_error(const struct cli_ctx *ctx, FILE *to, const struct ls_err *err)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_buf_addf(&b, "lockstep: %s", err->message ? err->message : ls_rc_name(err->code));
    if (err->sqlstate[0])
        ls_buf_addf(&b, " (SQLSTATE %s)", err->sqlstate);
    /* The message's own line ends are the server's. */
    cli_lines(ctx, to, "", b.ptr);
    cli_lines(ctx, to, "  ", err->detail);
    if (err->hint) {
        ls_buf_clear(&b);
        ls_buf_addf(&b, "hint: %s", err->hint);
        cli_lines(ctx, to, "  ", b.ptr);
    }
    ls_buf_release(&b);
}

int cli_fail(struct cli_ctx *ctx)
{
    if (ctx->error.code == LS_OK)
        (void)ls_err_set(&ctx->error, LS_E_INTERNAL, "something failed without saying what");
    cli_write_error(ctx, ctx->err, &ctx->error);
    if (ctx->json && ctx->root)
        json_object_set_new(ctx->root, "error", cli_json_error(&ctx->error));
    return ls_rc_exit_code(ctx->error.code);
}

int cli_fail_with(struct cli_ctx *ctx, enum ls_rc code, const char *fmt, ...)
{
    struct ls_buf b = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(&b, fmt, ap);
    va_end(ap);
    (void)ls_err_set(&ctx->error, code, "%s", b.ptr);
    ls_buf_release(&b);
    return cli_fail(ctx);
}
