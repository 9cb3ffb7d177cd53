#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/file.h>

#include "format/plain.h"
#include "lockstep/engine/dirty.h"
#include "support/formats.h"

static struct ls_str str(const char *s)
{
    return (struct ls_str){s, strlen(s)};
}

static char *list_of(const struct ops *o)
{
    char *path = ops_path(o, "migrations/applied.txt");
    struct ls_buf text = LS_BUF_INIT;

    ops_ok(ls_file_read(path, 0, 0, &text, err));
    free(path);
    ls_buf_addc(&text, '\0');
    return ls_buf_detach(&text);
}

static void list_is(const struct ops *o, const char *expected)
{
    char *text = list_of(o);

    assert_string_equal(text, expected);
    free(text);
}

static bool has_file(const struct ops *o, const char *name)
{
    char *path = ops_path(o, name);
    bool is_there = ls_path_exists(path);

    free(path);
    return is_there;
}

/* What is on the list behind the line about the database. */
static void names_are(const struct ops *o, const char *expected)
{
    char *text = list_of(o);

    assert_int_equal(strncmp(text, "# database: ", 12), 0);
    assert_string_equal(strchr(text, '\n') + 1, expected);
    free(text);
}

static void lines(void **state)
{
    static const struct {
        const char *line, *name, *time, *sha;
        enum ls_plain_kind kind;
    } cases[] = {
        {"001_a.sql", "001_a", "", "", LS_PLAIN_NAME},
        {"  001_a \r", "001_a", "", "", LS_PLAIN_NAME},
        {"001_a.sql\t2026-01-02T03:04:05Z\tabc", "001_a", "2026-01-02T03:04:05Z", "abc", LS_PLAIN_NAME},
        {"001_a\t\tabc", "001_a", "", "abc", LS_PLAIN_NAME},
        {"", "", "", "", LS_PLAIN_OTHER},
        {" \t", "", "", "", LS_PLAIN_OTHER},
        {"# 001_a.sql", "", "", "", LS_PLAIN_OTHER},
        {"# lockstep: applying 003_c", "003_c", "", "", LS_PLAIN_APPLY_MARK},
        {"# lockstep: reverting 003_c.sql", "003_c", "", "", LS_PLAIN_REVERT_MARK},
        {"# lockstep: something 003_c", "", "", "", LS_PLAIN_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_plain_line l;

        ls_plain_line(str(cases[i].line), &l);
        assert_int_equal(l.kind, cases[i].kind);
        assert_true(ls_str_is(l.name, cases[i].name) && ls_str_is(l.time, cases[i].time) && ls_str_is(l.sha, cases[i].sha));
    }
}

static void databases(void **state)
{
    static const char list[] = "# The list\n\n#  Database: db.example/app\n001_a\n# database: other/app\n";
    static const struct {
        const char *a, *b;
        bool is_same;
    } cases[] = {
        {"localhost/app", "/run/postgresql/app", true},
        {"127.0.0.1:5432/app", "localhost/app", true},
        {"localhost:5433/app", "localhost/app", false},
        {"DB.example/app", "db.example/app", true},
        {"db.example/app", "db.example/App", false},
        {"db.example/app", "localhost/app", false},
        {"app", "localhost/app", true},
    };

    (void)state;
    assert_true(ls_str_is(ls_plain_database(list, strlen(list)), "db.example/app"));
    assert_int_equal(ls_plain_database("001_a\n# database: x\n", 20).len, 0);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++)
        assert_int_equal(ls_plain_is_same(LS_DIALECT_POSTGRES, str(cases[i].a), str(cases[i].b)), cases[i].is_same);
    assert_true(ls_plain_is_same(LS_DIALECT_SQLITE, str("some/where/app.db"), str("app.db")));
    assert_false(ls_plain_is_same(LS_DIALECT_SQLITE, str("app.db"), str("test.db")));
}

