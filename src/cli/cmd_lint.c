/* cli/cmd_lint.c: every check that needs no database, for CI. */
#include <config.h>

#include "cli/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "cli/sarif.h"
#include "lockstep/engine/lint.h"

/* URLs of no database: nobody connects, they only say the dialect. */
static const char *const stand_in[] = {[LS_DIALECT_POSTGRES] = "postgresql:///", [LS_DIALECT_SQLITE] = "sqlite::memory:"};

/* --fail-on: the least severity that makes it fail; LS_SEV_ERROR + 1 for none. */
enum ls_rc cli_fail_level(struct cli_ctx *ctx, int *out)
{
    const char *word = ctx->v->text[CLI_OPT_FAIL_ON];

    *out = LS_SEV_ERROR;
    if (!cli_has(ctx, CLI_O(FAIL_ON)))
        return LS_OK;
    for (*out = LS_SEV_INFO; *out <= LS_SEV_ERROR; ++*out)
        if (strcmp(word, ls_severity_name((enum ls_severity)*out)) == 0)
            return LS_OK;
    if (strcmp(word, "never") == 0)
        return LS_OK;
    return ls_err_set(&ctx->error, LS_E_USAGE, "there is no severity '%s'; there are info, warning, danger, error, and never", word);
}

static void rescan(struct cli_ctx *ctx, enum ls_dialect d)
{
    ls_snapshot_free(ctx->snap);
    ls_session_free(ctx->session);
    ctx->snap = NULL;
    ctx->target.params.url = stand_in[d];
    ctx->session = ls_session_new(&ctx->target.params);
}

/* Whether the folder itself says which database it is for: a journal, a lock file. */
static bool folder_says(const struct cli_ctx *ctx, enum ls_dialect *out)
{
    struct ls_founds found = {0};
    bool says = false;

    if (ls_format_detect_project(ctx->snap->migrations.dir, &found, NULL) == LS_OK)
        for (size_t i = 0; !says && i < found.f.n; i++) {
            says = found.f.v[i].format == ctx->snap->format && found.f.v[i].detect.has_dialect;
            *out = says ? found.f.v[i].detect.dialect : *out;
        }
    ls_founds_release(&found);
    return says;
}

/* The dialect: as it is told, else the target's, else the folder's own, where it has one. */
static enum ls_rc scan(struct cli_ctx *ctx)
{
    bool is_told = cli_has(ctx, CLI_O(DIALECT));
    enum ls_dialect told = LS_DIALECT_POSTGRES;
    enum ls_rc rc;

    if (is_told && !ls_dialect_parse(ctx->v->text[CLI_OPT_DIALECT], &told))
        return ls_err_set(&ctx->error, LS_E_USAGE, "there is no dialect '%s'; there are postgres and sqlite", ctx->v->text[CLI_OPT_DIALECT]);
    rc = cli_scan(ctx);
    if (rc != LS_OK)
        return rc;
    if (!is_told && (ctx->target.params.url != NULL || !folder_says(ctx, &told)))
        return LS_OK;
    rescan(ctx, told);
    return ls_session_scan(ctx->session, &ctx->snap, &ctx->error);
}

static void print_report(struct cli_ctx *ctx, const struct ls_lint_report *r)
{
    size_t count[LS_SEV_ERROR + 1] = {0};

    for (size_t i = 0; i < r->f.n; i++) {
        const struct ls_diag *d = &r->f.v[i].diag;
        const char *path = d->path != NULL ? d->path : ctx->snap->migrations.dir;

        count[d->severity]++;
        if (d->line > 0)
            cli_print(ctx, "%s:%d: %s: %s [%s]", path, d->line, ls_severity_name(d->severity), d->message, d->code);
        else
            cli_print(ctx, "%s: %s: %s [%s]", path, ls_severity_name(d->severity), d->message, d->code);
        if (d->hint != NULL)
            cli_print(ctx, "  hint: %s", d->hint);
    }
    cli_say(ctx, "%d migration%s of %s checked as %s: %zu error%s, %zu danger%s, %zu warning%s, %zu note%s", r->n_checked, r->n_checked == 1 ? "" : "s",
            ctx->snap->format->title, ls_dialect_name(ctx->snap->info.dialect), count[LS_SEV_ERROR], count[LS_SEV_ERROR] == 1 ? "" : "s",
            count[LS_SEV_DANGER], count[LS_SEV_DANGER] == 1 ? "" : "s", count[LS_SEV_WARNING], count[LS_SEV_WARNING] == 1 ? "" : "s",
            count[LS_SEV_INFO], count[LS_SEV_INFO] == 1 ? "" : "s");
}

static void fill_json(struct cli_ctx *ctx, const struct ls_lint_report *r, bool failed)
{
    json_t *a = json_array();

    for (size_t i = 0; i < r->f.n; i++) {
        struct ls_diags one = {0};
        json_t *list, *o;

        *LS_VEC_PUSH(&one.d) = r->f.v[i].diag;
        list = cli_json_diags(&one);
        o = json_array_get(list, 0);
        if (r->f.v[i].rule != NULL)
            cli_json_set(o, "rule", r->f.v[i].rule);
        (void)json_array_append(a, o);
        json_decref(list);
        LS_VEC_RELEASE(&one.d);
    }
    cli_json_set(ctx->root, "format", ctx->snap->format->name);
    cli_json_set(ctx->root, "folder", ctx->snap->migrations.dir);
    cli_json_set(ctx->root, "dialect", ls_dialect_name(ctx->snap->info.dialect));
    cli_json_int(ctx->root, "checked", r->n_checked);
    (void)json_object_set_new(ctx->root, "findings", a);
    cli_json_bool(ctx->root, "failed", failed);
}

static void print_sarif(struct cli_ctx *ctx, const struct ls_lint_report *r)
{
    json_t *log = cli_sarif(r);
    char *text = json_dumps(log, JSON_INDENT(2) | JSON_ENSURE_ASCII);

    if (text != NULL)
        cli_data(ctx, text, strlen(text));
    cli_data(ctx, "\n", 1);
    free(text);
    json_decref(log);
}

int cli_cmd_lint(struct cli_ctx *ctx)
{
    struct ls_lint_report report;
    bool failed = false;
    int least;

    if (ctx->root != NULL && cli_has(ctx, CLI_O(SARIF)))
        return cli_fail_with(ctx, LS_E_USAGE, "--json and --sarif are two forms of the same: name one");
    if (cli_fail_level(ctx, &least) != LS_OK || scan(ctx) != LS_OK)
        return cli_fail(ctx);
    if (ctx->snap->format_note != NULL)
        cli_say(ctx, "note: %s", ctx->snap->format_note);
    ls_lint(ctx->session, ctx->snap, &report);
    for (size_t i = 0; i < report.f.n; i++)
        failed = failed || (int)report.f.v[i].diag.severity >= least;
    if (ctx->root != NULL)
        fill_json(ctx, &report, failed);
    else if (cli_has(ctx, CLI_O(SARIF)))
        print_sarif(ctx, &report);
    else
        print_report(ctx, &report);
    ls_lint_report_release(&report);
    return failed ? ls_rc_exit_code(LS_E_DRIFT) : 0;
}
