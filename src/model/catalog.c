#include <config.h>

#include "lockstep/model/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/find.h"

/* --- words --- */

struct fact_word {
    const char *word, *plural;
    enum ls_fact_kind parent;
};
static const struct fact_word fact_words[LS_N_FACTS] = {
    [LS_FACT_NONE] = {"", "", LS_FACT_NONE},
#define X(e, w, p, up) [LS_FACT_##e] = {w, p, LS_FACT_##up},
    LS_FACTS(X)
#undef X
};

struct attr_word {
    const char *word;
    enum ls_attr_class class;
};
static const struct attr_word attr_words[LS_N_ATTRS] = {
#define X(e, w, c) [LS_A_##e] = {w, LS_ATTR_##c},
    LS_ATTRS(X)
#undef X
};

const char *ls_fact_kind_name(enum ls_fact_kind k)
{
    return fact_words[k].word;
}

const char *ls_fact_kind_plural(enum ls_fact_kind k)
{
    return fact_words[k].plural;
}

enum ls_fact_kind ls_fact_kind_find(const char *word)
{
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++)
        if (strcmp(fact_words[k].word, word) == 0)
            return (enum ls_fact_kind)k;
    return LS_FACT_NONE;
}

enum ls_fact_kind ls_fact_kind_parent(enum ls_fact_kind k)
{
    return fact_words[k].parent;
}

const char *ls_attr_name(enum ls_attr a)
{
    return attr_words[a].word;
}

enum ls_attr_class ls_attr_class(enum ls_attr a)
{
    return attr_words[a].class;
}

enum ls_attr ls_attr_find(const char *word)
{
    for (int a = 0; a < LS_N_ATTRS; a++)
        if (strcmp(attr_words[a].word, word) == 0)
            return (enum ls_attr)a;
    return LS_N_ATTRS;
}

/* --- order --- */

/* SQLite's names are the same in any case of A-Z. */
static int compare_names(enum ls_dialect d, const char *a, const char *b)
{
    if (a == b)
        return 0;
    return d == LS_DIALECT_SQLITE ? strcasecmp(a, b) : strcmp(a, b);
}

int ls_fact_compare(enum ls_dialect d, const struct ls_fact *a, const struct ls_fact *b)
{
    int c;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if ((c = compare_names(d, a->schema, b->schema)) != 0)
        return c;
    if ((c = compare_names(d, a->parent, b->parent)) != 0)
        return c;
    return compare_names(d, a->name, b->name);
}

/* First fact for which compare(fact) >= 0. */
static uint32_t lower_bound(const struct ls_catalog *c, const struct ls_fact *key)
{
    size_t at;

    LS_FIND_FIRST(at, c->n_facts, ls_fact_compare(c->dialect, &c->facts[at], key) < 0);
    return (uint32_t)at;
}

/* --- reading --- */

void ls_catalog_free(struct ls_catalog *c)
{
    if (c == NULL)
        return;
    LS_VEC_RELEASE(&c->notes.d);
    ls_arena_free(c->arena); /* c itself is in it */
}

const struct ls_fact *ls_catalog_find(const struct ls_catalog *c, enum ls_fact_kind kind, const char *schema, const char *parent, const char *name)
{
    struct ls_fact key = {.kind = kind, .schema = schema, .parent = parent, .name = name};
    uint32_t at = lower_bound(c, &key);

    return at < c->n_facts && ls_fact_compare(c->dialect, &c->facts[at], &key) == 0 ? &c->facts[at] : NULL;
}

const char *ls_fact_get(const struct ls_fact *f, enum ls_attr a)
{
    for (uint32_t i = 0; i < f->n_attrs && f->attrs[i].attr <= a; i++)
        if (f->attrs[i].attr == a)
            return f->attrs[i].value;
    return NULL;
}

const struct ls_fact *ls_catalog_children(const struct ls_catalog *c, const struct ls_fact *of, enum ls_fact_kind kind, uint32_t *n)
{
    struct ls_fact key = {.kind = kind, .schema = of->schema, .parent = of->name, .name = ""};
    uint32_t first = lower_bound(c, &key), end = first;

    while (end < c->n_facts && c->facts[end].kind == kind && compare_names(c->dialect, c->facts[end].schema, of->schema) == 0 &&
           compare_names(c->dialect, c->facts[end].parent, of->name) == 0)
        end++;
    *n = end - first;
    return c->facts + first;
}

const struct ls_fact *ls_catalog_kind(const struct ls_catalog *c, enum ls_fact_kind kind, uint32_t *n)
{
    struct ls_fact key = {.kind = kind, .schema = "", .parent = "", .name = ""};
    uint32_t first, end;

    first = lower_bound(c, &key);
    key.kind = (enum ls_fact_kind)(kind + 1);
    end = lower_bound(c, &key);
    *n = end - first;
    return c->facts + first;
}

/* The run of deps whose `from` (else `to`) is fact. */
static const struct ls_dep *dep_run(const struct ls_dep *deps, uint32_t n_deps, uint32_t fact, bool by_from, uint32_t *n)
{
    size_t first, end;

    LS_FIND_FIRST(first, n_deps, (by_from ? deps[first].from : deps[first].to) < fact);
    for (end = first; end < n_deps && (by_from ? deps[end].from : deps[end].to) == fact; end++)
        ;
    *n = (uint32_t)(end - first);
    return deps == NULL ? NULL : deps + first;
}

const struct ls_dep *ls_catalog_needs(const struct ls_catalog *c, uint32_t fact, uint32_t *n)
{
    return dep_run(c->deps, c->n_deps, fact, true, n);
}

const struct ls_dep *ls_catalog_needed_by(const struct ls_catalog *c, uint32_t fact, uint32_t *n)
{
    return dep_run(c->rdeps, c->n_deps, fact, false, n);
}

void ls_fact_label(const struct ls_fact *f, bool is_short, struct ls_buf *out)
{
    bool has_schema = f->schema[0] != '\0' && !(is_short && (strcmp(f->schema, "public") == 0 || strcmp(f->schema, "main") == 0));

    ls_buf_addf(out, "%s ", ls_fact_kind_name(f->kind));
    if (has_schema)
        ls_buf_addf(out, "%s.", f->schema);
    if (f->parent[0] != '\0')
        ls_buf_addf(out, "%s.", f->parent);
    ls_buf_adds(out, f->name);
}
