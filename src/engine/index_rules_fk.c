#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

#define MANY_ROWS 1000.0
#define PAGE      8192 /* an empty one has it, too */

static bool is_any(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text && strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static const char *list(struct ls_arena *a, const char *const *columns, uint32_t n)
{
    struct ls_buf b = LS_BUF_INIT;

    for (uint32_t i = 0; i < n; i++)
        ls_buf_addf(&b, "%s%s", i > 0 ? ", " : "", columns[i]);
    return ls_ix_take(a, &b);
}

static const char *parent_label(struct ls_ix *ix, const struct ls_usage_fk *fk)
{
    return fk->ref != LS_NO_USAGE ? ls_ix_table_label(ix->arena, &ix->u->tables[fk->ref]) : fk->ref_table;
}

/* "memories(user_id)" */
static const char *object_of(struct ls_ix *ix, const struct ls_usage_fk *fk)
{
    return ls_arena_printf(ix->arena, "%s(%s)", ls_ix_table_label(ix->arena, &ix->u->tables[fk->table]),
                           list(ix->arena, fk->columns, fk->n_columns));
}

/* "fk_user (user_id) to users(id), ON DELETE CASCADE" */
static const char *describe(struct ls_ix *ix, const struct ls_usage_fk *fk)
{
    return ls_arena_printf(ix->arena, "foreign key %s%s(%s) to %s(%s), ON DELETE %s", fk->name, fk->name[0] != '\0' ? " " : "",
                           list(ix->arena, fk->columns, fk->n_columns), parent_label(ix, fk),
                           list(ix->arena, fk->ref_columns, fk->n_columns),
                           fk->on_delete && fk->on_delete[0] != '\0' ? fk->on_delete : "NO ACTION");
}

static const struct ls_index_spec *spec_for(struct ls_ix *ix, uint32_t table, const char *const *columns, uint32_t n,
                                            bool is_unique)
{
    struct ls_index_spec *s = LS_ARENA_NEW(ix->arena, struct ls_index_spec);
    const char **keys = LS_ARENA_ARRAY(ix->arena, const char *, n + 1);
    const struct ls_usage_table *t = &ix->u->tables[table];

    for (uint32_t i = 0; i < n; i++)
        keys[i] = ls_ix_ident(ix->arena, columns[i]);
    s->schema = t->schema;
    s->table = t->name;
    s->method = "btree";
    s->keys = keys;
    s->n_keys = n;
    s->predicate = "";
    s->is_unique = is_unique;
    s->name = ls_ix_new_name(ix, t->schema, t->name, columns, n);
    return s;
}

/* A partitioned table's rows are those of its partitions. */
static double rows_of(const struct ls_usage *u, uint32_t table)
{
    double sum = -1;

    if (u->tables[table].rows >= 0 || u->tables[table].kind != 'p')
        return u->tables[table].rows;
    for (uint32_t i = 0; i < u->n_tables; i++)
        if (u->tables[i].parent == table && u->tables[i].rows >= 0)
            sum = (sum < 0 ? 0 : sum) + u->tables[i].rows;
    return sum;
}

/* --- IX07 fk-unindexed --- */

/* An index that would serve it is being built. */
static bool is_coming(const struct ls_usage *u, const struct ls_usage_fk *fk)
{
    const struct ls_usage_table *t = &u->tables[fk->table];

    for (uint32_t i = t->first_index; i < t->first_index + t->n_indexes; i++) {
        const struct ls_usage_index *x = &u->indexes[i];
        uint32_t hits = 0;

        for (uint32_t k = 0; x->is_building && k < x->n_keys && k < fk->n_columns; k++)
            for (uint32_t c = 0; c < fk->n_columns; c++)
                hits += x->keys[k].column && strcmp(x->keys[k].column, fk->columns[c]) == 0;
        if (hits >= fk->n_columns)
            return true;
    }
    return false;
}

/* An index that looks as if it served it, and why it does not. */
static void add_near_miss(struct ls_ix *ix, const struct ls_usage_fk *fk, struct ls_buf *b)
{
    const struct ls_usage_table *t = &ix->u->tables[fk->table];

    for (uint32_t i = t->first_index; i < t->first_index + t->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];
        const struct ls_usage_key *k = x->n_keys > 0 ? &x->keys[0] : NULL;
        const char *why;

        if (!k || !k->column || strcmp(k->column, fk->columns[0]) != 0)
            continue;
        why = !x->is_valid                                                        ? "it is not valid"
              : x->predicate[0] != '\0'                                           ? "it holds only some rows"
              : x->n_keys < fk->n_columns                                         ? "it lacks columns"
              : strcmp(x->method, "btree") != 0 && strcmp(x->method, "hash") != 0 ? "it is of another kind"
              : k->collation[0] != '\0' && strcmp(k->collation, k->collation_of_column) != 0
                  ? "it sorts by another collation than the column's"
                  : "its columns or operators differ";
        ls_buf_addf(b, "\n%s does not serve it: %s", ls_ix_label(ix->arena, x), why);
    }
}

