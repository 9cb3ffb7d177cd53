/* lockstep/base/find.h: the place of something in a sorted array. */
#ifndef LOCKSTEP_BASE_FIND_H
#define LOCKSTEP_BASE_FIND_H

#include <stddef.h>

/* Sets at (a size_t) to the first of n places for which is_before, an expression in it, is false; to n where there is none. The
 * places for which it is true come first.
 *
 *     LS_FIND_FIRST(at, xs.n, xs.v[at].key < key);
 *     return at < xs.n && xs.v[at].key == key ? &xs.v[at] : NULL; */
#define LS_FIND_FIRST(at, n, is_before)                                                                      \
    do {                                                                                                     \
        size_t find_lo_ = 0, find_hi_ = (n);                                                                 \
                                                                                                             \
        while ((at) = find_lo_ + (find_hi_ - find_lo_) / 2, find_lo_ < find_hi_) {                           \
            if (is_before)                                                                                   \
                find_lo_ = (at) + 1;                                                                         \
            else                                                                                             \
                find_hi_ = (at);                                                                             \
        }                                                                                                    \
    } while (0)

#endif
