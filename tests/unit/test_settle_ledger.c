/* Ledgers that disagree with the database or the folder: adopt, reconcile, convert, and what is no conflict. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/dirty.h"
#include "support/settle.h"
#include "support/skip.h"

/* --- adopt ---------------------------------------------------------------------------------------------------------------- */

static void put_three(void)
{
    ops_put(&o, "migrations/0001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/0001_a.down.sql", "DROP TABLE a;\n");
    ops_put(&o, "migrations/0002_b.up.sql", "CREATE TABLE b (i int);\nCREATE TABLE gone (i int);\n");
    ops_put(&o, "migrations/0002_b.down.sql", "DROP TABLE b;\n");
    ops_put(&o, "migrations/0003_c.up.sql", "CREATE TABLE c (i int);\nDROP TABLE gone;\n");
    ops_put(&o, "migrations/0003_c.down.sql", "DROP TABLE c;\n");
    ops_put(&o, "migrations/0004_d.up.sql", "CREATE TABLE d (i int);\n");
}

static void adopt(const char *format, bool pg)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_ADOPT, .version = "3"};
    struct ls_snapshot *snap;

    ops_open(&o, format, pg);
    put_three();
    ops_sql(&o, "CREATE TABLE a (i int); CREATE TABLE b (i int); CREATE TABLE c (i int);");
    find();
    assert_non_null(conflict("no-ledger"));
    assert_int_equal(conflict("no-ledger")->settled_by, LS_SETTLES(LS_SETTLE_ADOPT));
    settle(&req);
    assert_int_equal(evidence("0001")->found, LS_FOUND_ALL);
    /* `gone` was taken away by 3: that 2 made it cannot be seen, and is no sign against it. */
    assert_int_not_equal(evidence("0002")->found, LS_FOUND_NOTHING);
    assert_int_not_equal(evidence("0002")->found, LS_FOUND_PART);
    assert_false(has_diag(&t->findings, "not-there"));
    snap = ops_snapshot(&o);
    assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], 3);
    assert_int_equal(snap->timeline.count[LS_STATE_PENDING], 1);
    ls_snapshot_free(snap);
    find();
    assert_null(conflict("no-ledger"));
    ops_up(&o, -1);
    refused(&req, LS_E_REFUSED, "says already");
}

static void adopt_golang(void **state)
{
    (void)state;
    adopt("golang-migrate", false);
    value_is("SELECT version FROM schema_migrations", "4");
}

static void adopt_lockstep(void **state)
{
    (void)state;
    adopt("lockstep", false);
    value_is("SELECT count(*) FROM schema_migrations WHERE status = 'applied' AND checksum IS NOT NULL", "4");
}

static void adopt_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    adopt("golang-migrate", true);
    close_all(NULL);
    adopt("lockstep", true);
}

static void adopt_says_what_is_not_there(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_ADOPT, .version = "2"};

    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    ops_sql(&o, "CREATE TABLE a (i int); CREATE TABLE d (i int);");
    ops_ok(make(&req, err));
    assert_int_equal(evidence("0002")->found, LS_FOUND_NOTHING);
    assert_true(has_diag(&t->findings, "not-there"));
    assert_true(has_diag(&t->findings, "there-already"));
    req.version = "17";
    refused(&req, LS_E_NOT_FOUND, "17");
    req.version = NULL;
    refused(&req, LS_E_USAGE, "VERSION");
}

/* --- reconcile ------------------------------------------------------------------------------------------------------------ */

static void reconcile(const char *format, bool pg)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};
    char *list;

    ops_open(&o, format, pg);
    put_three();
    ops_up(&o, 2);
    ops_ok(make(&req, err));
    assert_true(ls_settlement_is_empty(t));
    /* Somebody took 2 back by hand, and ran 4. */
    ops_sql(&o, "DROP TABLE b; DROP TABLE gone; CREATE TABLE d (i int);");
    ops_put(&o, "migrations/applied.txt", "# by hand\n0001_a.up.sql\n0003_c.up.sql\n");
    find();
    assert_non_null(conflict("list-disagrees"));
    assert_int_equal(conflict("list-disagrees")->diag.line, 0); /* 2, which is missing in it; */
    settle(&req);
    assert_int_equal(evidence("0002")->verdict, LS_SETTLE_UNRECORD);
    assert_int_equal(evidence("0004")->verdict, LS_SETTLE_RECORD);
    value_is("SELECT count(*) FROM schema_migrations WHERE status = 'applied'", "2");
    value_is("SELECT status FROM schema_migrations WHERE version = 2", "rolled_back");
    list = text_of("migrations/applied.txt");
    assert_string_equal(list, "# by hand\n0001_a.up.sql\n0004_d.up.sql\n");
    free(list);
    find();
    assert_null(conflict("list-disagrees"));
    ops_ok(make(&req, err));
    assert_true(ls_settlement_is_empty(t));
}

