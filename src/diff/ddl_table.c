/* diff/ddl_table.c: a table as the statements that make it, with what hangs below it. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

static long position(const struct ls_fact *f)
{
    const char *p = ls_fact_get(f, LS_A_POSITION);

    return p ? strtol(p, NULL, 10) : 0;
}

static int by_position(const void *a, const void *b)
{
    const struct ls_fact *x = *(const struct ls_fact *const *)a, *y = *(const struct ls_fact *const *)b;
    long p = position(x), q = position(y);

    return p != q ? (p < q ? -1 : 1) : x < y ? -1 : x > y;
}

static void alter(struct ls_buf *out, const struct ls_fact *table)
{
    ls_buf_addf(out, "ALTER %sTABLE ", ddl_is(table, LS_A_FORM, "foreign") ? "FOREIGN " : "");
    ddl_qualified(out, table->schema, table->name);
    ls_buf_addc(out, ' ');
}

/* --- sequences of serial columns --- */

void ddl_sequence(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *options = ls_fact_get(f, LS_A_OPTIONS);

    (void)c;
    ls_buf_addf(out, "CREATE %sSEQUENCE ", ddl_is(f, LS_A_PERSISTENCE, "unlogged") ? "UNLOGGED " : "");
    ddl_qualified(out, f->schema, f->name);
    ddl_clause(out, f, LS_A_TYPE, " AS ", "");
    if (options) {
        ls_buf_addc(out, ' ');
        ddl_words(out, options);
    }
    ls_buf_adds(out, ";\n");
}

bool ddl_owns_sequence(const struct ls_fact *sequence, const struct ls_fact *column)
{
    const char *p = ls_fact_get(sequence, LS_A_OWNED_BY);
    struct ls_buf own = LS_BUF_INIT, name = LS_BUF_INIT;
    bool is;

    ls_buf_addf(&name, "%s.%s.%s", column->schema, column->parent, column->name);
    for (; p && *p; p++)
        if (*p != '"')
            ls_buf_addc(&own, *p);
    for (const char *q = name.ptr; q && (q = strchr(q, '"')) != NULL;) { /* the same without quotes */
        size_t at = (size_t)(q - name.ptr);

        memmove(name.ptr + at, name.ptr + at + 1, name.len - at);
        ls_buf_truncate(&name, name.len - 1);
    }
    is = p && own.len == name.len && memcmp(own.ptr, name.ptr, own.len) == 0;
    ls_buf_release(&own);
    ls_buf_release(&name);
    return is;
}

/* The columns' own sequences are made before the table and given to it afterwards. */
static void own_sequences(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *const *columns, uint32_t n,
                          bool is_before)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t n_deps;
        const struct ls_dep *deps = ls_catalog_needs(c, ls_catalog_index(c, columns[i]), &n_deps);

        for (uint32_t k = 0; k < n_deps; k++) {
            const struct ls_fact *sequence = &c->facts[deps[k].to];

            if (sequence->kind != LS_FACT_SEQUENCE || !ddl_owns_sequence(sequence, columns[i]))
                continue;
            if (is_before) {
                ddl_sequence(out, c, sequence);
                continue;
            }
            ls_buf_adds(out, "ALTER SEQUENCE ");
            ddl_qualified(out, sequence->schema, sequence->name);
            ddl_clause(out, sequence, LS_A_OWNED_BY, " OWNED BY ", ";\n");
        }
    }
}

/* --- the statement --- */

/* Of a table OF a type only what the type does not say. */
static bool has_own_words(const struct ls_fact *table, const struct ls_fact *column)
{
    return !ls_fact_get(table, LS_A_OF_TYPE) || ls_fact_get(column, LS_A_DEFAULT) || ls_fact_get(column, LS_A_NOT_NULL) ||
           ls_fact_get(column, LS_A_GENERATED);
}

/* CREATE TABLE makes one index of two keys that are alike, and forgets the other one's name. */
static bool is_doubled(const struct ls_fact *all, uint32_t n, const struct ls_fact *one)
{
    const char *key = ls_fact_get(one, LS_A_KEY);

    for (uint32_t i = 0; i < n && key && ddl_is(one, LS_A_FORM, "unique"); i++) {
        if (&all[i] == one || !ddl_is(&all[i], LS_A_KEY, key))
            continue;
        if (ddl_is(&all[i], LS_A_FORM, "primary key") || (ddl_is(&all[i], LS_A_FORM, "unique") && &all[i] < one))
            return true;
    }
    return false;
}

/* What only ALTER TABLE makes. SQLite has no such thing, and no need. */
static bool comes_later(const struct ls_catalog *c, const struct ls_fact *all, uint32_t n, const struct ls_fact *one)
{
    return c->dialect == LS_DIALECT_POSTGRES && (ls_fact_get(one, LS_A_NOT_VALID) || is_doubled(all, n, one));
}

