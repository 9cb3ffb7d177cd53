/* A SQLite schema as facts. The referee is SQLite itself: its pragmas say what a table has, and one change of the schema must be one difference. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "contract/catalog_mutations_sqlite.h"
#include "lockstep/base/buf.h"
#include "lockstep/db/catalog.h"
#include "lockstep/diff/diff.h"

static struct ls_db *open_with(const char *sql)
{
    struct ls_db_params p = {.url = "sqlite::memory:", .create = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK || ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s: %s", err.message, sql);
    return db;
}

static struct ls_catalog *read_db(struct ls_db *db)
{
    struct ls_catalog *c = NULL;
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_catalog(db, NULL, &c, &err) != LS_OK)
        fail_msg("%s", err.message);
    return c;
}

static struct ls_catalog *read_sql(const char *sql)
{
    struct ls_db *db = open_with(sql);
    struct ls_catalog *c = read_db(db);

    ls_db_close(db);
    return c;
}

/* One of everything, written in as many ways as SQLite lets it be. */
#define EVERYTHING                                                                                                                     \
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE COLLATE NOCASE, -- who\n"                     \
    " [na me] varchar(80) DEFAULT 'x''y', \"Age\" int CHECK (\"Age\" > 0) DEFAULT -1, made TEXT DEFAULT CURRENT_TIMESTAMP,\n"           \
    " full TEXT GENERATED ALWAYS AS (email || 'x') STORED, v int AS (id + 1), dqs TEXT DEFAULT \"abc\", e REAL DEFAULT (1 + 2));\n"     \
    "CREATE TABLE teams (a INT, b INT, owner INTEGER REFERENCES users (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED," \
    " CONSTRAINT pk PRIMARY KEY (a, b DESC), UNIQUE (b, a) ON CONFLICT REPLACE, CONSTRAINT big CHECK (a > 1 AND b IN (1,2)),"          \
    " FOREIGN KEY (a) REFERENCES users) WITHOUT ROWID, STRICT;\n"                                                                      \
    "CREATE UNIQUE INDEX i1 ON users (lower(email), \"Age\" DESC) WHERE \"Age\" IS NOT NULL;\n"                                        \
    "CREATE INDEX i2 ON users (made ASC, email COLLATE RTRIM);\n"                                                                      \
    "CREATE VIEW adults(who, age) AS SELECT email, \"Age\" FROM users WHERE \"Age\" > 17;\n"                                           \
    "CREATE VIEW second AS SELECT * FROM adults;\n"                                                                                    \
    "CREATE TRIGGER after_it AFTER UPDATE OF email ON users WHEN new.id > 1 BEGIN UPDATE teams SET a = 1; SELECT CASE WHEN 1 THEN 2 END; END;\n" \
    "CREATE TRIGGER \"on\" INSERT ON users BEGIN SELECT 1; END;\n"                                                                     \
    "CREATE VIRTUAL TABLE docs USING fts5(title, body, tokenize = 'porter');\n"                                                        \
    "CREATE TABLE docs_mine (x);\n"

static const char *get(const struct ls_catalog *c, enum ls_fact_kind kind, const char *parent, const char *name, enum ls_attr a)
{
    const struct ls_fact *f = ls_catalog_find(c, kind, "main", parent, name);
    const char *v;

    if (f == NULL)
        fail_msg("there is no %s %s of %s", ls_fact_kind_name(kind), name, parent);
    v = ls_fact_get(f, a);
    return v ? v : "";
}

