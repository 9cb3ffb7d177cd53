/* Every format that can be written: a folder of golang-migrate with its ledger goes to it, is read there as the same history, goes
 * on there, and comes back; then its newest applied migration gets another number, files and ledger together. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/settle.h"
#include "lockstep/format/layout.h"
#include "support/ops.h"
#include "support/skip.h"

static struct ops o;

static const char *const ups[2][4] = {
    {"CREATE TABLE a (i int);\n", "-- two\nCREATE TABLE b (i int);\nCREATE INDEX b_i ON b (i);\n",
     "CREATE TABLE c (i int);\nCREATE TRIGGER t AFTER INSERT ON c BEGIN\n  DELETE FROM a;\n  DELETE FROM b;\nEND;\n",
     "CREATE TABLE d (i int);\n"},
    {"CREATE TABLE a (i int);\n", "-- two\nCREATE TABLE b (i int);\nCREATE INDEX b_i ON b (i);\n",
     "CREATE TABLE c (i int);\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  PERFORM 1;\n  RETURN "
     "2;\nEND;\n$$;\n",
     "CREATE TABLE d (i int)\n"},
};
static const char *const downs[2][4] = {
    {"DROP TABLE a;\n", "DROP TABLE b;\n", "DROP TRIGGER t;\nDROP TABLE c;\n", "DROP TABLE d;\n"},
    {"DROP TABLE a;\n", "DROP TABLE b;\n", "DROP FUNCTION f();\nDROP TABLE c;\n", "DROP TABLE d;\n"},
};

static void put_folder(bool pg)
{
    static const char *const names[4] = {"first", "two_things", "with_body", "last"};
    char path[64];

    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "migrations/%04d_%s.up.sql", i + 1, names[i]);
        ops_put(&o, path, ups[pg][i]);
        snprintf(path, sizeof(path), "migrations/%04d_%s.down.sql", i + 1, names[i]);
        ops_put(&o, path, downs[pg][i]);
    }
}

/* A session on another folder and format of the same database. */
static void open_in(const char *folder, const char *format)
{
    char *migrations = ops_path(&o, folder), *backups = ops_path(&o, "backups");
    struct ls_session_params p = {
        .url = o.url, .migrations_dir = migrations, .backup_dir = backups, .format_name = format, .operator_name = "tester"};

    ls_session_free(o.s);
    o.s = ls_session_new(&p);
    free(migrations);
    free(backups);
}

static struct ls_settlement *settle_with(const struct ls_settle_request *req)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_settlement *t = NULL;
    struct ls_run_report report;
    struct ls_buf text = LS_BUF_INIT;

    ops_ok(ls_settle_make(o.s, snap, req, &t, err));
    ls_settlement_print(t, snap->info.dialect, &text);
    assert_true(text.len > 0);
    ls_buf_release(&text);
    if (ls_settle_run(o.s, t, NULL, &report) != LS_OK)
        fail_msg("%s: %s\n%s", ls_settle_name(req->kind), report.err.message, report.applied.ptr);
    assert_int_equal(report.verdict, LS_VERDICT_DONE);
    ls_run_report_release(&report);
    ls_snapshot_free(snap);
    return t;
}

static void counts(size_t applied, size_t pending)
{
    struct ls_snapshot *snap = ops_snapshot(&o);

    for (size_t i = 0; i < snap->timeline.e.n; i++)
        if (snap->timeline.e.v[i].state != LS_STATE_APPLIED && snap->timeline.e.v[i].state != LS_STATE_PENDING)
            fail_msg("%s is %s", snap->timeline.e.v[i].label, ls_state_name(snap->timeline.e.v[i].state));
    assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], applied);
    assert_int_equal(snap->timeline.count[LS_STATE_PENDING], pending);
    ls_snapshot_free(snap);
}

static bool is_there(const char *name)
{
    char *path = ops_path(&o, name);
    bool there = ls_path_exists(path);

    free(path);
    return there;
}

