#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/alembic.h"
#include "support/folders.h"

/* --- a project --------------------------------------------------------------------------------------------- */

/* day orders the siblings; down as Python has it. */
static void revision(const struct ops *o, const char *id, const char *down, const char *more, int day)
{
    char *name = ls_asprintf("migrations/versions/%s_x.py", id),
         *text = ls_asprintf(
             "\"\"\"make %s\n\nCreate Date: 2024-01-%02d 10:00:00.123456\n\n\"\"\"\nrevision = '%s'\ndown_revision = %s\n%s\n"
             "def upgrade(): pass\ndef downgrade(): pass\n",
             id, day, id, down, more);

    fld_put(o, name, text);
    free(text);
    free(name);
}

/* a1, from it b1 and b2, joined by m1, then c1; z1 has no parent and depends on b1. */
static void project(struct ops *o, bool pg)
{
    ops_open(o, "alembic", pg);
    ops_put(o, "alembic.ini", "[alembic]\nscript_location = migrations\n");
    ops_put(o, "migrations/env.py", "url = os.environ['DATABASE_URL']\n");
    fld_put(o, ".venv/bin/alembic", "#!/bin/sh\nexit 9\n");
    char *program = ops_path(o, ".venv/bin/alembic");
    assert_int_equal(chmod(program, 0700), 0);
    free(program);
    revision(o, "z1", "None", "depends_on = 'left'\n", 6);
    revision(o, "c1", "'m1'", "", 5);
    revision(o, "m1", "('b1', 'b2')", "", 4);
    revision(o, "b2", "'a1'", "", 3);
    revision(o, "b1", "'a1'", "branch_labels = ('left',)\n", 2);
    revision(o, "a1", "None", "", 1);
}

static void set_heads(const struct ops *o, const char *values)
{
    char *sql = ls_asprintf("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY); DELETE "
                            "FROM alembic_version; %s%s",
                            values[0] != '\0' ? "INSERT INTO alembic_version VALUES " : "", values);

    ops_sql(o, sql);
    free(sql);
}

static void graph(bool pg)
{
    struct ops o;
    struct ls_snapshot *snap;

    project(&o, pg);
    fmt_order_is(&o, "a1 b1 b2 m1 c1 z1");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.m.v[3].parents[0], "b1");
    assert_string_equal(snap->migrations.m.v[3].parents[1], "b2");
    assert_string_equal(snap->migrations.m.v[5].depends[0], "b1"); /* a label is the revision that bears it */
    assert_string_equal(snap->migrations.m.v[0].name, "make a1");
    assert_string_equal(snap->migrations.m.v[0].authored_at, "2024-01-01T10:00:00");
    assert_int_equal(snap->migrations.m.v[0].lang, LS_LANG_CODE);
    ls_snapshot_free(snap);
    set_heads(&o, "('m1'), ('z1')");
    eng_states(&o, "a1 applied, b1 applied, b2 applied, m1 applied, c1 pending, z1 applied");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->timeline.e.v[0].evidence, LS_EVIDENCE_INFERRED);
    assert_int_equal(snap->timeline.e.v[3].evidence, LS_EVIDENCE_RECORDED);
    assert_int_equal(snap->ledger.heads.n, 2);
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(graph)

