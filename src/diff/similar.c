/* How alike two names are. Words count more than letters: type and key_type share one, created and creator only look alike. */
#include <config.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diff/priv.h"

enum { MAX_WORDS = 12, MAX_LEN = 128 };

struct words {
    struct ls_str w[MAX_WORDS];
    size_t n;
};

/* Cuts at underscores, dashes, dots, and where a small letter meets a capital. */
static struct words cut(const char *name)
{
    struct words out = {.n = 0};
    const char *start = name;

    for (const char *p = name;; p++) {
        bool is_end = *p == '\0', is_sep = *p == '_' || *p == '-' || *p == '.' || *p == ' ';
        bool is_hump = p > start && isupper((unsigned char)*p) && islower((unsigned char)p[-1]);

        if (!is_end && !is_sep && !is_hump)
            continue;
        if (p > start && out.n < MAX_WORDS)
            out.w[out.n++] = (struct ls_str){start, (size_t)(p - start)};
        if (is_end)
            return out;
        start = is_sep ? p + 1 : p;
    }
}

static bool is_same_word(struct ls_str a, struct ls_str b)
{
    /* A plural is the same word. */
    size_t n = a.len < b.len ? a.len : b.len, d = a.len < b.len ? b.len - a.len : a.len - b.len;
    const char *longer = a.len < b.len ? b.ptr : a.ptr;

    if (strncasecmp(a.ptr, b.ptr, n) != 0)
        return false;
    return d == 0 || (n >= 3 && d == 1 && tolower((unsigned char)longer[n]) == 's');
}

static double shared_words(const char *a, const char *b)
{
    struct words x = cut(a), y = cut(b);
    size_t shared = 0, all;

    for (size_t i = 0; i < x.n; i++) {
        for (size_t j = 0; j < y.n; j++) {
            if (y.w[j].len > 0 && is_same_word(x.w[i], y.w[j])) {
                shared++;
                y.w[j].len = 0;
                break;
            }
        }
    }
    all = x.n > y.n ? x.n : y.n;
    return all == 0 ? 0 : (double)shared / (double)all;
}

/* 1 - edits / longer length. */
static double likeness_of_letters(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned short row[MAX_LEN + 1];

    if (n > MAX_LEN || m > MAX_LEN || n == 0 || m == 0)
        return 0;
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned short)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned short diagonal = row[0];

        row[0] = (unsigned short)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned short up = row[j];
            unsigned best = diagonal + (unsigned)(tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));

            if (up + 1U < best)
                best = up + 1U;
            if (row[j - 1] + 1U < best)
                best = row[j - 1] + 1U;
            row[j] = (unsigned short)best;
            diagonal = up;
        }
    }
    return 1.0 - (double)row[m] / (double)(n > m ? n : m);
}

double diff_name_likeness(const char *a, const char *b)
{
    double words = shared_words(a, b), letters = likeness_of_letters(a, b);

    return words > letters ? words : letters;
}
