/* Constraints: which index one owns, which one a foreign key needs, and which one serves it: the rule of the second reference query, with one thing more:
 * each column of the key has to be among the index's first ones. */
#include <config.h>

#include "db/postgres/usage_priv.h"

#include <stdlib.h>

#include "lockstep/base/find.h"
#include "lockstep/sql/quote.h"

#define MAX_COLUMNS 32 /* INDEX_MAX_KEYS: a foreign key has no more */

enum { C_OID, C_NAME, C_TYPE, C_RELID, C_INDEX, C_REF, C_PARENT, C_KEY, C_REF_KEY, C_OPS, C_UPDATE, C_DELETE, C_VALIDATED, C_ENFORCED };

static const char *action(char c)
{
    return c == 'r' ? "RESTRICT" : c == 'c' ? "CASCADE" : c == 'n' ? "SET NULL" : c == 'd' ? "SET DEFAULT" : "NO ACTION";
}

static void take_fk(struct pgus *k, const struct pgcat_row *r)
{
    uint32_t table = pgus_table_at(k, pgcat_oid(r, C_RELID));
    struct pgus_fk *f;

    if (table == LS_NO_USAGE || pgcat_oid(r, C_PARENT) != 0) /* a part of the partitioned table's */
        return;
    f = LS_VEC_PUSH(&k->fks);
    f->oid = pgcat_oid(r, C_OID);
    f->relid = pgcat_oid(r, C_RELID);
    f->ref = pgcat_oid(r, C_REF);
    f->key = ls_arena_str(k->scratch, pgcat_get(r, C_KEY));
    f->ref_key = ls_arena_str(k->scratch, pgcat_get(r, C_REF_KEY));
    f->ops = ls_arena_str(k->scratch, pgcat_get(r, C_OPS));
    f->f = (struct ls_usage_fk){.table = table, .name = ls_arena_str(k->u->arena, pgcat_get(r, C_NAME)), .ref = pgus_table_at(k, f->ref),
                                .on_update = action(pgcat_char(r, C_UPDATE)), .on_delete = action(pgcat_char(r, C_DELETE)),
                                .is_validated = pgcat_is(r, C_VALIDATED), .is_enforced = pgcat_is(r, C_ENFORCED), .is_parent_unique = true,
                                .index = LS_NO_USAGE, .orphans = -1};
}

static int compare_fks(const void *a, const void *b)
{
    const struct pgus_fk *x = a, *y = b;

    if (x->f.table != y->f.table)
        return x->f.table < y->f.table ? -1 : 1;
    return strcmp(x->f.name, y->f.name);
}

void pgus_take_constraints(struct pgus *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t at = pgus_index_at(k, pgcat_oid(&r, C_INDEX));

        if (at != LS_NO_USAGE && pgcat_char(&r, C_TYPE) != 'f')
            k->indexes.v[at].x.constraint = ls_arena_str(k->u->arena, pgcat_get(&r, C_NAME));
        else if (at != LS_NO_USAGE)
            k->indexes.v[at].x.is_fk_target = true;
        if (pgcat_char(&r, C_TYPE) == 'f')
            take_fk(k, &r);
    }
    if (k->fks.n > 1)
        qsort(k->fks.v, k->fks.n, sizeof(*k->fks.v), compare_fks);
}

void pgus_take_disabled(struct pgus *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        *LS_VEC_PUSH(&k->disabled) = pgcat_oid(&r, 0);
}

void pgus_take_amops(struct pgus *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        *LS_VEC_PUSH(&k->amops) = (struct pgus_amop){pgcat_oid(&r, 0), pgcat_oid(&r, 1)};
}

/* --- which index serves one --- */

struct fk_columns {
    int n;
    uint32_t num[MAX_COLUMNS], op[MAX_COLUMNS];
};

static bool is_equality(const struct pgus *k, uint32_t family, uint32_t op)
{
    for (size_t i = 0; i < k->amops.n; i++) /* a handful: only the operators of foreign keys */
        if (k->amops.v[i].family == family && k->amops.v[i].op == op)
            return true;
    return false;
}

