/* lockstep/base/file.h: files and folders. The one door (open_trusted) through which files are opened. */
#ifndef LOCKSTEP_BASE_FILE_H
#define LOCKSTEP_BASE_FILE_H

#include "lockstep/base/base.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/base/vec.h"
#include <sys/types.h>

#define LS_FILE_MAX_BYTES ((size_t)256 * 1024 * 1024) /* a migration larger than this is refused, with its size in the message */

enum ls_open_flags {
    LS_OPEN_NOFOLLOW = 1,  /* refuse a symbolic link as the last component */
    LS_OPEN_PRIVATE = 2,   /* refuse a file that group or others have any access to (for files that may hold passwords) */
    LS_OPEN_OWNED = 4      /* refuse a file that someone other than us and root owns, or that others can write; the group may when
                            * it is the user's own, of the same number (umask 002 makes such files) */
};

/* Opens a regular file for reading (O_CLOEXEC|O_NONBLOCK, then fstat: no fifo, device, folder). -1 and err otherwise:
 * LS_E_NOT_FOUND no such file, LS_E_INPUT not a regular file or too large, LS_E_REFUSED one of the flags, LS_E_IO the rest. */
LS_MUST_CHECK int ls_open_trusted(const char *path, unsigned flags, off_t *size, struct ls_err *err);
/* Appends the whole file to out. max_bytes 0 = LS_FILE_MAX_BYTES. */
LS_MUST_CHECK enum ls_rc ls_file_read(const char *path, unsigned flags, size_t max_bytes, struct ls_buf *out, struct ls_err *err);
/* mkstemp beside it, write, mode (as given, whatever the umask), fsync, rename, fsync folder. Either the old or the new file is
 * there whole when anything fails. A symbolic link at path is replaced, not followed. */
LS_MUST_CHECK enum ls_rc ls_file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct ls_err *err);
/* As above but never replaces: LS_E_REFUSED when path exists. */
LS_MUST_CHECK enum ls_rc ls_file_write_new(const char *path, const void *bytes, size_t len, mode_t mode, struct ls_err *err);

struct ls_dirent {
    char *name;
    bool is_dir;
    bool is_link;     /* a symbolic link; is_dir and size are of what it points at, when that exists */
    off_t size;       /* from ls_dir_read only */
};
struct ls_dir {
    LS_VEC(struct ls_dirent) e; /* sorted by name bytes; without "." and ".." */
};
/* dir must be empty ({0}). LS_E_NOT_FOUND when path is no folder. */
LS_MUST_CHECK enum ls_rc ls_dir_read(const char *path, struct ls_dir *dir, struct ls_err *err);
/* The same without looking at each entry: no sizes, no times. */
LS_MUST_CHECK enum ls_rc ls_dir_list(const char *path, struct ls_dir *dir, struct ls_err *err);
void ls_dir_release(struct ls_dir *dir);

LS_MUST_CHECK enum ls_rc ls_mkdir_p(const char *path, mode_t mode, struct ls_err *err);
LS_MUST_CHECK enum ls_rc ls_remove_tree(const char *path, struct ls_err *err); /* does not follow links; fine when there is nothing */
char *ls_path_join(const char *a, const char *b); /* b absolute wins; caller frees */
const char *ls_path_base(const char *path); /* behind the last '/', in path */
bool ls_path_exists(const char *path);
enum ls_path_kind { LS_PATH_NONE, LS_PATH_FILE, LS_PATH_DIR, LS_PATH_OTHER };
enum ls_path_kind ls_path_kind(const char *path);

#endif
