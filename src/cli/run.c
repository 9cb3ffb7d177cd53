/* cli/run.c: one command, from its words to its exit code. */
#include <config.h>

#include "cli/cmd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>


static const char *said(const struct cli_values *v, int id, const char *otherwise)
{
    return v->set & (CLI_ONE << id) ? v->text[id] : otherwise;
}

static int said_ms(const struct cli_values *v, int id, int otherwise)
{
    return v->set & (CLI_ONE << id) ? (int)v->number[id] : otherwise;
}

void cli_request(const struct cli_values *v, const struct config_request *base, const char *(*getenv_fn)(const char *), struct config_request *out)
{
    static const struct config_request nothing = {.lock_timeout_ms = -1, .statement_timeout_ms = -1, .lock_wait_ms = -1};
    const struct config_request *b = base ? base : &nothing;

    memset(out, 0, sizeof(*out));
    out->url = said(v, CLI_OPT_URL, b->url);
    out->env = said(v, CLI_OPT_ENV, b->env);
    /* `-e NAME` typed in a console that was opened with --url means that environment's database. */
    if ((v->set & (CLI_O(ENV) | CLI_O(URL))) == CLI_O(ENV))
        out->url = NULL;
    out->migrations = said(v, CLI_OPT_MIGRATIONS, b->migrations);
    out->format = said(v, CLI_OPT_FORMAT, b->format);
    out->project = said(v, CLI_OPT_PROJECT, b->project);
    out->ledger_table = said(v, CLI_OPT_LEDGER_TABLE, b->ledger_table);
    out->tool = said(v, CLI_OPT_TOOL, b->tool);
    out->backup_dir = said(v, CLI_OPT_BACKUP_DIR, b->backup_dir);
    out->theme = said(v, CLI_OPT_THEME, b->theme);
    out->lock_timeout_ms = said_ms(v, CLI_OPT_LOCK_TIMEOUT, b->lock_timeout_ms);
    out->statement_timeout_ms = said_ms(v, CLI_OPT_STATEMENT_TIMEOUT, b->statement_timeout_ms);
    out->lock_wait_ms = said_ms(v, CLI_OPT_LOCK_WAIT, b->lock_wait_ms);
    out->no_journal = b->no_journal || (v->set & CLI_O(NO_JOURNAL));
    out->read_only = b->read_only || (v->set & CLI_O(READ_ONLY));
    out->pooled = b->pooled || (v->set & CLI_O(POOLED));
    out->getenv_fn = getenv_fn;
}

const char *const *cli_complete_words(size_t *n)
{
    static const char *const words[] = {
#define X(name) #name,
        CLI_COMMANDS(X)
#undef X
#define X(id, name, s, kind, arg, help) "--" name,
        CLI_OPTIONS(X)
#undef X
    };
    *n = LS_ARRAY_LEN(words);
    return words;
}

/* What needs no command, or comes before any: help, version, the scripts. -1: go on. */
static int run_words_alone(struct cli_ctx *ctx)
{
    const struct cli_words *w = &ctx->words;

    if (w->dump_options) {
        cli_dump_options(ctx->out);
        return 0;
    }
    if (cli_has(ctx, CLI_O(HELP))) {
        cli_show_help(ctx, w->command);
        return 0;
    }
    if (cli_has(ctx, CLI_O(VERSION)))
        return cli_cmd_version(ctx);
    if (!w->command && cli_has(ctx, CLI_O(GENERATE_COMPLETION)))
        return cli_generate_completion(ctx->out, w->values.text[CLI_OPT_GENERATE_COMPLETION], &ctx->error) == LS_OK ? 0 : cli_fail(ctx);
    if (!w->command && cli_has(ctx, CLI_O(DUMP_KEYS))) {
        if (!ctx->io->dump_keys)
            return cli_fail_with(ctx, LS_E_UNSUPPORTED, "this build has no console");
        ctx->io->dump_keys(ctx->out);
        return 0;
    }
    if (!w->command) {
        (void)ls_err_set(&ctx->error, LS_E_USAGE, "no command is named");
        ls_err_hint(&ctx->error, "`lockstep --help` lists the commands");
        return cli_fail(ctx);
    }
    return -1;
}

