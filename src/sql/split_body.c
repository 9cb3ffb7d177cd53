/* sql/split_body.c: see split_body.h.
 *
 * Facts: PostgreSQL's gram.y (routine_body_stmt_list; a ';' inside brackets as in CREATE RULE ... DO (a; b), as psql's
 * scanner has it) and SQLite's lang_createtrigger.html. */
#include <config.h>
#include "sql/split_body.h"

struct transition {
    enum ls_head from;
    const char *word;
    enum ls_head to;
};

static const struct transition postgres_heads[] = {
    {LS_HEAD_START, "CREATE", LS_HEAD_CREATE},
    {LS_HEAD_CREATE, "OR", LS_HEAD_CREATE_OR},
    {LS_HEAD_CREATE_OR, "REPLACE", LS_HEAD_CREATE_OR_REPLACE},
    {LS_HEAD_CREATE, "FUNCTION", LS_HEAD_ROUTINE},
    {LS_HEAD_CREATE, "PROCEDURE", LS_HEAD_ROUTINE},
    {LS_HEAD_CREATE_OR_REPLACE, "FUNCTION", LS_HEAD_ROUTINE},
    {LS_HEAD_CREATE_OR_REPLACE, "PROCEDURE", LS_HEAD_ROUTINE},
    {LS_HEAD_ROUTINE, "BEGIN", LS_HEAD_ROUTINE_BEGIN},
    {LS_HEAD_ROUTINE_BEGIN, "BEGIN", LS_HEAD_ROUTINE_BEGIN},
    {LS_HEAD_ROUTINE_BEGIN, "ATOMIC", LS_HEAD_BODY},
    {LS_HEAD_START, "COPY", LS_HEAD_COPY},
    {LS_HEAD_COPY, "FROM", LS_HEAD_COPY_FROM},
    {LS_HEAD_COPY_FROM, "STDIN", LS_HEAD_COPY_DATA},
    {LS_HEAD_COPY_FROM, "STDOUT", LS_HEAD_COPY_DATA}, /* the grammar takes it for the same */
};

static const struct transition sqlite_heads[] = {
    {LS_HEAD_START, "EXPLAIN", LS_HEAD_EXPLAIN},        {LS_HEAD_EXPLAIN, "QUERY", LS_HEAD_QUERY},
    {LS_HEAD_QUERY, "PLAN", LS_HEAD_EXPLAIN},           {LS_HEAD_START, "CREATE", LS_HEAD_CREATE},
    {LS_HEAD_EXPLAIN, "CREATE", LS_HEAD_CREATE},        {LS_HEAD_CREATE, "TEMP", LS_HEAD_CREATE_TEMP},
    {LS_HEAD_CREATE, "TEMPORARY", LS_HEAD_CREATE_TEMP}, {LS_HEAD_CREATE, "TRIGGER", LS_HEAD_TRIGGER},
    {LS_HEAD_CREATE_TEMP, "TRIGGER", LS_HEAD_TRIGGER},
};

/* Where a token without a transition of its own leads; all other states give up (LS_HEAD_OTHER). */
static const enum ls_head otherwise[] = {
    [LS_HEAD_START] = LS_HEAD_OTHER,     [LS_HEAD_ROUTINE] = LS_HEAD_ROUTINE, [LS_HEAD_ROUTINE_BEGIN] = LS_HEAD_ROUTINE,
    [LS_HEAD_TRIGGER] = LS_HEAD_TRIGGER, [LS_HEAD_COPY] = LS_HEAD_COPY,       [LS_HEAD_COPY_FROM] = LS_HEAD_COPY,
    [LS_HEAD_COPY_DATA] = LS_HEAD_OTHER,
};

static const struct {
    const struct transition *rows;
    size_t n;
} heads[] = {
    [LS_DIALECT_POSTGRES] = {postgres_heads, LS_ARRAY_LEN(postgres_heads)},
    [LS_DIALECT_SQLITE] = {sqlite_heads, LS_ARRAY_LEN(sqlite_heads)},
};

static enum ls_head next_head(const struct ls_body *b, const struct ls_lex *lx, const struct ls_tok *t)
{
    for (size_t i = 0; i < heads[b->dialect].n; i++) {
        const struct transition *row = &heads[b->dialect].rows[i];
        if (row->from == b->head && ls_tok_is(lx, t, row->word))
            return row->to;
    }
    enum ls_head to = b->head < LS_ARRAY_LEN(otherwise) ? otherwise[b->head] : LS_HEAD_OTHER;
    return to == LS_HEAD_START ? LS_HEAD_OTHER : to;
}

