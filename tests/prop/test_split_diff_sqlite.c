/* Our splitting of SQLite text against sqlite3_prepare_v2 and its tail pointer: composed scripts and real migrations. */
#include <config.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sqlite3.h>

#include "compose.h"
#include "lockstep/sql/split.h"
#include "sql_files.h"
#include "support/scale.h"
#include "support/skip.h"

enum { SCRIPTS = 40000 };

static const char schema[] =
    "CREATE TABLE t (a, b, [c;d]); CREATE TABLE \"begin\" (end, a, \"case\"); CREATE VIEW v AS SELECT * FROM t;";

static const char *const gaps[] = {
    " ",
    " ",
    "\n",
    "\t",
    "\r\n",
    "  ",
    "/* ; ' */",
    "/* /* ; $$ \" */",
    "-- ; ' \" /*\n",
    "-- x;\r; y\n",
    "/*/ */",
    "\f",
    " \v",
    " \xEF\xBB\xBF",
};
static void statement(struct composed *c);
static const struct composer composer = {gaps, LS_ARRAY_LEN(gaps), statement};

static void quoted(struct composed *c, char open, char close)
{
    static const char *const inside[] = {"a",     ";",    "--", "/*", "*/",       "$$", "(", ")",
                                         "BEGIN", "END;", "\n", " ",  "\xC3\xA9", "\\", "\r"};
    static const char *const others[] = {"'", "\"", "`", "["};
    ls_buf_addc(&c->text, open);
    ls_buf_addc(&c->text, 'x'); /* no empty names */
    for (size_t n = rnd_below(c->r, 5); n > 0; n--) {
        const char *other = PICK(c->r, others);
        if (chance(c, 4) && open == close)
            ls_buf_addc(&c->text, close), ls_buf_addc(&c->text, close);
        else
            add(c, chance(c, 4) && *other != close ? other : PICK(c->r, inside));
    }
    ls_buf_addc(&c->text, close);
}

/* in_trigger: no parameters. */
static void expression(struct composed *c, int depth, bool in_trigger)
{
    static const char *const atoms[] = {"1", "1.5", ".5", "1e9", "0x1F", "x'3b'", "X''", "NULL", "CURRENT_DATE", "'a'"};
    static const char *const parameters[] = {"?", "?1", ":x", "@x", "$x", "$x(a;b)", "@x(;)", ":x::y(';)", "$a$b"};
    static const char *const operators[] = {
        "+", "-", "*", "/", "||", "<<", "->>", "<=", "<>", "=", "==", "%", "&", "AND", "IS NOT", "!="};
    switch (rnd_below(c->r, depth > 3 ? 3 : 8)) {
    case 0:
        quoted(c, '\'', '\'');
        break;
    case 1:
        add(c, in_trigger ? "1" : PICK(c->r, parameters));
        break;
    case 3:
    case 4:
        expression(c, depth + 1, in_trigger);
        gap(c, &composer);
        add(c, PICK(c->r, operators));
        gap(c, &composer);
        expression(c, depth + 1, in_trigger);
        break;
    case 5:
        add(c, "(");
        expression(c, depth + 1, in_trigger);
        add(c, ")");
        break;
    case 6:
        add(c, chance(c, 2) ? "CASE WHEN " : "case 1 when ");
        expression(c, depth + 1, in_trigger);
        add(c, " THEN ");
        expression(c, depth + 1, in_trigger);
        add(c, " END");
        break;
    case 7:
        add(c, "max(");
        expression(c, depth + 1, in_trigger);
        add(c, ",");
        expression(c, depth + 1, in_trigger);
        add(c, ")");
        break;
    default:
        add(c, PICK(c->r, atoms));
    }
}

