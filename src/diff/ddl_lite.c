/* diff/ddl_lite.c: the statements that make one SQLite file look like another, in an order that SQLite takes. Views and triggers are not looked at when
 * they are made, so only tables have one. */
#include <config.h>

#include "diff/ddl_lite.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

static void init(struct lite *l)
{
    size_t a = (size_t)l->a->n_facts + 1, b = (size_t)l->d->b->n_facts + 1, t = (size_t)l->t->n_facts + 1;

    l->t_of_a = ls_calloc(a, sizeof(*l->t_of_a));
    l->a_of_t = ls_calloc(t, sizeof(*l->a_of_t));
    l->t_of_b = ls_calloc(b, sizeof(*l->t_of_b));
    l->how = ls_calloc(t, 1);
    l->is_rewritten = ls_calloc(t, 1);
    l->is_made = ls_calloc(t, 1);
    l->is_dropped = ls_calloc(a, 1);
    l->now = ls_calloc(a, sizeof(*l->now));
}

static void release(struct lite *l)
{
    free(l->t_of_a);
    free(l->a_of_t);
    free(l->t_of_b);
    free(l->how);
    free(l->is_rewritten);
    free(l->is_made);
    free(l->is_dropped);
    free((void *)l->now);
    LS_VEC_RELEASE(&l->items);
    ls_catalog_free(l->t);
}

/* --- what goes --- */

static bool goes(const struct lite *l, uint32_t a)
{
    uint32_t t = l->t_of_a[a];

    if (l->is_dropped[a])
        return false;
    if (t == LS_NO_FACT)
        return true;
    return l->t->facts[t].kind == LS_FACT_TABLE ? l->how[t] == LITE_REPLACE : l->is_made[t] != 0;
}

/* With its table or its view. */
static bool goes_along(const struct lite *l, const struct ls_fact *f)
{
    uint32_t t = f->parent_ix == LS_NO_FACT ? LS_NO_FACT : l->t_of_a[f->parent_ix];

    if (f->parent_ix == LS_NO_FACT)
        return false;
    return t == LS_NO_FACT || l->how[t] >= LITE_REBUILD || l->is_made[t];
}

static void say_drop(const struct lite *l, const struct ls_fact *f, const char *name)
{
    ls_buf_adds(l->out, "DROP ");
    ddl_object_word(l->out, f);
    ls_buf_addc(l->out, ' ');
    ddl_name(l->out, name);
    ls_buf_adds(l->out, ";\n");
}

static void say_lost_rows(const struct lite *l, uint32_t a)
{
    const struct ls_fact *f = &l->a->facts[a];

    ls_buf_adds(l->out, "-- loses data: ");
    diff_put_label(f, true, l->out);
    ls_buf_adds(l->out, l->t_of_a[a] == LS_NO_FACT ? " goes, and its rows with it\n" : " is made anew, and what it held is gone: fill it again\n");
}

static void say_drops(struct lite *l)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_TRIGGER, LS_FACT_VIEW, LS_FACT_INDEX, LS_FACT_TABLE};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_kind(l->a, kinds[k], &n);

        for (uint32_t i = 0; i < n; i++) {
            uint32_t a = ls_catalog_index(l->a, &some[i]);

            if (!goes(l, a) || goes_along(l, &some[i]))
                continue;
            if (kinds[k] == LS_FACT_TABLE)
                say_lost_rows(l, a);
            say_drop(l, &some[i], l->now[a]);
        }
    }
}

/* --- what comes --- */

static void each_table(struct lite *l, enum lite_how how, void (*say)(struct lite *l, uint32_t table))
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_kind(l->t, LS_FACT_TABLE, &n);

    for (uint32_t i = 0; i < n; i++) {
        if (l->how[ls_catalog_index(l->t, &some[i])] != how)
            continue;
        if (lite_is_stopped(l))
            return;
        say(l, ls_catalog_index(l->t, &some[i]));
    }
}

static void say_table(struct lite *l, uint32_t table)
{
    ddl_table(l->out, l->t, &l->t->facts[table], DDL_ALONE);
}

static void say_alter(struct lite *l, uint32_t table)
{
    lite_add_columns(l, table);
    lite_drop_columns(l, table);
}

static void put_rewritten_aside(struct lite *l, uint32_t table)
{
    if (l->is_rewritten[table])
        lite_put_aside(l, table);
}

static void put_others_aside(struct lite *l, uint32_t table)
{
    if (!l->is_rewritten[table])
        lite_put_aside(l, table);
}

static void say_tables(struct lite *l)
{
    each_table(l, LITE_REBUILD, put_rewritten_aside); /* all of them before anything can fail */
    if (l->has_frame)
        ls_buf_adds(l->out, "PRAGMA legacy_alter_table = ON; -- views, triggers and foreign keys keep the names that they have\n");
    each_table(l, LITE_REBUILD, put_others_aside);
    each_table(l, LITE_NEW, say_table);
    each_table(l, LITE_REPLACE, say_table);
    each_table(l, LITE_ALTER, say_alter);
    each_table(l, LITE_REBUILD, lite_rebuild);
}

static void say_others(struct lite *l)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_INDEX, LS_FACT_VIEW, LS_FACT_TRIGGER};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_kind(l->t, kinds[k], &n);

        for (uint32_t i = 0; i < n; i++)
            if (l->is_made[ls_catalog_index(l->t, &some[i])] && !ddl_definition(l->out, l->t, &some[i]))
                (void)ddl_other(l->out, l->t, &some[i]);
    }
}

/* "application_id=1, user_version=2, encoding=UTF-8" */
static void say_file(struct lite *l)
{
    for (size_t i = 0; i < l->d->d.n; i++) {
        const struct ls_difference *x = &l->d->d.v[i];
        const char *before, *after;
        struct ddl_item item;

        if (diff_side(x)->kind != LS_FACT_DATABASE || !x->a || !x->b)
            continue;
        before = ls_fact_get(x->a, LS_A_SETTING);
        after = ls_fact_get(x->b, LS_A_SETTING);
        while (ddl_next_option(&after, &item)) {
            if (ddl_has_option(before, &item, true))
                continue;
            if (strncmp(item.text, "encoding=", 9) == 0)
                ddl_not_written(l->out, x->b, "its encoding is said before the first table is made, and never again");
            else
                ddl_item(l->out, "PRAGMA ", &item, ";\n");
        }
    }
}

size_t lite_ddl_diff(const struct ls_diff *d, const struct ls_ddl_opts *opts, struct ls_buf *out)
{
    struct lite l = {.d = d, .opts = opts, .a = d->a, .t = lite_target(d), .out = out};
    size_t before = out->len;

    init(&l);
    lite_plan(&l);
    if (l.has_frame)
        lite_frame_begin(&l);
    lite_renames(&l);
    say_drops(&l);
    say_tables(&l);
    say_others(&l);
    say_file(&l);
    if (l.has_frame)
        lite_frame_end(&l);
    release(&l);
    return ddl_count_not_written(out->ptr ? out->ptr + before : NULL);
}
