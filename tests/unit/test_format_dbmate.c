#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/dbmate.h"
#include "support/formats.h"

#define PAIR(up, down) "-- migrate:up\n" up "\n-- migrate:down\n" down "\n"

/* Verdicts observed with dbmate 2.36.0. */
static void blocks(void **state)
{
    static const struct {
        const char *text, *code;
        int line;
    } cases[] = {
        {"-- migrate:up\ncreate table b(id int);\n-- migrate:down\ndrop table b;\n", NULL, 0},
        {"--migrate:up\ncreate table b(id int);\n--migrate:down x y z\ndrop table b;\n", NULL, 0},
        {"--   migrate:up foo:bar\r\n--\tmigrate:down\r\n", NULL, 0},
        {"-- migrate:down\n-- migrate:up\n-- migrate:down\n", NULL, 0}, /* the first one is a comment in front of the block */
        {"\n  -- c\n-- migrate:up\n-- migrate:down", NULL, 0},
        {"-- migrate:up\nselect 1;\n-- migrate:down\n-- migrate:down\n", "section-order", 4},
        {"-- migrate:up\n-- migrate:up\n-- migrate:down\n", "missing-down", 2},
        {"-- migrate:up\n", "missing-down", 0},
        {"-- migrate:up\n-- migrate:down\n-- migrate:up\n", "several-pairs", 3},
        {PAIR("select 1;", "select 2;") PAIR("select 3;", "select 4;"), "several-pairs", 5},
        {"-- migrate:down\n-- migrate:up\n", "missing-down", 0},
        {"\xef\xbb\xbf-- migrate:up\n-- migrate:down\n", "missing-up", 0},
        {"/* x */\n-- migrate:up\n-- migrate:down\n", "text-before-up", 1},
        {" -- migrate:up\n -- migrate:down\n", "missing-up", 0},
        {"-- migrate:upx\n-- migrate:down\n", "missing-up", 0},
        {"", "missing-up", 0},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_dbmate p;

        ls_dbmate_parse(cases[i].text, strlen(cases[i].text), &p);
        if (cases[i].code == NULL) {
            assert_null(p.error);
            assert_true(p.n_up == 1 && p.n_down == 1 && p.up.at < p.down.at);
        } else {
            assert_non_null(p.error);
            assert_string_equal(p.error_code, cases[i].code);
            assert_int_equal(p.error_line, cases[i].line);
        }
    }
}

static void options(void **state)
{
    static const struct {
        const char *options;
        bool has_tx;
    } cases[] = {
        {"", true},
        {" transaction:false", false},
        {"\ttransaction:false\r", false},
        {" foo:bar transaction:false", false},
        {" transaction:true", true},
        {" transaction:false transaction:true", true}, /* the last one counts */
        {" transaction:false:x", true},
        {" transaction: false", true},
        {" Transaction:false", true},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *text = ls_asprintf("-- migrate:up%s\n-- migrate:down%s\n", cases[i].options, cases[i].options);
        struct ls_dbmate p;

        ls_dbmate_parse(text, strlen(text), &p);
        assert_null(p.error);
        assert_int_equal(p.up.has_tx, cases[i].has_tx);
        assert_int_equal(p.down.has_tx, cases[i].has_tx);
        free(text);
    }
}

/* formats.md 10: 001 < 10 < 2 < 9, by the names' bytes; the digits are the version, as text. */
static void names_and_order(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "dbmate", false);
    ops_put(&o, "migrations/9.sql", PAIR("", ""));
    ops_put(&o, "migrations/2_b.sql", PAIR("", ""));
    ops_put(&o, "migrations/10_c.sql", PAIR("", ""));
    ops_put(&o, "migrations/001_a.sql", PAIR("", ""));
    ops_put(&o, "migrations/x_1.sql", PAIR("", ""));
    ops_put(&o, "migrations/5_notes.txt", "");
    ops_put(&o, "migrations/10x.sql", PAIR("", ""));
    ops_put(&o, "migrations/10_c.sql.bak", "");
    fmt_order_is(&o, "001 10 10 2 9");
    fmt_diag_is(&o, "text-order", "2_b.sql", 0, "so 10x.sql comes before 2_b.sql");
    fmt_diag_is(&o, "ignored-file", "x_1.sql", 0, "not named");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.m.v[0].id, "001");
    assert_string_equal(snap->migrations.m.v[0].name, "a");
    assert_string_equal(snap->migrations.m.v[1].name, "c");
    assert_string_equal(snap->migrations.m.v[2].name, "x");
    assert_string_equal(snap->migrations.m.v[4].name, "");
    ls_snapshot_free(snap);
    ops_close(&o);
}

