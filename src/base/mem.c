#include <config.h>

#include "lockstep/base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*oom_fn)(void);
static _Atomic(oom_fn) oom_hook;

void ls_mem_set_oom_hook(void (*hook)(void))
{
    atomic_store(&oom_hook, hook);
}

/* write(2) and not stdio: stdio may want memory. */
LS_NORETURN static void out_of_memory(void)
{
    static const char line[] = "lockstep: out of memory\n";
    oom_fn hook = atomic_exchange(&oom_hook, (oom_fn)NULL);

    if (hook)
        hook();
    ssize_t n = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)n;
    abort();
}

void *ls_malloc(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

void *ls_calloc(size_t n, size_t size)
{
    void *p = n && size ? calloc(n, size) : calloc(1, 1); /* calloc checks the product */

    if (!p)
        out_of_memory();
    return p;
}

void *ls_realloc(void *ptr, size_t size)
{
    void *p = realloc(ptr, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

char *ls_strdup(const char *s)
{
    return s ? ls_strndup(s, strlen(s)) : NULL;
}

char *ls_strndup(const char *s, size_t len)
{
    if (len == SIZE_MAX)
        out_of_memory();
    char *p = ls_malloc(len + 1);

    if (len)
        memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

char *ls_asprintf(const char *fmt, ...)
{
    va_list ap;
    char *s = NULL;

    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n < 0)
        out_of_memory();
    return s;
}
