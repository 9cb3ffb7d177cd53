/* The queries of the usage reader. Each reads a table of the catalogue once; what belongs together is joined by us. */
#include <config.h>

#include "db/postgres/catalog_sql.h"
#include "db/postgres/usage_priv.h"

/* clang-format off */

#define MICROSECONDS(x) "(extract(epoch from " x ") * 1000000)::bigint"
#define EXTENSION_SCHEMA(name) "(select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = '" name "')"

/* The settings of a library that was not loaded are not in pg_settings, even where the file sets them. */
#define SERVER                                                                                                                     \
    "select current_setting('block_size'), " MICROSECONDS("clock_timestamp()") ", "                                                \
    MICROSECONDS("pg_stat_get_db_stat_reset_time((select oid from pg_database where datname = current_database()))") ", "          \
    MICROSECONDS("pg_postmaster_start_time()") ", pg_is_in_recovery(), current_setting('track_counts'), "                          \
    EXTENSION_SCHEMA("hypopg") ", exists (select from pg_available_extensions where name = 'hypopg'), "                            \
    EXTENSION_SCHEMA("pgstattuple") ", " EXTENSION_SCHEMA("pg_stat_statements") ", "                                               \
    "exists (select from pg_settings where name = 'pg_stat_statements.max'), "                                                     \
    "pg_has_role('pg_read_all_stats', 'usage') and exists (select from pg_extension e join pg_class c on c.relnamespace = "        \
    "e.extnamespace and c.relname = 'pg_stat_statements' where e.extname = 'pg_stat_statements' and "                              \
    "has_schema_privilege(e.extnamespace, 'usage') and has_table_privilege(c.oid, 'select'))"

/* Equal image: a b-tree folds repeated keys of the class into one (support function 4). */
#define CLASSES                                                                                                                    \
    "select o.oid, o.opcname, " QUALIFIED("n.nspname", "o.opcname") ", o.opcmethod, o.opcintype, o.opcfamily, o.opcdefault, "      \
    "exists (select from pg_amproc p where p.amprocfamily = o.opcfamily and p.amprocnum = 4 and p.amproclefttype = o.opcintype "   \
    "and p.amprocrighttype = o.opcintype), case when o.opckeytype <> 0 then format_type(o.opcintype, null) end "                   \
    "from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace order by o.oid"

/* Which sort by bytes: C by any provider; the default one is the database's. */
#define COLLATIONS                                                                                                                 \
    "select c.oid, " QUALIFIED("n.nspname", "c.collname") ", case when c.oid = 100 then (select "                                  \
    "@15{d.datlocprovider = 'b' or @@}d.datcollate in ('C', 'POSIX')@15{ and d.datlocprovider = 'c'@@} from pg_database d where "  \
    "d.datname = current_database()) else c.collprovider = 'b' or (c.collcollate in ('C', 'POSIX') and c.collprovider = 'c') end " \
    "from pg_collation c join pg_namespace n on n.oid = c.collnamespace order by c.oid"

#define ATTRS                                                                                                                      \
    "select a.attrelid, a.attnum, a.attname, nullif(quote_ident(a.attname), a.attname), format_type(a.atttypid, a.atttypmod), "    \
    "a.atttypid, a.attcollation from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped " \
    "where (c.relkind in ('r', 'p', 'm') or c.relkind in ('i', 'I') and c.oid in (select indexrelid from pg_index where indexprs " \
    "is not null)) and c.relnamespace not in " SYSTEM_SCHEMAS " order by 1, 2"

/* Before 14 a table that was never looked at has no rows and no pages, and not -1 rows. */
#define TABLES                                                                                                                     \
    "select c.oid, n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(c.relname), c.relkind, c.relispartition, "   \
    "@14{c.reltuples@@case when c.relpages = 0 then -1 else c.reltuples end}, c.relpages, has_any_column_privilege(c.oid, 'select') and not (c.relrowsecurity and row_security_active(c.oid)) "\
    "from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'm') and " NOT_SYSTEM("n.nspname")

