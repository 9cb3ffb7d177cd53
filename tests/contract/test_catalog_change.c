/* The statements of a difference take it away: of each single change, in both directions, of a whole schema into an empty database and out of it again.
 * Where something has no statement the text says so, and only there may anything be left. */
#include <config.h>

#include "contract/catalog_pg.h"

#include <glob.h>

#include "contract/catalog_mutations_here.h"
#include "lockstep/diff/ddl.h"

static const struct ls_diff_opts all = {.with_owner = true, .with_rights = true, .with_order = true, .without_renames = true};
static const struct ls_ddl_opts all_ddl = {.with_owner = true, .with_rights = true, .with_order = true};

/* How many of the changes have no complete script in one direction: passwords that nobody reads, labels that an enum keeps, orders. */
#define MOST_INCOMPLETE 8

static char *url;
static size_t n_incomplete;

static bool run(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc = ls_db_exec_batch(db, sql, strlen(sql), NULL, &err);

    if (rc != LS_OK)
        print_error("%s\n", err.message);
    ls_err_release(&err);
    return rc == LS_OK;
}

/* What still differs, in words; the number of it. */
static size_t left_over(const struct ls_catalog *a, const struct ls_catalog *b, struct ls_buf *out)
{
    struct ls_diff d;
    size_t n;

    ls_diff_make(a, b, &all, &d);
    n = d.d.n;
    for (size_t i = 0; i < n; i++) {
        ls_buf_adds(out, "\n    ");
        ls_difference_line(&d.d.v[i], out);
    }
    ls_diff_release(&d);
    return n;
}

static size_t script_of(const struct ls_catalog *a, const struct ls_catalog *b, struct ls_buf *out)
{
    struct ls_diff d;
    size_t n;

    ls_diff_make(a, b, &all, &d);
    n = ls_ddl_diff(&d, &all_ddl, out);
    ls_diff_release(&d);
    return n;
}

/* The database holds `from`; it shall look like `to`. */
static bool changes_into(struct ls_db *db, const struct ls_catalog *from, const struct ls_catalog *to, const char *what)
{
    struct ls_buf script = LS_BUF_INIT, left = LS_BUF_INIT;
    size_t not_written = script_of(from, to, &script), n = 0;
    bool is_good = script.ptr == NULL || run(db, script.ptr);

    if (is_good) {
        struct ls_catalog *now = catpg_read_db(db, NULL);

        n = left_over(now, to, &left);
        is_good = n <= not_written;
        ls_catalog_free(now);
    }
    n_incomplete += not_written > 0;
    if (!is_good) {
        print_error("%s\n--- left:%s\n--- the script:\n", what, left.ptr ? left.ptr : "");
        for (const char *p = script.ptr; p && *p; p += strcspn(p, "\n"), p += *p == '\n')
            print_error("%.*s\n", (int)strcspn(p, "\n"), p);
    }
    ls_buf_release(&script);
    ls_buf_release(&left);
    return is_good;
}

static bool try_one(struct ls_db *db, const struct ls_catalog *base, const struct mutation *m)
{
    static const char role[] = "create role another";
    struct ls_catalog *changed;
    bool is_good;

    if (!run(db, "begin") || !run(db, m->sql)) {
        run(db, "rollback");
        return false;
    }
    changed = catpg_read_db(db, NULL);
    is_good = changes_into(db, changed, base, m->sql);
    is_good = run(db, "rollback") && is_good;
    if (!run(db, "begin") || (strstr(m->sql, role) && !run(db, role)))
        return false;
    is_good = changes_into(db, base, changed, m->sql) && is_good;
    is_good = run(db, "rollback") && is_good;
    ls_catalog_free(changed);
    return is_good;
}

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        (void)state;                                                                                                               \
        if (url == NULL)                                                                                                           \
            test_skip(test_pg_skip_reason());                                                                                      \
    } while (0)

static void each_change_is_taken_away(void **state)
{
    NEED_SERVER();
    n_incomplete = 0;
    mutations_try(url, try_one);
    print_message("# %zu scripts say that they are not complete\n", n_incomplete);
    assert_true(n_incomplete <= MOST_INCOMPLETE);
}

