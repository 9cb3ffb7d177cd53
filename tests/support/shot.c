/* The real console as a picture: runs a program in a pseudo-terminal, follows a script, writes the screen as SVG.
 *
 * usage: shot ROWSxCOLS OUT PROGRAM [ARG...] < script
 * script lines: `expect TEXT` waits for it, `gone TEXT` waits until it is not there, `keys KEYS` types (names as in pty.h), `settle` waits for silence.
 * `make screenshots` uses it (doc/module.am). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pty.h"

#define CELL_W 8.4
#define CELL_H 18

static int rows, cols;
static const char *out_path;
static const char *const *program;

static void put_escaped(FILE *f, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '&': fputs("&amp;", f); break;
        default: fputc(*s, f);
        }
    }
}

static bool same_style(const struct pty_cell *a, const struct pty_cell *b)
{
    return a->bold == b->bold && a->reverse == b->reverse && a->underline == b->underline && a->fg_default == b->fg_default &&
           a->bg_default == b->bg_default && memcmp(a->fg, b->fg, 3) == 0 && memcmp(a->bg, b->bg, 3) == 0;
}

static void colour(char out[8], bool is_default, const uint8_t rgb[3], const char *otherwise)
{
    if (is_default) {
        snprintf(out, 8, "%s", otherwise);
    } else {
        snprintf(out, 8, "#%02x%02x%02x", rgb[0], rgb[1], rgb[2]);
    }
}

/* One stretch of cells of one style, as a rectangle and a text. */
static void put_run(FILE *f, struct pty *p, int row, int from, int to, const struct pty_cell *style)
{
    char fg[8], bg[8], swap[8];
    colour(fg, style->fg_default, style->fg, "#d8dee9");
    colour(bg, style->bg_default, style->bg, "#10141c");
    if (style->reverse) {
        memcpy(swap, fg, 8);
        memcpy(fg, bg, 8);
        memcpy(bg, swap, 8);
    }
    fprintf(f, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", from * CELL_W, row * CELL_H, (to - from) * CELL_W, CELL_H, bg);
    fprintf(f, "<text x=\"%.1f\" y=\"%d\" fill=\"%s\" textLength=\"%.1f\"%s%s xml:space=\"preserve\">", from * CELL_W, row * CELL_H + 13, fg,
            (to - from) * CELL_W, style->bold ? " font-weight=\"bold\"" : "", style->underline ? " text-decoration=\"underline\"" : "");
    for (int col = from; col < to; col++) {
        struct pty_cell c = pty_cell_at(p, row, col);
        char utf8[8] = " ";
        if (c.ch == (uint32_t)-1) {
            continue;
        }
        if (c.ch >= 0x10000) {
            snprintf(utf8, sizeof utf8, "%c%c%c%c", (int)(0xf0 | (c.ch >> 18)), (int)(0x80 | ((c.ch >> 12) & 0x3f)), (int)(0x80 | ((c.ch >> 6) & 0x3f)),
                     (int)(0x80 | (c.ch & 0x3f)));
        } else if (c.ch >= 0x800) {
            snprintf(utf8, sizeof utf8, "%c%c%c", (int)(0xe0 | (c.ch >> 12)), (int)(0x80 | ((c.ch >> 6) & 0x3f)), (int)(0x80 | (c.ch & 0x3f)));
        } else if (c.ch >= 0x80) {
            snprintf(utf8, sizeof utf8, "%c%c", (int)(0xc0 | (c.ch >> 6)), (int)(0x80 | (c.ch & 0x3f)));
        } else if (c.ch) {
            snprintf(utf8, sizeof utf8, "%c", (int)c.ch);
        }
        put_escaped(f, utf8);
    }
    fputs("</text>\n", f);
}

static void write_svg(FILE *f, struct pty *p)
{
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" viewBox=\"0 0 %.0f %d\" font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" "
            "font-size=\"14\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#10141c\"/>\n",
            cols * CELL_W, rows * CELL_H, cols * CELL_W, rows * CELL_H);
    for (int row = 0; row < rows; row++) {
        for (int col = 0, from = 0; col < cols; col++) {
            struct pty_cell here = pty_cell_at(p, row, from), next = {0};
            bool last = col + 1 == cols;
            if (!last) {
                next = pty_cell_at(p, row, col + 1);
            }
            if (last || (next.ch != (uint32_t)-1 && !same_style(&here, &next))) {
                put_run(f, p, row, from, col + 1, &here);
                from = col + 1;
            }
        }
    }
    fputs("</svg>\n", f);
}

static void follow_script(struct pty *p)
{
    char line[512];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "expect ", 7) == 0) {
            pty_expect(p, line + 7);
        } else if (strncmp(line, "gone ", 5) == 0) {
            pty_expect_gone(p, line + 5);
        } else if (strncmp(line, "keys ", 5) == 0) {
            pty_keys(p, line + 5);
        } else if (strcmp(line, "settle") == 0) {
            pty_settle(p, 200, 5000);
        } else if (line[0] && line[0] != '#') {
            print_error("unknown script line: %s\n", line);
            fail();
        }
    }
}

static void shoot(void **state)
{
    (void)state;
    static const char *const env[] = {"COLORTERM=truecolor", "LC_ALL=C.UTF-8", NULL};
    struct pty_options opt = {.rows = rows, .cols = cols, .env = env};
    struct pty *p = pty_start(program, &opt);
    follow_script(p);
    FILE *f = fopen(out_path, "we");
    assert_non_null(f);
    write_svg(f, p);
    assert_int_equal(fclose(f), 0);
    pty_free(p);
}

int main(int argc, char **argv)
{
    if (argc < 4 || sscanf(argv[1], "%dx%d", &rows, &cols) != 2) {
        fprintf(stderr, "usage: shot ROWSxCOLS OUT PROGRAM [ARG...] < script\n");
        return 2;
    }
    out_path = argv[2];
    program = (const char *const *)argv + 3;
    const struct CMUnitTest tests[] = {cmocka_unit_test(shoot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
