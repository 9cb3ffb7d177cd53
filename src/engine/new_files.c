/* A new migration's files: a half pair would be a finding of the next verify, so it is all of them or none. */
#include <config.h>

#include "lockstep/engine/new_files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/base.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

static bool is_list(const char *path)
{
    static const char *const migrations[] = {".sql", ".py", ".rb"};
    size_t len = strlen(path);

    for (size_t i = 0; i < LS_ARRAY_LEN(migrations); i++)
        if (len > strlen(migrations[i]) && strcmp(path + len - strlen(migrations[i]), migrations[i]) == 0)
            return false;
    return ls_path_exists(path);
}

static enum ls_rc write_one(struct ls_new_files *nf, const char *path, const char *text, struct ls_err *err)
{
    char *folder = ls_strndup(path, (size_t)(ls_path_base(path) - path));
    struct ls_buf old = LS_BUF_INIT;
    bool replaces = is_list(path);
    enum ls_rc rc = folder[0] != '\0' ? ls_mkdir_p(folder, 0755, err) : LS_OK;

    if (rc == LS_OK && replaces)
        rc = ls_file_read(path, 0, 0, &old, err);
    if (rc == LS_OK)
        rc = replaces ? ls_file_write_atomic(path, text, strlen(text), 0644, err) : ls_file_write_new(path, text, strlen(text), 0644, err);
    if (rc == LS_OK)
        *LS_VEC_PUSH(&nf->f) = (struct ls_new_file){ls_arena_str(nf->arena, path), replaces ? ls_arena_strn(nf->arena, old.ptr, old.len) : NULL, old.len};
    ls_buf_release(&old);
    free(folder);
    return rc;
}

enum ls_rc ls_new_files_write(struct ls_new_files *nf, int n, const char *const *paths, const char *const *texts, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    if (nf->arena == NULL)
        nf->arena = ls_arena_new();
    for (int i = 0; rc == LS_OK && i < n; i++)
        rc = write_one(nf, paths[i], texts[i], err);
    if (rc != LS_OK)
        ls_new_files_take_back(nf);
    return rc;
}

/* A folder that was made for a file stays when it is not empty. */
void ls_new_files_take_back(struct ls_new_files *nf)
{
    struct ls_err why = LS_ERR_INIT;

    while (nf->f.n > 0) {
        const struct ls_new_file *f = &nf->f.v[--nf->f.n];

        if (f->old == NULL)
            (void)unlink(f->path);
        else if (ls_file_write_atomic(f->path, f->old, f->old_len, 0644, &why) != LS_OK)
            ls_err_release(&why);
    }
}

void ls_new_files_release(struct ls_new_files *nf)
{
    LS_VEC_RELEASE(&nf->f);
    ls_arena_free(nf->arena);
    *nf = (struct ls_new_files){0};
}
