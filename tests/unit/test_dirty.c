#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/dirty.h"
#include "support/ops.h"
#include "support/skip.h"

static struct ops o;
static struct ls_snapshot *snap;
static struct ls_dirty_report r;

static void put_abc(void)
{
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/1_a.down.sql", "DROP TABLE a;\n");
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE b (i int);\nINSERT INTO b VALUES (1);\n");
    ops_put(&o, "migrations/2_b.down.sql", "DROP TABLE IF EXISTS b;\n");
}

static void put_c(void)
{
    ops_put(&o, "migrations/3_c.up.sql", "BEGIN;\nCREATE TABLE c (i int);\nCOMMIT;\n");
    ops_put(&o, "migrations/3_c.down.sql", "DROP TABLE c;\n");
}

static int open_golang(bool pg)
{
    if (pg && test_pg_url() == NULL)
        return 0;
    ops_open(&o, "golang-migrate", pg);
    put_abc();
    if (pg)
        ops_sql(&o, "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);");
    else
        ops_sql(&o, "CREATE TABLE schema_migrations (version uint64, dirty bool);"
                    "CREATE UNIQUE INDEX version_unique ON schema_migrations (version);");
    return 0;
}

static int open_golang_sqlite(void **state)
{
    *state = NULL;
    return open_golang(false);
}

static int open_golang_pg(void **state)
{
    *state = NULL;
    return open_golang(true);
}

static int open_lockstep(bool pg)
{
    if (pg && test_pg_url() == NULL)
        return 0;
    ops_open(&o, "lockstep", pg);
    ops_sql(&o, pg ? "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, name text NOT NULL, description text,"
                     " applied_at timestamptz, applied_by text, duration_ms bigint, checksum text, status text NOT NULL);"
                   : "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT,"
                     " applied_at TEXT, applied_by TEXT, duration_ms INTEGER, checksum TEXT, status TEXT NOT NULL);");
    return 0;
}

static int open_lockstep_sqlite(void **state)
{
    *state = NULL;
    return open_lockstep(false);
}

static int open_lockstep_pg(void **state)
{
    *state = NULL;
    return open_lockstep(true);
}

static int close_it(void **state)
{
    (void)state;
    ls_dirty_report_release(&r);
    ls_snapshot_free(snap);
    snap = NULL;
    if (o.top != NULL)
        ops_close(&o);
    return 0;
}

static void explain(void)
{
    ls_dirty_report_release(&r);
    ls_snapshot_free(snap);
    snap = ops_snapshot(&o);
    ops_ok(ls_dirty_explain(o.s, snap, &r, err));
}

static void show(void)
{
    print_message("# %s\n", r.ledger_says != NULL ? r.ledger_says : "clean");
    for (size_t i = 0; i < r.facts.n; i++)
        print_message("#   %s\n", r.facts.v[i]);
    for (size_t i = 0; i < r.statements.n; i++)
        print_message("#   %zu %s -- %s\n", i + 1, r.statements.v[i], r.verdicts.v[i]);
    for (size_t i = 0; i < r.choices.n; i++)
        print_message("#   %c%s %s | %s\n", r.choices.v[i].key, r.choices.v[i].is_indicated ? "*" : " ", r.choices.v[i].title,
                      r.choices.v[i].when);
}

static bool has_fact(const char *part)
{
    for (size_t i = 0; i < r.facts.n; i++)
        if (strstr(r.facts.v[i], part) != NULL)
            return true;
    return false;
}

static void need_fact(const char *part)
{
    if (has_fact(part))
        return;
    show();
    fail_msg("no sentence says \"%s\"", part);
}

/* The one choice that is indicated must be of this action and version; NULL: none may be. */
static void need_indicated(const char *action, uint64_t version)
{
    const struct ls_dirty_choice *found = NULL;

    for (size_t i = 0; i < r.choices.n; i++) {
        if (!r.choices.v[i].is_indicated)
            continue;
        if (found != NULL) {
            show();
            fail_msg("two choices are indicated");
        }
        found = &r.choices.v[i];
    }
    if ((found == NULL) != (action == NULL) ||
        (found != NULL && (strcmp(ls_action_name(found->plan->action), action) != 0 || found->plan->version != version))) {
        show();
        fail_msg("indicated: %s", found != NULL ? found->title : "nothing");
    }
}

