/* Conflicts of numbers, and renumber; the journal of Drizzle, the plain list. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/settle.h"
#include "support/skip.h"

static const struct ls_settle_request renumber_all = {.kind = LS_SETTLE_RENUMBER};

/* --- renumber ------------------------------------------------------------------------------------------------------------- */

static void three_with_one_number(void **state)
{
    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/0001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/0002_b.up.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/0002_b.down.sql", "DROP TABLE b;\n");
    ops_put(&o, "migrations/0002_c.up.sql", "CREATE TABLE c (i int);\n");
    ops_put(&o, "migrations/0002_c.down.sql", "DROP TABLE c;\n");
    ops_put(&o, "migrations/0002_d.up.sql", "CREATE TABLE d (i int);\n");
    ops_put(&o, "migrations/0003_e.up.sql", "CREATE TABLE e (i int);\n");
    find();
    assert_non_null(conflict("duplicate-version"));
    assert_int_equal(conflict("duplicate-version")->settled_by, LS_SETTLES(LS_SETTLE_RENUMBER));
    assert_string_equal(conflict("duplicate-version")->command, "lockstep renumber 0002");
    assert_non_null(strstr(conflict("duplicate-version")->diag.message, "refuses everything"));
    settle(&renumber_all);
    assert_null(t->plan);
    assert_true(is_there("migrations/0002_b.up.sql"));
    assert_true(is_there("migrations/0004_c.up.sql"));
    assert_true(is_there("migrations/0004_c.down.sql"));
    assert_true(is_there("migrations/0005_d.up.sql"));
    assert_false(is_there("migrations/0002_c.down.sql"));
    find();
    assert_null(conflict("duplicate-version"));
    ops_up(&o, -1);
    value_is("SELECT version FROM schema_migrations", "5");
    ops_ok(make(&renumber_all, err));
    assert_true(ls_settlement_is_empty(t));
}

/* A branch that was merged late: its number is below the cursor. */
static void late_merge(void **state)
{
    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/0001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/0004_d.up.sql", "CREATE TABLE d (i int);\n");
    ops_up(&o, -1);
    ops_put(&o, "migrations/0003_c.up.sql", "CREATE TABLE c (i int);\n");
    /* The cursor takes it for applied: only the catalogue says otherwise. */
    find();
    assert_non_null(conflict("never-runs"));
    assert_string_equal(conflict("never-runs")->command, "lockstep renumber 0003");
    settle(&renumber_all);
    assert_null(t->plan);
    assert_true(is_there("migrations/0005_c.up.sql"));
    find();
    assert_null(conflict("never-runs"));
    ops_up(&o, -1);
    value_is("SELECT version FROM schema_migrations", "5");
    value_is("SELECT count(*) FROM c", "0");
    /* One that did run is not passed over by any cursor. */
    {
        struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "1"};

        refused(&req, LS_E_REFUSED, "cursor");
    }
}

/* Drizzle-like folders say so by the journal; sqlx runs late ones; lockstep's own refuses nothing: those that never run are of
 * Flyway's kind. */
static void late_merge_flyway(void **state)
{
    (void)state;
    ops_open(&o, "flyway", false);
    ops_put(&o, "migrations/V1__a.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/V4__d.sql", "CREATE TABLE d (i int);\n");
    ops_up(&o, -1);
    ops_put(&o, "migrations/V3__c.sql", "CREATE TABLE c (i int);\n");
    find();
    assert_non_null(conflict("never-runs"));
    assert_string_equal(conflict("never-runs")->command, "lockstep renumber 3");
    settle(&renumber_all);
    assert_true(is_there("migrations/V5__c.sql"));
    assert_int_equal(n_runnable(), 1);
    ops_up(&o, -1);
    value_is("SELECT version FROM flyway_schema_history ORDER BY installed_rank DESC", "5");
}

static void applied_duplicate(bool pg)
{
    ops_open(&o, "dbmate", pg);
    ops_put(&o, "migrations/001_a.sql", "-- migrate:up\nCREATE TABLE a (i int);\n-- migrate:down\nDROP TABLE a;\n");
    ops_put(&o, "migrations/002_b.sql", "-- migrate:up\nCREATE TABLE b (i int);\n-- migrate:down\nDROP TABLE b;\n");
    ops_up(&o, -1);
    ops_put(&o, "migrations/002_a_new.sql", "-- migrate:up\nCREATE TABLE n (i int);\n-- migrate:down\nDROP TABLE n;\n");
    settle(&renumber_all);
    /* By its name 002_a_new is the first; but the database has b. */
    assert_true(is_there("migrations/002_b.sql"));
    assert_true(is_there("migrations/003_a_new.sql"));
    assert_true(has_diag(&t->findings, "kept-by-evidence"));
    ops_up(&o, -1);
    value_is("SELECT count(*) FROM schema_migrations", "3");
    value_is("SELECT count(*) FROM n", "0");
}

