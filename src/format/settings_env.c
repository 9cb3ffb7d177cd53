/* .env: lines KEY=VALUE, `export KEY=VALUE`, 'raw' and "quoted with \n \t \" \\ \$" values, # comments. Outside of single quotes ${NAME} and
 * ${NAME:-default} stand for a variable of the environment or else of a line above, as in Docker Compose and dotenv-expand; a bare $ stays as it
 * is, for passwords hold them. */
#include <config.h>

#include "format/settings.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"

#define MAX_LOOKUPS 1000

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

struct reading {
    struct ls_settings_reader *r;
    struct ls_str key; /* whose value is read, and its line: for the errors */
    int line;
    int budget; /* names that may still be looked up: lines that double each other end soon */
};

static enum ls_rc read_value(struct reading *x, const char *p, const char *end, struct ls_buf *out);

/* The last value that a line before `before` assigns to the name; false: none does. */
static bool find_above(const struct reading *x, struct ls_str name, const char *before, const char **value, const char **end)
{
    bool is_found = false;

    for (const char *p = x->r->text + x->r->first; p < before;) {
        const char *lf = memchr(p, '\n', (size_t)(before - p)), *line_end = lf != NULL ? lf : before, *start;
        size_t len = key_of_line(&p, line_end, &start);

        if (len == name.len && memcmp(p, name.ptr, len) == 0) {
            is_found = true;
            *value = start;
            *end = line_end;
        }
        p = line_end + 1;
    }
    return is_found;
}

/* Line starts at or before p. */
static const char *line_start(const struct reading *x, const char *p)
{
    while (p > x->r->text && p[-1] != '\n')
        p--;
    return p;
}

/* p: behind "${", shut: at its '}'. */
static enum ls_rc add_variable(struct reading *x, const char *p, const char *shut, struct ls_buf *out)
{
    struct ls_str name = {p, 0};
    const char *fallback, *value, *end;
    const char *of_env;
    char *text;

    while (p + name.len < shut && is_key_char(p[name.len]) && p[name.len] != '-')
        name.len++;
    fallback = p + name.len;
    if (fallback < shut && *fallback == ':')
        fallback++;
    if (name.len == 0 || (fallback < shut && *fallback != '-'))
        return ls_settings_fail(x->r, x->line, "the value of %.*s has a ${...} that is not understood; there are ${NAME} and ${NAME:-default}",
                                (int)x->key.len, x->key.ptr);
    if (x->budget-- <= 0)
        return ls_settings_fail(x->r, x->line, "the value of %.*s refers to too many others", (int)x->key.len, x->key.ptr);
    text = ls_strndup(name.ptr, name.len);
    of_env = x->r->out->getenv_fn != NULL ? x->r->out->getenv_fn(text) : NULL;
    free(text);
    if (of_env != NULL && of_env[0] != '\0') {
        ls_buf_adds(out, of_env);
        return LS_OK;
    }
    if (find_above(x, name, line_start(x, p), &value, &end)) {
        size_t len = out->len;
        enum ls_rc rc = read_value(x, value, end, out);

        if (rc != LS_OK || out->len > len || fallback >= shut || fallback[-1] != ':')
            return rc;
    }
    if (fallback < shut) {
        ls_buf_add(out, fallback + 1, (size_t)(shut - fallback - 1));
        return LS_OK;
    }
    return ls_settings_fail(x->r, x->line, "the value of %.*s needs ${%.*s}, which neither the environment nor a line above sets", (int)x->key.len,
                            x->key.ptr, (int)name.len, name.ptr);
}

/* Adds the character at *p, or what the ${...} there stands for; *p is then at the last byte of it. */
static enum ls_rc add_char(struct reading *x, const char **p, const char *end, struct ls_buf *out)
{
    const char *shut = **p == '$' && *p + 1 < end && (*p)[1] == '{' ? memchr(*p, '}', (size_t)(end - *p)) : NULL, *name = *p + 2;

    if (shut == NULL) {
        ls_buf_addc(out, **p);
        return LS_OK;
    }
    *p = shut;
    return add_variable(x, name, shut, out);
}

static enum ls_rc read_quoted(struct reading *x, const char *p, const char *end, struct ls_buf *out)
{
    char quote = *p++;
    enum ls_rc rc = LS_OK;

    for (; rc == LS_OK && p < end && *p != quote; p++) {
        if (quote == '"' && *p == '\\' && p + 1 < end) {
            p++;
            ls_buf_addc(out, *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == 'r' ? '\r' : *p);
        } else if (quote == '"') {
            rc = add_char(x, &p, end, out);
        } else {
            ls_buf_addc(out, *p);
        }
    }
    if (rc == LS_OK && p >= end)
        rc = ls_settings_fail(x->r, x->line, "the quote around the value of %.*s is not closed", (int)x->key.len, x->key.ptr);
    return rc;
}

/* Appends the value that starts at p. */
static enum ls_rc read_value(struct reading *x, const char *p, const char *end, struct ls_buf *out)
{
    enum ls_rc rc = LS_OK;
    const char *start = p;

    if (p < end && (*p == '\'' || *p == '"'))
        return read_quoted(x, p, end, out);
    for (const char *q = p; q < end; q++) {
        if (*q == '#' && (q == p || q[-1] == ' ' || q[-1] == '\t')) {
            end = q;
            break;
        }
    }
    while (end > start && strchr(" \t\r", end[-1]) != NULL)
        end--;
    for (; rc == LS_OK && p < end; p++)
        rc = add_char(x, &p, end, out);
    return rc;
}

enum ls_rc ls_settings_read_env(struct ls_settings_reader *r)
{
    const char *end = r->text + r->len;
    struct ls_buf value = LS_BUF_INIT, key = LS_BUF_INIT;
    struct reading x = {.r = r, .budget = MAX_LOOKUPS};
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
        x.key = (struct ls_str){p, len};
        x.line = r->line;
        if (memchr(p, '\0', (size_t)(line_end - p)) != NULL)
            rc = ls_settings_fail(r, r->line, "the value of %s holds a NUL byte", key.ptr);
        else
            rc = read_value(&x, start, line_end, &value);
        if (rc == LS_OK)
            ls_settings_add(r, key.ptr, value.ptr != NULL ? value.ptr : "", value.len, r->line);
    }
    ls_wipe(value.ptr, value.len);
    ls_buf_release(&value);
    ls_buf_release(&key);
    return rc;
}
