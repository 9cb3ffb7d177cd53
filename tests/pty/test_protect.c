/* Protected environments, the switch between environments, and keys that are typed ahead. */
#include <config.h>

#include "stage.h"

/* Environments dev and production over the stage's database; production is protected. */
static void with_environments(struct stage *s)
{
    s->opt.cols = 110;
    stage_tables(s, 2);
    stage_put(s, "lockstep.conf",
              "[project]\nformat = lockstep\n\n[env dev]\nurl = %s\n\n[env production]\nurl = %s\nprotected = true\n",
              s->pg ? s->url : "sqlite:dev.db", s->url);
    if (!s->pg)
        stage_sql(s, "CREATE TABLE other (i int)"); /* the file is there: read-only makes none */
}

static const char *database(struct stage *s)
{
    return s->pg ? stage_get(s, "SELECT current_database()") : "app.db";
}

static void arm(struct stage *s)
{
    pty_keys(s->p, "W");
    pty_expect(s->p, "Arm this console");
    stage_confirm(s, "Arm");
    pty_expect(s->p, "armed: this console may write now");
    pty_expect_words(s->p, "ARMED");
}

static void opens_read_only(void **state)
{
    struct stage *s = stage(state);

    with_environments(s);
    stage_start_env(s, "production", NULL);
    stage_ready(s);
    pty_expect_words(s->p, "production (protected)");
    pty_expect_words(s->p, "READ-ONLY");
    pty_keys(s->p, "a");
    pty_expect(s->p, "read-only: this environment is protected; W arms the console");
    pty_keys(s->p, "d");
    pty_expect(s->p, "read-only:");
    pty_keys(s->p, "m");
    pty_expect(s->p, "read-only:");
    assert_int_equal(pty_find(s->p, "[ Cancel ]"), -1);
    if (s->pg) /* the server would refuse as well */
        stage_until(s, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockstep' AND datname = current_database()",
                    "1");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
}

/* The header's word holds for the prompt, too: its own --yes and --confirm are no arming. */
static void the_prompt_is_read_only_as_well(void **state)
{
    struct stage *s = stage(state);
    const char *up;

    with_environments(s);
    up = stage_format(s, ":up --yes --no-backup --confirm %s<Enter>", database(s));
    stage_start_env(s, "production", NULL);
    stage_ready(s);
    pty_keys(s->p, up);
    pty_expect(s->p, "exit code 3");
    pty_expect_words(s->p, "up writes, and this console is read-only");
    assert_string_equal(stage_there(s), "");
    pty_keys(s->p, "<Esc>:status<Enter>"); /* what reads goes on */
    pty_expect(s->p, "exit code 0");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "exit code");
    arm(s);
    pty_keys(s->p, ":up<Enter>"); /* what no means is said, and no button calls it Cancel */
    pty_expect_words(s->p, "Make a backup first (no: go on without one)?");
    pty_expect_words(s->p, "[ No ] Yes");
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "to go on:");
    pty_expect_words(s->p, "[ Cancel ] Yes, do it");
    pty_keys(s->p, "<Esc>");
    pty_expect(s->p, "exit code 3");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "exit code");
    assert_string_equal(stage_there(s), "");
    pty_keys(s->p, up);
    pty_expect(s->p, "exit code 0");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "exit code");
    stage_quit(s);
    assert_int_not_equal(strlen(stage_there(s)), 0);
}

static void arms_and_disarms(void **state)
{
    struct stage *s = stage(state);

    with_environments(s);
    stage_start_env(s, "production", NULL);
    stage_ready(s);
    pty_keys(s->p, "W");
    pty_expect(s->p, "Arm this console");
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Enter>");
    pty_expect_gone(s->p, "Tab next button");
    pty_expect_words(s->p, "READ-ONLY");
    arm(s);
    pty_keys(s->p, "W");
    pty_expect(s->p, "read-only again");
    pty_expect_words(s->p, "READ-ONLY");
    stage_quit(s);
}

static void wants_the_name_typed(void **state)
{
    struct stage *s = stage(state);
    const char *name;

    with_environments(s);
    name = database(s);
    stage_start_env(s, "production", NULL);
    stage_ready(s);
    arm(s);
    pty_keys(s->p, "a");
    pty_expect(s->p, "a backup first?");
    pty_expect_words(s->p, "Backup: there is none");
    pty_keys(s->p, "w");
    pty_expect_words(s->p, stage_format(s, "Type %s to go on:", name));
    assert_true(pty_cursor_visible(s->p)); /* where it is typed */
    /* Nothing typed, then a wrong name: neither button does anything. */
    stage_button(s, "Apply");
    pty_keys(s->p, "<Enter>wrong<Enter>");
    pty_expect_words(s->p, "to go on: wrong");
    pty_expect(s->p, "[ Apply ]");
    assert_string_equal(stage_there(s), "");
    pty_keys(s->p, "<C-u>");
    pty_expect_gone(s->p, "to go on: wrong");
    pty_keys(s->p, name);
    pty_expect_words(s->p, stage_format(s, "to go on: %s", name));
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
}

/* All in one write: between two the dialog might open, and what comes then was not typed ahead of it. */
static void type_ahead(struct stage *s, const char *keys)
{
    pty_raw(s->p, keys, strlen(keys));
}