static void applied_duplicate_sqlite(void **state)
{
    (void)state;
    applied_duplicate(false);
}

static void applied_duplicate_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    applied_duplicate(true);
}

static void duplicate_that_cannot_be_told(void **state)
{
    struct ls_settle_request named = {.kind = LS_SETTLE_RENUMBER, .version = "002_c.sql"};

    (void)state;
    ops_open(&o, "dbmate", false);
    ops_put(&o, "migrations/001_a.sql", "-- migrate:up\nCREATE TABLE a (i int);\n-- migrate:down\nDROP TABLE a;\n");
    ops_put(&o, "migrations/002_b.sql", "-- migrate:up\nINSERT INTO a VALUES (1);\n-- migrate:down\nDELETE FROM a;\n");
    ops_up(&o, -1);
    ops_put(&o, "migrations/002_c.sql", "-- migrate:up\nINSERT INTO a VALUES (2);\n-- migrate:down\nDELETE FROM a;\n");
    refused(&renumber_all, LS_E_REFUSED, "cannot be told");
    settle(&named);
    assert_true(is_there("migrations/002_b.sql"));
    assert_true(is_there("migrations/003_c.sql"));
}

static void to_a_number_of_ones_own(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "2", .to = "17"};

    (void)state;
    ops_open(&o, "goose", false);
    ops_put(&o, "migrations/00001_a.sql", "-- +goose Up\nCREATE TABLE a (i int);\n-- +goose Down\nDROP TABLE a;\n");
    ops_put(&o, "migrations/00002_b.sql", "-- +goose Up\nCREATE TABLE b (i int);\n-- +goose Down\nDROP TABLE b;\n");
    ops_up(&o, -1);
    settle(&req);
    assert_true(is_there("migrations/00017_b.sql"));
    value_is("SELECT max(version_id) FROM goose_db_version", "17");
    value_is("SELECT count(*) FROM goose_db_version WHERE version_id = 2", "0");
    req.version = "17";
    req.to = "1";
    refused(&req, LS_E_REFUSED, "is taken");
    req.to = "../x";
    refused(&req, LS_E_USAGE, "no number");
    req.version = "99";
    req.to = NULL;
    refused(&req, LS_E_NOT_FOUND, "99");
}

static void drizzle_journal(void **state)
{
    char *journal, *snapshot;

    (void)state;
    ops_open(&o, "drizzle", false);
    mkdir_("migrations/meta");
    ops_put(&o, "migrations/meta/_journal.json",
            "{\n  \"version\": \"6\",\n  \"dialect\": \"sqlite\",\n  \"entries\": [\n"
            "    {\"idx\": 0, \"version\": \"6\", \"when\": 1000, \"tag\": \"0000_a\", \"breakpoints\": true},\n"
            "    {\"idx\": 1, \"version\": \"6\", \"when\": 1500, \"tag\": \"0001_late\", \"breakpoints\": true},\n"
            "    {\"idx\": 2, \"version\": \"6\", \"when\": 2000, \"tag\": \"0002_b\", \"breakpoints\": true}\n  ]\n}\n");
    ops_put(&o, "migrations/0000_a.sql", "CREATE TABLE a (i int);");
    ops_put(&o, "migrations/0001_late.sql", "CREATE TABLE late (i int);");
    ops_put(&o, "migrations/0002_b.sql", "CREATE TABLE b (i int);");
    ops_put(&o, "migrations/meta/0000_snapshot.json", "{\"id\": \"S0\", \"prevId\": \"00000000-0000-0000-0000-000000000000\"}");
    ops_put(&o, "migrations/meta/0001_snapshot.json", "{\"id\": \"S1\", \"prevId\": \"S0\"}");
    ops_put(&o, "migrations/meta/0002_snapshot.json", "{\"id\": \"S2\", \"prevId\": \"S1\"}");
    ops_sql(&o, "CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric);"
                "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 1000), ('y', 2000);");
    find();
    assert_non_null(conflict("never-runs"));
    settle(&renumber_all);
    assert_true(is_there("migrations/0003_late.sql"));
    assert_true(is_there("migrations/meta/0003_snapshot.json"));
    assert_false(is_there("migrations/meta/0001_snapshot.json"));
    journal = text_of("migrations/meta/_journal.json");
    assert_non_null(strstr(journal, "\"tag\": \"0003_late\""));
    assert_null(strstr(journal, "0001_late"));
    free(journal);
    snapshot = text_of("migrations/meta/0002_snapshot.json");
    assert_string_equal(snapshot, "{\"id\": \"S2\", \"prevId\": \"S0\"}");
    free(snapshot);
    snapshot = text_of("migrations/meta/0003_snapshot.json");
    assert_string_equal(snapshot, "{\"id\": \"S1\", \"prevId\": \"S2\"}");
    free(snapshot);
    assert_int_equal(n_runnable(), 1);
    ops_up(&o, -1);
    value_is("SELECT count(*) FROM late", "0");
}

