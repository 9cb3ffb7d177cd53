#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/sqlmigrate.h"
#include "support/formats.h"

#define UP    "-- +migrate Up\n"
#define DOWN  "-- +migrate Down\n"
#define BEGIN "-- +migrate StatementBegin\n"
#define END   "-- +migrate StatementEnd\n"

static void join(struct ls_buf *b, const char *text, const struct ls_cuts *cuts)
{
    ls_buf_clear(b);
    for (size_t i = 0; i < cuts->c.n; i++) {
        const struct ls_cut *c = &cuts->c.v[i];

        ls_buf_addf(b, "%s%s%.*s", i > 0 ? "|" : "", c->text == text + c->start ? "" : "*", (int)c->len, c->text);
    }
}

/* What is a copy of the text, and not a part of it, has '*' in front. Each statement loses its final ';'. */
static void splitting(void **state)
{
    static const struct {
        const char *text, *up, *down;
    } cases[] = {
        {UP "SELECT 1;\nSELECT\n 2;\n" DOWN "SELECT 3;\n", "SELECT 1|SELECT\n 2", "SELECT 3"},
        {UP "SELECT 1; SELECT 2;\n", "SELECT 1; SELECT 2", ""},
        {UP "SELECT 1 ; \n", "SELECT 1", ""},
        {UP "SELECT 1; -- one\n", "SELECT 1; -- one", ""},
        {UP "INSERT INTO a VALUES ('x;\ny');\n", "INSERT INTO a VALUES ('x|y')", ""},
        {UP "SELECT 1\n-- dropped\n, 2;\n--kept\nSELECT 3;\n", "*SELECT 1\n, 2|--kept\nSELECT 3", ""},
        {UP BEGIN "f $$\n-- dropped even here\n;\n$$;\n" END "SELECT 1;\n", "*f $$\n;\n$$|SELECT 1", ""},
        {UP "SELECT 1\r\n, 2;\r\n", "*SELECT 1\n, 2", ""},
        {"SELECT 0;\n" DOWN "SELECT 1;\n" UP "SELECT 2;\n" UP "SELECT 3;\n", "SELECT 2|SELECT 3",
         "SELECT 1"}, /* any order, several times */
        {UP "SELECT 1;\n" DOWN "SELECT 2;\n" UP "SELECT 3;\n", "SELECT 1|SELECT 3", "SELECT 2"},
        {UP "-- +migrate Foo\n-- +goose Up\nSELECT 1;\n", "SELECT 1", ""},
        {BEGIN UP "SELECT 1;\n" END, "SELECT 1", ""}, /* a command in front of every marker does nothing */
        {UP, "", ""},
        {UP DOWN "-- nothing\n", "", ""},
    };
    struct ls_arena *arena = ls_arena_new();
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_sqlmigrate p;

        ls_sqlmigrate_parse(arena, cases[i].text, strlen(cases[i].text), &p);
        if (p.error != NULL)
            fail_msg("case %zu: %s", i, p.error);
        join(&b, cases[i].text, &p.up.cuts);
        assert_string_equal(b.ptr, cases[i].up);
        join(&b, cases[i].text, &p.down.cuts);
        assert_string_equal(b.ptr, cases[i].down);
        ls_sqlmigrate_release(&p);
    }
    ls_buf_release(&b);
    ls_arena_free(arena);
}

