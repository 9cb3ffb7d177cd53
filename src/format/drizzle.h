/* format/drizzle.h: the parts of the two Drizzle formats (formats.md 4.2): 0.x with a journal and a high-water mark, 1.x with a
 * folder per migration and a set of names. They share the ledger table's name, the way in which files are cut and sent, and one
 * transaction per run. */
#ifndef LOCKSTEP_SRC_FORMAT_DRIZZLE_H
#define LOCKSTEP_SRC_FORMAT_DRIZZLE_H

#include "lockstep/format/format.h"
#include "lockstep/format/layout.h"

#define LS_DRIZZLE_TABLE "__drizzle_migrations"

/* The ledger's ways; `variant` of a ledger that is there. */
#define LS_DRIZZLE_V0 "v0" /* id, hash, created_at */
#define LS_DRIZZLE_V1 "v1" /* and name, applied_at */

/* Looks for the table and reads its rows as they are; variant is set. On PostgreSQL the schema is "drizzle" unless said otherwise,
 * and may be absent. */
LS_MUST_CHECK enum ls_rc ls_drizzle_rows(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out,
                                         struct ls_err *err);
/* The table's name in SQL, NULL with err. */
const char *ls_drizzle_table(struct ls_plan_ctx *ctx, struct ls_err *err);
/* The schema and the table, in the form of one of the two. */
LS_MUST_CHECK enum ls_rc ls_drizzle_setup(struct ls_plan_ctx *ctx, const char *variant, struct ls_err *err);
/* BEGIN for the first step, what the ledger must be like, and the pieces of the file. fence: SQL of one boolean for ls_record_sql.
 */
LS_MUST_CHECK enum ls_rc ls_drizzle_body(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *fence,
                                         const struct ls_param *params, int n_params, struct ls_err *err);
typedef void ls_drizzle_insert(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m);
/* plan_mark of both: a row is known by its column; insert writes a new one. */
LS_MUST_CHECK enum ls_rc ls_drizzle_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                                         const char *column, struct ls_param key, ls_drizzle_insert *insert, struct ls_err *err);
enum ls_rc ls_drizzle_finish(struct ls_plan_ctx *ctx, struct ls_step *last, struct ls_err *err);

/* The next piece of a file: bytes *at..*end, cut at each "--> statement-breakpoint", anywhere in it. False behind the last. *at
 * starts at 0, *next too. */
bool ls_drizzle_piece(const char *text, size_t len, size_t *at, size_t *end, size_t *next);
/* What JavaScript's localeCompare says in the root locale, nearly: punctuation in front of digits in front of letters, letters
 * without their case first. What is not ASCII is compared by bytes, behind the letters. */
int ls_drizzle_locale_compare(const char *a, const char *b);
/* Milliseconds since 1970 of a name's 14 digits; false when it does not begin with them. */
bool ls_drizzle_folder_millis(const char *name, uint64_t *ms);

/* For the layout of 0.x (drizzle_move.c). */
enum ls_rc ls_drizzle_move_to_end(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *const *moved, size_t n,
                                  uint64_t above, int64_t wall_us, struct ls_moved *out, struct ls_err *err);
enum ls_rc ls_drizzle_repair_journal(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_ledger *ledger, int64_t wall_us,
                                     struct ls_moved *out, struct ls_err *err);
int ls_drizzle_folder_files(struct ls_arena *arena, enum ls_dialect d, const struct ls_written *all, size_t n, int64_t wall_us, const char *paths[2],
                            const char *texts[2]);

#endif
