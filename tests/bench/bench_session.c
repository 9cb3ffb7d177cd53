#include <config.h>

#include "bench_session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_LINES 100
#define N_PAGES 50
#define N_BUSY  200 /* pages while something runs: a p99 of fewer is the worst of two or three */
#define N_FLOOD 200
#define IDLE_MS 2000

#define KEY_HOME   "\033OH"
#define KEY_DOWN   "j"
#define KEY_PGDOWN "\033[6~"
#define KEY_REDRAW "\014"

static void give_up(const struct program *p, const char *what)
{
    fprintf(stderr, "bench_console: %s never showed \"%s\"\n", p->name, what);
    exit(1);
}

static void add(struct samples *s, double v)
{
    if (s->n < BENCH_SAMPLES)
        s->v[s->n++] = v;
}

static void expect(struct program *p, struct bench_pty *pty, const char *token)
{
    double at;

    if (bench_pty_tokens(pty, &token, &at, 1, 60000) != 0)
        give_up(p, token);
}

/* Reads what still comes, up to a pause. */
static void settle(struct bench_pty *pty)
{
    (void)bench_pty_read(pty, 100, 400, NULL);
}

static void start(struct program *p, struct bench_pty *pty)
{
    const char *const tokens[] = {p->first, p->useful};
    double at[2], t0 = bench_now_ms();

    *pty = bench_pty_start(p->argv, p->dir, BENCH_ROWS, BENCH_COLS);
    if (bench_pty_tokens(pty, tokens, at, p->useful ? 2 : 1, 60000) != 0)
        give_up(p, p->useful ? p->useful : p->first);
    add(&p->start, at[0] - t0);
    if (p->useful)
        add(&p->ready, at[1] - t0);
}

void bench_one_start(struct program *p)
{
    struct bench_pty pty;

    start(p, &pty);
    bench_pty_end(&pty);
}

static void type(struct bench_pty *pty, const char *key)
{
    bench_pty_write(pty, key, strlen(key));
    settle(pty);
}

static void keys(struct bench_pty *pty, const char *key, int n, struct samples *ms, struct samples *bytes)
{
    for (int i = 0; i < n; i++) {
        double last = 0, t0 = bench_now_ms();

        bench_pty_write(pty, key, strlen(key));
        long got = bench_pty_read(pty, 4, 300, &last);
        if (got <= 0)
            continue;
        add(ms, last - t0);
        if (bytes)
            add(bytes, (double)got);
    }
}

/* The cursor's row, out of the status line of a whole repaint. */
static long row(struct program *p, struct bench_pty *pty)
{
    char text[16] = "";

    bench_pty_write(pty, KEY_REDRAW, 1);
    if (bench_pty_before(pty, p->total, 1000, text, sizeof(text)) != 0)
        give_up(p, p->total);
    settle(pty);
    return atol(text);
}

static void flood(struct program *p, struct bench_pty *pty, const char *key, long step, struct samples *out)
{
    char all[2048];
    size_t k = strlen(key), len = 0;
    double last = 0, t0;

    for (int i = 0; i < N_FLOOD && len + k < sizeof(all); i++, len += k)
        memcpy(all + len, key, k);
    type(pty, KEY_HOME);
    t0 = bench_now_ms();
    bench_pty_write(pty, all, len);
    (void)bench_pty_read(pty, 60, 10000, &last);
    if (last > t0)
        add(out, N_FLOOD / ((last - t0) / 1e3));
    if (p->total && row(p, pty) != 1 + step * N_FLOOD)
        p->is_wrong = true;
}

void bench_one_session(struct program *p)
{
    struct bench_pty pty;
    long page = 0;

    start(p, &pty);
    settle(&pty);
    type(&pty, KEY_HOME); /* so that no key is without effect; the plain list is there already */
    keys(&pty, KEY_DOWN, N_LINES, &p->line, &p->bytes);
    type(&pty, KEY_HOME);
    keys(&pty, KEY_PGDOWN, N_PAGES, &p->page, NULL);
    if (p->total)
        page = (row(p, &pty) - 1) / N_PAGES;
    flood(p, &pty, KEY_DOWN, 1, &p->flood_line);
    flood(p, &pty, KEY_PGDOWN, page, &p->flood_page);
    settle(&pty);
    p->rss_kib = bench_rss_kib(pty.pid);
    struct bench_cpu before = bench_cpu(pty.pid);
    poll(NULL, 0, IDLE_MS); /* doing nothing for that long is the thing measured */
    struct bench_cpu after = bench_cpu(pty.pid);
    p->idle_cpu_ms = after.ms - before.ms;
    p->idle_wakeups = after.turns - before.turns;
    bench_pty_end(&pty);
}

void bench_one_busy(struct program *p)
{
    struct bench_pty pty;

    start(p, &pty);
    settle(&pty);
    keys(&pty, KEY_DOWN, N_LINES, &p->run_line, NULL);
    keys(&pty, KEY_PGDOWN, N_BUSY, &p->run_page, NULL);
    bench_pty_end(&pty);
}

void bench_one_run(struct program *p)
{
    struct bench_pty pty;

    start(p, &pty);
    settle(&pty);
    bench_pty_write(&pty, "a", 1);
    expect(p, &pty, "[ Cancel ]");
    type(&pty, "\t");
    type(&pty, "\t");
    bench_pty_write(&pty, "\r", 1);
    expect(p, &pty, "RUNNING");
    settle(&pty);
    type(&pty, "1"); /* the timeline */
    type(&pty, KEY_HOME);
    keys(&pty, KEY_DOWN, N_LINES, &p->run_line, NULL);
    keys(&pty, KEY_PGDOWN, N_BUSY, &p->run_page, NULL);
    bench_pty_write(&pty, "3", 1);
    expect(p, &pty, "RUNNING"); /* still: or nothing was measured */
    bench_pty_end(&pty);
}