/* Verdicts observed with the 2019-12 snapshot. */
static void errors(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *words;
    } cases[] = {
        {"", 0, "no Up/Down annotations"},
        {"SELECT 1;\n", 0, "no Up/Down annotations"},
        {"\xef\xbb\xbf" UP, 0, "no Up/Down annotations"},
        {"--+migrate Up\n -- +migrate Up\n", 0, "no Up/Down annotations"},
        {"-- +migrate \n", 1, "incomplete migration command"},
        {UP "create table b(id int)\n" DOWN, 2, "not ended by ';'"},
        {UP "SELECT 1;\n\nSELECT 2\n", 4, "not ended by ';'"},
        {UP BEGIN, 2, "no matching '-- +migrate StatementEnd'"},
        {UP BEGIN DOWN "SELECT 1;\n" END, 3, "not ended before this marker"},
    };
    struct ls_arena *arena = ls_arena_new();

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_sqlmigrate p;

        ls_sqlmigrate_parse(arena, cases[i].text, strlen(cases[i].text), &p);
        if (p.error == NULL)
            fail_msg("case %zu is no error", i);
        eng_has(p.error, cases[i].words);
        assert_int_equal(p.error_line, cases[i].line);
        ls_sqlmigrate_release(&p);
    }
    ls_arena_free(arena);
}

/* formats.md 10: 1_a < 2_late < 10_b < abc; the id is the whole name. */
static void names_and_order(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "sql-migrate", false);
    ops_put(&o, "migrations/abc.sql", UP);
    ops_put(&o, "migrations/10_b.sql", UP);
    ops_put(&o, "migrations/2_late.sql", UP "-- +migrate up\n");
    ops_put(&o, "migrations/1_a.sql", UP);
    ops_put(&o, "migrations/01_a.sql", UP);
    ops_put(&o, "migrations/20260101000000-init.sql", UP);
    ops_put(&o, "migrations/ABC.sql", UP);
    ops_put(&o, "migrations/notes.txt", "");
    fmt_order_is(&o, "01_a.sql 1_a.sql 2_late.sql 10_b.sql 20260101000000-init.sql ABC.sql abc.sql");
    fmt_diag_is(&o, "unknown-directive", "2_late.sql", 2, "drops \"up\" without a word");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.m.v[4].id, "20260101000000-init.sql");
    assert_string_equal(snap->migrations.m.v[4].name, "init");
    ls_snapshot_free(snap);
    assert_true(ls_sqlmigrate_compare("99999999999999999999_a", "100000000000000000000_a") < 0);
    ops_put(&o, "migrations/99999999999999999999_big.sql", UP);
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "number is too large");
    ops_close(&o);
}

static void folder(struct ops *o)
{
    ops_put(o, "migrations/1_a.sql",
            UP "CREATE TABLE a (id int);\nCREATE TABLE a2 (id int);\n" DOWN "DROP TABLE a;\nDROP TABLE a2;\n");
    ops_put(o, "migrations/10_b.sql",
            "-- +migrate Up notransaction\nCREATE TABLE b (id int); CREATE TABLE b2 (id int);\n" DOWN
            "DROP TABLE b;\nDROP TABLE b2;\n");
    ops_put(o, "migrations/abc.sql", UP "CREATE TABLE z (id int);\n");
}

static const char *ids(bool pg)
{
    return pg ? "SELECT coalesce(string_agg(id, ' ' ORDER BY id COLLATE \"C\"), '') FROM gorp_migrations WHERE applied_at IS NOT "
                "NULL"
              : "SELECT coalesce(group_concat(id, ' '), '') FROM (SELECT id FROM gorp_migrations WHERE applied_at LIKE '____-__-__ "
                "__:__:__.___+00:00' ORDER BY id)";
}

static void tables_are(struct ops *o, bool pg, const char *expected)
{
    eng_is(o,
           pg ? "SELECT coalesce(string_agg(relname, ',' ORDER BY relname), '') FROM pg_class JOIN pg_namespace n ON n.oid = "
                "relnamespace "
                "WHERE relkind = 'r' AND nspname = 'public' AND relname NOT IN ('gorp_migrations', 'lockstep_journal')"
              : "SELECT coalesce(group_concat(name), '') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' "
                "AND name NOT IN ('gorp_migrations', 'lockstep_journal') ORDER BY name)",
           expected);
}

