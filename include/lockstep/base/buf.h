/* lockstep/base/buf.h: growable bytes, always NUL-terminated behind len; the only way strings are built. */
#ifndef LOCKSTEP_BASE_BUF_H
#define LOCKSTEP_BASE_BUF_H

#include "lockstep/base/base.h"
#include <stdarg.h>

struct ls_buf {
    char *ptr;  /* never NULL: points at a shared empty string before the first byte */
    size_t len;
    size_t cap; /* 0 while ptr is the shared empty string */
};

extern char ls_buf_empty[1];
#define LS_BUF_INIT {.ptr = ls_buf_empty}

void ls_buf_init(struct ls_buf *b);
void ls_buf_release(struct ls_buf *b);
void ls_buf_clear(struct ls_buf *b); /* len = 0, keeps the memory */
void ls_buf_reserve(struct ls_buf *b, size_t more);
void ls_buf_add(struct ls_buf *b, const void *bytes, size_t len);
void ls_buf_adds(struct ls_buf *b, const char *s);
void ls_buf_addc(struct ls_buf *b, char c);
void ls_buf_addf(struct ls_buf *b, const char *fmt, ...) LS_PRINTF(2, 3);
void ls_buf_vaddf(struct ls_buf *b, const char *fmt, va_list ap) LS_PRINTF(2, 0);
void ls_buf_repeat(struct ls_buf *b, char c, size_t n);
void ls_buf_truncate(struct ls_buf *b, size_t len); /* len <= b->len */
/* Cuts what is longer than max bytes at the end of a character, and says how much was left out. */
void ls_buf_cap(struct ls_buf *b, size_t max);
char *ls_buf_detach(struct ls_buf *b);              /* caller frees; b is empty again */

#endif
