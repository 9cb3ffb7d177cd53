#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "format/golang.h"
#include "support/engine.h"

/* formats.md 10, observed with golang-migrate 4.18.3. */
static void lock_keys(void **state)
{
    (void)state;
    assert_true(ls_golang_lock_key("public", "schema_migrations", "/gm") == 3596941855);
    assert_true(ls_golang_lock_key("public", "schema_migrations", "gm") == 1418081039);
}

/* Its command line hashes the URL's path, a program that has it inside the name of the database: whichever runs, it and we keep apart. */
static void both_keys_are_held(void **state)
{
    struct ls_ledger there = {.location = "audit.t", .schema = "audit"}, absent = {.location = "public.schema_migrations"};
    struct ls_format_opts opts = {.database = "by another name"};
    struct ls_db_params p = {0};
    struct ls_db *db = NULL;
    int64_t keys[4] = {0};
    char *with_slash;
    const char *name;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &db, err));
    name = ls_db_info(db)->database;
    with_slash = ls_asprintf("/%s", name);
    assert_int_equal(ls_format_golang_migrate.lock_keys(db, NULL, &absent, keys), 2);
    assert_true(keys[0] == ls_golang_lock_key("public", "schema_migrations", with_slash));
    assert_true(keys[1] == ls_golang_lock_key("public", "schema_migrations", name));
    /* The URL says another name than the server (a pooler's): both names, both ways. */
    assert_int_equal(ls_format_golang_migrate.lock_keys(db, &opts, &absent, keys), 4);
    assert_true(keys[1] == ls_golang_lock_key("public", "schema_migrations", name));
    assert_true(keys[2] == ls_golang_lock_key("public", "schema_migrations", "/by another name"));
    assert_true(keys[3] == ls_golang_lock_key("public", "schema_migrations", "by another name"));
    opts.database = name;
    assert_int_equal(ls_format_golang_migrate.lock_keys(db, &opts, &absent, keys), 2);
    assert_int_equal(ls_format_golang_migrate.lock_keys(db, NULL, &there, keys), 2);
    assert_true(keys[0] == ls_golang_lock_key("audit", "schema_migrations", with_slash));
    free(with_slash);
    ls_db_close(db);
    ops_close(&o);
}

static enum ls_gate try_each_key(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct ls_db *other = ctx;
    struct ls_ledger where = {.location = plan->ledger};
    int64_t keys[4];
    int n = ls_format_golang_migrate.lock_keys(other, NULL, &where, keys);

    (void)step;
    (void)op;
    assert_int_equal(n, 2);
    for (int i = 0; i < n; i++) {
        bool got = true;

        ops_ok(ls_db_try_lock(other, &keys[i], 1, &got, err));
        assert_false(got);
    }
    return LS_GATE_GO;
}

static void each_key_is_taken_while_it_runs(void **state)
{
    struct ls_run_hooks hooks = {.gate = try_each_key};
    struct ls_db_params p = {0};
    struct ls_run_report rep;
    struct ls_db *other = NULL;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    eng_golang_folder(&o);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &other, err));
    hooks.ctx = other;
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_OK);
    ls_run_report_release(&rep);
    ls_db_close(other);
    ops_close(&o);
}

