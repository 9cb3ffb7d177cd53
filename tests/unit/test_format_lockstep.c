#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/directive.h"
#include "support/engine.h"

static void directives(void **state)
{
    static const struct {
        const char *text;
        bool no_tx;
        const char *description, *unknown;
        int line;
        const char *nearest;
    } cases[] = {
        {"", false, "", "", 0, NULL},
        {"-- Adds x.\n-- more\nSELECT 1;", false, "Adds x.", "", 0, NULL},
        {"-- lockstep: no-transaction\nSELECT 1;", true, "", "", 0, NULL},
        {"\xef\xbb\xbf-- lockstep: no-transaction\r\n\r\n--  d \r\nSELECT 1;", true, "d", "", 0, NULL},
        {"--lockstep:no-transaction", true, "", "", 0, NULL},
        {"-- lockstep: transaction", false, "", "", 0, NULL},
        {"\n\n-- lockstep: no-transacton\n", false, "", "no-transacton", 3, "no-transaction"},
        {"-- lockstep: banana", false, "", "banana", 1, NULL},
        {"-- lockstep:", false, "", "(nothing)", 1, NULL},
        {"-- lockstep: transaction, no-transaction", true, "", "", 0, NULL},
        {"SELECT 1; -- lockstep: no-transaction", false, "", "", 0, NULL},
        {"SELECT 1;\n-- lockstep: no-transaction", false, "", "", 0, NULL}, /* only in front */
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_directives d;
        char *description, *unknown;

        ls_directives_read(cases[i].text, strlen(cases[i].text), &d);
        description = ls_strndup(d.description.ptr != NULL ? d.description.ptr : "", d.description.len);
        unknown = ls_strndup(d.unknown.ptr != NULL ? d.unknown.ptr : "", d.unknown.len);
        assert_int_equal(d.no_transaction, cases[i].no_tx);
        assert_string_equal(description, cases[i].description);
        assert_string_equal(unknown, cases[i].unknown);
        assert_int_equal(d.unknown_line, cases[i].line);
        if (cases[i].nearest != NULL)
            assert_string_equal(d.nearest, cases[i].nearest);
        else if (cases[i].unknown[0] != '\0')
            assert_null(d.nearest);
        free(description);
        free(unknown);
    }
}

static void unknown_directive(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "-- x\n-- lockstep: no-transacton\nSELECT 1;\n");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->migrations.diags.d.n, 1);
    assert_string_equal(snap->migrations.diags.d.v[0].code, "unknown-directive");
    assert_int_equal(snap->migrations.diags.d.v[0].line, 2);
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_INPUT, "1_a.up.sql:2: \"no-transacton\" is no directive");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_INPUT, "did you mean \"no-transaction\"?");
    ops_close(&o);
}

static void names_and_sections(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, NULL, false);
    ops_put(&o, "migrations/001_a.up.sql", "SELECT 1;");
    ops_put(&o, "migrations/001_a.down.sql", "SELECT 1;");
    ops_put(&o, "migrations/001_a.verify.sql", "SELECT 1;");
    ops_put(&o, "migrations/002_b.up.sql", "-- lockstep: no-transaction\nVACUUM;");
    ops_put(&o, "migrations/3_c.up.txt", "");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->format->name, "lockstep"); /* a .verify.sql is its sign */
    assert_int_equal(snap->detected[0].detect.score, 90);
    assert_int_equal(snap->migrations.m.n, 2);
    assert_non_null(snap->migrations.m.v[0].verify.path);
    assert_int_equal(strlen(snap->migrations.m.v[0].up.sha256), 64);
    assert_int_equal(snap->migrations.m.v[0].up.policy, LS_POLICY_TX);
    assert_int_equal(snap->migrations.m.v[1].up.policy, LS_POLICY_NO_TX);
    ls_snapshot_free(snap);
    ops_close(&o);
}

