/* tui/pane_backups.c: what there is to go back to. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "tui/jobs.h"

#define WHEN_W    21
#define VERSION_W 16
#define SIZE_W    11
#define STATE_W   22

struct backups {
    struct ui_pane base;
    struct ui_list list;
    struct ls_buf filter;
    size_t *view;
    size_t n_view;
};

static struct backups *self_of(struct ui_pane *p)
{
    return (struct backups *)p;
}

static bool matches(const struct backups *b, const struct ls_backup *x)
{
    return b->filter.len == 0 || (x->name && strcasestr(x->name, b->filter.ptr)) ||
           (x->state && strcasestr(x->state, b->filter.ptr));
}

static void refresh(struct ui_pane *p)
{
    struct backups *b = self_of(p);
    struct app *a = p->app;
    size_t n = a->has_backups ? a->backups.b.n : 0;

    free(b->view);
    b->view = ls_calloc(n + 1, sizeof(*b->view));
    b->n_view = 0;
    for (size_t i = 0; i < n; i++) {
        if (matches(b, &a->backups.b.v[i]))
            b->view[b->n_view++] = i;
    }
    ui_list_set_count(&b->list, b->n_view);
}

static const struct ls_backup *at_cursor(const struct backups *b)
{
    return b->n_view ? &b->base.app->backups.b.v[b->view[b->list.cursor]] : NULL;
}

static enum theme_role state_role_of(const struct ls_backup *x)
{
    if (!x->is_complete || (x->state && strncmp(x->state, "damaged", 7) == 0))
        return ROLE_ERROR;
    return x->state && strcmp(x->state, "written") == 0 ? ROLE_WARNING : ROLE_GOOD;
}

/* Short, for the list; the dialog says what is wrong. */
static const char *state_word(const struct ls_backup *x)
{
    if (x->state && strncmp(x->state, "damaged", 7) == 0)
        return "damaged";
    return x->is_complete ? x->state : "incomplete";
}

static void draw_row(const struct backups *b, struct ui_surface *s, int y, size_t row)
{
    const struct ls_backup *x = &b->base.app->backups.b.v[b->view[row]];
    bool is_at = row == b->list.cursor;
    enum theme_role on = is_at ? ROLE_CURSOR : ROLE_TEXT;
    char size[LS_ISO_LEN];
    int at = 2;

    if (is_at) {
        ui_fill(s, 0, y, s->w - 1, 1, UI_ON(on, on));
        (void)ui_str(s, 0, y, 1, app_glyph(b->base.app, "▸", ">"), UI_ON(on, on));
    }
    if (x->created_at)
        (void)ui_when(s, at, y, x->created_at, true, UI_ON(ROLE_TEXT, on));
    else
        (void)ui_str(s, at, y, WHEN_W + VERSION_W - 1, x->name, UI_ON(ROLE_DIM, on));
    at += WHEN_W;
    (void)ui_str(s, at, y, VERSION_W - 1, x->version, UI_ON(ROLE_TITLE, on));
    at += VERSION_W;
    ls_size_text(x->size, size);
    (void)ui_str(s, at, y, SIZE_W - 1, size, UI_ON(ROLE_TEXT, on));
    at += SIZE_W;
    (void)ui_str(s, at, y, STATE_W - 1, state_word(x), UI_ON(state_role_of(x), on));
    at += STATE_W;
    if (s->w - at > 10)
        (void)ui_str_match(s, at, y, s->w - at - 1, x->name, b->filter.len ? b->filter.ptr : NULL, UI_ON(ROLE_DIM, on));
}

static void draw(const struct ui_pane *p, struct ui_surface *s)
{
    const struct backups *b = (const struct backups *)p;
    const struct app *a = p->app;
    struct ui_style dim = UI_ROLE(ROLE_DIM);
    struct ui_surface list = ui_surface_sub(s, 0, 1, s->w, s->h - 1);

    (void)ui_str(s, 2, 0, WHEN_W, "made", dim);
    (void)ui_str(s, 2 + WHEN_W, 0, VERSION_W, "at version", dim);
    (void)ui_str(s, 2 + WHEN_W + VERSION_W, 0, SIZE_W, "size", dim);
    (void)ui_str(s, 2 + WHEN_W + VERSION_W + SIZE_W, 0, STATE_W, "state", dim);
    if (b->n_view == 0 && b->filter.len == 0)
        (void)ui_strf(&list, 2, 1, -1, dim, a->has_backups ? "There is no backup in %s yet. B makes one." : "Looking into %s",
                      a->target.params.backup_dir ? a->target.params.backup_dir : "backups");
    for (int y = 0; y < list.h; y++) {
        size_t row = b->list.top + (size_t)y;

        if (row < b->n_view)
            draw_row(b, &list, y, row);
    }
}

