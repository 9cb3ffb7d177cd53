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
    fmt_order_is(&o, "1 1.2 1.10 R");
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
    fmt_diag_is(&o, "placeholder", "V3__p.sql", 1, "holds a placeholder ${x} without a value");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "V3__p.sql:1: No value provided for placeholder: ${x}");
    ops_put(&o, "migrations/V3__p.sql", "create table z(id int);\ncrate x;");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "V3__p.sql:2");
    eng_is(&o, "SELECT count(*) FROM flyway_schema_history", "1");
    ops_put(&o, "migrations/beforeMigrate.sql", "select 1;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "is a callback");
    ops_put(&o, "migrations/V1__late.sql", T2);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "resolved migration not applied to database: 1");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "up --out-of-order");
    ops_sql(&o, "UPDATE flyway_schema_history SET success = false");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "failed migration to version 2");
    ops_close(&o);
}
ENG_BOTH(refusals)

/* Their values are those of the project's own settings, in comments too; names are the same in any case. */
static void placeholders(void **state)
{
    static const struct {
        const char *text, *out;
    } cases[] = {
        {"a ${ENV} -- ${env}${empty}", "a dev -- dev"},
        {"$ {env} $${env}", "$ {env} $dev"},
        {"${flyway:user}", "ann"},
        {"${nope}", NULL},
        {"${env", NULL},
        {"", ""},
    };
    static const char settings[] = "flyway.placeholders.Env=dev\nflyway.placeholders.empty=\n";
    const struct ls_flyway_known known = {.user = "ann"};
    struct ls_flyway_config c = {.prefix = "${", .suffix = "}", .replaces = true};

    (void)state;
    assert_int_equal(ls_settings_parse(&c.s, LS_SETTINGS_PROPERTIES, settings, strlen(settings), "f", NULL), LS_OK);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_flyway_missing missing = {0};
        struct ls_buf out = LS_BUF_INIT;
        bool ok = ls_flyway_replace(&c, &known, cases[i].text, strlen(cases[i].text), &out, &missing);

        assert_int_equal(ok, cases[i].out != NULL);
        if (ok)
            assert_string_equal(out.ptr != NULL ? out.ptr : "", cases[i].out);
        else
            assert_int_equal(missing.line, 1);
        ls_buf_release(&out);
    }
    {
        static const char view[] = "create or replace view vw as select 1 as x; -- ${flyway:user}\n";
        const struct ls_flyway_known pg = {.user = "postgres"};
        struct ls_buf out = LS_BUF_INIT;

        /* formats.md 10, observed. */
        assert_true(ls_flyway_replace(&c, &pg, view, strlen(view), &out, NULL));
        assert_int_equal(ls_flyway_checksum(out.ptr, out.len), -770547825);
        ls_buf_release(&out);
        assert_false(ls_flyway_replace(&c, NULL, view, strlen(view), &out, NULL));
        ls_buf_release(&out);
    }
    ls_flyway_config_release(&c);
}

