/* What an Alembic project's own settings say about folder, ledger and address: ls_format.config. */
#include <config.h>

#include "format/alembic.h"

#include <string.h>

#include "lockstep/base/mem.h"

/* SQLAlchemy's address in lockstep's words: a path behind three slashes is seen from the project's folder; a driver is SQLAlchemy's
 * own. */
static const char *address(struct ls_arena *arena, const char *url)
{
    const char *rest = strstr(url, "://");
    size_t dialect = strcspn(url, "+:");

    if (rest == NULL)
        return NULL;
    if (dialect == 6 && strncmp(url, "sqlite", 6) == 0)
        return strncmp(rest, ":///", 4) == 0 && rest[4] != '\0' && rest[4] != '?' ? ls_arena_printf(arena, "sqlite:%s", rest + 4)
                                                                                  : NULL;
    if ((dialect == 10 && strncmp(url, "postgresql", 10) == 0) || (dialect == 8 && strncmp(url, "postgres", 8) == 0))
        return ls_arena_printf(arena, "postgresql%s", rest);
    return NULL;
}

/* An env.py that sets the address itself makes what alembic.ini says about it worthless. */
static bool is_settled_elsewhere(const struct ls_alembic_conf *c)
{
    static const char *const words[] = {"environ", "getenv", "set_main_option"};

    for (size_t i = 0; c->env_text != NULL && i < LS_ARRAY_LEN(words); i++)
        if (strstr(c->env_text, words[i]) != NULL)
            return true;
    return false;
}

enum ls_rc ls_alembic_config(struct ls_arena *arena, const char *root, const char *(*getenv_fn)(const char *name),
                             struct ls_format_config *out, struct ls_err *err)
{
    struct ls_alembic_conf c;

    (void)getenv_fn;
    (void)err;
    memset(out, 0, sizeof(*out));
    ls_alembic_conf_read(arena, root, &c);
    if (c.path == NULL || strcmp(c.dir, root) != 0)
        return LS_OK;
    if (c.said_location != NULL && ls_path_kind(c.said_location) == LS_PATH_DIR) {
        out->dir = c.said_location;
        out->dir_source = ls_arena_printf(arena, "script_location in %s", ls_path_base(c.path));
    }
    if (c.table != NULL) {
        out->table = c.table;
        out->table_source = "version_table in env.py";
    }
    if (c.url != NULL && !is_settled_elsewhere(&c) && (out->url = address(arena, c.url)) != NULL)
        out->url_source = ls_arena_printf(arena, "sqlalchemy.url in %s", ls_path_base(c.path));
    return LS_OK;
}
