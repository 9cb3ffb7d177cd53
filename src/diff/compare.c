/* One pair of facts, attribute by attribute. */
#include <config.h>

#include <string.h>
#include <strings.h>

#include "diff/priv.h"
#include "lockstep/sql/lex.h"

bool diff_attr_counts(const struct match *m, enum ls_attr a)
{
    if (m->a->lacks_attr[a] || m->b->lacks_attr[a])
        return false;
    switch (ls_attr_class(a)) {
    case LS_ATTR_MEANING:
        return true;
    case LS_ATTR_OWNER:
        return m->opts->with_owner;
    case LS_ATTR_RIGHTS:
        return m->opts->with_rights;
    case LS_ATTR_COMMENT:
        return !m->opts->without_comments;
    case LS_ATTR_ORDER: /* diff.c: among its siblings, not by number */
    case LS_ATTR_NOTE:
        break;
    }
    return false;
}

/* --- renamings that are followed --- */

static bool is_same_name(const struct match *m, const char *a, const char *b)
{
    return m->a->dialect == LS_DIALECT_SQLITE ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

/* The renaming of a name as a text about fact_a means it: a column of its own table, a relation, a column of another table. */
static const struct name_change *change_of(const struct match *m, const struct ls_fact *fact_a, const char *name)
{
    const char *own = fact_a->parent[0] != '\0' ? fact_a->parent : fact_a->name;
    const struct name_change *best = NULL;
    int best_rank = 0;

    for (size_t i = 0; i < m->names.n; i++) {
        const struct name_change *c = &m->names.v[i];
        int rank;

        if (!is_same_name(m, c->from, name))
            continue;
        rank = c->table && strcmp(c->table, own) == 0 && strcmp(c->schema, fact_a->schema) == 0 ? 3 : c->table == NULL ? 2 : 1;
        if (rank > best_rank) {
            best = c;
            best_rank = rank;
        }
    }
    return best;
}

void diff_token_name(enum ls_dialect d, const struct ls_tok *t, const char *text, struct ls_buf *out)
{
    const char *s = text + t->start;
    size_t n = t->end - t->start;

    ls_buf_clear(out);
    if (t->kind != LS_TOK_QUOTED) {
        ls_buf_add(out, s, n);
        for (size_t i = 0; d == LS_DIALECT_POSTGRES && i < n; i++)
            if (out->ptr[i] >= 'A' && out->ptr[i] <= 'Z')
                out->ptr[i] = (char)(out->ptr[i] + ('a' - 'A'));
        return;
    }
    for (size_t i = 1; i + 1 < n; i++) {
        ls_buf_addc(out, s[i]);
        if (s[i] == '"' && s[i + 1] == '"')
            i++;
    }
}

bool diff_follow_names(const struct match *m, const struct ls_fact *fact_a, const char *text, struct ls_buf *out)
{
    struct ls_buf name = LS_BUF_INIT;
    struct ls_lex lx;
    bool has_changed = false;
    size_t done = 0;

    ls_lex_init(&lx, m->a->dialect, text, strlen(text));
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
        const struct name_change *c;

        if (t.kind == LS_TOK_ERROR)
            break;
        if (t.kind != LS_TOK_WORD && t.kind != LS_TOK_KEYWORD && t.kind != LS_TOK_QUOTED)
            continue;
        diff_token_name(m->a->dialect, &t, text, &name);
        if ((c = change_of(m, fact_a, name.ptr)) == NULL)
            continue;
        ls_buf_add(out, text + done, t.start - done);
        ls_buf_adds(out, c->to); /* quotes do not count: is_equal_unquoted */
        done = t.end;
        has_changed = true;
    }
    ls_buf_adds(out, text + done);
    ls_buf_release(&name);
    return has_changed;
}

/* Equal but for quotes around names that need none: a name that was replaced may be written either way. */
static bool is_equal_unquoted(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '"')
            a++;
        while (*b == '"')
            b++;
        if (*a != *b)
            return false;
        if (*a == '\0')
            return true;
    }
}

bool diff_same_value(const struct match *m, const struct ls_fact *fact_a, const char *a, const char *b)
{
    struct ls_buf followed = LS_BUF_INIT;
    bool is_same;

    if (a == b)
        return true;
    if (!a || !b)
        return false;
    if (strcmp(a, b) == 0)
        return true;
    if (m->names.n == 0)
        return false;
    is_same = diff_follow_names(m, fact_a, a, &followed) && is_equal_unquoted(followed.ptr, b);
    ls_buf_release(&followed);
    return is_same;
}

uint32_t diff_compare(const struct match *m, const struct ls_fact *a, const struct ls_fact *b, struct ls_attr_change *out)
{
    uint32_t i = 0, j = 0, n = 0;

    while (i < a->n_attrs || j < b->n_attrs) {
        struct ls_attr_change c = {0};

        if (j >= b->n_attrs || (i < a->n_attrs && a->attrs[i].attr < b->attrs[j].attr)) {
            c = (struct ls_attr_change){a->attrs[i].attr, a->attrs[i].value, NULL};
            i++;
        } else if (i >= a->n_attrs || b->attrs[j].attr < a->attrs[i].attr) {
            c = (struct ls_attr_change){b->attrs[j].attr, NULL, b->attrs[j].value};
            j++;
        } else {
            c = (struct ls_attr_change){a->attrs[i].attr, a->attrs[i].value, b->attrs[j].value};
            i++;
            j++;
        }
        if (!diff_attr_counts(m, c.attr) || diff_same_value(m, a, c.a, c.b) || diff_is_ignored(m->opts, b, (int)c.attr))
            continue;
        out[n++] = c;
    }
    return n;
}