/* What cannot be undone, or not inside of one transaction; what needs a server that is a superuser's toy. */
static bool is_left_out(const char *sql)
{
    static const char *const words[] = {"s.mood add", "s.mood rename", "rename attribute", "indisvalid", "drop extension", "drop schema", "temp table"};

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (strstr(sql, words[i]))
            return true;
    return false;
}

/* Some of the changes stand in each other's way: what the server refuses is taken back. How many were made. */
static size_t make_many(struct ls_db *db)
{
    static const char role[] = "create role another; ";
    size_t n = 0;

    for (size_t i = 0; i < LS_ARRAY_LEN(mutations); i++) {
        const char *sql = mutations[i].sql;
        struct ls_err err = LS_ERR_INIT;

        if (is_left_out(sql))
            continue;
        if (strncmp(sql, role, strlen(role)) == 0)
            sql += strlen(role);
        assert_true(run(db, "savepoint one"));
        if (ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) == LS_OK)
            n += run(db, "release one");
        else
            assert_true(run(db, "rollback to one"));
        ls_err_release(&err);
    }
    return n;
}

/* Hundreds of changes in one difference: in what order they come is the script's business. */
static void many_changes_at_once(void **state)
{
    struct ls_catalog *base, *changed;
    struct ls_db *db;
    bool is_good;
    size_t n;

    NEED_SERVER();
    db = catpg_open(url);
    base = catpg_read_db(db, NULL);
    assert_true(run(db, "begin") && run(db, "create role another"));
    n = make_many(db);
    assert_true(n > 200);
    changed = catpg_read_db(db, NULL);
    is_good = changes_into(db, changed, base, "many changes, back");
    assert_true(run(db, "rollback") && run(db, "begin") && run(db, "create role another"));
    is_good = changes_into(db, base, changed, "many changes") && is_good;
    assert_true(run(db, "rollback"));
    ls_catalog_free(base);
    ls_catalog_free(changed);
    ls_db_close(db);
    assert_true(is_good);
}

/* Out of nothing, and into nothing again. */
static bool is_made_and_dropped(const char *from, const char *what)
{
    char *empty_url = test_pg_new_database("empty");
    struct ls_db *db = catpg_open(empty_url);
    struct ls_catalog *whole = catpg_read(from), *empty = catpg_read_db(db, NULL);
    bool is_good = changes_into(db, empty, whole, what) && changes_into(db, whole, empty, "nothing");

    ls_catalog_free(whole);
    ls_catalog_free(empty);
    ls_db_close(db);
    catpg_drop(empty_url);
    return is_good;
}

/* From one text to the other, and back. */
static const struct {
    const char *a, *b;
} pairs[] = {
    /* a new column of a partitioned table comes to its partitions, and goes, with it */
    {"create table m (id int) partition by list (id); create table m1 partition of m for values in (1)",
     "create table m (id int, x int) partition by list (id); create table m1 partition of m for values in (1);"
     "create table m2 partition of m for values in (2)"},
    {"create table m (id int) partition by list (id); create table m1 (id int)",
     "create table m (id int, x int) partition by list (id); create table m1 partition of m for values in (1)"},
    {"create table m (id int, x text) partition by list (id); create table m1 (id int)",
     "create table m (id int, x text) partition by list (id); create table m1 partition of m for values in (1)"},
    {"create table m (id int, d text) partition by list (id); create table m1 partition of m for values in (1) partition by hash (d);"
     "create table m10 partition of m1 for values with (modulus 1, remainder 0)",
     "create table m (id int, d text, x int not null default 4, y text) partition by list (id);"
     "create table m1 partition of m for values in (1) partition by hash (d);"
     "create table m10 partition of m1 for values with (modulus 1, remainder 0);"
     "alter table m10 alter y set default 5, alter y set not null, alter x drop default; comment on column m10.y is 'c'"},
    {"create table m (id int); create table c () inherits (m); create table cc () inherits (c)",
     "create table m (id int); create table c (w text) inherits (m); create table cc () inherits (c)"},
    /* the name that an identity's sequence has is wanted by a serial column */
    {"create table t (a serial, b bigint generated by default as identity (start 5), c int)",
     "create table t (a int generated always as identity, b bigserial, c serial)"},
    /* a call that fits the old and the new routine would be of neither */
    {"create function f(a int) returns int language sql as 'select 1'; create table t (a int default f(1)); create view v as select f(1) as x",
     "create function f(a int, b int default 2) returns int language sql as 'select 1'; create table t (a int default f(1));"
     "create view v as select f(1) as x, 2 as y"},
};

