#include <config.h>

#include "lockstep/base/text.h"

#include <string.h>
#include <utf8proc.h>

#include "base/width.h"

#define MAX_MARKS 4

/* One walk over the text. Clean text is not copied character by character: [from, at) is what still has to be copied as it is. */
struct walk {
    struct ls_buf *out;
    const char *text;
    size_t len, at, from;
    unsigned flags;
    size_t tokens;
    size_t col; /* cells since the last line break, for tabs */
    bool base;  /* a character that a mark may join is in front of us */
    int marks;  /* on that base so far; MAX_MARKS + 1 once the rest is being dropped */
};

static void flush(struct walk *w)
{
    ls_buf_add(w->out, w->text + w->from, w->at - w->from);
    w->from = w->at;
}

/* Leaves n bytes out. */
static void skip(struct walk *w, size_t n)
{
    flush(w);
    w->at += n;
    w->from = w->at;
}

/* A token in place of the next n bytes. */
static void token(struct walk *w, size_t n, const char *before, unsigned width, unsigned value, const char *after)
{
    skip(w, n);
    size_t start = w->out->len;

    ls_buf_addf(w->out, "<%s%0*X%s>", before, (int)width, value, after);
    w->col += w->out->len - start;
    w->tokens++;
    w->base = false;
    w->marks = 0;
}

/* Length of the run of printable ASCII; eight bytes at a time, as this is on the way to the screen. */
static size_t plain_run(const char *text, size_t len)
{
    const uint64_t ones = 0x0101010101010101U, high = ones * 0x80;
    size_t n = 0;

    while (len - n >= sizeof(uint64_t)) {
        uint64_t v;

        memcpy(&v, text + n, sizeof(v));
        uint64_t below = (v - ones * 0x20) | v;  /* high bit: below U+0020 (or borrowed from such a byte), or above U+007F */
        uint64_t del = (v ^ ones * 0x7F) - ones; /* high bit: DEL (or borrowed); other high bits are caught above */

        if ((below | (del & ~v)) & high)
            break;
        n += sizeof(v);
    }
    while (n < len && (uint8_t)text[n] - 0x20U < 0x5FU)
        n++;
    return n;
}

static void plain(struct walk *w, size_t n)
{
    w->at += n;
    w->col += n;
    w->base = true;
    w->marks = 0;
}

static void control(struct walk *w, uint8_t c)
{
    bool multiline = w->flags & LS_UI_TEXT_MULTILINE;

    if (multiline && c == '\n') {
        w->at++;
        w->col = 0;
        w->base = false;
    } else if (multiline && c == '\r' && w->at + 1 < w->len && w->text[w->at + 1] == '\n') {
        skip(w, 1);
    } else if (multiline && c == '\t') {
        size_t stop = w->flags & LS_UI_TEXT_TAB4 ? 4 : 8;
        size_t n = stop - w->col % stop;

        skip(w, 1);
        ls_buf_repeat(w->out, ' ', n);
        w->col += n;
        w->base = false;
    } else {
        token(w, 1, "", 2, c, "");
    }
}

/* Controls, format characters (bidi, zero width, tags), separators, surrogates, private and unassigned, and everything that
 * Unicode calls ignorable: variation selectors, fillers, joiners. */
static bool is_unsafe(const utf8proc_property_t *p)
{
    switch (p->category) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return p->ignorable;
    }
}

/* Something without width: it goes on top of the character before, if there is one, and if that does not hold four already. */
static void mark(struct walk *w, size_t n, unsigned cp)
{
    if (w->marks > MAX_MARKS) {
        skip(w, n);
    } else if (w->marks < MAX_MARKS && w->base) {
        w->at += n;
        w->marks++;
    } else if (w->marks < MAX_MARKS) {
        int seen = w->marks;

        token(w, n, "U+", 4, cp, "");
        w->marks = seen + 1;
    } else {
        token(w, n, "U+", 4, cp, "...");
        w->marks = MAX_MARKS + 1;
    }
}

static void beyond_ascii(struct walk *w)
{
    int32_t cp;
    size_t n = ls_utf8_decode(w->text + w->at, w->len - w->at, &cp);

    if (cp < 0) {
        token(w, 1, "x", 2, (uint8_t)w->text[w->at], "");
        return;
    }
    if (w->flags & LS_UI_TEXT_ASCII || is_unsafe(utf8proc_get_property(cp))) {
        token(w, n, "U+", 4, (unsigned)cp, "");
        return;
    }
    int cells = ls_char_cells(cp);

    if (cells == 0) {
        mark(w, n, (unsigned)cp);
    } else {
        w->at += n;
        w->col += (size_t)cells;
        w->base = true;
        w->marks = 0;
    }
}

size_t ls_ui_text(struct ls_buf *out, const char *text, size_t len, unsigned flags)
{
    struct walk w = {.out = out, .text = text, .len = len, .flags = flags};

    if (len == 0) /* text may be NULL then */
        return 0;
    while (w.at < len) {
        size_t n = plain_run(text + w.at, len - w.at);

        if (n > 0) {
            plain(&w, n);
            continue;
        }
        uint8_t c = (uint8_t)text[w.at];

        if (c < 0x80)
            control(&w, c);
        else
            beyond_ascii(&w);
    }
    flush(&w);
    return w.tokens;
}

void ls_ui_text_line(struct ls_buf *out, const char *text)
{
    if (text)
        ls_ui_text(out, text, strlen(text), LS_UI_TEXT_LINE);
}
