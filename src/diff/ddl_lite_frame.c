/* diff/ddl_lite_frame.c: what stands around statements that make tables anew: a transaction that is taken back when rows are missing or foreign keys break. */
#include <config.h>

#include "diff/ddl_lite.h"

#include <string.h>
#include <strings.h>

/* --- whether PRAGMA foreign_key_check can be asked: it fails as a whole where a key leads to columns that are none --- */

static size_t count_items(const char *list)
{
    struct ddl_item item;
    size_t n = 0;

    while (ddl_next(&list, &item))
        n++;
    return n;
}

static bool is_in_key(const char *key, const struct ddl_item *one)
{
    struct ddl_item item;

    while (ddl_next(&key, &item)) {
        if (item.len > 5 && strncasecmp(item.text + item.len - 5, " desc", 5) == 0)
            item.len -= 5;
        if (ddl_same_item(&item, one))
            return true;
    }
    return false;
}

static bool is_same_set(const char *key, const char *columns)
{
    struct ddl_item item;

    if (count_items(key) != count_items(columns))
        return false;
    while (ddl_next(&columns, &item))
        if (!is_in_key(key, &item))
            return false;
    return true;
}

/* columns NULL: the primary key itself, of n columns. */
static bool has_unique(const struct ls_catalog *c, const struct ls_fact *table, const char *columns, size_t n_columns)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_CONSTRAINT, LS_FACT_INDEX};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(c, table, kinds[k], &n);

        for (uint32_t i = 0; i < n; i++) {
            const char *key = ls_fact_get(&some[i], LS_A_KEY);
            bool is_primary = ddl_is(&some[i], LS_A_FORM, "primary key");
            bool is_unique = is_primary || ddl_is(&some[i], LS_A_FORM, "unique") ||
                             (ls_fact_get(&some[i], LS_A_UNIQUE) && !ls_fact_get(&some[i], LS_A_PREDICATE));

            if (is_unique && key && (columns ? is_same_set(key, columns) : is_primary && count_items(key) == n_columns))
                return true;
        }
    }
    return false;
}

/* "users(id, b)" or "users" */
static bool is_sound(const struct ls_catalog *c, const struct ls_fact *key)
{
    const char *to = ls_fact_get(key, LS_A_REFERENCES), *own = ls_fact_get(key, LS_A_KEY);
    size_t len = to ? strlen(to) : 0;
    struct ls_buf name = LS_BUF_INIT, columns = LS_BUF_INIT;
    const struct ls_fact *table;
    size_t end;
    bool is = true;

    if (!to || !own)
        return false;
    end = lite_first_name(to, &name);
    if (end + 2 < len)
        ls_buf_add(&columns, to + end + 1, len - end - 2);
    table = ls_catalog_find(c, LS_FACT_TABLE, key->schema, "", name.ptr);
    if (table)
        is = !ddl_is(table, LS_A_FORM, "virtual") && has_unique(c, table, columns.len > 0 ? columns.ptr : NULL, count_items(own));
    else /* a table that is not there is no obstacle, a view is */
        is = ls_catalog_find(c, LS_FACT_VIEW, key->schema, "", name.ptr) == NULL;
    ls_buf_release(&name);
    ls_buf_release(&columns);
    return is;
}

static const struct ls_fact *next_key(const struct ls_catalog *c, uint32_t *at)
{
    uint32_t n;
    const struct ls_fact *all = ls_catalog_kind(c, LS_FACT_CONSTRAINT, &n);

    while (*at < n)
        if (ddl_is(&all[(*at)++], LS_A_FORM, "foreign key"))
            return &all[*at - 1];
    return NULL;
}

bool lite_has_keys(const struct ls_catalog *c)
{
    uint32_t at = 0;

    return next_key(c, &at) != NULL;
}

bool lite_keys_are_sound(const struct ls_catalog *c)
{
    uint32_t at = 0;

    for (const struct ls_fact *key; (key = next_key(c, &at)) != NULL;)
        if (!is_sound(c, key))
            return false;
    return true;
}

/* --- the frame --- */

void lite_frame_begin(struct lite *l)
{
    ls_buf_adds(l->out, "-- Foreign keys can only be switched off outside of a transaction: this brings its own.\n"
                        "-- Let the client stop at the first error: sqlite3 -bail FILE <this\n"
                        "PRAGMA foreign_keys = OFF;\n"
                        "PRAGMA legacy_alter_table = OFF;\n"
                        "BEGIN IMMEDIATE;\n");
    if (!l->has_checks)
        return;
    ls_buf_adds(l->out, "CREATE TEMP TABLE lockstep_check (what TEXT, n INT, fine INT CONSTRAINT rows_are_all_there_and_no_foreign_key_breaks CHECK (fine));\n");
    if (!l->checks_keys)
        return;
    ls_buf_adds(l->out, "INSERT INTO temp.lockstep_check SELECT 'broken keys', count(*), 1 FROM pragma_foreign_key_check;\n");
    l->n_checks++;
}

/* All of it is taken back unless every check has left its line. */
static void say_checks(const struct lite *l)
{
    ls_buf_addf(l->out, "INSERT OR ROLLBACK INTO temp.lockstep_check SELECT 'all', 0, count(*) = %zu", l->n_checks);
    if (l->checks_keys)
        ls_buf_adds(l->out, "\n    AND (SELECT count(*) FROM pragma_foreign_key_check) <= (SELECT n FROM temp.lockstep_check WHERE what = 'broken keys')\n   ");
    ls_buf_adds(l->out, " FROM temp.lockstep_check;\nDROP TABLE temp.lockstep_check;\n");
}

void lite_frame_end(struct lite *l)
{
    if (l->checks_keys)
        ls_buf_adds(l->out, "PRAGMA foreign_key_check; -- rows whose parent is missing: more of them than before, and nothing of this stays\n");
    else if (lite_has_keys(l->t))
        ls_buf_adds(l->out, "-- PRAGMA foreign_key_check is not asked: some foreign key leads to columns that are no key, and it fails then\n");
    if (l->has_checks)
        say_checks(l);
    ls_buf_adds(l->out, "COMMIT;\n"
                        "PRAGMA legacy_alter_table = OFF;\n"
                        "PRAGMA foreign_keys = ON; -- where they were on\n");
}
