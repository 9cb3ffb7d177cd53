/* What Drizzle 0.x and 1.x have in common. Facts: formats.md 4.2 (observed with drizzle-orm 0.45.4 and 1.0.0-rc.5). */
#include <config.h>

#include "format/drizzle.h"

#include <string.h>

#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/sql/quote.h"

#define BREAKPOINT "--> statement-breakpoint"

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

/* The table as it is asked for: Drizzle's schema on PostgreSQL is "drizzle", whatever the table is called. */
static struct ls_format_opts own_opts(struct ls_arena *arena, enum ls_dialect d, const struct ls_format_opts *opts)
{
    struct ls_format_opts own = opts != NULL ? *opts : (struct ls_format_opts){0};
    const char *table = own.table != NULL && own.table[0] != '\0' ? own.table : LS_DRIZZLE_TABLE;

    if (d == LS_DIALECT_POSTGRES && strchr(table, '.') == NULL)
        table = ls_arena_printf(arena, "drizzle.%s", table);
    own.table = table;
    return own;
}

/* A schema that is not there yet is no error: the tool makes it. */
static enum ls_rc look_for_schema(struct ls_db *db, const char *schema, const char *table, struct ls_ledger *out, bool *is_there,
                                  struct ls_err *err)
{
    struct ls_param name = {LS_PARAM_TEXT, schema};
    const struct ls_db_info *info = ls_db_info(db);
    struct ls_result r = {0};
    enum ls_rc rc = ls_db_query(db,
                                "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1::name), "
                                "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')",
                                &name, 1, &r, err);

    if (rc != LS_OK) {
        ls_err_wrap(err, "looking for the schema %s", schema);
        goto out;
    }
    *is_there = ls_table_is_true(ls_result_get(&r, 0, 0));
    if (*is_there)
        goto out;
    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->schema = ls_arena_str(out->arena, schema);
    out->location = ls_arena_printf(out->arena, "%s.%s", schema, table);
    out->is_writable = ls_table_is_true(ls_result_get(&r, 0, 1)) && !info->is_read_only && !info->in_recovery;
out:
    ls_result_release(&r);
    return rc;
}

enum ls_rc ls_drizzle_rows(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES, is_there = true;
    struct ls_arena *arena = ls_arena_new();
    struct ls_format_opts own = own_opts(arena, ls_db_dialect(db), opts);
    const char *schema = NULL, *table = NULL;
    struct ls_table_look look;
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    ls_table_names(arena, ls_db_dialect(db), &own, LS_DRIZZLE_TABLE, &schema, &table);
    if (is_pg)
        rc = look_for_schema(db, schema, table, out, &is_there, err);
    if (rc != LS_OK || !is_there)
        goto out;
    rc = ls_table_look(db, &own, LS_DRIZZLE_TABLE, "Drizzle", out, &look, err);
    if (rc != LS_OK || !out->exists || out->foreign != NULL)
        goto out;
    /* SQLite's id is declared SERIAL in 0.x, which is no rowid: always NULL. */
    rc = ls_table_rows(db, &look, is_pg ? "t.id" : "t.rowid", out, err);
    out->variant = ls_table_has_column(out, "name") ? LS_DRIZZLE_V1 : LS_DRIZZLE_V0;
out:
    ls_arena_free(arena);
    return rc;
}

const char *ls_drizzle_table(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_table_sql_of(ctx, LS_DRIZZLE_TABLE, err);
}

/* Always quoted: SQLite keeps the words of a CREATE TABLE, and they are to be those of the tool. */
static const char *quoted_table(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_buf sql = LS_BUF_INIT;
    const char *schema, *table, *out = NULL;

    ls_table_names(arena, ctx->dialect, ctx->opts, LS_DRIZZLE_TABLE, &schema, &table);
    if (ls_sql_ident2(&sql, ctx->ledger->schema, table, err) == LS_OK)
        out = ls_arena_strn(arena, sql.ptr, sql.len);
    ls_buf_release(&sql);
    return out;
}

enum ls_rc ls_drizzle_setup(struct ls_plan_ctx *ctx, const char *variant, struct ls_err *err)
{
    const char *table = quoted_table(ctx, err);
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES, is_v1 = strcmp(variant, LS_DRIZZLE_V1) == 0;
    struct ls_buf schema = LS_BUF_INIT;
    const char *text;

