#include <config.h>

#include "lockstep/base/redact.h"

#include <string.h>

#include "base/redact_scan.h"

/* How it reads. One walk from left to right over text of any kind; four things start a secret:
 *   1. "://"            the secret is between the first ':' after it and the last '@' that can belong to it;
 *   2. a word that ends in "password" (or a sister), then '=' or ':', then a value: quoted, or up to a blank or '&';
 *   3. the same word, blanks, and an SQL literal: PASSWORD 'x', E'x', $$x$$; or the word as an option: --password x;
 *   4. a ':' inside a run without blanks in which an '@' follows: user:x@host, as of a URL with a slash too few.
 * People type passwords unescaped, with '@', '/', '?', '%', blanks and quotes in them, and parsers then print the whole string
 * into their message (golang-migrate issue 1242). So wherever two readings are possible the longer one is hidden, and where none
 * is possible everything to the end is. Hiding too much costs a word of a message; hiding too little costs a password. */

#define MAX_COMMENTS 8

/* ---- 2: key = value ---- */

/* Behind the closing quote, or NONE: in one reading a backslash escapes (libpq, JSON, E''), in the other it is a character (SQL).
 */
static size_t closing(const struct ls_scan *s, size_t i, bool escapes)
{
    char q = s->t[i];

    for (i++; i < s->n; i++) {
        if (escapes && s->t[i] == '\\')
            i++;
        else if (s->t[i] == q && i + 1 < s->n && s->t[i + 1] == q) /* doubled */
            i++;
        else if (s->t[i] == q)
            return i + 1;
    }
    return LS_SCAN_NONE;
}

/* The longer of the two readings. */
static size_t quoted_end(struct ls_scan *s, size_t i)
{
    char q = s->t[i];
    struct ls_range *known = &s->quoted[q == '\'' ? 0 : q == '"' ? 1 : 2];

    if (i < known->start || i + 1 >= known->end) { /* the closing quote may be read as an opening one */
        size_t a = closing(s, i, true), b = closing(s, i, false);

        *known = (struct ls_range){.start = i, .end = a > b ? a : b};
    }
    return known->end;
}

/* i is at the opening quote. What follows the closing one must look like an end; an 'it's me' does not. */
static void hide_quoted(struct ls_scan *s, size_t i)
{
    size_t end = quoted_end(s, i);
    bool sure = end != LS_SCAN_NONE &&
                (end == s->n || ls_is_blank(s->t[end]) || ls_is_quote(s->t[end]) || strchr(",;:&.)]}>|\\", s->t[end]));

    ls_scan_hide(s, i + 1, i + 1, sure ? end - 1 : s->n);
    if (sure && s->at == end - 1) /* the closing quote opens nothing */
        s->at = end;
}

/* The next "word =" of a connection string on this line at or behind i, else the end of the line. */
static size_t next_pair(struct ls_scan *s, size_t i)
{
    size_t stop = ls_scan_line_end(s, i);

    while (i < stop) {
        if (!ls_is_word(s->t[i])) {
            i++;
            continue;
        }
        size_t end = ls_scan_word_end(s, i);
        size_t after = ls_scan_blanks_end(s, end);

        if (after < stop && s->t[after] == '=' && ls_is_blank(s->t[i - 1]) &&
            (ls_scan_names_setting(s, i, end) || ls_scan_names_secret(s, i, end)))
            return i;
        i = end;
    }
    return stop;
}

/* Behind a value that ends at a blank: is it certain that it ended there? In a connection string another pair follows.
 * A closing quote or bracket as its last character says that the string around it ended. */
static bool ends_string(const struct ls_scan *s, size_t start, size_t end)
{
    while (end > start && strchr(".,;:", s->t[end - 1]))
        end--;
    return end > start && (ls_is_quote(s->t[end - 1]) || strchr(")]}>", s->t[end - 1]));
}

/* A parameter of a URL ends at '&', when a parameter follows; else the '&' is part of it. */
static size_t parameter_end(struct ls_scan *s, size_t i)
{
    if (i >= s->parameter_from && i < s->parameter_end)
        return s->parameter_end;
    s->parameter_from = i;
    for (; i < s->n && !ls_is_blank(s->t[i]) && !ls_is_quote(s->t[i]); i++) {
        if (s->t[i] != '&')
            continue;
        size_t end = ls_scan_word_end(s, i + 1);

        if (end > i + 1 && end < s->n && s->t[end] == '=')
            break;
    }
    s->parameter_end = i;
    return i;
}

