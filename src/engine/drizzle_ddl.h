/* engine/drizzle_ddl.h: a Drizzle snapshot of any version as one list of entities, and as the statements that make it. */
#ifndef LOCKSTEP_SRC_ENGINE_DRIZZLE_DDL_H
#define LOCKSTEP_SRC_ENGINE_DRIZZLE_DDL_H

#include <jansson.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/sql/dialect.h"

/* The list "ddl" of 1.x; of 0.x one of the same shape, made of its maps (drizzle_entities.c). A new reference; NULL: it has neither. */
json_t *drizzle_entities(json_t *root, enum ls_dialect d);
/* CREATE statements in an order that works, each ended by ";\n". What SQLite and PostgreSQL can add later stands apart from the table, so that one thing
 * that is refused does not take the rest with it. LS_E_INPUT for names that cannot be. */
LS_MUST_CHECK enum ls_rc drizzle_ddl(const json_t *entities, enum ls_dialect d, struct ls_buf *out, struct ls_err *err);

#endif
