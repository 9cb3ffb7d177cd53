/* The two lexers: where tokens start and end, what kind they are, on which line, and what cannot be lexed. */
#include <config.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/sql/dialect.h"
#include "lockstep/sql/lex.h"
#include "sql/lex_internal.h"

#ifdef LS_WITH_SQLITE
#include <sqlite3.h>
#endif

#define PG LS_DIALECT_POSTGRES
#define SL LS_DIALECT_SQLITE

/* One letter per kind, so that a row below can be read. */
static const char letters[] = {
    [LS_TOK_END] = '.',       [LS_TOK_SPACE] = '_',     [LS_TOK_COMMENT] = 'C',    [LS_TOK_WORD] = 'w',
    [LS_TOK_KEYWORD] = 'K',   [LS_TOK_QUOTED] = 'Q',    [LS_TOK_STRING] = 'S',     [LS_TOK_NUMBER] = 'N',
    [LS_TOK_PARAM] = 'P',     [LS_TOK_OPERATOR] = 'O',  [LS_TOK_OPEN] = '(',       [LS_TOK_CLOSE] = ')',
    [LS_TOK_COMMA_DOT] = ',', [LS_TOK_SEMICOLON] = ';', [LS_TOK_BACKSLASH] = '\\', [LS_TOK_ERROR] = 'E',
};

/* "kind:text" of every token but blanks, separated by '|'; an error is "E:name". */
static void describe(struct ls_buf *out, enum ls_dialect d, const char *text, size_t len)
{
    struct ls_lex lx;
    size_t expected = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    ls_lex_init(&lx, d, text, len);
    for (;;) {
        struct ls_tok t = ls_lex_next(&lx);
        assert_int_equal(t.start, expected); /* no gap, no overlap */
        if (t.kind == LS_TOK_END)
            break;
        assert_true(t.end > t.start && t.end <= len);
        expected = t.end;
        if (t.kind == LS_TOK_SPACE)
            continue;
        if (out->len)
            ls_buf_addc(out, '|');
        if (t.kind == LS_TOK_ERROR)
            ls_buf_addf(out, "E:%s", ls_split_error_name(t.error));
        else
            ls_buf_addf(out, "%c:%.*s", letters[t.kind], (int)(t.end - t.start), text + t.start);
    }
    assert_int_equal(expected, len);
}

