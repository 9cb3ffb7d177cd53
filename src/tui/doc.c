/* tui/doc.c: making and drawing frozen texts. */
#include <config.h>

#include "tui/doc.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "lockstep/sql/lex.h"

struct ui_doc *ui_doc_new(bool ascii)
{
    struct ui_doc *d = ls_calloc(1, sizeof(*d));

    d->arena = ls_arena_new();
    d->ascii = ascii;
    ls_buf_init(&d->text);
    return d;
}

void ui_doc_free(struct ui_doc *d)
{
    if (!d)
        return;
    ls_arena_free(d->arena);
    LS_VEC_RELEASE(&d->lines);
    LS_VEC_RELEASE(&d->spans);
    ls_buf_release(&d->text);
    free(d);
}

void ui_doc_end(struct ui_doc *d)
{
    struct ui_doc_line *l = LS_VEC_PUSH(&d->lines);

    l->text = ls_arena_strn(d->arena, d->text.ptr, d->text.len);
    l->len = (uint32_t)d->text.len;
    l->n_spans = (uint32_t)d->spans.n;
    if (d->spans.n > 0)
        l->spans = memcpy(LS_ARENA_ARRAY(d->arena, struct ui_span, d->spans.n), d->spans.v, d->spans.n * sizeof(struct ui_span));
    ls_buf_clear(&d->text);
    d->spans.n = 0;
}

void ui_doc_mark(struct ui_doc *d)
{
    if (d->lines.n > 0)
        d->lines.v[d->lines.n - 1].is_mark = true;
}

static void close_span(struct ui_doc *d, enum theme_role role)
{
    size_t from = d->spans.n ? d->spans.v[d->spans.n - 1].end : 0;

    if (d->text.len <= from)
        return;
    if (d->spans.n > 0 && d->spans.v[d->spans.n - 1].role == role) {
        d->spans.v[d->spans.n - 1].end = (uint32_t)d->text.len;
        return;
    }
    *LS_VEC_PUSH(&d->spans) = (struct ui_span){.end = (uint32_t)d->text.len, .role = role};
}

/* A piece without newline. */
static void add_piece(struct ui_doc *d, enum theme_role role, const char *text, size_t len)
{
    unsigned flags = d->ascii ? LS_UI_TEXT_ASCII : 0;

    while (len > 0) {
        size_t room = d->text.len < UI_DOC_MAX_LINE ? UI_DOC_MAX_LINE - d->text.len : 0;
        size_t before = d->text.len, n = len;
        int cells;

        if (room == 0) {
            ui_doc_end(d);
            continue;
        }
        if (n > room) {
            for (n = 0; n < room;)
                n += ls_text_next(text + n, len - n, &cells);
        }
        if (ls_ui_text(&d->text, text, n, flags) == 0) {
            close_span(d, role);
        } else {
            /* Again, grapheme by grapheme: what was rewritten is shown as such. */
            ls_buf_truncate(&d->text, before);
            for (size_t at = 0; at < n;) {
                size_t one = ls_text_next(text + at, n - at, &cells);
                bool is_token = ls_ui_text(&d->text, text + at, one, flags) > 0;

                close_span(d, is_token ? ROLE_TOKEN : role);
                at += one;
            }
        }
        text += n;
        len -= n;
    }
}

/* Tabs become spaces here, where the column is known. */
static void add_line_part(struct ui_doc *d, enum theme_role role, const char *text, size_t len)
{
    while (len > 0) {
        const char *tab = memchr(text, '\t', len);
        size_t n = tab ? (size_t)(tab - text) : len;

        add_piece(d, role, text, n);
        if (tab) {
            int col = ls_text_width(d->text.ptr, d->text.len);

            ls_buf_repeat(&d->text, ' ', (size_t)(4 - col % 4));
            close_span(d, role);
            n++;
        }
        text += n;
        len -= n;
    }
}

void ui_doc_add(struct ui_doc *d, enum theme_role role, const char *text, size_t len)
{
    while (len > 0) {
        const char *lf = memchr(text, '\n', len);
        size_t n = lf ? (size_t)(lf - text) : len;
        size_t shown = lf && n > 0 && text[n - 1] == '\r' ? n - 1 : n;

        add_line_part(d, role, text, shown);
        if (lf) {
            ui_doc_end(d);
            n++;
        }
        text += n;
        len -= n;
    }
}

void ui_doc_adds(struct ui_doc *d, enum theme_role role, const char *text)
{
    if (text)
        ui_doc_add(d, role, text, strlen(text));
}

