#include <config.h>

#include "lockstep/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/open.h"
#include "lockstep/base/mem.h"

/* A missing file is worth a code of its own: many callers can do without it. */
static enum ls_rc open_failed(const char *path, unsigned flags, struct ls_err *err)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return ls_err_set(err, LS_E_NOT_FOUND, "cannot open %s: %s", path, strerror(errno));
    if (errno == ELOOP && flags & LS_OPEN_NOFOLLOW)
        return ls_err_set(err, LS_E_REFUSED, "refusing to open %s: it is a symbolic link", path);
    if (errno == ENXIO) /* a socket, or a device without a driver: never a regular file */
        return ls_err_set(err, LS_E_INPUT, "cannot open %s: not a regular file", path);
    return ls_err_sys(err, "cannot open %s", path);
}

/* Group write is fine when the group is the user's own (same number, as useradd makes them): umask 002 is common there. */
static bool others_can_write(const struct stat *st)
{
    bool own_group = st->st_gid == getegid() && getegid() == geteuid();

    return st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !own_group);
}

static enum ls_rc check_trust(const char *path, const struct stat *st, unsigned flags, struct ls_err *err)
{
    enum ls_rc rc;

    if (S_ISDIR(st->st_mode))
        return ls_err_set(err, LS_E_INPUT, "cannot open %s: it is a folder", path);
    if (!S_ISREG(st->st_mode))
        return ls_err_set(err, LS_E_INPUT, "cannot open %s: not a regular file", path);
    if (flags & LS_OPEN_PRIVATE && st->st_mode & (S_IRWXG | S_IRWXO)) {
        rc = ls_err_set(err, LS_E_REFUSED, "refusing to read %s: group or others have access to it (mode %04o)", path,
                        (unsigned)st->st_mode & 07777U);
        ls_err_hint(err, "chmod 600 %s", path);
        return rc;
    }
    if (flags & LS_OPEN_OWNED && st->st_uid != geteuid() && st->st_uid != 0)
        return ls_err_set(err, LS_E_REFUSED, "refusing to read %s: it belongs to another user (uid %ju)", path,
                          (uintmax_t)st->st_uid);
    if (flags & LS_OPEN_OWNED && others_can_write(st)) {
        rc = ls_err_set(err, LS_E_REFUSED, "refusing to read %s: others can write to it (mode %04o)", path,
                        (unsigned)st->st_mode & 07777U);
        ls_err_hint(err, "chmod go-w %s", path);
        return rc;
    }
    return LS_OK;
}

enum ls_rc ls_open_checked(const char *path, unsigned flags, int *out_fd, off_t *size, struct ls_err *err)
{
    enum ls_rc rc;
    struct stat st;
    int fd;
    int oflags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags & LS_OPEN_NOFOLLOW ? O_NOFOLLOW : 0);

    do
        fd = open(path, oflags);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return open_failed(path, flags, err);
    if (fstat(fd, &st) != 0)
        rc = ls_err_sys(err, "cannot look at %s", path);
    else
        rc = check_trust(path, &st, flags, err);
    if (rc != LS_OK) {
        close(fd);
        return rc;
    }
    *out_fd = fd;
    if (size)
        *size = st.st_size;
    return LS_OK;
}

int ls_open_trusted(const char *path, unsigned flags, off_t *size, struct ls_err *err)
{
    int fd = -1;

    return ls_open_checked(path, flags, &fd, size, err) == LS_OK ? fd : -1;
}

static enum ls_rc too_large(const char *path, uintmax_t size, size_t max, struct ls_err *err)
{
    return ls_err_set(err, LS_E_INPUT, "%s is too large: %ju bytes, the limit is %zu", path, size, max);
}

enum ls_rc ls_file_read(const char *path, unsigned flags, size_t max_bytes, struct ls_buf *out, struct ls_err *err)
{
    size_t max = max_bytes ? max_bytes : LS_FILE_MAX_BYTES;
    size_t start = out->len;
    off_t size = 0;
    int fd = -1;
    enum ls_rc rc = ls_open_checked(path, flags, &fd, &size, err);

