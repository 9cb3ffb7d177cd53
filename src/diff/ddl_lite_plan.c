/* diff/ddl_lite_plan.c: what becomes of each table: left alone, changed where it is, or made anew; and which views, indexes and triggers are said. */
#include <config.h>

#include "diff/ddl_lite.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/find.h"
#include "lockstep/base/mem.h"

#define HAS_DROP_COLUMN 3035000

/* --- who is whose --- */

const struct ls_fact *lite_in_target(const struct lite *l, const struct ls_fact *of_b)
{
    uint32_t t = l->t_of_b[ls_catalog_index(l->d->b, of_b)];

    return t == LS_NO_FACT ? NULL : &l->t->facts[t];
}

static uint32_t find(const struct lite *l, const struct ls_fact *f, const char *parent)
{
    const struct ls_fact *found = ls_catalog_find(l->t, f->kind, f->schema, parent, f->name);

    return found ? ls_catalog_index(l->t, found) : LS_NO_FACT;
}

/* The partner of a fact of a: b's, or itself where the target has kept it. Kinds are in the order of what hangs below what. */
static uint32_t partner(const struct lite *l, uint32_t a)
{
    const struct ls_fact *f = &l->a->facts[a];
    uint32_t above = f->parent_ix == LS_NO_FACT ? LS_NO_FACT : l->t_of_a[f->parent_ix];

    if (l->d->b_of[a] != LS_NO_FACT)
        return l->t_of_b[l->d->b_of[a]];
    if (l->is_dropped[a] || (f->parent_ix != LS_NO_FACT && above == LS_NO_FACT))
        return LS_NO_FACT;
    return find(l, f, above == LS_NO_FACT ? f->parent : l->t->facts[above].name);
}

static void find_partners(struct lite *l)
{
    const struct ls_catalog *a = l->a, *b = l->d->b;

    for (size_t i = 0; i < l->d->d.n; i++) /* borrowed for a while */
        if (l->d->d.v[i].change == LS_CHANGE_REMOVED)
            l->is_dropped[ls_catalog_index(a, l->d->d.v[i].a)] = 1;
    for (uint32_t i = 0; i < l->t->n_facts; i++)
        l->a_of_t[i] = LS_NO_FACT;
    for (uint32_t i = 0; i < b->n_facts; i++)
        l->t_of_b[i] = find(l, &b->facts[i], b->facts[i].parent);
    for (uint32_t i = 0; i < a->n_facts; i++) {
        l->now[i] = a->facts[i].name;
        l->t_of_a[i] = partner(l, i);
        if (l->t_of_a[i] != LS_NO_FACT)
            l->a_of_t[l->t_of_a[i]] = i;
    }
    memset(l->is_dropped, 0, a->n_facts);
}

/* --- the differences of each table --- */

static uint32_t table_of(const struct lite *l, const struct ls_difference *x)
{
    const struct ls_fact *f = x->b ? lite_in_target(l, x->b) : NULL;

    if (f)
        return f->kind == LS_FACT_TABLE ? ls_catalog_index(l->t, f) : f->parent_ix;
    if (x->a == NULL || x->a->kind == LS_FACT_TABLE || x->a->parent_ix == LS_NO_FACT)
        return LS_NO_FACT;
    return l->t_of_a[x->a->parent_ix];
}

static int by_table(const void *p, const void *q)
{
    const struct lite_item *a = p, *b = q;

    return a->table != b->table ? (a->table < b->table ? -1 : 1) : a->x < b->x ? -1 : a->x > b->x;
}

static void collect(struct lite *l)
{
    for (size_t i = 0; i < l->d->d.n; i++) {
        const struct ls_difference *x = &l->d->d.v[i];
        enum ls_fact_kind kind = diff_side(x)->kind;
        struct lite_item item = {LS_NO_FACT, x};

        if (kind != LS_FACT_TABLE && kind != LS_FACT_COLUMN && kind != LS_FACT_CONSTRAINT)
            continue;
        item.table = table_of(l, x);
        if (item.table != LS_NO_FACT && l->t->facts[item.table].kind == LS_FACT_TABLE)
            *LS_VEC_PUSH(&l->items) = item;
    }
    if (l->items.n > 1)
        qsort(l->items.v, l->items.n, sizeof(*l->items.v), by_table);
}