static void dml(struct composed *c, bool in_trigger)
{
    static const char *const starts[] = {
        "SELECT ",
        "INSERT INTO t(a) SELECT ",
        "UPDATE t SET a = ",
        "DELETE FROM t WHERE ",
        "select/*;*/",
        "REPLACE INTO t(b) SELECT ",
        "SELECT end, a FROM begin WHERE ",
    };
    size_t which = rnd_below(c->r, LS_ARRAY_LEN(starts));
    add(c, starts[which]);
    expression(c, 0, in_trigger);
    if (which % 4 == 0 && chance(c, 2)) {
        add(c, " AS ");
        switch (rnd_below(c->r, 4)) {
        case 0:
            quoted(c, '[', ']');
            break;
        case 1:
            quoted(c, '`', '`');
            break;
        case 2:
            quoted(c, '"', '"');
            break;
        default:
            add(c, "a$b$");
        }
    }
}

static void trigger(struct composed *c)
{
    static const char *const starts[] = {
        "CREATE TRIGGER ",
        "create temp trigger ",
        "CREATE\nTEMPORARY/*;*/TRIGGER IF NOT EXISTS ",
        "EXPLAIN CREATE TRIGGER ",
        "EXPLAIN QUERY PLAN CREATE TEMP TRIGGER ",
    };
    static const char *const names[] = {"x", "begin", "end", "[a;b]", "\"end;\"", "temp"};
    static const char *const events[] = {
        " AFTER INSERT ON t",      " BEFORE UPDATE OF a, b ON t", " DELETE ON t", " AFTER UPDATE OF end ON begin",
        " INSTEAD OF INSERT ON v", " AFTER INSERT ON begin",
    };
    static const char *const conditions[] = {
        " WHEN EXISTS (SELECT begin end FROM (SELECT 1 begin))",
        " WHEN 1",       " WHEN CASE WHEN 1 THEN 2 END",         " WHEN (CASE 1 WHEN 2 THEN CASE WHEN 3 THEN ';' END END) IS NULL",
        " FOR EACH ROW", " FOR EACH ROW WHEN EXISTS (SELECT 1)", "",
    };
    add(c, PICK(c->r, starts));
    add(c, PICK(c->r, names));
    add(c, PICK(c->r, events));
    add(c, PICK(c->r, conditions));
    gap(c, &composer);
    add(c, chance(c, 2) ? "BEGIN" : "begin");
    for (size_t n = 1 + rnd_below(c->r, 3); n > 0; n--) {
        gap(c, &composer);
        dml(c, true);
        if (chance(c, 3))
            gap(c, &composer);
        add(c, ";");
    }
    if (chance(c, 2))
        gap(c, &composer);
    add(c, chance(c, 2) ? "END" : "end");
}

static void statement(struct composed *c)
{
    static const char *const fixed[] = {
        "BEGIN",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT a",
        "VACUUM",
        "CREATE TABLE trigger (begin, end)",
        "PRAGMA user_version",
        "CREATE TEMP TABLE n (a)",
        "CREATE VIEW w AS SELECT CASE WHEN 1 THEN 2 END",
        "EXPLAIN SELECT 1",
        "CREATE INDEX i ON t ([c;d])",
        "ALTER TABLE t ADD COLUMN x TEXT DEFAULT ';'",
        "EXPLAIN QUERY PLAN SELECT 1",
        "EXPLAIN BEGIN",
        "REINDEX",
    };
    switch (rnd_below(c->r, 4)) {
    case 0:
        add(c, PICK(c->r, fixed));
        break;
    case 1:
        trigger(c);
        break;
    default:
        dml(c, false);
    }
}

/* The statements as sqlite3_prepare_v2 walks through the text; false where it refuses one. run: also steps each. */
static bool walk(sqlite3 *db, const char *text, size_t len, bool run, struct span *spans, size_t max, size_t *n)
{
    const char *p = text, *tail = NULL;
    *n = 0;
    while (p < text + len) {
        sqlite3_stmt *st = NULL;
        if (sqlite3_prepare_v2(db, p, (int)(text + len - p), &st, &tail) != SQLITE_OK)
            return false;
        if (st) {
            if (*n < max)
                spans[*n] = (struct span){(size_t)(p - text), (size_t)(tail - text)};
            ++*n;
        }
        int rc = SQLITE_DONE;
        while (st && run && (rc = sqlite3_step(st)) == SQLITE_ROW)
            ;
        sqlite3_finalize(st);
        if (rc != SQLITE_DONE)
            return false;
        p = tail;
    }
    return true;
}

