/* tui/prompt.c: the ":" prompt. libedit edits the line (its keys, history, ~/.editrc) but never sees the terminal: it gets a
 * private pseudo-terminal whose output is thrown away, its keys from our loop through EL_GETCFN, and its line is drawn by us.
 * EL_UNBUFFERED makes el_gets() return after each key, so that nothing nests. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"
#include "tui/app.h"
#include "tui/jobs.h"
#include "tui/libedit.h"

#define HISTORY_SIZE    500
#define MAX_WORDS_SHOWN 12

struct prompt {
    struct ui_modal base;
    int master;
    FILE *in, *out, *err;
    EditLine *el;
    History *history;
    char *history_path;
    wchar_t queue[16];
    size_t n_queue, at_queue;
    struct ls_buf line;  /* what el_line() said last */
    int cursor;          /* byte offset in it */
    struct ls_buf words; /* completions to choose from, one line */
    bool failed;
    int w, h;
};

static struct prompt *self_of(struct ui_modal *m)
{
    return (struct prompt *)m;
}

static int next_char(EditLine *el, wchar_t *c)
{
    void *data = NULL;
    struct prompt *p;

    (void)libedit()->el_get(el, EL_CLIENTDATA, &data);
    p = data;
    if (p->at_queue >= p->n_queue)
        return 0;
    *c = p->queue[p->at_queue++];
    return 1;
}

static char *no_prompt(EditLine *el)
{
    static char empty[1] = "";

    (void)el;
    return empty;
}

/* Whole words of the list that begin with text[0..len). */
static size_t matching(const char *const *words, size_t n, const char *text, size_t len, const char **out, size_t max)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        if (strncmp(words[i], text, len) == 0 && found < max)
            out[found++] = words[i];
    }
    return found;
}

/* Completes the word at the cursor. Done here and not as a function bound in libedit (EL_ADDFN), which never frees such a
 * function's names. */
static void complete(struct prompt *p)
{
    const LineInfo *li = libedit()->el_line(p->el);
    const char *start = li->cursor, *found[256], *const * words;
    size_t n = 0, len, common;

    if (!p->base.app->params || !p->base.app->params->complete_words)
        return;
    words = p->base.app->params->complete_words(&n);
    while (start > li->buffer && start[-1] != ' ')
        start--;
    len = (size_t)(li->cursor - start);
    n = matching(words, n, start, len, found, LS_ARRAY_LEN(found));
    if (n == 0)
        return;
    common = strlen(found[0]);
    for (size_t i = 1; i < n; i++) {
        size_t k = 0;

        while (k < common && found[i][k] == found[0][k])
            k++;
        common = k;
    }
    if (n > 1) {
        for (size_t i = 0; i < n && i < MAX_WORDS_SHOWN; i++)
            ls_buf_addf(&p->words, "%s%s", i ? "  " : "", found[i]);
        if (n > MAX_WORDS_SHOWN)
            ls_buf_adds(&p->words, "  ...");
    }
    if (common > len || n == 1) {
        char *rest = ls_asprintf("%.*s%s", (int)(common - len), found[0] + len, n == 1 ? " " : "");

        (void)libedit()->el_insertstr(p->el, rest);
        free(rest);
    }
}

/* The private pseudo-terminal's output is read only so that it never fills up. */
static void drop_output(struct prompt *p)
{
    char buf[1024];

    while (read(p->master, buf, sizeof(buf)) > 0)
        ;
}