struct lite_item *lite_items(const struct lite *l, uint32_t table, size_t *n)
{
    size_t at;

    LS_FIND_FIRST(at, l->items.n, l->items.v[at].table < table);
    for (*n = 0; at + *n < l->items.n && l->items.v[at + *n].table == table;)
        (*n)++;
    return *n > 0 ? l->items.v + at : NULL;
}

/* --- what ALTER TABLE can do: sqlite.org/lang_altertable.html --- */

bool lite_mentions(const char *text, const char *name)
{
    struct ls_buf one = LS_BUF_INIT;
    struct ls_lex lx;
    bool is_there = false;

    ls_lex_init(&lx, LS_DIALECT_SQLITE, text ? text : "", text ? strlen(text) : 0);
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR && !is_there; t = ls_lex_next(&lx)) {
        if (t.kind != LS_TOK_WORD && t.kind != LS_TOK_KEYWORD && t.kind != LS_TOK_QUOTED)
            continue;
        diff_token_name(LS_DIALECT_SQLITE, &t, text, &one);
        is_there = strcasecmp(one.ptr ? one.ptr : "", name) == 0;
    }
    ls_buf_release(&one);
    return is_there;
}

size_t lite_first_name(const char *text, struct ls_buf *out)
{
    struct ls_lex lx;
    struct ls_tok t;

    ls_lex_init(&lx, LS_DIALECT_SQLITE, text, strlen(text));
    t = ls_lex_next(&lx);
    diff_token_name(LS_DIALECT_SQLITE, &t, text, out);
    return t.end;
}

static bool can_add(const struct ls_fact *column)
{
    const char *value = ls_fact_get(column, LS_A_DEFAULT), *generated = ls_fact_get(column, LS_A_GENERATED);

    if (generated)
        return strncmp(generated, "virtual", 7) == 0 && !ls_fact_get(column, LS_A_NOT_NULL);
    if (ls_fact_get(column, LS_A_NOT_NULL) && (!value || strcasecmp(value, "null") == 0))
        return false;
    return !value || (value[0] != '(' && strncasecmp(value, "current_", 8) != 0);
}

/* A key, a check, another column that names it goes or changes as well, and so the table is made anew; an index has gone by then. */
static bool can_drop(const struct lite *l, const struct ls_fact *column)
{
    const struct ls_fact *table = &l->a->facts[column->parent_ix];
    uint32_t n, n_left = 0;
    const struct ls_fact *all = ls_catalog_children(l->a, table, LS_FACT_COLUMN, &n);

    for (uint32_t i = 0; i < n; i++)
        n_left += l->t_of_a[ls_catalog_index(l->a, &all[i])] != LS_NO_FACT;
    return n_left > 0 && (l->a->server_version == 0 || l->a->server_version >= HAS_DROP_COLUMN);
}

/* Whether it is a new column; the last one of those that the constraint names. */
static const struct ls_fact *last_new(const struct lite *l, uint32_t table, const struct ls_fact *constraint)
{
    bool is_key = ddl_is(constraint, LS_A_FORM, "foreign key");
    const struct ls_fact *found = NULL, **columns;
    uint32_t n;

    columns = ddl_columns(l->t, &l->t->facts[table], &n);
    for (uint32_t i = 0; i < n; i++) {
        if (l->a_of_t[ls_catalog_index(l->t, columns[i])] != LS_NO_FACT)
            continue;
        if (is_key ? ddl_is_key(constraint, columns[i]->name) && !ls_fact_get(columns[i], LS_A_DEFAULT)
                   : lite_mentions(ls_fact_get(constraint, LS_A_EXPRESSION), columns[i]->name))
            found = columns[i];
    }
    free((void *)columns);
    return found;
}

const struct ls_fact *lite_brought_by(const struct lite *l, uint32_t table, const struct ls_fact *constraint)
{
    if (!ddl_is(constraint, LS_A_FORM, "foreign key") && !ddl_is(constraint, LS_A_FORM, "check"))
        return NULL;
    return last_new(l, table, constraint);
}

