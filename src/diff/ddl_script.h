/* diff/ddl_script.h: shared by the files that put the statements of a difference in order. */
#ifndef LS_DIFF_DDL_SCRIPT_H
#define LS_DIFF_DDL_SCRIPT_H

#include "diff/ddl_alter.h"

enum { DROP_NOT, DROP_EARLY, DROP_LATE }; /* late: when nothing that is changed needs it any more */
enum { TODO_NOTHING, TODO_ALTER, TODO_CREATE, TODO_RECREATE };

struct script {
    const struct ls_diff *d;
    const struct ls_ddl_opts *opts;
    const struct ls_catalog *a, *b;
    unsigned char *drop, *todo;        /* per fact of a, of b */
    unsigned char *a_state, *b_state;  /* 1: being visited, 2: done */
    unsigned char *resets_default;     /* per fact of b: a column whose default had to go for a while */
    unsigned char *has_shell;          /* per fact of b */
    uint32_t *b_of, *a_of;             /* partners */
    struct ls_buf *texts;              /* per fact of b: what changes it */
    LS_VEC(uint32_t) work;             /* facts of a whose dependants are still to be looked at */
    size_t n_said;                     /* of what is made or changed */
    struct ls_buf first, drops, build, late, last;
};

static inline const struct ls_fact *script_parent(const struct ls_catalog *c, const struct ls_fact *f)
{
    return f->parent_ix == LS_NO_FACT ? NULL : &c->facts[f->parent_ix];
}

/* Each difference is planned, and then said: both count. */
static inline bool script_is_stopped(const struct script *s, size_t n_planned, size_t n_said)
{
    size_t n = s->d->d.n;

    return ddl_is_stopped(s->opts, n_planned + (n_said < n ? n_said : n), 2 * n);
}

/* ddl_plan.c: what is dropped, made, changed. */
void script_plan(struct script *s);
/* ddl_drop.c */
void script_drops(struct script *s, unsigned char level, struct ls_buf *out);
/* ddl_build.c */
void script_build(struct script *s);

#endif
