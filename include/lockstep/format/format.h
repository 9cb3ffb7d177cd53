/* lockstep/format/format.h: how one migration tool names its files and keeps its ledger.
 *
 * A format says WHAT runs, as ops in order; the engine runs them. Reading never writes: ledger_read sends SELECTs only, and a missing ledger is
 * `exists = false`, an unreadable one is an error (never "empty").
 *
 * Adding a tool is one file and one line in the registry (src/format/registry.c):
 *  1. src/format/TOOL.c with one `const struct ls_format ls_format_TOOL` at its end, its extern below, its source in src/format/module.am.
 *  2. scan: fill ls_migrations, in the tool's order. format/scan.h (folders, names, diagnostics), format/section.h (up and down in one file),
 *     format/tree.h (a folder per migration, files in a sort order of one's own) and format/json.h (files with file:line errors) do the common work.
 *     `id` is the ledger's key, byte for byte. Broken things become diagnostics with file and line; the rest of the folder is still there.
 *  3. ledger_read: ls_table_read (format/table.h; or by hand ls_table_look, then ls_table_rows), which keeps every column as `raw`; fill each row's id,
 *     state and the columns that the tool has; nothing else: the engine takes the fingerprint. Add the tool's columns to the owners in table.c, so that others recognise the table.
 *  4. rules: what the tool would do with each state; how missing rows are placed. The join is model/timeline.c, never the format.
 *  5. plan_setup, plan_step, plan_mark: ops by format/ops.h, SQL about the ledger by format/record.h. One BEGIN..COMMIT per transaction, a JOURNAL op in
 *     front of each COMMIT of a ledger write.
 *     A fence (EXPECT), or expect_rows, on each ledger write: that tells a rival's write. The whole text as one exec is a BATCH, pieces are STATEMENTs
 *     (ls_ops_piece). Where one transaction holds all steps: BEGIN in the first (ctx->prev == NULL), COMMIT in plan_finish.
 *  6. lock_keys, or for tools without: ls_record_open in place of each BEGIN. check_runnable: when the tool refuses everything.
 *  7. tests/unit/test_format_TOOL.c.
 *
 * A tool whose migrations are program code, or scripts for a client program, runs them itself (LS_CAP_DELEGATE instead of LS_CAP_NATIVE_APPLY; lang
 * LS_LANG_CODE or LS_LANG_CLIENT_SCRIPT is no obstacle then):
 *  a. `tool` says which program that is, where a project keeps it, and what to install. The engine looks for it; where it is not, up, down and to are
 *     refused with that text, and the rest works. No program is run to find out.
 *  b. plan_step fills a struct ls_child_cmd in the plan's arena (ctx->tool_path is argv[0], ctx->tool_dir the folder it is run in) and hands it to
 *     ls_ops_delegate (format/ops.h) with two conditions on the ledger: what it must say before, and what it must say behind. One migration a step: name it
 *     absolutely in argv, so that the tool goes there and no further. The address goes by environment, as words (LS_ENV_URL ...), never in argv.
 *     step->text is the file's text, for showing; ctx->stmts is NULL.
 *  c. plan_setup stays NULL when the tool makes its ledger itself. The conditions must hold where there is no table yet.
 *  d. While it runs, the engine holds the operators' lock of lockstep's own format only: the tool takes its own itself. Put both into lock_keys
 *     (ls_lockstep_lock_keys, then the tool's): a run begins when all of them were to be had, and then lets go of the tool's. A plan_mark that is run
 *     natively keeps them.
 *  e. The run's verdict comes from the exit status and the ledger, read again: moved to what it must say, done; not moved, and child->is_atomic, nothing
 *     stays; else dirty. Set is_atomic only where the tool commits body and ledger together.
 * A format that is only recognised has name, title, tables, LS_CAP_RECOGNISE_ONLY and detect; every other member may be NULL then. */
#ifndef LOCKSTEP_FORMAT_FORMAT_H
#define LOCKSTEP_FORMAT_FORMAT_H

