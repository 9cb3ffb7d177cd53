/* What goes wrong: a migration that fails, a server that does not answer, refuses, or goes away. */
#include <config.h>

#include "stage.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* 002 fails at its second statement, in line 3. */
static void with_a_bad_second(struct stage *s)
{
    stage_tables(s, 3);
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int);\n\n  INSERT INTO nowhere VALUES (2);\n");
}

static void fail_at_the_second(struct stage *s)
{
    with_a_bad_second(s);
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "STOPPED");
    pty_expect_words(s->p, "1 of 3 steps done");
}

static void explains_a_failure(void **state)
{
    struct stage *s = stage(state);

    s->opt.rows = 40;
    s->opt.cols = 110;
    fail_at_the_second(s);
    pty_expect(s->p, "migrations/002_t2.up.sql:3:");
    pty_expect_words(s->p, s->pg ? "relation \"nowhere\" does not exist" : "no such table: nowhere");
    pty_expect(s->p, "statement 2 of 2");
    assert_int_equal(pty_find(s->p, "at migrations/002"), -1); /* the message has begun with it */
    if (s->pg)
        pty_expect(s->p, "SQLSTATE 42P01");
    pty_expect_words(s->p, "failed 2 INSERT INTO nowhere VALUES (2)");
    pty_expect_words(s->p, "rolled back 1 CREATE TABLE t2 (i int)");
    pty_expect(s->p, "What is in the database now");
    pty_expect(s->p, "Applied: 001.");
    pty_expect(s->p, "What can be done next");
    pty_expect_words(s->p, "R retry: make the plan again and confirm it");
    pty_expect_words(s->p, "e edit the file at the place of the error");
    pty_expect_words(s->p, "m mark the migration");
    pty_expect_words(s->p, "d roll back the last applied migration");
    pty_expect_words(s->p, "L leave it as it is");
    pty_keys(s->p, "G");
    pty_expect_words(s->p, "not run 003 t3 up");
    /* The timeline's cursor is where the trouble is. */
    pty_keys(s->p, "L");
    pty_expect_words(s->p, "▸ · pending 002 t2");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
    assert_string_equal(stage_there(s), "t1");
}

static void retries_after_a_fix(void **state)
{
    struct stage *s = stage(state);

    fail_at_the_second(s);
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int);\n");
    pty_keys(s->p, "R");
    pty_expect(s->p, "Apply 2 migrations");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 2 of 2 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2 3");
    assert_string_equal(stage_there(s), "t1 t2 t3");
}

/* The editor is told the line, mends the file, and the retry takes what it wrote. */
static void edits_at_the_place_and_retries(void **state)
{
    struct stage *s = stage(state);

    stage_put(s, "mend",
              "#!/bin/sh\nprintf '%%s|' \"$@\" >told\necho 'THE EDITOR WAS HERE'\necho 'CREATE TABLE t2 (i int);' >\"$2\"\n");
    assert_int_equal(chmod(stage_format(s, "%s/mend", s->dir), 0755), 0);
    stage_env(s, "VISUAL");
    stage_env(s, stage_format(s, "EDITOR=%s/mend", s->dir));
    fail_at_the_second(s);
    pty_bytes_reset(s->p);
    pty_keys(s->p, "e");
    pty_expect_bytes(s->p, "THE EDITOR WAS HERE");
    pty_expect(s->p, "STOPPED"); /* the screen is there again */
    assert_true(pty_altscreen(s->p));
    assert_false(pty_cursor_visible(s->p));
    pty_keys(s->p, "R");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 2 of 2 steps");
    stage_quit(s);
    assert_string_equal(stage_there(s), "t1 t2 t3");

    char told[256] = "";
    FILE *f = fopen(stage_format(s, "%s/told", s->dir), "re");
    assert_non_null(f);
    assert_non_null(fgets(told, sizeof told, f));
    fclose(f);
    assert_string_equal(told, "+3|migrations/002_t2.up.sql|");
}

static void editor_fails(void **state, const char *editor, const char *said)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_env(s, "VISUAL");
    stage_env(s, editor);
    stage_console(s, NULL);
    pty_keys(s->p, "e");
    pty_expect_words(s->p, "u up");
    pty_keys(s->p, "u");
    pty_expect(s->p, said);
    stage_quit(s);
}

static void says_that_the_editor_is_missing(void **state)
{
    editor_fails(state, "EDITOR=no-such-editor", "the editor 'no-such-editor' cannot be started; set EDITOR");
}

static void says_how_the_editor_ended(void **state)
{
    editor_fails(state, "EDITOR=sh -c 'exit 3'", "the editor ended with exit code 3");
}

