/* format/table.h: a ledger table looked at before it is read: whether it is there, and whose it is by its columns (formats.md 2.3). */
#ifndef LOCKSTEP_SRC_FORMAT_TABLE_H
#define LOCKSTEP_SRC_FORMAT_TABLE_H

#include "lockstep/format/format.h"

struct ls_table_look {
    const char *schema;   /* PostgreSQL; in the ledger's arena; SQLite NULL */
    const char *table;
    bool exists;
    bool is_writable;     /* may be created, or written when it is there; as far as the catalogue tells */
    const char *tool;     /* "golang-migrate", "lockstep", "dbmate" ...; NULL when there is no table */
    bool has_legacy;      /* a table schema_version with a column version (and not Flyway's) beside it */
};

/* Splits "schema.table" (PostgreSQL) or gives the default; strings live in arena. Each part may stand in double quotes, as golang-migrate's
 * x-migrations-table-quoted has it; then dots and double quotes in it are its own. */
void ls_table_names(struct ls_arena *arena, enum ls_dialect d, const struct ls_format_opts *opts, const char *default_table, const char **schema,
                    const char **table);
/* Looks, and sets ledger->arena, exists, schema, location, is_writable, and foreign when the table is not `tool`'s. */
LS_MUST_CHECK enum ls_rc ls_table_look(struct ls_db *db, const struct ls_format_opts *opts, const char *default_table, const char *tool,
                                       struct ls_ledger *ledger, struct ls_table_look *out, struct ls_err *err);
/* The table's name in SQL: quoted on PostgreSQL; on SQLite plain where it can be, as the tools write it. */
LS_MUST_CHECK enum ls_rc ls_table_sql(struct ls_buf *out, enum ls_dialect d, const char *schema, const char *table, struct ls_err *err);
/* The same for a plan: the arena's string, NULL with err. */
const char *ls_table_sql_of(struct ls_plan_ctx *ctx, const char *default_table, struct ls_err *err);
/* Whose a table is, by its columns, as the look's result has them: column 2 the table, 3 a column of it. "another tool (its columns: ...)" for none. */
const char *ls_table_owner(struct ls_arena *arena, const struct ls_result *r, const char *table);
/* Whether that is a tool that is known. */
bool ls_table_is_known(const char *tool);
/* Reads the whole ledger table that was looked at: `SELECT * FROM table AS t ORDER BY order_by`, every value as text (bytea as "\\x00ff", times as
 * 2026-11-29T16:38:44.123456Z, without the Z where the column has no zone). Pushes a row for each, with raw set, duration_ms -1 and id "" (ledger->raw_names, n_raw too); the format fills the rest
 * from ls_table_cell. order_by is SQL of ours, with columns as t.NAME, and may be NULL. */
LS_MUST_CHECK enum ls_rc ls_table_rows(struct ls_db *db, const struct ls_table_look *look, const char *order_by, struct ls_ledger *ledger,
                                       struct ls_err *err);
/* A ledger that is a table of the tool's own: looked for, and when it is there its rows read, each filled from its cells. */
struct ls_table_kind {
    const char *table, *tool; /* as in ls_table_look */
    enum ls_ledger_shape shape;
    const char *order_by; /* as in ls_table_rows */
    void (*fill)(struct ls_ledger *l, struct ls_ledger_row *row);
};
LS_MUST_CHECK enum ls_rc ls_table_read(struct ls_db *db, const struct ls_format_opts *opts, const struct ls_table_kind *kind, struct ls_ledger *out,
                                       struct ls_err *err);
/* A column of a row by its name (NULL: SQL NULL, or no such column). */
const char *ls_table_cell(const struct ls_ledger *l, const struct ls_ledger_row *row, const char *column);
bool ls_table_has_column(const struct ls_ledger *l, const char *column);
/* "t", "true", "1" */
bool ls_table_is_true(const char *text);
/* What reading the ledger's rows failed with, with its name in front, and what to do about rights. */
void ls_table_unreadable(const char *location, struct ls_err *err);
/* A version out of a ledger; false, and 0: no number between 0 and INT64_MAX. */
bool ls_table_version(const char *text, uint64_t *out);

#endif
