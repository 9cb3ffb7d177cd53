/* What keeps a backup to its owner and to itself: modes, whatever the umask is; no symbolic links; the check of the free space. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/statvfs.h>

#include "support/backups.h"

/* Free bytes that the disk claims to have; -1: what it has. */
static long long claimed_free = -1;

int __real_statvfs(const char *path, struct statvfs *out);
int __wrap_statvfs(const char *path, struct statvfs *out);

int __wrap_statvfs(const char *path, struct statvfs *out)
{
    int rc = __real_statvfs(path, out);

    if (rc == 0 && claimed_free >= 0) {
        out->f_frsize = 1;
        out->f_bavail = (fsblkcnt_t)claimed_free;
        out->f_bfree = out->f_bavail + 1000000000; /* the reserve for root is not ours */
    }
    return rc;
}

static void open_sqlite(struct ops *o)
{
    ops_open(o, "lockstep", false);
    ops_put(o, "migrations/001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_sql(o, "CREATE TABLE a (i INTEGER PRIMARY KEY, t TEXT); INSERT INTO a VALUES (1, 'x');");
}

/* --- modes ----------------------------------------------------------------------------------------------------------------- */

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static size_t expect_private(const char *dir)
{
    struct ls_dir d = {0};
    size_t n = 0;

    if (mode_of(dir) != 0700)
        fail_msg("%s has mode %o", dir, (unsigned)mode_of(dir));
    ops_ok(ls_dir_read(dir, &d, err));
    for (size_t i = 0; i < d.e.n; i++) {
        char *path = ls_path_join(dir, d.e.v[i].name);

        if (d.e.v[i].is_dir)
            n += expect_private(path);
        else if (mode_of(path) != 0600)
            fail_msg("%s has mode %o", path, (unsigned)mode_of(path));
        else
            n++;
        free(path);
    }
    ls_dir_release(&d);
    return n;
}

/* A file that another program made as it liked, when it is about to be hashed. */
static void open_up(void *ctx, const struct ls_event *ev)
{
    const struct ops *o = ctx;
    struct ls_dir d = {0};
    char *dir;

    if (strcmp(ev->text, "hash") != 0 || ev->done != 0 || ev->total != 0)
        return;
    dir = backup_dir(o);
    ops_ok(ls_dir_read(dir, &d, err));
    assert_int_equal(d.e.n, 1);
    free(dir);
    dir = ls_asprintf("%s/backups/%s/database.sqlite", o->top, d.e.v[0].name);
    assert_int_equal(chmod(dir, 0666), 0);
    free(dir);
    ls_dir_release(&d);
}

static void only_the_owner_may_read(void **state)
{
    mode_t masks[] = {0, 022, 077};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(masks); i++) {
        struct ops o;
        struct ls_run_hooks h = {.on_event = open_up, .ctx = &o};
        struct ls_backups made;
        mode_t old;
        char *dir;

        open_sqlite(&o);
        old = umask(masks[i]);
        ops_ok(ls_backup_create(o.s, NULL, &h, &made, err));
        umask(old);
        dir = backup_dir(&o);
        assert_int_equal(expect_private(dir), 2); /* the copy and the manifest */
        free(dir);
        ls_backups_release(&made);
        ops_close(&o);
    }
}

/* Folders that are there keep the mode that their owner gave them. */
static void a_folder_that_is_there_keeps_its_mode(void **state)
{
    struct ops o;
    char *dir, *name;

    (void)state;
    open_sqlite(&o);
    dir = backup_dir(&o);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(chmod(dir, 0750), 0);
    name = make_backup(&o);
    assert_int_equal(mode_of(dir), 0750);
    free(name);
    free(dir);
    ops_close(&o);
}

