/* diff/ddl_build.c: what is made and what changes, each after what it needs. */
#include <config.h>

#include "diff/ddl_script.h"

#include <string.h>

static bool is_made(const struct script *s, uint32_t b)
{
    return s->todo[b] == TODO_CREATE || s->todo[b] == TODO_RECREATE;
}

static bool is_relation(const struct ls_fact *f)
{
    return f->kind == LS_FACT_TABLE || f->kind == LS_FACT_VIEW || f->kind == LS_FACT_MATVIEW || f->kind == LS_FACT_DOMAIN;
}

/* Made by the statement of what it hangs below. */
static bool is_part(const struct script *s, uint32_t b)
{
    const struct ls_fact *f = &s->b->facts[b];

    if (f->parent_ix == LS_NO_FACT || !is_made(s, f->parent_ix) || !is_relation(&s->b->facts[f->parent_ix]))
        return false;
    return f->kind == LS_FACT_COLUMN || (f->kind == LS_FACT_CONSTRAINT && ddl_is_inline(s->b, f));
}

/* --- owner, privileges --- */

static void say_owner_and_rights(struct script *s, uint32_t b, struct ls_buf *out)
{
    const struct ls_fact *f = &s->b->facts[b];
    const struct ls_fact *before = s->a_of[b] == LS_NO_FACT ? NULL : &s->a->facts[s->a_of[b]];
    bool is_anew = s->todo[b] == TODO_RECREATE && before;

    if (f->kind == LS_FACT_EXTENSION)
        return; /* whoever makes it has it */
    if (s->opts->with_owner)
        ddl_owner(out, s->b, f, ls_fact_get(f, LS_A_OWNER));
    else if (is_anew)
        ddl_owner(out, s->b, f, ls_fact_get(before, LS_A_OWNER));
    if (f->kind == LS_FACT_DEFAULT_ACL || (f->kind == LS_FACT_TYPE && ddl_is(f, LS_A_ATTRIBUTES, "shell")))
        return;
    if (s->opts->with_rights)
        ddl_rights_of_new(out, s->b, f, s->a, ls_fact_get(f, LS_A_RIGHTS));
    else if (is_anew && ls_fact_get(before, LS_A_RIGHTS))
        ddl_rights_of_new(out, s->b, f, s->a, ls_fact_get(before, LS_A_RIGHTS));
}

/* --- one object --- */

static void say_column_of_view(struct script *s, uint32_t b, struct ls_buf *out)
{
    const struct ls_fact *f = &s->b->facts[b];

    if (ls_fact_get(f, LS_A_DEFAULT)) {
        ls_buf_adds(out, "ALTER TABLE ");
        ddl_qualified(out, f->schema, f->parent);
        ls_buf_adds(out, " ALTER COLUMN ");
        ddl_name(out, f->name);
        ddl_clause(out, f, LS_A_DEFAULT, " SET DEFAULT ", ";\n");
    }
    ddl_comment(out, s->b, f);
}

/* How its rows are stored. */
static void say_column_of_matview(struct script *s, uint32_t view, const struct ls_fact *column, struct ls_buf *out)
{
    const char *compression = ls_fact_get(column, LS_A_COMPRESSION);

    ddl_column_settings(out, s->b, &s->b->facts[view], column);
    if (!compression)
        return;
    ls_buf_adds(out, "ALTER TABLE ");
    ddl_qualified(out, column->schema, column->parent);
    ls_buf_adds(out, " ALTER COLUMN ");
    ddl_name(out, column->name);
    ls_buf_addf(out, " SET COMPRESSION %s;\n", compression);
}

static void say_columns(struct script *s, uint32_t b, struct ls_buf *out)
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_children(s->b, &s->b->facts[b], LS_FACT_COLUMN, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t column = ls_catalog_index(s->b, &some[i]);

        if (s->b->facts[b].kind == LS_FACT_MATVIEW)
            say_column_of_matview(s, b, &some[i], out);
        if (s->b->facts[b].kind != LS_FACT_TABLE)
            say_column_of_view(s, column, out);
        say_owner_and_rights(s, column, out);
    }
}

