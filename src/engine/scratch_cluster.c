/* A PostgreSQL cluster that lives as long as we do. It is made by the installed initdb in a folder of its own that nobody else can
 * enter, listens on a socket in there alone, and syncs nothing.
 *
 * Its parent is a small watchdog: /bin/sh with a fixed script, in a session of its own, which reads a pipe from us. When we close
 * it, or die, however that comes, it ends the server and removes the folder. A lock on a file in the folder is held by us and by
 * the watchdog: a folder whose lock is free was left by a crash of both, and the next start ends what still runs in it and removes
 * it. */
#include <config.h>

#include "engine/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/child.h"
#include "engine/tools.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

enum { START_MS = 60000, STOP_MS = 15000, POLL_MS = 20, YOUNG_S = 60, WATCH_FD = 3, STATUS_FD = 4, LOCK_FD = 5 };

/* $1: the folder; the rest: the server's command. Nothing of it is built from text. What a shell starts in the background ignores SIGQUIT until
 * the server has handlers of its own; before that it ends by SIGTERM. */
static const char watchdog[] = "dir=$1; shift\n"
                               "trap : HUP INT TERM\n"
                               "\"$@\" 3<&- 5>&- </dev/null >\"$dir/log\" 2>&1 &\n"
                               "p=$!\n"
                               "exec 4>&-\n"
                               "read -r word <&3\n"
                               "kill -TERM \"$p\" 2>/dev/null\n"
                               "kill -QUIT \"$p\" 2>/dev/null\n"
                               "wait \"$p\"\n"
                               "cd / && rm -rf -- \"$dir\"\n";

struct ls_cluster {
    char *dir, *url;
    pid_t pid;      /* the watchdog */
    int lock, pipe; /* -1: none */
    int status;     /* at its end when the server is gone */
    uid_t uid;      /* whose the server is */
    gid_t gid;
};

/* --- leftovers
 * ----------------------------------------------------------------------------------------------------------------------------------
 */

static void nap(long ms)
{
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

/* root starts it as another user. */
static bool server_user(uid_t *uid, gid_t *gid)
{
    static const char *const users[] = {"postgres", "nobody"};
    struct passwd pw, *found = NULL;
    char buf[4096];

    *uid = geteuid();
    *gid = getegid();
    if (*uid != 0)
        return true;
    for (size_t i = 0; i < LS_ARRAY_LEN(users) && found == NULL; i++)
        if (getpwnam_r(users[i], &pw, buf, sizeof(buf), &found) != 0)
            found = NULL;
    if (found == NULL || found->pw_uid == 0)
        return false;
    *uid = found->pw_uid;
    *gid = found->pw_gid;
    return true;
}

/* The process that the folder's pid file names, when it works in there; 0: none. */
static pid_t server_in(const char *dir)
{
    char *path = ls_asprintf("%s/data/postmaster.pid", dir), *data = ls_asprintf("%s/data", dir), link[64], where[4096];
    struct ls_buf text = LS_BUF_INIT;
    long pid = 0;

    if (ls_file_read(path, LS_OPEN_NOFOLLOW, 65536, &text, NULL) == LS_OK)
        pid = strtol(text.ptr, NULL, 10);
    if (pid > 1) {
        snprintf(link, sizeof(link), "/proc/%ld/cwd", pid);
        ssize_t n = readlink(link, where, sizeof(where) - 1);

        where[n > 0 ? n : 0] = '\0';
        if (strcmp(where, data) != 0)
            pid = 0;
    }
    ls_buf_release(&text);
    free(path);
    free(data);
    return pid > 1 ? (pid_t)pid : 0;
}

static void end_server_in(const char *dir)
{
    pid_t pid = server_in(dir);
    int64_t until = ls_mono_ms() + STOP_MS / 2;

    if (pid == 0)
        return;
    (void)kill(pid, SIGQUIT);
    while (ls_mono_ms() < until && server_in(dir) == pid && kill(pid, 0) == 0)
        nap(POLL_MS);
    if (server_in(dir) == pid)
        (void)kill(pid, SIGKILL);
}

/* Whether nobody looks after the folder any more; *fd keeps its lock then. */
static bool is_left(const char *dir, uid_t server_uid, int *fd)
{
    char *path = ls_asprintf("%s/lock", dir);
    struct stat st;
    bool is_ours = lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == server_uid);

    *fd = is_ours ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    free(path);
    if (!is_ours)
        return false;
    if (*fd < 0) /* being made at this moment, or left before it had a lock */
        return errno == ENOENT && st.st_mtime + YOUNG_S < (time_t)(ls_wall_us() / 1000000);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    close(*fd);
    *fd = -1;
    return false;
}

