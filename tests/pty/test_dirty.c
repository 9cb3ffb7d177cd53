/* A dirty database opens with a banner, and the guided way out resolves it. A legacy ledger is imported once. */
#include <config.h>

#include "stage.h"

/* golang-migrate's folder, as its users write it; 2 fails. */
static void golang_project(struct stage *s)
{
    stage_put(s, "lockstep.conf", "[project]\nformat = golang-migrate\n");
    for (int v = 1; v <= 3; v++) {
        stage_put(s, stage_format(s, "migrations/%06d_t%d.up.sql", v, v),
                  "CREATE TABLE t%d (i int);\nINSERT INTO %s VALUES (%d);\n", v, v == 2 ? "nowhere" : "t1", v);
        stage_put(s, stage_format(s, "migrations/%06d_t%d.down.sql", v, v), "DROP TABLE t%d;\n", v);
    }
}

static void dirty_console(struct stage *s)
{
    golang_project(s);
    stage_cli(s, 4, "up --yes");
    s->opt.rows = 50;
    s->opt.cols = 110;
    stage_console(s, NULL);
    pty_expect(s->p, "DIRTY: a migration started and did not finish.");
    pty_expect_words(s->p, "1 dirty");
    pty_expect_words(s->p, "dirty 000002 t2");
    pty_expect_words(s->p, "! way out");
}

static const char *ledger_now(struct stage *s)
{
    return stage_get(s, s->pg ? "SELECT version || ' ' || dirty FROM schema_migrations"
                              : "SELECT version || ' ' || CASE dirty WHEN 0 THEN 'false' ELSE 'true' END FROM schema_migrations");
}

static void applies_nothing_while_dirty(void **state)
{
    struct stage *s = stage(state);

    dirty_console(s);
    pty_keys(s->p, "A");
    pty_expect_words(s->p, "version 2");
    assert_int_equal(pty_find(s->p, "[ Cancel ]"), -1);
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    stage_quit(s);
    assert_string_equal(ledger_now(s), "2 true");
}

/* Keys that mean something elsewhere say why they do nothing now, and a retry that would be refused is not offered. */
static void says_what_comes_first(void **state)
{
    struct stage *s = stage(state);

    golang_project(s);
    s->opt.cols = 110;
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "STOPPED");
    pty_expect_words(s->p, "! way out");
    assert_int_equal(pty_find(s->p, "R retry"), -1);
    pty_keys(s->p, "1t");
    pty_expect(s->p, "dirty: nothing runs until it is resolved; ! shows the ways out");
    pty_keys(s->p, "kD");
    pty_expect(s->p, "dirty: nothing runs until it is resolved; ! shows the ways out");
    /* The state in words, and not the cell of the ledger's column besides. */
    pty_keys(s->p, ".G2");
    pty_expect(s->p, "the whole file as one query, one implicit transaction");
    assert_int_equal(pty_find(s->p, "ledger says"), -1);
    stage_quit(s);
}

static void shows_the_way_out(void **state)
{
    struct stage *s = stage(state);

    dirty_console(s);
    pty_keys(s->p, "!");
    pty_expect(s->p, "Dirty at version 000002: the ways out");
    pty_expect_words(s->p, "The ledger says ");
    pty_expect_words(s->p, "version 2, dirty");
    pty_expect_words(s->p, "1 CREATE TABLE t2 (i int)");
    pty_expect_words(s->p, "2 INSERT INTO nowhere VALUES (2)");
    pty_expect_words(s->p, s->pg ? "which PostgreSQL runs as one transaction" : "The statements ran in one transaction");
    pty_expect_words(s->p, "a Nothing of 2 is in the database");
    pty_expect_words(s->p, "b All of 2 is in the database");
    pty_expect_words(s->p, "q Leave it as it is");
    /* Enter on what the menu starts on leaves everything as it is. */
    pty_keys(s->p, "<Enter>");
    pty_expect_gone(s->p, "the ways out");
    stage_quit(s);
    assert_string_equal(ledger_now(s), "2 true");
}