static size_t bare_end(struct ls_scan *s, size_t i)
{
    if (i >= s->bare_from && i < s->bare_end)
        return s->bare_end;
    s->bare_from = i;
    for (; i < s->n && !ls_is_blank(s->t[i]); i++)
        if (s->t[i] == '\\' && i + 1 < s->n)
            i++;
    s->bare_end = i < s->n ? i : s->n;
    return s->bare_end;
}

/* A variable or an option of a shell, WORD=x or --word=x: there a blank ends the value for certain. */
static bool is_of_shell(const struct ls_scan *s, size_t start, size_t end)
{
    if (s->n - end < 2 || s->t[end] != '=' || ls_is_blank(s->t[end + 1]))
        return false;
    if (s->t[start] == '-')
        return true;
    for (size_t i = start; i < end; i++)
        if (s->t[i] >= 'a' && s->t[i] <= 'z')
            return false;
    return true;
}

/* The word [start, end) names a secret and a '=' or ':' stands at `sep`. */
static void pair(struct ls_scan *s, size_t start, size_t end, size_t sep)
{
    bool in_url = start > 0 && (s->t[start - 1] == '?' || s->t[start - 1] == '&');
    bool colon = s->t[sep] == ':' && !(sep + 1 < s->n && s->t[sep + 1] == '=');
    size_t i = sep + 1;

    if (i < s->n && (s->t[i] == '=' || s->t[i] == '>')) /* :=  =>  == */
        i++;
    if (!in_url)
        i = ls_scan_blanks_end(s, i);
    size_t q = i;

    while (q < s->n && s->t[q] == '\\') /* JSON inside JSON */
        q++;
    if (q < s->n && ls_is_quote(s->t[q])) {
        hide_quoted(s, q);
        return;
    }
    if (in_url) {
        ls_scan_hide(s, i, i, parameter_end(s, i));
        return;
    }
    if (colon) { /* YAML, or a sentence */
        ls_scan_hide(s, i, i, ls_scan_line_end(s, i));
        return;
    }
    size_t stop = bare_end(s, i);

    if (stop < s->n && !is_of_shell(s, start, end) && !ends_string(s, i, stop)) {
        size_t next = ls_scan_blanks_end(s, stop);

        next = next < s->n ? next_pair(s, stop) : stop;
        while (next > stop && ls_is_blank(s->t[next - 1])) /* keep the gap before the next pair */
            next--;
        stop = next;
    }
    ls_scan_hide(s, i, i, stop);
}

/* ---- 3: SQL and options ---- */

static size_t comment_end(struct ls_scan *s, size_t i)
{
    if (i < s->comment_from || i + 4 > s->comment_end) {
        const char *end = s->n - i >= 4 ? memmem(s->t + i + 2, s->n - i - 2, "*/", 2) : NULL;

        s->comment_from = i;
        s->comment_end = end ? (size_t)(end - s->t) + 2 : LS_SCAN_NONE;
    }
    return s->comment_end;
}

/* Behind blanks and SQL comments; LS_SCAN_NONE when there are more of them than anyone writes there. */
static size_t gap_end(struct ls_scan *s, size_t i)
{
    for (int comments = 0; comments < MAX_COMMENTS; comments++) {
        i = ls_scan_blanks_end(s, i);
        if (s->n - i >= 2 && s->t[i] == '-' && s->t[i + 1] == '-') {
            i = ls_scan_line_end(s, i);
        } else if (s->n - i >= 2 && s->t[i] == '/' && s->t[i + 1] == '*') {
            size_t end = comment_end(s, i);

            if (end == LS_SCAN_NONE)
                return s->n;
            i = end;
        } else {
            return i;
        }
    }
    return LS_SCAN_NONE;
}

