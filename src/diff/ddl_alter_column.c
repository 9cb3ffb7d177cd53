/* diff/ddl_alter_column.c: what changes a column, in the order that the server takes it. */
#include <config.h>

#include "diff/ddl_alter.h"

#include <string.h>

static const struct ls_attr_change *change_of(const struct ddl_change *ch, enum ls_attr attr)
{
    for (uint32_t i = 0; i < ch->x->n_attrs; i++)
        if (ch->x->attrs[i].attr == attr)
            return &ch->x->attrs[i];
    return NULL;
}

static const struct ls_fact *table_of(const struct ddl_change *ch)
{
    return ch->x->b->parent_ix == LS_NO_FACT ? NULL : &ch->b->facts[ch->x->b->parent_ix];
}

/* ONLY: children have their own. */
static void begin(struct ls_buf *out, const struct ddl_change *ch, const char *only)
{
    const struct ls_fact *table = table_of(ch);

    ls_buf_addf(out, "ALTER %sTABLE %s", table && ddl_is(table, LS_A_FORM, "foreign") ? "FOREIGN " : "", only);
    ddl_qualified(out, ch->x->b->schema, ch->x->b->parent);
    ls_buf_adds(out, " ALTER COLUMN ");
    ddl_name(out, ch->x->b->name);
    ls_buf_addc(out, ' ');
}

static void simple(struct ls_buf *out, const struct ddl_change *ch, const char *what)
{
    begin(out, ch, "ONLY ");
    ls_buf_addf(out, "%s;\n", what);
}

/* A parent's ALTER changes its children's columns too. */
const struct ls_fact *ddl_parent_column(const struct ls_catalog *c, const struct ls_fact *column)
{
    const struct ls_fact *table = column->parent_ix == LS_NO_FACT ? NULL : &c->facts[column->parent_ix];
    const char *of = table ? ls_fact_get(table, LS_A_PARTITION_OF) : NULL,
               *inherits = table ? ls_fact_get(table, LS_A_INHERITS) : NULL;
    uint32_t n;
    const struct ls_fact *all = ls_catalog_kind(c, LS_FACT_COLUMN, &n), *found = NULL;
    struct ls_buf name = LS_BUF_INIT;

    for (uint32_t i = 0; i < n && !found && (of || inherits); i++) {
        struct ddl_item item;

        if (strcmp(all[i].name, column->name) != 0)
            continue;
        ls_buf_clear(&name);
        ddl_qualified(&name, all[i].schema, all[i].parent);
        item = (struct ddl_item){name.ptr, name.len};
        if (ddl_contains(of ? of : inherits, &item))
            found = &all[i];
    }
    ls_buf_release(&name);
    return found;
}

static bool parent_changes_too(const struct ddl_change *ch, enum ls_attr attr)
{
    const struct ls_fact *a = ddl_parent_column(ch->a, ch->x->a), *b = ddl_parent_column(ch->b, ch->x->b);
    const char *x = a ? ls_fact_get(a, attr) : NULL, *y = b ? ls_fact_get(b, attr) : NULL;

    return a && b && (x != y) && (!x || !y || strcmp(x, y) != 0);
}

/* Of a view only its default, comment and privileges are its own; of a table OF a type the type has the rest. */
static bool is_of_view(const struct ddl_change *ch)
{
    const struct ls_fact *table = table_of(ch);

    return table && table->kind != LS_FACT_TABLE;
}

static bool is_of_typed_table(const struct ddl_change *ch)
{
    const struct ls_fact *table = table_of(ch);
    const struct ls_fact *before = ch->x->a->parent_ix == LS_NO_FACT ? NULL : &ch->a->facts[ch->x->a->parent_ix];

    return table && before && ls_fact_get(table, LS_A_OF_TYPE) && ls_fact_get(before, LS_A_OF_TYPE);
}