int ls_cluster_sweep(const char *tmp)
{
    struct ls_dir list = {0};
    uid_t uid;
    gid_t gid;
    int n = 0;

    if (!server_user(&uid, &gid))
        uid = geteuid();
    if (ls_dir_list(tmp, &list, NULL) != LS_OK)
        return 0;
    for (size_t i = 0; i < list.e.n; i++) {
        char *dir;
        int fd = -1;

        if (strncmp(list.e.v[i].name, LS_SCRATCH_DIR, strlen(LS_SCRATCH_DIR)) != 0 || list.e.v[i].is_link)
            continue;
        dir = ls_path_join(tmp, list.e.v[i].name);
        if (is_left(dir, uid, &fd)) {
            end_server_in(dir);
            n += ls_remove_tree(dir, NULL) == LS_OK;
        }
        if (fd >= 0)
            close(fd);
        free(dir);
    }
    ls_dir_release(&list);
    return n;
}

/* --- making one
 * ---------------------------------------------------------------------------------------------------------------------------------
 */

/* setpriv in front of a command when we are root; how many words. */
static int as_server_user(const struct ls_cluster *c, const char *setpriv, char words[2][32], const char **argv)
{
    if (setpriv == NULL)
        return 0;
    snprintf(words[0], sizeof(words[0]), "--reuid=%lu", (unsigned long)c->uid);
    snprintf(words[1], sizeof(words[1]), "--regid=%lu", (unsigned long)c->gid);
    argv[0] = setpriv;
    argv[1] = words[0];
    argv[2] = words[1];
    argv[3] = "--clear-groups";
    argv[4] = "--";
    return 5;
}

static enum ls_rc make_folder(struct ls_cluster *c, struct ls_err *err)
{
    char *path, text[24];
    enum ls_rc rc;

    c->dir = ls_strdup("/tmp/" LS_SCRATCH_DIR "XXXXXX");
    if (mkdtemp(c->dir) == NULL) {
        free(c->dir);
        c->dir = NULL;
        return ls_err_sys(err, "a folder below /tmp");
    }
    path = ls_asprintf("%s/lock", c->dir);
    c->lock = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(path);
    if (c->lock < 0 || flock(c->lock, LOCK_EX | LOCK_NB) != 0)
        return ls_err_sys(err, "%s/lock", c->dir);
    path = ls_asprintf("%s/owner", c->dir);
    snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    rc = ls_file_write_new(path, text, strlen(text), 0600, err); /* for people who find the folder */
    free(path);
    if (rc != LS_OK)
        return rc;
    if (c->uid != geteuid() && chown(c->dir, c->uid, c->gid) != 0)
        return ls_err_sys(err, "%s: giving it to the server's user", c->dir);
    return LS_OK;
}

static enum ls_rc run_initdb(struct ls_cluster *c, const char *initdb, const char *setpriv, bool (*tick)(void *ctx), void *ctx,
                             struct ls_err *err)
{
    const char *argv[24], *locale[] = {"--locale=C.UTF-8", "--locale=C"};
    char *data = ls_asprintf("--pgdata=%s/data", c->dir), words[2][32];
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < LS_ARRAY_LEN(locale); i++) {
        struct ls_child child = {.argv = argv, .cwd = c->dir, .on_tick = tick, .ctx = ctx};
        struct ls_child_result r;
        int n = as_server_user(c, setpriv, words, argv);
        const char *const rest[] = {initdb, data, "--username=postgres", "--auth=trust", "--encoding=UTF8", locale[i], "--no-sync", NULL};

        for (size_t k = 0; k < LS_ARRAY_LEN(rest); k++)
            argv[n++] = rest[k];
        child.path = argv[0];
        ls_err_release(err);
        rc = ls_child_run(&child, &r, err);
        ls_child_result_release(&r);
        if (rc == LS_OK || rc == LS_E_CANCELLED)
            break;
    }
    free(data);
    return rc;
}

