#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "format/sqitch.h"
#include "support/folders.h"

/* formats.md 10, observed: 1.3.1. */
#define HEAD     "%syntax-version=1.0.0\n%project=app\n%uri=https://example.com/app/\n\n"
#define ANN      "Ann \xc3\x96 <ann@example.com>"
#define A        "a 2026-11-21T07:54:26Z " ANN " # Adds a.\n"
#define V1       "@v1.0 2026-11-21T07:54:28Z " ANN " # tag it\n"
#define B        "b [a] 2026-11-21T07:55:01Z " ANN " # Adds b\n"
#define ID_A     "d1708af59ed5cb48d69b0bcbb2998a8d23cfeeb8"
#define ID_V1    "2baace9d856accd3be1c3135abec60c317772895"
#define ID_B     "27e9b32f3aa0b7221c1a8af2d6947b3f2d04c7e1"
#define SCRIPT_A "BEGIN; create table a(id int); COMMIT;\n"
#define HASH_A   "a43512497c428991cdccaa1d2be88157acded793"

/* Observed: app.db -> sqitch.db. */
static void registry_paths(void **state)
{
    struct ls_arena *a = ls_arena_new();

    (void)state;
    assert_string_equal(ls_sqitch_registry_path(a, "app.db", "sqitch"), "sqitch.db");
    assert_string_equal(ls_sqitch_registry_path(a, "/x/app.old.sqlite3", "sqitch"), "/x/sqitch.old.sqlite3");
    assert_string_equal(ls_sqitch_registry_path(a, "x.d/app", "sqitch"), "x.d/sqitch");
    assert_string_equal(ls_sqitch_registry_path(a, "x/app.db", "reg.sqlite"), "x/reg.sqlite");
    assert_string_equal(ls_sqitch_registry_path(a, "x/app.db", "/r/reg"), "/r/reg");
    ls_arena_free(a);
}

static void target_urls(void **state)
{
    static const char *const cases[][2] = {
        {"db:sqlite:a.db", "sqlite:p/a.db"},
        {"db:sqlite:/x/a%20b.db", "sqlite:/x/a b.db"},
        {"db:sqlite:///x/a.db", "sqlite:/x/a.db"},
        {"db:pg:app", "postgresql:///app"},
        {"db:pg://ann:pw@host:5433/app?sslmode=require", "postgresql://ann:pw@host:5433/app?sslmode=require"},
        {"postgres:app", "postgresql:///app"},
        {"db:mysql:app", NULL},
        {"db:sqlite:", NULL},
        {"db:pg:", NULL},
        {"prod", NULL},
    };
    struct ls_arena *a = ls_arena_new();

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        const char *url = ls_sqitch_target_url(a, "p", cases[i][0]);

        if (cases[i][1] == NULL)
            assert_null(url);
        else
            assert_string_equal(url, cases[i][1]);
    }
    ls_arena_free(a);
}

static const char *no_variables(const char *name)
{
    (void)name;
    return NULL;
}

static const char *some_variables(const char *name)
{
    return strcmp(name, "SQITCH_TARGET") == 0 ? "prod" : strcmp(name, "SQITCH_PASSWORD") == 0 ? "s3cret" : NULL;
}

