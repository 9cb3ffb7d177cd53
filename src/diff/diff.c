#include <config.h>

#include "lockstep/diff/diff.h"

#include <stdlib.h>
#include <string.h>

#include "diff/priv.h"
#include "lockstep/base/find.h"
#include "lockstep/base/mem.h"

static const char *const change_names[] = {
    [LS_CHANGE_ADDED] = "added", [LS_CHANGE_REMOVED] = "removed", [LS_CHANGE_CHANGED] = "changed", [LS_CHANGE_RENAMED] = "renamed"};

const char *ls_change_name(enum ls_change c)
{
    return change_names[c];
}

/* --- finding them --- */

static struct ls_difference *add(struct match *m, enum ls_change change, const struct ls_fact *a, const struct ls_fact *b)
{
    struct ls_difference *x = LS_VEC_PUSH(&m->diff->d);

    *x = (struct ls_difference){.change = change, .a = a, .b = b, .above = -1, .rename = -1};
    return x;
}

static bool cannot_compare(const struct match *m, enum ls_fact_kind k)
{
    return m->a->lacks[k] || m->b->lacks[k];
}

static void set_attrs(struct match *m, struct ls_difference *x, const struct ls_attr_change *changes, uint32_t n)
{
    struct ls_attr_change *copy = LS_ARENA_ARRAY(m->diff->arena, struct ls_attr_change, n + 1);

    memcpy(copy, changes, n * sizeof(*changes));
    x->attrs = copy;
    x->n_attrs = n;
}

/* A fact of a: gone, or its partner differs. */
static void look_at(struct match *m, uint32_t i)
{
    const struct ls_fact *a = &m->a->facts[i], *b;
    struct ls_attr_change changes[LS_N_ATTRS];
    struct ls_difference *x;
    uint32_t n;

    if (cannot_compare(m, a->kind))
        return;
    if (m->b_of[i] == LS_NO_FACT) {
        if (diff_is_ignored(m->opts, a, -1))
            m->diff->n_ignored++;
        else
            (void)add(m, LS_CHANGE_REMOVED, a, NULL);
        return;
    }
    b = &m->b->facts[m->b_of[i]];
    if (m->rename_of[i] < 0 && a->n_attrs == 0 && b->n_attrs == 0)
        return;
    n = diff_compare(m, a, b, changes);
    if (n == 0 && m->rename_of[i] < 0)
        return;
    if (diff_is_ignored(m->opts, a, -1) || diff_is_ignored(m->opts, b, -1)) {
        m->diff->n_ignored++;
        return;
    }
    x = add(m, m->rename_of[i] < 0 ? LS_CHANGE_CHANGED : LS_CHANGE_RENAMED, a, b);
    x->rename = m->rename_of[i];
    set_attrs(m, x, changes, n);
}

static void find_differences(struct match *m)
{
    for (uint32_t i = 0; i < m->a->n_facts; i++)
        look_at(m, i);
    for (uint32_t j = 0; j < m->b->n_facts; j++) {
        const struct ls_fact *b = &m->b->facts[j];

        if (m->a_of[j] != LS_NO_FACT || cannot_compare(m, b->kind))
            continue;
        if (diff_is_ignored(m->opts, b, -1))
            m->diff->n_ignored++;
        else
            (void)add(m, LS_CHANGE_ADDED, NULL, b);
    }
}

/* --- the order of columns, apart from their numbers --- */

static int by_position(const void *x, const void *y)
{
    const struct ls_fact *const *a = x, *const *b = y;
    const char *s = ls_fact_get(*a, LS_A_POSITION), *t = ls_fact_get(*b, LS_A_POSITION);
    long p = s ? atol(s) : 0, q = t ? atol(t) : 0;

    return p < q ? -1 : p > q;
}

/* Columns that have a partner, in the order of their own side. */
static const struct ls_fact **in_order(const struct ls_catalog *c, const uint32_t *partner, const struct ls_fact *table, uint32_t *n)
{
    uint32_t n_all;
    const struct ls_fact *f = ls_catalog_children(c, table, LS_FACT_COLUMN, &n_all), **out = ls_calloc((size_t)n_all + 1, sizeof(*out));

    *n = 0;
    for (uint32_t i = 0; i < n_all; i++)
        if (partner[ls_catalog_index(c, &f[i])] != LS_NO_FACT)
            out[(*n)++] = &f[i];
    if (*n > 1)
        qsort(out, *n, sizeof(*out), by_position);
    return out;
}

