/* tui/signals.c: the self-pipe and the crash handler. */
#include <config.h>

#include "tui/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "tui/term.h"

static const struct {
    int sig;
    char byte; /* 0: ignored; 1: crash */
} table[] = {
    {SIGWINCH, UI_SIG_WINCH},
    {SIGTERM, UI_SIG_TERM},
    {SIGHUP, UI_SIG_HUP},
    {SIGINT, UI_SIG_INT},
    {SIGTSTP, UI_SIG_TSTP},
    {SIGCONT, UI_SIG_CONT},
    {SIGPIPE, 0},
    {SIGXFSZ, 0},
    {SIGSEGV, 1},
    {SIGBUS, 1},
    {SIGFPE, 1},
    {SIGILL, 1},
    {SIGABRT, 1},
    {SIGQUIT, 1},
    {SIGSYS, 1},
};

static volatile sig_atomic_t wake_fd = -1; /* handlers have no other way to find it */
static struct sigaction former[LS_ARRAY_LEN(table)];
static void *crash_stack;

static void on_signal(int sig)
{
    int saved = errno;

    for (size_t i = 0; i < LS_ARRAY_LEN(table); i++) {
        if (table[i].sig == sig && wake_fd >= 0 && write(wake_fd, &table[i].byte, 1) < 0) {
            /* A full pipe wakes the loop anyway. */
        }
    }
    errno = saved;
}

static void on_crash(int sig)
{
    static const char text[] =
        "lockstep: crashed; the terminal was given back. The database keeps what was committed: run lockstep status.\n";
    struct sigaction dfl = {.sa_handler = SIG_DFL};

    term_emergency_restore();
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        /* Nothing can be done about it. */
    }
    (void)sigaction(sig, &dfl, NULL);
    (void)raise(sig);
}

static void install(int sig, char byte, struct sigaction *old)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = byte == 0 ? SIG_IGN : byte == 1 ? on_crash : on_signal;
    sa.sa_flags = byte == 1 ? SA_ONSTACK : SA_RESTART;
    (void)sigaction(sig, &sa, old);
}

enum ls_rc ui_signals_open(int fds[2], struct ls_err *err)
{
    stack_t ss = {.ss_size = 64 * 1024};

    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
        return ls_err_sys(err, "cannot make the wake pipe");
    wake_fd = fds[1];
    crash_stack = ls_malloc(ss.ss_size);
    ss.ss_sp = crash_stack;
    (void)sigaltstack(&ss, NULL); /* so that running out of stack is caught too */
    for (size_t i = 0; i < LS_ARRAY_LEN(table); i++)
        install(table[i].sig, table[i].byte, &former[i]);
    ls_mem_set_oom_hook(term_emergency_restore);
    return LS_OK;
}

void ui_signals_close(int fds[2])
{
    stack_t off = {.ss_flags = SS_DISABLE};

    for (size_t i = 0; i < LS_ARRAY_LEN(table); i++)
        (void)sigaction(table[i].sig, &former[i], NULL);
    wake_fd = -1;
    (void)sigaltstack(&off, NULL);
    free(crash_stack);
    crash_stack = NULL;
    close(fds[0]);
    close(fds[1]);
}

void ui_signals_default(void)
{
    sigset_t none;

    for (size_t i = 0; i < LS_ARRAY_LEN(table); i++)
        (void)sigaction(table[i].sig, &former[i], NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void ui_signals_stop_self(void)
{
    struct sigaction dfl = {.sa_handler = SIG_DFL}, ours;

    (void)sigaction(SIGTSTP, &dfl, &ours);
    (void)raise(SIGTSTP);
    (void)sigaction(SIGTSTP, &ours, NULL);
}
