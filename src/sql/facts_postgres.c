/* sql/facts_postgres.c: flags from libpg_query's parse tree (JSON, PostgreSQL 15's node names).
 *
 * The library keeps its state per thread and frees it when a thread ends. Its JSON writer recurses with the tree and crashed at
 * 100,000 levels on an 8 MiB stack, so statements whose tokens could make a deep tree are not given to it. */
#include <config.h>
#include "sql/facts_internal.h"

#ifdef LS_WITH_PG_QUERY
#include "lockstep/base/mem.h"
#include "sql/lex_internal.h"

#include "sql/parser.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_BYTES = 1 << 20,
    MAX_TOKENS = 20000, /* keeps the tree of a long INSERT small; words tell as much about one */
    MAX_CHAIN = 4000,   /* tokens that no comma separates, summed over the open brackets: a bound of the tree's depth */
    MAX_BRACKETS = 256
};

bool ls_facts_is_parsable(const char *stmt, size_t len)
{
    struct ls_lex lx;
    int chain[MAX_BRACKETS] = {0}, sum = 0, tokens = 0;
    size_t depth = 0;
    if (len > MAX_BYTES || memchr(stmt, '\0', len))
        return false;
    ls_lex_init(&lx, LS_DIALECT_POSTGRES, stmt, len);
    for (;;) {
        struct ls_tok t = ls_lex_raw(&lx);
        if (t.kind == LS_TOK_END)
            return true;
        if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT)
            continue;
        if (t.error != LS_SPLIT_OK || ++tokens > MAX_TOKENS)
            return false;
        if (t.kind == LS_TOK_OPEN) {
            if (++depth == MAX_BRACKETS)
                return false;
            chain[depth] = 0;
        } else if (t.kind == LS_TOK_CLOSE && depth > 0) {
            sum -= chain[depth--];
        } else if (t.kind == LS_TOK_SEMICOLON || stmt[t.start] == ',') {
            sum -= chain[depth];
            chain[depth] = 0;
        }
        chain[depth]++;
        if (++sum > MAX_CHAIN)
            return false;
    }
}

static bool is(json_t *node, const char *key, const char *value)
{
    const char *s = json_string_value(json_object_get(node, key));
    return s && strcmp(s, value) == 0;
}

static bool is_true(json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

/* The text of the last String in a list of names. */
static const char *last_name(json_t *list)
{
    json_t *last = json_array_get(list, json_array_size(list) - 1);
    const char *s = json_string_value(json_object_get(json_object_get(last, "String"), "sval"));
    return s ? s : "";
}

static void statement(json_t *stmt, unsigned *flags);

static void with_clause(json_t *node, unsigned *flags)
{
    size_t i;
    json_t *cte;
    json_array_foreach(json_object_get(json_object_get(node, "withClause"), "ctes"), i, cte)
    {
        unsigned inner = 0;
        statement(json_object_get(json_object_get(cte, "CommonTableExpr"), "ctequery"), &inner);
        *flags |= inner & (LS_FACT_DML | LS_FACT_DML_NO_WHERE);
    }
}

static void on_dml(json_t *node, unsigned *flags)
{
    *flags |= LS_FACT_DML;
    with_clause(node, flags);
}

static void on_dml_where(json_t *node, unsigned *flags)
{
    on_dml(node, flags);
    if (!json_object_get(node, "whereClause"))
        *flags |= LS_FACT_DML_NO_WHERE;
}

/* SELECT INTO makes a table; set_config(name, value, false) outlives the transaction. */
static void on_select(json_t *node, unsigned *flags)
{
    size_t i;
    json_t *target;
    with_clause(node, flags);
    if (json_object_get(node, "intoClause"))
        *flags |= LS_FACT_CREATES_TABLE;
    json_array_foreach(json_object_get(node, "targetList"), i, target)
    {
        json_t *value = json_object_get(json_object_get(target, "ResTarget"), "val");
        json_t *call = json_object_get(value, "FuncCall");
        json_t *local = json_object_get(json_object_get(json_array_get(json_object_get(call, "args"), 2), "A_Const"), "boolval");
        if (call && strcmp(last_name(json_object_get(call, "funcname")), "set_config") == 0 && local && !is_true(local, "boolval"))
            *flags |= LS_FACT_SESSION_SET;
    }
}

static void on_create_as(json_t *node, unsigned *flags)
{
    if (is(node, "objtype", "OBJECT_TABLE"))
        *flags |= LS_FACT_CREATES_TABLE;
}

static void on_index(json_t *node, unsigned *flags)
{
    if (!is_true(node, "concurrent"))
        *flags |= LS_FACT_CREATE_INDEX;
}

static void on_drop(json_t *node, unsigned *flags)
{
    if (is(node, "removeType", "OBJECT_TABLE") || is(node, "removeType", "OBJECT_FOREIGN_TABLE"))
        *flags |= LS_FACT_DROPS_TABLE;
    else if (is(node, "removeType", "OBJECT_SCHEMA"))
        *flags |= LS_FACT_DROPS_SCHEMA;
    else
        *flags |= LS_FACT_DROPS_OTHER;
}

static bool fills_itself(json_t *column)
{
    static const char *const serials[] = {"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"};
    const char *type = last_name(json_object_get(json_object_get(column, "typeName"), "names"));
    for (size_t i = 0; i < LS_ARRAY_LEN(serials); i++)
        if (strcmp(type, serials[i]) == 0)
            return true;
    return false;
}

static void add_column(json_t *column, unsigned *flags)
{
    bool not_null = false, filled = fills_itself(column);
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(column, "constraints"), i, entry)
    {
        json_t *c = json_object_get(entry, "Constraint");
        if (is(c, "contype", "CONSTR_NOTNULL") || is(c, "contype", "CONSTR_PRIMARY"))
            not_null = true;
        else if (is(c, "contype", "CONSTR_DEFAULT") || is(c, "contype", "CONSTR_IDENTITY") || is(c, "contype", "CONSTR_GENERATED"))
            filled = true;
        else if (is(c, "contype", "CONSTR_CHECK") || is(c, "contype", "CONSTR_FOREIGN"))
            *flags |= LS_FACT_ADD_CONSTRAINT_VALID;
    }
    if (not_null && !filled)
        *flags |= LS_FACT_ADD_COLUMN_NOT_NULL;
}

