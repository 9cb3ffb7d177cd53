/* cli/cmd_settle.c: renumber, reconcile, adopt, convert: show the settlement, ask, run it. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "cli/settle.h"
#include "lockstep/base/mem.h"

/* --- the project ---------------------------------------------------------------------------------------------------------- */

enum ls_rc cli_open_settle(struct cli_ctx *ctx, bool need_db, bool writes)
{
    enum ls_rc rc = cli_load(ctx, need_db);

    if (rc != LS_OK)
        return rc;
    ctx->target.params.read_only = ctx->target.params.read_only || !writes;
    ctx->session = ls_session_new(&ctx->target.params);
    if (ctx->target.params.url != NULL)
        return cli_snapshot(ctx);
    return ls_session_scan(ctx->session, &ctx->snap, &ctx->error);
}

/* --- as data -------------------------------------------------------------------------------------------------------------- */

static json_t *file_json(const struct ls_file_op *op)
{
    static const char *const kinds[] = {
        [LS_FILE_RENAME] = "rename", [LS_FILE_WRITE] = "write", [LS_FILE_REMOVE] = "remove", [LS_FILE_MKDIR] = "mkdir"};
    json_t *o = json_object();

    cli_json_set(o, "op", kinds[op->kind]);
    cli_json_set(o, "from", op->from);
    cli_json_set(o, "to", op->to);
    if (op->kind == LS_FILE_WRITE) {
        char *text = ls_strndup(op->text, op->len);

        cli_json_bool(o, "is_new", op->before[0] == '\0');
        cli_json_set(o, "text", text);
        free(text);
    }
    return o;
}

static json_t *evidence_json(const struct ls_settle_evidence *e)
{
    static const char *const found[] = {
        [LS_FOUND_UNKNOWN] = "unknown", [LS_FOUND_ALL] = "all", [LS_FOUND_NOTHING] = "nothing", [LS_FOUND_PART] = "part"};
    static const char *const verdicts[] = {
        [LS_SETTLE_KEEP] = "keep", [LS_SETTLE_RECORD] = "record", [LS_SETTLE_UNRECORD] = "unrecord", [LS_SETTLE_ASK] = "undecided"};
    json_t *o = json_object(), *statements = json_array();

    cli_json_set(o, "id", e->id);
    cli_json_set(o, "version", e->label);
    cli_json_set(o, "name", e->name);
    cli_json_set(o, "file", e->path);
    cli_json_set(o, "ledger", e->ledger_says);
    cli_json_set(o, "list", e->list_says);
    cli_json_set(o, "found", found[e->found]);
    cli_json_bool(o, "chosen", e->is_chosen);
    cli_json_set(o, "verdict", verdicts[e->verdict]);
    for (size_t i = 0; i < e->n; i++) {
        json_t *s = json_object();

        cli_json_set(s, "statement", e->statements[i]);
        cli_json_set(s, "says", e->says[i]);
        (void)json_array_append_new(statements, s);
    }
    (void)json_object_set_new(o, "statements", statements);
    return o;
}

static json_t *settlement_json(const struct cli_ctx *ctx, const struct ls_settlement *t)
{
    json_t *o = json_object(), *files = json_array(), *evidence = json_array();

    cli_json_set(o, "kind", ls_settle_name(t->kind));
    cli_json_set(o, "title", t->title);
    cli_json_set(o, "dir", t->dir);
    cli_json_set(o, "out_dir", t->out_dir);
    cli_json_set(o, "to_format", t->to_format);
    cli_json_set(o, "digest", t->digest);
    cli_json_int(o, "undecided", (int64_t)t->n_undecided);
    for (size_t i = 0; i < t->files.n; i++)
        (void)json_array_append_new(files, file_json(&t->files.v[i]));
    for (size_t i = 0; i < t->evidence.n; i++)
        (void)json_array_append_new(evidence, evidence_json(&t->evidence.v[i]));
    (void)json_object_set_new(o, "files", files);
    (void)json_object_set_new(o, "evidence", evidence);
    (void)json_object_set_new(o, "findings", cli_json_diags(&t->findings));
    (void)json_object_set_new(o, "lost", cli_json_diags(&t->lost));
    (void)json_object_set_new(o, "plan", t->plan != NULL ? cli_json_plan(t->plan, cli_dialect(ctx), true) : json_null());
    return o;
}

