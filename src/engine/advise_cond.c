/* Conditions and sort keys as PostgreSQL prints them in a plan, every column with its table's alias in front: taken apart by tokens. What is not understood
 * adds nothing. */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>
#include <string.h>

#include "engine/workload_priv.h"
#include "lockstep/base/mem.h"

struct span {
    const struct wl_toks *t;
    size_t from, to;
};

/* One side of a comparison. */
struct operand {
    bool is_value;         /* no column in it */
    bool is_many;          /* columns of several tables, or a parameter between them: no index has that */
    bool is_literal;       /* the same value at each run */
    const char *alias;
    struct adv_key key;
    int param;             /* it has that parameter, and no other */
    bool is_array;         /* = ANY */
};

/* --- brackets */

static size_t closing(const struct wl_toks *t, size_t open, size_t to)
{
    int depth = 0;

    for (size_t i = open; i < to; i++) {
        depth += t->t.v[i].kind == LS_TOK_OPEN ? 1 : t->t.v[i].kind == LS_TOK_CLOSE ? -1 : 0;
        if (depth == 0)
            return i;
    }
    return to;
}

static struct span strip(struct span s)
{
    while (s.to > s.from + 1 && wl_is_char(s.t, s.from, '(') && closing(s.t, s.from, s.to) == s.to - 1) {
        s.from++;
        s.to--;
    }
    return s;
}

/* Where the next token outside of brackets and CASE ... END is for which `is` says yes; s.to: none. */
static size_t find(struct span s, size_t from, bool (*is)(const struct wl_toks *t, size_t i))
{
    int cases = 0;

    for (size_t i = from; i < s.to; i++) {
        if (s.t->t.v[i].kind == LS_TOK_OPEN) {
            i = closing(s.t, i, s.to);
            continue;
        }
        cases += wl_is(s.t, i, "CASE") ? 1 : wl_is(s.t, i, "END") ? -1 : 0;
        if (cases == 0 && is(s.t, i))
            return i;
    }
    return s.to;
}

static bool is_and(const struct wl_toks *t, size_t i)
{
    return wl_is(t, i, "AND");
}

static bool is_or(const struct wl_toks *t, size_t i)
{
    return wl_is(t, i, "OR");
}

static bool is_op(const struct wl_toks *t, size_t i)
{
    return t->t.v[i].kind == LS_TOK_OPERATOR && !(t->text[t->t.v[i].start] == ':');
}

static bool is_text(const struct wl_toks *t, size_t i, const char *text)
{
    size_t n = t->t.v[i].end - t->t.v[i].start;

    return strlen(text) == n && strncmp(t->text + t->t.v[i].start, text, n) == 0;
}

/* --- operands */

static bool is_ident(const struct wl_toks *t, size_t i)
{
    return t->t.v[i].kind == LS_TOK_WORD || t->t.v[i].kind == LS_TOK_KEYWORD || t->t.v[i].kind == LS_TOK_QUOTED;
}

