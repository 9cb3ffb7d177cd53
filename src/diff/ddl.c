/* Facts as statements. The texts in them are the server's own words (or the file's); only the frame around them is made here. */
#include <config.h>

#include "lockstep/diff/ddl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/sql/quote.h"

/* --- pieces --- */

static bool is_plain(const char *s)
{
    if (!islower((unsigned char)*s) && *s != '_')
        return false;
    for (; *s; s++)
        if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_')
            return false;
    return true;
}

/* Quotes only where they are needed. A name that cannot be quoted stands as it is: this is read, not run. */
static void name(struct ls_buf *out, const char *s)
{
    if (is_plain(s) || ls_sql_ident(out, s, NULL) != LS_OK)
        ls_buf_adds(out, s);
}

static void qualified(struct ls_buf *out, const char *schema, const char *s)
{
    if (schema[0] != '\0' && strcmp(schema, "main") != 0) {
        name(out, schema);
        ls_buf_addc(out, '.');
    }
    name(out, s);
}

/* " WORD value" when the attribute is there. */
static void clause(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after)
{
    const char *v = ls_fact_get(f, a);

    if (v)
        ls_buf_addf(out, "%s%s%s", before, v, after);
}

/* The same in capitals, for words that are no names. */
static void loud(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after)
{
    const char *v = ls_fact_get(f, a);

    if (!v)
        return;
    ls_buf_adds(out, before);
    for (; *v; v++)
        ls_buf_addc(out, (char)toupper((unsigned char)*v));
    ls_buf_adds(out, after);
}

static void word(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *text)
{
    if (ls_fact_get(f, a))
        ls_buf_adds(out, text);
}

static bool is_form(const struct ls_fact *f, const char *form)
{
    const char *v = ls_fact_get(f, LS_A_FORM);

    return strcmp(v ? v : "", form) == 0;
}

static void comment_on(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *text = ls_fact_get(f, LS_A_COMMENT);

    if (!text)
        return;
    ls_buf_addf(out, "COMMENT ON %s ", f->kind == LS_FACT_COLUMN ? "COLUMN" : f->kind == LS_FACT_TABLE ? "TABLE" : ls_fact_kind_name(f->kind));
    if (f->kind == LS_FACT_COLUMN) {
        qualified(out, f->schema, f->parent);
        ls_buf_addc(out, '.');
        name(out, f->name);
    } else {
        qualified(out, f->schema, f->name);
    }
    ls_buf_adds(out, " IS ");
    ls_sql_literal(out, c->dialect, text);
    ls_buf_adds(out, ";\n");
}

/* --- below a table --- */

static void column(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "    ");
    name(out, f->name);
    clause(out, f, LS_A_TYPE, " ", "");
    clause(out, f, LS_A_COLLATION, " COLLATE ", "");
    loud(out, f, LS_A_IDENTITY, " GENERATED ", " AS IDENTITY");
    clause(out, f, LS_A_GENERATED, " GENERATED ALWAYS AS ", "");
    clause(out, f, LS_A_DEFAULT, " DEFAULT ", "");
    word(out, f, LS_A_NOT_NULL, " NOT NULL");
}

static void constraint(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "    ");
    if (!ls_fact_get(f, LS_A_SYSTEM_NAME)) {
        ls_buf_adds(out, "CONSTRAINT ");
        name(out, f->name);
        ls_buf_addc(out, ' ');
    }
    if (is_form(f, "check")) {
        clause(out, f, LS_A_EXPRESSION, "CHECK ", "");
    } else {
        const char *form = ls_fact_get(f, LS_A_FORM);

        for (const char *p = form ? form : ""; *p; p++)
            ls_buf_addc(out, (char)toupper((unsigned char)*p));
        word(out, f, LS_A_NULLS_NOT_DISTINCT, " NULLS NOT DISTINCT");
        clause(out, f, LS_A_KEY, " (", ")");
        clause(out, f, LS_A_INCLUDE, " INCLUDE (", ")");
        clause(out, f, LS_A_REFERENCES, " REFERENCES ", "");
        loud(out, f, LS_A_MATCH, " MATCH ", "");
        loud(out, f, LS_A_ON_UPDATE, " ON UPDATE ", "");
        loud(out, f, LS_A_ON_DELETE, " ON DELETE ", "");
    }
    clause(out, f, LS_A_CONFLICT, " ON CONFLICT ", "");
    loud(out, f, LS_A_DEFERRABLE, " ", "");
    word(out, f, LS_A_NO_INHERIT, " NO INHERIT");
    word(out, f, LS_A_NOT_VALID, " NOT VALID");
}

