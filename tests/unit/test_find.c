/* The first place that is not before what is looked for: against looking at one after the other. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/base/find.h"

static size_t slow(const int *v, size_t n, int key)
{
    size_t i = 0;

    while (i < n && v[i] < key)
        i++;
    return i;
}

static void as_one_after_the_other_finds_it(void **state)
{
    static const int v[] = {1, 3, 3, 3, 4, 7, 7, 9, 12, 12, 15, 20, 20};

    (void)state;
    for (size_t n = 0; n <= sizeof(v) / sizeof(v[0]); n++)
        for (int key = 0; key <= 21; key++) {
            size_t at;

            LS_FIND_FIRST(at, n, v[at] < key);
            assert_int_equal(at, slow(v, n, key));
        }
}

/* Nowhere else is looked, and not more often than halving takes. */
static void looks_seldom_and_within(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 1000; n++)
        for (size_t first = 0; first <= n; first += 1 + n / 13) {
            size_t at, looks = 0, most = 0;

            for (size_t left = n; left > 0; left /= 2)
                most++;
            LS_FIND_FIRST(at, n, (looks++, assert_true(at < n), at < first));
            assert_int_equal(at, first);
            assert_true(looks <= most);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_one_after_the_other_finds_it), cmocka_unit_test(looks_seldom_and_within)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
