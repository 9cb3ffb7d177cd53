/* lockstep/base/parallel.h: threads; the same small work on many things, on several processors, for as long as one call lasts. */
#ifndef LOCKSTEP_BASE_PARALLEL_H
#define LOCKSTEP_BASE_PARALLEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Starts a thread that takes no signals, which are for the threads that were there before; its own faults excepted, so that a crash handler gives the
 * terminal back. False when there is none to be had. */
bool ls_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* Calls fn for ranges [from, to) that together are [0, n) and do not overlap, from the caller's thread and a few others, and returns when all are done.
 * fn must write only to what belongs to its range. Too little work is done by the caller alone. */
void ls_parallel(size_t n, void (*fn)(void *ctx, size_t from, size_t to), void *ctx);

#endif
