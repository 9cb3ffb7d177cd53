/* Conflicts, and what settles them: renumber, reconcile, adopt, convert. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/settle.h"
#include "support/ops.h"
#include "support/skip.h"

/* --- helpers ---------------------------------------------------------------------------------------------------------------------------------------------- */

static struct ops o;
static struct ls_settlement *t;
static struct ls_conflicts found;

static void run_up(long count)
{
    struct ls_plan_request req = {.action = LS_ACTION_UP, .count = count};
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_run_report report;
    struct ls_plan *plan = NULL;

    ops_ok(ls_plan_make(o.s, snap, &req, &plan, err));
    if (ls_run(o.s, plan, NULL, &report) != LS_OK)
        fail_msg("up: %s", report.err.message);
    ls_run_report_release(&report);
    ls_plan_free(plan);
    ls_snapshot_free(snap);
}

static enum ls_rc make(const struct ls_settle_request *req, struct ls_err *err)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    enum ls_rc rc;

    ls_settlement_free(t);
    t = NULL;
    rc = ls_settle_make(o.s, snap, req, &t, err);
    ls_snapshot_free(snap);
    return rc;
}

static void refused(const struct ls_settle_request *req, enum ls_rc want, const char *part)
{
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(make(req, &err), want);
    if (strstr(err.message, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    ls_err_release(&err);
}

static void settle(const struct ls_settle_request *req)
{
    struct ls_run_report report;

    ops_ok(make(req, err));
    if (ls_settle_run(o.s, t, NULL, &report) != LS_OK)
        fail_msg("%s: %s", ls_settle_name(req->kind), report.err.message);
    ls_run_report_release(&report);
}

static void find(void)
{
    struct ls_snapshot *snap = ops_snapshot(&o);

    if (found.arena != NULL)
        ls_conflicts_release(&found);
    ops_ok(ls_conflicts_find(o.s, snap, &found, err));
    ls_snapshot_free(snap);
}

static const struct ls_conflict *conflict(const char *code)
{
    for (size_t i = 0; i < found.c.n; i++)
        if (strcmp(found.c.v[i].diag.code, code) == 0)
            return &found.c.v[i];
    return NULL;
}

static bool is_there(const char *name)
{
    char *path = ops_path(&o, name);
    bool there = ls_path_exists(path);

    free(path);
    return there;
}

static char *text_of(const char *name)
{
    struct ls_buf b = LS_BUF_INIT;
    char *path = ops_path(&o, name);

    ops_ok(ls_file_read(path, 0, 0, &b, err));
    free(path);
    return ls_buf_detach(&b);
}

static void value_is(const char *sql, const char *want)
{
    char *have = ops_get(&o, sql);

    assert_string_equal(have, want);
    free(have);
}

static const struct ls_settle_evidence *evidence(const char *label)
{
    for (size_t i = 0; i < t->evidence.n; i++)
        if (strcmp(t->evidence.v[i].label, label) == 0)
            return &t->evidence.v[i];
    fail_msg("no evidence of %s", label);
    return NULL;
}

static bool has_diag(const struct ls_diags *d, const char *code)
{
    for (size_t i = 0; i < d->d.n; i++)
        if (strcmp(d->d.v[i].code, code) == 0)
            return true;
    return false;
}

static size_t n_runnable(void)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    size_t n = 0;

    for (size_t i = 0; i < snap->timeline.e.n; i++)
        n += snap->timeline.e.v[i].is_runnable;
    ls_snapshot_free(snap);
    return n;
}

static int close_all(void **state)
{
    (void)state;
    ls_settlement_free(t);
    t = NULL;
    if (found.arena != NULL)
        ls_conflicts_release(&found);
    if (o.top != NULL)
        ops_close(&o);
    return 0;
}

static void mkdir_(const char *name)
{
    char *path = ops_path(&o, name);

    ops_ok(ls_mkdir_p(path, 0700, err));
    free(path);
}

static const struct ls_settle_request renumber_all = {.kind = LS_SETTLE_RENUMBER};

/* --- renumber ----------------------------------------------------------------------------------------------------------------------------------------------- */

static void three_with_one_number(void **state)
{
    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/0001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/0002_b.up.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/0002_b.down.sql", "DROP TABLE b;\n");
    ops_put(&o, "migrations/0002_c.up.sql", "CREATE TABLE c (i int);\n");
    ops_put(&o, "migrations/0002_c.down.sql", "DROP TABLE c;\n");
    ops_put(&o, "migrations/0002_d.up.sql", "CREATE TABLE d (i int);\n");
    ops_put(&o, "migrations/0003_e.up.sql", "CREATE TABLE e (i int);\n");
    find();
    assert_non_null(conflict("duplicate-version"));
    assert_int_equal(conflict("duplicate-version")->settled_by, LS_SETTLES(LS_SETTLE_RENUMBER));
    assert_string_equal(conflict("duplicate-version")->command, "lockstep renumber 0002");
    assert_non_null(strstr(conflict("duplicate-version")->diag.message, "refuses everything"));
    settle(&renumber_all);
    assert_null(t->plan);
    assert_true(is_there("migrations/0002_b.up.sql"));
    assert_true(is_there("migrations/0004_c.up.sql"));
    assert_true(is_there("migrations/0004_c.down.sql"));
    assert_true(is_there("migrations/0005_d.up.sql"));
    assert_false(is_there("migrations/0002_c.down.sql"));
    find();
    assert_null(conflict("duplicate-version"));
    run_up(-1);
    value_is("SELECT version FROM schema_migrations", "5");
    ops_ok(make(&renumber_all, err));
    assert_true(ls_settlement_is_empty(t));
}

/* A branch that was merged late: its number is below the cursor. */
static void late_merge(void **state)
{
    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/0001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/0004_d.up.sql", "CREATE TABLE d (i int);\n");
    run_up(-1);
    ops_put(&o, "migrations/0003_c.up.sql", "CREATE TABLE c (i int);\n");
    /* The cursor takes it for applied: only the catalogue says otherwise. */
    find();
    assert_non_null(conflict("never-runs"));
    assert_string_equal(conflict("never-runs")->command, "lockstep renumber 0003");
    settle(&renumber_all);
    assert_null(t->plan);
    assert_true(is_there("migrations/0005_c.up.sql"));
    find();
    assert_null(conflict("never-runs"));
    run_up(-1);
    value_is("SELECT version FROM schema_migrations", "5");
    value_is("SELECT count(*) FROM c", "0");
    /* One that did run is not passed over by any cursor. */
    {
        struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "1"};

        refused(&req, LS_E_REFUSED, "cursor");
    }
}

