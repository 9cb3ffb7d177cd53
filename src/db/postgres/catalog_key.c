/* Constraints and indexes from raw columns. The server is asked for expressions and predicates only: its own pg_get_indexdef() and
 * pg_get_constraintdef() would cost more than all the rest of the catalogue. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include <stdio.h>

#include "lockstep/sql/lex.h"

bool pgcat_next_number(const char **list, uint32_t *n)
{
    const char *p = *list;

    if (p == NULL)
        return false;
    while (*p == '{' || *p == ',' || *p == ' ')
        p++;
    if (*p < '0' || *p > '9')
        return false;
    for (*n = 0; *p >= '0' && *p <= '9'; p++)
        *n = *n * 10 + (uint32_t)(*p - '0');
    *list = p;
    return true;
}

/* --- operator classes --- */

/* oid, name, access method, input type, is default */
void pgcat_take_opclasses(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t at = (uint32_t)k->opclasses.n;

        *LS_VEC_PUSH(&k->opclasses) =
            (struct pgcat_opclass){ls_catalog_intern(k->b, pgcat_get(&r, 1)), pgcat_oid(&r, 2), pgcat_oid(&r, 3), pgcat_is(&r, 4)};
        pgcat_map(k, PGC_OPCLASS_INFO, pgcat_oid(&r, 0), at);
    }
}

/* oid, name: of all, for the keys that name one */
void pgcat_take_collations(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        pgcat_map(k, PGC_COLLATION_NAME, pgcat_oid(&r, 0), (uint32_t)k->collations.n);
        *LS_VEC_PUSH(&k->collations) = ls_catalog_intern(k->b, pgcat_get(&r, 1));
    }
}

/* A default class that was chosen for a type which has another default of its own says something. type 0: not known. */
static bool goes_without_saying(const struct pgcat *k, const struct pgcat_opclass *o, uint32_t type)
{
    if (!o->is_default)
        return false;
    for (size_t i = 0; type != 0 && o->type != type && i < k->opclasses.n; i++)
        if (k->opclasses.v[i].is_default && k->opclasses.v[i].am == o->am && k->opclasses.v[i].type == type)
            return false;
    return true;
}

/* --- constraints --- */

enum {
    N_OID,
    N_NAME,
    N_TYPE,
    N_DEFERRABLE,
    N_DEFERRED,
    N_VALIDATED,
    N_ENFORCED,
    N_RELID,
    N_INDEX,
    N_REF,
    N_UPDATE,
    N_DELETE,
    N_MATCH,
    N_NO_INHERIT,
    N_KEY,
    N_REF_KEY,
    N_SET_COLS,
    N_PERIOD,
    N_EXPR,
    N_STAND_IN,
    N_OPERATORS
};

/* Columns by number, joined; those of a name the server would make go to `made`. The last one may be a period. */
static void add_columns(struct pgcat *k, uint32_t rel, const char *list, bool is_period, struct ls_buf *out, struct ls_buf *made)
{
    uint32_t attnum;
    bool is_first = true;

    while (pgcat_next_number(&list, &attnum)) {
        const struct pgcat_col *col = pgcat_col_of(k, rel, (int)attnum);
        const char *rest = list;
        uint32_t dummy;

        ls_buf_adds(out, is_first ? "" : ", ");
        is_first = false;
        if (is_period && !pgcat_next_number(&rest, &dummy))
            ls_buf_adds(out, "period ");
        pgcat_ident(out, col == NULL ? "?" : col->name);
        if (made != NULL && col != NULL)
            pgcat_join_for_name(made, col->name);
    }
}

static const char *action(char c)
{
    return c == 'r' ? "restrict" : c == 'c' ? "cascade" : c == 'n' ? "set null" : c == 'd' ? "set default" : NULL;
}

