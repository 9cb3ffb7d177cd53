/* .env: lines KEY=VALUE, `export KEY=VALUE`, 'raw' and "quoted with \n \t \" \\ \$" values, # comments. Nothing is expanded: a
 * value with an unescaped $ in double quotes is taken as it stands. */
#include <config.h>

#include "format/settings.h"

#include <string.h>

#include "lockstep/base/redact.h"

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

/* The key that the line assigns, and where its value begins; a length of 0: none. */
static size_t key_of_line(const char **p, const char *end, const char **value)
{
    const char *q;
    size_t len = 0;

    *p = skip_blanks(*p, end);
    if (end - *p > 7 && memcmp(*p, "export", 6) == 0 && ((*p)[6] == ' ' || (*p)[6] == '\t'))
        *p = skip_blanks(*p + 6, end);
    while (*p + len < end && is_key_char((*p)[len]))
        len++;
    q = skip_blanks(*p + len, end);
    if (q >= end || *q != '=')
        return 0;
    *value = skip_blanks(q + 1, end);
    return len;
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
    while (out->len > 0 && strchr(" \t\r", out->ptr[out->len - 1]) != NULL)
        ls_buf_truncate(out, out->len - 1);
    return true;
}

enum ls_rc ls_settings_read_env(struct ls_settings_reader *r)
{
    const char *end = r->text + r->len;
    struct ls_buf value = LS_BUF_INIT, key = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    for (; rc == LS_OK && r->at < r->len; r->line++) {
        const char *p = r->text + r->at, *lf = memchr(p, '\n', r->len - r->at), *line_end = lf != NULL ? lf : end, *start = p;
        size_t len = key_of_line(&p, line_end, &start);

        r->at = lf != NULL ? (size_t)(lf - r->text) + 1 : r->len;
        if (len == 0 || !ls_settings_wants(r->out, p, len))
            continue;
        ls_wipe(value.ptr, value.len);
        ls_buf_clear(&value);
        ls_buf_clear(&key);
        ls_buf_add(&key, p, len);
        if (memchr(p, '\0', (size_t)(line_end - p)) != NULL)
            rc = ls_settings_fail(r, r->line, "the value of %s holds a NUL byte", key.ptr);
        else if (!read_value(start, line_end, &value))
            rc = ls_settings_fail(r, r->line, "the quote around the value of %s is not closed", key.ptr);
        else
            ls_settings_add(r, key.ptr, value.ptr, value.len, r->line);
    }
    ls_wipe(value.ptr, value.len);
    ls_buf_release(&value);
    ls_buf_release(&key);
    return rc;
}
