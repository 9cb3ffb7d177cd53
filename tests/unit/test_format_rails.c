#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "format/rails.h"
#include "support/folders.h"

#define MIGRATION(name) "class " name " < ActiveRecord::Migration[7.0]\n  def change\n  end\nend\n"

static void names(void **state)
{
    static const struct {
        const char *file, *digits, *title, *scope; /* digits NULL: illegal */
    } cases[] = {
        {"002_idx.rb", "002", "idx", ""},
        {"20240101000000_create_as.rb", "20240101000000", "create_as", ""},
        {"1_a.blog.rb", "1", "a", "blog"},
        {"1_.rb", "1", "", ""},
        {"1_a..rb", "1", "a", ""},
        {"1_A.rb", NULL, NULL, NULL},
        {"1_a-b.rb", NULL, NULL, NULL},
        {"1_a.b.c.rb", NULL, NULL, NULL},
        {"1a_b.rb", NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_rails_name n;

        assert_true(ls_rails_is_seen(cases[i].file));
        if (ls_rails_name_parse(cases[i].file, &n) != (cases[i].digits != NULL))
            fail_msg("%s", cases[i].file);
        if (cases[i].digits == NULL)
            continue;
        assert_true(n.digits.len == strlen(cases[i].digits) && memcmp(n.digits.ptr, cases[i].digits, n.digits.len) == 0);
        assert_true(n.title.len == strlen(cases[i].title) && memcmp(n.title.ptr, cases[i].title, n.title.len) == 0);
        assert_true(n.scope.len == strlen(cases[i].scope) && (n.scope.len == 0 || memcmp(n.scope.ptr, cases[i].scope, n.scope.len) == 0));
    }
    assert_false(ls_rails_is_seen("schema.rb"));
    assert_false(ls_rails_is_seen("1.rb"));
    assert_false(ls_rails_is_seen("1_a.sql"));
}

static void classes(void **state)
{
    struct ls_arena *a = ls_arena_new();

    (void)state;
    assert_string_equal(ls_rails_class(a, (struct ls_str){"add_email", 9}), "AddEmail");
    assert_string_equal(ls_rails_class(a, (struct ls_str){"add__e2_mail", 12}), "AddE2Mail");
    assert_string_equal(ls_rails_underscore(a, "AddEmail to-users"), "add_email_to_users");
    assert_string_equal(ls_rails_underscore(a, "AddHTTPHost"), "add_http_host");
    assert_null(ls_rails_underscore(a, "- -"));
    ls_arena_free(a);
}

static void bracket_is(const char *text, const char *expected)
{
    struct ls_str s = ls_rails_version_in(text, strlen(text));

    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.ptr, expected, s.len);
}

static void versions_of_rails(void **state)
{
    (void)state;
    bracket_is(MIGRATION("X"), "7.0");
    bracket_is("class X < ActiveRecord::Migration\n", "");
    bracket_is("class X < ActiveRecord::Migration[7", "");
    bracket_is("class X < ActiveRecord::Migration[v]", "");
}

/* formats.md 10, observed: 6.1.7.10. */
static void lock_key(void **state)
{
    (void)state;
    assert_true(ls_rails_lock_key("ra") == INT64_C(3527680301192941425));
}

/* The ledger as Rails makes it. */
static void ledger(struct ops *o, const char *rows)
{
    char *sql = ls_asprintf("INSERT INTO schema_migrations VALUES %s", rows);

    ops_sql(o, "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY)");
    ops_sql(o, "CREATE TABLE ar_internal_metadata (key varchar NOT NULL PRIMARY KEY, value varchar, created_at timestamp NOT NULL, updated_at timestamp NOT NULL)");
    ops_sql(o, "INSERT INTO ar_internal_metadata VALUES ('environment', 'production', '2026-01-01', '2026-01-01')");
    ops_sql(o, sql);
    free(sql);
}

static void three_files(struct ops *o)
{
    fld_put(o, "migrations/002_create_as.rb", MIGRATION("CreateAs"));
    fld_put(o, "migrations/20240101000000_create_bs.rb", MIGRATION("CreateBs"));
    fld_put(o, "migrations/sub/10_create_cs.blog.rb", MIGRATION("CreateCs"));
}

static void folder_and_ledger(bool pg)
{
    struct ls_snapshot *snap;
    char evidence[160];
    struct ops o;
    int score;

    ops_open(&o, "rails", pg);
    three_files(&o);
    fmt_detect(&o, "rails", &score, evidence);
    assert_int_equal(score, 98);
    eng_states(&o, "002 pending, 10 pending, 20240101000000 pending");
    ledger(&o, "('2'), ('20240101000000'), ('7')");
    /* Numeric order; 10 came late and is run all the same; 7 has no file. */
    eng_states(&o, "002 applied, 7 missing, 10 out-of-order, 20240101000000 applied");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->format->name, "rails");
    assert_string_equal(snap->ledger.variant, "environment production");
    assert_true(snap->timeline.e.v[2].is_runnable);
    assert_string_equal(snap->timeline.e.v[2].migration->labels[0], "blog");
    assert_int_equal(snap->timeline.e.v[0].migration->lang, LS_LANG_CODE);
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(folder_and_ledger)

