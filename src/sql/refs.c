/* Names of tables and columns out of libpg_query's trees (JSON). */
#include <config.h>

#include "lockstep/sql/refs.h"

#include "sql/facts_internal.h"

#ifdef LS_WITH_PG_QUERY
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/arena.h"
#include "lockstep/base/vec.h"
#include "sql/parser.h"

enum { MAX_BODY = 256 * 1024 };

/* A table in FROM, or written to, under the name that columns are called by. */
struct range {
    const char *alias, *schema, *table;
    bool is_ambiguous; /* two of them have that alias */
};
struct collector {
    struct ls_arena *arena;
    LS_VEC(const char *) made;   /* by the body itself, or by a WITH */
    LS_VEC(struct range) ranges; /* of the query at hand */
    LS_VEC(struct ls_sql_ref) refs;
    bool is_opaque; /* a text that is run may make tables */
};

static const char *str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static const char *keep(struct collector *c, const char *s)
{
    return ls_arena_str(c->arena, s);
}

static void add_ref(struct collector *c, const char *schema, const char *table, const char *column)
{
    for (size_t i = 0; i < c->refs.n; i++) {
        const struct ls_sql_ref *r = &c->refs.v[i];

        if (strcmp(r->schema, schema) == 0 && strcmp(r->table, table) == 0 &&
            (r->column ? column && strcmp(r->column, column) == 0 : !column))
            return;
    }
    *LS_VEC_PUSH(&c->refs) = (struct ls_sql_ref){keep(c, schema), keep(c, table), column ? keep(c, column) : NULL};
}

/* --- first pass: what the query makes, and its ranges --- */

static void add_range(struct collector *c, const json_t *rel)
{
    const char *alias = str(json_object_get(rel, "alias"), "aliasname"), *schema = str(rel, "schemaname"),
               *table = str(rel, "relname");

    if (!*table)
        return;
    if (!*alias)
        alias = table;
    add_ref(c, schema, table, NULL);
    for (size_t i = 0; i < c->ranges.n; i++) {
        struct range *r = &c->ranges.v[i];

        if (strcmp(r->alias, alias) == 0) {
            r->is_ambiguous = r->is_ambiguous || strcmp(r->table, table) != 0 || strcmp(r->schema, schema) != 0;
            return;
        }
    }
    *LS_VEC_PUSH(&c->ranges) = (struct range){keep(c, alias), keep(c, schema), keep(c, table), false};
}

/* A subquery or function in FROM hides a table of its alias. */
static void hide(struct collector *c, const char *alias)
{
    if (!*alias)
        return;
    for (size_t i = 0; i < c->ranges.n; i++) {
        if (strcmp(c->ranges.v[i].alias, alias) == 0) {
            c->ranges.v[i].is_ambiguous = true;
            return;
        }
    }
    *LS_VEC_PUSH(&c->ranges) = (struct range){keep(c, alias), "", "", true};
}

static void find_ranges(struct collector *c, const char *key, const json_t *node)
{
    const char *name;
    json_t *v;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)node, i, v) find_ranges(c, key, v);
    if (!json_is_object(node))
        return;
    if (*str(node, "relname")) {
        if (strcmp(key, "made") == 0 || strcmp(key, "rel") == 0)
            *LS_VEC_PUSH(&c->made) = keep(c, str(node, "relname"));
        else
            add_range(c, node);
    }
    if (strcmp(key, "CommonTableExpr") == 0)
        *LS_VEC_PUSH(&c->made) = keep(c, str(node, "ctename"));
    if (strncmp(key, "Range", 5) == 0 && strcmp(key, "RangeVar") != 0)
        hide(c, str(json_object_get(node, "alias"), "aliasname"));
    json_object_foreach((json_t *)(uintptr_t)node, name, v)
    {
        bool is_new = (strcmp(key, "CreateStmt") == 0 || strcmp(key, "ViewStmt") == 0) &&
                      (strcmp(name, "relation") == 0 || strcmp(name, "view") == 0);

        find_ranges(c, is_new ? "made" : name, v);
    }
}

/* --- second pass: columns --- */

static void add_column(struct collector *c, const char *alias, const char *column)
{
    for (size_t i = 0; i < c->ranges.n; i++) {
        const struct range *r = &c->ranges.v[i];

        if (strcmp(r->alias, alias) == 0 && !r->is_ambiguous)
            add_ref(c, r->schema, r->table, column);
    }
}

/* alias.column, and nothing with more or fewer dots. */
static void column_ref(struct collector *c, const json_t *node)
{
    const json_t *fields = json_object_get(node, "fields");
    const char *alias = str(json_object_get(json_array_get(fields, 0), "String"), "sval");
    const char *column = str(json_object_get(json_array_get(fields, 1), "String"), "sval");

    if (json_array_size(fields) == 2 && *alias && *column)
        add_column(c, alias, column);
}

/* INSERT INTO t (columns), UPDATE t SET columns. */
static void targets(struct collector *c, const json_t *stmt, const char *list)
{
    const json_t *rel = json_object_get(stmt, "relation");
    size_t i;
    json_t *v;

    json_array_foreach(json_object_get(stmt, list), i, v)
    {
        const char *column = str(json_object_get(v, "ResTarget"), "name");

        if (*column && *str(rel, "relname"))
            add_ref(c, str(rel, "schemaname"), str(rel, "relname"), column);
    }
}

