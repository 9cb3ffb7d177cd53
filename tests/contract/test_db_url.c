/* Which dialect a URL names, and what is said about it. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/db/db.h"

enum { NONE = -1, PG = LS_DIALECT_POSTGRES, LITE = LS_DIALECT_SQLITE };

static const struct {
    const char *url;
    int dialect;
    const char *label;
} cases[] = {
    {"sqlite:app.db", LITE, "sqlite app.db"},
    {"sqlite3:dir/app.db", LITE, "sqlite dir/app.db"},
    {"SQLite:app", LITE, "sqlite app"},
    {"sqlite:///srv/app.db", LITE, "sqlite /srv/app.db"},
    {"sqlite3://rel/app.db?x-no-tx-wrap=true", LITE, "sqlite rel/app.db"},
    {"sqlite:////srv/app.db", LITE, "sqlite //srv/app.db"},
    {"sqlite:///srv/my%20app.db", LITE, "sqlite /srv/my app.db"},
    {"sqlite:my%20app.db", LITE, "sqlite my%20app.db"},
    {"sqlite+pysqlite:///app.db", LITE, "sqlite /app.db"},
    {"file:app.db", LITE, "sqlite app.db"},
    {"file:./dev.db?connection_limit=1", LITE, "sqlite ./dev.db"},
    {"file:///srv/app.db?mode=ro", LITE, "sqlite /srv/app.db"},
    {"file://localhost/srv/app.db", LITE, "sqlite /srv/app.db"},
    {"file:a%2Fb.db", LITE, "sqlite a/b.db"},
    {":memory:", LITE, "sqlite :memory:"},
    {"sqlite::memory:", LITE, "sqlite :memory:"},
    {"app.db", LITE, "sqlite app.db"},
    {"/srv/a=b/app.SQLITE", LITE, "sqlite /srv/a=b/app.SQLITE"},
    {"x.sqlite3", LITE, "sqlite x.sqlite3"},
    {"my=file.db", LITE, "sqlite my=file.db"},
    {"what?.db", LITE, "sqlite what?.db"},
    {"postgres://app@db.example:5432/shop", PG, "postgres shop at db.example:5432"},
    {"postgres://app:s3cret@db.example/shop", PG, "postgres shop at db.example"},
    {"postgresql://app:s3cret@[::1]:5433/shop?sslmode=require", PG, "postgres shop at [::1]:5433"},
    {"pgx://app:s3cret@h/shop", PG, "postgres shop at h"},
    {"pgx5://app:s3cret@h/shop", PG, "postgres shop at h"},
    {"postgresql+psycopg2://app:s3cret@h/shop", PG, "postgres shop at h"},
    {"postgresql:///shop?host=/run/postgresql&port=6000", PG, "postgres shop at /run/postgresql:6000"},
    {"postgresql://%2Frun%2Fpostgresql/shop", PG, "postgres shop at /run/postgresql"},
    {"postgres://app:s3cret@h", PG, "postgres app at h"},
    {"postgres://", PG, "postgres"},
    {"postgres://a:s3cret@h1:1,h2:2/shop", PG, "postgres shop at h1:1"},
    {"postgres://app@h/shop?password=s3cret", PG, "postgres shop at h"},
    {"postgres://app:s3cret@s3cret@h/shop", PG, "postgres"},
    {"postgres://app:s3cret/s3cret@h/shop", PG, "postgres"},
    {"postgres:///s%68op", PG, "postgres shop"},
    {"host=db.example dbname=shop user=app password=s3cret", PG, "postgres shop at db.example"},
    {"host = db.example port=6000 dbname = 'my shop' password='s3 cret'", PG, "postgres my shop at db.example:6000"},
    {"  dbname='it\\'s'", PG, "postgres it's"},
    {"hostaddr=::1 dbname=shop port=5433", PG, "postgres shop at [::1]:5433"},
    {"dbname=shop.db", PG, "postgres shop.db"},
    {"service=prod", PG, "postgres of service prod"},
    {"service=prod dbname=shop", PG, "postgres shop of service prod"},
    {"password=s3cret", PG, "postgres"},
    {"dbname=postgres://u:s3cret@h/x", PG, "postgres ***"},
    {"", NONE, NULL},
    {"app", NONE, NULL},
    {"mysql://u:s3cret@h/x", NONE, NULL},
    {"postgres:shop", NONE, NULL},
    {".db", NONE, NULL},
    {"http://h/x", NONE, NULL},
    {"u:s3cret@h", NONE, NULL},
    {"nonsense=1", NONE, NULL},
};

static bool is_built(int dialect)
{
#ifndef LS_WITH_POSTGRES
    if (dialect == PG)
        return false;
#endif
#ifndef LS_WITH_SQLITE
    if (dialect == LITE)
        return false;
#endif
    return dialect != NONE;
}

static void dialects(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_err err = LS_ERR_INIT;
        enum ls_dialect d = LS_DIALECT_SQLITE;
        enum ls_rc rc = ls_db_url_dialect(cases[i].url, &d, &err);
        enum ls_rc want = cases[i].dialect == NONE ? LS_E_USAGE : is_built(cases[i].dialect) ? LS_OK : LS_E_UNSUPPORTED;

        if (rc != want || (rc == LS_OK && (int)d != cases[i].dialect))
            print_error("%s: %s\n", cases[i].url, ls_rc_name(rc));
        assert_int_equal(rc, want);
        if (rc == LS_OK)
            assert_int_equal(d, cases[i].dialect);
        else
            assert_null(strstr(err.message, "s3cret"));
        if (rc == LS_E_USAGE)
            assert_non_null(strstr(err.hint, "sqlite:PATH"));
        ls_err_release(&err);
    }
    assert_int_equal(ls_db_url_dialect(NULL, &(enum ls_dialect){0}, NULL), LS_E_USAGE);
}

static void labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *label = ls_db_url_label(cases[i].url);

        if (cases[i].label && strcmp(label, cases[i].label) != 0)
            print_error("%s\n", cases[i].url);
        if (cases[i].label)
            assert_string_equal(label, cases[i].label);
        assert_null(strstr(label, "s3cret"));
        free(label);
    }
}

/* What must be typed where nothing is connected: never a password, and nothing where libpq would decide. */
static void the_database_of_a_url(void **state)
{
    static const struct {
        const char *url, *database;
    } named[] = {{"postgres://u:secret@h:5432/app?sslmode=require", "app"}, {"postgresql:///my%20shop?host=/run/pg", "my shop"},
                 {"host=/run/pg dbname='a b' user=u", "a b"}, {"postgres://u@h", "u"}, {"service=prod", ""},
                 {"postgres://h/?dbname=postgres://u:secret@h/x", ""}, {"sqlite:data/app.db", "data/app.db"}, {"nonsense", ""}};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(named); i++) {
        char *database = ls_db_url_database(named[i].url);

        assert_string_equal(database, named[i].database);
        free(database);
    }
}

static void what_is_typed_to_name_it(void **state)
{
    (void)state;
    assert_string_equal(ls_db_typed_name(LS_DIALECT_SQLITE, "data/app.db"), "app.db");
    assert_string_equal(ls_db_typed_name(LS_DIALECT_SQLITE, "app.db"), "app.db");
    assert_string_equal(ls_db_typed_name(LS_DIALECT_POSTGRES, "team/app"), "team/app"); /* no path: team/app and old/app are two databases */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(dialects), cmocka_unit_test(labels), cmocka_unit_test(the_database_of_a_url),
                                              cmocka_unit_test(what_is_typed_to_name_it)};

    return cmocka_run_group_tests_name("db url", tests, NULL, NULL);
}
