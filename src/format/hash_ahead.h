/* format/hash_ahead.h: the hashes of a folder's *.sql files, made by another thread while somebody reads a journal. */
#ifndef LOCKSTEP_SRC_FORMAT_HASH_AHEAD_H
#define LOCKSTEP_SRC_FORMAT_HASH_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "lockstep/base/arena.h"
#include "lockstep/base/file.h"
#include "lockstep/base/hash.h"

struct ls_hash_ahead {
    const char *dir;
    const struct ls_dir *listing;  /* both must stay until the end */
    char (*hashes)[LS_SHA256_HEX]; /* of each entry, in the arena; "": it was not read, or is no UTF-8, and is to be read by whoever can say so */
    atomic_size_t next;            /* of the listing: whoever is free takes it */
    pthread_t thread;
    bool is_running;
};
void ls_hash_ahead_start(struct ls_hash_ahead *h, struct ls_arena *arena, const char *dir, const struct ls_dir *listing);
void ls_hash_ahead_wait(struct ls_hash_ahead *h); /* helps; the hashes are there when it returns */

#endif
