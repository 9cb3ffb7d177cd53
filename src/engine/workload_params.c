/* Parameters of a statement, in any of the ways that they are written, numbered by tokens: a '?' in a string or a comment is none. */
#include <config.h>

#include "engine/workload_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/mem.h"

enum { PARAMS_MAX = 1000 };

/* --- tokens */

void wl_toks_init(struct wl_toks *out, enum ls_dialect d, const char *text, size_t len)
{
    struct ls_lex lx;
    struct ls_tok t;

    memset(out, 0, sizeof(*out));
    out->text = text;
    ls_lex_init(&lx, d, text, len);
    lx.is_plain = true;
    while ((t = ls_lex_next(&lx)).kind != LS_TOK_END)
        if (t.kind != LS_TOK_SPACE && t.kind != LS_TOK_COMMENT)
            *LS_VEC_PUSH(&out->t) = t;
}

void wl_toks_release(struct wl_toks *t)
{
    LS_VEC_RELEASE(&t->t);
}

bool wl_is(const struct wl_toks *t, size_t i, const char *upper)
{
    if (i >= t->t.n || (t->t.v[i].kind != LS_TOK_WORD && t->t.v[i].kind != LS_TOK_KEYWORD))
        return false;
    size_t n = t->t.v[i].end - t->t.v[i].start;

    return strlen(upper) == n && strncasecmp(t->text + t->t.v[i].start, upper, n) == 0;
}

bool wl_is_char(const struct wl_toks *t, size_t i, char c)
{
    return i < t->t.n && t->t.v[i].end - t->t.v[i].start == 1 && t->text[t->t.v[i].start] == c;
}

/* --- parameters */

struct scan {
    struct ls_arena *arena;
    const char *sql;
    size_t len;
    LS_VEC(const char *) names; /* of number i + 1; NULL: written as a number, or as '?' */
    LS_VEC(struct ls_query_cut) cuts;
    size_t error_at;
};

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

static size_t name_len(const struct scan *s, size_t at)
{
    size_t n = 0;

    while (at + n < s->len && is_name_char(s->sql[at + n]))
        n++;
    return n;
}

static int number_of_name(struct scan *s, const char *name, size_t len)
{
    for (size_t i = 0; i < s->names.n; i++)
        if (s->names.v[i] != NULL && strlen(s->names.v[i]) == len && strncmp(s->names.v[i], name, len) == 0)
            return (int)i + 1;
    *LS_VEC_PUSH(&s->names) = ls_arena_strn(s->arena, name, len);
    return (int)s->names.n;
}

/* The parameter at start: '?', '?1', '$1', ':name', '@name', '$name'. Its end; start when there is none of a number that can be had. */
static size_t take(struct scan *s, size_t start)
{
    char mark = s->sql[start];
    size_t n = name_len(s, start + 1);
    long number = 0;
    bool is_number = n > 0;

    for (size_t i = 0; i < n && is_number; i++) {
        char c = s->sql[start + 1 + i];

        is_number = c >= '0' && c <= '9';
        number = number > PARAMS_MAX ? number : number * 10 + (c - '0');
    }
    if (mark == '?' && !is_number)
        n = 0;
    if (mark == '?' && n == 0) {
        *LS_VEC_PUSH(&s->names) = NULL;
        number = (long)s->names.n;
    } else if (is_number && (mark == '?' || mark == '$')) {
        if (number < 1 || number > PARAMS_MAX)
            return start;
        while ((long)s->names.n < number)
            *LS_VEC_PUSH(&s->names) = NULL;
    } else {
        number = number_of_name(s, s->sql + start, n + 1);
    }
    if (s->names.n > PARAMS_MAX)
        return start;
    *LS_VEC_PUSH(&s->cuts) =
        (struct ls_query_cut){.sql_start = (uint32_t)start, .sql_end = (uint32_t)(start + 1 + n), .param = (int)number};
    return start + 1 + n;
}

/* Words behind which an expression begins: a '?' there is a parameter, where behind a name it is an operator of jsonb. */
static const char *const leads[] = {"SELECT", "WHERE", "AND",    "OR",   "NOT",       "IN",    "LIKE",  "ILIKE",  "BETWEEN", "LIMIT",
                                    "OFFSET", "THEN",  "WHEN",   "ELSE", "ON",        "HAVING", "BY",   "SET",    "VALUES",  "RETURNING",
                                    "FETCH",  "FIRST", "NEXT",   "CASE", "DISTINCT",  "IS",    "FROM",  "USING",  "ALL",     "SIMILAR",
                                    "TO",     "ESCAPE", "ARRAY", "ROW",  "SYMMETRIC", "TABLESAMPLE"};

