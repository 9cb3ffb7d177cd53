/* The console against a plain ncurses list, both in the same rounds: start, keys, floods, bytes, memory, idle CPU (performance.md C).
 * usage: bench_console LOCKSTEP PLAIN [ROUNDS]. Prints ratios; asserts nothing but that both programs did the same work. */
#include <config.h>

#include "bench_util.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#define N_MIGRATIONS 10000
#define ROWS 40
#define COLS 120
#define MAX_SAMPLES 4096

static char dir[] = "/tmp/ls-bench-XXXXXX";

static int make_project(void)
{
    if (!mkdtemp(dir)) {
        return -1;
    }
    char path[256];
    snprintf(path, sizeof path, "%s/migrations", dir);
    mkdir(path, 0700);
    for (int i = 1; i <= N_MIGRATIONS; i++) {
        snprintf(path, sizeof path, "%s/migrations/%06d_row_number_%d.up.sql", dir, i, i);
        FILE *f = fopen(path, "we");
        if (!f) {
            return -1;
        }
        fprintf(f, "CREATE TABLE t%d (id integer primary key);\n", i);
        fclose(f);
    }
    snprintf(path, sizeof path, "%s/bench.db", dir);
    sqlite3 *db = NULL;
    int rc = sqlite3_open(path, &db);
    rc = rc == SQLITE_OK ? sqlite3_exec(db, "CREATE TABLE x(a)", NULL, NULL, NULL) : rc;
    sqlite3_close(db);
    return rc == SQLITE_OK ? 0 : -1;
}

struct program {
    const char *name;
    const char *const *argv;
    const char *first, *useful; /* what the stream holds when the first frame / the useful screen is there */
    double start[64], ready[64];
    size_t n_start;
    double line[MAX_SAMPLES], page[MAX_SAMPLES];
    size_t n_line, n_page;
    double line_bytes, flood_line, flood_page, idle_cpu;
    long rss;
};

static void give_up(const struct program *p, const char *what)
{
    fprintf(stderr, "bench_console: %s never showed \"%s\"\n", p->name, what);
    exit(1);
}

static void one_start(struct program *p, struct bench_pty *pty)
{
    double t0 = bench_now_ms(), first = 0, token = 0, last = 0;
    *pty = bench_pty_start(p->argv, dir, ROWS, COLS);
    if (bench_pty_read(pty, p->first, 0, 20000, &first, &token, &last) < 0) {
        give_up(p, p->first);
    }
    double start = (token > 0 ? token : first) - t0;
    if (strcmp(p->first, p->useful) != 0) {
        if (bench_pty_read(pty, p->useful, 30, 60000, &first, &token, &last) < 0) {
            give_up(p, p->useful);
        }
    }
    if (p->n_start < 64) {
        p->start[p->n_start] = start;
        p->ready[p->n_start++] = token - t0;
    }
    bench_pty_read(pty, NULL, 100, 300, &first, NULL, &last);
}

static void keys(struct bench_pty *pty, const char *key, int n, double *out, size_t *n_out, double *bytes)
{
    double sum = 0;
    for (int i = 0; i < n && *n_out < MAX_SAMPLES; i++) {
        double last = 0, t0 = bench_now_ms();
        bench_pty_write(pty, key, strlen(key));
        long got = bench_pty_read(pty, NULL, 4, 300, NULL, NULL, &last);
        if (got > 0) {
            out[(*n_out)++] = last - t0;
            sum += (double)got;
        }
    }
    if (bytes && n) {
        *bytes = sum / n;
    }
}

static double flood(struct bench_pty *pty, const char *key)
{
    char all[2048];
    size_t k = strlen(key), len = 0;
    for (int i = 0; i < 200 && len + k < sizeof all; i++) {
        memcpy(all + len, key, k);
        len += k;
    }
    double last = 0, t0 = bench_now_ms();
    bench_pty_write(pty, all, len);
    bench_pty_read(pty, NULL, 60, 10000, NULL, NULL, &last);
    return last > t0 ? 200.0 / ((last - t0) / 1e3) : 0;
}