/* formats.md 4.14: the example. */
static void names_and_order(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "plain", false);
    ops_put(&o, "migrations/001_a.sql", "CREATE TABLE a (id int);\n");
    ops_put(&o, "migrations/002_b.sql", "CREATE TABLE b (id int);\n");
    ops_put(&o, "migrations/003-c.sql", "CREATE TABLE c (id int);\n-- Down\nDROP TABLE c;\n");
    ops_put(&o, "migrations/10_d.sql", "-- no-transaction\nCREATE TABLE d (id int);\n");
    ops_put(&o, "migrations/10_d.down.sql", "DROP TABLE d;\n");
    ops_put(&o, "migrations/10_c.sql", "CREATE TABLE c2 (id int);\n");
    ops_put(&o, "migrations/11_x.down.sql", "");
    ops_put(&o, "migrations/x.sql", "");
    ops_put(&o, "migrations/applied.txt", "001_a.sql\n002_b.sql\n");
    eng_states(&o, "001 applied, 002 applied, 003 pending, 10 pending, 10 pending, 11 pending");
    fmt_diag_is(&o, "same-number", "10_d.sql", 0, "10_c.sql");
    fmt_diag_is(&o, "missing-up", "11_x.down.sql", 0, "no 11_x.sql");
    fmt_diag_is(&o, "ignored-file", "x.sql", 0, "not named");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.m.v[2].id, "003-c");
    assert_non_null(snap->migrations.m.v[2].down.path);
    assert_int_equal(snap->migrations.m.v[2].down.line, 3);
    assert_string_equal(snap->migrations.m.v[3].id, "10_c");
    assert_null(snap->migrations.m.v[3].down.path);
    assert_int_equal(snap->migrations.m.v[4].up.policy, LS_POLICY_NO_TX);
    assert_int_equal(snap->migrations.m.v[4].down.policy, LS_POLICY_TX);
    ls_snapshot_free(snap);
    ops_close(&o);
}

static void two_ways_down(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "plain", false);
    ops_put(&o, "migrations/1_a.sql", "CREATE TABLE a (id int);\n-- down\nDROP TABLE a;\n");
    ops_put(&o, "migrations/1_a.down.sql", "DROP TABLE a;\n");
    ops_put(&o, "migrations/2_b.sql", "SELECT 1;\n-- down\n-- down\n");
    fmt_diag_is(&o, "section-order", "1_a.sql", 2, ".down.sql beside it");
    fmt_diag_is(&o, "section-order", "2_b.sql", 3, "second line");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "1_a.sql:2");
    ops_close(&o);
}

static void folder(struct ops *o)
{
    ops_put(o, "migrations/001_a.sql",
            "CREATE TABLE a (id int);\nCREATE TABLE a2 (id int);\n-- down\nDROP TABLE a;\nDROP TABLE a2;\n");
    ops_put(o, "migrations/002_b.sql", "-- no-transaction\nCREATE TABLE b (id int);\nCREATE TABLE b2 (id int);\n");
    ops_put(o, "migrations/002_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
}

/* The mark; the body; COMMIT; the name. */
static void order_of_events(bool pg)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "plain", pg);
    folder(&o);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 2);
    fmt_kinds_are(&plan->steps.v[0], "file BEGIN statement statement journal COMMIT file");
    fmt_kinds_are(&plan->steps.v[1], "file statement statement BEGIN journal COMMIT file");
    ls_plan_print_sql(plan, pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE, &sql);
    eng_has(sql.ptr, "applied.txt: + # database: ");
    eng_has(sql.ptr, "applied.txt: + # lockstep: applying 001_a\nBEGIN");
    eng_has(sql.ptr, "COMMIT;\n-- ");
    eng_has(sql.ptr, "applied.txt: - # lockstep: applying 001_a\n-- ");
    eng_has(sql.ptr, "applied.txt: + 001_a.sql\n");
    ls_buf_release(&sql);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    names_are(&o, "001_a.sql\n002_b.sql\n");
    eng_is(&o, eng_tables(pg), "a,a2,b,b2");
    assert_false(has_file(&o, "migrations/applied.txt.lock"));
    eng_states(&o, "001 applied, 002 applied");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    names_are(&o, "001_a.sql\n");
    eng_run(&o, LS_ACTION_DOWN, -1, NULL);
    names_are(&o, "");
    eng_is(&o, eng_tables(pg), "");
    ops_close(&o);
}
ENG_BOTH(order_of_events)

/* Every byte but ours stays: comments, blanks, the kind of line end; the last line without one gets it. */
static void other_lines(void **state)
{
    static const char *const before = "# Kept by hand since 2019.\r\n\r\n001_a\r\n  # by Ann:\r\n000_gone";
    struct ops o;

    (void)state;
    ops_open(&o, "plain", false);
    folder(&o);
    ops_put(&o, "migrations/applied.txt", before);
    eng_states(&o, "000_gone missing, 001 applied, 002 pending");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    list_is(&o, "# Kept by hand since 2019.\r\n\r\n001_a\r\n  # by Ann:\r\n000_gone\r\n002_b\r\n");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    list_is(&o, "# Kept by hand since 2019.\r\n\r\n001_a\r\n  # by Ann:\r\n000_gone\r\n");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "001");
    list_is(&o, "# Kept by hand since 2019.\r\n\r\n  # by Ann:\r\n000_gone\r\n");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "000_gone");
    list_is(&o, "# Kept by hand since 2019.\r\n\r\n  # by Ann:\r\n");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "001_a");
    list_is(&o, "# Kept by hand since 2019.\r\n\r\n  # by Ann:\r\n001_a.sql\r\n");
    ops_close(&o);
}

