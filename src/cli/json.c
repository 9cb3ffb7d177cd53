/* cli/json.c: values for --json. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"

json_t *cli_json_text(const char *text)
{
    struct ls_buf hidden = LS_BUF_INIT, visible = LS_BUF_INIT;

    if (!text)
        return json_null();
    ls_redact(&hidden, text, strlen(text));
    if (!ls_utf8_valid(hidden.ptr, hidden.len, NULL)) {
        ls_ui_text(&visible, hidden.ptr, hidden.len, LS_UI_TEXT_MULTILINE);
        json_t *out = json_string(visible.ptr);
        ls_buf_release(&visible);
        ls_buf_release(&hidden);
        return out;
    }
    json_t *out = json_string(hidden.ptr);
    ls_buf_release(&hidden);
    return out;
}

void cli_json_set(json_t *object, const char *key, const char *text)
{
    (void)json_object_set_new(object, key, cli_json_text(text));
}

void cli_json_int(json_t *object, const char *key, int64_t n)
{
    (void)json_object_set_new(object, key, json_integer(n));
}

void cli_json_bool(json_t *object, const char *key, bool b)
{
    (void)json_object_set_new(object, key, json_boolean(b));
}

json_t *cli_json_error(const struct ls_err *err)
{
    json_t *o = json_object();

    cli_json_set(o, "code", ls_rc_name(err->code));
    cli_json_set(o, "message", err->message);
    if (err->detail)
        cli_json_set(o, "detail", err->detail);
    if (err->hint)
        cli_json_set(o, "hint", err->hint);
    if (err->sqlstate[0])
        cli_json_set(o, "sqlstate", err->sqlstate);
    if (err->statement > 0)
        cli_json_int(o, "statement", err->statement);
    if (err->line > 0)
        cli_json_int(o, "line", err->line);
    if (err->col > 0)
        cli_json_int(o, "column", err->col);
    return o;
}

json_t *cli_json_lines(const char *text)
{
    json_t *a = json_array();

    for (const char *p = text ? text : ""; *p;) {
        size_t len = strcspn(p, "\n");
        char *line = ls_strndup(p, len);

        (void)json_array_append_new(a, cli_json_text(line));
        free(line);
        p += len + (p[len] == '\n' ? 1 : 0);
    }
    return a;
}

json_t *cli_json_diags(const struct ls_diags *diags)
{
    json_t *a = json_array();

    for (size_t i = 0; i < diags->d.n; i++) {
        const struct ls_diag *d = &diags->d.v[i];
        json_t *o = json_object();

        cli_json_set(o, "severity", ls_severity_name(d->severity));
        cli_json_set(o, "code", d->code);
        cli_json_set(o, "message", d->message);
        if (d->version)
            cli_json_set(o, "version", d->version);
        if (d->path)
            cli_json_set(o, "file", d->path);
        if (d->line > 0)
            cli_json_int(o, "line", d->line);
        if (d->hint)
            cli_json_set(o, "hint", d->hint);
        (void)json_array_append_new(a, o);
    }
    return a;
}

json_t *cli_json_target(const struct cli_ctx *ctx)
{
    const struct ls_session_params *p = &ctx->target.params;
    const struct ls_snapshot *s = ctx->snap;
    json_t *o = json_object();

    cli_json_set(o, "label", s ? s->target_label : NULL);
    cli_json_set(o, "source", p->url_source);
    cli_json_set(o, "environment", p->env_name);
    cli_json_bool(o, "protected", p->is_protected);
    cli_json_bool(o, "reachable", s && s->has_db);
    if (s && s->has_db) {
        cli_json_set(o, "dialect", ls_dialect_name(s->info.dialect));
        cli_json_set(o, "database", s->info.database);
        cli_json_set(o, "host", s->info.host);
        cli_json_set(o, "server", s->info.server);
        cli_json_set(o, "role", s->info.role);
        cli_json_set(o, "security", s->info.security);
        cli_json_bool(o, "pooled", s->info.is_pooled);
        cli_json_bool(o, "in_recovery", s->info.in_recovery);
    }
    return o;
}

static json_t *finding_json(const struct ls_finding *f)
{
    json_t *o = json_object();

    cli_json_set(o, "rule", f->rule);
    cli_json_set(o, "name", f->name);
    cli_json_set(o, "severity", ls_severity_name(f->severity));
    cli_json_int(o, "step", f->step);
    cli_json_int(o, "statement", f->stmt_no);
    cli_json_set(o, "file", f->path);
    cli_json_int(o, "line", f->line);
    cli_json_set(o, "object", f->object);
    cli_json_set(o, "why", f->why);
    cli_json_set(o, "safer", f->safer);
    return o;
}

static json_t *command_json(const struct ls_child_cmd *cmd)
{
    json_t *o = json_object(), *argv = json_array();

    for (size_t i = 0; cmd->argv[i] != NULL; i++)
        (void)json_array_append_new(argv, cli_json_text(cmd->argv[i]));
    cli_json_set(o, "tool", cmd->tool);
    cli_json_set(o, "folder", cmd->cwd);
    (void)json_object_set_new(o, "argv", argv);
    return o;
}

static json_t *ops_json(const struct ls_op *ops, size_t n, enum ls_dialect dialect)
{
    static const char *const kinds[] = {[LS_OP_BEGIN] = "begin",   [LS_OP_COMMIT] = "commit", [LS_OP_STATEMENT] = "statement",
                                        [LS_OP_BATCH] = "batch",   [LS_OP_LEDGER] = "ledger", [LS_OP_EXPECT] = "expect",
                                        [LS_OP_JOURNAL] = "journal", [LS_OP_CHILD] = "child",
                                        [LS_OP_FILE] = "file"};
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++) {
        struct ls_buf sql = LS_BUF_INIT;
        json_t *o = json_object();

        cli_json_set(o, "kind", kinds[ops[i].kind]);
        ls_op_print_sql(&ops[i], dialect, &sql);
        if (ops[i].child != NULL)
            (void)json_object_set_new(o, "command", command_json(ops[i].child));
        else if (ops[i].kind != LS_OP_JOURNAL)
            cli_json_set(o, "sql", sql.ptr);
        if (ops[i].line > 0)
            cli_json_int(o, "line", ops[i].line);
        if (ops[i].is_destructive)
            cli_json_bool(o, "destructive", true);
        (void)json_array_append_new(a, o);
        ls_buf_release(&sql);
    }
    return a;
}

json_t *cli_json_plan(const struct ls_plan *plan, enum ls_dialect dialect, bool with_sql)
{
    json_t *o = json_object(), *steps = json_array(), *findings = json_array();

    cli_json_set(o, "action", ls_action_name(plan->action));
    cli_json_set(o, "format", plan->format);
    cli_json_set(o, "target", plan->target);
    cli_json_set(o, "ledger", plan->ledger);
    cli_json_set(o, "digest", plan->digest);
    cli_json_bool(o, "destructive", plan->is_destructive);
    if (with_sql)
        (void)json_object_set_new(o, "setup", ops_json(plan->setup.v, plan->setup.n, dialect));
    for (size_t i = 0; i < plan->steps.n; i++) {
        const struct ls_step *s = &plan->steps.v[i];
        json_t *j = json_object();

        cli_json_set(j, "direction", s->direction == LS_UP ? "up" : "down");
        cli_json_set(j, "kind", s->kind == LS_STEP_RECORD ? "record" : "migrate");
        cli_json_set(j, "version", s->id);
        cli_json_set(j, "label", s->label);
        cli_json_set(j, "name", s->name);
        cli_json_set(j, "file", s->path);
        cli_json_set(j, "transaction", s->tx_note);
        if (ls_step_child(s) != NULL)
            cli_json_set(j, "tool", ls_step_child(s)->tool);
        else
            cli_json_int(j, "statements", s->n_statements);
        cli_json_bool(j, "destructive", s->is_destructive);
        if (with_sql)
            (void)json_object_set_new(j, "ops", ops_json(s->ops.v, s->ops.n, dialect));
        (void)json_array_append_new(steps, j);
    }
    (void)json_object_set_new(o, "steps", steps);
    for (size_t i = 0; i < plan->findings.n; i++)
        (void)json_array_append_new(findings, finding_json(&plan->findings.v[i]));
    (void)json_object_set_new(o, "findings", findings);
    return o;
}
