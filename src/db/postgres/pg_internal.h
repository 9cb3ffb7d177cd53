/* db/postgres/pg_internal.h: what the files of the PostgreSQL driver share.
 *
 * libpq is used without blocking: everything is sent with PQsend..., and the only place that waits is pg_next_result(). What libpq
 * cannot do without blocking, the lookup of a name and the sending of a cancel, is done aside. A cancel is begun by the connection's
 * own thread, when its wait sees db->cancel, and a call's answer is not handed out before the server has taken it: so it can never
 * meet another statement than the one that runs, nor a connection that is being closed. */
#ifndef DB_POSTGRES_PG_INTERNAL_H
#define DB_POSTGRES_PG_INTERNAL_H

#include "db/db_internal.h"
#include "db/postgres/libpq.h"

#define PG_CANCEL_GRACE_MS 10000 /* how long a server may take to answer after it was asked to cancel */
#define PG_BEGIN_READ_ONLY "BEGIN READ ONLY"
#define PG_ROLLBACK_MS     10000 /* how long ls_db_rollback waits before it gives the connection up */

/* A statement with parameters that was sent before. */
struct pg_prepared {
    char *sql; /* NULL: a free place */
    size_t len;
    unsigned times;
    char name[24];
    bool is_sent; /* to the server; all are forgotten when something fails */
};

struct pg {
    struct ls_db db; /* first: struct ls_db * and struct pg * are the same address */
    PGconn *conn;
    struct ls_buf text; /* scratch: the statement with its NUL */
    bool is_dead;
    bool is_fenced; /* read-only, with nothing set in the session: each call outside of a transaction gets one that is READ ONLY */
    bool is_ready; /* connected and set up: notices before that are not passed on */
    struct pg_prepared prepared[4];
    unsigned n_named;
    PostgresPollingStatusType want; /* while connecting */
    struct pg_aside *cancelling; /* a cancel that is on its way */
};

/* One call to the server: how its wait may end. */
struct pg_call {
    const char *sql; /* the text that was sent, for error positions; lent */
    size_t len;
    bool is_batch;
    bool ignores_on_wait; /* commit, rollback, unlock: only a definite answer ends them, or ls_db_cancel */
    bool ignores_cancel;  /* rollback, unlock */
    bool is_commit;       /* has its own fault point between sending and reading */
    int64_t deadline;     /* ls_mono_ms(); 0 = none; passing it kills the connection */
    int64_t began;        /* ls_mono_ms() */
    int64_t last_tick;
    int64_t cancel_sent; /* ls_mono_ms(), 0 = not */
    int n_done;          /* statements that were answered before the error: places an error inside a batch */
    int64_t set_rows;    /* of the row set that is arriving */
    bool is_set_true;    /* no row set so far was empty or held a value that is not true */
};

static inline struct pg *pg_of(struct ls_db *db)
{
    return (struct pg *)db;
}

/* aside.c */
typedef void (*pg_aside_fn)(void *arg);
struct pg_aside;
/* Runs run(arg) on a thread of its own. NULL: there is none to be had, and nothing was called. drop(arg) is called when run has ended
 * and pg_aside_end was called, on the thread that is last. */
struct pg_aside *pg_aside_begin(pg_aside_fn run, pg_aside_fn drop, void *arg);
bool pg_aside_wait(struct pg_aside *a, int ms); /* true: run has ended, and what it did can be looked at */
void pg_aside_end(struct pg_aside *a);          /* NULL is fine */

/* conninfo.c */
struct pg_conninfo {
    struct ls_arena *arena;
    const char **keywords, **values; /* NULL-terminated, for PQconnectStartParams */
};
enum ls_rc pg_conninfo_init(struct pg_conninfo *ci, const struct ls_db_params *params, struct ls_err *err);
void pg_conninfo_release(struct pg_conninfo *ci); /* wipes the password */
/* The first line of a complaint of libpq about parameters, without the values that it quotes. */
void pg_add_safe_message(struct ls_buf *out, const char *text);

/* error.c */
enum ls_rc pg_err_result(struct pg *c, const struct pg_call *k, const PGresult *res, struct ls_err *err);
enum ls_rc pg_err_lost(struct pg *c, struct ls_err *err); /* marks the connection dead */
enum ls_rc pg_err_connect(PGconn *conn, struct ls_err *err);
enum ls_rc pg_err_start(PGconn *conn, struct ls_err *err); /* PQconnectStartParams refused */
enum ls_rc pg_err_timeout(struct pg *c, const struct pg_call *k, struct ls_err *err);

/* wait.c */
/* Asks the server to end what runs, without waiting; pg_next_result waits for it. */
void pg_send_cancel(struct pg *c, struct pg_call *k);
void pg_call_init(struct pg_call *k, const char *sql, size_t len);
/* The next result, NULL at the end of a statement's. Anything but LS_OK: the connection is dead and err says so. */
enum ls_rc pg_next_result(struct pg *c, struct pg_call *k, PGresult **res, struct ls_err *err);
/* Sends, waits for input and takes it in, one tick at most. *is_broken: the link is; what libpq has buffered can still be read. */
enum ls_rc pg_wait_input(struct pg *c, struct pg_call *k, bool *is_broken, struct ls_err *err);
/* Copied rows are dropped like those of a query. To cancel it instead would be a race with its end, which decides whether what
 * stands around it in one query is committed. */
