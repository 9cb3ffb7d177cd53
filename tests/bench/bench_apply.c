/* Applying N small migrations and `status` afterwards: lockstep against one bare C process that sends the same statements and ledger rows
 * (performance.md B). usage: bench_apply LOCKSTEP N ROUNDS [PG_URL]; itself in "bare" mode is the floor. DBMATE names a dbmate binary to run in the same rounds. */
#include <config.h>

#include "bench_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef LS_WITH_POSTGRES
#include <libpq-fe.h>
#endif
#ifdef LS_WITH_SQLITE
#include <sqlite3.h>
#endif

#define MAX_ROUNDS 32

static char dir[] = "/tmp/ls-bench-XXXXXX";
static int n_migrations;

static const char ledger_ddl[] = "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, name text NOT NULL, description text, applied_at text, "
                                 "applied_by text, duration_ms bigint, checksum text, status text NOT NULL)";

static void migration_sql(char *out, size_t size, int i)
{
    snprintf(out, size, "CREATE TABLE t%d (id integer PRIMARY KEY, name text);\nCREATE INDEX t%d_name ON t%d (name);\n", i, i, i);
}

static int make_files(void)
{
    char path[256], sql[512];
    if (!mkdtemp(dir)) {
        return -1;
    }
    chmod(dir, 0755);
    snprintf(path, sizeof path, "%s/migrations", dir);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/dbmate", dir);
    mkdir(path, 0755);
    for (int i = 1; i <= n_migrations; i++) {
        migration_sql(sql, sizeof sql, i);
        for (int tool = 0; tool < 2; tool++) {
            snprintf(path, sizeof path, tool ? "%s/dbmate/%06d_m%d.sql" : "%s/migrations/%06d_m%d.up.sql", dir, i, i);
            FILE *f = fopen(path, "we");
            if (!f) {
                return -1;
            }
            fprintf(f, tool ? "-- migrate:up\n%s-- migrate:down\n" : "%s", sql);
            fclose(f);
        }
    }
    return 0;
}

/* Reads the file as any tool must, then sends its statements and its ledger row in one transaction. */
static size_t bare_text(char *out, size_t size, int i)
{
    char path[256];
    snprintf(path, sizeof path, "%s/migrations/%06d_m%d.up.sql", dir, i, i);
    size_t len = (size_t)snprintf(out, size, "BEGIN; ");
    FILE *f = fopen(path, "re");
    if (f) {
        len += fread(out + len, 1, size - len - 512, f);
        fclose(f);
    }
    len += (size_t)snprintf(out + len, size - len,
                            " INSERT INTO schema_migrations VALUES (%d, 'm%d', NULL, CURRENT_TIMESTAMP, 'bench', 1, "
                            "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'applied'); COMMIT",
                            i, i);
    return len;
}

static int bare(const char *url)
{
    char sql[4096];
#ifdef LS_WITH_SQLITE
    if (strncmp(url, "sqlite:", 7) == 0) {
        sqlite3 *db = NULL;
        int rc = sqlite3_open(url + 7, &db);
        rc = rc == SQLITE_OK ? sqlite3_exec(db, "PRAGMA synchronous=FULL", NULL, NULL, NULL) : rc;
        rc = rc == SQLITE_OK ? sqlite3_exec(db, ledger_ddl, NULL, NULL, NULL) : rc;
        for (int i = 1; rc == SQLITE_OK && i <= n_migrations; i++) {
            bare_text(sql, sizeof sql, i);
            memcpy(sql, "BEGIN;", 6);
            rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
        }
        sqlite3_close(db);
        return rc == SQLITE_OK ? 0 : 1;
    }
#endif
#ifdef LS_WITH_POSTGRES
    PGconn *c = PQconnectdb(url);
    int failed = PQstatus(c) != CONNECTION_OK;
    if (!failed) {
        PQclear(PQexec(c, ledger_ddl));
    }
    for (int i = 1; !failed && i <= n_migrations; i++) {
        bare_text(sql, sizeof sql, i);
        PGresult *r = PQexec(c, sql);
        failed = PQresultStatus(r) != PGRES_COMMAND_OK;
        PQclear(r);
    }
    PQfinish(c);
    return failed;
#else
    return 1;
#endif
}

