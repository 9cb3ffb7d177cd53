/* TOML 1.0: tables, arrays of tables, dotted and quoted keys, all kinds of strings, arrays, inline tables. Numbers, booleans and
 * times stay the words that they are. A key twice is no error here: the last one counts. */
#include <config.h>

#include "format/settings.h"

#include <string.h>

#define MAX_DEPTH 32

struct toml {
    struct ls_settings_reader *r;
    struct ls_buf key; /* of the value that is read, with its table's in front */
    size_t table_len;  /* of that, the table */
    struct ls_buf value;
    int depth;
};

static enum ls_rc read_value(struct toml *t);

static int peek(const struct toml *t)
{
    return t->r->at < t->r->len ? (unsigned char)t->r->text[t->r->at] : -1;
}

static bool next_is(const struct toml *t, const char *word)
{
    size_t n = strlen(word);

    return t->r->len - t->r->at >= n && memcmp(t->r->text + t->r->at, word, n) == 0;
}

static void skip_blanks(struct toml *t)
{
    while (peek(t) == ' ' || peek(t) == '\t')
        t->r->at++;
}

static void skip_comment(struct toml *t)
{
    skip_blanks(t);
    if (peek(t) == '#')
        while (peek(t) != -1 && peek(t) != '\n')
            t->r->at++;
}

/* Blanks, comments and line ends, as they may stand inside of an array. */
static void skip_lines(struct toml *t)
{
    for (;;) {
        skip_comment(t);
        if (next_is(t, "\r\n"))
            t->r->at++;
        if (peek(t) != '\n')
            return;
        t->r->at++;
        t->r->line++;
    }
}

static enum ls_rc end_line(struct toml *t)
{
    skip_comment(t);
    if (next_is(t, "\r\n"))
        t->r->at++;
    if (peek(t) == -1)
        return LS_OK;
    if (peek(t) != '\n')
        return ls_settings_fail(t->r, t->r->line, "something stands behind the value");
    t->r->at++;
    t->r->line++;
    return LS_OK;
}

/* --- strings -------------------------------------------------------------------------------------------------------------- */

static int hex(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum ls_rc read_point(struct toml *t, int digits, struct ls_buf *out)
{
    unsigned long point = 0;

    for (int i = 0; i < digits; i++, t->r->at++) {
        int digit = hex(peek(t));

        if (digit < 0)
            return ls_settings_fail(t->r, t->r->line, "\\u and \\U want four and eight hexadecimal digits");
        point = point << 4 | (unsigned long)digit;
    }
    return ls_settings_add_point(out, point) ? LS_OK : ls_settings_fail(t->r, t->r->line, "an escape that is no character");
}

/* Behind the backslash. */
static enum ls_rc read_escape(struct toml *t, bool is_long, struct ls_buf *out)
{
    static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
    int c = peek(t);
    const char *at = c > 0 ? strchr(from, c) : NULL;

    if (is_long && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
        /* The line goes on where the next text is. */
        while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            t->r->line += c == '\n';
            t->r->at++;
            c = peek(t);
        }
        return LS_OK;
    }
    t->r->at += c != -1;
    if (c == 'u' || c == 'U')
        return read_point(t, c == 'u' ? 4 : 8, out);
    if (at == NULL)
        return ls_settings_fail(t->r, t->r->line, "an unknown escape in a string");
    ls_buf_addc(out, to[at - from]);
    return LS_OK;
}

/* "...", '...', and both in threes over several lines. */
static enum ls_rc read_string(struct toml *t, bool may_be_long, struct ls_buf *out)
{
    char quote = (char)peek(t), threes[4] = {quote, quote, quote, '\0'};
    bool is_long = may_be_long && next_is(t, threes);
    enum ls_rc rc = LS_OK;
    int began = t->r->line;

    t->r->at += is_long ? 3 : 1;
    if (is_long && next_is(t, "\r\n"))
        t->r->at++;
    if (is_long && peek(t) == '\n') {
        t->r->at++;
        t->r->line++;
    }
    while (rc == LS_OK) {
        int c = peek(t);

        if (c == -1 || c == 0 || (c == '\n' && !is_long))
            return ls_settings_fail(t->r, began, "a string that is not closed");
        if (is_long && next_is(t, threes)) {
            t->r->at += 3;
            /* Up to two more quotes are of the text: """a""""" */
            for (int i = 0; i < 2 && peek(t) == quote; i++, t->r->at++)
                ls_buf_addc(out, quote);
            return LS_OK;
        }
        t->r->at++;
        if (!is_long && c == quote)
            return LS_OK;
        if (c == '\\' && quote == '"') {
            rc = read_escape(t, is_long, out);
            continue;
        }
        t->r->line += c == '\n';
        ls_buf_addc(out, (char)c);
    }
    return rc;
}

/* --- keys ----------------------------------------------------------------------------------------------------------------- */

