/* Maintenance under way: what it says, how it is stopped, what it leaves, and who else is at work. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/index_fix.h"
#include "lockstep/engine/journal.h"
#include "support/ops.h"
#include "support/skip.h"

static struct ops o;

static struct ls_usage_table tables[] = {{.name = "t", .kind = 'r', .parent = LS_NO_USAGE, .n_indexes = 1}};
static struct ls_usage_index indexes[] = {{.name = "t_k", .table = 0, .definition = "CREATE INDEX t_k ON t (k)", .constraint = "", .method = "btree",
                                           .predicate = "", .options = "", .tablespace = "", .comment = "", .parent = LS_NO_USAGE, .bytes = 1 << 20}};
static struct ls_usage usage = {.tables = tables, .n_tables = 1, .indexes = indexes, .n_indexes = 1, .server = "a server"};

static void set_usage(bool pg, int version)
{
    usage.dialect = pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE;
    usage.server_version = version;
    tables[0].schema = indexes[0].schema = pg ? "public" : "main";
    indexes[0].is_exclusion = false;
}

static void plan(enum ls_fix_kind fix, uint32_t index, uint32_t table, struct ls_upkeep *p)
{
    struct ls_index_verdict v = {.id = LS_IX_BLOAT, .fix = fix, .index = index, .table = table, .fk = LS_NO_USAGE, .object = "t_k"};

    ops_ok(ls_upkeep_plan(&usage, &v, p, err));
}

static void plans_as(enum ls_fix_kind fix, uint32_t index, const char *want, const char *price)
{
    struct ls_upkeep p;
    struct ls_buf all = LS_BUF_INIT;

    plan(fix, index, 0, &p);
    for (uint32_t i = 0; i < p.n; i++)
        ls_buf_addf(&all, "%s;", p.sql[i]);
    assert_string_equal(all.ptr, want);
    if (strstr(p.price, price) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", price, p.price);
    ls_buf_release(&all);
    ls_upkeep_release(&p);
}

static void test_plans(void **state)
{
    struct ls_index_verdict v = {.id = LS_IX_UNUSED, .fix = LS_FIX_DROP, .index = 0, .table = 0, .object = "t_k"};
    struct ls_upkeep p;
    struct ls_err e = LS_ERR_INIT;

    (void)state;
    set_usage(true, 150002);
    plans_as(LS_FIX_REINDEX, 0, "REINDEX INDEX CONCURRENTLY \"public\".\"t_k\";", "1.0 MiB of free space");
    plans_as(LS_FIX_ANALYZE, LS_NO_USAGE, "ANALYZE \"public\".\"t\";", "reads a sample");
    plans_as(LS_FIX_VACUUM, LS_NO_USAGE, "VACUUM (ANALYZE) \"public\".\"t\";", "reads and writes go on");
    set_usage(true, 140003);
    plans_as(LS_FIX_REINDEX, 0, "REINDEX INDEX \"public\".\"t_k\";", "wait until it is done");
    set_usage(true, 150002);
    indexes[0].is_exclusion = true;
    plans_as(LS_FIX_REINDEX, 0, "REINDEX INDEX \"public\".\"t_k\";", "wait until it is done");
    set_usage(false, 3040001);
    plans_as(LS_FIX_REINDEX, 0, "REINDEX \"main\".\"t_k\";", "wait");
    plans_as(LS_FIX_ANALYZE, LS_NO_USAGE, "PRAGMA analysis_limit = 400;ANALYZE \"main\".\"t\";", "Plans may change");
    plans_as(LS_FIX_VACUUM, LS_NO_USAGE, "VACUUM;", "twice the file's size");
    set_usage(false, 3046000);
    plans_as(LS_FIX_ANALYZE, LS_NO_USAGE, "PRAGMA optimize = 0x10002;", "");
    assert_int_equal(ls_upkeep_plan(&usage, &v, &p, &e), LS_E_REFUSED);
    assert_non_null(strstr(e.hint, "lockstep index --fix IX01:t_k"));
    assert_null(p.arena);
    ls_err_release(&e);
}

static void test_sqlite(void **state)
{
    struct ls_upkeep p;
    struct ls_journal j;
    char *n;

    (void)state;
    ops_open(&o, "lockstep", false);
    ops_sql(&o, "CREATE TABLE t (k); CREATE INDEX t_k ON t (k); INSERT INTO t VALUES (1), (2)");
    set_usage(false, 3040001);
    plan(LS_FIX_ANALYZE, LS_NO_USAGE, 0, &p);
    ops_ok(ls_upkeep_run(o.s, &p, NULL, err));
    n = ops_get(&o, "SELECT count(*) FROM sqlite_stat1");
    assert_string_equal(n, "1");
    free(n);
    ops_ok(ls_session_connect(o.s, err));
    ops_ok(ls_journal_read(o.s, 0, &j, err));
    assert_int_equal(j.rows.n, 2);
    assert_string_equal(j.rows.v[1].event, "run_end");
    assert_string_equal(j.rows.v[1].result, "done");
    assert_string_equal(j.rows.v[1].name, "analyze t_k");
    assert_int_equal(j.first_broken_seq, 0);
    ls_journal_release(&j);
    ls_upkeep_release(&p);
    ops_close(&o);
}

struct watch {
    struct ls_db *other; /* holds a row of the table, until it is seen to be waited for */
    bool saw_wait, saw_lock_wait;
};

