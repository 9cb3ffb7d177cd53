/* Numbers of the usage reader: counters, statistics, sizes, bloat; what is said where a role may not look; and what the reading itself costs. */
#include <config.h>

#include "contract/usage_pg.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "db/postgres/pg_internal.h"
#include "lockstep/base/clock.h"

static char *url;

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        (void)state;                                                                                                               \
        if (url == NULL)                                                                                                           \
            test_skip(test_pg_url() ? "the server is older than 15" : test_pg_skip_reason());                                      \
    } while (0)

static void must(const char *sql)
{
    if (!test_pg_exec(url, sql))
        fail_msg("%s", sql);
}

#define LONG_MS 20000
static void pause_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
}

/* Until the query gives t. */
static bool wait_until(const char *sql)
{
    for (int64_t end = ls_mono_ms() + LONG_MS; ls_mono_ms() < end; pause_a_little()) {
        char *answer = test_pg_get(url, sql);
        bool is_so = answer && answer[0] == 't';

        free(answer);
        if (is_so)
            return true;
    }
    return false;
}

/* Counters are written when a session ends. */
static void settle(void)
{
    assert_true(wait_until("select count(*) = 1 from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"));
}

static int64_t ask(const char *sql)
{
    char *answer = test_pg_get(url, sql);
    int64_t n = answer ? strtoll(answer, NULL, 10) : -1;

    free(answer);
    return n;
}

static void make_rows(void)
{
    must("set client_min_messages = warning; create table if not exists u.n (id int primary key, kind text, seldom int, body text, note text); truncate u.n; "
         "insert into u.n select g, (array['a', 'a', 'a', 'b'])[g % 4 + 1], case when g % 10 = 0 then g end, repeat('x', 20) || g, 'n' "
         "from generate_series(1, 4000) g; create index if not exists n_kind on u.n (kind); create index if not exists n_seldom on u.n (seldom); "
         "create index if not exists n_low on u.n (lower(body))");
    must("analyze u.n");
}

/* --- counters --- */

static void counters_rise(void **state)
{
    static const char scans[] = "set enable_seqscan = off; set enable_bitmapscan = off; set enable_indexonlyscan = off; "
                                "select * from u.n where id = 207; select * from u.n where id = 208; select count(*) from u.n where kind = 'b'";
    struct ls_usage *before, *after;
    const struct ls_usage_table *t;
    const struct ls_usage_index *x;

    NEED_SERVER();
    make_rows();
    must("update u.n set note = 'm' where id <= 100; delete from u.n where id > 3990; insert into u.n (id) values (5000)");
    settle();
    before = usage_read(url, NULL);
    must(scans);
    settle();
    after = usage_read(url, NULL);
    x = usage_index(after, "n_pkey");
    assert_int_equal(x->scans, usage_index(before, "n_pkey")->scans + 2);
    assert_int_equal(x->tup_read, usage_index(before, "n_pkey")->tup_read + 2);
    assert_int_equal(x->tup_fetch, usage_index(before, "n_pkey")->tup_fetch + 2);
    assert_true(usage_index(after, "n_kind")->tup_read >= usage_index(before, "n_kind")->tup_read + 990); /* dead rows count or not */
    assert_int_equal(usage_index(after, "n_seldom")->scans, usage_index(before, "n_seldom")->scans);
    assert_int_equal(x->knows_last_scan, after->server_version >= 160000);
    assert_int_equal(x->last_scan_us > before->taken_us - 1000000, after->server_version >= 160000);
    t = usage_table(after, "n");
    assert_int_equal(t->idx_scans, usage_table(before, "n")->idx_scans + 3);
    assert_int_equal(t->inserted, ask("select pg_stat_get_tuples_inserted('u.n'::regclass)"));
    assert_true(t->inserted >= 4001 && t->updated >= 100 && t->deleted >= 10 && t->hot_updated <= t->updated && t->hot_updated >= 0);
    assert_int_equal(t->changed_since_analyze, ask("select pg_stat_get_mod_since_analyze('u.n'::regclass)"));
    assert_int_equal(t->live, ask("select pg_stat_get_live_tuples('u.n'::regclass)"));
    assert_int_equal(t->dead, ask("select pg_stat_get_dead_tuples('u.n'::regclass)"));
    assert_true(t->seq_scans == ask("select pg_stat_get_numscans('u.n'::regclass)") && t->seq_rows >= 4000);
    assert_true(t->last_analyze_us > after->started_us && t->last_analyze_us <= after->taken_us);
    assert_int_equal(usage_table(after, "f_none")->last_analyze_us, 0);
    ls_usage_free(before);
    ls_usage_free(after);
}

