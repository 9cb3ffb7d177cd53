/* diff/ddl_plan.c: which facts are dropped, made, changed in place: the differences, and what hangs on what must be made anew. */
#include <config.h>

#include "diff/ddl_script.h"

#include <stdlib.h>
#include <string.h>

static bool is_below(const struct ls_fact *f)
{
    return f->parent_ix != LS_NO_FACT;
}

/* --- partners --- */

static void find_partners(struct script *s)
{
    for (uint32_t i = 0; i < s->a->n_facts; i++)
        s->b_of[i] = LS_NO_FACT;
    for (uint32_t i = 0; i < s->b->n_facts; i++)
        s->a_of[i] = LS_NO_FACT;
    for (size_t i = 0; i < s->d->d.n; i++) {
        const struct ls_difference *x = &s->d->d.v[i];

        if (x->a && x->b)
            s->b_of[ls_catalog_index(s->a, x->a)] = ls_catalog_index(s->b, x->b);
    }
    for (uint32_t i = 0; i < s->a->n_facts; i++) {
        const struct ls_fact *f = &s->a->facts[i], *found, *parent = NULL;

        if (s->b_of[i] != LS_NO_FACT)
            continue;
        if (is_below(f) && s->b_of[f->parent_ix] != LS_NO_FACT) /* above what hangs below it: kinds are in that order */
            parent = &s->b->facts[s->b_of[f->parent_ix]];
        found = ls_catalog_find(s->b, f->kind, parent ? parent->schema : f->schema, parent ? parent->name : f->parent, f->name);
        if (found)
            s->b_of[i] = ls_catalog_index(s->b, found);
    }
    for (uint32_t i = 0; i < s->a->n_facts; i++)
        if (s->b_of[i] != LS_NO_FACT)
            s->a_of[s->b_of[i]] = i;
}

/* --- other names --- */

/* What they hang below has its new name by then. */
static void say_rename(struct script *s, const struct ls_fact *a, const struct ls_fact *b)
{
    struct ls_fact now = *a;
    const struct ls_fact *parent = script_parent(s->b, b);

    now.schema = b->schema;
    now.parent = parent ? parent->name : now.parent;
    if (a->kind == LS_FACT_COLUMN || a->kind == LS_FACT_CONSTRAINT) {
        ls_buf_addf(&s->first, "ALTER %s ", parent && parent->kind == LS_FACT_DOMAIN ? "DOMAIN" : "TABLE");
        ddl_qualified(&s->first, now.schema, now.parent);
        ls_buf_addf(&s->first, " RENAME %s ", a->kind == LS_FACT_COLUMN ? "COLUMN" : "CONSTRAINT");
        ddl_name(&s->first, now.name);
    } else {
        ls_buf_adds(&s->first, "ALTER ");
        ddl_object(&s->first, s->b, &now);
        ls_buf_adds(&s->first, " RENAME");
    }
    ls_buf_adds(&s->first, " TO ");
    if (strchr(b->name, '(') && (b->kind == LS_FACT_FUNCTION || b->kind == LS_FACT_PROCEDURE || b->kind == LS_FACT_AGGREGATE)) {
        struct ls_buf name = LS_BUF_INIT;

        ls_buf_add(&name, b->name, ddl_paren(b->name));
        ddl_name(&s->first, name.ptr ? name.ptr : "");
        ls_buf_release(&name);
    } else {
        ddl_name(&s->first, b->name);
    }
    ls_buf_adds(&s->first, ";\n");
}

/* A key that the server named after its table or its column has the new name after a renaming, or it would not be told from one that somebody named. */
static void rename_along(struct script *s, const struct ls_fact *f)
{
    uint32_t a = ls_catalog_index(s->a, f), b = s->d->b_of[a];

    if (b == LS_NO_FACT || s->b_of[a] != LS_NO_FACT || s->a_of[b] != LS_NO_FACT)
        return; /* they are of one name, or not a pair */
    s->b_of[a] = b;
    s->a_of[b] = a;
    say_rename(s, f, &s->b->facts[b]);
}

static void rename_keys_of(struct script *s, uint32_t table)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_CONSTRAINT, LS_FACT_INDEX};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(s->a, &s->a->facts[table], kinds[k], &n);

        for (uint32_t i = 0; i < n; i++)
            rename_along(s, &some[i]);
    }
}