    if (rc != LS_OK)
        return rc;
    if ((uintmax_t)size > max) {
        rc = too_large(path, (uintmax_t)size, max, err);
        goto out;
    }
    ls_buf_reserve(out, (size_t)size + 1);
    for (bool is_end = false; !is_end;) { /* to the end, whatever fstat said: the file may grow, and files in /proc say 0 */
        ls_buf_reserve(out, 1);
        size_t room = out->cap - out->len - 1;
        ssize_t n = read(fd, out->ptr + out->len, room);

        if (n == 0)
            break;
        if (n < 0) {
            if (errno == EINTR)
                continue;
            rc = ls_err_sys(err, "cannot read %s", path);
            goto out;
        }
        out->len += (size_t)n;
        /* All that was promised, and not a byte more although there was room: asking again would be a call more for each file. */
        is_end = (size_t)n < room && size > 0 && out->len - start == (size_t)size;
        if (out->len - start > max) {
            rc = too_large(path, (uintmax_t)(out->len - start), max, err);
            goto out;
        }
    }
out:
    ls_buf_truncate(out, rc == LS_OK ? out->len : start);
    close(fd);
    return rc;
}

/* "." for a bare name, "/" for a file in the root. */
static char *folder_of(const char *path)
{
    const char *base = ls_path_base(path);

    if (base == path)
        return ls_strdup(".");
    size_t len = (size_t)(base - path);

    return ls_strndup(path, len > 1 ? len - 1 : 1);
}

static enum ls_rc sync_folder(const char *folder, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return ls_err_sys(err, "cannot open folder %s", folder);
    /* EINVAL: a file system that has no such thing for folders. */
    if (fsync(fd) != 0 && errno != EINVAL)
        rc = ls_err_sys(err, "cannot sync folder %s", folder);
    close(fd);
    return rc;
}

static enum ls_rc fill(int fd, const char *path, const char *bytes, size_t len, mode_t mode, struct ls_err *err)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, bytes + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ls_err_sys(err, "cannot write %s", path);
        done += (size_t)n;
    }
    if (fchmod(fd, mode) != 0)
        return ls_err_sys(err, "cannot set the mode of %s", path);
    if (fsync(fd) != 0)
        return ls_err_sys(err, "cannot sync %s", path);
    return LS_OK;
}

/* Gives tmp the name path unless that is taken. Where the file system has no hard links, an empty file claims the name first. */
static enum ls_rc claim(const char *tmp, const char *path, struct ls_err *err)
{
    if (link(tmp, path) == 0) {
        unlink(tmp);
        return LS_OK;
    }
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd >= 0) {
            close(fd);
            if (rename(tmp, path) == 0)
                return LS_OK;
            int cause = errno;

            unlink(path);
            errno = cause;
        }
    }
    if (errno == EEXIST)
        return ls_err_set(err, LS_E_REFUSED, "refusing to write %s: it exists", path);
    return ls_err_sys(err, "cannot create %s", path);
}

static enum ls_rc write_whole(const char *path, const void *bytes, size_t len, mode_t mode, bool replace, struct ls_err *err)
{
    enum ls_rc rc;
    char *folder = folder_of(path);
    char *tmp = ls_path_join(folder, ".lockstep.XXXXXX");
    bool have_tmp = false;
    int fd = mkostemp(tmp, O_CLOEXEC);

    if (fd < 0) {
        rc = ls_err_sys(err, "cannot write %s: cannot create a file in %s", path, folder);
        goto out;
    }
    have_tmp = true;
    rc = fill(fd, path, bytes, len, mode, err);
    if (close(fd) != 0 && rc == LS_OK)
        rc = ls_err_sys(err, "cannot write %s", path);
    if (rc != LS_OK)
        goto out;
    if (!replace)
        rc = claim(tmp, path, err);
    else if (rename(tmp, path) != 0)
        rc = ls_err_sys(err, "cannot replace %s", path);
    if (rc != LS_OK)
        goto out;
    have_tmp = false;
    rc = sync_folder(folder, err);
out:
    if (have_tmp)
        unlink(tmp);
    free(tmp);
    free(folder);
    return rc;
}

enum ls_rc ls_file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct ls_err *err)
{
    return write_whole(path, bytes, len, mode, true, err);
}

enum ls_rc ls_file_write_new(const char *path, const void *bytes, size_t len, mode_t mode, struct ls_err *err)
{
    return write_whole(path, bytes, len, mode, false, err);
}
