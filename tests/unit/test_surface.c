/* Cells: clipping, wide and combining characters, hostile text, boxes; and documents. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tui/doc.h"
#include "tui/surface.h"

/* Row y as text, blanks included. */
static void row_text(const struct ui_grid *g, int y, struct ls_buf *out)
{
    ls_buf_clear(out);
    for (int x = 0; x < g->w; x++) {
        const struct ui_cell *c = &g->cells[(size_t)y * (size_t)g->w + (size_t)x];

        if (c->width == 0)
            continue;
        if (c->len)
            ls_buf_add(out, ui_cell_text(g, c), c->len);
        else
            ls_buf_addc(out, ' ');
    }
}

static void expect_row(const struct ui_grid *g, int y, const char *want)
{
    struct ls_buf b = LS_BUF_INIT;

    row_text(g, y, &b);
    assert_string_equal(b.ptr, want);
    ls_buf_release(&b);
}

static int sum_widths(const struct ui_grid *g, int y)
{
    int n = 0;

    for (int x = 0; x < g->w; x++)
        n += g->cells[(size_t)y * (size_t)g->w + (size_t)x].width;
    return n;
}

static void test_drawing_clips_everywhere(void **state)
{
    struct ui_grid g;
    struct ui_surface s, sub;

    (void)state;
    ui_grid_init(&g, 10, 3, false);
    s = ui_surface_of(&g);
    sub = ui_surface_sub(&s, 6, 1, 20, 20);
    assert_int_equal(sub.w, 4);
    assert_int_equal(sub.h, 2);
    assert_int_equal(ui_str(&sub, 0, 0, -1, "abcdefgh", UI_ROLE(ROLE_TEXT)), 4);
    expect_row(&g, 1, "      abc…");
    (void)ui_str(&s, 0, -1, -1, "no", UI_ROLE(ROLE_TEXT));
    (void)ui_str(&s, 0, 3, -1, "no", UI_ROLE(ROLE_TEXT));
    (void)ui_str(&s, 12, 0, -1, "no", UI_ROLE(ROLE_TEXT));
    ui_fill(&s, -5, -5, 100, 2, UI_ROLE(ROLE_HINT));
    ui_box(&sub, "a title that is too long", ROLE_DIALOG, UI_ROLE(ROLE_BORDER));
    sub = ui_surface_sub(&s, 5, 5, 3, 3);
    assert_int_equal(sub.w * sub.h, 0);
    assert_int_equal(ui_str(&sub, 0, 0, -1, "x", UI_ROLE(ROLE_TEXT)), 0);
    expect_row(&g, 0, "          ");
    ui_grid_release(&g);
}

static void test_wide_characters_keep_columns(void **state)
{
    struct ui_grid g;
    struct ui_surface s;

    (void)state;
    ui_grid_init(&g, 8, 2, false);
    s = ui_surface_of(&g);
    assert_int_equal(ui_str(&s, 0, 0, 5, "日本語です", UI_ROLE(ROLE_TEXT)), 5);
    assert_int_equal(sum_widths(&g, 0), 8);
    expect_row(&g, 0, "日本…   ");
    /* Drawing over one half takes the other half away. */
    (void)ui_str(&s, 1, 0, 1, "x", UI_ROLE(ROLE_TEXT));
    assert_int_equal(sum_widths(&g, 0), 8);
    expect_row(&g, 0, " x本…   ");
    /* A wide one does not fit into the last cell. */
    (void)ui_str(&s, 7, 1, -1, "語", UI_ROLE(ROLE_TEXT));
    assert_int_equal(sum_widths(&g, 1), 8);
    ui_grid_release(&g);
}

static void test_combining_characters_stay_in_their_cell(void **state)
{
    struct ui_grid g;
    struct ui_surface s;

    (void)state;
    ui_grid_init(&g, 6, 1, false);
    s = ui_surface_of(&g);
    assert_int_equal(ui_str(&s, 0, 0, -1, "e\xCC\x81t", UI_ROLE(ROLE_TEXT)), 2);
    expect_row(&g, 0, "e\xCC\x81t    ");
    ui_grid_release(&g);
}

