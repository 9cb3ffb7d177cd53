/* lockstep/base/banned.h: C functions that this project does not call; using one is a compile error.
 *
 * Included last by base.h. The headers that declare them come first: a poisoned name may stand in what was read before,
 * and their include guards keep a later #include of them harmless. Instead: struct ls_buf, ls_strdup(), snprintf() on fixed
 * scratch. */
#ifndef LOCKSTEP_BASE_BANNED_H
#define LOCKSTEP_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#if defined(__GNUC__)
/* Some are macros where the C library checks buffer sizes (_FORTIFY_SOURCE with clang). */
#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef strncpy
#undef strtok
#undef gets
#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strtok gets
#endif

#endif
