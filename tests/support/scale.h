/* tests/support/scale.h: how much of a long test is done. LS_TEST_SCALE is a percentage (100 when it is not set): the check under the
 * sanitizers does less of what only repeats. */
#ifndef TESTS_SUPPORT_SCALE_H
#define TESTS_SUPPORT_SCALE_H

#include <stdlib.h>

static inline unsigned long test_percent(void)
{
    const char *s = getenv("LS_TEST_SCALE");
    unsigned long percent = s ? strtoul(s, NULL, 10) : 0;
    return percent == 0 || percent > 1000 ? 100 : percent;
}

/* So many of n repeats; at least one. */
static inline size_t test_scaled(size_t n)
{
    size_t scaled = n * test_percent() / 100;
    return scaled > 0 ? scaled : 1;
}

/* For a walk over every point there is: how far to the next one. */
static inline int test_stride(void)
{
    return test_percent() < 100 ? (int)(100 / test_percent()) : 1;
}

#endif
