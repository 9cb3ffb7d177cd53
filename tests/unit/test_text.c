#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "support/rand.h"
#include "support/safe_text.h"

#define ACUTE    "\xCC\x81" /* U+0301 */
#define ELLIPSIS "\xE2\x80\xA6"

struct ui_case {
    const char *in;
    size_t len; /* 0: strlen */
    const char *out;
    size_t tokens;
};

static void check_cases(const struct ui_case *cases, size_t n, unsigned flags)
{
    for (size_t i = 0; i < n; i++) {
        struct ls_buf b = LS_BUF_INIT;
        size_t tokens = ls_ui_text(&b, cases[i].in, cases[i].len ? cases[i].len : strlen(cases[i].in), flags);

        assert_string_equal(b.ptr, cases[i].out);
        assert_int_equal(tokens, cases[i].tokens);
        ls_buf_release(&b);
    }
}

static void printable_text_passes(void **state)
{
    static const char *const same[] = {
        "",
        "a",
        "plain ASCII text, longer than a word of the machine ~ !",
        "na\xC3\xAFve \xC3\xA9t\xC3\xA9",
        "\xE6\xBC\xA2\xE5\xAD\x97 \xE3\x82\xAB\xE3\x83\x8A \xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4", /* CJK, kana, Hangul */
        "\xF0\x9F\x9A\x80 \xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD",                                      /* emoji, one with a skin tone */
        "e" ACUTE,
        "e" ACUTE ACUTE ACUTE ACUTE,
        "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
        "\xD8\xB3\xD9\x84\xD8\xA7\xD9\x85", /* RTL letters */
        "\xE0\xA4\x95\xE0\xA4\xBE \xE0\xA4\x95\xE0\xA5\x8D\xE0\xA4\xB7",
        "\xC2\xA0",
        "\xEF\xBF\xBD",
        "<1B> typed by someone",
        "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", /* a syllable in three jamo */
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(same); i++) {
        struct ls_buf b = LS_BUF_INIT;

        assert_int_equal(ls_ui_text(&b, same[i], strlen(same[i]), LS_UI_TEXT_LINE), 0);
        assert_string_equal(b.ptr, same[i]);
        assert_null(unfit_text(b.ptr, b.len, 0));
        ls_buf_release(&b);
    }
}

/* The catalogue of hostile data (reliability.md 3.1). */
static void hostile_text_is_shown(void **state)
{
    static const struct ui_case cases[] = {
        {"\x1B[31mred\x1B[0m", 0, "<1B>[31mred<1B>[0m", 2},
        {"\x1B]52;c;cm0gLXJm\x07", 0, "<1B>]52;c;cm0gLXJm<07>", 2},
        {"\x1B]8;;http://x\x1B\\", 0, "<1B>]8;;http://x<1B>\\", 2},
        {"\x1BP1$r\x1B\\ \x1B_x\x1B\\ \x1B[6n \x1B"
         "c",
         0, "<1B>P1$r<1B>\\ <1B>_x<1B>\\ <1B>[6n <1B>c", 6},
        {"\xC2\x9B"
         "31m \xC2\x90 \xC2\x85",
         0, "<U+009B>31m <U+0090> <U+0085>", 3},
        {"\x9B", 0, "<x9B>", 1},
        {"a\rb\bc\td\ve\ff\x0Eg\x0Fh\x7F\n", 0, "a<0D>b<08>c<09>d<0B>e<0C>f<0E>g<0F>h<7F><0A>", 9},
        {"a\0b", 3, "a<00>b", 1},
        {"\xC0\x80 \xE0\x80\xAF \xF8\x88\x80\x80\x80", 0, "<xC0><x80> <xE0><x80><xAF> <xF8><x88><x80><x80><x80>", 10},
        {"\xED\xA0\x80 \xF4\x90\x80\x80", 0, "<xED><xA0><x80> <xF4><x90><x80><x80>", 7},
        {"cut \xC3", 0, "cut <xC3>", 1},
        {"cut \xE6\xBC", 0, "cut <xE6><xBC>", 2},
        {"\xE2\x80\xAE"
         "evil\xE2\x80\xAC",
         0, "<U+202E>evil<U+202C>", 2},
        {"\xE2\x81\xA6\xE2\x81\xA9\xE2\x80\x8B\xE2\x80\x8D\xE2\x80\x8F", 0, "<U+2066><U+2069><U+200B><U+200D><U+200F>", 5},
        /* Format characters that Unicode does not call ignorable: Arabic number signs, a Kaithi one, interlinear annotation, a hieroglyph joiner. */
        {"\xD8\x80\xD8\x85\xDB\x9D\xDC\x8F\xE0\xA3\xA2", 0, "<U+0600><U+0605><U+06DD><U+070F><U+08E2>", 5},
        {"\xEF\xBF\xB9x\xEF\xBF\xBAy\xEF\xBF\xBB", 0, "<U+FFF9>x<U+FFFA>y<U+FFFB>", 3},
        {"x\xE2\x80\xA8y\xE2\x80\xA9", 0, "x<U+2028>y<U+2029>", 2}, /* not as marks of the letter */
        {"\xF0\x91\x82\xBD\xF0\x93\x90\xB0", 0, "<U+110BD><U+13430>", 2},
        {"\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF", 0, "<U+2028><U+2029><U+FEFF>", 3},
        {"\xF3\xA0\x80\x81\xF3\xA0\x81\xBF", 0, "<U+E0001><U+E007F>", 2},
        {"\xE2\x9D\xA4\xEF\xB8\x8F", 0, "\xE2\x9D\xA4<U+FE0F>", 1},
        {"\xEE\x80\x80 \xF4\x8F\xBF\xBF \xEF\xBF\xBF \xCD\xB8", 0, "<U+E000> <U+10FFFF> <U+FFFF> <U+0378>", 4},
        {"\xC2\xAD\xE3\x85\xA4\xE1\x85\x9F\xEF\xBE\xA0\xCD\x8F", 0, "<U+00AD><U+3164><U+115F><U+FFA0><U+034F>", 5},
        {"e" ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE "x" ACUTE, 0, "e" ACUTE ACUTE ACUTE ACUTE "<U+0301...>x" ACUTE, 1},
        {ACUTE "x", 0, "<U+0301>x", 1},
        {"\x1B" ACUTE, 0, "<1B><U+0301>", 2}, /* would change the look of the token */
        {"\n\\! cmd", 0, "<0A>\\! cmd", 1},
    };

    (void)state;
    check_cases(cases, LS_ARRAY_LEN(cases), LS_UI_TEXT_LINE);
}

