#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/folders.h"
#include "support/scale.h"

static void folder(struct ops *o)
{
    ops_put(o, "migrations/001_a.up.sql", "-- It's \"a\".\nCREATE TABLE a (id int)");
    ops_put(o, "migrations/001_a.down.sql", "DROP TABLE a;");
    ops_put(o, "migrations/002_b.up.sql", "CREATE TABLE b (id int);");
    ops_put(o, "migrations/002_b.down.sql", "DROP TABLE b;");
    ops_put(o, "migrations/003_c.up.sql", "CREATE TABLE c (id int);");
    ops_put(o, "migrations/003_c.down.sql", "DROP TABLE c;");
}

/* "u001 u002" of a plan. */
static void steps_are(struct ops *o, enum ls_action action, long count, const char *version, const char *expected)
{
    struct ls_plan *plan = eng_plan(o, action, count, version);
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < plan->steps.n; i++)
        ls_buf_addf(&b, "%s%c%s", i > 0 ? " " : "", plan->steps.v[i].direction == LS_UP ? 'u' : 'd', plan->steps.v[i].label);
    assert_string_equal(b.ptr, expected);
    ls_buf_release(&b);
    ls_plan_free(plan);
}

static void which_steps(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    steps_are(&o, LS_ACTION_UP, 2, NULL, "u001 u002");
    steps_are(&o, LS_ACTION_UP, 0, NULL, "");
    steps_are(&o, LS_ACTION_DOWN, -1, NULL, "");
    eng_run(&o, LS_ACTION_TO, 0, "2");
    steps_are(&o, LS_ACTION_UP, -1, NULL, "u003");
    steps_are(&o, LS_ACTION_DOWN, 1, NULL, "d002");
    steps_are(&o, LS_ACTION_DOWN, 9, NULL, "d002 d001");
    steps_are(&o, LS_ACTION_TO, 0, "003", "u003");
    steps_are(&o, LS_ACTION_TO, 0, "1", "d002");
    steps_are(&o, LS_ACTION_TO, 0, "001_a", "d002");
    steps_are(&o, LS_ACTION_TO, 0, "b", ""); /* by its name, and it is there already */
    steps_are(&o, LS_ACTION_TO, 0, "none", "d002 d001");
    steps_are(&o, LS_ACTION_TO, 0, "0", "d002 d001");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "1");
    steps_are(&o, LS_ACTION_TO, 0, "2", "d003 u001"); /* what is above goes first, what is missing below follows */
    eng_refused(&o, LS_ACTION_TO, 0, "9", LS_E_NOT_FOUND, "no migration \"9\"");
    eng_refused(&o, LS_ACTION_TO, 0, NULL, LS_E_USAGE, "which version");
    ops_close(&o);
}
ENG_BOTH(which_steps)

static void statements_keep_their_place(void **state)
{
    const struct ls_step *s;
    struct ls_plan *plan;
    struct ops o;
    int n = 0;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "\xef\xbb\xbf-- x\n  CREATE TABLE \"ä\" (x);  SELECT 'ä;';\n/* c */ SELECT 2 ;\n");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    s = &plan->steps.v[0];
    assert_int_equal(s->n_statements, 3);
    for (size_t i = 0; i < s->ops.n; i++) {
        const struct ls_op *op = &s->ops.v[i];

        if (op->kind != LS_OP_STATEMENT)
            continue;
        n++;
        assert_int_equal(op->stmt_no, n);
        assert_int_equal(op->line, n == 3 ? 3 : 2);
        assert_int_equal(op->col, n == 1 ? 3 : n == 2 ? 26 : 9);
    }
    assert_int_equal(n, 3);
    ls_plan_free(plan);
    ops_close(&o);
}

static void digest_is_of_what_will_run(bool pg)
{
    struct ls_plan *a, *b, *c, *d;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    folder(&o);
    a = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    b = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    assert_string_equal(a->digest, b->digest);
    c = eng_plan(&o, LS_ACTION_UP, 2, NULL);
    assert_string_not_equal(a->digest, c->digest);
    ops_put(&o, "migrations/001_a.up.sql", "CREATE TABLE a (id  int)");
    d = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    assert_string_not_equal(a->digest, d->digest);
    /* The plan has its own memory: the files may be gone. */
    eng_has(a->steps.v[0].text, "It's");
    ls_plan_free(a);
    ls_plan_free(b);
    ls_plan_free(c);
    ls_plan_free(d);
    ops_close(&o);
}
ENG_BOTH(digest_is_of_what_will_run)