static const char *join_names(struct ls_arena *arena, const struct ls_fact *const *f, uint32_t n)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *s;

    for (uint32_t i = 0; i < n; i++)
        ls_buf_addf(&b, "%s%s", i > 0 ? ", " : "", f[i]->name);
    s = ls_arena_strn(arena, b.ptr, b.len);
    ls_buf_release(&b);
    return s;
}

static void note_order(struct match *m, const struct ls_fact *table, const char *a, const char *b)
{
    struct ls_buf label = LS_BUF_INIT;

    ls_fact_label(table, false, &label);
    *LS_VEC_PUSH(&m->diff->notes.d) = (struct ls_diag){
        .severity = LS_SEV_INFO, .code = "column-order",
        .message = ls_arena_printf(m->diff->arena, "%s has its columns in another order: %s; the other side: %s", label.ptr, a, b)};
    ls_buf_release(&label);
}

static void compare_order(struct match *m, const struct ls_fact *a, const struct ls_fact *b)
{
    uint32_t n, k;
    const struct ls_fact **x, **y;
    bool is_same = true;

    if (m->a->lacks_attr[LS_A_POSITION] || m->b->lacks_attr[LS_A_POSITION] || diff_is_ignored(m->opts, b, LS_A_POSITION))
        return;
    x = in_order(m->a, m->b_of, a, &n);
    y = in_order(m->b, m->a_of, b, &k);
    for (uint32_t i = 0; i < n && i < k && is_same; i++)
        is_same = m->b_of[ls_catalog_index(m->a, x[i])] == ls_catalog_index(m->b, y[i]);
    if (!is_same) {
        struct ls_attr_change c = {LS_A_POSITION, join_names(m->diff->arena, x, n), join_names(m->diff->arena, y, k)};

        if (m->opts->with_order)
            set_attrs(m, add(m, LS_CHANGE_CHANGED, a, b), &c, 1);
        else
            note_order(m, b, c.a, c.b);
    }
    free(x);
    free(y);
}

static void compare_orders(struct match *m)
{
    uint32_t n;
    const struct ls_fact *tables = ls_catalog_kind(m->a, LS_FACT_TABLE, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t partner = m->b_of[ls_catalog_index(m->a, &tables[i])];

        if (partner != LS_NO_FACT)
            compare_order(m, &tables[i], &m->b->facts[partner]);
    }
}

/* --- putting them in order --- */

static const struct ls_fact *side(const struct ls_difference *x)
{
    return x->b ? x->b : x->a;
}

/* The object that a reader looks for it under: the table of a column. */
static const char *top_name(const struct ls_fact *f)
{
    return f->parent[0] != '\0' ? f->parent : f->name;
}

static int in_reading_order(const void *p, const void *q)
{
    const struct ls_difference *x = p, *y = q;
    const struct ls_fact *a = side(x), *b = side(y);
    bool a_below = a->parent[0] != '\0', b_below = b->parent[0] != '\0';
    int c;

    if ((c = strcmp(a->schema, b->schema)) != 0 || (c = strcmp(top_name(a), top_name(b))) != 0)
        return c;
    if (a_below != b_below)
        return a_below ? 1 : -1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if ((c = strcmp(a->name, b->name)) != 0)
        return c;
    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    return x->n_attrs < y->n_attrs ? -1 : x->n_attrs > y->n_attrs;
}

/* What hangs below what: the nearest difference before it that is about its parent. */
static void set_above(struct match *m)
{
    int32_t top = -1;

    for (size_t i = 0; i < m->diff->d.n; i++) {
        struct ls_difference *x = &m->diff->d.v[i];
        const struct ls_fact *f = side(x), *t = top < 0 ? NULL : side(&m->diff->d.v[top]);

        if (f->parent[0] == '\0') {
            top = (int32_t)i;
            continue;
        }
        if (t == NULL || strcmp(t->schema, f->schema) != 0 || strcmp(t->name, f->parent) != 0)
            continue;
        x->above = top;
        x->is_implied = m->diff->d.v[top].change == x->change && (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED);
    }
}

/* The next part of "s.\"T a\".c" without its quotes. */
static const char *next_part(const char *p, struct ls_buf *out)
{
    bool is_quoted = *p == '"';

    ls_buf_clear(out);
    for (p += is_quoted; *p && (is_quoted || *p != '.'); p++) {
        if (is_quoted && *p == '"') {
            if (p[1] != '"')
                break;
            p++;
        }
        ls_buf_addc(out, *p);
    }
    p += is_quoted && *p == '"';
    return *p == '.' ? p + 1 : p;
}

/* Whether it is of an object that stands before that table. */
static bool is_before(const struct ls_difference *x, const char *schema, const char *name)
{
    int c = strcmp(side(x)->schema, schema);

    return c == 0 ? strcmp(top_name(side(x)), name) < 0 : c < 0;
}

