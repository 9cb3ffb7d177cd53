/* What is typed, and how what is seen is compared: what needs no look into the terminal. */
#include <config.h>

#include "pty.h"

#include <string.h>

static const struct {
    const char *name, *bytes;
} key_names[] = {
    {"<Enter>", "\r"},     {"<Esc>", "\033"},    {"<Up>", "\033OA"},     {"<Down>", "\033OB"},   {"<Right>", "\033OC"}, {"<Left>", "\033OD"},
    {"<PgUp>", "\033[5~"}, {"<PgDn>", "\033[6~"}, {"<Home>", "\033OH"}, {"<End>", "\033OF"}, {"<Tab>", "\t"},       {"<BS>", "\177"},
    {"<Space>", " "},      {"<F1>", "\033OP"},   {"<Lt>", "<"},
};

void pty_keys(struct pty *p, const char *keys)
{
    while (*keys) {
        size_t used = 0;
        if (keys[0] == '<' && keys[1] == 'C' && keys[2] == '-' && keys[3] && keys[4] == '>') {
            char c = (char)(keys[3] & 0x1f);
            pty_raw(p, &c, 1);
            used = 5;
        }
        for (size_t i = 0; !used && i < sizeof key_names / sizeof key_names[0]; i++) {
            size_t n = strlen(key_names[i].name);
            if (strncmp(keys, key_names[i].name, n) == 0) {
                pty_raw(p, key_names[i].bytes, strlen(key_names[i].bytes));
                used = n;
            }
        }
        if (!used) {
            pty_raw(p, keys, 1);
            used = 1;
        }
        keys += used;
    }
}

void pty_squeeze(char *line)
{
    static const char *const frames[] = {"\u2502", "\u2503"};
    char *out = line;
    for (const char *in = line; *in;) {
        size_t frame = 0;
        for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
            if (strncmp(in, frames[i], strlen(frames[i])) == 0) {
                frame = strlen(frames[i]);
            }
        }
        if (*in == ' ' || frame) {
            in += frame ? frame : 1;
            if (out > line && out[-1] != ' ') {
                *out++ = ' ';
            }
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
}