/* What an equality with a column implies: (a IS NOT NULL), several of them joined by AND. */
static bool is_not_null_only(const struct pgus *k, const struct pgus_fk *f, const char *predicate, const struct fk_columns *c)
{
    bool is_list = strncmp(predicate, "((", 2) == 0;
    const char *p = predicate + is_list;

    for (;;) {
        size_t len = 0;

        for (int i = 0; i < c->n && len == 0; i++) {
            const struct pgus_attr *a = pgus_attr_of(k, f->relid, (int)c->num[i]);
            size_t n = a == NULL ? 0 : strlen(a->quoted);

            if (n > 0 && p[0] == '(' && strncmp(p + 1, a->quoted, n) == 0 && strncmp(p + 1 + n, " IS NOT NULL)", 13) == 0)
                len = n + 14;
        }
        if (len == 0)
            return false;
        p += len;
        if (strcmp(p, is_list ? ")" : "") == 0)
            return true;
        if (!is_list || strncmp(p, " AND ", 5) != 0)
            return false;
        p += 5;
    }
}

/* Its first columns are those of the key, in any order, each with an operator class that knows the key's equality, under the column's collation. */
static bool has_columns(const struct pgus *k, const struct pgus_fk *f, const struct pgus_index *i, const struct fk_columns *c)
{
    const char *keys = i->keys, *collations = i->collations, *classes = i->classes;
    uint64_t seen = 0;

    for (int n = 0; n < c->n; n++) {
        uint32_t num = 0, collation = 0, class_oid = 0;
        const struct pgus_class *class;
        const struct pgus_attr *a;
        int at = 0;

        (void)pgcat_next_number(&keys, &num);
        (void)pgcat_next_number(&collations, &collation);
        (void)pgcat_next_number(&classes, &class_oid);
        while (at < c->n && (c->num[at] != num || (seen >> at & 1)))
            at++;
        class = PGUS_FIND(k->classes, class_oid);
        a = pgus_attr_of(k, f->relid, (int)num);
        if (at == c->n || num == 0 || a == NULL || class == NULL || (collation != 0 && collation != a->collation) ||
            !is_equality(k, class->family, c->op[at]))
            return false;
        seen |= 1ULL << at;
    }
    return true;
}

static bool serves(const struct pgus *k, const struct pgus_fk *f, const struct pgus_index *i, const struct fk_columns *c)
{
    const struct ls_usage_index *x = &i->x;

    if (!x->is_valid || !x->is_ready || (int)x->n_keys < c->n)
        return false;
    if (strcmp(x->method, "btree") != 0 && (strcmp(x->method, "hash") != 0 || c->n != 1))
        return false;
    if (x->predicate[0] != '\0' && !is_not_null_only(k, f, x->predicate, c))
        return false;
    return has_columns(k, f, i, c);
}

/* Of several the one with the fewest columns, a whole one before a partial one. */
static bool is_better(const struct ls_usage_index *a, const struct ls_usage_index *b)
{
    bool a_is_partial = a->predicate[0] != '\0', b_is_partial = b->predicate[0] != '\0';

    if (a_is_partial != b_is_partial)
        return b_is_partial;
    if (a->n_keys != b->n_keys)
        return a->n_keys < b->n_keys;
    return a->n_include < b->n_include;
}

/* Indexes stand by table: the run of one. */
static size_t first_index(const struct pgus *k, uint32_t table)
{
    size_t at;

    LS_FIND_FIRST(at, k->indexes.n, k->indexes.v[at].x.table < table);
    return at;
}

static void find_index(const struct pgus *k, struct pgus_fk *f, const struct fk_columns *c)
{
    for (size_t i = first_index(k, f->f.table); i < k->indexes.n && k->indexes.v[i].x.table == f->f.table; i++)
        if (serves(k, f, &k->indexes.v[i], c) &&
            (f->f.index == LS_NO_USAGE || is_better(&k->indexes.v[i].x, &k->indexes.v[f->f.index].x)))
            f->f.index = (uint32_t)i;
}

/* --- rows without a parent --- */

static void add_columns(struct ls_buf *out, const char *alias, const char *const *names, uint32_t n, const char *between, const char *behind)
{
    for (uint32_t i = 0; i < n; i++) {
        ls_buf_addf(out, "%s%s.", i > 0 ? between : "", alias);
        if (ls_sql_ident(out, names[i], NULL) != LS_OK)
            ls_buf_adds(out, "?");
        ls_buf_adds(out, behind);
    }
}

