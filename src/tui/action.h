/* tui/action.h: every action, once: its keys, where it works, what it may do, its words. Dispatch, hint bar, Help pane, man page
 * and the user's key file all come from this table. */
#ifndef LS_TUI_ACTION_H
#define LS_TUI_ACTION_H

#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "tui/key.h"

/* Where keys go: the focused pane, or the modal on top. */
#define UI_CONTEXTS(X)                                                                                                             \
    X(TIMELINE, "timeline")                                                                                                        \
    X(DETAIL, "detail")                                                                                                            \
    X(RUN, "run") X(BACKUPS, "backups") X(LOG, "log") X(SCHEMA, "schema") X(DIFF, "diff") X(INDEX, "index") X(HELP, "help") X(DIALOG, "dialog") X(MENU, "menu") X(VIEWER, "viewer")

enum ui_context {
#define X(e, n) UI_CX_##e,
    UI_CONTEXTS(X)
#undef X
        UI_N_CONTEXTS
};
const char *ui_context_name(enum ui_context c);

#define UI_IN(c)    (1u << UI_CX_##c)
#define UI_IN_PANES (UI_IN(TIMELINE) | UI_IN(DETAIL) | UI_IN(RUN) | UI_IN(BACKUPS) | UI_IN(LOG) | UI_IN(SCHEMA) | UI_IN(DIFF) | UI_IN(INDEX) | UI_IN(HELP))
#define UI_IN_MIGS  (UI_IN(TIMELINE) | UI_IN(DETAIL))
#define UI_IN_WORK  (UI_IN_MIGS | UI_IN(RUN))
#define UI_IN_LISTS (UI_IN(TIMELINE) | UI_IN(BACKUPS) | UI_IN(LOG) | UI_IN(SCHEMA) | UI_IN(DIFF) | UI_IN(INDEX))
#define UI_IN_MOVE  (UI_IN_PANES | UI_IN(MENU) | UI_IN(VIEWER) | UI_IN(DIALOG))

enum ui_action_flags {
    UI_WRITES = 1,   /* may change the target: refused while the console is read-only or another run is going on */
    UI_CONFIRM = 2,  /* never done at once: ends in a confirmation that shows what will happen */
    UI_NEEDS_DB = 4, /* needs a connection and a snapshot */
    UI_CHANGES = UI_WRITES | UI_CONFIRM | UI_NEEDS_DB
};