static void folder(struct ops *o)
{
    ops_put(o, "migrations/001_a.sql",
            PAIR("CREATE TABLE a (id int);\nCREATE TABLE a2 (id int);", "DROP TABLE a;\nDROP TABLE a2;"));
    ops_put(o, "migrations/002_b.sql",
            "-- migrate:up transaction:false\nCREATE TABLE b (id int);\n-- migrate:down\nDROP TABLE b;\n");
}

static const char *versions(bool pg)
{
    return pg ? "SELECT coalesce(string_agg(version, ',' ORDER BY version), '') FROM schema_migrations"
              : "SELECT coalesce(group_concat(version), '') FROM (SELECT version FROM schema_migrations ORDER BY version)";
}

/* BEGIN; block with its marker; INSERT; COMMIT. With transaction:false the INSERT follows on its own. */
static void order_of_events(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "dbmate", pg);
    folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 2);
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence batch ledger:INSERT journal COMMIT"
                                        : "BEGIN fence batch ledger:INSERT journal COMMIT");
    fmt_kinds_are(&plan->steps.v[1], pg ? "fence batch BEGIN ledger:LOCK fence ledger:INSERT journal COMMIT"
                                        : "fence batch BEGIN fence ledger:INSERT journal COMMIT");
    assert_int_equal(strncmp(plan->steps.v[0].text, "-- migrate:up\nCREATE TABLE a", 28), 0);
    assert_null(strstr(plan->steps.v[0].text, "migrate:down"));
    assert_int_equal(plan->steps.v[0].n_statements, 2);
    assert_int_equal(plan->steps.v[0].policy, LS_POLICY_TX);
    assert_int_equal(plan->steps.v[1].policy, pg ? LS_POLICY_IMPLICIT : LS_POLICY_NO_TX);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, versions(pg), "001,002");
    plan = eng_plan(&o, LS_ACTION_DOWN, 1, NULL);
    assert_int_equal(plan->steps.n, 1);
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence batch ledger:DELETE journal COMMIT"
                                        : "BEGIN fence batch ledger:DELETE journal COMMIT");
    assert_int_equal(plan->steps.v[0].line, 3);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_DOWN, -1, NULL);
    eng_is(&o, versions(pg), "");
    eng_is(&o, eng_tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(order_of_events)

static void the_ledger_it_makes(bool pg)
{
    struct ops o;

    ops_open(&o, "dbmate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    if (pg)
        eng_is(&o,
               "SELECT string_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull), ',') || ' ' || "
               "(SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype <> 'n' AND conrelid = 'public.schema_migrations'::regclass) "
               "FROM pg_attribute WHERE attrelid = 'public.schema_migrations'::regclass AND attnum > 0",
               "version character varying t PRIMARY KEY (version)");
    else
        eng_is(&o, "SELECT sql FROM sqlite_schema WHERE name = 'schema_migrations'",
               "CREATE TABLE \"schema_migrations\" (version varchar(128) primary key)");
    ops_close(&o);
}
ENG_BOTH(the_ledger_it_makes)

/* The last file by name whose version is recorded goes, not the last row; rows without a file are not seen. */
static void down_goes_by_file(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "dbmate", pg);
    ops_put(&o, "migrations/10_c.sql", PAIR("CREATE TABLE c (id int);", "DROP TABLE c;"));
    ops_put(&o, "migrations/9_d.sql", PAIR("CREATE TABLE d (id int);", "DROP TABLE d;"));
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "INSERT INTO schema_migrations VALUES ('95'), ('1')");
    eng_states(&o, "10 applied, 1 missing, 95 missing, 9 applied");
    snap = ops_snapshot(&o);
    eng_has(snap->timeline.e.v[1].tool_would, "does not see it");
    ls_snapshot_free(snap);
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, versions(pg), "1,10,95");
    eng_run(&o, LS_ACTION_DOWN, -1, NULL);
    eng_is(&o, versions(pg), "1,95");
    ops_close(&o);
}
ENG_BOTH(down_goes_by_file)

