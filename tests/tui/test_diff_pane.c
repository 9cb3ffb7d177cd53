/* The Diff pane in memory, and the texts it shows. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "tests/support/facts.h"
#include "tui/diffref.h"
#include "tui/jobs.h"
#include "tui/scene.h"
#include "tui/text_diff.h"

#define PROMISED                                                                                                          \
    "table public keys\n"                                                                                                 \
    "column public keys.id type=bigint position=1\n"                                                                      \
    "column public keys.type type=text 'not null'=yes position=2\n"                                                       \
    "column public keys.note type=text position=3\n"                                                                      \
    "constraint public keys.kinds form=check expression=\"(note = ANY (ARRAY['a'::text, 'b'::text]))\"\n"                 \
    "function public f() body='begin return 1; end'\n"                                                                \
    "table public gone\n"                                                                                                 \
    "column public gone.id type=bigint position=1\n"                                                                      \
    "view audit v body=' SELECT 1'\n"
#define FOUND                                                                                                             \
    "table public keys\n"                                                                                                 \
    "column public keys.id type=bigint position=1\n"                                                                      \
    "column public keys.key_type type=text 'not null'=yes position=2\n"                                                   \
    "column public keys.note type=text 'not null'=yes position=3\n"                                                       \
    "constraint public keys.kinds form=check expression=\"(note = ANY (ARRAY['a'::text, 'c'::text]))\"\n"                 \
    "index public keys.keys_note key=note method=btree\n"

static void open_diff(struct scene *s, int w, int h)
{
    struct diffref *r = ls_calloc(1, sizeof(*r));

    r->a = facts_catalog(LS_DIALECT_POSTGRES, "migrations", PROMISED);
    r->b = facts_catalog(LS_DIALECT_POSTGRES, "live", FOUND);
    ls_diff_make(r->a, r->b, NULL, &r->diff);
    scene_open(s, w, h, false);
    scene_connect(s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    pane_diff_set(&s->app, r);
    scene_keys(s, "7");
}

static void screens(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 80, 24);
    golden(&s, "diff-80x24");
    scene_close(&s);
    open_diff(&s, 160, 40);
    scene_keys(&s, "j j j j j j");
    golden(&s, "diff-160x40");
    scene_keys(&s, "u");
    golden(&s, "diff-columns-160x40");
    scene_close(&s);
}

/* Known without being asked for: in the header, and above the timeline. */
static void drift_is_told(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 80, 24);
    scene_keys(&s, "1");
    golden(&s, "drift-80x24");
    assert_true(scene_shows(&s, "DRIFT: the database differs in 7 places"));
    scene_close(&s);
}

static void a_renaming_is_asked_for(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 120, 40);
    scene_keys(&s, "'/key_type' Enter j");
    assert_true(scene_shows(&s, "column type -> key_type?"));
    assert_true(scene_shows(&s, "the same type, the same place"));
    scene_keys(&s, "x Esc");
    assert_false(scene_shows(&s, "type -> key_type"));
    assert_true(scene_shows(&s, "- column type"));
    assert_true(scene_shows(&s, "+ column key_type"));
    scene_keys(&s, "'/key_type' Enter j a Esc");
    assert_true(scene_shows(&s, "column type -> key_type"));
    assert_false(scene_shows(&s, "column type -> key_type?"));
    scene_close(&s);
}

static void filters(void **state)
{
    struct scene s;

    (void)state;
    open_diff(&s, 80, 40);
    assert_true(scene_shows(&s, "table gone"));
    scene_keys(&s, "f");
    assert_true(scene_shows(&s, "only loses data (1)"));
    scene_keys(&s, "j Enter");
    assert_true(scene_shows(&s, "table gone"));
    assert_false(scene_shows(&s, "keys_note"));
    assert_true(scene_shows(&s, "1 difference, "));
    scene_keys(&s, "f Enter"); /* everything */
    assert_true(scene_shows(&s, "keys_note"));
    scene_keys(&s, "'/loses' Enter");
    assert_true(scene_shows(&s, "table gone"));
    assert_false(scene_shows(&s, "keys_note"));
    scene_keys(&s, "'/zzzz' Enter");
    assert_true(scene_shows(&s, "Nothing is left"));
    scene_keys(&s, "Esc");
    assert_true(scene_shows(&s, "keys_note"));
    scene_close(&s);
}

static void sides_are_asked_for_and_an_error_is_told(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct scene s;

    (void)state;
    scene_open(&s, 80, 24, false);
    scene_connect(&s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    scene_keys(&s, "7");
    assert_true(scene_shows(&s, "migrations  against  live"));
    scene_keys(&s, "s");
    assert_true(scene_shows(&s, "migrations"));
    scene_keys(&s, "C-u 'dir:x' Enter C-u 'file:y.sql' Enter");
    assert_true(scene_shows(&s, "Reading dir:x and file:y.sql"));
    scene_keys(&s, "x");
    assert_true(scene_shows(&s, "cancel was asked for"));
    ls_err_release(&err);
    scene_close(&s);
}

static void a_report_is_written(void **state)
{
    char *tmp = getenv("LS_TEST_TMP"), *path = ls_asprintf("%s/report.md", tmp ? tmp : "/tmp");
    struct ls_buf keys = LS_BUF_INIT, text = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    struct scene s;

    (void)state;
    (void)unlink(path);
    open_diff(&s, 80, 24);
    ls_buf_addf(&keys, "w C-u '%s' Enter", path);
    scene_keys(&s, keys.ptr);
    assert_int_equal(ls_file_read(path, 0, 1 << 20, &text, &err), LS_OK);
    assert_non_null(strstr(text.ptr, "# Schema differences"));
    assert_non_null(strstr(text.ptr, "| - | table gone |"));
    scene_close(&s);
    (void)unlink(path);
    free(path);
    ls_buf_release(&keys);
    ls_buf_release(&text);
}

static char *lines_of(struct ui_doc *d)
{
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < d->lines.n; i++) {
        ls_buf_add(&b, d->lines.v[i].text, d->lines.v[i].len);
        ls_buf_addc(&b, '\n');
    }
    ui_doc_free(d);
    return ls_buf_detach(&b);
}

static void texts_line_by_line(void **state)
{
    static const struct {
        const char *a, *b, *expected;
    } cases[] = {
        {"one", "one", ""},
        {"one", "two", "- one\n+ two\n"},
        {"a\nb\nc", "a\nx\nc", "  a\n- b\n+ x\n  c\n"},
        {"a\nb", "a\nb\nc", "  a\n  b\n+ c\n"},
        {"a\nb\nc", "c", "- a\n- b\n  c\n"},
        {NULL, "new", "+ new\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\n5\n6\n7\n8\nx", "  (5 lines alike)\n  6\n  7\n  8\n- 9\n+ x\n"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ui_doc *d = ui_doc_new(true);
        char *got;

        text_diff_unified(d, cases[i].a, cases[i].b);
        got = lines_of(d);
        /* Two texts that are the same have nothing to tell. */
        if (strcmp(cases[i].expected, "") != 0 || strstr(got, "- ") || strstr(got, "+ "))
            assert_string_equal(got, cases[i].expected);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens),
        cmocka_unit_test(drift_is_told),
        cmocka_unit_test(a_renaming_is_asked_for),
        cmocka_unit_test(filters),
        cmocka_unit_test(sides_are_asked_for_and_an_error_is_told),
        cmocka_unit_test(a_report_is_written),
        cmocka_unit_test(texts_line_by_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