/* What the indicated choice writes, as text. */
static char *indicated_sql(void)
{
    struct ls_buf sql = LS_BUF_INIT;

    for (size_t i = 0; i < r.choices.n; i++)
        if (r.choices.v[i].is_indicated)
            ls_plan_print_sql(r.choices.v[i].plan, ls_db_dialect(ls_session_db(o.s)), &sql);
    return ls_buf_detach(&sql);
}

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        if (o.top == NULL)                                                                                                         \
            test_skip(test_pg_skip_reason());                                                                                      \
    } while (0)

/* --- golang-migrate ------------------------------------------------------------------------------------------------------- */

static void a_clean_database_is_not_dirty(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (1, false); CREATE TABLE a (i int);");
    explain();
    assert_false(r.is_dirty);
    assert_int_equal(r.choices.n, 0);
}

static void a_failed_up_left_nothing(void **state)
{
    char *sql;

    (void)state;
    NEED_SERVER();
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int);");
    explain();
    assert_true(r.is_dirty);
    assert_true(r.direction_known); /* nothing is above it that could have come down */
    assert_int_equal(r.direction, LS_UP);
    assert_non_null(strstr(r.ledger_says, "schema_migrations: version 2, dirty"));
    assert_int_equal(r.statements.n, 2);
    assert_string_equal(r.statements.v[0], "CREATE TABLE b (i int)");
    assert_string_equal(r.verdicts.v[0], "not applied: table b is not there");
    assert_string_equal(r.verdicts.v[1], "not applied (inferred: it ran in one transaction with one that is not)");
    need_fact(o.pg_url != NULL ? "which PostgreSQL runs as one transaction" : "ran in one transaction");
    need_fact("nothing of it is in the database");
    assert_int_equal(r.choices.n, 2);
    need_indicated("mark-pending", 2);
    sql = indicated_sql();
    assert_non_null(strstr(sql, "(1, "));
    assert_null(strstr(sql, "(2, "));
    free(sql);
}

static void the_last_write_is_all_that_is_missing(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int);");
    explain();
    need_fact("all of it is in the database");
    need_indicated("mark-applied", 2);
}

/* Row 2 with a migration 3 above it: the up of 2, or the down of 3. */
static void two_readings_are_told_apart_by_what_is_there(void **state)
{
    (void)state;
    NEED_SERVER();
    put_c();
    ops_sql(
        &o,
        "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int); CREATE TABLE c (i int);");
    explain();
    assert_false(r.direction_known);
    need_fact("either the up of 2 was begun, or the down of 3");
    assert_int_equal(r.choices.n, 3);
    need_indicated("mark-applied", 3); /* b and c are there: the down of 3 took nothing away */

    ops_sql(&o, "DROP TABLE c;");
    explain();
    assert_false(r.direction_known);
    need_indicated("mark-applied", 2); /* whichever it was, this is where it stands */

    ops_sql(&o, "DROP TABLE b;");
    explain();
    assert_true(r.direction_known);
    assert_int_equal(r.direction, LS_UP);
    need_indicated("mark-pending", 2);
}

static void before_the_first_version(void **state)
{
    char *sql;

    (void)state;
    NEED_SERVER();
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (-1, true); CREATE TABLE a (i int);");
    explain();
    assert_true(r.direction_known);
    assert_int_equal(r.direction, LS_DOWN);
    need_fact("It was the down of 1.");
    need_indicated("mark-applied", 1);
    ops_sql(&o, "DROP TABLE a;");
    explain();
    need_indicated("mark-pending", 1);
    sql = indicated_sql();
    assert_null(strstr(sql, "INSERT INTO \"public\".\"schema_migrations\""));
    free(sql);
}

static void what_cannot_be_known_is_not_guessed(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_put(&o, "migrations/2_b.up.sql", "INSERT INTO a VALUES (1);\nUPDATE a SET i = 2;\n");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int);");
    explain();
    need_fact("cannot tell how much of it");
    need_indicated(NULL, 0);
    assert_int_equal(r.choices.n, 2);
    assert_non_null(strstr(r.verdicts.v[0], "cannot be known"));
}

/* IF NOT EXISTS over a table that may be older proves nothing; that it is missing proves something. */
static void if_not_exists_proves_nothing_by_being_there(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE IF NOT EXISTS b (i int);\n");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int);");
    explain();
    need_indicated(NULL, 0);
    ops_sql(&o, "DROP TABLE b;");
    explain();
    need_indicated("mark-pending", 2);
}

static void a_version_without_a_file_still_has_a_way_out(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (7, true);");
    explain();
    assert_true(r.is_dirty);
    need_fact("There is no file for version 7");
    assert_true(r.choices.n >= 1);
    need_indicated(NULL, 0);
}

