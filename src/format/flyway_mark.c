/* Marks in Flyway's history, each as one of its own commands would write it: baseline, migrate -skipExecutingMigrations, and the
 * parts of repair. Facts: formats.md 4.6; DbRepair.java, JdbcTableSchemaHistory.java, Database.java getBaselineStatement. */
#include <config.h>

#include "format/flyway.h"

#include <string.h>

#include "format/marked.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"

#define TITLE LS_FLYWAY_TITLE

static const char *rank_of(const struct ls_plan_ctx *ctx, const struct ls_ledger_row *row)
{
    const char *rank = ls_table_cell(ctx->ledger, row, "installed_rank");

    return rank != NULL ? rank : "-1";
}

/* The history ends where it ended when it was read. */
static void begin(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    const struct ls_ledger *l = ctx->ledger;
    struct ls_param p = ls_param_int(l->rows.n > 0 ? rank_of(ctx, &l->rows.v[l->rows.n - 1]) : "-1");

    ls_record_open(ctx, step, table);
    ls_ops_fence(ctx, step, ls_record_sql(ctx, "SELECT coalesce(max(\"installed_rank\"), -1) = ?1 FROM @", table), &p, 1);
}

static void add_baseline(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m)
{
    struct ls_flyway_row row = {
        .version = m->label, .description = "<< Flyway Baseline >>", .type = "BASELINE", .script = "<< Flyway Baseline >>"};

    step->tx_note = "What flyway baseline writes: everything up to this version is taken for applied. Nothing runs.";
    ls_flyway_insert(ctx, step, table, &row);
}

static void add_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m)
{
    struct ls_flyway_row row = {.version = m->kind == LS_KIND_REPEATABLE ? NULL : m->label,
                                .description = m->name,
                                .type = "SQL",
                                .script = ls_flyway_script(ctx->migrations, m),
                                .checksum = m->checksum};

    step->tx_note = "What flyway migrate -skipExecutingMigrations=true writes: the row without the run.";
    ls_flyway_insert(ctx, step, table, &row);
}

static void delete_failed(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_ledger_row *row)
{
    struct ls_param p = ls_param_int(rank_of(ctx, row));

    step->tx_note = "What flyway repair writes: the row of the failure goes, and the migration is pending again. Nothing runs.";
    ls_record_write(ctx, step,
                    ls_arena_printf(ctx->plan->arena, "DELETE FROM @ WHERE \"success\" = %s AND \"installed_rank\" = ?1",
                                    ctx->dialect == LS_DIALECT_POSTGRES ? "false" : "0"),
                    table, &p, 1, 1);
}

static void update_checksum(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_entry *entry)
{
    const struct ls_migration *m = entry->migration;
    struct ls_param p[4] = {ls_param_text(m->name), ls_param_text("SQL"), ls_param_int(m->checksum),
                            ls_param_int(rank_of(ctx, entry->row))};

    step->tx_note = "What flyway repair writes: the file as it is now is the one that was applied. Nothing runs.";
    ls_record_write(ctx, step, "UPDATE @ SET \"description\" = ?1, \"type\" = ?2, \"checksum\" = ?3 WHERE \"installed_rank\" = ?4",
                    table, p, 4, 1);
}

/* A tombstone behind the row, which stays. */
static void add_tombstone(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_ledger_row *row)
{
    const char *script = ls_table_cell(ctx->ledger, row, "script");
    struct ls_flyway_row out = {.version = ls_table_cell(ctx->ledger, row, "version"),
                                .description = row->description != NULL ? row->description : "",
                                .type = "DELETE",
                                .script = script != NULL ? script : "",
                                .checksum = row->checksum};

    step->tx_note = "What flyway repair writes: a row that says that the missing migration is gone for good. Nothing runs.";
    ls_flyway_insert(ctx, step, table, &out);
}

/* --- what the tool has no command for ------------------------------------------------------------------------------------- */

static bool has_rows(const struct ls_ledger *l)
{
    for (size_t i = 0; i < l->rows.n; i++)
        if (l->rows.v[i].state != LS_ROW_MARKER)
            return true;
    return false;
}

static enum ls_rc check_applied(const struct ls_plan_ctx *ctx, const struct ls_entry *entry, struct ls_err *err)
{
    const struct ls_migration *m = entry->migration;

    if (m == NULL || (m->kind != LS_KIND_VERSIONED && m->kind != LS_KIND_REPEATABLE))
        return ls_err_set(err, LS_E_REFUSED, "there is no migration %s to be marked applied", entry->id);
    if (m->checksum == NULL) {
        ls_err_set(err, LS_E_REFUSED, "the checksum of %s needs values that only " TITLE " knows", m->up.path);
        ls_err_hint(err, "run it with flyway migrate");
        return LS_E_REFUSED;
    }
    for (const struct ls_entry *e = ctx->timeline->e.v; e < entry && has_rows(ctx->ledger) && m->kind == LS_KIND_VERSIONED; e++) {
        if (e->migration == NULL || e->migration->kind != LS_KIND_VERSIONED || e->row != NULL || e->state == LS_STATE_APPLIED)
            continue;
        ls_err_set(err, LS_E_REFUSED, "%s in front of it is not applied: with %s in the history, " TITLE " would refuse everything",
                   e->label, entry->label);
        ls_err_hint(err, "mark %s applied first", e->label);
        return LS_E_REFUSED;
    }
    return LS_OK;
}

static enum ls_rc refuse_pending(const struct ls_entry *entry, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, TITLE " has no command that takes %s out of its history: undo is of its paid editions",
               entry->label);
    ls_err_hint(err, "write a new migration that undoes it, or restore a backup");
    return LS_E_REFUSED;
}

enum ls_rc ls_flyway_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                               struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, LS_FLYWAY_TABLE, err);
    enum ls_rc rc = LS_OK;
    bool is_failed;

    if (table == NULL)
        return LS_E_INPUT;
    if (entry == NULL)
        return ls_err_set(err, LS_E_REFUSED, TITLE " has no command that empties its history");
    is_failed = entry->row != NULL && entry->row->state == LS_ROW_FAILED;
    if (entry->state == LS_STATE_APPLIED && applied)
        return LS_OK;
    if (entry->row == NULL && !applied && entry->state != LS_STATE_APPLIED)
        return LS_OK;
    if (applied)
        rc = check_applied(ctx, entry, err);
    else if (!is_failed && entry->state != LS_STATE_MISSING)
        rc = refuse_pending(entry, err);
    if (rc != LS_OK)
        return rc;
    begin(ctx, step, table);
    if (is_failed)
        delete_failed(ctx, step, table, entry->row);
    if (!applied && !is_failed)
        add_tombstone(ctx, step, table, entry->row);
    else if (applied && entry->state == LS_STATE_MODIFIED)
        update_checksum(ctx, step, table, entry);
    else if (applied && !has_rows(ctx->ledger) && entry->migration->kind == LS_KIND_VERSIONED)
        add_baseline(ctx, step, table, entry->migration);
    else if (applied)
        add_row(ctx, step, table, entry->migration);
    ls_record_end(ctx, step);
    return LS_OK;
}
