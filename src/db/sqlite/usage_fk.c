/* Foreign keys: to which unique key they go, which index serves them, which rows have no parent. */
#include <config.h>

#include "db/sqlite/usage_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/sql/quote.h"

/* --- which unique key the parent has: sqlite.org/foreignkeys.html, 3 --- */

static bool has_name(const char *const *names, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

/* Exactly those columns, each under its own collation, of all rows. */
static bool is_unique_key(const struct ls_usage_index *x, const struct ls_usage_fk *f)
{
    if (!x->is_unique || x->predicate[0] != '\0' || x->n_keys != f->n_columns)
        return false;
    for (uint32_t i = 0; i < x->n_keys; i++)
        if (x->keys[i].column == NULL || !has_name(f->ref_columns, f->n_columns, x->keys[i].column) ||
            strcasecmp(x->keys[i].collation, x->keys[i].collation_of_column) != 0)
            return false;
    return true;
}

static void find_parent_key(struct lius *k, struct ls_usage_fk *f)
{
    const struct lius_table *t = f->ref == LS_NO_USAGE ? NULL : &k->tables.v[f->ref];

    if (t == NULL)
        return;
    if (t->t.rowid_alias != NULL && f->n_columns == 1 && strcasecmp(t->t.rowid_alias, f->ref_columns[0]) == 0) {
        f->is_parent_unique = true;
        return;
    }
    for (uint32_t i = lius_first_index(k, f->ref); i < k->indexes.n && k->indexes.v[i].table == f->ref; i++)
        if (is_unique_key(&k->indexes.v[i], f)) {
            f->is_parent_unique = true;
            k->indexes.v[i].is_fk_target = true;
            return;
        }
}

/* --- which index serves it --- */

/* "a is not null", of a column of the key, which that implies. */
static bool is_not_null_of(const char *predicate, const struct ls_usage_fk *f)
{
    static const char end[] = " is not null";
    size_t n = strlen(predicate), m = sizeof(end) - 1;
    bool is_it = false;

    for (uint32_t i = 0; n > m && strcmp(predicate + n - m, end) == 0 && !is_it && i < f->n_columns; i++) {
        struct ls_buf quoted = LS_BUF_INIT;

        is_it = strlen(f->columns[i]) == n - m && strncasecmp(predicate, f->columns[i], n - m) == 0;
        if (!is_it && ls_sql_ident(&quoted, f->columns[i], NULL) == LS_OK)
            is_it = quoted.len == n - m && strncasecmp(predicate, quoted.ptr, n - m) == 0;
        ls_buf_release(&quoted);
    }
    return is_it;
}

/* The comparison is made under the parent's collation. */
static bool serves(struct lius *k, const struct ls_usage_index *x, const struct ls_usage_fk *f)
{
    if (x->n_keys < f->n_columns || (x->predicate[0] != '\0' && !is_not_null_of(x->predicate, f)))
        return false;
    for (uint32_t i = 0; i < f->n_columns; i++) {
        const struct ls_usage_key *key = &x->keys[i];
        const char *type, *want = key->collation_of_column;

        for (uint32_t n = 0; n < i; n++)
            if (key->column != NULL && x->keys[n].column != NULL && strcasecmp(key->column, x->keys[n].column) == 0)
                return false;
        if (key->column == NULL || !has_name(f->columns, f->n_columns, key->column))
            return false;
        for (uint32_t n = 0; n < f->n_columns && f->ref != LS_NO_USAGE; n++)
            if (strcasecmp(f->columns[n], key->column) == 0)
                want = lius_collation_of(k, f->ref_table, f->ref_columns[n], &type);
        if (strcasecmp(key->collation, want) != 0)
            return false;
    }
    return true;
}

static bool is_better(const struct ls_usage_index *a, const struct ls_usage_index *b)
{
    if ((a->predicate[0] != '\0') != (b->predicate[0] != '\0'))
        return b->predicate[0] != '\0';
    return a->n_keys < b->n_keys;
}

static void find_index(struct lius *k, struct ls_usage_fk *f)
{
    const char *alias = k->tables.v[f->table].t.rowid_alias;

    for (uint32_t i = lius_first_index(k, f->table); i < k->indexes.n && k->indexes.v[i].table == f->table; i++)
        if (serves(k, &k->indexes.v[i], f) && (f->index == LS_NO_USAGE || is_better(&k->indexes.v[i], &k->indexes.v[f->index])))
            f->index = i;
    f->is_served = f->index != LS_NO_USAGE || (alias != NULL && f->n_columns == 1 && strcasecmp(alias, f->columns[0]) == 0);
}

/* --- rows without a parent --- */

static void add_column(struct ls_buf *out, const char *side, const char *name)
{
    ls_buf_addf(out, "%s.", side);
    if (ls_sql_ident(out, name, NULL) != LS_OK)
        ls_buf_adds(out, "\"\"");
}

static const char *write_orphans(struct lius *k, const struct ls_usage_fk *f)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *s;

    ls_buf_adds(&out, "SELECT child.* FROM ");
    if (ls_sql_ident(&out, k->tables.v[f->table].t.name, NULL) != LS_OK)
        ls_buf_adds(&out, "\"\"");
    ls_buf_adds(&out, " AS child WHERE ");
    for (uint32_t i = 0; i < f->n_columns; i++) {
        ls_buf_adds(&out, i > 0 ? " AND " : "");
        add_column(&out, "child", f->columns[i]);
        ls_buf_adds(&out, " IS NOT NULL");
    }
    if (f->ref != LS_NO_USAGE) { /* where there is no such table, no row has a parent */
        ls_buf_adds(&out, " AND NOT EXISTS (SELECT 1 FROM ");
        if (ls_sql_ident(&out, k->tables.v[f->ref].t.name, NULL) != LS_OK)
            ls_buf_adds(&out, "\"\"");
        ls_buf_adds(&out, " AS parent WHERE ");
        for (uint32_t i = 0; i < f->n_columns; i++) {
            ls_buf_adds(&out, i > 0 ? " AND " : "");
            add_column(&out, "parent", f->ref_columns[i]);
            ls_buf_adds(&out, " = ");
            add_column(&out, "child", f->columns[i]);
        }
        ls_buf_addc(&out, ')');
    }
    s = lius_kept(k, out.ptr);
    ls_buf_release(&out);
    return s;
}

