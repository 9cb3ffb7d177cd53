/* cli/progress.c: a run's events as lines on stderr. On a terminal the last line is drawn again while something takes long. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/text.h"

#define REDRAW_US 100000   /* between two drawings of the line */
#define REPEAT_US 5000000  /* between two lines about the same wait, without a terminal */
#define BAR_CELLS 30
#define MIN_CELLS 20       /* of a terminal that says how wide it is */

void cli_progress_init(struct cli_progress *p, struct cli_ctx *ctx, const char *what)
{
    memset(p, 0, sizeof(*p));
    p->ctx = ctx;
    p->what = what;
}

static bool can_redraw(const struct cli_progress *p)
{
    return (p->ctx->io->err_is_tty || p->ctx->io->progress) && !p->ctx->quiet;
}

void cli_progress_close(struct cli_progress *p)
{
    if (p->line_is_open && p->ctx->io->progress)
        p->ctx->io->progress(p->ctx->io->confirm_ctx, "");
    else if (p->line_is_open)
        (void)fputs("\r\033[K", p->ctx->err);
    p->line_is_open = false;
}

static void draw(struct cli_progress *p, const char *text)
{
    char *clean = cli_clean(p->ctx, text);
    int cells = 0;
    size_t n = ls_text_fit(clean, strlen(clean), p->ctx->io->err_width > MIN_CELLS ? p->ctx->io->err_width - 2 : 78, &cells);

    if (p->ctx->io->progress) {
        p->ctx->io->progress(p->ctx->io->confirm_ctx, clean);
    } else {
        (void)fprintf(p->ctx->err, "\r%.*s\033[K", (int)n, clean);
        (void)fflush(p->ctx->err);
    }
    p->line_is_open = true;
    p->last_us = ls_mono_us();
    free(clean);
}

static bool is_due(const struct cli_progress *p, int64_t every_us)
{
    return ls_mono_us() - p->last_us >= every_us;
}

static const struct ls_step *step_of(const struct ls_event *ev)
{
    return ev->plan && ev->step >= 0 && (size_t)ev->step < ev->plan->steps.n ? &ev->plan->steps.v[ev->step] : NULL;
}

static void on_wait(struct cli_progress *p, const struct ls_event *ev)
{
    const struct ls_step *s = step_of(ev);
    char took[LS_ISO_LEN];
    struct ls_buf b = LS_BUF_INIT;

    if (!is_due(p, can_redraw(p) ? REDRAW_US : REPEAT_US) || (!can_redraw(p) && !ev->text))
        return;
    ls_duration_text(ev->elapsed_us / 1000, took);
    ls_buf_addf(&b, "  %s%s%s, %s", s ? s->label : p->what, s ? " " : "", s ? s->name : "", took);
    if (ev->text)
        ls_buf_addf(&b, ", waits for %s", ev->text);
    if (can_redraw(p)) {
        draw(p, b.ptr);
    } else {
        cli_say(p->ctx, "%s", b.ptr);
        p->last_us = ls_mono_us();
    }
    ls_buf_release(&b);
}

static void on_lock_wait(struct cli_progress *p, const struct ls_event *ev)
{
    if (!is_due(p, can_redraw(p) ? REDRAW_US * 5 : REPEAT_US))
        return;
    cli_progress_close(p);
    cli_say(p->ctx, "waiting for another operator: %s", ev->text && *ev->text ? ev->text : "its lock is held");
    p->last_us = ls_mono_us();
}

static void on_step_begin(struct cli_progress *p, const struct ls_event *ev)
{
    p->step_us = ls_mono_us();
    p->last_us = p->step_us;
    (void)ev;
}

static void on_step_end(struct cli_progress *p, const struct ls_event *ev)
{
    const struct ls_step *s = step_of(ev);
    char took[LS_ISO_LEN];

    cli_progress_close(p);
    if (!s)
        return;
    ls_duration_text((ls_mono_us() - p->step_us) / 1000, took);
    /* What shares a transaction with later steps is not committed yet. */
    const char *word = ev->err ? "failed" : ev->step < s->tx_last ? "ran" : s->kind == LS_STEP_RECORD ? "recorded" : s->direction == LS_UP ? "applied" : "rolled back";
    cli_say(p->ctx, "%-11s %s %s (%s)", word, s->label, s->name, took);
}

static void on_step_undone(struct cli_progress *p, const struct ls_event *ev)
{
    const struct ls_step *s = step_of(ev);

    cli_progress_close(p);
    if (s)
        cli_say(p->ctx, "%-11s %s %s (its transaction was rolled back)", "undone", s->label, s->name);
}

static void on_notice(struct cli_progress *p, const struct ls_event *ev)
{
    cli_progress_close(p);
    cli_say(p->ctx, "  %s", ev->text ? ev->text : "");
}

static void on_progress(struct cli_progress *p, const struct ls_event *ev)
{
    struct ls_buf b = LS_BUF_INIT;

    if (!can_redraw(p) || !is_due(p, REDRAW_US))
        return;
    ls_buf_addf(&b, "%s", ev->text ? ev->text : p->what);
    if (ev->total > 0) {
        int64_t done = ev->done < ev->total ? ev->done : ev->total;
        size_t cells = (size_t)(done * BAR_CELLS / ev->total);

        ls_buf_adds(&b, " [");
        ls_buf_repeat(&b, '#', cells);
        ls_buf_repeat(&b, '.', BAR_CELLS - cells);
        ls_buf_addf(&b, "] %d%%", (int)(done * 100 / ev->total));
    }
    draw(p, b.ptr);
    ls_buf_release(&b);
}

static void on_event(void *ctx, const struct ls_event *ev)
{
    static void (*const handlers[])(struct cli_progress *, const struct ls_event *) = {
        [LS_EV_LOCK_WAIT] = on_lock_wait, [LS_EV_STEP_BEGIN] = on_step_begin, [LS_EV_STEP_END] = on_step_end,
        [LS_EV_STEP_UNDONE] = on_step_undone,
        [LS_EV_NOTICE] = on_notice,       [LS_EV_WAIT] = on_wait,             [LS_EV_PROGRESS] = on_progress,
    };

    if ((size_t)ev->kind < LS_ARRAY_LEN(handlers) && handlers[ev->kind])
        handlers[ev->kind](ctx, ev);
}

void cli_progress_hooks(struct cli_progress *p, struct ls_run_hooks *hooks)
{
    memset(hooks, 0, sizeof(*hooks));
    hooks->on_event = on_event;
    hooks->ctx = p;
}
