/* What is run for Rails: rails itself, one version at a time. What lockstep writes itself: the row of a mark, and the files of a
 * new migration. */
#include <config.h>

#include "format/rails.h"

#include <inttypes.h>
#include <string.h>

#include "format/child_uri.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/scan.h"
#include "format/table.h"

/* --- the tool ------------------------------------------------------------------------------------------------------------------
 */

/* The folder above, by its name where that is possible. */
static const char *parent(struct ls_arena *arena, const char *dir)
{
    size_t n = strlen(dir);
    const char *base;

    while (n > 1 && dir[n - 1] == '/')
        n--;
    dir = ls_arena_strn(arena, dir, n);
    base = ls_path_base(dir);
    if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0 || base[0] == '\0')
        return ls_arena_printf(arena, "%s/..", dir);
    return base == dir ? "." : base == dir + 1 ? "/" : ls_arena_strn(arena, dir, (size_t)(base - dir) - 1);
}

const char *ls_rails_root(struct ls_arena *arena, const char *migrations_dir)
{
    static const char *const signs[] = {"bin/rails", "config/application.rb", "config/environment.rb", "Gemfile", "Rakefile"};
    const char *dir = migrations_dir;

    for (int up = 0; up < 4; up++) {
        for (size_t i = 0; i < LS_ARRAY_LEN(signs); i++)
            if (ls_path_exists(ls_arena_printf(arena, "%s/%s", dir, signs[i])))
                return dir;
        dir = parent(arena, dir);
    }
    return parent(arena, parent(arena, migrations_dir));
}

/* The environment that the database says it is of, one word. Rails notes its own there with each migration: run in another one, it
 * would turn a production database into a development one. NULL: nothing is said. */
static const char *environment_of(const struct ls_ledger *l)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *name = l->variant != NULL && strncmp(l->variant, LS_RAILS_ENVIRONMENT, strlen(LS_RAILS_ENVIRONMENT)) == 0
                           ? l->variant + strlen(LS_RAILS_ENVIRONMENT)
                           : "";

    return name[0] != '\0' && strspn(name, word) == strlen(name) ? name : NULL;
}

/* libpq finds host, port, user and password in its own variables, which Rails leaves alone: sockets and secrets need no URL. */
static enum ls_rc set_env(struct ls_plan_ctx *ctx, struct ls_child_cmd *cmd, struct ls_err *err)
{
    struct ls_child_env *env = LS_ARENA_ARRAY(ctx->plan->arena, struct ls_child_env, 2);
    const char *name = ctx->opts->database, *environment = environment_of(ctx->ledger);

    cmd->env = env;
    cmd->n_env = 1;
    env[0] = (struct ls_child_env){"DATABASE_URL", "postgresql:///", LS_ENV_DATABASE};
    if (environment != NULL)
        env[cmd->n_env++] = (struct ls_child_env){"RAILS_ENV", ls_arena_str(ctx->plan->arena, environment), NULL};
    if (ctx->dialect == LS_DIALECT_POSTGRES) {
        if (name == NULL || strpbrk(name, "%?# /") == NULL)
            return LS_OK;
        return ls_err_set(err, LS_E_UNSUPPORTED, "Rails would read the database's name \"%s\" as something else in an address",
                          name);
    }
    if (ctx->opts->file == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "Rails needs a database in a file");
    env[0] = (struct ls_child_env){"DATABASE_URL", ls_child_sqlite_uri(ctx->plan->arena, "sqlite3:", ctx->opts->file, err), NULL};
    return env[0].text != NULL ? LS_OK : err != NULL ? err->code : LS_E_IO;
}

/* bin/rails db:migrate:up VERSION=2; bundle exec rails ...; rake db:migrate:up VERSION=2 */
static const char *const *words(struct ls_plan_ctx *ctx, const struct ls_step *step)
{
    struct ls_arena *arena = ctx->plan->arena;
    const char **argv = LS_ARENA_ARRAY(arena, const char *, 6);
    size_t n = 0;

    argv[n++] = ctx->tool_path;
    if (strcmp(ls_path_base(ctx->tool_path), "bundle") == 0) {
        argv[n++] = "exec";
        argv[n++] = "rails";
    }
    argv[n++] = step->direction == LS_UP ? "db:migrate:up" : "db:migrate:down";
    argv[n++] = ls_arena_printf(arena, "VERSION=%s", step->id);
    return argv;
}

static struct ls_ops_condition row_is(struct ls_plan_ctx *ctx, const struct ls_step *step, const char *table, bool is_there)
{
    struct ls_param *p = ls_ops_params(ctx, 1);

    p[0] = ls_param_text(step->id);
    return (struct ls_ops_condition){ls_arena_printf(ctx->plan->arena, "SELECT %sEXISTS (SELECT 1 FROM %s WHERE version = %c1)",
                                                     is_there ? "" : "NOT ", table,
                                                     ctx->dialect == LS_DIALECT_POSTGRES ? '$' : '?'),
                                     p, 1};
}

