/* db/sqlite/lite_internal.h: what the files of the SQLite driver share. */
#ifndef DB_SQLITE_LITE_INTERNAL_H
#define DB_SQLITE_LITE_INTERNAL_H

#include <sqlite3.h>

#include "db/db_internal.h"

struct lite_keep;
#define LITE_PROGRESS_OPS 10000 /* virtual machine steps between two looks at cancel: well under a millisecond */

struct lite {
    struct ls_db db; /* first: struct ls_db * and struct lite * are the same address */
    sqlite3 *h;
    struct lite_keep *keep; /* NULL: read-only, or in memory */
    int busy_timeout_ms; /* 0 = do not wait */
    int64_t busy_since;  /* ls_mono_ms() of the first try for the lock */
    int64_t last_tick;
    bool is_ended;        /* the running call was asked to end, and an SQLITE_BUSY or _INTERRUPT comes from that */
    bool ignores_on_wait; /* commit, rollback */
    bool was_rolled_back; /* SQLite ended the transaction itself: full disk, I/O error, RAISE(ROLLBACK), cancel (V13) */
};

static inline struct lite *lite_of(struct ls_db *db)
{
    return (struct lite *)db;
}

/* error.c: code is a result of SQLite's, extended or not; the message is the handle's. */
enum ls_rc lite_err(struct lite *c, int code, struct ls_err *err);
enum ls_rc lite_rc(const struct lite *c, int code);

/* catalog.c */
enum ls_rc lite_catalog(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err);
enum ls_rc lite_catalog_refresh(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog_state **state, struct ls_catalog **out,
                                enum ls_catalog_how *how, struct ls_err *err);

/* usage.c */
enum ls_rc lite_usage(struct ls_db *db, const struct ls_usage_opts *opts, struct ls_usage **out, struct ls_err *err);

/* exec.c */
void lite_call_begin(struct lite *c);
int lite_on_busy(void *arg, int n_tries);
int lite_on_progress(void *arg);
/* *stmt NULL: nothing but comments. */
enum ls_rc lite_prepare_one(struct lite *c, const char *sql, size_t len, const struct ls_param *params, int n_params,
                            sqlite3_stmt **stmt, struct ls_err *err);
enum ls_rc lite_query(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                      struct ls_result *out, struct ls_err *err);
enum ls_rc lite_exec(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                     struct ls_exec_info *info, struct ls_err *err);
enum ls_rc lite_exec_batch(struct ls_db *db, const char *sql, size_t len, struct ls_exec_info *info, struct ls_err *err);
enum ls_rc lite_pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed,
                         struct ls_err *err);

/* tx.c */
enum ls_tx_status lite_tx_status(const struct ls_db *db);
enum ls_rc lite_begin(struct ls_db *db, struct ls_err *err);
enum ls_rc lite_commit(struct ls_db *db, struct ls_err *err);
void lite_rollback(struct ls_db *db);

/* keep.c: a VFS of each connection's own, to be named when it is opened and freed after it was closed */
struct lite_keep *lite_keep_new(void);
const char *lite_keep_vfs(const struct lite_keep *k); /* NULL: the usual one */
void lite_keep_free(struct lite_keep *k);
void lite_keep_journal(struct ls_db *db);
void lite_keep_end(struct lite *c);

/* backup.c */
enum ls_rc lite_backup(struct ls_db *db, const char *path, ls_progress_fn progress, void *ctx, struct ls_err *err);

#endif
