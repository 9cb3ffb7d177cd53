#include <config.h>

#include "format/section.h"

#include <string.h>

#define BOM "\xef\xbb\xbf"

bool ls_line_next(const char *text, size_t len, struct ls_line *line)
{
    size_t start = line->next, stop;
    const char *eol;

    if (line->no == 0 && len >= 3 && memcmp(text, BOM, 3) == 0)
        start = 3;
    if (start >= len)
        return false;
    eol = memchr(text + start, '\n', len - start);
    stop = eol != NULL ? (size_t)(eol - text) : len;
    line->start = start;
    line->next = eol != NULL ? stop + 1 : len;
    line->no++;
    if (stop > start && text[stop - 1] == '\r')
        stop--;
    line->text = (struct ls_str){text + start, stop - start};
    return true;
}

void ls_section_set(struct ls_section *s, const char *path, size_t start, size_t end, int line)
{
    s->path = path;
    s->start = (int64_t)start;
    s->end = (int64_t)end;
    s->line = line;
}

void ls_section_hash(struct ls_section *s, const char *text, size_t len)
{
    size_t start = s->end > 0 ? (size_t)s->start : 0, end = s->end > 0 ? (size_t)s->end : len;

    ls_sha256_hex(text + start, end - start, s->sha256);
}

struct ls_str ls_str_skip_blanks(struct ls_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    return s;
}

bool ls_str_starts(struct ls_str s, const char *word, struct ls_str *rest)
{
    size_t n = strlen(word);

    if (s.len < n || memcmp(s.ptr, word, n) != 0)
        return false;
    if (rest != NULL)
        *rest = (struct ls_str){s.ptr + n, s.len - n};
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ls_str_starts_nocase(struct ls_str s, const char *word, struct ls_str *rest)
{
    size_t n = strlen(word);

    if (s.len < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(s.ptr[i]) != lower(word[i]))
            return false;
    if (rest != NULL)
        *rest = (struct ls_str){s.ptr + n, s.len - n};
    return true;
}

struct ls_str ls_str_trim(struct ls_str s)
{
    static const char blanks[] = " \t\r\n\f\v";

    while (s.len > 0 && memchr(blanks, s.ptr[0], sizeof(blanks) - 1) != NULL) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && memchr(blanks, s.ptr[s.len - 1], sizeof(blanks) - 1) != NULL)
        s.len--;
    return s;
}

bool ls_str_is(struct ls_str s, const char *word)
{
    return s.len == strlen(word) && memcmp(s.ptr, word, s.len) == 0;
}
