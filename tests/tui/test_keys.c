/* The action table and the key file. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "tui/action.h"
#include "tui/tui.h"

static void test_no_key_means_two_things_in_one_place(void **state)
{
    struct ui_keymap m;

    (void)state;
    ui_keymap_init(&m);
    for (int c = 0; c < UI_N_CONTEXTS; c++) {
        for (int a = 1; a < UI_N_ACTIONS; a++) {
            if (!(ui_action_info((enum ui_action)a)->contexts & (1u << c)))
                continue;
            for (int i = 0; m.keys[a][i] != UI_KEY_NONE; i++) {
                enum ui_action found = ui_keymap_find(&m, (enum ui_context)c, m.keys[a][i]);

                if (found != (enum ui_action)a)
                    fail_msg("in %s '%s' hides '%s'", ui_context_name((enum ui_context)c), ui_action_info(found)->name,
                             ui_action_info((enum ui_action)a)->name);
            }
        }
    }
}

#define HELP_WIDTH 64 /* of 80, without keys and margins */

static void test_every_action_is_whole(void **state)
{
    struct ui_keymap m;

    (void)state;
    ui_keymap_init(&m);
    for (int a = 1; a < UI_N_ACTIONS; a++) {
        const struct ui_action_info *i = ui_action_info((enum ui_action)a);
        size_t words = 1, keys = 0;

        assert_true(*i->name && *i->help && i->contexts);
        /* Help is read on 80 columns, where nothing is cut. */
        if (strlen(i->help) + (i->flags & UI_WRITES ? strlen("  (writes)") : 0) > HELP_WIDTH)
            fail_msg("%s: its help is wider than %d columns", i->name, HELP_WIDTH);
        /* What writes is never done without a question. */
        if ((i->flags & UI_WRITES) && !(i->flags & UI_CONFIRM))
            fail_msg("%s writes and is not confirmed", i->name);
        for (const char *p = i->keys; *p; p++)
            words += *p == ' ';
        while (m.keys[a][keys] != UI_KEY_NONE)
            keys++;
        if (keys != words)
            fail_msg("%s: '%s' holds a word that is no key", i->name, i->keys);
        for (int b = 1; b < a; b++)
            assert_string_not_equal(ui_action_info((enum ui_action)b)->name, i->name);
    }
}

static void test_names_of_keys_go_both_ways(void **state)
{
    static const char *const names[] = {"a",   "G",   "C-d",     "PgDn",      "F5", "Space", "Enter",
                                        "Esc", "Tab", "BackTab", "Backspace", "ü",  "|",     ":"};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++) {
        struct ls_buf b = LS_BUF_INIT;
        ui_key k = ui_key_parse(names[i]);

        assert_int_not_equal(k, UI_KEY_NONE);
        ui_key_name(k, &b);
        assert_string_equal(b.ptr, names[i]);
        ls_buf_release(&b);
    }
    assert_int_equal(ui_key_parse(""), UI_KEY_NONE);
    assert_int_equal(ui_key_parse("ab"), UI_KEY_NONE);
    assert_int_equal(ui_key_parse("C-i"), UI_KEY_NONE);
    assert_int_equal(ui_key_parse("C-1"), UI_KEY_NONE);
    assert_int_equal(ui_key_parse("pgdn"), UI_KEY_PGDN);
}

static char *write_keys(const char *text)
{
    const char *tmp = getenv("LS_TEST_TMP");
    char *path = ls_asprintf("%s/keys-%ld.conf", tmp ? tmp : "/tmp", (long)getpid());

    assert_int_equal(ls_file_write_atomic(path, text, strlen(text), 0600, NULL), LS_OK);
    return path;
}

static void test_a_key_file_changes_keys(void **state)
{
    struct ui_keymap m;
    char *path = write_keys("[keys]\napply-next = F6\nquit = q C-q\n");

    (void)state;
    ui_keymap_init(&m);
    assert_int_equal(ui_keymap_load(&m, path, NULL), LS_OK);
    assert_int_equal(ui_keymap_find(&m, UI_CX_TIMELINE, UI_KEY_F6), UI_ACT_APPLY_NEXT);
    assert_int_equal(ui_keymap_find(&m, UI_CX_TIMELINE, 'a'), UI_ACT_NONE);
    assert_int_equal(ui_keymap_find(&m, UI_CX_LOG, UI_KEY_CTRL | 'q'), UI_ACT_QUIT);
    assert_int_equal(ui_keymap_find(&m, UI_CX_DIALOG, UI_KEY_F6), UI_ACT_NONE);
    unlink(path);
    assert_int_equal(ui_keymap_load(&m, path, NULL), LS_OK); /* no file is fine */
    free(path);
}

static void expect_error(const char *text, int line, const char *message, const char *hint)
{
    struct ui_keymap m, before;
    struct ls_err err = LS_ERR_INIT;
    char *path = write_keys(text), *place = ls_asprintf(".conf:%d:", line);

    ui_keymap_init(&m);
    before = m;
    assert_int_equal(ui_keymap_load(&m, path, &err), LS_E_INPUT);
    if (!strstr(err.message, place) || !strstr(err.message, message))
        fail_msg("'%s' and '%s' are not in: %s", place, message, err.message);
    if (hint && (!err.hint || !strstr(err.hint, hint)))
        fail_msg("'%s' is not in the hint: %s", hint, err.hint ? err.hint : "(none)");
    assert_memory_equal(&m, &before, sizeof(m));
    unlink(path);
    free(path);
    free(place);
    ls_err_release(&err);
}

static void test_errors_name_line_and_nearest_word(void **state)
{
    (void)state;
    expect_error("[keys]\n\naply-next = a\n", 3, "unknown action 'aply-next'", "apply-next");
    expect_error("[key]\nquit = q\n", 2, "unknown section 'key'", "keys");
    expect_error("[keys]\nquit = Cd\n", 2, "'Cd' is no key", "C-d");
    expect_error("[keys]\nquit = a b c d e f g h i\n", 2, "is no key", "at most");
    expect_error("[keys]\nedit = a\n", 2, "the key a would mean both 'apply-next' and 'edit'", "another key");
}

static void test_dump_lists_all(void **state)
{
    char *text = NULL;
    size_t len = 0, lines = 0;
    FILE *f = open_memstream(&text, &len);

    (void)state;
    assert_non_null(f);
    tui_dump_actions(f);
    fclose(f);
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, UI_N_ACTIONS - 1);
    assert_non_null(strstr(text, "timeline,detail\ta\tapply-next\tApply the next pending migration\n"));
    assert_non_null(strstr(text, "\tSpace n\tstep\t"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_key_means_two_things_in_one_place), cmocka_unit_test(test_every_action_is_whole),
        cmocka_unit_test(test_names_of_keys_go_both_ways),           cmocka_unit_test(test_a_key_file_changes_keys),
        cmocka_unit_test(test_errors_name_line_and_nearest_word),    cmocka_unit_test(test_dump_lists_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