static void take_foreign_key(struct pgcat *k, const struct pgcat_row *r, uint32_t rel, uint32_t fact)
{
    uint32_t oid = pgcat_oid(r, N_OID), ref_oid = pgcat_oid(r, N_REF), ref = pgcat_rel_of(k, ref_oid), attnum;
    const char *list = pgcat_get(r, N_REF_KEY);
    bool is_period = pgcat_is(r, N_PERIOD);
    char match = pgcat_char(r, N_MATCH);

    ls_buf_clear(&k->text);
    ls_buf_clear(&k->more);
    add_columns(k, rel, pgcat_get(r, N_KEY), is_period, &k->text, &k->more);
    ls_catalog_set(k->b, fact, LS_A_KEY, k->text.ptr);
    if (pgcat_is_made_name(pgcat_get(r, N_NAME), k->rels.v[rel].name, k->more.ptr, "fkey"))
        ls_catalog_set(k->b, fact, LS_A_SYSTEM_NAME, "yes");
    ls_buf_clear(&k->text);
    if (ref == UINT32_MAX) {
        ls_buf_adds(&k->text, "(a table that is not read)");
    } else {
        pgcat_qualified(&k->text, k->rels.v[ref].schema, k->rels.v[ref].name);
        ls_buf_addc(&k->text, '(');
        add_columns(k, ref, list, is_period, &k->text, NULL);
        ls_buf_addc(&k->text, ')');
    }
    ls_catalog_set(k->b, fact, LS_A_REFERENCES, k->text.ptr);
    ls_catalog_set(k->b, fact, LS_A_MATCH, match == 'f' ? "full" : match == 'p' ? "partial" : NULL);
    ls_catalog_set(k->b, fact, LS_A_ON_UPDATE, action(pgcat_char(r, N_UPDATE)));
    ls_buf_clear(&k->text);
    ls_buf_adds(&k->text, action(pgcat_char(r, N_DELETE)) ? action(pgcat_char(r, N_DELETE)) : "");
    if (pgcat_get(r, N_SET_COLS) != NULL) {
        ls_buf_adds(&k->text, " (");
        add_columns(k, rel, pgcat_get(r, N_SET_COLS), false, &k->text, NULL);
        ls_buf_addc(&k->text, ')');
    }
    ls_catalog_set(k->b, fact, LS_A_ON_DELETE, k->text.ptr);
    while (pgcat_next_number(&list, &attnum))
        pgcat_add_edge(k, (struct pgcat_edge){PGC_CONSTRAINT, oid, PGC_CLASS, ref_oid, 0, (int)attnum, false});
    pgcat_add_edge(k, (struct pgcat_edge){PGC_CONSTRAINT, oid, PGC_CLASS, pgcat_oid(r, N_INDEX), 0, 0, false});
}

static void take_check(struct pgcat *k, const struct pgcat_row *r, uint32_t rel, uint32_t fact)
{
    const char *list = pgcat_get(r, N_KEY), *only = "";
    uint32_t attnum;
    int n = 0;

    while (pgcat_next_number(&list, &attnum)) {
        const struct pgcat_col *col = pgcat_col_of(k, rel, (int)attnum);

        only = n++ == 0 && col != NULL ? col->name : "";
    }
    k->is_torn = k->is_torn || pgcat_get(r, N_EXPR) == NULL;
    pgcat_set(k, fact, LS_A_EXPRESSION, pgcat_expression(k, rel, pgcat_oid(r, N_STAND_IN), pgcat_get(r, N_EXPR)));
    if (pgcat_is(r, N_NO_INHERIT))
        ls_catalog_set(k->b, fact, LS_A_NO_INHERIT, "yes");
    if (pgcat_is_made_name(pgcat_get(r, N_NAME), k->rels.v[rel].name, only, "check"))
        ls_catalog_set(k->b, fact, LS_A_SYSTEM_NAME, "yes");
}

