/* The Indexes pane on real databases. */
#include <config.h>

#include "stage.h"

/* Rows, and a workload whose first query lacks an index. */
static void with_memories(struct stage *s)
{
    stage_tables(s, 1);
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\nscratch = yes\n");
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "CREATE TABLE memories (id int PRIMARY KEY, user_id int NOT NULL, updated_at int NOT NULL, body text)");
    stage_sql(s, s->pg ? "INSERT INTO memories SELECT n, n % 97, n * 7919 % 100003, 'a body that fills a row' FROM generate_series(1, 10000) n"
                       : "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000) "
                         "INSERT INTO memories SELECT n, n % 97, n * 7919 % 100003, 'a body that fills a row' FROM c");
    stage_sql(s, "ANALYZE");
    stage_put(s, "lockstep.workload.sql",
              "-- name: newest memories\n-- frequency: 100/h\n-- sample: 5\n"
              "SELECT * FROM memories WHERE user_id = %s ORDER BY updated_at DESC LIMIT 20;\n"
              "-- name: one memory\nSELECT * FROM memories WHERE id = %s;\n",
              s->pg ? "$1" : "?", s->pg ? "$1" : "?");
}

/* Found, measured, written as a migration, applied through the stepper; then nothing is missing. */
static void from_a_query_to_its_index(void **state)
{
    struct stage *s = stage(state);

    stage_needs_dump(s);
    with_memories(s);
    stage_console(s, NULL);
    pty_keys(s->p, "8");
    pty_expect(s->p, "queries 2");
    pty_keys(s->p, "a");
    pty_expect(s->p, "memories(user_id, updated_at)");
    pty_keys(s->p, "/IX08<Enter>");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "newest memories");
    pty_expect(s->p, "measured");
    pty_keys(s->p, "<Esc>w");
    pty_expect(s->p, "002_add_idx_memories_user_id_updated_at.up.sql");
    pty_keys(s->p, "<Esc>1a");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "DONE");
    assert_string_equal(stage_ledger(s), "1 2");
    assert_string_equal(stage_get(s, s->pg ? "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'idx_memories_user_id_updated_at'::regclass"
                                           : "SELECT 'true' FROM sqlite_schema WHERE name = 'idx_memories_user_id_updated_at'"),
                        "true");
    pty_keys(s->p, "8");
    pty_expect(s->p, "Nothing matches"); /* the filter is there, the verdict is not */
    pty_keys(s->p, "<Esc>s"); /* from the verdicts to the usage */
    pty_expect(s->p, "idx_memories_user_i");
    pty_keys(s->p, "sa");
    pty_expect(s->p, "no index is missing");
    stage_quit(s);
}

/* Where no copy can be made the advice is by shape alone, and what is in the way is told with what helps. */
static void tells_why_nothing_was_measured(void **state)
{
    struct stage *s = stage(state);

    with_memories(s);
    if (stage_no_dump(s) == NULL)
        stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n[scratch]\nurl = postgresql:///none?host=%s/nowhere\n", s->dir);
    stage_console(s, NULL);
    pty_keys(s->p, "8");
    pty_expect(s->p, "queries 2");
    pty_keys(s->p, "a");
    pty_expect(s->p, "structural only: nothing was measured, v says why");
    pty_keys(s->p, "v");
    pty_expect(s->p, stage_no_dump(s) == NULL ? "nothing was measured: the scratch server" : stage_format(s, "postgresql-client-%d", test_pg_major()));
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
}

/* A reason is asked for, and kept in the project file. */
static void ignored_for_a_reason(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "CREATE INDEX t1_i ON t1 (i)");
    stage_sql(s, "CREATE INDEX t1_again ON t1 (i)");
    stage_console(s, NULL);
    pty_keys(s->p, "8");
    pty_expect(s->p, "IX02");
    pty_keys(s->p, "/IX02<Enter>i");
    pty_expect(s->p, "Ignore it, because:");
    pty_keys(s->p, "it is a test<Enter>");
    pty_expect(s->p, "kept in lockstep.conf");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "kept in");
    pty_keys(s->p, "<Esc>");
    pty_expect(s->p, "1 ignored");
    pty_expect_gone(s->p, "IX02");
    assert_non_null(strstr(stage_cli(s, 0, "index --all"), "it is a test"));
    assert_null(strstr(stage_cli(s, 0, "index"), "IX02"));
    stage_quit(s);
}