static bool can_alter(const struct lite *l, const struct lite_item *item)
{
    const struct ls_difference *x = item->x;
    const struct ls_fact *f = diff_side(x);

    if (f->kind == LS_FACT_CONSTRAINT)
        return x->change == LS_CHANGE_ADDED && lite_brought_by(l, item->table, lite_in_target(l, x->b));
    if (x->a && x->b) /* or only renamed */
        return x->n_attrs == 0;
    if (f->kind == LS_FACT_TABLE)
        return true;
    return x->b ? can_add(lite_in_target(l, x->b)) : can_drop(l, x->a);
}

/* What is new stands last. */
static bool is_order_kept(const struct lite *l, uint32_t table)
{
    uint32_t n;
    const struct ls_fact **columns = ddl_columns(l->t, &l->t->facts[table], &n);
    bool is_new = false, is_kept = true;

    for (uint32_t i = 0; i < n; i++) {
        bool is_old = l->a_of_t[ls_catalog_index(l->t, columns[i])] != LS_NO_FACT;

        is_kept = is_kept && !(is_new && is_old);
        is_new = is_new || !is_old;
    }
    free((void *)columns);
    return is_kept;
}

static enum lite_how how_of(const struct lite *l, uint32_t table)
{
    const struct ls_fact *t = &l->t->facts[table], *a = l->a_of_t[table] == LS_NO_FACT ? NULL : &l->a->facts[l->a_of_t[table]];
    size_t n;
    const struct lite_item *items = lite_items(l, table, &n);
    bool is_virtual;

    if (a == NULL)
        return LITE_NEW;
    is_virtual = ddl_is(a, LS_A_FORM, "virtual") || ddl_is(t, LS_A_FORM, "virtual");
    for (size_t i = 0; i < n; i++) {
        if (is_virtual && items[i].x->n_attrs > 0)
            return LITE_REPLACE;
        if (!is_virtual && !can_alter(l, &items[i]))
            return LITE_REBUILD;
    }
    if (l->opts->with_order && n > 0 && !is_virtual && !is_order_kept(l, table))
        return LITE_REBUILD;
    return n > 0 ? LITE_ALTER : LITE_KEEP;
}

/* --- tables that name themselves --- */

/* CHECK (t.a > 0): put aside under another name the table would not be understood any more, unless SQLite rewrites it. */
static bool names_itself(const struct lite *l, const struct ls_fact *table)
{
    static const struct {
        enum ls_fact_kind kind;
        enum ls_attr attr;
    } places[] = {{LS_FACT_CONSTRAINT, LS_A_EXPRESSION}, {LS_FACT_COLUMN, LS_A_GENERATED}, {LS_FACT_INDEX, LS_A_KEY}, {LS_FACT_INDEX, LS_A_PREDICATE}};

    for (size_t k = 0; k < LS_ARRAY_LEN(places); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(l->a, table, places[k].kind, &n);

        for (uint32_t i = 0; i < n; i++)
            if (lite_mentions(ls_fact_get(&some[i], places[k].attr), table->name))
                return true;
    }
    return false;
}

/* Whoever has a foreign key to it is rewritten as well, and so made anew. */
static void rebuild_children(struct lite *l, const struct ls_fact *table)
{
    uint32_t n;
    const struct ls_fact *all = ls_catalog_kind(l->a, LS_FACT_CONSTRAINT, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t t = all[i].parent_ix == LS_NO_FACT ? LS_NO_FACT : l->t_of_a[all[i].parent_ix];
        const char *to = ls_fact_get(&all[i], LS_A_REFERENCES);
        struct ls_buf name = LS_BUF_INIT;

        if (t == LS_NO_FACT || !to)
            continue;
        (void)lite_first_name(to, &name);
        if (strcasecmp(name.ptr, table->name) == 0 && (l->how[t] == LITE_KEEP || l->how[t] == LITE_ALTER))
            l->how[t] = LITE_REBUILD;
        ls_buf_release(&name);
    }
}

static void find_named_by_themselves(struct lite *l)
{
    uint32_t n;
    const struct ls_fact *tables = ls_catalog_kind(l->a, LS_FACT_TABLE, &n);

    for (bool is_more = true; is_more;) {
        is_more = false;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t t = l->t_of_a[ls_catalog_index(l->a, &tables[i])];

            if (t == LS_NO_FACT || l->how[t] != LITE_REBUILD || l->is_rewritten[t] || !names_itself(l, &tables[i]))
                continue;
            l->is_rewritten[t] = 1;
            l->has_rewritten = is_more = true;
            rebuild_children(l, &tables[i]);
        }
    }
}