/* Drizzle-like folders say so by the journal; sqlx runs late ones; lockstep's own refuses nothing: those that never run are of Flyway's kind. */
static void late_merge_flyway(void **state)
{
    (void)state;
    ops_open(&o, "flyway", false);
    ops_put(&o, "migrations/V1__a.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/V4__d.sql", "CREATE TABLE d (i int);\n");
    run_up(-1);
    ops_put(&o, "migrations/V3__c.sql", "CREATE TABLE c (i int);\n");
    find();
    assert_non_null(conflict("never-runs"));
    assert_string_equal(conflict("never-runs")->command, "lockstep renumber 3");
    settle(&renumber_all);
    assert_true(is_there("migrations/V5__c.sql"));
    assert_int_equal(n_runnable(), 1);
    run_up(-1);
    value_is("SELECT version FROM flyway_schema_history ORDER BY installed_rank DESC", "5");
}

static void applied_duplicate(bool pg)
{
    ops_open(&o, "dbmate", pg);
    ops_put(&o, "migrations/001_a.sql", "-- migrate:up\nCREATE TABLE a (i int);\n-- migrate:down\nDROP TABLE a;\n");
    ops_put(&o, "migrations/002_b.sql", "-- migrate:up\nCREATE TABLE b (i int);\n-- migrate:down\nDROP TABLE b;\n");
    run_up(-1);
    ops_put(&o, "migrations/002_a_new.sql", "-- migrate:up\nCREATE TABLE n (i int);\n-- migrate:down\nDROP TABLE n;\n");
    settle(&renumber_all);
    /* By its name 002_a_new is the first; but the database has b. */
    assert_true(is_there("migrations/002_b.sql"));
    assert_true(is_there("migrations/003_a_new.sql"));
    assert_true(has_diag(&t->findings, "kept-by-evidence"));
    run_up(-1);
    value_is("SELECT count(*) FROM schema_migrations", "3");
    value_is("SELECT count(*) FROM n", "0");
}

