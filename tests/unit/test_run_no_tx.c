/* Runs without a transaction of ours: transactions that a file has of its own, and what a server does with them when we are gone. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

/* What SQLite's manual asks for to change a table: the pragma outside, everything else in one transaction (lang_altertable, 7). */
static void a_file_may_have_a_transaction_of_its_own(bool pg)
{
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql",
            pg ? "-- lockstep: no-transaction\nBEGIN;\nCREATE TABLE n1 (id int);\nCOMMIT;\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n"
               : "-- lockstep: no-transaction\nPRAGMA foreign_keys=OFF;\nBEGIN IMMEDIATE;\nCREATE TABLE n1 (id int);\nDROP TABLE a;\n"
                 "CREATE TABLE a (id int, n text);\nCOMMIT;\nPRAGMA foreign_keys=ON;\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied, 3 applied");
    eng_is(&o, eng_tables(pg), "a,b,b2,n1");
    ops_close(&o);
}
ENG_BOTH(a_file_may_have_a_transaction_of_its_own)

static void what_its_own_transaction_did_is_taken_back(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql",
            "-- lockstep: no-transaction\nCREATE TABLE n1 (id int);\nBEGIN;\nCREATE TABLE n2 (id int);\nCREATE TABLE a (id int);\nCOMMIT;\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.failed_stmt, 4);
    eng_has(rep.applied.ptr, "Statement 1 of 5 took effect and stays.");
    eng_has(rep.applied.ptr, "Statements 2 to 3 were in a transaction of the file's own, which was rolled back.");
    ls_run_report_release(&rep);
    eng_is(&o, eng_tables(pg), "a,b,b2,n1");
    ops_close(&o);
}
ENG_BOTH(what_its_own_transaction_did_is_taken_back)

static void half_an_index_is_told_of(void **state)
{
    struct ls_run_report rep;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "lockstep", true);
    eng_lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql",
            "-- lockstep: no-transaction\nCREATE TABLE n1 (id int);\nINSERT INTO n1 VALUES (1), (1);\nCREATE UNIQUE INDEX CONCURRENTLY n1_id ON n1 (id);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.applied.ptr, "Statement 3 failed; as it runs outside of transactions it can leave something unfinished behind, such as an invalid index.");
    ls_run_report_release(&rep);
    ops_close(&o);
}

static void one_that_is_left_open_is_taken_back(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    eng_lockstep_folder(&o);
    ops_put(&o, "migrations/003_n.up.sql", "-- lockstep: no-transaction\nCREATE TABLE n1 (id int);\nBEGIN;\nCREATE TABLE n2 (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.err.message, "left a transaction open");
    eng_has(rep.applied.ptr, "Statement 1 of 3 took effect and stays.");
    assert_null(strstr(rep.applied.ptr, "All its statements"));
    ls_run_report_release(&rep);
    eng_is(&o, eng_tables(pg), "a,b,b2,n1");
    eng_is(&o, eng_statuses(pg), "1 applied, 2 applied, 3 failed");
    ops_close(&o);
}
ENG_BOTH(one_that_is_left_open_is_taken_back)

/* What a migration sets on its connection is not met by the next run of the same session. */
static void a_pragma_does_not_stay_with_the_session(void **state)
{
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_put(&o, "migrations/001_p.up.sql", "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE k (p int REFERENCES p);\n");
    ops_put(&o, "migrations/002_s.up.sql", "-- lockstep: no-transaction\nPRAGMA foreign_keys=ON;\n");
    ops_put(&o, "migrations/003_i.up.sql", "INSERT INTO k VALUES (7);\n");
    eng_run(&o, LS_ACTION_UP, 2, NULL);
    eng_run(&o, LS_ACTION_UP, 1, NULL); /* as it would in a session of its own */
    ops_close(&o);
}

/* When we are gone the server rolls back what is in a transaction, and finishes what is not: half an index helps nobody
 * (reliability.md F2, V9). */
static void the_server_goes_on_outside_of_transactions(void **state)
{
    struct ops o;

    (void)state;
    ENG_NEEDS_MAJOR(14, "servers before 14 do not look for a vanished client");
    ops_open(&o, "lockstep", true);
    ops_put(&o, "migrations/001_a.up.sql", "CREATE TABLE s (v text);\nINSERT INTO s SELECT '1 ' || current_setting('client_connection_check_interval');\n");
    ops_put(&o, "migrations/002_b.up.sql",
            "-- lockstep: no-transaction\nINSERT INTO s SELECT '2 ' || current_setting('client_connection_check_interval');\n");
    ops_put(&o, "migrations/003_c.up.sql", "INSERT INTO s SELECT '3 ' || current_setting('client_connection_check_interval');\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT string_agg(v, ', ' ORDER BY v) FROM s", "1 1s, 2 0, 3 1s");
    ops_close(&o);
}

static void keep_notice(void *ctx, const struct ls_event *ev)
{
    if (ev->kind == LS_EV_NOTICE)
        ls_buf_addf(ctx, "%s\n", ev->text);
}

static void golangs_single_index_is_finished_too(void **state)
{
    struct ls_buf notices = LS_BUF_INIT;
    struct ls_run_hooks hooks = {.on_event = keep_notice, .ctx = &notices};
    struct ls_run_report rep;
    struct ops o;

    (void)state;
    ENG_NEEDS_MAJOR(14, "servers before 14 do not look for a vanished client");
    ops_open(&o, "golang-migrate", true);
    ops_put(&o, "migrations/1_f.up.sql",
            "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\nCREATE FUNCTION tell(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN\n"
            "RAISE NOTICE 'interval %', current_setting('client_connection_check_interval'); RETURN i; END $$;\nSELECT tell(1);\n");
    ops_put(&o, "migrations/2_i.up.sql", "CREATE INDEX CONCURRENTLY t_i ON t (tell(id));\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, 1, NULL, &hooks, &rep), LS_OK);
    ls_run_report_release(&rep);
    eng_has(notices.ptr, "NOTICE: interval 1s");
    ls_buf_clear(&notices);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, 1, NULL, &hooks, &rep), LS_OK);
    ls_run_report_release(&rep);
    eng_has(notices.ptr, "NOTICE: interval 0");
    assert_null(strstr(notices.ptr, "1s"));
    ls_buf_release(&notices);
    ops_close(&o);
}

/* An error without an SQLSTATE need not be a line that was cut. */
static void a_transaction_that_golang_left_open_is_no_lost_line(void **state)
{
    struct ls_run_report rep;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    ops_open(&o, "golang-migrate", true);
    ops_put(&o, "migrations/1_n.up.sql", "BEGIN;\nCREATE TABLE n (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.err.message, "left a transaction open");
    eng_has(rep.applied.ptr, "has transaction commands of its own");
    assert_null(strstr(rep.applied.ptr, "connection"));
    ls_run_report_release(&rep);
    eng_is(&o, eng_tables(true), "");
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(a_file_may_have_a_transaction_of_its_own),
        ENG_BOTH_TESTS(what_its_own_transaction_did_is_taken_back),
        cmocka_unit_test(half_an_index_is_told_of),
        ENG_BOTH_TESTS(one_that_is_left_open_is_taken_back),
        cmocka_unit_test(a_pragma_does_not_stay_with_the_session),
        cmocka_unit_test(the_server_goes_on_outside_of_transactions),
        cmocka_unit_test(golangs_single_index_is_finished_too),
        cmocka_unit_test(a_transaction_that_golang_left_open_is_no_lost_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
