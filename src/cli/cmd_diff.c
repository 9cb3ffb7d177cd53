/* cli/cmd_diff.c: diff, drift, snapshot, erd: the commands about sides. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/file.h"

/* As diff(1): 1 is "different", so that an error is 2 at least. */
static int error_code(int code)
{
    return code == 1 ? 2 : code;
}

static int compare(struct cli_ctx *ctx, const char *a, const char *b, int different)
{
    struct cli_compare c;
    enum ls_rc rc = cli_compare_begin(&c, ctx);
    int code = 0;

    if (rc == LS_OK)
        rc = cli_compare_sides(&c, a, b);
    if (rc == LS_OK) {
        cli_print_diff(&c);
        code = ls_diff_is_equal(&c.diff) ? 0 : different;
    }
    cli_compare_end(&c);
    if (rc != LS_OK)
        return different == 1 ? error_code(cli_fail(ctx)) : cli_fail(ctx);
    /* What could not be written is no answer. */
    if (different == 1 && (fflush(ctx->out) != 0 || ferror(ctx->out)))
        return 2;
    return code;
}

int cli_cmd_diff(struct cli_ctx *ctx)
{
    return compare(ctx, ctx->words.args[0], ctx->words.n_args > 1 ? ctx->words.args[1] : "live", 1);
}

int cli_cmd_drift(struct cli_ctx *ctx)
{
    return compare(ctx, "migrations", "live", ls_rc_exit_code(LS_E_DRIFT));
}

static int write_out(struct cli_ctx *ctx, const struct ls_catalog *cat, const struct ls_buf *text)
{
    const char *path = ctx->v->text[CLI_OPT_OUT];

    if (!cli_has(ctx, CLI_O(OUT))) {
        if (ctx->io->out_is_tty)
            cli_lines(ctx, ctx->out, "", text->ptr);
        else
            cli_data(ctx, text->ptr, text->len);
        return 0;
    }
    if (ls_file_write_atomic(path, text->ptr, text->len, 0644, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    if (ctx->root) {
        cli_json_set(ctx->root, "path", path);
        cli_json_set(ctx->root, "source", cat->source);
        cli_json_int(ctx->root, "objects", cat->n_facts);
        (void)json_object_set_new(ctx->root, "notes", cli_json_diags(&cat->notes));
    } else {
        cli_say(ctx, "%u objects of %s written to %s", (unsigned)cat->n_facts, cat->source, path);
    }
    return 0;
}

int cli_cmd_snapshot(struct cli_ctx *ctx)
{
    struct ls_buf text = LS_BUF_INIT;
    struct cli_compare c;
    enum ls_rc rc = cli_compare_begin(&c, ctx);
    int code = 0;

    if (rc == LS_OK)
        rc = cli_load_side(&c, ctx->words.n_args > 0 ? ctx->words.args[0] : "live", &c.a);
    if (rc == LS_OK) {
        cli_side_notes(ctx, &c.a->notes);
        ls_catalog_save(c.a, &text);
        code = write_out(ctx, c.a, &text);
    }
    ls_buf_release(&text);
    cli_compare_end(&c);
    return rc == LS_OK ? code : cli_fail(ctx);
}

int cli_cmd_erd(struct cli_ctx *ctx)
{
    bool is_dot = cli_has(ctx, CLI_O(DOT));
    struct ls_buf text = LS_BUF_INIT;
    struct cli_compare c;
    enum ls_rc rc = cli_compare_begin(&c, ctx);

    if (rc == LS_OK && is_dot && cli_has(ctx, CLI_O(MERMAID)))
        rc = ls_err_set(&ctx->error, LS_E_USAGE, "--mermaid and --dot are two languages: name one");
    if (rc == LS_OK)
        rc = cli_load_side(&c, ctx->words.n_args > 0 ? ctx->words.args[0] : "live", &c.a);
    if (rc == LS_OK) {
        cli_side_notes(ctx, &c.a->notes);
        if (is_dot)
            ls_catalog_dot(c.a, &text);
        else
            ls_catalog_mermaid(c.a, &text);
        if (ctx->root) {
            cli_json_set(ctx->root, "source", c.a->source);
            cli_json_set(ctx->root, "language", is_dot ? "dot" : "mermaid");
            cli_json_set(ctx->root, "diagram", text.ptr);
        } else {
            cli_lines(ctx, ctx->out, "", text.ptr);
        }
    }
    ls_buf_release(&text);
    cli_compare_end(&c);
    return rc == LS_OK ? 0 : cli_fail(ctx);
}
