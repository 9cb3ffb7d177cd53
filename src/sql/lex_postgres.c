/* sql/lex_postgres.c: PostgreSQL's tokens, as far as colour and splitting need them.
 *
 * Facts: PostgreSQL's src/backend/parser/scan.l, with standard_conforming_strings on. Where a server would refuse a token
 * (1abc, a lone '{'), the lexer still says where it ends: refusing it is the server's work. */
#include <config.h>
#include "sql/lex_internal.h"

#include <string.h>

static const unsigned char punctuation[128] = {
    ['('] = LS_TOK_OPEN,      ['['] = LS_TOK_OPEN,      [')'] = LS_TOK_CLOSE,
    [']'] = LS_TOK_CLOSE,     [','] = LS_TOK_COMMA_DOT, ['.'] = LS_TOK_COMMA_DOT,
    [':'] = LS_TOK_COMMA_DOT, [';'] = LS_TOK_SEMICOLON, ['\\'] = LS_TOK_BACKSLASH,
};

/* "--" runs to CR or LF. */
static size_t line_comment_end(const struct ls_lex *lx, size_t i)
{
    while (i < lx->len && lx->text[i] != '\n' && lx->text[i] != '\r')
        i++;
    return i;
}

/* i is behind the first slash and star; comments nest. */
static bool block_comment_end(const struct ls_lex *lx, size_t i, size_t *end)
{
    for (size_t depth = 1; i + 1 < lx->len;) {
        char c = lx->text[i], d = lx->text[i + 1];
        if (c == '*' && d == '/') {
            i += 2;
            if (--depth == 0) {
                *end = i;
                return true;
            }
        } else if (c == '/' && d == '*') {
            i += 2;
            depth++;
        } else {
            i++;
        }
    }
    return false;
}

/* Behind an E'' string's closing quote; a backslash takes the next byte with it. */
static bool escape_string_end(const struct ls_lex *lx, size_t i, size_t *end)
{
    while (i < lx->len) {
        char c = lx->text[i++];
        if (c == '\\') {
            i++;
        } else if (c == '\'') {
            if (ls_lex_at(lx, i) != '\'') {
                *end = i;
                return true;
            }
            i++;
        }
    }
    return false;
}

/* A string goes on where blanks with at least one line end, and line comments among them, lead to another quote. */
static bool continues(const struct ls_lex *lx, size_t i, size_t *quote)
{
    bool newline = false;
    for (; i < lx->len; i++) {
        char c = lx->text[i];
        if (c == '\n' || c == '\r') {
            newline = true;
        } else if (c == '-' && ls_lex_at(lx, i + 1) == '-') {
            i = line_comment_end(lx, i) - 1;
        } else if (!ls_cc(c, LS_CC_SPACE)) {
            *quote = i;
            return newline && c == '\'';
        }
    }
    return false;
}

/* quote is the offset of the opening '. The escape form stays through continuations. */
static void string_token(const struct ls_lex *lx, struct ls_tok *t, size_t quote, bool escapes)
{
    size_t end = 0;
    do {
        bool closed = escapes ? escape_string_end(lx, quote + 1, &end) : ls_lex_quoted_end(lx, quote + 1, '\'', &end);
        if (!closed) {
            ls_lex_fail(lx, t, LS_SPLIT_UNTERMINATED_STRING);
            return;
        }
    } while (continues(lx, end, &quote));
    t->kind = LS_TOK_STRING;
    t->end = end;
}

static void quoted_token(const struct ls_lex *lx, struct ls_tok *t, size_t quote)
{
    t->kind = LS_TOK_QUOTED;
    if (!ls_lex_quoted_end(lx, quote + 1, '"', &t->end))
        ls_lex_fail(lx, t, LS_SPLIT_UNTERMINATED_IDENTIFIER);
}

/* E'' B'' X'' N'' U&'' U&"": the letter stands alone before the quote. */
static bool prefixed_token(const struct ls_lex *lx, struct ls_tok *t)
{
    size_t i = lx->pos;
    char c = (char)(lx->text[i] | 0x20), next = ls_lex_at(lx, i + 1);
    if (next == '\'' && (c == 'e' || c == 'b' || c == 'x' || c == 'n')) {
        string_token(lx, t, i + 1, c == 'e');
        return true;
    }
    if (c == 'u' && next == '&' && ls_lex_at(lx, i + 2) == '\'') {
        string_token(lx, t, i + 2, false);
        return true;
    }
    if (c == 'u' && next == '&' && ls_lex_at(lx, i + 2) == '"') {
        quoted_token(lx, t, i + 2);
        return true;
    }
    return false;
}

