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
    const char *text;            /* all of it */
    LS_VEC(const char *) made;   /* by the body itself, or by a WITH */
    LS_VEC(const char *) changed; /* tables that the body alters */
    LS_VEC(const char *) vars;   /* variables, arguments and labels */
    LS_VEC(struct range) ranges; /* of the query at hand */
    LS_VEC(const char *) bare;   /* of it: names that stand alone */
    LS_VEC(const char *) output; /* of it: names of what is selected */
    size_t n_from;               /* of it: tables, functions and subqueries, alias or not */
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

static void add(struct collector *c, const struct ls_sql_ref *ref)
{
    for (size_t i = 0; i < c->refs.n; i++) {
        const struct ls_sql_ref *r = &c->refs.v[i];

        if (strcmp(r->schema, ref->schema) == 0 && strcmp(r->table, ref->table) == 0 && r->is_bare == ref->is_bare &&
            (r->column ? ref->column && strcmp(r->column, ref->column) == 0 : !ref->column))
            return;
    }
    *LS_VEC_PUSH(&c->refs) = (struct ls_sql_ref){keep(c, ref->schema), keep(c, ref->table), ref->column ? keep(c, ref->column) : NULL,
                                                 ref->is_bare, ref->is_of_row};
}

static void add_ref(struct collector *c, const char *schema, const char *table, const char *column)
{
    add(c, &(struct ls_sql_ref){.schema = schema, .table = table, .column = column});
}

#define HAS(vec, name) has((vec)->v, (vec)->n, name)
static bool has(const char *const *v, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], name) == 0)
            return true;
    return false;
}

/* --- first pass: what the query makes, and its ranges --- */

static void add_range(struct collector *c, const json_t *rel)
{
    const json_t *names = json_object_get(json_object_get(rel, "alias"), "colnames"); /* t as a(x, y) */
    const char *alias = str(json_object_get(rel, "alias"), "aliasname"), *schema = str(rel, "schemaname"),
               *table = str(rel, "relname");

    if (!*table)
        return;
    c->n_from++;
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
    *LS_VEC_PUSH(&c->ranges) = (struct range){keep(c, alias), keep(c, schema), keep(c, table), json_array_size(names) > 0};
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

/* Whether what stands under that name in that node is made by it, changed by it (as it is written, it may have other columns then),
 * or may be missing: nothing is relied on. NULL: under that name in any node. */
static bool is_own(const char *key, const json_t *node, const char *name)
{
    static const struct {
        const char *node, *name;
    } makes[] = {{"CreateStmt", "relation"},     {"base", "relation"}, {"ViewStmt", "view"}, {"RenameStmt", "relation"},
                 {NULL, "sequence"}, {NULL, "typevar"},  {NULL, "rel"}};

    if (json_is_true(json_object_get(node, "missing_ok")) && strcmp(name, "relation") == 0)
        return true;
    for (size_t i = 0; i < LS_ARRAY_LEN(makes); i++)
        if ((makes[i].node == NULL || strcmp(makes[i].node, key) == 0) && strcmp(makes[i].name, name) == 0)
            return true;
    return false;
}

static void find_outputs(struct collector *c, const json_t *select)
{
    size_t i;
    json_t *v;

    json_array_foreach(json_object_get(select, "targetList"), i, v)
    {
        const char *name = str(json_object_get(v, "ResTarget"), "name");

        if (*name)
            *LS_VEC_PUSH(&c->output) = keep(c, name);
    }
}

/* ALTER TABLE: which columns it has afterwards is not followed. */
static void find_changed(struct collector *c, const json_t *alter)
{
    const char *table = str(json_object_get(alter, "relation"), "relname");

    if (*table)
        *LS_VEC_PUSH(&c->changed) = keep(c, table);
}

static void find_ranges(struct collector *c, const char *key, const json_t *node)
{
    const char *name;
    json_t *v;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)node, i, v) find_ranges(c, key, v);
    if (!json_is_object(node) || strcmp(key, "LockingClause") == 0) /* FOR UPDATE OF alias */
        return;
    if (*str(node, "relname")) {
        if (strcmp(key, "made") == 0)
            *LS_VEC_PUSH(&c->made) = keep(c, str(node, "relname"));
        else
            add_range(c, node);
    }
    if (strcmp(key, "CommonTableExpr") == 0)
        *LS_VEC_PUSH(&c->made) = keep(c, str(node, "ctename"));
    else if (strcmp(key, "RenameStmt") == 0)
        *LS_VEC_PUSH(&c->made) = keep(c, str(node, "newname"));
    else if (strcmp(key, "SelectStmt") == 0)
        find_outputs(c, node);
    if (strcmp(key, "AlterTableStmt") == 0 || strcmp(key, "RenameStmt") == 0)
        find_changed(c, node);
    if (strncmp(key, "Range", 5) == 0 && strcmp(key, "RangeVar") != 0) {
        c->n_from++;
        hide(c, str(json_object_get(node, "alias"), "aliasname"));
    }
    json_object_foreach((json_t *)(uintptr_t)node, name, v) find_ranges(c, is_own(key, node, name) ? "made" : name, v);
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