/* $$x$$ or $tag$x$tag$ at i: hides x. A $1 is a parameter, and no secret. */
static bool hide_dollar(struct ls_scan *s, size_t i)
{
    size_t end = i + 1;

    while (end < s->n && (ls_is_alnum(s->t[end]) || s->t[end] == '_' || (uint8_t)s->t[end] >= 0x80))
        end++;
    if (end >= s->n || s->t[end] != '$' || ls_is_digit(s->t[i + 1]))
        return false;
    size_t tag = end + 1 - i;
    const char *close = memmem(s->t + end + 1, s->n - end - 1, s->t + i, tag);

    ls_scan_hide(s, end + 1, end + 1, close ? (size_t)(close - s->t) : s->n);
    return true;
}

static bool sql_literal(struct ls_scan *s, size_t start, size_t end)
{
    size_t i = gap_end(s, end);

    if (i == LS_SCAN_NONE) {
        ls_scan_hide(s, end, end, s->n);
        return true;
    }
    if (i >= s->n)
        return false;
    if (s->t[i] == '$') {
        bool is_hidden = hide_dollar(s, i);

        s->at = end; /* the gap may be a comment with a secret of its own; so below */
        return is_hidden;
    }
    if (s->n - i >= 3 && (s->t[i] | 0x20) == 'u' && s->t[i + 1] == '&')
        i += 2;
    else if (s->n - i >= 2 && strchr("eEnNbBxX", s->t[i]))
        i++;
    if (s->t[i] != '\'' && s->t[i] != '"')
        return false;
    if (i == end && start > 0 && s->t[start - 1] == s->t[i]) /* the name itself in quotes: column "password" */
        return false;
    hide_quoted(s, i);
    s->at = end;
    return true;
}

/* --password x */
static bool option_value(struct ls_scan *s, size_t start, size_t end)
{
    size_t i = ls_scan_blanks_end(s, end);

    if (s->t[start] != '-' || i == end || i >= s->n)
        return false;
    ls_scan_hide(s, i, i, bare_end(s, i));
    return true;
}

static void word(struct ls_scan *s)
{
    size_t start = s->at;
    size_t end = ls_scan_word_end(s, start);

    s->at = end;
    if (!ls_scan_names_secret(s, start, end))
        return;
    size_t sep = end;

    if (start > 0 && (ls_is_quote(s->t[start - 1]) || s->t[start - 1] == '[')) /* "password": in JSON, ["password"] */
        while (sep < s->n && (ls_is_quote(s->t[sep]) || s->t[sep] == '\\' || s->t[sep] == ']'))
            sep++;
    sep = ls_scan_blanks_end(s, sep);
    bool cast = s->n - sep >= 2 && s->t[sep] == ':' && s->t[sep + 1] == ':';

    if (sep < s->n && !cast && (s->t[sep] == '=' || s->t[sep] == ':')) {
        if (ls_scan_has(s, sep, "://"))
            return;
        pair(s, start, end, sep);
        return;
    }
    if (!sql_literal(s, start, end))
        option_value(s, start, end);
}

void ls_redact(struct ls_buf *out, const char *text, size_t len)
{
    struct ls_scan s = {
        .t = text,
        .n = len,
        .region_end = LS_SCAN_NONE,
        .comment_from = LS_SCAN_NONE,
        .line_from = LS_SCAN_NONE,
        .bare_from = LS_SCAN_NONE,
        .parameter_from = LS_SCAN_NONE,
        .quoted = {{.start = LS_SCAN_NONE}, {.start = LS_SCAN_NONE}, {.start = LS_SCAN_NONE}},
    };

    if (len == 0) /* text may be NULL then */
        return;
    while (s.at < len) {
        if (ls_is_word(text[s.at]))
            word(&s);
        else if (ls_scan_has(&s, s.at, "://"))
            ls_scan_url(&s);
        else if (text[s.at] == ':')
            ls_scan_credentials(&s);
        else if (ls_is_quote(text[s.at]))
            ls_scan_echo(&s);
        else
            s.at++;
    }
    ls_scan_write(&s, out);
}

char *ls_redact_dup(const char *text)
{
    struct ls_buf b = LS_BUF_INIT;

    if (text)
        ls_redact(&b, text, strlen(text));
    return ls_buf_detach(&b);
}

bool ls_redact_hides(const char *text)
{
    char *shown = ls_redact_dup(text);
    bool hides = text && strcmp(shown, text) != 0;

    free(shown);
    return hides;
}

void ls_wipe(void *ptr, size_t len)
{
    if (ptr && len)
        explicit_bzero(ptr, len);
}
