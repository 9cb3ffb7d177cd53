#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/arena.h"
#include "support/rand.h"

static void is_zeroed_and_aligned(void **state)
{
    struct ls_arena *a = ls_arena_new();

    (void)state;
    for (size_t size = 1; size < 3000; size += 7) {
        ls_arena_str(a, "odd"); /* puts the next one off any boundary */
        unsigned char *p = ls_arena_alloc(a, size);

        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xFF, size);
    }
    ls_arena_free(a);
    ls_arena_free(NULL);
}

static void objects_do_not_overlap(void **state)
{
    struct rnd r = rnd_seeded("arena");
    struct ls_arena *a = ls_arena_new();
    struct {
        unsigned char *p;
        size_t n;
    } got[2000];

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(got); i++) {
        got[i].n = rnd_below(&r, rnd_below(&r, 50) == 0 ? 200000 : 200);
        got[i].p = ls_arena_alloc(a, got[i].n);
        memset(got[i].p, (int)(i % 251), got[i].n);
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(got); i++)
        for (size_t k = 0; k < got[i].n; k++)
            assert_int_equal(got[i].p[k], i % 251);
    ls_arena_free(a);
}

static void strings(void **state)
{
    struct ls_arena *a = ls_arena_new();
    char long_text[1000];

    (void)state;
    memset(long_text, 'q', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    char *s = ls_arena_str(a, "abc");

    assert_string_equal(s, "abc");
    assert_null(ls_arena_str(a, NULL));
    assert_string_equal(ls_arena_strn(a, "abcdef", 4), "abcd");
    assert_string_equal(ls_arena_strn(a, "", 0), "");
    assert_memory_equal(ls_arena_strn(a, "a\0b", 3), "a\0b\0", 4);
    assert_memory_equal(ls_arena_dup(a, "\x01\x02", 2), "\x01\x02\0", 3);
    assert_string_equal(ls_arena_dup(a, NULL, 0), "");
    assert_string_equal(ls_arena_printf(a, "%s=%d", "n", 5), "n=5");
    char *big = ls_arena_printf(a, "<%s>", long_text);

    assert_int_equal(strlen(big), 1001);
    assert_memory_equal(big + 1, long_text, 999);
    for (int len = 250; len < 260; len++) { /* around the size of the scratch inside */
        big = ls_arena_printf(a, "%*d", len, 7);
        assert_int_equal(strlen(big), len);
        assert_int_equal(big[len - 1], '7');
    }
    assert_string_equal(s, "abc");
    ls_arena_free(a);
}

static void large_objects_do_not_waste_the_chunk(void **state)
{
    struct ls_arena *a = ls_arena_new();

    (void)state;
    assert_non_null(ls_arena_alloc(a, 100000)); /* the very first */
    assert_true(ls_arena_bytes(a) < 101000);
    ls_arena_free(a);
    a = ls_arena_new();
    ls_arena_alloc(a, 16);
    size_t before = ls_arena_bytes(a);

    assert_true(before > 2000 && before < 8 * 1024); /* what a small one costs; room for the 1000 below */
    ls_arena_alloc(a, 1000000);
    size_t with_large = ls_arena_bytes(a);

    assert_true(with_large >= before + 1000000);
    assert_true(with_large < before + 1001000);
    ls_arena_alloc(a, 1000); /* still from the first chunk */
    assert_int_equal(ls_arena_bytes(a), with_large);
    ls_arena_free(a);
}

static void many_small_ones_cost_little(void **state)
{
    struct ls_arena *a = ls_arena_new();
    size_t used = 0;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        ls_arena_alloc(a, 32);
        used += 32;
    }
#ifndef LS_SANITIZED /* there each object has a gap behind it */
    assert_true(ls_arena_bytes(a) < used + used / 2 + 64 * 1024);
#endif
    assert_true(ls_arena_bytes(a) > used);
    ls_arena_free(a);
}

static void typed_macros(void **state)
{
    struct ls_arena *a = ls_arena_new();
    struct ls_str *s = LS_ARENA_NEW(a, struct ls_str);
    long *v = LS_ARENA_ARRAY(a, long, 100);

    (void)state;
    assert_null(s->ptr);
    v[99] = 5;
    assert_int_equal(v[0], 0);
    ls_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_zeroed_and_aligned),
        cmocka_unit_test(objects_do_not_overlap),
        cmocka_unit_test(strings),
        cmocka_unit_test(large_objects_do_not_waste_the_chunk),
        cmocka_unit_test(many_small_ones_cost_little),
        cmocka_unit_test(typed_macros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