static void fifty_marks_become_one_token(void **state)
{
    struct ls_buf in = LS_BUF_INIT, out = LS_BUF_INIT;

    (void)state;
    ls_buf_adds(&in, "e");
    for (int i = 0; i < 50; i++)
        ls_buf_adds(&in, ACUTE);
    assert_int_equal(ls_ui_text(&out, in.ptr, in.len, LS_UI_TEXT_LINE), 1);
    assert_string_equal(out.ptr, "e" ACUTE ACUTE ACUTE ACUTE "<U+0301...>");
    ls_buf_clear(&out);
    assert_int_equal(ls_ui_text(&out, in.ptr + 1, in.len - 1, LS_UI_TEXT_LINE), 5); /* no base at all */
    assert_string_equal(out.ptr, "<U+0301><U+0301><U+0301><U+0301><U+0301...>");
    ls_buf_release(&in);
    ls_buf_release(&out);
}

static void multiline(void **state)
{
    static const struct ui_case by8[] = {
        {"a\nb\r\nc\rd", 0, "a\nb\nc<0D>d", 1},
        {"\tx\n12345678\ty", 0, "        x\n12345678        y", 0},
        {"\xE6\xBC\xA2\tx", 0, "\xE6\xBC\xA2      x", 0}, /* a wide one takes two cells */
        {"e" ACUTE "\tx", 0, "e" ACUTE "       x", 0},
        {"\x01\tx", 0, "<01>    x", 1},
        {"a\n" ACUTE, 0, "a\n<U+0301>", 1},
        {"end\r", 0, "end<0D>", 1},
    };
    static const struct ui_case by4[] = {{"a\tb", 0, "a   b", 0}, {"\t\tx", 0, "        x", 0}};

    (void)state;
    check_cases(by8, LS_ARRAY_LEN(by8), LS_UI_TEXT_MULTILINE);
    check_cases(by4, LS_ARRAY_LEN(by4), LS_UI_TEXT_MULTILINE | LS_UI_TEXT_TAB4);
}

static void ascii_only(void **state)
{
    static const struct ui_case cases[] = {
        {"na\xC3\xAFve", 0, "na<U+00EF>ve", 1},
        {"\xF0\x9F\x9A\x80", 0, "<U+1F680>", 1},
        {"e" ACUTE, 0, "e<U+0301>", 1},
        {"\xFF", 0, "<xFF>", 1},
    };

    (void)state;
    check_cases(cases, LS_ARRAY_LEN(cases), LS_UI_TEXT_ASCII);
}

