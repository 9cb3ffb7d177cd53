/* tui/loop.c: the loop, signals as events, the editor. */
#include <config.h>

#include "tui/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "tui/jobs.h"
#include "tui/signals.h"

#define FRAME_MS      16 /* events of workers paint at most this often; keys paint at once */
#define MAIL_PER_TURN 2000
#define GIVE_UP_MS    30000 /* after SIGTERM or SIGHUP: how long a run may take to come to its clean end */

struct loop {
    struct app *app;
    struct term *term;
    struct ui_grid grid;
    int wake_fd;
    int64_t painted_ms, next_tick_ms, give_up_ms;
};

/* The grid lives as long as the terminal: one per process. */
static void paint(struct loop *l)
{
    struct app *a = l->app;
    int x, y;

    if (a->needs_layout)
        app_layout(a);
    a->needs_paint = false;
    if (term_is_dead(l->term))
        return;
    if (l->grid.w != a->w || l->grid.h != a->h)
        ui_grid_resize(&l->grid, a->w, a->h);
    app_draw(a, &l->grid, &x, &y);
    term_paint(l->term, &l->grid, x, y);
    l->painted_ms = a->now_ms;
}

void ui_paint(struct app *a, struct term *t)
{
    struct loop l = {.app = a, .term = t};

    a->now_ms = ls_mono_ms();
    ui_grid_init(&l.grid, a->w, a->h, a->is_ascii);
    paint(&l);
    ui_grid_release(&l.grid);
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

/* Ends: what is at work comes to a clean end first. Twice is the same as once. */
static void interrupt(struct loop *l, bool is_terminal_lost)
{
    struct app *a = l->app;

    if (is_terminal_lost)
        term_set_dead(l->term);
    if (!a->is_interrupted)
        l->give_up_ms = a->now_ms + GIVE_UP_MS;
    a->is_interrupted = true;
    a->exit_code = 75;
    if (a->run.phase == RUN_PHASE_RUNNING) {
        run_ctl_stop(a);
        app_say(a, ROLE_WARNING, "interrupted: the open transaction is rolled back");
    } else {
        a->should_exit = true;
    }
}

static void resize(struct loop *l)
{
    struct ui_event ev = {.kind = UI_EV_RESIZE};

    if (!term_refresh_size(l->term)) {
        /* Smaller and back before we looked: what was cut off in between is not on the screen any more. */
        term_redraw(l->term);
        l->app->needs_paint = true;
        return;
    }
    term_size(l->term, &ev.x, &ev.y);
    app_event(l->app, &ev);
}

static void suspend(struct loop *l)
{
    struct app *a = l->app;

    if (a->run.phase == RUN_PHASE_RUNNING && (a->run.tx_open || !a->run.is_at_gate)) {
        app_say(a, ROLE_WARNING, "not now: a transaction is open and its locks are held; pause (p) or stop (x) first");
        return;
    }
    term_suspend(l->term);
    ui_signals_stop_self();
    term_resume(l->term);
    resize(l);
    a->needs_paint = true;
}

static void on_interrupt_key(struct app *a)
{
    /* First ^C asks, the second one answers. */
    if (a->run.phase == RUN_PHASE_RUNNING && a->question && a->question == a->modal) {
        ui_confirm_press(a->modal, 1);
    } else if (a->run.phase == RUN_PHASE_RUNNING) {
        app_dispatch(a, UI_ACT_STOP);
    } else if (a->progress.is_on && a->main) {
        ls_session_cancel(a->main->session);
        app_say(a, ROLE_WARNING, "%s is cancelled", a->progress.text);
    } else if (a->modal) {
        struct ui_event esc = {.kind = UI_EV_KEY, .key = UI_KEY_ESC};

        app_event(a, &esc);
    } else if (job_command_cancel(a)) {
        app_say(a, ROLE_WARNING, "the subcommand is cancelled");
    } else if (job_ddl_stop(a)) {
        app_say(a, ROLE_WARNING, "making the statements is stopped");
    } else if (conn_give_up(a)) {
        app_say(a, ROLE_WARNING, a->phase == APP_CONNECTING ? "connecting is cancelled" : "reading is cancelled");
    } else {
        app_say(a, ROLE_INFO, "nothing to interrupt; q leaves");
    }
}

static void on_signal(struct loop *l, char byte)
{
    switch (byte) {
    case UI_SIG_WINCH:
        resize(l);
        break;
    case UI_SIG_TERM:
        interrupt(l, false);
        break;
    case UI_SIG_HUP:
        interrupt(l, true);
        break;
    case UI_SIG_INT:
        on_interrupt_key(l->app);
        break;
    case UI_SIG_TSTP:
        suspend(l);
        break;
    case UI_SIG_CONT:
        term_redraw(l->term);
        l->app->needs_paint = true;
        break;
    default:
        break;
    }
}

static void read_wake_pipe(struct loop *l)
{
    char bytes[64], seen[64];
    ssize_t n;
    size_t n_seen = 0;

    while ((n = read(l->wake_fd, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            /* A burst of one kind is one event; a second ^C is not. */
            bool is_new = bytes[i] == UI_SIG_INT || !memchr(seen, bytes[i], n_seen);

            if (is_new && n_seen < sizeof(seen))
                seen[n_seen++] = bytes[i];
        }
    }
    for (size_t i = 0; i < n_seen; i++)
        on_signal(l, seen[i]);
}

/* --- editor ------------------------------------------------------------------------------------------------------- */

/* The file may have changed all the same. */
static void after_editor(struct app *a, int status)
{
    job_snapshot(a);
    if (WIFSIGNALED(status))
        app_say(a, ROLE_WARNING, "the editor was ended by signal %d", WTERMSIG(status));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        app_say(a, ROLE_WARNING, "the editor ended with exit code %d", WEXITSTATUS(status));
}

static void run_editor(struct loop *l)
{
    struct app *a = l->app;
    const char *editor = NULL;
    char line[32];
    int status = 0;
    pid_t pid;

    if (a->params->request->getenv_fn) {
        editor = a->params->request->getenv_fn("VISUAL");
        if (!editor || !*editor)
            editor = a->params->request->getenv_fn("EDITOR");
    }
    if (!editor || !*editor)
        editor = "vi";
    (void)snprintf(line, sizeof(line), "+%d", a->edit_line > 0 ? a->edit_line : 1);
    term_suspend(l->term);
    /* As git does it: the shell splits the variable, the file's name stays one word. */
    char *script = ls_asprintf("%s \"$@\"", editor);
    pid = fork();
    if (pid == 0) {
        ui_signals_default();
        if (a->edit_line > 1)
            execl("/bin/sh", "sh", "-c", script, editor, line, a->edit_path, (char *)NULL);
        else
            execl("/bin/sh", "sh", "-c", script, editor, a->edit_path, (char *)NULL);
        _exit(127);
    }
    free(script);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    term_resume(l->term);
    resize(l);
    if (pid < 0)
        app_say(a, ROLE_ERROR, "the editor cannot be started: %s", strerror(errno));
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        app_say(a, ROLE_ERROR, "the editor '%s' cannot be started; set EDITOR", editor);
    else
        after_editor(a, status);
    a->needs_paint = true;
}

static void grant_wishes(struct loop *l)
{
    struct app *a = l->app;
    unsigned w = a->wishes;

    a->wishes = 0;
    if (w & APP_WISH_FLUSH)
        term_flush_input(l->term);
    if (w & APP_WISH_REDRAW)
        term_redraw(l->term);
    if (w & APP_WISH_THEME)
        app_apply_theme(a, l->term);
    if (w & APP_WISH_EDIT)
        run_editor(l);
}

/* --- loop --------------------------------------------------------------------------------------------------------- */

/* All that was typed is taken before anything is painted: a held key or a paste never falls behind. */
static void read_keys(struct loop *l)
{
    struct ui_event ev;

    while (!l->app->should_exit && term_read(l->term, &ev)) {
        if (ev.kind == UI_EV_KEY && ev.key == (UI_KEY_CTRL | 'z'))
            suspend(l);
        else
            app_event(l->app, &ev);
        if (l->app->wishes)
            grant_wishes(l);
    }
}

static int timeout_ms(struct loop *l)
{
    struct app *a = l->app;
    int tick = app_tick_ms(a), wait = -1;

    if (tick >= 0) {
        int64_t due = l->next_tick_ms;

        if (due < a->now_ms || due > a->now_ms + tick)
            due = l->next_tick_ms = a->now_ms + tick;
        wait = (int)(due - a->now_ms);
    } else {
        l->next_tick_ms = 0;
    }
    if (a->needs_paint) {
        int64_t frame = l->painted_ms + FRAME_MS - a->now_ms;
        int f = frame > 0 ? (int)frame : 0;

        wait = wait < 0 || f < wait ? f : wait;
    }
    if (l->give_up_ms)
        wait = wait < 0 || wait > 100 ? 100 : wait;
    return wait;
}

static bool is_tty_gone(short revents)
{
    return (revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static void one_turn(struct loop *l)
{
    struct app *a = l->app;
    struct pollfd fds[2] = {{.fd = l->wake_fd, .events = POLLIN},
                            {.fd = term_is_dead(l->term) ? -1 : term_fd(l->term), .events = POLLIN}};
    int n = poll(fds, 2, timeout_ms(l));
    bool was_key = false;

    a->now_ms = ls_mono_ms();
    if (n > 0 && (fds[0].revents & POLLIN))
        read_wake_pipe(l);
    if (a->wishes) /* before keys are read: what is to be forgotten is among them */
        grant_wishes(l);
    if (n > 0 && fds[1].fd >= 0) {
        if (fds[1].revents & POLLIN) {
            read_keys(l);
            was_key = true;
        }
        if (is_tty_gone(fds[1].revents))
            interrupt(l, true);
    }
    (void)mailbox_drain(a->mail, MAIL_PER_TURN);
    conn_reap(a);
    if (l->next_tick_ms && a->now_ms >= l->next_tick_ms) {
        l->next_tick_ms = 0;
        app_on_tick(a);
    }
    if (a->wishes)
        grant_wishes(l);
    if (l->give_up_ms && a->now_ms >= l->give_up_ms)
        a->should_exit = true;
    if (a->needs_paint && !a->should_exit && (was_key || a->now_ms - l->painted_ms >= FRAME_MS))
        paint(l);
}

void ui_loop(struct app *a, struct term *t, int wake_read_fd)
{
    struct loop l = {.app = a, .term = t, .wake_fd = wake_read_fd};

    ui_grid_init(&l.grid, a->w, a->h, a->is_ascii);
    a->now_ms = ls_mono_ms();
    while (!a->should_exit)
        one_turn(&l);
    ui_grid_release(&l.grid);
}
