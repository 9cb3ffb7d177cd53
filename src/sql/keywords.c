/* sql/keywords.c: the words that a highlighter colours. Splitting and classes never ask this table.
 *
 * PostgreSQL: appendix "SQL Key Words" of its manual: the reserved ones, and of the others those that are rarely a column's name,
 * with the usual type names. SQLite: all of lang_keywords.html. */
#include <config.h>
#include "sql/lex_internal.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char *const postgres[] = {
    "ADD", "AFTER", "ALL", "ALTER", "ALWAYS", "ANALYSE", "ANALYZE", "AND", "ANY", "ARRAY", "AS", "ASC", "ASYMMETRIC",
    "ATOMIC", "ATTACH", "AUTHORIZATION", "BEFORE", "BEGIN", "BETWEEN", "BIGINT", "BIGSERIAL", "BINARY", "BIT", "BOOLEAN",
    "BOTH", "BY", "BYTEA", "CALL", "CASCADE", "CASCADED", "CASE", "CAST", "CHAR", "CHARACTER", "CHECK", "CLUSTER",
    "COALESCE", "COLLATE", "COLLATION", "COLUMN", "COMMENT", "COMMIT", "CONCURRENTLY", "CONFLICT", "CONSTRAINT", "COPY",
    "CREATE", "CROSS", "CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME",
    "CURRENT_TIMESTAMP", "CURRENT_USER", "CYCLE", "DATABASE", "DATE", "DEALLOCATE", "DEC", "DECIMAL", "DECLARE", "DEFAULT",
    "DEFERRABLE", "DEFERRED", "DELETE", "DESC", "DETACH", "DISABLE", "DISCARD", "DISTINCT", "DO", "DOMAIN", "DOUBLE",
    "DROP", "EACH", "ELSE", "ENABLE", "END", "ENUM", "ESCAPE", "EXCEPT", "EXCLUDE", "EXCLUDING", "EXECUTE", "EXISTS",
    "EXPLAIN", "EXTENSION", "EXTRACT", "FALSE", "FETCH", "FILTER", "FLOAT", "FOR", "FOREIGN", "FREEZE", "FROM", "FULL",
    "FUNCTION", "GENERATED", "GLOBAL", "GRANT", "GREATEST", "GROUP", "GROUPING", "HAVING", "IDENTITY", "IF", "ILIKE",
    "IMMEDIATE", "IMMUTABLE", "IN", "INCLUDE", "INCLUDING", "INCREMENT", "INDEX", "INHERIT", "INHERITS", "INITIALLY",
    "INNER", "INOUT", "INSERT", "INSTEAD", "INT", "INTEGER", "INTERSECT", "INTERVAL", "INTO", "INVOKER", "IS", "ISNULL",
    "ISOLATION", "JOIN", "JSON", "JSONB", "KEY", "LANGUAGE", "LATERAL", "LEADING", "LEAKPROOF", "LEAST", "LEFT", "LIKE",
    "LIMIT", "LOCAL", "LOCALTIME", "LOCALTIMESTAMP", "LOCK", "MATCHED", "MATERIALIZED", "MAXVALUE", "MERGE", "MINVALUE",
    "NATURAL", "NCHAR", "NO", "NONE", "NOT", "NOTHING", "NOTNULL", "NOWAIT", "NULL", "NULLIF", "NULLS", "NUMERIC", "OF",
    "OFFSET", "ON", "ONLY", "OPERATOR", "OPTION", "OR", "ORDER", "OUT", "OUTER", "OVER", "OVERLAPS", "OVERLAY",
    "OVERRIDING", "OWNED", "OWNER", "PARALLEL", "PARTITION", "PLACING", "POLICY", "PRECISION", "PREPARE", "PREPARED",
    "PRIMARY", "PRIVILEGES", "PROCEDURE", "PUBLICATION", "RANGE", "REAL", "RECURSIVE", "REFERENCES", "REFERENCING",
    "REFRESH", "REINDEX", "RELEASE", "RENAME", "REPLACE", "REPLICA", "RESET", "RESTART", "RESTRICT", "RETURN", "RETURNING",
    "RETURNS", "REVOKE", "RIGHT", "ROLE", "ROLLBACK", "ROW", "ROWS", "RULE", "SAVEPOINT", "SCHEMA", "SECURITY", "SELECT",
    "SEQUENCE", "SERIAL", "SERVER", "SESSION", "SESSION_USER", "SET", "SETOF", "SHARE", "SIMILAR", "SKIP", "SMALLINT",
    "SMALLSERIAL", "SOME", "STABLE", "START", "STATEMENT", "STATISTICS", "STDIN", "STDOUT", "STORAGE", "STORED", "STRICT",
    "SUBSCRIPTION", "SUBSTRING", "SYMMETRIC", "SYSTEM", "TABLE", "TABLESAMPLE", "TABLESPACE", "TEMP", "TEMPORARY", "TEXT",
    "THEN", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "TO", "TRAILING", "TRANSACTION", "TREAT", "TRIGGER", "TRIM", "TRUE",
    "TRUNCATE", "TYPE", "UNION", "UNIQUE", "UNLOGGED", "UPDATE", "USER", "USING", "UUID", "VACUUM", "VALID", "VALIDATE",
    "VALUES", "VARCHAR", "VARIADIC", "VERBOSE", "VIEW", "VOLATILE", "WHEN", "WHERE", "WINDOW", "WITH", "WITHIN", "WITHOUT",
    "WORK", "XMLPARSE", "ZONE",
};

