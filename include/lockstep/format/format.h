/* lockstep/format/format.h: how one migration tool names its files and keeps its ledger. One file per tool, one line in the registry (registry.c).
 *
 * A format says WHAT runs, as ops in order; the engine runs them. Reading never writes: ledger_read sends SELECTs only, and a missing ledger is
 * `exists = false`, an unreadable one is an error (never "empty"). */
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
    LS_CAP_UP = 1, LS_CAP_DOWN = 2, LS_CAP_VERIFY = 4, LS_CAP_CHECKSUM = 8, LS_CAP_DIRTY = 16, LS_CAP_APPLIED_AT = 32,
    LS_CAP_DURATION = 64, LS_CAP_RECORD_ONLY = 128, LS_CAP_NATIVE_APPLY = 256
};

struct ls_format_opts {
    const char *table;      /* ledger table, NULL = the tool's default; "schema.table" on PostgreSQL */
    const char *database;   /* database name as in the URL's path, without '/', for the lock keys; may be NULL */
};

#define LS_DETECT_CERTAIN 90

struct ls_detect {
    int score;              /* 0 no, 1..49 possible, 50..89 strong, LS_DETECT_CERTAIN..100 certain */
    size_t n_migrations;
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
    const struct ls_stmts *stmts;       /* of step->text, in order; NULL when there is no text */
};

struct ls_format {
    const char *name, *title;           /* "golang-migrate"; "golang-migrate" */
    const char *ledger_table;           /* default name */
    unsigned caps;
    const struct ls_timeline_rules *rules;

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
    /* Ledger ops of the tool's own force / stamp: make `version` the applied one / not applied. entry NULL with `is_nil`: nothing applied at all. */
    enum ls_rc (*plan_mark)(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err);
    /* NULL, or: a legacy ledger's import as one RECORD step. */
    enum ls_rc (*plan_import)(struct ls_plan_ctx *ctx, struct ls_step *step, struct ls_err *err);
    /* Advisory keys that keep the tool and us apart; at most 4; returns how many. */
    int (*lock_keys)(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4]);
    /* Whether anything in this timeline makes the tool refuse everything (dirty, duplicate, missing cursor); text in err (LS_E_REFUSED). */
    enum ls_rc (*check_runnable)(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err);
    /* File names and contents of a new migration: NAME slug; pairs of path and text in arena; at most 3. Returns how many, 0 with err. */
    int (*new_files)(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3], const char *texts[3],
                     struct ls_err *err);
};

extern const struct ls_format ls_format_golang_migrate;
extern const struct ls_format ls_format_lockstep;

/* The registry. */
const struct ls_format *const *ls_formats(size_t *n);
const struct ls_format *ls_format_find(const char *name); /* NULL unknown; accepts aliases ("migrate") */

struct ls_detected {
    const struct ls_format *format;
    struct ls_detect detect;
};
/* All formats with a score > 0, best first. ledger (may be NULL) with its shape breaks ties of a folder that several tools could own. Returns how many. */
size_t ls_format_detect(const char *path, const struct ls_dir *dir, struct ls_detected *out, size_t max);

#endif