void ui_doc_addf(struct ui_doc *d, enum theme_role role, const char *fmt, ...)
{
    struct ls_buf b = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(&b, fmt, ap);
    va_end(ap);
    ui_doc_add(d, role, b.ptr, b.len);
    ls_buf_release(&b);
}

void ui_doc_pad(struct ui_doc *d, int cells)
{
    int have = ls_text_width(d->text.ptr, d->text.len);

    if (have < cells)
        ls_buf_repeat(&d->text, ' ', (size_t)(cells - have));
    close_span(d, ROLE_TEXT);
}

void ui_doc_text(struct ui_doc *d, enum theme_role role, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    ui_doc_add(d, role, text, len);
    if (len == 0 || text[len - 1] != '\n')
        ui_doc_end(d);
}

void ui_doc_textf(struct ui_doc *d, enum theme_role role, const char *fmt, ...)
{
    struct ls_buf b = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(&b, fmt, ap);
    va_end(ap);
    ui_doc_text(d, role, b.ptr);
    ls_buf_release(&b);
}

void ui_doc_blank(struct ui_doc *d)
{
    ui_doc_end(d);
}

/* Bytes of the longest prefix of whole words that fits; a word that fits nowhere is cut. */
static size_t fit_words(const char *text, size_t len, int cells)
{
    size_t n = ls_text_fit(text, len, cells, NULL), k;
    int one;

    if (n >= len)
        return len;
    for (k = n; k > 0 && text[k] != ' ' && text[k - 1] != ' '; k--)
        ;
    if (k == 0)
        k = n ? n : ls_text_next(text, len, &one);
    return k;
}

void ui_doc_wrap(struct ui_doc *d, enum theme_role role, int cells, int indent, const char *text)
{
    struct ls_buf clean = LS_BUF_INIT;

    if (!text)
        return;
    if (cells - indent < 10)
        cells = indent + 10;
    /* Lines are measured by what is seen: "<1B>" is wider than an escape. */
    if (ls_ui_text(&clean, text, strlen(text), LS_UI_TEXT_MULTILINE | (d->ascii ? LS_UI_TEXT_ASCII : 0)) > 0)
        text = clean.ptr;
    while (*text) {
        size_t line = strcspn(text, "\n"), at = 0, lead = strspn(text, " ");

        /* What goes on below stands under its own beginning. */
        lead = lead < (size_t)(cells - indent) / 2 ? lead : 0;

        do {
            size_t n;

            while (at < line && text[at] == ' ' && at > 0)
                at++;
            n = fit_words(text + at, line - at, cells - indent - (at > 0 ? (int)lead : 0));
            ui_doc_pad(d, indent + (at > 0 ? (int)lead : 0));
            ui_doc_add(d, role, text + at, n);
            ui_doc_end(d);
            at += n;
        } while (at < line);
        text += line;
        if (*text == '\n')
            text++;
    }
    ls_buf_release(&clean);
}

/* text[from, to) of a line, in its colours, to the line being made. */
static void add_again(struct ui_doc *d, const struct ui_doc_line *l, size_t from, size_t to)
{
    size_t at = from;

    for (uint32_t i = 0; i < l->n_spans && at < to; i++) {
        size_t end = l->spans[i].end < to ? l->spans[i].end : to;

        if (end <= at)
            continue;
        ls_buf_add(&d->text, l->text + at, end - at);
        close_span(d, l->spans[i].role);
        at = end;
    }
}

static void break_line(struct ui_doc *d, const struct ui_doc_line *l, int cells, size_t hang)
{
    size_t lead = 0, at = 0;

    while (lead < l->len && l->text[lead] == ' ')
        lead++;
    lead = lead < (size_t)cells / 2 ? lead : 0;
    hang = hang > lead ? hang : lead;
    while (at < l->len) {
        size_t from = at, indent = from > 0 ? hang : lead;

        if (at > 0)
            ui_doc_pad(d, (int)indent);
        /* The first piece has its own spaces in front. */
        at = from == 0 ? lead : from;
        at += fit_words(l->text + at, l->len - at, cells - (int)indent);
        add_again(d, l, from, at);
        ui_doc_end(d);
        if (l->is_mark && from == 0)
            ui_doc_mark(d);
        while (at < l->len && l->text[at] == ' ')
            at++;
    }
}

void ui_doc_narrow(struct ui_doc *d, int cells)
{
    ui_doc_narrow_under(d, cells, 0);
}

