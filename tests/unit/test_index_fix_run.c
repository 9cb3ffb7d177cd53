/* From a verdict to the database and back, in every format that lockstep runs itself: the fix is written into the project's folder, run by plan and run
 * like any migration, and taken back. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/index_fix.h"
#include "lockstep/engine/run.h"
#include "lockstep/format/layout.h"
#include "support/ops.h"
#include "support/skip.h"

#define INDEX(n) .table = 0, .name = n, .constraint = "", .method = "btree", .predicate = "", .options = "", .tablespace = "", .comment = "", .parent = LS_NO_USAGE

static struct ops o;
static struct ls_usage_table tables[] = {{.name = "memories", .kind = 'r', .parent = LS_NO_USAGE, .n_indexes = 1}};
static struct ls_usage_index indexes[] = {{INDEX("memories_note")}};
static struct ls_usage usage = {.tables = tables, .n_tables = 1, .indexes = indexes, .n_indexes = 1, .server = "a server", .server_version = 150000};
static const char *const keys[] = {"user_id", "updated_at DESC"};
static struct ls_index_spec spec = {.table = "memories", .method = "btree", .keys = keys, .n_keys = 2, .predicate = "note IS NOT NULL", .name = "memories_u"};
static const struct ls_index_verdict create = {.id = LS_IX_MISSING, .fix = LS_FIX_CREATE, .create = &spec, .n_create = 1, .object = "memories",
                                               .title = "a query would gain by it", .price = "a lock; space", .index = LS_NO_USAGE, .fk = LS_NO_USAGE};
static const struct ls_index_verdict drop = {.id = LS_IX_UNUSED, .fix = LS_FIX_DROP, .object = "memories_note", .title = "nothing reads it", .price = "", .index = 0};

static void set_usage(bool pg)
{
    const char *schema = pg ? "public" : "main";

    usage.dialect = pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE;
    tables[0].schema = indexes[0].schema = spec.schema = schema;
    indexes[0].is_valid = indexes[0].is_ready = indexes[0].is_live = true;
    indexes[0].definition = pg ? "CREATE INDEX memories_note ON public.memories USING btree (note) WITH (fillfactor='80') WHERE (note IS NOT NULL)"
                               : "CREATE INDEX memories_note ON memories (note) WHERE note IS NOT NULL";
    indexes[0].comment = pg ? "it's for notes" : "";
}

/* A folder with one migration, as the tool would have it. */
static void put_folder(const struct ls_format *f, bool pg)
{
    static const char up[] = "CREATE TABLE memories (id int, user_id int, updated_at int, note text);\nCREATE INDEX memories_note ON memories (note) WHERE note IS "
                             "NOT NULL;\n";
    struct ls_written w = {.key = f == &ls_format_drizzle ? "0000" : f->layout->wants_stamp ? "20240101000000" : "0001", .name = "first", .up = up,
                           .up_len = sizeof(up) - 1, .down = "DROP TABLE memories;\n", .down_len = 21};
    struct ls_arena *a = ls_arena_new();
    struct ls_written_file files[3];
    enum ls_dialect d = pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE;
    const char *paths[2], *texts[2];
    size_t n = ls_layout_write(f->layout, d, a, &w, files);
    int more = f->layout->folder_files != NULL ? f->layout->folder_files(a, d, &w, 1, INT64_C(1700000000000000), paths, texts) : 0;

    for (size_t i = 0; i < n; i++) {
        const char *path = ls_arena_printf(a, "migrations/%s", files[i].path);
        char *folder = ls_asprintf("%s/%.*s", o.top, (int)(ls_path_base(path) - path), path);

        ops_ok(ls_mkdir_p(folder, 0700, err));
        ops_put(&o, path, files[i].text);
        free(folder);
    }
    for (int i = 0; i < more; i++) {
        char *folder = ls_asprintf("%s/migrations/%.*s", o.top, (int)(ls_path_base(paths[i]) - paths[i]), paths[i]);

        ops_ok(ls_mkdir_p(folder, 0700, err));
        ops_put(&o, ls_arena_printf(a, "migrations/%s", paths[i]), texts[i]);
        free(folder);
    }
    ls_arena_free(a);
}

static void run(const struct ls_format *f, enum ls_action action, long count)
{
    struct ls_plan_request req = {.action = action, .count = count};
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_run_report report;
    struct ls_plan *plan = NULL;
    struct ls_err e = LS_ERR_INIT;

    if (ls_plan_make(o.s, snap, &req, &plan, &e) != LS_OK)
        fail_msg("%s %s: %s", f->name, ls_action_name(action), e.message);
    if (ls_run(o.s, plan, NULL, &report) != LS_OK)
        fail_msg("%s %s: %s\n%s", f->name, ls_action_name(action), report.err.message, report.applied.ptr);
    if (count > 0)
        assert_int_equal(report.n_steps_done, count);
    ls_run_report_release(&report);
    ls_plan_free(plan);
    ls_snapshot_free(snap);
}

