/* The queries: functions, and what calls them: triggers, rules, policies; statistics objects. */
#include <config.h>

#include "db/postgres/catalog_sql.h"

/* clang-format off */

#define ENABLED(x) "case " x " when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end"
#define PROC_WORD(word, x) "case when " x " <> 0 then '" word " ' || " x "::regproc::text end"
#define SIGNATURE "p.proname || '(' || replace(oidvectortypes(p.proargtypes), ', ', ',') || ')'"

/* Servers before 14 leave out IN; a procedure has no OUT there. */
#define PROCEDURE_ARGUMENTS                                                                                                        \
    "coalesce((select string_agg(case p.proargmodes[u.n] when 'b' then 'INOUT ' when 'v' then 'VARIADIC ' else 'IN ' end || "      \
    "coalesce(quote_ident(nullif(p.proargnames[u.n], '')) || ' ', '') || format_type(u.t, null) || coalesce(' DEFAULT ' || "       \
    "pg_get_function_arg_default(p.oid, u.n::int), ''), ', ' order by u.n) from unnest(coalesce(p.proallargtypes, "                \
    "p.proargtypes::oid[])) with ordinality u(t, n)), '')"
#define ROUTINE_ARGUMENTS                                                                                                          \
    "@14{pg_get_function_arguments(p.oid)@@case p.prokind when 'p' then " PROCEDURE_ARGUMENTS " else "                             \
    "pg_get_function_arguments(p.oid) end}"

/* Constructors of range types belong to these (deptype i). */
#define FUNCTIONS                                                                                                                  \
    "select p.oid, p.pronamespace as nsp, case p.prokind when 'p' then 'procedure' else 'function' end as kind, " SIGNATURE " "    \
    "as name, "                                                                                                                    \
    OWNER("p.proowner") " as owner, " ACL("p.proacl", "f", "p.proowner") " as privileges, case p.prokind when 'w' then "           \
    "'window' end as form, "                                                                                                       \
    "pg_get_function_result(p.oid) as type, " ROUTINE_ARGUMENTS " as arguments, l.lanname as method, "                             \
    "case p.provolatile when 'i' then 'immutable' when 's' then 'stable' end as volatility, case when p.proisstrict then 'yes' "   \
    "end as strict, "                                                                                                              \
    "case when p.prosecdef then 'definer' end as security, " OPTIONS("p.proconfig") " as options, "                                \
    "@14{coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)@@p.prosrc} as body, concat_ws(', ', 'file ' || "                       \
    "quote_literal(p.probin), "                                                                                                    \
    "case when p.proleakproof then 'leakproof' end, case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel "     \
    "restricted' end, "                                                                                                            \
    "case when p.procost <> (case when l.lanname in ('c', 'internal') then 1 else 100 end) then 'cost ' || p.procost end, "        \
    "case when p.proretset and p.prorows <> 1000 then 'rows ' || p.prorows end, " PROC_WORD("support", "p.prosupport::oid") ", "   \
    "case when p.protrftypes is not null then 'transform ' || array_to_string(array(select format_type(u.t, null) from "           \
    "unnest(p.protrftypes) u(t)), ', ') "                                                                                          \
    "end) as attributes, pg_get_function_arguments(p.oid) is null as \"+gone\" "                                                   \
    "from pg_proc p join pg_language l on l.oid = p.prolang where p.prokind <> 'a' and (@in{p.oid} "                               \
    "@14{or p.prosqlbody is not null@@}) and p.oid >= " USER_OID                                                                   \
    " and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')"

#define AGGREGATES                                                                                                                 \
    "select p.oid, p.pronamespace as nsp, " SIGNATURE " as name, " OWNER("p.proowner") " as owner, "                               \
    ACL("p.proacl", "f", "p.proowner")                                                                                             \
    " as privileges, pg_get_function_result(p.oid) as type, pg_get_function_arguments(p.oid) as arguments, "                       \
    "case a.aggkind when 'o' then 'ordered set' when 'h' then 'hypothetical set' end as form, concat_ws(', ', "                    \
    PROC_WORD("sfunc", "a.aggtransfn::oid") ", 'stype ' || format_type(a.aggtranstype, null), case when a.aggtransspace <> 0 "     \
    "then 'sspace ' || a.aggtransspace end, "                                                                                      \
    PROC_WORD("finalfunc", "a.aggfinalfn::oid") ", case when a.aggfinalextra then 'finalfunc_extra' end, "                         \
    "case when a.aggfinalmodify <> 'r' then 'finalfunc_modify ' || a.aggfinalmodify::text end, "                                   \
    PROC_WORD("combinefunc", "a.aggcombinefn::oid") ", "                                                                           \
    PROC_WORD("serialfunc", "a.aggserialfn::oid") ", " PROC_WORD("deserialfunc", "a.aggdeserialfn::oid") ", "                      \
    "'initcond ' || quote_literal(a.agginitval), " PROC_WORD("msfunc", "a.aggmtransfn::oid") ", "                                  \
    PROC_WORD("minvfunc", "a.aggminvtransfn::oid") ", "                                                                            \
    "case when a.aggmtranstype <> 0 then 'mstype ' || format_type(a.aggmtranstype, null) end, "                                    \
    "case when a.aggmtransspace <> 0 then 'msspace ' || a.aggmtransspace end, "                                                    \
    PROC_WORD("mfinalfunc", "a.aggmfinalfn::oid") ", "                                                                             \
    "case when a.aggmfinalextra then 'mfinalfunc_extra' end, 'minitcond ' || quote_literal(a.aggminitval), "                       \
    "case when a.aggmtransfn <> 0 and a.aggmfinalmodify <> 'r' then 'mfinalfunc_modify ' || a.aggmfinalmodify::text end, "         \
    "case when a.aggsortop <> 0 then 'sortop ' || a.aggsortop::regoperator::text end, "                                            \
    "case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end) as attributes "                     \
    "from pg_proc p join pg_aggregate a on a.aggfnoid = p.oid where @in{p.oid} and p.prokind = 'a' and p.oid >= " USER_OID

