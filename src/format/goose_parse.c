/* goose reads a file line by line and knows no SQL: a statement ends where a line ends with ';'. This walks the same states, for
 * both directions at once. */
#include <config.h>

#include "format/goose.h"

#include <string.h>

#define MAX_LINE ((size_t)4 * 1024 * 1024) /* the buffer of goose's scanner */

enum state { AT_START, IN_UP, IN_UP_BLOCK, UP_BLOCK_ENDED, IN_DOWN, IN_DOWN_BLOCK, DOWN_BLOCK_ENDED };

enum word { WORD_UP, WORD_DOWN, WORD_BEGIN, WORD_END, WORD_NO_TX, WORD_ENV_ON, WORD_ENV_OFF, N_WORDS, WORD_BAD };

static const char *const words[N_WORDS] = {"Up",        "Down",      "StatementBegin", "StatementEnd", "NO TRANSACTION",
                                           "ENVSUB ON", "ENVSUB OFF"};

struct reader {
    struct ls_goose *out;
    const char *text;
    enum state state;
    bool is_env_on;
    struct ls_line line;
};

static void set_error(struct ls_goose_error *e, int line, const char *text, const char *hint)
{
    if (e->text == NULL)
        *e = (struct ls_goose_error){line, text, hint};
}

static bool contains(struct ls_str s, const char *word)
{
    for (; s.len > 0; s.ptr++, s.len--)
        if (ls_str_starts(s, word, NULL))
            return true;
    return false;
}

/* Leading blanks are an error since v3.20.0, where older versions took the line for a comment. */
static enum word word_of(struct reader *r)
{
    struct ls_str rest = r->line.text, all = rest;

    if (!ls_str_starts(all, "--", NULL)) {
        set_error(&r->out->error, r->line.no, "the annotation has blanks in front of it, which goose refuses",
                  "let it begin the line");
        return WORD_BAD;
    }
    while (!ls_str_starts(rest, "+goose", NULL))
        rest = (struct ls_str){rest.ptr + 1, rest.len - 1};
    rest = ls_str_trim((struct ls_str){rest.ptr + 6, rest.len - 6});
    /* Between the dashes and the word there may be nothing but blanks and dashes. */
    for (const char *p = all.ptr; p < rest.ptr && *p != '+'; p++)
        if (*p != '-' && *p != ' ' && *p != '\t')
            rest.len = 0;
    for (int i = 0; i < N_WORDS; i++)
        if (rest.len == strlen(words[i]) && ls_str_starts_nocase(rest, words[i], NULL))
            return (enum word)i;
    set_error(&r->out->error, r->line.no, "goose does not know this annotation, and refuses the file",
              "it knows Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON and ENVSUB OFF");
    return WORD_BAD;
}

static struct ls_cuts *cuts_of(struct reader *r)
{
    return r->state == AT_START ? NULL : r->state < IN_DOWN ? &r->out->up : &r->out->down;
}

/* A statement that no ';' ended. */
static void check_tail(struct ls_cuts *c, struct ls_goose_error *error)
{
    if (c->line > 0)
        set_error(error, c->line,
                  "the statement that begins here has no ';' at the end of a line, so goose refuses it as unfinished",
                  "end it with ';', or put it between StatementBegin and StatementEnd");
    ls_buf_clear(&c->open);
    c->line = 0;
}

static void see_up(struct reader *r)
{
    if (r->state != AT_START) {
        set_error(&r->out->error, r->line.no, "duplicate '-- +goose Up' annotation", "a file has one of them");
        return;
    }
    r->state = IN_UP;
    r->out->has_up = true;
    r->out->up_at = r->line.start;
    r->out->up_line = r->line.no;
}

static void see_down(struct reader *r)
{
    if (r->state != IN_UP && r->state != UP_BLOCK_ENDED) {
        set_error(&r->out->error, r->line.no,
                  r->state == AT_START      ? "'-- +goose Down' stands in front of '-- +goose Up'"
                  : r->state == IN_UP_BLOCK ? "'-- +goose Down' stands between StatementBegin and StatementEnd"
                                            : "duplicate '-- +goose Down' annotation",
                  "first '-- +goose Up' and its statements, then '-- +goose Down' and its own");
        return;
    }
    check_tail(&r->out->up, &r->out->up_error);
    r->state = IN_DOWN;
    r->out->has_down = true;
    r->out->down_at = r->line.start;
    r->out->down_line = r->line.no;
}

static void see_begin(struct reader *r)
{
    if (r->state == IN_UP || r->state == UP_BLOCK_ENDED)
        r->state = IN_UP_BLOCK;
    else if (r->state == IN_DOWN || r->state == DOWN_BLOCK_ENDED)
        r->state = IN_DOWN_BLOCK;
    else
        set_error(&r->out->error, r->line.no,
                  r->state == AT_START ? "StatementBegin stands in front of '-- +goose Up'"
                                       : "StatementBegin stands inside of another block",
                  NULL);
}

