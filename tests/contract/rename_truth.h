/* tests/contract/rename_truth.h: what the author of a migration renamed, by the words of its SQL: ALTER ... RENAME, and columns that a rebuilt table or an
 * UPDATE gets from columns of another name. */
#ifndef TESTS_CONTRACT_RENAME_TRUTH_H
#define TESTS_CONTRACT_RENAME_TRUTH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/vec.h"
#include "lockstep/model/catalog.h"
#include "lockstep/sql/lex.h"

enum truth_kind { TRUTH_TABLE, TRUTH_COLUMN, TRUTH_OTHER };
static const char *const truth_words[] = {"table", "column", "object"};

#define TRUTH_NAME 128

static inline void truth_copy(char out[TRUTH_NAME], const char *s)
{
    size_t n = strlen(s) < TRUTH_NAME ? strlen(s) : TRUTH_NAME - 1;

    memmove(out, s, n);
    out[n] = '\0';
}

struct truth {
    enum truth_kind kind;
    char table_a[TRUTH_NAME], table_b[TRUTH_NAME]; /* of a column: its table's name before, and at the end */
    char from[TRUTH_NAME], to[TRUTH_NAME];
};

struct truths {
    LS_VEC(struct truth) v;
};

/* The statement's tokens without spaces and comments. */
struct truth_text {
    const char *text;
    struct ls_lex lx;
    LS_VEC(struct ls_tok) t;
};

static inline bool truth_is(const struct truth_text *x, size_t i, const char *upper)
{
    return i < x->t.n && (x->t.v[i].kind == LS_TOK_WORD || x->t.v[i].kind == LS_TOK_KEYWORD) && ls_tok_is(&x->lx, &x->t.v[i], upper);
}

static inline bool truth_is_char(const struct truth_text *x, size_t i, char c)
{
    return i < x->t.n && x->t.v[i].end == x->t.v[i].start + 1 && x->text[x->t.v[i].start] == c;
}

/* An identifier without its quotes and its schema; false: something else. *i goes behind it. */
static inline bool truth_name(const struct truth_text *x, size_t *i, char out[TRUTH_NAME])
{
    for (;; *i += 2) {
        const struct ls_tok *t = *i < x->t.n ? &x->t.v[*i] : NULL;
        size_t quote = t && t->kind == LS_TOK_QUOTED;

        if (!t || (t->kind != LS_TOK_WORD && t->kind != LS_TOK_KEYWORD && t->kind != LS_TOK_QUOTED))
            return false;
        snprintf(out, TRUTH_NAME, "%.*s", (int)(t->end - t->start - 2 * quote), x->text + t->start + quote);
        if (!truth_is_char(x, *i + 1, '.'))
            break;
    }
    ++*i;
    return true;
}

/* What a table was called at the start. */
static inline const char *truth_before(const struct truths *all, const char *table)
{
    for (size_t i = 0; i < all->v.n; i++)
        if (all->v.v[i].kind == TRUTH_TABLE && strcmp(all->v.v[i].to, table) == 0)
            return all->v.v[i].from;
    return table;
}

static inline void truth_add(struct truths *all, enum truth_kind kind, const char *table_a, const char *table_b, const char *from, const char *to)
{
    struct truth *t;

    for (size_t i = 0; i < all->v.n; i++) { /* renamed again */
        t = &all->v.v[i];
        if (t->kind == kind && strcmp(t->to, from) == 0 && (kind != TRUTH_COLUMN || strcmp(t->table_b, table_b) == 0)) {
            truth_copy(t->to, to);
            return;
        }
    }
    t = LS_VEC_PUSH(&all->v);
    t->kind = kind;
    truth_copy(t->table_a, table_a);
    truth_copy(t->table_b, table_b);
    truth_copy(t->from, from);
    truth_copy(t->to, to);
}

