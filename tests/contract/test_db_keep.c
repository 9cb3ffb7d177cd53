/* ls_db_keep_journal: what a run's rollback journal does to the disk, and that nobody beside it and nothing after it notices (db/sqlite/keep.c). */
#include <config.h>

#include "contract/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

/* --- a VFS that counts what happens to rollback journals ------------------------------------------------------------------------------------- */

static sqlite3_vfs counter, *usual;
static int n_may_make, n_removed; /* a journal opened with leave to make it: its folder is synced before the database is written */

static int count_opens(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    n_may_make += (flags & SQLITE_OPEN_MAIN_JOURNAL) && (flags & SQLITE_OPEN_CREATE);
    return usual->xOpen(usual, path, file, flags, out_flags);
}

static int count_removals(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    size_t len = strlen(path);

    (void)vfs;
    n_removed += len > 8 && strcmp(path + len - 8, "-journal") == 0;
    return usual->xDelete(usual, path, sync_folder);
}

static int install(void **state)
{
    (void)state;
    usual = sqlite3_vfs_find(NULL);
    counter = *usual;
    counter.zName = "counter";
    counter.xOpen = count_opens;
    counter.xDelete = count_removals;
    return sqlite3_vfs_register(&counter, 1) == SQLITE_OK ? 0 : -1;
}

static int uninstall(void **state)
{
    (void)state;
    return sqlite3_vfs_unregister(&counter) == SQLITE_OK && sqlite3_vfs_register(usual, 1) == SQLITE_OK ? 0 : -1;
}

/* --- words ----------------------------------------------------------------------------------------------------------------------------------- */

static char *journal_of(const struct fix *f)
{
    return ls_path_join(f->dir, "test.db-journal");
}

static bool journal_is_there(const struct fix *f)
{
    char *path = journal_of(f);
    bool is_there = ls_path_exists(path);

    free(path);
    return is_there;
}

/* The first byte decides whether a journal is needed. -1: there is none. */
static int journal_begins_with(const struct fix *f)
{
    char *path = journal_of(f);
    int fd = open(path, O_RDONLY);
    unsigned char first;
    int is_read = fd >= 0 && read(fd, &first, 1) == 1;

    if (fd >= 0)
        close(fd);
    free(path);
    return is_read ? first : -1;
}

static void one(struct fix *f, struct ls_db *db, int i)
{
    char *sql = ls_asprintf("create table t%d(a)", i);

    fix_assert_ok(ls_db_begin(db, &f->err), &f->err);
    fix_ok(db, sql);
    fix_assert_ok(ls_db_commit(db, &f->err), &f->err);
    free(sql);
}

static void shut(struct fix *f)
{
    ls_db_close(f->db);
    f->db = NULL;
}

static void is_whole(struct fix *f, const char *n_tables)
{
    struct ls_db *db = fix_open(f, (struct ls_db_params){.read_only = true});

    assert_string_equal(fix_get(db, "pragma integrity_check"), "ok");
    assert_string_equal(fix_get(db, "select count(*) from sqlite_master"), n_tables);
    assert_string_equal(ls_db_info(db)->journal_mode, "delete");
    ls_db_close(db);
}

/* --- tests ----------------------------------------------------------------------------------------------------------------------------------- */

static void one_file_for_many_transactions(void **state)
{
    FIX(f);

    one(f, f->db, 0);
    n_may_make = n_removed = 0;
    for (int i = 1; i <= 5; i++)
        one(f, f->db, i);
    assert_int_equal(n_may_make, 5);
    assert_int_equal(n_removed, 5);
    ls_db_keep_journal(f->db);
    n_may_make = n_removed = 0;
    for (int i = 6; i <= 10; i++) {
        one(f, f->db, i);
        assert_int_equal(journal_begins_with(f), 0);
    }
    assert_int_equal(n_may_make, 1);
    assert_int_equal(n_removed, 0);
    assert_string_equal(fix_get(f->db, "pragma synchronous"), "2");
    ls_db_keep_journal(f->db); /* once more is once */
    one(f, f->db, 11);
    assert_int_equal(n_may_make, 1);
    shut(f);
    assert_int_equal(n_removed, 1);
    assert_false(journal_is_there(f));
    is_whole(f, "12");
}

/* As SQLite makes it: the database's own permissions. */
static void its_permissions_are_the_databases(void **state)
{
    FIX(f);
    char *db_path = ls_path_join(f->dir, "test.db"), *path = journal_of(f);
    struct stat db, journal;

    one(f, f->db, 0);
    assert_int_equal(chmod(db_path, 0640), 0);
    ls_db_keep_journal(f->db);
    one(f, f->db, 1);
    assert_int_equal(stat(db_path, &db), 0);
    assert_int_equal(stat(path, &journal), 0);
    assert_int_equal(journal.st_mode, db.st_mode);
    assert_int_equal(journal.st_uid, db.st_uid);
    free(db_path);
    free(path);
}

