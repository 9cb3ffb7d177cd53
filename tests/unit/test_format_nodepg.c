#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/nodepg.h"
#include "support/formats.h"

/* formats.md 3 and 10. */
static void golden(void **state)
{
    uint64_t n = 0;

    (void)state;
    assert_true(ls_nodepg_number("20240101120000123_b", &n));
    assert_true(n == UINT64_C(1704110400123));
    assert_true(ls_nodepg_number("007_x", &n) && n == 7);
    assert_true(ls_nodepg_number("1700000000000_a", &n) && n == UINT64_C(1700000000000));
    assert_false(ls_nodepg_number("20241301120000123_b", &n));
    assert_false(ls_nodepg_number("readme", &n));
    assert_true(LS_NODEPG_LOCK == INT64_C(7241865325823964));
}

static void ties(void **state)
{
    (void)state;
    assert_true(ls_nodepg_locale_compare("1_a9.sql", "1_a10.sql") < 0);
    assert_true(ls_nodepg_locale_compare("1_b-a", "1_ba") == 0);
    assert_true(ls_nodepg_locale_compare("1_ab.sql", "1_a.sql") < 0); /* the extension counts: b < s */
    assert_true(ls_nodepg_locale_compare("1_a", "1_A") < 0);
    assert_true(ls_nodepg_locale_compare("1_A", "1_b") < 0);
    assert_true(ls_nodepg_locale_compare("1_a", "1_ab") < 0);
}

static void markers(void **state)
{
    static const struct {
        const char *text;
        bool up, down;
        size_t up_at, up_end, down_at, down_end;
    } cases[] = {
        {"select 1;", false, false, 0, 9, 0, 9},
        {"-- Up Migration\na\n-- Down Migration\nb", true, true, 0, 18, 18, 37},
        {"-- down migration\nb\n-- up migration\na", true, true, 20, 37, 0, 20},
        {"a\n--- -- DOWN  Migrations\nb", false, true, 0, 27, 2, 27},
        {"a\n\n  --up migration\nb", true, false, 2, 21, 0, 21}, /* the blank line belongs to it */
        {"a -- up migration", false, false, 0, 17, 0, 17},
        {"-- upmigration\n", false, false, 0, 15, 0, 15},
        {"--\n-- up migration", true, false, 0, 18, 0, 18},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_nodepg_parts p;

        ls_nodepg_parse(cases[i].text, strlen(cases[i].text), &p);
        if (p.has_up != cases[i].up || p.has_down != cases[i].down || p.up != cases[i].up_at || p.up_end != cases[i].up_end ||
            p.down != cases[i].down_at || p.down_end != cases[i].down_end)
            fail_msg("%s: up %d %zu..%zu, down %d %zu..%zu", cases[i].text, p.has_up, p.up, p.up_end, p.has_down, p.down,
                     p.down_end);
    }
}

static const char names_by_id[] = "SELECT coalesce(string_agg(name, ' ' ORDER BY id), '') FROM public.pgmigrations";

static void folder(void **state)
{
    struct ls_snapshot *snap;
    char evidence[160];
    struct ops o;
    int score;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "node-pg-migrate", true);
    ops_put(&o, "migrations/1800000000000_c.js", "exports.up = (pgm) => {};\n");
    ops_put(&o, "migrations/20240101120000123_b.sql", "-- Up Migration\nSELECT 1;\n");
    ops_put(&o, "migrations/1700000000000_a.sql", "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n");
    ops_put(&o, "migrations/1_e.sql", "SELECT 1;\n-- Down Migration\nSELECT 2;\n");
    ops_put(&o, "migrations/.hidden", "");
    fmt_order_is(&o, "1 1700000000000 20240101120000123 1800000000000");
    fmt_diag_is(&o, "no-up-marker", "1_e.sql", 2, "runs the whole file as up");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.m.v[0].id, "1_e");
    assert_int_equal(snap->migrations.m.v[0].up.end, 0);
    assert_int_equal(snap->migrations.m.v[1].down.line, 3);
    assert_null(snap->migrations.m.v[2].down.path);
    assert_int_equal(snap->migrations.m.v[3].lang, LS_LANG_CODE);
    ls_snapshot_free(snap);
    fmt_detect(&o, "node-pg-migrate", &score, evidence);
    assert_true(score >= 50);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "only the tool itself can run");
    ops_put(&o, "migrations/README.md", "");
    fmt_diag_is(&o, "bad-number", "README.md", 0, "refuses the whole folder");
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "Cannot determine numeric prefix for \"README.md\"");
    ops_close(&o);
}

