/* engine/explain.h on both databases: the tree, the counts, errors at their place, and that nothing stays. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/explain.h"
#include "support/pg.h"
#include "support/skip.h"

static const char schema[] = "CREATE TABLE memories (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, kind TEXT, updated_at INTEGER NOT NULL);";

struct target {
    struct ls_db *db;
    char *url;
    bool is_pg;
};

static void run_sql(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s: %s", sql, err.message);
}

static void open_target(struct target *t, bool is_pg)
{
    struct ls_db_params p = {.url = ":memory:"};

    memset(t, 0, sizeof(*t));
    t->is_pg = is_pg;
    if (is_pg)
        p.url = t->url = test_pg_new_database("explain");
    assert_int_equal(ls_db_open(&p, &t->db, NULL), LS_OK);
    run_sql(t->db, schema);
    run_sql(t->db, is_pg ? "INSERT INTO memories SELECT n, n % 100, 'k' || (n % 5), n * 7919 % 10000 FROM generate_series(1, 10000) n"
                         : "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000) INSERT INTO memories SELECT n, n % 100, 'k' "
                           "|| (n % 5), n * 7919 % 10000 FROM c");
    run_sql(t->db, "ANALYZE");
}

static void close_target(struct target *t)
{
    ls_db_close(t->db);
    test_pg_drop_database(t->url);
}

static void ask(struct target *t, const char *sql, const struct ls_explain_opts *opts, struct ls_explained *out)
{
    enum ls_dialect d = ls_db_dialect(t->db);
    struct ls_err err = LS_ERR_INIT;
    struct ls_workload w;

    assert_int_equal(ls_workload_one(sql, strlen(sql), d, &w, NULL), LS_OK);
    if (ls_explain(t->db, &w.queries[0], opts, out, &err) != LS_OK)
        fail_msg("%s: %s", sql, err.message);
    assert_int_equal(ls_db_tx_status(t->db), LS_TXS_IDLE);
    ls_workload_release(&w);
}

static const struct ls_node *node(const struct ls_explained *e, const char *what)
{
    for (uint32_t i = 0; i < e->n_nodes; i++)
        if (strstr(e->nodes[i].what, what) != NULL)
            return &e->nodes[i];
    fail_msg("no node %s", what);
    return NULL;
}

static int64_t count(struct ls_db *db, const char *sql)
{
    struct ls_result r;
    int64_t n;

    assert_int_equal(ls_db_query(db, sql, NULL, 0, &r, NULL), LS_OK);
    n = strtoll(ls_result_get(&r, 0, 0), NULL, 10);
    ls_result_release(&r);
    return n;
}

#define BOTH(name)                                \
    static void name##_sqlite(void **state)       \
    {                                             \
        (void)state;                              \
        NEEDS_SQLITE();                           \
        name(false);                              \
    }                                             \
    static void name##_pg(void **state)           \
    {                                             \
        (void)state;                              \
        if (test_pg_url() == NULL) {              \
            test_skip(test_pg_skip_reason());     \
            return;                               \
        }                                         \
        name(true);                               \
    }
#define BOTH_TESTS(name) cmocka_unit_test(name##_sqlite), cmocka_unit_test(name##_pg)
#ifdef LS_WITH_SQLITE
#define NEEDS_SQLITE() (void)0
#else
#define NEEDS_SQLITE() test_skip("this build has no SQLite driver")
#endif

static void plan_without_running(bool is_pg)
{
    struct target t;
    struct ls_explained e;

    open_target(&t, is_pg);
    ask(&t, "SELECT * FROM memories WHERE user_id = ? ORDER BY updated_at DESC LIMIT 20", NULL, &e);
    assert_false(e.is_measured);
    assert_int_equal(e.nodes[0].parent, LS_NO_USAGE);
    if (is_pg) {
        const struct ls_node *scan = node(&e, "Seq Scan");

        assert_string_equal(e.how, "generic plan");
        assert_string_equal(scan->relation, "memories");
        assert_non_null(strstr(scan->detail, "user_id = $1"));
        assert_true(e.cost > 150);
        assert_true(scan->self > 0.9 && scan->self <= 1);
        assert_string_equal(node(&e, "Sort")->detail, "memories.updated_at DESC");
        assert_int_equal(scan->depth, 2);
    } else {
        assert_string_equal(node(&e, "SCAN")->relation, "memories");
        assert_string_equal(node(&e, "USE TEMP B-TREE")->detail, "FOR ORDER BY");
    }
    ls_explained_release(&e);
    close_target(&t);
}

static void counts_of_a_run(bool is_pg)
{
    const struct ls_explain_opts run = {.run = true, .rounds = 2};
    struct target t;
    struct ls_explained a, b;

    open_target(&t, is_pg);
    ask(&t, "SELECT * FROM memories WHERE user_id = 42 ORDER BY updated_at DESC LIMIT 20", &run, &a);
    run_sql(t.db, "CREATE INDEX i ON memories (user_id, updated_at)");
    ask(&t, "SELECT * FROM memories WHERE user_id = 42 ORDER BY updated_at DESC LIMIT 20", &run, &b);
    assert_true(a.is_measured && b.is_measured && a.ms >= 0);
    assert_int_equal(a.rows, 20);
    assert_int_equal(b.rows, 20);
    if (is_pg) {
        assert_in_range(a.buffers, 50, 400);
        assert_in_range(b.buffers, 3, 25);
        assert_string_equal(node(&b, "Index Scan Backward")->index, "i");
        assert_true(node(&b, "Index Scan")->actual_rows > 19.5);
        assert_true(node(&a, "Seq Scan")->removed > 9899.5);
    } else {
        assert_int_equal(a.fullscan_steps, 9999);
        assert_int_equal(a.sorts, 1);
        assert_true(a.steps > 30000);
        assert_in_range(b.steps, 100, 200);
        assert_int_equal(b.sorts, 0);
        assert_int_equal(b.fullscan_steps, 0);
        assert_string_equal(node(&b, "SEARCH")->index, "i");
        assert_string_equal(node(&b, "SEARCH")->detail, "(user_id=?)");
    }
    ls_explained_release(&a);
    ls_explained_release(&b);
    close_target(&t);
}

static void samples_are_bound(bool is_pg)
{
    static const char text[] = "-- sample: 7, 'k2'\n-- sample: 8, 'none'\nSELECT id FROM memories WHERE user_id = ? AND kind = ?";
    const struct ls_sample s[] = {{(const char *const[]){"7", "k2"}, (const bool[]){true, false}},
                                  {(const char *const[]){"8", "none"}, (const bool[]){true, false}}};
    struct ls_explain_opts opts = {.run = true, .rounds = 1};
    struct ls_workload w;
    struct ls_explained e;
    struct ls_query q;
    struct target t;

    open_target(&t, is_pg);
    assert_int_equal(ls_workload_one(text, strlen(text), ls_db_dialect(t.db), &w, NULL), LS_OK);
    q = w.queries[0];
    q.samples = s;
    q.n_samples = 2;
    for (opts.sample = 0; opts.sample < 3; opts.sample++) {
        static const char *const how[] = {"with sample 1", "with sample 2", "with NULLs"};

        assert_int_equal(ls_explain(t.db, &q, &opts, &e, NULL), LS_OK);
        assert_int_equal(e.rows, opts.sample == 0 ? 100 : 0);
        assert_string_equal(e.how, how[opts.sample]);
        ls_explained_release(&e);
    }
    ls_workload_release(&w);
    close_target(&t);
}

/* Writing queries run on a clone only, and are taken back there. */
static void nothing_stays(bool is_pg)
{
    struct ls_explain_opts opts = {.run = true, .rounds = 2};
    struct target t;
    struct ls_explained e;

    open_target(&t, is_pg);
    ask(&t, "DELETE FROM memories WHERE user_id = 5", &opts, &e);
    assert_false(e.is_measured);
    assert_int_equal(count(t.db, "SELECT count(*) FROM memories"), 10000);
    ls_explained_release(&e);
    opts.is_clone = true;
    ask(&t, "DELETE FROM memories WHERE user_id = 5", &opts, &e);
    assert_true(e.is_measured);
    assert_int_equal(count(t.db, "SELECT count(*) FROM memories"), 10000);
    ls_explained_release(&e);
    if (is_pg)
        assert_int_equal(count(t.db, "SELECT count(*) FROM pg_prepared_statements"), 0);
    close_target(&t);
}