/* The difference of the table of that name, in reading order; -1: there is none. */
static int32_t difference_of_table(const struct ls_diff *d, const char *schema, const char *name)
{
    size_t at;

    LS_FIND_FIRST(at, d->d.n, is_before(&d->d.v[at], schema, name));
    for (; at < d->d.n && strcmp(side(&d->d.v[at])->schema, schema) == 0 && strcmp(top_name(side(&d->d.v[at])), name) == 0; at++)
        if (side(&d->d.v[at])->kind == LS_FACT_TABLE)
            return (int32_t)at;
    return -1;
}

/* The sequences of columns come and go with their tables. */
static void set_owned(struct match *m)
{
    struct ls_buf schema = LS_BUF_INIT, table = LS_BUF_INIT;

    for (size_t i = 0; i < m->diff->d.n; i++) {
        struct ls_difference *x = &m->diff->d.v[i];
        const char *owner = side(x)->kind == LS_FACT_SEQUENCE ? ls_fact_get(side(x), LS_A_OWNED_BY) : NULL;
        int32_t at;

        if (!owner || (x->change != LS_CHANGE_ADDED && x->change != LS_CHANGE_REMOVED))
            continue;
        (void)next_part(next_part(owner, &schema), &table);
        at = difference_of_table(m->diff, schema.ptr ? schema.ptr : "", table.ptr ? table.ptr : "");
        if (at < 0 || m->diff->d.v[at].change != x->change)
            continue;
        x->above = at;
        x->is_implied = true;
    }
    ls_buf_release(&schema);
    ls_buf_release(&table);
}

/* --- who depends on it --- */

struct walk {
    uint32_t *stamp, *queue, now;
};

static uint32_t count_dependants(const struct ls_catalog *c, uint32_t start, struct walk *w)
{
    const struct ls_fact *own = &c->facts[start];
    uint32_t head = 0, tail = 0, count = 0;

    w->now++;
    w->stamp[start] = w->now;
    w->queue[tail++] = start;
    while (head < tail && count < 10000) {
        uint32_t n;
        const struct ls_dep *d = ls_catalog_needed_by(c, w->queue[head++], &n);

        for (uint32_t i = 0; i < n; i++) {
            const struct ls_fact *f = &c->facts[d[i].from];

            if (w->stamp[d[i].from] == w->now)
                continue;
            w->stamp[d[i].from] = w->now;
            w->queue[tail++] = d[i].from;
            count += strcmp(f->schema, own->schema) != 0 || strcmp(top_name(f), top_name(own)) != 0;
        }
    }
    return count;
}

static void set_dependants(struct match *m)
{
    uint32_t n = m->a->n_facts > m->b->n_facts ? m->a->n_facts : m->b->n_facts;
    struct walk w = {ls_calloc((size_t)n + 1, sizeof(uint32_t)), ls_calloc((size_t)n + 1, sizeof(uint32_t)), 0};

    for (size_t i = 0; i < m->diff->d.n; i++) {
        struct ls_difference *x = &m->diff->d.v[i];
        const struct ls_catalog *c = x->a ? m->a : m->b;

        if (!x->is_implied)
            x->n_dependants = count_dependants(c, ls_catalog_index(c, x->a ? x->a : x->b), &w);
    }
    free(w.stamp);
    free(w.queue);
}

/* --- what could not be compared --- */

void ls_diff_side_name(const struct ls_catalog *a, const struct ls_catalog *b, bool is_b, struct ls_buf *out)
{
    if (strcmp(a->source, b->source) == 0)
        ls_buf_adds(out, is_b ? "B: " : "A: ");
    ls_buf_adds(out, is_b ? b->source : a->source);
}

static bool is_in(const struct ls_diags *notes, const struct ls_diag *d)
{
    for (size_t i = 0; i < notes->d.n; i++)
        if (strcmp(notes->d.v[i].code, d->code) == 0 && strcmp(notes->d.v[i].message, d->message) == 0)
            return true;
    return false;
}

static void copy_notes(struct ls_diff *d, bool is_b)
{
    const struct ls_catalog *c = is_b ? d->b : d->a, *other = is_b ? d->a : d->b;
    struct ls_buf name = LS_BUF_INIT;

    ls_diff_side_name(d->a, d->b, is_b, &name);
    for (size_t i = 0; i < c->notes.d.n; i++) {
        struct ls_diag note = c->notes.d.v[i];
        bool is_both = strcmp(note.code, "broken-reference") == 0 && is_in(&other->notes, &note); /* once is enough */

        if (is_both && is_b)
            continue;
        note.message = ls_arena_printf(d->arena, "%s: %s", is_both ? "both sides" : name.ptr, note.message);
        *LS_VEC_PUSH(&d->notes.d) = note;
    }
    ls_buf_release(&name);
}

