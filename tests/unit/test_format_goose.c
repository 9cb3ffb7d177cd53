#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/goose.h"
#include "support/formats.h"

#define UP    "-- +goose Up\n"
#define DOWN  "-- +goose Down\n"
#define BEGIN "-- +goose StatementBegin\n"
#define END   "-- +goose StatementEnd\n"

/* The statements of a half with '|' between; what is a copy of the text, and not a part of it, has '*' in front. */
static void join(struct ls_buf *b, const char *text, const struct ls_cuts *cuts)
{
    ls_buf_clear(b);
    for (size_t i = 0; i < cuts->c.n; i++) {
        const struct ls_cut *c = &cuts->c.v[i];

        ls_buf_addf(b, "%s%s%.*s", i > 0 ? "|" : "", c->text == text + c->start ? "" : "*", (int)c->len, c->text);
    }
}

/* goose's own rules of cutting: formats.md 4.5. */
static void splitting(void **state)
{
    static const struct {
        const char *text, *up, *down;
    } cases[] = {
        {UP "SELECT 1;\nSELECT\n 2;\n" DOWN "SELECT 3;\n", "SELECT 1;|SELECT\n 2;", "SELECT 3;"},
        {UP "SELECT 1; SELECT 2;\n", "SELECT 1; SELECT 2;", ""},   /* one line, one exec */
        {UP "SELECT 1; SELECT\n2;\n", "SELECT 1; SELECT\n2;", ""}, /* a ';' inside a line ends nothing */
        {UP "SELECT 1; -- one\nSELECT 2;--two\n;\n", "SELECT 1; -- one|SELECT 2;--two\n;", ""},
        {UP "INSERT INTO a VALUES ('x;\ny');\n", "INSERT INTO a VALUES ('x;|y');", ""}, /* a literal is cut in two */
        {UP "\n  -- c\n\nSELECT 1\n-- inside\n;\n-- after\n", "SELECT 1\n-- inside\n;", ""},
        {UP BEGIN "CREATE x;\n  y;\nEND;\n" END "SELECT 1;\n", "CREATE x;\n  y;\nEND;|SELECT 1;", ""},
        {UP BEGIN "no semicolon\n" END, "no semicolon", ""},
        {UP "SELECT 1,\n-- +goose NO TRANSACTION\n2;\n", "*SELECT 1,\n2;", ""},
        {UP "SELECT\r\n1;\r\n", "*SELECT\n1;", ""}, /* the scanner drops carriage returns */
        {UP "SELECT 1;\r\n", "SELECT 1;", ""},
        {"\n  \n-- about it\n--+goose   up\nSELECT 1;\n-- +goose DOWN\nSELECT 2;\n", "SELECT 1;", "SELECT 2;"},
        {UP, "", ""},
        {UP DOWN, "", ""},
    };
    struct ls_arena *arena = ls_arena_new();
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_goose g;

        ls_goose_parse(arena, cases[i].text, strlen(cases[i].text), false, &g);
        if (g.error.text != NULL || g.up_error.text != NULL || g.down_error.text != NULL)
            fail_msg("case %zu: %s", i,
                     g.error.text != NULL      ? g.error.text
                     : g.up_error.text != NULL ? g.up_error.text
                                               : g.down_error.text);
        join(&b, cases[i].text, &g.up);
        assert_string_equal(b.ptr, cases[i].up);
        join(&b, cases[i].text, &g.down);
        assert_string_equal(b.ptr, cases[i].down);
        ls_goose_release(&g);
    }
    ls_buf_release(&b);
    ls_arena_free(arena);
}

