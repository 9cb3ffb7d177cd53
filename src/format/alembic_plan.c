/* Up and down by alembic itself, one revision a step; stamp by us. */
#include <config.h>

#include "format/alembic.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/base/mem.h"

/* --- where alembic would work ------------------------------------------------------------------------------ */

static bool is_local(const char *host, size_t len)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", "[::1]"};

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        if (len == strlen(names[i]) && strncmp(host, names[i], len) == 0)
            return true;
    return len == 0 || host[0] == '/' || host[0] == '%';
}

static bool is_sqlite_file(const char *url, const char *dir, const char *file)
{
    const char *path = url + strlen("sqlite:///");
    char *clean = ls_strndup(path, strcspn(path, "?")), *full = ls_path_join(dir, clean), *folder = ls_strdup(full);
    char one[PATH_MAX], other[PATH_MAX];
    bool is_same;

    /* A file that is not there yet is known by its folder. */
    folder[ls_path_base(folder) - folder] = '\0';
    if (realpath(full, one) != NULL && realpath(file, other) != NULL) {
        is_same = strcmp(one, other) == 0;
    } else {
        char *theirs = ls_strdup(file);

        theirs[ls_path_base(theirs) - theirs] = '\0';
        is_same = strcmp(ls_path_base(full), ls_path_base(file)) == 0 && realpath(folder[0] != '\0' ? folder : ".", one) != NULL &&
                  realpath(theirs[0] != '\0' ? theirs : ".", other) != NULL && strcmp(one, other) == 0;
        free(theirs);
    }
    free(folder);
    free(full);
    free(clean);
    return is_same;
}

/* postgresql+psycopg2://user:pass@host:port/db?host=...: the database and the server. User and password do not matter. */
static bool is_postgres_database(const char *url, const struct ls_db_info *info)
{
    const char *p = strstr(url, "://") + 3, *end = p + strcspn(p, "/?"), *at = NULL, *colon = NULL,
               *db = *end == '/' ? end + 1 : end;
    size_t db_len = strcspn(db, "?"), info_len = strcspn(info->host, "/") == 0 ? strlen(info->host) : strcspn(info->host, ":");
    const char *info_port = strrchr(info->host, ':');
    const char *query = strstr(db, "host=");
    long port = 5432, their_port = info_port != NULL ? strtol(info_port + 1, NULL, 10) : 5432;

    for (const char *q = p; q < end; q++)
        at = *q == '@' ? q : at;
    p = at != NULL ? at + 1 : p;
    for (const char *q = p; q < end; q++)
        colon = *q == ':' ? q : *q == ']' ? NULL : colon;
    if (colon != NULL)
        port = strtol(colon + 1, NULL, 10);
    else if (strstr(db, "port=") != NULL)
        port = strtol(strstr(db, "port=") + 5, NULL, 10);
    size_t host_len = (size_t)((colon != NULL ? colon : end) - p);
    if (host_len == 0 && query != NULL) {
        p = query + 5;
        host_len = strcspn(p, "&");
    }
    if (info_port != NULL && info->host[0] == '/')
        info_len = (size_t)(info_port - info->host);
    if (strlen(info->database) != db_len || strncmp(info->database, db, db_len) != 0 || port != their_port)
        return false;
    if (is_local(p, host_len) && is_local(info->host, info_len))
        return true;
    return host_len == info_len && strncmp(p, info->host, host_len) == 0;
}

static bool is_target(const struct ls_plan_ctx *ctx, const struct ls_alembic_conf *c)
{
    if (strncmp(c->url, "sqlite:///", 10) == 0)
        return ctx->dialect == LS_DIALECT_SQLITE && is_sqlite_file(c->url, c->dir, ctx->info->database);
    if (strncmp(c->url, "postgres", 8) == 0 && strstr(c->url, "://") != NULL)
        return ctx->dialect == LS_DIALECT_POSTGRES && is_postgres_database(c->url, ctx->info);
    return false;
}

/* Whether env.py has the word outside of comments; with `quoted`, as a text of its own. */
static bool says(const struct ls_alembic_conf *c, const char *word, bool quoted)
{
    size_t n = strlen(word);

    for (const char *p = c->env_text; p != NULL && (p = strstr(p, word)) != NULL; p += n) {
        const char *line = p;

        while (line > c->env_text && line[-1] != '\n')
            line--;
        if (memchr(line, '#', (size_t)(p - line)) != NULL)
            continue;
        if (!quoted || (p > c->env_text && (p[-1] == '"' || p[-1] == '\'') && p[n] == p[-1]))
            return true;
    }
    return false;
}