static void appends_and_takes_null(void **state)
{
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    ls_buf_adds(&b, "x: ");
    ls_ui_text_line(&b, NULL);
    assert_int_equal(ls_ui_text(&b, NULL, 0, LS_UI_TEXT_LINE), 0);
    ls_ui_text_line(&b, "a\tb");
    assert_string_equal(b.ptr, "x: a<09>b");
    ls_buf_release(&b);
}

/* Each control at each place of a run: the eight-byte steps must not step over one. */
static void no_control_hides_in_a_run(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 20; at++) {
            char text[24];
            struct ls_buf b = LS_BUF_INIT;

            memset(text, c & 1 ? '~' : ' ', sizeof(text)); /* both ends of what is printable */
            text[at] = (char)c;
            size_t tokens = ls_ui_text(&b, text, sizeof(text), LS_UI_TEXT_LINE);

            assert_int_equal(tokens, c < 0x20 || c > 0x7E);
            assert_null(unfit_text(b.ptr, b.len, 0));
            ls_buf_release(&b);
        }
    }
}

/* Text that is likely to be interesting: pieces of all kinds, put together at random. */
static void random_text(struct rnd *r, struct ls_buf *b, size_t pieces)
{
    static const char *const kinds[] = {
        "a",
        "plain words ",
        "\xC3\xA9",
        "\xE6\xBC\xA2",
        "\xF0\x9F\x91\x8D",
        "\xF0\x9F\x8F\xBD",
        ACUTE,
        ACUTE ACUTE ACUTE,
        "\t",
        "\r\n",
        "\n",
        "\xE2\x80\xAE",
        "\xE2\x80\x8D",
        "\xEF\xB8\x8F",
        "\xE1\x84\x92",
        "\xE1\x85\xA1",
        "\xE0\xA4\xBE",
        "\x1B[",
        "\xFF",
        "\xC2\x9B",
        "\xF3\xA0\x81\x81",
    };

    ls_buf_clear(b);
    for (size_t i = 0; i < pieces; i++) {
        utf8proc_uint8_t utf8[4];
        utf8proc_int32_t cp = (utf8proc_int32_t)rnd_below(r, 0x110000);

        switch (rnd_below(r, 4)) {
        case 0:
            ls_buf_addc(b, (char)rnd_next(r));
            break;
        case 1:
            if (utf8proc_codepoint_valid(cp))
                ls_buf_add(b, utf8, (size_t)utf8proc_encode_char(cp, utf8));
            break;
        default:
            ls_buf_adds(b, kinds[rnd_below(r, LS_ARRAY_LEN(kinds))]);
        }
    }
}

static void whatever_comes_in_only_text_goes_out(void **state)
{
    struct rnd r = rnd_seeded("ui_text");
    struct ls_buf in = LS_BUF_INIT, out = LS_BUF_INIT, again = LS_BUF_INIT;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        unsigned flags = (unsigned)rnd_below(&r, 8);

        random_text(&r, &in, rnd_below(&r, 30));
        ls_buf_clear(&out);
        ls_ui_text(&out, in.ptr, in.len, flags);
        const char *why = unfit_text(out.ptr, out.len, flags & LS_UI_TEXT_MULTILINE);

        if (why)
            fail_msg("%s, in round %d with flags %u", why, round, flags);
        for (size_t i = 0; flags & LS_UI_TEXT_ASCII && i < out.len; i++)
            assert_true((unsigned char)out.ptr[i] < 0x7F);
        /* What is safe is left alone: twice is once. */
        ls_buf_clear(&again);
        assert_int_equal(ls_ui_text(&again, out.ptr, out.len, flags), 0);
        assert_int_equal(again.len, out.len);
        assert_memory_equal(again.ptr, out.ptr, out.len);
    }
    ls_buf_release(&in);
    ls_buf_release(&out);
    ls_buf_release(&again);
}

