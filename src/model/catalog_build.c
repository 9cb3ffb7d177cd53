/* Filling a catalogue and freezing it. */
#include <config.h>

#include "lockstep/model/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"

/* An attribute as it was set, in the order of the calls. */
struct set_attr {
    uint32_t fact;
    enum ls_attr attr;
    const char *value;
};

struct ls_catalog_builder {
    struct ls_arena *arena;
    enum ls_dialect dialect;
    LS_VEC(struct ls_fact) facts; /* parent_ix: number of the call until freeze */
    LS_VEC(struct set_attr) attrs;
    LS_VEC(struct ls_dep) deps;
    struct ls_diags notes;
    const char **slots; /* open hash table of interned strings */
    size_t n_strings, n_slots;
};

struct ls_catalog_builder *ls_catalog_builder_new(enum ls_dialect dialect)
{
    struct ls_catalog_builder *b = ls_calloc(1, sizeof(*b));

    b->arena = ls_arena_new();
    b->dialect = dialect;
    b->n_slots = 1024;
    b->slots = ls_calloc(b->n_slots, sizeof(*b->slots));
    return b;
}

static void free_shell(struct ls_catalog_builder *b)
{
    LS_VEC_RELEASE(&b->facts);
    LS_VEC_RELEASE(&b->attrs);
    LS_VEC_RELEASE(&b->deps);
    free(b->slots);
    free(b);
}

void ls_catalog_builder_free(struct ls_catalog_builder *b)
{
    if (b == NULL)
        return;
    LS_VEC_RELEASE(&b->notes.d);
    ls_arena_free(b->arena);
    free_shell(b);
}

struct ls_arena *ls_catalog_builder_arena(struct ls_catalog_builder *b)
{
    return b->arena;
}

/* --- strings --- */

#define FNV_BASIS 14695981039346656037ULL
#define FNV_PRIME 1099511628211ULL

static uint64_t hash_bytes(uint64_t h, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)s[i]) * FNV_PRIME;
    return h;
}

static void grow_slots(struct ls_catalog_builder *b)
{
    size_t n = b->n_slots * 2;
    const char **slots = ls_calloc(n, sizeof(*slots));

    for (size_t i = 0; i < b->n_slots; i++) {
        size_t at;

        if (b->slots[i] == NULL)
            continue;
        for (at = hash_bytes(FNV_BASIS, b->slots[i], strlen(b->slots[i])) & (n - 1); slots[at] != NULL; at = (at + 1) & (n - 1))
            ;
        slots[at] = b->slots[i];
    }
    free(b->slots);
    b->slots = slots;
    b->n_slots = n;
}

const char *ls_catalog_intern(struct ls_catalog_builder *b, const char *s)
{
    size_t len = strlen(s), at;

    if (b->n_strings * 2 >= b->n_slots)
        grow_slots(b);
    for (at = hash_bytes(FNV_BASIS, s, len) & (b->n_slots - 1); b->slots[at] != NULL; at = (at + 1) & (b->n_slots - 1))
        if (strcmp(b->slots[at], s) == 0)
            return b->slots[at];
    b->n_strings++;
    return b->slots[at] = ls_arena_strn(b->arena, s, len);
}

/* --- filling --- */

/* Facts come schema by schema and table by table: mostly it is the text of the fact before. */
static const char *intern_again(struct ls_catalog_builder *b, const char *s, const char *before)
{
    if (s == NULL)
        s = "";
    return before != NULL && (s == before || strcmp(s, before) == 0) ? before : ls_catalog_intern(b, s);
}

uint32_t ls_catalog_add(struct ls_catalog_builder *b, enum ls_fact_kind kind, const char *schema, const char *parent, const char *name)
{
    struct ls_fact *f = LS_VEC_PUSH(&b->facts);
    uint32_t number = (uint32_t)(b->facts.n - 1);
    const struct ls_fact *before = number > 0 ? f - 1 : NULL;

    *f = (struct ls_fact){.kind = kind,
                          .parent_ix = number,
                          .schema = intern_again(b, schema, before != NULL ? before->schema : NULL),
                          .parent = intern_again(b, parent, before != NULL ? before->parent : NULL),
                          .name = ls_catalog_intern(b, name)};
    return number;
}

