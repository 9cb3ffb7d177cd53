/* tests/contract/lite_change.h: a SQLite database changed by the statements of a difference, and what must be so afterwards. */
#ifndef TESTS_CONTRACT_LITE_CHANGE_H
#define TESTS_CONTRACT_LITE_CHANGE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/db/catalog.h"
#include "lockstep/diff/ddl.h"
#include "lockstep/diff/diff.h"
#include "lockstep/sql/split.h"

/* What is looked at while one thing becomes another: with the file's own statements, or with what the facts say. */
struct lite_way {
    struct ls_diff_opts diff;
    bool with_definitions;
};

/* Any name, also an empty one. */
static inline void lite_ident(struct ls_buf *out, const char *name)
{
    ls_buf_addc(out, '"');
    for (; *name; name++)
        ls_buf_addf(out, *name == '"' ? "\"%c" : "%c", *name);
    ls_buf_addc(out, '"');
}

static inline bool lite_run(struct ls_db *db, const char *sql, struct ls_buf *error)
{
    struct ls_err err = LS_ERR_INIT;
    bool is_good = ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) == LS_OK;

    if (!is_good)
        ls_buf_addf(error, "%s\n", err.message);
    ls_err_release(&err);
    return is_good;
}

static inline void lite_must(struct ls_db *db, const char *sql)
{
    struct ls_buf error = LS_BUF_INIT;

    if (!lite_run(db, sql, &error))
        fail_msg("%s%s", error.ptr, sql);
    ls_buf_release(&error);
}

static inline struct ls_db *lite_open(const char *sql)
{
    struct ls_db_params p = {.url = "sqlite::memory:", .create = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK)
        fail_msg("%s", err.message);
    lite_must(db, sql);
    return db;
}

static inline struct ls_catalog *lite_read(struct ls_db *db, bool with_definitions)
{
    const struct ls_catalog_opts opts = {.with_definitions = with_definitions};
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;

    if (ls_db_catalog(db, &opts, &c, &err) != LS_OK)
        fail_msg("%s", err.message);
    return c;
}

static inline struct ls_catalog *lite_read_sql(const char *sql, bool with_definitions)
{
    struct ls_db *db = lite_open(sql);
    struct ls_catalog *c = lite_read(db, with_definitions);

    ls_db_close(db);
    return c;
}

/* All rows of a query, a line each. */
static inline char *lite_rows(struct ls_db *db, const char *sql)
{
    struct ls_buf out = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;

    if (ls_db_query(db, sql, NULL, 0, &r, &err) != LS_OK)
        fail_msg("%s: %s", err.message, sql);
    for (size_t i = 0; i < r.n_rows; i++)
        for (int k = 0; k < r.n_cols; k++)
            ls_buf_addf(&out, "%s%s", ls_result_get(&r, i, k) ? ls_result_get(&r, i, k) : "NULL", k + 1 < r.n_cols ? "|" : "\n");
    ls_result_release(&r);
    return ls_buf_detach(&out);
}

static inline void lite_is(struct ls_db *db, const char *sql, const char *want)
{
    char *rows = lite_rows(db, sql);

    if (strcmp(rows, want) != 0)
        fail_msg("%s\nwant:\n%sgot:\n%s", sql, want, rows);
    free(rows);
}

