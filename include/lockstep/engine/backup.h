/* lockstep/engine/backup.h: backups with a state in words: written, then read back whole. (reliability.md 5.5, V11, V17)
 *
 * A backup is a folder BACKUP_DIR/<target>-<version>-<UTC stamp>/ with the data (SQLite: database.sqlite; PostgreSQL: dump/ in directory format) and, written last,
 * manifest.json. While it is made it is named <...>.partial: a failed or cancelled one leaves no folder that looks complete. */
#ifndef LOCKSTEP_ENGINE_BACKUP_H
#define LOCKSTEP_ENGINE_BACKUP_H

#include "lockstep/engine/run.h"

struct ls_backup {
    const char *name;           /* folder name */
    const char *path;
    const char *target;         /* database name */
    const char *host;           /* "host:port" or socket folder; SQLite: the folder of the file */
    const char *dialect;
    const char *server;
    const char *version;        /* ledger version label at that time, "none" */
    const char *created_at;     /* ISO UTC */
    const char *state;          /* "written", "read back", "damaged: ..." as recorded or found */
    const char *sha256;         /* over the manifest's file list */
    int64_t size;               /* bytes */
    bool is_complete;           /* has a readable manifest whose files are there with the right sizes, and that does not say "damaged" */
};
struct ls_backups {
    struct ls_arena *arena;
    LS_VEC(struct ls_backup) b; /* newest first; incomplete ones included */
};
struct ls_backup_options {
    int jobs;                   /* pg_dump -j; 0 = 2 */
    bool skip_readback;
    const char *pg_dump;        /* absolute path or NULL = looked up (engine/tools.c), version >= server's */
};
/* Where programs are looked for, set once by main() before any thread starts: the caller's PATH and HOME (both may be NULL: then the usual folders
 * of PostgreSQL's packages and the password database). The engine itself reads no environment. */
void ls_tools_init(const char *path_list, const char *home);
/* The caller's environment, lent for ever: migration tools that run as a child of ours inherit it (LS_OP_CHILD), the database's programs do not. */
void ls_tools_init_environment(const char *const *environment);

/* Events: LS_EV_PROGRESS with text naming the phase ("copy", "integrity check", "dump", "read back", "hash"), plan NULL, done of total (total 0: not known).
 * hooks->gate is asked with plan NULL and step, op -1 about every 100 ms: LS_GATE_STOP cancels (LS_E_CANCELLED), as ls_session_cancel does.
 * Returns the new backup in *out (arena owned by out; out need not be initialised). */
LS_MUST_CHECK enum ls_rc ls_backup_create(struct ls_session *s, const struct ls_backup_options *opt, const struct ls_run_hooks *hooks,
                                          struct ls_backups *out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc ls_backup_list(const char *dir, struct ls_backups *out, struct ls_err *err); /* a missing folder is an empty list */
/* Compares every file with the manifest's size and SHA-256 and reads the archive whole again (integrity_check / pg_restore of everything to nowhere).
 * LS_E_DRIFT: it is damaged. What was found is added to the manifest's states: "read back" or "damaged: ...". */
LS_MUST_CHECK enum ls_rc ls_backup_verify(const char *dir, const char *name, const struct ls_run_hooks *hooks, struct ls_err *err);
/* The same; is_recorded false: nothing is written. */
LS_MUST_CHECK enum ls_rc ls_backup_check(const char *dir, const char *name, bool is_recorded, const struct ls_run_hooks *hooks, struct ls_err *err);
/* Of each target (dialect, host, database) removes all complete ones but the newest `keep` (-1 = no limit) and those older than max_age_s (-1 = no limit), never
 * its newest one; damaged and unfinished ones stay, for people to look at. With dry_run only lists. removed gets the names, one a line. */
LS_MUST_CHECK enum ls_rc ls_backup_prune(const char *dir, long keep, int64_t max_age_s, bool dry_run, struct ls_buf *removed, struct ls_err *err);
void ls_backups_release(struct ls_backups *b);

#endif
