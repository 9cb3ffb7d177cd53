/* Keys and definitions of indexes from raw columns. The server is asked for expressions and predicates only: its pg_get_indexdef() for each index would
 * cost more than all the rest. What is written is what that would write, with TABLESPACE. */
#include <config.h>

#include "db/postgres/usage_priv.h"

#include "lockstep/sql/lex.h"

/* --- expressions --- */

/* Index of the byte behind the bracket that closes the one at `open`, outside of strings and names; 0: none. */
static size_t behind_bracket(const char *s, size_t open)
{
    struct ls_lex lx;
    int depth = 0;

    ls_lex_init(&lx, LS_DIALECT_POSTGRES, s, strlen(s));
    lx.is_plain = true;
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        if (t.start < open)
            continue;
        depth += t.kind == LS_TOK_OPEN;
        depth -= t.kind == LS_TOK_CLOSE;
        if (t.kind == LS_TOK_CLOSE && depth == 0)
            return t.end;
    }
    return 0;
}

/* Behind a name, quoted or not. */
static size_t behind_name(const char *s)
{
    size_t n = 0;

    if (s[0] != '"')
        return strcspn(s, "( '\"[:.");
    for (n = 1; s[n] != '\0' && (s[n] != '"' || s[n + 1] == '"'); n++)
        n += s[n] == '"';
    return s[n] == '"' ? n + 1 : n;
}

/* Whether the server writes it into a definition without further brackets: a call and nothing behind it. */
static bool stands_alone(const char *s)
{
    size_t open = behind_name(s);

    if (open > 0 && s[open] == '.') /* a schema in front */
        open += 1 + behind_name(s + open + 1);
    return open > 0 && s[open] == '(' && behind_bracket(s, open) == strlen(s);
}

/* --- keys --- */

static bool goes_without_saying(const struct pgus *k, const struct pgus_class *c, uint32_t type)
{
    if (!c->is_default)
        return false;
    if (c->type == type)
        return true;
    for (size_t i = 0; i < k->classes.n; i++) /* the type has a default of its own */
        if (k->classes.v[i].is_default && k->classes.v[i].am == c->am && k->classes.v[i].type == type)
            return false;
    return true;
}

static double count_distinct(double n_distinct, double rows)
{
    return n_distinct > 0 ? n_distinct : n_distinct < 0 && rows >= 0 ? -n_distinct * rows : -1;
}

static void set_stats(struct ls_usage_key *key, const struct pgus_attr *a, double rows)
{
    key->n_distinct = -1;
    key->avg_width = -1;
    if (a == NULL || !a->has_stats)
        return;
    key->has_stats = true;
    key->null_frac = a->null_frac;
    key->n_distinct = count_distinct(a->n_distinct, rows);
    key->max_mcv = a->max_mcv;
    key->avg_width = a->avg_width;
}

static const char *collation_name(const struct pgus *k, uint32_t oid)
{
    const struct pgus_collation *c = PGUS_FIND(k->collations, oid);

    return c == NULL ? "" : c->quoted;
}

/* What the column is: text, name, type, statistics. Of an expression these stand at the index's own column. */
static void set_column(struct pgus *k, const struct pgus_index *i, struct ls_usage_key *key, uint32_t num, int place, const char **exprs,
                       uint32_t *collation, uint32_t *type)
{
    const struct pgus_attr *a = num == 0 ? pgus_attr_of(k, (uint32_t)i->x.oid, place + 1) : pgus_attr_of(k, i->relid, (int)num);

    key->type = a == NULL ? "" : a->type_name;
    *type = a == NULL ? 0 : a->type;
    *collation = num == 0 ? PGCAT_DEFAULT_COLLATION : a == NULL ? 0 : a->collation;
    key->collation_of_column = *collation == PGCAT_DEFAULT_COLLATION ? "" : collation_name(k, *collation);
    set_stats(key, a, k->tables.v[i->x.table].t.rows);
    if (num == 0 && *exprs != NULL) {
        pgcat_next_expression(exprs, &k->more);
        key->text = ls_arena_str(k->u->arena, k->more.ptr);
        return;
    }
    key->column = num == 0 || a == NULL ? NULL : a->name;
    key->text = num == 0 || a == NULL ? "?" : a->quoted;
}

struct lists {
    const char *keys, *collations, *classes, *bits, *exprs;
};

