/* What the timeline says of a folder and a ledger that do not agree, or that cannot be used. */
#include <config.h>

#include "stage.h"

#include <sys/stat.h>
#include <unistd.h>

static void states_by_word_and_glyph(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 6);
    stage_cli(s, 0, "up 5 --yes");
    stage_cli(s, 0, "down 1 --yes");
    assert_int_equal(unlink(stage_format(s, "%s/migrations/003_t3.up.sql", s->dir)), 0);
    assert_int_equal(unlink(stage_format(s, "%s/migrations/003_t3.down.sql", s->dir)), 0);
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int); -- not what was run\n");
    stage_console(s, NULL);
    pty_expect_words(s->p, "· pending 006 t6");
    pty_expect_words(s->p, "rolled-back 005 t5");
    pty_expect_words(s->p, "✓ applied 004 t4");
    pty_expect_words(s->p, "? missing 003 t3");
    pty_expect_words(s->p, "modified 002 t2");
    pty_expect_words(s->p, "2 pending 0 dirty 1 modified");
    stage_quit(s);
}

static void late_ones_are_out_of_order(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    assert_int_equal(rename(stage_format(s, "%s/migrations/002_t2.up.sql", s->dir), stage_format(s, "%s/later.sql", s->dir)), 0);
    assert_int_equal(rename(stage_format(s, "%s/migrations/002_t2.down.sql", s->dir), stage_format(s, "%s/later.down", s->dir)), 0);
    stage_cli(s, 0, "up --yes");
    assert_int_equal(rename(stage_format(s, "%s/later.sql", s->dir), stage_format(s, "%s/migrations/002_t2.up.sql", s->dir)), 0);
    stage_console(s, NULL);
    pty_expect_words(s->p, "out-of-order 002 t2");
    stage_quit(s);
}

static void two_files_of_one_version(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_put(s, "migrations/002_other.up.sql", "CREATE TABLE other (i int);\n");
    stage_console(s, NULL);
    pty_expect(s->p, "FOLDER: ");
    pty_expect_words(s->p, "duplicate 002");
    pty_keys(s->p, "A");
    pty_expect(s->p, "two files claim version");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
}

static void an_empty_folder(void **state)
{
    struct stage *s = stage(state);

    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n");
    assert_int_equal(mkdir(stage_format(s, "%s/migrations", s->dir), 0755), 0);
    stage_console(s, NULL);
    pty_expect(s->p, "There are no migrations in migrations yet.");
    pty_expect(s->p, ":new add_users");
    pty_keys(s->p, "aADdtm<Enter>|J.");
    pty_keys(s->p, "<Esc><Esc>1");
    pty_expect(s->p, "There are no migrations in migrations yet.");
    stage_quit(s);
}

static void no_folder(void **state)
{
    struct stage *s = stage(state);

    s->opt.cols = 110;
    stage_start(s, "--migrations", "nowhere", NULL);
    pty_expect_words(s->p, "the migrations folder nowhere");
    pty_expect(s->p, "No such file or directory");
    pty_keys(s->p, "aAr");
    stage_quit(s);
}

/* golang-migrate's ledger where lockstep's own is wanted: told apart by its columns, and left alone. */
static void a_ledger_of_another_tool(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_sql(s, "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);"
                 "INSERT INTO schema_migrations VALUES (1, false)");
    s->opt.cols = 110;
    stage_console(s, NULL);
    pty_expect_words(s->p, "belongs to golang-migrate, not to lockstep: nothing is written to it.");
    pty_keys(s->p, "a");
    pty_expect(s->p, "No plan: nothing was done"); /* the banner names the tool too */
    assert_int_equal(pty_find(s->p, "[ Cancel ]"), -1);
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "No plan: nothing was done");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
    assert_string_equal(stage_get(s, "SELECT count(*) FROM schema_migrations"), "1");
}

static void a_ledger_without_rights(void **state)
{
    struct stage *s = stage(state);
    const char *role;

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    role = stage_format(s, "pty_poor_%ld", (long)getpid());
    stage_sql(s, stage_format(s, "CREATE ROLE %s", role));
    s->opt.cols = 110;
    stage_start(s, "--url", stage_format(s, "%s&options=-c%%20role%%3D%s", s->url, role), NULL);
    pty_expect(s->p, "NOT READ: ");
    pty_expect(s->p, "permission denied for table schema_migrations");
    pty_expect_words(s->p, "002 t2"); /* the folder is shown */
    pty_keys(s->p, "d");
    stage_quit(s);
    stage_sql(s, stage_format(s, "DROP ROLE %s", role));
    assert_string_equal(stage_there(s), "t1 t2");
}

static void no_database_in_the_file(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, "app.db", "This is a text, and quite long enough to be taken for the header of a database file by somebody.\n");
    stage_start(s, NULL);
    pty_expect_words(s->p, "NOT ");
    pty_expect(s->p, "not a database");
    pty_expect_words(s->p, "001 t1");
    stage_quit(s);
}

/* Somebody writes for long: it waits, and says why it did not work; nothing is lost. */
static void a_locked_file(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    stage_lock(s);
    stage_confirm(s, "Apply");
    pty_expect(s->p, "STOPPED");
    pty_expect(s->p, "database is locked");
    pty_expect(s->p, "Nothing was applied.");
    stage_unlock(s);
    pty_keys(s->p, "R");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2");
}

/* Wanted again while it is being read, the ledger (which is t1) held by somebody: what comes may be older than the wish. */
static void what_is_wanted_meanwhile_is_read(void **state)
{
    struct stage *s = stage(state);

    stage_console_of_held_ledger(s);
    stage_lock(s);
    pty_keys(s->p, "r");
    pty_expect_words(s->p, "newest first reading");
    if (s->pg) /* the folder has been read by then */
        stage_until(s, "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT granted AND datname = current_database()", "1");
    stage_put(s, "migrations/002_b.up.sql", "CREATE TABLE b (i int);\n");
    pty_keys(s->p, "r?");
    pty_expect_words(s->p, "Apply the next pending migration");
    pty_keys(s->p, "<Esc>");
    stage_unlock(s);
    pty_expect_words(s->p, "pending 002 b");
    stage_quit(s);
}

/* What was asked for too early is told, until that is not true any more. */
static void forgets_that_it_was_not_connected(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_cli(s, 0, "up --yes");
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n[env e]\nurl = %s\nbusy_timeout = 2min\n", s->url);
    stage_lock(s);
    stage_start_env(s, "e", NULL);
    pty_expect(s->p, "connecting");
    pty_keys(s->p, "a");
    pty_expect(s->p, "not connected yet");
    stage_unlock(s);
    pty_expect_words(s->p, "applied 001 t1");
    pty_expect_gone(s->p, "not connected yet");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(what_is_wanted_meanwhile_is_read),
        ON_BOTH(states_by_word_and_glyph),
        ON_BOTH(late_ones_are_out_of_order),
        ON_BOTH(two_files_of_one_version),
        ON_BOTH(an_empty_folder),
        ON_SQLITE(no_folder),
        ON_BOTH(a_ledger_of_another_tool),
        ON_PG(a_ledger_without_rights),
        ON_SQLITE(no_database_in_the_file),
        ON_SQLITE(a_locked_file),
        ON_SQLITE(forgets_that_it_was_not_connected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
