/* cli/cmd_init.c: a project file to start from. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"

static bool holds_password(const char *url)
{
    char *shown = ls_redact_dup(url);
    bool hidden = strcmp(shown, url) != 0;

    free(shown);
    return hidden;
}

/* The format of a folder that has migrations already, or NULL. */
static const char *format_of(const char *dir, size_t *n_migrations)
{
    struct ls_dir files = {0};
    struct ls_err quiet = LS_ERR_INIT;
    struct ls_detected best[1];
    const char *name = NULL;

    *n_migrations = 0;
    if (ls_path_kind(dir) == LS_PATH_DIR && ls_dir_read(dir, &files, &quiet) == LS_OK) {
        if (ls_format_detect(dir, &files, best, 1) > 0 && best[0].detect.n_migrations > 0) {
            name = best[0].format->name;
            *n_migrations = best[0].detect.n_migrations;
        }
        ls_dir_release(&files);
    }
    ls_err_release(&quiet);
    return name;
}

static enum ls_rc check_request(struct cli_ctx *ctx)
{
    const struct config_request *r = &ctx->request;
    enum ls_dialect dialect;

    if (r->read_only)
        return ls_err_set(&ctx->error, LS_E_REFUSED, "init writes files, and --read-only was asked for");
    if (r->format && !ls_format_find(r->format))
        return ls_err_set(&ctx->error, LS_E_USAGE, "there is no format '%s'; `lockstep version` lists them", r->format);
    if (!r->url)
        return LS_OK;
    if (holds_password(r->url)) {
        (void)ls_err_set(&ctx->error, LS_E_REFUSED, "the URL holds a password, which has no place in a project file");
        ls_err_hint(&ctx->error, "leave it out and use ~/.pgpass, or name an environment variable with url_env");
        return LS_E_REFUSED;
    }
    if (strpbrk(r->url, "\r\n") || strstr(r->url, " ;"))
        return ls_err_set(&ctx->error, LS_E_USAGE, "the URL cannot be written to a file: it holds a line end or ' ;'");
    enum ls_rc rc = ls_db_url_dialect(r->url, &dialect, &ctx->error);
    if (rc == LS_E_UNSUPPORTED) { /* the file may be for another build */
        ls_err_release(&ctx->error);
        rc = LS_OK;
    }
    return rc;
}

int cli_cmd_init(struct cli_ctx *ctx)
{
    const char *where = ctx->request.project ? ctx->request.project : ".";
    bool is_dir = ls_path_kind(where) == LS_PATH_DIR;
    char *path = is_dir && strcmp(where, ".") != 0 ? ls_path_join(where, "lockstep.conf") : ls_strdup(is_dir ? "lockstep.conf" : where);
    const char *dir = ctx->request.migrations ? ctx->request.migrations : "migrations";
    const char *format = ctx->request.format;
    struct ls_buf text = LS_BUF_INIT;
    size_t n = 0;
    int code = 0;

    if (check_request(ctx) != LS_OK) {
        free(path);
        return cli_fail(ctx);
    }
    const char *found = format_of(dir, &n);
    format = format ? format : found;
    config_template(&text, ctx->request.url, dir, format);
    if (ls_file_write_new(path, text.ptr, text.len, 0644, &ctx->error) != LS_OK) {
        ls_err_hint(&ctx->error, "a project file that is there is never written over");
        code = cli_fail(ctx);
    } else if (ls_mkdir_p(dir, 0755, &ctx->error) != LS_OK) {
        code = cli_fail(ctx);
    } else if (ctx->root) {
        cli_json_set(ctx->root, "project", path);
        cli_json_set(ctx->root, "migrations_dir", dir);
        cli_json_set(ctx->root, "format", format);
        cli_json_int(ctx->root, "migrations", (int64_t)n);
    } else {
        cli_print(ctx, "%s", path);
        if (found)
            cli_say(ctx, "%s holds %zu migrations as %s names them", dir, n, found);
        else
            cli_say(ctx, "`lockstep new NAME` writes the first migration into %s", dir);
    }
    ls_buf_release(&text);
    free(path);
    return code;
}
