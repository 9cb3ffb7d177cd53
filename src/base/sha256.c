/* SHA-256 (FIPS 180-4). A plan's digest and a folder's checksums are hashes of many short texts: with the processor's own instructions, which all of
 * x86-64 since 2017 has, they cost a tenth of libmd's portable code. */
#include <config.h>

#include "base/sha256.h"

#include <sha2.h>
#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAS_SHA_EXTENSIONS 1
#include <cpuid.h>
#include <immintrin.h>
#endif

static void portable_blocks(uint32_t state[8], const uint8_t *p, size_t n)
{
    for (; n > 0; n--, p += SHA256_BLOCK)
        SHA256Transform(state, p);
}

#ifdef HAS_SHA_EXTENSIONS
/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
    0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
    0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
    0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The state's words stand as the instructions want them: a, b, e, f in one register and c, d, g, h in the other, the first in its highest place. */
__attribute__((target("sha,sse4.1,ssse3"))) static void fast_blocks(uint32_t state[8], const uint8_t *p, size_t n)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

    for (; n > 0; n--, p += SHA256_BLOCK) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];

        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), big_endian);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) { /* four rounds each */
            __m128i *now = &w[i & 3], last = w[(i + 3) & 3];
            __m128i k = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)(const void *)(constants + 4 * i)));

            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
            if (i < 12) { /* the message's words of four times later */
                __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) & 3]), _mm_alignr_epi8(last, w[(i + 2) & 3], 4));

                *now = _mm_sha256msg2_epu32(sum, last);
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }

    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static int ask_processor(void)
{
    unsigned a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
        return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

static int is_fast(void)
{
    static atomic_int answer = -1; /* -1: not asked yet; threads that ask at once get the same one */
    int known = atomic_load_explicit(&answer, memory_order_relaxed);

    if (known < 0) {
        known = ask_processor();
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known;
}
#endif

static void add_blocks(uint32_t state[8], const uint8_t *p, size_t n)
{
#ifdef HAS_SHA_EXTENSIONS
    if (is_fast()) {
        fast_blocks(state, p, n);
        return;
    }
#endif
    portable_blocks(state, p, n);
}

void sha256_init(struct sha256 *h)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(h->state, start, sizeof(start));
    h->len = 0;
}

void sha256_add(struct sha256 *h, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    size_t held = (size_t)(h->len % SHA256_BLOCK), room = SHA256_BLOCK - held;

    if (len == 0)
        return;
    h->len += len;
    if (held > 0 && len >= room) {
        memcpy(h->block + held, p, room);
        add_blocks(h->state, h->block, 1);
        p += room;
        len -= room;
        held = 0;
    }
    if (held == 0 && len >= SHA256_BLOCK) {
        add_blocks(h->state, p, len / SHA256_BLOCK);
        p += len - len % SHA256_BLOCK;
        len %= SHA256_BLOCK;
    }
    if (len > 0)
        memcpy(h->block + held, p, len);
}

/* A one bit, zeros, and the length in bits, high byte first, as the block's last eight bytes. */
void sha256_end(struct sha256 *h, uint8_t digest[SHA256_DIGEST])
{
    size_t held = (size_t)(h->len % SHA256_BLOCK);
    uint64_t bits = h->len * 8;

    h->block[held++] = 0x80;
    memset(h->block + held, 0, SHA256_BLOCK - held);
    if (held > SHA256_BLOCK - 8) {
        add_blocks(h->state, h->block, 1);
        memset(h->block, 0, SHA256_BLOCK);
    }
    for (int i = 0; i < 8; i++)
        h->block[SHA256_BLOCK - 1 - i] = (uint8_t)(bits >> (8 * i));
    add_blocks(h->state, h->block, 1);
    for (int i = 0; i < SHA256_DIGEST; i++)
        digest[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}