/* A writer in DELETE mode takes the file away between two of ours, or ends with one of its own in its place. */
static void others_read_and_write_beside(void **state)
{
    FIX(f);
    struct ls_db *reader = fix_open(f, (struct ls_db_params){.read_only = true}), *writer = fix_open(f, (struct ls_db_params){0});

    ls_db_keep_journal(f->db);
    one(f, f->db, 1);
    assert_string_equal(fix_get(reader, "select count(*) from sqlite_master"), "1");
    assert_string_equal(fix_get(writer, "select count(*) from sqlite_master"), "1");
    one(f, writer, 2);
    assert_false(journal_is_there(f));
    n_may_make = 0;
    one(f, f->db, 3);
    assert_int_equal(n_may_make, 1); /* a new file: its folder is synced */
    one(f, f->db, 4);
    assert_int_equal(n_may_make, 1);
    assert_string_equal(fix_get(reader, "select count(*) from sqlite_master"), "4");
    /* The same name, and a file that is not ours. */
    char *path = journal_of(f);

    assert_int_equal(unlink(path), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

    assert_true(fd >= 0);
    close(fd);
    one(f, f->db, 5);
    assert_int_equal(n_may_make, 2);
    free(path);
    ls_db_close(reader);
    ls_db_close(writer);
    shut(f);
    assert_false(journal_is_there(f));
    is_whole(f, "5");
}

static void what_did_not_end_well_leaves_nothing(void **state)
{
    FIX(f);

    one(f, f->db, 0);
    ls_db_keep_journal(f->db);
    one(f, f->db, 1);
    fix_assert_ok(ls_db_begin(f->db, &f->err), &f->err);
    fix_ok(f->db, "create table gone(a)");
    ls_db_rollback(f->db);
    assert_int_equal(journal_begins_with(f), 0);
    fix_assert_ok(ls_db_begin(f->db, &f->err), &f->err);
    fix_ok(f->db, "create table gone(a)");
    shut(f); /* in the middle of a transaction */
    assert_false(journal_is_there(f));
    is_whole(f, "2");
}

/* Killed with a transaction half written to the file: the journal that is left is hot, and whoever comes next rolls it back. */
static void a_hot_one_is_rolled_back_by_anyone(void **state)
{
    FIX(f);
    int status;
    pid_t pid;

    one(f, f->db, 0);
    shut(f);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct ls_db_params p = {.url = f->url};
        struct ls_db *db = NULL;
        static const char spill[] = "pragma cache_size = 5; begin immediate; create table big(a); insert into big with recursive c(x) as (select 1 union "
                                    "all select x + 1 from c limit 2000) select hex(randomblob(200)) from c";

        if (ls_db_open(&p, &db, NULL) != LS_OK)
            _exit(1);
        ls_db_keep_journal(db);
        if (ls_db_exec_batch(db, "create table t1(a); create table t2(a)", 38, NULL, NULL) != LS_OK ||
            ls_db_exec_batch(db, spill, strlen(spill), NULL, NULL) != LS_OK)
            _exit(2);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(journal_begins_with(f), 0xd9); /* hot, and pages were written before it was killed */
    fix_open_default(f);
    assert_string_equal(fix_get(f->db, "select count(*) from sqlite_master"), "3");
    one(f, f->db, 4);
    shut(f);
    assert_false(journal_is_there(f));
    is_whole(f, "4");
}

static void other_modes_stay(void **state)
{
    static const char *const modes[] = {"wal", "truncate", "persist", "memory", "off"};
    FIX(f);

    one(f, f->db, 0);
    for (size_t i = 0; i < LS_ARRAY_LEN(modes); i++) {
        char *sql = ls_asprintf("pragma journal_mode = %s", modes[i]);

        assert_string_equal(fix_get(f->db, sql), modes[i]);
        ls_db_keep_journal(f->db);
        assert_string_equal(fix_get(f->db, "pragma journal_mode"), modes[i]);
        one(f, f->db, (int)i + 1);
        shut(f);
        fix_open_default(f);
        if (i == 0)
            assert_string_equal(fix_get(f->db, "pragma journal_mode = delete"), "delete");
        free(sql);
    }
}

/* A migration makes the database WAL, and it stays that. */
static void a_change_to_wal_stays(void **state)
{
    FIX(f);

    ls_db_keep_journal(f->db);
    one(f, f->db, 0);
    assert_string_equal(fix_get(f->db, "pragma journal_mode = wal"), "wal");
    one(f, f->db, 1);
    shut(f);
    assert_false(journal_is_there(f));
    fix_open_default(f);
    assert_string_equal(fix_get(f->db, "pragma journal_mode"), "wal");
    assert_string_equal(fix_get(f->db, "select count(*) from sqlite_master"), "2");
}

/* The VFS is the connection's own: what else is opened through it must find it. */
static void other_files_are_as_ever(void **state)
{
    FIX(f);
    char *attach = ls_asprintf("attach '%s/other.db' as other", f->dir), *other = ls_path_join(f->dir, "other.db-journal");

    ls_db_keep_journal(f->db);
    one(f, f->db, 0);
    fix_ok(f->db, attach);
    fix_assert_ok(ls_db_begin(f->db, &f->err), &f->err);
    fix_ok(f->db, "create table other.o(a)");
    fix_ok(f->db, "create table m(a)");
    fix_assert_ok(ls_db_commit(f->db, &f->err), &f->err);
    assert_false(ls_path_exists(other));
    fix_ok(f->db, "vacuum");
    fix_ok(f->db, "create temp table x(a)");
    shut(f);
    assert_false(journal_is_there(f));
    is_whole(f, "2");
    free(attach);
    free(other);
}

#define LITE(name) cmocka_unit_test_setup_teardown(name, fix_setup_sqlite, fix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LITE(one_file_for_many_transactions),
        LITE(its_permissions_are_the_databases),
        LITE(others_read_and_write_beside),
        LITE(what_did_not_end_well_leaves_nothing),
        LITE(a_hot_one_is_rolled_back_by_anyone),
        LITE(other_modes_stay),
        LITE(a_change_to_wal_stays),
        LITE(other_files_are_as_ever),
    };

    return cmocka_run_group_tests_name("db keep", tests, install, uninstall);
}
