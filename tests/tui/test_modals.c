/* Dialogs, menus, the input line, the prompt; and what dispatch refuses. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "tui/flow.h"
#include "tui/jobs.h"
#include "tui/scene.h"

struct answer {
    int n, choice;
    struct ui_grant grant;
};

static void on_answer(struct app *a, void *ctx, int choice, const struct ui_grant *grant)
{
    struct answer *x = ctx;

    (void)a;
    x->n++;
    x->choice = choice;
    x->grant = *grant;
}

static void open_question(struct scene *s, struct answer *x, const char *must_type)
{
    struct ui_confirm_spec spec = {.title = "Question",
                                   .verb = "Do",
                                   .verb2 = "Do more",
                                   .must_type = must_type,
                                   .digest = "feed",
                                   .done = on_answer,
                                   .ctx = x,
                                   .body = ui_doc_new(false)};

    memset(x, 0, sizeof(*x));
    for (int i = 0; i < 60; i++)
        ui_doc_textf(spec.body, ROLE_TEXT, "line %d of the text", i);
    ui_confirm_open(&s->app, &spec);
    app_layout(&s->app);
}

static void open_scene(struct scene *s, bool protected_)
{
    scene_open(s, 80, 24, false);
    scene_connect(s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), protected_);
}

static void test_dialog_starts_on_cancel_and_forgets_typed_ahead(void **state)
{
    struct scene s;
    struct answer x;

    (void)state;
    open_scene(&s, false);
    s.app.wishes = 0;
    open_question(&s, &x, NULL);
    assert_true(s.app.wishes & APP_WISH_FLUSH);
    scene_keys(&s, "Enter");
    assert_int_equal(x.n, 1);
    assert_int_equal(x.choice, 0);
    assert_false(x.grant.is_given);
    scene_close(&s);
}

static void test_dialog_gives_a_grant_with_the_digest(void **state)
{
    struct scene s;
    struct answer x;

    (void)state;
    open_scene(&s, false);
    open_question(&s, &x, NULL);
    scene_keys(&s, "Tab Tab Enter");
    assert_int_equal(x.choice, 2);
    assert_true(x.grant.is_given);
    assert_string_equal(x.grant.digest, "feed");
    open_question(&s, &x, NULL);
    scene_keys(&s, "l l l Enter"); /* round and back at Cancel */
    assert_int_equal(x.choice, 0);
    open_question(&s, &x, NULL);
    scene_keys(&s, "Right Esc");
    assert_int_equal(x.choice, 0);
    assert_false(x.grant.is_given);
    scene_close(&s);
}

static void test_dialog_scrolls_its_text(void **state)
{
    struct scene s;
    struct answer x;

    (void)state;
    open_scene(&s, false);
    open_question(&s, &x, NULL);
    assert_true(scene_shows(&s, "line 0 of"));
    scene_keys(&s, "PgDn PgDn");
    assert_false(scene_shows(&s, "line 0 of"));
    scene_keys(&s, "End");
    assert_true(scene_shows(&s, "line 59 of"));
    assert_true(scene_shows(&s, "[ Cancel ]"));
    scene_close(&s);
}

static void test_typed_name_must_be_right_and_typed(void **state)
{
    struct scene s;
    struct answer x;

    (void)state;
    open_scene(&s, true);
    open_question(&s, &x, "app db");
    scene_keys(&s, "Tab Enter");
    assert_int_equal(x.n, 0);
    scene_paste(&s, "app db");
    scene_keys(&s, "Enter");
    assert_int_equal(x.n, 0);
    scene_keys(&s, "'app dx' Enter");
    assert_int_equal(x.n, 0);
    scene_keys(&s, "Backspace 'b' Enter");
    assert_int_equal(x.n, 1);
    assert_int_equal(x.choice, 1);
    scene_close(&s);
}

static void test_clicks_press_buttons(void **state)
{
    struct scene s;
    struct answer x;

    (void)state;
    open_scene(&s, false);
    open_question(&s, &x, NULL);
    scene_click(&s, 72, 21);
    assert_int_equal(x.choice, 2);
    open_question(&s, &x, NULL);
    scene_click(&s, 3, 3); /* the text */
    assert_int_equal(x.n, 0);
    scene_close(&s);
}

static int chosen;
static int n_freed;