static void takes_it_as_not_applied(void **state)
{
    struct stage *s = stage(state);

    dirty_console(s);
    pty_keys(s->p, "!");
    pty_expect_words(s->p, "a Nothing of 2 is in the database");
    pty_keys(s->p, "a");
    pty_expect(s->p, "Write to the ledger, run nothing");
    /* The exact SQL. */
    pty_expect_words(s->p, s->pg ? "TRUNCATE \"public\".\"schema_migrations\"" : "DELETE FROM schema_migrations");
    pty_expect_words(s->p, s->pg ? "INSERT INTO \"public\".\"schema_migrations\" (version, dirty) VALUES (1, "
                                 : "(version, dirty) VALUES (1, 0)");
    stage_confirm(s, "Write it");
    pty_expect(s->p, "Marked pending: 000002.");
    pty_expect_gone(s->p, "DIRTY");
    assert_string_equal(ledger_now(s), "1 false");
    /* Mended, it goes on. */
    stage_put(s, "migrations/000002_t2.up.sql", "CREATE TABLE t2 (i int);\n");
    pty_keys(s->p, "LA");
    pty_expect(s->p, "Apply 2 migrations");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 2 of 2 steps");
    stage_quit(s);
    assert_string_equal(ledger_now(s), "3 false");
    assert_string_equal(stage_there(s), "t1 t2 t3");
}

static void takes_it_as_applied(void **state)
{
    struct stage *s = stage(state);

    dirty_console(s);
    stage_sql(s, "CREATE TABLE t2 (i int)");
    pty_keys(s->p, "!");
    pty_expect_words(s->p, "b All of 2 is in the database");
    pty_keys(s->p, "b");
    pty_expect_words(s->p, s->pg ? "(version, dirty) VALUES (2, " : "(version, dirty) VALUES (2, 0)");
    pty_keys(s->p, "<Enter>"); /* on Cancel */
    pty_expect(s->p, "nothing was done");
    assert_string_equal(ledger_now(s), "2 true");
    pty_keys(s->p, "1!");
    pty_expect_words(s->p, "b All of 2 is in the database");
    pty_keys(s->p, "b");
    stage_confirm(s, "Write it");
    pty_expect(s->p, "Marked applied: 000002.");
    pty_keys(s->p, "L");
    pty_expect_words(s->p, "1 pending 0 dirty");
    stage_quit(s);
    assert_string_equal(ledger_now(s), "2 false");
}

/* The tool itself was here, and died: no journal tells about it. */
static void explains_what_the_tool_left(void **state)
{
    struct stage *s = stage(state);

    golang_project(s);
    stage_sql(s, s->pg ? "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null);"
                         "INSERT INTO schema_migrations VALUES (2, true); CREATE TABLE t1 (i int); CREATE TABLE t2 (i int)"
                       : "CREATE TABLE schema_migrations (version uint64, dirty bool);"
                         "CREATE UNIQUE INDEX version_unique ON schema_migrations (version);"
                         "INSERT INTO schema_migrations VALUES (2, 1); CREATE TABLE t1 (i int); CREATE TABLE t2 (i int)");
    s->opt.rows = 50;
    s->opt.cols = 110;
    stage_console(s, NULL);
    pty_expect(s->p, "DIRTY");
    pty_keys(s->p, "!");
    pty_expect_words(s->p, "version 2, dirty");
    pty_expect_words(s->p, "1 CREATE TABLE t2 (i int)");
    pty_expect_words(s->p, "b All of 2 is in the database");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "the ways out");
    stage_quit(s);
    assert_string_equal(ledger_now(s), "2 true");
}

static void imports_a_legacy_ledger(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_sql(s, "CREATE TABLE schema_version (version int); INSERT INTO schema_version VALUES (1), (2);"
                 "CREATE TABLE t1 (i int); CREATE TABLE t2 (i int)");
    stage_console(s, NULL);
    pty_expect(s->p, "A legacy schema_version table is there (2 versions). Press I to import it");
    pty_keys(s->p, "I");
    pty_expect(s->p, "[ Cancel ]");
    pty_expect_words(s->p, "import schema_version ledger only, runs nothing");
    pty_expect(s->p, "'imported from schema_version'");
    stage_confirm(s, "Write it");
    pty_expect(s->p, "DONE");
    pty_keys(s->p, "1");
    pty_expect_words(s->p, "applied 002 t2");
    pty_expect_words(s->p, "pending 003 t3");
    pty_expect_gone(s->p, "A legacy");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2");
    assert_string_equal(stage_get(s, "SELECT count(*) FROM schema_version"), "2"); /* what it says is not lost */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(applies_nothing_while_dirty), ON_BOTH(shows_the_way_out), ON_PG(says_what_comes_first), ON_BOTH(takes_it_as_not_applied),
        ON_BOTH(takes_it_as_applied),         ON_BOTH(explains_what_the_tool_left), ON_BOTH(imports_a_legacy_ledger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
