/* Colours and characters on terminals of several kinds, and themes. */
#include <config.h>

#include "stage.h"

static bool same_bg(struct pty_cell a, struct pty_cell b)
{
    return a.bg_default == b.bg_default && memcmp(a.bg, b.bg, 3) == 0;
}

/* Some cell that has a colour. */
static bool is_coloured(struct stage *s)
{
    for (int row = 0; row < 24; row++)
        for (int col = 0; col < 80; col++) {
            struct pty_cell c = pty_cell_at(s->p, row, col);

            if (!c.fg_default || !c.bg_default)
                return true;
        }
    return false;
}

static void open_with(struct stage *s, const char *term, const char *theme)
{
    s->opt.term = term;
    if (theme)
        stage_console(s, "--theme", theme, NULL);
    else
        stage_console(s, NULL);
    pty_expect_words(s->p, "pending 001 t1");
    assert_int_equal(pty_find(s->p, " no environment"), 0);
}

static void shows_states_in_colour(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up 1 --yes");
    stage_put(s, "migrations/003_t3.up.sql", "CREATE TABLE t3 (i int);\n");
    s->opt.term = "xterm-256color";
    stage_console(s, NULL);
    pty_expect_words(s->p, "applied 001");
    pty_expect_words(s->p, "pending 003");
    pty_expect(s->p, "▸");
    int applied = pty_find_words(s->p, "applied 001"), pending = pty_find_words(s->p, "pending 003"), at = pty_find(s->p, "▸");
    struct pty_cell a = pty_cell_at(s->p, applied, 4), w = pty_cell_at(s->p, pending, 4), header = pty_cell_at(s->p, 0, 1);

    assert_int_equal(a.ch, 'a');
    assert_int_equal(w.ch, 'p');
    /* Green and blue, each its strongest part; and the words say the same. */
    assert_true(a.fg[1] > a.fg[0] && a.fg[1] > a.fg[2]);
    assert_true(w.fg[2] > w.fg[0]);
    assert_false(header.bg_default);
    assert_true(header.bold);
    /* The cursor's row stands out, and no other. */
    assert_false(pty_cell_at(s->p, at, 8).bg_default);
    assert_true(pty_cell_at(s->p, applied, 8).bg_default);
    stage_quit(s);
}

static void themes_differ(void **state)
{
    static const char *const names[] = {"dark", "light", "high-contrast", "solarized", "mono"};
    struct pty_cell header[5];
    struct stage *s = stage(state);

    stage_tables(s, 1);
    for (size_t i = 0; i < 5; i++) {
        open_with(s, "xterm-256color", names[i]);
        header[i] = pty_cell_at(s->p, 0, 1);
        for (size_t k = 0; k < i; k++)
            if (same_bg(header[i], header[k]) && header[i].reverse == header[k].reverse)
                fail_msg("%s and %s have the same header", names[i], names[k]);
        stage_quit(s);
    }
    /* high-contrast: black on white. */
    assert_true(header[2].bg[0] > 200 && header[2].bg[1] > 200 && header[2].bg[2] > 200 && header[2].fg[0] < 60);
    /* mono: attributes only. */
    assert_true(header[4].reverse && header[4].bg_default && header[4].fg_default);
}

static void no_such_theme(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_start(s, "--theme", "drak", NULL);
    int status = pty_expect_exit(s->p);
    assert_int_not_equal(status, 0);
    pty_expect(s->p, "drak");
    pty_expect(s->p, "dark"); /* the nearest that there is */
    pty_expect_restored(s->p);
    /* One of the project file is told with its place. */
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n\ntheme = solarised\n");
    stage_start(s, NULL);
    assert_int_not_equal(pty_expect_exit(s->p), 0);
    pty_expect(s->p, "lockstep.conf:4: ");
    pty_expect(s->p, "'solarized'");
}

static void a_theme_of_ones_own(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_env(s, stage_format(s, "XDG_CONFIG_HOME=%s/config", s->dir));
    stage_put(s, "config/lockstep/themes/mine.theme", "[theme]\nname = mine\n\n[roles]\nheader = #000000 on #00ff00\n");
    open_with(s, "xterm-256color", "mine");
    struct pty_cell header = pty_cell_at(s->p, 0, 1);
    assert_true(header.bg[1] > 200 && header.bg[0] < 60 && header.bg[2] < 60);
    stage_quit(s);
    stage_put(s, "config/lockstep/themes/mine.theme", "[theme]\nname = mine\n\n[roles]\nheeder = #000000 on #00ff00\n");
    stage_start(s, "--theme", "mine", NULL);
    assert_int_not_equal(pty_expect_exit(s->p), 0);
    pty_expect(s->p, "mine.theme:5");
    pty_expect(s->p, "header");
}

static void no_color(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up 1 --yes");
    stage_env(s, "NO_COLOR=1");
    s->opt.term = "xterm-256color";
    stage_console(s, NULL);
    pty_expect_words(s->p, "applied 001 t1");
    assert_false(is_coloured(s));
    assert_true(pty_cell_at(s->p, 0, 1).reverse); /* the header, and below it the cursor, by attribute */
    assert_true(pty_cell_at(s->p, pty_find(s->p, "▸"), 8).reverse);
    stage_quit(s);
}

