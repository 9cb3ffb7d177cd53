/* Indexes, their keys and what is known of them without reading a table: sqlite_stat1, dbstat, who names them. */
#include <config.h>

#include "db/sqlite/usage_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SIZES_MAX_BYTES (64LL * 1024 * 1024) /* of file: dbstat reads every page, so larger ones are read only when bloat is asked for */

/* --- the indexes --- */

#define INDEXES "SELECT tbl_name, name, rootpage, sql FROM main.sqlite_master WHERE type = 'index'"
/* Of the indexes that constraints made, which one the primary key's is: asked of tables that may have others. Virtual tables have no page; to ask about one
 * whose module is not loaded is an error. */
#define PRIMARY                                                                                                                                     \
    "SELECT s.name, i.name FROM main.sqlite_master AS s, pragma_index_list(s.name, 'main') AS i WHERE s.type = 'table' AND s.rootpage > 0 AND "         \
    "s.sql LIKE '%primary%' AND (s.sql LIKE '%unique%' OR s.sql LIKE '%without%rowid%') AND i.origin = 'pk'"
/* The key of a table without rowid is in no schema. The rows of an index stand together, in the order of its keys: the pragma is the inner loop. */
#define KEYS                                                                                                                                        \
    "SELECT n.name, x.name, x.\"desc\", x.coll FROM (SELECT name FROM main.sqlite_master WHERE type = 'index' UNION ALL SELECT i.name FROM "           \
    "main.sqlite_master AS s, pragma_index_list(s.name, 'main') AS i WHERE s.type = 'table' AND s.rootpage > 0 AND s.sql LIKE '%without%rowid%' AND "   \
    "i.origin = 'pk' AND i.name NOT IN (SELECT name FROM main.sqlite_master WHERE type = 'index')) AS n, pragma_index_xinfo(n.name, 'main') AS x "     \
    "WHERE x.\"key\""

static int compare_indexes(const void *a, const void *b)
{
    const struct ls_usage_index *x = a, *y = b;

    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    return strcasecmp(x->name, y->name);
}

static int compare_names(const void *a, const void *b)
{
    return strcasecmp(((const struct lius_name *)a)->name, ((const struct lius_name *)b)->name);
}

uint32_t lius_index_at(const struct lius *k, const char *name)
{
    struct lius_name key = {name, 0}, *found = k->names.n == 0 ? NULL : bsearch(&key, k->names.v, k->names.n, sizeof(key), compare_names);

    return found == NULL ? LS_NO_USAGE : found->at;
}

/* --- their texts --- */

/* Where the list of keys begins: CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table ( */
static size_t key_list(const struct lite_ddl *d)
{
    size_t at = 0;

    while (at < d->n && !lite_is(d, at, "ON"))
        at++;
    for (at += 2; at < d->n && !lite_is_char(d, at, '(');)
        at++;
    return at;
}

static const char *predicate(struct lius *k, const char *sql)
{
    struct lite_ddl d = {.b = k->b, .text = LS_BUF_INIT};
    const char *s = "";
    size_t end;

    lite_ddl_open(&d, sql);
    end = lite_behind(&d, key_list(&d));
    if (lite_is(&d, end, "WHERE"))
        s = lius_kept(k, lite_canonical(&d, end + 1, d.n));
    lite_ddl_close(&d);
    ls_buf_release(&d.text);
    return s;
}

/* Key number `place` as it was written, in one form, without its collation and direction. */
static const char *expression(struct lius *k, const char *sql, uint32_t place)
{
    struct lite_ddl d = {.b = k->b, .text = LS_BUF_INIT};
    size_t at, end, from;
    const char *s = "?";

    lite_ddl_open(&d, sql);
    at = key_list(&d);
    end = lite_behind(&d, at);
    for (from = ++at; at < end; at = lite_is_char(&d, at, '(') ? lite_behind(&d, at) : at + 1) {
        if (!lite_is_char(&d, at, ',') && at + 1 != end)
            continue;
        if (place-- > 0) {
            from = at + 1;
            continue;
        }
        while (at > from + 1 && (lite_is(&d, at - 1, "ASC") || lite_is(&d, at - 1, "DESC")))
            at--;
        if (at > from + 2 && lite_is(&d, at - 2, "COLLATE"))
            at -= 2;
        s = lius_kept(k, lite_canonical(&d, from, at));
        break;
    }
    lite_ddl_close(&d);
    ls_buf_release(&d.text);
    return s;
}

