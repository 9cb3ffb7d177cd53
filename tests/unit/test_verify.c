#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/base/hash.h"
#include "lockstep/engine/verify.h"
#include "support/ops.h"
#include "support/skip.h"

/* --- helpers ------------------------------------------------------------------------------------------------------------- */

static const char ledger_sqlite[] =
    "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT,"
    " applied_at TEXT, applied_by TEXT, duration_ms INTEGER, checksum TEXT, status TEXT NOT NULL);";
static const char ledger_pg[] =
    "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, name text NOT NULL, description text,"
    " applied_at timestamptz, applied_by text, duration_ms bigint, checksum text, status text NOT NULL);";

static struct ops o;

static int open_sqlite(void **state)
{
    *state = NULL;
    ops_open(&o, "lockstep", false);
    ops_sql(&o, ledger_sqlite);
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    if (o.top != NULL)
        ops_close(&o);
    return 0;
}

static int open_pg(void **state)
{
    *state = NULL;
    if (test_pg_url() == NULL)
        return 0;
    ops_open(&o, "lockstep", true);
    ops_sql(&o, ledger_pg);
    return 0;
}

static int open_golang(void **state)
{
    *state = NULL;
    ops_open(&o, "golang-migrate", false);
    ops_sql(&o, "CREATE TABLE schema_migrations (version uint64, dirty bool); CREATE UNIQUE INDEX version_unique ON "
                "schema_migrations (version);");
    return 0;
}

/* Writes the ledger's row as an up would; checksum NULL: of the text. */
static void applied(int version, const char *text, const char *status)
{
    char hex[LS_SHA256_HEX], sql[512];

    ls_sha256_hex(text, strlen(text), hex);
    snprintf(sql, sizeof sql, "INSERT INTO schema_migrations (version, name, checksum, status) VALUES (%d, 'x', '%s', '%s');",
             version, hex, status);
    ops_sql(&o, sql);
}

static struct ls_verify_report check(bool run_files)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_verify_report r;

    ops_ok(ls_verify(o.s, snap, run_files, NULL, &r, err));
    ls_snapshot_free(snap); /* before the report is read: its strings are its own */
    return r;
}

static const struct ls_diag *find(const struct ls_verify_report *r, const char *code)
{
    for (size_t i = 0; i < r->diags.d.n; i++)
        if (strcmp(r->diags.d.v[i].code, code) == 0)
            return &r->diags.d.v[i];
    return NULL;
}

static const struct ls_diag *need(const struct ls_verify_report *r, const char *code, enum ls_severity severity)
{
    const struct ls_diag *d = find(r, code);

    if (d == NULL) {
        for (size_t i = 0; i < r->diags.d.n; i++)
            print_message("# %s %s: %s\n", ls_severity_name(r->diags.d.v[i].severity), r->diags.d.v[i].code,
                          r->diags.d.v[i].message);
        fail_msg("no finding %s", code);
    }
    assert_int_equal(d->severity, severity);
    return d;
}

static size_t n_errors(const struct ls_verify_report *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->diags.d.n; i++)
        n += r->diags.d.v[i].severity >= LS_SEV_DANGER;
    return n;
}

/* --- the folder ---------------------------------------------------------------------------------------------------------- */

static void a_sound_project_has_no_finding(void **state)
{
    struct ls_verify_report r;

    (void)state;
    ops_put(&o, "migrations/001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/001_a.down.sql", "DROP TABLE a;\n");
    ops_put(&o, "migrations/001_a.verify.sql", "SELECT count(*) = 0 FROM a;\n");
    ops_put(&o, "migrations/002_b.up.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/002_b.down.sql", "DROP TABLE b;\n");
    ops_sql(&o, "CREATE TABLE a (i int);");
    applied(1, "CREATE TABLE a (i int);\n", "applied");
    r = check(true);
    assert_int_equal(r.diags.d.n, 0);
    assert_int_equal(r.n_checked, 2);
    assert_int_equal(r.n_verify_run, 1);
    assert_int_equal(r.n_verify_failed, 0);
    ls_verify_report_release(&r);
}

