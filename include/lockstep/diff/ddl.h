/* lockstep/diff/ddl.h: a fact as the statement that would make it, for people to read. Pure. */
#ifndef LOCKSTEP_DIFF_DDL_H
#define LOCKSTEP_DIFF_DDL_H

#include "lockstep/base/buf.h"
#include "lockstep/model/catalog.h"

/* Appends the statements of an object with what hangs below it: a table with columns, constraints, indexes, triggers and comments. What has a DEFINITION
 * of the server or the file is shown with that. Kinds that have no short form are shown as their attributes, as comments. Ends with a line end. */
void ls_ddl_fact(const struct ls_catalog *c, const struct ls_fact *f, struct ls_buf *out);

#endif
