/* config/embedded.h: the data files that are compiled into the program (LS_EMBED in the module.am files, tools/embed.sh).
 *
 * Names: "themes/dark.theme", "data/NAME" for src/config/data/NAME. */
#ifndef LS_CONFIG_EMBEDDED_H
#define LS_CONFIG_EMBEDDED_H

#include <stddef.h>

struct ls_embedded {
    const char *name;
    const unsigned char *data; /* len bytes, and a NUL behind them */
    size_t len;
};

/* In the order of the build; ends with a row whose name is NULL. */
extern const struct ls_embedded ls_embedded_files[];
extern const size_t ls_n_embedded_files; /* without that row */

#endif
