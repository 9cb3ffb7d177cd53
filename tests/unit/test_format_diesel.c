#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/diesel.h"
#include "support/folders.h"

#define LEDGER "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1"

static void metadata(void **state)
{
    static const struct {
        const char *text;
        bool in_tx, is_broken;
    } cases[] = {
        {"run_in_transaction = true", true, false},
        {"run_in_transaction = false\n", false, false},
        {"", false, false}, /* a file without the key turns it off */
        {"# nothing\n\n", false, false},
        {"other = 1\r\n\"run_in_transaction\"=true # yes\r\n", true, false},
        {"[section]\nrun_in_transaction = true\n", false, false},
        {"run_in_transaction\n", true, true}, /* what cannot be read leaves it on */
        {"run_in_transaction = yes\n", true, true},
        {"run_in_transaction = false\nrun_in_transaction = false\n", true, true},
        {"run_in_transaction = \xff", true, true},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        int broken_line = 0;

        if (ls_diesel_metadata(cases[i].text, strlen(cases[i].text), &broken_line) != cases[i].in_tx ||
            (broken_line > 0) != cases[i].is_broken)
            fail_msg("case %zu: %s", i, cases[i].text);
    }
}

static void names(void **state)
{
    struct ls_snapshot *snap;
    char evidence[160], *folder;
    struct ops o;
    int score;

    (void)state;
    ops_open(&o, "diesel", false);
    fld_put(&o, "migrations/00000000000000_diesel_initial_setup/up.sql", "SELECT 1;");
    fld_put(&o, "migrations/2024-01-01-000000-0000_create_a/up.sql", "SELECT 1;");
    fld_put(&o, "migrations/2024-01-01-000000-0000_create_a/down.sql", "SELECT 1;");
    fld_put(&o, "migrations/2023-12-31-000000_odd_name/up.sql", "SELECT 1;");
    fld_put(&o, "migrations/.hidden/up.sql", "SELECT 1;");
    fld_put(&o, "migrations/README.md", "");
    folder = ops_path(&o, "migrations/9_empty");
    assert_int_equal(mkdir(folder, 0700), 0);
    free(folder);
    fmt_order_is(&o, "00000000000000 2023-12-31-000000 2024-01-01-000000-0000");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.m.v[2].id, "202401010000000000");
    assert_string_equal(snap->migrations.m.v[2].name, "create_a");
    assert_int_equal(snap->migrations.diags.d.n, 0);
    ls_snapshot_free(snap);
    fmt_detect(&o, "diesel", &score, evidence);
    assert_int_equal(score, 95);
    eng_has(evidence, "3 folders");
    ops_close(&o);
}

static void up_and_down(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "diesel", pg);
    fld_put(&o, "migrations/2024-01-01-000000-0000_create_a/up.sql", "CREATE TABLE a (id int);\nCREATE TABLE a2 (id int);");
    fld_put(&o, "migrations/2024-01-01-000000-0000_create_a/down.sql", "DROP TABLE a; DROP TABLE a2;");
    fld_put(&o, "migrations/2024-01-02-000000-0000_b/up.sql", "CREATE TABLE b (id int);");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence batch ledger:INSERT journal COMMIT"
                                        : "BEGIN fence batch ledger:INSERT journal COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, LEDGER, "202401020000000000");
    eng_is(&o, "SELECT count(*) FROM __diesel_schema_migrations WHERE run_on IS NOT NULL", "2");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "has no down.sql");
    fld_put(&o, "migrations/2024-01-02-000000-0000_b/down.sql", "");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "the file is empty");
    fld_put(&o, "migrations/2024-01-02-000000-0000_b/down.sql", "DROP TABLE b;");
    eng_run(&o, LS_ACTION_DOWN, -1, NULL);
    eng_is(&o, "SELECT count(*) FROM __diesel_schema_migrations", "0");
    eng_states(&o, "2024-01-01-000000-0000 pending, 2024-01-02-000000-0000 pending");
    ops_close(&o);
}
ENG_BOTH(up_and_down)

