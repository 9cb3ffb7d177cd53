/* lockstep/engine/session.h: a target with its migrations: the one thing every face works through. Used by one thread at a time. */
#ifndef LOCKSTEP_ENGINE_SESSION_H
#define LOCKSTEP_ENGINE_SESSION_H

#include "lockstep/db/catalog.h"
#include "lockstep/format/format.h"

struct ls_session_params {
    const char *url;             /* required */
    const char *url_source;      /* where it came from, for messages: "--url", "env production in lockstep.conf", "DATABASE_URL" */
    const char *env_name;        /* or NULL */
    const char *migrations_dir;  /* NULL = "migrations" */
    const char *format_name;     /* NULL = detect */
    const struct ls_format *format; /* NULL = by name; a format that is not in the registry. It must outlive the session */
    const char *ledger_table;    /* NULL = the format's default */
    bool is_protected;
    bool read_only;
    bool journal;                /* write the journal table */
    bool is_scratch;             /* a throw-away database: struct ls_db_params */
    bool is_pooled_ok;           /* writing through a pooler is declared fine: it gives each connection a session of its own */
    int lock_timeout_ms;         /* 0 = default 3000, -1 = none */
    int statement_timeout_ms;    /* 0 = none */
    int lock_wait_ms;            /* how long to poll for the operators' lock; 0 = default 10000, -1 = not at all */
    int busy_timeout_ms;         /* as struct ls_db_params */
    int connect_timeout_ms;
    const char *backup_dir;      /* NULL = "backups" beside the project */
    const char *operator_name;   /* OS user; NULL = looked up */
    const char *tool;            /* path of the program of a tool that runs its migrations itself (LS_CAP_DELEGATE); NULL = looked up */
};

struct ls_session;

/* Copies params; connects to nothing yet. */
struct ls_session *ls_session_new(const struct ls_session_params *params);
void ls_session_free(struct ls_session *s);
const struct ls_session_params *ls_session_params(const struct ls_session *s);

/* Connects when not connected (again after a loss). */
LS_MUST_CHECK enum ls_rc ls_session_connect(struct ls_session *s, struct ls_err *err);
void ls_session_disconnect(struct ls_session *s);
struct ls_db *ls_session_db(struct ls_session *s);          /* NULL when not connected */
/* Where the session keeps what a second read of the schema needs of the first (ls_db_catalog_refresh), across connections too. */
struct ls_catalog_state **ls_session_catalog_state(struct ls_session *s);
/* Safe from another thread: cancels the running call, if any, and makes the run stop at its next gate. A request that met no call is kept: the next run
 * stops before it writes anything (a signal between plan and run is not lost). The snapshot or run that it ends forgets it. COMMIT is not cancelled. */
void ls_session_cancel(struct ls_session *s);
/* For long work of the engine (run, backup, verify): ask between its pieces, and forget the request at the end, whatever it did. */
void ls_session_clear_cancel(struct ls_session *s);
bool ls_session_cancelled(const struct ls_session *s);
void ls_session_set_read_only(struct ls_session *s, bool read_only); /* takes effect by reconnecting at the next call */

/* Everything a screen or `status` shows, read at one moment; frozen, its own memory, may go to another thread. */
struct ls_snapshot {
    const struct ls_format *format;
    struct ls_detected detected[8];
    size_t n_detected;
    struct ls_migrations migrations;
    struct ls_ledger ledger;
    struct ls_timeline timeline;
    bool has_db;                 /* false: folder only, ledger and timeline say nothing applied is known */
    struct ls_db_info info;      /* strings in info_arena */
    struct ls_arena *info_arena;
    char *target_label;
    char *target_note;           /* or NULL: the database is a file that is not there yet */
    char *legacy_note;           /* or NULL */
    const char *tool_path;       /* LS_CAP_DELEGATE: the tool's program, absolute; NULL: it is not there. In info_arena */
    const char *tool_dir;        /* the folder that it is run in, absolute */
    const char *tool_note;       /* or NULL: it is not there, and what to install; up, down and to are refused */
    char *format_note;           /* or NULL: nothing told whose the files are, and what they were taken for */
};
/* Scans, reads the ledger (connecting first), builds the timeline. */
LS_MUST_CHECK enum ls_rc ls_session_snapshot(struct ls_session *s, struct ls_snapshot **out, struct ls_err *err);
/* The folder half only; works with no database. The dialect comes from the URL when there is one. */
LS_MUST_CHECK enum ls_rc ls_session_scan(struct ls_session *s, struct ls_snapshot **out, struct ls_err *err);
void ls_snapshot_free(struct ls_snapshot *snap);

/* A section's bytes, read once, UTF-8 checked, with its statements: the whole file, or its span. LS_E_CHANGED when want_sha256 is given and differs,
 * or the file has become too short for the span. */
struct ls_source {
    struct ls_buf text;          /* of the section alone */
    int line;                    /* line of the file that text begins in, from 1 */
    struct ls_stmts *stmts;      /* offsets in text, lines of the file; NULL when splitting failed; then err said why, with the file's line */
    char sha256[LS_SHA256_HEX];
};
LS_MUST_CHECK enum ls_rc ls_source_load(const struct ls_section *section, enum ls_dialect d, const char *want_sha256, struct ls_source *out,
                                        struct ls_err *err);
void ls_source_release(struct ls_source *src);

#endif
