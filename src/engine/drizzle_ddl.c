/* Entities as statements. What a snapshot holds of SQL (types, defaults, conditions) is put in as it stands: that is what
 * drizzle-kit does with it. */
#include <config.h>

#include "engine/drizzle_ddl.h"

#include <string.h>
#include <strings.h>

#include "format/json.h"
#include "lockstep/sql/quote.h"

struct ddl {
    const json_t *list;
    enum ls_dialect d;
    struct ls_buf *out;
    struct ls_err *err;
    enum ls_rc rc; /* the first failure; everything goes on and does nothing */
};

static const char *str(const json_t *o, const char *key)
{
    const char *s = ls_json_str(o, key);

    return s != NULL ? s : "";
}

static bool is_true(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

static bool is_a(const json_t *o, const char *type)
{
    return strcmp(str(o, "entityType"), type) == 0;
}

static void put(struct ddl *x, const char *text)
{
    ls_buf_adds(x->out, text);
}

/* PostgreSQL cuts names at 63 bytes; a snapshot does not. */
static void name(struct ddl *x, const char *s)
{
    struct ls_buf cut = LS_BUF_INIT;

    ls_buf_adds(&cut, s);
    if (x->d == LS_DIALECT_POSTGRES && cut.len > 63) {
        size_t n = 63;

        while (n > 0 && ((unsigned char)cut.ptr[n] & 0xC0) == 0x80)
            n--;
        ls_buf_truncate(&cut, n);
    }
    if (x->rc == LS_OK)
        x->rc = ls_sql_ident(x->out, cut.ptr, x->err);
    ls_buf_release(&cut);
}

static void name2(struct ddl *x, const char *schema, const char *s)
{
    if (x->d == LS_DIALECT_POSTGRES && schema[0] != '\0') {
        name(x, schema);
        put(x, ".");
    }
    name(x, s);
}

static void literal(struct ddl *x, const char *s)
{
    ls_sql_literal(x->out, x->d, s);
}

static void names(struct ddl *x, const json_t *list)
{
    size_t i;
    json_t *v;

    put(x, "(");
    json_array_foreach((json_t *)(uintptr_t)list, i, v)
    {
        put(x, i > 0 ? ", " : "");
        name(x, json_is_string(v) ? json_string_value(v) : "");
    }
    put(x, ")");
}

/* A text as it stands, a number or a truth as SQL has it. */
static void value(struct ddl *x, const json_t *v)
{
    if (json_is_string(v))
        put(x, json_string_value(v));
    else if (json_is_integer(v))
        ls_buf_addf(x->out, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        ls_buf_addf(x->out, "%.17g", json_real_value(v));
    else if (json_is_boolean(v))
        put(x, json_is_true(v) ? "true" : "false");
    else if (json_is_object(v)) /* early 1.x: {value, type} */
        value(x, json_object_get(v, "value"));
}

/* --- what stands alone --- */

static void enums(struct ddl *x, const json_t *o)
{
    size_t i;
    json_t *v;

    put(x, "CREATE TYPE ");
    name2(x, str(o, "schema"), str(o, "name"));
    put(x, " AS ENUM (");
    json_array_foreach(json_object_get(o, "values"), i, v)
    {
        put(x, i > 0 ? ", " : "");
        literal(x, json_is_string(v) ? json_string_value(v) : "");
    }
    put(x, ");\n");
}

static void schemas(struct ddl *x, const json_t *o)
{
    if (strcmp(str(o, "name"), "public") == 0)
        return;
    put(x, "CREATE SCHEMA ");
    name(x, str(o, "name"));
    put(x, ";\n");
}

static void sequence_options(struct ddl *x, const json_t *o)
{
    static const struct {
        const char *key, *old, *word;
    } parts[] = {{"incrementBy", "increment", " INCREMENT BY "},
                 {"minValue", NULL, " MINVALUE "},
                 {"maxValue", NULL, " MAXVALUE "},
                 {"startWith", NULL, " START WITH "},
                 {"cacheSize", "cache", " CACHE "}};

    for (size_t i = 0; i < LS_ARRAY_LEN(parts); i++) {
        json_t *v = json_object_get(o, parts[i].key);

        if (v == NULL && parts[i].old != NULL)
            v = json_object_get(o, parts[i].old);
        if (v == NULL || json_is_null(v))
            continue;
        put(x, parts[i].word);
        value(x, v);
    }
    if (is_true(o, "cycle"))
        put(x, " CYCLE");
}

static void sequences(struct ddl *x, const json_t *o)
{
    put(x, "CREATE SEQUENCE ");
    name2(x, str(o, "schema"), str(o, "name"));
    sequence_options(x, o);
    put(x, ";\n");
}

static void views(struct ddl *x, const json_t *o)
{
    if (is_true(o, "isExisting") || str(o, "definition")[0] == '\0')
        return;
    put(x, is_true(o, "materialized") ? "CREATE MATERIALIZED VIEW " : "CREATE VIEW ");
    name2(x, str(o, "schema"), str(o, "name"));
    put(x, " AS ");
    put(x, str(o, "definition"));
    put(x, ";\n");
}

/* --- tables --- */

static bool is_of(const json_t *o, const json_t *table)
{
    return strcmp(str(o, "table"), str(table, "name")) == 0 && strcmp(str(o, "schema"), str(table, "schema")) == 0;
}

static bool is_enum(const struct ddl *x, const char *type)
{
    size_t i, len = strcspn(type, "[");
    json_t *o;

    json_array_foreach((json_t *)(uintptr_t)x->list, i, o)
    {
        if (is_a(o, "enums") && strlen(str(o, "name")) == len && strncmp(str(o, "name"), type, len) == 0)
            return true;
    }
    return false;
}

/* An enum's type is a name; its array brackets are not. */
static void column_type(struct ddl *x, const json_t *o)
{
    const char *type = str(o, "type"), *schema = str(o, "typeSchema"), *brackets = strchr(type, '[');
    int64_t dimensions = 0;

    if (x->d == LS_DIALECT_POSTGRES && type[0] != '\0' && (schema[0] != '\0' || is_enum(x, type))) {
        struct ls_buf base = LS_BUF_INIT;

        ls_buf_add(&base, type, brackets != NULL ? (size_t)(brackets - type) : strlen(type));
        name2(x, schema, base.ptr);
        put(x, brackets != NULL ? brackets : "");
        ls_buf_release(&base);
    } else {
        put(x, type);
    }
    if (brackets == NULL && ls_json_int(o, "dimensions", &dimensions))
        for (int64_t i = 0; i < dimensions && i < 6; i++)
            put(x, "[]");
}

static void identity(struct ddl *x, const json_t *i)
{
    put(x, strcasecmp(str(i, "type"), "always") == 0 ? " GENERATED ALWAYS AS IDENTITY (" : " GENERATED BY DEFAULT AS IDENTITY (");
    if (str(i, "name")[0] != '\0') {
        put(x, "SEQUENCE NAME ");
        name2(x, str(i, "schema"), str(i, "name"));
    }
    sequence_options(x, i);
    put(x, ")");
}

static void column(struct ddl *x, const json_t *o, bool is_primary)
{
    const json_t *dflt = json_object_get(o, "default"), *gen = json_object_get(o, "generated"),
                 *ident = json_object_get(o, "identity");

    name(x, str(o, "name"));
    put(x, " ");
    column_type(x, o);
    if (is_primary)
        put(x, is_true(o, "autoincrement") ? " PRIMARY KEY AUTOINCREMENT" : " PRIMARY KEY");
    if (dflt != NULL && !json_is_null(dflt)) {
        put(x, " DEFAULT ");
        value(x, dflt);
    }
    if (json_is_object(ident))
        identity(x, ident);
    if (json_is_object(gen)) {
        const char *as = str(gen, "as");

        put(x, " GENERATED ALWAYS AS ");
        put(x, as[0] == '(' ? "" : "(");
        put(x, as);
        put(x, as[0] == '(' ? "" : ")");
        put(x, strcmp(str(gen, "type"), "virtual") == 0 ? " VIRTUAL" : " STORED");
    }
    if (is_true(o, "notNull"))
        put(x, " NOT NULL");
}

static void constraint_name(struct ddl *x, const json_t *o)
{
    if (str(o, "name")[0] == '\0')
        return;
    put(x, "CONSTRAINT ");
    name(x, str(o, "name"));
    put(x, " ");
}

static void foreign_key(struct ddl *x, const json_t *o)
{
    const char *schema = str(o, "schemaTo");

    put(x, "FOREIGN KEY ");
    names(x, json_object_get(o, "columns"));
    put(x, " REFERENCES ");
    name2(x, schema[0] != '\0' ? schema : str(o, "schema"), str(o, "tableTo"));
    names(x, json_object_get(o, "columnsTo"));
    if (str(o, "onUpdate")[0] != '\0')
        ls_buf_addf(x->out, " ON UPDATE %s", str(o, "onUpdate"));
    if (str(o, "onDelete")[0] != '\0')
        ls_buf_addf(x->out, " ON DELETE %s", str(o, "onDelete"));
}

static void unique(struct ddl *x, const json_t *o)
{
    constraint_name(x, o);
    put(x, "UNIQUE ");
    put(x, is_true(o, "nullsNotDistinct") ? "NULLS NOT DISTINCT " : "");
    names(x, json_object_get(o, "columns"));
}

static void check(struct ddl *x, const json_t *o)
{
    constraint_name(x, o);
    put(x, "CHECK (");
    put(x, str(o, "value"));
    put(x, ")");
}

/* The table's one primary key over one column stands in the column: only there can it be AUTOINCREMENT. */
static const json_t *primary_key(const struct ddl *x, const json_t *table)
{
    size_t i;
    json_t *o;

    json_array_foreach((json_t *)(uintptr_t)x->list, i, o)
    {
        if (is_a(o, "pks") && is_of(o, table))
            return o;
    }
    return NULL;
}

static bool is_alone_in(const json_t *pk, const char *column_name)
{
    const json_t *list = pk != NULL ? json_object_get(pk, "columns") : NULL;

    return json_array_size(list) == 1 && json_is_string(json_array_get(list, 0)) &&
           strcmp(json_string_value(json_array_get(list, 0)), column_name) == 0;
}

static void tables(struct ddl *x, const json_t *table)
{
    bool is_lite = x->d == LS_DIALECT_SQLITE, has_inline = false;
    const json_t *pk = primary_key(x, table);
    const char *sep = "";
    size_t i;
    json_t *o;

    put(x, "CREATE TABLE ");
    name2(x, str(table, "schema"), str(table, "name"));
    put(x, " (");
    json_array_foreach((json_t *)(uintptr_t)x->list, i, o)
    {
        if (!is_a(o, "columns") || !is_of(o, table))
            continue;
        bool is_primary = is_lite && is_alone_in(pk, str(o, "name"));

        put(x, sep);
        column(x, o, is_primary);
        has_inline = has_inline || is_primary;
        sep = ", ";
    }
    json_array_foreach((json_t *)(uintptr_t)x->list, i, o)
    {
        bool is_key = is_a(o, "pks") && !has_inline, is_fk = is_a(o, "fks"), is_unique = is_a(o, "uniques"),
             is_check = is_a(o, "checks");

        if (!is_lite || !is_of(o, table) || !(is_key || is_fk || is_unique || is_check))
            continue;
        put(x, sep);
        sep = ", ";
        if (is_key) {
            put(x, "PRIMARY KEY ");
            names(x, json_object_get(o, "columns"));
        } else if (is_fk) {
            foreign_key(x, o);
        } else if (is_unique) {
            unique(x, o);
        } else {
            check(x, o);
        }
    }
    put(x, ");\n");
    if (is_true(table, "isRlsEnabled") && !is_lite) {
        put(x, "ALTER TABLE ");
        name2(x, str(table, "schema"), str(table, "name"));
        put(x, " ENABLE ROW LEVEL SECURITY;\n");
    }
}

/* --- what PostgreSQL adds to a table later --- */

static void alter_add(struct ddl *x, const json_t *o)
{
    put(x, "ALTER TABLE ");
    name2(x, str(o, "schema"), str(o, "table"));
    put(x, " ADD ");
}

static void pks(struct ddl *x, const json_t *o)
{
    if (x->d == LS_DIALECT_SQLITE)
        return;
    alter_add(x, o);
    constraint_name(x, o);
    put(x, "PRIMARY KEY ");
    names(x, json_object_get(o, "columns"));
    put(x, ";\n");
}

static void uniques(struct ddl *x, const json_t *o)
{
    if (x->d == LS_DIALECT_SQLITE)
        return;
    alter_add(x, o);
    unique(x, o);
    put(x, ";\n");
}

static void checks(struct ddl *x, const json_t *o)
{
    if (x->d == LS_DIALECT_SQLITE)
        return;
    alter_add(x, o);
    check(x, o);
    put(x, ";\n");
}

static void fks(struct ddl *x, const json_t *o)
{
    if (x->d == LS_DIALECT_SQLITE)
        return;
    alter_add(x, o);
    constraint_name(x, o);
    foreign_key(x, o);
    put(x, ";\n");
}

static void index_column(struct ddl *x, const json_t *c)
{
    const json_t *asc = json_object_get(c, "asc"), *first = json_object_get(c, "nullsFirst"),
                 *opclass = json_object_get(c, "opclass");
    const char *opclass_name = json_is_object(opclass)   ? str(opclass, "name")
                               : json_is_string(opclass) ? json_string_value(opclass)
                                                         : "";

    if (is_true(c, "isExpression")) {
        bool is_bare = x->d == LS_DIALECT_POSTGRES && str(c, "value")[0] != '(';

        put(x, is_bare ? "(" : "");
        put(x, str(c, "value"));
        put(x, is_bare ? ")" : "");
    } else {
        name(x, str(c, "value"));
    }
    if (x->d == LS_DIALECT_SQLITE)
        return;
    if (opclass_name[0] != '\0')
        ls_buf_addf(x->out, " %s", opclass_name);
    if (json_is_false(asc))
        put(x, " DESC");
    if (json_is_boolean(first))
        put(x, json_is_true(first) ? " NULLS FIRST" : json_is_false(asc) ? " NULLS LAST" : "");
}

static void indexes(struct ddl *x, const json_t *o)
{
    json_t *list = json_object_get(o, "columns"), *c, *v;
    const char *method = str(o, "method"), *key, *sep = " WITH (";
    size_t i;

    if (strcmp(str(o, "origin"), "auto") == 0)
        return;
    put(x, is_true(o, "isUnique") ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    name(x, str(o, "name"));
    put(x, " ON ");
    name2(x, str(o, "schema"), str(o, "table"));
    if (x->d == LS_DIALECT_POSTGRES && method[0] != '\0')
        ls_buf_addf(x->out, " USING %s", method);
    put(x, " (");
    json_array_foreach(list, i, c)
    {
        put(x, i > 0 ? ", " : "");
        index_column(x, c);
    }
    put(x, ")");
    if (x->d == LS_DIALECT_POSTGRES && json_is_object(json_object_get(o, "with"))) {
        json_object_foreach(json_object_get(o, "with"), key, v)
        {
            ls_buf_addf(x->out, "%s%s=", sep, key);
            value(x, v);
            sep = ", ";
        }
        put(x, *sep == ',' ? ")" : "");
    }
    if (str(o, "where")[0] != '\0')
        ls_buf_addf(x->out, " WHERE %s", str(o, "where"));
    put(x, ";\n");
}

static void policies(struct ddl *x, const json_t *o)
{
    json_t *roles = json_object_get(o, "roles"), *v;
    size_t i;

    put(x, "CREATE POLICY ");
    name(x, str(o, "name"));
    put(x, " ON ");
    name2(x, str(o, "schema"), str(o, "table"));
    if (str(o, "as")[0] != '\0')
        ls_buf_addf(x->out, " AS %s", str(o, "as"));
    if (str(o, "for")[0] != '\0')
        ls_buf_addf(x->out, " FOR %s", str(o, "for"));
    json_array_foreach(roles, i, v)
    {
        const char *role = json_is_string(v) ? json_string_value(v) : "";

        put(x, i == 0 ? " TO " : ", ");
        if (strcmp(role, "public") == 0 || strncmp(role, "current_", 8) == 0 || strcmp(role, "session_user") == 0)
            put(x, role);
        else
            name(x, role);
    }
    if (str(o, "using")[0] != '\0')
        ls_buf_addf(x->out, " USING (%s)", str(o, "using"));
    if (str(o, "withCheck")[0] != '\0')
        ls_buf_addf(x->out, " WITH CHECK (%s)", str(o, "withCheck"));
    put(x, ";\n");
}

enum ls_rc drizzle_ddl(const json_t *entities, enum ls_dialect d, struct ls_buf *out, struct ls_err *err)
{
    /* In this order; each pass over the whole list. */
    static const struct {
        const char *type;
        void (*put)(struct ddl *, const json_t *);
        bool in_sqlite;
    } passes[] = {{"schemas", schemas, false}, {"enums", enums, false},      {"sequences", sequences, false},
                  {"tables", tables, true},    {"pks", pks, false},          {"uniques", uniques, false},
                  {"checks", checks, false},   {"indexes", indexes, true},   {"fks", fks, false},
                  {"views", views, true},      {"policies", policies, false}};
    struct ddl x = {.list = entities, .d = d, .out = out, .err = err};
    size_t i;
    json_t *o;

    for (size_t p = 0; p < LS_ARRAY_LEN(passes) && x.rc == LS_OK; p++) {
        if (d == LS_DIALECT_SQLITE && !passes[p].in_sqlite)
            continue;
        json_array_foreach((json_t *)(uintptr_t)entities, i, o)
        {
            if (is_a(o, passes[p].type))
                passes[p].put(&x, o);
        }
    }
    return x.rc;
}