static void put_index(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_addf(out, "CREATE %sINDEX ", ls_fact_get(f, LS_A_UNIQUE) ? "UNIQUE " : "");
    name(out, f->name);
    ls_buf_adds(out, " ON ");
    qualified(out, f->schema, f->parent);
    clause(out, f, LS_A_METHOD, " USING ", "");
    clause(out, f, LS_A_KEY, " (", ")");
    clause(out, f, LS_A_INCLUDE, " INCLUDE (", ")");
    word(out, f, LS_A_NULLS_NOT_DISTINCT, " NULLS NOT DISTINCT");
    clause(out, f, LS_A_OPTIONS, " WITH (", ")");
    clause(out, f, LS_A_TABLESPACE, " TABLESPACE ", "");
    clause(out, f, LS_A_PREDICATE, " WHERE ", "");
    ls_buf_adds(out, ls_fact_get(f, LS_A_NOT_VALID) ? "; -- INVALID\n" : ";\n");
}

static void trigger(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "CREATE TRIGGER ");
    name(out, f->name);
    clause(out, f, LS_A_TIMING, " ", "");
    ls_buf_adds(out, " ON ");
    qualified(out, f->schema, f->parent);
    clause(out, f, LS_A_TRANSITION, " REFERENCING ", "");
    loud(out, f, LS_A_LEVEL, " FOR EACH ", "");
    clause(out, f, LS_A_WHEN, " WHEN ", "");
    clause(out, f, LS_A_CALLS, " EXECUTE FUNCTION ", "");
    clause(out, f, LS_A_BODY, "\n", "");
    clause(out, f, LS_A_ENABLED, "; -- ", "");
    ls_buf_adds(out, ls_fact_get(f, LS_A_ENABLED) ? "\n" : ";\n");
}

static void policy(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "CREATE POLICY ");
    name(out, f->name);
    ls_buf_adds(out, " ON ");
    qualified(out, f->schema, f->parent);
    clause(out, f, LS_A_LEVEL, " AS ", "");
    clause(out, f, LS_A_TIMING, " FOR ", "");
    clause(out, f, LS_A_ROLES, " TO ", "");
    clause(out, f, LS_A_USING, " USING (", ")");
    clause(out, f, LS_A_WITH_CHECK, " WITH CHECK (", ")");
    ls_buf_adds(out, ";\n");
}

/* --- tables --- */

/* The column whose POSITION is n; the columns are sorted by name. */
static const struct ls_fact *column_at(const struct ls_fact *f, uint32_t n, uint32_t position)
{
    for (uint32_t i = 0; i < n; i++) {
        const char *p = ls_fact_get(&f[i], LS_A_POSITION);

        if (p && strtoul(p, NULL, 10) == position)
            return &f[i];
    }
    return n >= position ? &f[position - 1] : NULL;
}

static void table(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct {
        enum ls_fact_kind kind;
        void (*print)(struct ls_buf *out, const struct ls_fact *f);
    } below[] = {{LS_FACT_INDEX, put_index}, {LS_FACT_TRIGGER, trigger}, {LS_FACT_POLICY, policy}};
    uint32_t n_columns, n_constraints, n;
    const struct ls_fact *columns = ls_catalog_children(c, f, LS_FACT_COLUMN, &n_columns);
    const struct ls_fact *constraints = ls_catalog_children(c, f, LS_FACT_CONSTRAINT, &n_constraints), *some;
    const char *form = ls_fact_get(f, LS_A_FORM), *persistence = ls_fact_get(f, LS_A_PERSISTENCE);
    bool is_first = true;

    ls_buf_addf(out, "CREATE %s%sTABLE ", persistence && strcmp(persistence, "unlogged") == 0 ? "UNLOGGED " : "",
                form && strcmp(form, "foreign") == 0 ? "FOREIGN " : form && strcmp(form, "virtual") == 0 ? "VIRTUAL " : "");
    qualified(out, f->schema, f->name);
    if (form && strcmp(form, "virtual") == 0) {
        clause(out, f, LS_A_MODULE, " USING ", "");
    } else {
        clause(out, f, LS_A_PARTITION_OF, " PARTITION OF ", "");
        ls_buf_adds(out, " (");
        for (uint32_t i = 1; i <= n_columns; i++) {
            const struct ls_fact *col = column_at(columns, n_columns, i);

            ls_buf_adds(out, is_first ? "\n" : ",\n");
            is_first = false;
            if (col)
                column(out, col);
        }
        for (uint32_t i = 0; i < n_constraints; i++) {
            ls_buf_adds(out, is_first ? "\n" : ",\n");
            is_first = false;
            constraint(out, &constraints[i]);
        }
        ls_buf_adds(out, "\n)");
        clause(out, f, LS_A_BOUND, " ", "");
    }
    clause(out, f, LS_A_INHERITS, " INHERITS (", ")");
    clause(out, f, LS_A_PARTITION_BY, " PARTITION BY ", "");
    clause(out, f, LS_A_ACCESS_METHOD, " USING ", "");
    clause(out, f, LS_A_SERVER, " SERVER ", "");
    clause(out, f, LS_A_OPTIONS, " WITH (", ")");
    clause(out, f, LS_A_TABLESPACE, " TABLESPACE ", "");
    word(out, f, LS_A_STRICT, " STRICT");
    if (ls_fact_get(f, LS_A_WITHOUT_ROWID))
        ls_buf_addf(out, "%s WITHOUT ROWID", ls_fact_get(f, LS_A_STRICT) ? "," : "");
    ls_buf_adds(out, ";\n");
    clause(out, f, LS_A_ROW_SECURITY, "-- row security: ", "\n");
    for (size_t k = 0; k < LS_ARRAY_LEN(below); k++) {
        some = ls_catalog_children(c, f, below[k].kind, &n);
        for (uint32_t i = 0; i < n; i++)
            below[k].print(out, &some[i]);
    }
    comment_on(out, c, f);
    for (uint32_t i = 0; i < n_columns; i++)
        comment_on(out, c, &columns[i]);
}

