/* tests/contract/usage_pg.h: the schema of usage_postgres.sql in a database of its own, and words for looking at what was read. */
#ifndef TESTS_CONTRACT_USAGE_PG_H
#define TESTS_CONTRACT_USAGE_PG_H

#include "contract/catalog_pg.h"
#include "contract/usage_words.h"

/* NULL where there is no server of version 15 or newer. */
static inline char *usage_database(void)
{
    char *version = test_pg_url() ? test_pg_get(test_pg_url(), "select current_setting('server_version_num')::int >= 150000") : NULL;
    char *sql = NULL, *url = NULL;

    if (version && version[0] == 't' && (sql = catpg_file("tests/contract/usage_postgres.sql")) && (url = test_pg_new_database("usage")) &&
        !test_pg_exec(url, sql)) {
        test_pg_drop_database(url);
        fail_msg("the schema could not be made");
    }
    free(version);
    free(sql);
    return url;
}

static inline struct ls_usage *usage_read(const char *url, const struct ls_usage_opts *opts)
{
    struct ls_db *db = catpg_open(url);
    struct ls_usage *u = usage_read_db(db, opts);

    ls_db_close(db);
    return u;
}

#endif
