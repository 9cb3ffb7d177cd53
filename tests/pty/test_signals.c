/* Ends that nobody asked the console for: signals, a terminal that goes away, crashes; and stopping for a while. The terminal is
 * given back each time, and the journal tells what became of the run. */
#include <config.h>

#include "stage.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* 001 is applied, the second statement of 002 runs for ever. */
static void in_the_middle_of_a_run(struct stage *s)
{
    stage_tables(s, 3);
    stage_cli(s, 0, "up 1 --yes");
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int);\n%s", stage_endless(s));
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    stage_confirm(s, "Apply");
    stage_until_running(s);
}

/* Rolled back, nothing of it there, and the journal's last word is how it ended. */
static void assert_rolled_back(struct stage *s)
{
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
    if (s->pg)
        stage_until(s,
                    "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND application_name = 'lockstep' AND datname = "
                    "current_database()",
                    "0");
    assert_string_equal(stage_get(s, "SELECT event FROM lockstep_journal ORDER BY seq DESC LIMIT 1"), "run_end");
    assert_string_equal(stage_get(s, "SELECT result FROM lockstep_journal ORDER BY seq DESC LIMIT 1"), "rolled-back");
    assert_string_equal(stage_get(s, "SELECT count(*) FROM lockstep_journal WHERE version = '002' AND result = 'ok'"), "0");
}

static void ends_a_run_on(struct stage *s, int sig)
{
    in_the_middle_of_a_run(s);
    assert_int_equal(kill(pty_pid(s->p), sig), 0);
    pty_expect_left(s->p, 75);
    assert_rolled_back(s);
}

static void sigterm_ends_a_run(void **state)
{
    ends_a_run_on(stage(state), SIGTERM);
}

static void sighup_ends_a_run(void **state)
{
    struct stage *s = stage(state);

    in_the_middle_of_a_run(s);
    assert_int_equal(kill(pty_pid(s->p), SIGHUP), 0);
    int status = pty_expect_exit(s->p);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 75);
    assert_rolled_back(s);
}

/* The window is closed: nothing can be written to the terminal any more. */
static void hangup_ends_a_run(void **state)
{
    struct stage *s = stage(state);

    in_the_middle_of_a_run(s);
    pty_hangup(s->p);
    int status = pty_expect_exit(s->p);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 75);
    assert_rolled_back(s);
}

static void sigint_asks_then_ends(void **state)
{
    struct stage *s = stage(state);

    in_the_middle_of_a_run(s);
    assert_int_equal(kill(pty_pid(s->p), SIGINT), 0);
    pty_expect(s->p, "Stop the run");
    assert_int_equal(kill(pty_pid(s->p), SIGINT), 0);
    pty_expect(s->p, "STOPPED");
    assert_rolled_back(s);
    stage_quit(s);
}

/* While it waits at a statement, with the transaction open. */
static void sigterm_ends_a_paused_run(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    stage_confirm(s, "Step through");
    pty_expect(s->p, "PAUSED: nothing is open");
    pty_keys(s->p, "<Space>");
    pty_expect(s->p, "PAUSED inside a transaction");
    assert_int_equal(kill(pty_pid(s->p), SIGTERM), 0);
    pty_expect_left(s->p, 75);
    assert_rolled_back(s);
}

static void ends_when_idle(void **state)
{
    static const int sigs[] = {SIGTERM, SIGHUP};
    struct stage *s = stage(state);

    stage_tables(s, 1);
    for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++) {
        stage_console(s, NULL);
        assert_int_equal(kill(pty_pid(s->p), sigs[i]), 0);
        int status = pty_expect_exit(s->p);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 75);
        if (sigs[i] == SIGTERM)
            pty_expect_restored(s->p);
    }
    stage_console(s, NULL);
    pty_hangup(s->p);
    int status = pty_expect_exit(s->p);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 75);
}

/* Nothing is at work: ^C only says so. */
static void interrupt_key_when_idle(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_console(s, NULL);
    pty_keys(s->p, "<C-c>");
    pty_expect(s->p, "nothing to interrupt; q leaves");
    stage_quit(s);
}

static void crashes_give_the_terminal_back(void **state)
{
    static const int sigs[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT};
    struct stage *s = stage(state);

    stage_tables(s, 1);
    for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++) {
        stage_console(s, NULL);
        assert_true(pty_altscreen(s->p));
        assert_false(pty_termios_restored(s->p));
        assert_int_equal(kill(pty_pid(s->p), sigs[i]), 0);
        int status = pty_expect_exit(s->p);
        assert_true(WIFSIGNALED(status)); /* it still dies of it */
        assert_int_equal(WTERMSIG(status), sigs[i]);
        pty_expect_restored(s->p);
        pty_expect(s->p, "the terminal was given back");
    }
}

/* Stopped from outside, the screen scribbled over, and on again: it is painted anew. */
static void paints_anew_when_continued(void **state)
{
    struct stage *s = stage(state);
    int status;

    stage_tables(s, 2);
    stage_console(s, NULL);
    assert_int_equal(kill(pty_pid(s->p), SIGSTOP), 0);
    assert_int_equal(waitpid(pty_pid(s->p), &status, WUNTRACED), pty_pid(s->p));
    assert_true(WIFSTOPPED(status));
    pty_bytes_reset(s->p);
    assert_int_equal(kill(pty_pid(s->p), SIGCONT), 0);
    pty_keys(s->p, "k");
    pty_expect_words(s->p, "▸ · pending 002 t2");
    pty_expect_bytes(s->p, "Timeline");
    stage_quit(s);
}