static json_t *result_json(const struct ls_run_report *r)
{
    json_t *o = json_object();

    cli_json_set(o, "verdict", ls_verdict_name(r->verdict));
    cli_json_int(o, "elapsed_ms", r->elapsed_ms);
    (void)json_object_set_new(o, "state", cli_json_lines(r->applied.ptr));
    (void)json_object_set_new(o, "next", cli_json_lines(r->next.ptr));
    if (*r->run_id)
        cli_json_set(o, "run_id", r->run_id);
    return o;
}

/* --- asking and running --------------------------------------------------------------------------------------------------- */

int cli_settle_tell(struct cli_ctx *ctx, const char *what, struct ls_run_report *r)
{
    bool done = r->err.code == LS_OK;
    int code = 0;

    if (ctx->root)
        (void)json_object_set_new(ctx->root, "result", result_json(r));
    if (!done) {
        ls_err_move(&ctx->error, &r->err);
        code = cli_fail(ctx);
        cli_lines(ctx, ctx->err, "  ", r->applied.ptr);
        if (r->next.len > 0)
            (void)fputs("next:\n", ctx->err);
        cli_lines(ctx, ctx->err, "  ", r->next.ptr);
    } else if (!ctx->json) {
        cli_print(ctx, "%s: done", what);
        cli_lines(ctx, ctx->out, "", r->applied.ptr);
        if (!ctx->quiet)
            cli_lines(ctx, ctx->err, "note: ", r->next.ptr);
    }
    return code;
}

static void add_clean(const struct cli_ctx *ctx, struct ls_buf *out, const char *line)
{
    char *clean = cli_clean(ctx, line);

    ls_buf_adds(out, clean);
    ls_buf_addc(out, '\n');
    free(clean);
}

/* Line by line, each made harmless; a tab is no harm, and tools' DDL is indented with it. */
static void clean_lines(const struct cli_ctx *ctx, struct ls_buf *out, const char *text)
{
    struct ls_buf line = LS_BUF_INIT;

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        ls_buf_clear(&line);
        for (size_t i = 0; i < n; i++)
            ls_buf_add(&line, text[i] == '\t' ? "    " : text + i, text[i] == '\t' ? 4 : 1);
        add_clean(ctx, out, line.ptr != NULL ? line.ptr : "");
        text += n + (text[n] != '\0');
    }
    ls_buf_release(&line);
}

static void question(struct cli_ctx *ctx, const struct ls_settlement *t, struct ls_buf *out)
{
    const struct ls_session_params *p = &ctx->target.params;
    struct ls_buf raw = LS_BUF_INIT;

    if (t->plan != NULL)
        ls_buf_addf(&raw, "Target:  %s%s%s%s\nJournal: %s\n", t->plan->target, p->env_name ? ", environment " : "",
                    p->env_name ? p->env_name : "", p->is_protected ? ", PROTECTED" : "",
                    p->journal ? "recorded in lockstep_journal" : "off");
    ls_settlement_print(t, cli_dialect(ctx), &raw);
    clean_lines(ctx, out, raw.ptr);
    ls_buf_release(&raw);
}

/* Where only files change, no database is written: a protected environment wants nothing typed. */
static enum ls_rc agree(struct cli_ctx *ctx, const struct ls_settlement *t, const char *text)
{
    bool is_protected = ctx->target.params.is_protected;
    enum ls_rc rc;

    if (t->plan == NULL)
        ctx->target.params.is_protected = false;
    rc = cli_confirm(ctx, text, ls_settle_name(t->kind));
    ctx->target.params.is_protected = is_protected;
    return rc;
}

static int run(struct cli_ctx *ctx, const struct ls_settlement *t)
{
    struct cli_guard *guard = cli_guard_begin(ctx);
    struct cli_progress progress;
    struct ls_run_hooks hooks;
    struct ls_run_report report;
    int code;

    cli_progress_init(&progress, ctx, ls_settle_name(t->kind));
    cli_progress_hooks(&progress, &hooks);
    (void)ls_settle_run(ctx->session, t, &hooks, &report);
    cli_progress_close(&progress);
    cli_guard_end(guard);
    code = cli_settle_tell(ctx, ls_settle_name(t->kind), &report);
    ls_run_report_release(&report);
    return code;
}