/* Enough files that several threads read them: each has its own hash and policy, and what is odd is said once and in order. */
static void many_files(void **state)
{
    enum { N = 1500, ODD = 700, GONE = 1200, NO_TX = 1499 };
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    for (int i = 1; i <= N; i++) {
        char *path = ls_asprintf("%s/migrations/%04d_m.up.sql", o.top, i);

        if (i == GONE) {
            assert_int_equal(symlink("nowhere", path), 0);
        } else {
            FILE *f = fopen(path, "we");

            assert_non_null(f);
            fprintf(f, "%sSELECT %d;", i == ODD ? "-- lockstep: bananas\n" : i == NO_TX ? "-- lockstep: no-transaction\n" : "", i);
            assert_int_equal(fclose(f), 0);
        }
        free(path);
    }
    snap = ops_snapshot(&o);
    assert_int_equal(snap->migrations.m.n, N);
    for (int i = 1; i <= N; i++) {
        const struct ls_migration *m = &snap->migrations.m.v[i - 1];
        char text[64], hash[LS_SHA256_HEX];

        snprintf(text, sizeof(text), "%sSELECT %d;", i == ODD ? "-- lockstep: bananas\n" : i == NO_TX ? "-- lockstep: no-transaction\n" : "", i);
        ls_sha256_hex(text, strlen(text), hash);
        assert_int_equal(m->version, i);
        assert_string_equal(m->up.sha256, i == GONE ? "" : hash);
        assert_int_equal(m->up.policy, i == NO_TX ? LS_POLICY_NO_TX : LS_POLICY_TX);
        assert_int_equal(m->flags, i == GONE ? LS_MIG_BROKEN : 0);
    }
    assert_int_equal(snap->migrations.diags.d.n, 2);
    assert_string_equal(snap->migrations.diags.d.v[0].code, "unknown-directive");
    assert_string_equal(snap->migrations.diags.d.v[1].code, "unreadable-file");
    ls_snapshot_free(snap);
    ops_close(&o);
}

static const struct ls_format *detected(struct ops *o, const char **evidence)
{
    struct ls_snapshot *snap = ops_snapshot(o);
    const struct ls_format *f = snap->format;
    static char text[160];

    snprintf(text, sizeof(text), "%s", snap->n_detected > 0 ? snap->detected[0].detect.evidence : "");
    *evidence = text;
    ls_snapshot_free(snap);
    return f;
}

/* The folder alone may be either tool's; a directive decides, and a ledger in the database decides over it. */
static void format_detection(bool pg)
{
    const char *evidence;
    struct ops o;

    ops_open(&o, NULL, pg);
    assert_ptr_equal(detected(&o, &evidence), &ls_format_lockstep); /* empty folder, empty database */
    ops_put(&o, "migrations/000001_a.up.sql", "CREATE TABLE a (id int);");
    assert_ptr_equal(detected(&o, &evidence), &ls_format_golang_migrate);
    eng_has(evidence, "1 files like 000001_a.up.sql");
    ops_put(&o, "migrations/000002_b.up.sql", "-- b\n-- lockstep: transaction\nCREATE TABLE b (id int);");
    assert_ptr_equal(detected(&o, &evidence), &ls_format_lockstep);
    eng_has(evidence, "000002_b.up.sql");
    ops_sql(&o, "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null)");
    assert_ptr_equal(detected(&o, &evidence), &ls_format_golang_migrate);
    eng_has(evidence, "the ledger");
    ops_close(&o);
}
ENG_BOTH(format_detection)

static void unknown_format_names_the_known(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "flyweight", false);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_USAGE, "lockstep, golang-migrate");
    ops_close(&o);
    assert_ptr_equal(ls_format_find("migrate"), &ls_format_golang_migrate);
    assert_null(ls_format_find(NULL));
}

static void ledger_ddl(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_put(&o, "migrations/1_a.up.sql", "SELECT 1;");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    if (pg)
        eng_is(&o,
               "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute "
               "WHERE attrelid = 'schema_migrations'::regclass AND attnum > 0",
               "version bigint, name text, description text, applied_at timestamp with time zone, applied_by text, duration_ms bigint, checksum text, "
               "status text");
    else
        eng_is(&o, "SELECT group_concat(name || ' ' || type, ', ') FROM pragma_table_info('schema_migrations')",
               "version INTEGER, name TEXT, description TEXT, applied_at TEXT, applied_by TEXT, duration_ms INTEGER, checksum TEXT, status TEXT");
    ops_close(&o);
}
ENG_BOTH(ledger_ddl)