/* --- the list --- */

static struct ls_usage_index *add_index(struct lius *k, uint32_t table, const char *name)
{
    struct ls_usage_index *x = LS_VEC_PUSH(&k->indexes);

    *x = (struct ls_usage_index){.table = table, .schema = "main", .name = lius_kept(k, name), .definition = "", .constraint = "", .method = "btree",
                                 .predicate = "", .options = "", .tablespace = "", .comment = "", .is_immediate = true, .is_valid = true,
                                 .is_ready = true, .is_live = true, .parent = LS_NO_USAGE, .scans = -1, .tup_read = -1, .tup_fetch = -1, .bytes = -1,
                                 .pages = -1, .rows = -1, .bloat = -1, .oid = k->tables.v[table].t.oid};
    return x;
}

static void set_primary(struct ls_usage_index *x)
{
    x->is_unique = x->is_primary = true;
    x->constraint = "PRIMARY KEY";
}

static bool has_word(const char *sql, const char *word)
{
    return strcasestr(sql, word) != NULL;
}

/* What a statement made has its text, which begins with SQLite's own words; a constraint's has none. */
static void take_index(struct lius *k, const struct ls_result *r, size_t row)
{
    uint32_t table = lius_table_at(k, ls_result_get(r, row, 0));
    const char *sql = ls_result_get(r, row, 3);
    struct ls_usage_index *x;

    if (table == LS_NO_USAGE) /* a shadow */
        return;
    x = add_index(k, table, ls_result_get(r, row, 1));
    x->oid = lius_number(ls_result_get(r, row, 2));
    if (sql != NULL) {
        x->definition = lius_kept(k, sql);
        x->is_unique = strncasecmp(sql, "create unique ", strlen("create unique ")) == 0;
        x->predicate = has_word(sql, "where") ? predicate(k, sql) : "";
    } else if (has_word(k->tables.v[table].sql, "unique")) {
        x->is_unique = true;
        x->constraint = "UNIQUE";
    } else {
        set_primary(x);
    }
}

static void sort_indexes(struct lius *k)
{
    if (k->indexes.n > 1)
        qsort(k->indexes.v, k->indexes.n, sizeof(*k->indexes.v), compare_indexes);
    k->names.n = 0;
    for (size_t i = 0; i < k->indexes.n; i++)
        *LS_VEC_PUSH(&k->names) = (struct lius_name){k->indexes.v[i].name, (uint32_t)i};
    if (k->names.n > 1)
        qsort(k->names.v, k->names.n, sizeof(*k->names.v), compare_names);
}

static void take_primary(struct lius *k, const char *table_name, const char *name)
{
    uint32_t table = lius_table_at(k, table_name), at = lius_index_at(k, name);

    if (table != LS_NO_USAGE)
        set_primary(at != LS_NO_USAGE ? &k->indexes.v[at] : add_index(k, table, name));
}

static enum ls_rc read_list(struct lius *k, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = lius_query(k, INDEXES, &r, err);

    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < r.n_rows; i++)
        take_index(k, &r, i);
    ls_result_release(&r);
    sort_indexes(k);
    rc = lius_query(k, PRIMARY, &r, err);
    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < r.n_rows; i++)
        take_primary(k, ls_result_get(&r, i, 0), ls_result_get(&r, i, 1));
    if (r.n_rows > 0)
        sort_indexes(k);
    ls_result_release(&r);
    return LS_OK;
}

/* --- keys --- */