    if (table == NULL)
        return LS_E_INPUT;
    if (is_pg && ls_table_sql(&schema, ctx->dialect, NULL, ctx->ledger->schema, err) != LS_OK) {
        ls_buf_release(&schema);
        return LS_E_INPUT;
    }
    ls_ops_add(ctx, NULL, LS_OP_BEGIN);
    if (is_pg)
        ls_record_write(ctx, NULL, "CREATE SCHEMA IF NOT EXISTS @", schema.ptr, NULL, 0, -1);
    if (is_v1)
        text = is_pg ? "CREATE TABLE IF NOT EXISTS @ (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint, name text, "
                       "applied_at timestamp with time zone DEFAULT now())"
                     : "CREATE TABLE IF NOT EXISTS @ (\n\t\t\t\tid INTEGER PRIMARY KEY,\n\t\t\t\thash text NOT "
                       "NULL,\n\t\t\t\tcreated_at numeric,\n"
                       "\t\t\t\tname text,\n\t\t\t\tapplied_at TEXT\n\t\t\t)";
    else
        text = is_pg ? "CREATE TABLE IF NOT EXISTS @ (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)"
                     : "CREATE TABLE IF NOT EXISTS @ (\n\t\t\t\tid SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT "
                       "NULL,\n\t\t\t\tcreated_at numeric\n\t\t\t)";
    ls_record_write(ctx, NULL, text, table, NULL, 0, -1);
    ls_ops_add(ctx, NULL, LS_OP_COMMIT);
    ls_buf_release(&schema);
    return LS_OK;
}

/* --- a file's pieces ------------------------------------------------------------------------------------------------------ */

bool ls_drizzle_piece(const char *text, size_t len, size_t *at, size_t *end, size_t *next)
{
    static const size_t n = sizeof(BREAKPOINT) - 1;

    if (*next > len)
        return false;
    *at = *next;
    for (size_t i = *at; i + n <= len; i++) {
        const char *dash = memchr(text + i, '-', len - i);

        if (dash == NULL)
            break;
        i = (size_t)(dash - text);
        if (i + n > len || memcmp(dash, BREAKPOINT, n) != 0)
            continue;
        *end = i;
        *next = i + n;
        return true;
    }
    *end = len;
    *next = len + 1;
    return true;
}

/* How many statements are in it; -1 when that cannot be told. */
static long count_statements(enum ls_dialect d, const char *text, size_t len)
{
    struct ls_stmts stmts = {0};
    enum ls_rc rc = ls_sql_split(d, text, len, &stmts, NULL);
    long n = rc == LS_OK ? (long)stmts.n : -1;

    ls_stmts_release(&stmts);
    return n;
}

/* Several statements in one piece, which node-postgres sends as one simple query. */
static void make_batch(struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_op *op)
{
    size_t start = (size_t)(op->sql - step->text);
    struct ls_stmts stmts = {0};
    struct ls_piece *pieces;

    if (ls_sql_split(ctx->dialect, op->sql, op->len, &stmts, NULL) == LS_OK) {
        pieces = LS_ARENA_ARRAY(ctx->plan->arena, struct ls_piece, stmts.n + 1);
        for (size_t i = 0; i < stmts.n; i++) {
            pieces[i].start = stmts.v[i].start;
            pieces[i].end = stmts.v[i].end;
            ls_sql_place(step->text, step->text_len, start + stmts.v[i].start, &pieces[i].line, &pieces[i].col);
        }
        op->kind = LS_OP_BATCH;
        op->pieces = pieces;
        op->n_pieces = (int)stmts.n;
    }
    ls_stmts_release(&stmts);
}

static enum ls_rc refuse_piece(const struct ls_op *op, const struct ls_step *step, long n, struct ls_err *err)
{
    if (n == 0)
        ls_err_set(err, LS_E_REFUSED, "%s:%d: piece %d holds no statement, which SQLite's drivers refuse: the tool would fail here",
                   step->path, op->line, op->stmt_no);
    else
        ls_err_set(err, LS_E_REFUSED,
                   "%s:%d: piece %d holds %ld statements, where SQLite's drivers take one: the tool would fail here", step->path,
                   op->line, op->stmt_no, n);
    ls_err_hint(err, "put the line %s between two statements, and nowhere else", BREAKPOINT);
    return LS_E_REFUSED;
}

static enum ls_rc add_pieces(struct ls_plan_ctx *ctx, struct ls_step *step, struct ls_err *err)
{
    size_t at = 0, end = 0, next = 0;

    while (ls_drizzle_piece(step->text, step->text_len, &at, &end, &next)) {
        long n = count_statements(ctx->dialect, step->text + at, end - at);
        size_t first = at;
        struct ls_op *op;

        /* Places are those of what is seen, not of the line break before it. */
        while (first < end && strchr(" \t\r\n", step->text[first]) != NULL)
            first++;
        if (n == 0 && ctx->dialect == LS_DIALECT_POSTGRES)
            continue; /* an empty query, which says nothing */
        op = ls_ops_piece(ctx, step, first < end ? first : at, end);
        if (ctx->dialect == LS_DIALECT_SQLITE && (n == 0 || n > 1))
            return refuse_piece(op, step, n, err);
        if (n > 1)
            make_batch(ctx, step, op);
        step->n_statements += n > 0 ? (int)n : 1;
    }
    return LS_OK;
}

