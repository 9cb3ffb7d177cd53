/* tui/term_curses.c: the terminal through ncurses. The only file of the program that includes curses.h.
 *
 * Colours. Where the terminal's entry has direct colours (RGB) they are used as they are. Where COLORTERM promises truecolor and
 * the palette can be changed, each colour of the theme is put into the palette slot whose usual colour is nearest to it, so that a
 * terminal that ignores the change still shows the nearest of the 256. Else the nearest of 256, of 16, or attributes only. */
#include <config.h>

#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include <curses.h>

#include "tui/term.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "tui/emergency.h"

#define ESC_DELAY_MS     25
#define DOUBLE_CLICK_MS  400
#define MAX_PASTE        65536
#define MAX_PAIRS        512
#define N_SLOTS          256
#define CODE_PASTE_BEGIN 0x2001 /* our own key codes, above KEY_MAX */
#define CODE_PASTE_END   0x2002

struct look {
    bool is_made;
    short pair;
    attr_t attrs;
};

struct term {
    SCREEN *screen;
    FILE *in, *out;
    int in_fd, out_fd;
    struct termios modes; /* that it had before */
    enum term_depth depth;
    int n_colors, n_indexed; /* n_indexed: with direct colours, the numbers that mean the palette */
    bool is_ascii, is_dead, is_suspended, has_mouse;
    struct theme theme;
    struct look looks[N_ROLES][N_ROLES];
    struct {
        int fg, bg;
    } pairs[MAX_PAIRS];
    short n_pairs;
    int32_t slot_rgb[N_SLOTS]; /* 0 = free, else 0x1000000|rrggbb */
    struct ui_grid last;
    bool force, in_paste;
    int cursor_x; /* -1: none is shown */
    struct ls_buf paste;
    int64_t click_ms;
    int click_x, click_y;
};

static const char *cap(const char *name)
{
    const char *s = tigetstr(name);

    return s == (char *)-1 ? NULL : s;
}

static void emergency_prepare(const struct term *t, const struct termios *modes)
{
    emergency_begin(t->out_fd, modes);
    if (t->has_mouse)
        emergency_add("\033[?1006l\033[?1002l\033[?1000l\033[?2004l");
    if (t->depth == TERM_PALETTE)
        emergency_add(cap("oc"));
    emergency_add(cap("sgr0"));
    emergency_add(cap("rmkx"));
    emergency_add(cap("rmcup"));
    emergency_add(cap("cnorm"));
    emergency_add("\r\n");
    emergency_arm(true);
}

static void write_raw(const struct term *t, const char *s)
{
    if (!t->is_dead && write(t->out_fd, s, strlen(s)) < 0) {
        /* A terminal that is gone shows itself through poll(). */
    }
}

static enum term_depth find_depth(const struct term_params *p)
{
    bool is_true = p->colorterm && (strcmp(p->colorterm, "truecolor") == 0 || strcmp(p->colorterm, "24bit") == 0);

    if (p->no_color || !has_colors())
        return TERM_MONO;
    if (start_color() == ERR)
        return TERM_MONO;
    (void)use_default_colors();
    if (COLORS > 256 && (tigetflag("RGB") > 0 || tigetnum("RGB") > 0))
        return TERM_DIRECT;
    if (COLORS >= 256)
        return is_true && can_change_color() ? TERM_PALETTE : TERM_256;
    return COLORS >= 8 ? TERM_16 : TERM_MONO;
}

