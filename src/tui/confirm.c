/* tui/confirm.c: the confirmation. It starts on Cancel, and only it makes grants. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "tui/app.h"

#define MAX_TYPED 256
#define MAX_W     100

struct confirm {
    struct ui_modal base;
    char *title, *verb[3], *must_type; /* verb[0] cancels */
    struct ui_doc *body;
    enum ui_danger danger;
    struct ui_grant grant;
    ui_confirm_fn done;
    void *ctx;
    int focus; /* button */
    struct ls_buf typed;
    struct ui_view view;
    struct ui_rect box;
    bool is_warned; /* a verb was pressed without the text */
};

static struct confirm *self_of(struct ui_modal *m)
{
    return (struct confirm *)m;
}

static bool is_typed(const struct confirm *c)
{
    return !c->must_type || strcmp(c->typed.ptr, c->must_type) == 0;
}

static void finish(struct confirm *c, int choice)
{
    struct app *a = c->base.app;
    ui_confirm_fn done = c->done;
    void *ctx = c->ctx;
    struct ui_grant grant = c->grant;

    grant.is_given = choice > 0;
    app_pop_modal(a);
    if (done)
        done(a, ctx, choice, &grant);
}

static void press(struct confirm *c, int choice)
{
    if (choice > 0 && !is_typed(c)) {
        c->is_warned = true;
        c->base.app->needs_paint = true;
        return;
    }
    finish(c, choice);
}

void ui_confirm_press(struct ui_modal *m, int choice)
{
    struct confirm *c = self_of(m);

    if (c->verb[choice] && !c->must_type)
        finish(c, choice);
}

static void move_focus(struct confirm *c, int by)
{
    for (int i = 0; i < 3; i++) {
        c->focus = (c->focus + by + 3) % 3;
        if (c->verb[c->focus])
            break;
    }
    c->base.app->needs_paint = true;
}

static void backspace(struct confirm *c)
{
    while (c->typed.len > 0) {
        unsigned char last = (unsigned char)c->typed.ptr[c->typed.len - 1];

        ls_buf_truncate(&c->typed, c->typed.len - 1);
        if ((last & 0xc0) != 0x80)
            break;
    }
}

/* A name is typed, not pasted: pasting would make the question a reflex. */
static bool on_typing(struct confirm *c, const struct ui_event *ev)
{
    if (ev->kind != UI_EV_KEY)
        return ev->kind == UI_EV_PASTE;
    if (ev->key == UI_KEY_BACKSPACE)
        backspace(c);
    else if (ev->key == (UI_KEY_CTRL | 'u'))
        ls_buf_clear(&c->typed);
    else if (ev->key == ' ')
        ls_buf_addc(&c->typed, ' ');
    else if (ev->key > 0x20 && ev->key < UI_KEY_BASE && c->typed.len < MAX_TYPED)
        ui_key_name(ev->key, &c->typed);
    else
        return false;
    c->is_warned = false;
    c->base.app->needs_paint = true;
    return true;
}

static int button_at(const struct confirm *c, int x);

static bool on_event(struct ui_modal *m, const struct ui_event *ev)
{
    struct confirm *c = self_of(m);

    if (ev->kind == UI_EV_MOUSE) {
        int row = c->box.y + c->box.h - 2;

        m->app->needs_paint = true;
        if (!ui_view_mouse(&c->view, c->body, ev) && ev->y == row && button_at(c, ev->x - c->box.x) >= 0)
            press(c, button_at(c, ev->x - c->box.x)); /* the dialog may be gone now */
        return true;
    }
    return c->must_type ? on_typing(c, ev) : false;
}

static void on_action(struct ui_modal *m, enum ui_action act)
{
    struct confirm *c = self_of(m);

    switch (act) {
    case UI_ACT_FOCUS_NEXT:
    case UI_ACT_RIGHT:
        move_focus(c, 1);
        break;
    case UI_ACT_FOCUS_PREV:
    case UI_ACT_LEFT:
        move_focus(c, -1);
        break;
    case UI_ACT_ACCEPT:
        press(c, c->focus);
        break;
    case UI_ACT_CANCEL:
        press(c, 0);
        break;
    default:
        (void)ui_view_action(&c->view, c->body, act);
    }
}

/* The terminal may be smaller than it was when the text was made. Below the least size nothing is shown. */
void ui_dialog_fit(struct ui_doc *body, int box_w)
{
    ui_doc_narrow(body, (box_w > UI_MIN_W - 4 ? box_w : UI_MIN_W - 4) - 4);
}

static int extra_rows(const struct confirm *c)
{
    return (c->must_type ? 2 : 0) + 4; /* frame, rule above the buttons, buttons */
}

static void layout(struct ui_modal *m, int w, int h)
{
    struct confirm *c = self_of(m);
    int bw = w - 4 < MAX_W ? w - 4 : MAX_W;
    int bh;

    ui_dialog_fit(c->body, bw);
    bh = (int)c->body->lines.n + extra_rows(c);
    if (bh > h - 2)
        bh = h - 2;
    c->box = (struct ui_rect){.x = (w - bw) / 2, .y = (h - bh) / 2, .w = bw, .h = bh};
    ui_view_layout(&c->view, c->body, bh - extra_rows(c));
}

/* " [Cancel]  [Step through]  [Run] ", right-aligned. */
static int buttons_x(const struct confirm *c)
{
    int total = 0;

    for (int i = 0; i < 3; i++)
        total += c->verb[i] ? ls_text_width(c->verb[i], strlen(c->verb[i])) + 6 : 0;
    return c->box.w - total - 1;
}

