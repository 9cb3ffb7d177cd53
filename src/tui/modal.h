/* tui/modal.h: what lies above the panes: a value on a stack, never a nested loop. The top one gets every event; it ends by
 * app_pop_modal and a callback. */
#ifndef LS_TUI_MODAL_H
#define LS_TUI_MODAL_H

#include "lockstep/base/hash.h"
#include "lockstep/model/migration.h"
#include "tui/doc.h"
#include "tui/pane.h"

struct ui_modal;
struct ui_modal_ops {
    int context;                                                     /* enum ui_context, or -1: every key goes to on_event */
    const char *hints;                                               /* context -1: the words of the hint bar */
    bool (*on_event)(struct ui_modal *m, const struct ui_event *ev); /* before the key map; true: consumed; may be NULL */
    void (*on_action)(struct ui_modal *m, enum ui_action a);
    void (*layout)(struct ui_modal *m, int w, int h);             /* of the whole screen */
    void (*draw)(const struct ui_modal *m, struct ui_surface *s); /* on the whole screen */
    bool (*cursor)(const struct ui_modal *m, int *x, int *y);     /* where the terminal's cursor goes; may be NULL */
    void (*free)(struct ui_modal *m);
    void (*tick)(struct ui_modal *m); /* may be NULL */
};
struct ui_modal {
    const struct ui_modal_ops *ops;
    struct app *app;
    struct ui_modal *below;
};

/* --- confirmation ------------------------------------------------------------------------------------------------- */

/* Proof that an operator confirmed exactly this; made only in confirm.c, asked for by whatever writes. */
struct ui_grant {
    char digest[LS_SHA256_HEX]; /* of the confirmed plan; "" when it was about no plan */
    bool is_given;
};

enum ui_danger { UI_DANGER_NONE, UI_DANGER_CARE, UI_DANGER_DESTRUCTIVE };

/* choice: 0 cancelled, 1 verb, 2 verb2. The dialog is gone from the stack when it is called. */
typedef void (*ui_confirm_fn)(struct app *app, void *ctx, int choice, const struct ui_grant *grant);

struct ui_confirm_spec {
    const char *title;
    struct ui_doc *body;      /* given to the dialog */
    const char *verb, *verb2; /* what the buttons say; verb NULL: only "Close"; verb2 may be NULL */
    const char *cancel;       /* NULL = "Cancel" */
    enum ui_danger danger;
    const char *must_type; /* NULL, or the text to type before a verb works */
    const char *digest;    /* NULL, or the plan's */
    ui_confirm_fn done;    /* may be NULL */
    void *ctx;
};
/* Cells that a line of a dialog's text may have. */
int ui_dialog_width(const struct app *app);
/* Copies the strings, flushes what was typed ahead, starts on Cancel. */
void ui_confirm_open(struct app *app, const struct ui_confirm_spec *spec);
/* What it says has changed meanwhile; the focus stays where it is. body is given. */
void ui_confirm_set_body(struct ui_modal *m, struct ui_doc *body);
bool ui_modal_is_confirm(const struct ui_modal *m);
/* Presses verb (as a second ^C does on the stop question); nothing when a text must be typed. */
void ui_confirm_press(struct ui_modal *m, int choice);

/* --- menu --------------------------------------------------------------------------------------------------------- */

struct ui_choice {
    char key; /* letter, or 0 */
    const char *label;
    const char *note; /* one sentence, or NULL */
};
/* index: which, -1 closed. */
typedef void (*ui_menu_fn)(struct app *app, void *ctx, int index);
struct ui_menu_spec {
    const char *title;
    struct ui_doc *body; /* shown above the choices, scrollable by PgUp/PgDn; given; NULL = none */
    const struct ui_choice *choices;
    size_t n;
    size_t start; /* where the cursor starts */
    enum ui_danger danger;
    ui_menu_fn done;
    void *ctx;
    void (*free_ctx)(void *ctx); /* may be NULL; after done */
};
void ui_menu_open(struct app *app, const struct ui_menu_spec *spec);

/* --- viewer, line input, command prompt --------------------------------------------------------------------------- */

void ui_viewer_open(struct app *app, const char *title, struct ui_doc *body); /* body is given */
void ui_viewer_open_at_end(struct app *app, const char *title, struct ui_doc *body);
void ui_dialog_fit(struct ui_doc *body, int box_w); /* breaks lines that are wider than a dialog of that width */
int ui_viewer_width(const struct app *app); /* cells of a line */

/* What a reader left out, with place, reason and next step; says so where there is nothing. NULL: nothing. */
void ui_notes_open(struct app *app, const struct ls_diags *notes);

/* One line at the bottom: on_change at each key (may be NULL), done with the text, or NULL when given up. */
struct ui_input_spec {
    const char *label, *text;
    void (*on_change)(struct app *app, void *ctx, const char *text);
    void (*done)(struct app *app, void *ctx, const char *text);
    void *ctx;
};
void ui_input_open(struct app *app, const struct ui_input_spec *spec);

/* The ":" prompt, edited by libedit. */
void ui_prompt_open(struct app *app);

#endif
