/* SQLite's statements of a difference take it away, and the rows are still there: of each single change, in both directions, with the file's own
 * statements and with what the facts say; of pairs of changes at once; of real folders from every version to the last and back. */
#include <config.h>

#include "contract/lite_change.h"

#include <glob.h>

#include "contract/catalog_mutations_sqlite.h"

/* The order of columns counts or does not; renamings are looked for or not; a thing is made with its own statement or with what is known of it. */
static const struct lite_way ways[] = {
    {.diff = {.with_order = true}, .with_definitions = true},
    {.diff = {.with_order = true}, .with_definitions = false},
    {.diff = {.with_order = false}, .with_definitions = true},
    {.diff = {.with_order = false, .without_renames = true}, .with_definitions = false},
};

static void each_change_is_taken_away(void **state)
{
    size_t n_bad = 0;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(lite_mutations); i++) {
        const struct lite_mutation *m = &lite_mutations[i];

        for (size_t w = 0; w < LS_ARRAY_LEN(ways); w++) {
            n_bad += !lite_becomes(m->a, m->b, NULL, &ways[w]);
            n_bad += !lite_becomes(m->b, m->a, NULL, &ways[w]);
        }
    }
    assert_int_equal(n_bad, 0);
}

/* What a single table may look like: each one becomes each other one. */
static const char *const shapes[] = {
    "CREATE TABLE t (a int, b text, c int)",
    "CREATE TABLE t (a int, b text, c int DEFAULT 7, d text DEFAULT 'x')",
    "CREATE TABLE t (c int, a int, b text)",
    "CREATE TABLE t (a integer PRIMARY KEY, b text, c int)",
    "CREATE TABLE t (a integer PRIMARY KEY AUTOINCREMENT, b text, c int)",
    "CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT, b text, c integer)",
    "CREATE TABLE t (a int PRIMARY KEY, b text, c int) WITHOUT ROWID",
    "CREATE TABLE t (b text, a int, c int, PRIMARY KEY (b, a)) WITHOUT ROWID, STRICT",
    "CREATE TABLE t (a int, b text, c int) STRICT",
    "CREATE TABLE t (a int UNIQUE ON CONFLICT REPLACE, b text NOT NULL ON CONFLICT IGNORE, c int UNIQUE)",
    "CREATE TABLE t (a int, b text COLLATE NOCASE, c int, g int AS (a + c) STORED, v AS (b || 'x'))",
    "CREATE TABLE t (a int, b text, c int, v AS (b || 'x'))",
    "CREATE TABLE t (a int CHECK (a > 0), b text, c int CHECK (t.c > 1))",
    "CREATE TABLE t (a int, b text, c int REFERENCES t (a), e int REFERENCES u (i) ON DELETE CASCADE, PRIMARY KEY (a)); CREATE TABLE u (i integer PRIMARY KEY)",
    "CREATE TABLE t (a int, b text, c int, made text DEFAULT CURRENT_TIMESTAMP, n int NOT NULL DEFAULT 4, k int CHECK (k > 0))",
    "CREATE TABLE t (a int, b text); CREATE INDEX i ON t (a) WHERE b > ''; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    ("CREATE TABLE t (a int, b text, c int); CREATE UNIQUE INDEX i ON t (lower(b), c DESC); CREATE VIEW v AS SELECT a, c FROM t;"
     "CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END"),
    "CREATE TABLE t (rowid int, a int, b text, c int)",
    "CREATE TABLE t (a int, b text, c int); CREATE TABLE child (i integer PRIMARY KEY, t int REFERENCES t (a) ON DELETE CASCADE); CREATE UNIQUE INDEX ta ON t (a)",
};

static void each_shape_becomes_each_other(void **state)
{
    size_t n_bad = 0;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(shapes); i++)
        for (size_t k = 0; k < LS_ARRAY_LEN(shapes); k++)
            n_bad += i != k && !lite_becomes(shapes[i], shapes[k], NULL, &ways[(i + k) % LS_ARRAY_LEN(ways)]);
    assert_int_equal(n_bad, 0);
}

/* --- real folders --- */

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct ls_buf text = LS_BUF_INIT;
    char piece[4096];

    assert_non_null(f);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        ls_buf_add(&text, piece, n);
    fclose(f);
    ls_buf_adds(&text, "\n;\n");
    return ls_buf_detach(&text);
}

/* After how many of its files. */
static struct ls_db *folder_at(const glob_t *files, size_t n)
{
    struct ls_db *db = lite_open("PRAGMA foreign_keys = OFF");

    for (size_t i = 0; i < n; i++) {
        char *text = read_file(files->gl_pathv[i]);

        lite_must(db, text);
        free(text);
    }
    return db;
}

static bool folder_becomes(const glob_t *files, size_t from, size_t to, bool with_definitions)
{
    struct lite_way way = {.with_definitions = with_definitions, .diff = {.with_order = to % 2 == 0}};
    struct ls_db *db = folder_at(files, from), *other = folder_at(files, to);
    struct ls_catalog *a = lite_read(db, with_definitions), *b = lite_read(other, with_definitions);
    struct lite_changed x;
    struct ls_diff d;
    struct ls_buf script = LS_BUF_INIT;
    bool is_good;

    ls_diff_make(a, b, &way.diff, &d);
    (void)ls_ddl_diff(&d, NULL, &script);
    if (strstr(script.ptr, "put its value here") == NULL) /* that is for somebody who knows it */
        lite_fill(db, a);
    lite_change(db, &d, &way, &x);
    is_good = x.trouble.len == 0;
    if (!is_good)
        print_error("%s, from %zu to %zu:\n%s%s", files->gl_pathv[0], from, to, x.trouble.ptr, x.script.ptr);
    ls_buf_release(&script);
    lite_changed_release(&x);
    ls_diff_release(&d);
    ls_catalog_free(a);
    ls_catalog_free(b);
    ls_db_close(db);
    ls_db_close(other);
    return is_good;
}

static void real_folders(void **state)
{
    static const char *const folders[] = {"diesel-sqlite/vaultwarden/*/up.sql", "drizzle-sqlite/karakeep/*.sql"};
    const char *dir = getenv("LS_SRCDIR");
    size_t n_bad = 0, n = 0;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(folders); i++) {
        struct ls_buf pattern = LS_BUF_INIT;
        glob_t files = {0};

        ls_buf_addf(&pattern, "%s/../shared/corpus/%s", dir ? dir : ".", folders[i]);
        if (glob(pattern.ptr, 0, NULL, &files) == 0) {
            for (size_t k = 0; k < files.gl_pathc; k += 5, n += 2) {
                n_bad += !folder_becomes(&files, k, files.gl_pathc, k % 2 == 0);
                n_bad += !folder_becomes(&files, files.gl_pathc, k, k % 2 == 1);
            }
        }
        globfree(&files);
        ls_buf_release(&pattern);
    }
    if (n == 0)
        skip(); /* the corpus is not there */
    print_message("# %zu changes of a real folder\n", n);
    assert_int_equal(n_bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_change_is_taken_away), cmocka_unit_test(each_shape_becomes_each_other),
                                       cmocka_unit_test(real_folders)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