/* Three of one number, as two merges leave them: the tool runs them by the journal, and the next file's number is anyone's guess. */
static void three_of_one_number(void **state)
{
    struct ls_settle_request two = {.kind = LS_SETTLE_RENUMBER, .version = "0002"};
    char *text;

    (void)state;
    ops_open(&o, "plain", false);
    ops_put(&o, "migrations/0001_a.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/0002_c.sql", "CREATE TABLE c (i int);\n");
    ops_up(&o, -1);
    ops_put(&o, "migrations/0002_b.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/0002_d.sql", "CREATE TABLE d (i int);\n");
    ops_put(&o, "migrations/0004_e.sql", "CREATE TABLE e (i int);\n");
    find();
    assert_non_null(conflict("same-number"));
    assert_non_null(strstr(conflict("same-number")->diag.message, "0002_b.sql, 0002_c.sql and 0002_d.sql"));
    assert_string_equal(conflict("same-number")->command, "lockstep renumber 0002");
    assert_non_null(conflict("gap"));
    settle(&two);
    assert_true(is_there("migrations/0002_c.sql")); /* it is applied */
    assert_true(is_there("migrations/0003_b.sql"));
    assert_true(is_there("migrations/0005_d.sql"));
    find();
    assert_null(conflict("same-number"));
    assert_null(conflict("gap"));
    ops_up(&o, -1);
    ops_put(&o, "migrations/0002_x.sql", "CREATE TABLE x (i int);\n");
    ops_up(&o, -1);
    find();
    assert_int_equal(conflict("same-number")->diag.severity, LS_SEV_INFO); /* too late: nothing is offered */
    assert_int_equal(conflict("same-number")->settled_by, 0);
    ops_close(&o);
    ops_open(&o, "drizzle", false);
    mkdir_("migrations/meta");
    ops_put(&o, "migrations/meta/_journal.json",
            "{\"version\": \"6\", \"dialect\": \"sqlite\", \"entries\": ["
            "{\"idx\": 0, \"version\": \"6\", \"when\": 1000, \"tag\": \"0001_a\", \"breakpoints\": true},"
            "{\"idx\": 1, \"version\": \"6\", \"when\": 2000, \"tag\": \"0002_b\", \"breakpoints\": true},"
            "{\"idx\": 2, \"version\": \"6\", \"when\": 1500, \"tag\": \"0002_c\", \"breakpoints\": true},"
            "{\"idx\": 2, \"version\": \"6\", \"when\": 3000, \"tag\": \"0002_d\", \"breakpoints\": true}]}");
    ops_put(&o, "migrations/0001_a.sql", "CREATE TABLE a (i int);");
    ops_put(&o, "migrations/0002_b.sql", "CREATE TABLE b (i int);");
    ops_put(&o, "migrations/0002_c.sql", "CREATE TABLE c (i int);");
    ops_put(&o, "migrations/0002_d.sql", "CREATE TABLE d (i int);");
    find();
    assert_non_null(conflict("same-number"));
    settle(&renumber_all); /* and all of them are those, too */
    text = text_of("migrations/meta/_journal.json");
    assert_non_null(strstr(text, "\"tag\": \"0002_b\""));
    assert_non_null(strstr(text, "\"tag\": \"0003_c\""));
    assert_non_null(strstr(text, "\"tag\": \"0004_d\""));
    free(text);
    assert_true(is_there("migrations/0003_c.sql"));
    assert_true(is_there("migrations/0004_d.sql"));
    find();
    assert_null(conflict("same-number"));
    assert_null(conflict("journal-order"));
    ops_up(&o, -1);
    value_is("SELECT count(*) FROM c, d", "0");
}