/* Native: a row, and nothing else. As it stands in the table, where somebody has written zeros. */
static void marks(bool pg)
{
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "rails", pg);
    three_files(&o);
    eng_refused(&o, LS_ACTION_MARK_APPLIED, 0, "10", LS_E_REFUSED, "no table");
    ledger(&o, "('002')");
    eng_states(&o, "002 applied, 10 pending, 20240101000000 pending");
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "10");
    fmt_kinds_are(&plan->steps.v[0], pg ? "BEGIN ledger:LOCK fence ledger:INSERT journal COMMIT" : "BEGIN fence ledger:INSERT journal COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "10");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "2");
    eng_states(&o, "002 out-of-order, 10 applied, 20240101000000 pending");
    eng_is(&o, pg ? "SELECT string_agg(version, ',') FROM schema_migrations" : "SELECT group_concat(version) FROM schema_migrations", "10");
    ops_close(&o);
}
ENG_BOTH(marks)

/* A Rails that keeps no ar_internal_metadata has dbmate's table. */
static void without_metadata(bool pg)
{
    struct ls_snapshot *snap;
    struct ops o;

    ops_open(&o, "rails", pg);
    three_files(&o);
    ops_sql(&o, "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY)");
    snap = ops_snapshot(&o);
    assert_null(snap->ledger.foreign);
    assert_null(snap->ledger.variant);
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(without_metadata)

static void what_rails_refuses(void **state)
{
    char *bin, *link, *target;
    struct ops o;

    (void)state;
    ops_open(&o, "rails", false);
    three_files(&o);
    fld_put(&o, "bin/rails", "#!/bin/sh\n");
    bin = ops_path(&o, "bin/rails");
    assert_int_equal(chmod(bin, 0700), 0);
    free(bin);
    fld_put(&o, "migrations/0010_late.rb", MIGRATION("Late"));
    fmt_diag_is(&o, "duplicate-version", "10_create_cs.blog.rb", 0, "is claimed by");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "multiple migrations have the version number");
    ops_close(&o);

    ops_open(&o, "rails", false);
    three_files(&o);
    fld_put(&o, "migrations/11_create_as.rb", MIGRATION("CreateAs"));
    fmt_diag_is(&o, "duplicate-name", "11_create_as.rb", 0, "CreateAs");
    fld_put(&o, "migrations/12_Big.rb", MIGRATION("Big"));
    fmt_diag_is(&o, "illegal-name", "12_Big.rb", 0, "illegal name");
    fld_put(&o, "migrations/notes.rb", "");
    fmt_diag_is(&o, "ignored-file", "notes.rb", 0, "ignored");
    fld_put(&o, "migrations/99999999999999999999_x.rb", "");
    fmt_diag_is(&o, "ignored-file", "99999999999999999999_x.rb", 0, "beyond");
    fld_put(&o, "outside.rb", MIGRATION("Outside"));
    link = ops_path(&o, "migrations/13_outside.rb");
    target = ops_path(&o, "outside.rb");
    assert_int_equal(symlink(target, link), 0);
    fmt_diag_is(&o, "outside-link", "13_outside.rb", 0, "leads out");
    fmt_order_is(&o, "002 10 11 20240101000000");
    free(link);
    free(target);
    ops_close(&o);
}

/* What would be run: nothing of it is, in a plan. */
static void a_plan_names_the_command(void **state)
{
    const struct ls_child_cmd *cmd;
    struct ls_plan *plan;
    struct ops o;
    char *bin;

    (void)state;
    ops_open(&o, "rails", false);
    three_files(&o);
    fld_put(&o, "bin/rails", "#!/bin/sh\nexit 9\n");
    bin = ops_path(&o, "bin/rails");
    assert_int_equal(chmod(bin, 0700), 0);
    fld_put(&o, "migrations/20240101000000_create_bs.rb", "class CreateBs < ActiveRecord::Migration[7.0]\n  disable_ddl_transaction!\nend\n");
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 3);
    fmt_kinds_are(&plan->steps.v[0], "BEGIN fence journal COMMIT child BEGIN fence journal COMMIT");
    cmd = ls_step_child(&plan->steps.v[0]);
    eng_has(cmd->argv[0], "/bin/rails");
    assert_string_equal(cmd->argv[1], "db:migrate:up");
    assert_string_equal(cmd->argv[2], "VERSION=2");
    assert_null(cmd->argv[3]);
    assert_string_equal(cmd->env[0].name, "DATABASE_URL");
    eng_has(cmd->env[0].text, "sqlite3:/");
    assert_true(cmd->is_atomic);
    assert_false(ls_step_child(&plan->steps.v[2])->is_atomic);
    assert_false(plan->steps.v[0].is_half);
    ls_plan_free(plan);
    free(bin);
    ops_close(&o);
}

static void new_migration(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "rails", false);
    three_files(&o);
    fmt_new_is(&o, "/20261129163844_add_email.rb", MIGRATION("AddEmail"));
    /* Never in front of the newest one. */
    fld_put(&o, "migrations/20270101000000_x.rb", MIGRATION("X"));
    fmt_new_is(&o, "/20270101000001_add_email.rb", MIGRATION("AddEmail"));
    ops_close(&o);

    /* The first one: Gemfile.lock says which Rails. */
    ops_open(&o, "rails", false);
    fld_put(&o, "Gemfile.lock", "GEM\n  specs:\n    activemodel (7.1.3)\n    activerecord (7.1.3.2)\n      activemodel (= 7.1.3)\n");
    fld_put(&o, "Gemfile", "");
    fmt_new_is(&o, "/20261129163844_add_email.rb", "class AddEmail < ActiveRecord::Migration[7.1]\n  def change\n  end\nend\n");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(classes),
        cmocka_unit_test(versions_of_rails),
        cmocka_unit_test(lock_key),
        ENG_BOTH_TESTS(folder_and_ledger),
        ENG_BOTH_TESTS(marks),
        ENG_BOTH_TESTS(without_metadata),
        cmocka_unit_test(what_rails_refuses),
        cmocka_unit_test(a_plan_names_the_command),
        cmocka_unit_test(new_migration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
