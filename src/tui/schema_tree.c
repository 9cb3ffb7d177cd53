/* tui/schema_tree.c: a catalogue as rows of a tree. */
#include <config.h>

#include "tui/schema_tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"

/* What hangs below an object, in the order in which it is read. */
static const enum ls_fact_kind below[] = {LS_FACT_COLUMN,  LS_FACT_CONSTRAINT, LS_FACT_INDEX,
                                          LS_FACT_TRIGGER, LS_FACT_RULE,       LS_FACT_POLICY};

void schema_tree_init(struct schema_tree *t, const struct ls_catalog *c)
{
    memset(t, 0, sizeof(*t));
    t->c = c;
    t->is_open = ls_calloc((size_t)c->n_facts + 1, 1);
}

void schema_tree_release(struct schema_tree *t)
{
    free(t->is_open);
    LS_VEC_RELEASE(&t->rows);
    LS_VEC_RELEASE(&t->shut);
    memset(t, 0, sizeof(*t));
}

static long position(const struct ls_fact *f)
{
    const char *p = ls_fact_get(f, LS_A_POSITION);

    return p ? atol(p) : 0;
}

static int by_position(const void *a, const void *b)
{
    long x = position(*(const struct ls_fact *const *)a), y = position(*(const struct ls_fact *const *)b);

    return x < y ? -1 : x > y;
}

static uint32_t count_children(const struct ls_catalog *c, const struct ls_fact *f)
{
    uint32_t all = 0, n;

    for (size_t k = 0; k < LS_ARRAY_LEN(below); k++) {
        (void)ls_catalog_children(c, f, below[k], &n);
        all += n;
    }
    return all;
}

static bool holds(const char *text, const char *filter)
{
    return strcasestr(text, filter) != NULL;
}

static bool matches(const struct schema_tree *t, const struct ls_fact *f, const char *filter)
{
    if (filter[0] == '\0' || holds(f->name, filter) || holds(ls_fact_kind_name(f->kind), filter))
        return true;
    for (size_t k = 0; k < LS_ARRAY_LEN(below); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(t->c, f, below[k], &n);

        for (uint32_t i = 0; i < n; i++)
            if (holds(some[i].name, filter))
                return true;
    }
    return false;
}

static void add_children(struct schema_tree *t, const struct ls_fact *f)
{
    for (size_t k = 0; k < LS_ARRAY_LEN(below); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(t->c, f, below[k], &n), **order = ls_calloc((size_t)n + 1, sizeof(*order));

        for (uint32_t i = 0; i < n; i++)
            order[i] = &some[i];
        if (below[k] == LS_FACT_COLUMN && n > 1)
            qsort(order, n, sizeof(*order), by_position);
        for (uint32_t i = 0; i < n; i++)
            *LS_VEC_PUSH(&t->rows) = (struct schema_row){SCHEMA_ROW_CHILD, ls_catalog_index(t->c, order[i]), 0};
        free(order);
    }
}

struct top {
    const struct ls_fact *f;
    int rank;
};

/* Tables first: they are what people look for. A serial column's sequence stands behind everything that somebody named. */
static int rank_of(const struct ls_fact *f)
{
    static const enum ls_fact_kind order[] = {LS_FACT_TABLE,     LS_FACT_VIEW,      LS_FACT_MATVIEW, LS_FACT_FUNCTION,
                                              LS_FACT_PROCEDURE, LS_FACT_AGGREGATE, LS_FACT_ENUM,    LS_FACT_DOMAIN,
                                              LS_FACT_COMPOSITE, LS_FACT_RANGE,     LS_FACT_TYPE};

    for (size_t i = 0; i < LS_ARRAY_LEN(order); i++)
        if (order[i] == f->kind)
            return (int)i;
    return (int)LS_ARRAY_LEN(order) + (int)f->kind + (f->kind == LS_FACT_SEQUENCE ? LS_N_FACTS : 0);
}

