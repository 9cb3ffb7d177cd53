/* diff/priv.h: shared by the files of this folder. */
#ifndef LOCKSTEP_SRC_DIFF_PRIV_H
#define LOCKSTEP_SRC_DIFF_PRIV_H

#include "lockstep/diff/diff.h"
#include "lockstep/sql/lex.h"

/* --- match.c: which fact of a is which of b --- */

/* A name that became another: of a relation (`table` NULL), or of a column of `table` (its name on side a). */
struct name_change {
    const char *schema, *table; /* of side a */
    const char *from, *to;
};

struct match {
    const struct ls_catalog *a, *b;
    const struct ls_diff_opts *opts;
    struct ls_diff *diff;      /* renames go there */
    uint32_t *b_of;            /* per fact of a: its partner, LS_NO_FACT none */
    uint32_t *a_of;
    int32_t *rename_of;        /* per fact of a: index in diff->renames, -1 none */
    LS_VEC(struct name_change) names; /* renamings that are followed, for texts that hold the names */
};
void diff_match(struct match *m);
void diff_match_release(struct match *m);
void diff_pair(struct match *m, uint32_t a, uint32_t b);
/* Pairs what hangs below two relations by name alone. */
void diff_pair_children(struct match *m, const struct ls_fact *a, const struct ls_fact *b);

/* --- rename.c --- */
void diff_find_renames(struct match *m);
void diff_follow(struct match *m, const struct ls_fact *a, const struct ls_fact *b); /* texts may hold the old name */

/* --- compare.c: one pair --- */

/* Whether an attribute counts between these two catalogues. */
bool diff_attr_counts(const struct match *m, enum ls_attr a);
/* Whether a's value says the same as b's: by its bytes, or once every renaming is followed. */
bool diff_same_value(const struct match *m, const struct ls_fact *fact_a, const char *a, const char *b);
/* Attributes that differ, into out (room for LS_N_ATTRS); how many. */
uint32_t diff_compare(const struct match *m, const struct ls_fact *a, const struct ls_fact *b, struct ls_attr_change *out);
/* A text with the names that changed replaced: identifiers only, strings stay. Appends; false when nothing was replaced. */
bool diff_follow_names(const struct match *m, const struct ls_fact *fact_a, const char *text, struct ls_buf *out);

/* The name that a word or a quoted token stands for. */
void diff_token_name(enum ls_dialect d, const struct ls_tok *t, const char *text, struct ls_buf *out);

/* --- similar.c: how alike two names are, 0..1 --- */
double diff_name_likeness(const char *a, const char *b);

/* --- print.c: parts of a line; what is within a name never ends it --- */
const struct ls_fact *diff_side(const struct ls_difference *x); /* b's where both have it */
char diff_sign(enum ls_change c);
void diff_put_name(const struct ls_fact *f, bool with_parent, struct ls_buf *out); /* without public and main */
void diff_put_label(const struct ls_fact *f, bool is_short, struct ls_buf *out);
void diff_put_attrs(const struct ls_difference *x, struct ls_buf *out);
void diff_put_description(const struct ls_fact *f, struct ls_buf *out); /* what was added or removed is, in a few words */
void diff_put_doubt(const struct ls_diff *d, const struct ls_difference *x, struct ls_buf *out); /* " ? 90 %" behind a renaming nobody settled */

/* --- impact.c --- */
void diff_set_impact(struct ls_difference *x, enum ls_dialect dialect);

/* --- ignore.c --- */
bool diff_is_ignored(const struct ls_diff_opts *opts, const struct ls_fact *f, int attr); /* attr -1: the whole object */

#endif
