/* What queries' texts say of columns, by their words. No parser: SQLite has none here, and an answer that errs to "it may" only
 * keeps a rule quiet. */
#include <config.h>

#include "engine/index_priv.h"

#include <string.h>
#include <strings.h>

#include "lockstep/sql/lex.h"

/* The words of a text without spaces and comments, one ahead of the other. */
struct words {
    struct ls_lex lx;
    struct ls_tok tok;
};

static bool next(struct words *w)
{
    do
        w->tok = ls_lex_next(&w->lx);
    while (w->tok.kind == LS_TOK_SPACE || w->tok.kind == LS_TOK_COMMENT);
    return w->tok.kind != LS_TOK_END && w->tok.kind != LS_TOK_ERROR;
}

static bool begin(struct words *w, const struct ls_usage *u, const char *text)
{
    ls_lex_init(&w->lx, u->dialect, text, strlen(text));
    w->lx.is_plain = true;
    return next(w);
}

/* Whether the token is that name, quoted or not. */
static bool is_name(const struct words *w, const char *name)
{
    const char *p = w->lx.text + w->tok.start;
    size_t n = w->tok.end - w->tok.start;

    if (w->tok.kind == LS_TOK_QUOTED && n >= 2) {
        p++;
        n -= 2;
    } else if (w->tok.kind != LS_TOK_WORD) {
        return false;
    }
    return strlen(name) == n && strncasecmp(p, name, n) == 0;
}

static bool is_word(const struct words *w, const char *upper)
{
    return w->tok.kind == LS_TOK_WORD && ls_tok_is(&w->lx, &w->tok, upper);
}

/* Once for each query, since ten thousand indexes ask. */
void ls_ix_read_names(struct ls_ix *ix)
{
    const struct ls_workload *w = ix->o->workload;
    uint32_t n = ix->u->n_tables;

    if (!w || w->n_queries == 0)
        return;
    ix->is_named = LS_ARENA_ARRAY(ix->arena, bool, (size_t)w->n_queries *n + 1);
    for (uint32_t q = 0; q < w->n_queries; q++) {
        struct words r;

        for (bool more = begin(&r, ix->u, w->queries[q].text); more; more = next(&r))
            for (uint32_t t = 0; t < n && (r.tok.kind == LS_TOK_WORD || r.tok.kind == LS_TOK_QUOTED); t++)
                ix->is_named[(size_t)q * n + t] |= is_name(&r, ix->u->tables[t].name);
    }
}

bool ls_ix_query_names(const struct ls_ix *ix, uint32_t query, uint32_t table)
{
    return ix->is_named && ix->is_named[(size_t)query * ix->u->n_tables + table];
}

/* "SET a = .., b = .." of an UPDATE, or of ON CONFLICT DO UPDATE; "(a, b) = (..)" too: a name behind SET and before WHERE or FROM
 * with "=", "," or ")" behind it at the outermost level or in the brackets of a list. */
bool ls_ix_query_updates(const struct ls_usage *u, const struct ls_query *q, const char *column)
{
    struct words w;
    bool in_set = false, was_target = false, is_left = false;
    int depth = 0;

    for (bool more = begin(&w, u, q->text); more; more = next(&w)) {
        if (w.tok.kind == LS_TOK_OPEN)
            depth++;
        if (w.tok.kind == LS_TOK_CLOSE)
            depth--;
        if (is_word(&w, "SET")) {
            in_set = is_left = true;
            depth = 0;
        } else if (in_set && depth == 0 && (is_word(&w, "WHERE") || is_word(&w, "FROM") || is_word(&w, "RETURNING"))) {
            in_set = false;
        }
        if (!in_set)
            continue;
        if (was_target && (w.lx.text[w.tok.start] == '=' || depth > 0 || w.tok.kind == LS_TOK_CLOSE))
            return true;
        was_target = is_left && is_name(&w, column);
        if (w.lx.text[w.tok.start] == '=')
            is_left = false;
        else if (depth == 0 && w.lx.text[w.tok.start] == ',')
            is_left = true;
    }
    return false;
}

bool ls_ix_query_is_null(const struct ls_usage *u, const struct ls_query *q, const char *column)
{
    struct words w;
    int at = 0; /* 1 the column, 2 IS */

    for (bool more = begin(&w, u, q->text); more; more = next(&w)) {
        if (at == 1 && (is_word(&w, "IS") || is_word(&w, "ISNULL")))
            at = 2;
        else if (at == 2)
            at = is_word(&w, "NULL") ? 3 : 0;
        else
            at = is_name(&w, column);
        if (at == 3 || (at == 2 && is_word(&w, "ISNULL")))
            return true;
    }
    return false;
}

/* Whether a pattern begins with something to look up. */
static bool is_prefix(const char *pattern, size_t n)
{
    return n > 0 && pattern[0] != '%' && pattern[0] != '_' && pattern[0] != '\\';
}

/* For a parameter the samples tell; the same parameter may stand elsewhere, its number is what counts. */
static bool is_sample_prefix(const struct ls_query *q, const char *param, size_t n)
{
    int number = 0;

    for (size_t i = 1; i < n && param[i] >= '0' && param[i] <= '9'; i++)
        number = number * 10 + (param[i] - '0');
    for (uint32_t s = 0; s < q->n_samples; s++) {
        const char *value = number >= 1 && number <= q->n_params ? q->samples[s].values[number - 1] : NULL;

        if (value && is_prefix(value, strlen(value)) && strchr(value, '%'))
            return true;
    }
    return false;
}

/* column LIKE 'x%', with a sample value that begins so, or a literal. */
bool ls_ix_query_like_prefix(const struct ls_usage *u, const struct ls_query *q, const char *column)
{
    struct words w;
    int at = 0;

    for (bool more = begin(&w, u, q->text); more; more = next(&w)) {
        const char *p = w.lx.text + w.tok.start;
        size_t n = w.tok.end - w.tok.start;

        if (at == 2) {
            if (w.tok.kind == LS_TOK_STRING && n > 2 && p[0] == '\'' && is_prefix(p + 1, n - 2) && memchr(p + 1, '%', n - 2))
                return true;
            if (w.tok.kind == LS_TOK_PARAM && is_sample_prefix(q, p, n))
                return true;
        }
        at = at == 1 && is_word(&w, "LIKE") ? 2 : is_name(&w, column) ? 1 : 0;
    }
    return false;
}
