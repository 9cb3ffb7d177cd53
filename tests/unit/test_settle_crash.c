/* Settlements that are killed at every fault point: no file is ever lost, and what is left can be finished, and taken back. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "lockstep/base/fault.h"
#include "lockstep/engine/settle.h"
#include "support/ops.h"
#include "support/skip.h"

static struct ops o;

/* --- scenes --------------------------------------------------------------------------------------------------------------- */

/* Three applied; the third is to be 7 in the files and in the ledger. */
static void put_lockstep(void)
{
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/1_a.down.sql", "DROP TABLE a;\n");
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/3_c.up.sql", "CREATE TABLE c (i int);\n");
    ops_put(&o, "migrations/3_c.down.sql", "DROP TABLE c;\n");
}

static void open_scene(bool pg)
{
    ops_open(&o, "lockstep", pg);
    put_lockstep();
    ops_up(&o, -1);
}

static enum ls_rc settle(const struct ls_settle_request *req, struct ls_run_report *report)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_settlement *t = NULL;
    enum ls_rc rc;

    ops_ok(ls_settle_make(o.s, snap, req, &t, err));
    rc = ls_settle_run(o.s, t, NULL, report);
    ls_settlement_free(t);
    ls_snapshot_free(snap);
    return rc;
}

/* In a child that is killed at the fault point; false: it came to its end, the point was not reached. */
static bool settle_killed_at(const struct ls_settle_request *req, int point)
{
    pid_t pid;
    int status = 0;

    ls_session_disconnect(o.s);
    pid = fork();

    if (pid == 0) {
        struct ls_run_report report;
        char spec[32];

        snprintf(spec, sizeof(spec), "kill:%d", point);
        ls_fault_init(spec);
        ops_session(&o, "lockstep");
        _exit(settle(req, &report) == LS_OK ? 0 : 9);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return true;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* --- what must hold ------------------------------------------------------------------------------------------------------- */

static bool is_there(const char *name)
{
    char *path = ops_path(&o, name);
    bool there = ls_path_exists(path);

    free(path);
    return there;
}

static bool has_text(const char *name, const char *text)
{
    struct ls_buf b = LS_BUF_INIT;
    char *path = ops_path(&o, name);
    bool same = ls_file_read(path, 0, 0, &b, NULL) == LS_OK && b.len == strlen(text) && memcmp(b.ptr, text, b.len) == 0;

    ls_buf_release(&b);
    free(path);
    return same;
}

/* Each file is there once, whole, under the old name or the new one. */
static void no_file_is_lost(void)
{
    assert_true(has_text("migrations/1_a.up.sql", "CREATE TABLE a (i int);\n"));
    assert_true(has_text("migrations/2_b.up.sql", "CREATE TABLE b (i int);\n"));
    assert_true(has_text("migrations/3_c.up.sql", "CREATE TABLE c (i int);\n") !=
                has_text("migrations/7_c.up.sql", "CREATE TABLE c (i int);\n"));
    assert_true(has_text("migrations/3_c.down.sql", "DROP TABLE c;\n") != has_text("migrations/7_c.down.sql", "DROP TABLE c;\n"));
}

static void is_settled(const char *number)
{
    char up[64], down[64], *have = ops_get(&o, "SELECT version FROM schema_migrations WHERE name = 'c'");
    struct ls_snapshot *snap;

    snprintf(up, sizeof(up), "migrations/%s_c.up.sql", number);
    snprintf(down, sizeof(down), "migrations/%s_c.down.sql", number);
    assert_true(is_there(up));
    assert_true(is_there(down));
    assert_string_equal(have, number);
    assert_false(is_there("migrations/" LS_SETTLE_INTENT));
    snap = ops_snapshot(&o);
    assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], 3);
    assert_int_equal(snap->timeline.e.n, 3);
    ls_snapshot_free(snap);
    free(have);
}

static bool ledger_is_done(void)
{
    char *have = ops_get(&o, "SELECT version FROM schema_migrations WHERE name = 'c'");
    bool done = strcmp(have, "7") == 0;

    free(have);
    return done;
}

/* --- tests ---------------------------------------------------------------------------------------------------------------- */

static void end_it(bool finish)
{
    char *dir = ops_path(&o, "migrations");
    bool done = ledger_is_done(), left = is_there("migrations/" LS_SETTLE_INTENT);
    struct ls_run_report report;
    enum ls_rc rc;

    ops_session(&o, "lockstep");
    rc = finish ? ls_settle_finish(o.s, dir, NULL, &report) : ls_settle_take_back(o.s, dir, &report);
    if (!left) {
        assert_int_equal(rc, LS_E_NOT_FOUND);
        is_settled(done ? "7" : "3");
    } else if (finish) {
        if (rc != LS_OK)
            fail_msg("finish: %s", report.err.message);
        is_settled("7");
    } else if (done) {
        assert_int_equal(rc, LS_E_REFUSED); /* the ledger has the new number: only finishing is right */
        assert_non_null(strstr(report.err.message, "ledger"));
        no_file_is_lost();
    } else {
        if (rc != LS_OK)
            fail_msg("take back: %s", report.err.message);
        is_settled("3");
    }
    ls_run_report_release(&report);
    free(dir);
}

