/* tests/support/scale.h: how much of a long test is done. LS_TEST_SCALE is a percentage (100 when it is not set): the check under the
 * sanitizers does less of what only repeats. */
#ifndef TESTS_SUPPORT_SCALE_H
#define TESTS_SUPPORT_SCALE_H

#include <stdlib.h>

/* So many of n repeats; at least one. */
static inline size_t test_scaled(size_t n)
{
    const char *s = getenv("LS_TEST_SCALE");
    unsigned long percent = s ? strtoul(s, NULL, 10) : 0;
    if (percent == 0 || percent > 1000) {
        percent = 100;
    }
    return n * percent / 100 > 0 ? n * percent / 100 : 1;
}

#endif
