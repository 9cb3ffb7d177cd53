/* lockstep.conf, .env, and which database is meant. Each test works in an empty folder of its own. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/diff_opts.h"
#include "config/project.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/secret.h"

static const char *fake_env[8][2]; /* ends with a NULL name */

static const char *fake_getenv(const char *name)
{
    for (size_t i = 0; fake_env[i][0]; i++) {
        if (strcmp(fake_env[i][0], name) == 0)
            return fake_env[i][1];
    }
    return NULL;
}

static int enter(void **state)
{
    const char *base = getenv("LS_TEST_TMP") ? getenv("LS_TEST_TMP") : "/tmp";
    char *dir = ls_asprintf("%s/project.XXXXXX", base);

    *state = dir;
    memset(fake_env, 0, sizeof(fake_env));
    /* The search for a project file stops here. */
    return !mkdtemp(dir) || chdir(dir) != 0 || mkdir(".git", 0700) != 0;
}

static int leave(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    int bad = chdir("/") != 0 || ls_remove_tree(*state, &err) != LS_OK;

    free(*state);
    ls_err_release(&err);
    return bad;
}

static void put(const char *path, mode_t mode, const char *text)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_file_write_atomic(path, text, strlen(text), mode, &err) != LS_OK)
        fail_msg("%s", err.message);
}

static struct config_request request(void)
{
    return (struct config_request){.lock_timeout_ms = -1, .statement_timeout_ms = -1, .lock_wait_ms = -1, .getenv_fn = fake_getenv};
}

/* Loads and resolves; the caller releases. */
static enum ls_rc resolve(const struct config_request *req, struct config_target *t, struct ls_err *err)
{
    struct config_project p;
    enum ls_rc rc = config_project_load(req->project, &p, err);

    if (rc != LS_OK)
        return rc;
    rc = config_resolve(req, &p, t, err);
    config_project_release(&p);
    return rc;
}

