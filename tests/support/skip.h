/*
 * Skipping a cmocka test with its reason. cmocka 1.1.5 prints only the test's name; tests/run reads the reason from the
 * comment line before it.
 */
#ifndef TESTS_SUPPORT_SKIP_H
#define TESTS_SUPPORT_SKIP_H

#include <stdio.h>

#define test_skip(reason)                                                                                                                  \
    do {                                                                                                                                   \
        printf("# skip: %s\n", (reason));                                                                                                  \
        skip();                                                                                                                            \
    } while (0)

#endif
