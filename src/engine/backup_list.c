#include <config.h>

#include "engine/backup_priv.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

enum { STAMP_LEN = 14 };

void ls_backups_release(struct ls_backups *b)
{
    LS_VEC_RELEASE(&b->b);
    ls_arena_free(b->arena);
    *b = (struct ls_backups){0};
}

/* The UTC stamp in a name of ours "app-007-20260102030405", "...-2", "....partial": where it begins, or NULL for another folder's
 * name. */
static const char *find_stamp(const char *name)
{
    const char *found = NULL;

    for (const char *p = strchr(name, '-'); p != NULL; p = strchr(p + 1, '-')) {
        size_t n = strspn(p + 1, "0123456789");

        if (n == STAMP_LEN && (p[1 + n] == '\0' || p[1 + n] == '-' || p[1 + n] == '.'))
            found = p + 1;
    }
    return found;
}

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && strcmp(s + n - m, suffix) == 0;
}

static const char *time_of_stamp(struct ls_arena *a, const char *p)
{
    if (p == NULL)
        return "";
    return ls_arena_printf(a, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", p, p + 4, p + 6, p + 8, p + 10, p + 12);
}

static void set_from_manifest(struct ls_arena *a, const struct bk_manifest *m, struct ls_backup *b)
{
    b->target = ls_arena_str(a, m->target);
    b->host = ls_arena_str(a, m->host);
    b->dialect = ls_arena_str(a, m->dialect);
    b->server = ls_arena_str(a, m->server);
    b->version = ls_arena_str(a, m->version);
    b->created_at = ls_arena_str(a, m->created_at);
    b->sha256 = ls_arena_str(a, m->sha256);
    b->size = m->size;
    b->state = ls_arena_str(a, m->states.n > 0 ? m->states.v[m->states.n - 1].state : "written");
}

static void look_at(const char *dir, const char *name, struct ls_arena *a, struct ls_backup *b)
{
    struct ls_buf why = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    struct bk_manifest m;
    char *path = ls_path_join(dir, name);
    enum ls_rc rc = bk_manifest_read(path, &m, &err);

    *b = (struct ls_backup){.target = "", .host = "", .dialect = "", .server = "", .version = "", .sha256 = ""};
    b->name = ls_arena_str(a, name);
    b->path = ls_arena_str(a, path);
    b->created_at = time_of_stamp(a, find_stamp(name));
    if (ends_with(name, BK_PARTIAL)) {
        b->size = bk_folder_size(path);
        b->state = "unfinished: it is being made, or was cut short";
    } else if (rc != LS_OK) {
        b->size = bk_folder_size(path);
        b->state = ls_arena_printf(a, "damaged: %s", err.message);
    } else {
        set_from_manifest(a, &m, b);
        b->is_complete = bk_sizes_match(path, &m, &why);
        if (b->is_complete && bk_is_damaged(b->state))
            b->is_complete = false;
        else if (!b->is_complete)
            b->state = ls_arena_printf(a, "damaged: %s", why.ptr);
    }
    bk_manifest_release(&m);
    ls_err_release(&err);
    ls_buf_release(&why);
    free(path);
}

static bool is_backup_name(const char *dir, const struct ls_dirent *e)
{
    char *path, *manifest;
    bool is;

    if (!e->is_dir || e->is_link)
        return false;
    if (find_stamp(e->name) != NULL)
        return true;
    path = ls_path_join(dir, e->name); /* renamed by hand */
    manifest = ls_path_join(path, BK_MANIFEST);
    is = ls_path_kind(manifest) == LS_PATH_FILE;
    free(manifest);
    free(path);
    return is;
}

static int newest_first(const void *a, const void *b)
{
    const struct ls_backup *x = a, *y = b;
    int order = strcmp(y->created_at, x->created_at);

    return order != 0 ? order : strcmp(y->name, x->name);
}

enum ls_rc ls_backup_list(const char *dir, struct ls_backups *out, struct ls_err *err)
{
    struct ls_dir d = {0};
    enum ls_rc rc;

    *out = (struct ls_backups){.arena = ls_arena_new()};
    if (ls_path_kind(dir) == LS_PATH_NONE)
        return LS_OK;
    rc = ls_dir_read(dir, &d, err);
    for (size_t i = 0; rc == LS_OK && i < d.e.n; i++)
        if (is_backup_name(dir, &d.e.v[i]))
            look_at(dir, d.e.v[i].name, out->arena, LS_VEC_PUSH(&out->b));
    ls_dir_release(&d);
    if (out->b.n > 1)
        qsort(out->b.v, out->b.n, sizeof *out->b.v, newest_first);
    if (rc != LS_OK)
        ls_backups_release(out);
    return rc;
}

/* --- verify -------------------------------------------------------------------------------------------------------------- */

/* A name, never a path: it comes from a command line. */
static enum ls_rc backup_folder(const char *dir, const char *name, char **out, struct ls_err *err)
{
    enum ls_rc rc;

    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return ls_err_set(err, LS_E_USAGE, "\"%s\" is not the name of a backup", name);
    *out = ls_path_join(dir, name);
    if (ls_path_kind(*out) == LS_PATH_DIR)
        return LS_OK;
    rc = ls_err_set(err, LS_E_NOT_FOUND, "there is no backup %s in %s", name, dir);
    ls_err_hint(err, "List what is there with: lockstep backups");
    free(*out);
    *out = NULL;
    return rc;
}

static bool may_say(const char *before, bool is_good)
{
    return is_good ? strcmp(before, "read back") != 0 : !bk_is_damaged(before);
}

/* What was found goes into the manifest, so that who lists or prunes knows it too. A good backup that cannot be marked is as good. */
static void record(struct bk_manifest *m, const char *folder, enum ls_rc rc, struct ls_err *err)
{
    const char *before = m->states.n > 0 ? m->states.v[m->states.n - 1].state : "written";
    struct ls_err why = LS_ERR_INIT;

    if ((rc != LS_OK && rc != LS_E_DRIFT) || !may_say(before, rc == LS_OK))
        return;
    if (rc == LS_OK)
        bk_manifest_state(m, "read back");
    else
        bk_manifest_state(m, ls_arena_printf(m->arena, "damaged: %s", err != NULL ? err->message : "its files are not what was written"));
    if (bk_manifest_replace(m, folder, &why) != LS_OK && rc != LS_OK)
        ls_err_detail(err, "This could not be written into its manifest, and `backups` goes on to say \"%s\": %s", before, why.message);
    ls_err_release(&why);
}

enum ls_rc ls_backup_verify(const char *dir, const char *name, const struct ls_run_hooks *hooks, struct ls_err *err)
{
    return ls_backup_check(dir, name, true, hooks, err);
}

enum ls_rc ls_backup_check(const char *dir, const char *name, bool is_recorded, const struct ls_run_hooks *hooks, struct ls_err *err)
{
    static const struct ls_backup_options usual;
    struct bk_job j = {.hooks = hooks};
    struct bk_manifest m = {0};
    char *folder = NULL;
    enum ls_rc rc = backup_folder(dir, name, &folder, err);

    if (rc != LS_OK)
        return rc;
    rc = bk_manifest_read(folder, &m, err);
    is_recorded = is_recorded && rc == LS_OK;
    if (rc == LS_E_NOT_FOUND || rc == LS_E_INPUT) {
        if (err != NULL)
            err->code = LS_E_DRIFT;
        rc = LS_E_DRIFT;
    }
    if (rc == LS_OK)
        rc = bk_compare(&j, folder, &m, err);
    if (rc == LS_OK) {
        rc = bk_read_back(&j, &usual, folder, &m, err);
        if (rc == LS_E_UNSUPPORTED)
            ls_err_wrap(err, "every file of %s is as it was written, but it was not read back", name);
    }
    if (rc == LS_OK)
        rc = bk_check_cancelled(&j, err);
    if (is_recorded)
        record(&m, folder, rc, err);
    if (rc == LS_E_DRIFT)
        ls_err_wrap(err, "backup %s is damaged", name);
    bk_manifest_release(&m);
    free(folder);
    return rc;
}

/* --- prune --------------------------------------------------------------------------------------------------------------- */

static bool same_target(const struct ls_backup *a, const struct ls_backup *b)
{
    return strcmp(a->dialect, b->dialect) == 0 && strcmp(a->host, b->host) == 0 && strcmp(a->target, b->target) == 0;
}

/* Seconds since 1970 of "2026-01-02T03:04:05Z"; -1 when it is none. */
static int64_t parse_iso(const char *s)
{
    struct tm tm = {0};
    char z;

    if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &z) !=
            7 ||
        z != 'Z')
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm);
}

