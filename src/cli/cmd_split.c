/* cli/cmd_split.c: a file's statements as the engine sees them. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/split.h"

enum ls_rc cli_read_in(struct cli_ctx *ctx, struct ls_buf *out)
{
    char chunk[65536];
    size_t n;

    if (!ctx->io->in)
        return ls_err_set(&ctx->error, LS_E_USAGE, "there is no standard input here; name a file");
    while ((n = fread(chunk, 1, sizeof(chunk), ctx->io->in)) > 0) {
        if (out->len + n > LS_FILE_MAX_BYTES)
            return ls_err_set(&ctx->error, LS_E_INPUT, "standard input is longer than %zu MiB", LS_FILE_MAX_BYTES >> 20);
        ls_buf_add(out, chunk, n);
    }
    return ferror(ctx->io->in) ? ls_err_sys(&ctx->error, "standard input") : LS_OK;
}

/* --dialect, or the one of the database that is named. */
static enum ls_rc find_dialect(struct cli_ctx *ctx, enum ls_dialect *out)
{
    struct ls_err quiet = LS_ERR_INIT;
    enum ls_rc rc = LS_E_USAGE;

    if (cli_has(ctx, CLI_O(DIALECT))) {
        if (ls_dialect_parse(ctx->v->text[CLI_OPT_DIALECT], out))
            return LS_OK;
        return ls_err_set(&ctx->error, LS_E_USAGE, "there is no dialect '%s'; there are postgres and sqlite", ctx->v->text[CLI_OPT_DIALECT]);
    }
    if (cli_load(ctx, false) != LS_OK)
        return ctx->error.code;
    if (ctx->target.params.url)
        rc = ls_db_url_dialect(ctx->target.params.url, out, &quiet);
    ls_err_release(&quiet);
    if (rc == LS_OK || rc == LS_E_UNSUPPORTED)
        return LS_OK;
    return ls_err_set(&ctx->error, LS_E_USAGE, "say --dialect postgres or --dialect sqlite");
}

static json_t *stmt_json(const struct ls_stmt *s, const char *text)
{
    json_t *o = json_object();
    char *sql = ls_strndup(text + s->start, s->end - s->start);

    cli_json_int(o, "start", (int64_t)s->start);
    cli_json_int(o, "end", (int64_t)s->end);
    cli_json_int(o, "line", s->line);
    cli_json_int(o, "column", s->col);
    cli_json_set(o, "class", ls_tx_class_name(s->tx));
    cli_json_set(o, "sql", sql);
    free(sql);
    return o;
}

static void print_stmt(struct cli_ctx *ctx, const struct ls_stmt *s, const char *text, const char *path)
{
    if (cli_has(ctx, CLI_O(OFFSETS))) {
        (void)fprintf(ctx->out, "%zu %zu\n", s->start, s->end);
        return;
    }
    cli_print(ctx, "-- %s:%d:%d %s", path, s->line, s->col, ls_tx_class_name(s->tx));
    if (ctx->io->out_is_tty) {
        char *sql = ls_strndup(text + s->start, s->end - s->start);
        cli_lines(ctx, ctx->out, "", sql);
        free(sql);
        (void)fputs(";\n", ctx->out);
    } else {
        cli_data(ctx, text + s->start, s->end - s->start);
        (void)fputs("\n;\n", ctx->out);
    }
}

static int show(struct cli_ctx *ctx, const struct ls_stmts *stmts, const char *text, const char *path)
{
    bool bad = stmts->error != LS_SPLIT_OK;

    if (ctx->root) {
        json_t *a = json_array();

        for (size_t i = 0; i < stmts->n; i++)
            (void)json_array_append_new(a, stmt_json(&stmts->v[i], text));
        (void)json_object_set_new(ctx->root, "statements", a);
        if (bad) {
            cli_json_set(ctx->root, "kind", ls_split_error_name(stmts->error));
            cli_json_int(ctx->root, "line", stmts->error_line);
        }
    } else if (bad) {
        (void)fprintf(ctx->out, "error %s %d\n", ls_split_error_name(stmts->error), stmts->error_line);
    } else {
        for (size_t i = 0; i < stmts->n; i++)
            print_stmt(ctx, &stmts->v[i], text, path);
    }
    if (!bad)
        return 0;
    (void)ls_err_wrap(&ctx->error, "%s", path);
    return cli_fail(ctx);
}

int cli_cmd_split(struct cli_ctx *ctx)
{
    const char *path = ctx->words.args[0];
    bool from_stdin = strcmp(path, "-") == 0;
    struct ls_buf text = LS_BUF_INIT;
    struct ls_stmts stmts = {0};
    enum ls_dialect dialect = LS_DIALECT_POSTGRES;
    int code;

    if (find_dialect(ctx, &dialect) != LS_OK || (from_stdin ? cli_read_in(ctx, &text) : ls_file_read(path, 0, 0, &text, &ctx->error)) != LS_OK) {
        ls_buf_release(&text);
        return cli_fail(ctx);
    }
    (void)ls_sql_split(dialect, text.ptr, text.len, &stmts, &ctx->error);
    code = show(ctx, &stmts, text.ptr, from_stdin ? "-" : path);
    ls_stmts_release(&stmts);
    ls_buf_release(&text);
    return code;
}
