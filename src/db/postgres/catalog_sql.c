/* The queries: schemas, extensions, relations, columns, constraints, indexes, sequences; and what comes at the end: dependencies
 * and comments. */
#include <config.h>

#include "db/postgres/catalog_kept.h"
#include "db/postgres/catalog_sql.h"

/* clang-format off */

/* Behind "@in{". */
static const char *expand_in(const char *x, const char *buckets, struct ls_buf *out)
{
    const char *end = strchr(x, '}');

    if (buckets == NULL)
        ls_buf_adds(out, "true");
    else
        ls_buf_addf(out, "((%.*s)::bigint & %d) = any ('%s'::bigint[])", (int)(end - x), x, PGCAT_BUCKETS - 1, buckets);
    return end + 1;
}

void pgcat_expand(const char *sql, int version, const char *buckets, struct ls_buf *out)
{
    const char *at;

    while ((at = strchr(sql, '@')) != NULL) {
        char *open;
        long since = strtol(at + 1, &open, 10);
        const char *middle, *end;

        ls_buf_add(out, sql, (size_t)(at - sql));
        if (strncmp(at, "@in{", 4) == 0) {
            sql = expand_in(at + 4, buckets, out);
            continue;
        }
        if (open == at + 1 || *open != '{') {
            ls_buf_addc(out, '@');
            sql = at + 1;
            continue;
        }
        end = strchr(open, '}');
        middle = strstr(open, "@@");
        if (version / 10000 >= since)
            ls_buf_add(out, open + 1, (size_t)(middle - open - 1));
        else
            ls_buf_add(out, middle + 2, (size_t)(end - middle - 2));
        sql = end + 1;
    }
    ls_buf_adds(out, sql);
}

/* Of the schema public initdb has granted something: its own record of that is the default. */
#define SCHEMAS                                                                                                                    \
    "select n.oid, n.nspname as name, " OWNER("n.nspowner") " as owner, " ACL_FROM("n.nspacl",                                     \
    "coalesce((select initprivs from pg_init_privs i where i.objoid = n.oid and i.classoid = 'pg_namespace'::regclass and "        \
    "i.objsubid = 0), "                                                                                                            \
    "acldefault('n', n.nspowner))", "n.nspowner") " as privileges, n.oid as \"+oid\", n.nspname as \"+name\" from pg_namespace "   \
    "n where "                                                                                                                     \
    NOT_SYSTEM("n.nspname")

#define EXTENSIONS                                                                                                                 \
    "select e.oid, e.extname as name, e.extversion as version, 'schema ' || quote_ident(n.nspname) as attributes, "                \
    OWNER("e.extowner")                                                                                                            \
    " as owner from pg_extension e join pg_namespace n on n.oid = e.extnamespace"

/* What catalog_expr.c needs: the names of the tables and columns that stand in for others, and the words that are quoted as names. */
#define WORDS STAND_IN_NAMES " union all select 0, 0, word from pg_get_keywords() where catcode <> 'U' order by 1, 2, 3"

#define MEMBERS "select classid, objid, refobjid from pg_depend where refclassid = 'pg_extension'::regclass and deptype = 'e'"

