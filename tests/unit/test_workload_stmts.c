/* engine/workload.h: the statements that pg_stat_statements has seen, on a server of its own that has loaded it; and advice for them. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/advise.h"

static char *url, *dir;
static const char *why_not;

/* What stands between the quotes behind NAME=; caller frees. */
static char *assigned(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at != NULL ? ls_strndup(at + strlen(name) + 2, strcspn(at + strlen(name) + 2, "'")) : NULL;
}

static bool run_pg(const char *words, struct ls_buf *out)
{
    const char *src = getenv("LS_SRCDIR");
    char *command = ls_asprintf("'%s/tests/support/pg' %s 2>/dev/null </dev/null", src != NULL ? src : ".", words), line[1024];
    FILE *f = popen(command, "re");
    bool is_ok = f != NULL;

    while (is_ok && fgets(line, sizeof(line), f) != NULL)
        ls_buf_adds(out, line);
    is_ok = is_ok && pclose(f) == 0;
    free(command);
    return is_ok;
}

static int start(void **state)
{
    struct ls_buf out = LS_BUF_INIT, words = LS_BUF_INIT;

    (void)state;
    why_not = test_pg_url() == NULL ? test_pg_skip_reason() : NULL;
    if (why_not == NULL && run_pg("start", &out)) {
        url = assigned(out.ptr, "LS_TEST_PG_URL");
        dir = assigned(out.ptr, "LS_TEST_PG_DIR");
        ls_buf_addf(&words, "restart '%s'", dir);
    } else if (why_not == NULL) {
        why_not = "no second server";
    }
    if (why_not == NULL && (!test_pg_exec(url, "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'") || !run_pg(words.ptr, &out) ||
                            !test_pg_exec(url, "CREATE DATABASE other") || !test_pg_exec(url, "CREATE EXTENSION pg_stat_statements")))
        why_not = "pg_stat_statements is not installed on the server";
    ls_buf_release(&out);
    ls_buf_release(&words);
    return 0;
}

static int stop(void **state)
{
    struct ls_buf out = LS_BUF_INIT, words = LS_BUF_INIT;

    (void)state;
    ls_buf_addf(&words, "stop '%s'", dir != NULL ? dir : "");
    if (dir != NULL)
        (void)run_pg(words.ptr, &out);
    ls_buf_release(&out);
    ls_buf_release(&words);
    free(url);
    free(dir);
    return 0;
}

#define NEEDS_STATEMENTS()      \
    do {                        \
        (void)state;            \
        if (why_not != NULL) {  \
            test_skip(why_not); \
            return;             \
        }                       \
    } while (0)

static char *url_of(const char *database, const char *role)
{
    return ls_asprintf("postgresql:///%s?host=%s&user=%s&port=%s", database, dir, role, strstr(url, "port=") + 5);
}

static struct ls_db *connect_to(const char *database, const char *role)
{
    struct ls_db_params p = {0};
    struct ls_db *db = NULL;
    char *at = url_of(database, role), *port = strstr(at, "port=");

    port[5 + strspn(port + 5, "0123456789")] = '\0';
    p.url = at;
    assert_int_equal(ls_db_open(&p, &db, NULL), LS_OK);
    free(at);
    return db;
}

static void exec(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s: %s", sql, err.message);
}

static const struct ls_query *find(const struct ls_workload *w, const char *sql)
{
    for (uint32_t i = 0; i < w->n_queries; i++)
        if (strcmp(w->queries[i].sql, sql) == 0)
            return &w->queries[i];
    return NULL;
}

