/* lockstep/base/base.h: attributes and small macros that every file may use. */
#ifndef LOCKSTEP_BASE_BASE_H
#define LOCKSTEP_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LS_MUST_CHECK __attribute__((warn_unused_result))
#define LS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LS_NORETURN __attribute__((noreturn))
#else
#define LS_MUST_CHECK
#define LS_PRINTF(fmt, args)
#define LS_NORETURN
#endif

#define LS_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A borrowed run of bytes; never NUL-terminated by promise. */
struct ls_str {
    const char *ptr;
    size_t len;
};

#include "lockstep/base/banned.h"

#endif