static void run_with_placeholders(bool pg)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "flyway", pg);
    ops_put(&o, "flyway.toml", "[flyway.placeholders]\ntable = \"t\"\nn = \"1\"\n");
    ops_put(&o, "migrations/V1__a.sql", "create table ${table} (id int);\ninsert into ${Table} values (${n});\n");
    ops_put(&o, "migrations/R__v.sql", "drop view if exists vw; create view vw as select ${n} as x;");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    ls_plan_print_sql(plan, pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE, &sql);
    eng_has(sql.ptr, "create table t (id int);");
    eng_has(plan->steps.v[0].tx_note, "flyway.toml");
    ls_buf_release(&sql);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT id FROM t", "1");
    /* Of a versioned one the sum is the file's, of a repeatable one the text's that ran: another value runs it again. */
    eng_states(&o, "1 applied, R applied");
    ops_put(&o, "flyway.toml", "[flyway.placeholders]\ntable = \"t\"\nn = \"2\"\n");
    eng_states(&o, "1 applied, R pending");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT x FROM vw", "2");
    ops_put(&o, "migrations/V2__b.sql", "create table b (id int);\ninsert into b values ('${n});\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_INPUT, "V2__b.sql:2: ");
    ops_put(&o, "migrations/V2__b.sql", "create table b (id int);\ninsert into b values ('1);\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_INPUT, "V2__b.sql:2: ");
    ops_put(&o, "migrations/V2__b.sql", "create table b (id int);\n-- ${other}\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "flyway.toml: flyway.placeholders.other");
    /* In a folder that everybody may write it would be anybody's SQL. */
    assert_int_equal(chmod(o.top, 0777), 0);
    fmt_diag_is(&o, "placeholder", "V1__a.sql", 1, "${table} without a value");
    assert_int_equal(chmod(o.top, 0700), 0);
    ops_put(&o, "flyway.toml", "[flyway]\nplaceholderReplacement = false\n");
    eng_states(&o, "1 applied, 2 pending, R pending");
    ops_put(&o, "flyway.toml", "[flyway\n");
    fmt_diag_is(&o, "unreadable-config", "flyway.toml", 1, "a table's name that is not closed");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "flyway.toml:1: ");
    ops_put(&o, "flyway.toml", "[flyway]\nid = 1\nsqlMigrationPrefix = \"X\"\n");
    fmt_diag_is(&o, "config-setting", "flyway.toml", 3, "flyway.sqlMigrationPrefix = X");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "flyway.toml:3: ");
    ops_close(&o);
}
ENG_BOTH(run_with_placeholders)

static void values_of_the_connection(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "flyway", true);
    ops_put(&o, "migrations/R__v.sql", "create or replace view vw as select 1 as x; -- ${flyway:user}\n");
    ops_put(&o, "migrations/V1__t.sql", "select '${flyway:timestamp}';\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "only Flyway knows that one");
    ops_put(&o, "migrations/V1__t.sql", "create table ${flyway:defaultSchema}.${flyway:database}_t (id int);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "1 applied, R applied");
    eng_is(&o,
           "SELECT count(*) FROM flyway_schema_history h WHERE description = 'v' AND (current_user <> 'postgres' OR checksum = "
           "-770547825)",
           "1");
    /* The sum of the file itself is accepted as well. */
    ops_sql(&o, "UPDATE flyway_schema_history SET checksum = -1713379122 WHERE description = 'v'");
    eng_states(&o, "1 applied, R applied");
    ops_sql(&o, "UPDATE flyway_schema_history SET checksum = 1 WHERE description = 'v'");
    eng_states(&o, "1 applied, R pending");
    ops_close(&o);
}

/* Undo files are shown with their versioned one; what they would do is of the paid editions. */
static void undos_and_baselines(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "flyway", pg);
    ops_put(&o, "migrations/V1__a.sql", T1);
    ops_put(&o, "migrations/U1__a.sql", "drop table a;");
    ops_put(&o, "migrations/U9__x.sql", "drop table x;");
    eng_states(&o, "1 pending, 9 pending");
    snap = ops_snapshot(&o);
    eng_has(snap->timeline.e.v[0].migration->down.path, "U1__a.sql");
    assert_int_equal(snap->timeline.e.v[1].migration->kind, LS_KIND_UNDO);
    assert_false(snap->timeline.e.v[1].is_runnable);
    ls_snapshot_free(snap);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "U1__a.sql: Flyway takes nothing back");
    ops_put(&o, "migrations/B1__a.sql", T1); /* with a history it is passed over */
    ops_put(&o, "migrations/V2__b.sql", T2);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_close(&o);
    ops_open(&o, "flyway", pg);
    ops_put(&o, "migrations/V1__a.sql", T1);
    ops_put(&o, "migrations/B1__a.sql", T1);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "B1__a.sql stands for every version");
    ops_close(&o);
}
ENG_BOTH(undos_and_baselines)

static const char rows[] =
    "SELECT installed_rank || '|' || version || '|' || description || '|' || type || '|' || script || '|' || "
    "coalesce(checksum, 0) || '|' || execution_time FROM flyway_schema_history WHERE installed_rank = "
    "(SELECT max(installed_rank) FROM flyway_schema_history)";