static const struct row {
    enum ls_dialect d;
    const char *text, *tokens;
} rows[] = {
    /* PostgreSQL: words, names, numbers */
    {PG, "select Foo_1$x", "K:select|w:Foo_1$x"},
    {PG, "\"a\"\"b;\" U&\"d\\0061\"", "Q:\"a\"\"b;\"|Q:U&\"d\\0061\""},
    {PG, "1 1.5 .5 1e9 1E-3 0x1F 1_000", "N:1|N:1.5|N:.5|N:1e9|N:1E-3|N:0x1F|N:1_000"},
    {PG, "1..9", "N:1|,:.|N:.9"},
    {PG, "1e 1.e", "N:1|w:e|N:1.|w:e"},
    {PG, "a.b::int[1]", "w:a|,:.|w:b|,::|,::|K:int|(:[|N:1|):]"},
    {PG, "t\xC3\xA9st", "w:t\xC3\xA9st"},
    /* strings */
    {PG, "'a''b' ''", "S:'a''b'|S:''"},
    {PG, "'a\\' 'b'", "S:'a\\'|S:'b'"},
    {PG, "E'a\\'b' e'\\\\' ", "S:E'a\\'b'|S:e'\\\\'"},
    {PG, "B'01' X'1F' N'n' U&'\\0061'", "S:B'01'|S:X'1F'|S:N'n'|S:U&'\\0061'"},
    {PG, "U&'\\' 'x'", "S:U&'\\'|S:'x'"},
    {PG, "foE'a\\' ", "w:foE|S:'a\\'"},
    {PG, "1E'\\''", "N:1|S:E'\\''"},
    {PG, "E'a'\n'b\\'c'", "S:E'a'\n'b\\'c'"},
    {PG, "E'a' -- it goes on\r  'b\\'c'", "S:E'a' -- it goes on\r  'b\\'c'"},
    {PG, "E'a'\n-- one\n -- two\n 'b\\'c'", "S:E'a'\n-- one\n -- two\n 'b\\'c'"},
    {PG, "E'a' 'b\\'", "S:E'a'|S:'b\\'"},
    {PG, "E'a' /* no */\n'b\\'", "S:E'a'|C:/* no */|S:'b\\'"},
    {PG, "'a'\n'b\\'", "S:'a'\n'b\\'"},
    {PG, "'a'\nE'b\\''", "S:'a'|S:E'b\\''"},
    {PG, "'a' --x", "S:'a'|C:--x"},
    /* dollars */
    {PG, "$$a;'$$ $t$ $$ $T$ $t$", "S:$$a;'$$|S:$t$ $$ $T$ $t$"},
    {PG, "$1$2", "P:$1|P:$2"},
    {PG, "$1;$a", "P:$1|;:;|O:$|w:a"},
    {PG, "$1$$a;$$", "P:$1|S:$$a;$$"},
    {PG, "a$b$c $b$;$b$", "w:a$b$c|S:$b$;$b$"},
    {PG, "a$$ 1$$;$$", "w:a$$|N:1|S:$$;$$"},
    {PG, "$a b$", "O:$|w:a|w:b$"},
    {PG, "$\xC3\xA9$x$\xC3\xA9$", "S:$\xC3\xA9$x$\xC3\xA9$"},
    {PG, "$a$x$a$a$", "S:$a$x$a$|w:a$"},
    /* comments and operators */
    {PG, "--a\rb", "C:--a|w:b"},
    {PG, "--a\nb", "C:--a|w:b"},
    {PG, "/* a /* b */ ; */ c", "C:/* a /* b */ ; */|w:c"},
    {PG, "/*/**/*/c", "C:/*/**/*/|w:c"},
    {PG, "/*/ */c", "C:/*/ */|w:c"},
    {PG, "/***/c", "C:/***/|w:c"},
    {PG, "a*--b\n/*c*/-/*d*/", "w:a|O:*|C:--b|C:/*c*/|O:-|C:/*d*/"},
    {PG, "a<->b @> c#>>'{x}' ?| d", "w:a|O:<->|w:b|O:@>|w:c|O:#>>|S:'{x}'|O:?||w:d"},
    {PG, "a := b", "w:a|,::|O:=|w:b"},
    {PG, "{}", "O:{|O:}"},
    /* what is refused */
    {PG, "a \\restrict x", "w:a|\\:\\|K:restrict|w:x"},
    {PG, "'a", "E:unterminated_string"},
    {PG, "E'a\\", "E:unterminated_string"},
    {PG, "'a'\n'b", "E:unterminated_string"},
    {PG, "x'a", "E:unterminated_string"},
    {PG, "\"a", "E:unterminated_identifier"},
    {PG, "U&\"a", "E:unterminated_identifier"},
    {PG, "$a$ b $a", "E:unterminated_dollar"},
    {PG, "/* /* */", "E:unterminated_comment"},
    {PG, "/*/", "E:unterminated_comment"},
    {PG, "a\xFF b", "w:a|E:bad_utf8|w:b"},
    {PG, "\xC3(", "E:bad_utf8|(:("},
    /* SQLite */
    {SL, "select $x(a;b) @y :z ?1 ? #r", "K:select|P:$x(a;b)|P:@y|P::z|P:?1|P:?|P:#r"},
    {SL, "$a::b::c(x) $x(a b)", "P:$a::b::c(x)|P:$x(a|w:b|):)"},
    {SL, "$x(a", "P:$x(a"},
    {SL, "a$b$ $ : @", "w:a$b$|O:$|,::|O:@"},
    {SL, "[a;\"] `b``;` \"c\"\"\"", "Q:[a;\"]|Q:`b``;`|Q:\"c\"\"\""},
    {SL, "'a''b' x'ab' X'AB'", "S:'a''b'|S:x'ab'|S:X'AB'"},
    {SL, "'a'\n'b'", "S:'a'|S:'b'"},
    {SL, "E'a\\'", "w:E|S:'a\\'"},
    {SL, "--a\rb;\nc", "C:--a\rb;|w:c"},
    {SL, "/* /* */ c", "C:/* /* */|w:c"},
    {SL, "/*/ */c", "C:/*/ */|w:c"},
    {SL, "c /* open ;", "w:c|C:/* open ;"},
    {SL, "c /*", "w:c|O:/|O:*"},
    {SL, "a->b->>c||d<>e-- x", "w:a|O:->|w:b|O:->>|w:c|O:|||w:d|O:<>|w:e|C:-- x"},
    {SL, "1 1.5 .5 1e9 0x1F 1abc", "N:1|N:1.5|N:.5|N:1e9|N:0x1F|N:1abc"},
    {SL, "a\xEF\xBB\xBF b \xEF\xBB\xBF c", "w:a\xEF\xBB\xBF|w:b|w:c"},
    {SL, "a \v b", "w:a|w:b"},
    {SL, "\v", "O:\v"},
    {SL, "\\ {", "O:\\|O:{"},
    {SL, "$$a;$$", "P:$$a|;:;|P:$$"},
    {SL, "'a", "E:unterminated_string"},
    {SL, "x'a", "E:unterminated_string"},
    {SL, "\"a", "E:unterminated_identifier"},
    {SL, "`a", "E:unterminated_identifier"},
    {SL, "[a", "E:unterminated_identifier"},
    {SL, "a\xFF", "w:a|E:bad_utf8"},
};

