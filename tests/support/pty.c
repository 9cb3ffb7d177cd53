#include <config.h>

#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>
#include <vterm.h>

#define PTY_TIMEOUT_MS 60000
#define PTY_QUIET_MS 3

/* Nothing to a terminal: what is written behind a program's last bytes, to know when all of them have been read. */
static const char end_mark[] = "\033[7777z";

struct pty {
    pid_t pid;
    int master, slave; /* the slave stays open here so that its settings can be read after the program ended */
    int rows, cols;
    bool ended, altscreen, cursor_visible; /* ended: and all that it wrote has been read */
    int status;
    VTerm *vt;
    VTermScreen *screen;
    struct termios before;
    char *raw;
    size_t raw_len, raw_cap;
};

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int on_prop(VTermProp prop, VTermValue *val, void *user)
{
    struct pty *p = user;
    if (prop == VTERM_PROP_ALTSCREEN) {
        p->altscreen = val->boolean != 0;
    } else if (prop == VTERM_PROP_CURSORVISIBLE) {
        p->cursor_visible = val->boolean != 0;
    }
    return 1;
}

static const VTermScreenCallbacks screen_callbacks = {.settermprop = on_prop};

/* Answers of the terminal (cursor position reports and the like) go back to the program. */
static void on_output(const char *bytes, size_t len, void *user)
{
    pty_raw(user, bytes, len);
}

static void child_exec(const char *const *argv, const struct pty_options *opt, int slave)
{
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++) {
        dup2(slave, fd);
    }
    for (int fd = 3; fd < 256; fd++) {
        close(fd);
    }
    setenv("TERM", opt->term ? opt->term : "xterm-256color", 1);
    unsetenv("COLUMNS");
    unsetenv("LINES");
    for (const char *const *e = opt->env; e && *e; e++) {
        const char *eq = strchr(*e, '=');
        if (eq) {
            char name[128];
            snprintf(name, sizeof name, "%.*s", (int)(eq - *e), *e);
            setenv(name, eq + 1, 1);
        } else {
            unsetenv(*e);
        }
    }
    if (opt->cwd && chdir(opt->cwd) != 0) {
        _exit(126);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int sig = 1; sig < 32; sig++) {
        signal(sig, SIG_DFL);
    }
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

struct pty *pty_start(const char *const *argv, const struct pty_options *opt)
{
    static const struct pty_options defaults;
    if (!opt) {
        opt = &defaults;
    }
    struct pty *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->rows = opt->rows ? opt->rows : 24;
    p->cols = opt->cols ? opt->cols : 80;
    p->cursor_visible = true;
    struct winsize ws = {.ws_row = (unsigned short)p->rows, .ws_col = (unsigned short)p->cols};
    assert_int_equal(openpty(&p->master, &p->slave, NULL, NULL, &ws), 0);
    tcgetattr(p->slave, &p->before);
    p->vt = vterm_new(p->rows, p->cols);
    vterm_set_utf8(p->vt, 1);
    vterm_output_set_callback(p->vt, on_output, p);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_set_callbacks(p->screen, &screen_callbacks, p);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
    p->pid = fork();
    if (p->pid == 0) {
        child_exec(argv, opt, p->slave);
    }
    assert_true(p->pid > 0);
    fcntl(p->master, F_SETFL, O_NONBLOCK);
    fcntl(p->master, F_SETFD, FD_CLOEXEC);
    fcntl(p->slave, F_SETFD, FD_CLOEXEC);
    return p;
}

void pty_free(struct pty *p)
{
    if (!p) {
        return;
    }
    if (!p->ended) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, &p->status, 0);
    }
    if (p->master >= 0) {
        close(p->master);
    }
    if (p->slave >= 0) {
        close(p->slave);
    }
    vterm_free(p->vt);
    free(p->raw);
    free(p);
}

static void keep_raw(struct pty *p, const char *bytes, size_t len)
{
    if (p->raw_len + len > p->raw_cap) {
        p->raw_cap = (p->raw_len + len) * 2;
        p->raw = realloc(p->raw, p->raw_cap);
        assert_non_null(p->raw);
    }
    memcpy(p->raw + p->raw_len, bytes, len);
    p->raw_len += len;
}

static bool read_some(struct pty *p, int wait_ms);