static void assert_url(const struct config_request *req, const char *url, const char *source)
{
    struct config_target t;
    struct ls_err err = LS_ERR_INIT;

    if (resolve(req, &t, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_string_equal(t.params.url, url);
    assert_string_equal(t.params.url_source, source);
    config_target_release(&t);
}

static void assert_fails(const struct config_request *req, enum ls_rc rc, const char *message)
{
    struct config_target t;
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(resolve(req, &t, &err), rc);
    assert_string_equal(err.message, message);
    ls_err_release(&err);
}

static void test_keys(void **state)
{
    struct config_project p;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put("lockstep.conf", 0644,
        "[project]\nmigrations = db\ndefault_env = dev\nlock_timeout = 500ms\n\n"
        "[env dev]\nurl = sqlite:app.db\n[env prod]\nurl_env = PROD_URL\nprotected = yes\njournal = off\nstatement_timeout = 2min\n");
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_string_equal(p.path, "lockstep.conf");
    assert_string_equal(p.dir, ".");
    assert_string_equal(p.base.migrations, "db");
    assert_int_equal(p.base.lock_timeout_ms, 500);
    assert_int_equal(p.base.protected_, -1);
    assert_int_equal(p.envs.n, 2);
    assert_string_equal(p.envs.v[1].name, "prod");
    assert_int_equal(p.envs.v[1].protected_, 1);
    assert_int_equal(p.envs.v[1].journal, 0);
    assert_int_equal(p.envs.v[1].statement_timeout_ms, 120000);
    config_project_release(&p);
}

static void test_diff_keys(void **state)
{
    struct config_project p;
    struct ls_err err = LS_ERR_INIT;
    struct ls_buf text = LS_BUF_INIT;

    (void)state;
    put("lockstep.conf", 0644,
        "[env dev]\nurl = sqlite:app.db\nscratch = yes\n[scratch]\nurl = postgres://h/x\n[diff]\nignore = table audit_*, column *.at:not null\nignore = *.x:default\n"
        "# kept\nrename = users.type -> users.kind\nnot_renamed = a->b\n");
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_string_equal(p.scratch_url, "postgres://h/x");
    assert_int_equal(p.envs.v[0].scratch, 1);
    assert_int_equal(p.ignore.n, 3);
    assert_string_equal(p.ignore.v[0].kind, "table");
    assert_string_equal(p.ignore.v[0].pattern, "audit_*");
    assert_null(p.ignore.v[0].attr);
    assert_string_equal(p.ignore.v[1].kind, "column");
    assert_string_equal(p.ignore.v[1].pattern, "*.at");
    assert_string_equal(p.ignore.v[1].attr, "not null");
    assert_null(p.ignore.v[2].kind);
    assert_string_equal(p.ignore.v[2].attr, "default");
    assert_int_equal(p.renames.n, 2);
    assert_string_equal(p.renames.v[0].from, "users.type");
    assert_string_equal(p.renames.v[0].to, "users.kind");
    assert_true(p.renames.v[0].is_accepted);
    assert_string_equal(p.renames.v[1].to, "b");
    assert_false(p.renames.v[1].is_accepted);
    /* The other way round: the old line goes, everything else stays. */
    assert_int_equal(config_keep_rename(&p, "users.type", "users.kind", false, &err), LS_OK);
    assert_int_equal(config_keep_rename(&p, "t", "u", true, &err), LS_OK);
    assert_int_equal(config_keep_rename(&p, "t\nx", "u", true, &err), LS_E_INPUT);
    ls_err_release(&err);
    assert_int_equal(ls_file_read("lockstep.conf", 0, 0, &text, &err), LS_OK);
    assert_string_equal(strstr(text.ptr, "[diff]"), "[diff]\nrename = t -> u\nnot_renamed = users.type -> users.kind\nignore = table audit_*, column *.at:not null\n"
                                                    "ignore = *.x:default\n# kept\nnot_renamed = a->b\n");
    ls_buf_release(&text);
    config_project_release(&p);
    /* Where there is no such section yet. */
    put("lockstep.conf", 0644, "[env dev]\nurl = sqlite:app.db");
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_int_equal(config_keep_rename(&p, "t", "u", true, &err), LS_OK);
    config_project_release(&p);
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_int_equal(p.renames.n, 1);
    assert_int_equal(p.envs.n, 1);
    config_project_release(&p);
}

static const struct ls_rename_choice *last_choice(const struct ls_diff_opts *o, const char *from, const char *to)
{
    const struct ls_rename_choice *last = NULL;

    for (size_t i = 0; i < o->n_choices; i++)
        if (strcmp(o->choices[i].from, from) == 0 && strcmp(o->choices[i].to, to) == 0)
            last = &o->choices[i];
    return last;
}

/* As a comparison hears it: the last choice about a pair counts, and in the file that is the one which was kept last, at the top. */
static void test_diff_options(void **state)
{
    struct config_diff_opts given = {.arena = ls_arena_new()};
    struct ls_diff_opts opts = {0};
    struct config_project p;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put("lockstep.conf", 0644, "[diff]\nrename = users.type -> users.kind\nignore = table audit_*:comment\n");
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_int_equal(config_keep_rename(&p, "column public.users.type", "column public.users.kind", false, &err), LS_OK);
    config_project_release(&p);
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    config_diff_project(&given, &p);
    config_diff_lend(&given, &opts);
    assert_false(last_choice(&opts, "column public.users.type", "column public.users.kind")->is_accepted);
    assert_true(last_choice(&opts, "column main.users.type", "column main.users.kind")->is_accepted);
    assert_int_equal(opts.n_ignore, 1);
    assert_string_equal(opts.ignore[0].attr, "comment");
    config_diff_choice(&given, "column public.users.type", "column public.users.kind", true); /* said now: over the file */
    config_diff_lend(&given, &opts);
    assert_true(last_choice(&opts, "column public.users.type", "column public.users.kind")->is_accepted);
    config_diff_release(&given);
    ls_arena_free(given.arena);
    config_project_release(&p);
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[project]\nmigratons = x\n", "lockstep.conf:2: unknown key 'migratons' in [project]; did you mean 'migrations'?"},
        {"[project]\nzebra = x\n", "lockstep.conf:2: unknown key 'zebra' in [project]"},
        {"[env a]\ndefault_env = x\n", "lockstep.conf:2: unknown key 'default_env' in [env a]"},
        {"[projct]\nurl = x\n", "lockstep.conf:2: unknown section [projct]; there are [project], [env NAME], [scratch], [diff] and [index]; did you mean 'project'?"},
        {"url = x\n", "lockstep.conf:1: 'url' stands before the first section; put [project] above it"},
        {"[env]\nurl = x\n", "lockstep.conf:2: the section [env] lacks a name; write [env production]"},
        {"[env a]\nprotected = maybe\n", "lockstep.conf:2: 'maybe' for protected is neither yes nor no"},
        {"[env a]\nlock_timeout = 3\n", "lockstep.conf:2: '3' is no time; write it as 500ms, 3s, 2min or 1h, or 0"},
        {"[env a]\nurl =\n", "lockstep.conf:2: url has no value; leave the line out to have the default"},
        {"[env a]\nurl = x\n\nurl = y\n", "lockstep.conf:4: url is set twice in [env a]; the first time on line 2"},
        {"[project]\ndefault_env = a\n", "lockstep.conf:2: default_env names 'a', and there is no [env a]"},
        {"[diff]\nignroe = x\n", "lockstep.conf:2: there is no key in [diff] 'ignroe'; did you mean 'ignore'?"},
        {"[diff]\nignore = tabel x\n", "lockstep.conf:2: there is no kind of object 'tabel'; did you mean 'table'?"},
        {"[diff]\n\nrename = a b\n", "lockstep.conf:3: rename wants OLD -> NEW, as in column users.type -> column users.kind"},
        {"[scratch]\nurl = x\nurl = y\n", "lockstep.conf:3: url is set twice in [scratch]; the first time on line 2"},
        {"[project]\nurl\n", "lockstep.conf:2: expected [SECTION] or KEY = VALUE"},
    };
    struct config_request req = request();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put("lockstep.conf", 0644, cases[i].text);
        assert_fails(&req, LS_E_INPUT, cases[i].message);
    }
}

