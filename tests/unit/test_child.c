#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/child.h"
#include "engine/tools.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/parallel.h"
#include "lockstep/engine/backup.h"

static enum ls_rc shell(const char *script, struct ls_child *c, struct ls_child_result *r, struct ls_err *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    c->path = "/bin/sh";
    c->argv = argv;
    return ls_child_run(c, r, err);
}

static void runs_with_a_clean_environment(void **state)
{
    struct ls_child c = {.capture = true};
    struct ls_child_result r;

    (void)state;
    assert_int_equal(setenv("LS_CANARY", "leaked", 1), 0);
    ls_tools_init("/usr/bin:/bin", "/nonexistent/home");
    assert_int_equal(shell("env", &c, &r, NULL), LS_OK);
    assert_null(strstr(r.out.ptr, "LS_CANARY"));
    assert_non_null(strstr(r.out.ptr, "HOME=/nonexistent/home\n"));
    assert_non_null(strstr(r.out.ptr, "LC_ALL=C.UTF-8\n"));
    assert_int_equal(r.exit_code, 0);
    ls_child_result_release(&r);
    ls_tools_init(NULL, NULL);
}

static void hands_over_a_secret_that_is_in_no_file(void **state)
{
    struct ls_child c = {.capture = true, .secret = "*:*:*:*:correct horse\n"};
    struct ls_child_result r;

    (void)state;
    assert_int_equal(shell("cat " LS_CHILD_SECRET_PATH "; stat -Lc %a " LS_CHILD_SECRET_PATH, &c, &r, NULL), LS_OK);
    assert_string_equal(r.out.ptr, "*:*:*:*:correct horse\n600\n");
    ls_child_result_release(&r);
}

static void names_the_cause_when_it_fails(void **state)
{
    struct ls_child c = {0};
    struct ls_child_result r;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(
        shell("echo 'x: starting' >&2; echo 'x: error: no such thing' >&2; echo 'x: detail: postgres://u:secret@h/d' >&2; exit 3",
              &c, &r, &err),
        LS_E_IO);
    assert_string_equal(err.message, "sh ended with status 3: x: error: no such thing");
    assert_non_null(strstr(err.detail, "x: detail:"));
    assert_null(strstr(err.detail, "secret"));
    assert_int_equal(r.exit_code, 3);
    ls_child_result_release(&r);
    ls_err_release(&err);
}

static void keeps_only_the_tail_of_much_output(void **state)
{
    struct ls_child c = {0};
    struct ls_child_result r;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(shell("i=0; while [ $i -lt 3000 ]; do echo line-$i >&2; i=$((i+1)); done; exit 1", &c, &r, &err), LS_E_IO);
    assert_true(r.tail.len <= LS_CHILD_TAIL_MAX);
    assert_null(strstr(r.tail.ptr, "line-100\n"));
    assert_string_equal(err.message, "sh ended with status 1: line-2999");
    ls_child_result_release(&r);
    ls_err_release(&err);
}

static void says_which_signal_ended_it(void **state)
{
    struct ls_child c = {0};
    struct ls_child_result r;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(shell("kill -9 $$", &c, &r, &err), LS_E_IO);
    assert_int_equal(r.signal, SIGKILL);
    assert_non_null(strstr(err.message, "signal 9"));
    ls_child_result_release(&r);
    ls_err_release(&err);
}

static bool stop_at_once(void *ctx)
{
    (void)ctx;
    return false;
}

/* One that is dead and that nobody has waited for is not: not every process 1 does. */
static bool is_alive(int pid)
{
    char path[32], state = 'X';
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "re");
    if (!f)
        return false;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'X';
    fclose(f);
    return state != 'Z' && state != 'X';
}

/* The child writes down who its own child is, which must be gone with it. */
static void cancel_ends_the_whole_group(void **state)
{
    struct ls_child c = {.capture = true, .on_tick = stop_at_once};
    struct ls_child_result r;
    struct ls_err err = LS_ERR_INIT;
    int64_t began = ls_mono_ms();
    int pid;

    (void)state;
    /* Output first: the tick that cancels comes with the first wait. */
    assert_int_equal(shell("sleep 100 & echo $!; wait", &c, &r, &err), LS_E_CANCELLED);
    assert_true(ls_mono_ms() - began < 20000);
    pid = atoi(r.out.ptr);
    for (int i = 0; pid > 0 && is_alive(pid) && i < 1000; i++)
        usleep(10000);
    assert_true(pid == 0 || !is_alive(pid));
    ls_child_result_release(&r);
    ls_err_release(&err);
}