static void statements_that_are_refused(void **state)
{
    static const struct {
        bool pg;
        const char *sql, *words;
        bool is_no_sql; /* it cannot be split */
    } cases[] = {
        {false, "CREATE TABLE a (id int);\nVACUUM;", "1_a.up.sql:2: statement 2 of 2 cannot run inside a transaction", false},
        {false, "BEGIN;\nSELECT 1;", "1_a.up.sql:1: statement 1 of 2 controls transactions", false},
        {false, "PRAGMA foreign_keys = OFF;\nSELECT 1;", "1_a.up.sql:1: statement 1 of 2 is a pragma", false},
        {true, "SELECT 1;\n\nCREATE INDEX CONCURRENTLY i ON t (x);", "1_a.up.sql:3: statement 2 of 2 cannot run inside a transaction", false},
        {true, "COMMIT;", "controls transactions", false},
        {true, "COPY t FROM STDIN;\n1\n\\.\n", "COPY FROM STDIN waits for rows", true},
        {true, "\\i other.sql\n", "a command of psql, and no SQL", true},
        {true, "SELECT 'open\n", "a string is opened here and never closed", true},
        {false, "SELECT '\xff';\n", "not UTF-8", true},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ops o;

        if (cases[i].pg && test_pg_url() == NULL)
            continue;
        ops_open(&o, "lockstep", cases[i].pg);
        ops_put(&o, "migrations/1_a.up.sql", cases[i].sql);
        eng_refused(&o, LS_ACTION_UP, -1, NULL, cases[i].is_no_sql ? LS_E_INPUT : LS_E_REFUSED, cases[i].words);
        ops_close(&o);
    }
}

static void half_pairs(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "version 1 has no down file");
    ops_put(&o, "migrations/2_b.down.sql", "DROP TABLE b;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "version 2 has no up file");
    ops_close(&o);
}
ENG_BOTH(half_pairs)

/* 10 comes behind 9, whatever the ledger's column is made of. */
static void more_than_nine(bool pg)
{
    static const char *const as_text[] = {"ALTER TABLE schema_migrations ALTER version TYPE text",
                                          "CREATE TABLE m AS SELECT CAST(version AS text) AS version, name, description, applied_at, applied_by, duration_ms,"
                                          " checksum, status FROM schema_migrations; DROP TABLE schema_migrations; ALTER TABLE m RENAME TO schema_migrations"};
    struct ls_snapshot *snap;
    char name[64], sql[64];
    struct ops o;

    ops_open(&o, "lockstep", pg);
    for (int v = 1; v <= 12; v++) {
        snprintf(name, sizeof name, "migrations/%03d_t%d.up.sql", v, v);
        snprintf(sql, sizeof sql, "CREATE TABLE t%d (i int);", v);
        ops_put(&o, name, sql);
    }
    eng_run(&o, LS_ACTION_UP, 11, NULL);
    for (int turn = 0; turn < 2; turn++) {
        snap = ops_snapshot(&o);
        assert_int_equal(snap->timeline.e.n, 12);
        assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], 11);
        assert_int_equal(snap->timeline.count[LS_STATE_PENDING], 1);
        for (size_t i = 1; i < snap->ledger.rows.n; i++)
            assert_true(snap->ledger.rows.v[i - 1].version < snap->ledger.rows.v[i].version);
        ls_snapshot_free(snap);
        ops_sql(&o, as_text[pg ? 0 : 1]);
    }
    ops_close(&o);
}
ENG_BOTH(more_than_nine)

static void duplicates(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "SELECT 1;");
    ops_put(&o, "migrations/01_b.up.sql", "SELECT 1;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "two files claim version");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "rename 01_b.up.sql to 02_b.up.sql");
    /* A number that only the ledger still knows is not free. */
    ops_sql(&o, "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT, description TEXT, applied_at TEXT, applied_by TEXT,"
                " duration_ms INTEGER, checksum TEXT, status TEXT); INSERT INTO schema_migrations (version, name, status) VALUES (2, 'gone', 'applied');");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "rename 01_b.up.sql to 03_b.up.sql");
    ops_close(&o);
}

