#include <config.h>

#include "base/dynlib.h"

#include <stdio.h>
#include <string.h>

bool ls_dynlib_load(const char *soname, int flags, const struct ls_dynlib_fn *fns, size_t n_fns, void *table, char *why_not, size_t why_size)
{
    void *lib = dlopen(soname, RTLD_LAZY | RTLD_LOCAL | flags);
    const char *why = lib != NULL ? NULL : dlerror();

    for (size_t i = 0; lib != NULL && why == NULL && i < n_fns; i++) {
        void *fn = dlsym(lib, fns[i].name);

        /* POSIX has function pointers in a void *; C has no cast for it. */
        memcpy((char *)table + fns[i].offset, &fn, sizeof(fn));
        if (fn == NULL)
            why = dlerror();
    }
    snprintf(why_not, why_size, "%s", why != NULL ? why : "");
    return lib != NULL && why == NULL;
}