/* 0 when the ledger holds a row for each migration: a contender that did nothing must not win. */
static int check_applied(const char *url)
{
    static const char q[] = "SELECT count(*) FROM schema_migrations";
    long rows = -1;
#ifdef LS_WITH_SQLITE
    if (strncmp(url, "sqlite:", 7) == 0) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", dir, url + 7);
        sqlite3 *db = NULL;
        sqlite3_stmt *st = NULL;
        if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK && sqlite3_prepare_v2(db, q, -1, &st, NULL) == SQLITE_OK &&
            sqlite3_step(st) == SQLITE_ROW) {
            rows = (long)sqlite3_column_int64(st, 0);
        }
        sqlite3_finalize(st);
        sqlite3_close(db);
        return rows != n_migrations;
    }
#endif
#ifdef LS_WITH_POSTGRES
    PGconn *c = PQconnectdb(url);
    PGresult *r = PQexec(c, q);
    rows = PQresultStatus(r) == PGRES_TUPLES_OK ? atol(PQgetvalue(r, 0, 0)) : -1;
    PQclear(r);
    PQfinish(c);
#endif
    return rows != n_migrations;
}

/* The ledger query alone, the floor of `status`. */
static int bare_status(const char *url)
{
    static const char q[] = "SELECT version, name, description, applied_at, applied_by, duration_ms, checksum, status FROM schema_migrations ORDER BY version";
#ifdef LS_WITH_SQLITE
    if (strncmp(url, "sqlite:", 7) == 0) {
        sqlite3 *db = NULL;
        int rc = sqlite3_open_v2(url + 7, &db, SQLITE_OPEN_READONLY, NULL);
        rc = rc == SQLITE_OK ? sqlite3_exec(db, q, NULL, NULL, NULL) : rc;
        sqlite3_close(db);
        return rc == SQLITE_OK ? 0 : 1;
    }
#endif
#ifdef LS_WITH_POSTGRES
    PGconn *c = PQconnectdb(url);
    PGresult *r = PQexec(c, q);
    int failed = PQresultStatus(r) != PGRES_TUPLES_OK;
    PQclear(r);
    PQfinish(c);
    return failed;
#else
    return 1;
#endif
}

/* An empty database for one timing. */
static int fresh(const char *url, const char *pg_admin, const char *name)
{
    if (strncmp(url, "sqlite:", 7) == 0) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", dir, url + 7);
        unlink(path);
        return 0;
    }
#ifdef LS_WITH_POSTGRES
    char sql[256];
    PGconn *c = PQconnectdb(pg_admin);
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s", name);
    PQclear(PQexec(c, sql));
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    PGresult *r = PQexec(c, sql);
    int failed = PQresultStatus(r) != PGRES_COMMAND_OK;
    PQclear(r);
    PQfinish(c);
    return failed;
#else
    (void)pg_admin;
    (void)name;
    return 1;
#endif
}

static char *with_database(const char *pg_url, const char *name)
{
    /* postgresql:///postgres?host=... -> the same with another database: appended parameters win over the path */
    char *out = malloc(strlen(pg_url) + strlen(name) + 16);
    if (out) {
        snprintf(out, strlen(pg_url) + strlen(name) + 16, "%s%cdbname=%s", pg_url, strchr(pg_url, '?') ? '&' : '?', name);
    }
    return out;
}

struct contender {
    const char *name;
    const char *const *argv;
    double ms[MAX_ROUNDS];
};