void ui_doc_narrow_under(struct ui_doc *d, int cells, int hang)
{
    struct ui_doc_line *lines = d->lines.v;
    size_t n = d->lines.n, n_wide = 0;

    for (size_t i = 0; i < n && n_wide == 0; i++)
        n_wide += ls_text_width(lines[i].text, lines[i].len) > cells;
    if (n_wide == 0 || cells < hang + 4)
        return;
    d->lines.v = NULL;
    d->lines.n = d->lines.cap = 0;
    for (size_t i = 0; i < n; i++) {
        if (ls_text_width(lines[i].text, lines[i].len) > cells)
            break_line(d, &lines[i], cells, (size_t)hang);
        else
            *LS_VEC_PUSH(&d->lines) = lines[i];
    }
    free(lines);
}

static enum theme_role role_of(enum ls_tok_kind kind)
{
    static const enum theme_role roles[] = {
        [LS_TOK_END] = ROLE_TEXT,
        [LS_TOK_SPACE] = ROLE_TEXT,
        [LS_TOK_COMMENT] = ROLE_SQL_COMMENT,
        [LS_TOK_WORD] = ROLE_TEXT,
        [LS_TOK_KEYWORD] = ROLE_SQL_KEYWORD,
        [LS_TOK_QUOTED] = ROLE_SQL_NAME,
        [LS_TOK_STRING] = ROLE_SQL_STRING,
        [LS_TOK_NUMBER] = ROLE_SQL_NUMBER,
        [LS_TOK_PARAM] = ROLE_SQL_NUMBER,
        [LS_TOK_OPERATOR] = ROLE_SQL_OPERATOR,
        [LS_TOK_OPEN] = ROLE_SQL_OPERATOR,
        [LS_TOK_CLOSE] = ROLE_SQL_OPERATOR,
        [LS_TOK_COMMA_DOT] = ROLE_SQL_OPERATOR,
        [LS_TOK_SEMICOLON] = ROLE_SQL_OPERATOR,
        [LS_TOK_BACKSLASH] = ROLE_ERROR,
        [LS_TOK_ERROR] = ROLE_ERROR,
    };

    return (size_t)kind < LS_ARRAY_LEN(roles) ? roles[kind] : ROLE_TEXT;
}

static void line_start(struct ui_doc *d, int line, int indent)
{
    if (d->text.len > 0)
        return;
    if (indent > 0)
        ui_doc_pad(d, indent);
    if (line > 0)
        ui_doc_addf(d, ROLE_DIM, "%4d ", line);
}

/* A token, or its part on one line, n bytes with the newline. With a wrap, a line is broken in front of what does not fit, and
 * inside it at spaces. */
static void add_token(struct ui_doc *d, enum theme_role role, const char *text, size_t n, int indent)
{
    int have = ls_text_width(d->text.ptr, d->text.len);
    bool has_lf = n > 0 && text[n - 1] == '\n';
    size_t len = has_lf ? n - 1 : n;

    if (d->wrap > indent + 20 && have > indent + 4 && have + ls_text_width(text, len) > d->wrap) {
        ui_doc_end(d);
        ui_doc_pad(d, indent + 4);
        have = indent + 4;
    }
    while (d->wrap > indent + 20 && have + ls_text_width(text, len) > d->wrap) {
        size_t k = fit_words(text, len, d->wrap - have);

        ui_doc_add(d, role, text, k);
        ui_doc_end(d);
        ui_doc_pad(d, indent + 4);
        have = indent + 4;
        text += k;
        len -= k;
    }
    ui_doc_add(d, role, text, len);
    if (has_lf)
        ui_doc_end(d);
}

void ui_doc_sql(struct ui_doc *d, enum ls_dialect dialect, const char *sql, size_t len, int first_line, int indent)
{
    struct ls_lex lx;
    size_t shown = len > UI_DOC_MAX_BYTES ? UI_DOC_MAX_BYTES : len;
    int line = first_line;

    ls_lex_init(&lx, dialect, sql, len);
    for (;;) {
        struct ls_tok t = ls_lex_next(&lx);
        size_t end = t.end < shown ? t.end : shown;

        if (t.kind == LS_TOK_END || t.start >= shown)
            break;
        for (size_t at = t.start; at < end;) {
            const char *lf = memchr(sql + at, '\n', end - at);
            size_t n = lf ? (size_t)(lf - sql) - at + 1 : end - at;

            line_start(d, line, indent);
            add_token(d, role_of(t.kind), sql + at, n, indent);
            if (lf && line > 0)
                line++;
            at += n;
        }
    }
    if (d->text.len > 0)
        ui_doc_end(d);
    if (shown < len)
        ui_doc_textf(d, ROLE_WARNING, "%zu bytes more: open the file in $EDITOR to see them", len - shown);
}
