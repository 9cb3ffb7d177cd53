/* tui/pane_backups.c: what there is to go back to. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "tui/jobs.h"
#include "tui/list_pane.h"

#define WHEN_W    21
#define VERSION_W 16
#define SIZE_W    11
#define STATE_W   22

static const struct ls_backup *backup_at(const struct list_pane *l, size_t row)
{
    return row < l->shown.n ? &l->pane.app->backups.b.v[l->shown.v[row]] : NULL;
}

static const struct ls_backup *at_cursor(const struct list_pane *l)
{
    return backup_at(l, l->list.cursor);
}

static bool matches(const struct list_pane *l, const struct ls_backup *x)
{
    return l->filter.len == 0 || (x->name && strcasestr(x->name, l->filter.ptr)) ||
           (x->state && strcasestr(x->state, l->filter.ptr));
}

static void make_rows(struct list_pane *l)
{
    const struct app *a = l->pane.app;

    l->shown.n = 0;
    for (size_t i = 0; a->has_backups && i < a->backups.b.n; i++) {
        if (matches(l, &a->backups.b.v[i]))
            *LS_VEC_PUSH(&l->shown) = (uint32_t)i;
    }
    ui_list_set_count(&l->list, l->shown.n);
}

static void refresh(struct ui_pane *p)
{
    make_rows((struct list_pane *)p);
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

static void draw_row(const void *ctx, struct ui_surface *s, int y, size_t row, bool is_at)
{
    const struct list_pane *l = ctx;
    const struct ls_backup *x = backup_at(l, row);
    enum theme_role on = ui_list_bar(s, y, s->w - 1, is_at);
    char size[LS_ISO_LEN];
    int at = 2;

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
        (void)ui_str_match(s, at, y, s->w - at - 1, x->name, list_pane_needle(l), UI_ON(ROLE_DIM, on));
}

static void draw(const struct ui_pane *p, struct ui_surface *s)
{
    const struct list_pane *l = (const struct list_pane *)p;
    const struct app *a = p->app;
    struct ui_style dim = UI_ROLE(ROLE_DIM);
    struct ui_surface list = ui_surface_sub(s, 0, l->top, s->w, s->h - l->top);

    (void)ui_str(s, 2, 0, WHEN_W, "made", dim);
    (void)ui_str(s, 2 + WHEN_W, 0, VERSION_W, "at version", dim);
    (void)ui_str(s, 2 + WHEN_W + VERSION_W, 0, SIZE_W, "size", dim);
    (void)ui_str(s, 2 + WHEN_W + VERSION_W + SIZE_W, 0, STATE_W, "state", dim);
    if (l->list.n == 0 && l->filter.len == 0)
        (void)ui_strf(&list, 2, 1, -1, dim, a->has_backups ? "There is no backup in %s yet. B makes one." : "Looking into %s",
                      a->target.params.backup_dir ? a->target.params.backup_dir : "backups");
    ui_list_draw(&l->list, &list, draw_row, l);
}

#define DIALOG_W 74 /* 10 cells and the 64 digits of a hash fill a dialog on 80 columns */

/* What is wrong with it takes more than a line. */
static void state(struct ui_doc *d, const struct ls_backup *x)
{
    char *text = ls_asprintf("state     %s", x->state ? x->state : "");

    ui_doc_wrap(d, state_role_of(x), DIALOG_W, 0, text);
    free(text);
}

static void open_entry(struct list_pane *l)
{
    const struct ls_backup *x = at_cursor(l);
    struct ui_doc *d;
    char size[LS_ISO_LEN];

    if (!x)
        return;
    d = ui_doc_new(l->pane.app->is_ascii);
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
    ui_viewer_open(l->pane.app, "Backup", d);
}

static bool on_action(struct list_pane *l, enum ui_action act)
{
    if (act != UI_ACT_BACKUP_VERIFY)
        return false;
    if (at_cursor(l) && !app_is_busy(l->pane.app))
        job_backup_verify(l->pane.app, at_cursor(l)->name);
    return true;
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct list_pane *l = (const struct list_pane *)p;

    if (act == UI_ACT_OPEN || act == UI_ACT_BACKUP_VERIFY || act == UI_ACT_BACKUP_PRUNE || act == UI_ACT_FILTER)
        return l->list.n > 0 && (act != UI_ACT_BACKUP_VERIFY || !app_is_busy(p->app));
    return true;
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct list_pane *l = (const struct list_pane *)p;

    ls_buf_addf(out, "%zu backup%s", l->list.n, l->list.n == 1 ? "" : "s");
    if (l->filter.len > 0)
        ls_buf_addf(out, ", filter '%s'", l->filter.ptr);
}

static const struct list_parts parts = {.filtered = make_rows, .open = open_entry, .on_action = on_action};

static struct ui_pane *open_pane(struct app *app)
{
    struct list_pane *l = list_pane_new(sizeof(*l), &pane_backups_ops, &parts, app);

    l->top = 1; /* names of the columns */
    return &l->pane;
}

static void close_pane(struct ui_pane *p)
{
    list_pane_free((struct list_pane *)p);
}

const struct ui_pane_ops pane_backups_ops = {
    .title = "Backups",
    .context = UI_CX_BACKUPS,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = list_pane_on_event,
    .on_action = list_pane_on_action,
    .layout = list_pane_layout,
    .draw = draw,
    .status = status,
    .can = can,
};
