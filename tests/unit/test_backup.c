#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lockstep/engine/backup.h"
#include "support/ops.h"
#include "support/skip.h"

/* --- helpers ------------------------------------------------------------------------------------------------------------- */

struct watch {
    int gate_calls, stop_at;   /* stop_at 0 = never */
    const char *stop_in;       /* stop in this phase */
    char phases[256];
    int64_t last_done;
    bool went_back;
    const char *canary;        /* looked for in what children show of themselves */
    bool canary_seen;
    int n_children;            /* processes of pg_dump that were looked at */
};

static bool file_has(const char *path, const char *word)
{
    char text[65536];
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(text, 1, sizeof text, f) : 0;

    if (f != NULL)
        fclose(f);
    return n > 0 && memmem(text, n, word, strlen(word)) != NULL;
}

/* Command line and environment of every process that we may look at, but our own. */
static bool canary_in_proc(const char *word, int *n_children)
{
    DIR *d = opendir("/proc");
    bool seen = false;

    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[300];

        if (e->d_name[0] < '0' || e->d_name[0] > '9' || atol(e->d_name) == (long)getpid())
            continue;
        snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
        if (!file_has(path, "pg_dump"))
            continue;
        ++*n_children;
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        seen = seen || file_has(path, word);
        snprintf(path, sizeof path, "/proc/%s/environ", e->d_name);
        seen = seen || file_has(path, word);
    }
    if (d != NULL)
        closedir(d);
    return seen;
}

static void on_event(void *ctx, const struct ls_event *ev)
{
    struct watch *w = ctx;
    size_t used = strlen(w->phases);

    assert_int_equal(ev->kind, LS_EV_PROGRESS);
    assert_null(ev->plan);
    if (strstr(w->phases, ev->text) == NULL && used + strlen(ev->text) + 2 < sizeof w->phases) {
        snprintf(w->phases + used, sizeof w->phases - used, "%s,", ev->text);
        w->last_done = 0;
    }
    w->went_back = w->went_back || (ev->total > 0 && (ev->done < w->last_done || ev->done > ev->total));
    w->last_done = ev->total > 0 ? ev->done : w->last_done;
    if (w->canary != NULL && strcmp(ev->text, "dump") == 0)
        w->canary_seen = w->canary_seen || canary_in_proc(w->canary, &w->n_children);
}

static enum ls_gate gate(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct watch *w = ctx;

    assert_null(plan);
    assert_int_equal(step, -1);
    assert_int_equal(op, -1);
    w->gate_calls++;
    if (w->stop_in != NULL && strstr(w->phases, w->stop_in) != NULL)
        return LS_GATE_STOP;
    return w->stop_at > 0 && w->gate_calls >= w->stop_at ? LS_GATE_STOP : LS_GATE_GO;
}

static struct ls_run_hooks hooks_of(struct watch *w)
{
    return (struct ls_run_hooks){.on_event = on_event, .gate = gate, .ctx = w};
}

static char *backup_dir(const struct ops *o)
{
    return ops_path(o, "backups");
}

/* How many entries the folder of backups has, whatever they are. */
static size_t entries(const struct ops *o)
{
    char *dir = backup_dir(o);
    struct ls_dir d = {0};
    size_t n = 0;

    if (ls_path_kind(dir) == LS_PATH_DIR) {
        ops_ok(ls_dir_read(dir, &d, err));
        n = d.e.n;
        ls_dir_release(&d);
    }
    free(dir);
    return n;
}

static char *make_backup(struct ops *o)
{
    struct ls_backups made;
    char *name;

    ops_ok(ls_backup_create(o->s, NULL, NULL, &made, err));
    assert_int_equal(made.b.n, 1);
    name = ls_strdup(made.b.v[0].name);
    ls_backups_release(&made);
    return name;
}

