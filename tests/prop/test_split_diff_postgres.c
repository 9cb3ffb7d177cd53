/* Our splitting of PostgreSQL text against libpg_query: its parser on composed scripts and real files, its scanner on noise.
 *
 * Known differences:
 * - libpg_query makes tokens of comments, and so ends a string before a line comment, where the server's own scanner lets it go
 *   on behind it ('a' -- x, newline, 'b' is 'ab' for a 15 server). We do as the server does.
 * - A backslash outside of everything and COPY ... FROM STDIN are refused by us on purpose.
 * - The scanner alone knows nothing of BEGIN ATOMIC, so only single tokens are compared with it.
 * - It refuses some tokens (1abc, bad escapes) whose end we still tell. */
#include <config.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pg_query.h>

#include "compose.h"
#include "lockstep/sql/split.h"
#include "sql_files.h"
#include "support/scale.h"
#include "support/skip.h"

enum { SCRIPTS = 20000, NOISES = 60000 };

static const char *const gaps[] = {
    " ",       " ",    "\n",       "\t", "\r\n", "  ", "/* ; ' */", "/* a /* ; */ $$ \" */", "-- ; ' \" $$ /*\n",
    "-- x;\r", "/**/", "/*/**/*/", "\f",
};
static void statement(struct composed *c);
static const struct composer composer = {gaps, LS_ARRAY_LEN(gaps), statement};

static const char *const inside[] = {"a", ";", "--",           "/*",   "*/", "$$", "$a$",      "\"", "(",
                                     ")", "[", "BEGIN ATOMIC", "END;", "\n", " ",  "\xC3\xA9", "$1"};

static void chars(struct composed *c, const char *const *more, size_t n_more)
{
    for (size_t n = rnd_below(c->r, 5); n > 0; n--)
        add(c, n_more > 0 && chance(c, 4) ? more[rnd_below(c->r, n_more)] : PICK(c->r, inside));
}

static void dollar_string(struct composed *c)
{
    static const char *const tags[] = {"$$", "$a$", "$A1$", "$_b_$", "$\xC3\xA9$"};
    static const char *const body[] = {"a", ";", "'", "\"", "--", "/*", "$ ", "$1 ", "$x ", "\\", "BEGIN", "END;", "\n", " "};
    const char *tag = PICK(c->r, tags);
    add(c, tag);
    for (size_t n = rnd_below(c->r, 6); n > 0; n--)
        add(c, PICK(c->r, body));
    add(c, " "); /* so that a '$' at the end does not join the tag */
    add(c, tag);
}

static void string(struct composed *c)
{
    static const char *const doubled[] = {"''", "\\"}, *const escapes[] = {"''", "\\'", "\\\\", "\\n", "\\;"};
    static const char *const newline_gaps[] = {"\n", " \n ", "\r", "\r\n\t", "\n\f"}, *const commented[] = {
                                                                                          " -- '\n", "\n-- ;\n -- '\r", "--\n"};
    bool e = chance(c, 2);
    add(c, e ? (chance(c, 2) ? "E'" : "e'") : "'");
    chars(c, e ? escapes : doubled, e ? LS_ARRAY_LEN(escapes) : LS_ARRAY_LEN(doubled));
    add(c, "'");
    while (chance(c, 5)) {
        bool comment = chance(c, 8);
        c->known_difference = c->known_difference || comment;
        add(c, comment ? PICK(c->r, commented) : PICK(c->r, newline_gaps));
        add(c, "'");
        chars(c, e ? escapes : doubled, e ? LS_ARRAY_LEN(escapes) : LS_ARRAY_LEN(doubled));
        add(c, "'");
    }
}

static void expression(struct composed *c, int depth);

static void binary(struct composed *c, int depth, const char *operator)
{
    expression(c, depth);
    gap(c, &composer);
    add(c, operator);
    gap(c, &composer);
    expression(c, depth);
}

/* before, an expression, between, another one, behind */
static void pair(struct composed *c, int depth, const char *before, const char *between, const char *behind)
{
    add(c, before);
    expression(c, depth);
    if (between) {
        add(c, between);
        expression(c, depth);
    }
    add(c, behind);
}

