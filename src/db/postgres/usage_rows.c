/* Rows of the usage queries: tables and indexes as they arrive, found again by oid. */
#include <config.h>

#include "db/postgres/usage_priv.h"

#include <stdlib.h>

#include "lockstep/base/find.h"

static int by_oid(const void *key, const void *element)
{
    uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)element; /* the first member */

    return a < b ? -1 : a > b;
}

const void *pgus_find(const void *v, size_t n, size_t size, uint32_t oid)
{
    return n == 0 ? NULL : bsearch(&oid, v, n, size, by_oid);
}

uint32_t pgus_table_at(const struct pgus *k, uint32_t oid)
{
    const struct pgus_place *p = PGUS_FIND(k->table_at, oid);

    return p == NULL ? LS_NO_USAGE : p->at;
}

uint32_t pgus_index_at(const struct pgus *k, uint32_t oid)
{
    const struct pgus_place *p = PGUS_FIND(k->index_at, oid);

    return p == NULL ? LS_NO_USAGE : p->at;
}

static bool is_before(const struct pgus_attr *a, uint32_t relid, int num)
{
    return a->relid < relid || (a->relid == relid && a->num < num);
}

/* First column of attrs that is not before (relid, num). */
static size_t first_attr(const struct pgus *k, uint32_t relid, int num)
{
    size_t at;

    LS_FIND_FIRST(at, k->attrs.n, is_before(&k->attrs.v[at], relid, num));
    return at;
}

struct pgus_attr *pgus_attr_of(const struct pgus *k, uint32_t relid, int num)
{
    size_t at = first_attr(k, relid, num);

    return at < k->attrs.n && k->attrs.v[at].relid == relid && k->attrs.v[at].num == num ? &k->attrs.v[at] : NULL;
}

/* Takes in what has arrived, so that the server need not wait for us. */
static void keep_reading(struct pgus *k, const struct pgcat_row *r)
{
    if (r->row % 256 == 255)
        (void)PQconsumeInput(k->c->conn); /* an error shows when the next result is read */
}
#define EACH_ROW(k, r, res) for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); keep_reading(k, &r), r.row++)

static int64_t number(const struct pgcat_row *r, int col)
{
    return PQgetisnull(r->res, r->row, col) ? -1 : strtoll(PQgetvalue(r->res, r->row, col), NULL, 10);
}

/* 0: never */
static int64_t moment(const struct pgcat_row *r, int col)
{
    int64_t us = number(r, col);

    return us < 0 ? 0 : us;
}

static double real(const struct pgcat_row *r, int col)
{
    return strtod(PQgetvalue(r->res, r->row, col), NULL);
}

/* Kept with what is handed over; "" for null. */
static const char *kept(struct pgus *k, const struct pgcat_row *r, int col)
{
    int len = PQgetlength(r->res, r->row, col);

    return len == 0 ? "" : ls_arena_strn(k->u->arena, PQgetvalue(r->res, r->row, col), (size_t)len);
}

/* Kept until the end of reading; NULL for null. */
static const char *noted(struct pgus *k, const struct pgcat_row *r, int col)
{
    const char *s = pgcat_get(r, col);

    return s == NULL ? NULL : ls_arena_str(k->scratch, s);
}

/* --- the server --- */

void pgus_take_server(struct pgus *k, const PGresult *res)
{
    struct pgcat_row r = {res, 0};
    struct ls_usage *u = k->u;

    k->block_size = number(&r, 0);
    u->taken_us = number(&r, 1);
    u->stats_reset_us = moment(&r, 2);
    u->started_us = moment(&r, 3);
    u->in_recovery = pgcat_is(&r, 4);
    k->counts = strcmp(pgcat_get(&r, 5), "on") == 0;
    if (!k->counts)
        pgus_note(k, "no-counting", "the server does not count scans (track_counts is off)", "set track_counts = on and wait for a while");
    u->has_hypopg = pgcat_get(&r, 6) != NULL;
    u->hypopg_available = pgcat_is(&r, 7);
    k->tuple_schema = noted(k, &r, 8);
    u->statements = pgcat_get(&r, 9) == NULL ? LS_STMTS_NONE
                    : !pgcat_is(&r, 10)      ? LS_STMTS_NOT_LOADED
                    : !pgcat_is(&r, 11)      ? LS_STMTS_NO_RIGHTS
                                             : LS_STMTS_READY;
}