static void test_hostile_text_becomes_visible(void **state)
{
    struct ui_grid g;
    struct ui_surface s;
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    ui_grid_init(&g, 40, 1, false);
    s = ui_surface_of(&g);
    (void)ui_str(&s, 0, 0, -1, "a\033[2Jb\r\xE2\x80\xAE", UI_ROLE(ROLE_TEXT));
    row_text(&g, 0, &b);
    assert_null(memchr(b.ptr, 0x1b, b.len));
    assert_null(memchr(b.ptr, '\r', b.len));
    assert_non_null(strstr(b.ptr, "<1B>"));
    assert_non_null(strstr(b.ptr, "<U+202E>"));
    assert_int_equal(g.cells[0].role, ROLE_TEXT);
    assert_int_equal(g.cells[1].role, ROLE_TOKEN);
    assert_int_equal(g.cells[5].role, ROLE_TEXT);
    ls_buf_release(&b);
    ui_grid_release(&g);
}

static void test_ascii_screens_hold_only_ascii(void **state)
{
    struct ui_grid g;
    struct ui_surface s;
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    ui_grid_init(&g, 30, 6, true);
    s = ui_surface_of(&g);
    ui_box(&s, "t", ROLE_DIALOG, UI_ROLE(ROLE_BORDER));
    (void)ui_str(&s, 1, 1, 8, "größer als das", UI_ROLE(ROLE_TEXT));
    ui_progress(&s, 1, 2, 10, 5, 10, 0, ROLE_TEXT);
    ui_scrollbar(&s, 29, 1, 4, 0, 4, 100, UI_ROLE(ROLE_TEXT));
    for (int y = 0; y < 6; y++) {
        row_text(&g, y, &b);
        for (size_t i = 0; i < b.len; i++)
            assert_in_range((unsigned char)b.ptr[i], 0x20, 0x7e);
    }
    ls_buf_release(&b);
    ui_grid_release(&g);
}

static void test_long_graphemes_live_in_the_pool(void **state)
{
    static const char stack[] = "a\xE2\x83\x90\xE2\x83\x91\xE2\x83\x92\xE2\x83\x93"; /* one letter, four marks: 13 bytes */
    struct ui_grid a, b;
    struct ui_surface s;
    struct ls_buf t = LS_BUF_INIT;

    (void)state;
    ui_grid_init(&a, 4, 1, false);
    ui_grid_init(&b, 4, 1, false);
    s = ui_surface_of(&a);
    (void)ui_raw(&s, 0, 0, -1, 0, stack, sizeof(stack) - 1, UI_ROLE(ROLE_TEXT));
    s = ui_surface_of(&b);
    (void)ui_raw(&s, 2, 0, -1, 0, stack, sizeof(stack) - 1, UI_ROLE(ROLE_TEXT));
    (void)ui_raw(&s, 0, 0, -1, 0, stack, sizeof(stack) - 1, UI_ROLE(ROLE_TEXT));
    assert_true(a.cells[0].len > UI_CELL_INLINE);
    assert_true(ui_cell_equal(&a, &a.cells[0], &b, &b.cells[0]));
    assert_int_not_equal(a.cells[0].u.pool, b.cells[0].u.pool);
    ls_buf_release(&t);
    ui_grid_release(&a);
    ui_grid_release(&b);
}

static void test_matches_are_marked(void **state)
{
    struct ui_grid g;
    struct ui_surface s;

    (void)state;
    ui_grid_init(&g, 20, 1, false);
    s = ui_surface_of(&g);
    (void)ui_str_match(&s, 0, 0, -1, "add_Email_email", "email", UI_ROLE(ROLE_TEXT));
    assert_int_equal(g.cells[3].role, ROLE_TEXT);
    assert_int_equal(g.cells[4].role, ROLE_MATCH);
    assert_int_equal(g.cells[8].role, ROLE_MATCH);
    assert_int_equal(g.cells[9].role, ROLE_TEXT);
    assert_int_equal(g.cells[14].role, ROLE_MATCH);
    ui_grid_release(&g);
}