/* What the workload surely gains by on the same table may serve the foreign key as well: then one index does both. */
static const struct ls_index_verdict *advised(const struct ls_ix *ix, const struct ls_usage_fk *fk)
{
    for (size_t i = 0; i < ix->v.n; i++) {
        const struct ls_index_verdict *v = &ix->v.v[i];

        if (v->advice && v->severity >= LS_SEV_WARNING && !v->ignored && v->table == fk->table && v->n_create == 1 &&
            ls_ix_spec_serves_fk(ix->arena, v->create, fk))
            return v;
    }
    return NULL;
}

/* The fix, its price and its undo. */
static void make_index(struct ls_ix *ix, struct ls_index_verdict *v, const struct ls_usage_fk *fk, double rows)
{
    const struct ls_index_verdict *other = advised(ix, fk);
    const char *hot = ls_arena_printf(ix->arena, "each INSERT writes one index more; an UPDATE of %s cannot be HOT any more",
                                      list(ix->arena, fk->columns, fk->n_columns));

    if (other) {
        ls_ix_fix_create(ix, v, other->create, other->advice->bytes, other->advice->write_cost);
        v->price = ls_arena_printf(ix->arena, "%s; it is the index of %s %s, which serves this too", v->price,
                                   ls_verdict_code(other->id), other->object);
        return;
    }
    ls_ix_fix_create(ix, v, spec_for(ix, fk->table, fk->columns, fk->n_columns, false),
                     rows >= 0 ? (int64_t)(rows * (12 + 8.0 * fk->n_columns)) + PAGE : -1, ix->is_pg ? hot : NULL);
    if (ix->o->workload && ix->o->workload->n_queries > 0 && !ix->o->advices)
        v->price = ls_arena_printf(ix->arena,
                                   "%s; the workload is not measured yet: where a query wants a longer index that begins so, that one serves both",
                                   v->price);
}

/* One that has only some of its columns, but begins with one: the rest is looked through. */
static const struct ls_usage_index *narrowing(const struct ls_usage *u, const struct ls_usage_fk *fk)
{
    const struct ls_usage_table *t = &u->tables[fk->table];

    for (uint32_t i = t->first_index; i < t->first_index + t->n_indexes; i++) {
        const struct ls_usage_index *x = &u->indexes[i];
        const struct ls_usage_key *k = x->n_keys > 0 ? &x->keys[0] : NULL;

        if (k && k->column && x->is_valid && x->predicate[0] == '\0' && strcmp(x->method, "btree") == 0 &&
            (k->collation[0] == '\0' || strcmp(k->collation, k->collation_of_column) == 0) && is_any(k->column, fk->columns, fk->n_columns) && fk->n_columns > 1)
            return x;
    }
    return NULL;
}

