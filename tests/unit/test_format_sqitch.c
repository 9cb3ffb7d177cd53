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
#define HEAD "%syntax-version=1.0.0\n%project=app\n%uri=https://example.com/app/\n\n"
#define ANN  "Ann \xc3\x96 <ann@example.com>"
#define A    "a 2026-11-21T07:54:26Z " ANN " # Adds a.\n"
#define V1   "@v1.0 2026-11-21T07:54:28Z " ANN " # tag it\n"
#define B    "b [a] 2026-11-21T07:55:01Z " ANN " # Adds b\n"
#define ID_A  "d1708af59ed5cb48d69b0bcbb2998a8d23cfeeb8"
#define ID_V1 "2baace9d856accd3be1c3135abec60c317772895"
#define ID_B  "27e9b32f3aa0b7221c1a8af2d6947b3f2d04c7e1"
#define SCRIPT_A "BEGIN; create table a(id int); COMMIT;\n"
#define HASH_A   "a43512497c428991cdccaa1d2be88157acded793"

struct plan {
    struct ls_arena *arena;
    struct ls_sqitch_plan p;
};

static void parse(struct plan *out, const char *text)
{
    out->arena = ls_arena_new();
    ls_sqitch_plan_parse(out->arena, text, strlen(text), &out->p);
}

static void release(struct plan *p)
{
    ls_sqitch_plan_release(&p->p);
    ls_arena_free(p->arena);
}

static void ids_are_those_of_the_tool(void **state)
{
    struct plan p;

    (void)state;
    parse(&p, HEAD A V1 B);
    assert_int_equal(p.p.errors.n, 0);
    assert_int_equal(p.p.items.n, 3);
    assert_string_equal(p.p.items.v[0].id, ID_A);
    assert_string_equal(p.p.items.v[1].id, ID_V1);
    assert_string_equal(p.p.items.v[2].id, ID_B);
    assert_true(p.p.items.v[1].is_tag);
    assert_string_equal(p.p.items.v[2].planner_name, "Ann \xc3\x96");
    assert_string_equal(p.p.items.v[2].planner_email, "ann@example.com");
    assert_int_equal(p.p.items.v[2].depends[0].item, 0);
    release(&p);
}

/* Observed: 1.3.1, with the project's URI left out, conflicts, another project, a rework and two tags on one change. */
static void more_ids(void **state)
{
    static const char text[] = "%syntax-version=1.0.0\n%project=app\n\n"
                               "a 2026-11-21T07:54:26Z " ANN " # Adds a.\\nTwo\\\\lines\n"
                               "b [a !zz other:x] 2026-11-21T07:55:01Z " ANN "\n"
                               "@v1 2026-11-21T07:56:00Z " ANN "\n"
                               "@v2 2026-11-21T07:56:01Z " ANN "\n"
                               "b [b@v2] 2026-11-21T07:57:00Z " ANN " # again\n"
                               "c [app:a @v1] 2026-11-21T07:58:00Z " ANN " # 0\n";
    static const char *const ids[] = {
        "aaebbf54d598c3b3074e0593fe975760fc2ba1ad", "a527cb6e96b0ac4f208668aaf552b2b2538b8f65", "eebf1caafb9374719b125057408320c7580763bf",
        "31eeae0b21667ea87b3f8607c2c4e24d89e68f12", "ee4738f420d3b475969aa37d10c489f8808efc5f", "528dd2af0ecdf1863e386a6101e10a1bf9fa30a5",
    };
    struct plan p;

    (void)state;
    parse(&p, text);
    assert_int_equal(p.p.errors.n, 0);
    assert_int_equal(p.p.items.n, 6);
    for (size_t i = 0; i < LS_ARRAY_LEN(ids); i++)
        assert_string_equal(p.p.items.v[i].id, ids[i]);
    assert_string_equal(p.p.items.v[0].note, "Adds a.\nTwo\\lines");
    assert_string_equal(p.p.items.v[1].rework_tags[0], "v1");
    assert_string_equal(p.p.items.v[1].rework_tags[1], "v2");
    assert_null(p.p.items.v[1].rework_tags[2]);
    assert_int_equal(p.p.items.v[4].depends[0].item, 1);
    assert_null(p.p.items.v[4].rework_tags);
    assert_string_equal(p.p.items.v[5].depends[0].text, "a");
    assert_string_equal(p.p.items.v[1].depends[2].text, "other:x");
    release(&p);
}

