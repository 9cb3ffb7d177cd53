/* The queries: types, collations, conversions, operators, text search. */
#include <config.h>

#include "db/postgres/catalog_sql.h"

/* clang-format off */

/* A function by its name, with the schema unless that is pg_catalog; NULL where there is none. */
#define PROC(x) "case when " x " <> 0 then " x "::regproc::text end"
#define WORD(word, x) "case when " x " is not null then '" word " ' || " x " end"
#define PROC_WORD(word, x) "case when " x " <> 0 then '" word " ' || " x "::regproc::text end"
/* A collation that is not that of `usual`. */
#define COLLATION(x, usual)                                                                                                        \
    "case when " x " <> " usual " then (select " QUALIFIED("cn.nspname", "co.collname")                                            \
    " from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = " x ") end"

#define ENUMS                                                                                                                      \
    "select t.oid, t.typnamespace as nsp, t.typname as name, " OWNER("t.typowner") " as owner, "                                   \
    ACL("t.typacl", "T", "t.typowner")                                                                                             \
    " as privileges, (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where "          \
    "e.enumtypid = t.oid) "                                                                                                        \
    "as labels from pg_type t where t.typtype = 'e' and t.oid >= " USER_OID

#define DOMAINS                                                                                                                    \
    "select t.oid, t.typnamespace as nsp, t.typname as name, " OWNER("t.typowner") " as owner, "                                   \
    ACL("t.typacl", "T", "t.typowner")                                                                                             \
    " as privileges, format_type(t.typbasetype, t.typtypmod) as type, case when t.typnotnull then 'yes' end as \"not null\", "     \
    "pg_get_expr(t.typdefaultbin, 0) as default, " COLLATION("t.typcollation", "b.typcollation") " as collation "                  \
    "from pg_type t join pg_type b on b.oid = t.typbasetype where t.typtype = 'd' and t.oid >= " USER_OID

#define DOMAIN_CHECKS                                                                                                              \
    "select c.oid, t.typnamespace as nsp, t.typname as parent, c.conname as name, 'check' as form, pg_get_expr(c.conbin, 0) as "   \
    "expression, "                                                                                                                 \
    "case when not c.convalidated then 'yes' end as \"not valid\", c.conname as \"+name\", t.typname as \"+domain\" "              \
    "from pg_constraint c join pg_type t on t.oid = c.contypid where c.contypid >= " USER_OID " and c.contype = 'c' and not "      \
    "exists "                                                                                                                      \
    "(select 1 from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')"

#define COMPOSITES                                                                                                                 \
    "select t.oid, t.typnamespace as nsp, t.typname as name, " OWNER("t.typowner") " as owner, "                                   \
    ACL("t.typacl", "T", "t.typowner")                                                                                             \
    " as privileges, (select string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), 'collate "    \
    "' || "                                                                                                                        \
    COLLATION("a.attcollation", "at.typcollation") "), ', ' order by a.attnum) from pg_attribute a join pg_type at on at.oid = "   \
    "a.atttypid "                                                                                                                  \
    "where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as attributes, "                                       \
    "(select string_agg(quote_ident(a.attname) || ' ' || quote_literal(d.description), ', ' order by a.attnum) from "              \
    "pg_description d join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid where d.objoid = t.typrelid and "     \
    "d.classoid = 'pg_class'::regclass and d.objsubid > 0) as \"comment of parts\", t.typrelid as \"+relid\" "                     \
    "from pg_class c join pg_type t on t.oid = c.reltype where c.relkind = 'c' and c.oid >= " USER_OID

#define RANGES                                                                                                                     \
    "select t.oid, t.typnamespace as nsp, t.typname as name, " OWNER("t.typowner") " as owner, "                                   \
    ACL("t.typacl", "T", "t.typowner")                                                                                             \
    " as privileges, format_type(r.rngsubtype, null) as type, " COLLATION("r.rngcollation", "b.typcollation") " as collation, "    \
    "concat_ws(', ', case when not o.opcdefault then 'operator class ' || " QUALIFIED("n.nspname", "o.opcname") " end, "           \
    PROC_WORD("canonical", "r.rngcanonical::oid") ", " PROC_WORD("difference", "r.rngsubdiff::oid")                                \
    "@14{, 'multirange ' || format_type(r.rngmultitypid, null)@@}) as attributes, @14{r.rngmultitypid@@0} as \"+multirange\" "     \
    "from pg_range r join pg_type t on t.oid = r.rngtypid join pg_type b on b.oid = r.rngsubtype "                                 \
    "join pg_opclass o on o.oid = r.rngsubopc join pg_namespace n on n.oid = o.opcnamespace where t.oid >= " USER_OID

