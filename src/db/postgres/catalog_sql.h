/* db/postgres/catalog_sql.h: pieces of the catalogue's queries. */
#ifndef DB_POSTGRES_CATALOG_SQL_H
#define DB_POSTGRES_CATALOG_SQL_H

#include "db/postgres/catalog_priv.h"

#define USER_OID "16384" /* FirstNormalObjectId: what initdb made has smaller ones */

/* Schemas of the system and of sessions' temporary objects; nothing a user makes may be named so. */
#define NOT_SYSTEM(name) name " !~ '^pg_' and " name " <> 'information_schema'"
#define SYSTEM_SCHEMAS   "(select oid from pg_namespace where nspname ~ '^pg_' or nspname = 'information_schema')"

/* An array of "key=value", sorted: their order means nothing. */
#define OPTIONS(x) "case when " x " is not null then (select string_agg(o, ', ' order by o collate \"C\") from unnest(" x ") o) end"
/* The same without the server's private attribute version, which recent servers put into nearly every column: whether there is more
 * is asked first. */
#define HAS_COLUMN_OPTIONS(x) "(" x " is not null and (cardinality(" x ") > 1 or " x "[1] not like 'pg_attver=%'))"
#define COLUMN_OPTIONS(x)                                                                                                          \
    "(select string_agg(o, ', ' order by o collate \"C\") from unnest(" x ") o where o not like 'pg_attver=%')"
/* Options of foreign objects, some of them secrets (aws_secret_access_key, api_key), one only named like one. */
#define FOREIGN_OPTIONS(x)                                                                                                         \
    "case when " x " is not null then (select string_agg(case when o ~* '^[^=]*(password|passwd|passphrase|secret|token|"          \
    "(api|access|account|private)_?key)[^=]*=' and o !~ '^password_required=' then split_part(o, '=', 1) || '=(hidden)' else o "   \
    "end, ', ' order by o collate \"C\") from unnest(" x ") o) end"

#define OWNER(x) "pg_get_userbyid(" x ")"

#define ACL_SIDE(acl, owner)                                                                                                       \
    "(select case a.grantee when 0 then 'PUBLIC' when " owner                                                                      \
    " then '(owner)' else quote_ident(pg_get_userbyid(a.grantee)) end as g, "                                                      \
    "string_agg(distinct a.privilege_type || case when a.is_grantable then '*' else '' end, ', ') as p from aclexplode(" acl       \
    ") a group by a.grantee)"
/* Privileges of those whose privileges are not the default ones: what was never granted and what was granted as it is anyway look
 * alike. */
#define ACL_FROM(acl, usual, owner)                                                                                                \
    "case when " acl " is not null then (select string_agg(coalesce(n.g, d.g) || ': ' || coalesce(n.p, 'nothing'), '; ' "          \
    "order by coalesce(n.g, d.g) collate \"C\") from " ACL_SIDE(acl, owner) " n full join " ACL_SIDE(                              \
        usual, owner) " d on n.g = d.g where n.p is distinct from d.p) end"
#define ACL(acl, type, owner) ACL_FROM(acl, "acldefault('" type "', " owner ")", owner)

#define QUALIFIED(nsp, name)                                                                                                       \
    "case when " nsp " = 'pg_catalog' then quote_ident(" name ") else quote_ident(" nsp ") || '.' || quote_ident(" name ") end"

/* An expression of a table's columns, written with those of another table (catalog_expr.c): to know the table's own names the server
 * would have to open it, which takes ten times as long as writing the text. One of the two that stand in has enough columns, nearly
 * always; the fewer it has, the faster. `within` is a condition with a hole: that no column has a higher number. */
#define FEW_COLUMNS  "2224" /* pg_sequence: 8 */
#define MANY_COLUMNS "2619" /* pg_statistic: 31 since PostgreSQL 12 */
#define STAND_INS    FEW_COLUMNS ", " MANY_COLUMNS
#define STAND_IN(within, table)                                                                                                    \
    "case when " within("8") " then " FEW_COLUMNS " when " within("31") " then " MANY_COLUMNS " else " table " end"
/* Their names and those of their columns. */
#define STAND_IN_NAMES                                                                                                             \
    "select oid, 0, relname::text collate \"C\" from pg_class where oid in (" STAND_INS ") union all "                             \
    "select attrelid, attnum, attname::text from pg_attribute where attrelid in (" STAND_INS ") and attnum > 0"
/* A condition for STAND_IN where the table is at hand. */
#define TABLE_WITHIN(n) "t.relnatts <= " n

/* What is asked for again when something has changed (struct pgcat_query). */
#define ROWS_OF(set, columns) .sets = PGS_ON(set), .by = set, .keys = columns
#define ON_REL                .sets = PGS_ON(PGS_REL)
#define ON_TYPE               .sets = PGS_ON(PGS_TYPE)
#define ON_OTHER              .sets = PGS_ON(PGS_OTHER)
#define ON_REST               .sets = PGS_ON(PGS_REST)

#define END_OF_QUERIES                                                                                                             \
    {                                                                                                                              \
        .sql = NULL                                                                                                                \
    }

#endif
