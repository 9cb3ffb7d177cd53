/* Names and texts of proposed indexes, and whether the like of one is there already. */
#include <config.h>

#include "engine/advise_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/sql/lex.h"
#include "lockstep/sql/quote.h"

enum { NAME_MAX_BYTES = 63 };

const char *adv_name(struct ls_arena *a, enum ls_dialect d, const char *raw)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_lex lx;
    struct ls_tok t;
    const char *out = raw;
    bool is_plain = raw[0] != '\0';

    for (const char *p = raw; *p != '\0'; p++)
        is_plain = is_plain && ((*p >= 'a' && *p <= 'z') || (d == LS_DIALECT_SQLITE && *p >= 'A' && *p <= 'Z') || *p == '_' ||
                                (p > raw && *p >= '0' && *p <= '9'));
    ls_lex_init(&lx, d, raw, strlen(raw));
    t = ls_lex_next(&lx);
    if (!is_plain || t.kind != LS_TOK_WORD || t.end != strlen(raw)) {
        if (ls_sql_ident(&b, raw, NULL) == LS_OK)
            out = ls_arena_strn(a, b.ptr, b.len);
    }
    ls_buf_release(&b);
    return out;
}

/* --- what is there */

/* Without blanks, brackets around the whole and casts of constants: as far as two texts of one expression differ. */
static void squeeze(const char *text, struct ls_buf *out)
{
    size_t len = strlen(text);

    while (len > 1 && text[0] == '(' && text[len - 1] == ')' && strchr(text + 1, '(') == NULL) {
        text++;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++)
        if (!isspace((unsigned char)text[i]))
            ls_buf_addc(out, (char)tolower((unsigned char)text[i]));
}

static bool is_same_expression(const char *a, const char *b)
{
    struct ls_buf x = LS_BUF_INIT, y = LS_BUF_INIT;
    bool is;

    squeeze(a, &x);
    squeeze(b, &y);
    is = strcmp(x.ptr, y.ptr) == 0;
    ls_buf_release(&x);
    ls_buf_release(&y);
    return is;
}

static bool is_desc(const char *suffix)
{
    return strstr(suffix, " DESC") != NULL;
}

static bool is_nulls_first(enum ls_dialect d, const char *suffix)
{
    if (d == LS_DIALECT_SQLITE)
        return false;
    return is_desc(suffix) ? strstr(suffix, "NULLS LAST") == NULL : strstr(suffix, "NULLS FIRST") != NULL;
}

/* The key as it is there, read forwards or backwards. */
static bool is_same_key(enum ls_dialect d, const struct ls_usage_key *is, const struct adv_key *k, bool is_backward)
{
    const char *collate = strstr(k->suffix, "COLLATE ");
    bool is_name = k->column != NULL && is->column != NULL &&
                   (d == LS_DIALECT_SQLITE ? strcasecmp(k->column, is->column) == 0 : strcmp(k->column, is->column) == 0);

    if (!is_name && !(k->column == NULL && is->column == NULL && is_same_expression(k->text, is->text)))
        return false;
    if (d == LS_DIALECT_SQLITE && collate != NULL && strncasecmp(is->collation, collate + 8, strlen(is->collation)) != 0)
        return false;
    if (d == LS_DIALECT_SQLITE && collate == NULL && is->collation[0] != '\0' && strcasecmp(is->collation, is->collation_of_column) != 0)
        return false;
    return (is_desc(k->suffix) != is->is_desc) == is_backward &&
           (d == LS_DIALECT_SQLITE || (is_nulls_first(d, k->suffix) != is->is_nulls_first) == is_backward);
}

/* How many of the first keys are the same. */
static uint32_t n_same(const struct ls_usage *u, const struct ls_usage_index *x, const struct adv_cand *c)
{
    uint32_t best = 0;

    for (int backward = 0; backward < 2; backward++) {
        uint32_t n = 0;

        while (n < x->n_keys && n < c->n_keys && is_same_key(u->dialect, &x->keys[n], &c->keys[n], backward != 0))
            n++;
        best = n > best ? n : best;
    }
    return best;
}

static bool is_of_table(const struct ls_usage *u, const struct ls_usage_index *x, const struct adv_cand *c)
{
    return x->table == c->table && strcmp(x->method, "btree") == 0 && (x->is_valid || u->dialect == LS_DIALECT_SQLITE);
}

bool adv_is_there(const struct ls_usage *u, const struct adv_cand *c)
{
    const struct ls_usage_table *t = &u->tables[c->table];

    if (t->rowid_alias != NULL && c->keys[0].column != NULL && strcasecmp(t->rowid_alias, c->keys[0].column) == 0)
        return true; /* the table itself is in that order */
    for (uint32_t i = 0; i < u->n_indexes; i++) {
        const struct ls_usage_index *x = &u->indexes[i];

        if (is_of_table(u, x, c) && (x->predicate[0] == '\0' || is_same_expression(x->predicate, c->predicate)) && n_same(u, x, c) == c->n_keys)
            return true;
    }
    return false;
}