/* What was measured stays when something is ignored, by a name that fits itself alone; read anew it is gone, and that is said. */
static void ignored_and_still_measured(void **state)
{
    struct stage *s = stage(state);

    with_memories(s);
    stage_sql(s, "CREATE INDEX \"b[12]*\" ON memories (body)");
    stage_sql(s, "CREATE INDEX b1xx ON memories (body)");
    stage_sql(s, "CREATE INDEX b3 ON memories (body)");
    stage_sql(s, s->pg ? "CREATE TABLE kid (m int)" : "CREATE TABLE kid (m int REFERENCES memories (id))");
    stage_sql(s, "INSERT INTO kid VALUES (-1)");
    if (s->pg)
        stage_sql(s, "ALTER TABLE kid ADD FOREIGN KEY (m) REFERENCES memories (id) NOT VALID");
    stage_console(s, NULL);
    pty_keys(s->p, "8");
    pty_expect(s->p, "queries 2");
    pty_keys(s->p, "a");
    pty_expect(s->p, "memories(user_id, updated_at)");
    pty_expect(s->p, "1 row points at no row"); /* rows without a parent are looked for, too */
    pty_keys(s->p, "/[12]<Enter>i");
    pty_expect(s->p, "Ignore it, because:");
    pty_keys(s->p, "it is a test<Enter>");
    pty_expect(s->p, "kept in lockstep.conf");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "kept in");
    pty_keys(s->p, "<Esc>");
    pty_expect(s->p, "1 ignored");
    pty_expect(s->p, "memories(user_id, updated_at)");
    pty_expect(s->p, "IX02");
    assert_non_null(strstr(stage_cli(s, 0, "index --fail-on never --all"), "b[12]*"));
    assert_null(strstr(stage_cli(s, 0, "index --fail-on never"), "IX02:b[12]*"));
    assert_non_null(strstr(stage_cli(s, 0, "index --fail-on never"), "IX02:b"));
    pty_keys(s->p, "r");
    pty_expect(s->p, "what was measured was of the state before");
    stage_quit(s);
}

/* Dropped while it is shown: the pane says what there is now, and the subcommand that was asked for what is gone says that. */
static void dropped_while_shown(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_cli(s, 0, "up --yes");
    stage_sql(s, "CREATE INDEX t1_i ON t1 (i)");
    stage_sql(s, "CREATE INDEX t1_again ON t1 (i)");
    stage_console(s, NULL);
    pty_keys(s->p, "8");
    pty_expect(s->p, "IX02");
    stage_sql(s, "DROP INDEX t1_again");
    pty_keys(s->p, "/IX02<Enter>w");
    pty_expect(s->p, "exit code");
    pty_expect(s->p, "IX02");
    pty_keys(s->p, "<Esc><Esc>r");
    pty_expect_gone(s->p, "t1_again");
    stage_quit(s);
}

/* Sizes, order and totals. */
static void usage_is_sorted(void **state)
{
    struct stage *s = stage(state);

    with_memories(s);
    stage_sql(s, "CREATE INDEX a_small ON t1 (i)");
    stage_sql(s, "CREATE INDEX z_large ON memories (body, user_id)");
    stage_console(s, NULL);
    pty_keys(s->p, "8");
    pty_expect(s->p, "usage ");
    pty_keys(s->p, "st");
    pty_expect(s->p, "index, by name");
    pty_keys(s->p, "oooo");
    pty_expect(s->p, "index, by size");
    pty_expect(s->p, "together ");
    pty_keys(s->p, "/z_large<Enter>");
    pty_expect_gone(s->p, "a_small");
    pty_keys(s->p, "<Enter>");
    pty_expect(s->p, "z_large ON");
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
}

/* Stopped at once; that nothing stays of the copy, the tests of advice look at. */
static void measuring_can_be_stopped(void **state)
{
    struct stage *s = stage(state);

    with_memories(s);
    stage_put(s, "lockstep.workload.sql", "SELECT count(*) FROM memories a, memories b, memories c WHERE a.user_id < b.updated_at AND c.body > b.body;\n");
    stage_console(s, NULL);
    pty_keys(s->p, "8");
    pty_expect(s->p, "queries 1");
    pty_keys(s->p, "a");
    pty_expect(s->p, "measuring");
    pty_keys(s->p, "x");
    pty_expect_gone(s->p, "measuring");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(from_a_query_to_its_index), ON_BOTH(ignored_for_a_reason), ON_BOTH(ignored_and_still_measured), ON_BOTH(dropped_while_shown), ON_BOTH(usage_is_sorted), ON_BOTH(measuring_can_be_stopped),
        ON_PG(tells_why_nothing_was_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