static void where_the_project_says_that_its_database_is(void **state)
{
    struct ls_arena *a = ls_arena_new();
    struct ls_format_config c;
    struct ls_err err = LS_ERR_INIT;
    struct ops o;
    char *root;

    (void)state;
    ops_open(&o, "sqitch", false);
    root = ops_path(&o, "migrations");
    assert_int_equal(ls_sqitch_config(a, root, no_variables, &c, &err), LS_OK);
    assert_null(c.url);
    assert_null(c.dir);
    fld_put(&o, "migrations/sqitch.conf",
            "[core]\n\tengine = sqlite\n[engine \"sqlite\"]\n\ttarget = dev\n[target \"dev\"]\n\turi = db:sqlite:dev.db\n"
            "[target \"prod\"]\n\turi = db:pg://ann@host/app\n");
    assert_int_equal(ls_sqitch_config(a, root, no_variables, &c, &err), LS_OK);
    eng_has(c.url, "migrations/dev.db");
    assert_string_equal(c.url_source, "engine.sqlite.target in sqitch.conf");
    assert_int_equal(ls_sqitch_config(a, root, some_variables, &c, &err), LS_OK);
    assert_string_equal(c.url_source, "SQITCH_TARGET");
    assert_string_equal(c.url, "postgresql://ann:s3cret@host/app");
    fld_put(&o, "migrations/sqitch.conf", "[core\n");
    assert_int_equal(ls_sqitch_config(a, root, no_variables, &c, &err), LS_E_INPUT);
    eng_has(err.message, "sqitch.conf:1");
    ls_err_release(&err);
    free(root);
    ls_arena_free(a);
    ops_close(&o);
}

/* --- a project, and a registry as the tool leaves it -----------------------------------------------------------------------------
 */

static void project(struct ops *o, bool pg)
{
    fld_put(o, "migrations/sqitch.conf", pg ? "[core]\n\tengine = pg\n" : "[core]\n\tengine = sqlite\n");
    fld_put(o, "migrations/sqitch.plan", HEAD A V1 B);
    fld_put(o, "migrations/deploy/a.sql", SCRIPT_A);
    fld_put(o, "migrations/revert/a.sql", "DROP TABLE a;\n");
    fld_put(o, "migrations/verify/a.sql", "SELECT id FROM a WHERE 0 = 1;\n");
    fld_put(o, "migrations/deploy/b.sql", "\\set x 1\n");
    fld_put(o, "migrations/revert/b.sql", "SELECT 1;\n");
}

static const char tables_sql[] =
    "CREATE TABLE %schanges (change_id text PRIMARY KEY, script_hash text, change text, project text, note text, committed_at "
    "timestamp%s, "
    "committer_name text, committer_email text, planned_at timestamp%s, planner_name text, planner_email text);"
    "CREATE TABLE %stags (tag_id text PRIMARY KEY, tag text, project text, change_id text, note text, committed_at timestamp%s, "
    "committer_name text, "
    "committer_email text, planned_at timestamp%s, planner_name text, planner_email text);"
    "CREATE TABLE %sdependencies (change_id text, type text, dependency text, dependency_id text);"
    "CREATE TABLE %sevents (event text, change_id text, change text, project text, note text, requires %s, conflicts %s, tags %s, "
    "committed_at timestamp%s, "
    "committer_name text, committer_email text, planned_at timestamp%s, planner_name text, planner_email text);";

/* a is deployed with its tag; b failed once, was deployed and reverted; another project shares the registry. note: of a, as
 * deployed. */
