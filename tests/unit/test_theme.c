/* Themes: the shipped ones, a user's own, inheritance, errors with their place, fewer colours. */
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

#include "config/theme.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

static char *home; /* a config home with a themes folder */

static int set_up(void **state)
{
    const char *tmp = getenv("LS_TEST_TMP");
    char *dir;

    (void)state;
    home = ls_asprintf("%s/ls-theme-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(home))
        return -1;
    dir = ls_asprintf("%s/themes", home);
    if (mkdir(dir, 0700) != 0)
        return -1;
    free(dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (ls_remove_tree(home, NULL) != LS_OK)
        return -1;
    free(home);
    return 0;
}

static void write_theme(const char *name, const char *text)
{
    char *path = ls_asprintf("%s/themes/%s.theme", home, name);

    assert_int_equal(ls_file_write_atomic(path, text, strlen(text), 0600, NULL), LS_OK);
    free(path);
}

static void test_shipped_themes_load_and_set_every_state(void **state)
{
    struct ls_arena *a = ls_arena_new();
    struct theme_name_list names = {0};
    struct theme t;

    (void)state;
    theme_names(a, NULL, &names);
    assert_true(names.n.n >= 4);
    for (size_t i = 0; i < names.n.n; i++) {
        struct ls_err err = LS_ERR_INIT;

        if (theme_load(names.n.v[i], NULL, &t, &err) != LS_OK)
            fail_msg("%s: %s", names.n.v[i], err.message);
        assert_string_equal(t.name, names.n.v[i]);
        /* Dirty, danger and the cursor must stand out in every theme. */
        assert_true(t.role[ROLE_DIRTY].attrs != 0 || t.role[ROLE_DIRTY].fg != t.role[ROLE_TEXT].fg);
        assert_true(t.role[ROLE_CURSOR].attrs != 0 || t.role[ROLE_CURSOR].bg != t.role[ROLE_TEXT].bg);
        if (i > 0)
            assert_true(strcmp(names.n.v[i - 1], names.n.v[i]) < 0);
    }
    LS_VEC_RELEASE(&names.n);
    ls_arena_free(a);
}

/* Every role on everything that it can lie on: a state in the cursor's row, a warning in a dialog. */
static void test_shipped_themes_can_be_read(void **state)
{
    static const enum theme_role bases[] = {ROLE_TEXT, ROLE_CURSOR, ROLE_DIALOG, ROLE_DIALOG_DANGER, ROLE_SELECTED, ROLE_HEADER, ROLE_HINT, ROLE_BANNER, ROLE_INPUT};
    struct ls_arena *a = ls_arena_new();
    struct theme_name_list names = {0};
    struct theme t;
    int n_bad = 0;

    (void)state;
    theme_names(a, NULL, &names);
    for (size_t i = 0; i < names.n.n; i++) {
        assert_int_equal(theme_load(names.n.v[i], NULL, &t, NULL), LS_OK);
        for (size_t b = 0; b < LS_ARRAY_LEN(bases); b++) {
            for (int r = 0; r < N_ROLES; r++) {
                struct theme_style s = theme_look(&t, (enum theme_role)r, bases[b]);
                bool is_line = r == ROLE_BORDER || r == ROLE_BORDER_FOCUS; /* drawn, not read */

                if (!is_line && theme_contrast(s.fg, s.bg) < THEME_READABLE) {
                    print_message("# %s: %s on %s has a contrast of %.1f\n", t.name, theme_role_name((enum theme_role)r), theme_role_name(bases[b]),
                                  theme_contrast(s.fg, s.bg));
                    n_bad++;
                }
                if (!is_line && s.fg >= 0 && s.bg >= 0 && theme_to_16(s.fg) == theme_to_16(s.bg)) {
                    print_message("# %s: %s on %s is one of sixteen colours\n", t.name, theme_role_name((enum theme_role)r), theme_role_name(bases[b]));
                    n_bad++;
                }
            }
        }
    }
    assert_int_equal(n_bad, 0);
    LS_VEC_RELEASE(&names.n);
    ls_arena_free(a);
}

static void test_what_cannot_be_read_takes_the_bases_colour(void **state)
{
    struct theme t = {0};

    (void)state;
    for (int r = 0; r < N_ROLES; r++)
        t.role[r] = (struct theme_style){.fg = -1, .bg = -1};
    t.role[ROLE_CURSOR] = (struct theme_style){.fg = 0x1000000, .bg = 0x1ffff00, .attrs = THEME_BOLD};
    t.role[ROLE_APPLIED].fg = 0x100ff00;
    t.role[ROLE_PENDING] = (struct theme_style){.fg = 0x10000ff, .bg = -1, .attrs = THEME_UNDERLINE};
    t.role[ROLE_DIRTY] = (struct theme_style){.fg = 0x1800000, .bg = 0x1900000};
    assert_int_equal(theme_look(&t, ROLE_APPLIED, ROLE_TEXT).fg, 0x100ff00);
    assert_int_equal(theme_look(&t, ROLE_APPLIED, ROLE_CURSOR).fg, 0x1000000);
    assert_int_equal(theme_look(&t, ROLE_PENDING, ROLE_CURSOR).fg, 0x10000ff); /* blue on yellow can be read */
    assert_int_equal(theme_look(&t, ROLE_PENDING, ROLE_CURSOR).attrs, THEME_BOLD | THEME_UNDERLINE);
    assert_int_equal(theme_look(&t, ROLE_DIRTY, ROLE_CURSOR).fg, 0x1800000); /* with a background of its own it is as its theme has it */
    assert_int_equal(theme_look(&t, ROLE_TEXT, ROLE_CURSOR).bg, 0x1ffff00);
    assert_true(theme_contrast(0x1000000, 0x1ffffff) > 20.9);
    assert_true(theme_contrast(-1, 0x1ffffff) > 20.9);
    assert_int_equal(theme_to_rgb(9), 0x1ff0000);
    assert_int_equal(theme_to_rgb(-1), -1);
}

static void test_mono_has_no_colour(void **state)
{
    struct theme t;

    (void)state;
    assert_int_equal(theme_load("mono", NULL, &t, NULL), LS_OK);
    for (int r = 0; r < N_ROLES; r++) {
        assert_int_equal(t.role[r].fg, -1);
        assert_int_equal(t.role[r].bg, -1);
    }
}

static void test_user_theme_builds_on_a_shipped_one(void **state)
{
    struct theme dark, mine;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(theme_load("dark", NULL, &dark, NULL), LS_OK);
    write_theme("mine", "[theme]\nname = mine\nbase = dark\n[roles]\ncursor = bright-white on #102030 bold underline\ndim = red\n");
    assert_int_equal(theme_load("mine", home, &mine, &err), LS_OK);
    assert_string_equal(mine.name, "mine");
    assert_int_equal(mine.role[ROLE_CURSOR].fg, 15);
    assert_int_equal(mine.role[ROLE_CURSOR].bg, 0x1000000 | 0x102030);
    assert_int_equal(mine.role[ROLE_CURSOR].attrs, THEME_BOLD | THEME_UNDERLINE);
    assert_int_equal(mine.role[ROLE_DIM].fg, 1);
    assert_int_equal(mine.role[ROLE_APPLIED].fg, dark.role[ROLE_APPLIED].fg);
}

static void test_user_theme_may_replace_its_base_by_name(void **state)
{
    struct theme shipped, mine;

    (void)state;
    assert_int_equal(theme_load("light", NULL, &shipped, NULL), LS_OK);
    write_theme("light", "[theme]\nbase = light\n[roles]\nhint = green\n");
    assert_int_equal(theme_load("light", home, &mine, NULL), LS_OK);
    assert_int_equal(mine.role[ROLE_HINT].fg, 2);
    assert_int_equal(mine.role[ROLE_ERROR].fg, shipped.role[ROLE_ERROR].fg);
}

static void expect_error(const char *text, int line, const char *message, const char *hint)
{
    struct theme t;
    struct ls_err err = LS_ERR_INIT;

    write_theme("bad", text);
    assert_int_equal(theme_load("bad", home, &t, &err), LS_E_INPUT);
    assert_int_equal(err.line, line);
    if (!strstr(err.message, message))
        fail_msg("'%s' is not in: %s", message, err.message);
    if (hint && (!err.hint || !strstr(err.hint, hint)))
        fail_msg("'%s' is not in the hint: %s", hint, err.hint ? err.hint : "(none)");
    ls_err_release(&err);
}

static void test_errors_name_the_line_and_the_nearest_word(void **state)
{
    (void)state;
    expect_error("[theme]\n[roles]\nstate.aplied = green\n", 3, "bad.theme:3: unknown role 'state.aplied'", "state.applied");
    expect_error("[roles]\ncursor = bleu\n", 2, "'bleu'", "blue");
    expect_error("[roles]\ncursor = #12345\n", 2, "#rrggbb", NULL);
    expect_error("name = x\n[roles]\n", 1, "bad.theme:1: a line stands before the first section; put [theme]", NULL);
    expect_error("[rolls]\ncursor = blue\n", 2, "unknown section 'rolls'", "roles");
    expect_error("[theme]\nbasis = dark\n", 2, "unknown key 'basis'", NULL);
    expect_error("[roles]\ncursor = red blue\n", 2, "two colours", NULL);
    expect_error("[roles]\ncursor = red on blue undrline\n", 2, "'undrline'", "underline");
}

static void test_unknown_name_lists_what_there_is(void **state)
{
    struct theme t;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(theme_load("drak", home, &t, &err), LS_E_NOT_FOUND);
    assert_non_null(strstr(err.hint, "dark"));
    assert_non_null(strstr(err.hint, "high-contrast"));
    ls_err_release(&err);
}

static void test_a_circle_of_bases_ends(void **state)
{
    struct theme t;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    write_theme("ring", "[theme]\nbase = rung\n");
    write_theme("rung", "[theme]\nbase = ring\n");
    assert_int_equal(theme_load("ring", home, &t, &err), LS_E_INPUT);
    assert_non_null(strstr(err.message, "circle"));
    ls_err_release(&err);
}

static void test_nearest_colours(void **state)
{
    (void)state;
    assert_int_equal(theme_to_256(0x1000000), 16);
    assert_int_equal(theme_to_256(0x1ffffff), 231);
    assert_int_equal(theme_to_256(0x1ff0000), 196);
    assert_int_equal(theme_to_256(0x1808080), 244);
    assert_int_equal(theme_to_256(9), 9);
    assert_int_equal(theme_to_16(0x1ff0000), 9);
    assert_int_equal(theme_to_16(0x1000000), 0);
    assert_int_equal(theme_to_16(0x179c0ff), 14); /* a soft blue stays a colour */
    assert_int_equal(theme_to_16(0x1e3b341), 11);
    assert_int_equal(theme_to_16(0x11f3a5f), 4);
    assert_int_equal(theme_to_16(0x1808080), 7);
    assert_int_equal(theme_to_16(0x1ffffff), 15);
    assert_int_equal(theme_to_16(0x1002b36), 0); /* solarized's background */
    assert_int_equal(theme_to_16(3), 3);
    assert_int_equal(theme_to_direct(3, 8), 3);
    assert_int_equal(theme_to_direct(11, 8), 0xffff00);
    assert_int_equal(theme_to_direct(11, 16), 11);
    assert_int_equal(theme_to_direct(0x1000002, 8), 8);
    assert_int_equal(theme_to_direct(0x1123456, 8), 0x123456);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_themes_load_and_set_every_state),
        cmocka_unit_test(test_shipped_themes_can_be_read),
        cmocka_unit_test(test_what_cannot_be_read_takes_the_bases_colour),
        cmocka_unit_test(test_mono_has_no_colour),
        cmocka_unit_test(test_user_theme_builds_on_a_shipped_one),
        cmocka_unit_test(test_user_theme_may_replace_its_base_by_name),
        cmocka_unit_test(test_errors_name_the_line_and_the_nearest_word),
        cmocka_unit_test(test_unknown_name_lists_what_there_is),
        cmocka_unit_test(test_a_circle_of_bases_ends),
        cmocka_unit_test(test_nearest_colours),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