/* X(id, name, default keys, contexts, flags, hint label ("" = not in the bar), help). Order is the order of hints and help. */
/* clang-format off */
#define UI_ACTIONS(X)                                                                                                              \
    X(OPEN, "open", "Enter", UI_IN_LISTS, 0, "open", "Show the entry under the cursor")                                            \
    X(STEP, "step", "Space n", UI_IN(RUN), 0, "step", "Run the statement that waits, then wait again")                             \
    X(RUN_ON, "run-on", "c", UI_IN(RUN), 0, "run on", "Run on without waiting")                                                    \
    X(PAUSE, "pause", "p", UI_IN(RUN), 0, "pause", "Pause before the next transaction")                                            \
    X(STOP, "stop", "x", UI_IN(RUN), 0, "stop", "Stop: roll back the open transaction")                                            \
    X(START, "start", "s", UI_IN(RUN), UI_CHANGES, "start", "Confirm and start the plan that is shown")                            \
    X(RETRY, "retry", "R", UI_IN(RUN), UI_CHANGES, "retry", "Make the same plan again, after a failure")                           \
    X(LEAVE, "leave", "L", UI_IN(RUN), 0, "leave", "Leave the finished run and go back to the timeline")                           \
    X(RESOLVE, "resolve", "!", UI_IN_WORK, UI_NEEDS_DB, "way out", "A dirty database: what happened, and the ways out")            \
    X(ARM, "arm", "W", UI_IN_PANES, UI_CONFIRM, "arm", "Allow writing on a protected environment; again: read-only")       \
    X(IMPORT, "import", "I", UI_IN(TIMELINE), UI_CHANGES, "import", "Import the legacy ledger (schema_version) once")              \
    X(APPLY_NEXT, "apply-next", "a", UI_IN_MIGS, UI_CHANGES, "apply next", "Apply the next pending migration")                     \
    X(APPLY_TO, "apply-to", "t", UI_IN_MIGS, UI_CHANGES, "apply to here", "Apply everything pending up to the cursor")             \
    X(APPLY_ALL, "apply-all", "A", UI_IN_MIGS, UI_CHANGES, "apply all", "Apply everything pending")                                \
    X(DOWN_LAST, "roll-back-last", "d", UI_IN_WORK, UI_CHANGES, "roll back", "Roll back the migration that was applied last")      \
    X(DOWN_TO, "roll-back-to", "D", UI_IN_MIGS, UI_CHANGES, "back to here", "Roll back everything newer than the cursor")          \
    X(MARK, "mark", "m", UI_IN_WORK, UI_CHANGES, "mark", "Record a migration as applied or pending; nothing runs")       \
    X(EDIT, "edit", "e", UI_IN_WORK, 0, "edit", "Open the migration's file in $EDITOR")                                            \
    X(BACKUP, "backup", "B", UI_IN_PANES, UI_NEEDS_DB, "backup", "Make a backup of the target")                                    \
    X(BACKUP_VERIFY, "verify-backup", "v", UI_IN(BACKUPS), 0, "read back", "Read the backup under the cursor back, whole")         \
    X(BACKUP_PRUNE, "prune-backups", "P", UI_IN(BACKUPS), UI_CONFIRM, "prune", "Remove old backups, after showing which")          \
    X(VERIFY, "verify", "v", UI_IN_WORK, UI_NEEDS_DB, "verify", "Check checksums, order and gaps; run the .verify files")          \
    X(FILTER, "filter", "/", UI_IN_LISTS, 0, "filter", "Show only the entries that hold a text or a state")                        \
    X(FILTER_STATE, "filter-state", "f", UI_IN(TIMELINE), 0, "", "Show only the entries of one state")                              \
    X(SORT, "sort", "o", UI_IN(TIMELINE), 0, "order", "Newest first, oldest first, most urgent state first")                       \
    X(INDEX_VIEW, "index-view", "s", UI_IN(INDEX), 0, "view", "Go on to the next view: verdicts, usage, queries of the workload")  \
    X(ADVISE, "advise", "a", UI_IN(INDEX), UI_NEEDS_DB, "advise", "Plan the workload, and measure on a copy which indexes it lacks") \
    X(WRITE_FIX, "write-fix", "w", UI_IN(INDEX), UI_NEEDS_DB, "write fix", "Write the migration that mends it, with its way back")           \
    X(UPKEEP, "upkeep", "u", UI_IN(INDEX), UI_CHANGES, "upkeep", "Run REINDEX, ANALYZE, VACUUM and such, after asking") \
    X(IGNORE, "ignore", "i", UI_IN(INDEX), 0, "ignore", "Say nothing of this verdict any more; the project keeps why") \
    X(INDEX_SORT, "index-sort", "o", UI_IN(INDEX), 0, "order", "Sort the indexes by name, scans, rate, last use, size, bloat")     \
    X(BY_TABLE, "by-table", "t", UI_IN(INDEX), 0, "", "Indexes under their tables, or all in one list")                            \
    X(VERDICTS, "show-verdicts", "f", UI_IN(INDEX), 0, "show", "Show one kind of verdict only, or the ignored ones too")           \
    X(STOP_ADVISE, "stop-measuring", "x", UI_IN(INDEX), 0, "", "Stop measuring; the copy is removed")                              \
    X(CONFLICTS, "conflicts", "C", UI_IN_MIGS, 0, "", "What disagrees between files, lists and ledgers; the ways out")          \
    X(BESIDE, "beside", "b", UI_IN(TIMELINE), 0, "", "Show another tool's view in a second column; again: hide it")               \
    X(FOLLOW, "follow", "J", UI_IN(SCHEMA), 0, "go to", "Go along a foreign key or another dependency, either way")                \
    X(LEFT_OUT, "left-out", "v", UI_IN(SCHEMA) | UI_IN(DIFF) | UI_IN(INDEX), 0, "left out", "What could not be read, and why")                       \
    X(SIDES, "sides", "s", UI_IN(DIFF), 0, "sides", "Choose the two sides from what there is, and compare them")                                       \
    X(ACCEPT_RENAME, "accept-rename", "a", UI_IN(DIFF), 0, "accept", "Accept the renaming that is proposed")                       \
    X(REJECT_RENAME, "reject-rename", "x", UI_IN(DIFF), 0, "reject", "These are two things; while sides are read: stop")           \
    X(DIFF_FILTER, "show", "f", UI_IN(DIFF), 0, "show", "Show or hide a kind, an impact, a schema")                                \
    X(DIFF_OPTIONS, "compare-options", "o", UI_IN(DIFF), 0, "options", "Compare owners, privileges, columns' order too; or no comments")  \
    X(COLUMNS, "columns", "u", UI_IN(DIFF), 0, "", "Both sides in two columns, or one below the other")                            \
    X(EXPORT, "export", "w", UI_IN(DIFF), 0, "export", "Write the differences to a file, as Markdown")                             \
    X(STATEMENTS, "statements", "D", UI_IN(DIFF), 0, "statements", "The statements that make one side like the other; or to a file") \
    X(JUMP, "jump", "J", UI_IN(TIMELINE), 0, "jump", "Jump to a version")                                                          \
    X(NEXT_PENDING, "next-pending", ".", UI_IN(TIMELINE), 0, "", "Jump to the migration that would run next")                      \
    X(SECTION, "section", "s", UI_IN(DETAIL), 0, "section", "Jump to the next section: up, down, verify")                          \
    X(PREV, "previous", "[", UI_IN(DETAIL), 0, "", "Show the migration above in the timeline")                                     \
    X(NEXT, "next", "]", UI_IN(DETAIL), 0, "", "Show the migration below in the timeline")                                         \
    X(SQL, "show-sql", "S", UI_IN(RUN), 0, "sql", "Show the whole plan as the SQL that is sent")                                   \
    X(SPLIT, "split", "|", UI_IN_MIGS, 0, "", "Timeline and detail side by side, or one at a time")                                \
    X(ENV, "environment", "E", UI_IN_PANES, 0, "environment", "Switch to another environment of the project file")                 \
    X(REFRESH, "refresh", "r F5", UI_IN_PANES, 0, "refresh", "Read the folder and the database again")                             \
    X(COMMAND, "command", ":", UI_IN_PANES, 0, "command", "Run any subcommand; Tab completes, Up recalls")                         \
    X(GO_TIMELINE, "go-timeline", "1", UI_IN_PANES, 0, "", "Go to the Timeline")                                                   \
    X(GO_DETAIL, "go-detail", "2", UI_IN_PANES, 0, "", "Go to the Detail of the migration under the cursor")                       \
    X(GO_RUN, "go-run", "3", UI_IN_PANES, 0, "", "Go to the Run: the plan and the stepper")                                        \
    X(GO_BACKUPS, "go-backups", "4", UI_IN_PANES, 0, "", "Go to the Backups")                                                      \
    X(GO_LOG, "go-log", "5", UI_IN_PANES, 0, "", "Go to the Log: every run, from the journal")                                     \
    X(GO_SCHEMA, "go-schema", "6", UI_IN_PANES, 0, "", "Go to the Schema: what the database has")                                  \
    X(GO_DIFF, "go-diff", "7", UI_IN_PANES, 0, "", "Go to the Diff: any two schemas side by side")                                 \
    X(GO_INDEX, "go-index", "8", UI_IN_PANES, 0, "", "Go to the Indexes: usage, verdicts, advice")                                 \
    X(HELP, "help", "? F1 9", UI_IN_PANES, 0, "help", "Show this help")                                                            \
    X(NEXT_PANE, "next-pane", "Tab", UI_IN_PANES, 0, "", "Go to the next pane")                                                    \
    X(PREV_PANE, "previous-pane", "BackTab", UI_IN_PANES, 0, "", "Go to the pane before")                                          \
    X(UP, "up", "k Up", UI_IN_MOVE, 0, "", "One line up")                                                                          \
    X(DOWN, "down", "j Down", UI_IN_MOVE, 0, "", "One line down")                                                                  \
    X(PAGE_UP, "page-up", "PgUp C-b", UI_IN_MOVE, 0, "", "One page up")                                                            \
    X(PAGE_DOWN, "page-down", "PgDn C-f", UI_IN_MOVE, 0, "", "One page down")                                                      \
    X(HALF_UP, "half-page-up", "C-u", UI_IN_MOVE, 0, "", "Half a page up")                                                         \
    X(HALF_DOWN, "half-page-down", "C-d", UI_IN_MOVE, 0, "", "Half a page down")                                                   \
    X(TOP, "top", "g Home", UI_IN_MOVE, 0, "", "To the first line")                                                                \
    X(BOTTOM, "bottom", "G End", UI_IN_MOVE, 0, "", "To the last line")                                                            \
    X(LEFT, "left", "h Left", UI_IN_MOVE, 0, "", "To the left; in a dialog: the button before")                                    \
    X(RIGHT, "right", "l Right", UI_IN_MOVE, 0, "", "To the right; in a dialog: the next button")                                  \
    X(FOCUS_NEXT, "next-button", "Tab", UI_IN(DIALOG), 0, "next button", "The next button of a dialog")                            \
    X(FOCUS_PREV, "previous-button", "BackTab", UI_IN(DIALOG), 0, "", "The button before")                                         \
    X(ACCEPT, "accept", "Enter", UI_IN(DIALOG) | UI_IN(MENU), 0, "press", "Press the button, take the choice")                     \
    X(CLOSE, "close", "Esc q", UI_IN(MENU) | UI_IN(VIEWER), 0, "close", "Close this")                                              \
    X(CANCEL, "cancel", "Esc", UI_IN(DIALOG), 0, "cancel", "Do nothing and close the dialog")                                      \
    X(BACK, "back", "Esc", UI_IN_PANES, 0, "", "Drop the filter, or go back to the Timeline")                                      \
    X(REDRAW, "redraw", "C-l", UI_IN_PANES | UI_IN(DIALOG) | UI_IN(MENU) | UI_IN(VIEWER), 0, "", "Paint the screen anew")          \
    X(QUIT, "quit", "q", UI_IN_PANES, 0, "quit", "Leave the console")

