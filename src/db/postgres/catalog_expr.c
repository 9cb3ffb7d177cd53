/* Expressions arrive with the columns of another table in the places of their own (STAND_IN() in catalog_sql.h): "seqstart > 0" is about
 * the third column. Here they get their names, those of the snapshot, which is more than the server does: it looks up what they are
 * called now. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include "lockstep/sql/lex.h"

/* table, number and name of a column that stands in for others, or 0, 0 and a keyword; in that order */
void pgcat_take_words(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        const char *word = ls_catalog_intern(k->b, pgcat_get(&r, 2));

        if (pgcat_oid(&r, 0) == 0)
            *LS_VEC_PUSH(&k->keywords) = word;
        else
            *LS_VEC_PUSH(&k->stand_ins) = (struct pgcat_stand_in){pgcat_oid(&r, 0), pgcat_oid(&r, 1), word, strlen(word)};
    }
}

static int by_word(const void *word, const void *keyword)
{
    return strcmp(word, *(const char *const *)keyword);
}

/* Quoted where the server does. */
static void add_name(struct pgcat *k, const char *name, struct ls_buf *out)
{
    bool is_keyword = k->keywords.n > 0 && bsearch(name, k->keywords.v, k->keywords.n, sizeof(*k->keywords.v), by_word) != NULL;

    ls_buf_adds(out, is_keyword ? "\"" : "");
    pgcat_ident(out, name);
    ls_buf_adds(out, is_keyword ? "\"" : "");
}

/* -1: the word is no column, nor the whole row. */
static int column_of(const struct pgcat_stand_ins *all, uint32_t stand_in, const char *word, size_t len)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct pgcat_stand_in *s = &all->v[i];

        if (s->relid != stand_in || s->len != len || memcmp(s->name, word, len) != 0)
            continue;
        return s->attnum > 0 || strncmp(word + len, ".*", 2) == 0 ? (int)s->attnum : -1; /* 0: the table itself, "pg_sequence.*" */
    }
    return -1;
}

/* A type, a function, a collation, an argument or a field may have such a name as well, if somebody wants that: none of them stands
 * where a column does. */
static bool is_column(const struct ls_lex *lx, const struct ls_tok *before, const struct ls_tok *t)
{
    static const char *const not_before[] = {"COLLATE", "AS", "NAME", "RETURNING"};
    const char *next = lx->text + t->end, *last = lx->text + before->end;
    bool is_behind = before->end > 0;

    if (next[0] == '(' || (next[0] == '.' && next[1] != '*') || strncmp(next, " =>", 3) == 0)
        return false;
    if (is_behind && (last[-1] == '.' || (before->end > 1 && last[-1] == ':' && last[-2] == ':')))
        return false;
    for (size_t i = 0; i < LS_ARRAY_LEN(not_before) && before->kind == LS_TOK_WORD; i++)
        if (ls_tok_is(lx, before, not_before[i]))
            return false;
    return true;
}

void pgcat_rename(const struct pgcat_stand_ins *all, uint32_t stand_in, const char *text, pgcat_add_column add, void *ctx, struct ls_buf *out)
{
    struct ls_tok before = {.kind = LS_TOK_END};
    size_t done = 0;
    struct ls_lex lx;

    ls_lex_init(&lx, LS_DIALECT_POSTGRES, text, strlen(text));
    lx.is_plain = true;
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
        int num = t.kind == LS_TOK_WORD ? column_of(all, stand_in, text + t.start, t.end - t.start) : -1;

        if (num >= 0 && is_column(&lx, &before, &t)) {
            ls_buf_add(out, text + done, t.start - done);
            done = add(ctx, num, out) ? t.end : t.start;
        }
        if (t.kind != LS_TOK_SPACE)
            before = t;
    }
    ls_buf_adds(out, text + done);
}

struct namer {
    struct pgcat *k;
    uint32_t rel;
};

static bool add_column(void *ctx, int num, struct ls_buf *out)
{
    struct namer *n = ctx;
    const struct pgcat_col *col = num == 0 ? NULL : pgcat_col_of(n->k, n->rel, num);

    if (num != 0 && col == NULL)
        return false;
    add_name(n->k, num == 0 ? n->k->rels.v[n->rel].name : col->name, out);
    return true;
}

const char *pgcat_expression(struct pgcat *k, uint32_t rel, uint32_t stand_in, const char *text)
{
    struct namer n = {k, rel};

    if (text == NULL)
        return NULL;
    ls_buf_clear(&k->expr);
    pgcat_rename(&k->stand_ins, stand_in, text, add_column, &n, &k->expr);
    return k->expr.ptr;
}
