/* The Diff pane in memory, and the texts it shows. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "tests/support/facts.h"
#include "tui/diffref.h"
#include "tui/scene.h"
#include "tui/text_diff.h"

#define PROMISED                                                                                                                   \
    "table public keys\n"                                                                                                          \
    "column public keys.id type=bigint position=1\n"                                                                               \
    "column public keys.type type=text 'not null'=yes position=2\n"                                                                \
    "column public keys.note type=text position=3\n"                                                                               \
    "constraint public keys.kinds form=check expression=\"(note = ANY (ARRAY['a'::text, 'b'::text]))\"\n"                          \
    "function public f() body='begin return 1; end'\n"                                                                             \
    "table public gone\n"                                                                                                          \
    "column public gone.id type=bigint position=1\n"                                                                               \
    "view audit v body=' SELECT 1'\n"
#define FOUND                                                                                                                      \
    "table public keys\n"                                                                                                          \
    "column public keys.id type=bigint position=1\n"                                                                               \
    "column public keys.key_type type=text 'not null'=yes position=2\n"                                                            \
    "column public keys.note type=text 'not null'=yes position=3\n"                                                                \
    "constraint public keys.kinds form=check expression=\"(note = ANY (ARRAY['a'::text, 'c'::text]))\"\n"                          \
    "index public keys.keys_note key=note method=btree\n"

static void open_diff(struct scene *s, int w, int h)
{
    struct ls_catalog *promised = facts_catalog(LS_DIALECT_POSTGRES, "migrations", PROMISED);
    struct ls_catalog *found = facts_catalog(LS_DIALECT_POSTGRES, "live", FOUND);

    scene_open(s, w, h, false);
    scene_connect(s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    pane_diff_set(&s->app, diffref_new(promised, found, NULL));
    scene_keys(s, "7");
}

static void screens(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 80, 24);
    golden(&s, "diff-80x24");
    scene_close(&s);
    open_diff(&s, 160, 40);
    scene_keys(&s, "j j j j j j");
    golden(&s, "diff-160x40");
    scene_keys(&s, "u");
    golden(&s, "diff-columns-160x40");
    scene_close(&s);
}

/* Known without being asked for: in the header, and above the timeline. */
static void drift_is_told(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 80, 24);
    scene_keys(&s, "1");
    golden(&s, "drift-80x24");
    assert_true(scene_shows(&s, "DRIFT: the database differs in 7 places"));
    scene_close(&s);
}

static void a_renaming_is_asked_for(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 120, 40);
    scene_keys(&s, "'/key_type' Enter j");
    assert_true(scene_shows(&s, "column type -> key_type?"));
    assert_true(scene_shows(&s, "the same type, the same place"));
    assert_true(scene_shows(&s, "7 drift"));
    scene_keys(&s, "x Esc");
    assert_true(scene_shows(&s, "8 drift")); /* the header counts as the list does */
    assert_false(scene_shows(&s, "type -> key_type"));
    assert_true(scene_shows(&s, "- column type"));
    assert_true(scene_shows(&s, "+ column key_type"));
    scene_keys(&s, "'/key_type' Enter j a Esc");
    assert_true(scene_shows(&s, "7 drift"));
    assert_true(scene_shows(&s, "column type -> key_type"));
    assert_false(scene_shows(&s, "column type -> key_type?"));
    scene_close(&s);
    open_diff(&s, 80, 30); /* the evidence is a sentence: it is read to its end, whatever the width */
    scene_keys(&s, "'/key_type' Enter j");
    assert_true(scene_shows(&s, "% alike"));
    scene_close(&s);
}

static void filters(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 80, 40);
    assert_true(scene_shows(&s, "table gone"));
    scene_keys(&s, "f");
    assert_true(scene_shows(&s, "only loses data (1)"));
    scene_keys(&s, "j Enter");
    assert_true(scene_shows(&s, "table gone"));
    assert_false(scene_shows(&s, "keys_note"));
    assert_true(scene_shows(&s, "1 difference, "));
    scene_keys(&s, "f Enter"); /* everything */
    assert_true(scene_shows(&s, "keys_note"));
    scene_keys(&s, "'/loses' Enter");
    assert_true(scene_shows(&s, "table gone"));
    assert_false(scene_shows(&s, "keys_note"));
    scene_keys(&s, "'/zzzz' Enter");
    assert_true(scene_shows(&s, "Nothing is left"));
    scene_keys(&s, "Esc");
    assert_true(scene_shows(&s, "keys_note"));
    scene_close(&s);
}