static void test_when_is_shortened_only_when_it_is_a_time(void **state)
{
    struct ui_grid g;
    struct ui_surface s;

    (void)state;
    ui_grid_init(&g, 24, 3, false);
    s = ui_surface_of(&g);
    (void)ui_when(&s, 0, 0, "2026-11-29T16:38:44.123Z", false, UI_ROLE(ROLE_TEXT));
    (void)ui_when(&s, 0, 1, "2026-11-29T16:38:44.123Z", true, UI_ROLE(ROLE_TEXT));
    (void)ui_when(&s, 0, 2, "yesterday", true, UI_ROLE(ROLE_TEXT));
    expect_row(&g, 0, "2026-11-29 16:38        ");
    expect_row(&g, 1, "2026-11-29 16:38:44     ");
    expect_row(&g, 2, "yesterday               ");
    ui_grid_release(&g);
}

/* --- documents ---------------------------------------------------------------------------------------------------- */

static enum theme_role role_at(const struct ui_doc_line *l, uint32_t byte)
{
    for (uint32_t i = 0; i < l->n_spans; i++) {
        if (byte < l->spans[i].end)
            return l->spans[i].role;
    }
    return N_ROLES;
}

static void test_sql_is_coloured_and_numbered(void **state)
{
    static const char sql[] = "SELECT 'a' -- why\nFROM t;";
    struct ui_doc *d = ui_doc_new(false);

    (void)state;
    ui_doc_sql(d, LS_DIALECT_POSTGRES, sql, sizeof(sql) - 1, 7, 0);
    assert_int_equal(d->lines.n, 2);
    assert_string_equal(d->lines.v[0].text, "   7 SELECT 'a' -- why");
    assert_string_equal(d->lines.v[1].text, "   8 FROM t;");
    assert_int_equal(role_at(&d->lines.v[0], 0), ROLE_DIM);
    assert_int_equal(role_at(&d->lines.v[0], 5), ROLE_SQL_KEYWORD);
    assert_int_equal(role_at(&d->lines.v[0], 12), ROLE_SQL_STRING);
    assert_int_equal(role_at(&d->lines.v[0], 16), ROLE_SQL_COMMENT);
    ui_doc_free(d);
}

static void test_a_string_over_lines_keeps_its_colour(void **state)
{
    static const char sql[] = "$$one\ntwo$$";
    struct ui_doc *d = ui_doc_new(false);

    (void)state;
    ui_doc_sql(d, LS_DIALECT_POSTGRES, sql, sizeof(sql) - 1, 0, 2);
    assert_int_equal(d->lines.n, 2);
    assert_string_equal(d->lines.v[1].text, "  two$$");
    assert_int_equal(role_at(&d->lines.v[1], 3), ROLE_SQL_STRING);
    ui_doc_free(d);
}

static void test_documents_are_sanitised_and_bounded(void **state)
{
    struct ui_doc *d = ui_doc_new(false);
    struct ls_buf big = LS_BUF_INIT;

    (void)state;
    ui_doc_text(d, ROLE_TEXT, "x\033]52;c;aGk=\ay\tz\r\nend");
    assert_int_equal(d->lines.n, 2);
    assert_null(strchr(d->lines.v[0].text, 0x1b));
    assert_null(strchr(d->lines.v[0].text, '\t'));
    assert_int_equal(role_at(&d->lines.v[0], 1), ROLE_TOKEN);
    assert_string_equal(d->lines.v[1].text, "end");
    ls_buf_repeat(&big, 'q', 3 * UI_DOC_MAX_LINE);
    ui_doc_text(d, ROLE_TEXT, big.ptr);
    for (size_t i = 0; i < d->lines.n; i++)
        assert_true(d->lines.v[i].len <= UI_DOC_MAX_LINE);
    ls_buf_clear(&big);
    ls_buf_repeat(&big, '-', UI_DOC_MAX_BYTES + 10);
    ui_doc_sql(d, LS_DIALECT_SQLITE, big.ptr, big.len, 1, 0);
    assert_non_null(strstr(d->lines.v[d->lines.n - 1].text, "10 bytes more"));
    ls_buf_release(&big);
    ui_doc_free(d);
}

