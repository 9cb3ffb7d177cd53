/* The floor of reading a PostgreSQL catalogue: one libpq program, one snapshot, one COPY for each table of the catalogue with the
 * server's own texts of what it can write down. What arrives is counted and thrown away. */
#include <stdio.h>
#include <stdlib.h>

#include <libpq-fe.h>

#define USER_SCHEMAS "not in (select oid from pg_namespace where nspname ~ '^pg_' or nspname = 'information_schema')"

static const char *const copies[] = {
    "select oid, nspname, nspowner, nspacl from pg_namespace",
    "select oid, relname, relnamespace, relkind, relowner, relacl, reloptions, relpersistence, relam, reltablespace, relreplident, "
    "relrowsecurity, "
    "relispartition from pg_class where relkind in ('r', 'p', 'f', 'v', 'm', 'S') and relnamespace " USER_SCHEMAS,
    "select a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation, a.attstorage, "
    "a.attidentity, "
    "a.attgenerated, a.attoptions, a.attacl from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attnum > 0 and not "
    "a.attisdropped and "
    "c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relnamespace " USER_SCHEMAS,
    "select oid, adrelid, adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid >= 16384",
    "select i.indexrelid, i.indrelid, i.indisunique, i.indisvalid, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c "
    "on c.oid = i.indrelid "
    "where c.relnamespace " USER_SCHEMAS,
    "select oid, conname, contype, conrelid, confrelid, convalidated, pg_get_constraintdef(oid) from pg_constraint where conrelid "
    ">= 16384",
    "select * from pg_sequence",
    "select oid, pg_get_viewdef(oid) from pg_class where relkind in ('v', 'm') and relnamespace " USER_SCHEMAS,
    "select oid, proname, proowner, proacl, pg_get_functiondef(oid) from pg_proc where prokind <> 'a' and "
    "pronamespace " USER_SCHEMAS,
    "select oid, tgrelid, tgname, tgenabled, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
    "select enumtypid, enumsortorder, enumlabel from pg_enum",
    "select oid, typname, typnamespace, typowner, typtype, typacl from pg_type where typtype in ('e', 'd', 'r') and "
    "typnamespace " USER_SCHEMAS,
    "select polrelid, polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) from pg_policy",
    "select inhrelid, inhparent, inhseqno from pg_inherits",
    "select classoid, objoid, objsubid, description from pg_description where objoid >= 16384",
    "select classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype from pg_depend where objid >= 16384",
};

int main(int argc, char **argv)
{
    static const char *const before[] = {"begin isolation level repeatable read read only", "set local search_path = ''",
                                         "set local jit = off"};
    PGconn *conn = PQconnectdb(argc > 1 ? argv[1] : "");
    size_t bytes = 0;
    char sql[2048], *data;

    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        return 1;
    }
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        PQclear(PQexec(conn, before[i]));
    for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
        int n;

        snprintf(sql, sizeof(sql), "copy (%s) to stdout", copies[i]);
        PQclear(PQexec(conn, sql));
        while ((n = PQgetCopyData(conn, &data, 0)) > 0) {
            bytes += (size_t)n;
            PQfreemem(data);
        }
        if (n == -2 || PQresultStatus(PQgetResult(conn)) != PGRES_COMMAND_OK) {
            fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
            return 1;
        }
        while (PQgetResult(conn) != NULL)
            ;
    }
    PQfinish(conn);
    printf("%zu bytes\n", bytes);
    return 0;
}
