/* sql/lex_internal.h: what the two lexers share. Private to src/sql.
 *
 * A lexer is called with text[pos] in range and fills kind, end (> pos) and error of the token; lex.c does places.
 * Letters, digits, '_' and all bytes from 0x80 make words in both dialects; '$' and digits may follow
 * (PostgreSQL scan.l ident_start and ident_cont; SQLite's IdChar). */
#ifndef LOCKSTEP_SRC_SQL_LEX_INTERNAL_H
#define LOCKSTEP_SRC_SQL_LEX_INTERNAL_H

#include "lockstep/sql/lex.h"

enum ls_char_class {
    LS_CC_SPACE = 1, /* blank, \t \n \v \f \r */
    LS_CC_DIGIT = 2,
    LS_CC_START = 4, /* may begin a word */
    LS_CC_WORD = 8,  /* may go on in a word */
    LS_CC_OP = 16    /* PostgreSQL's operator characters */
};

extern const unsigned char ls_char_class[256];

static inline bool ls_cc(char c, unsigned classes)
{
    return (ls_char_class[(unsigned char)c] & classes) != 0;
}

/* The byte at i, or 0 behind the end. */
static inline char ls_lex_at(const struct ls_lex *lx, size_t i)
{
    return i < lx->len ? lx->text[i] : '\0';
}

void ls_lex_postgres(const struct ls_lex *lx, struct ls_tok *t);
void ls_lex_sqlite(const struct ls_lex *lx, struct ls_tok *t);

/* The next token without the keyword table: what splitting uses. */
struct ls_tok ls_lex_raw(struct ls_lex *lx);

/* Ends of runs that begin at i; each returns an offset in [i, len]. */
size_t ls_lex_skip(const struct ls_lex *lx, size_t i, unsigned classes);
size_t ls_lex_word_end(const struct ls_lex *lx, size_t i);   /* stops before an invalid UTF-8 byte */
size_t ls_lex_number_end(const struct ls_lex *lx, size_t i); /* digits, fraction, exponent, 0x 0o 0b, underscores */

/* Behind the closing quote of text that opened with `quote` before i, where a doubled quote is one inside; false: never closed. */
bool ls_lex_quoted_end(const struct ls_lex *lx, size_t i, char quote, size_t *end);

/* The token becomes an error that reaches to the end of the text. */
void ls_lex_fail(const struct ls_lex *lx, struct ls_tok *t, enum ls_split_error error);
/* A NUL or an invalid UTF-8 byte at pos becomes an error of one byte: true. */
bool ls_lex_bad_byte(const struct ls_lex *lx, struct ls_tok *t);

bool ls_keyword_known(enum ls_dialect d, const char *word, size_t len);
/* All keywords of a dialect's table, sorted, upper case. */
const char *const *ls_keywords(enum ls_dialect d, size_t *n);

#endif