static bool was_of_type(const struct script *s, uint32_t table)
{
    uint32_t a = s->a_of[table];

    return a == LS_NO_FACT || ls_fact_get(&s->a->facts[a], LS_A_OF_TYPE);
}

/* What a partition has that its parent's new column has not brought. */
static void say_column_of_partition(struct script *s, const struct ls_fact *f, const struct ls_fact *of_parent, struct ls_buf *out)
{
    const char *value = ls_fact_get(f, LS_A_DEFAULT), *above = ls_fact_get(of_parent, LS_A_DEFAULT);
    bool has_own = value != above && (!value || !above || strcmp(value, above) != 0);
    bool is_stricter = ls_fact_get(f, LS_A_NOT_NULL) && !ls_fact_get(of_parent, LS_A_NOT_NULL);

    for (int i = 0; i < 2; i++) {
        if (!(i == 0 ? has_own : is_stricter))
            continue;
        ls_buf_adds(out, "ALTER TABLE ");
        ddl_qualified(out, f->schema, f->parent);
        ls_buf_adds(out, " ALTER COLUMN ");
        ddl_name(out, f->name);
        if (i == 1)
            ls_buf_adds(out, " SET NOT NULL;\n");
        else
            ls_buf_addf(out, value ? " SET DEFAULT %s;\n" : " DROP DEFAULT;\n", value);
    }
    ddl_column_settings(out, s->b, script_parent(s->b, f), f);
    ddl_comment(out, s->b, f);
}

/* IF NOT EXISTS: where its parent's column has brought it. */
static void say_column(struct script *s, uint32_t b, struct ls_buf *out)
{
    static const struct ls_fact plain_table = {.kind = LS_FACT_TABLE, .schema = "", .parent = "", .name = ""};
    const struct ls_fact *f = &s->b->facts[b], *table = script_parent(s->b, f), *of_parent;
    struct ls_buf text = LS_BUF_INIT;

    if (table && table->kind != LS_FACT_TABLE) {
        say_column_of_view(s, b, out);
        return;
    }
    if (table && ls_fact_get(table, LS_A_OF_TYPE) && was_of_type(s, f->parent_ix)) { /* the type has brought it */
        ddl_comment(out, s->b, f);
        return;
    }
    of_parent = ddl_parent_column(s->b, f);
    if (of_parent && table && ls_fact_get(table, LS_A_PARTITION_OF)) {
        if (is_made(s, ls_catalog_index(s->b, of_parent))) {
            say_column_of_partition(s, f, of_parent, out);
            return;
        }
        out = &s->first; /* it has to have it before it becomes one */
    }
    ddl_column(&text, s->b, ls_fact_get(table, LS_A_OF_TYPE) ? &plain_table : table, f);
    ls_buf_adds(out, "ALTER ");
    ddl_object(out, s->b, table);
    ls_buf_addf(out, " ADD COLUMN %s%s;\n", of_parent && is_made(s, ls_catalog_index(s->b, of_parent)) ? "IF NOT EXISTS " : "",
                text.ptr + strspn(text.ptr, " "));
    ddl_column_settings(out, s->b, table, f);
    ddl_comment(out, s->b, f);
    ls_buf_release(&text);
}

/* A key that its table says more about: the other half is said when the keys are all there. */
static void say_keys(struct script *s, const struct ls_fact *f)
{
    const struct ls_fact *table = script_parent(s->b, f);
    const char *identity = table ? ls_fact_get(table, LS_A_REPLICA_IDENTITY) : NULL;
    struct ls_buf name = LS_BUF_INIT;

    if (table && is_made(s, f->parent_ix))
        return; /* said with the table */
    ddl_cluster_on(&s->last, s->b, f);
    ddl_name(&name, f->name);
    if (identity && strncmp(identity, "using index ", 12) == 0 && strcmp(identity + 12, name.ptr) == 0) {
        ls_buf_adds(&s->last, "ALTER ");
        ddl_object(&s->last, s->b, table);
        ls_buf_addf(&s->last, " REPLICA IDENTITY %s;\n", identity);
    }
    ls_buf_release(&name);
}

