/* tests/bench/bench_util.h: medians, a clock, and a raw pseudo-terminal for timing (no emulator in the way). */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

double bench_now_ms(void);
double bench_quantile(double *v, size_t n, double q); /* sorts v */

/* One line: "bench NAME  VALUE unit  floor FLOOR  ratio R  goal G  ok|over". Returns whether the goal is met. Goals are printed, and asserted by nobody:
 * on a busy machine only the ratio means something. */
bool bench_report(const char *name, double value, double floor, const char *unit, double goal_ratio);
/* The same from n rounds: medians, and as ratio the median of each round's own, for a machine whose speed drifts. Sorts values and floors. */
bool bench_report_pairs(const char *name, double *values, double *floors, size_t n, const char *unit, double goal_ratio);

/* A new folder in $TMPDIR; false when there is none to be had. */
bool bench_make_dir(char *out, size_t size);
void bench_remove_dir(const char *dir);

struct bench_pty {
    pid_t pid;
    int fd;
};
struct bench_pty bench_pty_start(const char *const *argv, const char *cwd, int rows, int cols);
/* Reads until `token` was in the stream (NULL: until anything came); then until quiet_ms without bytes. *first_ms and *token_ms: when the first byte and the token
 * came, *last_ms: the last byte. Returns bytes read, or -1 on timeout. */
long bench_pty_read(struct bench_pty *p, const char *token, int quiet_ms, int timeout_ms, double *first_ms, double *token_ms, double *last_ms);
/* Reads until `token` was in the stream and gives the digits in front of it. 0, or -1 on timeout. */
int bench_pty_before(struct bench_pty *p, const char *token, int timeout_ms, char *digits, size_t size);
void bench_pty_write(struct bench_pty *p, const char *bytes, size_t len);
long bench_rss_kib(pid_t pid);
/* So far, over all threads: time on a CPU, and how often one was given to it. */
struct bench_cpu {
    double ms;
    long turns;
};
struct bench_cpu bench_cpu(pid_t pid);
void bench_pty_end(struct bench_pty *p); /* kills and reaps */

/* Runs argv with stdout and stderr to /dev/null; wall ms, -1 when it failed. */
double bench_run_ms(const char *const *argv, const char *cwd);

#endif
