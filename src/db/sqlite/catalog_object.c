/* Indexes, views, triggers, virtual tables. */
#include <config.h>

#include <string.h>

#include "db/sqlite/catalog_priv.h"

void lite_virtual_table(struct lite_ddl *d, uint32_t fact)
{
    ls_catalog_set(d->b, fact, LS_A_FORM, "virtual");
    while (d->i < d->n && !lite_is(d, d->i, "USING"))
        d->i++;
    ls_catalog_set(d->b, fact, LS_A_MODULE, lite_canonical(d, d->i + 1, d->n));
}

/* CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table (columns) [WHERE expr] */
void lite_index(struct lite_ddl *d, uint32_t fact)
{
    size_t open, end;

    for (; d->i < d->n && !lite_is(d, d->i, "ON"); d->i++)
        if (lite_is(d, d->i, "UNIQUE") && d->i < 2)
            ls_catalog_set(d->b, fact, LS_A_UNIQUE, "yes");
    open = d->i + 2;
    while (open < d->n && !lite_is_char(d, open, '('))
        open++;
    end = lite_behind(d, open);
    ls_catalog_set(d->b, fact, LS_A_KEY, lite_key(d, open + 1, end - 1));
    if (lite_is(d, end, "WHERE"))
        ls_catalog_set(d->b, fact, LS_A_PREDICATE, lite_canonical(d, end + 1, d->n));
}

/* CREATE VIEW name [(columns)] AS select */
void lite_view(struct lite_ddl *d, uint32_t fact)
{
    size_t as = d->i;

    while (as < d->n && !lite_is(d, as, "AS"))
        as = lite_is_char(d, as, '(') ? lite_behind(d, as) : as + 1;
    if (as > 0 && lite_is_char(d, as - 1, ')')) {
        size_t open = d->i;

        while (open < as && !lite_is_char(d, open, '('))
            open++;
        ls_catalog_set(d->b, fact, LS_A_ATTRIBUTES, lite_canonical(d, open + 1, as - 1));
    }
    ls_catalog_set(d->b, fact, LS_A_BODY, lite_canonical(d, as + 1, d->n));
}

/* CREATE TRIGGER name [BEFORE|AFTER|INSTEAD OF] DELETE|INSERT|UPDATE [OF columns] ON table [FOR EACH ROW] [WHEN expr] BEGIN ... END */
void lite_trigger(struct lite_ddl *d, uint32_t fact)
{
    size_t at = 0, begin, on, when = 0;
    struct ls_buf timing = LS_BUF_INIT;

    while (at < d->n && !lite_is(d, at, "BEFORE") && !lite_is(d, at, "AFTER") && !lite_is(d, at, "INSTEAD") &&
           !((lite_is(d, at, "DELETE") || lite_is(d, at, "INSERT") || lite_is(d, at, "UPDATE")) && at >= 3))
        at++;
    /* A trigger may be called "on": the name is behind us, so the next ON is the one. */
    for (on = at; on < d->n && !lite_is(d, on, "ON"); on++)
        ;
    for (begin = on + 2; begin < d->n && !lite_is(d, begin, "BEGIN"); begin++)
        if (lite_is(d, begin, "WHEN") && when == 0)
            when = begin;
    /* Without a word about it a trigger fires before. */
    if (at < d->n && !lite_is(d, at, "BEFORE") && !lite_is(d, at, "AFTER") && !lite_is(d, at, "INSTEAD"))
        ls_buf_adds(&timing, "before ");
    lite_canonical_to(d, at, on, &timing);
    ls_catalog_set(d->b, fact, LS_A_TIMING, timing.ptr);
    if (when > 0)
        ls_catalog_set(d->b, fact, LS_A_WHEN, lite_canonical(d, when + 1, begin));
    ls_catalog_set(d->b, fact, LS_A_BODY, lite_canonical(d, begin, d->n));
    ls_buf_release(&timing);
}
