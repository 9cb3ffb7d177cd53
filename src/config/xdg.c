/* config/xdg.c: the folders of the operator's own settings and state. */
#include <config.h>

#include "config/project.h"

#include "lockstep/base/mem.h"

char *config_xdg_home(const char *(*getenv_fn)(const char *), const char *name, const char *under_home)
{
    const char *xdg = getenv_fn ? getenv_fn(name) : NULL, *home = getenv_fn ? getenv_fn("HOME") : NULL;

    if (xdg && xdg[0] == '/')
        return ls_asprintf("%s/lockstep", xdg);
    return home && home[0] ? ls_asprintf("%s/%s/lockstep", home, under_home) : NULL;
}