static void pg_dumps_files_too(void **state)
{
    struct ops o;
    char *dir, *name;
    mode_t old;

    (void)state;
    NEEDS_PG_DUMP();
    ops_open(&o, "golang-migrate", true);
    ops_put(&o, "migrations/001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_sql(&o, "CREATE TABLE a (i int); INSERT INTO a VALUES (1);");
    old = umask(0);
    name = make_backup(&o);
    umask(old);
    dir = backup_dir(&o);
    assert_true(expect_private(dir) >= 3);
    free(name);
    free(dir);
    ops_close(&o);
}

/* --- links ----------------------------------------------------------------------------------------------------------------- */

static void expect_refused(const struct ops *o, const char *name, const char *word)
{
    struct ls_err why = LS_ERR_INIT;

    assert_int_equal(verify(o, name, &why), LS_E_INPUT);
    if (strstr(why.message, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.message, word);
    ls_err_release(&why);
}

/* The bytes behind it are the right ones; it is refused all the same. */
static void a_link_is_no_backup(void **state)
{
    struct ls_backups all;
    struct ops o;
    char *name, *file, *away, *extra, *dir;

    (void)state;
    open_sqlite(&o);
    name = make_backup(&o);
    file = file_of(&o, name, "database.sqlite");
    away = ops_path(&o, "elsewhere.sqlite");
    assert_int_equal(rename(file, away), 0);
    assert_int_equal(symlink(away, file), 0);
    expect_refused(&o, name, "database.sqlite: a backup holds only files and folders of its own");
    dir = backup_dir(&o);
    ops_ok(ls_backup_list(dir, &all, err));
    assert_int_equal(all.b.n, 1);
    assert_false(all.b.v[0].is_complete);
    assert_non_null(strstr(all.b.v[0].state, "database.sqlite is missing"));
    ls_backups_release(&all);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rename(away, file), 0);
    ops_ok(verify(&o, name, err));
    /* One more that leads nowhere, and one to a folder. */
    extra = file_of(&o, name, "more");
    assert_int_equal(symlink("/nonexistent/file", extra), 0);
    expect_refused(&o, name, "more: a backup holds only");
    assert_int_equal(unlink(extra), 0);
    assert_int_equal(symlink(o.top, extra), 0);
    expect_refused(&o, name, "more: a backup holds only");
    assert_int_equal(unlink(extra), 0);
    ops_ok(verify(&o, name, err));
    free(extra);
    free(dir);
    free(away);
    free(file);
    free(name);
    ops_close(&o);
}

/* --- space ----------------------------------------------------------------------------------------------------------------- */

static void expect_full(struct ops *o, long long bytes)
{
    struct ls_err why = LS_ERR_INIT;
    struct ls_backups made;

    claimed_free = bytes;
    assert_int_equal(ls_backup_create(o->s, NULL, NULL, &made, &why), LS_E_IO);
    claimed_free = -1;
    assert_int_equal(made.b.n, 0);
    assert_non_null(strstr(why.message, "are free, and the backup needs"));
    assert_non_null(strstr(why.message, "with 4.0 MiB to spare"));
    assert_non_null(strstr(why.hint, "prune old backups"));
    assert_int_equal(entries(o), 0);
    ls_err_release(&why);
}

static void expect_room(struct ops *o, long long bytes)
{
    char *name;

    claimed_free = bytes;
    name = make_backup(o);
    claimed_free = -1;
    free(name);
}

/* The database's size and a reserve of 4 MiB. */
static void no_room_is_seen_first(void **state)
{
    struct ops o;
    char *size;
    long long need;

    (void)state;
    open_sqlite(&o);
    size = ops_get(&o, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    need = atoll(size) + 4LL * 1024 * 1024;
    assert_true(atoll(size) > 0);
    expect_full(&o, 0);
    expect_full(&o, need - 1);
    expect_room(&o, need);
    free(size);
    ops_close(&o);
}

/* A tenth of the tables and the reserve. */
static void nor_does_pg_dump_start_without(void **state)
{
    struct ops o;
    char *size;
    long long need;

    (void)state;
    NEEDS_PG_DUMP();
    ops_open(&o, "golang-migrate", true);
    ops_put(&o, "migrations/001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_sql(&o, "CREATE TABLE a (i int, t text); INSERT INTO a SELECT i, md5(i::text) FROM generate_series(1, 2000) i;");
    size = ops_get(&o, "SELECT pg_table_size('a')");
    need = atoll(size) / 10 + 4LL * 1024 * 1024;
    assert_true(atoll(size) > 10);
    expect_full(&o, need - 1);
    expect_room(&o, need);
    free(size);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_owner_may_read), cmocka_unit_test(a_folder_that_is_there_keeps_its_mode),
        cmocka_unit_test(pg_dumps_files_too),      cmocka_unit_test(a_link_is_no_backup),
        cmocka_unit_test(no_room_is_seen_first),   cmocka_unit_test(nor_does_pg_dump_start_without),
    };

    return cmocka_run_group_tests_name("backup_guard", tests, NULL, NULL);
}
