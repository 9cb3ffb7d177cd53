/* Applying N small migrations, and `status` afterwards: lockstep against the floor programs, which send the same statements and ledger rows from one bare
 * C process (performance.md B), and against dbmate where there is one.
 * Of `status` the floor is the shell that a user has (sqlite3, psql) reading the ledger; the bare C process that does the same is printed beside it.
 * usage: bench_apply LOCKSTEP FLOORS N ROUNDS [PG_URL [DBMATE [ONLY]]]; FLOORS is the folder of floor_sqlite and floor_postgres, ONLY is SQLite or
 * PostgreSQL. "" stands for none. */
#include <config.h>

#include "bench_util.h"
#include "floor.h"

#include <glob.h>
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
#define N_STATUS   9 /* of each, in every round */

struct contender {
    const char *name;
    const char *const *argv;
    double ms[MAX_ROUNDS];
};

struct bench {
    const char *what;     /* "SQLite" */
    const char *lockstep, *floor, *dbmate;
    const char *const *shell; /* reads the ledger; NULL: there is no such program here */
    const char *url;      /* of the database that each timing gets anew */
    const char *dbmate_url, *dbmate_full_url; /* as it comes; and as durable as we are, NULL where it is that anyway */
    const char *pg_admin; /* NULL: SQLite */
    int n, rounds;
    double goal;
};

static char dir[300];

/* The same files in both tools' own form. */
static int make_files(int n)
{
    char path[400], sql[256];

    for (int tool = 0; tool < 2; tool++) {
        snprintf(path, sizeof(path), tool ? "%s/dbmate" : "%s/migrations", dir);
        mkdir(path, 0755);
    }
    for (int i = 1; i <= n; i++) {
        snprintf(sql, sizeof(sql), "CREATE TABLE t%d (id integer PRIMARY KEY, name text);\nCREATE INDEX t%d_name ON t%d (name);\n", i, i, i);
        for (int tool = 0; tool < 2; tool++) {
            snprintf(path, sizeof(path), tool ? "%s/dbmate/%06d_m%d.sql" : "%s/migrations/%06d_m%d.up.sql", dir, i, i);
            FILE *f = fopen(path, "we");
            if (!f)
                return -1;
            fprintf(f, tool ? "-- migrate:up\n%s-- migrate:down\n" : "%s", sql);
            fclose(f);
        }
    }
    return 0;
}

#ifdef LS_WITH_POSTGRES
static long pg_do(const char *url, const char *sql)
{
    PGconn *c = PQconnectdb(url);

    PQclear(PQexec(c, "SET client_min_messages = warning"));
    PGresult *r = PQexec(c, sql);
    long value = PQresultStatus(r) == PGRES_TUPLES_OK ? atol(PQgetvalue(r, 0, 0)) : PQresultStatus(r) == PGRES_COMMAND_OK ? 0 : -1;

    if (value < 0)
        fprintf(stderr, "bench_apply: %s", PQresultErrorMessage(r));
    PQclear(r);
    PQfinish(c);
    return value;
}
#endif

/* An empty database for one timing. */
static int fresh(const struct bench *b)
{
    if (!b->pg_admin) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", dir, b->url + strlen("sqlite:"));
        unlink(path);
        return 0;
    }
#ifdef LS_WITH_POSTGRES
    return pg_do(b->pg_admin, "DROP DATABASE IF EXISTS ls_bench") != 0 ||
           pg_do(b->pg_admin, "CREATE DATABASE ls_bench") != 0;
#else
    return 1;
#endif
}

/* 0 when the ledger holds a row for each migration: a contender that did nothing must not win. */
static int check_applied(const struct bench *b)
{
    static const char q[] = "SELECT count(*) FROM schema_migrations";
    long rows = -1;

#ifdef LS_WITH_SQLITE
    if (!b->pg_admin) {
        char path[400];
        sqlite3 *db = NULL;
        sqlite3_stmt *st = NULL;

        snprintf(path, sizeof(path), "%s/%s", dir, b->url + strlen("sqlite:"));
        if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK && sqlite3_prepare_v2(db, q, -1, &st, NULL) == SQLITE_OK &&
            sqlite3_step(st) == SQLITE_ROW)
            rows = (long)sqlite3_column_int64(st, 0);
        sqlite3_finalize(st);
        sqlite3_close(db);
    }