#define CONFIG "config/database.yml is not read here, it may hold Ruby: Rails gets the target as DATABASE_URL."
static const char note_tx[] =
    "Rails runs it on a connection of its own, and records it in the same transaction: a failure leaves nothing. " CONFIG;
static const char note_no_tx[] =
    "Rails runs it on a connection of its own. The file says disable_ddl_transaction!: each statement commits on its own, and a "
    "failure leaves what came before it. " CONFIG;

enum ls_rc ls_rails_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                              const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_RAILS_TABLE, err), *schema, *name;
    struct ls_child_cmd *cmd = LS_ARENA_NEW(ctx->plan->arena, struct ls_child_cmd);
    struct ls_ops_condition before;
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    rc = ls_record_refuse_diag(ctx, "duplicate-name", err);
    if (rc == LS_OK)
        rc = ls_record_refuse_diag(ctx, "illegal-name", err);
    if (rc == LS_OK && entry->migration == NULL) {
        ls_err_set(err, LS_E_REFUSED, "version %s has no file: Rails does not know it", entry->label);
        ls_err_hint(err, "bring its file back, or take its row away: lockstep mark %s pending", entry->label);
        rc = LS_E_REFUSED;
    }
    if (rc != LS_OK)
        return rc;
    /* A word in the text, wherever it stands: to take it for said is the careful way. */
    cmd->is_atomic = step->text != NULL && memmem(step->text, step->text_len, "disable_ddl_transaction!", 24) == NULL;
    step->tx_note = cmd->is_atomic ? note_tx : note_no_tx;
    cmd->tool = "rails";
    cmd->argv = words(ctx, step);
    cmd->cwd = ctx->tool_dir;
    rc = set_env(ctx, cmd, err);
    if (rc != LS_OK)
        return rc;
    ls_table_names(ctx->plan->arena, ctx->dialect, ctx->opts, LS_RAILS_TABLE, &schema, &name);
    before = !ctx->ledger->exists && ctx->prev == NULL ? ls_ops_table_exists(ctx, ctx->ledger->schema, name, false)
                                                       : row_is(ctx, step, table, step->direction == LS_DOWN);
    ls_ops_delegate(ctx, step, cmd, before, row_is(ctx, step, table, step->direction == LS_UP));
    return LS_OK;
}

/* --- mark ----------------------------------------------------------------------------------------------------------------- */

enum ls_rc ls_rails_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                              struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, LS_RAILS_TABLE, err);
    struct ls_param p;

    if (table == NULL)
        return LS_E_INPUT;
    if (entry == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "Rails' ledger has a row per version: mark one version pending after the other");
    if ((entry->row != NULL) == applied)
        return LS_OK; /* the ledger says so already */
    if (!ctx->ledger->exists) {
        ls_err_set(err, LS_E_REFUSED,
                   "there is no table %s yet: Rails makes it, and notes in another one which environment the database is of",
                   ctx->ledger->location);
        ls_err_hint(err, "run rails db:migrate:status once, or the first migration");
        return LS_E_REFUSED;
    }
    step->tx_note = "Only the ledger is written, in one transaction; no migration runs. Rails has no command for it.";
    /* As it stands in the table, zeros and all. */
    p = ls_param_text(applied ? step->id : ls_arena_str(ctx->plan->arena, ls_table_cell(ctx->ledger, entry->row, "version")));
    ls_record_begin(ctx, step, table, "version", p, !applied);
    ls_record_write(ctx, step, applied ? "INSERT INTO @ (version) VALUES (?1)" : "DELETE FROM @ WHERE version = ?1", table, &p, 1,
                    1);
    ls_record_end(ctx, step);
    return LS_OK;
}

/* --- new ------------------------------------------------------------------------------------------------------------------ */

const char *ls_rails_underscore(struct ls_arena *arena, const char *name)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *made = NULL;

    for (const char *p = name; *p != '\0'; p++) {
        bool is_upper = *p >= 'A' && *p <= 'Z', is_plain = is_upper || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        bool after_lower = p > name && ((p[-1] >= 'a' && p[-1] <= 'z') || (p[-1] >= '0' && p[-1] <= '9'));
        bool ends_upper = p > name && p[-1] >= 'A' && p[-1] <= 'Z' && p[1] >= 'a' && p[1] <= 'z';

        if (out.len > 0 && out.ptr[out.len - 1] != '_' && (!is_plain || (is_upper && (after_lower || ends_upper))))
            ls_buf_addc(&out, '_');
        if (is_plain)
            ls_buf_addc(&out, is_upper ? (char)(*p - 'A' + 'a') : *p);
    }
    while (out.len > 0 && out.ptr[out.len - 1] == '_')
        ls_buf_truncate(&out, out.len - 1);
    if (out.len > 0)
        made = ls_arena_strn(arena, out.ptr, out.len);
    ls_buf_release(&out);
    return made;
}