static enum ls_rc verify(const struct ops *o, const char *name, struct ls_err *err)
{
    char *dir = backup_dir(o);
    enum ls_rc rc = ls_backup_verify(dir, name, NULL, err);

    free(dir);
    return rc;
}

static void assert_damaged(const struct ops *o, const char *name, const char *word)
{
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = verify(o, name, &why);

    if (rc != LS_E_DRIFT)
        fail_msg("verify said %s: %s", ls_rc_name(rc), why.message != NULL ? why.message : "nothing");
    if (strstr(why.message, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.message, word);
    ls_err_release(&why);
}

static char *file_of(const struct ops *o, const char *name, const char *rel)
{
    char *text = ls_asprintf("%s/backups/%s/%s", o->top, name, rel);

    return text;
}

static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    unsigned char c;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c ^= 0x10;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static off_t size_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static const char scene_sqlite[] = "CREATE TABLE schema_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT,"
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

static void check_manifest(const struct ops *o, const char *name, const char *dialect)
{
    char *path = file_of(o, name, "manifest.json");
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *states, *last;

    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "dialect")), dialect);
    assert_string_equal(json_string_value(json_object_get(root, "version")), "002");
    assert_true(json_array_size(json_object_get(root, "not_included")) > 0);
    assert_true(json_array_size(json_object_get(root, "phases")) >= 3);
    states = json_object_get(root, "state");
    assert_int_equal(json_array_size(states), 2);
    last = json_array_get(states, 1);
    assert_string_equal(json_string_value(json_object_get(last, "state")), "read back");
    json_decref(root);
    free(path);
}

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

/* --- PostgreSQL ---------------------------------------------------------------------------------------------------------- */

static const char scene_pg[] = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);"
                               "INSERT INTO schema_migrations VALUES (2, false);"
                               "CREATE TABLE a (i int PRIMARY KEY, t text); CREATE SCHEMA other; CREATE TABLE other.b (t text);"
                               "INSERT INTO a SELECT g, md5(g::text) FROM generate_series(1, 5000) g; INSERT INTO other.b SELECT md5(i::text) FROM a;";