#define TABLE_COUNTS                                                                                                               \
    "select oid, pg_stat_get_numscans(oid), pg_stat_get_tuples_returned(oid), pg_stat_get_tuples_inserted(oid), "                  \
    "pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_deleted(oid), pg_stat_get_tuples_hot_updated(oid), "                      \
    "pg_stat_get_live_tuples(oid), pg_stat_get_dead_tuples(oid), pg_stat_get_mod_since_analyze(oid), "                             \
    MICROSECONDS("greatest(pg_stat_get_last_analyze_time(oid), pg_stat_get_last_autoanalyze_time(oid))")                           \
    " from pg_class where relkind in ('r', 'p', 'm') and relnamespace not in " SYSTEM_SCHEMAS

/* Storage parameters as a definition has them, in their own order. */
#define WITH_TEXT                                                                                                                  \
    "case when c.reloptions is not null then (select string_agg(quote_ident(split_part(o, '=', 1)) || '=' || case when "           \
    "quote_ident(v) = v then v else quote_literal(v) end, ', ' order by place) from (select o, place, "                            \
    "substr(o, strpos(o, '=') + 1) as v from unnest(c.reloptions) with ordinality u(o, place)) x) end"

/* Its columns get their own names here (catalog_expr.c). */
#define EXPRESSION(x) "case when " x " is not null then pg_get_expr(" x ", " STAND_IN(TABLE_WITHIN, "t.oid") ") end"

#define INDEXES                                                                                                                    \
    "select i.indexrelid, i.indrelid, n.nspname, c.relname, nullif(quote_ident(c.relname), c.relname), c.relkind, "                \
    "c.relispartition, c.relam, a.amname, a.is_ordered, i.indnkeyatts, i.indnatts, i.indisunique, i.indisprimary, "                \
    "i.indisexclusion, i.indimmediate, i.indisvalid, i.indisready, i.indislive, i.indisreplident, i.indisclustered, "              \
    "@15{i.indnullsnotdistinct@@false}, i.indkey, i.indcollation, i.indclass, i.indoption, "  \
    EXPRESSION("i.indexprs") ", " EXPRESSION("i.indpred") ", " OPTIONS("c.reloptions") ", " WITH_TEXT ", s.spcname, quote_ident(s.spcname), "          \
    "c.reltuples, c.relpages, " STAND_IN(TABLE_WITHIN, "t.oid") " from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid "       \
    "join pg_namespace n on n.oid = c.relnamespace join (select oid, amname, pg_indexam_has_property(oid, 'can_order') as "        \
    "is_ordered from pg_am offset 0) a on a.oid = c.relam left join pg_tablespace s on s.oid = c.reltablespace "                   \
    "where t.relkind in ('r', 'p', 'm') and " NOT_SYSTEM("n.nspname")

#define INDEX_COUNTS                                                                                                               \
    "select oid, pg_stat_get_numscans(oid), pg_stat_get_tuples_returned(oid), pg_stat_get_tuples_fetched(oid), "                   \
    "@16{" MICROSECONDS("pg_stat_get_lastscan(oid)") "@@null} from pg_class where relkind = 'i' and relnamespace not in "          \
    SYSTEM_SCHEMAS

/* Null for what was dropped meanwhile. */
#define SIZES "select oid, pg_relation_size(oid) from pg_class where relkind in ('r', 'm', 'i') and relnamespace not in " SYSTEM_SCHEMAS

#define INHERITS                                                                                                                   \
    "select i.inhrelid, i.inhparent from pg_inherits i join pg_class c on c.oid = i.inhrelid where c.relispartition"

/* Classes with options are rare (a b-tree's and a hash's have none), and so are expressions under another collation than the
 * database's, of which only the server knows whether that is their own: it writes those indexes. */
#define WHOLE                                                                                                                      \
    "select a.attrelid, pg_get_indexdef(a.attrelid) from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attoptions " \
    "is not null and c.relkind in ('i', 'I') and c.relam not in (select oid from pg_am where amname in ('btree', 'hash')) union "  \
    "all select indexrelid, pg_get_indexdef(indexrelid) from pg_index where indexprs is not null and indexrelid >= " USER_OID " "  \
    "and array_remove(array_remove(indcollation::oid[], 0::oid), 100::oid) <> '{}'"

