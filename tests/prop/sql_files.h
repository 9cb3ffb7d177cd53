/* tests/prop/sql_files.h: real .sql files, from the folder given by LS_TEST_CORPUS or beside the source tree. */
#ifndef PROP_SQL_FILES_H
#define PROP_SQL_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/vec.h"

struct sql_files {
    char **v;
    size_t n, cap;
};

static inline void sql_files_walk(struct sql_files *files, const char *dir, const char *suffix)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        struct stat st;
        size_t len = strlen(e->d_name), n = strlen(suffix);
        if (e->d_name[0] == '.')
            continue;
        char *path = ls_asprintf("%s/%s", dir, e->d_name);
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            sql_files_walk(files, path, suffix);
        } else if (len >= n && strcmp(e->d_name + len - n, suffix) == 0) {
            *LS_VEC_PUSH(files) = path;
            path = NULL;
        }
        free(path);
    }
    if (d)
        closedir(d);
}

static inline int sql_files_compare(const void *a, const void *b)
{
    char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* All files below corpus/SUB whose name ends in suffix, in order of their names; none where the folder is not there. */
static inline void sql_files_find(struct sql_files *files, const char *sub, const char *suffix)
{
    const char *given = getenv("LS_TEST_CORPUS"), *top = getenv("LS_SRCDIR");
    char *dir = given ? ls_asprintf("%s/%s", given, sub) : ls_asprintf("%s/../shared/corpus/%s", top ? top : ".", sub);
    *files = (struct sql_files){0};
    sql_files_walk(files, dir, suffix);
    if (files->n > 1)
        qsort(files->v, files->n, sizeof *files->v, sql_files_compare);
    free(dir);
}

static inline void sql_files_free(struct sql_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->v[i]);
    LS_VEC_RELEASE(files);
}

static inline bool sql_file_read(struct ls_buf *out, const char *path)
{
    FILE *f = fopen(path, "rb");
    char chunk[8192];
    size_t n;
    ls_buf_clear(out);
    if (!f)
        return false;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        ls_buf_add(out, chunk, n);
    fclose(f);
    return true;
}

#endif
