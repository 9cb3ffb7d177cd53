#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/vec.h"

static void empty_is_a_string(void **state)
{
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    assert_string_equal(b.ptr, "");
    assert_int_equal(b.len, 0);
    ls_buf_add(&b, NULL, 0);
    ls_buf_adds(&b, "");
    ls_buf_repeat(&b, 'x', 0);
    ls_buf_clear(&b);
    assert_int_equal(b.cap, 0); /* nothing was needed, nothing was taken */
    ls_buf_release(&b);
    ls_buf_release(&b);
}

static void adds_and_terminates(void **state)
{
    struct ls_buf b;

    (void)state;
    ls_buf_init(&b);
    ls_buf_adds(&b, "abc");
    ls_buf_addc(&b, 'd');
    ls_buf_add(&b, "e\0f", 3);
    ls_buf_repeat(&b, '-', 2);
    assert_int_equal(b.len, 9);
    assert_memory_equal(b.ptr, "abcde\0f--", 10);
    ls_buf_truncate(&b, 4);
    assert_string_equal(b.ptr, "abcd");
    ls_buf_clear(&b);
    assert_string_equal(b.ptr, "");
    assert_true(b.cap > 0);
    ls_buf_release(&b);
    assert_string_equal(b.ptr, "");
}

static void grows_at_every_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < 400; n++) {
        struct ls_buf b = LS_BUF_INIT;

        ls_buf_repeat(&b, 'a', n);
        ls_buf_addf(&b, "%d", 12345);
        assert_int_equal(b.len, n + 5);
        assert_string_equal(b.ptr + n, "12345");
        assert_int_equal(b.ptr[b.len], 0);
        assert_true(b.cap > b.len);
        ls_buf_release(&b);
    }
}

static void formats_long_text(void **state)
{
    struct ls_buf b = LS_BUF_INIT;
    char *want = ls_malloc(5001);

    (void)state;
    memset(want, 'x', 5000);
    want[5000] = '\0';
    ls_buf_addf(&b, "<%s>", want);
    assert_int_equal(b.len, 5002);
    assert_int_equal(b.ptr[0], '<');
    assert_memory_equal(b.ptr + 1, want, 5000);
    assert_string_equal(b.ptr + 5001, ">");
    free(want);
    ls_buf_release(&b);
}

static void detach_gives_the_bytes(void **state)
{
    struct ls_buf b = LS_BUF_INIT;
    char *s = ls_buf_detach(&b);

    (void)state;
    assert_string_equal(s, ""); /* also when nothing was added: the caller frees it all the same */
    free(s);
    ls_buf_adds(&b, "mine");
    s = ls_buf_detach(&b);
    assert_string_equal(s, "mine");
    assert_string_equal(b.ptr, "");
    ls_buf_adds(&b, "next");
    assert_string_equal(s, "mine");
    free(s);
    ls_buf_release(&b);
}

static void reserve_keeps_the_bytes(void **state)
{
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    ls_buf_reserve(&b, 0);
    assert_string_equal(b.ptr, "");
    ls_buf_adds(&b, "keep");
    ls_buf_reserve(&b, 100000);
    assert_true(b.cap > 100004);
    const char *at = b.ptr;

    ls_buf_repeat(&b, 'y', 100000);
    assert_ptr_equal(at, b.ptr);
    assert_memory_equal(b.ptr, "keepy", 5);
    ls_buf_release(&b);
}

struct pair {
    int a;
    const char *b;
};

static void vec_grows_zeroed(void **state)
{
    LS_VEC(struct pair) xs = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct pair *p = LS_VEC_PUSH(&xs);

        assert_int_equal(p->a, 0);
        assert_null(p->b);
        p->a = i;
        p->b = "set";
    }
    assert_int_equal(xs.n, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(xs.v[i].a, i);
    LS_VEC_RELEASE(&xs);
    assert_null(xs.v);
    assert_int_equal(xs.n + xs.cap, 0);
}

static void mem_helpers(void **state)
{
    char *s = ls_strndup("a\0b", 3);

    (void)state;
    assert_memory_equal(s, "a\0b\0", 4);
    free(s);
    assert_null(ls_strdup(NULL));
    s = ls_strdup("x");
    assert_string_equal(s, "x");
    s = ls_realloc(s, 0); /* never NULL */
    assert_non_null(s);
    free(s);
    s = ls_malloc(0);
    assert_non_null(s);
    free(s);
    s = ls_calloc(0, 8);
    assert_non_null(s);
    free(s);
    int *v = ls_calloc(3, sizeof(*v));

    assert_int_equal(v[0] | v[1] | v[2], 0);
    free(v);
    s = ls_asprintf("%s-%d", "n", 7);
    assert_string_equal(s, "n-7");
    free(s);
}

static void cap_cuts_at_a_character(void **state)
{
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    ls_buf_adds(&b, "ab\xc3\xa4wxyz");
    ls_buf_cap(&b, 8);
    assert_string_equal(b.ptr, "ab\xc3\xa4wxyz");
    ls_buf_cap(&b, 3);
    assert_string_equal(b.ptr, "ab... (6 bytes more)");
    ls_buf_clear(&b);
    ls_buf_adds(&b, "\x80\x80\x80");
    ls_buf_cap(&b, 2);
    assert_string_equal(b.ptr, "... (3 bytes more)");
    ls_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_a_string),
        cmocka_unit_test(adds_and_terminates),
        cmocka_unit_test(grows_at_every_length),
        cmocka_unit_test(formats_long_text),
        cmocka_unit_test(detach_gives_the_bytes),
        cmocka_unit_test(reserve_keeps_the_bytes),
        cmocka_unit_test(cap_cuts_at_a_character),
        cmocka_unit_test(vec_grows_zeroed),
        cmocka_unit_test(mem_helpers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
