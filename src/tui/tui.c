/* tui/tui.c: start and end of the console. The first frame is painted before anything is connected to. */
#include <config.h>

#include "tui/tui.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"
#include "tui/jobs.h"
#include "tui/loop.h"
#include "tui/signals.h"

#define LEAVE_MS 500 /* how long a cancelled call may take to end before the process leaves without it */

static const char *env_of(const struct tui_params *p, const char *name)
{
    const char *v = p->request->getenv_fn ? p->request->getenv_fn(name) : NULL;

    return v && *v ? v : NULL;
}

static int fail(const struct ls_err *err)
{
    struct ls_buf b = LS_BUF_INIT, clean = LS_BUF_INIT;

    ls_redact(&b, err->message ? err->message : ls_rc_name(err->code),
              err->message ? strlen(err->message) : strlen(ls_rc_name(err->code)));
    (void)ls_ui_text(&clean, b.ptr, b.len, LS_UI_TEXT_MULTILINE);
    fprintf(stderr, "lockstep: %s\n", clean.ptr);
    if (err->hint) {
        ls_buf_clear(&clean);
        (void)ls_ui_text(&clean, err->hint, strlen(err->hint), LS_UI_TEXT_MULTILINE);
        fprintf(stderr, "%s\n", clean.ptr);
    }
    ls_buf_release(&b);
    ls_buf_release(&clean);
    return ls_rc_exit_code(err->code);
}

/* COLORFGBG is "fg;bg" where a terminal tells its colours at all; 7 and 15 are light. */
static const char *default_theme(const struct tui_params *p)
{
    const char *fgbg = env_of(p, "COLORFGBG"), *bg = fgbg ? strrchr(fgbg, ';') : NULL;

    return bg && (strcmp(bg, ";15") == 0 || strcmp(bg, ";7") == 0) ? "light" : "dark";
}

static enum ls_rc load_theme(struct app *a, struct ls_err *err)
{
    const char *name = a->params->request->theme ? a->params->request->theme : a->target.theme;
    bool is_of_project = name && !a->is_mono && !a->params->request->theme && a->target.theme_source;
    enum ls_rc rc;

    if (a->is_mono)
        name = "mono";
    else if (!name)
        name = default_theme(a->params);
    rc = theme_load(name, a->config_home, &a->theme, err);
    if (rc != LS_OK && is_of_project)
        (void)ls_err_wrap(err, "%s", a->target.theme_source);
    return rc;
}

void app_apply_theme(struct app *a, struct term *t)
{
    struct ls_err err = LS_ERR_INIT;
    struct theme keep = a->theme;

    if (load_theme(a, &err) != LS_OK) {
        a->theme = keep;
        app_say_err(a, &err);
    }
    term_set_theme(t, &a->theme);
    a->needs_paint = true;
    ls_err_release(&err);
}

/* Project, target, theme, keys: a few small files, read before the terminal is touched, so that what is wrong with them is a plain
 * message. */
static enum ls_rc load_settings(struct app *a, struct ls_err *err)
{
    char *keys;
    enum ls_rc rc;

    a->config_home = config_xdg_home(a->params->request->getenv_fn, "XDG_CONFIG_HOME", ".config");
    a->state_home = config_xdg_home(a->params->request->getenv_fn, "XDG_STATE_HOME", ".local/state");
    rc = config_project_load(a->params->request->project, &a->project, err);
    if (rc != LS_OK)
        return rc;
    rc = config_resolve(a->params->request, &a->project, &a->target, err);
    if (rc != LS_OK)
        return rc;
    a->env = ls_strdup(a->target.params.env_name);
    rc = load_theme(a, err);
    if (rc != LS_OK || !a->config_home)
        return rc;
    keys = ls_asprintf("%s/keys.conf", a->config_home);
    rc = ui_keymap_load(&a->keys, keys, err);
    free(keys);
    return rc;
}

static enum ls_rc open_terminal(struct app *a, struct term **t, struct ls_err *err)
{
    const char *no_color = env_of(a->params, "NO_COLOR");
    struct term_params tp = {.term = env_of(a->params, "TERM"),
                             .colorterm = env_of(a->params, "COLORTERM"),
                             .no_color = no_color != NULL,
                             .in_fd = STDIN_FILENO,
                             .out_fd = STDOUT_FILENO};
    enum ls_rc rc = term_open(&tp, t, err);

