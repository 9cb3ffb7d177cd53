/* How lockstep's own format runs a migration: its ledger row is written in the migration's own transaction; without one, an intent goes first
 * and the completion after (reliability.md 2.2, 2.4). */
#include <config.h>

#include "format/lockstep.h"

#include <string.h>

#include "format/directive.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/base/file.h"

static const char note_tx[] = "One transaction holds the statements and the ledger row: a failure leaves nothing.";
static const char note_no_tx[] = "No transaction (the file says so): the ledger first says failed, each statement commits on its own, then it says "
                                 "applied. A failure leaves what came before it, and the version dirty.";

/* Another operator may make it first; then the fence in front of the first row tells. */
static const char create_pg[] = "CREATE TABLE IF NOT EXISTS @ (version bigint NOT NULL PRIMARY KEY, name text NOT NULL, description text, "
                                "applied_at timestamptz, applied_by text, duration_ms bigint, checksum text, "
                                "status text NOT NULL CHECK (status IN ('applied', 'rolled_back', 'failed')))";
static const char create_sqlite[] = "CREATE TABLE IF NOT EXISTS @ (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT, "
                                    "applied_at TEXT, applied_by TEXT, duration_ms INTEGER, checksum TEXT, "
                                    "status TEXT NOT NULL CHECK (status IN ('applied', 'rolled_back', 'failed')))";

enum ls_rc ls_lockstep_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_record_setup(ctx, ctx->dialect == LS_DIALECT_POSTGRES ? create_pg : create_sqlite, ls_table_sql_of(ctx, LS_LOCKSTEP_TABLE, err));
}

void ls_lockstep_write(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_lockstep_row *row, const char *old_status)
{
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;
    const char *now = !row->has_time ? "NULL" : is_pg ? "pg_catalog.clock_timestamp()" : "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    struct ls_param duration = row->has_duration ? ls_param_int(LS_PARAM_DURATION_MS) : (struct ls_param){LS_PARAM_NULL, NULL};
    struct ls_param p[] = {ls_param_int(row->version),     ls_param_text(row->name), ls_param_text(row->description),
                           ls_param_text(row->applied_by), duration,                 ls_param_text(row->checksum),
                           ls_param_text(row->status),     ls_param_text(old_status)};
    const char *text;

    if (old_status == NULL)
        text = ls_arena_printf(ctx->plan->arena,
                               "INSERT INTO @ (version, name, description, applied_by, duration_ms, checksum, status, applied_at) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, %s) ON CONFLICT (version) DO NOTHING",
                               now);
    else
        text = ls_arena_printf(ctx->plan->arena,
                               "UPDATE @ SET name = ?2, description = ?3, applied_by = ?4, duration_ms = ?5, checksum = ?6, status = ?7, "
                               "applied_at = %s WHERE version = ?1 AND status = ?8",
                               now);
    ls_record_write(ctx, step, text, table, p, old_status != NULL ? 8 : 7, 1);
}

static const char *old_status(const struct ls_entry *entry)
{
    return entry->row != NULL ? (entry->row->raw_status != NULL ? entry->row->raw_status : "") : NULL;
}

/* The row's status from `from` to `to`; nothing else of it changes but, with has_duration, its duration. */
static void set_status(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *from, const char *to, bool has_duration)
{
    struct ls_param p[] = {ls_param_int(step->id), ls_param_text(from), ls_param_text(to), ls_param_int(LS_PARAM_DURATION_MS)};

    if (has_duration)
        ls_record_write(ctx, step, "UPDATE @ SET status = ?3, duration_ms = ?4 WHERE version = ?1 AND status = ?2", table, p, 4, 1);
    else
        ls_record_write(ctx, step, "UPDATE @ SET status = ?3 WHERE version = ?1 AND status = ?2", table, p, 3, 1);
}

/* SQLite: the version's status is still what the plan was made from; "" stands for no row. It also tells after a lost COMMIT whether it was done. On
 * PostgreSQL the row's own write says so (exactly one row must be hit, under the table's lock), and a round of planning is saved. */