/* And the sequences of columns that are of another name now; the name is in the column's default. */
static void rename_sequences(struct script *s)
{
    uint32_t n;
    const struct ls_fact *all = ls_catalog_kind(s->a, LS_FACT_SEQUENCE, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t b = s->d->b_of[ls_catalog_index(s->a, &all[i])];
        const char *was = ls_fact_get(&all[i], LS_A_OWNED_BY), *is = b == LS_NO_FACT ? NULL : ls_fact_get(&s->b->facts[b], LS_A_OWNED_BY);

        if (was && is && strcmp(was, is) != 0)
            rename_along(s, &all[i]);
    }
}

static void rename_keys(struct script *s)
{
    for (size_t i = 0; i < s->d->d.n; i++) {
        const struct ls_difference *x = &s->d->d.v[i];

        if (x->change == LS_CHANGE_RENAMED && (x->a->kind == LS_FACT_TABLE || x->a->kind == LS_FACT_MATVIEW))
            rename_keys_of(s, ls_catalog_index(s->a, x->a));
        else if (x->change == LS_CHANGE_RENAMED && x->a->kind == LS_FACT_COLUMN && x->a->parent_ix != LS_NO_FACT)
            rename_keys_of(s, x->a->parent_ix);
    }
}

/* --- what must be made anew --- */

static void drop(struct script *s, uint32_t a, unsigned char level)
{
    if (s->drop[a] == DROP_EARLY || s->drop[a] == level)
        return;
    s->drop[a] = level;
    if (level == DROP_EARLY)
        *LS_VEC_PUSH(&s->work) = a;
}

/* With all that hangs below it. */
static void replace(struct script *s, uint32_t a)
{
    static const enum ls_fact_kind below[] = {LS_FACT_COLUMN,  LS_FACT_CONSTRAINT, LS_FACT_INDEX,
                                              LS_FACT_TRIGGER, LS_FACT_RULE,       LS_FACT_POLICY};
    uint32_t b = s->b_of[a], n;

    if (s->drop[a] == DROP_EARLY)
        return;
    drop(s, a, DROP_EARLY);
    if (b == LS_NO_FACT)
        return;
    s->todo[b] = TODO_RECREATE;
    for (size_t k = 0; k < LS_ARRAY_LEN(below); k++) {
        const struct ls_fact *some = ls_catalog_children(s->b, &s->b->facts[b], below[k], &n);

        for (uint32_t i = 0; i < n; i++)
            s->todo[ls_catalog_index(s->b, &some[i])] = TODO_RECREATE;
        some = ls_catalog_children(s->a, &s->a->facts[a], below[k], &n);
        for (uint32_t i = 0; i < n; i++)
            drop(s, ls_catalog_index(s->a, &some[i]), DROP_EARLY);
    }
}

/* A default goes for a while. */
static void unset_default(struct script *s, uint32_t a)
{
    uint32_t b = s->b_of[a];
    const struct ls_fact *f = b == LS_NO_FACT ? &s->a->facts[a] : &s->b->facts[b];

    if (!ls_fact_get(&s->a->facts[a], LS_A_DEFAULT) || (b != LS_NO_FACT && s->resets_default[b]))
        return;
    ls_buf_adds(&s->first, "ALTER TABLE ONLY ");
    ddl_qualified(&s->first, f->schema, f->parent);
    ls_buf_adds(&s->first, " ALTER COLUMN ");
    ddl_name(&s->first, f->name);
    ls_buf_adds(&s->first, " DROP DEFAULT;\n");
    if (b != LS_NO_FACT)
        s->resets_default[b] = 1;
}

/* What is lost with `a`, or in its way: `only_views`: a column gets another type, which its keys and indexes follow by themselves.
 */
static void look_at_dependant(struct script *s, uint32_t g, bool only_views)
{
    const struct ls_fact *f = &s->a->facts[g], *parent = script_parent(s->a, f);

    switch (f->kind) {
    case LS_FACT_COLUMN:
        if (parent && parent->kind != LS_FACT_TABLE)
            return;
        if (ls_fact_get(f, LS_A_GENERATED))
            replace(s, g);
        else if (!only_views && s->drop[g] == DROP_NOT)
            unset_default(s, g);
        return;
    case LS_FACT_TABLE:
    case LS_FACT_PUBLICATION:
    case LS_FACT_SEQUENCE:
    case LS_FACT_SCHEMA:
        return;
    case LS_FACT_CONSTRAINT:
    case LS_FACT_INDEX:
    case LS_FACT_STATISTICS:
        if (only_views)
            return;
        break;
    default:
        break;
    }
    replace(s, g);
}

