/* Java's properties: KEY=VALUE, KEY:VALUE, KEY VALUE; lines that begin with # or ! are comments, a backslash at the end goes on in
 * the next line (java.util.Properties.load). */
#include <config.h>

#include "format/settings.h"

#include <string.h>

static bool is_end(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void skip_blanks(struct ls_settings_reader *r)
{
    while (r->at < r->len && is_blank(r->text[r->at]))
        r->at++;
}

static void end_line(struct ls_settings_reader *r)
{
    if (r->at < r->len && r->text[r->at] == '\r')
        r->at++;
    if (r->at < r->len && r->text[r->at] == '\n')
        r->at++;
    r->line++;
}

static enum ls_rc read_escape(struct ls_settings_reader *r, struct ls_buf *out)
{
    unsigned long point = 0;
    char c = r->text[r->at++];

    if (c != 'u') {
        ls_buf_addc(out, c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'f' ? '\f' : c);
        return LS_OK;
    }
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = r->at < r->len ? hex(r->text[r->at]) : -1;

        if (digit < 0)
            return ls_settings_fail(r, r->line, "\\u wants four hexadecimal digits");
        point = point << 4 | (unsigned long)digit;
    }
    return ls_settings_add_point(out, point) ? LS_OK : ls_settings_fail(r, r->line, "\\u%04lx is no character", point);
}

/* Up to the end of the logical line, or for a key up to its separator. */
static enum ls_rc read_part(struct ls_settings_reader *r, bool is_key, struct ls_buf *out)
{
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && r->at < r->len) {
        char c = r->text[r->at];

        if (is_end(c) || (is_key && (c == '=' || c == ':' || is_blank(c))))
            break;
        r->at++;
        if (c == '\0')
            rc = ls_settings_fail(r, r->line, "a NUL byte");
        else if (c != '\\')
            ls_buf_addc(out, c);
        else if (r->at < r->len && is_end(r->text[r->at])) {
            end_line(r);
            skip_blanks(r);
        } else if (r->at < r->len) {
            rc = read_escape(r, out);
        }
    }
    return rc;
}

enum ls_rc ls_settings_read_properties(struct ls_settings_reader *r)
{
    struct ls_buf key = LS_BUF_INIT, value = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && r->at < r->len) {
        int line = r->line;

        skip_blanks(r);
        if (r->at < r->len && (r->text[r->at] == '#' || r->text[r->at] == '!')) {
            while (r->at < r->len && !is_end(r->text[r->at]))
                r->at++;
        } else if (r->at < r->len && !is_end(r->text[r->at])) {
            ls_buf_clear(&key);
            ls_buf_clear(&value);
            rc = read_part(r, true, &key);
            skip_blanks(r);
            if (rc == LS_OK && r->at < r->len && (r->text[r->at] == '=' || r->text[r->at] == ':')) {
                r->at++;
                skip_blanks(r);
            }
            if (rc == LS_OK)
                rc = read_part(r, false, &value);
            if (rc == LS_OK)
                ls_settings_add(r, key.ptr != NULL ? key.ptr : "", value.ptr != NULL ? value.ptr : "", value.len, line);
        }
        if (rc == LS_OK)
            end_line(r);
    }
    ls_buf_release(&key);
    ls_buf_release(&value);
    return rc;
}
