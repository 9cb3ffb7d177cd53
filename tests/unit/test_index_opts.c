/* [index] of lockstep.conf, standbys, and an ignore that is kept there. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <fnmatch.h>

#include "config/index_opts.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

static int enter(void **state)
{
    const char *base = getenv("LS_TEST_TMP") ? getenv("LS_TEST_TMP") : "/tmp";
    char *dir = ls_asprintf("%s/index.XXXXXX", base);

    *state = dir;
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

static void put(mode_t mode, const char *text)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_file_write_atomic("lockstep.conf", text, strlen(text), mode, &err) != LS_OK)
        fail_msg("%s", err.message);
}

static void load(const char *env, struct config_project *p, struct config_target *t, struct config_index_opts *o)
{
    struct config_request req = {.env = env, .lock_timeout_ms = -1, .statement_timeout_ms = -1, .lock_wait_ms = -1};
    struct ls_err err = LS_ERR_INIT;

    if (config_project_load(NULL, p, &err) != LS_OK || config_resolve(&req, p, t, &err) != LS_OK)
        fail_msg("%s", err.message);
    config_index_opts_make(p, t, o);
}

static void release(struct config_project *p, struct config_target *t, struct config_index_opts *o)
{
    config_index_opts_release(o);
    config_target_release(t);
    config_project_release(p);
}

static void test_keys(void **state)
{
    struct config_project p;
    struct config_target t;
    struct config_index_opts o;
    struct ls_index_request req = {0};

    (void)state;
    put(0600, "[env a]\nurl = sqlite:a.db\nstandbys = postgres://u:secret@one/app  'host=two dbname=app'\n[env b]\nurl = sqlite:b.db\n"
              "[index]\nworkload = queries.sql\nwindow = 3w\nignore = IX01 public.idx_x: the yearly report\n"
              "ignore = prefix memories(a, b): planned\n");
    load("a", &p, &t, &o);
    config_index_lend(&o, &req);
    assert_int_equal(req.n_ignores, 2);
    assert_string_equal(req.ignores[0].id, "IX01");
    assert_string_equal(req.ignores[0].object, "public.idx_x");
    assert_string_equal(req.ignores[0].reason, "the yearly report");
    assert_string_equal(req.ignores[1].object, "memories(a, b)");
    assert_int_equal(req.n_standbys, 2);
    assert_string_equal(req.standbys[0], "postgres://u:secret@one/app");
    assert_string_equal(req.standbys[1], "host=two dbname=app");
    assert_string_equal(req.workload_path, "queries.sql");
    assert_true(req.workload_is_asked);
    assert_true(req.window_us == INT64_C(21) * 86400 * 1000000);
    release(&p, &t, &o);
    load("b", &p, &t, &o);
    assert_int_equal(o.standbys.n, 0);
    release(&p, &t, &o);
}

static void test_nothing_said(void **state)
{
    struct config_project p;
    struct config_target t;
    struct config_index_opts o;

    (void)state;
    put(0644, "[project]\nurl = sqlite:a.db\n");
    load(NULL, &p, &t, &o);
    assert_string_equal(o.workload_path, "lockstep.workload.sql");
    assert_false(o.workload_is_named);
    assert_int_equal(o.window_us, 0);
    assert_int_equal(o.ignores.n, 0);
    release(&p, &t, &o);
}

static void test_errors(void **state)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"ignore = IX01 public.x", "lockstep.conf:2: IX01 of public.x is ignored without a reason"},
        {"ignore = IX01 public.x:", "lockstep.conf:2: IX01 of public.x is ignored without a reason"},
        {"ignore = IX01", "lockstep.conf:2: ignore wants VERDICT OBJECT: REASON"},
        {"ignore = unusd x: y", "lockstep.conf:2: there is no verdict 'unusd'; did you mean 'unused'?"},
        {"window = soon", "lockstep.conf:2: 'soon' is no window"},
        {"window = 0d", "lockstep.conf:2: '0d' is no window"},
        {"worklod = x", "lockstep.conf:2: there is no key in [index] 'worklod'; did you mean 'workload'?"},
        {"workload = a\nworkload = b", "lockstep.conf:3: workload is set twice"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(bad); i++) {
        char *text = ls_asprintf("[index]\n%s\n", bad[i].line);
        struct config_project p;
        struct ls_err err = LS_ERR_INIT;

        put(0644, text);
        assert_int_equal(config_project_load(NULL, &p, &err), LS_E_INPUT);
        if (strncmp(err.message, bad[i].says, strlen(bad[i].says)) != 0)
            fail_msg("%s: %s", bad[i].line, err.message);
        ls_err_release(&err);
        free(text);
    }
}

static void test_password(void **state)
{
    struct config_project p;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put(0644, "[env a]\nurl = sqlite:a.db\nstandbys = postgres://one/app postgres://u:secret@two/app\n");
    assert_int_equal(config_project_load(NULL, &p, &err), LS_E_REFUSED);
    assert_non_null(strstr(err.message, "holds a password"));
    assert_null(strstr(err.message, "secret"));
    ls_err_release(&err);
}

static void kept(const char *want, const char *id, const char *object, const char *reason)
{
    struct config_project p;
    struct ls_buf text = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    if (config_project_load(NULL, &p, &err) != LS_OK || config_keep_index_ignore(&p, id, object, reason, &err) != LS_OK ||
        ls_file_read("lockstep.conf", 0, 0, &text, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_string_equal(text.ptr, want);
    ls_buf_release(&text);
    config_project_release(&p);
}

/* A label is kept so that it alone is ignored. */
static void test_label(void **state)
{
    static const char *const labels[] = {"idx*", "a?b", "t(tags[1])", "a\\b", "a: b; c", "t(x) WHERE y = 'a: b'", " blanks ", "plain", ":", "; "};
    static const char *const others[] = {"idxx", "axb", "t(tags1)", "ab", "a. b, c", "t(x) WHERE y = 'a- b'", "blanks", "plainer", ";", ";"};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(labels); i++) {
        struct ls_buf pattern = LS_BUF_INIT;
        struct config_project p;
        struct ls_err err = LS_ERR_INIT;

        put(0640, "[index]\n");
        config_index_pattern(labels[i], &pattern);
        assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
        assert_int_equal(config_keep_index_ignore(&p, "IX01", pattern.ptr, "why", &err), LS_OK);
        config_project_release(&p);
        assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
        assert_int_equal(p.index_ignores.n, 1);
        if (fnmatch(p.index_ignores.v[0].object, labels[i], 0) != 0 || fnmatch(p.index_ignores.v[0].object, others[i], 0) == 0)
            fail_msg("'%s' became '%s'", labels[i], p.index_ignores.v[0].object);
        assert_string_equal(p.index_ignores.v[0].reason, "why");
        config_project_release(&p);
        ls_buf_release(&pattern);
    }
}

