/* format/directive.h: `-- lockstep: WORD` lines in the comments a file opens with. */
#ifndef LOCKSTEP_SRC_FORMAT_DIRECTIVE_H
#define LOCKSTEP_SRC_FORMAT_DIRECTIVE_H

#include "lockstep/base/base.h"

struct ls_directives {
    bool has_any;
    bool no_transaction;
    struct ls_str description;    /* first plain comment line, trimmed; borrowed from the text; empty: none */
    struct ls_str unknown;        /* the first word that is no directive, or empty */
    int unknown_line;             /* its line */
    const char *nearest;          /* the directive it is most like, or NULL */
};

/* Reads the `--` lines before the first other text. */
void ls_directives_read(const char *text, size_t len, struct ls_directives *out);

#endif
