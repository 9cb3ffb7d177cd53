#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/flyway.h"
#include "support/formats.h"

#define T1 "create table a(id int);\ncreate table a2(id int);\n"
#define T2 "create table b(id int);"

/* formats.md 10. */
static void golden(void **state)
{
    static const struct {
        const char *text;
        int32_t sum;
    } sums[] = {
        {T1, 793642233},
        {T2, 1407251784},
        {"create table a(id int);\n", -1193849269},
        {"create table PERSON (\n    ID int not null,\n    NAME varchar(100) not null\n);\n", 1715188512},
        {"create table PERSON (\r\n    ID int not null,\r\n    NAME varchar(100) not null\r\n);\r\n\r\n", 1715188512},
        {"\xef\xbb\xbf"
         "create table PERSON (\n    ID int not null,\n    NAME varchar(100) not null\n);",
         1715188512},
        {"create or replace view vw as select 1 as x; -- ${flyway:user}\n", -1713379122},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(sums); i++)
        assert_int_equal(ls_flyway_checksum(sums[i].text, strlen(sums[i].text)), sums[i].sum);
    assert_true(ls_flyway_lock_key("public", "flyway_schema_history") == INT64_C(77433833903597));
    assert_true(ls_flyway_lock_key("app", "flyway_schema_history") == INT64_C(77431436970681));
}

static void versions(void **state)
{
    static const char *const in_order[] = {"1", "1.0.5", "1.1", "2", "10"};
    struct ls_arena *arena = ls_arena_new();

    (void)state;
    for (size_t i = 1; i < LS_ARRAY_LEN(in_order); i++) {
        assert_true(ls_flyway_compare(in_order[i - 1], in_order[i]) < 0);
        assert_true(ls_flyway_compare(in_order[i], in_order[i - 1]) > 0);
    }
    assert_string_equal(ls_flyway_version(arena, "2_0", 3), "2");
    assert_string_equal(ls_flyway_version(arena, "001.0_05.0", 10), "1.0.5");
    assert_string_equal(ls_flyway_version(arena, "0", 1), "0");
    assert_null(ls_flyway_version(arena, "1__2", 4));
    assert_null(ls_flyway_version(arena, "1a", 2));
    assert_null(ls_flyway_version(arena, "", 0));
    ls_arena_free(arena);
}

static void up(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "flyway", pg);
    ops_put(&o, "migrations/V1__init_db.sql", T1);
    ops_put(&o, "migrations/V1_10__second.sql", T2);
    ops_put(&o, "migrations/V1_2__third.sql", "create table c(id int);");
    ops_put(&o, "migrations/R__a_view.sql", "drop view if exists vw; create view vw as select 1 as x;");
    ops_put(&o, "migrations/U1__init_db.sql", "drop table a;");
    ops_put(&o, "migrations/V1.txt", "");
    fmt_order_is(&o, "1 1 1.2 1.10 R");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 4);
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence statement statement ledger:INSERT journal COMMIT"
                                        : "BEGIN fence statement statement ledger:INSERT journal COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o,
           "SELECT installed_rank || '|' || version || '|' || description || '|' || type || '|' || script || '|' || checksum "
           "FROM flyway_schema_history WHERE version = '1'",
           "1|1|init db|SQL|V1__init_db.sql|793642233");
    eng_is(&o, "SELECT installed_rank || '|' || description || '|' || script FROM flyway_schema_history WHERE version IS NULL",
           "4|a view|R__a_view.sql");
    eng_is(&o, "SELECT count(*) FROM flyway_schema_history WHERE success AND execution_time >= 0 AND installed_on IS NOT NULL",
           "4");
    ops_put(&o, "migrations/R__a_view.sql", "drop view if exists vw; create view vw as select 2 as x;");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT x FROM vw", "2");
    eng_is(&o, "SELECT count(*) FROM flyway_schema_history WHERE version IS NULL", "2");
    ops_close(&o);
}
ENG_BOTH(up)

static void refusals(bool pg)
{
    struct ops o;

    ops_open(&o, "flyway", pg);
    ops_put(&o, "migrations/V2__a.sql", T1);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/V2_0__b.sql", T2);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "Found more than one migration with version 2");
    ops_close(&o);
    ops_open(&o, "flyway", pg);
    ops_put(&o, "migrations/V2__a.sql", T1);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/V2__a.sql", T1 "select 1;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "checksum mismatch for migration version 2");
    ops_put(&o, "migrations/V2__a.sql", T1);
    ops_put(&o, "migrations/V3__p.sql", "select '${x}';");
    fmt_diag_is(&o, "placeholder", "V3__p.sql", 0, "holds a placeholder");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "holds placeholders");
    ops_put(&o, "migrations/V3__p.sql", "create table z(id int);\ncrate x;");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "V3__p.sql:2");
    eng_is(&o, "SELECT count(*) FROM flyway_schema_history", "1");
    ops_put(&o, "migrations/beforeMigrate.sql", "select 1;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "is a callback");
    ops_put(&o, "migrations/V1__late.sql", T2);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "resolved migration not applied to database: 1");
    ops_sql(&o, "UPDATE flyway_schema_history SET success = false");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "failed migration to version 2");
    ops_close(&o);
}
ENG_BOTH(refusals)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(versions),
        ENG_BOTH_TESTS(up),
        ENG_BOTH_TESTS(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
