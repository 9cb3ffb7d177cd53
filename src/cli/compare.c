/* cli/compare.c: sides out of words, and what the project says about comparing them. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/mem.h"

/* --- the world
 * -----------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc env_params(void *arg, const char *name, struct ls_session_params *out, struct ls_err *err)
{
    struct cli_compare *c = arg;
    struct config_target *t;
    enum ls_rc rc;

    for (size_t i = 0; i < c->targets.n; i++) {
        if (c->targets.v[i]->params.env_name && strcmp(c->targets.v[i]->params.env_name, name) == 0) {
            *out = c->targets.v[i]->params;
            return LS_OK;
        }
    }
    t = ls_calloc(1, sizeof(*t));
    rc = config_resolve_env(&c->ctx->request, &c->ctx->project, name, t, err);
    if (rc != LS_OK) {
        free(t);
        return rc;
    }
    *LS_VEC_PUSH(&c->targets) = t;
    *out = t->params;
    return LS_OK;
}

static const char *scratch_url(struct cli_ctx *ctx)
{
    if (cli_has(ctx, CLI_O(SCRATCH)))
        return ctx->v->text[CLI_OPT_SCRATCH];
    return config_scratch_url(&ctx->project, &ctx->request);
}

enum ls_rc cli_compare_begin(struct cli_compare *c, struct cli_ctx *ctx)
{
    enum ls_rc rc = LS_OK;

    memset(c, 0, sizeof(*c));
    c->ctx = ctx;
    c->arena = c->given.arena = ls_arena_new();
    cli_progress_init(&c->progress, ctx, "reading");
    cli_progress_hooks(&c->progress, &c->hooks);
    if (!ctx->session) {
        rc = cli_load(ctx, false);
        if (rc != LS_OK)
            return rc;
        ctx->target.params.read_only = true;
        ctx->session = ls_session_new(&ctx->target.params);
    }
    c->world = (struct ls_side_world){.session = ctx->session,
                                      .env = env_params,
                                      .env_ctx = c,
                                      .scratch_url = scratch_url(ctx),
                                      .scratch_on_target = ctx->target.is_scratch_ok,
                                      .hooks = &c->hooks};
    return rc;
}

void cli_compare_end(struct cli_compare *c)
{
    cli_progress_close(&c->progress);
    ls_side_world_end(&c->world);
    ls_diff_release(&c->diff);
    ls_catalog_free(c->a);
    ls_catalog_free(c->b);
    for (size_t i = 0; i < c->targets.n; i++) {
        config_target_release(c->targets.v[i]);
        free(c->targets.v[i]);
    }
    LS_VEC_RELEASE(&c->targets);
    config_diff_release(&c->given);
    ls_arena_free(c->arena);
}

void cli_side_notes(struct cli_ctx *ctx, const struct ls_diags *notes)
{
    for (size_t i = 0; i < notes->d.n; i++) {
        const struct ls_diag *d = &notes->d.v[i];
        const char *word = d->severity == LS_SEV_INFO ? "note" : ls_severity_name(d->severity);

        if (d->path && d->line > 0)
            cli_say(ctx, "%s: %s:%d: %s%s%s", word, d->path, d->line, d->message, d->hint ? "; " : "", d->hint ? d->hint : "");
        else
            cli_say(ctx, "%s: %s%s%s", word, d->message, d->hint ? "; " : "", d->hint ? d->hint : "");
    }
}

/* --- sides
 * ---------------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc said_dialect(struct cli_ctx *ctx, struct ls_side_opts *opts)
{
    opts->has_format = ctx->request.format != NULL;
    if (!cli_has(ctx, CLI_O(DIALECT)))
        return LS_OK;
    opts->has_dialect = true;
    if (ls_dialect_parse(ctx->v->text[CLI_OPT_DIALECT], &opts->dialect))
        return LS_OK;
    return ls_err_set(&ctx->error, LS_E_USAGE, "there is no dialect '%s'; there are postgres and sqlite",
                      ctx->v->text[CLI_OPT_DIALECT]);
}

/* Where no side says it: as the database that is worked on, or the one that scratch databases are made on. */
static void other_dialect(const struct cli_compare *c, struct ls_side_opts *opts)
{
    const char *urls[] = {c->ctx->target.params.url, c->world.scratch_url};

    for (size_t i = 0; i < LS_ARRAY_LEN(urls) && !opts->has_dialect; i++)
        opts->has_dialect = urls[i] && *urls[i] && ls_db_url_dialect(urls[i], &opts->dialect, NULL) == LS_OK;
}

enum ls_rc cli_load_side(struct cli_compare *c, const char *text, struct ls_catalog **out)
{
    struct cli_ctx *ctx = c->ctx;
    struct ls_side_opts opts = {0};
    struct ls_side side;
    enum ls_rc rc = ls_side_parse(text, &side, &ctx->error);

    if (rc != LS_OK)
        return rc;
    rc = said_dialect(ctx, &opts);
    if (rc == LS_OK)
        other_dialect(c, &opts);
    if (rc == LS_OK) {
        struct cli_guard *guard = cli_guard_begin(ctx);

        rc = ls_side_load(&c->world, &side, &opts, out, &ctx->error);
        cli_guard_end(guard);
    }
    cli_progress_close(&c->progress);
    ls_side_release(&side);
    return rc;
}