/* $1, $tag$...$tag$, or a lone '$' that opens nothing. */
static void dollar_token(const struct ls_lex *lx, struct ls_tok *t)
{
    size_t start = lx->pos, i = start + 1;
    if (ls_cc(ls_lex_at(lx, i), LS_CC_DIGIT)) {
        t->kind = LS_TOK_PARAM;
        t->end = ls_lex_skip(lx, i, LS_CC_DIGIT);
        return;
    }
    while (ls_lex_at(lx, i) != '$' && ls_cc(ls_lex_at(lx, i), LS_CC_WORD))
        i++;
    if (ls_lex_at(lx, i) != '$') {
        t->kind = LS_TOK_OPERATOR;
        t->end = start + 1;
        return;
    }
    i++;
    const char *close = memmem(lx->text + i, lx->len - i, lx->text + start, i - start);
    if (!close) {
        ls_lex_fail(lx, t, LS_SPLIT_UNTERMINATED_DOLLAR);
        return;
    }
    t->kind = LS_TOK_STRING;
    t->end = (size_t)(close - lx->text) + (i - start);
}

static bool comment_token(const struct ls_lex *lx, struct ls_tok *t)
{
    char c = lx->text[lx->pos], next = ls_lex_at(lx, lx->pos + 1);
    t->kind = LS_TOK_COMMENT;
    if (c == '-' && next == '-') {
        t->end = line_comment_end(lx, lx->pos);
        return true;
    }
    if (c == '/' && next == '*') {
        if (!block_comment_end(lx, lx->pos + 2, &t->end))
            ls_lex_fail(lx, t, LS_SPLIT_UNTERMINATED_COMMENT);
        return true;
    }
    return false;
}

/* A maximal run of operator characters that stops where a comment starts. */
static void operator_token(const struct ls_lex *lx, struct ls_tok *t)
{
    size_t i = lx->pos + 1;
    for (; i < lx->len && ls_cc(lx->text[i], LS_CC_OP); i++) {
        char next = ls_lex_at(lx, i + 1);
        if ((lx->text[i] == '-' && next == '-') || (lx->text[i] == '/' && next == '*'))
            break;
    }
    t->kind = LS_TOK_OPERATOR;
    t->end = i;
}

void ls_lex_postgres(const struct ls_lex *lx, struct ls_tok *t)
{
    char c = lx->text[lx->pos];
    if (ls_cc(c, LS_CC_SPACE)) {
        t->kind = LS_TOK_SPACE;
        t->end = ls_lex_skip(lx, lx->pos, LS_CC_SPACE);
    } else if (ls_cc(c, LS_CC_START)) {
        if (prefixed_token(lx, t) || ls_lex_bad_byte(lx, t))
            return;
        t->kind = LS_TOK_WORD;
        t->end = ls_lex_word_end(lx, lx->pos);
    } else if (ls_cc(c, LS_CC_DIGIT) || (c == '.' && ls_cc(ls_lex_at(lx, lx->pos + 1), LS_CC_DIGIT))) {
        t->kind = LS_TOK_NUMBER;
        t->end = ls_lex_number_end(lx, lx->pos);
    } else if (ls_cc(c, LS_CC_OP)) {
        if (!comment_token(lx, t))
            operator_token(lx, t);
    } else if (c == '\'') {
        string_token(lx, t, lx->pos, false);
    } else if (c == '"') {
        quoted_token(lx, t, lx->pos);
    } else if (c == '$') {
        dollar_token(lx, t);
    } else if (!ls_lex_bad_byte(lx, t)) {
        t->kind = punctuation[(unsigned char)c] ? (enum ls_tok_kind)punctuation[(unsigned char)c] : LS_TOK_OPERATOR;
        t->error = c == '\\' ? LS_SPLIT_PSQL_META : LS_SPLIT_OK;
        t->end = lx->pos + 1;
    }
}
