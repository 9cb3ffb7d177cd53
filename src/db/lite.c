/* The front of what only one of the databases has. */
#include <config.h>

#include "lockstep/db/lite.h"

#include <string.h>

#include "db/db_internal.h"
#include "lockstep/db/copy.h"
#ifdef LS_WITH_POSTGRES
#include "db/postgres/pg_internal.h"
#endif
#ifdef LS_WITH_SQLITE
#include "db/sqlite/lite_stub.h"
#endif

static enum ls_rc only_sqlite(struct ls_err *err)
{
    return ls_err_set(err, LS_E_UNSUPPORTED, "only a SQLite database has this");
}

enum ls_rc ls_db_lite_run(struct ls_db *db, const char *sql, const struct ls_param *params, int n_params, int timeout_ms,
                          struct ls_lite_counts *out, struct ls_err *err)
{
    memset(out, 0, sizeof(*out));
    if (db->info.dialect != LS_DIALECT_SQLITE)
        return only_sqlite(err);
    atomic_store(&db->cancel, false);
#ifdef LS_WITH_SQLITE
    return lite_run(db, sql, params, n_params, timeout_ms, out, err);
#else
    (void)sql;
    (void)params;
    (void)n_params;
    (void)timeout_ms;
    return only_sqlite(err);
#endif
}

enum ls_rc ls_lite_stub_new(struct ls_db *db, struct ls_lite_stub **out, struct ls_err *err)
{
    *out = NULL;
    if (db->info.dialect != LS_DIALECT_SQLITE)
        return only_sqlite(err);
    atomic_store(&db->cancel, false);
#ifdef LS_WITH_SQLITE
    return lite_stub_new(db, out, err);
#else
    return only_sqlite(err);
#endif
}

enum ls_rc ls_lite_stub_ask(struct ls_lite_stub *s, const char *sql, struct ls_arena *arena, const struct ls_lite_want **wants, uint32_t *n,
                            struct ls_err *err)
{
    *wants = NULL;
    *n = 0;
#ifdef LS_WITH_SQLITE
    return lite_stub_ask(s, sql, arena, wants, n, err);
#else
    (void)s;
    (void)sql;
    (void)arena;
    return only_sqlite(err);
#endif
}

void ls_lite_stub_free(struct ls_lite_stub *s)
{
#ifdef LS_WITH_SQLITE
    lite_stub_free(s);
#else
    (void)s;
#endif
}

enum ls_rc ls_db_copy(struct ls_db *from, const char *out, struct ls_db *to, const char *in, ls_progress_fn progress, void *ctx, int64_t *bytes,
                      struct ls_err *err)
{
    if (bytes != NULL)
        *bytes = 0;
    if (from->info.dialect != LS_DIALECT_POSTGRES || to->info.dialect != LS_DIALECT_POSTGRES)
        return ls_err_set(err, LS_E_UNSUPPORTED, "only PostgreSQL copies rows from one database to another");
    atomic_store(&from->cancel, false);
    atomic_store(&to->cancel, false);
#ifdef LS_WITH_POSTGRES
    return pg_copy_rows(from, out, to, in, progress, ctx, bytes, err);
#else
    (void)out;
    (void)in;
    (void)progress;
    (void)ctx;
    return ls_err_set(err, LS_E_UNSUPPORTED, "this build has no PostgreSQL driver");
#endif
}
