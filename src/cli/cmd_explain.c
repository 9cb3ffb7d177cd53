/* cli/cmd_explain.c: how the database would run, or runs, one query. */
#include <config.h>

#include "cli/index.h"

#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/text.h"

static const struct ls_query *find_query(const struct ls_workload *w, const char *name)
{
    for (uint32_t i = 0; i < w->n_queries; i++)
        if (strcmp(w->queries[i].name, name) == 0)
            return &w->queries[i];
    return NULL;
}

/* A single word is a name, and no SQL. */
static bool is_word(const char *text)
{
    return text[0] != '\0' && !strpbrk(text, " \t\r\n;(");
}

static enum ls_rc unknown_query(struct cli_index *x, const struct ls_workload *w, const char *name)
{
    const char **names = LS_ARENA_ARRAY(x->opts.arena, const char *, w->n_queries + 1), *near;

    for (uint32_t i = 0; i < w->n_queries; i++)
        names[i] = w->queries[i].name;
    near = ls_nearest_word(name, names, w->n_queries);
    ls_err_set(&x->ctx->error, LS_E_NOT_FOUND, "there is no query '%s' in %s%s%s%s", name, x->req.workload_path, near ? "; did you mean '" : "",
               near ? near : "", near ? "'?" : "");
    ls_err_hint(&x->ctx->error, "name one of the workload, or write the SQL: lockstep explain 'SELECT ...'");
    return LS_E_NOT_FOUND;
}

/* A query of the workload by its name, standard input, or SQL. *w is to be released. */
static enum ls_rc load_query(struct cli_index *x, enum ls_dialect d, struct ls_workload *w, const struct ls_query **out)
{
    struct cli_ctx *ctx = x->ctx;
    const char *word = ctx->words.args[0];
    bool is_in = strcmp(word, "-") == 0, has_file = ls_path_kind(x->req.workload_path) == LS_PATH_FILE;
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    *out = NULL;
    if (!is_in && (has_file || x->req.workload_is_asked)) {
        rc = ls_workload_load(x->req.workload_path, d, w, &ctx->error);
        if (rc == LS_OK)
            *out = find_query(w, word);
    }
    if (rc != LS_OK || *out)
        return rc;
    if (!is_in && is_word(word))
        return unknown_query(x, w, word);
    if (w->arena)
        ls_workload_release(w);
    if (is_in)
        rc = cli_read_in(ctx, &text);
    else
        ls_buf_adds(&text, word);
    if (rc == LS_OK)
        rc = ls_workload_one(text.ptr, text.len, d, w, &ctx->error);
    if (rc == LS_OK)
        *out = &w->queries[0];
    ls_buf_release(&text);
    return rc;
}

static enum ls_rc said_sample(struct cli_ctx *ctx, const struct ls_query *q, struct ls_explain_opts *opts)
{
    long n = cli_has(ctx, CLI_O(SAMPLE)) ? ctx->v->number[CLI_OPT_SAMPLE] : q->n_samples > 0;

    opts->sample = n > 0 ? (uint32_t)n - 1 : UINT32_MAX;
    if (n <= (long)q->n_samples)
        return LS_OK;
    ls_err_set(&ctx->error, LS_E_USAGE, "%s has %u set%s of sample values, and no %ld", q->name, q->n_samples, q->n_samples == 1 ? "" : "s", n);
    ls_err_hint(&ctx->error, "write them in front of it: -- sample: 42, 'person'");
    return LS_E_USAGE;
}

static void print(struct cli_ctx *ctx, const struct ls_query *q, const struct ls_explained *e)
{
    struct ls_buf text = LS_BUF_INIT;

    if (ctx->root) {
        cli_json_set(ctx->root, "name", q->name);
        cli_json_set(ctx->root, "sql", q->sql);
        (void)json_object_set_new(ctx->root, "plan", cli_explained_json(e));
        return;
    }
    ls_explained_print(e, cli_plan_width(ctx, 0), ctx->io->ascii, &text);
    cli_lines(ctx, ctx->out, "", text.ptr);
    cli_say(ctx, "%s: %s", q->name, e->how);
    if (cli_has(ctx, CLI_O(RUN)) && !q->is_read)
        cli_say(ctx, "note: it writes, so it was planned and not run");
    ls_buf_release(&text);
}

static enum ls_rc explain(struct cli_index *x)
{
    struct cli_ctx *ctx = x->ctx;
    struct ls_explain_opts opts = {.run = cli_has(ctx, CLI_O(RUN))};
    struct ls_workload w = {0};
    struct ls_explained e = {0};
    const struct ls_query *q;
    enum ls_rc rc = ls_session_connect(ctx->session, &ctx->error);

    if (rc == LS_OK)
        rc = load_query(x, ls_db_dialect(ls_session_db(ctx->session)), &w, &q);
    if (rc == LS_OK)
        rc = said_sample(ctx, q, &opts);
    if (rc == LS_OK) {
        struct cli_guard *guard = cli_guard_begin(ctx);

        rc = ls_explain(ls_session_db(ctx->session), q, &opts, &e, &ctx->error);
        cli_guard_end(guard);
    }
    if (rc == LS_OK) {
        print(ctx, q, &e);
        ls_explained_release(&e);
    }
    if (w.arena)
        ls_workload_release(&w);
    return rc;
}

int cli_cmd_explain(struct cli_ctx *ctx)
{
    struct cli_index x = {0};
    enum ls_rc rc = cli_index_begin(&x, ctx, false);

    if (rc == LS_OK)
        rc = explain(&x);
    cli_index_end(&x);
    return rc == LS_OK ? 0 : cli_fail(ctx);
}
