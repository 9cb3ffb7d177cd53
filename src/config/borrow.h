/* config/borrow.h: what the team's own migration tool has in its configuration, for what lockstep's settings leave open. */
#ifndef LS_CONFIG_BORROW_H
#define LS_CONFIG_BORROW_H

#include "lockstep/format/format.h"

struct config_borrowed {
    const struct ls_format *format; /* NULL: nothing was found, or more than one tool's */
    struct ls_format_config c;
    const char *note; /* what could not be read or decided; or NULL */
};
/* format_name: the only tool that is asked; NULL: every one whose migrations lie where it says, or where it usually has them.
 * Strings go to the arena. */
void config_borrow(struct ls_arena *a, const char *root, const char *format_name, const char *(*getenv_fn)(const char *name),
                   struct config_borrowed *out);

#endif