/* Objects by schema, then kind, then name: the catalogue has them by kind first. What belongs to the whole database comes last. */
static int by_schema(const void *a, const void *b)
{
    const struct top *x = a, *y = b;
    int c = strcmp(x->f->schema, y->f->schema);

    if ((x->f->schema[0] == '\0') != (y->f->schema[0] == '\0'))
        return x->f->schema[0] == '\0' ? 1 : -1;
    if (c != 0 || x->rank != y->rank)
        return c != 0 ? c : x->rank - y->rank;
    return x->f < y->f ? -1 : x->f > y->f;
}

/* --- groups that are shut --- */

static size_t find_shut(const struct schema_tree *t, const struct ls_fact *f)
{
    for (size_t i = 0; i < t->shut.n; i++)
        if (t->shut.v[i].kind == f->kind && strcmp(t->shut.v[i].schema, f->schema) == 0)
            return i;
    return (size_t)-1;
}

bool schema_tree_is_shut(const struct schema_tree *t, uint32_t fact)
{
    return find_shut(t, &t->c->facts[fact]) != (size_t)-1;
}

static bool toggle_group(struct schema_tree *t, const struct ls_fact *f, bool open)
{
    size_t at = find_shut(t, f);

    if (open != (at != (size_t)-1))
        return false;
    if (open)
        t->shut.v[at] = t->shut.v[--t->shut.n];
    else
        *LS_VEC_PUSH(&t->shut) = (struct schema_group){f->kind, f->schema};
    return true;
}

void schema_tree_keep(struct schema_tree *to, const struct schema_tree *from)
{
    for (uint32_t i = 0; from->c && i < from->c->n_facts; i++) {
        const struct ls_fact *f = &from->c->facts[i], *same;

        if (!from->is_open[i])
            continue;
        same = ls_catalog_find(to->c, f->kind, f->schema, f->parent, f->name);
        if (same)
            to->is_open[ls_catalog_index(to->c, same)] = 1;
    }
    for (size_t g = 0; g < from->shut.n; g++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_kind(to->c, from->shut.v[g].kind, &n);

        for (uint32_t i = 0; i < n; i++) {
            if (strcmp(some[i].schema, from->shut.v[g].schema) != 0)
                continue;
            (void)toggle_group(to, &some[i], false);
            break;
        }
    }
}

void schema_tree_rows(struct schema_tree *t, const char *filter)
{
    struct top *tops = ls_calloc((size_t)t->c->n_facts + 1, sizeof(*tops));
    size_t n = 0, group = 0;

    t->rows.n = 0;
    for (uint32_t i = 0; i < t->c->n_facts; i++)
        if (t->c->facts[i].parent[0] == '\0' && matches(t, &t->c->facts[i], filter))
            tops[n++] = (struct top){&t->c->facts[i], rank_of(&t->c->facts[i])};
    if (n > 1)
        qsort(tops, n, sizeof(*tops), by_schema);
    for (size_t i = 0; i < n; i++) {
        const struct ls_fact *f = tops[i].f;
        uint32_t at = ls_catalog_index(t->c, f);

        if (i == 0 || tops[i - 1].f->kind != f->kind || strcmp(tops[i - 1].f->schema, f->schema) != 0) {
            group = t->rows.n;
            *LS_VEC_PUSH(&t->rows) = (struct schema_row){SCHEMA_ROW_GROUP, at, 0};
        }
        t->rows.v[group].n++;
        if (filter[0] == '\0' && schema_tree_is_shut(t, at))
            continue;
        *LS_VEC_PUSH(&t->rows) = (struct schema_row){SCHEMA_ROW_OBJECT, at, count_children(t->c, f)};
        if (t->is_open[at])
            add_children(t, f);
    }
    free(tops);
}

bool schema_tree_toggle(struct schema_tree *t, size_t row, bool open)
{
    const struct schema_row *r = row < t->rows.n ? &t->rows.v[row] : NULL;

    if (r && r->kind == SCHEMA_ROW_GROUP)
        return toggle_group(t, &t->c->facts[r->fact], open);
    if (!r || r->kind != SCHEMA_ROW_OBJECT || r->n == 0 || t->is_open[r->fact] == open)
        return false;
    t->is_open[r->fact] = open;
    return true;
}

