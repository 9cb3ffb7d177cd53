/* tui/diff_rows.h: the differences that are shown, as rows under the objects that they hang below. */
#ifndef LS_TUI_DIFF_ROWS_H
#define LS_TUI_DIFF_ROWS_H

#include "lockstep/base/buf.h"
#include "lockstep/diff/diff.h"

struct diff_row {
    int32_t index; /* in diff->d; -1: a title, the object of what follows, itself the same on both sides */
    const struct ls_fact *of; /* title: a fact that hangs below it */
};
struct diff_filter {
    enum ls_fact_kind kind; /* LS_FACT_NONE: all */
    int impact;             /* -1: all */
    const char *schema;     /* NULL: all */
    const char *text;       /* "" all */
    bool hides[LS_N_IMPACTS];
    bool shows_implied;     /* columns of a table that is itself added or removed */
};
struct diff_rows {
    LS_VEC(struct diff_row) rows;
    size_t n_shown, n_hidden; /* differences */
};
void diff_rows_make(struct diff_rows *r, const struct ls_diff *d, const struct diff_filter *f);
void diff_rows_release(struct diff_rows *r);
char diff_row_sign(enum ls_change c);
/* What a list says of a difference, and of the object that differences hang below. Append; raw bytes of names. */
void diff_row_words(const struct ls_diff *d, const struct ls_difference *x, struct ls_buf *out);
void diff_row_title(const struct ls_fact *f, struct ls_buf *out);

#endif