static void pairs_become_each_other(void **state)
{
    size_t n_bad = 0;

    NEED_SERVER();
    for (size_t i = 0; i < LS_ARRAY_LEN(pairs); i++) {
        struct ls_catalog *c[2];
        struct ls_db *db[2];
        char *urls[2];

        for (int k = 0; k < 2; k++) {
            urls[k] = test_pg_new_database("pair");
            db[k] = catpg_open(urls[k]);
            assert_true(run(db[k], k == 0 ? pairs[i].a : pairs[i].b));
            c[k] = catpg_read_db(db[k], NULL);
        }
        n_bad += !changes_into(db[0], c[0], c[1], pairs[i].b);
        n_bad += !changes_into(db[1], c[1], c[0], pairs[i].a);
        for (int k = 0; k < 2; k++) {
            ls_catalog_free(c[k]);
            ls_db_close(db[k]);
            catpg_drop(urls[k]);
        }
    }
    assert_int_equal(n_bad, 0);
}

/* Names that the server made of the old ones are those of the new ones after the renaming: nothing is left, and nothing is lost. */
static void keys_are_renamed_along(void **state)
{
    static const char *const sql[2] = {
        "create table told (id serial primary key, email text unique, n int check (n > 0)); create index on told (n)",
        "create table tnew (id serial primary key, mail text unique, n int check (n > 0)); create index on tnew (n)"};
    static const struct ls_rename_choice choices[] = {{"table public.told", "table public.tnew", true},
                                                      {"column public.told.email", "column public.tnew.mail", true}};
    const struct ls_diff_opts opts = {.choices = choices, .n_choices = LS_ARRAY_LEN(choices)};
    struct ls_buf script = LS_BUF_INIT;
    struct ls_catalog *c[2], *now;
    struct ls_db *db[2];
    struct ls_diff d;
    char *urls[2];

    NEED_SERVER();
    for (int k = 0; k < 2; k++) {
        db[k] = catpg_open(urls[k] = test_pg_new_database("keys"));
        assert_true(run(db[k], sql[k]));
        c[k] = catpg_read_db(db[k], NULL);
    }
    ls_diff_make(c[0], c[1], &opts, &d);
    assert_int_equal(ls_ddl_diff(&d, NULL, &script), 0);
    ls_diff_release(&d);
    assert_true(run(db[0], script.ptr));
    assert_null(strstr(script.ptr, "DROP"));
    assert_null(strstr(script.ptr, "setval")); /* a sequence that only got another name is where it was */
    now = catpg_read_db(db[0], NULL);
    ls_diff_make(now, c[1], NULL, &d);
    assert_true(ls_diff_is_equal(&d));
    ls_diff_release(&d);
    ls_catalog_free(now);
    ls_buf_release(&script);
    for (int k = 0; k < 2; k++) {
        ls_catalog_free(c[k]);
        ls_db_close(db[k]);
        catpg_drop(urls[k]);
    }
}