static const char *raw_of(struct ls_arena *a, const struct wl_toks *t, size_t i)
{
    const struct ls_tok *k = &t->t.v[i];
    struct ls_buf b = LS_BUF_INIT;
    const char *out;

    if (k->kind != LS_TOK_QUOTED)
        return ls_arena_strn(a, t->text + k->start, k->end - k->start);
    for (size_t p = k->start + 1; p + 1 < k->end; p++) {
        p += t->text[p] == '"' ? 1 : 0;
        ls_buf_addc(&b, t->text[p]);
    }
    out = ls_arena_strn(a, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* alias.column at i */
static bool is_reference(struct span s, size_t i)
{
    return i + 2 < s.to && is_ident(s.t, i) && wl_is_char(s.t, i + 1, '.') && is_ident(s.t, i + 2) && s.t->t.v[i].end == s.t->t.v[i + 1].start &&
           (i == s.from || !wl_is_char(s.t, i - 1, '.'));
}

static const char *text_of(struct ls_arena *a, struct span s)
{
    return s.to > s.from ? ls_arena_strn(a, s.t->text + s.t->t.v[s.from].start, s.t->t.v[s.to - 1].end - s.t->t.v[s.from].start) : "";
}

/* The expression without aliases. An index wants brackets around what is no call. */
static const char *expression(struct ls_arena *a, struct span s)
{
    struct ls_buf b = LS_BUF_INIT;
    bool is_call = s.to > s.from + 2 && is_ident(s.t, s.from) && wl_is_char(s.t, s.from + 1, '(') && closing(s.t, s.from + 1, s.to) == s.to - 1;
    const char *out;

    if (!is_call)
        ls_buf_addc(&b, '(');
    for (size_t i = s.from; i < s.to; i++) {
        const struct ls_tok *k = &s.t->t.v[i];

        if (i > s.from && s.t->t.v[i - 1].end < k->start)
            ls_buf_addc(&b, ' ');
        if (is_reference(s, i)) {
            i += 2;
            k = &s.t->t.v[i];
        }
        ls_buf_add(&b, s.t->text + k->start, k->end - k->start);
    }
    if (!is_call)
        ls_buf_addc(&b, ')');
    out = ls_arena_strn(a, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* Without a cast that changes nothing in how it is stored: varchar and name are printed as (x)::text. */
static struct span without_cast(struct span s)
{
    static const char *const same[] = {"text", "character varying", "bpchar", "varchar"};

    s = strip(s);
    for (size_t i = 0; i < LS_ARRAY_LEN(same); i++) {
        size_t words = strchr(same[i], ' ') != NULL ? 2 : 1, cast = s.to - words;

        if (s.to < s.from + words + 4 || !wl_is_char(s.t, s.from, '('))
            continue;
        size_t close = closing(s.t, s.from, s.to);

        if (close >= cast || strncmp(s.t->text + s.t->t.v[close].end, "::", 2) != 0)
            continue;
        if (strcmp(s.t->text + s.t->t.v[cast].start, same[i]) == 0 ||
            (strncmp(s.t->text + s.t->t.v[cast].start, same[i], strlen(same[i])) == 0 &&
             s.t->t.v[s.to - 1].end - s.t->t.v[cast].start == strlen(same[i])))
            return strip((struct span){s.t, s.from, close + 1});
    }
    return s;
}

static struct operand read_operand(struct ls_arena *a, struct span s)
{
    struct operand o = {.is_value = true, .is_literal = true, .key = {.suffix = ""}};
    bool has_param = false;
    int n_params = 0;

    s = without_cast(s);
    if (s.from >= s.to)
        return (struct operand){.is_many = true};
    for (size_t i = s.from; i < s.to; i++) {
        has_param = has_param || s.t->t.v[i].kind == LS_TOK_PARAM || wl_is(s.t, i, "InitPlan") || wl_is(s.t, i, "SubPlan");
        if (s.t->t.v[i].kind == LS_TOK_PARAM && n_params++ == 0)
            o.param = (int)strtol(s.t->text + s.t->t.v[i].start + 1, NULL, 10);
        o.is_literal = o.is_literal && !(is_ident(s.t, i) && i + 1 < s.to && wl_is_char(s.t, i + 1, '(')); /* now() */
        if (!is_reference(s, i))
            continue;
        const char *alias = raw_of(a, s.t, i);

        o.is_many = o.is_many || (o.alias != NULL && strcmp(o.alias, alias) != 0);
        o.alias = alias;
        o.is_value = false;
        i += 2;
    }
    o.is_literal = o.is_literal && o.is_value && !has_param;
    o.param = n_params == 1 ? o.param : 0;
    if (o.is_value)
        return o;
    if (s.to == s.from + 3 && is_reference(s, s.from)) {
        o.key.column = raw_of(a, s.t, s.from + 2);
        o.key.text = adv_name(a, LS_DIALECT_POSTGRES, o.key.column);
        return o;
    }
    o.is_many = o.is_many || has_param || wl_is(s.t, s.from, "ROW"); /* (a, b) < (1, 2): its columns stand in the order beside it */
    o.key.text = expression(a, s);
    return o;
}

/* --- conditions */

static const struct operand no_other = {.is_value = true};

static void add(struct adv_cond *c, const struct operand *of, bool is_range, const struct operand *other, const char *predicate)
{
    struct adv_term t = {.key = of->key, .is_const = other->is_value, .predicate = predicate, .distinct = -1, .param = other->param, .is_array = other->is_array};
    struct adv_place *p = of->alias != NULL && !of->is_many ? c->place(c->ctx, of->alias) : NULL;

    if (p != NULL)
        adv_term_add(p, is_range, &t);
}

/* LIKE 'begins%': with the operators that compare byte by byte. */
static void add_like(struct adv_cond *c, struct operand *of, struct span pattern)
{
    const char *text = text_of(c->arena, pattern);

    if (text[0] != '\'' || text[1] == '%' || text[1] == '_' || text[1] == '\'')
        return;
    of->key.suffix = " text_pattern_ops";
    add(c, of, true, &no_other, NULL);
}

static void add_comparison(struct adv_cond *c, struct span s, size_t op)
{
    static const char *const ranges[] = {"<", "<=", ">", ">="};
    struct span right = {s.t, op + 1, s.to};
    bool is_any = wl_is(s.t, op + 1, "ANY"), is_range = false;
    struct operand l = read_operand(c->arena, (struct span){s.t, s.from, op}), r;

    if (is_any)
        right.from++;
    r = read_operand(c->arena, right);
    r.is_array = is_any;
    if (is_text(s.t, op, "~~")) {
        add_like(c, &l, strip(right));
        return;
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(ranges); i++)
        is_range = is_range || is_text(s.t, op, ranges[i]);
    if (!is_range && !is_text(s.t, op, "="))
        return;
    if (l.alias != NULL && r.alias != NULL && strcmp(l.alias, r.alias) == 0)
        return;
    if (!l.is_value)
        add(c, &l, is_range, &r,
            r.is_literal && !is_range && !is_any ? ls_arena_printf(c->arena, "%s = %s", l.key.text, text_of(c->arena, strip(right))) : NULL);
    if (!r.is_value && !is_any)
        add(c, &r, is_range, &l,
            l.is_literal && !is_range ? ls_arena_printf(c->arena, "%s = %s", r.key.text, text_of(c->arena, strip((struct span){s.t, s.from, op}))) : NULL);
}

static void add_leaf(struct adv_cond *c, struct span s)
{
    size_t n = s.to - s.from, op;

    if (n > 2 && wl_is(s.t, s.to - 2, "IS") && wl_is(s.t, s.to - 1, "NULL")) {
        struct operand o = read_operand(c->arena, (struct span){s.t, s.from, s.to - 2});

        if (!o.is_value && !o.is_many)
            add(c, &o, false, &no_other, ls_arena_printf(c->arena, "%s IS NULL", o.key.text));
        return;
    }
    op = find(s, s.from, is_op);
    if (op > s.from && op + 1 < s.to) {
        add_comparison(c, s, op);
    } else if (n == 3 && is_reference(s, s.from)) { /* a boolean column */
        struct operand o = read_operand(c->arena, s);

        add(c, &o, false, &no_other, o.key.text);
    }
}

/* Each branch of an OR is a place of its own: several indexes may serve it. */
static void add_bool(struct adv_cond *c, struct span s, int depth)
{
    size_t at, from;

    s = strip(s);
    if (depth > 50 || s.from >= s.to)
        return;
    at = find(s, s.from, is_or);
    if (at < s.to) {
        int outer = c->branch;

        for (from = s.from; from < s.to; from = at + 1) {
            at = find(s, from, is_or);
            c->branch = ++c->n_branches;
            add_bool(c, (struct span){s.t, from, at}, depth + 1);
        }
        c->branch = outer;
        return;
    }
    at = find(s, s.from, is_and);
    if (at == s.to) {
        if (wl_is(s.t, s.from, "NOT") && is_reference((struct span){s.t, s.from + 1, s.to}, s.from + 1) && s.to == s.from + 4) {
            struct operand o = read_operand(c->arena, (struct span){s.t, s.from + 1, s.to});

            add(c, &o, false, &no_other, ls_arena_printf(c->arena, "NOT %s", o.key.text));
            return;
        }
        add_leaf(c, s);
        return;
    }
    for (from = s.from; from < s.to; from = at + 1) {
        at = find(s, from, is_and);
        add_bool(c, (struct span){s.t, from, at}, depth + 1);
    }
}

void adv_cond_add(struct adv_cond *c, const char *text)
{
    struct wl_toks t;

    wl_toks_init(&t, LS_DIALECT_POSTGRES, text, strlen(text));
    c->branch = 0;
    add_bool(c, (struct span){&t, 0, t.t.n}, 0);
    wl_toks_release(&t);
}

bool adv_cond_sort(struct adv_cond *c, const char *text, const char **alias, struct adv_key *out)
{
    struct wl_toks t;
    struct operand o = {0};
    const char *nulls = "";
    bool is_desc = false;
    size_t to;

    wl_toks_init(&t, LS_DIALECT_POSTGRES, text, strlen(text));
    to = t.t.n;
    if (to > 2 && wl_is(&t, to - 2, "NULLS")) {
        nulls = wl_is(&t, to - 1, "FIRST") ? " NULLS FIRST" : " NULLS LAST";
        to -= 2;
    }
    if (to > 1 && wl_is(&t, to - 1, "DESC")) {
        is_desc = true;
        to--;
    }
    for (size_t i = 0; i < to; i++)
        if (wl_is(&t, i, "COLLATE") || wl_is(&t, i, "USING"))
            to = 0;
    if (to > 0)
        o = read_operand(c->arena, (struct span){&t, 0, to});
    *alias = o.alias;
    *out = o.key;
    out->suffix = ls_arena_printf(c->arena, "%s%s", is_desc ? " DESC" : "", nulls);
    wl_toks_release(&t);
    return o.alias != NULL && !o.is_many;
}
