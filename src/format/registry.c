#include <config.h>

#include "lockstep/format/format.h"

#include <string.h>

/* One line per tool. The first of two equal scores wins. */
static const struct ls_format *const formats[] = {
    &ls_format_lockstep,
    &ls_format_golang_migrate,
    &ls_format_dbmate,
    &ls_format_goose,
    &ls_format_sql_migrate,
    &ls_format_drizzle,
    &ls_format_drizzle1,
    &ls_format_prisma,
    &ls_format_sqlx,
    &ls_format_diesel,
    &ls_format_alembic,
    /* known by name only, recognised.c */
    &ls_format_django,
    &ls_format_ecto,
    &ls_format_knex,
    &ls_format_liquibase,
    &ls_format_rails,
    &ls_format_sequelize,
    &ls_format_sqitch,
    &ls_format_supabase,
    &ls_format_typeorm,
    &ls_format_node_pg_migrate,
    &ls_format_flyway,
    &ls_format_plain,
};

static const struct {
    const char *alias, *name;
} aliases[] = {{"migrate", "golang-migrate"}, {"golang", "golang-migrate"}, {"own", "lockstep"}};

const struct ls_format *const *ls_formats(size_t *n)
{
    *n = LS_ARRAY_LEN(formats);
    return formats;
}

static bool is_called(const struct ls_format *f, const char *name)
{
    if (strcmp(name, f->name) == 0 || strcmp(name, f->title) == 0)
        return true;
    for (const char *const *alias = f->aliases; alias != NULL && *alias != NULL; alias++)
        if (strcmp(name, *alias) == 0)
            return true;
    return false;
}

const struct ls_format *ls_format_find(const char *name)
{
    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < LS_ARRAY_LEN(aliases); i++)
        if (strcmp(name, aliases[i].alias) == 0)
            name = aliases[i].name;
    for (size_t i = 0; i < LS_ARRAY_LEN(formats); i++)
        if (is_called(formats[i], name))
            return formats[i];
    return NULL;
}

size_t ls_format_detect(const char *path, const struct ls_dir *dir, struct ls_detected *out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < LS_ARRAY_LEN(formats); i++) {
        struct ls_detected found = {.format = formats[i]};
        size_t at = n;

        if (formats[i]->detect == NULL)
            continue;
        formats[i]->detect(path, dir, &found.detect);
        if (found.detect.score <= 0)
            continue;
        while (at > 0 && out[at - 1].detect.score < found.detect.score)
            at--;
        if (at >= max)
            continue;
        if (n < max)
            n++;
        memmove(&out[at + 1], &out[at], (n - 1 - at) * sizeof(*out));
        out[at] = found;
    }
    return n;
}
