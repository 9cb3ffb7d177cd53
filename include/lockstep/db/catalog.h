/* lockstep/db/catalog.h: read the schema of a live database into a catalogue (lockstep/model/catalog.h).
 *
 * PostgreSQL (db/postgres/catalog*.c): one REPEATABLE READ READ ONLY transaction with an empty search_path and jit off, one query a kind, all of them sent
 * in one pipelined round trip; how many there are does not depend on the size of the schema. SQLite (db/sqlite/catalog*.c): sqlite_schema read once and
 * cut into tokens by our own lexer. Nothing is written. */
#ifndef LOCKSTEP_DB_CATALOG_H
#define LOCKSTEP_DB_CATALOG_H

#include "lockstep/db/db.h"
#include "lockstep/model/catalog.h"

struct ls_catalog_opts {
    const char *const *schemas; /* PostgreSQL: only these, NULL-terminated; NULL: all but the system's (pg_*, information_schema) */
    const char *const *without; /* tables that are left out, "schema.name" or "name", NULL-terminated: ledgers and lockstep_journal; or NULL */
    bool with_sizes;            /* BYTES and ROWS */
    bool with_definitions;      /* DEFINITION of what has one: for screens; costs time */
    const char *source;         /* what the catalogue calls its source; NULL: the connection's label */
};
/* LS_E_RIGHTS only where nothing at all could be read; what the role may not see is a note. LS_E_CHANGED: SQLite's schema changed while it was read, twice.
 * Release with ls_catalog_free. */
LS_MUST_CHECK enum ls_rc ls_db_catalog(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err);
/* A short text that changes whenever the schema may have: SQLite's schema_version, a hash over the newest xmin of the catalogue's tables. Cheap. */
LS_MUST_CHECK enum ls_rc ls_db_catalog_mark(struct ls_db *db, struct ls_buf *out, struct ls_err *err);

#endif