static void the_folder_is_looked_through(void **state)
{
    struct ls_verify_report r;
    const struct ls_diag *d;

    (void)state;
    ops_put(&o, "migrations/001_a.up.sql", "SELECT 1;\r\nSELECT 2;\r\n");
    ops_put(&o, "migrations/002_b.up.sql", "-- nothing but a comment\n");
    ops_put(&o, "migrations/002_b.down.sql", "");
    ops_put(&o, "migrations/003_c.down.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/003_c.verify.sql", "\n");
    ops_put(&o, "migrations/006_f.up.sql", "SELECT 1;\nSELECT 'never closed\n");
    ops_put(&o, "migrations/006_f.down.sql", "\xef\xbb\xbfSELECT 1;\n");
    ops_put(&o, "migrations/007_g.up.sql", "SELECT 1;\nCOMMIT;\n");
    ops_put(&o, "migrations/007_g.down.sql", "SELECT 1;\nVACUUM;\n");
    ops_put(&o, "migrations/008_h.up.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/008_i.up.sql", "SELECT 1;\n");
    r = check(true);
    d = need(&r, "crlf", LS_SEV_INFO);
    assert_int_equal(d->line, 1);
    d = need(&r, "missing-down", LS_SEV_WARNING);
    assert_string_equal(d->version, "001");
    d = need(&r, "empty-file", LS_SEV_WARNING);
    assert_non_null(strstr(d->path, "002_b.up.sql"));
    d = need(&r, "missing-up", LS_SEV_ERROR);
    assert_string_equal(d->version, "003");
    d = need(&r, "gap", LS_SEV_WARNING);
    assert_string_equal(d->message, "there are no migrations 4 to 5 between 003 and 006");
    d = need(&r, "not-splittable", LS_SEV_ERROR);
    assert_non_null(strstr(d->path, "006_f.up.sql"));
    assert_int_equal(d->line, 2);
    assert_non_null(strstr(d->message, "a string is opened here"));
    need(&r, "byte-order-mark", LS_SEV_INFO);
    d = need(&r, "transaction-control", LS_SEV_ERROR);
    assert_int_equal(d->line, 2);
    d = need(&r, "needs-no-transaction", LS_SEV_WARNING); /* a down file */
    assert_int_equal(d->line, 2);
    d = need(&r, "duplicate-version", LS_SEV_ERROR);
    assert_string_equal(d->version, "008");
    ls_verify_report_release(&r);
}

static void dates_have_no_gaps(void **state)
{
    struct ls_verify_report r;

    (void)state;
    ops_put(&o, "migrations/20240101120000_a.up.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/20240102120000_b.up.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/20240402120000_c.up.sql", "SELECT 1;\n");
    r = check(false);
    assert_null(find(&r, "gap"));
    ls_verify_report_release(&r);
}

static void a_half_pair_is_no_error_to_golang_migrate(void **state)
{
    struct ls_verify_report r;
    const struct ls_diag *d;

    (void)state;
    ops_put(&o, "migrations/1_a.down.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/2_b.up.sql", "SELECT 1;\n");
    r = check(false);
    d = need(&r, "missing-up", LS_SEV_WARNING);
    assert_non_null(strstr(d->hint, "moves its cursor"));
    need(&r, "missing-down", LS_SEV_WARNING);
    assert_int_equal(n_errors(&r), 0);
    ls_verify_report_release(&r);
}

static void works_without_a_database(void **state)
{
    struct ls_snapshot *snap = NULL;
    struct ls_arena *a = ls_arena_new();
    struct ls_diags diags = {0};

    (void)state;
    /* In SQLite `...` quotes a name; to PostgreSQL's lexer it would be an operator. The dialect comes from the URL. */
    ops_put(&o, "migrations/001_a.up.sql", "CREATE TABLE `a;b` (i int);\n");
    ops_put(&o, "migrations/001_a.down.sql", "DROP TABLE `a;b`;\n");
    ops_ok(ls_session_scan(o.s, &snap, err));
    assert_false(snap->has_db);
    ls_verify_static(snap, a, &diags);
    assert_int_equal(diags.d.n, 0);
    LS_VEC_RELEASE(&diags.d);
    ls_arena_free(a);
    ls_snapshot_free(snap);
}