static bool is_operand_next(const struct wl_toks *t, size_t i)
{
    if (i == 0)
        return true;
    enum ls_tok_kind k = t->t.v[i - 1].kind;

    if (k == LS_TOK_WORD || k == LS_TOK_KEYWORD) {
        for (size_t w = 0; w < LS_ARRAY_LEN(leads); w++)
            if (wl_is(t, i - 1, leads[w]))
                return true;
        return false;
    }
    return k == LS_TOK_OPERATOR || k == LS_TOK_OPEN || k == LS_TOK_COMMA_DOT;
}

/* In PostgreSQL '?' and '@' are made into operators ("=?" is one token), and ':' stands by itself. Where a parameter begins in token i, or SIZE_MAX. */
static size_t find_pg(const struct scan *s, const struct wl_toks *t, size_t i, int depth_slice)
{
    const struct ls_tok *tok = &t->t.v[i];
    size_t last = tok->end - 1;
    char c = s->sql[last];
    bool is_alone = tok->end - tok->start == 1;

    if (tok->kind == LS_TOK_PARAM)
        return tok->start;
    if (tok->kind == LS_TOK_COMMA_DOT && is_alone && c == ':')
        return depth_slice == 0 && name_len(s, tok->end) > 0 && (s->sql[tok->end] < '0' || s->sql[tok->end] > '9') &&
                       (tok->start == 0 || s->sql[tok->start - 1] != ':')
                   ? tok->start
                   : SIZE_MAX;
    if (tok->kind != LS_TOK_OPERATOR || (c != '?' && c != '@'))
        return SIZE_MAX;
    if (!is_alone && strchr("=<>!|+-*/%", s->sql[last - 1]) == NULL)
        return SIZE_MAX; /* "@?", "#?": PostgreSQL's own */
    if (c == '@' && !is_alone && (s->sql[last - 1] == '<' || s->sql[last - 1] == '|'))
        return SIZE_MAX; /* "<@", "|@" */
    if (c == '@' && (name_len(s, tok->end) == 0 || (s->sql[tok->end] >= '0' && s->sql[tok->end] <= '9')))
        return SIZE_MAX;
    return !is_alone || is_operand_next(t, i) ? last : SIZE_MAX;
}

static bool scan_text(struct scan *s, enum ls_dialect d)
{
    struct wl_toks t;
    size_t passed = 0;
    int slices = 0;
    bool is_ok = true;

    wl_toks_init(&t, d, s->sql, s->len);
    for (size_t i = 0; i < t.t.n && is_ok; i++) {
        size_t at;

        if (t.t.v[i].start < passed)
            continue; /* the name of a parameter */
        slices += wl_is_char(&t, i, '[') && d == LS_DIALECT_POSTGRES ? 1 : 0;
        slices -= wl_is_char(&t, i, ']') && slices > 0 ? 1 : 0;
        at = d == LS_DIALECT_POSTGRES ? find_pg(s, &t, i, slices) : t.t.v[i].kind == LS_TOK_PARAM ? t.t.v[i].start : SIZE_MAX;
        if (at == SIZE_MAX)
            continue;
        passed = take(s, at);
        is_ok = passed > at;
        s->error_at = at;
    }
    wl_toks_release(&t);
    return is_ok;
}

enum ls_rc wl_params(struct ls_arena *a, enum ls_dialect d, struct ls_query *q, struct ls_err *err)
{
    struct scan s = {.arena = a, .sql = q->sql, .len = strlen(q->sql)};
    struct ls_buf out = LS_BUF_INIT;
    size_t from = 0;
    enum ls_rc rc = LS_OK;

    if (!scan_text(&s, d)) {
        rc = ls_err_set(err, LS_E_INPUT, "parameters are numbered from 1 to %d", PARAMS_MAX);
        if (err != NULL)
            err->offset = (long)s.error_at;
        goto out;
    }
    for (size_t i = 0; i < s.cuts.n; i++) {
        struct ls_query_cut *c = &s.cuts.v[i];

        ls_buf_add(&out, s.sql + from, c->sql_start - from);
        c->text_start = (uint32_t)out.len;
        ls_buf_addf(&out, "%c%d", d == LS_DIALECT_POSTGRES ? '$' : '?', c->param);
        c->text_end = (uint32_t)out.len;
        from = c->sql_end;
    }
    ls_buf_adds(&out, s.sql + from);
    q->text = ls_arena_strn(a, out.ptr, out.len);
    q->n_params = (int)s.names.n;
    q->cuts = s.cuts.n > 0 ? ls_arena_dup(a, s.cuts.v, s.cuts.n * sizeof(*s.cuts.v)) : NULL;
    q->n_cuts = (uint32_t)s.cuts.n;
out:
    ls_buf_release(&out);
    LS_VEC_RELEASE(&s.names);
    LS_VEC_RELEASE(&s.cuts);
    return rc;
}