static void order_of_events(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 3);
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence statement statement ledger:INSERT journal COMMIT"
                                        : "BEGIN fence statement statement ledger:INSERT journal COMMIT");
    fmt_kinds_are(&plan->steps.v[1], pg ? "fence batch BEGIN ledger:LOCK fence ledger:INSERT journal COMMIT"
                                        : "fence batch BEGIN fence ledger:INSERT journal COMMIT");
    assert_int_equal(plan->steps.v[0].ops.v[pg ? 4 : 3].line, 3);
    assert_int_equal(plan->steps.v[0].ops.v[pg ? 4 : 3].stmt_no, 2);
    assert_int_equal(plan->steps.v[1].policy, LS_POLICY_NO_TX);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, ids(pg), "10_b.sql 1_a.sql abc.sql");
    tables_are(&o, pg, "a,a2,b,b2,z");
    plan = eng_plan(&o, LS_ACTION_DOWN, 2, NULL);
    fmt_kinds_are(&plan->steps.v[0],
                  pg ? "BEGIN ledger:LOCK fence ledger:DELETE journal COMMIT" : "BEGIN fence ledger:DELETE journal COMMIT");
    /* notransaction is of one direction */
    assert_int_equal(plan->steps.v[1].policy, LS_POLICY_TX);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_DOWN, -1, NULL);
    eng_is(&o, ids(pg), "");
    tables_are(&o, pg, "z"); /* it has no Down: sql-migrate only deletes the row */
    ops_close(&o);
}
ENG_BOTH(order_of_events)

static void the_ledger_it_makes(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    if (pg)
        eng_is(&o,
               "SELECT string_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull), ', ' ORDER BY attnum) "
               "FROM pg_attribute WHERE attrelid = 'public.gorp_migrations'::regclass AND attnum > 0",
               "id text t, applied_at timestamp with time zone f");
    else
        eng_is(&o, "SELECT sql FROM sqlite_schema WHERE name = 'gorp_migrations'",
               "CREATE TABLE \"gorp_migrations\" (\"id\" varchar(255) not null primary key, \"applied_at\" datetime)");
    if (pg)
        eng_is(&o, "SELECT abs(extract(epoch FROM now() - applied_at)) < 600 FROM gorp_migrations", "t");
    snap = ops_snapshot(&o);
    assert_non_null(snap->timeline.e.v[0].row->applied_at);
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(the_ledger_it_makes)

/* sql-migrate runs late files first, even on the way down; we never do the latter. */
static void late_files(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 2, NULL);
    ops_put(&o, "migrations/2_late.sql", UP "CREATE TABLE late (id int);\n" DOWN "DROP TABLE late;\n");
    eng_states(&o, "1_a.sql applied, 2_late.sql out-of-order, 10_b.sql applied, abc.sql pending");
    snap = ops_snapshot(&o);
    eng_has(snap->timeline.e.v[1].tool_would, "runs it first, whatever the limit; its down runs it too");
    ls_snapshot_free(snap);
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, ids(pg), "1_a.sql");
    tables_are(&o, pg, "a,a2");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, ids(pg), "10_b.sql 1_a.sql 2_late.sql abc.sql");
    ops_close(&o);
}
ENG_BOTH(late_files)