static void heads_are(struct ops *o, const char *from, const char *id, enum ls_direction dir, const char *expected)
{
    struct ls_snapshot *snap = ops_snapshot(o);
    struct ls_arena *arena = ls_arena_new();
    struct ls_alembic_heads heads = {0};
    struct ls_buf b = LS_BUF_INIT;
    char *copy = ls_strdup(from);

    for (char *save = NULL, *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        *LS_VEC_PUSH(&heads.v) = w;
    ls_alembic_move(arena, &snap->migrations, ls_migrations_find_id(&snap->migrations, id), dir, &heads);
    for (size_t i = 0; i < heads.v.n; i++)
        ls_buf_addf(&b, "%s%s", i > 0 ? " " : "", heads.v.v[i]);
    assert_string_equal(b.ptr != NULL ? b.ptr : "", expected);
    ls_buf_release(&b);
    LS_VEC_RELEASE(&heads.v);
    free(copy);
    ls_arena_free(arena);
    ls_snapshot_free(snap);
}

/* The rows that alembic 1.8.1 leaves (observed). */
static void rows(void **state)
{
    struct ops o;

    (void)state;
    project(&o, false);
    heads_are(&o, "", "a1", LS_UP, "a1");
    heads_are(&o, "a1", "b1", LS_UP, "b1");
    heads_are(&o, "b1", "b2", LS_UP, "b1 b2");
    heads_are(&o, "b1 b2", "m1", LS_UP, "m1");
    heads_are(&o, "c1", "z1", LS_UP, "c1 z1");
    heads_are(&o, "b1", "z1", LS_UP, "z1"); /* a head that is only a dependency is replaced */
    heads_are(&o, "b2 z1", "m1", LS_UP, "m1 z1");
    heads_are(&o, "c1 z1", "z1", LS_DOWN, "c1");
    heads_are(&o, "z1", "z1", LS_DOWN, "b1");
    heads_are(&o, "b2 z1", "z1", LS_DOWN, "b1 b2");
    heads_are(&o, "m1", "m1", LS_DOWN, "b1 b2");
    heads_are(&o, "m1 z1", "m1", LS_DOWN, "b2 z1");
    heads_are(&o, "b1 b2", "b2", LS_DOWN, "b1");
    heads_are(&o, "a1", "a1", LS_DOWN, "");
    ops_close(&o);
}

/* --- plans ------------------------------------------------------------------------------------------------- */

/* "+b2 -c1": which way each step goes. */
static void steps_are(struct ops *o, enum ls_action action, long count, const char *version, const char *expected)
{
    struct ls_plan *plan = eng_plan(o, action, count, version);
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < plan->steps.n; i++)
        ls_buf_addf(&b, "%s%c%s", i > 0 ? " " : "", plan->steps.v[i].direction == LS_UP ? '+' : '-', plan->steps.v[i].label);
    assert_string_equal(b.ptr != NULL ? b.ptr : "", expected);
    ls_buf_release(&b);
    ls_plan_free(plan);
}

static void goals(bool pg)
{
    struct ops o;

    project(&o, pg);
    steps_are(&o, LS_ACTION_UP, -1, NULL, "+a1 +b1 +b2 +m1 +c1 +z1");
    steps_are(&o, LS_ACTION_UP, 2, NULL, "+a1 +b1");
    steps_are(&o, LS_ACTION_TO, -1, "b2", "+a1 +b2");
    steps_are(&o, LS_ACTION_TO, -1, "z1", "+a1 +b1 +z1");
    set_heads(&o, "('c1'), ('z1')");
    steps_are(&o, LS_ACTION_DOWN, 2, NULL, "-z1 -c1");
    steps_are(&o, LS_ACTION_TO, -1, "c1", ""); /* z1 stands beside it */
    steps_are(&o, LS_ACTION_TO, -1, "b2", "-c1 -m1");
    steps_are(&o, LS_ACTION_TO, -1, "a1", "-z1 -c1 -m1 -b2 -b1");
    steps_are(&o, LS_ACTION_TO, -1, "none", "-z1 -c1 -m1 -b2 -b1 -a1");
    set_heads(&o, "('b1')");
    steps_are(&o, LS_ACTION_TO, -1, "b2", "+b2");
    steps_are(&o, LS_ACTION_TO, -1, "heads", "+b2 +m1 +c1 +z1");
    steps_are(&o, LS_ACTION_TO, -1, "left@head", "+b2 +m1 +c1");
    eng_refused(&o, LS_ACTION_TO, -1, "head", LS_E_USAGE, "c1, z1");
    ops_close(&o);
}
ENG_BOTH(goals)

