/* Migrations that the team's own tool runs, in the console: a stand-in for alembic, which goes on when the test lets it. */
#include <config.h>

#include "stage.h"

#include <sys/stat.h>
#include <unistd.h>

static const char stand_in[] =
    "#!/bin/sh\n"
    "[ \"$1\" = --version ] && { echo 'alembic 9.9'; exit 0; }\n"
    "echo \"making $2\"\n"
    "printf 'with a \\033[31mcolour\\n' >&2\n"
    "until [ -e go ]; do sleep 0.05; done\n"
    "sqlite3 \"${DATABASE_URL#sqlite:///}\" \"CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL);\n"
    "DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('$2')\"\n";

static bool project(struct stage *s, bool with_tool)
{
    if (system("command -v sqlite3 >/dev/null 2>&1") != 0) {
        test_skip("sqlite3 is not installed");
        return false;
    }
    stage_put(s, "lockstep.conf", "[project]\nmigrations = alembic\n");
    stage_put(s, "alembic.ini", "[alembic]\nscript_location = alembic\n");
    stage_put(s, "alembic/env.py", "url = os.environ['DATABASE_URL']\n");
    stage_put(s, "alembic/versions/a1.py", "\"\"\"first one\"\"\"\nrevision = 'a1'\ndown_revision = None\ndef downgrade(): pass\n");
    if (with_tool) {
        stage_put(s, ".venv/bin/alembic", "%s", stand_in);
        (void)chmod(stage_format(s, "%s/.venv/bin/alembic", s->dir), 0700);
    }
    s->opt.rows = 40;
    s->opt.cols = 120;
    return true;
}

static void shows_what_the_tool_says(void **state)
{
    struct stage *s = stage(state);

    if (!project(s, true))
        return;
    stage_console(s, NULL);
    pty_expect_words(s->p, "1 pending");
    pty_keys(s->p, "a");
    pty_expect(s->p, "[ Cancel ]");
    pty_expect_words(s->p, "1 step, run by");
    pty_expect_words(s->p, "a1 first one up, run by alembic");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "alembic: making a1");
    pty_expect(s->p, "alembic: with a <1B>[31mcolour");
    stage_put(s, "go", "\n");
    pty_expect_words(s->p, "DONE up, 1 of 1 steps");
    pty_keys(s->p, "L");
    pty_expect_words(s->p, "applied a1 first one");
    stage_quit(s);
    assert_string_equal(stage_get(s, "SELECT version_num FROM alembic_version"), "a1");
}

static void is_read_only_without_the_tool(void **state)
{
    struct stage *s = stage(state);

    if (!project(s, false))
        return;
    stage_env(s, "PATH=/nonexistent");
    stage_console(s, NULL);
    pty_expect_words(s->p, "READ ONLY: Alembic runs its migrations itself, and the program alembic was not found");
    pty_expect(s->p, "pip install alembic");
    pty_keys(s->p, "a");
    pty_expect_words(s->p, "the program alembic was not found");
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_SQLITE(shows_what_the_tool_says), ON_SQLITE(is_read_only_without_the_tool)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
