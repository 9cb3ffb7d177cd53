#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

/* Calls that fail on demand (linked with --wrap): the one after `skip` more gives `error`. */
static struct fault {
    int skip, error;
} fault_fsync, fault_link, fault_fchmod;

static int is_due(struct fault *f)
{
    if (f->error == 0 || f->skip-- > 0)
        return 0;
    errno = f->error;
    f->error = 0;
    return 1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);

int __wrap_fsync(int fd)
{
    return is_due(&fault_fsync) ? -1 : __real_fsync(fd);
}

int __wrap_link(const char *from, const char *to)
{
    return is_due(&fault_link) ? -1 : __real_link(from, to);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return is_due(&fault_fchmod) ? -1 : __real_fchmod(fd, mode);
}

static char *top; /* a new folder for each test */

static int make_top(void **state)
{
    top = ls_strdup("/tmp/ls-file.XXXXXX");
    *state = NULL;
    return mkdtemp(top) ? 0 : -1;
}

static int drop_top(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc = ls_remove_tree(top, &err);

    (void)state;
    if (rc != LS_OK)
        print_error("%s\n", err.message);
    ls_err_release(&err);
    free(top);
    return rc == LS_OK ? 0 : -1;
}

/* Leaks are checked by the sanitizer build: the strings of a test live until its end. */
static const char *in_top(const char *name)
{
    static char path[8][200];
    static unsigned next;
    char *p = path[next++ % 8];

    snprintf(p, sizeof(path[0]), "%s/%s", top, name);
    return p;
}

static void put(const char *path, const char *text)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_file_write_atomic(path, text, strlen(text), 0600, &err) != LS_OK)
        fail_msg("%s", err.message);
}

static void assert_holds(const char *path, const char *text)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    if (ls_file_read(path, 0, 0, &b, &err) != LS_OK)
        fail_msg("%s", err.message);
    assert_string_equal(b.ptr, text);
    ls_buf_release(&b);
}

static size_t entries(const char *path)
{
    struct ls_dir dir = {0};
    size_t n;

    assert_int_equal(ls_dir_read(path, &dir, NULL), LS_OK);
    n = dir.e.n;
    ls_dir_release(&dir);
    return n;
}

/* The code, and that the message names the path and the reason. */
static void assert_refused(const char *path, unsigned flags, enum ls_rc code, const char *reason)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(ls_open_trusted(path, flags, NULL, &err), -1);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, reason));
    ls_err_release(&err);
    assert_int_equal(ls_open_trusted(path, flags, NULL, NULL), -1);
    assert_int_equal(ls_file_read(path, flags, 0, &b, NULL), code);
    assert_int_equal(b.len, 0);
    ls_buf_release(&b);
}

static void opens_only_regular_files(void **state)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);
    off_t size = -1;

    (void)state;
    put(in_top("f"), "12345");
    int fd = ls_open_trusted(in_top("f"), 0, &size, NULL);

    assert_true(fd >= 0);
    assert_int_equal(size, 5);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    assert_int_equal(mkfifo(in_top("fifo"), 0600), 0);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", in_top("sock"));
    assert_int_equal(bind(sock, (struct sockaddr *)&sa, sizeof(sa)), 0);
    close(sock);
    assert_refused(in_top("fifo"), 0, LS_E_INPUT, "not a regular file"); /* and does not wait for a writer */
    assert_refused(in_top("sock"), 0, LS_E_INPUT, "not a regular file");
    assert_refused("/dev/null", 0, LS_E_INPUT, "not a regular file");
    assert_refused(top, 0, LS_E_INPUT, "folder");
    assert_refused(in_top("none"), 0, LS_E_NOT_FOUND, strerror(ENOENT));
    assert_refused(in_top("f/x"), 0, LS_E_NOT_FOUND, strerror(ENOTDIR));
}