void pgus_take_classes(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        const char *name = kept(k, &r, 1);
        size_t n = strlen(name);
        bool is_pattern = n > 12 && strcmp(name + n - 12, "_pattern_ops") == 0;

        *LS_VEC_PUSH(&k->classes) = (struct pgus_class){.oid = pgcat_oid(&r, 0),
                                                        .name = name,
                                                        .quoted = noted(k, &r, 2),
                                                        .am = pgcat_oid(&r, 3),
                                                        .type = pgcat_oid(&r, 4),
                                                        .family = pgcat_oid(&r, 5),
                                                        .is_default = pgcat_is(&r, 6),
                                                        .is_equal_image = pgcat_is(&r, 7),
                                                        .is_pattern = is_pattern,
                                                        .type_name = pgcat_get(&r, 8) == NULL ? NULL : kept(k, &r, 8)};
    }
}

void pgus_take_collations(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res)
        *LS_VEC_PUSH(&k->collations) = (struct pgus_collation){pgcat_oid(&r, 0), kept(k, &r, 1), pgcat_is(&r, 2)};
}

void pgus_take_attrs(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        struct pgus_attr *a = LS_VEC_PUSH(&k->attrs);

        a->relid = pgcat_oid(&r, 0);
        a->num = pgcat_int(&r, 1);
        a->name = kept(k, &r, 2);
        a->quoted = pgcat_get(&r, 3) == NULL ? a->name : kept(k, &r, 3);
        a->type_name = kept(k, &r, 4);
        a->type = pgcat_oid(&r, 5);
        a->collation = pgcat_oid(&r, 6);
        a->avg_width = -1;
    }
}

/* --- tables --- */

static int compare_tables(const void *a, const void *b)
{
    const struct pgus_table *x = a, *y = b;
    int c = strcmp(x->t.schema, y->t.schema);

    return c != 0 ? c : strcmp(x->t.name, y->t.name);
}

static int compare_places(const void *a, const void *b)
{
    return by_oid(a, b);
}

/* Before 14 a table that was never looked at has 0 pages and 0 rows. */
static double rows_of(const struct pgus *k, double tuples, int64_t pages)
{
    return tuples < 0 || (k->version < 140000 && tuples == 0 && pages == 0) ? -1 : tuples;
}

static void take_table(struct pgus *k, const struct pgcat_row *r)
{
    struct pgus_table *t = LS_VEC_PUSH(&k->tables);

    t->t = (struct ls_usage_table){.schema = kept(k, r, 1), .name = kept(k, r, 2), .kind = pgcat_char(r, 5), .is_partition = pgcat_is(r, 6),
                                   .parent = LS_NO_USAGE, .seq_scans = -1, .seq_rows = -1, .idx_scans = -1, .inserted = -1, .updated = -1,
                                   .deleted = -1, .hot_updated = -1, .live = -1, .dead = -1, .changed_since_analyze = -1,
                                   .oid = pgcat_oid(r, 0)};
    t->quoted = noted(k, r, 3);
    t->quoted_name = noted(k, r, 4);
    t->pages = number(r, 8);
    t->t.rows = rows_of(k, real(r, 7), t->pages);
    t->t.bytes = t->pages * k->block_size;
    t->is_seen = pgcat_is(r, 9);
}

void pgus_take_tables(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res)
        take_table(k, &r);
    if (k->tables.n > 1)
        qsort(k->tables.v, k->tables.n, sizeof(*k->tables.v), compare_tables);
    for (size_t i = 0; i < k->tables.n; i++)
        *LS_VEC_PUSH(&k->table_at) = (struct pgus_place){(uint32_t)k->tables.v[i].t.oid, (uint32_t)i};
    if (k->table_at.n > 1)
        qsort(k->table_at.v, k->table_at.n, sizeof(*k->table_at.v), compare_places);
}

void pgus_take_table_counts(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        uint32_t at = pgus_table_at(k, pgcat_oid(&r, 0));
        struct ls_usage_table *t = at == LS_NO_USAGE ? NULL : &k->tables.v[at].t;

        if (t == NULL)
            continue;
        t->last_analyze_us = moment(&r, 10);
        t->changed_since_analyze = number(&r, 9);
        if (!k->counts)
            continue;
        t->seq_scans = number(&r, 1);
        t->seq_rows = number(&r, 2);
        t->inserted = number(&r, 3);
        t->updated = number(&r, 4);
        t->deleted = number(&r, 5);
        t->hot_updated = number(&r, 6);
        t->live = number(&r, 7);
        t->dead = number(&r, 8);
    }
}

