/* diff/ddl_lite_copy.c: a table made anew with its rows. sqlite.org/lang_altertable.html makes the new one under another name, drops the old one and gives
 * its name to the new one. Here the old one is put aside first, which that page warns of for the sake of views, triggers and foreign keys: they would
 * follow it. PRAGMA legacy_alter_table and foreign_keys = OFF keep them where they are, as they were written. What it is good for: once something has
 * undone the transaction (a full disk, a check), nothing of the name that is dropped is there any more, and a client that goes on after an error
 * (sqlite3 without -bail does) drops no rows. */
#include <config.h>

#include "diff/ddl_lite.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void old_name(const struct lite *l, uint32_t table, struct ls_buf *out)
{
    ls_buf_addf(out, "lockstep_old_%s", l->t->facts[table].name);
    while (ls_catalog_find(l->a, LS_FACT_TABLE, "main", "", out->ptr) || ls_catalog_find(l->t, LS_FACT_TABLE, "main", "", out->ptr))
        ls_buf_addc(out, '_');
}

static void put_old(const struct lite *l, uint32_t table)
{
    struct ls_buf name = LS_BUF_INIT;

    old_name(l, table, &name);
    ddl_name(l->out, name.ptr);
    ls_buf_release(&name);
}

void lite_put_aside(struct lite *l, uint32_t table)
{
    ls_buf_adds(l->out, "ALTER TABLE ");
    ddl_name(l->out, l->t->facts[table].name);
    ls_buf_adds(l->out, " RENAME TO ");
    put_old(l, table);
    ls_buf_adds(l->out, ";\n");
}

/* --- what it may do to rows --- */

/* sqlite.org/datatype3.html#determination_of_column_affinity */
static char affinity(const struct ls_fact *column)
{
    static const struct {
        const char *word;
        char affinity;
    } words[] = {{"int", 'n'},  {"char", 't'}, {"clob", 't'}, {"text", 't'}, {"blob", 'b'},
                 {"real", 'n'}, {"floa", 'n'}, {"doub", 'n'}, {"any", 'b'}};
    const char *type = ls_fact_get(column, LS_A_TYPE);

    for (size_t i = 0; type && i < LS_ARRAY_LEN(words); i++)
        if (strstr(type, words[i].word))
            return words[i].affinity;
    return type ? 'n' : 'b';
}

static void say_hints(const struct lite *l, const struct ls_difference *x)
{
    if (x->a == NULL || x->b == NULL || x->b->kind != LS_FACT_COLUMN)
        return;
    for (uint32_t i = 0; i < x->n_attrs; i++) {
        if (x->attrs[i].attr == LS_A_NOT_NULL && x->attrs[i].b)
            ls_buf_adds(l->out, "--     with such rows this fails: give them values first, nothing is made up here\n");
        if (x->attrs[i].attr == LS_A_TYPE && affinity(x->a) != 'n' && affinity(x->b) == 'n')
            ls_buf_adds(l->out, "--     text that looks like a number becomes one: '007' is 7 then\n");
    }
}

static void say_why(const struct lite *l, uint32_t table)
{
    size_t n;
    const struct lite_item *items = lite_items(l, table, &n);

    ls_buf_adds(l->out, "-- ");
    diff_put_label(&l->t->facts[table], true, l->out);
    ls_buf_adds(l->out, " is made anew, and its rows are copied\n");
    if (n == 0)
        ls_buf_adds(l->out, "--   its foreign key would go on with the table that is put aside\n");
    for (size_t i = 0; i < n; i++) {
        if (items[i].x->change == LS_CHANGE_RENAMED && items[i].x->n_attrs == 0)
            continue;
        lite_say(l->out, "--   ", items[i].x);
        say_hints(l, items[i].x);
    }
}

/* --- the rows --- */

struct copy {
    struct ls_buf into, from;
    size_t n;
    bool wants_values; /* some column has none, and may not be without */
};

