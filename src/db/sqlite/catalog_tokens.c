/* SQLite's own text of an object, cut into tokens and written in one form. What ALTER TABLE does to a text (quotes around a new name, a column put at
 * the end) must not show as a difference; what it means must. */
#include <config.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/sqlite/catalog_priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

/* Half of all tokens would be single blanks. (A vertical tab is one only behind another: that is the lexer's to know.) */
static void skip_blanks(struct ls_lex *lx)
{
    size_t at = lx->pos;

    while (at < lx->len && lx->text[at] == ' ')
        at++;
    if (at < lx->len && lx->text[at] != '\v')
        lx->pos = at;
}

void lite_ddl_open(struct lite_ddl *d, const char *sql)
{
    size_t cap = 64;
    struct ls_lex lx;

    d->sql = sql;
    d->n = d->i = 0;
    d->is_broken = false;
    d->t = ls_malloc(cap * sizeof(*d->t));
    ls_lex_init(&lx, LS_DIALECT_SQLITE, sql, strlen(sql));
    lx.is_plain = true;
    for (;;) {
        struct ls_tok t;

        skip_blanks(&lx);
        t = ls_lex_next(&lx);
        if (t.kind == LS_TOK_END)
            break;
        if (t.kind == LS_TOK_ERROR)
            d->is_broken = true;
        if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT || t.kind == LS_TOK_ERROR)
            continue;
        if (d->n == cap)
            d->t = ls_realloc(d->t, (cap *= 2) * sizeof(*d->t));
        d->t[d->n++] = t;
    }
}

void lite_ddl_close(struct lite_ddl *d)
{
    free(d->t);
    d->t = NULL;
}

bool lite_is(const struct lite_ddl *d, size_t at, const char *upper)
{
    const struct ls_tok *t = &d->t[at];
    size_t n;

    /* The first letter tells most of them apart. */
    if (at >= d->n || (d->sql[t->start] | 0x20) != (upper[0] | 0x20) || (t->kind != LS_TOK_WORD && t->kind != LS_TOK_KEYWORD))
        return false;
    n = strlen(upper);
    return t->end - t->start == n && strncasecmp(d->sql + t->start, upper, n) == 0;
}

bool lite_take(struct lite_ddl *d, const char *upper)
{
    if (!lite_is(d, d->i, upper))
        return false;
    d->i++;
    return true;
}

bool lite_is_char(const struct lite_ddl *d, size_t at, char c)
{
    return at < d->n && d->t[at].end - d->t[at].start == 1 && d->sql[d->t[at].start] == c;
}

bool lite_take_char(struct lite_ddl *d, char c)
{
    if (!lite_is_char(d, d->i, c))
        return false;
    d->i++;
    return true;
}

/* The name in a quoted token (any of "x", 'x', `x`, [x]), else its bytes. */
static void add_name(const struct lite_ddl *d, const struct ls_tok *t, struct ls_buf *out)
{
    const char *s = d->sql + t->start;
    size_t n = t->end - t->start;

    if ((t->kind != LS_TOK_QUOTED && t->kind != LS_TOK_STRING) || n < 2) {
        ls_buf_add(out, s, n);
        return;
    }
    for (size_t i = 1; i + 1 < n; i++) {
        ls_buf_addc(out, s[i]);
        if (s[0] != '[' && s[i] == s[0] && s[i + 1] == s[0])
            i++;
    }
}

const char *lite_name(struct lite_ddl *d)
{
    if (d->i >= d->n)
        return NULL;
    ls_buf_clear(&d->text);
    add_name(d, &d->t[d->i++], &d->text);
    return ls_catalog_intern(d->b, d->text.ptr);
}

size_t lite_behind(const struct lite_ddl *d, size_t open)
{
    int depth = 0;

    for (size_t i = open; i < d->n; i++) {
        depth += lite_is_char(d, i, '(');
        depth -= lite_is_char(d, i, ')');
        if (depth == 0)
            return i + 1;
    }
    return d->n;
}

static bool is_plain(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return false;
    return true;
}