/* What is not recorded is run, wherever it stands; a failure leaves nothing. */
static void late_ones_and_failures(bool pg)
{
    struct ops o;

    ops_open(&o, "diesel", pg);
    fld_put(&o, "migrations/2_b/up.sql", "CREATE TABLE b (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    fld_put(&o, "migrations/1_late/up.sql", "CREATE TABLE late (id int);");
    eng_states(&o, "1 out-of-order, 2 applied");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT count(*) FROM late", "0");
    fld_put(&o, "migrations/3_bad/up.sql", "CREATE TABLE c (id int);\nCRATE TABLE d (id int);");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "3_bad/up.sql:2");
    eng_is(&o, "SELECT count(*) FROM __diesel_schema_migrations", "2");
    fld_put(&o, "migrations/3_bad/metadata.toml", "");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_PARTIAL, "3_bad/up.sql:2");
    eng_is(&o, "SELECT count(*) FROM __diesel_schema_migrations", "2");
    if (!pg)
        eng_is(&o, "SELECT count(*) FROM c", "0"); /* no transaction: its first statement stays */
    fld_put(&o, "migrations/3_bad/up.sql", "CREATE TABLE IF NOT EXISTS c (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "1 applied, 2 applied, 3 applied");
    ops_close(&o);
}
ENG_BOTH(late_ones_and_failures)

static void without_transaction(void **state)
{
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "diesel", true);
    fld_put(&o, "migrations/1_a/up.sql", "CREATE TABLE a (id int);");
    fld_put(&o, "migrations/2_i/up.sql", "CREATE INDEX CONCURRENTLY i ON a (id);");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "run_in_transaction = false");
    fld_put(&o, "migrations/2_i/metadata.toml", "run_in_transaction = false");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    fmt_kinds_are(&plan->steps.v[1],
                  "BEGIN ledger:LOCK fence journal COMMIT batch BEGIN ledger:LOCK fence ledger:INSERT journal COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, LEDGER, "2");
    ops_close(&o);
}

/* A dump's own search_path does not reach the next migration. */
static void search_path_is_set_back(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "diesel", true);
    fld_put(&o, "migrations/1_dump/up.sql", "SELECT pg_catalog.set_config('search_path', '', false);");
    fld_put(&o, "migrations/2_a/up.sql", "CREATE TABLE a (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT count(*) FROM public.a", "0");
    ops_close(&o);
}

static void what_is_refused(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "diesel", false);
    fld_put(&o, "migrations/2024-01-01_a/up.sql", "SELECT 1;");
    fld_put(&o, "migrations/20240101_b/up.sql", "SELECT 1;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "two folders have the version 20240101");
    ops_close(&o);
    ops_open(&o, "diesel", false);
    fld_put(&o, "migrations/1_a/note.txt", "");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "has no up.sql");
    ops_close(&o);
    ops_open(&o, "diesel", false);
    fld_put(&o, "migrations/1_a/up.sql", "");
    fmt_diag_is(&o, "empty-file", "up.sql", 0, "is empty");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "the file is empty");
    fld_put(&o, "migrations/1_a/up.sql", "SELECT 1;");
    fld_put(&o, "migrations/1_a/metadata.toml", "run_in_transaction");
    fmt_diag_is(&o, "broken-metadata", "metadata.toml", 1, "cannot be understood");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "INSERT INTO __diesel_schema_migrations (version) VALUES ('7')");
    eng_states(&o, "1 applied, 7 missing");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "unknown version");
    ops_close(&o);
}

static void marks(bool pg)
{
    struct ops o;

    ops_open(&o, "diesel", pg);
    fld_put(&o, "migrations/1_a/up.sql", "CREATE TABLE a (id int);");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "1");
    eng_states(&o, "1 applied");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "1");
    eng_states(&o, "1 pending");
    ops_close(&o);
}
ENG_BOTH(marks)

static void new_files(void **state)
{
    const char *paths[3], *texts[3];
    struct ls_arena *arena = ls_arena_new();
    struct ls_err err = LS_ERR_INIT;
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "diesel", false);
    snap = ops_snapshot(&o);
    assert_int_equal(snap->format->new_files(arena, &snap->migrations, "add email", INT64_C(1795970324500000), paths, texts, &err),
                     2);
    eng_has(paths[0], "/2026-11-29-163844-8000_add_email/up.sql");
    eng_has(paths[1], "/2026-11-29-163844-8000_add_email/down.sql");
    assert_string_equal(texts[0], "-- Your SQL goes here\n");
    ls_snapshot_free(snap);
    ls_arena_free(arena);
    ops_close(&o);
}

static void corpus(void **state)
{
    (void)state;
    fld_corpus("diesel-sqlite/vaultwarden", "diesel", 56);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata),
        cmocka_unit_test(names),
        ENG_BOTH_TESTS(up_and_down),
        ENG_BOTH_TESTS(late_ones_and_failures),
        cmocka_unit_test(without_transaction),
        cmocka_unit_test(search_path_is_set_back),
        cmocka_unit_test(what_is_refused),
        ENG_BOTH_TESTS(marks),
        cmocka_unit_test(new_files),
        cmocka_unit_test(corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