static void graphemes(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
        int cells;
    } cases[] = {
        {"ab", 1, 1},
        {"a" ACUTE "b", 3, 1},
        {"\xC3\xA9" ACUTE "b", 4, 1},
        {"\xE6\xBC\xA2x", 3, 2},
        {"\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", 4, 2},     /* the skin tone is a cell of its own */
        {"\xE0\xA4\x95\xE0\xA4\xBE", 3, 1},             /* and so is a mark that takes room */
        {"\xE0\xA4\x95\xE0\xA5\x8D\xE0\xA4\xB7", 6, 1}, /* a virama takes none */
        {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 9, 2}, /* a syllable in three jamo */
        {"\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA", 4, 1},     /* half a flag */
        {"\xFF"
         "a",
         1, 1},
        {"\xFF" ACUTE, 1, 1},
        {"\n", 1, 0},
        {"\x7F", 1, 0},
        {ACUTE "a", 2, 0},
        {"a\xCC", 1, 1},
    };
    int cells = 7;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        assert_int_equal(ls_text_next(cases[i].text, strlen(cases[i].text), &cells), cases[i].bytes);
        assert_int_equal(cells, cases[i].cells);
    }
    assert_int_equal(ls_text_next("", 0, &cells), 0);
    assert_int_equal(cells, 0);
}

static int slow_width(const char *text, size_t len)
{
    int sum = 0, cells;

    for (size_t at = 0; at < len; sum += cells)
        at += ls_text_next(text + at, len - at, &cells);
    return sum;
}

static void fit_is_the_longest_prefix(void **state)
{
    struct rnd r = rnd_seeded("fit");
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        int max = (int)rnd_below(&r, 40) - 2, cells = -1, next;

        random_text(&r, &b, rnd_below(&r, 30));
        size_t n = ls_text_fit(b.ptr, b.len, max, &cells);

        assert_true(n <= b.len);
        assert_int_equal(cells, slow_width(b.ptr, n));
        assert_int_equal(cells, ls_text_width(b.ptr, n));
        assert_true(cells <= (max > 0 ? max : 0));
        if (n < b.len) { /* and one more would be too many */
            size_t more = ls_text_next(b.ptr + n, b.len - n, &next);

            assert_true(cells + next > max);
            assert_int_equal(slow_width(b.ptr, n + more), cells + next); /* n is a boundary */
        }
        assert_int_equal(ls_text_width(b.ptr, b.len), slow_width(b.ptr, b.len));
    }
    assert_int_equal(ls_text_fit("abc", 3, 2, NULL), 2);
    assert_int_equal(ls_text_fit("abc", 3, INT_MAX, NULL), 3);
    assert_int_equal(ls_text_fit("e" ACUTE, 3, 1, NULL), 3);
    ls_buf_release(&b);
}

static void pad_is_exact(void **state)
{
    static const struct {
        const char *text;
        int cells;
        bool ascii;
        const char *want;
    } cases[] = {
        {"abc", 5, false, "abc  "},
        {"abc", 3, false, "abc"},
        {"abcd", 3, false, "ab" ELLIPSIS},
        {"abcd", 3, true, "ab~"},
        {"abcd", 1, false, ELLIPSIS},
        {"abcd", 0, false, ""},
        {"abcd", -4, false, ""},
        {NULL, 2, false, "  "},
        {"", 2, false, "  "},
        {"\xE6\xBC\xA2\xE5\xAD\x97", 4, false, "\xE6\xBC\xA2\xE5\xAD\x97"},
        {"\xE6\xBC\xA2\xE5\xAD\x97", 3, false, "\xE6\xBC\xA2" ELLIPSIS},
        {"\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2", 4, false, "\xE6\xBC\xA2" ELLIPSIS " "}, /* half of one does not fit */
        {"e" ACUTE "e" ACUTE "e" ACUTE, 2, false, "e" ACUTE ELLIPSIS},
    };
    struct rnd r = rnd_seeded("pad");
    struct ls_buf in = LS_BUF_INIT, safe = LS_BUF_INIT, out = LS_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        ls_buf_clear(&out);
        ls_text_pad(&out, cases[i].text, cases[i].cells, cases[i].ascii);
        assert_string_equal(out.ptr, cases[i].want);
    }
    for (int round = 0; round < 20000; round++) {
        int cells = (int)rnd_below(&r, 50);

        random_text(&r, &in, rnd_below(&r, 30));
        ls_buf_clear(&safe);
        ls_ui_text(&safe, in.ptr, in.len, LS_UI_TEXT_LINE);
        ls_buf_clear(&out);
        ls_text_pad(&out, safe.ptr, cells, rnd_below(&r, 2));
        assert_int_equal(slow_width(out.ptr, out.len), cells);
    }
    ls_buf_release(&in);
    ls_buf_release(&safe);
    ls_buf_release(&out);
}

