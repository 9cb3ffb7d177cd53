#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "format/settings.h"

static void check(enum ls_settings_kind kind, const char *text, const char *key, const char *value, int line)
{
    struct ls_settings s = {0};
    struct ls_err err = LS_ERR_INIT;
    const struct ls_setting *found;

    if (ls_settings_parse(&s, kind, text, strlen(text), "f", &err) != LS_OK)
        fail_msg("%s", err.message);
    found = ls_settings_get(&s, key);
    if (value == NULL) {
        assert_null(found);
    } else {
        if (found == NULL)
            fail_msg("no %s in %s", key, text);
        assert_string_equal(found->value, value);
        assert_int_equal(found->line, line);
    }
    ls_settings_release(&s);
}

static void refuse(enum ls_settings_kind kind, const char *text, const char *words)
{
    struct ls_settings s = {0};
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(ls_settings_parse(&s, kind, text, strlen(text), "f", &err), LS_E_INPUT);
    if (strstr(err.message, words) == NULL)
        fail_msg("%s is not in: %s", words, err.message);
    ls_err_release(&err);
    ls_settings_release(&s);
}

static void env(void **state)
{
    static const char text[] = "# c\nexport A=1\nB = \"x\\ny\\$\" # c\nC='a\"b'\nD=a#b # c\nE=\nA=2\n";

    (void)state;
    check(LS_SETTINGS_ENV, text, "A", "2", 7);
    check(LS_SETTINGS_ENV, text, "B", "x\ny$", 3);
    check(LS_SETTINGS_ENV, text, "C", "a\"b", 4);
    check(LS_SETTINGS_ENV, text, "D", "a#b", 5);
    check(LS_SETTINGS_ENV, text, "E", "", 6);
    check(LS_SETTINGS_ENV, text, "F", NULL, 0);
    refuse(LS_SETTINGS_ENV, "A=1\nB=\"x\n", "f:2: the quote around the value of B is not closed");
}