static void set_modes(struct term *t)
{
    struct termios io;

    cbreak();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    idlok(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    (void)typeahead(-1);
    (void)set_escdelay(ESC_DELAY_MS);
    (void)curs_set(0);
    /* ^C stays a signal (own handler). ^Z is a key: as a signal it would overtake the keys before it, and leave them to the shell.
     * ^S, ^Q, ^\, ^V and ^O are no traps. */
    if (tcgetattr(t->in_fd, &io) == 0) {
        io.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
        io.c_cc[VQUIT] = _POSIX_VDISABLE;
        io.c_cc[VSUSP] = _POSIX_VDISABLE;
        io.c_cc[VLNEXT] = _POSIX_VDISABLE;
        io.c_cc[VDISCARD] = _POSIX_VDISABLE;
        (void)tcsetattr(t->in_fd, TCSANOW, &io);
    }
    def_prog_mode();
}

enum ls_rc term_open(const struct term_params *params, struct term **out, struct ls_err *err)
{
    struct term *t = ls_calloc(1, sizeof(*t));
    struct termios modes;

    t->in_fd = params->in_fd;
    t->out_fd = params->out_fd;
    t->is_ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    if (tcgetattr(t->in_fd, &modes) != 0) {
        free(t);
        (void)ls_err_set(err, LS_E_UNSUPPORTED, "the console needs a terminal");
        ls_err_hint(err, "without one use the subcommands: lockstep status, lockstep up --yes ...");
        return LS_E_UNSUPPORTED;
    }
    t->in = fdopen(dup(t->in_fd), "r");
    t->out = fdopen(dup(t->out_fd), "w");
    if (t->in && t->out)
        t->screen = newterm(params->term, t->out, t->in);
    if (!t->screen) {
        (void)ls_err_set(err, LS_E_UNSUPPORTED, "the terminal type '%s' is unknown here", params->term ? params->term : "");
        ls_err_hint(err, "set TERM to one that is known, as in: TERM=xterm-256color lockstep");
    } else if (!cap("cup")) { /* "dumb", as in an editor's shell: curses would write everything into one line */
        delscreen(t->screen);
        t->screen = NULL;
        (void)tcsetattr(t->in_fd, TCSANOW, &modes); /* newterm has changed them */
        (void)ls_err_set(err, LS_E_UNSUPPORTED, "the terminal type '%s' cannot move its cursor", params->term ? params->term : "");
        ls_err_hint(err, "use the subcommands there, such as lockstep status, or set TERM to what the terminal really is");
    }
    if (!t->screen) {
        term_close(t);
        return LS_E_UNSUPPORTED;
    }
    t->modes = modes;
    t->depth = find_depth(params);
    t->n_colors = t->depth == TERM_MONO ? 0 : COLORS;
    t->n_indexed = tigetnum("CO") > 0 ? tigetnum("CO") : 8;
    set_modes(t);
    t->has_mouse = cap("kmous") != NULL;
    if (t->has_mouse) {
        (void)mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
        (void)mouseinterval(0);
        (void)define_key("\033[200~", CODE_PASTE_BEGIN);
        (void)define_key("\033[201~", CODE_PASTE_END);
        write_raw(t, "\033[?2004h");
    }
    ls_buf_init(&t->paste);
    ui_grid_init(&t->last, COLS, LINES, t->is_ascii);
    t->force = true;
    t->cursor_x = -1;
    emergency_prepare(t, &modes);
    *out = t;
    return LS_OK;
}

static void leave_screen(struct term *t)
{
    if (t->has_mouse)
        write_raw(t, "\033[?2004l");
    endwin();
    /* Not left to endwin() alone: libedit asks the same library for a terminal of its own (tgetent), which takes the place of ours,
     * and with it of the modes that are given back. */
    (void)tcsetattr(t->in_fd, TCSADRAIN, &t->modes);
    /* Once more behind the way back to the first screen: libvterm's terminals keep "hidden" with the saved cursor (ESC 7) and bring
     * it back. */
    if (cap("cnorm"))
        write_raw(t, cap("cnorm"));
    if (t->depth == TERM_PALETTE && cap("oc"))
        write_raw(t, cap("oc"));
}

void term_close(struct term *t)
{
    if (!t)
        return;
    emergency_arm(false);
    if (t->screen) {
        if (!t->is_suspended)
            leave_screen(t);
        delscreen(t->screen);
    }
    if (t->in)
        fclose(t->in);
    if (t->out)
        fclose(t->out);
    ui_grid_release(&t->last);
    ls_buf_release(&t->paste);
    free(t);
}

bool term_is_ascii(const struct term *t)
{
    return t->is_ascii;
}

enum term_depth term_depth(const struct term *t)
{
    return t->depth;
}

int term_fd(const struct term *t)
{
    return t->in_fd;
}

void term_size(struct term *t, int *w, int *h)
{
    (void)t;
    *w = COLS;
    *h = LINES;
}

bool term_refresh_size(struct term *t)
{
    struct winsize ws;

    if (ioctl(t->out_fd, TIOCGWINSZ, &ws) != 0 || ws.ws_col == 0 || ws.ws_row == 0)
        return false;
    if (ws.ws_col == COLS && ws.ws_row == LINES)
        return false;
    (void)resizeterm(ws.ws_row, ws.ws_col);
    ui_grid_resize(&t->last, COLS, LINES);
    t->force = true;
    return true;
}

/* The palette slot for a colour: the nearest by its usual colour that no other colour has taken. */
static int take_slot(struct term *t, int32_t rgb)
{
    int want = theme_to_256(rgb);

    for (int i = 0; i < N_SLOTS - 16; i++) {
        int up = want + i, down = want - i;

        for (int k = 0; k < 2; k++) {
            int slot = k ? down : up;

            if (slot < 16 || slot >= N_SLOTS || (t->slot_rgb[slot] != 0 && t->slot_rgb[slot] != rgb))
                continue;
            if (t->slot_rgb[slot] == 0) {
                t->slot_rgb[slot] = rgb;
                (void)init_extended_color(slot, (rgb >> 16 & 255) * 1000 / 255, (rgb >> 8 & 255) * 1000 / 255,
                                          (rgb & 255) * 1000 / 255);
            }
            return slot;
        }
    }
    return want;
}

static int color_number(struct term *t, int32_t c, attr_t *attrs)
{
    if (c < 0)
        return -1;
    if (t->depth == TERM_DIRECT)
        return theme_to_direct(c, t->n_indexed);
    if ((c & 0x1000000) && t->depth == TERM_PALETTE)
        return take_slot(t, c);
    if ((c & 0x1000000) && t->depth == TERM_256)
        return theme_to_256(c);
    c = theme_to_16(c);
    if (t->n_colors < 16 && c >= 8) {
        if (attrs)
            *attrs |= A_BOLD;
        c -= 8;
    }
    return (int)c;
}

static short pair_of(struct term *t, int fg, int bg)
{
    if (fg < 0 && bg < 0)
        return 0;
    for (short i = 0; i < t->n_pairs; i++) {
        if (t->pairs[i].fg == fg && t->pairs[i].bg == bg)
            return (short)(i + 1);
    }
    if (t->n_pairs >= MAX_PAIRS || t->n_pairs + 1 >= COLOR_PAIRS)
        return 0;
    t->pairs[t->n_pairs].fg = fg;
    t->pairs[t->n_pairs].bg = bg;
    t->n_pairs++;
    (void)init_extended_pair(t->n_pairs, fg, bg);
    return t->n_pairs;
}

static const struct look *find_look(struct term *t, unsigned role, unsigned base)
{
    static const struct {
        unsigned ours;
        attr_t theirs;
    } map[] = {{THEME_BOLD, A_BOLD},
               {THEME_DIM, A_DIM},
               {THEME_UNDERLINE, A_UNDERLINE},
               {THEME_REVERSE, A_REVERSE},
               {THEME_ITALIC, A_ITALIC}};
    struct look *l = &t->looks[role][base];
    struct theme_style style;

    if (l->is_made)
        return l;
    style = theme_look(&t->theme, role, base);
    for (size_t i = 0; i < LS_ARRAY_LEN(map); i++) {
        if (style.attrs & map[i].ours)
            l->attrs |= map[i].theirs;
    }
    if (t->depth != TERM_MONO) {
        int fg = color_number(t, style.fg, &l->attrs), bg = color_number(t, style.bg, NULL);

        l->pair = pair_of(t, fg, bg);
    }
    l->is_made = true;
    return l;
}

void term_set_theme(struct term *t, const struct theme *theme)
{
    t->theme = *theme;
    memset(t->looks, 0, sizeof(t->looks));
    memset(t->slot_rgb, 0, sizeof(t->slot_rgb));
    t->n_pairs = 0;
    if (t->depth != TERM_MONO) {
        attr_t bold = 0;
        int fg = color_number(t, theme->role[ROLE_TEXT].fg, &bold), bg = color_number(t, theme->role[ROLE_TEXT].bg, NULL);

        /* Erased cells take the theme's own background, which makes erasing cheap. */
        (void)assume_default_colors(fg, bg);
    }
    t->force = true;
}

static void put_cell(struct term *t, const struct ui_grid *g, int x, int y)
{
    const struct ui_cell *c = &g->cells[(size_t)y * (size_t)g->w + (size_t)x];
    const struct look *l = find_look(t, c->role, c->base);
    const char *text = ui_cell_text(g, c);
    wchar_t wide[CCHARW_MAX + 1] = {L' '};
    size_t n = 0, len = c->len;
    cchar_t cc;

    while (len > 0 && n < CCHARW_MAX) {
        int32_t cp;
        size_t used = ls_utf8_decode(text, len, &cp);

        wide[n++] = cp < 0 ? L'?' : (wchar_t)cp;
        text += used;
        len -= used;
    }
    wide[n ? n : 1] = L'\0';
    if (setcchar(&cc, wide, l->attrs, l->pair, NULL) == ERR) {
        wide[0] = L'?';
        wide[1] = L'\0';
        (void)setcchar(&cc, wide, l->attrs, l->pair, NULL);
    }
    (void)mvadd_wch(y, x, &cc);
}

/* Keeps what was painted, cell by cell, so that the next paint knows what differs. */
static void remember(struct term *t, const struct ui_grid *g)
{
    size_t n = (size_t)g->w * (size_t)g->h;

    memcpy(t->last.cells, g->cells, n * sizeof(*g->cells));
    ls_buf_clear(&t->last.pool);
    ls_buf_add(&t->last.pool, g->pool.ptr, g->pool.len);
}

void term_paint(struct term *t, const struct ui_grid *g, int cursor_x, int cursor_y)
{
    if (t->is_dead || t->is_suspended || g->w != t->last.w || g->h != t->last.h)
        return;
    if (t->force)
        (void)clearok(stdscr, TRUE);
    for (int y = 0; y < g->h; y++) {
        for (int x = 0; x < g->w; x++) {
            size_t i = (size_t)y * (size_t)g->w + (size_t)x;

            if (g->cells[i].width == 0 || (!t->force && ui_cell_equal(g, &g->cells[i], &t->last, &t->last.cells[i])))
                continue;
            put_cell(t, g, x, y);
        }
    }
    t->force = false;
    remember(t, g);
    if (cursor_x >= 0) {
        (void)move(cursor_y, cursor_x);
        if (t->cursor_x < 0)
            (void)curs_set(1);
    } else if (t->cursor_x >= 0) {
        (void)curs_set(0);
    }
    t->cursor_x = cursor_x;
    (void)refresh();
}

void term_redraw(struct term *t)
{
    t->force = true;
}

static ui_key key_of_code(int code)
{
    static const struct {
        int code;
        ui_key key;
    } map[] = {
        {KEY_UP, UI_KEY_UP},       {KEY_DOWN, UI_KEY_DOWN}, {KEY_LEFT, UI_KEY_LEFT},    {KEY_RIGHT, UI_KEY_RIGHT},
        {KEY_HOME, UI_KEY_HOME},   {KEY_END, UI_KEY_END},   {KEY_PPAGE, UI_KEY_PGUP},   {KEY_NPAGE, UI_KEY_PGDN},
        {KEY_IC, UI_KEY_INS},      {KEY_DC, UI_KEY_DEL},    {KEY_BTAB, UI_KEY_BACKTAB}, {KEY_BACKSPACE, UI_KEY_BACKSPACE},
        {KEY_ENTER, UI_KEY_ENTER}, {KEY_FIND, UI_KEY_HOME}, {KEY_SELECT, UI_KEY_END},   {KEY_A1, UI_KEY_HOME},
        {KEY_A3, UI_KEY_PGUP},     {KEY_C1, UI_KEY_END},    {KEY_C3, UI_KEY_PGDN},
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(map); i++) {
        if (map[i].code == code)
            return map[i].key;
    }
    if (code >= KEY_F(1) && code <= KEY_F(12))
        return UI_KEY_F1 + (code - KEY_F(1));
    return UI_KEY_NONE;
}

static ui_key key_of_char(int32_t c)
{
    if (c == '\r' || c == '\n')
        return UI_KEY_ENTER;
    if (c == '\t' || c == UI_KEY_ESC || c == 0x7f)
        return c;
    if (c == '\b')
        return UI_KEY_BACKSPACE;
    if (c > 0 && c < 27)
        return UI_KEY_CTRL | ('a' + c - 1);
    return c >= 0x20 && c < UI_KEY_BASE ? c : UI_KEY_NONE;
}

static bool read_mouse(struct term *t, struct ui_event *ev)
{
    MEVENT m;
    int64_t now = ls_mono_ms();

    if (getmouse(&m) != OK)
        return false;
    ev->kind = UI_EV_MOUSE;
    ev->x = m.x;
    ev->y = m.y;
    if (m.bstate & BUTTON4_PRESSED) {
        ev->mouse = UI_MOUSE_WHEEL_UP;
    } else if (m.bstate & BUTTON5_PRESSED) {
        ev->mouse = UI_MOUSE_WHEEL_DOWN;
    } else if (m.bstate & BUTTON1_PRESSED) {
        bool is_double = now - t->click_ms <= DOUBLE_CLICK_MS && m.x == t->click_x && m.y == t->click_y;

        ev->mouse = is_double ? UI_MOUSE_DOUBLE : UI_MOUSE_CLICK;
        t->click_ms = is_double ? 0 : now;
        t->click_x = m.x;
        t->click_y = m.y;
    } else {
        return false;
    }
    return true;
}

/* Pasted text is data, never keys: a newline in it must not press a button. */
static void keep_pasted(struct term *t, wint_t c)
{
    if (t->paste.len >= MAX_PASTE)
        return;
    if (c == '\r')
        c = '\n';
    ui_key_name((ui_key)c < UI_KEY_BASE && c >= 0x20 ? (ui_key)c : UI_KEY_NONE, &t->paste);
    if (c == '\n' || c == '\t')
        ls_buf_addc(&t->paste, (char)c);
}

bool term_read(struct term *t, struct ui_event *ev)
{
    wint_t c;

    for (;;) {
        int kind = get_wch(&c);

        memset(ev, 0, sizeof(*ev));
        if (kind == ERR)
            return false;
        if (kind == KEY_CODE_YES && c == CODE_PASTE_BEGIN) {
            t->in_paste = true;
            ls_buf_clear(&t->paste);
        } else if (kind == KEY_CODE_YES && c == CODE_PASTE_END) {
            t->in_paste = false;
            ev->kind = UI_EV_PASTE;
            ev->text = t->paste.ptr;
            ev->text_len = t->paste.len;
            return true;
        } else if (t->in_paste) {
            if (kind != KEY_CODE_YES)
                keep_pasted(t, c);
        } else if (kind == KEY_CODE_YES && c == KEY_MOUSE) {
            if (read_mouse(t, ev))
                return true;
        } else {
            ev->kind = UI_EV_KEY;
            ev->key = kind == KEY_CODE_YES ? key_of_code((int)c) : key_of_char((int32_t)c);
            if (ev->key != UI_KEY_NONE)
                return true;
        }
    }
}

void term_flush_input(struct term *t)
{
    if (!t->is_dead)
        (void)flushinp();
    t->in_paste = false;
}

void term_suspend(struct term *t)
{
    if (t->is_suspended || t->is_dead)
        return;
    t->is_suspended = true;
    emergency_arm(false);
    leave_screen(t);
}

void term_resume(struct term *t)
{
    if (!t->is_suspended || t->is_dead)
        return;
    t->is_suspended = false;
    emergency_arm(true);
    reset_prog_mode();
    (void)flushinp(); /* typed at another program; before the first paint, which tells that we listen */
    (void)refresh();
    if (t->has_mouse) {
        write_raw(t, "\033[?2004h");
        (void)mousemask(0, NULL);
        (void)mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    }
    if (t->depth == TERM_PALETTE) {
        struct theme keep = t->theme;

        term_set_theme(t, &keep);
    }
    (void)curs_set(0);
    t->cursor_x = -1;
    t->force = true;
    (void)term_refresh_size(t);
}

void term_set_dead(struct term *t)
{
    t->is_dead = true;
    emergency_arm(false);
}

bool term_is_dead(const struct term *t)
{
    return t->is_dead;
}
