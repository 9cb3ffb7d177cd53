/* Tables of a PostgreSQL database with their rows, in an empty one: pg_dump's schema without indexes and constraints, the rows by COPY out of one read-only
 * snapshot, then the indexes and constraints. Triggers, policies and subscriptions stay out: nothing of the application runs here. So do foreign servers
 * with their tables: a statement that writes is run here, and would write there. */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>
#include <string.h>

#include "engine/child.h"
#include "engine/tools.h"
#include "engine/workload_priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/secret.h"
#include "lockstep/db/copy.h"
#include "lockstep/sql/quote.h"

enum { DUMP_MAX = 256 * 1024 * 1024 };

/* --- the schema */

static void wipe(struct ls_buf *b)
{
    if (b->cap > 0)
        ls_wipe(b->ptr, b->cap);
    ls_buf_release(b);
}

/* One line for libpq's password file. */
static enum ls_rc passfile_line(const struct ls_buf *password, struct ls_buf *out, struct ls_err *err)
{
    if (memchr(password->ptr, '\n', password->len) != NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "a password with a line break cannot be handed to pg_dump");
    ls_buf_reserve(out, 2 * password->len + 16);
    ls_buf_adds(out, "*:*:*:*:");
    for (size_t i = 0; i < password->len; i++) {
        if (password->ptr[i] == ':' || password->ptr[i] == '\\')
            ls_buf_addc(out, '\\');
        ls_buf_addc(out, password->ptr[i]);
    }
    ls_buf_addc(out, '\n');
    return LS_OK;
}

static enum ls_rc dump(struct adv_job *j, const char *section, struct ls_buf *out, struct ls_err *err)
{
    struct ls_buf conninfo = LS_BUF_INIT, password = LS_BUF_INIT, passfile = LS_BUF_INIT;
    const char *const env[] = {"PGPASSFILE=" LS_CHILD_SECRET_PATH, NULL};
    struct ls_child_result r = {.out = LS_BUF_INIT, .tail = LS_BUF_INIT};
    struct ls_tool tool = {0};
    enum ls_rc rc = ls_tool_find("pg_dump", NULL, NULL, ls_db_info(j->db)->server_version, &tool, err);

    if (rc == LS_OK)
        rc = ls_db_child_conninfo(j->db, &conninfo, &password, err);
    if (rc == LS_OK && password.len > 0)
        rc = passfile_line(&password, &passfile, err);
    if (rc == LS_OK) {
        const char *const argv[] = {"pg_dump",         "--schema-only",        section,          "--no-owner",           "--no-privileges", "--no-tablespaces",
                                    "--no-comments",   "--no-security-labels", "--no-publications", "--no-subscriptions", "--no-password",
                                    "--lock-wait-timeout=5000", "-d",          conninfo.ptr,     NULL};
        struct ls_child c = {.path = tool.path, .argv = argv, .capture = true, .out_max = DUMP_MAX, .on_tick = side_tick, .ctx = j->side};

        if (password.len > 0) {
            c.secret = passfile.ptr;
            c.env = env;
        }
        rc = ls_child_run(&c, &r, err);
    }
    if (rc == LS_OK)
        ls_buf_add(out, r.out.ptr, r.out.len);
    ls_child_result_release(&r);
    ls_tool_release(&tool);
    wipe(&passfile);
    wipe(&password);
    ls_buf_release(&conninfo);
    return rc;
}

/* What would run the application's code, or keep rows from being seen. */
static bool is_left_out(const char *text, size_t len)
{
    static const char *const heads[] = {"CREATE TRIGGER",      "CREATE CONSTRAINT TRIGGER", "CREATE EVENT TRIGGER", "CREATE POLICY",
                                        "REFRESH MATERIALIZED", "CREATE SUBSCRIPTION",       "CREATE PUBLICATION",   "ALTER PUBLICATION",
                                        "ALTER EVENT TRIGGER", "CREATE SERVER",             "CREATE USER MAPPING",  "CREATE FOREIGN TABLE"};

    for (size_t i = 0; i < LS_ARRAY_LEN(heads); i++)
        if (len > strlen(heads[i]) && strncmp(text, heads[i], strlen(heads[i])) == 0)
            return true;
    return len > 18 && strncmp(text + len - 18, "ROW LEVEL SECURITY", 18) == 0;
}

/* An extension that is missing here takes with it what needs it: queries of that are refused later, and say so. */
static enum ls_rc run_text(struct adv_job *j, struct ls_db *to, struct ls_buf *text, const char *what, struct ls_err *err)
{
    struct ls_stmts stmts = {0};
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = side_clean_text(j->side, "pg_dump", text, err);

    if (rc == LS_OK)
        rc = ls_sql_split(LS_DIALECT_POSTGRES, text->ptr, text->len, &stmts, err);
    for (size_t i = 0; i < stmts.n && rc == LS_OK; i++) {
        const char *at = text->ptr + stmts.v[i].start;
        size_t len = stmts.v[i].end - stmts.v[i].start;

        if (i % 64 == 0 && !adv_tell(j, what, (int64_t)i, (int64_t)stmts.n))
            rc = side_stopped(err);
        if (rc != LS_OK || is_left_out(at, len))
            continue;
        ls_err_release(&why);
        rc = ls_db_exec(to, at, len, NULL, 0, NULL, &why);
        if (rc != LS_E_CANCELLED && rc != LS_E_CONNECT)
            rc = LS_OK;
        else if (err != NULL)
            ls_err_move(err, &why);
    }
    ls_err_release(&why);
    ls_stmts_release(&stmts);
    return rc;
}