static bool has_bytes(const struct pty *p, const char *text)
{
    return p->raw_len && memmem(p->raw, p->raw_len, text, strlen(text)) != NULL;
}

/* The kernel hands a terminal's bytes on in its own time: the last may come long after the news of the exit. */
static void read_the_rest(struct pty *p)
{
    int64_t end = now_ms() + PTY_TIMEOUT_MS;
    if (p->master < 0) {
        return;
    }
    while (read_some(p, 0)) {
    }
    if (write(p->slave, end_mark, strlen(end_mark)) != (ssize_t)strlen(end_mark)) {
        return;
    }
    while (!has_bytes(p, end_mark) && now_ms() < end) {
        read_some(p, 20);
    }
    if (has_bytes(p, end_mark)) {
        p->raw_len -= strlen(end_mark);
    }
}

static void reap(struct pty *p)
{
    if (!p->ended && waitpid(p->pid, &p->status, WNOHANG) == p->pid) {
        p->ended = true;
        read_the_rest(p);
    }
}

/* Reads once, waiting at most wait_ms; true when something came. */
static bool read_some(struct pty *p, int wait_ms)
{
    if (p->master < 0) {
        reap(p);
        if (!p->ended) {
            poll(NULL, 0, wait_ms < 10 ? wait_ms : 10);
        }
        return false;
    }
    struct pollfd pfd = {.fd = p->master, .events = POLLIN};
    if (poll(&pfd, 1, wait_ms) > 0 && (pfd.revents & POLLIN)) {
        char bytes[65536];
        ssize_t n = read(p->master, bytes, sizeof bytes);
        if (n > 0) {
            keep_raw(p, bytes, (size_t)n);
            vterm_input_write(p->vt, bytes, (size_t)n);
            vterm_screen_flush_damage(p->screen);
            return true;
        }
    }
    reap(p);
    return false;
}

void pty_raw(struct pty *p, const char *bytes, size_t len)
{
    int64_t end = now_ms() + PTY_TIMEOUT_MS;
    while (len && p->master >= 0 && now_ms() < end) {
        ssize_t n = write(p->master, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            read_some(p, 10);
        } else {
            return;
        }
    }
}

static size_t put_utf8(char *out, uint32_t ch)
{
    if (ch < 0x80) {
        out[0] = (char)ch;
        return 1;
    }
    if (ch < 0x800) {
        out[0] = (char)(0xc0 | (ch >> 6));
        out[1] = (char)(0x80 | (ch & 0x3f));
        return 2;
    }
    if (ch < 0x10000) {
        out[0] = (char)(0xe0 | (ch >> 12));
        out[1] = (char)(0x80 | ((ch >> 6) & 0x3f));
        out[2] = (char)(0x80 | (ch & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | (ch >> 18));
    out[1] = (char)(0x80 | ((ch >> 12) & 0x3f));
    out[2] = (char)(0x80 | ((ch >> 6) & 0x3f));
    out[3] = (char)(0x80 | (ch & 0x3f));
    return 4;
}

char *pty_line(struct pty *p, int row)
{
    char *out = calloc(1, (size_t)p->cols * VTERM_MAX_CHARS_PER_CELL * 4 + 1);
    assert_non_null(out);
    size_t len = 0;
    for (int col = 0; col < p->cols; col++) {
        VTermScreenCell cell;
        vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &cell);
        if (cell.chars[0] == (uint32_t)-1) {
            continue; /* right half of a wide character */
        }
        if (!cell.chars[0]) {
            out[len++] = ' ';
        }
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++) {
            len += put_utf8(out + len, cell.chars[i]);
        }
    }
    while (len && out[len - 1] == ' ') {
        len--;
    }
    out[len] = '\0';
    return out;
}

char *pty_screen(struct pty *p)
{
    char *out = calloc(1, (size_t)p->rows * ((size_t)p->cols * VTERM_MAX_CHARS_PER_CELL * 4 + 1) + 1);
    assert_non_null(out);
    size_t len = 0;
    for (int row = 0; row < p->rows; row++) {
        char *line = pty_line(p, row);
        size_t n = strlen(line);
        memcpy(out + len, line, n);
        len += n;
        out[len++] = '\n';
        free(line);
    }
    return out;
}

