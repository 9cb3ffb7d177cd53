/* The queries: what stands in the database rather than in a schema; what is found and has no fact. */
#include <config.h>

#include "db/postgres/catalog_sql.h"

/* clang-format off */

#define ENABLED(x) "case " x " when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end"
#define PROC_WORD(word, x) "case when " x " <> 0 then '" word " ' || " x "::regproc::text end"

/* How it sorts was decided when the database was made and differs between servers that are alike otherwise: a note. */
#define DATABASE                                                                                                                   \
    "select d.oid, 'database' as name, 'encoding=' || pg_encoding_to_char(d.encoding) as setting, "                                \
    "'collate=' || d.datcollate || ', ctype=' || d.datctype as parts from pg_database d where d.datname = current_database()"

#define LANGUAGES                                                                                                                  \
    "select l.oid, l.lanname as name, " OWNER("l.lanowner") " as owner, " ACL("l.lanacl", "l", "l.lanowner") " as privileges, "    \
    "concat_ws(', ', case when l.lanpltrusted then 'trusted' end, " PROC_WORD("handler", "l.lanplcallfoid::oid") ", "              \
    PROC_WORD("inline", "l.laninline::oid") ", " PROC_WORD("validator", "l.lanvalidator::oid") ") as attributes "                  \
    "from pg_language l where l.oid >= " USER_OID

/* Those of a range to its multirange come with it (deptype i). */
#define CASTS                                                                                                                      \
    "select c.oid, format_type(c.castsource, null) || ' as ' || format_type(c.casttarget, null) as name, concat_ws(', ', "         \
    "case c.castmethod when 'i' then 'inout' when 'b' then 'without function' end, "                                               \
    "case when c.castfunc <> 0 then 'function ' || c.castfunc::regprocedure::text end, "                                           \
    "case c.castcontext when 'i' then 'implicit' when 'a' then 'assignment' end) as attributes from pg_cast c where c.oid >= "     \
    USER_OID                                                                                                                       \
    " and not exists (select 1 from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i')"

#define TRANSFORMS                                                                                                                 \
    "select t.oid, format_type(t.trftype, null) || ' language ' || l.lanname as name, concat_ws(', ', "                            \
    "case when t.trffromsql <> 0 then 'from sql ' || t.trffromsql::regprocedure::text end, "                                       \
    "case when t.trftosql <> 0 then 'to sql ' || t.trftosql::regprocedure::text end) as attributes "                               \
    "from pg_transform t join pg_language l on l.oid = t.trflang where t.oid >= " USER_OID

#define ACCESS_METHODS                                                                                                             \
    "select a.oid, a.amname as name, concat_ws(', ', case a.amtype when 't' then 'table' when 'i' then 'index' end, 'handler ' "   \
    "|| a.amhandler::text) "                                                                                                       \
    "as attributes from pg_am a where a.oid >= " USER_OID

#define EVENT_TRIGGERS                                                                                                             \
    "select e.oid, e.evtname as name, " OWNER("e.evtowner") " as owner, e.evtevent as timing, e.evtfoid::regproc::text || '()' "   \
    "as calls, "                                                                                                                   \
    ENABLED("e.evtenabled") " as enabled, case when e.evttags is not null then 'tag in ' || "                                      \
    "(select string_agg(quote_literal(t), ', ' order by t collate \"C\") from unnest(e.evttags) t) end as when from "              \
    "pg_event_trigger e"

