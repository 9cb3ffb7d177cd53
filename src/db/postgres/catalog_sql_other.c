/* The queries: what stands in the database rather than in a schema. */
#include <config.h>

#include "db/postgres/catalog_sql.h"

const struct pgcat_query pgcat_other_queries[] = {
    END_OF_QUERIES,
};
