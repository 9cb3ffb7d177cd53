/* base/sha256.h: SHA-256 in steps, for hash.c. Where the processor has instructions for it they are used, else libmd's code. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK  64
#define SHA256_DIGEST 32

struct sha256 {
    uint32_t state[8];
    uint64_t len;               /* bytes so far */
    uint8_t block[SHA256_BLOCK]; /* the last len % 64 of them */
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *bytes, size_t len);
void sha256_end(struct sha256 *h, uint8_t digest[SHA256_DIGEST]);

#endif
