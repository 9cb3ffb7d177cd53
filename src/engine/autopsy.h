/* engine/autopsy.h: whether one statement's effect is in the database, as far as the catalogue can tell. Reads only. */
#ifndef ENGINE_AUTOPSY_H
#define ENGINE_AUTOPSY_H

#include "lockstep/db/db.h"

enum ls_trace_verdict {
    LS_TRACE_UNKNOWN, /* the catalogue keeps no trace of such a statement, or the trace proves nothing */
    LS_TRACE_APPLIED,
    LS_TRACE_ABSENT, /* not applied */
    LS_TRACE_INVALID /* begun and not finished: an invalid index */
};

struct ls_trace {
    enum ls_trace_verdict verdict;
    const char *object; /* "table users", "column users.email"; "" when the statement names none that can be looked up */
    const char *says;   /* one sentence for people */
    const char *table;  /* that the object belongs to, as written; NULL: to none */
    const char *const *also; /* other objects that it renames, adds or drops, as `object`; NULL-terminated; NULL: none */
    bool makes;         /* the statement makes the object; else it takes it away */
    const char *cure;   /* INVALID: the statement that takes the remnant away; else NULL */
};

/* What there is in a SQLite database, read once for many statements: sqlite_schema has no index, so that looking up each of n objects by a query takes n * n
 * steps. */
struct autopsy_names;
/* *out NULL on PostgreSQL, which has indexes. */
LS_MUST_CHECK enum ls_rc autopsy_names_read(struct ls_db *db, struct autopsy_names **out, struct ls_err *err);
void autopsy_names_free(struct autopsy_names *n); /* NULL is fine */
bool autopsy_names_has(const struct autopsy_names *n, const char *type, const char *name);

/* names: of this database as it is now; NULL: each is asked for. Strings live in arena. Errors are those of the connection; a statement that cannot be understood is UNKNOWN. */
LS_MUST_CHECK enum ls_rc ls_autopsy(struct ls_db *db, const struct autopsy_names *names, struct ls_arena *arena, const char *stmt, size_t len,
                                    struct ls_trace *out, struct ls_err *err);

#endif
