/* engine/side_priv.h: shared by the files that read sides. */
#ifndef LOCKSTEP_SRC_ENGINE_SIDE_PRIV_H
#define LOCKSTEP_SRC_ENGINE_SIDE_PRIV_H

#include "engine/scratch.h"
#include "engine/session_priv.h"

/* One load. */
struct side_job {
    struct ls_side_world *w;
    const struct ls_side *side;
    struct ls_side_opts opts;
    struct ls_arena *arena;       /* of notes, until they are copied into the catalogue */
    struct ls_diags notes;
    struct ls_session *inner;     /* that a stop is handed on to, or NULL */
};
/* Tells what is being done; false: stop. */
bool side_tell(struct side_job *j, const char *what, int64_t done, int64_t total);
/* For callbacks while something takes long: false when it is to stop. A running call of j->inner is cancelled then. */
bool side_tick(void *job);
enum ls_rc side_stopped(struct ls_err *err);
void side_note(struct side_job *j, enum ls_severity severity, const char *code, const char *path, int line, const char *hint, const char *fmt, ...)
    LS_PRINTF(7, 8);

/* A session on another database than the world's, with a stop handed on. params->url is copied. */
struct ls_session *side_session(struct side_job *j, const struct ls_session_params *params);
void side_session_end(struct side_job *j, struct ls_session *s);

/* side_live.c: reads the database that a connected session is on. format NULL: what its ledgers say. */
LS_MUST_CHECK enum ls_rc side_read(struct side_job *j, struct ls_session *s, const struct ls_format *format, const char *ledger_table, const char *source,
                                   struct ls_catalog **out, struct ls_err *err);
/* A copy without the facts for which `leave` is true. */
struct ls_catalog *side_filter(struct ls_catalog *c, bool (*leave)(void *ctx, const struct ls_catalog *c, const struct ls_fact *f), void *ctx);

/* side_dir.c */
LS_MUST_CHECK enum ls_rc side_load_dir(struct side_job *j, struct ls_catalog **out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc side_load_migrations(struct side_job *j, struct ls_catalog **out, struct ls_err *err);

/* side_file.c */
LS_MUST_CHECK enum ls_rc side_load_file(struct side_job *j, struct ls_catalog **out, struct ls_err *err);
/* Runs a text of SQL in a scratch and reads it. path: for errors. is_lenient: what is refused becomes a note. */
LS_MUST_CHECK enum ls_rc side_load_text(struct side_job *j, enum ls_dialect d, const char *path, const char *text, size_t len, bool is_lenient,
                                        const char *source, struct ls_catalog **out, struct ls_err *err);
/* file_text.c: takes COPY data and psql's commands out, by blanks, so that places stay. */
LS_MUST_CHECK enum ls_rc side_clean_text(struct side_job *j, const char *path, struct ls_buf *text, struct ls_err *err);
/* By what is written in it: pg_dump's or sqlite3's head. */
bool side_text_dialect(const char *text, size_t len, enum ls_dialect *out);

/* side_backup.c */
LS_MUST_CHECK enum ls_rc side_load_backup(struct side_job *j, struct ls_catalog **out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc side_backup_dialect(const struct ls_side_world *w, const char *name, enum ls_dialect *out, struct ls_err *err);

/* side_drizzle.c */
LS_MUST_CHECK enum ls_rc side_load_drizzle(struct side_job *j, struct ls_catalog **out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc side_drizzle_dialect(const char *path, enum ls_dialect *out, struct ls_err *err);

#endif
