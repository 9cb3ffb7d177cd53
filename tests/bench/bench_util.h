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
/* Reads until each of the tokens was in the stream, one behind the other, and notes when they came. 0, or -1 on timeout. */
int bench_pty_tokens(struct bench_pty *p, const char *const *tokens, double *at_ms, int n, int timeout_ms);
/* Reads until something came and then nothing for quiet_ms; *last_ms: when the last byte came. Bytes read, or -1 when nothing came in time. */
long bench_pty_read(struct bench_pty *p, int quiet_ms, int timeout_ms, double *last_ms);
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