/* The long form is written where the list has it, and then the checksum counts. */
static void times_and_checksums(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;
    char *text;

    ops_open(&o, "plain", pg);
    ops_put(&o, "migrations/1_a.sql", "create table a(id int);\ncreate table a2(id int);\n");
    ops_put(&o, "migrations/2_b.sql", "create table b(id int);\n");
    ops_put(&o, "migrations/applied.txt",
            "1_a.sql\t2026-01-02T03:04:05Z\t8b0a2b8b50a1d570287638b5c9417d2c40224d5ec3c749e698d850c9886549a6\n");
    eng_states(&o, "1 applied, 2 pending");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    text = list_of(&o);
    eng_has(text, "\n2_b.sql\t20");
    assert_int_equal(strlen(strrchr(text, '\t') + 1), 65);
    free(text);
    snap = ops_snapshot(&o);
    assert_string_equal(snap->timeline.e.v[0].row->applied_at, "2026-01-02T03:04:05Z");
    assert_string_equal(snap->timeline.e.v[1].row->checksum, snap->timeline.e.v[1].migration->checksum);
    ls_snapshot_free(snap);
    ops_put(&o, "migrations/1_a.sql", "create table a(id int);\n");
    eng_states(&o, "1 modified, 2 applied");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "1");
    eng_states(&o, "1 applied, 2 applied");
    ops_close(&o);
}
ENG_BOTH(times_and_checksums)

/* Nothing of the body stays, and the list is what it was, byte for byte. */
static void a_failure_leaves_nothing(bool pg)
{
    struct ops o;

    ops_open(&o, "plain", pg);
    ops_put(&o, "migrations/1_a.sql", "CREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\n");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "1_a.sql:2");
    assert_false(has_file(&o, "migrations/applied.txt"));
    ops_put(&o, "migrations/applied.txt", "# mine");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_FAILED, "1_a.sql:2");
    list_is(&o, "# mine");
    eng_is(&o, eng_tables(pg), "");
    eng_states(&o, "1 pending");
    ops_close(&o);
}
ENG_BOTH(a_failure_leaves_nothing)

/* Without a transaction the mark stays, everything is refused, and the report shows the ways out. */
static void a_mark_that_stays(bool pg)
{
    struct ls_dirty_report r;
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "plain", pg);
    ops_put(&o, "migrations/1_a.sql", "-- no-transaction\nCREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\n");
    ops_put(&o, "migrations/2_b.sql", "CREATE TABLE b (id int);\n");
    fmt_fails(&o, LS_ACTION_UP, -1, LS_E_PARTIAL, "1_a.sql:3");
    names_are(&o, "# lockstep: applying 1_a\n");
    eng_states(&o, "1 dirty, 2 pending");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "applied.txt:2: 1_a was begun");
    snap = ops_snapshot(&o);
    ops_ok(ls_dirty_explain(o.s, snap, &r, err));
    assert_true(r.is_dirty && r.direction_known && r.direction == LS_UP);
    eng_has(r.ledger_says, "applied.txt:2: 1_a was begun to be applied");
    assert_int_equal(r.choices.n, 2);
    assert_int_equal(r.statements.n, 2);
    eng_has(r.verdicts.v[0], "applied");
    ls_dirty_report_release(&r);
    ls_snapshot_free(snap);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "1_a");
    names_are(&o, "1_a.sql\n");
    eng_states(&o, "1 applied, 2 pending");
    ops_close(&o);
}
ENG_BOTH(a_mark_that_stays)

static void a_mark_going_down(void **state)
{
    struct ls_dirty_report r;
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "plain", false);
    folder(&o);
    ops_put(&o, "migrations/applied.txt", "001_a.sql\n# lockstep: reverting 001_a\n");
    ops_sql(&o, "CREATE TABLE a (id int); CREATE TABLE a2 (id int)");
    eng_states(&o, "001 dirty, 002 pending");
    snap = ops_snapshot(&o);
    ops_ok(ls_dirty_explain(o.s, snap, &r, err));
    assert_int_equal(r.direction, LS_DOWN);
    assert_true(r.choices.n == 2 && r.choices.v[1].is_indicated && !r.choices.v[0].is_indicated);
    ls_dirty_report_release(&r);
    ls_snapshot_free(snap);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "001_a");
    list_is(&o, "001_a.sql\n");
    ops_put(&o, "migrations/applied.txt", "001_a.sql\n# lockstep: reverting 001_a\n");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "001_a");
    list_is(&o, "");
    ops_close(&o);
}