/* What the tool says of each was looked at in its source; it stops at the first. */
static void lines_that_are_wrong(void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"x", "missing timestamp and planner"},
        {"x 2026-11-21T07:54:26Z", "missing planner"},
        {"x " ANN, "missing timestamp"},
        {"x 2026-13-21T07:54:26Z " ANN, "no time"},
        {"x 2026-02-30T07:54:26Z " ANN, "no time"},
        {"-x 2026-11-21T07:54:26Z " ANN, "reverts"},
        {"x@y 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x:y 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x/1 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {".x 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x! 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x[a] 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x [] 2026-11-21T07:54:26Z " ANN, "nothing between"},
        {"x [a 2026-11-21T07:54:26Z " ANN, "has no ]"},
        {"x [ a] 2026-11-21T07:54:26Z " ANN, "not a valid dependency"},
        {"x [a a] 2026-11-21T07:54:26Z " ANN, "duplicate dependency"},
        {"x [x] 2026-11-21T07:54:26Z " ANN, "cannot require itself"},
        {"x [nope] 2026-11-21T07:54:26Z " ANN, "unknown change"},
        {"x [a@nope] 2026-11-21T07:54:26Z " ANN, "unknown change"},
        {"x [@nope] 2026-11-21T07:54:26Z " ANN, "unknown change"},
        {"HEAD 2026-11-21T07:54:26Z " ANN, "reserved"},
        {ID_A " 2026-11-21T07:54:26Z " ANN, "SHA-1"},
        {"a 2026-11-21T07:54:26Z " ANN, "duplicates earlier declaration on line 5"},
        {"@a/b 2026-11-21T07:54:26Z " ANN, "illegal character"},
        {"@t [a] 2026-11-21T07:54:26Z " ANN, "may not specify"},
        {"#", "invalid name"},
        {"x \xff 2026-11-21T07:54:26Z " ANN, "UTF-8"},
        {"x 2026-11-21T07:54:26Z Ann <ann@example.com> more", "missing planner"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *text = ls_asprintf("%s%s%s\nlast 2026-11-21T08:00:00Z %s\n", HEAD, A, cases[i].line, ANN);
        struct plan p;

        parse(&p, text);
        if (p.p.errors.n != 1)
            fail_msg("%s: %zu errors", cases[i].line, p.p.errors.n);
        assert_int_equal(p.p.errors.v[0].line, 6);
        eng_has(p.p.errors.v[0].message, cases[i].words);
        /* What stands behind it is there all the same. */
        assert_string_equal(p.p.items.v[p.p.items.n - 1].name, "last");
        release(&p);
        free(text);
    }
}

static void lines_that_are_right(void **state)
{
    static const struct {
        const char *line;
        size_t n_items;
    } cases[] = {
        {"x/y-z 2026-11-21T07:54:26Z " ANN, 2},
        {"  + x\t[a]2026-11-21T07:54:26Z" ANN "\r", 2},
        {"x [!nope other:y " ID_B "] 2026-11-21T07:54:26Z " ANN " # note # more", 2},
        {"# only words", 1},
        {"\t", 1},
        {" @t 2026-11-21T07:54:26Z " ANN, 2},
        {"x 2024-02-29T23:59:59Z A. B. <a b>", 2},
        {"\xc3\xa4 2026-11-21T07:54:26Z " ANN, 2},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *text = ls_asprintf("%s%s%s\n", HEAD, A, cases[i].line);
        struct plan p;

        parse(&p, text);
        if (p.p.errors.n != 0)
            fail_msg("%s: %s", cases[i].line, p.p.errors.v[0].message);
        assert_int_equal(p.p.items.n, cases[i].n_items);
        release(&p);
        free(text);
    }
}

