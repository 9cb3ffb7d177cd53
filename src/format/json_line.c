/* Where the n-th object of a list begins in a JSON text, for an error about it. */
#include <config.h>

#include "format/json.h"

#include <string.h>

/* Goes over a text that jansson has accepted: strings are skipped whole, so that brackets in them do not count. */
struct entry_walk {
    const char *p, *end;
    int line, depth;
};

/* The next byte that has a meaning; '"' stands for a whole string, whose inside *word gets. 0 at the end. */
static char entry_step(struct entry_walk *w, struct ls_str *word)
{
    while (w->p < w->end) {
        char c = *w->p++;

        if (c == '\n')
            w->line++;
        if (c == '"') {
            word->ptr = w->p;
            for (; w->p < w->end && *w->p != '"'; w->p++)
                w->p += *w->p == '\\' && w->p + 1 < w->end;
            word->len = (size_t)(w->p - word->ptr);
            w->p += w->p < w->end;
            return '"';
        }
        if (strchr("{}[]:", c) != NULL)
            return c;
    }
    return 0;
}

int ls_json_entry_line(const char *text, size_t len, const char *key, size_t n)
{
    struct entry_walk w = {text, text + len, 1, 0};
    struct ls_str word = {text, 0};
    bool is_key = false, inside = false;
    int at = 0;

    for (char c = entry_step(&w, &word); c != 0; c = entry_step(&w, &word)) {
        if (!inside && c == '[' && is_key) {
            inside = true;
            at = ++w.depth;
            continue;
        }
        if (inside && c == '{' && w.depth == at && n-- == 0)
            return w.line;
        if (inside && c == ']' && w.depth == at)
            return 0;
        if (c == '{' || c == '[')
            w.depth++;
        if (c == '}' || c == ']')
            w.depth--;
        is_key = (c == ':' && is_key) || (c == '"' && word.len == strlen(key) && memcmp(word.ptr, key, word.len) == 0);
    }
    return 0;
}
