/* format/prisma.h: the parts of the Prisma format (formats.md 4.7). */
#ifndef LOCKSTEP_SRC_FORMAT_PRISMA_H
#define LOCKSTEP_SRC_FORMAT_PRISMA_H

#include "lockstep/format/format.h"

#define LS_PRISMA_TABLE    "_prisma_migrations"
#define LS_PRISMA_LOCK_KEY 72707369 /* source: flavour/postgres.rs; observed: 6.19.3 */

/* Variants of a ledger: how SQLite's times are written (both kinds are read), or, where there is no ledger, that there are other
 * tables. */
#define LS_PRISMA_INTEGER_TIME "integer time" /* milliseconds: the native engine */
#define LS_PRISMA_TEXT_TIME    "text time"    /* ISO with an offset: the JavaScript adapter */
#define LS_PRISMA_NOT_EMPTY    "no ledger, tables"

enum ls_rc ls_prisma_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err);
enum ls_rc ls_prisma_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err);
enum ls_rc ls_prisma_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                               const struct ls_entry *prev_applied, struct ls_err *err);
enum ls_rc ls_prisma_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                               struct ls_err *err);

/* The provider in migration_lock.toml ("postgresql"), or empty. */
struct ls_str ls_prisma_provider(const char *text, size_t len);
/* The three checksums that Prisma takes for a script: as it is, with LF, with CRLF; one behind the other, each with its NUL. */
const char *ls_prisma_checksums(struct ls_arena *arena, const char *text, size_t len);
/* Whether one of them is the row's; older versions wrote bytes below 16 with one digit. */
bool ls_prisma_checksum_matches(const char *three, const char *row);

#endif