static void reconcile_sqlite(void **state)
{
    (void)state;
    reconcile("lockstep", false);
}

static void reconcile_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    reconcile("lockstep", true);
}

static void reconcile_a_cursor(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};

    (void)state;
    ops_open(&o, "golang-migrate", false);
    put_three();
    ops_up(&o, 1);
    ops_sql(&o, "CREATE TABLE b (i int); CREATE TABLE gone (i int);");
    settle(&req);
    value_is("SELECT version FROM schema_migrations", "2");
    /* 4 without 3: no cursor can say that. */
    ops_sql(&o, "CREATE TABLE d (i int);");
    refused(&req, LS_E_REFUSED, "cursor");
}

/* What the catalogue cannot tell is left to the operator. */
static void reconcile_by_word(void **state)
{
    const char *const two[] = {"2", NULL}, *const nine[] = {"9", NULL};
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/2_b.up.sql", "INSERT INTO a VALUES (1);\n");
    ops_put(&o, "migrations/3_c.up.sql", "DROP TABLE IF EXISTS nothing;\n");
    ops_up(&o, 1);
    ops_ok(make(&req, err));
    assert_true(ls_settlement_is_empty(t)); /* a pending DROP of what is not there proves nothing */
    req.applied = two;
    settle(&req);
    assert_true(evidence("2")->is_chosen);
    value_is("SELECT status FROM schema_migrations WHERE version = 2", "applied");
    req.pending = two;
    refused(&req, LS_E_USAGE, "to be pending");
    req.pending = nine;
    req.applied = NULL;
    refused(&req, LS_E_NOT_FOUND, "9");
    req.pending = two;
    settle(&req);
    value_is("SELECT status FROM schema_migrations WHERE version = 2", "rolled_back");
}

/* .revision: the newest one's name. */
static void revision_file(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};
    char *text;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    put_three();
    ops_up(&o, 2);
    ops_put(&o, ".revision", "0001\n");
    find();
    assert_non_null(conflict("revision-disagrees"));
    assert_int_equal(conflict("revision-disagrees")->diag.line, 1);
    assert_non_null(strstr(conflict("revision-disagrees")->diag.message, "0002"));
    settle(&req);
    text = text_of(".revision");
    assert_string_equal(text, "0002\n");
    free(text);
    find();
    assert_null(conflict("revision-disagrees"));
}

/* --- another tool's failed row -------------------------------------------------------------------------------------------- */

/* The action of the one choice that is indicated; "" none. */
static void explained(const char *fact, const char *indicated)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_dirty_report r = {0};
    const char *action = "";
    bool has_fact = false;

    ops_ok(ls_dirty_explain(o.s, snap, &r, err));
    assert_true(r.is_dirty);
    assert_int_equal(r.statements.n, 3);
    for (size_t i = 0; i < r.facts.n; i++)
        has_fact = has_fact || strstr(r.facts.v[i], fact) != NULL;
    for (size_t i = 0; i < r.choices.n; i++)
        if (r.choices.v[i].is_indicated)
            action = ls_action_name(r.choices.v[i].plan->action);
    assert_true(has_fact);
    assert_string_equal(action, indicated);
    ls_dirty_report_release(&r);
    ls_snapshot_free(snap);
}

