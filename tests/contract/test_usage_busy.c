/* Reading how indexes are used while others work: locks, drops, builds, a transaction around it; and what stands beside the indexes. */
#include <config.h>

#include "contract/usage_scene.h"

#include <pthread.h>

/* --- what else there is --- */

static void extensions_and_statements(void **state)
{
    struct ls_usage *u;

    NEED_SERVER();
    u = usage_read(url, NULL);
    assert_int_equal(u->statements, LS_STMTS_NONE);
    assert_int_equal(u->hypopg_available, ask("select count(*) from pg_available_extensions where name = 'hypopg'"));
    assert_false(u->has_hypopg);
    ls_usage_free(u);
    if (ask("select count(*) from pg_available_extensions where name = 'pg_stat_statements'") != 1 ||
        ask("select count(*) from pg_settings where name = 'pg_stat_statements.max'") != 0)
        test_skip("no pg_stat_statements that is not loaded");
    must("create extension pg_stat_statements schema u");
    u = usage_read(url, NULL);
    assert_int_equal(u->statements, LS_STMTS_NOT_LOADED);
    ls_usage_free(u);
    must("drop extension pg_stat_statements");
}

static void run(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_exec(db, sql, strlen(sql), NULL, 0, NULL, &err) != LS_OK)
        fail_msg("%s: %s", sql, err.message);
}

/* The definition makes the index again where it was; the server's own text would leave its place out. */
static void a_tablespace_is_in_the_definition(void **state)
{
    char name[64], sql[160];
    struct ls_usage *u, *again;
    struct ls_db *db;

    NEED_SERVER();
    snprintf(name, sizeof(name), "Usage \"%ld", (long)ls_mono_us());
    db = catpg_open(url);
    run(db, "set allow_in_place_tablespaces = on");
    snprintf(sql, sizeof(sql), "create tablespace \"Usage \"\"%s\" location ''", name + 7);
    run(db, sql);
    snprintf(sql, sizeof(sql), "create index b_placed on u.bad (a) with (fillfactor = 60) tablespace \"Usage \"\"%s\" where b > 0", name + 7);
    run(db, sql);
    u = usage_read_db(db, NULL);
    assert_string_equal(usage_index(u, "b_placed")->tablespace, name);
    run(db, "drop index u.b_placed");
    run(db, usage_index(u, "b_placed")->definition);
    again = usage_read_db(db, NULL);
    assert_string_equal(usage_index(again, "b_placed")->tablespace, name);
    assert_string_equal(usage_index(again, "b_placed")->definition, usage_index(u, "b_placed")->definition);
    assert_non_null(strstr(usage_index(u, "b_placed")->definition, " TABLESPACE \"Usage \"\""));
    run(db, "drop index u.b_placed");
    snprintf(sql, sizeof(sql), "drop tablespace \"Usage \"\"%s\"", name + 7);
    run(db, sql);
    ls_usage_free(u);
    ls_usage_free(again);
    ls_db_close(db);
}

/* --- what happens meanwhile --- */

static bool not_any_longer(void *ctx)
{
    (void)ctx;
    return false;
}

static void a_wait_can_be_ended(void **state)
{
    static const char lock[] = "begin; lock table u.t in access exclusive mode";
    struct ls_db_params p = {.url = url, .on_wait = not_any_longer};
    struct ls_usage_opts opts = {.with_sizes = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_usage *u = NULL;
    struct ls_db *holder, *db;
    int64_t start;

    NEED_SERVER();
    holder = catpg_open(url);
    assert_int_equal(ls_db_open(&p, &db, &err), LS_OK);
    assert_int_equal(ls_db_exec_batch(holder, lock, strlen(lock), NULL, &err), LS_OK);
    start = ls_mono_ms();
    assert_int_equal(ls_db_usage(db, &opts, &u, &err), LS_E_CANCELLED);
    assert_true(ls_mono_ms() - start < LONG_MS && u == NULL);
    assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
    ls_err_release(&err);
    ls_db_close(holder);
    ls_db_close(db);
}

struct reader {
    struct ls_usage_opts opts;
    struct ls_usage *u;
    struct ls_err err;
    enum ls_rc rc;
};

static void *read_in_thread(void *arg)
{
    struct reader *r = arg;
    struct ls_db_params p = {.url = url};
    struct ls_db *db = NULL;

    r->rc = ls_db_open(&p, &db, &r->err);
    if (r->rc == LS_OK)
        r->rc = ls_db_usage(db, &r->opts, &r->u, &r->err);
    ls_db_close(db);
    return NULL;
}

#define SOMEBODY_WAITS                                                                                                             \
    "select exists (select from pg_locks l join pg_database d on d.oid = l.database where not granted and relation is not null "    \
    "and datname = current_database())" /* the server is other tests', too */

static void an_index_is_dropped_meanwhile(void **state)
{
    static const char drop[] = "begin; drop index u.gone_i";
    struct reader r = {.opts = {.with_sizes = true}, .err = LS_ERR_INIT};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db;
    pthread_t thread;

    NEED_SERVER();
    must("create table if not exists u.gone (a int); create index if not exists gone_i on u.gone (a)");
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, drop, strlen(drop), NULL, &err), LS_OK);
    assert_int_equal(pthread_create(&thread, NULL, read_in_thread, &r), 0);
    assert_true(wait_until(SOMEBODY_WAITS));
    assert_int_equal(ls_db_commit(db, &err), LS_OK);
    pthread_join(thread, NULL);
    ls_db_close(db);
    if (r.rc != LS_OK)
        fail_msg("%s", r.err.message);
    assert_true(r.u->has_sizes);
    assert_int_equal(ask("select count(*) from pg_class where relname = 'gone_i'"), 0);
    assert_int_equal(usage_index(r.u, "gone_i")->n_keys, 1); /* as it was when reading began */
    ls_usage_free(r.u);
}