static void everything(void **state)
{
    struct ls_catalog *c = read_sql(EVERYTHING);
    const struct ls_fact *view;
    uint32_t n;

    (void)state;
    assert_string_equal(get(c, LS_FACT_TABLE, "", "users", LS_A_AUTOINCREMENT), "yes");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "id", LS_A_TYPE), "integer");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "email", LS_A_NOT_NULL), "yes");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "email", LS_A_COLLATION), "nocase");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "na me", LS_A_TYPE), "varchar(80)");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "na me", LS_A_DEFAULT), "'x''y'");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "age", LS_A_DEFAULT), "- 1");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "made", LS_A_DEFAULT), "current_timestamp");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "full", LS_A_GENERATED), "stored (email || 'x')");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "v", LS_A_GENERATED), "virtual (id + 1)");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "dqs", LS_A_DEFAULT), "'abc'");
    assert_string_equal(get(c, LS_FACT_COLUMN, "users", "e", LS_A_DEFAULT), "(1 + 2)");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "users", "check (age > 0)", LS_A_EXPRESSION), "(age > 0)");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "users", "unique email", LS_A_KEY), "email");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "users", "primary key", LS_A_KEY), "id");

    assert_string_equal(get(c, LS_FACT_TABLE, "", "teams", LS_A_WITHOUT_ROWID), "yes");
    assert_string_equal(get(c, LS_FACT_TABLE, "", "teams", LS_A_STRICT), "yes");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "teams", "pk", LS_A_KEY), "a, b desc");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "teams", "unique b, a", LS_A_CONFLICT), "replace");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "teams", "big", LS_A_EXPRESSION), "(a > 1 and b in (1, 2))");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "teams", "foreign key owner references users(id)", LS_A_ON_DELETE), "set null");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "teams", "foreign key owner references users(id)", LS_A_ON_UPDATE), "cascade");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "teams", "foreign key owner references users(id)", LS_A_DEFERRABLE), "initially deferred");
    assert_string_equal(get(c, LS_FACT_CONSTRAINT, "teams", "foreign key a references users", LS_A_REFERENCES), "users");

    assert_string_equal(get(c, LS_FACT_INDEX, "users", "i1", LS_A_UNIQUE), "yes");
    assert_string_equal(get(c, LS_FACT_INDEX, "users", "i1", LS_A_KEY), "lower(email), age desc");
    assert_string_equal(get(c, LS_FACT_INDEX, "users", "i1", LS_A_PREDICATE), "age is not null");
    assert_string_equal(get(c, LS_FACT_INDEX, "users", "i2", LS_A_KEY), "made, email collate rtrim");
    assert_string_equal(get(c, LS_FACT_VIEW, "", "adults", LS_A_ATTRIBUTES), "who, age");
    assert_string_equal(get(c, LS_FACT_VIEW, "", "adults", LS_A_BODY), "select email, age from users where age > 17");
    assert_string_equal(get(c, LS_FACT_TRIGGER, "users", "after_it", LS_A_TIMING), "after update of email");
    assert_string_equal(get(c, LS_FACT_TRIGGER, "users", "after_it", LS_A_WHEN), "new.id > 1");
    assert_string_equal(get(c, LS_FACT_TRIGGER, "users", "on", LS_A_TIMING), "before insert");
    assert_string_equal(get(c, LS_FACT_TABLE, "", "docs", LS_A_FORM), "virtual");
    assert_string_equal(get(c, LS_FACT_TABLE, "", "docs", LS_A_MODULE), "fts5(title, body, tokenize = 'porter')");
    assert_non_null(strstr(get(c, LS_FACT_TABLE, "", "docs", LS_A_PARTS), "docs_content"));
    assert_null(ls_catalog_find(c, LS_FACT_TABLE, "main", "", "docs_content"));
    assert_non_null(ls_catalog_find(c, LS_FACT_TABLE, "main", "", "docs_mine"));
    assert_null(ls_catalog_find(c, LS_FACT_TABLE, "main", "", "sqlite_sequence"));
    view = ls_catalog_find(c, LS_FACT_VIEW, "main", "", "second");
    assert_int_equal(ls_catalog_needs(c, ls_catalog_index(c, view), &n)->to, ls_catalog_index(c, ls_catalog_find(c, LS_FACT_VIEW, "main", "", "adults")));
    assert_int_equal(c->notes.d.n, 0);
    ls_catalog_free(c);
}

