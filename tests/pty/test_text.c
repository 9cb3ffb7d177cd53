/* Text from outside: escape sequences, right-to-left marks, wide and combining characters. */
#include <config.h>

#include "stage.h"

#define OSC_TITLE  "\033]0;owned\007"
#define RED        "\033[41m\033[2J"
#define BIDI       "\342\200\256" /* U+202E, what follows runs backwards */
#define CSI_8BIT   "\302\233"     /* U+009B, a control of eight bits */
#define ZERO_WIDTH "\342\200\213"

/* Nothing of the payloads reached the terminal as what they are. */
static void assert_harmless(struct stage *s)
{
    static const char *const bad[] = {"\033]0;owned", "\033[41m\033[2J", "\033[41;", BIDI, CSI_8BIT, "\007"};
    const char *raw;
    size_t len = pty_bytes(s->p, &raw);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(memmem(raw, len, bad[i], strlen(bad[i])));
}

static void hostile_names(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    stage_put(s, "migrations/002_" RED "red" OSC_TITLE BIDI "x" CSI_8BIT "31m.up.sql", "CREATE TABLE t2 (i int);\n");
    stage_put(s, "migrations/002_" RED "red" OSC_TITLE BIDI "x" CSI_8BIT "31m.down.sql", "DROP TABLE t2;\n");
    s->opt.cols = 120;
    stage_console(s, NULL);
    pty_expect_words(s->p, "pending 002 ");
    pty_expect(s->p, "red");
    pty_expect(s->p, "owned");
    pty_expect(s->p, "<1B>[41m");
    pty_expect(s->p, "<U+202E>");
    pty_keys(s->p, "g<Enter>");
    pty_expect_words(s->p, "1 CREATE TABLE t2 (i int);");
    pty_keys(s->p, "1A");
    pty_expect(s->p, "Apply 2 migrations");
    stage_confirm(s, "Apply");
    pty_expect_words(s->p, "DONE up, 2 of 2 steps");
    pty_keys(s->p, "5");
    pty_expect_words(s->p, "applied 002 ok");
    stage_quit(s);
    assert_harmless(s);
    assert_string_equal(stage_there(s), "t1 t2");
}

static void hostile_errors(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 1);
    if (s->pg)
        stage_put(s, "migrations/001_t1.up.sql",
                  "DO $$ BEGIN RAISE EXCEPTION E'bad \\x1b[41m\\x1b[2J \\x1b]0;owned\\x07 \\u202e end' USING HINT = "
                  "E'\\x1b]0;owned\\x07 hint'; END $$;\n");
    else
        stage_put(s, "migrations/001_t1.up.sql", "SELECT * FROM \"bad " RED " " OSC_TITLE " " BIDI " end\";\n");
    s->opt.rows = 40;
    s->opt.cols = 120;
    stage_console(s, NULL);
    pty_keys(s->p, "a");
    stage_confirm(s, "Apply");
    pty_expect(s->p, "STOPPED");
    pty_expect_words(s->p, "bad <1B>[41m<1B>[2J <1B>]0;owned<07> <U+202E> end");
    if (s->pg)
        pty_expect_words(s->p, "<1B>]0;owned<07> hint");
    if (!s->pg)
        pty_expect(s->p, "(statement 1 of 1)"); /* wrapped by what is seen, nothing is cut off */
    pty_keys(s->p, "5");
    pty_expect_words(s->p, "failed 001 rolled back");
    pty_keys(s->p, "/failed<Enter><Enter>");
    pty_expect(s->p, "journal record");
    pty_keys(s->p, "<Esc>");
    pty_expect_gone(s->p, "journal record");
    stage_quit(s);
    assert_harmless(s);
}

static void hostile_ledger(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_cli(s, 0, "up --yes");
    stage_sql(
        s, s->pg ? "UPDATE schema_migrations SET applied_by = E'\\x1b]0;owned\\x07', name = E'\\x1b[41m\\x1b[2J' WHERE version = 1"
                 : "UPDATE schema_migrations SET applied_by = char(27) || ']0;owned' || char(7), name = char(27) || '[41m' || "
                   "char(27) || "
                   "'[2J' WHERE version = 1");
    s->opt.cols = 120;
    stage_console(s, NULL);
    pty_expect_words(s->p, "applied 001 ");
    pty_expect(s->p, "<1B>]0;own");
    pty_keys(s->p, "G<Enter>");
    pty_expect(s->p, "001_t1.up.sql");
    stage_quit(s);
    assert_harmless(s);
}

/* The columns behind a name stand where they stand in every other row. */
static void wide_and_combining_names(void **state)
{
    static const char *const names[] = {"plain",     "数据库迁移", "e\314\201te\314\201", "👩\342\200\215👩\342\200\215👧_family",
                                        "한글_이름", "אבג",        "a" ZERO_WIDTH "b"};
    struct stage *s = stage(state);

    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        stage_put(s, stage_format(s, "migrations/%03zu_%s.up.sql", i + 1, names[i]), "CREATE TABLE t%zu (i int);\n", i + 1);
    stage_cli(s, 0, "up --yes");
    s->opt.cols = 100;
    stage_console(s, NULL);
    pty_expect(s->p, "数据库迁移");
    pty_expect(s->p, "e\314\201te\314\201");
    pty_expect_words(s->p, "applied 001"); /* the last row: those above are whole */
    /* applied_at begins in the same cell in each row: the year's first digit. */
    int first = pty_find_words(s->p, "applied 007"), col = 0;
    assert_true(first > 0);
    while (col < 100 && !(pty_cell_at(s->p, first, col).ch == '2' && pty_cell_at(s->p, first, col + 4).ch == '-'))
        col++;
    assert_true(col < 99);
    for (int row = first; row < first + 7; row++) {
        pty_expect_cell(s->p, row, col, '2');
        pty_expect_cell(s->p, row, col + 4, '-');
        assert_int_equal(pty_cell_at(s->p, row, col - 1).ch == 0 || pty_cell_at(s->p, row, col - 1).ch == ' ', true);
    }
    /* In a dialog with a frame on both sides, too. */
    pty_keys(s->p, "d");
    pty_expect(s->p, "no down file");
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
}

/* A file that is no UTF-8 is refused with its place, and harms nothing. */
static void invalid_utf8(void **state)
{
    struct stage *s = stage(state);

    stage_tables(s, 2);
    stage_put(s, "migrations/002_t2.up.sql", "CREATE TABLE t2 (i int);\nINSERT INTO t2 VALUES ('\377\376');\n");
    stage_console(s, NULL);
    pty_keys(s->p, "A");
    pty_expect(s->p, "002_t2.up.sql:2");
    pty_expect(s->p, "UTF-8");
    pty_keys(s->p, "<Esc>");
    stage_quit(s);
    assert_string_equal(stage_there(s), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(hostile_names),  ON_BOTH(hostile_errors), ON_BOTH(hostile_ledger), ON_BOTH(wide_and_combining_names),
        ON_SQLITE(invalid_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
