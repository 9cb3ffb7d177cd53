/* tui/viewer.c: a text over the panes: a subcommand's output, a report, SQL. */
#include <config.h>

#include <stdlib.h>

#include "lockstep/base/mem.h"
#include "tui/app.h"

struct viewer {
    struct ui_modal base;
    char *title;
    struct ui_doc *body;
    struct ui_view view;
    struct ui_rect box;
};

static bool on_event(struct ui_modal *m, const struct ui_event *ev)
{
    struct viewer *v = (struct viewer *)m;

    if (ev->kind != UI_EV_MOUSE)
        return false;
    (void)ui_view_mouse(&v->view, v->body, ev);
    m->app->needs_paint = true;
    return true;
}

static void on_action(struct ui_modal *m, enum ui_action act)
{
    struct viewer *v = (struct viewer *)m;

    if (act == UI_ACT_CLOSE)
        app_pop_modal(m->app);
    else
        (void)ui_view_action(&v->view, v->body, act);
}

static void layout(struct ui_modal *m, int w, int h)
{
    struct viewer *v = (struct viewer *)m;

    v->box = (struct ui_rect){.x = 1, .y = 2, .w = w - 2, .h = h - 3};
    ui_view_layout(&v->view, v->body, v->box.h - 2);
}

static void draw(const struct ui_modal *m, struct ui_surface *screen)
{
    const struct viewer *v = (const struct viewer *)m;
    struct ui_surface s = ui_surface_sub(screen, v->box.x, v->box.y, v->box.w, v->box.h);
    struct ui_surface body = ui_surface_sub(&s, 2, 1, s.w - 3, s.h - 2);

    ui_box(&s, v->title, ROLE_TEXT, UI_ROLE(ROLE_BORDER_FOCUS));
    ui_view_draw(&v->view, v->body, &body, ROLE_TEXT);
    ui_view_draw_more(&v->view, &m->app->keys, &s, 2, s.h - 1, ROLE_TEXT);
    if (ui_view_has_more_right(&v->view, v->body, body.w - 1)) {
        struct ls_buf b = LS_BUF_INIT;

        ls_buf_addc(&b, ' ');
        ui_keymap_keys(&m->app->keys, UI_ACT_RIGHT, 1, &b);
        ls_buf_adds(&b, ": more to the right ");
        (void)ui_str(&s, s.w - 2 - (int)b.len, s.h - 1, -1, b.ptr, UI_ROLE(ROLE_WARNING));
        ls_buf_release(&b);
    }
}

static void viewer_free(struct ui_modal *m)
{
    struct viewer *v = (struct viewer *)m;

    free(v->title);
    ui_doc_free(v->body);
    free(v);
}

static const struct ui_modal_ops viewer_ops = {
    .context = UI_CX_VIEWER,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
    .free = viewer_free,
};

int ui_viewer_width(const struct app *app)
{
    return app->w - 6;
}

void ui_viewer_open_at_end(struct app *app, const char *title, struct ui_doc *body)
{
    ui_viewer_open(app, title, body);
    ((struct viewer *)app->modal)->view.pos.cursor = body->lines.n; /* the layout takes it back to a full window */
}

void ui_viewer_open(struct app *app, const char *title, struct ui_doc *body)
{
    struct viewer *v = ls_calloc(1, sizeof(*v));

    v->base.ops = &viewer_ops;
    v->title = ls_strdup(title);
    v->body = body;
    app_push_modal(app, &v->base);
}

static enum theme_role note_role(enum ls_severity s)
{
    static const enum theme_role roles[] = {
        [LS_SEV_INFO] = ROLE_TEXT, [LS_SEV_WARNING] = ROLE_WARNING, [LS_SEV_DANGER] = ROLE_DANGER, [LS_SEV_ERROR] = ROLE_ERROR};

    return roles[s];
}

void ui_notes_open(struct app *app, const struct ls_diags *notes)
{
    struct ui_doc *d;

    if (!notes || notes->d.n == 0) {
        app_say(app, ROLE_INFO, "nothing was left out");
        return;
    }
    d = ui_doc_new(app->is_ascii);
    for (size_t i = 0; i < notes->d.n; i++) {
        const struct ls_diag *n = &notes->d.v[i];

        if (n->path && n->line > 0)
            ui_doc_textf(d, ROLE_DIM, "%s:%d", n->path, n->line);
        ui_doc_wrap(d, note_role(n->severity), ui_dialog_width(app), 0, n->message);
        if (n->hint)
            ui_doc_wrap(d, ROLE_DIM, ui_dialog_width(app), 2, n->hint);
    }
    ui_viewer_open(app, "What was left out", d);
}
