/* Backups from the console and the Backups pane; the Log pane. */
#include <config.h>

#include "stage.h"

#include <dirent.h>
#include <sys/stat.h>

static int count_backups(struct stage *s)
{
    DIR *d = opendir(stage_format(s, "%s/backups", s->dir));
    int n = 0;

    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

/* What is missing, and which version helps; nothing that looks like a backup stays. */
static void tells_what_it_lacks(struct stage *s)
{
    pty_keys(s->p, "B");
    pty_expect(s->p, "The backup failed; it left nothing that looks complete");
    pty_expect(s->p, stage_format(s, "postgresql-client-%d", test_pg_major()));
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "The backup failed");
    stage_quit(s);
    assert_int_equal(count_backups(s), 0);
}

/* B makes one whose state is said in words, v in the pane reads it back. */
static void backs_up(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    s->opt.cols = 120;
    stage_console(s, NULL);
    pty_keys(s->p, "4");
    pty_expect(s->p, "There is no backup in ");
    if (stage_no_dump(s) != NULL) {
        tells_what_it_lacks(s);
        return;
    }
    pty_keys(s->p, "B");
    pty_expect_words(s->p, "read back");
    pty_expect_words(s->p, s->pg ? "read back pty_" : "read back app-002-20");
    assert_int_equal(count_backups(s), 1);
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "sha256 ");
    pty_expect_words(s->p, "state read back");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "sha256");
    pty_keys(s->p, "v");
    pty_expect(s->p, "was read back whole: every file has its size and SHA-256");
    stage_quit(s);
    /* The subcommand sees the same. */
    assert_non_null(strstr(stage_cli(s, 0, "backups --json"), "\"read back\""));
}

static void tells_a_damaged_backup(void **state)
{
    struct stage *s = stage(state);
    char path[600] = "";

    stage_needs_dump(s);
    stage_tables(s, 1);
    stage_cli(s, 0, "up --yes");
    stage_cli(s, 0, "backup");
    DIR *d = opendir(stage_format(s, "%s/backups", s->dir));
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            snprintf(path, sizeof path, "%s/backups/%s", s->dir, e->d_name);
    closedir(d);
    /* A byte more at the end of each of its files but the manifest. */
    int rc = system(stage_format(
        s, "chmod -R u+w '%s' && find '%s' -type f ! -name '*manifest*' -exec sh -c 'echo x >>\"$1\"' x {} \\;", path, path));
    assert_int_equal(rc, 0);
    s->opt.cols = 120;
    stage_console(s, NULL);
    pty_keys(s->p, "4");
    pty_expect_words(s->p, "1 backup"); /* the list is there */
    pty_keys(s->p, "v");
    pty_expect(s->p, "The backup is not good");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "damaged");
    stage_quit(s);
}

/* Of the right size, and damaged: the list says so after it was read back, and the dialog what is wrong. */
static void remembers_a_damaged_backup(void **state)
{
    struct stage *s = stage(state);

    stage_needs_dump(s);
    stage_tables(s, 1);
    stage_cli(s, 0, "up --yes");
    stage_cli(s, 0, "backup");
    int rc = system(stage_format(s,
                                 "cd '%s'/backups/* && find . -type f ! -name manifest.json ! -name '*lock*' -exec sh -c "
                                 "'printf \"\\001\\002\\003\" | dd of=\"$1\" bs=1 seek=40 conv=notrunc 2>/dev/null' x {} \\;",
                                 s->dir));
    assert_int_equal(rc, 0);
    stage_console(s, NULL);
    pty_keys(s->p, "4");
    pty_expect_words(s->p, "read back");
    pty_keys(s->p, "v");
    pty_expect(s->p, "The backup is not good");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "The backup is not good");
    pty_expect_words(s->p, "B damaged"); /* behind the size */
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "state damaged: ");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "sha256");
    pty_keys(s->p, "P");
    pty_expect(s->p, "nothing to remove");
    stage_quit(s);
}

static void prunes(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_cli(s, 0, "up --yes");
    for (int i = 0; i < 6; i++)
        stage_cli(s, 0, "backup");
    stage_console(s, NULL);
    pty_keys(s->p, "4");
    pty_expect_words(s->p, "6 backups");
    pty_keys(s->p, "P");
    pty_expect(s->p, "Remove old backups");
    pty_expect(s->p, "[ Cancel ]");
    pty_keys(s->p, "<Enter>");
    pty_expect_gone(s->p, "Tab next button");
    assert_int_equal(count_backups(s), 6);
    pty_keys(s->p, "P");
    stage_confirm(s, "Remove");
    pty_expect(s->p, "old backups were removed");
    pty_keys(s->p, "k");
    pty_expect_words(s->p, "5 backups");
    stage_quit(s);
    assert_int_equal(count_backups(s), 5);
}