/* A server error stands at the query's place in its file, and leaves the connection usable. */
static void errors_have_their_place(bool is_pg)
{
    static const char text[] = "SELECT id\n  FROM memories WHERE nowhere = :a";
    struct ls_err err = LS_ERR_INIT;
    struct ls_explained e;
    struct ls_workload w;
    struct ls_query q;
    struct target t;

    open_target(&t, is_pg);
    assert_int_equal(ls_workload_one(text, strlen(text), ls_db_dialect(t.db), &w, NULL), LS_OK);
    q = w.queries[0];
    q.path = "a/w.sql";
    q.line = 12;
    q.col = 5;
    assert_int_equal(ls_explain(t.db, &q, NULL, &e, &err), LS_E_INPUT);
    assert_non_null(strstr(err.message, "nowhere"));
    if (strncmp(err.message, "a/w.sql:13:23: ", 15) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(err.line, 13);
    ls_err_release(&err);
    q.text = q.sql = "SELECT count(*) FROM memories";
    q.n_params = 0;
    q.n_cuts = 0;
    assert_int_equal(ls_explain(t.db, &q, NULL, &e, NULL), LS_OK);
    ls_explained_release(&e);
    ls_workload_release(&w);
    close_target(&t);
}

#define SCANS "SELECT sum(idx_scan)::text FROM pg_stat_user_indexes WHERE relname = 'memories'"

static int64_t scans(struct ls_db *db)
{
    struct ls_result r;
    int64_t n;

    run_sql(db, "SELECT pg_stat_force_next_flush()");
    assert_int_equal(ls_db_query(db, SCANS, NULL, 0, &r, NULL), LS_OK);
    n = strtoll(ls_result_get(&r, 0, 0), NULL, 10);
    ls_result_release(&r);
    return n;
}

/* A constant beyond the histogram has the planner look at the index's end, which the server counts as a scan of it. */
static void planning_is_no_use_pg(void **state)
{
    static const char beyond[] = "SELECT * FROM memories m JOIN memories o ON m.id = o.id WHERE m.id > 1000000";
    const struct ls_explain_opts plan = {.sample = UINT32_MAX}, run = {.run = true, .rounds = 1};
    struct ls_explained e;
    struct target t;
    int64_t before;

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    open_target(&t, true);
    if (ls_db_info(t.db)->server_version < 150000) {
        close_target(&t);
        test_skip("the server's counters cannot be asked for at once before 15");
    }
    before = scans(t.db);
    run_sql(t.db, "EXPLAIN SELECT * FROM memories m JOIN memories o ON m.id = o.id WHERE m.id > 1000000");
    assert_true(scans(t.db) > before); /* else this test shows nothing */
    before = scans(t.db);
    for (int i = 0; i < 3; i++) {
        ask(&t, beyond, i < 2 ? &plan : &run, &e);
        ls_explained_release(&e);
    }
    assert_int_equal(scans(t.db), before);
    close_target(&t);
}

static bool reads(const struct ls_explained *e, const char *relation)
{
    for (uint32_t i = 0; i < e->n_nodes; i++)
        if (strstr(e->nodes[i].relation, relation) != NULL)
            return true;
    return false;
}

/* Which partition a parameter chooses is not known: all of them, and of a constant only its own where the server can say that (16). */
static void partitions_of_a_parameter_pg(void **state)
{
    const struct ls_explain_opts generic = {.sample = UINT32_MAX};
    struct ls_explained e;
    struct target t;

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    open_target(&t, true);
    run_sql(t.db, "CREATE TABLE parts (k int, v int) PARTITION BY LIST (k); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1) PARTITION BY RANGE (v); "
                  "CREATE TABLE parts_low PARTITION OF parts_1 FOR VALUES FROM (0) TO (9); CREATE TABLE parts_high PARTITION OF parts_1 FOR VALUES FROM (9) TO "
                  "(99); CREATE TABLE parts_other PARTITION OF parts FOR VALUES IN (2)");
    ask(&t, "SELECT * FROM parts WHERE k = $1", &generic, &e);
    assert_string_equal(e.how, "generic plan");
    assert_true(reads(&e, "parts_low"));
    assert_true(reads(&e, "parts_high"));
    assert_true(reads(&e, "parts_other"));
    ls_explained_release(&e);
    ask(&t, "SELECT * FROM parts WHERE k = 1 AND v = $1", &generic, &e);
    assert_true(reads(&e, "parts_low"));
    assert_true(reads(&e, "parts_high"));
    assert_int_equal(e.n_nodes, test_pg_major() >= 16 ? 3 : 4);
    ls_explained_release(&e);
    close_target(&t);
}

static void a_run_has_an_end(bool is_pg)
{
    const struct ls_explain_opts opts = {.run = true, .rounds = 1, .timeout_ms = 1000};
    struct target t;
    struct ls_explained e;

    open_target(&t, is_pg);
    ask(&t, "SELECT count(*) FROM memories a, memories b, memories c WHERE a.updated_at + b.updated_at + c.updated_at = -1", &opts, &e);
    assert_true(e.is_timed_out);
    assert_int_equal(e.is_measured, !is_pg);
    assert_true(is_pg || e.steps > 10000); /* until then */
    assert_true(e.n_nodes > 0);
    ls_explained_release(&e);
    close_target(&t);
}

/* What a function does is not taken back by a rollback. */
static void test_what_may_do_anything_is_not_run(void **state)
{
    const struct ls_explain_opts run = {.run = true, .is_clone = true, .rounds = 1};
    struct ls_explained e;
    struct target t;

    (void)state;
    if (test_pg_url() == NULL) {
        test_skip(test_pg_skip_reason());
        return;
    }
    open_target(&t, true);
    run_sql(t.db, "CREATE FUNCTION \"Loud\"(int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'ran'; END$$; CREATE FUNCTION calm(int) RETURNS int LANGUAGE "
                  "sql STABLE AS 'SELECT $1'");
    ask(&t, "SELECT id FROM memories WHERE user_id = 3 AND \"Loud\" (id) = 1", &run, &e);
    assert_false(e.is_measured);
    assert_string_equal(e.how, "not run: Loud() may do more than read");
    assert_true(e.cost > 0);
    ls_explained_release(&e);
    run_sql(t.db, "CREATE VIEW loud AS SELECT id, \"Loud\"(id) AS n FROM memories");
    ask(&t, "SELECT n FROM loud WHERE id = 4", &run, &e);
    assert_string_equal(e.how, "not run: Loud() may do more than read");
    ls_explained_release(&e);
    ask(&t, "SELECT pg_notify('a', 'b')", &run, &e);
    assert_false(e.is_measured);
    ls_explained_release(&e);
    ask(&t, "SELECT count(*), max(random()), CALM(3) FROM memories WHERE lower(kind) IN ('k1', upper('k2'))", &run, &e);
    assert_true(e.is_measured);
    ls_explained_release(&e);
    close_target(&t);
}

/* What calls itself stable is believed, and is held to it by a transaction that is read-only. */
static void test_what_was_believed_cannot_write(void **state)
{
    static const char sql[] = "SELECT calm(), id FROM memories WHERE id = 4";
    const struct ls_explain_opts run = {.run = true, .rounds = 1};
    struct ls_err err = LS_ERR_INIT;
    struct ls_explained e;
    struct ls_workload w;
    struct ls_result r;
    struct target t;

    (void)state;
    if (test_pg_url() == NULL) {
        test_skip(test_pg_skip_reason());
        return;
    }
    open_target(&t, true);
    run_sql(t.db, "CREATE SEQUENCE written; CREATE FUNCTION loud() RETURNS bigint LANGUAGE sql AS $$SELECT nextval('written')$$; CREATE FUNCTION calm() RETURNS "
                  "bigint LANGUAGE plpgsql STABLE AS $$BEGIN RETURN loud(); END$$");
    assert_int_equal(ls_workload_one(sql, strlen(sql), LS_DIALECT_POSTGRES, &w, NULL), LS_OK);
    assert_int_equal(ls_explain(t.db, &w.queries[0], &run, &e, &err), LS_E_RIGHTS);
    assert_non_null(strstr(err.message, "read-only transaction"));
    ls_err_release(&err);
    assert_int_equal(ls_db_query(t.db, "SELECT is_called FROM written", NULL, 0, &r, NULL), LS_OK);
    assert_string_equal(ls_result_get(&r, 0, 0), "f");
    ls_result_release(&r);
    ls_workload_release(&w);
    close_target(&t);
}

static bool say_stop(void *ctx)
{
    return ++*(int *)ctx < 4;
}

/* A stop in the middle of a run is no end of its time. */
static void test_a_stop_is_a_stop(void **state)
{
    static const char sql[] = "SELECT count(*) FROM memories a, memories b, memories c WHERE a.updated_at + b.updated_at + c.updated_at = -1";
    const struct ls_explain_opts opts = {.run = true, .rounds = 1, .timeout_ms = 60000};
    struct ls_db_params p = {.on_wait = say_stop};
    struct ls_err err = LS_ERR_INIT;
    struct ls_explained e;
    struct ls_workload w;
    struct target t;
    int n = 0;

    (void)state;
    if (test_pg_url() == NULL) {
        test_skip(test_pg_skip_reason());
        return;
    }
    open_target(&t, true);
    ls_db_close(t.db);
    p.url = t.url;
    p.ctx = &n;
    assert_int_equal(ls_db_open(&p, &t.db, NULL), LS_OK);
    n = 0;
    assert_int_equal(ls_workload_one(sql, strlen(sql), LS_DIALECT_POSTGRES, &w, NULL), LS_OK);
    assert_int_equal(ls_explain(t.db, &w.queries[0], &opts, &e, &err), LS_E_CANCELLED);
    assert_int_equal(ls_db_tx_status(t.db), LS_TXS_IDLE);
    ls_err_release(&err);
    ls_workload_release(&w);
    close_target(&t);
}

static void printed(bool is_pg)
{
    const struct ls_explain_opts run = {.run = true, .rounds = 1};
    struct ls_buf b = LS_BUF_INIT;
    struct ls_explained x, y;
    struct target t;

    open_target(&t, is_pg);
    ask(&t, "SELECT * FROM memories WHERE user_id = 42 AND kind <> 'a\x1b\nb' ORDER BY updated_at LIMIT 3", &run, &x);
    run_sql(t.db, "CREATE INDEX i ON memories (user_id, updated_at)");
    ask(&t, "SELECT * FROM memories WHERE user_id = 42 AND kind <> 'a' ORDER BY updated_at LIMIT 3", &run, &y);
    ls_explained_print(&x, 100, true, &b);
    for (size_t i = 0; i < b.len; i++)
        assert_true(b.ptr[i] == '\n' || (b.ptr[i] >= ' ' && b.ptr[i] < 127));
    if (is_pg) {
        assert_non_null(strstr(b.ptr, "####"));
        assert_non_null(strstr(b.ptr, "Seq Scan on memories  rows "));
        assert_non_null(strstr(b.ptr, "removed by filter 9900"));
    } else {
        assert_non_null(strstr(b.ptr, "SCAN memories"));
        assert_non_null(strstr(b.ptr, " steps, "));
    }
    ls_buf_clear(&b);
    for (int width = 10; width <= 40; width += 30) { /* what does not fit stands below, and is not cut off; too narrow for that, it is */
        ls_explained_print(&x, width, true, &b);
        for (const char *line = b.ptr; *line; line += strcspn(line, "\n") + 1)
            assert_true((int)strcspn(line, "\n") <= width);
        if (width == 40)
            assert_non_null(strstr(b.ptr, is_pg ? "9900" : "SCAN memories"));
        if (width == 40 && is_pg)
            assert_non_null(strstr(b.ptr, " buffers\n"));
        ls_buf_clear(&b);
    }
    ls_explained_print_two(&x, &y, 160, true, &b);
    assert_int_equal(strncmp(b.ptr, "before ", 7), 0);
    assert_int_equal(strcspn(b.ptr, "|"), 79);
    ls_buf_clear(&b);
    ls_explained_print_two(&x, &y, 80, true, &b);
    assert_int_equal(strncmp(b.ptr, "before\n", 7), 0);
    assert_non_null(strstr(b.ptr, "\nafter\n"));
    ls_buf_clear(&b);
    ls_explained_sum(&y, &x, &b);
    assert_non_null(strstr(b.ptr, is_pg ? " buffers (was " : " steps (was "));
    ls_buf_release(&b);
    ls_explained_release(&x);
    ls_explained_release(&y);
    close_target(&t);
}

BOTH(plan_without_running)
BOTH(counts_of_a_run)
BOTH(samples_are_bound)
BOTH(nothing_stays)
BOTH(errors_have_their_place)
BOTH(a_run_has_an_end)
BOTH(printed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planning_is_no_use_pg), cmocka_unit_test(partitions_of_a_parameter_pg),
        BOTH_TESTS(plan_without_running), BOTH_TESTS(counts_of_a_run), BOTH_TESTS(samples_are_bound), BOTH_TESTS(nothing_stays),
        BOTH_TESTS(errors_have_their_place), BOTH_TESTS(a_run_has_an_end), cmocka_unit_test(test_a_stop_is_a_stop), BOTH_TESTS(printed),
        cmocka_unit_test(test_what_may_do_anything_is_not_run),
        cmocka_unit_test(test_what_was_believed_cannot_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
