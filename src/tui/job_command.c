/* tui/job_command.c: a subcommand from the ":" prompt, in a worker of its own, its output caught in memory. Its questions are asked
 * by our dialog; only that worker waits for the answer, on a pipe. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "tui/flow.h"
#include "tui/jobs.h"

struct job_command {
    struct task task;
    struct app *app;
    struct config_request request;
    char *line;
    char *out, *err;
    size_t out_len, err_len;
    int code;
    int answer[2];
    pthread_mutex_t lock;       /* for what follows: the UI thread cancels what the worker works on */
    struct ls_session *session; /* NULL: none yet, or none any more */
    bool is_cancelled;
    char progress[160]; /* how far it is; "" not told */
    bool is_unarmed; /* as it was when the line was entered */
};

struct question {
    struct job_command *job;
    char *text, *must_type;
};

static void on_answer(struct app *a, void *ctx, int choice, const struct ui_grant *grant)
{
    struct job_command *j = ctx;
    char byte = choice > 0 && grant->is_given ? 'y' : 'n';

    (void)a;
    while (write(j->answer[1], &byte, 1) < 0 && errno == EINTR)
        ;
}

static bool is_cancelled(void *ctx)
{
    struct job_command *j = ctx;
    bool answer;

    pthread_mutex_lock(&j->lock);
    answer = j->is_cancelled;
    pthread_mutex_unlock(&j->lock);
    return answer;
}

static void on_session(void *ctx, struct ls_session *session)
{
    struct job_command *j = ctx;

    pthread_mutex_lock(&j->lock);
    j->session = session;
    if (session && j->is_cancelled)
        ls_session_cancel(session);
    pthread_mutex_unlock(&j->lock);
}

bool job_command_cancel(struct app *a)
{
    struct job_command *j = a->command;

    if (!j)
        return false;
    pthread_mutex_lock(&j->lock);
    j->is_cancelled = true;
    if (j->session)
        ls_session_cancel(j->session);
    pthread_mutex_unlock(&j->lock);
    return true;
}

void job_command_words(const struct app *a, struct ls_buf *out)
{
    struct job_command *j = a->command;

    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    ls_buf_addf(out, j->is_cancelled ? ":%s is being cancelled" : ":%s is running", j->line);
    if (j->progress[0] && !j->is_cancelled)
        ls_buf_addf(out, ": %s", j->progress + strspn(j->progress, " "));
    pthread_mutex_unlock(&j->lock);
}

static void on_progress_shown(void *ctx, void *msg)
{
    struct app *a = ctx;

    (void)msg;
    a->needs_paint = true;
}

static void on_progress(void *ctx, const char *text)
{
    struct job_command *j = ctx;

    pthread_mutex_lock(&j->lock);
    snprintf(j->progress, sizeof(j->progress), "%s", text);
    pthread_mutex_unlock(&j->lock);
    mailbox_post(j->app->mail, on_progress_shown, j->app, NULL);
}

/* A plan is gone on with or not; a text that asks says what no means, and that is not always to do nothing. */
static void on_question(void *ctx, void *msg)
{
    struct question *q = msg;
    size_t len = strlen(q->text);
    bool is_asking = len > 0 && q->text[len - 1] == '?';
    struct ui_doc *d = ui_doc_new(q->job->app->is_ascii);
    struct ui_confirm_spec spec = {.title = q->job->line,
                                   .verb = is_asking ? "Yes" : "Yes, do it",
                                   .cancel = is_asking ? "No" : NULL,
                                   .danger = UI_DANGER_CARE,
                                   .must_type = q->must_type,
                                   .done = on_answer,
                                   .ctx = q->job,
                                   .body = d};

    (void)ctx;
    ui_doc_wrap(d, ROLE_TEXT, ui_dialog_width(q->job->app), 0, q->text);
    if (is_cancelled(q->job)) { /* while the question was under way */
        ui_doc_free(d);
        on_answer(q->job->app, q->job, 0, NULL);
    } else {
        ui_confirm_open(q->job->app, &spec);
    }
    free(q->text);
    free(q->must_type);
    free(q);
}

