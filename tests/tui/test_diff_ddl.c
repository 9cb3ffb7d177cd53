/* The Diff pane's statements: a worker makes them, and what happens meanwhile counts. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/diff/ddl.h"
#include "tests/support/facts.h"
#include "tui/diffref.h"
#include "tui/scene.h"

#define PROMISED                                   \
    "table main gone\n"                            \
    "column main gone.id type=integer position=1\n" \
    "table main t\n"                               \
    "column main t.a type=int position=1\n"
#define FOUND                                              \
    "table main t\n"                                       \
    "column main t.a type=int 'not null'=yes position=1\n" \
    "column main t.new type=text position=2\n"

static struct diffref *compare(const char *found)
{
    return diffref_new(facts_catalog(LS_DIALECT_SQLITE, "migrations", PROMISED), facts_catalog(LS_DIALECT_SQLITE, "live", found), NULL);
}

static void open_diff(struct scene *s, bool held)
{
    scene_open(s, 120, 50, false);
    scene_connect(s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    pane_diff_set(&s->app, compare(FOUND));
    scene_work(s, held);
    scene_keys(s, "7");
}

static char *new_path(void)
{
    const char *tmp = getenv("LS_TEST_TMP");
    char *path = ls_asprintf("%s/statements.sql", tmp ? tmp : "/tmp");

    (void)unlink(path);
    return path;
}

static void ask_for_file(struct scene *s, const char *path)
{
    char *keys = ls_asprintf("D w C-u '%s' Enter", path);

    scene_keys(s, keys);
    free(keys);
}

/* Those of one difference, and of all. */
static void statements(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, false);
    scene_keys(&s, "'/new' Enter j D");
    assert_true(scene_shows(&s, "statements of this difference"));
    scene_keys(&s, "d");
    scene_settle(&s);
    assert_true(scene_shows(&s, "ALTER TABLE t ADD COLUMN new text"));
    assert_false(scene_shows(&s, "gone"));
    assert_false(scene_shows(&s, "made anew"));
    scene_keys(&s, "Esc D a");
    scene_settle(&s);
    assert_true(scene_shows(&s, "DROP TABLE gone"));
    assert_true(scene_shows(&s, "table t is made anew, and its rows are copied"));
    golden(&s, "diff-statements-120x50");
    scene_close(&s);
}

/* With all renamings, for names follow them. */
static void one_difference_takes_renamings_along(void **state)
{
    static const char a[] = "table public t\ncolumn public t.id type=bigint position=1\ncolumn public t.type type=text 'not null'=yes position=2\n"
                            "column public t.note type=text position=3\n";
    static const char b[] = "table public t\ncolumn public t.id type=bigint position=1\ncolumn public t.key_type type=text 'not null'=yes position=2\n"
                            "column public t.note type=text 'not null'=yes position=3\nindex public t.t_note key=note method=btree\n";
    struct scene s;

    (void)state;
    open_diff(&s, false);
    pane_diff_set(&s.app, diffref_new(facts_catalog(LS_DIALECT_POSTGRES, "A", a), facts_catalog(LS_DIALECT_POSTGRES, "B", b), NULL));
    scene_keys(&s, "'/t_note' Enter j D d");
    scene_settle(&s);
    assert_true(scene_shows(&s, "CREATE INDEX t_note ON public.t USING btree (note);"));
    assert_true(scene_shows(&s, "ALTER TABLE public.t RENAME COLUMN type TO key_type;"));
    assert_false(scene_shows(&s, "SET NOT NULL"));
    scene_close(&s);
}

/* The same bytes as `diff --ddl`. */
static void a_file_is_written(void **state)
{
    char *path = new_path();
    struct ls_buf want = LS_BUF_INIT, text = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    struct diffref *r = compare(FOUND);
    struct scene s;

    (void)state;
    (void)ls_ddl_diff(&r->diff, NULL, &want);
    diffref_put(r);
    open_diff(&s, false);
    ask_for_file(&s, path);
    scene_settle(&s);
    assert_true(scene_shows(&s, "written: "));
    assert_int_equal(ls_file_read(path, 0, 1 << 20, &text, &err), LS_OK);
    assert_string_equal(text.ptr, want.ptr);
    ask_for_file(&s, path); /* it is there already */
    scene_settle(&s);
    assert_true(scene_shows(&s, "The statements could not be written"));
    scene_close(&s);
    (void)unlink(path);
    free(path);
    ls_buf_release(&text);
    ls_buf_release(&want);
}

