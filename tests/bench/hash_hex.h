/* tests/bench/hash_hex.h: SHA-256 as text, for programs that measure and link nothing of lockstep's. */
#ifndef TESTS_BENCH_HASH_HEX_H
#define TESTS_BENCH_HASH_HEX_H

#include <nettle/sha2.h>
#include <stdio.h>

#define HASH_HEX_SIZE (2 * SHA256_DIGEST_SIZE + 1)

static inline void hash_hex(const char *text, size_t len, char *hex)
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&ctx);
    sha256_update(&ctx, len, (const uint8_t *)text);
    sha256_digest(&ctx, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

#endif
