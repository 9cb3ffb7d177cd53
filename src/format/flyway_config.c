/* A Flyway project's own settings, as far as they change what a run does, and the placeholders that have their values there. Facts:
 * formats.md 4.6; placeholders: flyway-core PlaceholderReplacingReader.java, and its documentation for the names being the same in
 * any case. */
#include <config.h>

#include "format/flyway.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "format/config.h"
#include "lockstep/base/file.h"

#define MAX_UP 5 /* src/main/resources/db/migration */

static enum ls_rc load(struct ls_flyway_config *c, const char *folder, const char *file, enum ls_settings_kind kind,
                       struct ls_err *err)
{
    const char *path = ls_arena_printf(c->s.arena, "%s/%s", folder, file);

    if (ls_path_kind(path) == LS_PATH_NONE)
        return LS_OK;
    if (c->path == NULL)
        c->path = path;
    return ls_settings_load(&c->s, kind, path, err);
}

/* What stands in the file becomes SQL that runs: whoever may write it must be one who may write the migrations anyway. Not in /tmp,
 * then. */
static bool is_as_safe(const char *folder, const char *dir)
{
    struct stat a, b;

    return stat(folder, &a) == 0 && stat(dir, &b) == 0 && a.st_uid == b.st_uid && (a.st_mode & S_IWOTH) == 0;
}

enum ls_rc ls_flyway_config_read(const char *dir, struct ls_flyway_config *out, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;
    const char *folder;

    *out = (struct ls_flyway_config){.s = {.arena = ls_arena_new()}};
    folder = ls_arena_str(out->s.arena, dir);
    for (int up = 0; rc == LS_OK && out->path == NULL && up <= MAX_UP && (up == 0 || is_as_safe(folder, dir)); up++) {
        const char *top = ls_arena_printf(out->s.arena, "%s/.git", folder);

        /* TOML, or the older kind: one of them. */
        rc = load(out, folder, "flyway.toml", LS_SETTINGS_TOML, err);
        if (rc == LS_OK)
            rc = load(out, folder, "flyway.user.toml", LS_SETTINGS_TOML, err);
        if (rc == LS_OK && out->path == NULL)
            rc = load(out, folder, "flyway.conf", LS_SETTINGS_PROPERTIES, err);
        if (rc == LS_OK && out->path == NULL)
            rc = load(out, folder, "conf/flyway.conf", LS_SETTINGS_PROPERTIES, err);
        if (ls_path_exists(top))
            break;
        folder = ls_arena_printf(out->s.arena, "%s/..", folder);
    }
    out->prefix = ls_settings_value(&out->s, "flyway.placeholderPrefix");
    out->suffix = ls_settings_value(&out->s, "flyway.placeholderSuffix");
    out->prefix = out->prefix != NULL ? out->prefix : "${";
    out->suffix = out->suffix != NULL ? out->suffix : "}";
    out->replaces = ls_settings_value(&out->s, "flyway.placeholderReplacement") == NULL ||
                    strcasecmp(ls_settings_value(&out->s, "flyway.placeholderReplacement"), "false") != 0;
    return rc;
}

void ls_flyway_config_release(struct ls_flyway_config *c)
{
    ls_settings_release(&c->s);
}

const struct ls_setting *ls_flyway_config_odd(const struct ls_flyway_config *c)
{
    static const struct {
        const char *key, *usual; /* NULL: any value is odd */
    } odd[] = {{"flyway.encoding", "UTF-8"},
               {"flyway.group", "false"},
               {"flyway.mixed", "false"},
               {"flyway.initSql", NULL},
               {"flyway.executeInTransaction", "true"},
               {"flyway.sqlMigrationPrefix", "V"},
               {"flyway.repeatableSqlMigrationPrefix", "R"},
               {"flyway.sqlMigrationSeparator", "__"},
               {"flyway.sqlMigrationSuffixes", ".sql"},
               {"flyway.sqlMigrationSuffixes.0", ".sql"},
               {"flyway.sqlMigrationSuffixes.1", NULL},
               {"flyway.callbacks", NULL},
               {"flyway.callbacks.0", NULL},
               {"flyway.installedBy", NULL},
               {"flyway.target", "latest"},
               {"flyway.cherryPick", NULL}};

    for (size_t i = 0; i < LS_ARRAY_LEN(odd); i++) {
        const struct ls_setting *s = ls_settings_get(&c->s, odd[i].key);

        if (s != NULL && s->value[0] != '\0' && (odd[i].usual == NULL || strcasecmp(s->value, odd[i].usual) != 0))
            return s;
    }
    return NULL;
}