static void test_seen_statements(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db, *other;
    const struct ls_query *q;
    struct ls_workload w;

    NEEDS_STATEMENTS();
    db = connect_to("postgres", "postgres");
    other = connect_to("other", "postgres");
    exec(other, "CREATE TABLE elsewhere (a int)");
    exec(db, "CREATE TABLE seen (a int, b text); SET pg_stat_statements.track = 'all'; CREATE FUNCTION inner_one() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN "
             "(SELECT count(*) FROM seen WHERE b = 'inner'); END$$; SELECT pg_stat_statements_reset()");
    exec(other, "SELECT a FROM elsewhere WHERE a = 1");
    exec(db, "SELECT b FROM seen WHERE a = 1");
    exec(db, "SELECT b FROM seen WHERE a = 2");
    exec(db, "UPDATE seen SET b = 'x' WHERE a = 3");
    exec(db, "SELECT inner_one()");
    exec(db, "VACUUM seen");
    if (ls_workload_statements(db, 20, &w, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(strncmp(w.source, "pg_stat_statements since 20", 27), 0);
    q = find(&w, "SELECT b FROM seen WHERE a = $1");
    assert_non_null(q);
    assert_int_equal(q->calls, 2);
    assert_true(q->mean_ms > 0 && q->mean_ms < 1000);
    assert_int_equal(q->n_params, 1);
    assert_true(q->is_read && q->has_frequency);
    assert_null(q->path);
    q = find(&w, "UPDATE seen SET b = $1 WHERE a = $2");
    assert_non_null(q);
    assert_false(q->is_read);
    assert_non_null(find(&w, "SELECT inner_one()"));
    assert_null(find(&w, "SELECT a FROM elsewhere WHERE a = $1"));
    assert_null(find(&w, "VACUUM seen"));
    for (uint32_t i = 0; i < w.n_queries; i++)
        assert_null(strstr(w.queries[i].sql, "'inner'"));
    ls_workload_release(&w);
    assert_int_equal(ls_workload_statements(db, 1, &w, NULL), LS_OK);
    assert_int_equal(w.n_queries, 1);
    ls_workload_release(&w);
    ls_db_close(db);
    ls_db_close(other);
}

static void test_no_rights(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_workload w;
    struct ls_db *db;

    NEEDS_STATEMENTS();
    assert_true(test_pg_exec(url, "SELECT pg_stat_statements_reset(); CREATE ROLE nobody_special LOGIN; SELECT 1 AS something"));
    db = connect_to("postgres", "nobody_special");
    assert_int_equal(ls_workload_statements(db, 20, &w, &err), LS_E_RIGHTS);
    assert_non_null(strstr(err.hint, "pg_read_all_stats"));
    ls_err_release(&err);
    exec(db, "SELECT 2 AS own");
    assert_int_equal(ls_workload_statements(db, 20, &w, &err), LS_OK);
    assert_non_null(find(&w, "SELECT $1 AS own"));
    assert_string_equal(w.notes.d.v[0].code, "statements-hidden");
    ls_workload_release(&w);
    ls_db_close(db);
}

static void test_advice_for_them(void **state)
{
    struct ls_session_params sp = {0};
    struct ls_usage_opts uo = {0};
    struct adv_test t;

    NEEDS_STATEMENTS();
    if (test_pg_dump_skip_reason() != NULL)
        test_skip(test_pg_dump_skip_reason());
    memset(&t, 0, sizeof(t));
    t.is_pg = true;
    t.db = connect_to("postgres", "postgres");
    sp.url = t.w.scratch_url = url;
    t.w.session = t.s = ls_session_new(&sp);
    adv_sql(&t, "CREATE TABLE busy (id int PRIMARY KEY, user_id int NOT NULL, at int NOT NULL, note text)");
    adv_rows(&t, "busy", "n, n % 100, n * 7919 % 10007, 'a note of some length that says what user ' || n % 100 || ' did at that time, and why'", 10000);
    adv_sql(&t, "ANALYZE; SELECT pg_stat_statements_reset()");
    for (int i = 0; i < 5; i++)
        adv_sql(&t, "SELECT * FROM busy WHERE user_id = 7 ORDER BY at DESC LIMIT 20");
    t.opts.measure = true;
    t.opts.rounds = 1;
    assert_int_equal(ls_workload_statements(t.db, 20, &t.wl, NULL), LS_OK);
    assert_int_equal(ls_db_usage(t.db, &uo, &t.u, NULL), LS_OK);
    assert_int_equal(ls_advise(&t.w, t.db, t.u, &t.wl, &t.opts, &t.out, NULL), LS_OK);
    assert_int_equal(t.out.n, 1);
    assert_int_equal(adv_get(&t, "busy(user_id, at)")->level, LS_ADVICE_MEASURED);
    ls_advices_release(&t.out);
    ls_workload_release(&t.wl);
    ls_usage_free(t.u);
    ls_side_world_end(&t.w);
    ls_session_free(t.s);
    ls_db_close(t.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seen_statements),
        cmocka_unit_test(test_no_rights),
        cmocka_unit_test(test_advice_for_them),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