static enum ls_rc spawn_watchdog(struct ls_cluster *c, const char *const *server, struct ls_err *err)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent", NULL};
    const char *argv[40] = {"sh", "-c", watchdog, "lockstep-scratch", c->dir};
    int watch[2] = {-1, -1}, status[2] = {-1, -1}, n = 5, failed;
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none, dflt;

    while (*server != NULL && n < 39)
        argv[n++] = *server++;
    if (pipe2(watch, O_CLOEXEC) != 0 || pipe2(status, O_CLOEXEC) != 0) {
        (void)ls_err_sys(err, "a pipe");
        failed = -1;
        goto out;
    }
    (void)sigemptyset(&none);
    (void)sigemptyset(&dflt);
    for (int s = SIGHUP; s <= SIGTERM; s++)
        (void)sigaddset(&dflt, s);
    posix_spawn_file_actions_init(&fa);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &dflt);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    /* Above what is to be in the way: each is moved up first, since one of them may have a number that another is to get. */
    posix_spawn_file_actions_adddup2(&fa, watch[0], 103);
    posix_spawn_file_actions_adddup2(&fa, status[1], 104);
    posix_spawn_file_actions_adddup2(&fa, c->lock, 105);
    for (int i = 0; i < 3; i++) {
        posix_spawn_file_actions_adddup2(&fa, 103 + i, WATCH_FD + i);
        posix_spawn_file_actions_addclose(&fa, 103 + i);
    }
    failed = posix_spawn(&c->pid, "/bin/sh", &fa, &attr, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    if (failed != 0) {
        errno = failed;
        c->pid = 0;
        (void)ls_err_sys(err, "start /bin/sh");
        goto out;
    }
    c->pipe = watch[1];
    c->status = status[0];
    watch[1] = status[0] = -1;
out:
    for (int i = 0; i < 2; i++) {
        if (watch[i] >= 0)
            close(watch[i]);
        if (status[i] >= 0)
            close(status[i]);
    }
    return failed == 0 ? LS_OK : LS_E_IO;
}

static enum ls_rc did_not_start(const struct ls_cluster *c, struct ls_err *err)
{
    char *path = ls_asprintf("%s/log", c->dir);
    struct ls_buf log = LS_BUF_INIT;

    (void)!ls_file_read(path, LS_OPEN_NOFOLLOW, 1 << 20, &log, NULL);
    while (log.len > 0 && log.ptr[log.len - 1] == '\n')
        ls_buf_truncate(&log, log.len - 1);
    const char *last = strrchr(log.ptr, '\n');

    ls_err_set(err, LS_E_UNSUPPORTED, "a PostgreSQL server of our own did not start: %s",
               last != NULL  ? last + 1
               : log.len > 0 ? log.ptr
                             : "it says nothing");
    ls_buf_release(&log);
    free(path);
    return LS_E_UNSUPPORTED;
}

/* Until it answers. */
static enum ls_rc wait_for_server(struct ls_cluster *c, bool (*tick)(void *ctx), void *ctx, struct ls_err *err)
{
    int64_t until = ls_mono_ms() + START_MS;

    while (ls_mono_ms() < until) {
        struct pollfd p = {.fd = c->status, .events = POLLIN};
        struct ls_db_params params = {.url = c->url, .connect_timeout_ms = 5000};
        struct ls_db *db = NULL;

        if (ls_db_open(&params, &db, NULL) == LS_OK) {
            ls_db_close(db);
            return LS_OK;
        }
        if (tick != NULL && !tick(ctx))
            return ls_err_set(err, LS_E_CANCELLED, "stopped by the operator");
        if (poll(&p, 1, POLL_MS) > 0)
            return did_not_start(c, err);
    }
    return did_not_start(c, err);
}