size_t schema_tree_find(struct schema_tree *t, uint32_t fact)
{
    uint32_t parent = t->c->facts[fact].parent_ix;

    if (parent != LS_NO_FACT)
        t->is_open[parent] = 1;
    (void)toggle_group(t, &t->c->facts[parent != LS_NO_FACT ? parent : fact], true);
    schema_tree_rows(t, "");
    for (int pass = 0; pass < 2; pass++) {
        uint32_t wanted = pass == 0 ? fact : parent;

        for (size_t i = 0; i < t->rows.n; i++)
            if (t->rows.v[i].kind != SCHEMA_ROW_GROUP && t->rows.v[i].fact == wanted)
                return i;
    }
    return (size_t)-1;
}

/* --- words --- */

static void add(struct ls_buf *out, const char *before, const char *text)
{
    if (text && *text)
        ls_buf_addf(out, "%s%s%s", out->len > 0 ? "  " : "", before, text);
}

static void add_attr(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before)
{
    add(out, before, ls_fact_get(f, a));
}

static void relation_note(const struct ls_fact *f, struct ls_buf *out)
{
    const char *bytes = ls_fact_get(f, LS_A_BYTES), *rows = ls_fact_get(f, LS_A_ROWS);
    char size[LS_ISO_LEN];

    add_attr(out, f, LS_A_FORM, "");
    if (bytes) {
        ls_size_text(strtoll(bytes, NULL, 10), size);
        add(out, "", size);
    }
    if (rows && strtod(rows, NULL) >= 0)
        ls_buf_addf(out, "%s%.0f rows", out->len > 0 ? "  " : "", strtod(rows, NULL));
    add_attr(out, f, LS_A_PARTITION_OF, "partition of ");
    add_attr(out, f, LS_A_PARTITION_BY, "partitioned by ");
}

void schema_row_note(const struct ls_catalog *c, const struct ls_fact *f, struct ls_buf *out)
{
    (void)c;
    switch (f->kind) {
    case LS_FACT_TABLE:
    case LS_FACT_VIEW:
    case LS_FACT_MATVIEW:
        relation_note(f, out);
        break;
    case LS_FACT_COLUMN:
        add_attr(out, f, LS_A_TYPE, "");
        add(out, "", ls_fact_get(f, LS_A_NOT_NULL) ? "not null" : NULL);
        add_attr(out, f, LS_A_IDENTITY, "identity ");
        add_attr(out, f, LS_A_GENERATED, "");
        add_attr(out, f, LS_A_DEFAULT, "default ");
        break;
    case LS_FACT_CONSTRAINT:
        add_attr(out, f, LS_A_FORM, "");
        add_attr(out, f, LS_A_KEY, "");
        add_attr(out, f, LS_A_EXPRESSION, "");
        add_attr(out, f, LS_A_REFERENCES, "references ");
        break;
    case LS_FACT_INDEX:
        add(out, "", ls_fact_get(f, LS_A_UNIQUE) ? "unique" : NULL);
        add_attr(out, f, LS_A_METHOD, "");
        add_attr(out, f, LS_A_KEY, "");
        add_attr(out, f, LS_A_PREDICATE, "where ");
        add(out, "", ls_fact_get(f, LS_A_NOT_VALID) ? "INVALID" : NULL);
        break;
    case LS_FACT_TRIGGER:
    case LS_FACT_POLICY:
    case LS_FACT_RULE:
        add_attr(out, f, LS_A_TIMING, "");
        add_attr(out, f, LS_A_CALLS, "");
        break;
    default:
        add_attr(out, f, LS_A_TYPE, "");
        add_attr(out, f, LS_A_LABELS, "");
        add_attr(out, f, LS_A_VERSION, "");
        add_attr(out, f, LS_A_SETTING, "");
        add_attr(out, f, LS_A_OWNED_BY, "of ");
        break;
    }
    add_attr(out, f, LS_A_COMMENT, "-- ");
}