enum ls_rc pg_drop_copy_out(struct pg *c, struct pg_call *k, struct ls_err *err);
/* Sends what is buffered, taking in what arrives meanwhile. */
enum ls_rc pg_flush(struct pg *c, struct pg_call *k, struct ls_err *err);

/* exec.c */
enum ls_rc pg_check(struct pg *c, struct ls_err *err); /* LS_E_CONNECT when dead */
enum ls_rc pg_query(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                    struct ls_result *out, struct ls_err *err);
enum ls_rc pg_query_call(struct pg *c, struct pg_call *k, const struct ls_param *params, int n_params, struct ls_result *out,
                         struct ls_err *err);
enum ls_rc pg_exec(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                   struct ls_exec_info *info, struct ls_err *err);
enum ls_rc pg_exec_call(struct pg *c, struct pg_call *k, const struct ls_param *params, int n_params, struct ls_exec_info *info,
                        struct ls_err *err);
enum ls_rc pg_exec_batch(struct ls_db *db, const char *sql, size_t len, struct ls_exec_info *info, struct ls_err *err);
/* A read-only transaction around a call of a connection that is_fenced and has none open: true when one was begun, to be ended with the call's code, which it
 * returns. *rc: what beginning it said. */
bool pg_fence(struct pg *c, enum ls_rc *rc, struct ls_err *err);
enum ls_rc pg_unfence(struct pg *c, bool was_fenced, enum ls_rc rc);
/* What one result says, without waiting. */
enum ls_rc pg_take_result(struct pg *c, struct pg_call *k, PGresult *res, struct ls_result *out, struct ls_exec_info *info,
                          struct ls_err *err);
/* Values of params, as libpq wants them, NULL-terminated; lent. */
const char **pg_values(const struct ls_param *params, int n_params);

/* copy.c */
enum ls_rc pg_copy_rows(struct ls_db *from, const char *out, struct ls_db *to, const char *in, ls_progress_fn progress, void *ctx, int64_t *bytes,
                        struct ls_err *err);

/* pipeline.c */
enum ls_rc pg_pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed,
                       struct ls_err *err);

/* Several queries in one round trip; take is called with each one's whole result, in order, and must not call back. The first error
 * is returned, *failed says whose it is. */
enum ls_rc pg_pipeline_rows(struct pg *c, const char *const *sql, int n, void (*take)(void *ctx, int i, const PGresult *res),
                            void *ctx, int *failed, struct ls_err *err);

/* prepared.c */
/* The prepared statement to run a call by, to be prepared first when that was not sent yet; NULL: send the text. */
struct pg_prepared *pg_find_prepared(struct pg *c, const struct ls_db_call *call);
/* To be asked about each text before it is sent: forgets all when it could take them away. */
void pg_guard_prepared(struct pg *c, const char *sql, size_t len);
void pg_forget_prepared(struct pg *c);

/* setup.c: settings and facts, in one round trip */
enum ls_rc pg_setup(struct pg *c, const struct ls_db_params *params, struct ls_err *err);

/* tx.c */
enum ls_tx_status pg_tx_status(const struct ls_db *db);
enum ls_rc pg_begin(struct ls_db *db, struct ls_err *err);
enum ls_rc pg_commit(struct ls_db *db, struct ls_err *err);
void pg_rollback(struct ls_db *db);
enum ls_rc pg_xact_id(struct ls_db *db, char out[32], struct ls_err *err);
enum ls_rc pg_xact_outcome(struct ls_db *db, const char *xact_id, enum ls_outcome *out, struct ls_err *err);

/* lock.c */
enum ls_rc pg_try_lock(struct ls_db *db, const int64_t *keys, int n, bool *got, struct ls_err *err);
enum ls_rc pg_unlock(struct ls_db *db, const int64_t *keys, int n, struct ls_err *err);
enum ls_rc pg_lock_holder(struct ls_db *db, const int64_t *keys, int n, struct ls_buf *out, struct ls_err *err);
enum ls_rc pg_blockers(struct ls_db *db, int pid, struct ls_buf *out, struct ls_err *err);

/* catalog.c */
enum ls_rc pg_catalog(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err);
enum ls_rc pg_catalog_refresh(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog_state **state,
                              struct ls_catalog **out, enum ls_catalog_how *how, struct ls_err *err);

/* usage.c */
enum ls_rc pg_usage(struct ls_db *db, const struct ls_usage_opts *opts, struct ls_usage **out, struct ls_err *err);

/* pg_child.c: what pg_dump needs to connect as we did */
enum ls_rc pg_child_conninfo(struct ls_db *db, struct ls_buf *conninfo, struct ls_buf *password, struct ls_err *err);

#endif
