#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/drizzle.h"
#include "support/folders.h"

#define T1     "create table a(id int);\ncreate table a2(id int);\n"
#define T1_SUM "8b0a2b8b50a1d570287638b5c9417d2c40224d5ec3c749e698d850c9886549a6"

static const char *ledger_of(bool pg)
{
    return pg ? "drizzle.__drizzle_migrations" : "__drizzle_migrations";
}

static void ledger_is(const struct ops *o, bool pg, const char *what, const char *expected)
{
    char *sql = ls_asprintf("SELECT %s FROM %s", what, ledger_of(pg));

    eng_is(o, sql, expected);
    free(sql);
}

static void put_journal(const struct ops *o, bool pg, const char *entries)
{
    char *text = ls_asprintf("{\n\"version\": \"7\",\n\"dialect\": \"%s\",\n\"entries\": [\n%s\n]}\n", pg ? "postgresql" : "sqlite",
                             entries);

    fld_put(o, "migrations/meta/_journal.json", text);
    free(text);
}

#define ENTRY(idx, when, tag)                                                                                                      \
    "{\"idx\": " #idx ", \"version\": \"7\", \"when\": " #when ", \"tag\": \"" tag "\", \"breakpoints\": true}"

/* --- both
 * -------------------------------------------------------------------------------------------------------------------------------
 */

static void pieces(void **state)
{
    static const struct {
        const char *text;
        int n;
        const char *last;
    } cases[] = {
        {"", 1, ""},
        {"a", 1, "a"},
        {"a;--> statement-breakpoint\nb", 2, "\nb"},
        {"a --> statement-breakpoint", 2, ""},
        {"---> statement-breakpoint---> statement-breakpoin", 2, "---> statement-breakpoin"},
        {"--> statement-breakpoint--> statement-breakpoint", 3, ""},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        size_t at = 0, end = 0, next = 0, len = strlen(cases[i].text);
        int n = 0;

        while (ls_drizzle_piece(cases[i].text, len, &at, &end, &next))
            n++;
        assert_int_equal(n, cases[i].n);
        assert_int_equal(end - at, strlen(cases[i].last));
        assert_memory_equal(cases[i].text + at, cases[i].last, end - at);
    }
}

/* As node prints them: ["_","-","a","A","b"].sort((a, b) => a.localeCompare(b)) and the like. */
static void order_of_names(void **state)
{
    static const char *const sorted[] = {"20260101000000_-",
                                         "20260101000000_1",
                                         "20260101000000_a",
                                         "20260101000000_A",
                                         "20260101000000_ab",
                                         "20260101000000_B",
                                         "20260101000000-a",
                                         "20260101000000a",
                                         "20260102000000",
                                         "a_b",
                                         "ab",
                                         "B"};

    (void)state;
    for (size_t i = 0; i + 1 < LS_ARRAY_LEN(sorted); i++) {
        if (ls_drizzle_locale_compare(sorted[i], sorted[i + 1]) >= 0)
            fail_msg("%s is not in front of %s", sorted[i], sorted[i + 1]);
        assert_true(ls_drizzle_locale_compare(sorted[i + 1], sorted[i]) > 0);
        assert_int_equal(ls_drizzle_locale_compare(sorted[i], sorted[i]), 0);
    }
}

static void times_of_folders(void **state)
{
    uint64_t ms;

    (void)state;
    assert_true(ls_drizzle_folder_millis("20261121074251_x", &ms) && ms == 1795246971000);
    assert_true(ls_drizzle_folder_millis("19700101000000", &ms) && ms == 0);
    assert_true(ls_drizzle_folder_millis("20240229235959", &ms) && ms == 1709251199000);
    assert_true(ls_drizzle_folder_millis("20241301000000", &ms) && ms == 1735689600000); /* Date.UTC turns month 13 into January */
    assert_false(ls_drizzle_folder_millis("2026112107425", &ms));
    assert_false(ls_drizzle_folder_millis("abc", &ms));
    assert_false(ls_drizzle_folder_millis("", &ms));
}

/* --- 0.x
 * --------------------------------------------------------------------------------------------------------------------------------
 */

