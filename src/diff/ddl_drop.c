/* diff/ddl_drop.c: what goes, each before what it needs. */
#include <config.h>

#include "diff/ddl_script.h"

#include <string.h>

/* An object of side a under the names that it has by now: renamings come first. */
static struct ls_fact named_now(const struct script *s, uint32_t a)
{
    struct ls_fact f = s->a->facts[a];
    const struct ls_fact *parent =
        f.parent_ix != LS_NO_FACT && s->b_of[f.parent_ix] != LS_NO_FACT ? &s->b->facts[s->b_of[f.parent_ix]] : NULL;

    if (s->b_of[a] != LS_NO_FACT) {
        f.schema = s->b->facts[s->b_of[a]].schema;
        f.name = s->b->facts[s->b_of[a]].name;
    }
    if (parent) {
        f.schema = f.kind == LS_FACT_USER_MAPPING ? f.schema : parent->schema;
        f.parent = parent->name;
    }
    return f;
}

static bool is_gone_with_parent(const struct script *s, const struct ls_fact *f)
{
    return f->parent_ix != LS_NO_FACT && s->drop[f->parent_ix] != DROP_NOT && f->kind != LS_FACT_USER_MAPPING;
}

static bool is_of_type_still(const struct script *s, uint32_t table)
{
    uint32_t b = s->b_of[table];

    return ls_fact_get(&s->a->facts[table], LS_A_OF_TYPE) && (b == LS_NO_FACT || ls_fact_get(&s->b->facts[b], LS_A_OF_TYPE));
}

/* With the column of the table that it is still a part of. */
static bool goes_with_parents(const struct script *s, uint32_t table, uint32_t above)
{
    uint32_t b = s->b_of[table];

    return above != LS_NO_FACT && s->drop[above] != DROP_NOT && ls_fact_get(&s->a->facts[table], LS_A_PARTITION_OF) && b != LS_NO_FACT &&
           ddl_is(&s->b->facts[b], LS_A_PARTITION_OF, ls_fact_get(&s->a->facts[table], LS_A_PARTITION_OF));
}

static void drop_column(const struct script *s, const struct ls_fact *f, uint32_t a, struct ls_buf *out)
{
    const struct ls_fact *table = script_parent(s->a, f), *of_parent = ddl_parent_column(s->a, &s->a->facts[a]);
    uint32_t above = of_parent ? ls_catalog_index(s->a, of_parent) : LS_NO_FACT;

    if (table && (table->kind != LS_FACT_TABLE || is_of_type_still(s, ls_catalog_index(s->a, table))))
        return; /* its query's, its type's */
    if (table && goes_with_parents(s, ls_catalog_index(s->a, table), above))
        return;
    ls_buf_addf(out, "ALTER %sTABLE ", table && ddl_is(table, LS_A_FORM, "foreign") ? "FOREIGN " : "");
    ddl_qualified(out, f->schema, f->parent);
    ls_buf_adds(out, above != LS_NO_FACT && s->drop[above] ? " DROP COLUMN IF EXISTS " : " DROP COLUMN ");
    ddl_name(out, f->name);
    ls_buf_adds(out, ";\n");
}

static void drop_constraint(const struct script *s, const struct ls_fact *f, struct ls_buf *out)
{
    const struct ls_fact *parent = script_parent(s->a, f);

    ls_buf_addf(out, "ALTER %s ", parent && parent->kind == LS_FACT_DOMAIN ? "DOMAIN" : "TABLE");
    ddl_qualified(out, f->schema, f->parent);
    ls_buf_adds(out, " DROP CONSTRAINT ");
    ddl_name(out, f->name);
    ls_buf_adds(out, ";\n");
}

/* Without its slot: that is the publisher's, and to drop it is to connect. */
static void drop_subscription(const struct script *s, const struct ls_fact *f, struct ls_buf *out)
{
    struct ls_buf name = LS_BUF_INIT;
    const char *options = ls_fact_get(f, LS_A_OPTIONS);

    (void)s;
    ddl_name(&name, f->name);
    if (!options || !strstr(options, "slot_name=none")) {
        if (!ddl_is(f, LS_A_ENABLED, "disabled"))
            ls_buf_addf(out, "ALTER SUBSCRIPTION %s DISABLE;\n", name.ptr);
        ls_buf_addf(out, "ALTER SUBSCRIPTION %s SET (slot_name = NONE);\n", name.ptr);
    }
    ls_buf_addf(out, "DROP SUBSCRIPTION %s;\n", name.ptr);
    ls_buf_release(&name);
}

/* Whether it is one of the functions of a type that goes with them. */
static bool is_of_base_type(const struct script *s, uint32_t a)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needs(s->a, a, &n);

    for (uint32_t i = 0; i < n; i++)
        if (s->a->facts[deps[i].to].kind == LS_FACT_TYPE && s->drop[deps[i].to])
            return true;
    return false;
}

/* It goes with what it is a part of, which a foreign key to that one may even ask for. */
static bool is_dropped_partition(const struct script *s, uint32_t a)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needs(s->a, a, &n);

    for (uint32_t i = 0; i < n && ls_fact_get(&s->a->facts[a], LS_A_PARTITION_OF); i++)
        if (ddl_is(&s->a->facts[deps[i].to], LS_A_FORM, "partitioned") && s->drop[deps[i].to])
            return true;
    return false;
}