/* What a partition has from its parent's trigger is that one's, unless somebody has switched it. Four of five are of foreign keys:
 * they are put aside before the join. */
#define TRIGGERS                                                                                                                   \
    "select t.oid, t.tgrelid as relid, t.tgname as name, " ENABLED("t.tgenabled") " as enabled, "                                  \
    "case when t.tgconstraint <> 0 then 'constraint' end as form, "                                                                \
    "case when t.tgdeferrable then case when t.tginitdeferred then 'initially deferred' else 'deferrable' end end as "             \
    "deferrable, "                                                                                                                 \
    "t.tgrelid as \"+relid\", t.tgtype as \"+type\", t.tgattr as \"+columns\", pg_get_triggerdef(t.oid) as \"+definition\", "      \
    "t.tgoldtable as \"+old\", t.tgnewtable as \"+new\", case when t.tgconstrrelid <> 0 then t.tgconstrrelid::regclass::text "     \
    "end as \"+other\", u.tgrelid as \"+parent\" "                                                                                 \
    "from pg_trigger t left join pg_trigger u on u.oid = t.tgparentid "                                                            \
    "where (@in{t.tgrelid} or @in{u.tgrelid}) and t.oid >= " USER_OID " and (not t.tgisinternal or t.tgparentid <> 0) and "        \
    "((not t.tgisinternal and t.tgparentid = 0) or t.tgenabled <> u.tgenabled)"

#define RULES                                                                                                                      \
    "select r.oid, r.ev_class as relid, r.rulename as name, " ENABLED("r.ev_enabled") " as enabled, "                              \
    "case r.ev_type when '1' then 'select' when '2' then 'update' when '3' then 'insert' when '4' then 'delete' end as timing, "   \
    "pg_get_ruledef(r.oid) as \"+definition\" from pg_rewrite r where r.rulename <> '_RETURN' and r.oid >= " USER_OID

#define POLICIES                                                                                                                   \
    "select p.oid, p.polrelid as relid, p.polname as name, "                                                                       \
    "case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end "    \
    "as timing, "                                                                                                                  \
    "case when p.polpermissive then 'permissive' else 'restrictive' end as level, (select string_agg(case when u.r = 0 then "      \
    "'PUBLIC' "                                                                                                                    \
    "else quote_ident(pg_get_userbyid(u.r)) end, ', ' order by pg_get_userbyid(u.r) collate \"C\") from unnest(p.polroles) "       \
    "u(r)) as roles, "                                                                                                             \
    "pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as \"with check\", "                     \
    "coalesce(p.polqual, p.polwithcheck) is not null and pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid) is null "    \
    "as \"+gone\" from pg_policy p"

#define STATISTICS                                                                                                                 \
    "select s.oid, s.stxnamespace as nsp, s.stxname as name, " OWNER("s.stxowner") " as owner, (select string_agg(case u.kind "    \
    "when 'd' then 'ndistinct' "                                                                                                   \
    "when 'f' then 'dependencies' when 'm' then 'mcv' else null end, ', ' order by u.kind) from unnest(s.stxkind) u(kind)) as "    \
    "method, "                                                                                                                     \
    "@14{pg_get_statisticsobjdef_columns(s.oid)@@(select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from "         \
    "pg_attribute a "                                                                                                              \
    "where a.attrelid = s.stxrelid and a.attnum = any(s.stxkeys))} as key, s.stxrelid::regclass::text as references, "             \
    "case when s.stxstattarget >= 0 then s.stxstattarget end as \"statistics target\", pg_get_statisticsobjdef(s.oid) is null "    \
    "as \"+gone\" from pg_statistic_ext s"

const struct pgcat_query pgcat_code_queries[] = {
    /* A body in SQL shows which columns its tables have. */
    {.sql = FUNCTIONS, .class = PGC_PROC, .each = pgcat_take_gone, .sets = PGS_ON(PGS_PROC) | PGS_ON(PGS_REL), .by = PGS_PROC,
     .keys = "oid", .id = "oid", .guard = "nsp,name"},
    {.sql = AGGREGATES, .kind = LS_FACT_AGGREGATE, .class = PGC_PROC,
     ROWS_OF(PGS_PROC, "oid"), .id = "oid", .guard = "nsp,name"},
    {.sql = TRIGGERS, .kind = LS_FACT_TRIGGER, .class = PGC_TRIGGER, .each = pgcat_take_trigger,
     ROWS_OF(PGS_REL, "relid,+parent"), .id = "oid"},
    {.sql = RULES, .kind = LS_FACT_RULE, .class = PGC_REWRITE, .each = pgcat_take_rule, ON_REL},
    {.sql = POLICIES, .kind = LS_FACT_POLICY, .class = PGC_POLICY, .each = pgcat_take_gone, ON_REL},
    {.sql = STATISTICS, .kind = LS_FACT_STATISTICS, .class = PGC_STATISTIC, .each = pgcat_take_gone, ON_REL},
    END_OF_QUERIES,
};