/* Not the array types that come with every other type. */
#define BASE_TYPES                                                                                                                 \
    "select t.oid, t.typnamespace as nsp, t.typname as name, " OWNER("t.typowner") " as owner, "                                   \
    ACL("t.typacl", "T", "t.typowner")                                                                                             \
    " as privileges, case when not t.typisdefined then 'shell' else concat_ws(', ', " PROC_WORD("input", "t.typinput::oid") ", "   \
    PROC_WORD("output", "t.typoutput::oid") ", " PROC_WORD("receive", "t.typreceive::oid") ", "                                    \
    PROC_WORD("send", "t.typsend::oid") ", "                                                                                       \
    PROC_WORD("typmod_in", "t.typmodin::oid") ", " PROC_WORD("typmod_out", "t.typmodout::oid") ", "                                \
    PROC_WORD("analyze", "t.typanalyze::oid") ", 'length ' || t.typlen, case when t.typbyval then 'passed by value' end, "         \
    "'alignment ' || t.typalign::text, 'storage ' || t.typstorage::text, 'category ' || t.typcategory::text, case when "           \
    "t.typispreferred then 'preferred' end, "                                                                                      \
    "'default ' || quote_literal(t.typdefault), case when t.typelem <> 0 then 'element ' || format_type(t.typelem, null) end, "    \
    "case when t.typdelim <> ',' then 'delimiter ' || t.typdelim::text end, case when t.typcollation <> 0 then 'collatable' "      \
    "end) end as attributes "                                                                                                      \
    "from pg_type t where (t.typtype = 'b' or not t.typisdefined) and t.oid >= " USER_OID                                          \
    " and (t.typelem = 0 or t.typlen <> -1 or not exists (select 1 from pg_type e where e.typarray = t.oid))"

#define COLLATIONS                                                                                                                 \
    "select c.oid, c.collnamespace as nsp, c.collname as name, " OWNER("c.collowner") " as owner, c.collversion as version, "      \
    "concat_ws(', ', 'provider ' || case c.collprovider when 'i' then 'icu' when 'c' then 'libc' when 'b' then 'builtin' when "    \
    "'d' then 'default' end, "                                                                                                     \
    "case when c.collprovider = 'c' then 'collate ' || quote_literal(c.collcollate) || ', ctype ' || "                             \
    "quote_literal(c.collctype) end, "                                                                                             \
    "case when c.collprovider <> 'c' then 'locale ' || quote_literal(coalesce(to_jsonb(c)->>'colllocale', "                        \
    "to_jsonb(c)->>'colliculocale', c.collcollate)) end, "                                                                         \
    "'rules ' || quote_literal(to_jsonb(c)->>'collicurules'), case when not c.collisdeterministic then 'not deterministic' "       \
    "end) as attributes "                                                                                                          \
    "from pg_collation c where c.oid >= " USER_OID

#define CONVERSIONS                                                                                                                \
    "select c.oid, c.connamespace as nsp, c.conname as name, " OWNER("c.conowner") " as owner, concat_ws(', ', "                   \
    "'from ' || pg_encoding_to_char(c.conforencoding), 'to ' || pg_encoding_to_char(c.contoencoding), 'function ' || "             \
    "c.conproc::regproc::text, "                                                                                                   \
    "case when c.condefault then 'default' end) as attributes from pg_conversion c where c.oid >= " USER_OID