static void names(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/001_a.up.sql", "");
    ops_put(&o, "migrations/1_b.down.sql", "");            /* the same version: names may differ */
    ops_put(&o, "migrations/2_x.up.y.down.txt", "");       /* the last direction counts, any extension */
    ops_put(&o, "migrations/10_c.up.sql", "");
    ops_put(&o, "migrations/9_.up.sql", "");               /* a title may be empty */
    ops_put(&o, "migrations/3-c.up.sql", "");
    ops_put(&o, "migrations/4_c.sql", "");
    ops_put(&o, "migrations/x_c.up.sql", "");
    ops_put(&o, "migrations/99999999999999999999_big.up.sql", "");
    ops_put(&o, "migrations/README.md", "");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->migrations.m.n, 4);
    assert_int_equal(snap->migrations.m.v[0].version, 1);
    assert_string_equal(snap->migrations.m.v[0].id, "1");
    assert_string_equal(snap->migrations.m.v[0].label, "001");
    assert_string_equal(snap->migrations.m.v[0].name, "a");
    assert_non_null(snap->migrations.m.v[0].down.path);
    assert_int_equal(snap->migrations.m.v[1].version, 2);
    assert_string_equal(snap->migrations.m.v[1].name, "x.up.y");
    assert_null(snap->migrations.m.v[1].up.path);
    assert_int_equal(snap->migrations.m.v[2].version, 9);
    assert_int_equal(snap->migrations.m.v[3].version, 10);
    assert_int_equal(snap->migrations.diags.d.n, 4); /* the four *.sql files that are none */
    assert_string_equal(snap->migrations.diags.d.v[0].code, "ignored-file");
    for (size_t i = 0; i < snap->migrations.diags.d.n; i++) {
        const struct ls_diag *d = &snap->migrations.diags.d.v[i];

        assert_int_equal(d->severity, strstr(d->path, "_big") != NULL ? LS_SEV_WARNING : LS_SEV_INFO);
        assert_int_equal(strstr(d->hint, "9223372036854775807") != NULL, strstr(d->path, "_big") != NULL);
    }
    assert_ptr_equal(ls_migrations_find(&snap->migrations, 9), &snap->migrations.m.v[2]);
    assert_null(ls_migrations_find(&snap->migrations, 3));
    ls_snapshot_free(snap);
    ops_close(&o);
}

static void duplicates_refuse_everything(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/1_a.up.sql", "");
    ops_put(&o, "migrations/1_b.up.sql", "");
    ops_put(&o, "migrations/1_b.down.sql", "");
    ops_put(&o, "migrations/2_c.up.sql", "");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->migrations.m.n, 3);
    assert_int_equal(snap->timeline.count[LS_STATE_DUPLICATE], 2);
    assert_string_equal(snap->migrations.m.v[1].name, "b");
    assert_non_null(snap->migrations.m.v[1].down.path); /* halves go together by their title */
    assert_string_equal(snap->migrations.diags.d.v[0].code, "duplicate-version");
    assert_string_equal(snap->migrations.diags.d.v[0].hint, "rename 1_b.up.sql to 3_b.up.sql, with its other half if it has one");
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "duplicate migration file: ");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "duplicate migration file: ");
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "rename 1_b.up.sql to 3_b.up.sql");
    ops_close(&o);
}

static void missing_cursor_refuses(bool pg)
{
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);");
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE b (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, "UPDATE schema_migrations SET version = 7");
    eng_states(&o, "1 applied, 2 applied, 7 missing");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "no migration found for version 7");
    eng_refused(&o, LS_ACTION_DOWN, 1, NULL, LS_E_REFUSED, "no migration found for version 7");
    ops_close(&o);
}
ENG_BOTH(missing_cursor_refuses)