static int button_at(const struct confirm *c, int x)
{
    int at = buttons_x(c);

    for (int i = 0; i < 3; i++) {
        int w = c->verb[i] ? ls_text_width(c->verb[i], strlen(c->verb[i])) + 4 : 0;

        if (w && x >= at && x < at + w)
            return i;
        at += w ? w + 2 : 0;
    }
    return -1;
}

static void draw_buttons(const struct confirm *c, struct ui_surface *s, int y, enum theme_role base)
{
    int x = buttons_x(c);

    for (int i = 0; i < 3; i++) {
        bool is_focus = c->focus == i, is_off = i > 0 && !is_typed(c);
        enum theme_role role = is_focus ? ROLE_BUTTON_FOCUS : ROLE_BUTTON;

        if (!c->verb[i])
            continue;
        x += ui_str(s, x, y, -1, is_focus ? "[ " : "  ", UI_ON(role, role));
        x += ui_str(s, x, y, -1, c->verb[i], UI_ON(is_off && !is_focus ? ROLE_DIM : role, role));
        x += ui_str(s, x, y, -1, is_focus ? " ]" : "  ", UI_ON(role, role));
        ui_fill(s, x, y, 2, 1, UI_ON(base, base));
        x += 2;
    }
}

static void draw_typing(const struct confirm *c, struct ui_surface *s, int y, enum theme_role base)
{
    enum theme_role look = is_typed(c) ? ROLE_GOOD : c->is_warned ? ROLE_DANGER : ROLE_TEXT;
    int x = 2;

    x += ui_str(s, x, y, s->w - 30, "Type ", UI_ON(look, base));
    x += ui_str(s, x, y, s->w - 30, c->must_type, UI_ON(ROLE_TITLE, base));
    x += ui_str(s, x, y, -1, " to go on: ", UI_ON(look, base));
    ui_fill(s, x, y, s->w - x - 2, 1, UI_ON(ROLE_INPUT, ROLE_INPUT));
    (void)ui_str(s, x, y, s->w - x - 2, c->typed.ptr, UI_ON(ROLE_INPUT, ROLE_INPUT));
}

static void draw(const struct ui_modal *m, struct ui_surface *screen)
{
    const struct confirm *c = (const struct confirm *)m;
    enum theme_role base = c->danger == UI_DANGER_DESTRUCTIVE ? ROLE_DIALOG_DANGER : ROLE_DIALOG;
    struct ui_surface s = ui_surface_sub(screen, c->box.x, c->box.y, c->box.w, c->box.h);
    struct ui_surface body = ui_surface_sub(&s, 2, 1, s.w - 3, c->view.pos.h);
    int y = 1 + c->view.pos.h;

    ui_box(&s, c->title, base, UI_ON(c->danger == UI_DANGER_NONE ? ROLE_BORDER_FOCUS : ROLE_DANGER, base));
    ui_view_draw(&c->view, c->body, &body, base);
    ui_hline(&s, 1, y, s.w - 2, UI_ON(ROLE_BORDER, base));
    ui_view_draw_more(&c->view, &m->app->keys, &s, 2, y, base); /* what is agreed to may go on below */
    if (c->must_type)
        draw_typing(c, &s, y + 1, base);
    draw_buttons(c, &s, s.h - 2, base);
}

static bool cursor(const struct ui_modal *m, int *x, int *y)
{
    const struct confirm *c = (const struct confirm *)m;
    int at;

    if (!c->must_type)
        return false;
    at = 2 + 5 + ls_text_width(c->must_type, strlen(c->must_type)) + 11 + ls_text_width(c->typed.ptr, c->typed.len);
    *x = c->box.x + (at < c->box.w - 3 ? at : c->box.w - 3);
    *y = c->box.y + 1 + c->view.pos.h + 1;
    return true;
}

static void confirm_free(struct ui_modal *m)
{
    struct confirm *c = self_of(m);

    free(c->title);
    for (int i = 0; i < 3; i++)
        free(c->verb[i]);
    free(c->must_type);
    ui_doc_free(c->body);
    ls_buf_release(&c->typed);
    free(c);
}

static const struct ui_modal_ops confirm_ops = {
    .context = UI_CX_DIALOG,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
    .cursor = cursor,
    .free = confirm_free,
};

int ui_dialog_width(const struct app *app)
{
    int w = app->w - 4 < MAX_W ? app->w - 4 : MAX_W;

    return w - 5;
}

void ui_confirm_open(struct app *app, const struct ui_confirm_spec *spec)
{
    struct confirm *c = ls_calloc(1, sizeof(*c));

    c->base.ops = &confirm_ops;
    c->title = ls_strdup(spec->title);
    c->verb[0] = ls_strdup(!spec->verb ? "Close" : spec->cancel ? spec->cancel : "Cancel");
    c->verb[1] = ls_strdup(spec->verb);
    c->verb[2] = ls_strdup(spec->verb ? spec->verb2 : NULL);
    c->must_type = spec->must_type && *spec->must_type ? ls_strdup(spec->must_type) : NULL;
    c->body = spec->body ? spec->body : ui_doc_new(app->is_ascii);
    c->danger = spec->danger;
    (void)snprintf(c->grant.digest, sizeof(c->grant.digest), "%s", spec->digest ? spec->digest : "");
    c->done = spec->done;
    c->ctx = spec->ctx;
    ls_buf_init(&c->typed);
    app_push_modal(app, &c->base);
    app->wishes |= APP_WISH_FLUSH;
}

void ui_confirm_set_body(struct ui_modal *m, struct ui_doc *body)
{
    struct confirm *c = self_of(m);

    ui_doc_free(c->body);
    c->body = body;
    m->app->needs_layout = m->app->needs_paint = true;
}

bool ui_modal_is_confirm(const struct ui_modal *m)
{
    return m && m->ops == &confirm_ops;
}
