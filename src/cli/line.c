/* cli/line.c: a line typed at the console's `:` prompt. */
#include <config.h>

#include "cli/cli.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

/* Unquotes one word from *p into w; false for a quote that is not closed. */
static bool take_word(const char **p, struct ls_buf *w)
{
    const char *c = *p;

    for (; *c && *c != ' ' && *c != '\t'; c++) {
        if (*c == '\\' && c[1]) {
            ls_buf_addc(w, *++c);
        } else if (*c == '\'' || *c == '"') {
            char quote = *c;

            for (c++; *c && *c != quote; c++) {
                if (quote == '"' && *c == '\\' && (c[1] == '"' || c[1] == '\\'))
                    c++;
                ls_buf_addc(w, *c);
            }
            if (!*c)
                return false;
        } else {
            ls_buf_addc(w, *c);
        }
    }
    *p = c;
    return true;
}

enum ls_rc cli_split_line(const char *line, char ***words, int *n, struct ls_err *err)
{
    /* Each word is followed by a NUL, so the text behind all pointers needs at most this. */
    size_t len = strlen(line), used = 0;
    size_t max_words = len / 2 + 2;
    char **out = ls_malloc(max_words * sizeof(*out) + len + max_words);
    char *text = (char *)(out + max_words);
    struct ls_buf w = LS_BUF_INIT;

    *words = NULL;
    *n = 0;
    for (const char *p = line; *(p += strspn(p, " \t"));) {
        ls_buf_clear(&w);
        if (!take_word(&p, &w)) {
            ls_buf_release(&w);
            free(out);
            *n = 0;
            return ls_err_set(err, LS_E_USAGE, "a quote is not closed");
        }
        memcpy(text + used, w.ptr, w.len + 1);
        out[(*n)++] = text + used;
        used += w.len + 1;
    }
    out[*n] = NULL;
    ls_buf_release(&w);
    *words = out;
    return LS_OK;
}

int cli_run_line(const char *line, const struct cli_io *from)
{
    struct cli_io io = {
        .out = from->out,
        .err = from->err,
        .ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
        .confirm = from->confirm,
        .confirm_ctx = from->confirm_ctx,
        .on_session = from->on_session,
        .is_cancelled = from->is_cancelled,
        .progress = from->progress,
        .is_unarmed = from->is_unarmed,
        .base = from->base,
        .getenv_fn = from->base ? from->base->getenv_fn : NULL,
    };
    struct ls_err e = LS_ERR_INIT;
    char **words = NULL;
    int n = 0;

    if (cli_split_line(line, &words, &n, &e) != LS_OK) {
        (void)fprintf(from->err, "lockstep: %s\n", e.message);
        ls_err_release(&e);
        return ls_rc_exit_code(LS_E_USAGE);
    }
    int rc = n == 0 ? 0 : cli_run(&io, n, (const char *const *)words);
    free(words);
    return rc;
}