/* A view's text shows which columns its tables have; of the tables of a routine it knows only the routine, or its type. */
#define RELATIONS                                                                                                                  \
    "select c.oid, c.relnamespace as nsp, c.relname as name, case c.relkind when 'v' then 'view' when 'm' then 'materialised "     \
    "view' "                                                                                                                       \
    "else 'table' end as kind, case c.relkind when 'p' then 'partitioned' when 'f' then 'foreign' end as form, "                   \
    OWNER("c.relowner") " as owner, " ACL("c.relacl", "r", "c.relowner") " as privileges, " OPTIONS("c.reloptions") " as "         \
    "options, "                                                                                                                    \
    "case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end as persistence, "                                \
    "case when c.relam not in (0, 2) then (select amname from pg_am a where a.oid = c.relam) end as \"access method\", "           \
    "case when c.reltablespace <> 0 then (select spcname from pg_tablespace t where t.oid = c.reltablespace) end as tablespace, "  \
    "case when c.relkind in ('r', 'p', 'm') then case c.relreplident when 'n' then 'nothing' when 'f' then 'full' end end as "     \
    "\"replica identity\", "                                                                                                       \
    "case when c.relrowsecurity then case when c.relforcerowsecurity then 'enabled, forced' else 'enabled' end "                   \
    "when c.relforcerowsecurity then 'forced' end as \"row security\", "                                                           \
    "case when c.reloftype <> 0 then format_type(c.reloftype, null) end as \"of type\", "                                          \
    "case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as \"partition by\", "                                            \
    "case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end as bound, "                                            \
    "case when c.relkind in ('v', 'm') then rtrim(ltrim(pg_get_viewdef(c.oid)), ';') end as body, "                                \
    "case when c.relkind = 'm' and not c.relispopulated then 'not populated' end as parts, "                                       \
    "c.oid as \"+oid\", c.relnamespace as \"+nsp\", c.relname as \"+name\", c.reltype as \"+type\", "                              \
    "c.relkind in ('v', 'm') as \"+view\" "                                                                                        \
    "from pg_class c where c.relkind in ('r', 'p', 'f', 'v', 'm') and (@in{c.oid} or (c.relkind in ('v', 'm') and exists "         \
    "(select from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid where r.ev_class = "     \
    "c.oid and ((d.refclassid = 'pg_class'::regclass and @in{d.refobjid}) or d.refclassid in ('pg_proc'::regclass, "               \
    "'pg_type'::regclass))))) "                                                                                                    \
    "and c.relnamespace not in " SYSTEM_SCHEMAS

#define STORAGE_WORD(x) "case " x " when 'p' then 'plain' when 'm' then 'main' when 'x' then 'extended' when 'e' then "            \
    "'external' end"
/* The types of the system go without their names, TYPE_NAMES has them. */
#define COLUMNS                                                                                                                    \
    "select a.attrelid, a.attnum, a.attname, a.atttypid, "                                                                         \
    "case when a.atttypmod >= 0 or a.atttypid >= " USER_OID " then format_type(a.atttypid, a.atttypmod) end, a.attnotnull, "       \
    "a.attcollation, "                                                                                                             \
    "case when a.attcollation <> t.typcollation then (select " QUALIFIED("n.nspname", "o.collname")                                \
    " from pg_collation o join pg_namespace n on n.oid = o.collnamespace where o.oid = a.attcollation) end, "                      \
    "case when a.attstorage <> t.typstorage then " STORAGE_WORD("a.attstorage") " end, "                                           \
    "@14{case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end@@null}, "                                              \
    "case when a.attstattarget >= 0 then a.attstattarget end, "                                                                    \
    "case when " HAS_COLUMN_OPTIONS("a.attoptions") " or a.attfdwoptions is not null then concat_ws(', ', "                        \
    COLUMN_OPTIONS("a.attoptions") ", "                                                                                            \
    FOREIGN_OPTIONS("a.attfdwoptions") ") end, a.attidentity, a.attgenerated, " ACL("a.attacl", "c", "c.relowner")                 \
    " from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid "                             \
    "where @in{c.oid} and c.relkind in ('r', 'p', 'f', 'v', 'm') and a.attnum > 0 and not a.attisdropped and "                     \
    "c.relnamespace not in " SYSTEM_SCHEMAS

/* Only what a generated column has names columns: all else is written without its table, which the server need not open then. */
#define DEFAULTS                                                                                                                   \
    "select d.adrelid, d.adnum, d.oid, pg_get_expr(d.adbin, case when d.adbin::text like '%{VAR %' then d.adrelid else 0 end) "    \
    "from pg_attrdef d where @in{d.adrelid} and d.adrelid >= " USER_OID

/* -1 and not null: character without a length is character(1) to whoever reads it, bpchar is what is meant. */
#define TYPE_NAMES "select oid, format_type(oid, -1) from pg_type where oid < " USER_OID " and typtype in ('b', 'd', 'r', "        \
    "'m', 'p')"

#define TOAST                                                                                                                      \
    "select c.oid, (select string_agg(o, ', ' order by o collate \"C\") from (select unnest(c.reloptions) o union all "            \
    "select 'toast.' || unnest(t.reloptions)) x), t.oid as toast from pg_class t join pg_class c on "                              \
    "c.reltoastrelid = t.oid "                                                                                                     \
    "where (@in{c.oid} or @in{t.oid}) and t.relkind = 't' and t.reloptions is not null and c.relnamespace not in " SYSTEM_SCHEMAS

