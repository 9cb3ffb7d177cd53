#include <config.h>

#include "lockstep/db/db.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/db_internal.h"
#include "lockstep/base/clock.h"

void ls_db_init(struct ls_db *db, const struct ls_db_ops *ops, const struct ls_db_params *params)
{
    db->ops = ops;
    db->arena = ls_arena_new();
    db->params = *params;
    db->params.url = NULL; /* may hold a password, and is the caller's */
    db->params.application_name = NULL;
    atomic_init(&db->cancel, false);
    db->info = (struct ls_db_info){
        .database = "", .host = "", .server = "", .role = "", .security = "", .system_id = "", .journal_mode = ""};
}

bool ls_db_tick(struct ls_db *db, int64_t *last)
{
    if (atomic_load(&db->cancel))
        return true;
    if (!db->params.on_wait)
        return false;

    int64_t now = ls_mono_ms();

    if (now - *last < LS_DB_TICK_MS)
        return false;
    *last = now;
    return !db->params.on_wait(db->params.ctx);
}

bool ls_db_text_is_true(const char *value)
{
    if (!value)
        return false;
    if (strcasecmp(value, "t") == 0 || strcasecmp(value, "true") == 0)
        return true;

    /* strtod also reads words ("nan", "inf") and leading space, which are no numbers here. */
    if (!strchr("+-.0123456789", value[0]) || value[0] == '\0')
        return false;

    char *end;
    double d = strtod(value, &end);

    return *end == '\0' && (d < 0 || d > 0);
}

static enum ls_rc unsupported(const struct ls_db *db, const char *what, struct ls_err *err)
{
    return ls_err_set(err, LS_E_UNSUPPORTED, "%s is not something a %s database has", what,
                      db->info.dialect == LS_DIALECT_SQLITE ? "SQLite" : "PostgreSQL");
}

/* Both databases end a text at a NUL: what is behind it would silently not run. */
static enum ls_rc check_text(const char *sql, size_t len, struct ls_err *err)
{
    const char *nul = len ? memchr(sql, '\0', len) : NULL;

    if (!nul)
        return LS_OK;
    enum ls_rc rc =
        ls_err_set(err, LS_E_INPUT, "the SQL text holds a NUL byte at offset %zu; nothing was sent", (size_t)(nul - sql));

    if (err)
        err->offset = (long)(nul - sql);
    return rc;
}

void ls_db_preload(enum ls_dialect dialect)
{
#ifdef LS_WITH_POSTGRES
    if (dialect == LS_DIALECT_POSTGRES)
        ls_pg_preload();
#else
    (void)dialect;
#endif
}

enum ls_rc ls_db_open(const struct ls_db_params *params, struct ls_db **out, struct ls_err *err)
{
    enum ls_dialect dialect;
    enum ls_rc rc = ls_db_url_dialect(params->url, &dialect, err);

    *out = NULL;
    if (rc != LS_OK)
        return rc;
    if (params->read_only && params->create)
        return ls_err_set(err, LS_E_USAGE, "a database cannot be created read-only");
#ifdef LS_WITH_POSTGRES
    if (dialect == LS_DIALECT_POSTGRES)
        return ls_pg_open(params, out, err);
#endif
#ifdef LS_WITH_SQLITE
    if (dialect == LS_DIALECT_SQLITE)
        return ls_sqlite_open(params, out, err);
#endif
    return ls_err_set(err, LS_E_UNSUPPORTED, "this build has no driver for %s", ls_dialect_name(dialect));
}

void ls_db_close(struct ls_db *db)
{
    if (!db)
        return;
    db->ops->close(db);
    ls_arena_free(db->arena);
    free(db);
}

bool ls_db_is_alive(const struct ls_db *db)
{
    return db->ops->is_alive(db);
}

enum ls_dialect ls_db_dialect(const struct ls_db *db)
{
    return db->info.dialect;
}

const struct ls_db_info *ls_db_info(const struct ls_db *db)
{
    return &db->info;
}

void ls_db_cancel(struct ls_db *db)
{
    atomic_store(&db->cancel, true);
    if (db->ops->cancel)
        db->ops->cancel(db);
}

const char *ls_result_get(const struct ls_result *r, size_t row, int col)
{
    return row < r->n_rows && col >= 0 && col < r->n_cols ? r->cells[row * (size_t)r->n_cols + (size_t)col] : NULL;
}

void ls_result_release(struct ls_result *r)
{
    ls_arena_free(r->arena);
    *r = (struct ls_result){0};
}

enum ls_rc ls_db_query(struct ls_db *db, const char *sql, const struct ls_param *params, int n_params, struct ls_result *out,
                       struct ls_err *err)
{
    *out = (struct ls_result){0};
    atomic_store(&db->cancel, false);

    enum ls_rc rc = db->ops->query(db, sql, strlen(sql), params, n_params, out, err);

    if (rc != LS_OK)
        ls_result_release(out);
    return rc;
}

enum ls_rc ls_db_exec(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                      struct ls_exec_info *info, struct ls_err *err)
{
    struct ls_exec_info scratch;
    enum ls_rc rc = check_text(sql, len, err);

