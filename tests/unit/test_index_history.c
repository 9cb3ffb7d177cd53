/* The counters of earlier looks: what is kept, what a damaged file costs, and what is concluded. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/index.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define T0     (INT64_C(20000) * DAY) /* 2024-10-04T00:00:00Z */

struct scene {
    char dir[64];
    char *path;
    struct ls_usage_index x[3];
    struct ls_usage u;
    struct ls_history h;
    const char *note;
};

static int setup(void **state)
{
    struct scene *s = ls_calloc(1, sizeof(*s));
    static const char *const names[] = {"a", "b c%.\n", "c"};

    snprintf(s->dir, sizeof(s->dir), "%s", "history.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    for (int i = 0; i < 3; i++)
        s->x[i] =
            (struct ls_usage_index){.schema = "public", .name = names[i], .scans = 10, .bytes = 8192, .rows = 100, .oid = 100 + i};
    s->u = (struct ls_usage){.dialect = LS_DIALECT_POSTGRES,
                             .database = "app",
                             .server = "db.example:5432",
                             .system_id = "7",
                             .indexes = s->x,
                             .n_indexes = 3,
                             .taken_us = T0,
                             .started_us = T0 - 5 * DAY};
    s->path = ls_history_path(s->dir, &s->u);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    ls_history_release(&s->h);
    assert_int_equal(ls_remove_tree(s->dir, NULL), LS_OK);
    free(s->path);
    free(s);
    return 0;
}

/* Looks at `at` with these counts of the three. */
static const struct ls_past *look(struct scene *s, int64_t at, int64_t a, int64_t b, int64_t c)
{
    struct ls_err err = LS_ERR_INIT;

    ls_history_release(&s->h);
    s->u.taken_us = at;
    s->x[0].scans = a;
    s->x[1].scans = b;
    s->x[2].scans = c;
    if (ls_history_open(s->path, &s->u, true, &s->h, &s->note, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(s->h.n_past, 3);
    return s->h.past;
}

static char *text_of(const struct scene *s)
{
    struct ls_buf b = LS_BUF_INIT;

    assert_int_equal(ls_file_read(s->path, 0, 0, &b, NULL), LS_OK);
    return ls_buf_detach(&b);
}

static int lines(const struct scene *s, char kind)
{
    char *text = text_of(s);
    int n = 0;

    for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
        n += *p == kind;
    free(text);
    return n;
}

static void the_first_look(void **state)
{
    struct scene *s = *state;
    const struct ls_past *p = look(s, T0, 10, 0, 3);
    struct stat st;

    assert_int_equal(p[0].first_seen_us, T0);
    assert_int_equal(p[0].last_rise_us, 0);
    assert_int_equal(p[0].counted_from_us, T0 - 5 * DAY);
    assert_int_equal(p[0].scans_in_window, 10);
    assert_true(p[0].per_hour < 0 && p[0].built_bytes_per_row < 0);
    assert_true(lines(s, 'L') == 1 && s->h.window_from_us == T0 - 5 * DAY);
    assert_string_equal(s->h.window,
                        "since 2024-09-29 (5 days): the server was started then; whether its counters are older is not known");
    assert_null(s->note);
    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(lines(s, 'L'), 1);
    assert_int_equal(lines(s, 'I'), 3);
}

static void windows_without_a_file(void **state)
{
    struct scene *s = *state;
    struct ls_history h;
    const char *note;

    s->u.stats_reset_us = T0 - 2 * DAY;
    assert_int_equal(ls_history_open(NULL, &s->u, true, &h, &note, NULL), LS_OK);
    assert_string_equal(h.window, "since 2024-10-02 (2 days): the counters were reset then");
    ls_history_release(&h);
    s->u.stats_reset_us = s->u.started_us = 0;
    assert_int_equal(ls_history_open(NULL, &s->u, true, &h, &note, NULL), LS_OK);
    assert_string_equal(h.window, "since 2024-10-04 (less than an hour): first look of lockstep");
    ls_history_release(&h);
}

/* Nothing is written when it is not to be kept. */
static void only_looking(void **state)
{
    struct scene *s = *state;

    assert_int_equal(ls_history_open(s->path, &s->u, false, &s->h, &s->note, NULL), LS_OK);
    assert_false(ls_path_exists(s->path));
    assert_string_equal(s->h.path, s->path);
}

static void rises_and_rates(void **state)
{
    struct scene *s = *state;
    const struct ls_past *p = look(s, T0, 10, 0, 3);

    p = look(s, T0 + 2 * HOUR, 30, 0, 3);
    assert_int_equal(p[0].last_rise_us, T0 + 2 * HOUR);
    assert_true(p[0].per_hour > 9.99 && p[0].per_hour < 10.01);
    assert_true(p[1].per_hour > -0.01 && p[1].per_hour < 0.01);
    assert_int_equal(p[1].last_rise_us, 0);
    assert_int_equal(lines(s, 'I'), 4); /* only what changed */
    p = look(s, T0 + 20 * DAY, 30, 0, 4);
    assert_int_equal(p[0].last_rise_us, T0 + 2 * HOUR);
    assert_int_equal(p[2].last_rise_us, T0 + 20 * DAY);
    assert_int_equal(p[0].counted_from_us, T0 - 5 * DAY); /* nothing fell: it still counts from there */
    assert_int_equal(p[0].first_seen_us, T0);
    assert_int_equal(lines(s, 'L'), 3);
    s->x[1].last_scan_us = T0 + 3 * HOUR; /* server 16 */
    p = look(s, T0 + 21 * DAY, 30, 1, 4);
    assert_int_equal(p[1].last_rise_us, T0 + 21 * DAY);
    s->x[1].last_scan_us = T0 + 22 * DAY;
    assert_int_equal(look(s, T0 + 23 * DAY, 30, 1, 4)[1].last_rise_us, T0 + 22 * DAY);
}

/* Trap 1: a crash zeroes all counters and says nothing. One that fell tells it of all of them. */
static void a_count_that_fell_is_a_reset(void **state)
{
    struct scene *s = *state;
    const struct ls_past *p = look(s, T0, 10, 0, 0);

    p = look(s, T0 + 10 * DAY, 2, 0, 1);
    assert_int_equal(s->h.window_from_us, T0 + 10 * DAY); /* when is not known: not before this look */
    assert_int_equal(p[1].counted_from_us, T0 + 10 * DAY);
    assert_int_equal(p[0].last_rise_us, T0 + 10 * DAY);
    assert_true(p[0].per_hour < 0);
    assert_string_equal(s->h.window, "since 2024-10-14 (less than an hour): the counters began anew then, as after a crash");
    look(s, T0 + 12 * DAY, 2, 0, 1); /* kept */
    assert_int_equal(s->h.window_from_us, T0 + 10 * DAY);
    s->u.started_us = T0 + 13 * DAY; /* the server says when */
    look(s, T0 + 14 * DAY, 0, 0, 1);
    assert_int_equal(s->h.window_from_us, T0 + 13 * DAY);
    s->u.started_us = T0 + 15 * DAY; /* a restart in good order keeps them */
    look(s, T0 + 16 * DAY, 0, 0, 1);
    assert_int_equal(s->h.window_from_us, T0 + 13 * DAY);
}

static void an_equal_count_is_none(void **state)
{
    struct scene *s = *state;

    look(s, T0, 10, 0, 0);
    look(s, T0 + DAY, 10, 0, 0);
    assert_int_equal(s->h.window_from_us, T0 - 5 * DAY);
    look(s, T0 + 2 * DAY, 9, 0, 0);
    assert_int_equal(s->h.window_from_us, T0 + 2 * DAY);
}

static void stats_reset_is_believed(void **state)
{
    struct scene *s = *state;

    look(s, T0, 0, 0, 0);
    s->u.stats_reset_us = T0 + DAY;
    look(s, T0 + 2 * DAY, 0, 0, 0);
    assert_int_equal(s->h.window_from_us, T0 + DAY);
    assert_string_equal(s->h.window, "since 2024-10-05 (24 hours): the counters were reset then");
    look(s, T0 + 3 * DAY, 0, 0, 0);
    assert_string_equal(s->h.window, "since 2024-10-05 (2 days): the counters were reset then");
    s->u.stats_reset_us = 0; /* gone: only a crash does that */
    look(s, T0 + 4 * DAY, 0, 0, 0);
    assert_int_equal(s->h.window_from_us, T0 + 4 * DAY);
}

/* An index that was made yesterday has not been idle for a month. */
static void a_new_index_counts_from_its_first_sight(void **state)
{
    struct scene *s = *state;
    const struct ls_past *p;

    s->u.n_indexes = 2;
    ls_history_release(&s->h);
    assert_int_equal(ls_history_open(s->path, &s->u, true, &s->h, &s->note, NULL), LS_OK);
    s->u.n_indexes = 3;
    s->x[2].rows = 1000;
    s->x[2].bytes = 40000;
    p = look(s, T0 + 10 * DAY, 10, 10, 0);
    assert_int_equal(p[0].counted_from_us, T0 - 5 * DAY);
    assert_true(p[2].counted_from_us == T0 + 10 * DAY && p[2].last_rise_us == 0);
    assert_true(p[2].built_bytes_per_row > 39.9 && p[2].built_bytes_per_row < 40.1);
    assert_true(p[0].built_bytes_per_row < 0);
    p = look(s, T0 + 30 * DAY, 10, 10, 0);
    assert_int_equal(p[2].counted_from_us, T0 + 10 * DAY);
    s->x[0].oid = 900; /* dropped and made again */
    p = look(s, T0 + 31 * DAY, 3, 10, 0);
    assert_int_equal(p[0].counted_from_us, T0 + 31 * DAY);
    assert_int_equal(p[1].counted_from_us, T0 - 5 * DAY); /* no reset of the others */
    s->x[1].oid = 901;                                    /* REINDEX CONCURRENTLY: another oid, the count goes on */
    s->x[1].rows = 2000;
    s->x[1].bytes = 40000;
    p = look(s, T0 + 32 * DAY, 3, 10, 0);
    assert_int_equal(p[1].counted_from_us, T0 - 5 * DAY);
    assert_true(p[1].built_bytes_per_row > 19.9 && p[1].built_bytes_per_row < 20.1);
    s->x[1].oid = 902; /* a build of which the rows are not known says nothing */
    s->x[1].rows = -1;
    assert_true(look(s, T0 + 33 * DAY, 3, 10, 0)[1].built_bytes_per_row > 19.9);
}

static void a_rebuild_is_seen_by_its_size(void **state)
{
    struct scene *s = *state;

    s->x[0].rows = 1000;
    s->x[0].bytes = 100000;
    look(s, T0, 1, 0, 0);
    s->x[0].bytes = 70000; /* not less than 0.7: it may have been truncated */
    assert_true(look(s, T0 + HOUR, 2, 0, 0)[0].built_bytes_per_row < 0);
    s->x[0].bytes = 48999;
    assert_true(look(s, T0 + 2 * HOUR, 3, 0, 0)[0].built_bytes_per_row > 48.9);
    s->x[0].bytes = 90000; /* it grows: the best is kept */
    assert_true(look(s, T0 + 3 * HOUR, 4, 0, 0)[0].built_bytes_per_row < 49.1);
    s->x[2].rows = 999; /* too few rows for a ratio */
    s->x[2].bytes = 80000;
    look(s, T0 + 4 * HOUR, 4, 0, 1);
    s->x[2].bytes = 8192;
    assert_true(look(s, T0 + 5 * HOUR, 4, 0, 2)[2].built_bytes_per_row < 0);
}

static void put(const struct scene *s, const char *text)
{
    assert_int_equal(ls_file_write_atomic(s->path, text, strlen(text), 0600, NULL), LS_OK);
}

/* Each line of the file is spoilt in turn: the rest is read, and it is said. */
static void damage_costs_a_line(void **state)
{
    struct scene *s = *state;
    char *text;

    look(s, T0, 10, 0, 3);
    look(s, T0 + DAY, 20, 0, 3);
    text = text_of(s);
    for (char *p = strchr(text, '\n') + 1; *p; p = strchr(p, '\n') + 1) {
        struct ls_history h;
        const char *note;

        p[3] ^= 1;
        put(s, text);
        assert_int_equal(ls_history_open(s->path, &s->u, false, &h, &note, NULL), LS_OK);
        assert_non_null(note);
        assert_non_null(strstr(note, "damaged line"));
        assert_int_equal(h.past[0].scans_in_window, 20);
        ls_history_release(&h);
        p[3] ^= 1;
    }
    free(text);
}

static void a_torn_end_is_mended(void **state)
{
    struct scene *s = *state;
    char *text;
    const struct ls_past *p;

    look(s, T0, 10, 0, 3);
    look(s, T0 + DAY, 20, 0, 3);
    text = text_of(s);
    text[strlen(text) - 5] = '\0'; /* the line of index a, of the second look */
    put(s, text);
    free(text);
    p = look(s, T0 + 2 * DAY, 20, 0, 3);
    assert_string_equal(s->note + strlen(s->path), ": 1 damaged line of earlier counters left out");
    assert_int_equal(p[0].last_rise_us, T0 + 2 * DAY); /* its rise is seen a day late */
    assert_int_equal(p[2].first_seen_us, T0);
    p = look(s, T0 + 3 * DAY, 20, 0, 3);
    assert_null(s->note); /* the line is gone */
    assert_int_equal(p[0].last_rise_us, T0 + 2 * DAY);
    assert_int_equal(lines(s, 'L'), 4);
}

/* Whole, but for the newline: nothing is lost, and the next look stands on a line of its own. */
static void a_missing_newline(void **state)
{
    struct scene *s = *state;
    char *text;

    look(s, T0, 10, 0, 3);
    text = text_of(s);
    text[strlen(text) - 1] = '\0';
    put(s, text);
    free(text);
    look(s, T0 + HOUR, 11, 0, 3);
    assert_null(s->note);
    look(s, T0 + 2 * HOUR, 11, 0, 3);
    assert_null(s->note);
    assert_int_equal(lines(s, 'L'), 3);
}

/* A disk that is full in the middle of a line: it is said, what is known stays known, and the next look mends the file. */
static void a_full_disk(void **state)
{
    struct scene *s = *state;
    struct rlimit before, small;
    struct ls_err err = LS_ERR_INIT;
    struct stat st;

    look(s, T0, 10, 0, 3);
    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = (rlim_t)st.st_size + 60;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    ls_history_release(&s->h);
    s->u.taken_us = T0 + HOUR;
    s->x[0].scans = 20;
    s->x[1].scans = 5;
    assert_int_equal(ls_history_open(s->path, &s->u, true, &s->h, &s->note, &err), LS_E_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(strncmp(err.message, "cannot write ", 13), 0);
    ls_err_release(&err);
    assert_int_equal(s->h.past[0].last_rise_us, T0 + HOUR); /* told all the same */
    assert_int_equal(look(s, T0 + 2 * HOUR, 20, 5, 3)[0].last_rise_us, T0 + 2 * HOUR);
    assert_non_null(s->note);
    look(s, T0 + 3 * HOUR, 20, 5, 3);
    assert_null(s->note);
    assert_int_equal(s->h.past[0].last_rise_us, T0 + 2 * HOUR);
    assert_int_equal(s->h.past[0].first_seen_us, T0);
}

static void rubbish_is_left_out(void **state)
{
    struct scene *s = *state;

    put(s, "I 1 2 3 4 a.b 00000000\nL 1 2\nL x 0 0 0 11111111\n\n\xff\xfe\n");
    look(s, T0, 10, 0, 3);
    assert_non_null(strstr(s->note, "4 damaged lines"));
    assert_int_equal(lines(s, 'L'), 1);
    look(s, T0 + HOUR, 10, 0, 3);
    assert_null(s->note);
    assert_int_equal(lines(s, 'L'), 2);
}

static void looks_near_each_other_are_one(void **state)
{
    struct scene *s = *state;

    look(s, T0, 10, 0, 3);
    look(s, T0 + 300 * SECOND - 1, 11, 0, 3);
    assert_int_equal(lines(s, 'L'), 1);
    assert_true(s->h.past[0].per_hour > 11.9); /* told all the same */
    look(s, T0 + 300 * SECOND, 12, 0, 3);
    assert_int_equal(lines(s, 'L'), 2);
    look(s, T0 + 301 * SECOND, 0, 0, 3); /* a reset is kept at once */
    assert_int_equal(lines(s, 'L'), 3);
}

/* At most one an hour beyond the last day, one a day beyond the last month; the first one stays, and what was seen is not lost. */
static void old_looks_are_thinned(void **state)
{
    struct scene *s = *state;
    int64_t n = 0;

    for (int64_t t = T0; t <= T0 + 3 * HOUR; t += 20 * 60 * SECOND)
        look(s, t, ++n, 0, 0);
    assert_int_equal(lines(s, 'L'), 10);
    look(s, T0 + 2 * DAY, ++n, 0,
         0); /* :00 first, then :40 of three hours (which is the last before the next), and the one at 03:00 */
    assert_int_equal(lines(s, 'L'), 6);
    look(s, T0 + 40 * DAY, n, 0, 0); /* the first, one of the first day, one of the third, now */
    assert_int_equal(lines(s, 'L'), 4);
    assert_int_equal(s->h.past[0].first_seen_us, T0);
    assert_int_equal(s->h.past[0].last_rise_us, T0 + 2 * DAY);
    assert_int_equal(s->h.past[0].scans_in_window, n);
    look(s, T0 + 500 * DAY, n, 1, 0);
    assert_int_equal(s->h.past[0].last_rise_us, T0 + 2 * DAY);
    assert_int_equal(s->h.window_from_us, T0 - 5 * DAY);
}

/* A reset between two looks that become one is still known, also when the counts have passed the old ones meanwhile. */
static void thinning_keeps_a_reset(void **state)
{
    struct scene *s = *state;

    look(s, T0, 100, 5, 0);
    look(s, T0 + HOUR, 0, 0, 0);
    look(s, T0 + HOUR + 20 * 60 * SECOND, 200, 9, 0);
    look(s, T0 + 3 * DAY, 200, 9, 0);
    assert_int_equal(lines(s, 'L'), 3);
    assert_int_equal(s->h.window_from_us, T0 + HOUR);
    look(s, T0 + 4 * DAY, 200, 9, 0);
    assert_int_equal(s->h.window_from_us, T0 + HOUR);
}

/* A busy database's file does not grow for ever: looks get rarer, the first one and resets stay. */
static void a_large_file_is_thinned(void **state)
{
    struct scene *s = *state;
    struct ls_usage_index *many = ls_calloc(4000, sizeof(*many));
    struct stat st;
    int64_t largest = 0;

    for (int i = 0; i < 4000; i++)
        many[i] = (struct ls_usage_index){.schema = "public",
                                          .name = ls_asprintf("an_index_of_the_table_number_%04d", i),
                                          .bytes = 8192,
                                          .rows = 1,
                                          .oid = i + 1};
    s->u.indexes = many;
    s->u.n_indexes = 4000;
    for (int look = 0; look < 36; look++) {
        struct ls_history h;

        s->u.taken_us = T0 + look * HOUR;
        for (int i = 0; i < 4000; i++)
            many[i].scans = look == 10 ? 0 : many[i].scans + 100; /* a reset */
        assert_int_equal(ls_history_open(s->path, &s->u, true, &h, &s->note, NULL), LS_OK);
        assert_null(s->note);
        assert_int_equal(h.past[7].first_seen_us, T0);
        assert_int_equal(h.window_from_us, look < 10 ? T0 - 5 * DAY : T0 + 10 * HOUR);
        assert_int_equal(h.past[7].scans_in_window, many[7].scans);
        assert_int_equal(stat(s->path, &st), 0);
        largest = st.st_size > largest ? st.st_size : largest;
        ls_history_release(&h);
    }
    assert_in_range(largest, 6 * 1024 * 1024, 9 * 1024 * 1024);
    for (int i = 0; i < 4000; i++)
        free((void *)(uintptr_t)many[i].name);
    free(many);
    s->u.indexes = s->x;
    s->u.n_indexes = 3;
}

/* A clock that was wrong once: what it wrote is not believed before its time, and not lost. */
static void looks_of_the_future(void **state)
{
    struct scene *s = *state;

    look(s, T0 + 100 * DAY, 10, 0, 3);
    look(s, T0, 4, 0, 3);
    assert_int_equal(s->h.past[0].first_seen_us, T0);
    assert_int_equal(s->h.window_from_us, T0 - 5 * DAY);
    look(s, T0 + DAY, 5, 0, 3);
    assert_int_equal(s->h.past[0].last_rise_us, T0 + DAY);
    assert_int_equal(lines(s, 'L'), 3);
}

static void files_of_others_are_refused(void **state)
{
    struct scene *s = *state;
    struct ls_err err = LS_ERR_INIT;
    char *real = ls_asprintf("%s/real", s->dir);

    look(s, T0, 10, 0, 3);
    ls_history_release(&s->h);
    assert_int_equal(rename(s->path, real), 0);
    assert_int_equal(symlink("real", s->path), 0);
    assert_int_equal(ls_history_open(s->path, &s->u, true, &s->h, &s->note, &err), LS_E_REFUSED);
    assert_non_null(err.message);
    assert_int_equal(s->h.n_past, 3); /* what the database says itself is there */
    ls_err_release(&err);
    free(real);
}

static void a_folder_is_made(void **state)
{
    struct scene *s = *state;
    char *deep = ls_asprintf("%s/not/there", s->dir), *path = ls_history_path(deep, &s->u);

    assert_int_equal(ls_history_open(path, &s->u, true, &s->h, &s->note, NULL), LS_OK);
    assert_true(ls_path_exists(path));
    free(path);
    free(deep);
}

static void paths_tell_databases_apart(void **state)
{
    struct scene *s = *state;
    struct ls_usage other = s->u;
    char *p[6];

    p[0] = ls_history_path("d", &s->u);
    other.database = "app2";
    p[1] = ls_history_path("d", &other);
    other = s->u;
    other.system_id = "8";
    p[2] = ls_history_path("d", &other);
    other = s->u;
    other.in_recovery = true; /* a standby counts for itself */
    p[3] = ls_history_path("d", &other);
    other = s->u;
    other.system_id = "";
    p[4] = ls_history_path("d", &other);
    other = s->u;
    other.server = "by.another.name:6432"; /* the same server */
    p[5] = ls_history_path("d", &other);
    assert_int_equal(strncmp(p[0], "d/", 2), 0);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(p[i], p[k]);
    assert_string_equal(p[0], p[5]);
    for (int i = 0; i < 6; i++)
        free(p[i]);
}

static void sqlite_has_nothing_to_keep(void **state)
{
    struct scene *s = *state;

    s->u.dialect = LS_DIALECT_SQLITE;
    look(s, T0, -1, -1, -1);
    assert_false(ls_path_exists(s->path));
    assert_string_equal(s->h.window, "");
    assert_int_equal(s->h.past[0].scans_in_window, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(the_first_look),
        T(windows_without_a_file),
        T(only_looking),
        T(rises_and_rates),
        T(a_count_that_fell_is_a_reset),
        T(an_equal_count_is_none),
        T(stats_reset_is_believed),
        T(a_new_index_counts_from_its_first_sight),
        T(a_rebuild_is_seen_by_its_size),
        T(damage_costs_a_line),
        T(a_torn_end_is_mended),
        T(a_missing_newline),
        T(a_full_disk),
        T(rubbish_is_left_out),
        T(looks_near_each_other_are_one),
        T(old_looks_are_thinned),
        T(thinning_keeps_a_reset),
        T(a_large_file_is_thinned),
        T(looks_of_the_future),
        T(files_of_others_are_refused),
        T(a_folder_is_made),
        T(paths_tell_databases_apart),
        T(sqlite_has_nothing_to_keep),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