#include "lockstep/base/file.h"
#include "lockstep/db/db.h"
#include "lockstep/model/ledger.h"
#include "lockstep/model/migration.h"
#include "lockstep/model/plan.h"
#include "lockstep/model/timeline.h"
#include "lockstep/sql/split.h"

enum ls_format_caps {
    LS_CAP_UP = 1,
    LS_CAP_DOWN = 2,
    LS_CAP_VERIFY = 4,
    LS_CAP_CHECKSUM = 8,
    LS_CAP_DIRTY = 16,
    LS_CAP_APPLIED_AT = 32,
    LS_CAP_DURATION = 64,
    LS_CAP_RECORD_ONLY = 128,
    LS_CAP_NATIVE_APPLY = 256,    /* lockstep runs its migrations itself; without it up, down and to are refused */
    LS_CAP_REPEATABLE = 512,
    LS_CAP_AUTHOR = 1024,
    LS_CAP_DAG = 2048,
    LS_CAP_ONE_TX = 8192,         /* all steps of a run share one transaction */
    LS_CAP_OWN_SPLIT = 16384,     /* the format cuts the text itself: a text that our splitter refuses is no error, ctx->stmts is NULL then */
    LS_CAP_RECOGNISE_ONLY = 32768, /* named when seen, never operated */
    LS_CAP_DELEGATE = 65536       /* up, down and to are run by the tool itself, as a child of ours */
};

/* The program of a tool that runs its migrations itself. */
struct ls_format_tool {
    const char *program;          /* "alembic"; looked up in PATH behind the places */
    const char *const *places;    /* files where a project keeps its own, seen from the folder that it is run in (".venv/bin/alembic"); NULL-terminated, or NULL */
    const char *const *fallbacks; /* other programs that are looked up in PATH when that one is not there; NULL-terminated, or NULL */
    const char *const *version;   /* words that make it say its version, asked only in a run; NULL: --version */
    const char *install;          /* "install it with ...": the hint where it is not there */
    /* The folder that it is run in, for a migrations folder; of the arena. NULL: the folder above the migrations folder. */
    const char *(*dir)(struct ls_arena *arena, const char *migrations_dir);
};

struct ls_format_opts {
    const char *table;      /* ledger table, NULL = the tool's default; "schema.table" on PostgreSQL */
    const char *database;   /* database name as in the URL's path, without '/', for the lock keys; SQLite: the file's name; may be NULL */
    const char *file;       /* SQLite: the database's file as the URL names it, whether it is there or not; may be NULL */
    const char *dir;        /* the migrations' folder, for a ledger that is a file beside them; may be NULL */
};

#define LS_NEW_FILES_MAX 4

#define LS_DETECT_CERTAIN 90

struct ls_detect {
    int score;              /* 0 no, 1..49 possible, 50..89 strong, LS_DETECT_CERTAIN..100 certain */
    size_t n_migrations;
    bool has_dialect;       /* the folder itself says which database it is for (a journal, a lock file) */
    enum ls_dialect dialect;
    char evidence[160];     /* "149 files like 1510262030_x.up.sql; no lockstep directives" */
};

/* Context of making a plan: where ops get their memory and how the section's text is reached. */
struct ls_plan_ctx {
    struct ls_plan *plan;               /* ops and strings live in plan->arena */
    enum ls_dialect dialect;
    const struct ls_format_opts *opts;
    const struct ls_timeline *timeline;
    const struct ls_ledger *ledger;
    const char *operator_name;          /* applied_by */
    const struct ls_step *prev;         /* step before this one in the plan, NULL for the first */
    const struct ls_stmts *stmts;       /* of step->text, in order, offsets in it, lines of the file; NULL when there is no text, or where it could not be split
                                         * and need not be (LS_CAP_OWN_SPLIT, LS_MIG_DYNAMIC) */
    const struct ls_migrations *migrations;
    const char *tool_path, *tool_dir;   /* LS_CAP_DELEGATE: the program, and the folder that it is run in, both absolute */
    const struct ls_db_info *info;      /* of the target, to compare with what the tool's own settings say; NULL in tests */
};

