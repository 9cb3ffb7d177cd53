/* The ledgers that a database holds, of whichever tools. */
#include <config.h>

#include <string.h>

#include "format/table.h"

static const char seen_pg[] =
    "SELECT NULL, NULL, CASE WHEN n.nspname = pg_catalog.current_schema() THEN c.relname::text ELSE n.nspname || '.' || c.relname END, a.attname "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY ($1::text[]) ORDER BY 3, a.attnum";

static const char seen_sqlite[] = "SELECT NULL, NULL, m.name, p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p "
                                  "WHERE m.type IN ('table', 'view') AND instr(?1, ',' || m.name || ',') > 0 ORDER BY m.name, p.cid";

static void add_name(struct ls_buf *list, const char *table)
{
    const char *dot = strrchr(table, '.');

    ls_buf_addf(list, "%s,", dot != NULL ? dot + 1 : table);
}

/* ",a,b,c,": names of ours, without a comma or a brace in any. */
static void list_tables(struct ls_buf *list)
{
    size_t n;
    const struct ls_format *const *formats = ls_formats(&n);

    ls_buf_addc(list, ',');
    add_name(list, "ar_internal_metadata");
    for (size_t i = 0; i < n; i++) {
        if (formats[i]->ledger_table != NULL)
            add_name(list, formats[i]->ledger_table);
        for (const char *const *t = formats[i]->tables; t != NULL && *t != NULL; t++)
            add_name(list, *t);
    }
}

static void keep(struct ls_seen_ledgers *out, const struct ls_result *r)
{
    const char *last = NULL;

    for (size_t i = 0; i < r->n_rows; i++) {
        const char *table = ls_result_get(r, i, 2), *tool;

        if (table == NULL || (last != NULL && strcmp(last, table) == 0))
            continue;
        last = table;
        tool = ls_table_owner(out->arena, r, table);
        if (ls_table_is_known(tool))
            *LS_VEC_PUSH(&out->l) = (struct ls_seen_ledger){ls_format_find(tool), tool, ls_arena_str(out->arena, table)};
    }
}

enum ls_rc ls_format_seen_ledgers(struct ls_db *db, struct ls_seen_ledgers *out, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES;
    struct ls_buf list = LS_BUF_INIT;
    struct ls_result r = {0};
    struct ls_param p;
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    list_tables(&list);
    if (is_pg) { /* ",a,b," as an array: {a,b} */
        list.ptr[0] = '{';
        list.ptr[list.len - 1] = '}';
    }
    p = (struct ls_param){LS_PARAM_TEXT, list.ptr};
    rc = ls_db_query(db, is_pg ? seen_pg : seen_sqlite, &p, 1, &r, err);
    if (rc == LS_OK)
        keep(out, &r);
    else
        ls_err_wrap(err, "looking for ledgers");
    ls_result_release(&r);
    ls_buf_release(&list);
    return rc;
}

void ls_seen_ledgers_release(struct ls_seen_ledgers *s)
{
    LS_VEC_RELEASE(&s->l);
    ls_arena_free(s->arena);
    s->arena = NULL;
}
