#include <config.h>

#include "bench_util.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double bench_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int cmp_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double bench_quantile(double *v, size_t n, double q)
{
    if (!n) {
        return 0;
    }
    qsort(v, n, sizeof *v, cmp_double);
    size_t i = (size_t)(q * (double)(n - 1) + 0.5);
    return v[i];
}

static bool report(const char *name, double value, double floor, double ratio, const char *unit, double goal_ratio)
{
    bool met = ratio <= goal_ratio;
    printf("# bench %-40s %9.3f %-4s floor %9.3f  ratio %6.2f  goal %5.2f  %s\n", name, value, unit, floor, ratio, goal_ratio, met ? "met" : "OVER");
    fflush(stdout);
    return met;
}

bool bench_report(const char *name, double value, double floor, const char *unit, double goal_ratio)
{
    return report(name, value, floor, floor > 0 ? value / floor : 0, unit, goal_ratio);
}

bool bench_report_pairs(const char *name, double *values, double *floors, size_t n, const char *unit, double goal_ratio)
{
    double *ratios = calloc(n ? n : 1, sizeof *ratios);
    if (!ratios) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        ratios[i] = floors[i] > 0 ? values[i] / floors[i] : 0;
    }
    bool met = report(name, bench_quantile(values, n, .5), bench_quantile(floors, n, .5), bench_quantile(ratios, n, .5), unit, goal_ratio);
    free(ratios);
    return met;
}

bool bench_make_dir(char *out, size_t size)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(out, size, "%s/ls-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(out) && chmod(out, 0755) == 0;
}

void bench_remove_dir(const char *dir)
{
    const char *const rm[] = {"/bin/rm", "-rf", dir, NULL};
    bench_run_ms(rm, NULL);
}

struct bench_pty bench_pty_start(const char *const *argv, const char *cwd, int rows, int cols)
{
    struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    struct bench_pty p = {0};
    p.pid = forkpty(&p.fd, NULL, NULL, &ws);
    if (p.pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        if (cwd && chdir(cwd) != 0) {
            _exit(126);
        }
        execv(argv[0], (char *const *)(size_t)argv);
        _exit(127);
    }
    fcntl(p.fd, F_SETFL, O_NONBLOCK);
    return p;
}

/* What has come, waiting for it at most so long. */
static size_t take(struct bench_pty *p, char *out, size_t room, int wait_ms)
{
    struct pollfd pfd = {.fd = p->fd, .events = POLLIN};
    ssize_t n = poll(&pfd, 1, wait_ms) > 0 ? read(p->fd, out, room) : 0;
    return n > 0 ? (size_t)n : 0;
}

int bench_pty_tokens(struct bench_pty *p, const char *const *tokens, double *at_ms, int n, int timeout_ms)
{
    static char seen[1 << 20];
    double start = bench_now_ms(), now = start;
    size_t len = 0, from = 0;
    int i = 0;
    while (i < n && now - start < timeout_ms && len < sizeof seen) {
        size_t got = take(p, seen + len, sizeof seen - len, 50);
        now = bench_now_ms();
        len += got;
        for (char *at; i < n && (at = memmem(seen + from, len - from, tokens[i], strlen(tokens[i]))); i++) {
            at_ms[i] = now;
            from = (size_t)(at - seen) + strlen(tokens[i]);
        }
    }
    return i == n ? 0 : -1;
}

long bench_pty_read(struct bench_pty *p, int quiet_ms, int timeout_ms, double *last_ms)
{
    static char bytes[1 << 16];
    double start = bench_now_ms(), now = start, last = 0;
    long total = 0;
    while (now - start < timeout_ms) {
        size_t got = take(p, bytes, sizeof bytes, total ? quiet_ms : 50);
        now = bench_now_ms();
        if (!got && total) {
            break;
        }
        last = got ? now : last;
        total += (long)got;
    }
    if (last_ms) {
        *last_ms = last;
    }
    return total ? total : -1;
}

int bench_pty_before(struct bench_pty *p, const char *token, int timeout_ms, char *digits, size_t size)
{
    double start = bench_now_ms();
    char seen[1 << 16];
    size_t len = 0;
    while (bench_now_ms() - start < timeout_ms && len < sizeof seen) {
        len += take(p, seen + len, sizeof seen - len, 50);
        char *at = memmem(seen, len, token, strlen(token)), *from = at;
        while (from && from > seen && from[-1] >= '0' && from[-1] <= '9') {
            from--;
        }
        if (from) {
            snprintf(digits, size, "%.*s", (int)(at - from), from);
            return 0;
        }
    }
    return -1;
}

void bench_pty_write(struct bench_pty *p, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(p->fd, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
}

long bench_rss_kib(pid_t pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    long kib = -1;
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = atol(line + 6);
        }
    }
    if (f) {
        fclose(f);
    }
    return kib;
}

struct bench_cpu bench_cpu(pid_t pid)
{
    struct bench_cpu sum = {0};
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        unsigned long long ran = 0;
        long turns = 0;
        if (e->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid, e->d_name);
        FILE *f = fopen(path, "re");
        if (f && fscanf(f, "%llu %*u %ld", &ran, &turns) == 2) {
            sum.ms += (double)ran / 1e6;
            sum.turns += turns;
        }
        if (f) {
            fclose(f);
        }
    }
    if (d) {
        closedir(d);
    }
    return sum;
}

void bench_pty_end(struct bench_pty *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    close(p->fd);
}

double bench_run_ms(const char *const *argv, const char *cwd)
{
    double start = bench_now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        if (cwd && chdir(cwd) != 0) {
            _exit(126);
        }
        execv(argv[0], (char *const *)(size_t)argv);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? bench_now_ms() - start : -1;
}
