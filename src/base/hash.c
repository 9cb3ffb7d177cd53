#include <config.h>

#include "lockstep/base/hash.h"

#include <errno.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/open.h"
#include "lockstep/base/mem.h"

#define READ_BYTES ((size_t)64 * 1024)

struct ls_sha256 {
    struct sha256_ctx h;
};

static void hex_of(const uint8_t *digest, size_t n, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * n] = '\0';
}

static void to_hex(const uint8_t digest[SHA256_DIGEST_SIZE], char hex[LS_SHA256_HEX])
{
    hex_of(digest, SHA256_DIGEST_SIZE, hex);
}

void ls_sha384_hex(const void *bytes, size_t len, char hex[LS_SHA384_HEX])
{
    uint8_t digest[SHA384_DIGEST_SIZE];
    struct sha384_ctx ctx;

    sha384_init(&ctx);
    if (len)
        sha384_update(&ctx, len, bytes);
    sha384_digest(&ctx, sizeof(digest), digest);
    hex_of(digest, sizeof(digest), hex);
}

void ls_sha1_hex(const void *bytes, size_t len, char hex[LS_SHA1_HEX])
{
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct sha1_ctx ctx;

    sha1_init(&ctx);
    if (len)
        sha1_update(&ctx, len, bytes);
    sha1_digest(&ctx, sizeof(digest), digest);
    hex_of(digest, sizeof(digest), hex);
}

struct ls_sha256 *ls_sha256_new(void)
{
    struct ls_sha256 *h = ls_calloc(1, sizeof(*h));

    sha256_init(&h->h);
    return h;
}

void ls_sha256_add(struct ls_sha256 *h, const void *bytes, size_t len)
{
    if (len)
        sha256_update(&h->h, len, bytes);
}

/* Eight bytes of length, low byte first (all ones for NULL), then the bytes. */
void ls_sha256_field(struct ls_sha256 *h, const char *s)
{
    uint64_t len = s ? (uint64_t)strlen(s) : UINT64_MAX;
    uint8_t head[8];

    for (size_t i = 0; i < sizeof(head); i++)
        head[i] = (uint8_t)(len >> (8 * i));
    ls_sha256_add(h, head, sizeof(head));
    if (s)
        ls_sha256_add(h, s, (size_t)len);
}

void ls_sha256_end(struct ls_sha256 *h, char hex[LS_SHA256_HEX])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_digest(&h->h, sizeof(digest), digest);
    free(h);
    to_hex(digest, hex);
}

void ls_sha256_raw(const void *bytes, size_t len, unsigned char out[32])
{
    struct sha256_ctx h;

    sha256_init(&h);
    if (len)
        sha256_update(&h, len, bytes);
    sha256_digest(&h, SHA256_DIGEST_SIZE, out);
}

void ls_sha256_hex(const void *bytes, size_t len, char hex[LS_SHA256_HEX])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    ls_sha256_raw(bytes, len, digest);
    to_hex(digest, hex);
}

enum ls_rc ls_sha256_file(const char *path, char hex[LS_SHA256_HEX], int64_t *size, struct ls_err *err)
{
    enum ls_rc rc;
    struct ls_sha256 *h = NULL;
    char *block = NULL;
    int64_t total = 0;
    int fd = -1;

    hex[0] = '\0';
    rc = ls_open_checked(path, 0, &fd, NULL, err);
    if (rc != LS_OK)
        return rc;
    h = ls_sha256_new();
    block = ls_malloc(READ_BYTES);
    for (;;) {
        ssize_t n = read(fd, block, READ_BYTES);

        if (n == 0)
            break;
        if (n < 0) {
            if (errno == EINTR)
                continue;
            rc = ls_err_sys(err, "cannot read %s", path);
            goto out;
        }
        ls_sha256_add(h, block, (size_t)n);
        total += n;
    }
    ls_sha256_end(h, hex);
    h = NULL;
    if (size)
        *size = total;
out:
    free(h);
    free(block);
    close(fd);
    return rc;
}

uint32_t ls_crc32(const void *bytes, size_t len)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, len);
}
