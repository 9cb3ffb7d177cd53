/* lockstep/engine/settle.h: conflicts between folder, text lists, journal and ledger, and how they are settled: each as a plan that shows every
 * file it renames or writes and every statement it sends, before anything is touched.
 *
 *   conflicts.c     what disagrees, and which settlement settles it      settle_renumber.c   files, journal and ledger get other numbers
 *   settle.c        putting a settlement together, its digest, printing  settle_reconcile.c  ledger and text lists are brought to what is there
 *   settle_files.c  the file half: hashes, intent record, way back       settle_adopt.c      a schema without a ledger gets one
 *   settle_run.c    both halves in order                                 settle_convert.c    another tool's folder and ledger
 *
 * How a settlement is run (never loses a file):
 *   1. It is made again; another digest is LS_E_CHANGED, nothing was touched.
 *   2. `.lockstep-settle` is written into the folder whose files change, and synced: every file operation with the hash of what it finds, and what it replaces.
 *   3. The file operations, each only when the hash still fits. One that fails takes back those before it.
 *   4. The plan on the ledger, by ls_run's machinery (lock, journal, fences), in one transaction. When it was rolled back, the files are taken back.
 *   5. The intent record goes.
 * What a crash leaves is told by the record: ls_settle_leftover reads it, ls_settle_finish and ls_settle_take_back end it. */
#ifndef LOCKSTEP_ENGINE_SETTLE_H
#define LOCKSTEP_ENGINE_SETTLE_H

#include "lockstep/engine/run.h"

#define LS_SETTLE_INTENT ".lockstep-settle"

/* --- what disagrees ---------------------------------------------------------------------------------------------------------------------- */

enum ls_settle_kind { LS_SETTLE_RENUMBER, LS_SETTLE_RECONCILE, LS_SETTLE_ADOPT, LS_SETTLE_CONVERT };
#define LS_N_SETTLE_KINDS 4
const char *ls_settle_name(enum ls_settle_kind k); /* "renumber": the subcommand's name too */
#define LS_SETTLES(kind) (1U << (kind))

struct ls_conflict {
    struct ls_diag diag;        /* code, severity, path:line, version, message: what is so and what the tool will do; hint: what to do */
    unsigned settled_by;        /* set of LS_SETTLES(kind); 0: none of them */
    const char *command;        /* "lockstep renumber 2", or NULL: for the one key from a finding to its settlement */
    enum ls_settle_kind kind;   /* of command */
    const char *id;             /* of the migration or row that it is about, for a request; NULL: of the whole folder */
};
struct ls_conflicts {
    struct ls_arena *arena;
    LS_VEC(struct ls_conflict) c; /* most severe first, then in the tool's order */
};
/* Codes: duplicate-version, gap, never-runs, out-of-order, several-heads, journal-without-file, file-without-journal, journal-order, list-disagrees,
 * revision-disagrees, two-ledgers, several-tools, no-ledger, checksum-changed, missing-file, dirty, unfinished-settlement.
 * Reads files of the folder and, when the snapshot has a database, its catalogue; writes nothing. A database that cannot be asked any more is
 * an error, everything else a conflict. s may be NULL: the folder alone. */
LS_MUST_CHECK enum ls_rc ls_conflicts_find(struct ls_session *s, const struct ls_snapshot *snap, struct ls_conflicts *out, struct ls_err *err);
void ls_conflicts_release(struct ls_conflicts *c);

/* --- a settlement ------------------------------------------------------------------------------------------------------------------------ */

enum ls_file_op_kind {
    LS_FILE_RENAME, /* a file, or a folder with everything in it */
    LS_FILE_WRITE,  /* a new file, or other text in one that is there */
    LS_FILE_REMOVE,
    LS_FILE_MKDIR
};
struct ls_file_op {
    enum ls_file_op_kind kind;
    const char *from;    /* RENAME, REMOVE: as the user would type it; else NULL */
    const char *to;      /* RENAME (must not exist, or be what an earlier operation moves away), WRITE, MKDIR; else NULL */
    char before[LS_SHA256_HEX]; /* of what stands at `from` (RENAME, REMOVE) or at `to` (WRITE over it) now; "" = nothing may stand there */
    const char *old_text; /* WRITE over a file, REMOVE: its bytes now, for the diff and the way back; else NULL */
    size_t old_len;
    const char *text;    /* WRITE: the new bytes; NULL in what a record of a crash tells */
    size_t len;
    char after[LS_SHA256_HEX]; /* WRITE in such a record: hash of the new bytes */
};

/* What is known of one migration that was in doubt (reconcile, adopt). */
struct ls_settle_evidence {
    const char *id, *label, *name, *path;
    const char *ledger_says;      /* "applied", "pending", "applied by its cursor", ... */
    const char *list_says;        /* of a text list beside the ledger: "applied", "pending"; NULL: there is none */
    enum ls_settle_found { LS_FOUND_UNKNOWN, LS_FOUND_ALL, LS_FOUND_NOTHING, LS_FOUND_PART } found; /* what the catalogue shows of it */
    bool is_chosen;               /* the operator said so (--applied, --pending), or BASELINE: everything up to the version */
    enum ls_settle_verdict { LS_SETTLE_KEEP, LS_SETTLE_RECORD, LS_SETTLE_UNRECORD, LS_SETTLE_ASK } verdict; /* what the settlement does with it */
    const char *const *statements; /* n of them: first line of each */
    const char *const *says;       /* what the catalogue shows of each: "applied (catalogue): table users is there" */
    size_t n;
};