static struct diff_pane_world {
    char *dir, *conf;
} make_project(const char *text)
{
    const char *tmp = getenv("LS_TEST_TMP");
    struct diff_pane_world w = {ls_asprintf("%s/project", tmp ? tmp : "/tmp"), NULL};
    struct ls_err err = LS_ERR_INIT;

    w.conf = ls_asprintf("%s/lockstep.conf", w.dir);
    (void)mkdir(w.dir, 0700);
    (void)unlink(w.conf);
    assert_int_equal(ls_file_write_new(w.conf, text, strlen(text), 0600, &err), LS_OK);
    return w;
}

static void drop_project(struct diff_pane_world *w, struct scene *s)
{
    config_project_release(&s->app.project);
    memset(&s->app.project, 0, sizeof(s->app.project));
    (void)unlink(w->conf);
    (void)rmdir(w->dir);
    free(w->conf);
    free(w->dir);
}

static void sides_are_picked_from_what_there_is(void **state)
{
    struct diff_pane_world w = make_project("[env staging]\nurl = postgresql://app:hunter2@db.example/staging\n");
    char *saved = ls_asprintf("%s/monday.json", w.dir), *other = ls_asprintf("%s/other.json", w.dir);
    struct ls_err err = LS_ERR_INIT;
    struct scene s;

    (void)state;
    assert_int_equal(ls_file_write_new(saved, "{\n  \"lockstep-catalogue\": 1,\n", 28, 0600, &err), LS_OK);
    assert_int_equal(ls_file_write_new(other, "{\n  \"name\": \"x\"\n", 16, 0600, &err), LS_OK);
    scene_open(&s, 120, 30, false);
    assert_int_equal(config_project_load(w.conf, &s.app.project, &err), LS_OK);
    s.app.target.project_dir = w.dir;
    scene_connect(&s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    scene_keys(&s, "7");
    assert_true(scene_shows(&s, "migrations  against  live"));
    scene_keys(&s, "s");
    assert_true(scene_shows(&s, "Compare what"));
    assert_true(scene_shows(&s, "env:staging"));
    assert_true(scene_shows(&s, "monday.json"));
    assert_false(scene_shows(&s, "other.json"));
    scene_keys(&s, "g j j Enter");
    assert_true(scene_shows(&s, "with what?"));
    /* Typed: the password of a URL is never on the screen afterwards. */
    scene_keys(&s, "G Enter C-u 'postgresql://me:hunter2@elsewhere/app' Enter");
    assert_true(scene_shows(&s, "env:staging"));
    assert_true(scene_shows(&s, "elsewhere"));
    assert_false(scene_shows(&s, "hunter2"));
    scene_keys(&s, "s Esc");
    assert_true(scene_shows(&s, "env:staging"));
    s.app.target.project_dir = NULL;
    (void)unlink(saved);
    (void)unlink(other);
    free(saved);
    free(other);
    drop_project(&w, &s);
    scene_close(&s);
}

/* As `lockstep diff --accept-rename ... --save` keeps it; and what stands there already is not asked again. */
static void a_choice_is_kept_in_the_project_file(void **state)
{
    struct diff_pane_world w = make_project("# mine\n[diff]\nignore = index *\n");
    struct ls_buf text = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    struct scene s;

    (void)state;
    open_diff(&s, 120, 40);
    assert_int_equal(config_project_load(w.conf, &s.app.project, &err), LS_OK);
    scene_keys(&s, "'/key_type' Enter j x");
    assert_true(scene_shows(&s, "kept in lockstep.conf"));
    scene_keys(&s, "Esc");
    assert_true(scene_shows(&s, "- column type"));
    assert_int_equal(ls_file_read(w.conf, 0, 1 << 20, &text, &err), LS_OK);
    assert_non_null(strstr(text.ptr, "# mine\n[diff]\nnot_renamed = column public.keys.type -> column public.keys.key_type\n"));
    /* The project's ignore list counts here too: the index is silent. */
    assert_false(scene_shows(&s, "keys_note"));
    scene_keys(&s, "'/key_type' Enter j a Esc");
    ls_buf_clear(&text);
    assert_int_equal(ls_file_read(w.conf, 0, 1 << 20, &text, &err), LS_OK);
    assert_non_null(strstr(text.ptr, "\nrename = column public.keys.type -> column public.keys.key_type\n"));
    assert_null(strstr(text.ptr, "not_renamed"));
    config_project_release(&s.app.project);
    memset(&s.app.project, 0, sizeof(s.app.project));
    scene_close(&s);

    /* The next console hears of it from the file. */
    open_diff(&s, 120, 40);
    assert_int_equal(config_project_load(w.conf, &s.app.project, &err), LS_OK);
    scene_keys(&s, "o G Enter o G Enter"); /* renamings off and on: compared again */
    assert_true(scene_shows(&s, "column type -> key_type"));
    assert_false(scene_shows(&s, "column type -> key_type?"));
    ls_buf_release(&text);
    drop_project(&w, &s);
    scene_close(&s);
}

static void without_a_project_file_it_is_said(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 120, 40);
    scene_keys(&s, "'/key_type' Enter j a");
    assert_true(scene_shows(&s, "until you quit (there is no lockstep.conf"));
    scene_close(&s);
}