static void alter_command(json_t *cmd, bool table, unsigned *flags)
{
    static const struct {
        const char *subtype;
        unsigned flags;
    } plain[] = {
        {"AT_SetNotNull", LS_FACT_SET_NOT_NULL},
        {"AT_AlterColumnType", LS_FACT_ALTER_TYPE},
        {"AT_DropConstraint", LS_FACT_DROPS_OTHER},
    };
    json_t *def = json_object_get(cmd, "def"), *constraint = json_object_get(def, "Constraint");
    for (size_t i = 0; i < LS_ARRAY_LEN(plain); i++)
        if (is(cmd, "subtype", plain[i].subtype))
            *flags |= plain[i].flags;
    if (is(cmd, "subtype", "AT_DropColumn"))
        *flags |= table ? LS_FACT_DROPS_COLUMN : LS_FACT_DROPS_OTHER;
    if (is(cmd, "subtype", "AT_AddColumn") && table)
        add_column(json_object_get(def, "ColumnDef"), flags);
    if (is(cmd, "subtype", "AT_AddConstraint") && !is_true(constraint, "skip_validation") &&
        (is(constraint, "contype", "CONSTR_CHECK") || is(constraint, "contype", "CONSTR_FOREIGN")))
        *flags |= LS_FACT_ADD_CONSTRAINT_VALID;
    if (is_true(json_object_get(def, "PartitionCmd"), "concurrent"))
        *flags |= LS_FACT_CONCURRENTLY;
    if (is(cmd, "behavior", "DROP_CASCADE"))
        *flags |= LS_FACT_CASCADES;
    if (is_true(cmd, "missing_ok"))
        *flags |= LS_FACT_IF_NOT_EXISTS;
}

static void on_alter_table(json_t *node, unsigned *flags)
{
    bool table = is(node, "objtype", "OBJECT_TABLE") || is(node, "objtype", "OBJECT_FOREIGN_TABLE");
    size_t i;
    json_t *cmd;
    json_array_foreach(json_object_get(node, "cmds"), i, cmd)
    {
        alter_command(json_object_get(cmd, "AlterTableCmd"), table, flags);
    }
}

static void on_alter_enum(json_t *node, unsigned *flags)
{
    *flags |= json_object_get(node, "oldVal") ? LS_FACT_RENAMES : LS_FACT_ADD_ENUM_VALUE;
    if (is_true(node, "skipIfNewValExists"))
        *flags |= LS_FACT_IF_NOT_EXISTS;
}

static void on_set(json_t *node, unsigned *flags)
{
    const char *name = json_string_value(json_object_get(node, "name"));
    if (!is_true(node, "is_local") && (!name || strncmp(name, "TRANSACTION", 11) != 0))
        *flags |= LS_FACT_SESSION_SET;
}