/* --- indexes --- */

static int compare_indexes(const void *a, const void *b)
{
    const struct pgus_index *x = a, *y = b;

    if (x->x.table != y->x.table)
        return x->x.table < y->x.table ? -1 : 1;
    return strcmp(x->x.name, y->x.name);
}

enum {
    I_OID, I_RELID, I_SCHEMA, I_NAME, I_QUOTED, I_KIND, I_IS_PARTITION, I_AM, I_METHOD, I_IS_ORDERED, I_N_KEYS, I_N_ATTS, I_UNIQUE,
    I_PRIMARY, I_EXCLUSION, I_IMMEDIATE, I_VALID, I_READY, I_LIVE, I_IDENTITY, I_CLUSTERED, I_NOT_DISTINCT, I_KEYS, I_COLLATIONS,
    I_CLASSES, I_BITS, I_EXPRS, I_PREDICATE, I_OPTIONS, I_WITH, I_TABLESPACE, I_QUOTED_TABLESPACE, I_TUPLES, I_PAGES, I_STAND_IN
};

static void take_flags(struct ls_usage_index *x, const struct pgcat_row *r)
{
    x->is_unique = pgcat_is(r, I_UNIQUE);
    x->is_primary = pgcat_is(r, I_PRIMARY);
    x->is_exclusion = pgcat_is(r, I_EXCLUSION);
    x->is_immediate = pgcat_is(r, I_IMMEDIATE);
    x->is_nulls_not_distinct = pgcat_is(r, I_NOT_DISTINCT);
    x->is_valid = pgcat_is(r, I_VALID);
    x->is_ready = pgcat_is(r, I_READY);
    x->is_live = pgcat_is(r, I_LIVE);
    x->is_replica_identity = pgcat_is(r, I_IDENTITY);
    x->is_clustered = pgcat_is(r, I_CLUSTERED);
    x->is_partitioned = pgcat_char(r, I_KIND) == 'I';
    x->is_partition = pgcat_is(r, I_IS_PARTITION);
    x->has_expression = !PQgetisnull(r->res, r->row, I_EXPRS);
}

void pgus_take_stand_ins(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        const char *name = noted(k, &r, 2);

        *LS_VEC_PUSH(&k->stand_ins) = (struct pgcat_stand_in){pgcat_oid(&r, 0), pgcat_oid(&r, 1), name, strlen(name)};
    }
}

struct namer {
    const struct pgus *k;
    uint32_t relid, table;
};

static bool add_column(void *ctx, int num, struct ls_buf *out)
{
    const struct namer *n = ctx;
    const struct pgus_attr *a = num == 0 ? NULL : pgus_attr_of(n->k, n->relid, num);

    if (num != 0 && a == NULL)
        return false;
    ls_buf_adds(out, num == 0 ? n->k->tables.v[n->table].quoted_name : a->quoted);
    return true;
}

/* NULL: there is none. */
static const char *expression(struct pgus *k, const struct pgcat_row *r, int col, uint32_t table)
{
    struct namer n = {k, pgcat_oid(r, I_RELID), table};

    if (pgcat_get(r, col) == NULL)
        return NULL;
    ls_buf_clear(&k->more);
    pgcat_rename(&k->stand_ins, pgcat_oid(r, I_STAND_IN), pgcat_get(r, col), add_column, &n, &k->more);
    return k->more.ptr;
}