static void a_held_lock_costs_only_the_sizes(void **state)
{
    static const char lock[] = "begin; lock table u.gone in access exclusive mode";
    struct ls_err err = LS_ERR_INIT;
    struct ls_usage *u;
    struct ls_db *db;

    NEED_SERVER();
    must("set client_min_messages = warning; create table if not exists u.gone (a int)");
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, lock, strlen(lock), NULL, &err), LS_OK);
    u = usage_read(url, &(struct ls_usage_opts){.with_sizes = true});
    assert_non_null(usage_note(u, "busy"));
    assert_false(u->has_sizes);
    assert_true(usage_index(u, "t_email")->bytes > 0);
    ls_usage_free(u);
    ls_db_close(db);
}

static void *build_in_thread(void *arg)
{
    *(bool *)arg = test_pg_exec(url, "create index concurrently slow_i on u.slow (a)");
    return NULL;
}

static void a_build_is_seen(void **state)
{
    static const char write[] = "begin; insert into u.slow values (1)";
    struct ls_err err = LS_ERR_INIT;
    bool was_built = false;
    struct ls_usage *u;
    struct ls_db *db;
    pthread_t thread;
    char *nobody;

    NEED_SERVER();
    must("create table u.slow (a int); create index slow_other on u.slow (a)");
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, write, strlen(write), NULL, &err), LS_OK); /* which the build waits for */
    assert_int_equal(pthread_create(&thread, NULL, build_in_thread, &was_built), 0);
    assert_true(wait_until("select exists (select from pg_stat_progress_create_index where phase like 'waiting%' and datname = current_database())"));
    u = usage_read(url, NULL);
    assert_true(usage_index(u, "slow_i")->is_building && !usage_index(u, "slow_i")->is_valid);
    assert_true(!usage_index(u, "slow_other")->is_building && !usage_index(u, "bad_invalid")->is_building);
    ls_usage_free(u);
    if ((nobody = url_of_nobody()) != NULL) { /* who may not see whose build it is takes no invalid index for a leftover */
        u = usage_read(nobody, NULL);
        assert_true(usage_index(u, "slow_i")->is_building && usage_index(u, "bad_invalid")->is_building);
        assert_true(!usage_index(u, "slow_other")->is_building && !usage_index(u, "part_v")->is_building);
        assert_non_null(usage_note(u, "no-rights"));
        ls_usage_free(u);
        free(nobody);
    }
    assert_int_equal(ls_db_commit(db, &err), LS_OK);
    pthread_join(thread, NULL);
    assert_true(was_built);
    ls_db_close(db);
    u = usage_read(url, NULL);
    assert_true(!usage_index(u, "slow_i")->is_building && usage_index(u, "slow_i")->is_valid);
    ls_usage_free(u);
    must("drop table u.slow");
}

/* In somebody's transaction: that sees its own tables and goes on, its settings are as they were. */
static void inside_of_a_transaction(void **state)
{
    static const char before[] = "begin; create table u.mine (a int primary key); set local search_path = u; set local statement_timeout = 0";
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    struct ls_usage *u;
    struct ls_db *db;

    NEED_SERVER();
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, before, strlen(before), NULL, &err), LS_OK);
    u = usage_read_db(db, NULL);
    assert_string_equal(usage_index(u, "mine_pkey")->constraint, "mine_pkey");
    ls_usage_free(u);
    assert_int_equal(ls_db_tx_status(db), LS_TXS_OPEN);
    assert_int_equal(ls_db_query(db, "select current_setting('search_path'), current_setting('lock_timeout')", NULL, 0, &r, &err), LS_OK);
    assert_string_equal(ls_result_get(&r, 0, 0), "u");
    assert_string_equal(ls_result_get(&r, 0, 1), "0");
    ls_result_release(&r);
    ls_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(extensions_and_statements),
                                       cmocka_unit_test(a_tablespace_is_in_the_definition),
                                       cmocka_unit_test(a_wait_can_be_ended),
                                       cmocka_unit_test(an_index_is_dropped_meanwhile),
                                       cmocka_unit_test(a_held_lock_costs_only_the_sizes),
                                       cmocka_unit_test(a_build_is_seen),
                                       cmocka_unit_test(inside_of_a_transaction)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
