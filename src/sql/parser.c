#include <config.h>

#include "lockstep/sql/facts.h"

#ifdef LS_WITH_PG_QUERY
#include "sql/parser.h"

#include <pthread.h>

#include "base/dynlib.h"

#ifdef LS_PG_QUERY_SONAME

static const struct ls_dynlib_fn functions[] = {
#define X(fn) {#fn, offsetof(struct pg_query_lib, fn)},
    PG_QUERY_FUNCTIONS(X)
#undef X
};

/* Written once, under `once`. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct pg_query_lib table;
static bool is_loaded;
static char why_not[256];

static void load(void)
{
    is_loaded = ls_dynlib_load(LS_PG_QUERY_SONAME, 0, functions, LS_ARRAY_LEN(functions), &table, why_not, sizeof(why_not));
}

const struct pg_query_lib *ls_pg_query(void)
{
    (void)pthread_once(&once, load);
    return is_loaded ? &table : NULL;
}

enum ls_rc ls_sql_parser_load(struct ls_err *err)
{
    if (ls_pg_query() != NULL)
        return LS_OK;
    ls_err_set(err, LS_E_UNSUPPORTED, "PostgreSQL's parser cannot be used: %s", why_not);
    ls_err_hint(err, "install it (Debian: %s), or point LD_LIBRARY_PATH to its folder", LS_PG_QUERY_SONAME);
    return LS_E_UNSUPPORTED;
}

#else /* linked: configure could not tell what it is called */

const struct pg_query_lib *ls_pg_query(void)
{
    static const struct pg_query_lib table = {
#define X(fn) .fn = fn,
        PG_QUERY_FUNCTIONS(X)
#undef X
    };

    return &table;
}

enum ls_rc ls_sql_parser_load(struct ls_err *err)
{
    (void)err;
    return LS_OK;
}

#endif
#else

enum ls_rc ls_sql_parser_load(struct ls_err *err)
{
    (void)err;
    return LS_OK;
}

#endif