static void take_constraint(struct pgcat *k, const struct pgcat_row *r, uint32_t rel)
{
    static const struct {
        char type;
        const char *form;
    } forms[] = {{'p', "primary key"}, {'u', "unique"}, {'f', "foreign key"}, {'c', "check"}, {'x', "exclusion"}};
    const struct pgcat_rel *t = &k->rels.v[rel];
    uint32_t fact = ls_catalog_add(k->b, LS_FACT_CONSTRAINT, t->schema, t->name, pgcat_get(r, N_NAME)), oid = pgcat_oid(r, N_OID),
             attnum;
    const char *list = pgcat_get(r, N_KEY);
    char type = pgcat_char(r, N_TYPE);

    pgcat_map(k, PGC_CONSTRAINT, oid, fact);
    for (size_t i = 0; i < LS_ARRAY_LEN(forms); i++)
        if (forms[i].type == type)
            ls_catalog_set(k->b, fact, LS_A_FORM, forms[i].form);
    if (pgcat_is(r, N_DEFERRABLE))
        ls_catalog_set(k->b, fact, LS_A_DEFERRABLE, pgcat_is(r, N_DEFERRED) ? "initially deferred" : "deferrable");
    if (!pgcat_is(r, N_ENFORCED))
        ls_catalog_set(k->b, fact, LS_A_NOT_ENFORCED, "yes");
    else if (!pgcat_is(r, N_VALIDATED))
        ls_catalog_set(k->b, fact, LS_A_NOT_VALID, "yes");
    while (pgcat_next_number(&list, &attnum))
        if (attnum != 0)
            pgcat_add_edge(k, (struct pgcat_edge){PGC_CONSTRAINT, oid, PGC_CLASS, pgcat_oid(r, N_RELID), 0, (int)attnum, true});
    if (type == 'f') {
        take_foreign_key(k, r, rel, fact);
    } else if (type == 'c') {
        take_check(k, r, rel, fact);
    } else {
        const char *name = pgcat_get(r, N_NAME), *operators = pgcat_get(r, N_OPERATORS);

        pgcat_map(k, PGC_KEY, pgcat_oid(r, N_INDEX), (uint32_t)k->keys.n);
        *LS_VEC_PUSH(&k->keys) = (struct pgcat_key){fact,
                                                    oid,
                                                    type,
                                                    pgcat_is(r, N_PERIOD),
                                                    ls_catalog_intern(k->b, name),
                                                    operators == NULL ? NULL : ls_catalog_intern(k->b, operators)};
    }
}

void pgcat_take_constraints(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t rel = pgcat_rel_of(k, pgcat_oid(&r, N_RELID));

        pgcat_keep_reading(k, &r);
        if (rel != UINT32_MAX)
            take_constraint(k, &r, rel);
    }
}

/* relation, column number, words: of PostgreSQL 18's NOT NULL constraints those that are not like the ones of older servers */
void pgcat_take_not_nulls(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        const struct pgcat_col *col = pgcat_col_of(k, pgcat_rel_of(k, pgcat_oid(&r, 0)), pgcat_int(&r, 1));

        if (col != NULL)
            ls_catalog_set(k->b, col->fact, LS_A_NOT_NULL, pgcat_get(&r, 2));
    }
}

/* +name, +domain */
void pgcat_take_domain_check(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    if (pgcat_is_made_name(pgcat_get(r, first), pgcat_get(r, first + 1), "", "check"))
        ls_catalog_set(k->b, fact, LS_A_SYSTEM_NAME, "yes");
}

/* --- indexes --- */

enum {
    I_OID,
    I_RELID,
    I_NAME,
    I_N_KEYS,
    I_UNIQUE,
    I_VALID,
    I_CLUSTERED,
    I_IDENTITY,
    I_NOT_DISTINCT,
    I_KEY,
    I_COLLATIONS,
    I_CLASSES,
    I_OPTIONS_BITS,
    I_EXPRS,
    I_PREDICATE,
    I_STAND_IN,
    I_METHOD,
    I_IS_ORDERED,
    I_OPTIONS,
    I_TABLESPACE,
    I_CLASS_OPTIONS
};

void pgcat_next_expression(const char **exprs, struct ls_buf *out)
{
    struct ls_lex lx;
    int depth = 0;
    size_t end = strlen(*exprs), next = end, start = 0;

    ls_lex_init(&lx, LS_DIALECT_POSTGRES, *exprs, end);
    lx.is_plain = true;
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        depth += t.kind == LS_TOK_OPEN;
        depth -= t.kind == LS_TOK_CLOSE;
        if (depth == 0 && t.kind == LS_TOK_COMMA_DOT && (*exprs)[t.start] == ',') {
            end = t.start;
            next = t.end;
            break;
        }
    }
    while ((*exprs)[start] == ' ')
        start++;
    ls_buf_clear(out);
    ls_buf_add(out, *exprs + start, end - start);
    *exprs += next;
}

/* Whether the text is one call or one bracket: those stand without further brackets. */
static bool stands_alone(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && s[n - 1] == ')';
}

/* The word that the server would take for an expression in a name: the function's, else "expr". */
static void name_of_expression(const char *s, struct ls_buf *made)
{
    size_t n = strcspn(s, "( \".:'");
    char word[64];

    if (n == 0 || n >= sizeof(word) || s[n] != '(') {
        pgcat_join_for_name(made, "expr");
        return;
    }
    memcpy(word, s, n);
    word[n] = '\0';
    pgcat_join_for_name(made, word);
}

struct key_reader {
    uint32_t rel, relid, oid;
    const char *keys, *collations, *classes, *options, *exprs, *operators;
    const char *class_options; /* "1: siglen=32; 3: siglen=8": by place */
    bool is_ordered, is_period;
    struct ls_buf expr;
};