void ls_catalog_set(struct ls_catalog_builder *b, uint32_t fact, enum ls_attr a, const char *value)
{
    if (fact == LS_NO_FACT || value == NULL || value[0] == '\0')
        return;
    *LS_VEC_PUSH(&b->attrs) = (struct set_attr){fact, a, ls_catalog_intern(b, value)};
}

void ls_catalog_depend(struct ls_catalog_builder *b, uint32_t from, uint32_t to)
{
    if (from == LS_NO_FACT || to == LS_NO_FACT)
        return;
    *LS_VEC_PUSH(&b->deps) = (struct ls_dep){from, to};
}

void ls_catalog_note(struct ls_catalog_builder *b, enum ls_severity severity, const char *code, const char *message, const char *hint)
{
    *LS_VEC_PUSH(&b->notes.d) = (struct ls_diag){.severity = severity,
                                                 .code = ls_arena_str(b->arena, code),
                                                 .message = ls_arena_str(b->arena, message),
                                                 .hint = ls_arena_str(b->arena, hint)};
}

/* --- what was added, as bytes: facts, then attributes; strings with their NUL --- */

enum { RECORD_FACT = 1, RECORD_ATTR };

struct ls_catalog_place ls_catalog_builder_place(const struct ls_catalog_builder *b)
{
    return (struct ls_catalog_place){b->facts.n, b->attrs.n};
}

static void record_string(struct ls_buf *out, const char *s)
{
    ls_buf_add(out, s, strlen(s) + 1);
}

void ls_catalog_builder_record(const struct ls_catalog_builder *b, struct ls_catalog_place from, struct ls_buf *out)
{
    for (size_t i = from.facts; i < b->facts.n; i++) {
        ls_buf_addc(out, RECORD_FACT);
        ls_buf_addc(out, (char)b->facts.v[i].kind);
        record_string(out, b->facts.v[i].schema);
        record_string(out, b->facts.v[i].parent);
        record_string(out, b->facts.v[i].name);
    }
    for (size_t i = from.attrs; i < b->attrs.n; i++) {
        uint32_t behind = b->attrs.v[i].fact - (uint32_t)from.facts;

        ls_buf_addc(out, RECORD_ATTR);
        ls_buf_addc(out, (char)b->attrs.v[i].attr);
        ls_buf_add(out, &behind, sizeof(behind));
        record_string(out, b->attrs.v[i].value);
    }
}

static const char *replay_string(const char **p)
{
    const char *s = *p;

    *p += strlen(s) + 1;
    return s;
}

uint32_t ls_catalog_builder_replay(struct ls_catalog_builder *b, const char *bytes, size_t len)
{
    uint32_t first = (uint32_t)b->facts.n, behind;

    for (const char *p = bytes; p < bytes + len;) {
        char what = *p++;
        unsigned char which = (unsigned char)*p++;

        if (what == RECORD_FACT) {
            const char *schema = replay_string(&p), *parent = replay_string(&p), *name = replay_string(&p);

            ls_catalog_add(b, (enum ls_fact_kind)which, schema, parent, name);
        } else {
            memcpy(&behind, p, sizeof(behind));
            p += sizeof(behind);
            ls_catalog_set(b, first + behind, (enum ls_attr)which, replay_string(&p));
        }
    }
    return first;
}

/* --- freezing --- */

static int by_identity(const void *a, const void *b, void *dialect)
{
    const struct ls_fact *x = a, *y = b;
    int c = ls_fact_compare(*(const enum ls_dialect *)dialect, x, y);

    return c != 0 ? c : x->parent_ix < y->parent_ix ? -1 : 1; /* the order of the calls */
}

/* By counting, and stable: sorted by one end and then by the other they are in order of the second, those that are the same there in
 * order of the first. */
