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

/* One line: cells of their column's width, two blanks between, nothing behind the last. */
static void print_row(const struct cli_ctx *ctx, const struct cli_table *t, const char *const *cells, const int *width)
{
    struct ls_buf line = LS_BUF_INIT;

    for (size_t c = 0; c < t->n_columns; c++) {
        int pad = width[c] - ls_text_width(cells[c], strlen(cells[c]));

        if (c > 0)
            ls_buf_adds(&line, "  ");
        if (t->columns[c].align == CLI_RIGHT)
            ls_buf_repeat(&line, ' ', (size_t)pad);
        ls_buf_adds(&line, cells[c]);
        if (t->columns[c].align == CLI_LEFT)
            ls_buf_repeat(&line, ' ', (size_t)pad);
    }
    while (line.len > 0 && line.ptr[line.len - 1] == ' ')
        ls_buf_truncate(&line, line.len - 1);
    (void)fprintf(ctx->out, "%s\n", line.ptr);
    ls_buf_release(&line);
}

void cli_table_print(const struct cli_ctx *ctx, const struct cli_table *t, bool csv)
{
    if (csv) {
        print_csv(ctx, t);
        return;
    }
    size_t n = t->n_columns + t->cells.n;
    const char **clean = ls_arena_alloc(t->arena, n * sizeof(*clean));
    int *width = ls_arena_alloc(t->arena, t->n_columns * sizeof(*width));
    for (size_t i = 0; i < n; i++) {
        char *text = cli_clean(ctx, i < t->n_columns ? t->columns[i].title : t->cells.v[i - t->n_columns]);
        int w = ls_text_width(text, strlen(text));

        clean[i] = ls_arena_str(t->arena, text);
        free(text);
        if (w > width[i % t->n_columns])
            width[i % t->n_columns] = w;
    }
    for (size_t i = 0; i < n; i += t->n_columns)
        print_row(ctx, t, clean + i, width);
}