static void errors(void **state)
{
    static const struct {
        const char *text;
        char half; /* 'f': of the file, 'u', 'd' */
        int line;
        const char *words;
    } cases[] = {
        {"", 'f', 0, "no '-- +goose Up'"},
        {"SELECT 1;\n" UP, 'f', 1, "only blank and comment lines"},
        {"\xef\xbb\xbf" UP "SELECT 1;\n", 'f', 1, "byte order mark"},
        {DOWN UP, 'f', 1, "in front of '-- +goose Up'"},
        {UP UP, 'f', 2, "duplicate '-- +goose Up'"},
        {UP DOWN DOWN, 'f', 3, "duplicate '-- +goose Down'"},
        {UP DOWN UP, 'f', 3, "duplicate '-- +goose Up'"},
        {UP BEGIN "x\n" DOWN END, 'f', 4, "between StatementBegin and StatementEnd"},
        {UP BEGIN BEGIN, 'f', 3, "inside of another block"},
        {UP END, 'f', 2, "StatementEnd has no StatementBegin"},
        {UP BEGIN "x\n", 'f', 3, "missing '-- +goose StatementEnd'"},
        {UP "  -- +goose Down\n", 'f', 2, "blanks in front"},
        {UP "-- +goose Dwn\n", 'f', 2, "does not know this annotation"},
        {UP "-- see +goose Down\n", 'f', 2, "does not know this annotation"},
        {UP "-- +goose\n", 'f', 2, "does not know this annotation"},
        {UP "SELECT 1;\n\nSELECT 2\n", 'u', 4, "unfinished"},
        {UP "SELECT 1\n" DOWN "SELECT 2;\n", 'u', 2, "unfinished"},
        {UP "SELECT 1;\n" DOWN "SELECT 2\n", 'd', 4, "unfinished"},
        {UP "SELECT 1;\n  \n-- c\n", 'u', 4,
         "unfinished"}, /* a line of blanks begins a statement, and the comment behind it is of it */
        {UP BEGIN "-- nothing\n" END "SELECT 1;\n", 'u', 5, "drops this line"},
    };
    struct ls_arena *arena = ls_arena_new();

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        const struct ls_goose_error *e;
        struct ls_goose g;

        ls_goose_parse(arena, cases[i].text, strlen(cases[i].text), false, &g);
        e = cases[i].half == 'f' ? &g.error : cases[i].half == 'u' ? &g.up_error : &g.down_error;
        if (e->text == NULL)
            fail_msg("case %zu is no error", i);
        eng_has(e->text, cases[i].words);
        assert_int_equal(e->line, cases[i].line);
        assert_true((g.error.text != NULL) + (g.up_error.text != NULL) + (g.down_error.text != NULL) == 1);
        ls_goose_release(&g);
    }
    ls_arena_free(arena);
}

/* formats.md 10: goose 1 < 2 < 9 < 10. */
static void names_and_order(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "goose", false);
    ops_put(&o, "migrations/10_c.sql", UP);
    ops_put(&o, "migrations/9_d.sql", UP);
    ops_put(&o, "migrations/00001_init.sql", UP);
    ops_put(&o, "migrations/2_code.go", "package migrations\n");
    ops_put(&o, "migrations/3_code_test.go", "package migrations\n");
    ops_put(&o, "migrations/helpers.go", "package migrations\n");
    ops_put(&o, "migrations/0_zero.sql", UP);
    ops_put(&o, "migrations/notes.sql", UP);
    fmt_order_is(&o, "00001 2 9 10");
    fmt_diag_is(&o, "ignored-file", "notes.sql", 0, "refuses the whole folder");
    fmt_diag_is(&o, "ignored-file", "0_zero.sql", 0, "number from 1 on");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.m.v[0].id, "1");
    assert_string_equal(snap->migrations.m.v[0].name, "init");
    assert_int_equal(snap->migrations.m.v[0].lang, LS_LANG_SQL);
    assert_int_equal(snap->migrations.m.v[1].lang, LS_LANG_CODE);
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_code.go is program code");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    eng_states(&o, "00001 applied, 2 pending, 9 pending, 10 pending");
    ops_close(&o);
}

static const char *rows(bool pg)
{
    return pg ? "SELECT coalesce(string_agg(id || '/' || version_id || '/' || is_applied, ' ' ORDER BY id), '') FROM "
                "goose_db_version WHERE tstamp IS NOT NULL"
              : "SELECT coalesce(group_concat(id || '/' || version_id || '/' || CASE is_applied WHEN 1 THEN 'true' WHEN 0 THEN "
                "'false' END, ' '), '') "
                "FROM (SELECT * FROM goose_db_version WHERE tstamp IS NOT NULL ORDER BY id)";
}

