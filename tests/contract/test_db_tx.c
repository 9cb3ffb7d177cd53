/* Transactions, waiting and cancelling, over both drivers. */
#include <config.h>

#include "contract/fixture.h"

#include "lockstep/base/clock.h"

#define LONG_PG     "select pg_sleep(30)"
#define LONG_SQLITE "with recursive c(x) as (select 1 union all select x + 1 from c limit 1000000000000) select count(*) from c"
#define LONG(f)     (IS_PG(f) ? LONG_PG : LONG_SQLITE)

/* --- transactions -------------------------------------------------------------------------------------------------------- */

static void commit_is_seen_by_others(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *other = fix_open(f, (struct ls_db_params){0});

    fix_ok(f->db, "create table t(a int)");
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_OPEN);
    fix_ok(f->db, "insert into t values (1)");
    assert_string_equal(fix_get(other, "select count(*) from t"), "0");
    fix_assert_ok(ls_db_commit(f->db, &err), &err);
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    assert_string_equal(fix_get(other, "select count(*) from t"), "1");

    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    fix_ok(f->db, "insert into t values (2)");
    fix_ok(f->db, "create table t2(a int)"); /* DDL rolls back too */
    ls_db_rollback(f->db);
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    assert_string_equal(fix_get(other, "select count(*) from t"), "1");
    fix_fails(f, f->db, "select * from t2", LS_E_SQL);
    ls_db_rollback(f->db); /* nothing open: nothing happens */
    ls_db_close(other);
}

static void closing_rolls_back(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *other = fix_open(f, (struct ls_db_params){0});

    fix_ok(f->db, "create table t(a int)");
    fix_assert_ok(ls_db_begin(other, &err), &err);
    fix_ok(other, "insert into t values (1)");
    ls_db_close(other);
    assert_string_equal(fix_get(f->db, "select count(*) from t"), "0");
    ls_db_close(NULL);
}

static void begin_and_commit_out_of_turn(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(ls_db_commit(f->db, &err), LS_E_INTERNAL);
    ls_err_release(&err);
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    assert_int_equal(ls_db_begin(f->db, &err), LS_E_INTERNAL);
    ls_err_release(&err);
    /* A migration that commits by itself (reliability.md F14): the caller sees it, and COMMIT does not say "done". */
    fix_ok(f->db, "create table t(a int)");
    fix_ok(f->db, "commit");
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    assert_int_equal(ls_db_commit(f->db, &err), LS_E_INTERNAL);
    ls_err_release(&err);
}

static void status_after_an_error(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;

    fix_ok(f->db, "create table t(a int primary key)");
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    fix_ok(f->db, "insert into t values (1)");
    fix_fails(f, f->db, "insert into t values (1)", LS_E_SQL);
    if (IS_PG(f)) {
        assert_int_equal(ls_db_tx_status(f->db), LS_TXS_FAILED);
        /* COMMIT succeeds with the tag ROLLBACK (V2): that is no success. */
        assert_int_equal(ls_db_commit(f->db, &err), LS_E_FAILED);
        fix_assert_has(err.message, "ROLLBACK");
        assert_non_null(err.hint);
    } else {
        assert_int_equal(ls_db_tx_status(f->db), LS_TXS_OPEN); /* SQLite takes the one statement back */
        ls_db_rollback(f->db);
    }
    ls_err_release(&err);
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    assert_string_equal(fix_get(f->db, "select count(*) from t"), "0");
}

static void deferred_constraint_at_commit(void **state)
{
    FIX(f);
    struct ls_err err = LS_ERR_INIT;

    if (!IS_PG(f))
        fix_ok(f->db, "pragma foreign_keys = on");
    fix_ok(f->db, "create table parent(id int primary key)");
    fix_ok(f->db, "create table child(p int references parent(id) deferrable initially deferred)");
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    fix_ok(f->db, "insert into child values (7)");
    assert_int_equal(ls_db_commit(f->db, &err), LS_E_SQL); /* refused, and known to be */
    assert_string_equal(err.sqlstate, IS_PG(f) ? "23503" : "");
    ls_err_release(&err);
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    assert_string_equal(fix_get(f->db, "select count(*) from child"), "0");
}

/* --- waiting, cancelling ------------------------------------------------------------------------------------------------- */

static void cancel_from_another_thread(void **state)
{
    FIX(f);
    struct fix_canceller *c = fix_canceller_new();
    struct ls_db *db = fix_open(f, (struct ls_db_params){.on_wait = fix_canceller_on_wait, .ctx = c});

    for (int i = 0; i < 2; i++) { /* the connection survives it */
        fix_canceller_start(c, db);
        fix_fails(f, db, LONG(f), LS_E_CANCELLED);
        int64_t at = fix_canceller_join(c);

        assert_true(at > 0);
        assert_in_range(ls_mono_ms() - at, 0, FIX_SOON_MS);
        assert_true(ls_db_is_alive(db));
        assert_string_equal(fix_get(db, "select 1"), "1");
    }
    ls_db_close(db);
    fix_canceller_free(c);
}

static void a_cancel_too_early_is_lost(void **state)
{
    FIX(f);

    ls_db_cancel(f->db);
    assert_string_equal(fix_get(f->db, "select 1"), "1");
    fix_ok(f->db, "create table t(a int)");
}

