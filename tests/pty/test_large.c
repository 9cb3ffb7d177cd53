/* Ten thousand migrations: opening, moving about, also while a run is going on, and how little is sent for a key. */
#include <config.h>

#include "stage.h"

#include <sys/stat.h>

#define N_MIGRATIONS  10000
#define MAX_KEY_BYTES 300

static void many(struct stage *s)
{
    char path[600], text[64];

    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n");
    stage_put(s, "migrations/00001_first.up.sql", "CREATE TABLE t1 (i int);\n%s", s->pg ? stage_gated() : "");
    for (int v = 2; v <= N_MIGRATIONS; v++) {
        snprintf(path, sizeof path, "%s/migrations/%05d_step_%d.up.sql", s->dir, v, v);
        snprintf(text, sizeof text, "CREATE TABLE t%d (i int);\n", v);
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
    }
}

/* What one key costs, when all that it changes has been painted. */
static size_t bytes_of(struct stage *s, const char *key, const char *then)
{
    pty_settle(s->p, 30, 2000);
    pty_bytes_reset(s->p);
    pty_keys(s->p, key);
    pty_expect_words(s->p, then);
    return pty_bytes(s->p, NULL);
}

static void moves_about(struct stage *s)
{
    pty_keys(s->p, "g");
    pty_expect_words(s->p, "▸ · pending 10000 step_10000");
    pty_keys(s->p, "<PgDn>");
    pty_expect_words(s->p, "▸ · pending 09980 step_9980");
    pty_keys(s->p, "G");
    pty_expect_words(s->p, "00001 first");
    pty_keys(s->p, "J4711<Enter>");
    pty_expect_words(s->p, "▸ · pending 04711 step_4711");
    pty_keys(s->p, "jjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    pty_expect_words(s->p, "▸ · pending 04681 step_4681");
    pty_keys(s->p, "/step_77<Enter>");
    pty_expect_words(s->p, "/111 of 10000, filter 'step_77'");
    pty_keys(s->p, "<Esc>");
    pty_expect_words(s->p, "/10000");
}

static void sends_little_for_a_key(void **state)
{
    struct stage *s = stage(state);

    many(s);
    stage_console(s, NULL);
    pty_expect_words(s->p, "10000 pending");
    pty_keys(s->p, "J5000<Enter>");
    pty_expect_words(s->p, "▸ · pending 05000 step_5000");
    for (int i = 1; i <= 40; i++) { /* past the screen's end: the list scrolls */
        size_t n = bytes_of(s, "j", stage_format(s, "▸ · pending %05d step_%d", 5000 - i, 5000 - i));

        free(s->kept[--s->n_kept]);
        if (n > MAX_KEY_BYTES)
            fail_msg("line key %d: %zu bytes", i, n);
    }
    moves_about(s);
    stage_quit(s);
}

/* On PostgreSQL the first one waits for the gate; all the while the list moves, and the count of what is done with it. */
static void moves_while_it_runs(void **state)
{
    struct stage *s = stage(state);

    many(s);
    stage_close_gate(s);
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "running 2 DO $$");
    pty_keys(s->p, "1");
    pty_expect_words(s->p, "00001 first");
    moves_about(s);
    pty_keys(s->p, "A");
    pty_expect(s->p, "is going on: wait for its end, or stop it");
    pty_keys(s->p, "3");
    pty_expect_words(s->p, "running 2 DO $$");
    stage_open_gate(s);
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "1");
}

/* A flood of keys is taken as it comes, and the last one counts. */
static void takes_a_flood_of_keys(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 500);
    stage_console(s, NULL);
    pty_keys(s->p, "g");
    pty_expect_words(s->p, "▸ · pending 500 t500");
    for (int i = 0; i < 20; i++)
        pty_keys(s->p, "jjjjjjjjjjjjjjjjjjjj");
    pty_expect_words(s->p, "▸ · pending 100 t100");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SQLITE(sends_little_for_a_key),
        ON_PG(moves_while_it_runs),
        ON_SQLITE(takes_a_flood_of_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
