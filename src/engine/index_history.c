#include <config.h>

#include "lockstep/engine/index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/index_history.h"
#include "engine/index_priv.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/mem.h"

#define SHRUNK         0.7  /* an index of less than this share of its size with all its rows was rebuilt */
#define ROWS_FOR_RATIO 1000 /* below that, bytes a row say nothing: pages are whole */

/* What the looks up to now say of one name. */
struct state {
    const char *name;
    bool is_seen;
    int64_t oid, scans, bytes, rows;
    int64_t before; /* scans at the look before the newest one; -1: was not there */
    int64_t first_seen_us, last_rise_us, counted_from_us;
    double built_bytes_per_row;
};
enum window_why { WHY_FIRST_LOOK, WHY_STARTED, WHY_STATS_RESET, WHY_FELL };
struct fold {
    struct state *states; /* sorted by name */
    size_t n_states;
    int64_t window_us; /* all counters count from here on */
    enum window_why why;
    bool is_reset_now, is_new_now; /* the newest look tells of a reset, or of an index that was built */
    int64_t before_us;             /* time of the look before the newest one; 0 none */
};

/* --- names --- */

static void escape(struct ls_buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c <= ' ' || c == '%' || c == '.' || c == 0x7f)
            ls_buf_addf(out, "%%%02X", c);
        else
            ls_buf_addc(out, (char)c);
    }
}

static const char *file_name(struct ls_arena *a, const struct ls_usage_index *x)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *name;

    escape(&b, x->schema);
    ls_buf_addc(&b, '.');
    escape(&b, x->name);
    name = ls_arena_strn(a, b.ptr, b.len);
    ls_buf_release(&b);
    return name;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct state *)a)->name, ((const struct state *)b)->name);
}

static struct state *find(const struct fold *f, const char *name)
{
    struct state key = {.name = name};

    return f->n_states ? bsearch(&key, f->states, f->n_states, sizeof(*f->states), by_name) : NULL;
}

/* Every name of every look once, and in each item where its name stands. */
static void collect_names(struct fold *f, struct ls_looks *l)
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < l->looks.n; i++)
        n += l->looks.v[i].items.n;
    f->states = ls_calloc(n + 1, sizeof(*f->states));
    n = 0;
    for (size_t i = 0; i < l->looks.n; i++)
        for (size_t k = 0; k < l->looks.v[i].items.n; k++)
            f->states[n++].name = l->looks.v[i].items.v[k].name;
    if (n > 1)
        qsort(f->states, n, sizeof(*f->states), by_name);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(f->states[i].name, f->states[kept - 1].name) != 0)
            f->states[kept++] = f->states[i];
    f->n_states = kept;
    for (size_t i = 0; i < kept; i++) {
        f->states[i].before = -1;
        f->states[i].built_bytes_per_row = -1;
    }
    for (size_t i = 0; i < l->looks.n; i++)
        for (size_t k = 0; k < l->looks.v[i].items.n; k++)
            l->looks.v[i].items.v[k].at = (uint32_t)(find(f, l->looks.v[i].items.v[k].name) - f->states);
}

/* --- one look after the other --- */

static bool is_between(int64_t t, int64_t after, int64_t until)
{
    return t > after && t <= until;
}

/* A count that fell is a reset of them all: a crash (indexes.md 2.2 trap 1) leaves no other trace but that stats_reset is gone. Of
 * one table alone it may have been (pg_stat_reset_single_table_counters): then the window is shorter than it had to be, which errs
 * on the safe side. */
static bool is_reset(const struct fold *f, const struct ls_look *prev, const struct ls_look *look)
{
    if (look->reset_us != 0 || look->stats_reset_us > prev->stats_reset_us ||
        (prev->stats_reset_us > 0 && look->stats_reset_us == 0))
        return true;
    for (size_t i = 0; i < look->items.n; i++) {
        const struct ls_seen *s = &look->items.v[i];
        const struct state *st = &f->states[s->at];

        if (st->is_seen && st->oid == s->oid && s->scans < st->scans)
            return true;
    }
    return false;
}

/* When the counters began anew: the database says so, or its start does, or it is only known that they had when this look was
 * taken. */