static void commands(bool pg)
{
    struct ops o;
    struct ls_plan *plan;
    const struct ls_child_cmd *cmd;
    struct ls_buf text = LS_BUF_INIT;

    project(&o, pg);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    fmt_kinds_are(&plan->steps.v[0], "BEGIN fence journal COMMIT child BEGIN fence journal COMMIT");
    cmd = ls_step_child(&plan->steps.v[3]);
    eng_has(cmd->argv[0], "/.venv/bin/alembic");
    assert_string_equal(cmd->argv[1], "upgrade");
    assert_string_equal(cmd->argv[2], "m1");
    assert_null(cmd->argv[3]);
    assert_null(cmd->preview_argv); /* it has two starting points */
    assert_int_equal(cmd->is_atomic, pg);
    assert_string_equal(ls_step_child(&plan->steps.v[1])->preview_argv[2], "a1:b1");
    assert_string_equal(ls_step_child(&plan->steps.v[0])->preview_argv[2], "base:a1");
    ls_plan_print_sql(plan, pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE, &text);
    eng_has(text.ptr, "DATABASE_URL=<url>");
    eng_has(text.ptr, "version_num IN ('b1', 'b2')");
    assert_null(strstr(text.ptr, "\nBEGIN"));
    ls_plan_free(plan);
    set_heads(&o, "('m1')");
    plan = eng_plan(&o, LS_ACTION_DOWN, -1, NULL);
    assert_string_equal(ls_step_child(&plan->steps.v[0])->argv[2], "m1@b1");
    assert_string_equal(ls_step_child(&plan->steps.v[1])->argv[2], "b2@a1"); /* its sibling stays */
    assert_string_equal(ls_step_child(&plan->steps.v[3])->argv[2], "a1@base");
    ls_plan_free(plan);
    ls_buf_release(&text);
    ops_close(&o);
}
ENG_BOTH(commands)

static void marks(bool pg)
{
    static const char
        rows_pg[] = "SELECT coalesce(string_agg(version_num, ' ' ORDER BY version_num), '') FROM alembic_version",
        rows_lite[] =
            "SELECT coalesce(group_concat(version_num, ' '), '') FROM (SELECT version_num FROM alembic_version ORDER BY 1)";
    const char *sql = pg ? rows_pg : rows_lite;
    struct ops o;
    struct ls_plan *plan;

    project(&o, pg);
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "m1");
    fmt_kinds_are(&plan->steps.v[0],
                  pg ? "BEGIN ledger:LOCK fence ledger:INSERT journal COMMIT" : "BEGIN fence ledger:INSERT journal COMMIT");
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "m1");
    eng_is(&o, sql, "m1");
    eng_run(&o, LS_ACTION_MARK_APPLIED, 0, "z1");
    eng_is(&o, sql, "m1 z1");
    plan = eng_plan(&o, LS_ACTION_MARK_APPLIED, 0, "b1");
    assert_int_equal(plan->steps.n, 0); /* it is taken for applied */
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "b2");
    eng_is(&o, sql, "z1"); /* what needs it goes with it; b1 is z1's */
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "b1");
    eng_is(&o, sql, "a1");
    ops_sql(&o, "INSERT INTO alembic_version VALUES ('gone')");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "cannot locate");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "gone");
    eng_is(&o, sql, "a1");
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "none");
    eng_is(&o, sql, "");
    ops_close(&o);
}
ENG_BOTH(marks)

/* --- what is wrong ----------------------------------------------------------------------------------------- */

static void wrong_graphs(void **state)
{
    struct ops o;

    (void)state;
    project(&o, false);
    revision(&o, "d1", "'nowhere'", "", 7);
    fmt_diag_is(&o, "unknown-parent", "d1_x.py", 7, "nowhere");
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "d1_x.py:7: down_revision names nowhere");
    revision(&o, "d1", "'c1'", "depends_on = ['nothing']\n", 7);
    fmt_diag_is(&o, "unknown-dependency", "d1_x.py", 0, "nothing");
    revision(&o, "d1", "'e1'", "", 7);
    revision(&o, "e1", "'f1'", "", 8);
    revision(&o, "f1", "'d1'", "", 9);
    fmt_diag_is(&o, "cycle", "d1_x.py", 0, "d1 needs e1 needs f1 needs d1");
    fmt_order_is(&o, "a1 b1 b2 m1 c1 z1 d1 e1 f1"); /* the rest has its place */
    ops_put(&o, "migrations/versions/d1_x.py", "revision = 'c1'\ndown_revision = 'm1'\n");
    ops_put(&o, "migrations/versions/e1_x.py", "");
    ops_put(&o, "migrations/versions/f1_x.py", "revision = 'f@1'\ndown_revision = 'c1'\n");
    fmt_diag_is(&o, "duplicate-version", "d1_x.py", 0, "c1_x.py");
    fmt_diag_is(&o, "no-revision", "e1_x.py", 0, "sets no `revision`");
    fmt_diag_is(&o, "no-down-revision", "e1_x.py", 0, "down_revision");
    fmt_diag_is(&o, "bad-revision-id", "f1_x.py", 1, "@");
    ops_put(&o, "migrations/versions/d1_x.py", "import x\nrevision = x.id\ndown_revision = 'c1'\n");
    ops_put(&o, "migrations/versions/e1_x.py", "revision = 'e1'\ndown_revision = '''\n");
    ops_put(&o, "migrations/versions/f1_x.py", "revision = 'f1'\ndown_revision = 'c1'\nbranch_labels = 'left'\n");
    fmt_diag_is(&o, "header-not-literal", "d1_x.py", 2, "revision cannot be read without running Python");
    fmt_diag_is(&o, "not-python", "e1_x.py", 2, "does not end");
    fmt_diag_is(&o, "duplicate-label", "f1_x.py", 0, "left");
    ops_put(&o, "migrations/versions/f1_x.py", "revision = 'f1'\ndown_revision = 'c1' # \xFF\n");
    fmt_diag_is(&o, "not-utf8", "f1_x.py", 0, "UTF-8");
    char *link = ops_path(&o, "migrations/versions/g1_x.py");
    assert_int_equal(symlink("/etc/passwd", link), 0);
    free(link);
    fmt_diag_is(&o, "outside-link", "g1_x.py", 0, "symbolic link");
    fmt_order_is(&o, "e1 a1 b1 b2 m1 c1 d1_x z1"); /* what cannot be read stands there by its file's name, the rest has its place */
    ops_close(&o);
}

