/* tui/emergency.c: gives the terminal back from a signal handler, where ncurses may not be called: a prepared string and the saved
 * modes. One terminal per process, so there is one such state. */
#include <config.h>

#include "tui/emergency.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "tui/term.h"

static struct {
    volatile int is_on; /* the terminal is ours now */
    int fd;
    struct termios modes;
    char text[256];
    size_t len;
} emergency;

void term_emergency_restore(void)
{
    int saved = errno;

    if (!emergency.is_on)
        return;
    emergency.is_on = 0;
    if (write(emergency.fd, emergency.text, emergency.len) < 0) {
        /* Nothing can be done about it. */
    }
    (void)tcsetattr(emergency.fd, TCSANOW, &emergency.modes);
    errno = saved;
}

void emergency_begin(int fd, const struct termios *modes)
{
    emergency.is_on = 0;
    emergency.fd = fd;
    emergency.modes = *modes;
    emergency.len = 0;
}

void emergency_add(const char *s)
{
    while (s && *s && emergency.len + 1 < sizeof(emergency.text)) {
        const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;

        if (end)
            s = end + 1;
        else
            emergency.text[emergency.len++] = *s++;
    }
}

void emergency_arm(bool is_on)
{
    emergency.is_on = is_on;
}
