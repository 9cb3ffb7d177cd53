/* Prisma's ledger: reading it, and its three writes per migration. Facts: formats.md 4.7 and 5 (source:
 * sql_migration_persistence.rs, flavour). */
#include <config.h>

#include "format/prisma.h"

#include <inttypes.h>
#include <string.h>

#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/base/clock.h"

static const char note_pg[] =
    "Prisma records the start, sends the script as one query, which PostgreSQL runs as one implicit transaction, and records the "
    "end: "
    "a failure leaves nothing of the script, and a row without an end, which blocks everything until it is resolved.";
static const char note_sqlite[] = "Prisma records the start, runs the script's statements one after the other without a "
                                  "transaction, and records the end: what ran "
                                  "before a failure stays, and a row without an end blocks everything until it is resolved.";

/* --- reading -------------------------------------------------------------------------------------------------------------- */

static bool is_digits(const char *s)
{
    return s != NULL && s[0] != '\0' && strspn(s, "0123456789") == strlen(s);
}

/* A time as the native engine writes it, milliseconds, or as text; *ms gets it where it is a number. */
static const char *time_text(struct ls_arena *arena, const char *cell, int64_t *ms)
{
    char iso[LS_ISO_LEN];
    uint64_t v;

    *ms = -1;
    if (!is_digits(cell) || !ls_table_version(cell, &v) || v > INT64_MAX / 1000)
        return cell;
    *ms = (int64_t)v;
    ls_iso_utc((int64_t)v * 1000, iso);
    return ls_arena_printf(arena, "%.19s.%03dZ", iso, (int)(v % 1000));
}

/* Seconds of a day and milliseconds of "2026-11-29T16:38:44.123...", -1 else; days are compared as text. */
static int64_t ms_of_day(const char *t)
{
    int v[3] = {0}, ms = 0;

    if (t == NULL || strlen(t) < 19)
        return -1;
    for (int i = 0; i < 3; i++) {
        const char *p = t + 11 + 3 * i;

        if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
            return -1;
        v[i] = (p[0] - '0') * 10 + p[1] - '0';
    }
    if (t[19] == '.')
        for (int i = 0, unit = 100; i < 3 && t[20 + i] >= '0' && t[20 + i] <= '9'; i++, unit /= 10)
            ms += (t[20 + i] - '0') * unit;
    return ((int64_t)v[0] * 3600 + v[1] * 60 + v[2]) * 1000 + ms;
}

static int64_t duration(const struct ls_ledger_row *row, int64_t began_ms, int64_t ended_ms)
{
    int64_t a, b;

    if (began_ms >= 0 && ended_ms >= 0)
        return ended_ms - began_ms;
    a = ms_of_day(row->applied_at);
    b = ms_of_day(row->finished_at);
    if (a < 0 || b < a || strncmp(row->applied_at, row->finished_at, 10) != 0)
        return -1; /* over midnight, or in other forms: unknown is a value */
    return b - a;
}

static void read_row(struct ls_ledger *l, struct ls_ledger_row *row)
{
    const char *name = ls_table_cell(l, row, "migration_name"), *began = ls_table_cell(l, row, "started_at");
    const char *rolled_back = ls_table_cell(l, row, "rolled_back_at");
    int64_t began_ms, ended_ms;

    row->id = row->name = name != NULL ? name : "";
    row->checksum = ls_table_cell(l, row, "checksum");
    row->logs = ls_table_cell(l, row, "logs");
    row->applied_at = time_text(l->arena, began, &began_ms);
    row->finished_at = time_text(l->arena, ls_table_cell(l, row, "finished_at"), &ended_ms);
    row->state = rolled_back != NULL ? LS_ROW_ROLLED_BACK : row->finished_at != NULL ? LS_ROW_APPLIED : LS_ROW_FAILED;
    row->raw_status = rolled_back != NULL ? "rolled back" : row->finished_at != NULL ? "finished" : "failed or running";
    if (row->state == LS_ROW_APPLIED)
        row->duration_ms = duration(row, began_ms, ended_ms);
    l->dirty = l->dirty || row->state == LS_ROW_FAILED;
    if (began != NULL)
        l->variant = is_digits(began) ? LS_PRISMA_INTEGER_TIME : LS_PRISMA_TEXT_TIME; /* the newest row's */
}

/* Prisma looks whether the schema holds anything; ours beside it does not count. */
static enum ls_rc look_for_tables(struct ls_db *db, struct ls_ledger *out, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES;
    struct ls_param schema = {out->schema != NULL ? LS_PARAM_TEXT : LS_PARAM_NULL, out->schema};
    struct ls_result r = {0};
    enum ls_rc rc =
        ls_db_query(db,
                    is_pg ? "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                            "WHERE n.nspname = $1::name AND c.relkind IN ('r', 'p') AND c.relname !~ '^lockstep_' LIMIT 1"
                          : "SELECT 1 FROM sqlite_schema WHERE ?1 IS NULL AND type = 'table' AND name NOT GLOB 'sqlite_*' "
                            "AND name NOT GLOB 'lockstep_*' LIMIT 1",
                    &schema, 1, &r, err);

    if (rc != LS_OK)
        ls_err_wrap(err, "looking whether the database is empty");
    else if (r.n_rows > 0)
        out->variant = LS_PRISMA_NOT_EMPTY;
    ls_result_release(&r);
    return rc;
}