static void layout(struct ui_pane *p, int w, int h)
{
    (void)w;
    ui_list_layout(&self_of(p)->list, h - 1);
}

#define DIALOG_W 74 /* 10 cells and the 64 digits of a hash fill a dialog on 80 columns */

/* What is wrong with it takes more than a line. */
static void state(struct ui_doc *d, const struct ls_backup *x)
{
    char *text = ls_asprintf("state     %s", x->state ? x->state : "");

    ui_doc_wrap(d, state_role_of(x), DIALOG_W, 0, text);
    free(text);
}

static void open_entry(struct app *a, const struct ls_backup *x)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    char size[LS_ISO_LEN];

    ls_size_text(x->size, size);
    ui_doc_textf(d, ROLE_TITLE, "%s", x->name ? x->name : "");
    ui_doc_textf(d, ROLE_TEXT, "folder    %s", x->path ? x->path : "");
    ui_doc_textf(d, ROLE_TEXT, "database  %s", x->target ? x->target : "");
    ui_doc_textf(d, ROLE_TEXT, "server    %s", x->server ? x->server : "");
    ui_doc_textf(d, ROLE_TEXT, "version   %s", x->version ? x->version : "");
    ui_doc_textf(d, ROLE_TEXT, "made      %s", x->created_at ? x->created_at : "");
    ui_doc_textf(d, ROLE_TEXT, "size      %s", size);
    state(d, x);
    ui_doc_textf(d, ROLE_DIM, "sha256    %s", x->sha256 ? x->sha256 : "");
    ui_viewer_open(a, "Backup", d);
}

static void set_filter(struct app *a, void *ctx, const char *text)
{
    struct backups *b = ctx;

    ls_buf_clear(&b->filter);
    ls_buf_adds(&b->filter, text ? text : "");
    refresh(&b->base);
    a->needs_layout = a->needs_paint = true;
}

static bool on_action(struct ui_pane *p, enum ui_action act)
{
    struct backups *b = self_of(p);
    struct ui_input_spec spec = {.label = "/", .text = b->filter.ptr, .on_change = set_filter, .done = set_filter, .ctx = b};

    if (ui_list_action(&b->list, act))
        return true;
    switch (act) {
    case UI_ACT_FILTER:
        ui_input_open(p->app, &spec);
        return true;
    case UI_ACT_BACK:
        if (b->filter.len == 0)
            return false;
        set_filter(p->app, b, "");
        return true;
    case UI_ACT_OPEN:
        if (at_cursor(b))
            open_entry(p->app, at_cursor(b));
        return true;
    case UI_ACT_BACKUP_VERIFY:
        if (at_cursor(b) && !app_is_busy(p->app))
            job_backup_verify(p->app, at_cursor(b)->name);
        return true;
    default:
        return false;
    }
}

static bool on_event(struct ui_pane *p, const struct ui_event *ev)
{
    struct backups *b = self_of(p);

    if (ui_list_mouse(&b->list, ev, 1) >= 0 && at_cursor(b))
        open_entry(p->app, at_cursor(b));
    return true;
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct backups *b = (const struct backups *)p;

    if (act == UI_ACT_OPEN || act == UI_ACT_BACKUP_VERIFY || act == UI_ACT_BACKUP_PRUNE || act == UI_ACT_FILTER)
        return b->n_view > 0 && (act != UI_ACT_BACKUP_VERIFY || !app_is_busy(p->app));
    return true;
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct backups *b = (const struct backups *)p;

    ls_buf_addf(out, "%zu backup%s", b->n_view, b->n_view == 1 ? "" : "s");
    if (b->filter.len > 0)
        ls_buf_addf(out, ", filter '%s'", b->filter.ptr);
}

static struct ui_pane *open_pane(struct app *app)
{
    struct backups *b = ls_calloc(1, sizeof(*b));

    b->base.ops = &pane_backups_ops;
    b->base.app = app;
    ls_buf_init(&b->filter);
    return &b->base;
}

static void close_pane(struct ui_pane *p)
{
    struct backups *b = self_of(p);

    free(b->view);
    ls_buf_release(&b->filter);
    free(b);
}

const struct ui_pane_ops pane_backups_ops = {
    .title = "Backups",
    .context = UI_CX_BACKUPS,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
    .status = status,
    .can = can,
};
