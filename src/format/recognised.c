/* Tools that lockstep knows by name only: told by few files, never operated. Facts: formats.md 2.1 and 2.3. */
#include <config.h>

#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/format/format.h"

#define READ_MAX   ((size_t)256 * 1024) /* a migration or a settings file of these tools is smaller; what is not, is no evidence */
#define FILES_READ 3                    /* of those whose names fit, the newest by name */

/* One way to tell a tool. Either a file by its name (`file`, seen from the folder), or files whose names fit (`suffix`, maybe
 * `digits` in front, maybe in the folder `sub`); where `text` stands, in the file or in one of the first few, it must be in there;
 * where `beside` stands, that file must have it instead. */
struct sign {
    const char *file;
    const char *sub, *suffix;
    bool digits;
    const char *beside;
    const char *text;
    int score;
};

static bool has_text(const char *dir, const char *name, const char *text)
{
    char *path = ls_path_join(dir, name);
    struct ls_err quiet = LS_ERR_INIT;
    struct ls_buf b = LS_BUF_INIT;
    bool found = false;

    if (ls_path_kind(path) == LS_PATH_FILE && ls_file_read(path, 0, READ_MAX, &b, &quiet) == LS_OK)
        found = b.len > 0 && strlen(b.ptr) == b.len && strstr(b.ptr, text) != NULL;
    ls_err_release(&quiet);
    ls_buf_release(&b);
    free(path);
    return found;
}

static bool name_fits(const struct sign *s, const struct ls_dirent *e)
{
    size_t len = strlen(e->name), end = strlen(s->suffix);

    if (e->is_dir || len <= end || strcmp(e->name + len - end, s->suffix) != 0)
        return false;
    return !s->digits || (e->name[0] >= '0' && e->name[0] <= '9');
}

static void tell(const struct sign *s, size_t n, const char *example, struct ls_detect *out)
{
    const char *plural = n == 1 ? "" : "s";

    if (s->beside != NULL)
        snprintf(out->evidence, sizeof(out->evidence), "%zu file%s like %.80s; %s with %s", n, plural, example, s->beside, s->text);
    else if (s->text != NULL)
        snprintf(out->evidence, sizeof(out->evidence), "%zu file%s like %.80s; \"%s\" in it", n, plural, example, s->text);
    else
        snprintf(out->evidence, sizeof(out->evidence), "%zu file%s like %.80s", n, plural, example);
}

static void look_at_files(const char *path, const struct ls_dir *dir, const struct sign *s, struct ls_detect *out)
{
    size_t n = 0, n_read = 0;
    const char *example = NULL;
    bool is_sure = s->text == NULL || (s->beside != NULL && has_text(path, s->beside, s->text));

    if (s->beside != NULL && !is_sure)
        return;
    for (size_t i = dir->e.n; i-- > 0;) {
        const char *name = dir->e.v[i].name;

        if (!name_fits(s, &dir->e.v[i]))
            continue;
        n++;
        if (example == NULL)
            example = name;
        if (is_sure || n_read == FILES_READ)
            continue;
        n_read++;
        is_sure = has_text(path, name, s->text);
        if (is_sure)
            example = name;
    }
    if (n == 0 || !is_sure)
        return;
    out->score = s->score;
    out->n_migrations = n;
    tell(s, n, example, out);
}

static void look_below(const char *path, const struct ls_dir *dir, const struct sign *s, struct ls_detect *out)
{
    char *sub = s->sub != NULL ? ls_path_join(path, s->sub) : NULL;
    struct ls_err quiet = LS_ERR_INIT;
    struct ls_dir below = {0};

    if (sub == NULL)
        look_at_files(path, dir, s, out);
    else if (ls_path_kind(sub) == LS_PATH_DIR && ls_dir_list(sub, &below, &quiet) == LS_OK)
        look_at_files(sub, &below, s, out);
    ls_dir_release(&below);
    ls_err_release(&quiet);
    free(sub);
}

static void look_at_file(const char *path, const struct ls_dir *dir, const struct sign *s, struct ls_detect *out)
{
    bool is_there = false;

    for (size_t i = 0; i < dir->e.n; i++)
        is_there = is_there || (!dir->e.v[i].is_dir && strcmp(dir->e.v[i].name, s->file) == 0);
    if (!is_there || (s->text != NULL && !has_text(path, s->file, s->text)))
        return;
    out->score = s->score;
    snprintf(out->evidence, sizeof(out->evidence), "a file %s%s%s", s->file, s->text != NULL ? " with " : "",
             s->text != NULL ? s->text : "");
}

