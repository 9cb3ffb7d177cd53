#include <config.h>

#include "floor.h"

#include <sqlite3.h>

static const char ledger_ddl[] = "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT, applied_at TEXT, "
                                 "applied_by TEXT, duration_ms INTEGER, checksum TEXT, status TEXT NOT NULL)";

static const char *path_of(const char *url)
{
    return strncmp(url, "sqlite:", 7) == 0 ? url + 7 : url;
}

static int apply(const char *dir, int n, const char *url)
{
    char sql[4096];
    sqlite3 *db = NULL;
    int rc = sqlite3_open(path_of(url), &db);

    rc = rc == SQLITE_OK ? sqlite3_exec(db, "PRAGMA synchronous=FULL", NULL, NULL, NULL) : rc;
    rc = rc == SQLITE_OK ? sqlite3_exec(db, ledger_ddl, NULL, NULL, NULL) : rc;
    for (int i = 1; rc == SQLITE_OK && i <= n; i++) {
        floor_text(sql, sizeof(sql), dir, "BEGIN IMMEDIATE", i);
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    sqlite3_close(db);
    return rc == SQLITE_OK ? 0 : 1;
}

static int status(const char *url)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    long bytes = 0;
    int rc = sqlite3_open_v2(path_of(url), &db, SQLITE_OPEN_READONLY, NULL);

    rc = rc == SQLITE_OK ? sqlite3_prepare_v2(db, floor_status_sql, -1, &st, NULL) : rc;
    while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        for (int c = 0; c < sqlite3_column_count(st); c++) {
            const char *text = (const char *)sqlite3_column_text(st, c);
            bytes += text ? (long)strlen(text) : 0;
        }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return rc == SQLITE_OK && bytes > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    return floor_main(argc, argv, apply, status);
}
