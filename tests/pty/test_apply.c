/* Apply and roll back from the timeline, each through its confirmation. */
#include <config.h>

#include "stage.h"

static void starts_on_cancel(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    pty_expect_words(s->p, "Apply 1 migration");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "nothing was done");
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    pty_expect_words(s->p, "2 pending");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
    assert_string_equal(stage_ledger(s), "");
}

/* A key that bounces, or two keys in a hurry, while the plan is being made: one question, about the first. */
static void asks_once(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_console(s, NULL);
    pty_keys(s->p, "aAa");
    pty_expect(s->p, "[ Cancel ]");
    pty_expect_words(s->p, "Apply 1 migration");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "");
}

static void shows_what_it_will_do(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    s->opt.rows = 40;
    s->opt.cols = 120;
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    pty_expect_words(s->p, s->pg ? "Target postgres pty_" : "Target sqlite app.db");
    pty_expect_words(s->p, "1 step, 2 statements");
    pty_expect_words(s->p, "Backup there is none");
    pty_expect_words(s->p, "001 t1 up, 2 statements");
    pty_expect_words(s->p, "One transaction holds the statements and the ledger row");
    pty_expect(s->p, "INSERT INTO ");
    pty_expect(s->p, "lockstep_journal");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    stage_quit(s);
}

static void applies_next(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    pty_expect(s->p, "Applied: 001.");
    pty_keys(s->p, "L");
    pty_expect_words(s->p, "applied 001 t1");
    pty_expect_words(s->p, "pending 002 t2");
    pty_expect_words(s->p, "2 pending 0 dirty");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
}

static void applies_all(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    pty_expect(s->p, "Apply 3 migrations");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 3 of 3 steps");
    pty_keys(s->p, "L");
    pty_expect_words(s->p, "0 pending 0 dirty");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2 3");
    assert_string_equal(stage_there(s), "t1 t2 t3");
    assert_string_equal(stage_get(s, "SELECT count(*) FROM t2"), "1");
}

static void applies_up_to_the_cursor(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 4);
    stage_console(s, NULL);
    /* Newest first, the cursor on 001: one up is 002. */
    pty_keys(s->p, "kt");
    pty_expect(s->p, "Apply 2 migrations");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE to, 2 of 2 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2");
    assert_string_equal(stage_there(s), "t1 t2");
}

static void rolls_the_last_back(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_cli(s, 0, "up --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "d");
    pty_expect(s->p, "Roll back 1 migration: DESTROYS DATA");
    stage_confirm(s, "Roll back");
    pty_expect_words(s->p, "DONE down, 1 of 1 steps");
    pty_keys(s->p, "L");
    pty_expect_words(s->p, "rolled-back 003 t3");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2");
    assert_string_equal(stage_there(s), "t1 t2");
    assert_string_equal(stage_get(s, "SELECT status FROM schema_migrations WHERE version = 3"), "rolled_back");
}

static void rolls_back_down_to_the_cursor(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 4);
    stage_cli(s, 0, "up --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "G");
    pty_expect_words(s->p, "4/4");
    pty_keys(s->p, "D");
    pty_expect(s->p, "Roll back 3 migrations");
    stage_confirm(s, "Roll back");
    pty_expect_words(s->p, "DONE to, 3 of 3 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
}

static void marks(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    pty_keys(s->p, "m");
    pty_expect(s->p, "Mark 001 t1 as");
    pty_keys(s->p, "a");
    pty_expect(s->p, "Write to the ledger, run nothing");
    stage_confirm(s, "Write it");
    pty_expect(s->p, "Marked applied: 001.");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "");
}

/* What is confirmed is what was shown: somebody else's change in between makes the run refuse. */
static void refuses_what_changed_since(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    pty_expect(s->p, "Apply 2 migrations");
    stage_cli(s, 0, "up 1 --yes");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "STOPPED");
    pty_expect_words(s->p, "R retry");
    assert_string_equal(stage_ledger(s), "1");
    pty_keys(s->p, "R");
    pty_expect(s->p, "Apply 1 migration");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "Applied: 002.");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(starts_on_cancel),
        ON_BOTH(asks_once),
        ON_BOTH(shows_what_it_will_do),
        ON_BOTH(applies_next),
        ON_BOTH(applies_all),
        ON_BOTH(applies_up_to_the_cursor),
        ON_BOTH(rolls_the_last_back),
        ON_BOTH(rolls_back_down_to_the_cursor),
        ON_BOTH(marks),
        ON_BOTH(refuses_what_changed_since),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
