/* tests/contract/catalog_pg.h: the schema of catalog_postgres.sql in a database of its own, and words for looking at its catalogue.
 */
#ifndef TESTS_CONTRACT_CATALOG_PG_H
#define TESTS_CONTRACT_CATALOG_PG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/older_pg.h"
#include "lockstep/base/buf.h"
#include "lockstep/db/catalog.h"
#include "lockstep/diff/diff.h"
#include "support/pg.h"
#include "support/skip.h"

static inline char *catpg_source(const char *name)
{
    const char *dir = getenv("LS_SRCDIR");
    size_t size = (dir ? strlen(dir) : 1) + strlen(name) + 2;
    char *path = malloc(size);

    snprintf(path, size, "%s/%s", dir ? dir : ".", name);
    return path;
}

/* The whole file, to be freed. */
static inline char *catpg_file(const char *name)
{
    char *path = catpg_source(name), *text = NULL;
    FILE *f = fopen(path, "rb");
    long size = -1;

    if (f && fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        text = calloc(1, (size_t)size + 1);
        if (fread(text, 1, (size_t)size, f) != (size_t)size)
            text[0] = '\0';
    }
    if (f)
        fclose(f);
    free(path);
    return text;
}

/* A database with what the file makes, in the words of the server's version; NULL where there is no server. */
static inline char *catpg_database(const char *file, const struct older_words *older, size_t n_older, const char *name_prefix)
{
    char *sql = test_pg_url() ? catpg_file(file) : NULL, *url = NULL;
    struct ls_buf text = LS_BUF_INIT;

    if (sql != NULL) {
        assert_true(older_write(older, n_older, sql, test_pg_major(), &text));
        url = test_pg_new_database(name_prefix);
        assert_non_null(url);
        if (!test_pg_exec(url, text.ptr)) {
            test_pg_drop_database(url);
            fail_msg("the schema of %s could not be made", file);
        }
    }
    ls_buf_release(&text);
    free(sql);
    return url;
}

/* One with everything in it. */
static inline char *catpg_everything(void)
{
    return catpg_database("tests/contract/catalog_postgres.sql", older_schema, LS_ARRAY_LEN(older_schema), "catalog");
}

/* A database with a subscription is not to be dropped. */
static inline void catpg_drop(char *url)
{
    char *name = url ? test_pg_get(url, "select subname from pg_subscription where subdbid = (select oid from pg_database where "
                                        "datname = current_database())")
                     : NULL;

    if (name) {
        char sql[128];

        snprintf(sql, sizeof(sql), "drop subscription \"%s\"", name);
        test_pg_exec(url, sql);
    }
    free(name);
    test_pg_drop_database(url);
}

static inline struct ls_db *catpg_open(const char *url)
{
    struct ls_db_params p = {.url = url};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK)
        fail_msg("%s", err.message);
    return db;
}

static inline struct ls_catalog *catpg_read_db(struct ls_db *db, const struct ls_catalog_opts *opts)
{
    struct ls_catalog *c = NULL;
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_catalog(db, opts, &c, &err) != LS_OK)
        fail_msg("%s", err.message);
    return c;
}

static inline struct ls_catalog *catpg_read(const char *url)
{
    struct ls_db *db = catpg_open(url);
    struct ls_catalog *c = catpg_read_db(db, NULL);

    ls_db_close(db);
    return c;
}

/* Fails with the text of what differs. */
static inline void catpg_assert_equal(const struct ls_catalog *a, const struct ls_catalog *b)
{
    static const struct ls_diff_opts opts = {.with_owner = true, .with_rights = true, .with_order = true};
    struct ls_buf text = LS_BUF_INIT;
    struct ls_diff d;

    ls_diff_make(a, b, &opts, &d);
    if (!ls_diff_is_equal(&d)) {
        ls_diff_print_unified(&d, &text);
        fail_msg("%zu differences:\n%.4000s", d.d.n, text.ptr);
    }
    ls_diff_release(&d);
}

#endif