static bool open_pg(struct ops *o)
{
    if (test_pg_url() == NULL)
        return false;
    ops_open(o, "golang-migrate", true);
    ops_put(o, "migrations/001_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(o, "migrations/002_b.up.sql", "CREATE TABLE b (i int);\n");
    ops_sql(o, scene_pg);
    return true;
}

static void pg_backup_is_whole(void **state)
{
    struct ops o;
    struct watch w = {0};
    struct ls_run_hooks h = hooks_of(&w);
    struct ls_backups made;
    struct stat st;
    char *name, *toc;

    (void)state;
    if (!open_pg(&o))
        test_skip(test_pg_skip_reason());
    ops_ok(ls_backup_create(o.s, NULL, &h, &made, err));
    name = ls_strdup(made.b.v[0].name);
    ls_backups_release(&made);
    assert_string_equal(w.phases, "dump,hash,read back,");
    assert_false(w.went_back);
    check_manifest(&o, name, "postgres");
    toc = file_of(&o, name, "dump/toc.dat");
    assert_int_equal(stat(toc, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    ops_ok(verify(&o, name, err));
    free(toc);
    free(name);
    ops_close(&o);
}

static char *first_data_file(const struct ops *o, const char *name)
{
    char *dump = file_of(o, name, "dump"), *path = NULL;
    struct ls_dir d = {0};
    off_t best = 0;

    ops_ok(ls_dir_read(dump, &d, err));
    for (size_t i = 0; i < d.e.n; i++)
        if (strstr(d.e.v[i].name, ".dat.gz") != NULL && d.e.v[i].size > best) {
            free(path);
            path = ls_path_join(dump, d.e.v[i].name);
            best = d.e.v[i].size;
        }
    ls_dir_release(&d);
    free(dump);
    assert_non_null(path);
    return path;
}

static void pg_damage_is_found(void **state)
{
    struct ops o;
    char *name, *path;
    off_t size;

    (void)state;
    if (!open_pg(&o))
        test_skip(test_pg_skip_reason());
    name = make_backup(&o);
    path = first_data_file(&o, name);
    size = size_of(path);
    for (int i = 0; i < 10; i++) {
        flip(path, (off_t)i * (size - 1) / 9);
        assert_damaged(&o, name, "SHA-256");
        flip(path, (off_t)i * (size - 1) / 9);
    }
    assert_int_equal(truncate(path, size / 3), 0);
    assert_damaged(&o, name, "bytes");
    free(path);
    free(name);
    ops_close(&o);
}

/* The read-back itself, with the manifest made to agree: what a disk that lies while the dump is written would give. */
static void pg_read_back_finds_a_cut_archive(void **state)
{
    struct ops o;
    char *name, *path, *manifest, *rel, old[LS_SHA256_HEX], new[LS_SHA256_HEX];
    json_t *root, *files;
    struct ls_sha256 *sum;
    int64_t size;
    size_t i;
    json_t *f;

    (void)state;
    if (!open_pg(&o))
        test_skip(test_pg_skip_reason());
    name = make_backup(&o);
    path = first_data_file(&o, name);
    manifest = file_of(&o, name, "manifest.json");
    assert_int_equal(truncate(path, size_of(path) / 2), 0);
    ops_ok(ls_sha256_file(path, new, &size, err));

    root = json_load_file(manifest, 0, NULL);
    assert_non_null(root);
    files = json_object_get(root, "files");
    rel = ls_asprintf("dump/%s", ls_path_base(path));
    sum = ls_sha256_new();
    json_array_foreach (files, i, f) {
        char n[24];

        if (strcmp(json_string_value(json_object_get(f, "path")), rel) == 0) {
            json_object_set_new(f, "size", json_integer(size));
            json_object_set_new(f, "sha256", json_string(new));
        }
        snprintf(n, sizeof n, "%lld", (long long)json_integer_value(json_object_get(f, "size")));
        ls_sha256_field(sum, json_string_value(json_object_get(f, "path")));
        ls_sha256_field(sum, n);
        ls_sha256_field(sum, json_string_value(json_object_get(f, "sha256")));
    }
    ls_sha256_end(sum, old);
    json_object_set_new(root, "sha256", json_string(old));
    assert_int_equal(json_dump_file(root, manifest, JSON_INDENT(2)), 0);
    json_decref(root);
    assert_damaged(&o, name, "reading it back");
    free(rel);
    free(manifest);
    free(path);
    free(name);
    ops_close(&o);
}

static void pg_stopped_backup_leaves_nothing(void **state)
{
    static const char *const phases[] = {"dump", "hash", "read back"};

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    for (size_t i = 0; i < LS_ARRAY_LEN(phases); i++) {
        struct ops o;
        struct watch w = {.stop_in = phases[i]};
        struct ls_run_hooks h = hooks_of(&w);
        struct ls_backups made;
        struct ls_err why = LS_ERR_INIT;

        assert_true(open_pg(&o));
        assert_int_equal(ls_backup_create(o.s, NULL, &h, &made, &why), LS_E_CANCELLED);
        assert_int_equal(entries(&o), 0);
        ls_err_release(&why);
        ls_backups_release(&made);
        ops_close(&o);
    }
}

static void pg_dump_that_is_too_old_is_refused(void **state)
{
    struct ops o;
    struct ls_backups made;
    struct ls_err why = LS_ERR_INIT;
    struct ls_backup_options opt = {0};
    char *fake;

    (void)state;
    if (!open_pg(&o))
        test_skip(test_pg_skip_reason());
    fake = ops_path(&o, "pg_dump");
    ops_ok(ls_file_write_atomic(fake, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n", 46, 0700, err));
    opt.pg_dump = fake;
    assert_int_equal(ls_backup_create(o.s, &opt, NULL, &made, &why), LS_E_UNSUPPORTED);
    assert_non_null(strstr(why.hint, "postgresql-client-"));
    assert_int_equal(entries(&o), 0);
    ls_err_release(&why);
    ls_backups_release(&made);
    free(fake);
    ops_close(&o);
}

static void pg_failed_dump_says_why(void **state)
{
    struct ops o;
    struct ls_backups made;
    struct ls_err why = LS_ERR_INIT;
    struct ls_backup_options opt = {0};
    char *fake;

    (void)state;
    if (!open_pg(&o))
        test_skip(test_pg_skip_reason());
    fake = ops_path(&o, "pg_dump");
    ops_ok(ls_file_write_atomic(fake,
                                "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pg_dump (PostgreSQL) 99.1'; exit 0; }\n"
                                "echo 'pg_dump: error: could not write to file: No space left on device' >&2\nexit 1\n",
                                strlen("#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pg_dump (PostgreSQL) 99.1'; exit 0; }\n"
                                       "echo 'pg_dump: error: could not write to file: No space left on device' >&2\nexit 1\n"),
                                0700, err));
    opt.pg_dump = fake;
    assert_int_equal(ls_backup_create(o.s, &opt, NULL, &made, &why), LS_E_IO);
    assert_non_null(strstr(why.message, "No space left on device"));
    assert_non_null(strstr(why.hint, "disk is full"));
    assert_int_equal(entries(&o), 0);
    ls_err_release(&why);
    ls_backups_release(&made);
    free(fake);
    ops_close(&o);
}

/* A server that asks for a password gets it, and nobody else does. */
static void pg_password_is_shown_to_nobody(void **state)
{
    const char *base = test_pg_tcp_url(), *password = getenv("LS_TEST_PG_PASSWORD");
    struct watch w = {.canary = password};
    struct ls_run_hooks h = hooks_of(&w);
    struct ls_backups made;
    struct ops o;
    char *manifest, *db, *slash;
    struct ls_buf text = LS_BUF_INIT;

    (void)state;
    if (base == NULL || password == NULL)
        test_skip("the test server listens on no TCP port");
    assert_true(open_pg(&o));
    ops_sql(&o, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO lockstep_pw; GRANT USAGE ON SCHEMA other TO lockstep_pw;"
                "GRANT SELECT ON ALL TABLES IN SCHEMA other TO lockstep_pw;");
    db = ops_get(&o, "SELECT current_database()");
    free(o.url);
    slash = strrchr(base, '/');
    o.url = ls_asprintf("%.*s/%s", (int)(slash - base), base, db);
    ops_session(&o, "golang-migrate");
    ops_ok(ls_backup_create(o.s, NULL, &h, &made, err));
    assert_true(w.n_children > 0);
    assert_false(w.canary_seen);
    manifest = file_of(&o, made.b.v[0].name, "manifest.json");
    ops_ok(ls_file_read(manifest, 0, 0, &text, err));
    assert_null(strstr(text.ptr, password));
    ls_buf_release(&text);
    ls_backups_release(&made);
    free(manifest);
    free(db);
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
        cmocka_unit_test(lists_what_is_there_and_what_is_not_finished),
        cmocka_unit_test(prunes_by_count_and_age_but_never_the_newest),
        cmocka_unit_test(prunes_each_target_for_itself),
        cmocka_unit_test(a_name_is_no_path),
        cmocka_unit_test(pg_backup_is_whole),
        cmocka_unit_test(pg_damage_is_found),
        cmocka_unit_test(pg_read_back_finds_a_cut_archive),
        cmocka_unit_test(pg_stopped_backup_leaves_nothing),
        cmocka_unit_test(pg_dump_that_is_too_old_is_refused),
        cmocka_unit_test(pg_failed_dump_says_why),
        cmocka_unit_test(pg_password_is_shown_to_nobody),
    };

    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