struct stopper {
    int n_left;
    int64_t last;
    int64_t longest_gap;
};

static bool stop_after(void *ctx)
{
    struct stopper *s = ctx;
    int64_t now = ls_mono_ms();

    if (s->last && now - s->last > s->longest_gap)
        s->longest_gap = now - s->last;
    s->last = now;
    return --s->n_left > 0;
}

static void on_wait_is_asked_and_ends_it(void **state)
{
    FIX(f);
    struct stopper s = {.n_left = 4};
    struct ls_db *db = fix_open(f, (struct ls_db_params){.on_wait = stop_after, .ctx = &s});
    int64_t start = ls_mono_ms();

    s.n_left = 4;
    s.last = 0;
    fix_fails(f, db, LONG(f), LS_E_CANCELLED);
    assert_in_range(ls_mono_ms() - start, 300, FIX_SOON_MS); /* four ticks of 100 ms, and the answer */
    assert_true(s.longest_gap < FIX_SOON_MS / 2);
    s.n_left = 1 << 30;
    assert_string_equal(fix_get(db, "select 1"), "1");
    ls_db_close(db);
}

static void cancel_inside_a_transaction(void **state)
{
    FIX(f);
    struct stopper s = {.n_left = 1 << 30};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = fix_open(f, (struct ls_db_params){.on_wait = stop_after, .ctx = &s});

    fix_ok(db, "create table t(a bigint)");
    fix_assert_ok(ls_db_begin(db, &err), &err);
    fix_ok(db, "insert into t values (1)");
    s.n_left = 2;
    fix_fails(f, db,
              IS_PG(f) ? LONG_PG
                       : "insert into t with recursive c(x) as (select 1 union all select x + 1 from c where x < 0 or x % 7 < 9) "
                         "select x from c where x < 0",
              LS_E_CANCELLED);
    /* on_wait goes on saying no: the way back must not be cut off by it. */
    ls_db_rollback(db);
    assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
    s.n_left = 1 << 30;
    assert_string_equal(fix_get(db, "select count(*) from t"), "0");
    ls_db_close(db);
}

/* A lock that somebody else holds. */
static struct ls_db *hold_lock(struct fix *f)
{
    struct ls_err err = LS_ERR_INIT;

    fix_ok(f->db, "create table t(a int)");
    fix_ok(f->db, "insert into t values (1)");
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    fix_ok(f->db, "update t set a = 2");
    return f->db;
}

static void a_held_lock_is_busy_in_time(void **state)
{
    FIX(f);
    struct ls_db *other = fix_open(f, (struct ls_db_params){.lock_timeout_ms = 300, .busy_timeout_ms = 300});
    struct ls_err err = LS_ERR_INIT;

    hold_lock(f);
    int64_t start = ls_mono_ms();

    fix_fails(f, other, "update t set a = 3", LS_E_BUSY);
    assert_in_range(ls_mono_ms() - start, 250, FIX_SOON_MS);
    assert_string_equal(f->err.sqlstate, IS_PG(f) ? "55P03" : "");
    assert_non_null(f->err.hint);
    fix_assert_ok(ls_db_commit(f->db, &err), &err);
    fix_ok(other, "update t set a = 3");
    ls_db_close(other);
}

static void waiting_for_a_lock_can_be_cancelled(void **state)
{
    FIX(f);
    struct stopper s = {.n_left = 1 << 30};
    struct ls_db *other = fix_open(
        f, (struct ls_db_params){.lock_timeout_ms = FIX_LONG_MS, .busy_timeout_ms = FIX_LONG_MS, .on_wait = stop_after, .ctx = &s});

    hold_lock(f);
    s.n_left = 2;
    int64_t start = ls_mono_ms();

    fix_fails(f, other, "update t set a = 3", LS_E_CANCELLED);
    assert_in_range(ls_mono_ms() - start, 100, FIX_SOON_MS);
    ls_db_close(other);
}

#define PROMISES(X)                                                                                                                \
    X(commit_is_seen_by_others)                                                                                                    \
    X(closing_rolls_back)                                                                                                          \
    X(begin_and_commit_out_of_turn)                                                                                                \
    X(status_after_an_error)                                                                                                       \
    X(deferred_constraint_at_commit)                                                                                               \
    X(cancel_from_another_thread)                                                                                                  \
    X(a_cancel_too_early_is_lost)                                                                                                  \
    X(on_wait_is_asked_and_ends_it)                                                                                                \
    X(cancel_inside_a_transaction)                                                                                                 \
    X(a_held_lock_is_busy_in_time)                                                                                                 \
    X(waiting_for_a_lock_can_be_cancelled)

#define ON_SQLITE(name)   {"sqlite: " #name, name, fix_setup_sqlite, fix_teardown, NULL},
#define ON_POSTGRES(name) {"postgres: " #name, name, fix_setup_postgres, fix_teardown, NULL},

int main(void)
{
    static const struct CMUnitTest tests[] = {PROMISES(ON_SQLITE) PROMISES(ON_POSTGRES)};

    return cmocka_run_group_tests_name("db tx", tests, NULL, NULL);
}
