/* lockstep/engine/index_fix.h: from a verdict to what mends it: a migration in the project's own format, or a maintenance action.
 *
 * What a face shows is made by ls_index_report_make (engine/index_report.h) in one call: the subcommands and the console use that. */
#ifndef LOCKSTEP_ENGINE_INDEX_FIX_H
#define LOCKSTEP_ENGINE_INDEX_FIX_H

#include "lockstep/engine/index.h"
#include "lockstep/engine/session.h"

/* The text of a migration: statements ended by ";\n". Names only through sql/quote. */
struct ls_fix_text {
    struct ls_arena *arena;
    const char *slug;           /* "add_idx_memories_user_id_updated_at", "drop_idx_old" */
    const char *up, *down;
    bool no_transaction;        /* CONCURRENTLY: each statement stands by itself */
    uint32_t n_parts;           /* >= 1: migrations to be written in this order; several where one cannot hold it in this format (golang-migrate sends a file as
                                 * one batch) */
    const char *const *ups, *const *downs, *const *slugs;
    const bool *up_alone, *down_alone; /* of each part: it must run outside of a transaction */
    const char *verify;         /* queries for a .verify file, of the whole; NULL none */
    const char *const *names;   /* raw names of the indexes that it makes or drops; n_names */
    uint32_t n_names;
    const char *note;           /* what this format cannot do, and what that means (a lock); NULL: nothing */
};
/* Several verdicts may become one migration; refuses (LS_E_REFUSED) where the fix is no migration. format says what it can hold. */
LS_MUST_CHECK enum ls_rc ls_fix_write(const struct ls_usage *u, const struct ls_index_verdict *const *v, uint32_t n, const struct ls_format *format,
                                      struct ls_fix_text *out, struct ls_err *err);
void ls_fix_text_release(struct ls_fix_text *t);
/* Writes its files into the project's folder, as `new` does, with the texts in them; paths (of the arena of out) are what was made. Nothing is overwritten. LS_E_REFUSED when a pending
 * migration of snap makes or drops one of these indexes already: it is written, and waits to be applied. */
struct ls_fix_files {
    struct ls_arena *arena;
    const char *const *paths;
    uint32_t n_paths;
};
LS_MUST_CHECK enum ls_rc ls_fix_save(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_fix_text *t, int64_t wall_us,
                                     struct ls_fix_files *out, struct ls_err *err);
void ls_fix_files_release(struct ls_fix_files *f);

/* --- maintenance: what is no migration (REINDEX, ANALYZE, VACUUM, PRAGMA optimize) --- */
struct ls_upkeep {
    struct ls_arena *arena;
    const char *const *sql;     /* statements in order, each by itself, outside of a transaction */
    uint32_t n;
    const char *price;          /* lock, space, time */
    const char *undo;           /* "" nothing to take back; what a failure leaves behind and how it is removed */
    /* What it is about, raw; index "" where it is a table. */
    const char *schema, *table, *index;
    bool is_concurrent;         /* REINDEX ... CONCURRENTLY: a failure leaves INDEX_ccnew */
    const char *what;           /* for people and the journal: "reindex public.idx_a" */
};
LS_MUST_CHECK enum ls_rc ls_upkeep_plan(const struct ls_usage *u, const struct ls_index_verdict *v, struct ls_upkeep *out, struct ls_err *err);
/* Runs it under the operators' lock, with live progress (LS_EV_PROGRESS from pg_stat_progress_create_index by a second connection; SQLite by steps), written
 * to the journal as a run. After a failure the leftover (_ccnew) is named, and removed when it is surely ours. */
LS_MUST_CHECK enum ls_rc ls_upkeep_run(struct ls_session *s, const struct ls_upkeep *p, const struct ls_run_hooks *hooks, struct ls_err *err);
void ls_upkeep_release(struct ls_upkeep *p);

#endif
