/* The file half of a settlement: every operation looks at hashes first, is one rename of the operating system where it can be, and is synced before
 * the next one. */
#include <config.h>

#include "engine/settle_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/fault.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

/* --- hashes ------------------------------------------------------------------------------------------------------------------------------------ */

static enum ls_rc hash_link(const char *path, char hex[LS_SHA256_HEX], struct ls_err *err)
{
    char target[4096];
    ssize_t n = readlink(path, target, sizeof(target));
    struct ls_sha256 *h;

    if (n < 0)
        return ls_err_sys(err, "cannot read the link %s", path);
    h = ls_sha256_new();
    ls_sha256_field(h, "link");
    ls_sha256_add(h, target, (size_t)n);
    ls_sha256_end(h, hex);
    return LS_OK;
}

static enum ls_rc hash_folder(const char *path, char hex[LS_SHA256_HEX], struct ls_err *err)
{
    struct ls_sha256 *h = ls_sha256_new();
    struct ls_dir dir = {0};
    char own[LS_SHA256_HEX];
    enum ls_rc rc = ls_dir_list(path, &dir, err);

    ls_sha256_field(h, "folder");
    for (size_t i = 0; rc == LS_OK && i < dir.e.n; i++) {
        char *sub = ls_path_join(path, dir.e.v[i].name);

        rc = ls_settle_hash(sub, own, err);
        ls_sha256_field(h, dir.e.v[i].name);
        ls_sha256_field(h, own);
        free(sub);
    }
    ls_sha256_end(h, hex);
    ls_dir_release(&dir);
    return rc;
}

enum ls_rc ls_settle_hash(const char *path, char hex[LS_SHA256_HEX], struct ls_err *err)
{
    struct stat st;

