#include <config.h>

#include "format/hash_ahead.h"

#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/parallel.h"
#include "lockstep/base/text.h"

static bool is_plain_sql(const struct ls_dirent *e)
{
    size_t n = strlen(e->name);

    return !e->is_dir && !e->is_link && n > 4 && strcmp(e->name + n - 4, ".sql") == 0;
}

#define AT_ONCE ((size_t)32) /* files that a thread takes at once */

static void *run(void *arg)
{
    struct ls_hash_ahead *h = arg;
    struct ls_buf text = LS_BUF_INIT, path = LS_BUF_INIT;
    size_t dir_len;

    ls_buf_addf(&path, "%s/", h->dir);
    dir_len = path.len;
    for (size_t i = 0, end = 0;; i++) {
        const struct ls_dirent *e;

        if (i == end) {
            i = atomic_fetch_add(&h->next, AT_ONCE);
            end = i + AT_ONCE;
        }
        if (i >= h->listing->e.n)
            break;
        e = &h->listing->e.v[i];
        if (!is_plain_sql(e))
            continue;
        ls_buf_clear(&text);
        ls_buf_truncate(&path, dir_len);
        ls_buf_adds(&path, e->name);
        if (ls_file_read(path.ptr, 0, 0, &text, NULL) == LS_OK && ls_utf8_valid(text.ptr != NULL ? text.ptr : "", text.len, NULL))
            ls_sha256_hex(text.ptr, text.len, h->hashes[i]);
    }
    ls_buf_release(&text);
    ls_buf_release(&path);
    return NULL;
}

void ls_hash_ahead_start(struct ls_hash_ahead *h, struct ls_arena *arena, const char *dir, const struct ls_dir *listing)
{
    *h = (struct ls_hash_ahead){.dir = dir, .listing = listing, .hashes = ls_arena_alloc(arena, (listing->e.n + 1) * sizeof(*h->hashes))};
    h->is_running = ls_thread_start(&h->thread, run, h);
}

void ls_hash_ahead_wait(struct ls_hash_ahead *h)
{
    (void)run(h); /* what the other has not taken yet */
    if (h->is_running)
        pthread_join(h->thread, NULL);
    h->is_running = false;
}
