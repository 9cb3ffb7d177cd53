/* Where each tool keeps its own settings. Facts: formats.md 4, each sheet's "Config". What is program code (drizzle.config.ts,
 * prisma.config.ts, knexfile.js) is not looked at. */
#include <config.h>

#include "format/config.h"

#include <string.h>
#include <strings.h>

#define READER(names)                                                                                                              \
    struct ls_config_reader r = {.arena = arena, .root = root, .getenv_fn = getenv_fn, .out = out, .err = err};                    \
    const char *source = NULL;                                                                                                     \
    enum ls_rc rc = ls_config_begin(&r, names)

/* --- variables ------------------------------------------------------------------------------------------------------------ */

/* DATABASE_URL is lockstep's own word too, and was looked at before. */
enum ls_rc ls_config_dbmate(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err)
{
    static const char *const names[] = {"DBMATE_MIGRATIONS_DIR", "DBMATE_MIGRATIONS_TABLE", NULL};
    const char *value;
    READER(names);

    if (rc == LS_OK) {
        value = ls_config_var(&r, "DBMATE_MIGRATIONS_DIR", &source);
        ls_config_set_dir(&r, value, source);
        value = ls_config_var(&r, "DBMATE_MIGRATIONS_TABLE", &source);
        ls_config_set_table(&r, value, source);
    }
    ls_config_end(&r);
    return rc;
}

/* A driver and what it takes: a URL, libpq's keywords, a file. NULL: a driver that lockstep has not. */
static const char *url_of(struct ls_arena *arena, const char *driver, const char *string)
{
    if (driver == NULL || string == NULL)
        return NULL;
    if (strncmp(driver, "sqlite", 6) == 0)
        return strncmp(string, "sqlite", 6) == 0 || strncmp(string, "file:", 5) == 0 ? string
                                                                                     : ls_arena_printf(arena, "sqlite:%s", string);
    if (strcmp(driver, "postgres") == 0 || strcmp(driver, "postgresql") == 0 || strcmp(driver, "pgx") == 0)
        return string;
    return NULL;
}

enum ls_rc ls_config_goose(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                           struct ls_err *err)
{
    static const char *const names[] = {"GOOSE_DRIVER", "GOOSE_DBSTRING", "GOOSE_MIGRATION_DIR", "GOOSE_TABLE", NULL};
    const char *value;
    READER(names);

    if (rc == LS_OK) {
        const char *driver = ls_config_var(&r, "GOOSE_DRIVER", &source);

        value = ls_config_var(&r, "GOOSE_DBSTRING", &source);
        ls_config_set_url(&r, url_of(arena, driver, value), source);
        value = ls_config_var(&r, "GOOSE_MIGRATION_DIR", &source);
        ls_config_set_dir(&r, value, source);
        value = ls_config_var(&r, "GOOSE_TABLE", &source);
        ls_config_set_table(&r, value, source);
    }
    ls_config_end(&r);
    return rc;
}

/* --- dbconfig.yml --------------------------------------------------------------------------------------------------------- */

/* $VAR and ${VAR}, as Go's os.ExpandEnv has it; one that is not set is nothing. */
static const char *expand(const struct ls_config_reader *r, const char *text)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *result;

    for (const char *p = text; *p != '\0';) {
        bool is_braced = p[0] == '$' && p[1] == '{';
        const char *name = p + 1 + is_braced, *value;
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

        if (*p != '$' || n == 0 || (is_braced && name[n] != '}')) {
            ls_buf_addc(&out, *p++);
            continue;
        }
        value = r->getenv_fn != NULL ? r->getenv_fn(ls_arena_strn(r->arena, name, n)) : NULL;
        ls_buf_adds(&out, value != NULL ? value : "");
        p = name + n + is_braced;
    }
    result = ls_arena_strn(r->arena, out.ptr, out.len);
    ls_buf_release(&out);
    return result;
}

static bool has_other_environment(const struct ls_settings *s, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < s->s.n; i++)
        if (strncmp(s->s.v[i].key, name, n) != 0 || s->s.v[i].key[n] != '.')
            return true;
    return false;
}

/* "development" unless told otherwise; where there is one environment only, that one. */
static const char *environment_of(struct ls_config_reader *r)
{
    const char *only;

    if (ls_settings_get(&r->file, "development.dialect") != NULL || r->file.s.n == 0)
        return "development";
    only = ls_arena_strn(r->arena, r->file.s.v[0].key, strcspn(r->file.s.v[0].key, "."));
    return has_other_environment(&r->file, only) ? "development" : only;
}

static const char *yml(struct ls_config_reader *r, const char *environment, const char *key, const char **source)
{
    return ls_config_key(r, ls_arena_printf(r->arena, "%s.%s", environment, key), source);
}

