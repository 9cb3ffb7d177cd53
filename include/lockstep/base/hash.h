/* lockstep/base/hash.h: SHA-1/256/384 by nettle, which uses the processor's own instructions where it has them, CRC-32 by zlib. Hex is lower case. */
#ifndef LOCKSTEP_BASE_HASH_H
#define LOCKSTEP_BASE_HASH_H

#include "lockstep/base/base.h"
#include "lockstep/base/err.h"

#define LS_SHA256_HEX 65 /* 64 digits and the NUL */
#define LS_SHA384_HEX 97
#define LS_SHA1_HEX 41

struct ls_sha256; /* streaming */
struct ls_sha256 *ls_sha256_new(void);
void ls_sha256_add(struct ls_sha256 *h, const void *bytes, size_t len);
void ls_sha256_field(struct ls_sha256 *h, const char *s); /* length-prefixed, so that "a","bc" differs from "ab","c"; NULL differs from "" */
void ls_sha256_end(struct ls_sha256 *h, char hex[LS_SHA256_HEX]); /* frees h */

void ls_sha256_hex(const void *bytes, size_t len, char hex[LS_SHA256_HEX]);
LS_MUST_CHECK enum ls_rc ls_sha256_file(const char *path, char hex[LS_SHA256_HEX], int64_t *size, struct ls_err *err);
void ls_sha256_raw(const void *bytes, size_t len, unsigned char out[32]);
void ls_sha384_hex(const void *bytes, size_t len, char hex[LS_SHA384_HEX]);
void ls_sha1_hex(const void *bytes, size_t len, char hex[LS_SHA1_HEX]); /* only where a tool names its things by it */
uint32_t ls_crc32(const void *bytes, size_t len); /* IEEE, as zlib */

#endif