enum ls_rc ls_drizzle_body(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *fence,
                           const struct ls_param *params, int n_params, struct ls_err *err)
{
    enum ls_rc rc;

    if (step->direction == LS_DOWN) {
        ls_err_set(err, LS_E_REFUSED, "Drizzle has no way back: there are no down files");
        ls_err_hint(err, "write a new migration that undoes it, or restore a backup");
        return LS_E_REFUSED;
    }
    if (step->path == NULL) {
        ls_err_set(err, LS_E_REFUSED, "the file of %s is not there: Drizzle stops with an error before it runs anything",
                   step->name);
        ls_err_hint(err, "bring the file back, or take its entry out of the journal");
        return LS_E_REFUSED;
    }
    rc = ls_record_refuse_tx(ctx, step, "Drizzle", "run it by hand, or in a migration of another tool", err);
    if (rc != LS_OK)
        return rc;
    step->policy = LS_POLICY_TX;
    step->tx_note = "Drizzle runs everything that is pending in one transaction: a failure anywhere leaves nothing of all.";
    if (ctx->prev == NULL)
        ls_record_open(ctx, step, table);
    ls_record_fence(ctx, step, fence, table, params, n_params);
    return add_pieces(ctx, step, err);
}

enum ls_rc ls_drizzle_finish(struct ls_plan_ctx *ctx, struct ls_step *last, struct ls_err *err)
{
    (void)err;
    ls_ops_add(ctx, last, LS_OP_COMMIT);
    return LS_OK;
}

enum ls_rc ls_drizzle_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                           const char *column, struct ls_param key, ls_drizzle_insert *insert, struct ls_err *err)
{
    const char *table = ls_drizzle_table(ctx, err);

    if (table == NULL)
        return LS_E_INPUT;
    if (entry == NULL) {
        ls_record_forget(ctx, step, table);
        return LS_OK;
    }
    if ((entry->row != NULL) == applied)
        return LS_OK;
    if (applied && (entry->migration == NULL || entry->migration->checksum == NULL)) {
        ls_err_set(err, LS_E_REFUSED, "%s has no file whose hash could be recorded", entry->label);
        ls_err_hint(err, "bring the file back");
        return LS_E_REFUSED;
    }
    ls_record_begin(ctx, step, table, column, key, !applied);
    if (applied)
        insert(ctx, step, table, entry->migration);
    else
        ls_record_write(ctx, step, ls_arena_printf(ctx->plan->arena, "DELETE FROM @ WHERE %s = ?1", column), table, &key, 1,
                        (long)entry->n_rows);
    ls_record_end(ctx, step);
    return LS_OK;
}

/* --- names ---------------------------------------------------------------------------------------------------------------- */

/* Where ICU's root collation has a character, primary level: blanks, punctuation, symbols, digits, letters. */
static int weight(unsigned char c)
{
    static const char order[] = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    const char *hit = c != 0 && c < 128 ? strchr(order, c) : NULL;

    if (hit != NULL)
        return 1 + (int)(hit - order);
    if (c >= '0' && c <= '9')
        return 100 + c - '0';
    if (c >= 'a' && c <= 'z')
        return 200 + c - 'a';
    if (c >= 'A' && c <= 'Z')
        return 200 + c - 'A';
    return c < 128 ? 0 : 300 + c;
}

int ls_drizzle_locale_compare(const char *a, const char *b)
{
    size_t i = 0;

    for (;; i++) {
        int x = a[i] != '\0' ? weight((unsigned char)a[i]) : -1, y = b[i] != '\0' ? weight((unsigned char)b[i]) : -1;

        if (x != y)
            return x < y ? -1 : 1;
        if (x < 0)
            break;
    }
    /* Equal but for case: small letters first. */
    for (size_t k = 0; k < i; k++)
        if (a[k] != b[k])
            return a[k] > b[k] ? -1 : 1;
    return 0;
}

/* Days since 1970 of a civil date; months may be out of range, as Date.UTC takes them. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t era, yoe, doy;

    year += (month - 1 - ((month - 1) % 12 + 12) % 12) / 12;
    month = ((month - 1) % 12 + 12) % 12 + 1;
    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    yoe = year - era * 400;
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 + day - 1;
}

bool ls_drizzle_folder_millis(const char *name, uint64_t *ms)
{
    static const int widths[6] = {4, 2, 2, 2, 2, 2};
    int64_t v[6] = {0}, total;
    const char *p = name;

    *ms = 0;
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < widths[i]; k++, p++) {
            if (*p < '0' || *p > '9')
                return false;
            v[i] = v[i] * 10 + (*p - '0');
        }
    total = ((days_of(v[0], v[1], v[2]) * 24 + v[3]) * 60 + v[4]) * 60 + v[5];
    if (total < 0)
        return false;
    *ms = (uint64_t)total * 1000;
    return true;
}
