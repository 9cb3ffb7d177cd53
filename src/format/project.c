/* A whole project looked through for folders of migrations. */
#include <config.h>

#include <string.h>

#include "lockstep/format/format.h"

#define MAX_FORMATS 32 /* that fit one folder */

static const char *const usual_dirs[] = {"migrations", "db/migrations", ".", NULL};

struct dirs {
    LS_VEC(const char *) d;
};

static void add_dir(struct dirs *dirs, const char *dir)
{
    for (size_t i = 0; i < dirs->d.n; i++)
        if (strcmp(dirs->d.v[i], dir) == 0)
            return;
    *LS_VEC_PUSH(&dirs->d) = dir;
}

/* Every default folder of every format, once. */
static void list_dirs(struct dirs *dirs)
{
    size_t n;
    const struct ls_format *const *formats = ls_formats(&n);

    add_dir(dirs, ".");
    for (size_t i = 0; i < n; i++)
        for (const char *const *d = formats[i]->default_dirs != NULL ? formats[i]->default_dirs : usual_dirs; *d != NULL; d++)
            add_dir(dirs, *d);
}

/* Better scores first; of equal ones the folder with more in it, then the one that was looked at first. */
static bool is_better(const struct ls_found *a, const struct ls_found *b)
{
    if (a->detect.score != b->detect.score)
        return a->detect.score > b->detect.score;
    return a->detect.n_migrations > b->detect.n_migrations;
}

static void add_found(struct ls_founds *out, const struct ls_found *f)
{
    size_t at = out->f.n;

    (void)LS_VEC_PUSH(&out->f);
    for (; at > 0 && is_better(f, &out->f.v[at - 1]); at--)
        out->f.v[at] = out->f.v[at - 1];
    out->f.v[at] = *f;
}

static const char *path_of(struct ls_arena *arena, const char *root, const char *rel)
{
    if (strcmp(rel, ".") == 0)
        return ls_arena_str(arena, root);
    return strcmp(root, ".") == 0 ? ls_arena_str(arena, rel) : ls_arena_printf(arena, "%s/%s", root, rel);
}

static void look(struct ls_founds *out, const char *root, const char *rel)
{
    const char *path = path_of(out->arena, root, rel);
    struct ls_detected hits[MAX_FORMATS];
    struct ls_dir dir = {0};
    size_t n;

    if (ls_path_kind(path) != LS_PATH_DIR || ls_dir_list(path, &dir, NULL) != LS_OK)
        goto out;
    n = ls_format_detect(path, &dir, hits, LS_ARRAY_LEN(hits));
    for (size_t i = 0; i < n; i++)
        add_found(out, &(struct ls_found){hits[i].format, hits[i].detect, path});
out:
    ls_dir_release(&dir);
}

enum ls_rc ls_format_detect_project(const char *root, struct ls_founds *out, struct ls_err *err)
{
    struct dirs dirs = {0};

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    if (ls_path_kind(root) != LS_PATH_DIR)
        return ls_err_set(err, LS_E_NOT_FOUND, "%s is no folder", root);
    list_dirs(&dirs);
    for (size_t i = 0; i < dirs.d.n; i++)
        look(out, root, dirs.d.v[i]);
    LS_VEC_RELEASE(&dirs.d);
    return LS_OK;
}

void ls_founds_release(struct ls_founds *f)
{
    LS_VEC_RELEASE(&f->f);
    ls_arena_free(f->arena);
    f->arena = NULL;
}
