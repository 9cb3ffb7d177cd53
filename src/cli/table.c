/* cli/table.c: lists, aligned by what the terminal shows, or as CSV (RFC 4180). */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/text.h"

void cli_table_init(struct cli_table *t, const struct cli_column *columns, size_t n)
{
    memset(t, 0, sizeof(*t));
    t->columns = columns;
    t->n_columns = n;
    t->arena = ls_arena_new();
}

void cli_table_add(struct cli_table *t, const char *cell)
{
    *LS_VEC_PUSH(&t->cells) = ls_arena_str(t->arena, cell ? cell : "");
}

void cli_table_lend(struct cli_table *t, const char *cell)
{
    *LS_VEC_PUSH(&t->cells) = cell ? cell : "";
}

void cli_table_addf(struct cli_table *t, const char *fmt, ...)
{
    struct ls_buf b = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(&b, fmt, ap);
    va_end(ap);
    cli_table_add(t, b.ptr);
    ls_buf_release(&b);
}

void cli_table_release(struct cli_table *t)
{
    LS_VEC_RELEASE(&t->cells);
    ls_arena_free(t->arena);
    t->arena = NULL;
}

static void csv_cell(const struct cli_ctx *ctx, const char *cell, bool is_title)
{
    if (is_title) {
        for (; *cell; cell++)
            (void)fputc(*cell >= 'A' && *cell <= 'Z' ? *cell + 32 : *cell == ' ' ? '_' : *cell, ctx->out);
        return;
    }
    /* What a spreadsheet would run as a formula is text here as well as anywhere: quoting is all that CSV has. */
    if (!strpbrk(cell, ",\"\r\n")) {
        (void)fputs(cell, ctx->out);
        return;
    }
    (void)fputc('"', ctx->out);
    for (; *cell; cell++) {
        if (*cell == '"')
            (void)fputc('"', ctx->out);
        (void)fputc(*cell, ctx->out);
    }
    (void)fputc('"', ctx->out);
}

static void print_csv(const struct cli_ctx *ctx, const struct cli_table *t)
{
    bool first = true;

    for (size_t c = 0; c < t->n_columns; c++) {
        if (!*t->columns[c].title)
            continue;
        if (!first)
            (void)fputc(',', ctx->out);
        csv_cell(ctx, t->columns[c].title, true);
        first = false;
    }
    (void)fputs("\r\n", ctx->out);
    for (size_t i = 0; i < t->cells.n; i += t->n_columns) {
        first = true;
        for (size_t c = 0; c < t->n_columns; c++) {
            if (!*t->columns[c].title)
                continue;
            if (!first)
                (void)fputc(',', ctx->out);
            char *clean = cli_clean(ctx, t->cells.v[i + c]);
            csv_cell(ctx, clean, false);
            free(clean);
            first = false;
        }
        (void)fputs("\r\n", ctx->out);
    }
}

/* A cell as it is shown. */
struct shown {
    const char *text;
    unsigned len;
    int width;
};

static struct shown show(const struct cli_ctx *ctx, const struct cli_table *t, const char *cell)
{
    struct shown s = {.text = cell, .len = (unsigned)strlen(cell)};

    s.width = (int)s.len; /* of plain text */
    if (!cli_is_plain(cell)) {
        char *clean = cli_clean(ctx, cell);

        s.text = ls_arena_str(t->arena, clean);
        free(clean);
        s.len = (unsigned)strlen(s.text);
        s.width = ls_text_width(s.text, s.len);
    }
    return s;
}

/* One line: cells of their column's width, two blanks between, nothing behind the last. */
static void print_row(const struct cli_ctx *ctx, const struct cli_table *t, const struct shown *cells, const int *width, struct ls_buf *line)
{
    ls_buf_clear(line);
    for (size_t c = 0; c < t->n_columns; c++) {
        size_t pad = (size_t)(width[c] - cells[c].width);

        if (c > 0)
            ls_buf_add(line, "  ", 2);
        if (t->columns[c].align == CLI_RIGHT)
            ls_buf_repeat(line, ' ', pad);
        ls_buf_add(line, cells[c].text, cells[c].len);
        if (t->columns[c].align == CLI_LEFT)
            ls_buf_repeat(line, ' ', pad);
    }
    while (line->len > 0 && line->ptr[line->len - 1] == ' ')
        ls_buf_truncate(line, line->len - 1);
    ls_buf_addc(line, '\n');
    (void)fwrite(line->ptr, 1, line->len, ctx->out);
}

void cli_table_print(const struct cli_ctx *ctx, const struct cli_table *t, bool csv)
{
    if (csv) {
        print_csv(ctx, t);
        return;
    }
    size_t n = t->n_columns + t->cells.n;
    struct shown *cells = LS_ARENA_ARRAY(t->arena, struct shown, n);
    int *width = LS_ARENA_ARRAY(t->arena, int, t->n_columns);
    struct ls_buf line = LS_BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        int *w = &width[i % t->n_columns];
        const char *cell = i < t->n_columns ? t->columns[i].title : t->cells.v[i - t->n_columns];

        /* The very text above it, lent again, as marks and states are. */
        if (i >= 2 * t->n_columns && cell == t->cells.v[i - 2 * t->n_columns])
            cells[i] = cells[i - t->n_columns];
        else
            cells[i] = show(ctx, t, cell);
        *w = cells[i].width > *w ? cells[i].width : *w;
    }
    for (size_t i = 0; i < n; i += t->n_columns)
        print_row(ctx, t, cells + i, width, &line);
    ls_buf_release(&line);
}