/* A sequence that comes to a column with rows gives none of their numbers once more. */
static void sequences_go_on(void **state)
{
    static const char *const sql[2] = {
        "create table \"T x\" (a serial primary key, b int not null unique, c bigint generated by default as identity unique, e smallint unique);"
        "insert into \"T x\" (b, e) select n, -n from generate_series(1, 5) n",
        "create table \"T x\" (a int generated always as identity primary key, b serial unique, c bigserial unique,"
        "e smallint not null generated by default as identity (increment -1) unique)"};
    struct ls_catalog *c[2];
    struct ls_db *db[2];
    char *urls[2];

    NEED_SERVER();
    for (int k = 0; k < 2; k++) {
        db[k] = catpg_open(urls[k] = test_pg_new_database("counts"));
        assert_true(run(db[k], sql[k]));
        c[k] = catpg_read_db(db[k], NULL);
    }
    for (int k = 0; k < 2; k++) { /* there and back, with a row that takes the next numbers */
        struct ls_buf script = LS_BUF_INIT;
        struct ls_diff d;

        ls_diff_make(c[k], c[1 - k], NULL, &d);
        assert_int_equal(ls_ddl_diff(&d, NULL, &script), 0);
        ls_diff_release(&d);
        assert_true(run(db[0], script.ptr));
        assert_true(run(db[0], k == 0 ? "insert into \"T x\" default values" : "insert into \"T x\" (b) values (7)"));
        ls_buf_release(&script);
    }
    for (int k = 0; k < 2; k++) {
        ls_catalog_free(c[k]);
        ls_db_close(db[k]);
        catpg_drop(urls[k]);
    }
}

static void everything_is_made_and_dropped(void **state)
{
    NEED_SERVER();
    assert_true(is_made_and_dropped(url, "everything"));
}

static bool shell(const char *command)
{
    return system(command) == 0; /* NOLINT: a test, its own words */
}

/* Schemas that nobody here wrote: tables that refer to each other among them. */
static void real_folders_are_made_and_dropped(void **state)
{
    const char *bin = getenv("LS_TEST_PG_CLIENTS");
    char *pattern = catpg_source("../shared/corpus/golang-migrate-postgres/*");
    glob_t found = {0};

    (void)state;
    if (!test_pg_url() || !bin || glob(pattern, GLOB_ONLYDIR, NULL, &found) != 0) {
        free(pattern);
        test_skip("no server, or the corpus is not there");
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *folder = test_pg_new_database("folder");
        struct ls_buf command = LS_BUF_INIT;

        ls_buf_addf(&command,
                    "cd '%s' && ls *.up.sql | sort -t_ -k1,1n | sed 's/.*/\\\\i &/' | '%s/psql' -qX -v ON_ERROR_STOP=1 '%s' "
                    ">/dev/null 2>&1",
                    found.gl_pathv[i], bin, folder);
        assert_true(shell(command.ptr));
        assert_true(is_made_and_dropped(folder, found.gl_pathv[i]));
        ls_buf_release(&command);
        test_pg_drop_database(folder);
    }
    globfree(&found);
    free(pattern);
}

/* PostgreSQL's own regression schema, as a dump that somebody has made of it. */
static void the_servers_own_regression_schema(void **state)
{
    const char *dump = getenv("LS_TEST_PG_REGRESSION"), *bin = getenv("LS_TEST_PG_CLIENTS");
    struct ls_buf command = LS_BUF_INIT;
    char *regression;

    NEED_SERVER();
    if (dump == NULL || bin == NULL)
        test_skip("LS_TEST_PG_REGRESSION names no dump");
    regression = test_pg_new_database("regression");
    ls_buf_addf(&command, "'%s/psql' -qX '%s' -f '%s' >/dev/null 2>&1", bin, regression, dump);
    assert_true(shell(command.ptr));
    assert_true(is_made_and_dropped(regression, "the regression schema"));
    ls_buf_release(&command);
    catpg_drop(regression);
}

static int make_it(void **state)
{
    (void)state;
    url = catpg_everything();
    return 0;
}

static int drop_it(void **state)
{
    (void)state;
    catpg_drop(url);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_change_is_taken_away), cmocka_unit_test(many_changes_at_once),
                                       cmocka_unit_test(pairs_become_each_other), cmocka_unit_test(keys_are_renamed_along),
                                       cmocka_unit_test(sequences_go_on),
                                       cmocka_unit_test(everything_is_made_and_dropped),
                                       cmocka_unit_test(real_folders_are_made_and_dropped), cmocka_unit_test(the_servers_own_regression_schema)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
