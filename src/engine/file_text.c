/* What in a file of SQL is for a client program and not for the database: rows behind COPY ... FROM stdin, psql's commands. They
 * are overwritten with blanks, so that every place behind them keeps its line and column. */
#include <config.h>

#include "engine/side_priv.h"

#include <string.h>
#include <strings.h>

#include "lockstep/sql/lex.h"

/* What psql's commands mean for a schema: nothing, or more than can be known. X(name, does nothing) */
static const struct {
    const char *name;
    bool is_harmless, is_told;
} commands[] = {{"restrict", true, false},
                {"unrestrict", true, false},
                {"connect", true, true},
                {"c", true, true},
                {"encoding", true, false},
                {"echo", true, false},
                {"qecho", true, false},
                {"warn", true, false},
                {"pset", true, false},
                {"timing", true, false},
                {"set", true, true},
                {"unset", true, true},
                {"q", false, false},
                {"i", false, false},
                {"ir", false, false},
                {"include", false, false},
                {"include_relative", false, false},
                {"copy", false, false},
                {"gexec", false, false},
                {"if", false, false}};

static void blank(struct ls_buf *text, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < text->len; i++)
        if (text->ptr[i] != '\n')
            text->ptr[i] = ' ';
}

static size_t end_of_line(const struct ls_buf *text, size_t at)
{
    const char *nl = memchr(text->ptr + at, '\n', text->len - at);

    return nl != NULL ? (size_t)(nl - text->ptr) : text->len;
}

static enum ls_rc take_command(struct side_job *j, const char *path, struct ls_buf *text, size_t at, int line, struct ls_err *err)
{
    size_t end = end_of_line(text, at), len = 0;
    const char *word = text->ptr + at + 1;

    while (at + 1 + len < end && ((word[len] >= 'a' && word[len] <= 'z') || word[len] == '_'))
        len++;
    for (size_t i = 0; i < LS_ARRAY_LEN(commands); i++) {
        if (strlen(commands[i].name) != len || strncmp(commands[i].name, word, len) != 0 || !commands[i].is_harmless)
            continue;
        if (commands[i].is_told)
            side_note(j, LS_SEV_INFO, "psql-command", path, line, NULL, "psql's \\%s was passed over", commands[i].name);
        blank(text, at, end);
        return LS_OK;
    }
    ls_err_set(err, LS_E_INPUT, "%s:%d: psql's \\%.*s cannot be followed here", path, line, (int)len, word);
    if (err != NULL)
        err->line = line;
    ls_err_hint(err, "load the file with psql into a database, and compare with that one");
    return LS_E_INPUT;
}

/* Whether the statement so far is COPY ... FROM STDIN; fed token by token. */
struct copy_watch {
    int n; /* words seen */
    bool is_copy, saw_from, is_stdin;
    size_t start;
};

static void watch(struct copy_watch *w, const struct ls_lex *lx, const struct ls_tok *t)
{
    bool is_word = t->kind == LS_TOK_WORD || t->kind == LS_TOK_KEYWORD;

    if (w->n++ == 0) {
        w->start = t->start;
        w->is_copy = is_word && ls_tok_is(lx, t, "COPY");
    }
    if (w->is_copy && is_word && w->saw_from && ls_tok_is(lx, t, "STDIN"))
        w->is_stdin = true;
    w->saw_from = is_word && ls_tok_is(lx, t, "FROM");
}

/* Behind the line "\." that ends the rows. */
static size_t behind_rows(const struct ls_buf *text, size_t at)
{
    while (at < text->len) {
        size_t end = end_of_line(text, at);

        if (end - at >= 2 && text->ptr[at] == '\\' && text->ptr[at + 1] == '.' && (end - at == 2 || text->ptr[at + 2] == '\r'))
            return end;
        at = end + 1;
    }
    return text->len;
}

static int lines_between(const struct ls_buf *text, size_t from, size_t to)
{
    int n = 0;

    for (size_t i = from; i < to && i < text->len; i++)
        n += text->ptr[i] == '\n';
    return n;
}

enum ls_rc side_clean_text(struct side_job *j, const char *path, struct ls_buf *text, struct ls_err *err)
{
    struct copy_watch w = {0};
    struct ls_lex lx;
    size_t n_copies = 0;
    int first_line = 0;

    ls_lex_init(&lx, LS_DIALECT_POSTGRES, text->ptr, text->len);
    for (;;) {
        struct ls_tok t = ls_lex_next(&lx);

        if (t.kind == LS_TOK_END || (t.kind == LS_TOK_ERROR && t.end >= text->len))
            break;
        if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT)
            continue;
        if (t.kind == LS_TOK_BACKSLASH) {
            enum ls_rc rc = take_command(j, path, text, t.start, t.line, err);

            if (rc != LS_OK)
                return rc;
            lx.pos = end_of_line(text, t.start);
            continue;
        }
        if (t.kind != LS_TOK_SEMICOLON) {
            watch(&w, &lx, &t);
            continue;
        }
        if (w.is_stdin) {
            size_t rows = end_of_line(text, t.start), end = behind_rows(text, rows + 1);

            first_line = n_copies++ == 0 ? t.line : first_line;
            lx.line += lines_between(text, lx.pos, end);
            blank(text, w.start, end);
            lx.pos = end;
        }
        w = (struct copy_watch){0};
    }
    if (n_copies > 0)
        side_note(j, LS_SEV_INFO, "rows-skipped", path, first_line, NULL, "the rows of %zu COPY statement%s were passed over",
                  n_copies, n_copies == 1 ? "" : "s");
    return LS_OK;
}

bool side_text_dialect(const char *text, size_t len, enum ls_dialect *out)
{
    static const struct {
        const char *mark;
        enum ls_dialect dialect;
    } marks[] = {{"-- PostgreSQL database dump", LS_DIALECT_POSTGRES},
                 {"\\restrict ", LS_DIALECT_POSTGRES},
                 {"pg_catalog.", LS_DIALECT_POSTGRES},
                 {"PRAGMA foreign_keys", LS_DIALECT_SQLITE},
                 {"AUTOINCREMENT", LS_DIALECT_SQLITE},
                 {"sqlite_sequence", LS_DIALECT_SQLITE},
                 {"WITHOUT ROWID", LS_DIALECT_SQLITE}};
    size_t head = len < 65536 ? len : 65536;

    for (size_t i = 0; i < LS_ARRAY_LEN(marks); i++) {
        if (memmem(text, head, marks[i].mark, strlen(marks[i].mark)) == NULL)
            continue;
        *out = marks[i].dialect;
        return true;
    }
    return false;
}
