#include <config.h>

#include "lockstep/base/redact.h"

#include <string.h>
#include <strings.h>

/* How it reads. One walk from left to right over text of any kind; four things start a secret:
 *   1. "://"            the secret is between the first ':' after it and the last '@' that can belong to it;
 *   2. a word that ends in "password" (or a sister), then '=' or ':', then a value: quoted, or up to a blank or '&';
 *   3. the same word, blanks, and an SQL literal: PASSWORD 'x', E'x', $$x$$; or the word as an option: --password x;
 *   4. a ':' inside a run without blanks in which an '@' follows: user:x@host, as of a URL with a slash too few.
 * People type passwords unescaped, with '@', '/', '?', '%', blanks and quotes in them, and parsers then print the whole string
 * into their message (golang-migrate issue 1242). So wherever two readings are possible the longer one is hidden, and where none
 * is possible everything to the end is. Hiding too much costs a word of a message; hiding too little costs a password. */

#define HIDDEN "***"
#define NONE SIZE_MAX
#define MAX_COMMENTS 8
#define WORD_TAIL 64 /* of a word only its end decides; longer than any sister below */

struct scan {
    struct ls_buf *out;
    const char *t;
    size_t n;
    size_t at, from; /* [from, at) is still to be copied as it is */
    /* Answers about what lies ahead, kept so that no stretch is read twice (no quadratic time on hostile text). */
    size_t region_end, last_at; /* where the URL must have ended, and its last '@'; valid while at < region_end */
    size_t comment_from, comment_end; /* the first end of a block comment at or behind comment_from; NONE: there is none */
    size_t line_from, line_end;
    size_t run_end, run_at; /* end of the run without blanks, and its last '@'; valid while at < run_end */
};

