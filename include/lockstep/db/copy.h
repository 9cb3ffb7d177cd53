/* lockstep/db/copy.h: rows from one PostgreSQL database into another, through us, without a file. LS_E_UNSUPPORTED on SQLite. */
#ifndef LOCKSTEP_DB_COPY_H
#define LOCKSTEP_DB_COPY_H

#include "lockstep/db/db.h"

/* out: "COPY ... TO STDOUT", run on `from`; in: "COPY ... FROM STDIN", run on `to`. progress (may be NULL) is told the bytes so far, total 0; false
 * cancels: LS_E_CANCELLED. After an error both connections are usable, unless it was the connection's; what was copied so far is taken back by the server,
 * which runs each COPY whole or not at all. *bytes may be NULL. */
LS_MUST_CHECK enum ls_rc ls_db_copy(struct ls_db *from, const char *out, struct ls_db *to, const char *in, ls_progress_fn progress, void *ctx,
                                    int64_t *bytes, struct ls_err *err);

#endif