static enum ls_rc section(struct adv_job *j, struct ls_db *to, const char *option, const char *what, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = adv_tell(j, what, 0, 0) ? dump(j, option, &text, err) : side_stopped(err);

    if (rc == LS_OK)
        rc = run_text(j, to, &text, what, err);
    ls_buf_release(&text);
    return rc;
}

/* --- the rows */

static bool on_rows(void *ctx, int64_t done, int64_t total)
{
    return adv_tell(ctx, "copying rows", done, total);
}

/* Columns that are not computed; "" none. */
static enum ls_rc columns_of(struct ls_db *db, const struct ls_usage_table *t, struct ls_buf *out, struct ls_err *err)
{
    const struct ls_param p[] = {{LS_PARAM_TEXT, t->schema}, {LS_PARAM_TEXT, t->name}};
    struct ls_result r;
    enum ls_rc rc = ls_db_query(db,
                                "SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a "
                                "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
                                "$1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''",
                                p, 2, &r, err);

    if (rc == LS_OK) {
        const char *list = ls_result_get(&r, 0, 0);

        ls_buf_adds(out, list != NULL ? list : "");
        ls_result_release(&r);
    }
    return rc;
}

static enum ls_rc copy_table(struct adv_job *j, struct ls_db *to, const struct ls_usage_table *t, double share, struct ls_err *err)
{
    struct ls_buf columns = LS_BUF_INIT, name = LS_BUF_INIT, out = LS_BUF_INIT, in = LS_BUF_INIT;
    enum ls_rc rc = columns_of(j->db, t, &columns, err);

    if (rc == LS_OK)
        rc = ls_sql_ident2(&name, t->schema, t->name, err);
    if (rc == LS_OK && columns.len > 0) {
        ls_buf_addf(&out, "COPY (SELECT %s FROM ONLY %s", columns.ptr, name.ptr);
        if (share < 1)
            ls_buf_addf(&out, " TABLESAMPLE SYSTEM (%.4f) REPEATABLE (1)", share * 100);
        ls_buf_adds(&out, ") TO STDOUT");
        ls_buf_addf(&in, "COPY %s (%s) FROM STDIN", name.ptr, columns.ptr);
        rc = ls_db_copy(j->db, out.ptr, to, in.ptr, on_rows, j, NULL, err);
    }
    ls_buf_release(&columns);
    ls_buf_release(&name);
    ls_buf_release(&out);
    ls_buf_release(&in);
    return rc;
}

/* A materialised view is filled by its query, whose tables are not here: a table of its shape takes its place. Where something depends on it, it stays
 * empty. */
static enum ls_rc stand_in(struct ls_db *to, const struct ls_usage_table *t, struct ls_err *err)
{
    struct ls_buf name = LS_BUF_INIT, sql = LS_BUF_INIT;
    enum ls_rc rc = ls_sql_ident2(&name, t->schema, t->name, err);

    ls_buf_addf(&sql, "BEGIN; CREATE TEMP TABLE lockstep_shape AS TABLE %s WITH NO DATA; DROP MATERIALIZED VIEW %s; CREATE TABLE %s (LIKE lockstep_shape); DROP TABLE "
                      "lockstep_shape; COMMIT", name.ptr, name.ptr, name.ptr);
    if (rc == LS_OK)
        rc = ls_db_exec_batch(to, sql.ptr, sql.len, NULL, err);
    if (rc != LS_OK)
        ls_db_rollback(to);
    ls_buf_release(&name);
    ls_buf_release(&sql);
    return rc;
}

/* One snapshot for all of them. */
static enum ls_rc copy_rows(struct adv_job *j, struct ls_db *to, const bool *tables, double share, struct ls_err *err)
{
    static const char mode[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    enum ls_rc rc = ls_db_begin(j->db, err);

    if (rc == LS_OK)
        rc = ls_db_exec(j->db, mode, sizeof(mode) - 1, NULL, 0, NULL, err);
    for (uint32_t i = 0; i < j->u->n_tables && rc == LS_OK; i++)
        if (tables[i] && (j->u->tables[i].kind == 'r' || (j->u->tables[i].kind == 'm' && stand_in(to, &j->u->tables[i], NULL) == LS_OK)))
            rc = copy_table(j, to, &j->u->tables[i], share, err);
    ls_db_rollback(j->db);
    return rc;
}

static enum ls_rc finish(struct adv_job *j, struct ls_db *to, const bool *tables, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (uint32_t i = 0; i < j->u->n_tables && rc == LS_OK; i++) {
        const struct ls_usage_table *t = &j->u->tables[i];
        struct ls_buf sql = LS_BUF_INIT;

        if (!tables[i])
            continue;
        if (!adv_tell(j, "gathering statistics", i, j->u->n_tables))
            rc = side_stopped(err);
        /* The visibility map too: without it no index-only scan is planned. */
        ls_buf_adds(&sql, t->kind == 'p' ? "ANALYZE " : "VACUUM (ANALYZE) ");
        if (rc == LS_OK)
            rc = ls_sql_ident2(&sql, t->schema, t->name, err);
        if (rc == LS_OK)
            rc = ls_db_exec(to, sql.ptr, sql.len, NULL, 0, NULL, NULL);
        if (rc != LS_E_CANCELLED && rc != LS_E_CONNECT)
            rc = LS_OK;
        ls_buf_release(&sql);
    }
    return rc;
}

enum ls_rc adv_clone(struct adv_job *j, struct ls_db *to, const bool *tables, double share, struct ls_err *err)
{
    enum ls_rc rc = section(j, to, "--section=pre-data", "making the clone's tables", err);

    if (rc == LS_OK)
        rc = copy_rows(j, to, tables, share, err);
    if (rc == LS_OK)
        rc = section(j, to, "--section=post-data", "making the clone's indexes", err);
    return rc == LS_OK ? finish(j, to, tables, err) : rc;
}