static void copy_column(struct copy *c, const char *into, const char *from)
{
    ls_buf_adds(&c->into, c->n > 0 ? ", " : "");
    ls_buf_adds(&c->from, c->n > 0 ? ", " : "");
    ddl_name(&c->into, into);
    if (from)
        ddl_name(&c->from, from);
    else
        ls_buf_adds(&c->from, "NULL /* put its value here */");
    c->n++;
}

static const struct ls_fact *primary_key(const struct ls_catalog *c, const struct ls_fact *table)
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_children(c, table, LS_FACT_CONSTRAINT, &n);

    for (uint32_t i = 0; i < n; i++)
        if (ddl_is(&some[i], LS_A_FORM, "primary key"))
            return &some[i];
    return NULL;
}

/* INTEGER PRIMARY KEY is another name of the rowid. */
static bool is_rowid(const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *column)
{
    const struct ls_fact *key = primary_key(c, table);

    return key && !ls_fact_get(table, LS_A_WITHOUT_ROWID) && ddl_is(column, LS_A_TYPE, "integer") && ddl_is_key(key, column->name);
}

static bool wants_value(const struct lite *l, const struct ls_fact *table, const struct ls_fact *column)
{
    const char *value = ls_fact_get(column, LS_A_DEFAULT);
    const struct ls_fact *key = ls_fact_get(table, LS_A_WITHOUT_ROWID) ? primary_key(l->t, table) : NULL;

    if ((value && strcasecmp(value, "null") != 0) || is_rowid(l->t, table, column))
        return false;
    return ls_fact_get(column, LS_A_NOT_NULL) || (key && lite_mentions(ls_fact_get(key, LS_A_KEY), column->name));
}

static const struct ls_fact *rowid_column(const struct ls_catalog *c, const struct ls_fact *table)
{
    uint32_t n;
    const struct ls_fact *columns = ls_catalog_children(c, table, LS_FACT_COLUMN, &n);

    for (uint32_t i = 0; i < n; i++)
        if (is_rowid(c, table, &columns[i]))
            return &columns[i];
    return NULL;
}

/* A name of the rowid that no column has on either side; NULL: there is none, or one of them has no rowid. */
static const char *rowid_name(const struct lite *l, const struct ls_fact *table, const struct ls_fact *old)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};

    if (ls_fact_get(table, LS_A_WITHOUT_ROWID) || ls_fact_get(old, LS_A_WITHOUT_ROWID))
        return NULL;
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        if (!ls_catalog_find(l->t, LS_FACT_COLUMN, table->schema, table->name, names[i]) &&
            !ls_catalog_find(l->a, LS_FACT_COLUMN, old->schema, old->name, names[i]))
            return names[i];
    return NULL;
}

static void list_columns(const struct lite *l, uint32_t table, struct copy *c)
{
    const struct ls_fact *t = &l->t->facts[table], *old = &l->a->facts[l->a_of_t[table]];
    const char *rowid = rowid_name(l, t, old);
    uint32_t n;
    const struct ls_fact **columns = ddl_columns(l->t, t, &n);

    if (rowid && !rowid_column(l->t, t))
        copy_column(c, rowid, rowid);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t a = l->a_of_t[ls_catalog_index(l->t, columns[i])];

        if (ls_fact_get(columns[i], LS_A_GENERATED))
            continue; /* it makes its values itself */
        if (a != LS_NO_FACT) {
            copy_column(c, columns[i]->name, l->now[a]);
        } else if (rowid && is_rowid(l->t, t, columns[i])) {
            copy_column(c, columns[i]->name, rowid); /* they have been its key without a name */
        } else if (wants_value(l, t, columns[i])) {
            c->wants_values = true;
            copy_column(c, columns[i]->name, NULL);
        }
    }
    free((void *)columns);
}

/* A clause of the table's own (UNIQUE ON CONFLICT REPLACE) may drop rows: it does not count here. */
static bool has_conflict_clause(const struct lite *l, const struct ls_fact *table)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_COLUMN, LS_FACT_CONSTRAINT};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(l->t, table, kinds[k], &n);

        for (uint32_t i = 0; i < n; i++)
            if (ls_fact_get(&some[i], LS_A_CONFLICT))
                return true;
    }
    return false;
}