int pty_find(struct pty *p, const char *text)
{
    int found = -1;
    for (int row = 0; found < 0 && row < p->rows; row++) {
        char *line = pty_line(p, row);
        if (strstr(line, text)) {
            found = row;
        }
        free(line);
    }
    return found;
}

int pty_find_words(struct pty *p, const char *words)
{
    int found = -1;
    for (int row = 0; found < 0 && row < p->rows; row++) {
        char *line = pty_line(p, row);
        pty_squeeze(line);
        if (strstr(line, words)) {
            found = row;
        }
        free(line);
    }
    return found;
}

/* Whether the first thread of what has the terminal wants the processor: it may have been taken from it within a frame. */
static bool is_at_work(struct pty *p)
{
    pid_t front = p->master >= 0 ? tcgetpgrp(p->master) : -1;
    char path[64], stat[256] = "", *name_end;
    FILE *f;

    if (p->ended || front <= 0) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/stat", (long)front, (long)front);
    f = fopen(path, "re");
    if (!f) {
        return false;
    }
    name_end = fgets(stat, sizeof stat, f) ? strrchr(stat, ')') : NULL;
    fclose(f);
    return name_end && name_end[1] == ' ' && name_end[2] == 'R';
}

/* A frame may come in pieces: what holds must hold when nothing more is under way. */
static bool is_whole(struct pty *p)
{
    return !read_some(p, PTY_QUIET_MS) && !is_at_work(p) && !read_some(p, PTY_QUIET_MS);
}

static bool wait_for(struct pty *p, int (*find)(struct pty *, const char *), const char *text, bool present, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    for (;;) {
        while (read_some(p, 0)) {
        }
        bool ended = p->ended, holds = (find(p, text) >= 0) == present;
        if (holds && is_whole(p)) {
            return true;
        }
        if (now_ms() >= end || ended) {
            return false;
        }
        if (!holds && !p->ended) {
            read_some(p, 50);
        }
    }
}

bool pty_wait_text(struct pty *p, const char *text, int timeout_ms)
{
    return wait_for(p, pty_find, text, true, timeout_ms);
}

bool pty_wait_gone(struct pty *p, const char *text, int timeout_ms)
{
    return wait_for(p, pty_find, text, false, timeout_ms);
}

void pty_settle(struct pty *p, int quiet_ms, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    while (now_ms() < end && read_some(p, quiet_ms)) {
    }
}

int pty_wait_exit(struct pty *p, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    while (!p->ended && now_ms() < end) {
        read_some(p, 20);
    }
    return p->ended ? p->status : -1;
}

static void show_and_fail(struct pty *p, const char *what, const char *text)
{
    char *screen = pty_screen(p);
    /* Not print_error(): it cuts at a kilobyte. */
    fprintf(stderr, "# %s: %s%s\n%s\n", what, text, p->ended ? " (the program has ended)" : "", screen);
    free(screen);
    fail();
}

void pty_expect(struct pty *p, const char *text)
{
    if (!pty_wait_text(p, text, PTY_TIMEOUT_MS)) {
        show_and_fail(p, "not on the screen", text);
    }
}

void pty_expect_gone(struct pty *p, const char *text)
{
    if (!pty_wait_gone(p, text, PTY_TIMEOUT_MS)) {
        show_and_fail(p, "still on the screen", text);
    }
}

void pty_expect_words(struct pty *p, const char *words)
{
    if (!wait_for(p, pty_find_words, words, true, PTY_TIMEOUT_MS)) {
        show_and_fail(p, "not on the screen", words);
    }
}

void pty_expect_bytes(struct pty *p, const char *text)
{
    int64_t end = now_ms() + PTY_TIMEOUT_MS;
    while (!has_bytes(p, text)) {
        if (p->ended || now_ms() > end) {
            show_and_fail(p, "was not written", text);
        }
        read_some(p, 20);
    }
}

void pty_expect_in_row(struct pty *p, int row, const char *text)
{
    int64_t end = now_ms() + PTY_TIMEOUT_MS;
    for (;;) {
        char *line = pty_line(p, row);
        bool is_there = strstr(line, text) != NULL;
        free(line);
        if (is_there) {
            return;
        }
        if (p->ended || now_ms() > end) {
            show_and_fail(p, "not in its row", text);
        }
        read_some(p, 20);
    }
}

