/* golang-migrate's order of events: formats.md 4.1 and 5 (source: migrate.go runMigrations, database/postgres, database/sqlite3 SetVersion). */
#include <config.h>

#include "format/golang.h"

#include <string.h>

#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"

static const char note_pg_many[] = "golang-migrate sends the file as one query: PostgreSQL runs it as one implicit transaction, so a failure leaves "
                                   "nothing of it, but the ledger, written before in its own transaction, stays dirty.";
static const char note_pg_one[] = "One statement, sent on its own outside a transaction block, between two ledger transactions; after a failure "
                                  "the ledger stays dirty.";
static const char note_sqlite[] = "The file runs in one transaction of its own, between two ledger transactions: a failure leaves nothing of it, "
                                  "but the ledger stays dirty.";
static const char note_own[] = "The file has transaction commands of its own: what it commits before a failure stays, and the ledger, written before in "
                               "its own transaction, stays dirty.";
static const char note_empty[] = "There is nothing to run: golang-migrate only moves its cursor.";

enum ls_rc ls_golang_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_GOLANG_TABLE, err);

    if (ctx->dialect == LS_DIALECT_POSTGRES)
        return ls_record_setup(ctx, "CREATE TABLE IF NOT EXISTS @ (version bigint not null primary key, dirty boolean not null)", table);
    if (table == NULL)
        return LS_E_INPUT;
    ls_ops_add(ctx, NULL, LS_OP_BEGIN);
    ls_record_write(ctx, NULL, "CREATE TABLE IF NOT EXISTS @ (version uint64,dirty bool)", table, NULL, 0, -1);
    ls_record_write(ctx, NULL, "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON @ (version)", table, NULL, 0, -1);
    ls_ops_add(ctx, NULL, LS_OP_COMMIT);
    return LS_OK;
}

/* What the ledger must say before the first write of a step: "VERSION|DIRTY" as the database prints it, "" for no row. */
static const char *expected(const struct ls_plan_ctx *ctx, const struct ls_step *step)
{
    struct ls_arena *arena = ctx->plan->arena;
    const char *clean = ctx->dialect == LS_DIALECT_POSTGRES ? "false" : "0";
    const struct ls_ledger *l = ctx->ledger;

    if (ctx->prev != NULL)
        return ls_arena_printf(arena, "%s|%s", ctx->prev->direction == LS_UP ? ctx->prev->id : step->id, clean);
    if (l->rows.n == 0)
        return "";
    return ls_arena_printf(arena, "%s|%s", l->rows.v[0].id, l->rows.v[0].raw_status != NULL ? l->rows.v[0].raw_status : "");
}

/* The tool's SetVersion, as one transaction, behind a fence of ours: the ledger is in that state. version NULL: no row. */
static void set_version(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *version, bool dirty, const char *state)
{
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;
    struct ls_param old = ls_param_text(state), row[2] = {ls_param_int(version), ls_param_bool(dirty)};

    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_record_fence(ctx, step,
                    is_pg ? "SELECT coalesce((SELECT version::text || '|' || dirty::text FROM @ LIMIT 1), '') = ?1"
                          : "SELECT coalesce((SELECT version || '|' || coalesce(dirty, '') FROM @ LIMIT 1), '') = ?1",
                    table, &old, 1);
    ls_record_write(ctx, step, is_pg ? "TRUNCATE @" : "DELETE FROM @", table, NULL, 0, -1);
    if (version != NULL)
        ls_record_write(ctx, step, "INSERT INTO @ (version, dirty) VALUES (?1, ?2)", table, row, 2, 1);
    ls_record_end(ctx, step);
}