uint32_t adv_replaces(const struct ls_usage *u, const struct adv_cand *c)
{
    for (uint32_t i = 0; i < u->n_indexes; i++) {
        const struct ls_usage_index *x = &u->indexes[i];

        if (is_of_table(u, x, c) && !x->is_unique && !x->is_primary && !x->is_exclusion && x->constraint[0] == '\0' && !x->is_replica_identity &&
            !x->is_partition && !x->is_in_query && x->n_include == 0 && is_same_expression(x->predicate, c->predicate) && x->n_keys < c->n_keys &&
            n_same(u, x, c) == x->n_keys)
            return i;
    }
    return LS_NO_USAGE;
}

/* --- a new one */

void adv_keys_text(const struct adv_cand *c, struct ls_buf *out)
{
    for (uint32_t i = 0; i < c->n_keys; i++)
        ls_buf_addf(out, "%s%s%s", i > 0 ? ", " : "", c->keys[i].text, c->keys[i].suffix);
}

/* Letters, digits and underscores of names, so that it needs no quotes. */
static void add_word(struct ls_buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (isalnum((unsigned char)*p) && (unsigned char)*p < 0x80)
            ls_buf_addc(out, (char)tolower((unsigned char)*p));
        else if (out->len > 0 && out->ptr[out->len - 1] != '_')
            ls_buf_addc(out, '_');
    }
    while (out->len > 0 && out->ptr[out->len - 1] == '_')
        ls_buf_truncate(out, out->len - 1);
}

static bool is_taken(const struct adv_job *j, const char *schema, const char *name, uint32_t n_before, const struct ls_advice *before)
{
    if (ls_usage_find_index(j->u, schema, name) != LS_NO_USAGE || ls_usage_find_table(j->u, schema, name) != LS_NO_USAGE)
        return true;
    for (uint32_t i = 0; i < n_before; i++)
        if (strcmp(before[i].spec->name, name) == 0 && strcmp(before[i].spec->schema, schema) == 0)
            return true;
    return false;
}

static const char *new_name(struct adv_job *j, const struct adv_cand *c, uint32_t n_before, const struct ls_advice *before)
{
    const struct ls_usage_table *t = &j->u->tables[c->table];
    struct ls_buf b = LS_BUF_INIT;
    const char *out = NULL;

    ls_buf_adds(&b, "idx_");
    add_word(&b, t->name);
    for (uint32_t i = 0; i < c->n_keys; i++) {
        ls_buf_addc(&b, '_');
        add_word(&b, c->keys[i].text);
    }
    if (b.len > NAME_MAX_BYTES - 4)
        ls_buf_truncate(&b, NAME_MAX_BYTES - 4);
    for (int i = 1; out == NULL; i++) {
        char tail[16] = "";

        if (i > 1)
            snprintf(tail, sizeof(tail), "_%d", i);
        out = ls_arena_printf(j->arena, "%s%s", b.ptr, tail);
        if (i < 1000 && is_taken(j, t->schema, out, n_before, before))
            out = NULL;
    }
    ls_buf_release(&b);
    return out;
}

/* With no name yet. */
static struct ls_index_spec spec_of(const struct adv_job *j, const struct adv_cand *c, uint32_t table)
{
    const char **keys = LS_ARENA_ARRAY(j->arena, const char *, c->n_keys + 1);

    for (uint32_t i = 0; i < c->n_keys; i++)
        keys[i] = ls_arena_printf(j->arena, "%s%s", c->keys[i].text, c->keys[i].suffix);
    return (struct ls_index_spec){.schema = j->u->tables[table].schema,
                                  .table = j->u->tables[table].name,
                                  .method = "btree",
                                  .keys = keys,
                                  .n_keys = c->n_keys,
                                  .predicate = c->predicate};
}

const struct ls_index_spec *adv_spec(struct adv_job *j, const struct adv_cand *c, uint32_t n_before, const struct ls_advice *before)
{
    struct ls_index_spec *s = LS_ARENA_NEW(j->arena, struct ls_index_spec);

    *s = spec_of(j, c, c->table);
    s->schema = ls_arena_str(j->arena, s->schema);
    s->table = ls_arena_str(j->arena, s->table);
    s->name = new_name(j, c, n_before, before);
    return s;
}

enum ls_rc adv_create_sql(const struct adv_job *j, const struct adv_cand *c, uint32_t table, const char *name, struct ls_buf *out, struct ls_err *err)
{
    struct ls_index_spec s = spec_of(j, c, table);

    s.name = name;
    return ls_index_spec_sql(out, j->dialect, &s, 0, err);
}