/* alias.column, or column, and nothing with more dots. */
static void column_ref(struct collector *c, const json_t *node)
{
    const json_t *fields = json_object_get(node, "fields");
    const char *alias = str(json_object_get(json_array_get(fields, 0), "String"), "sval");
    const char *column = str(json_object_get(json_array_get(fields, 1), "String"), "sval");

    if (json_array_size(fields) == 2 && *alias && *column)
        add_column(c, alias, column);
    else if (json_array_size(fields) == 1 && *alias)
        *LS_VEC_PUSH(&c->bare) = keep(c, alias);
}

/* What stands alone in a query of one table is a column of that one, a variable, or a name of the query's own. */
static void add_bare(struct collector *c, const json_t *stmt)
{
    static const char *const kinds[] = {"SelectStmt", "UpdateStmt", "DeleteStmt"};
    const struct range *r = c->ranges.n == 1 ? &c->ranges.v[0] : NULL;
    bool is_kind = false;

    for (size_t i = 0; i < LS_ARRAY_LEN(kinds); i++)
        is_kind = is_kind || json_object_get(stmt, kinds[i]) != NULL;
    if (!is_kind || r == NULL || c->n_from != 1 || r->is_ambiguous)
        return;
    for (size_t i = 0; i < c->bare.n; i++) {
        const char *name = c->bare.v[i];

        if (strcmp(name, r->alias) != 0 && strcmp(name, r->table) != 0 && !HAS(&c->output, name))
            add(c, &(struct ls_sql_ref){.schema = r->schema, .table = r->table, .column = name, .is_bare = true});
    }
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
        c->ranges.n = c->bare.n = c->output.n = c->n_from = 0;
        find_ranges(c, "stmt", raw);
        find_columns(c, "stmt", raw);
        add_bare(c, json_object_get(raw, "stmt"));
    }
    json_decref(tree);
    lib->pg_query_free_parse_result(r);
    return ok;
}

/* --- plpgsql: queries and expressions, wherever they stand --- */

static bool is_query(const char *text)
{
    static const char *const words[] = {"select", "insert", "update",   "delete", "with",
                                        "create", "merge",  "truncate", "values", "table", "alter"};
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

/* What may not be a column where it stands alone. */
static void find_vars(struct collector *c, const json_t *node)
{
    static const char *const keys[] = {"refname", "label", "name"};
    const char *name;
    json_t *v;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)node, i, v) find_vars(c, v);
    for (i = 0; i < LS_ARRAY_LEN(keys) && json_is_object(node); i++)
        if (*str(node, keys[i]))
            *LS_VEC_PUSH(&c->vars) = keep(c, str(node, keys[i]));
    json_object_foreach((json_t *)(uintptr_t)node, name, v) find_vars(c, v);
}

/* They are there without being declared, and the parser's tree does not list them. */
static void add_trigger_vars(struct collector *c)
{
    static const char *const names[] = {"tg_name",       "tg_when",         "tg_level", "tg_op",   "tg_relid", "tg_relname",
                                        "tg_table_name", "tg_table_schema", "tg_nargs", "tg_argv", "tg_event", "tg_tag"};

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        *LS_VEC_PUSH(&c->vars) = names[i];
}

