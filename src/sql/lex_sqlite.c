/* sql/lex_sqlite.c: SQLite's tokens, as far as colour and splitting need them.
 *
 * Facts: what sqlite3_prepare_v2 of 3.40 accepts (tests/prop/test_split_diff_sqlite.c holds us to it), and
 * https://www.sqlite.org/lang_keywords.html, lang_comment.html, lang_expr.html. Tokens that SQLite calls unrecognised still
 * end where its tokenizer ends them. */
#include <config.h>
#include "sql/lex_internal.h"

#include <string.h>

static const unsigned char punctuation[128] = {
    ['('] = LS_TOK_OPEN,      [')'] = LS_TOK_CLOSE,     [']'] = LS_TOK_CLOSE,
    [','] = LS_TOK_COMMA_DOT, ['.'] = LS_TOK_COMMA_DOT, [';'] = LS_TOK_SEMICOLON,
};

/* Two or three bytes that are one operator; all others stand alone. */
static const char *const operators[] = {"->>", "->", "==", "<=", "<>", "<<", ">=", ">>", "!=", "||"};

static void quote_token(const struct ls_lex *lx, struct ls_tok *t, size_t quote)
{
    char q = lx->text[quote];
    t->kind = q == '\'' ? LS_TOK_STRING : LS_TOK_QUOTED;
    if (!ls_lex_quoted_end(lx, quote + 1, q, &t->end))
        ls_lex_fail(lx, t, q == '\'' ? LS_SPLIT_UNTERMINATED_STRING : LS_SPLIT_UNTERMINATED_IDENTIFIER);
}

/* [name]: no escape for ']' inside. */
static void bracket_token(const struct ls_lex *lx, struct ls_tok *t)
{
    const char *close = memchr(lx->text + lx->pos, ']', lx->len - lx->pos);
    t->kind = LS_TOK_QUOTED;
    if (close)
        t->end = (size_t)(close - lx->text) + 1;
    else
        ls_lex_fail(lx, t, LS_SPLIT_UNTERMINATED_IDENTIFIER);
}

/* Only LF ends "--"; a block comment does not nest and may stay open at the end of the text, but a slash and star that are
 * the last two bytes are two operators. */
static bool comment_token(const struct ls_lex *lx, struct ls_tok *t)
{
    size_t i = lx->pos;
    char c = lx->text[i], next = ls_lex_at(lx, i + 1);
    const char *end = NULL;
    if (c == '-' && next == '-') {
        end = memchr(lx->text + i, '\n', lx->len - i);
    } else if (c == '/' && next == '*' && i + 2 < lx->len) {
        end = memmem(lx->text + i + 2, lx->len - i - 2, "*/", 2);
        end = end ? end + 2 : NULL;
    } else {
        return false;
    }
    t->kind = LS_TOK_COMMENT;
    t->end = end ? (size_t)(end - lx->text) : lx->len;
    return true;
}

/* ?1, and $x @x :x #x with Tcl's forms: "::" inside, and a suffix in parentheses that no blank may interrupt. */
static void variable_token(const struct ls_lex *lx, struct ls_tok *t)
{
    size_t i = lx->pos + 1;
    bool named = false;
    t->kind = LS_TOK_PARAM;
    if (lx->text[lx->pos] == '?') {
        t->end = ls_lex_skip(lx, i, LS_CC_DIGIT);
        return;
    }
    for (;;) {
        size_t word = ls_lex_word_end(lx, i);
        named = named || word > i;
        i = word;
        if (ls_lex_at(lx, i) == '(' && named) {
            for (i++; i < lx->len && lx->text[i] != ')' && !ls_cc(lx->text[i], LS_CC_SPACE) && lx->text[i] != '\0';)
                i++;
            i += ls_lex_at(lx, i) == ')' ? 1 : 0;
            break;
        }
        if (ls_lex_at(lx, i) != ':' || ls_lex_at(lx, i + 1) != ':')
            break;
        i += 2;
    }
    if (!named)
        t->kind = lx->text[lx->pos] == ':' ? LS_TOK_COMMA_DOT : LS_TOK_OPERATOR;
    t->end = i;
}

static void operator_token(const struct ls_lex *lx, struct ls_tok *t)
{
    unsigned char c = (unsigned char)lx->text[lx->pos];
    t->kind = punctuation[c] ? (enum ls_tok_kind)punctuation[c] : LS_TOK_OPERATOR;
    t->end = lx->pos + 1;
    if (!ls_cc((char)c, LS_CC_OP))
        return;
    for (size_t k = 0; k < LS_ARRAY_LEN(operators); k++) {
        size_t n = strlen(operators[k]);
        if (n <= lx->len - lx->pos && memcmp(lx->text + lx->pos, operators[k], n) == 0) {
            t->end = lx->pos + n;
            return;
        }
    }
}

/* A BOM is a blank wherever a token may start; a vertical tab only behind another blank. */
static bool space_token(const struct ls_lex *lx, struct ls_tok *t)
{
    char c = lx->text[lx->pos];
    t->kind = LS_TOK_SPACE;
    if (ls_cc(c, LS_CC_SPACE) && c != '\v') {
        t->end = ls_lex_skip(lx, lx->pos, LS_CC_SPACE);
        return true;
    }
    if (lx->len - lx->pos >= 3 && memcmp(lx->text + lx->pos, "\xEF\xBB\xBF", 3) == 0) {
        t->end = lx->pos + 3;
        return true;
    }
    return false;
}

void ls_lex_sqlite(const struct ls_lex *lx, struct ls_tok *t)
{
    char c = lx->text[lx->pos], next = ls_lex_at(lx, lx->pos + 1);
    if (space_token(lx, t) || ls_lex_bad_byte(lx, t))
        return;
    if ((c == 'x' || c == 'X') && next == '\'') {
        quote_token(lx, t, lx->pos + 1);
    } else if (ls_cc(c, LS_CC_START)) {
        t->kind = LS_TOK_WORD;
        t->end = ls_lex_word_end(lx, lx->pos);
    } else if (ls_cc(c, LS_CC_DIGIT) || (c == '.' && ls_cc(next, LS_CC_DIGIT))) {
        t->kind = LS_TOK_NUMBER;
        t->end = ls_lex_word_end(lx, ls_lex_number_end(lx, lx->pos)); /* 1abc is one bad token */
    } else if (c == '\'' || c == '"' || c == '`') {
        quote_token(lx, t, lx->pos);
    } else if (c == '[') {
        bracket_token(lx, t);
    } else if (c == '?' || c == '$' || c == '@' || c == ':' || c == '#') {
        variable_token(lx, t);
    } else if (!comment_token(lx, t)) {
        operator_token(lx, t);
    }
}
