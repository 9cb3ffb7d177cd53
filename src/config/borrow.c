#include <config.h>

#include "config/borrow.h"

#include <string.h>

#include "lockstep/base/mem.h"

static bool says_something(const struct ls_format_config *c)
{
    return c->url != NULL || c->dir != NULL || c->table != NULL;
}

static bool fits(const struct ls_format *f, const char *dir)
{
    struct ls_detect d = {0};
    struct ls_dir listing = {0};

    if (ls_path_kind(dir) == LS_PATH_DIR && ls_dir_list(dir, &listing, NULL) == LS_OK && f->detect != NULL)
        f->detect(dir, &listing, &d);
    ls_dir_release(&listing);
    return d.score > 0;
}

/* Whether its migrations are where it says, or where it usually has them. */
static bool has_migrations(const struct ls_format *f, const char *root, const char *dir)
{
    static const char *const usual[] = {"migrations", "db/migrations", NULL};
    bool found = false;

    if (dir != NULL)
        return fits(f, dir);
    for (const char *const *name = f->default_dirs != NULL ? f->default_dirs : usual; !found && *name != NULL; name++) {
        char *path = strcmp(root, ".") == 0 ? ls_strdup(*name) : ls_path_join(root, *name);

        found = fits(f, path);
        free(path);
    }
    return found;
}

static void note(struct ls_arena *a, struct config_borrowed *out, const char *text)
{
    out->note = out->note != NULL ? ls_arena_printf(a, "%s\n%s", out->note, text) : text;
}

void config_borrow(struct ls_arena *a, const char *root, const char *format_name, const char *(*getenv_fn)(const char *name),
                   struct config_borrowed *out)
{
    const struct ls_format *named = ls_format_find(format_name);
    const struct ls_format *const *all;
    size_t n, n_found = 0;

    *out = (struct config_borrowed){0};
    all = ls_formats(&n);
    for (size_t i = 0; i < n; i++) {
        struct ls_format_config c = {0};
        struct ls_err err = LS_ERR_INIT;

        if (all[i]->config == NULL || (format_name != NULL && all[i] != named))
            continue;
        if (all[i]->config(a, root, getenv_fn, &c, &err) != LS_OK)
            note(a, out, ls_arena_printf(a, "the settings of %s are not used: %s", all[i]->title, err.message));
        else if (says_something(&c) && (named != NULL || has_migrations(all[i], root, c.dir))) {
            if (++n_found > 1)
                note(a, out,
                     ls_arena_printf(a, "the settings of %s and of %s both fit: neither is used; --format NAME says whose",
                                     out->format->title, all[i]->title));
            else
                *out = (struct config_borrowed){all[i], c, out->note};
        }
        ls_err_release(&err);
    }
    if (n_found > 1) {
        out->format = NULL;
        out->c = (struct ls_format_config){0};
    }
}
