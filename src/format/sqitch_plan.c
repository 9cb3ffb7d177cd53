/* What is run for Sqitch: sqitch itself, one change at a time, named by its id. What the registry must say before and behind it is asked of the registry,
 * which on SQLite is another file than the database. */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>

#include "format/child_uri.h"
#include "format/ops.h"
#include "format/record.h"
#include "lockstep/sql/quote.h"

/* SQITCH_TARGET stands for --target. Host, port, user and password libpq finds in its own variables, in psql and in sqitch: sockets and secrets need no URI. */
static enum ls_rc set_env(struct ls_plan_ctx *ctx, struct ls_child_cmd *cmd, struct ls_err *err)
{
    struct ls_child_env *env = LS_ARENA_ARRAY(ctx->plan->arena, struct ls_child_env, 4);
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;
    const char *uri = "db:pg:", *name = ctx->opts->database;

    if (is_pg && name != NULL && strpbrk(name, "%?#/:@ ") != NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "sqitch would read the database's name \"%s\" as something else in an address", name);
    if (!is_pg && ctx->opts->file == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "sqitch needs a database in a file: its registry is a file beside it");
    if (!is_pg)
        uri = ls_child_sqlite_uri(ctx->plan->arena, "db:sqlite:", ctx->opts->file, err);
    if (uri == NULL)
        return err != NULL ? err->code : LS_E_IO;
    env[0] = (struct ls_child_env){"SQITCH_TARGET", uri, is_pg ? LS_ENV_DATABASE : NULL};
    /* What was read here is what is to be read there; and nobody else's name and password. */
    env[1] = (struct ls_child_env){"SQITCH_CONFIG", "sqitch.conf", NULL};
    env[2] = (struct ls_child_env){"SQITCH_USERNAME", NULL, NULL};
    env[3] = (struct ls_child_env){"SQITCH_PASSWORD", NULL, NULL};
    cmd->env = env;
    cmd->n_env = 4;
    return LS_OK;
}

/* id: the newest deployed change of the project, NULL: none is. */
static enum ls_rc newest_is(struct ls_plan_ctx *ctx, const char *project, const char *registry, const char *id, bool may_miss, struct ls_ops_condition *out,
                            struct ls_err *err)
{
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;
    struct ls_param *p = ls_ops_params(ctx, 2);
    struct ls_buf schema = LS_BUF_INIT;
    enum ls_rc rc = is_pg ? ls_sql_ident(&schema, registry, err) : LS_OK;

    p[0] = ls_param_text(project);
    p[1] = ls_param_text(id != NULL ? id : "");
    if (rc == LS_OK && may_miss)
        *out = ls_ops_table_exists(ctx, registry, "changes", false);
    else if (rc == LS_OK && is_pg)
        *out = (struct ls_ops_condition){
            .sql = ls_arena_printf(ctx->plan->arena,
                                   "SELECT coalesce((SELECT change_id FROM %s.changes WHERE project = $1 ORDER BY committed_at DESC LIMIT 1), '') = $2", schema.ptr),
            .params = p,
            .n_params = 2};
    else if (rc == LS_OK)
        *out = (struct ls_ops_condition){
            .sql = "SELECT coalesce((SELECT change_id FROM changes WHERE project = ?1 ORDER BY committed_at DESC, rowid DESC LIMIT 1), '') = ?2",
            .params = p,
            .n_params = 2};
    ls_buf_release(&schema);
    return rc;
}

struct call {
    const char *verb;          /* "deploy", "revert" */
    const char *to;            /* id; NULL: revert everything */
    bool is_log_only;
    const char *before, *after; /* ids of what is the newest before and behind it; NULL: nothing is deployed */
};

static enum ls_rc add_call(struct ls_plan_ctx *ctx, struct ls_step *step, const struct call *c, struct ls_err *err)
{
    struct ls_arena *arena = ctx->plan->arena;
    const char *registry = ls_arena_str(arena, ls_sqitch_registry_name(arena, ctx->dialect, ctx->opts));
    const char *project = ls_sqitch_own_project(arena, ctx->dialect, ctx->opts);
    struct ls_child_cmd *cmd = LS_ARENA_NEW(arena, struct ls_child_cmd);
    const char **argv = LS_ARENA_ARRAY(arena, const char *, 9);
    struct ls_ops_condition before = {0}, after = {0};
    bool may_miss = !ctx->ledger->exists && ctx->prev == NULL;
    size_t n = 0;
    enum ls_rc rc;

    argv[n++] = ctx->tool_path;
    argv[n++] = c->verb;
    argv[n++] = "--registry";
    argv[n++] = registry;
    if (c->is_log_only)
        argv[n++] = "--log-only";
    if (strcmp(c->verb, "revert") == 0)
        argv[n++] = "-y";
    if (c->to != NULL) {
        argv[n++] = "--to-change";
        argv[n++] = c->to;
    }
    *cmd = (struct ls_child_cmd){.tool = "sqitch", .argv = argv, .cwd = ctx->tool_dir};
    rc = project == NULL ? ls_err_set(err, LS_E_CHANGED, "the plan has no project any more") : set_env(ctx, cmd, err);
    if (rc == LS_OK)
        rc = newest_is(ctx, project, registry, c->before, may_miss, &before, err);
    if (rc == LS_OK)
        rc = newest_is(ctx, project, registry, c->after, false, &after, err);
    if (rc == LS_OK)
        ls_ops_delegate(ctx, step, cmd, before, after);
    if (rc == LS_OK && ctx->dialect == LS_DIALECT_SQLITE)
        ls_ops_delegate_in_file(step, ls_arena_str(arena, ctx->ledger->location));
    return rc;
}