static bool ask(void *cctx, const char *text, const char *must_type)
{
    struct job_command *j = cctx;
    struct question *q = ls_calloc(1, sizeof(*q));
    char byte = 'n';

    q->job = j;
    q->text = ls_strdup(text ? text : "");
    q->must_type = ls_strdup(must_type);
    mailbox_post(j->app->mail, on_question, NULL, q);
    while (read(j->answer[0], &byte, 1) < 0 && errno == EINTR)
        ;
    return byte == 'y';
}

static void command_run(struct task *t)
{
    struct job_command *j = (struct job_command *)t;
    FILE *out = open_memstream(&j->out, &j->out_len), *err = open_memstream(&j->err, &j->err_len);

    const struct tui_line io = {.out = out, .err = err, .confirm = ask, .on_session = on_session, .is_cancelled = is_cancelled, .progress = on_progress, .ctx = j,
                                .is_unarmed = j->is_unarmed};

    if (out && err)
        j->code = j->app->params->run_line(j->app->params->ctx, &j->request, j->line, &io);
    else
        j->code = 1;
    if (out)
        fclose(out);
    if (err)
        fclose(err);
}

static void show_output(struct app *a, const struct job_command *j)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    char *title = j->code == 0 ? ls_asprintf(":%s", j->line) : ls_asprintf(":%s: exit code %d", j->line, j->code);

    /* Sentences are broken where the window ends; data, which has columns, is not. */
    if (j->err_len > 0)
        ui_doc_wrap(d, j->code == 0 ? ROLE_DIM : ROLE_ERROR, ui_viewer_width(a), 0, j->err);
    if (j->out_len > 0)
        ui_doc_text(d, ROLE_TEXT, j->out);
    ui_doc_blank(d);
    ui_doc_textf(d, j->code == 0 ? ROLE_GOOD : ROLE_ERROR, "exit code %d", j->code);
    /* A run that failed says why, and what can be done, at its end. */
    if (j->code != 0 && j->out_len == 0)
        ui_viewer_open_at_end(a, title, d);
    else
        ui_viewer_open(a, title, d);
    free(title);
}

static void command_done(struct task *t, bool is_stale)
{
    struct job_command *j = (struct job_command *)t;
    struct app *a = j->app;

    if (!is_stale) {
        a->command = NULL;
        flow_question_over(a);
        if (j->out_len == 0 && j->err_len == 0)
            app_say(a, j->code == 0 ? ROLE_GOOD : ROLE_ERROR, ":%s: exit code %d", j->line, j->code);
        else
            show_output(a, j);
        /* It may have changed anything. */
        job_snapshot(a);
        job_backups_list(a);
        a->needs_paint = true;
    }
    close(j->answer[0]);
    close(j->answer[1]);
    pthread_mutex_destroy(&j->lock);
    free(j->out);
    free(j->err);
    free(j->line);
    free(j);
}

void job_command(struct app *a, const char *line)
{
    struct job_command *j;

    if (strcmp(line, "q") == 0 || strcmp(line, "quit") == 0) {
        app_dispatch(a, UI_ACT_QUIT);
        return;
    }
    if (a->command) {
        app_say(a, ROLE_WARNING, "a subcommand is still running");
        return;
    }
    if (!a->mail || !a->params || !a->params->run_line)
        return;
    j = ls_calloc(1, sizeof(*j));
    if (pipe2(j->answer, O_CLOEXEC) != 0) {
        app_say(a, ROLE_ERROR, "cannot run it: %s", strerror(errno));
        free(j);
        return;
    }
    pthread_mutex_init(&j->lock, NULL);
    j->app = a;
    j->request = a->request;
    j->is_unarmed = a->target.params.is_protected && !a->is_armed;
    j->line = ls_strdup(line);
    j->task.run = command_run;
    j->task.done = command_done;
    if (!a->commands)
        a->commands = task_worker_new(a->mail);
    a->command = j;
    a->needs_paint = true;
    task_worker_post(a->commands, &j->task);
}
