/* tui/index_rows.c: the rows of the Indexes pane. */
#include <config.h>

#include "tui/index_rows.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

const char *index_view_name(enum index_view v)
{
    static const char *const names[] = {
#define X(e, w) w,
        INDEX_VIEWS(X)
#undef X
    };

    return names[v];
}

enum theme_role index_severity_role(enum ls_severity s)
{
    static const enum theme_role roles[] = {
        [LS_SEV_INFO] = ROLE_INFO, [LS_SEV_WARNING] = ROLE_WARNING, [LS_SEV_DANGER] = ROLE_DANGER, [LS_SEV_ERROR] = ROLE_ERROR};

    return roles[s];
}

void index_kind_words(const struct ls_usage_index *x, struct ls_buf *out)
{
    const struct {
        bool is;
        const char *word;
    } words[] = {{x->is_primary, "pk"},
                 {x->is_unique && !x->is_primary, "uq"},
                 {x->is_exclusion, "excl"},
                 {!x->is_valid && x->is_building, "building"},
                 {!x->is_valid && !x->is_building, "invalid"},
                 {x->is_partitioned, "parent"},
                 {x->is_partition, "part"},
                 {x->predicate[0] != '\0', "partial"},
                 {x->has_expression, "expr"},
                 {strcmp(x->method, "btree") != 0, x->method}};
    size_t before = out->len;

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (words[i].is)
            ls_buf_addf(out, "%s%s", out->len > before ? " " : "", words[i].word);
}

void index_count_text(double n, struct ls_buf *out)
{
    static const struct {
        double from;
        const char *unit;
    } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}};

    if (n < 0) {
        ls_buf_addc(out, '-');
        return;
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(units); i++) {
        double scale = units[i].from == 1e4 ? 1e3 : units[i].from;

        if (n >= units[i].from) {
            ls_buf_addf(out, n / scale < 99.95 ? "%.1f%s" : "%.0f%s", n / scale, units[i].unit);
            return;
        }
    }
    ls_buf_addf(out, n > 0 && n < 10 && n < (double)(int64_t)n + 1 && n != (double)(int64_t)n ? "%.1f" : "%.0f", n);
}

/* --- filter -------------------------------------------------------------------------------------------------------- */

static bool holds(const char *text, const char *needle)
{
    return text && strcasestr(text, needle) != NULL;
}

static bool index_holds(const struct ls_usage *u, const struct ls_usage_index *x, const char *needle)
{
    return needle[0] == '\0' || holds(x->name, needle) || holds(u->tables[x->table].name, needle) || holds(x->definition, needle);
}

static bool verdict_is_shown(const struct ls_index_verdict *v, const struct index_filter *f)
{
    if ((v->ignored && !f->shows_ignored) || (f->verdict >= 0 && (int)v->id != f->verdict))
        return false;
    return f->text[0] == '\0' || holds(v->object, f->text) || holds(v->title, f->text) || holds(ls_verdict_code(v->id), f->text) ||
           holds(ls_verdict_word(v->id), f->text);
}

/* --- usage --------------------------------------------------------------------------------------------------------- */

static void add(struct index_rows *r, int kind, uint32_t n)
{
    struct index_row row = {.n = n};

    row.kind = (__typeof__(row.kind))kind;
    *LS_VEC_PUSH(&r->rows) = row;
}

/* The shown ones of first..first+n, in the order that is wanted. */
static uint32_t sorted(const struct ls_index_report *rep, const struct index_filter *f, uint32_t first, uint32_t n, uint32_t *out)
{
    uint32_t k = 0;

    for (uint32_t i = first; i < first + n; i++)
        if (index_holds(rep->usage, &rep->usage->indexes[i], f->text))
            out[k++] = i;
    ls_index_sort(rep, f->sort, out, k);
    return k;
}

struct table_key {
    double value; /* of its first index */
    uint32_t table, first, n;
};

static int by_first(const void *pa, const void *pb)
{
    const struct table_key *a = pa, *b = pb;

    if (a->value != b->value)
        return a->value < b->value ? 1 : -1;
    return (a->table > b->table) - (a->table < b->table);
}

/* Under their tables: those stand in the order of their first index. */
static void usage_by_table(struct index_rows *r, const struct ls_index_report *rep, const struct index_filter *f, uint32_t *indexes)
{
    const struct ls_usage *u = rep->usage;
    struct table_key *tables = ls_calloc(u->n_tables + 1, sizeof(*tables));
    uint32_t n = 0, at = 0;

    for (uint32_t t = 0; t < u->n_tables; t++) {
        uint32_t k = sorted(rep, f, u->tables[t].first_index, u->tables[t].n_indexes, indexes + at);

        if (k == 0)
            continue;
        tables[n++] = (struct table_key){ls_index_sort_key(rep, indexes[at], f->sort), t, at, k};
        at += k;
    }
    if (n > 1)
        qsort(tables, n, sizeof(*tables), by_first);
    for (uint32_t t = 0; t < n; t++) {
        add(r, INDEX_ROW_TABLE, tables[t].table);
        for (uint32_t i = 0; i < tables[t].n; i++)
            add(r, INDEX_ROW_INDEX, indexes[tables[t].first + i]);
    }
    ls_index_total(rep, indexes, at, &r->total);
    free(tables);
}

static void usage_rows(struct index_rows *r, const struct ls_index_report *rep, const struct index_filter *f)
{
    uint32_t *indexes = ls_calloc(rep->usage->n_indexes + 1, sizeof(*indexes));

    if (f->is_flat) {
        uint32_t k = sorted(rep, f, 0, rep->usage->n_indexes, indexes);

        for (uint32_t i = 0; i < k; i++)
            add(r, INDEX_ROW_INDEX, indexes[i]);
        ls_index_total(rep, indexes, k, &r->total);
    } else {
        usage_by_table(r, rep, f, indexes);
    }
    free(indexes);
}

void index_rows_make(struct index_rows *r, const struct ls_index_report *rep, const struct index_filter *f)
{
    r->rows.n = 0;
    r->n_hidden = 0;
    r->total = (struct ls_index_total){0};
    if (f->view == INDEX_USAGE)
        usage_rows(r, rep, f);
    for (uint32_t i = 0; f->view == INDEX_VERDICTS && i < rep->verdicts.n; i++) {
        if (verdict_is_shown(&rep->verdicts.v[i], f))
            add(r, INDEX_ROW_VERDICT, i);
        else
            r->n_hidden += rep->verdicts.v[i].ignored != NULL;
    }
    for (uint32_t i = 0; f->view == INDEX_QUERIES && i < rep->workload.n_queries; i++)
        if (f->text[0] == '\0' || holds(rep->workload.queries[i].name, f->text) || holds(rep->workload.queries[i].sql, f->text))
            add(r, INDEX_ROW_QUERY, i);
}

void index_rows_release(struct index_rows *r)
{
    LS_VEC_RELEASE(&r->rows);
}