static void refusals(bool pg)
{
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_sql(&o, "INSERT INTO gorp_migrations VALUES ('5_gone.sql', NULL)");
    eng_states(&o, "1_a.sql applied, 5_gone.sql missing, 10_b.sql pending, abc.sql pending");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "because of 5_gone.sql: unknown migration in database");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "unknown migration in database");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "5_gone.sql");
    ops_put(&o, "migrations/abc.sql", UP "SELECT 1\n");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED,
                "abc.sql:2: the statement that begins here"); /* one bad file, and nothing runs at all */
    ops_put(&o, "migrations/abc.sql", UP "SELECT 'a;\nb';\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED,
                "abc.sql:2: statement 1 would fail: sql-migrate ends statements at line ends");
    ops_put(&o, "migrations/abc.sql", UP "VACUUM;\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "notransaction");
    ops_put(&o, "migrations/abc.sql", "-- +migrate Up notransaction\nVACUUM;\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, ids(pg), "10_b.sql 1_a.sql abc.sql");
    ops_close(&o);
}
ENG_BOTH(refusals)

/* Lines that begin with "-- " go, even inside of a function's body. */
static void what_is_sent(bool pg)
{
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    ops_put(&o, "migrations/1_a.sql",
            pg ? UP BEGIN "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n-- gone\n  RETURN 7;\nEND;\n$$;\n" END
               : UP "CREATE TABLE f (x int);\n" BEGIN
                    "CREATE TRIGGER t AFTER INSERT ON f BEGIN\n-- gone\n  DELETE FROM f;\nEND;\n" END);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, pg ? "SELECT f() || prosrc FROM pg_proc WHERE proname = 'f'" : "SELECT sql FROM sqlite_schema WHERE name = 't'",
           pg ? "7\nBEGIN\n  RETURN 7;\nEND;\n" : "CREATE TRIGGER t AFTER INSERT ON f BEGIN\n  DELETE FROM f;\nEND");
    ops_close(&o);
}
ENG_BOTH(what_is_sent)

static void failures(bool pg)
{
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    ops_put(&o, "migrations/1_a.sql", UP "CREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\n");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "1_a.sql:3");
    tables_are(&o, pg, "");
    ops_put(&o, "migrations/1_a.sql", "-- +migrate Up notransaction\nCREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\n");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_PARTIAL, "1_a.sql:3");
    tables_are(&o, pg, "a");
    eng_is(&o, ids(pg), "");
    ops_close(&o);
}
ENG_BOTH(failures)

static void a_rival(bool pg)
{
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    fmt_rival(&o, LS_ACTION_UP, 1, "INSERT INTO gorp_migrations VALUES ('10_b.sql', NULL)");
    tables_are(&o, pg, "a,a2");
    ops_sql(&o, "DELETE FROM gorp_migrations WHERE id = '10_b.sql'");
    fmt_rival(&o, LS_ACTION_DOWN, 1, "DELETE FROM gorp_migrations");
    tables_are(&o, pg, "a,a2");
    ops_close(&o);
}
ENG_BOTH(a_rival)

static void marks(bool pg)
{
    struct ops o;

    ops_open(&o, "sql-migrate", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "10_b.sql");
    eng_is(&o, ids(pg), "10_b.sql");
    tables_are(&o, pg, "");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "10_b.sql");
    eng_is(&o, ids(pg), "");
    eng_refused(&o, LS_ACTION_MARK_PENDING, 0, "none", LS_E_UNSUPPORTED, "one pending after the other");
    ops_close(&o);
}
ENG_BOTH(marks)

static void detection(void **state)
{
    char evidence[160];
    struct ops o;
    int score;

    (void)state;
    ops_open(&o, "sql-migrate", false);
    ops_put(&o, "migrations/1_a.sql", "-- +goose Up\n");
    fmt_detect(&o, "sql-migrate", &score, evidence);
    assert_int_equal(score, 0);
    ops_put(&o, "migrations/1_a.sql", "\n-- about\n" UP);
    fmt_detect(&o, "sql-migrate", &score, evidence);
    assert_int_equal(score, 85);
    eng_has(evidence, "1_a.sql");
    fmt_new_is(&o, "/20261129163844-add_email.sql", "\n-- +migrate Up\n\n-- +migrate Down\n");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitting),
        cmocka_unit_test(errors),
        cmocka_unit_test(names_and_order),
        ENG_BOTH_TESTS(order_of_events),
        ENG_BOTH_TESTS(the_ledger_it_makes),
        ENG_BOTH_TESTS(late_files),
        ENG_BOTH_TESTS(refusals),
        ENG_BOTH_TESTS(what_is_sent),
        ENG_BOTH_TESTS(failures),
        ENG_BOTH_TESTS(a_rival),
        ENG_BOTH_TESTS(marks),
        cmocka_unit_test(detection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