enum ls_rc ls_prisma_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    const struct ls_table_kind kind = {LS_PRISMA_TABLE, "Prisma", LS_LEDGER_LOG,
                                       ls_db_dialect(db) == LS_DIALECT_POSTGRES ? "t.started_at, t.id" : "t.started_at, t.rowid", read_row};
    enum ls_rc rc = ls_table_read(db, opts, &kind, out, err);

    return rc == LS_OK && !out->exists ? look_for_tables(db, out, err) : rc;
}

/* --- writing -------------------------------------------------------------------------------------------------------------- */

enum ls_rc ls_prisma_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_PRISMA_TABLE, err);

    if (table == NULL)
        return LS_E_INPUT;
    if (ctx->dialect == LS_DIALECT_SQLITE && strpbrk(table, "\".") == NULL)
        table = ls_arena_printf(ctx->plan->arena, "\"%s\"", table); /* SQLite keeps the quotes that Prisma writes here */
    return ls_record_setup(
        ctx,
        ctx->dialect == LS_DIALECT_POSTGRES
            ? "CREATE TABLE @ (\n    id                      VARCHAR(36) PRIMARY KEY NOT NULL,\n"
              "    checksum                VARCHAR(64) NOT NULL,\n    finished_at             TIMESTAMPTZ,\n"
              "    migration_name          VARCHAR(255) NOT NULL,\n    logs                    TEXT,\n"
              "    rolled_back_at          TIMESTAMPTZ,\n    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),\n"
              "    applied_steps_count     INTEGER NOT NULL DEFAULT 0\n)"
            : "CREATE TABLE @ (\n    \"id\"                    TEXT PRIMARY KEY NOT NULL,\n"
              "    \"checksum\"              TEXT NOT NULL,\n    \"finished_at\"           DATETIME,\n"
              "    \"migration_name\"        TEXT NOT NULL,\n    \"logs\"                  TEXT,\n"
              "    \"rolled_back_at\"        DATETIME,\n    \"started_at\"            DATETIME NOT NULL DEFAULT "
              "current_timestamp,\n"
              "    \"applied_steps_count\"   INTEGER UNSIGNED NOT NULL DEFAULT 0\n)",
        table);
}

/* SQLite: as the table has its times already; a new one gets the native engine's. */
static struct ls_param now(const struct ls_plan_ctx *ctx, bool is_start)
{
    const char *variant = ctx->ledger->variant;
    bool is_text = ctx->dialect == LS_DIALECT_POSTGRES || (variant != NULL && strcmp(variant, LS_PRISMA_TEXT_TIME) == 0);

    if (is_text)
        return ls_param_runtime(is_start ? LS_PARAM_STARTED_ISO : LS_PARAM_NOW_ISO);
    return ls_param_runtime(is_start ? LS_PARAM_STARTED_MS : LS_PARAM_NOW_MS);
}

static enum ls_rc refuse_step(const struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_err *err)
{
    if (ls_record_refuse_diag(ctx, "wrong-provider", err) != LS_OK)
        return LS_E_REFUSED;
    if (step->direction == LS_DOWN) {
        ls_err_set(err, LS_E_REFUSED, "Prisma has no way back: there are no down files");
        ls_err_hint(err, "write a new migration that undoes it, or restore a backup");
        return LS_E_REFUSED;
    }
    if (ctx->dialect == LS_DIALECT_SQLITE || ctx->stmts == NULL || ctx->stmts->n < 2)
        return LS_OK;
    return ls_ops_refuse_class(
        ctx, step, LS_TX_FORBIDS,
        "cannot run together with other statements: Prisma sends the script as one query, which PostgreSQL runs as one "
        "transaction; it would fail and block the ledger",
        "put this statement alone into a migration of its own", err);
}

/* No failed row about anything, and no row about this one that counts. */
static void begin(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    struct ls_param name = ls_param_text(step->id);

    ls_record_open(ctx, step, table);
    ls_record_fence(
        ctx, step,
        "SELECT NOT EXISTS (SELECT 1 FROM @ WHERE rolled_back_at IS NULL AND (finished_at IS NULL OR migration_name = ?1))", table,
        &name, 1);
}

