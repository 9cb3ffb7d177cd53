/* How the indexes of a SQLite database could be used: it counts nothing, so what there is to read is the schema, sqlite_stat1 and the sizes in the file.
 * A fixed number of joined pragma queries, in one read transaction. */
#include <config.h>

#include "db/sqlite/usage_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/find.h"
#include "lockstep/sql/quote.h"

enum ls_rc lius_query(struct lius *k, const char *sql, struct ls_result *out, struct ls_err *err)
{
    return ls_db_query(k->db, sql, NULL, 0, out, err);
}

const char *lius_kept(struct lius *k, const char *s)
{
    return s == NULL || s[0] == '\0' ? "" : ls_arena_str(k->u->arena, s);
}

int64_t lius_number(const char *s)
{
    return s == NULL ? -1 : strtoll(s, NULL, 10);
}

void lius_note(struct lius *k, const char *code, const char *message, const char *hint)
{
    *LS_VEC_PUSH(&k->u->notes.d) = (struct ls_diag){.severity = LS_SEV_WARNING, .code = code, .message = ls_arena_str(k->u->arena, message), .hint = hint};
}

uint32_t lius_table_at(const struct lius *k, const char *name)
{
    size_t at;

    LS_FIND_FIRST(at, k->tables.n, strcasecmp(k->tables.v[at].t.name, name) < 0);
    return at < k->tables.n && strcasecmp(k->tables.v[at].t.name, name) == 0 ? (uint32_t)at : LS_NO_USAGE;
}

uint32_t lius_first_index(const struct lius *k, uint32_t table)
{
    size_t at;

    LS_FIND_FIRST(at, k->indexes.n, k->indexes.v[at].table < table);
    return (uint32_t)at;
}

/* Collations are the same in any case: SQLite's own are told in one. */
const char *lius_collation(struct lius *k, const char *name)
{
    static const char *const own[] = {"NOCASE", "RTRIM"};

    if (name == NULL || strcasecmp(name, "BINARY") == 0)
        return "";
    for (size_t i = 0; i < LS_ARRAY_LEN(own); i++)
        if (strcasecmp(name, own[i]) == 0)
            return own[i];
    return lius_kept(k, name);
}

const char *lius_collation_of(struct lius *k, const char *table, const char *column, const char **type)
{
    const char *collation = NULL, *declared = NULL;

    *type = "";
    if (sqlite3_table_column_metadata(lite_of(k->db)->h, "main", table, column, &declared, &collation, NULL, NULL, NULL) != SQLITE_OK)
        return "";
    *type = lius_kept(k, declared);
    return lius_collation(k, collation);
}

const char *lius_ident(struct lius *k, const char *name)
{
    bool is_plain = isalpha((unsigned char)name[0]) || name[0] == '_';
    struct ls_buf out = LS_BUF_INIT;
    const char *s;

    for (const char *p = name; *p && is_plain; p++)
        is_plain = isalnum((unsigned char)*p) || *p == '_';
    if (is_plain && !sqlite3_keyword_check(name, (int)strlen(name)))
        return lius_kept(k, name);
    if (ls_sql_ident(&out, name, NULL) != LS_OK)
        ls_buf_adds(&out, name);
    s = lius_kept(k, out.ptr);
    ls_buf_release(&out);
    return s;
}

/* --- tables --- */

#define NOT_OWN "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
/* The texts as SQLite keeps them begin with its own words, and most tell of which kind a table is. Its list, which takes as long as all the rest of this,
 * is made only where that is in doubt: WITHOUT ROWID may stand in a comment, and where there are virtual tables there may be shadows. */
#define LIST(what) "(SELECT name FROM pragma_table_list WHERE schema = 'main' AND " what ")"
#define TABLES_BY(is_without_rowid, is_no_shadow)                                                                                                   \
    "SELECT s.name, CASE WHEN s.sql LIKE 'create virtual %' THEN 'v' WHEN s.sql LIKE '%without%rowid%'" is_without_rowid " THEN 'w' ELSE 'r' END, "    \
    "s.rootpage, s.sql FROM main.sqlite_master AS s WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'" is_no_shadow
