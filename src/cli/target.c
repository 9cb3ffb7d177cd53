/* cli/target.c: from the request to a session and a snapshot. */
#include <config.h>

#include "cli/cmd.h"

#include "lockstep/base/file.h"

enum ls_rc cli_load(struct cli_ctx *ctx, bool need_url)
{
    enum ls_rc rc = config_project_load(ctx->request.project, &ctx->project, &ctx->error);

    if (rc == LS_OK && need_url)
        rc = config_resolve(&ctx->request, &ctx->project, &ctx->target, &ctx->error);
    else if (rc == LS_OK)
        rc = config_resolve_folder(&ctx->request, &ctx->project, &ctx->target, &ctx->error);
    if (rc != LS_OK)
        return rc;
    ctx->has_target = true;
    ctx->url_database = ls_db_url_database(ctx->target.params.url);
    if (ctx->target.note && !ctx->quiet)
        cli_lines(ctx, ctx->err, "note: ", ctx->target.note);
    /* A command that does not write cannot: the connection itself is read-only. */
    if (!(ctx->words.command->flags & CLI_WRITES))
        ctx->target.params.read_only = true;
    return LS_OK;
}

static void new_session(struct cli_ctx *ctx)
{
    ctx->session = ls_session_new(&ctx->target.params);
    if (ctx->io->on_session)
        ctx->io->on_session(ctx->io->confirm_ctx, ctx->session);
}

enum ls_rc cli_open(struct cli_ctx *ctx)
{
    enum ls_rc rc = cli_load(ctx, true);

    if (rc == LS_OK)
        new_session(ctx);
    return rc;
}

/* After cli_load() without a database. */
static enum ls_rc open_loaded(struct cli_ctx *ctx)
{
    if (!ctx->target.params.url)
        return ls_err_set(&ctx->error, LS_E_USAGE, "no database is named");
    new_session(ctx);
    return LS_OK;
}

enum ls_rc cli_snapshot(struct cli_ctx *ctx)
{
    enum ls_rc rc = ctx->session ? LS_OK : ctx->has_target ? open_loaded(ctx) : cli_open(ctx);

    if (rc != LS_OK)
        return rc;
    rc = ls_session_snapshot(ctx->session, &ctx->snap, &ctx->error);
    if (rc == LS_OK && ctx->snap->has_db && ctx->snap->info.is_pooled && !ctx->target.params.is_pooled_ok)
        cli_warn(ctx, "warning: this connection goes through a pooler, where locks and timeouts can land on someone else's session; name the direct URL");
    if (rc == LS_OK && ctx->snap->target_note)
        cli_say(ctx, "note: %s", ctx->snap->target_note);
    if (rc == LS_OK && ctx->snap->legacy_note)
        cli_say(ctx, "note: %s", ctx->snap->legacy_note);
    if (rc == LS_OK && ctx->snap->tool_note)
        cli_say(ctx, "note: %s", ctx->snap->tool_note);
    if (rc == LS_OK && ctx->snap->format_note)
        cli_say(ctx, "note: %s", ctx->snap->format_note);
    return rc;
}

enum ls_rc cli_scan(struct cli_ctx *ctx)
{
    enum ls_rc rc = cli_load(ctx, false);

    if (rc != LS_OK)
        return rc;
    new_session(ctx);
    return ls_session_scan(ctx->session, &ctx->snap, &ctx->error);
}

const char *cli_database_name(const struct cli_ctx *ctx)
{
    const char *name = ctx->snap && ctx->snap->has_db ? ctx->snap->info.database : ctx->url_database;

    return ls_db_typed_name(cli_dialect(ctx), name ? name : "");
}

enum ls_dialect cli_dialect(const struct cli_ctx *ctx)
{
    struct ls_err err = LS_ERR_INIT;
    enum ls_dialect d = LS_DIALECT_POSTGRES;

    if (ctx->snap && ctx->snap->has_db)
        return ctx->snap->info.dialect;
    if (ctx->target.params.url && ls_db_url_dialect(ctx->target.params.url, &d, &err) != LS_OK)
        d = LS_DIALECT_POSTGRES;
    ls_err_release(&err);
    return d;
}
