/* A SQLite table made anew: what hangs on it stays, and when it cannot be done nothing has happened, whatever the client does after an error. */
#include <config.h>

#include "contract/lite_change.h"

/* The statements between two texts. */
static char *script_of(const char *a, const char *b, const struct lite_way *way, size_t *not_written)
{
    struct ls_catalog *x = lite_read_sql(a, way->with_definitions), *y = lite_read_sql(b, way->with_definitions);
    struct ls_buf out = LS_BUF_INIT;
    struct ls_diff d;
    size_t n;

    ls_diff_make(x, y, &way->diff, &d);
    n = ls_ddl_diff(&d, NULL, &out);
    if (not_written)
        *not_written = n;
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
    return ls_buf_detach(&out);
}

static const struct lite_way plain = {.with_definitions = true}, facts = {.with_definitions = false};

static void assert_says(const char *script, const char *what)
{
    if (strstr(script, what) == NULL)
        fail_msg("no \"%s\" in\n%s", what, script);
}

/* --- what hangs on it --- */

#define FAMILY(columns, more)                                                                                                      \
    "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, n TEXT" columns ", boss INT REFERENCES p (id) ON DELETE CASCADE" more ");"  \
    "CREATE TABLE c (id INTEGER PRIMARY KEY, p INT NOT NULL REFERENCES p (id) ON DELETE CASCADE);"                                \
    "CREATE TABLE log (what TEXT);"                                                                                                \
    "CREATE INDEX pn ON p (n);"                                                                                                    \
    "CREATE VIEW v AS SELECT p.id, n FROM p JOIN c ON c.p = p.id; CREATE VIEW w AS SELECT count(*) AS n FROM v;"                   \
    "CREATE TRIGGER pi AFTER INSERT ON p BEGIN INSERT INTO log VALUES ('p' || new.id); END;"                                      \
    "CREATE TRIGGER pd AFTER DELETE ON p BEGIN INSERT INTO log VALUES ('gone'); END;"                                              \
    "CREATE TRIGGER ci AFTER INSERT ON c BEGIN UPDATE p SET n = n || '+' WHERE id = new.p; END;"

static const char family_rows[] = "INSERT INTO p (id, n) VALUES (1, 'a'), (2, 'b'), (9, 'z'); UPDATE p SET boss = 1 WHERE id = 2;"
                                  "DELETE FROM p WHERE id = 9; INSERT INTO c VALUES (1, 1), (2, 2)";

static void a_family_stays_together(void **state)
{
    char *script = script_of(FAMILY("", ""), FAMILY(" NOT NULL", ", UNIQUE (n)"), &plain, NULL);
    struct ls_db *db = lite_open(FAMILY("", ""));

    (void)state;
    lite_must(db, "PRAGMA foreign_keys = ON");
    lite_must(db, family_rows);
    lite_must(db, script);
    lite_is(db, "SELECT id, n, boss FROM p", "1|a+|NULL\n2|b+|1\n");
    lite_is(db, "SELECT * FROM c", "1|1\n2|2\n");
    lite_is(db, "SELECT * FROM log", "p1\np2\np9\ngone\n"); /* no trigger has fired */
    lite_is(db, "SELECT * FROM w", "2\n");
    lite_is(db, "SELECT seq FROM sqlite_sequence WHERE name = 'p'", "9\n");
    lite_is(db, "SELECT count(*) FROM sqlite_sequence", "1\n");
    lite_is(db, "PRAGMA foreign_keys", "1\n");
    lite_is(db, "PRAGMA foreign_key_check", "");
    lite_is(db, "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY 1)", "ci,pd,pi,v,w\n");
    lite_must(db, "INSERT INTO c VALUES (3, 2); INSERT INTO p (n) VALUES ('new'); DELETE FROM p WHERE id = 1");
    lite_is(db, "SELECT id, n FROM p", "10|new\n"); /* 2 went with its boss */
    lite_is(db, "SELECT count(*) FROM c", "0\n");
    free(script);
    ls_db_close(db);
}