static void another_database(bool pg)
{
    struct ls_snapshot *snap = NULL;
    struct ls_err err = LS_ERR_INIT;
    struct ops o;

    ops_open(&o, "plain", pg);
    folder(&o);
    ops_put(&o, "migrations/applied.txt", "# database: db.example/other\n001_a.sql\n");
    assert_int_equal(ls_session_snapshot(o.s, &snap, &err), LS_E_REFUSED);
    eng_has(err.message, "is the list of db.example/other, and this database is ");
    ls_err_release(&err);
    ops_close(&o);
}
ENG_BOTH(another_database)

/* A rival writes between plan and run; another operator holds the lock. */
static void rivals(void **state)
{
    struct ls_run_report rep;
    struct ls_plan *plan;
    struct ops o;
    char *path;
    FILE *lock;

    (void)state;
    ops_open(&o, "plain", false);
    folder(&o);
    ops_put(&o, "migrations/applied.txt", "# one\n");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/applied.txt", "# two\n");
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_E_CHANGED);
    ls_run_report_release(&rep);
    ls_plan_free(plan);
    list_is(&o, "# two\n");
    eng_is(&o, eng_tables(false), "");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    path = ops_path(&o, "migrations/applied.txt.lock");
    lock = fopen(path, "w");
    assert_non_null(lock);
    fputs("Ann, since noon\n", lock);
    fflush(lock);
    assert_int_equal(flock(fileno(lock), LOCK_EX), 0);
    {
        struct ls_session_params p = *ls_session_params(o.s);
        struct ls_session *impatient;

        p.lock_wait_ms = 1;
        impatient = ls_session_new(&p);
        assert_int_equal(ls_run(impatient, plan, NULL, &rep), LS_E_BUSY);
        eng_has(rep.err.message, "Ann, since noon");
        ls_session_free(impatient);
    }
    ls_run_report_release(&rep);
    fclose(lock);
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_OK);
    ls_run_report_release(&rep);
    ls_plan_free(plan);
    assert_false(ls_path_exists(path));
    free(path);
    ops_close(&o);
}

static void no_way_down(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "plain", false);
    ops_put(&o, "migrations/1_a.sql", "CREATE TABLE a (id int);\n-- down\n-- nothing\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "1_a.sql says nothing about how to take it back");
    ops_put(&o, "migrations/2_b.sql", "BEGIN;\nSELECT 1;\nCOMMIT;\n");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_b.sql:1: statement 1 of 3 steers transactions itself");
    ops_close(&o);
}

static void detection(void **state)
{
    char evidence[160];
    struct ops o;
    int score;

    (void)state;
    ops_open(&o, "plain", false);
    fmt_detect(&o, "plain", &score, evidence);
    assert_int_equal(score, 0);
    ops_put(&o, "migrations/001_a.sql", "SELECT 1;\n");
    fmt_detect(&o, "plain", &score, evidence);
    assert_true(score > 0 && score < LS_DETECT_CERTAIN);
    ops_put(&o, "migrations/applied.txt", "");
    fmt_detect(&o, "plain", &score, evidence);
    assert_true(score >= LS_DETECT_CERTAIN);
    eng_has(evidence, "1 files like 001_a.sql; applied.txt beside them");
    ops_session(&o, NULL);
    {
        struct ls_snapshot *snap = ops_snapshot(&o);

        assert_string_equal(snap->format->name, "plain");
        ls_snapshot_free(snap);
    }
    fmt_new_is(&o, "migrations/002_add_email.sql", "-- add email!\n\n\n-- down\n\n");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(databases),
        cmocka_unit_test(names_and_order),
        cmocka_unit_test(two_ways_down),
        ENG_BOTH_TESTS(order_of_events),
        cmocka_unit_test(other_lines),
        ENG_BOTH_TESTS(times_and_checksums),
        ENG_BOTH_TESTS(a_failure_leaves_nothing),
        ENG_BOTH_TESTS(a_mark_that_stays),
        cmocka_unit_test(a_mark_going_down),
        ENG_BOTH_TESTS(another_database),
        cmocka_unit_test(rivals),
        cmocka_unit_test(no_way_down),
        cmocka_unit_test(detection),
    };

    return cmocka_run_group_tests_name("format_plain", tests, NULL, NULL);
}
