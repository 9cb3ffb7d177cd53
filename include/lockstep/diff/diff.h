/* lockstep/diff/diff.h: what differs between two catalogues, which of it is a renaming, and what each difference would do to those who use the schema.
 * Pure: no connection, no file, no clock. A frozen result may go to another thread; it borrows both catalogues.
 *
 *   match.c    pairs the facts of both sides: by name, system-made names by what they are, what a renaming moved
 *   rename.c   scores what could be a renaming, and says why
 *   diff.c     compares pairs attribute by attribute, puts the differences in order
 *   impact.c   the table of what a difference means
 *   print.c    tree, unified text, summary, Markdown */
#ifndef LOCKSTEP_DIFF_DIFF_H
#define LOCKSTEP_DIFF_DIFF_H

#include "lockstep/base/buf.h"
#include "lockstep/model/catalog.h"

enum ls_change {
    LS_CHANGE_ADDED,   /* only in b */
    LS_CHANGE_REMOVED, /* only in a */
    LS_CHANGE_CHANGED,
    LS_CHANGE_RENAMED  /* and perhaps changed: attrs */
};
const char *ls_change_name(enum ls_change c); /* "added" ... */

/* What making a look like b would do, gravest first. A difference has one: the gravest that fits. */
#define LS_IMPACTS(X)                                                                                       \
    X(LOSES_DATA, "loses data", "rows or values are gone when it is applied")                               \
    X(BREAKS_READS, "breaks reads", "a query that works now fails or means something else")                 \
    X(BREAKS_WRITES, "breaks writes", "an INSERT or UPDATE that works now is refused")                      \
    X(SECURITY, "security", "who may see or do what changes")                                               \
    X(PERFORMANCE, "performance", "the same answers, at another speed")                                     \
    X(ADDITIVE, "additive", "something new that nobody uses yet")                                           \
    X(COSMETIC, "cosmetic", "comments, order of columns, names")
enum ls_impact {
#define X(e, w, m) LS_IMPACT_##e,
    LS_IMPACTS(X)
#undef X
        LS_N_IMPACTS
};
const char *ls_impact_name(enum ls_impact i);
const char *ls_impact_meaning(enum ls_impact i);

struct ls_attr_change {
    enum ls_attr attr;
    const char *a, *b; /* NULL: not there */
};

struct ls_difference {
    enum ls_change change;
    const struct ls_fact *a, *b; /* NULL on the side that lacks it */
    const struct ls_attr_change *attrs;
    uint32_t n_attrs;
    enum ls_impact impact;
    const char *why;             /* one clause on the impact: "existing rows may hold NULL" */
    bool is_implied;             /* it is below a table (or the sequence of a column of one) that is itself added or removed: counted with it */
    int32_t above;               /* difference of the object that it hangs below, -1: that one is the same on both sides (or there is none) */
    uint32_t n_dependants;       /* facts that need it, directly or not, outside of its own table: of a, or of b where it was added */
    int32_t rename;              /* RENAMED: index in renames; else -1 */
};

/* Two facts that may be one under another name. */
enum ls_rename_state {
    LS_RENAME_PROPOSED,  /* shown as a renaming, with a question mark */
    LS_RENAME_ACCEPTED,  /* the operator said so, or a hint in the source did */
    LS_RENAME_REJECTED,  /* the operator said no: shown as removed and added */
    LS_RENAME_AMBIGUOUS  /* several fit alike: never guessed, shown as removed and added with this beside them */
};
struct ls_rename {
    const struct ls_fact *a, *b;
    double score;        /* 0..1 */
    bool is_certain;     /* nothing else comes near it, and everything but the name is the same */
    enum ls_rename_state state;
    const char *evidence; /* "same type and position; 2 of 2 constraints; names share 'type'" */
};

/* A choice that was made before: by label as ls_fact_label writes it ("column public.keys.type"), in the project file or by an option. */
struct ls_rename_choice {
    const char *from, *to;
    bool is_accepted;
};
/* kind: a kind's word or NULL for all; pattern: fnmatch against "schema.name" or "schema.table.name" and the same without "public"/"main"; attr: an
 * attribute's word or NULL for the whole object. */
struct ls_diff_ignore {
    const char *kind, *pattern, *attr;
};

struct ls_diff_opts {
    bool with_owner, with_rights, with_order; /* else these are not compared; comments are, unless: */
    bool without_comments;
    bool without_renames;
    const struct ls_rename_choice *choices;
    size_t n_choices;
    const struct ls_diff_ignore *ignore;
    size_t n_ignore;
};

struct ls_diff {
    struct ls_arena *arena;
    const struct ls_catalog *a, *b;
    uint32_t *b_of;                    /* per fact of a: its partner in b, also where they are the same; LS_NO_FACT: none */
    LS_VEC(struct ls_difference) d; /* by schema, then object with what hangs below it, then kind, then name */
    LS_VEC(struct ls_rename) renames;
    size_t n_ignored;
    size_t n_by_kind[LS_N_FACTS];      /* without the implied ones */
    size_t n_by_impact[LS_N_IMPACTS];
    struct ls_diags notes;           /* what could not be compared and why: from both catalogues, and kinds that one of them lacks */
};
/* opts NULL: defaults. O(n log n) in the facts of both. */
void ls_diff_make(const struct ls_catalog *a, const struct ls_catalog *b, const struct ls_diff_opts *opts, struct ls_diff *out);
void ls_diff_release(struct ls_diff *d);
/* One of d's differences with what goes with it (what is implied by it or it by, all renamings, for names follow them), as a diff of its own: everything
 * else counts as not compared. It borrows from d; LS_VEC_RELEASE(&out->d) is all that ends it. */
void ls_diff_narrow(const struct ls_diff *d, const struct ls_difference *x, struct ls_diff *out);
static inline bool ls_diff_is_equal(const struct ls_diff *d)
{
    return d->d.n == 0;
}

/* What a side is called in a sentence: its source; with A or B before it where both have the same one. Good as long as the catalogues. */
void ls_diff_side_name(const struct ls_catalog *a, const struct ls_catalog *b, bool is_b, struct ls_buf *out);

/* --- as text (print.c, report.c); raw bytes of values: sanitise when showing. A name's control characters stand as <0A>. --- */
void ls_diff_print_tree(const struct ls_diff *d, bool ascii, struct ls_buf *out);
void ls_diff_print_unified(const struct ls_diff *d, struct ls_buf *out);
/* In the words of a review: missing tables, missing columns per table, types, functions, indexes, triggers, partitions, materialised views, changed
 * values of check constraints. */
void ls_diff_print_summary(const struct ls_diff *d, struct ls_buf *out);
void ls_diff_print_markdown(const struct ls_diff *d, struct ls_buf *out);
/* One line: "column users.email, type varchar(80) -> text". */
void ls_difference_line(const struct ls_difference *x, struct ls_buf *out);

#endif
