/* sql/split.c: cuts a text into statements. What hides a ';' is in split_body.c, what a token is in lex_*.c. */
#include <config.h>
#include "lockstep/sql/split.h"

#include "lockstep/base/text.h"
#include "lockstep/base/vec.h"
#include "sql/lex_internal.h"
#include "sql/split_body.h"

#include <stdlib.h>
#include <string.h>

struct splitter {
    struct ls_lex lx;
    struct ls_stmts *out;
    size_t bad_at; /* the first NUL or invalid byte; len where there is none */
    struct ls_body body;
    struct ls_stmt open; /* being read; nothing yet while end is 0 */
    size_t counted;      /* columns are counted up to this offset, */
    int column;          /* and this is the column there */
};

/* The first NUL or invalid UTF-8 byte, or len. */
static size_t first_bad_byte(const char *text, size_t len)
{
    const uint64_t high = UINT64_C(0x8080808080808080), ones = UINT64_C(0x0101010101010101);
    size_t i = 0;
    while (i < len) {
        uint64_t w = 0;
        if (len - i >= sizeof w) {
            memcpy(&w, text + i, sizeof w);
            if (((w | ((w - ones) & ~w)) & high) == 0) { /* eight bytes, none of them NUL or above 7F */
                i += sizeof w;
                continue;
            }
        }
        int32_t cp = -1;
        size_t n = ls_utf8_decode(text + i, len - i, &cp);
        if (cp <= 0)
            return i;
        i += n;
    }
    return len;
}

static int count_chars(const char *p, size_t n)
{
    int chars = 0;
    for (size_t i = 0; i < n; i++)
        chars += ((unsigned char)p[i] & 0xC0) != 0x80;
    return chars;
}

/* The column of `to`, counted on from the last call, so that one long line with many statements costs no more than its length. */
static int column_at(struct splitter *s, size_t to)
{
    const char *from = s->lx.text + s->counted;
    size_t n = to - s->counted;
    const char *lf = memrchr(from, '\n', n);
    if (lf) {
        s->column = 1;
        n -= (size_t)(lf - from) + 1;
        from = lf + 1;
    }
    s->column += count_chars(from, n);
    s->counted = to;
    return s->column;
}

static void refuse(struct splitter *s, enum ls_split_error error, size_t offset, int line)
{
    s->out->error = error;
    s->out->error_offset = offset;
    s->out->error_line = line;
}

static void finish_statement(struct splitter *s)
{
    if (s->open.end > 0) {
        s->open.tx = ls_sql_tx_class(s->lx.dialect, s->lx.text + s->open.start, s->open.end - s->open.start);
        s->out->v = ls_vec_grow(s->out->v, &s->out->n, &s->out->cap, sizeof *s->out->v);
        s->out->v[s->out->n - 1] = s->open;
    }
    s->open = (struct ls_stmt){0};
    ls_body_start(&s->body, s->lx.dialect);
}

/* False where the text is refused here. */
static bool check_token(struct splitter *s, const struct ls_tok *t)
{
    if (t->end > s->bad_at) {
        int line = t->line;
        for (size_t i = t->start; i < s->bad_at; i++)
            line += s->lx.text[i] == '\n';
        refuse(s, s->lx.text[s->bad_at] ? LS_SPLIT_BAD_UTF8 : LS_SPLIT_NUL_BYTE, s->bad_at, line);
        return false;
    }
    if (t->error != LS_SPLIT_OK) {
        refuse(s, t->error, t->start, t->line);
        return false;
    }
    return true;
}

static bool take_token(struct splitter *s, const struct ls_tok *t)
{
    if (t->kind == LS_TOK_SPACE || t->kind == LS_TOK_COMMENT)
        return true;
    switch (ls_body_token(&s->body, &s->lx, t)) {
    case LS_BODY_ENDS:
        finish_statement(s);
        return true;
    case LS_BODY_COPY_DATA:
        refuse(s, LS_SPLIT_COPY_DATA, s->open.start, s->open.line);
        return false;
    case LS_BODY_GOES_ON:
        break;
    }
    if (s->open.end == 0)
        s->open = (struct ls_stmt){.start = t->start, .line = t->line, .col = column_at(s, t->start)};
    s->open.end = t->end;
    return true;
}

static void run(struct splitter *s)
{
    for (;;) {
        struct ls_tok t = ls_lex_raw(&s->lx);
        if (t.kind == LS_TOK_END)
            break;
        if (!check_token(s, &t) || !take_token(s, &t))
            return;
    }
    if (ls_body_is_open(&s->body))
        refuse(s, LS_SPLIT_UNTERMINATED_BODY, s->open.start, s->body.begin_line);
    else
        finish_statement(s);
}

enum ls_rc ls_sql_split(enum ls_dialect dialect, const char *text, size_t len, struct ls_stmts *out, struct ls_err *err)
{
    *out = (struct ls_stmts){.error = LS_SPLIT_OK};
    struct splitter s = {.out = out, .column = 1};
    ls_lex_init(&s.lx, dialect, text, len);
    s.counted = s.lx.pos; /* behind a BOM */
    s.bad_at = first_bad_byte(text, len);
    ls_body_start(&s.body, dialect);
    run(&s);
    if (out->error == LS_SPLIT_OK)
        return LS_OK;
    enum ls_rc rc = ls_err_set(err, LS_E_INPUT, "%d: %s", out->error_line, ls_split_error_text(out->error));
    if (err) {
        err->line = out->error_line;
        err->offset = (long)out->error_offset;
        ls_err_hint(err, "%s", ls_split_error_hint(out->error));
    }
    return rc;
}

void ls_stmts_release(struct ls_stmts *s)
{
    free(s->v);
    *s = (struct ls_stmts){.error = LS_SPLIT_OK};
}

void ls_sql_place(const char *text, size_t len, size_t offset, int *line, int *col)
{
    size_t start = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    *line = 1;
    if (offset > len)
        offset = len;
    for (const char *p; start < offset && (p = memchr(text + start, '\n', offset - start)); start = (size_t)(p - text) + 1)
        ++*line;
    *col = 1 + (offset > start ? count_chars(text + start, offset - start) : 0);
}
