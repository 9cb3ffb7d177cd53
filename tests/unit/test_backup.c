#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "support/backups.h"

static const char scene_sqlite[] =
    "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT,"
    " applied_at TEXT, applied_by TEXT, duration_ms INTEGER, checksum TEXT,"
    " status TEXT NOT NULL CHECK (status IN ('applied', 'rolled_back', 'failed')));"
    "INSERT INTO schema_migrations (version, name, status) VALUES (2, 'b', 'applied');"
    "CREATE TABLE a (i INTEGER PRIMARY KEY, t TEXT);"
    "WITH RECURSIVE g(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM g WHERE i < 3000)"
    " INSERT INTO a SELECT i, hex(randomblob(40)) FROM g;";

static void open_sqlite(struct ops *o)
{
    ops_open(o, "lockstep", false);
    ops_put(o, "migrations/001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(o, "migrations/002_b.up.sql", "CREATE TABLE b (i int);\n");
    ops_sql(o, scene_sqlite);
}

/* --- SQLite -------------------------------------------------------------------------------------------------------------- */

static void sqlite_backup_is_whole(bool wal)
{
    struct ops o;
    struct watch w = {0};
    struct ls_run_hooks h = hooks_of(&w);
    struct ls_backups made, all;
    struct stat st;
    char *dir, *path, *rows;

    open_sqlite(&o);
    if (wal)
        ops_sql(&o, "PRAGMA journal_mode = wal; CREATE TABLE in_wal (i); INSERT INTO in_wal VALUES (1);");
    ops_ok(ls_backup_create(o.s, NULL, &h, &made, err));
    assert_string_equal(w.phases, "copy,hash,integrity check,");
    assert_false(w.went_back);
    assert_true(strncmp(made.b.v[0].name, "app-002-", 8) == 0);
    assert_string_equal(made.b.v[0].state, "read back");
    check_manifest(&o, made.b.v[0].name, "sqlite");

    assert_int_equal(stat(made.b.v[0].path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    path = file_of(&o, made.b.v[0].name, "database.sqlite");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    dir = backup_dir(&o);
    ops_ok(ls_backup_list(dir, &all, err));
    assert_int_equal(all.b.n, 1);
    assert_true(all.b.v[0].is_complete);
    assert_string_equal(all.b.v[0].version, "002");
    assert_string_equal(all.b.v[0].state, "read back");
    assert_true(all.b.v[0].size > 0);
    ops_ok(verify(&o, made.b.v[0].name, err));
    assert_int_equal(entries(&o), 1);

    /* What is in it is what was in the database. */
    free(o.url);
    o.url = ls_asprintf("sqlite:%s", path);
    rows = ops_get(&o, "SELECT count(*) || ' ' || max(i) FROM a");
    assert_string_equal(rows, "3000 3000");
    if (wal) {
        free(rows);
        rows = ops_get(&o, "SELECT count(*) FROM in_wal");
        assert_string_equal(rows, "1");
    }
    free(rows);
    free(path);
    free(dir);
    ls_backups_release(&made);
    ls_backups_release(&all);
    ops_close(&o);
}

static void sqlite_delete_mode(void **state)
{
    (void)state;
    sqlite_backup_is_whole(false);
}

static void sqlite_wal_mode(void **state)
{
    (void)state;
    sqlite_backup_is_whole(true);
}

static void every_kind_of_damage_is_found(void **state)
{
    struct ops o;
    char *name, *path, *extra, *manifest;
    struct ls_backups all;
    off_t size;

    (void)state;
    open_sqlite(&o);
    name = make_backup(&o);
    path = file_of(&o, name, "database.sqlite");
    size = size_of(path);
    for (int i = 0; i < 40; i++) { /* one byte, spread over the file: integrity_check alone misses most of these */
        off_t at = (off_t)i * (size - 1) / 39;

        flip(path, at);
        assert_damaged(&o, name, "SHA-256");
        flip(path, at);
    }
    ops_ok(verify(&o, name, err));

    extra = file_of(&o, name, "database.sqlite-wal");
    ops_ok(ls_file_write_new(extra, "x", 1, 0600, err));
    assert_damaged(&o, name, "is not in the manifest");
    assert_int_equal(unlink(extra), 0);

    assert_int_equal(truncate(path, size - 1), 0);
    assert_damaged(&o, name, "bytes");
    manifest = backup_dir(&o);
    ops_ok(ls_backup_list(manifest, &all, err));
    assert_false(all.b.v[0].is_complete);
    assert_non_null(strstr(all.b.v[0].state, "damaged: database.sqlite has"));
    ls_backups_release(&all);
    free(manifest);

    assert_int_equal(unlink(path), 0);
    assert_damaged(&o, name, "is missing");
    free(extra);
    free(path);
    free(name);
    ops_close(&o);
}

static void rewrite(const char *path, const char *from, const char *to)
{
    struct ls_buf text = LS_BUF_INIT, out = LS_BUF_INIT;
    char *at;

    ops_ok(ls_file_read(path, 0, 0, &text, err));
    at = strstr(text.ptr, from);
    assert_non_null(at);
    ls_buf_add(&out, text.ptr, (size_t)(at - text.ptr));
    ls_buf_adds(&out, to);
    ls_buf_adds(&out, at + strlen(from));
    ops_ok(ls_file_write_atomic(path, out.ptr, out.len, 0600, err));
    ls_buf_release(&text);
    ls_buf_release(&out);
}

static void a_changed_manifest_is_found(void **state)
{
    struct ops o;
    char *name, *path;

    (void)state;
    open_sqlite(&o);
    name = make_backup(&o);
    path = file_of(&o, name, "manifest.json");
    rewrite(path, "\"database.sqlite\"", "\"../../../etc/passwd\"");
    assert_damaged(&o, name, "list of files cannot be right");
    rewrite(path, "\"../../../etc/passwd\"", "\"other.sqlite\"");
    assert_damaged(&o, name, "changed after it was written");
    rewrite(path, "{", "[");
    assert_damaged(&o, name, "manifest.json:");
    assert_int_equal(unlink(path), 0);
    assert_damaged(&o, name, "never finished");
    free(path);
    free(name);
    ops_close(&o);
}

static void a_stopped_backup_leaves_nothing(void **state)
{
    static const char *const phases[] = {"copy", "hash", "integrity check"};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(phases); i++) {
        struct ops o;
        struct watch w = {.stop_in = phases[i]};
        struct ls_run_hooks h = hooks_of(&w);
        struct ls_backups made;
        struct ls_err why = LS_ERR_INIT;

        open_sqlite(&o);
        assert_int_equal(ls_backup_create(o.s, NULL, &h, &made, &why), LS_E_CANCELLED);
        assert_int_equal(made.b.n, 0);
        assert_int_equal(entries(&o), 0);
        ls_err_release(&why);
        ls_backups_release(&made);
        ops_close(&o);
    }
}

/* The disk is full as far as this process can tell: no file may grow beyond a limit. */
static void a_full_disk_leaves_nothing(void **state)
{
    static const rlim_t limits[] = {0, 4096, 100000, 200000};
    struct ops o;

    (void)state;
    open_sqlite(&o);
    for (size_t i = 0; i < LS_ARRAY_LEN(limits); i++) {
        int status;
        pid_t pid;

        fflush(NULL);
        pid = fork();
        if (pid == 0) {
            struct rlimit lim = {limits[i], limits[i]};
            struct ls_backups made;
            struct ls_err why = LS_ERR_INIT;
            enum ls_rc rc;

            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &lim);
            rc = ls_backup_create(o.s, NULL, NULL, &made, &why);
            _exit(rc == LS_OK ? 1 : rc != LS_E_IO ? 10 + (int)rc : why.message == NULL ? 2 : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(entries(&o), 0);
    }
    ops_close(&o);
}

static void a_folder_that_cannot_be_written_is_named(void **state)
{
    struct ops o;
    struct ls_backups made;
    struct ls_err why = LS_ERR_INIT;

    (void)state;
    open_sqlite(&o);
    ops_put(&o, "backups", "a file, where the folder should be\n");
    assert_int_equal(ls_backup_create(o.s, NULL, NULL, &made, &why), LS_E_IO);
    assert_non_null(strstr(why.message, "backups"));
    ls_err_release(&why);
    ls_backups_release(&made);
    ops_close(&o);
}

/* Another backup of this database, begun in the same second, is not finished yet. */
static void one_that_is_being_made_is_not_touched(void **state)
{
    struct ops o;
    struct ls_backups made;
    char stamp[LS_ISO_LEN], *dir;

    (void)state;
    open_sqlite(&o);
    dir = ops_path(&o, "backups");
    assert_int_equal(mkdir(dir, 0700), 0);
    for (int i = 0; i < 20; i++) { /* whichever second it will be */
        char *partial;

        ls_stamp_utc(ls_wall_us() + (int64_t)i * 1000000, stamp);
        partial = ls_asprintf("%s/app-002-%s.partial", dir, stamp);
        assert_int_equal(mkdir(partial, 0700), 0);
        free(partial);
    }
    ops_ok(ls_backup_create(o.s, NULL, NULL, &made, err));
    assert_string_equal(made.b.v[0].name + strlen(made.b.v[0].name) - 2, "-2");
    ls_backups_release(&made);
    free(dir);
    ops_close(&o);
}

/* --- list and prune ------------------------------------------------------------------------------------------------------ */

static void lists_what_is_there_and_what_is_not_finished(void **state)
{
    struct ops o;
    struct ls_backups all;
    char *name, *dir, *partial;

    (void)state;
    open_sqlite(&o);
    dir = backup_dir(&o);
    ops_ok(ls_backup_list(dir, &all, err)); /* no folder yet */
    assert_int_equal(all.b.n, 0);
    ls_backups_release(&all);
    name = make_backup(&o);
    partial = ls_asprintf("%s/app-001-20010203040506.partial", dir);
    ops_ok(ls_mkdir_p(partial, 0700, err));
    free(partial);
    partial = ls_asprintf("%s/notes", dir);
    ops_ok(ls_mkdir_p(partial, 0700, err));
    ops_ok(ls_backup_list(dir, &all, err));
    assert_int_equal(all.b.n, 2);
    assert_string_equal(all.b.v[0].name, name);
    assert_true(all.b.v[0].is_complete);
    assert_string_equal(all.b.v[1].created_at, "2001-02-03T04:05:06Z");
    assert_non_null(strstr(all.b.v[1].state, "unfinished"));
    assert_false(all.b.v[1].is_complete);
    ls_backups_release(&all);
    free(partial);
    free(name);
    free(dir);
    ops_close(&o);
}

static void set_time(const struct ops *o, const char *name, const char *when)
{
    char *path = file_of(o, name, "manifest.json");
    struct ls_buf text = LS_BUF_INIT;
    char *at, old[64];

    ops_ok(ls_file_read(path, 0, 0, &text, err));
    at = strstr(text.ptr, "\"created_at\": \"");
    assert_non_null(at);
    snprintf(old, sizeof old, "%.*s", (int)strlen("\"created_at\": \"2026-01-01T00:00:00Z\""), at);
    ls_buf_release(&text);
    text = (struct ls_buf)LS_BUF_INIT;
    ls_buf_addf(&text, "\"created_at\": \"%s\"", when);
    rewrite(path, old, text.ptr);
    ls_buf_release(&text);
    free(path);
}

static char *prune(const struct ops *o, long keep, int64_t age, bool dry)
{
    char *dir = backup_dir(o);
    struct ls_buf removed = LS_BUF_INIT;

    ops_ok(ls_backup_prune(dir, keep, age, dry, &removed, err));
    free(dir);
    return ls_buf_detach(&removed);
}

static void prunes_by_count_and_age_but_never_the_newest(void **state)
{
    struct ops o;
    char *n[4], *gone, *partial;

    (void)state;
    open_sqlite(&o);
    for (int i = 0; i < 4; i++) {
        char when[32];

        n[i] = make_backup(&o);
        snprintf(when, sizeof when, "200%d-01-01T00:00:00Z", i);
        set_time(&o, n[i], when);
    }
    partial = ls_asprintf("%s/backups/app-001-20010203040506.partial", o.top);
    ops_ok(ls_mkdir_p(partial, 0700, err));

    gone = prune(&o, -1, -1, false);
    assert_string_equal(gone, "");
    free(gone);
    gone = prune(&o, 3, -1, true);
    assert_int_equal(strncmp(gone, n[0], strlen(n[0])), 0);
    assert_int_equal(entries(&o), 5);
    free(gone);
    gone = prune(&o, 3, -1, false);
    assert_int_equal(entries(&o), 4);
    free(gone);
    gone = prune(&o, -1, 3600, false); /* all are years old */
    assert_int_equal(entries(&o), 2);
    assert_non_null(strstr(gone, n[1]));
    assert_non_null(strstr(gone, n[2]));
    free(gone);
    gone = prune(&o, 0, 0, false);
    assert_string_equal(gone, "");
    ops_ok(verify(&o, n[3], err));
    assert_true(ls_path_exists(partial));
    free(gone);
    free(partial);
    for (int i = 0; i < 4; i++)
        free(n[i]);
    ops_close(&o);
}

static void prunes_each_target_for_itself(void **state)
{
    struct ops o;
    char *a, *b, *gone, *path;

    (void)state;
    open_sqlite(&o);
    a = make_backup(&o);
    path = file_of(&o, a, "manifest.json");
    rewrite(path, "\"target\": \"app\"", "\"target\": \"other\"");
    set_time(&o, a, "2001-01-01T00:00:00Z");
    b = make_backup(&o);
    gone = prune(&o, 1, -1, false);
    assert_string_equal(gone, "");
    assert_int_equal(entries(&o), 2);
    free(gone);
    free(path);
    free(a);
    free(b);
    ops_close(&o);
}

static void a_name_is_no_path(void **state)
{
    struct ops o;
    struct ls_err why = LS_ERR_INIT;

    (void)state;
    open_sqlite(&o);
    assert_int_equal(verify(&o, "../migrations", &why), LS_E_USAGE);
    ls_err_release(&why);
    assert_int_equal(verify(&o, "nothing", &why), LS_E_NOT_FOUND);
    ls_err_release(&why);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqlite_delete_mode),
        cmocka_unit_test(sqlite_wal_mode),
        cmocka_unit_test(every_kind_of_damage_is_found),
        cmocka_unit_test(a_changed_manifest_is_found),
        cmocka_unit_test(a_stopped_backup_leaves_nothing),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_named),
        cmocka_unit_test(one_that_is_being_made_is_not_touched),
        cmocka_unit_test(lists_what_is_there_and_what_is_not_finished),
        cmocka_unit_test(prunes_by_count_and_age_but_never_the_newest),
        cmocka_unit_test(prunes_each_target_for_itself),
        cmocka_unit_test(a_name_is_no_path),
    };

    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