static void test_password_needs_privacy(void **state)
{
    struct config_request req = request();
    struct config_project p;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put("lockstep.conf", 0644, "[env a]\nurl = postgres://u:s3cret@h/d\n");
    assert_int_equal(config_project_load(NULL, &p, &err), LS_E_REFUSED);
    assert_string_equal(err.message, "lockstep.conf holds a password and can be read by others (mode 644)");
    assert_non_null(strstr(err.hint, "chmod 600 lockstep.conf"));
    assert_null(strstr(err.message, "s3cret"));
    ls_err_release(&err);
    assert_int_equal(chmod("lockstep.conf", 0640), 0);
    assert_fails(&req, LS_E_REFUSED, "lockstep.conf holds a password and can be read by others (mode 640)");
    assert_int_equal(chmod("lockstep.conf", 0600), 0);
    assert_url(&req, "postgres://u:s3cret@h/d", "[env a] in lockstep.conf");
    put("lockstep.conf", 0644, "[env a]\nurl = postgres://u@h/d\n");
    assert_url(&req, "postgres://u@h/d", "[env a] in lockstep.conf");
}

static void test_order(void **state)
{
    struct config_request req = request();

    (void)state;
    assert_fails(&req, LS_E_USAGE, "no database is named");
    put("lockstep.conf", 0644, "[env only]\nurl = sqlite:only.db\n");
    assert_url(&req, "sqlite:only.db", "[env only] in lockstep.conf");
    put("lockstep.conf", 0644, "[env a]\nurl = sqlite:a.db\n[env b]\nurl = sqlite:b.db\n");
    assert_fails(&req, LS_E_USAGE, "no database is named");
    put("lockstep.conf", 0644, "[project]\nurl = sqlite:base.db\n[env a]\nurl = sqlite:a.db\n");
    assert_url(&req, "sqlite:base.db", "[project] in lockstep.conf");
    put("lockstep.conf", 0644, "[project]\nurl = sqlite:base.db\ndefault_env = a\n[env a]\nurl = sqlite:a.db\n");
    assert_url(&req, "sqlite:a.db", "[env a] in lockstep.conf");
    put(".env", 0644, "OTHER='unclosed\nexport DATABASE_URL=sqlite:dotenv.db # mine\n");
    assert_url(&req, "sqlite:dotenv.db", "DATABASE_URL in .env");
    put(".env", 0644, "LOCKSTEP_URL = \"sqlite:\\\"q\\\".db\"\nDATABASE_URL='sqlite:dotenv.db'\n");
    assert_url(&req, "sqlite:\"q\".db", "LOCKSTEP_URL in .env");
    put(".env", 0644, "NAME=app\nDATABASE_URL=\"sqlite:${NAME}.db\"\n");
    assert_url(&req, "sqlite:app.db", "DATABASE_URL in .env");
    put(".env", 0644, "DATABASE_URL=sqlite:${DB_NAME}.db\n");
    assert_fails(&req, LS_E_INPUT, ".env:1: the value of DATABASE_URL needs ${DB_NAME}, which neither the environment nor a line above sets");
    fake_env[0][0] = "DB_NAME";
    fake_env[0][1] = "of_env";
    assert_url(&req, "sqlite:of_env.db", "DATABASE_URL in .env");
    put(".env", 0644, "DATABASE_URL=sqlite:${UNSET}.db\n"); /* not asked once the environment has said it */
    fake_env[0][0] = "DATABASE_URL";
    fake_env[0][1] = "sqlite:process.db";
    assert_url(&req, "sqlite:process.db", "DATABASE_URL");
    fake_env[0][1] = "\t sqlite:process.db \r\n";
    assert_url(&req, "sqlite:process.db", "DATABASE_URL");
    fake_env[1][0] = "LOCKSTEP_URL";
    fake_env[1][1] = " \n";
    assert_url(&req, "sqlite:process.db", "DATABASE_URL");
    fake_env[1][1] = "sqlite:own.db";
    assert_url(&req, "sqlite:own.db", "LOCKSTEP_URL");
    req.env = "a";
    assert_url(&req, "sqlite:a.db", "[env a] in lockstep.conf");
    req.url = "sqlite:said.db";
    assert_url(&req, "sqlite:said.db", "--url");
    req.env = "zebra";
    assert_fails(&req, LS_E_USAGE, "there is no environment 'zebra'");
    put("lockstep.conf", 0644, "[env production]\nurl = sqlite:a.db\n");
    req.env = "prodution";
    assert_fails(&req, LS_E_USAGE, "there is no environment 'prodution'; did you mean 'production'?");
}

