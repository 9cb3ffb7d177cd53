/* cli/cmd_new.c: the files of a new migration. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/engine/new_files.h"

/* The name becomes part of file names, and the file's first comment: nothing that could end either is let in. */
static enum ls_rc check_name(struct cli_ctx *ctx, const char *name)
{
    size_t n_letters = 0, len = strlen(name);

    for (const char *p = name; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')) {
            n_letters++;
        } else if (!strchr(" -_", *p)) {
            (void)ls_err_set(&ctx->error, LS_E_USAGE, "the name '%s' holds more than letters, digits, '-', '_' and spaces", name);
            ls_err_hint(&ctx->error, "it becomes part of file names: lockstep new add_email_to_users");
            return LS_E_USAGE;
        }
    }
    if (n_letters == 0 || len > 100)
        return ls_err_set(&ctx->error, LS_E_USAGE, "the name must have letters or digits, and at most 100 of them");
    return LS_OK;
}

int cli_cmd_new(struct cli_ctx *ctx)
{
    const char *paths[LS_NEW_FILES_MAX] = {NULL}, *texts[LS_NEW_FILES_MAX] = {NULL};
    struct ls_arena *arena = ls_arena_new();
    struct ls_new_files written = {0};
    const char *name = ctx->words.args[0];
    int n = 0, code = 0;

    if (check_name(ctx, name) != LS_OK || cli_scan(ctx) != LS_OK)
        goto fail;
    if (ctx->request.read_only) {
        (void)ls_err_set(&ctx->error, LS_E_REFUSED, "new writes files, and --read-only was asked for");
        goto fail;
    }
    const struct ls_format *format = ctx->snap->format ? ctx->snap->format : &ls_format_lockstep;
    if (format->new_files == NULL) {
        (void)ls_err_set(&ctx->error, LS_E_UNSUPPORTED, "new migrations of %s are made with %s itself", format->title, format->title);
        goto fail;
    }
    n = format->new_files(arena, &ctx->snap->migrations, name, ls_wall_us(), paths, texts, &ctx->error);
    if (n <= 0 || ls_new_files_write(&written, n, paths, texts, &ctx->error) != LS_OK)
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
    ls_new_files_release(&written);
    ls_arena_free(arena);
    return code;
}
