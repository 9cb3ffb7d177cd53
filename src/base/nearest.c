#include <config.h>

#include "lockstep/base/text.h"

#include <string.h>

#define MAX_WORD 64 /* longer words are never suggested, nor matched */

/* Edit distance in which swapping two neighbours is one step, as fingers do it. Both lengths are below MAX_WORD. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][MAX_WORD + 1] = {{0}};
    size_t *before = rows[0], *prev = rows[1], *cur = rows[2];

    for (size_t j = 0; j <= nb; j++)
        prev[j] = j;
    for (size_t i = 1; i <= na; i++) {
        cur[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            size_t best = prev[j - 1] + cost;

            if (prev[j] + 1 < best)
                best = prev[j] + 1;
            if (cur[j - 1] + 1 < best)
                best = cur[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            cur[j] = best;
        }
        size_t *recycled = before;
        before = prev;
        prev = cur;
        cur = recycled;
    }
    return prev[nb];
}

const char *ls_nearest_word(const char *word, const char *const *words, size_t n)
{
    size_t len = strlen(word);
    size_t limit = len / 3 > 2 ? len / 3 : 2;
    size_t best_distance = limit + 1;
    const char *best = NULL;

    if (len == 0 || len > MAX_WORD)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(words[i]);

        /* A short word is "near" to nearly everything: at least half of it must be right. */
        if (other > MAX_WORD || other > len + limit || len > other + limit)
            continue;
        size_t d = distance(word, len, words[i], other);
        if (d < best_distance && d * 2 <= (len > other ? len : other)) {
            best_distance = d;
            best = words[i];
        }
    }
    return best;
}
