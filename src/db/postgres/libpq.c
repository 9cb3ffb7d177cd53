#include <config.h>

#include "db/postgres/libpq.h"

#include <pthread.h>
#include <stddef.h>

#include "base/dynlib.h"

#define SONAME "libpq.so.5" /* since PostgreSQL 8.2; its functions have only become more */

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

/* Some ten thousand names are looked up while the 26 libraries are loaded. Found in their own circle first they cost half: the
 * program's own libraries are not asked in vain before. Sanitizers need theirs to be asked first, and refuse it. */
#if defined(RTLD_DEEPBIND) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&                                   \
    !HAS_FEATURE(address_sanitizer) && !HAS_FEATURE(thread_sanitizer) && !HAS_FEATURE(memory_sanitizer)
#define OWN_CIRCLE_FIRST RTLD_DEEPBIND
#else
#define OWN_CIRCLE_FIRST 0
#endif

static const struct ls_dynlib_fn functions[] = {
#define X(fn) {#fn, offsetof(struct libpq, fn##_)},
    LIBPQ_FUNCTIONS(X)
#undef X
};

/* Written once, under `once`. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct libpq table;
static bool is_loaded;
static char why_not[256];

static void load(void)
{
    is_loaded = ls_dynlib_load(SONAME, OWN_CIRCLE_FIRST, functions, LS_ARRAY_LEN(functions), &table, why_not, sizeof(why_not));
    /* Never closed: what it registered with OpenSSL would point into nothing. */
}

enum ls_rc libpq_load(struct ls_err *err)
{
    (void)pthread_once(&once, load);
    if (is_loaded)
        return LS_OK;
    ls_err_set(err, LS_E_UNSUPPORTED, "PostgreSQL's client library cannot be used: %s", why_not);
    ls_err_hint(err, "install libpq 14 or newer (Debian: libpq5), or point LD_LIBRARY_PATH to its folder");
    return LS_E_UNSUPPORTED;
}

const struct libpq *libpq(void)
{
    return &table;
}