static void one_session(struct program *p)
{
    struct bench_pty pty;
    one_start(p, &pty);
    double first = 0, last = 0;
    bench_pty_write(&pty, "\033OH", 3); /* from the top, so that no key is without effect; the plain list is there already */
    bench_pty_read(&pty, NULL, 100, 300, &first, NULL, &last);
    keys(&pty, "j", 100, p->line, &p->n_line, &p->line_bytes);
    keys(&pty, "\033[6~", 50, p->page, &p->n_page, NULL);
    p->flood_line = flood(&pty, "j");
    p->flood_page = flood(&pty, "\033[5~");
    bench_pty_read(&pty, NULL, 200, 500, &first, NULL, &last);
    p->rss = bench_rss_kib(pty.pid);
    double before = bench_cpu_ms(pty.pid);
    poll(NULL, 0, 2000); /* the thing measured is doing nothing for that long */
    p->idle_cpu = bench_cpu_ms(pty.pid) - before;
    bench_pty_end(&pty);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_console LOCKSTEP PLAIN [ROUNDS]\n");
        return 2;
    }
    int rounds = argc > 3 ? atoi(argv[3]) : 5;
    if (make_project() != 0) {
        fprintf(stderr, "bench_console: no project could be made in %s\n", dir);
        return 1;
    }
    const char *const lock_argv[] = {argv[1], "--url", "sqlite:bench.db", "--migrations", "migrations", "--format", "lockstep", NULL};
    const char *const plain_argv[] = {argv[2], "10000", NULL};
    static struct program lock = {.name = "lockstep", .first = "Timeline", .useful = "row_number_1"};
    static struct program plain = {.name = "plain", .first = "row_number_10000", .useful = "row_number_10000"};
    lock.argv = lock_argv;
    plain.argv = plain_argv;
    for (int i = 0; i < rounds * 2; i++) { /* starts alone, round robin */
        struct bench_pty pty;
        one_start(&plain, &pty);
        bench_pty_end(&pty);
        one_start(&lock, &pty);
        bench_pty_end(&pty);
    }
    for (int i = 0; i < rounds; i++) {
        one_session(&plain);
        one_session(&lock);
    }
    bench_report("start to first frame", bench_quantile(lock.start, lock.n_start, .5), bench_quantile(plain.start, plain.n_start, .5), "ms", 2.5);
    printf("# bench start to useful screen, 10,000 migrations: %.1f ms\n", bench_quantile(lock.ready, lock.n_start, .5));
    bench_report("line key, settled p50", bench_quantile(lock.line, lock.n_line, .5), bench_quantile(plain.line, plain.n_line, .5), "ms", 2.5);
    bench_report("page key, settled p50", bench_quantile(lock.page, lock.n_page, .5), bench_quantile(plain.page, plain.n_page, .5), "ms", 2.5);
    printf("# bench line key p99 %.2f ms (goal 8), page key p99 %.2f ms (goal 8)\n", bench_quantile(lock.line, lock.n_line, .99),
           bench_quantile(lock.page, lock.n_page, .99));
    printf("# bench flood of 200 keys: line %.0f keys/s, page %.0f keys/s (goal 2000); plain %.0f, %.0f\n", lock.flood_line, lock.flood_page,
           plain.flood_line, plain.flood_page);
    printf("# bench bytes per line key: %.0f (goal 300); plain %.0f\n", lock.line_bytes, plain.line_bytes);
    printf("# bench memory: %.1f MiB (goal 30); plain %.1f\n", (double)lock.rss / 1024, (double)plain.rss / 1024);
    printf("# bench idle CPU over 2 s: %.0f ms (goal 0); plain %.0f\n", lock.idle_cpu, plain.idle_cpu);
    const char *const rm[] = {"/bin/rm", "-rf", dir, NULL};
    bench_run_ms(rm, NULL);
    return lock.n_line > 0 && plain.n_line > 0 && lock.flood_line > 0 ? 0 : 1;
}
