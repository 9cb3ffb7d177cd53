/* cli/wrap.c: long lines of a question, broken between words where its terminal ends. */
#include <config.h>

#include "cli/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/text.h"

/* Where the text of a line stands that begins with a name ("Target:  ", "  up      ", "  warning "): what is broken off goes below it. */
enum { TEXT_AT = 9, STEP_TEXT_AT = 10, DEEP = 4, MORE = 2, ANSWER = 8 /* " [y/N] " and the cursor */ };

static size_t hang_of(const char *line, size_t len)
{
    size_t lead = strspn(line, " "), at = lead > 0 ? STEP_TEXT_AT : TEXT_AT;

    if (lead >= DEEP)
        return lead;
    return len > at && line[at - 1] == ' ' && line[at] != ' ' ? at : lead + MORE;
}

/* Where to break: at the last blank that fits behind `from`, else at the next one, so that a path stays whole; len: nowhere. */
static size_t break_at(const char *text, size_t len, size_t from, int width)
{
    size_t fits = ls_text_fit(text, len, width, NULL), at = fits;

    if (fits == len)
        return len;
    while (at > from && text[at] != ' ')
        at--;
    if (at > from)
        return at;
    for (at = fits; at < len && text[at] != ' ';)
        at++;
    return at;
}

static void wrap_line(struct ls_buf *out, const char *line, size_t len, int width)
{
    size_t hang = hang_of(line, len), from = strspn(line, " ");
    struct ls_buf rest = LS_BUF_INIT;

    if (hang > (size_t)width / 2)
        hang = MORE;
    ls_buf_add(&rest, line, len);
    for (size_t at; (at = break_at(rest.ptr, rest.len, from, width)) < rest.len; from = hang) {
        struct ls_buf next = LS_BUF_INIT;
        size_t to = at + strspn(rest.ptr + at, " ");

        ls_buf_add(out, rest.ptr, at);
        if (to == rest.len) { /* nothing but blanks */
            ls_buf_clear(&rest);
            break;
        }
        ls_buf_addc(out, '\n');
        ls_buf_repeat(&next, ' ', hang);
        ls_buf_add(&next, rest.ptr + to, rest.len - to);
        ls_buf_release(&rest);
        rest = next;
    }
    ls_buf_add(out, rest.ptr, rest.len);
    ls_buf_release(&rest);
}

char *cli_wrap(const char *text, int width)
{
    struct ls_buf out = LS_BUF_INIT;

    while (*text && width > 2 * ANSWER) {
        size_t len = strcspn(text, "\n");

        wrap_line(&out, text, len, text[len] ? width : width - ANSWER);
        text += len;
        if (*text) {
            ls_buf_addc(&out, '\n');
            text++;
        }
    }
    ls_buf_adds(&out, text);
    return ls_buf_detach(&out);
}

void cli_show_question(struct cli_ctx *ctx, const char *text)
{
    char *wrapped = cli_wrap(text, ctx->io->err_width);

    (void)fputs(wrapped, ctx->err);
    free(wrapped);
}
