/* The answer to a COMMIT never comes, and the server has done it: what the run then says of the migration that was being committed, and of
 * those behind it, must be what is true. And a line that is cut while statements are on their way. (reliability.md N1, protocol R) */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contract/proxy.h"
#include "support/engine.h"

static struct proxy *proxy(struct proxy_rules rules)
{
    struct proxy *p = proxy_start(getenv("LS_TEST_PG_HOST"), getenv("LS_TEST_PG_PORT"), rules);

    if (p == NULL)
        test_skip("no loopback port");
    return p;
}

/* From here on the session speaks through the proxy; ops_get and ops_sql too. */
static void go_through(struct ops *o, const char *format, struct proxy *p)
{
    char *database = test_pg_get(o->pg_url, "SELECT current_database()");

    assert_non_null(database);
    free(o->url);
    o->url = ls_asprintf("postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable&gssencmode=disable", proxy_port(p), database);
    free(database);
    ops_session(o, format);
}

static void three(struct ops *o, const char *format)
{
    ops_open(o, format, true);
    o->no_journal = true; /* the first COMMIT is then the plan's own */
    ops_put(o, "migrations/001_a.up.sql", "CREATE TABLE a (id int);\n");
    ops_put(o, "migrations/002_b.up.sql", "CREATE TABLE b (id int);\n");
    ops_put(o, "migrations/003_c.up.sql", "CREATE TABLE c (id int);\n");
    ops_session(o, format);
}

/* Runs all that is pending and expects it to stop with LS_E_CONNECT, nothing dirty, and n steps through. */
static void expect_stop(struct ops *o, int n, struct ls_run_report *rep)
{
    assert_int_equal(eng_try(o, LS_ACTION_UP, -1, NULL, NULL, rep), LS_E_CONNECT);
    print_message("# %s\n# %s# %s", rep->err.message, rep->applied.ptr, rep->next.ptr);
    assert_int_equal(rep->verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep->n_steps_done, n);
    assert_int_equal(rep->failed_step, -1); /* none of them failed */
    assert_null(strstr(rep->applied.ptr, "rolled back"));
}

static void of_the_ledgers_own_making(void **state)
{
    struct ops o;
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    three(&o, "lockstep");

    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "COMMIT"});

    go_through(&o, "lockstep", p);
    expect_stop(&o, 0, &rep);
    eng_has(rep.err.message, "ledger");
    eng_has(rep.applied.ptr, "Nothing was applied.");
    eng_is(&o, eng_tables(true), "");
    eng_is(&o, "SELECT count(*) FROM schema_migrations", "0"); /* it is there */
    ls_run_report_release(&rep);
    ls_session_disconnect(o.s);
    proxy_stop(p);
    ops_close(&o);
}

static void with_more_to_come(void **state)
{
    struct ops o;
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    three(&o, "lockstep");
    eng_run(&o, LS_ACTION_UP, 1, NULL);

    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "COMMIT"});

    go_through(&o, "lockstep", p);
    expect_stop(&o, 1, &rep);
    eng_has(rep.err.message, "002");
    eng_has(rep.applied.ptr, "Applied: 002.");
    eng_has(rep.applied.ptr, "Not begun: 1 more.");
    eng_has(rep.next.ptr, "it goes on with 003");
    eng_is(&o, eng_tables(true), "a,b");
    eng_is(&o, eng_statuses(true), "1 applied, 2 applied");
    ls_run_report_release(&rep);
    ls_session_disconnect(o.s);
    proxy_stop(p);
    ops_close(&o);
}

/* Behind the last statement of a file that ran outside of a transaction. */
static void of_a_completion(void **state)
{
    struct ops o;
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    three(&o, "golang-migrate");
    eng_run(&o, LS_ACTION_UP, 1, NULL);

    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "COMMIT", .passes = 1}); /* the intent's */

    go_through(&o, "golang-migrate", p);
    expect_stop(&o, 1, &rep);
    eng_has(rep.applied.ptr, "Applied: 002.");
    eng_is(&o, eng_cursor(true), "2/false");
    ls_run_report_release(&rep);
    ls_session_disconnect(o.s);
    proxy_stop(p);
    ops_close(&o);
}

