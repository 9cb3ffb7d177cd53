/* The online backup of SQLite. */
#include <config.h>

#include "contract/fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

/* A path in the test's folder, and its URL; to be freed. */
static char *path_of(const struct fix *f, const char *name)
{
    return ls_path_join(f->dir, name);
}

static char *url_of(const struct fix *f, const char *name)
{
    return ls_asprintf("sqlite:%s/%s", f->dir, name);
}

static void write_file(const struct fix *f, const char *name, const char *text)
{
    char *path = path_of(f, name);
    struct ls_err err = LS_ERR_INIT;

    fix_assert_ok(ls_file_write_atomic(path, text, strlen(text), 0600, &err), &err);
    free(path);
}

static bool exists(const struct fix *f, const char *name)
{
    char *path = path_of(f, name);
    bool is_there = ls_path_exists(path);

    free(path);
    return is_there;
}

struct progress {
    int n, stop_at;
    int64_t done, total;
    bool went_back;
};

static bool on_progress(void *ctx, int64_t done, int64_t total)
{
    struct progress *p = ctx;

    p->went_back = p->went_back || done < p->done;
    p->done = done;
    p->total = total;
    return ++p->n != p->stop_at;
}

static void fill(struct ls_db *db)
{
    fix_ok(db, "create table t(a integer primary key, b text)");
    fix_ok(db, "insert into t(b) with recursive c(x) as (select 1 union all select x + 1 from c limit 60000) "
               "select x || printf('%.*c', 200, 'x') from c");
}

static void backup_is_whole(void **state)
{
    FIX(f);
    char *path = path_of(f, "copy.db"), *url = url_of(f, "copy.db");
    struct progress p = {0};
    struct ls_err err = LS_ERR_INIT;
    struct stat st;

    for (int wal = 0; wal < 2; wal++) {
        if (wal)
            fix_ok(f->db, "pragma journal_mode = wal");
        else
            fill(f->db);
        fix_ok(f->db, "insert into t(b) values ('the last one')"); /* with WAL it is in the -wal file only */
        ls_db_close(f->db);
        f->db = fix_open(f, (struct ls_db_params){.read_only = wal == 1});
        p = (struct progress){0};
        fix_assert_ok(ls_db_sqlite_backup(f->db, path, on_progress, &p, &err), &err);
        assert_true(p.n > 2);
        assert_true(p.done == p.total && p.total > 1000 && !p.went_back);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_false(exists(f, "copy.db-wal") || exists(f, "copy.db-journal"));

        struct ls_db *copy = fix_open(f, (struct ls_db_params){.url = url});

        assert_string_equal(fix_get(copy, "pragma integrity_check"), "ok");
        assert_string_equal(fix_get(copy, "select count(*) from t"), wal ? "60002" : "60001");
        ls_db_close(copy);
        unlink(path);
        ls_db_close(f->db);
        f->db = fix_open(f, (struct ls_db_params){0});
    }
    free(path);
    free(url);
}

static void backup_never_replaces(void **state)
{
    FIX(f);
    char *path = path_of(f, "copy.db");
    struct ls_err err = LS_ERR_INIT;

    fix_ok(f->db, "create table t(a int)");
    write_file(f, "copy.db", "precious");
    assert_int_equal(ls_db_sqlite_backup(f->db, path, NULL, NULL, &err), LS_E_IO);
    fix_assert_has(err.message, "copy.db");
    ls_err_release(&err);
    assert_true(exists(f, "copy.db"));
    free(path);
    path = path_of(f, "nowhere/copy.db");
    assert_int_equal(ls_db_sqlite_backup(f->db, path, NULL, NULL, &err), LS_E_IO);
    ls_err_release(&err);
    free(path);
}

static void a_cancelled_backup_leaves_nothing(void **state)
{
    FIX(f);
    char *path = path_of(f, "copy.db");
    struct progress p = {.stop_at = 2};
    struct ls_err err = LS_ERR_INIT;

    fill(f->db);
    assert_int_equal(ls_db_sqlite_backup(f->db, path, on_progress, &p, &err), LS_E_CANCELLED);
    ls_err_release(&err);
    assert_int_equal(p.n, 2);
    assert_false(exists(f, "copy.db"));
    assert_false(exists(f, "copy.db-journal"));
    assert_int_equal(ls_db_tx_status(f->db), LS_TXS_IDLE);
    fix_assert_ok(ls_db_begin(f->db, &err), &err);
    assert_int_equal(ls_db_sqlite_backup(f->db, path, NULL, NULL, &err), LS_E_BUSY);
    ls_err_release(&err);
    ls_db_rollback(f->db);
    free(path);
}

static void a_failed_backup_leaves_nothing(void **state)
{
    FIX(f);
    char *path = path_of(f, "copy.db");
    struct rlimit old, tight;
    struct ls_err err = LS_ERR_INIT;

    fill(f->db);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = 1000000;
    setrlimit(RLIMIT_FSIZE, &tight);

    enum ls_rc rc = ls_db_sqlite_backup(f->db, path, NULL, NULL, &err);

    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(rc, LS_E_IO);
    assert_non_null(err.message);
    ls_err_release(&err);
    assert_false(exists(f, "copy.db"));
    free(path);
}

struct writing {
    struct ls_db *by;
    int n;
};

static bool write_meanwhile(void *ctx, int64_t done, int64_t total)
{
    struct writing *w = ctx;

    (void)done;
    (void)total;
    /* In the journal modes each write starts the copy over; after some the source is held, and the writer has to wait. */
    if (ls_db_exec(w->by, "update t set b = b || 'y' where a = 5", 37, NULL, 0, NULL, NULL) == LS_OK)
        w->n++;
    return true;
}

static void backup_beside_a_writer_ends(void **state)
{
    FIX(f);
    char *path = path_of(f, "copy.db"), *url = url_of(f, "copy.db");
    struct ls_err err = LS_ERR_INIT;

    fill(f->db);
    for (int wal = 0; wal < 2; wal++) {
        struct writing w = {0};

        if (wal)
            fix_ok(f->db, "pragma journal_mode = wal");
        ls_db_close(f->db);
        f->db = fix_open(f, (struct ls_db_params){0});
        w.by = fix_open(f, (struct ls_db_params){.busy_timeout_ms = -1});
        fix_assert_ok(ls_db_sqlite_backup(f->db, path, write_meanwhile, &w, &err), &err);
        assert_true(w.n > 0);
        ls_db_close(w.by);

        struct ls_db *copy = fix_open(f, (struct ls_db_params){.url = url});

        assert_string_equal(fix_get(copy, "pragma integrity_check"), "ok");
        assert_string_equal(fix_get(copy, "select count(*) from t"), "60000");
        ls_db_close(copy);
        unlink(path);
    }
    free(path);
    free(url);
}

#define LITE(name)                                                                                                                 \
    {                                                                                                                              \
#name, name, fix_setup_sqlite, fix_teardown, NULL                                                                          \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LITE(backup_is_whole),
        LITE(backup_never_replaces),
        LITE(a_cancelled_backup_leaves_nothing),
        LITE(a_failed_backup_leaves_nothing),
        LITE(backup_beside_a_writer_ends),
    };

    return cmocka_run_group_tests_name("db backup", tests, NULL, NULL);
}