/* What it leaves behind in its group ends with it, though it ended well and without being asked to. */
static void ends_what_outlives_it(void **state)
{
    struct ls_child c = {.capture = true};
    struct ls_child_result r;
    int pid;

    (void)state;
    assert_int_equal(shell("sleep 60 >/dev/null 2>&1 & echo $!", &c, &r, NULL), LS_OK);
    pid = atoi(r.out.ptr);
    assert_true(pid > 1);
    for (int i = 0; is_alive(pid) && i < 500; i++)
        usleep(10000);
    if (is_alive(pid)) {
        kill(pid, SIGKILL);
        fail_msg("a worker outlived its program");
    }
    ls_child_result_release(&r);
}

static void *run_grep(void *arg)
{
    static const char *const argv[] = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", NULL};
    struct ls_child c = {.path = "/bin/grep", .argv = argv, .capture = true};
    struct ls_child_result *r = arg;

    if (ls_child_run(&c, r, NULL) != LS_OK)
        ls_buf_clear(&r->out);
    return NULL;
}

/* A worker thread blocks what it can, and the console ignores some signals: a child that kept either could not be stopped. */
static void starts_with_no_signal_blocked_or_ignored(void **state)
{
    static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGTSTP, SIGINT};
    struct ls_child_result r = {.out = LS_BUF_INIT};
    unsigned long long blocked = 1, ignoring = 1;
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(ignored); i++)
        assert_true(signal(ignored[i], SIG_IGN) != SIG_ERR);
    assert_true(ls_thread_start(&thread, run_grep, &r));
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (size_t i = 0; i < LS_ARRAY_LEN(ignored); i++)
        assert_true(signal(ignored[i], SIG_DFL) != SIG_ERR);
    assert_int_equal(sscanf(r.out.ptr, "SigBlk: %llx SigIgn: %llx", &blocked, &ignoring), 2);
    assert_int_equal(blocked, 0);
    assert_int_equal(ignoring & 0x7fffffff, 0); /* signals 32 and 33 are the C library's own */
    ls_child_result_release(&r);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    const char *const argv[] = {"x", NULL};
    struct ls_child c = {.path = "/nonexistent/x", .argv = argv};
    struct ls_child_result r;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(ls_child_run(&c, &r, &err), LS_E_IO);
    assert_non_null(strstr(err.message, "/nonexistent/x"));
    ls_child_result_release(&r);
    ls_err_release(&err);
}

/* --- tools --------------------------------------------------------------------------------------------------------------- */

static char *top;

static int make_top(void **state)
{
    top = ls_strdup("/tmp/ls-child.XXXXXX");
    *state = NULL;
    return mkdtemp(top) ? 0 : -1;
}

static int drop_top(void **state)
{
    enum ls_rc rc = ls_remove_tree(top, NULL);

    (void)state;
    free(top);
    ls_tools_init(NULL, NULL);
    return rc == LS_OK ? 0 : -1;
}

static char *fake_tool(const char *folder, const char *name, const char *says)
{
    char *dir = ls_path_join(top, folder), *path = ls_path_join(dir, name), *text = ls_asprintf("#!/bin/sh\necho '%s'\n", says);

    assert_int_equal(ls_mkdir_p(dir, 0700, NULL), LS_OK);
    assert_int_equal(ls_file_write_atomic(path, text, strlen(text), 0700, NULL), LS_OK);
    free(dir);
    free(text);
    return path;
}

/* 941 is a version that no package here has, so that only the fakes fit. */
static void takes_the_closest_version_that_is_not_older(void **state)
{
    char *a = fake_tool("a", "pg_dump", "pg_dump (PostgreSQL) 940.3"), *b = fake_tool("b", "pg_dump", "pg_dump (PostgreSQL) 943.1"),
         *c = fake_tool("c", "pg_dump", "pg_dump (PostgreSQL) 942beta2 (Fake 942)"),
         *path_list = ls_asprintf("relative:%s/a:%s/b:%s/c:%s/none", top, top, top, top);
    struct ls_tool t;

    (void)state;
    ls_tools_init(path_list, "/");
    assert_int_equal(ls_tool_find("pg_dump", NULL, NULL, 9410005, &t, NULL), LS_OK);
    assert_string_equal(t.path, c);
    assert_int_equal(t.version, 9420000);
    assert_string_equal(t.says, "pg_dump (PostgreSQL) 942beta2 (Fake 942)");
    ls_tool_release(&t);
    assert_int_equal(ls_tool_find("pg_dump", NULL, NULL, 0, &t, NULL), LS_OK);
    assert_string_equal(t.path, b); /* no version is asked for: the newest */
    ls_tool_release(&t);
    free(a);
    free(b);
    free(c);
    free(path_list);
}