static void test_keep(void **state)
{
    struct config_project p;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put(0640, "[project]\nurl = sqlite:a.db # x\n");
    kept("[project]\nurl = sqlite:a.db # x\n\n[index]\nignore = IX01 i: it stays\n", "IX01", "i", "it stays");
    kept("[project]\nurl = sqlite:a.db # x\n\n[index]\nignore = IX04 a? b; *: one; two ,three\nignore = IX01 i: it stays\n", "IX04", "a: b; *", "one; two ;three");
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_int_equal(p.index_ignores.n, 2);
    assert_string_equal(p.index_ignores.v[0].object, "a? b; *");
    config_project_release(&p);
    put(0640, "");
    kept("\n[index]\nignore = IX04 a[12]\\*;: it; stays\n", "IX04", "a[12]\\*;", "it; stays"); /* a pattern is kept as it was said */
    assert_int_equal(config_project_load(NULL, &p, &err), LS_OK);
    assert_string_equal(p.index_ignores.v[0].object, "a[12]\\*;");
    assert_int_equal(config_keep_index_ignore(&p, "IX01", "i", "  ", &err), LS_E_USAGE);
    ls_err_release(&err);
    assert_int_equal(config_keep_index_ignore(&p, "IX01", "i\nx", "y", &err), LS_E_INPUT);
    ls_err_release(&err);
    assert_int_equal(config_keep_index_ignore(&p, "IX99", "i", "y", &err), LS_E_INPUT);
    ls_err_release(&err);
    config_project_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys, enter, leave),   cmocka_unit_test_setup_teardown(test_nothing_said, enter, leave),
        cmocka_unit_test_setup_teardown(test_errors, enter, leave), cmocka_unit_test_setup_teardown(test_password, enter, leave),
        cmocka_unit_test_setup_teardown(test_keep, enter, leave), cmocka_unit_test_setup_teardown(test_label, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
