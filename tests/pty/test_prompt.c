/* The ":" prompt: any subcommand, history, completion, questions as dialogs. */
#include <config.h>

#include "stage.h"

#include <sys/stat.h>

static void runs_status(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, ":");
    pty_expect(s->p, "Tab complete");
    assert_true(pty_cursor_visible(s->p));
    pty_keys(s->p, "status<Enter>");
    pty_expect_words(s->p, "state 1 applied, 2 pending");
    pty_expect(s->p, "exit code 0");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "applied 001 t1");
    assert_false(pty_cursor_visible(s->p));
    stage_quit(s);
}

#ifdef LS_LIBEDIT_SONAME
/* It is loaded by the first prompt: without it the rest of the console works. */
static void tells_without_libedit(void **state)
{
    struct stage *s = stage(state);
    const char *broken = stage_format(s, "%s/broken", s->dir);
    FILE *f;

    stage_tables(s, 1);
    assert_int_equal(mkdir(broken, 0755), 0);
    f = fopen(stage_format(s, "%s/%s", broken, LS_LIBEDIT_SONAME), "w");
    assert_non_null(f);
    assert_true(fputs("no library", f) >= 0);
    assert_int_equal(fclose(f), 0);
    stage_env(s, stage_format(s, "LD_LIBRARY_PATH=%s", broken));
    stage_console(s, NULL);
    pty_keys(s->p, ":");
    pty_expect(s->p, "the prompt cannot start: ");
    pty_expect_words(s->p, "pending 001 t1");
    stage_quit(s);
}
#endif

static void recalls(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_env(s, stage_format(s, "XDG_STATE_HOME=%s/state", s->dir));
    stage_console(s, NULL);
    pty_keys(s->p, ":version<Enter>");
    pty_expect(s->p, "exit code 0");
    pty_keys(s->p, "<Esc>:plan up 1<Enter>");
    pty_expect(s->p, "CREATE TABLE t1");
    pty_keys(s->p, "<Esc>:<Up>");
    pty_expect(s->p, ":plan up 1");
    pty_keys(s->p, "<Up>");
    pty_expect(s->p, ":version");
    pty_keys(s->p, "<Down>");
    pty_expect(s->p, ":plan up 1");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab complete");
    stage_quit(s);
    /* The next console knows them too; nobody else can read them. */
    struct stat st;
    assert_int_equal(stat(stage_format(s, "%s/state/lockstep/history", s->dir), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    stage_console(s, NULL);
    pty_keys(s->p, ":<Up>");
    pty_expect(s->p, ":plan up 1");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab complete");
    stage_quit(s);
}

static void completes(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_console(s, NULL);
    pty_keys(s->p, ":stat<Tab>");
    pty_expect(s->p, ":status");
    pty_keys(s->p, "--js<Tab><Enter>");
    pty_expect(s->p, "\"dialect\"");
    pty_keys(s->p, "<Esc>:back<Tab><Tab>");
    pty_expect_words(s->p, "backup backups"); /* the choices */
    pty_keys(s->p, "<C-u>");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab complete");
    stage_quit(s);
}

static void edits_the_line(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_console(s, NULL);
    pty_keys(s->p, ":xtatus --check<BS><BS><BS><BS><BS><BS><BS><BS><Home>s<C-d><Right><End> --json<Enter>");
    pty_expect(s->p, "\"dialect\"");
    pty_expect(s->p, ":status --json");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "\"dialect\"");
    stage_quit(s);
}

static void asks_in_a_dialog(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_console(s, NULL);
    pty_keys(s->p, ":up 1<Enter>");
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "exit code 3");
    assert_string_equal(stage_there(s), "");
    pty_keys(s->p, "<Esc>:up 1<Enter>");
    pty_expect(s->p, "[ Cancel ]");
    stage_confirm(s, "Yes, do it");
    pty_expect(s->p, "exit code 0");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "applied 001 t1"); /* the timeline has read it again */
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
}

/* More lines than the window has, and what counts is in the last ones. */
static void shows_the_end_of_what_failed(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 40);
    stage_put(s, "migrations/040_t40.up.sql", "INSERT INTO nowhere VALUES (1);\n");
    stage_console(s, NULL);
    pty_keys(s->p, ":up<Enter>");
    pty_expect(s->p, "[ Cancel ]");
    stage_confirm(s, "Yes, do it");
    pty_expect(s->p, ":up: exit code 1");
    pty_expect_words(s->p, "Failed: the up of 040.");
    pty_expect(s->p, "before 040."); /* the end of a sentence of more than one line */
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "exit code");
    stage_quit(s);
}

