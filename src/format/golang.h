/* format/golang.h: the parts of the golang-migrate format (formats.md 4.1). */
#ifndef LOCKSTEP_SRC_FORMAT_GOLANG_H
#define LOCKSTEP_SRC_FORMAT_GOLANG_H

#include "lockstep/format/format.h"

#define LS_GOLANG_TABLE "schema_migrations"

enum ls_rc ls_golang_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err);
enum ls_rc ls_golang_check(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err);
int ls_golang_lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4]);
/* (crc32(schema NUL table NUL database) * 1486364155) mod 2^32 (source: database/util.go GenerateAdvisoryLockId). */
int64_t ls_golang_lock_key(const char *schema, const char *table, const char *database);
enum ls_rc ls_golang_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err);
enum ls_rc ls_golang_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                               struct ls_err *err);
enum ls_rc ls_golang_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err);

#endif
