/* lockstep/base/text.h: width of text in terminal cells, and the one door through which text from outside is shown.
 *
 * Facts: utf8proc for width and graphemes; reliability.md 5/T1 and V18 for what must never reach a terminal. */
#ifndef LOCKSTEP_BASE_TEXT_H
#define LOCKSTEP_BASE_TEXT_H

#include "lockstep/base/base.h"
#include "lockstep/base/buf.h"

enum ls_ui_text_flags {
    LS_UI_TEXT_LINE = 0,      /* newlines and tabs become visible tokens too */
    LS_UI_TEXT_MULTILINE = 1, /* LF stays, TAB becomes spaces to the next multiple of 8 (4 with _TAB4), CRLF becomes LF */
    LS_UI_TEXT_TAB4 = 2,
    LS_UI_TEXT_ASCII = 4      /* for a C locale: everything above U+007E becomes <U+XXXX> */
};

/* Appends text with everything that could steer a terminal made visible: C0, DEL, C1, bidi and zero-width controls, tags,
 * unassigned and private code points, joiners and variation selectors, invalid bytes -> "<1B>", "<U+202E>", "<xFF>"; more than
 * 4 combining marks on one base are dropped into a token "<U+0301...>" once; a mark without a base is a token.
 * Valid printable text passes unchanged. Returns the number of tokens written. */
size_t ls_ui_text(struct ls_buf *out, const char *text, size_t len, unsigned flags);
/* The same for a NUL-terminated string as a line; NULL adds nothing. */
void ls_ui_text_line(struct ls_buf *out, const char *text);

/* Next grapheme of UTF-8 text: its byte length (>= 1 while len > 0; an invalid byte is one grapheme) and its cells (0..2).
 * A grapheme here is what one curses cell holds: a character with width and the marks without width on it. An emoji and its skin
 * tone are two, as terminals that do not know better show them. Widths agree with wcwidth() of glibc. */
size_t ls_text_next(const char *text, size_t len, int *cells);
int ls_text_width(const char *text, size_t len);
/* Longest prefix of whole graphemes that fits in max_cells; *cells (may be NULL) gets its width. Returns bytes. */
size_t ls_text_fit(const char *text, size_t len, int max_cells, int *cells);
/* Appends text (NULL as "") cut or padded with spaces to exactly `cells`; a cut text ends in "…" ("~" when ascii), and a space
 * behind that where half of a wide character would have been. */
void ls_text_pad(struct ls_buf *out, const char *text, int cells, bool ascii);
/* The word of words[n] nearest to `word` (edit distance <= 2, or <= a third of its length), or NULL. */
const char *ls_nearest_word(const char *word, const char *const *words, size_t n);
bool ls_utf8_valid(const char *text, size_t len, size_t *bad_offset);
/* Decodes one code point; returns bytes consumed (>= 1), *cp = -1 for an invalid byte. */
size_t ls_utf8_decode(const char *text, size_t len, int32_t *cp);

#endif
