#include <config.h>

#include "tui/libedit.h"

#ifdef LS_LIBEDIT_SONAME
#include <pthread.h>

#include "base/dynlib.h"
#include "lockstep/base/base.h"

static const struct ls_dynlib_fn functions[] = {
#define X(fn) {#fn, offsetof(struct libedit, fn)},
    LIBEDIT_FUNCTIONS(X)
#undef X
};

/* Written once, under `once`. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct libedit table;
static bool is_loaded;
static char why_not[256];

static void load(void)
{
    is_loaded = ls_dynlib_load(LS_LIBEDIT_SONAME, 0, functions, LS_ARRAY_LEN(functions), &table, why_not, sizeof(why_not));
}

bool libedit_load(const char **why)
{
    (void)pthread_once(&once, load);
    *why = why_not;
    return is_loaded;
}

#else /* linked: configure could not tell what it is called */

static const struct libedit table = {
#define X(fn) .fn = fn,
    LIBEDIT_FUNCTIONS(X)
#undef X
};

bool libedit_load(const char **why)
{
    *why = "";
    return true;
}

#endif

const struct libedit *libedit(void)
{
    return &table;
}
