/* engine/session_priv.h: the session's inside, for session.c, snapshot.c, run*.c and journal*.c only. */
#ifndef LOCKSTEP_SRC_ENGINE_SESSION_PRIV_H
#define LOCKSTEP_SRC_ENGINE_SESSION_PRIV_H

#include "lockstep/engine/session.h"

#include <pthread.h>

/* The second of the program's two locks (architecture.md): it is held while the connection is replaced or closed and while it is cancelled, so
 * that a cancel never meets a closing connection. */
struct ls_session {
    struct ls_arena *arena;
    struct ls_session_params p;   /* strings in arena, but url: wiped at the end */
    char *url;
    struct ls_format_opts opts;
    enum ls_dialect dialect;
    enum ls_rc dialect_rc;        /* why there is none */
    struct ls_db *db;             /* changed only by the session's own thread, with lock held */
    struct autopsy_names *names;  /* while many statements are looked at in a row (settle_evidence.c); else NULL */
    struct ls_catalog_state *catalog_state; /* of `live` (engine/side_live.c), or NULL */
    bool is_stand_in;             /* db is an empty database in memory, in place of a SQLite file that is not there yet */
    bool db_is_read_only;         /* how db was opened */
    pthread_mutex_t lock;
    pthread_cond_t woken;         /* cancel was asked for */
    bool cancelled, shielded;     /* guarded by lock; shielded: the running call must not be cancelled (COMMIT, ROLLBACK, asking what became of one) */
    /* Set by a run: what the driver's callbacks do. */
    void (*on_notice)(void *ctx, const char *severity, const char *text);
    void (*on_wait)(void *ctx);
    void (*on_busy)(void *ctx, const struct ls_db_busy *busy);
    void *hook_ctx;
};

/* As ls_session_connect; with create, SQLite may make the file. */
LS_MUST_CHECK enum ls_rc ls_session_connect_as(struct ls_session *s, bool create, struct ls_err *err);
/* For reading: a SQLite file that is not there is read as an empty database, and is not made. */
LS_MUST_CHECK enum ls_rc ls_session_connect_to_read(struct ls_session *s, struct ls_err *err);
/* False when cancel was asked for before or while sleeping. */
bool ls_session_sleep(struct ls_session *s, int ms);
/* While shielded, a cancel is remembered and not sent to the database. */
void ls_session_shield(struct ls_session *s, bool shielded);
/* A snapshot of a connected session in a format that is known; the second half of ls_session_snapshot. */
LS_MUST_CHECK enum ls_rc ls_session_snapshot_as(struct ls_session *s, const struct ls_format *format, struct ls_snapshot **out, struct ls_err *err);

#endif