static void test_direct_not_pooled(void **state)
{
    struct config_request req = request();
    struct config_target t;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    fake_env[0][0] = "DATABASE_URL";
    fake_env[0][1] = "postgres://pooler/d";
    fake_env[1][0] = "DATABASE_URL_UNPOOLED";
    fake_env[1][1] = "postgres://direct/d";
    assert_int_equal(resolve(&req, &t, &err), LS_OK);
    assert_string_equal(t.params.url, "postgres://direct/d");
    assert_string_equal(t.note, "DATABASE_URL_UNPOOLED is used, not DATABASE_URL: migrations go over the direct connection, not through the pooler");
    config_target_release(&t);
    put("lockstep.conf", 0644, "[env a]\nurl_env = APP_DB\n");
    fake_env[0][0] = "APP_DB";
    fake_env[1][0] = "APP_DB_UNPOOLED";
    assert_int_equal(resolve(&req, &t, &err), LS_OK);
    assert_string_equal(t.params.url, "postgres://direct/d");
    assert_string_equal(t.params.url_source, "APP_DB_UNPOOLED of [env a] in lockstep.conf");
    assert_non_null(strstr(t.note, "not APP_DB:"));
    config_target_release(&t);
    fake_env[1][0] = NULL;
    assert_int_equal(resolve(&req, &t, &err), LS_OK);
    assert_string_equal(t.params.url, "postgres://pooler/d");
    assert_null(t.note);
    config_target_release(&t);
    fake_env[0][0] = NULL;
    assert_fails(&req, LS_E_USAGE, "lockstep.conf:2: [env a] takes its URL from APP_DB, which is not set");
}

