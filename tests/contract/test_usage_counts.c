/* Numbers of the usage reader: counters, statistics, sizes, bloat; what is said where a role may not look; and what the reading itself costs. */
#include <config.h>

#include "contract/usage_scene.h"

#include <dlfcn.h>
#include <math.h>

#include "db/postgres/pg_internal.h"

static void make_rows(void)
{
    must("set client_min_messages = warning; create table if not exists u.n (id int primary key, kind text, seldom int, body text, note text) with (autovacuum_enabled = off); truncate u.n; "
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
                                       cmocka_unit_test(one_round_trip_whatever_there_is)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