/* What a deleted parent's row costs: the whole table, or what the index that comes nearest leaves of it. */
static const char *cost_of(struct ls_ix *ix, const struct ls_usage_fk *fk, const struct ls_usage_index *near)
{
    const char *child = ls_ix_table_label(ix->arena, &ix->u->tables[fk->table]);

    if (near)
        return ls_arena_printf(ix->arena, "each row of %s that is deleted searches the rows of %s that %s finds by %s alone", parent_label(ix, fk), child,
                               ls_ix_label(ix->arena, near), near->keys[0].column);
    return ls_arena_printf(ix->arena, "each row of %s that is deleted searches all of %s", parent_label(ix, fk), child);
}

static void unindexed(struct ls_ix *ix, uint32_t f)
{
    static const char *const reaching[] = {"CASCADE", "SET NULL", "SET DEFAULT"};
    const struct ls_usage_fk *fk = &ix->u->fks[f];
    const struct ls_usage_table *parent = fk->ref != LS_NO_USAGE ? &ix->u->tables[fk->ref] : NULL;
    double rows = rows_of(ix->u, fk->table);
    int64_t deleted = parent ? parent->deleted : -1;
    bool is_reaching = is_any(fk->on_delete, reaching, LS_ARRAY_LEN(reaching)) || deleted > 0;
    enum ls_severity severity = rows >= MANY_ROWS ? (is_reaching ? LS_SEV_ERROR : LS_SEV_WARNING)
                                : rows < 0        ? LS_SEV_WARNING
                                                  : LS_SEV_INFO;
    const struct ls_usage_index *near = narrowing(ix->u, fk);
    struct ls_index_verdict *v;
    struct ls_buf b = LS_BUF_INIT;

    if (near)
        severity = severity == LS_SEV_ERROR ? LS_SEV_WARNING : LS_SEV_INFO;
    v = ls_ix_add_object(ix, LS_IX_FK_UNINDEXED, severity, LS_CONF_CERTAIN, fk->table, object_of(ix, fk));
    v->fk = f;
    v->title = cost_of(ix, fk, near);
    ls_buf_adds(&b, describe(ix, fk));
    if (!ix->is_pg && !ix->u->fk_enforced)
        ls_buf_adds(&b, "; only in connections that enforce foreign keys");
    if (rows >= 0)
        ls_buf_addf(&b, "\nabout %.0f row%s in %s", rows, rows == 1 ? "" : "s", ls_ix_table_label(ix->arena, &ix->u->tables[fk->table]));
    if (deleted >= 0)
        ls_buf_addf(&b, "; %" PRId64 " row%s of %s deleted", deleted, deleted == 1 ? "" : "s", parent_label(ix, fk));
    add_near_miss(ix, fk, &b);
    v->evidence = ls_ix_take(ix->arena, &b);
    v->window = deleted > 0 ? ix->h->window : "";
    make_index(ix, v, fk, rows);
}

void ls_ix_rule_fk_index(struct ls_ix *ix)
{
    for (uint32_t f = 0; f < ix->u->n_fks; f++) {
        const struct ls_usage_fk *fk = &ix->u->fks[f];
        bool is_checked =
            !ix->is_pg || fk->is_enforced; /* 18's NOT ENFORCED looks nothing up; SQLite's pragma is each connection's own */

        if (is_checked && fk->n_columns > 0 && !(fk->ref == LS_NO_USAGE && !ix->is_pg) && !fk->is_served &&
            fk->index == LS_NO_USAGE && !is_coming(ix->u, fk))
            unindexed(ix, f);
    }
}

/* --- FK01 fk-unenforced --- */

static struct ls_index_verdict *add_fk(struct ls_ix *ix, uint32_t f, enum ls_severity severity, const char *title, const char *more)
{
    const struct ls_usage_fk *fk = &ix->u->fks[f];
    struct ls_index_verdict *v = ls_ix_add_object(ix, LS_IX_FK_UNENFORCED, severity, LS_CONF_CERTAIN, fk->table, object_of(ix, fk));

