/* lockstep/sql/refs.h: the tables and columns that a PostgreSQL routine's body names, by libpg_query. What a body makes or changes itself, looks for
 * by its name, what a WITH names, or a variable could be is not told: what is told is surely meant as a table of the schema, or a column of one. */
#ifndef LOCKSTEP_SQL_REFS_H
#define LOCKSTEP_SQL_REFS_H

#include "lockstep/base/base.h"

struct ls_sql_ref {
    const char *schema;  /* "" as written without */
    const char *table;
    const char *column;  /* NULL: the table itself */
    bool is_bare;        /* the column is written without its table: it may be an argument as well */
    bool is_of_row;      /* the table is "": a column of NEW or OLD, whatever table the trigger is of */
};
typedef void (*ls_sql_ref_fn)(void *ctx, const struct ls_sql_ref *ref);

/* Statements of language sql. False: no parser is there, or it refuses; nothing was told then. */
bool ls_sql_refs(const char *text, ls_sql_ref_fn fn, void *ctx);
/* A whole CREATE FUNCTION of language plpgsql. False too when it runs text that may make tables. */
bool ls_sql_refs_plpgsql(const char *create, ls_sql_ref_fn fn, void *ctx);

#endif
