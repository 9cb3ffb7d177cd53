/* diff/ddl_lite_rename.c: renamings, first of all: SQLite rewrites what names a table or a column. Whoever still has a name that another one gets is
 * called something else for a while. */
#include <config.h>

#include "diff/ddl_lite.h"

#include <string.h>
#include <strings.h>

static bool is_renamed(const struct lite *l, const struct ls_difference *x, enum ls_fact_kind kind)
{
    const struct ls_fact *t = x->change == LS_CHANGE_RENAMED && x->b->kind == kind ? lite_in_target(l, x->b) : NULL;

    if (t == NULL || strcasecmp(x->a->name, x->b->name) == 0)
        return false;
    return kind != LS_FACT_TABLE || l->how[ls_catalog_index(l->t, t)] != LITE_REPLACE;
}

/* "ALTER TABLE t RENAME [COLUMN c] TO ": the table under the name that it has by now. */
static void say_rename(struct lite *l, uint32_t a, const char *to)
{
    const struct ls_fact *f = &l->a->facts[a];

    ls_buf_adds(l->out, "ALTER TABLE ");
    ddl_name(l->out, f->kind == LS_FACT_TABLE ? l->now[a] : l->now[f->parent_ix]);
    ls_buf_adds(l->out, " RENAME ");
    if (f->kind == LS_FACT_COLUMN) {
        ls_buf_adds(l->out, "COLUMN ");
        ddl_name(l->out, l->now[a]);
        ls_buf_addc(l->out, ' ');
    }
    ls_buf_adds(l->out, "TO ");
    ddl_name(l->out, to);
    ls_buf_adds(l->out, ";\n");
    l->now[a] = to;
}

static void move_away(struct lite *l, uint32_t a)
{
    const struct ls_fact *f = &l->a->facts[a];
    struct ls_buf name = LS_BUF_INIT;

    if (f->kind != LS_FACT_TABLE && f->kind != LS_FACT_COLUMN) {
        ls_buf_addf(l->out, "DROP %s ", f->kind == LS_FACT_VIEW ? "VIEW" : "INDEX");
        ddl_name(l->out, f->name);
        ls_buf_adds(l->out, ";\n");
        l->is_dropped[a] = 1;
        return;
    }
    ls_buf_addf(&name, "lockstep_moved_%u_%s", (unsigned)a, f->name);
    *LS_VEC_PUSH(&l->names) = ls_buf_detach(&name);
    say_rename(l, a, l->names.v[l->names.n - 1]);
}

/* Tables, views and indexes have their names from one heap; columns from their table's. */
static void make_way(struct lite *l, const struct ls_difference *x)
{
    static const enum ls_fact_kind heap[] = {LS_FACT_TABLE, LS_FACT_VIEW, LS_FACT_INDEX}, columns[] = {LS_FACT_COLUMN};
    bool is_column = x->a->kind == LS_FACT_COLUMN;
    const enum ls_fact_kind *kinds = is_column ? columns : heap;

    for (size_t k = 0; k < (is_column ? LS_ARRAY_LEN(columns) : LS_ARRAY_LEN(heap)); k++) {
        uint32_t n, first;
        const struct ls_fact *some = ls_catalog_kind(l->a, kinds[k], &n);

        first = ls_catalog_index(l->a, some);
        for (uint32_t i = 0; i < n; i++)
            if (&some[i] != x->a && (!is_column || some[i].parent_ix == x->a->parent_ix) && !l->is_dropped[first + i] &&
                strcasecmp(l->now[first + i], x->b->name) == 0)
                move_away(l, first + i);
    }
}

void lite_renames(struct lite *l)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_TABLE, LS_FACT_COLUMN};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        for (size_t i = 0; i < l->d->d.n; i++)
            if (is_renamed(l, &l->d->d.v[i], kinds[k]))
                make_way(l, &l->d->d.v[i]);
        for (size_t i = 0; i < l->d->d.n; i++) {
            const struct ls_difference *x = &l->d->d.v[i];

            if (!is_renamed(l, x, kinds[k]))
                continue;
            if (x->rename >= 0 && l->d->renames.v[x->rename].state == LS_RENAME_PROPOSED)
                ls_buf_adds(l->out, DDL_ONLY_PROPOSED);
            say_rename(l, ls_catalog_index(l->a, x->a), lite_in_target(l, x->b)->name);
        }
    }
}
