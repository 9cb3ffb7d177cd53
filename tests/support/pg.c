#include <config.h>

#include "pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

const char *test_pg_dump_skip_reason(void)
{
    const char *why = getenv("LS_TEST_PG_NO_DUMP");

    if (test_pg_url() == NULL)
        return test_pg_skip_reason();
    return why != NULL && why[0] != '\0' ? why : NULL;
}

int test_pg_major(void)
{
    char *version = test_pg_url() != NULL ? test_pg_get(test_pg_url(), "select current_setting('server_version_num')::int / 10000") : NULL;
    int major = version != NULL ? atoi(version) : 0;

    free(version);
    return major;
}

/* A copy of the template's files takes the server a quarter of the work of one through its log, and it may take it from 15 on. */
static const char *quick_copy(void)
{
    static const char *words;

    if (words == NULL)
        words = test_pg_major() >= 15 ? " strategy file_copy" : "";
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
    snprintf(sql, sizeof sql, "create database \"%s\" template template0%s", name, quick_copy());
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

#define SETTLE_TRIES 3000

/* Until the query gives t. */
static bool wait_until(const char *url, const char *sql)
{
    for (int i = 0; i < SETTLE_TRIES; i++) {
        char *answer = test_pg_get(url, sql);
        bool is_so = answer != NULL && answer[0] == 't';

        free(answer);
        if (is_so)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    }
    return false;
}

/* Before 15 counters are sent to a process, which tells the new ones twice a second. It takes them in their order: ours is the last. */
static bool wait_for_collector(const char *url)
{
    char *marker = test_pg_get(url, "create temporary table marker(); select * from marker; select 'marker'::regclass::oid"), sql[64];

    if (marker == NULL)
        return false;
    snprintf(sql, sizeof sql, "select pg_stat_get_numscans(%.20s) > 0", marker);
    free(marker);
    return wait_until(url, sql);
}

bool test_pg_settle(const char *url)
{
    return wait_until(url, "select count(*) = 1 from pg_stat_activity where datname = current_database() and backend_type = 'client backend'") &&
           (test_pg_major() >= 15 || wait_for_collector(url));
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

const char *test_pg_dump_skip_reason(void)
{
    return test_pg_skip_reason();
}

int test_pg_major(void)
{
    return 0;
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

bool test_pg_settle(const char *url)
{
    (void)url;
    return false;
}

#endif
