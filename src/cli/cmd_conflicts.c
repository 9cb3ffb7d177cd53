/* cli/cmd_conflicts.c: what disagrees and what settles it; and the end of a settlement that was broken off. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "cli/settle.h"

static json_t *conflict_json(const struct ls_conflict *c)
{
    json_t *o = json_object(), *by = json_array();

    cli_json_set(o, "severity", ls_severity_name(c->diag.severity));
    cli_json_set(o, "code", c->diag.code);
    cli_json_set(o, "id", c->id);
    cli_json_set(o, "version", c->diag.version);
    cli_json_set(o, "path", c->diag.path);
    cli_json_int(o, "line", c->diag.line);
    cli_json_set(o, "message", c->diag.message);
    cli_json_set(o, "hint", c->diag.hint);
    for (int k = 0; k < LS_N_SETTLE_KINDS; k++)
        if ((c->settled_by & LS_SETTLES(k)) != 0)
            (void)json_array_append_new(by, json_string(ls_settle_name((enum ls_settle_kind)k)));
    (void)json_object_set_new(o, "settled_by", by);
    cli_json_set(o, "command", c->command);
    return o;
}

static void print_one(struct cli_ctx *ctx, const struct ls_conflict *c)
{
    if (c->diag.path != NULL && c->diag.line > 0)
        cli_print(ctx, "%s %s: %s:%d", ls_severity_name(c->diag.severity), c->diag.code, c->diag.path, c->diag.line);
    else
        cli_print(ctx, "%s %s%s%s", ls_severity_name(c->diag.severity), c->diag.code, c->diag.path != NULL ? ": " : "", c->diag.path != NULL ? c->diag.path : "");
    cli_print(ctx, "  %s", c->diag.message);
    if (c->diag.hint != NULL)
        cli_print(ctx, "  %s", c->diag.hint);
    if (c->command != NULL)
        cli_print(ctx, "  -> %s", c->command);
}

static int list(struct cli_ctx *ctx)
{
    struct ls_conflicts found;
    bool bad = false;
    enum ls_rc rc = ls_conflicts_find(ctx->session, ctx->snap, &found, &ctx->error);

    if (rc != LS_OK) {
        ls_conflicts_release(&found);
        return cli_fail(ctx);
    }
    if (ctx->root) {
        json_t *all = json_array();

        for (size_t i = 0; i < found.c.n; i++)
            (void)json_array_append_new(all, conflict_json(&found.c.v[i]));
        (void)json_object_set_new(ctx->root, "target", ctx->snap->has_db ? cli_json_target(ctx) : json_null());
        (void)json_object_set_new(ctx->root, "conflicts", all);
    }
    for (size_t i = 0; i < found.c.n; i++) {
        bad = bad || found.c.v[i].diag.severity >= LS_SEV_DANGER;
        if (!ctx->root)
            print_one(ctx, &found.c.v[i]);
    }
    if (!ctx->root)
        cli_print(ctx, "%zu conflict%s%s", found.c.n, found.c.n == 1 ? "" : "s", ctx->snap->has_db ? "" : " (of the folder alone: no database is named)");
    ls_conflicts_release(&found);
    return bad ? ls_rc_exit_code(LS_E_DRIFT) : 0;
}

static int end_leftover(struct cli_ctx *ctx, bool finish)
{
    const char *dir = cli_has(ctx, CLI_O(OUT)) ? ctx->v->text[CLI_OPT_OUT] : ctx->target.params.migrations_dir, *what = finish ? "finish" : "take back";
    struct ls_settle_left left;
    struct ls_run_report report;
    struct ls_buf text = LS_BUF_INIT, raw = LS_BUF_INIT;
    int code;

    if (ls_settle_leftover(dir, &left, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    ls_buf_addf(&raw, "%s, begun at %s in %s: %zu of %zu file operations are done", left.title != NULL ? left.title : "A settlement",
                left.began_at != NULL ? left.began_at : "an unknown time", dir, left.n_done, left.n_ops);
    char *clean = cli_clean(ctx, raw.ptr);
    ls_buf_addf(&text, "%s\n%s", clean, finish ? "It is brought to its end.\n" : "Every file is put back as it was.\n");
    free(clean);
    ls_buf_release(&raw);
    if (left.is_there && left.broken == NULL && cli_confirm(ctx, text.ptr, what) != LS_OK) {
        code = cli_fail(ctx);
    } else {
        if (finish)
            (void)ls_settle_finish(ctx->session, dir, NULL, &report);
        else
            (void)ls_settle_take_back(ctx->session, dir, &report);
        code = cli_settle_tell(ctx, what, &report);
        ls_run_report_release(&report);
    }
    ls_settle_left_release(&left);
    ls_buf_release(&text);
    return code;
}

int cli_cmd_conflicts(struct cli_ctx *ctx)
{
    bool finish = cli_has(ctx, CLI_O(FINISH)), back = cli_has(ctx, CLI_O(TAKE_BACK));

    if (finish && back)
        return cli_fail_with(ctx, LS_E_USAGE, "--finish and --take-back contradict each other");
    if (cli_open_settle(ctx, false) != LS_OK)
        return cli_fail(ctx);
    return finish || back ? end_leftover(ctx, finish) : list(ctx);
}
