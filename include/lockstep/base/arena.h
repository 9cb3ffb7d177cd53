/* lockstep/base/arena.h: everything that lives and dies together: a timeline, a result, a plan.
 * Built by one thread, then frozen (read-only by convention), handed over whole, freed whole. */
#ifndef LOCKSTEP_BASE_ARENA_H
#define LOCKSTEP_BASE_ARENA_H

#include "lockstep/base/base.h"
#include <stdarg.h>

struct ls_arena;

struct ls_arena *ls_arena_new(void);
void ls_arena_free(struct ls_arena *a); /* NULL is fine */
void *ls_arena_alloc(struct ls_arena *a, size_t size);  /* aligned for any type, zeroed */
void *ls_arena_dup(struct ls_arena *a, const void *bytes, size_t len); /* adds a NUL behind */
char *ls_arena_str(struct ls_arena *a, const char *s);  /* NULL gives NULL */
char *ls_arena_strn(struct ls_arena *a, const char *s, size_t len);
char *ls_arena_printf(struct ls_arena *a, const char *fmt, ...) LS_PRINTF(2, 3);
char *ls_arena_vprintf(struct ls_arena *a, const char *fmt, va_list ap) LS_PRINTF(2, 0);
char *ls_arena_path(struct ls_arena *a, const char *dir, const char *name); /* "DIR/NAME"; for thousands of files, a format string is what they wait for */
size_t ls_arena_bytes(const struct ls_arena *a);        /* bytes taken from the system */

#define LS_ARENA_NEW(a, type) ((type *)ls_arena_alloc((a), sizeof(type)))
#define LS_ARENA_ARRAY(a, type, n) ((type *)ls_arena_alloc((a), sizeof(type) * (n)))

#endif