void ls_body_start(struct ls_body *b, enum ls_dialect dialect)
{
    *b = (struct ls_body){.dialect = dialect, .head = LS_HEAD_START};
}

bool ls_body_is_open(const struct ls_body *b)
{
    return b->depth > 0 || b->begin_seen;
}

static void inner_statement(struct ls_body *b)
{
    b->head = LS_HEAD_START;
    b->inner_start = true;
}

static enum ls_body_step postgres_token(struct ls_body *b, const struct ls_lex *lx, const struct ls_tok *t)
{
    bool first = b->inner_start;
    b->inner_start = false;
    if (t->kind == LS_TOK_OPEN)
        b->brackets++;
    else if (t->kind == LS_TOK_CLOSE && b->brackets > 0)
        b->brackets--;
    if (t->kind == LS_TOK_SEMICOLON && b->brackets == 0) {
        if (b->depth == 0)
            return LS_BODY_ENDS;
        inner_statement(b);
        return LS_BODY_GOES_ON;
    }
    if (b->head == LS_HEAD_OTHER || (b->brackets > 0 && t->kind != LS_TOK_OPEN))
        return LS_BODY_GOES_ON;
    if (first && ls_tok_is(lx, t, "END")) {
        b->depth--;
        b->head = LS_HEAD_OTHER;
        return LS_BODY_GOES_ON;
    }
    b->head = next_head(b, lx, t);
    if (b->head == LS_HEAD_ROUTINE_BEGIN && b->depth == 0)
        b->begin_line = t->line;
    if (b->head == LS_HEAD_BODY) {
        b->depth++;
        inner_statement(b);
    }
    return b->head == LS_HEAD_COPY_DATA && b->depth == 0 ? LS_BODY_COPY_DATA : LS_BODY_GOES_ON;
}

/* Between TRIGGER and the first ';'. BEGIN and END may be names here, so the BEGIN that opens the body is only known
 * for sure at that ';': a trigger without a body has none. */
static void trigger_header(struct ls_body *b, const struct ls_lex *lx, const struct ls_tok *t)
{
    if (t->kind == LS_TOK_OPEN)
        b->brackets++;
    else if (t->kind == LS_TOK_CLOSE && b->brackets > 0)
        b->brackets--;
    if (b->brackets > 0) { /* a query of WHEN: all its BEGIN and END are names, or of its own CASE */
        b->inner_start = false;
        return;
    }
    bool first = b->inner_start, name = b->before_name;
    b->inner_start = false;
    b->before_name = t->kind == LS_TOK_COMMA_DOT || ls_tok_is(lx, t, "ON") || ls_tok_is(lx, t, "OF") || ls_tok_is(lx, t, "EXISTS");
    if (ls_tok_is(lx, t, "CASE")) { /* never a name */
        b->cases++;
    } else if (name) {
        return;
    } else if (ls_tok_is(lx, t, "BEGIN")) {
        b->begin_seen = true;
        b->begin_line = t->line;
        b->inner_start = b->cases == 0;
    } else if (ls_tok_is(lx, t, "END")) {
        if (first) { /* an empty body, which SQLite refuses */
            b->begin_seen = false;
            b->head = LS_HEAD_OTHER;
        } else if (b->cases > 0) {
            b->cases--;
        }
    }
}

static enum ls_body_step sqlite_token(struct ls_body *b, const struct ls_lex *lx, const struct ls_tok *t)
{
    if (t->kind == LS_TOK_SEMICOLON) {
        if (!b->begin_seen)
            return LS_BODY_ENDS;
        b->depth = 1;
        b->inner_start = true;
        return LS_BODY_GOES_ON;
    }
    if (b->depth > 0) {
        if (b->inner_start && ls_tok_is(lx, t, "END")) {
            b->depth = 0;
            b->begin_seen = false;
            b->head = LS_HEAD_OTHER;
        }
        b->inner_start = false;
    } else if (b->head == LS_HEAD_TRIGGER) {
        trigger_header(b, lx, t);
    } else if (b->head != LS_HEAD_OTHER) {
        b->head = next_head(b, lx, t);
        b->before_name = b->head == LS_HEAD_TRIGGER;
    }
    return LS_BODY_GOES_ON;
}

enum ls_body_step ls_body_token(struct ls_body *b, const struct ls_lex *lx, const struct ls_tok *t)
{
    return b->dialect == LS_DIALECT_SQLITE ? sqlite_token(b, lx, t) : postgres_token(b, lx, t);
}
