#include <config.h>

#include "format/table.h"

#include <string.h>

#include "lockstep/sql/quote.h"

/* Whose a table is, by its columns; the first row that fits. `only`: no column besides. The words are the titles of formats. Source: formats.md 2.3;
 * Supabase: supabase_migrations.schema_migrations; Liquibase: databasechangelog; Django: django_migrations; the rest as their tools create them. */
static const struct {
    const char *tool;
    const char *columns[6];
    bool only, needs_rails;
} owners[] = {
    {"lockstep", {"version", "name", "applied_at", "checksum", "status"}, false, false},
    {"golang-migrate", {"version", "dirty"}, true, false},
    {"goose", {"version_id", "is_applied", "tstamp"}, false, false},
    {"Flyway", {"installed_rank", "version", "checksum", "success"}, false, false},
    {"Prisma", {"id", "checksum", "migration_name", "rolled_back_at", "applied_steps_count"}, false, false},
    {"sqlx", {"version", "checksum", "execution_time", "success"}, false, false},
    {"diesel", {"version", "run_on"}, true, false},
    {"Alembic", {"version_num"}, true, false},
    {"Drizzle", {"hash", "created_at"}, false, false},
    {"knex", {"name", "batch", "migration_time"}, false, false},
    {"node-pg-migrate", {"id", "name", "run_on"}, true, false},
    {"sql-migrate", {"id", "applied_at"}, true, false},
    {"Supabase", {"version", "statements"}, false, false},
    {"Ecto", {"version", "inserted_at"}, false, false},
    {"sqitch", {"change_id", "change", "project", "committed_at", "planner_email"}, false, false},
    {"Rails", {"version"}, true, true},
    {"dbmate", {"version"}, true, false},
    {"Liquibase", {"id", "author", "filename", "md5sum", "exectype"}, false, false},
    {"Django", {"id", "app", "name", "applied"}, true, false},
    {"TypeORM", {"id", "timestamp", "name"}, true, false},
    {"Sequelize", {"name"}, true, false},
};

static const char look_pg[] =
    "SELECT n.nspname, pg_catalog.has_schema_privilege(n.oid, 'CREATE'), c.relname, a.attname, "
    "pg_catalog.has_table_privilege(c.oid, 'INSERT') AND pg_catalog.has_table_privilege(c.oid, 'UPDATE, TRUNCATE') "
    "FROM pg_catalog.pg_namespace n "
    "LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND c.relname IN ($2::name, 'schema_version', 'ar_internal_metadata') "
    "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE n.nspname = coalesce($1::name, pg_catalog.current_schema()) ORDER BY c.relname, a.attnum";

/* Asked for by name, whatever its case: going through all of sqlite_schema would be the dearer half of reading a ledger. */
static const char look_sqlite[] =
    "WITH m(name) AS (SELECT ?2 UNION ALL SELECT column1 FROM (VALUES ('schema_version'), ('ar_internal_metadata')) WHERE column1 <> ?2 COLLATE NOCASE) "
    "SELECT NULL, 1, m.name, p.name, 1 FROM m JOIN pragma_table_info(m.name, 'main') p WHERE ?1 IS NULL ORDER BY m.name, p.cid";

/* The first dot that does not stand inside of "...". */
static const char *dot_of(const char *name)
{
    bool is_quoted = false;

    for (; *name != '\0'; name++) {
        if (*name == '"')
            is_quoted = !is_quoted;
        else if (*name == '.' && !is_quoted)
            return name;
    }
    return NULL;
}

/* "a ""b""" as SQL and golang-migrate's x-migrations-table-quoted write it; anything else is the name as it stands. */
static const char *unquoted(struct ls_arena *arena, const char *from, size_t len)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out;

    if (len < 3 || from[0] != '"' || from[len - 1] != '"')
        return ls_arena_strn(arena, from, len);
    for (size_t i = 1; i < len - 1; i++) {
        ls_buf_addc(&b, from[i]);
        i += from[i] == '"' && from[i + 1] == '"' && i + 1 < len - 1;
    }
    out = ls_arena_strn(arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

void ls_table_names(struct ls_arena *arena, enum ls_dialect d, const struct ls_format_opts *opts, const char *default_table, const char **schema,
                    const char **table)
{
    const char *name = opts != NULL && opts->table != NULL && opts->table[0] != '\0' ? opts->table : default_table;
    const char *dot = d == LS_DIALECT_POSTGRES ? dot_of(name) : NULL, *last = dot != NULL ? dot + 1 : name;

    *schema = dot != NULL ? unquoted(arena, name, (size_t)(dot - name)) : NULL;
    *table = unquoted(arena, last, strlen(last));
}

static bool is_of(const struct ls_result *r, size_t row, const char *table)
{
    const char *name = ls_result_get(r, row, 2);

    return name != NULL && strcmp(name, table) == 0;
}

static bool has_column(const struct ls_result *r, const char *table, const char *column)
{
    for (size_t i = 0; i < r->n_rows; i++) {
        const char *name = ls_result_get(r, i, 3);

        if (is_of(r, i, table) && name != NULL && strcmp(name, column) == 0)
            return true;
    }
    return false;
}

static size_t count_columns(const struct ls_result *r, const char *table)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_rows; i++)
        n += is_of(r, i, table);
    return n;
}