/* What one side does not say the other may. Two that say different things cannot be compared. */
static enum ls_rc find_dialect(struct cli_compare *c, const struct ls_side *sides, struct ls_side_opts *opts)
{
    struct cli_ctx *ctx = c->ctx;
    enum ls_dialect d[2];
    bool known[2] = {false, false};
    enum ls_rc rc = said_dialect(ctx, opts);

    for (int i = 0; rc == LS_OK && i < 2; i++)
        rc = ls_side_dialect(&c->world, &sides[i], &known[i], &d[i], &ctx->error);
    if (rc != LS_OK)
        return rc;
    for (int i = 0; i < 2; i++) {
        /* A file of SQL is only guessed at. */
        if (!known[i] || (opts->has_dialect && sides[i].kind == LS_SIDE_FILE))
            continue;
        if (opts->has_dialect && opts->dialect != d[i])
            return ls_err_set(&ctx->error, LS_E_USAGE, "one side is of %s and the other of %s: they cannot be compared",
                              ls_dialect_name(opts->dialect), ls_dialect_name(d[i]));
        opts->has_dialect = true;
        opts->dialect = d[i];
    }
    other_dialect(c, opts);
    return LS_OK;
}

/* --- what counts
 * ---------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc take_rename(struct cli_compare *c, const char *text, bool is_accepted)
{
    struct cli_ctx *ctx = c->ctx;
    const char *arrow = strstr(text, " -> "), *eq = arrow ? arrow : strchr(text, '=');
    const char *from = eq ? ls_arena_strn(c->arena, text, (size_t)(eq - text)) : "", *to = eq ? eq + (arrow ? strlen(" -> ") : 1) : "";

    if (!*from || !*to)
        return ls_err_set(&ctx->error, LS_E_USAGE, "'%s' is no FROM=TO, as in users.type=users.kind or table keys=table api_keys", text);
    config_diff_choice(&c->given, from, to, is_accepted);
    if (!cli_has(ctx, CLI_O(SAVE)))
        return LS_OK;
    return config_keep_rename(&ctx->project, from, to, is_accepted, &ctx->error);
}

static enum ls_rc take_ignore(struct cli_compare *c, const char *text)
{
    struct config_ignore one;
    enum ls_rc rc = config_parse_ignore(c->arena, text, &one, &c->ctx->error);

    if (rc == LS_OK)
        *LS_VEC_PUSH(&c->given.ignore) = (struct ls_diff_ignore){one.kind, one.pattern, one.attr};
    return rc;
}

enum ls_rc cli_diff_opts(struct cli_compare *c, struct ls_diff_opts *out)
{
    struct cli_ctx *ctx = c->ctx;
    enum ls_rc rc = LS_OK;

    config_diff_project(&c->given, &ctx->project);
    for (int i = 0; rc == LS_OK && i < ctx->v->n_many; i++) {
        int id = ctx->v->many[i].id;

        if (id == CLI_OPT_IGNORE)
            rc = take_ignore(c, ctx->v->many[i].text);
        else if (id == CLI_OPT_ACCEPT_RENAME || id == CLI_OPT_REJECT_RENAME)
            rc = take_rename(c, ctx->v->many[i].text, id == CLI_OPT_ACCEPT_RENAME);
    }
    *out = (struct ls_diff_opts){.with_owner = cli_has(ctx, CLI_O(OWNER)),
                                 .with_rights = cli_has(ctx, CLI_O(PRIVILEGES)),
                                 .with_order = cli_has(ctx, CLI_O(ORDER)),
                                 .without_comments = cli_has(ctx, CLI_O(NO_COMMENTS)),
                                 .without_renames = cli_has(ctx, CLI_O(NO_RENAMES))};
    config_diff_lend(&c->given, out);
    return rc;
}

enum ls_rc cli_compare_sides(struct cli_compare *c, const char *a, const char *b)
{
    struct cli_ctx *ctx = c->ctx;
    struct ls_side sides[2] = {0};
    struct ls_side_opts opts = {0};
    struct ls_diff_opts diff_opts;
    enum ls_rc rc = ls_side_parse(a, &sides[0], &ctx->error);

    if (rc == LS_OK)
        rc = ls_side_parse(b, &sides[1], &ctx->error);
    if (rc == LS_OK)
        rc = cli_diff_opts(c, &diff_opts);
    if (rc == LS_OK)
        rc = find_dialect(c, sides, &opts);
    /* SQLite keeps the statements as they were written: what makes a thing anew says that. */
    opts.with_definitions = cli_has(ctx, CLI_O(DDL)) && opts.has_dialect && opts.dialect == LS_DIALECT_SQLITE;
    if (rc == LS_OK) {
        struct cli_guard *guard = cli_guard_begin(ctx);

        for (int i = 0, first = ls_side_first(sides); rc == LS_OK && i < 2; i++)
            rc = ls_side_load(&c->world, &sides[i ^ first], &opts, (i ^ first) == 0 ? &c->a : &c->b, &ctx->error);
        cli_guard_end(guard);
    }
    cli_progress_close(&c->progress);
    if (rc == LS_OK && c->a->dialect != c->b->dialect)
        rc = ls_err_set(&ctx->error, LS_E_USAGE, "one side is of %s and the other of %s: they cannot be compared",
                        ls_dialect_name(c->a->dialect), ls_dialect_name(c->b->dialect));
    if (rc == LS_OK)
        ls_diff_make(c->a, c->b, &diff_opts, &c->diff);
    for (int i = 0; i < 2; i++)
        ls_side_release(&sides[i]);
    return rc;
}