/* What was typed before ^Z is the console's, also when both arrive while it is busy with an earlier key (for how long, nobody knows:
 * several pauses are tried). Not under a shell: there is nobody who could continue it, so that the kernel does not stop it. */
static void keys_before_suspend_are_kept(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    for (unsigned us = 0; us < 3000; us += 100) {
        pty_bytes_reset(s->p);
        pty_raw(s->p, "k", 1);
        usleep(us);
        pty_raw(s->p, "j\032", 2);
        pty_expect_bytes(s->p, "\033[?1049h"); /* it was away, and is back: what is typed from now on is kept */
        pty_expect_words(s->p, "▸ · pending 001 t1");
    }
    stage_quit(s);
}

/* ^Z in a shell with job control: the shell has its terminal, fg brings the screen back. */
static void suspends_and_resumes(void **state)
{
    struct stage *s = stage(state);
    const char *const argv[] = {"/bin/sh", "-i", NULL};

    stage_tables(s, 2);
    /* Prompts are numbered: nothing is typed at a shell that is not there yet. */
    stage_env(s, "PS1=shell$((N=N+1))> ");
    stage_env(s, "N=0");
    stage_env(s, "ENV");
    s->opt.cwd = s->dir;
    s->opt.env = s->env;
    s->p = pty_start(argv, &s->opt);
    pty_expect(s->p, "shell1>");
    pty_keys(s->p, stage_format(s, "%s --url '%s'<Enter>", getenv("LS_BIN"), s->url));
    stage_ready(s);
    assert_true(pty_altscreen(s->p));
    pty_keys(s->p, "k<C-z>");
    pty_expect(s->p, "shell2>");
    pty_expect_restored(s->p);
    pty_keys(s->p, "echo in-$((40+2))-between<Enter>");
    pty_expect(s->p, "in-42-between");
    pty_expect(s->p, "shell3>");
    pty_keys(s->p, "fg<Enter>");
    pty_expect_words(s->p, "▸ · pending 002 t2");
    assert_true(pty_altscreen(s->p));
    assert_false(pty_cursor_visible(s->p));
    pty_keys(s->p, "?");
    pty_expect_words(s->p, "Apply the next pending migration");
    /* Once more, after the prompt was used, which has a terminal of its own. */
    pty_keys(s->p, "<Esc>:version<Enter>");
    pty_expect(s->p, "exit code 0");
    pty_keys(s->p, "<Esc><C-z>");
    pty_expect(s->p, "shell4>");
    pty_expect_restored(s->p);
    pty_keys(s->p, "fg<Enter>");
    pty_expect_words(s->p, "▸ · pending 002 t2");
    pty_keys(s->p, "q");
    pty_expect(s->p, "shell5>");
    pty_keys(s->p, "exit<Enter>");
    pty_expect_left(s->p, 0);
}

/* No going away with locks held: it is said, and the run goes on. */
static void does_not_suspend_a_transaction(void **state)
{
    struct stage *s = stage(state);

    in_the_middle_of_a_run(s);
    pty_keys(s->p, "<C-z>");
    pty_expect(s->p, "not now: a transaction is open");
    pty_keys(s->p, "x");
    pty_expect(s->p, "Stop the run");
    stage_button(s, "Stop");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "STOPPED");
    stage_quit(s);
}

static void needs_a_terminal(void **state)
{
    struct stage *s = stage(state);
    const char *out;

    stage_tables(s, 1);
    out = stage_cli(s, 2, "");
    assert_non_null(strstr(out, "the console needs a terminal"));
    s->opt.term = "no-such-terminal";
    stage_start(s, NULL);
    int status = pty_expect_exit(s->p);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 0);
    pty_expect(s->p, "the terminal type 'no-such-terminal' is unknown here");
    pty_expect_restored(s->p);
}

/* Curses would open it, and write everything into one line. */
static void needs_a_cursor_that_moves(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    s->opt.term = "dumb";
    stage_start(s, NULL);
    int status = pty_expect_exit(s->p);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 0);
    pty_expect(s->p, "the terminal type 'dumb' cannot move its cursor");
    pty_expect_restored(s->p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(sigterm_ends_a_run),
        ON_BOTH(sighup_ends_a_run),
        ON_BOTH(hangup_ends_a_run),
        ON_BOTH(sigint_asks_then_ends),
        ON_BOTH(sigterm_ends_a_paused_run),
        ON_BOTH(ends_when_idle),
        ON_SQLITE(interrupt_key_when_idle),
        ON_SQLITE(crashes_give_the_terminal_back),
        ON_SQLITE(paints_anew_when_continued),
        ON_SQLITE(keys_before_suspend_are_kept),
        ON_SQLITE(suspends_and_resumes),
        ON_BOTH(does_not_suspend_a_transaction),
        ON_SQLITE(needs_a_terminal),
        ON_SQLITE(needs_a_cursor_that_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
