/* The one parser of data files: places, refusals, suggestions. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "config/ini.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/text.h"

static void parse_ok(const char *text, struct ini_file *f)
{
    struct ls_err err = LS_ERR_INIT;

    if (ini_parse_text("x.conf", text, strlen(text), f, &err) != LS_OK)
        fail_msg("refused: %s", err.message);
}

static void assert_refused(const char *text, size_t len, const char *message)
{
    struct ini_file f;
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(ini_parse_text("x.conf", text, len, &f, &err), LS_E_INPUT);
    assert_string_equal(err.message, message);
    ls_err_release(&err);
}

static void assert_entry(const struct ini_file *f, size_t i, const char *section, const char *key, const char *value, int line)
{
    assert_true(i < f->e.n);
    assert_string_equal(f->e.v[i].section, section);
    assert_string_equal(f->e.v[i].key, key);
    assert_string_equal(f->e.v[i].value, value);
    assert_int_equal(f->e.v[i].line, line);
}

static void test_places(void **state)
{
    struct ini_file f;

    (void)state;
    parse_ok("\xEF\xBB\xBF# head\n\nfirst = 1\r\n[ env   production ] ; why\n  url =  postgres://x/y?a=b  ; note\n; off\n\tname: v\nlast=", &f);
    assert_int_equal(f.e.n, 4);
    assert_entry(&f, 0, "", "first", "1", 3);
    assert_entry(&f, 1, "env production", "url", "postgres://x/y?a=b", 5);
    assert_entry(&f, 2, "env production", "name", "v", 7); /* indented: not the continuation of the line before */
    assert_entry(&f, 3, "env production", "last", "", 8);
    ini_release(&f);
}

static void test_long_lines(void **state)
{
    struct ini_file f;
    struct ls_buf text = LS_BUF_INIT, value = LS_BUF_INIT;

    (void)state;
    ls_buf_adds(&value, "postgres://h/d?options=");
    ls_buf_repeat(&value, 'o', 5000);
    ls_buf_addc(&text, '#');
    ls_buf_repeat(&text, 'c', 900);
    ls_buf_addf(&text, "\n[a]\nurl =   %s  ; and a remark that is not part of it\nnext = 2\n", value.ptr);
    parse_ok(text.ptr, &f);
    assert_int_equal(f.e.n, 2);
    assert_entry(&f, 0, "a", "url", value.ptr, 3);
    assert_entry(&f, 1, "a", "next", "2", 4);
    ini_release(&f);

    ls_buf_clear(&text);
    ls_buf_adds(&text, "a = 1\n");
    ls_buf_repeat(&text, 'w', 300);
    assert_refused(text.ptr, text.len, "x.conf:2: the line is too long and holds no KEY = VALUE");
    ls_buf_clear(&text);
    ls_buf_repeat(&text, 'k', 300);
    ls_buf_adds(&text, " = 1");
    assert_refused(text.ptr, text.len, "x.conf:1: the line is too long and holds no KEY = VALUE");
    ls_buf_release(&text);
    ls_buf_release(&value);
}

static void test_refusals(void **state)
{
    (void)state;
    assert_refused("a = 1\nnonsense\nb = 2\n", 21, "x.conf:2: expected [SECTION] or KEY = VALUE");
    assert_refused("[open\n", 6, "x.conf:1: the section's ']' is missing");
    assert_refused("[a] b = 1\n", 10, "x.conf:1: there is text behind the section's ']'");
    assert_refused("[a]\n\n= 1\n", 9, "x.conf:3: there is no key before the '='");
    assert_refused("a = \0 1\n", 8, "x.conf:1: the line holds a NUL byte");
    assert_refused("a = 1\nb = \xff\n", 12, "x.conf:2: the line is not valid UTF-8");
    assert_refused("[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", 62, "x.conf:1: the section's name is longer than 49 bytes");
}

static void test_file(void **state)
{
    struct ini_file f;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_not_equal(ini_parse_file_at("no/such/file.conf", 0, &f, &err), LS_OK);
    assert_non_null(strstr(err.message, "no/such/file.conf"));
    ls_err_release(&err);
}

static void test_nearest(void **state)
{
    static const char *const words[] = {"url", "url_env", "migrations", "format", "protected", "lock_timeout"};
    const size_t n = sizeof(words) / sizeof(words[0]);
    char *longest = NULL;

    (void)state;
    assert_string_equal(ls_nearest_word("migratons", words, n), "migrations");
    assert_string_equal(ls_nearest_word("fromat", words, n), "format");
    assert_string_equal(ls_nearest_word("ulr", words, n), "url");
    assert_string_equal(ls_nearest_word("lock-timeout", words, n), "lock_timeout");
    assert_string_equal(ls_nearest_word("locktimeouts", words, n), "lock_timeout");
    assert_null(ls_nearest_word("zebra", words, n));
    assert_null(ls_nearest_word("x", words, n));
    assert_null(ls_nearest_word("", words, n));
    struct ls_buf b = LS_BUF_INIT;
    ls_buf_repeat(&b, 'a', 1000);
    longest = ls_buf_detach(&b);
    assert_null(ls_nearest_word(longest, words, n));
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),   cmocka_unit_test(test_long_lines), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_file), cmocka_unit_test(test_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
