/* cli/cmd_init.c: a project file to start from. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"

/* What a folder holds already. */
struct found {
    const char *format;    /* NULL: none, or two formats could be meant */
    const char *others[2]; /* those two */
    size_t n_migrations;
    const char *by_name_only; /* the tool whose they are, when lockstep does not work with it */
};

static struct found look_into(const char *dir)
{
    struct ls_dir files = {0};
    struct ls_err quiet = LS_ERR_INIT;
    struct ls_detected best[2];
    struct found f = {0};

    if (ls_path_kind(dir) == LS_PATH_DIR && ls_dir_read(dir, &files, &quiet) == LS_OK) {
        size_t n = ls_format_detect(dir, &files, best, LS_ARRAY_LEN(best));

        if (n > 0)
            f.n_migrations = best[0].detect.n_migrations;
        if (n > 0 && (best[0].format->caps & LS_CAP_RECOGNISE_ONLY) != 0) {
            f.by_name_only = best[0].format->title;
        } else if (n > 1 && best[0].detect.score < LS_DETECT_CERTAIN) {
            f.others[0] = best[0].format->name;
            f.others[1] = best[1].format->name;
        } else if (n > 0 && f.n_migrations > 0) {
            f.format = best[0].format->name;
        }
        ls_dir_release(&files);
    }
    ls_err_release(&quiet);
    return f;
}

/* What is written into the file is meant from the file's folder. */
static char *from_folder_of(const char *path, const char *dir)
{
    size_t len = (size_t)(ls_path_base(path) - path);

    if (len == 0)
        return ls_strdup(dir);
    char *folder = ls_strndup(path, len > 1 ? len - 1 : len);
    char *joined = ls_path_join(folder, dir);

    free(folder);
    return joined;
}

static void tell(struct cli_ctx *ctx, const char *dir, const struct found *f)
{
    if (f->format)
        cli_say(ctx, "%s holds %zu migration%s as %s names them", dir, f->n_migrations, f->n_migrations == 1 ? "" : "s", f->format);
    else if (f->by_name_only)
        cli_say(ctx, "%s holds migrations of %s, which lockstep knows by name only: name another folder", dir, f->by_name_only);
    else if (f->others[0] && !ctx->request.format)
        cli_say(ctx, "%s holds files that could be %s's or %s's: say in the file which, format = NAME", dir, f->others[0],
                f->others[1]);
    else
        cli_say(ctx, "`lockstep new NAME` writes the first migration into %s", dir);
}

static enum ls_rc check_request(struct cli_ctx *ctx)
{
    const struct config_request *r = &ctx->request;
    const struct ls_format *format = ls_format_find(r->format);
    enum ls_dialect dialect;

    if (r->read_only)
        return ls_err_set(&ctx->error, LS_E_REFUSED, "init writes files, and --read-only was asked for");
    if (format && (format->caps & LS_CAP_RECOGNISE_ONLY) != 0)
        return ls_err_set(&ctx->error, LS_E_UNSUPPORTED, "lockstep knows %s by name only; use %s for its migrations", format->title, format->title);
    if (r->format && !format)
        return ls_err_set(&ctx->error, LS_E_USAGE, "there is no format '%s'; `lockstep formats` lists them", r->format);
    if (!r->url)
        return LS_OK;
    if (ls_redact_hides(r->url)) {
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
    char *path =
        is_dir && strcmp(where, ".") != 0 ? ls_path_join(where, "lockstep.conf") : ls_strdup(is_dir ? "lockstep.conf" : where);
    const char *written = ctx->request.migrations ? ctx->request.migrations : "migrations";
    char *dir = from_folder_of(path, written);
    struct ls_buf text = LS_BUF_INIT;
    struct found found = {0};
    int code = 0;

    if (check_request(ctx) != LS_OK) {
        code = cli_fail(ctx);
        goto out;
    }
    found = look_into(dir);
    const char *format = ctx->request.format ? ctx->request.format : found.format;
    config_template(&text, ctx->request.url, written, format);
    if (ls_file_write_new(path, text.ptr, text.len, 0644, &ctx->error) != LS_OK) {
        if (ctx->error.code == LS_E_REFUSED)
            ls_err_hint(&ctx->error, "a project file that is there is never written over");
        code = cli_fail(ctx);
    } else if (ls_mkdir_p(dir, 0755, &ctx->error) != LS_OK) {
        code = cli_fail(ctx);
    } else if (ctx->root) {
        cli_json_set(ctx->root, "project", path);
        cli_json_set(ctx->root, "migrations_dir", dir);
        cli_json_set(ctx->root, "format", format);
        cli_json_int(ctx->root, "migrations", (int64_t)found.n_migrations);
    } else {
        cli_print(ctx, "%s", path);
        tell(ctx, dir, &found);
    }
out:
    ls_buf_release(&text);
    free(path);
    free(dir);
    return code;
}