static void say_new(struct script *s, uint32_t b, struct ls_buf *out)
{
    const struct ls_fact *f = &s->b->facts[b];

    switch (f->kind) {
    case LS_FACT_TABLE:
        ddl_table(out, s->b, f, DDL_ALONE);
        say_columns(s, b, out);
        ddl_keys_used(&s->last, s->b, f); /* its indexes come later */
        break;
    case LS_FACT_SEQUENCE: /* given to its column when both are there */
        ddl_sequence(out, s->b, f);
        ddl_comment(out, s->b, f);
        break;
    case LS_FACT_COLUMN:
        say_column(s, b, out);
        break;
    default:
        if (!ddl_other(out, s->b, f))
            ddl_not_written(out, f, "this kind has no statement here");
        ddl_comment(out, s->b, f);
        if (f->kind == LS_FACT_EXTENSION && !ls_fact_get(f, LS_A_COMMENT) && !s->b->lacks_attr[LS_A_COMMENT])
            ddl_comment_is(out, s->b, f, NULL); /* it brings one */
        if (f->kind == LS_FACT_VIEW || f->kind == LS_FACT_MATVIEW)
            say_columns(s, b, out);
        if (f->kind == LS_FACT_INDEX || f->kind == LS_FACT_CONSTRAINT)
            say_keys(s, f);
    }
    say_owner_and_rights(s, b, out);
}

/* --- in order --- */

static void visit(struct script *s, uint32_t b);

static bool needs(const struct ls_catalog *c, uint32_t from, uint32_t to)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needs(c, from, &n);

    for (uint32_t i = 0; i < n; i++)
        if (deps[i].to == to)
            return true;
    return false;
}

/* A base type and its functions need each other: a shell of it comes first. */
static void ensure_shell(struct script *s, uint32_t b)
{
    const struct ls_fact *f = &s->b->facts[b];
    const struct ls_fact *before = s->a_of[b] == LS_NO_FACT ? NULL : &s->a->facts[s->a_of[b]];

    if (s->has_shell[b] || !is_made(s, b) || ddl_is(f, LS_A_ATTRIBUTES, "shell"))
        return;
    s->has_shell[b] = 1;
    if (before && ddl_is(before, LS_A_ATTRIBUTES, "shell") && s->drop[s->a_of[b]] == DROP_NOT)
        return;
    ls_buf_adds(&s->build, "CREATE ");
    ddl_object(&s->build, s->b, f);
    ls_buf_adds(&s->build, ";\n");
}

static void visit_needs(struct script *s, uint32_t b)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needs(s->b, b, &n);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = deps[i].to;

        if (s->b->facts[to].kind == LS_FACT_TYPE && needs(s->b, to, b)) {
            ensure_shell(s, to);
            continue;
        }
        visit(s, is_part(s, to) ? s->b->facts[to].parent_ix : to);
    }
}

/* A part of another table is made with all of that one's columns as they will be: they come first. */
static void visit_parents_columns(struct script *s, const struct ls_fact *table)
{
    uint32_t n;
    const struct ls_fact *columns = ls_catalog_children(s->b, table, LS_FACT_COLUMN, &n);

    for (uint32_t i = 0; i < n; i++) {
        const struct ls_fact *of = ddl_parent_column(s->b, &columns[i]);

        if (of && !is_part(s, ls_catalog_index(s->b, of)))
            visit(s, ls_catalog_index(s->b, of));
    }
}