static void applied_duplicate_sqlite(void **state)
{
    (void)state;
    applied_duplicate(false);
}

static void applied_duplicate_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    applied_duplicate(true);
}

static void duplicate_that_cannot_be_told(void **state)
{
    struct ls_settle_request named = {.kind = LS_SETTLE_RENUMBER, .version = "002_c.sql"};

    (void)state;
    ops_open(&o, "dbmate", false);
    ops_put(&o, "migrations/001_a.sql", "-- migrate:up\nCREATE TABLE a (i int);\n-- migrate:down\nDROP TABLE a;\n");
    ops_put(&o, "migrations/002_b.sql", "-- migrate:up\nINSERT INTO a VALUES (1);\n-- migrate:down\nDELETE FROM a;\n");
    run_up(-1);
    ops_put(&o, "migrations/002_c.sql", "-- migrate:up\nINSERT INTO a VALUES (2);\n-- migrate:down\nDELETE FROM a;\n");
    refused(&renumber_all, LS_E_REFUSED, "cannot be told");
    settle(&named);
    assert_true(is_there("migrations/002_b.sql"));
    assert_true(is_there("migrations/003_c.sql"));
}

static void to_a_number_of_ones_own(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER, .version = "2", .to = "17"};

    (void)state;
    ops_open(&o, "goose", false);
    ops_put(&o, "migrations/00001_a.sql", "-- +goose Up\nCREATE TABLE a (i int);\n-- +goose Down\nDROP TABLE a;\n");
    ops_put(&o, "migrations/00002_b.sql", "-- +goose Up\nCREATE TABLE b (i int);\n-- +goose Down\nDROP TABLE b;\n");
    run_up(-1);
    settle(&req);
    assert_true(is_there("migrations/00017_b.sql"));
    value_is("SELECT max(version_id) FROM goose_db_version", "17");
    value_is("SELECT count(*) FROM goose_db_version WHERE version_id = 2", "0");
    req.version = "17";
    req.to = "1";
    refused(&req, LS_E_REFUSED, "is taken");
    req.to = "../x";
    refused(&req, LS_E_USAGE, "no number");
    req.version = "99";
    req.to = NULL;
    refused(&req, LS_E_NOT_FOUND, "99");
}