/* --- the ledger ---------------------------------------------------------------------------------------------------------- */

static void the_ledger_is_compared(void **state)
{
    struct ls_verify_report r;
    const struct ls_diag *d;

    (void)state;
    for (int i = 1; i <= 5; i++) {
        char name[64];

        snprintf(name, sizeof name, "migrations/00%d_x.up.sql", i);
        ops_put(&o, name, "SELECT 1;\n");
        snprintf(name, sizeof name, "migrations/00%d_x.down.sql", i);
        ops_put(&o, name, "SELECT 1;\n");
    }
    applied(1, "SELECT 1;\n", "applied");
    applied(2, "SELECT 2;\n", "applied");
    applied(4, "SELECT 1;\n", "odd");
    applied(5, "SELECT 1;\n", "failed");
    applied(9, "SELECT 1;\n", "applied");
    r = check(true);
    d = need(&r, "checksum-changed", LS_SEV_ERROR);
    assert_string_equal(d->version, "002");
    d = need(&r, "missing-file", LS_SEV_ERROR);
    assert_string_equal(d->version, "009"); /* in the width of its siblings */
    d = need(&r, "out-of-order", LS_SEV_WARNING);
    assert_string_equal(d->version, "003");
    d = need(&r, "unknown-status", LS_SEV_ERROR);
    assert_non_null(strstr(d->message, "\"odd\""));
    d = need(&r, "dirty", LS_SEV_ERROR);
    assert_string_equal(d->version, "005");
    ls_verify_report_release(&r);
}

/* --- .verify files ------------------------------------------------------------------------------------------------------- */

static void project_with_verify(const char *text)
{
    ops_put(&o, "migrations/001_a.up.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/001_a.down.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/001_a.verify.sql", text);
    ops_sql(&o, "CREATE TABLE a (i int); INSERT INTO a VALUES (1), (2);");
    applied(1, "SELECT 1;\n", "applied");
}

/* One statement after the other is judged, the ones behind a failure too. */
static void each_statement_must_be_true(void **state)
{
    struct ls_verify_report r;
    const struct ls_diag *d;

    (void)state;
    if (o.top == NULL)
        test_skip(test_pg_skip_reason());
    project_with_verify("SELECT count(*) = 2 FROM a;\n"
                        "SELECT i = 1 FROM a;\n"
                        "SELECT i = 1 FROM a WHERE i > 5;\n"
                        "SELECT missing FROM nowhere;\n"
                        "SELECT i > 0 FROM a;\n");
    r = check(true);
    assert_int_equal(r.n_verify_run, 5);
    assert_int_equal(r.n_verify_failed, 3);
    d = need(&r, "verify-failed", LS_SEV_ERROR);
    assert_int_equal(d->line, 2);
    assert_string_equal(d->message, "statement 2 of 5 gave a row that is not true");
    d = need(&r, "verify-no-rows", LS_SEV_ERROR);
    assert_int_equal(d->line, 3);
    d = need(&r, "verify-error", LS_SEV_ERROR);
    assert_int_equal(d->line, 4);
    if (strstr(d->message, "nowhere") == NULL)
        fail_msg("%s", d->message);
    ls_verify_report_release(&r);
}

static void assert_untouched(void)
{
    char *n = ops_get(&o, "SELECT count(*) FROM a");

    assert_string_equal(n, "2");
    free(n);
}

static void a_verify_file_cannot_write_on_sqlite(void **state)
{
    static const char *const tries[] = {
        "DELETE FROM a;\n",
        "PRAGMA query_only = 0;\nDELETE FROM a;\n",
        "WITH x AS (SELECT 1) DELETE FROM a;\n",
        "WITH x AS (SELECT 1) DELETE FROM a RETURNING 1;\n", /* rows that are all true */
        "COMMIT;\nDELETE FROM a;\n",
        "ATTACH 'planted.db' AS p;\n",
        "/* x */ (VALUES (1));\nINSERT INTO a VALUES (3);\n",
    };

    project_with_verify("SELECT 1;\n");
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(tries); i++) {
        struct ls_verify_report r;

        ops_put(&o, "migrations/001_a.verify.sql", tries[i]);
        r = check(true);
        assert_true(r.n_verify_failed > 0);
        ls_verify_report_release(&r);
        assert_untouched();
        assert_false(ls_path_exists("planted.db"));
    }
    /* The session can write again afterwards. */
    ops_ok(ls_session_connect(o.s, err));
    ops_ok(ls_db_exec(ls_session_db(o.s), "DELETE FROM a", 13, NULL, 0, NULL, err));
}

