/* engine/drizzle_meta.h: the renamings that Drizzle's own questions were answered with. */
#ifndef LOCKSTEP_SRC_ENGINE_DRIZZLE_META_H
#define LOCKSTEP_SRC_ENGINE_DRIZZLE_META_H

#include "lockstep/model/catalog.h"

/* Of the snapshot at `path` and of those before it in its folder: `_meta` of 0.x, `renames` of 1.x. What cannot be read is passed over: they are hints. */
void drizzle_meta_read(struct ls_catalog *c, const char *path);

#endif
