#include <config.h>

#include "engine/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/tools.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/vec.h"

enum { TICK_MS = 100, TERM_GRACE_MS = 5000, SECRET_FD = 3 };

struct job {
    const struct ls_child *c;
    struct ls_child_result *r;
    pid_t pid;
    int err_fd, out_fd; /* our ends; -1 closed */
    struct ls_buf err_line, out_line; /* the piece of standard error, of standard output, behind the last newline */
    bool cancelled;
    int64_t kill_at; /* ls_mono_ms() when SIGTERM is followed by SIGKILL; 0 = not asked yet */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int make_secret(const char *secret, struct ls_err *err)
{
    size_t len = strlen(secret), done = 0;
    int fd = memfd_create("lockstep", MFD_CLOEXEC);

    if (fd < 0) {
        ls_err_sys(err, "memory file for a password");
        return -1;
    }
    /* libpq ignores a password file that others could read, and a memory file starts with mode 0777. */
    if (fchmod(fd, 0600) != 0) {
        ls_err_sys(err, "memory file for a password");
        close(fd);
        return -1;
    }
    while (done < len) {
        ssize_t n = write(fd, secret + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            ls_err_sys(err, "memory file for a password");
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    return fd;
}

typedef LS_VEC(char *) str_vec;

static void env_add(str_vec *env, char *entry)
{
    *LS_VEC_PUSH(env) = entry;
}

/* The target's address must come from us alone: nothing of another one that our caller has set may get in between. */
static bool is_ours(const char *entry, const char *const *env)
{
    static const char *const dropped[] = {"PG", "LOCKSTEP_", "DATABASE_URL=", "LC_ALL="};

    for (size_t i = 0; i < LS_ARRAY_LEN(dropped); i++)
        if (strncmp(entry, dropped[i], strlen(dropped[i])) == 0)
            return true;
    for (; env != NULL && *env != NULL; env++) {
        size_t n = strcspn(*env, "=");

        if (strncmp(entry, *env, n) == 0 && entry[n] == '=')
            return true;
    }
    return false;
}

static void env_inherit(const struct ls_child *c, str_vec *env)
{
    for (const char *const *e = ls_tools_environment(); e != NULL && *e != NULL; e++)
        if (!is_ours(*e, c->env))
            env_add(env, ls_strdup(*e));
}

static void env_build(const struct ls_child *c, str_vec *env)
{
    const char *path_list = ls_tools_path_list();

    if (c->inherit) {
        for (size_t i = 0; c->env != NULL && c->env[i] != NULL; i++)
            env_add(env, ls_strdup(c->env[i]));
        env_inherit(c, env);
        env_add(env, ls_strdup("LC_ALL=C.UTF-8"));
        env_add(env, NULL);
        return;
    }
    env_add(env, ls_asprintf("PATH=%s", path_list[0] != '\0' ? path_list : "/usr/bin:/bin"));
    env_add(env, ls_asprintf("HOME=%s", ls_tools_home()));
    env_add(env, ls_strdup("LANG=C.UTF-8"));
    env_add(env, ls_strdup("LC_ALL=C.UTF-8")); /* its lines are read by us */
    for (size_t i = 0; c->env != NULL && c->env[i] != NULL; i++)
        env_add(env, ls_strdup(c->env[i]));
    env_add(env, NULL);
}

static void env_release(str_vec *env)
{
    for (size_t i = 0; i < env->n; i++)
        free(env->v[i]);
    LS_VEC_RELEASE(env);
}

/* A worker thread blocks every signal and the console ignores some: the child must start with neither. */
static int set_attributes(posix_spawnattr_t *attr, bool own_session)
{
    sigset_t none, usual;
    int rc;

    sigemptyset(&none);
    sigfillset(&usual);
    sigdelset(&usual, SIGKILL);
    sigdelset(&usual, SIGSTOP);
    /* A session has a process group of its own, too. */
    rc = posix_spawnattr_setflags(attr, (short)((own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    if (rc != 0)
        return rc;
    if (!own_session && (rc = posix_spawnattr_setpgroup(attr, 0)) != 0)
        return rc;
    if ((rc = posix_spawnattr_setsigmask(attr, &none)) != 0)
        return rc;
    return posix_spawnattr_setsigdefault(attr, &usual);
}

static int set_files(posix_spawn_file_actions_t *fa, const char *cwd, int out_fd, int err_fd, int secret_fd)
{
    int rc = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);

    if (rc == 0)
        rc = out_fd >= 0 ? posix_spawn_file_actions_adddup2(fa, out_fd, 1)
                         : posix_spawn_file_actions_addopen(fa, 1, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(fa, err_fd, 2);
    if (rc == 0 && secret_fd >= 0)
        rc = posix_spawn_file_actions_adddup2(fa, secret_fd, SECRET_FD);
    if (rc == 0 && cwd != NULL)
        rc = posix_spawn_file_actions_addchdir_np(fa, cwd);
    return rc;
}

/* A pipe whose ends are above the numbers that set_files() fills, so that no dup2 there overwrites one that is still to come. */
static int make_pipe(int ends[2])
{
    int raw[2];

    if (pipe2(raw, O_CLOEXEC) != 0)
        return -1;
    for (int i = 0; i < 2; i++)
        ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, SECRET_FD + 1);
    close(raw[0]);
    close(raw[1]);
    if (ends[0] < 0 || ends[1] < 0) {
        close_fd(&ends[0]);
        close_fd(&ends[1]);
        return -1;
    }
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static enum ls_rc start(struct job *j, struct ls_err *err)
{
    const struct ls_child *c = j->c;
    int out[2] = {-1, -1}, errp[2] = {-1, -1}, secret_fd = -1, rc = 0;
    enum ls_rc result = LS_OK;
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    str_vec env = {0};

    posix_spawn_file_actions_init(&fa);
    posix_spawnattr_init(&attr);
    env_build(c, &env);
    if (c->secret != NULL && (secret_fd = make_secret(c->secret, err)) < 0) {
        result = LS_E_IO;
        goto out;
    }
    if (make_pipe(errp) != 0 || ((c->capture || c->on_out != NULL) && make_pipe(out) != 0)) {
        result = ls_err_sys(err, "pipe to %s", c->path);
        goto out;
    }
    rc = set_attributes(&attr, c->inherit);
    if (rc == 0)
        rc = set_files(&fa, c->cwd, out[1], errp[1], secret_fd);
    if (rc == 0)
        rc = posix_spawn(&j->pid, c->path, &fa, &attr, (char *const *)(uintptr_t)c->argv, env.v);
    if (rc != 0) {
        errno = rc;
        result = ls_err_sys(err, "start %s", c->path);
        goto out;
    }
    j->err_fd = errp[0];
    j->out_fd = out[0];
    errp[0] = out[0] = -1;
out:
    close_fd(&errp[0]);
    close_fd(&errp[1]);
    close_fd(&out[0]);
    close_fd(&out[1]);
    close_fd(&secret_fd);
    env_release(&env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&fa);
    return result;
}

static void keep_tail(struct ls_buf *tail, const char *bytes, size_t len)
{
    ls_buf_add(tail, bytes, len);
    if (tail->len > 2 * LS_CHILD_TAIL_MAX) {
        size_t cut = tail->len - LS_CHILD_TAIL_MAX;

        memmove(tail->ptr, tail->ptr + cut, LS_CHILD_TAIL_MAX);
        ls_buf_truncate(tail, LS_CHILD_TAIL_MAX);
    }
}

static void take_lines(struct job *j, struct ls_buf *line, void (*on_line)(void *, const char *), const char *bytes, size_t len)
{
    for (size_t i = 0; on_line != NULL && i < len; i++) {
        if (bytes[i] != '\n') {
            if (line->len < LS_CHILD_TAIL_MAX)
                ls_buf_addc(line, bytes[i]);
            continue;
        }
        on_line(j->c->ctx, line->ptr);
        ls_buf_clear(line);
    }
}

static void take_stderr(struct job *j, const char *bytes, size_t len)
{
    keep_tail(&j->r->tail, bytes, len);
    take_lines(j, &j->err_line, j->c->on_line, bytes, len);
}

static void take_stdout(struct job *j, const char *bytes, size_t len)
{
    if (j->c->capture && j->r->out.len < (j->c->out_max > 0 ? j->c->out_max : LS_CHILD_OUT_MAX))
        ls_buf_add(&j->r->out, bytes, len);
    take_lines(j, &j->out_line, j->c->on_out, bytes, len);
}

/* Reads what is there; closes the pipe at its end. */
static void drain(struct job *j, int *fd, bool is_stderr)
{
    char chunk[4096];

    while (*fd >= 0) {
        ssize_t n = read(*fd, chunk, sizeof chunk);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            close_fd(fd);
        else if (is_stderr)
            take_stderr(j, chunk, (size_t)n);
        else
            take_stdout(j, chunk, (size_t)n);
    }
}

static void drain_all(struct job *j)
{
    drain(j, &j->err_fd, true);
    drain(j, &j->out_fd, false);
}

static void wait_for_output(struct job *j)
{
    struct pollfd p[2];
    nfds_t n = 0;

    if (j->err_fd >= 0)
        p[n++] = (struct pollfd){.fd = j->err_fd, .events = POLLIN};
    if (j->out_fd >= 0)
        p[n++] = (struct pollfd){.fd = j->out_fd, .events = POLLIN};
    /* Both ends gone and not dead yet: it is about to be. */
    poll(p, n, n == 0 ? 10 : TICK_MS);
    drain_all(j);
}

static void end_when_told(struct job *j)
{
    int64_t now = ls_mono_ms();

    if (!j->cancelled && j->c->on_tick != NULL && !j->c->on_tick(j->c->ctx)) {
        j->cancelled = true;
        j->kill_at = now + TERM_GRACE_MS;
        kill(-j->pid, SIGTERM);
    } else if (j->cancelled && now >= j->kill_at) {
        kill(-j->pid, SIGKILL);
    }
}

/* Waits for the end without reaping it, so that its process group keeps its number until the rest of the group is dealt with. */
static void wait_for_end(struct job *j)
{
    int64_t next_tick = 0;
    int status = 0;

    for (;;) {
        siginfo_t info = {0};

        if (waitid(P_PID, (id_t)j->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno != EINTR)
            break;
        if (info.si_pid == j->pid)
            break;
        wait_for_output(j);
        if (ls_mono_ms() >= next_tick) {
            end_when_told(j);
            next_tick = ls_mono_ms() + TICK_MS;
        }
    }
    kill(-j->pid, SIGKILL); /* workers that outlived it */
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
        ;
    drain_all(j);
    close_fd(&j->err_fd);
    close_fd(&j->out_fd);
    j->r->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    j->r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Where the cause begins: at the last line that says "error:" or "fatal:" (PostgreSQL's programs put details and hints behind it),
 * else at the last line. */
static size_t find_cause(const struct ls_buf *tail)
{
    size_t end = tail->len, last = 0, cause = SIZE_MAX;

    while (end > 0 && (tail->ptr[end - 1] == '\n' || tail->ptr[end - 1] == '\r'))
        end--;
    for (size_t from = 0; from < end;) {
        const char *line = tail->ptr + from, *newline = memchr(line, '\n', end - from);
        size_t len = newline != NULL ? (size_t)(newline - line) : end - from;

        if (len > 0)
            last = from;
        if (memmem(line, len, ": error: ", 9) != NULL || memmem(line, len, ": fatal: ", 9) != NULL)
            cause = from;
        from += len + 1;
    }
    return cause != SIZE_MAX ? cause : last;
}

static enum ls_rc report(struct job *j, struct ls_err *err)
{
    const char *cause, *name = j->c->argv[0];
    int len;
    enum ls_rc rc;

    if (j->cancelled)
        return ls_err_set(err, LS_E_CANCELLED, "%s was stopped", name);
    if (j->r->exit_code == 0)
        return LS_OK;
    cause = j->r->tail.ptr + find_cause(&j->r->tail);
    len = (int)strcspn(cause, "\r\n");
    if (j->r->signal != 0)
        rc = ls_err_set(err, LS_E_IO, "%s was ended by signal %d (%s)", name, j->r->signal, strsignal(j->r->signal));
    else
        rc = ls_err_set(err, LS_E_IO, "%s ended with status %d%s%.*s", name, j->r->exit_code, len > 0 ? ": " : "", len, cause);
    if (cause[len] != '\0' && cause[len + 1] != '\0')
        ls_err_detail(err, "%s", cause + len + 1);
    return rc;
}

static void redact_tail(struct ls_buf *tail)
{
    struct ls_buf clean = LS_BUF_INIT;
    size_t from = tail->len > LS_CHILD_TAIL_MAX ? tail->len - LS_CHILD_TAIL_MAX : 0;

    ls_redact(&clean, tail->ptr + from, tail->len - from);
    ls_buf_release(tail);
    *tail = clean;
}

enum ls_rc ls_child_run(const struct ls_child *c, struct ls_child_result *r, struct ls_err *err)
{
    struct job j = {.c = c, .r = r, .err_fd = -1, .out_fd = -1, .err_line = LS_BUF_INIT, .out_line = LS_BUF_INIT};
    enum ls_rc rc;

    *r = (struct ls_child_result){.exit_code = -1, .out = LS_BUF_INIT, .tail = LS_BUF_INIT};
    rc = start(&j, err);
    if (rc == LS_OK) {
        wait_for_end(&j);
        redact_tail(&r->tail);
        rc = report(&j, err);
    }
    ls_buf_release(&j.err_line);
    ls_buf_release(&j.out_line);
    return rc;
}

void ls_child_result_release(struct ls_child_result *r)
{
    ls_buf_release(&r->out);
    ls_buf_release(&r->tail);
}
