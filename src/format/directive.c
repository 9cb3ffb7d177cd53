#include <config.h>

#include "format/directive.h"

#include <stdio.h>
#include <string.h>

#include "lockstep/base/text.h"

static const char word_tx[] = "transaction", word_no_tx[] = "no-transaction";
static const char *const words[] = {word_tx, word_no_tx};

#define MAX_WORD 40

static struct ls_str trim(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t' || *from == '\r' || *from == '\f'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r' || to[-1] == '\f'))
        to--;
    return (struct ls_str){from, (size_t)(to - from)};
}

static bool is_word(struct ls_str s, const char *word)
{
    return s.len == strlen(word) && memcmp(s.ptr, word, s.len) == 0;
}

static void note_unknown(struct ls_directives *out, struct ls_str word, int line)
{
    char text[MAX_WORD + 1];

    if (out->unknown.len > 0)
        return;
    out->unknown = word;
    out->unknown_line = line;
    snprintf(text, sizeof(text), "%.*s", (int)(word.len < sizeof(text) ? word.len : sizeof(text) - 1), word.ptr);
    out->nearest = ls_nearest_word(text, words, LS_ARRAY_LEN(words));
}

/* "a, b c": words behind "lockstep:". */
static void read_words(struct ls_directives *out, struct ls_str rest, int line)
{
    const char *p = rest.ptr, *end = rest.ptr + rest.len;

    out->has_any = true;
    if (rest.len == 0)
        note_unknown(out, (struct ls_str){"(nothing)", 9}, line);
    while (p < end) {
        const char *from = p;
        struct ls_str word;

        while (p < end && *p != ' ' && *p != '\t' && *p != ',')
            p++;
        word = (struct ls_str){from, (size_t)(p - from)};
        p += p < end;
        if (is_word(word, word_no_tx))
            out->no_transaction = true;
        else if (word.len > 0 && !is_word(word, word_tx))
            note_unknown(out, word, line);
    }
}

static const char *comment_of(struct ls_str line)
{
    return line.len >= 2 && line.ptr[0] == '-' && line.ptr[1] == '-' ? line.ptr + 2 : NULL;
}

void ls_directives_read(const char *text, size_t len, struct ls_directives *out)
{
    const char *p = text, *end = text + len;
    static const char prefix[] = "lockstep:";

    memset(out, 0, sizeof(*out));
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        p += 3;
    for (int n = 1; p < end; n++) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        struct ls_str line = trim(p, eol != NULL ? eol : end), body;
        const char *comment = comment_of(line);

        p = eol != NULL ? eol + 1 : end;
        if (line.len == 0)
            continue;
        if (comment == NULL)
            return;
        body = trim(comment, line.ptr + line.len);
        if (body.len >= strlen(prefix) && memcmp(body.ptr, prefix, strlen(prefix)) == 0)
            read_words(out, trim(body.ptr + strlen(prefix), body.ptr + body.len), n);
        else if (out->description.len == 0)
            out->description = body;
    }
}