    hex[0] = '\0';
    if (lstat(path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR ? LS_OK : ls_err_sys(err, "cannot look at %s", path);
    if (S_ISLNK(st.st_mode))
        return hash_link(path, hex, err);
    if (S_ISDIR(st.st_mode))
        return hash_folder(path, hex, err);
    return ls_sha256_file(path, hex, NULL, err);
}

/* --- one operation ----------------------------------------------------------------------------------------------------------------------------- */

static enum ls_rc sync_folder_of(const char *path, struct ls_err *err)
{
    const char *base = ls_path_base(path);
    char *folder = base == path ? ls_strdup(".") : ls_strndup(path, (size_t)(base - path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum ls_rc rc = LS_OK;

    /* EINVAL: a file system that has no such thing for folders. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        rc = ls_err_sys(err, "cannot sync the folder %s", folder);
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

/* Never onto something that is there; where the file system cannot promise that, it was looked just before. */
static enum ls_rc move(const char *from, const char *to, struct ls_err *err)
{
    struct stat st;
    enum ls_rc rc;

    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0) {
        if (errno != EINVAL && errno != ENOSYS)
            return ls_err_sys(err, "cannot rename %s to %s", from, to);
        if (lstat(to, &st) == 0)
            return ls_err_set(err, LS_E_CHANGED, "cannot rename %s to %s: something of that name is there", from, to);
        if (rename(from, to) != 0)
            return ls_err_sys(err, "cannot rename %s to %s", from, to);
    }
    rc = sync_folder_of(from, err);
    return rc == LS_OK ? sync_folder_of(to, err) : rc;
}

static enum ls_rc expect(const char *path, const char *want, struct ls_err *err)
{
    char now[LS_SHA256_HEX];
    enum ls_rc rc = ls_settle_hash(path, now, err);

    if (rc != LS_OK || strcmp(now, want) == 0)
        return rc;
    ls_err_set(err, LS_E_CHANGED, now[0] == '\0' ? "%s is not there any more" : want[0] == '\0' ? "%s is there now" : "%s has changed", path);
    ls_err_hint(err, "look at the folder, and make the settlement again");
    return LS_E_CHANGED;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0644;
}

static enum ls_rc write_over(const char *path, const char *text, size_t len, bool is_new, struct ls_err *err)
{
    return is_new ? ls_file_write_new(path, text, len, 0644, err) : ls_file_write_atomic(path, text, len, mode_of(path), err);
}

static enum ls_rc drop(const char *path, struct ls_err *err)
{
    if (unlink(path) != 0)
        return ls_err_sys(err, "cannot remove %s", path);
    return sync_folder_of(path, err);
}

static enum ls_rc do_one(const struct ls_file_op *op, struct ls_err *err)
{
    enum ls_rc rc;

    if (op->kind == LS_FILE_MKDIR) {
        if (mkdir(op->to, 0755) != 0)
            return ls_err_sys(err, "cannot make the folder %s", op->to);
        return sync_folder_of(op->to, err);
    }
    rc = expect(op->from != NULL ? op->from : op->to, op->before, err);
    if (rc != LS_OK)
        return rc;
    if (op->kind == LS_FILE_RENAME)
        return move(op->from, op->to, err);
    if (op->kind == LS_FILE_REMOVE)
        return drop(op->from, err);
    return write_over(op->to, op->text, op->len, op->before[0] == '\0', err);
}

/* of a WRITE, for records that keep no text: its hash was put where the text would be. */
static void hash_after(const struct ls_file_op *op, char hex[LS_SHA256_HEX])
{
    if (op->text != NULL)
        ls_sha256_hex(op->text, op->len, hex);
    else
        memcpy(hex, op->after, LS_SHA256_HEX);
}

static enum ls_rc undo_one(const struct ls_file_op *op, struct ls_err *err)
{
    char after[LS_SHA256_HEX];
    enum ls_rc rc;

    if (op->kind == LS_FILE_MKDIR) {
        if (rmdir(op->to) != 0 && errno != ENOENT)
            return ls_err_sys(err, "cannot remove the folder %s", op->to);
        return sync_folder_of(op->to, err);
    }
    if (op->kind == LS_FILE_REMOVE)
        return write_over(op->from, op->old_text, op->old_len, true, err);
    if (op->kind == LS_FILE_RENAME) {
        rc = expect(op->to, op->before, err);
        return rc == LS_OK ? move(op->to, op->from, err) : rc;
    }
    hash_after(op, after);
    rc = expect(op->to, after, err);
    if (rc != LS_OK)
        return rc;
    return op->before[0] == '\0' ? drop(op->to, err) : write_over(op->to, op->old_text, op->old_len, false, err);
}

/* --- all of them ------------------------------------------------------------------------------------------------------------------------------- */

enum ls_rc ls_settle_do_files(const struct ls_file_op *ops, size_t n, size_t *done, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && *done < n) {
        rc = do_one(&ops[*done], err);
        if (rc == LS_OK)
            ++*done;
        LS_FAULT("settle-file");
    }
    return rc;
}

enum ls_rc ls_settle_undo_files(const struct ls_file_op *ops, size_t *done, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && *done > 0) {
        rc = undo_one(&ops[*done - 1], err);
        if (rc == LS_OK)
            --*done;
        LS_FAULT("settle-undo");
    }
    return rc;
}

enum stand { DONE, NOT_DONE, ODD };

/* MKDIR: a folder may have been made by hand as well; taking it back then only removes it when it is empty. */
static enum ls_rc look(const struct ls_file_op *op, enum stand *out, struct ls_err *err)
{
    char from[LS_SHA256_HEX] = "", to[LS_SHA256_HEX] = "", after[LS_SHA256_HEX];
    enum ls_rc rc = op->from != NULL ? ls_settle_hash(op->from, from, err) : LS_OK;

    if (rc == LS_OK && op->to != NULL && op->kind != LS_FILE_MKDIR)
        rc = ls_settle_hash(op->to, to, err);
    if (op->kind == LS_FILE_MKDIR) {
        *out = ls_path_kind(op->to) == LS_PATH_DIR ? DONE : NOT_DONE;
    } else if (op->kind == LS_FILE_RENAME) {
        *out = from[0] == '\0' && strcmp(to, op->before) == 0 ? DONE : strcmp(from, op->before) == 0 && to[0] == '\0' ? NOT_DONE : ODD;
    } else if (op->kind == LS_FILE_REMOVE) {
        *out = from[0] == '\0' ? DONE : strcmp(from, op->before) == 0 ? NOT_DONE : ODD;
    } else {
        hash_after(op, after);
        *out = strcmp(to, after) == 0 ? DONE : strcmp(to, op->before) == 0 ? NOT_DONE : ODD;
    }
    return rc;
}

/* Operations are done in order: the last one that is done says that all before it are, whatever later ones made of their files since. */
enum ls_rc ls_settle_count_done(const struct ls_file_op *ops, size_t n, size_t *done, struct ls_err *err)
{
    *done = 0;
    for (size_t i = n; i-- > 0;) {
        enum stand stand = ODD;
        enum ls_rc rc = look(&ops[i], &stand, err);

        if (rc != LS_OK)
            return rc;
        if (stand == DONE) {
            *done = i + 1;
            return LS_OK;
        }
        /* A rename chain: what this one would move is not there yet. */
        if (stand == ODD && !(ops[i].kind == LS_FILE_RENAME && !ls_path_exists(ops[i].to))) {
            const char *path = ops[i].to != NULL ? ops[i].to : ops[i].from;

            ls_err_set(err, LS_E_CHANGED, "%s is neither as it was nor as it was to be: it was changed since", path);
            ls_err_hint(err, "look at it, put it as it was or as it was to be, then go on; " LS_SETTLE_INTENT " lists every file");
            return LS_E_CHANGED;
        }
    }
    return LS_OK;
}