/* A pasted name is no decision. */
static void refuses_a_pasted_name(void **state)
{
    struct stage *s = stage(state);

    with_environments(s);
    stage_start_env(s, "production", NULL);
    stage_ready(s);
    arm(s);
    pty_keys(s->p, "a");
    pty_expect(s->p, "a backup first?");
    pty_keys(s->p, "w");
    pty_expect_words(s->p, "to go on:");
    type_ahead(s, stage_format(s, "\033[200~%s\033[201~", database(s)));
    pty_keys(s->p, "<Tab><Tab>");
    pty_expect(s->p, "[ Apply ]");
    pty_keys(s->p, "<Enter>z");
    pty_expect_words(s->p, "to go on: z");
    stage_button(s, "Cancel");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "nothing was done");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
}

static void backs_up_first(void **state)
{
    struct stage *s = stage(state);
    const char *name;

    stage_needs_dump(s);
    with_environments(s);
    name = database(s);
    stage_start_env(s, "production", NULL);
    stage_ready(s);
    arm(s);
    pty_keys(s->p, "a");
    pty_expect(s->p, "a backup first?");
    pty_keys(s->p, "b");
    pty_expect_words(s->p, stage_format(s, "Type %s to go on:", name));
    pty_expect_words(s->p, "Backup newest 20");
    pty_keys(s->p, name);
    pty_expect_words(s->p, stage_format(s, "to go on: %s", name));
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
}

/* Whatever was typed before the dialog was seen is no answer to it. */
static void typing_ahead_never_applies(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    type_ahead(s, "a\ry\t\t\r\ry");
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Esc>");
    pty_expect(s->p, "nothing was done");
    type_ahead(s, "1A\ry\t\ry\r");
    pty_expect(s->p, "[ Cancel ]");
    assert_string_equal(stage_there(s), "");
    assert_string_equal(stage_ledger(s), "");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    stage_quit(s);
}

/* The same at the very start: keys typed while it connects. */
static void typing_ahead_at_the_start(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\nlock_timeout = 10min\nbusy_timeout = 10min\n");
    stage_cli(s, 0, "up 1 --yes");
    stage_lock(s); /* it is not connected before all of them were taken */
    if (s->pg)
        stage_in_lock(s, "LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE");
    stage_start(s, NULL);
    type_ahead(s, "a\t\t\rA\ry1a");
    pty_expect(s->p, "not connected yet");
    stage_unlock(s);
    stage_ready(s);
    pty_keys(s->p, "<Esc>1");
    pty_expect_words(s->p, "pending 002 t2");
    pty_expect_gone(s->p, "Tab next button");
    stage_quit(s);
    assert_string_equal(stage_there(s), "t1");
}

static void switches_environment(void **state)
{
    struct stage *s = stage(state);

#ifndef LS_WITH_SQLITE
    test_skip("the second environment is SQLite's");
#endif
    with_environments(s);
    stage_put(
        s, "lockstep.conf",
        "[project]\nformat = lockstep\n\n[env dev]\nurl = %s\n\n[env stage]\nurl = sqlite:stage.db\n\n[env production]\nurl = "
        "%s\nprotected = true\ntheme = light\n",
        s->url, s->url);
    stage_cli(s, 0, "up 1 --yes");
    stage_start_env(s, "dev", NULL);
    stage_ready(s);
    pty_expect_words(s->p, "dev ");
    pty_expect_words(s->p, "applied 001 t1");
    pty_keys(s->p, "E");
    pty_expect(s->p, "Switch to environment");
    pty_expect_words(s->p, "this one");
    pty_expect_words(s->p, "protected: opens read-only");
    pty_keys(s->p, "j<Enter>");
    pty_expect_words(s->p, "stage ");
    pty_expect_words(s->p, "pending 001 t1");
    pty_expect_words(s->p, "read-write");
    pty_keys(s->p, "E");
    pty_expect(s->p, "Switch to environment");
    pty_keys(s->p, "G<Enter>");
    pty_expect_words(s->p, "production (protected)");
    pty_expect_words(s->p, "applied 001 t1");
    pty_expect_words(s->p, "READ-ONLY");
    stage_quit(s);
}

/* --read-only has no way out. */
static void started_read_only(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    if (!s->pg)
        stage_sql(s, "CREATE TABLE other (i int)");
    stage_console(s, "--read-only", NULL);
    pty_expect_words(s->p, "READ-ONLY");
    pty_keys(s->p, "a");
    pty_expect(s->p, "read-only: the console was started so");
    pty_keys(s->p, "W");
    pty_expect(s->p, "started with --read-only");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
}

/* Backups of a protected database are removed under its name, too. */
static void prunes_under_the_name(void **state)
{
    struct stage *s = stage(state);

    with_environments(s);
    for (int i = 0; i < 6; i++)
        stage_cli(s, 0, "backup");
    stage_start_env(s, "production", NULL);
    stage_ready(s);
    pty_keys(s->p, "4P");
    pty_expect(s->p, "Remove old backups");
    pty_expect_words(s->p, stage_format(s, "Type %s to go on:", database(s)));
    stage_button(s, "Remove");
    pty_keys(s->p, "<Enter>"); /* nothing typed: nothing done */
    pty_keys(s->p, stage_format(s, "%s<Enter>", database(s)));
    pty_expect(s->p, "old backups were removed");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_prompt_is_read_only_as_well),
        ON_BOTH(opens_read_only),           ON_BOTH(arms_and_disarms),     ON_BOTH(wants_the_name_typed),
        ON_BOTH(refuses_a_pasted_name),     ON_BOTH(backs_up_first),       ON_BOTH(typing_ahead_never_applies),
        ON_BOTH(typing_ahead_at_the_start), ON_BOTH(switches_environment), ON_BOTH(started_read_only),
        ON_SQLITE(prunes_under_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
