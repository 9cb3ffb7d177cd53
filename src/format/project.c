/* A whole project looked through for folders of migrations. */
#include <config.h>

#include <string.h>

#include "lockstep/format/format.h"
#include "lockstep/format/layout.h"

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

/* Adds what its files fit with at least that score; whether anything did. */
static bool add_hits(struct ls_founds *out, const char *path, const struct ls_dir *dir, int least)
{
    struct ls_detected hits[MAX_FORMATS];
    size_t n = ls_format_detect(path, dir, hits, LS_ARRAY_LEN(hits)), n_added = 0;

    for (size_t i = 0; i < n; i++)
        if (hits[i].detect.score >= least) {
            add_found(out, &(struct ls_found){hits[i].format, hits[i].detect, path});
            n_added++;
        }
    return n_added > 0;
}

static void look(struct ls_founds *out, const char *root, const char *rel)
{
    const char *path = path_of(out->arena, root, rel);
    struct ls_dir dir = {0};

    if (ls_path_kind(path) == LS_PATH_DIR && ls_dir_list(path, &dir, NULL) == LS_OK)
        (void)add_hits(out, path, &dir, 1);
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

/* --- everywhere else ------------------------------------------------------------------------------------------------------- */

struct walk {
    struct ls_founds *out;
    struct dirs seen; /* looked at before, with what they had */
    size_t n_left;    /* folders that may still be looked into */
};

static bool is_seen(const struct walk *w, const char *path)
{
    for (size_t i = 0; i < w->seen.d.n; i++)
        if (strcmp(w->seen.d.v[i], path) == 0)
            return true;
    return false;
}

/* What others wrote, or a compiler. */
static bool is_skipped(const char *name)
{
    static const char *const names[] = {"node_modules", "vendor", "target", "build", "dist", "venv", "__pycache__"};

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return name[0] == '.';
}

/* A hit by its settings: the top of somebody's project, with other tools' folders below it, perhaps. */
static bool is_top(const struct ls_dir *dir)
{
    static const char *const names[] = {"alembic.ini", "pyproject.toml", "sqitch.conf", "sqitch.plan", "package.json", "go.mod", "Cargo.toml"};

    for (size_t i = 0; i < dir->e.n; i++)
        for (size_t k = 0; k < LS_ARRAY_LEN(names); k++)
            if (strcmp(dir->e.v[i].name, names[k]) == 0)
                return true;
    return false;
}

/* Each folder in it is a migration, of which thousands may be: below them there is nothing to be found. */
static bool holds_only_migrations(const struct ls_founds *found, const char *path, const struct ls_dir *dir)
{
    size_t n_folders = 0;
    bool holds = false;

    for (size_t i = 0; i < dir->e.n; i++)
        n_folders += dir->e.v[i].is_dir;
    for (size_t i = 0; i < found->f.n && n_folders > 0; i++) {
        const struct ls_found *f = &found->f.v[i];
        bool has_folders = f->format->layout != NULL && f->format->layout->kind == LS_LAYOUT_FOLDER;

        holds = holds || (has_folders && f->detect.n_migrations == n_folders && strcmp(f->dir, path) == 0);
    }
    return holds;
}

/* Only what is fairly sure: a file called 1_a.sql somewhere in a tree means nothing. Below a folder of migrations there are none. */
static void descend(struct walk *w, const char *path, int depth)
{
    enum { FAIRLY_SURE = 50, MAX_DEPTH = 5 };
    struct ls_dir dir = {0};
    bool is_root = depth == 0;

    if (w->n_left == 0 || (!is_root && is_seen(w, path)) || ls_dir_list(path, &dir, NULL) != LS_OK)
        goto out;
    w->n_left--;
    if (is_root ? holds_only_migrations(w->out, path, &dir) : add_hits(w->out, path, &dir, FAIRLY_SURE) && !is_top(&dir))
        goto out;
    for (size_t i = 0; depth < MAX_DEPTH && i < dir.e.n; i++)
        if (dir.e.v[i].is_dir && !is_skipped(dir.e.v[i].name))
            descend(w, strcmp(path, ".") == 0 ? ls_arena_str(w->out->arena, dir.e.v[i].name)
                                              : ls_arena_printf(w->out->arena, "%s/%s", path, dir.e.v[i].name), depth + 1);
out:
    ls_dir_release(&dir);
}

enum ls_rc ls_format_detect_tree(const char *root, struct ls_founds *out, struct ls_err *err)
{
    enum { MAX_FOLDERS = 5000 };
    struct walk w = {.out = out, .n_left = MAX_FOLDERS};
    enum ls_rc rc = ls_format_detect_project(root, out, err);

    for (size_t i = 0; i < out->f.n; i++)
        add_dir(&w.seen, out->f.v[i].dir);
    if (rc == LS_OK)
        descend(&w, root, 0);
    LS_VEC_RELEASE(&w.seen.d);
    return rc;
}

void ls_founds_release(struct ls_founds *f)
{
    LS_VEC_RELEASE(&f->f);
    ls_arena_free(f->arena);
    f->arena = NULL;
}