/* Whatever a key does in these two panes, Help has it. */
static void help_has_each_action(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 160, 200, false);
    scene_connect(&s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    scene_keys(&s, "?");
    for (int a = 1; a < UI_N_ACTIONS; a++) {
        const struct ui_action_info *info = ui_action_info((enum ui_action)a);

        if ((info->contexts & (UI_IN(SCHEMA) | UI_IN(DIFF))) && !scene_shows(&s, info->help))
            fail_msg("Help says nothing of %s", info->name);
    }
    scene_close(&s);
}

static void what_is_compared_can_be_chosen(void **state)
{
    struct ls_catalog *before = facts_catalog(LS_DIALECT_POSTGRES, "live", "table public t owner=alice privileges='x: SELECT'\n");
    struct ls_catalog *after = facts_catalog(LS_DIALECT_POSTGRES, "live", "table public t owner=bob\n");
    struct scene s;

    (void)state;
    scene_open(&s, 120, 30, false);
    scene_connect(&s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    pane_diff_set(&s.app, diffref_new(before, after, NULL));
    scene_keys(&s, "7");
    assert_true(scene_shows(&s, "No difference: migrations and live"));
    scene_keys(&s, "o");
    assert_true(scene_shows(&s, "compare owners too"));
    scene_keys(&s, "Enter");
    assert_true(scene_shows(&s, "alice"));
    assert_true(scene_shows(&s, "with owners"));
    scene_keys(&s, "o j Enter");
    assert_true(scene_shows(&s, "(owner, privileges)"));
    scene_keys(&s, "o Enter o j Enter");
    assert_true(scene_shows(&s, "No difference"));
    scene_close(&s);
}

static void a_report_is_written(void **state)
{
    char *tmp = getenv("LS_TEST_TMP"), *path = ls_asprintf("%s/report.md", tmp ? tmp : "/tmp");
    struct ls_buf keys = LS_BUF_INIT, text = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    struct scene s;

    (void)state;
    (void)unlink(path);
    open_diff(&s, 80, 24);
    ls_buf_addf(&keys, "w C-u '%s' Enter", path);
    scene_keys(&s, keys.ptr);
    assert_int_equal(ls_file_read(path, 0, 1 << 20, &text, &err), LS_OK);
    assert_non_null(strstr(text.ptr, "# Schema differences"));
    assert_non_null(strstr(text.ptr, "| - | table gone |"));
    scene_close(&s);
    (void)unlink(path);
    free(path);
    ls_buf_release(&keys);
    ls_buf_release(&text);
}

static char *lines_of(struct ui_doc *d)
{
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < d->lines.n; i++) {
        ls_buf_add(&b, d->lines.v[i].text, d->lines.v[i].len);
        ls_buf_addc(&b, '\n');
    }
    ui_doc_free(d);
    return ls_buf_detach(&b);
}

static void texts_line_by_line(void **state)
{
    static const struct {
        const char *a, *b, *expected;
    } cases[] = {
        {"one", "one", ""},
        {"one", "two", "- one\n+ two\n"},
        {"a\nb\nc", "a\nx\nc", "  a\n- b\n+ x\n  c\n"},
        {"a\nb", "a\nb\nc", "  a\n  b\n+ c\n"},
        {"a\nb\nc", "c", "- a\n- b\n  c\n"},
        {NULL, "new", "+ new\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\n5\n6\n7\n8\nx", "  (5 lines alike)\n  6\n  7\n  8\n- 9\n+ x\n"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ui_doc *d = ui_doc_new(true);
        char *got;

        text_diff_unified(d, cases[i].a, cases[i].b);
        got = lines_of(d);
        /* Two texts that are the same have nothing to tell. */
        if (strcmp(cases[i].expected, "") != 0 || strstr(got, "- ") || strstr(got, "+ "))
            assert_string_equal(got, cases[i].expected);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens),
        cmocka_unit_test(drift_is_told),
        cmocka_unit_test(a_renaming_is_asked_for),
        cmocka_unit_test(filters),
        cmocka_unit_test(sides_are_picked_from_what_there_is),
        cmocka_unit_test(a_choice_is_kept_in_the_project_file),
        cmocka_unit_test(without_a_project_file_it_is_said),
        cmocka_unit_test(what_is_compared_can_be_chosen),
        cmocka_unit_test(help_has_each_action),
        cmocka_unit_test(a_report_is_written),
        cmocka_unit_test(texts_line_by_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