enum ls_rc ls_config_sql_migrate(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                                 struct ls_err *err)
{
    const char *environment, *dialect, *value, *schema;
    READER(NULL);

    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_YAML, "dbconfig.yml");
    if (rc == LS_OK && r.file.s.n > 0) {
        environment = environment_of(&r);
        dialect = yml(&r, environment, "dialect", &source);
        value = yml(&r, environment, "datasource", &source);
        ls_config_set_url(&r, value != NULL ? url_of(arena, dialect, expand(&r, value)) : NULL, source);
        value = yml(&r, environment, "dir", &source);
        ls_config_set_dir(&r, value, source);
        schema = yml(&r, environment, "schema", &source);
        value = yml(&r, environment, "table", &source);
        ls_config_set_table(&r, value != NULL && schema != NULL ? ls_arena_printf(arena, "%s.%s", schema, value) : value, source);
    }
    ls_config_end(&r);
    return rc;
}

/* --- TOML ----------------------------------------------------------------------------------------------------------------- */

/* sqlx.toml may give the variable with the address another name. */
enum ls_rc ls_config_sqlx(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                          struct ls_err *err)
{
    const char *value, *names[2] = {NULL, NULL};
    READER(NULL);

    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_TOML, "sqlx.toml");
    if (rc == LS_OK) {
        value = ls_config_key(&r, "migrate.migrations-dir", &source);
        ls_config_set_dir(&r, value, source);
        value = ls_config_key(&r, "migrate.table-name", &source);
        ls_config_set_table(&r, value, source);
        names[0] = ls_config_key(&r, "common.database-url-var", &source);
    }
    if (rc == LS_OK && names[0] != NULL)
        rc = ls_config_read_env(&r, names);
    if (rc == LS_OK && names[0] != NULL) {
        value = ls_config_var(&r, names[0], &source);
        ls_config_set_url(&r, value, source);
    }
    ls_config_end(&r);
    return rc;
}

enum ls_rc ls_config_diesel(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err)
{
    static const char *const names[] = {"MIGRATION_DIRECTORY", NULL};
    const char *value;
    READER(names);

    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_TOML, "diesel.toml");
    if (rc == LS_OK) {
        value = ls_config_var(&r, "MIGRATION_DIRECTORY", &source);
        ls_config_set_dir(&r, value, source);
        value = ls_config_key(&r, "migrations_directory.dir", &source);
        ls_config_set_dir(&r, value, source);
    }
    ls_config_end(&r);
    return rc;
}

/* --- JSON ----------------------------------------------------------------------------------------------------------------- */

enum ls_rc ls_config_drizzle(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                             struct ls_err *err)
{
    const char *value, *schema, *dialect;
    READER(NULL);

    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_JSON, "drizzle.config.json");
    if (rc == LS_OK) {
        value = ls_config_key(&r, "out", &source);
        ls_config_set_dir(&r, value, source);
        dialect = ls_config_key(&r, "dialect", &source);
        value = ls_config_key(&r, "dbCredentials.url", &source);
        ls_config_set_url(&r, url_of(arena, dialect, value), source);
        schema = ls_config_key(&r, "migrations.schema", &source);
        value = ls_config_key(&r, "migrations.table", &source);
        ls_config_set_table(&r, value != NULL && schema != NULL ? ls_arena_printf(arena, "%s.%s", schema, value) : value, source);
    }
    ls_config_end(&r);
    return rc;
}

/* The `config` package's section db: a URL, or an object with one. */
enum ls_rc ls_config_node_pg_migrate(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                                     struct ls_err *err)
{
    const char *value;
    READER(NULL);

    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_JSON, "config/default.json");
    if (rc == LS_OK) {
        value = ls_config_key(&r, "db", &source);
        value = value != NULL ? value : ls_config_key(&r, "db.url", &source);
        ls_config_set_url(&r, value, source);
        value = ls_config_key(&r, "db.migrations-dir", &source);
        ls_config_set_dir(&r, value, source);
        value = ls_config_key(&r, "db.migrations-table", &source);
        ls_config_set_table(&r, value, source);
    }
    ls_config_end(&r);
    return rc;
}

/* The folder beside the schema. */
enum ls_rc ls_config_prisma(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err)
{
    const char *value, *slash;
    READER(NULL);

    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_JSON, "package.json");
    if (rc == LS_OK && (value = ls_config_key(&r, "prisma.schema", &source)) != NULL) {
        size_t n = strlen(value);
        bool is_file = n > 7 && strcmp(value + n - 7, ".prisma") == 0;

        slash = is_file ? strrchr(value, '/') : value + n;
        ls_config_set_dir(&r, slash != NULL ? ls_arena_printf(arena, "%.*s/migrations", (int)(slash - value), value) : "migrations",
                          source);
    }
    ls_config_end(&r);
    return rc;
}
