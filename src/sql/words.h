/* sql/words.h: a cursor over a statement's tokens that leaves blanks and comments out. Private to src/sql.
 * It owns nothing; copy it to look ahead. */
#ifndef LOCKSTEP_SRC_SQL_WORDS_H
#define LOCKSTEP_SRC_SQL_WORDS_H

#include "lockstep/sql/lex.h"

struct ls_words {
    struct ls_lex lx;
    struct ls_tok t; /* the token the cursor stands on */
    size_t n;        /* tokens passed: what a loop over a hostile text may limit */
};

void ls_words_init(struct ls_words *w, enum ls_dialect dialect, const char *text, size_t len);
void ls_words_next(struct ls_words *w);
bool ls_words_end(const struct ls_words *w);                       /* the text is over, or a ';' or an error is here */
bool ls_words_is(const struct ls_words *w, const char *upper);     /* a word */
bool ls_words_is_text(const struct ls_words *w, const char *text); /* any token, byte for byte: "(", "=" */
bool ls_words_take(struct ls_words *w, const char *upper);         /* steps over the word where it is there */
bool ls_words_take_text(struct ls_words *w, const char *text);

/* Steps over a possibly qualified name; *name is its text as written. False, and nothing taken, when none is here. */
bool ls_words_name(struct ls_words *w, struct ls_str *name);
/* Steps to behind the bracket that closes the one here, or to the end. */
void ls_words_skip_brackets(struct ls_words *w);

/* Matches and takes a pattern of blank-separated elements: WORD, A|B, ?WORD (may be missing), @ (a name), ' (a string),
 * any other single character (itself; with ? it may be missing). The cursor moves only on a match. */
bool ls_words_match(struct ls_words *w, const char *pattern);

#endif
