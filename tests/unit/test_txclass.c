/* Transaction classes: the statements of safety.md 2.4 and reliability.md V20 in every form the grammar has, and near misses.
 * Inside BEGIN a 15 server refused each row of test_postgres_forbids with 25001 (but "cluster (verbose)", which is newer syntax)
 * and none of test_postgres_transactional. */
#include <config.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/sql/split.h"

#ifdef LS_WITH_SQLITE
#include <sqlite3.h>
#endif

static void check(enum ls_dialect d, enum ls_tx_class expected, const char *const *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum ls_tx_class got = ls_sql_tx_class(d, rows[i], strlen(rows[i]));
        if (got != expected)
            fail_msg("%s: got %s, expected %s", rows[i], ls_tx_class_name(got), ls_tx_class_name(expected));
    }
}
#define CHECK(d, c, rows) check(d, c, rows, LS_ARRAY_LEN(rows))

static void test_postgres_forbids(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "VACUUM",
        "vacuum (full) t",
        "/* c */ VACUUM -- d",
        "VACUUM ANALYZE t",
        "CREATE DATABASE d",
        "DROP DATABASE IF EXISTS d",
        "CREATE TABLESPACE s LOCATION '/x'",
        "DROP TABLESPACE s",
        "ALTER DATABASE d SET TABLESPACE s",
        "ALTER DATABASE \"d\" SET TABLESPACE s",
        "ALTER DATABASE d TABLESPACE s",
        "ALTER DATABASE d WITH TABLESPACE s",
        "ALTER SYSTEM SET work_mem = '1MB'",
        "ALTER SYSTEM RESET ALL",
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "create unique index concurrently if not exists i on t (a)",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "CREATE INDEX/* c */CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "DROP INDEX CONCURRENTLY IF EXISTS a.i",
        "REINDEX INDEX CONCURRENTLY i",
        "REINDEX TABLE CONCURRENTLY t",
        "REINDEX (CONCURRENTLY) TABLE t",
        "REINDEX (VERBOSE, CONCURRENTLY) INDEX i",
        "REINDEX (CONCURRENTLY true) TABLE t",
        "REINDEX (concurrently on, verbose) TABLE t",
        "REINDEX (CONCURRENTLY 1) TABLE t",
        "REINDEX (\"concurrently\") TABLE t",
        "REINDEX (CONCURRENTLY false, CONCURRENTLY) TABLE t",
        "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
        "REINDEX (TABLESPACE x, CONCURRENTLY 'on') TABLE t",
        "REINDEX SCHEMA s",
        "REINDEX DATABASE d",
        "REINDEX SYSTEM d",
        "REINDEX (VERBOSE) SCHEMA CONCURRENTLY s",
        "CLUSTER",
        "CLUSTER VERBOSE",
        "CLUSTER /* all */",
        "cluster (verbose)",
        "ALTER TABLE p DETACH PARTITION c CONCURRENTLY",
        "ALTER TABLE IF EXISTS ONLY a.\"p q\" DETACH PARTITION b.c CONCURRENTLY",
        "ALTER TABLE p * DETACH PARTITION c CONCURRENTLY",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (enabled = false)",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = true)",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot)",
        "DROP SUBSCRIPTION s",
        "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
        "ALTER SUBSCRIPTION s SET PUBLICATION p, q",
        "ALTER SUBSCRIPTION s ADD PUBLICATION p WITH (copy_data = false)",
        "DISCARD ALL",
        "COMMIT PREPARED 'x'",
        "ROLLBACK PREPARED 'x'",
    };
    CHECK(LS_DIALECT_POSTGRES, LS_TX_FORBIDS, rows);
}

static void test_postgres_controls(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "BEGIN",
        "begin isolation level serializable",
        "BEGIN WORK",
        "START TRANSACTION READ ONLY",
        "COMMIT",
        "COMMIT AND CHAIN",
        "END",
        "END TRANSACTION",
        "ROLLBACK",
        "ROLLBACK TO SAVEPOINT a",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "RELEASE a",
        "PREPARE TRANSACTION 'x'",
        "-- c\nCOMMIT",
    };
    CHECK(LS_DIALECT_POSTGRES, LS_TX_CONTROLS, rows);
}