static void take_key(struct lius *k, struct ls_usage_index *x, struct ls_usage_key *key, uint32_t place, const struct ls_result *r, size_t row)
{
    const char *name = ls_result_get(r, row, 1), *collation = ls_result_get(r, row, 3);

    *key = (struct ls_usage_key){.text = "", .type = "", .opclass = "", .collation = "", .collation_of_column = "", .is_default_opclass = true,
                                 .n_distinct = -1, .avg_width = -1};
    if (name != NULL) {
        key->column = lius_kept(k, name);
        key->text = lius_ident(k, name);
        key->collation_of_column = lius_collation_of(k, k->tables.v[x->table].t.name, name, &key->type);
    } else {
        x->has_expression = true;
        key->text = expression(k, x->definition, place);
    }
    key->collation = lius_collation(k, collation);
    key->is_pattern_safe = strcasecmp(key->collation, "NOCASE") == 0; /* LIKE is the same in any case */
    key->is_desc = ls_result_get(r, row, 2)[0] == '1';
    key->is_nulls_first = !key->is_desc; /* they are smaller than all values */
}

static enum ls_rc read_keys(struct lius *k, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = lius_query(k, KEYS, &r, err);

    if (rc != LS_OK)
        return rc;
    for (size_t i = 0, end; i < r.n_rows; i = end) {
        uint32_t at = lius_index_at(k, ls_result_get(&r, i, 0));
        struct ls_usage_key *keys;

        for (end = i + 1; end < r.n_rows && strcmp(ls_result_get(&r, end, 0), ls_result_get(&r, i, 0)) == 0;)
            end++;
        if (at == LS_NO_USAGE)
            continue;
        keys = LS_ARENA_ARRAY(k->u->arena, struct ls_usage_key, end - i);
        for (size_t n = i; n < end; n++)
            take_key(k, &k->indexes.v[at], &keys[n - i], (uint32_t)(n - i), &r, n);
        k->indexes.v[at].keys = keys;
        k->indexes.v[at].n_keys = (uint32_t)(end - i);
    }
    ls_result_release(&r);
    return LS_OK;
}

enum ls_rc lius_read_indexes(struct lius *k, struct ls_err *err)
{
    enum ls_rc rc = read_list(k, err);

    return rc == LS_OK ? read_keys(k, err) : rc;
}

/* --- sqlite_stat1: "rows each1 each2 ...": how many rows there are for one value of the first key, of the first two ... */

static void take_stat(struct lius *k, struct ls_usage_index *x, const char *stat)
{
    char *end;
    double rows = strtod(stat, &end), each = end == stat ? 0 : strtod(end, NULL);

    x->stat1 = lius_kept(k, stat);
    if (end == stat)
        return;
    x->rows = rows;
    if (x->n_keys > 0 && each >= 1) {
        struct ls_usage_key *first = (struct ls_usage_key *)(uintptr_t)x->keys; /* our own array, before it is handed over */

        first->has_stats = true;
        first->n_distinct = rows / each < 1 ? 1 : rows / each;
    }
}

enum ls_rc lius_read_stat1(struct lius *k, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc;

    if (!k->u->has_stat1)
        return LS_OK;
    rc = lius_query(k, "SELECT tbl, idx, stat FROM main.sqlite_stat1", &r, err);
    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < r.n_rows; i++) {
        const char *table = ls_result_get(&r, i, 0), *index = ls_result_get(&r, i, 1), *stat = ls_result_get(&r, i, 2);
        uint32_t t = table == NULL ? LS_NO_USAGE : lius_table_at(k, table), x = index == NULL ? LS_NO_USAGE : lius_index_at(k, index);

        if (stat == NULL || t == LS_NO_USAGE)
            continue;
        /* The key of a table without rowid goes by the table's name. */
        for (size_t n = 0; index != NULL && x == LS_NO_USAGE && strcasecmp(index, table) == 0 && n < k->indexes.n; n++)
            if (k->indexes.v[n].table == t && k->indexes.v[n].is_primary)
                x = (uint32_t)n;
        if (x != LS_NO_USAGE && k->indexes.v[x].table == t)
            take_stat(k, &k->indexes.v[x], stat);
        if (x == LS_NO_USAGE || k->indexes.v[x].predicate[0] == '\0')
            k->tables.v[t].t.rows = strtod(stat, NULL);
    }
    ls_result_release(&r);
    return LS_OK;
}

