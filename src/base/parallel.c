#include <config.h>

#include "lockstep/base/parallel.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "lockstep/base/base.h"

#define RANGE       32  /* things a thread takes at once */
#define PER_THREAD  256 /* below so many for each, a thread more costs more than it saves */
#define MAX_THREADS 4   /* besides the caller's; files in the page cache do not get faster with more */

bool ls_thread_start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    sigset_t all, old;

    sigfillset(&all);
    for (size_t i = 0; i < LS_ARRAY_LEN(faults); i++)
        sigdelset(&all, faults[i]);
    /* The thread inherits the mask. */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(thread, NULL, fn, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc == 0;
}

struct work {
    void (*fn)(void *ctx, size_t from, size_t to);
    void *ctx;
    size_t n;
    atomic_size_t next;
};

static void *run(void *arg)
{
    struct work *w = arg;
    size_t from;

    while ((from = atomic_fetch_add(&w->next, RANGE)) < w->n)
        w->fn(w->ctx, from, w->n - from < RANGE ? w->n : from + RANGE);
    return NULL;
}

/* Those that this process may use; and the kernel is asked, where sysconf reads a file. */
static long n_cpus(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return CPU_COUNT(&set);
#endif
    return sysconf(_SC_NPROCESSORS_ONLN);
}

static size_t threads_for(size_t n)
{
    long cpus = n_cpus();
    size_t most = cpus > 1 ? (size_t)cpus - 1 : 0, wanted = n / PER_THREAD;

    if (most > MAX_THREADS)
        most = MAX_THREADS;
    return wanted > most + 1 ? most : wanted > 0 ? wanted - 1 : 0;
}

void ls_parallel(size_t n, void (*fn)(void *ctx, size_t from, size_t to), void *ctx)
{
    struct work w = {.fn = fn, .ctx = ctx, .n = n};
    pthread_t threads[MAX_THREADS];
    size_t n_threads = threads_for(n), started = 0;

    atomic_init(&w.next, 0);
    while (started < n_threads && ls_thread_start(&threads[started], run, &w))
        started++;
    run(&w);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}