static void expression(struct composed *c, int depth)
{
    static const char *const atoms[] = {
        "1",        "1.5",    ".5",        "1e9",   "$1",          "a",        "a$b$",       "\"q;\"\"x\"",
        "\xC3\xA9", "B'01'",  "X'1F'",     "N'n;'", "U&'\\0061;'", "U&\"d;\"", "t.a",        "NULL",
        "begin",    "atomic", "x.\"end\"", "now()", "\"CASE\"",    "true",     "a[1]::text",
    };
    static const char *const operators[] = {
        "+", "- ", "*", "/", "||", "<->", "@>", "->>", "#>", "~*", "^", "%", "!~", "&&", "AND", "OR", "@@-- x;\n", "*/**/",
    };
    static const char *const comparisons[] = {"=", "<=", "<>", "IS DISTINCT FROM", "!=", ">=", "LIKE"}; /* do not chain */
    switch (rnd_below(c->r, depth > 3 ? 4 : 10)) {
    case 0:
    case 1:
        string(c);
        break;
    case 2:
        dollar_string(c);
        break;
    case 4:
    case 5:
        binary(c, depth + 1, PICK(c->r, operators));
        break;
    case 6:
        add(c, "(");
        binary(c, depth + 1, PICK(c->r, comparisons));
        add(c, ")");
        break;
    case 7:
        pair(c, depth + 1, "CASE WHEN ", " THEN ", " END");
        break;
    case 8:
        pair(c, depth + 1, "f(", ",", ")");
        break;
    case 9:
        if (chance(c, 2))
            pair(c, depth + 1, "ARRAY[", NULL, "]");
        else
            pair(c, depth + 1, "(", NULL, ")");
        break;
    default:
        add(c, PICK(c->r, atoms));
    }
}

static void dml(struct composed *c)
{
    static const char *const starts[] = {
        "SELECT ",     "INSERT INTO t SELECT ",        "UPDATE t SET a = ", "DELETE FROM t WHERE ",
        "select/*;*/", "WITH x AS (SELECT 1) SELECT ",
    };
    add(c, PICK(c->r, starts));
    expression(c, 0);
    if (chance(c, 4))
        gap(c, &composer), add(c, "-- ;\n");
    add(c, chance(c, 3) ? " -- ';\n + 1" : "");
    if (c->text.ptr[c->text.len - 1] == '\n')
        add(c, "+ 2");
}

static void routine(struct composed *c)
{
    static const char *const starts[] = {
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql ",
        "CREATE OR REPLACE FUNCTION a.f(begin atomic, x text DEFAULT ';') RETURNS int ",
        "CREATE PROCEDURE p() ",
        "create/*;*/or\nreplace procedure \"begin\"() ",
    };
    add(c, PICK(c->r, starts));
    switch (rnd_below(c->r, 3)) {
    case 0:
        add(c, "LANGUAGE plpgsql AS ");
        dollar_string(c);
        break;
    case 1:
        add(c, "RETURN ");
        expression(c, 1);
        break;
    default:
        add(c, chance(c, 2) ? "BEGIN ATOMIC" : "begin/*;*/\natomic");
        for (size_t n = rnd_below(c->r, 4); n > 0; n--) {
            gap(c, &composer);
            if (chance(c, 12))
                routine(c);
            else
                dml(c);
            add(c, " ;");
        }
        add(c, " END");
    }
}

static void statement(struct composed *c)
{
    static const char *const fixed[] = {
        "BEGIN",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT a",
        "VACUUM",
        "CREATE TABLE atomic (\"begin\" int)",
        "CREATE TABLE begin (atomic int)",
        "COPY t TO STDOUT",
        "COPY t FROM '/x;'",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "CREATE TYPE begin AS (atomic int)",
        "ABORT",
    };
    switch (rnd_below(c->r, 6)) {
    case 0:
        add(c, PICK(c->r, fixed));
        break;
    case 1:
        routine(c);
        break;
    case 2:
        add(c, "DO ");
        dollar_string(c);
        break;
    case 3:
        add(c, "CREATE RULE r AS ON INSERT TO t DO ALSO (");
        dml(c);
        add(c, ";");
        gap(c, &composer);
        dml(c);
        add(c, chance(c, 2) ? ";)" : ")");
        break;
    default:
        dml(c);
    }
}

/* Whether our statements are those of the parser. Its ranges also hold the blanks and comments around a statement. */
static bool same_as_parser(const struct ls_stmts *ours, const PgQuerySplitResult *r, size_t bom)
{
    if (ours->n != (size_t)r->n_stmts)
        return false;
    for (size_t i = 0; i < ours->n; i++) {
        size_t start = (size_t)r->stmts[i]->stmt_location + bom, end = start + (size_t)r->stmts[i]->stmt_len;
        if (ours->v[i].start < start || ours->v[i].end > end || (i > 0 && ours->v[i - 1].end > start))
            return false;
    }
    return true;
}

