/* diff/ddl_lite_table.c: a table changed where it is: ADD COLUMN, DROP COLUMN. */
#include <config.h>

#include "diff/ddl_lite.h"

#include <stdlib.h>
#include <string.h>

/* In brackets, not behind a colon: behind a column "password" it would be hidden as the secret itself. */
void lite_say(struct ls_buf *out, const char *before, const struct ls_difference *x)
{
    ls_buf_adds(out, before);
    if (x->change == LS_CHANGE_REMOVED && x->impact == LS_IMPACT_LOSES_DATA)
        ls_buf_adds(out, "loses data: ");
    ls_difference_line(x, out);
    if (x->why && x->why[0])
        ls_buf_addf(out, " (%s)", x->why);
    ls_buf_addc(out, '\n');
}

static void alter(const struct lite *l, uint32_t table)
{
    ls_buf_adds(l->out, "ALTER TABLE ");
    ddl_name(l->out, l->t->facts[table].name);
}

/* Constraints that come with the column. */
static void brought(const struct lite *l, uint32_t table, const struct ls_fact *column)
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_children(l->t, &l->t->facts[table], LS_FACT_CONSTRAINT, &n);

    for (uint32_t i = 0; i < n; i++) {
        if (l->a_of_t[ls_catalog_index(l->t, &some[i])] != LS_NO_FACT || lite_brought_by(l, table, &some[i]) != column)
            continue;
        ls_buf_addc(l->out, ' ');
        if (ddl_is(&some[i], LS_A_FORM, "foreign key")) {
            struct ls_buf references = LS_BUF_INIT;

            ddl_references(&references, &some[i]);
            ddl_constraint_name(l->out, l->t, &some[i]);
            ls_buf_adds(l->out, references.ptr + 1);
            ddl_deferrable(l->out, &some[i]);
            ls_buf_release(&references);
        } else {
            ddl_constraint(l->out, l->t, &some[i]);
        }
    }
}

void lite_add_columns(struct lite *l, uint32_t table)
{
    uint32_t n;
    const struct ls_fact **columns = ddl_columns(l->t, &l->t->facts[table], &n);

    for (uint32_t i = 0; i < n; i++) {
        struct ls_buf text = LS_BUF_INIT;

        if (l->a_of_t[ls_catalog_index(l->t, columns[i])] != LS_NO_FACT)
            continue;
        ddl_column(&text, l->t, &l->t->facts[table], columns[i]);
        alter(l, table);
        ls_buf_addf(l->out, " ADD COLUMN %s", text.ptr + strspn(text.ptr, " "));
        brought(l, table, columns[i]);
        ls_buf_adds(l->out, ";\n");
        ls_buf_release(&text);
    }
    free((void *)columns);
}

void lite_drop_columns(struct lite *l, uint32_t table)
{
    size_t n;
    const struct lite_item *items = lite_items(l, table, &n);

    for (size_t i = 0; i < n; i++) {
        const struct ls_difference *x = items[i].x;

        if (x->b || x->a->kind != LS_FACT_COLUMN)
            continue;
        lite_say(l->out, "-- ", x);
        alter(l, table);
        ls_buf_adds(l->out, " DROP COLUMN ");
        ddl_name(l->out, l->now[ls_catalog_index(l->a, x->a)]);
        ls_buf_adds(l->out, ";\n");
    }
}