static void on_discard(json_t *node, unsigned *flags)
{
    if (is(node, "target", "DISCARD_ALL"))
        *flags |= LS_FACT_SESSION_SET;
}

static void on_copy(json_t *node, unsigned *flags)
{
    if (is_true(node, "is_from"))
        *flags |= LS_FACT_DML;
}

static void on_reindex(json_t *node, unsigned *flags)
{
    size_t i;
    json_t *option;
    json_array_foreach(json_object_get(node, "params"), i, option)
    {
        if (is(json_object_get(option, "DefElem"), "defname", "concurrently"))
            *flags |= LS_FACT_CONCURRENTLY;
    }
}

static const struct {
    const char *node;
    unsigned flags;
    void (*fn)(json_t *node, unsigned *flags);
} nodes[] = {
    {"CreateStmt", LS_FACT_CREATES_TABLE, NULL},
    {"CreateForeignTableStmt", LS_FACT_CREATES_TABLE, NULL},
    {"CreateTableAsStmt", 0, on_create_as},
    {"SelectStmt", 0, on_select},
    {"InsertStmt", 0, on_dml},
    {"UpdateStmt", 0, on_dml_where},
    {"DeleteStmt", 0, on_dml_where},
    {"MergeStmt", 0, on_dml},
    {"CopyStmt", 0, on_copy},
    {"IndexStmt", 0, on_index},
    {"DropStmt", 0, on_drop},
    {"DropdbStmt", LS_FACT_DROPS_SCHEMA, NULL},
    {"DropOwnedStmt", LS_FACT_DROPS_TABLE | LS_FACT_DROPS_OTHER, NULL},
    {"DropRoleStmt", LS_FACT_DROPS_OTHER, NULL},
    {"DropTableSpaceStmt", LS_FACT_DROPS_OTHER, NULL},
    {"DropSubscriptionStmt", LS_FACT_DROPS_OTHER, NULL},
    {"DropUserMappingStmt", LS_FACT_DROPS_OTHER, NULL},
    {"TruncateStmt", LS_FACT_TRUNCATES, NULL},
    {"AlterTableStmt", 0, on_alter_table},
    {"RenameStmt", LS_FACT_RENAMES, NULL},
    {"AlterObjectSchemaStmt", LS_FACT_RENAMES, NULL},
    {"AlterEnumStmt", 0, on_alter_enum},
    {"VariableSetStmt", 0, on_set},
    {"DiscardStmt", 0, on_discard},
    {"DoStmt", LS_FACT_OPAQUE, NULL},
    {"CallStmt", LS_FACT_OPAQUE, NULL},
    {"ExecuteStmt", LS_FACT_OPAQUE, NULL},
    {"ReindexStmt", 0, on_reindex},
};

/* stmt is {"NodeName": {...}}. */
static void statement(json_t *stmt, unsigned *flags)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(nodes); i++) {
        json_t *node = json_object_get(stmt, nodes[i].node);
        if (!node)
            continue;
        *flags |= nodes[i].flags;
        if (nodes[i].fn)
            nodes[i].fn(node, flags);
    }
    json_t *any = json_object_iter_value(json_object_iter(stmt));
    if (is_true(any, "concurrent"))
        *flags |= LS_FACT_CONCURRENTLY;
    if (is_true(any, "if_not_exists") || is_true(any, "missing_ok"))
        *flags |= LS_FACT_IF_NOT_EXISTS;
    if (is(any, "behavior", "DROP_CASCADE"))
        *flags |= LS_FACT_CASCADES;
}

bool ls_facts_parse_postgres(const char *stmt, size_t len, unsigned *flags)
{
    const struct pg_query_lib *lib = ls_facts_is_parsable(stmt, len) ? ls_pg_query() : NULL;
    if (!lib)
        return false;
    char *text = ls_strndup(stmt, len);
    PgQueryParseResult r = lib->pg_query_parse(text);
    json_t *tree = r.error || !r.parse_tree ? NULL : json_loads(r.parse_tree, 0, NULL);
    json_t *stmts = json_object_get(tree, "stmts"), *raw;
    bool parsed = json_array_size(stmts) > 0;
    size_t i;
    json_array_foreach(stmts, i, raw)
    {
        statement(json_object_get(raw, "stmt"), flags);
    }
    json_decref(tree);
    lib->pg_query_free_parse_result(r);
    free(text);
    return parsed;
}

#else

bool ls_facts_parse_postgres(const char *stmt, size_t len, unsigned *flags)
{
    (void)stmt;
    (void)len;
    (void)flags;
    return false;
}
#endif