static void visit(struct script *s, uint32_t b)
{
    static const enum ls_fact_kind parts[] = {LS_FACT_COLUMN, LS_FACT_CONSTRAINT};
    const struct ls_fact *f = &s->b->facts[b];

    if (s->b_state[b] != 0)
        return;
    s->b_state[b] = 1;
    if (f->parent_ix != LS_NO_FACT)
        visit(s, f->parent_ix);
    if (s->todo[b] != TODO_NOTHING) {
        if (f->kind == LS_FACT_TYPE)
            ensure_shell(s, b);
        visit_needs(s, b);
        if (f->kind == LS_FACT_TABLE && is_made(s, b))
            visit_parents_columns(s, f);
        for (size_t k = 0; k < LS_ARRAY_LEN(parts) && is_made(s, b) && is_relation(f); k++) {
            uint32_t n;
            const struct ls_fact *some = ls_catalog_children(s->b, f, parts[k], &n);

            for (uint32_t i = 0; i < n; i++)
                if (is_part(s, ls_catalog_index(s->b, &some[i])))
                    visit_needs(s, ls_catalog_index(s->b, &some[i]));
        }
    }
    s->b_state[b] = 2;
    if (is_part(s, b))
        return;
    if (is_made(s, b))
        say_new(s, b, &s->build);
    else if (s->todo[b] == TODO_ALTER)
        ls_buf_addf(&s->build, "%s", s->texts[b].ptr ? s->texts[b].ptr : "");
    if (s->resets_default[b] && !is_made(s, b) && ls_fact_get(f, LS_A_DEFAULT))
        say_column_of_view(s, b, &s->build);
}

/* Kinds in the order of what usually needs what; the dependencies say the rest. The server looks into most routines only when they
 * run. */
static const enum ls_fact_kind order[] = {
    LS_FACT_SCHEMA,     LS_FACT_EXTENSION,   LS_FACT_ACCESS_METHOD, LS_FACT_COLLATION,     LS_FACT_ENUM,          LS_FACT_COMPOSITE,
    LS_FACT_DOMAIN,     LS_FACT_TYPE,        LS_FACT_RANGE,         LS_FACT_LANGUAGE,      LS_FACT_SEQUENCE,      LS_FACT_FUNCTION,
    LS_FACT_PROCEDURE,  LS_FACT_AGGREGATE,   LS_FACT_CONVERSION,    LS_FACT_OPERATOR,      LS_FACT_OPFAMILY,      LS_FACT_OPCLASS,
    LS_FACT_CAST,       LS_FACT_TRANSFORM,   LS_FACT_TS_PARSER,     LS_FACT_TS_TEMPLATE,   LS_FACT_TS_DICTIONARY, LS_FACT_TS_CONFIG,
    LS_FACT_FDW,        LS_FACT_SERVER,      LS_FACT_USER_MAPPING,  LS_FACT_TABLE,         LS_FACT_COLUMN,        LS_FACT_VIEW,
    LS_FACT_MATVIEW,    LS_FACT_INDEX,       LS_FACT_CONSTRAINT,    LS_FACT_STATISTICS,    LS_FACT_RULE,          LS_FACT_TRIGGER,
    LS_FACT_POLICY,     LS_FACT_PUBLICATION, LS_FACT_SUBSCRIPTION,  LS_FACT_EVENT_TRIGGER, LS_FACT_DATABASE,      LS_FACT_ROLE,
    LS_FACT_DEFAULT_ACL};

void script_build(struct script *s)
{
    for (size_t k = 0; k < LS_ARRAY_LEN(order); k++) {
        for (int foreign = 0; foreign < (order[k] == LS_FACT_CONSTRAINT ? 2 : 1); foreign++) {
            uint32_t n, first;
            const struct ls_fact *some = ls_catalog_kind(s->b, order[k], &n);

            first = ls_catalog_index(s->b, some);
            for (uint32_t i = 0; i < n; i++) {
                if ((order[k] == LS_FACT_CONSTRAINT && ddl_is_inline(s->b, &some[i]) != (foreign == 0)) ||
                    (s->todo[first + i] == TODO_NOTHING && !s->resets_default[first + i]))
                    continue;
                if (script_is_stopped(s, s->d->d.n, s->n_said++))
                    return;
                visit(s, first + i);
            }
        }
    }
}
