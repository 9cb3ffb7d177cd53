/* tui/key.h: what comes in: keys, mouse, pasted text, resizes. Names of keys as users write them: "a", "G", "C-d", "PgDn", "F5",
 * "Space". */
#ifndef LS_TUI_KEY_H
#define LS_TUI_KEY_H

#include "lockstep/base/base.h"
#include "lockstep/base/buf.h"

/* X(enum, name): keys without a character. Enter, Tab, Esc, Backspace and Space have one, and are named too. */
#define UI_KEYS(X)                                                                                                                 \
    X(UP, "Up")                                                                                                                    \
    X(DOWN, "Down")                                                                                                                \
    X(LEFT, "Left") X(RIGHT, "Right") X(HOME, "Home") X(END, "End") X(PGUP, "PgUp") X(PGDN, "PgDn") X(INS, "Ins") X(DEL, "Del")    \
        X(BACKTAB, "BackTab") X(F1, "F1") X(F2, "F2") X(F3, "F3") X(F4, "F4") X(F5, "F5") X(F6, "F6") X(F7, "F7") X(F8, "F8")      \
            X(F9, "F9") X(F10, "F10") X(F11, "F11") X(F12, "F12")

enum {
    UI_KEY_NONE = 0,
    UI_KEY_TAB = '\t',
    UI_KEY_ENTER = '\r',
    UI_KEY_ESC = 0x1b,
    UI_KEY_SPACE = ' ',
    UI_KEY_BACKSPACE = 0x7f,
    UI_KEY_BASE = 0x110000, /* above every code point */
#define X(e, n) UI_KEY_##e,
    UI_KEYS(X)
#undef X
        UI_KEY_LIMIT,
    UI_KEY_CTRL = 0x400000 /* or'ed to a lower-case letter: C-a .. C-z */
};

typedef int32_t ui_key; /* a code point, one of UI_KEY_*, or UI_KEY_CTRL | 'a' */

enum ui_event_kind { UI_EV_KEY, UI_EV_MOUSE, UI_EV_PASTE, UI_EV_RESIZE, UI_EV_TICK };
enum ui_mouse { UI_MOUSE_CLICK, UI_MOUSE_DOUBLE, UI_MOUSE_WHEEL_UP, UI_MOUSE_WHEEL_DOWN };

struct ui_event {
    enum ui_event_kind kind;
    ui_key key;
    enum ui_mouse mouse;
    int x, y;         /* MOUSE: cell; RESIZE: columns and rows */
    const char *text; /* PASTE: lent until the next event is read */
    size_t text_len;
};

/* Appends the key's name ("C-d", "PgDn", "ü"). */
void ui_key_name(ui_key k, struct ls_buf *out);
/* UI_KEY_NONE when it is no key. */
ui_key ui_key_parse(const char *name);

#endif