#endif
#ifdef LS_WITH_POSTGRES
    if (b->pg_admin)
        rows = pg_do(b->url, q);
#endif
    return rows != b->n;
}

/* While lockstep's own ledger is there. */
static int time_status(const struct bench *b, double *value, double *bare, double *shell)
{
    const char *const status[] = {b->lockstep, "status", "--format", "lockstep", "--url", b->url, "--migrations", "migrations", NULL};
    const char *const query[] = {b->floor, "status", b->url, NULL};

    for (int i = 0; i < N_STATUS; i++) {
        shell[i] = b->shell ? bench_run_ms(b->shell, dir) : 0;
        bare[i] = bench_run_ms(query, dir);
        value[i] = bench_run_ms(status, dir);
        if (shell[i] < 0 || bare[i] < 0 || value[i] < 0) {
            fprintf(stderr, "bench_apply: status failed on %s\n", b->what);
            return 1;
        }
    }
    return 0;
}

static void report_status(const struct bench *b, double *value, double *bare, double *shell)
{
    size_t n = (size_t)(b->rounds * N_STATUS);
    static double again[MAX_ROUNDS * N_STATUS]; /* reporting sorts */
    char label[64];

    memcpy(again, value, n * sizeof(*again));
    if (b->shell) {
        snprintf(label, sizeof(label), "status, %d applied, %s", b->n, b->what);
        bench_report_pairs(label, value, shell, n, "ms", 2.0);
    }
    snprintf(label, sizeof(label), "status, %d, %s, floor: bare C", b->n, b->what);
    bench_report_pairs(label, again, bare, n, "ms", 2.0);
}

static int compare(const struct bench *b)
{
    char n[16], label[64];
    static double status[MAX_ROUNDS * N_STATUS], query[MAX_ROUNDS * N_STATUS], shell[MAX_ROUNDS * N_STATUS];

    snprintf(n, sizeof(n), "%d", b->n);
    const char *const floor_argv[] = {b->floor, "apply", dir, n, b->url, NULL};
    const char *const lock_argv[] = {b->lockstep, "up", "--yes", "--format", "lockstep", "--url", b->url, "--migrations", "migrations", NULL};
    const char *const dbmate_argv[] = {b->dbmate, "--no-dump-schema", "-u", b->dbmate_url, "-d", "dbmate", "up", NULL};
    const char *const full_argv[] = {b->dbmate, "--no-dump-schema", "-u", b->dbmate_full_url, "-d", "dbmate", "up", NULL};
    struct contender c[] = {{.name = "floor", .argv = floor_argv},
                            {.name = "lockstep", .argv = lock_argv},
                            {.name = "dbmate", .argv = dbmate_argv},
                            {.name = "dbmate at FULL", .argv = full_argv}};
    int n_contenders = !b->dbmate ? 2 : b->dbmate_full_url ? 4 : 3;

    for (int round = 0; round < b->rounds; round++) {
        for (int k = 0; k < n_contenders; k++) {
            if (fresh(b) != 0 || (c[k].ms[round] = bench_run_ms(c[k].argv, dir)) < 0 || check_applied(b) != 0) {
                fprintf(stderr, "bench_apply: %s failed on %s\n", c[k].name, b->what);
                return 1;
            }
            if (k == 1 && time_status(b, status + round * N_STATUS, query + round * N_STATUS, shell + round * N_STATUS) != 0)
                return 1;
        }
    }
    report_status(b, status, query, shell);
    double lockstep[MAX_ROUNDS];

    memcpy(lockstep, c[1].ms, sizeof(lockstep));
    snprintf(label, sizeof(label), "apply %d, %s", b->n, b->what);
    bench_report_pairs(label, c[1].ms, c[0].ms, (size_t)b->rounds, "ms", b->goal);
    for (int k = 2; k < n_contenders; k++) {
        double ours[MAX_ROUNDS]; /* reporting sorts */

        memcpy(ours, lockstep, sizeof(ours));
        snprintf(label, sizeof(label), "apply %d, %s, floor: %s", b->n, b->what, c[k].name);
        bench_report_pairs(label, ours, c[k].ms, (size_t)b->rounds, "ms", 1.0);
    }
    return 0;
}