static void folder(struct ops *o)
{
    ops_put(o, "migrations/00001_init.sql",
            UP "CREATE TABLE a (id int);\nCREATE TABLE a2 (id int);\n" DOWN "DROP TABLE a;\nDROP TABLE a2;\n");
    ops_put(o, "migrations/00003_b.sql",
            "-- +goose NO TRANSACTION\n" UP "CREATE TABLE b (id int); CREATE TABLE b2 (id int);\n" DOWN
            "DROP TABLE b;\nDROP TABLE b2;\n");
}

/* The tables of the tests but for goose's own. */
static void tables_are(struct ops *o, bool pg, const char *expected)
{
    eng_is(o,
           pg ? "SELECT coalesce(string_agg(relname, ',' ORDER BY relname), '') FROM pg_class JOIN pg_namespace n ON n.oid = "
                "relnamespace "
                "WHERE relkind = 'r' AND nspname = 'public' AND relname NOT IN ('goose_db_version', 'lockstep_journal')"
              : "SELECT coalesce(group_concat(name), '') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' "
                "AND name NOT IN ('goose_db_version', 'lockstep_journal', 'sqlite_sequence') ORDER BY name)",
           expected);
}

static void order_of_events(bool pg)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "goose", pg);
    folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    fmt_kinds(&b, plan->setup.v, plan->setup.n);
    assert_string_equal(b.ptr, "BEGIN ledger:CREATE ledger:INSERT COMMIT");
    ls_buf_release(&b);
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence statement statement ledger:INSERT journal COMMIT"
                                        : "BEGIN fence statement statement ledger:INSERT journal COMMIT");
    fmt_kinds_are(&plan->steps.v[1], pg ? "fence batch BEGIN ledger:LOCK fence ledger:INSERT journal COMMIT"
                                        : "fence batch BEGIN fence ledger:INSERT journal COMMIT");
    assert_int_equal(plan->steps.v[1].n_statements, 2);
    assert_int_equal(plan->steps.v[1].ops.v[1].n_pieces, 2);
    assert_int_equal(plan->steps.v[1].ops.v[1].line, 3);
    assert_int_equal(plan->steps.v[1].ops.v[1].pieces[1].col, 26);
    assert_int_equal(plan->steps.v[1].policy, LS_POLICY_NO_TX);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, rows(pg), "1/0/true 2/1/true 3/3/true");
    plan = eng_plan(&o, LS_ACTION_DOWN, 2, NULL);
    fmt_kinds_are(&plan->steps.v[0], pg ? "fence statement statement BEGIN ledger:LOCK fence ledger:DELETE journal COMMIT"
                                        : "fence statement statement BEGIN fence ledger:DELETE journal COMMIT");
    assert_int_equal(plan->steps.v[0].ops.v[1].line, 5);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_DOWN, -1, NULL);
    eng_is(&o, rows(pg), "1/0/true");
    tables_are(&o, pg, "");
    eng_states(&o, "00001 pending, 00003 pending");
    ops_close(&o);
}
ENG_BOTH(order_of_events)

static void the_ledger_it_makes(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "goose", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    if (pg)
        eng_is(&o,
               "SELECT string_agg(format('%s %s %s%s', attname, format_type(atttypid, atttypmod), attnotnull, nullif(attidentity, "
               "'')), ', ' ORDER BY attnum) "
               "FROM pg_attribute WHERE attrelid = 'public.goose_db_version'::regclass AND attnum > 0",
               "id integer td, version_id bigint t, is_applied boolean t, tstamp timestamp without time zone t");
    else
        eng_is(&o, "SELECT sql FROM sqlite_schema WHERE name = 'goose_db_version'",
               "CREATE TABLE goose_db_version (\n\t\tid INTEGER PRIMARY KEY AUTOINCREMENT,\n\t\tversion_id INTEGER NOT "
               "NULL,\n\t\tis_applied INTEGER NOT NULL,"
               "\n\t\ttstamp TIMESTAMP DEFAULT (datetime('now'))\n\t)");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->ledger.shape, LS_LEDGER_LOG);
    assert_int_equal(snap->ledger.rows.v[0].state, LS_ROW_MARKER);
    assert_non_null(snap->ledger.rows.v[1].applied_at);
    if (pg)
        assert_string_equal(snap->ledger.variant, "identity");
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(the_ledger_it_makes)

