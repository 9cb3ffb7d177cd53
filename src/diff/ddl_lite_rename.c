/* diff/ddl_lite_rename.c: renamings, first of all: SQLite rewrites what names a table or a column. A view or an index that has
 * the new name goes before. */
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

/* Tables, views and indexes have their names from one heap. (What has the same name on both sides is the same: no table is in another one's way, and no
 * column.) */
static void make_way(struct lite *l, const struct ls_difference *x)
{
    static const struct {
        enum ls_fact_kind kind;
        const char *word;
    } heap[] = {{LS_FACT_VIEW, "VIEW"}, {LS_FACT_INDEX, "INDEX"}};

    for (size_t k = 0; k < LS_ARRAY_LEN(heap) && x->a->kind == LS_FACT_TABLE; k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_kind(l->a, heap[k].kind, &n);

        for (uint32_t i = 0; i < n; i++) {
            if (strcasecmp(some[i].name, x->b->name) != 0)
                continue;
            ls_buf_addf(l->out, "DROP %s ", heap[k].word);
            ddl_name(l->out, some[i].name);
            ls_buf_adds(l->out, ";\n");
            l->is_dropped[ls_catalog_index(l->a, &some[i])] = 1;
        }
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