#define INHERITS                                                                                                                   \
    "select i.inhrelid, i.inhparent, c.relispartition, @14{i.inhdetachpending@@false} from pg_inherits i "                         \
    "join pg_class c on c.oid = i.inhrelid where c.relkind in ('r', 'p', 'f') order by i.inhrelid, i.inhseqno"

#define FOREIGN_TABLES                                                                                                             \
    "select f.ftrelid, s.srvname, " FOREIGN_OPTIONS("f.ftoptions") ", f.ftserver from pg_foreign_table f join "                    \
    "pg_foreign_server s on s.oid = f.ftserver"

#define SEQUENCES                                                                                                                  \
    "select s.seqrelid, c.relnamespace, c.relname, " OWNER("c.relowner") ", " ACL("c.relacl", "s", "c.relowner") ", "              \
    "case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end, format_type(s.seqtypid, null), s.seqstart, "    \
    "s.seqincrement, "                                                                                                             \
    "s.seqmax, s.seqmin, s.seqcache, s.seqcycle, "                                                                                 \
    "case s.seqtypid when 21 then 32767 when 23 then 2147483647 else 9223372036854775807 end, "                                    \
    "case s.seqtypid when 21 then -32768 when 23 then -2147483648 else -9223372036854775808 end "                                  \
    "from pg_sequence s join pg_class c on c.oid = s.seqrelid where @in{s.seqrelid} and c.relnamespace not in " SYSTEM_SCHEMAS

#define COLLATION_NAMES                                                                                                            \
    "select c.oid, " QUALIFIED("n.nspname", "c.collname") " from pg_collation c join pg_namespace n on n.oid = c.collnamespace"

#define OPCLASSES                                                                                                                  \
    "select o.oid, " QUALIFIED("n.nspname", "o.opcname") ", o.opcmethod, o.opcintype, o.opcdefault from pg_opclass o "             \
    "join pg_namespace n on n.oid = o.opcnamespace"

/* Not what a parent has handed down: that is the parent's. A constraint trigger is a trigger; NOT NULL is the column's. */
#define KEY_WITHIN(n) "c.conkey is null or " n " >= all (c.conkey)"
#define CONSTRAINTS                                                                                                                \
    "select c.oid, c.conname, c.contype, c.condeferrable, c.condeferred, c.convalidated, @18{c.conenforced@@true}, c.conrelid, "   \
    "c.conindid, "                                                                                                                 \
    "c.confrelid, c.confupdtype, c.confdeltype, c.confmatchtype, c.connoinherit, c.conkey, c.confkey, "                            \
    "@15{c.confdelsetcols@@null}, "                                                                                                \
    "@18{c.conperiod@@false}, case when c.contype = 'c' then pg_get_expr(c.conbin, " STAND_IN(KEY_WITHIN, "c.conrelid") ") end, "  \
    "case when c.contype = 'c' then " STAND_IN(KEY_WITHIN, "c.conrelid") " end, "                                                  \
    "case when c.contype = 'x' then (select string_agg(case when n.nspname = 'pg_catalog' then o.oprname "                         \
    "else 'operator(' || quote_ident(n.nspname) || '.' || o.oprname || ')' end, ',' order by u.place) "                            \
    "from unnest(c.conexclop) with ordinality u(op, place) join pg_operator o on o.oid = u.op join pg_namespace n on n.oid = "     \
    "o.oprnamespace) end "                                                                                                         \
    "from pg_constraint c where @in{c.conrelid} and c.conrelid >= " USER_OID " and c.contype in ('p', 'u', 'x', 'c', 'f') and "    \
    "c.conparentid = 0 "                                                                                                           \
    "and (c.conislocal or c.coninhcount = 0)"

#define NOT_NULLS                                                                                                                  \
    "select conrelid, conkey[1], 'yes' || case when connoinherit then ', no inherit' else '' end || "                              \
    "case when convalidated then '' else ', not valid' end from pg_constraint where @in{conrelid} and contype = 'n' and "          \
    "conrelid >= " USER_OID                                                                                                        \
    " and (connoinherit or not convalidated)"