/* Twice in a row: what was read counts nothing. */
static void reading_counts_nothing(void **state)
{
    struct ls_usage *a, *b;

    NEED_SERVER();
    settle();
    a = usage_read(url, &(struct ls_usage_opts){.with_sizes = true});
    b = usage_read(url, &(struct ls_usage_opts){.with_sizes = true});
    assert_int_equal(a->n_indexes, b->n_indexes);
    for (uint32_t i = 0; i < a->n_indexes; i++) {
        assert_int_equal(a->indexes[i].scans, b->indexes[i].scans);
        assert_int_equal(a->indexes[i].tup_read, b->indexes[i].tup_read);
    }
    for (uint32_t i = 0; i < a->n_tables; i++)
        assert_int_equal(a->tables[i].seq_scans, b->tables[i].seq_scans);
    assert_true(b->taken_us > a->taken_us);
    ls_usage_free(a);
    ls_usage_free(b);
}

static void a_reset_is_dated(void **state)
{
    struct ls_usage *u;

    NEED_SERVER();
    must("select pg_stat_reset()");
    assert_true(wait_until("select stats_reset is not null from pg_stat_database where datname = current_database()"));
    u = usage_read(url, NULL);
    assert_true(u->stats_reset_us > u->started_us && u->stats_reset_us <= u->taken_us);
    ls_usage_free(u);
}

static void without_counting_nothing_is_known(void **state)
{
    struct ls_usage *u;
    char *name, sql[256];

    NEED_SERVER();
    name = test_pg_get(url, "select current_database()");
    snprintf(sql, sizeof(sql), "alter database %s set track_counts = off", name);
    must(sql);
    u = usage_read(url, NULL);
    assert_non_null(usage_note(u, "no-counting"));
    assert_int_equal(usage_index(u, "t_email")->scans, -1);
    assert_int_equal(usage_table(u, "t")->seq_scans, -1);
    assert_int_equal(usage_table(u, "t")->idx_scans, -1);
    assert_true(ls_usage_index_share(usage_table(u, "t")) == -1);
    ls_usage_free(u);
    snprintf(sql, sizeof(sql), "alter database %s reset track_counts", name);
    must(sql);
    free(name);
}

/* --- statistics, sizes, bloat --- */

static void statistics_of_keys(void **state)
{
    const struct ls_usage_key *k;
    struct ls_usage *u;

    NEED_SERVER();
    make_rows();
    u = usage_read(url, NULL);
    k = usage_index(u, "n_kind")->keys;
    assert_true(k->has_stats && k->n_distinct == 2 && fabs(k->max_mcv - 0.75) < 0.02 && k->null_frac == 0 && k->avg_width == 2);
    k = usage_index(u, "n_seldom")->keys;
    assert_true(k->has_stats && fabs(k->null_frac - 0.9) < 0.01 && fabs(k->n_distinct - 400) < 1 && k->avg_width == 4);
    k = usage_index(u, "n_pkey")->keys;
    assert_true(k->has_stats && k->n_distinct == 4000 && k->max_mcv == 0);
    k = usage_index(u, "n_low")->keys; /* the server keeps those of expressions too */
    assert_true(k->has_stats && k->n_distinct == 4000 && k->avg_width > 20);
    k = usage_index(u, "t_email")->keys;
    assert_true(!k->has_stats && k->n_distinct == -1 && k->avg_width == -1);
    assert_int_equal(usage_table(u, "n")->rows, 4000);
    ls_usage_free(u);
}

