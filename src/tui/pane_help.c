/* tui/pane_help.c: the action table as the operator's own keys have it, and what the states mean. */
#include <config.h>

#include <stdlib.h>

#include "lockstep/base/mem.h"
#include "lockstep/model/timeline.h"
#include "tui/app.h"
#include "tui/entry.h"

struct help {
    struct ui_pane base;
    struct ui_doc *doc;
    struct ui_view view;
};

static struct help *self_of(struct ui_pane *p)
{
    return (struct help *)p;
}

static void one_action(struct ui_doc *d, const struct ui_keymap *keys, enum ui_action a)
{
    const struct ui_action_info *info = ui_action_info(a);
    struct ls_buf k = LS_BUF_INIT;

    ui_keymap_keys(keys, a, UI_MAX_BINDINGS, &k);
    ui_doc_addf(d, ROLE_HINT_KEY, "  %s", k.len ? k.ptr : "-");
    ui_doc_pad(d, 14);
    ui_doc_adds(d, ROLE_TEXT, info->help);
    if (info->flags & UI_WRITES)
        ui_doc_adds(d, ROLE_WARNING, "  (writes)");
    ui_doc_end(d);
    ls_buf_release(&k);
}

static void actions(struct ui_doc *d, const struct ui_keymap *keys, unsigned all_of, unsigned none_of)
{
    for (int i = 1; i < UI_N_ACTIONS; i++) {
        unsigned in = ui_action_info((enum ui_action)i)->contexts;

        if ((in & all_of) == all_of && !(in & none_of))
            one_action(d, keys, (enum ui_action)i);
    }
}

static void group(struct ui_doc *d, const struct ui_keymap *keys, const char *title, unsigned all_of, unsigned none_of)
{
    ui_doc_blank(d);
    ui_doc_text(d, ROLE_TITLE, title);
    ui_doc_mark(d);
    actions(d, keys, all_of, none_of);
}

/* They work everywhere and however the keys are set, so they are no actions. */
static void fixed_keys(struct ui_doc *d)
{
    static const struct {
        const char *key, *help;
    } lines[] = {
        {"C-c", "Cancel a backup, a check, a subcommand; a run: ask first"},
        {"C-z", "Suspend the console; fg brings it back"},
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(lines); i++) {
        ui_doc_addf(d, ROLE_HINT_KEY, "  %s", lines[i].key);
        ui_doc_pad(d, 14);
        ui_doc_adds(d, ROLE_TEXT, lines[i].help);
        ui_doc_end(d);
    }
}

static struct ui_doc *make(const struct app *a)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    const unsigned all = UI_IN_PANES, not_run = UI_IN(BACKUPS);

    ui_doc_addf(d, ROLE_TITLE, "lockstep");
    ui_doc_adds(d, ROLE_TEXT, "  where the database stands, and by steps to where it should be");
    ui_doc_end(d);
    group(d, &a->keys, "Migrations (Timeline and Detail)", UI_IN(TIMELINE) | UI_IN(DETAIL), not_run | UI_IN(HELP));
    group(d, &a->keys, "Lists (Timeline, Backups, Log, Schema, Diff, Indexes)", UI_IN_LISTS, UI_IN(DETAIL));
    group(d, &a->keys, "Timeline", UI_IN(TIMELINE), UI_IN(DETAIL) | UI_IN(LOG));
    group(d, &a->keys, "Detail", UI_IN(DETAIL), UI_IN(TIMELINE));
    group(d, &a->keys, "Run: the stepper", UI_IN(RUN), UI_IN(DETAIL) | UI_IN(HELP));
    group(d, &a->keys, "Backups", UI_IN(BACKUPS), UI_IN(TIMELINE) | UI_IN(HELP));
    group(d, &a->keys, "Schema", UI_IN(SCHEMA), UI_IN(TIMELINE));
    group(d, &a->keys, "Diff", UI_IN(DIFF), UI_IN(TIMELINE));
    group(d, &a->keys, "Indexes", UI_IN(INDEX), UI_IN(TIMELINE));
    group(d, &a->keys, "Everywhere", all, UI_IN(MENU) | UI_IN(VIEWER));
    fixed_keys(d);
    group(d, &a->keys, "Moving", UI_IN(MENU) | UI_IN(VIEWER) | UI_IN(HELP), 0);
    group(d, &a->keys, "Dialogs, menus and texts over the panes", UI_IN(DIALOG), UI_IN(HELP));
    actions(d, &a->keys, UI_IN(MENU) | UI_IN(VIEWER), UI_IN(HELP));
    ui_doc_blank(d);
    ui_doc_text(d, ROLE_TITLE, "States");
    ui_doc_mark(d);
    for (int s = 0; s < LS_N_STATES; s++) {
        struct ls_entry e = {.state = (enum ls_state)s};

        ui_doc_addf(d, state_role(&e, true), "  %s %s", ls_state_glyph(e.state, a->is_ascii), ls_state_name(e.state));
        ui_doc_pad(d, 18);
        ui_doc_adds(d, ROLE_TEXT, ls_state_meaning(e.state));
        ui_doc_end(d);
    }
    ui_doc_addf(d, ROLE_INFERRED, "  %s applied?", ls_state_glyph(LS_STATE_APPLIED, a->is_ascii));
    ui_doc_pad(d, 18);
    ui_doc_adds(d, ROLE_TEXT, "taken for applied: the ledger keeps one version, above it");
    ui_doc_end(d);
    ui_doc_blank(d);
    ui_doc_textf(d, ROLE_DIM, "Keys of your own: keys.conf in %s, as in", a->config_home ? a->config_home : "~/.config/lockstep");
    ui_doc_text(d, ROLE_DIM, "  [keys]");
    ui_doc_text(d, ROLE_DIM, "  apply-next = a F6");
    return d;
}

static void refresh(struct ui_pane *p)
{
    struct help *h = self_of(p);

    if (p->app->focus != UI_PANE_HELP)
        return;
    ui_doc_free(h->doc);
    h->doc = make(p->app);
    p->app->needs_layout = true;
}

static void layout(struct ui_pane *p, int w, int height)
{
    struct help *h = self_of(p);

    (void)w;
    ui_view_layout(&h->view, h->doc, height);
}

static void draw(const struct ui_pane *p, struct ui_surface *s)
{
    const struct help *h = (const struct help *)p;
    struct ui_surface in = ui_surface_sub(s, 1, 0, s->w - 1, s->h);

    ui_view_draw(&h->view, h->doc, &in, ROLE_TEXT);
}

static bool on_action(struct ui_pane *p, enum ui_action act)
{
    return ui_view_action(&self_of(p)->view, self_of(p)->doc, act);
}

static bool on_event(struct ui_pane *p, const struct ui_event *ev)
{
    (void)ui_view_mouse(&self_of(p)->view, self_of(p)->doc, ev);
    return true;
}

static struct ui_pane *open_pane(struct app *app)
{
    struct help *h = ls_calloc(1, sizeof(*h));

    h->base.ops = &pane_help_ops;
    h->base.app = app;
    return &h->base;
}

static void close_pane(struct ui_pane *p)
{
    ui_doc_free(self_of(p)->doc);
    free(p);
}

const struct ui_pane_ops pane_help_ops = {
    .title = "Help",
    .context = UI_CX_HELP,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
};
