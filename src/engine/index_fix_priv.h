/* engine/index_fix_priv.h: one fix on its way from verdicts to files; shared by index_fix.c (which statements go into which migration),
 * index_fix_sql.c (the statements), index_fix_save.c and index_fix_code.c (the files). */
#ifndef LOCKSTEP_SRC_ENGINE_INDEX_FIX_PRIV_H
#define LOCKSTEP_SRC_ENGINE_INDEX_FIX_PRIV_H

#include "lockstep/base/vec.h"
#include "lockstep/engine/index_fix.h"
#include "lockstep/format/layout.h"

/* How a tool lets a statement that must stand alone be written (formats.md 4, 5). */
enum fix_mode {
    FIX_TX,     /* SQLite: everything in one transaction */
    FIX_MANY,   /* a file may run outside of a transaction, statement by statement */
    FIX_KINDS,  /* statements that want no transaction, and those that do not mind, in files of their own (Flyway) */
    FIX_ALONE,  /* a file is one query: one such statement a file */
    FIX_LOCKING /* everything pending is one transaction: no CONCURRENTLY, so writes to the table wait while it is built */
};

struct fix_stmt {
    const char *sql;  /* without ';' */
    bool alone;       /* PostgreSQL refuses it inside of a transaction */
};

struct fix {
    struct ls_arena *arena;
    const struct ls_usage *u;
    const struct ls_format *format;
    enum fix_mode mode;
    LS_VEC(struct fix_stmt) up, down; /* in the order in which they run */
    LS_VEC(const char *) taken;       /* names of indexes that this fix makes */
    LS_VEC(const struct ls_index_spec *) made; /* two verdicts may ask for one index */
    LS_VEC(const char *) dropped;     /* names of indexes that it drops */
    LS_VEC(const char *) checks;      /* queries that are true when it went well */
    LS_VEC(const char *) slugs;
    const char *no_way_back;          /* a sentence where nothing can be taken back; NULL */
};

/* index_fix_sql.c: appends one verdict's statements. LS_E_REFUSED where the object may not be dropped, LS_E_INPUT for a name that cannot be written. */
LS_MUST_CHECK enum ls_rc fix_add(struct fix *f, const struct ls_index_verdict *v, struct ls_err *err);
/* The text without comments, on its way into a file. */
const char *fix_plain_sql(struct ls_arena *arena, enum ls_dialect d, const char *sql);
/* CREATE INDEX as the server prints it, made anew: name and table NULL keep what is there (both in SQL); only: ON ONLY. NULL: it is not to be
 * understood. */
const char *fix_redefine(struct fix *f, const struct ls_usage_index *x, const char *name, const char *table, bool only, bool concurrently);

/* index_fix_code.c: the texts that `new` would give, with w in them, for tools that have no layout. */
LS_MUST_CHECK enum ls_rc fix_code(struct ls_arena *arena, const struct ls_format *format, enum ls_dialect d, const struct ls_written *w,
                                  const char *const *paths, const char **texts, int n, struct ls_err *err);

#endif