const char *ls_table_owner(struct ls_arena *arena, const struct ls_result *r, const char *table)
{
    struct ls_buf columns = LS_BUF_INIT;
    const char *text;

    for (size_t k = 0; k < LS_ARRAY_LEN(owners); k++) {
        size_t n = 0;
        bool fits = !owners[k].needs_rails || count_columns(r, "ar_internal_metadata") > 0;

        for (; n < LS_ARRAY_LEN(owners[k].columns) && owners[k].columns[n] != NULL; n++)
            fits = fits && has_column(r, table, owners[k].columns[n]);
        if (fits && (!owners[k].only || count_columns(r, table) == n))
            return owners[k].tool;
    }
    for (size_t i = 0; i < r->n_rows; i++)
        if (is_of(r, i, table))
            ls_buf_addf(&columns, "%s%s", columns.len > 0 ? ", " : "", ls_result_get(r, i, 3) != NULL ? ls_result_get(r, i, 3) : "none");
    text = ls_arena_printf(arena, "another tool (its columns: %s)", columns.ptr);
    ls_buf_release(&columns);
    return text;
}

bool ls_table_is_known(const char *tool)
{
    for (size_t k = 0; k < LS_ARRAY_LEN(owners); k++)
        if (strcmp(owners[k].tool, tool) == 0)
            return true;
    return false;
}

static void judge(const struct ls_result *r, const char *tool, const char *database_is_read_only, struct ls_ledger *l, struct ls_table_look *out)
{
    out->exists = count_columns(r, out->table) > 0;
    out->has_legacy = has_column(r, "schema_version", "version") && !has_column(r, "schema_version", "installed_rank") &&
                      strcmp(out->table, "schema_version") != 0;
    out->is_writable = database_is_read_only == NULL;
    for (size_t i = 0; i < r->n_rows; i++) {
        if (out->exists && is_of(r, i, out->table))
            out->is_writable = out->is_writable && ls_table_is_true(ls_result_get(r, i, 4));
        else if (!out->exists)
            out->is_writable = out->is_writable && ls_table_is_true(ls_result_get(r, i, 1));
    }
    if (out->exists)
        out->tool = ls_table_owner(l->arena, r, out->table);
    l->exists = out->exists;
    l->is_writable = out->is_writable;
    l->foreign = out->exists && strcmp(out->tool, tool) != 0 ? out->tool : NULL;
    l->schema = out->schema;
    l->location = out->schema != NULL ? ls_arena_printf(l->arena, "%s.%s", out->schema, out->table) : out->table;
}

enum ls_rc ls_table_look(struct ls_db *db, const struct ls_format_opts *opts, const char *default_table, const char *tool,
                         struct ls_ledger *ledger, struct ls_table_look *out, struct ls_err *err)
{
    enum ls_dialect d = ls_db_dialect(db);
    const struct ls_db_info *info = ls_db_info(db);
    struct ls_result r = {0};
    struct ls_param params[2];
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    memset(ledger, 0, sizeof(*ledger));
    ledger->arena = ls_arena_new();
    ls_table_names(ledger->arena, d, opts, default_table, &out->schema, &out->table);
    params[0] = (struct ls_param){out->schema != NULL ? LS_PARAM_TEXT : LS_PARAM_NULL, out->schema};
    params[1] = (struct ls_param){LS_PARAM_TEXT, out->table};
    rc = ls_db_query(db, d == LS_DIALECT_POSTGRES ? look_pg : look_sqlite, params, 2, &r, err);
    if (rc != LS_OK) {
        ls_err_wrap(err, "looking for the ledger table %s", out->table);
        goto out;
    }
    if (d == LS_DIALECT_POSTGRES && r.n_rows == 0) {
        rc = out->schema != NULL ? ls_err_set(err, LS_E_NOT_FOUND, "the ledger's schema \"%s\" does not exist", out->schema)
                                 : ls_err_set(err, LS_E_INPUT, "no schema of the search_path exists, so the ledger has no place");
        ls_err_hint(err, "create the schema, or set the ledger table to SCHEMA.%s", out->table);
        goto out;
    }
    if (d == LS_DIALECT_POSTGRES)
        out->schema = ls_arena_str(ledger->arena, ls_result_get(&r, 0, 0));
    judge(&r, tool, info->is_read_only || info->in_recovery ? "" : NULL, ledger, out);
out:
    ls_result_release(&r);
    return rc;
}

/* A name that SQLite's own listing shows without quotes. */
static bool is_plain(const char *name)
{
    if (name[0] == '\0' || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (const char *p = name; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || *p == '_' || (*p >= '0' && *p <= '9')))
            return false;
    return strchr(name, '_') != NULL; /* no keyword has an underscore, but for CURRENT_DATE, _TIME and _TIMESTAMP */
}

enum ls_rc ls_table_sql(struct ls_buf *out, enum ls_dialect d, const char *schema, const char *table, struct ls_err *err)
{
    if (d == LS_DIALECT_SQLITE && is_plain(table) && strncmp(table, "current_", 8) != 0) {
        ls_buf_adds(out, table);
        return LS_OK;
    }
    return ls_sql_ident2(out, schema, table, err);
}

const char *ls_table_sql_of(struct ls_plan_ctx *ctx, const char *default_table, struct ls_err *err)
{
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_buf sql = LS_BUF_INIT;
    const char *schema, *table, *out = NULL;

    ls_table_names(arena, ctx->dialect, ctx->opts, default_table, &schema, &table);
    if (ls_table_sql(&sql, ctx->dialect, ctx->ledger->schema, table, err) == LS_OK)
        out = ls_arena_strn(arena, sql.ptr, sql.len);
    ls_buf_release(&sql);
    return out;
}

void ls_table_unreadable(const char *location, struct ls_err *err)
{
    if (err != NULL && err->code == LS_E_RIGHTS)
        ls_err_hint(err, "what is applied stands in that table: GRANT SELECT on it to this role, or connect as another");
    ls_err_wrap(err, "reading the ledger %s", location);
}

bool ls_table_version(const char *text, uint64_t *out)
{
    uint64_t v = 0;

    *out = 0;
    if (text == NULL || *text == '\0')
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        if (*p < '0' || *p > '9' || v > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}