static void release(struct cli_ctx *ctx)
{
    ls_snapshot_free(ctx->snap);
    if (ctx->session && ctx->io->on_session)
        ctx->io->on_session(ctx->io->confirm_ctx, NULL);
    ls_session_free(ctx->session);
    free(ctx->url_database);
    if (ctx->has_target)
        config_target_release(&ctx->target);
    if (ctx->project.arena)
        config_project_release(&ctx->project);
    ls_err_release(&ctx->error);
    json_decref(ctx->root);
}

/* Whoever read us has enough, as head(1) has. What an earlier write said is not remembered. */
static bool has_no_reader(FILE *out)
{
    struct pollfd p = {.fd = fileno(out)};

    return p.fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
}

/* Prints the JSON object, and says so when the data did not arrive: a full disk must not look like success. */
static int finish(struct cli_ctx *ctx, int code)
{
    if (ctx->root && json_object_size(ctx->root) > 0) {
        (void)json_dumpf(ctx->root, ctx->out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        (void)fputc('\n', ctx->out);
    }
    errno = 0;
    if (fflush(ctx->out) != 0 || ferror(ctx->out)) {
        int why = errno;

        if (why != EPIPE && !has_no_reader(ctx->out))
            (void)fprintf(ctx->err, "lockstep: the output could not be written%s%s\n", why ? ": " : "", why ? strerror(why) : "");
        code = code ? code : 1;
    }
    (void)fflush(ctx->err);
    return code;
}

static bool wants_to_write(const struct cli_ctx *ctx)
{
    const struct cli_command *c = ctx->words.command;

    return (c->flags & CLI_WRITES) && !cli_has(ctx, CLI_O(DRY_RUN)) && (c->writes_with == 0 || cli_has(ctx, c->writes_with));
}

/* -1: nothing speaks against it. */
static int refuse_read_only(struct cli_ctx *ctx)
{
    const char *name = ctx->words.command->name;

    if (ctx->request.read_only)
        return cli_fail_with(ctx, LS_E_REFUSED, "%s writes, and --read-only was asked for", name);
    if (!ctx->io->is_unarmed)
        return -1;
    ls_err_set(&ctx->error, LS_E_REFUSED, "%s writes, and this console is read-only: its environment is protected", name);
    ls_err_hint(&ctx->error, "arm the console first");
    return cli_fail(ctx);
}

int cli_run(const struct cli_io *io, int argc, const char *const *argv)
{
    struct cli_ctx ctx = {.io = io, .out = io->out, .err = io->err, .error = LS_ERR_INIT};
    int code;

    ctx.v = &ctx.words.values;
    if (cli_parse(argc, argv, &ctx.words, &ctx.error) != LS_OK) {
        /* Not everything was read; a script that says --json anywhere gets its answer as JSON. */
        for (int i = 0; i < argc; i++)
            ctx.json = ctx.json || strcmp(argv[i], "--json") == 0;
        ctx.root = ctx.json ? json_object() : NULL;
        code = cli_fail(&ctx);
    } else {
        ctx.json = cli_has(&ctx, CLI_O(JSON));
        ctx.quiet = cli_has(&ctx, CLI_O(QUIET));
        ctx.root = ctx.json ? json_object() : NULL;
        cli_request(ctx.v, io->base, io->getenv_fn, &ctx.request);
        code = run_words_alone(&ctx);
        if (code < 0 && wants_to_write(&ctx))
            code = refuse_read_only(&ctx);
        if (code < 0)
            code = ctx.words.command->run(&ctx);
    }
    code = finish(&ctx, code);
    release(&ctx);
    return code;
}