#define OPERAND(x) "case when " x " = 0 then 'NONE' else format_type(" x ", null) end"
#define OPERATORS                                                                                                                  \
    "select o.oid, o.oprnamespace as nsp, o.oprname || '(' || " OPERAND("o.oprleft") " || ',' || " OPERAND("o.oprright") " || "    \
    "')' as name, "                                                                                                                \
    OWNER("o.oprowner") " as owner, format_type(o.oprresult, null) as type, concat_ws(', ', 'function ' || o.oprcode::text, "      \
    "case when o.oprcom <> 0 then 'commutator ' || o.oprcom::regoper::text end, case when o.oprnegate <> 0 then 'negator ' || "    \
    "o.oprnegate::regoper::text end, "                                                                                             \
    PROC_WORD("restrict", "o.oprrest::oid") ", " PROC_WORD("join", "o.oprjoin::oid") ", case when o.oprcanhash then 'hashes' "     \
    "end, "                                                                                                                        \
    "case when o.oprcanmerge then 'merges' end) as attributes from pg_operator o where o.oprcode <> 0 and o.oid >= " USER_OID

#define FAMILY_TYPES(x) "format_type(" x "lefttype, null) || ',' || format_type(" x "righttype, null)"
#define OPFAMILIES                                                                                                                 \
    "select f.oid, f.opfnamespace as nsp, f.opfname || ' using ' || am.amname as name, " OWNER("f.opfowner") " as owner, "         \
    "am.amname as method, "                                                                                                        \
    "concat_ws(', ', (select string_agg('operator ' || o.amopstrategy || ' ' || o.amopopr::regoperator::text || case when "        \
    "o.amopsortfamily <> 0 "                                                                                                       \
    "then ' for order by ' || (select " QUALIFIED("sn.nspname", "sf.opfname") " from pg_opfamily sf join pg_namespace sn on "      \
    "sn.oid = sf.opfnamespace "                                                                                                    \
    "where sf.oid = o.amopsortfamily) else '' end, ', ' order by o.amopstrategy, o.amopopr::regoperator::text collate \"C\") "     \
    "from pg_amop o where o.amopfamily = f.oid), (select string_agg('function ' || p.amprocnum || ' (' || "                        \
    FAMILY_TYPES("p.amproc")                                                                                                       \
    " || ') ' || p.amproc::regprocedure::text, ', ' order by p.amprocnum, " FAMILY_TYPES("p.amproc") " collate \"C\") from "       \
    "pg_amproc p "                                                                                                                 \
    "where p.amprocfamily = f.oid)) as attributes from pg_opfamily f join pg_am am on am.oid = f.opfmethod where f.oid >= " USER_OID

#define USER_OPCLASSES                                                                                                             \
    "select o.oid, o.opcnamespace as nsp, o.opcname || ' using ' || am.amname as name, " OWNER("o.opcowner") " as owner, "         \
    "am.amname as method, "                                                                                                        \
    "format_type(o.opcintype, null) as type, concat_ws(', ', case when o.opcdefault then 'default' end, 'family ' || "             \
    QUALIFIED("n.nspname", "f.opfname") ", case when o.opckeytype <> 0 then 'storage ' || format_type(o.opckeytype, null) end) "   \
    "as attributes "                                                                                                               \
    "from pg_opclass o join pg_am am on am.oid = o.opcmethod join pg_opfamily f on f.oid = o.opcfamily "                           \
    "join pg_namespace n on n.oid = f.opfnamespace where o.oid >= " USER_OID

#define TS_PARSERS                                                                                                                 \
    "select p.oid, p.prsnamespace as nsp, p.prsname as name, concat_ws(', ', " PROC_WORD("start", "p.prsstart::oid") ", "          \
    PROC_WORD("gettoken", "p.prstoken::oid") ", " PROC_WORD("end", "p.prsend::oid") ", "                                           \
    PROC_WORD("lextypes", "p.prslextype::oid") ", "                                                                                \
    PROC_WORD("headline", "p.prsheadline::oid") ") as attributes from pg_ts_parser p where p.oid >= " USER_OID

#define TS_TEMPLATES                                                                                                               \
    "select t.oid, t.tmplnamespace as nsp, t.tmplname as name, concat_ws(', ', " PROC_WORD("init", "t.tmplinit::oid") ", "         \
    PROC_WORD("lexize", "t.tmpllexize::oid") ") as attributes from pg_ts_template t where t.oid >= " USER_OID