static void up(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "drizzle", pg);
    put_journal(&o, pg, ENTRY(0, 1795246971583, "0000_first") ",\n" ENTRY(1, 1795246973293, "0001_second"));
    ops_put(&o, "migrations/0000_first.sql", "create table a(id int);--> statement-breakpoint\ncreate table a2(id int);");
    ops_put(&o, "migrations/0001_second.sql", "CREATE TABLE b (id int);");
    eng_states(&o, "0000 pending, 0001 pending");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    /* One transaction holds all. */
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence statement statement ledger:INSERT journal"
                                        : "BEGIN fence statement statement ledger:INSERT journal");
    fmt_kinds_are(&plan->steps.v[1], "fence statement ledger:INSERT journal COMMIT");
    assert_int_equal(plan->steps.v[1].tx_first, 0);
    assert_int_equal(plan->steps.v[0].ops.v[pg ? 4 : 3].line, 2);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "0000 applied, 0001 applied");
    ledger_is(&o, pg, "count(*)", "2");
    ledger_is(&o, pg, "max(created_at)", "1795246973293");
    ledger_is(&o, pg, pg ? "string_agg(id::text, ',' ORDER BY id)" : "count(id)",
              pg ? "1,2" : "0"); /* SQLite: SERIAL is no rowid */
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "");
    ops_close(&o);
}
ENG_BOTH(up)

static void hash(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "drizzle", true);
    put_journal(&o, true, ENTRY(0, 5, "0000_a"));
    ops_put(&o, "migrations/0000_a.sql", T1); /* PostgreSQL takes both statements in one piece */
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ledger_is(&o, true, "hash", T1_SUM);
    eng_is(&o, "SELECT count(*) FROM a2", "0");
    ops_close(&o);
}

/* An entry merged late with an older time is never run. */
static void high_water(bool pg)
{
    struct ls_snapshot *snap;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "drizzle", pg);
    ops_put(&o, "migrations/0000_a.sql", "CREATE TABLE a (id int);");
    ops_put(&o, "migrations/0001_late.sql", "CREATE TABLE late (id int);");
    ops_put(&o, "migrations/0002_c.sql", "CREATE TABLE c (id int);");
    put_journal(&o, pg, ENTRY(0, 100, "0000_a"));
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    put_journal(&o, pg, ENTRY(0, 100, "0000_a") ",\n" ENTRY(1, 90, "0001_late") ",\n" ENTRY(2, 110, "0002_c"));
    eng_states(&o, "0000 applied, 0001 out-of-order, 0002 pending");
    fmt_diag_is(&o, "journal-order", "_journal.json", 0, "0001_late is not later");
    snap = ops_snapshot(&o);
    eng_has(snap->timeline.e.v[1].tool_would, "never runs it");
    ls_snapshot_free(snap);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 1);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "0000 applied, 0001 out-of-order, 0002 applied");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "0001");
    eng_states(&o, "0000 applied, 0001 applied, 0002 applied");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "0002");
    eng_states(&o, "0000 applied, 0001 applied, 0002 pending");
    ops_close(&o);
}
ENG_BOTH(high_water)

static void all_or_nothing(bool pg)
{
    struct ops o;

    ops_open(&o, "drizzle", pg);
    put_journal(&o, pg, ENTRY(0, 1, "0000_a") ",\n" ENTRY(1, 2, "0001_b"));
    ops_put(&o, "migrations/0000_a.sql", "CREATE TABLE a (id int);");
    ops_put(&o, "migrations/0001_b.sql", "CREATE TABLE b (id int);\n--> statement-breakpoint\nCRATE x;");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "0001_b.sql:3");
    eng_states(&o, "0000 pending, 0001 pending");
    ledger_is(&o, pg, "count(*)", "0");
    ops_close(&o);
}
ENG_BOTH(all_or_nothing)

