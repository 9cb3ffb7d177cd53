/* The queries: functions and what calls them. */
#include <config.h>

#include "db/postgres/catalog_sql.h"

const struct pgcat_query pgcat_code_queries[] = {
    END_OF_QUERIES,
};