static void test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(rows); i++) {
        struct ls_buf got = LS_BUF_INIT;
        describe(&got, rows[i].d, rows[i].text, strlen(rows[i].text));
        if (strcmp(got.ptr, rows[i].tokens) != 0)
            fail_msg("row %zu, %s: %s\n  got      %s\n  expected %s", i, ls_dialect_name(rows[i].d), rows[i].text, got.ptr,
                     rows[i].tokens);
        ls_buf_release(&got);
    }
}

static void test_bom_and_nul(void **state)
{
    (void)state;
    struct ls_buf got = LS_BUF_INIT;
    describe(&got, PG, "\xEF\xBB\xBFSELECT", 9);
    assert_string_equal(got.ptr, "K:SELECT");
    ls_buf_clear(&got);
    describe(&got, PG, "a\0b", 3);
    assert_string_equal(got.ptr, "w:a|E:nul_byte|w:b");
    ls_buf_clear(&got);
    describe(&got, SL, "a\0b", 3);
    assert_string_equal(got.ptr, "w:a|E:nul_byte|w:b");
    ls_buf_release(&got);
}

static void test_lines(void **state)
{
    (void)state;
    static const char text[] = "a\n'b\n\nc' d /*\n*/ e\r\nf \"\n\" $$\n$$ g";
    static const int lines[] = {1, 2, 4, 4, 5, 6, 6, 7, 8};
    for (int d = 0; d < 2; d++) {
        struct ls_lex lx;
        size_t n = 0;
        ls_lex_init(&lx, (enum ls_dialect)d, text, d == SL ? strlen(text) - 8 : strlen(text));
        for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
            if (t.kind != LS_TOK_SPACE) {
                assert_true(n < LS_ARRAY_LEN(lines));
                assert_int_equal(t.line, lines[n++]);
            }
        }
        assert_true(n >= 7);
    }
}

static void test_word_comparison(void **state)
{
    (void)state;
    struct ls_lex lx;
    ls_lex_init(&lx, PG, "cReate \"CREATE\" creat", 21);
    struct ls_tok t = ls_lex_next(&lx);
    assert_true(ls_tok_is(&lx, &t, "CREATE"));
    assert_false(ls_tok_is(&lx, &t, "CREAT"));
    assert_false(ls_tok_is(&lx, &t, "CREATES"));
    (void)ls_lex_next(&lx);
    t = ls_lex_next(&lx);
    assert_false(ls_tok_is(&lx, &t, "CREATE")); /* quoted */
    (void)ls_lex_next(&lx);
    t = ls_lex_next(&lx);
    assert_false(ls_tok_is(&lx, &t, "CREATE"));
    assert_true(ls_tok_is(&lx, &t, "CREAT"));
}

static void test_errors_have_names_and_hints(void **state)
{
    (void)state;
    for (int e = LS_SPLIT_OK; e <= LS_SPLIT_COPY_DATA; e++) {
        assert_true(strlen(ls_split_error_name((enum ls_split_error)e)) > 1);
        assert_null(strchr(ls_split_error_text((enum ls_split_error)e), '_')); /* a sentence, not the name */
        assert_true(e == LS_SPLIT_OK || strchr(ls_split_error_text((enum ls_split_error)e), ' ') != NULL);
        assert_true(e == LS_SPLIT_OK || strlen(ls_split_error_hint((enum ls_split_error)e)) > 20);
    }
}

static void test_keyword_tables(void **state)
{
    (void)state;
    for (int d = 0; d < 2; d++) {
        size_t n = 0;
        const char *const *words = ls_keywords((enum ls_dialect)d, &n);
        assert_true(n > 100);
        for (size_t i = 0; i < n; i++) {
            assert_true(i == 0 || strcmp(words[i - 1], words[i]) < 0); /* sorted, as bsearch needs it */
            assert_true(ls_keyword_known((enum ls_dialect)d, words[i], strlen(words[i])));
#ifdef LS_WITH_SQLITE
            if (d == SL && !sqlite3_keyword_check(words[i], (int)strlen(words[i])))
                fail_msg("SQLite has no keyword %s", words[i]);
#endif
        }
    }
    assert_true(ls_keyword_known(SL, "pragma", 6));
    assert_false(ls_keyword_known(PG, "pragma", 6));
    assert_false(ls_keyword_known(PG, "name", 4));
}

static void test_dialect_names(void **state)
{
    (void)state;
    enum ls_dialect d = SL;
    assert_true(ls_dialect_parse("PostgreSQL", &d) && d == PG);
    assert_true(ls_dialect_parse("sqlite3", &d) && d == SL);
    assert_true(ls_dialect_parse("pg", &d) && d == PG);
    assert_false(ls_dialect_parse("mysql", &d));
    assert_false(ls_dialect_parse(NULL, &d));
    assert_string_equal(ls_dialect_name(PG), "postgres");
    assert_string_equal(ls_dialect_name(SL), "sqlite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_bom_and_nul),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_word_comparison),
        cmocka_unit_test(test_errors_have_names_and_hints),
        cmocka_unit_test(test_keyword_tables),
        cmocka_unit_test(test_dialect_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