#define PUBLICATIONS                                                                                                               \
    "select p.oid, p.pubname as name, " OWNER("p.pubowner") " as owner, concat_ws(', ', case when p.puballtables then 'all "       \
    "tables' end, "                                                                                                                \
    "(select string_agg(t.x, ', ' order by t.x collate \"C\") from (select r.prrelid::regclass::text || "                          \
    "@15{coalesce(' (' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a where "           \
    "a.attrelid = r.prrelid "                                                                                                      \
    "and a.attnum = any(r.prattrs)) || ')', '') || coalesce(' where ' || pg_get_expr(r.prqual, r.prrelid), '')@@''} as x "         \
    "from pg_publication_rel r where r.prpubid = p.oid) t)"                                                                        \
    "@15{, (select string_agg('schema ' || quote_ident(n.nspname), ', ' order by n.nspname collate \"C\") from "                   \
    "pg_publication_namespace pn "                                                                                                 \
    "join pg_namespace n on n.oid = pn.pnnspid where pn.pnpubid = p.oid)@@}) as attributes, concat_ws(', ', "                      \
    "'publish=' || concat_ws(' ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end, "              \
    "case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end), "                                      \
    "case when p.pubviaroot then 'publish_via_partition_root=true' end, "                                                          \
    "case when to_jsonb(p)->>'pubgencols' = 's' then 'publish_generated_columns=stored' end) as options from pg_publication p"

#define PUBLISHED "select prpubid, prrelid from pg_publication_rel"

/* Everything but how to connect, which only superusers may read: catalog.c asks for that on its own. */
#define SUBSCRIPTIONS                                                                                                              \
    "select s.oid, s.subname as name, " OWNER("s.subowner") " as owner, case when not s.subenabled then 'disabled' end as "        \
    "enabled, "                                                                                                                    \
    "'publications ' || (select string_agg(quote_ident(u.p), ', ' order by u.p collate \"C\") from unnest(s.subpublications) "     \
    "u(p)) as attributes, "                                                                                                        \
    "concat_ws(', ', 'slot_name=' || coalesce(quote_ident(s.subslotname), 'none'), "                                               \
    "case when s.subsynccommit <> 'off' then 'synchronous_commit=' || s.subsynccommit end, @14{case when s.subbinary then "        \
    "'binary=true' end@@null}, "                                                                                                   \
    "@14{case s.substream::text when 't' then 'streaming=on' when 'true' then 'streaming=on' when 'p' then "                       \
    "'streaming=parallel' end@@null}, "                                                                                            \
    "@15{case when s.subtwophasestate <> 'd' then 'two_phase=true' end@@null}, @15{case when s.subdisableonerr then "              \
    "'disable_on_error=true' end@@null}, "                                                                                         \
    "@16{case when not s.subpasswordrequired then 'password_required=false' end@@null}, @16{case when s.subrunasowner then "       \
    "'run_as_owner=true' end@@null}, "                                                                                             \
    "@16{case when s.suborigin <> 'any' then 'origin=' || s.suborigin end@@null}, @17{case when s.subfailover then "               \
    "'failover=true' end@@null}) "                                                                                                 \
    "as options from pg_subscription s where s.subdbid = (select oid from pg_database where datname = current_database())"

#define FDWS                                                                                                                       \
    "select f.oid, f.fdwname as name, " OWNER("f.fdwowner") " as owner, " ACL("f.fdwacl", "F", "f.fdwowner") " as privileges, "    \
    FOREIGN_OPTIONS("f.fdwoptions") " as options, concat_ws(', ', " PROC_WORD("handler", "f.fdwhandler::oid") ", "                 \
    PROC_WORD("validator", "f.fdwvalidator::oid") ") as attributes from pg_foreign_data_wrapper f"

#define SERVERS                                                                                                                    \
    "select s.oid, s.srvname as name, " OWNER("s.srvowner") " as owner, " ACL("s.srvacl", "S", "s.srvowner") " as privileges, "    \
    FOREIGN_OPTIONS("s.srvoptions") " as options, concat_ws(', ', 'wrapper ' || quote_ident(f.fdwname), 'type ' || "               \
    "quote_literal(s.srvtype), "                                                                                                   \
    "'version ' || quote_literal(s.srvversion)) as attributes from pg_foreign_server s join pg_foreign_data_wrapper f on f.oid "   \
    "= s.srvfdw"