/* Only the classes of methods other than these two have parameters. A partition's index is its parent's, but for one that a key of the
 * partition's own stands on. */
#define INDEXES                                                                                                                    \
    "select i.indexrelid, i.indrelid, c.relname, i.indnkeyatts, i.indisunique, i.indisvalid and i.indisready, "                    \
    "i.indisclustered, i.indisreplident, "                                                                                         \
    "@15{i.indnullsnotdistinct@@false}, i.indkey, i.indcollation, i.indclass, i.indoption, "                                       \
    "case when i.indexprs is not null then pg_get_expr(i.indexprs, " STAND_IN(TABLE_WITHIN, "t.oid") ") end, "                     \
    "case when i.indpred is not null then pg_get_expr(i.indpred, " STAND_IN(TABLE_WITHIN, "t.oid") ") end, "                       \
    STAND_IN(TABLE_WITHIN, "t.oid") ", a.amname, a.amname = 'btree', " OPTIONS("c.reloptions") ", "                                \
    "case when c.reltablespace <> 0 then (select spcname from pg_tablespace t where t.oid = c.reltablespace) end "                 \
    ", case when a.amname not in ('btree', 'hash') then (select string_agg(p.attnum || ': ' || "                                   \
    "" COLUMN_OPTIONS("p.attoptions") ", '; ' "                                                                                    \
    "order by p.attnum) from pg_attribute p where p.attrelid = i.indexrelid and " HAS_COLUMN_OPTIONS("p.attoptions") ") end "      \
    "from pg_index i join pg_class c on c.oid = i.indexrelid and c.relkind in ('i', 'I') join pg_class t on t.oid = i.indrelid "   \
    "and t.relkind in ('r', 'p', 'm') join pg_am a on a.oid = c.relam "                                                            \
    "where (@in{i.indrelid} or @in{i.indexrelid}) and i.indrelid >= " USER_OID " and (not c.relispartition or i.indexrelid in "    \
    "(select conindid from pg_constraint where conparentid = 0 and contype in ('p', 'u', 'x'))) and c.relnamespace not in "        \
    SYSTEM_SCHEMAS

/* Only expressions have a target of their own. */
#define INDEX_TARGETS                                                                                                              \
    "select attrelid, string_agg(attnum || ': ' || attstattarget, '; ' order by attnum) from pg_attribute "                        \
    "where attstattarget >= 0 and attnum > 0 and attrelid in (select indexrelid from pg_index where indexprs is not null and "     \
    "@in{indexrelid}) group by attrelid"

const struct pgcat_query pgcat_table_queries[] = {
    {.sql = SCHEMAS, .kind = LS_FACT_SCHEMA, .class = PGC_NAMESPACE, .each = pgcat_take_schema, ON_OTHER,
     .id = "oid", .guard = "name"},
    {.sql = WORDS, .take = pgcat_take_words, ON_REST},
    {.sql = EXTENSIONS, .kind = LS_FACT_EXTENSION, .class = PGC_EXTENSION, ON_REST},
    {.sql = MEMBERS, .take = pgcat_take_members, .sets = PGS_ON(PGS_DEPEND)},
    {.sql = RELATIONS, .class = PGC_CLASS, .each = pgcat_take_relation,
     ROWS_OF(PGS_REL, "oid"), .id = "oid", .guard = "nsp,name"},
    {.sql = TYPE_NAMES, .take = pgcat_take_type_names, ON_REST},
    {.sql = COLUMNS, .take = pgcat_take_columns, ROWS_OF(PGS_REL, "attrelid"), .id = "attrelid,attnum", .guard = "attname"},
    {.sql = DEFAULTS, .take = pgcat_take_defaults, ROWS_OF(PGS_REL, "adrelid")},
    {.sql = TOAST, .take = pgcat_take_toast, ROWS_OF(PGS_REL, "oid,toast")},
    {.sql = INHERITS, .take = pgcat_take_inherits, ON_REL},
    {.sql = FOREIGN_TABLES, .take = pgcat_take_foreign_tables, ON_REL},
    {.sql = SEQUENCES, .take = pgcat_take_sequences,
     ROWS_OF(PGS_REL, "seqrelid"), .id = "seqrelid", .guard = "relnamespace,relname"},
    {.sql = COLLATION_NAMES, .take = pgcat_take_collations, ON_REST},
    {.sql = OPCLASSES, .take = pgcat_take_opclasses, ON_REST},
    {.sql = CONSTRAINTS, .take = pgcat_take_constraints, ROWS_OF(PGS_REL, "conrelid")},
    {.sql = NOT_NULLS, .take = pgcat_take_not_nulls, .since = 18, ROWS_OF(PGS_REL, "conrelid")},
    {.sql = INDEXES, .take = pgcat_take_indexes,
     ROWS_OF(PGS_REL, "indrelid,indexrelid"), .id = "indexrelid", .guard = "relname"},
    {.sql = INDEX_TARGETS, .take = pgcat_take_index_targets, ROWS_OF(PGS_REL, "attrelid")},
    END_OF_QUERIES,
};