static int compare(const char *what, const char *self, const char *lockstep, const char *url, const char *pg_admin, int rounds, double goal)
{
    char n[16];
    snprintf(n, sizeof n, "%d", n_migrations);
    const char *const bare_argv[] = {self, "bare", dir, n, url, NULL};
    const char *const lock_argv[] = {lockstep, "up", "--yes", "--format", "lockstep", "--url", url, "--migrations", "migrations", NULL};
    const char *dbmate = getenv("DBMATE");
    char dbmate_url[400];
    snprintf(dbmate_url, sizeof dbmate_url, strncmp(url, "sqlite:", 7) == 0 ? "sqlite:%s" : "%s", strncmp(url, "sqlite:", 7) == 0 ? url + 7 : url);
    const char *const dbmate_argv[] = {dbmate, "--no-dump-schema", "-u", dbmate_url, "-d", "dbmate", "up", NULL};
    struct contender c[3] = {{.name = "bare", .argv = bare_argv}, {.name = "lockstep", .argv = lock_argv}, {.name = "dbmate", .argv = dbmate_argv}};
    int n_contenders = dbmate ? 3 : 2;
    for (int round = 0; round < rounds; round++) {
        for (int k = 0; k < n_contenders; k++) {
            if (fresh(url, pg_admin, "ls_bench") != 0 || (c[k].ms[round] = bench_run_ms(c[k].argv, dir)) < 0 || check_applied(url) != 0) {
                fprintf(stderr, "bench_apply: %s failed on %s\n", c[k].name, what);
                return 1;
            }
            if (k == 1) { /* status while lockstep's own ledger is there */
                const char *const status_argv[] = {lockstep, "status", "--format", "lockstep", "--url", url, "--migrations", "migrations", NULL};
                const char *const query_argv[] = {self, "status", dir, n, url, NULL};
                double floor[9], value[9];
                for (int i = 0; i < 9; i++) {
                    floor[i] = bench_run_ms(query_argv, dir);
                    value[i] = bench_run_ms(status_argv, dir);
                    if (floor[i] < 0 || value[i] < 0) {
                        fprintf(stderr, "bench_apply: status failed on %s\n", what);
                        return 1;
                    }
                }
                if (round == rounds - 1) {
                    char label[64];
                    snprintf(label, sizeof label, "status, %d applied, %s", n_migrations, what);
                    bench_report(label, bench_quantile(value, 9, .5), bench_quantile(floor, 9, .5), "ms", 2.0);
                }
            }
        }
    }
    char label[64];
    double bare_ms = bench_quantile(c[0].ms, (size_t)rounds, .5);
    snprintf(label, sizeof label, "apply %d on %s", n_migrations, what);
    bench_report(label, bench_quantile(c[1].ms, (size_t)rounds, .5), bare_ms, "ms", goal);
    if (dbmate) {
        snprintf(label, sizeof label, "dbmate %d on %s", n_migrations, what);
        bench_report(label, bench_quantile(c[2].ms, (size_t)rounds, .5), bare_ms, "ms", 99);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && (strcmp(argv[1], "bare") == 0 || strcmp(argv[1], "status") == 0)) {
        snprintf(dir, sizeof dir, "%s", argv[2]);
        n_migrations = atoi(argv[3]);
        return argv[1][0] == 'b' ? bare(argv[4]) : bare_status(argv[4]);
    }
    if (argc < 4) {
        fprintf(stderr, "usage: bench_apply LOCKSTEP N ROUNDS [PG_URL]\n");
        return 2;
    }
    n_migrations = atoi(argv[2]);
    int rounds = atoi(argv[3]);
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    if (make_files() != 0) {
        fprintf(stderr, "bench_apply: no files could be made in %s\n", dir);
        return 1;
    }
    char self[1024];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    self[len > 0 ? len : 0] = '\0';
    int failed = 0;
#ifdef LS_WITH_SQLITE
    failed |= compare("SQLite", self, argv[1], "sqlite:bench.db", NULL, rounds, 1.1);
#endif
#ifdef LS_WITH_POSTGRES
    if (argc > 4) {
        char *url = with_database(argv[4], "ls_bench");
        failed |= url ? compare("PostgreSQL", self, argv[1], url, argv[4], rounds, 1.15) : 1;
        free(url);
    }
#endif
    const char *const rm[] = {"/bin/rm", "-rf", dir, NULL};
    bench_run_ms(rm, NULL);
    return failed;
}
