/* tests/fuzz/split_check.h: what holds for the lexer and the splitter of either dialect, whatever the text. */
#ifndef FUZZ_SPLIT_CHECK_H
#define FUZZ_SPLIT_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/sql/split.h"

static inline void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "violated: %s\n", what);
        abort();
    }
}

static inline int has_bom(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
}

static inline void check_tokens(enum ls_dialect d, const char *text, size_t len)
{
    struct ls_lex lx;
    size_t at = has_bom(text, len) ? 3 : 0;
    int line = 1;
    ls_lex_init(&lx, d, text, len);
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
        require(t.start == at && t.end > at && t.end <= len, "tokens follow each other without a gap");
        require(t.line == line, "a token's line is that of its first byte");
        require(t.kind != LS_TOK_ERROR || t.error != LS_SPLIT_OK, "an error token has a reason");
        for (; at < t.end; at++)
            line += text[at] == '\n';
    }
    require(at == len, "the tokens reach to the end");
}

/* Only blanks, comments and ';' lie between statements. */
static inline void check_gap(enum ls_dialect d, const char *text, size_t len)
{
    struct ls_lex lx;
    ls_lex_init(&lx, d, text, len);
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx))
        require(t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT || t.kind == LS_TOK_SEMICOLON,
                "nothing is lost between statements");
}

static inline void check_alone(enum ls_dialect d, const char *text, size_t len)
{
    struct ls_stmts s;
    char *copy = malloc(len); /* exact, so that a sanitizer sees a byte read too far */
    require(copy != NULL, "memory");
    memcpy(copy, text, len);
    (void)ls_sql_split(d, copy, len, &s, NULL);
    require(s.error == LS_SPLIT_OK && s.n == 1 && s.v[0].start == 0 && s.v[0].end == len,
            "a statement alone is that one statement");
    ls_stmts_release(&s);
    free(copy);
}

static inline void check_statements(enum ls_dialect d, const char *text, size_t len, const struct ls_stmts *s)
{
    size_t behind = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct ls_stmt *st = &s->v[i];
        int line, col;
        require(st->start >= behind && st->end > st->start && st->end <= len, "statements ascend within the text");
        check_gap(d, text + behind, st->start - behind);
        behind = st->end;
        ls_sql_place(text, len, st->start, &line, &col);
        require(st->line == line && st->col == col, "line and column are those of the offset");
        if (!has_bom(text + st->start, st->end - st->start)) /* U+FEFF in the midst of a file is PostgreSQL's own business */
            check_alone(d, text + st->start, st->end - st->start);
        require(st->tx == ls_sql_tx_class(d, text + st->start, st->end - st->start), "the class is that of the bytes");
    }
    if (s->error == LS_SPLIT_OK)
        check_gap(d, text + behind, len - behind);
}

/* Joined again, the same statements come out. A comment goes before each, as SQLite takes a vertical tab behind a blank for one. */
static inline void check_join(enum ls_dialect d, const char *text, const struct ls_stmts *s)
{
    struct ls_buf joined = LS_BUF_INIT;
    struct ls_stmts again;
    if (s->n == 0 || has_bom(text + s->v[0].start, s->v[0].end - s->v[0].start))
        return;
    for (size_t i = 0; i < s->n; i++) {
        ls_buf_add(&joined, text + s->v[i].start, s->v[i].end - s->v[i].start);
        ls_buf_adds(&joined, i + 1 < s->n ? "\n;/**/" : "");
    }
    (void)ls_sql_split(d, joined.ptr, joined.len, &again, NULL);
    require(again.error == LS_SPLIT_OK && again.n == s->n, "as many statements after a join");
    for (size_t i = 0; i < s->n; i++) {
        size_t n = s->v[i].end - s->v[i].start;
        require(again.v[i].end - again.v[i].start == n && memcmp(joined.ptr + again.v[i].start, text + s->v[i].start, n) == 0,
                "the same statements after a join");
    }
    ls_stmts_release(&again);
    ls_buf_release(&joined);
}

static inline int check_split(enum ls_dialect d, const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct ls_stmts s;
    struct ls_err err = LS_ERR_INIT;
    if (len == 0)
        return 0;
    check_tokens(d, text, len);
    enum ls_rc rc = ls_sql_split(d, text, len, &s, &err);
    require((rc == LS_OK) == (s.error == LS_SPLIT_OK) && rc == err.code, "the code fits the result");
    if (rc != LS_OK) {
        require(s.error_line >= 1 && s.error_offset < len && err.line == s.error_line && err.hint,
                "a refusal has a place and a hint");
        require(s.n == 0 || s.v[s.n - 1].end <= s.error_offset, "only what came before a refusal is kept");
    }
    check_statements(d, text, len, &s);
    check_join(d, text, &s);
    ls_err_release(&err);
    ls_stmts_release(&s);
    return 0;
}

#endif