struct ls_settlement {
    struct ls_arena *arena;
    enum ls_settle_kind kind;
    const char *title;            /* "Renumber 1 migration of migrations" */
    const char *dir;              /* the session's folder; it holds the intent record, but for CONVERT, where out_dir does */
    bool has_db;                  /* made with a database at hand */
    char ledger_seen[LS_SHA256_HEX]; /* fingerprint of the session's ledger */
    const char *out_dir;          /* CONVERT: where the new files go; else NULL */
    const char *to_format;        /* CONVERT: name of the target; else NULL */
    LS_VEC(struct ls_file_op) files; /* in the order in which they are done */
    struct ls_plan *plan;         /* RECORD steps on the ledger (of CONVERT: the target's), in one transaction; NULL: no database is touched */
    LS_VEC(struct ls_settle_evidence) evidence;
    struct ls_diags findings;     /* what the operator should know first: code, path, message */
    struct ls_diags lost;         /* what it cannot carry, one for each thing: code, path:line, message, hint */
    size_t n_undecided;           /* evidence with LS_SETTLE_ASK: they stay as they are */
    /* What it was made from, so that it can be made again. */
    struct ls_settle_request {
        enum ls_settle_kind kind;
        const char *version;      /* RENUMBER: which, as typed, NULL = every pending one that needs it; ADOPT: up to which one ("all": the newest) */
        const char *to;           /* RENUMBER: the number it gets, NULL = the first free one behind everything */
        const char *to_format;    /* CONVERT: name of the target's format */
        const char *out_dir;      /* CONVERT: NULL = DIR-FORMAT beside the folder */
        const char *const *applied, *const *pending; /* RECONCILE: ids that the operator vouches for; NULL-terminated or NULL */
        int64_t wall_us;          /* stamps that new names get; 0 = now. Kept, so that making it again gives the same names */
    } request;
    char digest[LS_SHA256_HEX];   /* over all of the above but findings and evidence */
};
/* Whether there is nothing to do: no file operation and no step. */
bool ls_settlement_is_empty(const struct ls_settlement *t);
void ls_settlement_free(struct ls_settlement *t);

/* Each makes one without writing anything; LS_E_REFUSED with the reason where the tool, the target or a guard says no. snap must be one of s; for
 * renumber and convert it may be of the folder alone, and then only files change (said in findings). */
LS_MUST_CHECK enum ls_rc ls_settle_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req,
                                        struct ls_settlement **out, struct ls_err *err);
/* One kind each; ls_settle_make chooses by req->kind. */
LS_MUST_CHECK enum ls_rc ls_settle_renumber_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req,
                                                 struct ls_settlement **out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc ls_settle_reconcile_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req,
                                                  struct ls_settlement **out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc ls_settle_adopt_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req,
                                              struct ls_settlement **out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc ls_settle_convert_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req,
                                                struct ls_settlement **out, struct ls_err *err);
/* Names of the formats that can be a target of convert, in the registry's order; returns how many there are (may be more than max). */
size_t ls_settle_convert_targets(const char **names, size_t max);

/* The preview as text for people: renames, a diff of each file that is written, the SQL. Raw: sanitise when showing. */
void ls_settlement_print(const struct ls_settlement *t, enum ls_dialect d, struct ls_buf *out);
/* One operation: "rename  a.sql -> b.sql", "write   meta/_journal.json", followed by the lines of its diff ("- old", "+ new"). */
void ls_file_op_print(const struct ls_file_op *op, struct ls_buf *out);

/* --- running it -------------------------------------------------------------------------------------------------------------------------- */

/* Makes it again and refuses with LS_E_CHANGED when the digest differs; then as above. report->applied says what was done with files and ledger.
 * The session must be writable when there is a plan. hooks may be NULL: the events are those of ls_run, of the plan's steps. */
enum ls_rc ls_settle_run(struct ls_session *s, const struct ls_settlement *t, const struct ls_run_hooks *hooks, struct ls_run_report *report);

/* --- what a crash left --------------------------------------------------------------------------------------------------------------------- */

struct ls_settle_left {
    struct ls_arena *arena;
    bool is_there;
    const char *path;         /* of the record */
    const char *broken;       /* why the record cannot be used, or NULL */
    enum ls_settle_kind kind;
    const char *title, *began_at;
    size_t n_ops, n_done;     /* file operations, and how many of them are done */
    bool has_db;              /* it was made with a database at hand */
    bool has_ledger;          /* it was to write the ledger too */
    const char *ledger;       /* which */
    const char *ledger_format; /* name of its format */
    char ledger_before[LS_SHA256_HEX]; /* fingerprint of the ledger that it was made from */
    struct ls_settle_request request;
    char digest[LS_SHA256_HEX];
    LS_VEC(struct ls_file_op) ops;
};
/* Reads the record of a folder (of a conversion: of its target's); is_there false when there is none. An unreadable one is there, and broken. */
LS_MUST_CHECK enum ls_rc ls_settle_leftover(const char *dir, struct ls_settle_left *out, struct ls_err *err);
void ls_settle_left_release(struct ls_settle_left *l);
/* Puts every file back as it was and removes the record. Refused when the ledger was written already (then only finishing is right), or when a file is
 * neither as it was nor as it was to be. The session may be NULL when the record has no ledger. */
enum ls_rc ls_settle_take_back(struct ls_session *s, const char *dir, struct ls_run_report *report);
/* Brings it to its end: when all files and the ledger are done only the record goes; else the files are taken back, the settlement is made again, compared
 * with the record's digest, and run. */
enum ls_rc ls_settle_finish(struct ls_session *s, const char *dir, const struct ls_run_hooks *hooks, struct ls_run_report *report);

#endif