/* A database with something in it and no history: refused as Flyway does, until a baseline says what is there. */
static void baseline(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "flyway", pg);
    ops_put(&o, "migrations/V1__a.sql", T1);
    ops_put(&o, "migrations/V2__b.sql", T2);
    ops_put(&o, "migrations/V3__c.sql", "create table c(id int);");
    ops_sql(&o, "create table a(id int); create table b(id int)");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED,
                pg ? "Found non-empty schema(s) \"public\" but no schema history table" : "Found non-empty schema(s)");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_is(&o, rows, "1|2|<< Flyway Baseline >>|BASELINE|<< Flyway Baseline >>|0|0");
    eng_states(&o, "1 applied, 2 applied, 3 pending");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->timeline.e.v[0].evidence, LS_EVIDENCE_INFERRED);
    eng_has(snap->timeline.e.v[0].tool_would, "below the baseline 2");
    ls_snapshot_free(snap);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "1 applied, 2 applied, 3 applied");
    ops_close(&o);
}
ENG_BOTH(baseline)

/* The parts of repair, and a row without a run. */
static void marks(bool pg)
{
    struct ops o;

    ops_open(&o, "flyway", pg);
    ops_put(&o, "migrations/V1__a.sql", T1);
    ops_put(&o, "migrations/V2__b.sql", T2);
    ops_put(&o, "migrations/V3__c.sql", "create table c(id int);");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    eng_refused(&o, LS_ACTION_MARK_APPLIED, 0, "3", LS_E_REFUSED, "2 in front of it is not applied");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_is(&o, rows, "2|2|b|SQL|V2__b.sql|1407251784|0");
    eng_refused(&o, LS_ACTION_MARK_PENDING, 0, "2", LS_E_REFUSED, "no command that takes 2 out");
    ops_put(&o, "migrations/V2__b2.sql", "create table b(id int, n int);");
    {
        char *path = ops_path(&o, "migrations/V2__b.sql");

        assert_int_equal(unlink(path), 0);
        free(path);
    }
    eng_states(&o, "1 applied, 2 modified, 3 pending");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_is(&o, "SELECT description || '|' || script FROM flyway_schema_history WHERE version = '2'", "b2|V2__b.sql");
    eng_states(&o, "1 applied, 2 applied, 3 pending");
    ops_sql(&o, "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, "
                "execution_time, success) "
                "SELECT 3, '3', 'c', 'SQL', 'V3__c.sql', 5, '', 1, installed_rank <> 1 FROM flyway_schema_history WHERE "
                "installed_rank = 1");
    eng_states(&o, "1 applied, 2 applied, 3 dirty");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "3");
    eng_states(&o, "1 applied, 2 applied, 3 pending");
    {
        char *path = ops_path(&o, "migrations/V2__b2.sql");

        assert_int_equal(unlink(path), 0);
        free(path);
    }
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "3");
    eng_states(&o, "1 applied, 2 missing, 3 applied");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "not resolved locally: 2");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "2");
    eng_is(&o, rows, "4|2|b2|DELETE|V2__b.sql|11956906|0");
    eng_states(&o, "1 applied, 3 applied");
    ops_close(&o);
}
ENG_BOTH(marks)

static void new_names(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "flyway", false);
    fmt_new_is(&o, "migrations/V1__add_email.sql", "");
    ops_put(&o, "migrations/V1_09__a.sql", "");
    fmt_new_is(&o, "migrations/V1_10__add_email.sql", "");
    ops_put(&o, "migrations/V2.3__a.sql", "");
    fmt_new_is(&o, "migrations/V2.4__add_email.sql", "");
    ops_put(&o, "migrations/V20240101120000__a.sql", "");
    fmt_new_is(&o, "migrations/V20261129163844__add_email.sql", "");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(versions),
        ENG_BOTH_TESTS(up),
        ENG_BOTH_TESTS(refusals),
        cmocka_unit_test(placeholders),
        ENG_BOTH_TESTS(run_with_placeholders),
        cmocka_unit_test(values_of_the_connection),
        ENG_BOTH_TESTS(undos_and_baselines),
        ENG_BOTH_TESTS(baseline),
        ENG_BOTH_TESTS(marks),
        cmocka_unit_test(new_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