/* The columns of NEW and OLD. */
static void find_rows(struct collector *c, const json_t *function)
{
    const json_t *varno[] = {json_object_get(function, "new_varno"), json_object_get(function, "old_varno")};
    size_t i;
    json_t *v;

    json_array_foreach(json_object_get(function, "datums"), i, v)
    {
        const json_t *field = json_object_get(v, "PLpgSQL_recfield"), *parent = json_object_get(field, "recparentno");

        for (size_t k = 0; k < LS_ARRAY_LEN(varno); k++)
            if (json_is_integer(varno[k]) && json_is_integer(parent) && json_integer_value(varno[k]) == json_integer_value(parent))
                add(c, &(struct ls_sql_ref){.schema = "", .table = "", .column = str(field, "fieldname"), .is_of_row = true});
    }
}

/* "agents%ROWTYPE", "public.agents.name%TYPE"; what is quoted is left alone. */
static void find_type(struct collector *c, const char *type)
{
    const char *part[3] = {NULL}, *percent = strchr(type, '%');
    size_t n = 0, n_wanted;
    bool is_row = percent != NULL && strcasecmp(percent, "%rowtype") == 0;

    if (percent == NULL || (!is_row && strcasecmp(percent, "%type") != 0))
        return;
    for (const char *p = type; p < percent && n < LS_ARRAY_LEN(part); p += p < percent) {
        size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789");

        if (len == 0 || (p[len] != '.' && p + len != percent))
            return;
        part[n++] = ls_arena_strn(c->arena, p, len);
        p += len;
    }
    n_wanted = is_row ? n : n - 1;
    if (n == 0 || n_wanted == 0 || n_wanted > 2 || HAS(&c->vars, part[0]))
        return;
    add_ref(c, n_wanted == 2 ? part[0] : "", part[n_wanted - 1], NULL);
    if (!is_row)
        add_ref(c, n_wanted == 2 ? part[0] : "", part[n_wanted - 1], part[n - 1]);
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
    if (strcmp(key, "PLpgSQL_function") == 0)
        find_rows(c, node);
    find_type(c, str(node, "typname"));
    if (strncmp(key, "PLpgSQL_stmt_dyn", 16) == 0)
        c->is_opaque = true;
    json_object_foreach((json_t *)(uintptr_t)node, name, v) find_expressions(c, name, v);
}

/* --- both --- */

/* A text 'name', 'schema.name' in the body: to_regclass and the like look for what may not be there. */
static bool is_looked_for(const struct collector *c, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = strstr(c->text, name); at != NULL; at = strstr(at + 1, name))
        if (at > c->text && (at[-1] == '\'' || at[-1] == '.') && at[len] == '\'')
            return true;
    return false;
}

/* Whoever catches the error expects it. */
static bool is_caught(const char *text)
{
    return strcasestr(text, "undefined_table") != NULL || strcasestr(text, "undefined_column") != NULL;
}

static void tell(struct collector *c, ls_sql_ref_fn fn, void *ctx)
{
    for (size_t i = 0; i < c->refs.n; i++) {
        const struct ls_sql_ref *r = &c->refs.v[i];

        if ((!*r->schema && HAS(&c->made, r->table)) || is_looked_for(c, r->column ? r->column : r->table))
            continue;
        if (r->column && (HAS(&c->changed, r->table) || (r->is_bare && HAS(&c->vars, r->column))))
            continue;
        fn(ctx, r);
    }
}

static void release(struct collector *c)
{
    LS_VEC_RELEASE(&c->made);
    LS_VEC_RELEASE(&c->changed);
    LS_VEC_RELEASE(&c->vars);
    LS_VEC_RELEASE(&c->bare);
    LS_VEC_RELEASE(&c->output);
    LS_VEC_RELEASE(&c->ranges);
    LS_VEC_RELEASE(&c->refs);
    ls_arena_free(c->arena);
}

bool ls_sql_refs(const char *text, ls_sql_ref_fn fn, void *ctx)
{
    struct collector c = {.arena = ls_arena_new(), .text = text};
    bool ok = strlen(text) <= MAX_BODY && parse(&c, text);

    if (ok)
        tell(&c, fn, ctx);
    release(&c);
    return ok;
}

bool ls_sql_refs_plpgsql(const char *create, ls_sql_ref_fn fn, void *ctx)
{
    struct collector c = {.arena = ls_arena_new(), .text = create};
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
    if (ok) {
        add_trigger_vars(&c);
        find_vars(&c, tree);
        find_expressions(&c, "", tree);
    }
    ok = ok && !c.is_opaque && !is_caught(create);
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
