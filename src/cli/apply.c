/* cli/apply.c: plan, show, ask, back up, run, tell. Used by up, down, to and mark. */
#include <config.h>

#include "cli/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/engine/backup.h"
#include "lockstep/engine/journal.h"

#define MAX_STEPS_SHOWN 40 /* in the question */

/* How `action` reads in "nothing was written" messages and in the question. */
static const char *const verbs[] = {[LS_ACTION_UP] = "up", [LS_ACTION_DOWN] = "down", [LS_ACTION_TO] = "to",
                                    [LS_ACTION_MARK_APPLIED] = "mark", [LS_ACTION_MARK_PENDING] = "mark", [LS_ACTION_IMPORT] = "mark --import"};

enum ls_rc cli_count_arg(struct cli_ctx *ctx, const char *word, long dflt, long *out)
{
    char *end = NULL;

    *out = dflt;
    if (!word)
        return LS_OK;
    if (strcmp(word, "all") == 0) {
        *out = -1;
        return LS_OK;
    }
    *out = strtol(word, &end, 10);
    if (word[0] >= '0' && word[0] <= '9' && !*end && *out >= 1 && *out <= 1000000000)
        return LS_OK;
    (void)ls_err_set(&ctx->error, LS_E_USAGE, "'%s' is no number of migrations", word);
    ls_err_hint(&ctx->error, "a number from 1 on, or `all`; to reach a version: lockstep to VERSION");
    return LS_E_USAGE;
}

static bool is_record(const struct ls_plan *plan)
{
    return plan->action == LS_ACTION_MARK_APPLIED || plan->action == LS_ACTION_MARK_PENDING || plan->action == LS_ACTION_IMPORT;
}

/* Appends one line with its foreign text made harmless. */
static void add(struct cli_ctx *ctx, struct ls_buf *b, const char *fmt, ...) LS_PRINTF(3, 4);
static void add(struct cli_ctx *ctx, struct ls_buf *b, const char *fmt, ...)
{
    struct ls_buf raw = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(&raw, fmt, ap);
    va_end(ap);
    char *clean = cli_clean(ctx, raw.ptr);
    ls_buf_adds(b, clean);
    ls_buf_addc(b, '\n');
    free(clean);
    ls_buf_release(&raw);
}

static void add_finding(struct cli_ctx *ctx, struct ls_buf *b, const struct ls_finding *f)
{
    struct ls_buf line = LS_BUF_INIT;

    ls_buf_addf(&line, "  %-7s %s %s: %s", ls_severity_name(f->severity), f->rule ? f->rule : "", f->name ? f->name : "", f->why ? f->why : "");
    if (f->object)
        ls_buf_addf(&line, " (%s)", f->object);
    if (f->path)
        ls_buf_addf(&line, " - %s", f->path);
    if (f->path && f->line > 0)
        ls_buf_addf(&line, ":%d", f->line);
    add(ctx, b, "%s", line.ptr);
    if (f->safer)
        add(ctx, b, "          safer: %s", f->safer);
    ls_buf_release(&line);
}

void cli_findings(const struct cli_ctx *ctx, FILE *to, const struct ls_plan *plan)
{
    struct cli_ctx copy = *ctx; /* add_finding only reads it */
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < plan->findings.n; i++)
        add_finding(&copy, &b, &plan->findings.v[i]);
    (void)fputs(b.ptr, to);
    ls_buf_release(&b);
}