static void test_postgres_transactional(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "-- VACUUM",
        "SELECT 1",
        "(SELECT 1)",
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX \"CONCURRENTLY\" ON t (a)",
        "CREATE INDEX concurrently_i ON t (a)",
        "DROP INDEX i",
        "DROP INDEX IF EXISTS concurrently",
        "REINDEX TABLE t",
        "REINDEX (CONCURRENTLY false) TABLE t",
        "REINDEX (CONCURRENTLY off) INDEX i",
        "REINDEX (VERBOSE, CONCURRENTLY 0) TABLE t",
        "REINDEX (CONCURRENTLY 'FALSE') TABLE t",
        "REINDEX (CONCURRENTLY, CONCURRENTLY off) TABLE t",
        "REINDEX TABLE schema",
        "CLUSTER t",
        "CLUSTER VERBOSE t USING i",
        "CLUSTER (VERBOSE) t",
        "CLUSTER i ON t",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "ANALYZE",
        "CHECKPOINT",
        "ALTER TYPE t ADD VALUE 'x'",
        "ALTER TABLE p DETACH PARTITION c",
        "ALTER TABLE p DETACH PARTITION c FINALIZE",
        "ALTER TABLE p DETACH PARTITION concurrently",
        "ALTER TABLE p ADD COLUMN concurrently int",
        "ALTER DATABASE d SET default_tablespace = s",
        "ALTER DATABASE d OWNER TO tablespace",
        "ALTER DATABASE tablespace RENAME TO x",
        "ALTER TABLESPACE s RENAME TO x",
        "ALTER TABLE t SET TABLESPACE s",
        "CREATE TABLE database (a int)",
        "DROP TABLE vacuum",
        "DISCARD PLANS",
        "DISCARD TEMP",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false)",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (enabled = true, connect = off)",
        "ALTER SUBSCRIPTION s DISABLE",
        "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
        "ALTER SUBSCRIPTION s SET (slot_name = NONE)",
        "ALTER SUBSCRIPTION s OWNER TO x",
        "PREPARE transaction AS SELECT 1",
        "PREPARE transaction (int) AS SELECT $1",
        "PREPARE p AS SELECT 1",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "EXPLAIN SELECT 1",
        "LOCK TABLE t",
        "CALL p()",
        "DO $$ BEGIN COMMIT; END $$",
        "\"VACUUM\"",
        "'VACUUM'",
        "VACUUMX",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
        "COMMENT ON DATABASE d IS 'x'",
        "GRANT CREATE ON DATABASE d TO x",
        "ATTACH 'x' AS y",
        "PRAGMA foreign_keys = 1",
    };
    CHECK(LS_DIALECT_POSTGRES, LS_TX_TRANSACTIONAL, rows);
}

static const char *const outer_pragmas[] = {
    "PRAGMA foreign_keys = OFF",        "pragma foreign_keys=1",       "PRAGMA foreign_keys(0)",
    "PRAGMA main.foreign_keys = ON",    "PRAGMA \"foreign_keys\" = 0", "PRAGMA/* c */journal_mode = WAL",
    "PRAGMA main.journal_mode(delete)", "PRAGMA synchronous = OFF",    "PRAGMA wal_checkpoint",
    "PRAGMA wal_checkpoint(TRUNCATE)",
};
static const char *const inner_pragmas[] = {
    "PRAGMA foreign_keys",
    "PRAGMA main.journal_mode",
    "PRAGMA synchronous",
    "PRAGMA user_version = 3",
    "PRAGMA defer_foreign_keys = ON",
    "PRAGMA foreign_key_check",
    "PRAGMA foreign_key_check(t)",
    "PRAGMA foreign_keys.x = 1",
    "PRAGMA",
    "PRAGMA legacy_alter_table = ON",
    "PRAGMA writable_schema = 1",
    "PRAGMA 'foreign_keys'",
};

