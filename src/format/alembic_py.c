/* The header of a revision file: a module's docstring and the four variables that alembic looks at, told from Python's text without
 * running it. What is not a literal is said to be none, never guessed. */
#include <config.h>

#include "format/alembic.h"

#include <string.h>

enum { MAX_NESTING = 32 };

/* --- tokens ------------------------------------------------------------------------------------------------ */

enum tok_kind { TOK_NAME, TOK_TEXT, TOK_OP, TOK_LINE_END, TOK_END };

struct tok {
    enum tok_kind kind;
    size_t start, end; /* TEXT: what stands between the quotes */
    size_t prefix;     /* TEXT: where its letters begin */
    int line, col;     /* col: bytes in front of it in its line; 0 at the module's top level */
};

struct lexer {
    struct ls_arena *arena;
    const char *text;
    size_t len, at, line_start;
    int line, depth;
    bool in_statement; /* a line end would end one */
    struct tok t;      /* the one that is looked at */
    struct ls_alembic_header *out;
};

static void fail(struct lexer *lx, int line, const char *why)
{
    if (lx->out->error == NULL) {
        lx->out->error = why;
        lx->out->error_line = line;
    }
    lx->at = lx->len;
}

static char peek(const struct lexer *lx, size_t ahead)
{
    return lx->at + ahead < lx->len ? lx->text[lx->at + ahead] : '\0';
}

/* Letters, digits, '_', and all that is no ASCII: a bit for each byte, as every byte of a folder is asked. */
static bool is_name_byte(char c)
{
    static const uint64_t bits[4] = {0x03FF000000000000, 0x07FFFFFE87FFFFFE, UINT64_MAX, UINT64_MAX};
    unsigned char byte = (unsigned char)c;

    return (bits[byte >> 6] >> (byte & 63) & 1) != 0;
}

/* Past a line's end: LF, CR LF or CR. */
static void next_line(struct lexer *lx)
{
    if (lx->text[lx->at] == '\r' && peek(lx, 1) == '\n')
        lx->at++;
    lx->at++;
    lx->line++;
    lx->line_start = lx->at;
}

static bool at_line_end(const struct lexer *lx)
{
    return lx->at < lx->len && (lx->text[lx->at] == '\n' || lx->text[lx->at] == '\r');
}

/* Blanks, comments, lines joined by '\' or inside of brackets. Stops at a line end that ends a statement. */
static void skip_blanks(struct lexer *lx)
{
    while (lx->at < lx->len) {
        char c = lx->text[lx->at];

        if (c == '#') {
            while (lx->at < lx->len && !at_line_end(lx))
                lx->at++;
        } else if (c == '\\' && (peek(lx, 1) == '\n' || peek(lx, 1) == '\r')) {
            lx->at++;
            next_line(lx);
        } else if (at_line_end(lx)) {
            if (lx->depth == 0 && lx->in_statement)
                return;
            next_line(lx);
        } else if (c == ' ' || c == '\t' || c == '\f') {
            lx->at++;
        } else {
            return;
        }
    }
}

static bool is_prefix_byte(char c)
{
    char lower = (char)(c | 0x20);

    return lower == 'r' || lower == 'b' || lower == 'u' || lower == 'f' || lower == 't';
}

/* Behind the letters in front of a quote; 0: there is none. At most two letters of r, b, u, f, t. */
static size_t quote_at(const struct lexer *lx)
{
    size_t n = 0;

    while (n < 3 && is_prefix_byte(peek(lx, n)))
        n++;
    return n <= 2 && (peek(lx, n) == '"' || peek(lx, n) == '\'') ? n + 1 : 0;
}

static void lex_text(struct lexer *lx, size_t quote)
{
    char q;
    int line = lx->line;
    bool is_long, is_done = false;

    lx->t.prefix = lx->at;
    lx->at += quote - 1;
    q = lx->text[lx->at];
    is_long = peek(lx, 1) == q && peek(lx, 2) == q;
    lx->at += is_long ? 3 : 1;
    lx->t.start = lx->at;
    while (!is_done && lx->at < lx->len) {
        char c = lx->text[lx->at];

        if (c != q && c != '\\' && c != '\n' && c != '\r') {
            lx->at++;
        } else if (c == '\\' && lx->at + 1 < lx->len) {
            lx->at++;
            if (at_line_end(lx))
                next_line(lx);
            else
                lx->at++;
        } else if (c == q && (!is_long || (peek(lx, 1) == q && peek(lx, 2) == q))) {
            is_done = true;
        } else if (at_line_end(lx) && !is_long) {
            break;
        } else if (at_line_end(lx)) {
            next_line(lx);
        } else {
            lx->at++;
        }
    }
    lx->t.kind = TOK_TEXT;
    lx->t.end = lx->at;
    if (!is_done)
        fail(lx, line, "a text begins here and does not end");
    else
        lx->at += is_long ? 3 : 1;
}

