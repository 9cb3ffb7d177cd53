/* diff/ddl_alter.h: shared by the files that write what changes an object. */
#ifndef LS_DIFF_DDL_ALTER_H
#define LS_DIFF_DDL_ALTER_H

#include "diff/ddl_priv.h"
#include "lockstep/diff/diff.h"

enum ddl_verdict {
    DDL_DONE,    /* the statements do it; what they cannot do is said among them */
    DDL_REPLACE, /* drop it and make it anew */
    DDL_CANNOT   /* of one attribute: nothing can be written */
};

struct ddl_change {
    const struct ls_catalog *a, *b;
    const uint32_t *a_of;          /* partners of the facts of b, renamed ones too */
    const struct ls_difference *x; /* with both sides */
    struct ls_buf first, last;     /* statements that go before and after everything else */
    const char *why;               /* of a DDL_CANNOT, where the kind does not say it */
    bool needs_keys;               /* REPLICA IDENTITY names an index: when the table's keys are there */
};

/* Statements for a difference with both sides; nothing of it counts when the verdict is DDL_REPLACE. Never DDL_CANNOT. */
enum ddl_verdict ddl_alter(struct ls_buf *out, struct ddl_change *ch);

void alter_begin(struct ls_buf *out, const struct ddl_change *ch); /* "ALTER TABLE s.t " */
void alter_parameters(struct ls_buf *out, const char *begin, const char *a, const char *b);
void alter_foreign_options(struct ls_buf *out, const char *begin, const char *a, const char *b);
void alter_sequence_options(struct ls_buf *out, const char *list, const char *set);

/* ddl_alter_column.c: its own attributes, in the order that the server takes them. */
enum ddl_verdict alter_column(struct ls_buf *out, struct ddl_change *ch);
/* ddl_alter_rare.c: NULL: no rule. */
typedef enum ddl_verdict (*alter_fn)(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c);
alter_fn alter_rare(enum ls_fact_kind kind, enum ls_attr attr);

#endif