/* Files below the cursor are ignored for ever. */
static void late_file_is_never_run(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/5_a.up.sql", "CREATE TABLE a (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/3_late.up.sql", "CREATE TABLE late (id int);");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 0);
    ls_plan_free(plan);
    ops_close(&o);
}
ENG_BOTH(late_file_is_never_run)

static void add_kinds(struct ls_buf *b, const struct ls_op *ops, size_t n)
{
    static const char *const kinds[] = {"BEGIN", "COMMIT", "statement", "batch", "ledger", "fence", "journal"};

    for (size_t i = 0; i < n; i++) {
        ls_buf_addf(b, "%s%s", i > 0 ? " " : "", kinds[ops[i].kind]);
        if (ops[i].kind == LS_OP_LEDGER)
            ls_buf_addf(b, ":%.*s", (int)strcspn(ops[i].sql, " "), ops[i].sql);
    }
}

/* formats.md 4.1: tx{TRUNCATE (SQLite DELETE); INSERT (N, true)}; body; tx{TRUNCATE; INSERT (N, false)}. */
static void order_of_events(bool pg)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);\nSELECT 1;\n");
    ops_put(&o, "migrations/1_a.down.sql", "DROP TABLE a;");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    add_kinds(&b, plan->setup.v, plan->setup.n);
    assert_string_equal(b.ptr, pg ? "BEGIN ledger:CREATE COMMIT" : "BEGIN ledger:CREATE ledger:CREATE COMMIT");
    ls_buf_clear(&b);
    assert_int_equal(plan->steps.n, 1);
    add_kinds(&b, plan->steps.v[0].ops.v, plan->steps.v[0].ops.n);
    assert_string_equal(b.ptr, pg ? "BEGIN fence ledger:TRUNCATE ledger:INSERT journal COMMIT batch BEGIN fence ledger:TRUNCATE ledger:INSERT journal COMMIT"
                                  : "BEGIN fence ledger:DELETE ledger:INSERT journal COMMIT BEGIN batch COMMIT "
                                    "BEGIN fence ledger:DELETE ledger:INSERT journal COMMIT");
    assert_int_equal(plan->steps.v[0].policy, pg ? LS_POLICY_IMPLICIT : LS_POLICY_TX);
    assert_int_equal(plan->steps.v[0].n_statements, 2);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    plan = eng_plan(&o, LS_ACTION_DOWN, 1, NULL);
    assert_int_equal(plan->setup.n, 0);
    ls_buf_clear(&b);
    add_kinds(&b, plan->steps.v[0].ops.v, plan->steps.v[0].ops.n);
    /* After the last down the table is empty. */
    assert_string_equal(b.ptr, pg ? "BEGIN fence ledger:TRUNCATE ledger:INSERT journal COMMIT batch BEGIN fence ledger:TRUNCATE journal COMMIT"
                                  : "BEGIN fence ledger:DELETE ledger:INSERT journal COMMIT BEGIN batch COMMIT BEGIN fence ledger:DELETE journal COMMIT");
    assert_string_equal(plan->steps.v[0].ops.v[3].params[0].text, "-1");
    assert_string_equal(plan->steps.v[0].ops.v[3].params[1].text, "true");
    ls_plan_free(plan);
    ls_buf_release(&b);
    ops_close(&o);
}
ENG_BOTH(order_of_events)

/* The cursor would go past a file that was not read, and the tool never come back to it. */
static void a_link_that_leads_out(bool pg)
{
    struct ls_snapshot *snap;
    struct ls_err err = LS_ERR_INIT;
    struct ops o;
    char *target, *link;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);");
    ops_put(&o, "migrations/3_c.up.sql", "CREATE TABLE c (id int);");
    ops_put(&o, "outside.sql", "CREATE TABLE b (id int);");
    target = ops_path(&o, "outside.sql");
    link = ops_path(&o, "migrations/2_b.up.sql");
    assert_int_equal(symlink(target, link), 0);
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "2_b.up.sql is a symbolic link that leads out of the folder");
    snap = ops_snapshot(&o);
    assert_int_equal(ls_plan_check_whole(snap, &err), LS_E_REFUSED);
    ls_snapshot_free(snap);
    ls_err_release(&err);
    assert_int_equal(unlink(link), 0);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    free(target);
    free(link);
    ops_close(&o);
}
ENG_BOTH(a_link_that_leads_out)

/* Nobody is told that a failure leaves nothing of a file that commits in its middle. */
static void a_file_with_its_own_transactions(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);\nCREATE TABLE b (id int);");
    ops_put(&o, "migrations/2_b.up.sql", "BEGIN;\nCREATE TABLE c (id int);\nCOMMIT;\nSELECT 1;");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    eng_has(plan->steps.v[0].tx_note, "a failure leaves nothing of it");
    eng_has(plan->steps.v[1].tx_note, "what it commits before a failure stays");
    ls_plan_free(plan);
    ops_close(&o);
}
ENG_BOTH(a_file_with_its_own_transactions)