static void links_and_modes(void **state)
{
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put(in_top("f"), "x");
    assert_int_equal(symlink("f", in_top("link")), 0);
    assert_int_equal(symlink("loop", in_top("loop")), 0);
    assert_holds(in_top("link"), "x");
    assert_refused(in_top("link"), LS_OPEN_NOFOLLOW, LS_E_REFUSED, "symbolic link");
    assert_refused(in_top("loop"), 0, LS_E_IO, strerror(ELOOP));

    static const struct {
        mode_t mode;
        unsigned flags;
        bool ok;
    } cases[] = {
        {0600, LS_OPEN_PRIVATE | LS_OPEN_OWNED, true},
        {0400, LS_OPEN_PRIVATE, true},
        {0640, LS_OPEN_PRIVATE, false},
        {0604, LS_OPEN_PRIVATE, false},
        {0620, LS_OPEN_PRIVATE, false},
        {0644, LS_OPEN_OWNED, true},
        {0646, LS_OPEN_OWNED, false},
        {0666, 0, true},
    };
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        assert_int_equal(chmod(in_top("f"), cases[i].mode), 0);
        int fd = ls_open_trusted(in_top("f"), cases[i].flags, NULL, &err);

        assert_int_equal(fd >= 0, cases[i].ok);
        if (fd >= 0)
            close(fd);
        else
            assert_int_equal(err.code, LS_E_REFUSED);
        assert_int_equal(err.hint != NULL, !cases[i].ok);
        ls_err_release(&err);
    }
}

static void group_and_owner(void **state)
{
    (void)state;
    put(in_top("f"), "x");
    if (geteuid() != 0) {
        print_message("# skip: needs root to give a file away\n");
        skip();
    }
    assert_int_equal(chown(in_top("f"), 12345, 0), 0);
    assert_refused(in_top("f"), LS_OPEN_OWNED, LS_E_REFUSED, "another user (uid 12345)");
    assert_int_equal(chown(in_top("f"), 0, 12345), 0);
    assert_int_equal(chmod(in_top("f"), 0660), 0);
    assert_refused(in_top("f"), LS_OPEN_OWNED, LS_E_REFUSED, "others can write");
    /* The user's own group, of the same number, may write: that is what umask 002 makes. */
    assert_int_equal(chown(in_top("f"), 0, getegid()), 0);
    assert_holds(in_top("f"), "x");
    int fd = ls_open_trusted(in_top("f"), LS_OPEN_OWNED, NULL, NULL);

    assert_int_equal(fd >= 0, getegid() == geteuid());
    if (fd >= 0)
        close(fd);
}

static void reads_to_the_end_and_within_limits(void **state)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put(in_top("f"), "0123456789");
    ls_buf_adds(&b, "before ");
    assert_int_equal(ls_file_read(in_top("f"), 0, 10, &b, &err), LS_OK);
    assert_string_equal(b.ptr, "before 0123456789");
    assert_int_equal(ls_file_read(in_top("f"), 0, 9, &b, &err), LS_E_INPUT);
    assert_string_equal(b.ptr, "before 0123456789");
    assert_non_null(strstr(err.message, "10 bytes"));
    ls_err_release(&err);
    ls_buf_clear(&b);
    /* fstat says 0 of these, and there is something to read */
    assert_int_equal(ls_file_read("/proc/self/status", 0, 0, &b, NULL), LS_OK);
    assert_non_null(strstr(b.ptr, "Pid:"));
    ls_buf_clear(&b);
    assert_int_equal(ls_file_read("/proc/self/status", 0, 5, &b, NULL), LS_E_INPUT);
    assert_int_equal(b.len, 0);
    assert_int_equal(ls_file_read("/proc/self/mem", 0, 0, &b, &err), LS_E_IO); /* reading address 0 fails */
    assert_non_null(strstr(err.message, "/proc/self/mem"));
    ls_err_release(&err);
    /* a hole of more than the largest migration costs nothing to refuse */
    int fd = open(in_top("huge"), O_CREAT | O_WRONLY, 0600);

    assert_int_equal(ftruncate(fd, (off_t)LS_FILE_MAX_BYTES + 1), 0);
    close(fd);
    assert_int_equal(ls_file_read(in_top("huge"), 0, 0, &b, NULL), LS_E_INPUT);
    ls_buf_release(&b);
}

