/* The table of heads. Facts: formats.md 4.3. */
#include <config.h>

#include "format/alembic.h"

#include "format/table.h"

/* Where env.py says that it is, unless the caller does. */
static const char *table_of(struct ls_arena *arena, const struct ls_format_opts *opts)
{
    struct ls_alembic_conf c;

    if (opts == NULL || opts->dir == NULL || (opts->table != NULL && opts->table[0] != '\0'))
        return LS_ALEMBIC_TABLE;
    ls_alembic_conf_read(arena, opts->dir, &c);
    return c.table != NULL ? c.table : LS_ALEMBIC_TABLE;
}

enum ls_rc ls_alembic_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    struct ls_arena *scratch = ls_arena_new();
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, table_of(scratch, opts), "Alembic", out, &look, err);

    out->shape = LS_LEDGER_HEADS;
    if (rc == LS_OK && look.exists && out->foreign == NULL) {
        rc = ls_table_rows(db, &look, "t.version_num", out, err);
        for (size_t i = 0; i < out->rows.n; i++) {
            const char *id = ls_table_cell(out, &out->rows.v[i], "version_num");

            out->rows.v[i].id = id != NULL ? id : "";
            *LS_VEC_PUSH(&out->heads) = out->rows.v[i].id;
        }
    }
    ls_arena_free(scratch);
    return rc;
}
