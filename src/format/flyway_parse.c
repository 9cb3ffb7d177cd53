/* Flyway's checksums, versions and lock key. Facts: formats.md 3, 4.6, 10. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "format/flyway.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/hash.h"

/* BufferedReader's lines: "\n", "\r" and "\r\n" end one. */
int32_t ls_flyway_checksum(const char *text, size_t len)
{
    struct ls_buf lines = LS_BUF_INIT;
    uint32_t sum;
    int32_t out;

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\n' && text[i] != '\r')
            ls_buf_addc(&lines, text[i]);
    sum = ls_crc32(lines.ptr != NULL ? lines.ptr : "", lines.len);
    memcpy(&out, &sum, sizeof(out));
    ls_buf_release(&lines);
    return out;
}

/* Over UTF-16 units. */
static uint32_t hash_code(const char *s)
{
    uint32_t h = 0;

    for (const unsigned char *p = (const unsigned char *)s; *p != '\0';) {
        uint32_t c = *p++;
        int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

        c = more == 3 ? c & 7 : more == 2 ? c & 15 : more == 1 ? c & 31 : c;
        for (; more > 0 && *p != '\0'; more--)
            c = c << 6 | (*p++ & 63u);
        if (c >= 0x10000) {
            h = 31 * h + (0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        h = 31 * h + c;
    }
    return h;
}

int64_t ls_flyway_lock_key(const char *schema, const char *table)
{
    struct ls_buf name = LS_BUF_INIT;
    uint32_t h;
    int32_t code;

    ls_buf_addf(&name, "\"%s\".\"%s\"", schema, table);
    h = hash_code(name.ptr);
    memcpy(&code, &h, sizeof(code));
    ls_buf_release(&name);
    return INT64_C(77431708279161) + code;
}

const char *ls_flyway_version(struct ls_arena *arena, const char *text, size_t len)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out = NULL;
    size_t keep = 0;

    for (size_t i = 0; i <= len;) {
        size_t from = i;

        while (i < len && text[i] >= '0' && text[i] <= '9')
            i++;
        if (i == from || (i < len && text[i] != '.' && text[i] != '_'))
            goto out;
        while (from + 1 < i && text[from] == '0')
            from++;
        if (b.len > 0)
            ls_buf_addc(&b, '.');
        ls_buf_addf(&b, "%.*s", (int)(i - from), text + from);
        if (keep == 0 || text[from] != '0')
            keep = b.len;
        i++;
    }
    out = ls_arena_strn(arena, b.ptr, keep);
out:
    ls_buf_release(&b);
    return out;
}

int ls_flyway_compare(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        size_t m = strcspn(a, "."), n = strcspn(b, ".");
        int c;

        if (m == 0 || n == 0) /* one has no more parts: those of the other are not all zero */
            return m == 0 ? -1 : 1;
        c = m != n ? (m < n ? -1 : 1) : memcmp(a, b, m);
        if (c != 0)
            return c;
        a += m + (a[m] == '.');
        b += n + (b[n] == '.');
    }
    return 0;
}