/* The table as goose made it until v3.21, with rows of the old way down: the newest row about a version decides. */
static void the_old_ledger(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "goose", pg);
    folder(&o);
    ops_sql(&o, pg ? "CREATE TABLE goose_db_version (id serial NOT NULL, version_id bigint NOT NULL, is_applied boolean NOT NULL, "
                     "tstamp timestamp NULL default now(), PRIMARY KEY(id))"
                   : "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied "
                     "INTEGER NOT NULL, "
                     "tstamp TIMESTAMP DEFAULT (datetime('now')))");
    ops_sql(&o, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (3, true), (3, false)");
    eng_states(&o, "00001 applied, 00003 rolled-back");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->ledger.rows.n, 4);
    assert_int_equal(snap->timeline.e.v[1].n_rows, 2);
    if (pg)
        assert_string_equal(snap->ledger.variant, "serial");
    ls_snapshot_free(snap);
    ops_sql(&o, "CREATE TABLE a (id int); CREATE TABLE a2 (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, rows(pg), "1/0/true 2/1/true 3/3/true 4/3/false 5/3/true");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL); /* goose deletes them all */
    eng_is(&o, rows(pg), "1/0/true 2/1/true");
    ops_close(&o);
}
ENG_BOTH(the_old_ledger)

/* goose's down follows the newest row, not the highest version: (1,0,t) (2,1,t) (3,3,t) (4,2,t). */
static void late_files(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "goose", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/2_late.sql", UP "CREATE TABLE late (id int);\n" DOWN "DROP TABLE late;\n");
    eng_states(&o, "00001 applied, 2 out-of-order, 00003 applied");
    snap = ops_snapshot(&o);
    eng_has(snap->timeline.e.v[1].tool_would, "-allow-missing");
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "found 1 missing migrations before current version 00003: 2");
    {
        /* As -allow-missing: the missing ones first, then the newer ones. */
        struct ls_plan_request req = {.action = LS_ACTION_UP, .count = -1, .out_of_order = true};
        struct ls_run_report rep;
        struct ls_plan *plan = NULL;

        ops_put(&o, "migrations/4_d.sql", UP "CREATE TABLE d (id int);\n" DOWN "DROP TABLE d;\n");
        snap = ops_snapshot(&o);
        ops_ok(ls_plan_make(o.s, snap, &req, &plan, err));
        assert_int_equal(plan->steps.n, 2);
        assert_string_equal(plan->steps.v[0].label, "2");
        assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_OK);
        ls_run_report_release(&rep);
        ls_plan_free(plan);
        ls_snapshot_free(snap);
        eng_is(&o, rows(pg), "1/0/true 2/1/true 3/3/true 4/2/true 5/4/true");
        eng_run(&o, LS_ACTION_DOWN, 2, NULL);
        ops_sql(&o, "DELETE FROM goose_db_version WHERE id > 3");
        eng_states(&o, "00001 applied, 2 out-of-order, 00003 applied, 4 pending");
    }
    {
        char *path = ops_path(&o, "migrations/4_d.sql");

        assert_int_equal(unlink(path), 0);
        free(path);
    }
    ops_sql(&o, "CREATE TABLE late (id int)");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "2");
    eng_states(&o, "00001 applied, 2 applied, 00003 applied");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_states(&o, "00001 applied, 2 out-of-order, 00003 applied");
    tables_are(&o, pg, "a,a2,b,b2");
    ops_close(&o);
}
ENG_BOTH(late_files)

static void a_missing_file(bool pg)
{
    struct ops o;

    ops_open(&o, "goose", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true)");
    eng_states(&o, "00001 applied, 00002 missing, 00003 applied");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "version 00002 is in the ledger, but has no file");
    ops_put(&o, "migrations/4_d.sql", UP "CREATE TABLE d (id int);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);  /* up does not care */
    eng_run(&o, LS_ACTION_DOWN, 1, NULL); /* no Down in the file: goose only deletes the row */
    tables_are(&o, pg, "a,a2,b,b2,d");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "2");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_states(&o, "00001 applied, 00003 pending, 4 pending");
    ops_close(&o);
}
ENG_BOTH(a_missing_file)

