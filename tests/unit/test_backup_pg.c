#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/backups.h"

static const char scene_pg[] =
    "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);"
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
    NEEDS_PG_DUMP();
    assert_true(open_pg(&o));
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
    NEEDS_PG_DUMP();
    assert_true(open_pg(&o));
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
    NEEDS_PG_DUMP();
    assert_true(open_pg(&o));
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
    json_array_foreach(files, i, f)
    {
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
    NEEDS_PG_DUMP();
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
    NEEDS_PG_DUMP();
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
        cmocka_unit_test(pg_backup_is_whole),
        cmocka_unit_test(pg_damage_is_found),
        cmocka_unit_test(pg_read_back_finds_a_cut_archive),
        cmocka_unit_test(pg_stopped_backup_leaves_nothing),
        cmocka_unit_test(pg_dump_that_is_too_old_is_refused),
        cmocka_unit_test(pg_failed_dump_says_why),
        cmocka_unit_test(pg_password_is_shown_to_nobody),
    };

    return cmocka_run_group_tests_name("backup_pg", tests, NULL, NULL);
}
