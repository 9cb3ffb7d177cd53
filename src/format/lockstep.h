/* format/lockstep.h: the parts of lockstep's own format. */
#ifndef LOCKSTEP_SRC_FORMAT_LOCKSTEP_H
#define LOCKSTEP_SRC_FORMAT_LOCKSTEP_H

#include "lockstep/format/format.h"

#define LS_LOCKSTEP_TABLE "schema_migrations"
#define LS_LEGACY_TABLE   "schema_version"
#define LS_LEGACY_NOTE    "imported from schema_version"

enum ls_rc ls_lockstep_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err);
/* Fills has_legacy and legacy_versions; the ledger's own rows were read before. */
LS_MUST_CHECK enum ls_rc ls_legacy_read(struct ls_db *db, struct ls_ledger *out, struct ls_err *err);
enum ls_rc ls_lockstep_check(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err);
int ls_lockstep_lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4]);
enum ls_rc ls_lockstep_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err);
enum ls_rc ls_lockstep_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                                 struct ls_err *err);
enum ls_rc ls_lockstep_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err);
enum ls_rc ls_lockstep_plan_import(struct ls_plan_ctx *ctx, struct ls_step *step, struct ls_err *err);

/* One row as it is to stand in the ledger. NULL members become SQL NULL. */
struct ls_lockstep_row {
    const char *version, *name, *description, *checksum, *status, *applied_by;
    bool has_time;      /* applied_at: the server's clock now; false: NULL */
    bool has_duration;  /* duration_ms: filled in by the engine; false: NULL */
};
/* Writes the row: where there is none (old_status NULL), or over one that has that status. Exactly one row must be hit. */
void ls_lockstep_write(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_lockstep_row *row, const char *old_status);

#endif
