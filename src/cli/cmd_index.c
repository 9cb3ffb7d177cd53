/* cli/cmd_index.c: how indexes are used, what is to be said of them, and what mends it. */
#include <config.h>

#include "cli/index.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SMALL ((int64_t)64 << 20)

/* A small SQLite file is read and copied in the time that it takes to read this: then its sizes are shown, and what is missing is measured at once. */
static bool is_small_file(const struct cli_ctx *ctx)
{
    char *path = ls_db_url_database(ctx->target.params.url);
    enum ls_dialect d = LS_DIALECT_POSTGRES;
    struct stat st;
    bool is = ls_db_url_dialect(ctx->target.params.url, &d, NULL) == LS_OK && d == LS_DIALECT_SQLITE && stat(path, &st) == 0 && st.st_size <= SMALL;

    free(path);
    return is;
}

/* One form of output at most. */
static enum ls_rc check_forms(struct cli_ctx *ctx)
{
    static const cli_set forms[] = {CLI_O(JSON), CLI_O(CSV), CLI_O(SARIF), CLI_O(MARKDOWN)};
    int n = 0;

    for (size_t i = 0; i < LS_ARRAY_LEN(forms); i++)
        n += cli_has(ctx, forms[i]);
    if (n > 1)
        return ls_err_set(&ctx->error, LS_E_USAGE, "--json, --csv, --sarif and --markdown are forms of the same: name one");
    if (cli_has(ctx, CLI_O(FIX)) && cli_has(ctx, CLI_O(UPKEEP)))
        return ls_err_set(&ctx->error, LS_E_USAGE, "--fix writes a migration, --upkeep does maintenance: name one");
    if (cli_has(ctx, CLI_O(SAVE)) && !cli_has(ctx, CLI_O(IGNORE)))
        return ls_err_set(&ctx->error, LS_E_USAGE, "--save keeps what --ignore says, and there is none");
    if (cli_has(ctx, CLI_O(SAVE)) && cli_has(ctx, CLI_O(FIX) | CLI_O(UPKEEP) | CLI_O(CSV) | CLI_O(SARIF) | CLI_O(MARKDOWN)))
        return ls_err_set(&ctx->error, LS_E_USAGE, "--save keeps what --ignore says, and does nothing else");
    return LS_OK;
}

static void print_sarif(struct cli_index *x, uint32_t table)
{
    json_t *log = cli_index_sarif(x, table);
    char *text = json_dumps(log, JSON_INDENT(2) | JSON_ENSURE_ASCII);

    if (text)
        cli_data(x->ctx, text, strlen(text));
    cli_data(x->ctx, "\n", 1);
    free(text);
    json_decref(log);
}

static int report(struct cli_index *x, uint32_t table, enum ls_index_sort sort, int least)
{
    struct cli_ctx *ctx = x->ctx;
    bool failed = false;

    for (uint32_t i = 0; i < x->r.verdicts.n; i++)
        failed = failed || (cli_index_shows(&x->r.verdicts.v[i], table, false) && (int)x->r.verdicts.v[i].severity >= least);
    if (ctx->root) {
        cli_index_json(x, table);
        cli_json_bool(ctx->root, "failed", failed);
    } else if (cli_has(ctx, CLI_O(SARIF))) {
        print_sarif(x, table);
    } else if (cli_has(ctx, CLI_O(CSV))) {
        cli_index_csv(x, table, sort);
    } else if (cli_has(ctx, CLI_O(MARKDOWN))) {
        cli_index_markdown(x, table, sort);
    } else {
        cli_index_print(x, table, sort);
    }
    return failed ? ls_rc_exit_code(LS_E_DRIFT) : 0;
}

static int fix_all(struct cli_index *x)
{
    const struct ls_index_verdict *v[CLI_MAX_MANY];
    uint32_t n = 0;

    for (int i = 0; i < x->ctx->v->n_many; i++) {
        if (x->ctx->v->many[i].id != CLI_OPT_FIX)
            continue;
        if (cli_index_find(x, x->ctx->v->many[i].text, &v[n++]) != LS_OK)
            return cli_fail(x->ctx);
    }
    return cli_index_write(x, v, n);
}

static int upkeep(struct cli_index *x)
{
    const struct ls_index_verdict *v;

    if (cli_index_find(x, x->ctx->v->text[CLI_OPT_UPKEEP], &v) != LS_OK)
        return cli_fail(x->ctx);
    return cli_index_upkeep(x, v);
}

/* What was kept of --ignore, and where: nobody who says so waits for a report. */
static int say_kept(struct cli_index *x)
{
    json_t *list = json_array();

    for (size_t i = 0; i < x->opts.ignores.n; i++) {
        const struct ls_index_ignore *one = &x->opts.ignores.v[i];
        json_t *o;

        if (i < x->n_ignores_of_project)
            continue;
        if (!x->ctx->root)
            cli_print(x->ctx, "ignored from now on: %s %s: %s", one->id, one->object, one->reason);
        o = json_object();
        cli_json_set(o, "id", one->id);
        cli_json_set(o, "object", one->object);
        cli_json_set(o, "reason", one->reason);
        (void)json_array_append_new(list, o);
    }
    if (x->ctx->root) {
        (void)json_object_set(x->ctx->root, "kept", list);
        cli_json_set(x->ctx->root, "file", x->ctx->project.path);
    } else {
        cli_say(x->ctx, "kept in %s, section [index]", x->ctx->project.path);
    }
    json_decref(list);
    return 0;
}

int cli_cmd_index(struct cli_ctx *ctx)
{
    struct cli_index x = {0};
    enum ls_index_sort sort = LS_INDEX_BY_NAME;
    uint32_t table;
    int least, code;
    bool is_small, mends = cli_has(ctx, CLI_O(FIX) | CLI_O(UPKEEP));
    enum ls_rc rc = check_forms(ctx);

    if (rc == LS_OK)
        rc = cli_fail_level(ctx, &least);
    if (rc == LS_OK)
        rc = cli_index_sort(ctx, &sort);
    if (rc == LS_OK)
        rc = cli_index_begin(&x, ctx, cli_has(ctx, CLI_O(UPKEEP)) && !cli_has(ctx, CLI_O(DRY_RUN)));
    if (rc == LS_OK && cli_has(ctx, CLI_O(SAVE))) {
        code = say_kept(&x);
        cli_index_end(&x);
        return code;
    }
    is_small = rc == LS_OK && is_small_file(ctx);
    x.req.usage.with_sizes = cli_has(ctx, CLI_O(SIZES)) || sort == LS_INDEX_BY_SIZE || is_small;
    x.req.usage.with_bloat = cli_has(ctx, CLI_O(BLOAT)) || sort == LS_INDEX_BY_BLOAT;
    x.req.usage.with_orphans = !mends;
    x.req.advise = !cli_has(ctx, CLI_O(UPKEEP)); /* what upkeep mends no query tells */
    x.req.advice.measure = is_small;
    if (rc == LS_OK)
        rc = cli_index_make(&x);
    if (rc == LS_OK)
        rc = cli_index_table(&x, &table);
    if (rc != LS_OK)
        code = cli_fail(ctx);
    else if (cli_has(ctx, CLI_O(FIX)))
        code = fix_all(&x);
    else if (cli_has(ctx, CLI_O(UPKEEP)))
        code = upkeep(&x);
    else
        code = report(&x, table, sort, least);
    cli_index_end(&x);
    return code;
}