/* Each of ours lies in the range that SQLite took for it, and a ';' or nothing is all that SQLite took behind it but blanks. */
static bool same_spans(const struct ls_stmts *s, const struct span *spans, size_t n)
{
    if (s->n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s->v[i].start < spans[i].start || s->v[i].end > spans[i].end || (i > 0 && s->v[i].start < spans[i - 1].end))
            return false;
    return true;
}

static void check_script(sqlite3 *db, struct composed *c, size_t *prepared)
{
    struct ls_stmts s;
    struct span spans[16];
    size_t n = 0;
    (void)ls_sql_split(LS_DIALECT_SQLITE, c->text.ptr, c->text.len, &s, NULL);
    if (s.error != LS_SPLIT_OK || s.n != c->n)
        fail_msg("%zu statements composed, %zu split, %s:\n%s", c->n, s.n, ls_split_error_name(s.error), c->text.ptr);
    for (size_t i = 0; i < s.n; i++)
        if (s.v[i].start != c->spans[i].start || s.v[i].end != c->spans[i].end)
            fail_msg("statement %zu is %zu-%zu, not %zu-%zu:\n%s", i, c->spans[i].start, c->spans[i].end, s.v[i].start, s.v[i].end,
                     c->text.ptr);
    if (walk(db, c->text.ptr, c->text.len, false, spans, 16, &n)) {
        ++*prepared;
        if (!same_spans(&s, spans, n))
            fail_msg("SQLite has %zu statements, we have %zu:\n%s", n, s.n, c->text.ptr);
    } else if (getenv("LS_TEST_SHOW")) {
        print_message("# %s:\n%s\n", sqlite3_errmsg(db), c->text.ptr);
    }
    ls_stmts_release(&s);
}

static void test_composed_scripts(void **state)
{
    (void)state;
    struct rnd r = rnd_seeded("split_diff_sqlite");
    struct composed c = {.r = &r, .text = LS_BUF_INIT};
    sqlite3 *db = NULL;
    size_t prepared = 0, scripts = test_scaled(SCRIPTS);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, schema, NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < scripts; i++) {
        compose(&c, &composer);
        check_script(db, &c, &prepared);
    }
    print_message("# %zu scripts, SQLite accepts %zu\n", scripts, prepared);
    assert_true(prepared > scripts * 3 / 4); /* else the composer no longer writes SQL */
    ls_buf_release(&c.text);
    sqlite3_close(db);
}

static void check_folder(const char *sub, const char *suffix, size_t *files_seen, size_t *statements)
{
    struct sql_files files;
    struct ls_buf text = LS_BUF_INIT;
    sqlite3 *db = NULL;
    struct span *spans = ls_calloc(4096, sizeof *spans);
    sql_files_find(&files, sub, suffix);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < files.n; i++) {
        struct ls_stmts s;
        size_t n = 0;
        assert_true(sql_file_read(&text, files.v[i]));
        if (ls_sql_split(LS_DIALECT_SQLITE, text.ptr, text.len, &s, NULL) != LS_OK)
            fail_msg("%s:%d: %s", files.v[i], s.error_line, ls_split_error_name(s.error));
        if (!walk(db, text.ptr, text.len, true, spans, 4096, &n))
            fail_msg("%s: %s", files.v[i], sqlite3_errmsg(db));
        if (!same_spans(&s, spans, n))
            fail_msg("%s: SQLite has %zu statements, we have %zu", files.v[i], n, s.n);
        *statements += s.n;
        ls_stmts_release(&s);
    }
    *files_seen += files.n;
    sql_files_free(&files);
    ls_buf_release(&text);
    sqlite3_close(db);
    free(spans);
}

static void test_real_files(void **state)
{
    (void)state;
    size_t files = 0, statements = 0;
    check_folder("drizzle-sqlite", ".sql", &files, &statements);
    check_folder("diesel-sqlite", "up.sql", &files, &statements);
    if (files == 0)
        test_skip("no folder of real migrations (LS_TEST_CORPUS)");
    print_message("# %zu files, %zu statements\n", files, statements);
    assert_true(statements > files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_composed_scripts),
        cmocka_unit_test(test_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
