/* lockstep/sql/quote.h: the only place where a name or a value becomes SQL text.
 * Values go to a database as bound parameters; literals are built only to print a plan. */
#ifndef LOCKSTEP_SQL_QUOTE_H
#define LOCKSTEP_SQL_QUOTE_H

#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/sql/dialect.h"

/* Appends "name" with inner quotes doubled, always quoted. LS_E_INPUT for an empty name, a NUL or invalid UTF-8. */
LS_MUST_CHECK enum ls_rc ls_sql_ident(struct ls_buf *out, const char *name, struct ls_err *err);
/* "schema"."name"; schema NULL or "" gives only the name. */
LS_MUST_CHECK enum ls_rc ls_sql_ident2(struct ls_buf *out, const char *schema, const char *name, struct ls_err *err);
/* Appends 'text' (E'..' form on PostgreSQL where a backslash is in it); NULL gives NULL. */
void ls_sql_literal(struct ls_buf *out, enum ls_dialect d, const char *text);

#endif