static void test_paragraphs_wrap_at_words(void **state)
{
    struct ui_doc *d = ui_doc_new(false);

    (void)state;
    ui_doc_wrap(d, ROLE_TEXT, 20, 2, "the quick brown fox jumps\nover");
    assert_int_equal(d->lines.n, 3);
    assert_string_equal(d->lines.v[0].text, "  the quick brown ");
    assert_string_equal(d->lines.v[1].text, "  fox jumps");
    assert_string_equal(d->lines.v[2].text, "  over");
    ui_doc_free(d);
}

static void test_texts_can_be_made_narrower(void **state)
{
    struct ui_doc *d = ui_doc_new(false);

    (void)state;
    ui_doc_text(d, ROLE_TEXT, "short");
    ui_doc_adds(d, ROLE_DIM, "  the quick ");
    ui_doc_adds(d, ROLE_ERROR, "brown fox jumps");
    ui_doc_end(d);
    ui_doc_mark(d);
    ui_doc_narrow(d, 40);
    assert_int_equal(d->lines.n, 2);
    ui_doc_narrow(d, 14);
    assert_int_equal(d->lines.n, 4);
    assert_string_equal(d->lines.v[0].text, "short");
    assert_string_equal(d->lines.v[1].text, "  the quick ");
    assert_true(d->lines.v[1].is_mark);
    assert_string_equal(d->lines.v[2].text, "  brown fox ");
    assert_int_equal(d->lines.v[2].spans[d->lines.v[2].n_spans - 1].role, ROLE_ERROR);
    assert_string_equal(d->lines.v[3].text, "  jumps");
    assert_false(d->lines.v[3].is_mark);
    ui_doc_narrow(d, 5); /* a word that fits nowhere is cut, and nothing is lost */
    for (size_t i = 0; i < d->lines.n; i++)
        assert_true(d->lines.v[i].len <= 5);
    ui_doc_free(d);
}

static void test_views_scroll_and_jump(void **state)
{
    struct ui_doc *d = ui_doc_new(false);
    struct ui_view v = {0};

    (void)state;
    for (int i = 0; i < 30; i++) {
        ui_doc_textf(d, ROLE_TEXT, "line %d", i);
        if (i == 10 || i == 20)
            ui_doc_mark(d);
    }
    ui_view_layout(&v, d, 10);
    assert_true(ui_view_action(&v, d, UI_ACT_PAGE_DOWN));
    assert_int_equal(v.pos.cursor, 10);
    assert_true(ui_view_action(&v, d, UI_ACT_BOTTOM));
    assert_int_equal(v.pos.cursor, 20);
    assert_true(ui_view_action(&v, d, UI_ACT_DOWN));
    assert_int_equal(v.pos.cursor, 20);
    assert_true(ui_view_action(&v, d, UI_ACT_TOP));
    ui_view_next_mark(&v, d);
    assert_int_equal(v.pos.cursor, 10);
    ui_view_next_mark(&v, d);
    assert_int_equal(v.pos.cursor, 20);
    ui_view_next_mark(&v, d);
    assert_int_equal(v.pos.cursor, 10);
    ui_doc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawing_clips_everywhere),
        cmocka_unit_test(test_wide_characters_keep_columns),
        cmocka_unit_test(test_combining_characters_stay_in_their_cell),
        cmocka_unit_test(test_hostile_text_becomes_visible),
        cmocka_unit_test(test_ascii_screens_hold_only_ascii),
        cmocka_unit_test(test_long_graphemes_live_in_the_pool),
        cmocka_unit_test(test_matches_are_marked),
        cmocka_unit_test(test_when_is_shortened_only_when_it_is_a_time),
        cmocka_unit_test(test_sql_is_coloured_and_numbered),
        cmocka_unit_test(test_a_string_over_lines_keeps_its_colour),
        cmocka_unit_test(test_documents_are_sanitised_and_bounded),
        cmocka_unit_test(test_paragraphs_wrap_at_words),
        cmocka_unit_test(test_texts_can_be_made_narrower),
        cmocka_unit_test(test_views_scroll_and_jump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