static void fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *status)
{
    struct ls_param p[] = {ls_param_int(step->id), ls_param_text(status != NULL ? status : "")};

    if (ctx->dialect == LS_DIALECT_SQLITE)
        ls_record_fence(ctx, step, "SELECT coalesce((SELECT status FROM @ WHERE version = ?1), '') = ?2", table, p, 2);
}

static struct ls_lockstep_row row_of(struct ls_plan_ctx *ctx, const struct ls_step *step, const char *text, size_t len, const char *status)
{
    struct ls_lockstep_row row = {.version = step->id, .name = step->name, .status = status, .applied_by = ctx->operator_name, .has_time = true};
    struct ls_directives d;

    if (text != NULL) {
        ls_directives_read(text, len, &d);
        if (d.description.len > 0)
            row.description = ls_arena_strn(ctx->plan->arena, d.description.ptr, d.description.len);
    }
    return row;
}

static void plan_tx(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_entry *entry)
{
    step->tx_note = note_tx;
    ls_record_open(ctx, step, table);
    fence(ctx, step, table, old_status(entry));
    ls_ops_statements(ctx, step);
    /* Deferred errors come out here, in front of the row, and not at COMMIT (reliability.md 2.2, step 7). */
    if (ctx->dialect == LS_DIALECT_POSTGRES)
        ls_ops_sql(ctx, step, LS_OP_LEDGER, "SET CONSTRAINTS ALL IMMEDIATE", NULL, 0);
    if (step->direction == LS_UP) {
        struct ls_lockstep_row row = row_of(ctx, step, step->text, step->text_len, "applied");

        row.checksum = step->sha256;
        row.has_duration = true;
        ls_lockstep_write(ctx, step, table, &row, old_status(entry));
    } else {
        set_status(ctx, step, table, "applied", "rolled_back", false);
    }
    ls_record_end(ctx, step);
}

static void plan_no_tx(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_entry *entry)
{
    step->tx_note = note_no_tx;
    ls_record_open(ctx, step, table);
    fence(ctx, step, table, old_status(entry));
    if (step->direction == LS_UP) {
        struct ls_lockstep_row row = row_of(ctx, step, step->text, step->text_len, "failed");

        row.checksum = step->sha256;
        ls_lockstep_write(ctx, step, table, &row, old_status(entry));
    } else {
        set_status(ctx, step, table, "applied", "failed", false);
    }
    ls_record_end(ctx, step);
    ls_ops_statements(ctx, step);
    ls_record_open(ctx, step, table);
    fence(ctx, step, table, "failed");
    set_status(ctx, step, table, "failed", step->direction == LS_UP ? "applied" : "rolled_back", step->direction == LS_UP);
    ls_record_end(ctx, step);
}

/* SQLite ignores or refuses these pragmas inside a transaction, foreign_keys without a word (reliability.md V10). */
static enum ls_rc refuse_pragma(const struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_err *err)
{
    for (size_t i = 0; ctx->dialect == LS_DIALECT_SQLITE && i < ctx->stmts->n; i++) {
        const struct ls_stmt *s = &ctx->stmts->v[i];

        if (!ls_sql_is_outer_pragma(step->text + s->start, s->end - s->start))
            continue;
        ls_err_set(err, LS_E_REFUSED, "%s:%d: statement %zu of %zu is a pragma that SQLite does not obey inside a transaction", step->path, s->line,
                   i + 1, ctx->stmts->n);
        ls_err_hint(err, "put \"-- lockstep: no-transaction\" into the file's first lines and write BEGIN IMMEDIATE and COMMIT there yourself, or move "
                         "it into a migration of its own");
        if (err != NULL) {
            err->statement = (int)i + 1;
            err->line = s->line;
            err->col = s->col;
        }
        return LS_E_REFUSED;
    }
    return LS_OK;
}

static enum ls_rc check_statements(struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_err *err)
{
    enum ls_rc rc;

