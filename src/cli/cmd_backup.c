/* cli/cmd_backup.c: backup and backups. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/backup.h"

static json_t *backup_json(const struct ls_backup *b)
{
    json_t *o = json_object();

    cli_json_set(o, "name", b->name);
    cli_json_set(o, "path", b->path);
    cli_json_set(o, "target", b->target);
    cli_json_set(o, "dialect", b->dialect);
    cli_json_set(o, "server", b->server);
    cli_json_set(o, "version", b->version);
    cli_json_set(o, "created_at", b->created_at);
    cli_json_set(o, "state", b->state);
    cli_json_set(o, "sha256", b->sha256);
    cli_json_int(o, "size", b->size);
    cli_json_bool(o, "complete", b->is_complete);
    return o;
}

int cli_cmd_backup(struct cli_ctx *ctx)
{
    struct ls_backup_options opt = {.skip_readback = cli_has(ctx, CLI_O(NO_READBACK))};
    struct ls_backups made = {0};
    struct cli_progress progress;
    struct ls_run_hooks hooks;
    char size[LS_ISO_LEN];

    if (cli_has(ctx, CLI_O(JOBS))) {
        opt.jobs = (int)ctx->v->number[CLI_OPT_JOBS];
        if (opt.jobs < 1 || opt.jobs > 64)
            return cli_fail_with(ctx, LS_E_USAGE, "--jobs wants a number from 1 to 64");
    }
    if (ctx->request.read_only)
        return cli_fail_with(ctx, LS_E_REFUSED, "backup writes files, and --read-only was asked for");
    if (cli_open(ctx) != LS_OK)
        return cli_fail(ctx);
    struct cli_guard *guard = cli_guard_begin(ctx);
    cli_progress_init(&progress, ctx, "backup");
    cli_progress_hooks(&progress, &hooks);
    enum ls_rc rc = ls_backup_create(ctx->session, &opt, &hooks, &made, &ctx->error);
    cli_progress_close(&progress);
    cli_guard_end(guard);
    if (rc != LS_OK)
        return cli_fail(ctx);
    if (made.b.n > 0) {
        if (ctx->root)
            (void)json_object_set_new(ctx->root, "backup", backup_json(&made.b.v[0]));
        ls_size_text(made.b.v[0].size, size);
        if (!ctx->root)
            cli_print(ctx, "%s", made.b.v[0].path);
        cli_say(ctx, "backup: %s, %s", size, made.b.v[0].state);
    }
    ls_backups_release(&made);
    return 0;
}

static int list(struct cli_ctx *ctx)
{
    static const struct cli_column columns[] = {{"NAME", CLI_LEFT}, {"TARGET", CLI_LEFT}, {"VERSION", CLI_LEFT}, {"CREATED AT", CLI_LEFT},
                                                {"SIZE", CLI_RIGHT}, {"STATE", CLI_LEFT}};
    struct ls_backups all = {0};
    struct cli_table t;

    if (ls_backup_list(ctx->target.params.backup_dir, &all, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    json_t *a = ctx->root ? json_array() : NULL;
    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    for (size_t i = 0; i < all.b.n; i++) {
        const struct ls_backup *b = &all.b.v[i];
        char size[LS_ISO_LEN];

        if (a)
            (void)json_array_append_new(a, backup_json(b));
        ls_size_text(b->size, size);
        cli_table_add(&t, b->name);
        cli_table_add(&t, b->target);
        cli_table_add(&t, b->version);
        cli_table_add(&t, b->created_at);
        cli_table_add(&t, size);
        cli_table_add(&t, b->state);
    }
    if (a) {
        cli_json_set(ctx->root, "backup_dir", ctx->target.params.backup_dir);
        (void)json_object_set_new(ctx->root, "backups", a);
    } else if (all.b.n > 0 || cli_has(ctx, CLI_O(CSV))) {
        cli_table_print(ctx, &t, cli_has(ctx, CLI_O(CSV)));
    } else {
        cli_say(ctx, "there are no backups in %s", ctx->target.params.backup_dir);
    }
    cli_table_release(&t);
    ls_backups_release(&all);
    return 0;
}

/* Reading back needs no session, so nothing of one would see that it was cancelled. */
static enum ls_gate verify_gate(void *p, const struct ls_plan *plan, int step, int op)
{
    const struct cli_progress *progress = p;

    (void)plan;
    (void)step;
    (void)op;
    return cli_is_cancelled(progress->ctx) ? LS_GATE_STOP : LS_GATE_GO;
}

static int verify(struct cli_ctx *ctx, const char *name)
{
    struct cli_progress progress;
    struct ls_run_hooks hooks;

    cli_progress_init(&progress, ctx, "verify");
    cli_progress_hooks(&progress, &hooks);
    hooks.gate = verify_gate;
    enum ls_rc rc = ls_backup_check(ctx->target.params.backup_dir, name, !ctx->request.read_only, &hooks, &ctx->error);
    cli_progress_close(&progress);
    if (rc != LS_OK)
        return cli_fail(ctx);
    if (ctx->root) {
        cli_json_set(ctx->root, "backup", name);
        cli_json_bool(ctx->root, "verified", true);
    } else {
        cli_print(ctx, "%s: every file is as it was written, and the data reads back", name);
    }
    return 0;
}