void ls_query_place(const struct ls_query *q, long offset, int *line, int *col)
{
    size_t at = offset < 0 ? 0 : (size_t)offset, len = strlen(q->sql);

    for (uint32_t i = q->n_cuts; i > 0 && offset >= 0; i--) {
        const struct ls_query_cut *c = &q->cuts[i - 1];

        if (at < c->text_start)
            continue;
        at = at < c->text_end ? c->sql_start : c->sql_end + (at - c->text_end);
        break;
    }
    ls_sql_place(q->sql, len, at < len ? at : len, line, col);
    if (*line == 1 && q->col > 0)
        *col += q->col - 1;
    if (q->line > 0)
        *line += q->line - 1;
}

/* --- values */

/* 'text' with its quotes doubled; E'' with the backslashes that psql's users write. */
static const char *string_value(struct ls_arena *a, const char *text, size_t len)
{
    struct ls_buf b = LS_BUF_INIT;
    bool is_escaped = len > 0 && (text[0] | 32) == 'e';
    size_t i = strcspn(text, "'") + 1;
    const char *out;

    for (; i + 1 < len; i++) {
        if (text[i] == '\'')
            i++;
        else if (is_escaped && text[i] == '\\' && i + 2 < len)
            i++;
        ls_buf_addc(&b, text[i]);
    }
    out = ls_arena_strn(a, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* One value from token i on; how many tokens, 0: none. */
static size_t value_at(struct ls_arena *a, const struct wl_toks *t, size_t i, const char **out, bool *is_number)
{
    const struct ls_tok *tok = &t->t.v[i];
    size_t sign = wl_is_char(t, i, '-') || wl_is_char(t, i, '+') ? 1 : 0;

    *is_number = false;
    if (i + sign < t->t.n && t->t.v[i + sign].kind == LS_TOK_NUMBER) {
        *is_number = true;
        *out = ls_arena_printf(a, "%s%.*s", wl_is_char(t, i, '-') ? "-" : "",
                               (int)(t->t.v[i + sign].end - t->t.v[i + sign].start), t->text + t->t.v[i + sign].start);
        return sign + 1;
    }
    if (tok->kind == LS_TOK_STRING && t->text[tok->end - 1] == '\'') {
        *out = string_value(a, t->text + tok->start, tok->end - tok->start);
        return 1;
    }
    *out = NULL;
    if (wl_is(t, i, "NULL"))
        return 1;
    *out = wl_is(t, i, "TRUE") ? "true" : wl_is(t, i, "FALSE") ? "false" : NULL;
    return *out != NULL ? 1 : 0;
}

enum ls_rc wl_values(struct ls_arena *a, enum ls_dialect d, const char *text, size_t len, struct wl_values *out, struct ls_err *err)
{
    struct wl_toks t;
    size_t i = 0, n = 1, at = 0;

    wl_toks_init(&t, d, text, len);
    while (n > 0 && i < t.t.n) {
        const char *v;
        bool is_number;

        at = t.t.v[i].start;
        n = value_at(a, &t, i, &v, &is_number);
        if (n == 0)
            break;
        if (d == LS_DIALECT_SQLITE && v != NULL && t.t.v[i].kind != LS_TOK_STRING && !is_number) {
            v = v[0] == 't' ? "1" : "0";
            is_number = true;
        }
        *LS_VEC_PUSH(&out->v) = v;
        *LS_VEC_PUSH(&out->is_number) = is_number;
        i += n;
        if (i == t.t.n)
            break;
        at = t.t.v[i].start;
        n = wl_is_char(&t, i, ',') && i + 1 < t.t.n ? 1 : 0;
        i += n;
    }
    wl_toks_release(&t);
    if (n > 0)
        return LS_OK;
    ls_err_set(err, LS_E_INPUT, "a value is a number, a 'text', NULL, true or false, and ',' stands between two");
    if (err != NULL)
        err->offset = (long)at;
    return LS_E_INPUT;
}

void wl_values_release(struct wl_values *v)
{
    LS_VEC_RELEASE(&v->v);
    LS_VEC_RELEASE(&v->is_number);
}