static const char *const sqlite[] = {
    "ABORT", "ACTION", "ADD", "AFTER", "ALL", "ALTER", "ALWAYS", "ANALYZE", "AND", "AS", "ASC", "ATTACH", "AUTOINCREMENT",
    "BEFORE", "BEGIN", "BETWEEN", "BY", "CASCADE", "CASE", "CAST", "CHECK", "COLLATE", "COLUMN", "COMMIT", "CONFLICT",
    "CONSTRAINT", "CREATE", "CROSS", "CURRENT", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "DATABASE", "DEFAULT",
    "DEFERRABLE", "DEFERRED", "DELETE", "DESC", "DETACH", "DISTINCT", "DO", "DROP", "EACH", "ELSE", "END", "ESCAPE",
    "EXCEPT", "EXCLUDE", "EXCLUSIVE", "EXISTS", "EXPLAIN", "FAIL", "FILTER", "FIRST", "FOLLOWING", "FOR", "FOREIGN", "FROM",
    "FULL", "GENERATED", "GLOB", "GROUP", "GROUPS", "HAVING", "IF", "IGNORE", "IMMEDIATE", "IN", "INDEX", "INDEXED",
    "INITIALLY", "INNER", "INSERT", "INSTEAD", "INTERSECT", "INTO", "IS", "ISNULL", "JOIN", "KEY", "LAST", "LEFT", "LIKE",
    "LIMIT", "MATCH", "MATERIALIZED", "NATURAL", "NO", "NOT", "NOTHING", "NOTNULL", "NULL", "NULLS", "OF", "OFFSET", "ON",
    "OR", "ORDER", "OTHERS", "OUTER", "OVER", "PARTITION", "PLAN", "PRAGMA", "PRECEDING", "PRIMARY", "QUERY", "RAISE",
    "RANGE", "RECURSIVE", "REFERENCES", "REGEXP", "REINDEX", "RELEASE", "RENAME", "REPLACE", "RESTRICT", "RETURNING",
    "RIGHT", "ROLLBACK", "ROW", "ROWS", "SAVEPOINT", "SELECT", "SET", "TABLE", "TEMP", "TEMPORARY", "THEN", "TIES", "TO",
    "TRANSACTION", "TRIGGER", "UNBOUNDED", "UNION", "UNIQUE", "UPDATE", "USING", "VACUUM", "VALUES", "VIEW", "VIRTUAL",
    "WHEN", "WHERE", "WINDOW", "WITH", "WITHOUT",
};

/* clang-format on */

const char *const *ls_keywords(enum ls_dialect d, size_t *n)
{
    *n = d == LS_DIALECT_SQLITE ? LS_ARRAY_LEN(sqlite) : LS_ARRAY_LEN(postgres);
    return d == LS_DIALECT_SQLITE ? sqlite : postgres;
}

static int compare(const void *word, const void *entry)
{
    const char *const *e = entry;
    return strcmp(word, *e);
}

bool ls_keyword_known(enum ls_dialect d, const char *word, size_t len)
{
    char upper[20];
    if (len < 2 || len >= sizeof upper)
        return false;
    for (size_t i = 0; i < len; i++)
        upper[i] = word[i] >= 'a' && word[i] <= 'z' ? (char)(word[i] - 32) : word[i];
    upper[len] = '\0';
    size_t n;
    const char *const *table = ls_keywords(d, &n);
    return bsearch(upper, table, n, sizeof *table, compare) != NULL;
}