/* The parameters of an operator class at that place, from 1. */
static const char *options_at(const char *list, int place, size_t *n)
{
    for (const char *p = list; p != NULL && *p; p += *n, p += strspn(p, "; ")) {
        char *end;
        long at = strtol(p, &end, 10);

        p = end + strspn(end, ": ");
        *n = strcspn(p, ";");
        if (at == place)
            return p;
    }
    *n = 0;
    return NULL;
}

/* One key column: expression, collation, class, order, operator; each only where it is not the default. */
static void add_key_part(struct pgcat *k, struct key_reader *x, uint32_t attnum, int place, bool is_last, struct ls_buf *out,
                         struct ls_buf *made)
{
    const char *params;
    size_t n_params;
    const struct pgcat_col *col = attnum == 0 ? NULL : pgcat_col_of(k, x->rel, (int)attnum);
    uint32_t collation = 0, class = 0, bits = 0, at;

    (void)pgcat_next_number(&x->collations, &collation);
    (void)pgcat_next_number(&x->classes, &class);
    (void)pgcat_next_number(&x->options, &bits);
    if (attnum != 0) {
        pgcat_ident(out, col == NULL ? "?" : col->name);
        pgcat_join_for_name(made, col == NULL ? "?" : col->name);
    } else if (x->exprs != NULL) {
        pgcat_next_expression(&x->exprs, &x->expr);
        ls_buf_addf(out, stands_alone(x->expr.ptr) ? "%s" : "(%s)", x->expr.ptr);
        name_of_expression(x->expr.ptr, made);
    }
    at = pgcat_find(k, PGC_COLLATION_NAME, collation);
    if (at != UINT32_MAX && collation != (col == NULL ? PGCAT_DEFAULT_COLLATION : col->collation))
        ls_buf_addf(out, " collate %s", k->collations.v[at]);
    at = pgcat_find(k, PGC_OPCLASS_INFO, class);
    params = options_at(x->class_options, place, &n_params);
    if (at != UINT32_MAX && (n_params > 0 || !goes_without_saying(k, &k->opclasses.v[at], col == NULL ? 0 : col->type)))
        ls_buf_addf(out, " %s", k->opclasses.v[at].name);
    if (n_params > 0)
        ls_buf_addf(out, " (%.*s)", (int)n_params, params);
    if (x->is_ordered && (bits & 1))
        ls_buf_adds(out, bits & 2 ? " desc" : " desc nulls last");
    else if (x->is_ordered && (bits & 2))
        ls_buf_adds(out, " nulls first");
    if (x->operators != NULL) {
        size_t n = strcspn(x->operators, ",");

        ls_buf_addf(out, " with %.*s", (int)n, x->operators);
        x->operators += n + (x->operators[n] == ',');
    }
    if (x->is_period && is_last)
        ls_buf_adds(out, " without overlaps");
}

/* KEY and INCLUDE; the names for a made name are left in k->more. */
static void set_keys(struct pgcat *k, const struct pgcat_row *r, struct key_reader *x, uint32_t fact)
{
    int n_keys = pgcat_int(r, I_N_KEYS);
    struct ls_buf include = LS_BUF_INIT;
    uint32_t attnum;

    ls_buf_clear(&k->text);
    ls_buf_clear(&k->more);
    for (int i = 0; pgcat_next_number(&x->keys, &attnum); i++) {
        const struct pgcat_col *col;

        if (attnum != 0)
            pgcat_add_edge(k, (struct pgcat_edge){PGC_CLASS, x->oid, PGC_CLASS, x->relid, 0, (int)attnum, true});
        if (i < n_keys) {
            ls_buf_adds(&k->text, i > 0 ? ", " : "");
            add_key_part(k, x, attnum, i + 1, i == n_keys - 1, &k->text, &k->more);
            continue;
        }
        col = pgcat_col_of(k, x->rel, (int)attnum);
        ls_buf_adds(&include, include.len > 0 ? ", " : "");
        pgcat_ident(&include, col == NULL ? "?" : col->name);
        pgcat_join_for_name(&k->more, col == NULL ? "?" : col->name);
    }
    pgcat_set(k, fact, LS_A_KEY, k->text.ptr);
    ls_catalog_set(k->b, fact, LS_A_INCLUDE, include.ptr);
    ls_buf_release(&include);
}