/* Words that name a secret. A word counts when it ends in one of these; `whole`: only after '_', '-', '.' or alone. */
static const struct {
    const char *word;
    bool whole;
} sisters[] = {
    {"password", false}, {"passwd", false}, {"passphrase", false}, {"secret", false}, {"pwd", true}, {"pass", true},
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

/* '%': libpq decodes the names of URL parameters too. */
static bool is_word(char c)
{
    return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '%';
}

static size_t word_end(const struct scan *s, size_t i)
{
    while (i < s->n && is_word(s->t[i]))
        i++;
    return i;
}

static size_t blanks_end(const struct scan *s, size_t i)
{
    while (i < s->n && is_blank(s->t[i]))
        i++;
    return i;
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool names_secret(const struct scan *s, size_t start, size_t end)
{
    char w[WORD_TAIL + 1];
    size_t n = 0;

    if (end - start > 3 * WORD_TAIL)
        start = end - 3 * WORD_TAIL;
    for (size_t i = start; i < end; i++) {
        char c = s->t[i];

        if (c == '%' && i + 2 < end && hex_value(s->t[i + 1]) >= 0 && hex_value(s->t[i + 2]) >= 0) {
            c = (char)(hex_value(s->t[i + 1]) * 16 + hex_value(s->t[i + 2]));
            i += 2;
        }
        if (n == WORD_TAIL) {
            memmove(w, w + 1, WORD_TAIL - 1);
            n--;
        }
        w[n++] = c;
    }
    while (n > 0 && is_digit(w[n - 1])) /* PASSWORD2 */
        n--;
    for (size_t k = 0; k < LS_ARRAY_LEN(sisters); k++) {
        size_t len = strlen(sisters[k].word);

        if (n < len || strncasecmp(w + n - len, sisters[k].word, len) != 0)
            continue;
        if (!sisters[k].whole || n == len || !is_alnum(w[n - len - 1]))
            return true;
    }
    return false;
}

/* Copies up to `start`, then the stars, and goes on at `end`. */
static void hide(struct scan *s, size_t start, size_t end)
{
    ls_buf_add(s->out, s->t + s->from, start - s->from);
    ls_buf_adds(s->out, HIDDEN);
    s->at = s->from = end;
}

static size_t line_end(struct scan *s, size_t i)
{
    if (i < s->line_from || i > s->line_end) {
        const char *nl = i < s->n ? memchr(s->t + i, '\n', s->n - i) : NULL;

        s->line_end = nl ? (size_t)(nl - s->t) : s->n;
        s->line_from = i;
    }
    return s->line_end;
}

/* ---- 1: URLs ---- */

/* A URL starts at a word followed by "://", at the start of the text or behind something that ends the one before. */
static bool starts_url(const struct scan *s, size_t start, size_t end)
{
    if (s->n - end < 3 || memcmp(s->t + end, "://", 3) != 0)
        return false;
    return start == 0 || is_blank(s->t[start - 1]) || is_quote(s->t[start - 1]) || strchr(",;(<[{=|", s->t[start - 1]);
}

/* The key of a key=value pair: its value is found by its name, so a URL's user part ends before it. */
static bool is_pair(const struct scan *s, size_t start, size_t end)
{
    size_t i = blanks_end(s, end);

    return i < s->n && s->t[i] == '=' && names_secret(s, start, end);
}

/* How far a password that began at or before i can reach: to the end of the line, the next URL or the next secret's name. */
static void find_region(struct scan *s, size_t i)
{
    if (s->region_end != NONE && i < s->region_end)
        return;
    s->last_at = NONE;
    while (i < s->n && s->t[i] != '\n') {
        if (is_word(s->t[i])) {
            size_t end = word_end(s, i);

            if (starts_url(s, i, end) || is_pair(s, i, end))
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

static size_t digits_end(const struct scan *s, size_t i, size_t end)
{
    while (i < end && is_digit(s->t[i]))
        i++;
    return i;
}

/* "host", "host:5432", "[::1]:5432", and lists of these. Anything else behind a ':' may be half a password. */
static bool is_authority(const struct scan *s, size_t i, size_t end)
{
    while (i < end) {
        bool bracket = s->t[i] == '[';

        if (bracket)
            i++;
        while (i < end && (is_word(s->t[i]) || (uint8_t)s->t[i] >= 0x80 || (bracket && s->t[i] == ':')))
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
static void url(struct scan *s)
{
    size_t start = s->at + 3;
    size_t end = start;

    s->at = start;
    if (start >= s->n)
        return;
    find_region(s, start);
    if (s->last_at != NONE && s->last_at >= start) {
        const char *colon = memchr(s->t + start, ':', s->last_at - start);

        if (colon)
            hide(s, (size_t)(colon - s->t) + 1, s->last_at);
        return;
    }
    while (end < s->n && !is_blank(s->t[end]) && !is_quote(s->t[end]) && !strchr("/?#)>", s->t[end]))
        end++;
    size_t stop = end;

    while (stop > start && strchr(".,;:", s->t[stop - 1])) /* of the sentence around it */
        stop--;
    const char *colon = memchr(s->t + start, ':', stop - start);

    if (colon && !is_authority(s, start, stop))
        hide(s, (size_t)(colon - s->t) + 1, s->n);
}

/* At a ':' that is not of a URL. */
static void bare_credentials(struct scan *s)
{
    size_t i = s->at++;

    if (i >= s->run_end) {
        s->run_at = NONE;
        for (s->run_end = i; s->run_end < s->n && !is_blank(s->t[s->run_end]); s->run_end++)
            if (s->t[s->run_end] == '@')
                s->run_at = s->run_end;
    }
    if (s->run_at == NONE || s->run_at < s->at)
        return;
    if (i > 0 && is_word(s->t[i - 1]) && s->t[i + 1] != ':' && !is_quote(s->t[i + 1]))
        hide(s, i + 1, s->run_at);
}

/* ---- 2: key = value ---- */

/* Behind the closing quote, or NONE. A backslash and a doubled quote both go on: whichever rule holds, the longer one hides more. */
static size_t quoted_end(const struct scan *s, size_t i)
{
    char q = s->t[i++];

    for (; i < s->n; i++) {
        if (s->t[i] == '\\')
            i++;
        else if (s->t[i] == q && i + 1 < s->n && s->t[i + 1] == q)
            i++;
        else if (s->t[i] == q)
            return i + 1;
    }
    return NONE;
}

/* i is at the opening quote. What follows the closing one must look like an end; an 'it's me' does not. */
static void hide_quoted(struct scan *s, size_t i)
{
    size_t end = quoted_end(s, i);
    bool sure = end != NONE && (end == s->n || is_blank(s->t[end]) || is_quote(s->t[end]) || strchr(",;:&.)]}>|\\", s->t[end]));

    hide(s, i + 1, sure ? end - 1 : s->n);
}

/* The next "word =" on this line at or behind i, else the end of the line. */
static size_t next_pair(struct scan *s, size_t i)
{
    size_t stop = line_end(s, i);

    while (i < stop) {
        if (!is_word(s->t[i])) {
            i++;
            continue;
        }
        size_t end = word_end(s, i);
        size_t after = blanks_end(s, end);

        if (after < stop && s->t[after] == '=')
            return i;
        i = end;
    }
    return stop;
}

/* Behind a value that ends at a blank: is it certain that it ended there? In a connection string another pair follows.
 * A closing quote or bracket as its last character says that the string around it ended. */
static bool ends_string(const struct scan *s, size_t start, size_t end)
{
    while (end > start && strchr(".,;:", s->t[end - 1]))
        end--;
    return end > start && (is_quote(s->t[end - 1]) || strchr(")]}>", s->t[end - 1]));
}

/* A parameter of a URL ends at '&', when a parameter follows; else the '&' is part of it. */
static size_t parameter_end(const struct scan *s, size_t i)
{
    for (; i < s->n && !is_blank(s->t[i]) && !is_quote(s->t[i]); i++) {
        if (s->t[i] != '&')
            continue;
        size_t end = word_end(s, i + 1);

        if (end > i + 1 && end < s->n && s->t[end] == '=')
            break;
    }
    return i;
}

static size_t bare_end(const struct scan *s, size_t i)
{
    for (; i < s->n && !is_blank(s->t[i]); i++)
        if (s->t[i] == '\\' && i + 1 < s->n)
            i++;
    return i < s->n ? i : s->n;
}

/* A word in capitals with '=' right behind it is a variable of a shell: there a blank ends the value for certain. */
static bool is_variable(const struct scan *s, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (s->t[i] >= 'a' && s->t[i] <= 'z')
            return false;
    return end < s->n && s->t[end] == '=';
}

/* The word [start, end) names a secret and a '=' or ':' stands at `sep`. */
static void pair(struct scan *s, size_t start, size_t end, size_t sep)
{
    bool in_url = start > 0 && (s->t[start - 1] == '?' || s->t[start - 1] == '&');
    bool colon = s->t[sep] == ':' && !(sep + 1 < s->n && s->t[sep + 1] == '=');
    size_t i = sep + 1;

    if (i < s->n && (s->t[i] == '=' || s->t[i] == '>')) /* :=  =>  == */
        i++;
    i = blanks_end(s, i);
    size_t q = i;

    while (q < s->n && s->t[q] == '\\') /* JSON inside JSON */
        q++;
    if (q < s->n && is_quote(s->t[q])) {
        hide_quoted(s, q);
        return;
    }
    if (in_url) {
        hide(s, i, parameter_end(s, i));
        return;
    }
    if (colon) { /* YAML, or a sentence */
        hide(s, i, line_end(s, i));
        return;
    }
    size_t stop = bare_end(s, i);

    if (stop < s->n && !is_variable(s, start, end) && !ends_string(s, i, stop)) {
        size_t next = blanks_end(s, stop);

        next = next < s->n ? next_pair(s, stop) : stop;
        while (next > stop && is_blank(s->t[next - 1])) /* keep the gap before the next pair */
            next--;
        stop = next;
    }
    hide(s, i, stop);
}

/* ---- 3: SQL and options ---- */

static size_t comment_end(struct scan *s, size_t i)
{
    if (i < s->comment_from || i + 4 > s->comment_end) {
        const char *end = s->n - i >= 4 ? memmem(s->t + i + 2, s->n - i - 2, "*/", 2) : NULL;

        s->comment_from = i;
        s->comment_end = end ? (size_t)(end - s->t) + 2 : NONE;
    }
    return s->comment_end;
}

/* Behind blanks and SQL comments; NONE when there are more of them than anyone writes there. */
static size_t gap_end(struct scan *s, size_t i)
{
    for (int comments = 0; comments < MAX_COMMENTS; comments++) {
        i = blanks_end(s, i);
        if (s->n - i >= 2 && s->t[i] == '-' && s->t[i + 1] == '-') {
            i = line_end(s, i);
        } else if (s->n - i >= 2 && s->t[i] == '/' && s->t[i + 1] == '*') {
            size_t end = comment_end(s, i);

            if (end == NONE)
                return s->n;
            i = end;
        } else {
            return i;
        }
    }
    return NONE;
}

/* $$x$$ or $tag$x$tag$ at i: hides x. A $1 is a parameter, and no secret. */
static bool hide_dollar(struct scan *s, size_t i)
{
    size_t end = i + 1;

    while (end < s->n && (is_alnum(s->t[end]) || s->t[end] == '_' || (uint8_t)s->t[end] >= 0x80))
        end++;
    if (end >= s->n || s->t[end] != '$' || is_digit(s->t[i + 1]))
        return false;
    size_t tag = end + 1 - i;
    const char *close = memmem(s->t + end + 1, s->n - end - 1, s->t + i, tag);

    hide(s, end + 1, close ? (size_t)(close - s->t) : s->n);
    return true;
}

static bool sql_literal(struct scan *s, size_t start, size_t end)
{
    size_t i = gap_end(s, end);

    if (i == NONE) {
        hide(s, end, s->n);
        return true;
    }
    if (i >= s->n)
        return false;
    if (s->t[i] == '$')
        return hide_dollar(s, i);
    if (s->n - i >= 3 && (s->t[i] | 0x20) == 'u' && s->t[i + 1] == '&')
        i += 2;
    else if (s->n - i >= 2 && strchr("eEnNbBxX", s->t[i]))
        i++;
    if (s->t[i] != '\'' && s->t[i] != '"')
        return false;
    if (i == end && start > 0 && s->t[start - 1] == s->t[i]) /* the name itself in quotes: column "password" */
        return false;
    if (i > end) { /* what is in the gap may be a comment with a secret of its own */
        ls_buf_add(s->out, s->t + s->from, end - s->from);
        ls_buf_addc(s->out, ' ');
        s->from = i;
    }
    hide_quoted(s, i);
    return true;
}

/* --password x */
static bool option_value(struct scan *s, size_t start, size_t end)
{
    size_t i = blanks_end(s, end);

    if (s->t[start] != '-' || i == end || i >= s->n)
        return false;
    hide(s, i, bare_end(s, i));
    return true;
}

static void word(struct scan *s)
{
    size_t start = s->at;
    size_t end = word_end(s, start);

    s->at = end;
    if (!names_secret(s, start, end))
        return;
    size_t sep = end;

    if (start > 0 && (is_quote(s->t[start - 1]) || s->t[start - 1] == '[')) /* "password": in JSON, ["password"] */
        while (sep < s->n && (is_quote(s->t[sep]) || s->t[sep] == '\\' || s->t[sep] == ']'))
            sep++;
    sep = blanks_end(s, sep);
    bool cast = s->n - sep >= 2 && s->t[sep] == ':' && s->t[sep + 1] == ':';

    if (sep < s->n && !cast && (s->t[sep] == '=' || s->t[sep] == ':')) {
        if (s->n - sep >= 3 && memcmp(s->t + sep, "://", 3) == 0)
            return;
        pair(s, start, end, sep);
        return;
    }
    if (!sql_literal(s, start, end))
        option_value(s, start, end);
}

void ls_redact(struct ls_buf *out, const char *text, size_t len)
{
    struct scan s = {.out = out, .t = text, .n = len, .region_end = NONE, .last_at = NONE, .line_from = NONE, .comment_from = NONE};

    while (s.at < len) {
        if (is_word(text[s.at]))
            word(&s);
        else if (text[s.at] == ':' && len - s.at >= 3 && text[s.at + 1] == '/' && text[s.at + 2] == '/')
            url(&s);
        else if (text[s.at] == ':')
            bare_credentials(&s);
        else
            s.at++;
    }
    ls_buf_add(out, text + s.from, len - s.from);
}

char *ls_redact_dup(const char *text)
{
    struct ls_buf b = LS_BUF_INIT;

    if (text)
        ls_redact(&b, text, strlen(text));
    return ls_buf_detach(&b);
}

void ls_wipe(void *ptr, size_t len)
{
    if (ptr && len)
        explicit_bzero(ptr, len);
}