static void out_of_order_runs(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "dbmate", pg);
    ops_put(&o, "migrations/003_c.sql", PAIR("CREATE TABLE c (id int);", "DROP TABLE c;"));
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/002_late.sql", PAIR("CREATE TABLE late (id int);", "DROP TABLE late;"));
    snap = ops_snapshot(&o);
    assert_int_equal(snap->timeline.e.v[0].state, LS_STATE_OUT_OF_ORDER);
    eng_has(snap->timeline.e.v[0].tool_would, "--strict");
    ls_snapshot_free(snap);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "002 applied, 003 applied");
    ops_close(&o);
}
ENG_BOTH(out_of_order_runs)

/* transaction:false: PostgreSQL runs several statements as one implicit transaction all the same, SQLite leaves the earlier ones
 * (observed). */
static void without_a_transaction(bool pg)
{
    struct ops o;

    ops_open(&o, "dbmate", pg);
    ops_put(&o, "migrations/1_a.sql",
            "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\n-- migrate:down\n");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_PARTIAL,
              "1_a.sql:3"); /* outside of a transaction, the run does not promise that nothing stayed */
    eng_is(&o, eng_tables(pg), pg ? "" : "a");
    eng_states(&o, "1 pending");
    ops_close(&o);
}
ENG_BOTH(without_a_transaction)

static void a_failure_leaves_nothing(bool pg)
{
    struct ops o;

    ops_open(&o, "dbmate", pg);
    ops_put(&o, "migrations/1_a.sql", PAIR("CREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);", ""));
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "1_a.sql:3");
    eng_is(&o, eng_tables(pg), "");
    eng_is(&o, versions(pg), "");
    ops_close(&o);
}
ENG_BOTH(a_failure_leaves_nothing)

static void what_needs_no_transaction(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "dbmate", true);
    ops_put(&o, "migrations/1_a.sql", PAIR("CREATE TABLE a (id int);", ""));
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/2_b.sql", PAIR("\nCREATE INDEX CONCURRENTLY i ON a (id);", ""));
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:3: statement 1 of 1 cannot run inside the transaction");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "transaction:false");
    ops_put(&o, "migrations/2_b.sql",
            "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (id); SELECT 1;\n-- migrate:down\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "cannot run together with other statements");
    ops_put(&o, "migrations/2_b.sql", "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (id);\n-- migrate:down\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, versions(true), "1,2");
    ops_close(&o);
}

static void refusals(bool pg)
{
    struct ops o;

    ops_open(&o, "dbmate", pg);
    ops_put(&o, "migrations/1_a.sql", PAIR("CREATE TABLE a (id int);", ""));
    ops_put(&o, "migrations/2_b.sql", PAIR("SELECT 1;", "") PAIR("SELECT 2;", ""));
    fmt_diag_is(&o, "several-pairs", "2_b.sql", 5, "primary key");
    eng_states(&o, "1 pending, 2 pending"); /* the rest of the folder is there */
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:5: the file has several up and down blocks");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_put(&o, "migrations/2_b.sql", PAIR("BEGIN;\nCREATE TABLE b (id int);\nCOMMIT;", ""));
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:2: statement 1 of 3 controls transactions");
    ops_put(&o, "migrations/2_b.sql", PAIR("SELECT 'x", ""));
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_INPUT, "2_b.sql:2: a string is opened here");
    ops_put(&o, "migrations/2_b.sql", PAIR("CREATE TABLE b (id int);", ""));
    ops_put(&o, "migrations/2_c.sql", PAIR("CREATE TABLE c (id int);", ""));
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "two files claim version 2");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES ('2')");
    ops_put(&o, "migrations/3_d.sql", PAIR("CREATE TABLE d (id int);", ""));
    eng_run(&o, LS_ACTION_UP, -1, NULL); /* recorded: dbmate counts both as applied, and goes on */
    eng_is(&o, eng_tables(pg), "a,d");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "which of them ran is not recorded");
    ops_close(&o);
}
ENG_BOTH(refusals)