/* All of them, or of very many the first ones and whatever destroys. */
static void add_steps(struct cli_ctx *ctx, struct ls_buf *b, const struct ls_plan *plan)
{
    const char *note = NULL;
    size_t left_out = 0;

    for (size_t i = 0; i < plan->steps.n; i++) {
        const struct ls_step *s = &plan->steps.v[i];

        if (i >= MAX_STEPS_SHOWN && !s->is_destructive) {
            left_out++;
            continue;
        }
        if (s->kind == LS_STEP_RECORD) {
            add(ctx, b, "  record  %s %s", s->label ? s->label : "", s->name ? s->name : "");
        } else if (ls_step_child(s) != NULL) {
            add(ctx, b, "  %-6s  %s %s, run by %s", s->direction == LS_UP ? "up" : "down", s->label, s->name, ls_step_child(s)->argv[0]);
        } else {
            add(ctx, b, "  %-6s  %s %s, %d statement%s%s", s->direction == LS_UP ? "up" : "down", s->label, s->name, s->n_statements,
                s->n_statements == 1 ? "" : "s", s->is_destructive ? ", DESTRUCTIVE" : "");
        }
        if (s->tx_note && (!note || strcmp(note, s->tx_note) != 0))
            add(ctx, b, "          %s", s->tx_note);
        note = s->tx_note;
    }
    if (left_out > 0)
        add(ctx, b, "  and %zu more; `lockstep plan` shows them all", left_out);
}

static void add_record_sql(struct cli_ctx *ctx, struct ls_buf *b, const struct ls_plan *plan)
{
    struct ls_buf sql = LS_BUF_INIT;

    add(ctx, b, plan->steps.n > 0 && ls_step_child(&plan->steps.v[0]) != NULL ? "Will run:" : "Will write:");
    for (size_t i = 0; i < plan->steps.n; i++) {
        for (size_t j = 0; j < plan->steps.v[i].ops.n; j++) {
            const struct ls_op *op = &plan->steps.v[i].ops.v[j];

            if (op->kind != LS_OP_LEDGER && op->kind != LS_OP_FILE && op->kind != LS_OP_CHILD)
                continue;
            ls_buf_clear(&sql);
            ls_op_print_sql(op, cli_dialect(ctx), &sql);
            add(ctx, b, "  %s", sql.ptr);
        }
    }
    ls_buf_release(&sql);
}

/* Backups carry the database's name, or its file's without the ending. */
static bool is_of(const struct ls_backup *b, const char *database)
{
    size_t n = strlen(b->target);

    return n > 0 && strncmp(database, b->target, n) == 0 && (database[n] == '\0' || database[n] == '.');
}

/* "none", or the newest complete one of this database. */
static void add_backup_line(struct cli_ctx *ctx, struct ls_buf *b, bool make_one)
{
    struct ls_backups list;
    struct ls_err quiet = LS_ERR_INIT;

    if (make_one) {
        add(ctx, b, "Backup:  one is made first");
        return;
    }
    if (ls_backup_list(ctx->target.params.backup_dir, &list, &quiet) != LS_OK) {
        ls_err_release(&quiet);
        add(ctx, b, "Backup:  none is made now");
        return;
    }
    size_t i = 0;
    while (i < list.b.n && !(list.b.v[i].is_complete && is_of(&list.b.v[i], cli_database_name(ctx))))
        i++;
    if (i < list.b.n)
        add(ctx, b, "Backup:  none is made now; the newest is %s (%s)", list.b.v[i].name, list.b.v[i].state);
    else
        add(ctx, b, "Backup:  none is made now, and %s holds none of this database", ctx->target.params.backup_dir);
    ls_backups_release(&list);
}

static void question(struct cli_ctx *ctx, const struct ls_plan *plan, bool make_backup, struct ls_buf *b)
{
    const struct ls_session_params *p = &ctx->target.params;

    add(ctx, b, "Target:  %s%s%s%s", plan->target ? plan->target : "", p->env_name ? ", environment " : "", p->env_name ? p->env_name : "",
        p->is_protected ? ", PROTECTED" : "");
    add(ctx, b, "Ledger:  %s, as %s keeps it", plan->ledger ? plan->ledger : "", plan->format ? plan->format : "");
    if (!is_record(plan))
        add_backup_line(ctx, b, make_backup);
    add(ctx, b, "Journal: %s", p->journal ? "recorded in " LS_JOURNAL_TABLE : "off");
    add(ctx, b, "%zu step%s%s:", plan->steps.n, plan->steps.n == 1 ? "" : "s", plan->is_destructive ? ", data is lost in the marked ones" : "");
    add_steps(ctx, b, plan);
    if (is_record(plan))
        add_record_sql(ctx, b, plan);
    if (plan->findings.n > 0)
        add(ctx, b, "To know:");
    for (size_t i = 0; i < plan->findings.n; i++)
        add_finding(ctx, b, &plan->findings.v[i]);
}