static void refusals(bool pg)
{
    struct ops o;

    ops_open(&o, "goose", pg);
    ops_put(&o, "migrations/1_a.sql", UP "CREATE TABLE a (id int);\n");
    ops_put(&o, "migrations/2_b.sql", UP "-- +goose ENVSUB ON\nINSERT INTO a VALUES (${X});\n-- +goose ENVSUB OFF\n");
    fmt_diag_is(&o, "placeholder", "2_b.sql", 3, "ENVSUB is on");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "environment variables");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_put(&o, "migrations/2_b.sql", UP "-- +goose ENVSUB ON\n-- +goose ENVSUB OFF\nSELECT 1, '${X}';\n");
    ls_plan_free(eng_plan(&o, LS_ACTION_UP, -1, NULL));
    ops_put(&o, "migrations/2_b.sql", UP "CREATE TABLE b (x text);\nINSERT INTO b VALUES ('a;\nb');\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:3: statement 2 would fail: goose ends statements at line ends");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "StatementBegin");
    ops_put(&o, "migrations/2_b.sql", UP BEGIN "CREATE TABLE b (x text DEFAULT 'a;\nb');\n" END);
    ls_plan_free(eng_plan(&o, LS_ACTION_UP, -1, NULL));
    ops_put(&o, "migrations/2_b.sql", UP "SELECT 1;\nVACUUM;\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:3: statement 2 cannot run inside a transaction");
    ops_put(&o, "migrations/2_b.sql", UP "SELECT 1;\n\nSELECT 2\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:4: the statement that begins here");
    fmt_diag_is(&o, "unfinished-statement", "2_b.sql", 4, "unfinished");
    ops_put(&o, "migrations/2_b.sql", "-- no\n" UP UP);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:3: duplicate '-- +goose Up' annotation");
    ops_put(&o, "migrations/2_b.sql", UP "-- +goose NO TRANSACTION\nBEGIN;\nSELECT 1;\nCOMMIT;\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:3: statement 1 controls transactions");
    ops_put(&o, "migrations/2_b.sql", UP "SELECT 1;\n");
    ops_put(&o, "migrations/02_c.sql", UP "SELECT 1;\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "duplicate version 2");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "duplicate version 2");
    ops_close(&o);
}
ENG_BOTH(refusals)

static void a_trigger_and_a_function(bool pg)
{
    struct ops o;

    ops_open(&o, "goose", pg);
    ops_put(&o, "migrations/1_a.sql",
            pg ? UP BEGIN
                "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  -- +not goose\n  RETURN 7;\nEND;\n$$;\n" END
               : UP "CREATE TABLE f (x int);\n" BEGIN "CREATE TRIGGER t AFTER INSERT ON f BEGIN\n  DELETE FROM f;\nEND;\n" END);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, pg ? "SELECT f() || prosrc FROM pg_proc WHERE proname = 'f'" : "SELECT sql FROM sqlite_schema WHERE name = 't'",
           pg ? "7\nBEGIN\n  -- +not goose\n  RETURN 7;\nEND;\n"
              : "CREATE TRIGGER t AFTER INSERT ON f BEGIN\n  DELETE FROM f;\nEND");
    ops_close(&o);
}
ENG_BOTH(a_trigger_and_a_function)

/* A failure without a transaction leaves what came before it, and goose's ledger does not say so. */
static void without_a_transaction(bool pg)
{
    struct ops o;

    ops_open(&o, "goose", pg);
    ops_put(&o, "migrations/1_a.sql", UP "-- +goose NO TRANSACTION\nCREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\n");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_PARTIAL, "1_a.sql:4");
    tables_are(&o, pg, "a");
    eng_is(&o, rows(pg), "1/0/true");
    ops_put(&o, "migrations/1_a.sql", UP "CREATE TABLE c (id int);\nINSERT INTO nowhere VALUES (1);\n");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "1_a.sql:3");
    tables_are(&o, pg, "a");
    ops_close(&o);
}
ENG_BOTH(without_a_transaction)