static void rolls_back_after_a_failure(void **state)
{
    struct stage *s = stage(state);

    fail_at_the_second(s);
    pty_keys(s->p, "d");
    pty_expect(s->p, "Roll back 1 migration");
    stage_confirm(s, "Roll back");
    pty_expect_words(s->p, "DONE down, 1 of 1 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "");
    assert_string_equal(stage_there(s), "");
}

/* --- the server ----------------------------------------------------------------------------------------------------------- */

/* A port of our own, where the kernel refuses connections until listen(). */
static int closed_port(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* One where connections are taken by the kernel and nobody ever says a word. */
static int deaf_port(int *port)
{
    int fd = closed_port(port);

    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void paints_before_the_server_answers(void **state)
{
    struct stage *s = stage(state);
    int port, fd = deaf_port(&port);

    stage_put(s, "lockstep.conf",
              "[project]\nformat = lockstep\n\n[env deaf]\nurl = postgresql://someone@127.0.0.1:%d/app\nconnect_timeout = 10min\n", port);
    stage_start_env(s, "deaf", NULL);
    pty_expect_words(s->p, "deaf postgres app at 127.0.0.1");
    pty_expect(s->p, "connecting");
    pty_expect(s->p, "1Timeline 2De");
    /* It answers to keys, and leaves at once. */
    pty_keys(s->p, "?");
    pty_expect_words(s->p, "Apply the next pending migration");
    pty_keys(s->p, "<Esc>a");
    pty_expect(s->p, "not connected yet");
    stage_quit(s);
    close(fd);
}

static void shows_a_wrong_password(void **state)
{
    struct stage *s = stage(state);
    const char *tcp = test_pg_tcp_url(), *host = tcp ? strchr(tcp, '@') : NULL;

    if (!host)
        test_skip("the server has no TCP port");
    stage_tables(s, 2);
    stage_start(s, "--url", stage_format(s, "postgresql://lockstep_pw:wr0ng-secret%s", host), NULL);
    pty_expect(s->p, "NOT CONNECTED");
    pty_expect(s->p, "password authentication failed for user");
    pty_expect_words(s->p, "check the user name, and the password in the URL");
    pty_expect_words(s->p, "unknown 002 t2"); /* the folder is shown all the same, and nothing said of the database */
    pty_expect(s->p, "2 files, nothing known");
    assert_int_equal(pty_find(s->p, "pending"), -1);
    pty_keys(s->p, "<Enter>");
    pty_expect_words(s->p, "state unknown the database was not read");
    assert_int_equal(pty_find(s->p, "runs it next"), -1);
    assert_int_equal(pty_find(s->p, "wr0ng-secret"), -1);
    pty_keys(s->p, "a");
    pty_expect(s->p, "not connected");
    stage_quit(s);
}

static void says_when_nobody_listens(void **state)
{
    struct stage *s = stage(state);
    int port, fd = closed_port(&port);

    stage_tables(s, 1);
    stage_start(s, "--url", stage_format(s, "postgresql://someone@127.0.0.1:%d/app", port), NULL);
    pty_expect(s->p, "NOT CONNECTED");
    pty_expect(s->p, "refused");
    stage_quit(s);
    close(fd);
}

/* Restarted in the night: the first key afterwards finds the new one. */
static void finds_a_restarted_server(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_console(s, NULL);
    stage_sql(s, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    stage_until(s, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", "0");
    stage_sql(s, "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, name text NOT NULL, description text, applied_at timestamptz, applied_by text, "
                 "duration_ms bigint, checksum text, status text NOT NULL)");
    stage_sql(s, "INSERT INTO schema_migrations (version, name, status) VALUES (1, 't1', 'applied')");
    pty_keys(s->p, "r");
    pty_expect_words(s->p, "1 pending 0 dirty");
    assert_int_equal(pty_find(s->p, "NOT CONNECTED"), -1);
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    pty_expect_words(s->p, "002 t2 up");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "Tab next button");
    stage_quit(s);
}

/* The server process of the run is ended from elsewhere in the middle of a statement. */
static void explains_a_lost_server(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 3);
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int);\n%s", stage_endless(s));
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    stage_confirm(s, "Apply");
    stage_until_running(s);
    stage_sql(s, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = "
                 "current_database()");
    pty_expect(s->p, "STOPPED");
    pty_expect(s->p, "terminating connection due to administrator");
    pty_expect(s->p, "Applied: 001.");
    /* r connects anew. */
    pty_keys(s->p, "Lr");
    pty_expect_words(s->p, "2 pending 0 dirty");
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int);\n");
    pty_keys(s->p, "A");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 2 of 2 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1 2 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(explains_a_failure),
        ON_BOTH(retries_after_a_fix),
        ON_BOTH(edits_at_the_place_and_retries),
        ON_SQLITE(says_that_the_editor_is_missing), ON_SQLITE(says_how_the_editor_ended),
        ON_BOTH(rolls_back_after_a_failure),
        ON_PG(paints_before_the_server_answers),
        ON_PG(shows_a_wrong_password),
        ON_PG(says_when_nobody_listens),
        ON_PG(finds_a_restarted_server),
        ON_PG(explains_a_lost_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