/* clang-format on */

enum ui_action {
    UI_ACT_NONE,
#define X(id, n, k, c, f, h, t) UI_ACT_##id,
    UI_ACTIONS(X)
#undef X
        UI_N_ACTIONS
};

struct ui_action_info {
    const char *name, *keys;
    unsigned contexts, flags;
    const char *hint, *help;
};
const struct ui_action_info *ui_action_info(enum ui_action a);

/* Keys to actions, per context; starts from the table and may be changed by the user's file. */
#define UI_MAX_BINDINGS 8
struct ui_keymap {
    ui_key keys[UI_N_ACTIONS][UI_MAX_BINDINGS]; /* ends with UI_KEY_NONE */
};
void ui_keymap_init(struct ui_keymap *m);
enum ui_action ui_keymap_find(const struct ui_keymap *m, enum ui_context c, ui_key k);
/* Appends "a" or "Space, n"; at most `max` keys. */
void ui_keymap_keys(const struct ui_keymap *m, enum ui_action a, int max, struct ls_buf *out);
/* Reads "[keys] ACTION = KEY KEY ..." over the defaults; a missing file is fine. Errors name file:line and the nearest word; a key
 * that would mean two things in one place is an error that names both. On error the map is unchanged. */
LS_MUST_CHECK enum ls_rc ui_keymap_load(struct ui_keymap *m, const char *path, struct ls_err *err);

#endif
