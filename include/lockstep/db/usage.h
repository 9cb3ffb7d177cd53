/* lockstep/db/usage.h: read how indexes are used, from a live database. Nothing is written, and nothing that is counted is touched: no statement here plans
 * with an index of a user's table (with_orphans is what it says: it reads them). PostgreSQL 13 to 18 (db/postgres/usage*.c): one pipelined round trip,
 * a fixed number of queries whatever there is; with_bloat one more for each index, with_orphans for each foreign key. What the role may not see costs
 * another round trip. SQLite (db/sqlite/usage*.c): the schema, sqlite_stat1, dbstat where the library has it. */
#ifndef LOCKSTEP_DB_USAGE_H
#define LOCKSTEP_DB_USAGE_H

#include "lockstep/db/db.h"
#include "lockstep/model/usage.h"

struct ls_usage_opts {
    bool with_sizes;           /* true sizes; else what the server counted at the last vacuum or analyze (relpages), and SQLite knows none */
    bool with_bloat;           /* read whole indexes (pgstatindex) up to bloat_max_bytes where the extension is; SQLite: dbstat */
    int64_t bloat_max_bytes;   /* 0: 1 GiB */
    bool with_orphans;         /* count the rows without a parent of foreign keys that are not enforced or not validated */
};
/* LS_E_RIGHTS only where nothing could be read; what the role may not see is a note. LS_E_UNSUPPORTED for a server older than 13. */
LS_MUST_CHECK enum ls_rc ls_db_usage(struct ls_db *db, const struct ls_usage_opts *opts, struct ls_usage **out, struct ls_err *err);

#endif