/* Only what the other side has something of: silence about what nobody has is no loss. */
static void note_lacks(struct ls_diff *d, const struct ls_catalog *c, const struct ls_catalog *other)
{
    struct ls_buf kinds = LS_BUF_INIT, name = LS_BUF_INIT;
    bool has[LS_N_ATTRS] = {false};

    for (uint32_t i = 0; i < other->n_facts; i++)
        for (uint32_t k = 0; k < other->facts[i].n_attrs; k++)
            has[other->facts[i].attrs[k].attr] = true;
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++) {
        uint32_t n = 0, own = 0;
        const struct ls_fact *theirs = ls_catalog_kind(other, (enum ls_fact_kind)k, &n), *ours = ls_catalog_kind(c, (enum ls_fact_kind)k, &own);

        /* A scratch has a database too, which may happen to be alike. */
        if (c->lacks[k] && n > 0 && !(k == LS_FACT_DATABASE && own > 0 && ours->hash == theirs->hash))
            ls_buf_addf(&kinds, "%s%s", kinds.len > 0 ? ", " : "", ls_fact_kind_plural((enum ls_fact_kind)k));
    }
    for (int a = 0; a < LS_N_ATTRS; a++)
        if (c->lacks_attr[a] && has[a] && ls_attr_class((enum ls_attr)a) <= LS_ATTR_ORDER)
            ls_buf_addf(&kinds, "%s%s", kinds.len > 0 ? ", " : "", ls_attr_name((enum ls_attr)a));
    ls_diff_side_name(d->a, d->b, c == d->b, &name);
    if (kinds.len > 0)
        *LS_VEC_PUSH(&d->notes.d) =
            (struct ls_diag){.severity = LS_SEV_WARNING, .code = "not-compared",
                             .message = ls_arena_printf(d->arena, "%s cannot say anything about: %s", name.ptr, kinds.ptr)};
    ls_buf_release(&name);
    ls_buf_release(&kinds);
}

/* --- all of it --- */

void ls_diff_make(const struct ls_catalog *a, const struct ls_catalog *b, const struct ls_diff_opts *opts, struct ls_diff *out)
{
    static const struct ls_diff_opts defaults = {0};
    struct match m = {.a = a, .b = b, .opts = opts ? opts : &defaults, .diff = out};

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->a = a;
    out->b = b;
    diff_match(&m);
    find_differences(&m);
    compare_orders(&m);
    if (out->d.n > 1)
        qsort(out->d.v, out->d.n, sizeof(*out->d.v), in_reading_order);
    set_above(&m);
    set_owned(&m);
    set_dependants(&m);
    for (size_t i = 0; i < out->d.n; i++) {
        struct ls_difference *x = &out->d.v[i];

        diff_set_impact(x, b->dialect);
        if (x->is_implied)
            continue;
        out->n_by_kind[side(x)->kind]++;
        out->n_by_impact[x->impact]++;
    }
    copy_notes(out, false);
    copy_notes(out, true);
    note_lacks(out, a, b);
    note_lacks(out, b, a);
    out->b_of = m.b_of;
    m.b_of = NULL;
    diff_match_release(&m);
}

void ls_diff_narrow(const struct ls_diff *d, const struct ls_difference *x, struct ls_diff *out)
{
    int32_t at = x->is_implied && x->above >= 0 ? x->above : (int32_t)(x - d->d.v), *now = ls_malloc((d->d.n + 1) * sizeof(*now));

    *out = *d;
    memset(&out->d, 0, sizeof(out->d));
    memset(out->n_by_kind, 0, sizeof(out->n_by_kind));
    memset(out->n_by_impact, 0, sizeof(out->n_by_impact));
    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *y = &d->d.v[i];

        now[i] = -1;
        if ((int32_t)i != at && y->change != LS_CHANGE_RENAMED && !(y->is_implied && y->above == at))
            continue;
        now[i] = (int32_t)out->d.n;
        *LS_VEC_PUSH(&out->d) = *y;
    }
    for (size_t i = 0; i < out->d.n; i++)
        if (out->d.v[i].above >= 0)
            out->d.v[i].above = now[out->d.v[i].above];
    free(now);
}

void ls_diff_release(struct ls_diff *d)
{
    LS_VEC_RELEASE(&d->d);
    LS_VEC_RELEASE(&d->renames);
    LS_VEC_RELEASE(&d->notes.d);
    free(d->b_of);
    ls_arena_free(d->arena);
    memset(d, 0, sizeof(*d));
}