/* What the tool would meet at run time, and be left dirty by, is refused beforehand. */
static enum ls_rc refuse_hopeless(struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_err *err)
{
    if (ctx->dialect == LS_DIALECT_SQLITE)
        return ls_ops_refuse_class(ctx, step, LS_TX_FORBIDS,
                                   "cannot run inside the transaction that golang-migrate puts around a SQLite file; it would fail and leave the "
                                   "database dirty",
                                   "run it by hand, or take it out of the file", err);
    if (ctx->stmts->n == 1)
        return LS_OK;
    return ls_ops_refuse_class(ctx, step, LS_TX_FORBIDS,
                               "cannot run together with other statements: golang-migrate sends the file as one query, which PostgreSQL runs as one "
                               "transaction; it would fail and leave the database dirty",
                               "put this statement alone into a migration of its own", err);
}

static const char *note_of(const struct ls_plan_ctx *ctx)
{
    for (size_t i = 0; i < ctx->stmts->n; i++)
        if (ctx->stmts->v[i].tx == LS_TX_CONTROLS)
            return note_own;
    if (ctx->dialect == LS_DIALECT_SQLITE)
        return note_sqlite;
    return ctx->stmts->n == 1 ? note_pg_one : note_pg_many;
}

static void add_body(struct ls_plan_ctx *ctx, struct ls_step *step)
{
    bool is_sqlite = ctx->dialect == LS_DIALECT_SQLITE;

    step->n_statements = (int)ctx->stmts->n;
    step->tx_note = note_of(ctx);
    if (is_sqlite)
        ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_ops_batch(ctx, step);
    if (is_sqlite)
        ls_ops_add(ctx, step, LS_OP_COMMIT);
}

enum ls_rc ls_golang_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                               struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_GOLANG_TABLE, err);
    const char *target = step->direction == LS_UP ? step->id : prev_applied != NULL ? prev_applied->migration->id : NULL;
    const char *begun = target != NULL ? target : "-1"; /* a failed down of the very first migration is remembered as (-1, true) */

    (void)entry;
    if (table == NULL)
        return LS_E_INPUT;
    step->policy = ctx->dialect == LS_DIALECT_POSTGRES ? LS_POLICY_IMPLICIT : LS_POLICY_TX;
    step->tx_note = note_empty;
    if (ctx->stmts != NULL && ctx->stmts->n > 0 && refuse_hopeless(ctx, step, err) != LS_OK)
        return LS_E_REFUSED;
    set_version(ctx, step, table, begun, true, expected(ctx, step));
    if (ctx->stmts != NULL && ctx->stmts->n > 0)
        add_body(ctx, step);
    set_version(ctx, step, table, target, false,
                ls_arena_printf(ctx->plan->arena, "%s|%s", begun, ctx->dialect == LS_DIALECT_POSTGRES ? "true" : "1"));
    return LS_OK;
}

/* The newest file below a version, which is where the cursor stands once that version is not applied. */
static const struct ls_entry *file_below(const struct ls_timeline *t, const struct ls_entry *entry)
{
    const struct ls_entry *found = NULL;

    for (const struct ls_entry *e = t->e.v; e < entry; e++)
        if (e->migration != NULL && e->version < entry->version)
            found = e;
    return found;
}

enum ls_rc ls_golang_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_GOLANG_TABLE, err), *target = NULL;
    const struct ls_ledger *l = ctx->ledger;
    bool is_clean = l->rows.n <= 1 && !l->dirty;
    bool cursor_below = !l->has_cursor || l->cursor_is_nil || (entry != NULL && l->cursor < entry->version);

    if (table == NULL)
        return LS_E_INPUT;
    if (entry != NULL && !applied && is_clean && cursor_below)
        return LS_OK; /* it is pending */
    if (entry != NULL && applied) {
        target = step->id;
    } else if (entry != NULL) {
        const struct ls_entry *below = file_below(ctx->timeline, entry);

        target = below != NULL ? below->migration->id : NULL;
    }
    if (is_clean && (target == NULL ? l->rows.n == 0 : l->rows.n == 1 && strcmp(l->rows.v[0].id, target) == 0))
        return LS_OK; /* the ledger says so already */
    step->tx_note = "Only the ledger's one row is written, as golang-migrate's force does; no migration runs.";
    set_version(ctx, step, table, target, false, expected(ctx, step));
    return LS_OK;
}