/* What a tool's own configuration says; NULL: nothing. Sources are for people: "GOOSE_DBSTRING in .env", "migrate.table-name in sqlx.toml". */
struct ls_format_config {
    const char *url, *url_source;
    const char *dir, *dir_source;     /* the migrations' folder, as it is reached from where root is */
    const char *table, *table_source;
};

struct ls_format {
    const char *name, *title;           /* "golang-migrate"; "golang-migrate" */
    const char *ledger_table;           /* default name; "schema.table" where the tool has a schema of its own on PostgreSQL */
    const char *const *tables;          /* every table that the tool may own, NULL-terminated: its ledger and what stands beside it; NULL: ledger_table */
    const char *const *aliases;         /* other names of the format, NULL-terminated; or NULL */
    /* Folders where a project keeps its migrations, relative to the project's root, NULL-terminated; "." is the root. NULL: "migrations", "db/migrations", "." */
    const char *const *default_dirs;
    unsigned caps;
    const struct ls_timeline_rules *rules;
    const struct ls_format_tool *tool;  /* LS_CAP_DELEGATE */

    /* NULL, or: reads the tool's own configuration in the project's folder `root` and its variables; strings of arena. Never runs anything. A file that
     * cannot be understood is an error (LS_E_INPUT, "FILE:LINE: why"). */
    enum ls_rc (*config)(struct ls_arena *arena, const char *root, const char *(*getenv_fn)(const char *name), struct ls_format_config *out,
                         struct ls_err *err);
    /* Looks at one folder: names first, contents only of a few files. dir is its listing. */
    void (*detect)(const char *path, const struct ls_dir *dir, struct ls_detect *out);
    /* Reads the folder. Broken files become diagnostics, the rest is still there; only an unreadable folder is an error.
     * With need_hash every section gets its sha256 even when the tool keeps no checksums. */
    enum ls_rc (*scan)(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err);
    enum ls_rc (*ledger_read)(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err);
    /* Ops that create the ledger, exactly as the tool would, appended to plan->setup when it is not there. */
    enum ls_rc (*plan_setup)(struct ls_plan_ctx *ctx, struct ls_err *err);
    /* Refuses (LS_E_REFUSED with the tool's reason) or sets step->policy, tx_note and appends step->ops for running `m` in `dir`.
     * step->text / path / id / label / name are set already; prev_applied is the entry that stays newest after a down (NULL: none). */
    enum ls_rc (*plan_step)(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                            struct ls_err *err);
    /* NULL, or: called once after the last step of an up, down or to was made (there is one at least): where one transaction holds all of them, appends its
     * JOURNAL-free end (COMMIT) to the last step. ctx->prev is the last step. */
    enum ls_rc (*plan_finish)(struct ls_plan_ctx *ctx, struct ls_step *last, struct ls_err *err);
    /* Ledger ops of the tool's own force / stamp: make `version` the applied one / not applied. entry NULL with `is_nil`: nothing applied at all. */
    enum ls_rc (*plan_mark)(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err);
    /* LS_CAP_DELEGATE: NULL, or fills the command that runs the verify scripts of all that is applied. It ends with another status than 0 when one fails, and
     * names it on standard output: "FILE" failed. */
    enum ls_rc (*verify_cmd)(struct ls_plan_ctx *ctx, struct ls_child_cmd *cmd, struct ls_err *err);
    /* NULL, or: a legacy ledger's import as one RECORD step. */
    enum ls_rc (*plan_import)(struct ls_plan_ctx *ctx, struct ls_step *step, struct ls_err *err);
    /* Advisory keys that keep the tool and us apart; at most 4; returns how many. */
    int (*lock_keys)(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4]);
    /* Whether anything in this timeline makes the tool refuse everything (dirty, duplicate, missing cursor); text in err (LS_E_REFUSED). */
    enum ls_rc (*check_runnable)(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err);
    /* File names and contents of a new migration: NAME slug; pairs of path and text in arena; at most LS_NEW_FILES_MAX. Returns how many, 0 with err. */
    /* (Texts go into new files only; a tool that keeps a journal beside them gives the journal's new text with its path: it is replaced.) */
    int (*new_files)(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char **paths, const char **texts, struct ls_err *err);
    const struct ls_layout *layout; /* NULL, or how its names and texts are made (format/layout.h): renumber and convert go by it */
};

