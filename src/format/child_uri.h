/* format/child_uri.h: a SQLite file's address for a tool's environment. */
#ifndef LOCKSTEP_SRC_FORMAT_CHILD_URI_H
#define LOCKSTEP_SRC_FORMAT_CHILD_URI_H

#include "lockstep/base/arena.h"
#include "lockstep/base/err.h"

/* scheme ("db:sqlite:") and the absolute path, escaped as URIs want it. The file need not be there yet; its folder must. A link stays one: what a tool
 * keeps beside the file is where the user has named it. Of the arena; NULL with err. */
const char *ls_child_sqlite_uri(struct ls_arena *arena, const char *scheme, const char *file, struct ls_err *err);

#endif