#define USER_MAPPINGS                                                                                                              \
    "select m.umid as oid, m.srvname as parent, case m.umuser when 0 then 'PUBLIC' else m.usename end as name, "                   \
    FOREIGN_OPTIONS("m.umoptions") " as options from pg_user_mappings m"

#define DEFAULT_ACLS                                                                                                               \
    "select d.oid, n.nspname as schema, pg_get_userbyid(d.defaclrole) || ' ' || case d.defaclobjtype when 'r' then 'tables' "      \
    "when 'S' then 'sequences' "                                                                                                   \
    "when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' when 'L' then 'large objects' else "                  \
    "d.defaclobjtype::text end as name, "                                                                                          \
    "(select string_agg(x.g || ': ' || x.p, '; ' order by x.g collate \"C\") from " ACL_SIDE("d.defaclacl", "d.defaclrole") " "    \
    "x) as privileges "                                                                                                            \
    "from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace"

#define COUNTED(what, table, condition, hint)                                                                                      \
    "select 'not-modelled', count(*) || ' " what "', '" hint "' from " table " where " condition " having count(*) > 0"
#define NO_RIGHTS                                                                                                                  \
    " union all select 'no-rights', 'the options of ' || count(*) || ' user mappings may not be seen', 'connect as a superuser "   \
    "or as the owner of the server' "                                                                                              \
    "from pg_user_mappings m join pg_foreign_server s on s.oid = m.srvid where m.umoptions is null and not (select rolsuper "      \
    "from pg_roles "                                                                                                               \
    "where rolname = current_user) and not pg_has_role(s.srvowner, 'usage') and not (m.umuser <> 0 and m.usename = current_user "  \
    "and has_server_privilege(s.oid, 'usage')) having count(*) > 0"

#define NOTES                                                                                                                      \
    COUNTED("large objects are there and are not compared", "pg_largeobject_metadata", "true", "")                                 \
    " union all " COUNTED("settings of this database and its roles are there and are not compared", "pg_db_role_setting",          \
                          "setdatabase = (select oid from pg_database where datname = current_database())", "ALTER DATABASE or "   \
                          "ALTER ROLE ... SET")                                                                                    \
    NO_RIGHTS
/* A server that is newer than this text. */
#define NEW_KINDS                                                                                                                  \
    COUNTED("relations of a kind that is not known", "pg_class", "relkind not in ('r','p','f','v','m','c','S','i','I','t') and "   \
    "oid >= " USER_OID,                                                                                                            \
                          "this server may be newer than lockstep")                                                                \
    " union all " COUNTED("constraints of a kind that is not known", "pg_constraint", "contype not in "                            \
    "('c','f','p','u','t','x','n') and oid >= " USER_OID,                                                                          \
                          "this server may be newer than lockstep")                                                                \
    " union all " COUNTED("types of a kind that is not known", "pg_type", "typtype not in ('b','c','d','e','p','r','m') and "      \
    "oid >= " USER_OID,                                                                                                            \
                          "this server may be newer than lockstep")                                                                \
    " union all " COUNTED("routines of a kind that is not known", "pg_proc", "prokind not in ('f','p','a','w') and oid >= "        \
    USER_OID,                                                                                                                      \
                          "this server may be newer than lockstep")

#define DEFINITIONS(class, oid, text, from) "select '" class "'::regclass::oid, " oid ", " text " from " from " and " oid " >= "   \
    USER_OID

