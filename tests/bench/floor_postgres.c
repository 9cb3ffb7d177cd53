#include <config.h>

#include "floor.h"

#include <libpq-fe.h>

static const char ledger_ddl[] = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, name text NOT NULL, description text, "
                                 "applied_at timestamptz, applied_by text, duration_ms bigint, checksum text, status text NOT NULL)";

static int failed(PGresult *r, ExecStatusType want)
{
    int bad = PQresultStatus(r) != want;

    PQclear(r);
    return bad;
}

static int apply(const char *dir, int n, const char *url)
{
    char sql[4096];
    PGconn *c = PQconnectdb(url);
    int bad = PQstatus(c) != CONNECTION_OK || failed(PQexec(c, ledger_ddl), PGRES_COMMAND_OK);

    for (int i = 1; !bad && i <= n; i++) {
        floor_text(sql, sizeof(sql), dir, "BEGIN", i);
        bad = failed(PQexec(c, sql), PGRES_COMMAND_OK);
    }
    PQfinish(c);
    return bad;
}

static int status(const char *url)
{
    PGconn *c = PQconnectdb(url);
    int bad = failed(PQexec(c, floor_status_sql), PGRES_TUPLES_OK);

    PQfinish(c);
    return bad;
}

int main(int argc, char **argv)
{
    return floor_main(argc, argv, apply, status);
}