static bool is_bare(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Appends a.b."c d" to the key. */
static enum ls_rc read_key(struct toml *t)
{
    for (;;) {
        size_t was = t->key.len;
        enum ls_rc rc = LS_OK;

        skip_blanks(t);
        if (was > 0)
            ls_buf_addc(&t->key, '.');
        was = t->key.len;
        if (peek(t) == '"' || peek(t) == '\'')
            rc = read_string(t, false, &t->key);
        else
            for (; is_bare(peek(t)); t->r->at++)
                ls_buf_addc(&t->key, (char)peek(t));
        if (rc == LS_OK && t->key.len == was)
            rc = ls_settings_fail(t->r, t->r->line, "no key where one is due");
        if (rc != LS_OK)
            return rc;
        skip_blanks(t);
        if (peek(t) != '.')
            return LS_OK;
        t->r->at++;
    }
}

/* --- values --------------------------------------------------------------------------------------------------------------- */

static enum ls_rc read_array(struct toml *t)
{
    enum ls_rc rc = LS_OK;
    size_t was = t->key.len;

    t->r->at++;
    for (int i = 0; rc == LS_OK; i++) {
        skip_lines(t);
        if (peek(t) == ']') {
            t->r->at++;
            return LS_OK;
        }
        ls_buf_addf(&t->key, ".%d", i);
        rc = read_value(t);
        ls_buf_truncate(&t->key, was);
        skip_lines(t);
        if (rc == LS_OK && peek(t) == ',')
            t->r->at++;
        else if (rc == LS_OK && peek(t) != ']')
            rc = ls_settings_fail(t->r, t->r->line, "an array that is not closed");
    }
    return rc;
}

static enum ls_rc read_pair(struct toml *t)
{
    enum ls_rc rc = read_key(t);

    if (rc != LS_OK)
        return rc;
    if (peek(t) != '=')
        return ls_settings_fail(t->r, t->r->line, "no '=' behind a key");
    t->r->at++;
    skip_blanks(t);
    return read_value(t);
}

static enum ls_rc read_inline(struct toml *t)
{
    enum ls_rc rc = LS_OK;
    size_t was = t->key.len;

    t->r->at++;
    skip_lines(t);
    while (rc == LS_OK && peek(t) != '}') {
        rc = read_pair(t);
        ls_buf_truncate(&t->key, was);
        skip_lines(t);
        if (rc == LS_OK && peek(t) == ',') {
            t->r->at++;
            skip_lines(t);
        } else if (rc == LS_OK && peek(t) != '}') {
            rc = ls_settings_fail(t->r, t->r->line, "an inline table that is not closed");
        }
    }
    if (rc == LS_OK)
        t->r->at++;
    return rc;
}

static enum ls_rc read_nested(struct toml *t, enum ls_rc (*read)(struct toml *))
{
    enum ls_rc rc;

    if (t->depth >= MAX_DEPTH)
        return ls_settings_fail(t->r, t->r->line, "nested too deep");
    t->depth++;
    rc = read(t);
    t->depth--;
    return rc;
}

static enum ls_rc read_value(struct toml *t)
{
    int c = peek(t), line = t->r->line;
    enum ls_rc rc = LS_OK;

    if (c == '[')
        return read_nested(t, read_array);
    if (c == '{')
        return read_nested(t, read_inline);
    ls_buf_clear(&t->value);
    if (c == '"' || c == '\'')
        rc = read_string(t, true, &t->value);
    else
        for (; peek(t) > ' ' && strchr(",]}#", peek(t)) == NULL; t->r->at++)
            ls_buf_addc(&t->value, (char)peek(t));
    if (rc == LS_OK && t->value.len == 0 && c != '"' && c != '\'')
        rc = ls_settings_fail(t->r, line, "no value behind '='");
    if (rc == LS_OK)
        ls_settings_add(t->r, t->key.ptr, t->value.ptr != NULL ? t->value.ptr : "", t->value.len, line);
    return rc;
}

/* --- tables --------------------------------------------------------------------------------------------------------------- */

/* How many tables of that array there are already: their keys are NAME.0, NAME.1 ... Empty ones do not count. */
static int next_index(const struct toml *t)
{
    const struct ls_settings *s = t->r->out;
    int next = 0;

    for (size_t i = 0; i < s->s.n; i++) {
        const char *rest = s->s.v[i].key + t->key.len;

        if (strncmp(s->s.v[i].key, t->key.ptr, t->key.len) == 0 && rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9') {
            int at = 0;

            for (rest++; *rest >= '0' && *rest <= '9' && at < 100000; rest++)
                at = at * 10 + (*rest - '0');
            next = at >= next ? at + 1 : next;
        }
    }
    return next;
}

static enum ls_rc read_table(struct toml *t)
{
    bool is_array = next_is(t, "[[");
    enum ls_rc rc;

    t->r->at += is_array ? 2 : 1;
    ls_buf_clear(&t->key);
    rc = read_key(t);
    if (rc == LS_OK && !next_is(t, is_array ? "]]" : "]"))
        rc = ls_settings_fail(t->r, t->r->line, "a table's name that is not closed");
    if (rc != LS_OK)
        return rc;
    t->r->at += is_array ? 2 : 1;
    if (is_array)
        ls_buf_addf(&t->key, ".%d", next_index(t));
    t->table_len = t->key.len;
    return end_line(t);
}

enum ls_rc ls_settings_read_toml(struct ls_settings_reader *r)
{
    struct toml t = {.r = r};
    enum ls_rc rc = LS_OK;

    for (;;) {
        skip_lines(&t);
        if (rc != LS_OK || peek(&t) == -1)
            break;
        if (peek(&t) == '[') {
            rc = read_table(&t);
            continue;
        }
        ls_buf_truncate(&t.key, t.table_len);
        rc = read_pair(&t);
        if (rc == LS_OK)
            rc = end_line(&t);
    }
    ls_buf_release(&t.key);
    ls_buf_release(&t.value);
    return rc;
}