static void find_columns(struct collector *c, const char *key, const json_t *node)
{
    const char *name;
    json_t *v;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)node, i, v) find_columns(c, key, v);
    if (!json_is_object(node))
        return;
    if (strcmp(key, "ColumnRef") == 0)
        column_ref(c, node);
    else if (strcmp(key, "InsertStmt") == 0)
        targets(c, node, "cols");
    else if (strcmp(key, "UpdateStmt") == 0)
        targets(c, node, "targetList");
    json_object_foreach((json_t *)(uintptr_t)node, name, v) find_columns(c, name, v);
}

static bool parse(struct collector *c, const char *text)
{
    const struct pg_query_lib *lib = ls_facts_is_parsable(text, strlen(text)) ? ls_pg_query() : NULL;
    PgQueryParseResult r;
    json_t *tree, *stmts, *raw;
    size_t i;
    bool ok;

    if (lib == NULL)
        return false;
    r = lib->pg_query_parse(text);
    tree = r.error || !r.parse_tree ? NULL : json_loads(r.parse_tree, 0, NULL);
    stmts = json_object_get(tree, "stmts");
    ok = json_array_size(stmts) > 0;
    json_array_foreach(stmts, i, raw)
    {
        c->ranges.n = 0;
        find_ranges(c, "stmt", raw);
        find_columns(c, "stmt", raw);
    }
    json_decref(tree);
    lib->pg_query_free_parse_result(r);
    return ok;
}

/* --- plpgsql: queries and expressions, wherever they stand --- */

static bool is_query(const char *text)
{
    static const char *const words[] = {"select", "insert", "update",   "delete", "with",
                                        "create", "merge",  "truncate", "values", "table"};
    size_t len;

    text += strspn(text, " \t\r\n(");
    len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (strlen(words[i]) == len && strncasecmp(text, words[i], len) == 0)
            return true;
    return false;
}

/* An expression becomes the SELECT that the server makes of it; "x := expression" loses its target. */
static void expression(struct collector *c, const char *text)
{
    const char *assign = strstr(text, ":=");

    if (is_query(text)) {
        (void)parse(c, text);
        return;
    }
    if (assign && strcspn(text, "('\"") > (size_t)(assign - text))
        text = assign + 2;
    (void)parse(c, ls_arena_printf(c->arena, "SELECT %s", text));
}

static void find_expressions(struct collector *c, const char *key, const json_t *node)
{
    const char *name, *query;
    json_t *v;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)node, i, v) find_expressions(c, key, v);
    if (!json_is_object(node))
        return;
    query = str(node, "query");
    if (strcmp(key, "PLpgSQL_expr") == 0 && *query)
        expression(c, query);
    if (strncmp(key, "PLpgSQL_stmt_dyn", 16) == 0)
        c->is_opaque = true;
    json_object_foreach((json_t *)(uintptr_t)node, name, v) find_expressions(c, name, v);
}

/* --- both --- */

static bool is_made(const struct collector *c, const char *table)
{
    for (size_t i = 0; i < c->made.n; i++)
        if (strcmp(c->made.v[i], table) == 0)
            return true;
    return false;
}

static void tell(struct collector *c, ls_sql_ref_fn fn, void *ctx)
{
    for (size_t i = 0; i < c->refs.n; i++) {
        const struct ls_sql_ref *r = &c->refs.v[i];

        if (*r->schema || !is_made(c, r->table))
            fn(ctx, r);
    }
}

static void release(struct collector *c)
{
    LS_VEC_RELEASE(&c->made);
    LS_VEC_RELEASE(&c->ranges);
    LS_VEC_RELEASE(&c->refs);
    ls_arena_free(c->arena);
}

bool ls_sql_refs(const char *text, ls_sql_ref_fn fn, void *ctx)
{
    struct collector c = {.arena = ls_arena_new()};
    bool ok = strlen(text) <= MAX_BODY && parse(&c, text);

    if (ok)
        tell(&c, fn, ctx);
    release(&c);
    return ok;
}

bool ls_sql_refs_plpgsql(const char *create, ls_sql_ref_fn fn, void *ctx)
{
    struct collector c = {.arena = ls_arena_new()};
    const struct pg_query_lib *lib = strlen(create) <= MAX_BODY && ls_facts_is_parsable(create, strlen(create)) ? ls_pg_query() : NULL;
    PgQueryPlpgsqlParseResult r;
    json_t *tree;
    bool ok;

    if (lib == NULL) {
        release(&c);
        return false;
    }
    r = lib->pg_query_parse_plpgsql(create);
    tree = r.error || !r.plpgsql_funcs ? NULL : json_loads(r.plpgsql_funcs, 0, NULL);
    ok = json_array_size(tree) > 0;
    if (ok)
        find_expressions(&c, "", tree);
    ok = ok && !c.is_opaque;
    if (ok)
        tell(&c, fn, ctx);
    json_decref(tree);
    lib->pg_query_free_plpgsql_parse_result(r);
    release(&c);
    return ok;
}

#else

bool ls_sql_refs(const char *text, ls_sql_ref_fn fn, void *ctx)
{
    (void)text;
    (void)fn;
    (void)ctx;
    return false;
}

bool ls_sql_refs_plpgsql(const char *create, ls_sql_ref_fn fn, void *ctx)
{
    return ls_sql_refs(create, fn, ctx);
}
#endif