static void says_what_stops_alembic(void **state)
{
    struct ops o;
    struct ls_snapshot *snap;
    char *program;

    (void)state;
    project(&o, false);
    snap = ops_snapshot(&o);
    assert_int_equal(snap->migrations.diags.d.n, 0); /* that there are two heads is a conflict (engine/settle.h) */
    assert_null(snap->tool_note);
    ls_snapshot_free(snap);
    program = ops_path(&o, ".venv/bin/alembic");
    assert_int_equal(unlink(program), 0);
    free(program);
    snap = ops_snapshot(&o);
    eng_has(snap->tool_note, "pip install alembic");
    ls_snapshot_free(snap);
    eng_refused(&o, LS_ACTION_UP, -1, NULL, LS_E_UNSUPPORTED, "pip install alembic");
    ops_put(&o, "alembic.ini", "[alembic]\nscript_location = elsewhere\n");
    ops_put(&o, "migrations/env.py", "from myapp.models import Base\nimport os\n");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.diags.d.v[0].code, "no-settings");
    assert_string_equal(snap->migrations.diags.d.v[1].code, "env-imports");
    eng_has(snap->migrations.diags.d.v[1].message, "myapp");
    ls_snapshot_free(snap);
    ops_close(&o);
}

/* alembic.ini names a database, and env.py takes it from there. */
static void another_database(bool pg)
{
    struct ops o;
    struct ls_plan *plan;
    char *ini_text;

    project(&o, pg);
    ops_put(&o, "migrations/env.py", "url = config.get_main_option('sqlalchemy.url')\n");
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    assert_string_equal(plan->findings.v[1].name, "unknown-target");
    ls_plan_free(plan);
    ops_put(&o, "alembic.ini", "[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///other.db\n");
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "alembic.ini:3: sqlalchemy.url leads to");
    ops_put(&o, "migrations/env.py", "# os.environ['DATABASE_URL']\nurl = os.environ['OUR_DATABASE_URL']\n");
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "alembic.ini:3: sqlalchemy.url leads to"); /* not what it is given */
    ops_put(&o, "migrations/env.py", "config.set_main_option('sqlalchemy.url', settings.url)\n");
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    assert_string_equal(plan->findings.v[1].name, "unknown-target");
    assert_int_equal(plan->findings.v[1].severity, LS_SEV_DANGER);
    ls_plan_free(plan);
    ops_put(&o, "migrations/env.py", "url = config.get_main_option('sqlalchemy.url')\n");
    ops_put(
        &o, "alembic.ini",
        "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql+psycopg2://u:secret@example.invalid:5433/other\n");
    eng_refused(&o, LS_ACTION_UP, 1, NULL, LS_E_REFUSED, "alembic would migrate the other one");
    if (pg)
        ini_text =
            ls_asprintf("[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql+psycopg2%s\n", strchr(o.url, ':'));
    else
        ini_text = ls_strdup("[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///app.db\n");
    ops_put(&o, "alembic.ini", ini_text);
    steps_are(&o, LS_ACTION_UP, 1, NULL, "+a1");
    free(ini_text);
    ops_close(&o);
}
ENG_BOTH(another_database)