/* select c.* from child c where c.a is not null and not exists (select 1 from parent p where p.x = c.a) */
static void write_orphans(struct pgus *k, const struct pgus_fk *f, const char *what, struct ls_buf *out)
{
    const struct ls_usage_fk *x = &f->f;
    const char *parent = k->tables.v[x->ref].quoted;

    ls_buf_addf(out, "SELECT %s FROM %s AS child WHERE ", what, k->tables.v[x->table].quoted);
    add_columns(out, "child", x->columns, x->n_columns, " AND ", " IS NOT NULL");
    ls_buf_addf(out, " AND NOT EXISTS (SELECT 1 FROM %s AS parent WHERE ", parent);
    for (uint32_t i = 0; i < x->n_columns; i++) {
        ls_buf_adds(out, i > 0 ? " AND " : "");
        add_columns(out, "parent", &x->ref_columns[i], 1, "", " = ");
        add_columns(out, "child", &x->columns[i], 1, "", "");
    }
    ls_buf_addc(out, ')');
}

enum ls_rc pgus_count_orphans(struct pgus *k, struct ls_err *err)
{
    size_t n_failed = 0;
    enum ls_rc rc = LS_OK;
    bool is_inside = pg_tx_status(&k->c->db) == LS_TXS_OPEN;

    for (size_t i = 0; i < k->fks.n && rc == LS_OK; i++) {
        struct ls_err own = LS_ERR_INIT;
        struct ls_result r = {0};

        if (k->fks.v[i].f.orphans_sql == NULL || is_inside)
            continue;
        ls_buf_clear(&k->text);
        write_orphans(k, &k->fks.v[i], "count(*)", &k->text);
        rc = pg_query(&k->c->db, k->text.ptr, k->text.len, NULL, 0, &r, &own);
        if (rc == LS_OK)
            k->fks.v[i].f.orphans = strtoll(ls_result_get(&r, 0, 0), NULL, 10);
        ls_result_release(&r);
        if (rc == LS_E_CANCELLED || k->c->is_dead) {
            ls_err_move(err, &own);
            return rc;
        }
        n_failed += rc != LS_OK;
        rc = LS_OK; /* no rights, a lock: the others can still be counted */
        ls_err_release(&own);
    }
    if (is_inside)
        pgus_note(k, "not-counted", "rows without a parent are not counted inside of a transaction", NULL);
    if (n_failed > 0)
        pgus_note(k, "not-counted", ls_arena_printf(k->u->arena, "rows without a parent of %zu foreign keys could not be counted", n_failed),
                  "grant SELECT on both tables to the role");
    return rc;
}

/* --- all of them --- */

static const char *const *names_of(struct pgus *k, uint32_t relid, const char *list, uint32_t *n, struct fk_columns *c)
{
    const char *names[MAX_COLUMNS];
    const char **kept;
    uint32_t num;

    for (*n = 0; *n < MAX_COLUMNS && pgcat_next_number(&list, &num); (*n)++) {
        const struct pgus_attr *a = pgus_attr_of(k, relid, (int)num);

        names[*n] = a == NULL ? "?" : a->name;
        if (c != NULL)
            c->num[*n] = num;
    }
    kept = LS_ARENA_ARRAY(k->u->arena, const char *, *n + 1);
    for (uint32_t i = 0; i < *n; i++)
        kept[i] = names[i];
    return kept;
}

static void make_fk(struct pgus *k, struct pgus_fk *f)
{
    struct fk_columns c = {0};
    const char *ops = f->ops;
    uint32_t n;

    f->f.columns = names_of(k, f->relid, f->key, &f->f.n_columns, &c);
    f->f.ref_columns = names_of(k, f->ref, f->ref_key, &n, NULL);
    for (c.n = 0; c.n < (int)f->f.n_columns && pgcat_next_number(&ops, &c.op[c.n]); c.n++)
        ;
    f->f.ref_schema = f->f.ref == LS_NO_USAGE ? "" : k->tables.v[f->f.ref].t.schema;
    f->f.ref_table = f->f.ref == LS_NO_USAGE ? "" : k->tables.v[f->f.ref].t.name;
    for (size_t i = 0; i < k->disabled.n; i++)
        f->f.is_enforced = f->f.is_enforced && k->disabled.v[i] != f->oid;
    find_index(k, f, &c);
    f->f.is_served = f->f.index != LS_NO_USAGE;
    if ((f->f.is_validated && f->f.is_enforced) || f->f.ref == LS_NO_USAGE)
        return;
    ls_buf_clear(&k->text);
    write_orphans(k, f, "child.*", &k->text);
    f->f.orphans_sql = ls_arena_str(k->u->arena, k->text.ptr);
}

void pgus_make_fks(struct pgus *k)
{
    for (size_t i = 0; i < k->fks.n; i++)
        make_fk(k, &k->fks.v[i]);
}