static void on_choice(struct app *a, void *ctx, int index)
{
    (void)a;
    (void)ctx;
    chosen = index;
}

static void count_free(void *ctx)
{
    (void)ctx;
    n_freed++;
}

static void open_menu(struct scene *s)
{
    static const struct ui_choice choices[] = {{'a', "first", "about it"}, {'b', "second", NULL}, {0, "third", NULL}};
    struct ui_menu_spec spec = {.title = "Menu", .choices = choices, .n = 3, .start = 1, .done = on_choice, .free_ctx = count_free};

    chosen = -2;
    ui_menu_open(&s->app, &spec);
    app_layout(&s->app);
}

static void test_menu_by_cursor_letter_and_escape(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, false);
    n_freed = 0;
    open_menu(&s);
    scene_keys(&s, "Enter");
    assert_int_equal(chosen, 1);
    open_menu(&s);
    scene_keys(&s, "Down Enter");
    assert_int_equal(chosen, 2);
    open_menu(&s);
    scene_keys(&s, "a");
    assert_int_equal(chosen, 0);
    open_menu(&s);
    scene_keys(&s, "Esc");
    assert_int_equal(chosen, -1);
    assert_int_equal(n_freed, 4);
    open_menu(&s);
    scene_close(&s); /* closed with the console: the context is still given back, once */
    assert_int_equal(n_freed, 5);
}

static void test_long_menus_keep_their_cursor_in_sight(void **state)
{
    struct scene s;
    struct ui_choice choices[40];
    char labels[40][24];
    struct ui_menu_spec spec = {.title = "Menu", .choices = choices, .n = 40, .done = on_choice, .body = ui_doc_new(false)};

    (void)state;
    open_scene(&s, false);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(labels[i], sizeof(labels[i]), "choice %d.", i);
        choices[i] = (struct ui_choice){.label = labels[i], .note = "a note"};
        ui_doc_textf(spec.body, ROLE_TEXT, "body %d", i);
    }
    ui_menu_open(&s.app, &spec);
    app_layout(&s.app);
    assert_true(scene_shows(&s, "choice 0."));
    assert_true(scene_shows(&s, "body 0"));
    scene_keys(&s, "End");
    assert_true(scene_shows(&s, "choice 39."));
    scene_keys(&s, "g");
    assert_true(scene_shows(&s, "choice 0."));
    scene_close(&s);
}

static void test_read_only_refuses_what_writes(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, true);
    scene_keys(&s, "a");
    assert_true(scene_shows(&s, "read-only: this environment is protected; W arms the console"));
    assert_null(s.app.modal);
    scene_keys(&s, "W");
    assert_true(ui_modal_is_confirm(s.app.modal));
    scene_keys(&s, "Esc");
    s.app.phase = APP_CONNECTING;
    scene_keys(&s, "A");
    assert_true(scene_shows(&s, "not connected yet"));
    app_phase_over(&s.app);
    assert_false(scene_shows(&s, "not connected yet"));
    app_say(&s.app, ROLE_INFO, "something else");
    app_phase_over(&s.app); /* that stays until the next key */
    assert_true(scene_shows(&s, "something else"));
    scene_close(&s);
}

static void test_a_screen_too_small_takes_no_orders(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, false);
    app_resize(&s.app, 40, 10);
    scene_keys(&s, "m Enter : x");
    assert_null(s.app.modal);
    app_resize(&s.app, 80, 24);
    scene_keys(&s, "m");
    assert_non_null(s.app.modal);
    scene_close(&s);
}

static void test_edit_asks_which_file(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, false);
    scene_keys(&s, "g e");
    assert_true(scene_shows(&s, "migrations/009_drop_legacy"));
    scene_keys(&s, "d");
    assert_true(s.app.wishes & APP_WISH_EDIT);
    assert_non_null(strstr(s.app.edit_path, "009_drop_legacy"));
    assert_non_null(strstr(s.app.edit_path, ".down.sql"));
    s.app.wishes = 0;
    scene_keys(&s, "J '5' Enter e"); /* a ledger row without a file */
    assert_true(scene_shows(&s, "there is no file to edit"));
    assert_int_equal(s.app.wishes & APP_WISH_EDIT, 0);
    scene_close(&s);
}