static void see_end(struct reader *r)
{
    struct ls_cuts *c = cuts_of(r);

    if (r->state != IN_UP_BLOCK && r->state != IN_DOWN_BLOCK) {
        set_error(&r->out->error, r->line.no, "StatementEnd has no StatementBegin", NULL);
        return;
    }
    /* Nothing in the block: goose takes its end for a comment, and drops the next line that is none. */
    if (c->open.len == 0) {
        r->state = r->state == IN_UP_BLOCK ? UP_BLOCK_ENDED : DOWN_BLOCK_ENDED;
        return;
    }
    ls_cuts_end(c, r->text);
    r->state = r->state == IN_UP_BLOCK ? IN_UP : IN_DOWN;
}

static void see_no_tx(struct reader *r)
{
    r->out->no_tx = true;
}

static void see_env_on(struct reader *r)
{
    r->is_env_on = true;
}

static void see_env_off(struct reader *r)
{
    r->is_env_on = false;
}

static void see_word(struct reader *r)
{
    static void (*const see[N_WORDS])(struct reader *) = {
        [WORD_UP] = see_up,       [WORD_DOWN] = see_down,     [WORD_BEGIN] = see_begin,    [WORD_END] = see_end,
        [WORD_NO_TX] = see_no_tx, [WORD_ENV_ON] = see_env_on, [WORD_ENV_OFF] = see_env_off};
    enum word word = word_of(r);

    if (word < N_WORDS)
        see[word](r);
}

/* A line of a section. */
static void see_line(struct reader *r)
{
    struct ls_cuts *c = cuts_of(r);
    struct ls_str body = ls_str_trim(r->line.text);

    if ((c == NULL || c->open.len == 0) &&
        (r->line.text.len == 0 || (ls_str_starts(body, "--", NULL) && !ls_line_has_bom(&r->line))))
        return;
    if (c == NULL) {
        if (body.len > 0 || ls_line_has_bom(&r->line))
            set_error(&r->out->error, r->line.no,
                      ls_line_has_bom(&r->line)
                          ? "the file begins with a byte order mark, so goose does not find '-- +goose Up' in its first line"
                          : "only blank and comment lines may stand in front of '-- +goose Up'",
                      ls_line_has_bom(&r->line) ? "save it as UTF-8 without a byte order mark" : NULL);
        return;
    }
    if (r->state == UP_BLOCK_ENDED || r->state == DOWN_BLOCK_ENDED) {
        set_error(r->state == UP_BLOCK_ENDED ? &r->out->up_error : &r->out->down_error, r->line.no,
                  "goose drops this line: the block between StatementBegin and StatementEnd in front of it is empty",
                  "take the empty block out");
        r->state = r->state == UP_BLOCK_ENDED ? IN_UP : IN_DOWN;
        return;
    }
    if (r->is_env_on && memchr(r->line.text.ptr, '$', r->line.text.len) != NULL && !r->out->is_dynamic) {
        r->out->is_dynamic = true;
        r->out->dynamic_line = r->line.no;
    }
    ls_cuts_add(c, &r->line);
    if ((r->state == IN_UP || r->state == IN_DOWN) && ls_ends_with_semicolon(r->line.text))
        ls_cuts_end(c, r->text);
}

void ls_goose_parse(struct ls_arena *arena, const char *text, size_t len, bool is_down, struct ls_goose *out)
{
    struct reader r = {.out = out, .text = text, .state = is_down ? IN_UP : AT_START};

    *out = (struct ls_goose){.up = {.arena = arena, .open = LS_BUF_INIT}, .down = {.arena = arena, .open = LS_BUF_INIT}};
    while (out->error.text == NULL && ls_line_next(text, len, &r.line)) {
        bool is_comment = ls_str_starts(ls_str_trim(r.line.text), "--", NULL) && !ls_line_has_bom(&r.line);

        if (r.line.text.len >= MAX_LINE)
            set_error(&out->error, r.line.no, "the line is longer than the 4 MB that goose reads", "break it");
        else if (is_comment && contains(r.line.text, "+goose"))
            see_word(&r);
        else
            see_line(&r);
    }
    if (r.state == AT_START)
        set_error(&out->error, 0, "there is no '-- +goose Up' annotation, with which a file of goose must start",
                  "put \"-- +goose Up\" in front of the statements");
    if (r.state == IN_UP_BLOCK || r.state == IN_DOWN_BLOCK)
        set_error(&out->error, r.line.no, "missing '-- +goose StatementEnd' annotation", NULL);
    if (r.state == IN_UP || r.state == UP_BLOCK_ENDED)
        check_tail(&out->up, &out->up_error);
    else
        check_tail(&out->down, &out->down_error);
}

void ls_goose_release(struct ls_goose *g)
{
    ls_cuts_release(&g->up);
    ls_cuts_release(&g->down);
}
