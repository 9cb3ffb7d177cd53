/* base/dynlib.h: libraries that are loaded by whoever first needs one of their functions, and not linked.
 *
 * Each library that a program is linked with costs every start of it some 0.07 ms, a big one several times as much, used or not. The owner of such a
 * library has a table of its functions, and fills it under a pthread_once_t of its own. */
#ifndef LS_BASE_DYNLIB_H
#define LS_BASE_DYNLIB_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

struct ls_dynlib_fn {
    const char *name;
    size_t offset; /* of the pointer to it in the table */
};

/* Never closed again. flags: of dlopen, besides RTLD_LAZY | RTLD_LOCAL. False: the library is not there, or has not all of the functions; why_not says
 * what the loader said. */
bool ls_dynlib_load(const char *soname, int flags, const struct ls_dynlib_fn *fns, size_t n_fns, void *table, char *why_not, size_t why_size);

#endif