static void an_invalid_index_is_named_with_its_cure(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_put(&o, "migrations/2_b.up.sql", "CREATE UNIQUE INDEX CONCURRENTLY a_i ON a (i);\n");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); INSERT INTO a VALUES (1), (1);");
    {
        struct ls_db_params p = {.url = o.url};
        struct ls_db *db = NULL;
        struct ls_err why = LS_ERR_INIT;
        const char *sql = "CREATE UNIQUE INDEX CONCURRENTLY a_i ON a (i)";

        ops_ok(ls_db_open(&p, &db, err));
        assert_int_equal(ls_db_exec(db, sql, strlen(sql), NULL, 0, NULL, &why), LS_E_SQL);
        ls_err_release(&why);
        ls_db_close(db);
    }
    explain();
    assert_non_null(strstr(r.verdicts.v[0], "begun and not finished: index a_i"));
    need_fact("DROP INDEX CONCURRENTLY \"a_i\"");
    need_indicated(NULL, 0);
    ops_sql(&o, "DROP INDEX a_i;");
    explain();
    need_indicated("mark-pending", 2);
}

/* A killed run's last statement goes on in the server, and holds the lock: an index that it builds is not a leftover. */
static void what_is_still_running_is_waited_for(void **state)
{
    struct ls_db_params p = {0};
    struct ls_db *db = NULL;
    int64_t keys[4];
    bool got = false;
    int n;

    (void)state;
    NEED_SERVER();
    p.url = o.url;
    ops_put(&o, "migrations/2_b.up.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE INDEX a_i ON a (i);");
    ops_sql(&o, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a_i'::regclass;");
    explain();
    need_fact("DROP INDEX CONCURRENTLY");
    ops_ok(ls_db_open(&p, &db, err));
    n = snap->format->lock_keys(db, NULL, &snap->ledger, keys);
    ops_ok(ls_db_try_lock(db, keys, n, &got, err));
    assert_true(got);
    explain();
    need_fact("The migration lock is held: pid ");
    assert_false(has_fact("DROP INDEX"));
    need_indicated(NULL, 0);
    ops_sql(&o, "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'a_i'::regclass;");
    explain();
    need_indicated(NULL, 0); /* not before it has ended */
    ops_ok(ls_db_unlock(db, keys, n, err));
    ls_db_close(db);
    explain();
    need_indicated("mark-applied", 2);
}

static void transaction_commands_in_the_file_are_respected(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_put(&o, "migrations/2_b.up.sql",
            "BEGIN;\nCREATE TABLE b (i int);\nCOMMIT;\nBEGIN;\nCREATE TABLE b2 (i int);\nCREATE TABLE b3 (i int);\nCOMMIT;\n");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int);");
    explain();
    need_fact("what was committed before the failure stays");
    need_fact("a part of it is in the database");
    need_indicated(NULL, 0);
}

/* The journal knows which of two readings it was. */
static void the_journal_is_asked(void **state)
{
    (void)state;
    NEED_SERVER();
    put_c();
    ops_put(&o, "migrations/3_c.down.sql", "DELETE FROM a;\n"); /* leaves no trace */
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int);");
    ops_sql(&o, "CREATE TABLE lockstep_journal (seq bigint PRIMARY KEY, run_id text, event text, version text, name text, "
                "direction text, at text,"
                " operator text, host text, tool text, duration_ms bigint, result text, detail text, plan_digest text, prev_hash "
                "text, hash text);"
                "INSERT INTO lockstep_journal VALUES (1, 'r', 'intent', '3', 'c', 'down', '2026-01-02T03:04:05Z', 'ann', 'h', "
                "'lockstep', NULL, NULL,"
                " NULL, 'd', 'p', 'h');");
    explain();
    need_fact("The journal's last word on it: down of 3, intent at 2026-01-02T03:04:05Z by ann.");
    assert_true(r.direction_known);
    assert_int_equal(r.direction, LS_DOWN);
    assert_int_equal(r.choices.n, 2);
}

static const char journal_table[] =
    "CREATE TABLE lockstep_journal (seq bigint PRIMARY KEY, run_id text, event text, version text, name text, direction text,"
    " at text, operator text, host text, tool text, duration_ms bigint, result text, detail text, plan_digest text,"
    " prev_hash text, hash text);";

