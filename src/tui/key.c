/* tui/key.c: names of keys, both ways. */
#include <config.h>

#include "tui/key.h"

#include <string.h>
#include <strings.h>

#include "lockstep/base/text.h"

static const struct {
    const char *name;
    ui_key key;
} names[] = {
    {"Tab", UI_KEY_TAB}, {"Enter", UI_KEY_ENTER}, {"Esc", UI_KEY_ESC}, {"Space", UI_KEY_SPACE}, {"Backspace", UI_KEY_BACKSPACE},
#define X(e, n) {n, UI_KEY_##e},
    UI_KEYS(X)
#undef X
};

static void add_code_point(struct ls_buf *out, int32_t cp)
{
    if (cp < 0x80) {
        ls_buf_addc(out, (char)cp);
    } else if (cp < 0x800) {
        ls_buf_addc(out, (char)(0xc0 | cp >> 6));
        ls_buf_addc(out, (char)(0x80 | (cp & 63)));
    } else if (cp < 0x10000) {
        ls_buf_addc(out, (char)(0xe0 | cp >> 12));
        ls_buf_addc(out, (char)(0x80 | (cp >> 6 & 63)));
        ls_buf_addc(out, (char)(0x80 | (cp & 63)));
    } else {
        ls_buf_addc(out, (char)(0xf0 | cp >> 18));
        ls_buf_addc(out, (char)(0x80 | (cp >> 12 & 63)));
        ls_buf_addc(out, (char)(0x80 | (cp >> 6 & 63)));
        ls_buf_addc(out, (char)(0x80 | (cp & 63)));
    }
}

void ui_key_name(ui_key k, struct ls_buf *out)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++) {
        if (names[i].key == k) {
            ls_buf_adds(out, names[i].name);
            return;
        }
    }
    if (k & UI_KEY_CTRL) {
        ls_buf_adds(out, "C-");
        k &= ~UI_KEY_CTRL;
    }
    if (k > 0 && k < UI_KEY_BASE)
        add_code_point(out, k);
}

ui_key ui_key_parse(const char *name)
{
    size_t len = strlen(name);
    int32_t cp;

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++) {
        if (strcasecmp(names[i].name, name) == 0)
            return names[i].key;
    }
    if (len == 3 && (name[0] == 'C' || name[0] == 'c') && name[1] == '-') {
        char c = name[2];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        /* C-i, C-m, C-[ are Tab, Enter and Esc to every terminal. */
        if (c < 'a' || c > 'z' || c == 'i' || c == 'm')
            return UI_KEY_NONE;
        return UI_KEY_CTRL | c;
    }
    if (len == 0 || ls_utf8_decode(name, len, &cp) != len || cp <= 0x20)
        return UI_KEY_NONE;
    return cp;
}