/* What is printed runs as printed, and leaves what a run leaves. */
static void printed_sql_runs(bool pg)
{
    static const char *const formats[] = {"lockstep", "golang-migrate"};

    for (size_t i = 0; i < LS_ARRAY_LEN(formats); i++) {
        struct ls_buf sql = LS_BUF_INIT;
        struct ls_plan *plan;
        struct ops o;

        ops_open(&o, formats[i], pg);
        folder(&o);
        plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
        ls_plan_print_sql(plan, pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE, &sql);
        eng_has(sql.ptr, "-- up, 3 steps, ");
        eng_has(sql.ptr, "-- 001 a (up): ");
        ops_sql(&o, sql.ptr);
        eng_states(&o, "001 applied, 002 applied, 003 applied");
        if (i == 0)
            eng_is(&o, "SELECT description FROM schema_migrations WHERE version = 1", "It's \"a\".");
        ls_plan_free(plan);
        plan = eng_plan(&o, LS_ACTION_DOWN, -1, NULL);
        ls_buf_clear(&sql);
        ls_plan_print_sql(plan, pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE, &sql);
        ops_sql(&o, sql.ptr);
        eng_states(&o, i == 0 ? "001 rolled-back, 002 rolled-back, 003 rolled-back" : "001 pending, 002 pending, 003 pending");
        ls_plan_free(plan);
        ls_buf_release(&sql);
        ops_close(&o);
    }
}
ENG_BOTH(printed_sql_runs)

#define LAST "CREATE TABLE b (id int);\nINSERT INTO b VALUES (1) -- ; the last"

/* What each tool's plan prints leaves its ledger so that nothing is to do; comments swallow no end of a statement. */
static void every_printed_plan_runs(bool pg)
{
    static const struct {
        const char *format, *file, *text;
    } f[] = {
        {"dbmate", "migrations/1_b.sql", "-- migrate:up\n" LAST "\n-- migrate:down\n"},
        {"goose", "migrations/1_b.sql", "-- +goose Up\nCREATE TABLE b (id int); -- one\nINSERT INTO b VALUES (1); -- two\n"},
        {"sql-migrate", "migrations/1_b.sql", "-- +migrate Up\nCREATE TABLE b (id int); -- one\nINSERT INTO b VALUES (1); -- two\n"},
        {"flyway", "migrations/V1__b.sql", LAST},
        {"sqlx", "migrations/1_b.sql", LAST},
        {"diesel", "migrations/1_b/up.sql", LAST},
        {"prisma", "migrations/1_b/migration.sql", LAST},
        {"drizzle-1", "migrations/20240101000000_b/migration.sql",
         "CREATE TABLE b (id int) -- one\n--> statement-breakpoint\nINSERT INTO b VALUES (1) -- two"},
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(f); i++) {
        struct ls_buf sql = LS_BUF_INIT;
        struct ls_snapshot *snap;
        struct ls_plan *plan;
        struct ops o;

        ops_open(&o, f[i].format, pg);
        fld_put(&o, f[i].file, f[i].text);
        plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
        ls_plan_print_sql(plan, pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE, &sql);
        assert_null(strstr(sql.ptr, ";;"));
        assert_null(strstr(sql.ptr, "\n;\n;"));
        ops_sql(&o, sql.ptr);
        eng_is(&o, "SELECT count(*) FROM b", "1");
        snap = ops_snapshot(&o);
        assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], 1);
        assert_int_equal(snap->timeline.e.n, 1);
        ls_snapshot_free(snap);
        ls_plan_free(plan);
        ls_buf_release(&sql);
        ops_close(&o);
    }
}
ENG_BOTH(every_printed_plan_runs)

/* A name cannot end the comment it stands in. */
static void hostile_names_stay_in_comments(void **state)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_x\nDROP TABLE victim; --\x1b[2J.up.sql", "SELECT 1;");
    ops_sql(&o, "CREATE TABLE victim (id int)");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    ls_plan_print_sql(plan, LS_DIALECT_SQLITE, &sql);
    eng_has(sql.ptr, "-- 1 x<0A>DROP TABLE victim; --<1B>[2J (up)");
    ops_sql(&o, sql.ptr);
    eng_is(&o, "SELECT count(*) FROM victim", "0");
    ls_plan_free(plan);
    ls_buf_release(&sql);
    ops_close(&o);
}

static void values_as_literals(void **state)
{
    static const struct ls_param params[] = {{LS_PARAM_TEXT, "it's $2"}, {LS_PARAM_INT, "7"}, {LS_PARAM_BOOL, "true"}, {LS_PARAM_NULL, NULL},
                                             {LS_PARAM_INT, LS_PARAM_DURATION_MS}};
    struct ls_op op = {.kind = LS_OP_LEDGER, .sql = "UPDATE \"a$1\" SET x = $1, y = $2, z = $3, w = $4, d = $5, s = '$1'", .params = params, .n_params = 5};
    struct ls_buf out = LS_BUF_INIT;

    (void)state;
    op.len = strlen(op.sql);
    ls_op_print_sql(&op, LS_DIALECT_POSTGRES, &out);
    assert_string_equal(out.ptr, "UPDATE \"a$1\" SET x = 'it''s $2', y = 7, z = true, w = NULL, d = 0, s = '$1'");
    ls_buf_clear(&out);
    op.sql = "UPDATE \"a?1\" SET x = ?1, z = ?3";
    op.len = strlen(op.sql);
    ls_op_print_sql(&op, LS_DIALECT_SQLITE, &out);
    assert_string_equal(out.ptr, "UPDATE \"a?1\" SET x = 'it''s $2', z = 1");
    ls_buf_release(&out);
}

