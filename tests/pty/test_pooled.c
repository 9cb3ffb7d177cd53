/* Through a connection pooler: reading goes on with a warning, writing is refused until the pooler is declared. */
#include <config.h>

#include "stage.h"

#include <sys/wait.h>

#include "contract/proxy.h"

/* A pooler in front of the stage's database: the environment `pool` leads through it, `kept` is declared, `direct` is what it says. */
static struct proxy *with_pooler(struct stage *s)
{
    struct proxy *p = proxy_start(getenv("LS_TEST_PG_HOST"), getenv("LS_TEST_PG_PORT"), (struct proxy_rules){.changes_pid = true});

    if (!p)
        test_skip("no loopback port");
    const char *url = stage_format(s, "postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable&gssencmode=disable", proxy_port(p),
                                   stage_get(s, "SELECT current_database()"));
    stage_tables(s, 2);
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n[env pool]\nurl = %s\n[env kept]\nurl = %s\npooled = yes\n[env direct]\nurl = %s\n",
              url, url, s->url);
    return p;
}

/* What `lockstep WORDS` says on both of its outputs; it must end with the code. */
static const char *says(struct stage *s, int code, const char *words)
{
    static char text[16384];
    FILE *f = popen(stage_format(s, "cd '%s' && '%s' %s 2>&1 </dev/null", s->dir, getenv("LS_BIN"), words), "r");

    assert_non_null(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    int status = pclose(f);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        fail_msg("lockstep %s ended with %d, not %d:\n%s", words, WEXITSTATUS(status), code, text);
    return text;
}

static void has(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("'%s' is not in:\n%s", what, text);
}

static void subcommands_do_not_write(void **state)
{
    static const char *const words[] = {"up -e pool --yes", "to 1 -e pool --yes", "mark 1 applied -e pool --yes"};
    struct stage *s = stage(state);
    struct proxy *p = with_pooler(s);

    has(says(s, 0, "status -e pool"), "goes through a pooler");
    has(says(s, 0, "plan -e pool"), "CREATE TABLE t1");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *text = says(s, 3, words[i]);

        has(text, "goes through a pooler");
        has(text, "nothing was run");
        has(text, "--pooled, or pooled = yes");
    }
    assert_string_equal(stage_ledger(s), "");
    assert_string_equal(stage_there(s), "");
    /* Declared, by either word, it writes, and says nothing of it. */
    assert_null(strstr(says(s, 0, "up 1 -e pool --yes --pooled"), "pooler"));
    assert_string_equal(stage_there(s), "t1");
    has(says(s, 3, "down -e pool --yes"), "nothing was run");
    assert_null(strstr(says(s, 0, "up -e kept --yes"), "pooler"));
    assert_string_equal(stage_ledger(s), "1 2");
    proxy_stop(p);
}

static void the_console_does_not_write(void **state)
{
    struct stage *s = stage(state);
    struct proxy *p = with_pooler(s);

    stage_start_env(s, "pool", NULL);
    stage_ready(s);
    pty_expect_words(s->p, "READ-ONLY");
    pty_expect(s->p, "goes through a pooler");
    pty_expect(s->p, "pooled = yes");
    pty_keys(s->p, "a");
    pty_expect(s->p, "goes through a pooler that is not declared");
    pty_keys(s->p, "m");
    pty_expect(s->p, "goes through a pooler that is not declared");
    stage_quit(s);
    assert_string_equal(stage_ledger(s), "");
    stage_start_env(s, "pool", "--pooled", NULL);
    stage_ready(s);
    pty_expect_words(s->p, "read-write");
    assert_int_equal(pty_find(s->p, "pooler"), -1);
    pty_keys(s->p, "a");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "DONE");
    stage_quit(s);
    assert_string_equal(stage_there(s), "t1");
    proxy_stop(p);
}

/* A direct connection is not taken for one: over the socket, and over TCP. */
static void a_direct_one_writes(void **state)
{
    struct stage *s = stage(state);
    struct proxy *p = with_pooler(s);
    const char *text = says(s, 0, "status -e direct --json");

    has(text, "\"pooled\": false");
    has(says(s, 0, "status -e pool --json"), "\"pooled\": true");
    assert_null(strstr(says(s, 0, "up -e direct --yes"), "pooler"));
    if (getenv("LS_TEST_PG_TCP_URL"))
        has(says(s, 0, stage_format(s, "status --json --url '%s'", getenv("LS_TEST_PG_TCP_URL"))), "\"pooled\": false");
    proxy_stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_PG(subcommands_do_not_write), ON_PG(the_console_does_not_write), ON_PG(a_direct_one_writes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
