/* A workload: read from a file of queries with remarks, or made of one query. */
#include <config.h>

#include "engine/workload_priv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "lockstep/sql/facts.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

void wl_note(struct ls_workload *w, const char *code, const char *path, int line, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    *LS_VEC_PUSH(&w->notes.d) = (struct ls_diag){.severity = LS_SEV_WARNING,
                                                 .code = code,
                                                 .path = ls_arena_str(w->arena, path),
                                                 .line = line,
                                                 .message = ls_arena_vprintf(w->arena, fmt, ap),
                                                 .hint = ls_arena_str(w->arena, hint)};
    va_end(ap);
}

void wl_freeze(struct ls_workload *w, wl_queries *list)
{
    w->n_queries = (uint32_t)list->n;
    w->queries = list->n > 0 ? ls_arena_dup(w->arena, list->v, list->n * sizeof(*list->v)) : NULL;
    LS_VEC_RELEASE(list);
}

void ls_workload_release(struct ls_workload *w)
{
    LS_VEC_RELEASE(&w->notes.d);
    ls_arena_free(w->arena);
    memset(w, 0, sizeof(*w));
}

/* --- one query */

/* SELECT ... INTO makes a table, FOR UPDATE and its like take locks: neither runs in a read-only transaction. */
static bool is_more_than_reading(const struct wl_toks *t)
{
    int depth = 0;

    for (size_t i = 0; i < t->t.n; i++) {
        depth += t->t.v[i].kind == LS_TOK_OPEN ? 1 : t->t.v[i].kind == LS_TOK_CLOSE ? -1 : 0;
        if (depth == 0 && wl_is(t, i, "INTO"))
            return true;
        if (wl_is(t, i, "FOR") && (wl_is(t, i + 1, "UPDATE") || wl_is(t, i + 1, "SHARE") || wl_is(t, i + 1, "KEY") || wl_is(t, i + 1, "NO")))
            return true;
    }
    return false;
}

enum ls_rc wl_query(struct ls_workload *w, struct ls_query *q, bool *is_planned, struct ls_err *err)
{
    static const char *const reads[] = {"SELECT", "VALUES", "TABLE", "WITH"};
    static const char *const writes[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"};
    struct ls_facts f;
    struct wl_toks t;
    size_t first = 0;
    bool is_read = false, is_write = false;

    ls_sql_facts(w->dialect, q->sql, strlen(q->sql), &f);
    wl_toks_init(&t, w->dialect, q->sql, strlen(q->sql));
    while (wl_is_char(&t, first, '('))
        first++;
    q->verb = ls_arena_strn(w->arena, f.verb, strcspn(f.verb, " "));
    if (q->verb[0] == '\0')
        q->verb = first > 0 ? "SELECT" : "";
    for (size_t i = 0; i < LS_ARRAY_LEN(reads); i++)
        is_read = is_read || wl_is(&t, first, reads[i]);
    for (size_t i = 0; i < LS_ARRAY_LEN(writes); i++)
        is_write = is_write || wl_is(&t, first, writes[i]);
    *is_planned = is_read || is_write;
    q->is_read = is_read && (f.flags & (LS_FACT_DML | LS_FACT_CREATES_TABLE)) == 0 && !is_more_than_reading(&t);
    wl_toks_release(&t);
    ls_facts_release(&f);
    q->mean_ms = q->mean_ms > 0 ? q->mean_ms : -1;
    return wl_params(w->arena, w->dialect, q, err);
}

/* --- remarks */

struct remark {
    const char *key, *value;
    size_t key_len, value_len;
    size_t at; /* of the value, in the file */
    int line;
};

struct reader {
    struct ls_workload *w;
    const char *path, *text;
    size_t len;
    LS_VEC(struct remark) remarks; /* of the statement that comes */
    struct ls_err *err;
};

static enum ls_rc bad_place(struct reader *r, size_t at, struct ls_err *why)
{
    int line, col;