/* --- findings -------------------------------------------------------------------------------------------------------------------------------- */

static void findings_are(struct ops *o, const char *file, const char *sql, const char *expected)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_plan *plan;

    ops_put(o, file, sql);
    plan = eng_plan(o, LS_ACTION_UP, -1, NULL);
    for (size_t i = 0; i < plan->findings.n; i++) {
        const struct ls_finding *f = &plan->findings.v[i];

        if (strcmp(f->rule, "V01") == 0)
            continue; /* no down files here */
        ls_buf_addf(&b, "%s%s:%d", b.len > 0 ? " " : "", f->rule, f->line);
        assert_non_null(f->why);
        assert_int_equal(f->step, 0);
    }
    if (strcmp(b.ptr, expected) != 0)
        fail_msg("%s\nexpected %s, got %s", sql, expected, b.ptr);
    ls_buf_release(&b);
    ls_plan_free(plan);
}

static void findings_on_postgres(void **state)
{
    static const struct {
        const char *sql, *expected;
    } cases[] = {
        {"CREATE TABLE t (id int);\nCREATE INDEX i ON t (id);\nALTER TABLE t ALTER id SET NOT NULL;\nDROP TABLE t;", ""},
        {"SELECT 1;\nDROP TABLE old;", "D01:2"},
        {"ALTER TABLE old DROP COLUMN x;", "D02:1"},
        {"DROP SCHEMA s CASCADE;", "D03:1 D05:1"},
        {"TRUNCATE old;", "D04:1"},
        {"UPDATE old SET x = 1;", "D06:1"},
        {"UPDATE old SET x = 1 WHERE y;", ""},
        {"DELETE FROM old;", "D06:1"},
        {"DELETE FROM old WHERE x;", ""},
        {"CREATE TABLE old2 (x int);\nDELETE FROM old2;", ""},
        {"ALTER TABLE old ALTER x SET NOT NULL;", "S01:1"},
        {"ALTER TABLE old ADD CONSTRAINT c CHECK (x > 0);", "S02:1"},
        {"ALTER TABLE old ADD CONSTRAINT c CHECK (x > 0) NOT VALID;", ""},
        {"CREATE INDEX i ON old (x);", "S10:1"},
        {"CREATE UNIQUE INDEX i ON ONLY public.\"old\" (x);", "S10:1"},
        {"DROP INDEX i;", "L01:1"},
        {"ALTER TABLE old ALTER x TYPE bigint;", "R04:1"},
        {"ALTER TABLE old RENAME x TO y;", "C01:1"},
        {"ALTER TABLE old ADD x int NOT NULL;", "C05:1"},
        {"DO $$ BEGIN END $$;", "T07:1"},
        {"SET search_path = x;", "T09:1"},
        {"SELECT set_config('a.x', current_setting('lock_timeout'), false), set_config('lock_timeout', '1min', false);", ""},
        {"SET LOCAL search_path = x;", ""},
        {"ALTER TYPE mood ADD VALUE 'x';", "V03:1"},
        {"-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON old (x);", "T05:2"},
        {"-- lockstep: no-transaction\nSELECT 1;\nCREATE INDEX CONCURRENTLY i ON old (x);", "T02:0"},
        {"-- lockstep: no-transaction\nSELECT set_config('a.x', current_setting('x.y'), false);\nCREATE INDEX CONCURRENTLY i ON old (x);", ""},
    };
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++)
        findings_are(&o, "migrations/1_a.up.sql", cases[i].sql, cases[i].expected);
    ops_close(&o);
}

static void findings_on_sqlite(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    findings_are(&o, "migrations/1_a.up.sql", "CREATE INDEX i ON old (x);", "");
    findings_are(&o, "migrations/1_a.up.sql", "DROP TABLE old;", "D01:1");
    findings_are(&o, "migrations/1_a.up.sql", "PRAGMA foreign_keys = OFF;\nSELECT 1;", "Y02:1 T09:1");
    findings_are(&o, "migrations/1_a.up.sql", "SELECT 1;\nCOMMIT;", "T03:2");
    ops_close(&o);
}