/* Every character there is, alone and cut short, against utf8proc's own decoder. */
static void decodes_as_unicode_says(void **state)
{
    (void)state;
    for (int32_t c = 0; c < 0x110000; c++) {
        utf8proc_uint8_t s[4];
        int32_t cp;

        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        size_t n = (size_t)utf8proc_encode_char(c, s);

        assert_int_equal(ls_utf8_decode((char *)s, n, &cp), n);
        assert_int_equal(cp, c);
        if (n > 1) {
            assert_int_equal(ls_utf8_decode((char *)s, n - 1, &cp), 1);
            assert_int_equal(cp, -1);
        }
    }
    int32_t cp = 5;

    assert_int_equal(ls_utf8_decode("", 0, &cp), 0);
    assert_int_equal(cp, -1);
}

static void decodes_bytes_as_utf8proc_does(void **state)
{
    struct rnd r = rnd_seeded("decode");

    (void)state;
    for (int round = 0; round < 500000; round++) {
        utf8proc_uint8_t s[4];
        utf8proc_int32_t want;
        int32_t cp;

        for (size_t i = 0; i < 4; i++)
            s[i] = (utf8proc_uint8_t)(i ? 0x70 + rnd_below(&r, 0x60) : 0x70 + rnd_below(&r, 0x90));
        utf8proc_ssize_t n = utf8proc_iterate(s, 4, &want);
        size_t got = ls_utf8_decode((char *)s, 4, &cp);

        assert_int_equal(cp, n < 0 ? -1 : want);
        assert_int_equal(got, n < 0 ? 1 : n);
    }
}

/* Curses places what it draws by wcwidth(). Only characters that both know: their versions of Unicode differ. */
static void widths_agree_with_wcwidth(void **state)
{
    int n_known = 0, n_different = 0;

    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8") || wcwidth(0x6F22) != 2) {
        print_message("# skip: no locale C.UTF-8\n");
        skip();
    }
    for (int32_t c = 0xA0; c < 0x110000; c++) {
        utf8proc_uint8_t s[4];
        int cells;

        if (!utf8proc_codepoint_valid(c) || utf8proc_category(c) == UTF8PROC_CATEGORY_CN || wcwidth((wchar_t)c) < 0)
            continue;
        size_t n = (size_t)utf8proc_encode_char(c, s);
        struct ls_buf b = LS_BUF_INIT;

        /* behind a base, as marks are tokens without one; what is not shown has no width to compare */
        ls_buf_addc(&b, 'a');
        ls_buf_add(&b, s, n);
        struct ls_buf out = LS_BUF_INIT;
        size_t tokens = ls_ui_text(&out, b.ptr, b.len, LS_UI_TEXT_LINE);

        cells = ls_text_width(b.ptr, b.len) - 1;
        ls_buf_release(&b);
        ls_buf_release(&out);
        if (tokens > 0)
            continue;
        n_known++;
        n_different += cells != wcwidth((wchar_t)c);
    }
    setlocale(LC_CTYPE, "C");
    assert_true(n_known > 100000);
    if (n_different > 40) /* a few, for another version of either library */
        fail_msg("%d of %d differ", n_different, n_known);
}

static void validates(void **state)
{
    size_t at = 99;

    (void)state;
    assert_true(ls_utf8_valid("", 0, &at));
    assert_true(ls_utf8_valid("a\xC3\xA9\xF0\x9F\x9A\x80", 7, NULL));
    assert_int_equal(at, 99);
    assert_false(ls_utf8_valid("ab\xC3", 3, &at));
    assert_int_equal(at, 2);
    assert_false(ls_utf8_valid("\xC3\xA9\xED\xA0\x80", 5, &at));
    assert_int_equal(at, 2);
    assert_false(ls_utf8_valid("\xC0\x80", 2, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printable_text_passes),
        cmocka_unit_test(hostile_text_is_shown),
        cmocka_unit_test(fifty_marks_become_one_token),
        cmocka_unit_test(multiline),
        cmocka_unit_test(ascii_only),
        cmocka_unit_test(appends_and_takes_null),
        cmocka_unit_test(no_control_hides_in_a_run),
        cmocka_unit_test(whatever_comes_in_only_text_goes_out),
        cmocka_unit_test(graphemes),
        cmocka_unit_test(fit_is_the_longest_prefix),
        cmocka_unit_test(pad_is_exact),
        cmocka_unit_test(decodes_as_unicode_says),
        cmocka_unit_test(decodes_bytes_as_utf8proc_does),
        cmocka_unit_test(widths_agree_with_wcwidth),
        cmocka_unit_test(validates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
