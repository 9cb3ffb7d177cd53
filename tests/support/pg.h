/*
 * The throw-away PostgreSQL server of a test run (tests/support/pg starts it, tests/run hands its address on).
 *
 *     if (test_pg_url() == NULL)
 *         test_skip(test_pg_skip_reason());
 *     char *url = test_pg_new_database("driver");
 *     ...
 *     test_pg_drop_database(url);
 */
#ifndef TESTS_SUPPORT_PG_H
#define TESTS_SUPPORT_PG_H

#include <stdbool.h>

/* The superuser's URL of the database "postgres", over the unix socket; NULL when there is no server or no driver in this build. */
const char *test_pg_url(void);

/* Why test_pg_url() is NULL; never NULL. */
const char *test_pg_skip_reason(void);

/* The server's major version: 13 to 18; 0 when there is none. */
int test_pg_major(void);

/* A URL of role lockstep_pw over TCP, where a wrong password is refused; NULL when there is none. */
const char *test_pg_tcp_url(void);

/* Why pg_dump cannot dump the server, or there is no server; NULL when it can. */
const char *test_pg_dump_skip_reason(void);

/* Makes an empty database named <prefix>_<pid>_<n>, and gives its URL, to be handed to test_pg_drop_database(). NULL on failure,
 * with the server's message on stderr. */
char *test_pg_new_database(const char *name_prefix);

/* Ends the sessions of the database, drops it, and frees the URL. NULL is fine. */
void test_pg_drop_database(char *url);

/* Runs statements (no parameters) and says whether all succeeded; the message goes to stderr. For setting a scene. */
bool test_pg_exec(const char *url, const char *sql);

/* The first column of the first row as text, to be freed; NULL when there is no row, when it is NULL, or on failure (with the
 * server's message on stderr). */
char *test_pg_get(const char *url, const char *sql);

/* Waits until the database has no session but ours, and until the counters of those that have ended can be read. False: not in 20 seconds. */
bool test_pg_settle(const char *url);

#endif
