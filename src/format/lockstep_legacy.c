/* A schema_version(version) table of an older, hand-made tool: read, and imported once. It is never written. */
#include <config.h>

#include "format/lockstep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"

static const char table_sql[] = LS_LEGACY_TABLE;

static enum ls_rc name_of(struct ls_buf *out, enum ls_dialect d, const char *schema, struct ls_err *err)
{
    return ls_table_sql(out, d, schema, table_sql, err);
}

/* Imported already: the ledger has a row that the import wrote, or one for a version that the old table names. */
static bool is_imported(const struct ls_ledger *l)
{
    for (size_t i = 0; i < l->rows.n; i++) {
        const struct ls_ledger_row *row = &l->rows.v[i];

        if (row->description != NULL && strcmp(row->description, LS_LEGACY_NOTE) == 0)
            return true;
        for (size_t k = 0; k < l->legacy_versions.n; k++)
            if (l->legacy_versions.v[k] == row->version)
                return true;
    }
    return false;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

enum ls_rc ls_legacy_read(struct ls_db *db, struct ls_ledger *out, struct ls_err *err)
{
    enum ls_dialect d = ls_db_dialect(db);
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    enum ls_rc rc;

    ls_buf_adds(&sql, "SELECT CAST(version AS text) FROM ");
    rc = name_of(&sql, d, out->schema, err);
    if (rc != LS_OK)
        goto out;
    ls_buf_adds(&sql, " AS l ORDER BY l.version"); /* the column, not the text of it that is selected */
    rc = ls_db_query(db, sql.ptr, NULL, 0, &r, err);
    if (rc != LS_OK) {
        ls_err_wrap(err, "reading the older ledger " LS_LEGACY_TABLE);
        goto out;
    }
    for (size_t i = 0; i < r.n_rows; i++) {
        const char *text = ls_result_get(&r, i, 0);
        uint64_t version;

        if (ls_table_version(text, &version))
            *LS_VEC_PUSH(&out->legacy_versions) = version;
        else
            out->legacy_odd = ls_arena_str(out->arena, text != NULL ? text : "NULL");
    }
    if (out->legacy_versions.n > 1) /* the column may be text */
        qsort(out->legacy_versions.v, out->legacy_versions.n, sizeof(out->legacy_versions.v[0]), by_number);
    /* A single 0 is how such tools say "nothing applied". */
    out->has_legacy = r.n_rows > 0 && !(r.n_rows == 1 && out->legacy_versions.n == 1 && out->legacy_versions.v[0] == 0) && !is_imported(out);
out:
    ls_result_release(&r);
    ls_buf_release(&sql);
    return rc;
}

static void add_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, uint64_t version, const char *name)
{
    ls_lockstep_write(ctx, step, table,
                      &(struct ls_lockstep_row){.version = ls_arena_printf(ctx->plan->arena, "%" PRIu64, version),
                                                 .name = name,
                                                 .description = LS_LEGACY_NOTE,
                                                 .status = "applied",
                                                 .applied_by = ctx->operator_name},
                       NULL);
}

static const char *name_in(struct ls_arena *arena, const struct ls_timeline *t, uint64_t version)
{
    long i = ls_timeline_find_id(t, ls_arena_printf(arena, "%" PRIu64, version));

    return i >= 0 ? t->e.v[i].name : "";
}

static void fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *legacy)
{
    struct ls_param n = ls_param_int(ls_arena_printf(ctx->plan->arena, "%zu", ctx->ledger->legacy_versions.n));

    ls_record_fence(ctx, step,
                    ctx->dialect == LS_DIALECT_POSTGRES ? "SELECT count(*) = ?1::bigint FROM @" : "SELECT count(*) = CAST(?1 AS INTEGER) FROM @",
                    legacy, &n, 1);
}

enum ls_rc ls_lockstep_plan_import(struct ls_plan_ctx *ctx, struct ls_step *step, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_LOCKSTEP_TABLE, err);
    const struct ls_timeline *t = ctx->timeline;
    const struct ls_ledger *l = ctx->ledger;
    struct ls_buf legacy = LS_BUF_INIT;

    if (table == NULL || name_of(&legacy, ctx->dialect, l->schema, err) != LS_OK)
        return LS_E_INPUT;
    if (l->legacy_odd != NULL) {
        ls_buf_release(&legacy);
        ls_err_set(err, LS_E_INPUT, LS_LEGACY_TABLE " holds the version \"%s\", which is no number", l->legacy_odd);
        ls_err_hint(err, "mark the versions that are applied one by one instead: lockstep mark VERSION applied");
        return LS_E_INPUT;
    }
    step->tx_note = "Only the ledger is written, in one transaction; " LS_LEGACY_TABLE " stays as it is.";
    ls_record_open(ctx, step, table);
    fence(ctx, step, legacy.ptr);
    ls_buf_release(&legacy);
    /* One row is a cursor: everything up to it is applied. Several rows are a list. */
    for (size_t i = 0; l->legacy_versions.n == 1 && i < t->e.n; i++)
        if (t->e.v[i].version < l->legacy_versions.v[0] && t->e.v[i].row == NULL && t->e.v[i].state != LS_STATE_DUPLICATE)
            add_row(ctx, step, table, t->e.v[i].version, t->e.v[i].name);
    for (size_t i = 0; i < l->legacy_versions.n; i++)
        if (i == 0 || l->legacy_versions.v[i] != l->legacy_versions.v[i - 1])
            add_row(ctx, step, table, l->legacy_versions.v[i], name_in(ctx->plan->arena, t, l->legacy_versions.v[i]));
    ls_record_end(ctx, step);
    return LS_OK;
}