/* --- views, indexes, triggers --- */

/* Their texts differ: a renamed view is made anew, and nothing rewrites who names it. */
static bool has_other_text(const struct lite *l, uint32_t t)
{
    const struct ls_fact *x = &l->t->facts[t], *y = &l->a->facts[l->a_of_t[t]];

    return x->hash != y->hash;
}

static void mark_differing(struct lite *l)
{
    bool is_view_renamed = false;

    for (size_t i = 0; i < l->d->d.n; i++) {
        const struct ls_difference *x = &l->d->d.v[i];
        const struct ls_fact *f = x->a && x->b ? lite_in_target(l, x->b) : NULL;
        bool is_said = f && (f->kind == LS_FACT_VIEW || f->kind == LS_FACT_INDEX || f->kind == LS_FACT_TRIGGER);

        if (is_said)
            l->is_made[ls_catalog_index(l->t, f)] = 1;
        is_view_renamed = is_view_renamed || (is_said && f->kind == LS_FACT_VIEW && x->change == LS_CHANGE_RENAMED);
    }
    for (uint32_t i = 0; i < l->t->n_facts; i++) {
        enum ls_fact_kind kind = l->t->facts[i].kind;

        if (kind != LS_FACT_VIEW && kind != LS_FACT_INDEX && kind != LS_FACT_TRIGGER)
            continue;
        if (l->a_of_t[i] == LS_NO_FACT || (is_view_renamed && kind != LS_FACT_INDEX && has_other_text(l, i)))
            l->is_made[i] = 1;
    }
}

/* What hangs below something that is made anew goes with it. */
static void mark_below(struct lite *l)
{
    for (uint32_t i = 0; i < l->t->n_facts; i++) {
        const struct ls_fact *f = &l->t->facts[i];

        if ((f->kind != LS_FACT_INDEX && f->kind != LS_FACT_TRIGGER) || f->parent_ix == LS_NO_FACT)
            continue;
        if (l->how[f->parent_ix] >= LITE_REBUILD || l->is_made[f->parent_ix])
            l->is_made[i] = 1;
    }
    for (uint32_t i = 0; i < l->t->n_facts; i++) /* they would follow what is rewritten */
        if (l->has_rewritten && (l->t->facts[i].kind == LS_FACT_VIEW || l->t->facts[i].kind == LS_FACT_TRIGGER))
            l->is_made[i] = 1;
}

static bool has_how(const struct lite *l, enum lite_how how)
{
    for (uint32_t i = 0; i < l->t->n_facts; i++)
        if (l->how[i] == how)
            return true;
    return false;
}

static bool needs_frame(const struct lite *l)
{
    if (has_how(l, LITE_REBUILD) || has_how(l, LITE_REPLACE))
        return true;
    for (uint32_t i = 0; i < l->a->n_facts; i++) {
        const struct ls_fact *f = &l->a->facts[i];

        if (l->t_of_a[i] == LS_NO_FACT && (f->kind == LS_FACT_TABLE || f->kind == LS_FACT_COLUMN))
            return true;
    }
    return false;
}

void lite_plan(struct lite *l)
{
    uint32_t n;
    const struct ls_fact *tables = ls_catalog_kind(l->t, LS_FACT_TABLE, &n);

    find_partners(l);
    collect(l);
    mark_differing(l);
    l->total = 4 * (size_t)n;
    for (uint32_t i = 0; i < n && !lite_is_stopped(l); i++) {
        uint32_t table = ls_catalog_index(l->t, &tables[i]);

        l->how[table] = (unsigned char)how_of(l, table);
    }
    find_named_by_themselves(l);
    mark_below(l);
    l->has_frame = needs_frame(l);
    l->checks_keys = l->has_frame && (lite_has_keys(l->a) || lite_has_keys(l->t)) && lite_keys_are_sound(l->a) && lite_keys_are_sound(l->t);
    l->has_checks = l->checks_keys || has_how(l, LITE_REBUILD);
}