/* Nobody can tell where alembic would work without running env.py. */
static const char unknown_place[] =
    "Where alembic works cannot be told from alembic.ini and env.py: it gets DATABASE_URL and LOCKSTEP_URL, and env.py does "
    "not plainly read one of them.";

/* LS_E_REFUSED where alembic would migrate another database. *doubt: see above. */
static enum ls_rc check_url(const struct ls_plan_ctx *ctx, const struct ls_alembic_conf *c, const char **doubt, struct ls_err *err)
{
    char *label;

    *doubt = NULL;
    if (says(c, "DATABASE_URL", true) || says(c, "LOCKSTEP_URL", true))
        return LS_OK;
    if (c->url == NULL || c->url[0] == '\0' || strncmp(c->url, "driver://", 9) == 0 || says(c, "set_main_option", false)) {
        *doubt = unknown_place;
        return LS_OK;
    }
    if (ctx->info == NULL || is_target(ctx, c)) {
        *doubt = says(c, "environ", false) || says(c, "getenv", false) ? unknown_place : NULL;
        return LS_OK;
    }
    label = ls_db_url_label(c->url);
    ls_err_set(err, LS_E_REFUSED, "%s:%d: sqlalchemy.url leads to %s, and this is %s: alembic would migrate the other one", c->path,
               c->url_line, label, ctx->plan->target);
    ls_err_hint(err, "let env.py read DATABASE_URL (or LOCKSTEP_URL), which lockstep sets; or change sqlalchemy.url");
    free(label);
    return LS_E_REFUSED;
}

/* --- conditions on the ledger ------------------------------------------------------------------------------ */

static const char *default_table(const struct ls_alembic_conf *c)
{
    return c->table != NULL ? c->table : LS_ALEMBIC_TABLE;
}

/* The table holds these rows, and no other. */
static struct ls_ops_condition holds_heads(struct ls_plan_ctx *ctx, const char *table, const struct ls_alembic_heads *heads)
{
    struct ls_param *params = ls_ops_params(ctx, (int)heads->v.n + 1);
    struct ls_buf sql = LS_BUF_INIT;
    const char *text;

    if (heads->v.n == 0)
        return (struct ls_ops_condition){ls_record_sql(ctx, "SELECT NOT EXISTS (SELECT 1 FROM @)", table), NULL, 0};
    ls_buf_addf(&sql, "SELECT (SELECT count(*) FROM @) = %zu AND (SELECT count(*) FROM @ WHERE version_num IN (", heads->v.n);
    for (size_t i = 0; i < heads->v.n; i++) {
        ls_buf_addf(&sql, "%s?%zu", i > 0 ? ", " : "", i + 1);
        params[i] = ls_param_text(heads->v.v[i]);
    }
    ls_buf_addf(&sql, ")) = %zu", heads->v.n);
    text = ls_record_sql(ctx, sql.ptr, table);
    ls_buf_release(&sql);
    return (struct ls_ops_condition){text, params, (int)heads->v.n};
}

/* What the ledger says in front of a step: as the step before leaves it, which its last condition tells. */
static void heads_before(const struct ls_plan_ctx *ctx, struct ls_alembic_heads *heads)
{
    if (ctx->prev == NULL) {
        for (size_t i = 0; i < ctx->ledger->heads.n; i++)
            *LS_VEC_PUSH(&heads->v) = ctx->ledger->heads.v[i];
        return;
    }
    for (size_t i = ctx->prev->ops.n; i-- > 0;) {
        const struct ls_op *op = &ctx->prev->ops.v[i];

        if (op->kind != LS_OP_EXPECT)
            continue;
        for (int k = 0; k < op->n_params; k++)
            *LS_VEC_PUSH(&heads->v) = op->params[k].text;
        return;
    }
}

/* --- the command ------------------------------------------------------------------------------------------- */

