/* db/postgres/aside.c: a call of libpq that may block for as long as somebody else likes (a name lookup, a cancel request), made on a thread of its own.
 * The connection's thread waits for it in ticks, and may give up waiting: then the call ends by itself, and what it holds is freed by whoever is last. */
#include <config.h>

#include "db/postgres/pg_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "lockstep/base/mem.h"

struct pg_aside {
    pg_aside_fn run, drop;
    void *arg;
    int done_read, done_write; /* a pipe, whose writing end is closed when the call has ended */
    atomic_int n_users;
};

static void leave(struct pg_aside *a)
{
    if (atomic_fetch_sub(&a->n_users, 1) > 1)
        return;
    (void)close(a->done_read);
    a->drop(a->arg);
    free(a);
}

static void *run_aside(void *arg)
{
    struct pg_aside *a = arg;

    a->run(a->arg);
    (void)close(a->done_write);
    leave(a);
    return NULL;
}

static bool begin_thread(struct pg_aside *a)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    bool is_begun;

    if (pthread_attr_init(&attr) != 0)
        return false;
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    is_begun = pthread_create(&thread, &attr, run_aside, a) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    return is_begun;
}

struct pg_aside *pg_aside_begin(pg_aside_fn run, pg_aside_fn drop, void *arg)
{
    struct pg_aside *a = ls_calloc(1, sizeof(*a));
    int fds[2];

    *a = (struct pg_aside){.run = run, .drop = drop, .arg = arg};
    atomic_init(&a->n_users, 2);
    if (pipe2(fds, O_CLOEXEC) != 0) {
        free(a);
        return NULL;
    }
    a->done_read = fds[0];
    a->done_write = fds[1];
    if (begin_thread(a))
        return a;
    (void)close(fds[0]);
    (void)close(fds[1]);
    free(a);
    return NULL;
}

bool pg_aside_wait(struct pg_aside *a, int ms)
{
    struct pollfd p = {.fd = a->done_read, .events = POLLIN};

    return poll(&p, 1, ms) > 0;
}

void pg_aside_end(struct pg_aside *a)
{
    if (a != NULL)
        leave(a);
}