static void check_script(struct composed *c, size_t *parsed)
{
    struct ls_stmts s;
    size_t bom = c->text.len >= 3 && memcmp(c->text.ptr, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    (void)ls_sql_split(LS_DIALECT_POSTGRES, c->text.ptr, c->text.len, &s, NULL);
    if (s.error != LS_SPLIT_OK || s.n != c->n)
        fail_msg("%zu statements composed, %zu split, %s:\n%s", c->n, s.n, ls_split_error_name(s.error), c->text.ptr);
    for (size_t i = 0; i < s.n; i++)
        if (s.v[i].start != c->spans[i].start || s.v[i].end != c->spans[i].end)
            fail_msg("statement %zu is %zu-%zu, not %zu-%zu:\n%s", i, c->spans[i].start, c->spans[i].end, s.v[i].start, s.v[i].end,
                     c->text.ptr);
    PgQuerySplitResult r = pg_query_split_with_parser(c->text.ptr + bom);
    if (c->known_difference) {
        ; /* held against the composer only */
    } else if (!r.error) {
        ++*parsed;
        if (!same_as_parser(&s, &r, bom))
            fail_msg("the parser has %d statements, we have %zu:\n%s", r.n_stmts, s.n, c->text.ptr);
    } else if (getenv("LS_TEST_SHOW")) {
        print_message("# %s at %d:\n%s\n", r.error->message, r.error->cursorpos, c->text.ptr);
    }
    pg_query_free_split_result(r);
    ls_stmts_release(&s);
}

static void test_composed_scripts(void **state)
{
    (void)state;
    struct rnd r = rnd_seeded("split_diff_postgres");
    struct composed c = {.r = &r, .text = LS_BUF_INIT};
    size_t parsed = 0, known = 0, scripts = test_scaled(SCRIPTS);
    for (size_t i = 0; i < scripts; i++) {
        compose(&c, &composer);
        check_script(&c, &parsed);
        known += c.known_difference;
    }
    print_message("# %zu scripts, %zu of them known differences; the parser accepts %zu\n", scripts, known, parsed);
    assert_true(parsed > (scripts - known) * 9 / 10); /* else the composer no longer writes SQL */
    assert_true(known < scripts / 4);
    ls_buf_release(&c.text);
}

/* A varint of protocol buffers; 0 at the end. */
static uint64_t varint(const unsigned char **p, const unsigned char *end)
{
    uint64_t v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        unsigned char b = *(*p)++;
        v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            break;
    }
    return v;
}

/* Marks the offsets at which the scanner saw ; ( ) [ ] , as tokens of their own. ScanResult: 2 = ScanToken {1 start, 4 token}. */
static void marks_of_scanner(const PgQueryProtobuf *pb, unsigned char *marks)
{
    const unsigned char *p = (const unsigned char *)pb->data, *end = p + pb->len;
    while (p < end) {
        uint64_t key = varint(&p, end), n = varint(&p, end), start = 0, token = 0;
        if (key != (2 << 3 | 2))
            continue; /* the version, a varint */
        for (const unsigned char *stop = p + n; p < stop;) {
            uint64_t field = varint(&p, stop), value = varint(&p, stop);
            start = field == 1 << 3 ? value : start;
            token = field == 4 << 3 ? value : token;
        }
        if (token < 128 && strchr(";()[],", (int)token))
            marks[start] = 1;
    }
}

static enum ls_split_error marks_of_lexer(const char *text, size_t len, unsigned char *marks)
{
    struct ls_lex lx;
    ls_lex_init(&lx, LS_DIALECT_POSTGRES, text, len);
    for (;;) {
        struct ls_tok t = ls_lex_next(&lx);
        if (t.kind == LS_TOK_END)
            return LS_SPLIT_OK;
        if (t.kind == LS_TOK_ERROR)
            return t.error;
        if (strchr(";()[],", text[t.start]) && t.end == t.start + 1)
            marks[t.start] = 1;
    }
}

static const struct {
    const char *message;
    enum ls_split_error error;
} refusals[] = {
    {"unterminated quoted string", LS_SPLIT_UNTERMINATED_STRING},
    {"unterminated bit string literal", LS_SPLIT_UNTERMINATED_STRING},
    {"unterminated hexadecimal string literal", LS_SPLIT_UNTERMINATED_STRING},
    {"unterminated quoted identifier", LS_SPLIT_UNTERMINATED_IDENTIFIER},
    {"unterminated dollar-quoted string", LS_SPLIT_UNTERMINATED_DOLLAR},
    {"unterminated /* comment", LS_SPLIT_UNTERMINATED_COMMENT},
};