static void registry(struct ops *o, bool pg, const char *id_a, const char *note)
{
    const char *s = pg ? "sqitch." : "", *tz = pg ? "tz" : "", *list = pg ? "text[]" : "text",
               *none = pg ? "'{}', '{}', '{}'" : "'', '', ''";
    const char *who = "'Ann \xc3\x96', 'ann@example.com'";
    char *path = ops_path(o, "sqitch.db");
    char *own = ls_asprintf("sqlite:%s", path);
    struct ls_db *db = NULL;
    char *tables = ls_asprintf(tables_sql, s, tz, tz, s, tz, tz, s, s, list, list, list, tz, tz);
    char *rows = ls_asprintf(
        "INSERT INTO %schanges VALUES ('%s', '" HASH_A "', 'a', 'app', '%s', '2026-11-22 08:00:00', %s, '2026-11-21 07:54:26', %s);"
        "INSERT INTO %schanges VALUES ('ffff', 'x', 'a', 'another', '', '2026-11-22 08:00:00', %s, '2026-11-21 07:54:26', %s);"
        "INSERT INTO %stags VALUES ('" ID_V1 "', '@v1.0', 'app', '%s', '', '2026-11-22 08:00:00', %s, '2026-11-21 07:54:28', %s);"
        "INSERT INTO %sevents VALUES ('deploy', '%s', 'a', 'app', '', %s, '2026-11-22 08:00:00', %s, '2026-11-21 07:54:26', %s);"
        "INSERT INTO %sevents VALUES ('fail', '" ID_B
        "', 'b', 'app', '', %s, '2026-11-22 08:01:00', %s, '2026-11-21 07:55:01', %s);"
        "INSERT INTO %sevents VALUES ('deploy', '" ID_B
        "', 'b', 'app', '', %s, '2026-11-22 08:02:00', %s, '2026-11-21 07:55:01', %s);"
        "INSERT INTO %sevents VALUES ('revert', '" ID_B
        "', 'b', 'app', '', %s, '2026-11-22 08:03:00', %s, '2026-11-21 07:55:01', %s);",
        s, id_a, note, who, who, s, who, who, s, id_a, who, who, s, id_a, none, who, who, s, none, who, who, s, none, who, who, s,
        none, who, who);

    if (pg) {
        ops_sql(o, "CREATE SCHEMA sqitch");
        ops_sql(o, tables);
        ops_sql(o, rows);
    } else {
        struct ls_exec_info info;

        ops_ok(ls_db_open(&(struct ls_db_params){.url = own, .create = true}, &db, err));
        ops_ok(ls_db_exec_batch(db, tables, strlen(tables), &info, err));
        ops_ok(ls_db_exec_batch(db, rows, strlen(rows), &info, err));
        ls_db_close(db);
    }
    free(own);
    free(path);
    free(tables);
    free(rows);
}

static void reads_the_project(bool pg)
{
    struct ls_snapshot *snap;
    const struct ls_migration *m;
    char evidence[160];
    struct ops o;
    int score;

    ops_open(&o, "sqitch", pg);
    project(&o, pg);
    fmt_detect(&o, "sqitch", &score, evidence);
    assert_int_equal(score, 100);
    assert_string_equal(evidence, "sqitch.plan with %syntax-version= and 2 changes");
    fmt_order_is(&o, "a @v1.0 b");
    snap = ops_snapshot(&o);
    m = snap->migrations.m.v;
    assert_false(snap->ledger.exists);
    assert_string_equal(m[0].id, ID_A);
    assert_string_equal(m[0].checksum, HASH_A);
    assert_string_equal(m[0].name, "Adds a.");
    assert_string_equal(m[0].labels[0], "@v1.0");
    assert_null(m[0].labels[1]);
    assert_string_equal(m[0].author, ANN);
    assert_string_equal(m[0].authored_at, "2026-11-21T07:54:26Z");
    assert_int_equal(m[0].lang, LS_LANG_CLIENT_SCRIPT);
    assert_non_null(strstr(m[0].verify.path, "verify/a.sql"));
    assert_int_equal(m[1].kind, LS_KIND_TAG);
    assert_string_equal(m[2].depends[0], ID_A);
    assert_null(m[2].verify.path);
    ls_snapshot_free(snap);
    eng_states(&o, "a pending, @v1.0 pending, b pending");
    ops_close(&o);
}
ENG_BOTH(reads_the_project)

