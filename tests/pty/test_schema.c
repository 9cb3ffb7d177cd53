/* The Schema and Diff panes on real databases. */
#include <config.h>

#include "stage.h"

static void the_schema_is_shown(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "CREATE INDEX t1_i ON t1 (i)");
    stage_console(s, NULL);
    pty_keys(s->p, "6");
    pty_expect(s->p, "tables (");
    pty_keys(s->p, "/t1<Enter>");
    pty_keys(s->p, "l");
    pty_expect(s->p, "t1_i");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "CREATE TABLE");
    pty_expect(s->p, "CREATE INDEX t1_i ON");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "CREATE INDEX t1_i ON");
    /* What runs is seen: the schema is read again. */
    stage_sql(s, "DROP INDEX t1_i");
    pty_keys(s->p, "r");
    pty_expect_gone(s->p, "t1_i");
    stage_quit(s);
}

/* A column that no migration made: found, and said what it means. */
static void a_database_that_was_altered_by_hand(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "7");
    pty_expect(s->p, "migrations  against  live");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "No difference");
    stage_sql(s, "ALTER TABLE t1 ADD COLUMN by_hand int");
    stage_sql(s, "DROP TABLE t2");
    pty_keys(s->p, "r");
    pty_expect(s->p, "column by_hand");
    pty_expect(s->p, "additive");
    pty_expect(s->p, "table t2");
    pty_expect(s->p, "loses data");
    pty_keys(s->p, "/by_hand<Enter>");
    pty_expect_gone(s->p, "table t2");
    pty_expect(s->p, "nobody uses it yet");
    stage_quit(s);
}

/* Nobody asked: a moment after the start the console says it by itself. */
static void drift_is_told_by_itself(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "ALTER TABLE t1 ADD COLUMN by_hand int");
    stage_console(s, NULL);
    pty_expect(s->p, "DRIFT: the database differs in 1 place");
    pty_expect(s->p, "1 drift");
    stage_quit(s);
}

static void sides_that_cannot_be_had(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_console(s, NULL);
    pty_keys(s->p, "7s");
    pty_expect(s->p, "Compare what");
    pty_keys(s->p, "G<Enter>");
    pty_expect(s->p, "Side (NAME");
    pty_keys(s->p, "<C-u>file:nowhere.sql<Enter>");
    pty_expect(s->p, "with what?");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "They could not be compared");
    pty_expect(s->p, "nowhere.sql");
    stage_quit(s);
}