/* AUTOINCREMENT stands only behind a column. */
static bool is_behind_column(const struct ls_fact *table, const struct ls_fact *constraint)
{
    return ls_fact_get(table, LS_A_AUTOINCREMENT) && ddl_is(constraint, LS_A_FORM, "primary key");
}

static void separate(struct ls_buf *out, bool *is_first)
{
    ls_buf_adds(out, *is_first ? "\n" : ",\n");
    *is_first = false;
}

struct parts {
    const struct ls_catalog *c;
    const struct ls_fact *f;
    const struct ls_fact *const *columns; /* in their order */
    const struct ls_fact *constraints;
    uint32_t n_columns, n_constraints;
    enum ddl_extent extent;
};

bool ddl_is_inline(const struct ls_catalog *c, const struct ls_fact *constraint)
{
    return c->dialect == LS_DIALECT_SQLITE || !ddl_is(constraint, LS_A_FORM, "foreign key");
}

static bool is_left_out(const struct parts *p, const struct ls_fact *constraint)
{
    return p->extent == DDL_ALONE && !ddl_is_inline(p->c, constraint);
}

static void body(struct ls_buf *out, const struct parts *p)
{
    bool is_first = true;
    size_t before = out->len;

    ls_buf_adds(out, " (");
    for (uint32_t i = 0; i < p->n_columns; i++) {
        if (!has_own_words(p->f, p->columns[i]))
            continue;
        separate(out, &is_first);
        ddl_column(out, p->c, p->f, p->columns[i]);
    }
    for (uint32_t i = 0; i < p->n_constraints; i++) {
        const struct ls_fact *one = &p->constraints[i];

        if (comes_later(p->c, p->constraints, p->n_constraints, one) || is_behind_column(p->f, one) || is_left_out(p, one))
            continue;
        separate(out, &is_first);
        ls_buf_adds(out, "    ");
        ddl_constraint(out, p->c, one);
    }
    if (is_first && ls_fact_get(p->f, LS_A_OF_TYPE))
        ls_buf_truncate(out, before);
    else
        ls_buf_adds(out, is_first ? ")" : "\n)");
}

static void create(struct ls_buf *out, const struct parts *p)
{
    const struct ls_fact *f = p->f;
    bool is_foreign = ddl_is(f, LS_A_FORM, "foreign");

    ls_buf_addf(out, "CREATE %s%sTABLE ", ddl_is(f, LS_A_PERSISTENCE, "unlogged") ? "UNLOGGED " : "",
                is_foreign                        ? "FOREIGN "
                : ddl_is(f, LS_A_FORM, "virtual") ? "VIRTUAL "
                                                  : "");
    ddl_qualified(out, f->schema, f->name);
    if (ddl_is(f, LS_A_FORM, "virtual")) {
        ddl_clause(out, f, LS_A_MODULE, " USING ", "");
    } else {
        ddl_clause(out, f, LS_A_OF_TYPE, " OF ", "");
        body(out, p);
    }
    ddl_clause(out, f, LS_A_INHERITS, " INHERITS (", ")");
    ddl_clause(out, f, LS_A_PARTITION_BY, " PARTITION BY ", "");
    ddl_clause(out, f, LS_A_ACCESS_METHOD, " USING ", "");
    ddl_clause(out, f, LS_A_SERVER, " SERVER ", "");
    ddl_options(out, p->c->dialect, f, is_foreign ? " OPTIONS " : " WITH ", is_foreign);
    ddl_clause(out, f, LS_A_TABLESPACE, " TABLESPACE ", "");
    ddl_word(out, f, LS_A_STRICT, " STRICT");
    if (ls_fact_get(f, LS_A_WITHOUT_ROWID))
        ls_buf_addf(out, "%s WITHOUT ROWID", ls_fact_get(f, LS_A_STRICT) ? "," : "");
    ls_buf_adds(out, ";\n");
}

/* --- what is said afterwards --- */

void ddl_column_settings(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *column)
{
    static const struct {
        enum ls_attr attr;
        const char *word;
    } settings[] = {{LS_A_STORAGE, " SET STORAGE "}, {LS_A_STATISTICS_TARGET, " SET STATISTICS "}, {LS_A_OPTIONS, " SET "}};

    for (size_t i = 0; i < LS_ARRAY_LEN(settings); i++) {
        if (!ls_fact_get(column, settings[i].attr) || (settings[i].attr == LS_A_OPTIONS && ddl_is(table, LS_A_FORM, "foreign")))
            continue;
        alter(out, table);
        ls_buf_adds(out, "ALTER COLUMN ");
        ddl_name(out, column->name);
        if (settings[i].attr == LS_A_OPTIONS)
            ddl_options(out, c->dialect, column, " SET ", false);
        else
            ddl_loud(out, column, settings[i].attr, settings[i].word, "");
        ls_buf_adds(out, ";\n");
    }
}

