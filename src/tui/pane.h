/* tui/pane.h: a pane is a const table of callbacks and private state. */
#ifndef LS_TUI_PANE_H
#define LS_TUI_PANE_H

#include "tui/action.h"
#include "tui/surface.h"

struct app;
struct ui_pane;

struct ui_pane_ops {
    const char *title;
    enum ui_context context;
    struct ui_pane *(*open)(struct app *app); /* the pane owns its memory, freed by close */
    void (*close)(struct ui_pane *p);
    void (*refresh)(struct ui_pane *p); /* the snapshot changed, or the pane came to the front: posts tasks, fits its lists */
    bool (*on_event)(struct ui_pane *p, const struct ui_event *ev); /* mouse in the pane's own coordinates, pastes; may be NULL */
    bool (*on_action)(struct ui_pane *p, enum ui_action a);         /* false: not the pane's */
    void (*layout)(struct ui_pane *p, int w, int h);                /* before drawing, when the size or the data changed */
    void (*draw)(const struct ui_pane *p, struct ui_surface *s);    /* pure */
    void (*status)(const struct ui_pane *p, struct ls_buf *out);    /* one line; may be NULL */
    bool (*can)(const struct ui_pane *p, enum ui_action a);         /* whether it would do something here and now; NULL: yes */
};

struct ui_pane {
    const struct ui_pane_ops *ops;
    struct app *app;
};

enum ui_pane_id { UI_PANE_TIMELINE, UI_PANE_DETAIL, UI_PANE_RUN, UI_PANE_BACKUPS, UI_PANE_LOG, UI_PANE_SCHEMA, UI_PANE_DIFF, UI_PANE_INDEX, UI_PANE_HELP, UI_N_PANES };

extern const struct ui_pane_ops pane_timeline_ops, pane_detail_ops, pane_run_ops, pane_backups_ops, pane_log_ops, pane_schema_ops, pane_diff_ops, pane_index_ops, pane_help_ops;

#endif