/* What an operator of two bytes can end with. */
static bool is_second(char c)
{
    return c == '=' || c == '>' || c == '<' || c == '*' || c == '/';
}

static void lex_op(struct lexer *lx)
{
    static const char two[] = "== != <= >= := -> ** // << >> += -= *= /= |= &= ^= %= @=";
    char c = lx->text[lx->at], pair[3] = {c, peek(lx, 1), '\0'};

    lx->t.kind = TOK_OP;
    if (c == '(' || c == '[' || c == '{')
        lx->depth++;
    if ((c == ')' || c == ']' || c == '}') && lx->depth > 0)
        lx->depth--;
    lx->at += is_second(pair[1]) && strstr(two, pair) != NULL ? 2 : 1;
    lx->t.end = lx->at;
}

static void advance(struct lexer *lx)
{
    size_t quote;

    skip_blanks(lx);
    lx->t = (struct tok){.kind = TOK_END, .start = lx->at, .end = lx->at, .line = lx->line, .col = (int)(lx->at - lx->line_start)};
    if (lx->at >= lx->len) {
        if (lx->depth > 0)
            fail(lx, lx->line, "a bracket is open at the end of the file");
        return;
    }
    if (at_line_end(lx)) {
        lx->t.kind = TOK_LINE_END;
        lx->in_statement = false;
        next_line(lx);
        return;
    }
    lx->in_statement = true;
    if ((quote = quote_at(lx)) > 0) {
        lex_text(lx, quote);
    } else if (is_name_byte(lx->text[lx->at])) {
        size_t at = lx->at;

        while (at < lx->len && is_name_byte(lx->text[at]))
            at++;
        lx->t.kind = TOK_NAME;
        lx->t.end = lx->at = at;
    } else {
        lex_op(lx);
    }
}

static bool is_op(const struct lexer *lx, const char *op)
{
    return lx->t.kind == TOK_OP && lx->text[lx->t.start] == op[0] && lx->t.end - lx->t.start == strlen(op) && memcmp(lx->text + lx->t.start, op, strlen(op)) == 0;
}

static bool is_name(const struct lexer *lx, const char *name)
{
    return lx->t.kind == TOK_NAME && lx->t.end - lx->t.start == strlen(name) &&
           memcmp(lx->text + lx->t.start, name, strlen(name)) == 0;
}

static bool at_end(const struct lexer *lx)
{
    return lx->t.kind == TOK_END || lx->t.kind == TOK_LINE_END || (lx->depth == 0 && is_op(lx, ";"));
}