static void says_what_is_wrong(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_console(s, NULL);
    pty_keys(s->p, ":statsu<Enter>");
    pty_expect_words(s->p, "statsu");
    pty_expect_words(s->p, "status"); /* the nearest */
    pty_expect(s->p, "exit code 2");
    pty_keys(s->p, "<Esc>:mark 77 applied<Enter>");
    pty_expect(s->p, "77");
    pty_expect(s->p, "exit code ");
    pty_keys(s->p, "<Esc>:q<Enter>");
    pty_expect_left(s->p, 0);
}

static void makes_a_new_migration(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    pty_keys(s->p, ":new add_users<Enter>");
    pty_expect(s->p, "003_add_users.up.sql");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "pending 003 add_users");
    stage_quit(s);
}

/* The server is at the endless statement; SQLite's worker says nothing of it. */
static void until_asleep(struct stage *s)
{
    if (s->pg)
        stage_until(s, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()", "1");
    pty_expect_words(s->p, "is running");
}

/* ^C ends what runs: a migration without end goes back, and the console is as before. */
static void cancels_a_run(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, "migrations/002_long.up.sql", "CREATE TABLE t2 (i int);\n%s;\n", stage_endless(s));
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, ":up --yes<Enter>");
    until_asleep(s);
    pty_expect(s->p, ":up --yes is running");
    pty_expect_words(s->p, "C-c cancel");
    pty_keys(s->p, "3"); /* the panes work on, and say so still */
    pty_expect_words(s->p, "C-c cancel");
    pty_keys(s->p, "<C-c>");
    pty_expect(s->p, "exit code 75");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "exit code 75");
    assert_int_equal(pty_find_words(s->p, "C-c cancel"), -1);
    pty_keys(s->p, "1"); /* where it is seen that it reads: what has run may have changed something */
    pty_expect_words(s->p, "applied 001 t1");
    pty_expect_gone(s->p, "reading");
    pty_keys(s->p, "<C-c>");
    pty_expect(s->p, "nothing to interrupt");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
}

/* A reading one, too. */
static void cancels_a_reading(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, "migrations/001_t1.verify.sql", "%s;\n", stage_endless(s));
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, ":verify<Enter>");
    until_asleep(s);
    pty_expect(s->p, ":verify is running");
    pty_keys(s->p, "<C-c>");
    pty_expect(s->p, "exit code 75");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "exit code 75");
    stage_quit(s);
}

/* And what the console reads by itself: the ledger is t1, which somebody holds. */
static void cancels_its_own_reading(void **state)
{
    struct stage *s = stage(state);

    stage_console_of_held_ledger(s);
    stage_lock(s);
    pty_keys(s->p, "r");
    pty_expect_words(s->p, "newest first reading");
    pty_keys(s->p, "<C-c>");
    pty_expect_words(s->p, "NOT READ"); /* and what was read before stays to be looked at */
    pty_expect_words(s->p, "001 a");
    stage_unlock(s);
    pty_keys(s->p, "r");
    pty_expect_words(s->p, "applied 001 a");
    pty_keys(s->p, "d"); /* what came next was not meant */
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
}

/* Leaving asks, and ends it. */
static void leaving_cancels(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, "migrations/002_long.up.sql", "CREATE TABLE t2 (i int);\n%s;\n", stage_endless(s));
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, ":up --yes<Enter>");
    until_asleep(s);
    pty_keys(s->p, "q");
    pty_expect(s->p, "[ Stay ]");
    stage_button(s, "Stop and leave");
    pty_keys(s->p, "<Enter>");
    pty_expect_left(s->p, 75);
    stage_until(s, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockstep' AND datname = current_database()", "0");
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
}

/* What it was to be left for ends meanwhile: the question goes, and what came of it is shown. */
static void the_leave_question_goes(void **state)
{
    struct stage *s = stage(state);

    stage_console_of_held_ledger(s);
    stage_lock(s);
    pty_keys(s->p, ":status<Enter>");
    pty_expect(s->p, ":status is running");
    pty_keys(s->p, "q");
    pty_expect(s->p, "Leave while something is going on");
    stage_unlock(s);
    pty_expect_gone(s->p, "Leave while something is going on");
    pty_expect(s->p, "exit code 0");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "exit code 0");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(runs_status),
#ifdef LS_LIBEDIT_SONAME
        ON_SQLITE(tells_without_libedit),
#endif
        ON_SQLITE(recalls),
        ON_SQLITE(completes),
        ON_SQLITE(edits_the_line),
        ON_BOTH(asks_in_a_dialog),
        ON_BOTH(shows_the_end_of_what_failed),
        ON_SQLITE(says_what_is_wrong),
        ON_SQLITE(makes_a_new_migration),
        ON_BOTH(cancels_a_run),
        ON_BOTH(cancels_a_reading),
        ON_BOTH(cancels_its_own_reading),
        ON_PG(leaving_cancels),
        ON_BOTH(the_leave_question_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
