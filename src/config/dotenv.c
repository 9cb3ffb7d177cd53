/* config/dotenv.c: see dotenv.h. Nothing is expanded: a value with an unescaped $ in double quotes is taken as it stands. */
#include <config.h>

#include "config/dotenv.h"

#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/secret.h"

#define MAX_FILE ((size_t)1024 * 1024)

const char *const dotenv_names[N_DOTENV] = {
#define X(e, w) [DOTENV_##e] = w,
    DOTENV_KEYS(X)
#undef X
};

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* Which of our keys the line assigns; *value is set behind the '='. -1: none of them. */
static int key_of_line(const char *p, const char *end, const char **value)
{
    p = skip_blanks(p, end);
    if (end - p > 7 && memcmp(p, "export", 6) == 0 && (p[6] == ' ' || p[6] == '\t'))
        p = skip_blanks(p + 6, end);
    for (int k = 0; k < N_DOTENV; k++) {
        size_t len = strlen(dotenv_names[k]);

        if ((size_t)(end - p) <= len || memcmp(p, dotenv_names[k], len) != 0)
            continue;
        const char *q = skip_blanks(p + len, end);
        if (q < end && *q == '=') {
            *value = skip_blanks(q + 1, end);
            return k;
        }
    }
    return -1;
}

/* Appends the value that starts at p; false when its quote is not closed on the line. */
static bool read_value(const char *p, const char *end, struct ls_buf *out)
{
    if (p < end && (*p == '\'' || *p == '"')) {
        char quote = *p++;

        for (; p < end && *p != quote; p++) {
            if (quote == '"' && *p == '\\' && p + 1 < end) {
                p++;
                ls_buf_addc(out, *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == 'r' ? '\r' : *p);
            } else {
                ls_buf_addc(out, *p);
            }
        }
        return p < end;
    }
    for (const char *start = p; p < end; p++) {
        if (*p == '#' && (p == start || p[-1] == ' ' || p[-1] == '\t'))
            break;
        ls_buf_addc(out, *p);
    }
    while (out->len > 0 && strchr(" \t\r", out->ptr[out->len - 1]))
        ls_buf_truncate(out, out->len - 1);
    return true;
}

static enum ls_rc parse(struct ls_arena *a, const char *path, const struct ls_buf *text, struct dotenv *out, struct ls_err *err)
{
    const char *p = text->ptr, *end = text->ptr + text->len;
    struct ls_buf value = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    if (text->len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    for (int line = 1; p < end && rc == LS_OK; line++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = lf ? lf : end;
        const char *start = p;
        int k = key_of_line(p, line_end, &start);

        if (k >= 0) {
            ls_wipe(value.ptr, value.len);
            ls_buf_clear(&value);
            if (memchr(p, '\0', (size_t)(line_end - p)))
                rc = ls_err_set(err, LS_E_INPUT, "%s:%d: the value of %s holds a NUL byte", path, line, dotenv_names[k]);
            else if (!read_value(start, line_end, &value))
                rc = ls_err_set(err, LS_E_INPUT, "%s:%d: the quote around the value of %s is not closed", path, line, dotenv_names[k]);
            else
                out->value[k] = value.len > 0 ? ls_arena_strn(a, value.ptr, value.len) : NULL;
        }
        p = lf ? lf + 1 : end;
    }
    ls_wipe(value.ptr, value.len);
    ls_buf_release(&value);
    return rc;
}

enum ls_rc dotenv_read(struct ls_arena *a, const char *path, struct dotenv *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    if (ls_path_kind(path) != LS_PATH_FILE)
        return LS_OK;
    rc = ls_file_read(path, 0, MAX_FILE, &text, err);
    if (rc == LS_OK)
        ls_secret_look(text.ptr);
    if (rc == LS_OK)
        rc = parse(a, path, &text, out, err);
    ls_wipe(text.ptr, text.len);
    ls_buf_release(&text);
    return rc;
}