    if (ctx->stmts == NULL || step->policy == LS_POLICY_NO_TX)
        return LS_OK;
    rc = ls_ops_refuse_class(ctx, step, LS_TX_FORBIDS, "cannot run inside a transaction",
                             "put \"-- lockstep: no-transaction\" into the file's first lines, best with this statement alone in the file", err);
    if (rc == LS_OK)
        rc = ls_ops_refuse_class(ctx, step, LS_TX_CONTROLS, "controls transactions, and lockstep runs the file in a transaction of its own",
                                 "take it out: lockstep begins and commits by itself", err);
    return rc == LS_OK ? refuse_pragma(ctx, step, err) : rc;
}

static enum ls_rc read_policy(struct ls_step *step, struct ls_err *err)
{
    struct ls_directives d;

    ls_directives_read(step->text, step->text_len, &d);
    step->policy = d.no_transaction ? LS_POLICY_NO_TX : LS_POLICY_TX;
    if (d.unknown.len == 0)
        return LS_OK;
    ls_err_set(err, LS_E_INPUT, "%s:%d: \"%.*s\" is no directive", step->path, d.unknown_line, (int)d.unknown.len, d.unknown.ptr);
    ls_err_hint(err, "did you mean \"%s\"?", d.nearest != NULL ? d.nearest : "no-transaction");
    return LS_E_INPUT;
}

enum ls_rc ls_lockstep_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                                 struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_LOCKSTEP_TABLE, err);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    if (step->text == NULL) {
        ls_err_set(err, LS_E_REFUSED, "version %s has no %s file", step->label, step->direction == LS_UP ? "up" : "down");
        ls_err_hint(err, step->direction == LS_UP ? "write it, or mark the version applied if its changes are there"
                                                  : "write one, or mark the version pending once its changes were taken back by hand");
        return LS_E_REFUSED;
    }
    rc = read_policy(step, err);
    if (rc == LS_OK)
        rc = check_statements(ctx, step, err);
    if (rc != LS_OK)
        return rc;
    step->n_statements = ctx->stmts != NULL ? (int)ctx->stmts->n : 0;
    if (step->policy == LS_POLICY_NO_TX)
        plan_no_tx(ctx, step, table, entry);
    else
        plan_tx(ctx, step, table, entry);
    return LS_OK;
}

static enum ls_rc mark_applied(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_entry *entry, struct ls_err *err)
{
    const char *path = entry->migration != NULL ? entry->migration->up.path : NULL;
    struct ls_lockstep_row row;
    struct ls_buf text = LS_BUF_INIT;
    char sha256[LS_SHA256_HEX];
    enum ls_rc rc = LS_OK;

    if (path != NULL)
        rc = ls_file_read(path, 0, 0, &text, err);
    if (rc != LS_OK)
        goto out;
    row = row_of(ctx, step, path != NULL ? text.ptr : NULL, text.len, "applied");
    if (path != NULL) {
        ls_sha256_hex(text.ptr, text.len, sha256);
        row.checksum = ls_arena_str(ctx->plan->arena, sha256);
    } else if (entry->row != NULL) {
        row.name = entry->row->name;
        row.description = entry->row->description;
        row.checksum = entry->row->checksum;
    }
    ls_record_open(ctx, step, table);
    fence(ctx, step, table, old_status(entry));
    ls_lockstep_write(ctx, step, table, &row, old_status(entry));
    ls_record_end(ctx, step);
out:
    ls_buf_release(&text);
    return rc;
}

enum ls_rc ls_lockstep_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_LOCKSTEP_TABLE, err);

    if (table == NULL)
        return LS_E_INPUT;
    if (entry == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "lockstep's own ledger has a row per version: mark one version pending after the other");
    step->tx_note = "Only the ledger is written, in one transaction; no migration runs.";
    if (applied)
        return entry->state == LS_STATE_APPLIED ? LS_OK : mark_applied(ctx, step, table, entry, err);
    if (entry->row == NULL || entry->row->state == LS_ROW_ROLLED_BACK)
        return LS_OK; /* it is pending */
    ls_record_open(ctx, step, table);
    fence(ctx, step, table, old_status(entry));
    set_status(ctx, step, table, entry->row->raw_status, "rolled_back", false);
    ls_record_end(ctx, step);
    return LS_OK;
}