/* --- placeholders --------------------------------------------------------------------------------------------------------- */

static bool is_name(struct ls_str s, const char *name)
{
    return strlen(name) == s.len && strncasecmp(s.ptr, name, s.len) == 0;
}

/* "" has a value too: NULL is none. */
static const char *value_of(const struct ls_flyway_config *c, const struct ls_flyway_known *known, struct ls_str name,
                            bool *needs_database)
{
    static const char own[] = "flyway.placeholders.";
    const struct {
        const char *name, *value;
    } built_in[] = {{"flyway:defaultSchema", known != NULL ? known->schema : NULL},
                    {"flyway:user", known != NULL ? known->user : NULL},
                    {"flyway:database", known != NULL ? known->database : NULL},
                    {"flyway:table", known != NULL ? known->table : NULL},
                    {"flyway:filename", known != NULL ? known->filename : NULL}};

    *needs_database = false;
    for (size_t i = c->s.s.n; i-- > 0;)
        if (strncasecmp(c->s.s.v[i].key, own, sizeof(own) - 1) == 0 && is_name(name, c->s.s.v[i].key + sizeof(own) - 1))
            return c->s.s.v[i].value;
    for (size_t i = 0; i < LS_ARRAY_LEN(built_in); i++)
        if (is_name(name, built_in[i].name)) {
            *needs_database = built_in[i].value == NULL;
            return built_in[i].value;
        }
    return NULL;
}

static size_t find(const char *text, size_t len, size_t from, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = from; n > 0 && i + n <= len; i++)
        if (memcmp(text + i, word, n) == 0)
            return i;
    return len;
}

bool ls_flyway_has_placeholder(const struct ls_flyway_config *c, const char *text, size_t len)
{
    return c->replaces && find(text, len, 0, c->prefix) < len;
}

static bool miss(struct ls_flyway_missing *m, const char *text, size_t at, struct ls_str name, bool needs_database)
{
    int line = 1;

    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    if (m != NULL)
        *m = (struct ls_flyway_missing){name, line, needs_database};
    return false;
}

bool ls_flyway_replace(const struct ls_flyway_config *c, const struct ls_flyway_known *known, const char *text, size_t len,
                       struct ls_buf *out, struct ls_flyway_missing *missing)
{
    size_t at = 0;

    while (c->replaces) {
        size_t start = find(text, len, at, c->prefix), inner = start + strlen(c->prefix), end;
        struct ls_str name;
        bool needs_database = false;
        const char *value;

        if (start >= len)
            break;
        end = find(text, len, inner, c->suffix);
        name = (struct ls_str){text + inner, end - inner};
        value = end < len ? value_of(c, known, name, &needs_database) : NULL;
        if (value == NULL)
            return miss(missing, text, start, name, needs_database);
        ls_buf_add(out, text + at, start - at);
        ls_buf_adds(out, value);
        at = end + strlen(c->suffix);
    }
    ls_buf_add(out, text + at, len - at);
    return true;
}

/* --- where the project keeps its things ------------------------------------------------------------------------------------ */

