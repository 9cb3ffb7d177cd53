/* Connecting to PostgreSQL: addresses, secrets, settings. */
#include <config.h>

#include "contract/fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "support/pg.h"

/* The TCP address with its password replaced; skips where there is none. */
static char *tcp_url(const char *userinfo)
{
    const char *url = test_pg_tcp_url();

    if (!url)
        test_skip("no loopback port for the server");
    return ls_asprintf("postgres://%s%s", userinfo, strchr(url, '@'));
}

static void wrong_password_is_auth(void **state)
{
    FIX(f);
    char *url = tcp_url("lockstep_pw:s3cret-wrong");
    int64_t start = ls_mono_ms();

    fix_open_fails(f, (struct ls_db_params){.url = url}, LS_E_AUTH);
    assert_string_equal(f->err.sqlstate, "28P01");
    fix_assert_has(f->err.message, "password authentication failed");
    assert_null(strstr(f->err.message, "s3cret"));
    assert_null(strstr(f->err.message, "28P01:")); /* verbosity was for us, not for the reader */
    assert_null(strstr(f->err.message, "LOCATION"));
    assert_non_null(f->err.hint);
    assert_true(ls_mono_ms() - start < FIX_SOON_MS);
    free(url);
}

static void missing_password_is_auth(void **state)
{
    FIX(f);
    char *url = tcp_url("lockstep_pw");

    fix_open_fails(f, (struct ls_db_params){.url = url}, LS_E_AUTH);
    assert_non_null(f->err.hint);
    free(url);
}

static void passfile_gives_the_password(void **state)
{
    FIX(f);
    const char *password = getenv("LS_TEST_PG_PASSWORD");
    char *bare = tcp_url("lockstep_pw");
    char *file = ls_path_join(f->dir, "passfile");
    char *url = ls_asprintf("%s?passfile=%s", bare, file);
    char *line = ls_asprintf("*:*:*:lockstep_pw:%s\n", password);
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_file_write_new(file, line, strlen(line), 0600, &err), &err);

    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url});

    assert_string_equal(ls_db_info(db)->role, "lockstep_pw");
    assert_string_equal(ls_db_info(db)->security, "plain");
    fix_assert_has(ls_db_info(db)->host, "127.0.0.1:");
    ls_db_close(db);
    free(bare);
    free(file);
    free(url);
    free(line);
}

static void service_file_gives_the_address(void **state)
{
    FIX(f);
    char *file = ls_path_join(f->dir, "services");
    char *text = ls_asprintf("[here]\nhost=%s\nport=%s\nuser=postgres\ndbname=%s\n", getenv("LS_TEST_PG_HOST"),
                             getenv("LS_TEST_PG_PORT"), ls_db_info(f->db)->database);
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_file_write_new(file, text, strlen(text), 0600, &err), &err);
    setenv("PGSERVICEFILE", file, 1);

    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = "service=here"});

    assert_string_equal(ls_db_info(db)->database, ls_db_info(f->db)->database);
    ls_db_close(db);
    fix_open_fails(f, (struct ls_db_params){.url = "service=nowhere"}, LS_E_USAGE);
    fix_assert_has(f->err.message, "nowhere");
    unsetenv("PGSERVICEFILE");
    free(file);
    free(text);
}

static void keyword_string_connects(void **state)
{
    FIX(f);
    char *url = ls_asprintf("host='%s' port=%s user=postgres dbname='%s'", getenv("LS_TEST_PG_HOST"), getenv("LS_TEST_PG_PORT"),
                            ls_db_info(f->db)->database);
    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url});

    assert_string_equal(ls_db_info(db)->database, ls_db_info(f->db)->database);
    ls_db_close(db);
    free(url);
}

static void nobody_listens(void **state)
{
    FIX(f);
    int64_t start = ls_mono_ms();

    fix_open_fails(f, (struct ls_db_params){.url = "postgres://u:s3cret@127.0.0.1:1/x"}, LS_E_CONNECT);
    assert_null(strstr(f->err.message, "s3cret"));
    assert_non_null(f->err.hint);
    fix_open_fails(f, (struct ls_db_params){.url = "host=/nonexistent-folder dbname=x"}, LS_E_CONNECT);
    assert_true(ls_mono_ms() - start < FIX_SOON_MS);
}

