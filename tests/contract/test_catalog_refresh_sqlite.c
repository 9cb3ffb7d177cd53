/* A second read of a SQLite database that cuts only the texts that are others gives what a whole read gives: after each of the single
 * changes, and along chains of statements that are kept or rolled back, by this connection or another. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/catalog_mutations_sqlite.h"
#include "contract/catalog_same.h"
#include "lockstep/base/mem.h"
#include "lockstep/db/catalog.h"

struct reader {
    struct ls_db *db;
    const struct ls_catalog_opts *opts;
    struct ls_catalog_state *state;
    struct ls_catalog *c;
    size_t n[3]; /* by how */
};

static struct ls_db *open_url(const char *url)
{
    struct ls_db_params p = {.url = url, .create = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK)
        fail_msg("%s", err.message);
    return db;
}

static void reader_close(struct reader *r)
{
    ls_catalog_state_free(r->state);
    ls_catalog_free(r->c);
    ls_db_close(r->db);
}

static enum ls_catalog_how refresh(struct reader *r)
{
    struct ls_catalog *c = NULL;
    struct ls_err err = LS_ERR_INIT;
    enum ls_catalog_how how;

    if (ls_db_catalog_refresh(r->db, r->opts, &r->state, &c, &how, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_true((c == NULL) == (how == LS_CATALOG_SAME));
    r->n[how]++;
    if (c != NULL) {
        ls_catalog_free(r->c);
        r->c = c;
    }
    return how;
}

static void assert_right(struct reader *r, const char *after)
{
    struct ls_catalog *whole = NULL;
    struct ls_err err = LS_ERR_INIT;
    struct ls_buf text = LS_BUF_INIT;

    if (ls_db_catalog(r->db, r->opts, &whole, &err) != LS_OK)
        fail_msg("%s", err.message);
    if (!catsame(whole, r->c, &text))
        fail_msg("after %s\n%.3000s", after, text.ptr);
    ls_buf_release(&text);
    ls_catalog_free(whole);
}

static bool run(struct ls_db *db, const char *sql)
{
    return ls_db_exec_batch(db, sql, strlen(sql), NULL, NULL) == LS_OK;
}

static void must(struct ls_db *db, const char *sql)
{
    if (!run(db, sql))
        fail_msg("%s", sql);
}

/* In a transaction, of which one is taken back before the other is made. */
static void each_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(lite_mutations); i++) {
        struct reader r = {.db = open_url("sqlite::memory:")};

        must(r.db, "CREATE TABLE stays (a INTEGER PRIMARY KEY, b TEXT REFERENCES gone (x)); CREATE VIEW seen AS SELECT * FROM stays, t;"
                   "BEGIN");
        must(r.db, lite_mutations[i].a);
        assert_int_equal(refresh(&r), LS_CATALOG_WHOLE);
        must(r.db, "ROLLBACK");
        must(r.db, lite_mutations[i].b);
        assert_int_equal(refresh(&r), LS_CATALOG_PARTLY);
        assert_right(&r, lite_mutations[i].b);
        assert_int_equal(refresh(&r), LS_CATALOG_SAME);
        reader_close(&r);
    }
}

/* --- chains --- */

static uint64_t seed;

static size_t pick(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % n);
}

/* %1 and %2 become numbers from 0 to 5: tables that are there or not, columns c0 to c5. */
static const char *const statements[] = {
    "CREATE TABLE t%1 (id INTEGER PRIMARY KEY, c%1 TEXT DEFAULT 'x', c%2 int CHECK (c%2 > %1))",
    "CREATE TABLE t%1 (c0 TEXT PRIMARY KEY, c1 INTEGER REFERENCES t%2 (id) ON DELETE CASCADE, UNIQUE (c1, c0)) WITHOUT ROWID",
    "CREATE TABLE t%1 (c%1 TEXT NOT NULL, c%2 AS (c%1 || 'y') STORED, id INTEGER PRIMARY KEY AUTOINCREMENT) /* said %2 */",
    "DROP TABLE t%1",
    "ALTER TABLE t%1 RENAME TO t%2",
    "ALTER TABLE t%1 RENAME COLUMN c%1 TO c%2",
    "ALTER TABLE t%1 ADD COLUMN c%2 varchar(%1) COLLATE NOCASE",
    "ALTER TABLE t%1 DROP COLUMN c%2",
    "CREATE INDEX i%1 ON t%2 (c%1 DESC, lower(c%2)) WHERE c%1 IS NOT NULL",
    "CREATE UNIQUE INDEX i%1 ON t%2 (c%2)",
    "DROP INDEX i%1",
    "CREATE VIEW v%1 AS SELECT * FROM t%1 JOIN t%2",
    "CREATE VIEW v%1(a) AS SELECT 1 FROM v%2",
    "DROP VIEW v%1",
    "CREATE VIEW t%1 AS SELECT %2 AS c0",
    "DROP VIEW t%1",
    "CREATE TRIGGER g%1 AFTER INSERT ON t%2 WHEN new.c%1 > 0 BEGIN SELECT %2; END",
    "DROP TRIGGER g%1",
    "CREATE VIRTUAL TABLE t%1 USING fts5(c%1, c%2)",
    "CREATE TABLE t%1_content (id, c%2)",
    "PRAGMA user_version = %2",
    "INSERT INTO t%1 (c%1) VALUES ('a')",
    "VACUUM",
};