static void a_rival(bool pg)
{
    struct ops o;

    ops_open(&o, "dbmate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    fmt_rival(&o, LS_ACTION_DOWN, 1, "DELETE FROM schema_migrations");
    eng_is(&o, eng_tables(pg), "a,a2");
    ops_sql(&o, "INSERT INTO schema_migrations VALUES ('001')");
    fmt_rival(&o, LS_ACTION_UP, 1, "INSERT INTO schema_migrations VALUES ('002')");
    eng_is(&o, eng_tables(pg), "a,a2");
    ops_close(&o);
}
ENG_BOTH(a_rival)

static void marks(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "dbmate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "002");
    eng_is(&o, versions(pg), "002");
    eng_states(&o, "001 out-of-order, 002 applied");
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "002");
    assert_int_equal(plan->steps.n, 0);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "002");
    eng_is(&o, versions(pg), "");
    eng_refused(&o, LS_ACTION_MARK_PENDING, 0, "none", LS_E_UNSUPPORTED, "one version pending after the other");
    ops_close(&o);
}
ENG_BOTH(marks)

/* On PostgreSQL the tables of dbmate and Rails are the same but for what stands beside. */
static void whose_table(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "dbmate", pg);
    folder(&o);
    ops_sql(&o, "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY)");
    snap = ops_snapshot(&o);
    assert_null(snap->ledger.foreign);
    ls_snapshot_free(snap);
    ops_sql(&o, "CREATE TABLE ar_internal_metadata (key varchar)");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Rails");
    ops_close(&o);
}
ENG_BOTH(whose_table)

static void detection(void **state)
{
    char evidence[160];
    struct ops o;
    int score;

    (void)state;
    ops_open(&o, "dbmate", false);
    ops_put(&o, "migrations/1_a.up.sql", "SELECT 1;");
    fmt_detect(&o, "dbmate", &score, evidence);
    assert_int_equal(score, 0);
    ops_put(&o, "migrations/2_b.sql", PAIR("", ""));
    fmt_detect(&o, "dbmate", &score, evidence);
    assert_int_equal(score, 55);
    eng_has(evidence, "2 files like 2_b.sql; 1 of 2");
    ops_put(&o, "migrations/1_a.up.sql", "-- first\n-- migrate:up\n-- migrate:down\n");
    fmt_detect(&o, "dbmate", &score, evidence);
    assert_int_equal(score, 85);
    fmt_new_is(&o, "/20261129163844_add_email.sql", "-- migrate:up\n\n\n-- migrate:down\n\n");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),
        cmocka_unit_test(options),
        cmocka_unit_test(names_and_order),
        ENG_BOTH_TESTS(order_of_events),
        ENG_BOTH_TESTS(the_ledger_it_makes),
        ENG_BOTH_TESTS(down_goes_by_file),
        ENG_BOTH_TESTS(out_of_order_runs),
        ENG_BOTH_TESTS(without_a_transaction),
        ENG_BOTH_TESTS(a_failure_leaves_nothing),
        cmocka_unit_test(what_needs_no_transaction),
        ENG_BOTH_TESTS(refusals),
        ENG_BOTH_TESTS(a_rival),
        ENG_BOTH_TESTS(marks),
        ENG_BOTH_TESTS(whose_table),
        cmocka_unit_test(detection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