    v->fk = f;
    v->title = title;
    v->evidence = ls_arena_printf(ix->arena, "%s%s%s", describe(ix, fk), more[0] != '\0' ? "\n" : "", more);
    return v;
}

static void orphans(struct ls_ix *ix, uint32_t f)
{
    const struct ls_usage_fk *fk = &ix->u->fks[f];
    const char *sql = fk->orphans_sql ? fk->orphans_sql : "";
    const char *title = ls_arena_printf(ix->arena, "%" PRId64 " row%s point%s at no row of %s", fk->orphans,
                                        fk->orphans == 1 ? "" : "s", fk->orphans == 1 ? "s" : "", parent_label(ix, fk));

    add_fk(ix, f, LS_SEV_ERROR, title, sql[0] != '\0' ? ls_arena_printf(ix->arena, "they are listed by: %s", sql) : "");
}

static void not_validated(struct ls_ix *ix, uint32_t f)
{
    const struct ls_usage_fk *fk = &ix->u->fks[f];
    const char *sql = fk->orphans_sql ? fk->orphans_sql : "";
    struct ls_index_verdict *v =
        add_fk(ix, f, LS_SEV_WARNING, "rows from before it were never checked (NOT VALID)",
               fk->orphans == 0 ? "no row is without its parent now"
               : sql[0] != '\0' ? ls_arena_printf(ix->arena, "rows without a parent are listed by: %s", sql)
                                : "");

    v->fix = LS_FIX_VALIDATE;
    v->price = "VALIDATE CONSTRAINT reads the whole table; it blocks no reads and writes, only changes of the table's shape; fails "
               "when a row has no parent";
    v->undo = "";
}

static void no_unique_parent(struct ls_ix *ix, uint32_t f)
{
    const struct ls_usage_fk *fk = &ix->u->fks[f];
    struct ls_index_verdict *v =
        add_fk(ix, f, LS_SEV_ERROR,
               ls_arena_printf(ix->arena, "%s(%s) is not unique: each write that it checks ends in an error", fk->ref_table,
                               list(ix->arena, fk->ref_columns, fk->n_columns)),
               "SQLite says \"foreign key mismatch\" where foreign_keys is on");

    v->table = fk->ref;
    ls_ix_fix_create(ix, v, spec_for(ix, fk->ref, fk->ref_columns, fk->n_columns, true), -1, NULL);
}

static void enforced(struct ls_ix *ix, uint32_t f)
{
    const struct ls_usage_fk *fk = &ix->u->fks[f];

    if (!ix->is_pg && fk->ref == LS_NO_USAGE)
        add_fk(ix, f, LS_SEV_ERROR, ls_arena_printf(ix->arena, "there is no table %s", fk->ref_table),
               "each write that it checks ends in an error where foreign_keys is on");
    else if (!ix->is_pg && !fk->is_parent_unique)
        no_unique_parent(ix, f);
    else if (fk->orphans > 0)
        orphans(ix, f);
    else if (ix->is_pg && !fk->is_enforced)
        add_fk(ix, f, LS_SEV_WARNING, "it is not enforced",
               "NOT ENFORCED, or its triggers are disabled: rows without a parent can come in");
    else if (!fk->is_validated)
        not_validated(ix, f);
    else if (!fk->is_enforced)
        add_fk(ix, f, LS_SEV_INFO, "SQLite does not enforce it unless each connection says so",
               ls_arena_printf(ix->arena, "PRAGMA foreign_keys is off here; whether the application turns it on cannot be seen%s",
                               fk->orphans == 0 ? "; no row is without its parent now" : ""));
}

void ls_ix_rule_fk_enforced(struct ls_ix *ix)
{
    for (uint32_t f = 0; f < ix->u->n_fks; f++)
        if (ix->u->fks[f].n_columns > 0)
            enforced(ix, f);
}