/* A table that was there before makes the up fail, and looks like its success: the rest of the up is not there for that. */
static void a_refused_up_is_not_taken_for_applied(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int);");
    explain();
    need_indicated("mark-applied", 2);
    ops_sql(&o, journal_table);
    ops_sql(&o, "INSERT INTO lockstep_journal VALUES (1, 'r', 'failed', '2', 'b', 'up', '2026-01-02T03:04:05Z', 'ann', 'h', "
                "'lockstep', 3, 'dirty',"
                " 'x: table b already exists (statement 1 of 2)', 'd', 'p', 'h');");
    explain();
    need_indicated(NULL, 0);
}

/* A down that wants to drop what is gone already: the way on is to take it as gone. */
static void a_refused_down_may_have_nothing_to_do(void **state)
{
    (void)state;
    NEED_SERVER();
    put_c();
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int);");
    ops_sql(&o, journal_table);
    ops_sql(&o, "INSERT INTO lockstep_journal VALUES (1, 'r', 'failed', '3', 'c', 'down', '2026-01-02T03:04:05Z', 'ann', 'h', "
                "'lockstep', 3, 'dirty',"
                " 'x: table c does not exist (statement 1 of 1)', 'd', 'p', 'h');");
    explain();
    need_fact("all that it takes away is gone");
    need_fact("that was so before it ran");
    need_indicated("mark-applied", 2);
}

/* The down file names another table than the up file made: what it takes away is gone, but not what is to be taken back. */
static void a_refused_down_that_fits_nothing(void **state)
{
    (void)state;
    NEED_SERVER();
    put_c();
    ops_put(&o, "migrations/3_c.down.sql", "DROP TABLE cc;\n");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE a (i int); CREATE TABLE b (i int); CREATE TABLE c (i int);");
    ops_sql(&o, journal_table);
    ops_sql(&o, "INSERT INTO lockstep_journal VALUES (1, 'r', 'failed', '3', 'c', 'down', '2026-01-02T03:04:05Z', 'ann', 'h', "
                "'lockstep', 3, 'dirty',"
                " 'x: table cc does not exist (statement 1 of 1)', 'd', 'p', 'h');");
    explain();
    need_fact("all that it takes away is gone");
    need_fact("But all of what the up of 3 makes is in the database");
    need_indicated("mark-applied", 3);
}

/* --- lockstep's own -------------------------------------------------------------------------------------------------------- */

static void put_no_tx(void)
{
    ops_put(&o, "migrations/001_a.up.sql",
            "-- lockstep: no-transaction\nCREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nCREATE INDEX a_i ON a (i);\n"
            "ALTER TABLE a ADD COLUMN j int;\n");
    ops_put(&o, "migrations/001_a.down.sql", "-- lockstep: no-transaction\nDROP INDEX a_i;\nDROP TABLE a;\n");
}

static void each_statement_gets_its_verdict(void **state)
{
    (void)state;
    NEED_SERVER();
    put_no_tx();
    ops_sql(&o, "INSERT INTO schema_migrations (version, name, status) VALUES (1, 'a', 'failed'); CREATE TABLE a (i int); CREATE "
                "INDEX a_i ON a (i);");
    explain();
    assert_true(r.is_dirty);
    assert_int_equal(r.statements.n, 4);
    assert_string_equal(r.verdicts.v[0], "applied (catalogue): table a is there");
    assert_string_equal(r.verdicts.v[1], "applied (inferred: a later statement is)");
    assert_string_equal(r.verdicts.v[2], "applied (catalogue): index a_i is there");
    assert_string_equal(r.verdicts.v[3], "not applied: column j of a is not there");
    need_fact("a part of it is in the database");
    need_indicated(NULL, 0);
    ops_sql(&o, "ALTER TABLE a ADD COLUMN j int;");
    explain();
    need_indicated("mark-applied", 1);
    ops_sql(&o, "DROP TABLE a;");
    explain();
    assert_string_equal(r.verdicts.v[1], "not applied (inferred: an earlier statement is not)");
    need_indicated("mark-pending", 1);
}

static void its_own_transactions_are_spoken_of(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_put(&o, "migrations/001_a.up.sql", "-- lockstep: no-transaction\nCREATE TABLE a (i int);\nBEGIN;\nCREATE TABLE b (i int);\nCOMMIT;\n");
    ops_sql(&o, "INSERT INTO schema_migrations (version, name, status) VALUES (1, 'a', 'failed'); CREATE TABLE a (i int);");
    explain();
    need_fact("has transactions of its own");
    need_indicated(NULL, 0);
    ops_sql(&o, "CREATE TABLE b (i int);");
    explain();
    need_indicated("mark-applied", 1);
}