/* better-sqlite3 takes exactly one statement. */
static void pieces_that_sqlite_refuses(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "drizzle", false);
    put_journal(&o, false, ENTRY(0, 1, "0000_a"));
    ops_put(&o, "migrations/0000_a.sql", T1);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "0000_a.sql:1: piece 1 holds 2 statements");
    ops_put(&o, "migrations/0000_a.sql", "SELECT 1;\n--> statement-breakpoint\n-- Custom\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "0000_a.sql:3: piece 2 holds no statement");
    ops_put(&o, "migrations/0000_a.sql", "VACUUM;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "inside the transaction");
    ops_close(&o);
}

static void journal_and_files(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "drizzle", false);
    put_journal(&o, false, ENTRY(0, 1, "0000_a") ",\n" ENTRY(1, 2, "0001_gone"));
    ops_put(&o, "migrations/0000_a.sql", "SELECT 1;");
    ops_put(&o, "migrations/0005_stray.sql", "SELECT 1;");
    eng_states(&o, "0000 pending, 0001 pending");
    fmt_diag_is(&o, "journal-without-file", "_journal.json", 6, "0001_gone.sql");
    fmt_diag_is(&o, "file-without-journal", "0005_stray.sql", 0, "never runs it");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "_journal.json:6: the entry 0001_gone has no file");
    put_journal(&o, false, ENTRY(0, 1, "0000_a") ",\n{\"idx\": 1, \"tag\": \"../x\", \"when\": 3}");
    fmt_diag_is(&o, "bad-entry", "_journal.json", 6, "an entry needs");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "_journal.json:6");
    put_journal(&o, true, ENTRY(0, 1, "0000_a"));
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "the journal is for postgresql");
    fld_put(&o, "migrations/meta/_journal.json", "{\n\"entries\": [\n{,\n");
    fmt_diag_is(&o, "unreadable-file", "_journal.json", 3, "_journal.json:3");
    eng_states(&o, "0000 pending, 0005 pending"); /* the files are shown */
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "could not be understood");
    eng_refused(&o, LS_ACTION_MARK_APPLIED, 0, "0000", LS_E_REFUSED, "has no file whose hash could be recorded");
    ops_close(&o);
}

static void same_time_twice(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "drizzle", false);
    put_journal(&o, false, ENTRY(0, 1, "0000_a") ",\n" ENTRY(1, 1, "0001_b"));
    ops_put(&o, "migrations/0000_a.sql", "SELECT 1;");
    ops_put(&o, "migrations/0001_b.sql", "SELECT 1;");
    eng_states(&o, "0000 duplicate, 0001 duplicate");
    ops_close(&o);
}

static void detection(void **state)
{
    char evidence[160];
    struct ops o;
    int score;

    (void)state;
    ops_open(&o, "drizzle", false);
    put_journal(&o, true, ENTRY(0, 1, "0000_a"));
    fmt_detect(&o, "drizzle", &score, evidence);
    assert_int_equal(score, 100);
    eng_has(evidence, "1 entries");
    fmt_detect(&o, "drizzle-1", &score, evidence);
    assert_int_equal(score, 0);
    fld_put(&o, "migrations/20260101000000_a/migration.sql", "");
    fld_put(&o, "migrations/20260101000000_a/snapshot.json", "");
    fmt_detect(&o, "drizzle-1", &score, evidence);
    assert_int_equal(score, 96);
    ops_close(&o);
}

static void new_files(void **state)
{
    struct ls_arena *arena = ls_arena_new();
    const char *paths[3], *texts[3];
    struct ls_err err = LS_ERR_INIT;
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "drizzle", false);
    put_journal(&o, false, ENTRY(0, 1, "0000_a"));
    ops_put(&o, "migrations/0000_a.sql", "SELECT 1;");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->format->new_files(arena, &snap->migrations, "add email", INT64_C(1795970324000000), paths, texts, &err),
                     2);
    eng_has(paths[0], "/0001_add_email.sql");
    eng_has(paths[1], "/meta/_journal.json");
    eng_has(texts[1], "\"tag\": \"0001_add_email\"");
    eng_has(texts[1], "\"when\": 1795970324000");
    fld_put(&o, "migrations/0001_add_email.sql", "SELECT 1;");
    fld_put(&o, "migrations/meta/_journal.json", texts[1]);
    eng_states(&o, "0000 pending, 0001 pending");
    ls_snapshot_free(snap);
    ls_arena_free(arena);
    ops_close(&o);
}

