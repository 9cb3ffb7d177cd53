/* The stepper: statement by statement, on, pause between transactions, stop. */
#include <config.h>

#include "stage.h"

/* Opens the plan for everything pending and starts it step by step. */
static void step_through(struct stage *s, const char *key)
{
    stage_console(s, NULL);
    pty_keys(s->p, key);
    stage_confirm(s, "Step through");
    pty_expect(s->p, "PAUSED: nothing is open");
}

static void steps_one_statement(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up 1 --yes");
    step_through(s, "A");
    pty_expect_words(s->p, "next begin the transaction");
    pty_keys(s->p, "<Space>");
    pty_expect(s->p, "PAUSED inside a transaction: its locks are held");
    pty_expect_words(s->p, "done 1 CREATE TABLE t2 (i int)");
    pty_expect_words(s->p, "next 2 INSERT INTO t2 VALUES (2)");
    assert_string_equal(stage_there(s), "t1"); /* nothing is committed yet */
    pty_keys(s->p, "n");                       /* the last one: ledger and COMMIT are no steps of their own */
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    pty_expect_words(s->p, "done 2 INSERT INTO t2 VALUES (2)");
    pty_expect_words(s->p, "1 row");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2");
    assert_string_equal(stage_there(s), "t1 t2");
}

static void runs_on(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 4);
    step_through(s, "A");
    pty_keys(s->p, "<Space>");
    pty_expect_words(s->p, "done set up: ");
    pty_keys(s->p, "c");
    pty_expect_words(s->p, "DONE up, 4 of 4 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2 3 4");
    assert_string_equal(stage_there(s), "t1 t2 t3 t4");
}

/* p lets the open transaction come to its end and waits in front of the next one. */
static void pauses_between_transactions(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 4);
    stage_cli(s, 0, "up 1 --yes");
    stage_close_gate(s);
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int);\n%s", stage_gated());
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "running 2 DO $$");
    pty_keys(s->p, "p");
    pty_expect(s->p, "pauses before the next transaction");
    stage_open_gate(s);
    pty_expect(s->p, "PAUSED: nothing is open");
    assert_string_equal(stage_ledger(s), "1 2");
    pty_keys(s->p, "c");
    pty_expect_words(s->p, "DONE up, 3 of 3 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2 3 4");
}

static void pauses_behind_a_locked_file(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\nbusy_timeout = 10min\n");
    stage_cli(s, 0, "up 1 --yes");
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n[env e]\nurl = %s\nbusy_timeout = 2min\n", s->url);
    stage_start_env(s, "e", NULL);
    pty_expect_words(s->p, "2 pending");
    pty_keys(s->p, "A");
    pty_expect(s->p, "[ Cancel ]");
    stage_lock(s);
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "BLOCKED by another connection that writes to app.db: waited ");
    pty_expect_words(s->p, "after 2 min 00 s");
    pty_keys(s->p, "p");
    pty_expect(s->p, "pauses before the next transaction");
    stage_unlock(s);
    pty_expect(s->p, "PAUSED: nothing is open");
    pty_keys(s->p, "c");
    pty_expect_words(s->p, "DONE up, 2 of 2 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2 3");
}

static void stops_and_rolls_back(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up 1 --yes");
    step_through(s, "A");
    pty_keys(s->p, "<Space>");
    pty_expect_words(s->p, "next 2 INSERT INTO");
    pty_keys(s->p, "x");
    pty_expect(s->p, "Stop the run");
    pty_expect(s->p, "The open transaction is rolled back");
    pty_expect(s->p, "[ Go on ]");
    pty_keys(s->p, "<Enter>");
    pty_expect_gone(s->p, "Tab next button");
    pty_expect(s->p, "PAUSED inside a transaction");
    pty_keys(s->p, "x");
    pty_expect(s->p, "[ Go on ]");
    stage_button(s, "Stop");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "STOPPED");
    pty_expect_words(s->p, "rolled back 1 CREATE TABLE t2 (i int)");
    pty_expect(s->p, "Nothing was applied.");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
    assert_string_equal(stage_get(s, "SELECT count(*) FROM lockstep_journal WHERE version = '002' AND result = 'ok'"), "0");
}

/* The second ^C is the answer to the question that the first one asked. */
static void interrupt_key_stops(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, "migrations/001_t1.up.sql", "CREATE TABLE t1 (i int);\n%s", stage_endless(s));
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    stage_confirm(s, "Apply");
    stage_until_running(s);
    pty_keys(s->p, "<C-c>");
    pty_expect(s->p, "Stop the run");
    pty_expect(s->p, "The statement that is running is cancelled at the server.");
    pty_keys(s->p, "<C-c>");
    pty_expect(s->p, "STOPPED");
    pty_expect(s->p, "Nothing was applied.");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
    assert_string_equal(stage_ledger(s), "");
}

/* In the row of what is running; less than one is shown otherwise, and is 0 here. */
static double seconds_shown(struct stage *s)
{
    int row = pty_find_words(s->p, "running 2");
    char *line = row < 0 ? NULL : pty_line(s->p, row), *end = line;
    double n = 0;

    while (end && n <= 0 && (end = strstr(end + 1, " s"))) {
        char *from = end;

        while (from > line && strchr("0123456789.", from[-1]))
            from--;
        n = strtod(from, NULL);
    }
    free(line);
    return n;
}

static void counts_the_time_that_a_statement_takes(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, "migrations/001_t1.up.sql", "CREATE TABLE t1 (i int);\n%s", stage_endless(s));
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    stage_confirm(s, "Apply");
    stage_until_running(s);
    for (int i = 0; seconds_shown(s) < 1.1; i++) { /* the clock of its row moves while nothing else does */
        assert_true(i < 3000);
        pty_settle(s->p, 20, 20);
    }
    pty_keys(s->p, "q");
    pty_expect(s->p, "Leave while something is going on");
    pty_expect(s->p, "a transaction that it has open is rolled back");
    stage_button(s, "Stop and leave");
    pty_keys(s->p, "<Enter>");
    pty_expect_left(s->p, 75);
    assert_string_equal(stage_there(s), "");
}

static void shows_the_whole_plan_as_sql(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    pty_keys(s->p, "3");
    pty_expect(s->p, "PLAN: nothing has run yet");
    pty_keys(s->p, "S");
    pty_expect(s->p, "The plan as SQL");
    pty_expect_words(s->p, "CREATE TABLE t1 (i int)");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "The plan as SQL");
    /* The plan that is shown can still be started. */
    pty_keys(s->p, "s");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 2 of 2 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(steps_one_statement),
        ON_BOTH(runs_on),
        ON_PG(pauses_between_transactions),
        ON_SQLITE(pauses_behind_a_locked_file),
        ON_BOTH(stops_and_rolls_back),
        ON_BOTH(interrupt_key_stops),
        ON_BOTH(counts_the_time_that_a_statement_takes),
        ON_BOTH(shows_the_whole_plan_as_sql),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