/* What becomes of the rowids, where they are not a column that stays. */
static void say_rowids(const struct lite *l, const struct ls_fact *table, const struct ls_fact *old)
{
    const struct ls_fact *column = rowid_column(l->t, table);
    uint32_t a = column ? l->a_of_t[ls_catalog_index(l->t, column)] : LS_NO_FACT;

    if (ls_fact_get(old, LS_A_WITHOUT_ROWID)) {
        if (!ls_fact_get(table, LS_A_WITHOUT_ROWID) && !column)
            ls_buf_adds(l->out, "-- its rows get a rowid\n");
    } else if (ls_fact_get(table, LS_A_WITHOUT_ROWID)) {
        ls_buf_adds(l->out, "-- its rows have no rowid any more\n");
    } else if (column) {
        if (a == LS_NO_FACT || rowid_column(l->a, old) != &l->a->facts[a])
            ls_buf_adds(l->out, "-- its rowids are its key from now on\n");
    } else if (rowid_name(l, table, old)) {
        ls_buf_adds(l->out, "-- it has no INTEGER PRIMARY KEY: the rowids are copied as they are\n");
    } else {
        ls_buf_adds(l->out, "-- its rowids are not kept: columns have all of their names\n");
    }
}

static void copy_rows(struct lite *l, uint32_t table)
{
    const struct ls_fact *t = &l->t->facts[table], *old = &l->a->facts[l->a_of_t[table]];
    struct copy c = {.into = LS_BUF_INIT, .from = LS_BUF_INIT};

    list_columns(l, table, &c);
    if (c.n == 0) {
        ls_buf_adds(l->out, "-- loses data: no column of the old one is left, and so no row\n");
        return;
    }
    say_rowids(l, t, old);
    if (c.wants_values)
        ls_buf_adds(l->out, "-- NULL is refused there: with rows this fails until it is a value of yours; without rows it does no harm\n");
    ls_buf_adds(l->out, has_conflict_clause(l, t) ? "INSERT OR ABORT INTO " : "INSERT INTO ");
    ddl_name(l->out, t->name);
    ls_buf_addf(l->out, " (%s)\n    SELECT %s FROM ", c.into.ptr, c.from.ptr);
    put_old(l, table);
    ls_buf_adds(l->out, ";\nINSERT INTO temp.lockstep_check SELECT 'rows', count(*), count(*) = (SELECT count(*) FROM ");
    put_old(l, table);
    ls_buf_adds(l->out, ") FROM ");
    ddl_name(l->out, t->name);
    ls_buf_adds(l->out, ";\n");
    l->n_checks++;
    ls_buf_release(&c.into);
    ls_buf_release(&c.from);
}

/* The largest number that it ever gave; the renaming has taken it along. */
static void keep_sequence(const struct lite *l, uint32_t table)
{
    const struct ls_fact *t = &l->t->facts[table], *old = &l->a->facts[l->a_of_t[table]];
    struct ls_buf name = LS_BUF_INIT;

    if (!ls_fact_get(t, LS_A_AUTOINCREMENT) || !ls_fact_get(old, LS_A_AUTOINCREMENT))
        return;
    old_name(l, table, &name);
    ls_buf_adds(l->out, "DELETE FROM sqlite_sequence WHERE name = ");
    ddl_literal(l->out, LS_DIALECT_SQLITE, t->name);
    ls_buf_adds(l->out, ";\nUPDATE sqlite_sequence SET name = ");
    ddl_literal(l->out, LS_DIALECT_SQLITE, t->name);
    ls_buf_adds(l->out, " WHERE name = ");
    ddl_literal(l->out, LS_DIALECT_SQLITE, name.ptr);
    ls_buf_adds(l->out, ";\n");
    ls_buf_release(&name);
}

void lite_rebuild(struct lite *l, uint32_t table)
{
    say_why(l, table);
    ddl_table(l->out, l->t, &l->t->facts[table], DDL_ALONE);
    copy_rows(l, table);
    keep_sequence(l, table);
    ls_buf_adds(l->out, "DROP TABLE ");
    put_old(l, table);
    ls_buf_adds(l->out, ";\n");
}