/* A table that was there before makes its CREATE fail, and looks like its success. */
static void the_journal_knows_which_statement_failed(void **state)
{
    (void)state;
    NEED_SERVER();
    ops_put(&o, "migrations/001_a.up.sql",
            "-- lockstep: no-transaction\nCREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (i int);\nUPDATE a "
            "SET i = 2;\n");
    ops_sql(&o, "INSERT INTO schema_migrations (version, name, status) VALUES (1, 'a', 'failed'); CREATE TABLE a (i int); CREATE "
                "TABLE b (i int);");
    explain();
    assert_string_equal(r.verdicts.v[2], "applied (catalogue): table b is there");
    ops_sql(&o, "CREATE TABLE lockstep_journal (seq bigint PRIMARY KEY, run_id text, event text, version text, name text, "
                "direction text, at text,"
                " operator text, host text, tool text, duration_ms bigint, result text, detail text, plan_digest text, prev_hash "
                "text, hash text);"
                "INSERT INTO lockstep_journal VALUES (1, 'r', 'failed', '001', 'a', 'up', '2026-01-02T03:04:05Z', 'ann', 'h', "
                "'lockstep', 3, 'dirty',"
                " 'x.up.sql:4:1: \"(statement 1 of 4)\" already exists (statement 3 of 4)', 'd', 'p', 'h');");
    explain();
    assert_string_equal(r.verdicts.v[1], "applied (journal): it ended before the one that failed");
    assert_non_null(strstr(r.verdicts.v[2], "cannot be known: by the journal it failed"));
    assert_string_equal(r.verdicts.v[3], "not applied (journal): an earlier one failed");
    need_indicated(NULL, 0);
    /* The file was changed since: its third statement is another one. */
    ops_sql(&o, "UPDATE schema_migrations SET checksum = 'other';");
    explain();
    need_fact("it was changed since");
    assert_string_equal(r.verdicts.v[2], "applied (catalogue): table b is there");
}

/* The row that an up wrote has its duration; so it was the down that set it to failed. */
static void a_failed_down_is_known_by_the_row(void **state)
{
    (void)state;
    NEED_SERVER();
    put_no_tx();
    ops_sql(
        &o,
        "INSERT INTO schema_migrations (version, name, duration_ms, status) VALUES (1, 'a', 5, 'failed'); CREATE TABLE a (i int);");
    explain();
    assert_true(r.direction_known);
    assert_int_equal(r.direction, LS_DOWN);
    assert_string_equal(r.verdicts.v[0], "applied (catalogue): index a_i is not there");
    assert_string_equal(r.verdicts.v[1], "not applied: table a is still there");
    need_indicated(NULL, 0);
    ops_sql(&o, "DROP TABLE a;");
    explain();
    need_indicated("mark-pending", 1);
}

#define BOTH(name, open)                                                                                                           \
    {#name "_sqlite", name, open##_sqlite, close_it, NULL},                                                                        \
    {                                                                                                                              \
#name "_pg", name, open##_pg, close_it, NULL                                                                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_clean_database_is_not_dirty, open_golang),
        BOTH(a_failed_up_left_nothing, open_golang),
        BOTH(the_last_write_is_all_that_is_missing, open_golang),
        BOTH(two_readings_are_told_apart_by_what_is_there, open_golang),
        BOTH(before_the_first_version, open_golang),
        BOTH(what_cannot_be_known_is_not_guessed, open_golang),
        BOTH(if_not_exists_proves_nothing_by_being_there, open_golang),
        BOTH(a_version_without_a_file_still_has_a_way_out, open_golang),
        cmocka_unit_test_setup_teardown(an_invalid_index_is_named_with_its_cure, open_golang_pg, close_it),
        cmocka_unit_test_setup_teardown(what_is_still_running_is_waited_for, open_golang_pg, close_it),
        cmocka_unit_test_setup_teardown(transaction_commands_in_the_file_are_respected, open_golang_pg, close_it),
        BOTH(the_journal_is_asked, open_golang),
        BOTH(a_refused_up_is_not_taken_for_applied, open_golang),
        BOTH(a_refused_down_may_have_nothing_to_do, open_golang),
        BOTH(a_refused_down_that_fits_nothing, open_golang),
        BOTH(each_statement_gets_its_verdict, open_lockstep),
        BOTH(its_own_transactions_are_spoken_of, open_lockstep),
        BOTH(the_journal_knows_which_statement_failed, open_lockstep),
        BOTH(a_failed_down_is_known_by_the_row, open_lockstep),
    };

    return cmocka_run_group_tests_name("dirty", tests, NULL, NULL);
}