static void finish(struct prompt *p, bool is_accepted)
{
    struct app *a = p->base.app;
    char *line = ls_strdup(p->line.ptr);

    /* A line that holds a password is not remembered: the next "Up" would show it, and the file keep it. */
    if (is_accepted && *line && !ls_redact_hides(line)) {
        HistEvent ev;

        (void)libedit()->history(p->history, &ev, H_ENTER, line);
        /* The state folder may be missing or read-only: history is a comfort. */
        if (p->history_path && ls_mkdir_p(a->state_home, 0700, NULL) == LS_OK) {
            int fd = open(p->history_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

            if (fd >= 0) {
                close(fd);
                (void)libedit()->history(p->history, &ev, H_SAVE, p->history_path);
            }
        }
    }
    app_pop_modal(a);
    if (is_accepted && line[strspn(line, " ")])
        job_command(a, line + strspn(line, " "));
    free(line);
}

static void take_line(struct prompt *p)
{
    const LineInfo *li = libedit()->el_line(p->el);

    ls_buf_clear(&p->line);
    ls_buf_add(&p->line, li->buffer, (size_t)(li->lastchar - li->buffer));
    while (p->line.len > 0 && p->line.ptr[p->line.len - 1] == '\n')
        ls_buf_truncate(&p->line, p->line.len - 1);
    p->cursor = (int)(li->cursor - li->buffer);
    if (p->cursor > (int)p->line.len)
        p->cursor = (int)p->line.len;
}

/* Hands one key's characters to libedit. True when it ended the line. */
static bool feed(struct prompt *p)
{
    bool is_end = false;

    p->at_queue = 0;
    while (p->at_queue < p->n_queue) {
        int n = 0;
        size_t before = p->at_queue;
        const char *s = libedit()->el_gets(p->el, &n);

        drop_output(p);
        if (s && n > 0 && s[n - 1] == '\n')
            is_end = true;
        if (p->at_queue == before)
            break;
    }
    take_line(p);
    return is_end;
}

static void queue_key(struct prompt *p, ui_key k)
{
    static const struct {
        ui_key key;
        const char *sequence; /* what libedit binds by itself */
    } map[] = {
        {UI_KEY_UP, "\033[A"}, {UI_KEY_DOWN, "\033[B"}, {UI_KEY_RIGHT, "\033[C"},   {UI_KEY_LEFT, "\033[D"}, {UI_KEY_HOME, "\001"},
        {UI_KEY_END, "\005"},  {UI_KEY_DEL, "\033[3~"}, {UI_KEY_BACKSPACE, "\177"}, {UI_KEY_ENTER, "\n"},
    };

    p->n_queue = 0;
    for (size_t i = 0; i < LS_ARRAY_LEN(map); i++) {
        if (map[i].key != k)
            continue;
        for (const char *s = map[i].sequence; *s; s++)
            p->queue[p->n_queue++] = (wchar_t)*s;
        return;
    }
    if (k & UI_KEY_CTRL)
        p->queue[p->n_queue++] = (wchar_t)((k & ~UI_KEY_CTRL) - 'a' + 1);
    else if (k >= 0x20 && k < UI_KEY_BASE)
        p->queue[p->n_queue++] = (wchar_t)k;
}

static void paste(struct prompt *p, const struct ui_event *ev)
{
    for (size_t at = 0; at < ev->text_len;) {
        int32_t cp;

        at += ls_utf8_decode(ev->text + at, ev->text_len - at, &cp);
        if (cp == '\n')
            return;
        if (cp < 0x20)
            continue;
        queue_key(p, cp);
        (void)feed(p);
    }
}

static bool on_event(struct ui_modal *m, const struct ui_event *ev)
{
    struct prompt *p = self_of(m);

    m->app->needs_paint = true;
    if (ev->kind == UI_EV_PASTE) {
        paste(p, ev);
        return true;
    }
    if (ev->kind != UI_EV_KEY)
        return true;
    if (ev->key == UI_KEY_ESC || ev->key == (UI_KEY_CTRL | 'c') || (ev->key == UI_KEY_BACKSPACE && p->line.len == 0)) {
        finish(p, false);
        return true;
    }
    ls_buf_clear(&p->words);
    if (ev->key == UI_KEY_TAB) {
        complete(p);
        take_line(p);
        return true;
    }
    queue_key(p, ev->key);
    if (p->n_queue > 0 && feed(p))
        finish(p, true);
    return true;
}

static void layout(struct ui_modal *m, int w, int h)
{
    self_of(m)->w = w;
    self_of(m)->h = h;
}

/* Cells that are scrolled out on the left, so that the cursor is seen. */
static int skipped(const struct prompt *p)
{
    int at = ls_text_width(p->line.ptr, (size_t)p->cursor), room = p->w - 3;

    return at > room ? at - room : 0;
}

static void draw(const struct ui_modal *m, struct ui_surface *s)
{
    const struct prompt *p = (const struct prompt *)m;
    struct ls_buf clean = LS_BUF_INIT;
    int y = s->h - 2;

    if (p->words.len > 0) {
        ui_fill(s, 0, y - 1, s->w, 1, UI_ON(ROLE_HINT, ROLE_HINT));
        (void)ui_str(s, 1, y - 1, s->w - 2, p->words.ptr, UI_ON(ROLE_HINT, ROLE_HINT));
    }
    ui_fill(s, 0, y, s->w, 1, UI_ON(ROLE_INPUT, ROLE_INPUT));
    (void)ui_str(s, 0, y, 1, ":", UI_ON(ROLE_HINT_KEY, ROLE_INPUT));
    (void)ls_ui_text(&clean, p->line.ptr, p->line.len, s->grid->ascii ? LS_UI_TEXT_ASCII : 0);
    (void)ui_raw(s, 1, y, -1, skipped(p), clean.ptr, clean.len, UI_ON(ROLE_INPUT, ROLE_INPUT));
    ls_buf_release(&clean);
}

static bool cursor(const struct ui_modal *m, int *x, int *y)
{
    const struct prompt *p = (const struct prompt *)m;

    *x = 1 + ls_text_width(p->line.ptr, (size_t)p->cursor) - skipped(p);
    *y = p->h - 2;
    return true;
}

static void prompt_free(struct ui_modal *m)
{
    struct prompt *p = self_of(m);

    if (p->el)
        libedit()->el_end(p->el);
    if (p->history)
        libedit()->history_end(p->history);
    if (p->in)
        fclose(p->in);
    if (p->out)
        fclose(p->out);
    if (p->err)
        fclose(p->err);
    if (p->master >= 0)
        close(p->master);
    free(p->history_path);
    ls_buf_release(&p->line);
    ls_buf_release(&p->words);
    free(p);
}

static const struct ui_modal_ops prompt_ops = {
    .context = -1,
    .hints = "Enter run  Esc give up  Tab complete  Up recall",
    .on_event = on_event,
    .layout = layout,
    .draw = draw,
    .cursor = cursor,
    .free = prompt_free,
};

static bool open_pty(struct prompt *p)
{
    char name[128];
    int fd;

    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (p->master < 0 || grantpt(p->master) != 0 || unlockpt(p->master) != 0 || ptsname_r(p->master, name, sizeof(name)) != 0)
        return false;
    fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    p->in = fdopen(fd, "r");
    fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    p->out = fd < 0 ? NULL : fdopen(fd, "w");
    p->err = fopen("/dev/null", "we");
    return p->in && p->out && p->err;
}

static void set_up(struct prompt *p)
{
    struct app *a = p->base.app;
    HistEvent ev;

    (void)libedit()->el_set(p->el, EL_CLIENTDATA, p);
    (void)libedit()->el_set(p->el, EL_PROMPT, no_prompt);
    (void)libedit()->el_set(p->el, EL_SIGNAL, 0);
    (void)libedit()->el_set(p->el, EL_EDITOR, "emacs");
    (void)libedit()->el_set(p->el, EL_GETCFN, next_char);
    p->history = libedit()->history_init();
    (void)libedit()->history(p->history, &ev, H_SETSIZE, HISTORY_SIZE);
    (void)libedit()->history(p->history, &ev, H_SETUNIQUE, 1);
    if (a->state_home) {
        p->history_path = ls_asprintf("%s/history", a->state_home);
        (void)libedit()->history(p->history, &ev, H_LOAD, p->history_path);
    }
    (void)libedit()->el_set(p->el, EL_HIST, libedit()->history, p->history);
    (void)libedit()->el_set(p->el, EL_UNBUFFERED, 1);
    drop_output(p);
}

void ui_prompt_open(struct app *app)
{
    struct prompt *p = ls_calloc(1, sizeof(*p));
    const char *why, *problem = NULL;

    p->base.ops = &prompt_ops;
    p->master = -1;
    p->base.app = app;
    ls_buf_init(&p->line);
    ls_buf_init(&p->words);
    if (!libedit_load(&why))
        problem = why;
    else if (!open_pty(p) || !(p->el = libedit()->el_init("lockstep", p->in, p->out, p->err)))
        problem = "no pseudo-terminal to be had";
    if (problem) {
        prompt_free(&p->base);
        app_say(app, ROLE_ERROR, "the prompt cannot start: %s", problem);
        return;
    }
    set_up(p);
    app_push_modal(app, &p->base);
}