/* Somebody else changes it while the pane is away: coming back is enough. */
static void what_others_change_is_seen(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_cli(s, 0, "up --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "6");
    pty_expect(s->p, "t1");
    stage_sql(s, "CREATE TABLE brought_in (i int)");
    pty_keys(s->p, "1");
    pty_expect_gone(s->p, "tables (");
    pty_keys(s->p, "6");
    pty_expect(s->p, "brought_in");
    stage_quit(s);
}

/* Until a session waits for somebody else's hands on pg_constraint. Asked from another database: in this one the question would wait for
 * them, too, since planning may look for constraints. */
static void until_it_waits(const char *database)
{
    char sql[512];

    snprintf(sql, sizeof sql,
             "DO $$BEGIN FOR i IN 1..6000 LOOP PERFORM pg_stat_clear_snapshot();"
             " IF EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = '%s'"
             " AND relation = 'pg_constraint'::regclass AND backend_type = 'client backend') THEN RETURN; END IF;"
             " PERFORM pg_sleep(0.01); END LOOP; RAISE 'nobody waits'; END$$",
             database);
    assert_true(test_pg_exec(test_pg_url(), sql));
}

/* Whose statements wait for a lock as long as it takes. */
static void patient_console(struct stage *s)
{
    stage_tables(s, 1);
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\nlock_timeout = 10min\n");
    stage_cli(s, 0, "up --yes");
    stage_console(s, NULL);
}

/* It is wanted again while it is being read: what comes then may be older than the wish, so it is read once more. */
static void wanted_meanwhile(struct stage *s)
{
    const char *database = stage_get(s, "SELECT current_database()");

    stage_lock(s);
    stage_in_lock(s, "LOCK TABLE pg_catalog.pg_constraint IN ACCESS EXCLUSIVE MODE");
    pty_keys(s->p, "6");
    until_it_waits(database);
    stage_in_lock(s, "CREATE TABLE brought_in (i int)");
    pty_keys(s->p, "1");
    pty_expect(s->p, "applied");
    pty_keys(s->p, "6");
    pty_expect_gone(s->p, "applied");
    stage_in_lock(s, "COMMIT");
    pty_expect(s->p, "brought_in");
    stage_quit(s);
}

static void what_is_wanted_meanwhile_is_read(void **state)
{
    struct stage *s = stage(state);

    patient_console(s);
    wanted_meanwhile(s);
}

/* Also when what comes says that nothing has changed. */
static void what_is_wanted_meanwhile_is_read_again(void **state)
{
    struct stage *s = stage(state);

    patient_console(s);
    pty_keys(s->p, "6");
    pty_expect(s->p, "tables (");
    pty_expect_gone(s->p, "reading");
    pty_keys(s->p, "1");
    pty_expect(s->p, "applied");
    wanted_meanwhile(s);
}

/* The server's own words for a function, asked for when it is opened. */
static void a_function_is_shown_as_the_server_has_it(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_sql(s,
              "CREATE FUNCTION twice(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql SET work_mem = '8MB' AS 'select a * 2'");
    stage_console(s, NULL);
    pty_keys(s->p, "6");
    pty_expect(s->p, "function");
    pty_keys(s->p, "/twice<Enter>");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "CREATE OR REPLACE FUNCTION public.twice(a integer");
    pty_expect(s->p, "SET work_mem TO '8MB'");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "CREATE OR REPLACE");
    stage_quit(s);
}

/* On PostgreSQL the promise is replayed in a cluster of lockstep's own: x ends its start, and nothing of it stays. */
static void reading_sides_can_be_stopped(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    stage_console(s, NULL);
    stage_lock(s); /* what is live cannot be read meanwhile, so that it does not come to its end */
    stage_in_lock(s, "LOCK TABLE pg_catalog.pg_constraint IN ACCESS EXCLUSIVE MODE");
    pty_keys(s->p, "7<Enter>");
    pty_expect(s->p, "Reading migrations and live");
    pty_keys(s->p, "x");
    pty_expect(s->p, "Stopped. Enter compares them");
    stage_unlock(s);
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "No difference");
    stage_quit(s);
}

/* Sides from the menu; what was compared is compared again by itself when a run changed the database. */
static void a_run_is_followed(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up 1 --yes");
    stage_console(s, NULL);
    pty_keys(s->p, "7s");
    pty_expect(s->p, "dir:migrations");
    pty_keys(s->p, "j<Enter>");
    pty_expect(s->p, "with what?");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "table t2");
    pty_expect(s->p, "dir:migrations -> live");
    pty_keys(s->p, "1a");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    pty_keys(s->p, "7");
    pty_expect(s->p, "No difference: dir:migrations and live");
    stage_quit(s);
}

/* With a place for scratch databases PostgreSQL's drift is told unasked as well. */
static void drift_is_told_where_a_scratch_is_configured(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n\n[scratch]\nurl = %s\n", s->url);
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "ALTER TABLE t1 ADD COLUMN by_hand int");
    stage_console(s, NULL);
    pty_expect(s->p, "DRIFT: the database differs in 1 place");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_BOTH(the_schema_is_shown),        ON_SQLITE(a_database_that_was_altered_by_hand),
                                       ON_SQLITE(drift_is_told_by_itself),  ON_SQLITE(sides_that_cannot_be_had),
                                       ON_BOTH(what_others_change_is_seen), ON_PG(what_is_wanted_meanwhile_is_read),
                                       ON_PG(what_is_wanted_meanwhile_is_read_again),
                                       ON_BOTH(a_run_is_followed),          ON_PG(a_function_is_shown_as_the_server_has_it),
                                       ON_PG(reading_sides_can_be_stopped), ON_PG(drift_is_told_where_a_scratch_is_configured)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