/* Nobody names the folder: "migrations" when it is there, else where a tool's own files are, else "migrations". */
static void test_finds_the_folder(void **state)
{
    struct config_request req = request();
    struct config_target t;
    struct ls_err err = LS_ERR_INIT;
    static const char *const expected[] = {"migrations", "db/migrations", "migrations"};

    (void)state;
    req.url = "sqlite:app.db";
    for (size_t i = 0; i < 3; i++) {
        if (i == 1) {
            assert_int_equal(mkdir("db", 0700) | mkdir("db/migrations", 0700), 0);
            put("db/migrations/1_a.up.sql", 0644, "SELECT 1;\n");
        } else if (i == 2) {
            assert_int_equal(mkdir("migrations", 0700), 0);
        }
        assert_int_equal(resolve(&req, &t, &err), LS_OK);
        assert_string_equal(t.params.migrations_dir, expected[i]);
        config_target_release(&t);
    }
}

static void test_from_below(void **state)
{
    struct config_request req = request();
    struct config_target t;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put("lockstep.conf", 0644, "[project]\nmigrations = db/m\n[env a]\nurl = sqlite:app.db\n");
    assert_int_equal(mkdir("sub", 0700) | mkdir("sub/sub", 0700) | chdir("sub/sub"), 0);
    assert_int_equal(resolve(&req, &t, &err), LS_OK);
    assert_string_equal(t.params.url, "sqlite:../../app.db");
    assert_string_equal(t.params.migrations_dir, "../../db/m");
    assert_string_equal(t.params.backup_dir, "../../backups");
    assert_string_equal(t.project_dir, "../..");
    config_target_release(&t);
    req.migrations = "here";
    req.url = "sqlite:mine.db";
    assert_int_equal(resolve(&req, &t, &err), LS_OK);
    assert_string_equal(t.params.url, "sqlite:mine.db");
    assert_string_equal(t.params.migrations_dir, "here");
    config_target_release(&t);
    /* A repository's root ends the search. */
    assert_int_equal(mkdir(".git", 0700), 0);
    req = request();
    assert_fails(&req, LS_E_USAGE, "no database is named");
}

static void test_settings_by_layer(void **state)
{
    struct config_request req = request();
    struct config_target t;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put("lockstep.conf", 0644,
        "[project]\nformat = lockstep\nlock_timeout = 1s\nlock_wait = 4s\nprotected = yes\n[env a]\nurl = sqlite:a.db\nlock_timeout = 2s\n");
    req.lock_wait_ms = 7;
    req.no_journal = true;
    assert_int_equal(resolve(&req, &t, &err), LS_OK);
    assert_string_equal(t.params.format_name, "lockstep");
    assert_int_equal(t.params.lock_timeout_ms, 2000);
    assert_int_equal(t.params.lock_wait_ms, 7);
    assert_int_equal(t.params.busy_timeout_ms, 0); /* nothing said: the default */
    assert_true(t.params.is_protected);
    assert_false(t.params.journal);
    assert_string_equal(t.params.env_name, "a");
    config_target_release(&t);
    req.lock_wait_ms = 0;
    assert_int_equal(resolve(&req, &t, &err), LS_OK);
    assert_int_equal(t.params.lock_wait_ms, -1); /* 0 said: none */
    config_target_release(&t);
}

static void test_folder_needs_no_url(void **state)
{
    struct config_request req = request();
    struct config_project p;
    struct config_target t;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put("lockstep.conf", 0644, "[env a]\nurl_env = NOT_SET\nmigrations = m\n");
    req.env = "a";
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_int_equal(config_resolve_folder(&req, &p, &t, &err), LS_OK);
    assert_null(t.params.url);
    assert_string_equal(t.params.migrations_dir, "m");
    config_target_release(&t);
    req.env = "b";
    assert_int_equal(config_resolve_folder(&req, &p, &t, &err), LS_E_USAGE);
    assert_string_equal(err.message, "there is no environment 'b'");
    ls_err_release(&err);
    config_project_release(&p);
}

static void test_dotenv_errors(void **state)
{
    struct config_request req = request();

    (void)state;
    put(".env", 0644, "A=1\nDATABASE_URL=\"open\n");
    assert_fails(&req, LS_E_INPUT, ".env:2: the quote around the value of DATABASE_URL is not closed");
    put(".env", 0644, "DATABASE_URL=\n");
    assert_fails(&req, LS_E_USAGE, "no database is named");
}