/* Whether a backup is made: asked for, or wanted by the environment and not declined. */
static enum ls_rc decide_backup(struct cli_ctx *ctx, const struct ls_plan *plan, bool *make_one)
{
    *make_one = cli_has(ctx, CLI_O(BACKUP));
    if (cli_has(ctx, CLI_O(BACKUP)) && cli_has(ctx, CLI_O(NO_BACKUP)))
        return ls_err_set(&ctx->error, LS_E_USAGE, "--backup and --no-backup contradict each other");
    if (*make_one || is_record(plan) || cli_has(ctx, CLI_O(NO_BACKUP)) || !ctx->target.params.is_protected)
        return LS_OK;
    if (ctx->io->confirm && !cli_has(ctx, CLI_O(YES))) {
        *make_one = cli_ask(ctx, "This environment is protected. Make a backup first (no: go on without one)?");
        return LS_OK;
    }
    (void)ls_err_set(&ctx->error, LS_E_REFUSED, "%s: this environment is protected and wants a backup first; nothing was written", verbs[plan->action]);
    ls_err_hint(&ctx->error, "--backup makes one, --no-backup does without");
    return LS_E_REFUSED;
}

static enum ls_rc make_backup(struct cli_ctx *ctx)
{
    struct cli_progress progress;
    struct ls_run_hooks hooks;
    struct ls_backups made = {0};
    const struct ls_backup_options opt = {0};

    cli_progress_init(&progress, ctx, "backup");
    cli_progress_hooks(&progress, &hooks);
    enum ls_rc rc = ls_backup_create(ctx->session, &opt, &hooks, &made, &ctx->error);
    cli_progress_close(&progress);
    if (rc != LS_OK) {
        ls_err_wrap(&ctx->error, "the backup failed, so nothing was applied");
        return rc;
    }
    if (made.b.n > 0) {
        cli_say(ctx, "backup      %s (%s)", made.b.v[0].path, made.b.v[0].state);
        if (ctx->root)
            cli_json_set(ctx->root, "backup", made.b.v[0].path);
    }
    ls_backups_release(&made);
    return LS_OK;
}

static json_t *result_json(const struct ls_run_report *r, const struct ls_plan *plan)
{
    json_t *o = json_object();

    cli_json_set(o, "verdict", ls_verdict_name(r->verdict));
    cli_json_int(o, "steps_done", r->n_steps_done);
    cli_json_int(o, "steps", (int64_t)plan->steps.n);
    cli_json_int(o, "elapsed_ms", r->elapsed_ms);
    if (r->failed_step >= 0) {
        const struct ls_step *s = &plan->steps.v[r->failed_step];
        json_t *f = json_object();

        cli_json_set(f, "version", s->label);
        cli_json_set(f, "name", s->name);
        cli_json_set(f, "file", s->path);
        cli_json_int(f, "statement", r->failed_stmt);
        cli_json_int(f, "line", r->failed_line);
        cli_json_int(f, "column", r->failed_col);
        (void)json_object_set_new(o, "failed", f);
    }
    (void)json_object_set_new(o, "state", cli_json_lines(r->applied.ptr));
    (void)json_object_set_new(o, "next", cli_json_lines(r->next.ptr));
    if (*r->run_id)
        cli_json_set(o, "run_id", r->run_id);
    return o;
}