/* One key column; what it is in a definition goes to k->text. */
static void make_key(struct pgus *k, const struct pgus_index *i, struct ls_usage_key *key, int place, struct lists *l)
{
    uint32_t num = 0, collation = 0, class_oid = 0, bits = 0, own, type;
    const struct pgus_class *class;
    const struct pgus_collation *c;
    struct ls_buf *out = &k->text;

    (void)pgcat_next_number(&l->keys, &num);
    (void)pgcat_next_number(&l->collations, &collation);
    (void)pgcat_next_number(&l->classes, &class_oid);
    (void)pgcat_next_number(&l->bits, &bits);
    set_column(k, i, key, num, place, &l->exprs, &own, &type);
    class = PGUS_FIND(k->classes, class_oid);
    c = PGUS_FIND(k->collations, collation);
    if (num == 0 && class != NULL && class->type_name != NULL) /* the index has what it stores, not what it takes */
        key->type = class->type_name, type = class->type;
    key->opclass = class == NULL ? "" : class->name;
    key->is_default_opclass = class != NULL && goes_without_saying(k, class, type);
    key->collation = c == NULL || collation == own ? "" : c->quoted;
    key->is_pattern_safe = (c != NULL && c->is_c) || (class != NULL && class->is_pattern);
    key->is_desc = bits & 1;
    key->is_nulls_first = bits & 2;
    ls_buf_adds(out, place > 0 ? ", " : "");
    ls_buf_addf(out, num != 0 || stands_alone(key->text) ? "%s" : "(%s)", key->text);
    if (key->collation[0] != '\0')
        ls_buf_addf(out, " COLLATE %s", key->collation);
    if (class != NULL && !key->is_default_opclass)
        ls_buf_addf(out, " %s", class->quoted);
    if (i->is_ordered && key->is_desc)
        ls_buf_adds(out, key->is_nulls_first ? " DESC" : " DESC NULLS LAST");
    else if (i->is_ordered && key->is_nulls_first)
        ls_buf_adds(out, " NULLS FIRST");
}

static void make_include(struct pgus *k, struct pgus_index *i, const char *keys)
{
    uint32_t n = (uint32_t)i->n_atts - i->x.n_keys, num;
    const char **names = LS_ARENA_ARRAY(k->u->arena, const char *, n + 1);

    ls_buf_adds(&k->text, " INCLUDE (");
    for (uint32_t at = 0; at < n && pgcat_next_number(&keys, &num); at++) {
        const struct pgus_attr *a = pgus_attr_of(k, i->relid, (int)num);

        names[at] = a == NULL ? "?" : a->name;
        ls_buf_addf(&k->text, "%s%s", at > 0 ? ", " : "", a == NULL ? "?" : a->quoted);
        i->x.n_include = at + 1;
    }
    ls_buf_addc(&k->text, ')');
    i->x.include = names;
}

static void make_index(struct pgus *k, struct pgus_index *i)
{
    struct ls_usage_index *x = &i->x;
    struct ls_usage_key *keys = LS_ARENA_ARRAY(k->u->arena, struct ls_usage_key, x->n_keys + 1);
    struct lists l = {i->keys, i->collations, i->classes, i->bits, i->exprs};

    ls_buf_clear(&k->text);
    ls_buf_addf(&k->text, "CREATE %sINDEX %s ON %s%s USING %s (", x->is_unique ? "UNIQUE " : "", i->quoted, x->is_partitioned ? "ONLY " : "",
                k->tables.v[x->table].quoted, x->method);
    for (uint32_t n = 0; n < x->n_keys; n++)
        make_key(k, i, &keys[n], (int)n, &l);
    x->keys = keys;
    ls_buf_addc(&k->text, ')');
    if (i->n_atts > (int)x->n_keys)
        make_include(k, i, l.keys);
    if (x->is_nulls_not_distinct)
        ls_buf_adds(&k->text, " NULLS NOT DISTINCT");
    if (i->with != NULL)
        ls_buf_addf(&k->text, " WITH (%s)", i->with);
    if (i->quoted_tablespace != NULL)
        ls_buf_addf(&k->text, " TABLESPACE %s", i->quoted_tablespace);
    if (x->predicate[0] != '\0')
        ls_buf_addf(&k->text, " WHERE %s", x->predicate);
    x->definition = ls_arena_str(k->u->arena, i->whole != NULL ? i->whole : k->text.ptr);
}

void pgus_make_keys(struct pgus *k)
{
    for (size_t i = 0; i < k->indexes.n; i++)
        make_index(k, &k->indexes.v[i]);
}
