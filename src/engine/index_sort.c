/* engine/index_sort.c: what indexes can be sorted by, the same in each face. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/index_report.h"

static const char *const words[] = {
#define X(e, w) w,
    LS_INDEX_SORTS(X)
#undef X
};

const char *ls_index_sort_name(enum ls_index_sort s)
{
    return words[s];
}

const char *const *ls_index_sort_names(size_t *n)
{
    *n = LS_N_INDEX_SORTS;
    return words;
}

const struct ls_past *ls_index_past(const struct ls_index_report *r, uint32_t index)
{
    return index < r->history.n_past ? &r->history.past[index] : NULL;
}

int64_t ls_index_last_read(const struct ls_index_report *r, uint32_t index)
{
    const struct ls_past *p = ls_index_past(r, index);
    int64_t rise = p ? p->last_rise_us : 0, own = r->usage->indexes[index].last_scan_us;

    return own > rise ? own : rise;
}

double ls_index_sort_key(const struct ls_index_report *r, uint32_t index, enum ls_index_sort s)
{
    const struct ls_usage_index *x = &r->usage->indexes[index];
    const struct ls_past *p = ls_index_past(r, index);

    switch (s) {
    case LS_INDEX_BY_SCANS:
        return (double)x->scans;
    case LS_INDEX_BY_RATE:
        return p ? p->per_hour : -1;
    case LS_INDEX_BY_LAST:
        return (double)ls_index_last_read(r, index);
    case LS_INDEX_BY_SIZE:
        return (double)x->bytes;
    case LS_INDEX_BY_BLOAT:
        return x->bloat;
    default:
        return 0;
    }
}

struct sorted {
    double key;
    uint32_t index;
};

static int by_key(const void *pa, const void *pb)
{
    const struct sorted *a = pa, *b = pb;

    if (a->key != b->key)
        return a->key < b->key ? 1 : -1;
    return (a->index > b->index) - (a->index < b->index);
}

void ls_index_sort(const struct ls_index_report *r, enum ls_index_sort s, uint32_t *indexes, size_t n)
{
    struct sorted *rows = ls_calloc(n + 1, sizeof(*rows));

    for (size_t i = 0; i < n; i++)
        rows[i] = (struct sorted){ls_index_sort_key(r, indexes[i], s), indexes[i]};
    if (n > 1)
        qsort(rows, n, sizeof(*rows), by_key);
    for (size_t i = 0; i < n; i++)
        indexes[i] = rows[i].index;
    free(rows);
}

void ls_index_total(const struct ls_index_report *r, const uint32_t *indexes, size_t n, struct ls_index_total *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        const struct ls_usage_index *x = &r->usage->indexes[indexes[i]];

        out->max_bytes = x->bytes > out->max_bytes ? x->bytes : out->max_bytes;
        out->max_scans = x->scans > out->max_scans ? x->scans : out->max_scans;
        if (x->is_partitioned)
            continue;
        out->n++;
        out->bytes += x->bytes > 0 ? x->bytes : 0;
        out->scans += x->scans > 0 ? x->scans : 0;
    }
}