static void test_nothing_runs_without_the_right_grant(void **state)
{
    struct scene s;
    struct planref *p = scene_plan(false);
    struct ui_grant grant = {.is_given = true, .digest = "another"};
    struct conn conn = {0};

    (void)state;
    open_scene(&s, false);
    run_model_set_plan(&s.app.run, p);
    planref_put(p);
    s.app.main = &conn; /* posting to it would crash: nothing must get that far */
    job_run(&s.app, &grant, RUN_MODE_ON);
    assert_true(scene_shows(&s, "nothing was run"));
    grant.is_given = false;
    (void)snprintf(grant.digest, sizeof(grant.digest), "%s", s.app.run.plan->plan->digest);
    job_run(&s.app, &grant, RUN_MODE_ON);
    job_run(&s.app, NULL, RUN_MODE_ON);
    assert_int_equal(s.app.run.phase, RUN_PHASE_PREVIEW);
    s.app.main = NULL;
    scene_close(&s);
}

static void test_hints_hold_only_what_works(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, false);
    assert_true(app_can(&s.app, UI_ACT_APPLY_NEXT));
    assert_false(app_can(&s.app, UI_ACT_RESOLVE));
    assert_false(app_can(&s.app, UI_ACT_IMPORT));
    assert_false(app_can(&s.app, UI_ACT_STEP));
    assert_false(app_can(&s.app, UI_ACT_ARM));
    assert_false(app_can(&s.app, UI_ACT_ENV));
    s.app.run.phase = RUN_PHASE_RUNNING;
    assert_false(app_can(&s.app, UI_ACT_APPLY_NEXT));
    assert_true(app_can(&s.app, UI_ACT_STOP));
    s.app.run.phase = RUN_PHASE_NONE;
    scene_close(&s);
    open_scene(&s, true);
    assert_false(app_can(&s.app, UI_ACT_APPLY_NEXT));
    assert_true(app_can(&s.app, UI_ACT_ARM));
    scene_close(&s);
}

static void test_ten_thousand_rows_scroll(void **state)
{
    enum { N = 10000 };
    struct scene_row *rows = ls_calloc(N, sizeof(*rows));
    struct ls_arena *a = ls_arena_new();
    struct scene s;

    (void)state;
    for (int i = 0; i < N; i++) {
        rows[i].label = ls_arena_printf(a, "%06d", i + 1);
        rows[i].name = ls_arena_printf(a, "row_number_%d", i + 1);
        rows[i].duration_ms = -1;
    }
    scene_open(&s, 120, 40, false);
    scene_connect(&s, scene_snapshot(&ls_format_lockstep, rows, N), false);
    assert_true(scene_shows(&s, "row_number_1 ")); /* where the work is */
    scene_keys(&s, "g");
    assert_true(scene_shows(&s, "row_number_10000"));
    scene_keys(&s, "PgDn j j");
    assert_int_equal(s.app.selected, N - 1 - 38);
    scene_keys(&s, "J '5000' Enter");
    assert_int_equal(s.app.selected, 4999);
    scene_keys(&s, "/ 'number_777' Enter");
    assert_true(scene_shows(&s, "of 10000, filter 'number_777'"));
    assert_true(scene_shows(&s, "row_number_7770"));
    scene_close(&s);
    ls_arena_free(a);
    free(rows);
}

static const char *const *words(size_t *n)
{
    static const char *const all[] = {"status", "stop-watch", "--json", "up"};

    *n = LS_ARRAY_LEN(all);
    return all;
}

static void test_prompt_edits_completes_and_remembers(void **state)
{
    const char *tmp = getenv("LS_TEST_TMP");
    struct scene s;
    struct stat st;
    struct ls_buf kept = LS_BUF_INIT;
    char *path;

    (void)state;
    open_scene(&s, false);
    s.params.complete_words = words;
    s.app.state_home = ls_asprintf("%s/state-%ld", tmp ? tmp : "/tmp", (long)getpid());
    path = ls_asprintf("%s/history", s.app.state_home);
    scene_keys(&s, ": 'stat' Tab '--js' Tab");
    assert_true(scene_shows(&s, ":status --json"));
    scene_keys(&s, "C-a 'x' Right Backspace C-e 'é' Backspace");
    assert_true(scene_shows(&s, ":xtatus --json"));
    scene_keys(&s, "Enter");
    assert_null(s.app.modal);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    scene_keys(&s, ": 'status --url postgres://ann:s3cret@h/d' Enter"); /* not to be remembered */
    scene_keys(&s, ": Up");
    assert_true(scene_shows(&s, ":xtatus --json"));
    scene_keys(&s, "Esc : 'x' Enter");
    assert_int_equal(ls_file_read(path, 0, 0, &kept, NULL), LS_OK);
    assert_null(strstr(kept.ptr, "s3cret"));
    scene_keys(&s, ": Up Up");
    scene_keys(&s, "C-u 'st' Tab");
    assert_true(scene_shows(&s, "status  stop-watch"));
    scene_paste(&s, "up\nquit");
    assert_true(scene_shows(&s, ":stup "));
    scene_keys(&s, "Esc");
    assert_null(s.app.modal);
    assert_int_equal(ls_remove_tree(s.app.state_home, NULL), LS_OK);
    ls_buf_release(&kept);
    free(path);
    scene_close(&s);
}