static void folders_and_files_that_cannot_be_read(void **state)
{
    struct ls_snapshot *snap = NULL;
    struct ls_err why = LS_ERR_INIT;
    struct ops o;
    char *path;

    (void)state;
    ops_open(&o, "lockstep", false);
    path = ops_path(&o, "migrations/1_gone.up.sql");
    assert_int_equal(symlink("nowhere", path), 0);
    free(path);
    ops_put(&o, "migrations/2_b.up.sql", "SELECT 1;");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->migrations.m.n, 2); /* the rest is still there */
    assert_true((snap->migrations.m.v[0].flags & LS_MIG_BROKEN) != 0);
    assert_string_equal(snap->migrations.diags.d.v[0].code, "unreadable-file");
    ls_snapshot_free(snap);
    path = ops_path(&o, "migrations");
    ops_ok(ls_remove_tree(path, err));
    free(path);
    snap = NULL;
    assert_int_not_equal(ls_session_snapshot(o.s, &snap, &why), LS_OK);
    eng_has(why.message, "the migrations folder ");
    assert_non_null(why.hint);
    ls_err_release(&why);
    ops_close(&o);
}

static void a_status_that_nobody_knows(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "SELECT 1;");
    ops_sql(&o, "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name, description, applied_at, applied_by, duration_ms, checksum, status);"
                "INSERT INTO schema_migrations (version, name, status) VALUES (1, 'a', 'half');");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "the status \"half\"");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "1");
    eng_states(&o, "1 rolled-back");
    ops_close(&o);
}

static void a_ledger_without_a_column(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_sql(&o, "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name, status)");
    snap = ops_snapshot(&o);
    assert_non_null(snap->ledger.foreign);
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "its columns: version, name, status");
    ops_close(&o);
}

static void odd_legacy(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_sql(&o, "CREATE TABLE schema_version (version text); INSERT INTO schema_version VALUES ('1.2');");
    eng_refused(&o, LS_ACTION_IMPORT, 0, NULL, LS_E_INPUT, "\"1.2\", which is no number");
    /* Nothing applied, in the words of such a table. */
    ops_sql(&o, "UPDATE schema_version SET version = '0'");
    snap = ops_snapshot(&o);
    assert_false(snap->ledger.has_legacy);
    ls_snapshot_free(snap);
    /* Flyway's old table has the same name. */
    ops_sql(&o, "DROP TABLE schema_version; CREATE TABLE schema_version (version text, installed_rank int); INSERT INTO schema_version VALUES ('1', 1);");
    snap = ops_snapshot(&o);
    assert_false(snap->ledger.has_legacy);
    ls_snapshot_free(snap);
    ops_close(&o);
}

static void new_files_say_whose_they_are(void **state)
{
    struct ls_arena *arena = ls_arena_new();
    const char *paths[3], *texts[3];
    struct ls_err err = LS_ERR_INIT;
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    snap = ops_snapshot(&o);
    assert_int_equal(snap->format->new_files(arena, &snap->migrations, "add email", 0, paths, texts, &err), 2);
    eng_has(paths[0], "migrations/001_add_email.up.sql");
    eng_has(texts[0], "-- lockstep: transaction");
    ls_snapshot_free(snap);
    ls_arena_free(arena);
    ops_close(&o);
}

static void folder_alone(void **state)
{
    struct ls_snapshot *snap = NULL;
    struct ops o;

    (void)state;
    ops_open(&o, NULL, false);
    ops_put(&o, "migrations/1_a.up.sql", "-- lockstep: transaction\n");
    ops_ok(ls_session_scan(o.s, &snap, err));
    assert_false(snap->has_db);
    assert_int_equal(snap->timeline.count[LS_STATE_PENDING], 1);
    ls_snapshot_free(snap);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directives),
        cmocka_unit_test(unknown_directive),
        cmocka_unit_test(names_and_sections),
        cmocka_unit_test(many_files),
        ENG_BOTH_TESTS(format_detection),
        cmocka_unit_test(unknown_format_names_the_known),
        ENG_BOTH_TESTS(ledger_ddl),
        cmocka_unit_test(statements_that_are_refused),
        ENG_BOTH_TESTS(half_pairs),
        ENG_BOTH_TESTS(more_than_nine),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(folders_and_files_that_cannot_be_read),
        cmocka_unit_test(a_status_that_nobody_knows),
        cmocka_unit_test(a_ledger_without_a_column),
        cmocka_unit_test(odd_legacy),
        cmocka_unit_test(new_files_say_whose_they_are),
        cmocka_unit_test(folder_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