/* What can be said without touching anything: nothing to do, --dry-run. -1: go on. */
static int settle_dry(struct cli_ctx *ctx, const struct ls_settlement *t, const char *text)
{
    bool is_empty = ls_settlement_is_empty(t), dry = cli_has(ctx, CLI_O(DRY_RUN));

    if (!is_empty && !dry)
        return -1;
    if (!ctx->root && (dry || t->evidence.n > 0 || t->findings.d.n > 0))
        (void)fputs(text, ctx->out);
    if (!ctx->root && is_empty)
        cli_print(ctx, "%s: nothing to do", ls_settle_name(t->kind));
    return 0;
}

static int settle(struct cli_ctx *ctx, const struct ls_settle_request *req, bool need_db)
{
    struct ls_settlement *t = NULL;
    struct ls_buf text = LS_BUF_INIT;
    int code;

    if (cli_open_settle(ctx, need_db, !cli_has(ctx, CLI_O(DRY_RUN))) != LS_OK ||
        ls_settle_make(ctx->session, ctx->snap, req, &t, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    if (ctx->root) {
        (void)json_object_set_new(ctx->root, "target", ctx->snap->has_db ? cli_json_target(ctx) : json_null());
        (void)json_object_set_new(ctx->root, "settlement", settlement_json(ctx, t));
    }
    question(ctx, t, &text);
    code = settle_dry(ctx, t, text.ptr);
    if (code < 0) {
        /* Who cannot be asked is shown all the same what it is about. */
        if ((cli_has(ctx, CLI_O(YES)) || !ctx->io->confirm) && !ctx->quiet)
            cli_show_question(ctx, text.ptr);
        code = agree(ctx, t, text.ptr) == LS_OK ? run(ctx, t) : cli_fail(ctx);
    }
    ls_buf_release(&text);
    ls_settlement_free(t);
    return code;
}

/* --- the commands --------------------------------------------------------------------------------------------------------- */

int cli_cmd_renumber(struct cli_ctx *ctx)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RENUMBER};

    req.version = ctx->words.n_args > 0 ? ctx->words.args[0] : NULL;
    req.to = ctx->words.n_args > 1 ? ctx->words.args[1] : NULL;
    return settle(ctx, &req, false);
}

/* "7,9" as a list that ends with NULL; one block to free behind *text. */
static const char **split_ids(const char *ids, char **text)
{
    size_t n = 2, k = 0;
    const char **out;

    for (const char *p = ids; *p != '\0'; p++)
        n += *p == ',';
    *text = ls_strdup(ids);
    out = ls_calloc(n, sizeof(*out));
    for (char *p = *text, *end; *p != '\0'; p = end) {
        size_t len = strcspn(p, ",");

        end = p + len + (p[len] != '\0');
        p[len] = '\0';
        if (len > 0)
            out[k++] = p;
    }
    return out;
}

int cli_cmd_reconcile(struct cli_ctx *ctx)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_RECONCILE};
    char *text[2] = {NULL, NULL};
    const char **applied = split_ids(cli_has(ctx, CLI_O(APPLIED)) ? ctx->v->text[CLI_OPT_APPLIED] : "", &text[0]);
    const char **pending = split_ids(cli_has(ctx, CLI_O(PENDING)) ? ctx->v->text[CLI_OPT_PENDING] : "", &text[1]);
    int code;

    req.applied = applied;
    req.pending = pending;
    code = settle(ctx, &req, true);
    free(applied);
    free(pending);
    free(text[0]);
    free(text[1]);
    return code;
}

int cli_cmd_adopt(struct cli_ctx *ctx)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_ADOPT, .version = ctx->words.args[0]};

    return settle(ctx, &req, true);
}

int cli_cmd_convert(struct cli_ctx *ctx)
{
    struct ls_settle_request req = {.kind = LS_SETTLE_CONVERT};

    if (!cli_has(ctx, CLI_O(TO))) {
        ls_err_hint(&ctx->error, "usage: lockstep convert --to FORMAT [--out DIR]");
        return cli_fail_with(ctx, LS_E_USAGE, "convert wants the format to convert to");
    }
    req.to_format = ctx->v->text[CLI_OPT_TO];
    req.out_dir = cli_has(ctx, CLI_O(OUT)) ? ctx->v->text[CLI_OPT_OUT] : NULL;
    return settle(ctx, &req, false);
}