static void on_event(void *ctx, const struct ls_event *ev)
{
    struct watch *w = ctx;

    w->saw_lock_wait = w->saw_lock_wait || ev->kind == LS_EV_LOCK_WAIT;
    if (ev->kind == LS_EV_PROGRESS && ev->text != NULL && strstr(ev->text, "waiting for writers") != NULL && !w->saw_wait) {
        w->saw_wait = true;
        ls_session_cancel(o.s);
    }
    /* So that what is tidied up behind has nobody to wait for any more. */
    if (ev->kind == LS_EV_PROGRESS && ev->text != NULL && strncmp(ev->text, "tidying up", 10) == 0 && w->other != NULL) {
        ls_db_close(w->other);
        w->other = NULL;
    }
}

static struct ls_db *hold_row(void)
{
    struct ls_db_params params = {.url = o.url};
    struct ls_db *db = NULL;
    static const char write[] = "INSERT INTO t VALUES (0)";

    ops_ok(ls_db_open(&params, &db, err));
    ops_ok(ls_db_begin(db, err));
    ops_ok(ls_db_exec(db, write, sizeof(write) - 1, NULL, 0, NULL, err));
    return db;
}

static void open_pg(void)
{
    ops_open(&o, "lockstep", true);
    ops_sql(&o, "CREATE TABLE t (k int); CREATE INDEX t_k ON t (k); INSERT INTO t SELECT generate_series(1, 1000)");
    set_usage(true, 150002);
}

static void test_cancel(void **state)
{
    struct watch w = {0};
    struct ls_run_hooks hooks = {.on_event = on_event, .ctx = &w};
    struct ls_err e = LS_ERR_INIT;
    struct ls_upkeep p;
    char *left;

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    open_pg();
    /* Another's leftover of the same table is not ours to take away, nor is an earlier one of the same index. */
    ops_sql(&o, "CREATE INDEX t_x_ccnew ON t (k); CREATE INDEX t_k_ccnew ON t (k); UPDATE pg_index SET indisvalid = false WHERE indexrelid IN "
                "('t_x_ccnew'::regclass, 't_k_ccnew'::regclass)");
    w.other = hold_row();
    plan(LS_FIX_REINDEX, 0, 0, &p);
    assert_int_equal(ls_upkeep_run(o.s, &p, &hooks, &e), LS_E_CANCELLED);
    assert_true(w.saw_wait);
    if (e.detail == NULL || strstr(e.detail, "invalid index t_k_ccnew1, was dropped") == NULL || strstr(e.detail, "t_x_ccnew is of another run") == NULL ||
        strstr(e.detail, "t_k_ccnew is of another run") == NULL)
        fail_msg("%s: %s", e.message, e.detail != NULL ? e.detail : "");
    ls_err_release(&e);
    left = ops_get(&o, "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'i' AND relname LIKE 't\\_%'");
    assert_string_equal(left, "t_k,t_k_ccnew,t_x_ccnew");
    free(left);
    /* The request to stop is used up. */
    ops_ok(ls_upkeep_run(o.s, &p, NULL, err));
    ls_db_close(w.other);
    ls_upkeep_release(&p);
    ops_close(&o);
}

static void test_others(void **state)
{
    struct watch w = {0};
    struct ls_run_hooks hooks = {.on_event = on_event, .ctx = &w};
    struct ls_db_params params = {0};
    struct ls_session_params sp;
    struct ls_session *mine;
    struct ls_err e = LS_ERR_INIT;
    struct ls_upkeep p;
    struct ls_snapshot *snap;
    struct ls_db *other = NULL;
    int64_t keys[4];
    bool got = false;
    int n;

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    open_pg();
    snap = ops_snapshot(&o);
    params.url = o.url;
    ops_ok(ls_db_open(&params, &other, err));
    n = ls_format_lockstep.lock_keys(other, &(struct ls_format_opts){0}, &snap->ledger, keys);
    ops_ok(ls_db_try_lock(other, keys, n, &got, err));
    assert_true(got);
    sp = *ls_session_params(o.s);
    sp.url = o.url;
    sp.lock_wait_ms = -1;
    mine = ls_session_new(&sp);
    ls_session_free(o.s);
    o.s = mine;
    plan(LS_FIX_REINDEX, 0, 0, &p);
    assert_int_equal(ls_upkeep_run(o.s, &p, &hooks, &e), LS_E_BUSY);
    assert_true(w.saw_lock_wait);
    ls_err_release(&e);
    ls_db_close(other);
    ops_ok(ls_upkeep_run(o.s, &p, &hooks, err));
    ls_session_set_read_only(o.s, true);
    assert_int_equal(ls_upkeep_run(o.s, &p, &hooks, &e), LS_E_REFUSED);
    ls_err_release(&e);
    ls_upkeep_release(&p);
    ls_snapshot_free(snap);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans), cmocka_unit_test(test_sqlite), cmocka_unit_test(test_cancel), cmocka_unit_test(test_others)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