/* SQLite has to rewrite such a check when the table is put aside, and would rewrite the family as well. */
static void a_table_that_names_itself(void **state)
{
    char *script = script_of(FAMILY("", ", CHECK (p.n <> '' AND \"p\".\"id\" > 0)"), FAMILY(" NOT NULL", ", CHECK (p.n <> '-')"), &plain, NULL);
    struct ls_db *db = lite_open(FAMILY("", ", CHECK (p.n <> '' AND \"p\".\"id\" > 0)"));

    (void)state;
    lite_must(db, "PRAGMA foreign_keys = ON");
    lite_must(db, family_rows);
    lite_must(db, script);
    lite_is(db, "SELECT id, n, boss FROM p", "1|a+|NULL\n2|b+|1\n");
    lite_is(db, "SELECT * FROM c", "1|1\n2|2\n");
    lite_is(db, "SELECT * FROM w", "2\n");
    lite_is(db, "SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%lockstep%'", "0\n");
    lite_must(db, "INSERT INTO c VALUES (3, 2); DELETE FROM p WHERE id = 1");
    lite_is(db, "SELECT count(*) FROM c", "0\n");
    free(script);
    ls_db_close(db);
}

/* --- when it cannot be done --- */

#define OTHER "CREATE TABLE other (x int, y text); CREATE TABLE u (i integer PRIMARY KEY);"
#define ROWS "INSERT INTO t VALUES (1, 'one', 5), (2, NULL, 5), (3, 'x', 7); INSERT INTO other VALUES (1, 'one'), (2, '2')"

static const struct {
    const char *what, *a, *b;
} refused[] = {
    {"NULL in a column that may not be", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text NOT NULL, c int);"},
    {"such rows would be passed over", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text NOT NULL ON CONFLICT IGNORE, c int);"},
    {"such rows would get another value", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text NOT NULL ON CONFLICT REPLACE DEFAULT 'x', c int);"},
    {"no value", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text, c int, d int NOT NULL);"},
    {"no value for a key", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text, c int, k int PRIMARY KEY) WITHOUT ROWID;"},
    {"twice the same", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text, c int UNIQUE);"},
    {"twice the same, of which one would go", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text, c int UNIQUE ON CONFLICT REPLACE);"},
    {"a check", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text, c int CHECK (c < 6));"},
    {"another type", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b int, c int) STRICT;"},
    {"no number for a key", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b integer PRIMARY KEY, c int);"},
    {"no parent", "CREATE TABLE t (a int, b text, c int);", "CREATE TABLE t (a int, b text, c int REFERENCES u (i));"},
};

static void try_refused(const char *what, const char *a, const char *b, const char *hindrance, const struct lite_way *way)
{
    struct ls_buf from = LS_BUF_INIT, to = LS_BUF_INIT, error = LS_BUF_INIT;
    char *script, *before, *after;

    ls_buf_addf(&from, "%s" OTHER, a);
    ls_buf_addf(&to, "CREATE TABLE other (x int, y int); CREATE TABLE u (i integer PRIMARY KEY);%s", b);
    script = script_of(from.ptr, to.ptr, way, NULL);
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        struct ls_db *db = lite_open(from.ptr);

        lite_must(db, ROWS);
        before = lite_dump(db);
        lite_must(db, hindrance);
        ls_buf_clear(&error);
        if (goes_on ? lite_run_on(db, script, &error) == 0 : lite_run(db, script, &error))
            fail_msg("%s: nothing was refused\n%s", what, script);
        if (!goes_on)
            (void)lite_run(db, "ROLLBACK", &error);
        after = lite_dump(db);
        if (strcmp(before, after) != 0)
            fail_msg("%s, a client that %s\n%sbefore:\n%safter:\n%s%s", what, goes_on ? "goes on" : "stops", error.ptr, before, after, script);
        free(before);
        free(after);
        ls_db_close(db);
    }
    free(script);
    ls_buf_release(&from);
    ls_buf_release(&to);
    ls_buf_release(&error);
}

static void what_is_refused_has_not_happened(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(refused); i++) {
        try_refused(refused[i].what, refused[i].a, refused[i].b, "", &plain);
        try_refused(refused[i].what, refused[i].a, refused[i].b, "", &facts);
    }
}