/* Whether the rules let go of all.b.v[i]; n_newer complete ones of the same target are newer. */
static bool may_go(const struct ls_backup *b, long n_newer, long keep, int64_t max_age_s)
{
    int64_t made = parse_iso(b->created_at);

    if (n_newer == 0)
        return false;
    if (keep >= 0 && n_newer >= keep)
        return true;
    return max_age_s >= 0 && made >= 0 && ls_wall_us() / 1000000 - made > max_age_s;
}

/* First the name that says "unfinished", then the files: cut short, nothing that looks complete is left. */
static enum ls_rc remove_backup(const struct ls_backup *b, struct ls_err *err)
{
    char *partial = ls_asprintf("%s" BK_PARTIAL, b->path);
    enum ls_rc rc = LS_OK;

    if (rename(b->path, partial) != 0)
        rc = ls_err_sys(err, "%s: rename", b->path);
    if (rc == LS_OK)
        rc = ls_remove_tree(partial, err);
    free(partial);
    return rc;
}

enum ls_rc ls_backup_prune(const char *dir, long keep, int64_t max_age_s, bool dry_run, struct ls_buf *removed, struct ls_err *err)
{
    struct ls_backups all;
    enum ls_rc rc = ls_backup_list(dir, &all, err);

    for (size_t i = 0; rc == LS_OK && i < all.b.n; i++) {
        const struct ls_backup *b = &all.b.v[i];
        long n_newer = 0;

        if (!b->is_complete)
            continue;
        for (size_t k = 0; k < i; k++)
            n_newer += all.b.v[k].is_complete && same_target(&all.b.v[k], b);
        if (!may_go(b, n_newer, keep, max_age_s))
            continue;
        if (!dry_run)
            rc = remove_backup(b, err);
        if (rc == LS_OK)
            ls_buf_addf(removed, "%s\n", b->name);
    }
    if (rc == LS_OK || all.arena != NULL)
        ls_backups_release(&all);
    return rc;
}