static int64_t reset_moment(const struct ls_look *prev, const struct ls_look *look, enum window_why *why)
{
    *why = WHY_FELL;
    if (look->reset_us != 0) {
        *why = look->reset_us == look->stats_reset_us ? WHY_STATS_RESET : WHY_FELL;
        return look->reset_us;
    }
    if (look->stats_reset_us > prev->stats_reset_us) {
        *why = WHY_STATS_RESET;
        return look->stats_reset_us;
    }
    return is_between(look->started_us, prev->time_us, look->time_us) ? look->started_us : look->time_us;
}

static void note_build(struct state *st, const struct ls_seen *s)
{
    double ratio = s->rows >= ROWS_FOR_RATIO && s->bytes > 0 ? (double)s->bytes / (double)s->rows : -1;

    if (ratio > 0 && (st->built_bytes_per_row < 0 || ratio < st->built_bytes_per_row))
        st->built_bytes_per_row = ratio;
}

static bool is_rebuilt(const struct state *st, const struct ls_seen *s)
{
    return s->bytes > 0 && st->bytes > 0 && (double)s->bytes < SHRUNK * (double)st->bytes && s->rows >= 0 &&
           (double)s->rows > 0.9 * (double)st->rows;
}

static void see(struct fold *f, const struct ls_seen *s, int64_t time_us, bool is_first)
{
    struct state *st = &f->states[s->at];
    /* REINDEX CONCURRENTLY and a swap give a new oid and keep the count; one that is lower is another index of that name. */
    bool is_other = st->is_seen && st->oid != s->oid, is_new = !st->is_seen || (is_other && s->scans < st->scans);

    if (is_new) {
        st->first_seen_us = time_us;
        st->counted_from_us = is_first ? 0 : time_us;
        st->last_rise_us = s->scans > 0 && !is_first ? time_us : 0;
        if (is_other)
            st->built_bytes_per_row = -1;
    } else if (s->scans > st->scans) {
        st->last_rise_us = time_us;
    }
    if ((is_new && !is_first) || is_other || is_rebuilt(st, s)) {
        note_build(st, s);
        f->is_new_now = true;
    }
    st->is_seen = true;
    st->oid = s->oid;
    st->scans = s->scans;
    st->bytes = s->bytes;
    st->rows = s->rows;
}

static void begin_window(struct fold *f, const struct ls_look *first)
{
    f->why = first->stats_reset_us > 0 ? WHY_STATS_RESET : first->started_us > 0 ? WHY_STARTED : WHY_FIRST_LOOK;
    f->window_us = first->stats_reset_us > 0 ? first->stats_reset_us : first->started_us > 0 ? first->started_us : first->time_us;
}

static void fold_looks(struct fold *f, struct ls_looks *l)
{
    for (size_t i = 0; i < l->looks.n; i++) {
        struct ls_look *look = &l->looks.v[i];

        f->is_reset_now = f->is_new_now = false;
        f->before_us = i > 0 ? look[-1].time_us : 0;
        if (i == 0) {
            begin_window(f, look);
        } else if (is_reset(f, look - 1, look)) {
            f->is_reset_now = true;
            f->window_us = look->reset_us = reset_moment(look - 1, look, &f->why);
        }
        for (size_t k = 0; k < f->n_states; k++) {
            struct state *st = &f->states[k];

            st->before = st->is_seen ? st->scans : -1;
            if (f->is_reset_now)
                st->scans = 0;
        }
        for (size_t k = 0; k < look->items.n; k++)
            see(f, &look->items.v[k], look->time_us, i == 0);
    }
}

/* --- the file and now --- */

/* u's numbers as a look, with each index in it whether it changed or not. */
static struct ls_look look_now(struct ls_arena *a, const struct ls_usage *u)
{
    struct ls_look l = {.time_us = u->taken_us, .stats_reset_us = u->stats_reset_us, .started_us = u->started_us};

    for (uint32_t i = 0; i < u->n_indexes; i++) {
        const struct ls_usage_index *x = &u->indexes[i];

        if (x->scans < 0 || x->is_partitioned) /* not to be seen; a sum, which falls when a partition goes */
            continue;
        *LS_VEC_PUSH(&l.items) = (struct ls_seen){.name = file_name(a, x),
                                                  .oid = x->oid,
                                                  .scans = x->scans,
                                                  .bytes = ls_ix_bytes(x),
                                                  .rows = x->rows >= 0 ? (int64_t)x->rows : -1};
    }
    return l;
}