/* The tool runs such a file, and SQLite does not obey it there: shown, not refused. */
static void a_pragma_inside_the_tools_transaction(void **state)
{
    struct ls_plan *plan;
    struct ops o;
    int n_found = 0;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_put(&o, "migrations/1_a.up.sql", "PRAGMA foreign_keys = OFF;\nCREATE TABLE a (id int);");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    for (size_t i = 0; i < plan->findings.n; i++)
        n_found += strcmp(plan->findings.v[i].rule, "Y02") == 0 && plan->findings.v[i].severity == LS_SEV_DANGER;
    assert_int_equal(n_found, 1);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_put(&o, "migrations/2_v.up.sql", "VACUUM;");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "2_v.up.sql:1: statement 1 of 1 cannot run inside the transaction");
    ops_close(&o);
}

static void tool_sees_several_rows(bool pg)
{
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);");
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE b (id int);");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_sql(&o, "INSERT INTO schema_migrations VALUES (2, false)");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "holds 2 rows");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "1");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT version FROM schema_migrations", "2");
    ops_close(&o);
}
ENG_BOTH(tool_sees_several_rows)

static void a_version_that_is_no_number(void **state)
{
    struct ls_snapshot *snap = NULL;
    struct ls_err err = LS_ERR_INIT;
    struct ops o;

    (void)state;
    ops_open(&o, "golang-migrate", false);
    ops_sql(&o, "CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES ('abc', 0);");
    assert_int_equal(ls_session_snapshot(o.s, &snap, &err), LS_E_INPUT);
    eng_has(err.message, "\"abc\"");
    assert_null(snap);
    ls_err_release(&err);
    ops_close(&o);
}

/* Four tools own a table of that name: told apart by its columns, refused by name. */
static void foreign_ledgers(bool pg)
{
    static const struct {
        const char *ddl, *owner;
    } tables[] = {
        {"CREATE TABLE schema_migrations (version varchar(128) primary key)", "dbmate"},
        {"CREATE TABLE schema_migrations (version varchar primary key); CREATE TABLE ar_internal_metadata (key varchar);", "Rails"},
        {"CREATE TABLE schema_migrations (version bigint, inserted_at timestamp)", "Ecto"},
        {"CREATE TABLE schema_migrations (id int, what text)", "another tool (its columns: id, what)"},
        {"CREATE TABLE schema_migrations (version bigint, name text, applied_at text, checksum text, status text)", "lockstep"},
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(tables); i++) {
        struct ls_snapshot *snap;
        struct ops o;

        ops_open(&o, "golang-migrate", pg);
        ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);");
        ops_sql(&o, tables[i].ddl);
        snap = ops_snapshot(&o);
        assert_true(snap->ledger.exists);
        assert_string_equal(snap->ledger.foreign, tables[i].owner);
        ls_snapshot_free(snap);
        eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, tables[i].owner);
        eng_refused(&o, LS_ACTION_MARK_APPLIED, 0, "1", LS_E_REFUSED, "belongs to");
        ops_close(&o);
    }
}
ENG_BOTH(foreign_ledgers)

static void another_ledger_table(void **state)
{
    struct ls_session_params sp;
    struct ls_session *keep;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);");
    ops_sql(&o, "CREATE SCHEMA ops");
    sp = *ls_session_params(o.s);
    sp.ledger_table = "ops.my ledger";
    keep = o.s;
    o.s = ls_session_new(&sp);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT version FROM ops.\"my ledger\"", "1");
    eng_states(&o, "1 applied");
    ls_session_free(o.s);
    /* As x-migrations-table-quoted writes it. */
    ops_sql(&o, "DROP TABLE a");
    sp.ledger_table = "\"ops\".\"t.y \"\"q\"\"\"";
    o.s = ls_session_new(&sp);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT version FROM ops.\"t.y \"\"q\"\"\"", "1");
    eng_states(&o, "1 applied");
    ls_session_free(o.s);
    sp.ledger_table = "nowhere.t";
    o.s = ls_session_new(&sp);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_NOT_FOUND, "\"nowhere\" does not exist");
    ls_session_free(o.s);
    o.s = keep;
    ops_close(&o);
}

