#include <config.h>

#include "lockstep/base/vec.h"

#include <string.h>

#include "lockstep/base/mem.h"

#define FIRST_CAP 8

void *ls_vec_grow(void *v, size_t *n, size_t *cap, size_t size)
{
    if (*n == *cap) {
        size_t want = *cap ? *cap * 2 : FIRST_CAP;

        /* Too large for any allocator: let it say so. */
        v = ls_realloc(v, want > SIZE_MAX / size || want < *cap ? SIZE_MAX : want * size);
        *cap = want;
    }
    memset((char *)v + *n * size, 0, size);
    (*n)++;
    return v;
}