/* What the file need not be told again goes out of the look; sizes that crept count only when they changed by more than a tenth. */
static void leave_out_known(struct ls_look *now, const struct state *known, const struct fold *f)
{
    size_t kept = 0;

    for (size_t i = 0; i < now->items.n; i++) {
        const struct ls_seen *s = &now->items.v[i];
        const struct state *st = known ? &known[s->at] : NULL;
        bool is_same = st && st->is_seen && st->oid == s->oid && st->scans == s->scans && !(f->is_reset_now && s->scans > 0) &&
                       (s->bytes < 0 || (st->bytes > 0 && s->bytes > st->bytes / 10 * 9 && s->bytes < st->bytes / 10 * 11) ||
                        s->bytes == st->bytes);

        if (!is_same)
            now->items.v[kept++] = *s;
    }
    now->items.n = kept;
}

/* Looks that claim to be of later than now (a clock that was wrong) are left out of what is said, not out of the file. */
static size_t cut_future(struct ls_looks *l, int64_t now_us)
{
    size_t n = l->looks.n;

    while (n > 0 && l->looks.v[n - 1].time_us > now_us)
        n--;
    return n;
}

static enum ls_rc keep_look(const char *path, struct ls_looks *l, size_t n_past, struct ls_look *now, const struct fold *f,
                            const struct state *known, struct ls_err *err)
{
    struct ls_looks trial = {0};
    bool is_near = n_past > 0 && now->time_us - l->looks.v[n_past - 1].time_us < LS_LOOK_APART_US;
    bool has_future = l->looks.n > n_past + 1, is_thinner;

    if (is_near && !f->is_reset_now && !f->is_new_now)
        return LS_OK;
    leave_out_known(now, known, f);
    if (has_future)
        return ls_looks_append(path, now, err);
    l->looks.v[n_past] = *now;
    memset(now, 0, sizeof(*now));          /* l has it now */
    for (size_t i = 0; i <= n_past; i++) { /* times alone are enough to see whether something is to be thinned */
        struct ls_look *t = LS_VEC_PUSH(&trial.looks);

        t->time_us = l->looks.v[i].time_us;
    }
    is_thinner = ls_looks_thin(&trial, l->looks.v[n_past].time_us, 1);
    LS_VEC_RELEASE(&trial.looks);
    if (is_thinner || l->n_damaged > 0 || l->text.len > LS_LOOKS_MAX_BYTES)
        return ls_looks_write(path, l, l->looks.v[n_past].time_us, err);
    return ls_looks_append(path, &l->looks.v[n_past], err);
}

/* --- for those who ask --- */

static const char *const whys[] = {
    [WHY_FIRST_LOOK] = "first look of lockstep",
    [WHY_STARTED] = "the server was started then; whether its counters are older is not known",
    [WHY_STATS_RESET] = "the counters were reset then",
    [WHY_FELL] = "the counters began anew then, as after a crash",
};

static struct ls_past unknown(const struct ls_usage *u, int64_t from_us)
{
    return (struct ls_past){
        .first_seen_us = u->taken_us, .counted_from_us = from_us, .scans_in_window = -1, .per_hour = -1, .built_bytes_per_row = -1};
}

static void tell(const struct fold *f, const struct ls_usage *u, struct ls_history *out)
{
    struct ls_past *past = LS_ARENA_ARRAY(out->arena, struct ls_past, u->n_indexes + 1);

    for (uint32_t i = 0; i < u->n_indexes; i++) {
        const struct ls_usage_index *x = &u->indexes[i];
        const struct state *st = x->scans >= 0 && !x->is_partitioned ? find(f, file_name(out->arena, x)) : NULL;
        struct ls_past *p = &past[i];
        double hours = f->before_us > 0 ? (double)(u->taken_us - f->before_us) / (double)LS_HOUR_US : 0;

        *p = unknown(u, f->window_us);
        if (!st)
            continue;
        p->first_seen_us = st->first_seen_us;
        p->last_rise_us = x->last_scan_us > st->last_rise_us ? x->last_scan_us : st->last_rise_us;
        p->counted_from_us = st->counted_from_us > f->window_us ? st->counted_from_us : f->window_us;
        p->scans_in_window = x->scans;
        p->built_bytes_per_row = st->built_bytes_per_row;
        if (hours > 0 && st->before >= 0 && x->scans >= st->before && !f->is_reset_now)
            p->per_hour = (double)(x->scans - st->before) / hours;
    }
    out->past = past;
    out->n_past = u->n_indexes;
    out->window_from_us = f->window_us;
    out->window = ls_ix_window(out->arena, f->window_us, u->taken_us, whys[f->why]);
}