static void reads_the_registry(bool pg)
{
    struct ls_snapshot *snap;
    const struct ls_entry *e;
    struct ops o;

    ops_open(&o, "sqitch", pg);
    project(&o, pg);
    registry(&o, pg, ID_A, "Adds a.");
    eng_states(&o, "a applied, @v1.0 applied, b rolled-back");
    snap = ops_snapshot(&o);
    e = snap->timeline.e.v;
    assert_true(snap->ledger.exists);
    assert_null(snap->ledger.foreign);
    assert_int_equal(snap->ledger.rows.n, 7); /* nothing is collapsed, not even another project's */
    assert_int_equal(e[0].n_rows, 2);
    assert_int_equal(e[2].n_rows, 3);
    assert_string_equal(e[2].rows[0]->raw_status, "fail");
    assert_string_equal(e[2].rows[2]->raw_status, "revert");
    assert_string_equal(e[0].row->applied_by, ANN);
    assert_memory_equal(e[0].row->applied_at, "2026-11-22T08:00:00", 19);
    assert_int_equal(snap->timeline.next_pending, 2);
    ls_snapshot_free(snap);
    fld_put(&o, "migrations/deploy/a.sql", "SELECT 2;\n");
    eng_states(&o, "a modified, @v1.0 applied, b rolled-back");
    ops_close(&o);
}
ENG_BOTH(reads_the_registry)

/* Deployed with another note: the ids of the plan do not match, and it is said why. */
static void an_edited_plan_is_explained(bool pg)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "sqitch", pg);
    project(&o, pg);
    registry(&o, pg, "aaaa68485bd3f3ba3c1eb1c8e3b7bd4d10ab3a01", "Adds A.");
    eng_states(&o, "a out-of-order, @v1.0 applied, b rolled-back, aaaa68485bd3f3ba3c1eb1c8e3b7bd4d10ab3a01 missing");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->timeline.e.v[0].tool_would,
                        "refuses everything: it is deployed as aaaa68485bd3, and its note was edited since");
    assert_int_equal(ls_format_sqitch.check_runnable(&snap->timeline, &snap->ledger, LS_UP, &err), LS_E_REFUSED);
    eng_has(err.message, "a is deployed as aaaa68485bd3");
    eng_has(err.message, "its note was edited");
    ls_err_release(&err);
    ls_snapshot_free(snap);
    /* The line is gone. */
    fld_put(&o, "migrations/sqitch.plan", HEAD "c 2026-11-21T07:54:26Z " ANN "\n");
    snap = ops_snapshot(&o);
    assert_int_equal(ls_format_sqitch.check_runnable(&snap->timeline, &snap->ledger, LS_DOWN, &err), LS_E_REFUSED);
    eng_has(err.message, "cannot find in the plan");
    ls_err_release(&err);
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(an_edited_plan_is_explained)

static void a_table_of_that_name_is_foreign(void **state)
{
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "sqitch", true);
    project(&o, true);
    ops_sql(&o, "CREATE SCHEMA sqitch");
    ops_sql(&o, "CREATE TABLE sqitch.changes (id int)");
    snap = ops_snapshot(&o);
    eng_has(snap->ledger.foreign, "its columns: id");
    ls_snapshot_free(snap);
    ops_close(&o);
}

/* The layout of sqitch.conf, and scripts of a change that was planned again. */
static void reworks_and_layout(void **state)
{
    static const char plan[] = HEAD A V1 "a [a@v1.0] 2026-11-21T07:56:00Z " ANN " # again\n";
    struct ls_snapshot *snap;
    const struct ls_migration *m;
    struct ops o;

    (void)state;
    ops_open(&o, "sqitch", false);
    fld_put(&o, "migrations/sqitch.conf",
            "[core]\n\tengine = sqlite\n\ttop_dir = sql\n[engine \"sqlite\"]\n\textension = ddl\n\treworked_dir = old\n");
    fld_put(&o, "migrations/sql/sqitch.plan", plan);
    fld_put(&o, "migrations/sql/deploy/a.ddl", "SELECT 2;\n");
    fld_put(&o, "migrations/old/deploy/a@v1.0.ddl", SCRIPT_A);
    fmt_order_is(&o, "a@v1.0 @v1.0 a");
    snap = ops_snapshot(&o);
    m = snap->migrations.m.v;
    eng_has(m[0].up.path, "old/deploy/a@v1.0.ddl");
    assert_string_equal(m[0].checksum, HASH_A);
    eng_has(m[2].up.path, "sql/deploy/a.ddl");
    ls_snapshot_free(snap);
    ops_close(&o);
}

