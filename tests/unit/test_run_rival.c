/* Somebody else writes to the same SQLite file while a run is under way. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

struct rival {
    struct ls_db *db;
    bool is_done;
};

/* The run waits for the lock: now the rival is through. */
static void commit_when_waited_for(void *ctx, const struct ls_event *ev)
{
    struct rival *r = ctx;

    if (ev->kind != LS_EV_WAIT || r->is_done)
        return;
    r->is_done = true;
    ops_ok(ls_db_commit(r->db, err));
}

/* The write lock is taken at BEGIN, before the fence looks: what the rival wrote is seen, and neither keeps the other from going on. */
static void the_lock_comes_before_the_fence(void **state)
{
    static const char row[] = "INSERT INTO schema_migrations (version, name, status) VALUES (2, 'b', 'applied')";
    struct ls_db_params p = {0};
    struct rival r = {0};
    struct ls_run_hooks hooks = {.on_event = commit_when_waited_for, .ctx = &r};
    struct ls_run_report rep;
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    ops_open(&o, "lockstep", false);
    o.no_journal = true; /* its first row would wait, before the plan's own lock */
    ops_session(&o, "lockstep");
    eng_lockstep_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &r.db, err));
    ops_ok(ls_db_begin(r.db, err));
    ops_ok(ls_db_exec(r.db, row, strlen(row), NULL, 0, NULL, err));
    assert_int_equal(ls_run(o.s, plan, &hooks, &rep), LS_E_CHANGED);
    assert_true(r.is_done);
    ls_run_report_release(&rep);
    ls_db_close(r.db);
    ls_plan_free(plan);
    eng_is(&o, eng_tables(false), "a");
    eng_is(&o, eng_statuses(false), "1 applied, 2 applied");
    ops_close(&o);
}

/* A rival that ends what it does once it was said that it is waited for. */
struct held {
    struct ls_db *db;
    const char *words; /* of the event, in front of the file's name */
    const char *file;
    int step;          /* where the run waits */
    bool is_told;
};

static void let_go_when_told(void *ctx, const struct ls_event *ev)
{
    struct held *h = ctx;
    const char *at;

    if (ev->kind != LS_EV_WAIT || ev->text == NULL || h->is_told)
        return;
    at = strstr(ev->text, h->words);
    assert_non_null(at);
    assert_memory_equal(at + strlen(h->words), h->file, strlen(h->file));
    assert_non_null(strstr(ev->text, "gives up after 1 min 40 s"));
    assert_int_equal(ev->step, h->step);
    h->is_told = true;
    ls_db_rollback(h->db);
}

/* Runs one step while a rival that has run sql in a transaction of its own is in the way. */
static void run_against(struct held *h, bool has_journal, bool is_reader, const char *sql)
{
    struct ls_db_params p = {.read_only = is_reader};
    struct ls_run_hooks hooks = {.on_event = let_go_when_told, .ctx = h};
    struct ls_run_report rep;
    struct ls_result seen;
    struct ls_plan *plan;
    struct ops o;

    ops_open(&o, "lockstep", false);
    o.no_journal = !has_journal;
    o.busy_timeout_ms = 100000;
    ops_session(&o, "lockstep");
    eng_lockstep_folder(&o);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    p.url = o.url;
    ops_ok(ls_db_open(&p, &h->db, err));
    h->file = ls_db_info(h->db)->database;
    ops_ok(ls_db_begin(h->db, err));
    ops_ok(ls_db_query(h->db, sql, NULL, 0, &seen, err)); /* a reader has its lock once it has read */
    ls_result_release(&seen);
    assert_int_equal(ls_run(o.s, plan, &hooks, &rep), LS_OK);
    assert_true(h->is_told);
    ls_run_report_release(&rep);
    ls_db_close(h->db);
    ls_plan_free(plan);
    eng_is(&o, eng_statuses(false), "1 applied, 2 applied");
    ops_close(&o);
}

static void a_writer_is_told_before_the_run_begins(void **state)
{
    struct held h = {.words = "another connection that writes to ", .step = -1};

    (void)state;
    run_against(&h, true, false, "SELECT 1"); /* the journal's first row waits for it */
}

static void a_writer_is_told_at_begin(void **state)
{
    struct held h = {.words = "another connection that writes to "};

    (void)state;
    run_against(&h, false, false, "SELECT 1");
}

static void a_reader_is_told_at_commit(void **state)
{
    struct held h = {.words = "another connection that reads "};

    (void)state;
    run_against(&h, false, true, "SELECT count(*) FROM schema_migrations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_is_told_before_the_run_begins),
        cmocka_unit_test(a_writer_is_told_at_begin),
        cmocka_unit_test(a_reader_is_told_at_commit),
        cmocka_unit_test(the_lock_comes_before_the_fence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