static void sizes_are_the_servers(void **state)
{
    struct ls_usage *plain, *sized;

    NEED_SERVER();
    make_rows();
    plain = usage_read(url, NULL);
    must("insert into u.n select g, 'new', g, repeat('y', 30) from generate_series(10001, 14000) g"); /* the page counts know nothing of it */
    sized = usage_read(url, &(struct ls_usage_opts){.with_sizes = true});
    assert_true(!plain->has_sizes && sized->has_sizes);
    assert_int_equal(usage_index(plain, "n_kind")->bytes, ask("select relpages * 8192 from pg_class where oid = 'u.n_kind'::regclass"));
    assert_int_equal(usage_index(plain, "n_kind")->pages, ask("select relpages from pg_class where oid = 'u.n_kind'::regclass"));
    assert_int_equal(usage_index(sized, "n_kind")->bytes, ask("select pg_relation_size('u.n_kind')"));
    assert_int_equal(usage_table(sized, "n")->bytes, ask("select pg_relation_size('u.n')"));
    assert_true(usage_index(sized, "n_kind")->bytes > usage_index(plain, "n_kind")->bytes);
    assert_int_equal(usage_index(sized, "t_hash")->bytes, ask("select pg_relation_size('u.t_hash')"));
    ls_usage_free(plain);
    ls_usage_free(sized);
}

static void bloat(void **state)
{
    struct ls_usage_opts opts = {.with_bloat = true}, small = {.with_bloat = true, .bloat_max_bytes = 100 * 8192};
    struct ls_usage *u;
    bool has_extension = true;

    NEED_SERVER();
    must("create table u.b (id int primary key, k int, t text) with (autovacuum_enabled = off); insert into u.b select g, g % 100, md5(g::text) from generate_series(1, 60000) g; create index b_k on u.b (k); create index b_t on u.b (t) with (fillfactor = 70)");
    must("vacuum analyze u.b");
    u = usage_read(url, &opts);
    assert_non_null(usage_note(u, "no-pgstattuple"));
    assert_int_equal(usage_index(u, "b_k")->bloat_how, LS_BLOAT_ESTIMATE);
    assert_true(usage_index(u, "b_k")->bloat >= 0 && usage_index(u, "b_k")->bloat < 0.15);
    assert_true(usage_index(u, "b_pkey")->bloat >= 0 && usage_index(u, "b_pkey")->bloat < 0.15);
    assert_true(usage_index(u, "b_t")->bloat >= 0 && usage_index(u, "b_t")->bloat < 0.15);
    assert_true(usage_index(u, "t_hash")->bloat == -1 && usage_index(u, "t_hash")->bloat_how == LS_BLOAT_UNKNOWN);
    for (uint32_t i = 0; i < u->n_indexes; i++)
        assert_true(u->indexes[i].bloat == -1 || (u->indexes[i].bloat >= 0 && u->indexes[i].bloat <= 1));
    ls_usage_free(u);

    must("delete from u.b where id % 10 <> 0");
    must("vacuum analyze u.b");
    u = usage_read(url, NULL);
    assert_true(usage_index(u, "b_pkey")->bloat > 0.8 && usage_index(u, "b_k")->bloat > 0.4 && usage_index(u, "b_t")->bloat > 0.8);
    ls_usage_free(u);
    has_extension = ask("select count(*) from pg_available_extensions where name = 'pgstattuple'") == 1;
    if (!has_extension)
        test_skip("no pgstattuple on this server");
    must("create extension pgstattuple schema u");
    u = usage_read(url, &opts);
    assert_null(usage_note(u, "no-pgstattuple"));
    assert_true(u->has_pgstattuple);
    assert_int_equal(usage_index(u, "b_t")->bloat_how, LS_BLOAT_MEASURED);
    assert_true(usage_index(u, "b_t")->bloat > 0.8 && usage_index(u, "b_pkey")->bloat > 0.8 && usage_index(u, "b_k")->bloat > 0.5);
    ls_usage_free(u);
    must("reindex table u.b");
    u = usage_read(url, &opts);
    assert_true(usage_index(u, "b_t")->bloat < 0.05 && usage_index(u, "b_pkey")->bloat < 0.05 && usage_index(u, "b_k")->bloat < 0.05);
    assert_true(usage_index(u, "t_email")->bloat == 0); /* an empty one has its first page, and will have it again */
    ls_usage_free(u);
    must("insert into u.b select g, g % 100, md5(g::text) from generate_series(100000, 160000) g; analyze u.b");
    u = usage_read(url, &small);
    assert_non_null(usage_note(u, "too-large"));
    assert_int_equal(usage_index(u, "b_t")->bloat_how == LS_BLOAT_MEASURED, 0);
    ls_usage_free(u);
    must("drop extension pgstattuple");
}

