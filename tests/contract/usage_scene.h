/* tests/contract/usage_scene.h: the database of a test of the usage reader, and what is done to it. */
#ifndef TESTS_CONTRACT_USAGE_SCENE_H
#define TESTS_CONTRACT_USAGE_SCENE_H

#include "contract/usage_pg.h"

#include <time.h>

#include "lockstep/base/clock.h"

static char *url;

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        (void)state;                                                                                                               \
        if (url == NULL)                                                                                                           \
            test_skip(test_pg_skip_reason());                                                                                      \
    } while (0)

static inline void must(const char *sql)
{
    if (!test_pg_exec(url, sql))
        fail_msg("%s", sql);
}

#define LONG_MS 60000
static inline void pause_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
}

/* Until the query gives t. */
static inline bool wait_until(const char *sql)
{
    for (int64_t end = ls_mono_ms() + LONG_MS; ls_mono_ms() < end; pause_a_little()) {
        char *answer = test_pg_get(url, sql);
        bool is_so = answer && answer[0] == 't';

        free(answer);
        if (is_so)
            return true;
    }
    return false;
}

/* Counters are written when a session ends. */
static inline void settle(void)
{
    assert_true(test_pg_settle(url));
}

static inline int64_t ask(const char *sql)
{
    char *answer = test_pg_get(url, sql);
    int64_t n = answer ? strtoll(answer, NULL, 10) : -1;

    free(answer);
    return n;
}

/* The TCP role's URL with this test's database; NULL without one. */
static inline char *url_of_nobody(void)
{
    const char *tcp = test_pg_tcp_url(), *slash = tcp ? strrchr(tcp, '/') : NULL;
    char *name = slash ? test_pg_get(url, "select current_database()") : NULL;
    struct ls_buf out = LS_BUF_INIT;

    if (name == NULL)
        return NULL;
    ls_buf_add(&out, tcp, (size_t)(slash - tcp + 1));
    ls_buf_adds(&out, name);
    free(name);
    return ls_buf_detach(&out);
}

static inline int make_it(void **state)
{
    (void)state;
    url = usage_database();
    return 0;
}

static inline int drop_it(void **state)
{
    (void)state;
    test_pg_drop_database(url);
    return 0;
}

#endif