/* On 80 columns the question cuts neither a file's name nor what kind of backup there is, and says that it goes on below. */
static void asks_in_full(void **state)
{
    static const char name[] = "002_a_migration_whose_name_is_rather_long_for_a_dialog";
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, stage_format(s, "migrations/%s.up.sql", name), "CREATE TABLE t2 (i int);\n");
    stage_put(s, stage_format(s, "migrations/%s.down.sql", name), "DROP TABLE t2;\n");
    stage_cli(s, 0, "up --yes");
    stage_cli(s, 0, "backup");
    stage_console(s, NULL);
    pty_keys(s->p, "d");
    pty_expect(s->p, "[ Cancel ]");
    pty_expect(s->p, stage_format(s, "%s.down.sql:1", name));
    pty_expect(s->p, "back; not of this moment");
    pty_expect(s->p, " PgDn: ");
    pty_keys(s->p, "<PgDn><PgDn>");
    pty_expect(s->p, "makes it refuse");
    pty_expect_gone(s->p, " PgDn: ");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "[ Cancel ]");
    /* The Run pane names the file whole; the SQL is as it is sent, and says where it goes on. */
    pty_keys(s->p, "3");
    pty_expect(s->p, stage_format(s, "migrations/%s.down.sql", name));
    pty_keys(s->p, "S");
    pty_expect(s->p, ": more to the right");
    pty_keys(s->p, "<End>");
    for (int i = 0; i < 30; i++)
        pty_keys(s->p, "l");
    pty_expect_gone(s->p, ": more to the right");
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
}

/* ^C while it waits for somebody's lock: nothing is left that looks complete. */
static void cancels(void **state)
{
    struct stage *s = stage(state);

    stage_needs_dump(s);
    stage_tables(s, 1);
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\nlock_timeout = 10min\nbusy_timeout = 10min\n");
    stage_cli(s, 0, "up --yes");
    stage_console(s, NULL);
    stage_lock(s);
    pty_keys(s->p, "Bd");
    pty_expect(s->p, "is going on: wait for its end, or stop it");
    pty_keys(s->p, "<C-c>");
    pty_expect(s->p, "cancelled; it left nothing that looks complete");
    stage_unlock(s);
    stage_quit(s);
    assert_int_equal(count_backups(s), 0);
}

static void shows_the_log(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_put(s, "migrations/003_t3.up.sql", "INSERT INTO nowhere VALUES (1);\n");
    stage_console(s, NULL);
    pty_keys(s->p, "5");
    pty_expect(s->p, "There is no journal yet: the first run makes it.");
    pty_keys(s->p, "1A");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "STOPPED");
    pty_keys(s->p, "5");
    pty_expect_words(s->p, "run_end");
    pty_expect_words(s->p, "failed 003 rolled back");
    pty_expect_words(s->p, "applied 002 ok");
    pty_expect_words(s->p, "applied 001 ok");
    pty_expect_words(s->p, "run_begin");
    pty_expect(s->p, "the chain is whole");
    pty_keys(s->p, "/002<Enter>");
    pty_expect_words(s->p, "1/1, filter '002'");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "journal record");
    pty_expect_words(s->p, "event applied");
    pty_expect_words(s->p, "name t2");
    pty_expect_words(s->p, "chain whole");
    pty_expect(s->p, stage_get(s, "SELECT hash FROM lockstep_journal WHERE event = 'applied' AND name = 't2'")); /* all of it, on 80 columns */
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "journal record");
    stage_quit(s);
}

/* Somebody has changed what was written. */
static void shows_a_broken_chain(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "UPDATE lockstep_journal SET name = 'another' WHERE version = '001'");
    stage_console(s, NULL);
    pty_keys(s->p, "5");
    pty_expect(s->p, "THE CHAIN IS BROKEN at record");
    stage_quit(s);
}

static void verifies(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_put(s, "migrations/001_t1.verify.sql", "SELECT count(*) = 1 FROM t1;\n");
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "DELETE FROM t1");
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int); -- another file now\n");
    stage_console(s, NULL);
    pty_expect_words(s->p, "modified 002 t2");
    pty_expect_words(s->p, "1 modified");
    pty_keys(s->p, "v");
    pty_expect(s->p, "001_t1.verify.sql");
    pty_expect_words(s->p, "002");
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(backs_up),      ON_BOTH(tells_a_damaged_backup), ON_BOTH(remembers_a_damaged_backup), ON_SQLITE(prunes), ON_BOTH(cancels),
        ON_SQLITE(asks_in_full),
        ON_BOTH(shows_the_log), ON_BOTH(shows_a_broken_chain),   ON_BOTH(verifies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
