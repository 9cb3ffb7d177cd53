/* sql/lex.c: places, shared runs and the names of the errors; the dialects are in lex_postgres.c and lex_sqlite.c. */
#include <config.h>
#include "sql/lex_internal.h"

#include "lockstep/base/text.h"

#include <string.h>

#define S   LS_CC_SPACE
#define D   (LS_CC_DIGIT | LS_CC_WORD)
#define A   (LS_CC_START | LS_CC_WORD)
#define W   LS_CC_WORD
#define O   LS_CC_OP
#define A16 A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A
const unsigned char ls_char_class[256] = {
    0,   0,   0,   0,   0,   0,   0,   0,   0, S, S, S, S, S, 0, 0, /* 00: \t \n \v \f \r */
    0,   0,   0,   0,   0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, /* 10 */
    S,   O,   0,   O,   W,   O,   O,   0,   0, 0, O, O, 0, O, 0, O, /* 20:  !"#$%&'()*+,-./ */
    D,   D,   D,   D,   D,   D,   D,   D,   D, D, 0, 0, O, O, O, O, /* 30: 0-9:;<=>? */
    O,   A,   A,   A,   A,   A,   A,   A,   A, A, A, A, A, A, A, A, /* 40: @A-O */
    A,   A,   A,   A,   A,   A,   A,   A,   A, A, A, 0, 0, 0, O, A, /* 50: P-Z[\]^_ */
    O,   A,   A,   A,   A,   A,   A,   A,   A, A, A, A, A, A, A, A, /* 60: `a-o */
    A,   A,   A,   A,   A,   A,   A,   A,   A, A, A, 0, O, 0, O, 0, /* 70: p-z{|}~ */
    A16, A16, A16, A16, A16, A16, A16, A16,                         /* 80-FF: words, when valid UTF-8 */
};
#undef S
#undef D
#undef A
#undef W
#undef O
#undef A16

static const struct {
    const char *name, *text, *hint;
} errors[] = {
    [LS_SPLIT_OK] = {"ok", "nothing", ""},
    [LS_SPLIT_UNTERMINATED_STRING] = {"unterminated_string", "a string is opened here and never closed",
                                      "Close the string that opens here with ' (a quote inside it is written '')."},
    [LS_SPLIT_UNTERMINATED_IDENTIFIER] = {"unterminated_identifier", "a quoted name is opened here and never closed",
                                          "Close the quoted name that opens here with the quote or bracket that belongs to it."},
    [LS_SPLIT_UNTERMINATED_DOLLAR] = {"unterminated_dollar", "a dollar-quoted string is opened here and never closed",
                                      "End the dollar-quoted string that opens here with the same tag, letter case included."},
    [LS_SPLIT_UNTERMINATED_COMMENT] = {"unterminated_comment", "a comment is opened here and never closed",
                                       "Close the comment that opens here with */; comments nest, so each /* inside needs its "
                                       "own."},
    [LS_SPLIT_UNTERMINATED_BODY] = {"unterminated_body", "a body is opened by BEGIN and never ended",
                                    "End the body that BEGIN opens here with END; behind a ';' inside it (trigger or routine)."},
    [LS_SPLIT_NUL_BYTE] = {"nul_byte", "there is a NUL byte",
                           "Remove the NUL byte; if the whole file is UTF-16, save it as UTF-8."},
    [LS_SPLIT_BAD_UTF8] = {"bad_utf8", "this is not UTF-8",
                           "Save the file as UTF-8 (iconv -f its-encoding -t UTF-8)."},
    [LS_SPLIT_PSQL_META] = {"psql_meta", "this is a command of psql, and no SQL",
                            "Remove the line with the backslash: psql's own commands cannot be sent to a server (pg_dump writes "
                            "\\restrict and \\connect)."},
    [LS_SPLIT_COPY_DATA] = {"copy_data", "COPY FROM STDIN waits for rows, and none can be sent",
                            "Write the rows as INSERT statements (pg_dump --inserts), or load them outside of migrations: COPY "
                            "FROM STDIN needs a data stream behind it."},
};

const char *ls_split_error_name(enum ls_split_error e)
{
    return errors[e].name;
}

const char *ls_split_error_text(enum ls_split_error e)
{
    return errors[e].text;
}

const char *ls_split_error_hint(enum ls_split_error e)
{
    return errors[e].hint;
}

size_t ls_lex_skip(const struct ls_lex *lx, size_t i, unsigned classes)
{
    while (i < lx->len && ls_cc(lx->text[i], classes))
        i++;
    return i;
}

size_t ls_lex_word_end(const struct ls_lex *lx, size_t i)
{
    while (i < lx->len && ls_cc(lx->text[i], LS_CC_WORD)) {
        if ((unsigned char)lx->text[i] < 0x80) {
            i++;
            continue;
        }
        int32_t cp = -1;
        size_t n = ls_utf8_decode(lx->text + i, lx->len - i, &cp);
        if (cp < 0)
            break;
        i += n;
    }
    return i;
}

