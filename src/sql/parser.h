/* sql/parser.h: libpg_query, loaded when the first statement is parsed: with its 2.7 MB it would cost each start as much as all of the other libraries
 * together, also where no PostgreSQL is in sight. Private to src/sql. */
#ifndef LOCKSTEP_SRC_SQL_PARSER_H
#define LOCKSTEP_SRC_SQL_PARSER_H

#include <pg_query.h>

#include "lockstep/base/base.h"

#define PG_QUERY_FUNCTIONS(X) X(pg_query_parse) X(pg_query_free_parse_result) X(pg_query_parse_plpgsql) X(pg_query_free_plpgsql_parse_result)

struct pg_query_lib {
#define X(name) __typeof__(name) *name;
    PG_QUERY_FUNCTIONS(X)
#undef X
};

/* From any thread. NULL: it is not there; ls_sql_parser_load() says why. */
const struct pg_query_lib *ls_pg_query(void);

#endif