void pty_expect_cell(struct pty *p, int row, int col, uint32_t ch)
{
    int64_t end = now_ms() + PTY_TIMEOUT_MS;
    while (pty_cell_at(p, row, col).ch != ch) {
        if (p->ended || now_ms() > end) {
            char what[64];
            snprintf(what, sizeof what, "U+%04X is not in row %d, column %d", ch, row, col);
            show_and_fail(p, what, "");
        }
        read_some(p, 20);
    }
}

/* The end of what the program wrote, for a look at how it left. */
static void show_tail(struct pty *p)
{
    fputs("# the last bytes: ", stderr);
    for (size_t i = p->raw_len > 120 ? p->raw_len - 120 : 0; i < p->raw_len; i++) {
        unsigned char c = (unsigned char)p->raw[i];
        fprintf(stderr, c < 0x20 || c > 0x7e ? "\\x%02x" : "%c", c);
    }
    fputc('\n', stderr);
}

void pty_expect_restored(struct pty *p)
{
    if (!pty_termios_restored(p)) {
        show_and_fail(p, "the terminal's modes were not given back", "");
    }
    for (int64_t end = now_ms() + PTY_TIMEOUT_MS; !p->ended && (p->altscreen || !p->cursor_visible) && now_ms() < end;) {
        read_some(p, 20);
    }
    if (p->altscreen || !p->cursor_visible) {
        show_tail(p);
        show_and_fail(p, p->altscreen ? "still on the second screen" : "the cursor stayed hidden", "");
    }
}

void pty_expect_left(struct pty *p, int code)
{
    int status = pty_expect_exit(p);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
        char what[64];
        snprintf(what, sizeof what, "%s %d instead of exit code %d", WIFEXITED(status) ? "exit code" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), code);
        show_and_fail(p, what, "");
    }
    pty_expect_restored(p);
}

int pty_expect_exit(struct pty *p)
{
    int status = pty_wait_exit(p, PTY_TIMEOUT_MS);
    if (status == -1) {
        show_and_fail(p, "still running", "");
    }
    return status;
}

void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    p->rows = rows;
    p->cols = cols;
    vterm_set_size(p->vt, rows, cols);
    ioctl(p->master, TIOCSWINSZ, &ws);
}

void pty_hangup(struct pty *p)
{
    close(p->slave);
    close(p->master);
    p->slave = p->master = -1;
}

pid_t pty_pid(const struct pty *p)
{
    return p->pid;
}

struct pty_cell pty_cell_at(struct pty *p, int row, int col)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &cell);
    struct pty_cell out = {
        .ch = cell.chars[0],
        .bold = cell.attrs.bold,
        .reverse = cell.attrs.reverse,
        .underline = cell.attrs.underline != 0,
        .fg_default = VTERM_COLOR_IS_DEFAULT_FG(&cell.fg),
        .bg_default = VTERM_COLOR_IS_DEFAULT_BG(&cell.bg),
    };
    vterm_screen_convert_color_to_rgb(p->screen, &cell.fg);
    vterm_screen_convert_color_to_rgb(p->screen, &cell.bg);
    memcpy(out.fg, (uint8_t[]){cell.fg.rgb.red, cell.fg.rgb.green, cell.fg.rgb.blue}, 3);
    memcpy(out.bg, (uint8_t[]){cell.bg.rgb.red, cell.bg.rgb.green, cell.bg.rgb.blue}, 3);
    return out;
}

bool pty_altscreen(const struct pty *p)
{
    return p->altscreen;
}

bool pty_cursor_visible(const struct pty *p)
{
    return p->cursor_visible;
}

size_t pty_bytes(struct pty *p, const char **raw)
{
    if (raw) {
        *raw = p->raw;
    }
    return p->raw_len;
}

void pty_bytes_reset(struct pty *p)
{
    p->raw_len = 0;
}

bool pty_termios_restored(struct pty *p)
{
    struct termios now;
    return p->slave >= 0 && tcgetattr(p->slave, &now) == 0 && now.c_lflag == p->before.c_lflag && now.c_iflag == p->before.c_iflag &&
           now.c_oflag == p->before.c_oflag && memcmp(now.c_cc, p->before.c_cc, sizeof now.c_cc) == 0;
}