static uint32_t write_fix(const struct ls_format *f, const struct ls_index_verdict *v, int64_t at)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    struct ls_fix_text t;
    struct ls_fix_files files;
    struct ls_err e = LS_ERR_INIT;
    uint32_t n;

    assert_ptr_equal(snap->format, f);
    if (ls_fix_write(&usage, &v, 1, f, &t, &e) != LS_OK || ls_fix_save(o.s, snap, &t, at, &files, &e) != LS_OK)
        fail_msg("%s: %s", f->name, e.message);
    n = t.n_parts;
    assert_true(files.n_paths >= n);
    for (uint32_t i = 0; i < files.n_paths; i++)
        assert_true(ls_path_exists(files.paths[i]));
    ls_fix_files_release(&files);
    ls_fix_text_release(&t);
    ls_snapshot_free(snap);
    return n;
}

static void is(bool pg, const char *index, const char *want)
{
    char *sql = pg ? ls_asprintf("select coalesce((select (indisvalid and indisready)::text from pg_index where indexrelid = to_regclass('%s')), 'none')", index)
                   : ls_asprintf("select case count(*) when 1 then 'true' else 'none' end from sqlite_master where type = 'index' and name = '%s'", index);
    char *is = ops_get(&o, sql);

    assert_string_equal(is, want);
    free(is);
    free(sql);
}

static void there_and_back(const struct ls_format *f, bool pg)
{
    int64_t now = INT64_C(1795996800000000);
    bool has_down = (f->caps & LS_CAP_DOWN) != 0;
    uint32_t n;
    char *text;

    set_usage(pg);
    ops_open(&o, f->name, pg);
    put_folder(f, pg);
    run(f, LS_ACTION_UP, -1);
    n = write_fix(f, &create, now);
    is(pg, "memories_u", "none");
    run(f, LS_ACTION_UP, -1);
    is(pg, "memories_u", "true");
    if (has_down) {
        run(f, LS_ACTION_DOWN, (long)n);
        is(pg, "memories_u", "none");
        run(f, LS_ACTION_UP, -1);
        is(pg, "memories_u", "true");
    }
    if (pg)
        ops_sql(&o, "COMMENT ON INDEX memories_note IS 'it''s for notes'; DROP INDEX memories_note; CREATE INDEX memories_note ON memories (note) WITH "
                    "(fillfactor=80) WHERE note IS NOT NULL");
    n = write_fix(f, &drop, now + INT64_C(60000000));
    run(f, LS_ACTION_UP, -1);
    is(pg, "memories_note", "none");
    if (has_down) {
        run(f, LS_ACTION_DOWN, (long)n);
        is(pg, "memories_note", "true");
        text = ops_get(&o, pg ? "select pg_get_indexdef('memories_note'::regclass) || ': ' || obj_description('memories_note'::regclass, 'pg_class')"
                              : "select sql from sqlite_master where name = 'memories_note'");
        assert_string_equal(text, pg ? "CREATE INDEX memories_note ON public.memories USING btree (note) WITH (fillfactor='80') WHERE (note IS NOT NULL): it's "
                                       "for notes"
                                     : "CREATE INDEX memories_note ON memories (note) WHERE note IS NOT NULL");
        free(text);
    }
    ops_close(&o);
}

static void all_formats(bool pg)
{
    const struct ls_format *const *all;
    size_t n;
    int n_run = 0;

    all = ls_formats(&n);
    for (size_t i = 0; i < n; i++) {
        const struct ls_format *f = all[i];
        bool is_for = pg ? f != &ls_format_flyway : f != &ls_format_node_pg_migrate; /* what wants no transaction is left to Flyway itself */

        if (f->layout == NULL || (f->caps & LS_CAP_NATIVE_APPLY) == 0 || !is_for)
            continue;
        there_and_back(f, pg);
        n_run++;
    }
    assert_true(n_run >= 10);
}

static void test_sqlite(void **state)
{
    (void)state;
    all_formats(false);
}

static void test_pg(void **state)
{
    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    all_formats(true);
}

/* Two files of one migration: when the second cannot be written, the first goes again. */
static void test_all_or_none(void **state)
{
    struct ls_snapshot *snap;
    struct ls_fix_text t;
    struct ls_fix_files files;
    struct ls_err e = LS_ERR_INIT;
    const struct ls_index_verdict *v = &create;
    char *path;

    (void)state;
    set_usage(false);
    ops_open(&o, "lockstep", false);
    put_folder(&ls_format_lockstep, false);
    snap = ops_snapshot(&o);
    ops_ok(ls_fix_write(&usage, &v, 1, &ls_format_lockstep, &t, err));
    ops_put(&o, "migrations/0002_add_memories_u.down.sql", "mine\n");
    assert_int_equal(ls_fix_save(o.s, snap, &t, 0, &files, &e), LS_E_REFUSED);
    path = ops_path(&o, "migrations/0002_add_memories_u.up.sql");
    assert_false(ls_path_exists(path));
    free(path);
    ls_err_release(&e);
    ls_fix_text_release(&t);
    ls_snapshot_free(snap);
    ops_close(&o);
}