static void fill_in(const char *pattern, char *out, size_t size)
{
    char numbers[2] = {(char)('0' + pick(6)), (char)('0' + pick(6))};
    size_t n = 0;

    for (const char *p = pattern; *p && n + 1 < size; p++) {
        bool is_number = *p == '%' && (p[1] == '1' || p[1] == '2');

        out[n++] = is_number ? numbers[p[1] - '1'] : *p;
        p += is_number;
    }
    out[n] = '\0';
}

#define N_CHAIN 1500

static void chain(struct reader *r, struct ls_db *other)
{
    char sql[256];
    size_t n_made = 0;

    refresh(r);
    for (size_t i = 0; i < N_CHAIN; i++) {
        struct ls_db *who = other == NULL || pick(2) ? r->db : other;
        bool is_tx = pick(4) == 0, looks = pick(2) && who == r->db;

        if (is_tx)
            must(who, "BEGIN IMMEDIATE");
        for (size_t k = pick(is_tx ? 4 : 1) + 1; k > 0; k--) {
            fill_in(statements[pick(LS_ARRAY_LEN(statements))], sql, sizeof(sql));
            n_made += run(who, sql);
        }
        if (is_tx && looks) { /* before it is over */
            refresh(r);
            assert_right(r, sql);
        }
        if (is_tx)
            must(who, pick(2) ? "COMMIT" : "ROLLBACK");
        refresh(r);
        assert_right(r, sql);
    }
    print_message("# %zu statements made: %zu times the same, %zu read partly, %zu whole\n", n_made, r->n[LS_CATALOG_SAME],
                  r->n[LS_CATALOG_PARTLY], r->n[LS_CATALOG_WHOLE]);
    assert_true(n_made > N_CHAIN / 4);
    assert_int_equal(r->n[LS_CATALOG_WHOLE], 1);
    assert_true(r->n[LS_CATALOG_PARTLY] > N_CHAIN / 8);
    assert_true(r->n[LS_CATALOG_SAME] > N_CHAIN / 8);
}

static void start_seed(void)
{
    seed = getenv("LS_TEST_SEED") ? strtoull(getenv("LS_TEST_SEED"), NULL, 10) : 20261130;
    print_message("# LS_TEST_SEED=%llu\n", (unsigned long long)seed);
    seed = seed * 2 + 1;
}

static void chains_in_memory(void **state)
{
    static const char *const without[] = {"t5", NULL};
    const struct ls_catalog_opts opts = {.without = without, .with_definitions = true};
    struct reader r = {.db = open_url("sqlite::memory:"), .opts = &opts};

    (void)state;
    start_seed();
    chain(&r, NULL);
    reader_close(&r);
}

static void chains_in_a_file(void **state)
{
    char *dir = ls_asprintf("%s/refresh.XXXXXX", getenv("LS_TEST_TMP") ? getenv("LS_TEST_TMP") : "/tmp"), *path, *url;
    struct reader r = {0};
    struct ls_db *other;

    (void)state;
    assert_non_null(mkdtemp(dir));
    path = ls_asprintf("%s/x.db", dir);
    url = ls_asprintf("sqlite:%s", path);
    start_seed();
    r.db = open_url(url);
    must(r.db, "PRAGMA synchronous = off");
    other = open_url(url);
    must(other, "PRAGMA synchronous = off");
    chain(&r, other);
    ls_db_close(other);
    /* Another file in its place, of which the version may be the same. */
    assert_int_equal(unlink(path), 0);
    other = open_url(url);
    must(other, "CREATE TABLE quite_another (a)");
    ls_db_close(r.db);
    r.db = other;
    refresh(&r);
    assert_right(&r, "the file was another");
    reader_close(&r);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
    free(dir);
    free(path);
    free(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_change), cmocka_unit_test(chains_in_memory), cmocka_unit_test(chains_in_a_file)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