/* What the pragmas say of each column: name, type, not null, whether it has a default, its place. */
static void columns_as_the_pragmas_say(void **state)
{
    struct ls_db *db = open_with(EVERYTHING);
    struct ls_catalog *c = read_db(db);
    struct ls_result r;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    if (ls_db_query(db, "SELECT t.name, x.name, x.type, x.\"notnull\", x.dflt_value IS NOT NULL, x.cid + 1, x.hidden, x.pk"
                        " FROM pragma_table_list t, pragma_table_xinfo(t.name) x WHERE t.schema = 'main' AND t.type = 'table'"
                        " AND t.name NOT LIKE 'sqlite_%'", NULL, 0, &r, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_true(r.n_rows > 10);
    for (size_t i = 0; i < r.n_rows; i++) {
        const struct ls_fact *f = ls_catalog_find(c, LS_FACT_COLUMN, "main", ls_result_get(&r, i, 0), ls_result_get(&r, i, 1));
        const char *type, *hidden = ls_result_get(&r, i, 6);

        if (f == NULL)
            fail_msg("no column %s.%s", ls_result_get(&r, i, 0), ls_result_get(&r, i, 1));
        type = ls_fact_get(f, LS_A_TYPE);
        assert_int_equal(strcasecmp(type ? type : "", ls_result_get(&r, i, 2)), 0);
        /* A key of a table without rowid is not null without saying so. */
        if (strcmp(ls_result_get(&r, i, 7), "0") == 0)
            assert_int_equal(ls_fact_get(f, LS_A_NOT_NULL) != NULL, ls_result_get(&r, i, 3)[0] == '1');
        assert_int_equal(ls_fact_get(f, LS_A_DEFAULT) != NULL, ls_result_get(&r, i, 4)[0] == '1');
        assert_string_equal(ls_fact_get(f, LS_A_POSITION), ls_result_get(&r, i, 5));
        assert_int_equal(ls_fact_get(f, LS_A_GENERATED) != NULL, hidden[0] == '2' || hidden[0] == '3');
    }
    ls_result_release(&r);
    ls_catalog_free(c);
    ls_db_close(db);
}

static size_t differences(const char *a, const char *b, char **line)
{
    struct ls_catalog *x = read_sql(a), *y = read_sql(b);
    struct ls_diff d;
    struct ls_buf text = LS_BUF_INIT;
    size_t n;

    ls_diff_make(x, y, NULL, &d);
    n = d.d.n;
    for (size_t i = 0; i < n; i++) {
        ls_difference_line(&d.d.v[i], &text);
        ls_buf_adds(&text, "\n");
    }
    *line = ls_buf_detach(&text);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
    return n;
}

/* What only looks different. */
static void spelling_is_no_difference(void **state)
{
    static const char *const pairs[][2] = {
        {"CREATE TABLE t (a INTEGER, b TEXT)", "create table \"t\" (\n  `a` integer, -- a comment\n  [b] text\n)"},
        {"CREATE TABLE T (A int)", "CREATE TABLE t (a INT)"},
        {"CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a ASC)", "CREATE TABLE t (a int, b int); CREATE INDEX IF NOT EXISTS i ON \"t\"(\"a\")"},
        {"CREATE TABLE t (a int DEFAULT 'x')", "CREATE TABLE t (a int DEFAULT \"x\")"},
        {"CREATE TABLE t (a int PRIMARY KEY)", "CREATE TABLE t (a int, PRIMARY KEY (a))"},
        {"CREATE TABLE t (a int UNIQUE)", "CREATE TABLE t (a int, UNIQUE (a))"},
        {"CREATE TABLE u (i int); CREATE TABLE t (a int REFERENCES u (i))", "CREATE TABLE u (i int); CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES u (i) ON DELETE NO ACTION)"},
        {"CREATE TABLE t (a int)", "CREATE TABLE u (a int); ALTER TABLE u RENAME TO t"},
        {"CREATE TABLE t (a int, b int DEFAULT 3)", "CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN b int DEFAULT 3"},
        {"CREATE TABLE t (a int COLLATE BINARY)", "CREATE TABLE t (a int)"},
        {"CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t", "CREATE TABLE t (a int); CREATE VIEW v AS\nselect  a\nfrom t"},
        {"CREATE TABLE t (a int NOT NULL ON CONFLICT ABORT)", "CREATE TABLE t (a int NOT NULL)"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(pairs); i++) {
        char *lines;

        if (differences(pairs[i][0], pairs[i][1], &lines) != 0)
            fail_msg("%s\n%s\ndiffer: %s", pairs[i][0], pairs[i][1], lines);
        free(lines);
    }
}

/* One change, one difference, and that one. */
static void each_mutation_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(lite_mutations); i++) {
        char *lines;

        (void)differences(lite_mutations[i].a, lite_mutations[i].b, &lines);
        if (strcmp(lines, lite_mutations[i].line) != 0)
            fail_msg("%s\n%s\nwant %sgot  %s", lite_mutations[i].a, lite_mutations[i].b, lite_mutations[i].line, lines);
        free(lines);
    }
}

/* What SQLite prints of a schema makes the same schema. */
static void made_again_from_its_text(void **state)
{
    struct ls_db *db = open_with(EVERYTHING);
    struct ls_catalog *a = read_db(db), *b;
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r;
    struct ls_err err = LS_ERR_INIT;
    struct ls_diff d;

    (void)state;
    if (ls_db_query(db, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'docs\\_%' ESCAPE '\\'"
                        " OR name = 'docs_mine'", NULL, 0, &r, &err) != LS_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < r.n_rows; i++)
        ls_buf_addf(&sql, "%s;\n", ls_result_get(&r, i, 0));
    b = read_sql(sql.ptr);
    ls_diff_make(a, b, NULL, &d);
    assert_true(ls_diff_is_equal(&d));
    ls_diff_release(&d);
    ls_catalog_free(a);
    ls_catalog_free(b);
    ls_result_release(&r);
    ls_buf_release(&sql);
    ls_db_close(db);
}

static void left_out(void **state)
{
    struct ls_db *db = open_with("CREATE TABLE schema_migrations (version); CREATE INDEX x ON schema_migrations (version); CREATE TABLE t (a)");
    static const char *const without[] = {"schema_migrations", NULL};
    struct ls_catalog_opts opts = {.without = without, .with_definitions = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;
    uint32_t n;

    (void)state;
    assert_int_equal(ls_db_catalog(db, &opts, &c, &err), LS_OK);
    ls_catalog_kind(c, LS_FACT_TABLE, &n);
    assert_int_equal(n, 1);
    ls_catalog_kind(c, LS_FACT_INDEX, &n);
    assert_int_equal(n, 0);
    assert_string_equal(get(c, LS_FACT_TABLE, "", "t", LS_A_DEFINITION), "CREATE TABLE t (a)");
    ls_catalog_free(c);
    ls_db_close(db);
}

/* Sizes need dbstat, which a library may lack; estimates need only ANALYZE. */
static void sizes_where_they_are_cheap(void **state)
{
    struct ls_db *db = open_with("CREATE TABLE t (a TEXT); CREATE INDEX ti ON t (a); CREATE TABLE u (a); "
                                 "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT printf('%0100d', i) FROM n; ANALYZE");
    const struct ls_catalog_opts opts = {.with_sizes = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;
    struct ls_result res;
    bool has_dbstat = ls_db_query(db, "SELECT sum(pgsize) FROM dbstat WHERE name IN ('t', 'ti')", NULL, 0, &res, NULL) == LS_OK;

    (void)state;
    assert_int_equal(ls_db_catalog(db, &opts, &c, &err), LS_OK);
    assert_string_equal(get(c, LS_FACT_TABLE, "", "t", LS_A_ROWS), "3000");
    if (has_dbstat) {
        assert_string_equal(get(c, LS_FACT_TABLE, "", "t", LS_A_BYTES), ls_result_get(&res, 0, 0)); /* its index counted with it */
        ls_result_release(&res);
    }
    ls_catalog_free(c);
    c = read_db(db); /* not asked for: not there */
    assert_string_equal(get(c, LS_FACT_TABLE, "", "t", LS_A_ROWS), "");
    ls_catalog_free(c);
    ls_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything),
        cmocka_unit_test(columns_as_the_pragmas_say),
        cmocka_unit_test(spelling_is_no_difference),
        cmocka_unit_test(each_mutation_is_found),
        cmocka_unit_test(made_again_from_its_text),
        cmocka_unit_test(left_out),
        cmocka_unit_test(sizes_where_they_are_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