#ifdef LS_WITH_POSTGRES
/* postgresql:///postgres?host=... with another database in its path, in a form that libpq and Go's driver both read. */
static char *with_database(const char *url, const char *name)
{
    const char *slashes = strstr(url, "://"), *path = slashes ? strchr(slashes + 3, '/') : NULL, *query = path ? strchr(path, '?') : NULL;
    size_t size = strlen(url) + strlen(name) + 32;
    char *out = path ? malloc(size) : NULL;

    if (out)
        snprintf(out, size, "%.*s/%s%s%ssslmode=disable", (int)(path - url), url, name, query ? query : "?", query ? "&" : "");
    return out;
}
#endif

/* The newest psql of the distribution's own folders: the one in PATH may be a wrapper script that costs twice as much as psql. */
static const char *find_psql(void)
{
    static glob_t found;

    if (glob("/usr/lib/postgresql/*/bin/psql", 0, NULL, &found) == 0 && found.gl_pathc > 0)
        return found.gl_pathv[found.gl_pathc - 1];
    return access("/usr/bin/psql", X_OK) == 0 ? "/usr/bin/psql" : NULL;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: bench_apply LOCKSTEP FLOORS N ROUNDS [PG_URL [DBMATE [ONLY]]]\n");
        return 2;
    }
    struct bench b = {.lockstep = argv[1], .n = atoi(argv[3]), .rounds = atoi(argv[4]), .dbmate = argc > 6 && argv[6][0] ? argv[6] : NULL};
    const char *only = argc > 7 ? argv[7] : "";
    char floor[1024];
    int bad = 0;

    b.floor = floor;
    b.rounds = b.rounds < 1 ? 1 : b.rounds > MAX_ROUNDS ? MAX_ROUNDS : b.rounds;
    if (!bench_make_dir(dir, sizeof(dir)) || make_files(b.n) != 0) {
        fprintf(stderr, "bench_apply: no files could be made in %s\n", dir);
        return 1;
    }
#ifdef LS_WITH_SQLITE
    snprintf(floor, sizeof(floor), "%s/floor_sqlite", argv[2]);
    b.what = "SQLite";
    b.url = b.dbmate_url = "sqlite:bench.db";
    b.dbmate_full_url = "sqlite:bench.db?_sync=FULL";
    b.goal = 1.1;
    const char *const sqlite3_argv[] = {"/usr/bin/sqlite3", "-readonly", "bench.db", floor_status_sql, NULL};

    b.shell = access(sqlite3_argv[0], X_OK) == 0 ? sqlite3_argv : NULL;
    if (strcmp(only, "PostgreSQL") != 0)
        bad |= compare(&b);
#endif
#ifdef LS_WITH_POSTGRES
    if (argc > 5 && argv[5][0] && strcmp(only, "SQLite") != 0) {
        char *url = with_database(argv[5], "ls_bench");

        snprintf(floor, sizeof(floor), "%s/floor_postgres", argv[2]);
        b.what = "PostgreSQL";
        b.url = b.dbmate_url = url;
        b.dbmate_full_url = NULL;
        const char *const psql_argv[] = {find_psql(), "-XAtq", "-d", url, "-c", floor_status_sql, NULL};

        b.shell = psql_argv[0] ? psql_argv : NULL;
        b.pg_admin = argv[5];
        b.goal = 1.15;
        bad |= url ? compare(&b) : 1;
        free(url);
    }
#endif
    bench_remove_dir(dir);
    return bad;
}