/* SQLite counts nothing: each index is seen for the first time, and there is no window. */
static void tell_nothing(const struct ls_usage *u, struct ls_history *out)
{
    struct ls_past *past = LS_ARENA_ARRAY(out->arena, struct ls_past, u->n_indexes + 1);

    for (uint32_t i = 0; i < u->n_indexes; i++)
        past[i] = unknown(u, 0);
    out->past = past;
    out->n_past = u->n_indexes;
    out->window = "";
}

enum ls_rc ls_history_open(const char *path, const struct ls_usage *u, bool keep, struct ls_history *out, const char **note,
                           struct ls_err *err)
{
    struct ls_looks l = {0};
    struct fold f = {0};
    struct state *known = NULL;
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->path = ls_arena_str(out->arena, path);
    *note = NULL;
    if (u->dialect == LS_DIALECT_SQLITE) {
        tell_nothing(u, out);
        return LS_OK;
    }
    ls_buf_init(&l.text);
    if (path)
        rc = ls_looks_read(path, &l, err);
    if (l.n_damaged > 0)
        *note = ls_arena_printf(out->arena, "%s: %d damaged line%s of earlier counters left out", path, l.n_damaged,
                                l.n_damaged == 1 ? "" : "s");

    struct ls_look now = look_now(out->arena, u);
    size_t n_all = l.looks.n, n_past = cut_future(&l, u->taken_us);

    /* What is of later than now stands behind the look of now, and is not told. */
    (void)LS_VEC_PUSH(&l.looks);
    memmove(&l.looks.v[n_past + 1], &l.looks.v[n_past], (n_all - n_past) * sizeof(*l.looks.v));
    l.looks.v[n_past] = now;
    l.looks.n = n_past + 1;
    collect_names(&f, &l);
    if (n_past > 0) { /* what the file says, before now is added to it */
        struct fold before = f;

        l.looks.n = n_past;
        fold_looks(&before, &l);
        known = ls_calloc(f.n_states + 1, sizeof(*known));
        memcpy(known, f.states, f.n_states * sizeof(*known));
        for (size_t i = 0; i < f.n_states; i++)
            f.states[i] = (struct state){.name = known[i].name, .before = -1, .built_bytes_per_row = -1};
        l.looks.n = n_past + 1;
    }
    fold_looks(&f, &l);
    tell(&f, u, out);
    now = l.looks.v[n_past];
    memset(&l.looks.v[n_past], 0, sizeof(now));
    l.looks.n = n_all + 1;
    if (rc == LS_OK && path && keep)
        rc = keep_look(path, &l, n_past, &now, &f, known, err);
    LS_VEC_RELEASE(&now.items);
    free(known);
    free(f.states);
    ls_looks_release(&l);
    return rc;
}

void ls_history_release(struct ls_history *h)
{
    ls_arena_free(h->arena);
    memset(h, 0, sizeof(*h));
}

char *ls_history_path(const char *state, const struct ls_usage *u)
{
    struct ls_sha256 *h = ls_sha256_new();
    char hex[LS_SHA256_HEX];

    /* A standby counts for itself; a server that does not tell its identifier is known by its address. */
    ls_sha256_field(h, ls_dialect_name(u->dialect));
    ls_sha256_field(h, u->system_id);
    ls_sha256_field(h, u->in_recovery || !u->system_id || u->system_id[0] == '\0' ? u->server : "");
    ls_sha256_field(h, u->in_recovery ? "standby" : "");
    ls_sha256_field(h, u->database);
    ls_sha256_end(h, hex);
    return ls_asprintf("%s/%.32s.usage", state, hex);
}