/* --- sizes --- */

static double bloat_of(int64_t bytes, int64_t pages, int64_t unused)
{
    int64_t page = bytes / pages, needed = (bytes - unused + page - 1) / page;

    return needed >= pages ? 0 : 1 - (double)(needed < 1 ? 1 : needed) / (double)pages;
}

static void take_size(struct lius *k, const struct ls_result *r, size_t row)
{
    const char *name = ls_result_get(r, row, 0);
    uint32_t x = lius_index_at(k, name), t = x == LS_NO_USAGE ? lius_table_at(k, name) : LS_NO_USAGE;
    int64_t bytes = lius_number(ls_result_get(r, row, 1)), pages = lius_number(ls_result_get(r, row, 2)), unused = lius_number(ls_result_get(r, row, 3));

    if (t != LS_NO_USAGE)
        k->tables.v[t].t.bytes = bytes;
    if (x == LS_NO_USAGE)
        return;
    k->indexes.v[x].bytes = bytes;
    k->indexes.v[x].pages = pages;
    if (pages > 0 && bytes >= pages) {
        k->indexes.v[x].bloat = bloat_of(bytes, pages, unused);
        k->indexes.v[x].bloat_how = LS_BLOAT_MEASURED;
    }
}

enum ls_rc lius_read_sizes(struct lius *k, struct ls_err *err)
{
    int64_t file = -1, max = k->opts->with_bloat ? k->opts->bloat_max_bytes : SIZES_MAX_BYTES;
    struct ls_result r;
    enum ls_rc rc;

    if (!k->opts->with_sizes && !k->opts->with_bloat)
        return LS_OK;
    if (!k->u->has_dbstat) {
        lius_note(k, "no-dbstat", "sizes are not known: this SQLite library was built without dbstat", NULL);
        return LS_OK;
    }
    rc = lius_query(k, "SELECT page_count * page_size FROM pragma_page_count('main'), pragma_page_size('main')", &r, err);
    if (rc != LS_OK)
        return rc;
    if (r.n_rows == 1)
        file = lius_number(ls_result_get(&r, 0, 0));
    ls_result_release(&r);
    if (file > max) {
        lius_note(k, "too-large", "sizes are not read: the file is large, and every page would be looked at",
                  "ask for bloat, with a limit above the file's size");
        return LS_OK;
    }
    rc = lius_query(k, "SELECT name, sum(pgsize), count(*), sum(unused) FROM dbstat('main') GROUP BY name", &r, err);
    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < r.n_rows; i++)
        take_size(k, &r, i);
    ls_result_release(&r);
    k->u->has_sizes = true;
    return LS_OK;
}

/* --- who names them: without the index such a view or trigger is an error --- */

static void take_text(struct lius *k, const char *sql)
{
    struct lite_ddl d = {.b = k->b, .text = LS_BUF_INIT};

    lite_ddl_open(&d, sql);
    while (d.i + 2 < d.n) {
        uint32_t at;

        if (!lite_is(&d, d.i, "INDEXED") || !lite_is(&d, d.i + 1, "BY")) {
            d.i++;
            continue;
        }
        d.i += 2;
        at = lius_index_at(k, lite_name(&d));
        if (at != LS_NO_USAGE)
            k->indexes.v[at].is_in_query = true;
    }
    lite_ddl_close(&d);
    ls_buf_release(&d.text);
}

enum ls_rc lius_read_indexed_by(struct lius *k, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = lius_query(k, "SELECT sql FROM main.sqlite_master WHERE type IN ('view', 'trigger') AND sql LIKE '%indexed%by%'", &r, err);

    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < r.n_rows; i++)
        take_text(k, ls_result_get(&r, i, 0));
    ls_result_release(&r);
    return LS_OK;
}
