#include <config.h>

#include "lockstep/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif

/* Under AddressSanitizer every object has a poisoned gap behind it, so that running over its end is found. */
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define GAP       ((size_t)16)
#define STR_ALIGN _Alignof(max_align_t)
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define GAP                               ((size_t)0)
#define STR_ALIGN                         ((size_t)1) /* strings are packed: a catalogue is mostly names */
#endif

#define CHUNK_MIN ((size_t)4 * 1024) /* a result of one row has an arena too */
#define CHUNK_MAX ((size_t)4 * 1024 * 1024)

/* A chunk is zeroed as it is handed out: what is never handed out is never touched, and costs no page. */
struct chunk {
    struct chunk *next;
    size_t used, size; /* of data */
    max_align_t data[];
};

struct ls_arena {
    struct chunk *head; /* the chunk small objects are cut from */
    size_t next_size;
    size_t bytes;
};

struct ls_arena *ls_arena_new(void)
{
    struct ls_arena *a = ls_calloc(1, sizeof(*a));

    a->next_size = CHUNK_MIN;
    return a;
}

void ls_arena_free(struct ls_arena *a)
{
    if (!a)
        return;
    while (a->head) {
        struct chunk *c = a->head;

        a->head = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
        free(c);
    }
    free(a);
}

static struct chunk *chunk_new(struct ls_arena *a, size_t size, bool is_zeroed)
{
    if (size > SIZE_MAX - sizeof(struct chunk))
        size = SIZE_MAX - sizeof(struct chunk); /* no allocator has it: ends in the out-of-memory path */
    struct chunk *c = is_zeroed ? ls_calloc(1, sizeof(*c) + size) : ls_malloc(sizeof(*c) + size);

    *c = (struct chunk){.size = size};
    a->bytes += sizeof(*c) + size;
    ASAN_POISON_MEMORY_REGION(c->data, size);
    return c;
}

/* First fit in the head chunk; an object larger than a quarter of the next chunk gets its own, behind the head. */
static void *take(struct ls_arena *a, size_t size, size_t align, bool zeroed)
{
    size_t want = size < SIZE_MAX - GAP ? size + GAP : SIZE_MAX;
    bool is_zeroed = false;
    struct chunk *c = a->head;
    size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;

    if (!c || at > c->size || want > c->size - at) {
        at = 0;
        if (want > a->next_size / 4) {
            c = chunk_new(a, want, zeroed); /* pages fresh from the system are zeroed already, which calloc knows */
            is_zeroed = zeroed;
            if (a->head) {
                c->next = a->head->next;
                a->head->next = c;
            } else {
                a->head = c;
            }
        } else {
            c = chunk_new(a, a->next_size, false);
            if (a->next_size < CHUNK_MAX)
                a->next_size *= 2;
            c->next = a->head;
            a->head = c;
        }
    }
    char *p = (char *)c->data + at;

    c->used = at + want;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    if (zeroed && !is_zeroed)
        memset(p, 0, size);
    return p;
}

static char *take_str(struct ls_arena *a, size_t len, size_t align)
{
    char *p = take(a, len < SIZE_MAX ? len + 1 : SIZE_MAX, align, false);

    p[len] = '\0';
    return p;
}

void *ls_arena_alloc(struct ls_arena *a, size_t size)
{
    return take(a, size, _Alignof(max_align_t), true);
}

void *ls_arena_dup(struct ls_arena *a, const void *bytes, size_t len)
{
    char *p = take_str(a, len, _Alignof(max_align_t));

    if (len)
        memcpy(p, bytes, len);
    return p;
}

char *ls_arena_str(struct ls_arena *a, const char *s)
{
    return s ? ls_arena_strn(a, s, strlen(s)) : NULL;
}

char *ls_arena_strn(struct ls_arena *a, const char *s, size_t len)
{
    char *p = take_str(a, len, STR_ALIGN);

    if (len)
        memcpy(p, s, len);
    return p;
}

char *ls_arena_path(struct ls_arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir), m = strlen(name);
    char *p = take_str(a, n + 1 + m, STR_ALIGN);

    memcpy(p, dir, n);
    p[n] = '/';
    memcpy(p + n + 1, name, m);
    return p;
}

char *ls_arena_vprintf(struct ls_arena *a, const char *fmt, va_list ap)
{
    char scratch[256];
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(scratch, sizeof(scratch), fmt, ap);
    size_t len = n > 0 ? (size_t)n : 0;
    char *p = take_str(a, len, STR_ALIGN);

    if (len < sizeof(scratch))
        memcpy(p, scratch, len);
    else
        vsnprintf(p, len + 1, fmt, again);
    va_end(again);
    return p;
}

char *ls_arena_printf(struct ls_arena *a, const char *fmt, ...)
{
    va_list ap;
    char *p;

    va_start(ap, fmt);
    p = ls_arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

size_t ls_arena_bytes(const struct ls_arena *a)
{
    return a->bytes + sizeof(*a);
}
