/* tui/pane_detail.c: the migration under the timeline's cursor, whole. */
#include <config.h>

#include <stdlib.h>

#include "lockstep/base/mem.h"
#include "tui/jobs.h"

struct detail {
    struct ui_pane base;
    struct ui_doc *doc;
    struct ui_view view;
    struct snapref *snap; /* what doc was made from */
    long index;
    int w;                      /* the pane's */
    int doc_w, asked_w;         /* text_width of doc, and of what is on its way */
    long asked;                 /* index that is on its way, -1 none */
    struct snapref *asked_snap; /* not counted: only compared */
};

static struct detail *self_of(struct ui_pane *p)
{
    return (struct detail *)p;
}

static void on_doc(struct app *a, long index, int width, struct snapref *snap, struct ui_doc *doc)
{
    struct detail *d = self_of(a->panes[UI_PANE_DETAIL]);

    if (index != d->asked || width != d->asked_w || snap != d->asked_snap) {
        ui_doc_free(doc);
        return;
    }
    if (index != d->index)
        d->view = (struct ui_view){0};
    ui_doc_free(d->doc);
    snapref_put(d->snap);
    d->doc = doc;
    d->snap = snapref_get(snap);
    d->index = index;
    d->doc_w = width;
    d->asked = -1;
    a->needs_layout = a->needs_paint = true;
}

/* One cell is free on the left, one is the scroll bar's. */
static int text_width(const struct detail *d)
{
    return (d->w > 0 ? d->w : d->base.app->w) - 2;
}

/* Asks for the text when it is looked at and is not of this entry of this snapshot. */
static void refresh(struct ui_pane *p)
{
    struct detail *d = self_of(p);
    struct app *a = p->app;
    bool is_seen = a->focus == UI_PANE_DETAIL || (a->is_split && a->focus == UI_PANE_TIMELINE);

    if (!is_seen || a->selected < 0)
        return;
    if (d->doc && d->snap == a->snap && d->index == a->selected && d->doc_w == text_width(d))
        return;
    if (d->asked == a->selected && d->asked_snap == a->snap && d->asked_w == text_width(d))
        return;
    d->asked = a->selected;
    d->asked_snap = a->snap;
    d->asked_w = text_width(d);
    job_detail(a, a->selected, d->asked_w, on_doc);
}

static void layout(struct ui_pane *p, int w, int h)
{
    struct detail *d = self_of(p);

    if (d->w != w) {
        d->w = w;
        refresh(p);
    }
    ui_view_layout(&d->view, d->doc, h);
}

static void draw(const struct ui_pane *p, struct ui_surface *s)
{
    const struct detail *d = (const struct detail *)p;
    struct ui_surface in = ui_surface_sub(s, 1, 0, s->w - 1, s->h);

    if (!app_entry(p->app)) {
        (void)ui_str(s, 2, 1, -1, "The cursor is on no migration.", UI_ROLE(ROLE_DIM));
        return;
    }
    if (d->doc)
        ui_view_draw(&d->view, d->doc, &in, ROLE_TEXT);
    else
        (void)ui_str(s, 2, 1, -1, "Reading the files", UI_ROLE(ROLE_DIM));
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct detail *d = (const struct detail *)p;

    if (d->doc && d->doc->lines.n > 0)
        ls_buf_addf(out, "line %zu of %zu", d->view.pos.cursor + 1, d->doc->lines.n);
    if (d->view.left > 0)
        ls_buf_addf(out, ", from column %d", d->view.left + 1);
    if (d->doc && d->w > 0 && ui_view_has_more_right(&d->view, d->doc, text_width(d))) {
        ls_buf_adds(out, ", ");
        ui_keymap_keys(&p->app->keys, UI_ACT_RIGHT, 1, out);
        ls_buf_adds(out, ": more to the right");
    }
}

static bool on_action(struct ui_pane *p, enum ui_action act)
{
    struct detail *d = self_of(p);
    struct ui_pane *list = p->app->panes[UI_PANE_TIMELINE];

    if (ui_view_action(&d->view, d->doc, act))
        return true;
    switch (act) {
    case UI_ACT_SECTION:
        ui_view_next_mark(&d->view, d->doc);
        return true;
    case UI_ACT_PREV:
    case UI_ACT_NEXT:
        (void)list->ops->on_action(list, act == UI_ACT_PREV ? UI_ACT_UP : UI_ACT_DOWN);
        refresh(p);
        return true;
    default:
        return false;
    }
}

static bool on_event(struct ui_pane *p, const struct ui_event *ev)
{
    (void)ui_view_mouse(&self_of(p)->view, self_of(p)->doc, ev);
    return true;
}

static struct ui_pane *open_pane(struct app *app)
{
    struct detail *d = ls_calloc(1, sizeof(*d));

    d->base.ops = &pane_detail_ops;
    d->base.app = app;
    d->index = d->asked = -1;
    return &d->base;
}

static void close_pane(struct ui_pane *p)
{
    struct detail *d = self_of(p);

    ui_doc_free(d->doc);
    snapref_put(d->snap);
    free(d);
}

const struct ui_pane_ops pane_detail_ops = {
    .title = "Detail",
    .context = UI_CX_DETAIL,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
    .status = status,
};