static void later_constraints(struct ls_buf *out, const struct parts *p)
{
    for (uint32_t i = 0; i < p->n_constraints; i++) {
        if (!comes_later(p->c, p->constraints, p->n_constraints, &p->constraints[i]) || is_left_out(p, &p->constraints[i]))
            continue;
        alter(out, p->f);
        ls_buf_adds(out, "ADD ");
        ddl_constraint(out, p->c, &p->constraints[i]);
        ls_buf_adds(out, ";\n");
    }
}

void ddl_cluster_on(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *key)
{
    if (key->parent_ix == LS_NO_FACT || !ls_fact_get(key, LS_A_CLUSTERED))
        return;
    ls_buf_adds(out, "ALTER ");
    ddl_object(out, c, &c->facts[key->parent_ix]);
    ls_buf_adds(out, " CLUSTER ON ");
    ddl_name(out, key->name);
    ls_buf_adds(out, ";\n");
}

void ddl_keys_used(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_CONSTRAINT, LS_FACT_INDEX};

    for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(c, f, kinds[k], &n);

        for (uint32_t i = 0; i < n; i++)
            ddl_cluster_on(out, c, &some[i]);
    }
    if (ls_fact_get(f, LS_A_REPLICA_IDENTITY)) {
        alter(out, f);
        ddl_clause(out, f, LS_A_REPLICA_IDENTITY, "REPLICA IDENTITY ", ";\n");
    }
}

static void table_settings(struct ls_buf *out, const struct ls_fact *f)
{
    const char *security = ls_fact_get(f, LS_A_ROW_SECURITY), *parent = ls_fact_get(f, LS_A_PARTITION_OF);

    if (security && strstr(security, "enabled")) {
        alter(out, f);
        ls_buf_adds(out, "ENABLE ROW LEVEL SECURITY;\n");
    }
    if (security && strstr(security, "forced")) {
        alter(out, f);
        ls_buf_adds(out, "FORCE ROW LEVEL SECURITY;\n");
    }
    if (parent) {
        ls_buf_addf(out, "ALTER TABLE %s ATTACH PARTITION ", parent);
        ddl_qualified(out, f->schema, f->name);
        ddl_clause(out, f, LS_A_BOUND, " ", "");
        ls_buf_adds(out, ";\n");
    }
}

static void table_statements(struct ls_buf *out, const struct parts *p)
{
    bool is_whole = p->extent == DDL_WHOLE;

    if (is_whole)
        own_sequences(out, p->c, p->columns, p->n_columns, true);
    create(out, p);
    if (is_whole)
        own_sequences(out, p->c, p->columns, p->n_columns, false);
    for (uint32_t i = 0; i < p->n_columns; i++)
        ddl_column_settings(out, p->c, p->f, p->columns[i]);
    later_constraints(out, p);
    if (is_whole) {
        ddl_below(out, p->c, p->f);
        ddl_keys_used(out, p->c, p->f);
    }
    table_settings(out, p->f);
}

const struct ls_fact **ddl_columns(const struct ls_catalog *c, const struct ls_fact *table, uint32_t *n)
{
    const struct ls_fact *columns = ls_catalog_children(c, table, LS_FACT_COLUMN, n);
    const struct ls_fact **order = ls_calloc((size_t)*n + 1, sizeof(*order));

    for (uint32_t i = 0; i < *n; i++)
        order[i] = &columns[i];
    if (*n > 1)
        qsort(order, *n, sizeof(*order), by_position);
    return order;
}

void ddl_table(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, enum ddl_extent extent)
{
    struct parts p = {.c = c, .f = f, .extent = extent};
    const struct ls_fact **order = ddl_columns(c, f, &p.n_columns);

    p.constraints = ls_catalog_children(c, f, LS_FACT_CONSTRAINT, &p.n_constraints);
    p.columns = order;
    if (ddl_definition(out, c, f)) {
        if (extent == DDL_WHOLE)
            ddl_below(out, c, f);
    } else {
        table_statements(out, &p);
    }
    ddl_comment(out, c, f);
    for (uint32_t i = 0; i < p.n_columns; i++)
        ddl_comment(out, c, order[i]);
    for (uint32_t i = 0; i < p.n_constraints; i++)
        if (!is_left_out(&p, &p.constraints[i]))
            ddl_comment(out, c, &p.constraints[i]);
    free((void *)order);
}
