/* Sizes, panes, filter, order, jump, mouse. */
#include <config.h>

#include "stage.h"

#include <signal.h>
#include <sys/wait.h>

static void resizes_while_confirming(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Tab>");
    pty_expect(s->p, "[ Step through ]");
    pty_resize(s->p, 50, 160);
    pty_expect_words(s->p, "Digest ");
    pty_expect(s->p, "[ Step through ]"); /* the same button */
    pty_expect_in_row(s->p, 49, "Tab next button");
    pty_resize(s->p, 10, 40);
    pty_expect(s->p, "needs 60x16, is 40x10");
    pty_expect(s->p, "make it larger");
    pty_expect_gone(s->p, "[ Step through ]");
    pty_resize(s->p, 24, 80);
    pty_expect(s->p, "[ Step through ]");
    pty_expect_in_row(s->p, 23, "Tab next button");
    /* Still the same confirmation, and it still works. */
    stage_button(s, "Apply");
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
}

/* What was broken into lines for a wide terminal is not cut on a narrow one. */
static void breaks_texts_anew(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_put(s, "migrations/002_t2.up.sql",
              "CREATE TABLE t2 (i int);\nINSERT INTO no_such_table_with_a_long_name_that_takes_some_room_of_the_line VALUES (2);\n");
    s->opt.rows = 50;
    s->opt.cols = 160;
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    pty_expect_words(s->p, "and the ledger row: a failure leaves nothing.");
    pty_resize(s->p, 24, 80);
    pty_expect_words(s->p, "leaves nothing.");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "STOPPED");
    pty_expect(s->p, "(statement 2 of 2)");
    pty_resize(s->p, 50, 160);
    pty_expect_words(s->p, "some_room_of_the_line");
    pty_expect(s->p, "(statement 2 of 2)");
    pty_resize(s->p, 24, 80);
    pty_expect(s->p, "(statement 2 of 2)");
    stage_quit(s);
}

/* What cannot be seen cannot be pressed. */
static void too_small_takes_no_decision(void **state)
{
    struct stage *s = stage(state);
    int status;

    stage_tables(s, 1);
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    stage_button(s, "Apply");
    pty_resize(s->p, 10, 40);
    pty_expect(s->p, "make it larger");
    /* Stopped meanwhile: it hears of the size and of the key at once, and of the size first. */
    assert_int_equal(kill(pty_pid(s->p), SIGSTOP), 0);
    assert_int_equal(waitpid(pty_pid(s->p), &status, WUNTRACED), pty_pid(s->p));
    pty_keys(s->p, "<Enter>");
    pty_resize(s->p, 24, 80);
    assert_int_equal(kill(pty_pid(s->p), SIGCONT), 0);
    pty_expect(s->p, "[ Apply ]");
    pty_keys(s->p, "<Esc>");
    pty_expect(s->p, "nothing was done");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
}

static void resizes_in_every_pane(void **state)
{
    static const int sizes[][2] = {{24, 80}, {16, 60}, {60, 200}, {5, 20}, {24, 81}, {1, 1}, {40, 120}};
    struct stage *s = stage(state);

    stage_tables(s, 30);
    stage_cli(s, 0, "up 10 --yes");
    stage_console(s, NULL);
    assert_int_equal(pty_find(s->p, "missing"), -1);
    for (int pane = 1; pane <= 9; pane++) {
        pty_keys(s->p, stage_format(s, "%d", pane));
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            pty_resize(s->p, sizes[i][0], sizes[i][1]);
            if (sizes[i][0] < 16)
                continue;
            pty_expect_cell(s->p, 0, sizes[i][1] - 2, 'e'); /* read-write */
            pty_expect_cell(s->p, 0, sizes[i][1] - 11, 'r');
            if (sizes[i][1] >= 80)
                pty_expect(s->p, "9He");
            pty_expect_words(s->p, "20 pending 0 dirty 0 modified");
        }
    }
    stage_quit(s);
}

static void side_by_side(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    s->opt.cols = 160;
    stage_console(s, NULL);
    /* The detail follows the cursor. */
    pty_expect_words(s->p, "1 CREATE TABLE t1 (i int);");
    pty_keys(s->p, "k");
    pty_expect_words(s->p, "1 CREATE TABLE t2 (i int);");
    pty_keys(s->p, "|");
    pty_expect_gone(s->p, "CREATE TABLE");
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "1 CREATE TABLE t2 (i int);");
    pty_expect(s->p, "002_t2.down.sql");
    pty_expect_words(s->p, "1 DROP TABLE t2;");
    pty_keys(s->p, "]"); /* the one below, which is older */
    pty_expect_words(s->p, "1 CREATE TABLE t1 (i int);");
    stage_quit(s);
}