    info = info ? info : &scratch;
    *info = (struct ls_exec_info){.rows = -1};
    if (rc != LS_OK)
        return rc;
    atomic_store(&db->cancel, false);
    return db->ops->exec(db, sql, len, params, params ? n_params : 0, info, err);
}

enum ls_rc ls_db_exec_batch(struct ls_db *db, const char *sql, size_t len, struct ls_exec_info *info, struct ls_err *err)
{
    struct ls_exec_info scratch;
    enum ls_rc rc = check_text(sql, len, err);

    info = info ? info : &scratch;
    *info = (struct ls_exec_info){.rows = -1};
    if (rc != LS_OK)
        return rc;
    atomic_store(&db->cancel, false);
    return db->ops->exec_batch(db, sql, len, info, err);
}

enum ls_rc ls_db_pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed,
                          struct ls_err *err)
{
    if (failed)
        *failed = -1;
    for (int i = 0; i < n; i++) {
        enum ls_rc rc = check_text(calls[i].sql, calls[i].len, err);

        if (infos)
            infos[i] = (struct ls_exec_info){.rows = -1};
        if (rc != LS_OK) {
            if (failed)
                *failed = i;
            return rc;
        }
    }
    if (n <= 0)
        return LS_OK;
    atomic_store(&db->cancel, false);
    return db->ops->pipeline(db, calls, n, infos, failed, err);
}

enum ls_tx_status ls_db_tx_status(const struct ls_db *db)
{
    return db->ops->tx_status(db);
}

enum ls_rc ls_db_begin(struct ls_db *db, struct ls_err *err)
{
    if (!ls_db_is_alive(db))
        return ls_err_set(err, LS_E_CONNECT, "the connection is gone");
    if (db->ops->tx_status(db) != LS_TXS_IDLE)
        return ls_err_set(err, LS_E_INTERNAL, "a transaction is open already");
    atomic_store(&db->cancel, false);
    return db->ops->begin(db, err);
}

enum ls_rc ls_db_commit(struct ls_db *db, struct ls_err *err)
{
    atomic_store(&db->cancel, false);
    return db->ops->commit(db, err);
}

void ls_db_rollback(struct ls_db *db)
{
    atomic_store(&db->cancel, false);
    if (ls_db_is_alive(db) && db->ops->tx_status(db) != LS_TXS_IDLE)
        db->ops->rollback(db);
}

void ls_db_keep_journal(struct ls_db *db)
{
    if (db->ops->keep_journal)
        db->ops->keep_journal(db);
}

enum ls_rc ls_db_xact_id(struct ls_db *db, char out[32], struct ls_err *err)
{
    out[0] = '\0';
    atomic_store(&db->cancel, false);
    return db->ops->xact_id ? db->ops->xact_id(db, out, err) : LS_OK;
}

enum ls_rc ls_db_xact_outcome(struct ls_db *db, const char *xact_id, enum ls_outcome *out, struct ls_err *err)
{
    *out = LS_OUTCOME_UNKNOWN;
    atomic_store(&db->cancel, false);
    if (!db->ops->xact_outcome || xact_id[0] == '\0')
        return LS_OK;
    return db->ops->xact_outcome(db, xact_id, out, err);
}

enum ls_rc ls_db_try_lock(struct ls_db *db, const int64_t *keys, int n, bool *got, struct ls_err *err)
{
    *got = true;
    atomic_store(&db->cancel, false);
    return db->ops->try_lock ? db->ops->try_lock(db, keys, n, got, err) : LS_OK;
}

enum ls_rc ls_db_unlock(struct ls_db *db, const int64_t *keys, int n, struct ls_err *err)
{
    atomic_store(&db->cancel, false);
    return db->ops->unlock ? db->ops->unlock(db, keys, n, err) : LS_OK;
}

enum ls_rc ls_db_lock_holder(struct ls_db *db, const int64_t *keys, int n, struct ls_buf *out, struct ls_err *err)
{
    atomic_store(&db->cancel, false);
    return db->ops->lock_holder ? db->ops->lock_holder(db, keys, n, out, err) : LS_OK;
}

enum ls_rc ls_db_blockers(struct ls_db *db, int pid, struct ls_buf *out, struct ls_err *err)
{
    atomic_store(&db->cancel, false);
    return db->ops->blockers ? db->ops->blockers(db, pid, out, err) : unsupported(db, "a list of blocking sessions", err);
}

enum ls_rc ls_db_child_conninfo(struct ls_db *db, struct ls_buf *conninfo, struct ls_buf *password, struct ls_err *err)
{
    return db->ops->child_conninfo ? db->ops->child_conninfo(db, conninfo, password, err)
                                   : unsupported(db, "a connection string", err);
}

enum ls_rc ls_db_sqlite_backup(struct ls_db *db, const char *path, ls_progress_fn progress, void *ctx, struct ls_err *err)
{
    atomic_store(&db->cancel, false);
    return db->ops->sqlite_backup ? db->ops->sqlite_backup(db, path, progress, ctx, err)
                                  : unsupported(db, "an online file backup", err);
}
