/* tests/contract/index_reference.h: which index may go because of another, and which foreign keys have none, as SQL over PostgreSQL's own catalogue: what the
 * rules in C are held against. */
#ifndef TESTS_CONTRACT_INDEX_REFERENCE_H
#define TESTS_CONTRACT_INDEX_REFERENCE_H

/* Rows: a, b, kind: a may be dropped because of b. */
static const char index_pairs_sql[] =
    "with ix as (select i.*, c.relam, c.relispartition part, c.relname idx, (to_jsonb(i)->>'indnullsnotdistinct')::bool nnd, "
    " coalesce(pg_get_expr(i.indpred, i.indrelid), '') pred, exists (select 1 from pg_constraint k where k.conindid = i.indexrelid) con, "
    " (select array_agg(pg_get_indexdef(i.indexrelid, p, true) || '|' || (i.indclass::oid[])[p - 1] || '|' || (i.indcollation::oid[])[p - 1] order by p) "
    "  from generate_series(1, i.indnkeyatts) p) k, "
    " (select array_agg((i.indoption::int2[])[p - 1] & 3 order by p) from generate_series(1, i.indnkeyatts) p) o, "
    " (select array_agg(((i.indoption::int2[])[p - 1] & 3) # 3 order by p) from generate_series(1, i.indnkeyatts) p) om, "
    " (select coalesce(array_agg(pg_get_indexdef(i.indexrelid, p, true) order by p), '{}') from generate_series(i.indnkeyatts + 1, i.indnatts) p) inc, "
    " (select array_agg(pg_get_indexdef(i.indexrelid, p, true)) from generate_series(1, i.indnatts) p) allc "
    " from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace "
    " where i.indisvalid and i.indisready and i.indislive and n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')) "
    "select a.idx, b.idx, case when a.indnkeyatts < b.indnkeyatts then 'prefix' when a.o <> b.o then 'mirror' when a.inc <> b.inc then 'include' "
    " else 'duplicate' end "
    "from ix a join ix b on a.indrelid = b.indrelid and a.indexrelid <> b.indexrelid and a.relam = b.relam and a.pred = b.pred "
    "where a.indnkeyatts <= b.indnkeyatts and b.k[1:a.indnkeyatts] = a.k and (b.o[1:a.indnkeyatts] = a.o or b.om[1:a.indnkeyatts] = a.o) and a.inc <@ b.allc "
    " and (a.indnkeyatts = b.indnkeyatts or (select amname from pg_am where oid = a.relam) = 'btree') "
    " and not (a.indisprimary or a.indisexclusion or a.con or a.indisreplident or a.part) "
    " and (not a.indisunique or (b.indisunique and a.indnkeyatts = b.indnkeyatts and a.nnd is not distinct from b.nnd and b.indimmediate)) "
    " and not (a.indnkeyatts = b.indnkeyatts and a.inc = b.inc and not (b.indisprimary or b.con or (b.indisunique and not a.indisunique)) "
    "  and a.indexrelid < b.indexrelid) "
    "order by 1, 2";

/* Rows: the names of foreign keys without a usable index. */
static const char index_fks_sql[] =
    "select c.conname from pg_constraint c where c.contype = 'f' and c.conparentid = 0 and not exists ("
    " select 1 from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_am am on am.oid = ic.relam "
    " where i.indrelid = c.conrelid and i.indisvalid and i.indnkeyatts >= cardinality(c.conkey) "
    " and (am.amname = 'btree' or (am.amname = 'hash' and cardinality(c.conkey) = 1)) "
    " and not exists (select 1 from generate_series(0, cardinality(c.conkey) - 1) p where not ("
    "  (i.indkey::int2[])[p] = any(c.conkey) "
    "  and (i.indcollation::oid[])[p] in (0, (select attcollation from pg_attribute where attrelid = c.conrelid and attnum = (i.indkey::int2[])[p])) "
    "  and exists (select 1 from pg_amop ao join pg_opclass oc on oc.opcfamily = ao.amopfamily where oc.oid = (i.indclass::oid[])[p] "
    "   and ao.amopopr = any(c.conpfeqop)))) "
    " and (i.indpred is null or (cardinality(c.conkey) = 1 and pg_get_expr(i.indpred, i.indrelid) = "
    "  format('(%I IS NOT NULL)', (select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1]))))) "
    "order by 1";

/* Rows: indexes that something of the database stands on. */
static const char index_needed_sql[] =
    "select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pg_|info)' and "
    "(i.indisprimary or i.indisexclusion or i.indisreplident or i.indisclustered or c.relispartition or "
    " exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)) order by 1";

#endif