#define TABLES                                                                                                                                      \
    TABLES_BY(" AND s.name IN " LIST("wr"), " AND (NOT EXISTS (SELECT 1 FROM main.sqlite_master WHERE sql LIKE 'create virtual %') OR s.name NOT IN "  \
                                            LIST("type = 'shadow'") ")")
#define TABLES_OLD TABLES_BY("", "") /* before 3.37 nothing tells a shadow table */

static int compare_tables(const void *a, const void *b)
{
    return strcasecmp(((const struct lius_table *)a)->t.name, ((const struct lius_table *)b)->t.name);
}

static enum ls_rc read_tables(struct lius *k, struct ls_err *err)
{
    bool is_old = k->db->info.server_version < 3037000;
    struct ls_result r;
    enum ls_rc rc = lius_query(k, is_old ? TABLES_OLD : TABLES, &r, err);

    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < r.n_rows; i++) {
        struct lius_table *t = LS_VEC_PUSH(&k->tables);

        t->t = (struct ls_usage_table){.schema = "main", .name = lius_kept(k, ls_result_get(&r, i, 0)), .kind = ls_result_get(&r, i, 1)[0],
                                       .parent = LS_NO_USAGE, .rows = -1, .bytes = -1, .seq_scans = -1, .seq_rows = -1, .idx_scans = -1,
                                       .inserted = -1, .updated = -1, .deleted = -1, .hot_updated = -1, .live = -1, .dead = -1,
                                       .changed_since_analyze = -1, .oid = lius_number(ls_result_get(&r, i, 2))};
        t->sql = lius_kept(k, ls_result_get(&r, i, 3));
    }
    ls_result_release(&r);
    if (k->tables.n > 1)
        qsort(k->tables.v, k->tables.n, sizeof(*k->tables.v), compare_tables);
    return LS_OK;
}

/* Where an index enforces the primary key its columns are known. Where none does, the key is a column of type INTEGER. */
#define PRIMARY                                                                                                                                     \
    "SELECT s.name, x.name, x.type FROM main.sqlite_master AS s, pragma_table_info(s.name, 'main') AS x WHERE s.type = 'table' AND s.rootpage > 0 "       \
    "AND s.sql LIKE '%integer%primary%' AND x.pk > 0"

static void take_primary_indexes(struct lius *k)
{
    for (size_t i = 0; i < k->indexes.n; i++) {
        const struct ls_usage_index *x = &k->indexes.v[i];
        struct lius_table *t = &k->tables.v[x->table];

        if (!x->is_primary)
            continue;
        t->primary = LS_ARENA_ARRAY(k->u->arena, const char *, x->n_keys + 1);
        t->n_primary = x->n_keys;
        for (uint32_t n = 0; n < x->n_keys; n++)
            t->primary[n] = x->keys[n].column;
    }
}

/* INTEGER PRIMARY KEY is the rowid; with DESC behind it, by an old mistake that stays, it is not, and an index enforces it. */
static enum ls_rc read_primary_keys(struct lius *k, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = lius_query(k, PRIMARY, &r, err);

    if (rc != LS_OK)
        return rc;
    take_primary_indexes(k);
    for (size_t i = 0; i < r.n_rows; i++) {
        uint32_t at = lius_table_at(k, ls_result_get(&r, i, 0));
        struct lius_table *t = at == LS_NO_USAGE ? NULL : &k->tables.v[at];

        if (t == NULL || t->n_primary > 0)
            continue;
        t->primary = LS_ARENA_ARRAY(k->u->arena, const char *, 1);
        t->primary[0] = lius_kept(k, ls_result_get(&r, i, 1));
        t->n_primary = 1;
        if (t->t.kind == 'r' && strcasecmp(ls_result_get(&r, i, 2), "INTEGER") == 0)
            t->t.rowid_alias = t->primary[0];
    }
    ls_result_release(&r);
    return LS_OK;
}

static enum ls_rc read_settings(struct lius *k, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = lius_query(k, "SELECT (SELECT foreign_keys FROM pragma_foreign_keys), EXISTS (SELECT 1 FROM main.sqlite_master WHERE name = "
                                  "'sqlite_stat1'), EXISTS (SELECT 1 FROM pragma_module_list WHERE name = 'dbstat')", &r, err);

    if (rc != LS_OK)
        return rc;
    k->u->fk_enforced = lius_number(ls_result_get(&r, 0, 0)) == 1;
    k->u->has_stat1 = lius_number(ls_result_get(&r, 0, 1)) == 1;
    k->u->has_dbstat = lius_number(ls_result_get(&r, 0, 2)) == 1;
    ls_result_release(&r);
    return LS_OK;
}

