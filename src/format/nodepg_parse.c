/* node-pg-migrate's names and markers (read in 9.0.0: utils/fileNameUtils, utils/comparators, sqlMigration). */
#include <config.h>

#include <string.h>

#include "format/nodepg.h"
#include "format/section.h"
#include "format/table.h"

/* --- numbers -------------------------------------------------------------------------------------------------------------- */

static int64_t take(const char **p, int width)
{
    int64_t v = 0;

    for (int i = 0; i < width; i++)
        v = v * 10 + (*(*p)++ - '0');
    return v;
}

/* Days since 1970 of a civil date. A day past the month's end runs on into the next one, as in JavaScript. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 + day - 1;
}

static bool millis_of(const char *digits, uint64_t *out)
{
    const char *p = digits;
    int64_t year = take(&p, 4), month = take(&p, 2), day = take(&p, 2), hour = take(&p, 2), minute = take(&p, 2);
    int64_t second = take(&p, 2), ms = take(&p, 3), total;
    bool is_midnight = hour == 24 && minute == 0 && second == 0 && ms == 0;

    if (month < 1 || month > 12 || day < 1 || day > 31 || (hour > 23 && !is_midnight) || minute > 59 || second > 59)
        return false;
    total = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    total = total * 1000 + ms;
    *out = total > 0 ? (uint64_t)total : 0; /* before 1970: nobody numbers so */
    return true;
}

bool ls_nodepg_number(const char *name, uint64_t *out)
{
    size_t n = strspn(name, "0123456789");
    char digits[20];

    *out = 0;
    if (n == 0)
        return false;
    if (n == 17)
        return millis_of(name, out);
    while (n > 1 && *name == '0') {
        name++;
        n--;
    }
    *out = INT64_MAX; /* longer ones have lost their last digits in JavaScript too */
    if (n < sizeof(digits)) {
        memcpy(digits, name, n);
        digits[n] = '\0';
        if (!ls_table_version(digits, out))
            *out = INT64_MAX;
    }
    return true;
}

/* --- the order of equal numbers ------------------------------------------------------------------------------------------- */

static const char *skip_punctuation(const char *p)
{
    return p + strspn(p, " _-,;:!?.'\"()[]{}@*/\\&#%\t");
}

/* ICU's root collation, primary level: symbols, digits, letters. */
static int weight(unsigned char c)
{
    static const char symbols[] = "`^+<=>|~$";
    const char *hit = c < 128 ? strchr(symbols, c) : NULL;

    if (hit != NULL)
        return 1 + (int)(hit - symbols);
    if (c >= '0' && c <= '9')
        return 100 + c - '0';
    if (c >= 'a' && c <= 'z')
        return 200 + c - 'a';
    if (c >= 'A' && c <= 'Z')
        return 200 + c - 'A';
    return c < 128 ? 0 : 300 + c;
}

static int compare_digits(const char **a, const char **b)
{
    const char *x = *a + strspn(*a, "0"), *y = *b + strspn(*b, "0");
    size_t m = strspn(x, "0123456789"), n = strspn(y, "0123456789");
    int c = m != n ? (m < n ? -1 : 1) : memcmp(x, y, m);

    *a = x + m;
    *b = y + n;
    return c;
}

int ls_nodepg_locale_compare(const char *a, const char *b)
{
    int by_case = 0;

    for (;;) {
        int c;

        a = skip_punctuation(a);
        b = skip_punctuation(b);
        if (*a == '\0' || *b == '\0')
            break;
        if (*a >= '0' && *a <= '9' && *b >= '0' && *b <= '9') {
            c = compare_digits(&a, &b);
            if (c != 0)
                return c;
            continue;
        }
        c = weight((unsigned char)*a) - weight((unsigned char)*b);
        if (c != 0)
            return c;
        if (by_case == 0 && *a != *b)
            by_case = *a > *b ? -1 : 1; /* small letters first */
        a++;
        b++;
    }
    if (*a != *b)
        return *a == '\0' ? -1 : 1;
    return by_case;
}

/* --- markers -------------------------------------------------------------------------------------------------------------- */

/* JavaScript's \s, as far as a file of SQL has it: ASCII's blanks, U+00A0, U+FEFF. Its length, 0 for none. */
static size_t blank_at(const char *text, size_t len, size_t at)
{
    if (at < len && text[at] != '\0' && strchr(" \t\r\n\f\v", text[at]) != NULL)
        return 1;
    if (at + 1 < len && memcmp(text + at, "\xc2\xa0", 2) == 0)
        return 2;
    return at + 2 < len && memcmp(text + at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static size_t skip_blanks(const char *text, size_t len, size_t at, bool dashes)
{
    for (;;) {
        size_t n = blank_at(text, len, at);

        if (n == 0 && !(dashes && at < len && text[at] == '-'))
            return at;
        at += n > 0 ? n : 1;
    }
}

static bool word_at(const char *text, size_t len, size_t *at, const char *word)
{
    struct ls_str s = {text + *at, len - *at};

    if (!ls_str_starts_nocase(s, word, NULL))
        return false;
    *at += strlen(word);
    return true;
}

/* /^\s*--[\s-]*WORD\s+migration/im at a line's start; *next is where a search goes on after a miss. */
static bool marker_at(const char *text, size_t len, size_t at, const char *word, size_t *next)
{
    size_t p = skip_blanks(text, len, at, false), q;

    *next = p; /* lines inside of what was skipped would miss as well */
    if (p + 2 > len || text[p] != '-' || text[p + 1] != '-')
        return false;
    p = skip_blanks(text, len, p + 2, true);
    *next = p;
    if (!word_at(text, len, &p, word))
        return false;
    q = skip_blanks(text, len, p, false);
    return q > p && word_at(text, len, &q, "migration");
}

static bool find(const char *text, size_t len, const char *word, size_t *out)
{
    size_t at = 0, next = 0;

    while (at < len) {
        const char *eol;

        if (marker_at(text, len, at, word, &next)) {
            *out = at;
            return true;
        }
        if (next < at)
            next = at;
        eol = memchr(text + next, '\n', len - next);
        at = eol != NULL ? (size_t)(eol - text) + 1 : len;
    }
    return false;
}

void ls_nodepg_parse(const char *text, size_t len, struct ls_nodepg_parts *out)
{
    memset(out, 0, sizeof(*out));
    out->up_end = out->down_end = len;
    out->has_up = find(text, len, "up", &out->up);
    out->has_down = find(text, len, "down", &out->down);
    if (!out->has_up || !out->has_down)
        return;
    if (out->up < out->down)
        out->up_end = out->down;
    else
        out->down_end = out->up;
}