static void heads(void **state)
{
    static const struct {
        const char *text, *words;
        int line;
    } cases[] = {
        {"", "missing %project", 0},
        {"%syntax-version=1.0.0\n\n" A, "missing %project", 0},
        {"%project=a b\n\n", "invalid project name", 1},
        {"%project=\n\n", "no value", 1},
        {"%project=x\n" A, "must come between", 2},
        {"\xef\xbb\xbf%project=x\n\n" A, "byte order mark", 1},
        {"%project=x\n\n" V1, "without a preceding change", 3},
    };
    struct plan p;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        parse(&p, cases[i].text);
        if (p.p.errors.n == 0)
            fail_msg("%s: no error", cases[i].text);
        assert_int_equal(p.p.errors.v[0].line, cases[i].line);
        eng_has(p.p.errors.v[0].message, cases[i].words);
        release(&p);
    }
    parse(&p, "# words\n%syntax-version=1.0.0\n % project = x # y\n%uri=urn:x\n%other\n\n" A);
    assert_int_equal(p.p.errors.n, 0);
    assert_string_equal(p.p.project, "x");
    assert_string_equal(p.p.uri, "urn:x");
    release(&p);
}

/* Observed with the tool's library, URI 5.17. */
static void uris(void **state)
{
    static const char *const cases[][2] = {
        {"https://example.com/app/", "https://example.com/app/"},
        {"https://Example.com", "https://example.com/"},
        {"HTTPS://example.com:443/a%7eb%c3%a9 x", "https://example.com/a~b%C3%A9%20x"},
        {"http://example.com:8080", "http://example.com:8080/"},
        {"http://e.com?x=1", "http://e.com?x=1"},
        {"http://e.com:", "http://e.com/"},
        {"mailto:A@B.c", "mailto:A@B.c"},
        {"git@github.com:foo/bar", "git@github.com:foo/bar"},
        {"https://u@EX.com:80/x", "https://u@ex.com:80/x"},
        {"ssh://GIT@Host.com/x", "ssh://GIT@host.com/x"},
        {"https://e.com/\xc3\xa9", "https://e.com/%C3%A9"},
        {"x%", "x%"},
    };
    struct ls_arena *arena = ls_arena_new();

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++)
        assert_string_equal(ls_sqitch_uri(arena, cases[i][0]), cases[i][1]);
    ls_arena_free(arena);
}

static void conf(void **state)
{
    static const char text[] = "; words\n[core]\n  engine = sqlite # c\n\tTop_Dir = \"a b\" ; x\n[engine \"SQLite\"]\n\ttarget = db:sqlite:a\\\nb\n"
                               "  flag\n x = \"b # c\\t\\\"\"\n[Engine.pg]\nregistry=r\n[core]\nengine=pg\n";
    struct ls_arena *arena = ls_arena_new();
    struct ls_sqitch_conf c;

    (void)state;
    ls_sqitch_conf_parse(arena, text, strlen(text), &c);
    assert_int_equal(c.error_line, 0);
    assert_string_equal(ls_sqitch_conf_get(&c, "core", "", "engine"), "pg"); /* the last one */
    assert_string_equal(ls_sqitch_conf_get(&c, "core", "", "top_dir"), "a b");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "SQLite", "target"), "db:sqlite:ab");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "SQLite", "flag"), "true");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "SQLite", "x"), "b # c\t\"");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "pg", "registry"), "r");
    assert_null(ls_sqitch_conf_get(&c, "engine", "sqlite", "x"));
    ls_sqitch_conf_release(&c);
    ls_arena_free(arena);
}

