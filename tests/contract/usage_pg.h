/* tests/contract/usage_pg.h: the schema of usage_postgres.sql in a database of its own, and words for looking at what was read. */
#ifndef TESTS_CONTRACT_USAGE_PG_H
#define TESTS_CONTRACT_USAGE_PG_H

#include "contract/catalog_pg.h"
#include "contract/usage_words.h"

/* NULL where there is no server. */
static inline char *usage_database(void)
{
    return catpg_database("tests/contract/usage_postgres.sql", older_usage, LS_ARRAY_LEN(older_usage), "usage");
}

static inline struct ls_usage *usage_read(const char *url, const struct ls_usage_opts *opts)
{
    struct ls_db *db = catpg_open(url);
    struct ls_usage *u = usage_read_db(db, opts);

    ls_db_close(db);
    return u;
}

#endif