static void destructive_steps_are_marked(void **state)
{
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_false(plan->is_destructive);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    plan = eng_plan(&o, LS_ACTION_DOWN, 1, NULL);
    assert_true(plan->is_destructive);
    assert_true(plan->steps.v[0].is_destructive);
    assert_string_equal(plan->findings.v[0].rule, "D01");
    assert_string_equal(plan->findings.v[0].object, "c");
    assert_int_equal(plan->findings.v[0].stmt_no, 1);
    ls_plan_free(plan);
    ops_close(&o);
}

/* A DELETE of all rows loses what a TRUNCATE would; an UPDATE of all rows is no more than a warning. */
static void deleting_all_is_destructive(bool pg)
{
    static const struct {
        const char *sql;
        bool is_destructive;
        enum ls_severity severity;
    } cases[] = {{"DELETE FROM a;", true, LS_SEV_DANGER}, {"UPDATE a SET x = 1;", false, LS_SEV_WARNING}};
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_put(&o, "migrations/1_a.down.sql", "SELECT 1;");
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        ops_put(&o, "migrations/1_a.up.sql", cases[i].sql);
        plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
        assert_int_equal(plan->findings.n, 1);
        assert_int_equal(plan->findings.v[0].severity, cases[i].severity);
        assert_int_equal(plan->steps.v[0].is_destructive, cases[i].is_destructive);
        assert_int_equal(plan->is_destructive, cases[i].is_destructive);
        ls_plan_free(plan);
    }
    ops_close(&o);
}

ENG_BOTH(deleting_all_is_destructive)

static bool has_finding(const struct ls_plan *plan, const char *rule)
{
    for (size_t i = 0; i < plan->findings.n; i++)
        if (strcmp(plan->findings.v[i].rule, rule) == 0)
            return true;
    return false;
}

static const char *object_of(const struct ls_plan *plan, const char *rule)
{
    for (size_t i = 0; i < plan->findings.n; i++)
        if (strcmp(plan->findings.v[i].rule, rule) == 0)
            return plan->findings.v[i].object;
    return NULL;
}

static void findings_about_order_and_files(void **state)
{
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "3");
    ops_put(&o, "migrations/002_b.up.sql", "CREATE TABLE b (id bigint);");
    plan = eng_plan(&o, LS_ACTION_DOWN, 1, NULL);
    assert_true(has_finding(plan, "M02"));
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "1");
    ops_sql(&o, "DROP TABLE a");
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    assert_true(has_finding(plan, "M01"));
    assert_false(has_finding(plan, "V01"));
    ls_plan_free(plan);
    ops_close(&o);
    ops_open(&o, "golang-migrate", false);
    folder(&o);
    ops_put(&o, "migrations/004_d.down.sql", "");
    ops_put(&o, "migrations/005_e.up.sql", "SELECT 1;");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_true(has_finding(plan, "M04"));
    assert_string_equal(object_of(plan, "M04"), "004");
    assert_true(has_finding(plan, "V01"));
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_TO, 0, "4");
    plan = eng_plan(&o, LS_ACTION_DOWN, 1, NULL);
    assert_true(has_finding(plan, "M05"));
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_TO, 0, "none");
    /* A cursor that is moved by hand takes the others along. */
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "3");
    assert_true(has_finding(plan, "M03"));
    ls_plan_free(plan);
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "1");
    assert_false(has_finding(plan, "M03"));
    ls_plan_free(plan);
    ops_close(&o);
}

static void a_large_file_is_planned_quickly(void **state)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_plan *plan;
    int64_t began;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ls_buf_adds(&sql, "CREATE TABLE t (x text);\n");
    while (sql.len < test_scaled(50 * 1024 * 1024))
        ls_buf_adds(&sql, "INSERT INTO t VALUES ('0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789');\n");
    ops_put(&o, "migrations/1_big.up.sql", sql.ptr);
    ls_buf_release(&sql);
    began = ls_mono_ms();
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_true((size_t)plan->steps.v[0].n_statements > test_scaled(400000));
    assert_true(ls_mono_ms() - began < 60000);
    ls_plan_free(plan);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(which_steps),
        cmocka_unit_test(statements_keep_their_place),
        ENG_BOTH_TESTS(digest_is_of_what_will_run),
        ENG_BOTH_TESTS(printed_sql_runs),
        ENG_BOTH_TESTS(every_printed_plan_runs),
        cmocka_unit_test(hostile_names_stay_in_comments),
        cmocka_unit_test(values_as_literals),
        cmocka_unit_test(findings_on_postgres),
        cmocka_unit_test(findings_on_sqlite),
        cmocka_unit_test(destructive_steps_are_marked),
        ENG_BOTH_TESTS(deleting_all_is_destructive),
        cmocka_unit_test(findings_about_order_and_files),
        cmocka_unit_test(a_large_file_is_planned_quickly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