static void drizzle_journal(void **state)
{
    char *journal, *snapshot;

    (void)state;
    ops_open(&o, "drizzle", false);
    mkdir_("migrations/meta");
    ops_put(&o, "migrations/meta/_journal.json",
            "{\n  \"version\": \"6\",\n  \"dialect\": \"sqlite\",\n  \"entries\": [\n"
            "    {\"idx\": 0, \"version\": \"6\", \"when\": 1000, \"tag\": \"0000_a\", \"breakpoints\": true},\n"
            "    {\"idx\": 1, \"version\": \"6\", \"when\": 1500, \"tag\": \"0001_late\", \"breakpoints\": true},\n"
            "    {\"idx\": 2, \"version\": \"6\", \"when\": 2000, \"tag\": \"0002_b\", \"breakpoints\": true}\n  ]\n}\n");
    ops_put(&o, "migrations/0000_a.sql", "CREATE TABLE a (i int);");
    ops_put(&o, "migrations/0001_late.sql", "CREATE TABLE late (i int);");
    ops_put(&o, "migrations/0002_b.sql", "CREATE TABLE b (i int);");
    ops_put(&o, "migrations/meta/0000_snapshot.json", "{\"id\": \"S0\", \"prevId\": \"00000000-0000-0000-0000-000000000000\"}");
    ops_put(&o, "migrations/meta/0001_snapshot.json", "{\"id\": \"S1\", \"prevId\": \"S0\"}");
    ops_put(&o, "migrations/meta/0002_snapshot.json", "{\"id\": \"S2\", \"prevId\": \"S1\"}");
    ops_sql(&o, "CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric);"
                "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 1000), ('y', 2000);");
    find();
    assert_non_null(conflict("never-runs"));
    settle(&renumber_all);
    assert_true(is_there("migrations/0003_late.sql"));
    assert_true(is_there("migrations/meta/0003_snapshot.json"));
    assert_false(is_there("migrations/meta/0001_snapshot.json"));
    journal = text_of("migrations/meta/_journal.json");
    assert_non_null(strstr(journal, "\"tag\": \"0003_late\""));
    assert_null(strstr(journal, "0001_late"));
    free(journal);
    snapshot = text_of("migrations/meta/0002_snapshot.json");
    assert_string_equal(snapshot, "{\"id\": \"S2\", \"prevId\": \"S0\"}");
    free(snapshot);
    snapshot = text_of("migrations/meta/0003_snapshot.json");
    assert_string_equal(snapshot, "{\"id\": \"S1\", \"prevId\": \"S2\"}");
    free(snapshot);
    assert_int_equal(n_runnable(), 1);
    run_up(-1);
    value_is("SELECT count(*) FROM late", "0");
}

static void drizzle_journal_and_files(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};
    char *journal;

    (void)state;
    ops_open(&o, "drizzle", false);
    mkdir_("migrations/meta");
    ops_put(&o, "migrations/meta/_journal.json",
            "{\"version\": \"6\", \"dialect\": \"sqlite\", \"entries\": ["
            "{\"idx\": 0, \"version\": \"6\", \"when\": 1000, \"tag\": \"0000_a\", \"breakpoints\": true},"
            "{\"idx\": 1, \"version\": \"6\", \"when\": 2000, \"tag\": \"0001_gone\", \"breakpoints\": true}]}");
    ops_put(&o, "migrations/0000_a.sql", "CREATE TABLE a (i int);");
    ops_put(&o, "migrations/0001_stray.sql", "CREATE TABLE stray (i int);");
    find();
    assert_non_null(conflict("journal-without-file"));
    assert_int_equal(conflict("journal-without-file")->settled_by, LS_SETTLES(LS_SETTLE_RECONCILE));
    assert_non_null(conflict("file-without-journal"));
    settle(&req);
    journal = text_of("migrations/meta/_journal.json");
    assert_null(strstr(journal, "0001_gone"));
    assert_non_null(strstr(journal, "\"tag\": \"0001_stray\""));
    free(journal);
    run_up(-1);
    value_is("SELECT count(*) FROM stray", "0");
    find();
    assert_null(conflict("journal-without-file"));
    assert_null(conflict("file-without-journal"));
}

static void plain_list(void **state)
{
    const char *const two[] = {"002_b", NULL};
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE, .pending = two}, renumber = {.kind = LS_SETTLE_RENUMBER, .version = "003_c.sql", .to = "009"};
    char *list;

    (void)state;
    ops_open(&o, "plain", false);
    ops_put(&o, "migrations/001_a.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/002_b.sql", "INSERT INTO a VALUES (1);\n");
    ops_put(&o, "migrations/003_c.sql", "CREATE TABLE c (i int);\n");
    run_up(-1);
    ops_sql(&o, "DROP TABLE c;");
    settle(&req);
    assert_int_equal(evidence("003")->verdict, LS_SETTLE_UNRECORD);
    list = text_of("migrations/applied.txt");
    assert_non_null(strstr(list, "001_a"));
    assert_null(strstr(list, "002_b"));
    assert_null(strstr(list, "003_c"));
    free(list);
    run_up(-1);
    settle(&renumber);
    list = text_of("migrations/applied.txt");
    assert_non_null(strstr(list, "\n009_c.sql\n"));
    assert_null(strstr(list, "003_c"));
    free(list);
    assert_true(is_there("migrations/009_c.sql"));
    assert_int_equal(n_runnable(), 0);
}