/* A full disk undoes the transaction by itself, and what comes behind it runs outside of one. */
static void a_full_disk_has_lost_nothing(void **state)
{
    static const char rows[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) ";
    char *script = script_of("CREATE TABLE t (a int, b text); CREATE TABLE u (a int, b text)", "CREATE TABLE t (a int UNIQUE, b text); CREATE TABLE u (a int CHECK (a > 0), b text)",
                             &plain, NULL);
    struct ls_db *db = lite_open("CREATE TABLE t (a int, b text); CREATE TABLE u (a int, b text)");
    struct ls_buf sql = LS_BUF_INIT, error = LS_BUF_INIT;
    char *before, *after, *pages;

    (void)state;
    ls_buf_addf(&sql, "%s INSERT INTO t SELECT i, printf('%%0100d', i) FROM n; %s INSERT INTO u SELECT i, 'u' FROM n WHERE i < 5", rows, rows);
    lite_must(db, sql.ptr);
    before = lite_dump(db);
    pages = lite_rows(db, "PRAGMA page_count");
    ls_buf_clear(&sql);
    ls_buf_addf(&sql, "PRAGMA max_page_count = %ld", strtol(pages, NULL, 10) + 20);
    lite_must(db, sql.ptr);
    assert_true(lite_run_on(db, script, &error) > 0);
    assert_non_null(strstr(error.ptr, "full"));
    after = lite_dump(db);
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(pages);
    free(script);
    ls_buf_release(&sql);
    ls_buf_release(&error);
    ls_db_close(db);
}

/* One statement is refused, or it is and undoes the transaction: wherever that is, no row is lost. */
static void one_error_anywhere_loses_nothing(void **state)
{
    static const char a[] = "CREATE TABLE t (i integer PRIMARY KEY AUTOINCREMENT, b text); CREATE TABLE u (a int REFERENCES t (i) ON DELETE CASCADE, b text)",
                      b[] = "CREATE TABLE t (i integer PRIMARY KEY AUTOINCREMENT, b text UNIQUE); CREATE TABLE u (a int REFERENCES t (i) ON DELETE CASCADE, b text CHECK (b <> ''))";
    static const char *const instead[] = {"SELECT no_such_thing", "ROLLBACK"};
    char *script = script_of(a, b, &plain, NULL);
    struct ls_stmts s = {0};

    (void)state;
    assert_int_equal(ls_sql_split(LS_DIALECT_SQLITE, script, strlen(script), &s, NULL), LS_OK);
    for (size_t k = 0; k < s.n * 2; k++) {
        struct ls_db *db = lite_open(a);
        struct ls_buf with = LS_BUF_INIT, errors = LS_BUF_INIT;

        lite_must(db, "INSERT INTO t VALUES (1, 'x'), (2, 'y'); INSERT INTO u VALUES (1, 'p'), (2, 'q')");
        ls_buf_add(&with, script, s.v[k / 2].start);
        ls_buf_addf(&with, "%s%s", instead[k % 2], script + s.v[k / 2].end);
        assert_true(lite_run_on(db, with.ptr, &errors) > 0 || k % 2 == 1);
        (void)lite_run(db, "COMMIT", &errors);
        lite_is(db, "SELECT * FROM t", "1|x\n2|y\n");
        lite_is(db, "SELECT * FROM u", "1|p\n2|q\n");
        ls_buf_release(&with);
        ls_buf_release(&errors);
        ls_db_close(db);
    }
    ls_stmts_release(&s);
    free(script);
}

/* Rows without a parent that were there before are no hindrance. */
static void what_was_broken_stays_so(void **state)
{
    static const char a[] = "CREATE TABLE u (i integer PRIMARY KEY); CREATE TABLE t (a int REFERENCES u (i), b text)",
                      b[] = "CREATE TABLE u (i integer PRIMARY KEY); CREATE TABLE t (a int REFERENCES u (i), b text CHECK (b <> ''))";

    (void)state;
    assert_true(lite_becomes(a, b, "PRAGMA foreign_keys = OFF; INSERT INTO t VALUES (5, 'x')", &plain));
}

/* --- names --- */