static void say(const struct script *s, uint32_t a, struct ls_buf *out)
{
    struct ls_fact f = named_now(s, a);

    switch (f.kind) {
    case LS_FACT_DATABASE:
    case LS_FACT_ROLE:
        return;
    case LS_FACT_TABLE:
        if (is_dropped_partition(s, a))
            return;
        break;
    case LS_FACT_COLUMN:
        drop_column(s, &f, a, out);
        return;
    case LS_FACT_CONSTRAINT:
        drop_constraint(s, &f, out);
        return;
    case LS_FACT_SUBSCRIPTION:
        drop_subscription(s, &f, out);
        return;
    case LS_FACT_DEFAULT_ACL:
        ddl_default_rights_change(out, &f, ls_fact_get(&f, LS_A_RIGHTS), NULL);
        return;
    case LS_FACT_TRIGGER:
        if (ddl_is_handed_down(s->a, &s->a->facts[a])) {
            struct ls_fact usual = f;

            usual.n_attrs = 0;
            ddl_enabled(out, &usual);
            return;
        }
        break;
    default:
        break;
    }
    ls_buf_adds(out, "DROP ");
    ddl_object_word(out, &f);
    ls_buf_adds(out, (f.kind == LS_FACT_SEQUENCE && ls_fact_get(&f, LS_A_OWNED_BY)) || is_of_base_type(s, a) ? " IF EXISTS " : " ");
    ddl_object_name(out, s->a, &f);
    ls_buf_adds(out, f.kind == LS_FACT_TYPE ? " CASCADE;\n" : ";\n");
}

/* A base type and its functions need each other: the type takes them with it. */
static bool is_own_function(const struct script *s, uint32_t type, uint32_t function)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needs(s->a, type, &n);

    for (uint32_t i = 0; i < n && s->a->facts[type].kind == LS_FACT_TYPE; i++)
        if (deps[i].to == function)
            return true;
    return false;
}

/* What nothing hangs on: it goes before its table does, for tables, views and such may need each other in a circle. */
static bool goes_alone(const struct ls_fact *f)
{
    return f->kind == LS_FACT_POLICY || f->kind == LS_FACT_TRIGGER || f->kind == LS_FACT_RULE ||
           ddl_is(f, LS_A_FORM, "foreign key");
}

static void visit(struct script *s, uint32_t a, unsigned char level, struct ls_buf *out);

static void visit_dependants(struct script *s, uint32_t a, uint32_t top, unsigned char level, struct ls_buf *out)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needed_by(s->a, a, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t g = deps[i].from;
        const struct ls_fact *f = &s->a->facts[g];

        if (s->drop[g] != level || s->a_state[g] != 0 || f->parent_ix == top || is_own_function(s, a, g))
            continue;
        if (is_gone_with_parent(s, f) && !goes_alone(f) && s->a_state[f->parent_ix] == 0) {
            visit(s, f->parent_ix, level, out);
        } else if (is_gone_with_parent(s, f)) {
            if (s->a_state[f->parent_ix] == 2)
                continue;
            s->a_state[g] = 2; /* its table goes only later */
            if (f->kind != LS_FACT_COLUMN)
                say(s, g, out);
        } else {
            visit(s, g, level, out);
        }
    }
}

/* What is inherited goes only with, or after, what it is inherited from. */
static void visit_parents_column(struct script *s, uint32_t a, unsigned char level, struct ls_buf *out)
{
    const struct ls_fact *of = s->a->facts[a].kind == LS_FACT_COLUMN ? ddl_parent_column(s->a, &s->a->facts[a]) : NULL;
    uint32_t above = of ? ls_catalog_index(s->a, of) : LS_NO_FACT;

    if (of && s->drop[above] == level && !is_gone_with_parent(s, of))
        visit(s, above, level, out);
}

static void visit(struct script *s, uint32_t a, unsigned char level, struct ls_buf *out)
{
    static const enum ls_fact_kind below[] = {LS_FACT_POLICY, LS_FACT_RULE,       LS_FACT_TRIGGER,
                                              LS_FACT_INDEX,  LS_FACT_CONSTRAINT, LS_FACT_COLUMN};

    if (s->a_state[a] != 0)
        return;
    s->a_state[a] = 1;
    visit_parents_column(s, a, level, out);
    for (size_t k = 0; k < LS_ARRAY_LEN(below); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(s->a, &s->a->facts[a], below[k], &n);

        for (uint32_t i = 0; i < n; i++)
            visit_dependants(s, ls_catalog_index(s->a, &some[i]), a, level, out);
    }
    visit_dependants(s, a, a, level, out);
    s->a_state[a] = 2;
    say(s, a, out);
}

void script_drops(struct script *s, unsigned char level, struct ls_buf *out)
{
    /* Nearly the other way round of how things are made; a class goes before its family. */
    static const enum ls_fact_kind last[] = {LS_FACT_OPFAMILY, LS_FACT_ACCESS_METHOD, LS_FACT_OPERATOR, LS_FACT_FUNCTION,
                                             LS_FACT_TYPE,     LS_FACT_EXTENSION,     LS_FACT_SCHEMA};

    for (uint32_t i = s->a->n_facts; i-- > 0;) {
        enum ls_fact_kind kind = s->a->facts[i].kind;
        bool is_last = false;

        for (size_t k = 0; k < LS_ARRAY_LEN(last); k++)
            is_last = is_last || last[k] == kind;
        if (is_last || s->drop[i] != level || is_gone_with_parent(s, &s->a->facts[i]))
            continue;
        if (script_is_stopped(s, s->d->d.n, s->n_said))
            return;
        visit(s, i, level, out);
    }
    for (size_t k = 0; k < LS_ARRAY_LEN(last); k++) {
        uint32_t n, first;
        const struct ls_fact *some = ls_catalog_kind(s->a, last[k], &n);

        first = ls_catalog_index(s->a, some);
        for (uint32_t i = 0; i < n; i++)
            if (s->drop[first + i] == level)
                visit(s, first + i, level, out);
    }
}
