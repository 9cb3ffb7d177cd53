#include <config.h>

#include "lockstep/base/vec.h"

#include <string.h>

#include "lockstep/base/mem.h"

#define FIRST_CAP 8

/* Too large for any allocator: let it say so. */
static void *resize(void *v, size_t want, size_t size)
{
    return ls_realloc(v, want > SIZE_MAX / size ? SIZE_MAX : want * size);
}

void *ls_vec_reserve(void *v, size_t *cap, size_t want, size_t size)
{
    if (want > *cap) {
        v = resize(v, want, size);
        *cap = want;
    }
    return v;
}

void *ls_vec_grow(void *v, size_t *n, size_t *cap, size_t size)
{
    if (*n == *cap) {
        size_t want = !*cap ? FIRST_CAP : *cap > SIZE_MAX / 2 ? SIZE_MAX : *cap * 2;

        v = resize(v, want, size);
        *cap = want;
    }
    memset((char *)v + *n * size, 0, size);
    (*n)++;
    return v;
}