static void filters(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 12);
    stage_cli(s, 0, "up 3 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "/t1");
    pty_expect_words(s->p, "012 t12"); /* while it is typed */
    pty_expect_gone(s->p, "005");
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "of 12, filter 't1'");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "005 t5");
    pty_keys(s->p, "/applied<Enter>");
    pty_expect_words(s->p, "/3 of 12, filter 'applied'");
    pty_expect_gone(s->p, "t12");
    pty_keys(s->p, "/<C-u>nothing like it<Enter>");
    pty_expect(s->p, "Nothing matches 'nothing like it'. Esc drops the filter.");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "012 t12");
    stage_quit(s);
}

static void sorts_and_jumps(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 40);
    stage_console(s, NULL);
    pty_expect(s->p, "newest first");
    pty_keys(s->p, "oG");
    pty_expect(s->p, "oldest first");
    pty_expect_words(s->p, "40/40");
    pty_expect_words(s->p, "▸ · pending 040 t40");
    pty_keys(s->p, "J17<Enter>");
    pty_expect_words(s->p, "▸ · pending 017 t17");
    pty_keys(s->p, "J99<Enter>");
    pty_expect(s->p, "there is no version '99'");
    pty_keys(s->p, ".");
    pty_expect_words(s->p, "▸ · pending 001 t1");
    pty_keys(s->p, "<PgDn>");
    pty_expect_words(s->p, "▸ · pending 021 t21");
    pty_keys(s->p, "<Up>");
    pty_expect_words(s->p, "▸ · pending 020 t20");
    pty_keys(s->p, "<Home>");
    pty_expect_words(s->p, "▸ · pending 001 t1");
    stage_quit(s);
}

static void helps(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    s->opt.rows = 100;
    stage_console(s, NULL);
    pty_keys(s->p, "?");
    pty_expect_words(s->p, "Apply the next pending migration");
    pty_expect_words(s->p, "x Stop: roll back the open transaction");
    pty_expect_words(s->p, ": Run any subcommand; Tab completes, Up recalls");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "pending 001 t1");
    stage_quit(s);
}

/* SGR mouse: button 0, column and row from 1. */
static void click(struct stage *s, int row, int col)
{
    char bytes[64];
    int n = snprintf(bytes, sizeof bytes, "\033[<0;%d;%dM\033[<0;%d;%dm", col + 1, row + 1, col + 1, row + 1);

    pty_raw(s->p, bytes, (size_t)n);
}

static void clicks(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 5);
    stage_console(s, NULL);
    pty_expect_words(s->p, "▸ · pending 001 t1");
    click(s, pty_find(s->p, "004  t4"), 20);
    pty_expect_words(s->p, "▸ · pending 004 t4");
    /* A tab, and back. */
    click(s, 1, 13);
    pty_expect_words(s->p, "CREATE TABLE t4 (i int);");
    click(s, 1, 2);
    pty_expect_words(s->p, "▸ · pending 004 t4");
    /* A button of a dialog. */
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    click(s, pty_find(s->p, "[ Cancel ]"), 80 - 8); /* the last one, on the right */
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
}

static void scrolls_with_the_wheel(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 60);
    stage_console(s, NULL);
    pty_keys(s->p, "g");
    pty_expect_words(s->p, "▸ · pending 060 t60");
    for (int i = 0; i < 10; i++)
        pty_raw(s->p, "\033[<65;20;10M", 12);
    pty_expect_words(s->p, "031 t31");
    pty_expect_gone(s->p, "060");
    stage_quit(s);
}

/* A terminal that becomes wide shows the detail beside the timeline, its text too, before any key. */
static void widens(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_expect_words(s->p, "pending 002 t2");
    assert_int_equal(pty_find(s->p, "CREATE TABLE"), -1);
    pty_resize(s->p, 50, 160);
    pty_expect_words(s->p, "CREATE TABLE t2");
    pty_expect_words(s->p, "DROP TABLE t2");
    pty_resize(s->p, 24, 80);
    pty_expect_gone(s->p, "CREATE TABLE");
    pty_resize(s->p, 50, 160);
    pty_expect_words(s->p, "CREATE TABLE t2");
    stage_quit(s);
}

/* Smaller and back faster than the console looks: the terminal has cut the lines, and they are written again. */
static void shrinks_and_grows_at_once(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_cli(s, 0, "up 1 --yes");
    s->opt.rows = 50;
    s->opt.cols = 160;
    stage_console(s, NULL);
    pty_expect_words(s->p, "CREATE TABLE t2");
    for (int i = 0; i < 20; i++) {
        pty_resize(s->p, 24, 80);
        pty_resize(s->p, 50, 160);
        pty_expect_words(s->p, "CREATE TABLE t2");
    }
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(resizes_while_confirming),
        ON_BOTH(breaks_texts_anew),
        ON_SQLITE(too_small_takes_no_decision),
        ON_BOTH(resizes_in_every_pane),
        ON_SQLITE(side_by_side),
        ON_BOTH(filters),
        ON_SQLITE(sorts_and_jumps),
        ON_SQLITE(helps),
        ON_BOTH(widens),
        ON_SQLITE(shrinks_and_grows_at_once),
        ON_SQLITE(clicks),
        ON_SQLITE(scrolls_with_the_wheel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