static void test_sqlite(void **state)
{
    (void)state;
    static const char *const forbids[] = {
        "VACUUM", "vacuum main", "VACUUM INTO 'x'", "ATTACH 'x' AS y", "ATTACH DATABASE 'x' AS y", "DETACH y", "DETACH DATABASE y",
    };
    static const char *const controls[] = {
        "BEGIN",
        "BEGIN IMMEDIATE",
        "begin exclusive transaction",
        "COMMIT",
        "END",
        "END TRANSACTION",
        "ROLLBACK",
        "ROLLBACK TO a",
        "SAVEPOINT a",
        "RELEASE a",
    };
    static const char *const others[] = {
        "SELECT 1",
        "EXPLAIN VACUUM",
        "EXPLAIN BEGIN",
        "CREATE TABLE vacuum (a)",
        "REINDEX",
        "ANALYZE",
        "[VACUUM]",
        "",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "START TRANSACTION",
    };
    CHECK(LS_DIALECT_SQLITE, LS_TX_FORBIDS, forbids);
    CHECK(LS_DIALECT_SQLITE, LS_TX_FORBIDS, outer_pragmas);
    CHECK(LS_DIALECT_SQLITE, LS_TX_CONTROLS, controls);
    CHECK(LS_DIALECT_SQLITE, LS_TX_TRANSACTIONAL, others);
    CHECK(LS_DIALECT_SQLITE, LS_TX_TRANSACTIONAL, inner_pragmas);
    for (size_t i = 0; i < LS_ARRAY_LEN(outer_pragmas); i++)
        assert_true(ls_sql_is_outer_pragma(outer_pragmas[i], strlen(outer_pragmas[i])));
    for (size_t i = 0; i < LS_ARRAY_LEN(inner_pragmas); i++)
        assert_false(ls_sql_is_outer_pragma(inner_pragmas[i], strlen(inner_pragmas[i])));
    assert_false(ls_sql_is_outer_pragma("VACUUM", 6));
}

#ifdef LS_WITH_SQLITE
/* What SQLite itself does with the setting pragmas inside a transaction: refused, or without effect. */
static void test_sqlite_agrees(void **state)
{
    (void)state;
    static const char *const set[][2] = {
        {"PRAGMA foreign_keys = 1", "PRAGMA foreign_keys"},
        {"PRAGMA journal_mode = MEMORY", "PRAGMA journal_mode"},
        {"PRAGMA synchronous = 0", "PRAGMA synchronous"},
    };
    char path[] = "file:txclass?mode=memory";
    for (size_t i = 0; i < LS_ARRAY_LEN(set); i++) {
        sqlite3 *db = NULL;
        sqlite3_stmt *st = NULL;
        char before[32] = "", after[32] = "";
        assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, NULL), SQLITE_OK);
        for (int pass = 0; pass < 2; pass++) {
            assert_int_equal(sqlite3_prepare_v2(db, set[i][1], -1, &st, NULL), SQLITE_OK);
            assert_int_equal(sqlite3_step(st), SQLITE_ROW);
            sqlite3_snprintf(32, pass ? after : before, "%s", (const char *)sqlite3_column_text(st, 0));
            sqlite3_finalize(st);
            if (pass == 0) {
                assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE; CREATE TABLE t(a); INSERT INTO t VALUES(1)", NULL, NULL, NULL),
                                 SQLITE_OK);
                (void)sqlite3_exec(db, set[i][0], NULL, NULL, NULL);
            }
        }
        assert_string_equal(before, after);
        sqlite3_close(db);
    }
}
#endif

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(ls_tx_class_name(LS_TX_TRANSACTIONAL), "transactional");
    assert_string_equal(ls_tx_class_name(LS_TX_FORBIDS), "no-transaction");
    assert_string_equal(ls_tx_class_name(LS_TX_CONTROLS), "transaction-control");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_postgres_forbids),
        cmocka_unit_test(test_postgres_controls),
        cmocka_unit_test(test_postgres_transactional),
        cmocka_unit_test(test_sqlite),
#ifdef LS_WITH_SQLITE
        cmocka_unit_test(test_sqlite_agrees),
#endif
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