static void type(struct ls_buf *out, struct ddl_change *ch)
{
    const char *new_type = ls_fact_get(ch->x->b, LS_A_TYPE);

    if (parent_changes_too(ch, LS_A_TYPE) || parent_changes_too(ch, LS_A_COLLATION) || is_of_typed_table(ch) || !new_type)
        return;
    begin(out, ch, "");
    ls_buf_addf(out, "TYPE %s", new_type);
    ddl_clause(out, ch->x->b, LS_A_COLLATION, " COLLATE ", "");
    if (change_of(ch, LS_A_TYPE) && !ddl_is(table_of(ch) ? table_of(ch) : ch->x->b, LS_A_FORM, "foreign")) {
        ls_buf_adds(out, " USING ");
        ddl_name(out, ch->x->b->name);
        ls_buf_addf(out, "::%s", new_type);
    }
    ls_buf_adds(out, ";\n");
}

/* "by default, start 10": what it is, and its sequence's options */
static void identity(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *rest = c->b ? strstr(c->b, ", ") : NULL;
    bool is_always = c->b && strncmp(c->b, "always", 6) == 0;

    if (!c->b)
        return;
    begin(out, ch, "ONLY ");
    if (!c->a) {
        ls_buf_addf(out, "ADD GENERATED %s AS IDENTITY", is_always ? "ALWAYS" : "BY DEFAULT");
        if (rest) {
            ls_buf_adds(out, " (");
            ddl_words(out, rest + 2);
            ls_buf_addc(out, ')');
        }
    } else {
        ls_buf_addf(out, "SET GENERATED %s", is_always ? "ALWAYS" : "BY DEFAULT");
        alter_sequence_options(out, rest ? rest + 2 : NULL, "SET ");
    }
    ls_buf_adds(out, ";\n");
}

/* Before 16 the type's usual storage has no word: what can be stored in another way is extended, numbers and addresses main. */
static void storage(struct ls_buf *out, struct ddl_change *ch)
{
    const char *of_type = ls_fact_get(ch->x->b, LS_A_TYPE);
    struct ls_buf line = LS_BUF_INIT;

    if (!change_of(ch, LS_A_STORAGE))
        return;
    if (ls_fact_get(ch->x->b, LS_A_STORAGE))
        ddl_loud(&line, ch->x->b, LS_A_STORAGE, "SET STORAGE ", "");
    else if (ch->b->server_version >= 160000)
        ls_buf_adds(&line, "SET STORAGE DEFAULT");
    else
        ls_buf_addf(&line, "SET STORAGE %s",
                    of_type && (strncmp(of_type, "numeric", 7) == 0 || strcmp(of_type, "inet") == 0 || strcmp(of_type, "cidr") == 0)
                        ? "MAIN"
                        : "EXTENDED");
    simple(out, ch, line.ptr);
    ls_buf_release(&line);
}

static void settings(struct ls_buf *out, struct ddl_change *ch)
{
    const struct ls_attr_change *c;

    storage(out, ch);
    if ((c = change_of(ch, LS_A_COMPRESSION)) != NULL) {
        begin(out, ch, "ONLY ");
        ls_buf_addf(out, "SET COMPRESSION %s;\n", c->b ? c->b : "default");
    }
    if ((c = change_of(ch, LS_A_STATISTICS_TARGET)) != NULL) {
        begin(out, ch, "ONLY ");
        ls_buf_addf(out, "SET STATISTICS %s;\n", c->b ? c->b : "-1");
    }
    if ((c = change_of(ch, LS_A_OPTIONS)) != NULL) {
        struct ls_buf line = LS_BUF_INIT;
        const struct ls_fact *table = table_of(ch);

        begin(&line, ch, "ONLY ");
        ls_buf_truncate(&line, line.len - 1);
        if (table && ddl_is(table, LS_A_FORM, "foreign"))
            alter_foreign_options(out, line.ptr, c->a, c->b);
        else
            alter_parameters(out, line.ptr, c->a, c->b);
        ls_buf_release(&line);
    }
}

/* A view's columns are its query's: it has defaults of its own. */
static void of_view(struct ls_buf *out, struct ddl_change *ch)
{
    const struct ls_attr_change *value = change_of(ch, LS_A_DEFAULT);

    if (!value)
        return;
    begin(out, ch, "ONLY ");
    ls_buf_addf(out, value->b ? "SET DEFAULT %s;\n" : "DROP DEFAULT;\n", value->b);
}

static bool number_is_new(const struct ls_attr_change *number)
{
    return number && !number->a && number->b;
}