static void test_template_reads_back(void **state)
{
    struct ls_buf b = LS_BUF_INIT;
    struct config_request req = request();

    (void)state;
    config_template(&b, NULL, NULL, NULL);
    put("lockstep.conf", 0644, b.ptr);
    assert_url(&req, "sqlite:app.db", "[env dev] in lockstep.conf");
    ls_buf_clear(&b);
    config_template(&b, "postgres://h/d", "db", "golang-migrate");
    put("lockstep.conf", 0644, b.ptr);
    assert_url(&req, "postgres://h/d", "[env dev] in lockstep.conf");
    ls_buf_release(&b);
}

/* In a process of its own, guarded or not: whether core files are forbidden when the database was looked for. */
static bool forbids_cores(bool guarded, const char *url)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct config_request req = request();
        struct config_project project = {0};
        struct config_target target;
        struct rlimit limit;
        struct ls_err err = LS_ERR_INIT;

        req.url = url;
        if (guarded)
            ls_secret_guard();
        if (prctl(PR_SET_DUMPABLE, 1) != 0 || config_project_load(NULL, &project, &err) != LS_OK ||
            config_resolve(&req, &project, &target, &err) != LS_OK || getrlimit(RLIMIT_CORE, &limit) != 0) {
            print_error("%s\n", err.message != NULL ? err.message : "");
            _exit(2);
        }
        _exit(prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_max == 0 ? 1 : prctl(PR_GET_DUMPABLE) == 1 ? 0 : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    return WEXITSTATUS(status) == 1;
}

static void test_no_core_with_a_password(void **state)
{
    (void)state;
    assert_false(forbids_cores(true, "sqlite:a.db"));
    assert_false(forbids_cores(true, "postgres://u@h/d"));
    assert_true(forbids_cores(true, "postgres://u:s3cret@h/d"));
    assert_false(forbids_cores(false, "postgres://u:s3cret@h/d")); /* only the program itself decides that */
    put(".env", 0600, "DATABASE_URL=postgres://u@h/d\n");
    assert_false(forbids_cores(true, NULL));
    put(".env", 0600, "DATABASE_URL=postgres://u:s3cret@h/d\n");
    assert_true(forbids_cores(true, NULL));
    /* In a line that is none of ours: it was read all the same. */
    put(".env", 0600, "DATABASE_URL=postgres://u@h/d\nOTHER_URL=postgres://u:s3cret@h/d\n");
    assert_true(forbids_cores(true, NULL));
    assert_int_equal(unlink(".env"), 0);
    put("lockstep.conf", 0600, "[env dev]\nurl = postgres://u@h/d\n");
    assert_false(forbids_cores(true, NULL));
    /* Of another environment than the one that is used: it was read all the same. */
    put("lockstep.conf", 0600, "[project]\ndefault_env = dev\n[env dev]\nurl = sqlite:a.db\n[env prod]\nurl = postgres://u:s3cret@h/d\n");
    assert_true(forbids_cores(true, NULL));
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int ms;
    } good[] = {{"0", 0}, {"500ms", 500}, {"3s", 3000}, {"3 s", 3000}, {"2min", 120000}, {"1h", 3600000}, {"0s", 0}};
    static const char *const bad[] = {"", "s", "3", "-1s", "1.5s", "3 parsecs", "99999999999s", "600h", "ms3"};
    struct ls_err err = LS_ERR_INIT;
    int ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(config_parse_duration(good[i].text, &ms, &err), LS_OK);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(config_parse_duration(bad[i], &ms, &err), LS_E_INPUT);
        ls_err_release(&err);
    }
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_keys),
        IN_FOLDER(test_diff_keys),
        IN_FOLDER(test_bad_files),
        IN_FOLDER(test_password_needs_privacy),
        IN_FOLDER(test_order),
        IN_FOLDER(test_direct_not_pooled),
        IN_FOLDER(test_finds_the_folder),
        IN_FOLDER(test_from_below),
        IN_FOLDER(test_settings_by_layer),
        IN_FOLDER(test_folder_needs_no_url),
        IN_FOLDER(test_dotenv_errors),
        IN_FOLDER(test_template_reads_back),
        IN_FOLDER(test_no_core_with_a_password),
        cmocka_unit_test(test_durations),
        IN_FOLDER(test_diff_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