#define CONSTRAINTS                                                                                                                \
    "select c.oid, c.conname, c.contype, c.conrelid, c.conindid, c.confrelid, c.conparentid, c.conkey, c.confkey, c.conpfeqop, "   \
    "c.confupdtype, c.confdeltype, c.convalidated, @18{c.conenforced@@true} from pg_constraint c where c.conrelid >= " USER_OID    \
    " and c.contype in ('p', 'u', 'x', 'f')"

/* Triggers that do not fire in a session like ours: DISABLE TRIGGER ALL, ENABLE REPLICA. */
#define DISABLED "select distinct tgconstraint from pg_trigger where tgconstraint <> 0 and tgisinternal and tgenabled in ('D', 'R')"

#define AMOPS                                                                                                                      \
    "select distinct amopfamily, amopopr from pg_amop where amopmethod in (select oid from pg_am where amname in ('btree', 'hash')) " \
    "and amopopr in (select unnest(conpfeqop) from pg_constraint where contype = 'f') order by 1, 2"

#define COMMENTS                                                                                                                   \
    "select d.objoid, d.description from pg_description d join pg_index i on i.indexrelid = d.objoid where d.classoid = "          \
    "'pg_class'::regclass and d.objsubid = 0 and d.objoid >= " USER_OID

/* Another role's build has no numbers for those who may not see it. */
#define BUILDS "select relid, index_relid from pg_stat_progress_create_index where datname = current_database()"

/* The view looks up the right to every column that it is asked about: what has no statistics must be gone by then. It joins them first, and the
 * planner is to leave that so. Of several kinds of numbers one is the shares of the most frequent values. */
#define STATS                                                                                                                      \
    "select schemaname, tablename, attname, inherited, null_frac, avg_width, n_distinct, most_common_freqs[1] from pg_stats where " \
    NOT_SYSTEM("schemaname")

#define STATS_OF_ALL                                                                                                               \
    "select starelid, staattnum, null, stainherit, stanullfrac, stawidth, stadistinct, case 1 when stakind1 then stanumbers1[1] "  \
    "when stakind2 then stanumbers2[1] when stakind3 then stanumbers3[1] when stakind4 then stanumbers4[1] when stakind5 then "    \
    "stanumbers5[1] end from pg_statistic where starelid >= " USER_OID

const struct pgus_query pgus_queries[] = {
    {SERVER, pgus_take_server, NULL, 0},
    {CLASSES, pgus_take_classes, NULL, 0},
    {COLLATIONS, pgus_take_collations, NULL, 0},
    {ATTRS, pgus_take_attrs, NULL, 0},
    {TABLES, pgus_take_tables, NULL, 0},
    {TABLE_COUNTS, pgus_take_table_counts, "how tables are scanned and written", 0},
    {STAND_IN_NAMES, pgus_take_stand_ins, NULL, 0},
    {INDEXES, pgus_take_indexes, NULL, 0},
    {INDEX_COUNTS, pgus_take_index_counts, "how often indexes are scanned", 0},
    {SIZES, pgus_take_sizes, "true sizes; those of the last vacuum or analyze are shown", PGUS_SIZES},
    {INHERITS, pgus_take_inherits, NULL, 0},
    {WHOLE, pgus_take_whole, NULL, 0},
    {CONSTRAINTS, pgus_take_constraints, NULL, 0},
    {DISABLED, pgus_take_disabled, NULL, 0},
    {AMOPS, pgus_take_amops, NULL, 0},
    {COMMENTS, pgus_take_comments, NULL, 0},
    {BUILDS, pgus_take_builds, "which indexes are being built", 0},
    {STATS_OF_ALL, pgus_take_all_stats, "statistics of columns", PGUS_SUPERUSER},
    {"set local join_collapse_limit = 1", NULL, NULL, PGUS_NO_SUPERUSER},
    {STATS, pgus_take_stats, "statistics of columns", PGUS_NO_SUPERUSER},
    {NULL, NULL, NULL, 0},
};