struct ls_str ls_rails_version_in(const char *text, size_t len)
{
    static const char head[] = "ActiveRecord::Migration[";
    const char *at = len > 0 ? memmem(text, len, head, sizeof(head) - 1) : NULL;
    struct ls_str out = {"", 0};

    if (at == NULL)
        return out;
    out.ptr = at + sizeof(head) - 1;
    while (out.ptr + out.len < text + len && ((out.ptr[out.len] >= '0' && out.ptr[out.len] <= '9') || out.ptr[out.len] == '.'))
        out.len++;
    if (out.ptr + out.len == text + len || out.ptr[out.len] != ']')
        out.len = 0;
    return out;
}

/* "    activerecord (7.0.4)" of Gemfile.lock: its first two numbers. */
static struct ls_str version_in_lock(const char *text, size_t len)
{
    static const char head[] = "\n    activerecord (";
    const char *at = len > 0 ? memmem(text, len, head, sizeof(head) - 1) : NULL;
    struct ls_str out = {"", 0};
    int dots = 0;

    if (at == NULL)
        return out;
    out.ptr = at + sizeof(head) - 1;
    for (; out.ptr + out.len < text + len; out.len++) {
        char c = out.ptr[out.len];

        if (c == '.' ? ++dots == 2 : c < '0' || c > '9')
            break;
    }
    return out;
}

/* Of the newest migration that says it, else of what the application is locked to. NULL: neither does. */
static const char *find_version(struct ls_arena *arena, const struct ls_migrations *m)
{
    struct ls_buf text = LS_BUF_INIT;
    struct ls_str found = {"", 0};
    const char *lock = ls_arena_printf(arena, "%s/Gemfile.lock", ls_rails_root(arena, m->dir)), *version;

    for (size_t i = m->m.n; found.len == 0 && i-- > 0;) {
        ls_buf_clear(&text);
        if (ls_file_read(m->m.v[i].up.path, 0, 0, &text, NULL) == LS_OK)
            found = ls_rails_version_in(text.ptr, text.len);
    }
    if (found.len == 0 && ls_path_kind(lock) == LS_PATH_FILE) {
        ls_buf_clear(&text);
        if (ls_file_read(lock, 0, 0, &text, NULL) == LS_OK)
            found = version_in_lock(text.ptr, text.len);
    }
    version = found.len > 0 ? ls_arena_strn(arena, found.ptr, found.len) : NULL;
    ls_buf_release(&text);
    return version;
}

/* The UTC time, unless that is not behind the newest; three digits where the folder counts. */
static const char *next_label(struct ls_arena *arena, const struct ls_migrations *m, int64_t wall_us)
{
    const char *label = ls_scan_next_label(arena, m, 0, wall_us);
    uint64_t last = m->m.n > 0 ? m->m.v[m->m.n - 1].version : 0, v;

    if (ls_table_version(label, &v) && v <= last)
        return ls_arena_printf(arena, "%0*" PRIu64, (int)strlen(label), last + 1);
    return label;
}

int ls_rails_new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *name, int64_t wall_us, const char **paths,
                       const char **texts, struct ls_err *err)
{
    const char *slug = ls_rails_underscore(arena, name), *version = find_version(arena, m), *class;

    if (slug == NULL || strlen(slug) > 200 || (slug[0] >= '0' && slug[0] <= '9')) {
        ls_err_set(err, LS_E_USAGE, "\"%s\" gives no name of a Ruby class: begin with a letter, and use letters, digits and '_'",
                   name);
        return 0;
    }
    class = ls_rails_class(arena, (struct ls_str){slug, strlen(slug)});
    for (size_t i = 0; i < m->m.n; i++)
        if (strcmp(ls_rails_class(arena, (struct ls_str){m->m.v[i].name, strlen(m->m.v[i].name)}), class) == 0) {
            ls_err_set(err, LS_E_REFUSED, "another migration is already named %s: %s", slug, m->m.v[i].up.path);
            ls_err_hint(err, "choose another name: it is the name of a Ruby class");
            return 0;
        }
    if (version == NULL) {
        ls_err_set(err, LS_E_NOT_FOUND,
                   "which version of Rails the migration is for is not known: no migration says it, and there is no Gemfile.lock");
        ls_err_hint(err, "make the first one with rails generate migration");
        return 0;
    }
    paths[0] = ls_arena_printf(arena, "%s/%s_%s.rb", m->dir, next_label(arena, m, wall_us), slug);
    texts[0] = ls_arena_printf(arena, "class %s < ActiveRecord::Migration[%s]\n  def change\n  end\nend\n", class, version);
    if (ls_path_exists(paths[0])) {
        ls_err_set(err, LS_E_REFUSED, "%s is there already", paths[0]);
        return 0;
    }
    return 1;
}