static void up_and_down(void **state)
{
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "node-pg-migrate", true);
    ops_put(&o, "migrations/1_a.sql", "-- Up Migration\nCREATE TABLE a (id int);\n-- Down Migration\nDROP TABLE a;\n");
    ops_put(&o, "migrations/2_b.sql",
            "-- Down Migration\nDROP TABLE b;\n-- Up Migration\nCREATE TABLE b (id int);\nCREATE TABLE b2 (id int);");
    ops_put(&o, "migrations/3_c.sql", "CREATE TABLE c (id int);");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    fmt_kinds_are(&plan->steps.v[0], "BEGIN ledger:LOCK fence batch ledger:INSERT journal");
    fmt_kinds_are(&plan->steps.v[1], "fence batch ledger:INSERT journal");
    fmt_kinds_are(&plan->steps.v[2], "fence batch ledger:INSERT journal COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, names_by_id, "1_a 2_b 3_c");
    eng_is(&o, "SELECT count(DISTINCT run_on) FROM public.pgmigrations", "1");
    eng_is(&o,
           "SELECT string_agg(format('%s %s %s', column_name, data_type, is_nullable), ', ' ORDER BY ordinal_position) "
           "FROM information_schema.columns WHERE table_name = 'pgmigrations'",
           "id integer NO, name character varying NO, run_on timestamp without time zone NO");
    eng_states(&o, "1 applied, 2 applied, 3 applied");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "User has disabled down migration on file: 3_c");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "3_c");
    eng_run(&o, LS_ACTION_DOWN, 2, NULL);
    eng_is(&o, names_by_id, "");
    eng_is(&o, eng_tables(true), "b2,c,pgmigrations");
    ops_close(&o);
}

static void a_failure_leaves_nothing(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "node-pg-migrate", true);
    ops_put(&o, "migrations/1_a.sql", "CREATE TABLE a (id int);");
    ops_put(&o, "migrations/2_b.sql", "-- Up Migration\nCREATE TABLE b (id int);\nCRATE x;");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "2_b.sql:3");
    eng_states(&o, "1 pending, 2 pending");
    eng_is(&o, eng_tables(true), "pgmigrations");
    ops_put(&o, "migrations/2_b.sql", "CREATE INDEX CONCURRENTLY i ON a (id);");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "pgm.noTransaction()");
    ops_put(&o, "migrations/2_b.sql", "CREATE TABLE b (id int); COMMIT;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "steers transactions itself");
    ops_close(&o);
}

static void order_check(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "node-pg-migrate", true);
    ops_put(&o, "migrations/2_b.sql", "-- up migration\nCREATE TABLE b (id int);\n-- down migration\nDROP TABLE b;");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/1_a.sql", "CREATE TABLE a (id int);");
    eng_states(&o, "1 out-of-order, 2 applied");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Not run migration 1_a is preceding already run migration 2_b");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "Not run migration 1_a is preceding already run migration 2_b");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "1_a");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Not run migration 1_a is preceding already run migration 2_b");
    ops_sql(&o, "UPDATE public.pgmigrations SET run_on = '2020-01-01' WHERE name = '1_a'");
    ops_put(&o, "migrations/3_c.sql", "CREATE TABLE c (id int);");
    fmt_rival(&o, LS_ACTION_UP, -1, "INSERT INTO public.pgmigrations (name, run_on) VALUES ('3_c', now())");
    eng_is(&o, eng_tables(true), "b,pgmigrations");
    ops_sql(&o, "UPDATE public.pgmigrations SET name = '4_gone' WHERE name = '3_c'");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Not run migration 3_c is preceding already run migration 4_gone");
    ops_close(&o);
}

static void pairs_and_names(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "node-pg-migrate", true);
    fmt_new_is(&o, "/1795970324000_add-email.sql", "-- Up Migration\n\n-- Down Migration");
    ops_put(&o, "migrations/0007_x.sql", "");
    fmt_new_is(&o, "/0008_add-email.sql", "-- Up Migration\n\n-- Down Migration");
    ops_put(&o, "migrations/20240101120000123_y.sql", "");
    fmt_new_is(&o, "/20261129163844000_add-email.sql", "-- Up Migration\n\n-- Down Migration");
    ops_put(&o, "migrations/20240101120000124_z.down.sql", "SELECT 1;");
    fmt_diag_is(&o, "paired-files", "20240101120000124_z.down.sql", 0, "default loader");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "20240101120000124_z.down.sql");
    ops_put(&o, "migrations/0007_x.js", "");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "0007");
    ops_close(&o);
}

static void postgres_only(void **state)
{
    struct ls_snapshot *snap = NULL;
    struct ls_err err = LS_ERR_INIT;
    struct ops o;

    (void)state;
    ops_open(&o, "node-pg-migrate", false);
    assert_int_equal(ls_session_snapshot(o.s, &snap, &err), LS_E_UNSUPPORTED);
    eng_has(err.message, "for PostgreSQL only");
    ls_err_release(&err);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),        cmocka_unit_test(ties),
        cmocka_unit_test(markers),       cmocka_unit_test(folder),
        cmocka_unit_test(up_and_down),   cmocka_unit_test(a_failure_leaves_nothing),
        cmocka_unit_test(order_check),   cmocka_unit_test(pairs_and_names),
        cmocka_unit_test(postgres_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