static void another_tools_run_is_read_from_the_catalogue(void **state)
{
    (void)state;
    ops_open(&o, "sqlx", false);
    ops_put(&o, "migrations/1_a.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/2_b.sql",
            "-- no-transaction\nCREATE TABLE b (i int);\nINSERT INTO b VALUES (1);\nCREATE TABLE c (i int);\n");
    ops_sql(
        &o,
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL "
        "DEFAULT "
        "CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);"
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (2, 'b', 0, x'00', -1);");
    explained("nothing of it is in the database", "mark-pending");
    ops_sql(&o, "CREATE TABLE b (i int);");
    explained("a part of it is in the database", "");
    ops_sql(&o, "CREATE TABLE c (i int);");
    explained("all of it is in the database", "mark-applied");
}

/* --- convert -------------------------------------------------------------------------------------------------------------- */

static void convert_loses(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT, .to_format = "prisma"};
    char *out;

    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    ops_put(&o, "migrations/0004_d.verify.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/0005_e.up.sql", "-- lockstep: no-transaction\nVACUUM;\nCREATE TABLE e (i int);\n");
    ops_up(&o, -1);
    ops_ok(make(&req, err));
    assert_true(has_diag(&t->lost, "down"));
    assert_true(has_diag(&t->lost, "verify"));
    assert_true(has_diag(&t->lost, "no-transaction"));
    assert_null(strstr(t->files.v[t->files.n - 2].text, "lockstep:"));
    settle(&req);
    out = ops_path(&o, "migrations-prisma");
    assert_string_equal(t->out_dir, out);
    assert_true(is_there("migrations-prisma/0003_c/migration.sql"));
    assert_true(is_there("migrations-prisma/migration_lock.toml"));
    value_is("SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL", "5");
    value_is("SELECT count(*) FROM schema_migrations", "5");
    refused(&req, LS_E_REFUSED, "there already");
    free(out);
}

/* Times go along where both have them. */
static void convert_carries_times(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT, .to_format = "goose"};

    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    ops_up(&o, 2);
    ops_sql(&o, "UPDATE schema_migrations SET applied_at = '2020-02-03T04:05:06Z' WHERE version = 2;");
    settle(&req);
    value_is("SELECT tstamp FROM goose_db_version WHERE version_id = 2", "2020-02-03 04:05:06");
    value_is("SELECT count(*) FROM goose_db_version WHERE version_id > 0", "2");
}

/* A line of the text that the other tool would take for its own. */
static void convert_refuses_foreign_markers(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT, .to_format = "dbmate"};

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n-- migrate:down\nCREATE TABLE b (i int);\n");
    refused(&req, LS_E_REFUSED, "");
    assert_false(is_there("migrations-dbmate"));
    req.to_format = "nothing";
    refused(&req, LS_E_USAGE, "no format");
    req.to_format = "lockstep";
    refused(&req, LS_E_USAGE, "already");
}

static void convert_refuses_gaps(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT, .to_format = "drizzle"};

    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    ops_up(&o, -1);
    ops_sql(&o, "UPDATE schema_migrations SET status = 'rolled_back' WHERE version = 2;");
    refused(&req, LS_E_REFUSED, "cannot say that");
}

/* BEGIN and COMMIT of a file's own, as many folders of golang-migrate have them. */
static void convert_drops_blocks(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT, .to_format = "dbmate"};
    char *text;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/1_a.up.sql", "BEGIN;\nCREATE TABLE a (i int);\nCREATE TABLE b (i int);\nCOMMIT;\n");
    settle(&req);
    assert_true(has_diag(&t->lost, "transaction-control"));
    text = text_of("migrations-dbmate/1_a.sql");
    assert_string_equal(text, "-- migrate:up\nCREATE TABLE a (i int);\nCREATE TABLE b (i int);\n\n-- migrate:down\n");
    free(text);
}

/* --- conflicts ------------------------------------------------------------------------------------------------------------ */

static void all_is_well(void **state)
{
    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    ops_up(&o, -1);
    find();
    assert_int_equal(found.c.n, 0);
}