static const char *const *words(struct ls_plan_ctx *ctx, const char *verb, const char *target, bool as_sql)
{
    const char **argv = LS_ARENA_ARRAY(ctx->plan->arena, const char *, 6);
    int n = 0;

    argv[n++] = ctx->tool_path;
    argv[n++] = verb;
    argv[n++] = target;
    if (as_sql)
        argv[n++] = "--sql";
    return argv;
}

/* SQL can be had from one starting point only, and only where nothing else is needed on the way (formats.md 4.3). */
static const char *const *preview(struct ls_plan_ctx *ctx, const struct ls_migration *m, enum ls_direction dir)
{
    const char *from = m->parents != NULL ? m->parents[0] : "base", *range;

    if (m->depends != NULL || (m->parents != NULL && m->parents[1] != NULL && dir == LS_UP))
        return NULL;
    range = dir == LS_UP ? ls_arena_printf(ctx->plan->arena, "%s:%s", from, m->id)
                         : ls_arena_printf(ctx->plan->arena, "%s:%s", m->id, from);
    return words(ctx, dir == LS_UP ? "upgrade" : "downgrade", range, true);
}

static const struct ls_child_env variables[] = {
    {"DATABASE_URL", NULL, LS_ENV_URL}, {"LOCKSTEP_URL", NULL, LS_ENV_URL}, {"PYTHONUNBUFFERED", "1", NULL}};

static struct ls_child_cmd *command(struct ls_plan_ctx *ctx, const struct ls_migration *m, const struct ls_step *step,
                                    const char *doubt)
{
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_child_cmd *cmd = LS_ARENA_ARRAY(arena, struct ls_child_cmd, 1);
    /* A down names the branch by the revision that goes, so that its siblings stay. */
    const char *below = m->parents != NULL ? m->parents[0] : "base";
    const char *target = step->direction == LS_UP ? ls_arena_str(arena, m->id) : ls_arena_printf(arena, "%s@%s", m->id, below);

    cmd->tool = "alembic";
    cmd->argv = words(ctx, step->direction == LS_UP ? "upgrade" : "downgrade", target, false);
    cmd->preview_argv = preview(ctx, m, step->direction);
    cmd->cwd = ctx->tool_dir;
    cmd->env = variables;
    cmd->n_env = LS_ARRAY_LEN(variables);
    cmd->doubt = doubt;
    /* On PostgreSQL one transaction holds the revision and its row, unless the file steps out of it; on SQLite none does. */
    cmd->is_atomic = ctx->dialect == LS_DIALECT_POSTGRES && (step->text == NULL || strstr(step->text, "autocommit_block") == NULL);
    return cmd;
}

/* Whatever is wrong with one file is wrong with every command of alembic. */
static enum ls_rc refuse_broken(const struct ls_plan_ctx *ctx, struct ls_err *err)
{
    const struct ls_diags *diags = &ctx->migrations->diags;

    for (size_t i = 0; i < diags->d.n; i++)
        if (diags->d.v[i].severity == LS_SEV_ERROR)
            return ls_record_refuse_diag(ctx, diags->d.v[i].code, err);
    return LS_OK;
}

static enum ls_rc refuse_place(const struct ls_plan_ctx *ctx, const struct ls_alembic_conf *c, struct ls_err *err)
{
    if (c->path == NULL) {
        ls_err_set(err, LS_E_REFUSED, "there is no alembic.ini that leads to %s, and alembic cannot be run without one",
                   c->script_dir);
        ls_err_hint(err, "put it into the folder above, with script_location in it");
        return LS_E_REFUSED;
    }
    if (c->env_text == NULL || (c->said_location != NULL && ls_path_kind(c->said_location) != LS_PATH_DIR)) {
        enum ls_rc rc = ls_record_refuse_diag(ctx, "script-location", err);

        return rc == LS_OK ? ls_record_refuse_diag(ctx, "no-env", err) : rc;
    }
    return LS_OK;
}

enum ls_rc ls_alembic_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                                const struct ls_entry *prev_applied, struct ls_err *err)
{
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_alembic_heads heads = {0};
    struct ls_ops_condition before, after;
    struct ls_alembic_conf c;
    const char *table, *doubt = NULL, *schema, *name;
    enum ls_rc rc;

