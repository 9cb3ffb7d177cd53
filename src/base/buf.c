#include <config.h>

#include "lockstep/base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

#define FIRST_CAP 64

char ls_buf_empty[1]; /* never written to: several threads point at it */

void ls_buf_init(struct ls_buf *b)
{
    *b = (struct ls_buf)LS_BUF_INIT;
}

void ls_buf_release(struct ls_buf *b)
{
    if (b->cap)
        free(b->ptr);
    ls_buf_init(b);
}

void ls_buf_clear(struct ls_buf *b)
{
    ls_buf_truncate(b, 0);
}

/* Afterwards cap > len + more, so that the NUL fits too. */
void ls_buf_reserve(struct ls_buf *b, size_t more)
{
    if (b->cap && more < b->cap - b->len)
        return;

    size_t need = more < SIZE_MAX - b->len ? b->len + more + 1 : SIZE_MAX; /* SIZE_MAX: no allocator has it */
    size_t cap = b->cap < SIZE_MAX / 2 ? b->cap * 2 : SIZE_MAX;

    if (cap < FIRST_CAP)
        cap = FIRST_CAP;
    if (cap < need)
        cap = need;
    b->ptr = ls_realloc(b->cap ? b->ptr : NULL, cap);
    b->cap = cap;
    b->ptr[b->len] = '\0';
}

void ls_buf_add(struct ls_buf *b, const void *bytes, size_t len)
{
    if (!len)
        return;
    ls_buf_reserve(b, len);
    memcpy(b->ptr + b->len, bytes, len);
    b->len += len;
    b->ptr[b->len] = '\0';
}

void ls_buf_adds(struct ls_buf *b, const char *s)
{
    ls_buf_add(b, s, strlen(s));
}

void ls_buf_addc(struct ls_buf *b, char c)
{
    ls_buf_reserve(b, 1);
    b->ptr[b->len++] = c;
    b->ptr[b->len] = '\0';
}

void ls_buf_addf(struct ls_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(b, fmt, ap);
    va_end(ap);
}

void ls_buf_vaddf(struct ls_buf *b, const char *fmt, va_list ap)
{
    va_list again;

    ls_buf_reserve(b, FIRST_CAP);
    va_copy(again, ap);
    int n = vsnprintf(b->ptr + b->len, b->cap - b->len, fmt, ap);
    assert(n >= 0); /* only a broken format gets here */
    if (n > 0 && (size_t)n >= b->cap - b->len) {
        ls_buf_reserve(b, (size_t)n);
        n = vsnprintf(b->ptr + b->len, b->cap - b->len, fmt, again);
    }
    va_end(again);
    if (n > 0)
        b->len += (size_t)n;
    b->ptr[b->len] = '\0';
}

void ls_buf_repeat(struct ls_buf *b, char c, size_t n)
{
    if (!n)
        return;
    ls_buf_reserve(b, n);
    memset(b->ptr + b->len, c, n);
    b->len += n;
    b->ptr[b->len] = '\0';
}

void ls_buf_truncate(struct ls_buf *b, size_t len)
{
    assert(len <= b->len);
    b->len = len;
    if (b->cap)
        b->ptr[len] = '\0';
}

void ls_buf_cap(struct ls_buf *b, size_t max)
{
    size_t all = b->len, keep = max;

    if (all <= max)
        return;
    while (keep > 0 && ((unsigned char)b->ptr[keep] & 0xC0) == 0x80)
        keep--;
    ls_buf_truncate(b, keep);
    ls_buf_addf(b, "... (%zu bytes more)", all - keep);
}

char *ls_buf_detach(struct ls_buf *b)
{
    char *s = b->cap ? b->ptr : ls_strndup("", 0);

    ls_buf_init(b);
    return s;
}
