/* lockstep/sql/lex.h: one lexer per dialect. It serves colour and splitting alike.
 *
 * A lexer walks borrowed text and never copies. It never fails: what cannot be lexed is a token of kind LS_TOK_ERROR whose
 * `error` says why, and that reaches to the end of the text (nothing is guessed behind it), except LS_SPLIT_BAD_UTF8 and
 * LS_SPLIT_NUL_BYTE, which cover the one byte. Inside of strings and comments the lexer does not look for bad bytes;
 * ls_sql_split does. A BOM at the start is passed over: the first token begins behind it. */
#ifndef LOCKSTEP_SQL_LEX_H
#define LOCKSTEP_SQL_LEX_H

#include "lockstep/base/base.h"
#include "lockstep/sql/dialect.h"

enum ls_tok_kind {
    LS_TOK_END,
    LS_TOK_SPACE,
    LS_TOK_COMMENT,
    LS_TOK_WORD,       /* identifier or keyword, not quoted */
    LS_TOK_KEYWORD,    /* a word that the highlighter's keyword table knows; the splitter treats it as a word */
    LS_TOK_QUOTED,     /* quoted identifier: "x", and in SQLite `x` and [x] */
    LS_TOK_STRING,     /* string of any form: '', E'', B'', X'', N'', U&'', $tag$ */
    LS_TOK_NUMBER,
    LS_TOK_PARAM,      /* $1, :x, @x, ?1, $x(a;b) */
    LS_TOK_OPERATOR,
    LS_TOK_OPEN,       /* ( [ */
    LS_TOK_CLOSE,      /* ) ] */
    LS_TOK_COMMA_DOT,  /* , . : */
    LS_TOK_SEMICOLON,
    LS_TOK_BACKSLASH,  /* a psql meta-command's backslash (PostgreSQL, outside of everything) */
    LS_TOK_ERROR
};

enum ls_split_error {
    LS_SPLIT_OK,
    LS_SPLIT_UNTERMINATED_STRING,
    LS_SPLIT_UNTERMINATED_IDENTIFIER,
    LS_SPLIT_UNTERMINATED_DOLLAR,
    LS_SPLIT_UNTERMINATED_COMMENT,
    LS_SPLIT_UNTERMINATED_BODY,
    LS_SPLIT_NUL_BYTE,
    LS_SPLIT_BAD_UTF8,
    LS_SPLIT_PSQL_META,
    LS_SPLIT_COPY_DATA
};
const char *ls_split_error_name(enum ls_split_error e);  /* "unterminated_string", ... */
const char *ls_split_error_text(enum ls_split_error e);  /* "a string is opened here and never closed": for people */
const char *ls_split_error_hint(enum ls_split_error e);  /* one sentence with the next step */

struct ls_tok {
    enum ls_tok_kind kind;
    size_t start, end;  /* byte offsets in the text */
    int line;           /* 1-based line of the first byte */
    enum ls_split_error error;
};

struct ls_lex {
    enum ls_dialect dialect;
    const char *text;
    size_t len, pos;
    int line;
    bool is_plain; /* set it behind ls_lex_init: words are not looked up, none is LS_TOK_KEYWORD; a third faster */
};

void ls_lex_init(struct ls_lex *lx, enum ls_dialect dialect, const char *text, size_t len);
struct ls_tok ls_lex_next(struct ls_lex *lx);
/* Case-insensitive (ASCII) comparison of an unquoted word token with an upper-case keyword. */
bool ls_tok_is(const struct ls_lex *lx, const struct ls_tok *t, const char *upper);

#endif