/* Else whoever can put a file into the folder that lockstep is started in could have it run. */
static void passes_over_folders_that_hang_on_where_we_are(void **state)
{
    char *here = fake_tool(".", "pg_dump", "pg_dump (PostgreSQL) 941.0"), *near = fake_tool("near", "pg_dump", "pg_dump (PostgreSQL) 941.0"),
         *a = fake_tool("a", "pg_dump", "pg_dump (PostgreSQL) 943.0"), *path_list = ls_asprintf(":near:.:./near::%s/a:", top),
         *was = getcwd(NULL, 0);
    struct ls_tool t;

    (void)state;
    assert_non_null(was);
    assert_int_equal(chdir(top), 0);
    ls_tools_init(path_list, "/");
    assert_int_equal(ls_tool_find("pg_dump", NULL, NULL, 9410000, &t, NULL), LS_OK);
    assert_int_equal(chdir(was), 0);
    assert_string_equal(t.path, a);
    ls_tool_release(&t);
    free(here);
    free(near);
    free(a);
    free(path_list);
    free(was);
}

static void says_what_is_too_old_and_what_to_install(void **state)
{
    char *a = fake_tool("a", "pg_dump", "pg_dump (PostgreSQL) 940.3");
    struct ls_tool t;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(ls_tool_find("pg_dump", a, NULL, 9410000, &t, &err), LS_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "version 940"));
    assert_non_null(strstr(err.hint, "postgresql-client-941"));
    assert_null(t.path);
    ls_err_release(&err);
    assert_int_equal(ls_tool_find("no_such_pg_tool", NULL, NULL, 150000, &t, &err), LS_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "not found"));
    ls_err_release(&err);
    assert_int_equal(ls_tool_find("pg_dump", "/nonexistent/pg_dump", NULL, 150000, &t, &err), LS_E_NOT_FOUND);
    ls_err_release(&err);
    assert_int_equal(ls_tool_find("pg_dump", "pg_dump", NULL, 150000, &t, &err), LS_E_USAGE);
    ls_err_release(&err);
    free(a);
}

static void prefers_the_sibling_and_passes_the_wrapper_over(void **state)
{
    char *dump = fake_tool("b", "pg_dump", "pg_dump (PostgreSQL) 943.1"),
         *restore = fake_tool("b", "pg_restore", "pg_restore (PostgreSQL) 943.1"),
         *wrapper = fake_tool("share", "pg_wrapper", "pg_restore (PostgreSQL) 943.1"), *link = ls_asprintf("%s/w/pg_restore", top),
         *w = ls_path_join(top, "w");
    struct ls_tool t;

    (void)state;
    assert_int_equal(mkdir(w, 0700), 0);
    assert_int_equal(symlink(wrapper, link), 0);
    ls_tools_init(w, "/");
    assert_int_equal(ls_tool_find("pg_restore", NULL, dump, 9430001, &t, NULL), LS_OK);
    assert_string_equal(t.path, restore);
    ls_tool_release(&t);
    assert_int_equal(ls_tool_find("pg_restore", NULL, NULL, 9430001, &t, NULL), LS_E_UNSUPPORTED); /* only the wrapper would fit */
    free(dump);
    free(restore);
    free(wrapper);
    free(link);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_with_a_clean_environment),
        cmocka_unit_test(hands_over_a_secret_that_is_in_no_file),
        cmocka_unit_test(names_the_cause_when_it_fails),
        cmocka_unit_test(keeps_only_the_tail_of_much_output),
        cmocka_unit_test(says_which_signal_ended_it),
        cmocka_unit_test(cancel_ends_the_whole_group),
        cmocka_unit_test(ends_what_outlives_it),
        cmocka_unit_test(starts_with_no_signal_blocked_or_ignored),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error),
        cmocka_unit_test_setup_teardown(takes_the_closest_version_that_is_not_older, make_top, drop_top),
        cmocka_unit_test_setup_teardown(passes_over_folders_that_hang_on_where_we_are, make_top, drop_top),
        cmocka_unit_test_setup_teardown(says_what_is_too_old_and_what_to_install, make_top, drop_top),
        cmocka_unit_test_setup_teardown(prefers_the_sibling_and_passes_the_wrapper_over, make_top, drop_top),
    };

    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