static void no_rights(void **state)
{
    struct ls_session_params sp;
    struct ls_session *keep;
    struct ls_snapshot *snap = NULL;
    struct ls_err err = LS_ERR_INIT;
    struct ops o;
    char *url, *db;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (id int);");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    db = ops_get(&o, "SELECT current_database()");
    ops_sql(&o, "DO $$ BEGIN CREATE ROLE eng_reader LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;");
    url = ls_asprintf("%s&user=eng_reader", o.url);
    sp = *ls_session_params(o.s);
    sp.url = url;
    keep = o.s;
    o.s = ls_session_new(&sp);
    assert_int_equal(ls_session_snapshot(o.s, &snap, &err), LS_E_RIGHTS);
    eng_has(err.message, "reading the ledger public.schema_migrations");
    eng_has(err.hint, "GRANT SELECT");
    ls_err_release(&err);
    ops_sql(&o, "SELECT 1");
    ls_session_free(o.s);
    o.s = keep;
    ops_sql(&o, "GRANT SELECT ON schema_migrations TO eng_reader");
    sp.url = url;
    o.s = ls_session_new(&sp);
    snap = ops_snapshot(&o);
    assert_false(snap->ledger.is_writable);
    ls_snapshot_free(snap);
    ls_session_free(o.s);
    o.s = keep;
    free(url);
    free(db);
    ops_close(&o);
}

static void new_files(void **state)
{
    static const struct {
        const char *there, *expected;
    } cases[] = {
        {NULL, "/20261129163844_add_email.up.sql"}, /* `create` without -seq */
        {"000007_x.up.sql", "/000008_add_email.up.sql"},
        {"7_x.up.sql", "/8_add_email.up.sql"},
        {"20260101000000_x.up.sql", "/20261129163844_add_email.up.sql"},
        {"1781568000_x.up.sql", "/1795970324_add_email.up.sql"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_arena *arena = ls_arena_new();
        const char *paths[3], *texts[3];
        struct ls_err err = LS_ERR_INIT;
        struct ls_snapshot *snap;
        struct ops o;

        ops_open(&o, "golang-migrate", false);
        if (cases[i].there != NULL) {
            char *name = ls_asprintf("migrations/%s", cases[i].there);

            ops_put(&o, name, "");
            free(name);
        }
        snap = ops_snapshot(&o);
        assert_int_equal(snap->format->new_files(arena, &snap->migrations, "add email!", INT64_C(1795970324000000), paths, texts, &err), 2);
        eng_has(paths[0], cases[i].expected);
        eng_has(paths[1], ".down.sql");
        assert_int_equal(snap->format->new_files(arena, &snap->migrations, "//", INT64_C(1795970324000000), paths, texts, &err), 0);
        assert_int_equal(err.code, LS_E_USAGE);
        ls_err_release(&err);
        ls_snapshot_free(snap);
        ls_arena_free(arena);
        ops_close(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_keys),
        cmocka_unit_test(both_keys_are_held),
        cmocka_unit_test(each_key_is_taken_while_it_runs),
        cmocka_unit_test(names),
        cmocka_unit_test(duplicates_refuse_everything),
        ENG_BOTH_TESTS(missing_cursor_refuses),
        ENG_BOTH_TESTS(late_file_is_never_run),
        ENG_BOTH_TESTS(order_of_events),
        ENG_BOTH_TESTS(a_link_that_leads_out),
        ENG_BOTH_TESTS(a_file_with_its_own_transactions),
        cmocka_unit_test(a_pragma_inside_the_tools_transaction),
        ENG_BOTH_TESTS(tool_sees_several_rows),
        cmocka_unit_test(a_version_that_is_no_number),
        ENG_BOTH_TESTS(foreign_ledgers),
        cmocka_unit_test(another_ledger_table),
        cmocka_unit_test(no_rights),
        cmocka_unit_test(new_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