static void new_file(void **state)
{
    struct ops o;
    struct ls_snapshot *snap;
    struct ls_arena *arena = ls_arena_new();
    const char *paths[3], *texts[3];
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    project(&o, false);
    snap = ops_snapshot(&o);
    assert_int_equal(snap->format->new_files(arena, &snap->migrations, "x", 0, paths, texts, &err), 0);
    eng_has(err.message, "2 heads");
    ls_err_release(&err);
    ls_snapshot_free(snap);
    revision(&o, "j1", "('c1', 'z1')", "", 9);
    ops_put(&o, "alembic.ini",
            "[alembic]\nscript_location = migrations\nfile_template = "
            "%%(year)d_%%(month).2d-%%(rev)s_%%(slug)s\ntruncate_slug_length = 12\n");
    ops_put(&o, "migrations/script.py.mako",
            "\"\"\"${message}\n\nRevises: ${down_revision | comma,n}\n\"\"\"\nrevision = ${repr(up_revision)}\n"
            "down_revision = ${repr(down_revision)}\n\ndef upgrade():\n    ${upgrades if upgrades else \"pass\"}\n");
    snap = ops_snapshot(&o);
    assert_int_equal(
        snap->format->new_files(arena, &snap->migrations, "Add the e-mail", INT64_C(1795970324000000), paths, texts, &err), 1);
    eng_has(paths[0], "migrations/versions/2026_11-");
    eng_has(paths[0], "_add_the_e_.py"); /* cut at a word */
    eng_has(texts[0], "\"\"\"Add the e-mail\n\nRevises: j1\n");
    eng_has(texts[0], "down_revision = 'j1'\n\ndef upgrade():\n    pass\n");
    ls_snapshot_free(snap);
    ops_put(&o, "migrations/script.py.mako", "% for x in y:\n${x}\n% endfor\n");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->format->new_files(arena, &snap->migrations, "x", 0, paths, texts, &err), 0);
    assert_int_equal(err.code, LS_E_UNSUPPORTED);
    ls_err_release(&err);
    ls_snapshot_free(snap);
    ls_arena_free(arena);
    ops_close(&o);
}

static void places(void **state)
{
    struct ops o;
    struct ls_founds found;
    int score;
    char evidence[160];

    (void)state;
    project(&o, false);
    fmt_detect(&o, "alembic", &score, evidence);
    assert_int_equal(score, 100);
    eng_has(evidence, "6 files like z1_x.py");
    /* Settings in pyproject.toml; two folders of versions, one of them below another. */
    char *ini_path = ops_path(&o, "alembic.ini");
    assert_int_equal(unlink(ini_path), 0);
    free(ini_path);
    fld_put(&o, "more/deep/y1.py", "revision = 'y1'\ndown_revision = 'c1'\n");
    ops_put(&o, "pyproject.toml",
            "[tool.alembic]\nscript_location = \"%(here)s/migrations\"\nversion_locations = [\"migrations/versions\", \"more\"]\n");
    fmt_order_is(&o, "a1 b1 b2 m1 c1 z1");
    ops_put(&o, "pyproject.toml",
            "[tool.alembic]\nscript_location = \"migrations\"\nversion_locations = [\"migrations/versions\", \"more\"]\n"
            "recursive_version_locations = \"true\"\n");
    fmt_order_is(&o, "a1 b1 b2 m1 c1 y1 z1");
    ops_ok(ls_format_detect_project(o.top, &found, err));
    assert_string_equal(found.f.v[0].format->name, "alembic");
    eng_has(found.f.v[0].dir, "/migrations");
    ls_founds_release(&found);
    ops_close(&o);
}