static enum ls_rc count_in(struct lius *k, uint32_t table, struct ls_err *err)
{
    struct ls_param name = {.kind = LS_PARAM_TEXT, .text = k->tables.v[table].t.name};
    struct ls_result r;
    enum ls_rc rc = ls_db_query(k->db, "SELECT fkid, count(*) FROM pragma_foreign_key_check(?1, 'main') GROUP BY fkid", &name, 1, &r, err);

    if (rc != LS_OK)
        return rc;
    for (size_t f = 0; f < k->fks.n; f++)
        if (k->fks.v[f].f.table == table)
            k->fks.v[f].f.orphans = 0;
    for (size_t i = 0; i < r.n_rows; i++)
        for (size_t f = 0; f < k->fks.n; f++)
            if (k->fks.v[f].f.table == table && k->fks.v[f].id == lius_number(ls_result_get(&r, i, 0)))
                k->fks.v[f].f.orphans = lius_number(ls_result_get(&r, i, 1));
    ls_result_release(&r);
    return LS_OK;
}

/* Where the pragma gives up because one key goes to no unique one: each by its own query. */
static void count_each(struct lius *k, uint32_t table)
{
    for (size_t f = 0; f < k->fks.n; f++) {
        struct ls_buf sql = LS_BUF_INIT;
        struct ls_result r;

        if (k->fks.v[f].f.table != table)
            continue;
        ls_buf_addf(&sql, "SELECT count(*) FROM (%s)", k->fks.v[f].f.orphans_sql);
        if (lius_query(k, sql.ptr, &r, NULL) == LS_OK) {
            k->fks.v[f].f.orphans = lius_number(ls_result_get(&r, 0, 0));
            ls_result_release(&r);
        }
        ls_buf_release(&sql);
    }
}

/* One table at a time: what is wrong with one says nothing about the others. */
enum ls_rc lius_count_orphans(struct lius *k, struct ls_err *err)
{
    if (!k->opts->with_orphans)
        return LS_OK;
    for (size_t i = 0; i < k->fks.n; i++) {
        struct ls_err own = LS_ERR_INIT;
        enum ls_rc rc;

        if (i > 0 && k->fks.v[i].f.table == k->fks.v[i - 1].f.table)
            continue;
        rc = count_in(k, k->fks.v[i].f.table, &own);
        if (rc == LS_E_SQL) {
            ls_err_release(&own);
            count_each(k, k->fks.v[i].f.table);
        } else if (rc != LS_OK) {
            ls_err_move(err, &own);
            return rc;
        }
    }
    return LS_OK;
}

/* --- reading --- */