/* --- literals ---------------------------------------------------------------------------------------------- */

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static void add_code(struct ls_buf *out, uint32_t c)
{
    if (c < 0x80) {
        ls_buf_addc(out, (char)c);
    } else if (c < 0x800) {
        ls_buf_addc(out, (char)(0xC0 | c >> 6));
        ls_buf_addc(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        ls_buf_addc(out, (char)(0xE0 | c >> 12));
        ls_buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
        ls_buf_addc(out, (char)(0x80 | (c & 0x3F)));
    } else {
        ls_buf_addc(out, (char)(0xF0 | c >> 18));
        ls_buf_addc(out, (char)(0x80 | (c >> 12 & 0x3F)));
        ls_buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
        ls_buf_addc(out, (char)(0x80 | (c & 0x3F)));
    }
}

/* Digits of one base, at most max of them (exactly, with `all`), at *p; false: not so, or no code point. */
static bool add_number(struct ls_buf *out, const char **p, const char *end, int base, int max, bool all)
{
    uint32_t c = 0;
    int n = 0;

    for (; n < max && *p < end && digit_of(**p) < base; n++, (*p)++)
        c = c * (uint32_t)base + (uint32_t)digit_of(**p);
    if (n == 0 || (all && n < max) || c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return false;
    add_code(out, c);
    return true;
}

/* *p stands behind the '\'. */
static bool add_escape(struct ls_buf *out, const char **p, const char *end)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    char c = **p;
    const char *hit = strchr(from, c);

    if (c >= '0' && c <= '7')
        return add_number(out, p, end, 8, 3, false);
    (*p)++;
    if (c == 'x' || c == 'u' || c == 'U')
        return add_number(out, p, end, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8, true);
    if (c == 'N' && *p < end && **p == '{')
        return false;
    if (c == '\r' || c == '\n') {
        *p += c == '\r' && *p < end && **p == '\n';
        return true;
    }
    if (hit == NULL || c == '\0')
        ls_buf_addc(out, '\\');
    ls_buf_addc(out, hit != NULL && c != '\0' ? to[hit - from] : c);
    return true;
}

/* The text of the token; false: bytes, a format string, or an escape that is not known here. */
static bool add_text(const struct lexer *lx, struct ls_buf *out)
{
    const char *p = lx->text + lx->t.start, *end = lx->text + lx->t.end;
    bool is_raw = false;

    for (size_t i = lx->t.prefix; lx->text[i] != '"' && lx->text[i] != '\''; i++) {
        if (strchr("bBfFtT", lx->text[i]) != NULL)
            return false;
        is_raw = is_raw || lx->text[i] == 'r' || lx->text[i] == 'R';
    }
    while (p < end) {
        if (*p == '\0')
            return false;
        if (*p == '\\' && !is_raw && p + 1 < end) {
            p++;
            if (!add_escape(out, &p, end))
                return false;
        } else if (*p == '\r') {
            p += p + 1 < end && p[1] == '\n' ? 2 : 1;
            ls_buf_addc(out, '\n');
        } else {
            const char *from = p++;

            while (p < end && *p != '\\' && *p != '\r' && *p != '\0')
                p++;
            ls_buf_add(out, from, (size_t)(p - from));
        }
    }
    return true;
}

typedef LS_VEC(const char *) texts;

/* Texts one behind the other are one. */
static bool parse_text(struct lexer *lx, const char **text)
{
    struct ls_buf b = LS_BUF_INIT;
    bool ok = true;

    while (lx->t.kind == TOK_TEXT) {
        ok = add_text(lx, &b) && ok;
        advance(lx);
    }
    *text = ls_arena_strn(lx->arena, b.ptr != NULL ? b.ptr : "", b.len);
    ls_buf_release(&b);
    return ok;
}

static const char *parse_value(struct lexer *lx, struct ls_py_value *v, int nesting);

static void set_texts(struct lexer *lx, struct ls_py_value *v, const texts *list)
{
    const char **out = LS_ARENA_ARRAY(lx->arena, const char *, list->n + 1);

    for (size_t i = 0; i < list->n; i++)
        out[i] = list->v[i];
    v->v = out;
    v->n = list->n;
}

static const char not_literal[] = "it is no literal: only Python can tell what it is";

/* Behind the opening bracket, or behind the first value of a list without one (close ""). NULL: fine. */
static const char *parse_items(struct lexer *lx, struct ls_py_value *v, const char *close, bool is_group, int nesting)
{
    texts list = {0};
    const char *why = NULL;
    bool has_comma = close[0] == '\0';

    if (has_comma)
        *LS_VEC_PUSH(&list) = v->v[0];
    while (why == NULL && !(close[0] != '\0' ? is_op(lx, close) : at_end(lx))) {
        struct ls_py_value item = {0};

        why = parse_value(lx, &item, nesting + 1);
        /* (None) and ("x") are what stands in them, as ((..)) is; a tuple in a tuple is nothing that alembic takes. */
        if (why == NULL && is_group && !has_comma && is_op(lx, close)) {
            v->kind = item.kind;
            v->v = item.v;
            v->n = item.n;
            goto out;
        }
        if (why == NULL && item.kind != LS_PY_TEXT)
            why = not_literal;
        if (why == NULL)
            *LS_VEC_PUSH(&list) = item.v[0];
        if (why == NULL && is_op(lx, ","))
            advance(lx), has_comma = true;
        else if (why == NULL && !(close[0] != '\0' ? is_op(lx, close) : at_end(lx)))
            why = not_literal;
    }
    v->kind = LS_PY_LIST;
    set_texts(lx, v, &list);
out:
    if (why == NULL && close[0] != '\0')
        advance(lx);
    LS_VEC_RELEASE(&list);
    return why;
}

/* NULL: fine. Else why it is no literal; the token is then somewhere in the statement. */
static const char *parse_value(struct lexer *lx, struct ls_py_value *v, int nesting)
{
    const char *text;

    if (nesting > MAX_NESTING)
        return not_literal;
    if (lx->t.kind == TOK_TEXT) {
        texts one = {0};
        bool ok = parse_text(lx, &text);

        *LS_VEC_PUSH(&one) = text;
        set_texts(lx, v, &one);
        LS_VEC_RELEASE(&one);
        v->kind = LS_PY_TEXT;
        return ok ? NULL : "it is bytes, a format string, or has an escape that only Python knows";
    }
    if (is_name(lx, "None")) {
        v->kind = LS_PY_NONE;
        advance(lx);
        return NULL;
    }
    if (is_op(lx, "(") || is_op(lx, "[")) {
        bool is_group = is_op(lx, "(");

        advance(lx);
        return parse_items(lx, v, is_group ? ")" : "]", is_group, nesting);
    }
    return not_literal;
}

/* --- statements -------------------------------------------------------------------------------------------- */

static struct ls_py_value *variable(struct lexer *lx)
{
    if (is_name(lx, "revision"))
        return &lx->out->revision;
    if (is_name(lx, "down_revision"))
        return &lx->out->down_revision;
    if (is_name(lx, "branch_labels"))
        return &lx->out->branch_labels;
    if (is_name(lx, "depends_on"))
        return &lx->out->depends_on;
    return NULL;
}

static void set_other(struct ls_py_value *v, int line, const char *why)
{
    *v = (struct ls_py_value){.kind = LS_PY_OTHER, .line = line, .why = why};
}

/* However it is bound: def, =, import. */
static void note_function(struct lexer *lx)
{
    lx->out->has_downgrade = lx->out->has_downgrade || is_name(lx, "downgrade");
}

/* Passes over the rest of the statement. A variable that is bound on the way is bound to something unknown. */
static void skip_statement(struct lexer *lx, bool binds_names)
{
    while (!at_end(lx)) {
        struct ls_py_value *v = lx->depth == 0 ? variable(lx) : NULL;
        int line = lx->t.line;

        if (lx->depth == 0)
            note_function(lx);
        advance(lx);
        if (v != NULL && (binds_names || is_op(lx, "=") || is_op(lx, ",") || is_op(lx, ":=")))
            set_other(v, line, "it is set in a way that only Python can follow");
    }
}

/* Behind `revision`: `= value`, `: annotation = value`, and what is neither. */
static void parse_assignment(struct lexer *lx, struct ls_py_value *v, int line)
{
    struct ls_py_value value = {.line = line};
    const char *why;

    if (is_op(lx, ":"))
        while (!at_end(lx) && !(lx->depth == 0 && is_op(lx, "=")))
            advance(lx);
    if (at_end(lx))
        return; /* an annotation alone, or an expression: nothing is set */
    if (!is_op(lx, "=")) {
        if (!is_op(lx, "(") && !is_op(lx, ".") && !is_op(lx, "["))
            set_other(v, line, "it is set in a way that only Python can follow");
        return;
    }
    advance(lx);
    why = parse_value(lx, &value, 0);
    if (why == NULL && is_op(lx, ",") && value.kind == LS_PY_TEXT) {
        advance(lx);
        why = parse_items(lx, &value, "", false, 0);
    }
    if (why == NULL && !at_end(lx))
        why = not_literal;
    if (why == NULL)
        why = lx->out->error; /* the text of the value does not end */
    if (why != NULL)
        set_other(v, line, why);
    else
        *v = value;
}

static bool is_word_of(const struct lexer *lx, const char *const *words, size_t n)
{
    for (size_t i = 0; lx->t.kind == TOK_NAME && i < n; i++)
        if (words[i][0] == lx->text[lx->t.start] && is_name(lx, words[i]))
            return true;
    return false;
}

static const char *const binders[] = {"import", "from", "def", "class", "for", "with", "del", "async"};
static const char *const blocks[] = {"if", "elif", "else", "try", "except", "finally", "for", "while", "with", "match", "async"};

static void parse_statement(struct lexer *lx, bool is_first, bool *in_block)
{
    int line = lx->t.line;
    bool is_top = lx->t.col == 0;
    struct ls_py_value *v;

    if (is_first && is_top && lx->t.kind == TOK_TEXT) {
        const char *doc;

        if (parse_text(lx, &doc) && at_end(lx))
            lx->out->doc = doc;
        skip_statement(lx, false);
        return;
    }
    if (is_top)
        *in_block = is_word_of(lx, blocks, LS_ARRAY_LEN(blocks));
    v = variable(lx);
    if (v != NULL && is_top) {
        advance(lx);
        parse_assignment(lx, v, line);
        skip_statement(lx, false);
    } else {
        bool binds = is_top && is_word_of(lx, binders, LS_ARRAY_LEN(binders));

        /* Inside of a function its own variables are set; a block at the top level sets the module's. */
        if (!is_top && !*in_block)
            while (!at_end(lx))
                advance(lx);
        else
            skip_statement(lx, binds);
    }
}

void ls_alembic_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_alembic_header *out)
{
    struct lexer lx = {.arena = arena, .text = text, .len = len, .line = 1, .out = out};
    bool is_first = true, in_block = false, was_top = true;

    memset(out, 0, sizeof(*out));
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        lx.at = lx.line_start = 3;
    advance(&lx);
    while (lx.t.kind != TOK_END) {
        if (lx.t.kind == TOK_LINE_END || is_op(&lx, ";")) {
            bool is_same_line = lx.t.kind == TOK_OP;

            advance(&lx);
            if (is_same_line)
                lx.t.col = was_top && !in_block ? 0 : 1; /* `a = 1; revision = "x"` is at the top level where a is */
            continue;
        }
        was_top = lx.t.col == 0;
        parse_statement(&lx, is_first, &in_block);
        is_first = false;
    }
}