static size_t digits_end(const struct ls_lex *lx, size_t i)
{
    while (ls_cc(ls_lex_at(lx, i), LS_CC_DIGIT) || (ls_lex_at(lx, i) == '_' && ls_cc(ls_lex_at(lx, i + 1), LS_CC_DIGIT)))
        i++;
    return i;
}

static bool is_hex(char c)
{
    return ls_cc(c, LS_CC_DIGIT) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

size_t ls_lex_number_end(const struct ls_lex *lx, size_t i)
{
    char base = (char)(ls_lex_at(lx, i + 1) | 0x20);
    if (ls_lex_at(lx, i) == '0' && (base == 'x' || base == 'o' || base == 'b') && is_hex(ls_lex_at(lx, i + 2))) {
        i += 2;
        while (is_hex(ls_lex_at(lx, i)) || (ls_lex_at(lx, i) == '_' && is_hex(ls_lex_at(lx, i + 1))))
            i++;
        return i;
    }
    i = digits_end(lx, i);
    if (ls_lex_at(lx, i) == '.' && ls_lex_at(lx, i + 1) != '.') /* 1..9 is a range in PL/pgSQL */
        i = digits_end(lx, i + 1);
    if ((ls_lex_at(lx, i) | 0x20) == 'e') {
        size_t sign = ls_lex_at(lx, i + 1) == '+' || ls_lex_at(lx, i + 1) == '-' ? 1 : 0;
        if (ls_cc(ls_lex_at(lx, i + 1 + sign), LS_CC_DIGIT))
            i = digits_end(lx, i + 1 + sign);
    }
    return i;
}

bool ls_lex_quoted_end(const struct ls_lex *lx, size_t i, char quote, size_t *end)
{
    while (i < lx->len) {
        const char *q = memchr(lx->text + i, quote, lx->len - i);
        if (!q)
            break;
        i = (size_t)(q - lx->text) + 1;
        if (ls_lex_at(lx, i) != quote || i >= lx->len) {
            *end = i;
            return true;
        }
        i++;
    }
    return false;
}

void ls_lex_fail(const struct ls_lex *lx, struct ls_tok *t, enum ls_split_error error)
{
    t->kind = LS_TOK_ERROR;
    t->error = error;
    t->end = lx->len;
}

bool ls_lex_bad_byte(const struct ls_lex *lx, struct ls_tok *t)
{
    unsigned char c = (unsigned char)lx->text[lx->pos];
    if (c != 0) {
        if (c < 0x80)
            return false;
        int32_t cp = -1;
        (void)ls_utf8_decode(lx->text + lx->pos, lx->len - lx->pos, &cp);
        if (cp >= 0)
            return false;
    }
    t->kind = LS_TOK_ERROR;
    t->error = c ? LS_SPLIT_BAD_UTF8 : LS_SPLIT_NUL_BYTE;
    t->end = lx->pos + 1;
    return true;
}

void ls_lex_init(struct ls_lex *lx, enum ls_dialect dialect, const char *text, size_t len)
{
    *lx = (struct ls_lex){.dialect = dialect, .text = text, .len = len, .line = 1};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        lx->pos = 3;
}

static int count_lines(const char *p, const char *end)
{
    int n = 0;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        n++;
        p++;
    }
    return n;
}

struct ls_tok ls_lex_raw(struct ls_lex *lx)
{
    struct ls_tok t = {.kind = LS_TOK_END, .start = lx->pos, .end = lx->pos, .line = lx->line};
    if (lx->pos >= lx->len)
        return t;
    if (lx->dialect == LS_DIALECT_SQLITE)
        ls_lex_sqlite(lx, &t);
    else
        ls_lex_postgres(lx, &t);
    if (t.kind < LS_TOK_WORD || t.kind == LS_TOK_QUOTED || t.kind == LS_TOK_STRING || t.kind == LS_TOK_ERROR)
        lx->line += count_lines(lx->text + t.start, lx->text + t.end);
    lx->pos = t.end;
    return t;
}

struct ls_tok ls_lex_next(struct ls_lex *lx)
{
    struct ls_tok t = ls_lex_raw(lx);
    if (t.kind == LS_TOK_WORD && !lx->is_plain && ls_keyword_known(lx->dialect, lx->text + t.start, t.end - t.start))
        t.kind = LS_TOK_KEYWORD;
    return t;
}

bool ls_tok_is(const struct ls_lex *lx, const struct ls_tok *t, const char *upper)
{
    if (t->kind != LS_TOK_WORD && t->kind != LS_TOK_KEYWORD)
        return false;
    const char *p = lx->text + t->start;
    for (size_t n = t->end - t->start; n > 0; n--, p++, upper++) {
        char c = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
        if (c != *upper)
            return false; /* also where upper ends first */
    }
    return *upper == '\0';
}