/* --- all else --- */

static void view(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    uint32_t n;
    const struct ls_fact *indexes = ls_catalog_children(c, f, LS_FACT_INDEX, &n);

    ls_buf_addf(out, "CREATE %sVIEW ", f->kind == LS_FACT_MATVIEW ? "MATERIALIZED " : "");
    qualified(out, f->schema, f->name);
    if (c->dialect == LS_DIALECT_SQLITE)
        clause(out, f, LS_A_ATTRIBUTES, " (", ")");
    clause(out, f, LS_A_OPTIONS, " WITH (", ")");
    clause(out, f, LS_A_BODY, " AS\n", "");
    ls_buf_adds(out, out->len > 0 && out->ptr[out->len - 1] == ';' ? "\n" : ";\n");
    for (uint32_t i = 0; i < n; i++)
        put_index(out, &indexes[i]);
    comment_on(out, c, f);
}

static void enumeration(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ls_buf_adds(out, "CREATE TYPE ");
    qualified(out, f->schema, f->name);
    clause(out, f, LS_A_LABELS, " AS ENUM (", ")");
    ls_buf_adds(out, ";\n");
    comment_on(out, c, f);
}

static void domain(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    uint32_t n;
    const struct ls_fact *checks = ls_catalog_children(c, f, LS_FACT_CONSTRAINT, &n);

    ls_buf_adds(out, "CREATE DOMAIN ");
    qualified(out, f->schema, f->name);
    clause(out, f, LS_A_TYPE, " AS ", "");
    clause(out, f, LS_A_COLLATION, " COLLATE ", "");
    clause(out, f, LS_A_DEFAULT, " DEFAULT ", "");
    word(out, f, LS_A_NOT_NULL, " NOT NULL");
    for (uint32_t i = 0; i < n; i++) {
        ls_buf_addc(out, '\n');
        constraint(out, &checks[i]);
    }
    ls_buf_adds(out, ";\n");
    comment_on(out, c, f);
}

/* What is known of it, as a comment. */
static void attributes(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "-- ");
    ls_fact_label(f, false, out);
    ls_buf_addc(out, '\n');
    for (uint32_t i = 0; i < f->n_attrs; i++) {
        enum ls_attr_class class = ls_attr_class(f->attrs[i].attr);

        if (class == LS_ATTR_NOTE || f->attrs[i].attr == LS_A_BODY)
            continue;
        ls_buf_addf(out, "--   %s: ", ls_attr_name(f->attrs[i].attr));
        for (const char *p = f->attrs[i].value; *p; p++)
            ls_buf_addc(out, *p == '\n' || *p == '\r' ? ' ' : *p);
        ls_buf_addc(out, '\n');
    }
    clause(out, f, LS_A_BODY, "", "\n");
}

void ls_ddl_fact(const struct ls_catalog *c, const struct ls_fact *f, struct ls_buf *out)
{
    const char *definition = ls_fact_get(f, LS_A_DEFINITION);

    if (definition && f->kind != LS_FACT_TABLE) {
        ls_buf_addf(out, "%s%s", definition, definition[strlen(definition) - 1] == ';' ? "\n" : ";\n");
        return;
    }
    switch (f->kind) {
    case LS_FACT_TABLE:
        table(out, c, f);
        break;
    case LS_FACT_VIEW:
    case LS_FACT_MATVIEW:
        view(out, c, f);
        break;
    case LS_FACT_ENUM:
        enumeration(out, c, f);
        break;
    case LS_FACT_DOMAIN:
        domain(out, c, f);
        break;
    case LS_FACT_INDEX:
        put_index(out, f);
        break;
    case LS_FACT_TRIGGER:
        trigger(out, f);
        break;
    case LS_FACT_POLICY:
        policy(out, f);
        break;
    default:
        attributes(out, f);
        break;
    }
}
