/* A second read that asks only for what changed gives what a whole read gives, whatever was changed: single changes of every kind,
 * rolled back ones, chains of them, what others do meanwhile. */
#include <config.h>

#include "contract/catalog_pg.h"

#include "contract/catalog_mutations_here.h"
#include "contract/catalog_same.h"
#include "support/scale.h"

static char *url;

/* A connection, what is kept, and the catalogue that the last refresh gave. */
struct reader {
    struct ls_db *db;
    struct ls_catalog_state *state;
    struct ls_catalog *c;
    size_t n[3]; /* by how */
};

static void reader_open(struct reader *r)
{
    *r = (struct reader){.db = catpg_open(url)};
}

static void reader_close(struct reader *r)
{
    ls_catalog_state_free(r->state);
    ls_catalog_free(r->c);
    ls_db_close(r->db);
}

static enum ls_catalog_how refresh(struct reader *r)
{
    struct ls_catalog *c = NULL;
    struct ls_err err = LS_ERR_INIT;
    enum ls_catalog_how how;

    if (ls_db_catalog_refresh(r->db, NULL, &r->state, &c, &how, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_true((c == NULL) == (how == LS_CATALOG_SAME));
    r->n[how]++;
    if (c != NULL) {
        ls_catalog_free(r->c);
        r->c = c;
    }
    return how;
}

/* What was refreshed against a whole read. */
static bool is_right(struct reader *r, const char *after)
{
    struct ls_catalog *whole = catpg_read_db(r->db, NULL);
    struct ls_buf text = LS_BUF_INIT;
    bool is_good = catsame(whole, r->c, &text);

    if (!is_good)
        print_error("after %.300s\n%.3000s\n", after, text.ptr);
    ls_buf_release(&text);
    ls_catalog_free(whole);
    return is_good;
}

static bool run(struct ls_db *db, const char *sql)
{
    return ls_db_exec_batch(db, sql, strlen(sql), NULL, NULL) == LS_OK;
}

static void must(struct ls_db *db, const char *sql)
{
    if (!run(db, sql))
        fail_msg("%s", sql);
}

static void skip_without_server(void)
{
    if (url == NULL)
        test_skip(test_pg_skip_reason());
}

/* Each in a savepoint of one transaction, and taken back. */
static void each_change_and_back(void **state)
{
    struct reader r;
    size_t n_bad = 0;
    int major = test_pg_major();

    (void)state;
    skip_without_server();
    reader_open(&r);
    must(r.db, "begin");
    assert_int_equal(refresh(&r), LS_CATALOG_WHOLE);
    for (size_t i = 0; i < LS_ARRAY_LEN(mutations); i += (size_t)test_stride()) {
        struct mutation m;

        if (!mutation_here(&mutations[i], major, &m))
            continue;
        must(r.db, "savepoint m");
        must(r.db, m.sql);
        if (refresh(&r) == LS_CATALOG_SAME && m.finds[0] != '\0') {
            print_error("no change was seen after %s\n", m.sql);
            n_bad++;
        }
        n_bad += !is_right(&r, m.sql);
        must(r.db, "rollback to m");
        refresh(&r);
    }
    n_bad += !is_right(&r, "all of them were taken back");
    must(r.db, "rollback");
    print_message("# %zu changes: %zu times the same, %zu read partly, %zu whole\n", LS_ARRAY_LEN(mutations), r.n[LS_CATALOG_SAME],
                  r.n[LS_CATALOG_PARTLY], r.n[LS_CATALOG_WHOLE]);
    assert_true(r.n[LS_CATALOG_PARTLY] > LS_ARRAY_LEN(mutations) / (size_t)test_stride()); /* else this proves nothing */
    assert_int_equal(n_bad, 0);
    reader_close(&r);
}

/* What nobody changed is seen at once, also when transactions that do other things go by. */
static void nothing_changed(void **state)
{
    char *small, *all = url;
    struct reader r;
    struct ls_db *other;

    (void)state;
    skip_without_server();
    url = small = test_pg_new_database("refresh"); /* one with a subscription is always asked how that connects */
    reader_open(&r);
    other = catpg_open(small);
    must(other, "create schema s; create table s.base (a int primary key)");
    assert_int_equal(refresh(&r), LS_CATALOG_WHOLE);
    assert_int_equal(refresh(&r), LS_CATALOG_SAME);
    must(other, "begin; select pg_current_xact_id()");
    assert_int_equal(refresh(&r), LS_CATALOG_SAME);
    must(other, "create table s.never (a int)");
    assert_int_equal(refresh(&r), LS_CATALOG_SAME);
    must(other, "rollback");
    must(other, "analyze s.base");
    must(other, "vacuum s.base");
    assert_int_equal(refresh(&r), LS_CATALOG_SAME);
    must(other, "create temp table mine (a int)"); /* rows of the server's tables, no facts */
    assert_int_equal(refresh(&r), LS_CATALOG_SAME);
    assert_true(is_right(&r, "nothing"));
    ls_db_close(other);
    reader_close(&r);
    test_pg_drop_database(small);
    url = all;
}

/* Other options, another user, another connection: all is read, and what it gives is right. */
static void other_ways_of_looking(void **state)
{
    static const char *const only[] = {"s", NULL};
    struct ls_catalog_opts opts = {.schemas = only};
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *whole = NULL, *again = NULL;
    struct ls_buf text = LS_BUF_INIT;
    enum ls_catalog_how how;
    struct reader r;

    (void)state;
    skip_without_server();
    reader_open(&r);
    refresh(&r);
    assert_int_equal(ls_db_catalog(r.db, &opts, &whole, &err), LS_OK);
    assert_int_equal(ls_db_catalog_refresh(r.db, &opts, &r.state, &again, &how, &err), LS_OK);
    assert_int_equal(how, LS_CATALOG_WHOLE);
    if (!catsame(whole, again, &text))
        fail_msg("%s", text.ptr);
    ls_catalog_free(again);
    ls_db_close(r.db);
    r.db = catpg_open(url); /* what is kept is the database's */
    assert_int_equal(ls_db_catalog_refresh(r.db, &opts, &r.state, &again, &how, &err), LS_OK);
    assert_int_equal(how, LS_CATALOG_SAME); /* of only some schemas subscriptions are no part */
    must(r.db, "set role lockstep_pw");
    assert_int_equal(ls_db_catalog_refresh(r.db, &opts, &r.state, &again, &how, &err), LS_OK);
    assert_int_equal(how, LS_CATALOG_WHOLE);
    ls_catalog_free(again);
    ls_catalog_free(whole);
    ls_buf_release(&text);
    reader_close(&r);
}

/* What is an extension's is no fact of its own, nor what hangs below it. */
static void an_extension_takes_things(void **state)
{
    static const char *const things[] = {"domain s.price",  "domain s.word", "type s.mood",  "table s.base",
                                         "view s.v",        "table s.parted", "function s.evt()", "table s.fk"};
    struct reader r;
    size_t n_bad = 0;
    char sql[128];

    (void)state;
    skip_without_server();
    reader_open(&r);
    must(r.db, "begin");
    refresh(&r);
    for (size_t i = 0; i < LS_ARRAY_LEN(things); i++) {
        must(r.db, "savepoint m");
        snprintf(sql, sizeof(sql), "alter extension hstore add %s", things[i]);
        must(r.db, sql);
        refresh(&r);
        n_bad += !is_right(&r, sql);
        must(r.db, "rollback to m");
        refresh(&r);
        n_bad += !is_right(&r, "it was taken back");
    }
    must(r.db, "rollback");
    reader_close(&r);
    assert_int_equal(n_bad, 0);
}

struct meddler {
    struct ls_db *db;
    const char *sql; /* run once, when the reader waits; NULL: nothing */
};

static bool meddle(void *ctx)
{
    struct meddler *m = ctx;
    const char *sql = m->sql;

    m->sql = NULL;
    if (sql != NULL)
        must(m->db, sql);
    return true;
}

/* What a row that is asked for again needs is dropped meanwhile: the server has no text for it, and all is read anew. */
static void dropped_while_it_is_read(void **state)
{
    char *small, *all = url;
    struct meddler m = {NULL, NULL};
    struct ls_db_params p = {.on_wait = meddle, .ctx = &m};
    struct ls_err err = LS_ERR_INIT;
    struct reader r = {.db = NULL};

    (void)state;
    skip_without_server();
    p.url = url = small = test_pg_new_database("refresh_torn");
    m.db = catpg_open(url);
    must(m.db, "create schema s; create function s.usual() returns int language sql as 'select 1'; create table s.t (a int default s.usual())");
    assert_int_equal(ls_db_open(&p, &r.db, &err), LS_OK);
    assert_int_equal(refresh(&r), LS_CATALOG_WHOLE);
    must(m.db, "alter table s.t alter a set statistics -1"); /* a new row, and the same */
    must(m.db, "begin; lock table pg_catalog.pg_attrdef in access exclusive mode");
    m.sql = "alter table s.t alter a drop default; drop function s.usual(); commit";
    assert_int_equal(refresh(&r), LS_CATALOG_WHOLE);
    assert_null(m.sql);
    assert_true(is_right(&r, "the drop"));
    ls_db_close(m.db);
    reader_close(&r);
    test_pg_drop_database(small);
    url = all;
}

/* --- chains --- */

static uint64_t seed;

static size_t pick(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % n);
}

#define N_CHAIN 150

/* Changes that stay or not, in a row, by two others, of which one may be in the middle of a transaction; some of them fail, since
 * what they name is gone. Statements that lock tables would make the reading wait, so the one in the middle only adds. */
static void chains_of_changes(void **state)
{
    static const struct {
        const char *before, *after;
    } open[] = {{"create table s.open_", " (a int primary key, b text check (b <> ''))"},
                {"create function s.open_", "() returns int language sql as 'select 1'"},
                {"create type s.open_t", " as enum ('a')"},
                {"create schema open_", ""},
                {"create view s.open_v", " as select 1 as a"}};
    struct reader r;
    struct ls_db *one, *two;
    size_t n_bad = 0, n_made = 0;
    char sql[256];
    bool is_open = false;

    (void)state;
    skip_without_server();
    seed = getenv("LS_TEST_SEED") ? strtoull(getenv("LS_TEST_SEED"), NULL, 10) : 20261130;
    print_message("# LS_TEST_SEED=%llu\n", (unsigned long long)seed);
    seed = seed * 2 + 1;
    reader_open(&r);
    one = catpg_open(url);
    two = catpg_open(url);
    must(two, "set lock_timeout = '2s'");
    must(one, "set lock_timeout = '2s'");
    refresh(&r);
    for (size_t i = 0; i < N_CHAIN; i++) {
        const char *m = mutations[pick(LS_ARRAY_LEN(mutations))].sql;
        bool is_kept = pick(3) > 0 && !strstr(m, "create role"); /* roles are the server's, where other tests make the same one */

        must(one, "begin");
        n_made += run(one, m);
        must(one, is_kept ? "commit" : "rollback");
        if (!is_open && pick(3) == 0) {
            size_t what = pick(LS_ARRAY_LEN(open));

            snprintf(sql, sizeof(sql), "%s%zu%s", open[what].before, i, open[what].after);
            must(two, "begin");
            is_open = run(two, sql);
            if (!is_open)
                must(two, "rollback");
        } else if (is_open && pick(3) == 0) {
            must(two, pick(2) ? "commit" : "rollback");
            is_open = false;
        }
        refresh(&r);
        n_bad += !is_right(&r, m);
    }
    print_message("# %zu of %d made: %zu times the same, %zu read partly, %zu whole\n", n_made, N_CHAIN, r.n[LS_CATALOG_SAME],
                  r.n[LS_CATALOG_PARTLY], r.n[LS_CATALOG_WHOLE]);
    ls_db_close(two);
    ls_db_close(one);
    reader_close(&r);
    assert_true(n_made > N_CHAIN / 3);
    assert_int_equal(n_bad, 0);
}

static int make_it(void **state)
{
    (void)state;
    url = catpg_everything();
    return 0;
}

static int drop_it(void **state)
{
    (void)state;
    catpg_drop(url);
    if (url != NULL) /* roles are the server's */
        test_pg_exec(test_pg_url(), "drop role if exists another");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_change_and_back), cmocka_unit_test(nothing_changed),
                                       cmocka_unit_test(other_ways_of_looking),
                                       cmocka_unit_test(an_extension_takes_things), cmocka_unit_test(dropped_while_it_is_read),
                                       cmocka_unit_test(chains_of_changes)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
