/* The floor of reading how PostgreSQL's indexes are used: one libpq program, one snapshot, one COPY for each view of the statistics and for the
 * definitions, as the server offers them. With the word "reference" behind the URL: the two queries of the method, for indexes that another makes
 * needless and for foreign keys without one. What arrives is counted and thrown away. */
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#define USER_SCHEMAS "not in ('pg_catalog', 'pg_toast', 'information_schema')"

static const char *const facts[] = {
    "select * from pg_stat_user_tables",
    "select s.*, i.*, pg_get_indexdef(i.indexrelid), c.reltuples, c.relpages from pg_stat_user_indexes s join pg_index i on i.indexrelid = s.indexrelid "
    "join pg_class c on c.oid = s.indexrelid",
    "select schemaname, tablename, attname, null_frac, avg_width, n_distinct, most_common_freqs[1] from pg_stats where schemaname " USER_SCHEMAS,
    "select c.oid, conname, contype, conrelid, conindid, pg_get_constraintdef(c.oid) from pg_constraint c join pg_namespace n on n.oid = c.connamespace "
    "where contype in ('p', 'u', 'x', 'f') and nspname " USER_SCHEMAS,
    NULL};

static const char *const reference[] = {
    "with ix as (select i.*, c.relam, c.relispartition part, c.relname idx, (to_jsonb(i)->>'indnullsnotdistinct')::bool nnd, "
    "coalesce(pg_get_expr(i.indpred,i.indrelid),'') pred, exists(select 1 from pg_constraint k where k.conindid=i.indexrelid) con, "
    "(select array_agg(pg_get_indexdef(i.indexrelid,p,true)||'|'||(i.indclass::oid[])[p-1]||'|'||(i.indcollation::oid[])[p-1] order by p) "
    "from generate_series(1,i.indnkeyatts) p) k, "
    "(select array_agg((i.indoption::int2[])[p-1]&3 order by p) from generate_series(1,i.indnkeyatts) p) o, "
    "(select array_agg(((i.indoption::int2[])[p-1]&3)#3 order by p) from generate_series(1,i.indnkeyatts) p) om, "
    "(select coalesce(array_agg(pg_get_indexdef(i.indexrelid,p,true) order by p),'{}') from generate_series(i.indnkeyatts+1,i.indnatts) p) inc, "
    "(select array_agg(pg_get_indexdef(i.indexrelid,p,true)) from generate_series(1,i.indnatts) p) allc "
    "from pg_index i join pg_class c on c.oid=i.indexrelid join pg_namespace n on n.oid=c.relnamespace "
    "where i.indisvalid and i.indisready and i.indislive and n.nspname " USER_SCHEMAS ") "
    "select a.idx, b.idx from ix a join ix b on a.indrelid=b.indrelid and a.indexrelid<>b.indexrelid and a.relam=b.relam and a.pred=b.pred "
    "where a.indnkeyatts<=b.indnkeyatts and b.k[1:a.indnkeyatts]=a.k and (b.o[1:a.indnkeyatts]=a.o or b.om[1:a.indnkeyatts]=a.o) and a.inc<@b.allc "
    "and (a.indnkeyatts=b.indnkeyatts or (select amname from pg_am where oid=a.relam)='btree') "
    "and not(a.indisprimary or a.indisexclusion or a.con or a.indisreplident or a.part) "
    "and (not a.indisunique or (b.indisunique and a.indnkeyatts=b.indnkeyatts and a.nnd is not distinct from b.nnd and b.indimmediate)) "
    "and not(a.indnkeyatts=b.indnkeyatts and a.inc=b.inc and not(b.indisprimary or b.con or (b.indisunique and not a.indisunique)) and "
    "a.indexrelid<b.indexrelid)",
    "select c.conrelid::regclass, c.conname from pg_constraint c where c.contype='f' and c.conparentid=0 and not exists(select 1 from pg_index i join "
    "pg_class ic on ic.oid=i.indexrelid join pg_am am on am.oid=ic.relam where i.indrelid=c.conrelid and i.indisvalid and "
    "i.indnkeyatts>=cardinality(c.conkey) and (am.amname='btree' or (am.amname='hash' and cardinality(c.conkey)=1)) and not exists(select 1 from "
    "generate_series(0,cardinality(c.conkey)-1) p where not((i.indkey::int2[])[p]=any(c.conkey) and (i.indcollation::oid[])[p] in (0,(select "
    "attcollation from pg_attribute where attrelid=c.conrelid and attnum=(i.indkey::int2[])[p])) and exists(select 1 from pg_amop ao join pg_opclass "
    "oc on oc.opcfamily=ao.amopfamily where oc.oid=(i.indclass::oid[])[p] and ao.amopopr=any(c.conpfeqop)))) and (i.indpred is null or "
    "(cardinality(c.conkey)=1 and pg_get_expr(i.indpred,i.indrelid)=format('(%I IS NOT NULL)',(select attname from pg_attribute where "
    "attrelid=c.conrelid and attnum=c.conkey[1])))))",
    NULL};

static int copy(PGconn *conn, const char *query, size_t *bytes)
{
    char sql[4096], *data;
    int n;

    snprintf(sql, sizeof(sql), "copy (%s) to stdout", query);
    PQclear(PQexec(conn, sql));
    while ((n = PQgetCopyData(conn, &data, 0)) > 0) {
        *bytes += (size_t)n;
        PQfreemem(data);
    }
    if (n == -2 || PQresultStatus(PQgetResult(conn)) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
        return 1;
    }
    while (PQgetResult(conn) != NULL)
        ;
    return 0;
}

int main(int argc, char **argv)
{
    const char *const *queries = argc > 2 && strcmp(argv[2], "reference") == 0 ? reference : facts;
    PGconn *conn = PQconnectdb(argc > 1 ? argv[1] : "");
    size_t bytes = 0;

    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        return 1;
    }
    PQclear(PQexec(conn, "begin isolation level repeatable read read only"));
    PQclear(PQexec(conn, "set local jit = off"));
    for (; *queries != NULL; queries++)
        if (copy(conn, *queries, &bytes) != 0)
            return 1;
    PQfinish(conn);
    printf("%zu bytes\n", bytes);
    return 0;
}