/* A quote, then a line comment: libpg_query's known difference. */
static bool has_commented_quote(const char *text)
{
    for (const char *p = text; (p = strchr(p, '\''));) {
        p++;
        if (strncmp(p + strspn(p, " \t\r\n"), "--", 2) == 0)
            return true;
    }
    return false;
}

/* True when the two could be compared. */
static bool check_noise(const struct ls_buf *text)
{
    if (has_commented_quote(text->ptr))
        return false;
    unsigned char theirs[512] = {0}, mine[512] = {0};
    enum ls_split_error error = marks_of_lexer(text->ptr, text->len, mine);
    PgQueryScanResult r = pg_query_scan(text->ptr);
    bool compared = !r.error;
    if (!r.error) {
        marks_of_scanner(&r.pbuf, theirs);
        if (error != LS_SPLIT_OK || memcmp(theirs, mine, sizeof mine) != 0)
            fail_msg("scanner and lexer differ (%s) on:\n%s", ls_split_error_name(error), text->ptr);
    }
    for (size_t i = 0; r.error && i < LS_ARRAY_LEN(refusals); i++) {
        if (!strstr(r.error->message, refusals[i].message))
            continue;
        compared = true;
        if (error != refusals[i].error)
            fail_msg("scanner: %s, lexer: %s on:\n%s", r.error->message, ls_split_error_name(error), text->ptr);
    }
    pg_query_free_scan_result(r);
    return compared;
}

static void test_noise_against_scanner(void **state)
{
    (void)state;
    static const char *const noise[] = {
        "'",  "'",        "''", "\"", "\"\"", "$$", "$",  "$a$", "$1",   "$ab",      "E'",  "e'", "U&'", "U&\"", "B'", "X'",
        "N'", "\\",       "--", "-",  "/",    "*",  "/*", "*/",  "/**/", "\n",       "\n",  "\r", " ",   "\t",   ";",  ";",
        "(",  ")",        "[",  "]",  ",",    "a",  "b1", "E",   "u&",   "1",        ".",   "::", ":=",  "+",    "@",  "<",
        "|",  "\xC3\xA9", "_",  "x$", "e",    ":",  "#-", "~",   "'a'",  "'b'\n'c'", "\\'", "{",  "%",
    };
    struct rnd r = rnd_seeded("noise");
    struct ls_buf text = LS_BUF_INIT;
    size_t compared = 0, noises = test_scaled(NOISES);
    for (size_t i = 0; i < noises; i++) {
        ls_buf_clear(&text);
        for (size_t n = rnd_below(&r, 24); n > 0; n--)
            ls_buf_adds(&text, PICK(&r, noise));
        compared += check_noise(&text);
    }
    print_message("# %zu noises, %zu comparable\n", noises, compared);
    assert_true(compared > noises / 2);
    ls_buf_release(&text);
}

static void test_real_files(void **state)
{
    (void)state;
    struct sql_files files;
    struct ls_buf text = LS_BUF_INIT;
    size_t statements = 0, parsed = 0, n = 0;
    sql_files_find(&files, "golang-migrate-postgres", ".sql");
    n = files.n;
    for (size_t i = 0; i < files.n; i++) {
        struct ls_stmts s;
        assert_true(sql_file_read(&text, files.v[i]));
        if (ls_sql_split(LS_DIALECT_POSTGRES, text.ptr, text.len, &s, NULL) != LS_OK)
            fail_msg("%s:%d: %s", files.v[i], s.error_line, ls_split_error_name(s.error));
        PgQuerySplitResult r = pg_query_split_with_parser(text.ptr);
        parsed += !r.error;
        if (!r.error && !same_as_parser(&s, &r, 0))
            fail_msg("%s: the parser has %d statements, we have %zu", files.v[i], r.n_stmts, s.n);
        pg_query_free_split_result(r);
        statements += s.n;
        ls_stmts_release(&s);
    }
    sql_files_free(&files);
    ls_buf_release(&text);
    if (n == 0)
        test_skip("no folder of real migrations (LS_TEST_CORPUS)");
    print_message("# %zu files, %zu statements, the parser accepts %zu files\n", n, statements, parsed);
    assert_true(parsed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_composed_scripts),
        cmocka_unit_test(test_noise_against_scanner),
        cmocka_unit_test(test_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