/* The best sign; the first of equal ones. The migrations are counted by whichever sign saw most. */
static void look(const char *path, const struct ls_dir *dir, const struct sign *signs, size_t n_signs, struct ls_detect *out)
{
    size_t most = 0;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < n_signs; i++) {
        struct ls_detect d = {0};

        if (signs[i].file != NULL)
            look_at_file(path, dir, &signs[i], &d);
        else
            look_below(path, dir, &signs[i], &d);
        most = d.n_migrations > most ? d.n_migrations : most;
        if (d.score > out->score)
            *out = d;
    }
    out->n_migrations = most;
}

static const struct sign django_signs[] = {
    {.digits = true, .suffix = ".py", .text = "migrations.Migration", .score = 95},
    {.file = "manage.py", .text = "DJANGO_SETTINGS_MODULE", .score = 80},
};
static const struct sign ecto_signs[] = {{.digits = true, .suffix = ".exs", .text = "Ecto.Migration", .score = 95}};
static const struct sign knex_signs[] = {
    {.digits = true, .suffix = ".js", .text = "knex", .score = 80},
    {.digits = true, .suffix = ".ts", .text = "knex", .score = 80},
    {.file = "knexfile.js", .score = 40},
    {.file = "knexfile.ts", .score = 40},
};
static const struct sign liquibase_signs[] = {
    {.suffix = ".xml", .text = "<databaseChangeLog", .score = 95},
    {.suffix = ".yaml", .text = "databaseChangeLog:", .score = 95},
    {.suffix = ".yml", .text = "databaseChangeLog:", .score = 95},
    {.suffix = ".sql", .text = "--liquibase formatted sql", .score = 95},
    {.file = "liquibase.properties", .score = 60},
};
static const struct sign sequelize_signs[] = {
    {.digits = true, .suffix = ".js", .text = "queryInterface", .score = 90},
    {.file = ".sequelizerc", .score = 40},
};
static const struct sign supabase_signs[] = {
    {.digits = true, .suffix = ".sql", .beside = "../config.toml", .text = "project_id", .score = 90}};
static const struct sign typeorm_signs[] = {
    {.digits = true, .suffix = ".ts", .text = "MigrationInterface", .score = 90},
    {.digits = true, .suffix = ".js", .text = "MigrationInterface", .score = 90},
};

/* X(id, title as the owners in table.c say it, its ledger, folders) */
#define RECOGNISED(X)                                                                                                              \
    X(django, "Django", "django_migrations", "migrations", ".")                                                                    \
    X(ecto, "Ecto", "schema_migrations", "priv/repo/migrations")                                                                   \
    X(knex, "knex", "knex_migrations", "migrations", "db/migrations", ".")                                                         \
    X(liquibase, "Liquibase", "databasechangelog", "db/changelog", "src/main/resources/db/changelog", ".")                         \
    X(sequelize, "Sequelize", "SequelizeMeta", "migrations", ".")                                                                  \
    X(supabase, "Supabase", "supabase_migrations.schema_migrations", "supabase/migrations")                                        \
    X(typeorm, "TypeORM", "migrations", "migrations", "src/migrations", "src/migration")

#define X(id, tool, table, ...)                                                                                                    \
    static void detect_##id(const char *path, const struct ls_dir *dir, struct ls_detect *out)                                     \
    {                                                                                                                              \
        look(path, dir, id##_signs, LS_ARRAY_LEN(id##_signs), out);                                                                \
    }                                                                                                                              \
    static const char *const id##_dirs[] = {__VA_ARGS__, NULL};                                                                    \
    const struct ls_format ls_format_##id = {                                                                                      \
        .name = #id,                                                                                                               \
        .title = tool,                                                                                                             \
        .ledger_table = table,                                                                                                     \
        .default_dirs = id##_dirs,                                                                                                 \
        .caps = LS_CAP_RECOGNISE_ONLY,                                                                                             \
        .detect = detect_##id,                                                                                                     \
    };
RECOGNISED(X)
#undef X