static void killed_everywhere(bool pg)
{
    static const struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "3", .to = "7"};
    int n_left = 0, n_done = 0;

#ifndef LOCKSTEP_FAULTS
    test_skip("this build has no fault points");
#endif
    for (int pass = 0; pass < (pg ? 1 : 2); pass++) /* a database on the server costs more: there each point has one end */
        for (int point = 1;; point++) {
            bool killed;

            open_scene(pg);
            killed = settle_killed_at(&req, point);
            if (killed) {
                no_file_is_lost();
                n_left += is_there("migrations/" LS_SETTLE_INTENT);
                n_done += ledger_is_done();
                end_it((point + pass) % 2 == 1);
            } else {
                is_settled("7");
            }
            ops_close(&o);
            if (!killed)
                break;
            assert_true(point < 60);
        }
    assert_true(n_left >= (pg ? 4 : 8)); /* the record, two files, the ledger's points */
    assert_true(n_done >= (pg ? 1 : 2));
}

/* --- a conversion --------------------------------------------------------------------------------------------------------- */

static char *out_dir(void)
{
    return ops_path(&o, "new");
}

static bool source_is_whole(void)
{
    return has_text("migrations/1_a.up.sql", "CREATE TABLE a (i int);\n") &&
           has_text("migrations/1_a.down.sql", "DROP TABLE a;\n") &&
           has_text("migrations/2_b.up.sql", "CREATE TABLE b (i int);\n") &&
           has_text("migrations/3_c.up.sql", "CREATE TABLE c (i int);\n");
}

static int n_goose(bool pg)
{
    char *there = ops_get(&o, pg ? "SELECT count(*) FROM pg_tables WHERE tablename = 'goose_db_version'"
                                 : "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'"),
         *rows =
             strcmp(there, "0") != 0 ? ops_get(&o, "SELECT count(*) FROM goose_db_version WHERE version_id > 0") : ls_strdup("0");
    int n = atoi(rows);

    free(there);
    free(rows);
    return n;
}

static void is_converted(bool done, bool pg)
{
    assert_true(source_is_whole());
    assert_int_equal(n_goose(pg), done ? 3 : 0); /* all rows in one transaction */
    assert_false(is_there("new/" LS_SETTLE_INTENT));
    assert_int_equal(is_there("new/3_c.sql"), done);
}

static void end_conversion(bool finish, bool pg)
{
    char *dir = out_dir();
    bool left = is_there("new/" LS_SETTLE_INTENT), done = n_goose(pg) > 0;
    struct ls_run_report report;
    enum ls_rc rc;

    ops_session(&o, "lockstep");
    rc = finish ? ls_settle_finish(o.s, dir, NULL, &report) : ls_settle_take_back(o.s, dir, &report);
    if (!left)
        assert_int_equal(rc, LS_E_NOT_FOUND);
    else if (!finish && done)
        assert_int_equal(rc, LS_E_REFUSED);
    else if (rc != LS_OK)
        fail_msg("%s: %s", finish ? "finish" : "take back", report.err.message);
    if (left && (finish || !done))
        is_converted(finish, pg);
    if (left && !finish && !done)
        assert_false(is_there("new"));
    ls_run_report_release(&report);
    free(dir);
}

static void conversion_killed(bool pg)
{
    int n_left = 0;

#ifndef LOCKSTEP_FAULTS
    test_skip("this build has no fault points");
#endif
    for (int pass = 0; pass < (pg ? 1 : 2); pass++) /* a database on the server costs more: there each point has one end */
        for (int point = 1;; point++) {
            char *dir;
            bool killed;

            open_scene(pg);
            dir = out_dir();
            killed = settle_killed_at(&(struct ls_settle_request){.kind = LS_SETTLE_CONVERT, .to_format = "goose", .out_dir = dir},
                                      point);
            free(dir);
            assert_true(source_is_whole());
            n_left += killed && is_there("new/" LS_SETTLE_INTENT);
            if (killed)
                end_conversion((point + pass) % 2 == 1, pg);
            else
                is_converted(true, pg);
            ops_close(&o);
            if (!killed)
                break;
            assert_true(point < 60);
        }
    assert_true(n_left >= (pg ? 4 : 8));
}

static void conversion_killed_on_sqlite(void **state)
{
    (void)state;
    conversion_killed(false);
}

static void conversion_killed_on_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    conversion_killed(true);
}

static void killed_on_sqlite(void **state)
{
    (void)state;
    killed_everywhere(false);
}

static void killed_on_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    killed_everywhere(true);
}

/* The ledger refuses: the files go back by themselves. */
static void ledger_refuses(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "3", .to = "7"};
    struct ls_run_report report;

    (void)state;
    open_scene(false);
    ops_sql(&o, "CREATE TRIGGER no BEFORE UPDATE ON schema_migrations BEGIN SELECT RAISE(ABORT, 'not today'); END;");
    assert_int_not_equal(settle(&req, &report), LS_OK);
    assert_non_null(strstr(report.err.message, "not today"));
    assert_non_null(strstr(report.applied.ptr, "The files are as they were before."));
    ls_run_report_release(&report);
    is_settled("3");
    ops_close(&o);
}