/* A listener that never answers. */
static int silent_server(char *url, size_t size)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 4) == 0 &&
                getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    snprintf(url, size, "postgres://u:s3cret@127.0.0.1:%d/x", ntohs(a.sin_port));
    return fd;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void connecting_ends_in_time(void **state)
{
    FIX(f);
    char url[128];
    int fd = silent_server(url, sizeof(url));
    int64_t start = ls_mono_ms();

    fix_open_fails(f, (struct ls_db_params){.url = url, .connect_timeout_ms = 300}, LS_E_CONNECT);
    assert_in_range(ls_mono_ms() - start, 300, FIX_SOON_MS);
    fix_assert_has(f->err.message, "127.0.0.1");
    start = ls_mono_ms();
    fix_open_fails(f, (struct ls_db_params){.url = url, .on_wait = never}, LS_E_CANCELLED);
    assert_in_range(ls_mono_ms() - start, 50, FIX_SOON_MS);
    close(fd);
}

/* libpq looks up names by itself, and a name service may keep it for a minute. Here it is a file of services that does: a pipe nobody writes. */
static void a_lookup_ends_in_time(void **state)
{
    FIX(f);
    char *path = ls_asprintf("%s/services", f->dir);
    int64_t start = ls_mono_ms();

    assert_int_equal(mkfifo(path, 0600), 0);
    setenv("PGSERVICEFILE", path, 1);
    fix_open_fails(f, (struct ls_db_params){.url = "service=held", .connect_timeout_ms = 300}, LS_E_CONNECT);
    assert_in_range(ls_mono_ms() - start, 300, FIX_SOON_MS);
    fix_assert_has(f->err.message, "address could not be looked up");
    start = ls_mono_ms();
    fix_open_fails(f, (struct ls_db_params){.url = "service=held", .on_wait = never}, LS_E_CANCELLED);
    assert_in_range(ls_mono_ms() - start, 50, FIX_SOON_MS);
    unsetenv("PGSERVICEFILE");
    close(open(path, O_WRONLY)); /* whoever still reads comes to its end */
    free(path);
}

/* libpq's words about each of them, and a tab before what explains the line above. */
static void several_hosts_are_a_line_each(void **state)
{
    FIX(f);

    fix_open_fails(f, (struct ls_db_params){.url = "postgres://u@127.0.0.1:1,127.0.0.1:2/x"}, LS_E_CONNECT);
    assert_null(strpbrk(f->err.message, "\n\t"));
    fix_assert_has(f->err.message, "port 1 failed");
    assert_null(strchr(f->err.detail, '\t'));
    fix_assert_has(f->err.detail, "Is the server running");
    fix_assert_has(f->err.detail, "\nconnection to server at \"127.0.0.1\", port 2 failed");
}

static void missing_database_is_not_found(void **state)
{
    FIX(f);
    char *url = ls_asprintf("postgresql:///no_such_database?host=%s&port=%s&user=postgres", getenv("LS_TEST_PG_HOST"),
                            getenv("LS_TEST_PG_PORT"));

    fix_open_fails(f, (struct ls_db_params){.url = url}, LS_E_NOT_FOUND);
    assert_string_equal(f->err.sqlstate, "3D000");
    free(url);
}

static void bad_addresses_do_not_show_secrets(void **state)
{
    FIX(f);
    static const char *const urls[] = {
        "postgres://u:s3cret@s3cret@127.0.0.1:1/x",         "postgres://u:s3cret/s3cret@127.0.0.1:1/x",
        "postgres://u:s3cret?s3cret@127.0.0.1:1/x",         "postgres://u:%s3cret@127.0.0.1:1/x",
        "postgres://u:s3cret#s3cret@127.0.0.1:1/x",         "postgres://u@127.0.0.1:1/x?password=%s3cret",
        "host=127.0.0.1 port=1 password=s3cret s3cret",     "password='s3cret host=127.0.0.1",
        "password=s3cret foo=s3cret host=127.0.0.1",        "postgres://u:s3cret@127.0.0.1:s3cret/x",
        "password=s3cret port=s3cret host=127.0.0.1",       "host=127.0.0.1,127.0.0.1 port=1,2,3 password=s3cret",
        "postgres://u:s3cret@127.0.0.1:1/x?sslmode=s3cret",
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(urls); i++) {
        struct ls_db_params p = {.url = urls[i], .connect_timeout_ms = 500};
        struct ls_db *db = NULL;
        char *label = ls_db_url_label(urls[i]);
        enum ls_rc rc;

        ls_err_release(&f->err);
        rc = ls_db_open(&p, &db, &f->err);
        if (strstr(f->err.message, "s3cret") || strstr(label, "s3cret") || rc == LS_OK)
            print_error("%s: %s: %s\n", urls[i], label, f->err.message);
        assert_true(rc == LS_E_USAGE || rc == LS_E_CONNECT);
        assert_null(strstr(f->err.message, "s3cret"));
        assert_true(!f->err.hint || !strstr(f->err.hint, "s3cret"));
        assert_true(!f->err.detail || !strstr(f->err.detail, "s3cret"));
        assert_null(strstr(label, "s3cret"));
        free(label);
    }
}