    ls_sql_place(r->text, r->len, at, &line, &col);
    if (r->err != NULL) {
        ls_err_move(r->err, why);
        r->err->line = line;
        r->err->col = col;
        ls_err_wrap(r->err, "%s:%d:%d", r->path, line, col);
    }
    ls_err_release(why);
    return LS_E_INPUT;
}

/* "-- key: value" */
static void take_remark(struct reader *r, const struct ls_tok *t)
{
    static const char *const keys[] = {"name", "frequency", "sample"};
    const char *p = r->text + t->start, *end = r->text + t->end, *key;
    char word[16];

    while (end > p && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    if (end - p < 3 || p[0] != '-' || p[1] != '-')
        return;
    for (p += 2; p < end && (*p == ' ' || *p == '\t'); p++)
        ;
    for (key = p; p < end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')); p++)
        ;
    size_t n = (size_t)(p - key);

    if (n == 0 || n >= sizeof(word) || p == end || *p != ':')
        return;
    for (p++; p < end && (*p == ' ' || *p == '\t'); p++)
        ;
    snprintf(word, sizeof(word), "%.*s", (int)n, key);
    for (size_t i = 0; i < LS_ARRAY_LEN(keys); i++) {
        if (strcasecmp(word, keys[i]) != 0)
            continue;
        *LS_VEC_PUSH(&r->remarks) = (struct remark){.key = keys[i],
                                                    .key_len = n,
                                                    .value = p,
                                                    .value_len = (size_t)(end - p),
                                                    .at = (size_t)(p - r->text),
                                                    .line = t->line};
        return;
    }
    const char *near = n > 4 ? ls_nearest_word(word, keys, LS_ARRAY_LEN(keys)) : NULL;

    if (near != NULL)
        wl_note(r->w, "unknown-remark", r->path, t->line, NULL, "'%s:' says nothing here: did you mean '%s:'?", word, near);
}

/* What stands between two statements: a comment behind the first one's ';', in its line, is that one's. */
static void take_remarks(struct reader *r, size_t from, size_t to)
{
    const char *newline = from > 0 ? memchr(r->text + from, '\n', to - from) : r->text;
    struct ls_lex lx;
    struct ls_tok t;
    size_t skip;
    int line = 1, col;

    r->remarks.n = 0;
    if (newline == NULL)
        return;
    skip = (size_t)(newline - r->text);
    ls_sql_place(r->text, r->len, skip, &line, &col);
    ls_lex_init(&lx, r->w->dialect, r->text + skip, to - skip);
    lx.is_plain = true;
    while ((t = ls_lex_next(&lx)).kind != LS_TOK_END) {
        if (t.kind != LS_TOK_COMMENT)
            continue;
        t.start += skip;
        t.end += skip;
        t.line += line - 1;
        take_remark(r, &t);
    }
}

static bool frequency(const char *text, size_t len, double *out)
{
    static const struct {
        const char *unit;
        double per_hour;
    } units[] = {{"", 1}, {"/h", 1}, {"/hour", 1}, {"/s", 3600}, {"/sec", 3600}, {"/min", 60}, {"/m", 60}, {"/d", 1 / 24.0}, {"/day", 1 / 24.0}};
    char copy[48], *end;

    if (len == 0 || len >= sizeof(copy) || text[0] < '0' || text[0] > '9')
        return false;
    snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
    *out = strtod(copy, &end);
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < LS_ARRAY_LEN(units); i++)
        if (strcmp(end, units[i].unit) == 0) {
            *out *= units[i].per_hour;
            return *out >= 0 && *out < 1e15;
        }
    return false;
}

static enum ls_rc add_sample(struct reader *r, struct ls_query *q, const struct remark *m, struct ls_sample *out)
{
    struct wl_values v = {0};
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = wl_values(r->w->arena, r->w->dialect, m->value, m->value_len, &v, &why);

    if (rc == LS_OK && v.v.n != (size_t)q->n_params) {
        rc = ls_err_set(&why, LS_E_INPUT, "%zu values for a query with %d parameter%s", v.v.n, q->n_params, q->n_params == 1 ? "" : "s");
        ls_err_hint(&why, "in the order of $1, $2 ..., or of the first use of each ? and :name");
    }
    if (rc == LS_OK && v.v.n > 0) {
        out->values = ls_arena_dup(r->w->arena, v.v.v, v.v.n * sizeof(*v.v.v));
        out->is_number = ls_arena_dup(r->w->arena, v.is_number.v, v.v.n * sizeof(*v.is_number.v));
    }
    wl_values_release(&v);
    return rc == LS_OK ? rc : bad_place(r, m->at + (why.offset > 0 ? (size_t)why.offset : 0), &why);
}

static enum ls_rc use_remarks(struct reader *r, struct ls_query *q)
{
    struct ls_sample *samples = LS_ARENA_ARRAY(r->w->arena, struct ls_sample, r->remarks.n + 1);
    enum ls_rc rc = LS_OK;

    q->samples = samples;
    for (size_t i = 0; i < r->remarks.n && rc == LS_OK; i++) {
        const struct remark *m = &r->remarks.v[i];
        struct ls_err why = LS_ERR_INIT;

        if (m->key[0] == 'n' && m->value_len > 0) {
            q->name = ls_arena_strn(r->w->arena, m->value, m->value_len);
        } else if (m->key[0] == 's') {
            rc = add_sample(r, q, m, &samples[q->n_samples]);
            q->n_samples += rc == LS_OK ? 1 : 0;
        } else if (m->key[0] == 'f') {
            q->has_frequency = frequency(m->value, m->value_len, &q->per_hour);
            if (!q->has_frequency) {
                ls_err_set(&why, LS_E_INPUT, "'%.*s' is no frequency", (int)(m->value_len < 40 ? m->value_len : 40), m->value);
                ls_err_hint(&why, "N, N/s, N/min, N/h or N/d");
                rc = bad_place(r, m->at, &why);
            }
        }
    }
    return rc;
}

/* --- a file */

static enum ls_rc read_one(struct reader *r, const struct ls_stmt *st, wl_queries *list)
{
    struct ls_workload *w = r->w;
    struct ls_query q = {.per_hour = 1, .mean_ms = -1, .calls = -1, .line = st->line, .col = st->col, .path = r->path};
    struct ls_err why = LS_ERR_INIT;
    bool is_planned = false;
    enum ls_rc rc;

    q.sql = ls_arena_strn(w->arena, r->text + st->start, st->end - st->start);
    q.name = ls_arena_printf(w->arena, "query at line %d", st->line);
    rc = wl_query(w, &q, &is_planned, &why);
    if (rc != LS_OK)
        return bad_place(r, st->start + (why.offset > 0 ? (size_t)why.offset : 0), &why);
    if (!is_planned) {
        wl_note(w, "not-a-query", r->path, st->line, "queries are SELECT, VALUES, WITH, INSERT, UPDATE, DELETE, MERGE",
                "%s is left out: it is not planned", q.verb[0] != '\0' ? q.verb : "a statement");
        return LS_OK;
    }
    rc = use_remarks(r, &q);
    if (rc == LS_OK)
        *LS_VEC_PUSH(list) = q;
    return rc;
}

static enum ls_rc read_text(struct reader *r, wl_queries *list)
{
    struct ls_err why = LS_ERR_INIT;
    struct ls_stmts stmts = {0};
    size_t from = 0;
    enum ls_rc rc = ls_sql_split(r->w->dialect, r->text, r->len, &stmts, &why);

    if (rc != LS_OK) {
        struct ls_err own = LS_ERR_INIT;

        ls_err_set(&own, LS_E_INPUT, "%s", ls_split_error_text(stmts.error));
        ls_err_hint(&own, "%s", ls_split_error_hint(stmts.error));
        rc = bad_place(r, stmts.error_offset, &own);
    }
    for (size_t i = 0; i < stmts.n && rc == LS_OK; i++) {
        take_remarks(r, from, stmts.v[i].start);
        rc = read_one(r, &stmts.v[i], list);
        from = stmts.v[i].end;
    }
    if (rc == LS_OK) {
        take_remarks(r, from, r->len);
        if (r->remarks.n > 0)
            wl_note(r->w, "remark-alone", r->path, r->remarks.v[0].line, NULL, "'%s:' stands in front of no query", r->remarks.v[0].key);
    }
    ls_err_release(&why);
    ls_stmts_release(&stmts);
    return rc;
}

static void begin(struct ls_workload *w, enum ls_dialect d, const char *source)
{
    memset(w, 0, sizeof(*w));
    w->arena = ls_arena_new();
    w->dialect = d;
    w->source = ls_arena_str(w->arena, source);
}

enum ls_rc ls_workload_load(const char *path, enum ls_dialect d, struct ls_workload *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    wl_queries list = {0};
    enum ls_rc rc;

    begin(out, d, ls_path_base(path));
    rc = ls_file_read(path, 0, FILE_MAX, &text, err);
    if (rc == LS_OK) {
        struct reader r = {.w = out, .path = ls_arena_str(out->arena, path), .text = text.ptr, .len = text.len, .err = err};

        rc = read_text(&r, &list);
        LS_VEC_RELEASE(&r.remarks);
    }
    if (rc == LS_OK && list.n == 0)
        wl_note(out, "no-queries", path, 0, NULL, "there is no query in it");
    wl_freeze(out, &list);
    if (rc != LS_OK)
        ls_workload_release(out);
    ls_buf_release(&text);
    return rc;
}

enum ls_rc ls_workload_one(const char *sql, size_t len, enum ls_dialect d, struct ls_workload *out, struct ls_err *err)
{
    struct ls_stmts stmts = {0};
    struct ls_query q = {.name = "query", .per_hour = 1, .mean_ms = -1, .calls = -1};
    wl_queries list = {0};
    bool is_planned = false;
    enum ls_rc rc;

    begin(out, d, "query");
    rc = ls_sql_split(d, sql, len, &stmts, err);
    if (rc == LS_OK && stmts.n == 0)
        rc = ls_err_set(err, LS_E_INPUT, "there is no query in it");
    if (rc == LS_OK && stmts.n > 1)
        rc = ls_err_set(err, LS_E_INPUT, "it holds %zu statements: one query is wanted", stmts.n);
    if (rc == LS_OK) {
        q.sql = ls_arena_strn(out->arena, sql + stmts.v[0].start, stmts.v[0].end - stmts.v[0].start);
        rc = wl_query(out, &q, &is_planned, err);
    }
    if (rc == LS_OK && !is_planned) {
        rc = ls_err_set(err, LS_E_INPUT, "%s is not planned by the database", q.verb[0] != '\0' ? q.verb : "this");
        ls_err_hint(err, "queries are SELECT, VALUES, WITH, INSERT, UPDATE, DELETE, MERGE");
    }
    if (rc == LS_OK)
        *LS_VEC_PUSH(&list) = q;
    wl_freeze(out, &list);
    if (rc != LS_OK)
        ls_workload_release(out);
    ls_stmts_release(&stmts);
    return rc;
}
