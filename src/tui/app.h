/* tui/app.h: what the console knows. It belongs to the UI thread; workers see only their job, their session, and the run's control.
 *
 * app.c takes events and draws into a grid and knows no terminal, so that tests drive it in memory; loop.c puts it on a terminal.
 */
#ifndef LS_TUI_APP_H
#define LS_TUI_APP_H

#include <stdatomic.h>

#include "config/project.h"
#include "config/theme.h"
#include "lockstep/engine/backup.h"
#include "lockstep/engine/dirty.h"
#include "task/task.h"
#include "tui/action.h"
#include "tui/modal.h"
#include "tui/pane.h"
#include "tui/run_model.h"
#include "tui/tui.h"

#define UI_MIN_W       60
#define UI_MIN_H       16
#define UI_SPLIT_W     140 /* from here on timeline and detail stand side by side by themselves */
#define UI_SPLIT_MIN_W 100 /* from here on they can */

/* A snapshot shared by the screen and by jobs; counted in the UI thread only. */
struct snapref {
    struct ls_snapshot *snap;
    int refs;
};

/* One session and the worker that alone may use it. */
struct conn {
    struct ls_session *session;
    struct task_worker *worker;
    atomic_bool is_given_up; /* what it reads is not wanted any more: conn_give_up */
    struct conn *next; /* among those that end */
};

enum app_phase { APP_CONNECTING, APP_READY, APP_FOLDER_ONLY /* no connection or no ledger: files only */ };

/* What the loop must do for the app, once, after the event. */
enum app_wish { APP_WISH_FLUSH = 1, APP_WISH_REDRAW = 2, APP_WISH_EDIT = 4, APP_WISH_THEME = 8 };

struct app {
    const struct tui_params *params;
    struct config_project project;
    struct config_target target;
    struct config_request request; /* params->request, with the environment that was switched to */
    char *env;                     /* chosen environment, or NULL */
    char *config_home, *state_home, *label;
    struct ui_keymap keys;
    struct theme theme;
    bool is_ascii, is_mono;
    int wake_fd;

    struct mailbox *mail; /* NULL in tests: nothing is posted */
    struct conn *main, *side, *ending;
    struct task_worker *commands;
    struct task_worker *writer; /* makes texts of what is there already: it has no session */

    enum app_phase phase;
    bool is_reached; /* APP_FOLDER_ONLY: it answered; what cannot be read is its ledger, or the folder */
    bool is_armed;   /* writing is allowed */
    bool is_loading; /* a snapshot is on its way */
    bool is_due;     /* another one was wanted meanwhile: what is on its way may be older than the wish */
    struct ls_err conn_err;
    struct snapref *snap; /* NULL before the first */
    long drift;            /* places in which the database differs from what its applied migrations promise; -1: not known */
    int64_t drift_due_ms;  /* 0, or when it is looked for by itself */
    struct beside *beside; /* another tool's view of it, or NULL */
    long selected;        /* index in the snapshot's timeline, -1 none */

    struct ls_backups backups;
    bool has_backups;     /* the list was read */
    bool backup_is_fresh; /* one was made since the last run */
    struct {
        bool is_on;
        char text[64];
        int64_t done, total;
    } progress;         /* of a backup, a verification: what main works on apart from a run */
    struct job_command *command; /* the subcommand that is running, or NULL */
    struct job_ddl *ddl;         /* the statements that are being made, or NULL */
    const void *asking;          /* the job whose answer will open a dialog, or NULL: job_ask */

    struct run_model run;
    struct job_run *run_job; /* the run at work, or NULL */
    struct ls_plan_request last_request;
    char *last_version; /* what last_request.version points at */
    int origin;         /* pane to go back to when a plan is not confirmed */

    struct ui_pane *panes[UI_N_PANES];
    int focus; /* enum ui_pane_id */
    bool is_split, split_by_hand;
    struct ui_modal *modal;

    struct ls_buf message;
    enum theme_role message_role;
    bool message_is_of_phase; /* true only until the database has answered */

    int w, h;
    bool needs_layout, needs_paint;
    unsigned wishes; /* enum app_wish */
    char *edit_path;
    int edit_line;
    int64_t now_ms; /* monotonic; set by the loop before events and ticks, so that drawing reads no clock */
    unsigned tick;
    int64_t detail_due_ms; /* 0, or when the side-by-side detail follows the cursor */
    bool is_interrupted, should_exit;
    struct ui_modal *question; /* whether to stop the run, or to leave while something is going on; NULL: not asked */
    bool question_leaves;      /* the latter */
    int exit_code;
};

/* A console without terminal, worker and target; panes are open. */
void app_init(struct app *a, const struct tui_params *params, bool is_ascii);
void app_release(struct app *a);

void app_event(struct app *a, const struct ui_event *ev);
void app_resize(struct app *a, int w, int h);
void app_layout(struct app *a); /* when needs_layout */
void app_draw(const struct app *a, struct ui_grid *g, int *cursor_x, int *cursor_y);
/* Milliseconds until app_on_tick wants to be called, -1: never. */
int app_tick_ms(const struct app *a);
void app_on_tick(struct app *a);

/* The line above the hints. It stays until the next key. */
void app_say(struct app *a, enum theme_role role, const char *fmt, ...) LS_PRINTF(3, 4);
/* Likewise, and it stays only until the database has answered: app_phase_over. */
void app_say_of_phase(struct app *a, enum theme_role role, const char *before, const char *text);
void app_phase_over(struct app *a);
void app_say_err(struct app *a, const struct ls_err *err);
/* A dialog with the whole error: message, place, detail, hint. */
void app_show_err(struct app *a, const char *title, const struct ls_err *err);

void app_push_modal(struct app *a, struct ui_modal *m);
void app_pop_modal(struct app *a); /* frees the top one */
void app_drop_modal(struct app *a, struct ui_modal *m); /* frees it where it lies, what is above it stays */

void app_focus(struct app *a, enum ui_pane_id id);
void app_dispatch(struct app *a, enum ui_action act);
/* Whether the action would do something here and now (hint bar, Help). */
bool app_can(const struct app *a, enum ui_action act);
void app_select(struct app *a, long index); /* the timeline's cursor moved */

/* tui.c */
struct term;
void app_apply_theme(struct app *a, struct term *t); /* the target's, or what the terminal can do */
void app_release_target(struct app *a);

/* Facts for many. */
const struct ls_snapshot *app_snap(const struct app *a); /* or NULL */
const struct ls_entry *app_entry(const struct app *a);   /* under the cursor, or NULL */
enum ls_dialect app_dialect(const struct app *a);
bool app_is_read_only(const struct app *a);
bool app_is_pooled(const struct app *a);       /* through a pooler that nobody declared: nothing is written */
bool app_is_busy(const struct app *a);         /* a run, a backup or a check is going on */
const char *app_database(const struct app *a); /* name to type on protected environments */
const char *app_glyph(const struct app *a, const char *utf8, const char *ascii);

struct snapref *snapref_new(struct ls_snapshot *snap);
struct snapref *snapref_get(struct snapref *r);
void snapref_put(struct snapref *r); /* NULL is fine */
void app_set_snapshot(struct app *a, struct snapref *r);

#endif
