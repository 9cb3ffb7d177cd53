/* db/db_internal.h: what the front (db.c, url.c) and the two drivers share. Nobody outside of src/db includes it. */
#ifndef DB_DB_INTERNAL_H
#define DB_DB_INTERNAL_H

#include <stdatomic.h>

#include "lockstep/base/arena.h"
#include "lockstep/db/catalog.h"
#include "lockstep/db/usage.h"

#define LS_DB_TICK_MS 100 /* how often on_wait is asked while something is waited for */

/* What a driver does. The front has cleared db->cancel, checked the text for NUL bytes and zeroed the outputs before it calls.
 * A NULL entry means that the database has no such thing: the front answers LS_E_UNSUPPORTED. */
struct ls_db_ops {
    void (*close)(struct ls_db *db); /* frees everything that the driver added, not what struct ls_db holds */
    bool (*is_alive)(const struct ls_db *db);
    void (*cancel)(struct ls_db *db); /* from any thread, after db->cancel was set; may be NULL */
    enum ls_rc (*query)(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                        struct ls_result *out, struct ls_err *err);
    enum ls_rc (*exec)(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                       struct ls_exec_info *info, struct ls_err *err);
    enum ls_rc (*exec_batch)(struct ls_db *db, const char *sql, size_t len, struct ls_exec_info *info, struct ls_err *err);
    enum ls_rc (*pipeline)(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed,
                           struct ls_err *err);
    enum ls_tx_status (*tx_status)(const struct ls_db *db);
    enum ls_rc (*begin)(struct ls_db *db, struct ls_err *err);
    enum ls_rc (*commit)(struct ls_db *db, struct ls_err *err);
    void (*rollback)(struct ls_db *db);
    void (*keep_journal)(struct ls_db *db); /* may be NULL: there is nothing to prepare */
    enum ls_rc (*xact_id)(struct ls_db *db, char out[32], struct ls_err *err);
    enum ls_rc (*xact_outcome)(struct ls_db *db, const char *xact_id, enum ls_outcome *out, struct ls_err *err);
    enum ls_rc (*try_lock)(struct ls_db *db, const int64_t *keys, int n, bool *got, struct ls_err *err);
    enum ls_rc (*unlock)(struct ls_db *db, const int64_t *keys, int n, struct ls_err *err);
    enum ls_rc (*lock_holder)(struct ls_db *db, const int64_t *keys, int n, struct ls_buf *out, struct ls_err *err);
    enum ls_rc (*blockers)(struct ls_db *db, int pid, struct ls_buf *out, struct ls_err *err);
    enum ls_rc (*child_conninfo)(struct ls_db *db, struct ls_buf *conninfo, struct ls_buf *password, struct ls_err *err);
    enum ls_rc (*catalog)(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err); /* opts->source is set */
    enum ls_rc (*catalog_refresh)(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog_state **state, struct ls_catalog **out,
                                  enum ls_catalog_how *how, struct ls_err *err); /* *state: of this driver and these options, or NULL; it may put a new one there and leaves the old one alone */
    enum ls_rc (*usage)(struct ls_db *db, const struct ls_usage_opts *opts, struct ls_usage **out, struct ls_err *err); /* opts->bloat_max_bytes is set */
    enum ls_rc (*sqlite_backup)(struct ls_db *db, const char *path, ls_progress_fn progress, void *ctx, struct ls_err *err);
};

/* First member of what each driver keeps of a catalogue. */
struct ls_catalog_state {
    const struct ls_db_ops *ops; /* whose it is; NULL until the front sets it */
    void (*free)(struct ls_catalog_state *s);
    char *opts; /* the options that it was read with, by the front */
};

/* First member of each driver's own connection. */
struct ls_db {
    const struct ls_db_ops *ops;
    struct ls_arena *arena; /* the strings of info */
    struct ls_db_info info;
    struct ls_db_params params; /* url and application_name are NULL: only flags, times and callbacks are kept */
    atomic_bool cancel;         /* set by ls_db_cancel, cleared when a call starts */
};

void ls_db_init(struct ls_db *db, const struct ls_db_ops *ops, const struct ls_db_params *params);
/* Asks on_wait when a tick is due (*last is ls_mono_ms() of the tick before). True when the running call has to end. */
bool ls_db_tick(struct ls_db *db, int64_t *last);
/* What a .verify statement's value has to be: t, true, or a number other than zero. NULL is not true. */
bool ls_db_text_is_true(const char *value);

#ifdef LS_WITH_POSTGRES
void ls_pg_preload(void);
enum ls_rc ls_pg_open(const struct ls_db_params *params, struct ls_db **out, struct ls_err *err);
#endif
#ifdef LS_WITH_SQLITE
enum ls_rc ls_sqlite_open(const struct ls_db_params *params, struct ls_db **out, struct ls_err *err);
#endif

/* --- url.c ------------------------------------------------------------------------------------------------------------- */

enum ls_url_form { LS_URL_NONE, LS_URL_SQLITE, LS_URL_PG_URI, LS_URL_PG_KEYWORDS };

/* How url is written; *body is the offset behind "scheme://" (PG_URI) or "scheme:" (SQLITE), 0 for what has no scheme. */
enum ls_url_form ls_url_form(const char *url, size_t *body);
/* The file named by a URL of form SQLITE (decoded, ":memory:" for a database in memory). *query is what follows '?', or NULL. */
enum ls_rc ls_url_sqlite_path(const char *url, struct ls_buf *path, const char **query, struct ls_err *err);
/* The next "key=value" of a query string, percent-decoded. False at the end. *query moves on. */
bool ls_url_next_param(const char **query, struct ls_buf *key, struct ls_buf *value);
/* Parameters that other tools put into URLs and that do not concern a connection: x-... of golang-migrate, pool sizes. */
bool ls_url_param_is_foreign(const char *key);

#endif
