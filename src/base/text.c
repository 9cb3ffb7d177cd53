#include <config.h>

#include "lockstep/base/text.h"

#include <limits.h>
#include <string.h>
#include <utf8proc.h>

#include "base/width.h"

#define FIRST_MARK_LEAD 0xCC /* lead byte of U+0300; nothing below it joins the character before */

/* Where utf8proc 2.8 and the wcwidth() of glibc 2.36 disagree on printable characters. Curses and most terminals go by the
 * latter, and a table that they do not share breaks every column behind the character. */
static const struct {
    int32_t first, last;
    int cells;
} exceptions[] = {
    {0x1160, 0x11FF, 0}, /* Hangul vowels and finals: drawn into the syllable in front */
    {0x3248, 0x324F, 2}, /* circled numbers on black squares */
    {0x4DC0, 0x4DFF, 2}, /* hexagrams */
    {0xD7B0, 0xD7FF, 0}, /* more Hangul vowels and finals */
};

int ls_char_cells(int32_t cp)
{
    const utf8proc_property_t *p = utf8proc_get_property(cp);

    if (p->category == UTF8PROC_CATEGORY_MC) /* spacing marks have a place of their own; utf8proc says 0 */
        return 1;
    if (cp >= exceptions[0].first && cp <= exceptions[LS_ARRAY_LEN(exceptions) - 1].last)
        for (size_t i = 0; i < LS_ARRAY_LEN(exceptions); i++)
            if (cp >= exceptions[i].first && cp <= exceptions[i].last)
                return exceptions[i].cells;
    return p->charwidth;
}

/* Well-formed UTF-8 only (Unicode 3.9, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t ls_utf8_decode(const char *text, size_t len, int32_t *cp)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t more;
    uint32_t c, least;

    *cp = -1;
    if (len == 0)
        return 0;
    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 1;
    more = s[0] < 0xE0 ? 1 : s[0] < 0xF0 ? 2 : 3;
    least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
    if (len <= more)
        return 1;
    c = s[0] & (0x3FU >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 1;
        c = c << 6 | (s[i] & 0x3FU);
    }
    if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 1;
    *cp = (int32_t)c;
    return more + 1;
}

bool ls_utf8_valid(const char *text, size_t len, size_t *bad_offset)
{
    for (size_t i = 0; i < len;) {
        uint64_t eight;
        int32_t cp;

        if (len - i >= sizeof(eight)) { /* most texts are ASCII: eight bytes at a time */
            memcpy(&eight, text + i, sizeof(eight));
            if ((eight & 0x8080808080808080U) == 0) {
                i += sizeof(eight);
                continue;
            }
        }
        if ((uint8_t)text[i] < 0x80) {
            i++;
            continue;
        }
        size_t n = ls_utf8_decode(text + i, len - i, &cp);

        if (cp < 0) {
            if (bad_offset)
                *bad_offset = i;
            return false;
        }
        i += n;
    }
    return true;
}

/* What a terminal puts into a cell: one character that takes room, and the ones without width that join it. Two characters
 * with width are never one here, whatever Unicode says of them (an emoji and its skin tone): terminals differ on those, and
 * a curses cell holds one. */
size_t ls_text_next(const char *text, size_t len, int *cells)
{
    int32_t cp, next;
    size_t at;

    if (len == 0) {
        *cells = 0;
        return 0;
    }
    at = ls_utf8_decode(text, len, &cp);
    if (cp < 0) { /* shown as one replacement character */
        *cells = 1;
        return 1;
    }
    if (cp < 0x7F)
        *cells = cp >= 0x20;
    else
        *cells = ls_char_cells(cp);
    while (at < len && (uint8_t)text[at] >= FIRST_MARK_LEAD) {
        size_t n = ls_utf8_decode(text + at, len - at, &next);

        if (next < 0 || ls_char_cells(next) != 0 || utf8proc_grapheme_break(cp, next))
            break;
        at += n;
        cp = next;
    }
    return at;
}

/* Length of the run of printable ASCII in front of the last one of which nothing joins. */
static size_t ascii_run(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && (uint8_t)text[n] - 0x20U < 0x5FU)
        n++;
    /* The last one may have a mark behind it. */
    return n < len && n > 0 && (uint8_t)text[n] >= FIRST_MARK_LEAD ? n - 1 : n;
}

int ls_text_width(const char *text, size_t len)
{
    int width;

    ls_text_fit(text, len, INT_MAX, &width);
    return width;
}

size_t ls_text_fit(const char *text, size_t len, int max_cells, int *cells)
{
    size_t at = 0;
    int width = 0;

    while (at < len) {
        size_t room = max_cells > width ? (size_t)(max_cells - width) : 0;
        size_t left = len - at;
        size_t run = ascii_run(text + at, left < room ? left : room);

        /* The window may end just before a mark. */
        if (run > 0 && run == room && run < left && (uint8_t)text[at + run] >= FIRST_MARK_LEAD)
            run--;
        if (run > 0) {
            at += run;
            width += (int)run;
            continue;
        }
        int w;
        size_t n = ls_text_next(text + at, left, &w);

        if (w > max_cells - width)
            break;
        at += n;
        width += w;
    }
    if (cells)
        *cells = width;
    return at;
}

void ls_text_pad(struct ls_buf *out, const char *text, int cells, bool ascii)
{
    int width = 0;

    if (cells <= 0)
        return;
    size_t len = text ? strlen(text) : 0;
    size_t fit = ls_text_fit(text, len, cells, &width);

    if (fit < len) {
        fit = ls_text_fit(text, len, cells - 1, &width);
        ls_buf_add(out, text, fit);
        ls_buf_adds(out, ascii ? "~" : "\xE2\x80\xA6"); /* U+2026, one cell */
        width++;
    } else {
        ls_buf_add(out, text, fit);
    }
    if (width < cells)
        ls_buf_repeat(out, ' ', (size_t)(cells - width));
}