/* A question about what goes on is no question any more once that has ended. */
static void test_the_leave_question_ends_with_what_it_is_about(void **state)
{
    struct scene s;
    struct answer x;
    struct job_command *command = (struct job_command *)(void *)&x; /* only whether there is one is asked here */

    (void)state;
    open_scene(&s, false);
    s.app.progress.is_on = true;
    (void)snprintf(s.app.progress.text, sizeof(s.app.progress.text), "backup");
    scene_keys(&s, "q");
    assert_true(scene_shows(&s, "backup is cancelled"));
    s.app.progress.is_on = false;
    s.app.command = command;
    flow_question_over(&s.app); /* something else still goes on, and it is asked about that */
    s.app.command = NULL;
    assert_true(ui_modal_is_confirm(s.app.modal));
    assert_false(scene_shows(&s, "backup is cancelled"));
    assert_true(scene_shows(&s, "A subcommand is still running."));
    open_question(&s, &x, NULL); /* another one on top of it stays */
    flow_question_over(&s.app);
    assert_true(scene_shows(&s, "Question"));
    scene_keys(&s, "Esc");
    assert_int_equal(x.n, 1);
    assert_null(s.app.modal);
    assert_null(s.app.question);
    assert_false(s.app.should_exit);
    scene_close(&s);
}

/* The run goes on while it is asked whether to stop it. */
static void test_the_stop_question_says_what_is_so(void **state)
{
    struct ls_event ev = {.kind = LS_EV_TX_BEGIN};
    struct planref *p = scene_plan(false);
    struct scene s;

    (void)state;
    open_scene(&s, false);
    run_model_set_plan(&s.app.run, p);
    planref_put(p);
    run_model_start(&s.app.run, RUN_MODE_ON, 0);
    flow_stop(&s.app);
    app_layout(&s.app);
    assert_true(scene_shows(&s, "No transaction is open: nothing is taken back."));
    scene_keys(&s, "Tab");
    run_model_event(&s.app.run, &ev, 0);
    flow_on_run_event(&s.app);
    app_layout(&s.app);
    assert_true(scene_shows(&s, "The open transaction is rolled back"));
    assert_false(scene_shows(&s, "No transaction is open"));
    assert_true(scene_shows(&s, "[ Stop ]")); /* the focus stays */
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialog_starts_on_cancel_and_forgets_typed_ahead),
        cmocka_unit_test(test_dialog_gives_a_grant_with_the_digest),
        cmocka_unit_test(test_dialog_scrolls_its_text),
        cmocka_unit_test(test_typed_name_must_be_right_and_typed),
        cmocka_unit_test(test_clicks_press_buttons),
        cmocka_unit_test(test_menu_by_cursor_letter_and_escape),
        cmocka_unit_test(test_long_menus_keep_their_cursor_in_sight),
        cmocka_unit_test(test_read_only_refuses_what_writes),
        cmocka_unit_test(test_a_screen_too_small_takes_no_orders),
        cmocka_unit_test(test_edit_asks_which_file),
        cmocka_unit_test(test_nothing_runs_without_the_right_grant),
        cmocka_unit_test(test_hints_hold_only_what_works),
        cmocka_unit_test(test_ten_thousand_rows_scroll),
        cmocka_unit_test(test_prompt_edits_completes_and_remembers),
        cmocka_unit_test(test_the_leave_question_ends_with_what_it_is_about),
        cmocka_unit_test(test_the_stop_question_says_what_is_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
