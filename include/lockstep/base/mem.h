/* lockstep/base/mem.h: allocation that never returns NULL.
 *
 * Running out of memory ends the program: the hook (set by the console to give the terminal back) runs first,
 * then one line goes to stderr and abort() is called. Release with free(). */
#ifndef LOCKSTEP_BASE_MEM_H
#define LOCKSTEP_BASE_MEM_H

#include "lockstep/base/base.h"

void *ls_malloc(size_t size);
void *ls_calloc(size_t n, size_t size);
void *ls_realloc(void *ptr, size_t size);
char *ls_strdup(const char *s);                /* NULL gives NULL */
char *ls_strndup(const char *s, size_t len);   /* copies exactly len bytes and adds a NUL */
char *ls_asprintf(const char *fmt, ...) LS_PRINTF(1, 2);

/* Called once, from the out-of-memory path only; must be async-signal-safe in spirit: no allocation. */
void ls_mem_set_oom_hook(void (*hook)(void));

#endif