/* --- what a role may not see --- */

/* The TCP role's URL with this test's database; NULL without one. */
static char *url_of_nobody(void)
{
    const char *tcp = test_pg_tcp_url(), *slash = tcp ? strrchr(tcp, '/') : NULL;
    char *name = slash ? test_pg_get(url, "select current_database()") : NULL;
    struct ls_buf out = LS_BUF_INIT;

    if (name == NULL)
        return NULL;
    ls_buf_add(&out, tcp, (size_t)(slash - tcp + 1));
    ls_buf_adds(&out, name);
    free(name);
    return ls_buf_detach(&out);
}

static void without_rights(void **state)
{
    struct ls_usage_opts opts = {.with_sizes = true, .with_orphans = true, .with_bloat = true};
    struct ls_usage *u, *all;
    char *nobody;

    NEED_SERVER();
    nobody = url_of_nobody();
    if (nobody == NULL)
        test_skip("no TCP role");
    make_rows();
    all = usage_read(url, &opts);
    u = usage_read(nobody, &opts);
    assert_non_null(usage_note(u, "no-rights"));
    assert_non_null(usage_note(u, "not-counted"));
    assert_int_equal(u->n_indexes, all->n_indexes);
    assert_string_equal(usage_index(u, "n_low")->definition, usage_index(all, "n_low")->definition);
    assert_true(!usage_index(u, "n_kind")->keys[0].has_stats && usage_index(all, "n_kind")->keys[0].has_stats);
    assert_true(usage_index(u, "n_kind")->scans >= 0 && usage_index(u, "n_kind")->bytes == usage_index(all, "n_kind")->bytes);
    ls_usage_free(u);
    /* An owner who is no superuser sees what a superuser sees. */
    must("alter table u.n owner to lockstep_pw");
    u = usage_read(nobody, NULL);
    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = {"n_pkey", "n_kind", "n_seldom", "n_low"};
        const struct ls_usage_key *a = usage_index(u, names[i])->keys, *b = usage_index(all, names[i])->keys;

        assert_true(a->has_stats && a->null_frac == b->null_frac && a->n_distinct == b->n_distinct && a->max_mcv == b->max_mcv && a->avg_width == b->avg_width);
    }
    ls_usage_free(u);
    must("alter table u.n owner to postgres");
    /* A view and a function that the administrator took away. */
    must("revoke execute on function pg_stat_get_tuples_fetched(oid) from public; revoke select on pg_stats, pg_stat_progress_create_index from public");
    u = usage_read(nobody, &opts);
    assert_int_equal(u->n_indexes, all->n_indexes);
    assert_int_equal(usage_index(u, "n_kind")->scans, -1);
    assert_true(usage_table(u, "n")->seq_scans >= 0);
    assert_true(u->notes.d.n >= 4);
    ls_usage_free(u);
    must("grant execute on function pg_stat_get_tuples_fetched(oid) to public; grant select on pg_stats, pg_stat_progress_create_index to public");
    ls_usage_free(all);
    free(nobody);
}

/* What nothing goes without is an error, and says which. */
static void what_is_needed_is_an_error(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_usage *u = NULL;
    struct ls_db *db;
    char *nobody;

    NEED_SERVER();
    nobody = url_of_nobody();
    if (nobody == NULL)
        test_skip("no TCP role");
    must("revoke select on pg_catalog.pg_index from public");
    db = catpg_open(nobody);
    assert_int_equal(ls_db_usage(db, NULL, &u, &err), LS_E_RIGHTS);
    assert_null(u);
    assert_non_null(strstr(err.message, "pg_index"));
    assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
    ls_err_release(&err);
    ls_db_close(db);
    must("grant select on pg_catalog.pg_index to public");
    free(nobody);
}