/* ALTER TABLE t RENAME TO u | RENAME [COLUMN] a TO b | RENAME CONSTRAINT a TO b; ALTER INDEX a RENAME TO b ... */
static inline void truth_alter(struct truths *all, const struct truth_text *x)
{
    bool is_table = truth_is(x, 1, "TABLE");
    char name[TRUTH_NAME], from[TRUTH_NAME], to[TRUTH_NAME];
    size_t i = 2;

    while (truth_is(x, i, "IF") || truth_is(x, i, "EXISTS") || truth_is(x, i, "ONLY"))
        i++;
    if (!truth_name(x, &i, name) || !truth_is(x, i++, "RENAME"))
        return;
    if (truth_is(x, i, "TO")) {
        i++;
        if (!truth_name(x, &i, to))
            return;
        truth_add(all, is_table ? TRUTH_TABLE : TRUTH_OTHER, "", "", name, to);
        for (size_t k = 0; is_table && k < all->v.n; k++)
            if (all->v.v[k].kind == TRUTH_COLUMN && strcmp(all->v.v[k].table_b, name) == 0)
                truth_copy(all->v.v[k].table_b, to);
        return;
    }
    if (!is_table)
        return;
    bool is_constraint = truth_is(x, i, "CONSTRAINT");

    if (is_constraint || truth_is(x, i, "COLUMN"))
        i++;
    if (truth_name(x, &i, from) && truth_is(x, i++, "TO") && truth_name(x, &i, to))
        truth_add(all, is_constraint ? TRUTH_OTHER : TRUTH_COLUMN, truth_before(all, name), name, from, to);
}

#define TRUTH_LIST 64

/* Plain names with commas between, up to a bracket or `end`; -1: it is no such list. */
static inline int truth_list(const struct truth_text *x, size_t *i, const char *end, char out[TRUTH_LIST][TRUTH_NAME])
{
    for (int n = 0; n < TRUTH_LIST; n++) {
        if (!truth_name(x, i, out[n]))
            return -1;
        if (end ? truth_is(x, *i, end) : truth_is_char(x, *i, ')'))
            return n + 1;
        if (!truth_is_char(x, *i, ','))
            return -1;
        ++*i;
    }
    return -1;
}

/* INSERT INTO new (a, b) SELECT c, d FROM old: where these are one table in the end, c is a now. */
static inline void truth_insert(struct truths *all, const struct truth_text *x)
{
    static char to[TRUTH_LIST][TRUTH_NAME], from[TRUTH_LIST][TRUTH_NAME];
    char table[TRUTH_NAME], old[TRUTH_NAME];
    size_t i = 2;
    int n, m;

    if (!truth_is(x, 1, "INTO") || !truth_name(x, &i, table) || !truth_is_char(x, i++, '('))
        return;
    n = truth_list(x, &i, NULL, to);
    i++;
    if (n < 0 || !truth_is(x, i++, "SELECT"))
        return;
    m = truth_list(x, &i, "FROM", from);
    i++;
    if (m != n || !truth_name(x, &i, old))
        return;
    for (int k = 0; k < n; k++)
        if (strcmp(from[k], to[k]) != 0)
            truth_add(all, TRUTH_COLUMN, truth_before(all, old), table, from[k], to[k]);
}

/* UPDATE t SET b = a */
static inline void truth_update(struct truths *all, const struct truth_text *x)
{
    char table[TRUTH_NAME], to[TRUTH_NAME], from[TRUTH_NAME];
    size_t i = 1;

    if (truth_name(x, &i, table) && truth_is(x, i++, "SET") && truth_name(x, &i, to) && truth_is_char(x, i++, '=') && truth_name(x, &i, from) &&
        (i >= x->t.n || truth_is(x, i, "WHERE")))
        truth_add(all, TRUTH_COLUMN, truth_before(all, table), table, from, to);
}

static inline void truths_read(struct truths *all, enum ls_dialect d, const char *text)
{
    struct truth_text x = {.text = text};
    struct ls_tok t;

    ls_lex_init(&x.lx, d, text, strlen(text));
    do {
        t = ls_lex_next(&x.lx);
        if (t.kind == LS_TOK_SEMICOLON || t.kind == LS_TOK_END || t.kind == LS_TOK_ERROR) {
            if (truth_is(&x, 0, "ALTER"))
                truth_alter(all, &x);
            else if (truth_is(&x, 0, "INSERT"))
                truth_insert(all, &x);
            else if (truth_is(&x, 0, "UPDATE"))
                truth_update(all, &x);
            x.t.n = 0;
        } else if (t.kind != LS_TOK_SPACE && t.kind != LS_TOK_COMMENT) {
            *LS_VEC_PUSH(&x.t) = t;
        }
    } while (t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR);
    LS_VEC_RELEASE(&x.t);
}

#endif
