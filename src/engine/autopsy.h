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
    bool makes;         /* the statement makes the object; else it takes it away */
    const char *cure;   /* INVALID: the statement that takes the remnant away; else NULL */
};

/* Strings live in arena. Errors are those of the connection; a statement that cannot be understood is UNKNOWN. */
LS_MUST_CHECK enum ls_rc ls_autopsy(struct ls_db *db, struct ls_arena *arena, const char *stmt, size_t len, struct ls_trace *out,
                                    struct ls_err *err);

#endif