static void take_index(struct pgus *k, const struct pgcat_row *r, uint32_t table)
{
    struct pgus_index *i = LS_VEC_PUSH(&k->indexes);
    struct ls_usage_index *x = &i->x;
    const char *text;

    *x = (struct ls_usage_index){.table = table, .schema = kept(k, r, I_SCHEMA), .name = kept(k, r, I_NAME), .definition = "",
                                 .constraint = "", .method = kept(k, r, I_METHOD), .predicate = "",
                                 .options = kept(k, r, I_OPTIONS), .tablespace = kept(k, r, I_TABLESPACE), .comment = "",
                                 .parent = LS_NO_USAGE, .scans = -1, .tup_read = -1, .tup_fetch = -1, .bloat = -1,
                                 .oid = pgcat_oid(r, I_OID)};
    take_flags(x, r);
    x->n_keys = (uint32_t)pgcat_int(r, I_N_KEYS);
    x->pages = number(r, I_PAGES);
    x->bytes = x->pages * k->block_size;
    x->rows = rows_of(k, real(r, I_TUPLES), x->pages);
    x->knows_last_scan = k->version >= 160000;
    i->relid = pgcat_oid(r, I_RELID);
    i->am = pgcat_oid(r, I_AM);
    i->n_atts = pgcat_int(r, I_N_ATTS);
    i->is_ordered = pgcat_is(r, I_IS_ORDERED);
    i->keys = noted(k, r, I_KEYS);
    i->collations = noted(k, r, I_COLLATIONS);
    i->classes = noted(k, r, I_CLASSES);
    i->bits = noted(k, r, I_BITS);
    text = expression(k, r, I_EXPRS, table);
    i->exprs = text == NULL ? NULL : ls_arena_str(k->scratch, text);
    text = expression(k, r, I_PREDICATE, table);
    x->predicate = text == NULL ? "" : ls_arena_str(k->u->arena, text);
    i->quoted = pgcat_get(r, I_QUOTED) == NULL ? x->name : noted(k, r, I_QUOTED);
    i->with = noted(k, r, I_WITH);
    i->quoted_tablespace = noted(k, r, I_QUOTED_TABLESPACE);
}

void pgus_take_indexes(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        uint32_t table = pgus_table_at(k, pgcat_oid(&r, I_RELID));

        if (table != LS_NO_USAGE)
            take_index(k, &r, table);
    }
    if (k->indexes.n > 1)
        qsort(k->indexes.v, k->indexes.n, sizeof(*k->indexes.v), compare_indexes);
    for (size_t i = 0; i < k->indexes.n; i++)
        *LS_VEC_PUSH(&k->index_at) = (struct pgus_place){(uint32_t)k->indexes.v[i].x.oid, (uint32_t)i};
    if (k->index_at.n > 1)
        qsort(k->index_at.v, k->index_at.n, sizeof(*k->index_at.v), compare_places);
}

static struct ls_usage_index *index_of(struct pgus *k, const struct pgcat_row *r, int col)
{
    uint32_t at = pgus_index_at(k, pgcat_oid(r, col));

    return at == LS_NO_USAGE ? NULL : &k->indexes.v[at].x;
}

void pgus_take_index_counts(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        struct ls_usage_index *x = k->counts ? index_of(k, &r, 0) : NULL;

        if (x == NULL)
            continue;
        x->scans = number(&r, 1);
        x->tup_read = number(&r, 2);
        x->tup_fetch = number(&r, 3);
        x->last_scan_us = moment(&r, 4);
    }
}

void pgus_take_sizes(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        struct ls_usage_index *x = index_of(k, &r, 0);
        uint32_t table = pgus_table_at(k, pgcat_oid(&r, 0));

        if (PQgetisnull(res, r.row, 1)) /* dropped while we read */
            continue;
        if (x != NULL)
            x->bytes = number(&r, 1);
        else if (table != LS_NO_USAGE)
            k->tables.v[table].t.bytes = number(&r, 1);
    }
    k->u->has_sizes = true;
}

void pgus_take_inherits(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        struct ls_usage_index *x = index_of(k, &r, 0);
        uint32_t table = pgus_table_at(k, pgcat_oid(&r, 0));

        if (x != NULL)
            x->parent = pgus_index_at(k, pgcat_oid(&r, 1));
        else if (table != LS_NO_USAGE)
            k->tables.v[table].t.parent = pgus_table_at(k, pgcat_oid(&r, 1));
    }
}

void pgus_take_whole(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        uint32_t at = pgus_index_at(k, pgcat_oid(&r, 0));

        if (at != LS_NO_USAGE)
            k->indexes.v[at].whole = noted(k, &r, 1);
    }
}

void pgus_take_comments(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        struct ls_usage_index *x = index_of(k, &r, 0);

        if (x != NULL)
            x->comment = kept(k, &r, 1);
    }
}