/* What stands in front of this step is what the one before it has left. */
static const char *newest_id(const struct ls_plan_ctx *ctx)
{
    const struct ls_ledger_row *row = ls_sqitch_newest(ctx->ledger);

    if (ctx->prev != NULL && ctx->prev->direction == LS_UP)
        return ctx->prev->id;
    return row != NULL ? row->id : NULL;
}

static enum ls_rc refuse_broken(struct ls_plan_ctx *ctx, const struct ls_entry *entry, struct ls_err *err)
{
    enum ls_rc rc = ls_record_refuse_diag(ctx, "plan-syntax", err);

    if (rc == LS_OK)
        rc = ls_record_refuse_diag(ctx, "conf-syntax", err);
    if (rc == LS_OK && entry->migration == NULL) {
        ls_err_set(err, LS_E_REFUSED, "the plan has no change %s any more: sqitch would not know which scripts are its own", entry->label);
        ls_err_hint(err, "bring the plan's line of it back");
        rc = LS_E_REFUSED;
    }
    return rc;
}

static const char note_pg[] =
    "sqitch runs the script with psql, on a connection of its own, and records it in its registry behind it: what the script has not put into a transaction "
    "stays when it fails.";
static const char note_sqlite[] =
    "sqitch runs the script with sqlite3 and records it in its registry, which is another file, behind it: what the script has not put into a transaction "
    "stays when it fails.";

enum ls_rc ls_sqitch_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                               struct ls_err *err)
{
    enum ls_rc rc = refuse_broken(ctx, entry, err);
    const struct ls_section *section;
    struct call c;

    if (rc != LS_OK)
        return rc;
    section = step->direction == LS_UP ? &entry->migration->up : &entry->migration->down;
    if (section->path == NULL) {
        ls_err_set(err, LS_E_REFUSED, "there is no script to %s %s", step->direction == LS_UP ? "deploy" : "revert", entry->label);
        ls_err_hint(err, "sqitch would fail at it: add the script");
        return LS_E_REFUSED;
    }
    step->tx_note = ctx->dialect == LS_DIALECT_POSTGRES ? note_pg : note_sqlite;
    if (step->direction == LS_UP)
        c = (struct call){.verb = "deploy", .to = step->id, .before = newest_id(ctx), .after = step->id};
    else
        c = (struct call){.verb = "revert", .before = step->id};
    if (step->direction == LS_DOWN && prev_applied != NULL)
        c.to = c.after = ls_arena_str(ctx->plan->arena, prev_applied->id);
    return add_call(ctx, step, &c, err);
}

/* The change that is deployed in front of an entry; NULL: none. */
static const char *deployed_before(const struct ls_plan_ctx *ctx, const struct ls_entry *entry)
{
    for (const struct ls_entry *e = entry; e-- > ctx->timeline->e.v;)
        if (e->migration != NULL && e->migration->kind == LS_KIND_VERSIONED && (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED))
            return e->id;
    return NULL;
}

enum ls_rc ls_sqitch_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err)
{
    const struct ls_ledger_row *newest = ls_sqitch_newest(ctx->ledger);
    const struct ls_timeline *t = ctx->timeline;
    bool is_there = entry != NULL && entry->row != NULL && entry->row->state == LS_ROW_APPLIED;
    struct call c;
    enum ls_rc rc;

    if (entry == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "sqitch's registry has a row per change: mark the newest pending, then the one before it");
    if (entry->migration != NULL && entry->migration->kind == LS_KIND_TAG)
        return ls_err_set(err, LS_E_UNSUPPORTED, "%s is a tag: sqitch records it together with the change in front of it", entry->label);
    if (is_there == applied)
        return LS_OK; /* the registry says so already */
    rc = refuse_broken(ctx, entry, err);
    if (rc != LS_OK)
        return rc;
    if (applied && t->next_pending >= 0 && &t->e.v[t->next_pending] != entry) {
        ls_err_set(err, LS_E_REFUSED, "sqitch records changes in the order of the plan, and %s comes first", t->e.v[t->next_pending].label);
        ls_err_hint(err, "mark %s applied first", t->e.v[t->next_pending].label);
        return LS_E_REFUSED;
    }
    if (!applied && (newest == NULL || strcmp(newest->id, entry->id) != 0)) {
        ls_err_set(err, LS_E_REFUSED, "sqitch takes changes back from the newest on, and that is %s", newest != NULL && newest->name != NULL ? newest->name : "none");
        ls_err_hint(err, "mark the newest one pending first");
        return LS_E_REFUSED;
    }
    if (ctx->tool_path == NULL) {
        ls_err_set(err, LS_E_UNSUPPORTED, "sqitch writes its registry itself, and the program sqitch was not found");
        ls_err_hint(err, "%s", ls_format_sqitch.tool->install);
        return LS_E_UNSUPPORTED;
    }
    step->tx_note = "sqitch --log-only writes its registry; no script is run.";
    c = applied ? (struct call){.verb = "deploy", .to = step->id, .is_log_only = true, .before = newest != NULL ? newest->id : NULL, .after = step->id}
                : (struct call){.verb = "revert", .is_log_only = true, .before = step->id};
    if (!applied)
        c.to = c.after = deployed_before(ctx, entry);
    return add_call(ctx, step, &c, err);
}
