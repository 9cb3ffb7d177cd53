/* pg_dump's own idea of a schema is the referee: a schema and what comes out of restoring its dump are equal. */
#include <config.h>

#include "contract/catalog_pg.h"

#include <glob.h>

/* Runs a shell command; its output goes to stderr when it fails. */
static bool shell(const char *command)
{
    return system(command) == 0; /* NOLINT: a test, its own words */
}

/* Restores the schema of one database in another, as pg_dump writes it; NULL when it cannot. psql ends at the first error, and with
 * it the pipe. */
static char *restored(const char *from)
{
    const char *bin = getenv("LS_TEST_PG_CLIENTS");
    char *to = test_pg_new_database("restored");
    struct ls_buf command = LS_BUF_INIT;

    ls_buf_addf(&command,
                "'%s/pg_dump' -s '%s' | '%s/psql' -qX -v ON_ERROR_STOP=1 '%s' 2>&1 >/dev/null | { ! grep -a "
                "'ERROR\\|FATAL\\|failed' >&2; }",
                bin, from, bin, to);
    if (to != NULL && !shell(command.ptr)) {
        catpg_drop(to);
        to = NULL;
    }
    ls_buf_release(&command);
    return to;
}

static void assert_restores(const char *url, uint32_t at_least)
{
    char *again = restored(url);
    struct ls_catalog *a, *b;

    if (again == NULL)
        fail_msg("the dump could not be restored");
    a = catpg_read(url);
    b = catpg_read(again);
    assert_true(a->n_facts >= at_least);
    assert_int_equal(a->notes.d.n, 0);
    catpg_assert_equal(a, b);
    catpg_assert_equal(b, a);
    ls_catalog_free(a);
    ls_catalog_free(b);
    catpg_drop(again);
}

#define NEED_TOOLS()                                     \
    do {                                                 \
        (void)state;                                     \
        if (test_pg_dump_skip_reason() != NULL)          \
            test_skip(test_pg_dump_skip_reason());       \
    } while (0)

static void one_of_every_kind(void **state)
{
    char *url;

    NEED_TOOLS();
    url = catpg_everything();
    assert_restores(url, 150);
    catpg_drop(url);
}

/* Real folders that nobody here wrote: all up files in the order of their numbers. */
static void real_folders(void **state)
{
    char *pattern;
    glob_t found;

    NEED_TOOLS();
    pattern = catpg_source("../shared/corpus/golang-migrate-postgres/*");
    if (glob(pattern, GLOB_ONLYDIR, NULL, &found) != 0 || found.gl_pathc == 0) {
        free(pattern);
        test_skip("the corpus is not there");
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *url = test_pg_new_database("folder");
        struct ls_buf command = LS_BUF_INIT;

        ls_buf_addf(&command,
                    "cd '%s' && ls *.up.sql | sort -t_ -k1,1n | sed 's/.*/\\\\i &/' | '%s/psql' -qX -v ON_ERROR_STOP=1 '%s' "
                    ">/dev/null 2>&1",
                    found.gl_pathv[i], getenv("LS_TEST_PG_CLIENTS"), url);
        if (!shell(command.ptr))
            fail_msg("%s does not apply", found.gl_pathv[i]);
        assert_restores(url, 100);
        ls_buf_release(&command);
        test_pg_drop_database(url);
    }
    globfree(&found);
    free(pattern);
}

/* What differs but for the order of columns in tables that inherit: pg_dump writes what a parent has handed down first, whatever
 * the order was. */
static size_t count_beside_orders(const struct ls_catalog *a, const struct ls_catalog *b)
{
    static const struct ls_diff_opts opts = {.with_owner = true, .with_rights = true, .with_order = true};
    struct ls_buf line = LS_BUF_INIT;
    struct ls_diff d;
    size_t n = 0;

    ls_diff_make(a, b, &opts, &d);
    for (size_t i = 0; i < d.d.n; i++) {
        const struct ls_difference *x = &d.d.v[i];

        if (x->a && x->b && ls_fact_get(x->a, LS_A_INHERITS) && x->n_attrs == 1 && x->attrs[0].attr == LS_A_POSITION)
            continue;
        n++;
        ls_buf_clear(&line);
        ls_difference_line(x, &line);
        print_error("%s\n", line.ptr);
    }
    ls_diff_release(&d);
    ls_buf_release(&line);
    return n;
}

/* PostgreSQL's own regression schema, as a dump that somebody has made of it: LS_TEST_PG_REGRESSION names the file. */
static void the_servers_own_regression_schema(void **state)
{
    const char *dump = getenv("LS_TEST_PG_REGRESSION");
    struct ls_buf command = LS_BUF_INIT;
    struct ls_catalog *a, *b;
    char *url, *again;

    NEED_TOOLS();
    if (dump == NULL)
        test_skip("LS_TEST_PG_REGRESSION names no dump");
    url = test_pg_new_database("regression");
    ls_buf_addf(&command, "'%s/psql' -qX '%s' -f '%s' >/dev/null 2>&1", getenv("LS_TEST_PG_CLIENTS"), url, dump);
    assert_true(shell(command.ptr));
    again = restored(url);
    assert_non_null(again);
    a = catpg_read(url);
    b = catpg_read(again);
    assert_true(a->n_facts >= 1000);
    assert_int_equal(count_beside_orders(a, a), 0);
    assert_int_equal(count_beside_orders(a, b), 0);
    assert_int_equal(count_beside_orders(b, a), 0);
    ls_catalog_free(a);
    ls_catalog_free(b);
    ls_buf_release(&command);
    catpg_drop(url);
    catpg_drop(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_every_kind), cmocka_unit_test(real_folders),
                                       cmocka_unit_test(the_servers_own_regression_schema)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