const struct pgcat_query pgcat_other_queries[] = {
    {.sql = DATABASE, .kind = LS_FACT_DATABASE, .class = PGC_DATABASE, ON_OTHER},
    {.sql = LANGUAGES, .kind = LS_FACT_LANGUAGE, .class = PGC_LANGUAGE, .is_database_wide = true, ON_REST},
    {.sql = CASTS, .kind = LS_FACT_CAST, .class = PGC_CAST, .is_database_wide = true, ON_REST},
    {.sql = TRANSFORMS, .kind = LS_FACT_TRANSFORM, .class = PGC_TRANSFORM, .is_database_wide = true, ON_REST},
    {.sql = ACCESS_METHODS, .kind = LS_FACT_ACCESS_METHOD, .class = PGC_AM, .is_database_wide = true, ON_REST},
    {.sql = EVENT_TRIGGERS, .kind = LS_FACT_EVENT_TRIGGER, .class = PGC_EVENT_TRIGGER, .is_database_wide = true, ON_OTHER},
    {.sql = PUBLICATIONS, .kind = LS_FACT_PUBLICATION, .class = PGC_PUBLICATION, .is_database_wide = true,
     .sets = PGS_ON(PGS_OTHER) | PGS_ON(PGS_REL)},
    {.sql = PUBLISHED, .take = pgcat_take_published, .is_database_wide = true, ON_OTHER},
    {.sql = SUBSCRIPTIONS, .kind = LS_FACT_SUBSCRIPTION, .class = PGC_SUBSCRIPTION, .is_database_wide = true},
    {.sql = FDWS, .kind = LS_FACT_FDW, .class = PGC_FDW, .is_database_wide = true, ON_REST},
    {.sql = SERVERS, .kind = LS_FACT_SERVER, .class = PGC_SERVER, .is_database_wide = true, ON_REST},
    {.sql = USER_MAPPINGS, .kind = LS_FACT_USER_MAPPING, .class = PGC_USER_MAPPING, .is_database_wide = true, ON_OTHER},
    {.sql = DEFAULT_ACLS, .kind = LS_FACT_DEFAULT_ACL, .class = PGC_DEFAULT_ACL, ON_OTHER},
    {.sql = NOTES, .take = pgcat_take_notes, ON_OTHER},
    {.sql = NEW_KINDS, .take = pgcat_take_notes, .since = 19},
    {.sql = DEFINITIONS("pg_class", "i.indexrelid", "pg_get_indexdef(i.indexrelid)", "pg_index i where true"),
     .take = pgcat_take_definitions,
     .when = PGQ_DEFINITIONS},
    {.sql = DEFINITIONS("pg_constraint", "c.oid",
                        "'ALTER TABLE ' || c.conrelid::regclass::text || ' ADD CONSTRAINT ' || quote_ident(c.conname) || ' ' "     \
                        "|| pg_get_constraintdef(c.oid)",
                        "pg_constraint c where c.conrelid <> 0"),
     .take = pgcat_take_definitions,
     .when = PGQ_DEFINITIONS},
    {.sql = DEFINITIONS("pg_class", "c.oid",
                        "case c.relkind when 'v' then 'CREATE VIEW ' else 'CREATE MATERIALIZED VIEW ' end || "                     \
                        "c.oid::regclass::text || ' AS ' || "
                        "chr(10) || pg_get_viewdef(c.oid)",
                        "pg_class c where c.relkind in ('v', 'm')"),
     .take = pgcat_take_definitions,
     .when = PGQ_DEFINITIONS},
    {.sql = DEFINITIONS("pg_proc", "p.oid", "pg_get_functiondef(p.oid)", "pg_proc p where p.prokind <> 'a'"),
     .take = pgcat_take_definitions,
     .when = PGQ_DEFINITIONS},
    {.sql = DEFINITIONS("pg_trigger", "t.oid", "pg_get_triggerdef(t.oid)", "pg_trigger t where not t.tgisinternal"),
     .take = pgcat_take_definitions,
     .when = PGQ_DEFINITIONS},
    {.sql = DEFINITIONS("pg_rewrite", "r.oid", "pg_get_ruledef(r.oid)", "pg_rewrite r where r.rulename <> '_RETURN'"),
     .take = pgcat_take_definitions,
     .when = PGQ_DEFINITIONS},
    {.sql = DEFINITIONS("pg_statistic_ext", "s.oid", "pg_get_statisticsobjdef(s.oid)", "pg_statistic_ext s where true"),
     .take = pgcat_take_definitions,
     .when = PGQ_DEFINITIONS},
    END_OF_QUERIES,
};