/* --- 1.x
 * --------------------------------------------------------------------------------------------------------------------------------
 */

static void folders(bool pg)
{
    struct ops o;

    ops_open(&o, "drizzle-1", pg);
    fld_put(&o, "migrations/20261121074253_second/migration.sql", "CREATE TABLE b (id int);");
    fld_put(&o, "migrations/notime/migration.sql", "CREATE TABLE n (id int);");
    fld_put(&o, "migrations/other/readme.md", "");
    eng_states(&o, "20261121074253 pending, notime pending");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    fld_put(&o, "migrations/20261121074251_first/migration.sql",
            "CREATE TABLE a (id int);--> statement-breakpoint\nCREATE TABLE a2 (id int);");
    eng_states(&o, "20261121074251 out-of-order, 20261121074253 applied, notime applied");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_states(&o, "20261121074251 applied, 20261121074253 applied, notime applied");
    ledger_is(&o, pg, "min(created_at)", "1795246971000");
    ledger_is(&o, pg, "count(created_at)", "2"); /* none for a folder without a time */
    ledger_is(&o, pg, "count(*)", "3");
    ledger_is(&o, pg, "max(id)", "3");
    if (!pg)
        ledger_is(&o, pg, "count(*) FILTER (WHERE applied_at LIKE '20__-__-__T__:__:__.___Z')", "3");
    else
        ledger_is(&o, pg, "count(applied_at)", "3");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "20261121074251_first");
    eng_states(&o, "20261121074251 out-of-order, 20261121074253 applied, notime applied");
    fld_put(&o, "migrations/meta/_journal.json", "{}");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "drizzle-kit up");
    ops_close(&o);
}
ENG_BOTH(folders)

static void ledgers_of_the_other_version(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "drizzle-1", pg);
    fld_put(&o, "migrations/20261121074251_first/migration.sql", "CREATE TABLE a (id int);");
    fld_put(&o, "migrations/20261121074253_second/migration.sql", "CREATE TABLE b (id int);");
    ops_sql(&o, pg ? "CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, "
                     "created_at bigint);"
                     "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('x', 1795246971583);"
                   : "CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);"
                     "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 1795246971583);");
    eng_states(&o, "20261121074251 applied, 20261121074253 pending");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->ledger.variant, LS_DRIZZLE_V0);
    assert_int_equal(snap->timeline.e.v[0].evidence, LS_EVIDENCE_INFERRED);
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "made by Drizzle 0.x");
    eng_refused(&o, LS_ACTION_MARK_APPLIED, 0, "20261121074253_second", LS_E_REFUSED, "made by Drizzle 0.x");
    ops_close(&o);
    ops_open(&o, "drizzle", pg);
    put_journal(&o, pg, ENTRY(0, 1, "0000_a"));
    ops_put(&o, "migrations/0000_a.sql", "SELECT 1;");
    ops_sql(&o, pg ? "CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, "
                     "created_at bigint, name text, "
                     "applied_at timestamptz DEFAULT now());"
                   : "CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric, name "
                     "text, applied_at TEXT);");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "upgraded by Drizzle 1.x");
    ops_close(&o);
}
ENG_BOTH(ledgers_of_the_other_version)

static void corpus(void **state)
{
    (void)state;
    fld_corpus("drizzle-sqlite/karakeep", "drizzle", 94);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(order_of_names),
        cmocka_unit_test(times_of_folders),
        ENG_BOTH_TESTS(up),
        cmocka_unit_test(hash),
        ENG_BOTH_TESTS(high_water),
        ENG_BOTH_TESTS(all_or_nothing),
        cmocka_unit_test(pieces_that_sqlite_refuses),
        cmocka_unit_test(journal_and_files),
        cmocka_unit_test(same_time_twice),
        cmocka_unit_test(detection),
        cmocka_unit_test(new_files),
        ENG_BOTH_TESTS(folders),
        ENG_BOTH_TESTS(ledgers_of_the_other_version),
        cmocka_unit_test(corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