/* The file whose name ends so, below top; "" when there is none. Caller frees. */
static char *find_text(const char *folder, const char *end)
{
    char *path = ops_path(&o, folder), *file;
    struct ls_dir dir = {0};
    struct ls_buf text = LS_BUF_INIT;

    ops_ok(ls_dir_list(path, &dir, err));
    for (size_t i = 0; i < dir.e.n; i++) {
        size_t n = strlen(dir.e.v[i].name), m = strlen(end);

        if (n < m || strcmp(dir.e.v[i].name + n - m, end) != 0)
            continue;
        file = ls_path_join(path, dir.e.v[i].name);
        ops_ok(ls_file_read(file, 0, 0, &text, err));
        free(file);
    }
    ls_dir_release(&dir);
    free(path);
    return ls_buf_detach(&text);
}

static void text_has(const char *folder, const char *end, const char *part)
{
    char *text = find_text(folder, end);

    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in %s/*%s:\n%s", part, folder, end, text);
    free(text);
}

static void put_dir(const char *name)
{
    char *path = ops_path(&o, name);

    ops_ok(ls_mkdir_p(path, 0700, err));
    free(path);
}

static void refused_by(const struct ls_format *f, const char *part)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    const struct ls_index_verdict *v = &create;
    struct ls_fix_text t;
    struct ls_fix_files files;
    struct ls_err e = LS_ERR_INIT;

    ops_ok(ls_fix_write(&usage, &v, 1, f, &t, err));
    assert_int_equal(ls_fix_save(o.s, snap, &t, 0, &files, &e), LS_E_UNSUPPORTED);
    assert_non_null(strstr(e.message, part));
    ls_err_release(&e);
    ls_fix_text_release(&t);
    ls_snapshot_free(snap);
}

/* Tools that run their migrations themselves: what is written for them. usage says PostgreSQL; no database is asked. */
static void test_code(void **state)
{
    (void)state;
    set_usage(true);
    ops_open(&o, "rails", false);
    ops_put(&o, "migrations/001_first.rb", "class First < ActiveRecord::Migration[7.0]\n  def change\n  end\nend\n");
    (void)write_fix(&ls_format_rails, &create, 0);
    text_has("migrations", "add_memories_u.rb", "class AddMemoriesU < ActiveRecord::Migration[7.0]\n  disable_ddl_transaction!\n\n  def up\n    # IX08 missing, memories\n");
    text_has("migrations", "add_memories_u.rb", "    execute 'CREATE INDEX CONCURRENTLY \"memories_u\" ON \"public\".\"memories\" (user_id, updated_at DESC) WHERE note IS NOT "
                                                "NULL'\n");
    text_has("migrations", "add_memories_u.rb", "  def down\n    execute 'SELECT set_config(\\'lockstep.lock_timeout\\'");
    /* Once more: a class has its name once. */
    (void)write_fix(&ls_format_rails, &create, 0);
    text_has("migrations", "add_memories_u_2.rb", "class AddMemoriesU2 <");
    ops_close(&o);

    ops_open(&o, "alembic", false);
    put_dir("migrations/versions");
    ops_put(&o, "migrations/env.py", "# env\n");
    ops_put(&o, "migrations/versions/a1_x.py", "revision = 'a1'\ndown_revision = None\n");
    (void)write_fix(&ls_format_alembic, &create, 0);
    text_has("migrations/versions", "add_memories_u.py", "down_revision = 'a1'\n");
    text_has("migrations/versions", "add_memories_u.py", "def upgrade() -> None:\n    with op.get_context().autocommit_block():\n        # IX08 missing, memories\n");
    text_has("migrations/versions", "add_memories_u.py",
             "        op.execute('CREATE INDEX CONCURRENTLY \"memories_u\" ON \"public\".\"memories\" (user_id, updated_at DESC) WHERE note IS NOT NULL')\n");
    text_has("migrations/versions", "add_memories_u.py", "def downgrade() -> None:\n    with op.get_context().autocommit_block():\n        op.execute(\"SELECT set_config");
    /* A template without a place for statements is not filled in by guessing. */
    ops_put(&o, "migrations/script.py.mako", "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n");
    refused_by(&ls_format_alembic, "has no place that statements could be put into");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite), cmocka_unit_test(test_pg), cmocka_unit_test(test_all_or_none), cmocka_unit_test(test_code)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
