/* sql/words.c: see words.h. */
#include <config.h>
#include "sql/words.h"

#include "sql/lex_internal.h"

#include <string.h>

void ls_words_init(struct ls_words *w, enum ls_dialect dialect, const char *text, size_t len)
{
    ls_lex_init(&w->lx, dialect, text, len);
    ls_words_next(w);
    w->n = 0;
}

void ls_words_next(struct ls_words *w)
{
    do {
        w->t = ls_lex_raw(&w->lx);
    } while (w->t.kind == LS_TOK_SPACE || w->t.kind == LS_TOK_COMMENT);
    w->n++;
}

bool ls_words_end(const struct ls_words *w)
{
    return w->t.kind == LS_TOK_END || w->t.kind == LS_TOK_SEMICOLON || w->t.kind == LS_TOK_ERROR;
}

bool ls_words_is(const struct ls_words *w, const char *upper)
{
    return ls_tok_is(&w->lx, &w->t, upper);
}

bool ls_words_is_text(const struct ls_words *w, const char *text)
{
    size_t n = w->t.end - w->t.start;
    return w->t.kind != LS_TOK_END && n == strlen(text) && memcmp(w->lx.text + w->t.start, text, n) == 0;
}

bool ls_words_take(struct ls_words *w, const char *upper)
{
    if (!ls_words_is(w, upper))
        return false;
    ls_words_next(w);
    return true;
}

bool ls_words_take_text(struct ls_words *w, const char *text)
{
    if (!ls_words_is_text(w, text))
        return false;
    ls_words_next(w);
    return true;
}

static bool is_name(const struct ls_words *w)
{
    if (w->lx.dialect == LS_DIALECT_SQLITE && w->t.kind == LS_TOK_STRING)
        return true; /* SQLite takes 'x' for a name where only a name fits */
    return w->t.kind == LS_TOK_WORD || w->t.kind == LS_TOK_QUOTED;
}

bool ls_words_name(struct ls_words *w, struct ls_str *name)
{
    if (!is_name(w))
        return false;
    size_t start = w->t.start, end = w->t.end;
    ls_words_next(w);
    while (ls_words_is_text(w, ".")) {
        struct ls_words ahead = *w;
        ls_words_next(&ahead);
        if (!is_name(&ahead))
            break;
        end = ahead.t.end;
        ls_words_next(&ahead);
        *w = ahead;
    }
    *name = (struct ls_str){w->lx.text + start, end - start};
    return true;
}

void ls_words_skip_brackets(struct ls_words *w)
{
    size_t depth = 0;
    do {
        if (w->t.kind == LS_TOK_OPEN)
            depth++;
        else if (w->t.kind == LS_TOK_CLOSE)
            depth--;
        ls_words_next(w);
    } while (depth > 0 && w->t.kind != LS_TOK_END && w->t.kind != LS_TOK_ERROR);
}

/* One alternative of a pattern's element, not NUL-terminated. */
static bool match_one(struct ls_words *w, const char *element, size_t len)
{
    struct ls_str name;
    if (len == 1 && *element == '@')
        return ls_words_name(w, &name);
    if (len == 1 && *element == '\'') {
        if (w->t.kind != LS_TOK_STRING)
            return false;
        ls_words_next(w);
        return true;
    }
    char scratch[32];
    if (len >= sizeof scratch)
        return false;
    memcpy(scratch, element, len);
    scratch[len] = '\0';
    return ls_words_take(w, scratch) || (len == 1 && ls_words_take_text(w, scratch));
}

static bool match_element(struct ls_words *w, const char *element, size_t len)
{
    while (len > 0) {
        const char *bar = memchr(element, '|', len);
        size_t n = bar ? (size_t)(bar - element) : len;
        if (match_one(w, element, n))
            return true;
        element += bar ? n + 1 : n;
        len -= bar ? n + 1 : n;
    }
    return false;
}

bool ls_words_match(struct ls_words *w, const char *pattern)
{
    struct ls_words at = *w;
    while (*pattern) {
        size_t len = strcspn(pattern, " ");
        bool optional = *pattern == '?' && len > 1;
        size_t skip = optional ? 1 : 0;
        if (!match_element(&at, pattern + skip, len - skip) && !optional)
            return false;
        pattern += len;
        pattern += strspn(pattern, " ");
    }
    *w = at;
    return true;
}