static const char *fake_env(const char *name)
{
    return strcmp(name, "OUT") == 0 ? "env" : strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static void env_variables(void **state)
{
    static const char *const keys[] = {"A", NULL};
    static const struct {
        const char *text, *value; /* of A; or the words that refuse it */
    } rows[] = {
        {"B=x\nA=1${B}2\n", "1x2"},
        {"\xef\xbb\xbf""B='${no}'\nA=\"${B}\"\r\n", "${no}"},
        {"B=old\nB=\"n w\" # c\nA=${B} # c\nB=late\n", "n w"},
        {"C=c\nB=${C}${C}\nA=${B}\n", "cc"},
        {"A='${B}'\n", "${B}"},
        {"A=\"\\${B}\"\n", "${B}"},
        {"A=p$B$$1$\n", "p$B$$1$"},
        {"A=${B\n", "${B"},
        {"A=${B:-d:e}${B-f}${B:-}\n", "d:ef"},
        {"B=\nA=${B:-d}${B-f}\n", "d"},
        {"OUT=file\nA=${OUT}\n", "env"},
        {"EMPTY=file\nA=${EMPTY}\n", "file"},
        {"A=${A}\n", "f:1: the value of A needs ${A}, which"},
        {"A=x\nA=${A}y\n", "xy"},
        {"\nA=\"${B}\"\nB=x\n", "f:2: the value of A needs ${B}, which neither the environment nor a line above sets"},
        {"A=${B:?no}\n", "f:1: the value of A has a ${...} that is not understood"},
        {"A=${}\n", "f:1: the value of A has a ${...} that is not understood"},
        {"B=\"${C:-x}\nA=${B}\n", "f:2: the quote around the value of A is not closed"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(rows); i++) {
        struct ls_settings s = {.only = keys, .getenv_fn = fake_env};
        struct ls_err err = LS_ERR_INIT;
        enum ls_rc rc = ls_settings_parse(&s, LS_SETTINGS_ENV, rows[i].text, strlen(rows[i].text), "f", &err);
        const char *got = rc == LS_OK ? ls_settings_value(&s, "A") : err.message;

        if (rc == LS_OK ? got == NULL || strcmp(got, rows[i].value) != 0 : strncmp(got, rows[i].value, strlen(rows[i].value)) != 0)
            fail_msg("%s: %s", rows[i].text, got != NULL ? got : "(none)");
        ls_err_release(&err);
        ls_settings_release(&s);
    }
}

/* Each line doubles the one above: it ends, and soon. */
static void env_bomb(void **state)
{
    struct ls_buf text = LS_BUF_INIT;

    (void)state;
    ls_buf_adds(&text, "V0=\n");
    for (int i = 1; i < 60; i++)
        ls_buf_addf(&text, "V%d=${V%d}${V%d}\n", i, i - 1, i - 1);
    ls_buf_adds(&text, "A=${V59}\n");
    refuse(LS_SETTINGS_ENV, text.ptr, "refers to too many others");
    ls_buf_release(&text);
}

/* Keys that are not asked for are not read: a tool's own extension of the syntax stands in nobody's way. */
static void only(void **state)
{
    static const char *const keys[] = {"A", NULL};
    struct ls_settings s = {.only = keys};

    (void)state;
    assert_int_equal(ls_settings_parse(&s, LS_SETTINGS_ENV, "B=\"x\nA=1\n", 9, "f", NULL), LS_OK);
    assert_int_equal(s.s.n, 1);
    ls_settings_release(&s);
}

static void toml(void **state)
{
    static const char text[] = "\xef\xbb\xbfid = 1\n"
                               "[flyway] # c\n"
                               "locations = [ \"a\", # c\r\n"
                               "  'b', ]\n"
                               "placeholders.env = \"x\\u00e9\\\"\"\n"
                               "t = { a = true, b.c = '''\n"
                               "l''' }\n"
                               "[environments.\"de v\"]\n"
                               "url = \"\"\"a \\\n"
                               "     b\"\"\"\n"
                               "[[x]]\n"
                               "n = 1\n"
                               "[[x]]\n"
                               "n = 1979-05-27T07:32:00Z\n";
    char deep[256] = "a = ";

    (void)state;
    check(LS_SETTINGS_TOML, text, "id", "1", 1);
    check(LS_SETTINGS_TOML, text, "flyway.locations.0", "a", 3);
    check(LS_SETTINGS_TOML, text, "flyway.locations.1", "b", 4);
    check(LS_SETTINGS_TOML, text, "flyway.placeholders.env", "x\xc3\xa9\"", 5);
    check(LS_SETTINGS_TOML, text, "flyway.t.a", "true", 6);
    check(LS_SETTINGS_TOML, text, "flyway.t.b.c", "l", 6);
    check(LS_SETTINGS_TOML, text, "environments.de v.url", "a b", 9);
    check(LS_SETTINGS_TOML, text, "x.1.n", "1979-05-27T07:32:00Z", 14);
    refuse(LS_SETTINGS_TOML, "a = 1\nb = \"x\n", "f:2: a string that is not closed");
    refuse(LS_SETTINGS_TOML, "a = [1, 2\n", "f:2: an array that is not closed");
    refuse(LS_SETTINGS_TOML, "a\n", "f:1: no '='");
    refuse(LS_SETTINGS_TOML, "a = 1 2\n", "f:1: something stands behind");
    refuse(LS_SETTINGS_TOML, "[a\n", "f:1: a table's name");
    refuse(LS_SETTINGS_TOML, "a =\n", "f:1: no value");
    refuse(LS_SETTINGS_TOML, "a = \"\\q\"\n", "f:1: an unknown escape");
    memset(deep + 4, '[', sizeof(deep) - 5);
    refuse(LS_SETTINGS_TOML, deep, "f:1: nested too deep");
}

static void properties(void **state)
{
    static const char text[] = "# c\n! c\nflyway.url=jdbc:x\\\n    y\r\n a\\ b : c d \nk v\nempty\n\\u0061bc=\\u00e9\\t\n";

    (void)state;
    check(LS_SETTINGS_PROPERTIES, text, "flyway.url", "jdbc:xy", 3);
    check(LS_SETTINGS_PROPERTIES, text, "a b", "c d ", 5);
    check(LS_SETTINGS_PROPERTIES, text, "k", "v", 6);
    check(LS_SETTINGS_PROPERTIES, text, "empty", "", 7);
    check(LS_SETTINGS_PROPERTIES, text, "abc", "\xc3\xa9\t", 8);
    refuse(LS_SETTINGS_PROPERTIES, "a=1\nb=\\u00\n", "f:2: \\u wants four");
}

static void yaml(void **state)
{
    static const char text[] =
        "base: &b\n  dialect: postgres\n  dir: x\ndevelopment:\n  dir: \"y\"\n  <<: *b\n  list:\n  - 1\n  - a: 2\n";

    (void)state;
    check(LS_SETTINGS_YAML, text, "development.dialect", "postgres", 2);
    check(LS_SETTINGS_YAML, text, "development.dir", "y", 5);
    check(LS_SETTINGS_YAML, text, "development.list.0", "1", 8);
    check(LS_SETTINGS_YAML, text, "development.list.1.a", "2", 9);
    check(LS_SETTINGS_YAML, "", "a", NULL, 0);
    refuse(LS_SETTINGS_YAML, "a: [1\n", "f:2: ");
    refuse(LS_SETTINGS_YAML, "a: &a [*a]\n", "f:1: nested too deep");
    refuse(LS_SETTINGS_YAML, "[1]: 2\n", "f:1: a key that is no plain word");
}

static void json(void **state)
{
    static const char text[] = "{\"a\": {\"b\": [1, true, \"x\"]},\n \"c.d\": null}";

    (void)state;
    check(LS_SETTINGS_JSON, text, "a.b.1", "true", 1);
    check(LS_SETTINGS_JSON, text, "a.b.2", "x", 1);
    check(LS_SETTINGS_JSON, text, "c.d", "null", 1);
    refuse(LS_SETTINGS_JSON, "{\n\"a\": }", "f:2: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(env),
        cmocka_unit_test(env_variables),
        cmocka_unit_test(env_bomb),
        cmocka_unit_test(only), cmocka_unit_test(toml),
        cmocka_unit_test(properties), cmocka_unit_test(yaml), cmocka_unit_test(json),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
