/* tests/bench/bench_session.h: one program in a pseudo-terminal, started, typed at and looked at as the console benchmark needs it. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "bench_util.h"

#define BENCH_ROWS    40
#define BENCH_COLS    120
#define BENCH_SAMPLES 4096

struct samples {
    double v[BENCH_SAMPLES];
    size_t n;
};

struct program {
    const char *name, *dir;
    const char *const *argv;
    const char *first;  /* what the stream holds once the first frame is there */
    const char *useful; /* and the useful one; NULL: the first is */
    const char *total;  /* "/10000": what follows the cursor's row in the status line; NULL: it has none, or no key that repaints it */
    struct samples start, ready;
    struct samples line, page;         /* ms until a key's effect is painted whole */
    struct samples run_line, run_page; /* the same while a run is going on */
    struct samples bytes;              /* to the terminal, for a line key */
    struct samples flood_line, flood_page; /* keys per second */
    double idle_cpu_ms;
    long idle_wakeups, rss_kib;
    bool is_wrong; /* a flood did not end on the row where the keys lead */
};

/* Starts it, notes the times, and kills it. */
void bench_one_start(struct program *p);
/* Keys, floods, memory, idleness. */
void bench_one_session(struct program *p);
/* Applies the next migration, which takes long, and types meanwhile. */
void bench_one_run(struct program *p);
/* The same keys for a program that has no such thing. */
void bench_one_busy(struct program *p);

#endif
