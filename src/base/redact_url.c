#include <config.h>

#include "base/redact_scan.h"

#include <string.h>

/* A URL starts at a word that begins with a letter (RFC 3986, 3.1) followed by "://", at the start of the text or behind something that ends the one
 * before. */
static bool starts_url(const struct ls_scan *s, size_t start, size_t end)
{
    char c = (char)(s->t[start] | 0x20);

    if (c < 'a' || c > 'z' || !ls_scan_has(s, end, "://"))
        return false;
    return start == 0 || ls_is_blank(s->t[start - 1]) || ls_is_quote(s->t[start - 1]) || strchr(",;(<[{=|", s->t[start - 1]);
}

/* The key of a key=value pair: its value is found by its name, so a URL's user part ends before it. */
static bool is_pair(const struct ls_scan *s, size_t start, size_t end)
{
    size_t i = ls_scan_blanks_end(s, end);

    return i < s->n && s->t[i] == '=' && ls_scan_names_secret(s, start, end);
}

/* How far a password that began at or before i can reach: to the end of the line, the next URL or the next secret's name. */
static void find_region(struct ls_scan *s, size_t i)
{
    if (s->region_end != LS_SCAN_NONE && i < s->region_end)
        return;
    s->last_at = LS_SCAN_NONE;
    while (i < s->n && s->t[i] != '\n') {
        if (ls_is_word(s->t[i])) {
            size_t end = ls_scan_word_end(s, i);

            /* Before the '@' only a blank parts two URLs: a quote or a comma with a "://" behind it may be of the password. */
            if (is_pair(s, i, end) || (starts_url(s, i, end) && (s->last_at != LS_SCAN_NONE || ls_is_blank(s->t[i - 1]))))
                break;
            i = end;
            continue;
        }
        if (s->t[i] == '@')
            s->last_at = i;
        i++;
    }
    s->region_end = i;
}

static size_t digits_end(const struct ls_scan *s, size_t i, size_t end)
{
    while (i < end && ls_is_digit(s->t[i]))
        i++;
    return i;
}

/* "host", "host:5432", "[::1]:5432", and lists of these. Anything else behind a ':' may be half a password. */
static bool is_authority(const struct ls_scan *s, size_t i, size_t end)
{
    while (i < end) {
        bool bracket = s->t[i] == '[';

        if (bracket)
            i++;
        while (i < end && (ls_is_word(s->t[i]) || (uint8_t)s->t[i] >= 0x80 || (bracket && s->t[i] == ':')))
            i++;
        if (bracket && (i == end || s->t[i++] != ']'))
            return false;
        if (i < end && s->t[i] == ':')
            i = digits_end(s, i + 1, end);
        if (i < end && s->t[i++] != ',')
            return false;
    }
    return true;
}

/* At "://". Hides the password, or leaves at behind it when there is none. */
void ls_scan_url(struct ls_scan *s)
{
    size_t start = s->at + 3;
    size_t end = start;

    s->at = start;
    if (start >= s->n)
        return;
    find_region(s, start);
    if (s->last_at != LS_SCAN_NONE && s->last_at >= start) {
        const char *colon = memchr(s->t + start, ':', s->last_at - start);

        if (colon)
            ls_scan_hide(s, start, (size_t)(colon - s->t) + 1, s->last_at);
        return;
    }
    while (end < s->n && !ls_is_blank(s->t[end]) && !ls_is_quote(s->t[end]) && !strchr("/?#)>", s->t[end]))
        end++;
    size_t stop = end;

    while (stop > start && strchr(".,;:", s->t[stop - 1])) /* of the sentence around it */
        stop--;
    const char *colon = memchr(s->t + start, ':', stop - start);

    if (colon && !is_authority(s, start, stop))
        ls_scan_hide(s, start, (size_t)(colon - s->t) + 1, s->n);
}

/* The run without blanks around i, as far as a password in it can reach. */
static void find_run(struct ls_scan *s, size_t i)
{
    if (i < s->run_end)
        return;
    find_region(s, i);
    s->run_at = LS_SCAN_NONE;
    for (s->run_end = i; s->run_end < s->region_end && !ls_is_blank(s->t[s->run_end]); s->run_end++)
        if (s->t[s->run_end] == '@')
            s->run_at = s->run_end;
}

/* At a ':' that is not of a URL. */
void ls_scan_credentials(struct ls_scan *s)
{
    size_t i = s->at++;

    if (i == 0 || !ls_is_word(s->t[i - 1]) || s->at >= s->n || s->t[s->at] == ':' || ls_is_quote(s->t[s->at]))
        return;
    if (i >= 4 && memcmp(s->t + i - 4, "jdbc", 4) == 0) /* a URL follows */
        return;
    find_run(s, s->at);
    if (s->run_at != LS_SCAN_NONE && s->run_at >= s->at)
        ls_scan_hide(s, s->at, s->at, s->run_at);
}
