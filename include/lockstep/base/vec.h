/* lockstep/base/vec.h: typed growable arrays. `LS_VEC(struct x) xs = {0};` then
 * `struct x *slot = LS_VEC_PUSH(&xs);` (zeroed), `xs.v[i]`, `xs.n`, `LS_VEC_RELEASE(&xs)`. */
#ifndef LOCKSTEP_BASE_VEC_H
#define LOCKSTEP_BASE_VEC_H

#include "lockstep/base/base.h"
#include <stdlib.h>

#define LS_VEC(type) \
    struct {         \
        type *v;     \
        size_t n, cap; \
    }

/* Makes room for one more element of `size` bytes, zeroes it, counts it, and returns the (possibly moved) array. */
void *ls_vec_grow(void *v, size_t *n, size_t *cap, size_t size);
/* Makes room for `want` elements in all, for whoever knows how many will come. */
void *ls_vec_reserve(void *v, size_t *cap, size_t want, size_t size);

#define LS_VEC_RESERVE(vec, want) ((vec)->v = ls_vec_reserve((vec)->v, &(vec)->cap, (want), sizeof(*(vec)->v)))
#define LS_VEC_PUSH(vec) \
    ((vec)->v = ls_vec_grow((vec)->v, &(vec)->n, &(vec)->cap, sizeof(*(vec)->v)), &(vec)->v[(vec)->n - 1])
#define LS_VEC_RELEASE(vec) (free((vec)->v), (vec)->v = NULL, (vec)->n = (vec)->cap = 0)

#endif