#define TS_DICTIONARIES                                                                                                            \
    "select d.oid, d.dictnamespace as nsp, d.dictname as name, " OWNER("d.dictowner") " as owner, d.dictinitoption as options, "   \
    "'template ' || "                                                                                                              \
    QUALIFIED("n.nspname", "t.tmplname") " as attributes from pg_ts_dict d join pg_ts_template t on t.oid = d.dicttemplate "       \
    "join pg_namespace n on n.oid = t.tmplnamespace where d.oid >= " USER_OID

#define TS_CONFIGS                                                                                                                 \
    "select c.oid, c.cfgnamespace as nsp, c.cfgname as name, " OWNER("c.cfgowner") " as owner, concat_ws(', ', 'parser ' || "      \
    QUALIFIED("n.nspname", "p.prsname") ", (select string_agg(m.alias || ': ' || m.dicts, ', ' order by m.alias collate \"C\") "   \
    "from (select "                                                                                                                \
    "(select t.alias from ts_token_type(c.cfgparser) t where t.tokid = cm.maptokentype) as alias, "                                \
    "string_agg(cm.mapdict::regdictionary::text, ' ' order by cm.mapseqno) as dicts from pg_ts_config_map cm where cm.mapcfg = "   \
    "c.oid "                                                                                                                       \
    "group by cm.maptokentype) m)) as attributes from pg_ts_config c join pg_ts_parser p on p.oid = c.cfgparser "                  \
    "join pg_namespace n on n.oid = p.prsnamespace where c.oid >= " USER_OID

const struct pgcat_query pgcat_type_queries[] = {
    {.sql = ENUMS, .kind = LS_FACT_ENUM, .class = PGC_TYPE, ON_TYPE, .id = "oid", .guard = "nsp,name,labels"},
    {.sql = DOMAINS, .kind = LS_FACT_DOMAIN, .class = PGC_TYPE, ON_TYPE, .id = "oid", .guard = "nsp,name"},
    {.sql = DOMAIN_CHECKS, .kind = LS_FACT_CONSTRAINT, .class = PGC_CONSTRAINT, .each = pgcat_take_domain_check,
     .sets = PGS_ON(PGS_TYPE) | PGS_ON(PGS_DEPEND)},
    {.sql = COMPOSITES, .kind = LS_FACT_COMPOSITE, .class = PGC_TYPE, .each = pgcat_take_composite,
     .sets = PGS_ON(PGS_TYPE) | PGS_ON(PGS_REL) | PGS_ON(PGS_DESCRIPTION), .id = "oid", .guard = "nsp,name,attributes"},
    {.sql = RANGES, .kind = LS_FACT_RANGE, .class = PGC_TYPE, .each = pgcat_take_range,
     ON_TYPE, .id = "oid", .guard = "nsp,name,attributes"},
    {.sql = BASE_TYPES, .kind = LS_FACT_TYPE, .class = PGC_TYPE, ON_TYPE, .id = "oid", .guard = "nsp,name,attributes"},
    {.sql = COLLATIONS, .kind = LS_FACT_COLLATION, .class = PGC_COLLATION, ON_REST},
    {.sql = CONVERSIONS, .kind = LS_FACT_CONVERSION, .class = PGC_CONVERSION, ON_REST},
    {.sql = OPERATORS, .kind = LS_FACT_OPERATOR, .class = PGC_OPERATOR, ON_REST},
    {.sql = OPFAMILIES, .kind = LS_FACT_OPFAMILY, .class = PGC_OPFAMILY, ON_REST},
    {.sql = USER_OPCLASSES, .kind = LS_FACT_OPCLASS, .class = PGC_OPCLASS, ON_REST},
    {.sql = TS_PARSERS, .kind = LS_FACT_TS_PARSER, .class = PGC_TS_PARSER, ON_REST},
    {.sql = TS_TEMPLATES, .kind = LS_FACT_TS_TEMPLATE, .class = PGC_TS_TEMPLATE, ON_REST},
    {.sql = TS_DICTIONARIES, .kind = LS_FACT_TS_DICTIONARY, .class = PGC_TS_DICT, ON_REST},
    {.sql = TS_CONFIGS, .kind = LS_FACT_TS_CONFIG, .class = PGC_TS_CONFIG, ON_REST},
    END_OF_QUERIES,
};