static void look_at_dependants(struct script *s, uint32_t a, bool only_views)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needed_by(s->a, a, &n);

    for (uint32_t i = 0; i < n; i++)
        look_at_dependant(s, deps[i].from, only_views);
}

/* Types, servers and the like that columns or tables stand on: their rows would go with them. */
static bool is_held(const struct script *s, uint32_t a, int depth)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needed_by(s->a, a, &n);

    switch (s->a->facts[a].kind) {
    case LS_FACT_DOMAIN:
    case LS_FACT_COMPOSITE:
    case LS_FACT_RANGE:
    case LS_FACT_TYPE:
    case LS_FACT_COLLATION:
    case LS_FACT_ACCESS_METHOD:
    case LS_FACT_FDW:
    case LS_FACT_SERVER:
        break;
    default:
        return false;
    }
    for (uint32_t i = 0; i < n && depth < 32; i++) {
        const struct ls_fact *f = &s->a->facts[deps[i].from], *parent = script_parent(s->a, f);

        if (s->drop[deps[i].from] != DROP_NOT)
            continue;
        if (f->kind == LS_FACT_TABLE || (f->kind == LS_FACT_COLUMN && (!parent || parent->kind == LS_FACT_TABLE)) ||
            is_held(s, deps[i].from, depth + 1))
            return true;
    }
    return false;
}

/* --- the differences --- */

/* Whether a new one of that name comes: a call that fits both would be of neither. */
static bool is_overloaded_anew(const struct script *s, const struct ls_fact *f)
{
    size_t len = ddl_paren(f->name);
    uint32_t n, first;
    const struct ls_fact *all = ls_catalog_kind(s->b, f->kind, &n);

    first = ls_catalog_index(s->b, all);
    for (uint32_t i = 0; i < n; i++)
        if (s->a_of[first + i] == LS_NO_FACT && strcmp(all[i].schema, f->schema) == 0 && ddl_paren(all[i].name) == len &&
            memcmp(all[i].name, f->name, len) == 0)
            return true;
    return false;
}

/* Definitions go late: what needed them has been changed by then. Not where something new of the same name would meet it. */
static unsigned char level_of(const struct script *s, const struct ls_fact *f)
{
    switch (f->kind) {
    case LS_FACT_ENUM:
    case LS_FACT_DOMAIN:
    case LS_FACT_COMPOSITE:
    case LS_FACT_RANGE:
    case LS_FACT_TYPE:
    case LS_FACT_TABLE:
    case LS_FACT_VIEW:
    case LS_FACT_MATVIEW:
    case LS_FACT_SEQUENCE: {
        static const enum ls_fact_kind kinds[] = {LS_FACT_ENUM,  LS_FACT_DOMAIN, LS_FACT_COMPOSITE, LS_FACT_RANGE,   LS_FACT_TYPE,
                                                  LS_FACT_TABLE, LS_FACT_VIEW,   LS_FACT_MATVIEW,   LS_FACT_SEQUENCE};

        if (f->kind == LS_FACT_TABLE || f->kind == LS_FACT_VIEW || f->kind == LS_FACT_MATVIEW)
            return DROP_EARLY;
        for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++)
            if (ls_catalog_find(s->b, kinds[k], f->schema, "", f->name))
                return DROP_EARLY;
        return DROP_LATE;
    }
    case LS_FACT_FUNCTION:
    case LS_FACT_PROCEDURE:
    case LS_FACT_AGGREGATE:
        return is_overloaded_anew(s, f) ? DROP_EARLY : DROP_LATE;
    case LS_FACT_SCHEMA:
    case LS_FACT_EXTENSION:
    case LS_FACT_LANGUAGE:
    case LS_FACT_COLLATION:
    case LS_FACT_ACCESS_METHOD:
    case LS_FACT_OPERATOR:
    case LS_FACT_OPFAMILY:
    case LS_FACT_OPCLASS:
    case LS_FACT_TS_PARSER:
    case LS_FACT_TS_TEMPLATE:
    case LS_FACT_TS_DICTIONARY:
    case LS_FACT_TS_CONFIG:
    case LS_FACT_FDW:
    case LS_FACT_SERVER:
        return DROP_LATE;
    default:
        return DROP_EARLY;
    }
}