static void of_an_intent_leaves_it_dirty(void **state)
{
    struct ops o;
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    three(&o, "golang-migrate");
    eng_run(&o, LS_ACTION_UP, 1, NULL);

    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "COMMIT"});

    go_through(&o, "golang-migrate", p);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.verdict, LS_VERDICT_DIRTY);
    eng_has(rep.applied.ptr, "Its file was not sent: nothing of it is in the database.");
    ls_session_disconnect(o.s); /* the proxy serves one after the other */
    eng_is(&o, eng_cursor(true), "2/true");
    eng_is(&o, eng_tables(true), "a");
    ls_run_report_release(&rep);
    proxy_stop(p);
    ops_close(&o);
}

/* Of a statement outside of transactions: the server has finished it, and nobody heard. */
static void of_a_statement_by_itself(void **state)
{
    struct ops o;
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    three(&o, "lockstep");
    ops_put(&o, "migrations/002_b.up.sql", "-- lockstep: no-transaction\nBEGIN;\nCREATE TABLE b (id int);\nCOMMIT;\nCREATE TABLE b4 (id int);\n");
    eng_run(&o, LS_ACTION_UP, 1, NULL);

    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "COMMIT", .passes = 1}); /* the intent's; then the file's own */

    go_through(&o, "lockstep", p);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.applied.ptr, "The connection was lost while statement 3 was running");
    assert_null(strstr(rep.applied.ptr, "rolled back"));
    ls_run_report_release(&rep);
    ls_session_disconnect(o.s);
    eng_is(&o, eng_tables(true), "a,b");
    eng_is(&o, eng_statuses(true), "1 applied, 2 failed");
    proxy_stop(p);
    ops_close(&o);
}

/* A small migration goes out in one piece: nobody knows how far the server came, and nothing of it was to be committed yet. */
static void a_line_cut_under_a_pipeline(void **state)
{
    struct ops o;
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    three(&o, "lockstep");
    eng_run(&o, LS_ACTION_UP, 1, NULL);

    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "CREATE TABLE b"});

    go_through(&o, "lockstep", p);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_CONNECT);
    print_message("# %s\n", rep.err.message);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.failed_step, 0);
    assert_int_equal(rep.failed_op, -1);
    eng_has(rep.err.message, "sending 002: the connection was lost");
    assert_null(strstr(rep.err.message, "beginning"));
    ls_run_report_release(&rep);
    ls_session_disconnect(o.s);
    eng_is(&o, eng_tables(true), "a");
    eng_is(&o, eng_statuses(true), "1 applied");
    proxy_stop(p);
    ops_close(&o);
}

static void of_the_last_one_is_done(void **state)
{
    struct ops o;
    struct ls_run_report rep;

    (void)state;
    ENG_NEEDS_PG();
    three(&o, "lockstep");
    eng_run(&o, LS_ACTION_UP, 2, NULL);

    struct proxy *p = proxy((struct proxy_rules){.swallow_after = "COMMIT"});

    go_through(&o, "lockstep", p);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_OK);
    assert_int_equal(rep.verdict, LS_VERDICT_DONE);
    eng_is(&o, eng_statuses(true), "1 applied, 2 applied, 3 applied");
    ls_run_report_release(&rep);
    ls_session_disconnect(o.s);
    proxy_stop(p);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_ledgers_own_making),
        cmocka_unit_test(with_more_to_come),
        cmocka_unit_test(of_the_last_one_is_done),
        cmocka_unit_test(of_a_completion),
        cmocka_unit_test(a_line_cut_under_a_pipeline),
        cmocka_unit_test(of_a_statement_by_itself),
        cmocka_unit_test(of_an_intent_leaves_it_dirty),
    };

    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