    (void)prev_applied;
    if (entry->migration == NULL)
        return ls_err_set(err, LS_E_REFUSED, "there is no file for revision %s: alembic cannot locate it", step->label);
    ls_alembic_conf_read(arena, ctx->migrations->dir, &c);
    rc = refuse_broken(ctx, err);
    if (rc == LS_OK)
        rc = refuse_place(ctx, &c, err);
    if (rc == LS_OK)
        rc = check_url(ctx, &c, &doubt, err);
    if (rc == LS_OK && step->direction == LS_DOWN && entry->migration->down.path == NULL) {
        ls_err_set(err, LS_E_REFUSED, "%s has no downgrade function: alembic fails there", entry->migration->up.path);
        rc = LS_E_REFUSED;
    }
    table = rc == LS_OK ? ls_table_sql_of(ctx, default_table(&c), err) : NULL;
    if (table == NULL)
        return rc != LS_OK ? rc : err != NULL ? err->code : LS_E_INPUT;
    heads_before(ctx, &heads);
    ls_table_names(arena, ctx->dialect, ctx->opts, default_table(&c), &schema, &name);
    before = ctx->prev == NULL && !ctx->ledger->exists
                 ? ls_ops_table_exists(ctx, schema != NULL ? schema : ctx->ledger->schema, name, false)
                 : holds_heads(ctx, table, &heads);
    ls_alembic_move(arena, ctx->migrations, entry->migration, step->direction, &heads);
    after = holds_heads(ctx, table, &heads);
    ls_ops_delegate(ctx, step, command(ctx, entry->migration, step, doubt), before, after);
    LS_VEC_RELEASE(&heads.v);
    return LS_OK;
}

/* --- stamp ------------------------------------------------------------------------------------------------- */

/* As SQLAlchemy writes it, to the byte. */
enum ls_rc ls_alembic_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_alembic_conf c;
    const char *table, *schema, *name;

    /* In a run it makes the table itself. */
    if (ctx->plan->steps.n > 0 && ctx->plan->steps.v[0].kind != LS_STEP_RECORD)
        return LS_OK;
    ls_alembic_conf_read(arena, ctx->migrations->dir, &c);
    table = ls_table_sql_of(ctx, default_table(&c), err);
    if (table == NULL)
        return err != NULL ? err->code : LS_E_INPUT;
    ls_table_names(arena, ctx->dialect, ctx->opts, default_table(&c), &schema, &name);
    ls_ops_add(ctx, NULL, LS_OP_BEGIN);
    ls_ops_sql(
        ctx, NULL, LS_OP_LEDGER,
        ls_arena_printf(arena,
                        "CREATE TABLE %s (\n\tversion_num VARCHAR(32) NOT NULL, \n\tCONSTRAINT %s_pkc PRIMARY KEY (version_num)\n)",
                        table, name),
        NULL, 0);
    ls_ops_add(ctx, NULL, LS_OP_COMMIT);
    return LS_OK;
}