static void hostile_names(void **state)
{
    static const char *const pairs[][2] = {
        {"CREATE TABLE \"t\"\"; DROP TABLE keep; --\" (\"a */ b\" int, \"\n.shell\" text); CREATE TABLE keep (i)",
         "CREATE TABLE \"t\"\"; DROP TABLE keep; --\" (\"a */ b\" int NOT NULL, \"\n.shell\" text, \"n */ ;\" int NOT NULL DEFAULT 1); CREATE TABLE keep (i)"},
        {"CREATE TABLE [a b] (\"order\" integer PRIMARY KEY AUTOINCREMENT, [group] int, `x\"y` text); CREATE INDEX \"i;\" ON [a b] ([group]);"
         "CREATE TABLE \"child;\" (\"a'b\" int REFERENCES [a b] (\"order\"))",
         "CREATE TABLE [a b] (\"order\" integer PRIMARY KEY AUTOINCREMENT, [group] text, `x\"y` text UNIQUE); CREATE INDEX \"i;\" ON [a b] ([group]);"
         "CREATE TABLE \"child;\" (\"a'b\" int REFERENCES [a b] (\"order\") ON DELETE CASCADE)"},
        {"CREATE TABLE \"\" (\"\" int, a int)", "CREATE TABLE \"\" (\"\" int, a int CHECK (a > 0))"},
        {"CREATE TABLE T (A int, B text); CREATE VIEW V AS SELECT a FROM t", "CREATE TABLE t (a int UNIQUE, b text); CREATE VIEW v AS SELECT A FROM T WHERE b > ''"},
        {"CREATE TABLE t (rowid int, oid int, _rowid_ text)", "CREATE TABLE t (rowid int, oid int UNIQUE, _rowid_ text)"},
        {"CREATE TABLE lockstep_old_t (a int); CREATE TABLE t (a int)", "CREATE TABLE lockstep_old_t (a int); CREATE TABLE t (a int UNIQUE)"},
    };
    size_t n_bad = 0;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(pairs) - 2; i++)
        for (int way = 0; way < 2; way++)
            for (int back = 0; back < 2; back++)
                n_bad += !lite_becomes(pairs[i][back], pairs[i][1 - back], i == 2 ? "INSERT INTO \"\" VALUES (1, 2)" : NULL, way ? &plain : &facts);
    for (size_t i = LS_ARRAY_LEN(pairs) - 2; i < LS_ARRAY_LEN(pairs); i++) { /* no rowid to look at; a name of ours that is theirs */
        char *script = script_of(pairs[i][0], pairs[i][1], &plain, NULL);
        struct ls_db *db = lite_open(pairs[i][0]);

        lite_must(db, i + 1 < LS_ARRAY_LEN(pairs) ? "INSERT INTO t VALUES (7, 8, 'x')" : "INSERT INTO t VALUES (7); INSERT INTO lockstep_old_t VALUES (1)");
        lite_must(db, script);
        lite_is(db, "SELECT * FROM t", i + 1 < LS_ARRAY_LEN(pairs) ? "7|8|x\n" : "7\n");
        free(script);
        ls_db_close(db);
    }
    assert_int_equal(n_bad, 0);
}

/* --- renamings --- */

static const struct {
    const char *a, *b;
    struct ls_rename_choice choices[2];
} renamed[] = {
    {"CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a); CREATE TRIGGER g AFTER UPDATE OF a ON t BEGIN SELECT new.a; END",
     "CREATE TABLE t (z int, b text); CREATE VIEW v AS SELECT z FROM t; CREATE INDEX i ON t (z); CREATE TRIGGER g AFTER UPDATE OF z ON t BEGIN SELECT new.z; END",
     {{"column main.t.a", "column main.t.z", true}}},
    {"CREATE TABLE t (a int, b text)", "CREATE TABLE t (z int NOT NULL, b text)", {{"column main.t.a", "column main.t.z", true}}},
    {"CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE c (x int REFERENCES t (a)); CREATE VIEW v AS SELECT * FROM t",
     "CREATE TABLE u (a int PRIMARY KEY, b text UNIQUE); CREATE TABLE c (x int REFERENCES u (a)); CREATE VIEW v AS SELECT * FROM u",
     {{"table main.t", "table main.u", true}}},
    {"CREATE TABLE t (a int, b text); CREATE VIEW u AS SELECT a FROM t", "CREATE TABLE u (a int, b text); CREATE VIEW t AS SELECT b FROM u",
     {{"table main.t", "table main.u", true}}},
    {"CREATE TABLE t (a int, b text, z int); CREATE INDEX u ON t (a)", "CREATE TABLE u (a int, b text, z int); CREATE INDEX t ON u (b)",
     {{"table main.t", "table main.u", true}}},
    {"CREATE TABLE t (a int PRIMARY KEY, b text CHECK (t.b > '')); CREATE TABLE c (x int REFERENCES t (a))",
     "CREATE TABLE u (k int PRIMARY KEY, b text CHECK (u.b > '!')); CREATE TABLE c (x int REFERENCES u (k))",
     {{"table main.t", "table main.u", true}, {"column main.t.a", "column main.u.k", true}}},
    {"CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v",
     "CREATE TABLE t (a int); CREATE VIEW v2 AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v2", {{"view main.v", "view main.v2", true}}},
};

