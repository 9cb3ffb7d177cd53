#include <config.h>

#include "engine/backup_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

enum { MAX_DEPTH = 8, CHUNK = 256 * 1024 };

void bk_paths_release(bk_paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->v[i]);
    LS_VEC_RELEASE(p);
}

static enum ls_rc walk(const char *folder, const char *below, int depth, bk_paths *out, struct ls_err *err)
{
    char *full = below[0] != '\0' ? ls_path_join(folder, below) : ls_strdup(folder);
    struct ls_dir dir = {0};
    enum ls_rc rc = ls_dir_read(full, &dir, err);

    for (size_t i = 0; rc == LS_OK && i < dir.e.n; i++) {
        const struct ls_dirent *e = &dir.e.v[i];
        char *rel = below[0] != '\0' ? ls_path_join(below, e->name) : ls_strdup(e->name);

        if (e->is_link || (e->is_dir && depth >= MAX_DEPTH))
            rc = ls_err_set(err, LS_E_INPUT, "%s/%s: a backup holds only files and folders of its own", folder, rel);
        else if (e->is_dir)
            rc = walk(folder, rel, depth + 1, out, err);
        else
            *LS_VEC_PUSH(out) = ls_strdup(rel);
        free(rel);
    }
    ls_dir_release(&dir);
    free(full);
    return rc;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum ls_rc bk_walk(const char *folder, bk_paths *out, struct ls_err *err)
{
    enum ls_rc rc = walk(folder, "", 0, out, err);

    if (out->n > 1)
        qsort(out->v, out->n, sizeof *out->v, by_bytes);
    return rc;
}

int64_t bk_folder_size(const char *folder)
{
    bk_paths files = {0};
    int64_t sum = 0;

    if (bk_walk(folder, &files, NULL) == LS_OK) {
        for (size_t i = 0; i < files.n; i++) {
            char *path = ls_path_join(folder, files.v[i]);
            struct stat st;

            if (lstat(path, &st) == 0)
                sum += (int64_t)st.st_size;
            free(path);
        }
    }
    bk_paths_release(&files);
    return sum;
}

enum ls_rc bk_sync_folder(const char *folder, struct ls_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum ls_rc rc = LS_OK;

    if (fd < 0 || fsync(fd) != 0)
        rc = ls_err_sys(err, "%s: sync", folder);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Size and hash of an open file, with progress and a way to stop: one file may be hundreds of gigabytes. */
static enum ls_rc hash_fd(struct bk_job *j, int fd, const char *path, int64_t before, int64_t total, struct bk_file *out,
                          struct ls_err *err)
{
    struct ls_sha256 *h = ls_sha256_new();
    char *chunk = ls_malloc(CHUNK), hex[LS_SHA256_HEX];
    int64_t size = 0, next_tick = ls_mono_ms() + 100;
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK) {
        ssize_t n = read(fd, chunk, CHUNK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = ls_err_sys(err, "%s: read", path);
        if (n <= 0)
            break;
        ls_sha256_add(h, chunk, (size_t)n);
        size += n;
        if (ls_mono_ms() >= next_tick) {
            bk_progress(j, before + size, total);
            rc = bk_check_cancelled(j, err);
            next_tick = ls_mono_ms() + 100;
        }
    }
    ls_sha256_end(h, hex);
    memcpy(out->sha256, hex, sizeof hex);
    out->size = size;
    free(chunk);
    return rc;
}

static enum ls_rc hash_file(struct bk_job *j, const char *folder, const char *rel, bool seal, int64_t before, int64_t total,
                            struct bk_file *out, struct ls_err *err)
{
    char *path = ls_path_join(folder, rel);
    off_t size;
    int fd = ls_open_trusted(path, LS_OPEN_NOFOLLOW, &size, err);
    enum ls_rc rc = LS_E_IO;

    if (fd < 0) {
        rc = err != NULL ? err->code : LS_E_IO;
        goto out;
    }
    if (seal && (fchmod(fd, 0600) != 0 || fsync(fd) != 0)) {
        rc = ls_err_sys(err, "%s: sync", path);
        goto out;
    }
    rc = hash_fd(j, fd, path, before, total, out, err);
out:
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

enum ls_rc bk_seal(struct bk_job *j, const char *folder, struct bk_manifest *m, struct ls_err *err)
{
    bk_paths files = {0};
    int64_t total = bk_folder_size(folder);
    char *dump = ls_path_join(folder, BK_PG_FOLDER);
    enum ls_rc rc;

    bk_phase_begin(j, "hash");
    rc = bk_walk(folder, &files, err);
    for (size_t i = 0; rc == LS_OK && i < files.n; i++) {
        struct bk_file *f = LS_VEC_PUSH(&m->files);

        f->path = ls_arena_str(m->arena, files.v[i]);
        rc = hash_file(j, folder, files.v[i], true, m->size, total, f, err);
        m->size += f->size;
    }
    if (rc == LS_OK && ls_path_kind(dump) == LS_PATH_DIR)
        rc = bk_sync_folder(dump, err);
    if (rc == LS_OK)
        rc = bk_sync_folder(folder, err);
    bk_manifest_hash(m, m->sha256);
    bk_phase_end(j);
    free(dump);
    bk_paths_release(&files);
    return rc;
}

static enum ls_rc compare_one(struct bk_job *j, const char *folder, const struct bk_file *want, int64_t before, int64_t total,
                              struct ls_err *err)
{
    struct bk_file got = {0};
    enum ls_rc rc = hash_file(j, folder, want->path, false, before, total, &got, err);

    if (rc != LS_OK)
        return rc;
    if (got.size != want->size)
        return ls_err_set(err, LS_E_DRIFT, "%s/%s: has %lld bytes, the manifest says %lld", folder, want->path, (long long)got.size,
                          (long long)want->size);
    if (strcmp(got.sha256, want->sha256) != 0)
        return ls_err_set(err, LS_E_DRIFT,
                          "%s/%s: its bytes are not the ones that were written (SHA-256 %.12s..., the manifest says %.12s...)",
                          folder, want->path, got.sha256, want->sha256);
    return LS_OK;
}

/* Both lists are sorted; the folder has the manifest itself besides. A stray database.sqlite-wal would be read into the copy when
 * it is opened. */
static enum ls_rc compare_names(const char *folder, const struct bk_manifest *m, struct ls_err *err)
{
    bk_paths there = {0};
    size_t k = 0;
    enum ls_rc rc = bk_walk(folder, &there, err);

    for (size_t i = 0; rc == LS_OK && i < there.n; i++) {
        int order = k < m->files.n ? strcmp(there.v[i], m->files.v[k].path) : -1;

        /* Or a manifest that was about to take its place when the machine went down. */
        if (strcmp(there.v[i], BK_MANIFEST) == 0 || strncmp(there.v[i], ".lockstep.", 10) == 0)
            continue;
        if (order < 0)
            rc = ls_err_set(err, LS_E_DRIFT, "%s/%s: is not in the manifest", folder, there.v[i]);
        else if (order > 0)
            rc = ls_err_set(err, LS_E_DRIFT, "%s/%s: is missing", folder, m->files.v[k].path);
        else
            k++;
    }
    if (rc == LS_OK && k < m->files.n)
        rc = ls_err_set(err, LS_E_DRIFT, "%s/%s: is missing", folder, m->files.v[k].path);
    bk_paths_release(&there);
    return rc;
}

enum ls_rc bk_compare(struct bk_job *j, const char *folder, const struct bk_manifest *m, struct ls_err *err)
{
    int64_t done = 0;
    enum ls_rc rc;

    bk_phase_begin(j, "hash");
    rc = compare_names(folder, m, err);
    for (size_t i = 0; rc == LS_OK && i < m->files.n; i++) {
        rc = compare_one(j, folder, &m->files.v[i], done, m->size, err);
        done += m->files.v[i].size;
    }
    bk_phase_end(j);
    return rc;
}

bool bk_sizes_match(const char *folder, const struct bk_manifest *m, struct ls_buf *why)
{
    for (size_t i = 0; i < m->files.n; i++) {
        const struct bk_file *f = &m->files.v[i];
        char *path = ls_path_join(folder, f->path);
        struct stat st;
        bool there = lstat(path, &st) == 0;

        free(path);
        if (!there || !S_ISREG(st.st_mode)) {
            ls_buf_addf(why, "%s is missing", f->path);
            return false;
        }
        if ((int64_t)st.st_size != f->size) {
            ls_buf_addf(why, "%s has %lld bytes, not %lld", f->path, (long long)st.st_size, (long long)f->size);
            return false;
        }
    }
    return true;
}
