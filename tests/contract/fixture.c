#include <config.h>

#include "contract/fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "support/pg.h"

static struct fix *new_fix(enum ls_dialect dialect)
{
    const char *tmp = getenv("LS_TEST_TMP");
    struct fix *f = ls_calloc(1, sizeof(*f));

    f->dialect = dialect;
    f->dir = ls_asprintf("%s/contract.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(f->dir))
        abort();
    ls_err_init(&f->err);
    return f;
}

int fix_setup_sqlite(void **state)
{
    struct fix *f = new_fix(LS_DIALECT_SQLITE);

    f->url = ls_asprintf("sqlite:%s/test.db", f->dir);
#ifndef LS_WITH_SQLITE
    f->skip_reason = "built without SQLite";
#endif
    *state = f;
    return 0;
}

int fix_setup_postgres(void **state)
{
    struct fix *f = new_fix(LS_DIALECT_POSTGRES);

    f->url = test_pg_url() ? test_pg_new_database("contract") : NULL;
    if (!f->url)
        f->skip_reason = test_pg_skip_reason();
    *state = f;
    return 0;
}

int fix_teardown(void **state)
{
    struct fix *f = *state;

    ls_db_close(f->db);
    if (IS_PG(f))
        test_pg_drop_database(f->url);
    else
        free(f->url);
    ls_err_release(&f->err);
    if (ls_remove_tree(f->dir, NULL) != LS_OK)
        fprintf(stderr, "cannot remove %s\n", f->dir);
    free(f->dir);
    free(f);
    return 0;
}

void fix_open_default(struct fix *f)
{
    if (!f->db)
        f->db = fix_open(f, (struct ls_db_params){.create = true});
}

struct ls_db *fix_open(struct fix *f, struct ls_db_params params)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (!params.url)
        params.url = f->url;
    fix_assert_ok(ls_db_open(&params, &db, &err), &err);
    assert_non_null(db);
    return db;
}

void fix_open_fails(struct fix *f, struct ls_db_params params, enum ls_rc want)
{
    struct ls_db *db = NULL;
    enum ls_rc rc;

    if (!params.url)
        params.url = f->url;
    ls_err_release(&f->err);
    rc = ls_db_open(&params, &db, &f->err);
    if (rc != want)
        print_error("open: %s, wanted %s: %s\n", ls_rc_name(rc), ls_rc_name(want), f->err.message ? f->err.message : "");
    assert_int_equal(rc, want);
    assert_null(db);
    assert_int_equal(f->err.code, want);
    assert_non_null(f->err.message);
}

void fix_assert_ok(enum ls_rc rc, struct ls_err *err)
{
    if (rc != LS_OK)
        print_error("%s: %s [%s] %s\n", ls_rc_name(rc), err->message ? err->message : "", err->sqlstate,
                    err->hint ? err->hint : "");
    assert_int_equal(rc, LS_OK);
    assert_int_equal(err->code, LS_OK);
    ls_err_release(err);
}

struct ls_exec_info fix_ok(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_exec_info info;
    enum ls_rc rc = ls_db_exec(db, sql, strlen(sql), NULL, 0, &info, &err);

    if (rc != LS_OK)
        print_error("in: %s\n", sql);
    fix_assert_ok(rc, &err);
    return info;
}

void fix_fails(struct fix *f, struct ls_db *db, const char *sql, enum ls_rc want)
{
    enum ls_rc rc;

    ls_err_release(&f->err);
    rc = ls_db_exec(db, sql, strlen(sql), NULL, 0, NULL, &f->err);
    if (rc != want)
        print_error("%s, wanted %s in: %s: %s\n", ls_rc_name(rc), ls_rc_name(want), sql, f->err.message ? f->err.message : "");
    assert_int_equal(rc, want);
    assert_int_equal(f->err.code, want);
    assert_non_null(f->err.message);
}

const char *fix_get(struct ls_db *db, const char *sql)
{
    static _Thread_local char value[256];
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;

    fix_assert_ok(ls_db_query(db, sql, NULL, 0, &r, &err), &err);

    const char *cell = ls_result_get(&r, 0, 0);

    snprintf(value, sizeof(value), "%s", r.n_rows == 0 ? "" : cell ? cell : "NULL");
    ls_result_release(&r);
    return value;
}

void fix_assert_has(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        print_error("no \"%s\" in: %s\n", part, text ? text : "(nothing)");
    assert_true(text && strstr(text, part));
}

struct fix_canceller {
    sem_t is_waiting;
    struct ls_db *db;
    pthread_t thread;
    int64_t at;
};

struct fix_canceller *fix_canceller_new(void)
{
    struct fix_canceller *c = ls_calloc(1, sizeof(*c));

    if (sem_init(&c->is_waiting, 0, 0) != 0)
        abort();
    return c;
}

bool fix_canceller_on_wait(void *ctx)
{
    struct fix_canceller *c = ctx;

    sem_post(&c->is_waiting);
    return true;
}

static void *cancel_when_waiting(void *ctx)
{
    struct fix_canceller *c = ctx;
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FIX_LONG_MS / 1000;
    if (sem_timedwait(&c->is_waiting, &until) == 0) {
        c->at = ls_mono_ms();
        ls_db_cancel(c->db);
    }
    return NULL;
}

void fix_canceller_start(struct fix_canceller *c, struct ls_db *db)
{
    c->db = db;
    c->at = 0;
    while (sem_trywait(&c->is_waiting) == 0)
        ; /* ticks of earlier calls do not count */
    if (pthread_create(&c->thread, NULL, cancel_when_waiting, c) != 0)
        abort();
}

int64_t fix_canceller_join(struct fix_canceller *c)
{
    pthread_join(c->thread, NULL);
    return c->at;
}

void fix_canceller_free(struct fix_canceller *c)
{
    sem_destroy(&c->is_waiting);
    free(c);
}
