/* Reading a whole ledger table, whatever columns it has, so that nothing of it is lost. */
#include <config.h>

#include "format/table.h"

#include <string.h>

#include "lockstep/sql/quote.h"

static const char columns_pg[] = "SELECT a.attname, a.atttypid::pg_catalog.regtype::text FROM pg_catalog.pg_attribute a "
                                 "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                                 "WHERE n.nspname = $1::name AND c.relname = $2::name AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/* Times are turned to UTC here: the session's TimeZone and DateStyle are not ours to set while reading. What to_char leaves empty (infinity) stays as
 * the server writes it. */
static const struct {
    const char *type, *before, *after;
} forms[] = {
    {"timestamp with time zone", "coalesce(nullif(pg_catalog.to_char(", " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), ''), "},
    {"timestamp without time zone", "coalesce(nullif(pg_catalog.to_char(", ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), ''), "},
};

static enum ls_rc add_column(struct ls_buf *sql, const char *name, const char *type, struct ls_err *err)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(forms); i++) {
        enum ls_rc rc;

        if (strcmp(type, forms[i].type) != 0)
            continue;
        ls_buf_adds(sql, forms[i].before);
        rc = ls_sql_ident(sql, name, err);
        ls_buf_adds(sql, forms[i].after);
        if (rc == LS_OK)
            rc = ls_sql_ident(sql, name, err);
        ls_buf_adds(sql, "::text) AS ");
        return rc == LS_OK ? ls_sql_ident(sql, name, err) : rc;
    }
    return ls_sql_ident(sql, name, err);
}

static enum ls_rc select_list(struct ls_db *db, const struct ls_table_look *look, struct ls_buf *sql, struct ls_err *err)
{
    struct ls_param params[2] = {{LS_PARAM_TEXT, look->schema}, {LS_PARAM_TEXT, look->table}};
    struct ls_result r = {0};
    enum ls_rc rc;

    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES) {
        ls_buf_addc(sql, '*');
        return LS_OK;
    }
    rc = ls_db_query(db, columns_pg, params, 2, &r, err);
    for (size_t i = 0; rc == LS_OK && i < r.n_rows; i++) {
        if (i > 0)
            ls_buf_adds(sql, ", ");
        rc = add_column(sql, ls_result_get(&r, i, 0), ls_result_get(&r, i, 1), err);
    }
    if (rc == LS_OK && r.n_rows == 0)
        rc = ls_err_set(err, LS_E_INPUT, "the table %s has no columns", look->table);
    ls_result_release(&r);
    return rc;
}

static void keep(struct ls_ledger *l, const struct ls_result *r)
{
    size_t n = (size_t)r->n_cols;
    const char **names = LS_ARENA_ARRAY(l->arena, const char *, n + 1);

    for (size_t k = 0; k < n; k++)
        names[k] = ls_arena_str(l->arena, r->names[k]);
    l->raw_names = names;
    l->n_raw = n;
    for (size_t i = 0; i < r->n_rows; i++) {
        struct ls_ledger_row *row = LS_VEC_PUSH(&l->rows);
        const char **cells = LS_ARENA_ARRAY(l->arena, const char *, n + 1);

        for (size_t k = 0; k < n; k++)
            cells[k] = ls_arena_str(l->arena, ls_result_get(r, i, (int)k));
        row->raw = cells;
        row->id = "";
        row->duration_ms = -1;
    }
}

enum ls_rc ls_table_rows(struct ls_db *db, const struct ls_table_look *look, const char *order_by, struct ls_ledger *ledger, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    enum ls_rc rc;

    ls_buf_adds(&sql, "SELECT ");
    rc = select_list(db, look, &sql, err);
    if (rc != LS_OK)
        goto out;
    ls_buf_adds(&sql, " FROM ");
    rc = ls_table_sql(&sql, ls_db_dialect(db), look->schema, look->table, err);
    if (rc != LS_OK)
        goto out;
    /* "t.column" in order_by is the column itself, where the select list's name would be its text. */
    ls_buf_adds(&sql, " AS t");
    if (order_by != NULL)
        ls_buf_addf(&sql, " ORDER BY %s", order_by);
    rc = ls_db_query(db, sql.ptr, NULL, 0, &r, err);
    if (rc == LS_OK)
        keep(ledger, &r);
    else
        ls_table_unreadable(ledger->location, err);
out:
    ls_result_release(&r);
    ls_buf_release(&sql);
    return rc;
}

enum ls_rc ls_table_read(struct ls_db *db, const struct ls_format_opts *opts, const struct ls_table_kind *kind, struct ls_ledger *out,
                         struct ls_err *err)
{
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, kind->table, kind->tool, out, &look, err);

    out->shape = kind->shape;
    if (rc == LS_OK && out->exists && out->foreign == NULL)
        rc = ls_table_rows(db, &look, kind->order_by, out, err);
    for (size_t i = 0; rc == LS_OK && i < out->rows.n; i++)
        kind->fill(out, &out->rows.v[i]);
    return rc;
}

static size_t column_of(const struct ls_ledger *l, const char *column)
{
    size_t k = 0;

    while (k < l->n_raw && strcmp(l->raw_names[k], column) != 0)
        k++;
    return k;
}

const char *ls_table_cell(const struct ls_ledger *l, const struct ls_ledger_row *row, const char *column)
{
    size_t k = column_of(l, column);

    return k < l->n_raw && row->raw != NULL ? row->raw[k] : NULL;
}

bool ls_table_has_column(const struct ls_ledger *l, const char *column)
{
    return column_of(l, column) < l->n_raw;
}

bool ls_table_is_true(const char *text)
{
    return text != NULL && (strcmp(text, "t") == 0 || strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}
