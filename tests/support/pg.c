#include <config.h>

#include "pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef LS_WITH_POSTGRES
#include <libpq-fe.h>

const char *test_pg_url(void)
{
    return getenv("LS_TEST_PG_URL");
}

const char *test_pg_tcp_url(void)
{
    return getenv("LS_TEST_PG_TCP_URL");
}

const char *test_pg_skip_reason(void)
{
    const char *why = getenv("LS_TEST_PG_SKIP");

    return why != NULL ? why : "no PostgreSQL server (run it through tests/run)";
}

/* Runs SQL and gives its last result, to be cleared; NULL after saying why on stderr. */
static PGresult *query(const char *url, const char *sql)
{
    PGconn *conn = PQconnectdb(url);
    PGresult *res = NULL;

    if (PQstatus(conn) == CONNECTION_OK)
        res = PQexec(conn, sql);
    if (res == NULL || (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)) {
        fprintf(stderr, "test_pg: %s\n    in: %s\n", PQerrorMessage(conn), sql);
        PQclear(res);
        res = NULL;
    }
    PQfinish(conn);
    return res;
}

bool test_pg_exec(const char *url, const char *sql)
{
    PGresult *res = query(url, sql);

    PQclear(res);
    return res != NULL;
}

char *test_pg_get(const char *url, const char *sql)
{
    PGresult *res = query(url, sql);
    char *value = NULL;

    if (res != NULL && PQntuples(res) > 0 && PQnfields(res) > 0 && !PQgetisnull(res, 0, 0))
        value = strdup(PQgetvalue(res, 0, 0));
    PQclear(res);
    return value;
}

/* A copy of the template's files takes the server a quarter of the work of one through its log, and it may take it from 15 on. */
static const char *quick_copy(const char *url)
{
    static const char *words;
    char *version;

    if (words == NULL) {
        version = test_pg_get(url, "show server_version_num");
        words = version != NULL && atoi(version) >= 150000 ? " strategy file_copy" : "";
        free(version);
    }
    return words;
}

char *test_pg_new_database(const char *name_prefix)
{
    static unsigned counter;
    const char *base = test_pg_url();
    const char *question = base != NULL ? strchr(base, '?') : NULL;
    char name[64], sql[128];
    size_t size;
    char *url;

    if (question == NULL) /* tests/support/pg always gives the host as a parameter */
        return NULL;
    snprintf(name, sizeof name, "%.30s_%ld_%u", name_prefix, (long)getpid(), ++counter);
    snprintf(sql, sizeof sql, "create database \"%s\" template template0%s", name, quick_copy(base));
    if (!test_pg_exec(base, sql))
        return NULL;
    size = strlen("postgresql:///") + strlen(name) + strlen(question) + 1;
    url = malloc(size);
    if (url != NULL)
        snprintf(url, size, "postgresql:///%s%s", name, question);
    return url;
}

void test_pg_drop_database(char *url)
{
    const char *base = test_pg_url();
    const char *start, *end;
    char sql[128];

    if (url == NULL)
        return;
    start = url + strlen("postgresql:///");
    end = strchr(url, '?');
    if (base != NULL && end != NULL) {
        snprintf(sql, sizeof sql, "drop database if exists \"%.*s\" with (force)", (int)(end - start), start);
        test_pg_exec(base, sql);
    }
    free(url);
}

#else

const char *test_pg_url(void)
{
    return NULL;
}

const char *test_pg_tcp_url(void)
{
    return NULL;
}

const char *test_pg_skip_reason(void)
{
    return "built without PostgreSQL";
}

bool test_pg_exec(const char *url, const char *sql)
{
    (void)url;
    (void)sql;
    return false;
}

char *test_pg_get(const char *url, const char *sql)
{
    (void)url;
    (void)sql;
    return NULL;
}

char *test_pg_new_database(const char *name_prefix)
{
    (void)name_prefix;
    return NULL;
}

void test_pg_drop_database(char *url)
{
    free(url);
}

#endif