static void convert(const char *to, const char *out)
{
    char *dir = ops_path(&o, out);
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT, .to_format = to, .out_dir = dir};
    struct ls_settlement *t = settle_with(&req);

    assert_string_equal(t->out_dir, dir);
    ls_settlement_free(t);
    free(dir);
}

/* Whether the tool works on this database at all. */
static bool is_for(const struct ls_format *f, bool pg)
{
    return pg || f != &ls_format_node_pg_migrate;
}

/* The newest applied one gets the number 9999, where the tool's ledger goes by numbers. */
static void renumber_newest(const struct ls_format *f)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "last", .to = "9999"};
    struct ls_settlement *t;
    struct ls_snapshot *snap;
    const struct ls_entry *e;

    t = settle_with(&req);
    assert_int_equal(t->files.n >= 1, true);
    ls_settlement_free(t);
    counts(4, 0);
    snap = ops_snapshot(&o);
    e = &snap->timeline.e.v[snap->timeline.e.n - 1];
    if (strstr(e->label, "9999") == NULL || e->state != LS_STATE_APPLIED)
        fail_msg("%s: the newest is %s, %s", f->name, e->label, ls_state_name(e->state));
    ls_snapshot_free(snap);
}

/* The ledger is lost: the tool's own mark writes it again. */
static void adopt_again(void)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_ADOPT, .version = "all"};
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_buf sql = LS_BUF_INIT;

    if (snap->ledger.shape == LS_LEDGER_FILE) {
        assert_int_equal(unlink(snap->ledger.location), 0);
    } else {
        ls_buf_addf(&sql, "DROP TABLE %s", snap->ledger.location);
        ops_sql(&o, sql.ptr);
    }
    ls_buf_release(&sql);
    ls_snapshot_free(snap);
    ls_session_disconnect(o.s);
    counts(0, 4);
    ls_settlement_free(settle_with(&req));
    counts(4, 0);
}

static void there_and_back(const struct ls_format *f, bool pg)
{
    bool is_own = f == &ls_format_lockstep;

    print_message("%s on %s\n", f->name, pg ? "PostgreSQL" : "SQLite");
    ops_open(&o, "golang-migrate", pg);
    put_folder(pg);
    ops_up(&o, 3);
    convert(f->name, "new");
    assert_true(is_there("migrations/0001_first.up.sql"));
    assert_false(is_there("new/" LS_SETTLE_INTENT));
    assert_false(is_there("migrations/" LS_SETTLE_INTENT));
    open_in("new", f->name);
    counts(3, 1);
    ops_up(&o, -1);
    counts(4, 0);
    /* Back, into a tool that shares the table's name with some and not with others. */
    if (!is_own)
        convert(strcmp(f->ledger_table != NULL ? f->ledger_table : "", "schema_migrations") == 0 || f == &ls_format_diesel
                    ? "goose"
                    : "diesel",
                "back");
    if (!is_own) {
        open_in("back", NULL);
        counts(4, 0);
        open_in("new", f->name);
    }
    /* Drizzle's ledgers do not go by numbers. */
    if ((f->layout->key != NULL || f == &ls_format_plain))
        renumber_newest(f);
    adopt_again();
    ops_close(&o);
}

static void all_formats(bool pg)
{
    const char *names[32];
    size_t n = ls_settle_convert_targets(names, 32), n_done = 0;

    assert_true(n >= 11 && n <= 32);
    for (size_t i = 0; i < n; i++) {
        const struct ls_format *f = ls_format_find(names[i]);

        if (f == &ls_format_golang_migrate || !is_for(f, pg))
            continue;
        there_and_back(f, pg);
        n_done++;
    }
    assert_true(n_done >= 9);
}

static void formats_on_sqlite(void **state)
{
    (void)state;
    all_formats(false);
}

static void formats_on_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    all_formats(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_on_sqlite),
        cmocka_unit_test(formats_on_pg),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