/* Histories in which objects are renamed, made anew, and go with others: nothing of it may look as if it had not run. */
static void a_history_of_renames(bool pg)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/01_a.up.sql", "CREATE TABLE a (i int, j int);\n");
    ops_put(&o, "migrations/02_index.up.sql", "CREATE INDEX a_j ON a (j);\n");
    ops_put(&o, "migrations/03_anew.up.sql",
            "CREATE TABLE new_a (i int, j int);\nINSERT INTO new_a SELECT * FROM a;\nDROP TABLE a;\n"
            "ALTER TABLE new_a RENAME TO a;\n");
    ops_put(&o, "migrations/04_column.up.sql", "ALTER TABLE a ADD COLUMN k int;\n");
    ops_put(&o, "migrations/05_rename.up.sql", "ALTER TABLE a RENAME COLUMN k TO l;\n");
    ops_put(&o, "migrations/06_view.up.sql", "CREATE VIEW v AS SELECT i FROM a;\n");
    ops_put(&o, "migrations/07_view.up.sql", "DROP VIEW v;\nCREATE VIEW v AS SELECT j FROM a;\n");
    ops_put(&o, "migrations/08_rename.up.sql", "ALTER TABLE a RENAME TO b;\n");
    if (pg) {
        ops_put(&o, "migrations/09_check.up.sql", "ALTER TABLE b ADD CONSTRAINT c CHECK (i > 0);\n");
        ops_put(&o, "migrations/10_check.up.sql", "ALTER TABLE b DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (i > 1);\n");
        ops_put(&o, "migrations/11_long.up.sql",
                "CREATE TABLE a_name_that_is_longer_than_what_the_server_keeps_of_a_name_which_is_63_bytes (i int);\n");
        ops_put(&o, "migrations/12_seq.up.sql",
                "CREATE TABLE s (i int);\nCREATE SEQUENCE s_i;\nALTER SEQUENCE s_i OWNED BY s.i;\n");
        ops_put(&o, "migrations/13_cascade.up.sql", "DROP TABLE s CASCADE;\n");
    }
    ops_up(&o, -1);
    find();
    assert_null(conflict("never-runs"));
    assert_null(conflict("no-ledger"));
    ops_ok(make(&req, err));
    if (!ls_settlement_is_empty(t))
        fail_msg("%s is said to be %d", t->evidence.v[0].label, (int)t->evidence.v[0].found);
    assert_int_equal(t->n_undecided, 0);
}

static void renames_sqlite(void **state)
{
    (void)state;
    a_history_of_renames(false);
}

static void renames_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    a_history_of_renames(true);
}

static void several(void **state)
{
    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    ops_up(&o, 3);
    ops_put(&o, "migrations/0001_a.up.sql", "CREATE TABLE a (i int, j int);\n");
    ops_sql(&o, "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, "
                "tstamp TIMESTAMP);");
    {
        char *gone = ops_path(&o, "migrations/0002_b.up.sql"), *down = ops_path(&o, "migrations/0002_b.down.sql");

        assert_int_equal(unlink(gone), 0);
        assert_int_equal(unlink(down), 0);
        free(gone);
        free(down);
    }
    find();
    assert_non_null(conflict("checksum-changed"));
    assert_non_null(conflict("missing-file"));
    assert_non_null(conflict("two-ledgers"));
    assert_non_null(conflict("gap"));
    assert_true(found.c.v[0].diag.severity >= found.c.v[found.c.n - 1].diag.severity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(adopt_golang, close_all),
        cmocka_unit_test_teardown(adopt_lockstep, close_all),
        cmocka_unit_test_teardown(adopt_pg, close_all),
        cmocka_unit_test_teardown(adopt_says_what_is_not_there, close_all),
        cmocka_unit_test_teardown(reconcile_sqlite, close_all),
        cmocka_unit_test_teardown(reconcile_pg, close_all),
        cmocka_unit_test_teardown(reconcile_a_cursor, close_all),
        cmocka_unit_test_teardown(reconcile_by_word, close_all),
        cmocka_unit_test_teardown(another_tools_run_is_read_from_the_catalogue, close_all),
        cmocka_unit_test_teardown(revision_file, close_all),
        cmocka_unit_test_teardown(convert_loses, close_all),
        cmocka_unit_test_teardown(convert_carries_times, close_all),
        cmocka_unit_test_teardown(convert_refuses_foreign_markers, close_all),
        cmocka_unit_test_teardown(convert_refuses_gaps, close_all),
        cmocka_unit_test_teardown(convert_drops_blocks, close_all),
        cmocka_unit_test_teardown(all_is_well, close_all),
        cmocka_unit_test_teardown(renames_sqlite, close_all),
        cmocka_unit_test_teardown(renames_pg, close_all),
        cmocka_unit_test_teardown(several, close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