/* A build that is not concurrent has no index to name yet. */
void pgus_take_builds(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res) {
        uint32_t table = pgus_table_at(k, pgcat_oid(&r, 0));
        struct ls_usage_index *x = index_of(k, &r, 1);

        k->has_hidden_build = k->has_hidden_build || PQgetisnull(res, r.row, 0);
        if (x != NULL)
            x->is_building = true;
        for (size_t i = 0; table != LS_NO_USAGE && i < k->indexes.n; i++)
            if (k->indexes.v[i].x.table == table && !k->indexes.v[i].x.is_valid)
                k->indexes.v[i].x.is_building = true;
    }
    for (size_t i = 0; k->has_hidden_build && i < k->indexes.n; i++)
        if (!k->indexes.v[i].x.is_valid && !k->indexes.v[i].x.is_partitioned)
            k->indexes.v[i].x.is_building = true;
    if (k->has_hidden_build)
        pgus_note(k, "no-rights", "an index is being built, and this role may not see which: each one that is not valid could be it",
                  "grant pg_read_all_stats to the role");
}

/* --- statistics of columns --- */

static const struct pgus_table *find_table(const struct pgus *k, const char *schema, const char *name)
{
    struct pgus_table key = {.t = {.schema = schema, .name = name}};

    return k->tables.n == 0 ? NULL : bsearch(&key, k->tables.v, k->tables.n, sizeof(key), compare_tables);
}

struct named {
    const char *schema, *name;
    uint32_t oid;
};

static int compare_named(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int c = strcmp(x->schema, y->schema);

    return c != 0 ? c : strcmp(x->name, y->name);
}

/* Statistics of expressions hang below the index. */
static struct named *name_expressions(const struct pgus *k, size_t *n)
{
    struct named *names = LS_ARENA_ARRAY(k->scratch, struct named, k->indexes.n + 1);

    *n = 0;
    for (size_t i = 0; i < k->indexes.n; i++)
        if (k->indexes.v[i].exprs != NULL)
            names[(*n)++] = (struct named){k->indexes.v[i].x.schema, k->indexes.v[i].x.name, (uint32_t)k->indexes.v[i].x.oid};
    if (*n > 1)
        qsort(names, *n, sizeof(*names), compare_named);
    return names;
}

static void set_stats(struct pgus_attr *a, const struct pgcat_row *r)
{
    if (a == NULL || (a->has_stats && pgcat_is(r, 3))) /* those with its children's rows are for want of its own */
        return;
    a->has_stats = true;
    a->null_frac = real(r, 4);
    a->avg_width = pgcat_int(r, 5);
    a->n_distinct = real(r, 6);
    a->max_mcv = PQgetisnull(r->res, r->row, 7) ? 0 : real(r, 7);
}

static struct pgus_attr *attr_named(const struct pgus *k, uint32_t relid, const char *column)
{
    for (size_t i = first_attr(k, relid, 0); i < k->attrs.n && k->attrs.v[i].relid == relid; i++)
        if (strcmp(k->attrs.v[i].name, column) == 0)
            return &k->attrs.v[i];
    return NULL;
}

/* Rows of one table mostly stand together. */
void pgus_take_stats(struct pgus *k, const PGresult *res)
{
    size_t n, hidden = 0;
    struct named *names = name_expressions(k, &n), key = {"", "", 0};

    EACH_ROW(k, r, res) {
        const char *schema = pgcat_get(&r, 0), *name = pgcat_get(&r, 1);

        if (key.oid == 0 || strcmp(key.name, name) != 0 || strcmp(key.schema, schema) != 0) {
            const struct pgus_table *t = find_table(k, schema, name);
            const struct named *x;

            key = (struct named){schema, name, t == NULL ? 0 : (uint32_t)t->t.oid};
            if (t == NULL && n > 0 && (x = bsearch(&key, names, n, sizeof(key), compare_named)) != NULL)
                key.oid = x->oid;
        }
        if (key.oid != 0)
            set_stats(attr_named(k, key.oid, pgcat_get(&r, 2)), &r);
    }
    for (size_t i = 0; i < k->tables.n; i++)
        hidden += !k->tables.v[i].is_seen;
    if (hidden > 0)
        pgus_note(k, "no-rights", ls_arena_printf(k->u->arena, "the statistics of %zu tables may not be seen by this role", hidden),
                  "grant SELECT on them, or pg_read_all_data, to the role");
}

void pgus_take_all_stats(struct pgus *k, const PGresult *res)
{
    EACH_ROW(k, r, res)
        set_stats(pgus_attr_of(k, pgcat_oid(&r, 0), pgcat_int(&r, 1)), &r);
}