static void what_is_wrong_in_a_folder(void **state)
{
    struct ops o;
    char *link, *target;

    (void)state;
    ops_open(&o, "sqitch", false);
    project(&o, false);
    fld_put(&o, "migrations/sqitch.plan", HEAD A "nonsense\n" B "c 2026-11-21T07:58:00Z " ANN "\n");
    fmt_diag_is(&o, "plan-syntax", "sqitch.plan", 6, "missing timestamp");
    fmt_diag_is(&o, "missing-up", "c.sql", 0, "no script to deploy");
    fmt_order_is(&o, "a b c");
    eng_refused(&o, LS_ACTION_MARK_APPLIED, 0, "a", LS_E_REFUSED, "missing timestamp");
    fld_put(&o, "migrations/sqitch.plan", HEAD A "c [!nope !other:x] 2026-11-21T07:58:00Z " ANN "\n");
    fmt_diag_is(&o, "unknown-conflict", "sqitch.plan", 6, "c conflicts with nope");
    fld_put(&o, "migrations/sqitch.conf", "[core]\n\tengine = \"sqlite\n");
    fmt_diag_is(&o, "conf-syntax", "sqitch.conf", 2, "quote");
    fld_put(&o, "outside.sql", "SELECT 1;");
    link = ops_path(&o, "migrations/deploy/c.sql");
    target = ops_path(&o, "outside.sql");
    assert_int_equal(symlink(target, link), 0);
    fmt_diag_is(&o, "outside-link", "c.sql", 0, "leads out of the folder");
    free(link);
    free(target);
    ops_close(&o);
}

static void new_change(void **state)
{
    const char *paths[LS_NEW_FILES_MAX], *texts[LS_NEW_FILES_MAX];
    struct ls_arena *arena = ls_arena_new();
    struct ls_err err = LS_ERR_INIT;
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ops_open(&o, "sqitch", false);
    project(&o, false);
    fld_put(&o, "migrations/sqitch.conf", "[core]\n\tengine = sqlite\n[user]\n\tname = Bo\n\temail = bo@example.com\n");
    snap = ops_snapshot(&o);
    assert_int_equal(
        ls_format_sqitch.new_files(arena, &snap->migrations, "add email", INT64_C(1795970324000000), paths, texts, &err), 4);
    eng_has(paths[0], "/deploy/add_email.sql");
    eng_has(paths[1], "/revert/add_email.sql");
    eng_has(paths[2], "/verify/add_email.sql");
    eng_has(paths[3], "/sqitch.plan");
    assert_string_equal(texts[0], "-- Deploy app:add_email to sqlite\n\nBEGIN;\n\n-- XXX Add DDLs here.\n\nCOMMIT;\n");
    assert_string_equal(texts[2], "-- Verify app:add_email on sqlite\n\nBEGIN;\n\n-- XXX Add verifications here.\n\nROLLBACK;\n");
    assert_string_equal(texts[3], HEAD A V1 B "add_email 2026-11-29T16:38:44Z Bo <bo@example.com> # add email\n");
    assert_int_equal(ls_format_sqitch.new_files(arena, &snap->migrations, "a", 0, paths, texts, &err), 0);
    eng_has(err.message, "already");
    ls_err_release(&err);
    ls_snapshot_free(snap);
    ls_arena_free(arena);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry_paths),
        cmocka_unit_test(target_urls),
        cmocka_unit_test(where_the_project_says_that_its_database_is),
        ENG_BOTH_TESTS(reads_the_project),
        ENG_BOTH_TESTS(reads_the_registry),
        ENG_BOTH_TESTS(an_edited_plan_is_explained),
        cmocka_unit_test(a_table_of_that_name_is_foreign),
        cmocka_unit_test(reworks_and_layout),
        cmocka_unit_test(what_is_wrong_in_a_folder),
        cmocka_unit_test(new_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