static bool has_word(const char *const *list, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* The rows that go and those that come: one row for one is an UPDATE, more are a merge or an unmerge, as `alembic stamp` does it.
 */
static void write_heads(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_alembic_heads *from,
                        const struct ls_alembic_heads *to)
{
    LS_VEC(const char *) gone = {0}, new = {0};
    size_t g = 0, k = 0;

    for (size_t i = 0; i < from->v.n; i++)
        if (!has_word(to->v.v, to->v.n, from->v.v[i]))
            *LS_VEC_PUSH(&gone) = from->v.v[i];
    for (size_t i = 0; i < to->v.n; i++)
        if (!has_word(from->v.v, from->v.n, to->v.v[i]))
            *LS_VEC_PUSH(&new) = to->v.v[i];
    for (; g < gone.n && (new.n == 0 || g + 1 < gone.n); g++) {
        struct ls_param p = ls_param_text(gone.v[g]);

        ls_record_write(ctx, step, "DELETE FROM @ WHERE version_num = ?1", table, &p, 1, 1);
    }
    for (; k < new.n && (gone.n == 0 || k + 1 < new.n); k++) {
        struct ls_param p = ls_param_text(new.v[k]);

        ls_record_write(ctx, step, "INSERT INTO @ (version_num) VALUES (?1)", table, &p, 1, 1);
    }
    if (g < gone.n && k < new.n) {
        struct ls_param p[2] = {ls_param_text(new.v[k]), ls_param_text(gone.v[g])};

        ls_record_write(ctx, step, "UPDATE @ SET version_num = ?1 WHERE version_num = ?2", table, p, 2, 1);
    }
    LS_VEC_RELEASE(&gone);
    LS_VEC_RELEASE(&new);
}

static bool is_head(const struct ls_plan_ctx *ctx, const char *id)
{
    return has_word(ctx->ledger->heads.v, ctx->ledger->heads.n, id);
}

/* What `alembic stamp ID` leaves: the heads below it are replaced by it. */
static void stamp_up(const struct ls_plan_ctx *ctx, const struct ls_migration *m, struct ls_alembic_heads *to)
{
    for (size_t i = 0; i < ctx->ledger->heads.n; i++)
        if (!ls_alembic_needs(ctx->migrations, m->id, ctx->ledger->heads.v[i]))
            *LS_VEC_PUSH(&to->v) = ctx->ledger->heads.v[i];
    *LS_VEC_PUSH(&to->v) = m->id;
}

/* It and everything above it counts as not applied. */
static void stamp_down(struct ls_plan_ctx *ctx, const struct ls_migration *m, struct ls_alembic_heads *to)
{
    const struct ls_migrations *all = ctx->migrations;

    for (size_t i = 0; i < ctx->ledger->heads.n; i++)
        *LS_VEC_PUSH(&to->v) = ctx->ledger->heads.v[i];
    for (size_t i = all->m.n; i-- > 0;)
        if (ls_alembic_has_head(to, all->m.v[i].id) && ls_alembic_needs(all, all->m.v[i].id, m->id))
            ls_alembic_move(ctx->plan->arena, all, &all->m.v[i], LS_DOWN, to);
}

static bool counts_as_applied(const struct ls_entry *e)
{
    return e->state == LS_STATE_APPLIED || e->state == LS_STATE_MISSING || e->state == LS_STATE_MODIFIED;
}

enum ls_rc ls_alembic_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                                struct ls_err *err)
{
    struct ls_alembic_heads from = {0}, to = {0};
    struct ls_alembic_conf c;
    struct ls_ops_condition before;
    const char *table;
    enum ls_rc rc = LS_OK;

    ls_alembic_conf_read(ctx->plan->arena, ctx->migrations->dir, &c);
    table = ls_table_sql_of(ctx, default_table(&c), err);
    if (table == NULL)
        return err != NULL ? err->code : LS_E_INPUT;
    for (size_t i = 0; i < ctx->ledger->heads.n; i++)
        *LS_VEC_PUSH(&from.v) = ctx->ledger->heads.v[i];
    if (entry != NULL && counts_as_applied(entry) == applied)
        goto out;                                    /* nothing to write */
    if (entry != NULL && entry->migration == NULL) { /* a row without a file: only it can go */
        for (size_t i = 0; i < from.v.n; i++)
            if (strcmp(from.v.v[i], entry->id) != 0)
                *LS_VEC_PUSH(&to.v) = from.v.v[i];
    } else if (entry != NULL) {
        rc = refuse_broken(ctx, err);
        if (rc == LS_OK && applied)
            stamp_up(ctx, entry->migration, &to);
        else if (rc == LS_OK)
            stamp_down(ctx, entry->migration, &to);
    }
    if (rc != LS_OK || (entry != NULL && applied && is_head(ctx, entry->id)) || (from.v.n == 0 && to.v.n == 0))
        goto out;
    before = holds_heads(ctx, table, &from);
    ls_record_open(ctx, step, table);
    ls_ops_fence(ctx, step, before.sql, before.params, before.n_params);
    write_heads(ctx, step, table, &from, &to);
    ls_record_end(ctx, step);
    step->tx_note = "one transaction; alembic itself is not run";
out:
    LS_VEC_RELEASE(&from.v);
    LS_VEC_RELEASE(&to.v);
    return rc;
}

enum ls_rc ls_alembic_check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir,
                                     struct ls_err *err)
{
    (void)l;
    (void)dir;
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].state == LS_STATE_MISSING) {
            ls_err_set(err, LS_E_REFUSED,
                       "the ledger holds revision %s, and no file is that: alembic cannot locate it, and refuses every command",
                       t->e.v[i].id);
            ls_err_hint(err,
                        "bring that file back (it may be in another branch), or, when its changes are not in the database: "
                        "lockstep mark %s pending",
                        t->e.v[i].id);
            return LS_E_REFUSED;
        }
    return LS_OK;
}
