/* What formats share: sections, folders of folders, JSON with places, whole projects, ledgers of other tools. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/json.h"
#include "format/section.h"
#include "format/tree.h"
#include "support/engine.h"

/* --- sections ---------------------------------------------------------------------------------------------------------------------------- */

static void an_empty_section_stays_one(void **state)
{
    struct ls_section s = {0};

    (void)state;
    ls_section_set(&s, "x.sql", 5, 5, 2);
    ls_section_hash(&s, "-- up", 5);
    assert_int_equal(s.end, 5);
    assert_string_equal(s.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* --- folders ---------------------------------------------------------------------------------------------------------------------------- */

static bool parse(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    const char *end = strstr(file, ".sql");

    m->id = m->label = ls_arena_strn(arena, file, end != NULL ? (size_t)(end - file) : strlen(file));
    m->name = "";
    m->version = strtoull(file, NULL, 10);
    return file[0] >= '0' && file[0] <= '9';
}

static char *put(const struct ops *o, const char *name, const char *text)
{
    char *path = ops_path(o, name), *dir = ls_strndup(path, (size_t)(strrchr(path, '/') - path));

    ops_ok(ls_mkdir_p(dir, 0700, err));
    ops_put(o, name, text);
    free(dir);
    return path;
}

static void ids(const struct ls_migrations *m, const char *expected)
{
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < m->m.n; i++)
        ls_buf_addf(&b, "%s%s%s", i > 0 ? " " : "", m->m.v[i].id, (m->m.v[i].flags & LS_MIG_DUPLICATE) != 0 ? "!" : "");
    assert_string_equal(b.ptr, expected);
    ls_buf_release(&b);
}

static const struct ls_diag *diag(const struct ls_migrations *m, const char *code)
{
    for (size_t i = 0; i < m->diags.d.n; i++)
        if (strcmp(m->diags.d.v[i].code, code) == 0)
            return &m->diags.d.v[i];
    fail_msg("there is no %s", code);
    return NULL;
}

static void files(void **state)
{
    struct ls_migrations m;
    struct ls_err bad = LS_ERR_INIT;
    struct ops o;
    char *dir, *outside, *link;

    (void)state;
    ops_open(&o, "lockstep", false);
    dir = ops_path(&o, "migrations");
    free(put(&o, "migrations/10.sql", "x"));
    free(put(&o, "migrations/2.sql", "xy"));
    free(put(&o, "migrations/2.sql.bak", "xy"));
    free(put(&o, "migrations/readme.txt", "xy"));
    free(put(&o, "migrations/other.sql", "xy"));
    outside = put(&o, "secret", "x");
    link = ops_path(&o, "migrations/3.sql");
    assert_int_equal(symlink(outside, link), 0);
    ops_ok(ls_scan_files(dir, parse, ls_order_version, &m, err));
    ids(&m, "2! 2! 10");
    eng_has(diag(&m, "duplicate-version")->message, "2.sql.bak");
    eng_has(diag(&m, "outside-link")->path, "migrations/3.sql");
    eng_has(diag(&m, "ignored-file")->path, "other.sql");
    ls_migrations_release(&m);
    ops_ok(ls_scan_files(dir, parse, NULL, &m, err));
    ids(&m, "10 2! 2!");
    ls_migrations_release(&m);
    assert_int_equal(ls_scan_files("/nonexistent", parse, NULL, &m, &bad), LS_E_NOT_FOUND);
    ls_migrations_release(&m);
    ls_err_release(&bad);
    free(dir);
    free(outside);
    free(link);
    ops_close(&o);
}

static void folders(void **state)
{
    struct ls_migrations m;
    struct ops o;
    char *dir;

    (void)state;
    ops_open(&o, "lockstep", false);
    dir = ops_path(&o, "migrations");
    free(put(&o, "migrations/2_b/up.sql", "x"));
    free(put(&o, "migrations/10_a/up.sql", "x"));
    free(put(&o, "migrations/10_a/down.sql", "xyz"));
    free(put(&o, "migrations/3_c/down.sql", "x"));
    free(put(&o, "migrations/4_file.sql", "x"));
    free(put(&o, "migrations/other/up.sql", "x"));
    ops_ok(ls_scan_dirs(dir, "up.sql", "down.sql", parse, ls_order_version, &m, err));
    ids(&m, "2_b 3_c 10_a");
    assert_null(m.m.v[0].down.path);
    assert_null(m.m.v[1].up.path);
    eng_has(m.m.v[2].down.path, "migrations/10_a/down.sql");
    assert_string_equal(diag(&m, "missing-up")->version, "3_c");
    assert_ptr_equal(ls_migrations_find_id(&m, "10_a"), &m.m.v[2]);
    assert_null(ls_migrations_find_id(&m, "10"));
    ls_migrations_release(&m);
    free(dir);
    ops_close(&o);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------------------------- */

struct told {
    size_t n;
    int lines[300];
    int64_t sum;
};

static void count(void *ctx, size_t n, int line, const json_t *entry)
{
    struct told *t = ctx;
    int64_t value = 0;

    if (n == 0)
        *t = (struct told){0};
    assert_int_equal(n, t->n);
    (void)ls_json_int(entry, "v", &value);
    t->lines[t->n++] = line;
    t->sum += value;
}

/* The text as a file, read entry by entry: the same as when it is read whole. */
static json_t *load_list(struct ops *o, const char *text, struct told *t)
{
    struct ls_err err = LS_ERR_INIT, other = LS_ERR_INIT;
    char *path = put(o, "list.json", text);
    json_t *whole = ls_json_load(path, &other), *root;
    size_t n = json_array_size(json_object_get(whole, "list"));

    *t = (struct told){0};
    root = ls_json_load_list(path, "list", count, t, &err);
    assert_int_equal(root == NULL, whole == NULL);
    assert_int_equal(json_is_array(json_object_get(root, "list")), json_is_array(json_object_get(whole, "list")));
    if (whole != NULL)
        assert_int_equal(t->n, n);
    else
        assert_string_equal(err.message, other.message);
    json_decref(whole);
    ls_err_release(&err);
    ls_err_release(&other);
    free(path);
    return root;
}

static void a_list(void **state)
{
    static const char *const same[] = {
        "{\"list\": []}", "{\"list\": [ \n ]}", "{\"list\": [1, \"],[\", [2, 3], {\"v\": \"}\"}, null]}", "{\"list\": {}}", "{\"list\": 7}", "{}", "[]", "",
        "[\"list\", [1]]", "{\"x\": {\"list\": [1, 2]}, \"list\": [3]}", "{\"x\": {\"list\": [1, 2]}}", "{\"a\": \"list\", \"b\": [1, 2]}",
        "{\"\\u006cist\": [1, 2]}", "{\"list\": [1], \"list\": [2]}", "{\"list\": [1,]}", "{\"list\": [,1]}", "{\"list\": [1 2]}", "{\"list\": [1,,2]}",
        "{\"list\": [,]}", "{\"list\": [1}]}", "{\"list\": [{\"v\": 1, \"v\": 2}]}", "{\"list\": [\"a\\\"]\", 2]}", "{\"list\": [\"a\nb\"]}", "{\"list\": [1]",
        "{\"list\": [1", "{\"list\": [1]} x", "{\"list\" [1]}", "{\"list\": \"x\" [1]}", "{\"list\": [\"\\ud800\"]}", "{\"list\": [\"\xff\"]}"};
    struct ls_buf text = LS_BUF_INIT;
    struct told t;
    struct ops o;
    json_t *root;

    (void)state;
    ops_open(&o, "lockstep", false);
    for (size_t i = 0; i < LS_ARRAY_LEN(same); i++)
        json_decref(load_list(&o, same[i], &t));
    root = load_list(&o, "{\n \"odd\": \"}]\\\"{\", \"list\": [\n  {\"a\": {\"v\": 1}},\n\n  {\"v\": 2,\n \"b\": [1, {}]},\n  {\"v\": 7}\n ],\n \"end\": 5}\n", &t);
    assert_int_equal(t.sum, 9);
    assert_int_equal(t.lines[0], 3);
    assert_int_equal(t.lines[1], 5);
    assert_int_equal(t.lines[2], 7);
    assert_int_equal(json_integer_value(json_object_get(root, "end")), 5);
    json_decref(root);
    /* More than are in memory at once. */
    ls_buf_adds(&text, "{\"list\": [");
    for (int i = 0; i < 300; i++)
        ls_buf_addf(&text, "%s\n{\"v\": %d}", i > 0 ? "," : "", i);
    ls_buf_adds(&text, "]}");
    json_decref(load_list(&o, text.ptr, &t));
    assert_int_equal(t.n, 300);
    assert_int_equal(t.sum, 299 * 150);
    assert_int_equal(t.lines[0], 2);
    assert_int_equal(t.lines[299], 301);
    ls_buf_truncate(&text, text.len - 2);
    json_decref(load_list(&o, text.ptr, &t));
    ls_buf_release(&text);
    ops_close(&o);
}

static void json(void **state)
{
    static const char good[] = "{\n \"odd\": \"}]\\\"{\", \"entries\": [\n  {\"a\": {\"x\": 1}},\n\n  {\"b\": [1, {}]},\n  {\"c\": 7, \"t\": \"tag\"}\n ]\n}\n";
    struct ls_err bad = LS_ERR_INIT;
    struct ops o;
    char *path;
    json_t *root;
    int64_t n = 0;

    (void)state;
    ops_open(&o, "lockstep", false);
    path = put(&o, "j.json", good);
    root = ls_json_load(path, &bad);
    assert_non_null(root);
    assert_string_equal(ls_json_str(json_array_get(json_object_get(root, "entries"), 2), "t"), "tag");
    assert_null(ls_json_str(json_array_get(json_object_get(root, "entries"), 2), "c"));
    assert_true(ls_json_int(json_array_get(json_object_get(root, "entries"), 2), "c", &n));
    assert_int_equal(n, 7);
    assert_false(ls_json_int(root, "odd", &n));
    json_decref(root);
    ops_put(&o, "j.json", "{\n \"a\": 1,\n \"a\": 2 }");
    assert_null(ls_json_load(path, &bad));
    assert_int_equal(bad.code, LS_E_INPUT);
    eng_has(bad.message, "j.json:3:");
    ls_err_release(&bad);
    free(path);
    ops_close(&o);
}

/* --- projects and databases -------------------------------------------------------------------------------------------------------------- */

static void a_project(void **state)
{
    struct ls_founds found;
    struct ls_err bad = LS_ERR_INIT;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    free(put(&o, "migrations/001_a.up.sql", "-- lockstep: transaction\n"));
    free(put(&o, "db/migrations/1_a.up.sql", "SELECT 1;\n"));
    free(put(&o, "db/migrations/2_b.up.sql", "SELECT 1;\n"));
    ops_ok(ls_format_detect_project(o.top, &found, err));
    assert_true(found.f.n >= 3);
    assert_ptr_equal(found.f.v[0].format, &ls_format_lockstep);
    eng_has(found.f.v[0].dir, "/migrations");
    assert_int_equal(found.f.v[0].detect.n_migrations, 1);
    for (size_t i = 1; i < found.f.n; i++)
        assert_true(found.f.v[i].detect.score <= found.f.v[i - 1].detect.score);
    assert_int_equal(found.f.v[1].detect.score, 60);
    assert_ptr_equal(found.f.v[1].format, &ls_format_golang_migrate);
    eng_has(found.f.v[1].dir, "/db/migrations"); /* two of them there, one in the other folder */
    ls_founds_release(&found);
    assert_int_equal(ls_format_detect_project("/nonexistent", &found, &bad), LS_E_NOT_FOUND);
    ls_founds_release(&found);
    ls_err_release(&bad);
    ops_close(&o);
}

static void seen_ledgers(bool pg)
{
    struct ls_seen_ledgers seen;
    struct ls_db_params p = {.read_only = true};
    struct ls_db *db = NULL;
    struct ls_buf b = LS_BUF_INIT;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_sql(&o, "CREATE TABLE schema_migrations (version bigint, dirty boolean);"
                "CREATE TABLE knex_migrations (id int, name text, batch int, migration_time int);"
                "CREATE TABLE migrations (id int, what text);"
                "CREATE TABLE django_migrations (id int, app text, name text, applied int)");
    p.url = o.url;
    ops_ok(ls_db_open(&p, &db, err));
    ops_ok(ls_format_seen_ledgers(db, &seen, err));
    for (size_t i = 0; i < seen.l.n; i++)
        ls_buf_addf(&b, "%s%s in %s", i > 0 ? ", " : "", seen.l.v[i].tool, seen.l.v[i].location);
    assert_string_equal(b.ptr, "Django in django_migrations, knex in knex_migrations, golang-migrate in schema_migrations");
    assert_ptr_equal(seen.l.v[2].format, &ls_format_golang_migrate);
    ls_buf_release(&b);
    ls_seen_ledgers_release(&seen);
    ls_db_close(db);
    ops_close(&o);
}
ENG_BOTH(seen_ledgers)

static void names(void **state)
{
    (void)state;
    assert_ptr_equal(ls_format_find("golang-migrate"), &ls_format_golang_migrate);
    assert_ptr_equal(ls_format_find("migrate"), &ls_format_golang_migrate);
    assert_null(ls_format_find("nothing of the kind"));
    assert_null(ls_format_find(NULL));
    assert_string_equal(ls_kind_name(LS_KIND_REPEATABLE), "repeatable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_section_stays_one), cmocka_unit_test(files), cmocka_unit_test(folders),
        cmocka_unit_test(json),
        cmocka_unit_test(a_list),     cmocka_unit_test(a_project),                  ENG_BOTH_TESTS(seen_ledgers), cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