/* Words that name nothing without quotes: the keywords that parse.y lets fall back to no name, and those that stand for a value. */
static bool is_reserved(const char *s)
{
    static const char words[] =
        " add all alter and as autoincrement between case check collate commit constraint create current_date current_time "
        "current_timestamp default deferrable delete distinct drop else escape except exists false foreign from group having in index "
        "insert intersect into is isnull join limit not nothing notnull null on or order primary references returning select set table "
        "then to transaction true union unique update using values when where ";
    char word[32];
    size_t n = strlen(s);

    if (n + 3 > sizeof(word))
        return false;
    word[0] = ' ';
    for (size_t i = 0; i < n; i++)
        word[i + 1] = (char)tolower((unsigned char)s[i]);
    memcpy(word + n + 1, " ", 2);
    return strstr(words, word) != NULL;
}

/* The name that was appended at `start`. */
static void quote_where_needed(struct ls_buf *out, size_t start)
{
    struct ls_buf name = LS_BUF_INIT;

    if (is_plain(out->ptr + start) && !is_reserved(out->ptr + start))
        return;
    ls_buf_adds(&name, out->ptr + start);
    ls_buf_truncate(out, start);
    if (ls_sql_ident(out, name.ptr, NULL) != LS_OK)
        ls_buf_addf(out, "\"%s\"", name.ptr);
    ls_buf_release(&name);
}

void lite_name_to(struct lite_ddl *d, struct ls_buf *out)
{
    size_t start = out->len;

    if (d->i >= d->n)
        return;
    add_name(d, &d->t[d->i++], out);
    quote_where_needed(out, start);
}

/* Words in front of a bracket that call nothing. */
static bool is_no_call(const struct lite_ddl *d, size_t at)
{
    static const char *const words[] = {"IN", "AND", "OR", "NOT", "AS", "EXISTS", "WHEN", "THEN", "ELSE", "ON", "VALUES", "SELECT", "WHERE", "FROM", "OVER", "BETWEEN"};

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (lite_is(d, at, words[i]))
            return true;
    return false;
}

/* Whether nothing stands between two tokens. */
static bool sticks(const struct lite_ddl *d, size_t left, size_t right)
{
    return lite_is_char(d, left, '(') || lite_is_char(d, left, '.') || lite_is_char(d, right, ')') || lite_is_char(d, right, '.') ||
           lite_is_char(d, right, ',') || lite_is_char(d, right, ';') ||
           (lite_is_char(d, right, '(') && (d->t[left].kind == LS_TOK_WORD || d->t[left].kind == LS_TOK_KEYWORD) && !is_no_call(d, left));
}

void lite_canonical_to(const struct lite_ddl *d, size_t from, size_t to, struct ls_buf *out)
{
    for (size_t i = from; i < to && i < d->n; i++) {
        const struct ls_tok *t = &d->t[i];
        size_t start;

        if (i > from && !sticks(d, i - 1, i))
            ls_buf_addc(out, ' ');
        start = out->len;
        if (t->kind == LS_TOK_STRING || t->kind == LS_TOK_OPERATOR) {
            ls_buf_add(out, d->sql + t->start, t->end - t->start);
            continue;
        }
        if (t->kind == LS_TOK_QUOTED) {
            add_name(d, t, out);
            quote_where_needed(out, start);
        } else {
            ls_buf_add(out, d->sql + t->start, t->end - t->start);
        }
        for (size_t k = start; k < out->len; k++)
            out->ptr[k] = (char)tolower((unsigned char)out->ptr[k]);
    }
}

const char *lite_canonical(struct lite_ddl *d, size_t from, size_t to)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *s;

    lite_canonical_to(d, from, to, &out);
    s = ls_catalog_intern(d->b, out.ptr);
    ls_buf_release(&out);
    return s;
}

const char *lite_key(struct lite_ddl *d, size_t from, size_t to)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *s;
    size_t start = from;

    for (size_t i = from; i <= to; i++) {
        if (i < to && !lite_is(d, i, "ASC"))
            continue;
        lite_canonical_to(d, start, i, &out);
        start = i + 1;
    }
    s = ls_catalog_intern(d->b, out.ptr);
    ls_buf_release(&out);
    return s;
}