static void conf_that_is_wrong(void **state)
{
    static const struct {
        const char *text;
        int line;
    } cases[] = {
        {"[core]\na=1\n[x\n", 3}, {"a=1\n", 1},          {"[core]\n a b\n", 2}, {"[core]\n a = \"x\n", 2},
        {"[core]\n a = \\q\n", 2}, {"[core]\n= x\n", 2}, {"[]\n", 1},           {"[core \"x]\n", 1},
    };
    struct ls_arena *arena = ls_arena_new();

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_sqitch_conf c;

        ls_sqitch_conf_parse(arena, cases[i].text, strlen(cases[i].text), &c);
        if (c.error_line != cases[i].line)
            fail_msg("%s: line %d", cases[i].text, c.error_line);
        assert_non_null(c.error);
        ls_sqitch_conf_release(&c);
    }
    ls_arena_free(arena);
}

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

/* --- a project, and a registry as the tool leaves it ----------------------------------------------------------------------------- */

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
    "CREATE TABLE %schanges (change_id text PRIMARY KEY, script_hash text, change text, project text, note text, committed_at timestamp%s, "
    "committer_name text, committer_email text, planned_at timestamp%s, planner_name text, planner_email text);"
    "CREATE TABLE %stags (tag_id text PRIMARY KEY, tag text, project text, change_id text, note text, committed_at timestamp%s, committer_name text, "
    "committer_email text, planned_at timestamp%s, planner_name text, planner_email text);"
    "CREATE TABLE %sdependencies (change_id text, type text, dependency text, dependency_id text);"
    "CREATE TABLE %sevents (event text, change_id text, change text, project text, note text, requires %s, conflicts %s, tags %s, committed_at timestamp%s, "
    "committer_name text, committer_email text, planned_at timestamp%s, planner_name text, planner_email text);";

/* a is deployed with its tag; b failed once, was deployed and reverted; another project shares the registry. note: of a, as deployed. */
static void registry(struct ops *o, bool pg, const char *id_a, const char *note)
{
    const char *s = pg ? "sqitch." : "", *tz = pg ? "tz" : "", *list = pg ? "text[]" : "text", *none = pg ? "'{}', '{}', '{}'" : "'', '', ''";
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
        "INSERT INTO %sevents VALUES ('fail', '" ID_B "', 'b', 'app', '', %s, '2026-11-22 08:01:00', %s, '2026-11-21 07:55:01', %s);"
        "INSERT INTO %sevents VALUES ('deploy', '" ID_B "', 'b', 'app', '', %s, '2026-11-22 08:02:00', %s, '2026-11-21 07:55:01', %s);"
        "INSERT INTO %sevents VALUES ('revert', '" ID_B "', 'b', 'app', '', %s, '2026-11-22 08:03:00', %s, '2026-11-21 07:55:01', %s);",
        s, id_a, note, who, who, s, who, who, s, id_a, who, who, s, id_a, none, who, who, s, none, who, who, s, none, who, who, s, none, who, who);

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
    assert_string_equal(snap->timeline.e.v[0].tool_would, "refuses everything: it is deployed as aaaa68485bd3, and its note was edited since");
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
    fld_put(&o, "migrations/sqitch.conf", "[core]\n\tengine = sqlite\n\ttop_dir = sql\n[engine \"sqlite\"]\n\textension = ddl\n\treworked_dir = old\n");
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
    assert_int_equal(ls_format_sqitch.new_files(arena, &snap->migrations, "add email", INT64_C(1795970324000000), paths, texts, &err), 4);
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
        cmocka_unit_test(ids_are_those_of_the_tool),
        cmocka_unit_test(more_ids),
        cmocka_unit_test(lines_that_are_wrong),
        cmocka_unit_test(lines_that_are_right),
        cmocka_unit_test(heads),
        cmocka_unit_test(uris),
        cmocka_unit_test(conf),
        cmocka_unit_test(conf_that_is_wrong),
        cmocka_unit_test(registry_paths),
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
