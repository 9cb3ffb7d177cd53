/* What holds for the statements that goose and sql-migrate cut out of any text: in order, inside of it, no statement blank, and
 * what is said to be the text's own bytes is that. */
#ifndef TESTS_FUZZ_CUTS_CHECK_H
#define TESTS_FUZZ_CUTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/marked.h"

static inline void cuts_require(bool claim, const char *what)
{
    if (claim)
        return;
    fprintf(stderr, "violated: %s\n", what);
    abort();
}

static inline void cuts_check(const char *text, size_t len, const struct ls_cuts *cuts)
{
    size_t at = 0;

    for (size_t i = 0; i < cuts->c.n; i++) {
        const struct ls_cut *c = &cuts->c.v[i];
        size_t line_start = c->start;
        int line = 1;

        cuts_require(c->start >= at && c->start <= c->end && c->end <= len, "cuts stand in order inside of the text");
        cuts_require(c->len > 0 && ls_str_trim((struct ls_str){c->text, c->len}).len == c->len, "a cut is trimmed and not empty");
        cuts_require(c->text != text + c->start || c->end - c->start == c->len, "a cut that is lent is a span");
        cuts_require(c->text[0] == text[c->start], "a cut begins with the text's byte");
        for (size_t k = 0; k < c->start; k++)
            line += text[k] == '\n';
        while (line_start > 0 && text[line_start - 1] != '\n')
            line_start--;
        if (line_start == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
            line_start = 3;
        cuts_require(c->line == line, "the line is right");
        cuts_require(c->col == (int)(c->start - line_start) + 1, "the column is right");
        at = c->end;
    }
}

#endif
