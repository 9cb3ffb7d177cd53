#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/sqlx.h"
#include "lockstep/base/hash.h"
#include "support/formats.h"

#define T3     "create table a(id int);\n"
#define T3_SUM "0fa4f612848e3efb6b0407d1aeb08db0b11583b56df403fb9a6c9995c9a0637934f0c90e5fc992c8ba8141a040a0062c"

/* formats.md 10. */
static void golden(void **state)
{
    char hex[LS_SHA384_HEX];

    (void)state;
    assert_true(ls_sqlx_lock_key("app") == INT64_C(3469795979745788610));
    assert_true(ls_sqlx_lock_key("sx") == INT64_C(466557735969164024));
    ls_sha384_hex(T3, strlen(T3), hex);
    assert_string_equal(hex, T3_SUM);
}

static void parsing(void **state)
{
    static const struct {
        const char *file;
        enum ls_sqlx_name kind;
        int64_t version;
    } cases[] = {
        {"1_a.sql", LS_SQLX_SIMPLE, 1},
        {"007_a_b.up.sql", LS_SQLX_UP, 7},
        {"20240101000000_a.down.sql", LS_SQLX_DOWN, 20240101000000},
        {"-3_a.sql", LS_SQLX_SIMPLE, -3},
        {"1a.sql", LS_SQLX_OTHER, 0},
        {"1_a.txt", LS_SQLX_OTHER, 0},
        {"x_a.sql", LS_SQLX_BAD, 0},
        {"_a.sql", LS_SQLX_BAD, 0},
        {"9223372036854775807_a.sql", LS_SQLX_SIMPLE, INT64_MAX},
        {"9223372036854775808_a.sql", LS_SQLX_BAD, 0},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_sqlx_file f;

        if (ls_sqlx_parse(cases[i].file, &f) != cases[i].kind || f.version != cases[i].version)
            fail_msg("%s", cases[i].file);
    }
}

static void names(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "sqlx", false);
    ops_put(&o, "migrations/10_c_d.sql", "-- no-transaction\nSELECT 1;");
    ops_put(&o, "migrations/2_b.up.sql", "SELECT 1;");
    ops_put(&o, "migrations/2_b.down.sql", "SELECT 1;");
    ops_put(&o, "migrations/readme.md", "");
    fmt_order_is(&o, "2 10");
    snap = ops_snapshot(&o);
    assert_non_null(snap->migrations.m.v[0].down.path);
    assert_int_equal(snap->migrations.m.v[0].flags & LS_MIG_DUPLICATE, 0);
    assert_int_equal(snap->migrations.m.v[1].up.policy, LS_POLICY_NO_TX);
    assert_int_equal(snap->migrations.diags.d.n, 0);
    ls_snapshot_free(snap);
    ops_put(&o, "migrations/x_y.sql", "");
    fmt_diag_is(&o, "bad-version", "x_y.sql", 0, "refuses the whole folder");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "x_y.sql");
    ops_close(&o);
}

static void up_and_down(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "sqlx", pg);
    ops_put(&o, "migrations/1_a.sql", T3);
    ops_put(&o, "migrations/2_two_tables.up.sql", "CREATE TABLE b (id int);\nCREATE TABLE b2 (id int);");
    ops_put(&o, "migrations/2_two_tables.down.sql", "DROP TABLE b; DROP TABLE b2;");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence batch ledger:INSERT journal COMMIT BEGIN ledger:UPDATE COMMIT"
                                        : "BEGIN fence batch ledger:INSERT journal COMMIT BEGIN ledger:UPDATE COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o,
           pg ? "SELECT encode(checksum, 'hex') FROM _sqlx_migrations WHERE version = 1"
              : "SELECT lower(hex(checksum)) FROM _sqlx_migrations WHERE version = 1",
           T3_SUM);
    eng_is(&o, "SELECT description FROM _sqlx_migrations WHERE version = 2", "two tables");
    eng_is(&o, "SELECT count(*) FROM _sqlx_migrations WHERE success AND execution_time > 0 AND installed_on IS NOT NULL", "2");
    eng_states(&o, "1 applied, 2 applied");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_states(&o, "1 applied, 2 pending");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "not reversible");
    ops_close(&o);
}
ENG_BOTH(up_and_down)

