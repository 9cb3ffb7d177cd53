#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/sqitch.h"
#include "lockstep/base/mem.h"

/* formats.md 10, observed: 1.3.1. */
#define HEAD     "%syntax-version=1.0.0\n%project=app\n%uri=https://example.com/app/\n\n"
#define ANN      "Ann \xc3\x96 <ann@example.com>"
#define A        "a 2026-11-21T07:54:26Z " ANN " # Adds a.\n"
#define V1       "@v1.0 2026-11-21T07:54:28Z " ANN " # tag it\n"
#define B        "b [a] 2026-11-21T07:55:01Z " ANN " # Adds b\n"
#define ID_A     "d1708af59ed5cb48d69b0bcbb2998a8d23cfeeb8"
#define ID_V1    "2baace9d856accd3be1c3135abec60c317772895"
#define ID_B     "27e9b32f3aa0b7221c1a8af2d6947b3f2d04c7e1"
#define SCRIPT_A "BEGIN; create table a(id int); COMMIT;\n"
#define HASH_A   "a43512497c428991cdccaa1d2be88157acded793"

static void has(const char *text, const char *words)
{
    if (text == NULL || strstr(text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, text != NULL ? text : "(nothing)");
}

struct plan {
    struct ls_arena *arena;
    struct ls_sqitch_plan p;
};

static void parse(struct plan *out, const char *text)
{
    out->arena = ls_arena_new();
    ls_sqitch_plan_parse(out->arena, text, strlen(text), &out->p);
}

static void release(struct plan *p)
{
    ls_sqitch_plan_release(&p->p);
    ls_arena_free(p->arena);
}

static void ids_are_those_of_the_tool(void **state)
{
    struct plan p;

    (void)state;
    parse(&p, HEAD A V1 B);
    assert_int_equal(p.p.errors.n, 0);
    assert_int_equal(p.p.items.n, 3);
    assert_string_equal(p.p.items.v[0].id, ID_A);
    assert_string_equal(p.p.items.v[1].id, ID_V1);
    assert_string_equal(p.p.items.v[2].id, ID_B);
    assert_true(p.p.items.v[1].is_tag);
    assert_string_equal(p.p.items.v[2].planner_name, "Ann \xc3\x96");
    assert_string_equal(p.p.items.v[2].planner_email, "ann@example.com");
    assert_int_equal(p.p.items.v[2].depends[0].item, 0);
    release(&p);
}

/* Observed: 1.3.1, with the project's URI left out, conflicts, another project, a rework and two tags on one change. */
static void more_ids(void **state)
{
    static const char text[] = "%syntax-version=1.0.0\n%project=app\n\n"
                               "a 2026-11-21T07:54:26Z " ANN " # Adds a.\\nTwo\\\\lines\n"
                               "b [a !zz other:x] 2026-11-21T07:55:01Z " ANN "\n"
                               "@v1 2026-11-21T07:56:00Z " ANN "\n"
                               "@v2 2026-11-21T07:56:01Z " ANN "\n"
                               "b [b@v2] 2026-11-21T07:57:00Z " ANN " # again\n"
                               "c [app:a @v1] 2026-11-21T07:58:00Z " ANN " # 0\n";
    static const char *const ids[] = {
        "aaebbf54d598c3b3074e0593fe975760fc2ba1ad", "a527cb6e96b0ac4f208668aaf552b2b2538b8f65",
        "eebf1caafb9374719b125057408320c7580763bf", "31eeae0b21667ea87b3f8607c2c4e24d89e68f12",
        "ee4738f420d3b475969aa37d10c489f8808efc5f", "528dd2af0ecdf1863e386a6101e10a1bf9fa30a5",
    };
    struct plan p;

    (void)state;
    parse(&p, text);
    assert_int_equal(p.p.errors.n, 0);
    assert_int_equal(p.p.items.n, 6);
    for (size_t i = 0; i < LS_ARRAY_LEN(ids); i++)
        assert_string_equal(p.p.items.v[i].id, ids[i]);
    assert_string_equal(p.p.items.v[0].note, "Adds a.\nTwo\\lines");
    assert_string_equal(p.p.items.v[1].rework_tags[0], "v1");
    assert_string_equal(p.p.items.v[1].rework_tags[1], "v2");
    assert_null(p.p.items.v[1].rework_tags[2]);
    assert_int_equal(p.p.items.v[4].depends[0].item, 1);
    assert_null(p.p.items.v[4].rework_tags);
    assert_string_equal(p.p.items.v[5].depends[0].text, "a");
    assert_string_equal(p.p.items.v[1].depends[2].text, "other:x");
    release(&p);
}

/* What the tool says of each was looked at in its source; it stops at the first. */
static void lines_that_are_wrong(void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"x", "missing timestamp and planner"},
        {"x 2026-11-21T07:54:26Z", "missing planner"},
        {"x " ANN, "missing timestamp"},
        {"x 2026-13-21T07:54:26Z " ANN, "no time"},
        {"x 2026-02-30T07:54:26Z " ANN, "no time"},
        {"-x 2026-11-21T07:54:26Z " ANN, "reverts"},
        {"x@y 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x:y 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x/1 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {".x 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x! 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x[a] 2026-11-21T07:54:26Z " ANN, "invalid name"},
        {"x [] 2026-11-21T07:54:26Z " ANN, "nothing between"},
        {"x [a 2026-11-21T07:54:26Z " ANN, "has no ]"},
        {"x [ a] 2026-11-21T07:54:26Z " ANN, "not a valid dependency"},
        {"x [a a] 2026-11-21T07:54:26Z " ANN, "duplicate dependency"},
        {"x [x] 2026-11-21T07:54:26Z " ANN, "cannot require itself"},
        {"x [nope] 2026-11-21T07:54:26Z " ANN, "unknown change"},
        {"x [a@nope] 2026-11-21T07:54:26Z " ANN, "unknown change"},
        {"x [@nope] 2026-11-21T07:54:26Z " ANN, "unknown change"},
        {"HEAD 2026-11-21T07:54:26Z " ANN, "reserved"},
        {ID_A " 2026-11-21T07:54:26Z " ANN, "SHA-1"},
        {"a 2026-11-21T07:54:26Z " ANN, "duplicates earlier declaration on line 5"},
        {"@a/b 2026-11-21T07:54:26Z " ANN, "illegal character"},
        {"@t [a] 2026-11-21T07:54:26Z " ANN, "may not specify"},
        {"#", "invalid name"},
        {"x \xff 2026-11-21T07:54:26Z " ANN, "UTF-8"},
        {"x 2026-11-21T07:54:26Z Ann <ann@example.com> more", "missing planner"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *text = ls_asprintf("%s%s%s\nlast 2026-11-21T08:00:00Z %s\n", HEAD, A, cases[i].line, ANN);
        struct plan p;

        parse(&p, text);
        if (p.p.errors.n != 1)
            fail_msg("%s: %zu errors", cases[i].line, p.p.errors.n);
        assert_int_equal(p.p.errors.v[0].line, 6);
        has(p.p.errors.v[0].message, cases[i].words);
        /* What stands behind it is there all the same. */
        assert_string_equal(p.p.items.v[p.p.items.n - 1].name, "last");
        release(&p);
        free(text);
    }
}

static void lines_that_are_right(void **state)
{
    static const struct {
        const char *line;
        size_t n_items;
    } cases[] = {
        {"x/y-z 2026-11-21T07:54:26Z " ANN, 2},
        {"  + x\t[a]2026-11-21T07:54:26Z" ANN "\r", 2},
        {"x [!nope other:y " ID_B "] 2026-11-21T07:54:26Z " ANN " # note # more", 2},
        {"# only words", 1},
        {"\t", 1},
        {" @t 2026-11-21T07:54:26Z " ANN, 2},
        {"x 2024-02-29T23:59:59Z A. B. <a b>", 2},
        {"\xc3\xa4 2026-11-21T07:54:26Z " ANN, 2},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *text = ls_asprintf("%s%s%s\n", HEAD, A, cases[i].line);
        struct plan p;

        parse(&p, text);
        if (p.p.errors.n != 0)
            fail_msg("%s: %s", cases[i].line, p.p.errors.v[0].message);
        assert_int_equal(p.p.items.n, cases[i].n_items);
        release(&p);
        free(text);
    }
}

static void heads(void **state)
{
    static const struct {
        const char *text, *words;
        int line;
    } cases[] = {
        {"", "missing %project", 0},
        {"%syntax-version=1.0.0\n\n" A, "missing %project", 0},
        {"%project=a b\n\n", "invalid project name", 1},
        {"%project=\n\n", "no value", 1},
        {"%project=x\n%a b\n\n" A, "no name that is one", 2},
        {"%project=x\n%a-=1\n\n" A, "no name that is one", 2},
        {"%project=x\n" A, "must come between", 2},
        {"\xef\xbb\xbf%project=x\n\n" A, "byte order mark", 1},
        {"%project=x\n\n" V1, "without a preceding change", 3},
    };
    struct plan p;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        parse(&p, cases[i].text);
        if (p.p.errors.n == 0)
            fail_msg("%s: no error", cases[i].text);
        assert_int_equal(p.p.errors.v[0].line, cases[i].line);
        has(p.p.errors.v[0].message, cases[i].words);
        release(&p);
    }
    parse(&p, "# words\n%syntax-version=1.0.0\n % project = x # y\n%uri=urn:x\n%other\n\n" A);
    assert_int_equal(p.p.errors.n, 0);
    assert_string_equal(p.p.project, "x");
    assert_string_equal(p.p.uri, "urn:x");
    release(&p);
}