static void a_verify_file_cannot_write_on_pg(void **state)
{
    static const char *const tries[] = {
        "DELETE FROM a;\n",
        "SET TRANSACTION READ WRITE;\nDELETE FROM a;\n",
        "SET transaction_read_only = off;\nDELETE FROM a;\n",
        "WITH x AS (DELETE FROM a RETURNING true) SELECT * FROM x;\n",
        "COMMIT;\nDELETE FROM a;\n",
        "DO $$ BEGIN DELETE FROM a; END $$;\n",
    };

    (void)state;
    if (o.top == NULL)
        test_skip(test_pg_skip_reason());
    project_with_verify("SELECT true;\n");
    for (size_t i = 0; i < LS_ARRAY_LEN(tries); i++) {
        struct ls_verify_report r;

        ops_put(&o, "migrations/001_a.verify.sql", tries[i]);
        r = check(true);
        assert_true(r.n_verify_failed > 0);
        ls_verify_report_release(&r);
        assert_untouched();
    }
}

static void only_what_is_applied_is_verified(void **state)
{
    struct ls_verify_report r;

    (void)state;
    ops_put(&o, "migrations/001_a.up.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/001_a.down.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/001_a.verify.sql", "SELECT 0;\n");
    r = check(true);
    assert_int_equal(r.n_verify_run, 0);
    assert_int_equal(n_errors(&r), 0);
    ls_verify_report_release(&r);
    applied(1, "SELECT 1;\n", "applied");
    r = check(false);
    assert_int_equal(r.n_verify_run, 0);
    ls_verify_report_release(&r);
    r = check(true);
    assert_int_equal(r.n_verify_failed, 1);
    ls_verify_report_release(&r);
}

static enum ls_gate stop(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)ctx;
    (void)plan;
    (void)step;
    (void)op;
    return LS_GATE_STOP;
}

static void it_can_be_stopped(void **state)
{
    struct ls_run_hooks h = {.gate = stop};
    struct ls_verify_report r;
    struct ls_snapshot *snap;
    struct ls_err why = LS_ERR_INIT;

    (void)state;
    project_with_verify("SELECT 1;\n");
    snap = ops_snapshot(&o);
    assert_int_equal(ls_verify(o.s, snap, true, &h, &r, &why), LS_E_CANCELLED);
    assert_int_equal(r.n_verify_run, 0);
    ls_verify_report_release(&r);
    ls_err_release(&why);
    ls_snapshot_free(snap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_project_has_no_finding, open_sqlite, close_it),
        cmocka_unit_test_setup_teardown(the_folder_is_looked_through, open_sqlite, close_it),
        cmocka_unit_test_setup_teardown(dates_have_no_gaps, open_sqlite, close_it),
        cmocka_unit_test_setup_teardown(a_half_pair_is_no_error_to_golang_migrate, open_golang, close_it),
        cmocka_unit_test_setup_teardown(works_without_a_database, open_sqlite, close_it),
        cmocka_unit_test_setup_teardown(the_ledger_is_compared, open_sqlite, close_it),
        {"each_statement_must_be_true_sqlite", each_statement_must_be_true, open_sqlite, close_it, NULL},
        {"each_statement_must_be_true_pg", each_statement_must_be_true, open_pg, close_it, NULL},
        cmocka_unit_test_setup_teardown(a_verify_file_cannot_write_on_sqlite, open_sqlite, close_it),
        cmocka_unit_test_setup_teardown(a_verify_file_cannot_write_on_pg, open_pg, close_it),
        cmocka_unit_test_setup_teardown(only_what_is_applied_is_verified, open_sqlite, close_it),
        cmocka_unit_test_setup_teardown(it_can_be_stopped, open_sqlite, close_it),
    };

    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