static void add_names(const struct cli_ctx *ctx, const char *names, struct ls_buf *text)
{
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, "\n");
        char *name = ls_strndup(p, len), *clean = cli_clean(ctx, name);

        ls_buf_addf(text, "  %s\n", clean);
        free(clean);
        free(name);
        p += len + (p[len] ? 1 : 0);
    }
}

/* Shown to whoever is asked, and to whoever said --yes. What is kept of a protected database is protected as it is. */
static enum ls_rc confirm_prune(struct cli_ctx *ctx, const char *names)
{
    struct ls_buf text = LS_BUF_INIT;
    char *dir = cli_clean(ctx, ctx->target.params.backup_dir);
    enum ls_rc rc = LS_OK;

    ls_buf_addf(&text, "These backups in %s will be removed:\n", dir);
    add_names(ctx, names, &text);
    if ((cli_has(ctx, CLI_O(YES)) || !ctx->io->confirm) && !ctx->quiet)
        cli_show_question(ctx, text.ptr);
    /* A URL that leaves the name to others: only the database tells it. */
    if (ctx->target.params.is_protected && !*cli_database_name(ctx)) {
        rc = cli_snapshot(ctx);
        if (rc != LS_OK)
            ls_err_wrap(&ctx->error, "this environment is protected, and the name of its database cannot be told; nothing was removed");
    }
    if (rc == LS_OK)
        rc = cli_confirm(ctx, text.ptr, "backups prune");
    ls_buf_release(&text);
    free(dir);
    return rc;
}

static int prune(struct cli_ctx *ctx)
{
    long keep = cli_has(ctx, CLI_O(KEEP)) ? ctx->v->number[CLI_OPT_KEEP] : -1;
    int64_t age = cli_has(ctx, CLI_O(OLDER_THAN)) ? ctx->v->number[CLI_OPT_OLDER_THAN] : -1;
    bool dry = cli_has(ctx, CLI_O(DRY_RUN)) || ctx->request.read_only;
    const char *dir = ctx->target.params.backup_dir;
    struct ls_buf gone = LS_BUF_INIT;
    int code = 0;

    if (keep < 0 && age < 0) {
        ls_err_hint(&ctx->error, "lockstep backups prune --keep 5, or --older-than 30d");
        return cli_fail_with(ctx, LS_E_USAGE, "prune wants --keep N or --older-than AGE");
    }
    if (ls_backup_prune(dir, keep, age, true, &gone, &ctx->error) != LS_OK)
        goto fail;
    if (gone.len > 0 && !dry) {
        if (confirm_prune(ctx, gone.ptr) != LS_OK)
            goto fail;
        ls_buf_clear(&gone);
        if (ls_backup_prune(dir, keep, age, false, &gone, &ctx->error) != LS_OK)
            goto fail;
    }
    if (ctx->root) {
        (void)json_object_set_new(ctx->root, "removed", cli_json_lines(gone.ptr));
        cli_json_bool(ctx->root, "dry_run", dry);
    } else {
        cli_lines(ctx, ctx->out, "", gone.ptr);
        if (gone.len == 0)
            cli_say(ctx, "there is nothing to remove");
    }
    goto out;
fail:
    code = cli_fail(ctx);
out:
    ls_buf_release(&gone);
    return code;
}

int cli_cmd_backups(struct cli_ctx *ctx)
{
    const char *what = ctx->words.n_args > 0 ? ctx->words.args[0] : "list";

    if (cli_load(ctx, false) != LS_OK)
        return cli_fail(ctx);
    if (strcmp(what, "prune") != 0 && (cli_has(ctx, CLI_O(KEEP)) || cli_has(ctx, CLI_O(OLDER_THAN)) || cli_has(ctx, CLI_O(DRY_RUN)))) {
        ls_err_hint(&ctx->error, "usage: lockstep backups prune --keep N");
        return cli_fail_with(ctx, LS_E_USAGE, "--keep, --older-than and --dry-run go with prune; nothing was removed");
    }
    if (strcmp(what, "list") == 0 && ctx->words.n_args <= 1)
        return list(ctx);
    if (strcmp(what, "prune") == 0 && ctx->words.n_args == 1)
        return prune(ctx);
    if (strcmp(what, "verify") == 0 && ctx->words.n_args == 2)
        return verify(ctx, ctx->words.args[1]);
    ls_err_hint(&ctx->error, "usage: lockstep backups [list | verify NAME | prune]");
    return cli_fail_with(ctx, LS_E_USAGE, strcmp(what, "verify") == 0 ? "backups verify wants a NAME" : "backups wants list, verify NAME or prune");
}
