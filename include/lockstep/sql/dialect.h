/* lockstep/sql/dialect.h: the two SQL dialects. */
#ifndef LOCKSTEP_SQL_DIALECT_H
#define LOCKSTEP_SQL_DIALECT_H

#include "lockstep/base/base.h"

enum ls_dialect { LS_DIALECT_POSTGRES, LS_DIALECT_SQLITE };

const char *ls_dialect_name(enum ls_dialect d);                  /* "postgres", "sqlite" */
bool ls_dialect_parse(const char *name, enum ls_dialect *out);   /* also postgresql, pg, sqlite3 */

#endif
