/* cli/cmd_new.c: the files of a new migration. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"

/* "Add e-mail" -> "add_e_mail"; the name is part of a file name and of the ledger. */
static enum ls_rc slug(struct cli_ctx *ctx, const char *name, struct ls_buf *out)
{
    for (const char *p = name; *p; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            ls_buf_addc(out, c);
        } else if (c == ' ' || c == '-' || c == '_') {
            if (out->len > 0 && out->ptr[out->len - 1] != '_')
                ls_buf_addc(out, '_');
        } else {
            (void)ls_err_set(&ctx->error, LS_E_USAGE, "the name '%s' holds more than letters, digits, '-', '_' and spaces", name);
            ls_err_hint(&ctx->error, "it becomes part of file names: lockstep new add_email_to_users");
            return LS_E_USAGE;
        }
    }
    while (out->len > 0 && out->ptr[out->len - 1] == '_')
        ls_buf_truncate(out, out->len - 1);
    if (out->len == 0 || out->len > 100)
        return ls_err_set(&ctx->error, LS_E_USAGE, "the name must have between 1 and 100 letters and digits");
    return LS_OK;
}

/* All files or none: half a pair would be a finding of the next verify. */
static enum ls_rc write_files(struct cli_ctx *ctx, int n, const char *paths[3], const char *texts[3])
{
    for (int i = 0; i < n; i++) {
        if (ls_file_write_new(paths[i], texts[i], strlen(texts[i]), 0644, &ctx->error) == LS_OK)
            continue;
        while (i-- > 0)
            (void)unlink(paths[i]);
        return ctx->error.code;
    }
    return LS_OK;
}

int cli_cmd_new(struct cli_ctx *ctx)
{
    const char *paths[3] = {NULL}, *texts[3] = {NULL};
    struct ls_arena *arena = ls_arena_new();
    struct ls_buf name = LS_BUF_INIT;
    int n = 0, code = 0;

    if (slug(ctx, ctx->words.args[0], &name) != LS_OK || cli_scan(ctx) != LS_OK)
        goto fail;
    if (ctx->request.read_only) {
        (void)ls_err_set(&ctx->error, LS_E_REFUSED, "new writes files, and --read-only was asked for");
        goto fail;
    }
    const struct ls_format *format = ctx->snap->format ? ctx->snap->format : &ls_format_lockstep;
    n = format->new_files(arena, &ctx->snap->migrations, name.ptr, ls_wall_us(), paths, texts, &ctx->error);
    if (n <= 0 || write_files(ctx, n, paths, texts) != LS_OK)
        goto fail;
    json_t *a = ctx->root ? json_array() : NULL;
    for (int i = 0; i < n; i++) {
        if (a)
            (void)json_array_append_new(a, cli_json_text(paths[i]));
        else
            cli_print(ctx, "%s", paths[i]);
    }
    if (a) {
        cli_json_set(ctx->root, "format", format->name);
        (void)json_object_set_new(ctx->root, "files", a);
    }
    goto out;
fail:
    code = cli_fail(ctx);
out:
    ls_buf_release(&name);
    ls_arena_free(arena);
    return code;
}