/* jdbc:postgresql://host/db?user=u&password=p, jdbc:sqlite:app.db; NULL: another database. */
static const char *from_jdbc(struct ls_arena *arena, const char *url, const char *user, const char *password)
{
    if (url == NULL || strncmp(url, "jdbc:", 5) != 0)
        return NULL;
    url += 5;
    if (strncmp(url, "sqlite:", 7) == 0)
        return url;
    return strncmp(url, "postgresql://", 13) == 0 ? ls_config_with_user(arena, url, user, password) : NULL;
}

/* "filesystem:sql", "classpath:db/migration", "sql": of several, or of another kind, none can be said. */
static const char *folder_of(struct ls_arena *arena, const char *location)
{
    if (location == NULL || strchr(location, ',') != NULL || strchr(location, '*') != NULL)
        return NULL;
    if (strncmp(location, "filesystem:", 11) == 0)
        return location + 11;
    if (strncmp(location, "classpath:", 10) == 0)
        return ls_arena_printf(arena, "src/main/resources/%s", location + 10 + (location[10] == '/'));
    return strchr(location, ':') == NULL ? ls_arena_printf(arena, "src/main/resources/%s", location) : NULL;
}

static const char *either(struct ls_config_reader *r, const char *var, const char *key, const char **source)
{
    const char *value = ls_config_var(r, var, source);

    return value != NULL ? value : ls_config_key(r, key, source);
}

/* In TOML an address belongs to an environment; which one, the settings say. */
static const char *of_environment(struct ls_config_reader *r, const char *name, const char **source)
{
    const char *unused, *environment = either(r, "FLYWAY_ENVIRONMENT", "flyway.environment", &unused);

    return ls_config_key(r, ls_arena_printf(r->arena, "environments.%s.%s", environment != NULL ? environment : "default", name),
                         source);
}

static const char *user_part(struct ls_config_reader *r, const char *var, const char *key, const char *name)
{
    const char *unused, *value = either(r, var, key, &unused);

    return value != NULL ? value : of_environment(r, name, &unused);
}

static void read_place(struct ls_config_reader *r)
{
    const char *source = NULL, *value = either(r, "FLYWAY_URL", "flyway.url", &source), *schema;

    if (value == NULL)
        value = of_environment(r, "url", &source);
    ls_config_set_url(r,
                      from_jdbc(r->arena, value, user_part(r, "FLYWAY_USER", "flyway.user", "user"),
                                user_part(r, "FLYWAY_PASSWORD", "flyway.password", "password")),
                      source);
    value = either(r, "FLYWAY_LOCATIONS", "flyway.locations", &source);
    if (value == NULL && ls_settings_get(&r->file, "flyway.locations.1") == NULL)
        value = ls_config_key(r, "flyway.locations.0", &source);
    ls_config_set_dir(r, folder_of(r->arena, value), source);
    schema = either(r, "FLYWAY_DEFAULT_SCHEMA", "flyway.defaultSchema", &source);
    value = either(r, "FLYWAY_TABLE", "flyway.table", &source);
    if (value != NULL || schema != NULL) {
        value = value != NULL ? value : LS_FLYWAY_TABLE;
        ls_config_set_table(r, schema != NULL ? ls_arena_printf(r->arena, "%s.%s", schema, value) : value, source);
    }
}

enum ls_rc ls_config_flyway(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err)
{
    struct ls_config_reader r = {.arena = arena, .root = root, .getenv_fn = getenv_fn, .out = out, .err = err};
    enum ls_rc rc = ls_config_begin(&r, NULL);

    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_TOML, "flyway.toml");
    if (rc == LS_OK)
        rc = ls_config_load(&r, LS_SETTINGS_TOML, "flyway.user.toml");
    if (rc == LS_OK && r.file.s.n == 0)
        rc = ls_config_load(&r, LS_SETTINGS_PROPERTIES, "flyway.conf");
    if (rc == LS_OK && r.file.s.n == 0)
        rc = ls_config_load(&r, LS_SETTINGS_PROPERTIES, "conf/flyway.conf");
    if (rc == LS_OK)
        read_place(&r);
    ls_config_end(&r);
    return rc;
}
