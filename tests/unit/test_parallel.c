#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "lockstep/base/parallel.h"

#define MOST 5000

struct seen {
    atomic_int times[MOST];
    atomic_int masked; /* calls in threads that take no signal */
    atomic_int calls;
    pthread_t caller;
    atomic_int by_caller;
};

static void mark(void *ctx, size_t from, size_t to)
{
    struct seen *s = ctx;
    sigset_t mask;

    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    atomic_fetch_add(&s->calls, 1);
    if (pthread_equal(pthread_self(), s->caller))
        atomic_fetch_add(&s->by_caller, 1);
    else
        atomic_fetch_add(&s->masked, sigismember(&mask, SIGTERM));
    for (size_t i = from; i < to; i++)
        atomic_fetch_add(&s->times[i], 1);
}

static void does_each_once(void **state)
{
    static const size_t sizes[] = {0, 1, 31, 32, 33, 512, 1000, MOST};
    static struct seen s;

    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        memset(&s, 0, sizeof(s));
        s.caller = pthread_self();
        ls_parallel(sizes[k], mark, &s);
        for (size_t i = 0; i < MOST; i++)
            assert_int_equal(atomic_load(&s.times[i]), i < sizes[k]);
        /* Signals go on to be the caller's. */
        assert_int_equal(atomic_load(&s.masked) + atomic_load(&s.by_caller), atomic_load(&s.calls));
    }
}

static void leaves_the_mask(void **state)
{
    static struct seen s;
    sigset_t before, after;

    (void)state;
    s.caller = pthread_self();
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    ls_parallel(MOST, mark, &s);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    assert_int_equal(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

static void little_work_stays_here(void **state)
{
    static struct seen s;

    (void)state;
    s.caller = pthread_self();
    ls_parallel(100, mark, &s);
    assert_int_equal(atomic_load(&s.by_caller), atomic_load(&s.calls));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_each_once),
        cmocka_unit_test(leaves_the_mask),
        cmocka_unit_test(little_work_stays_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
