#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/model/graph.h"

static const struct ls_timeline_rules rules = {.applied = "here", .pending_next = "next", .pending_later = "later"};

/* "a b:a c:a d:b,c": ids with their parents, oldest first. Draws it. */
static char *drawn(const char *revisions, bool is_newest_first, bool ascii)
{
    struct ls_migrations m = {.arena = ls_arena_new(), .dir = "d"};
    struct ls_ledger l = {.arena = ls_arena_new(), .shape = LS_LEDGER_HEADS};
    struct ls_timeline t;
    struct ls_graph g;
    struct ls_buf b = LS_BUF_INIT;
    char *copy = ls_strdup(revisions), *rest = copy, *word;

    while ((word = strsep(&rest, " "))) {
        struct ls_migration *mig = LS_VEC_PUSH(&m.m);
        char *parents = strchr(word, ':');
        const char **list = LS_ARENA_ARRAY(m.arena, const char *, 16);
        size_t n = 0;

        if (parents)
            *parents++ = '\0';
        for (char *p; parents && (p = strsep(&parents, ","));)
            list[n++] = ls_arena_str(m.arena, p);
        mig->id = mig->label = mig->name = ls_arena_str(m.arena, word);
        mig->parents = list;
        if (word[0] == 't')
            mig->kind = LS_KIND_TAG;
    }
    ls_timeline_build(&m, &l, &rules, &t);
    ls_graph_build(&t, &g);
    for (size_t i = 0; i < t.e.n; i++) {
        size_t row = is_newest_first ? t.e.n - 1 - i : i;

        if (g.n_lanes == 0)
            break;
        ls_graph_row(&g, row, is_newest_first, ascii, &b);
        ls_buf_addf(&b, "%s\n", t.e.v[row].id);
    }
    ls_graph_release(&g);
    ls_timeline_release(&t);
    ls_migrations_release(&m);
    ls_ledger_release(&l);
    free(copy);
    return ls_buf_detach(&b);
}

static void check(const char *revisions, bool is_newest_first, bool ascii, const char *expected)
{
    char *got = drawn(revisions, is_newest_first, ascii);

    assert_string_equal(got, expected);
    free(got);
}

static void a_chain(void **state)
{
    (void)state;
    check("a b:a c:b", true, false, "◉ c\n● b\n○ a\n");
    check("a b:a c:b", false, false, "○ a\n● b\n◉ c\n");
    check("a b c", true, false, ""); /* no parents: nothing to draw */
}

static void two_heads(void **state)
{
    (void)state;
    check("a b:a c:a", true, false, "◉   c\n│ ◉ b\n○─╯ a\n");
    check("a b:a c:a", false, false, "○─╮ a\n│ ◉ b\n◉   c\n");
    check("a b:a c:a", true, true, "@   c\n| @ b\no-/ a\n");
}

static void a_merge(void **state)
{
    (void)state;
    check("a b:a c:a d:b,c", true, false, "◉─╮ d\n│ ● c\n● │ b\n○─╯ a\n");
    check("a b:a c:a d:b,c e:d", true, false, "◉   e\n●─╮ d\n│ ● c\n● │ b\n○─╯ a\n");
}

static void lanes_are_crossed(void **state)
{
    (void)state;
    /* f builds on a while two others are open: its line crosses them. */
    check("a b:a c:a d:a e:b,c,d", true, false, "◉─┬─╮ e\n│ │ ● d\n│ ● │ c\n● │ │ b\n○─┴─╯ a\n");
}

static void what_is_not_there_has_no_edge(void **state)
{
    (void)state;
    check("a b:zz c:b", true, false, "◉ c\n● b\n◉ a\n");
    check("a:b b:a", true, false, "◉ b\n● a\n"); /* a cycle: a's parent stands behind it */
}

static void tags_are_passed_by(void **state)
{
    (void)state;
    check("a b:a t1 c:a", true, false, "◉   c\n│   t1\n│ ◉ b\n○─╯ a\n");
}

static void many_lanes_are_cut(void **state)
{
    struct ls_buf b = LS_BUF_INIT;
    char *got;
    int lines = 0;

    (void)state;
    ls_buf_adds(&b, "r");
    for (int i = 0; i < 400; i++)
        ls_buf_addf(&b, " h%d:r", i);
    got = drawn(b.ptr, true, false);
    for (const char *p = got; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 401);
    assert_non_null(strstr(got, "…"));
    free(got);
    ls_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain),
        cmocka_unit_test(two_heads),
        cmocka_unit_test(a_merge),
        cmocka_unit_test(lanes_are_crossed),
        cmocka_unit_test(what_is_not_there_has_no_edge),
        cmocka_unit_test(tags_are_passed_by),
        cmocka_unit_test(many_lanes_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
