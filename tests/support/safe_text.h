/* tests/support/safe_text.h: an independent judge of what ls_ui_text() lets through. Its list is written from Unicode's charts
 * and shares nothing with src/base: a mistake there is not repeated here. */
#ifndef SUPPORT_SAFE_TEXT_H
#define SUPPORT_SAFE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <utf8proc.h>

static const struct {
    int32_t first, last;
} unsafe_ranges[] = {
    {0x00, 0x1F},       {0x7F, 0x9F},                            /* C0, DEL, C1 */
    {0xAD, 0xAD},       {0x34F, 0x34F},      {0x61C, 0x61C},     /* soft hyphen, grapheme joiner, Arabic letter mark */
    {0x115F, 0x1160},   {0x17B4, 0x17B5},    {0x180B, 0x180F},   /* fillers, Khmer and Mongolian invisibles */
    {0x200B, 0x200F},   {0x2028, 0x202E},    {0x2060, 0x206F},   /* zero width, separators, bidi, invisible operators */
    {0x3164, 0x3164},   {0xD800, 0xF8FF},    {0xFDD0, 0xFDEF},   /* filler, surrogates, private, noncharacters */
    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},    {0xFFA0, 0xFFA0},   /* variation selectors, byte order mark, filler */
    {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},    {0x1BCA0, 0x1BCA3}, /* annotations, noncharacters, shorthand controls */
    {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},                     /* musical controls; tags, selectors, private */
};

/* NULL when text is fit to be shown, else what is wrong with it. newlines: '\n' is fine. */
static inline const char *unfit_text(const char *text, size_t len, int newlines)
{
    const utf8proc_uint8_t *s = (const utf8proc_uint8_t *)text;
    int marks = 0, has_base = 0;

    for (size_t at = 0; at < len;) {
        utf8proc_int32_t cp;
        utf8proc_ssize_t n = utf8proc_iterate(s + at, (utf8proc_ssize_t)(len - at), &cp);

        if (n <= 0)
            return "invalid UTF-8";
        at += (size_t)n;
        if (newlines && cp == '\n') {
            has_base = marks = 0;
            continue;
        }
        for (size_t i = 0; i < sizeof(unsafe_ranges) / sizeof(unsafe_ranges[0]); i++)
            if (cp >= unsafe_ranges[i].first && cp <= unsafe_ranges[i].last)
                return "a control or an invisible character";
        utf8proc_category_t category = utf8proc_category(cp);

        if (category == UTF8PROC_CATEGORY_CN)
            return "an unassigned character";
        if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME) {
            if (!has_base)
                return "a mark that has nothing to stand on";
            if (++marks > 4)
                return "more than four marks on one character";
        } else {
            has_base = 1;
            marks = 0;
        }
    }
    return NULL;
}

#endif