static void parameters_of_other_tools(void **state)
{
    FIX(f);
    char *url = ls_asprintf("pgx5%s&search_path=%%22a%%20b%%22,c%%5cd&x-multi-statement=true&x-migrations-table=m&pool_max_conns=3",
                            strchr(f->url, ':'));
    struct ls_db *db = fix_open(f, (struct ls_db_params){.url = url});

    assert_string_equal(fix_get(db, "show search_path"), "\"a b\",c\\d");
    assert_string_equal(fix_get(db, "show application_name"), "lockstep");
    ls_db_close(db);
    free(url);
    url = ls_asprintf("%s&application_name=from-url&options=-c%%20work_mem%%3D1MB&statement_timeout=12345", f->url);
    db = fix_open(f, (struct ls_db_params){.url = url});
    assert_string_equal(fix_get(db, "show application_name"), "from-url");
    assert_string_equal(fix_get(db, "show work_mem"), "1MB");
    assert_string_equal(fix_get(db, "show statement_timeout"), "12345ms");
    ls_db_close(db);
    free(url);
}

static void settings_are_in_force(void **state)
{
    FIX(f);
    struct ls_db *db =
        fix_open(f, (struct ls_db_params){
                        .read_only = true, .lock_timeout_ms = 2500, .statement_timeout_ms = 61000, .application_name = "app x"});

    assert_string_equal(fix_get(db, "show lock_timeout"), "2500ms");
    assert_string_equal(fix_get(db, "show statement_timeout"), "61s");
    assert_string_equal(fix_get(db, "show application_name"), "app x");
    assert_string_equal(fix_get(db, "show default_transaction_read_only"), "on");
    assert_string_equal(fix_get(db, "show client_encoding"), "UTF8");
    assert_string_equal(fix_get(db, "show standard_conforming_strings"), "on");
    if (ls_db_info(db)->server_version >= 140000)
        assert_string_equal(fix_get(db, "show client_connection_check_interval"), "1s");
    ls_db_close(db);
}

/* Only a line over a network can be cut without the server's kernel knowing (F5). */
static void the_server_watches_a_network_line(void **state)
{
    FIX(f);
    struct ls_db *db;

    if (!test_pg_tcp_url())
        test_skip("no loopback port for the server");
    db = fix_open(f, (struct ls_db_params){.url = test_pg_tcp_url()});
    assert_string_equal(fix_get(db, "show tcp_keepalives_idle"), "15");
    assert_string_equal(fix_get(db, "show tcp_keepalives_interval"), "5");
    assert_string_equal(fix_get(db, "show tcp_keepalives_count"), "3");
    if (ls_db_info(db)->server_version >= 120000)
        assert_string_equal(fix_get(db, "show tcp_user_timeout"), "30000");
    ls_db_close(db);
}

#define PG(name)                                                                                                                   \
    {                                                                                                                              \
#name, name, fix_setup_postgres, fix_teardown, NULL                                                                        \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        PG(wrong_password_is_auth),         PG(missing_password_is_auth),      PG(passfile_gives_the_password),
        PG(service_file_gives_the_address), PG(keyword_string_connects),       PG(nobody_listens),
        PG(connecting_ends_in_time),        PG(a_lookup_ends_in_time),        PG(several_hosts_are_a_line_each), PG(missing_database_is_not_found), PG(bad_addresses_do_not_show_secrets),
        PG(parameters_of_other_tools),      PG(settings_are_in_force),       PG(the_server_watches_a_network_line),
    };

    return cmocka_run_group_tests_name("db connect", tests, NULL, NULL);
}