/* A key that is 0 is an expression. */
static bool lacks_expressions(const struct pgcat_row *r)
{
    const char *list = pgcat_get(r, I_KEY);
    uint32_t attnum;

    while (pgcat_get(r, I_EXPRS) == NULL && pgcat_next_number(&list, &attnum))
        if (attnum == 0)
            return true;
    return false;
}

static void take_index(struct pgcat *k, const struct pgcat_row *r, uint32_t rel)
{
    const struct pgcat_rel *t = &k->rels.v[rel];
    uint32_t oid = pgcat_oid(r, I_OID), at = pgcat_find(k, PGC_KEY, oid), fact;
    const struct pgcat_key *key = at == UINT32_MAX ? NULL : &k->keys.v[at];
    const char *name = pgcat_get(r, I_NAME), *label;
    struct key_reader x = {.rel = rel,
                           .relid = pgcat_oid(r, I_RELID),
                           .oid = oid,
                           .keys = pgcat_get(r, I_KEY),
                           .collations = pgcat_get(r, I_COLLATIONS),
                           .classes = pgcat_get(r, I_CLASSES),
                           .options = pgcat_get(r, I_OPTIONS_BITS),
                           .exprs = pgcat_expression(k, rel, pgcat_oid(r, I_STAND_IN), pgcat_get(r, I_EXPRS)),
                           .class_options = pgcat_get(r, I_CLASS_OPTIONS),
                           .operators = key == NULL ? NULL : key->operators,
                           .is_ordered = pgcat_is(r, I_IS_ORDERED),
                           .is_period = key != NULL && key->is_period,
                           .expr = LS_BUF_INIT};

    fact = key != NULL ? key->fact : ls_catalog_add(k->b, LS_FACT_INDEX, t->schema, t->name, name);
    pgcat_map(k, PGC_CLASS, oid, fact);
    k->is_torn = k->is_torn || lacks_expressions(r);
    set_keys(k, r, &x, fact);
    label = key == NULL ? "idx" : key->type == 'p' ? "pkey" : key->type == 'u' ? "key" : "excl";
    if (pgcat_is_made_name(name, t->name, key != NULL && key->type == 'p' ? "" : k->more.ptr, label))
        ls_catalog_set(k->b, fact, LS_A_SYSTEM_NAME, "yes");
    if (key == NULL || key->type == 'x') {
        ls_catalog_set(k->b, fact, LS_A_METHOD, pgcat_get(r, I_METHOD));
        pgcat_set(k, fact, LS_A_PREDICATE, pgcat_expression(k, rel, pgcat_oid(r, I_STAND_IN), pgcat_get(r, I_PREDICATE)));
    }
    if (key == NULL && pgcat_is(r, I_UNIQUE))
        ls_catalog_set(k->b, fact, LS_A_UNIQUE, "yes");
    if (pgcat_is(r, I_NOT_DISTINCT))
        ls_catalog_set(k->b, fact, LS_A_NULLS_NOT_DISTINCT, "yes");
    if (!pgcat_is(r, I_VALID))
        ls_catalog_set(k->b, fact, LS_A_NOT_VALID, "yes");
    if (pgcat_is(r, I_CLUSTERED))
        ls_catalog_set(k->b, fact, LS_A_CLUSTERED, "yes");
    ls_catalog_set(k->b, fact, LS_A_OPTIONS, pgcat_get(r, I_OPTIONS));
    ls_catalog_set(k->b, fact, LS_A_TABLESPACE, pgcat_get(r, I_TABLESPACE));
    if (pgcat_is(r, I_IDENTITY)) {
        ls_buf_clear(&k->text);
        ls_buf_adds(&k->text, "using index ");
        pgcat_ident(&k->text, name);
        ls_catalog_set(k->b, t->fact, LS_A_REPLICA_IDENTITY, k->text.ptr);
    }
    ls_buf_release(&x.expr);
}

void pgcat_take_indexes(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t rel = pgcat_rel_of(k, pgcat_oid(&r, I_RELID));

        pgcat_keep_reading(k, &r);
        if (rel != UINT32_MAX)
            take_index(k, &r, rel);
    }
}

/* index, statistics targets as "1: 500; 2: 100" */
void pgcat_take_index_targets(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        ls_catalog_set(k->b, pgcat_find(k, PGC_CLASS, pgcat_oid(&r, 0)), LS_A_STATISTICS_TARGET, pgcat_get(&r, 1));
}