static void hostile_names(void **state)
{
    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/1_'; DROP TABLE a; --\033[31m.up.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/1_\xff\xfe.up.sql", "CREATE TABLE c (i int);\n");
    find();
    assert_non_null(conflict("duplicate-version"));
    settle(&renumber_all);
    assert_int_equal(t->files.n, 2);
    find();
    assert_null(conflict("duplicate-version"));
    assert_false(is_there("migrations/" LS_SETTLE_INTENT));
}

/* --- adopt ---------------------------------------------------------------------------------------------------------------------------------------------------- */

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
    run_up(-1);
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

/* --- reconcile -------------------------------------------------------------------------------------------------------------------------------------------------- */

static void reconcile(const char *format, bool pg)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};
    char *list;

    ops_open(&o, format, pg);
    put_three();
    run_up(2);
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
    run_up(1);
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
    run_up(1);
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

/* --- convert ------------------------------------------------------------------------------------------------------------------------------------------------------ */

static void convert_loses(void **state)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT, .to_format = "prisma"};
    char *out;

    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    ops_put(&o, "migrations/0004_d.verify.sql", "SELECT 1;\n");
    ops_put(&o, "migrations/0005_e.up.sql", "-- lockstep: no-transaction\nVACUUM;\nCREATE TABLE e (i int);\n");
    run_up(-1);
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
    run_up(2);
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
    run_up(-1);
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

/* --- conflicts --------------------------------------------------------------------------------------------------------------------------------------------------- */

static void all_is_well(void **state)
{
    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    run_up(-1);
    find();
    assert_int_equal(found.c.n, 0);
}

static void several(void **state)
{
    (void)state;
    ops_open(&o, "lockstep", false);
    put_three();
    run_up(3);
    ops_put(&o, "migrations/0001_a.up.sql", "CREATE TABLE a (i int, j int);\n");
    ops_sql(&o, "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP);");
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
        cmocka_unit_test_teardown(three_with_one_number, close_all),
        cmocka_unit_test_teardown(late_merge, close_all),
        cmocka_unit_test_teardown(late_merge_flyway, close_all),
        cmocka_unit_test_teardown(applied_duplicate_sqlite, close_all),
        cmocka_unit_test_teardown(applied_duplicate_pg, close_all),
        cmocka_unit_test_teardown(duplicate_that_cannot_be_told, close_all),
        cmocka_unit_test_teardown(to_a_number_of_ones_own, close_all),
        cmocka_unit_test_teardown(drizzle_journal, close_all),
        cmocka_unit_test_teardown(drizzle_journal_and_files, close_all),
        cmocka_unit_test_teardown(plain_list, close_all),
        cmocka_unit_test_teardown(hostile_names, close_all),
        cmocka_unit_test_teardown(adopt_golang, close_all),
        cmocka_unit_test_teardown(adopt_lockstep, close_all),
        cmocka_unit_test_teardown(adopt_pg, close_all),
        cmocka_unit_test_teardown(adopt_says_what_is_not_there, close_all),
        cmocka_unit_test_teardown(reconcile_sqlite, close_all),
        cmocka_unit_test_teardown(reconcile_pg, close_all),
        cmocka_unit_test_teardown(reconcile_a_cursor, close_all),
        cmocka_unit_test_teardown(reconcile_by_word, close_all),
        cmocka_unit_test_teardown(convert_loses, close_all),
        cmocka_unit_test_teardown(convert_carries_times, close_all),
        cmocka_unit_test_teardown(convert_refuses_foreign_markers, close_all),
        cmocka_unit_test_teardown(convert_refuses_gaps, close_all),
        cmocka_unit_test_teardown(convert_drops_blocks, close_all),
        cmocka_unit_test_teardown(all_is_well, close_all),
        cmocka_unit_test_teardown(several, close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
