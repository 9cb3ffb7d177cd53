/* format/flyway.h: the parts of Flyway's format. flyway.c reads folder and ledger, flyway_plan.c plans, flyway_mark.c marks and
 * repairs, flyway_parse.c has checksums and versions, flyway_config.c the project's settings and its placeholders. */
#ifndef LOCKSTEP_SRC_FORMAT_FLYWAY_H
#define LOCKSTEP_SRC_FORMAT_FLYWAY_H

#include "format/settings.h"
#include "lockstep/format/format.h"

#define LS_FLYWAY_TABLE "flyway_schema_history"
#define LS_FLYWAY_TITLE "Flyway"

/* CRC-32 over the lines without their ends, the first without a byte order mark. */
int32_t ls_flyway_checksum(const char *text, size_t len);
/* 77431708279161 + Java's hashCode of "schema"."table", quotes included. */
int64_t ls_flyway_lock_key(const char *schema, const char *table);
/* "1_02_0" as 1.2: zeros in front and zero parts at the end go. NULL: no version. */
const char *ls_flyway_version(struct ls_arena *arena, const char *text, size_t len);
/* Of two such versions, part by part. */
int ls_flyway_compare(const char *a, const char *b);

/* --- flyway_config.c ------------------------------------------------------------------------------------------------------ */

/* flyway.toml (with flyway.user.toml) or flyway.conf, in the folder of the migrations or one above it, up to five and no further
 * than the repository's top or a folder that others may write. */
struct ls_flyway_config {
    struct ls_settings s;
    const char *path;            /* of the first file that was read; NULL: there is none */
    const char *prefix, *suffix; /* of placeholders */
    bool replaces;
};
LS_MUST_CHECK enum ls_rc ls_flyway_config_read(const char *dir, struct ls_flyway_config *out, struct ls_err *err);
void ls_flyway_config_release(struct ls_flyway_config *c);
/* A setting that changes what a run does and that lockstep does not follow; NULL: none. */
const struct ls_setting *ls_flyway_config_odd(const struct ls_flyway_config *c);

/* What Flyway itself gives names to; members may be NULL: not known. */
struct ls_flyway_known {
    const char *schema, *user, *database, *table, *filename;
};
struct ls_flyway_missing {
    struct ls_str name; /* lent by the text */
    int line;
    bool needs_database; /* it would be known with a connection */
};
/* Whether there is a placeholder in the text at all. */
bool ls_flyway_has_placeholder(const struct ls_flyway_config *c, const char *text, size_t len);
/* Appends the text with every placeholder replaced, in comments too. False: one has no value. known may be NULL. */
bool ls_flyway_replace(const struct ls_flyway_config *c, const struct ls_flyway_known *known, const char *text, size_t len,
                       struct ls_buf *out, struct ls_flyway_missing *missing);

/* --- flyway.c ------------------------------------------------------------------------------------------------------------- */

/* The names that a migration's text finds, as far as ledger and folder tell. */
struct ls_flyway_known ls_flyway_known_of(const struct ls_ledger *l, const char *table, const struct ls_migration *m);
/* Path of a migration's file in the folder, as the ledger's script column has it. */
const char *ls_flyway_script(const struct ls_migrations *all, const struct ls_migration *m);

/* --- flyway_plan.c, flyway_mark.c ----------------------------------------------------------------------------------------- */

enum ls_rc ls_flyway_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err);
enum ls_rc ls_flyway_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                               const struct ls_entry *prev_applied, struct ls_err *err);
enum ls_rc ls_flyway_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                               struct ls_err *err);
/* A row of the history. */
struct ls_flyway_row {
    const char *version, *description, *type, *script, *checksum; /* NULL: SQL NULL */
    bool is_timed;                                                /* execution_time is the step's; else 0 */
};
void ls_flyway_insert(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_flyway_row *row);

#endif