static void a_rival(bool pg)
{
    struct ops o;

    ops_open(&o, "goose", pg);
    folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    fmt_rival(&o, LS_ACTION_UP, 1, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, true)");
    tables_are(&o, pg, "a,a2");
    ops_sql(&o, "DELETE FROM goose_db_version WHERE version_id = 3");
    fmt_rival(&o, LS_ACTION_DOWN, 1, "DELETE FROM goose_db_version WHERE version_id = 1");
    tables_are(&o, pg, "a,a2");
    ops_close(&o);
}
ENG_BOTH(a_rival)

/* An application that embeds goose with its locker, of any version, keeps us out. */
static void a_held_lock(void **state)
{
    static const char *const held[] = {"SELECT pg_advisory_lock(4097083626)", "SELECT pg_advisory_lock(5887940537704921958)"};

    (void)state;
    ENG_NEEDS_PG();
    for (size_t i = 0; i < LS_ARRAY_LEN(held); i++) {
        struct ls_db_params p = {0};
        struct ls_session_params sp;
        struct ls_session *keep;
        struct ls_run_report rep;
        struct ls_db *db = NULL;
        struct ops o;

        ops_open(&o, "goose", true);
        folder(&o);
        p.url = o.url;
        ops_ok(ls_db_open(&p, &db, err));
        ops_ok(ls_db_exec_batch(db, held[i], strlen(held[i]), NULL, err));
        sp = *ls_session_params(o.s);
        sp.lock_wait_ms = 1;
        keep = o.s;
        o.s = ls_session_new(&sp);
        assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_BUSY);
        eng_has(rep.err.message, "holds the migration lock");
        ls_run_report_release(&rep);
        ls_session_free(o.s);
        o.s = keep;
        ls_db_close(db);
        eng_run(&o, LS_ACTION_UP, -1, NULL);
        ops_close(&o);
    }
}

static void lock_keys(void **state)
{
    struct ls_db_params p = {.url = test_pg_url()};
    struct ls_db *db = NULL;
    int64_t keys[4];

    (void)state;
    ENG_NEEDS_PG();
    ops_ok(ls_db_open(&p, &db, err));
    assert_int_equal(ls_format_goose.lock_keys(db, NULL, NULL, keys), 2);
    assert_true(keys[0] == (int64_t)ls_crc32("goose", 5));
    assert_true(keys[1] == INT64_C(5887940537704921958));
    ls_db_close(db);
}

static void detection(void **state)
{
    char evidence[160];
    struct ops o;
    int score;

    (void)state;
    ops_open(&o, "goose", false);
    ops_put(&o, "migrations/00001_a.go", "package m\n\nimport \"github.com/pressly/goose/v3\"\n");
    fmt_detect(&o, "goose", &score, evidence);
    assert_int_equal(score, 85);
    ops_put(&o, "migrations/00002_a.sql", UP);
    fmt_detect(&o, "goose", &score, evidence);
    assert_int_equal(score, 85);
    eng_has(evidence, "00002_a.sql");
    fmt_new_is(&o, "/00003_add_email.sql",
               UP BEGIN "SELECT 'up SQL query';\n" END "\n" DOWN BEGIN "SELECT 'down SQL query';\n" END);
    ops_put(&o, "migrations/00002_a.sql", "-- +migrate Up\n");
    ops_put(&o, "migrations/00001_a.go", "package m\n");
    fmt_detect(&o, "goose", &score, evidence);
    assert_int_equal(score, 0);
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
        ENG_BOTH_TESTS(the_old_ledger),
        ENG_BOTH_TESTS(late_files),
        ENG_BOTH_TESTS(a_missing_file),
        ENG_BOTH_TESTS(refusals),
        ENG_BOTH_TESTS(a_trigger_and_a_function),
        ENG_BOTH_TESTS(without_a_transaction),
        ENG_BOTH_TESTS(a_rival),
        cmocka_unit_test(a_held_lock),
        cmocka_unit_test(lock_keys),
        cmocka_unit_test(detection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