#define KEYS                                                                                                                                        \
    "SELECT s.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete FROM main.sqlite_master AS s, pragma_foreign_key_list(s.name, " \
    "'main') AS f WHERE s.type = 'table' AND s.rootpage > 0 ORDER BY s.name, f.id, f.seq"

/* Names are in the text only. The pragma counts from the last one backwards; REFERENCES stands in nothing else. */
static const char *name_of(struct lius *k, const char *sql, int from_end)
{
    struct lite_ddl d = {.b = k->b, .text = LS_BUF_INIT};
    const char *name = "";
    int depth = 0, n = 0;

    if (strcasestr(sql, "constraint") == NULL)
        return "";
    lite_ddl_open(&d, sql);
    for (size_t i = 0; i < d.n; i++)
        n += lite_is(&d, i, "REFERENCES");
    n -= from_end; /* now from the start, 1 the first */
    for (size_t i = 0, last = 0; i < d.n && n > 0; i++) {
        depth += lite_is_char(&d, i, '(');
        depth -= lite_is_char(&d, i, ')');
        if (depth == 1 && lite_is_char(&d, i, ','))
            last = 0;
        if (depth == 1 && lite_is(&d, i, "CONSTRAINT"))
            last = i;
        if (!lite_is(&d, i, "REFERENCES") || --n > 0)
            continue;
        d.i = last + 1; /* it is the key's if nothing but FOREIGN KEY (...) is between */
        if (last > 0 && (i == last + 2 || lite_is(&d, last + 2, "FOREIGN")))
            name = lius_kept(k, lite_name(&d));
    }
    lite_ddl_close(&d);
    ls_buf_release(&d.text);
    return name;
}

static void take_fk(struct lius *k, const struct ls_result *r, size_t from, size_t end, uint32_t table)
{
    struct lius_fk *x = LS_VEC_PUSH(&k->fks);
    struct ls_usage_fk *f = &x->f;
    uint32_t n = (uint32_t)(end - from), ref = lius_table_at(k, ls_result_get(r, from, 2));
    const char **columns = LS_ARENA_ARRAY(k->u->arena, const char *, n), **refs = LS_ARENA_ARRAY(k->u->arena, const char *, n);

    x->id = (int)lius_number(ls_result_get(r, from, 1));
    for (uint32_t i = 0; i < n; i++) {
        const char *to = ls_result_get(r, from + i, 4);

        columns[i] = lius_kept(k, ls_result_get(r, from + i, 3));
        if (to != NULL)
            refs[i] = lius_kept(k, to);
        else /* the parent's primary key; "" where that has not as many columns */
            refs[i] = ref != LS_NO_USAGE && k->tables.v[ref].n_primary == n ? k->tables.v[ref].primary[i] : "";
    }
    *f = (struct ls_usage_fk){.table = table, .name = name_of(k, k->tables.v[table].sql, x->id), .columns = columns, .ref_columns = refs, .n_columns = n,
                              .ref_schema = "main", .ref_table = lius_kept(k, ls_result_get(r, from, 2)), .ref = ref,
                              .on_update = lius_kept(k, ls_result_get(r, from, 5)), .on_delete = lius_kept(k, ls_result_get(r, from, 6)),
                              .is_validated = true, .is_enforced = k->u->fk_enforced, .index = LS_NO_USAGE, .orphans = -1};
    find_parent_key(k, f);
    find_index(k, f);
    f->orphans_sql = write_orphans(k, f);
}

static int compare_fks(const void *a, const void *b)
{
    const struct lius_fk *x = a, *y = b;
    int c;

    if (x->f.table != y->f.table)
        return x->f.table < y->f.table ? -1 : 1;
    c = strcasecmp(x->f.name, y->f.name);
    return c != 0 ? c : y->id - x->id; /* as they are written */
}

enum ls_rc lius_read_fks(struct lius *k, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = lius_query(k, KEYS, &r, err);

    if (rc != LS_OK)
        return rc;
    for (size_t i = 0, end; i < r.n_rows; i = end) {
        uint32_t table = lius_table_at(k, ls_result_get(&r, i, 0));

        for (end = i + 1; end < r.n_rows && strcmp(ls_result_get(&r, end, 0), ls_result_get(&r, i, 0)) == 0 &&
                          strcmp(ls_result_get(&r, end, 1), ls_result_get(&r, i, 1)) == 0;)
            end++;
        if (table != LS_NO_USAGE)
            take_fk(k, &r, i, end, table);
    }
    ls_result_release(&r);
    if (k->fks.n > 1)
        qsort(k->fks.v, k->fks.n, sizeof(*k->fks.v), compare_fks);
    return LS_OK;
}
