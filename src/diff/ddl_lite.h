/* diff/ddl_lite.h: shared by the files that write SQLite's statements of a difference. */
#ifndef LS_DIFF_DDL_LITE_H
#define LS_DIFF_DDL_LITE_H

#include "diff/ddl_priv.h"
#include "diff/priv.h"

enum lite_how {
    LITE_KEEP,    /* nothing of the table itself differs */
    LITE_ALTER,   /* ADD COLUMN and DROP COLUMN do it */
    LITE_REBUILD, /* made anew, and its rows copied */
    LITE_REPLACE, /* made anew without its rows: a virtual table */
    LITE_NEW
};

/* A difference of a table of the target, of its columns or its constraints. */
struct lite_item {
    uint32_t table;
    const struct ls_difference *x;
};

struct lite {
    const struct ls_diff *d;
    const struct ls_ddl_opts *opts;
    const struct ls_catalog *a;
    struct ls_catalog *t;         /* what is wanted: a with the differences, so that what was not compared stays */
    uint32_t *t_of_a, *a_of_t;    /* partners */
    uint32_t *t_of_b;             /* LS_NO_FACT: left out there */
    unsigned char *how;           /* per fact of t, of tables: enum lite_how */
    unsigned char *is_rewritten;  /* per fact of t, of tables that are made anew: SQLite has to rewrite the old one when it is put aside */
    bool has_rewritten;
    unsigned char *is_made;       /* per fact of t: a view, an index, a trigger whose statement is said */
    unsigned char *is_dropped;    /* per fact of a: said by now */
    const char **now;             /* per fact of a: what it is called by now */
    LS_VEC(struct lite_item) items; /* by table */
    bool has_frame;               /* a transaction of its own, without foreign keys */
    bool has_checks;              /* it leaves lines in a table of its own, and looks at them in the end */
    bool checks_keys;             /* foreign keys can be looked at on both sides */
    size_t n_checks;              /* lines that the script leaves in its table of checks */
    size_t done, total;           /* how far it is: each table is planned, put aside in one of two rounds, and said */
    struct ls_buf *out;
};

static inline bool lite_is_stopped(struct lite *l)
{
    return ddl_is_stopped(l->opts, l->done++, l->total);
}

/* ddl_lite_target.c */
struct ls_catalog *lite_target(const struct ls_diff *d);

/* ddl_lite_plan.c */
void lite_plan(struct lite *l);
bool lite_mentions(const char *text, const char *name); /* a canonical text has that name in it */
size_t lite_first_name(const char *text, struct ls_buf *out); /* that the text begins with; where it ends */
struct lite_item *lite_items(const struct lite *l, uint32_t table, size_t *n);
/* The new column that can bring a new constraint along; NULL: none. */
const struct ls_fact *lite_brought_by(const struct lite *l, uint32_t table, const struct ls_fact *constraint);
const struct ls_fact *lite_in_target(const struct lite *l, const struct ls_fact *of_b);

/* ddl_lite_rename.c */
void lite_renames(struct lite *l);

/* ddl_lite_table.c */
void lite_say(struct ls_buf *out, const char *before, const struct ls_difference *x); /* a difference as a comment, with what it means */
void lite_add_columns(struct lite *l, uint32_t table);
void lite_drop_columns(struct lite *l, uint32_t table);

/* ddl_lite_copy.c */
void lite_put_aside(struct lite *l, uint32_t table); /* the old one gets another name */
void lite_rebuild(struct lite *l, uint32_t table);

/* ddl_lite_frame.c */
bool lite_has_keys(const struct ls_catalog *c);
bool lite_keys_are_sound(const struct ls_catalog *c);
void lite_frame_begin(struct lite *l);
void lite_frame_end(struct lite *l);

/* ddl_lite.c: what ls_ddl_diff does of SQLite. */
size_t lite_ddl_diff(const struct ls_diff *d, const struct ls_ddl_opts *opts, struct ls_buf *out);

#endif