/* The whole of a database, its schema's texts with it. */
static inline char *lite_dump(struct ls_db *db)
{
    struct ls_buf out = LS_BUF_INIT;
    char *schema = lite_rows(db, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2, 3");
    struct ls_result r;

    ls_buf_adds(&out, schema);
    free(schema);
    if (ls_db_query(db, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY 1", NULL, 0, &r, NULL) != LS_OK)
        fail_msg("no list of tables");
    for (size_t i = 0; i < r.n_rows; i++) {
        struct ls_buf sql = LS_BUF_INIT;
        char *rows;

        if (strcmp(ls_result_get(&r, i, 0), "sqlite_schema") == 0)
            continue;
        ls_buf_adds(&sql, "SELECT * FROM ");
        lite_ident(&sql, ls_result_get(&r, i, 0));
        rows = lite_rows(db, sql.ptr);
        ls_buf_adds(&out, rows);
        free(rows);
        ls_buf_release(&sql);
    }
    ls_result_release(&r);
    return ls_buf_detach(&out);
}

/* As the sqlite3 shell does it without -bail: one statement after the other, whatever the last one said. The errors. */
static inline size_t lite_run_on(struct ls_db *db, const char *sql, struct ls_buf *errors)
{
    struct ls_stmts s = {0};
    size_t n = 0;

    assert_int_equal(ls_sql_split(LS_DIALECT_SQLITE, sql, strlen(sql), &s, NULL), LS_OK);
    for (size_t i = 0; i < s.n; i++) {
        struct ls_buf one = LS_BUF_INIT;

        ls_buf_add(&one, sql + s.v[i].start, s.v[i].end - s.v[i].start);
        n += !lite_run(db, one.ptr, errors);
        ls_buf_release(&one);
    }
    ls_stmts_release(&s);
    return n;
}

/* --- rows for any table --- */

/* Numbers from 2 on in each column, as text where it has to be text: they fit all that the schemas here ask for. */
static inline void lite_fill(struct ls_db *db, const struct ls_catalog *c)
{
    uint32_t n;
    const struct ls_fact *tables = ls_catalog_kind(c, LS_FACT_TABLE, &n);

    lite_must(db, "PRAGMA foreign_keys = OFF");
    for (uint32_t i = 0; i < n; i++) {
        struct ls_buf names = LS_BUF_INIT, values = LS_BUF_INIT, sql = LS_BUF_INIT, error = LS_BUF_INIT;
        uint32_t n_columns;
        const struct ls_fact *columns = ls_catalog_children(c, &tables[i], LS_FACT_COLUMN, &n_columns);

        for (uint32_t k = 0; k < n_columns; k++) {
            const char *type = ls_fact_get(&columns[k], LS_A_TYPE);

            if (ls_fact_get(&columns[k], LS_A_GENERATED))
                continue;
            ls_buf_adds(&names, names.len > 0 ? ", " : "");
            lite_ident(&names, columns[k].name);
            ls_buf_addf(&values, "%s%s", values.len > 0 ? ", " : "", type && (strstr(type, "char") || strstr(type, "text")) ? "CAST(i AS TEXT)" : "i");
        }
        if (names.len > 0) {
            ls_buf_adds(&sql, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 4) INSERT OR IGNORE INTO ");
            lite_ident(&sql, tables[i].name);
            ls_buf_addf(&sql, " (%s) SELECT %s FROM n", names.ptr, values.ptr);
            if (!lite_run(db, sql.ptr, &error))
                fail_msg("%s%s", error.ptr, sql.ptr);
        }
        ls_buf_release(&names);
        ls_buf_release(&values);
        ls_buf_release(&sql);
        ls_buf_release(&error);
    }
}

/* INTEGER PRIMARY KEY is the rowid. */
static inline bool lite_has_own_rowids(const struct ls_catalog *c, const struct ls_fact *table)
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_children(c, table, LS_FACT_CONSTRAINT, &n);

    for (uint32_t i = 0; i < n; i++) {
        const char *form = ls_fact_get(&some[i], LS_A_FORM), *key = ls_fact_get(&some[i], LS_A_KEY), *type;
        const struct ls_fact *column = form && key && strcmp(form, "primary key") == 0
                                           ? ls_catalog_find(c, LS_FACT_COLUMN, table->schema, table->name, key)
                                           : NULL;

        type = column ? ls_fact_get(column, LS_A_TYPE) : NULL;
        if (type && strcmp(type, "integer") == 0)
            return false;
    }
    return !ls_fact_get(table, LS_A_WITHOUT_ROWID);
}

/* A query of what a table has in columns that the other side has too; each column as text, for its type may change. False: there is none. */
static inline bool lite_common(const struct ls_diff *d, const struct ls_fact *table, bool of_b, struct ls_buf *out)
{
    uint32_t n, partner = d->b_of[ls_catalog_index(d->a, table)], n_common = 0;
    const struct ls_fact *columns = ls_catalog_children(d->a, table, LS_FACT_COLUMN, &n), *b;

    if (partner == LS_NO_FACT || ls_fact_get(table, LS_A_FORM))
        return false;
    b = &d->b->facts[partner];
    ls_buf_adds(out, "SELECT ");
    if (!ls_fact_get(table, LS_A_WITHOUT_ROWID) && lite_has_own_rowids(d->b, b))
        ls_buf_adds(out, "_rowid_, ");
    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = d->b_of[ls_catalog_index(d->a, &columns[i])];

        if (to == LS_NO_FACT || ls_fact_get(&columns[i], LS_A_GENERATED) || ls_fact_get(&d->b->facts[to], LS_A_GENERATED))
            continue;
        ls_buf_addf(out, "%sCAST(", n_common++ > 0 ? ", " : "");
        lite_ident(out, of_b ? d->b->facts[to].name : columns[i].name);
        ls_buf_adds(out, " AS TEXT)");
    }
    ls_buf_adds(out, " FROM ");
    lite_ident(out, of_b ? b->name : table->name);
    ls_buf_adds(out, " ORDER BY 1, 2");
    if (n_common < 2)
        ls_buf_truncate(out, out->len - 3);
    return n_common > 0;
}

static inline char *lite_kept_rows(struct ls_db *db, const struct ls_diff *d, bool of_b)
{
    struct ls_buf out = LS_BUF_INIT;
    uint32_t n;
    const struct ls_fact *tables = ls_catalog_kind(d->a, LS_FACT_TABLE, &n);

    for (uint32_t i = 0; i < n; i++) {
        struct ls_buf sql = LS_BUF_INIT;

        if (lite_common(d, &tables[i], of_b, &sql)) {
            char *rows = lite_rows(db, sql.ptr);

            ls_buf_addf(&out, "%s:\n%s", tables[i].name, rows);
            free(rows);
        }
        ls_buf_release(&sql);
    }
    return ls_buf_detach(&out);
}

/* --- one becomes the other --- */

struct lite_changed {
    struct ls_buf script, trouble;
    size_t not_written;
};

static inline void lite_changed_release(struct lite_changed *x)
{
    ls_buf_release(&x->script);
    ls_buf_release(&x->trouble);
}

/* The database, which looks like d's a, is changed into b. Trouble: what is not as it should be. */
static inline void lite_change(struct ls_db *db, const struct ls_diff *d, const struct lite_way *way, struct lite_changed *x)
{
    const struct ls_ddl_opts opts = {.with_order = way->diff.with_order};
    char *before = lite_kept_rows(db, d, false), *after;
    struct ls_catalog *now;
    struct ls_diff left;

    *x = (struct lite_changed){.script = LS_BUF_INIT, .trouble = LS_BUF_INIT};
    x->not_written = ls_ddl_diff(d, &opts, &x->script);
    if (lite_run(db, x->script.ptr, &x->trouble)) {
        after = lite_kept_rows(db, d, true);
        if (strcmp(before, after) != 0)
            ls_buf_addf(&x->trouble, "rows before:\n%srows now:\n%s", before, after);
        free(after);
        now = lite_read(db, false);
        ls_diff_make(now, d->b, &way->diff, &left);
        for (size_t i = 0; i < left.d.n && left.d.n > x->not_written; i++) {
            ls_buf_adds(&x->trouble, "left: ");
            ls_difference_line(&left.d.v[i], &x->trouble);
            ls_buf_addc(&x->trouble, '\n');
        }
        ls_diff_release(&left);
        ls_catalog_free(now);
        after = lite_rows(db, "PRAGMA integrity_check");
        if (strcmp(after, "ok\n") != 0)
            ls_buf_adds(&x->trouble, after);
        free(after);
        after = lite_rows(db, "SELECT name FROM sqlite_schema WHERE name LIKE 'lockstep%' OR sql LIKE '%lockstep\\_%' ESCAPE '\\'");
        ls_buf_adds(&x->trouble, after);
        free(after);
    }
    free(before);
}

/* From one text to another, with rows in it; what is wrong is printed. */
static inline bool lite_becomes(const char *from, const char *to, const char *rows, const struct lite_way *way)
{
    struct ls_db *db = lite_open(from);
    struct ls_catalog *a = lite_read(db, way->with_definitions), *b = lite_read_sql(to, way->with_definitions);
    struct lite_changed x;
    struct ls_diff d;
    bool is_good;

    if (rows)
        lite_must(db, rows);
    else
        lite_fill(db, a);
    ls_diff_make(a, b, &way->diff, &d);
    lite_change(db, &d, way, &x);
    is_good = x.trouble.len == 0;
    if (!is_good) {
        print_error("%s\n    -> %s\n%s", from, to, x.trouble.ptr);
        for (const char *p = x.script.ptr; *p; p += strcspn(p, "\n"), p += *p == '\n')
            print_error("    %.*s\n", (int)strcspn(p, "\n"), p);
    }
    lite_changed_release(&x);
    ls_diff_release(&d);
    ls_catalog_free(a);
    ls_catalog_free(b);
    ls_db_close(db);
    return is_good;
}

#endif