static void sort_deps(const struct ls_dep *deps, size_t n, uint32_t n_facts, bool by_to, struct ls_dep *out)
{
    uint32_t *start = ls_calloc((size_t)n_facts + 1, sizeof(*start));

    for (size_t i = 0; i < n; i++)
        start[(by_to ? deps[i].to : deps[i].from) + 1]++;
    for (uint32_t f = 0; f < n_facts; f++)
        start[f + 1] += start[f];
    for (size_t i = 0; i < n; i++)
        out[start[by_to ? deps[i].to : deps[i].from]++] = deps[i];
    free(start);
}

/* Sorts the facts and drops those that are there already; says for each call's number where its fact went. */
static uint32_t *sort_facts(struct ls_catalog_builder *b, struct ls_fact **facts, uint32_t *n_facts)
{
    size_t n = b->facts.n, kept = 0;
    uint32_t *where = ls_calloc(n + 1, sizeof(*where));
    struct ls_fact *out;

    if (n > 1)
        qsort_r(b->facts.v, n, sizeof(*b->facts.v), by_identity, &b->dialect);
    out = LS_ARENA_ARRAY(b->arena, struct ls_fact, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct ls_fact *f = &b->facts.v[i];

        if (kept > 0 && ls_fact_compare(b->dialect, &out[kept - 1], f) == 0) {
            struct ls_buf text = LS_BUF_INIT;

            ls_fact_label(f, false, &text);
            ls_buf_adds(&text, " was read twice; the first was kept");
            ls_catalog_note(b, LS_SEV_WARNING, "read-twice", text.ptr, NULL);
            ls_buf_release(&text);
            where[f->parent_ix] = LS_NO_FACT;
            continue;
        }
        where[f->parent_ix] = (uint32_t)kept;
        out[kept] = *f;
        out[kept++].parent_ix = LS_NO_FACT;
    }
    *facts = out;
    *n_facts = (uint32_t)kept;
    return where;
}

/* Gives each fact its attributes, sorted; of two values the last call's. The calls mostly come fact by fact, so the sort is by counting: facts, then a
 * few swaps within one. */
static void place_attrs(struct ls_catalog_builder *b, struct ls_fact *facts, uint32_t n_facts, const uint32_t *where)
{
    size_t n = b->attrs.n;
    uint32_t *start = ls_calloc((size_t)n_facts + 2, sizeof(*start));
    struct set_attr *sorted = ls_calloc(n + 1, sizeof(*sorted));
    struct ls_attr_value *values = LS_ARENA_ARRAY(b->arena, struct ls_attr_value, n + 1);
    size_t used = 0;

    for (size_t i = 0; i < n; i++)
        if (where[b->attrs.v[i].fact] != LS_NO_FACT)
            start[where[b->attrs.v[i].fact] + 1]++;
    for (uint32_t f = 0; f < n_facts; f++)
        start[f + 1] += start[f];
    for (size_t i = 0; i < n; i++) {
        uint32_t f = where[b->attrs.v[i].fact];
        struct set_attr a = b->attrs.v[i];

        if (f == LS_NO_FACT)
            continue;
        a.fact = f;
        sorted[start[f]++] = a;
    }
    for (uint32_t f = 0, i = 0; f < n_facts; f++) { /* start[f] is where f's end now */
        facts[f].attrs = values + used;
        for (; i < start[f]; i++) {
            size_t at = used;

            while (at > (size_t)(facts[f].attrs - values) && values[at - 1].attr > sorted[i].attr)
                at--;
            if (at > (size_t)(facts[f].attrs - values) && values[at - 1].attr == sorted[i].attr) {
                values[at - 1].value = sorted[i].value;
                continue;
            }
            memmove(values + at + 1, values + at, (used - at) * sizeof(*values));
            values[at] = (struct ls_attr_value){sorted[i].attr, sorted[i].value};
            used++;
        }
        facts[f].n_attrs = (uint32_t)(values + used - facts[f].attrs);
    }
    free(sorted);
    free(start);
}

