#include <config.h>

#include "lockstep/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/mem.h"

static bool is_dot(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ls_dirent *)a)->name, ((const struct ls_dirent *)b)->name);
}

/* An entry that went away in the meantime is left out. */
static enum ls_rc add_entry(struct ls_dir *dir, int fd, const char *path, const char *name, struct ls_err *err)
{
    struct stat st;

    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? LS_OK : ls_err_sys(err, "cannot look at %s/%s", path, name);
    bool is_link = S_ISLNK(st.st_mode);

    if (is_link && fstatat(fd, name, &st, 0) != 0) /* dangling, or a loop: an entry of no size */
        st = (struct stat){.st_mode = S_IFLNK};
    struct ls_dirent *e = LS_VEC_PUSH(&dir->e);

    e->name = ls_strdup(name);
    e->is_dir = S_ISDIR(st.st_mode);
    e->is_link = is_link;
    e->size = st.st_size;
    return LS_OK;
}

/* What the folder itself says of an entry; not for links, nor on file systems that do not tell. */
static bool add_listed(struct ls_dir *dir, const struct dirent *e)
{
    if (e->d_type != DT_REG && e->d_type != DT_DIR)
        return false;
    *LS_VEC_PUSH(&dir->e) = (struct ls_dirent){.name = ls_strdup(e->d_name), .is_dir = e->d_type == DT_DIR};
    return true;
}

static enum ls_rc read_all(const char *path, bool is_list, struct ls_dir *dir, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;
    DIR *d = opendir(path); /* O_CLOEXEC by POSIX */

    if (!d) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ls_err_set(err, LS_E_NOT_FOUND, "cannot open folder %s: %s", path, strerror(errno));
        return ls_err_sys(err, "cannot open folder %s", path);
    }
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);

        if (!e) {
            if (errno != 0)
                rc = ls_err_sys(err, "cannot read folder %s", path);
            break;
        }
        if (is_dot(e->d_name))
            continue;
        if (!is_list || !add_listed(dir, e))
            rc = add_entry(dir, dirfd(d), path, e->d_name, err);
        if (rc != LS_OK)
            break;
    }
    closedir(d);
    if (rc != LS_OK)
        ls_dir_release(dir);
    else if (dir->e.n > 1)
        qsort(dir->e.v, dir->e.n, sizeof(*dir->e.v), by_name);
    return rc;
}

enum ls_rc ls_dir_read(const char *path, struct ls_dir *dir, struct ls_err *err)
{
    return read_all(path, false, dir, err);
}

enum ls_rc ls_dir_list(const char *path, struct ls_dir *dir, struct ls_err *err)
{
    return read_all(path, true, dir, err);
}

void ls_dir_release(struct ls_dir *dir)
{
    for (size_t i = 0; i < dir->e.n; i++)
        free(dir->e.v[i].name);
    LS_VEC_RELEASE(&dir->e);
}

static enum ls_rc mkdir_one(const char *path, mode_t mode, struct ls_err *err)
{
    if (mkdir(path, mode) == 0)
        return LS_OK;
    int cause = errno;

    if (cause == EEXIST && ls_path_kind(path) == LS_PATH_DIR)
        return LS_OK;
    if (cause == EEXIST)
        return ls_err_set(err, LS_E_IO, "cannot create folder %s: something that is no folder is in the way", path);
    errno = cause;
    return ls_err_sys(err, "cannot create folder %s", path);
}

enum ls_rc ls_mkdir_p(const char *path, mode_t mode, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;
    char *p = ls_strdup(path);

    for (char *s = p + (*p == '/'); rc == LS_OK && (s = strchr(s, '/')); s++) {
        *s = '\0';
        /* A parent that is there needs no right to make it. */
        if (s[-1] != '\0' && ls_path_kind(p) != LS_PATH_DIR)
            rc = mkdir_one(p, mode, err);
        *s = '/';
    }
    if (rc == LS_OK && ls_path_kind(p) != LS_PATH_DIR)
        rc = mkdir_one(p, mode, err);
    free(p);
    return rc;
}

/* Works on folder handles, so that a folder swapped for a link meanwhile is not followed. path is for messages only. */
static enum ls_rc remove_at(int at, const char *name, const char *path, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return LS_OK;
    if (errno != EISDIR && errno != EPERM) /* EPERM is what POSIX says for a folder, EISDIR what Linux says */
        return ls_err_sys(err, "cannot remove %s", path);
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

    if (!d) {
        rc = ls_err_sys(err, "cannot remove %s", path);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    for (const struct dirent *e; rc == LS_OK && (e = readdir(d));) {
        if (is_dot(e->d_name))
            continue;
        char *sub = ls_path_join(path, e->d_name);

        rc = remove_at(dirfd(d), e->d_name, sub, err);
        free(sub);
    }
    closedir(d);
    if (rc == LS_OK && unlinkat(at, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        rc = ls_err_sys(err, "cannot remove %s", path);
    return rc;
}

enum ls_rc ls_remove_tree(const char *path, struct ls_err *err)
{
    return remove_at(AT_FDCWD, path, path, err);
}

char *ls_path_join(const char *a, const char *b)
{
    if (!a || !*a || *b == '/')
        return ls_strdup(b);
    if (!*b)
        return ls_strdup(a);
    return ls_asprintf("%s%s%s", a, a[strlen(a) - 1] == '/' ? "" : "/", b);
}

const char *ls_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool ls_path_exists(const char *path)
{
    return ls_path_kind(path) != LS_PATH_NONE;
}

enum ls_path_kind ls_path_kind(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return LS_PATH_NONE;
    if (S_ISREG(st.st_mode))
        return LS_PATH_FILE;
    return S_ISDIR(st.st_mode) ? LS_PATH_DIR : LS_PATH_OTHER;
}
