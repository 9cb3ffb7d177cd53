/* cli/guard.c: while a run is going on, a signal is a request to stop, which the run answers with a rollback and its own exit code.
 * A thread waits for the signals, since what stops a run (a lock, a network call) is not for signal handlers. */
#include <config.h>

#include "cli/cmd.h"

#include <pthread.h>
#include <signal.h>

#include "lockstep/base/mem.h"

#define SIG_DONE SIGUSR2 /* tells the thread that the run is over */

struct cli_guard {
    pthread_t thread;
    sigset_t waited_for, before;
    struct ls_session *session;
    FILE *err;
    bool quiet;
};

static void *wait_for_signals(void *arg)
{
    struct cli_guard *g = arg;
    int sig = 0;

    while (sigwait(&g->waited_for, &sig) == 0 && sig != SIG_DONE) {
        if (!g->quiet)
            (void)fputs("\nlockstep: asked to stop; what is running is cancelled\n", g->err);
        ls_session_cancel(g->session);
    }
    return NULL;
}

struct cli_guard *cli_guard_begin(struct cli_ctx *ctx)
{
    if (!ctx->io->handles_signals || !ctx->session)
        return NULL;
    struct cli_guard *g = ls_calloc(1, sizeof(*g));
    g->session = ctx->session;
    g->err = ctx->err;
    g->quiet = ctx->quiet;
    (void)sigemptyset(&g->waited_for);
    (void)sigaddset(&g->waited_for, SIGINT);
    (void)sigaddset(&g->waited_for, SIGTERM);
    (void)sigaddset(&g->waited_for, SIGHUP);
    (void)sigaddset(&g->waited_for, SIG_DONE);
    (void)pthread_sigmask(SIG_BLOCK, &g->waited_for, &g->before);
    if (pthread_create(&g->thread, NULL, wait_for_signals, g) != 0) {
        (void)pthread_sigmask(SIG_SETMASK, &g->before, NULL);
        free(g);
        return NULL;
    }
    return g;
}

void cli_guard_end(struct cli_guard *g)
{
    if (!g)
        return;
    (void)pthread_kill(g->thread, SIG_DONE);
    (void)pthread_join(g->thread, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &g->before, NULL);
    free(g);
}