static void renamings(void **state)
{
    size_t n_bad = 0;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(renamed); i++)
        for (int with = 0; with < 2; with++) {
            struct lite_way way = {.diff = {.with_order = true, .choices = renamed[i].choices, .n_choices = 2}, .with_definitions = with};
            struct ls_rename_choice back[2];

            if (renamed[i].choices[1].from == NULL)
                way.diff.n_choices = 1;
            n_bad += !lite_becomes(renamed[i].a, renamed[i].b, NULL, &way);
            for (size_t k = 0; k < way.diff.n_choices; k++)
                back[k] = (struct ls_rename_choice){renamed[i].choices[k].to, renamed[i].choices[k].from, true};
            way.diff.choices = back;
            n_bad += !lite_becomes(renamed[i].b, renamed[i].a, NULL, &way);
        }
    assert_int_equal(n_bad, 0);
}

/* --- what was not compared --- */

static void what_is_ignored_stays(void **state)
{
    static const struct ls_diff_ignore ignore[] = {{NULL, "t.mine", NULL}, {"trigger", "*", NULL}, {NULL, "t.b", "default"}, {NULL, "t.theirs", NULL}};
    struct lite_way way = {.diff = {.ignore = ignore, .n_ignore = LS_ARRAY_LEN(ignore)}, .with_definitions = true};
    char *script = script_of("CREATE TABLE t (a int, mine text, b int DEFAULT 5); CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; END",
                             "CREATE TABLE t (a int NOT NULL, b int DEFAULT 6, theirs int)", &way, NULL);
    struct ls_db *db = lite_open("CREATE TABLE t (a int, mine text, b int DEFAULT 5); CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; END");

    (void)state;
    lite_must(db, "INSERT INTO t VALUES (1, 'kept', 2)");
    lite_must(db, script);
    lite_must(db, "INSERT INTO t (a) VALUES (9)");
    lite_is(db, "SELECT a, mine, b FROM t", "1|kept|2\n9|NULL|5\n");
    lite_is(db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", "g\n");
    lite_is(db, "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'theirs'", "0\n");
    lite_is(db, "SELECT \"notnull\" FROM pragma_table_info('t') WHERE name = 'a'", "1\n");
    free(script);
    ls_db_close(db);
}

static void an_ignored_attribute_stays(void **state)
{
    static const struct ls_diff_ignore ignore[] = {{NULL, "t.b", "default"}};
    struct lite_way way = {.diff = {.ignore = ignore, .n_ignore = 1}, .with_definitions = true};
    char *script = script_of("CREATE TABLE t (a int, b int DEFAULT 5)", "CREATE TABLE t (a int UNIQUE, b int DEFAULT 6)", &way, NULL);

    (void)state;
    assert_says(script, "    b int DEFAULT 5,\n");
    free(script);
}

/* --- what is said --- */

static void what_is_lost_is_said(void **state)
{
    size_t n;
    char *script = script_of("CREATE TABLE t (a int, b text, c text); CREATE TABLE gone (x int); CREATE VIRTUAL TABLE d USING fts5(a);"
                             "PRAGMA user_version = 1; PRAGMA application_id = 3",
                             "CREATE TABLE t (a int, b int NOT NULL, e int NOT NULL); CREATE VIRTUAL TABLE d USING fts5(a, b); PRAGMA user_version = 2", &plain, &n);

    (void)state;
    assert_int_equal(n, 0);
    assert_says(script, "\n-- loses data: table gone goes, and its rows with it\nDROP TABLE gone;\n");
    assert_says(script, "\n-- loses data: table d is made anew, and what it held is gone: fill it again\nDROP TABLE d;\n");
    assert_says(script, "--   loses data: column t.c removed (its values are gone)\n");
    assert_says(script, "text that looks like a number becomes one");
    assert_says(script, "with such rows this fails: give them values first");
    assert_says(script, "NULL /* put its value here */");
    assert_says(script, "the rowids are copied as they are");
    assert_says(script, "PRAGMA user_version=2;\n");
    assert_says(script, "PRAGMA application_id=0;\n");
    free(script);
    script = script_of("CREATE TABLE t (a int, b text)", "CREATE TABLE t (a int)", &plain, &n);
    assert_says(script, "-- loses data: column t.b removed (its values are gone)\nALTER TABLE t DROP COLUMN b;\n");
    free(script);
    script = script_of("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a int)", "CREATE TABLE t (a int)", &plain, &n);
    assert_int_equal(n, 1);
    assert_says(script, LS_DDL_NOT_WRITTEN "database file, its encoding is said before the first table is made");
    free(script);
}

/* A key that is new gives the rowids a name. */
static void a_new_key_has_the_rowids(void **state)
{
    char *script = script_of("CREATE TABLE t (a int)", "CREATE TABLE t (id integer PRIMARY KEY, a int)", &plain, NULL);
    struct ls_db *db = lite_open("CREATE TABLE t (a int); INSERT INTO t (rowid, a) VALUES (5, 50), (3, 30)");

    (void)state;
    lite_must(db, script);
    lite_is(db, "SELECT id, a FROM t", "3|30\n5|50\n");
    free(script);
    ls_db_close(db);
}

/* Where ALTER TABLE does it nothing is copied, and no transaction is brought along for what is only new. */
static void no_more_than_is_needed(void **state)
{
    static const struct {
        const char *a, *b, *script;
    } cases[] = {
        {"CREATE TABLE t (a int)", "CREATE TABLE t (a int, b text DEFAULT 'x' CHECK (b <> ''))", "ALTER TABLE t ADD COLUMN b text DEFAULT 'x' CHECK (b <> '');\n"},
        {"CREATE TABLE t (a int)", "CREATE TABLE t (a int, b int REFERENCES t (a) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)",
         "ALTER TABLE t ADD COLUMN b int REFERENCES t(a) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;\n"},
        {"CREATE TABLE t (a int)", "CREATE TABLE t (a int, b int AS (a + 1))", "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a + 1) VIRTUAL;\n"},
        {"CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "CREATE TABLE t (a int)", "DROP INDEX i;\n"},
        {"CREATE TABLE t (a int)", "CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1 AS One -- a comment", "CREATE VIEW v AS SELECT 1 AS One -- a comment\n;\n"},
    };
    static const char *const copied[] = {"b int DEFAULT (1 + 1)", "b text DEFAULT CURRENT_TIMESTAMP", "b int NOT NULL", "b int UNIQUE", "b int AS (a) STORED",
                                         "b int DEFAULT 3 REFERENCES t (a)", "b int PRIMARY KEY"};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *script = script_of(cases[i].a, cases[i].b, &plain, NULL);

        assert_string_equal(script, cases[i].script);
        free(script);
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(copied); i++) {
        struct ls_buf b = LS_BUF_INIT;
        char *script;

        ls_buf_addf(&b, "CREATE TABLE t (a int, %s)", copied[i]);
        script = script_of("CREATE TABLE t (a int)", b.ptr, &plain, NULL);
        assert_says(script, "INSERT INTO t (");
        free(script);
        ls_buf_release(&b);
    }
}

/* Behind the statement that SQLite reads a file may have another one. */
static void a_forged_text_is_not_run(void **state)
{
    struct ls_db *db = lite_open("CREATE TABLE t (a int); PRAGMA writable_schema = ON;"
                                 "UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a int); DROP TABLE keep' WHERE name = 't'");
    struct ls_catalog *b = lite_read(db, true), *a = lite_read_sql("CREATE TABLE keep (i)", true);
    const struct ls_diff_opts opts = {.without_renames = true, .ignore = (const struct ls_diff_ignore[]){{NULL, "keep", NULL}}, .n_ignore = 1};
    struct ls_buf script = LS_BUF_INIT;
    struct ls_diff d;

    (void)state;
    ls_diff_make(a, b, &opts, &d);
    (void)ls_ddl_diff(&d, NULL, &script);
    assert_says(script.ptr, "CREATE TABLE t (\n    a int\n);\n");
    assert_null(strstr(script.ptr, "keep"));
    ls_diff_release(&d);
    ls_catalog_free(a);
    ls_catalog_free(b);
    ls_buf_release(&script);
    ls_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_stays_together),  cmocka_unit_test(a_table_that_names_itself), cmocka_unit_test(what_is_refused_has_not_happened),
        cmocka_unit_test(a_full_disk_has_lost_nothing), cmocka_unit_test(one_error_anywhere_loses_nothing), cmocka_unit_test(what_was_broken_stays_so), cmocka_unit_test(hostile_names),
        cmocka_unit_test(renamings),                cmocka_unit_test(what_is_ignored_stays), cmocka_unit_test(an_ignored_attribute_stays), cmocka_unit_test(what_is_lost_is_said),
        cmocka_unit_test(a_new_key_has_the_rowids), cmocka_unit_test(no_more_than_is_needed),   cmocka_unit_test(a_forged_text_is_not_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