    if (rc != LS_OK)
        return rc;
    a->is_mono = term_depth(*t) == TERM_MONO;
    if (a->is_mono)
        rc = load_theme(a, err);
    term_set_theme(*t, &a->theme);
    term_size(*t, &a->w, &a->h);
    app_resize(a, a->w, a->h);
    return rc;
}

static void start_work(struct app *a)
{
    if (!conn_open(a))
        return;
    if (a->target.note)
        app_say(a, ROLE_INFO, "%s", a->target.note);
    job_snapshot(a);
    job_backups_list(a);
}

static bool is_at_work(struct task_worker *w)
{
    return w && task_worker_is_busy(w);
}

/* Cancelled calls mostly end at once; a host that does not answer must not keep the operator. Then the process leaves without its
 * threads. */
static bool wait_for_workers(struct app *a)
{
    for (int i = 0; i < LEAVE_MS / 10; i++) {
        (void)mailbox_drain(a->mail, 0);
        conn_reap(a);
        if (!a->ending && !is_at_work(a->commands) && !is_at_work(a->writer))
            return true;
        usleep(10000);
    }
    return false;
}

/* Ended by a signal: what became of the run is said where the screen was. */
static void say_how_it_ended(const struct app *a)
{
    struct ls_buf b = LS_BUF_INIT, clean = LS_BUF_INIT;

    if (a->run.phase == RUN_PHASE_FINISHED)
        ls_buf_addf(&b, "%s\n%s", ls_verdict_name(a->run.report.verdict), a->run.report.applied.ptr);
    else if (a->run.phase == RUN_PHASE_RUNNING)
        ls_buf_adds(&b, "the run did not come to its end in time; lockstep log and lockstep status tell what became of it\n");
    else
        ls_buf_adds(&b, "nothing was running\n");
    (void)ls_ui_text(&clean, b.ptr, b.len, LS_UI_TEXT_MULTILINE | (a->is_ascii ? LS_UI_TEXT_ASCII : 0));
    fprintf(stderr, "lockstep: interrupted: %s", clean.ptr);
    ls_buf_release(&b);
    ls_buf_release(&clean);
}

static int leave(struct app *a, struct term *t, int wake[2])
{
    int code = a->exit_code;
    bool is_clean;

    /* A run that did not end in time is not waited for: the server rolls its transaction back when the connection closes. */
    if (a->run.phase == RUN_PHASE_RUNNING)
        run_ctl_stop(a);
    (void)job_command_cancel(a);
    (void)job_ddl_stop(a);
    conn_close_all(a);
    is_clean = wait_for_workers(a);
    term_close(t);
    ui_signals_close(wake);
    if (a->is_interrupted)
        say_how_it_ended(a);
    if (!is_clean) {
        /* A thread is still in libpq: what the libraries under it take down at exit, it may be using. */
        (void)fflush(stderr);
        _exit(code);
    }
    task_worker_free(a->commands);
    task_worker_free(a->writer);
    a->commands = a->writer = NULL;
    (void)mailbox_drain(a->mail, 0);
    app_release_target(a);
    struct mailbox *mail = a->mail;
    app_release(a);
    mailbox_free(mail);
    free(a);
    return code;
}

int tui_main(const struct tui_params *params)
{
    struct app *a = ls_calloc(1, sizeof(*a)); /* outlives this call when a thread could not be waited for */
    struct ls_err err = LS_ERR_INIT;
    struct term *t = NULL;
    int wake[2] = {-1, -1}, code;

    (void)setlocale(LC_CTYPE, "");
    app_init(a, params, false);
    if (load_settings(a, &err) != LS_OK || ui_signals_open(wake, &err) != LS_OK) {
        code = fail(&err);
        goto out;
    }
    if (open_terminal(a, &t, &err) != LS_OK) {
        term_close(t);
        ui_signals_close(wake);
        code = fail(&err);
        goto out;
    }
    a->is_ascii = term_is_ascii(t);
    ui_paint(a, t);
    a->wake_fd = wake[1];
    a->mail = mailbox_new(wake[1]);
    start_work(a);
    ui_loop(a, t, wake[0]);
    ls_err_release(&err);
    return leave(a, t, wake);
out:
    ls_err_release(&err);
    app_release_target(a);
    app_release(a);
    free(a);
    return code;
}

void app_release_target(struct app *a)
{
    if (a->target.arena)
        config_target_release(&a->target);
    if (a->project.arena)
        config_project_release(&a->project);
}