static int tell(struct cli_ctx *ctx, const struct ls_plan *plan, struct ls_run_report *r)
{
    char took[LS_ISO_LEN];
    bool done = r->err.code == LS_OK;

    if (ctx->root)
        (void)json_object_set_new(ctx->root, "result", result_json(r, plan));
    if (!done) {
        bool has_next = r->next.len > 0 && !ls_run_next_is_hint(r);

        ls_err_move(&ctx->error, &r->err);
        int code = cli_fail(ctx);
        cli_lines(ctx, ctx->err, "  ", r->applied.ptr);
        if (has_next)
            (void)fputs("next:\n", ctx->err);
        cli_lines(ctx, ctx->err, "  ", has_next ? r->next.ptr : NULL);
        return code;
    }
    if (ctx->json)
        return 0;
    ls_duration_text(r->elapsed_ms, took);
    cli_print(ctx, "%s: %d step%s done in %s", verbs[plan->action], r->n_steps_done, r->n_steps_done == 1 ? "" : "s", took);
    cli_lines(ctx, ctx->out, "", r->applied.ptr);
    return 0;
}

static int run_plan(struct cli_ctx *ctx, const struct ls_plan *plan, bool backup)
{
    struct cli_guard *guard = cli_guard_begin(ctx);
    struct cli_progress progress;
    struct ls_run_hooks hooks;
    struct ls_run_report report;
    int code;

    cli_progress_init(&progress, ctx, verbs[plan->action]);
    cli_progress_hooks(&progress, &hooks);
    if (backup && make_backup(ctx) != LS_OK) {
        cli_guard_end(guard);
        return cli_fail(ctx);
    }
    ls_run_report_init(&report);
    (void)ls_run(ctx->session, plan, &hooks, &report);
    cli_progress_close(&progress);
    cli_guard_end(guard);
    code = tell(ctx, plan, &report);
    ls_run_report_release(&report);
    return code;
}

static int nothing_to_do(struct cli_ctx *ctx, const struct ls_plan *plan)
{
    if (ctx->root) {
        json_t *o = json_object();

        cli_json_set(o, "verdict", ls_verdict_name(LS_VERDICT_NOTHING));
        cli_json_int(o, "steps_done", 0);
        cli_json_int(o, "steps", 0);
        (void)json_object_set_new(ctx->root, "result", o);
    } else {
        cli_print(ctx, "%s: nothing to do", verbs[plan->action]);
    }
    return 0;
}

int cli_apply(struct cli_ctx *ctx, const struct ls_plan_request *req)
{
    struct ls_plan *plan = NULL;
    struct ls_buf text = LS_BUF_INIT;
    bool backup = false;
    int code;

    if (cli_snapshot(ctx) != LS_OK || ls_plan_make(ctx->session, ctx->snap, req, &plan, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    if (ctx->root) {
        (void)json_object_set_new(ctx->root, "target", cli_json_target(ctx));
        (void)json_object_set_new(ctx->root, "plan", cli_json_plan(plan, cli_dialect(ctx), false));
    }
    if (plan->steps.n == 0) {
        code = nothing_to_do(ctx, plan);
        goto out;
    }
    if (ls_run_check_pooler(&ctx->target.params, &ctx->snap->info, &ctx->error) != LS_OK || decide_backup(ctx, plan, &backup) != LS_OK) {
        code = cli_fail(ctx);
        goto out;
    }
    question(ctx, plan, backup, &text);
    /* Who cannot be asked is shown all the same what it is about. */
    if ((cli_has(ctx, CLI_O(YES)) || !ctx->io->confirm) && !ctx->quiet)
        cli_show_question(ctx, text.ptr);
    code = cli_confirm(ctx, text.ptr, verbs[plan->action]) == LS_OK ? run_plan(ctx, plan, backup) : cli_fail(ctx);
out:
    ls_buf_release(&text);
    ls_plan_free(plan);
    return code;
}