/* The sequence that is made for a column of serial; NULL: there is none, or it was there before, under another name perhaps. */
static const struct ls_fact *new_sequence(const struct ddl_change *ch)
{
    uint32_t n;
    const struct ls_dep *deps = ls_catalog_needs(ch->b, ls_catalog_index(ch->b, ch->x->b), &n);

    for (uint32_t i = 0; i < n; i++) {
        const struct ls_fact *f = &ch->b->facts[deps[i].to];

        if (f->kind == LS_FACT_SEQUENCE && ddl_owns_sequence(f, ch->x->b))
            return ch->a_of[deps[i].to] == LS_NO_FACT ? f : NULL;
    }
    return NULL;
}

static bool is_of_numbers(const struct ls_fact *column)
{
    return ddl_is(column, LS_A_TYPE, "integer") || ddl_is(column, LS_A_TYPE, "bigint") || ddl_is(column, LS_A_TYPE, "smallint");
}

/* A sequence that comes to a column with rows in it goes on behind them: from its beginning it would give their numbers once more. */
static void go_on_counting(struct ddl_change *ch, const struct ls_attr_change *number, const struct ls_attr_change *value)
{
    const struct ls_fact *f = ch->x->b, *made = value && value->b && !number_is_new(number) ? new_sequence(ch) : NULL;
    const char *options = number_is_new(number) ? number->b : made ? ls_fact_get(made, LS_A_OPTIONS) : NULL;
    struct ddl_item step;
    struct ls_buf table = LS_BUF_INIT;

    if ((!number_is_new(number) && !made) || !is_of_numbers(f))
        return;
    ddl_qualified(&table, f->schema, f->parent);
    ls_buf_addf(&ch->last, "SELECT pg_catalog.setval(s.seqrelid, m.v) FROM pg_catalog.pg_sequence AS s, (SELECT %s(",
                ddl_has(options, "increment", &step) && step.len > 0 && step.text[0] == '-' ? "min" : "max");
    ddl_name(&ch->last, f->name);
    ls_buf_addf(&ch->last, ") AS v FROM %s) AS m WHERE s.seqrelid = pg_catalog.pg_get_serial_sequence(", table.ptr);
    ddl_literal(&ch->last, LS_DIALECT_POSTGRES, table.ptr);
    ls_buf_adds(&ch->last, ", ");
    ddl_literal(&ch->last, LS_DIALECT_POSTGRES, f->name);
    ls_buf_adds(&ch->last, ")::regclass AND m.v BETWEEN s.seqmin AND s.seqmax;\n");
    ls_buf_release(&table);
}

enum ddl_verdict alter_column(struct ls_buf *out, struct ddl_change *ch)
{
    const struct ls_attr_change *generated = change_of(ch, LS_A_GENERATED), *not_null = change_of(ch, LS_A_NOT_NULL);
    const struct ls_attr_change *value = change_of(ch, LS_A_DEFAULT), *number = change_of(ch, LS_A_IDENTITY);
    bool has_new_type = change_of(ch, LS_A_TYPE) || change_of(ch, LS_A_COLLATION);
    const char *before = ls_fact_get(ch->x->a, LS_A_DEFAULT), *after = ls_fact_get(ch->x->b, LS_A_DEFAULT);

    if (is_of_view(ch)) {
        of_view(out, ch);
        return DDL_DONE;
    }
    if (generated && generated->b)
        return DDL_REPLACE;
    if (generated)
        simple(out, ch, "DROP EXPRESSION");
    if (number && number->a && !number->b)
        simple(&ch->first, ch, "DROP IDENTITY"); /* its sequence's name is free then: a serial column wants it */
    if (before && (has_new_type || !after))
        simple(out, ch, "DROP DEFAULT");
    if (has_new_type)
        type(out, ch);
    if (not_null && !parent_changes_too(ch, LS_A_NOT_NULL)) {
        begin(out, ch, "");
        ls_buf_adds(out, not_null->b ? "SET NOT NULL;\n" : "DROP NOT NULL;\n");
    }
    if (after && (value || has_new_type)) {
        begin(out, ch, "ONLY ");
        ls_buf_addf(out, "SET DEFAULT %s;\n", after);
    }
    if (number)
        identity(out, ch, number);
    go_on_counting(ch, number, value);
    settings(out, ch);
    return DDL_DONE;
}