static void writes_whole_or_not(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(ls_file_write_atomic(in_top("f"), "one", 3, 0640, &err), LS_OK);
    assert_int_equal(stat(in_top("f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640); /* whatever the umask */
    assert_int_equal(ls_file_write_atomic(in_top("f"), "second", 6, 0600, &err), LS_OK);
    assert_holds(in_top("f"), "second");
    assert_int_equal(ls_file_write_atomic(in_top("f"), NULL, 0, 0600, &err), LS_OK);
    assert_holds(in_top("f"), "");
    assert_int_equal(entries(top), 1); /* no temporary file stays */
    assert_int_equal(ls_file_write_atomic(in_top("no/f"), "x", 1, 0600, &err), LS_E_IO);
    assert_non_null(strstr(err.message, in_top("no/f")));
    assert_non_null(strstr(err.message, strerror(ENOENT)));
    ls_err_release(&err);
    assert_int_equal(mkdir(in_top("d"), 0700), 0);
    assert_int_equal(ls_file_write_atomic(in_top("d"), "x", 1, 0600, &err), LS_E_IO);
    ls_err_release(&err);
    assert_int_equal(entries(top), 2);
    char *here = getcwd(NULL, 0);

    assert_int_equal(chdir(top), 0);
    put("bare", "name");
    assert_int_equal(chdir(here), 0);
    free(here);
    assert_holds(in_top("bare"), "name");
}

/* A write that fails half-way: the limit on file sizes stands in for a full disk. */
static void a_failed_write_keeps_the_old_file(void **state)
{
    int status;

    (void)state;
    put(in_top("f"), "old");
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit small = {1000, 1000};
        char *big = ls_calloc(1, 100000);
        struct ls_err err = LS_ERR_INIT;

        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        enum ls_rc rc = ls_file_write_atomic(in_top("f"), big, 100000, 0600, &err);

        free(big);
        _exit(rc == LS_E_IO && strstr(err.message, strerror(EFBIG)) ? 7 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_holds(in_top("f"), "old");
    assert_int_equal(entries(top), 1);
}

static void every_step_may_fail(void **state)
{
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    put(in_top("f"), "old");
    fault_fsync = (struct fault){.error = EIO};
    assert_int_equal(ls_file_write_atomic(in_top("f"), "new", 3, 0600, &err), LS_E_IO);
    assert_non_null(strstr(err.message, in_top("f")));
    assert_non_null(strstr(err.message, strerror(EIO)));
    ls_err_release(&err);
    fault_fchmod = (struct fault){.error = EPERM};
    assert_int_equal(ls_file_write_atomic(in_top("f"), "new", 3, 0600, &err), LS_E_IO);
    ls_err_release(&err);
    assert_holds(in_top("f"), "old");
    assert_int_equal(entries(top), 1);

    fault_fsync = (struct fault){.skip = 1, .error = EINVAL}; /* a file system that cannot sync a folder */
    assert_int_equal(ls_file_write_atomic(in_top("f"), "two", 3, 0600, &err), LS_OK);
    assert_int_equal(fault_fsync.error, 0); /* it was called: the folder is synced */
    fault_fsync = (struct fault){.skip = 1, .error = EIO};
    assert_int_equal(ls_file_write_atomic(in_top("f"), "three", 5, 0600, &err), LS_E_IO);
    ls_err_release(&err);
    assert_holds(in_top("f"), "three"); /* whole, but perhaps not for good */
    assert_int_equal(entries(top), 1);
}

/* A file system without hard links. */
static void new_without_links(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct stat st;

    (void)state;
    fault_link = (struct fault){.error = EPERM};
    assert_int_equal(ls_file_write_new(in_top("f"), "one", 3, 0640, &err), LS_OK);
    assert_holds(in_top("f"), "one");
    assert_int_equal(stat(in_top("f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    fault_link = (struct fault){.error = EPERM};
    assert_int_equal(ls_file_write_new(in_top("f"), "two", 3, 0600, &err), LS_E_REFUSED);
    ls_err_release(&err);
    assert_holds(in_top("f"), "one");
    fault_link = (struct fault){.error = EIO};
    assert_int_equal(ls_file_write_new(in_top("g"), "two", 3, 0600, &err), LS_E_IO);
    ls_err_release(&err);
    assert_int_equal(entries(top), 1);
}

static void new_never_replaces(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(ls_file_write_new(in_top("f"), "one", 3, 0604, &err), LS_OK);
    assert_int_equal(stat(in_top("f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(ls_file_write_new(in_top("f"), "two", 3, 0600, &err), LS_E_REFUSED);
    assert_non_null(strstr(err.message, in_top("f")));
    ls_err_release(&err);
    assert_holds(in_top("f"), "one");
    assert_int_equal(symlink("/nonexistent/x", in_top("dangling")), 0);
    assert_int_equal(ls_file_write_new(in_top("dangling"), "two", 3, 0600, &err), LS_E_REFUSED);
    ls_err_release(&err);
    assert_int_equal(entries(top), 2);
}

static void lists_sorted_with_facts(void **state)
{
    struct ls_dir dir = {0};
    struct ls_err err = LS_ERR_INIT;
    static const char *const names[] = {"B", "a", "dangling", "dir", "todir", "tofile", "\xC3\xA9"};

    (void)state;
    put(in_top("\xC3\xA9"), "");
    put(in_top("a"), "12");
    put(in_top("B"), "1");
    assert_int_equal(mkdir(in_top("dir"), 0700), 0);
    assert_int_equal(symlink("dir", in_top("todir")), 0);
    assert_int_equal(symlink("a", in_top("tofile")), 0);
    assert_int_equal(symlink("nowhere", in_top("dangling")), 0);
    assert_int_equal(ls_dir_read(top, &dir, &err), LS_OK);
    assert_int_equal(dir.e.n, LS_ARRAY_LEN(names));
    for (size_t i = 0; i < dir.e.n; i++)
        assert_string_equal(dir.e.v[i].name, names[i]);
    assert_int_equal(dir.e.v[1].size, 2);
    assert_true(dir.e.v[2].is_link && !dir.e.v[2].is_dir && dir.e.v[2].size == 0);
    assert_true(dir.e.v[3].is_dir && !dir.e.v[3].is_link);
    assert_true(dir.e.v[4].is_dir && dir.e.v[4].is_link);
    assert_true(dir.e.v[5].is_link && dir.e.v[5].size == 2);
    ls_dir_release(&dir);
    assert_int_equal(ls_dir_list(top, &dir, &err), LS_OK);
    assert_int_equal(dir.e.n, LS_ARRAY_LEN(names));
    for (size_t i = 0; i < dir.e.n; i++) {
        assert_string_equal(dir.e.v[i].name, names[i]);
        assert_int_equal(dir.e.v[i].is_dir, i == 3 || i == 4);
        assert_int_equal(dir.e.v[i].is_link, i == 2 || i == 4 || i == 5);
    }
    ls_dir_release(&dir);
    assert_int_equal(ls_dir_list(in_top("none"), &dir, &err), LS_E_NOT_FOUND);
    ls_err_release(&err);
    assert_int_equal(ls_dir_read(in_top("none"), &dir, &err), LS_E_NOT_FOUND);
    assert_non_null(strstr(err.message, in_top("none")));
    ls_err_release(&err);
    assert_int_equal(ls_dir_read(in_top("a"), &dir, &err), LS_E_NOT_FOUND);
    ls_err_release(&err);
    assert_int_equal(symlink("loop", in_top("loop")), 0);
    assert_int_equal(ls_dir_read(in_top("loop"), &dir, &err), LS_E_IO);
    ls_err_release(&err);
    assert_int_equal(dir.e.n, 0);
}

static void makes_parents(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(ls_mkdir_p(in_top("a/b//c/"), 0700, &err), LS_OK);
    assert_int_equal(stat(in_top("a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(ls_mkdir_p(in_top("a/b/c"), 0700, &err), LS_OK);
    assert_int_equal(ls_mkdir_p("/", 0700, &err), LS_OK);
    put(in_top("f"), "");
    assert_int_equal(ls_mkdir_p(in_top("f"), 0700, &err), LS_E_IO);
    assert_non_null(strstr(err.message, in_top("f")));
    ls_err_release(&err);
    assert_int_equal(ls_mkdir_p(in_top("f/x"), 0700, &err), LS_E_IO);
    ls_err_release(&err);
    assert_int_equal(ls_mkdir_p("/proc/none/x", 0700, &err), LS_E_IO);
    assert_non_null(strstr(err.message, "/proc/none"));
    ls_err_release(&err);
    char *here = getcwd(NULL, 0);

    assert_int_equal(chdir(top), 0);
    assert_int_equal(ls_mkdir_p("r/s", 0700, &err), LS_OK);
    assert_int_equal(chdir(here), 0);
    free(here);
    assert_int_equal(ls_path_kind(in_top("r/s")), LS_PATH_DIR);
}

static void removes_but_does_not_follow(void **state)
{
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(ls_mkdir_p(in_top("keep"), 0700, &err), LS_OK);
    put(in_top("keep/f"), "precious");
    assert_int_equal(ls_mkdir_p(in_top("gone/a/b"), 0700, &err), LS_OK);
    put(in_top("gone/a/f"), "x");
    assert_int_equal(symlink("../keep", in_top("gone/link")), 0);
    assert_int_equal(mkfifo(in_top("gone/fifo"), 0600), 0);
    assert_int_equal(ls_remove_tree(in_top("gone"), &err), LS_OK);
    assert_int_equal(ls_path_kind(in_top("gone")), LS_PATH_NONE);
    assert_holds(in_top("keep/f"), "precious");
    assert_int_equal(symlink("keep", in_top("link")), 0);
    assert_int_equal(ls_remove_tree(in_top("link"), &err), LS_OK);
    assert_holds(in_top("keep/f"), "precious");
    assert_int_equal(ls_remove_tree(in_top("never"), &err), LS_OK);       /* it is gone */
    assert_int_equal(ls_remove_tree("/proc/self/fdinfo", &err), LS_E_IO); /* a folder whose files do not go */
    assert_non_null(strstr(err.message, "/proc/self/fdinfo/"));
    ls_err_release(&err);
    assert_int_equal(ls_remove_tree("/proc/self/status", &err), LS_E_IO);
    assert_non_null(strstr(err.message, "/proc/self/status"));
    ls_err_release(&err);
}

static void paths(void **state)
{
    static const struct {
        const char *a, *b, *want;
    } cases[] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"}, {"", "b", "b"},
        {NULL, "b", "b"},  {"a", "", "a"},     {"/", "b", "/b"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        char *p = ls_path_join(cases[i].a, cases[i].b);

        assert_string_equal(p, cases[i].want);
        free(p);
    }
    assert_string_equal(ls_path_base("a/b.sql"), "b.sql");
    assert_string_equal(ls_path_base("b.sql"), "b.sql");
    assert_string_equal(ls_path_base("a/"), "");
    put(in_top("f"), "");
    assert_int_equal(mkfifo(in_top("fifo"), 0600), 0);
    assert_int_equal(ls_path_kind(in_top("f")), LS_PATH_FILE);
    assert_int_equal(ls_path_kind(top), LS_PATH_DIR);
    assert_int_equal(ls_path_kind(in_top("fifo")), LS_PATH_OTHER);
    assert_int_equal(ls_path_kind(in_top("none")), LS_PATH_NONE);
    assert_true(ls_path_exists(in_top("f")));
    assert_false(ls_path_exists(in_top("none")));
}

#define WITH_TOP(f) cmocka_unit_test_setup_teardown(f, make_top, drop_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(opens_only_regular_files),
        WITH_TOP(links_and_modes),
        WITH_TOP(group_and_owner),
        WITH_TOP(reads_to_the_end_and_within_limits),
        WITH_TOP(writes_whole_or_not),
        WITH_TOP(a_failed_write_keeps_the_old_file),
        WITH_TOP(every_step_may_fail),
        WITH_TOP(new_without_links),
        WITH_TOP(new_never_replaces),
        WITH_TOP(lists_sorted_with_facts),
        WITH_TOP(makes_parents),
        WITH_TOP(removes_but_does_not_follow),
        WITH_TOP(paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
