/* The queries: types, collations, conversions. */
#include <config.h>

#include "db/postgres/catalog_sql.h"

const struct pgcat_query pgcat_type_queries[] = {
    END_OF_QUERIES,
};
