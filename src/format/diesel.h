/* format/diesel.h: what its tests reach of the diesel format. */
#ifndef LOCKSTEP_SRC_FORMAT_DIESEL_H
#define LOCKSTEP_SRC_FORMAT_DIESEL_H

#include "lockstep/base/base.h"

/* Whether a migration with such a metadata.toml runs in a transaction: the key, false where the file does not have it, true where
 * the file cannot be understood (source: diesel_migrations file_based_migrations.rs). *broken_line: where the file could not be
 * understood; 0: it could. */
bool ls_diesel_metadata(const char *text, size_t len, int *broken_line);

#endif