/* --- the end --- */

#define ARRAYS                                                                                                                     \
    "select oid, typelem from pg_type where typelem <> 0 and oid >= " USER_OID                                                     \
    " and oid in (select refobjid from pg_depend where refclassid = 'pg_type'::regclass and deptype = 'n')"

#define VIEW_RULES "select oid, ev_class from pg_rewrite where rulename = '_RETURN' and oid >= " USER_OID

/* Only what can be an edge between two facts, and what the columns of pg_constraint and pg_index do not say already: the columns
 * and the table of a key, the schema that something is in, and what belongs together anyway stay out. The automatic ones: who owns
 * a sequence, the columns of a statistics object, of an index's expressions, of a generated column (13 and 14). */
#define EDGES                                                                                                                      \
    "select classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype from pg_depend where @in{objid} and "             \
    "objid >= " USER_OID                                                                                                           \
    " and refobjid >= " USER_OID " and refclassid <> 'pg_namespace'::regclass and (case "                                          \
    "when deptype = 'n' then not (classid = 'pg_constraint'::regclass and refclassid = 'pg_class'::regclass) "                     \
    "when deptype = 'i' then classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and refobjsubid > 0 "            \
    "when deptype <> 'a' then false "                                                                                              \
    "when classid = 'pg_class'::regclass then refclassid = 'pg_class'::regclass and refobjsubid > 0 and (objsubid > 0 or objid "   \
    "in (select seqrelid from pg_sequence) "                                                                                       \
    "or objid in (select indexrelid from pg_index where indexprs is not null or indpred is not null)) "                            \
    "else classid = 'pg_statistic_ext'::regclass end)"

#define COMMENTS "select classoid, objoid, objsubid, description from pg_description where @in{objoid} and "                       \
    "(objoid >= " USER_OID " or "                                                                                                  \
    "classoid = 'pg_namespace'::regclass)"

#define LABELS                                                                                                                     \
    "select classoid, objoid, objsubid, string_agg(provider || ': ' || label, '; ' order by provider) from pg_seclabel group "     \
    "by 1, 2, 3"

/* Before 14 a table that was never looked at has no rows and no pages, and not -1 rows. */
#define SIZES                                                                                                                      \
    "select c.oid, case when @14{c.reltuples >= 0@@c.relpages > 0} then c.reltuples::bigint end, case when c.relkind in ('r', 'm', 'i') then "          \
    "case when c.relkind = 'i' then pg_relation_size(c.oid) else pg_total_relation_size(c.oid) end end from pg_class c "           \
    "where c.relkind in ('r', 'p', 'm', 'i') and c.relnamespace not in " SYSTEM_SCHEMAS

const struct pgcat_query pgcat_last_queries[] = {
    {.sql = ARRAYS, .take = pgcat_take_arrays, .sets = PGS_ON(PGS_TYPE) | PGS_ON(PGS_DEPEND)},
    {.sql = VIEW_RULES, .take = pgcat_take_view_rules, ON_REL},
    {.sql = EDGES, .take = pgcat_take_edges, ROWS_OF(PGS_DEPEND, "objid")},
    {.sql = COMMENTS, .take = pgcat_take_comments, ROWS_OF(PGS_DESCRIPTION, "objoid")},
    {.sql = LABELS, .take = pgcat_take_labels, ON_OTHER},
    {.sql = SIZES, .take = pgcat_take_sizes, .when = PGQ_SIZES},
    END_OF_QUERIES,
};
