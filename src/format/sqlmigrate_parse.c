/* sql-migrate reads a file line by line and knows no SQL: a statement ends where a line ends with ';'. It drops every line that
 * begins with "-- ", wherever it stands. */
#include <config.h>

#include "format/sqlmigrate.h"

#include <string.h>

#define MAX_LINE ((size_t)1024 * 1024) /* the buffer of its scanner */

struct reader {
    struct ls_sqlmigrate *out;
    const char *text;
    struct ls_sqlmigrate_half *half; /* NULL: no marker yet */
    bool in_block;                   /* between StatementBegin and StatementEnd */
    struct ls_line line;
};

static void fail(struct reader *r, int line, const char *message, const char *hint)
{
    if (r->out->error != NULL)
        return;
    r->out->error = message;
    r->out->hint = hint;
    r->out->error_line = line;
}

static void check_tail(struct reader *r)
{
    if (r->half != NULL && r->half->cuts.line > 0)
        fail(r, r->half->cuts.line,
             "the statement that begins here is not ended by ';' at the end of a line, nor by '-- +migrate StatementEnd'",
             "end it; sql-migrate refuses the whole folder until then");
}

static struct ls_str next_word(struct ls_str *s)
{
    struct ls_str word = ls_str_trim(*s);
    size_t n = 0;

    while (n < word.len && ls_str_trim((struct ls_str){word.ptr + n, 1}).len > 0)
        n++;
    *s = (struct ls_str){word.ptr + n, word.len - n};
    word.len = n;
    return word;
}

static void see_half(struct reader *r, struct ls_sqlmigrate_half *half, struct ls_str options)
{
    check_tail(r);
    if (r->in_block)
        fail(r, r->line.no, "StatementBegin was not ended before this marker", "put '-- +migrate StatementEnd' in front of it");
    if (r->half != NULL)
        r->half->end = r->line.start;
    r->half = half;
    if (!half->is_there) {
        half->start = r->line.start;
        half->line = r->line.no;
    }
    half->is_there = true;
    for (struct ls_str word = next_word(&options); word.len > 0; word = next_word(&options))
        half->no_tx = half->no_tx || ls_str_is(word, "notransaction");
}

/* True: a statement ends here. */
static bool see_command(struct reader *r, struct ls_str rest)
{
    struct ls_str word = next_word(&rest);
    bool was_in_block = r->in_block;

    if (word.len == 0) {
        fail(r, r->line.no, "incomplete migration command", "it knows Up, Down, StatementBegin and StatementEnd");
    } else if (ls_str_is(word, "Up")) {
        see_half(r, &r->out->up, rest);
    } else if (ls_str_is(word, "Down")) {
        see_half(r, &r->out->down, rest);
    } else if (ls_str_is(word, "StatementBegin")) {
        r->in_block = r->half != NULL;
    } else if (ls_str_is(word, "StatementEnd")) {
        r->in_block = false;
        return was_in_block;
    } else if (r->out->unknown.len == 0) {
        r->out->unknown = word;
        r->out->unknown_line = r->line.no;
    }
    return false;
}

static void see_line(struct reader *r)
{
    struct ls_str rest;
    bool is_end;

    if (!ls_line_has_bom(&r->line) && ls_str_starts(r->line.text, "-- +", &rest)) {
        if (!ls_str_starts(rest, "migrate ", &rest))
            return;
        is_end = see_command(r, rest);
    } else if (!ls_line_has_bom(&r->line) && ls_str_starts(r->line.text, "-- ", NULL)) {
        return;
    } else {
        if (r->half == NULL)
            return;
        ls_cuts_add(&r->half->cuts, &r->line);
        is_end = !r->in_block && ls_ends_with_semicolon(r->line.text);
    }
    if (is_end)
        ls_cuts_end(&r->half->cuts, r->text);
}

void ls_sqlmigrate_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_sqlmigrate *out)
{
    struct ls_cuts empty = {.arena = arena, .drops_semicolon = true, .open = LS_BUF_INIT};
    struct reader r = {.out = out, .text = text};

    *out = (struct ls_sqlmigrate){.up = {.cuts = empty}, .down = {.cuts = empty}};
    while (out->error == NULL && ls_line_next(text, len, &r.line)) {
        if (r.line.text.len >= MAX_LINE)
            fail(&r, r.line.no, "the line is longer than the 1 MB that sql-migrate reads", "break it");
        else
            see_line(&r);
    }
    if (r.in_block)
        fail(&r, r.line.no, "saw '-- +migrate StatementBegin' with no matching '-- +migrate StatementEnd'", NULL);
    if (r.half == NULL)
        fail(&r, 0, "no Up/Down annotations found, so no statements were executed",
             "put \"-- +migrate Up\" in front of the statements; a byte order mark in front of it hides it");
    check_tail(&r);
    if (r.half != NULL)
        r.half->end = len;
}

void ls_sqlmigrate_release(struct ls_sqlmigrate *p)
{
    ls_cuts_release(&p->up.cuts);
    ls_cuts_release(&p->down.cuts);
}

/* A number of any length without its leading zeros. */
static struct ls_str number_of(const char *id)
{
    size_t n = strspn(id, "0123456789"), zeros = 0;

    while (zeros + 1 < n && id[zeros] == '0')
        zeros++;
    return (struct ls_str){id + zeros, n - zeros};
}

int ls_sqlmigrate_compare(const char *a, const char *b)
{
    struct ls_str na = number_of(a), nb = number_of(b);
    int c;

    if ((na.len > 0) != (nb.len > 0))
        return na.len > 0 ? -1 : 1;
    if (na.len != nb.len)
        return na.len < nb.len ? -1 : 1;
    c = memcmp(na.ptr, nb.ptr, na.len);
    return c != 0 ? c : strcmp(a, b);
}