/* Observed with the tool's library, URI 5.17. */
static void uris(void **state)
{
    static const char *const cases[][2] = {
        {"https://example.com/app/", "https://example.com/app/"},
        {"https://Example.com", "https://example.com/"},
        {"HTTPS://example.com:443/a%7eb%c3%a9 x", "https://example.com/a~b%C3%A9%20x"},
        {"http://example.com:8080", "http://example.com:8080/"},
        {"http://e.com?x=1", "http://e.com?x=1"},
        {"http://e.com:", "http://e.com/"},
        {"mailto:A@B.c", "mailto:A@B.c"},
        {"git@github.com:foo/bar", "git@github.com:foo/bar"},
        {"https://u@EX.com:80/x", "https://u@ex.com:80/x"},
        {"ssh://GIT@Host.com/x", "ssh://GIT@host.com/x"},
        {"https://e.com/\xc3\xa9", "https://e.com/%C3%A9"},
        {"x%", "x%"},
    };
    struct ls_arena *arena = ls_arena_new();

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++)
        assert_string_equal(ls_sqitch_uri(arena, cases[i][0]), cases[i][1]);
    ls_arena_free(arena);
}

static void conf(void **state)
{
    static const char text[] =
        "; words\n[core]\n  engine = sqlite # c\n\tTop_Dir = \"a b\" ; x\n[engine \"SQLite\"]\n\ttarget = db:sqlite:a\\\nb\n"
        "  flag\n x = \"b # c\\t\\\"\"\n[Engine.pg]\nregistry=r\n[core]\nengine=pg\n";
    struct ls_arena *arena = ls_arena_new();
    struct ls_sqitch_conf c;

    (void)state;
    ls_sqitch_conf_parse(arena, text, strlen(text), &c);
    assert_int_equal(c.error_line, 0);
    assert_string_equal(ls_sqitch_conf_get(&c, "core", "", "engine"), "pg"); /* the last one */
    assert_string_equal(ls_sqitch_conf_get(&c, "core", "", "top_dir"), "a b");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "SQLite", "target"), "db:sqlite:ab");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "SQLite", "flag"), "true");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "SQLite", "x"), "b # c\t\"");
    assert_string_equal(ls_sqitch_conf_get(&c, "engine", "pg", "registry"), "r");
    assert_null(ls_sqitch_conf_get(&c, "engine", "sqlite", "x"));
    ls_sqitch_conf_release(&c);
    ls_arena_free(arena);
}

static void conf_that_is_wrong(void **state)
{
    static const struct {
        const char *text;
        int line;
    } cases[] = {
        {"[core]\na=1\n[x\n", 3},  {"a=1\n", 1},         {"[core]\n a b\n", 2}, {"[core]\n a = \"x\n", 2},
        {"[core]\n a = \\q\n", 2}, {"[core]\n= x\n", 2}, {"[]\n", 1},           {"[core \"x]\n", 1},
    };
    struct ls_arena *arena = ls_arena_new();

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_sqitch_conf c;

        ls_sqitch_conf_parse(arena, cases[i].text, strlen(cases[i].text), &c);
        if (c.error_line != cases[i].line)
            fail_msg("%s: line %d", cases[i].text, c.error_line);
        assert_non_null(c.error);
        ls_sqitch_conf_release(&c);
    }
    ls_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_the_tool),
        cmocka_unit_test(more_ids),
        cmocka_unit_test(lines_that_are_wrong),
        cmocka_unit_test(lines_that_are_right),
        cmocka_unit_test(heads),
        cmocka_unit_test(uris),
        cmocka_unit_test(conf),
        cmocka_unit_test(conf_that_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