static void eight_and_sixteen_colours(void **state)
{
    static const char *const terms[] = {"xterm", "xterm-color", "screen", "linux"};
    struct stage *s = stage(state);
    const char *raw;

    stage_tables(s, 1);
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        if (strcmp(terms[i], "linux") == 0) /* there ncurses loads libgpm, which loses ten bytes */
            stage_env(s, "LSAN_OPTIONS=detect_leaks=0");
        open_with(s, terms[i], NULL);
        assert_true(is_coloured(s));
        assert_false(pty_cell_at(s->p, 0, 1).bg_default);
        size_t len = pty_bytes(s->p, &raw);
        assert_null(memmem(raw, len, "38;5;", 5));
        assert_null(memmem(raw, len, "38;2;", 5));
        stage_quit(s);
    }
}

static void true_colour(void **state)
{
    struct stage *s = stage(state);
    const char *raw;

    stage_tables(s, 1);
    stage_env(s, "COLORTERM=truecolor");
    open_with(s, "xterm-256color", NULL);
    /* The palette is changed, and put back at the end. */
    size_t len = pty_bytes(s->p, &raw);
    assert_non_null(memmem(raw, len, "\033]4;", 4));
    stage_quit(s);
    pty_expect_bytes(s->p, "\033]104");
}

/* A terminal whose colour numbers are colours, but for the first eight: its entry is ncurses' xterm-direct, which few machines have. */
static void direct_colour(void **state)
{
    struct stage *s = stage(state);
    const char *raw;
    size_t len;

    stage_tables(s, 1);
    stage_put(s, "direct.ti", "xterm-direct|direct colour,\n\tRGB, colors#0x1000000, pairs#0x10000, CO#8, initc@, setb@, setf@, op=\\E[39;49m,\n"
              "\tsetab=\\E[%%?%%p1%%{8}%%<%%t4%%p1%%d%%e48\\:2\\:\\:%%p1%%{65536}%%/%%d\\:%%p1%%{256}%%/%%{255}%%&%%d\\:%%p1%%{255}%%&%%d%%;m,\n"
              "\tsetaf=\\E[%%?%%p1%%{8}%%<%%t3%%p1%%d%%e38\\:2\\:\\:%%p1%%{65536}%%/%%d\\:%%p1%%{256}%%/%%{255}%%&%%d\\:%%p1%%{255}%%&%%d%%;m,\n"
              "\tuse=xterm,\n");
    if (system(stage_format(s, "tic -x -o '%s/terminfo' '%s/direct.ti' 2>/dev/null", s->dir, s->dir)) != 0)
        test_skip("tic (ncurses-bin) could not make the terminal's entry");
    stage_env(s, stage_format(s, "TERMINFO=%s/terminfo", s->dir));
    stage_env(s, stage_format(s, "XDG_CONFIG_HOME=%s/config", s->dir));
    stage_put(s, "config/lockstep/themes/mine.theme", "[theme]\nname = mine\n[roles]\nheader = bright-yellow on #112233\ncursor = red on #000002\n");
    open_with(s, "xterm-direct", "mine");
    len = pty_bytes(s->p, &raw);
    assert_non_null(memmem(raw, len, "48:2::17:34:51", 14));
    assert_non_null(memmem(raw, len, "38:2::255:255:0", 15)); /* one of the sixteen names, of which the terminal knows eight */
    assert_non_null(memmem(raw, len, "\033[31m", 5));
    assert_non_null(memmem(raw, len, "48:2::0:0:8", 11)); /* not the palette's green */
    stage_quit(s);
}

/* A terminal with neither colours nor a second screen nor a mouse. */
static void vt100(void **state)
{
    struct stage *s = stage(state);
    const char *raw;

    stage_tables(s, 2);
    open_with(s, "vt100", NULL);
    assert_false(is_coloured(s));
    pty_keys(s->p, "a");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    size_t len = pty_bytes(s->p, &raw);
    assert_null(memmem(raw, len, "\033[?1000", 7));
    assert_null(memmem(raw, len, "\033[?2004", 7));
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
}

/* No byte above ASCII is sent, whatever is in the names; and the frames, glyphs and states can still be told apart. */
static void c_locale(void **state)
{
    static const char *const terms[] = {"xterm-256color", "vt100"};
    struct stage *s = stage(state);
    const char *raw;

    stage_tables(s, 2);
    stage_put(s, "migrations/003_überall.up.sql", "CREATE TABLE t3 (i int); -- größer\n");
    stage_cli(s, 0, "up 1 --yes");
    stage_env(s, "LC_ALL=C");
    for (size_t i = 0; i < 2; i++) {
        s->opt.term = terms[i];
        stage_console(s, NULL);
        pty_expect_words(s->p, "003 <U+00FC>berall");
        pty_expect_words(s->p, "+ applied 001 t1");
        pty_keys(s->p, "2");
        pty_keys(s->p, "3456789a");
        pty_expect(s->p, "9Help");
        pty_keys(s->p, "1A");
        pty_expect(s->p, "[ Cancel ]");
        pty_keys(s->p, "<Esc>");
        pty_expect(s->p, "nothing was done");
        stage_quit(s);
        size_t len = pty_bytes(s->p, &raw);
        for (size_t k = 0; k < len; k++)
            if ((unsigned char)raw[k] > 0x7e && raw[k] != 0x7f)
                fail_msg("byte %02x was sent to a %s in the C locale", (unsigned char)raw[k], terms[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(shows_states_in_colour), ON_SQLITE(themes_differ), ON_SQLITE(no_such_theme),
        ON_SQLITE(a_theme_of_ones_own),  ON_SQLITE(no_color),      ON_SQLITE(eight_and_sixteen_colours),
        ON_SQLITE(true_colour),          ON_SQLITE(direct_colour),          ON_SQLITE(vt100),         ON_BOTH(c_locale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
