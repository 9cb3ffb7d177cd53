/* Facts: verb, object and flags, by the parser and by the words, which must agree where both can say it. */
#include <config.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/sql/facts.h"
#include "sql/facts_internal.h"
#include "support/scale.h"

#define PG    LS_DIALECT_POSTGRES
#define SL    LS_DIALECT_SQLITE
#define OTHER LS_FACT_DROPS_OTHER
#define GUARD LS_FACT_IF_NOT_EXISTS

static const struct row {
    enum ls_dialect d;
    const char *sql, *verb, *object;
    unsigned flags;
} rows[] = {
    {PG, "CREATE TABLE IF NOT EXISTS a.\"b c\" (id int)", "CREATE TABLE", "a.\"b c\"", LS_FACT_CREATES_TABLE | GUARD},
    {PG, "create unlogged table t (id int)", "CREATE TABLE", "t", LS_FACT_CREATES_TABLE},
    {PG, "CREATE TEMP TABLE t AS SELECT 1", "CREATE TABLE", "t", LS_FACT_CREATES_TABLE},
    {PG, "DROP TABLE a, b CASCADE", "DROP TABLE", "a", LS_FACT_DROPS_TABLE | LS_FACT_CASCADES},
    {PG, "DROP TABLE IF EXISTS a", "DROP TABLE", "a", LS_FACT_DROPS_TABLE | GUARD},
    {PG, "DROP SCHEMA s CASCADE", "DROP SCHEMA", "s", LS_FACT_DROPS_SCHEMA | LS_FACT_CASCADES},
    {PG, "DROP DATABASE d", "DROP DATABASE", "d", LS_FACT_DROPS_SCHEMA},
    {PG, "TRUNCATE TABLE ONLY a", "TRUNCATE", "a", LS_FACT_TRUNCATES},
    {PG, "TRUNCATE a, b CASCADE", "TRUNCATE", "a", LS_FACT_TRUNCATES | LS_FACT_CASCADES},
    {PG, "UPDATE a SET b = 1", "UPDATE", "a", LS_FACT_DML | LS_FACT_DML_NO_WHERE},
    {PG, "UPDATE ONLY a SET b = (SELECT c FROM d WHERE e)", "UPDATE", "a", LS_FACT_DML | LS_FACT_DML_NO_WHERE},
    {PG, "UPDATE a SET b = 1 WHERE c", "UPDATE", "a", LS_FACT_DML},
    {PG, "DELETE FROM a", "DELETE", "a", LS_FACT_DML | LS_FACT_DML_NO_WHERE},
    {PG, "DELETE FROM a WHERE b", "DELETE", "a", LS_FACT_DML},
    {PG, "INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 1", "INSERT", "a", LS_FACT_DML},
    {PG, "MERGE INTO a USING b ON c WHEN MATCHED THEN DELETE", "MERGE", "a", LS_FACT_DML},
    {PG, "WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x", "SELECT", "", LS_FACT_DML | LS_FACT_DML_NO_WHERE},
    {PG, "WITH x (a) AS MATERIALIZED (SELECT 1), y AS (SELECT 2) UPDATE t SET b = 1 WHERE c", "UPDATE", "t", LS_FACT_DML},
    {PG, "CREATE INDEX i ON t (a)", "CREATE INDEX", "i", LS_FACT_CREATE_INDEX},
    {PG, "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)", "CREATE INDEX", "i", LS_FACT_CONCURRENTLY | GUARD},
    {PG, "CREATE INDEX ON s.t (a)", "CREATE INDEX", "s.t", LS_FACT_CREATE_INDEX},
    {PG, "DROP INDEX CONCURRENTLY i", "DROP INDEX", "i", OTHER | LS_FACT_CONCURRENTLY},
    {PG, "ALTER TABLE t DROP COLUMN a, DROP b CASCADE", "ALTER TABLE", "t", LS_FACT_DROPS_COLUMN | LS_FACT_CASCADES},
    {PG, "ALTER TABLE IF EXISTS ONLY s.t DROP COLUMN IF EXISTS a", "ALTER TABLE", "s.t", LS_FACT_DROPS_COLUMN | GUARD},
    {PG, "ALTER TABLE t DROP CONSTRAINT c", "ALTER TABLE", "t", OTHER},
    {PG, "ALTER TABLE t ALTER COLUMN a SET NOT NULL", "ALTER TABLE", "t", LS_FACT_SET_NOT_NULL},
    {PG, "ALTER TABLE t ALTER a DROP NOT NULL, ALTER b SET DEFAULT 1", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ALTER a TYPE numeric(10, 2), ALTER COLUMN b SET DATA TYPE text", "ALTER TABLE", "t", LS_FACT_ALTER_TYPE},
    {PG, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE", "t", LS_FACT_ADD_CONSTRAINT_VALID},
    {PG, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (b)", "ALTER TABLE", "t", LS_FACT_ADD_CONSTRAINT_VALID},
    {PG, "ALTER TABLE t ADD CHECK (a > 0)", "ALTER TABLE", "t", LS_FACT_ADD_CONSTRAINT_VALID},
    {PG, "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u NOT VALID", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ADD COLUMN a int", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ADD a int NOT NULL", "ALTER TABLE", "t", LS_FACT_ADD_COLUMN_NOT_NULL},
    {PG, "ALTER TABLE t ADD a int NOT NULL DEFAULT 0", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ADD a serial PRIMARY KEY", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ADD a int GENERATED ALWAYS AS IDENTITY NOT NULL", "ALTER TABLE", "t", 0},
    {PG, "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int REFERENCES u (b)", "ALTER TABLE", "t", LS_FACT_ADD_CONSTRAINT_VALID | GUARD},
    {PG, "ALTER TABLE t RENAME TO u", "ALTER TABLE", "t", LS_FACT_RENAMES},
    {PG, "ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE", "t", LS_FACT_RENAMES},
    {PG, "ALTER TABLE t SET SCHEMA s", "ALTER TABLE", "t", LS_FACT_RENAMES},
    {PG, "ALTER INDEX i RENAME TO j", "ALTER INDEX", "i", LS_FACT_RENAMES},
    {PG, "ALTER TABLE p DETACH PARTITION c CONCURRENTLY", "ALTER TABLE", "p", LS_FACT_CONCURRENTLY},
    {PG, "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x'", "ALTER TYPE", "e", LS_FACT_ADD_ENUM_VALUE | GUARD},
    {PG, "ALTER TYPE e RENAME VALUE 'x' TO 'y'", "ALTER TYPE", "e", LS_FACT_RENAMES},
    {PG, "ALTER TYPE c DROP ATTRIBUTE a", "ALTER TYPE", "c", OTHER},
    {PG, "SET search_path = x", "SET", "search_path", LS_FACT_SESSION_SET},
    {PG, "SET LOCAL search_path TO x", "SET", "search_path", 0},
    {PG, "SET TRANSACTION READ ONLY", "SET TRANSACTION", "", 0},
    {PG, "SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS", "", 0},
    {PG, "RESET ALL", "RESET", "ALL", LS_FACT_SESSION_SET},
    {PG, "SELECT pg_catalog.set_config('search_path', '', false)", "SELECT", "", LS_FACT_SESSION_SET},
    {PG, "SELECT set_config('search_path', '', true)", "SELECT", "", 0},
    {PG, "DO $$ BEGIN END $$", "DO", "", LS_FACT_OPAQUE},
    {PG, "CALL s.p(1)", "CALL", "s.p", LS_FACT_OPAQUE},
    {PG, "DROP MATERIALIZED VIEW v", "DROP MATERIALIZED VIEW", "v", OTHER},
    {PG, "DROP FUNCTION f(int) CASCADE", "DROP FUNCTION", "f", OTHER | LS_FACT_CASCADES},
    {PG, "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION", "f", 0},
    {PG, "CREATE TYPE e AS ENUM ('a')", "CREATE TYPE", "e", 0},
    {PG, "CREATE EXTENSION IF NOT EXISTS citext", "CREATE EXTENSION", "citext", GUARD},
    {PG, "CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW", "v", 0},
    {PG, "REINDEX TABLE CONCURRENTLY t", "REINDEX", "t", LS_FACT_CONCURRENTLY},
    {PG, "REFRESH MATERIALIZED VIEW CONCURRENTLY v", "REFRESH MATERIALIZED VIEW", "v", LS_FACT_CONCURRENTLY},
    {PG, "COPY t FROM '/x'", "COPY", "t", LS_FACT_DML},
    {PG, "COPY t TO '/x'", "COPY", "t", 0},
    {PG, "GRANT SELECT ON t TO x", "GRANT", "", 0},
    {PG, "COMMENT ON TABLE t IS 'DROP TABLE x CASCADE'", "COMMENT", "", 0},
    {PG, "VACUUM ANALYZE t", "VACUUM", "t", 0},
    {PG, "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM x", "ALTER DEFAULT PRIVILEGES", "", 0},
    {PG, "BEGIN", "BEGIN", "", 0},
    {SL, "CREATE TABLE IF NOT EXISTS [a b] (c)", "CREATE TABLE", "[a b]", LS_FACT_CREATES_TABLE | GUARD},
    {SL, "CREATE VIRTUAL TABLE f USING fts5(a)", "CREATE VIRTUAL TABLE", "f", LS_FACT_CREATES_TABLE},
    {SL, "DROP TABLE `t`", "DROP TABLE", "`t`", LS_FACT_DROPS_TABLE},
    {SL, "ALTER TABLE t DROP COLUMN a", "ALTER TABLE", "t", LS_FACT_DROPS_COLUMN},
    {SL, "ALTER TABLE t DROP a", "ALTER TABLE", "t", LS_FACT_DROPS_COLUMN},
    {SL, "ALTER TABLE t RENAME TO u", "ALTER TABLE", "t", LS_FACT_RENAMES},
    {SL, "ALTER TABLE t ADD a INTEGER NOT NULL", "ALTER TABLE", "t", LS_FACT_ADD_COLUMN_NOT_NULL},
    {SL, "ALTER TABLE t ADD a NOT NULL DEFAULT (1, 2)", "ALTER TABLE", "t", 0},
    {SL, "INSERT OR REPLACE INTO t VALUES (1)", "INSERT", "t", LS_FACT_DML},
    {SL, "REPLACE INTO t VALUES (1)", "REPLACE", "t", LS_FACT_DML},
    {SL, "UPDATE OR IGNORE t SET a = 1", "UPDATE", "t", LS_FACT_DML | LS_FACT_DML_NO_WHERE},
    {SL, "DELETE FROM main.t WHERE a", "DELETE", "main.t", LS_FACT_DML},
    {SL, "WITH x AS (SELECT 1) DELETE FROM t", "DELETE", "t", LS_FACT_DML | LS_FACT_DML_NO_WHERE},
    {SL, "CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX", "i", LS_FACT_CREATE_INDEX},
    {SL, "DROP TRIGGER IF EXISTS t", "DROP TRIGGER", "t", OTHER | GUARD},
    {SL, "PRAGMA foreign_keys = OFF", "PRAGMA", "foreign_keys", LS_FACT_SESSION_SET | LS_FACT_FK_PRAGMA},
    {SL, "PRAGMA main.\"foreign_keys\"(0)", "PRAGMA", "main.\"foreign_keys\"", LS_FACT_SESSION_SET | LS_FACT_FK_PRAGMA},
    {SL, "PRAGMA foreign_keys", "PRAGMA", "foreign_keys", 0},
    {SL, "PRAGMA legacy_alter_table = ON", "PRAGMA", "legacy_alter_table", LS_FACT_SESSION_SET},
    {SL, "PRAGMA user_version = 1", "PRAGMA", "user_version", 0},
    {SL, "PRAGMA table_info(t)", "PRAGMA", "table_info", 0},
    {SL, "nonsense here", "NONSENSE", "", 0},
    {SL, "", "", "", 0},
    {SL, "'", "", "", 0},
};

static void check(const struct row *r, const struct ls_facts *f, const char *by)
{
    if (f->flags != r->flags || strcmp(f->verb, r->verb) != 0 || strcmp(f->object.ptr, r->object) != 0)
        fail_msg("%s (%s): got \"%s\" \"%s\" %#x, expected \"%s\" \"%s\" %#x", r->sql, by, f->verb, f->object.ptr, f->flags,
                 r->verb, r->object, r->flags);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(rows); i++) {
        struct ls_facts f;
        ls_facts_by_words(rows[i].d, rows[i].sql, strlen(rows[i].sql), 0, &f);
        check(&rows[i], &f, "words");
        ls_facts_release(&f);
        ls_sql_facts(rows[i].d, rows[i].sql, strlen(rows[i].sql), &f);
        check(&rows[i], &f, "all");
#ifdef LS_WITH_PG_QUERY
        /* Plain INSERTs, of which files of data are made, are not parsed. */
        bool is_plain = strncmp(rows[i].sql, "INSERT", 6) == 0 && strstr(rows[i].sql, "WITH") == NULL;

        if (f.parsed != (rows[i].d == PG && !is_plain))
            fail_msg("%s: parsed %d", rows[i].sql, f.parsed);
#endif
        ls_facts_release(&f);
    }
}

static void test_unparsable_falls_back(void **state)
{
    (void)state;
    static const char sql[] = "DROP TABLE t SOON CASCADE";
    struct ls_facts f;
    ls_sql_facts(PG, sql, strlen(sql), &f);
    assert_false(f.parsed);
    assert_int_equal(f.flags, LS_FACT_DROPS_TABLE | LS_FACT_CASCADES);
    assert_string_equal(f.verb, "DROP TABLE");
    assert_string_equal(f.object.ptr, "t");
    ls_facts_release(&f);
    ls_facts_release(&f); /* twice is fine */
    ls_sql_facts(PG, "SELECT 1\0;", 10, &f);
    assert_false(f.parsed);
    ls_facts_release(&f);
}

static char *repeat(const char *before, const char *unit, size_t n, const char *behind)
{
    struct ls_buf b = LS_BUF_INIT;
    ls_buf_adds(&b, before);
    while (n-- > 0)
        ls_buf_adds(&b, unit);
    ls_buf_adds(&b, behind);
    return ls_buf_detach(&b);
}

/* Deep and huge statements: none may overflow the stack of the parser or of us. Counts those that were parsed. */
static void *hostile_depth(void *arg)
{
    size_t *parsed = arg;
    static const struct {
        const char *before, *unit, *behind;
    } shapes[] = {
        {"SELECT 1", "+1", ""},
        {"SELECT ", "NOT ", "1"},
        {"SELECT ", "(", "1"},
        {"SELECT 1", "::text", ""},
        {"SELECT 1", " UNION SELECT 1", ""},
        {"SELECT ", "CASE WHEN 1 THEN ", "1"},
        {"SELECT ", "f(1,", "1"},
        {"", "WITH a AS (", ""},
        {"", "WITH a AS (DELETE FROM b) ", ""},
        {"INSERT INTO t VALUES (1)", ",(1)", ""},
        {"SELECT x", "[1]", ""},
        {"ALTER TABLE t ADD a int", ",ADD a int", ""},
        {"SELECT a", ".b", ""},
        {"SELECT ", "- ", "1"},
    };
    const size_t sizes[] = {100, 1000, 1990, 4500, 9900, test_scaled(300000)};
    for (size_t i = 0; i < LS_ARRAY_LEN(shapes); i++) {
        for (size_t k = 0; k < LS_ARRAY_LEN(sizes); k++) {
            char *sql = repeat(shapes[i].before, shapes[i].unit, sizes[k], shapes[i].behind);
            struct ls_facts f;
            ls_sql_facts(PG, sql, strlen(sql), &f);
            *parsed += f.parsed;
            ls_facts_release(&f);
            ls_sql_facts(SL, sql, strlen(sql), &f);
            ls_facts_release(&f);
            free(sql);
        }
    }
    return NULL;
}

static void test_hostile_depth(void **state)
{
    (void)state;
    pthread_attr_t attr;
    pthread_t thread;
    size_t parsed = 0;
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstacksize(&attr, 1 << 20), 0); /* less than any system's default for threads */
    assert_int_equal(pthread_create(&thread, &attr, hostile_depth, &parsed), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attr);
#ifdef LS_WITH_PG_QUERY
    assert_true(parsed >= 10); /* the shallow ones are */
#endif
}

/* Of a plain INSERT the words say all; whatever holds a WITH is for the parser. */
static void test_inserts(void **state)
{
    static const struct {
        const char *sql;
        bool parsed;
        unsigned flags;
    } cases[] = {
        {"INSERT INTO a VALUES (1, 'x')", false, LS_FACT_DML},
        {"INSERT INTO a SELECT b FROM c", false, LS_FACT_DML},
        {"INSERT INTO a VALUES ('come with me')", true, LS_FACT_DML},
        {"WITH x AS (DELETE FROM b RETURNING *) INSERT INTO a SELECT * FROM x", true, LS_FACT_DML | LS_FACT_DML_NO_WHERE},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_facts f;

        ls_sql_facts(PG, cases[i].sql, strlen(cases[i].sql), &f);
#ifdef LS_WITH_PG_QUERY
        assert_int_equal(f.parsed, cases[i].parsed);
#endif
        if (f.flags != cases[i].flags)
            fail_msg("%s: flags %x", cases[i].sql, f.flags);
        ls_facts_release(&f);
    }
}

static void *many_facts(void *arg)
{
    size_t *right = arg;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < LS_ARRAY_LEN(rows); i++) {
            struct ls_facts f;
            ls_sql_facts(rows[i].d, rows[i].sql, strlen(rows[i].sql), &f);
            *right += f.flags == rows[i].flags && strcmp(f.verb, rows[i].verb) == 0;
            ls_facts_release(&f);
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t right[4] = {0};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many_facts, &right[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(right[i], 20 * LS_ARRAY_LEN(rows));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_unparsable_falls_back),
        cmocka_unit_test(test_hostile_depth),
        cmocka_unit_test(test_inserts),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