/* With the column of the table that it is a part of, or inherits from. */
static bool is_renamed_along(const struct script *s, const struct ls_difference *x)
{
    const struct ls_fact *of = x->a->kind == LS_FACT_COLUMN ? ddl_parent_column(s->a, x->a) : NULL;
    uint32_t b = of ? s->b_of[ls_catalog_index(s->a, of)] : LS_NO_FACT;

    return b != LS_NO_FACT && strcmp(of->name, x->a->name) == 0 && strcmp(s->b->facts[b].name, x->b->name) == 0;
}

static void rename_it(struct script *s, const struct ls_difference *x)
{
    if (strcmp(x->a->name, x->b->name) == 0 || is_renamed_along(s, x))
        return;
    if (x->rename >= 0 && s->d->renames.v[x->rename].state == LS_RENAME_PROPOSED)
        ls_buf_adds(&s->first, DDL_ONLY_PROPOSED);
    say_rename(s, x->a, x->b);
}

static bool has_new_type(const struct ls_difference *x)
{
    for (uint32_t i = 0; x->b->kind == LS_FACT_COLUMN && i < x->n_attrs; i++)
        if (x->attrs[i].attr == LS_A_TYPE || x->attrs[i].attr == LS_A_COLLATION)
            return true;
    return false;
}

static void change(struct script *s, const struct ls_difference *x)
{
    uint32_t a = ls_catalog_index(s->a, x->a), b = ls_catalog_index(s->b, x->b);
    struct ddl_change ch = {.a = s->a, .b = s->b, .a_of = s->a_of, .x = x};

    if (ddl_alter(&s->texts[b], &ch) == DDL_REPLACE) {
        ls_buf_clear(&s->texts[b]);
        if (is_held(s, a, 0)) {
            ddl_not_written(&s->texts[b], x->b, "it would have to be made anew, and tables use it");
            s->todo[b] = TODO_ALTER;
        } else {
            replace(s, a);
        }
    } else if (s->todo[b] == TODO_NOTHING) {
        s->todo[b] = TODO_ALTER;
        ls_buf_adds(&s->first, ch.first.ptr ? ch.first.ptr : "");
        ls_buf_adds(&s->last, ch.last.ptr ? ch.last.ptr : "");
        if (ch.needs_keys)
            ddl_keys_used(&s->last, s->b, x->b);
        if (has_new_type(x))
            look_at_dependants(s, a, true);
    }
    ls_buf_release(&ch.first);
    ls_buf_release(&ch.last);
}

/* A key, an index or a check that a table has from what it is part of. It stays when the table leaves, and counts as the parent's
 * when it comes: `c` is the side on which the table is a part. */
static bool is_handed_over(const struct script *s, const struct ls_catalog *c, uint32_t table, const struct ls_fact *f)
{
    const struct ls_fact *t = table == LS_NO_FACT ? NULL : &c->facts[table];
    const char *list = t ? ls_fact_get(t, LS_A_PARTITION_OF) : NULL;
    uint32_t n;
    const struct ls_fact *all = ls_catalog_kind(c, f->kind, &n);
    struct ls_buf name = LS_BUF_INIT;
    bool is = false;

    (void)s;
    if (!list && t)
        list = ls_fact_get(t, LS_A_INHERITS);
    for (uint32_t i = 0; i < n && list && !is; i++) {
        struct ddl_item item;

        if (all[i].hash != f->hash)
            continue;
        ls_buf_clear(&name);
        ddl_qualified(&name, all[i].schema, all[i].parent);
        item = (struct ddl_item){name.ptr, name.len};
        is = ddl_contains(list, &item);
    }
    ls_buf_release(&name);
    return is;
}