static void what_is_being_made_is_said_and_can_be_stopped(void **state)
{
    char *path = new_path();
    struct scene s;

    (void)state;
    open_diff(&s, true);
    scene_keys(&s, "'/new' Enter D a");
    assert_true(scene_shows(&s, "making the statements; ^C stops it"));
    scene_keys(&s, "D a");
    assert_true(scene_shows(&s, "statements are being made already"));
    scene_keys(&s, "Esc");
    assert_true(scene_shows(&s, "making the statements, to be stopped"));
    scene_settle(&s);
    assert_true(scene_shows(&s, "stopped: the statements are not shown"));
    assert_null(s.app.modal);
    scene_keys(&s, "j");
    assert_true(scene_shows(&s, "filter 'new'")); /* that Esc was for the statements */

    scene_work(&s, true);
    ask_for_file(&s, path);
    scene_keys(&s, "Esc");
    scene_settle(&s);
    assert_true(scene_shows(&s, "stopped: nothing was written"));
    assert_int_not_equal(access(path, F_OK), 0);

    scene_keys(&s, "D a"); /* and once more, to the end */
    scene_settle(&s);
    assert_true(scene_shows(&s, "DROP TABLE gone"));
    scene_close(&s);
    free(path);
}

/* What was compared anew while the statements were made: theirs are of something that is not on the screen any more. */
static void compared_again_meanwhile(void **state)
{
    char *path = new_path();
    struct scene s;

    (void)state;
    open_diff(&s, true);
    scene_keys(&s, "D a");
    pane_diff_set(&s.app, compare(PROMISED "table main later\ncolumn main later.id type=integer position=1\n"));
    scene_settle(&s);
    assert_null(s.app.modal);
    assert_true(scene_shows(&s, "compared again meanwhile: ask for the statements again"));
    scene_keys(&s, "D a");
    scene_settle(&s);
    assert_true(scene_shows(&s, "CREATE TABLE later"));
    scene_keys(&s, "Esc");

    scene_work(&s, true);
    ask_for_file(&s, path);
    scene_keys(&s, "o G Enter"); /* with other options: the same catalogues */
    scene_settle(&s);
    assert_true(scene_shows(&s, "compared again meanwhile, and nothing was written"));
    assert_int_not_equal(access(path, F_OK), 0);
    scene_close(&s);
    free(path);
}

static void compared_again_while_it_is_asked_which_ones(void **state)
{
    char *path = new_path(), *keys = ls_asprintf("C-u '%s' Enter", path);
    struct scene s;

    (void)state;
    open_diff(&s, false);
    scene_keys(&s, "'/new' Enter j D");
    pane_diff_set(&s.app, compare(PROMISED));
    scene_keys(&s, "d");
    scene_settle(&s);
    assert_null(s.app.modal);
    assert_true(scene_shows(&s, "compared again meanwhile"));
    scene_keys(&s, "D w");
    pane_diff_set(&s.app, compare(FOUND));
    scene_keys(&s, keys);
    scene_settle(&s);
    assert_true(scene_shows(&s, "compared again meanwhile"));
    assert_int_not_equal(access(path, F_OK), 0);
    scene_close(&s);
    free(path);
    free(keys);
}

/* Nothing opens over a dialog that was opened meanwhile. */
static void not_over_a_dialog(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, true);
    scene_keys(&s, "D a f");
    scene_settle(&s);
    assert_true(scene_shows(&s, "only loses data"));
    assert_true(scene_shows(&s, "was dropped: press its key again"));
    assert_false(scene_shows(&s, "DROP TABLE gone"));
    scene_close(&s);
}

/* The console may be left while they are made. */
static void left_meanwhile(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, true);
    scene_keys(&s, "D a");
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements),
        cmocka_unit_test(one_difference_takes_renamings_along),
        cmocka_unit_test(a_file_is_written),
        cmocka_unit_test(what_is_being_made_is_said_and_can_be_stopped),
        cmocka_unit_test(compared_again_meanwhile),
        cmocka_unit_test(compared_again_while_it_is_asked_which_ones),
        cmocka_unit_test(not_over_a_dialog),
        cmocka_unit_test(left_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
