/* tests/support/rand.h: numbers for tests that generate their cases. The seed is printed; LS_TEST_SEED=N repeats a run. */
#ifndef SUPPORT_RAND_H
#define SUPPORT_RAND_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct rnd {
    uint64_t state;
};

static inline struct rnd rnd_seeded(const char *what)
{
    const char *given = getenv("LS_TEST_SEED");
    uint64_t seed = given ? (uint64_t)strtoull(given, NULL, 10) : ((uint64_t)time(NULL) << 16 ^ (uint64_t)getpid());

    printf("# %s: LS_TEST_SEED=%llu\n", what, (unsigned long long)seed);
    fflush(stdout);
    return (struct rnd){.state = seed};
}

/* splitmix64 */
static inline uint64_t rnd_next(struct rnd *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15U;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

/* 0 … n - 1 */
static inline size_t rnd_below(struct rnd *r, size_t n)
{
    return (size_t)(rnd_next(r) % n);
}

#endif
