/* engine/backup_priv.h: what the backup's files share: backup.c (create), backup_data.c (the copy itself), backup_files.c (hash,
 * sizes, sync), backup_manifest.c (manifest.json), backup_list.c (list, verify, prune). */
#ifndef ENGINE_BACKUP_PRIV_H
#define ENGINE_BACKUP_PRIV_H

#include "lockstep/base/hash.h"
#include "lockstep/base/vec.h"
#include "lockstep/engine/backup.h"

#define BK_MANIFEST    "manifest.json"
#define BK_PARTIAL     ".partial"
#define BK_SQLITE_FILE "database.sqlite"
#define BK_PG_FOLDER   "dump"
enum { BK_FORMAT = 1, BK_MANIFEST_MAX = 64 * 1024 * 1024 };

struct bk_file {
    const char *path; /* relative to the backup's folder, '/' between, no "." or ".." */
    int64_t size;
    char sha256[LS_SHA256_HEX];
};
struct bk_phase {
    const char *name;
    int64_t ms;
};
struct bk_state {
    const char *state; /* "written", "read back", "damaged: ..." */
    const char *at;
};
/* Everything of manifest.json; strings live in the arena. */
struct bk_manifest {
    struct ls_arena *arena;
    const char *target, *host, *dialect, *server, *version, *created_at;
    const char *format, *ledger; /* the migration tool's name and the ledger's place; "" unknown */
    const char *tool;            /* what made the copy: "pg_dump (PostgreSQL) 15.20", "SQLite 3.40.1 online backup" */
    int tool_version;            /* as server_version_num */
    int64_t size;
    char sha256[LS_SHA256_HEX];   /* over the file list: bk_manifest_hash */
    LS_VEC(struct bk_file) files; /* by path */
    LS_VEC(struct bk_phase) phases;
    LS_VEC(struct bk_state) states;
    LS_VEC(const char *) not_included;
};
void bk_manifest_init(struct bk_manifest *m);
void bk_manifest_release(struct bk_manifest *m);
void bk_manifest_hash(const struct bk_manifest *m, char hex[LS_SHA256_HEX]);
void bk_manifest_state(struct bk_manifest *m, const char *state); /* at the current time */
/* Whether a state says that the backup is of no use. */
bool bk_is_damaged(const char *state);
/* In place of the one that is there: either is there whole, whatever fails. */
LS_MUST_CHECK enum ls_rc bk_manifest_replace(const struct bk_manifest *m, const char *folder, struct ls_err *err);
LS_MUST_CHECK enum ls_rc bk_manifest_write(const struct bk_manifest *m, const char *folder, struct ls_err *err);
/* LS_E_NOT_FOUND: there is none. LS_E_INPUT: it cannot be one of ours, or its file list was changed. m is initialised in each case.
 */
LS_MUST_CHECK enum ls_rc bk_manifest_read(const char *folder, struct bk_manifest *m, struct ls_err *err);

/* One create or verify. */
struct bk_job {
    struct ls_session *session;       /* NULL for a verify */
    const struct ls_run_hooks *hooks; /* or NULL */
    const char *phase;                /* as in LS_EV_PROGRESS */
    int64_t phase_began_ms;
    struct bk_manifest *manifest; /* gets the phases' durations; NULL for a verify */
    bool cancelled;
};
void bk_phase_begin(struct bk_job *j, const char *phase);
void bk_phase_end(struct bk_job *j);
/* Tells how far it is; false when it shall stop (and then job->cancelled). */
bool bk_progress(struct bk_job *j, int64_t done, int64_t total);
LS_MUST_CHECK enum ls_rc bk_check_cancelled(struct bk_job *j, struct ls_err *err); /* LS_E_CANCELLED or LS_OK */

/* backup_data.c: `folder` is the backup's folder; the copy's tool goes to m. */
LS_MUST_CHECK enum ls_rc bk_copy(struct bk_job *j, const struct ls_backup_options *opt, const char *folder, struct bk_manifest *m,
                                 struct ls_err *err);
LS_MUST_CHECK enum ls_rc bk_read_back(struct bk_job *j, const struct ls_backup_options *opt, const char *folder,
                                      const struct bk_manifest *m, struct ls_err *err);

/* backup_files.c */
typedef LS_VEC(char *) bk_paths;
void bk_paths_release(bk_paths *p);
/* Every file below folder, relative, sorted. LS_E_INPUT for what is neither file nor folder. */
LS_MUST_CHECK enum ls_rc bk_walk(const char *folder, bk_paths *out, struct ls_err *err);
int64_t bk_folder_size(const char *folder); /* what can be seen of it; 0 on errors */
/* Sets mode 0600, syncs, and adds each file to m with size and hash; syncs the folders. */
LS_MUST_CHECK enum ls_rc bk_seal(struct bk_job *j, const char *folder, struct bk_manifest *m, struct ls_err *err);
/* Compares the folder with m: sizes, hashes, nothing more and nothing less. LS_E_DRIFT names the file. */
LS_MUST_CHECK enum ls_rc bk_compare(struct bk_job *j, const char *folder, const struct bk_manifest *m, struct ls_err *err);
/* Sizes only; false and what is wrong in `why`. */
bool bk_sizes_match(const char *folder, const struct bk_manifest *m, struct ls_buf *why);
LS_MUST_CHECK enum ls_rc bk_sync_folder(const char *folder, struct ls_err *err);

#endif