static void hash_facts(struct ls_fact *facts, uint32_t n)
{
    for (uint32_t f = 0; f < n; f++) {
        uint64_t h = FNV_BASIS;

        for (uint32_t i = 0; i < facts[f].n_attrs; i++) {
            const struct ls_attr_value *a = &facts[f].attrs[i];
            char tag = (char)a->attr;

            if (ls_attr_class(a->attr) != LS_ATTR_MEANING)
                continue;
            h = hash_bytes(h, &tag, 1);
            h = hash_bytes(h, a->value, strlen(a->value) + 1);
        }
        facts[f].hash = h;
    }
}

/* What a fact hangs below: some relation, a domain, a server. */
static void find_parents(struct ls_catalog *c, struct ls_fact *facts)
{
    static const enum ls_fact_kind relations[] = {LS_FACT_TABLE, LS_FACT_VIEW, LS_FACT_MATVIEW, LS_FACT_DOMAIN};

    for (uint32_t f = 0; f < c->n_facts; f++) {
        enum ls_fact_kind up = ls_fact_kind_parent(facts[f].kind);
        const struct ls_fact *parent = NULL;

        if (up == LS_FACT_NONE)
            continue;
        if (f > 0 && facts[f].kind == facts[f - 1].kind && facts[f].parent == facts[f - 1].parent && facts[f].schema == facts[f - 1].schema) {
            facts[f].parent_ix = facts[f - 1].parent_ix;
            continue;
        }
        if (up == LS_FACT_SERVER)
            parent = ls_catalog_find(c, up, facts[f].schema, "", facts[f].parent);
        else
            for (size_t i = 0; i < LS_ARRAY_LEN(relations) && parent == NULL; i++)
                parent = ls_catalog_find(c, relations[i], facts[f].schema, "", facts[f].parent);
        if (parent != NULL)
            facts[f].parent_ix = ls_catalog_index(c, parent);
    }
}

static void place_deps(struct ls_catalog_builder *b, struct ls_catalog *c, const uint32_t *where)
{
    struct ls_dep *deps = LS_ARENA_ARRAY(b->arena, struct ls_dep, b->deps.n + 1), *rdeps = LS_ARENA_ARRAY(b->arena, struct ls_dep, b->deps.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < b->deps.n; i++) {
        struct ls_dep d = {where[b->deps.v[i].from], where[b->deps.v[i].to]};

        if (d.from != LS_NO_FACT && d.to != LS_NO_FACT && d.from != d.to)
            deps[n++] = d;
    }
    sort_deps(deps, n, c->n_facts, true, rdeps);
    sort_deps(rdeps, n, c->n_facts, false, deps);
    for (size_t i = 0; i < n; i++)
        if (c->n_deps == 0 || memcmp(&deps[c->n_deps - 1], &deps[i], sizeof(*deps)) != 0)
            deps[c->n_deps++] = deps[i];
    sort_deps(deps, c->n_deps, c->n_facts, true, rdeps);
    c->deps = deps;
    c->rdeps = rdeps;
}

struct ls_catalog *ls_catalog_freeze(struct ls_catalog_builder *b, const char *source, const char *server, int server_version)
{
    struct ls_catalog *c = LS_ARENA_NEW(b->arena, struct ls_catalog);
    struct ls_fact *facts;
    uint32_t *where;

    c->arena = b->arena;
    c->dialect = b->dialect;
    c->source = ls_arena_str(b->arena, source == NULL ? "" : source);
    c->server = ls_arena_str(b->arena, server == NULL ? "" : server);
    c->server_version = server_version;
    where = sort_facts(b, &facts, &c->n_facts);
    c->facts = facts;
    place_attrs(b, facts, c->n_facts, where);
    hash_facts(facts, c->n_facts);
    find_parents(c, facts);
    place_deps(b, c, where);
    c->notes = b->notes;
    free(where);
    free_shell(b);
    return c;
}
