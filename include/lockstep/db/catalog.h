/* lockstep/db/catalog.h: read the schema of a live database into a catalogue (lockstep/model/catalog.h).
 *
 * PostgreSQL (db/postgres/catalog*.c): one REPEATABLE READ READ ONLY transaction with an empty search_path and jit off, one query a kind, all of them sent
 * in one pipelined round trip; how many there are does not depend on the size of the schema. SQLite (db/sqlite/catalog*.c): sqlite_schema read once and
 * cut into tokens by our own lexer. Nothing is written. */
/* How PostgreSQL's attributes are written, where LS_ATTRS leaves it open:
 *   names      quoted unless [a-z_][a-z0-9_]*; relations with their schema: REFERENCES "public.users(id)", PARTITION_OF, OWNED_BY "public.users.id"
 *   KEY        "email collate \"C\" text_pattern_ops desc nulls last, lower(name)"; an exclusion's with its operators: "room with =, during with &&"
 *   METHOD     of an index always, btree too
 *   RIGHTS     who has other privileges than the default ones gives: "(owner): SELECT; PUBLIC: nothing; app: SELECT, UPDATE*" (* may grant it on). NULL
 *              and an explicit default are alike: not there. The owner is "(owner)", so that a change of owner is one difference
 *   OPTIONS    sorted; TOAST's as "toast.x=y"; passwords of servers, user mappings and subscriptions as "(hidden)"
 *   IDENTITY   has the sequence's options; its privileges are the column's RIGHTS ("sequence app: USAGE"), its comment the column's
 *   NOT_NULL   "yes"; 18's constraints that older servers have not: "yes, no inherit", "yes, not valid". Their names are not compared
 *   SETTING    the encoding; how the database sorts is a note (PARTS)
 * What is no fact: what an extension brought (it stands for them as the end of a dependency), indexes, constraints and triggers that a partition or child
 * has from its parent, a constraint's index, an identity's sequence, NOT NULL constraints, roles (lacks[ROLE]). Database-wide kinds are left out where
 * only some schemas are asked for, but for extensions. What a varchar IN list looks like before and after a restore is written in one way. */
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
    bool always;                /* ls_db_catalog_refresh: a catalogue with new sizes in any case, also where nothing is different */
};
/* LS_E_RIGHTS only where nothing at all could be read; what the role may not see is a note. LS_E_CHANGED: SQLite's schema changed while it was read, twice.
 * Release with ls_catalog_free. */
LS_MUST_CHECK enum ls_rc ls_db_catalog(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err);
/* What is kept of a read so that the next one need not read all again: PostgreSQL's rows and where they stood (xmin), SQLite's texts and what came of
 * them. About as large as the catalogue. It belongs to a database, not to a connection: another one to the same database may go on with it. */
struct ls_catalog_state;
void ls_catalog_state_free(struct ls_catalog_state *s); /* NULL is fine */

enum ls_catalog_how {
    LS_CATALOG_SAME,   /* nothing is different: *out is NULL; never with opts->always */
    LS_CATALOG_PARTLY, /* what may have changed was read again */
    LS_CATALOG_WHOLE   /* everything was: the first time, after a rename, or when much is different */
};
/* The same as ls_db_catalog, by way of what is kept in *state (NULL: nothing yet), which is then what the next one needs; on an error it stays as it was.
 * A server's estimates and sizes alone are no difference. */
LS_MUST_CHECK enum ls_rc ls_db_catalog_refresh(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog_state **state,
                                               struct ls_catalog **out, enum ls_catalog_how *how, struct ls_err *err);

#endif