/* What lockstep's own settings leave open. */
static void config_is(const struct ops *o, const char *ini_text, const char *env, const char *url, const char *dir,
                      const char *table)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_format_config c;
    const char *const wanted[] = {url, dir, table};
    const char *values[LS_ARRAY_LEN(wanted)];

    ops_put(o, "alembic.ini", ini_text);
    ops_put(o, "migrations/env.py", env);
    ops_ok(ls_format_alembic.config(arena, o->top, NULL, &c, err));
    values[0] = c.url;
    values[1] = c.dir != NULL ? ls_path_base(c.dir) : NULL;
    values[2] = c.table;
    for (size_t i = 0; i < LS_ARRAY_LEN(wanted); i++)
        if ((values[i] == NULL) != (wanted[i] == NULL) || (values[i] != NULL && strcmp(values[i], wanted[i]) != 0))
            fail_msg("%s: \"%s\", not \"%s\"", ini_text, values[i] != NULL ? values[i] : "(nothing)",
                     wanted[i] != NULL ? wanted[i] : "(nothing)");
    ls_arena_free(arena);
}

static void borrowed(void **state)
{
#define INI "[alembic]\nscript_location = migrations\nsqlalchemy.url = "
    struct ops o;

    (void)state;
    project(&o, false);
    config_is(&o, INI "sqlite:///data/app.db\n", "", "sqlite:data/app.db", "migrations", NULL);
    config_is(&o, INI "sqlite:////srv/app.db\n", "version_table='v'", "sqlite:/srv/app.db", "migrations", "v");
    config_is(&o, INI "postgresql+psycopg2://u:p%%40@h:5433/d?sslmode=require\n", "",
              "postgresql://u:p%40@h:5433/d?sslmode=require", "migrations", NULL);
    config_is(&o, INI "mysql://u@h/d\n", "", NULL, "migrations", NULL);
    config_is(&o, INI "driver://user:pass@localhost/dbname\n", "", NULL, "migrations", NULL);
    config_is(&o, INI "sqlite://\n", "", NULL, "migrations", NULL);
    config_is(&o, INI "sqlite:///a.db\n", "url = os.environ['X']", NULL, "migrations", NULL);
    config_is(&o, "[alembic]\nscript_location = elsewhere\n", "", NULL, NULL, NULL);
    ops_close(&o);
#undef INI
}

/* The version table has the name that env.py gives it. */
static void version_table(bool pg)
{
    struct ops o;
    struct ls_snapshot *snap;

    project(&o, pg);
    ops_put(&o, "migrations/env.py",
            "DATABASE_URL\n# version_table='no'\ncontext.configure(version_table = \"our_version\", x=1)\n");
    ops_sql(&o, "CREATE TABLE our_version (version_num VARCHAR(32) NOT NULL); INSERT INTO our_version VALUES ('b1')");
    eng_states(&o, "a1 applied, b1 applied, b2 pending, m1 pending, c1 pending, z1 pending");
    ops_put(&o, "migrations/env.py", "DATABASE_URL\ncontext.configure(version_table=settings.table)\n");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->migrations.diags.d.v[0].code, "version-table");
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(version_table)

/* What could not be read is named once. */
static void no_rights(void **state)
{
    static const char start[] = "reading the ledger public.alembic_version: ";
    struct ls_session_params sp;
    struct ls_snapshot *snap = NULL;
    struct ls_err err = LS_ERR_INIT;
    struct ls_session *s;
    struct ops o;
    char *url;

    (void)state;
    ENG_NEEDS_PG();
    project(&o, true);
    set_heads(&o, "('a1')");
    ops_sql(&o, "DO $$ BEGIN CREATE ROLE eng_reader LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;");
    url = ls_asprintf("%s&user=eng_reader", o.url);
    sp = *ls_session_params(o.s);
    sp.url = url;
    s = ls_session_new(&sp);
    assert_int_equal(ls_session_snapshot(s, &snap, &err), LS_E_RIGHTS);
    assert_memory_equal(err.message, start, strlen(start));
    assert_null(strstr(err.message + strlen(start), "reading the ledger"));
    eng_has(err.hint, "GRANT SELECT");
    ls_err_release(&err);
    ls_session_free(s);
    free(url);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(graph),
        cmocka_unit_test(rows),
        ENG_BOTH_TESTS(goals),
        ENG_BOTH_TESTS(commands),
        ENG_BOTH_TESTS(marks),
        cmocka_unit_test(wrong_graphs),
        cmocka_unit_test(says_what_stops_alembic),
        ENG_BOTH_TESTS(another_database),
        cmocka_unit_test(new_file),
        cmocka_unit_test(places),
        cmocka_unit_test(borrowed),
        ENG_BOTH_TESTS(version_table),
        cmocka_unit_test(no_rights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