static void refusals(bool pg)
{
    struct ops o;

    ops_open(&o, "sqlx", pg);
    ops_put(&o, "migrations/2_a.sql", T3);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/1_late.sql", "CREATE TABLE late (id int);");
    eng_states(&o, "1 out-of-order, 2 applied");
    ops_put(&o, "migrations/2_a.sql", T3 T3);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "migration 2 was previously applied but has been modified");
    ops_put(&o, "migrations/2_a.sql", T3);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "1 applied, 2 applied");
    ops_sql(&o, "UPDATE _sqlx_migrations SET success = false WHERE version = 2");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "migration 2 is partially applied");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_states(&o, "1 applied, 2 applied");
    ops_sql(&o, "UPDATE _sqlx_migrations SET version = 9 WHERE version = 2");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "migration 9 was previously applied but is missing");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "migration 9 was previously applied but is missing");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "9");
    eng_states(&o, "1 applied, 2 pending");
    ops_close(&o);
}
ENG_BOTH(refusals)

static void a_failure_leaves_nothing(bool pg)
{
    struct ops o;

    ops_open(&o, "sqlx", pg);
    ops_put(&o, "migrations/1_a.sql", "CREATE TABLE a (id int);\nCRATE x;");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "1_a.sql:2");
    eng_states(&o, "1 pending");
    eng_is(&o, eng_tables(pg), "_sqlx_migrations");
    ops_put(&o, "migrations/1_a.sql", "BEGIN; CREATE TABLE a (id int); COMMIT;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "steers transactions itself");
    ops_close(&o);
}
ENG_BOTH(a_failure_leaves_nothing)

static void without_transaction(void **state)
{
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "sqlx", true);
    ops_put(&o, "migrations/1_a.sql", T3);
    ops_put(&o, "migrations/2_i.sql", "CREATE INDEX CONCURRENTLY i ON a (id);");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "-- no-transaction");
    ops_put(&o, "migrations/2_i.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    fmt_kinds_are(&plan->steps.v[1],
                  "BEGIN ledger:LOCK fence journal COMMIT batch BEGIN ledger:LOCK fence ledger:INSERT journal COMMIT "
                  "BEGIN ledger:UPDATE COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "1 applied, 2 applied");
    ops_close(&o);
}

static void ignored_characters(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "sqlx", false);
    ops_put(&o, "migrations/1_a.sql", T3);
    ops_put(&o, "sqlx.toml", "[migrate]\nignored-chars = [\"\\r\"]\n");
    fmt_diag_is(&o, "ignored-chars", "sqlx.toml", 2, "sets ignored-chars");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "sqlx.toml:2: sets ignored-chars");
    ops_close(&o);
}

static void not_utf8(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "sqlx", false);
    ops_put(&o, "migrations/1_a.sql", "SELECT '\xff';");
    fmt_diag_is(&o, "bad-encoding", "1_a.sql", 1, "is not UTF-8 (byte 9)");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_INPUT, "1_a.sql:1: this is not UTF-8");
    ops_close(&o);
}

static void new_files(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "sqlx", false);
    fmt_new_is(&o, "/20261129163844_add_email.sql", "-- Add migration script here\n");
    ops_put(&o, "migrations/0007_x.sql", "");
    fmt_new_is(&o, "/0008_add_email.sql", "-- Add migration script here\n");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(parsing),
        cmocka_unit_test(names),
        ENG_BOTH_TESTS(up_and_down),
        ENG_BOTH_TESTS(refusals),
        ENG_BOTH_TESTS(a_failure_leaves_nothing),
        cmocka_unit_test(without_transaction),
        cmocka_unit_test(ignored_characters),
        cmocka_unit_test(not_utf8),
        cmocka_unit_test(new_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