/* --- what else there is --- */

static void extensions_and_statements(void **state)
{
    struct ls_usage *u;

    NEED_SERVER();
    u = usage_read(url, NULL);
    assert_int_equal(u->statements, LS_STMTS_NONE);
    assert_int_equal(u->hypopg_available, ask("select count(*) from pg_available_extensions where name = 'hypopg'"));
    assert_true(!u->has_hypopg && !u->has_pgstattuple);
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

#define SOMEBODY_WAITS "select exists (select from pg_locks where not granted and relation is not null)"

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
    assert_true(wait_until("select exists (select from pg_stat_progress_create_index where phase like 'waiting%')"));
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

/* --- what it costs --- */

struct traffic {
    int syncs, queries, parses;
};

/* libpq's own trace: every Sync is a round trip, every Parse a statement. */
static struct traffic traffic_of(const char *of)
{
    struct traffic n = {0};
    struct ls_db *db = catpg_open(of);
    void (*trace)(PGconn *, FILE *) = NULL, (*untrace)(PGconn *) = NULL;
    void *lib = dlopen("libpq.so.5", RTLD_LAZY);
    FILE *f = tmpfile();
    char *line = NULL;
    size_t size = 0;

    assert_non_null(lib);
    assert_non_null(f);
    *(void **)&trace = dlsym(lib, "PQtrace");
    *(void **)&untrace = dlsym(lib, "PQuntrace");
    trace(pg_of(db)->conn, f);
    ls_usage_free(usage_read_db(db, NULL));
    untrace(pg_of(db)->conn);
    rewind(f);
    while (getline(&line, &size, f) >= 0) {
        bool is_ours = strstr(line, "\tF\t") != NULL;

        n.syncs += is_ours && strstr(line, "\tSync") != NULL;
        n.parses += is_ours && strstr(line, "\tParse\t") != NULL;
        n.queries += is_ours && strstr(line, "\tQuery\t") != NULL;
    }
    free(line);
    fclose(f);
    ls_db_close(db);
    dlclose(lib);
    return n;
}

static void one_round_trip_whatever_there_is(void **state)
{
    struct traffic full, empty;
    char *other;

    NEED_SERVER();
    other = test_pg_new_database("usage");
    assert_non_null(other);
    empty = traffic_of(other);
    full = traffic_of(url);
    assert_int_equal(full.syncs, 1);
    assert_int_equal(full.queries, 0);
    assert_true(full.parses > 10 && full.parses < 30);
    assert_int_equal(empty.syncs, 1);
    assert_int_equal(empty.parses, full.parses);
    test_pg_drop_database(other);
}

static int make_it(void **state)
{
    (void)state;
    url = usage_database();
    return 0;
}

static int drop_it(void **state)
{
    (void)state;
    test_pg_drop_database(url);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counters_rise),
                                       cmocka_unit_test(reading_counts_nothing),
                                       cmocka_unit_test(a_reset_is_dated),
                                       cmocka_unit_test(without_counting_nothing_is_known),
                                       cmocka_unit_test(statistics_of_keys),
                                       cmocka_unit_test(sizes_are_the_servers),
                                       cmocka_unit_test(bloat),
                                       cmocka_unit_test(without_rights),
                                       cmocka_unit_test(what_is_needed_is_an_error),
                                       cmocka_unit_test(extensions_and_statements),
                                       cmocka_unit_test(a_tablespace_is_in_the_definition),
                                       cmocka_unit_test(a_wait_can_be_ended),
                                       cmocka_unit_test(an_index_is_dropped_meanwhile),
                                       cmocka_unit_test(a_held_lock_costs_only_the_sizes),
                                       cmocka_unit_test(a_build_is_seen),
                                       cmocka_unit_test(inside_of_a_transaction),
                                       cmocka_unit_test(one_round_trip_whatever_there_is)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
