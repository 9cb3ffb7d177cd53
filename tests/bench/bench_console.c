/* The console on 10,000 migrations, half of them applied, against floors in the same rounds (performance.md C): starts, keys, floods, bytes, memory,
 * idleness. Prints ratios; asserts nothing but that everyone did the work.
 * usage: bench_console LOCKSTEP FLOORS [ROUNDS]; FLOORS is the folder of plain_ncurses and floor_console. */
#include <config.h>

#include "hash_hex.h"
#include "bench_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#define N_MIGRATIONS 10000
#define N_APPLIED    5000

static char dir[300];

/* The next one to run keeps the database busy for minutes, until the program is killed. */
static const char slow[] = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 10000000000) SELECT count(*) FROM c;\n";
static const char ledger_ddl[] = "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT, "
                                 "applied_at TEXT, applied_by TEXT, duration_ms INTEGER, checksum TEXT, "
                                 "status TEXT NOT NULL CHECK (status IN ('applied', 'rolled_back', 'failed')))";

static int add_row(sqlite3_stmt *st, int i, const char *text)
{
    char name[64], sum[HASH_HEX_SIZE];

    snprintf(name, sizeof(name), "row_number_%d", i);
    hash_hex(text, strlen(text), sum);
    sqlite3_reset(st);
    sqlite3_bind_int(st, 1, i);
    sqlite3_bind_text(st, 2, name, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(st, 3, sum, -1, SQLITE_TRANSIENT);
    return sqlite3_step(st) == SQLITE_DONE ? 0 : -1;
}

static int make_project(void)
{
    char path[400], text[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int bad;

    snprintf(path, sizeof(path), "%s/migrations", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/bench.db", dir);
    bad = sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, ledger_ddl, NULL, NULL, NULL) != SQLITE_OK ||
          sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
          sqlite3_prepare_v2(db, "INSERT INTO schema_migrations VALUES (?1, ?2, NULL, '2026-01-01T00:00:00.000Z', 'bench', 1, ?3, 'applied')", -1, &st,
                             NULL) != SQLITE_OK;
    for (int i = 1; !bad && i <= N_MIGRATIONS; i++) {
        snprintf(text, sizeof(text), "CREATE TABLE t%d (id integer primary key);\n", i);
        snprintf(path, sizeof(path), "%s/migrations/%06d_row_number_%d.up.sql", dir, i, i);
        FILE *f = fopen(path, "we");

        bad = !f || fputs(i == N_APPLIED + 1 ? slow : text, f) < 0;
        if (f)
            fclose(f);
        if (!bad && i <= N_APPLIED)
            bad = add_row(st, i, text) != 0;
    }
    sqlite3_finalize(st);
    bad = bad || sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK;
    sqlite3_close(db);
    return bad ? -1 : 0;
}

static double median(struct samples *s)
{
    return bench_quantile(s->v, s->n, .5);
}

static void report_keys(const char *what, struct samples *s, struct samples *plain)
{
    char label[64];

    snprintf(label, sizeof(label), "%s, settled p50", what);
    bench_report(label, median(s), median(plain), "ms", 2.5);
    printf("# bench %s: p99 %.2f ms (goal 8); plain %.2f\n", what, bench_quantile(s->v, s->n, .99), bench_quantile(plain->v, plain->n, .99));
}

static void report(struct program *lock, struct program *plain, struct program *reads, struct program *busy, size_t n_starts)
{
    bench_report_pairs("start to first frame", lock->start.v, plain->start.v, n_starts, "ms", 2.5);
    bench_report_pairs("start to useful screen, 10,000", lock->ready.v, reads->ready.v, n_starts, "ms", 1.5);
    report_keys("line key", &lock->line, &plain->line);
    report_keys("page key", &lock->page, &plain->page);
    report_keys("line key during a run", &lock->run_line, &busy->run_line);
    report_keys("page key during a run", &lock->run_page, &busy->run_page);
    printf("# bench flood of 200 keys: line %.0f keys/s, page %.0f keys/s (goal 2000), %s; plain %.0f, %.0f\n", median(&lock->flood_line),
           median(&lock->flood_page), lock->is_wrong ? "WRONG ROW at the end" : "right row at the end", median(&plain->flood_line),
           median(&plain->flood_page));
    printf("# bench bytes per line key: %.0f (goal 300); plain %.0f\n", median(&lock->bytes), median(&plain->bytes));
    printf("# bench memory: %.1f MiB (goal 30); plain %.1f\n", (double)lock->rss_kib / 1024, (double)plain->rss_kib / 1024);
    printf("# bench idle for 2 s: %.2f ms of CPU, %ld wake-ups (goal 0); plain %.2f, %ld\n", lock->idle_cpu_ms, lock->idle_wakeups, plain->idle_cpu_ms,
           plain->idle_wakeups);
}

int main(int argc, char **argv)
{
    static struct program lock = {.name = "lockstep", .first = "Timeline", .useful = "row_number_", .total = "/10000"};
    static struct program plain = {.name = "plain_ncurses", .first = "row_number_"};
    static struct program busy = {.name = "plain_ncurses busy", .first = "row_number_"};
    static struct program reads = {.name = "floor_console", .first = "reading", .useful = "row_number_"};
    char plain_path[1024], reads_path[1024];
    int rounds = argc > 3 ? atoi(argv[3]) : 5;

    if (argc < 3) {
        fprintf(stderr, "usage: bench_console LOCKSTEP FLOORS [ROUNDS]\n");
        return 2;
    }
    if (!bench_make_dir(dir, sizeof(dir)) || make_project() != 0) {
        fprintf(stderr, "bench_console: no project could be made in %s\n", dir);
        return 1;
    }
    snprintf(plain_path, sizeof(plain_path), "%s/plain_ncurses", argv[2]);
    snprintf(reads_path, sizeof(reads_path), "%s/floor_console", argv[2]);
    const char *const lock_argv[] = {argv[1], "--url", "sqlite:bench.db", "--migrations", "migrations", "--format", "lockstep", NULL};
    const char *const plain_argv[] = {plain_path, "10000", NULL};
    const char *const busy_argv[] = {plain_path, "10000", "busy", NULL};
    const char *const reads_argv[] = {reads_path, "bench.db", "migrations", NULL};
    lock.argv = lock_argv;
    plain.argv = plain_argv;
    reads.argv = reads_argv;
    busy.argv = busy_argv;
    lock.dir = plain.dir = reads.dir = busy.dir = dir;
    for (int i = 0; i < rounds * 5; i++) { /* round robin, so that each round is one comparison */
        bench_one_start(&plain);
        bench_one_start(&reads);
        bench_one_start(&lock);
    }
    size_t n_starts = lock.start.n;
    for (int i = 0; i < rounds; i++) {
        bench_one_session(&plain);
        bench_one_session(&lock);
        bench_one_busy(&busy);
        bench_one_run(&lock);
    }
    report(&lock, &plain, &reads, &busy, n_starts);
    bench_remove_dir(dir);
    return lock.line.n > 0 && plain.line.n > 0 && !lock.is_wrong ? 0 : 1;
}