extern const struct ls_format ls_format_alembic;
extern const struct ls_format ls_format_dbmate;
extern const struct ls_format ls_format_diesel;
extern const struct ls_format ls_format_drizzle;  /* 0.x: meta/_journal.json */
extern const struct ls_format ls_format_drizzle1; /* 1.x: a folder per migration */
extern const struct ls_format ls_format_flyway;
extern const struct ls_format ls_format_golang_migrate;
extern const struct ls_format ls_format_goose;
extern const struct ls_format ls_format_lockstep;
extern const struct ls_format ls_format_node_pg_migrate;
extern const struct ls_format ls_format_plain;     /* NNN_name.sql + applied.txt */
extern const struct ls_format ls_format_prisma;
extern const struct ls_format ls_format_sql_migrate;
extern const struct ls_format ls_format_sqlx;

/* Known by name only. */
extern const struct ls_format ls_format_django;
extern const struct ls_format ls_format_ecto;
extern const struct ls_format ls_format_knex;
extern const struct ls_format ls_format_liquibase;
extern const struct ls_format ls_format_rails;
extern const struct ls_format ls_format_sequelize;
extern const struct ls_format ls_format_sqitch;
extern const struct ls_format ls_format_supabase;
extern const struct ls_format ls_format_typeorm;

/* The registry. */
const struct ls_format *const *ls_formats(size_t *n);
const struct ls_format *ls_format_find(const char *name); /* by name, title or alias ("migrate"); NULL unknown */

struct ls_detected {
    const struct ls_format *format;
    struct ls_detect detect;
};
/* All formats with a score > 0, best first. Returns how many. */
size_t ls_format_detect(const char *path, const struct ls_dir *dir, struct ls_detected *out, size_t max);

/* What was found in a project: a folder and the format that it fits. */
struct ls_found {
    const struct ls_format *format;
    struct ls_detect detect;
    const char *dir;         /* "." or below: as the user would type it from where root is relative to */
};
struct ls_founds {
    struct ls_arena *arena;
    LS_VEC(struct ls_found) f; /* best score first; of equal ones the folder with more migrations */
};
/* Looks at root and at every default folder of every format below it, each folder once, without a database. A folder that cannot be read is no
 * candidate. */
LS_MUST_CHECK enum ls_rc ls_format_detect_project(const char *root, struct ls_founds *out, struct ls_err *err);
/* And at every other folder below it, where a team may keep its migrations (packages/db/drizzle); there only what scores as strong counts. */
LS_MUST_CHECK enum ls_rc ls_format_detect_tree(const char *root, struct ls_founds *out, struct ls_err *err);
void ls_founds_release(struct ls_founds *f);

/* A table in the database that is some tool's ledger by its columns, wherever it is. */
struct ls_seen_ledger {
    const struct ls_format *format; /* NULL: a tool that this build only knows by name */
    const char *tool;               /* its title: "Flyway" */
    const char *location;           /* "flyway_schema_history", "drizzle.__drizzle_migrations" */
};
struct ls_seen_ledgers {
    struct ls_arena *arena;
    LS_VEC(struct ls_seen_ledger) l;
};
/* Every ledger that the catalogue shows, one query, nothing of it read. Two in one database are normal while a team changes tools. */
LS_MUST_CHECK enum ls_rc ls_format_seen_ledgers(struct ls_db *db, struct ls_seen_ledgers *out, struct ls_err *err);
void ls_seen_ledgers_release(struct ls_seen_ledgers *s);

#endif