/* Somebody changes a file between showing and running. */
static void file_changes(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "3", .to = "7"};
    struct ls_snapshot *snap;
    struct ls_settlement *t = NULL;
    struct ls_run_report report;

    (void)state;
    open_scene(false);
    snap = ops_snapshot(&o);
    ops_ok(ls_settle_make(o.s, snap, &req, &t, err));
    ops_put(&o, "migrations/3_c.down.sql", "DROP TABLE c; -- later\n");
    assert_int_equal(ls_settle_run(o.s, t, NULL, &report), LS_E_CHANGED);
    ls_run_report_release(&report);
    ls_settlement_free(t);
    ls_snapshot_free(snap);
    assert_true(is_there("migrations/3_c.up.sql"));
    assert_true(has_text("migrations/3_c.down.sql", "DROP TABLE c; -- later\n"));
    assert_false(is_there("migrations/" LS_SETTLE_INTENT));
    ops_close(&o);
}

/* Somebody else's run in between, too. */
static void ledger_changes(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "3", .to = "7"};
    struct ls_snapshot *snap;
    struct ls_settlement *t = NULL;
    struct ls_run_report report;

    (void)state;
    open_scene(false);
    snap = ops_snapshot(&o);
    ops_ok(ls_settle_make(o.s, snap, &req, &t, err));
    ops_sql(&o, "UPDATE schema_migrations SET description = 'hello' WHERE version = 1;");
    assert_int_equal(ls_settle_run(o.s, t, NULL, &report), LS_E_CHANGED);
    ls_run_report_release(&report);
    ls_settlement_free(t);
    ls_snapshot_free(snap);
    is_settled("3");
    ops_close(&o);
}

/* A record that came with the folder, and wants more than the folder. */
static void hostile_record(void **state)
{
    static const char *const ops[] = {
        "{\"op\":\"rename\",\"from\":\"../app.db\",\"to\":\"1_x.up.sql\",\"before\":\"%s\"}",
        "{\"op\":\"rename\",\"from\":\"1_a.up.sql\",\"to\":\"/tmp/x\",\"before\":\"%s\"}",
        "{\"op\":\"write\",\"to\":\"link/x\",\"before\":\"\",\"after\":\"%s\"}",
        "{\"op\":\"write\",\"to\":\"a/../../x\",\"before\":\"\",\"after\":\"%s\"}",
        "{\"op\":\"remove\",\"from\":\"1_a.up.sql\",\"before\":\"%s\"}",
        "{\"op\":\"explode\",\"from\":\"1_a.up.sql\",\"before\":\"%s\"}",
    };
    char zeros[65], *link, *dir;

    (void)state;
    memset(zeros, '0', 64);
    zeros[64] = '\0';
    open_scene(false);
    link = ops_path(&o, "migrations/link");
    dir = ops_path(&o, "migrations");
    assert_int_equal(symlink("/tmp", link), 0);
    for (size_t i = 0; i < LS_ARRAY_LEN(ops); i++) {
        struct ls_settle_left left;
        struct ls_run_report report;
        struct ls_buf text = LS_BUF_INIT, op = LS_BUF_INIT;

        ls_buf_adds(&op, ops[i]);
        ls_buf_addf(&text, "{\"lockstep_settlement\":1,\"kind\":\"renumber\",\"digest\":\"%s\",\"request\":{},\"files\":[", zeros);
        for (const char *p = op.ptr; *p != '\0'; p++) {
            if (p[0] == '%' && p[1] == 's') {
                ls_buf_adds(&text, zeros);
                p++;
            } else {
                ls_buf_addc(&text, *p);
            }
        }
        ls_buf_adds(&text, "]}");
        ops_put(&o, "migrations/" LS_SETTLE_INTENT, text.ptr);
        ops_ok(ls_settle_leftover(dir, &left, err));
        assert_true(left.is_there);
        assert_non_null(left.broken);
        ls_settle_left_release(&left);
        assert_int_equal(ls_settle_take_back(o.s, dir, &report), LS_E_REFUSED);
        ls_run_report_release(&report);
        assert_int_equal(ls_settle_finish(o.s, dir, NULL, &report), LS_E_REFUSED);
        ls_run_report_release(&report);
        ls_buf_release(&text);
        ls_buf_release(&op);
    }
    ops_put(&o, "migrations/" LS_SETTLE_INTENT, "no json");
    {
        struct ls_settle_left left;

        ops_ok(ls_settle_leftover(dir, &left, err));
        assert_true(left.is_there);
        assert_non_null(strstr(left.broken, "line 1"));
        ls_settle_left_release(&left);
    }
    no_file_is_lost();
    free(link);
    free(dir);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversion_killed_on_sqlite),
        cmocka_unit_test(conversion_killed_on_pg),
        cmocka_unit_test(killed_on_sqlite),
        cmocka_unit_test(killed_on_pg),
        cmocka_unit_test(ledger_refuses),
        cmocka_unit_test(file_changes),
        cmocka_unit_test(ledger_changes),
        cmocka_unit_test(hostile_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
