#include <config.h>

#include "format/child_uri.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"

const char *ls_child_sqlite_uri(struct ls_arena *arena, const char *scheme, const char *file, struct ls_err *err)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    const char *base = ls_path_base(file), *path, *uri;
    char folder[PATH_MAX];
    struct ls_buf out = LS_BUF_INIT;

    if (realpath(base == file ? "." : ls_arena_strn(arena, file, (size_t)(base - file)), folder) == NULL) {
        (void)ls_err_sys(err, "the folder of %s", file);
        return NULL;
    }
    path = ls_arena_printf(arena, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, base);
    ls_buf_adds(&out, scheme);
    for (; *path != '\0'; path++) {
        if (strchr(plain, *path) != NULL)
            ls_buf_addc(&out, *path);
        else
            ls_buf_addf(&out, "%%%02X", (unsigned)(unsigned char)*path);
    }
    uri = ls_arena_strn(arena, out.ptr, out.len);
    ls_buf_release(&out);
    return uri;
}