static void plan_one_side(struct script *s, const struct ls_difference *x)
{
    const struct ls_fact *f = x->a ? x->a : x->b;
    bool is_key = f->kind == LS_FACT_CONSTRAINT || f->kind == LS_FACT_INDEX;

    if (x->change == LS_CHANGE_ADDED) {
        if (is_key && f->parent_ix != LS_NO_FACT && is_handed_over(s, s->a, s->a_of[f->parent_ix], f))
            return;
        s->todo[ls_catalog_index(s->b, f)] = TODO_CREATE;
    } else if (x->change == LS_CHANGE_REMOVED) {
        if (is_key && f->parent_ix != LS_NO_FACT && is_handed_over(s, s->b, s->b_of[f->parent_ix], f)) {
            if (ls_fact_get(&s->b->facts[s->b_of[f->parent_ix]], LS_A_INHERITS))
                ddl_not_written(&s->last, f, "the table keeps its own beside what it inherits");
            return;
        }
        drop(s, ls_catalog_index(s->a, f), x->is_implied && x->above >= 0 ? level_of(s, s->d->d.v[x->above].a) : level_of(s, f));
    }
}

/* --- the order of columns --- */

static long position(const struct ls_fact *f)
{
    const char *p = ls_fact_get(f, LS_A_POSITION);

    return p ? strtol(p, NULL, 10) : 0;
}

/* What is new stands behind what was there: where the other side has it in between, nothing puts it there. */
static bool is_order_kept(const struct script *s, const struct ls_fact *table)
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_children(s->b, table, LS_FACT_COLUMN, &n);
    long last_old = 0, first_new = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t b = ls_catalog_index(s->b, &some[i]);
        long at = position(&some[i]);

        if (s->todo[b] == TODO_CREATE || s->todo[b] == TODO_RECREATE)
            first_new = first_new == 0 || at < first_new ? at : first_new;
        else
            last_old = at > last_old ? at : last_old;
    }
    return first_new == 0 || first_new > last_old;
}

/* A new table has its parents' columns first. */
static bool is_order_made(const struct script *s, const struct ls_fact *table)
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_children(s->b, table, LS_FACT_COLUMN, &n);
    long last_inherited = 0, first_own = 0;

    for (uint32_t i = 0; i < n && ls_fact_get(table, LS_A_INHERITS); i++) {
        const struct ls_fact *of = ddl_parent_column(s->b, &some[i]);
        long at = position(&some[i]);

        if (of == NULL)
            first_own = first_own == 0 || at < first_own ? at : first_own;
        else if (position(of) != at && strchr(ls_fact_get(table, LS_A_INHERITS), ',') == NULL)
            return false;
        else
            last_inherited = at > last_inherited ? at : last_inherited;
    }
    return first_own == 0 || first_own > last_inherited;
}

static void look_at_orders(struct script *s)
{
    uint32_t n;
    const struct ls_fact *tables = ls_catalog_kind(s->b, LS_FACT_TABLE, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t b = ls_catalog_index(s->b, &tables[i]);

        if (s->todo[b] == TODO_CREATE && !is_order_made(s, &tables[i]))
            ddl_not_written(&s->last, &tables[i], "what is inherited stands first: the order of columns cannot be changed");
        if ((s->todo[b] == TODO_NOTHING || s->todo[b] == TODO_ALTER) && !ls_fact_get(&tables[i], LS_A_OF_TYPE) &&
            !is_order_kept(s, &tables[i]))
            ddl_not_written(&s->last, &tables[i], "what is new stands last: the order of columns cannot be changed");
    }
}

void script_plan(struct script *s)
{
    find_partners(s);
    for (int kind = LS_FACT_NONE + 1; kind < LS_N_FACTS; kind++)
        for (size_t i = 0; i < s->d->d.n; i++)
            if (s->d->d.v[i].change == LS_CHANGE_RENAMED && (int)s->d->d.v[i].a->kind == kind)
                rename_it(s, &s->d->d.v[i]);
    rename_keys(s);
    rename_sequences(s);
    for (size_t i = 0; i < s->d->d.n; i++)
        plan_one_side(s, &s->d->d.v[i]);
    for (size_t i = 0; i < s->d->d.n && !script_is_stopped(s, i, 0); i++)
        if (s->d->d.v[i].a && s->d->d.v[i].b)
            change(s, &s->d->d.v[i]);
    while (s->work.n > 0 && !script_is_stopped(s, s->d->d.n, 0)) {
        uint32_t a = s->work.v[--s->work.n];

        look_at_dependants(s, a, false);
    }
    if (s->opts->with_order)
        look_at_orders(s);
}
