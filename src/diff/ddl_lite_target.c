/* diff/ddl_lite_target.c: what a shall look like: as b, but for what was not compared, which stays as a has it. A table is made anew as a whole: what a
 * side cannot say anything about (a Drizzle snapshot's triggers), or what is ignored, would be lost with it otherwise. */
#include <config.h>

#include "diff/ddl_lite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

struct target {
    const struct ls_diff *d;
    struct match m;                   /* for renamings that are followed */
    struct ls_catalog_builder *out;
    bool *comes, *goes;               /* per fact of b, of a: a difference says so */
    bool *is_mixed;                   /* per fact of b: not quite b's, and so its text is nobody's */
    uint32_t *a_of;
    uint32_t *number;                 /* per fact of b: in the builder */
    const struct ls_difference **both; /* per fact of b: its difference, with both sides */
};

static void read_differences(struct target *t)
{
    for (size_t i = 0; i < t->d->d.n; i++) {
        const struct ls_difference *x = &t->d->d.v[i];

        if (x->n_attrs == 1 && x->attrs[0].attr == LS_A_POSITION)
            continue; /* the order of a table's columns: beside what else is different of it */
        if (x->a && x->b)
            t->both[ls_catalog_index(t->d->b, x->b)] = x;
        else if (x->a)
            t->goes[ls_catalog_index(t->d->a, x->a)] = true;
        else
            t->comes[ls_catalog_index(t->d->b, x->b)] = true;
    }
    for (uint32_t i = 0; i < t->d->b->n_facts; i++)
        t->a_of[i] = LS_NO_FACT;
    for (uint32_t i = 0; i < t->d->a->n_facts; i++)
        if (t->d->b_of[i] != LS_NO_FACT)
            t->a_of[t->d->b_of[i]] = i;
    for (size_t i = 0; i < t->d->renames.n; i++) {
        const struct ls_rename *r = &t->d->renames.v[i];

        if (r->state == LS_RENAME_PROPOSED || r->state == LS_RENAME_ACCEPTED)
            diff_follow(&t->m, r->a, r->b);
    }
}

/* A column's or a constraint's text is its table's. */
static void mix(struct target *t, uint32_t b)
{
    const struct ls_fact *f = &t->d->b->facts[b];

    t->is_mixed[b] = true;
    if ((f->kind == LS_FACT_COLUMN || f->kind == LS_FACT_CONSTRAINT) && f->parent_ix != LS_NO_FACT)
        t->is_mixed[f->parent_ix] = true;
}

static bool is_listed(const struct ls_difference *x, enum ls_attr a)
{
    for (uint32_t i = 0; x && i < x->n_attrs; i++)
        if (x->attrs[i].attr == a)
            return true;
    return false;
}

/* An attribute that both may have. */
static void take(struct target *t, uint32_t b, enum ls_attr attr)
{
    const struct ls_fact *fa = &t->d->a->facts[t->a_of[b]], *fb = &t->d->b->facts[b];
    const char *va = ls_fact_get(fa, attr), *vb = ls_fact_get(fb, attr);

    if (is_listed(t->both[b], attr) || diff_same_value(&t->m, fa, va, vb)) {
        ls_catalog_set(t->out, t->number[b], attr, vb);
        return;
    }
    ls_catalog_set(t->out, t->number[b], attr, va);
    mix(t, b);
}

static void take_fact(struct target *t, uint32_t b)
{
    const struct ls_fact *f = &t->d->b->facts[b], *fa = t->a_of[b] == LS_NO_FACT ? NULL : &t->d->a->facts[t->a_of[b]];

    if (fa == NULL && !t->comes[b]) {
        mix(t, b);
        return;
    }
    t->number[b] = ls_catalog_add(t->out, f->kind, f->schema, f->parent, f->name);
    for (uint32_t i = 0; i < f->n_attrs; i++) {
        if (f->attrs[i].attr == LS_A_DEFINITION)
            continue;
        if (fa && ls_attr_class(f->attrs[i].attr) == LS_ATTR_MEANING)
            take(t, b, f->attrs[i].attr);
        else
            ls_catalog_set(t->out, t->number[b], f->attrs[i].attr, f->attrs[i].value);
    }
    for (uint32_t i = 0; fa && i < fa->n_attrs; i++)
        if (ls_attr_class(fa->attrs[i].attr) == LS_ATTR_MEANING && !ls_fact_get(f, fa->attrs[i].attr))
            take(t, b, fa->attrs[i].attr);
}

/* Only a has it, and no difference says that it goes. Columns stand last. */
static void keep(struct target *t, uint32_t a)
{
    const struct ls_fact *f = &t->d->a->facts[a];
    uint32_t above = f->parent_ix == LS_NO_FACT ? LS_NO_FACT : t->d->b_of[f->parent_ix], fact;
    char position[32];

    if (f->parent_ix == LS_NO_FACT ? f->parent[0] != '\0' : above == LS_NO_FACT && t->goes[f->parent_ix])
        return;
    fact = ls_catalog_add(t->out, f->kind, f->schema, above == LS_NO_FACT ? f->parent : t->d->b->facts[above].name, f->name);
    for (uint32_t i = 0; i < f->n_attrs; i++)
        ls_catalog_set(t->out, fact, f->attrs[i].attr, f->attrs[i].value);
    if (f->kind == LS_FACT_COLUMN) {
        snprintf(position, sizeof(position), "1%09u", (unsigned)a);
        ls_catalog_set(t->out, fact, LS_A_POSITION, position);
    }
    if (above != LS_NO_FACT && (f->kind == LS_FACT_COLUMN || f->kind == LS_FACT_CONSTRAINT))
        t->is_mixed[above] = true;
}

struct ls_catalog *lite_target(const struct ls_diff *d)
{
    size_t n_a = (size_t)d->a->n_facts + 1, n_b = (size_t)d->b->n_facts + 1;
    struct target t = {.d = d,
                       .m = {.a = d->a, .b = d->b},
                       .out = ls_catalog_builder_new(LS_DIALECT_SQLITE),
                       .comes = ls_calloc(n_b, sizeof(bool)),
                       .goes = ls_calloc(n_a, sizeof(bool)),
                       .is_mixed = ls_calloc(n_b, sizeof(bool)),
                       .a_of = ls_calloc(n_b, sizeof(uint32_t)),
                       .number = ls_calloc(n_b, sizeof(uint32_t)),
                       .both = ls_calloc(n_b, sizeof(*t.both))};

    read_differences(&t);
    for (uint32_t i = 0; i < d->b->n_facts; i++) {
        t.number[i] = LS_NO_FACT;
        take_fact(&t, i);
    }
    for (uint32_t i = 0; i < d->a->n_facts; i++)
        if (d->b_of[i] == LS_NO_FACT && !t.goes[i])
            keep(&t, i);
    for (uint32_t i = 0; i < d->b->n_facts; i++)
        if (t.number[i] != LS_NO_FACT && !t.is_mixed[i])
            ls_catalog_set(t.out, t.number[i], LS_A_DEFINITION, ls_fact_get(&d->b->facts[i], LS_A_DEFINITION));
    free(t.comes);
    free(t.goes);
    free(t.is_mixed);
    free(t.a_of);
    free(t.number);
    free((void *)t.both);
    LS_VEC_RELEASE(&t.m.names);
    return ls_catalog_freeze(t.out, d->b->source, d->b->server, d->a->server_version);
}