/* The row of this run is found again by its id. */
static void add_failure(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    struct ls_param p[2] = {ls_param_runtime(LS_PARAM_ERROR), ls_param_runtime(LS_PARAM_UUID4)};

    ls_ops_on_failure(ctx, step, LS_OP_BEGIN, NULL, NULL, 0);
    ls_ops_on_failure(ctx, step, LS_OP_LEDGER, ls_record_sql(ctx, "UPDATE @ SET logs = ?1 WHERE id = ?2", table), p, 2)
        ->expect_rows = 1;
    ls_ops_on_failure(ctx, step, LS_OP_COMMIT, NULL, NULL, 0);
}

enum ls_rc ls_prisma_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                               const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_PRISMA_TABLE, err);
    struct ls_param id = ls_param_runtime(LS_PARAM_UUID4), p[4];
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    rc = refuse_step(ctx, step, err);
    if (rc != LS_OK)
        return rc;
    step->policy = ctx->dialect == LS_DIALECT_POSTGRES ? LS_POLICY_IMPLICIT : LS_POLICY_NO_TX;
    step->tx_note = ctx->dialect == LS_DIALECT_POSTGRES ? note_pg : note_sqlite;
    begin(ctx, step, table);
    p[0] = id;
    p[1] = ls_param_text(entry->migration->checksum);
    p[2] = now(ctx, true);
    p[3] = ls_param_text(step->id);
    ls_record_write(ctx, step, "INSERT INTO @ (id, checksum, started_at, migration_name) VALUES (?1, ?2, ?3, ?4)", table, p, 4, 1);
    ls_record_end(ctx, step);
    ls_record_body(ctx, step);
    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_record_write(ctx, step, "UPDATE @ SET applied_steps_count = applied_steps_count + 1 WHERE id = ?1", table, &id, 1, 1);
    p[0] = now(ctx, false);
    p[1] = id;
    ls_record_write(ctx, step, "UPDATE @ SET finished_at = ?1 WHERE id = ?2", table, p, 2, 1);
    ls_record_end(ctx, step);
    add_failure(ctx, step, table);
    return LS_OK;
}

/* `migrate resolve`: a failed row becomes history; --applied adds one that begins and ends at once. */
static void roll_back_failed(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    struct ls_param p[2] = {now(ctx, false), ls_param_text(step->id)};

    ls_record_write(ctx, step,
                    "UPDATE @ SET rolled_back_at = ?1 WHERE migration_name = ?2 AND finished_at IS NULL AND rolled_back_at IS NULL",
                    table, p, 2, -1);
}

static void insert_applied(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m)
{
    struct ls_param p[4] = {ls_param_runtime(LS_PARAM_UUID4), ls_param_text(m->checksum), now(ctx, true), ls_param_text(m->id)};

    ls_record_write(ctx, step,
                    "INSERT INTO @ (id, checksum, finished_at, migration_name, logs, started_at, applied_steps_count) VALUES (?1, "
                    "?2, ?3, ?4, '', ?3, 0)",
                    table, p, 4, 1);
}

static void open_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, bool is_failed)
{
    struct ls_param name = ls_param_text(step->id);
    const char *text =
        is_failed ? "SELECT EXISTS (SELECT 1 FROM @ WHERE migration_name = ?1 AND finished_at IS NULL AND rolled_back_at IS NULL)"
                  : "SELECT NOT EXISTS (SELECT 1 FROM @ WHERE migration_name = ?1 AND rolled_back_at IS NULL)";

    ls_record_open(ctx, step, table);
    ls_record_fence(ctx, step, text, table, &name, 1);
}

enum ls_rc ls_prisma_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                               struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_PRISMA_TABLE, err);
    bool is_failed = entry != NULL && entry->row != NULL && entry->row->state == LS_ROW_FAILED;

    if (table == NULL)
        return LS_E_INPUT;
    step->tx_note = "Only the ledger is written, as prisma migrate resolve does.";
    if (entry == NULL || (!applied && ls_record_is_applied(entry))) {
        if (entry == NULL && ctx->ledger->rows.n == 0)
            return LS_OK;
        ls_err_set(err, LS_E_REFUSED, "a migration that is recorded as applied cannot be marked as rolled back (P3012)");
        ls_err_hint(err, "Prisma resolves failed ones only");
        return LS_E_REFUSED;
    }
    if (applied ? ls_record_is_applied(entry) : !is_failed)
        return LS_OK;
    if (applied && (entry->migration == NULL || entry->migration->checksum == NULL)) {
        ls_err_set(err, LS_E_REFUSED, "there is no migration.sql of %s whose checksum could be recorded (P3017)", entry->id);
        ls_err_hint(err, "bring the folder back");
        return LS_E_REFUSED;
    }
    open_mark(ctx, step, table, is_failed);
    if (is_failed)
        roll_back_failed(ctx, step, table);
    if (applied)
        insert_applied(ctx, step, table, entry->migration);
    ls_record_end(ctx, step);
    return LS_OK;
}
