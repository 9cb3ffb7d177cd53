/* tui/input.c: one short line at the bottom: a filter, a version. (The ":" prompt is prompt.c.) */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "tui/app.h"

#define MAX_LEN 200

struct input {
    struct ui_modal base;
    char *label;
    struct ls_buf text;
    void (*on_change)(struct app *app, void *ctx, const char *text);
    void (*done)(struct app *app, void *ctx, const char *text);
    void *ctx;
    int w, h;
};

static void finish(struct input *in, bool is_accepted)
{
    struct app *a = in->base.app;
    void (*done)(struct app *, void *, const char *) = in->done;
    void *ctx = in->ctx;
    char *text = ls_strdup(in->text.ptr);

    app_pop_modal(a);
    if (done)
        done(a, ctx, is_accepted ? text : NULL);
    free(text);
}

static void backspace(struct ls_buf *b)
{
    while (b->len > 0) {
        unsigned char last = (unsigned char)b->ptr[b->len - 1];

        ls_buf_truncate(b, b->len - 1);
        if ((last & 0xc0) != 0x80)
            break;
    }
}

static void add_pasted(struct input *in, const struct ui_event *ev)
{
    const char *lf = memchr(ev->text, '\n', ev->text_len);
    size_t n = lf ? (size_t)(lf - ev->text) : ev->text_len;

    if (in->text.len + n <= MAX_LEN)
        ls_buf_add(&in->text, ev->text, n);
}

static bool on_event(struct ui_modal *m, const struct ui_event *ev)
{
    struct input *in = (struct input *)m;
    ui_key k = ev->key;

    if (ev->kind == UI_EV_PASTE) {
        add_pasted(in, ev);
    } else if (ev->kind != UI_EV_KEY) {
        return true;
    } else if (k == UI_KEY_ENTER || k == UI_KEY_ESC || k == (UI_KEY_CTRL | 'c') || (k == UI_KEY_BACKSPACE && in->text.len == 0)) {
        finish(in, k == UI_KEY_ENTER);
        return true;
    } else if (k == UI_KEY_BACKSPACE) {
        backspace(&in->text);
    } else if (k == (UI_KEY_CTRL | 'u')) {
        ls_buf_clear(&in->text);
    } else if (k == ' ' && in->text.len < MAX_LEN) {
        ls_buf_addc(&in->text, ' ');
    } else if (k > 0x20 && k < UI_KEY_BASE && k != 0x7f && in->text.len < MAX_LEN) {
        ui_key_name(k, &in->text);
    } else {
        return true;
    }
    if (in->on_change)
        in->on_change(m->app, in->ctx, in->text.ptr);
    m->app->needs_paint = true;
    return true;
}

static void layout(struct ui_modal *m, int w, int h)
{
    struct input *in = (struct input *)m;

    in->w = w;
    in->h = h;
}

static void draw(const struct ui_modal *m, struct ui_surface *s)
{
    const struct input *in = (const struct input *)m;
    int y = s->h - 2, x;

    ui_fill(s, 0, y, s->w, 1, UI_ON(ROLE_INPUT, ROLE_INPUT));
    x = ui_str(s, 0, y, s->w / 2, in->label, UI_ON(ROLE_HINT_KEY, ROLE_INPUT));
    (void)ui_str(s, x, y, s->w - x - 1, in->text.ptr, UI_ON(ROLE_INPUT, ROLE_INPUT));
}

static bool cursor(const struct ui_modal *m, int *x, int *y)
{
    const struct input *in = (const struct input *)m;
    int at = ls_text_width(in->label, strlen(in->label)) + ls_text_width(in->text.ptr, in->text.len);

    *x = at < in->w - 1 ? at : in->w - 1;
    *y = in->h - 2;
    return true;
}

static void input_free(struct ui_modal *m)
{
    struct input *in = (struct input *)m;

    free(in->label);
    ls_buf_release(&in->text);
    free(in);
}

static const struct ui_modal_ops input_ops = {
    .context = -1,
    .hints = "Enter accept  Esc give up",
    .on_event = on_event,
    .layout = layout,
    .draw = draw,
    .cursor = cursor,
    .free = input_free,
};

void ui_input_open(struct app *app, const struct ui_input_spec *spec)
{
    struct input *in = ls_calloc(1, sizeof(*in));

    in->base.ops = &input_ops;
    in->label = ls_strdup(spec->label);
    ls_buf_init(&in->text);
    if (spec->text)
        ls_buf_adds(&in->text, spec->text);
    in->on_change = spec->on_change;
    in->done = spec->done;
    in->ctx = spec->ctx;
    app_push_modal(app, &in->base);
}