/* --- all of it --- */

static enum ls_rc read_all(struct lius *k, struct ls_err *err)
{
    static enum ls_rc (*const steps[])(struct lius *, struct ls_err *) = {read_settings, read_tables, lius_read_indexes, read_primary_keys, lius_read_stat1,
                                                                         lius_read_indexed_by, lius_read_fks, lius_read_sizes, lius_count_orphans};
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < LS_ARRAY_LEN(steps) && rc == LS_OK; i++)
        rc = steps[i](k, err);
    return rc;
}

static void freeze(struct lius *k)
{
    struct ls_usage *u = k->u;
    struct ls_usage_table *tables = LS_ARENA_ARRAY(u->arena, struct ls_usage_table, k->tables.n + 1);
    struct ls_usage_index *indexes = LS_ARENA_ARRAY(u->arena, struct ls_usage_index, k->indexes.n + 1);
    struct ls_usage_fk *fks = LS_ARENA_ARRAY(u->arena, struct ls_usage_fk, k->fks.n + 1);
    uint32_t *by_name = LS_ARENA_ARRAY(u->arena, uint32_t, k->indexes.n + 1);

    for (uint32_t i = 0, x = 0, f = 0; i < k->tables.n; i++) {
        tables[i] = k->tables.v[i].t;
        for (tables[i].first_index = x; x < k->indexes.n && k->indexes.v[x].table == i; x++)
            tables[i].n_indexes++;
        for (tables[i].first_fk = f; f < k->fks.n && k->fks.v[f].f.table == i; f++)
            tables[i].n_fks++;
    }
    for (uint32_t i = 0; i < k->indexes.n; i++) {
        indexes[i] = k->indexes.v[i];
        by_name[i] = k->names.v[i].at;
    }
    for (uint32_t i = 0; i < k->fks.n; i++)
        fks[i] = k->fks.v[i].f;
    u->tables = tables;
    u->n_tables = (uint32_t)k->tables.n;
    u->indexes = indexes;
    u->n_indexes = (uint32_t)k->indexes.n;
    u->fks = fks;
    u->n_fks = (uint32_t)k->fks.n;
    u->by_name = by_name;
}

static void start(struct lius *k)
{
    struct ls_arena *a = ls_arena_new();

    k->b = ls_catalog_builder_new(LS_DIALECT_SQLITE);
    k->u = LS_ARENA_NEW(a, struct ls_usage);
    k->u->arena = a;
    k->u->dialect = LS_DIALECT_SQLITE;
    k->u->database = ls_arena_str(a, k->db->info.database);
    k->u->server = ls_arena_str(a, k->db->info.server);
    k->u->system_id = "";
    k->u->server_version = k->db->info.server_version;
    k->u->taken_us = ls_wall_us();
}

static enum ls_rc run(struct lius *k, const char *sql, struct ls_err *err)
{
    struct ls_exec_info info;

    return ls_db_exec(k->db, sql, strlen(sql), NULL, 0, &info, err);
}

enum ls_rc lite_usage(struct ls_db *db, const struct ls_usage_opts *opts, struct ls_usage **out, struct ls_err *err)
{
    struct lius k = {.db = db, .opts = opts};
    enum ls_rc rc = run(&k, "SAVEPOINT lockstep_usage", err); /* a read transaction, also inside of one */

    if (rc != LS_OK)
        return rc;
    start(&k);
    rc = read_all(&k, err);
    if (rc == LS_OK)
        freeze(&k);
    if (run(&k, "RELEASE lockstep_usage", NULL) != LS_OK)
        (void)run(&k, "ROLLBACK TO lockstep_usage", NULL);
    if (rc == LS_OK)
        *out = k.u;
    else
        ls_usage_free(k.u);
    ls_catalog_builder_free(k.b);
    LS_VEC_RELEASE(&k.tables);
    LS_VEC_RELEASE(&k.indexes);
    LS_VEC_RELEASE(&k.names);
    LS_VEC_RELEASE(&k.fks);
    return rc;
}
