/* What SQLite's planner asks of each table, as places; expressions, which it does not offer, by a scan of the tokens. */
#include <config.h>

#include "engine/advise_priv.h"

#include <string.h>
#include <strings.h>

#include "engine/workload_priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/db/lite.h"

static struct adv_key column_key(struct adv_job *j, const char *column, const char *suffix)
{
    const char *raw = ls_arena_str(j->arena, column);

    return (struct adv_key){.text = adv_name(j->arena, LS_DIALECT_SQLITE, raw), .column = raw, .suffix = suffix};
}

static const char *collate_suffix(struct adv_job *j, const char *collation)
{
    return ls_arena_printf(j->arena, " COLLATE %s", adv_name(j->arena, LS_DIALECT_SQLITE, collation));
}

static bool is_rowid(const struct ls_usage_table *t, const char *column)
{
    return column == NULL || (t->rowid_alias != NULL && strcasecmp(t->rowid_alias, column) == 0);
}

static void add_term(struct adv_job *j, struct adv_place *p, const struct ls_lite_term *w)
{
    struct adv_term t = {.is_const = w->is_constant, .distinct = -1, .param = w->param};

    if (!w->is_usable || w->op == LS_LITE_OTHER || is_rowid(&j->u->tables[p->table], w->column))
        return;
    t.key = column_key(j, w->column, w->is_own_collation ? "" : collate_suffix(j, w->collation));
    if (w->op == LS_LITE_IS_NULL)
        t.predicate = ls_arena_printf(j->arena, "%s IS NULL", t.key.text);
    else if (w->op == LS_LITE_EQ && w->literal != NULL)
        t.predicate = ls_arena_printf(j->arena, "%s = %s", t.key.text, w->literal);
    adv_term_add(p, w->op == LS_LITE_RANGE, &t);
}

/* Columns that are compared with one value are the same in every row that is left: they order nothing. */
static bool is_fixed(const struct adv_place *p, const char *column)
{
    for (size_t i = 0; i < p->eq.n; i++)
        if (p->eq.v[i].is_const && p->eq.v[i].key.column != NULL && strcasecmp(p->eq.v[i].key.column, column) == 0)
            return true;
    return false;
}

static void add_order(struct adv_job *j, struct adv_place *p, const struct ls_lite_want *w)
{
    for (uint32_t i = 0; i < w->n_order; i++) {
        struct adv_key k;

        if (is_rowid(&j->u->tables[p->table], w->order[i].column))
            return; /* it is at the end of every index already */
        if (is_fixed(p, w->order[i].column))
            continue;
        k = column_key(j, w->order[i].column, w->order[i].is_desc ? " DESC" : "");
        *LS_VEC_PUSH(&p->sort) = k;
    }
}

/* --- expressions: name(column ...) on one side of a comparison */

static const char *raw_name(struct adv_job *j, const struct wl_toks *t, size_t i)
{
    const struct ls_tok *k = &t->t.v[i];
    bool is_quoted = k->kind == LS_TOK_QUOTED;

    return ls_arena_strn(j->arena, t->text + k->start + is_quoted, k->end - k->start - 2 * (size_t)is_quoted);
}

static bool is_comparison(const struct wl_toks *t, size_t i)
{
    static const char *const ops[] = {"=", "==", "<", "<=", ">", ">="};

    if (wl_is(t, i, "IN") || wl_is(t, i, "IS"))
        return true;
    for (size_t k = 0; i < t->t.n && k < LS_ARRAY_LEN(ops); k++)
        if (strlen(ops[k]) == t->t.v[i].end - t->t.v[i].start && strncmp(ops[k], t->text + t->t.v[i].start, strlen(ops[k])) == 0)
            return true;
    return false;
}

/* Behind the ')' of the call that begins at i (its name), or 0. It may hold nothing but one column, literals and commas. */
static size_t call_end(const struct wl_toks *t, size_t i, size_t *column)
{
    bool is_open = t->t.v[i].kind == LS_TOK_WORD && wl_is_char(t, i + 1, '(');
    size_t k = i + 2;

    *column = 0;
    for (; is_open && k < t->t.n && !wl_is_char(t, k, ')'); k++) {
        enum ls_tok_kind kind = t->t.v[k].kind;

        if (kind == LS_TOK_WORD || kind == LS_TOK_QUOTED) {
            if (*column != 0 && !wl_is_char(t, k - 1, '.'))
                return 0;
            *column = k; /* behind the dot, where there is one */
        } else if (kind != LS_TOK_STRING && kind != LS_TOK_NUMBER && kind != LS_TOK_COMMA_DOT) {
            return 0;
        }
    }
    return is_open && *column != 0 && wl_is_char(t, k, ')') ? k + 1 : 0;
}

static const char *call_text(struct adv_job *j, const struct wl_toks *t, size_t i, size_t end, size_t column)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out;

    for (size_t k = i; k < end; k++) {
        bool is_qualifier = k + 1 < end && wl_is_char(t, k + 1, '.') && k < column;

        if (is_qualifier || (wl_is_char(t, k, '.') && k < column))
            continue;
        if (k == column)
            ls_buf_adds(&b, adv_name(j->arena, LS_DIALECT_SQLITE, raw_name(j, t, k)));
        else
            ls_buf_add(&b, t->text + t->t.v[k].start, t->t.v[k].end - t->t.v[k].start);
        if (wl_is_char(t, k, ','))
            ls_buf_addc(&b, ' ');
    }
    out = ls_arena_strn(j->arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* Which table has that column is found out when the index is made: on another one it is refused. */
static void scan_expressions(struct adv_job *j, struct adv_query *q)
{
    struct wl_toks t;

    wl_toks_init(&t, LS_DIALECT_SQLITE, q->q->text, strlen(q->q->text));
    for (size_t i = 0; i + 3 < t.t.n; i++) {
        struct adv_term term = {.is_const = true, .distinct = -1};
        size_t column, end = call_end(&t, i, &column);

        if (end == 0 || !(is_comparison(&t, end) || (i > 0 && is_comparison(&t, i - 1))))
            continue;
        term.key = (struct adv_key){.text = call_text(j, &t, i, end, column), .suffix = ""};
        for (size_t k = 0; k < q->places.n; k++)
            adv_term_add(&q->places.v[k], false, &term);
    }
    wl_toks_release(&t);
}

void adv_lite_places(struct adv_job *j, struct ls_lite_stub *stub, struct adv_query *q)
{
    const struct ls_lite_want *wants;
    uint32_t n;

    if (ls_lite_stub_ask(stub, q->q->text, j->arena, &wants, &n, NULL) != LS_OK)
        return; /* what a virtual table cannot do (INDEXED BY, ON CONFLICT ... DO): no candidates */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t table = ls_usage_find_table(j->u, NULL, wants[i].table);
        struct adv_place *p;

        if (table == LS_NO_USAGE || j->u->tables[table].kind == 'v')
            continue;
        p = LS_VEC_PUSH(&q->places);
        p->table = table;
        for (uint32_t k = 0; k < wants[i].n_terms; k++)
            add_term(j, p, &wants[i].terms[k]);
        add_order(j, p, &wants[i]);
    }
    scan_expressions(j, q);
}
