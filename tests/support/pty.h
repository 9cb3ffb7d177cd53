/* tests/support/pty.h: the real binary in a pseudo-terminal, its bytes read by libvterm. Everything waits for a condition with a timeout;
 * nothing sleeps. Failing waits print the screen and abort the test through cmocka's fail(). */
#ifndef TEST_SUPPORT_PTY_H
#define TEST_SUPPORT_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pty;

struct pty_options {
    int rows, cols;          /* 0 = 24, 80 */
    const char *cwd;         /* NULL = here */
    const char *const *env;  /* "NAME=value" pairs set over the inherited ones, "NAME" alone unsets; NULL-terminated; NULL = none */
    const char *term;        /* TERM; NULL = xterm-256color */
};

/* argv NULL-terminated; argv[0] is a path. */
struct pty *pty_start(const char *const *argv, const struct pty_options *opt);
void pty_free(struct pty *p); /* kills what still runs, reaps it, checks nothing */

/* Bytes typed; keys by name: "<Enter> <Esc> <Up> <Down> <Left> <Right> <PgUp> <PgDn> <Home> <End> <Tab> <BS> <C-x>" inside the text. */
void pty_keys(struct pty *p, const char *keys);
void pty_raw(struct pty *p, const char *bytes, size_t len);

/* Reads what comes until the screen contains text (anywhere, one line) or timeout; false on timeout or when the program ended without it. */
bool pty_wait_text(struct pty *p, const char *text, int timeout_ms);
bool pty_wait_gone(struct pty *p, const char *text, int timeout_ms); /* until the text is not on the screen */
/* Until nothing has come for quiet_ms (bounded by timeout_ms). */
void pty_settle(struct pty *p, int quiet_ms, int timeout_ms);
/* Exit status as waitpid gives it, or -1 on timeout. */
int pty_wait_exit(struct pty *p, int timeout_ms);
/* As pty_wait_text / pty_wait_exit, but a miss fails the test and shows the screen. */
void pty_expect(struct pty *p, const char *text);
void pty_expect_gone(struct pty *p, const char *text);
int pty_expect_exit(struct pty *p);

void pty_resize(struct pty *p, int rows, int cols); /* sends SIGWINCH through the kernel */
void pty_hangup(struct pty *p);                     /* closes our end: the program's terminal is gone */
pid_t pty_pid(const struct pty *p);

/* As pty_expect, whatever the columns are: blanks in a line count as one, so "applied 001 t1" finds "  applied      001  t1". */
void pty_expect_words(struct pty *p, const char *words);
int pty_find_words(struct pty *p, const char *words);
void pty_squeeze(char *line); /* blanks, and the lines that frames are drawn with, become one blank */
/* Waits until the bytes written since the last reset hold this text. */
void pty_expect_bytes(struct pty *p, const char *text);
/* Waits until this text stands in this row. */
void pty_expect_in_row(struct pty *p, int row, const char *text);
/* Waits until this character stands in this cell. */
void pty_expect_cell(struct pty *p, int row, int col, uint32_t ch);
/* The program ends by itself with this exit code, and has given the terminal back: modes, first screen, visible cursor. */
void pty_expect_left(struct pty *p, int code);
void pty_expect_restored(struct pty *p);

/* One line of the screen as UTF-8 without trailing spaces, 0-based; caller frees. */
char *pty_line(struct pty *p, int row);
char *pty_screen(struct pty *p); /* all lines with \n; caller frees */
/* Row of the first line that contains text, -1 none. */
int pty_find(struct pty *p, const char *text);
struct pty_cell { uint32_t ch; bool bold, reverse, underline; bool fg_default, bg_default; uint8_t fg[3], bg[3]; };
struct pty_cell pty_cell_at(struct pty *p, int row, int col);
bool pty_altscreen(const struct pty *p);
bool pty_cursor_visible(const struct pty *p);
/* Everything the program wrote since the start or the last pty_bytes_reset: count, and the raw bytes (borrowed until the next read). */
size_t pty_bytes(struct pty *p, const char **raw);
void pty_bytes_reset(struct pty *p);
/* Terminal settings of the slave now equal those at the start. */
bool pty_termios_restored(struct pty *p);

#endif
