#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/base/mem.h"

static void starts_clean(void **state)
{
    struct ls_err e = LS_ERR_INIT, f;

    (void)state;
    ls_err_init(&f);
    assert_int_equal(e.code, LS_OK);
    assert_int_equal(f.code, LS_OK);
    assert_int_equal(e.offset, -1);
    assert_int_equal(f.offset, -1);
    assert_null(e.message);
    assert_string_equal(e.sqlstate, "");
    ls_err_release(&e);
    ls_err_release(NULL);
}

static void first_cause_wins(void **state)
{
    struct ls_err e = LS_ERR_INIT;

    (void)state;
    assert_int_equal(ls_err_set(&e, LS_E_BUSY, "lock held by %s", "ana"), LS_E_BUSY);
    assert_string_equal(e.message, "lock held by ana");
    assert_int_equal(ls_err_set(&e, LS_E_SQL, "later"), LS_E_BUSY);
    errno = ENOSPC;
    assert_int_equal(ls_err_sys(&e, "later"), LS_E_BUSY);
    assert_string_equal(e.message, "lock held by ana");
    ls_err_release(&e);
    assert_int_equal(e.code, LS_OK);
    assert_null(e.message);
}

static void sys_says_why(void **state)
{
    struct ls_err e = LS_ERR_INIT;

    (void)state;
    errno = ENOSPC;
    assert_int_equal(ls_err_sys(&e, "cannot write %s", "a.sql"), LS_E_IO);
    assert_string_equal(e.message, "cannot write a.sql: No space left on device");
    ls_err_release(&e);
}

static void wrap_puts_in_front(void **state)
{
    struct ls_err e = LS_ERR_INIT;

    (void)state;
    ls_err_wrap(&e, "nothing to wrap");
    assert_int_equal(e.code, LS_OK);
    assert_null(e.message);
    ls_err_set(&e, LS_E_SQL, "syntax error at \"%s\"", "CRATE");
    ls_err_wrap(&e, "%s:%d", "7_x.up.sql", 12);
    ls_err_wrap(&e, "apply");
    assert_int_equal(e.code, LS_E_SQL);
    assert_string_equal(e.message, "apply: 7_x.up.sql:12: syntax error at \"CRATE\"");
    ls_err_release(&e);
}

static void hint_is_kept_detail_is_appended(void **state)
{
    struct ls_err e = LS_ERR_INIT;

    (void)state;
    ls_err_set(&e, LS_E_AUTH, "no");
    ls_err_hint(&e, "ask %s", "ana");
    ls_err_hint(&e, "ask bo");
    assert_string_equal(e.hint, "ask ana");
    ls_err_detail(&e, "one");
    ls_err_detail(&e, "two %d", 2);
    assert_string_equal(e.detail, "one\ntwo 2");
    ls_err_release(&e);
    assert_null(e.hint);
    assert_null(e.detail);
}

static void null_only_returns_the_code(void **state)
{
    (void)state;
    assert_int_equal(ls_err_set(NULL, LS_E_DRIFT, "x %d", 1), LS_E_DRIFT);
    assert_int_equal(ls_err_sys(NULL, "x"), LS_E_IO);
    ls_err_wrap(NULL, "x");
    ls_err_hint(NULL, "x");
    ls_err_detail(NULL, "x");
    ls_err_copy(NULL, &(struct ls_err)LS_ERR_INIT);
}

static void moves_and_copies(void **state)
{
    struct ls_err a = LS_ERR_INIT, b = LS_ERR_INIT;

    (void)state;
    ls_err_set(&a, LS_E_SQL, "first");
    memcpy(a.sqlstate, "42P01", 6);
    a.line = 3;
    a.offset = 17;
    ls_err_hint(&a, "hint");
    ls_err_set(&b, LS_E_IO, "is overwritten");
    ls_err_copy(&b, &a);
    assert_string_equal(b.message, "first");
    assert_ptr_not_equal(b.message, a.message);
    assert_string_equal(b.sqlstate, "42P01");
    assert_int_equal(b.offset, 17);
    ls_err_release(&a);
    assert_string_equal(b.hint, "hint");
    ls_err_set(&a, LS_E_IO, "is overwritten");
    ls_err_move(&a, &b);
    assert_int_equal(a.code, LS_E_SQL);
    assert_int_equal(a.line, 3);
    assert_string_equal(a.message, "first");
    assert_int_equal(b.code, LS_OK);
    assert_null(b.message);
    assert_int_equal(b.offset, -1);
    ls_err_move(&a, &a);
    ls_err_copy(&a, &a);
    assert_string_equal(a.message, "first");
    ls_err_move(NULL, &a); /* dropped */
    assert_null(a.message);
}

static void every_code_has_its_own_name(void **state)
{
    (void)state;
    assert_string_equal(ls_rc_name(LS_OK), "ok");
    assert_string_equal(ls_rc_name(LS_E_SQL), "sql");
    assert_string_equal(ls_rc_name((enum ls_rc)999), "internal");
    for (int i = LS_OK; i <= LS_E_INTERNAL; i++)
        for (int k = LS_OK; k < i; k++)
            assert_string_not_equal(ls_rc_name((enum ls_rc)i), ls_rc_name((enum ls_rc)k));
}

#ifdef LS_SANITIZED
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

static void say_bye(void)
{
    ssize_t n = write(STDERR_FILENO, "bye\n", 4);

    (void)n;
}

/* Out of memory: the hook, one line, SIGABRT. */
static void running_out_of_memory_ends_it(void **state)
{
    int fd[2], status;
    char text[4000] = "";

    (void)state;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        dup2(fd[1], STDERR_FILENO);
        ls_mem_set_oom_hook(say_bye);
        free(ls_malloc(SIZE_MAX / 2));
        _exit(0);
    }
    close(fd[1]);
    size_t len = 0;

    for (ssize_t n; len < sizeof(text) - 1 && (n = read(fd[0], text + len, sizeof(text) - 1 - len)) > 0;)
        len += (size_t)n;
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), 6);
    /* A sanitizer or valgrind may say something in front. */
    static const char want[] = "bye\nlockstep: out of memory\n";

    assert_true(len >= sizeof(want) - 1);
    assert_string_equal(text + len - (sizeof(want) - 1), want);
}

/* A server that cannot read a file of 50 MB may repeat all of it. */
static void a_text_has_an_end(void **state)
{
    struct ls_err e = LS_ERR_INIT;
    struct ls_buf big = LS_BUF_INIT;

    (void)state;
    ls_buf_repeat(&big, 'x', 1000000);
    ls_err_set(&e, LS_E_SQL, "syntax error at \"%s\"", big.ptr);
    ls_err_detail(&e, "%s", big.ptr);
    assert_true(strlen(e.message) < 5000);
    assert_true(strncmp(e.message, "syntax error at \"xxx", 20) == 0);
    assert_non_null(strstr(e.message, "... (995922 bytes more)"));
    assert_true(strlen(e.detail) < 5000);
    ls_err_release(&e);
    ls_buf_release(&big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_clean),
        cmocka_unit_test(first_cause_wins),
        cmocka_unit_test(sys_says_why),
        cmocka_unit_test(wrap_puts_in_front),
        cmocka_unit_test(hint_is_kept_detail_is_appended),
        cmocka_unit_test(null_only_returns_the_code),
        cmocka_unit_test(moves_and_copies),
        cmocka_unit_test(every_code_has_its_own_name),
        cmocka_unit_test(a_text_has_an_end),
        cmocka_unit_test(running_out_of_memory_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