static enum ls_rc start_server(struct ls_cluster *c, const char *postgres, const char *setpriv, struct ls_err *err)
{
    char *data = ls_asprintf("%s/data", c->dir), words[2][32];
    const char *argv[32];
    int n = as_server_user(c, setpriv, words, argv);
    const char *const rest[] = {postgres,
                                "-D",
                                data,
                                "-k",
                                c->dir,
                                "-p",
                                "5432",
                                "-c",
                                "listen_addresses=",
                                "-c",
                                "fsync=off",
                                "-c",
                                "full_page_writes=off",
                                "-c",
                                "synchronous_commit=off",
                                "-c",
                                "autovacuum=off",
                                "-c",
                                "timezone=UTC",
                                "-c",
                                "max_connections=20",
                                NULL};

    for (size_t k = 0; k < LS_ARRAY_LEN(rest); k++)
        argv[n++] = rest[k];
    enum ls_rc rc = spawn_watchdog(c, argv, err);

    free(data);
    return rc;
}

/* The programs: of the version that is compared with, or newer; else whatever there is. */
static enum ls_rc find_programs(int server_version, struct ls_tool *postgres, struct ls_tool *initdb, struct ls_err *err)
{
    enum ls_rc rc = ls_tool_find("postgres", NULL, NULL, server_version, postgres, NULL);

    if (rc != LS_OK)
        rc = ls_tool_find("postgres", NULL, NULL, 0, postgres, err);
    if (rc == LS_OK)
        rc = ls_tool_find("initdb", NULL, postgres->path, postgres->version, initdb, err);
    return rc;
}

enum ls_rc ls_cluster_start(int server_version, bool (*tick)(void *ctx), void *ctx, struct ls_cluster **out, struct ls_err *err)
{
    struct ls_cluster *c = ls_calloc(1, sizeof(*c));
    struct ls_tool postgres = {0}, initdb = {0};
    const char *setpriv = NULL;
    enum ls_rc rc = LS_OK;

    *out = NULL;
    c->lock = c->pipe = c->status = -1;
    (void)ls_cluster_sweep("/tmp");
    if (!server_user(&c->uid, &c->gid))
        rc = ls_err_set(err, LS_E_UNSUPPORTED,
                        "a PostgreSQL server does not run as root, and there is neither a user postgres nor nobody to run it as");
    if (rc == LS_OK && c->uid != geteuid()) {
        setpriv = ls_tools_is_program("/usr/bin/setpriv") ? "/usr/bin/setpriv" : "/bin/setpriv";
        if (!ls_tools_is_program(setpriv))
            rc = ls_err_set(
                err, LS_E_UNSUPPORTED,
                "a PostgreSQL server does not run as root, and setpriv (util-linux) is not there to run it as another user");
    }
    if (rc == LS_OK)
        rc = find_programs(server_version, &postgres, &initdb, err);
    if (rc == LS_OK)
        rc = make_folder(c, err);
    if (rc == LS_OK)
        rc = run_initdb(c, initdb.path, setpriv, tick, ctx, err);
    if (rc == LS_OK)
        rc = start_server(c, postgres.path, setpriv, err);
    if (rc == LS_OK) {
        c->url = ls_asprintf("postgresql:///postgres?host=%s&port=5432&user=postgres", c->dir);
        rc = wait_for_server(c, tick, ctx, err);
    }
    ls_tool_release(&postgres);
    ls_tool_release(&initdb);
    if (rc == LS_OK)
        *out = c;
    else
        ls_cluster_stop(c);
    return rc;
}

void ls_cluster_stop(struct ls_cluster *c)
{
    int64_t until = ls_mono_ms() + STOP_MS;
    bool is_gone = false;

    if (c == NULL)
        return;
    if (c->pipe >= 0)
        close(c->pipe); /* what the watchdog waits for */
    if (c->status >= 0)
        close(c->status);
    while (c->pid > 0 && !is_gone && ls_mono_ms() < until) {
        is_gone = waitpid(c->pid, NULL, WNOHANG) != 0;
        if (!is_gone)
            nap(POLL_MS / 4);
    }
    if (c->pid > 0 && !is_gone) {
        (void)kill(c->pid, SIGKILL);
        (void)waitpid(c->pid, NULL, 0);
    }
    if (c->dir != NULL) {
        end_server_in(c->dir);
        (void)!ls_remove_tree(c->dir, NULL);
    }
    if (c->lock >= 0)
        close(c->lock);
    free(c->dir);
    free(c->url);
    free(c);
}

const char *ls_cluster_url(const struct ls_cluster *c)
{
    return c->url;
}