static void drizzle_journal_and_files(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};
    char *journal;

    (void)state;
    ops_open(&o, "drizzle", false);
    mkdir_("migrations/meta");
    ops_put(&o, "migrations/meta/_journal.json",
            "{\"version\": \"6\", \"dialect\": \"sqlite\", \"entries\": ["
            "{\"idx\": 0, \"version\": \"6\", \"when\": 1000, \"tag\": \"0000_a\", \"breakpoints\": true},"
            "{\"idx\": 1, \"version\": \"6\", \"when\": 2000, \"tag\": \"0001_gone\", \"breakpoints\": true}]}");
    ops_put(&o, "migrations/0000_a.sql", "CREATE TABLE a (i int);");
    ops_put(&o, "migrations/0001_stray.sql", "CREATE TABLE stray (i int);");
    find();
    assert_non_null(conflict("journal-without-file"));
    assert_int_equal(conflict("journal-without-file")->settled_by, LS_SETTLES(LS_SETTLE_RECONCILE));
    assert_non_null(conflict("file-without-journal"));
    settle(&req);
    journal = text_of("migrations/meta/_journal.json");
    assert_null(strstr(journal, "0001_gone"));
    assert_non_null(strstr(journal, "\"tag\": \"0001_stray\""));
    free(journal);
    ops_up(&o, -1);
    value_is("SELECT count(*) FROM stray", "0");
    find();
    assert_null(conflict("journal-without-file"));
    assert_null(conflict("file-without-journal"));
}

static void plain_list(void **state)
{
    const char *const two[] = {"002_b", NULL};
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE, .pending = two},
                             renumber = {.kind = LS_SETTLE_RENUMBER, .version = "003_c.sql", .to = "009"};
    char *list;

    (void)state;
    ops_open(&o, "plain", false);
    ops_put(&o, "migrations/001_a.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/002_b.sql", "INSERT INTO a VALUES (1);\n");
    ops_put(&o, "migrations/003_c.sql", "CREATE TABLE c (i int);\n");
    ops_up(&o, -1);
    ops_sql(&o, "DROP TABLE c;");
    settle(&req);
    assert_int_equal(evidence("003")->verdict, LS_SETTLE_UNRECORD);
    list = text_of("migrations/applied.txt");
    assert_non_null(strstr(list, "001_a"));
    assert_null(strstr(list, "002_b"));
    assert_null(strstr(list, "003_c"));
    free(list);
    ops_up(&o, -1);
    settle(&renumber);
    list = text_of("migrations/applied.txt");
    assert_non_null(strstr(list, "\n009_c.sql\n"));
    assert_null(strstr(list, "003_c"));
    free(list);
    assert_true(is_there("migrations/009_c.sql"));
    assert_int_equal(n_runnable(), 0);
}

static void hostile_names(void **state)
{
    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/1_'; DROP TABLE a; --\033[31m.up.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/1_\xff\xfe.up.sql", "CREATE TABLE c (i int);\n");
    find();
    assert_non_null(conflict("duplicate-version"));
    settle(&renumber_all);
    assert_int_equal(t->files.n, 2);
    find();
    assert_null(conflict("duplicate-version"));
    assert_false(is_there("migrations/" LS_SETTLE_INTENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(three_with_one_number, close_all),
        cmocka_unit_test_teardown(late_merge, close_all),
        cmocka_unit_test_teardown(late_merge_flyway, close_all),
        cmocka_unit_test_teardown(applied_duplicate_sqlite, close_all),
        cmocka_unit_test_teardown(applied_duplicate_pg, close_all),
        cmocka_unit_test_teardown(duplicate_that_cannot_be_told, close_all),
        cmocka_unit_test_teardown(to_a_number_of_ones_own, close_all),
        cmocka_unit_test_teardown(drizzle_journal, close_all),
        cmocka_unit_test_teardown(drizzle_journal_and_files, close_all),
        cmocka_unit_test_teardown(three_of_one_number, close_all),
        cmocka_unit_test_teardown(plain_list, close_all),
        cmocka_unit_test_teardown(hostile_names, close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
