#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/mem.h"

/* FIPS 180-4 example values. */
#define EMPTY     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void known_values(void **state)
{
    char hex[LS_SHA256_HEX];
    unsigned char raw[32];

    (void)state;
    ls_sha256_hex("", 0, hex);
    assert_string_equal(hex, EMPTY);
    ls_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, EMPTY);
    ls_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, ABC);
    ls_sha256_raw("abc", 3, raw);
    assert_memory_equal(raw, "\xba\x78\x16\xbf", 4);
    assert_int_equal(raw[31], 0xad);
    assert_int_equal(ls_crc32("123456789", 9), 0xCBF43926);
    assert_int_equal(ls_crc32("", 0), 0);
}

static void streaming_is_the_same(void **state)
{
    char hex[LS_SHA256_HEX];
    char block[977];
    struct ls_sha256 *h = ls_sha256_new();

    (void)state;
    memset(block, 'a', sizeof(block));
    for (size_t left = 1000000; left > 0;) {
        size_t n = left < sizeof(block) ? left : sizeof(block);

        ls_sha256_add(h, block, n);
        left -= n;
    }
    ls_sha256_add(h, NULL, 0);
    ls_sha256_end(h, hex);
    assert_string_equal(hex, MILLION_A);
}

/* Every place where a text may end in a block, in one piece and in three. */
static void every_length(void **state)
{
    char text[300], whole[LS_SHA256_HEX], pieces[LS_SHA256_HEX];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 167 + 13);
    for (size_t len = 0; len <= sizeof(text); len++) {
        struct ls_sha256 *h = ls_sha256_new();

        ls_sha256_hex(text, len, whole);
        ls_sha256_add(h, text, len / 3);
        ls_sha256_add(h, text + len / 3, len / 2 - len / 3);
        ls_sha256_add(h, text + len / 2, len - len / 2);
        ls_sha256_end(h, pieces);
        assert_string_equal(pieces, whole);
    }
}

static void fields(const char *const *f, size_t n, char hex[LS_SHA256_HEX])
{
    struct ls_sha256 *h = ls_sha256_new();

    for (size_t i = 0; i < n; i++)
        ls_sha256_field(h, f[i]);
    ls_sha256_end(h, hex);
}

static void fields_do_not_run_together(void **state)
{
    static const char *const sets[][3] = {
        {"a", "bc", "x"},   {"ab", "c", "x"},   {"abc", "", "x"},  {"", "abc", "x"},
        {"abc", NULL, "x"}, {NULL, "abc", "x"}, {NULL, NULL, "x"},
    };
    char hex[LS_ARRAY_LEN(sets)][LS_SHA256_HEX];
    char again[LS_SHA256_HEX];

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(sets); i++) {
        fields(sets[i], 3, hex[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(hex[i], hex[k]);
    }
    fields(sets[0], 3, again);
    assert_string_equal(again, hex[0]);
    /* The very bytes: eight of length, low byte first. The journal's chain rests on this. */
    ls_sha256_hex("\1\0\0\0\0\0\0\0a\2\0\0\0\0\0\0\0bc\1\0\0\0\0\0\0\0x", 28, again);
    assert_string_equal(again, hex[0]);
    ls_sha256_hex("\xff\xff\xff\xff\xff\xff\xff\xff\3\0\0\0\0\0\0\0abc\1\0\0\0\0\0\0\0x", 28, again);
    assert_string_equal(again, hex[5]);
}

static void of_a_file(void **state)
{
    char path[] = "/tmp/ls-hash.XXXXXX";
    char hex[LS_SHA256_HEX];
    struct ls_err err = LS_ERR_INIT;
    int64_t size = -1;
    int fd = mkstemp(path);
    char *block = ls_malloc(1000000);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(ls_sha256_file(path, hex, &size, &err), LS_OK);
    assert_string_equal(hex, EMPTY);
    assert_int_equal(size, 0);
    memset(block, 'a', 1000000);
    assert_int_equal(ls_file_write_atomic(path, block, 1000000, 0600, &err), LS_OK);
    assert_int_equal(ls_sha256_file(path, hex, &size, NULL), LS_OK);
    assert_string_equal(hex, MILLION_A);
    assert_int_equal(size, 1000000);
    assert_int_equal(ls_sha256_file(path, hex, NULL, NULL), LS_OK);
    unlink(path);
    assert_int_equal(ls_sha256_file(path, hex, &size, &err), LS_E_NOT_FOUND);
    assert_string_equal(hex, "");
    assert_non_null(strstr(err.message, path));
    ls_err_release(&err);
    assert_int_equal(ls_sha256_file("/dev/null", hex, NULL, NULL), LS_E_INPUT);
    assert_int_equal(ls_sha256_file("/proc/self/mem", hex, NULL, NULL), LS_E_IO); /* reading address 0 fails */
    assert_string_equal(hex, "");
    free(block);
}

/* FIPS 180-1, appendix A; and the empty text. */
static void sha1(void **state)
{
    char hex[LS_SHA1_HEX];

    (void)state;
    ls_sha1_hex("abc", 3, hex);
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    ls_sha1_hex("", 0, hex);
    assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1),
        cmocka_unit_test(known_values),
        cmocka_unit_test(streaming_is_the_same),
        cmocka_unit_test(every_length),
        cmocka_unit_test(fields_do_not_run_together),
        cmocka_unit_test(of_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
